/** The command line of a bench: its options, and what it says where somebody asks for help or mistypes one. */
import { parseArgs, type ParseArgsConfig } from 'node:util'

type Options = NonNullable<ParseArgsConfig['options']>
type Values<Known extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: Known }>>['values']

/** Reads `args` by `options`. `--help` prints `usage` and ends the process with 0; an option that is none says so and ends it with 2. */
export function readOptions<const Known extends Options>(usage: string, options: Known, args: readonly string[] = process.argv.slice(2)): Values<Known> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(`${usage.trim()}\n`)
    process.exit(0)
  }
  try {
    return parseArgs<{ args: string[]; options: Known }>({ args: [...args], options }).values
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split('.')[0]}\n\n${usage.trim()}\n`)
    process.exit(2)
  }
}

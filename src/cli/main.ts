/**
 * Where `bin/waggle` enters: parses the command line, runs one command, gives its exit code.
 * What the commands are stands in program.ts; each command's work is loaded only when it is called.
 */
import { CommanderError, type Command } from 'commander'
import { EXIT, processIo, type ExitCode, type Io } from './io.ts'
import { makeProgram, type Outcome } from './program.ts'

/** Runs the command that `args` (without node and script) call for and gives its exit code. */
export async function runCommand(args: readonly string[], io: Io): Promise<ExitCode> {
  const outcome: Outcome = { code: EXIT.done }
  const program = makeProgram(io, outcome)
  try {
    await program.parseAsync([...args], { from: 'user' })
    return outcome.code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return EXIT.done
    if (error.code === 'commander.unknownCommand') io.err(unknownCommand(error.message, program, args[0]))
    else if (error.code !== 'commander.help') io.err(`${error.message.replace(/^error: /, 'waggle: ')}\n`)
    return EXIT.usage
  }
}

/** The message with the commands there are, those of the group that was named if it was. */
function unknownCommand(message: string, program: Command, first: string | undefined): string {
  const group = program.commands.find((command) => command.name() === first)
  const prefix = group === undefined ? '' : `${group.name()} `
  const names = (group ?? program).commands.map((command) => prefix + command.name())
  return `${message.replace(/^error: /, 'waggle: ')}\nCommands: ${names.join(', ')}. \`waggle help COMMAND\` tells more.\n`
}

/** The entry of the launcher. Our own bug ends the process with its trace and code 1. */
export async function main(): Promise<void> {
  process.exitCode = await runCommand(process.argv.slice(2), processIo())
}

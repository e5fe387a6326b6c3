/**
 * `waggle cache …`: looking into the cache of a running server, and having it forget.
 */
import { Name } from '../dns/name.ts'
import type { CacheLevels } from '../ops/cache-desk.ts'
import { reasonOf } from '../ops/reason.ts'
import { askServer, columns, type ServerOptions } from './control.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** Prints how full the cache is. */
export async function cacheStatsCommand(options: ServerOptions & { json?: boolean }, io: Io): Promise<ExitCode> {
  const answer = await askServer(options, { command: 'cache stats' }, io)
  if (typeof answer === 'number') return answer
  const levels = answer.levels as CacheLevels
  if (options.json === true) io.out(`${JSON.stringify(levels)}\n`)
  else io.out(columns(Object.entries(levels).map(([name, value]) => [name, String(value)]), 1))
  return EXIT.done
}

/** Prints what the cache holds. */
export async function cacheDumpCommand(options: ServerOptions, io: Io): Promise<ExitCode> {
  const answer = await askServer(options, { command: 'cache dump' }, io, (text) => io.out(text))
  return typeof answer === 'number' ? answer : EXIT.done
}

/** What is to be forgotten of a name. */
export interface FlushOptions extends ServerOptions {
  type?: string
  subtree?: boolean
}

/** Has the cache forget a name, a type of it, or all below it; prints how many entries that were. */
export async function cacheFlushCommand(name: string, { type, subtree, ...options }: FlushOptions, io: Io): Promise<ExitCode> {
  try {
    Name.parse(name)
  } catch (error) {
    io.err(`waggle: ${reasonOf(error)}\n`)
    return EXIT.usage
  }
  const answer = await askServer(options, { command: 'cache flush', name, ...(type === undefined ? {} : { type: type.toUpperCase() }), subtree: subtree === true }, io)
  if (typeof answer === 'number') return answer
  io.out(`${String(answer.name)} ${Number(answer.entries)} entries forgotten\n`)
  return EXIT.done
}

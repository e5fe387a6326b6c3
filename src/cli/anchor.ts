/**
 * `waggle anchor …`: the trust anchors of a running server, as they follow their zones' roll-overs.
 */
import type { AnchorLine } from '../ops/anchor-keeper.ts'
import { askServer, columns, type ServerOptions } from './control.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** Prints what has become of each key. */
export async function anchorListCommand(options: ServerOptions & { json?: boolean }, io: Io): Promise<ExitCode> {
  const answer = await askServer(options, { command: 'anchor list' }, io)
  if (typeof answer === 'number') return answer
  const lines = answer.anchors as AnchorLine[]
  if (options.json === true) io.out(lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  else io.out(columns(lines.map(({ zone, key, algorithm, state, until, next }) => [zone, `key ${key}`, `algorithm ${algorithm}`, until === undefined ? state : `${state} until ${until}`, `next query ${next}`])))
  return EXIT.done
}

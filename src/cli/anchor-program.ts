/**
 * The commands about trust anchors, their options and their help.
 */
import type { Command } from 'commander'
import type { ServerOptions } from './control.ts'
import type { Io } from './io.ts'
import { examples, withServer, type Run } from './program-parts.ts'

/** Adds `waggle anchor …`. */
export function addAnchor(program: Command, io: Io, run: Run): void {
  const anchor = program.command('anchor').description('Look at the trust anchors of a running server.')
  withServer(anchor.command('list'))
    .description('Tell what has become of each key (RFC 5011).')
    .option('--json', 'print one JSON object for each key')
    .addHelpText('after', examples('waggle anchor list -c waggle.yaml'))
    .action(run(async (options: ServerOptions & { json?: boolean }) => (await import('./anchor.ts')).anchorListCommand(options, io)))
}

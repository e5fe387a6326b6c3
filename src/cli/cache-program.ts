/**
 * The commands about the cache, their options and their help.
 */
import { type Command, Option } from 'commander'
import type { FlushOptions } from './cache.ts'
import type { ServerOptions } from './control.ts'
import type { Io } from './io.ts'
import { examples, withServer, type Run } from './program-parts.ts'

/** Adds `waggle cache …`. */
export function addCache(program: Command, io: Io, run: Run): void {
  const cache = program.command('cache').description('Look into the cache of a running server, and have it forget.')
  withServer(cache.command('stats'))
    .description('Tell how full the cache is.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples('waggle cache stats -c waggle.yaml'))
    .action(run(async (options: ServerOptions & { json?: boolean }) => (await import('./cache.ts')).cacheStatsCommand(options, io)))
  withServer(cache.command('dump'))
    .description('Print what the cache holds, in master-file form under comments.')
    .addHelpText('after', examples('waggle cache dump -c waggle.yaml | less'))
    .action(run(async (options: ServerOptions) => (await import('./cache.ts')).cacheDumpCommand(options, io)))
  withServer(cache.command('flush'))
    .description('Forget a name: all types of it, one, or all below it too.')
    .argument('<name>', 'the name')
    .option('-t, --type <type>', 'this type alone, and that the name does not exist')
    .addOption(new Option('--subtree', 'the name and all below it').conflicts('type'))
    .addHelpText('after', examples('waggle cache flush www.example.com. -c waggle.yaml', 'waggle cache flush example.com. --subtree -c waggle.yaml', 'waggle cache flush example.com. --type MX -c waggle.yaml'))
    .action(run(async (name: string, options: FlushOptions) => (await import('./cache.ts')).cacheFlushCommand(name, options, io)))
}

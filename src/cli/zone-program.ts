/**
 * The commands about zones, their options and their help.
 */
import { type Command, Option } from 'commander'
import type { ServerOptions } from './control.ts'
import type { Io } from './io.ts'
import { examples, withServer, type Run } from './program-parts.ts'
import type { DumpOptions, ZoneOptions } from './zone.ts'

/** Adds `waggle zone …`. */
export function addZone(program: Command, io: Io, run: Run): void {
  const zone = program.command('zone').description('Look at and change the zones of a running server.')
  addList(zone, io, run)
  addStatus(zone, io, run)
  addReload(zone, io, run)
  addDump(zone, io, run)
  addDiff(zone, io, run)
  addFreeze(zone, io, run)
}

function addList(zone: Command, io: Io, run: Run): void {
  withServer(zone.command('list'))
    .description('List the zones in service.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples('waggle zone list -c zones/waggle.yaml'))
    .action(run(async (options: ServerOptions & { json?: boolean }) => (await import('./zone.ts')).zoneListCommand(options, io)))
}

function addStatus(zone: Command, io: Io, run: Run): void {
  withZone(zone.command('status'))
    .description('Tell how a zone stands: what is served, what its file has, whether updates change it.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples('waggle zone status example.com. -c zones/waggle.yaml'))
    .action(run(async (name: string, options: ZoneOptions & { json?: boolean }) => (await import('./zone.ts')).zoneStatusCommand(name, options, io)))
}

function addReload(zone: Command, io: Io, run: Run): void {
  withServer(zone.command('reload'))
    .description('Read zone files again: the named zone, or the config and all its zones.')
    .argument('[name]', 'name of the zone')
    .addHelpText('after', examples('waggle zone reload -c zones/waggle.yaml', 'waggle zone reload example.com. -c zones/waggle.yaml'))
    .action(run(async (name: string | undefined, options: ServerOptions) => (await import('./zone.ts')).zoneReloadCommand(name, options, io)))
}

function addDump(zone: Command, io: Io, run: Run): void {
  withZone(zone.command('dump'))
    .description('Print a zone as it is served, in master-file form.')
    .addOption(new Option('-o, --output <file>', 'write to a file, which appears only when it is whole').conflicts('write'))
    .option('--write [file]', 'have the server write it over the zone\'s own file, or into another')
    .option('--leases', 'with --write into another file: what stands by a lease too')
    .addHelpText('after', `
With --write the zone's own file comes to say what is served, and no update lies over it any more; zone diff
tells beforehand what will change in it. Comments and directives of the file are lost. It is replaced as a
whole, with its mode and owner, and left alone where it says already what is served. What stands by a lease
is left out. A file that was edited since it was read is not written over: reload the zone first.
${examples(
      'waggle zone dump example.com. -c zones/waggle.yaml -o example.com.zone',
      'waggle zone dump example.com. -c zones/waggle.yaml --write',
      'waggle zone dump example.com. -c zones/waggle.yaml --write /var/backups/example.com.zone --leases',
    )}`)
    .action(run(async (name: string, options: DumpOptions) => (await import('./zone.ts')).zoneDumpCommand(name, options, io)))
}

function addDiff(zone: Command, io: Io, run: Run): void {
  withZone(zone.command('diff'))
    .description('Print what updates have made of a zone: - what its file has and is not served, + what is served and its file does not have.')
    .option('--json', 'print one JSON object')
    .addHelpText('after', `
Lines are in master-file form. What stands by a lease is left out. The file is not read: it counts as it was
when it was read last. Done (0) whether there are differences or not.
${examples('waggle zone diff example.com. -c zones/waggle.yaml')}`)
    .action(run(async (name: string, options: ZoneOptions & { json?: boolean }) => (await import('./zone.ts')).zoneDiffCommand(name, options, io)))
}

function addFreeze(zone: Command, io: Io, run: Run): void {
  withZone(zone.command('freeze'))
    .description('Refuse updates of a zone until it is thawed, so that its file can be edited in peace.')
    .addHelpText('after', `
Queries are answered as before, and leases go on to end. No start remembers the freeze: a server
that starts again takes updates.
${examples('waggle zone freeze example.com. -c zones/waggle.yaml')}`)
    .action(run(async (name: string, options: ZoneOptions) => (await import('./zone.ts')).zoneFreezeCommand(name, options, io)))
  withZone(zone.command('thaw'))
    .description('Read the file of a frozen zone again, lay over it what updates have made of the zone, and take updates.')
    .addHelpText('after', `
A file with errors fails the command: its findings are told, the zone stays frozen and served as it was.
${examples('waggle zone thaw example.com. -c zones/waggle.yaml')}`)
    .action(run(async (name: string, options: ZoneOptions) => (await import('./zone.ts')).zoneThawCommand(name, options, io)))
}

/** Adds what names a zone of a running server. */
function withZone(command: Command): Command {
  return withServer(command).argument('<name>', 'name of the zone').option('--class <class>', 'class of the zone: IN or LOCAL (default: IN, or that which it is served in)')
}

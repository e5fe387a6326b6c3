/**
 * The commands, their options and their help: one table of what can be called. Actions import their work
 * when they run, so that `waggle --help` and `waggle demand` start fast.
 */
import { readFileSync } from 'node:fs'
import { Command, Option } from 'commander'
import { addAgents, addKeygen, addRegistry } from './agent-program.ts'
import type { CheckOptions } from './check.ts'
import type { ServerOptions } from './control.ts'
import type { ExitCode, Io } from './io.ts'
import { examples, wholeNumber, withServer, type Run } from './program-parts.ts'
import type { QueryOptions } from './query.ts'
import type { WatchCommandOptions } from './watch.ts'
import { addAnchor } from './anchor-program.ts'
import { addCache } from './cache-program.ts'
import { addZone } from './zone-program.ts'

/** Where a command leaves its exit code. */
export interface Outcome {
  code: ExitCode
}

/** A tree of commands that write to `io` and leave their code in `outcome`; parsing it throws CommanderError on wrong use. */
export function makeProgram(io: Io, outcome: Outcome): Command {
  const program = new Command('waggle')
  program
    .description('An authoritative DNS server that finds AI agents by capability.')
    .version(readVersion(), '-V, --version', 'print the version')
    .helpCommand('help [command]', 'tell more of a command')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text), outputError: () => undefined })
    .addHelpText('after', EXIT_HELP)
  const run = <Args extends unknown[]>(work: (...args: Args) => Promise<ExitCode>) => async (...args: Args) => {
    outcome.code = await work(...args)
  }
  addServe(program, io, run)
  addCheck(program, io, run)
  addQuery(program, io, run)
  addWatch(program, io, run)
  addDemand(program, io, run)
  addStats(program, io, run)
  addZone(program, io, run)
  addCache(program, io, run)
  addAnchor(program, io, run)
  addAgents(program, io, run)
  addRegistry(program, io, run)
  addKeygen(program, io, run)
  return program
}

const EXIT_HELP = `
Exit codes:
  0  done
  1  refused or failed; the reason is on standard error
  2  called wrongly
`

/** The version that package.json states. */
export function readVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

function addServe(program: Command, io: Io, run: Run): void {
  program
    .command('serve')
    .description('Answer queries until told to stop.')
    .requiredOption('-c, --config <file>', 'config file')
    .addHelpText('after', `
The log is JSON lines on standard output; one with "msg":"ready" says that every socket
is bound and every zone served. An error in a zone file at the start stops the server.

Signals:
  SIGHUP           read config and zones again; a bad file leaves the old zone in service
  SIGTERM, SIGINT  finish what is in flight and end; a second one ends at once
${examples('waggle serve -c zones/waggle.yaml')}`)
    .action(run(async ({ config }: { config: string }) => (await import('./serve.ts')).serveCommand(config, io)))
}

function addCheck(program: Command, io: Io, run: Run): void {
  program
    .command('check')
    .description('Check config and zone files without serving them.')
    .argument('<file...>', 'config files (.yaml, .yml; their zones are checked too) and zone files')
    .option('--origin <name>', 'name of the zone; by default that of the file without .zone')
    .option('--class <class>', 'class of the zone: IN or LOCAL (default: that of its SOA)')
    .option('--strict', 'let warnings fail as errors do')
    .option('-q, --quiet', 'print findings only')
    .addHelpText('after', `
Each finding is a line file:line:column: message on standard output.
${examples('waggle check zones/waggle.yaml', 'waggle check acme.example.zone', 'waggle check --origin example.com. new-zone.txt')}`)
    .action(run(async (files: string[], options: CheckOptions) => (await import('./check.ts')).checkCommand(files, options, io)))
}

function addQuery(program: Command, io: Io, run: Run): void {
  withServer(program.command('query'))
    .description('Ask a server and print its answer.')
    .argument('<name>', 'domain name, as in zone files, or the URL of a capability')
    .argument('[type]', 'record type: a mnemonic or TYPE65440 (default: A, and AGENT at a URL)')
    .option('-s, --server <address[:port]>', 'who is asked; without a port, 53', process.env.WAGGLE_SERVER)
    .option('-k, --key <file>', 'key file that signs: of TSIG, or either of the two for SIG(0)')
    .option('--class <class>', 'IN, LOCAL, CH or CLASS65440', 'IN')
    .option('--tcp', 'ask over TCP')
    .option('--dnssec', 'ask for signatures (DO bit)')
    .option('--no-edns', 'ask without EDNS')
    .option('--recurse', 'set the RD bit')
    .option('--ag', 'say that an agent asks (AG bit)')
    .option('--demand <text>', 'what the asker needs, as key=value …')
    .addOption(new Option('--and <name...>', 'more names, asked for in the same message (opcode 14)').conflicts('explain'))
    .addOption(new Option('--explain', 'tell of every candidate why it is answered or not (with -c or -d; nothing is sent)').conflicts(['short', 'tcp', 'recurse', 'dnssec', 'key']))
    .option('--ignore-truncation', 'do not turn to TCP when the answer was cut short')
    .option('--timeout <ms>', 'milliseconds to wait for each try', wholeNumber(1, 600_000), 2_000)
    .option('--tries <count>', 'how often to send over UDP', wholeNumber(1, 20), 3)
    .addOption(new Option('--short', 'print the RDATA of the answers only').conflicts('json'))
    .option('--json', 'print one JSON object')
    .addHelpText('after', `
Done (0) means that an answer came, whatever its RCODE; failed (1) that none did, or
none that --key proves.
WAGGLE_SERVER in the environment stands for --server. A running server explains its
choices to its operator alone, by its control socket.
${examples(
      'waggle query example.com --server 127.0.0.1:5300',
      'waggle query example.com MX --server 127.0.0.1:5300 --short',
      "waggle query v2.translate.text.nlp._cap.acme.example AGENT --server 127.0.0.1:5300 --demand 'latency=200ms'",
      "waggle query agent://acme.example/nlp/text/translate/v2 --server 127.0.0.1:5300 --demand 'latency=200ms'",
      'waggle query v1.ocr.vision._cap.acme.example AGENT --and v2.translate.text.nlp._cap.acme.example --server 127.0.0.1:5300 --short',
      "waggle query translate.text.nlp._cap.acme.example --demand 'latency=200ms' --explain -c zones/waggle.yaml",
      'waggle query v1.print.device._cap.floor3.example AGENT --class LOCAL --server 127.0.0.1:5300',
    )}`)
    .action(run(async (name: string, type: string | undefined, options: QueryOptions) => (await import('./query.ts')).queryCommand(name, type, options, io)))
}

function addWatch(program: Command, io: Io, run: Run): void {
  program
    .command('watch')
    .description('Print who comes, who goes and who changes at a capability, as the server pushes it (RFC 8765).')
    .argument('<name>', 'name of a capability, or its URL; or any other domain name')
    .argument('[type]', 'record type: AGENT, SENSE, TASK, or any other', 'AGENT')
    .option('-s, --server <address[:port]>', 'who is asked; without a port, 53', process.env.WAGGLE_SERVER)
    .option('--class <class>', 'IN, LOCAL, CH or CLASS65440', 'IN')
    .option('--json', 'print one JSON object per line')
    .option('--for <seconds>', 'end after so long (default: never)', wholeNumber(1, 2_147_483))
    .addHelpText('after', `
One line for each change: + has come, - has gone, ~ has another TTL or another reading.
What stands there at first has come. Standard error tells when the connection stands, and
when it is lost; then it is tried again.
WAGGLE_SERVER in the environment stands for --server.

Signals:
  SIGTERM, SIGINT  end, with 0
${examples(
      'waggle watch translate.text.nlp._cap.acme.example --server 127.0.0.1:5300',
      'waggle watch agent://acme.example/nlp/text/translate/v2 SENSE --server 127.0.0.1:5300 --json',
    )}`)
    .action(run(async (name: string, type: string, options: WatchCommandOptions) => (await import('./watch.ts')).watchCommand(name, type, options, io)))
}

function addDemand(program: Command, io: Io, run: Run): void {
  program
    .command('demand')
    .description('Print a demand as the hexadecimal octets of EDNS option 65440.')
    .argument('<text...>', 'what the asker needs, as key=value …')
    .addHelpText('after', examples("waggle demand 'latency=200ms accuracy=0.9'", 'dig +ednsopt=65440:$(waggle demand count=3) TYPE65440 v2.translate.text.nlp._cap.acme.example'))
    .action(run(async (words: string[]) => (await import('./demand.ts')).demandCommand(words.join(' '), io)))
}

function addStats(program: Command, io: Io, run: Run): void {
  withServer(program.command('stats'))
    .description('Print what a running server has counted.')
    .option('--all', 'print zeros too')
    .option('--json', 'print one JSON object, zeros included')
    .addHelpText('after', examples('waggle stats -c zones/waggle.yaml', 'waggle stats -d zones/data --json'))
    .action(run(async (options: ServerOptions & { json?: boolean; all?: boolean }) => (await import('./control.ts')).statsCommand(options, io)))
}

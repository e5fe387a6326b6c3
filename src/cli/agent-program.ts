/**
 * The commands of agents: register, renew, withdraw, and keygen, as a part of the table in program.ts.
 */
import { Option, type Command } from 'commander'
import type { AgentFlags } from './agent-plan.ts'
import type { Io } from './io.ts'
import type { KeygenOptions } from './keygen.ts'
import type { ServerOptions } from './control.ts'
import { collect, examples, wholeNumber, withServer, type Run } from './program-parts.ts'

const SECONDS = wholeNumber(1, 0x7fff_ffff)

/** The options by which the three commands are told of an agent. */
function withAgent(command: Command): Command {
  return command
    .option('-s, --server <address[:port]>', 'who is asked; without a port, 53')
    .option('-k, --key <file>', 'key file that signs: of TSIG, or either of the two for SIG(0)')
    .option('-f, --file <file>', 'agent file (YAML), which says what the other options say')
    .option('--card <file>', 'A2A agent card (JSON): its name and skills')
    .option('--provider <zone>', 'zone of the provider, or operator')
    .addOption(new Option('--kind <kind>', 'a provider\'s agent or a person\'s (default: service)').choices(['service', 'user']))
    .option('--id <label>', 'label of the identifier; by default made from the key, or the name on the card')
    .option('--address <address>', 'address of the agent; may be said again', collect)
    .option('--text <text>', 'text at its identifier; may be said again', collect)
    .option('--capability <capability>', 'what it offers: a name, and its parameters behind it; may be said again', collect)
    .addOption(new Option('--class <class>', 'LOCAL for the local area only (default: IN)').choices(['IN', 'LOCAL']))
    .option('--ttl <seconds>', 'how long answers may be remembered (default: 60)', wholeNumber(0, 0x7fff_ffff))
    .option('--lease <seconds>', 'lease that is asked for (default: 7200)', SECONDS)
    .option('--key-lease <seconds>', 'how long the identifier stays reserved (default: 1209600)', SECONDS)
    .option('--tcp', 'ask over TCP from the start')
    .option('--timeout <ms>', 'milliseconds to wait for each try', wholeNumber(1, 600_000), 2_000)
    .option('--tries <count>', 'how often to send over UDP', wholeNumber(1, 20), 3)
}

const AGENT_HELP = `
Options win over the agent file, the file over the card. WAGGLE_SERVER in the environment
stands for --server. Docs: docs/cli.md lists the keys of the file.`

/** Adds `waggle agent …`. */
export function addRegistry(program: Command, io: Io, run: Run): void {
  const agent = program.command('agent').description('Look at the agents that a running server has registered.')
  withServer(agent.command('list'))
    .description('List the agents of a zone, or of all zones.')
    .argument('[zone]', 'name of the zone')
    .option('--json', 'print one JSON object per line')
    .addHelpText('after', examples('waggle agent list -c zones/waggle.yaml', 'waggle agent list acme.example -c zones/waggle.yaml --json'))
    .action(run(async (zone: string | undefined, options: ServerOptions & { json?: boolean }) => (await import('./agent.ts')).agentListCommand(zone, options, io)))
  withServer(agent.command('show'))
    .description('Show all that is held of one agent, its private fields included.')
    .argument('<name>', 'identifier of the agent, or name of a host that registered by SRP')
    .option('--json', 'print one JSON object')
    .addHelpText('after', examples('waggle agent show babel._sa.acme.example -c zones/waggle.yaml'))
    .action(run(async (name: string, options: ServerOptions & { json?: boolean }) => (await import('./agent.ts')).agentShowCommand(name, options, io)))
}

/** Adds register, renew and withdraw. */
export function addAgents(program: Command, io: Io, run: Run): void {
  withAgent(program.command('register'))
    .description('Register an agent once, and print what the server grants.')
    .option('--dry-run', 'print the records that would be sent, and send nothing')
    .option('--json', 'print one JSON object')
    .addHelpText('after', `${AGENT_HELP}
${examples(
      'waggle register -f agent.yaml',
      "waggle register -s 127.0.0.1:5300 -k agents.tsig --provider acme.example --id babel --address 192.0.2.10 --capability 'v2.translate.text.nlp latency=180ms'",
      'waggle register -s 127.0.0.1:5300 -k Kbabel.acme.example.+013+56382 --provider acme.example --card agent-card.json',
    )}`)
    .action(run(async (flags: AgentFlags & { dryRun?: boolean; json?: boolean }) => (await import('./register.ts')).registerCommand(flags, io)))
  withAgent(program.command('renew'))
    .description('Keep an agent registered: register, and renew at 80 % of the lease, until told to stop.')
    .option('--withdraw-at-end', 'withdraw the agent when a signal ends the command')
    .option('--soon', 'do not wait up to 3 s at random before the first message')
    .addHelpText('after', `${AGENT_HELP}

Standard output has one JSON object per line: event is registered, renewed, failed (it is
tried again), refused (it is not, and the command fails) or withdrawn.

Signals:
  SIGTERM, SIGINT  end, with 0 unless a withdrawal failed; a second one ends at once
${examples('waggle renew -f agent.yaml --withdraw-at-end')}`)
    .action(run(async (flags: AgentFlags & { withdrawAtEnd?: boolean; soon?: boolean }) => (await import('./renew.ts')).renewCommand(flags, io)))
  withAgent(program.command('withdraw'))
    .description('Take an agent out of every answer.')
    .option('--keep-name', 'keep its identifier reserved for its key')
    .addHelpText('after', `${AGENT_HELP}
${examples('waggle withdraw -f agent.yaml')}`)
    .action(run(async (flags: AgentFlags & { keepName?: boolean }) => (await import('./register.ts')).withdrawCommand(flags, io)))
}

/** Adds keygen with its kinds. */
export function addKeygen(program: Command, io: Io, run: Run): void {
  const keygen = program.command('keygen').description('Make keys.')
  keygen
    .command('tsig')
    .description('Make a secret for TSIG: for the config, and for who signs with it.')
    .argument('<name>', 'name of the key, the same on both sides')
    .option('-a, --algorithm <algorithm>', 'hmac-sha256, hmac-sha384, hmac-sha512 …', 'hmac-sha256')
    .option('-o, --output <directory>', 'write NAME.tsig and NAME.knot there, for their owner only')
    .addHelpText('after', `
Without -o all of it goes to standard output, which is a key file as it stands.
${examples('waggle keygen tsig agents-key -o keys', 'waggle keygen tsig agents-key > agents.tsig')}`)
    .action(run(async (name: string, options: KeygenOptions) => (await import('./keygen.ts')).keygenTsigCommand(name, options, io)))
  keygen
    .command('sig0')
    .description('Make a key pair for SIG(0): an agent that signs with it needs no shared secret.')
    .argument('<name>', 'name of the key, at which its KEY will stand; with --agent a provider')
    .option('-a, --algorithm <algorithm>', 'ECDSAP256SHA256, ECDSAP384SHA384, ED25519, ED448, RSASHA256, RSASHA512', 'ECDSAP256SHA256')
    .option('-o, --output <directory>', 'write the two files there', '.')
    .option('--agent', 'name the key for the agent of the provider whose identifier the key makes')
    .addHelpText('after', `
Prints the name of the files without .key and .private, as dnssec-keygen does.
${examples('waggle keygen sig0 babel._sa.acme.example -o keys', 'waggle keygen sig0 --agent acme.example')}`)
    .action(run(async (name: string, options: KeygenOptions) => (await import('./keygen.ts')).keygenSig0Command(name, options, io)))
  keygen
    .command('dnssec')
    .description('Make a key pair that signs a zone, for the tools that sign it.')
    .argument('<name>', 'name of the zone')
    .option('-a, --algorithm <algorithm>', 'as for sig0', 'ECDSAP256SHA256')
    .option('-o, --output <directory>', 'write the two files there', '.')
    .option('--ksk', 'a key that signs keys (257 instead of 256)')
    .addHelpText('after', examples('waggle keygen dnssec acme.example --ksk -o keys'))
    .action(run(async (name: string, options: KeygenOptions) => (await import('./keygen.ts')).keygenDnssecCommand(name, options, io)))
}

/**
 * What `register`, `renew` and `withdraw` were told, put together: flags win over the agent file, the file over the
 * card. Faults of a file are told at their place in it, those of flags by the flag.
 */
import { dirname, isAbsolute, join } from 'node:path'
import type { z } from 'zod'
import { CardFault, readAgentCard, type CardReading } from '../client/agent-card.ts'
import type { ChangeOptions, ChangeSigner } from '../client/change.ts'
import { settleIdentity, type Identity } from '../client/identity.ts'
import { agentName, registrationRecords, type OfferedCapability } from '../client/registration.ts'
import { serverOf } from '../client/server-address.ts'
import { signerFromFile } from '../client/signers.ts'
import type { UpdateLease } from '../dns/edns.ts'
import { TextFault } from '../dns/faults.ts'
import { CLIENT_KEY_LEASE_SECONDS, CLIENT_LEASE_SECONDS, MAX_AGENT_FILE_OCTETS } from '../dns/limits.ts'
import type { DnsRecord } from '../dns/message.ts'
import { inOrder, printFinding } from '../ops/finding.ts'
import { notesOf, schemaAt } from '../ops/schema-notes.ts'
import { printValue, readText, valueAt, YamlText } from '../ops/yaml-text.ts'
import { printEndpoint, type Endpoint } from '../transport/address.ts'
import { agentSchema, type AgentValues } from './agent-schema.ts'
import { EXIT, type ExitCode, type Io } from './io.ts'

/** The options that the three commands share, as commander gives them. */
export interface AgentFlags {
  server?: string
  key?: string
  file?: string
  card?: string
  provider?: string
  kind?: 'service' | 'user'
  id?: string
  address?: string[]
  text?: string[]
  capability?: string[]
  class?: 'IN' | 'LOCAL'
  ttl?: number
  lease?: number
  keyLease?: number
  tcp?: boolean
  timeout: number
  tries: number
}

/** What is to be done, with nothing left to check. */
export interface AgentPlan extends Identity {
  /** The agent's identifier. */
  agent: string
  server: Endpoint
  lease: Required<UpdateLease>
  records: DnsRecord[]
  ask: ChangeOptions
}

/** What is wrong, and whether it was called wrongly or a file is. */
class PlanFault extends Error {
  readonly code: ExitCode

  constructor(message: string, code: ExitCode = EXIT.usage) {
    super(message)
    this.code = code
  }
}

/** The plan that the flags make; or the exit code, after saying on `io` what is wrong. `environment` may name the server. */
export async function planFrom(flags: AgentFlags, io: Io, environment: NodeJS.ProcessEnv = process.env): Promise<AgentPlan | ExitCode> {
  try {
    const said = flagValues(flags)
    const values = { server: environment.WAGGLE_SERVER, ...(flags.file === undefined ? {} : readAgentFile(flags.file)), ...said }
    return await settle(values, flags)
  } catch (fault) {
    if (!(fault instanceof PlanFault)) throw fault
    io.err(`${fault.message}\n`)
    return fault.code
  }
}

// ---- Flags, file, card ----

/** The flags that say what a key of the file says. */
const FLAG_OF: Readonly<Record<string, string>> = { addresses: '--address', texts: '--text', capabilities: '--capability' }

/** What the flags say, in the shape of the file. */
function flagValues(flags: AgentFlags): AgentValues {
  const { address, text, capability, keyLease } = flags
  const all = {
    server: flags.server, key: flags.key, card: flags.card, provider: flags.provider, kind: flags.kind, id: flags.id, class: flags.class, ttl: flags.ttl, lease: flags.lease,
    'key-lease': keyLease, addresses: address, texts: text, capabilities: capability?.map(capabilityOf),
  }
  const said = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
  const parsed = agentSchema.safeParse(said)
  if (parsed.success) return parsed.data
  throw wrongUse(parsed.error.issues.map((issue) => flagFault(issue, said)).join('\nwaggle: '))
}

/** `v2.translate.text.nlp latency=180ms`: the name, and its parameters behind it. */
function capabilityOf(text: string): OfferedCapability {
  const [, name = '', parameters = ''] = /^\s*(\S*)\s*([^]*?)\s*$/.exec(text) ?? []
  return { name, ...(parameters !== '' && { parameters }) }
}

function flagFault(issue: z.core.$ZodIssue, values: unknown): string {
  const key = String(issue.path[0])
  const wanted = issue.code === 'custom' ? issue.message : notesOf(schemaAt(agentSchema, issue.path))?.wanted
  return `Cannot use ${FLAG_OF[key] ?? `--${key}`} ${printValue(valueAt(values, issue.path))} as it ${wanted}`
}

function wrongUse(message: string): PlanFault {
  return new PlanFault(`waggle: ${message}`)
}

/** What a file says, its paths as seen from here. */
export function readAgentFile(file: string): AgentValues {
  const text = readText(file, 'agent file', MAX_AGENT_FILE_OCTETS)
  if (typeof text !== 'string') throw new PlanFault(printFinding(text), EXIT.failed)
  const yaml = new YamlText(text, file, 'the agent file')
  const values = yaml.match(agentSchema)
  if (values === undefined) throw new PlanFault(inOrder(yaml.findings).map(printFinding).join('\n'), EXIT.failed)
  const fromHere = (path: string) => (isAbsolute(path) ? path : join(dirname(file), path))
  return { ...values, ...(values.key !== undefined && { key: fromHere(values.key) }), ...(values.card !== undefined && { card: fromHere(values.card) }) }
}

function readCard(file: string): CardReading {
  const text = readText(file, 'agent card', MAX_AGENT_FILE_OCTETS)
  if (typeof text !== 'string') throw new PlanFault(printFinding(text), EXIT.failed)
  try {
    return readAgentCard(JSON.parse(text))
  } catch (fault) {
    if (fault instanceof CardFault) throw new PlanFault(`${file}: ${fault.message}`, EXIT.failed)
    if (fault instanceof SyntaxError) throw new PlanFault(`${file}: Cannot read agent card as it must be JSON: ${fault.message}`, EXIT.failed)
    throw fault
  }
}

// ---- All of it ----

async function settle(values: AgentValues, flags: AgentFlags): Promise<AgentPlan> {
  const { provider, capabilities } = values
  const server = values.server === undefined ? undefined : serverOf(values.server)
  if (server === undefined) throw wrongUse(values.server === undefined ? missing('server') : `Cannot use WAGGLE_SERVER "${values.server}" as it must be address[:port]`)
  if (provider === undefined) throw wrongUse(missing('provider'))
  const card = values.card === undefined ? undefined : readCard(values.card)
  const signer = values.key === undefined ? undefined : await readSigner(values.key)
  const id = values.id ?? (signer?.own === undefined ? card?.label : undefined)
  const offered = (capabilities ?? card?.capabilities ?? []) as OfferedCapability[] // keys left out are absent
  const identity = identify({ ...partsOf(values), provider, capabilities: offered, ...(id !== undefined && { id }) }, signer)
  const { registration } = identity
  const lease = leaseOf(values)
  const records = recordsOf(identity)
  const ask: ChangeOptions = { server, timeoutMs: flags.timeout, tries: flags.tries, tcp: flags.tcp === true, ...(identity.signer && { signer: identity.signer }) }
  return { ...identity, agent: agentName(registration).toString(), server, lease, records, ask }
}

function missing(key: string): string {
  return `Cannot do without ${key}: say --${key}, or ${key} in the agent file (-f)`
}

function partsOf({ kind, addresses, texts, class: rrClass, ttl }: AgentValues) {
  return { ...(kind && { kind }), ...(addresses && { addresses }), ...(texts && { texts }), ...(rrClass && { class: rrClass }), ...(ttl !== undefined && { ttl }) }
}

async function readSigner(file: string): Promise<ChangeSigner> {
  try {
    return await signerFromFile(file)
  } catch (fault) {
    if (fault instanceof TextFault) throw new PlanFault(fault.toString(), EXIT.failed)
    throw fault
  }
}

function identify(...parts: Parameters<typeof settleIdentity>): Identity {
  try {
    return settleIdentity(...parts)
  } catch (fault) {
    throw wrongUse(fault instanceof TypeError ? 'Cannot do without id: say --id, or sign by SIG(0), whose key makes one' : (fault as Error).message)
  }
}

function leaseOf({ lease = CLIENT_LEASE_SECONDS, 'key-lease': keyLease = Math.max(lease, CLIENT_KEY_LEASE_SECONDS) }: AgentValues): Required<UpdateLease> {
  if (keyLease < lease) throw wrongUse(`Cannot use key-lease ${keyLease} as it must not be less than the lease, ${lease}`)
  return { lease, keyLease }
}

/** The records, of which there is at least one. */
function recordsOf({ registration }: Identity): DnsRecord[] {
  let records: DnsRecord[]
  try {
    records = registrationRecords(registration)
  } catch (fault) {
    if (fault instanceof TextFault) throw wrongUse(fault.message)
    throw fault
  }
  if (records.length === 0) throw wrongUse('Cannot register an agent of which nothing is said: say --capability or --address, or use -f or --card')
  return records
}

/** The server as people write it. */
export function serverText({ server }: AgentPlan): string {
  return printEndpoint(server)
}

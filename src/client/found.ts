/**
 * An answer to a question for agents, read: who was chosen, in what order, where each is reached, and what OFFER says of
 * the choice (docs/protocol.md 3 and 4).
 */
import { OPTION, printEde, RCODE, TYPE } from '../dns/codes.ts'
import { printAddress } from '../dns/address.ts'
import { findOption, readExtendedError } from '../dns/edns.ts'
import { CLIENT_ALIAS_STEPS } from '../dns/limits.ts'
import type { DnsRecord, Message } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { WireReader } from '../dns/octets.ts'
import { decodeParameters, PARAMETERS, printParameters, readList, valueOf, type ParameterMap } from '../dns/parameters.ts'
import type { State } from '../dns/parameter-table.ts'
import { WHOLE_RATIO } from '../discovery/ranking/metrics.ts'

/** One agent of an answer. */
export interface FoundAgent {
  /** Its identifier, such as `babel._sa.acme.example.` */
  name: string
  /** The capability that it was found at: what was asked for, or where that has moved on to. */
  capability: string
  /** 1 is the best. */
  rank: number
  /** IPv4 and IPv6, as the server told them. */
  addresses: string[]
  /** URI, where it is registered. */
  endpoint?: string
  port?: number
  /** Everything that it claims, as text: `latency=180ms accuracy=0.97`. */
  claims: string
  /** 0 to 1, 1 ideal; what follows too is there where the server says how it chose. */
  score?: number
  /** Milliseconds; null where it has never told a reading. */
  ageMs?: number | null
  state?: State
  /** Its newest reading as text, `latency=90ms active=2 time=…`, where the need says `candidates` and it has told one. */
  reading?: string
}

/** What was found. */
export interface Found {
  /** Best first, also where the server could not put its records in order as they are signed; in no order where the need says `candidates`. */
  agents: FoundAgent[]
  /** Seconds that this may be remembered. */
  ttlSeconds: number
  /** Why there is nobody; undefined where there is. */
  reason?: string
  /** What the server says beside those found: of a list that it had to cut, of what nobody offers. */
  note?: string
  /** What the words of `intent` were taken to mean, and how well that fits, 0 to 1; where nobody was found, what came nearest. */
  translated?: { capability: string; score: number }
  /** Where the need says `closure`: who offers what those found depend on, and what these depend on in turn, as far as the server has sent it; the nearest first. */
  closure?: { capability: string; agents: FoundAgent[] }[]
  /** Milliseconds that it took to ask. */
  tookMs: number
}

/** One answer: who was found, and where it leads. */
export interface Answered<Result = Found> {
  found: Result
  /** Where the alias form leads, step by step; nobody is found where the message does not have what stands at the last step. */
  steps: Name[]
}

/** What a need says of the answer: who is needed besides, or that all are wanted. */
export interface Wanted {
  closure?: boolean
  candidates?: boolean
}

/** Reads an answer of code NOERROR or NXDOMAIN; of a version that has moved on, what the message says of the one that it leads to, unless all candidates are wanted, as those are the best. WireFault where it is malformed. */
export function readFound(response: Message, asked: Name, { closure = false, candidates = false }: Wanted = {}): Answered<Omit<Found, 'tookMs'>> {
  const option = findOption(response.edns, OPTION.OFFER)
  const offer = option === undefined ? undefined : decodeParameters(option, 'OFFER')
  const records = response.answers.filter(isAgent)
  const additional = byOwner(response.additionals.filter(isAgent))
  const { steps, here } = follow(records, asked, additional)
  const agents = steps.length === 0 ? agentsOf(records, response, offer) : candidates ? [] : agentsAt(here, response, offer)
  const found = inOrder(agents)
  const ttlSeconds = Math.min(...[...records, ...here].map(({ ttl }) => ttl), ...(records.length === 0 ? [0] : []))
  const told = toldBy(response)
  const nobody = agents.length > 0 ? `nobody at ${asked} may be called for this need now` : nobodyAt(response, asked)
  const said = found.length === 0 ? { reason: told ?? nobody } : told !== undefined && { note: told }
  const more = { ...translatedBy(offer), ...(closure && { closure: closureOf(here, response, additional) }) }
  return { found: { agents: found, ttlSeconds, ...said, ...more }, steps }
}

function isAgent({ type }: DnsRecord): boolean {
  return type === TYPE.AGENT
}

type ByOwner = ReadonlyMap<string, DnsRecord[]>

function byOwner(records: readonly DnsRecord[]): ByOwner {
  const owners = new Map<string, DnsRecord[]>()
  for (const record of records) owners.set(record.name.key, [...(owners.get(record.name.key) ?? []), record])
  return owners
}

// ---- Versions that have moved on ----

/** Where records of the alias form lead, and what stands at the end, as far as the message has it. */
function follow(records: readonly DnsRecord[], asked: Name, additional: ByOwner): { steps: Name[]; here: readonly DnsRecord[] } {
  const steps: Name[] = []
  for (let here = records; ;) {
    const target = targetOf(here)
    if (target === undefined) return { steps, here }
    const isCircle = target.equals(asked) || steps.some((step) => step.equals(target))
    steps.push(target)
    if (isCircle || steps.length > CLIENT_ALIAS_STEPS) return { steps, here: [] }
    here = additional.get(target.key) ?? []
  }
}

/** Where the alias form leads; undefined where there is an agent, or nothing. */
function targetOf(records: readonly DnsRecord[]): Name | undefined {
  if (records.length === 0 || records.some(({ rdata }) => new WireReader(rdata).u16() !== 0)) return undefined
  return Name.fromWire(records[0].rdata, 2)
}

/** The agents that stand in the additional section for an alias; none where their order is not known, so that they are to be asked for. */
function agentsAt(records: readonly DnsRecord[], response: Message, offer: ParameterMap | undefined): FoundAgent[] {
  const agents = eachOnce(agentsOf(records, response, undefined))
  const scores = offer && valueOf(offer, PARAMETERS.scores)
  if (offer !== undefined && scores?.length === agents.length && scores.every((score) => score > 0)) return agents.map((agent, i) => ({ ...agent, ...chosenBy(offer, i) }))
  return agents.every(({ rank }, i) => rank === i + 1) ? agents : []
}

/** Those of a batch may stand there for more than one question. */
function eachOnce(agents: readonly FoundAgent[]): FoundAgent[] {
  return [...new Map(agents.toReversed().map((agent) => [agent.name, agent])).values()].toReversed()
}

// ---- What else is needed ----

function translatedBy(offer: ParameterMap | undefined): Pick<Found, 'translated'> {
  const told = offer && valueOf(offer, PARAMETERS.translated)
  return told === undefined ? {} : { translated: { capability: told[0].toString(), score: told[1] / WHOLE_RATIO } }
}

/** Who offers what `records` depend on, and what these depend on in turn; what the message does not have is left out. */
function closureOf(records: readonly DnsRecord[], response: Message, additional: ByOwner): NonNullable<Found['closure']> {
  const closure: NonNullable<Found['closure']> = []
  const met = new Set(records.map(({ name }) => name.key))
  const wanted = records.flatMap(dependsOf)
  for (const name of wanted) {
    if (met.has(name.key)) continue
    met.add(name.key)
    const { here } = follow(additional.get(name.key) ?? [], name, additional)
    if (here.length === 0) continue
    closure.push({ capability: name.toString(), agents: eachOnce(agentsOf(here, response, undefined)) })
    wanted.push(...here.flatMap(dependsOf)) // the walk goes on to them
  }
  return closure
}

function dependsOf({ rdata }: DnsRecord): readonly Name[] {
  return valueOf(claimsIn(rdata), PARAMETERS.depends) ?? []
}

function claimsIn(rdata: Uint8Array): ParameterMap {
  const wire = new WireReader(rdata, 2)
  Name.read(wire, false)
  return readList(wire, 'AGENT')
}

// ---- Agents ----

/** As they are, where they are ranked: their priorities count from 1. Else by the scores of OFFER, as beside signed records (docs/protocol.md 4), without those whose score is 0. */
function inOrder(agents: FoundAgent[]): FoundAgent[] {
  const able = agents.filter(({ score }) => score !== 0)
  if (agents.every(({ rank }, i) => rank === i + 1) || able.every(({ score }) => score === undefined)) return able
  return able.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).map((agent, i) => ({ ...agent, rank: i + 1 }))
}

/** Those of the records that are agents: the alias form is none. `offer` is in the order of the records. */
function agentsOf(records: readonly DnsRecord[], response: Message, offer: ParameterMap | undefined): FoundAgent[] {
  const readings = readingsIn(response)
  const agents = records.map((record, i) => agentOf(record, response, readings, offer && chosenBy(offer, i)))
  return agents.filter(({ rank }) => rank !== 0)
}

/** One AGENT record. */
function agentOf({ name: capability, rdata }: DnsRecord, { additionals }: Message, readings: ReadonlyMap<string, string>, chosen: Chosen | undefined): FoundAgent {
  const wire = new WireReader(rdata)
  const rank = wire.u16()
  const name = Name.read(wire, false)
  const claims = printParameters(wire.rest(), 'AGENT')
  const list = claimsIn(rdata)
  const endpoint = valueOf(list, PARAMETERS.endpoint)
  const port = valueOf(list, PARAMETERS.port)
  const addresses = additionals.filter((record) => record.name.equals(name) && (record.type === TYPE.A || record.type === TYPE.AAAA)).map((record) => printAddress(record.rdata))
  const hints = addresses.length > 0 ? [] : [...(valueOf(list, PARAMETERS.ipv4hint) ?? []), ...(valueOf(list, PARAMETERS.ipv6hint) ?? [])]
  const reading = readings.get(name.key)
  return {
    name: name.toString(), capability: capability.toString(), rank, addresses: [...addresses, ...hints.map(String)],
    ...(endpoint !== undefined && { endpoint }), ...(port !== undefined && { port }), claims, ...chosen, ...(reading !== undefined && { reading }),
  }
}

/** What agents told of their load last, as text, by `Name.key`. SENSE: sequence u16 | agent | parameters (docs/protocol.md 3). */
function readingsIn({ additionals }: Message): Map<string, string> {
  const readings = new Map<string, string>()
  for (const { type, rdata } of additionals) {
    if (type !== TYPE.SENSE) continue
    const wire = new WireReader(rdata)
    wire.u16()
    readings.set(Name.read(wire, false).key, printParameters(wire.rest(), 'SENSE'))
  }
  return readings
}

type Chosen = Pick<FoundAgent, 'score' | 'ageMs' | 'state'>

function chosenBy(offer: ParameterMap, i: number): Chosen {
  const score = valueOf(offer, PARAMETERS.scores)?.[i]
  const ageMs = valueOf(offer, PARAMETERS.ages)?.[i]
  const state = valueOf(offer, PARAMETERS.states)?.[i]
  return { ...(score !== undefined && { score: score / 10_000 }), ...(ageMs !== undefined && { ageMs }), ...(state !== undefined && { state }) }
}

/** What the server says in an Extended DNS Error (RFC 8914). */
function toldBy({ edns }: Message): string | undefined {
  const error = findOption(edns, OPTION.EDE)
  if (error === undefined || error.length < 2) return undefined
  const { infoCode, text } = readExtendedError(error)
  return text === '' ? printEde(infoCode) : text
}

function nobodyAt({ rcode }: Message, asked: Name): string {
  return rcode === RCODE.NXDOMAIN ? `nobody has registered at ${asked} (NXDOMAIN)` : `no agent is registered at ${asked}`
}

/**
 * An answer to a question for agents, read: who was chosen, in what order, where each is reached, and what OFFER says of
 * the choice (docs/protocol.md 3 and 4).
 */
import { OPTION, printEde, RCODE, TYPE } from '../dns/codes.ts'
import { printAddress } from '../dns/address.ts'
import { findOption, readExtendedError } from '../dns/edns.ts'
import type { Message } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { WireReader } from '../dns/octets.ts'
import { decodeParameters, PARAMETERS, printParameters, readList, valueOf, type ParameterMap } from '../dns/parameters.ts'
import type { State } from '../dns/parameter-table.ts'

/** One agent of an answer. */
export interface FoundAgent {
  /** Its identifier, such as `babel._sa.acme.example.` */
  name: string
  /** What it was found for: a version of what was asked for, or that itself. */
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
  /** Milliseconds that it took to ask. */
  tookMs: number
}

/** Reads an answer of code NOERROR or NXDOMAIN. WireFault where it is malformed. */
export function readFound(response: Message, asked: Name): Omit<Found, 'tookMs'> {
  const records = response.answers.filter(({ type }) => type === TYPE.AGENT)
  const option = findOption(response.edns, OPTION.OFFER)
  const offer = option === undefined ? undefined : decodeParameters(option, 'OFFER')
  const readings = readingsIn(response)
  const agents = records.map(({ rdata }, i) => agentOf(rdata, i, asked, response, offer, readings))
  const found = inOrder(agents.filter((agent) => agent !== undefined))
  const ttlSeconds = Math.min(...records.map(({ ttl }) => ttl), ...(records.length === 0 ? [0] : []))
  const told = toldBy(response)
  const nobody = agents.some((agent) => agent !== undefined) ? `nobody at ${asked} may be called for this need now` : nobodyAt(response, asked)
  if (found.length === 0) return { agents: found, ttlSeconds, reason: told ?? nobody }
  return { agents: found, ttlSeconds, ...(told !== undefined && { note: told }) }
}

/** As they are, where they are ranked: their priorities count from 1. Else by the scores of OFFER, as beside signed records (docs/protocol.md 4), without those whose score is 0. */
function inOrder(agents: FoundAgent[]): FoundAgent[] {
  const able = agents.filter(({ score }) => score !== 0)
  if (agents.every(({ rank }, i) => rank === i + 1) || able.every(({ score }) => score === undefined)) return able
  return able.sort((a, b) => (b.score ?? 0) - (a.score ?? 0)).map((agent, i) => ({ ...agent, rank: i + 1 }))
}

/** One AGENT record; undefined for the alias form, which is no agent. */
function agentOf(
  rdata: Uint8Array, i: number, asked: Name, { additionals, answers }: Message, offer: ParameterMap | undefined, readings: ReadonlyMap<string, string>,
): FoundAgent | undefined {
  const wire = new WireReader(rdata)
  const rank = wire.u16()
  if (rank === 0) return undefined
  const name = Name.read(wire, false)
  const claims = printParameters(wire.rest(), 'AGENT')
  const list = readList(new WireReader(rdata, 2 + name.wire.length), 'AGENT')
  const endpoint = valueOf(list, PARAMETERS.endpoint)
  const port = valueOf(list, PARAMETERS.port)
  const addresses = additionals.filter((record) => record.name.equals(name) && (record.type === TYPE.A || record.type === TYPE.AAAA)).map((record) => printAddress(record.rdata))
  const hints = addresses.length > 0 ? [] : [...(valueOf(list, PARAMETERS.ipv4hint) ?? []), ...(valueOf(list, PARAMETERS.ipv6hint) ?? [])]
  const capability = answers.find(({ rdata: other }) => other === rdata)?.name ?? asked
  const reading = readings.get(name.key)
  return {
    name: name.toString(), capability: capability.toString(), rank, addresses: [...addresses, ...hints.map(String)],
    ...(endpoint !== undefined && { endpoint }), ...(port !== undefined && { port }), claims, ...(offer && chosenBy(offer, i)), ...(reading !== undefined && { reading }),
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

function chosenBy(offer: ParameterMap, i: number): Pick<FoundAgent, 'score' | 'ageMs' | 'state'> {
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

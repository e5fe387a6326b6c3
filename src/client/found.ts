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
}

/** What was found. */
export interface Found {
  /** Best first. */
  agents: FoundAgent[]
  /** Seconds that this may be remembered. */
  ttlSeconds: number
  /** Why there is nobody; undefined where there is. */
  reason?: string
  /** Milliseconds that it took to ask. */
  tookMs: number
}

/** Reads an answer of code NOERROR or NXDOMAIN. WireFault where it is malformed. */
export function readFound(response: Message, asked: Name): Omit<Found, 'tookMs'> {
  const records = response.answers.filter(({ type }) => type === TYPE.AGENT)
  const option = findOption(response.edns, OPTION.OFFER)
  const offer = option === undefined ? undefined : decodeParameters(option, 'OFFER')
  const agents = records.map(({ rdata }, i) => agentOf(rdata, i, asked, response, offer))
  const isWhole = agents.every((agent) => agent !== undefined)
  const found = agents.filter((agent) => agent !== undefined)
  const ttlSeconds = Math.min(...records.map(({ ttl }) => ttl), ...(records.length === 0 ? [0] : []))
  return found.length > 0 && isWhole ? { agents: found, ttlSeconds } : { agents: found, ttlSeconds, ...(found.length === 0 && { reason: reasonOf(response, asked) }) }
}

/** One AGENT record; undefined for the alias form, which is no agent. */
function agentOf(rdata: Uint8Array, i: number, asked: Name, { additionals, answers }: Message, offer: ParameterMap | undefined): FoundAgent | undefined {
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
  return {
    name: name.toString(), capability: capability.toString(), rank, addresses: [...addresses, ...hints.map(String)],
    ...(endpoint !== undefined && { endpoint }), ...(port !== undefined && { port }), claims, ...(offer && chosenBy(offer, i)),
  }
}

function chosenBy(offer: ParameterMap, i: number): Pick<FoundAgent, 'score' | 'ageMs' | 'state'> {
  const score = valueOf(offer, PARAMETERS.scores)?.[i]
  const ageMs = valueOf(offer, PARAMETERS.ages)?.[i]
  const state = valueOf(offer, PARAMETERS.states)?.[i]
  return { ...(score !== undefined && { score: score / 10_000 }), ...(ageMs !== undefined && { ageMs }), ...(state !== undefined && { state }) }
}

function reasonOf({ edns, rcode }: Message, asked: Name): string {
  const error = findOption(edns, OPTION.EDE)
  if (error !== undefined && error.length >= 2) {
    const { infoCode, text } = readExtendedError(error)
    return text === '' ? printEde(infoCode) : text
  }
  return rcode === RCODE.NXDOMAIN ? `nobody has registered at ${asked} (NXDOMAIN)` : `no agent is registered at ${asked}`
}

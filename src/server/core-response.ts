/**
 * A reply of the core as octets: header, question, records, and the OPT record that every response of this server
 * has (finish.ts), within what the asker takes. What does not fit goes whole, and TC says so (RFC 2181 9).
 */
import { Answer } from '../authority/plan.ts'
import { QUESTION_AT, type Query } from '../authority/query.ts'
import { RCODE } from '../dns/codes.ts'
import { makeUpdateLease } from '../dns/edns.ts'
import { WireFault } from '../dns/faults.ts'
import { MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS } from '../dns/limits.ts'
import { encodeMessage, makeMessage, type Message, type Question } from '../dns/message.ts'
import { Name, wireLength } from '../dns/name.ts'
import type { Reply } from './core-contract.ts'
import { HEADER_OCTETS } from './admit.ts'
import { writeCounts, writeHeader, type Finisher } from './finish.ts'

/** Octets that a response may have: over UDP what the asker takes (512 without EDNS, RFC 6891 6.2.5) and we send. */
export function responseLimit(query: Query, udpOctets: number): number {
  if (query.peer.transport === 'tcp') return MAX_MESSAGE_OCTETS
  return query.edns ? Math.max(MIN_UDP_OCTETS, Math.min(query.udpSize, udpOctets)) : MIN_UDP_OCTETS
}

/** The truncation bit, in the header's third octet (RFC 1035 4.1.1). */
export const TC = 0x02

/** What is left of a response of ours where its signature has no room beside the rest: header and question, with TC and RCODE 0 (RFC 8945 5.3). */
export function cutToQuestion(response: Uint8Array): Uint8Array {
  const hasQuestion = response[5] === 1
  const cut = response.slice(0, hasQuestion ? QUESTION_AT + wireLength(response, QUESTION_AT) + 4 : QUESTION_AT)
  cut[2] |= TC
  cut[3] &= 0xf0
  cut[5] = hasQuestion ? 1 : 0
  return cut.fill(0, 6, QUESTION_AT)
}

/** A response as octets, and what of it is counted. */
export interface EncodedResponse {
  octets: Uint8Array
  rcode: number
  truncated: boolean
}

/** Writes responses; one serves them all, as each is written in one go. */
export class ResponseWriter {
  private readonly finisher: Finisher
  private readonly plan = new Answer()
  private readonly bare = new Uint8Array(MAX_MESSAGE_OCTETS)
  private readonly bareView = new DataView(this.bare.buffer)

  constructor(finisher: Finisher) {
    this.finisher = finisher
  }

  /** The response to `query` that says `reply`, of at most `limit` octets; without records it may have more, and is shorter than MIN_UDP_OCTETS. `withOptions` is false for what was not understood, which gets a bare OPT. */
  write(query: Query, reply: Reply, limit: number, withOptions: boolean, clock: () => number): EncodedResponse {
    const { finisher, plan } = this
    plan.reset()
    plan.rcode = !query.edns && reply.rcode > 15 ? RCODE.SERVFAIL : reply.rcode // RFC 6891 6.1.3: without OPT there are four bits
    if (reply.ede !== undefined) plan.explain(reply.ede.infoCode, new TextEncoder().encode(reply.ede.text))
    if (reply.offer !== undefined) {
      plan.offer = reply.offer
      plan.offerOctets = reply.offer.length
    }
    finisher.withOptions = withOptions
    finisher.withCookie = finisher.keepsCookie = false
    finisher.lease = reply.lease === undefined ? null : makeUpdateLease(reply.lease).octets
    if (withOptions) finisher.judgeCookie(query, clock)
    const optOctets = finisher.optOctets(query, plan)
    if (isBare(reply) && HEADER_OCTETS + questionOctets(query) + optOctets <= limit) return { octets: this.writeBare(query, reply, optOctets), rcode: plan.rcode, truncated: false }
    const { octets, truncated } = encodeWithin(responseTo(query, reply, plan.rcode & 15), Math.max(0, limit - optOctets))
    if (optOctets === 0) return { octets, rcode: plan.rcode, truncated }
    return { octets: this.appendOpt(query, octets, optOctets), rcode: plan.rcode, truncated }
  }

  /** Header, question and OPT, which is all that a response to an update is. */
  private writeBare(query: Query, { authoritative = false, recursionAvailable = false, agent = false }: Reply, optOctets: number): Uint8Array {
    const { finisher, plan, bare, bareView } = this
    plan.authoritative = authoritative
    plan.recursionAvailable = recursionAvailable
    plan.agentCapable = agent
    const end = HEADER_OCTETS + questionOctets(query)
    writeHeader(query, plan, false, bareView)
    writeCounts(bareView, query.hasQuestion ? 1 : 0, 0, 0, optOctets === 0 ? 0 : 1)
    for (let i = HEADER_OCTETS, from = query.qnameAt; i < end; i++, from++) bare[i] = query.octets[from]
    return bare.slice(0, optOctets === 0 ? end : finisher.writeOpt(query, plan, bare, bareView, end, optOctets))
  }

  private appendOpt(query: Query, message: Uint8Array, size: number): Uint8Array {
    const octets = new Uint8Array(message.length + size)
    octets.set(message)
    this.finisher.writeOpt(query, this.plan, octets, new DataView(octets.buffer), message.length, size)
    const additionals = ((octets[10] << 8) | octets[11]) + 1
    octets[10] = additionals >>> 8
    octets[11] = additionals
    return octets
  }
}

/** RFC 2136 3.8 and RFC 1035 4.1.1: ID, opcode, RD and the first section come back. */
function responseTo(query: Query, reply: Reply, rcode: number): Message {
  const { answers = [], authorities = [], additionals = [], authoritative = false, recursionAvailable = false, authentic = false, agent = false } = reply
  return makeMessage({
    id: query.id, response: true, opcode: query.opcode, recursionDesired: query.recursionDesired, checkingDisabled: query.checkingDisabled,
    authoritative, recursionAvailable, authenticData: authentic && query.wantsProof, agent: agent && query.agent,
    rcode, questions: reply.questions ?? questionOf(query), answers, authorities, additionals,
  })
}

/** The one question that admission has read; what cannot be read is not echoed. */
function questionOf(query: Query): Question[] {
  return query.hasQuestion ? [{ name: Name.fromWire(query.octets, query.qnameAt), type: query.qtype, class: query.qclass }] : []
}

function isBare({ questions, answers, authorities, additionals }: Reply): boolean {
  return questions === undefined && answers === undefined && authorities === undefined && additionals === undefined
}

/** Octets of the question that admission has read, with its type and class; it stands uncompressed. */
function questionOctets({ hasQuestion, qnameLength }: Query): number {
  return hasQuestion ? qnameLength + 4 : 0
}

function encodeWithin(message: Message, limit: number): { octets: Uint8Array; truncated: boolean } {
  try {
    return { octets: encodeMessage(message, limit), truncated: false }
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault
    return { octets: encodeMessage({ ...message, truncated: true, authenticData: false, answers: [], authorities: [], additionals: [] }), truncated: true }
  }
}

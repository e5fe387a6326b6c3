/**
 * Many questions in one message (docs/protocol.md 5): each is answered by itself, and what comes of it is put together to one
 * response. A question's names stand in the response where they stood in the query, so what is written points to them
 * alone (RFC 1035 4.1.4) and may be moved: each section grows in octets of its own until all is joined.
 *
 *     header | questions, written out | answers of 1, 2, … | authority of 1, 2, … | additional, as room is left | OPT: OFFER 1, 2, …
 *
 * What was asked for comes first: an additional RRset goes in when all answers are, and only where it finds room.
 */
import { type Answer, KIND, NO_EDE, type RRsetSource, SECTION } from '../authority/plan.ts'
import { QUESTION_AT, type Query } from '../authority/query.ts'
import { nameHash } from '../discovery/ranking/name-hash.ts'
import { OPTION, RCODE } from '../dns/codes.ts'
import { MAX_ANSWER_RRSETS, MAX_EDE_TEXT_OCTETS, MAX_MESSAGE_OCTETS } from '../dns/limits.ts'
import { copyOctets, viewOf } from '../dns/octet-views.ts'
import { PARAMETERS } from '../dns/parameters.ts'
import type { Finisher } from './finish.ts'
import { endOfGroup, NO_PLACE, type Renderer } from './render.ts'

const OPTION_HEAD_OCTETS = 4
/** Octets of the parameter `result`: key, length, RCODE, info-code. */
const RESULT_OCTETS = 8
/** Octets that an Extended DNS Error may need (RFC 8914 2). */
const EDE_OCTETS = OPTION_HEAD_OCTETS + 2 + MAX_EDE_TEXT_OCTETS
/** Info-code of an answer that has none; 65535 is nobody's (RFC 8914 5.2). */
const NO_CODE = 0xffff

/** Octets and records of a section. */
class Part {
  readonly octets = new Uint8Array(MAX_MESSAGE_OCTETS)
  readonly view = viewOf(this.octets)
  size = 0
  records = 0
}

/** Puts the response to one batch together; used again by the next. */
export class Batch {
  /** What was asked for found no room: TC is to be set. */
  truncated = false
  /** Questions that are sent back. */
  questions = 0
  /** Records of each section that were written, by SECTION. */
  readonly counts = new Uint16Array(3)
  private readonly renderer: Renderer
  private readonly finisher: Finisher
  private readonly parts: readonly Part[] = [new Part(), new Part(), new Part()]
  private readonly options = new Uint8Array(MAX_MESSAGE_OCTETS)
  private optionOctets = 0
  /** Octets that sections and OFFERs may have. */
  private room = 0
  /** RRsets of the authority and additional section so far. */
  private groups = 0
  private readonly source = new Array<RRsetSource | null>(MAX_ANSWER_RRSETS).fill(null)
  private readonly rrset = new Int32Array(MAX_ANSWER_RRSETS)
  private readonly ownerHash = new Int32Array(MAX_ANSWER_RRSETS)
  private readonly section = new Uint8Array(MAX_ANSWER_RRSETS)
  private readonly kind = new Uint8Array(MAX_ANSWER_RRSETS)
  private readonly end = new Int32Array(MAX_ANSWER_RRSETS)
  private readonly records = new Int32Array(MAX_ANSWER_RRSETS)
  private answered = 0
  private rcode = 0
  private isAuthoritative = true
  private isAgentCapable = false
  private edeCode: number = NO_EDE
  private edeText = new Uint8Array(0)

  constructor(renderer: Renderer, finisher: Finisher) {
    this.renderer = renderer
    this.finisher = finisher
  }

  /** Begins a response of at most `limit` octets; `plan` is empty. False where not even the questions find room: none of them is sent back then, nor answered. */
  begin(query: Query, plan: Answer, limit: number): boolean {
    this.truncated = this.isAgentCapable = false
    this.isAuthoritative = true
    this.optionOctets = this.groups = this.answered = this.rcode = 0
    this.edeCode = NO_EDE
    for (let i = 0; i < this.parts.length; i++) this.parts[i].size = this.parts[i].records = 0
    this.room = limit - query.recordsAt - (query.edns ? this.finisher.optOctets(query, plan) + EDE_OCTETS : 0)
    this.questions = this.room < 0 ? 0 : query.questions
    return this.room >= 0 || this.cut()
  }

  /** Takes the answer to the question that the query stands at; false where it finds no room, so that nothing more is to come. */
  take(query: Query, plan: Answer): boolean {
    if (query.edns && !this.offer(plan)) return this.cut()
    this.note(plan)
    if (plan.overflowed) return this.cut()
    for (let i = 0, end = 0; i < plan.count; i = end) {
      end = endOfGroup(plan, i)
      if (!this.write(query, plan, i, end)) return this.cut()
    }
    return true
  }

  /** The rest is not answered: TC says so (RFC 2181 9). */
  cut(): false {
    this.truncated = true
    return false
  }

  /** Makes `plan` what the whole response is said to be. */
  summarize(plan: Answer): void {
    plan.reset()
    plan.rcode = this.rcode
    plan.authoritative = this.isAuthoritative && this.answered > 0
    plan.agentCapable = this.isAgentCapable
    if (this.edeCode !== NO_EDE) plan.explain(this.edeCode, this.edeText)
  }

  /** Joins questions, sections and OPT in `out`, of at most `limit` octets, header aside; returns where they end. */
  join(query: Query, plan: Answer, out: Uint8Array, limit: number): number {
    const { finisher, parts, counts } = this
    const view = viewOf(out)
    finisher.more = this.options
    finisher.moreOctets = this.optionOctets
    const optOctets = finisher.optOctets(query, plan)
    let at = this.questions === 0 ? QUESTION_AT : query.recordsAt
    copyOctets(query.view, QUESTION_AT, view, QUESTION_AT, at - QUESTION_AT) // RFC 1035 4.1.2: case kept
    for (let section = SECTION.answer; section <= SECTION.authority; section++) {
      copyOctets(parts[section].view, 0, view, at, parts[section].size)
      at += parts[section].size
      counts[section] = parts[section].records
    }
    at = this.joinAdditional(view, at, limit - optOctets)
    if (optOctets > 0) at = finisher.writeOpt(query, plan, out, view, at, optOctets)
    if (optOctets > 0) counts[SECTION.additional]++
    finisher.moreOctets = 0
    return at
  }

  private joinAdditional(view: DataView, at: number, limit: number): number {
    this.counts[SECTION.additional] = 0
    for (let i = 0, from = 0; i < this.groups; i++) {
      if (this.section[i] !== SECTION.additional) continue
      const size = this.end[i] - from
      if (at + size <= limit) {
        copyOctets(this.parts[SECTION.additional].view, from, view, at, size)
        at += size
        this.counts[SECTION.additional] += this.records[i]
      } else if (this.kind[i] === KIND.glue) this.truncated = true // RFC 9471 3.1
      from = this.end[i]
    }
    return at
  }

  /** What a question came to, for header and OPT: an RCODE that all share is that of the message. */
  private note(plan: Answer): void {
    if (this.answered++ === 0) this.rcode = plan.rcode
    else if (this.rcode !== plan.rcode) this.rcode = RCODE.NOERROR
    this.isAuthoritative &&= plan.authoritative
    this.isAgentCapable ||= plan.agentCapable
    if (this.edeCode !== NO_EDE || plan.edeCode === NO_EDE) return
    this.edeCode = plan.edeCode
    this.edeText = new Uint8Array(plan.edeText)
  }

  /** Writes the OFFER of a question, with its `result` where that is not simply NOERROR; false where it has no room. */
  private offer({ offer, offerOctets, rcode, edeCode }: Answer): boolean {
    const { options } = this
    const hasResult = rcode !== RCODE.NOERROR || edeCode !== NO_EDE
    const size = offerOctets + (hasResult ? RESULT_OCTETS : 0)
    if (OPTION_HEAD_OCTETS + size > this.left()) return false
    let at = put16(options, put16(options, this.optionOctets, OPTION.OFFER), size)
    for (let i = 0; i < offerOctets; i++) options[at++] = offer[i]
    if (hasResult) at = put16(options, put16(options, put16(options, put16(options, at, PARAMETERS.result.key), RESULT_OCTETS - 4), rcode), edeCode === NO_EDE ? NO_CODE : edeCode)
    this.optionOctets = at
    return true
  }

  /** Octets left for what was asked for. */
  private left(): number {
    return this.room - this.optionOctets - this.parts[SECTION.answer].size - this.parts[SECTION.authority].size
  }

  /** Writes an RRset with its signatures; false where it was asked for and finds no room. */
  private write(query: Query, plan: Answer, from: number, end: number): boolean {
    const section = plan.section[from]
    const part = this.parts[section]
    const isExtra = section === SECTION.additional
    const hash = section === SECTION.answer ? 0 : nameHash(plan.owner[from].octets, plan.ownerAt[from])
    if (section !== SECTION.answer && this.holds(plan, from, hash)) return true
    if (section !== SECTION.answer && this.groups === MAX_ANSWER_RRSETS) return isExtra
    const limit = isExtra ? this.room : part.size + this.left()
    const to = this.renderer.renderGroup(query, plan, from, end, part.view, part.size, limit)
    if (to === NO_PLACE) return isExtra && plan.kind[from] !== KIND.glue
    const records = this.renderer.counts[section]
    part.size = to
    part.records += records
    if (section !== SECTION.answer) this.noteGroup(plan, from, hash, to, records)
    return true
  }

  private noteGroup(plan: Answer, from: number, hash: number, end: number, records: number): void {
    const i = this.groups++
    this.source[i] = plan.source[from] === plan.derived ? null : plan.source[from] // what was made on the fly lies where the next will lie
    this.rrset[i] = plan.rrset[from]
    this.ownerHash[i] = hash
    this.section[i] = plan.section[from]
    this.kind[i] = plan.kind[from]
    this.end[i] = end
    this.records[i] = records
  }

  /** Whether an earlier question has brought the RRset, as the SOA of its zone or the address of an agent: none goes twice. */
  private holds(plan: Answer, from: number, hash: number): boolean {
    for (let i = 0; i < this.groups; i++) {
      if (this.rrset[i] === plan.rrset[from] && this.source[i] === plan.source[from] && this.ownerHash[i] === hash && this.section[i] === plan.section[from]) return true
    }
    return false
  }
}

function put16(out: Uint8Array, at: number, value: number): number {
  out[at] = value >>> 8
  out[at + 1] = value
  return at + 2
}

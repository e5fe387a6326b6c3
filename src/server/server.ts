/**
 * A query's path, free of sockets: octets in, octets out, synchronous, nothing allocated on the way.
 *
 *     admit     is it a query, and what does it say of itself?         admit.ts
 *     judge     does its cookie prove where it comes from?             cookies.ts
 *     route     who knows the answer?                                  route.ts → Authority, chaos.ts
 *     limit     has its network been told often enough?                rate-limit.ts
 *     render    the answer's RRsets as octets, within the limit        render.ts
 *     finish    OPT and header                                         finish.ts
 *
 * A batch goes through route and limit with each of its questions, and is then joined (batch.ts).
 *
 * What needs more than this, an update or a signature to be checked, is left to the core (core.ts), which
 * answers later: DEFERRED is returned instead of octets.
 *
 * Every response but silence goes through the last two, so that an error too has its question and its OPT.
 * A fault of ours is caught here and nowhere below: the asker gets SERVFAIL, the operator a report.
 */
import { Answer, NO_EDE, type Authority } from '../authority/plan.ts'
import { Query, QUESTION_AT, type Peer } from '../authority/query.ts'
import { EDE, OPCODE, RCODE, TYPE } from '../dns/codes.ts'
import { DEFAULT_UDP_OCTETS, MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS } from '../dns/limits.ts'
import { viewOf } from '../dns/octet-views.ts'
import type { PrefixList } from '../dns/prefix.ts'
import { ADMITTED, admit, HEADER_OCTETS, type Admitted } from './admit.ts'
import { Batch } from './batch.ts'
import { Chaos, type ChaosTexts } from './chaos.ts'
import { COOKIE, type Cookies } from './cookies.ts'
import { NO_DEFERRALS, type Defers } from './defers.ts'
import { expandQuestions } from './expand-questions.ts'
import { FaultReports } from './fault-reports.ts'
import { responseLimit } from './core-response.ts'
import { Counters } from './counters.ts'
import { Finisher, writeCounts, writeHeader } from './finish.ts'
import { isBare, type RateLimit, VERDICT, type Verdict } from './rate-limit.ts'
import type { Remembered } from './remembered.ts'
import { Renderer } from './render.ts'
import { route } from './route.ts'
import { NOT_WRITTEN, writeBadKey } from './tsig.ts'
import { wantsFresh } from './wants-fresh.ts'

export type { Peer, Transport } from '../authority/query.ts'

/** Returned by `answer` for a message that the core answers later; transport's DEFERRED. */
export const DEFERRED = -1
/** What the core is needed for, in the order of the counters `deferred`. */
const NEEDS = { update: 0, agent: 1, signed: 2, missing: 3, stale: 4, session: 5, nothing: -1 } as const

/** What the server is made of and how it is set; what is left out is off or as said. */
export interface ServerOptions {
  readonly authority: Authority
  /** Unix time in seconds. */
  readonly nowSeconds: () => number
  /** Unix time by the clock that leases run by; `nowSeconds` where none is handed in. */
  readonly leaseSeconds?: () => number
  /** Octets of the largest UDP answer, 512 to 65,535; default 1232. */
  readonly udpOctets?: number
  /** Octets that name this server (RFC 5001). */
  readonly nsid?: Uint8Array
  readonly chaos?: ChaosTexts
  /** Makes and checks DNS Cookies; without it the option is ignored. */
  readonly cookies?: Cookies
  /** Answer a UDP query whose COOKIE option has no good server cookie by BADCOOKIE (RFC 7873 5.2.3); default false. */
  readonly requireCookie?: boolean
  /** Units of 100 ms that an idle TCP connection lives, told to who asks (RFC 7828). */
  readonly keepalive?: number
  /** Says which responses over UDP are too many; without it none are. */
  readonly rateLimit?: RateLimit
  readonly counters?: Counters
  /** Networks that may ask in class LOCAL; without it all may. */
  readonly local?: PrefixList
  /** Networks for which names outside our zones are looked up, by the core; without it nobody is recursed for, and RA stays clear. */
  readonly recursion?: PrefixList
  /** What is known of names outside our zones, for those networks; what it does not know is the core's. */
  readonly remembered?: Remembered
  /** What the core has a service for; what it has none for is answered here. */
  readonly defers?: Defers
  /** This server answers for the core, what another has counted when it deferred it. */
  readonly isOfCore?: boolean
  /** Told of a fault of ours, at most once in FAULT_REPORT_SECONDS, with how many were not told since the last. */
  readonly onFault?: (fault: unknown, untold: number) => void
}

/** Answers messages. One per thread: it is not reentrant, as its objects are used again by every message. */
export class Server {
  /** Who answers from the zones; may be replaced between two messages. */
  authority: Authority
  readonly counters: Counters
  private readonly options: ServerOptions
  private readonly udpOctets: number
  private readonly cookies: Cookies | null
  private readonly defers: Defers
  private readonly isOfCore: boolean
  private readonly rateLimit: RateLimit | null
  private readonly recursion: PrefixList | null
  private readonly local: PrefixList | null
  private readonly chaos: Chaos
  private readonly query = new Query()
  private readonly plan = new Answer()
  private readonly renderer: Renderer
  private readonly finisher: Finisher
  private readonly reports: FaultReports
  /** Made when it is first needed. */
  private batch: Batch | null = null
  /** The query's cookie shows that its sender receives at the address it claims. */
  private hasProof = false
  private room = 0

  /** RangeError where an option is out of its range. */
  constructor(options: ServerOptions) {
    this.options = options
    this.reports = new FaultReports(options.nowSeconds, options.onFault)
    this.authority = options.authority
    this.counters = options.counters ?? new Counters()
    this.udpOctets = options.udpOctets ?? DEFAULT_UDP_OCTETS
    if (this.udpOctets < MIN_UDP_OCTETS || this.udpOctets > MAX_MESSAGE_OCTETS) throw new RangeError(`Cannot limit UDP answers to ${this.udpOctets} octets as the limit must be from ${MIN_UDP_OCTETS} to ${MAX_MESSAGE_OCTETS}`)
    this.cookies = options.cookies ?? null
    this.defers = options.defers ?? NO_DEFERRALS
    this.isOfCore = options.isOfCore ?? false
    this.renderer = new Renderer(options.leaseSeconds ?? options.nowSeconds)
    this.rateLimit = options.rateLimit ?? null
    this.recursion = options.recursion ?? null
    this.local = options.local ?? null
    this.chaos = new Chaos(options.chaos ?? {})
    this.finisher = new Finisher({ udpOctets: this.udpOctets, nsid: options.nsid ?? null, keepalive: options.keepalive ?? 0, cookies: this.cookies })
  }

  /**
   * Answers the message `query[0 … length)` from `peer`: writes the response to `out` and returns its octets, or 0
   * where silence is the answer, or DEFERRED. `out` needs at least 512 octets, and is what bounds a TCP answer below 65,535.
   * `room` octets of the limit stay free for a signature that the caller adds.
   */
  answer(query: Uint8Array, length: number, peer: Peer, out: Uint8Array, room = 0): number {
    this.room = room
    if (!this.isOfCore) this.counters.countMessage(peer.transport === 'udp')
    if (out.length < MIN_UDP_OCTETS) {
      this.counters.countNoRoom()
      return 0
    }
    try {
      return this.respond(query, length, peer, out)
    } catch (fault) {
      return this.answerFault(fault, out)
    }
  }

  private respond(octets: Uint8Array, length: number, peer: Peer, out: Uint8Array): number {
    const { query, plan, finisher, counters } = this
    const admitted = admit(query, octets, length, peer)
    if (admitted === ADMITTED.tooShort || admitted === ADMITTED.response) {
      counters.countDropped(admitted)
      return 0
    }
    if (!this.isOfCore) counters.countHeader(query.opcode, query.edns ? query.ednsVersion : -1, query.dnssecOk)
    plan.reset()
    finisher.withOptions = finisher.withCookie = this.hasProof = false
    const need = this.needOf(admitted)
    if (need !== NEEDS.nothing) return this.defer(need)
    if (this.isStale(admitted)) return this.defer(NEEDS.stale)
    if (admitted === ADMITTED.batch) return query.isCompressed ? this.expand(peer, out) : this.answerBatch(out)
    if (admitted === ADMITTED.question || admitted === ADMITTED.cookieOnly) this.consider(admitted, out)
    else plan.rcode = this.isMalformedChange() ? RCODE.FORMERR : rcodeOf(admitted)
    if (plan.isUntranslated && this.defers.intents === true) return this.defer(NEEDS.missing)
    if (plan.isMissing && this.recursion !== null && query.recursionDesired && this.isLookedFor()) return this.recall(out)
    if (this.isTooMany()) return 0
    return this.write(out, admitted === ADMITTED.unknownKey)
  }

  /** What the core is needed for before anything is known of the answer. */
  private needOf(admitted: Admitted): number {
    const { query, defers } = this
    if (query.opcode === OPCODE.UPDATE) return defers.update && query.isWhole ? NEEDS.update : NEEDS.nothing
    if (query.opcode === OPCODE.DSO) return defers.sessions === true && query.peer.transport === 'tcp' ? NEEDS.session : NEEDS.nothing
    if (query.opcode === OPCODE.AGENT && query.questions === 0) return defers.agent ? NEEDS.agent : NEEDS.nothing
    if (!defers.signed) return NEEDS.nothing
    const isUnderstood = admitted === ADMITTED.question || admitted === ADMITTED.cookieOnly || admitted === ADMITTED.batch
    return admitted === ADMITTED.unknownKey || (isUnderstood && query.sigZeroAt !== 0) ? NEEDS.signed : NEEDS.nothing
  }

  /** Whether agents may have to be asked first: for who has shown its address alone, as the core limits no rate and others are asked on its behalf. */
  private isStale(admitted: Admitted): boolean {
    const { query, defers, finisher, options } = this
    const isForAgents = admitted === ADMITTED.batch || (admitted === ADMITTED.question && query.qtype === TYPE.AGENT)
    if (defers.stale !== true || !isForAgents || !wantsFresh(query)) return false
    if (query.peer.transport !== 'udp') return true
    const outcome = finisher.judgeCookie(query, options.nowSeconds)
    return outcome === COOKIE.good || outcome === COOKIE.renew
  }

  /** An UPDATE that nobody needs to look at: one that cannot be read (RFC 2136 3.1.1). */
  private isMalformedChange(): boolean {
    return this.query.opcode === OPCODE.UPDATE && this.defers.update
  }

  /** Answers from memory where all of it is known; a name of ours that leads out is the core's, who knows both. */
  private recall(out: Uint8Array): number {
    const { query, plan, finisher, options: { remembered } } = this
    if (remembered === undefined || plan.count > 0 || plan.rcode !== RCODE.REFUSED) return this.defer(NEEDS.missing)
    plan.reset()
    plan.recursionAvailable = true
    plan.explain(EDE.STALE_ANSWER) // room is left for what may have to be said
    const known = remembered.answer(query, out, this.limitFor(out) - finisher.optOctets(query, plan))
    plan.edeCode = NO_EDE
    if (!known) return this.defer(NEEDS.missing)
    if (this.isRememberedTooOften(remembered)) return 0
    const { end, answers, authorities, rcode, edeCode, edeText, truncated } = remembered
    plan.rcode = rcode
    plan.authentic = remembered.authentic && !truncated
    if (edeCode >= 0) plan.explain(edeCode, edeText)
    const view = viewOf(out)
    const optOctets = finisher.optOctets(query, plan)
    const at = optOctets > 0 ? finisher.writeOpt(query, plan, out, view, end, optOctets) : end
    writeHeader(query, plan, truncated, view)
    writeCounts(view, 1, answers, authorities, optOctets > 0 ? 1 : 0)
    this.counters.countRemembered()
    this.counters.countResponse(rcode, truncated, false, answers, 0) // no referral, whatever its authority section holds
    this.counters.countSize(query.peer.transport === 'udp', at)
    return at
  }

  /** Whether the core shall find what is missing; who may not ask is told so (RFC 8914 4.19). */
  private isLookedFor(): boolean {
    const { plan, defers } = this
    if (plan.recursionAvailable) return defers.missing
    if (plan.rcode === RCODE.REFUSED) plan.edeCode = EDE.PROHIBITED
    return false
  }

  private defer(need: number): number {
    if (!this.isOfCore) this.counters.countDeferred(need)
    return DEFERRED
  }

  /** Answers a batch whose names point into each other as the one in which all are written out. */
  private expand(peer: Peer, out: Uint8Array): number {
    const { query, plan } = this
    const octets = expandQuestions(query)
    if (octets !== undefined && admit(query, octets, octets.length, peer) === ADMITTED.batch) return this.answerBatch(out)
    plan.rcode = RCODE.FORMERR
    return this.write(out, false)
  }

  /** Answers question after question, each limited as a query is. */
  private answerBatch(out: Uint8Array): number {
    const { query, plan, finisher, counters } = this
    const batch = (this.batch ??= new Batch(this.renderer, finisher))
    finisher.withOptions = true
    this.judgeCookie()
    if (this.isCookieDue()) {
      plan.rcode = RCODE.BADCOOKIE
      return this.write(out, false)
    }
    const limit = this.limitFor(out)
    for (let i = 0, hasRoom = batch.begin(query, plan, limit); hasRoom && i < query.questions; i++) {
      query.standAt(i)
      plan.reset()
      counters.countQuestion(query.qtype, query.qclass)
      route(query, plan, this.authority, this.chaos, this.local)
      if (this.isTooMany()) return 0
      hasRoom = batch.take(query, plan)
    }
    batch.summarize(plan)
    const at = batch.join(query, plan, out, limit)
    const view = viewOf(out)
    writeHeader(query, plan, batch.truncated, view)
    writeCounts(view, batch.questions, batch.counts[0], batch.counts[1], batch.counts[2])
    counters.countResponse(plan.rcode, batch.truncated, plan.authoritative, batch.counts[0], batch.counts[1])
    counters.countSize(query.peer.transport === 'udp', at)
    return at
  }

  /** Fills the plan for a message that was understood. */
  private consider(admitted: Admitted, out: Uint8Array): void {
    const { query, plan, counters } = this
    this.finisher.withOptions = true
    this.judgeCookie()
    if (this.recursion !== null) plan.recursionAvailable = this.recursion.holds(query.peer.address)
    if (admitted === ADMITTED.cookieOnly) {
      // RFC 7873 5.4: only a bad server cookie is an error here
      if (this.cookies === null) plan.rcode = RCODE.FORMERR
      else if (query.cookieLength > 8 && !this.hasProof) plan.rcode = RCODE.BADCOOKIE
      return
    }
    counters.countQuestion(query.qtype, query.qclass)
    if (this.isCookieDue()) plan.rcode = RCODE.BADCOOKIE
    else {
      plan.room = this.limitFor(out) - this.finisher.optOctets(query, plan) - QUESTION_AT - query.qnameLength - 4
      route(query, plan, this.authority, this.chaos, this.local)
    }
  }

  /** Whether the asker is to show a better cookie first (RFC 7873 5.2.3). */
  private isCookieDue(): boolean {
    return this.options.requireCookie === true && this.finisher.withCookie && !this.hasProof && this.query.peer.transport === 'udp'
  }

  /** Notes whether the query holds a good server cookie, and what the response's COOKIE option shall be. */
  private judgeCookie(): void {
    const outcome = this.finisher.judgeCookie(this.query, this.options.nowSeconds)
    if (outcome === undefined) return
    if (!this.isOfCore) this.counters.countCookie(outcome)
    this.hasProof = outcome === COOKIE.good || outcome === COOKIE.renew
  }

  /**
   * Whether the response is one too many for its network and must not be sent; one that slips loses its records
   * and gets TC instead. TCP and a good cookie show the asker's address, so that they are never limited (RFC 7873 5.2.5).
   */
  private isTooMany(): boolean {
    const { query: { peer }, plan, rateLimit } = this
    if (rateLimit === null || this.hasProof || peer.transport !== 'udp') return false
    const verdict = rateLimit.judge(peer.address, plan, this.options.nowSeconds())
    if (this.slips(verdict, plan.rcode)) {
      plan.count = plan.offerOctets = 0 // the barer, the less of use to who forges an address
      plan.overflowed = true
    }
    return verdict === VERDICT.drop
  }

  /** The same of what was said from memory, which is as good to hit a victim with. */
  private isRememberedTooOften(remembered: Remembered): boolean {
    const { query: { peer }, rateLimit } = this
    if (rateLimit === null || this.hasProof || peer.transport !== 'udp') return false
    const verdict = rateLimit.judgeRemembered(peer.address, remembered, this.options.nowSeconds())
    if (this.slips(verdict, remembered.rcode)) remembered.cut()
    return verdict === VERDICT.drop
  }

  /** Counts a response if it is limited; whether it goes without its records. */
  private slips(verdict: Verdict, rcode: number): boolean {
    if (verdict === VERDICT.drop) this.counters.countRateLimited()
    else if (verdict === VERDICT.slip) this.counters.countSlipped()
    return verdict === VERDICT.slip && !isBare(rcode)
  }

  /** Writes the planned response; returns its octets. */
  private write(out: Uint8Array, isBadKey: boolean): number {
    const { query, plan, renderer, finisher } = this
    const limit = this.limitFor(out)
    const optOctets = finisher.optOctets(query, plan)
    const view = viewOf(out)
    let at = renderer.render(query, plan, view, limit - optOctets)
    let additionals = renderer.counts[2]
    let truncated = renderer.truncated
    if (optOctets > 0) {
      at = finisher.writeOpt(query, plan, out, view, at, optOctets)
      additionals++
    }
    if (isBadKey) {
      const end = writeBadKey(query, out, at, limit)
      if (end === NOT_WRITTEN) truncated = true // RFC 8945 5.3: where TSIG finds no room, TC tells so
      else {
        at = end
        additionals++
      }
    }
    writeHeader(query, plan, truncated, view)
    writeCounts(view, query.hasQuestion ? 1 : 0, renderer.counts[0], renderer.counts[1], additionals)
    this.counters.countResponse(plan.rcode, truncated, plan.authoritative, renderer.counts[0], renderer.counts[1])
    this.counters.countSize(query.peer.transport === 'udp', at)
    return at
  }

  /** Octets that the response may have: over UDP what the asker takes (512 without EDNS, RFC 6891 6.2.5) and we send. */
  private limitFor(out: Uint8Array): number {
    return Math.min(responseLimit(this.query, this.udpOctets), out.length) - this.room
  }

  /** SERVFAIL with the question, for a message on which our own code failed. */
  private answerFault(fault: unknown, out: Uint8Array): number {
    this.counters.countFault()
    this.reports.report(fault)
    const { query, plan } = this
    if (query.length < HEADER_OCTETS) return 0
    plan.reset()
    plan.rcode = RCODE.SERVFAIL
    this.finisher.withOptions = false
    if (query.questions > 1) query.hasQuestion = false
    return this.write(out, false)
  }
}

/** RCODE of the response to a message that goes no further than admission. */
function rcodeOf(admitted: Admitted): number {
  switch (admitted) {
    case ADMITTED.notImplemented:
      return RCODE.NOTIMP
    case ADMITTED.badVersion:
      return RCODE.BADVERS
    case ADMITTED.unknownKey:
      return RCODE.NOTAUTH
    default:
      return RCODE.FORMERR
  }
}

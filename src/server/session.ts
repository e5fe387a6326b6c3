/**
 * One session (RFC 8490): what its client says over one TCP connection, what it has subscribed to, and what waits for it.
 *
 *     Keepalive, SUBSCRIBE ──► response        UNSUBSCRIBE, RECONFIRM ──► none
 *     what nobody may send ──► the connection is cut (RFC 8490 5.4)
 */
import { RCODE } from '../dns/codes.ts'
import { decodeDso, DSO, type DsoMessage, type DsoTlv, encodeDso, keepaliveTlv, type PushTopic, readKeepalive, readSubscribe, readUnsubscribe, retryDelayTlv } from '../dns/dso.ts'
import { unlessMalformed, WireFault } from '../dns/faults.ts'
import {
  MAX_PUSH_WAITING_OCTETS, MAX_SUBSCRIPTIONS, PUSH_BUSY_RETRY_MS, PUSH_FULL_OCTETS,
  PUSH_MALFORMED_RETRY_MS, PUSH_OCTETS_PER_LOOK, PUSH_REFUSED_RETRY_MS, SESSION_INACTIVITY_MS, SESSION_INTERVAL_MS,
} from '../dns/limits-sessions.ts'
import type { CoreMessage, Lasting } from './core-contract.ts'
import type { Pushes, Subscriber, TopicSource } from './pushes.ts'

/** What a topic comes to for somebody: it may be watched, or why not, as an RCODE. */
export type OpenTopic = (topic: PushTopic, peer: CoreMessage['peer']) => TopicSource | { readonly rcode: number }

/** What a session needs of those around it. */
export interface SessionWorld {
  readonly pushes: Pushes
  readonly open: OpenTopic
  readonly nowMs: () => number
  /** So many messages more have been sent unasked. */
  readonly onPushed: (messages: number) => void
}

/** How a request ends: the TLVs of its response, or that the connection is to be cut. */
type Outcome = { readonly rcode: number; readonly tlvs: readonly DsoTlv[] } | 'none' | 'cut'

/** How long a client may be silent, which every session is told. */
const TIMES = { inactivityMs: SESSION_INACTIVITY_MS, intervalMs: SESSION_INTERVAL_MS }
/** After how much of its time a silent session ends (RFC 8490 6.4.2, 6.5.2). */
const CUT_AFTER = 2

/** A session from its client's first request to its connection's end. */
export class Session implements Subscriber {
  private readonly connection: Lasting
  private readonly world: SessionWorld
  /** Keys of topics, by the ID of the request. */
  private readonly subscriptions = new Map<number, string>()
  private waiting: Uint8Array[] = []
  private waitingOctets = 0
  /** Octets that may be sent until the next turn. */
  private budget = PUSH_OCTETS_PER_LOOK
  /** When a message came or went last, and one that was more than a Keepalive. */
  private aliveMs: number
  private busyMs: number
  /** A request was answered as it wanted: what wants no response may come too (RFC 8490 5.1). */
  private hasBegun = false
  private isEnded = false

  constructor(connection: Lasting, world: SessionWorld) {
    this.connection = connection
    this.world = world
    this.aliveMs = this.busyMs = world.nowMs()
  }

  /** Subscriptions now. */
  get size(): number {
    return this.subscriptions.size
  }

  /** It has ended, or has given its connection back. */
  get isOver(): boolean {
    return this.isEnded
  }

  get isFull(): boolean {
    return this.waitingOctets >= PUSH_FULL_OCTETS
  }

  /** Answers a message of the client; returns the RCODE of the response, undefined where there is none. */
  take(incoming: CoreMessage): number | undefined {
    if (this.isOver) return undefined // it came before the end was known to those who read
    this.aliveMs = this.world.nowMs()
    const id = idOf(incoming.octets)
    const outcome = this.outcomeOf(incoming)
    if (outcome === 'none') return undefined
    if (outcome === 'cut' || id === 0) {
      this.cut()
      return undefined
    }
    incoming.reply(encodeDso({ id, response: true, rcode: outcome.rcode, tlvs: [...outcome.tlvs] }))
    this.hasBegun ||= outcome.rcode === RCODE.NOERROR
    this.flush()
    return outcome.rcode
  }

  push(messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      this.waiting.push(message)
      this.waitingOctets += message.length
    }
  }

  /** Sends what waits, as much as goes at once; a client that has more waiting than it may, or with whom nothing was exchanged for too long, is cut. */
  turn(): void {
    const nowMs = this.world.nowMs()
    if (this.size > 0) this.busyMs = nowMs
    this.budget = PUSH_OCTETS_PER_LOOK
    if (this.waitingOctets > MAX_PUSH_WAITING_OCTETS || nowMs - this.aliveMs > CUT_AFTER * SESSION_INTERVAL_MS) this.cut()
    else if (nowMs - this.busyMs > CUT_AFTER * SESSION_INACTIVITY_MS) this.release()
    else this.flush()
  }

  /** Nothing was subscribed to for long: whoever asks questions there goes on, whoever does not is idle. */
  private release(): void {
    this.connection.release()
    this.end()
  }

  /** Tells the client to come again, and lets the connection end. */
  close(): void {
    if (this.isOver) return
    this.connection.send(encodeDso({ id: 0, response: false, rcode: RCODE.NOERROR, tlvs: [retryDelayTlv(PUSH_BUSY_RETRY_MS)] }))
    this.release()
  }

  /** Forgets everything: the connection has ended. */
  end(): void {
    if (this.isOver) return
    this.isEnded = true
    for (const key of this.subscriptions.values()) this.world.pushes.unsubscribe(key, this)
    this.subscriptions.clear()
    this.waiting = []
    this.waitingOctets = 0
  }

  private cut(): void {
    this.connection.cut()
    this.end()
  }

  private flush(): void {
    let sent = 0
    for (; sent < this.waiting.length && this.budget > 0 && !this.isOver; sent++) {
      const message = this.waiting[sent]
      this.budget -= message.length
      this.waitingOctets -= message.length
      this.connection.send(message)
    }
    if (sent === 0) return
    this.waiting.splice(0, sent)
    this.aliveMs = this.world.nowMs() // RFC 8490 6.3: whoever sends it
    this.world.onPushed(sent)
  }

  private outcomeOf(incoming: CoreMessage): Outcome {
    const message = unlessMalformed(() => decodeDso(incoming.octets))
    if (message === undefined || message.tlvs.length === 0) return refused(RCODE.FORMERR, PUSH_MALFORMED_RETRY_MS)
    if (message.id === 0 && !this.hasBegun) return 'cut'
    const [primary] = message.tlvs
    if (primary.type !== DSO.KEEPALIVE) this.busyMs = this.aliveMs // RFC 8490 6.4: that is no activity
    try {
      return message.id === 0 ? this.note(primary) : this.answer(message, primary, incoming)
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault
      return message.id === 0 ? 'cut' : refused(RCODE.FORMERR, PUSH_MALFORMED_RETRY_MS)
    }
  }

  private answer({ id }: DsoMessage, primary: DsoTlv, { peer }: CoreMessage): Outcome {
    switch (primary.type) {
      case DSO.KEEPALIVE:
        readKeepalive(primary)
        return { rcode: RCODE.NOERROR, tlvs: [keepaliveTlv(TIMES)] }
      case DSO.SUBSCRIBE:
        return this.subscribe(id, readSubscribe(primary), peer)
      case DSO.UNSUBSCRIBE:
      case DSO.RECONFIRM:
      case DSO.PUSH:
      case DSO.RETRY_DELAY:
      case DSO.ENCRYPTION_PADDING:
        return refused(RCODE.FORMERR, PUSH_MALFORMED_RETRY_MS) // no request may be about these
      default:
        return { rcode: RCODE.DSOTYPENI, tlvs: [] }
    }
  }

  /** What wants no response. A record that the client doubts is as true as before: it is ours. */
  private note(primary: DsoTlv): Outcome {
    if (primary.type === DSO.RECONFIRM) return 'none'
    if (primary.type !== DSO.UNSUBSCRIBE) return 'cut'
    const id = readUnsubscribe(primary)
    const key = this.subscriptions.get(id)
    if (key === undefined) return 'none'
    this.subscriptions.delete(id)
    this.world.pushes.unsubscribe(key, this)
    return 'none'
  }

  private subscribe(id: number, topic: PushTopic, peer: CoreMessage['peer']): Outcome {
    const source = this.world.open(topic, peer)
    if ('rcode' in source) return refused(source.rcode, PUSH_REFUSED_RETRY_MS)
    if (this.subscriptions.has(id) || [...this.subscriptions.values()].includes(source.key)) return 'cut' // RFC 8765 6.2.1
    if (this.size >= MAX_SUBSCRIPTIONS || !this.world.pushes.subscribe(source, this)) return refused(RCODE.SERVFAIL, PUSH_BUSY_RETRY_MS)
    this.subscriptions.set(id, source.key)
    return { rcode: RCODE.NOERROR, tlvs: [] }
  }
}

/** A response that says no, and when to come again (RFC 8765 6.2.2). */
export function refused(rcode: number, delayMs: number): { rcode: number; tlvs: DsoTlv[] } {
  return { rcode, tlvs: [retryDelayTlv(delayMs)] }
}

/** The ID of a message, which is there whatever else is wrong with it. */
export function idOf(octets: Uint8Array): number {
  return (octets[0] << 8) | octets[1]
}

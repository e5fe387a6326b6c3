/**
 * One TCP connection, from its first octet to its end (RFC 7766 6, 7, 8): the rules, which are the same
 * whatever carries the octets. tcp-net.ts and tcp-epoll-connection.ts carry them.
 *
 *            chunk                     all answered                  client ends
 *     ┌─▶ reading ──▶ answering ──────────────────────▶ reading ─────────────────▶ ending ──▶ closed
 *     │                │  │ its turn is over: others first                          ▲ last answers sent
 *     │                │  └──▶ held ──▶ answering                                   │
 *     │                └─ too much unsent ──▶ held ──▶ answering, once all is sent  │
 *     └ any state ──▶ killed: idle, slow, shed, broken      malformed, stop ────────┘
 *
 * Answers to one chunk leave in one write, each with its length in front (RFC 7766 8): a third of the
 * cost of a write per answer. They leave in the order of the queries, as each is answered at once; only the
 * answers to deferred ones come later, in any order, overtaken by others (RFC 7766 6.2.1.1, 7).
 *
 *     deferred ──▶ waits for the core: not idle, not closed by the client's end or a stop before its answer
 *              └─▶ no place at the core, or too many of this connection there ──▶ held, until there are fewer
 *     kept by the core ──▶ not idle until it is released, yet closed as any other; the core's messages go by it unasked
 *              └─▶ its client does not read, and more waits for it than may ──▶ killed
 */
import {
  MAX_DEFERRED_PER_CONNECTION, MAX_MESSAGE_OCTETS, MAX_TCP_CONNECTIONS, MAX_TCP_CONNECTIONS_PER_CLIENT, MAX_TCP_MESSAGES_PER_TURN, MAX_TCP_UNSENT_OCTETS,
  TCP_FIRST_MESSAGE_MS, TCP_IDLE_MS, TCP_WRITE_OCTETS,
} from '../dns/limits.ts'
import { ReusedPeer } from './address.ts'
import { BufferPool } from './buffer-pool.ts'
import { COUNTER, type TransportCounters } from './counters.ts'
import { CALL, type Call } from './deferral-parcel.ts'
import { DEFERRED, type Handler, type OnFault } from './handler.ts'
import type { CloseReason, ConnectionLimits, Connections } from './tcp-connections.ts'
import { copyOctets, Framer, MALFORMED, NO_ROOM } from './tcp-framing.ts'

/** What a TCP server is made of, whatever carries the octets; `limits` replaces single numbers of limits.ts. */
export interface TcpOptions {
  handler: Handler
  counters: TransportCounters
  onFault: OnFault
  limits?: Partial<ConnectionLimits>
}

/** The numbers of limits.ts, for what `limits` does not say. */
export const TCP_LIMITS: Readonly<ConnectionLimits> = {
  total: MAX_TCP_CONNECTIONS,
  perClient: MAX_TCP_CONNECTIONS_PER_CLIENT,
  firstMessageMs: TCP_FIRST_MESSAGE_MS,
  idleMs: TCP_IDLE_MS,
}

/** What all connections of a thread use; each has the buffers to itself from reading a chunk until it writes. */
export class TcpShared {
  readonly handler: Handler
  readonly counters: TransportCounters
  readonly onFault: OnFault
  readonly connections: Connections
  readonly pool = new BufferPool()
  /** Whether what the handler defers has somewhere to go; else it is met with silence. */
  readonly canDefer: boolean
  /** The query being answered. */
  readonly query = new Uint8Array(MAX_MESSAGE_OCTETS)
  /** Its answer. */
  readonly out = new Uint8Array(MAX_MESSAGE_OCTETS)
  /** Answers on their way to one write. */
  readonly joined: Uint8Array<ArrayBuffer> = new Uint8Array(new ArrayBuffer(TCP_WRITE_OCTETS))

  constructor({ handler, counters, onFault }: TcpOptions, connections: Connections, canDefer: boolean) {
    this.canDefer = canDefer
    this.handler = handler
    this.counters = counters
    this.onFault = onFault
    this.connections = connections
  }
}

/** A connection; it is in the table of connections from `begin` to its end. Whoever calls has told the table the time. */
export abstract class TcpConnection {
  readonly peer = new ReusedPeer('tcp')
  protected readonly shared: TcpShared
  protected readonly framer: Framer
  protected slot = -1
  /** No more is answered until `proceed`. */
  protected isHeld = false
  private isStopping = false
  /** Messages at the core, whose answers will come. */
  private waiting = 0
  /** The core wants it to last, and hears when it ends. */
  private isKept = false
  /** A message that found no place at the core, until it does; `stuckOctets` long. */
  private stuck: Uint8Array<ArrayBuffer> | undefined
  private stuckOctets = 0
  /** Why it ends, once nothing waits. */
  private ending: CloseReason | undefined
  private joinedOctets = 0
  private reason: CloseReason | undefined

  protected constructor(shared: TcpShared) {
    this.shared = shared
    this.framer = new Framer(shared.query, shared.pool)
  }

  /** Answers wait for the client to read them. */
  abstract get isSlow(): boolean
  /** So many answers wait that no further query may be answered. */
  protected abstract get isFull(): boolean
  /** Octets of answers in our memory, as the client has not read those before them. */
  protected abstract get unsentOctets(): number
  /** Sends the first octets of `shared.joined`, or keeps a copy of what the kernel does not take. */
  protected abstract write(octets: number): void
  /** Reads no more from the client, which is counted where it is for its slowness; `proceed` is called after others had their turn or, where `isFull`, when all is sent. */
  protected abstract hold(): void
  /** Reads no more from the client until `resume`. */
  protected abstract rest(): void
  /** Has `proceed` called after DEFER_RETRY_MS. */
  protected abstract retryLater(): void
  /** Hands a message to the core; false where too many wait there. */
  protected abstract handOn(query: Uint8Array, length: number): boolean
  /** Tells the core that a connection that it keeps, or wants to keep, has ended. */
  protected abstract tellEnd(): void
  /** Reads again. */
  protected abstract resume(): void
  /** Sends what is left to send, then closes; `isAllRead` where the client will send no more and all of it is read. */
  protected abstract closeSoon(isAllRead: boolean): void
  /** Closes at once, whatever is left; a reset frees the kernel's memory too. */
  protected abstract cut(isReset: boolean): void

  /** Starts a life in `slot` of the table. */
  protected begin(slot: number): void {
    this.slot = slot
    this.isHeld = this.isStopping = this.isKept = false
    this.reason = this.ending = undefined
    this.waiting = 0
  }

  /** Whether the client waits for the core, so that its silence is no idleness. */
  get isWaiting(): boolean {
    return this.waiting > 0 || this.stuck !== undefined
  }

  /** Whether it is ending or has ended. */
  protected get isOver(): boolean {
    return this.reason !== undefined
  }

  /** Ends at once. Where octets are left to read or send, or in a flood, by a reset. */
  kill(reason: CloseReason): void {
    this.count(reason)
    this.cut(reason !== 'tcpClosedIdle' && reason !== 'tcpClosedSilent')
    this.leave()
  }

  /** Ends once the queries already read are answered and the answers sent. */
  stop(): void {
    this.isStopping = true
    if (!this.isHeld && !this.isOver) this.endSoon('tcpClosedStop')
  }

  /** Takes what the core says, with or without a message; `delivered` must follow before any other connection is served. */
  deliver(octets: Uint8Array | undefined, call: Call): void {
    if (call === CALL.cut) return this.kill('tcpClosedCut')
    if (this.isOver) return this.deliverLate(octets, call)
    if (call === CALL.last) this.waiting--
    else if (call === CALL.keep || call === CALL.release) this.keep(call === CALL.keep)
    if (octets === undefined) return
    if (call === CALL.unasked && this.unsentOctets + this.joinedOctets + 2 + octets.length > MAX_TCP_UNSENT_OCTETS) this.kill('tcpClosedSlow')
    else this.join(octets, octets.length)
  }

  private deliverLate(octets: Uint8Array | undefined, call: Call): void {
    if (octets !== undefined) this.shared.counters[COUNTER.deferLate]++
    if (call === CALL.keep) this.tellEnd()
  }

  private keep(isKept: boolean): void {
    this.isKept = isKept
    if (isKept) this.shared.connections.keep(this.slot)
    else this.shared.connections.release(this.slot)
  }

  /** Sends what was delivered, and goes on with what waited for it. */
  delivered(): void {
    this.flush()
    if (this.isOver) return
    this.shared.connections.touch(this.slot)
    if (this.ending !== undefined && !this.isWaiting) this.end(this.ending)
    else if (!this.isFull) this.proceed()
  }

  /** Answers the queries in `length` octets that have arrived. */
  protected read(chunk: Uint8Array, length: number): void {
    if (this.isOver) return
    this.framer.push(chunk, length)
    if (!this.isHeld) this.pump()
  }

  /** Goes on after `hold`. */
  protected proceed(): void {
    if (!this.isHeld || this.isOver) return
    if (this.stuck !== undefined && !this.unstick(this.stuck)) return this.retryLater()
    this.isHeld = false
    this.pump()
    if (!this.isHeld && !this.isOver) this.resume()
  }

  /** All that was read is answered, and a stop was asked for: ends, unless more is known to have arrived. */
  protected stopReading(): void {
    this.endSoon('tcpClosedStop')
  }

  /** As `end`, but after the answers that are still to come from the core. */
  protected endSoon(reason: CloseReason): void {
    if (!this.isWaiting) return this.end(reason)
    this.ending ??= reason
    this.isHeld = true
    this.rest()
  }

  /** Sends what is left to send, then closes. A client that does not read it is killed when its idle time is over. */
  protected end(reason: CloseReason): void {
    this.count(reason)
    this.closeSoon(reason === 'tcpClosedByClient')
  }

  /** Leaves the table and gives its memory back; nothing happens where it has left already. */
  protected leave(): void {
    if (this.slot < 0) return
    this.shared.connections.remove(this.slot)
    this.slot = -1
    this.framer.reset()
    if (this.stuck !== undefined) this.shared.pool.giveBack(this.stuck)
    this.stuck = undefined
  }

  /** Counts why it ends; the first reason is the true one. */
  protected count(reason: CloseReason): void {
    if (this.isOver) return
    this.reason = reason
    this.shared.counters[COUNTER[reason]]++
    if (this.isKept) this.tellEnd() // nothing more is sent by it, though what is left may take its time
  }

  /** Answers what has arrived, as far as this turn and the client's reading allow. */
  private pump(): void {
    const { connections } = this.shared
    let taken = 0
    let length = 0
    while (taken < MAX_TCP_MESSAGES_PER_TURN && !this.isFull && !this.isOver && !this.isFullAtCore) {
      length = this.framer.next()
      if (length < 0) break
      this.answer(length)
      taken++
    }
    this.flush()
    if (this.isOver) return
    if (taken > 0) connections.touch(this.slot)
    if (length === MALFORMED) this.endSoon('tcpClosedMalformed')
    else if (length === NO_ROOM) this.kill('tcpShedMemory')
    else if (length >= 0) this.pause()
    else if (this.isStopping) this.stopReading()
    else if (this.ending !== undefined) this.endSoon(this.ending)
  }

  private get isFullAtCore(): boolean {
    return this.stuck !== undefined || this.waiting >= MAX_DEFERRED_PER_CONNECTION
  }

  private pause(): void {
    this.isHeld = true
    if (this.isFull || !this.isFullAtCore) return this.hold()
    this.shared.counters[COUNTER.deferHeld]++
    this.rest()
    if (this.stuck !== undefined) this.retryLater()
  }

  private answer(length: number): void {
    const { handler, counters, onFault, query, out } = this.shared
    counters[COUNTER.tcpReceived]++
    let size = 0
    try {
      size = handler(query, length, this.peer, out)
    } catch (fault) {
      counters[COUNTER.handlerFaults]++
      onFault(fault)
      return
    }
    if (size > 0) this.join(out, size)
    else if (size === DEFERRED && this.shared.canDefer) this.defer(length)
    else counters[COUNTER.tcpSilent]++
  }

  /** Puts an answer behind those that leave with the next write. */
  private join(answer: Uint8Array, size: number): void {
    const { counters, joined } = this.shared
    if (this.joinedOctets + 2 + size > joined.length) this.flush()
    const at = this.joinedOctets
    joined[at] = size >>> 8
    joined[at + 1] = size
    copyOctets(answer, 0, joined, at + 2, size)
    this.joinedOctets = at + 2 + size
    counters[COUNTER.tcpSent]++
  }

  /** Hands the query to the core; where it finds no place there, it is kept and nothing more is read. */
  private defer(length: number): void {
    const { query, pool } = this.shared
    if (this.handOn(query, length)) {
      this.waiting++
      return
    }
    const stuck = pool.lend(length)
    if (stuck === undefined) return this.kill('tcpShedMemory')
    copyOctets(query, 0, stuck, 0, length)
    this.stuck = stuck
    this.stuckOctets = length
  }

  /** Tries once more to hand on the message that found no place. */
  private unstick(stuck: Uint8Array<ArrayBuffer>): boolean {
    if (!this.handOn(stuck, this.stuckOctets)) return false
    this.shared.pool.giveBack(stuck)
    this.stuck = undefined
    this.waiting++
    return true
  }

  private flush(): void {
    const octets = this.joinedOctets
    if (octets === 0) return
    this.joinedOctets = 0
    if (this.isOver) return
    this.shared.counters[COUNTER.tcpWrites]++
    this.write(octets)
  }
}

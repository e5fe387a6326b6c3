/**
 * A client's side of a session over one TCP connection (RFC 8490): it opens with a Keepalive, a request waits for its response, a
 * Keepalive goes whenever the session would be silent for too long, and whatever is late, malformed or unheard of ends it. It ends once, and says why.
 *
 *     connect ──▶ Keepalive ──response──▶ open ──request, response, PUSH …──▶ ended: why, and when to come back
 *                                          └── 80 % of the interval later: Keepalive
 *
 * The inactivity timeout of RFC 8490 6.4 runs where nothing is subscribed or asked: that never is so here.
 * We differ: RFC 8765 5 wants TLS; Waggle pushes what everybody may ask for, over plain TCP.
 */
import type { Duplex } from 'node:stream'
import { printRcode, RCODE } from '../dns/codes.ts'
import { decodeDso, DSO, type DsoMessage, type DsoTlv, encodeDso, keepaliveTlv, type KeepaliveTimes, type PushChange, readKeepalive, readPush, readRetryDelay } from '../dns/dso.ts'
import { WireFault } from '../dns/faults.ts'
import { CLIENT_LEAST_INTERVAL_MS, SESSION_INACTIVITY_MS, SESSION_INTERVAL_MS } from '../dns/limits-sessions.ts'
import { MAX_MESSAGE_OCTETS } from '../dns/limits.ts'
import type { Endpoint } from '../transport/address.ts'
import { Framer, NEED_MORE } from '../transport/tcp-framing.ts'
import { wordsFor } from './ask.ts'

/** The world of a session. */
export interface LinkWorld {
  /** A connection under way, as of `node:net`: it emits `connect` when it stands. */
  connect(server: Endpoint): Duplex
  /** Calls `work` after `delayMs`; the function given back forgets it. */
  after(delayMs: number, work: () => void): () => void
}

/** Why a session has ended. */
export interface LinkEnd {
  /** In words that complete `Lost 127.0.0.1:5300: …`. */
  reason: string
  /** The server's code where it refused a request; undefined where something else came between. */
  rcode?: number
  /** Milliseconds within which the server wants to see nobody (RFC 8490 7.2). */
  retryMs?: number
}

/** Whom to speak to, and who is told what comes of it. */
export interface LinkOptions {
  server: Endpoint
  /** Milliseconds to wait for the connection, and for each response. */
  timeoutMs: number
  /** The server has agreed to a session. */
  onOpen(): void
  onPush(changes: PushChange[]): void
  /** It is over; nothing else is told afterwards. */
  onEnd(end: LinkEnd): void
}

interface Pending {
  /** Called with a response of code NOERROR; any other ends the session. */
  take: (response: DsoMessage) => void
  forget: () => void
}

/** The longest that a timer of Node runs, in milliseconds: 24 days. What a server wants beyond that comes sooner. */
export const LONGEST_TIMER = 0x7fff_ffff

/** What we wish for; the server decides. */
const WISHED: KeepaliveTimes = { inactivityMs: SESSION_INACTIVITY_MS, intervalMs: SESSION_INTERVAL_MS }
/** An interval that means never (RFC 8490 6.5.2). */
const FOREVER = 0xffff_ffff
/** Part of the interval after which a Keepalive is sent: it should be there when the interval ends. */
const KEPT_AT = 0.8
const LENGTH_OCTETS = 2

/** One session; see above. */
export class DsoLink {
  private readonly options: LinkOptions
  private readonly world: LinkWorld
  private readonly socket: Duplex
  private readonly framer = new Framer()
  private readonly pending = new Map<number, Pending>()
  private forgetKeepalive: () => void = () => undefined
  private forgetConnecting: () => void
  private intervalMs = FOREVER
  private lastId = 0
  /** Of the request for what is pushed: it stands as long as the session (RFC 8765 6.2.1). */
  private subscribedId = 0
  private isOver = false

  constructor(options: LinkOptions, world: LinkWorld) {
    this.options = options
    this.world = world
    this.forgetConnecting = this.deadline('no connection')
    this.socket = world.connect(options.server)
    this.socket.on('connect', () => this.open())
    this.socket.on('data', (chunk: Uint8Array) => this.receive(chunk))
    this.socket.on('error', (fault) => this.end({ reason: wordsForEnd(fault) }))
    for (const event of ['end', 'close']) this.socket.on(event, () => this.end({ reason: 'the server closed the connection' }))
  }

  /** Sends a request, and gives `take` the response if it is good. */
  request(tlv: DsoTlv, take: Pending['take']): void {
    if (this.isOver) return
    const id = this.nextId()
    if (tlv.type === DSO.SUBSCRIBE) this.subscribedId = id
    this.pending.set(id, { take, forget: this.deadline('no response') })
    this.send({ id, response: false, rcode: RCODE.NOERROR, tlvs: [tlv] })
  }

  /** Ends the session without a word to anybody. */
  close(): void {
    if (this.isOver) return
    this.isOver = true
    this.forgetConnecting()
    this.forgetKeepalive()
    for (const { forget } of this.pending.values()) forget()
    this.pending.clear()
    this.socket.destroy()
  }

  private end(end: LinkEnd): void {
    if (this.isOver) return
    this.close()
    this.options.onEnd(end)
  }

  private deadline(missing: string): () => void {
    const { timeoutMs } = this.options
    return this.world.after(timeoutMs, () => this.end({ reason: `${missing} within ${timeoutMs} ms` }))
  }

  private open(): void {
    this.forgetConnecting()
    this.request(keepaliveTlv(WISHED), (response) => {
      this.agree(response)
      if (!this.isOver) this.options.onOpen()
    })
  }

  /** Takes the times that a response to a Keepalive names: one TLV of its kind (RFC 8490 7.1). */
  private agree({ tlvs }: DsoMessage): void {
    const told = tlvs.filter(({ type }) => type === DSO.KEEPALIVE)
    if (told.length !== 1) throw new WireFault('Cannot read response as it must hold one Keepalive', 0)
    this.keep(readKeepalive(told[0]))
  }

  /** From now on it is silent for no longer than this. */
  private keep({ intervalMs }: KeepaliveTimes): void {
    if (intervalMs < CLIENT_LEAST_INTERVAL_MS) return this.end({ reason: `it wants a Keepalive every ${intervalMs} ms, which is too often` }) // RFC 8490 6.5.2
    this.intervalMs = intervalMs
    this.keepLater()
  }

  private keepLater(): void {
    this.forgetKeepalive()
    if (this.isOver || this.intervalMs === FOREVER) return
    const delayMs = Math.min(LONGEST_TIMER, Math.floor(this.intervalMs * KEPT_AT))
    this.forgetKeepalive = this.world.after(delayMs, () => this.request(keepaliveTlv(WISHED), (response) => this.agree(response)))
  }

  private send(message: DsoMessage): void {
    const octets = encodeDso(message)
    const framed = new Uint8Array(LENGTH_OCTETS + octets.length)
    framed.set([octets.length >>> 8, octets.length & 0xff])
    framed.set(octets, LENGTH_OCTETS)
    this.socket.write(framed)
    if (this.socket.writableLength > MAX_MESSAGE_OCTETS) this.end({ reason: 'it reads nothing of what it is sent' })
    this.keepLater()
  }

  /** An ID that no request under way has (RFC 8490 5.5.2), and never 0. */
  private nextId(): number {
    do this.lastId = (this.lastId % 0xffff) + 1
    while (this.pending.has(this.lastId) || this.lastId === this.subscribedId)
    return this.lastId
  }

  private receive(chunk: Uint8Array): void {
    this.framer.push(chunk)
    while (!this.isOver) {
      const size = this.framer.next()
      if (size === NEED_MORE) return
      if (size < 0) return this.end({ reason: 'what it sends cannot be read: a length is less than that of a header' })
      try {
        this.read(this.framer.message.subarray(0, size))
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw fault
        this.end({ reason: `what it sends cannot be read: ${fault.message}` })
      }
    }
  }

  private read(octets: Uint8Array): void {
    const message = decodeDso(octets)
    const [first] = message.tlvs as (DsoTlv | undefined)[]
    if (message.response) return this.readResponse(message)
    if (message.id !== 0) return this.readRequest(message.id, first)
    switch (first?.type) {
      case DSO.PUSH:
        return this.options.onPush(readPush(octets, first))
      case DSO.KEEPALIVE:
        return this.keep(readKeepalive(first))
      case DSO.RETRY_DELAY:
        return this.end({ reason: `it ends the session (${printRcode(message.rcode)})`, retryMs: readRetryDelay(first) })
      default:
        this.end({ reason: 'it sends what is not known here' }) // RFC 8490 5.4.5
    }
  }

  private readResponse(response: DsoMessage): void {
    const { id, rcode, tlvs } = response
    const pending = this.pending.get(id)
    if (pending === undefined) return this.end({ reason: 'it answers what was not asked' }) // RFC 8490 5.5.2
    this.pending.delete(id)
    pending.forget()
    if (rcode === RCODE.NOERROR) return pending.take(response)
    const delay = tlvs.find(({ type }) => type === DSO.RETRY_DELAY)
    this.end({ reason: printRcode(rcode), rcode, ...(delay && { retryMs: readRetryDelay(delay) }) })
  }

  /** A server may ask, though there is nothing that it could ask of us (RFC 8490 5.4.5); not by a Keepalive (7.1). */
  private readRequest(id: number, first: DsoTlv | undefined): void {
    if (first?.type === DSO.KEEPALIVE) return this.end({ reason: 'it sends a Keepalive that wants a response' })
    this.send({ id, response: true, rcode: first === undefined ? RCODE.FORMERR : RCODE.DSOTYPENI, tlvs: [] })
  }
}

/** A reset is what a server ends a session by. */
function wordsForEnd(fault: Error): string {
  return (fault as NodeJS.ErrnoException).code === 'ECONNRESET' ? 'the server closed the connection' : wordsFor(fault)
}

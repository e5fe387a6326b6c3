/**
 * Who watches a capability: is told who comes, who goes and who changes, within the moment, instead of asking again and again (RFC 8765).
 *
 *     const watching = watch('translate.text.nlp._cap.acme.example', { server: '127.0.0.1:5300' })
 *     for await (const { kind, record } of watching) console.log(kind, printRecord(record))
 *
 *     connecting ──connected──▶ SUBSCRIBE ──subscribed──▶ changes … ──1 s without anything new──▶ the set is complete
 *         ▲                         │ no session, REFUSED, NOTAUTH, no DNS Push: it is over, and the iteration says why
 *         └──── later, longer and longer ◀──lost, late, malformed, busy, Retry Delay──┘
 *
 * A connection that is lost changes nothing: what stood there is told again in the next session, and what differs is a change then.
 */
import { randomInt } from 'node:crypto'
import { connect } from 'node:net'
import { nameOrUrl } from '../discovery/identifier/capability.ts'
import { CLASS, parseClass, parseType, printRcode, printType, RCODE, TYPE } from '../dns/codes.ts'
import { type PushChange, type PushTopic, subscribeTlv } from '../dns/dso.ts'
import { CLIENT_WATCH_SETTLE_MS, MAX_PUSH_RECORDS, MAX_WATCHED_OCTETS } from '../dns/limits-sessions.ts'
import type { DnsRecord } from '../dns/message.ts'
import { printEndpoint, type Endpoint } from '../transport/address.ts'
import { DsoLink, LONGEST_TIMER, type LinkEnd, type LinkWorld } from './dso-link.ts'
import { PushedRecords, type WatchChange } from './pushed-records.ts'
import { retryDelayMs, type Chance } from './renewal.ts'
import { serverAt } from './server-address.ts'
import { WatchQueue } from './watch-queue.ts'

/** The world of who watches; each part may be replaced, as tests do. */
export interface WatchWorld extends LinkWorld {
  chance: Chance
}

/** What a watching tells of itself. */
export type WatchEvent =
  /** The server has agreed to a session. */
  | { kind: 'connected' }
  /** It pushes from now on. */
  | { kind: 'subscribed' }
  /** The session has ended, or never began; the next try comes in `nextMs`. */
  | { kind: 'lost'; reason: string; nextMs: number }

/** Whom to ask, and what for. */
export interface WatchOptions {
  /** `127.0.0.1:5300`, `[::1]:5300`. */
  server: string
  /** A mnemonic such as SENSE, or TYPE and a number; ANY for all. Default AGENT. */
  type?: string
  /** IN, LOCAL, CH, or CLASS and a number; ANY for all. Default IN. */
  class?: string
  /** Milliseconds to wait for the connection, and for each response; default 2,000. */
  timeoutMs?: number
  onEvent?: (event: WatchEvent) => void
  world?: Partial<WatchWorld>
}

/** Thrown by the iteration where nothing can be watched: `rcode` is the server's, −1 where it did not refuse. */
export class WatchFault extends Error {
  override readonly name = 'WatchFault'
  readonly rcode: number

  constructor(message: string, rcode: number) {
    super(message)
    this.rcode = rcode
  }
}

const SYSTEM: WatchWorld = {
  connect: ({ host, port }) => connect({ host, port, noDelay: true, keepAlive: true }),
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs)
    return () => clearTimeout(timer)
  },
  chance: () => randomInt(0x1_0000_0000) / 0x1_0000_0000,
}

/** What a server that knows no session, or no DNS Push in it, may answer (RFC 8490 5.1). */
const KNOWS_NO_PUSH = new Set<number>([RCODE.NOTIMP, RCODE.DSOTYPENI])
/** What a server may answer that knows sessions, but cannot have another just now. */
const MAY_COME_AGAIN = new Set<number>([RCODE.SERVFAIL, RCODE.REFUSED, RCODE.NOTAUTH])

/**
 * Watches what stands at a capability: a name, or `agent://acme.example/nlp/text/translate/v2`; of any other name what has the type. It begins at once, and goes on until `close`,
 * or until the server refuses. TypeError where server, type or class cannot be read; TextFault where the name cannot.
 */
export function watch(name: string, options: WatchOptions): Watching {
  const server = serverAt(options.server)
  const type = options.type === undefined ? TYPE.AGENT : parseType(options.type)
  if (type === undefined) throw new TypeError(`Cannot use type "${options.type}" as it must be a mnemonic such as AGENT, or TYPE and a number`)
  const rrClass = options.class === undefined ? CLASS.IN : parseClass(options.class)
  if (rrClass === undefined) throw new TypeError(`Cannot use class "${options.class}" as it must be IN, LOCAL, CH, or CLASS and a number`)
  return new Watching({ name: nameOrUrl(name), type, class: rrClass }, server, options)
}

/** Changes, one by one; made by `watch`. */
export class Watching implements AsyncIterableIterator<WatchChange, undefined> {
  private readonly topic: PushTopic
  private readonly server: Endpoint
  private readonly timeoutMs: number
  private readonly onEvent: (event: WatchEvent) => void
  private readonly world: WatchWorld
  private readonly known: PushedRecords
  private readonly queue = new WatchQueue()
  private link: DsoLink | undefined
  /** The server has agreed to the session under way; and it pushes in it. */
  private isOpen = false
  private isSubscribed = false
  private isOver = false
  private failures = 0
  /** Forgets the next try, or that the set is complete: never both are due. */
  private forget: () => void = () => undefined

  /** @internal */
  constructor(topic: PushTopic, server: Endpoint, { timeoutMs = 2_000, onEvent = () => undefined, world }: WatchOptions) {
    this.topic = topic
    this.server = server
    this.timeoutMs = timeoutMs
    this.onEvent = onEvent
    this.world = { ...SYSTEM, ...world }
    this.known = new PushedRecords(topic)
    this.connect()
  }

  /** What stands there now, as far as it was told; while the connection is lost, what stood there before. */
  get records(): readonly DnsRecord[] {
    return this.known.all
  }

  /**
   * The next change. Who keeps up is told every step; who is far behind, what has come of each record since. Done after `close`; WatchFault where the server
   * refuses, or tells of more than can be kept.
   */
  next(): Promise<IteratorResult<WatchChange, undefined>> {
    return this.queue.next()
  }

  /** Ends the iteration, the connection and every timer: what `break` in a loop does. */
  return(): Promise<IteratorResult<WatchChange, undefined>> {
    this.close()
    return this.queue.next()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** Watches no longer. */
  close(): void {
    this.finish()
  }

  private connect(): void {
    this.link = new DsoLink({
      server: this.server,
      timeoutMs: this.timeoutMs,
      onOpen: () => this.subscribe(),
      onPush: (changes) => this.take(changes),
      onEnd: (end) => this.lose(end),
    }, this.world)
  }

  private subscribe(): void {
    this.isOpen = true
    this.known.begin()
    this.onEvent({ kind: 'connected' })
    this.link?.request(subscribeTlv(this.topic), () => {
      this.isSubscribed = true
      this.completeLater()
      this.onEvent({ kind: 'subscribed' })
    })
  }

  private take(changes: readonly PushChange[]): void {
    const { toldCount } = this.known
    for (const change of changes) {
      this.queue.put(this.known.take(change))
      if (this.known.isOverfull) return this.finish(this.faultFor(`it has more than ${MAX_PUSH_RECORDS} records, or ${MAX_WATCHED_OCTETS} octets of them`, -1))
    }
    if (this.isSubscribed && this.known.toldCount > toldCount) this.completeLater()
  }

  /** Readings that come all the time do not put it off: what counts is what this session had not told before. */
  private completeLater(): void {
    this.forget()
    this.forget = this.world.after(CLIENT_WATCH_SETTLE_MS, () => {
      this.failures = 0
      this.queue.put(this.known.complete())
    })
  }

  private lose(end: LinkEnd): void {
    const refusal = this.refusalIn(end)
    this.forget()
    this.link = undefined
    this.isOpen = this.isSubscribed = false
    if (refusal !== undefined) return this.finish(this.faultFor(refusal, end.rcode ?? -1))
    const nextMs = Math.min(LONGEST_TIMER, Math.max(end.retryMs ?? 0, retryDelayMs(++this.failures, this.world.chance)))
    this.forget = this.world.after(nextMs, () => this.connect())
    this.onEvent({ kind: 'lost', reason: end.reason, nextMs })
  }

  /** Why no later try would go better; undefined where one may. */
  private refusalIn({ rcode }: LinkEnd): string | undefined {
    if (rcode === undefined) return undefined
    const said = printRcode(rcode)
    if (KNOWS_NO_PUSH.has(rcode) || (!this.isOpen && !MAY_COME_AGAIN.has(rcode))) return `${said}: it knows no DNS Push (RFC 8765); is it Waggle, and a version that does?`
    if (rcode === RCODE.REFUSED) return `${said}: it does not push to this network; its config says who may watch`
    if (rcode === RCODE.NOTAUTH) return `${said}: the name is in no zone of this server; watch it at one that serves its zone`
    return undefined
  }

  private faultFor(reason: string, rcode: number): WatchFault {
    return new WatchFault(`Cannot watch ${this.topic.name} ${printType(this.topic.type)} at ${printEndpoint(this.server)}: ${reason}`, rcode)
  }

  private finish(fault?: WatchFault): void {
    if (this.isOver) return
    this.isOver = true
    this.forget()
    this.link?.close()
    this.queue.end(fault)
  }
}

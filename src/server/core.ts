/**
 * The slow path: messages that cannot be answered at once, as they change a zone or are signed. One for the whole
 * server, on a thread that answers nothing else, so that a disk or a signature never keeps a question waiting.
 *
 *     handle ──▶ line of its network (fair-queue.ts) ──▶ decode ──▶ who sent it? ──▶ update | agent | query
 *                                                          │            │                       │
 *                                                       FORMERR   NOTAUTH, REFUSED              ▼
 *                                                          └────────────┴──▶ encode ──▶ sign ──▶ reply
 *
 * Whatever comes of it, each message ends with one reply or in silence, as sockets and clients wait for it. A
 * fault of ours gives SERVFAIL and a report.
 */
import { Query } from '../authority/query.ts'
import { EDE, OPCODE, RCODE } from '../dns/codes.ts'
import { unlessMalformed } from '../dns/faults.ts'
import { CORE_MESSAGE_OCTETS, CORE_MESSAGES_PER_TURN, CORE_WAIT_MS, DEFAULT_UDP_OCTETS, MAX_CORE_RUNNING, MAX_MESSAGE_OCTETS } from '../dns/limits.ts'
import { decodeMessage, type Message } from '../dns/message.ts'
import type { Signer } from '../update/contract.ts'
import { ADMITTED, admit } from './admit.ts'
import { withoutSignature } from './bare-query.ts'
import { COOKIE, type Cookies } from './cookies.ts'
import type { Authentication, CoreHandlers, CoreMessage, MessageAuthenticator, Reply } from './core-contract.ts'
import { cutToQuestion, type EncodedResponse, responseLimit, ResponseWriter, TC } from './core-response.ts'
import type { Counters } from './counters.ts'
import { FaultReports } from './fault-reports.ts'
import { FairQueue, type FairQueueLimits } from './fair-queue.ts'
import { Finisher } from './finish.ts'
import { networkOf } from './network-shares.ts'
import { NOT_WRITTEN, writeBadKey } from './tsig.ts'

/** What of the config shapes responses; as in ServerOptions. */
export interface CoreSettings {
  readonly udpOctets?: number
  readonly nsid?: Uint8Array
  readonly cookies?: Cookies
  readonly requireCookie?: boolean
  readonly keepalive?: number
}

/** What the core is made of. */
export interface CoreOptions extends CoreSettings {
  readonly handlers: CoreHandlers
  /** Without it no key is known: what is signed by TSIG is answered BADKEY, SIG(0) is not looked at. */
  readonly authenticator?: MessageAuthenticator
  readonly counters: Counters
  /** Unix time in seconds. */
  readonly nowSeconds: () => number
  /** Milliseconds of a clock that does not jump. */
  readonly nowMs: () => number
  /** Runs once what is under way has had its turn. */
  readonly soon: (run: () => void) => void
  /** Runs after so many milliseconds. */
  readonly after: (delayMs: number, run: () => void) => void
  /** Told of a fault of ours, at most once in FAULT_REPORT_SECONDS, with how many were not told since the last. */
  readonly onFault: (fault: unknown, untold: number) => void
  readonly limits?: Partial<FairQueueLimits & { running: number }>
}

/** A message on its way through. */
interface Task {
  message: CoreMessage
  network: string
  price: number
  sinceMs: number
  done: () => void
}

/** The core. */
export class Core {
  private readonly options: CoreOptions
  private readonly queue: FairQueue<Task>
  private settings: CoreSettings
  private writer: ResponseWriter
  private running = 0
  private isDue = false
  private isResting = false
  private whenIdle: (() => void)[] = []
  private readonly reports: FaultReports
  /** Where answers are written, and copied from before anything else is. */
  private readonly out = new Uint8Array(MAX_MESSAGE_OCTETS)

  constructor(options: CoreOptions) {
    this.options = options
    this.reports = new FaultReports(options.nowSeconds, options.onFault)
    this.queue = new FairQueue(options.limits)
    this.settings = options
    this.writer = writerFor(options)
  }

  /** Answers by these settings from the next response on. */
  settle(settings: CoreSettings): void {
    this.settings = settings
    this.writer = writerFor(settings)
  }

  /** Messages that wait or are under way. */
  get size(): number {
    return this.queue.size + this.running
  }

  /** Answers a message; `done` is called when its last octets, or the word that there are none, have been handed back. */
  take(message: CoreMessage, done: () => void = () => undefined): void {
    const nowMs = this.options.nowMs()
    const price = message.octets.length + CORE_MESSAGE_OCTETS
    const network = networkOf(message.peer.address)
    this.queue.push(network, price, { message, network, price, sinceMs: nowMs, done }, nowMs)
    this.goOn()
  }

  /** The same; resolves where `take` calls `done`. Never rejects. */
  handle(message: CoreMessage): Promise<void> {
    return new Promise((done) => this.take(message, done))
  }

  /** Resolves when nothing waits and nothing is under way. */
  idle(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.whenIdle.push(resolve))
  }

  private goOn(): void {
    if (this.isDue) return
    this.isDue = true
    this.options.soon(() => {
      this.isDue = false
      this.turn()
    })
  }

  /** Begins what may begin, up to a turn's worth. */
  private turn(): void {
    const { nowMs, after, limits } = this.options
    const most = limits?.running ?? MAX_CORE_RUNNING
    for (let begun = 0; begun < CORE_MESSAGES_PER_TURN && this.running < most; begun++) {
      const task = this.queue.shift(nowMs())
      if (task === undefined) break
      this.running++
      this.run(task)
    }
    if (this.queue.size === 0 || this.running >= most) return
    const restMs = this.queue.restMs(nowMs())
    if (restMs === undefined) return this.goOn()
    if (this.isResting) return
    this.isResting = true
    after(Math.ceil(restMs), () => {
      this.isResting = false
      this.turn()
    })
  }

  // A promise for each message and each step of it would outlive many a collection of garbage: there is one only where something is waited for.

  private run(task: Task): void {
    const { message, sinceMs } = task
    const isTooLate = message.peer.transport === 'udp' && this.options.nowMs() - sinceMs > CORE_WAIT_MS
    try {
      if (isTooLate) message.drop()
      const isWorth = !isTooLate && this.answer(message)
      if (isWorth instanceof Promise) isWorth.then((settled) => this.end(task, settled), (fault: unknown) => this.fail(task, fault))
      else this.end(task, isWorth)
    } catch (fault) {
      this.fail(task, fault)
    }
  }

  /** One in our response to a fault, or in handing it back. */
  private fail(task: Task, fault: unknown): void {
    this.reports.report(fault)
    task.message.drop()
    this.end(task, false)
  }

  private end({ network, price, done }: Task, isWorth: boolean): void {
    if (isWorth) this.queue.refund(network, price)
    this.running--
    done()
    if (this.queue.size > 0) this.goOn()
    else if (this.running === 0) for (const resolve of this.whenIdle.splice(0)) resolve()
  }

  /** Answers; whether it was worth its price. */
  private answer(incoming: CoreMessage): boolean | Promise<boolean> {
    const { octets, peer } = incoming
    const query = new Query()
    const admitted = admit(query, octets, octets.length, peer, new DataView(octets.buffer, octets.byteOffset, octets.length))
    if (admitted === ADMITTED.tooShort || admitted === ADMITTED.response) {
      incoming.drop()
      return false
    }
    if (query.opcode === OPCODE.DSO && this.options.handlers.session !== undefined) return this.takeOfSession(incoming, this.options.handlers.session)
    const message = unlessMalformed(() => decodeMessage(octets))
    if (message === undefined) return this.refuse(incoming, query, { rcode: RCODE.FORMERR })
    if (query.edns && query.ednsVersion !== 0) return this.refuse(incoming, query, { rcode: RCODE.BADVERS }) // RFC 6891 6.1.3
    const { authenticator } = this.options
    if (authenticator === undefined) return query.tsigAt === 0 ? this.goOnBy(UNSIGNED, incoming, query, message) : this.refuseKey(incoming, query)
    const authentication = this.authenticate(authenticator, incoming, message)
    if (!(authentication instanceof Promise)) return this.goOnBy(authentication, incoming, query, message)
    return authentication.then((settled) => this.goOnBy(settled, incoming, query, message))
  }

  /** Of a session, which has no other signature than its connection. */
  private takeOfSession(incoming: CoreMessage, session: NonNullable<CoreHandlers['session']>): boolean {
    const rcode = session(incoming)
    if (rcode === undefined) incoming.drop()
    else this.options.counters.countResponse(rcode, false, false, 0, 0)
    return rcode === undefined || rcode === RCODE.NOERROR
  }

  private goOnBy(authentication: Authentication<unknown>, incoming: CoreMessage, query: Query, message: Message): boolean | Promise<boolean> {
    switch (authentication.outcome) {
      case 'pending':
        incoming.drop()
        return true
      case 'repeated':
        incoming.reply(authentication.response)
        return true
      case 'refused':
        return this.refuse(incoming, query, { rcode: authentication.rcode }, authentication.seal)
      case 'unsigned':
        return this.serve(incoming, query, message)
      case 'proven':
        return this.serve(incoming, query, message, authentication.signer, authentication.seal)
    }
  }

  /** A fault in looking at a signature proves nothing: REFUSED would say too much, so it is ours. */
  private authenticate(authenticator: MessageAuthenticator, { octets, peer }: CoreMessage, message: Message): Authentication<unknown> | Promise<Authentication<unknown>> {
    const failed = (fault: unknown): Authentication<unknown> => {
      this.reports.report(fault)
      return { outcome: 'refused', rcode: RCODE.SERVFAIL, seal: undefined, reason: 'a fault of ours' }
    }
    try {
      const authentication = authenticator.verify(octets, message, peer)
      return authentication instanceof Promise ? authentication.catch(failed) : authentication
    } catch (fault) {
      return failed(fault)
    }
  }

  /** Carries out what is asked; whether it was worth its price: who has proven himself never pays. */
  private serve(incoming: CoreMessage, query: Query, message: Message, signer?: Signer, seal?: unknown): boolean | Promise<boolean> {
    const { handlers } = this.options
    const isBatch = query.opcode === OPCODE.AGENT && query.questions > 0
    if ((query.opcode === OPCODE.QUERY || isBatch) && handlers.query !== undefined) {
      const answer = handlers.query
      const serve = (): boolean | Promise<boolean> => this.serveQuery(incoming, query, message, answer, { signer, seal })
      return this.freshen(query, message, signer)?.then(serve) ?? serve()
    }
    const finish = (reply: Reply): boolean => {
      this.respond(incoming, query, reply, true, seal)
      return signer !== undefined || reply.rcode === RCODE.NOERROR
    }
    // RFC 7873 5.2.3: for a client that shows a cookie, but not one of ours
    if (this.settings.requireCookie === true && signer === undefined && query.peer.transport === 'udp') {
      if (query.cookieAt !== 0 && this.settings.cookies !== undefined && !this.hasGoodCookie(query)) return finish({ rcode: RCODE.BADCOOKIE })
    }
    return this.ask(query, message, signer).then(finish, (fault: unknown) => {
      this.options.counters.countFault()
      this.reports.report(fault)
      return finish({ rcode: RCODE.SERVFAIL })
    })
  }

  private ask(query: Query, message: Message, signer: Signer | undefined): Promise<Reply> {
    const { update, agent } = this.options.handlers
    const handler = query.opcode === OPCODE.UPDATE ? update : query.opcode === OPCODE.AGENT ? agent : undefined
    if (handler === undefined) return Promise.resolve({ rcode: RCODE.NOTIMP })
    const { address, port, transport } = query.peer
    try {
      return handler(message, signer === undefined ? { address, port, transport } : { address, port, transport, signer })
    } catch (fault) {
      return Promise.reject(fault instanceof Error ? fault : new Error(String(fault)))
    }
  }

  /** Fetches what the question wants to have fresher, for who has shown where it is: whoever is asked answers to somebody else's question. */
  private freshen(query: Query, message: Message, signer: Signer | undefined): Promise<void> | undefined {
    const { address, port, transport } = query.peer
    if (transport === 'udp' && !isKnown(signer) && !this.hasGoodCookie(query)) return undefined
    return this.options.handlers.freshen?.(message, { address, port, transport, ...(isKnown(signer) && { signer }) })
  }

  /** Whether the cookie shows that the client receives at its address (RFC 7873 5.2.4). */
  private hasGoodCookie({ octets, cookieAt, cookieLength, peer }: Query): boolean {
    const { cookies } = this.settings
    if (cookies === undefined || cookieAt === 0) return false
    const outcome = cookies.judge(octets, cookieAt, cookieLength, peer.address, this.options.nowSeconds())
    return outcome === COOKIE.good || outcome === COOKIE.renew
  }

  /** A signed query is answered as any other, without its signature, and the answer signed; one whose answer is elsewhere when that has been found. */
  private serveQuery(
    incoming: CoreMessage, query: Query, message: Message, answer: NonNullable<CoreHandlers['query']>, { signer, seal }: { signer: Signer | undefined; seal: unknown },
  ): boolean | Promise<boolean> {
    const { authenticator } = this.options
    const room = seal === undefined ? 0 : (authenticator?.overhead(seal) ?? 0)
    const out = this.out.subarray(0, responseLimit(query, this.udpOctets))
    const bare = withoutSignature(query)
    const { address, port, transport } = query.peer
    const peer = isKnown(signer) ? { address, port, transport, signer: signer.name } : query.peer
    const size = answer(bare, bare.length, peer, out, room, signer)
    const finish = (octets: number): true => {
      if (octets <= 0) incoming.drop()
      else incoming.reply(this.sealed(query, out.slice(0, octets), seal))
      return true
    }
    if (size >= 0) return finish(size)
    const translating = this.options.handlers.translate?.(message)
    if (translating === undefined) return this.find(incoming, query, message, seal)
    return translating.then((outcome) => {
      if ('translation' in outcome) return finish(answer(bare, bare.length, { ...peer, translation: outcome.translation }, out, room, signer))
      this.respond(incoming, query, { rcode: RCODE.SERVFAIL, ede: { infoCode: EDE.OTHER, text: outcome.refused } }, true, seal)
      return true
    })
  }

  private find(incoming: CoreMessage, query: Query, message: Message, seal: unknown): Promise<boolean> {
    const { handlers: { resolve }, counters } = this.options
    const { address, port, transport } = query.peer
    const finish = (reply: Reply): boolean => {
      this.respond(incoming, query, reply, true, seal)
      return true
    }
    if (resolve === undefined) return Promise.resolve(finish({ rcode: RCODE.REFUSED }))
    return resolve(message, { address, port, transport }).then(finish, (fault: unknown) => {
      counters.countFault()
      this.reports.report(fault)
      return finish({ rcode: RCODE.SERVFAIL })
    })
  }

  private refuse(incoming: CoreMessage, query: Query, reply: Reply, seal?: unknown): boolean {
    this.respond(incoming, query, reply, false, seal)
    return false
  }

  /** Signed with a key, and we hold none (RFC 8945 5.2.1). */
  private refuseKey(incoming: CoreMessage, query: Query): boolean {
    const { octets, truncated, rcode } = this.write(query, { rcode: RCODE.NOTAUTH }, false, 0)
    const out = new Uint8Array(responseLimit(query, this.udpOctets))
    out.set(octets)
    const end = writeBadKey(query, out, octets.length, out.length)
    if (end === NOT_WRITTEN) out[2] |= TC // RFC 8945 5.3: where TSIG finds no room, TC tells so
    else out[11]++
    this.count(query, { octets, rcode, truncated: truncated || end === NOT_WRITTEN })
    incoming.reply(out.slice(0, end === NOT_WRITTEN ? octets.length : end))
    return false
  }

  private respond(incoming: CoreMessage, query: Query, reply: Reply, withOptions: boolean, seal: unknown): void {
    const room = seal === undefined ? 0 : (this.options.authenticator?.overhead(seal) ?? 0)
    const response = this.write(query, reply, withOptions, room)
    const sent = this.sealed(query, response.octets, seal)
    this.count(query, { ...response, truncated: (sent[2] & TC) !== 0 })
    incoming.reply(sent)
  }

  private write(query: Query, reply: Reply, withOptions: boolean, room: number): EncodedResponse {
    return this.writer.write(query, reply, responseLimit(query, this.udpOctets) - room, withOptions, this.options.nowSeconds)
  }

  private count({ peer }: Query, { octets, rcode, truncated }: EncodedResponse): void {
    const { counters } = this.options
    counters.countResponse(rcode, truncated, (octets[2] & 0x04) !== 0, 0, 0)
    counters.countSize(peer.transport === 'udp', octets.length)
  }

  /** Signed. A datagram without room for that is cut to its question, and where even this has none beside it goes unsigned: TC sends the asker to TCP (RFC 8945 5.3). */
  private sealed(query: Query, octets: Uint8Array, seal: unknown): Uint8Array {
    const { authenticator } = this.options
    if (seal === undefined || authenticator === undefined) return octets
    const most = responseLimit(query, this.udpOctets) - authenticator.overhead(seal)
    if (octets.length <= most) return authenticator.sign(octets, seal)
    const cut = cutToQuestion(octets)
    return cut.length <= most ? authenticator.sign(cut, seal) : cut
  }

  private get udpOctets(): number {
    return this.settings.udpOctets ?? DEFAULT_UDP_OCTETS
  }
}

const UNSIGNED: Authentication<unknown> = { outcome: 'unsigned' }

/** Whether the signer's name says something: a key that the message itself has brought could stand at any name. */
function isKnown(signer: Signer | undefined): signer is Signer {
  return signer !== undefined && !(signer.kind === 'sig0' && signer.isIntroduced === true)
}

function writerFor({ udpOctets = DEFAULT_UDP_OCTETS, nsid, keepalive = 0, cookies }: CoreSettings): ResponseWriter {
  return new ResponseWriter(new Finisher({ udpOctets, nsid: nsid ?? null, keepalive, cookies: cookies ?? null }))
}

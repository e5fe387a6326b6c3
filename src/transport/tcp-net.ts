/**
 * DNS over TCP with node:net (RFC 7766): the listening sockets and the care for all their connections.
 * What one connection does is in tcp-connection.ts, who must leave for whom in tcp-connections.ts;
 * both are shared with tcp-epoll.ts, which does the same in threads of its own where the system allows.
 *
 * Against a flood of half-open connections the kernel's backlog and SYN cookies stand; a connection that
 * is whole but never asks costs 12 kB of memory, measured, until it is closed after five seconds, or shed
 * at once when a newer one needs its place. There is no bound on the age or the queries of a connection: one
 * that keeps asking is what RFC 7766 6.2.1 wants of clients, and takes its turn with the others.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { DEFER_RETRY_MS, MAX_TCP_UNSENT_OCTETS, TCP_BACKLOG, TCP_SWEEP_MS } from '../dns/limits.ts'
import type { Endpoint } from './address.ts'
import { type Clock, systemClock } from './clock.ts'
import { COUNTER } from './counters.ts'
import { CALL, type Call } from './deferral-parcel.ts'
import { copyPeer, DeferredMessage, type MainDeferrals } from './deferred-message.ts'
import { LastingConnection } from './lasting.ts'
import { TCP_LIMITS, TcpConnection, type TcpOptions, TcpShared } from './tcp-connection.ts'
import { type CloseReason, type ConnectionOwner, Connections } from './tcp-connections.ts'

/** The TCP side of the server: any number of endpoints, one table of connections. */
export class TcpServer implements ConnectionOwner {
  readonly #shared: TcpShared
  readonly #clock: Clock
  readonly #servers: Server[] = []
  readonly #stopSweeping: () => void
  readonly #bySlot: NetConnection[] = []
  readonly #deferrals: MainDeferrals | undefined

  constructor(options: TcpOptions & { clock?: Clock; deferrals?: MainDeferrals }) {
    const { clock = systemClock, limits, deferrals } = options
    this.#deferrals = deferrals
    const connections = new Connections({ ...TCP_LIMITS, ...limits }, this)
    this.#clock = clock
    this.#shared = new TcpShared(options, connections, deferrals !== undefined)
    this.#stopSweeping = clock.every(TCP_SWEEP_MS, () => {
      connections.tick(clock.nowMs())
      connections.sweep()
    })
  }

  /** Connections open now. */
  get connectionCount(): number {
    return this.#shared.connections.size
  }

  /** Opens one endpoint and returns its port, which the kernel chose where it was 0. Rejects with Node's error. */
  listen({ host, family, port }: Endpoint): Promise<number> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.#accept(socket))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, backlog: TCP_BACKLOG, ipv6Only: family === 6, exclusive: true }, () => {
        server.off('error', reject)
        server.on('error', () => this.#shared.counters[COUNTER.tcpAcceptFaults]++)
        this.#servers.push(server)
        resolve((server.address() as AddressInfo).port)
      })
    })
  }

  /**
   * Accepts no more, answers the queries that have arrived, sends the answers and ends every connection.
   * What is not done after `deadlineMs` is cut off. Resolves when no socket is left.
   */
  async close(deadlineMs: number): Promise<void> {
    const { connections } = this.#shared
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    await new Promise<void>((resolve) => this.#clock.soon(resolve)) // what the kernel already holds for us is read first
    for (const slot of connections.slots()) this.#bySlot[slot].stop()
    const cancel = this.#clock.after(deadlineMs, () => {
      for (const slot of connections.slots()) this.#bySlot[slot].kill('tcpClosedStop')
    })
    await Promise.all(closed)
    cancel()
    this.#stopSweeping()
  }

  /** As ConnectionOwner says. */
  isSlow(slot: number): boolean {
    return this.#bySlot[slot].isSlow
  }

  /** As ConnectionOwner says. */
  kill(slot: number, reason: CloseReason): void {
    this.#bySlot[slot].kill(reason)
  }

  /** As ConnectionOwner says. */
  isWaiting(slot: number): boolean {
    return this.#bySlot[slot].isWaiting
  }

  #accept(socket: Socket): void {
    const { connections, counters } = this.#shared
    const connection = new NetConnection(socket, this.#shared, this.#clock, this.#deferrals)
    if (!connection.peer.set(socket.remoteAddress ?? '', socket.remotePort ?? 0)) {
      counters[COUNTER.tcpAcceptFaults]++ // reset by the client before it was accepted
      socket.on('error', () => undefined).destroy()
      return
    }
    counters[COUNTER.tcpAccepted]++
    connections.tick(this.#clock.nowMs())
    const slot = connections.add(connection.peer.address)
    this.#bySlot[slot] = connection
    connection.serve(slot)
  }
}

/** A connection whose octets node:net carries. */
class NetConnection extends TcpConnection {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #deferrals: MainDeferrals | undefined
  /** Made when the core asks for it. */
  #lasting: LastingConnection | undefined

  constructor(socket: Socket, shared: TcpShared, clock: Clock, deferrals: MainDeferrals | undefined) {
    super(shared)
    this.#deferrals = deferrals
    this.#socket = socket
    this.#clock = clock
  }

  /** Serves the socket from now on. */
  serve(slot: number): void {
    const socket = this.#socket
    this.begin(slot)
    socket.on('data', (chunk: Buffer) => {
      this.shared.connections.tick(this.#clock.nowMs())
      this.read(chunk, chunk.length)
    })
    socket.on('drain', () => this.#proceed())
    socket.on('end', () => this.endSoon('tcpClosedByClient'))
    socket.on('close', () => this.#closed())
    socket.on('error', () => this.count('tcpClosedByError'))
  }

  get isSlow(): boolean {
    return this.#socket.writableLength > 0
  }

  protected get isFull(): boolean {
    return this.#socket.writableLength > MAX_TCP_UNSENT_OCTETS
  }

  protected get unsentOctets(): number {
    return this.#socket.writableLength
  }

  /** A copy is written: the socket may keep it for as long as the client does not read. */
  protected write(octets: number): void {
    this.#socket.write(Buffer.from(this.shared.joined.subarray(0, octets)))
  }

  protected hold(): void {
    this.#socket.pause()
    if (this.isFull) this.shared.counters[COUNTER.tcpHeld]++
    else this.#clock.soon(() => this.#proceed())
  }

  protected rest(): void {
    this.#socket.pause()
  }

  protected retryLater(): void {
    this.#clock.after(DEFER_RETRY_MS, () => this.#proceed())
  }

  /** The core is told when this connection has had its turn, so that no answer comes in the midst of it. */
  protected handOn(query: Uint8Array, length: number): boolean {
    const deferrals = this.#deferrals
    if (deferrals === undefined || !deferrals.origin.budget.take(this.peer.address, length)) return false
    this.shared.counters[COUNTER.deferred]++
    const message = new DeferredMessage(query.slice(0, length), copyPeer(this.peer), deferrals.origin, (octets, more) => {
      this.#take(octets, more ? CALL.more : CALL.last)
    }, () => (this.#lasting ??= new LastingConnection({ counters: this.shared.counters, soon: (run) => this.#clock.soon(run) }, (octets, call) => this.#take(octets, call))))
    this.#clock.soon(() => deferrals.onDeferred(message))
    return true
  }

  #take(octets: Uint8Array | undefined, call: Call): void {
    this.shared.connections.tick(this.#clock.nowMs())
    this.deliver(octets, call)
    this.delivered()
  }

  /** The core hears of it when this connection has had its turn, so that it calls nothing in the midst of it. */
  protected tellEnd(): void {
    this.#clock.soon(() => this.#lasting?.end())
  }

  protected resume(): void {
    this.#socket.resume()
  }

  protected closeSoon(): void {
    this.#socket.destroySoon()
  }

  protected cut(isReset: boolean): void {
    if (isReset) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
  }

  #proceed(): void {
    this.shared.connections.tick(this.#clock.nowMs())
    this.proceed()
  }

  #closed(): void {
    this.count('tcpClosedByClient')
    this.leave()
  }
}

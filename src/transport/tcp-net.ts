/**
 * DNS over TCP with node:net (RFC 7766): the listening sockets and the care for all their connections.
 * What one connection does is in tcp-connection.ts, who must leave for whom in tcp-connections.ts.
 *
 * Against a flood of half-open connections the kernel's backlog and SYN cookies stand; a connection that
 * is whole but never asks costs 12 kB of memory, measured, until it is closed after five seconds, or shed
 * at once when a newer one needs its place. There is no bound on the age or the queries of a connection: one
 * that keeps asking is what RFC 7766 6.2.1 wants of clients, and takes its turn with the others.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import {
  MAX_MESSAGE_OCTETS, MAX_TCP_CONNECTIONS, MAX_TCP_CONNECTIONS_PER_CLIENT, TCP_BACKLOG, TCP_FIRST_MESSAGE_MS, TCP_IDLE_MS,
  TCP_SWEEP_MS, TCP_WRITE_OCTETS,
} from '../dns/limits.ts'
import { clientKey, type Endpoint, ReusedPeer } from './address.ts'
import { type Clock, systemClock } from './clock.ts'
import { COUNTER, type TransportCounters } from './counters.ts'
import type { Handler, OnFault } from './handler.ts'
import { TcpConnection, type TcpShared } from './tcp-connection.ts'
import { type ConnectionLimits, Connections } from './tcp-connections.ts'

/** What a TCP server is made of; `limits` replaces single numbers of limits.ts. */
export interface TcpOptions {
  handler: Handler
  counters: TransportCounters
  onFault: OnFault
  clock?: Clock
  limits?: Partial<ConnectionLimits>
}

const LIMITS: ConnectionLimits = {
  total: MAX_TCP_CONNECTIONS,
  perClient: MAX_TCP_CONNECTIONS_PER_CLIENT,
  firstMessageMs: TCP_FIRST_MESSAGE_MS,
  idleMs: TCP_IDLE_MS,
}

/** The TCP side of the server: any number of endpoints, one table of connections. */
export class TcpServer {
  readonly #shared: TcpShared
  readonly #servers: Server[] = []
  readonly #stopSweeping: () => void

  constructor({ handler, counters, onFault, clock = systemClock, limits }: TcpOptions) {
    const connections = new Connections({ ...LIMITS, ...limits })
    this.#shared = {
      handler, counters, clock, onFault, connections,
      query: new Uint8Array(MAX_MESSAGE_OCTETS),
      out: new Uint8Array(MAX_MESSAGE_OCTETS),
      joined: Buffer.alloc(TCP_WRITE_OCTETS),
    }
    this.#stopSweeping = clock.every(TCP_SWEEP_MS, () => connections.sweep(clock.nowMs()))
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
    const { clock, connections } = this.#shared
    const closed = this.#servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve())))
    await new Promise<void>((resolve) => clock.soon(resolve)) // what the kernel already holds for us is read first
    for (const connection of connections) (connection as TcpConnection).stop()
    const cancel = clock.after(deadlineMs, () => {
      for (const connection of connections) connection.kill('tcpClosedStop')
    })
    await Promise.all(closed)
    cancel()
    this.#stopSweeping()
  }

  #accept(socket: Socket): void {
    const { clock, connections, counters } = this.#shared
    const peer = new ReusedPeer('tcp')
    if (!peer.set(socket.remoteAddress ?? '', socket.remotePort ?? 0)) {
      counters[COUNTER.tcpAcceptFaults]++ // reset by the client before it was accepted
      socket.on('error', () => undefined).destroy()
      return
    }
    counters[COUNTER.tcpAccepted]++
    connections.add(new TcpConnection(socket, peer, clientKey(peer.address), this.#shared), clock.nowMs())
  }
}

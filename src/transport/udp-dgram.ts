/**
 * DNS over UDP with node:dgram, where the batched system calls of udp-mmsg.ts cannot be used: one socket,
 * one callback per datagram.
 *
 * An answer must come from the address that was asked, or the client drops it (RFC 2181 4.1). node:dgram
 * neither tells the address that a datagram came to nor lets an answer choose where it comes from, so a
 * wildcard (0.0.0.0, ::) is opened as one socket for each local address, looked for again every ten
 * seconds. So an address that no interface carries, such as 127.0.0.2, does not answer behind a wildcard
 * here; it must be listed.
 */
import { createSocket as createDgram, type RemoteInfo, type Socket, type SocketOptions } from 'node:dgram'
import type { NetworkInterfaceInfo } from 'node:os'
import { INTERFACE_RESCAN_MS, MAX_MESSAGE_OCTETS, MAX_UDP_QUERY_OCTETS, MAX_UDP_SENDS_IN_FLIGHT, UDP_SOCKET_BUFFER_OCTETS } from '../dns/limits.ts'
import { type Endpoint, isWildcard, ReusedPeer } from './address.ts'
import type { Clock } from './clock.ts'
import { COUNTER, type TransportCounters } from './counters.ts'
import { copyPeer, DeferredMessage, type MainDeferrals } from './deferred-message.ts'
import { DEFERRED, type Handler, type OnFault } from './handler.ts'
import { isClientPort } from './udp-ports.ts'

/** The interfaces of the machine, as `os.networkInterfaces()` gives them. */
export type Interfaces = () => NodeJS.Dict<Pick<NetworkInterfaceInfo, 'address' | 'family'>[]>

/** What UDP sockets are made of. `createSocket` stands in for node:dgram's own in tests. */
export interface UdpOptions {
  handler: Handler
  counters: TransportCounters
  onFault: OnFault
  clock: Clock
  interfaces: Interfaces
  /** Where queries go that the handler defers; without it they are met with silence. */
  deferrals?: MainDeferrals
  createSocket?: (options: SocketOptions) => Socket
}

/** Node looks up every address it sends to, and calls this instead: the text of an address is its own result. */
const NO_LOOKUP = { 4: asIs(4), 6: asIs(6) }

function asIs(family: 4 | 6): NonNullable<SocketOptions['lookup']> {
  return (host, _options, callback) => callback(null, host, family)
}

/** One socket on one address. */
export class UdpSocket {
  readonly #options: UdpOptions
  readonly #socket: Socket
  readonly #peer = new ReusedPeer('udp')
  #out: Buffer = Buffer.alloc(MAX_MESSAGE_OCTETS)
  #inFlight = 0
  /** Queries at the core. */
  #deferred = 0
  #queued = false
  #closed = false
  #isGone = false
  #whenSent: (() => void) | undefined

  private constructor(options: UdpOptions, family: 4 | 6) {
    this.#options = options
    const { createSocket = createDgram } = options
    this.#socket = createSocket({
      type: family === 4 ? 'udp4' : 'udp6',
      ipv6Only: family === 6,
      lookup: NO_LOOKUP[family],
      recvBufferSize: UDP_SOCKET_BUFFER_OCTETS,
      sendBufferSize: UDP_SOCKET_BUFFER_OCTETS,
    })
  }

  /** Opens one endpoint that is no wildcard. Rejects with Node's error. */
  static open(options: UdpOptions, { host, family, port }: Endpoint): Promise<UdpSocket> {
    const udp = new UdpSocket(options, family)
    const socket = udp.#socket
    return new Promise((resolve, reject) => {
      socket.once('error', (error) => {
        socket.close()
        reject(error)
      })
      socket.bind({ address: host, port, exclusive: true }, () => {
        socket.removeAllListeners('error')
        socket.on('error', (error) => udp.#fail(error))
        socket.on('message', (query, from) => udp.#receive(query, from))
        resolve(udp)
      })
    })
  }

  /** The port bound. */
  get port(): number {
    return this.#socket.address().port
  }

  /** Reads no more, and closes when the last answer is sent, those of the core included, or after `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    if (this.#inFlight + this.#deferred > 0) {
      await new Promise<void>((resolve) => {
        this.#whenSent = resolve
        this.#options.clock.after(deadlineMs, resolve)
      })
    }
    this.#isGone = true
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }

  #receive(query: Buffer, from: RemoteInfo): void {
    const { handler, counters, onFault } = this.#options
    if (this.#closed) return
    counters[COUNTER.udpReceived]++
    if (query.length > MAX_UDP_QUERY_OCTETS) return void counters[COUNTER.udpDropLong]++
    if (!isClientPort(from.port) || !this.#peer.set(from.address, from.port)) return void counters[COUNTER.udpDropPort]++
    let size = 0
    try {
      size = handler(query, query.length, this.#peer, this.#out)
    } catch (fault) {
      counters[COUNTER.handlerFaults]++
      onFault(fault)
      return
    }
    if (size > 0) this.#send(size, from)
    else if (size === DEFERRED && this.#options.deferrals !== undefined) this.#defer(query, from, this.#options.deferrals)
    else counters[COUNTER.udpSilent]++
  }

  #defer(query: Buffer, { address, port }: RemoteInfo, { origin, onDeferred }: MainDeferrals): void {
    const { counters } = this.#options
    if (!origin.budget.take(this.#peer.address, query.length)) return void counters[COUNTER.deferDropped]++
    counters[COUNTER.deferred]++
    this.#deferred++
    onDeferred(new DeferredMessage(query, copyPeer(this.#peer), origin, (octets, more) => {
      if (octets !== undefined) this.#sendLater(octets, address, port)
      if (more) return
      this.#deferred--
      this.#endClose()
    }))
  }

  /** Sends an answer of the core: a copy, as Node may keep it. */
  #sendLater(octets: Uint8Array, address: string, port: number): void {
    const { counters } = this.#options
    if (this.#isGone) return void counters[COUNTER.deferLate]++
    if (this.#inFlight >= MAX_UDP_SENDS_IN_FLIGHT) return void counters[COUNTER.udpDropBusy]++
    this.#inFlight++
    this.#socket.send(Buffer.from(octets), 0, octets.length, port, address, this.#sent)
  }

  /**
   * Usually the kernel takes the octets at once and the buffer is free again. Where it takes no more,
   * Node queues a view of them: then that buffer is given up, and copies are sent while the queue lasts.
   */
  #send(size: number, { address, port }: RemoteInfo): void {
    if (this.#inFlight >= MAX_UDP_SENDS_IN_FLIGHT) return void this.#options.counters[COUNTER.udpDropBusy]++
    this.#inFlight++
    if (this.#queued) {
      this.#socket.send(Buffer.from(this.#out.subarray(0, size)), 0, size, port, address, this.#sent)
    } else {
      this.#socket.send(this.#out, 0, size, port, address, this.#sent)
      if (this.#socket.getSendQueueCount() === 0) return
      this.#queued = true
      this.#out = Buffer.alloc(MAX_MESSAGE_OCTETS)
    }
  }

  /** One function for all sends. A refusal (EPERM, ENOBUFS, EMSGSIZE, ENETUNREACH …) is the loss of one datagram, as UDP has anyway. */
  readonly #sent = (error: Error | null): void => {
    const { counters } = this.#options
    counters[error ? COUNTER.udpSendRefused : COUNTER.udpSent]++
    if (--this.#inFlight > 0) return
    this.#queued = false
    this.#endClose()
  }

  #endClose(): void {
    if (this.#inFlight + this.#deferred === 0) this.#whenSent?.()
  }

  #fail(error: Error): void {
    this.#options.counters[COUNTER.udpSocketFaults]++
    this.#options.onFault(error)
  }
}

/** An endpoint in service: one socket, or behind a wildcard one for each local address. */
export class UdpEndpoint {
  readonly #options: UdpOptions
  #endpoint: Endpoint
  readonly #sockets = new Map<string, UdpSocket>()
  #stopRescans: (() => void) | undefined
  #rescan: Promise<void> = Promise.resolve()

  private constructor(options: UdpOptions, endpoint: Endpoint) {
    this.#options = options
    this.#endpoint = endpoint
  }

  /** Opens all sockets of the endpoint, or none and rejects with the error of the first that failed. */
  static async open(options: UdpOptions, endpoint: Endpoint): Promise<UdpEndpoint> {
    const opened = new UdpEndpoint(options, endpoint)
    try {
      await opened.#start()
    } catch (error) {
      await opened.close(0)
      throw error
    }
    return opened
  }

  /** The hosts that answer now. */
  get hosts(): readonly string[] {
    return [...this.#sockets.keys()]
  }

  /** The port bound, the same for all hosts; where 0 was asked for, the kernel's choice for the first. */
  get port(): number {
    return this.#endpoint.port
  }

  /** As `UdpSocket.close`, for all. */
  async close(deadlineMs: number): Promise<void> {
    this.#stopRescans?.()
    await this.#rescan
    await Promise.all([...this.#sockets.values()].map((socket) => socket.close(deadlineMs)))
    this.#sockets.clear()
  }

  async #start(): Promise<void> {
    if (!isWildcard(this.#endpoint)) return await this.#add(this.#endpoint.host)
    for (const host of this.#localHosts()) {
      // An IPv6 address is not there yet while duplicates are looked for (RFC 4862 5.4): the next look finds it.
      await this.#add(host).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EADDRNOTAVAIL') throw error
      })
    }
    this.#stopRescans = this.#options.clock.every(INTERFACE_RESCAN_MS, () => {
      this.#rescan = this.#rescan.then(() => this.#follow())
    })
  }

  /** Opens what the machine has become and closes what it no longer is. A failure is reported and tried again at the next look. */
  async #follow(): Promise<void> {
    const { counters, onFault } = this.#options
    const hosts = this.#localHosts()
    for (const [host, socket] of this.#sockets) {
      if (hosts.has(host)) continue
      this.#sockets.delete(host)
      await socket.close(0)
      counters[COUNTER.udpAddressesRemoved]++
    }
    for (const host of hosts) {
      if (this.#sockets.has(host)) continue
      await this.#add(host).then(() => counters[COUNTER.udpAddressesAdded]++, onFault)
    }
  }

  async #add(host: string): Promise<void> {
    const socket = await UdpSocket.open(this.#options, { ...this.#endpoint, host })
    this.#endpoint = { ...this.#endpoint, port: socket.port }
    this.#sockets.set(host, socket)
  }

  /** Local addresses of the family; a link-local one with its interface as zone (RFC 4007 11), without which it cannot be bound. */
  #localHosts(): Set<string> {
    const hosts = new Set<string>()
    for (const [name, addresses = []] of Object.entries(this.#options.interfaces())) {
      for (const { address, family } of addresses) {
        if (family !== `IPv${this.#endpoint.family}`) continue
        hosts.add(address.startsWith('fe80:') ? `${address}%${name}` : address)
      }
    }
    return hosts
  }
}

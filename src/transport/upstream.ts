/**
 * Messages to other servers: each by a socket of its own, closed when nothing more is expected there.
 *
 *     send ──▶ udp   socket on a port chosen by chance, connected ──▶ datagram ──▶ onMessage …
 *          ──▶ tcp   connection ──▶ length and message            ──▶ onMessage …
 *                                  nobody there, or cut off       ──▶ onFailure, once
 *
 * The port is a secret that a forger has to guess (RFC 5452 9.2), so that it is chosen from all that a user may have,
 * and never used for a second message. A connected socket hears of nobody but whom it has asked, and of ports where
 * nobody listens at once. What comes is handed on as it is: whether it is an answer is not seen here.
 */
import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { connect, type Socket as StreamSocket } from 'node:net'
import { MAX_PORT_TRIES, MAX_UPSTREAM_SOCKETS, MIN_UPSTREAM_PORT } from '../dns/limits-resolver.ts'
import { parseAddress } from './address.ts'
import { Framer, NEED_MORE } from './tcp-framing.ts'

/** Where a server listens, in octets and in text. */
export interface UpstreamEndpoint {
  readonly address: Uint8Array
  readonly port: number
}

/** Who is told what came of messages. Neither is called while `send` or `close` runs. */
export interface UpstreamListener {
  /** Octets have come, in memory of their own. */
  onMessage(send: number, octets: Uint8Array, from: UpstreamEndpoint): void
  /** Nothing will come any more: nobody is there, or it was cut off. */
  onFailure(send: number): void
}

/** What sending is made of. */
export interface UpstreamOptions {
  readonly listener: UpstreamListener
  /** A whole number from 0 to `bound` − 1 that nobody can foresee. */
  readonly random: (bound: number) => number
  /** Prints an address of 4 or 16 octets. */
  readonly print: (address: Uint8Array) => string
  /** Sockets open at once; MAX_UPSTREAM_SOCKETS unless a test says otherwise. */
  readonly sockets?: number
}

/** A message under way. */
interface Sending {
  readonly send: number
  readonly to: UpstreamEndpoint
  readonly transport: 'udp' | 'tcp'
  readonly octets: Uint8Array
  /** Undefined while it waits for a socket. */
  end?: () => void
  isOver: boolean
}

const PORTS = 65_536

/** Sends messages, each on its own socket. */
export class Upstream {
  private readonly options: UpstreamOptions
  private readonly most: number
  private readonly sendings = new Map<number, Sending>()
  private waiting: Sending[] = []
  private open = 0

  constructor(options: UpstreamOptions) {
    this.options = options
    this.most = options.sockets ?? MAX_UPSTREAM_SOCKETS
  }

  /** Sockets open now. */
  get size(): number {
    return this.open
  }

  /** Sends `octets`; `send` is what the listener will know it by. Where all sockets are taken it waits for one. */
  send(send: number, to: UpstreamEndpoint, transport: 'udp' | 'tcp', octets: Uint8Array): void {
    const sending: Sending = { send, to, transport, octets, isOver: false }
    this.sendings.set(send, sending)
    if (this.open < this.most) this.begin(sending)
    else this.waiting.push(sending)
  }

  /** Nothing more is expected for `send`: its socket is closed, and the listener hears no more of it. */
  close(send: number): void {
    const sending = this.sendings.get(send)
    if (sending === undefined) return
    this.sendings.delete(send)
    sending.isOver = true
    if (sending.end === undefined) return
    sending.end()
    this.open--
    this.goOn()
  }

  /** Closes all. */
  closeAll(): void {
    this.waiting = []
    for (const send of [...this.sendings.keys()]) this.close(send)
  }

  private goOn(): void {
    while (this.open < this.most) {
      const next = this.waiting.shift()
      if (next === undefined) return
      if (!next.isOver) this.begin(next)
    }
  }

  private begin(sending: Sending): void {
    this.open++
    sending.end = sending.transport === 'udp' ? this.sendDatagram(sending) : this.sendStream(sending)
  }

  private hear(sending: Sending, octets: Uint8Array, from: UpstreamEndpoint): void {
    if (!sending.isOver) this.options.listener.onMessage(sending.send, octets, from)
  }

  private fail(sending: Sending): void {
    // never while `send` runs, whoever notices how early
    setImmediate(() => {
      if (!sending.isOver) this.options.listener.onFailure(sending.send)
    })
  }

  // ---- UDP ----

  private sendDatagram(sending: Sending): () => void {
    const { to, octets } = sending
    const four = to.address.length === 4
    const host = this.options.print(to.address)
    let socket: DatagramSocket | undefined
    const begin = (triesLeft: number): void => {
      const own = createSocket({ type: four ? 'udp4' : 'udp6', ipv6Only: !four, lookup: asItIs })
      socket = own
      own.on('message', (message, { address, port }) => this.hear(sending, message, { address: octetsOf(address), port }))
      own.on('error', (error: NodeJS.ErrnoException) => {
        if (socket !== own) return // it is told a turn later, and may have been closed meanwhile
        socket = undefined
        own.close()
        if (error.code === 'EADDRINUSE' && triesLeft > 0 && !sending.isOver) begin(triesLeft - 1)
        else this.fail(sending)
      })
      own.once('listening', () => own.connect(to.port, host))
      own.once('connect', () => socket === own && own.send(octets)) // a turn later as well
      // the last try leaves the choice to the system, which knows what is free
      own.bind({ port: triesLeft > 0 ? MIN_UPSTREAM_PORT + this.options.random(PORTS - MIN_UPSTREAM_PORT) : 0, exclusive: true })
    }
    begin(MAX_PORT_TRIES)
    return () => {
      const last = socket
      socket = undefined
      last?.close()
    }
  }

  // ---- TCP ----

  private sendStream(sending: Sending): () => void {
    const { to, octets } = sending
    const socket: StreamSocket = connect({ host: this.options.print(to.address), port: to.port, noDelay: true })
    const framer = new Framer()
    const framed = Buffer.alloc(octets.length + 2)
    framed.writeUInt16BE(octets.length) // RFC 1035 4.2.2; RFC 7766 8: in one piece with the message
    framed.set(octets, 2)
    socket.write(framed)
    socket.on('data', (chunk) => {
      framer.push(chunk)
      let length = framer.next()
      for (; length >= 0 && !sending.isOver; length = framer.next()) this.hear(sending, framer.message.slice(0, length), to)
      if (length < NEED_MORE) socket.destroy()
    })
    socket.on('error', () => undefined) // `close` follows
    socket.once('close', () => this.fail(sending))
    return () => socket.destroy()
  }
}

/** The address of a peer as Node writes it. */
function octetsOf(text: string): Uint8Array {
  const octets = new Uint8Array(16)
  return octets.subarray(0, parseAddress(text, octets))
}

/** Addresses are never looked up: they are none but addresses. */
function asItIs(host: string, _options: unknown, found: (error: null, address: string, family: number) => void): void {
  found(null, host, host.includes(':') ? 6 : 4)
}

/**
 * Messages to other servers: each by a socket of its own, closed when nothing more is expected there.
 *
 *     send ──▶ udp   port chosen by chance, connected (Datagrams) ──▶ datagram ──▶ onMessage …
 *          ──▶ tcp   connection ──▶ length and message            ──▶ onMessage …
 *                                  nobody there, or cut off       ──▶ onFailure, once
 *
 * What comes is handed on as it is: whether it is an answer is not seen here.
 */
import { connect, type Socket as StreamSocket } from 'node:net'
import { MAX_UPSTREAM_SOCKETS } from '../dns/limits-resolver.ts'
import { canUseDatagrams } from './libc.ts'
import { Framer, NEED_MORE } from './tcp-framing.ts'
import type { Datagrams, Random, UpstreamEndpoint } from './upstream-datagrams.ts'
import { NodeDatagrams } from './upstream-dgram.ts'
import { UpstreamSockets } from './upstream-sockets.ts'

export type { UpstreamEndpoint } from './upstream-datagrams.ts'

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
  readonly random: Random
  /** Prints an address of 4 or 16 octets. */
  readonly print: (address: Uint8Array) => string
  /** Sockets open at once; MAX_UPSTREAM_SOCKETS unless a test says otherwise. */
  readonly sockets?: number
  /** How datagrams are sent; the cheapest way that works here unless a test says otherwise. */
  readonly datagrams?: Datagrams
}

let loaded: Datagrams | undefined

/** The way of datagrams for this thread: whoever sends shares it, so that one instance of epoll is for all. */
function loadDatagrams(print: UpstreamOptions['print']): Datagrams {
  return (loaded ??= canUseDatagrams().usable ? new UpstreamSockets() : new NodeDatagrams(print))
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

/** Sends messages, each on its own socket. */
export class Upstream {
  private readonly options: UpstreamOptions
  private readonly most: number
  private readonly datagrams: Datagrams
  private readonly sendings = new Map<number, Sending>()
  private waiting: Sending[] = []
  private open = 0

  constructor(options: UpstreamOptions) {
    this.options = options
    this.most = options.sockets ?? MAX_UPSTREAM_SOCKETS
    this.datagrams = options.datagrams ?? loadDatagrams(options.print)
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

  /** Hands on what has come and was not looked at yet: whoever is about to call time asks first. */
  catchUp(): void {
    this.datagrams.catchUp()
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

  private sendDatagram(sending: Sending): () => void {
    return this.datagrams.send(sending.to, sending.octets, this.options.random, {
      onDatagram: (octets, from) => this.hear(sending, octets, from),
      onBroken: () => this.fail(sending),
    })
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

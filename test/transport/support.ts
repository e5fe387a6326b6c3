/**
 * What the tests of this room share: a server side whose answers are octets that a test can predict, a
 * clock that a test moves, and clients that speak frames.
 */
import { createSocket, type RemoteInfo } from 'node:dgram'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Clock } from '../../src/transport/clock.ts'
import { DEFERRED, type Handler, type Peer } from '../../src/transport/handler.ts'

/** What octet 12 of a query asks of `scripted`; the two octets behind it are a size. */
export const ECHO = 0, SILENT = 1, THROW = 2, SIZED = 3, WHO = 4, DEFER = 5

/** Answers by octet 12: the query itself, nothing, a fault, so many octets, the address and port of the asker, or later. */
export const scripted: Handler = (query, length, peer, out) => {
  switch (query[12]) {
    case SILENT: return 0
    case THROW: throw new Error('scripted')
    case SIZED: return sized(query, out)
    case WHO: return who(query, peer, out)
    case DEFER: return DEFERRED
    default:
      for (let i = 0; i < length; i++) out[i] = query[i]
      return length
  }
}

function sized(query: Uint8Array, out: Uint8Array): number {
  const size = (query[13] << 8) | query[14]
  out.fill(query[1], 0, size)
  out[0] = query[0]
  return size
}

function who(query: Uint8Array, peer: Peer, out: Uint8Array): number {
  out.set(query.subarray(0, 12))
  out.set(peer.address, 12)
  out[12 + peer.address.length] = peer.port >> 8
  out[13 + peer.address.length] = peer.port
  return 14 + peer.address.length
}

/** A query with an id, of `size` octets, that makes `scripted` do `command`. */
export function query(id: number, command = ECHO, argument = 0, size = 20): Buffer {
  const octets = Buffer.alloc(size, id & 0x7f)
  octets.writeUInt16BE(id, 0)
  if (size > 12) octets[12] = command
  if (size > 14) octets.writeUInt16BE(argument, 13)
  return octets
}

/** Messages as they travel over TCP. */
export function framed(...messages: Uint8Array[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [Buffer.of(message.length >> 8, message.length & 0xff), message]))
}

/** A clock that stands still until `advance`. */
export class FakeClock implements Clock {
  #now = 1_000
  #timers = new Set<{ atMs: number; everyMs: number; run: () => void }>()

  nowMs(): number {
    return this.#now
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#add({ atMs: this.#now + delayMs, everyMs: 0, run })
  }

  every(delayMs: number, run: () => void): () => void {
    return this.#add({ atMs: this.#now + delayMs, everyMs: delayMs, run })
  }

  soon(run: () => void): void {
    setImmediate(run)
  }

  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0]
      if (!due) break
      this.#now = due.atMs
      if (due.everyMs > 0) due.atMs += due.everyMs
      else this.#timers.delete(due)
      due.run()
    }
    this.#now = end
  }

  #add(timer: { atMs: number; everyMs: number; run: () => void }): () => void {
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }
}

/** Resolves when `condition` holds; rejects, naming `what`, when it does not within `limitMs`. */
export async function until(what: string, condition: () => boolean, limitMs = 5_000): Promise<void> {
  const end = performance.now() + limitMs
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** A TCP client that gathers what comes. */
export class TcpClient {
  readonly socket: Socket
  received: Buffer[] = []
  size = 0
  ended = false
  closed = false
  error: NodeJS.ErrnoException | undefined

  private constructor(port: number, host: string) {
    this.socket = connect({ port, host, allowHalfOpen: true, noDelay: true })
    this.socket.on('data', (chunk: Buffer) => {
      this.received.push(chunk)
      this.size += chunk.length
    })
    this.socket.on('end', () => (this.ended = true))
    this.socket.on('close', () => (this.closed = true))
    this.socket.on('error', (error) => (this.error = error))
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<TcpClient> {
    const client = new TcpClient(port, host)
    await until('the connection', () => client.socket.readyState === 'open' || client.closed)
    return client
  }

  /** All octets so far. */
  octets(): Buffer {
    return Buffer.concat(this.received)
  }

  /** Sends a message and returns the next octets, which must be one framed message. */
  async ask(message: Uint8Array): Promise<Buffer> {
    const before = this.size
    this.socket.write(framed(message))
    await until('an answer', () => this.size >= before + 2 && this.size >= before + 2 + this.octets().readUInt16BE(before))
    return this.octets().subarray(before + 2)
  }

  /** Resolves when the server has ended or reset the connection. */
  async gone(): Promise<void> {
    await until('the end of the connection', () => this.ended || this.closed)
    this.socket.destroy()
  }
}

/** A UDP client on one local address. */
export class UdpClient {
  readonly #socket
  readonly answers: { octets: Buffer; from: RemoteInfo }[] = []

  private constructor(family: 4 | 6) {
    this.#socket = createSocket({ type: family === 4 ? 'udp4' : 'udp6', recvBufferSize: 1 << 20 })
    this.#socket.on('message', (octets, from) => this.answers.push({ octets, from }))
  }

  static async open(host: string, port = 0): Promise<UdpClient> {
    const client = new UdpClient(host.includes(':') ? 6 : 4)
    await new Promise<void>((resolve, reject) => {
      client.#socket.once('error', reject)
      client.#socket.bind({ address: host, port }, resolve)
    })
    return client
  }

  get port(): number {
    return this.#socket.address().port
  }

  send(octets: Uint8Array, port: number, host: string): void {
    this.#socket.send(octets, port, host)
  }

  /** Sends and returns the first answer that comes after. */
  async ask(octets: Uint8Array, port: number, host: string): Promise<{ octets: Buffer; from: RemoteInfo }> {
    const before = this.answers.length
    this.send(octets, port, host)
    await until(`an answer from ${host}`, () => this.answers.length > before)
    return this.answers[before]
  }

  close(): void {
    this.#socket.close()
  }
}

/** Whether this machine speaks IPv6 to itself; tests that need it say so when they are skipped. */
export const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'))
/** The value of a test's `skip` option. */
export const needsIpv6 = hasIpv6 ? false : 'SKIPPED: this machine has no ::1, so that nothing of IPv6 is tested'

/**
 * Asks one server many questions at once: one UDP socket and one TCP connection, answers matched by ID,
 * lost datagrams asked again. A caller bounds how much is in flight by how many promises it holds.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { connect, type Socket as TcpSocket } from 'node:net'

const RETRY_MS = 1_000
const TRIES = 4

type Pending = { query: Buffer; tcp: boolean; tries: number; sentMs: number; done: (answer: Buffer | undefined) => void }

/** A client of the server at `host`:`port`. Close it, or the process stays alive. */
export class Asker {
  private readonly pending = new Map<number, Pending>()
  private readonly udp: UdpSocket
  private readonly sweep: NodeJS.Timeout
  private tcp: TcpSocket | undefined
  private received: Buffer = Buffer.alloc(0)
  private lastId = 0
  readonly port: number
  readonly host: string

  /** Connects nothing yet; UDP is sent from one port chosen by the system. */
  constructor(port: number, host = '127.0.0.1') {
    this.port = port
    this.host = host
    this.udp = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4_194_304 })
    this.udp.on('message', (answer) => this.settle(answer))
    this.udp.on('error', () => undefined) // a refused port is seen as silence, as on a network
    this.sweep = setInterval(() => this.askAgain(), 100)
  }

  /** The answer's octets, or undefined where none came after four tries. The ID in `query` is overwritten. */
  ask(query: Buffer, tcp: boolean): Promise<Buffer | undefined> {
    do this.lastId = (this.lastId + 1) & 0xffff
    while (this.pending.has(this.lastId))
    query.writeUInt16BE(this.lastId, 0)
    return new Promise((done) => {
      const pending = { query, tcp, tries: 0, sentMs: 0, done }
      this.pending.set(this.lastId, pending)
      this.send(pending)
    })
  }

  /** Ends the sockets; what is still asked is answered undefined. */
  close(): void {
    clearInterval(this.sweep)
    this.udp.close()
    const { tcp } = this
    this.tcp = undefined
    tcp?.destroy()
    for (const { done } of this.pending.values()) done(undefined)
    this.pending.clear()
  }

  private send(pending: Pending): void {
    pending.tries++
    pending.sentMs = performance.now()
    if (!pending.tcp) return this.udp.send(pending.query, this.port, this.host)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(pending.query.length)
    this.connection().write(Buffer.concat([length, pending.query]))
  }

  private connection(): TcpSocket {
    if (this.tcp && !this.tcp.destroyed) return this.tcp
    this.received = Buffer.alloc(0)
    const tcp = connect({ port: this.port, host: this.host, noDelay: true })
    tcp.on('data', (chunk) => this.collect(chunk))
    tcp.on('error', () => undefined)
    tcp.on('close', () => this.lost(tcp))
    return (this.tcp = tcp)
  }

  /** A server may close at any time (RFC 7766 6.2.4): what was asked on the connection goes on a new one. */
  private lost(tcp: TcpSocket): void {
    if (this.tcp !== tcp) return
    this.tcp = undefined
    for (const pending of this.pending.values()) if (pending.tcp && pending.tries < TRIES) this.send(pending)
  }

  private collect(chunk: Buffer): void {
    let octets: Buffer = this.received.length > 0 ? Buffer.concat([this.received, chunk]) : chunk
    while (octets.length >= 2 && octets.length >= 2 + octets.readUInt16BE(0)) {
      const end = 2 + octets.readUInt16BE(0)
      this.settle(Buffer.from(octets.subarray(2, end)))
      octets = octets.subarray(end)
    }
    this.received = octets
  }

  private settle(answer: Buffer): void {
    const pending = answer.length >= 2 ? this.pending.get(answer.readUInt16BE(0)) : undefined
    if (!pending) return
    this.pending.delete(answer.readUInt16BE(0))
    pending.done(answer)
  }

  private askAgain(): void {
    const before = performance.now() - RETRY_MS
    for (const [id, pending] of this.pending) {
      if (pending.sentMs > before) continue
      if (pending.tries < TRIES) this.send(pending)
      else {
        this.pending.delete(id)
        pending.done(undefined)
      }
    }
  }
}

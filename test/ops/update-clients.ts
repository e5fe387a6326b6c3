/**
 * Clients that send many signed updates to a server and count what comes back, octet for octet: over UDP with some
 * under way at once, over TCP all in one pipeline. Signatures are those of the peer written from RFC 8945.
 */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { OPCODE, TYPE } from '../../src/dns/codes.ts'
import { encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { KEY, peerSign, peerVerify } from '../dnssec/tsig-peer.ts'
import { until } from '../transport/support.ts'

/** Datagrams that a client has under way: twenty clients stay within the kernel's buffer of a socket. */
const WINDOW = 10

/** The signed update that adds an address at `name` to the zone `zone`, as it leaves now. */
export function signedUpdate(id: number, name: string, zone = 'example.com.'): { octets: Buffer; mac: Buffer } {
  const record = { name: Name.parse(name), type: TYPE.A, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, id & 255) }
  const message = makeMessage({ id, opcode: OPCODE.UPDATE, questions: [{ name: Name.parse(zone), type: TYPE.SOA, class: 1 }], authorities: [record] })
  return peerSign(Buffer.from(encodeMessage(message)), KEY, { time: Math.floor(Date.now() / 1_000) })
}

/** One client and what it has got. */
export class UpdateClient {
  /** Answers by the ID of their request, in the order in which they came. */
  readonly answers = new Map<number, Buffer[]>()
  private readonly label: string
  private readonly port: number
  private readonly requests = new Map<number, { octets: Buffer; mac: Buffer }>()
  private write: (octets: Buffer) => void = () => undefined
  private window = Infinity
  private queue: number[] = []
  private close: () => void = () => undefined

  private constructor(label: string, port: number) {
    this.label = label
    this.port = port
  }

  /** Opens a client of the server on 127.0.0.1; its names begin with `label`. */
  static async open(transport: 'udp' | 'tcp', label: string, port: number): Promise<UpdateClient> {
    const client = new UpdateClient(label, port)
    await (transport === 'udp' ? client.openUdp() : client.openTcp())
    return client
  }

  /** Sends updates numbered from `from` on. */
  send(count: number, from = 0): void {
    for (let id = from; id < from + count; id++) {
      this.requests.set(id, signedUpdate(id, `${this.label}-${id}.example.com.`))
      this.queue.push(id)
    }
    this.goOn()
  }

  /** Updates that have no answer yet. */
  get open(): number {
    return this.requests.size - this.answers.size
  }

  /** Resolves when each has an answer. */
  async done(limitMs = 60_000): Promise<void> {
    await until(`the answers of ${this.label}`, () => this.open === 0, limitMs)
  }

  /** Fails unless each update has one answer, NOERROR and rightly signed. */
  check(): void {
    assert.deepEqual([...this.answers.keys()].sort((a, b) => a - b), [...this.requests.keys()])
    for (const [id, came] of this.answers) {
      const { mac } = this.requests.get(id) ?? assert.fail(`an answer to ${id}, which was not asked`)
      assert.equal(came.length, 1, `${this.label} has ${came.length} answers to ${id}`)
      assert.deepEqual([came[0][2] & 0xf8, came[0][3] & 0x0f], [0x80 | (OPCODE.UPDATE << 3), 0], `the RCODE of ${this.label}-${id}`)
      assert.ok(peerVerify(came[0], KEY, mac))
    }
  }

  end(): void {
    this.close()
  }

  private goOn(): void {
    while (this.queue.length > 0 && this.requests.size - this.queue.length - this.answers.size < this.window) this.write(this.requests.get(this.queue.shift()!)!.octets)
  }

  private take(octets: Buffer): void {
    const id = octets.readUInt16BE(0)
    this.answers.set(id, [...(this.answers.get(id) ?? []), octets])
    this.goOn()
  }

  private async openUdp(): Promise<void> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
    socket.on('message', (octets) => this.take(octets))
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    this.window = WINDOW
    this.write = (octets) => socket.send(octets, this.port, '127.0.0.1')
    this.close = () => socket.close()
  }

  private async openTcp(): Promise<void> {
    const socket = connect(this.port, '127.0.0.1')
    let rest = Buffer.alloc(0)
    socket.on('error', (error) => assert.fail(error))
    socket.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk])
      for (; rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0); rest = rest.subarray(2 + rest.readUInt16BE(0))) this.take(Buffer.from(rest.subarray(2, 2 + rest.readUInt16BE(0))))
    })
    await once(socket, 'connect')
    this.write = (octets) => socket.write(Buffer.concat([Buffer.of(octets.length >> 8, octets.length & 255), octets]))
    this.close = () => socket.destroy()
  }
}

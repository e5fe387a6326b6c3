/**
 * A server that pushes what a test tells it to (RFC 8765), and speaks as a test says (RFC 8490): over a pair of streams in this process
 * with a clock of its own, or over loopback for commands. It knows nothing of zones.
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { duplexPair, type Duplex } from 'node:stream'
import type { LinkWorld } from '../../src/client/dso-link.ts'
import { parseClass, parseType, RCODE } from '../../src/dns/codes.ts'
import { decodeDso, DSO, type DsoMessage, type DsoTlv, encodeDso, keepaliveTlv, type PushChange, pushMessages, readSubscribe, retryDelayTlv } from '../../src/dns/dso.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord } from '../../src/dns/record-text.ts'

/** Changes as text: `+ a.example. 60 IN A 192.0.2.1`, `- …` for one that goes, `x a.example. ANY IN` for all of them. */
export function changesOf(lines: readonly string[]): PushChange[] {
  return lines.map((line) => {
    const text = line.slice(2)
    if (line.startsWith('+')) return { kind: 'add', record: parseRecord(text) }
    if (line.startsWith('-')) return { kind: 'remove', record: parseRecord(text) }
    const [name, type, rrClass] = text.split(' ')
    return { kind: 'clear', name: Name.parse(name), type: parseType(type) ?? 0, class: parseClass(rrClass) ?? 0 }
  })
}

/** How the server behaves; each part may be changed while it runs. */
export interface PushBehaviour {
  /** What stands there: told to whoever subscribes. */
  records: string[]
  /** Milliseconds of the times in its Keepalives. */
  intervalMs: number
  inactivityMs: number
  /** Its code for a Keepalive, and for a SUBSCRIBE. */
  keepaliveRcode: number
  subscribeRcode: number
  /** Milliseconds of the Retry Delay that goes along with a refusal; undefined for none. */
  retryMs: number | undefined
  /** Takes what comes and says nothing. */
  isSilent: boolean
}

/** The behaviour of an ordinary server. */
export function ordinary(parts: Partial<PushBehaviour> = {}): PushBehaviour {
  return { records: [], intervalMs: 60_000, inactivityMs: 15_000, keepaliveRcode: RCODE.NOERROR, subscribeRcode: RCODE.NOERROR, retryMs: undefined, isSilent: false, ...parts }
}

/** The server's side of one connection. */
export class PushPeer {
  readonly socket: Duplex
  /** What the client has sent. */
  readonly seen: DsoMessage[] = []
  private readonly behaviour: PushBehaviour
  private held = Buffer.alloc(0)

  constructor(socket: Duplex, behaviour: PushBehaviour) {
    this.socket = socket
    this.behaviour = behaviour
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => this.take(chunk))
  }

  /** The types of the TLVs that requests were about, as `keepalive`, `subscribe`. */
  get asked(): string[] {
    const names = Object.entries(DSO).map(([name, type]) => [type, name.toLowerCase()] as const)
    return this.seen.map(({ tlvs }) => new Map<number | undefined, string>(names).get(tlvs.at(0)?.type) ?? 'nothing')
  }

  /** Sends a message; by default one that wants no response. */
  send(tlvs: DsoTlv[], parts: Partial<DsoMessage> = {}): void {
    this.sendOctets(encodeDso({ id: 0, response: false, rcode: RCODE.NOERROR, tlvs, ...parts }))
  }

  push(...lines: string[]): void {
    for (const octets of pushMessages(changesOf(lines))) this.sendOctets(octets)
  }

  /** Sends octets behind their length. */
  sendOctets(octets: Uint8Array): void {
    this.write(Buffer.concat([Buffer.of(octets.length >>> 8, octets.length & 255), octets]))
  }

  /** Sends octets as they are. */
  write(octets: Uint8Array): void {
    if (!this.socket.destroyed && this.socket.writable) this.socket.write(octets)
  }

  private take(chunk: Buffer): void {
    this.held = Buffer.concat([this.held, chunk])
    while (this.held.length >= 2 && this.held.length >= 2 + this.held.readUInt16BE(0)) {
      const size = this.held.readUInt16BE(0)
      const message = decodeDso(Uint8Array.from(this.held.subarray(2, 2 + size)))
      this.held = this.held.subarray(2 + size)
      this.seen.push(message)
      if (!message.response && !this.behaviour.isSilent) this.answer(message)
    }
  }

  private answer({ id, tlvs: [first] }: DsoMessage): void {
    const { records, intervalMs, inactivityMs, keepaliveRcode, subscribeRcode, retryMs } = this.behaviour
    const rcode = first.type === DSO.KEEPALIVE ? keepaliveRcode : subscribeRcode
    const delay = retryMs === undefined ? [] : [retryDelayTlv(retryMs)]
    if (rcode !== RCODE.NOERROR) return this.send(delay, { id, response: true, rcode })
    if (first.type === DSO.KEEPALIVE) return this.send([keepaliveTlv({ inactivityMs, intervalMs })], { id, response: true })
    readSubscribe(first)
    this.send([], { id, response: true })
    this.push(...records.map((text) => `+ ${text}`))
  }
}

/** A world in which time passes when it is told to, and connections lead to peers of this process. */
export class FakeWorld implements LinkWorld {
  now = 0
  readonly behaviour: PushBehaviour
  readonly peers: PushPeer[] = []
  /** The client's ends of the connections. */
  readonly sockets: Duplex[] = []
  /** Why no connection comes about; undefined where one does. */
  failure: NodeJS.ErrnoException | undefined
  /** No connection comes about, and nothing says so. */
  isDeaf = false
  private timers: { atMs: number; work: () => void }[] = []

  constructor(behaviour: Partial<PushBehaviour> = {}) {
    this.behaviour = ordinary(behaviour)
  }

  readonly connect = (): Duplex => {
    const [client, server] = duplexPair()
    const { failure, isDeaf } = this
    this.sockets.push(client)
    if (failure === undefined) this.peers.push(new PushPeer(server, this.behaviour))
    if (!isDeaf) setImmediate(() => (failure === undefined ? client.emit('connect') : client.destroy(failure)))
    return client
  }

  readonly after = (delayMs: number, work: () => void): (() => void) => {
    const timer = { atMs: this.now + delayMs, work }
    this.timers.push(timer)
    return () => (this.timers = this.timers.filter((other) => other !== timer))
  }

  readonly chance = (): number => 0

  /** The peer of the newest connection. */
  get peer(): PushPeer {
    return this.peers[this.peers.length - 1]
  }

  /** Milliseconds to each timer that is set. */
  get due(): number[] {
    return this.timers.map(({ atMs }) => atMs - this.now).sort((a, b) => a - b)
  }

  async pass(ms = 0): Promise<void> {
    const end = this.now + ms
    for (;;) {
      await settled()
      const [next] = this.timers.sort((a, b) => a.atMs - b.atMs)
      if (next === undefined || next.atMs > end) break
      this.timers.shift()
      this.now = next.atMs
      next.work()
    }
    this.now = end
    await settled()
  }
}

/** Waits until all streams of this process have handed on what was written. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve))
}

/** A server on a free port of loopback. */
export interface PushServer extends PushBehaviour {
  /** `127.0.0.1:5300`. */
  readonly server: string
  readonly peers: PushPeer[]
  close(): void
}

/** Starts one. */
export async function startPushServer(behaviour: Partial<PushBehaviour> = {}): Promise<PushServer> {
  const peers: PushPeer[] = []
  const tcp: Server = createServer((socket) => void peers.push(new PushPeer(socket, running)))
  tcp.listen(0, '127.0.0.1')
  await once(tcp, 'listening')
  const { port } = tcp.address() as { port: number }
  const close = (): void => {
    for (const { socket } of peers) socket.destroy()
    tcp.close()
  }
  const running: PushServer = { ...ordinary(behaviour), server: `127.0.0.1:${port}`, peers, close }
  return running
}

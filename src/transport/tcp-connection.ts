/**
 * One TCP connection, from its first octet to its end (RFC 7766 6, 7, 8).
 *
 *            chunk                     all answered                  client ends
 *     ┌─▶ reading ──▶ answering ──────────────────────▶ reading ─────────────────▶ ending ──▶ closed
 *     │                │  │ its turn is over: others first                          ▲ last answers sent
 *     │                │  └──▶ held ──▶ answering                                   │
 *     │                └─ too much unsent ──▶ held ──▶ answering, once all is sent  │
 *     └ any state ──▶ killed: idle, slow, shed, broken      malformed, stop ────────┘
 *
 * Answers to one chunk leave in one write, each with its length in front (RFC 7766 8): a third of the
 * cost of a write per answer. They leave in the order of the queries, as each is answered at once; the
 * out-of-order processing of RFC 7766 7 has nothing to overtake here.
 */
import type { Socket } from 'node:net'
import { MAX_TCP_MESSAGES_PER_TURN, MAX_TCP_UNSENT_OCTETS } from '../dns/limits.ts'
import type { Clock } from './clock.ts'
import { COUNTER, type TransportCounters } from './counters.ts'
import type { Handler, OnFault, Peer } from './handler.ts'
import type { AgeList, CloseReason, Connections, Entry } from './tcp-connections.ts'
import { copyOctets, Framer, MALFORMED } from './tcp-framing.ts'

/** What all connections use; each has the buffers to itself from reading a chunk until it writes. */
export interface TcpShared {
  handler: Handler
  counters: TransportCounters
  clock: Clock
  onFault: OnFault
  connections: Connections
  /** The query being answered, 65,535 octets. */
  query: Uint8Array
  /** Its answer, 65,535 octets. */
  out: Uint8Array
  /** Answers on their way to one write, TCP_WRITE_OCTETS long. */
  joined: Buffer
}

/** Serves `socket` from now on; it is in the table of connections until it has ended. */
export class TcpConnection implements Entry {
  readonly client: string
  older: Entry | undefined
  newer: Entry | undefined
  list: AgeList | undefined
  sinceMs = 0
  readonly #socket: Socket
  readonly #peer: Peer
  readonly #shared: TcpShared
  readonly #framer: Framer
  #joinedOctets = 0
  #held = false
  #stopping = false
  #reason: CloseReason | undefined

  constructor(socket: Socket, peer: Peer, client: string, shared: TcpShared) {
    this.client = client
    this.#socket = socket
    this.#peer = peer
    this.#shared = shared
    this.#framer = new Framer(shared.query)
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('drain', () => this.#continue())
    socket.on('end', () => this.#end('tcpClosedByClient'))
    socket.on('close', () => this.#closed())
    socket.on('error', () => this.#count('tcpClosedByError'))
  }

  get isSlow(): boolean {
    return this.#socket.writableLength > 0
  }

  /** Ends at once. Where octets are left to read or send, or in a flood, by a reset, which frees the kernel's memory too. */
  kill(reason: CloseReason): void {
    this.#count(reason)
    this.#shared.connections.remove(this)
    if (reason === 'tcpClosedIdle' || reason === 'tcpClosedSilent') this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  /** Ends once the queries already read are answered and the answers sent. */
  stop(): void {
    this.#stopping = true
    if (!this.#held) this.#end('tcpClosedStop')
  }

  #read(chunk: Buffer): void {
    if (this.#reason) return
    this.#framer.push(chunk)
    if (!this.#held) this.#pump()
  }

  #continue(): void {
    if (!this.#held || this.#reason) return
    this.#held = false
    this.#pump()
    if (!this.#held && !this.#reason) this.#socket.resume()
  }

  /** Answers what has arrived, as far as this turn and the client's reading allow. */
  #pump(): void {
    const { clock, connections } = this.#shared
    let taken = 0
    let length = 0
    while (taken < MAX_TCP_MESSAGES_PER_TURN && this.#socket.writableLength <= MAX_TCP_UNSENT_OCTETS) {
      length = this.#framer.next()
      if (length < 0) break
      this.#answer(length)
      taken++
    }
    this.#flush()
    if (taken > 0) connections.touch(this, clock.nowMs())
    if (length === MALFORMED) this.#end('tcpClosedMalformed')
    else if (length >= 0) this.#hold()
    else if (this.#stopping) this.#end('tcpClosedStop')
  }

  /** Reads no more (RFC 7766 10 leaves resource limits to us) until the client has read, or others had their turn. */
  #hold(): void {
    const { clock, counters } = this.#shared
    this.#held = true
    this.#socket.pause()
    if (this.#socket.writableLength <= MAX_TCP_UNSENT_OCTETS) clock.soon(() => this.#continue())
    else counters[COUNTER.tcpHeld]++
  }

  #answer(length: number): void {
    const { handler, counters, onFault, query, out, joined } = this.#shared
    counters[COUNTER.tcpReceived]++
    let size = 0
    try {
      size = handler(query, length, this.#peer, out)
    } catch (fault) {
      counters[COUNTER.handlerFaults]++
      onFault(fault)
      return
    }
    if (size === 0) {
      counters[COUNTER.tcpSilent]++
      return
    }
    if (this.#joinedOctets + 2 + size > joined.length) this.#flush()
    const at = this.#joinedOctets
    joined[at] = size >>> 8
    joined[at + 1] = size
    copyOctets(out, 0, joined, at + 2, size)
    this.#joinedOctets = at + 2 + size
    counters[COUNTER.tcpSent]++
  }

  /** Writes a copy: the socket may keep it for as long as the client does not read. */
  #flush(): void {
    if (this.#joinedOctets === 0) return
    const { counters, joined } = this.#shared
    this.#socket.write(Buffer.from(joined.subarray(0, this.#joinedOctets)))
    this.#joinedOctets = 0
    counters[COUNTER.tcpWrites]++
  }

  /** Sends what is left to send, then closes. A client that does not read it is killed when its idle time is over. */
  #end(reason: CloseReason): void {
    this.#count(reason)
    this.#socket.destroySoon()
  }

  #closed(): void {
    this.#count('tcpClosedByClient')
    this.#shared.connections.remove(this)
  }

  /** The first reason is the true one. */
  #count(reason: CloseReason): void {
    if (this.#reason) return
    this.#reason = reason
    this.#shared.counters[COUNTER[reason]]++
  }
}

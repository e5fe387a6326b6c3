/**
 * The memory of batched reading and sending, laid out once: what `recvmmsg` fills and `sendmmsg` reads.
 *
 *     rx / tx headers   64 × struct mmsghdr       64 octets each     ─┐ point to
 *     rx / tx vectors   64 × struct iovec         16                  ├─ slots of
 *     rx / tx names     64 × struct sockaddr_in6  32, IPv4 uses 16    │  the same
 *     rx / tx control   64 × one control message  64, wildcards only ─┘  number
 *     queries           64 × 4,160                4,096 used
 *     answers           64 × 1,344, then 65,535   each slot reaches 65,535 octets from its start
 *
 *     mmsghdr  0 name*  8 namelen  16 iov*  24 iovlen  32 control*  40 controllen  48 flags  56 len
 *
 * An answer takes the next free tx slot, which gets a copy of the asker's address, so that those sent lie
 * side by side although some queries were not answered. Answer slots overlap: one is written only after
 * those before it, and an answer longer than the stride is sent before the next is written. Strides are
 * odd multiples of a cache line, lest all slots compete for the same lines.
 */
import { MAX_MESSAGE_OCTETS, MAX_UDP_QUERY_OCTETS, UDP_BATCH } from '../dns/limits.ts'
import { COUNTER, type TransportCounters } from './counters.ts'
import { AF_INET, AF_INET6, callMemory, EAGAIN, EINTR, type Libc, MSG_DONTWAIT, type Pointer } from './libc.ts'

const HEADER = 64
const VECTOR = 16
const NAME = 32
const CONTROL = 64
const QUERY = MAX_UDP_QUERY_OCTETS + 64
/** Longest answer that leaves room for another behind it. */
export const ANSWER_STRIDE = 1_344

const RX_HEADERS = 0
const TX_HEADERS = RX_HEADERS + UDP_BATCH * HEADER
const RX_VECTORS = TX_HEADERS + UDP_BATCH * HEADER
const TX_VECTORS = RX_VECTORS + UDP_BATCH * VECTOR
const RX_NAMES = TX_VECTORS + UDP_BATCH * VECTOR
const TX_NAMES = RX_NAMES + UDP_BATCH * NAME
const RX_CONTROL = TX_NAMES + UDP_BATCH * NAME
const TX_CONTROL = RX_CONTROL + UDP_BATCH * CONTROL
const QUERIES = TX_CONTROL + UDP_BATCH * CONTROL
const ANSWERS = QUERIES + UDP_BATCH * QUERY
const TOTAL = ANSWERS + UDP_BATCH * ANSWER_STRIDE + MAX_MESSAGE_OCTETS + 1

/** Words of struct sockaddr_in6, and of the larger of what PKTINFO carries. */
const NAME_WORDS = 7
const LOCAL_WORDS = 5
/** Words that `wayBack` writes at most. */
export const WAY_BACK_WORDS: number = NAME_WORDS + LOCAL_WORDS

/** struct cmsghdr and, per family, the message that carries a local address: RFC 3542 6.1 for IPv6, ip(7) for IPv4. */
const CMSG_DATA = 16
const PKTINFO = {
  4: { level: 0, type: 8, size: CMSG_DATA + 12, space: 32 },
  6: { level: 41, type: 50, size: CMSG_DATA + 20, space: 40 },
} as const

/** Slots for one socket's batches. */
export class Batch {
  /** Octets of each query, by rx slot. */
  readonly queries: readonly Uint8Array[]
  /** Where to write each answer, by tx slot; 65,535 octets. */
  readonly answers: readonly Uint8Array[]
  /** The asker's address, by rx slot: 4 or 16 octets. */
  readonly addresses: readonly Uint8Array[]
  readonly #octets: Uint8Array<ArrayBuffer> = callMemory(TOTAL)
  readonly #words: Int32Array = new Int32Array(this.#octets.buffer, 0, QUERIES / 4)
  readonly #base: Pointer
  readonly #isSix: boolean
  readonly #hasControl: boolean

  constructor(libc: Libc, family: 4 | 6, hasControl: boolean) {
    this.#base = libc.addressOf(this.#octets)
    this.#isSix = family === 6
    this.#hasControl = hasControl
    const slots = Array.from({ length: UDP_BATCH }, (_, i) => i)
    const view = (at: number, size: number): Uint8Array => this.#octets.subarray(at, at + size)
    this.queries = slots.map((i) => view(QUERIES + i * QUERY, MAX_UDP_QUERY_OCTETS))
    this.answers = slots.map((i) => view(ANSWERS + i * ANSWER_STRIDE, MAX_MESSAGE_OCTETS))
    this.addresses = slots.map((i) => (family === 6 ? view(RX_NAMES + i * NAME + 8, 16) : view(RX_NAMES + i * NAME + 4, 4)))
    for (const i of slots) this.#layOut(i, family)
  }

  /** First header for `recvmmsg`. */
  get received(): Pointer {
    return this.#base + RX_HEADERS
  }

  /** Header of tx slot `k` for `sendmmsg`. */
  toSend(k: number): Pointer {
    return this.#base + TX_HEADERS + k * HEADER
  }

  /** Octets of the query in rx slot `i`. */
  length(i: number): number {
    return this.#words[(RX_HEADERS + i * HEADER + 56) >> 2]
  }

  /** MSG_ flags of the query in rx slot `i`. */
  flags(i: number): number {
    return this.#words[(RX_HEADERS + i * HEADER + 48) >> 2]
  }

  /** The asker's port in rx slot `i`. */
  port(i: number): number {
    const at = RX_NAMES + i * NAME + 2
    return (this.#octets[at] << 8) | this.#octets[at + 1]
  }

  /** Makes tx slot `k` an answer of `size` octets to the asker of rx slot `i`, from the address asked. */
  reply(k: number, i: number, size: number): void {
    const words = this.#words
    this.#copyName(words, (RX_NAMES + i * NAME) >> 2, words, (TX_NAMES + k * NAME) >> 2)
    words[(TX_VECTORS + k * VECTOR + 8) >> 2] = size
    if (this.#hasControl) this.#copyControl(i, words, (TX_CONTROL + k * CONTROL + CMSG_DATA) >> 2)
  }

  /** Writes to `out[at …)`, WAY_BACK_WORDS long, how the asker of rx slot `i` is answered later, from the address asked. */
  wayBack(i: number, out: Int32Array, at: number): void {
    this.#copyName(this.#words, (RX_NAMES + i * NAME) >> 2, out, at)
    if (this.#hasControl) this.#copyControl(i, out, at + NAME_WORDS)
  }

  /** Makes tx slot `k` an answer of `size` octets that goes the way that `wayBack` wrote to `from[at …)`, for a socket of the same kind. */
  returnTo(k: number, from: Int32Array, at: number, size: number): void {
    const words = this.#words
    this.#copyName(from, at, words, (TX_NAMES + k * NAME) >> 2)
    words[(TX_VECTORS + k * VECTOR + 8) >> 2] = size
    if (!this.#hasControl) return
    const to = (TX_CONTROL + k * CONTROL + CMSG_DATA) >> 2
    for (let w = 0; w < LOCAL_WORDS; w++) words[to + w] = from[at + NAME_WORDS + w]
  }

  /** Makes the first `count` rx slots ready to be filled again: the kernel has written how much it used of each. */
  reset(count: number): void {
    const words = this.#words
    const nameOctets = this.#isSix ? 28 : 16
    const controlOctets = this.#hasControl ? CONTROL : 0
    for (let i = 0; i < count; i++) {
      const header = (RX_HEADERS + i * HEADER) >> 2
      words[header + 2] = nameOctets
      words[header + 10] = controlOctets
    }
  }

  /**
   * The local address becomes the source (RFC 2181 4.1). The interface is named only where the address is
   * link-local (RFC 4007 6), which means nothing without: else routing may choose another way back. Where
   * the kernel told no address, zeros let it choose.
   */
  #copyControl(i: number, out: Int32Array, to: number): void {
    const words = this.#words
    const isTold = words[(RX_HEADERS + i * HEADER + 40) >> 2] > CMSG_DATA
    const from = (RX_CONTROL + i * CONTROL + CMSG_DATA) >> 2
    if (!this.#isSix) {
      out[to + 1] = isTold ? words[from + 1] : 0 // in_pktinfo: interface, local address, address in the header
      return
    }
    for (let w = 0; w < 4; w++) out[to + w] = isTold ? words[from + w] : 0 // in6_pktinfo: address, interface
    out[to + 4] = (out[to] & 0xc0ff) === 0x80fe ? words[from + 4] : 0
  }

  /** The asker's address and port; the rest of sockaddr_in is zero. */
  #copyName(from: Int32Array, at: number, out: Int32Array, to: number): void {
    const end = this.#isSix ? NAME_WORDS : 2
    for (let w = 0; w < end; w++) out[to + w] = from[at + w]
  }

  #layOut(i: number, family: 4 | 6): void {
    const nameOctets = family === 6 ? 28 : 16
    const { level, type, size, space } = PKTINFO[family]
    this.#layOutHeader(RX_HEADERS, RX_VECTORS, RX_NAMES, i, nameOctets, QUERIES + i * QUERY, MAX_UDP_QUERY_OCTETS)
    this.#layOutHeader(TX_HEADERS, TX_VECTORS, TX_NAMES, i, nameOctets, ANSWERS + i * ANSWER_STRIDE, 0)
    this.#words[(TX_NAMES + i * NAME) >> 2] = family === 6 ? AF_INET6 : AF_INET
    if (!this.#hasControl) return
    this.#layOutControl(RX_HEADERS + i * HEADER, RX_CONTROL + i * CONTROL, CONTROL)
    this.#layOutControl(TX_HEADERS + i * HEADER, TX_CONTROL + i * CONTROL, space)
    this.#words.set([size, 0, level, type], (TX_CONTROL + i * CONTROL) >> 2)
  }

  #layOutHeader(headers: number, vectors: number, names: number, i: number, nameOctets: number, octets: number, size: number): void {
    const header = headers + i * HEADER
    const vector = vectors + i * VECTOR
    this.#point(header, names + i * NAME)
    this.#words[(header + 8) >> 2] = nameOctets
    this.#point(header + 16, vector)
    this.#words[(header + 24) >> 2] = 1
    this.#point(vector, octets)
    this.#words[(vector + 8) >> 2] = size
  }

  #layOutControl(header: number, control: number, size: number): void {
    this.#point(header + 32, control)
    this.#words[(header + 40) >> 2] = size
  }

  /** Writes the address of octet `target` as the 64-bit pointer at `at`. */
  #point(at: number, target: number): void {
    const pointer = this.#base + target
    this.#words[at >> 2] = pointer % 0x1_0000_0000 | 0
    this.#words[(at >> 2) + 1] = Math.floor(pointer / 0x1_0000_0000)
  }
}

/**
 * Sends tx slots [0, count) of a batch without waiting. The call stops at the first that the kernel refuses and
 * tells why only when that one stands first; it is given up, as a datagram lost on its way.
 */
export function sendBatch(libc: Libc, fd: number, batch: Batch, count: number, counters: TransportCounters): void {
  for (let from = 0; from < count; ) {
    const sent = libc.sendmmsg(fd, batch.toSend(from), count - from, MSG_DONTWAIT)
    if (sent > 0) {
      counters[COUNTER.udpSent] += sent
      from += sent
      continue
    }
    const errno = libc.errno()
    if (errno === EINTR) continue
    counters[errno === EAGAIN ? COUNTER.udpDropBusy : COUNTER.udpSendRefused]++
    from++
  }
}

/**
 * Cursors over octets: a reader that refuses to leave its bounds and a writer that grows up to a limit.
 * All numbers are big-endian, as on the wire (RFC 1035 2.3.2). These serve the slow paths (decoding whole
 * messages, parsing text, encoding); the answering path reads and writes its buffers directly.
 */
import { WireFault } from './faults.ts'
import { MAX_LABEL_OCTETS, MAX_MESSAGE_OCTETS, MAX_NAME_OCTETS, MAX_POINTERS } from './limits.ts'

/** Reads from `octets` between `at` and `end`; every read past `end` is a WireFault. */
export class WireReader {
  readonly octets: Uint8Array
  at: number
  /** First octet that may not be read: the end of the message, or of the RDATA being read. */
  end: number

  constructor(octets: Uint8Array, at = 0, end = octets.length) {
    this.octets = octets
    this.at = at
    this.end = end
  }

  get remaining(): number {
    return this.end - this.at
  }

  u8(): number {
    return this.octets[this.take(1)]
  }

  u16(): number {
    const at = this.take(2)
    return (this.octets[at] << 8) | this.octets[at + 1]
  }

  u32(): number {
    const at = this.take(4)
    const o = this.octets
    return ((o[at] << 24) | (o[at + 1] << 16) | (o[at + 2] << 8) | o[at + 3]) >>> 0
  }

  u48(): number {
    return this.u16() * 0x1_0000_0000 + this.u32()
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32())
  }

  /** Leaves `count` octets unread. */
  skip(count: number): void {
    this.take(count)
  }

  /** The next `count` octets, as a view: copy before the buffer is used again. */
  bytes(count: number): Uint8Array {
    const at = this.take(count)
    return this.octets.subarray(at, at + count)
  }

  /** All octets up to `end`, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining)
  }

  /**
   * A domain name, written uncompressed to `out` (RFC 1035 3.1, 4.1.4). A pointer must point before the
   * name that holds it, so that loops cannot be; it may leave [at, end) but never the buffer.
   * With `pointers` false a pointer is a fault (RFC 3597 4: types defined since must not be compressed).
   */
  name(out: WireWriter, pointers = true): void {
    const o = this.octets
    let at = this.at
    let end = this.end
    let resume = -1
    let lowest = at
    let size = 0
    for (let hops = 0; ; ) {
      if (at >= end) throw new WireFault('Cannot read name as it runs past its bounds', at)
      const length = o[at]
      if (length <= MAX_LABEL_OCTETS) {
        if (at + 1 + length > end) throw new WireFault('Cannot read label as it runs past its bounds', at)
        size += length + 1
        if (size > MAX_NAME_OCTETS) throw new WireFault('Cannot read name as it is longer than 255 octets', at)
        out.copy(o, at, length + 1)
        at += length + 1
        if (length === 0) break
        continue
      }
      if (length < 0xc0 || !pointers) throw new WireFault('Cannot read label as its type is not 00 or a permitted pointer', at)
      if (at + 2 > end) throw new WireFault('Cannot read pointer as it runs past its bounds', at)
      const target = ((length & 0x3f) << 8) | o[at + 1]
      if (target >= lowest) throw new WireFault('Cannot follow pointer as it must point to an earlier octet', at)
      if (++hops > MAX_POINTERS) throw new WireFault('Cannot follow pointer as the name holds too many', at)
      if (resume < 0) resume = at + 2
      end = o.length // an earlier name may lie anywhere in the message, outside the RDATA being read
      at = lowest = target
    }
    this.at = resume < 0 ? at : resume
  }

  private take(count: number): number {
    const at = this.at
    if (count < 0 || at + count > this.end) throw new WireFault(`Cannot read ${count} octets as only ${this.end - at} are left`, at)
    this.at = at + count
    return at
  }
}

/** Octets as a string of as many characters, to tell them apart by: a key of a map. */
export function octetKey(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
}

/** Writes octets one after another; grows as needed up to `limit`, and beyond that is a WireFault. */
export class WireWriter {
  octets: Uint8Array
  at = 0
  readonly limit: number

  constructor(size = 512, limit: number = MAX_MESSAGE_OCTETS) {
    this.octets = new Uint8Array(Math.min(size, limit))
    this.limit = limit
  }

  u8(value: number): void {
    this.room(1)
    this.octets[this.at++] = value
  }

  u16(value: number): void {
    this.room(2)
    this.octets[this.at++] = value >>> 8
    this.octets[this.at++] = value
  }

  u32(value: number): void {
    this.room(4)
    this.octets[this.at++] = value >>> 24
    this.octets[this.at++] = value >>> 16
    this.octets[this.at++] = value >>> 8
    this.octets[this.at++] = value
  }

  u48(value: number): void {
    this.u16(Math.floor(value / 0x1_0000_0000))
    this.u32(value % 0x1_0000_0000)
  }

  u64(value: bigint): void {
    this.u32(Number((value >> 32n) & 0xffff_ffffn))
    this.u32(Number(value & 0xffff_ffffn))
  }

  bytes(octets: Uint8Array): void {
    this.room(octets.length)
    this.octets.set(octets, this.at)
    this.at += octets.length
  }

  /** Copies `count` octets of `from` starting at `start`; for short runs, without making a view. */
  copy(from: Uint8Array, start: number, count: number): void {
    this.room(count)
    const to = this.octets
    const at = this.at
    for (let i = 0; i < count; i++) to[at + i] = from[start + i]
    this.at = at + count
  }

  /** Overwrites two octets already written, for lengths known only afterwards. */
  patch16(at: number, value: number): void {
    this.octets[at] = value >>> 8
    this.octets[at + 1] = value
  }

  /** What has been written, as a copy of its own. */
  finish(): Uint8Array {
    return this.octets.slice(0, this.at)
  }

  /** What has been written, as a view that the next write may change. */
  view(): Uint8Array {
    return this.octets.subarray(0, this.at)
  }

  reset(): void {
    this.at = 0
  }

  /** Makes room for `count` octets, which may then be written into `octets` from `at` on without another check. WireFault past the limit. */
  room(count: number): void {
    const needed = this.at + count
    if (needed <= this.octets.length) return
    if (needed > this.limit) throw new WireFault(`Cannot write as it would need more than ${this.limit} octets`, this.at)
    const grown = new Uint8Array(Math.min(this.limit, Math.max(needed, this.octets.length * 2)))
    grown.set(this.octets.subarray(0, this.at))
    this.octets = grown
  }
}

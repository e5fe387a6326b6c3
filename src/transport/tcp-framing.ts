/**
 * Messages out of a TCP stream: each has its length in front, in two octets (RFC 1035 4.2.2), and may
 * arrive in any pieces, many in one chunk or one in many (RFC 7766 8).
 *
 *     chunk    … message │ 0 29 │ message of 29 octets │ 0 40 │ message in par
 *                         ↑ at                                              ↑ kept in `partial`
 *
 * The caller asks for one message at a time, so that it can stop in the midst of a chunk when the client
 * does not read its answers. Each octet is copied a bounded number of times, whatever the pieces; what must
 * be kept for later lies in memory borrowed from a pool.
 */
import { MAX_MESSAGE_OCTETS, MIN_TCP_MESSAGE_OCTETS, TCP_PARTIAL_OCTETS } from '../dns/limits.ts'
import { BufferPool } from './buffer-pool.ts'

/** Returned by `Framer.next` where the stream holds no further whole message. */
export const NEED_MORE = -1
/** Returned by `Framer.next` where a length is shorter than a DNS header: nothing behind it can be trusted. */
export const MALFORMED = -2
/** Returned by `Framer.next` where the pool has no memory for an unfinished message. */
export const NO_ROOM = -3

const LENGTH_OCTETS = 2
const NOTHING = new Uint8Array(0)

/** The stream of one connection. */
export class Framer {
  /** Where messages are put, from its start; may serve many framers, as `next` hands out one message at a time. */
  readonly message: Uint8Array
  readonly #pool: BufferPool
  /** Octets [at, end) of the chunk are still to be handed out. */
  #chunk: Uint8Array = NOTHING
  #at = 0
  #end = 0
  /** Set where the chunk lies in a borrowed buffer. */
  #kept: Uint8Array<ArrayBuffer> | undefined
  /** The beginning of a message, its length included, that came in pieces. */
  #partial: Uint8Array<ArrayBuffer> | undefined
  #filled = 0

  /** `message` must hold 65,535 octets. */
  constructor(message: Uint8Array = new Uint8Array(MAX_MESSAGE_OCTETS), pool: BufferPool = new BufferPool()) {
    this.message = message
    this.#pool = pool
  }

  /** Whether octets have arrived that are not yet handed out. */
  get isMidway(): boolean {
    return this.#filled > 0 || this.#at < this.#end
  }

  /** Takes `length` octets that have arrived. The chunk must not change until `next` has said NEED_MORE, or `keep` has copied it. */
  push(chunk: Uint8Array, length: number = chunk.length): void {
    if (this.#at < this.#end) {
      const joined = new Uint8Array(this.#end - this.#at + length)
      joined.set(this.#chunk.subarray(this.#at, this.#end))
      joined.set(chunk.subarray(0, length), this.#end - this.#at)
      this.#letGo()
      this.#chunk = joined
      this.#end = joined.length
    } else {
      this.#chunk = chunk
      this.#end = length
    }
    this.#at = 0
  }

  /** The length of the next message, which now lies at the start of `message`; or NEED_MORE, MALFORMED or NO_ROOM. */
  next(): number {
    const chunk = this.#chunk
    const at = this.#at
    if (this.#filled > 0 || this.#end - at < LENGTH_OCTETS) return this.#gather()
    const length = (chunk[at] << 8) | chunk[at + 1]
    if (length < MIN_TCP_MESSAGE_OCTETS) return MALFORMED
    const end = at + LENGTH_OCTETS + length
    if (end > this.#end) return this.#gather()
    copyOctets(chunk, at + LENGTH_OCTETS, this.message, 0, length)
    this.#at = end
    return length
  }

  /** Copies what is not yet handed out, so that the chunk may be used again; false where the pool has no memory for it. */
  keep(): boolean {
    const octets = this.#end - this.#at
    if (octets === 0 || this.#kept) return true
    const kept = this.#pool.lend(octets)
    if (!kept) return false
    copyOctets(this.#chunk, this.#at, kept, 0, octets)
    this.#kept = this.#chunk = kept
    this.#at = 0
    this.#end = octets
    return true
  }

  /** Gives all memory back; the next octet pushed begins a stream. */
  reset(): void {
    this.#letGo()
    this.#freePartial()
  }

  /** Moves octets of the chunk to `partial` until the length, and then the message, is whole. */
  #gather(): number {
    const short = this.#fill(LENGTH_OCTETS)
    if (short < 0) return this.#starve(short)
    const partial = this.#partial as Uint8Array<ArrayBuffer>
    const length = (partial[0] << 8) | partial[1]
    if (length < MIN_TCP_MESSAGE_OCTETS) return MALFORMED
    const missing = this.#fill(LENGTH_OCTETS + length)
    if (missing < 0) return this.#starve(missing)
    copyOctets(this.#partial as Uint8Array<ArrayBuffer>, LENGTH_OCTETS, this.message, 0, length)
    this.#freePartial()
    return length
  }

  /** The chunk is used up; it is let go, as the next may come much later. */
  #starve(why: number): number {
    this.#letGo()
    return why
  }

  #letGo(): void {
    if (this.#kept) this.#pool.giveBack(this.#kept)
    this.#kept = undefined
    this.#chunk = NOTHING
    this.#at = this.#end = 0
  }

  #freePartial(): void {
    if (this.#partial) this.#pool.giveBack(this.#partial)
    this.#partial = undefined
    this.#filled = 0
  }

  /** 0 where `partial` now holds `wanted` octets, else NEED_MORE or NO_ROOM; takes no more than that from the chunk. */
  #fill(wanted: number): number {
    const taken = Math.min(wanted - this.#filled, this.#end - this.#at)
    if (taken > 0) {
      const partial = this.#grown(this.#filled + taken)
      if (!partial) return NO_ROOM
      copyOctets(this.#chunk, this.#at, partial, this.#filled, taken)
      this.#filled += taken
      this.#at += taken
    }
    return this.#filled >= wanted ? 0 : NEED_MORE
  }

  /** `partial` with room for `needed` octets. Doubling: as much is set aside as has arrived, not as much as was announced. */
  #grown(needed: number): Uint8Array<ArrayBuffer> | undefined {
    const old = this.#partial
    if (old && needed <= old.length) return old
    const grown = this.#pool.lend(Math.max(needed, TCP_PARTIAL_OCTETS))
    if (!grown) return undefined
    if (old) {
      copyOctets(old, 0, grown, 0, this.#filled)
      this.#pool.giveBack(old)
    }
    this.#partial = grown
    return grown
  }
}

/** Below this a loop is faster than making the view that `set` needs, and leaves nothing behind. */
const SHORT_OCTETS = 256

/** Copies `count` octets. */
export function copyOctets(from: Uint8Array, start: number, to: Uint8Array, at: number, count: number): void {
  if (count > SHORT_OCTETS) to.set(from.subarray(start, start + count), at)
  else for (let i = 0; i < count; i++) to[at + i] = from[start + i]
}

/**
 * Messages out of a TCP stream: each has its length in front, in two octets (RFC 1035 4.2.2), and may
 * arrive in any pieces, many in one chunk or one in many (RFC 7766 8).
 *
 *     chunk    … message │ 0 29 │ message of 29 octets │ 0 40 │ message in par
 *                         ↑ at                                              ↑ kept in `partial`
 *
 * The caller asks for one message at a time, so that it can stop in the midst of a chunk when the client
 * does not read its answers. Each octet is copied a bounded number of times, whatever the pieces.
 */
import { MAX_MESSAGE_OCTETS, MIN_TCP_MESSAGE_OCTETS, TCP_PARTIAL_OCTETS } from '../dns/limits.ts'

/** Returned by `Framer.next` where the stream holds no further whole message. */
export const NEED_MORE = -1
/** Returned by `Framer.next` where a length is shorter than a DNS header: nothing behind it can be trusted. */
export const MALFORMED = -2

const LENGTH_OCTETS = 2
const NOTHING = new Uint8Array(0)

/** The stream of one connection. */
export class Framer {
  /** Where messages are put, from its start; may serve many framers, as `next` hands out one message at a time. */
  readonly message: Uint8Array
  #chunk: Uint8Array = NOTHING
  #at = 0
  #partial: Uint8Array = NOTHING
  #filled = 0

  /** `message` must hold 65,535 octets. */
  constructor(message: Uint8Array = new Uint8Array(MAX_MESSAGE_OCTETS)) {
    this.message = message
  }

  /** Whether octets have arrived that are not yet handed out. */
  get isMidway(): boolean {
    return this.#filled > 0 || this.#at < this.#chunk.length
  }

  /** Takes what has arrived. The chunk must not change until `next` has said NEED_MORE. */
  push(chunk: Uint8Array): void {
    if (this.#at < this.#chunk.length) {
      const joined = new Uint8Array(this.#chunk.length - this.#at + chunk.length)
      joined.set(this.#chunk.subarray(this.#at))
      joined.set(chunk, this.#chunk.length - this.#at)
      this.#chunk = joined
    } else {
      this.#chunk = chunk
    }
    this.#at = 0
  }

  /** The length of the next message, which now lies at the start of `message`; or NEED_MORE or MALFORMED. */
  next(): number {
    const chunk = this.#chunk
    const at = this.#at
    if (this.#filled > 0 || chunk.length - at < LENGTH_OCTETS) return this.#gather()
    const length = (chunk[at] << 8) | chunk[at + 1]
    if (length < MIN_TCP_MESSAGE_OCTETS) return MALFORMED
    const end = at + LENGTH_OCTETS + length
    if (end > chunk.length) return this.#gather()
    copyOctets(chunk, at + LENGTH_OCTETS, this.message, 0, length)
    this.#at = end
    return length
  }

  /** Moves octets of the chunk to `partial` until the length, and then the message, is whole. */
  #gather(): number {
    if (!this.#fill(LENGTH_OCTETS)) return this.#starve()
    const length = (this.#partial[0] << 8) | this.#partial[1]
    if (length < MIN_TCP_MESSAGE_OCTETS) return MALFORMED
    if (!this.#fill(LENGTH_OCTETS + length)) return this.#starve()
    this.message.set(this.#partial.subarray(LENGTH_OCTETS, LENGTH_OCTETS + length))
    this.#filled = 0
    if (this.#partial.length > TCP_PARTIAL_OCTETS) this.#partial = NOTHING
    return length
  }

  /** The chunk is used up; it is let go, as the next may come much later. */
  #starve(): number {
    this.#chunk = NOTHING
    this.#at = 0
    return NEED_MORE
  }

  /** Whether `partial` now holds `wanted` octets; takes no more than that from the chunk. */
  #fill(wanted: number): boolean {
    const taken = Math.min(wanted - this.#filled, this.#chunk.length - this.#at)
    if (taken > 0) {
      this.#grow(this.#filled + taken)
      copyOctets(this.#chunk, this.#at, this.#partial, this.#filled, taken)
      this.#filled += taken
      this.#at += taken
    }
    return this.#filled >= wanted
  }

  /** Doubling: as many octets are set aside as have arrived, not as many as were announced. */
  #grow(needed: number): void {
    if (needed <= this.#partial.length) return
    const grown = new Uint8Array(Math.max(needed, this.#partial.length * 2, TCP_PARTIAL_OCTETS))
    grown.set(this.#partial.subarray(0, this.#filled))
    this.#partial = grown
  }
}

/** Below this a loop is faster than making the view that `set` needs, and leaves nothing behind. */
const SHORT_OCTETS = 256

/** Copies `count` octets. */
export function copyOctets(from: Uint8Array, start: number, to: Uint8Array, at: number, count: number): void {
  if (count > SHORT_OCTETS) to.set(from.subarray(start, start + count), at)
  else for (let i = 0; i < count; i++) to[at + i] = from[start + i]
}

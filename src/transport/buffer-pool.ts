/**
 * Memory that connections borrow: for a query that comes in pieces, for octets that wait for their turn, for
 * answers that a client is slow to read. Most connections never need any. Buffers are powers of two, kept
 * when they come back, and bounded in all, so that no number of connections that hold on to theirs can grow
 * the process.
 */
import { TCP_PARTIAL_OCTETS, TCP_POOL_OCTETS } from '../dns/limits.ts'

/** The buffers of one thread. */
export class BufferPool {
  readonly #limitOctets: number
  /** Buffers that nobody holds, by the logarithm of their size. */
  readonly #free: Uint8Array<ArrayBuffer>[][] = Array.from({ length: 32 }, () => [])
  #heldOctets = 0
  #freeOctets = 0

  constructor(limitOctets: number = TCP_POOL_OCTETS) {
    this.#limitOctets = limitOctets
  }

  /** Octets that are lent now. */
  get lentOctets(): number {
    return this.#heldOctets - this.#freeOctets
  }

  /** A buffer of `octets` or more, with anything in it; undefined where all that may be lent is lent. */
  lend(octets: number): Uint8Array<ArrayBuffer> | undefined {
    const size = sizeFor(octets)
    const kept = this.#free[log2(size)].pop()
    if (kept) {
      this.#freeOctets -= size
      return kept
    }
    if (this.#heldOctets + size > this.#limitOctets) this.#dropFree()
    if (this.#heldOctets + size > this.#limitOctets) return undefined
    this.#heldOctets += size
    return new Uint8Array(new ArrayBuffer(size))
  }

  /** Takes a buffer of this pool back; nothing of it may be used afterwards. */
  giveBack(buffer: Uint8Array<ArrayBuffer>): void {
    this.#free[log2(buffer.length)].push(buffer)
    this.#freeOctets += buffer.length
  }

  /** Lets go of buffers of sizes that are not wanted just now, to make room for one that is. */
  #dropFree(): void {
    for (const list of this.#free) list.length = 0
    this.#heldOctets -= this.#freeOctets
    this.#freeOctets = 0
  }
}

function sizeFor(octets: number): number {
  return octets <= TCP_PARTIAL_OCTETS ? TCP_PARTIAL_OCTETS : 2 ** (32 - Math.clz32(octets - 1))
}

function log2(size: number): number {
  return 31 - Math.clz32(size)
}

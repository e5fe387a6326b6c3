/**
 * How many connections each client has: a table of numbers alone, as clients come and go with every
 * connection. What counts as one client is an IPv4 address, or the /64 of an IPv6 address, which is what
 * one subscriber has (RFC 6177 2): the first 64 bits of either tell all of it.
 *
 *     IPv4 192.0.2.1          high 0x0000ffff   low 0xc0000201    as in ::ffff:0:0/96, which no /64 can be
 *     IPv6 2001:db8:1:2::/64  high 0x20010db8   low 0x00010002
 *
 * Open addressing with linear probing; a removal moves back what stands behind it, so that nothing is left
 * to skip. The hash is seeded, lest somebody with many addresses makes them collide.
 */
import { randomInt } from 'node:crypto'

/** The first half of what tells a client: a signed 32-bit number. */
export function clientHigh(address: Uint8Array): number {
  return address.length === 4 ? 0xffff : word(address, 0)
}

/** The second half. */
export function clientLow(address: Uint8Array): number {
  return word(address, address.length === 4 ? 0 : 4)
}

function word(octets: Uint8Array, at: number): number {
  return (octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3]
}

/** Counts by client. */
export class ClientCounts {
  readonly #mask: number
  readonly #high: Int32Array
  readonly #low: Int32Array
  /** 0: the place is empty. */
  readonly #count: Int32Array
  readonly #seed: number

  /** For at most `most` clients at once. */
  constructor(most: number, seed: number = randomInt(0x8000_0000)) {
    const places = 2 ** (33 - Math.clz32(most)) // at most half full
    this.#mask = places - 1
    this.#high = new Int32Array(places)
    this.#low = new Int32Array(places)
    this.#count = new Int32Array(places)
    this.#seed = seed | 1
  }

  /** How many are counted for a client. */
  get(high: number, low: number): number {
    return this.#count[this.#find(high, low)]
  }

  /** One more for a client. */
  add(high: number, low: number): void {
    const at = this.#find(high, low)
    this.#high[at] = high
    this.#low[at] = low
    this.#count[at]++
  }

  /** One less for a client, who must have one. */
  remove(high: number, low: number): void {
    const at = this.#find(high, low)
    if (--this.#count[at] === 0) this.#close(at)
  }

  /** Where a client stands, or would. */
  #find(high: number, low: number): number {
    let at = this.#home(high, low)
    while (this.#count[at] !== 0 && (this.#high[at] !== high || this.#low[at] !== low)) at = (at + 1) & this.#mask
    return at
  }

  #home(high: number, low: number): number {
    let hash = Math.imul(high ^ this.#seed, 0x9e3779b1) ^ low
    hash = Math.imul(hash ^ (hash >>> 15), this.#seed)
    hash = Math.imul(hash ^ (hash >>> 13), 0x85ebca6b)
    return (hash ^ (hash >>> 16)) & this.#mask
  }

  /** Fills the place at `gap`, just emptied, from behind: each that its home does not keep there moves up. */
  #close(gap: number): void {
    const mask = this.#mask
    for (let at = (gap + 1) & mask; this.#count[at] !== 0; at = (at + 1) & mask) {
      const home = this.#home(this.#high[at], this.#low[at])
      if (((at - home) & mask) < ((at - gap) & mask)) continue
      this.#high[gap] = this.#high[at]
      this.#low[gap] = this.#low[at]
      this.#count[gap] = this.#count[at]
      this.#count[at] = 0
      gap = at
    }
  }
}

/**
 * Chance that can be repeated: every zone, key, query and mutation of the battery comes from a seed, so that
 * a difference found in one run is found again in the next. The generator is xorshift32; its quality is
 * enough for picking, and it costs a nanosecond.
 */

/** A seeded source of picks. The same seed gives the same sequence on every machine. */
export class Chance {
  private state: number

  /** `seed` is any 32-bit number; 0 is moved, since xorshift would stay there. */
  constructor(seed: number) {
    this.state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) || 0x6d2b79f5
    for (let i = 0; i < 8; i++) this.next()
  }

  /** The next 32 bits, as an unsigned number. */
  next(): number {
    let x = this.state
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.state = x
    return x >>> 0
  }

  /** A whole number from 0 to `bound` − 1. */
  below(bound: number): number {
    return this.next() % bound
  }

  /** True in `percent` of 100 cases. */
  percent(percent: number): boolean {
    return this.next() % 10_000 < percent * 100
  }

  /** One element, each equally likely. */
  pick<T>(list: readonly T[]): T {
    return list[this.next() % list.length] as T
  }

  /** `count` octets. */
  octets(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.next() >>> 24)
  }
}

/** A seed made from a word, so that each zone's content depends on its own name and on nothing before it. */
export function seedOf(word: string, seed: number): number {
  let hash = seed ^ 0x811c9dc5
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

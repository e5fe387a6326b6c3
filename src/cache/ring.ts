/**
 * One queue of entries as a ring in the block: entries go in at the head and come out at the tail, whole and next to
 * each other. So nothing is ever searched for room, nothing crumbles, and what is in use cannot pass the ring's size.
 *
 *     base        tail                       head            limit
 *     │  free     │ entry │ entry │ (dead) │ …  free            │
 *
 * An entry does not wrap: where it would, the rest of the ring is a dead entry and it starts at the base.
 */
import type { CacheBlock } from './block.ts'
import { RING_SHIFT, type RingId } from './layout.ts'

/** A ring of words from `base` up to `limit`. */
export class Ring {
  readonly id: RingId
  readonly base: number
  readonly limit: number
  /** Where the next entry goes. */
  head: number
  /** The oldest entry, where `used` is not 0. */
  tail: number
  /** Words between tail and head. */
  used = 0
  private readonly block: CacheBlock

  constructor(block: CacheBlock, id: RingId, base: number, limit: number) {
    this.block = block
    this.id = id
    this.base = base
    this.limit = limit
    this.head = base
    this.tail = base
  }

  get capacity(): number {
    return this.limit - this.base
  }

  /** Whether there is room for a good while, as before the ring has come round once. */
  get hasPlenty(): boolean {
    return this.used < this.capacity - (this.capacity >>> 3)
  }

  /** Takes `span` words at the head and returns where they are; 0 where they are not free. */
  place(span: number): number {
    if (this.used === 0) this.head = this.tail = this.base
    const rest = this.limit - this.head
    if (span > rest) {
      if (this.used + rest + span > this.capacity) return 0
      if (rest > 0) this.pad(rest)
      this.head = this.base
    }
    if (this.used + span > this.capacity) return 0
    const at = this.head
    this.used += span
    this.head = this.wrapped(at + span)
    return at
  }

  private pad(span: number): void {
    this.block.words[this.head] = span | (this.id << RING_SHIFT)
    this.used += span
  }

  /** Gives back what the oldest entry takes. */
  release(): void {
    const span = this.block.spanOf(this.tail)
    this.used -= span
    this.tail = this.wrapped(this.tail + span)
  }

  private wrapped(at: number): number {
    return at === this.limit ? this.base : at
  }

  /** Calls `visit` for each entry and for what is dead, the oldest first. What `visit` does may kill entries, but not add or move any. */
  forEach(visit: (entry: number) => void): void {
    for (let left = this.used, entry = this.tail; left > 0; ) {
      const span = this.block.spanOf(entry)
      visit(entry)
      left -= span
      entry = this.wrapped(entry + span)
    }
  }
}

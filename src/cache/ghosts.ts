/**
 * What was forgotten a moment ago (the ghost queue of S3-FIFO): who is asked for again so soon belongs into the main
 * queue at once. Only fingerprints are kept, one to a slot; two that meet in a slot cost the older a chance.
 */
import type { CacheBlock } from './block.ts'
import { GHOST, HEADER } from './layout.ts'

/** The writer's memory of what it has forgotten. */
export class Ghosts {
  private readonly words: Int32Array
  private readonly base: number
  private readonly mask: number
  /** How many were ever added. */
  private stamp = 0

  constructor(block: CacheBlock) {
    this.words = block.words
    this.base = block.words[HEADER.ghosts]
    this.mask = block.bucketMask
  }

  add(print: number): void {
    const slot = this.slotOf(print)
    this.words[slot + GHOST.fingerprint] = print
    this.words[slot + GHOST.stamp] = ++this.stamp | 0
  }

  /** Whether it is among the last `count` that were added; it is taken out. */
  take(print: number, count: number): boolean {
    const slot = this.slotOf(print)
    if (this.words[slot + GHOST.fingerprint] !== print) return false
    this.words[slot + GHOST.fingerprint] = 0
    return ((this.stamp - this.words[slot + GHOST.stamp]) >>> 0) < count
  }

  private slotOf(print: number): number {
    return this.base + ((print >>> 1) & this.mask) * GHOST.words
  }
}

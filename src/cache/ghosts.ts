/**
 * What was forgotten a moment ago (the ghost queue of S3-FIFO): who is asked for again so soon belongs into the main
 * queue at once. Only fingerprints are kept, four to a set, the youngest first, each with the epoch of its coming
 * in its low octet; a set that is full loses its oldest. An epoch is a sixteenth of what the cache holds.
 */
import type { CacheBlock } from './block.ts'
import { GHOST_WAYS, HEADER } from './layout.ts'

/** Epochs for which a ghost counts: together as many ghosts as the cache has entries. */
const EPOCHS = 16

/** The writer's memory of what it has forgotten. */
export class Ghosts {
  private readonly block: CacheBlock
  private readonly words: Int32Array
  private readonly base: number
  private readonly mask: number
  private epoch = 0
  /** Ghosts of this epoch. */
  private count = 0

  constructor(block: CacheBlock) {
    this.block = block
    this.words = block.words
    this.base = block.words[HEADER.ghosts]
    this.mask = (block.words[HEADER.arena] - this.base) / GHOST_WAYS - 1
  }

  add(print: number): void {
    if (++this.count * EPOCHS > this.block.entryCount) {
      this.count = 0
      this.epoch = (this.epoch + 1) & 0xff
    }
    const set = this.setOf(print)
    this.words.copyWithin(set + 1, set, set + GHOST_WAYS - 1)
    this.words[set] = (print & ~0xff) | this.epoch
  }

  /** Whether it is remembered. */
  has(print: number): boolean {
    const set = this.setOf(print)
    for (let way = 0; way < GHOST_WAYS; way++) {
      const ghost = this.words[set + way]
      if (((ghost ^ print) & ~0xff) === 0) return ((this.epoch - ghost) & 0xff) <= EPOCHS
    }
    return false
  }

  private setOf(print: number): number {
    return this.base + ((print ^ (print >>> 16)) & this.mask) * GHOST_WAYS
  }
}

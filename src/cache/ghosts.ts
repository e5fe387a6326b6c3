/**
 * What was forgotten a moment ago (the ghost queue of S3-FIFO): who is asked for again so soon belongs into the main
 * queue at once. Only fingerprints are kept, four to a set, the youngest first; a set that is full loses its oldest.
 */
import type { CacheBlock } from './block.ts'
import { GHOST_WAYS, HEADER } from './layout.ts'

/** The writer's memory of what it has forgotten. */
export class Ghosts {
  private readonly words: Int32Array
  private readonly base: number
  private readonly mask: number

  constructor(block: CacheBlock) {
    this.words = block.words
    this.base = block.words[HEADER.ghosts]
    this.mask = (block.words[HEADER.arena] - this.base) / GHOST_WAYS - 1
  }

  add(print: number): void {
    const set = this.setOf(print)
    this.words.copyWithin(set + 1, set, set + GHOST_WAYS - 1)
    this.words[set] = print
  }

  /** Whether it is remembered. */
  has(print: number): boolean {
    const set = this.setOf(print)
    for (let way = 0; way < GHOST_WAYS; way++) if (this.words[set + way] === print) return true
    return false
  }

  private setOf(print: number): number {
    return this.base + (((print >>> 1) ^ (print >>> 17)) & this.mask) * GHOST_WAYS
  }
}

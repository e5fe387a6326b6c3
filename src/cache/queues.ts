/**
 * Who stays and who goes: S3-FIFO (Yang et al., SOSP 2023) over two rings, and a third ring for absences and
 * failures. What is new goes to the small ring; what was asked for twice more by the time it comes to the old end goes on to
 * the main ring, the rest is forgotten and leaves a ghost. In the main ring, and in the third, what was asked
 * for since its last round goes round once more. So names that are asked for once, most of all random ones, pass
 * through a tenth of the memory and push out nobody.
 */
import { MAX_SECOND_CHANCES } from '../dns/limits-resolver.ts'
import type { Chains } from './chains.ts'
import { Ghosts } from './ghosts.ts'
import { ALIVE, ENTRY, HEADER, RING, RING_SHIFT, type RingId, fingerprint } from './layout.ts'
import { Ring } from './ring.ts'

/** How often a new entry must have been asked for by the time it is old (S3-FIFO: more than once). */
const WORTH_MAIN = 2

/** The three rings of a cache and what moves between them; the writer's. */
export class Queues {
  readonly rings: readonly [small: Ring, main: Ring, junk: Ring]
  private readonly chains: Chains
  private readonly words: Int32Array
  private readonly ghosts: Ghosts
  /** Seconds after its expiry for which an entry is still worth its memory. */
  private readonly staleSeconds: number
  /** Moves that are left to the insertion under way. */
  private chances = 0

  constructor(chains: Chains) {
    const { block } = chains
    const { words } = block
    this.chains = chains
    this.words = words
    this.ghosts = new Ghosts(block)
    this.staleSeconds = block.staleSeconds
    this.rings = [
      new Ring(block, RING.small, words[HEADER.small], words[HEADER.main]),
      new Ring(block, RING.main, words[HEADER.main], words[HEADER.junk]),
      new Ring(block, RING.junk, words[HEADER.junk], words[HEADER.arenaEnd]),
    ]
  }

  /** The ring that `entry` is in. */
  ringOf(entry: number): RingId {
    return ((this.words[entry + ENTRY.span] >>> RING_SHIFT) & 3) as RingId
  }

  /** The ring for what was not there: the small one, or the main one for who was forgotten a moment ago. */
  ringForNew(hash: number, typeAndClass: number): RingId {
    return this.ghosts.has(fingerprint(hash, typeAndClass)) ? RING.main : RING.small
  }

  /** Makes room for `span` words in a ring and returns where. They are less than the ring has. */
  reserve(ring: RingId, span: number, now: number): number {
    this.chances = MAX_SECOND_CHANCES
    return this.roomIn(this.rings[ring], span, now)
  }

  private roomIn(ring: Ring, span: number, now: number): number {
    for (;;) {
      const at = ring.place(span)
      if (at !== 0) return at
      this.retireOldest(ring, now)
    }
  }

  private retireOldest(ring: Ring, now: number): void {
    const entry = ring.tail
    const word = this.words[entry + ENTRY.span]
    ring.release()
    if ((word & ALIVE) === 0) return
    const kept = this.isWanted(ring, entry, now) && this.keep(ring, entry, now)
    if (kept) return
    if (ring.id === RING.small) this.ghosts.add(fingerprint(this.words[entry + ENTRY.hash], this.words[entry + ENTRY.key]))
    this.chains.unlink(entry)
  }

  /** Whether it can still be an answer, and was asked for; anything does while the main ring is not yet full. */
  private isWanted(ring: Ring, entry: number, now: number): boolean {
    if (this.chances === 0 || (this.words[entry + ENTRY.expiry] >>> 0) + this.staleSeconds <= now) return false
    const frequency = this.frequencyOf(entry)
    return ring.id === RING.small ? frequency >= WORTH_MAIN || this.rings[RING.main].hasPlenty : frequency > 0
  }

  private frequencyOf(entry: number): number {
    return this.chains.frequency(this.words[entry + ENTRY.hash], this.words[entry + ENTRY.key] & 0xffff)
  }

  /** Moves what has left its ring's old end; false where there is no room at the seam of the ring. Its octets are untouched until then. */
  private keep(from: Ring, entry: number, now: number): boolean {
    this.chances--
    const { words } = this
    const span = this.chains.block.spanOf(entry)
    const ring = from.id === RING.small ? this.rings[RING.main] : from
    const to = ring === from ? ring.place(span) : this.roomIn(ring, span, now)
    if (to === 0) return false
    this.chains.lowerFrequency(words[entry + ENTRY.hash], words[entry + ENTRY.key] & 0xffff)
    this.chains.move(entry, to, span, ring.id)
    return true
  }
}

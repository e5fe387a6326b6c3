/**
 * The chains as the one writer changes them (layout.ts). Each change stands between an odd and an even sequence of
 * its bucket.
 */
import { MAX_CACHE_CHAIN } from '../dns/limits-resolver.ts'
import { sameOctets } from '../dns/octet-views.ts'
import type { CacheBlock } from './block.ts'
import { ALIVE, BUCKET, ENTRY, HEADER, RING_SHIFT, type RingId, laneOf } from './layout.ts'
import { KIND } from './terms.ts'

/** What an entry is found by. */
export interface EntryKey {
  /** Of the name and class: `chainHash`. */
  readonly hash: number
  /** As ENTRY.key. */
  readonly typeAndClass: number
  /** A failure and an answer about the same do not stand in each other's way. */
  readonly isFailure: boolean
  /** The upper half of ENTRY.traits: octets of server and name. */
  readonly lengths: number
  /** The key octets: `count` of them from `at`. */
  readonly view: DataView
  readonly at: number
  readonly count: number
}

/** The writing side of the chains. */
export class Chains {
  readonly block: CacheBlock
  private readonly words: Int32Array

  constructor(block: CacheBlock) {
    this.block = block
    this.words = block.words
  }

  /**
   * Readers that began before cannot end well from here on. The load behind the store keeps what follows behind it, on
   * processors that would let plain stores overtake a store with release.
   */
  private lock(bucket: number): void {
    const { words } = this
    Atomics.store(words, bucket + BUCKET.sequence, words[bucket + BUCKET.sequence] + 1)
    Atomics.load(words, bucket + BUCKET.sequence)
  }

  private unlock(bucket: number): void {
    Atomics.store(this.words, bucket + BUCKET.sequence, this.words[bucket + BUCKET.sequence] + 1)
  }

  /** First entry of the chain of `hash`; 0 where it is empty. */
  first(hash: number): number {
    return this.words[this.block.bucketOf(hash) + BUCKET.first]
  }

  next(entry: number): number {
    return this.words[entry + ENTRY.next]
  }

  /** The entry with that key; 0 where there is none. */
  find(key: EntryKey): number {
    for (let entry = this.first(key.hash); entry !== 0; entry = this.next(entry)) {
      if (this.words[entry + ENTRY.key] === key.typeAndClass && this.isFailure(entry) === key.isFailure && this.isKeyed(entry, key)) return entry
    }
    return 0
  }

  isFailure(entry: number): boolean {
    return (this.words[entry + ENTRY.traits] & 15) === KIND.failure
  }

  /** Whether the entry is about this name, and about this server where the key has one. */
  isKeyed(entry: number, key: EntryKey): boolean {
    const { words } = this
    if (words[entry + ENTRY.hash] !== key.hash || words[entry + ENTRY.traits] >>> 16 !== key.lengths) return false
    return sameOctets(this.block.view, (entry + ENTRY.words) * 4, key.view, key.at, key.count)
  }

  /** Puts an entry that has been written whole at the front of its chain; `replaced`, if not 0, goes. */
  link(entry: number, replaced: number): void {
    const { words } = this
    const bucket = this.block.bucketOf(words[entry + ENTRY.hash])
    this.lock(bucket)
    if (replaced !== 0) this.takeOut(bucket, replaced)
    words[entry + ENTRY.next] = words[bucket + BUCKET.first]
    words[bucket + BUCKET.first] = entry
    this.count(entry, 1)
    this.cutChain(bucket)
    this.unlock(bucket)
  }

  /** Takes an entry out of its chain; its octets stay until its ring writes over them. */
  unlink(entry: number): void {
    const bucket = this.block.bucketOf(this.words[entry + ENTRY.hash])
    this.lock(bucket)
    this.takeOut(bucket, entry)
    this.unlock(bucket)
  }

  /** Moves an entry of `span` words to `to`, which may overlap it, in `ring`. */
  move(entry: number, to: number, span: number, ring: RingId): void {
    const { words } = this
    const bucket = this.block.bucketOf(words[entry + ENTRY.hash])
    const link = this.linkTo(bucket, entry)
    this.lock(bucket)
    if (to !== entry) words.copyWithin(to, entry, entry + span)
    words[to + ENTRY.span] = span | (ring << RING_SHIFT) | ALIVE
    words[link] = to
    this.unlock(bucket)
  }

  /** Writes other words over an entry at its own place, whose span, ring and place in the chain stay. */
  overwrite(entry: number, content: Int32Array, count: number): void {
    const { words } = this
    const bucket = this.block.bucketOf(words[entry + ENTRY.hash])
    this.lock(bucket)
    for (let i = ENTRY.key; i < count; i++) words[entry + i] = content[i]
    this.unlock(bucket)
  }

  /** The word that leads to `entry`. It must be in the chain. */
  private linkTo(bucket: number, entry: number): number {
    let link = bucket + BUCKET.first
    while (this.words[link] !== entry) link = this.words[link] + ENTRY.next
    return link
  }

  private takeOut(bucket: number, entry: number): void {
    const { words } = this
    words[this.linkTo(bucket, entry)] = words[entry + ENTRY.next]
    this.count(entry, -1)
    words[entry + ENTRY.span] &= ~ALIVE
  }

  private count(entry: number, sign: 1 | -1): void {
    this.words[HEADER.entries] += sign
    this.words[HEADER.live] += sign * this.block.spanOf(entry)
  }

  /** Forgets what lies further down a chain than readers go. */
  private cutChain(bucket: number): void {
    const { words } = this
    let entry = words[bucket + BUCKET.first]
    for (let step = 1; entry !== 0; step++) {
      const next = words[entry + ENTRY.next]
      if (step > MAX_CACHE_CHAIN) this.takeOut(bucket, entry)
      entry = next
    }
  }

  // ---- What readers count ----

  /** How often the type of a name was asked for since it came, 0 to 3. */
  frequency(hash: number, type: number): number {
    return (this.words[this.block.bucketOf(hash) + BUCKET.frequency] >>> (laneOf(hash, type) * 2)) & 3
  }

  /** Takes one of a frequency. Readers only ever add, and not beyond 3: it cannot borrow from the next lane. */
  lowerFrequency(hash: number, type: number): void {
    if (this.frequency(hash, type) === 0) return
    Atomics.sub(this.words, this.block.bucketOf(hash) + BUCKET.frequency, 1 << (laneOf(hash, type) * 2))
  }

  /** Lets the next reader claim a prefetch. */
  clearClaim(hash: number, type: number): void {
    Atomics.and(this.words, this.block.bucketOf(hash) + BUCKET.claims, ~(1 << laneOf(hash, type)))
  }
}

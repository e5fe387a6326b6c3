/**
 * The block of the cache as every thread holds it: made once by the writer's thread, handed to the others, and
 * opened there. It knows where things lie and nothing of what they mean.
 */
import { MAX_IMAGE_OCTETS } from '../dns/limits.ts'
import { MAX_STALE_SECONDS, MIN_CACHE_OCTETS } from '../dns/limits-resolver.ts'
import { type OctetBlock, viewOf } from '../dns/octet-views.ts'
import { sharedBlock } from '../dns/shared-block.ts'
import { BUCKET, ENTRY, GHOST_WAYS, GUARD_WORDS, HEADER, MAGIC, SPAN_MASK } from './layout.ts'

/** Octets of the block for each bucket: an entry has 120 to 300, so that chains are about as long as a name has types. */
const OCTETS_PER_BUCKET = 192
/** What the queue of absences and failures gets of all queues: one part of so many. */
const JUNK_SHARE = 8
/** What the queue of the new gets of the rest (S3-FIFO: a tenth). */
const SMALL_SHARE = 10

/** A block of memory that holds a cache. */
export class CacheBlock implements OctetBlock {
  readonly buffer: SharedArrayBuffer
  readonly words: Int32Array
  readonly octets: Uint8Array
  readonly view: DataView
  /** Random number that names are hashed with: `new LookupName(block.seed)`. */
  readonly seed: number
  readonly bucketMask: number
  readonly buckets: number
  readonly arena: number
  readonly arenaEnd: number
  readonly staleSeconds: number

  /**
   * An empty cache of exactly `octets` octets; all that it ever uses lies in them. RangeError where they are too few or too many. `seed` is a random number of 32 bits.
   * `staleSeconds`: how long after its expiry an entry may still be an answer; 0 for never.
   */
  static create(octets: number, seed: number, staleSeconds: number = MAX_STALE_SECONDS): CacheBlock {
    if (!(octets >= MIN_CACHE_OCTETS && octets <= MAX_IMAGE_OCTETS)) {
      throw new RangeError(`Cannot make cache of ${octets} octets as it must have ${MIN_CACHE_OCTETS} to ${MAX_IMAGE_OCTETS}`)
    }
    const buffer = sharedBlock(octets - (octets % 4))
    const words = new Int32Array(buffer)
    words[HEADER.stale] = staleSeconds
    layOut(words, seed)
    return new CacheBlock(buffer)
  }

  /** RangeError where the block is none of this layout. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.words = new Int32Array(buffer)
    if (this.words[HEADER.magic] !== MAGIC) throw new RangeError('Cannot read cache as its block is not one of this layout')
    this.octets = new Uint8Array(buffer)
    this.view = viewOf(this.octets)
    this.seed = this.words[HEADER.seed]
    this.bucketMask = this.words[HEADER.bucketMask]
    this.buckets = this.words[HEADER.buckets]
    this.arena = this.words[HEADER.arena]
    this.arenaEnd = this.words[HEADER.arenaEnd]
    this.staleSeconds = this.words[HEADER.stale]
  }

  /** Entries that can be found, those that have expired and are still kept among them. */
  get entryCount(): number {
    return this.words[HEADER.entries]
  }

  /** Octets of those entries. */
  get liveOctets(): number {
    return this.words[HEADER.live] * 4
  }

  /** Where the bucket of a chain lies. */
  bucketOf(hash: number): number {
    return this.buckets + (hash & this.bucketMask) * BUCKET.words
  }

  /** Words of the entry at `entry`. */
  spanOf(entry: number): number {
    return this.words[entry + ENTRY.span] & SPAN_MASK
  }
}

function layOut(words: Int32Array, seed: number): void {
  const bucketCount = 2 ** Math.floor(Math.log2((words.length * 4) / OCTETS_PER_BUCKET))
  const ghosts = HEADER.words + bucketCount * BUCKET.words
  const arena = ghosts + bucketCount * GHOST_WAYS // about as many ghosts as the main queue has entries
  const arenaEnd = words.length - GUARD_WORDS
  const junk = arenaEnd - Math.floor((arenaEnd - arena) / JUNK_SHARE)
  words[HEADER.seed] = seed
  words[HEADER.bucketMask] = bucketCount - 1
  words[HEADER.buckets] = HEADER.words
  words[HEADER.ghosts] = ghosts
  words[HEADER.small] = arena
  words[HEADER.main] = arena + Math.floor((junk - arena) / SMALL_SHARE)
  words[HEADER.junk] = junk
  words[HEADER.arenaEnd] = arenaEnd
  words[HEADER.magic] = MAGIC
}

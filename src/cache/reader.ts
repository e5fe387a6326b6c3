/**
 * The cache as any thread reads it, without locks (layout.ts): `find` copies what it found into memory of this reader and
 * then makes sure that it was whole. So all that is read from a `CacheReader` afterwards is one entry as it was
 * written, whatever the writer does meanwhile. Nothing here allocates.
 */
import { CLASS, TYPE } from '../dns/codes.ts'
import { MAX_CACHE_CHAIN, MAX_CACHE_ENTRY_OCTETS, MAX_TORN_READS, MIN_PREFETCH_TTL, STALE_TTL } from '../dns/limits-resolver.ts'
import type { LookupName } from '../dns/lookup-name.ts'
import { sameOctets } from '../dns/octet-views.ts'
import type { CacheBlock } from './block.ts'
import { CachedEntry } from './entry.ts'
import { BUCKET, ENTRY, SPAN_MASK, chainHash, laneOf } from './layout.ts'
import { CACHED, type Cached, KIND, TRUST, type Trust } from './terms.ts'

const MAX_ENTRY_WORDS = MAX_CACHE_ENTRY_OCTETS / 4
/** From this frequency on a name is popular enough to be fetched ahead of its expiry. */
const POPULAR = 2

/** What each KIND is found as. */
const FOUND_AS: readonly Cached[] = [CACHED.nothing, CACHED.records, CACHED.nodata, CACHED.nxdomain, CACHED.failure]

/** Finds entries; each thread makes its own. */
export class CacheReader extends CachedEntry {
  /** Questions that were given up as the writer came in between too often. */
  tornReads = 0
  /** Whether what was found has expired: it is an answer only where nobody can be asked (RFC 8767 4). */
  isStale = false
  /** Whether asking failed a moment ago, so that it is not to be tried again yet and a stale answer is the best there is. */
  hasFailed = false
  /** INFO-CODE of that failure (RFC 8914), -1 for none: what has expired beside it has a reason of its own. */
  failureReason = -1
  /** Whether this reader shall see that the entry is fetched anew, as it is popular and about to expire: told once, to one reader. */
  shouldPrefetch = false
  private readonly block: CacheBlock
  private readonly shared: Int32Array
  /** Stored to between reading and checking: loads of octets do not pass a store with release, and the check does not pass it either. */
  private readonly fence = new Int32Array(1)
  private now = 0
  // what one walk along a chain has met: entry handles, 0 for none
  private exact = 0
  private alias = 0
  private nxdomain = 0
  private failure = 0

  constructor(block: CacheBlock) {
    super()
    this.block = block
    this.shared = block.words
  }

  /**
   * What is known at `now` of `type` at label `from` and onward of `name`, whose seed must be the block's. Data of
   * less than `least` trust counts as unknown: by default what must never be an answer (RFC 2181 5.4.1).
   * A live entry of the type comes first, then a CNAME, then NXDOMAIN, then the same where they have expired, then a failure.
   */
  find(name: LookupName, type: number, now: number, from = 0, recordClass: number = CLASS.IN, least: Trust = TRUST.answer): Cached {
    const hash = chainHash(name.hash[from], recordClass)
    const bucket = this.block.bucketOf(hash)
    const key = type | (recordClass << 16)
    this.now = now
    for (let tries = 0; tries < MAX_TORN_READS; tries++) {
      const sequence = Atomics.load(this.shared, bucket + BUCKET.sequence)
      if ((sequence & 1) !== 0 || !this.walk(bucket, hash, key, name, from, least)) continue
      const entry = this.choose()
      if (entry !== 0 && !this.copy(entry)) continue
      Atomics.store(this.fence, 0, 0)
      if (Atomics.load(this.shared, bucket + BUCKET.sequence) === sequence) return entry === 0 ? CACHED.nothing : this.outcome(bucket, type)
    }
    this.tornReads++
    return CACHED.nothing
  }

  /** Looks through a chain; false where it cannot be one. */
  private walk(bucket: number, hash: number, key: number, name: LookupName, from: number, least: Trust): boolean {
    const { shared, block } = this
    this.exact = this.alias = this.nxdomain = this.failure = 0
    let entry = shared[bucket + BUCKET.first]
    for (let steps = 0; entry !== 0; steps++) {
      if (steps >= MAX_CACHE_CHAIN || entry < block.arena || entry > block.arenaEnd - ENTRY.words) return false
      if (shared[entry + ENTRY.hash] === hash && this.isNamed(entry, name, from)) this.meet(entry, key, least)
      entry = shared[entry + ENTRY.next]
    }
    return true
  }

  private isNamed(entry: number, name: LookupName, from: number): boolean {
    const at = name.labelAt[from]
    const length = name.length - at
    // octets of the name as the key's only ones: what is about one server is not for readers of names
    if (this.shared[entry + ENTRY.traits] >>> 16 !== length << 8) return false
    return sameOctets(this.block.view, (entry + ENTRY.words) * 4, name.view, at, length)
  }

  private meet(entry: number, key: number, least: Trust): void {
    const { shared } = this
    const traits = shared[entry + ENTRY.traits]
    const kind = traits & 15
    const own = shared[entry + ENTRY.key]
    if ((own ^ key) >>> 16 !== 0 || (shared[entry + ENTRY.expiry] >>> 0) + this.block.staleSeconds <= this.now) return
    if (kind === KIND.failure) {
      if (own === key && shared[entry + ENTRY.expiry] >>> 0 > this.now) this.failure = entry
    } else if (((traits >>> 4) & 15) < least) return
    else if (own === key) this.exact = entry
    else if (kind === KIND.nxdomain) this.nxdomain = entry
    else if (kind === KIND.records && (own & 0xffff) === TYPE.CNAME) this.alias = entry
  }

  private choose(): number {
    const { exact, alias, nxdomain, failure } = this
    this.hasFailed = failure !== 0
    this.failureReason = failure === 0 ? -1 : (this.shared[failure + ENTRY.proofOctets] >>> 16) - 1
    this.isStale = false
    if (this.isLive(exact)) return exact
    if (this.isLive(alias)) return alias
    if (this.isLive(nxdomain)) return nxdomain
    const stale = exact || alias || nxdomain
    this.isStale = stale !== 0
    return stale || failure
  }

  private isLive(entry: number): boolean {
    return entry !== 0 && this.shared[entry + ENTRY.expiry] >>> 0 > this.now
  }

  /** Copies an entry; false where its length cannot be true. */
  private copy(entry: number): boolean {
    const { shared } = this
    const span = shared[entry + ENTRY.span] & SPAN_MASK
    if (span < ENTRY.words || span > MAX_ENTRY_WORDS || entry + span > this.block.arenaEnd) return false
    this.load(shared, entry, span)
    return true
  }

  private outcome(bucket: number, type: number): Cached {
    const found = FOUND_AS[this.kind] === CACHED.records && this.type !== type ? CACHED.alias : FOUND_AS[this.kind]
    const left = this.expiry - this.now
    this.ttlSeconds = this.isStale ? STALE_TTL : Math.min(left, this.originalTtl) // a clock that went back makes nothing younger
    this.shouldPrefetch = false
    if (found !== CACHED.failure) this.count(bucket, laneOf(this.words[ENTRY.hash], this.type), left)
    return found
  }

  /** Counts the hit, up to 3, and claims a prefetch where one is due. */
  private count(bucket: number, lane: number, left: number): void {
    const { shared } = this
    const counts = shared[bucket + BUCKET.frequency]
    const frequency = (counts >>> (lane * 2)) & 3
    if (frequency < 3) Atomics.compareExchange(shared, bucket + BUCKET.frequency, counts, counts + (1 << (lane * 2)))
    if (this.isStale || left * 10 >= this.originalTtl || this.originalTtl < MIN_PREFETCH_TTL || frequency < POPULAR) return
    const bit = 1 << lane
    if ((shared[bucket + BUCKET.claims] & bit) === 0) this.shouldPrefetch = (Atomics.or(shared, bucket + BUCKET.claims, bit) & bit) === 0
  }
}

/**
 * Fetching anew what is popular and about to expire (prefetch), so that nobody waits for it: for as long as a name and type
 * are being refreshed they count as unknown to the resolver, which therefore asks, while everybody else still reads them.
 */
import type { CacheBlock } from '../cache/block.ts'
import { CacheReader } from '../cache/reader.ts'
import { CACHED } from '../cache/terms.ts'
import { TYPE } from '../dns/codes.ts'
import { MAX_REFRESHES, MIN_PREFETCH_TTL } from '../dns/limits-resolver.ts'
import { LookupName } from '../dns/lookup-name.ts'
import type { Question } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { CacheBehind } from './cache-behind.ts'
import type { Remembered, ResolverCache, RRset, Trust } from './contract.ts'

/** Of its TTL a record has less than this part left when it is fetched anew: a tenth, as the cache's readers have it. */
const LAST_PART = 10

/** A cache of which some is being refreshed. */
export class RefreshingCache extends CacheBehind {
  private readonly reader: CacheReader
  private readonly lookup: LookupName
  private readonly underWay = new Set<string>()

  /** `block` is what `cache` keeps in. */
  constructor(cache: ResolverCache, block: CacheBlock) {
    super(cache)
    this.reader = new CacheReader(block)
    this.lookup = new LookupName(block.seed)
  }

  /** Names and types being refreshed now. */
  get size(): number {
    return this.underWay.size
  }

  /** Whether the entry that answers `question` is about to expire; then it counts as unknown until `end` is called. False where enough is being refreshed. */
  begin(question: Question, nowSeconds: number): boolean {
    return this.isDue(question.name, question.type, nowSeconds) && this.hide(question)
  }

  /** Has `question` count as unknown until `end` is called, whatever is left of what is known: who wants it as it is now. False where enough is being refreshed, or it is already. */
  hide({ name, type }: Question): boolean {
    const key = keyOf(name, type)
    if (this.underWay.size >= MAX_REFRESHES || this.underWay.has(key)) return false
    this.underWay.add(key)
    return true
  }

  /** What of an answer begins to be refreshed: the question, and what the aliases of `chain` lead to, as any of these may be what is about to expire. Each is to be ended. */
  beginAll(question: Question, chain: readonly RRset[], nowSeconds: number): Question[] {
    const targets = chain.filter(({ type }) => type === TYPE.CNAME).map(({ records }) => Name.fromWire(records[0].rdata))
    return [question.name, ...targets].map((name) => ({ ...question, name })).filter((one) => this.begin(one, nowSeconds))
  }

  /** It was asked for, whatever came of it. */
  end({ name, type }: Question): void {
    this.underWay.delete(keyOf(name, type))
  }

  override find(name: Name, type: number, nowSeconds: number, least: Trust): Remembered | undefined {
    return this.underWay.size > 0 && this.underWay.has(keyOf(name, type)) ? undefined : super.find(name, type, nowSeconds, least)
  }

  private isDue(name: Name, type: number, nowSeconds: number): boolean {
    const { reader, lookup } = this
    lookup.load(name.wire, 0)
    const found = reader.find(lookup, type, nowSeconds)
    if (found === CACHED.nothing || found === CACHED.failure || reader.isStale || reader.originalTtl < MIN_PREFETCH_TTL) return false
    return (reader.expiry - nowSeconds) * LAST_PART < reader.originalTtl
  }
}

function keyOf(name: Name, type: number): string {
  return `${type} ${name.key}`
}

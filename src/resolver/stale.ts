/**
 * What is known although it has expired (RFC 8767): an answer where nobody can be asked, or not soon enough. It is read
 * along aliases as the resolver would, from an expired entry wherever no live one stands, and marked as what it is.
 */
import type { CacheBlock } from '../cache/block.ts'
import { PART } from '../cache/entry.ts'
import { CacheReader } from '../cache/reader.ts'
import { recordsIn } from '../cache/records.ts'
import { CACHED, SECURITY, type Cached } from '../cache/terms.ts'
import { EDE } from '../dns/codes.ts'
import { MAX_ALIASES } from '../dns/limits-resolver.ts'
import { LookupName } from '../dns/lookup-name.ts'
import type { Question } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { NO_WORK, type Outcome, type RRset } from './contract.ts'


/** Reads expired answers of one cache. */
export class StaleAnswers {
  private readonly reader: CacheReader
  private readonly lookup: LookupName

  constructor(block: CacheBlock) {
    this.reader = new CacheReader(block)
    this.lookup = new LookupName(block.seed)
  }

  /** What was known of `question`, with an Extended DNS Error that says so (RFC 8914 4.4, 4.20); undefined where it was not, or where nothing of it has expired. Where answers are validated (`mustBeJudged`), what never was is no answer. */
  find({ name, type }: Question, nowSeconds: number, mustBeJudged = false): Outcome | undefined {
    const chain: RRset[] = []
    let isStale = false
    for (let target = name; chain.length <= MAX_ALIASES; ) {
      const found = this.look(target, type, nowSeconds, mustBeJudged)
      if (found === CACHED.nothing || found === CACHED.failure) return undefined
      isStale ||= this.reader.isStale
      const rrset = found === CACHED.records || found === CACHED.alias ? this.proven() : this.rrset()
      if (found !== CACHED.alias) return isStale ? this.outcome(found, rrset, chain, { name: target, type }) : undefined
      chain.push(rrset)
      target = Name.fromWire(rrset.records[0].rdata)
    }
    return undefined
  }

  /** What failed validation is no answer, however old (RFC 8767 4: stale data are used as if fresh). */
  private look(name: Name, type: number, nowSeconds: number, mustBeJudged: boolean): Cached {
    const { reader, lookup } = this
    lookup.load(name.wire, 0)
    const found = reader.find(lookup, type, nowSeconds)
    const isUnproven = reader.security === SECURITY.bogus || (mustBeJudged && reader.security === SECURITY.indeterminate)
    return isUnproven ? CACHED.nothing : found
  }

  private rrset(): RRset {
    const records = recordsIn(this.reader, PART.records)
    const [{ name, type }] = records
    return { name, type, records, signatures: recordsIn(this.reader, PART.signatures), trust: this.reader.trust }
  }

  /** With the proof that a wildcard may stand for the name (RFC 4035 3.1.3.3), where there is one. */
  private proven(): RRset {
    const proof = recordsIn(this.reader, PART.proof)
    return { ...this.rrset(), ...(proof.length > 0 && { proof }) }
  }

  private outcome(found: Cached, rrset: RRset, chain: readonly RRset[], { name, type }: Pick<Question, 'name' | 'type'>): Outcome {
    if (found === CACHED.records) return { kind: 'answer', sets: [rrset], chain, explanation: { infoCode: EDE.STALE_ANSWER, text: '' }, work: NO_WORK }
    const kind = found === CACHED.nxdomain ? 'nxdomain' : 'nodata'
    const infoCode = kind === 'nxdomain' ? EDE.STALE_NXDOMAIN_ANSWER : EDE.STALE_ANSWER
    return { kind, absence: { kind, name, type, soa: rrset, proof: recordsIn(this.reader, PART.proof) }, chain, explanation: { infoCode, text: '' }, work: NO_WORK }
  }
}

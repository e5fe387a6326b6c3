/**
 * The cache of src/cache as the machine wants it (`ResolverCache`): RRsets and absences as values, read back from the
 * block. What was not validated yet is kept as indeterminate (RFC 4033 5).
 */
import type { Cache } from '../cache/cache.ts'
import { PART, type Part } from '../cache/entry.ts'
import { CacheReader } from '../cache/reader.ts'
import { recordsIn } from '../cache/records.ts'
import { CACHED, SECURITY } from '../cache/terms.ts'
import { CLASS } from '../dns/codes.ts'
import { LookupName } from '../dns/lookup-name.ts'
import type { DnsRecord } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { Absence, Remembered, ResolverCache, RRset, Trust } from './contract.ts'

/** A cache in shared memory, of which this thread is the writer. */
export class SharedCache implements ResolverCache {
  private readonly cache: Cache
  private readonly reader: CacheReader
  private readonly lookup: LookupName

  constructor(cache: Cache) {
    this.cache = cache
    this.reader = new CacheReader(cache.block)
    this.lookup = new LookupName(cache.block.seed)
  }

  /** What is alive. What has expired is an answer only where nobody can be asked (RFC 8767 4), so it is not for the machine. */
  find(name: Name, type: number, now: number, least: Trust): Remembered | undefined {
    const { reader, lookup } = this
    lookup.loadOnce(name.wire)
    const found = reader.find(lookup, type, now, 0, CLASS.IN, least)
    if (found === CACHED.failure || (reader.isStale && reader.hasFailed)) return { kind: 'failure', infoCode: reader.failureReason }
    if (found === CACHED.nothing || reader.isStale) return undefined
    if (found === CACHED.records) return { kind: 'records', rrset: this.rrset() }
    if (found === CACHED.alias) return { kind: 'alias', rrset: this.rrset() }
    return { kind: found === CACHED.nxdomain ? 'nxdomain' : 'nodata', name, type, soa: this.soa(), proof: this.part(PART.proof), ...this.judgement() }
  }

  keep(rrset: RRset, now: number): void {
    const { records, signatures, trust, proof = [], security = SECURITY.indeterminate, infoCode } = rrset
    this.cache.keepRRset({ records, signatures, trust, proof, security, ...reasonOf(infoCode) }, now)
  }

  keepAbsence({ kind, name, type, soa, proof, security = SECURITY.indeterminate, infoCode }: Absence, now: number): void {
    if (soa === undefined) return // RFC 2308 5
    const [record] = soa.records
    const what = kind === 'nodata' ? { name, type } : { name } // RFC 2308 5: NXDOMAIN is about all types
    this.cache.keepAbsence({ ...what, soa: record, signatures: soa.signatures, proof, trust: soa.trust, security, ...reasonOf(infoCode) }, now)
  }

  keepFailure(name: Name, type: number, infoCode: number, now: number): void {
    this.cache.keepFailure({ name, type, reason: infoCode }, now)
  }

  forget(name: Name, type: number): void {
    this.cache.drop(name, type)
  }

  private rrset(): RRset {
    const proof = this.part(PART.proof)
    return { ...this.soa(), ...(proof.length > 0 && { proof }), ...this.judgement() }
  }

  /** What validation said of it, and why where it is unsigned. */
  private judgement(): Pick<RRset, 'security' | 'infoCode'> {
    const { security, reason } = this.reader
    if (security === SECURITY.indeterminate) return {}
    return security === SECURITY.insecure && reason >= 0 ? { security, infoCode: reason } : { security }
  }

  /** The records that stand first: of an absence its SOA. */
  private soa(): RRset {
    const records = this.part(PART.records)
    const [{ name, type }] = records
    return { name, type, records, signatures: this.part(PART.signatures), trust: this.reader.trust }
  }

  private part(part: Part): DnsRecord[] {
    return recordsIn(this.reader, part)
  }
}

function reasonOf(infoCode: number | undefined): { reason?: number } {
  return infoCode === undefined ? {} : { reason: infoCode }
}

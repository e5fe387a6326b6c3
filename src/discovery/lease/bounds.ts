/**
 * Until when an RRset may be remembered: no longer than the first of its leases lasts, as an expired record must not
 * be returned (RFC 9664 7). Told to the zone as the RRset's lease end, which bounds the TTL of answers.
 */
import { MAX_BOUNDED_RECORDS } from '../../dns/limits.ts'
import type { Name } from '../../dns/name.ts'
import type { ZoneDraft } from '../../update/contract.ts'
import type { LeaseBook } from './book.ts'
import { endOf, type RecordIdentity, sameRecord, type Lease } from './lease.ts'

/** RRsets that were touched, each once. */
export class TouchedSets {
  private readonly sets = new Map<string, { owner: Name; type: number }>()

  add({ owner, type }: { owner: Name; type: number }): void {
    this.sets.set(`${type} ${owner.key}`, { owner, type })
  }

  /** Tells the zone when the first lease of each of them ends, as the book has it now. */
  bound(draft: ZoneDraft, book: LeaseBook): void {
    for (const { owner, type } of this.sets.values()) boundSet(draft, book, owner, type)
  }
}

function boundSet(draft: ZoneDraft, book: LeaseBook, owner: Name, type: number): void {
  // one that many share, such as the PTR of a service, would be read whole for each renewal of one of its members
  const rrset = draft.count(owner, type) > MAX_BOUNDED_RECORDS ? undefined : draft.rrset(owner, type)
  let first = Infinity
  for (const rdata of rrset?.rdatas ?? []) {
    const record = { owner, type, rdata }
    const entry = book.leaseOf(record)
    if (entry !== undefined) first = Math.min(first, endIn(entry.lease, record))
  }
  draft.setLeaseEnd(owner, type, first === Infinity ? undefined : first)
}

/** When the record ends; Infinity where the lease does not hold it. */
function endIn(lease: Lease, record: RecordIdentity): number {
  const unit = lease.units.find(({ records }) => records.some((held) => sameRecord(held, record)))
  return unit === undefined ? Infinity : endOf(unit, record.type)
}

/**
 * Until when an RRset may be remembered: no longer than the first of its leases lasts, as an expired record must not
 * be returned (RFC 9664 7). Told to the zone as the RRset's lease end, which bounds the TTL of answers.
 *
 * To look up the lease of each record costs a few reads of the store. Where one record joins others, or is renewed
 * without having been the first to end, the end that the zone was told before says enough of the others.
 */
import { MAX_BOUNDED_RECORDS } from '../../dns/limits-discovery.ts'
import type { Name } from '../../dns/name.ts'
import type { ZoneDraft } from '../../update/contract.ts'
import type { LeaseBook } from './book.ts'
import { endOf, type RecordIdentity, sameRecord, type Lease } from './lease.ts'

/** An RRset with what is known of its leases. */
interface Touched {
  owner: Name
  type: number
  /** Whether the lease of each record is to be looked up. */
  isWhole: boolean
  /** Whether the records that were moved are all that have a lease. */
  isTold: boolean
  /** The first end of the records that were moved, before and after. */
  formerMs: number
  endMs: number
}

/** RRsets that were touched, each once. */
export class TouchedSets {
  /** By owner: one has few types. */
  private readonly sets = new Map<string, Touched[]>()

  /** Anything may have happened to the set. */
  add({ owner, type }: { owner: Name; type: number }): void {
    this.setOf(owner, type).isWhole = true
  }

  /** One record of the set stands until `endMs` from now on; until now it stood until `formerMs`, or did not: Infinity. */
  move({ owner, type }: { owner: Name; type: number }, formerMs: number, endMs: number): void {
    const set = this.setOf(owner, type)
    set.formerMs = Math.min(set.formerMs, formerMs)
    set.endMs = Math.min(set.endMs, endMs)
  }

  /** One record was laid into a zone that is loaded, where each that has a lease is told of: none needs to be looked up. */
  lay({ owner, type }: { owner: Name; type: number }, endMs: number): void {
    const set = this.setOf(owner, type)
    set.endMs = Math.min(set.endMs, endMs)
    set.isTold = true
  }

  /** Tells the zone when the first lease of each of them ends, as the book has it now. */
  bound(draft: ZoneDraft, book: LeaseBook): void {
    for (const sets of this.sets.values()) for (const set of sets) {
      const { owner, type } = set
      const count = draft.count(owner, type)
      // one that many share, such as the PTR of a service, would be read whole for each renewal of one of its members
      const endMs = count > MAX_BOUNDED_RECORDS ? Infinity : (endAfter(set, count, draft) ?? firstEnd(draft, book, owner, type))
      draft.setLeaseEnd(owner, type, endMs === Infinity ? undefined : endMs)
    }
  }

  private setOf(owner: Name, type: number): Touched {
    const sets = this.sets.get(owner.key)
    const known = sets?.find((set) => set.type === type)
    if (known !== undefined) return known
    const set: Touched = { owner, type, isWhole: false, isTold: false, formerMs: Infinity, endMs: Infinity }
    if (sets === undefined) this.sets.set(owner.key, [set])
    else sets.push(set)
    return set
  }
}

/** The first end of the set, where the one before tells enough of the records that were not moved; undefined where it does not. */
function endAfter({ owner, type, isWhole, isTold, formerMs, endMs }: Touched, count: number, draft: ZoneDraft): number | undefined {
  if (isTold) return endMs
  if (isWhole) return undefined
  if (count === 1) return endMs
  const before = draft.leaseEndOf(owner, type)
  // the zone keeps whole seconds: one that ended within the second of the first may have been the first
  if (before === undefined || Math.floor(formerMs / 1_000) <= Math.floor(before / 1_000)) return undefined
  return Math.min(before, endMs)
}

function firstEnd(draft: ZoneDraft, book: LeaseBook, owner: Name, type: number): number {
  let first = Infinity
  for (const rdata of draft.rrset(owner, type)?.rdatas ?? []) {
    const record = { owner, type, rdata }
    const entry = book.leaseOf(record)
    if (entry !== undefined) first = Math.min(first, endIn(entry.lease, record))
  }
  return first
}

/** When the record ends; Infinity where the lease does not hold it. */
function endIn(lease: Lease, record: RecordIdentity): number {
  const unit = lease.units.find(({ records }) => records.some((held) => sameRecord(held, record)))
  return unit === undefined ? Infinity : endOf(unit, record.type)
}

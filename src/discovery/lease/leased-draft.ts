/**
 * A zone's draft as an update with a lease sees it (RFC 9664 4): what it adds stands as long as the lease. What
 * stands without a lease already, from the zone file or an update without one, stays so: nobody's lease may end it.
 */
import { TYPE } from '../../dns/codes.ts'
import type { Name } from '../../dns/name.ts'
import type { DraftRRset, Refusal, ZoneDraft } from '../../update/contract.ts'
import { isSingleton } from '../../update/records.ts'
import type { LeaseBook } from './book.ts'
import type { LeasedRecord } from './lease.ts'
import type { Grant } from './terms.ts'

/** Seconds granted to a record of the type: KEY records have a lease of their own (RFC 9664 4.1). */
export function secondsOf(type: number, grant: Pick<Grant, 'lease' | 'keyLease'>): number {
  return type === TYPE.KEY ? grant.keyLease : grant.lease
}

/** The draft for one update. */
export class LeasedDraft implements ZoneDraft {
  /** Records that the update leases, in order; some may have been removed again by itself. */
  readonly leased: LeasedRecord[] = []
  private readonly draft: ZoneDraft
  private readonly book: LeaseBook
  private readonly grant: Grant

  constructor(draft: ZoneDraft, book: LeaseBook, grant: Grant) {
    this.draft = draft
    this.book = book
    this.grant = grant
  }

  add(owner: Name, type: number, ttl: number, rdata: Uint8Array): boolean {
    const { draft, book } = this
    const record = { owner, type, ttl, rdata }
    const isLeased = book.leaseOf(record)?.lease.kind === 'records' || this.leased.some((held) => held.type === type && held.owner.equals(owner) && Buffer.compare(held.rdata, rdata) === 0)
    if (type === TYPE.SOA || (!isLeased && draft.holds(owner, type, rdata))) return draft.add(owner, type, ttl, rdata)
    // RFC 9664 4.2: a lease of 0 gives up what was leased
    if (secondsOf(type, this.grant) === 0) return isLeased && draft.remove(owner, type, rdata, true)
    // what a single record replaces may have stood without a lease: taking it away is a change of its own
    if (isSingleton(type)) for (const held of draft.rrset(owner, type)?.rdatas ?? []) if (!draft.holds(owner, type, rdata)) draft.remove(owner, type, held)
    this.leased.push(record)
    return draft.add(owner, type, ttl, rdata, true)
  }

  // ---- All else is that of the zone ----

  get apex(): Name {
    return this.draft.apex
  }

  get class(): number {
    return this.draft.class
  }

  get refusal(): Refusal | undefined {
    return this.draft.refusal
  }

  rrset(owner: Name, type: number): DraftRRset | undefined {
    return this.draft.rrset(owner, type)
  }

  has(owner: Name, type: number): boolean {
    return this.draft.has(owner, type)
  }

  holds(owner: Name, type: number, rdata: Uint8Array): boolean {
    return this.draft.holds(owner, type, rdata)
  }

  count(owner: Name, type: number): number {
    return this.draft.count(owner, type)
  }

  ttlOf(owner: Name, type: number): number | undefined {
    return this.draft.ttlOf(owner, type)
  }

  leaseEndOf(owner: Name, type: number): number | undefined {
    return this.draft.leaseEndOf(owner, type)
  }

  types(owner: Name): number[] {
    return this.draft.types(owner)
  }

  remove(owner: Name, type: number, rdata: Uint8Array): boolean {
    return this.draft.remove(owner, type, rdata)
  }

  removeRRset(owner: Name, type: number): boolean {
    return this.draft.removeRRset(owner, type)
  }

  removeName(owner: Name): boolean {
    return this.draft.removeName(owner)
  }

  setLeaseEnd(owner: Name, type: number, leaseEndMs: number | undefined): void {
    this.draft.setLeaseEnd(owner, type, leaseEndMs)
  }
}

/**
 * From what stands by a registration to what is to stand: the difference is made in the zone, so that a message that
 * says the same again changes nothing, whatever instructions it is written in.
 */
import { EDE, RCODE } from '../../dns/codes.ts'
import { MAX_LEASE_RECORDS, MAX_LEASE_UNITS } from '../../dns/limits-discovery.ts'
import type { Name } from '../../dns/name.ts'
import type { KeptWrite, Refusal, ZoneDraft } from '../../update/contract.ts'
import { rdataKey } from '../../update/records.ts'
import { refuse } from '../../update/refusal.ts'
import { BookFull, type Entry, type LeaseBook } from '../lease/book.ts'
import { TouchedSets } from '../lease/bounds.ts'
import { endOf, type Lease, type LeasedRecord, type LeaseUnit, type RecordIdentity } from '../lease/lease.ts'

/** What is staged for a registration, or why it cannot be made. `formers` are the leases whose names it takes over; the first with its anchor is replaced. */
export function settleRegistration(book: LeaseBook, draft: ZoneDraft, lease: Lease, formers: readonly Entry[]): KeptWrite[] | Refusal {
  const tooMuch = lease.units.length > MAX_LEASE_UNITS || lease.units.some(({ records }) => records.length > MAX_LEASE_RECORDS)
  if (tooMuch) return refuse(RCODE.REFUSED, 'too many records for one registration')
  const before = formers.find(({ lease: { units } }) => units[0].name.equals(lease.units[0].name))
  const names = new Set(lease.units.map(({ name }) => name.key))
  const others = formers
    .filter((entry) => entry !== before)
    .map((entry) => ({ entry, left: { ...entry.lease, units: entry.lease.units.filter(({ name }) => !names.has(name.key)) } }))
  const takenOver = others.flatMap(({ entry }) => entry.lease.units.filter(({ name }) => names.has(name.key)))
  const former = new FormerRecords([...(before?.lease.units ?? []), ...takenOver])
  const touched = new TouchedSets()
  const settled = { ...lease, units: lease.units.map((unit) => ({ ...unit, records: carryOut(unit, former, draft, touched) })) }
  for (const record of former.without(settled.units)) removeLeased(record, draft, touched)
  if (draft.refusal !== undefined) return draft.refusal // before anything is staged, so that nothing is to be taken back
  const writes: KeptWrite[] = []
  try {
    writes.push(...book.put(settled, before))
  } catch (fault) {
    if (!(fault instanceof BookFull)) throw fault
    return refuse(RCODE.SERVFAIL, 'no more leases can be kept', EDE.OTHER)
  }
  for (const { entry, left } of others) writes.push(...book.put(left, entry)) // names that the new lease has taken over stay with it
  touched.bound(draft, book)
  return writes
}

/** What stood by the leases that a registration takes over, and until when. */
class FormerRecords {
  private readonly ends = new Map<string, number>()
  private readonly records: LeasedRecord[]

  constructor(units: readonly LeaseUnit[]) {
    this.records = units.flatMap(({ records }) => records)
    // one that waited stood in no RRset
    for (const unit of units) for (const record of unit.records) this.ends.set(idOf(record), record.waiting === true ? Infinity : endOf(unit, record.type))
  }

  /** Until when the record stood, Infinity where it waited; undefined where it was none of them. */
  endOf(record: RecordIdentity): number | undefined {
    return this.ends.size === 0 ? undefined : this.ends.get(idOf(record))
  }

  /** How many there are of an RRset. */
  count(owner: Name, type: number): number {
    return this.records.reduce((sum, held) => sum + (held.type === type && held.owner.equals(owner) ? 1 : 0), 0)
  }

  /** Those that are not among the records of `units`. */
  without(units: readonly LeaseUnit[]): LeasedRecord[] {
    if (this.records.length === 0) return []
    const wanted = new Set(units.flatMap(({ records }) => records.map(idOf)))
    return this.records.filter((record) => !wanted.has(idOf(record)))
  }
}

/** Adds what is wanted; gives it without what stands there by itself, which no lease may end. TTLs of RRsets that others share stay. */
function carryOut(unit: LeaseUnit, former: FormerRecords, draft: ZoneDraft, touched: TouchedSets): LeasedRecord[] {
  return unit.records.filter((record) => {
    const { owner, type, ttl, rdata, waiting } = record
    const formerMs = former.endOf(record)
    if (waiting === true) {
      if (formerMs !== undefined) removeLeased(record, draft, touched)
      return true
    }
    if (formerMs === undefined && draft.holds(owner, type, rdata)) return false
    const isShared = draft.count(owner, type) > former.count(owner, type)
    record.ttl = isShared ? (draft.ttlOf(owner, type) ?? ttl) : ttl
    draft.add(owner, type, record.ttl, rdata, true)
    touched.move(record, formerMs ?? Infinity, endOf(unit, type))
    return true
  })
}

function removeLeased(record: LeasedRecord, draft: ZoneDraft, touched: TouchedSets): void {
  draft.remove(record.owner, record.type, record.rdata, true)
  touched.add(record)
}

function idOf({ owner, type, rdata }: RecordIdentity): string {
  return `${type} ${owner.key} ${rdataKey(type, rdata)}`
}

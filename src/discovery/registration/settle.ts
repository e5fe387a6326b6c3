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
import { endOf, type Lease, type LeasedRecord, type LeaseUnit, type RecordIdentity, sameRecord } from '../lease/lease.ts'

/** What is staged for a registration, or why it cannot be made. `formers` are the leases whose names it takes over; the first with its anchor is replaced. */
export function settleRegistration(book: LeaseBook, draft: ZoneDraft, lease: Lease, formers: readonly Entry[]): KeptWrite[] | Refusal {
  const tooMuch = lease.units.length > MAX_LEASE_UNITS || lease.units.some(({ records }) => records.length > MAX_LEASE_RECORDS)
  if (tooMuch) return refuse(RCODE.REFUSED, 'too many records for one registration')
  const before = formers.find(({ lease: { units } }) => units[0].name.equals(lease.units[0].name))
  const { others, takenOver } = formers.length === (before === undefined ? 0 : 1) ? NOTHING_ELSE : othersOf(formers, before, lease)
  const former = new FormerRecords([...(before?.lease.units ?? []), ...takenOver])
  const touched = new TouchedSets()
  const units = lease.units.map((unit): LeaseUnit => ({ name: unit.name, leaseEndMs: unit.leaseEndMs, keyEndMs: unit.keyEndMs, records: carryOut(unit, former, draft, touched) }))
  const settled: Lease = { kind: lease.kind, zone: lease.zone, class: lease.class, holder: lease.holder, grantedMs: lease.grantedMs, units }
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

/** Leases beside the one that is replaced, with what is left of them, and the units that the new lease takes from them. */
interface Others {
  others: { entry: Entry; left: Lease }[]
  takenOver: LeaseUnit[]
}

const NOTHING_ELSE: Others = { others: [], takenOver: [] }

function othersOf(formers: readonly Entry[], before: Entry | undefined, { units }: Lease): Others {
  const names = new Set(units.map(({ name }) => name.key))
  const others = formers
    .filter((entry) => entry !== before)
    .map((entry) => ({ entry, left: { ...entry.lease, units: entry.lease.units.filter(({ name }) => !names.has(name.key)) } }))
  return { others, takenOver: others.flatMap(({ entry }) => entry.lease.units.filter(({ name }) => names.has(name.key))) }
}

/** Records from which they are looked up by a text instead of one after another. */
const MANY = 8

/** What stood by the leases that a registration takes over, and until when. */
class FormerRecords {
  private readonly units: readonly LeaseUnit[]
  private readonly records: LeasedRecord[]
  private ends: Map<string, number> | undefined

  constructor(units: readonly LeaseUnit[]) {
    this.units = units
    this.records = units.flatMap(({ records }) => records)
  }

  /** Until when the record stood, Infinity where it waited; undefined where it was none of them. */
  endOf(record: RecordIdentity): number | undefined {
    const { units, records } = this
    if (records.length > MANY) return (this.ends ??= endsOf(units)).get(idOf(record))
    for (const unit of units) for (const held of unit.records) if (sameRecord(held, record)) return endOfFormer(unit, held)
    return undefined
  }

  /** How many there are of an RRset. */
  count(owner: Name, type: number): number {
    return this.records.reduce((sum, held) => sum + (held.type === type && held.owner.equals(owner) ? 1 : 0), 0)
  }

  /** Those that are not among the records of `units`. */
  without(units: readonly LeaseUnit[]): LeasedRecord[] {
    const { records } = this
    if (records.length === 0) return records
    const [first] = units
    if (units.length === 1 && Math.max(records.length, first.records.length) <= MANY) return records.filter((record) => !first.records.some((wanted) => sameRecord(wanted, record)))
    const wanted = new Set(units.flatMap((unit) => unit.records.map(idOf)))
    return records.filter((record) => !wanted.has(idOf(record)))
  }
}

function endsOf(units: readonly LeaseUnit[]): Map<string, number> {
  const ends = new Map<string, number>()
  for (const unit of units) for (const record of unit.records) ends.set(idOf(record), endOfFormer(unit, record))
  return ends
}

/** One that waited stood in no RRset. */
function endOfFormer(unit: LeaseUnit, { waiting, type }: LeasedRecord): number {
  return waiting === true ? Infinity : endOf(unit, type)
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

/**
 * From what stands by a registration to what is to stand: the difference is made in the zone, so that a message that
 * says the same again changes nothing, whatever instructions it is written in.
 */
import { EDE, RCODE } from '../../dns/codes.ts'
import { MAX_LEASE_RECORDS, MAX_LEASE_UNITS } from '../../dns/limits.ts'
import type { KeptWrite, Refusal, ZoneDraft } from '../../update/contract.ts'
import { rdataKey } from '../../update/records.ts'
import { BookFull, type Entry, type LeaseBook } from '../lease/book.ts'
import { TouchedSets } from '../lease/bounds.ts'
import type { Lease, LeasedRecord, RecordIdentity } from '../lease/lease.ts'

/** What is staged for a registration, or why it cannot be made. `formers` are the leases whose names it takes over; the first with its anchor is replaced. */
export function settleRegistration(book: LeaseBook, draft: ZoneDraft, lease: Lease, formers: readonly Entry[]): KeptWrite[] | Refusal {
  const tooMuch = lease.units.length > MAX_LEASE_UNITS || lease.units.some(({ records }) => records.length > MAX_LEASE_RECORDS)
  if (tooMuch) return refuse(RCODE.REFUSED, EDE.PROHIBITED, 'too many records for one registration')
  const before = formers.find(({ lease: { units } }) => units[0].name.equals(lease.units[0].name))
  const names = new Set(lease.units.map(({ name }) => name.key))
  const others = formers
    .filter((entry) => entry !== before)
    .map((entry) => ({ entry, left: { ...entry.lease, units: entry.lease.units.filter(({ name }) => !names.has(name.key)) } }))
  const takenOver = others.flatMap(({ entry }) => entry.lease.units.filter(({ name }) => names.has(name.key)))
  const old = [...recordsOf(before?.lease), ...takenOver.flatMap(({ records }) => records)]
  const touched = new TouchedSets()
  const settled = { ...lease, units: lease.units.map((unit) => ({ ...unit, records: carryOut(unit.records, old, draft, touched) })) }
  const wanted = new Set(recordsOf(settled).map(idOf))
  for (const record of old) if (!wanted.has(idOf(record))) removeLeased(record, draft, touched)
  if (draft.refusal !== undefined) return draft.refusal // before anything is staged, so that nothing is to be taken back
  const writes: KeptWrite[] = []
  try {
    writes.push(...book.put(settled, before))
  } catch (fault) {
    if (!(fault instanceof BookFull)) throw fault
    return refuse(RCODE.SERVFAIL, EDE.OTHER, 'no more leases can be kept')
  }
  for (const { entry, left } of others) writes.push(...book.put(left, entry)) // names that the new lease has taken over stay with it
  touched.bound(draft, book)
  return writes
}

function refuse(rcode: number, infoCode: number, text: string): Refusal {
  return { rcode, ede: { infoCode, text }, reason: text }
}

/** Adds what is wanted; gives it without what stands there by itself, which no lease may end. TTLs of RRsets that others share stay. */
function carryOut(records: readonly LeasedRecord[], old: readonly LeasedRecord[], draft: ZoneDraft, touched: TouchedSets): LeasedRecord[] {
  const mine = new Set(old.map(idOf))
  return records.filter((record) => {
    const { owner, type, ttl, rdata, waiting } = record
    touched.add(record)
    if (waiting === true) {
      if (mine.has(idOf(record))) draft.remove(owner, type, rdata, true)
      return true
    }
    if (!mine.has(idOf(record)) && draft.holds(owner, type, rdata)) return false
    const isShared = draft.count(owner, type) > old.filter((held) => held.type === type && held.owner.equals(owner)).length
    record.ttl = isShared ? (draft.ttlOf(owner, type) ?? ttl) : ttl
    draft.add(owner, type, record.ttl, rdata, true)
    return true
  })
}

function removeLeased(record: LeasedRecord, draft: ZoneDraft, touched: TouchedSets): void {
  draft.remove(record.owner, record.type, record.rdata, true)
  touched.add(record)
}

function recordsOf(lease: Lease | undefined): LeasedRecord[] {
  return lease?.units.flatMap(({ records }) => records) ?? []
}

function idOf({ owner, type, rdata }: RecordIdentity): string {
  return `${type} ${owner.key} ${rdataKey(type, rdata)}`
}

/**
 * Update Lease on ordinary updates (RFC 9664), and the keeping of all leases: what stands by a lease is laid over the
 * zone at the start, and follows what other updates do to it.
 *
 *     message with LEASE ─► RFC 2136 as ever, additions leased ─► one lease for what the message adds ─► LEASE granted
 *     the same again     ─► nothing changes in the zone: no serial step; the lease is kept anew
 */
import { EDE, RCODE, TYPE } from '../../dns/codes.ts'
import { MAX_LEASE_RECORDS, MAX_LEASE_UNITS } from '../../dns/limits-discovery.ts'
import type { Change, KeptWrite, Refusal, Requester, Signer, Update, UpdateFlow, Verdict, ZoneDraft } from '../../update/contract.ts'
import type { Grants } from '../../update/grants.ts'
import { rdataKey } from '../../update/records.ts'
import { refuse } from '../../update/refusal.ts'
import { StandardFlow } from '../../update/standard.ts'
import { holderOfKey, holderOfSecret } from '../identifier/agent.ts'
import { BookFull, type Entry, type LeaseBook, type LeaseId } from './book.ts'
import type { ZoneId } from './lease.ts'
import type { LeaseBooks } from './books.ts'
import { TouchedSets } from './bounds.ts'
import { endedOf } from './expiry.ts'
import { endOf, sameRecord, type Lease, type LeasedRecord, type LeaseUnit, type RecordIdentity } from './lease.ts'
import { LeasedDraft } from './leased-draft.ts'
import { type Grant, grantLease, type LeaseLimits } from './terms.ts'

/** Who is told of the leases of a zone while it is loaded. */
export interface Loading {
  /** Leases are about to be read: what was told of the zone before is no more. */
  begin?: (zone: ZoneId) => void
  /** Each lease of the zone. */
  onLease?: (lease: Lease) => void
  /** Each record that was laid into the zone, and when it ends, in ms since 1970. */
  onLaid?: (record: RecordIdentity, endMs: number) => void
}

/** The flow of RFC 9664; it stands behind those that give leases of another kind. */
export class LeaseFlow implements UpdateFlow {
  readonly name = 'lease'
  private readonly books: LeaseBooks
  private readonly limits: LeaseLimits
  private readonly loading: Loading
  private readonly standard: StandardFlow

  constructor(books: LeaseBooks, limits: LeaseLimits, grantsOf: (draft: ZoneDraft) => Grants, loading: Loading = {}) {
    this.loading = loading
    this.books = books
    this.limits = limits
    this.standard = new StandardFlow(grantsOf)
  }

  take(update: Update, requester: Requester, draft: ZoneDraft, nowMs: number): Verdict | undefined {
    if (update.lease === undefined) return undefined
    const book = this.books.of(zoneOf(draft))
    const grant = grantLease(update.lease, this.limits)
    const leased = new LeasedDraft(draft, book, grant)
    const verdict = this.standard.take(update, requester, leased)
    const refusal = draft.refusal ?? (verdict.rcode === RCODE.NOERROR ? undefined : verdict)
    if (refusal !== undefined) return { ...verdict, ...refusal, flow: this.name }
    const named = update.updates.filter((record) => record.class === draft.class).map(({ name: owner, type, rdata }) => ({ owner, type, rdata }))
    const lease: Lease = { kind: 'records', zone: draft.apex, class: draft.class, holder: holderOf(requester.signer), grantedMs: nowMs, units: unitsOf(leased.leased, draft, grant, nowMs) }
    const tooMuch = refusalOfSize(lease) ?? settle(book, draft, lease, named)
    if (!Array.isArray(tooMuch)) return { ...tooMuch, flow: this.name }
    // RFC 9664 4.3: the response to an update that was carried out tells the lease granted
    return { ...verdict, flow: this.name, lease: grant.answer, kept: [...tooMuch, this.books.seen(nowMs)] }
  }

  // ---- What is kept ----

  /** Lays the leases of a zone over it; those that ended meanwhile are dropped, and so are records that the file has by now. */
  restore(draft: ZoneDraft, nowMs: number): KeptWrite[] {
    const book = this.books.renew(zoneOf(draft))
    const touched = new TouchedSets()
    const writes: KeptWrite[] = []
    const { loading } = this
    loading.begin?.(zoneOf(draft))
    book.load((before) => {
      loading.onLease?.(before.lease)
      const { left, ended } = endedOf(before.lease, nowMs)
      const isLaid = (record: LeasedRecord, unit: LeaseUnit): boolean => record.waiting === true || lay(record, endOf(unit, record.type), draft, touched, loading)
      const units = left.units.map((unit) => ({ ...unit, records: unit.records.filter((record) => isLaid(record, unit)) }))
      const isLess = ended.length > 0 || units.some(({ records }, i) => records.length < left.units[i].records.length)
      if (isLess) writes.push(...book.put({ ...left, units }, before))
    })
    touched.bound(draft, book)
    book.settled(true)
    return writes
  }

  keeps(zone: ZoneId, { owner, type, rdata }: Change): boolean {
    return type !== TYPE.SOA && this.books.of(zone).leaseOf({ owner, type, rdata }) !== undefined
  }

  /** Leases follow what other updates have done to their records: removed, or given another TTL. */
  changed(zone: ZoneId, changes: readonly Change[], draft: ZoneDraft): KeptWrite[] {
    const book = this.books.of(zone)
    if (book.isEmpty) return []
    const last = new Map<string, Change>()
    for (const change of changes) {
      if (change.type === TYPE.SOA || (change.leased && last.size === 0)) continue // most stand by leases alone
      const id = `${change.type} ${change.owner.key} ${rdataKey(change.type, change.rdata)}`
      if (!change.leased || last.has(id)) last.set(id, change)
    }
    const touched = new TouchedSets()
    const writes: KeptWrite[] = []
    for (const change of last.values()) writes.push(...follow(book, change, touched))
    touched.bound(draft, book)
    return writes
  }

  settled(kept: boolean, zone: ZoneId): void {
    this.books.of(zone).settled(kept)
  }
}

/** 16 octets that stand for who signed; zeros where nobody did. */
export function holderOf(signer: Signer | undefined): Uint8Array {
  if (signer === undefined) return new Uint8Array(16)
  return signer.kind === 'sig0' ? holderOfKey(signer.key) : holderOfSecret(signer.name)
}

function zoneOf(draft: ZoneDraft): ZoneId {
  return { name: draft.apex, class: draft.class }
}

/** What stands of the records by owner, with their ends. */
function unitsOf(records: readonly LeasedRecord[], draft: ZoneDraft, grant: Grant, nowMs: number): LeaseUnit[] {
  const units = new Map<string, LeaseUnit>()
  for (const record of records) {
    const { owner, type, rdata } = record
    const unit = units.get(owner.key) ?? { name: owner, leaseEndMs: nowMs + grant.lease * 1_000, keyEndMs: nowMs + grant.keyLease * 1_000, records: [] }
    units.set(owner.key, unit)
    if (draft.holds(owner, type, rdata) && !unit.records.some((held) => sameRecord(held, record))) unit.records.push(record)
  }
  return [...units.values()].filter(({ records: held }) => held.length > 0)
}

function refusalOfSize({ units }: Lease): Refusal | undefined {
  if (units.length <= MAX_LEASE_UNITS && units.every(({ records }) => records.length <= MAX_LEASE_RECORDS)) return undefined
  return refuse(RCODE.REFUSED, 'too many records for one lease')
}

/** Stages the lease; records that stood by other leases stand by this one from now on, or by none where it does not hold them. */
function settle(book: LeaseBook, draft: ZoneDraft, lease: Lease, named: readonly RecordIdentity[]): KeptWrite[] | Refusal {
  const touched = new TouchedSets()
  const former = new Map<LeaseId, Entry>()
  for (const record of named) {
    const entry = book.leaseOf(record)
    if (entry?.lease.kind === 'records') former.set(entry.id, entry)
    touched.add(record)
  }
  const isNamed = (record: LeasedRecord): boolean => named.some((one) => sameRecord(one, record))
  const rests = [...former.values()].map((entry) => ({ entry, units: entry.lease.units.map((unit) => ({ ...unit, records: unit.records.filter((record) => !isNamed(record)) })) }))
  const before = rests.find(({ units }) => units.every(({ records }) => records.length === 0))?.entry
  const writes: KeptWrite[] = []
  try {
    if (lease.units.length > 0 || before !== undefined) writes.push(...book.put(lease, before))
  } catch (fault) {
    if (!(fault instanceof BookFull)) throw fault
    return { rcode: RCODE.SERVFAIL, ede: { infoCode: EDE.OTHER, text: 'no more leases can be kept' }, reason: fault.message }
  }
  // behind the new one, so that records that it has taken over stay with it
  for (const { entry, units } of rests) if (entry !== before) writes.push(...book.put({ ...entry.lease, units }, entry))
  touched.bound(draft, book)
  return writes
}

/** Puts a leased record back into a zone that was loaded; false where it stands there by itself. */
function lay(record: LeasedRecord, endMs: number, draft: ZoneDraft, touched: TouchedSets, { onLaid }: Loading): boolean {
  const { owner, type, ttl, rdata } = record
  if (draft.holds(owner, type, rdata)) return false
  // where the zone cannot hold it, as a CNAME stands there by now, it is not served; its lease ends in its time
  draft.add(owner, type, draft.ttlOf(owner, type) ?? ttl, rdata, true)
  touched.lay(record, endMs)
  onLaid?.(record, endMs)
  return true
}

function follow(book: LeaseBook, change: Change, touched: TouchedSets): KeptWrite[] {
  const entry = book.leaseOf(change)
  if (entry === undefined) return []
  touched.add(change)
  const { kind, ttl } = change
  const units = entry.lease.units.map((unit) => ({
    ...unit,
    records: kind === 'removed' ? unit.records.filter((record) => !sameRecord(record, change)) : unit.records.map((record) => (sameRecord(record, change) ? { ...record, ttl } : record)),
  }))
  return book.put({ ...entry.lease, units }, entry)
}

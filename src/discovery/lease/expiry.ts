/**
 * The end of leases: what has ended is taken out of the zone by a transaction like any other, so that it is logged,
 * kept and seen as an update is (RFC 9664 7: expired records must not be returned).
 *
 *     every LEASE_TICK_MS:  heap of the zone's book ─► at most LEASES_PER_TRANSACTION due ─► one transaction ─► more due? at once again
 */
import { RCODE } from '../../dns/codes.ts'
import { LEASE_RETRY_MS, LEASES_PER_TRANSACTION } from '../../dns/limits-discovery.ts'
import type { KeptWrite, OwnChange, Verdict, ZoneDraft } from '../../update/contract.ts'
import type { LeaseBook, LeaseId } from './book.ts'
import type { LeaseBooks } from './books.ts'
import { TouchedSets } from './bounds.ts'
import { endOf, type Lease, type LeasedRecord } from './lease.ts'

/** Carries out changes of the server's own; the engine. */
export interface OwnChanges {
  carryOut(own: OwnChange): Promise<Verdict>
}

/** What is left of a lease at `nowMs`, and the records that have ended. An agent's lease ends with that of its host (RFC 9665 5.1). */
export function endedOf(lease: Lease, nowMs: number): { left: Lease; ended: LeasedRecord[] } {
  const ended: LeasedRecord[] = []
  const anchorEndMs = lease.kind === 'agent' ? (lease.units[0]?.leaseEndMs ?? 0) : Infinity
  const units = lease.units.map((unit) => {
    const bounded = { ...unit, leaseEndMs: Math.min(unit.leaseEndMs, anchorEndMs) }
    const hasEnded = ({ type }: LeasedRecord): boolean => endOf(bounded, type) <= nowMs
    ended.push(...unit.records.filter(hasEnded))
    return { ...unit, records: unit.records.filter((record) => !hasEnded(record)) }
  })
  return { left: { ...lease, units: units.filter(({ records }) => records.length > 0) }, ended }
}

/** Ends leases when they are due. */
export class Expiry {
  private readonly books: LeaseBooks
  private readonly engine: OwnChanges
  private readonly nowMs: () => number
  private readonly busy = new Set<LeaseBook>()

  constructor(books: LeaseBooks, engine: OwnChanges, nowMs: () => number) {
    this.books = books
    this.engine = engine
    this.nowMs = nowMs
  }

  /** Looks at what is due in every zone; resolves when all of it has ended, or is to be tried again. Costs nothing where nothing is due. */
  async tick(): Promise<void> {
    const due = [...this.books.all()].filter((book) => book.nextMs <= this.nowMs() && !this.busy.has(book))
    await Promise.all(due.map((book) => this.endDue(book)))
  }

  private async endDue(book: LeaseBook): Promise<void> {
    this.busy.add(book)
    let goesOn = true
    while (goesOn && book.nextMs <= this.nowMs()) {
      const ids = book.takeDue(this.nowMs(), LEASES_PER_TRANSACTION)
      const verdict = await this.engine.carryOut({ zone: book.zone, carryOut: (draft, nowMs) => endLeases(this.books.of(book.zone), ids, draft, nowMs) })
      goesOn = verdict.rcode === RCODE.NOERROR
      if (!goesOn) for (const id of ids) this.books.of(book.zone).putBack(id, this.nowMs() + LEASE_RETRY_MS)
    }
    this.busy.delete(book)
  }
}

function endLeases(book: LeaseBook, ids: readonly LeaseId[], draft: ZoneDraft, nowMs: number): Verdict {
  const touched = new TouchedSets()
  const kept: KeptWrite[] = []
  let count = 0
  for (const id of ids) {
    const lease = book.get(id) // one that was renewed meanwhile has nothing ended, one withdrawn is gone
    if (lease === undefined) continue
    const { left, ended } = endedOf(lease, nowMs)
    kept.push(...book.put(left, { id, lease }))
    if (ended.length > 0) count++
    for (const record of ended) {
      draft.remove(record.owner, record.type, record.rdata, true)
      touched.add(record)
    }
  }
  touched.bound(draft, book)
  return { rcode: RCODE.NOERROR, flow: 'expiry', kept, reason: `${count} leases ended` }
}

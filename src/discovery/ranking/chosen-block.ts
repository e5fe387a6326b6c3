/** The RRset that a choice becomes: AGENT records of the chosen, best first. */
import { TYPE } from '../../dns/codes.ts'
import { RECORD_HEAD_OCTETS } from '../../zone/layout.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import type { Ranker } from './rank.ts'
import { RECORDS_AT, RRsetBlock } from './rrset-block.ts'
import type { Reporting } from './settings.ts'

/** A block that holds what was chosen last. */
export class ChosenBlock extends RRsetBlock {
  private readonly reporting: Reporting
  private end = RECORDS_AT

  constructor(reporting: Reporting) {
    super()
    this.reporting = reporting
  }

  /**
   * Copies what `ranker` has chosen from `table`; priorities count from 1 (docs/protocol.md 4). False where an entry has
   * changed since it was ranked. What does not fit into the largest message is left out, the worst first.
   */
  take(table: CandidateTable, ranker: Ranker, rrClass: number, nowMs: number): boolean {
    this.count = 0
    this.end = RECORDS_AT
    const ttl = this.ttlOf(table, ranker.slots, ranker.count, nowMs)
    for (let i = 0; i < ranker.count; i++) {
      const slot = ranker.slots[i]
      const hasRoom = this.write(table, slot, ttl, rrClass)
      if (Atomics.load(table.i32.version, slot) !== ranker.versions[i]) return false
      if (!hasRoom) break
    }
    this.close(TYPE.AGENT, this.end)
    return true
  }

  private write({ i32, heap }: CandidateTable, slot: Slot, ttl: number, rrClass: number): boolean {
    const { view, octets, end } = this
    const from = i32.rdataAt[slot]
    const size = i32.rdataLength[slot]
    if (size < 2 || size > octets.length - end - RECORD_HEAD_OCTETS) return false
    this.writeHead(end, TYPE.AGENT, rrClass, ttl, size)
    const rdataAt = end + RECORD_HEAD_OCTETS
    view.setUint16(rdataAt, ++this.count)
    for (let i = 2; i < size; i++) octets[rdataAt + i] = heap[from + i]
    this.end = rdataAt + size
    return true
  }

  /** Seconds until what is told may no longer hold, the same for all (RFC 2181 5.2): the end of a lease, or the next report. */
  ttlOf({ i32, f64 }: CandidateTable, slots: Int32Array, count: number, nowMs: number): number {
    let ttl = 0x7fff_ffff // RFC 2181 8
    for (let i = 0; i < count; i++) {
      const slot = slots[i]
      const leftMs = f64.leaseEndMs[slot] - nowMs
      const reportMs = f64.readingAtMs[slot] === 0 ? Infinity : Math.max(1_000, f64.readingAtMs[slot] + this.reporting.periodMs[i32.profile[slot]] - nowMs)
      ttl = Math.min(ttl, i32.ttl[slot], Math.max(0, Math.floor(Math.min(leftMs, reportMs) / 1_000)))
    }
    return ttl
  }
}

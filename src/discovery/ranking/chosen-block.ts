/**
 * The RRset that a choice becomes: AGENT records of the chosen, best first, in the layout of an image's RRsets
 * (src/zone/layout.ts), so that it is rendered and has its additional records like any other. One block serves every
 * query of a thread.
 */
import type { RRsetSource } from '../../authority/plan.ts'
import { TYPE } from '../../dns/codes.ts'
import { MAX_MESSAGE_OCTETS } from '../../dns/limits.ts'
import { viewOf } from '../../dns/octet-views.ts'
import { RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS } from '../../zone/layout.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import type { Ranker } from './rank.ts'
import type { Reporting } from './settings.ts'

/** Where a block's only RRset stands; 0 is no handle. */
const HANDLE = 1
const RECORDS_AT = HANDLE * 4 + RRSET_HEAD_OCTETS
/** What the owner of a record is stored as: the name of the question (RFC 1035 4.1.4). */
const TO_QNAME = 0xc00c

/** A block that holds what was chosen last. */
export class ChosenBlock implements RRsetSource {
  readonly words: Int32Array
  readonly octets: Uint8Array
  readonly view: DataView
  readonly rrset: number = HANDLE
  /** Records held. */
  count = 0
  private readonly reporting: Reporting
  private end = RECORDS_AT

  constructor(reporting: Reporting) {
    const buffer = new ArrayBuffer(RECORDS_AT + MAX_MESSAGE_OCTETS + 1)
    this.words = new Int32Array(buffer)
    this.octets = new Uint8Array(buffer)
    this.view = viewOf(this.octets)
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
    this.words[HANDLE + RRSET.next] = 0
    this.words[HANDLE + RRSET.key] = TYPE.AGENT
    this.words[HANDLE + RRSET.octets] = this.end - RECORDS_AT
    this.words[HANDLE + RRSET.count] = this.count
    return true
  }

  private write({ i32, heap }: CandidateTable, slot: Slot, ttl: number, rrClass: number): boolean {
    const { view, octets, end } = this
    const from = i32.rdataAt[slot]
    const size = i32.rdataLength[slot]
    if (size < 2 || size > octets.length - end - RECORD_HEAD_OCTETS) return false
    view.setUint16(end, TO_QNAME)
    view.setUint16(end + 2, TYPE.AGENT)
    view.setUint16(end + 4, rrClass)
    view.setUint32(end + 6, ttl)
    view.setUint16(end + 10, size)
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

/**
 * The RRsets that choices become: AGENT records of the chosen, best first; and behind that of the answer, each with its
 * owner before it, those of what the chosen depend on (closure.ts).
 *
 *     RRset of the answer | name … | RRset, from the next word on | name … | …
 */
import { TYPE } from '../../dns/codes.ts'
import { MAX_CLOSURE_OCTETS } from '../../dns/limits-discovery.ts'
import { MAX_MESSAGE_OCTETS } from '../../dns/limits.ts'
import { RECORD_HEAD_OCTETS, RRSET_HEAD_OCTETS } from '../../zone/layout.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import type { Ranker } from './rank.ts'
import { RECORDS_AT, RRsetBlock } from './rrset-block.ts'
import type { Reporting } from './settings.ts'

/** What is returned instead of a place where there is no room for more. */
export const NO_ROOM = 0
/** What `append` returns where an entry has changed since it was ranked. */
export const TORN = -1

/** A block that holds what was chosen last. */
export class ChosenBlock extends RRsetBlock {
  private readonly reporting: Reporting
  private end = RECORDS_AT
  /** Where what is being written must end, and the records written of it. */
  private limit = 0
  private written = 0

  constructor(reporting: Reporting) {
    super(MAX_CLOSURE_OCTETS)
    this.reporting = reporting
  }

  /**
   * Copies what `ranker` has chosen from `table` as the answer; priorities count from 1 (docs/protocol.md 4). False where an
   * entry has changed since it was ranked. What does not fit into the largest message is left out, the worst first.
   */
  take(table: CandidateTable, ranker: Ranker, rrClass: number, nowMs: number): boolean {
    this.end = RECORDS_AT
    this.limit = RECORDS_AT + MAX_MESSAGE_OCTETS + 1
    const isWhole = this.fill(table, ranker, rrClass, nowMs)
    this.count = this.written
    this.close(TYPE.AGENT, this.end)
    this.limit = this.end + MAX_CLOSURE_OCTETS
    return isWhole
  }

  /** Copies the name `octets[at … end)` behind what is there; returns where it stands, or NO_ROOM. */
  appendName(octets: Uint8Array, at: number, end: number): number {
    const nameAt = this.end
    if (nameAt + end - at > this.limit) return NO_ROOM
    for (let i = at; i < end; i++) this.octets[nameAt + i - at] = octets[i]
    this.end = nameAt + end - at
    return nameAt
  }

  /** Copies what `ranker` has chosen, at least one, as a further RRset; returns its handle, NO_ROOM where not even the best fits, or TORN. */
  append(table: CandidateTable, ranker: Ranker, rrClass: number, nowMs: number): number {
    const before = this.end
    const rrset = (before + 3) >>> 2
    this.end = rrset * 4 + RRSET_HEAD_OCTETS
    const isWhole = this.fill(table, ranker, rrClass, nowMs)
    if (isWhole && this.written > 0) {
      this.close(TYPE.AGENT, this.end, rrset, this.written)
      return rrset
    }
    this.end = before
    return isWhole ? NO_ROOM : TORN
  }

  private fill(table: CandidateTable, ranker: Ranker, rrClass: number, nowMs: number): boolean {
    this.written = 0
    const ttl = ttlOf(table, this.reporting, ranker.slots, ranker.count, nowMs)
    for (let i = 0; i < ranker.count; i++) {
      const slot = ranker.slots[i]
      const hasRoom = this.write(table, slot, ttl, rrClass)
      if (Atomics.load(table.i32.version, slot) !== ranker.versions[i]) return false
      if (!hasRoom) break
    }
    return true
  }

  private write({ i32, heap }: CandidateTable, slot: Slot, ttl: number, rrClass: number): boolean {
    const { view, octets, end } = this
    const from = i32.rdataAt[slot]
    const size = i32.rdataLength[slot]
    if (size < 2 || size > this.limit - end - RECORD_HEAD_OCTETS) return false
    this.writeHead(end, TYPE.AGENT, rrClass, ttl, size)
    const rdataAt = end + RECORD_HEAD_OCTETS
    view.setUint16(rdataAt, ++this.written)
    for (let i = 2; i < size; i++) octets[rdataAt + i] = heap[from + i]
    this.end = rdataAt + size
    return true
  }
}

/** Seconds until what is told may no longer hold, the same for all (RFC 2181 5.2): the end of a lease, or of what is ranked the next report; a list that is not (null) stays as it is, whatever load is told. */
export function ttlOf({ i32, f64 }: CandidateTable, reporting: Reporting | null, slots: Int32Array, count: number, nowMs: number): number {
  let ttl = 0x7fff_ffff // RFC 2181 8
  for (let i = 0; i < count; i++) {
    const slot = slots[i]
    const leftMs = f64.leaseEndMs[slot] - nowMs
    const reportMs = reporting === null || f64.reportedAtMs[slot] === 0 ? Infinity : Math.max(1_000, f64.readingAtMs[slot] + reporting.periodMs[i32.profile[slot]] - nowMs)
    ttl = Math.min(ttl, i32.ttl[slot], Math.max(0, Math.floor(Math.min(leftMs, reportMs) / 1_000)))
  }
  return ttl
}

/**
 * All candidates with their readings, for whoever chooses elsewhere, as a regional cache does (docs/protocol.md 4,
 * `candidates`): in the order of the table, none before another.
 *
 *     RRset of AGENT, each with priority 1 | RRset of SENSE, one for each that has told its load
 *
 * Both stand in one block, and together within what one message over TCP holds.
 */
import { TYPE } from '../../dns/codes.ts'
import { MAX_LISTED_CANDIDATES, MAX_LISTED_OCTETS, MAX_VERSION_LOOKS } from '../../dns/limits-discovery.ts'
import { RECORD_HEAD_OCTETS, RRSET_HEAD_OCTETS } from '../../zone/layout.ts'
import { type CandidateTable, holdsAgentOf, type Slot } from './candidates.ts'
import { ttlOf } from './chosen-block.ts'
import type { CandidateFilter } from './filter.ts'
import { hasReading, readingOctets, writeReading } from './reading-rdata.ts'
import { RECORDS_AT, RRsetBlock } from './rrset-block.ts'

/** The priority of every agent that is listed or told of: none is preferred (RFC 9460 2.4.1). */
export const LISTED_PRIORITY = 1

/** A block that holds the candidates listed last. */
export class CandidateList extends RRsetBlock {
  /** The RRset of readings; 0 where nobody has told any. */
  readings = 0
  /** Some that may be chosen are left out, as one message does not hold them. */
  isCut = false
  private readonly slots = new Int32Array(MAX_LISTED_CANDIDATES)
  private end = RECORDS_AT

  /** Lists those whom `filter` has left in `table`, no agent twice. An entry that changes all the while is left out. */
  take(table: CandidateTable, filter: CandidateFilter, rrClass: number, nowMs: number): void {
    this.count = 0
    this.end = RECORDS_AT
    const { list, count } = filter
    this.isCut = count > MAX_LISTED_CANDIDATES
    let octetsLeft = MAX_LISTED_OCTETS
    for (let i = 0; i < Math.min(count, MAX_LISTED_CANDIDATES); i++) {
      if (holdsAgentOf(table, this.slots, this.count, list[i])) continue
      octetsLeft -= octetsOf(table, list[i])
      this.isCut ||= octetsLeft < 0
      if (octetsLeft < 0) break
      if (this.write(table, list[i], TYPE.AGENT, rrClass)) this.slots[this.count++] = list[i]
    }
    this.setTtl(ttlOf(table, null, this.slots, this.count, nowMs))
    this.close(TYPE.AGENT, this.end)
    this.addReadings(table, rrClass)
  }

  private addReadings(table: CandidateTable, rrClass: number): void {
    const rrset = (this.end + 3) >>> 2
    this.end = rrset * 4 + RRSET_HEAD_OCTETS
    let told = 0
    for (let i = 0; i < this.count; i++) {
      const slot = this.slots[i]
      if (hasReading(table, slot) && this.write(table, slot, TYPE.SENSE, rrClass)) told++
    }
    this.readings = told === 0 ? 0 : rrset
    if (told > 0) this.close(TYPE.SENSE, this.end, rrset, told)
  }

  /** Whether a record of `type` was written while the entry stood still; else nothing is. */
  private write(table: CandidateTable, slot: Slot, type: number, rrClass: number): boolean {
    const { version } = table.i32
    const before = this.end
    for (let looks = 0; looks < MAX_VERSION_LOOKS; looks++) {
      const seen = Atomics.load(version, slot)
      if ((seen & 1) !== 0) continue
      const isWritten = type === TYPE.AGENT ? this.writeAgent(table, slot, rrClass) : this.writeReading(table, slot, rrClass)
      if (Atomics.load(version, slot) === seen) return isWritten
      this.end = before
    }
    return false
  }

  private writeAgent({ i32, heap }: CandidateTable, slot: Slot, rrClass: number): boolean {
    const { view, octets, end } = this
    const from = i32.rdataAt[slot]
    const size = i32.rdataLength[slot]
    if (size < 2 || end + RECORD_HEAD_OCTETS + size > octets.length) return false
    this.writeHead(end, TYPE.AGENT, rrClass, 0, size)
    const rdataAt = end + RECORD_HEAD_OCTETS
    view.setUint16(rdataAt, LISTED_PRIORITY)
    for (let i = 2; i < size; i++) octets[rdataAt + i] = heap[from + i]
    this.end = rdataAt + size
    return true
  }

  /** Its TTL is 0: it is as old as it says, and another may come at any time. */
  private writeReading(table: CandidateTable, slot: Slot, rrClass: number): boolean {
    const { view, octets, end } = this
    const at = end + RECORD_HEAD_OCTETS
    const last = writeReading(table, slot, view, octets, at)
    if (last < 0) return false
    this.writeHead(end, TYPE.SENSE, rrClass, 0, last - at)
    this.end = last
    return true
  }

  private setTtl(ttl: number): void {
    const { view } = this
    for (let at = RECORDS_AT; at < this.end; at += RECORD_HEAD_OCTETS + view.getUint16(at + 10)) view.setUint32(at + 6, ttl)
  }
}

/** Octets that an agent takes in a list: its record, and its reading where it has told one. One that is told until it is written is a few octets more, for which a message has room (MAX_LISTED_OCTETS). */
function octetsOf(table: CandidateTable, slot: Slot): number {
  return RECORD_HEAD_OCTETS + table.i32.rdataLength[slot] + (hasReading(table, slot) ? RECORD_HEAD_OCTETS + readingOctets(table, slot) : 0)
}

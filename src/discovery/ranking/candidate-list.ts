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
import { PARAMETERS } from '../../dns/parameters.ts'
import { RECORD_HEAD_OCTETS, RRSET_HEAD_OCTETS } from '../../zone/layout.ts'
import { type CandidateTable, holdsAgentOf, type Slot } from './candidates.ts'
import { ttlOf } from './chosen-block.ts'
import { ABSENT } from './demand.ts'
import type { CandidateFilter } from './filter.ts'
import { METRICS } from './metrics.ts'
import { RECORDS_AT, RRsetBlock } from './rrset-block.ts'
import type { Reporting } from './settings.ts'
import { nameEnd } from './values.ts'

/** The priority of every agent listed: none is preferred (RFC 9460 2.4.1). */
const PRIORITY = 1
const LARGEST = 0xffff_ffff

/** A parameter of SENSE, and what the table has for it: ABSENT for nothing. */
interface Field {
  readonly key: number
  readonly size: 1 | 2 | 4 | 8
  readonly read: (table: CandidateTable, slot: Slot) => number
}

/** What an agent has not measured it does not tell; places and service time stand as they are believed. */
const TOLD: readonly Field[] = [
  ...METRICS.map(({ key, size }, metric): Field => ({ key, size, read: (table, slot) => measuredAt(table, slot, metric) })),
  { key: PARAMETERS.active.key, size: 4, read: ({ f64 }, slot) => f64.active[slot] },
  { key: PARAMETERS.state.key, size: 1, read: ({ i32 }, slot) => i32.state[slot] },
  { key: PARAMETERS.time.key, size: 8, read: ({ f64 }, slot) => f64.readingAtMs[slot] },
  { key: PARAMETERS.arrivals.key, size: 4, read: ({ f64, i32 }, slot) => (f64.arrivalsAtMs[slot] === 0 ? ABSENT : i32.arrivals[slot] >>> 0) },
  { key: PARAMETERS.queue.key, size: 4, read: ({ f64 }, slot) => f64.room[slot] },
  { key: PARAMETERS.service.key, size: 4, read: ({ f64 }, slot) => (f64.serviceMs[slot] > 0 ? f64.serviceMs[slot] * 1_000 : ABSENT) },
]
/** In ascending order (RFC 9460 2.2). */
const FIELDS = [...TOLD].sort((a, b) => a.key - b.key)

const PARAMETER_HEAD_OCTETS = 4
/** Octets of a SENSE record, its agent's name aside, at most. */
const SENSE_OCTETS = RECORD_HEAD_OCTETS + 2 + FIELDS.reduce((sum, { size }) => sum + PARAMETER_HEAD_OCTETS + size, 0)

/** A block that holds the candidates listed last. */
export class CandidateList extends RRsetBlock {
  /** The RRset of readings; 0 where nobody has told any. */
  readings = 0
  /** Some that may be chosen are left out, as one message does not hold them. */
  isCut = false
  private readonly reporting: Reporting
  private readonly slots = new Int32Array(MAX_LISTED_CANDIDATES)
  private end = RECORDS_AT

  constructor(reporting: Reporting) {
    super()
    this.reporting = reporting
  }

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
    this.setTtl(ttlOf(table, this.reporting, this.slots, this.count, nowMs))
    this.close(TYPE.AGENT, this.end)
    this.addReadings(table, rrClass)
  }

  private addReadings(table: CandidateTable, rrClass: number): void {
    const rrset = (this.end + 3) >>> 2
    this.end = rrset * 4 + RRSET_HEAD_OCTETS
    let told = 0
    for (let i = 0; i < this.count; i++) {
      const slot = this.slots[i]
      if (table.f64.readingAtMs[slot] > 0 && this.write(table, slot, TYPE.SENSE, rrClass)) told++
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
    view.setUint16(rdataAt, PRIORITY)
    for (let i = 2; i < size; i++) octets[rdataAt + i] = heap[from + i]
    this.end = rdataAt + size
    return true
  }

  /** SENSE: sequence u16 | agent | parameters (docs/protocol.md 3). Its TTL is 0: it is as old as it says, and another may come at any time. */
  private writeReading(table: CandidateTable, slot: Slot, rrClass: number): boolean {
    const { view, octets, end } = this
    const { i32, heap } = table
    const from = i32.rdataAt[slot] + 2
    const nameSize = nameEnd(heap, from, heap.length) - from
    if (nameSize < 1 || end + SENSE_OCTETS + nameSize > octets.length) return false
    let at = end + RECORD_HEAD_OCTETS
    view.setUint16(at, Math.max(0, i32.sequence[slot] - 1))
    at += 2
    for (let i = 0; i < nameSize; i++) octets[at + i] = heap[from + i]
    at += nameSize
    for (const { key, size, read } of FIELDS) {
      const value = read(table, slot)
      if (value !== ABSENT) at = this.writeParameter(at, key, size, Math.max(0, Math.round(value)))
    }
    this.writeHead(end, TYPE.SENSE, rrClass, 0, at - end - RECORD_HEAD_OCTETS)
    this.end = at
    return true
  }

  private writeParameter(at: number, key: number, size: number, value: number): number {
    const { view } = this
    const valueAt = at + PARAMETER_HEAD_OCTETS
    view.setUint16(at, key)
    view.setUint16(at + 2, size)
    if (size === 8) view.setUint32(valueAt, Math.floor(value / 0x1_0000_0000))
    if (size === 8) view.setUint32(valueAt + 4, value % 0x1_0000_0000)
    else if (size === 4) view.setUint32(valueAt, Math.min(LARGEST, value))
    else if (size === 2) view.setUint16(valueAt, value)
    else view.setUint8(valueAt, value)
    return valueAt + size
  }

  private setTtl(ttl: number): void {
    const { view } = this
    for (let at = RECORDS_AT; at < this.end; at += RECORD_HEAD_OCTETS + view.getUint16(at + 10)) view.setUint32(at + 6, ttl)
  }
}

function measuredAt({ i32, readings }: CandidateTable, slot: Slot, metric: number): number {
  return (i32.measured[slot] & (1 << metric)) !== 0 ? readings[metric][slot] >>> 0 : ABSENT
}

/** Octets that an agent takes in a list, at most: its name is in both records. */
function octetsOf({ i32 }: CandidateTable, slot: Slot): number {
  return RECORD_HEAD_OCTETS + SENSE_OCTETS + 2 * i32.rdataLength[slot]
}

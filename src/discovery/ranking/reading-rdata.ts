/**
 * A reading as the table has it, as RDATA of SENSE: for lists of candidates and for who is told of each new one (docs/protocol.md 3).
 *
 *     sequence u16 | agent | parameters in ascending order (RFC 9460 2.2)
 */
import { PARAMETERS } from '../../dns/parameters.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import { ABSENT } from './demand.ts'
import { METRICS } from './metrics.ts'
import { nameEnd } from './values.ts'

const LARGEST = 0xffff_ffff
const PARAMETER_HEAD_OCTETS = 4

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
const FIELDS = [...TOLD].sort((a, b) => a.key - b.key)

/** Octets of the RDATA, its agent's name aside, at most. */
export const READING_OCTETS: number = 2 + FIELDS.reduce((sum, { size }) => sum + PARAMETER_HEAD_OCTETS + size, 0)

/** Whether an agent has told its load, or somebody has. */
export function hasReading({ f64 }: CandidateTable, slot: Slot): boolean {
  return f64.readingAtMs[slot] > 0
}

/** Octets of the RDATA as it would be written now. */
export function readingOctets(table: CandidateTable, slot: Slot): number {
  const from = table.i32.rdataAt[slot] + 2
  let octets = 2 + Math.max(0, nameEnd(table.heap, from, table.heap.length) - from)
  for (const { size, read } of FIELDS) if (read(table, slot) !== ABSENT) octets += PARAMETER_HEAD_OCTETS + size
  return octets
}

/** Writes it at `at`, behind which `view` has READING_OCTETS and a name's; returns where it ends, or −1 where the entry changes meanwhile and holds no name, or there is no room. */
export function writeReading(table: CandidateTable, slot: Slot, view: DataView, octets: Uint8Array, at: number): number {
  const { i32, heap } = table
  const from = i32.rdataAt[slot] + 2
  const nameSize = nameEnd(heap, from, heap.length) - from
  if (nameSize < 1 || at + READING_OCTETS + nameSize > octets.length) return -1
  view.setUint16(at, Math.max(0, i32.sequence[slot] - 1))
  let end = at + 2
  for (let i = 0; i < nameSize; i++) octets[end + i] = heap[from + i]
  end += nameSize
  for (const { key, size, read } of FIELDS) {
    const value = read(table, slot)
    if (value !== ABSENT) end = writeParameter(view, end, key, size, Math.max(0, Math.round(value)))
  }
  return end
}

function writeParameter(view: DataView, at: number, key: number, size: number, value: number): number {
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

function measuredAt({ i32, readings }: CandidateTable, slot: Slot, metric: number): number {
  return (i32.measured[slot] & (1 << metric)) !== 0 ? readings[metric][slot] >>> 0 : ABSENT
}

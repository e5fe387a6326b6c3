/**
 * What is known of agents, as text that outlives the process: readings, reputation and what askers met, a line of JSON for
 * each registration (docs/ranking.md). Times are of the calendar, so that a reading that comes back is as old as it is; that
 * its agent could not report meanwhile is not held against it. Nothing in it is trusted: a line that is not as it was written, or of who is no longer registered, is passed over.
 *
 *     {"waggle":"readings","version":1,"atMs":1800000000000}
 *     ["v2.x._cap.acme.example.",1,"babel._sa.acme.example.",{"readingAtMs":1800000000000,"active":3,…},{"0":50000}]
 */
import { MAX_BELIEVED_SERVICE_MS, MAX_BELIEVED_SESSIONS, READING_FORGOTTEN_MS, REPUTATION_FORGOTTEN_MS } from '../../dns/limits-discovery.ts'
import { Name, printName } from '../../dns/name.ts'
import { STATES } from '../../dns/parameter-table.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { METRIC_COUNT } from '../ranking/metrics.ts'
import type { Registrar } from '../ranking/registrar.ts'
import { noteDerived } from '../ranking/silence.ts'
import { TABLE } from '../ranking/table-layout.ts'

const VERSION = 1

/** The first line of what is saved now. */
export function snapshotHead(nowMs: number): string {
  return JSON.stringify({ waggle: 'readings', version: VERSION, atMs: Math.floor(nowMs) })
}

/** When what begins with this line was saved; undefined where it is no such first line. */
export function savedAtMs(line: string): number | undefined {
  try {
    const { waggle, version, atMs } = JSON.parse(line) as Record<string, unknown>
    return waggle === 'readings' && version === VERSION && isWithin(atMs, Infinity) ? Number(atMs) : undefined
  } catch {
    return undefined
  }
}

/** Columns that are kept, with the most that each may hold; times are checked apart. */
const SESSIONS = MAX_BELIEVED_SESSIONS
const KEPT = {
  readingAtMs: Infinity, reportedAtMs: Infinity, active: SESSIONS, slots: SESSIONS, room: SESSIONS, serviceMs: MAX_BELIEVED_SERVICE_MS, avoidUntilMs: Infinity, downAtMs: Infinity,
  right: SESSIONS, outcomes: SESSIONS, slowness: SESSIONS, slownessWeight: SESSIONS, slownessAtMs: Infinity,
} as const
type KeptColumn = keyof typeof KEPT
const COLUMNS = Object.keys(KEPT) as KeptColumn[]
/** Columns that come back whatever the age of the reading. */
const REPUTATION: readonly KeptColumn[] = ['right', 'outcomes', 'slowness', 'slownessWeight', 'slownessAtMs']

type Line = [owner: string, rrClass: number, agent: string, columns: Partial<Record<KeptColumn | 'state' | 'sequence', number>>, measured: Record<string, number>]

/** Lines for every registration of which anything has been told, one after the other. */
export function* snapshotLines(registrar: Registrar, rrClass: number): Generator<string, void> {
  const { table } = registrar
  for (let slot = 0; slot < table.header[TABLE.top]; slot++) {
    const { f64, i32, heap } = table
    const isTold = f64.readingAtMs[slot] > 0 || f64.outcomes[slot] > 0 || f64.slownessWeight[slot] > 0
    if (!isTold || i32.rdataLength[slot] === 0) continue
    const columns: Line[3] = { state: i32.state[slot], sequence: i32.sequence[slot] }
    for (const name of COLUMNS) if (f64[name][slot] !== 0) columns[name] = f64[name][slot]
    const line: Line = [Name.fromWire(registrar.ownerOf(slot)).toString(), rrClass, printName(heap, i32.rdataAt[slot] + 2), columns, measuredOf(table, slot)]
    yield JSON.stringify(line)
  }
}

function measuredOf({ i32, readings }: CandidateTable, slot: Slot): Record<string, number> {
  const measured: Record<string, number> = {}
  for (let metric = 0; metric < METRIC_COUNT; metric++) if ((i32.measured[slot] & (1 << metric)) !== 0) measured[metric] = readings[metric][slot] >>> 0
  return measured
}

/** Takes a line back that was saved `agoMs` ago; false where it is none, is too old, or nobody is registered so. `registrarOf` gives the registrar of the zone that a name is in. */
export function takeLine(text: string, registrarOf: (owner: Name, rrClass: number) => Registrar | undefined, nowMs: number, agoMs: number): boolean {
  const line = lineIn(text)
  if (line === undefined) return false
  const { owner, agent, rrClass, columns, measured } = line
  const registrar = registrarOf(owner, rrClass)
  const slot = registrar?.slotOf(owner.wire, agent.wire) ?? -1
  if (registrar === undefined || slot < 0) return false
  const { table } = registrar
  const { readingAtMs = 0 } = columns
  const isFresh = readingAtMs > 0 && nowMs - readingAtMs <= READING_FORGOTTEN_MS
  if (!isFresh && agoMs > REPUTATION_FORGOTTEN_MS) return false
  registrar.change(slot, () => {
    for (const name of isFresh ? COLUMNS : REPUTATION) table.f64[name][slot] = columns[name] ?? 0
    table.f64.slownessAtMs[slot] = Math.min(table.f64.slownessAtMs[slot], nowMs) // a clock that was ahead lets nothing stand for ever
    if (isFresh) restoreReading(table, slot, columns, measured, nowMs)
  })
  if (isFresh) table.header[TABLE.restored] = Math.floor(nowMs / 1_000)
  return true
}

function restoreReading(table: CandidateTable, slot: Slot, columns: Line[3], measured: Record<string, number>, nowMs: number): void {
  const { f64, i32, readings } = table
  f64.readingAtMs[slot] = Math.min(f64.readingAtMs[slot], nowMs) // a clock that was ahead told no future
  f64.avoidUntilMs[slot] = Math.min(f64.avoidUntilMs[slot], nowMs + READING_FORGOTTEN_MS)
  if (f64.slots[slot] === 0) f64.slots[slot] = 1
  noteDerived(table, slot)
  i32.state[slot] = columns.state ?? 0
  i32.sequence[slot] = columns.sequence ?? 0
  i32.measured[slot] = 0
  for (const [metric, value] of Object.entries(measured)) {
    readings[Number(metric)][slot] = value
    i32.measured[slot] |= 1 << Number(metric)
  }
}

interface ReadLine {
  owner: Name
  agent: Name
  rrClass: number
  columns: Line[3]
  measured: Record<string, number>
}

/** A line, checked; undefined where it is none. */
function lineIn(text: string): ReadLine | undefined {
  try {
    const [owner, rrClass, agent, columns, measured] = JSON.parse(text) as Line
    const { state = 0, sequence = 0 } = columns
    const isGood = Number.isInteger(rrClass) && STATES[state] !== undefined && isWithin(sequence, 0x1_0000) && COLUMNS.every((name) => isWithin(columns[name] ?? 0, KEPT[name]))
    const isMeasured = Object.entries(measured).every(([metric, value]) => Number(metric) < METRIC_COUNT && /^\d$/.test(metric) && isWithin(value, 0xffff_ffff))
    return isGood && isMeasured ? { owner: Name.parse(owner), agent: Name.parse(agent), rrClass, columns, measured } : undefined
  } catch {
    return undefined // not as it was written
  }
}

function isWithin(value: unknown, most: number): boolean {
  return typeof value === 'number' && value >= 0 && value <= most && Number.isFinite(value)
}

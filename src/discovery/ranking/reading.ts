/**
 * A reading: what a SENSE record says of one agent at one capability (docs/protocol.md 3, paper 5.2), and an outcome:
 * what an asker met. Both as values, bounded, for the thread that writes the table.
 */
import { MAX_BELIEVED_SERVICE_MS, MAX_BELIEVED_SESSIONS, MAX_OUTCOMES_PER_DEMAND } from '../../dns/limits-discovery.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import { METRIC, METRIC_COUNT, metricOf, METRICS } from './metrics.ts'
import { nameEnd, OUTCOME_TAIL_OCTETS, read16, read32, readTime } from './values.ts'

/** One report; what it does not tell is undefined. */
export interface Reading {
  /** Milliseconds since 1970; undefined: now. */
  atMs?: number | undefined
  /** 16 bits, compared by RFC 1982. */
  sequence?: number | undefined
  /** Sessions in service and waiting. */
  active?: number | undefined
  /** Sessions at once. */
  slots?: number | undefined
  /** Waiting places beyond `slots`. */
  room?: number | undefined
  serviceMs?: number | undefined
  /** Index in STATES. */
  state?: number | undefined
  /** Requests received so far, modulo 2^32. */
  arrivals?: number | undefined
  /** Metrics measured, by METRIC, each in the unit of its parameter. */
  measured?: (number | undefined)[] | undefined
}

/** What became of one choice. */
export interface Outcome {
  /** RESULT. */
  result: number
  latencyMs: number
  /** Sessions that the agent had, as it told its client; UNTOLD where it did not. */
  active: number
  /** Milliseconds since 1970. */
  atMs: number
}

/** Where the name of the agent stands in the RDATA of SENSE, behind its sequence number. */
export const AGENT_AT = 2

/** The reading in the RDATA of a SENSE record that was checked when it was decoded; in place, as there are tens of thousands a second. */
export function readingIn(rdata: Uint8Array): Reading {
  const reading: Reading = {
    atMs: undefined, sequence: read16(rdata, 0), active: undefined, slots: undefined, room: undefined,
    serviceMs: undefined, state: undefined, arrivals: undefined, measured: undefined,
  }
  let at = nameEnd(rdata, AGENT_AT, rdata.length)
  while (at < rdata.length) {
    const valueAt = at + HEAD_OCTETS
    takeValue(reading, read16(rdata, at), rdata, valueAt)
    at = valueAt + read16(rdata, at + 2)
  }
  return reading
}

/** Octets of a parameter before its value: key and length (RFC 9460 2.2). */
const HEAD_OCTETS = 4
const { time, active, queue, service, state, arrivals } = PARAMETERS

function takeValue(reading: Reading, key: number, octets: Uint8Array, at: number): void {
  switch (key) {
    case time.key:
      reading.atMs = readTime(octets, at)
      break
    case active.key:
      reading.active = read32(octets, at)
      break
    case queue.key:
      reading.room = read32(octets, at)
      break
    case service.key:
      reading.serviceMs = read32(octets, at) / 1_000
      break
    case state.key:
      reading.state = octets[at]
      break
    case arrivals.key:
      reading.arrivals = read32(octets, at)
      break
    default:
      takeMetric(reading, metricOf(key), octets, at)
  }
}

function takeMetric(reading: Reading, metric: number, octets: Uint8Array, at: number): void {
  if (metric < 0) return
  const value = METRICS[metric].size === 2 ? read16(octets, at) : read32(octets, at)
  reading.measured ??= new Array<undefined>(METRIC_COUNT).fill(undefined)
  reading.measured[metric] = value
  if (metric === METRIC.concurrency) reading.slots = value
}

/** The reading within what is believed; a number below 0 or none at all counts as not told. */
export function bounded(reading: Reading): Reading {
  const { atMs, sequence, state, arrivals, measured } = reading
  return {
    atMs, sequence, state, arrivals, measured,
    active: within(reading.active, 0, MAX_BELIEVED_SESSIONS),
    slots: within(reading.slots, 1, MAX_BELIEVED_SESSIONS),
    room: within(reading.room, 0, MAX_BELIEVED_SESSIONS),
    serviceMs: within(reading.serviceMs, 0.001, MAX_BELIEVED_SERVICE_MS),
  }
}

function within(value: number | undefined, least: number, most: number): number | undefined {
  if (value === undefined || !(value >= 0)) return undefined
  return Math.min(most, Math.max(least, value))
}

/** Where the first outcomes of the checked value `octets[at … end)` end: one more than counts of one demand, at most. */
export function endOfOutcomes(octets: Uint8Array, at: number, end: number): number {
  for (let items = 0; at < end && items <= MAX_OUTCOMES_PER_DEMAND; items++) at = nameEnd(octets, at, end) + OUTCOME_TAIL_OCTETS
  return at
}

/** Calls `each` with the agent's place and the outcome for every one in the checked value `octets[at … end)` of a DEMAND. */
export function forEachOutcome(octets: Uint8Array, at: number, end: number, each: (nameAt: number, outcome: Outcome) => void): void {
  while (at < end) {
    const tailAt = nameEnd(octets, at, end)
    const outcome = { result: octets[tailAt], latencyMs: read32(octets, tailAt + 1) / 1_000, active: read32(octets, tailAt + 5), atMs: readTime(octets, tailAt + 9) }
    each(at, outcome)
    at = tailAt + OUTCOME_TAIL_OCTETS
  }
}

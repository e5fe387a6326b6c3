/**
 * A reading: what a SENSE record says of one agent at one capability (docs/protocol.md 3, paper 5.2), and an outcome:
 * what an asker met. Both as values, bounded, for the thread that writes the table.
 */
import { MAX_BELIEVED_SERVICE_MS, MAX_BELIEVED_SESSIONS, MAX_OUTCOMES_PER_DEMAND } from '../../dns/limits-discovery.ts'
import { Name } from '../../dns/name.ts'
import { WireReader } from '../../dns/octets.ts'
import { PARAMETERS, readList, valueOf, type ParameterMap } from '../../dns/parameters.ts'
import { STATES } from '../../dns/parameter-table.ts'
import { METRIC, METRICS } from './metrics.ts'
import { nameEnd, OUTCOME_TAIL_OCTETS, read32, readTime } from './values.ts'

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
  measured?: readonly (number | undefined)[] | undefined
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

/** The agent and the reading of a SENSE record. WireFault where its RDATA is malformed. */
export function decodeReading(rdata: Uint8Array): { agent: Name; reading: Reading } {
  const wire = new WireReader(rdata)
  const sequence = wire.u16()
  const agent = Name.read(wire, false)
  return { agent, reading: { sequence, ...readingOf(readList(wire, 'SENSE')) } }
}

function readingOf(list: ParameterMap): Reading {
  const state = valueOf(list, PARAMETERS.state)
  const serviceUs = valueOf(list, PARAMETERS.service)
  const measured = METRICS.map(({ name }) => valueOf(list, PARAMETERS[name]))
  return {
    atMs: valueOf(list, PARAMETERS.time),
    active: valueOf(list, PARAMETERS.active),
    slots: measured[METRIC.concurrency],
    room: valueOf(list, PARAMETERS.queue),
    serviceMs: serviceUs === undefined ? undefined : serviceUs / 1_000,
    state: state === undefined ? undefined : STATES.indexOf(state),
    arrivals: valueOf(list, PARAMETERS.arrivals),
    measured,
  }
}

/** The reading within what is believed; a number below 0 or none at all counts as not told. */
export function bounded(reading: Reading): Reading {
  return {
    ...reading,
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

/**
 * Readings and outcomes into the table of candidates: the writing side of sensing (paper 5.2). A report replaces what
 * was known of an agent's load; an outcome corrects it, and weighs what the agent says of itself. docs/ranking.md has
 * the formulas; `LEARNING` their numbers.
 */
import { HANDED_HISTORY, MAX_READING_AHEAD_MS, READING_FORGOTTEN_MS, READING_HISTORY } from '../../dns/limits-discovery.ts'
import { isNewerSequence } from '../../dns/serial.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import { METRIC, METRIC_COUNT } from './metrics.ts'
import { bounded, type Outcome, type Reading } from './reading.ts'
import type { Registrar } from './registrar.ts'
import { LEARNING } from './settings.ts'
import { noteDerived } from './silence.ts'
import { HISTORY } from './table-layout.ts'
import { RESULT, UNTOLD } from './values.ts'

/** What became of a report. `old`: not newer than what is known; `exclusive`: such agents have no readings kept (docs/protocol.md 3); `unknown`: no such registration. */
export type ReportResult = 'taken' | 'old' | 'exclusive' | 'unknown'

/** What an outcome counts for: its agent's reputation, and what is known of its load; by default both. */
export interface Weight {
  weighs?: boolean
  corrects?: boolean
}

/** Slowness from which an agent is told to the operator as one that promises too much. */
export const TOLD_SLOWNESS = 2

/** Takes reports and outcomes; held by the thread that holds the registrar. */
export class Sensing {
  private readonly registrar: Registrar

  constructor(registrar: Registrar) {
    this.registrar = registrar
  }

  /** Takes the report of one agent at one capability; one that was fetched is none that others are to be expected after. */
  report(slot: Slot, told: Reading, nowMs: number, isFetched = false): ReportResult {
    const { table } = this.registrar
    if (slot < 0) return 'unknown'
    if (table.i32.binding[slot] === 1) return 'exclusive'
    const reading = bounded(told)
    const atMs = reading.atMs === undefined || reading.atMs > nowMs ? nowMs : reading.atMs
    if ((told.atMs ?? 0) > nowMs + MAX_READING_AHEAD_MS) reading.active = undefined // a clock that is wrong tells no load
    if (this.isOld(slot, reading, atMs, nowMs)) return 'old'
    this.registrar.change(slot, () => {
      this.take(table, slot, reading, atMs, nowMs)
      if (!isFetched) table.f64.reportedAtMs[slot] = nowMs
    })
    return 'taken'
  }

  private isOld(slot: Slot, { sequence }: Reading, atMs: number, nowMs: number): boolean {
    const { f64, i32 } = this.registrar.table
    const last = f64.readingAtMs[slot]
    if (last === 0 || nowMs - last > READING_FORGOTTEN_MS) return false
    if (atMs < last) return true
    const known = i32.sequence[slot] - 1 // -1: none yet, as after outcomes alone
    return sequence !== undefined && known >= 0 && !isNewerSequence(sequence, known)
  }

  private take(table: CandidateTable, slot: Slot, reading: Reading, atMs: number, nowMs: number): void {
    const { f64, i32 } = table
    if (reading.sequence !== undefined) i32.sequence[slot] = reading.sequence + 1
    if (reading.slots !== undefined) f64.slots[slot] = reading.slots
    if (reading.room !== undefined) f64.room[slot] = reading.room
    const serviceMs = reading.serviceMs ?? this.serviceFromLatency(table, slot, reading)
    if (serviceMs !== undefined) f64.serviceMs[slot] = serviceMs
    noteDerived(table, slot)
    if (reading.state !== undefined) i32.state[slot] = reading.state
    takeMeasured(table, slot, reading)
    this.takeLoad(table, slot, reading.active ?? f64.active[slot], atMs, nowMs)
    if (reading.arrivals !== undefined) this.countArrivals(table, slot, reading.arrivals, atMs)
    this.learnKappa(table, i32.capability[slot], nowMs)
  }

  /** An agent that tells how long it takes now, but not how long without waiting, is taken to share that among those before. */
  private serviceFromLatency(table: CandidateTable, slot: Slot, { measured, active = 0 }: Reading): number | undefined {
    const latencyUs = measured?.[METRIC.latency]
    return latencyUs === undefined ? undefined : latencyUs / 1_000 / Math.max(1, active / table.f64.slots[slot])
  }

  /** The load as it was at `atMs`. What we chose before is in it; what askers met before is superseded. */
  private takeLoad(table: CandidateTable, slot: Slot, active: number, atMs: number, nowMs: number): void {
    const { f64 } = table
    remember(table, slot)
    f64.active[slot] = active
    f64.readingAtMs[slot] = atMs
    if (atMs > f64.busyAtMs[slot]) f64.busy[slot] = 0
    if (atMs > f64.downAtMs[slot]) f64.avoidUntilMs[slot] = 0
    f64.handed[slot] = stillUncovered(table, slot, atMs, nowMs)
    f64.handedAtMs[slot] = nowMs
  }

  private countArrivals(table: CandidateTable, slot: Slot, arrivals: number, atMs: number): void {
    const { f64, i32 } = table
    const last = f64.arrivalsAtMs[slot]
    const seconds = (atMs - last) / 1_000
    const more = (arrivals - i32.arrivals[slot]) >>> 0
    const isRestart = more > 0x8000_0000 // the agent counts anew
    if (last === 0 || isRestart || seconds > 0) {
      i32.arrivals[slot] = arrivals | 0
      f64.arrivalsAtMs[slot] = atMs
    }
    if (last === 0 || isRestart || seconds <= 0) return
    const number = i32.capability[slot]
    const share = 1 - Math.exp((-seconds * 1_000) / LEARNING.rateMs)
    const before = rateOf(f64.arrivalRate[slot], f64.arrivalWeight[slot])
    f64.arrivalRate[slot] += (more / seconds - f64.arrivalRate[slot]) * share
    f64.arrivalWeight[slot] += (1 - f64.arrivalWeight[slot]) * share
    f64.totalArrivals[number] += rateOf(f64.arrivalRate[slot], f64.arrivalWeight[slot]) - before
  }

  /** Kappa: how many requests reach the agents for each that we sent there ourselves. */
  private learnKappa({ f64, i32 }: CandidateTable, number: number, nowMs: number): void {
    const seconds = (nowMs - f64.ownAtMs[number]) / 1_000
    if (seconds < 0.1) return
    const picks = Atomics.load(i32.picks, number)
    const more = (picks - f64.ownArrivals[number]) | 0
    const isFirst = f64.ownAtMs[number] === 0
    f64.ownArrivals[number] = picks
    f64.ownAtMs[number] = nowMs
    if (isFirst) return
    const share = 1 - Math.exp((-seconds * 1_000) / LEARNING.rateMs)
    f64.ownRate[number] += (more / seconds - f64.ownRate[number]) * share
    f64.ownWeight[number] += (1 - f64.ownWeight[number]) * share
    const own = rateOf(f64.ownRate[number], f64.ownWeight[number])
    f64.kappa[number] = own > 0 ? Math.min(LEARNING.mostKappa, Math.max(1, f64.totalArrivals[number] / own)) : 1
  }

  /** Takes what an asker met when it went to an agent that we had named, as far as it counts. */
  observe(slot: Slot, outcome: Outcome, nowMs: number, { weighs = true, corrects = true }: Weight = {}): ReportResult {
    const { table } = this.registrar
    if (slot < 0) return 'unknown'
    if (outcome.atMs > nowMs || nowMs - outcome.atMs > READING_FORGOTTEN_MS) return 'old'
    const isExclusive = table.i32.binding[slot] === 1
    this.registrar.change(slot, () => {
      if (weighs) this.weigh(table, slot, outcome, nowMs)
      if (corrects && !isExclusive) this.correct(table, slot, outcome, nowMs)
    })
    return 'taken'
  }

  /** Reputation: whether the work was right, and whether it took as long as it should. */
  private weigh({ f64 }: CandidateTable, slot: Slot, { result, latencyMs, active: told }: Outcome, nowMs: number): void {
    const active = told === UNTOLD ? f64.active[slot] : told
    if (result === RESULT.unreachable) return
    const isJudged = result === RESULT.done || result === RESULT.wrong
    if (isJudged) {
      f64.right[slot] = f64.right[slot] * LEARNING.outcomeMemory + (result === RESULT.done ? 1 : 0)
      f64.outcomes[slot] = f64.outcomes[slot] * LEARNING.outcomeMemory + 1
    }
    const expectedMs = f64.serviceMs[slot] * Math.max(1, (1 + active) / f64.slots[slot])
    const isSurprise = result === RESULT.busy && active < f64.slots[slot] + f64.room[slot]
    if (!isSurprise && (!isJudged || expectedMs === 0)) return
    const slowness = isSurprise ? LEARNING.refusalSlowness : Math.min(LEARNING.mostSlowness, latencyMs / expectedMs)
    const weight = f64.slownessWeight[slot] * Math.exp(-Math.max(0, nowMs - f64.slownessAtMs[slot]) / LEARNING.slownessMs) + 1
    f64.slownessWeight[slot] = Math.min(weight, 1 / LEARNING.slownessStep)
    f64.slownessAtMs[slot] = nowMs
    f64.slowness[slot] += (slowness - f64.slowness[slot]) * Math.max(1 / weight, LEARNING.slownessStep)
  }

  /** Load: a refusal says that the agent is full, silence that it is gone, and a client passes on what the agent told it. */
  private correct(table: CandidateTable, slot: Slot, { result, active, atMs }: Outcome, nowMs: number): void {
    const { f64 } = table
    if (result === RESULT.unreachable) {
      if (atMs <= f64.readingAtMs[slot]) return
      f64.downAtMs[slot] = Math.max(f64.downAtMs[slot], atMs)
      f64.avoidUntilMs[slot] = Math.max(f64.avoidUntilMs[slot], atMs + LEARNING.avoidMs)
    } else if (result === RESULT.busy) {
      if (atMs <= f64.readingAtMs[slot]) return
      f64.busy[slot] = f64.slots[slot] + f64.room[slot]
      f64.busyAtMs[slot] = atMs
    } else if (active !== UNTOLD && atMs > f64.readingAtMs[slot]) this.takeLoad(table, slot, Math.min(active, f64.slots[slot] + f64.room[slot]), atMs, nowMs)
  }
}

/** How much slower an agent is than it says: 1 for one that keeps its word. Who is passed over proves nothing any more: what was met fades, and it is tried again. */
export function slownessOf({ f64 }: CandidateTable, slot: Slot, nowMs: number): number {
  if (f64.slowness[slot] <= 1 + LEARNING.forgivenSlowness) return 1
  const weight = f64.slownessWeight[slot] * Math.exp(-Math.max(0, nowMs - f64.slownessAtMs[slot]) / LEARNING.slownessMs)
  const mean = (f64.slowness[slot] * weight + LEARNING.honestOutcomes) / (weight + LEARNING.honestOutcomes)
  return Math.max(1, mean - LEARNING.forgivenSlowness)
}

/** Accuracy as it is believed, in ten-thousandths: the claim, weighed as some outcomes, and the outcomes (posterior mean). */
export function believedAccuracy({ f64 }: CandidateTable, slot: Slot, claimed: number): number {
  const right = f64.right[slot]
  const outcomes = f64.outcomes[slot]
  if (outcomes === 0) return claimed
  return (right * 10_000 + LEARNING.claimOutcomes * claimed) / (outcomes + LEARNING.claimOutcomes)
}

/** Of our own choices those that a report of `atMs` does not show yet, each less by the time that it has had to be done. */
function stillUncovered(table: CandidateTable, slot: Slot, atMs: number, nowMs: number): number {
  const { f64, i32, handedTimes } = table
  const head = Atomics.load(i32.handedHead, slot)
  if (head === 0) return 0
  const serviceMs = Math.max(1, f64.serviceMs[slot] * slownessOf(table, slot, nowMs))
  const youngMs = nowMs - atMs + LEARNING.wayMs
  const now = nowMs % 0x8000_0000
  const known = Math.min(head >>> 0, HANDED_HISTORY)
  let sum = 0
  let young = 0
  let oldestMs = 0
  for (let i = 0; i < known; i++) {
    const ageMs = (now - handedTimes[slot * HANDED_HISTORY + i] + 0x8000_0000) % 0x8000_0000
    if (ageMs >= youngMs) continue
    sum += Math.exp(-ageMs / serviceMs)
    young++
    if (ageMs > oldestMs) oldestMs = ageMs
  }
  if (young < HANDED_HISTORY || oldestMs === 0) return sum
  // more than are remembered: as if those before had come as fast
  const all = f64.handed[slot] * Math.exp(-Math.max(0, nowMs - f64.handedAtMs[slot]) / serviceMs)
  const before = (HANDED_HISTORY / oldestMs) * serviceMs * (Math.exp(-oldestMs / serviceMs) - Math.exp(-youngMs / serviceMs))
  return Math.max(sum, Math.min(all, sum + before))
}

function takeMeasured({ i32, readings }: CandidateTable, slot: Slot, { measured }: Reading): void {
  i32.measured[slot] = 0
  if (measured === undefined) return
  for (let metric = 0; metric < METRIC_COUNT; metric++) {
    const value = measured[metric]
    if (value === undefined) continue
    readings[metric][slot] = value
    i32.measured[slot] |= 1 << metric
  }
}

/** Puts the newest reading among the earlier ones, before another takes its place. */
function remember({ f64, i32, history }: CandidateTable, slot: Slot): void {
  if (f64.readingAtMs[slot] === 0) return
  const at = (slot * READING_HISTORY + (i32.historyHead[slot]++ % READING_HISTORY)) * HISTORY.doubles
  history[at + HISTORY.atMs] = f64.readingAtMs[slot]
  history[at + HISTORY.active] = f64.active[slot]
  history[at + HISTORY.serviceMs] = f64.serviceMs[slot]
}

/** Choices a second that we made of late at the capability of `slot`, as its agents' reports have found. */
export function choicesPerSecond({ f64, i32 }: CandidateTable, slot: Slot): number {
  const number = i32.capability[slot]
  return rateOf(f64.ownRate[number], f64.ownWeight[number])
}

function rateOf(rate: number, weight: number): number {
  return weight > 0 ? rate / weight : 0
}

/**
 * How loaded an agent is now, and what it would cost to send one more there: the newest reading, aged; our own choices
 * since; and what others are likely to have sent (docs/ranking.md; "SOC", survival-corrected occupancy). All times in ms.
 *
 *     s = r · service,  c = slots / r                                       as told (service within limits of what is claimed), corrected by what askers met
 *     f = exp(−age / (s · max(1, n₀/c)))                                    what is left of those told of
 *     n = n₀ · f  +  (1 + 0.7 (κ − 1)) · o · exp(−Δ/s)  +  0.3 (1 − 1/κ) · a · s · (1 − f)     sessions there now
 *     z = ((½ + n) / w + ½) / c                                             were we to add one; for weights see weigh
 *     cost = 2 · way + s · max(1, r/2) · (max(1, z) + 0.8 · z^p)            our delay, and that of those behind us
 *     p = 1.5 + √(2(c + 1)) / 2.1, in halves                                a large one bears more of its load without a wait
 *     entry = 0.05 + 0.95 / (1 + exp(((1 + n) / (c + room) − 1) / 0.08))    whether it is let in at all
 */
import { REPORT_GRACE_MS } from '../../dns/limits-discovery.ts'
import type { CandidateTable, Slot } from './candidates.ts'
import { NO_WEIGHT } from './claims.ts'
import { slownessOf, TOLD_SLOWNESS } from './sensing.ts'
import type { RankingSettings } from './settings.ts'
import { untoldSessions } from './silence.ts'
import { TABLE } from './table-layout.ts'

const EARTH_KM = 6_371
const RADIANS = Math.PI / 180 / 1_000_000
/** Weight in parts of what is usual, at least: an agent of weight 0 is asked as the last, not never (RFC 2782). */
const LEAST_WEIGHT = 0.01
/** What is left of the score of an agent that is certainly full: where all are, they keep their order. */
const LEAST_ENTRY = 0.05
/** Sessions that others are taken to send, in parts of the slots, at most. */
const MOST_COMING = 2
/** Slots above which the exponent grows no more. */
const STEEPEST_SLOTS = 64
/** Of whole requests shared out by weights, half of the next one counts: so neither the heavy nor the light get more than is theirs (Sainte-Laguë). */
const HALF = 0.5

/** Fills itself with what is reckoned of one slot; one object, used again and again. */
export class Estimate {
  /** Sessions there now, and in parts of the slots with one more, weight reckoned in. */
  sessions = 0
  fullness = 0
  serviceMs = 0
  /** Sessions at once that it is believed to serve as fast as that. */
  slots = 1
  costMs = 0
  /** Probability that it takes one more: falls from 1 to next to nothing as its waiting places fill. */
  entry = 1
  /** Milliseconds since the reading; Infinity without one. */
  ageMs = Infinity
  /** The agent fell silent, or somebody could not reach it: to be taken only where there is nobody else. */
  isSuspect = false
  /** How far the reading has faded: 0 not at all, 1 nothing is left of it. */
  faded = 0
  /** Sessions among those there now that nobody has told of. */
  private assumed = 0
  private readonly settings: RankingSettings

  constructor(settings: RankingSettings) {
    this.settings = settings
  }

  /** Reckons `slot` at `nowMs`, `wayMs` away from the asker; `weightReference` is the weight that is usual. */
  reckon(table: CandidateTable, slot: Slot, nowMs: number, wayMs: number, weightReference: number): void {
    const { f64 } = table
    const { settings } = this
    const weight = relativeWeight(table, slot, weightReference)
    const slowness = slownessOf(table, slot, nowMs)
    this.serviceMs = f64.reckonedMs[slot] * slowness
    this.slots = f64.slots[slot] / slowness // what is late may be slow or may wait: which, nobody outside can tell
    this.ageMs = f64.readingAtMs[slot] === 0 ? Infinity : Math.max(0, nowMs - f64.readingAtMs[slot])
    this.fade(table, slot, nowMs)
    this.isSuspect = f64.avoidUntilMs[slot] > nowMs || (this.faded > 0 && f64.reportedAtMs[slot] > 0)
    this.sessions = this.sessionsOf(table, slot, nowMs)
    this.fullness = ((HALF + this.sessions) / weight + HALF) / this.slots
    if (weight !== 1) this.weigh(table, slot, nowMs, weight)
    this.entry = this.entryOf(table, slot)
    const z = this.fullness
    const penalty = Math.max(1, slowness / TOLD_SLOWNESS) // a promise that is broken brings less than one that was never made
    this.costMs = settings.certainty * wayMs + this.serviceMs * penalty * (Math.max(1, z) + settings.externality * inHalves(z, halvesFor(f64.slots[slot])))
  }

  /**
   * Agents of different weights are compared by the sessions that our choices of late make on average, as those that are there
   * now come in whole numbers, and of one or two of them no weight can be made out; what is there beyond what chance makes of
   * that average counts as it is. What is only assumed has no part in that: it would be the less the more an agent weighs.
   */
  private weigh({ f64, i32 }: CandidateTable, slot: Slot, nowMs: number, weight: number): void {
    const { shareMs } = this.settings
    const perChoice = (f64.kappa[i32.capability[slot]] * this.serviceMs) / shareMs
    const usual = perChoice * f64.chosen[slot] * Math.exp(-Math.max(0, nowMs - f64.chosenAtMs[slot]) / shareMs)
    const beyond = Math.max(0, this.sessions - this.assumed - usual - Math.sqrt(usual + HALF * HALF))
    this.fullness = ((HALF * perChoice + usual + beyond) / weight + this.assumed + HALF) / this.slots
  }

  /** Nothing is told against an agent that has told nothing itself, and refused nobody: how many it lets in is not known. */
  private entryOf({ f64 }: CandidateTable, slot: Slot): number {
    if (this.ageMs === Infinity && f64.busy[slot] === 0) return 1
    return LEAST_ENTRY + (1 - LEAST_ENTRY) / (1 + Math.exp(((1 + this.sessions) / (f64.slots[slot] + f64.room[slot]) - 1) / this.settings.entryBlur))
  }

  /** An agent of which nothing has been told is not faded, only unknown. Nobody is overdue for the time in which we were away. */
  private fade(table: CandidateTable, slot: Slot, nowMs: number): void {
    const { reporting, overduePeriods } = this.settings
    if (this.ageMs === Infinity) {
      this.faded = 0
      return
    }
    const dueMs = overduePeriods * reporting.periodMs[table.i32.profile[slot]] + REPORT_GRACE_MS
    const silentMs = Math.min(this.ageMs, nowMs - table.header[TABLE.restored] * 1_000)
    this.faded = Math.max(0, Math.min(1, (silentMs - dueMs) / dueMs))
  }

  private sessionsOf(table: CandidateTable, slot: Slot, nowMs: number): number {
    const { f64, i32 } = table
    const slots = f64.slots[slot]
    const own = f64.handed[slot]
    const kappa = f64.kappa[i32.capability[slot]]
    const alike = 1 + this.settings.alikeness * (kappa - 1)
    const sent = own === 0 ? 0 : alike * own * Math.exp(-Math.max(0, nowMs - f64.handedAtMs[slot]) / this.serviceMs)
    const unknown = this.settings.unknownLoad * slots
    const isBusy = f64.busy[slot] > 0
    this.assumed = 0
    if (this.ageMs === Infinity) return this.assume(unknown) + sent + (isBusy ? this.refusedBeyond(table, slot, unknown, nowMs) : 0)
    const told = isBusy ? f64.busy[slot] : f64.active[slot]
    const toldAgeMs = isBusy ? Math.max(0, nowMs - f64.busyAtMs[slot]) : this.ageMs
    const left = Math.exp(-toldAgeMs / (this.serviceMs * Math.max(1, told / this.slots)))
    let sessions = told * left + sent + this.comingTo(table, slot, kappa) * (1 - left)
    if (!isBusy) sessions = this.withinSilence(table, slot, sessions)
    if (this.faded === 0) return sessions
    const isExpected = f64.reportedAtMs[slot] > 0
    return sessions + this.faded * this.assume(Math.max(sessions, isExpected ? unknown : unknown + sent) - sessions)
  }

  /** Notes that so many sessions are nobody's word. */
  private assume(sessions: number): number {
    this.assumed = sessions * (this.ageMs === Infinity ? 1 : this.faded)
    return sessions
  }

  /** Of an agent that tells nothing: by how many sessions it was fuller when it refused somebody than it is taken to be, as far as that is not done. */
  private refusedBeyond({ f64 }: CandidateTable, slot: Slot, unknown: number, nowMs: number): number {
    const busy = f64.busy[slot]
    const left = Math.exp(-Math.max(0, nowMs - f64.busyAtMs[slot]) / (this.serviceMs * Math.max(1, busy / this.slots)))
    return Math.max(0, busy - unknown) * left
  }

  /** Sessions there, on average, that other resolvers send without going by what we go by. */
  private comingTo({ f64 }: CandidateTable, slot: Slot, kappa: number): number {
    if (kappa <= 1 || f64.arrivalWeight[slot] === 0) return 0
    const perMs = f64.arrivalRate[slot] / f64.arrivalWeight[slot] / 1_000
    return (1 - this.settings.alikeness) * (1 - 1 / kappa) * Math.min(perMs * this.serviceMs, MOST_COMING * f64.slots[slot])
  }

  /** An agent that reports every change beyond a threshold, and is silent, has not changed by more. */
  private withinSilence({ f64, i32 }: CandidateTable, slot: Slot, sessions: number): number {
    const untold = untoldSessions(this.settings.reporting.threshold[i32.profile[slot]], f64.slots[slot], f64.untold[slot])
    return untold === 0 ? sessions : Math.max(f64.active[slot] - untold, sessions)
  }
}

/** Twice the exponent of what an arrival costs others: waiting begins later in parts of the slots the more there are, as it does by ρ^(√(2(c+1)) − 1) in queues with c of them (Sakasegawa 1977). */
function halvesFor(slots: number): number {
  return Math.round(3 + Math.sqrt(2 * (Math.min(slots, STEEPEST_SLOTS) + 1)) / 1.05)
}

/** z to so many halves. */
function inHalves(z: number, halves: number): number {
  let power = (halves & 1) === 0 ? 1 : Math.sqrt(z)
  for (let i = halves >> 1; i > 0; i--) power *= z
  return power
}

/** The agent's weight in parts of what is usual among those asked for; 1 for one that claims none. */
export function relativeWeight({ i32 }: CandidateTable, slot: Slot, weightReference: number): number {
  const weight = i32.weight[slot]
  return weight === NO_WEIGHT || weightReference === 0 ? 1 : Math.max(LEAST_WEIGHT, weight / weightReference)
}

/** Kilometres between two places, in millionths of a degree (haversine on a sphere: within 0.6 %). */
export function kilometresBetween(latitude: number, longitude: number, otherLatitude: number, otherLongitude: number): number {
  const a = Math.sin(((otherLatitude - latitude) * RADIANS) / 2)
  const b = Math.sin(((otherLongitude - longitude) * RADIANS) / 2)
  const h = a * a + Math.cos(latitude * RADIANS) * Math.cos(otherLatitude * RADIANS) * b * b
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h)))
}

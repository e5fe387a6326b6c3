/**
 * From a capability and a demand to the best live agents, in order: filter, shortlist, score, choose (docs/ranking.md).
 * Runs where queries are answered, on shared memory, without a lock and without allocating; `onScored` and
 * the filter's `onRejected` tell an explanation of it. One object per thread.
 *
 *     lookup ──► filter (every candidate) ──► shortlist (at most 64) ──► score ──► near-equals by weight ──► best first
 *                └─────── left out where the same was asked at the same moment (repeated.ts) ───────┘
 */
import { HANDED_HISTORY, MAX_RANKED_ANSWERS, MAX_SCORED_CANDIDATES, MAX_VERSION_LOOKS } from '../../dns/limits-discovery.ts'
import { type CandidateTable, type CapabilityMatch, holdsAgentOf, type Slot } from './candidates.ts'
import type { Demand } from './demand.ts'
import { relativeWeight } from './estimate.ts'
import { CandidateFilter } from './filter.ts'
import { RepeatedQuestion } from './repeated.ts'
import { Scorer } from './score.ts'
import { slownessOf } from './sensing.ts'
import type { RankingSettings } from './settings.ts'

/** A number from 0 up to 1, 1 excluded. */
export type Random = () => number

/** Candidates that a blurred choice considers at least, where there are as many. */
const LEAST_BLURRED = 8
/** Keys of the final order: near-equals stand above all scores. */
const ABOVE_SCORES = 2

/** Told of every candidate that was scored, for explanations; `scorer` tells how. */
export type Scored = (slot: Slot, scorer: Scorer, key: number) => void

/** Ranks; its result are the first `count` entries of the arrays. */
export class Ranker {
  /** The chosen, best first. */
  readonly slots = new Int32Array(MAX_RANKED_ANSWERS)
  readonly scores = new Float64Array(MAX_RANKED_ANSWERS)
  /** Milliseconds since each one's reading; Infinity without one. */
  readonly ages = new Float64Array(MAX_RANKED_ANSWERS)
  /** Bits of the soft wishes that each does not meet. */
  readonly unmet = new Int32Array(MAX_RANKED_ANSWERS)
  /** Version of each entry as it was scored: what is copied later must still be that. */
  readonly versions = new Int32Array(MAX_RANKED_ANSWERS)
  count = 0
  readonly filter: CandidateFilter
  readonly scorer: Scorer
  onScored: Scored | null = null
  private readonly settings: RankingSettings
  private readonly random: Random
  private readonly mostScored: number
  private shortSlots = new Int32Array(0)
  private shortScores = new Float64Array(0)
  private shortAges = new Float64Array(0)
  private shortUnmet = new Int32Array(0)
  private shortVersions = new Int32Array(0)
  private shortKeys = new Float64Array(0)
  /** How often each had been chosen when it was scored, and whether it is to be taken only where nobody else is. */
  private shortHeads = new Int32Array(0)
  private shortSuspects = new Uint8Array(0)
  private shortCount = 0
  private readonly last = new RepeatedQuestion()

  constructor(settings: RankingSettings, random: Random, mostScored: number = MAX_SCORED_CANDIDATES) {
    this.settings = settings
    this.random = random
    this.mostScored = mostScored
    this.filter = new CandidateFilter(settings)
    this.scorer = new Scorer(settings, this.filter)
    this.makeRoom(Math.min(mostScored, MAX_SCORED_CANDIDATES))
  }

  /** Chooses the best `most` of `match` for `demand`. */
  rank(table: CandidateTable, match: CapabilityMatch, demand: Demand, nowMs: number, most: number): void {
    this.count = 0
    const kappa = kappaOf(table, match)
    const isRepeated = !this.isExplained && this.last.is(table, match, demand, this.filter, nowMs, kappa) && this.refresh(table, match, demand, nowMs)
    if (!isRepeated) this.makeShortlist(table, match, demand, nowMs, kappa)
    if (this.shortCount === 0) return
    this.setKeys(table, match)
    this.choose(table, Math.min(most, MAX_RANKED_ANSWERS))
  }

  /** The same of candidates that are no list of the table's: they are neither those of the last question nor the next one's. */
  rankAnew(table: CandidateTable, match: CapabilityMatch, demand: Demand, nowMs: number, most: number): void {
    this.last.forget()
    this.rank(table, match, demand, nowMs, most)
    this.last.forget()
  }

  private get isExplained(): boolean {
    return this.onScored !== null || this.filter.onRejected !== null
  }

  private makeShortlist(table: CandidateTable, match: CapabilityMatch, demand: Demand, nowMs: number, kappa: number): void {
    const { filter, last } = this
    this.shortCount = 0
    last.begin(table)
    filter.run(table, match, demand, nowMs, this.wantedOf(match, kappa), this.random())
    if (filter.count === 0) return
    this.scorer.begin(table, demand)
    this.scoreShortlist(table, match, demand, nowMs, kappa)
    // where scores are blurred each asker gets a blur of his own
    if (kappa <= this.settings.blurFrom) last.note(table, match, demand, filter, nowMs, kappa)
  }

  /** Scores those of the last shortlist anew who were chosen since; false where one is not to be had any more. */
  private refresh(table: CandidateTable, match: CapabilityMatch, demand: Demand, nowMs: number): boolean {
    const { version, handedHead } = table.i32
    for (let i = 0; i < this.shortCount; i++) {
      const slot = this.shortSlots[i]
      if (version[slot] === this.shortVersions[i] && handedHead[slot] === this.shortHeads[i]) continue
      if (!this.scoreAt(i, table, slot, match, demand, nowMs, 1)) return false
    }
    return true
  }

  /** Notes that the asker was sent to `slot`, so that the next one meets its load (docs/ranking.md). Any thread may. */
  hand(table: CandidateTable, slot: Slot, nowMs: number): void {
    const { f64, i32, handedTimes } = table
    const serviceMs = (f64.serviceMs[slot] || this.settings.unknownServiceMs) * slownessOf(table, slot, nowMs)
    f64.handed[slot] = f64.handed[slot] * Math.exp(-Math.max(0, nowMs - f64.handedAtMs[slot]) / serviceMs) + 1
    f64.handedAtMs[slot] = nowMs
    f64.chosen[slot] = f64.chosen[slot] * Math.exp(-Math.max(0, nowMs - f64.chosenAtMs[slot]) / this.settings.shareMs) + 1
    f64.chosenAtMs[slot] = nowMs
    handedTimes[slot * HANDED_HISTORY + ((Atomics.add(i32.handedHead, slot, 1) >>> 0) % HANDED_HISTORY)] = nowMs % 0x8000_0000
    Atomics.add(i32.picks, i32.capability[slot], 1)
  }

  /** How many candidates are scored: some of very many, and where many resolvers see little each, a random half, so that they do not move as one. */
  private wantedOf({ count }: CapabilityMatch, kappa: number): number {
    const wanted = Math.min(count, this.mostScored)
    return kappa > this.settings.blurFrom ? Math.min(wanted, Math.max(LEAST_BLURRED, Math.ceil(count / 2))) : wanted
  }

  /** Scores those left by the filter. */
  private scoreShortlist(table: CandidateTable, match: CapabilityMatch, demand: Demand, nowMs: number, kappa: number): void {
    const { list, count } = this.filter
    this.makeRoom(count)
    const noise = kappa > this.settings.blurFrom ? this.settings.blur * Math.log(kappa) : 0
    for (let i = 0; i < count; i++) {
      if (this.scoreAt(this.shortCount, table, list[i], match, demand, nowMs, noise === 0 ? 1 : Math.exp(-noise * gumbel(this.random())))) this.shortCount++
    }
  }

  /** Scores `slot` as entry `i` of the shortlist; false where it does not meet the demand any more, or was written to all the time. */
  private scoreAt(i: number, table: CandidateTable, slot: Slot, match: CapabilityMatch, demand: Demand, nowMs: number, blur: number): boolean {
    const { scorer } = this
    for (let looks = 0; looks < MAX_VERSION_LOOKS; looks++) {
      const version = Atomics.load(table.i32.version, slot)
      if ((version & 1) !== 0) continue
      if (!this.filter.stillMeets(slot)) return false // it has changed since the filter met it
      const head = table.i32.handedHead[slot]
      const score = scorer.scoreOf(table, slot, match, demand, nowMs, blur)
      if (Atomics.load(table.i32.version, slot) !== version) continue
      const { isSuspect, ageMs } = scorer.estimate
      this.shortSlots[i] = slot
      this.shortVersions[i] = version
      this.shortHeads[i] = head
      this.shortScores[i] = score
      this.shortAges[i] = ageMs
      this.shortUnmet[i] = scorer.unmet
      this.shortSuspects[i] = isSuspect ? 1 : 0
      if (this.onScored !== null) this.onScored(slot, scorer, isSuspect ? -1 : 0)
      return true
    }
    return false
  }

  /** Sets what the order goes by: the score, and for near-equals of the best a draw by weight (Efraimidis and Spirakis 2006). Suspects go only where nobody else is. */
  private setKeys(table: CandidateTable, match: CapabilityMatch): void {
    const { shortKeys, shortScores, shortSlots, shortSuspects, shortCount } = this
    let hasTrusted = false
    for (let i = 0; i < shortCount; i++) if (shortSuspects[i] === 0) hasTrusted = true
    let best = -1
    for (let i = 0; i < shortCount; i++) if (!(hasTrusted && shortSuspects[i] !== 0) && shortScores[i] > best) best = shortScores[i]
    const near = best * (1 - this.settings.nearEqual)
    for (let i = 0; i < shortCount; i++) {
      if (hasTrusted && shortSuspects[i] !== 0) shortKeys[i] = -1
      else if (shortScores[i] < near) shortKeys[i] = shortScores[i]
      else shortKeys[i] = ABOVE_SCORES + 1 / (1 - Math.log(1 - this.random()) / relativeWeight(table, shortSlots[i], match.weightReference))
    }
  }

  /** Takes the highest keys, no agent twice. */
  private choose(table: CandidateTable, most: number): void {
    const { shortKeys, shortCount } = this
    while (this.count < most) {
      let best = -1
      for (let i = 0; i < shortCount; i++) if (shortKeys[i] >= 0 && (best < 0 || shortKeys[i] > shortKeys[best])) best = i
      if (best < 0) return
      shortKeys[best] = -1
      if (!holdsAgentOf(table, this.slots, this.count, this.shortSlots[best])) this.take(best)
    }
  }

  private take(i: number): void {
    const at = this.count++
    this.slots[at] = this.shortSlots[i]
    this.versions[at] = this.shortVersions[i]
    this.scores[at] = this.shortScores[i]
    this.ages[at] = this.shortAges[i]
    this.unmet[at] = this.shortUnmet[i]
  }

  /** Explanations score more than an answer does; answers stay within what was set aside at the start. */
  private makeRoom(wanted: number): void {
    if (this.shortSlots.length >= wanted) return
    this.shortSlots = new Int32Array(wanted)
    this.shortVersions = new Int32Array(wanted)
    this.shortUnmet = new Int32Array(wanted)
    this.shortScores = new Float64Array(wanted)
    this.shortAges = new Float64Array(wanted)
    this.shortKeys = new Float64Array(wanted)
    this.shortHeads = new Int32Array(wanted)
    this.shortSuspects = new Uint8Array(wanted)
  }
}

/** Requests that reach the agents for each of ours, at one of the capabilities asked for. */
function kappaOf({ f64, i32 }: CandidateTable, { order, from, count }: CapabilityMatch): number {
  return count === 0 ? 1 : f64.kappa[i32.capability[order[from]]]
}

/** A draw from the standard Gumbel distribution, from one that is even. */
function gumbel(even: number): number {
  return -Math.log(-Math.log(even === 0 ? 1e-12 : even))
}

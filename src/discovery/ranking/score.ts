/**
 * How good one agent is for one demand: the worth of each criterion between 0 and 1, weighed by what the asker prefers
 * (docs/ranking.md). Worths are absolute: they do not depend on which other candidates there are, so that an agent that
 * joins or leaves never turns the order of two others round.
 *
 *     score = entry × (Σ weight × worth / Σ weight  + bonuses − penalty of the state)
 */
import type { CandidateTable, CapabilityMatch, Slot } from './candidates.ts'
import { Company, NEAR_KM } from './company.ts'
import { ABSENT, WISH, type Demand } from './demand.ts'
import { Estimate, kilometresBetween } from './estimate.ts'
import type { CandidateFilter } from './filter.ts'
import { METRIC, METRIC_COUNT, METRICS } from './metrics.ts'
import type { RankingSettings } from './settings.ts'
import { sharesName } from './tokens.ts'

/** Worth of what is not known. */
const UNKNOWN_WORTH = 0.5
/** kbit/s that are half as good as any rate can be. */
const HALF_RATE = 10_000
/** Accuracy, in ten-thousandths, that is worth nothing: a guess between two. */
const GUESS = 5_000
/** Scores one slot after the other; its fields tell how the last one came to its score. */
export class Scorer {
  readonly estimate: Estimate
  /** Worth of each metric, by METRIC; meaningful where its weight is above 0. */
  readonly worth = new Float64Array(METRIC_COUNT)
  /** The weights in use. */
  readonly weight = new Float64Array(METRIC_COUNT)
  /** Soft wishes that are not met: a bit for each, by its place in the demand. */
  unmet = 0
  score = 0
  kilometres = ABSENT
  readonly company = new Company()
  private readonly settings: RankingSettings
  private readonly filter: CandidateFilter
  private totalWeight = 1
  private patienceMs = 0

  constructor(settings: RankingSettings, filter: CandidateFilter) {
    this.settings = settings
    this.filter = filter
    this.estimate = new Estimate(settings)
  }

  /** Prepares for the candidates of one demand. */
  begin(table: CandidateTable, demand: Demand): void {
    const { settings, weight } = this
    if (demand.peer.isPresent || demand.group.isPresent) this.company.begin(table, demand)
    this.totalWeight = 0
    for (let i = 0; i < METRIC_COUNT; i++) {
      weight[i] = demand.hasWeights ? demand.weight[i] : settings.weights[i]
      this.totalWeight += weight[i]
    }
    const bound = demand.bound[METRIC.latency]
    this.patienceMs = bound === ABSENT ? settings.patienceMs : Math.max(1, bound / 1_000)
  }

  /** The score of `slot`, 0 to 1; `blur` multiplies its cost. */
  scoreOf(table: CandidateTable, slot: Slot, match: CapabilityMatch, demand: Demand, nowMs: number, blur: number): number {
    const { estimate, settings } = this
    this.unmet = 0
    estimate.reckon(table, slot, nowMs, this.wayOf(table, slot, demand), match.weightReference)
    let sum = 0
    for (let metric = 0; metric < METRIC_COUNT; metric++) {
      if (this.weight[metric] === 0) continue
      this.worth[metric] = metric === METRIC.latency ? this.patienceMs / (this.patienceMs + estimate.costMs * blur) : this.worthOf(table, slot, metric, match, demand)
      sum += this.weight[metric] * this.worth[metric]
    }
    const wishes = demand.keyCount === 0 ? 0 : this.weighWishes(table, slot, demand)
    const score = sum / this.totalWeight + wishes - settings.statePenalty[table.i32.state[slot]] * (1 - estimate.faded)
    this.score = Math.max(0, Math.min(1, score * estimate.entry))
    return this.score
  }

  /** Milliseconds of way, where the asker says where it is and the agent does too. */
  private wayOf({ i32 }: CandidateTable, slot: Slot, demand: Demand): number {
    this.kilometres = ABSENT
    if (demand.order[WISH.near] === ABSENT) return 0
    const { nearMs, msPerKilometre } = this.settings
    const isKnown = i32.location[slot] !== 0
    if (isKnown) this.kilometres = kilometresBetween(demand.latitude, demand.longitude, i32.latitude[slot], i32.longitude[slot])
    if (!isKnown || this.kilometres > NEAR_KM) this.miss(demand, WISH.near)
    return isKnown ? nearMs + msPerKilometre * this.kilometres : nearMs + msPerKilometre * EVERYWHERE_KM
  }

  private worthOf(table: CandidateTable, slot: Slot, metric: number, match: CapabilityMatch, demand: Demand): number {
    if (metric === METRIC.concurrency) return Math.max(0, 1 - this.estimate.sessions / table.f64.slots[slot])
    const value = this.filter.believed(metric, slot)
    if (metric === METRIC.accuracy) return value === ABSENT ? 0 : Math.max(0, Math.min(1, (value - GUESS) / (10_000 - GUESS)))
    if (value === ABSENT) return UNKNOWN_WORTH
    if (metric === METRIC.cost) return worthOfCost(value, demand.bound[METRIC.cost], match.costReference)
    if (METRICS[metric].size === 4) return value / (value + HALF_RATE)
    return METRICS[metric].atMost ? 1 - value / 10_000 : value / 10_000
  }

  private weighWishes(table: CandidateTable, slot: Slot, demand: Demand): number {
    const { settings, estimate } = this
    let sum = 0
    if (demand.order[WISH.provider] !== ABSENT) {
      if (isProvider(table, slot, demand)) sum += settings.providerBonus
      else this.miss(demand, WISH.provider)
    }
    if (demand.order[WISH.peer] !== ABSENT) {
      if (this.company.isNearPeer(table, slot)) sum += settings.peerBonus
      else this.miss(demand, WISH.peer)
    }
    if (demand.order[WISH.group] !== ABSENT) {
      if (this.company.isNearGroup(table, slot)) sum += settings.peerBonus
      else this.miss(demand, WISH.group)
    }
    if (demand.order[WISH.maxAge] !== ABSENT && estimate.ageMs > demand.maxAgeMs) {
      sum -= settings.stalePenalty
      this.miss(demand, WISH.maxAge)
    }
    return sum
  }

  private miss(demand: Demand, wish: number): void {
    if (demand.order[wish] < 32) this.unmet |= 1 << demand.order[wish]
  }
}

/** Kilometres that an agent is away that does not say where it is: a quarter of the way around the earth. */
const EVERYWHERE_KM = 10_000

/** Below a bound: what is left of it. Without one: half where it costs what is usual. */
function worthOfCost(cost: number, bound: number, reference: number): number {
  if (bound > 0) return Math.max(0, 1 - cost / bound)
  return reference === 0 ? UNKNOWN_WORTH : reference / (reference + cost)
}

function isProvider({ i32, heap }: CandidateTable, slot: Slot, { octets, provider }: Demand): boolean {
  const value = i32.provider[slot]
  if (value === 0) return false
  const at = i32.valueAt[value]
  return sharesName(octets, provider.at, provider.end, heap, at, at + i32.valueLength[value])
}

/**
 * Who may be chosen at all: those alive that meet every hard demand (docs/protocol.md 4, steps 1 and 2). A candidate is
 * tested until something speaks against it; what has spoken against most is tested first. Where there are more candidates
 * than are scored, they are met in an order of chance, and as soon as enough are found the rest is left alone.
 *
 * What an agent neither claims nor has measured does not meet a bound on it.
 */
import { MAX_PARAMETER_ITEMS } from '../../dns/limits.ts'
import type { CandidateTable, CapabilityMatch, Slot } from './candidates.ts'
import { ABSENT, type Demand, type Span } from './demand.ts'
import { DRAINING, METRIC, METRIC_COUNT, METRICS } from './metrics.ts'
import { nameHash } from './name-hash.ts'
import { believedAccuracy, slownessOf } from './sensing.ts'
import type { RankingSettings } from './settings.ts'
import { TABLE } from './table-layout.ts'
import { holdsAllTokens, isSameText, sharesName } from './tokens.ts'
import { nameEnd, sameFolded } from './values.ts'

/** Why a candidate is not chosen: the agent's own state, then what the demand says; from `latency` on the bound of that metric, in the order of METRIC; last what a face asks for. */
export const REASON = {
  none: 0, gone: 1, expired: 2, failed: 3, held: 4, binding: 5, region: 6, security: 7, modality: 8, onlyProvider: 9, avoided: 10,
  latency: 11, accuracy: 12, concurrency: 13, cost: 14, stability: 15, history: 16, uplink: 17, downlink: 18, errors: 19,
  protocol: 20,
} as const
/** A value of REASON. */
export type Reason = (typeof REASON)[keyof typeof REASON]
/** How many there are. */
export const REASON_COUNT = 21
/** First reason that the demand gives. */
export const FIRST_DEMANDED: number = REASON.binding

const AVOID_SLOTS = 1_024 // four times MAX_PARAMETER_ITEMS: short probes
/** Candidates after which criteria are put in order anew. */
const REORDER_EVERY = 128
/** Steps through a run of candidates that look like chance; one of them always has no factor in common with its length. */
const STRIDES = [7_919, 104_729, 611_953, 1_299_709, 15_485_863]

/** Told of every candidate that falls out, for explanations. */
export type Rejected = (slot: Slot, reason: Reason) => void

/** What an agent that says nothing of security counts as (docs/protocol.md 2). */
const OPEN = Buffer.from('\x04open')

/** Filters; one per thread, its lists are used again by every query. */
export class CandidateFilter {
  /** Those left; valid up to `count`. */
  list = new Int32Array(64)
  count = 0
  /** How many fell out, by REASON; all of them where `count` is 0. */
  readonly fallen = new Int32Array(REASON_COUNT)
  /** How often it was run. */
  runs = 0
  /** Bits of PROTOCOL of which a candidate must speak one; 0 for any. A face sets it for one choice. */
  protocols = 0
  /** Told of each that falls out; null where nobody asks. */
  onRejected: Rejected | null = null
  private readonly settings: RankingSettings
  private table!: CandidateTable
  private demand!: Demand
  private nowMs = 0
  /** What the demand wants tested, as REASON; valid up to `criterionCount`. */
  private readonly criteria = new Uint8Array(REASON_COUNT)
  private criterionCount = 0
  /** For each value of a table and each criterion that compares values: twice the number of the query, and 1 for a match. */
  private verdicts = new Int32Array(4 * 64)
  private queries = 0
  private readonly avoided = new Int32Array(AVOID_SLOTS)

  constructor(settings: RankingSettings) {
    this.settings = settings
  }

  /** Leaves up to `wanted` of `match` in `list` that live and meet the demand; `even` is a number of chance from 0 up to 1. */
  run(table: CandidateTable, match: CapabilityMatch, demand: Demand, nowMs: number, wanted: number, even: number): void {
    this.begin(table, demand, nowMs)
    const { order, from, count } = match
    if (this.list.length < wanted && this.list.length < count) this.list = new Int32Array(count)
    const isAll = count <= wanted
    const stride = isAll ? 1 : strideFor(count, even)
    let at = isAll ? 0 : Math.floor(even * count)
    let kept = 0
    for (let left = count; left > 0 && kept < wanted; left--) {
      const slot = order[from + at]
      at += stride
      if (at >= count) at -= count
      const reason = this.against(slot)
      if (reason === REASON.none) this.list[kept++] = slot
      else this.reject(slot, reason)
      if (left % REORDER_EVERY === 0) this.putHardestFirst()
    }
    this.count = kept
  }

  /** Whether a candidate that was left still lives and meets the demand of the last `run`; one that does not has fallen. */
  stillMeets(slot: Slot): boolean {
    const reason = this.against(slot)
    if (reason !== REASON.none) this.reject(slot, reason)
    return reason === REASON.none
  }

  private begin(table: CandidateTable, demand: Demand, nowMs: number): void {
    this.runs++
    this.table = table
    this.demand = demand
    this.nowMs = nowMs
    for (let reason = 0; reason < REASON_COUNT; reason++) this.fallen[reason] = 0
    this.criterionCount = 0
    if (this.protocols !== 0) this.want(REASON.protocol)
    if (demand.keyCount === 0) return
    for (let metric = 0; metric < METRIC_COUNT; metric++) if (demand.bound[metric] !== ABSENT) this.want(REASON.latency + metric)
    if (demand.binding !== ABSENT) this.want(REASON.binding)
    if (demand.region.isPresent) this.want(REASON.region)
    if (demand.security.isPresent) this.want(REASON.security)
    if (demand.modality.isPresent) this.want(REASON.modality)
    if (demand.onlyProvider.isPresent) this.want(REASON.onlyProvider)
    if (demand.avoid.isPresent) this.wantAvoid(demand)
    this.beginVerdicts()
  }

  private want(reason: number): void {
    this.criteria[this.criterionCount++] = reason
  }

  /** Moves the criterion that most have failed to the front. */
  private putHardestFirst(): void {
    const { criteria, fallen, criterionCount } = this
    let hardest = 0
    for (let i = 1; i < criterionCount; i++) if (fallen[criteria[i]] > fallen[criteria[hardest]]) hardest = i
    const first = criteria[0]
    criteria[0] = criteria[hardest]
    criteria[hardest] = first
  }

  private reject(slot: Slot, reason: Reason): void {
    this.fallen[reason]++
    if (this.onRejected !== null) this.onRejected(slot, reason)
  }

  /** What speaks against a candidate first; `none` where nothing does. */
  private against(slot: Slot): Reason {
    const { table, criteria, criterionCount } = this
    if (slot >>> 0 >= table.capacity) return REASON.gone // a list that was written over, which `isCurrent` will tell
    if (table.f64.leaseEndMs[slot] <= this.nowMs || (table.i32.attention[slot] !== 0 && !this.isFree(slot))) return this.reasonOfDeath(slot)
    for (let i = 0; i < criterionCount; i++) if (!this.isMet(criteria[i], slot)) return criteria[i] as Reason
    return REASON.none
  }

  private isFree(slot: Slot): boolean {
    return isAble(this.table, slot) && !this.isHeld(slot)
  }

  /** Whether another task group than the asker's holds the agent. */
  private isHeld(slot: Slot): boolean {
    const { table: { f64, heap, i32 }, demand: { group, octets } } = this
    if (f64.holdEndMs[slot] <= this.nowMs) return false
    const value = i32.holder[slot]
    const at = i32.valueAt[value]
    return !(value !== 0 && group.isPresent && isSameText(octets, group.at, group.end, heap, at, at + i32.valueLength[value]))
  }

  private reasonOfDeath(slot: Slot): Reason {
    const { f64, i32 } = this.table
    if (i32.rdataLength[slot] === 0) return REASON.gone
    if (f64.leaseEndMs[slot] <= this.nowMs) return REASON.expired
    return this.isHeld(slot) ? REASON.held : REASON.failed
  }

  private isMet(reason: number, slot: Slot): boolean {
    const { demand, table } = this
    if (reason === REASON.protocol) return (table.i32.protocols[slot] & this.protocols) !== 0
    if (reason >= REASON.latency) return this.isWithin(reason - REASON.latency, slot)
    switch (reason) {
      case REASON.binding: return table.i32.binding[slot] === demand.binding
      case REASON.region: return this.isMatch(demand.region, table.i32.region[slot], 0)
      case REASON.security: return this.isMatch(demand.security, table.i32.security[slot], 1)
      case REASON.modality: return this.isMatch(demand.modality, table.i32.modality[slot], 2)
      case REASON.onlyProvider: return this.isMatch(demand.onlyProvider, table.i32.provider[slot], 3)
      default: return !this.isAvoided(slot)
    }
  }

  private isWithin(metric: number, slot: Slot): boolean {
    const bound = this.demand.bound[metric]
    const value = this.believed(metric, slot)
    if (METRICS[metric].atMost) return value <= bound && value >= 0
    return value >= bound && value >= 0
  }

  /** What is believed of a metric: the reading where it is fresh, else the claim, corrected by what askers met; ABSENT where nothing is known. */
  believed(metric: number, slot: Slot): number {
    const { table } = this
    const value = this.told(metric, slot)
    if (value === ABSENT) return ABSENT
    if (metric === METRIC.accuracy) return believedAccuracy(table, slot, value)
    if (metric === METRIC.latency) return value * slownessOf(table, slot, this.nowMs)
    if (metric === METRIC.concurrency) return Math.max(0, value - this.taken(slot)) // free slots
    return value
  }

  private told(metric: number, slot: Slot): number {
    const { table } = this
    const bit = 1 << metric
    if ((table.i32.measured[slot] & bit) !== 0 && this.isFresh(slot)) return table.readings[metric][slot] >>> 0
    return (table.i32.claimed[slot] & bit) !== 0 ? table.claims[metric][slot] >>> 0 : ABSENT
  }

  private isFresh(slot: Slot): boolean {
    const { reporting, overduePeriods } = this.settings
    return this.nowMs - this.table.f64.readingAtMs[slot] <= overduePeriods * reporting.periodMs[this.table.i32.profile[slot]]
  }

  /** Sessions last told, and those that we sent since. */
  private taken(slot: Slot): number {
    const { f64 } = this.table
    return (this.isFresh(slot) ? f64.active[slot] : 0) + f64.handed[slot]
  }

  private beginVerdicts(): void {
    const values = this.table.header[TABLE.values]
    if (this.verdicts.length < values * 4) this.verdicts = new Int32Array(values * 8)
    if (++this.queries <= 0x3fff_ffff) return
    this.verdicts.fill(0)
    this.queries = 1
  }

  /** Whether the agent's value number `value` is as `wanted`; each different value is compared once in a query. */
  private isMatch(wanted: Span, value: number, kind: number): boolean {
    const { verdicts, queries } = this
    const known = verdicts[value * 4 + kind]
    return known >>> 1 === queries ? (known & 1) !== 0 : this.compare(wanted, value, kind)
  }

  private compare(wanted: Span, value: number, kind: number): boolean {
    const { heap, i32 } = this.table
    const { octets } = this.demand
    const at = i32.valueAt[value]
    const end = at + i32.valueLength[value]
    const isGood = value === 0 ? kind === 1 && holdsAllTokens(octets, wanted.at, wanted.end, OPEN, 0, OPEN.length)
      : kind === 0 ? isSameText(octets, wanted.at, wanted.end, heap, at, end)
        : kind === 3 ? sharesName(octets, wanted.at, wanted.end, heap, at, end)
          : holdsAllTokens(octets, wanted.at, wanted.end, heap, at, end)
    this.verdicts[value * 4 + kind] = this.queries * 2 + (isGood ? 1 : 0) // beyond its end, for a value that is younger than the query, this does nothing
    return isGood
  }

  /** `avoid` as a set of hashes, so that a list of names costs each candidate one probe. */
  private wantAvoid({ octets, avoid }: Demand): void {
    const { avoided } = this
    avoided.fill(0)
    for (let at = avoid.at, items = 0; at < avoid.end && items < MAX_PARAMETER_ITEMS; at = nameEnd(octets, at, avoid.end), items++) {
      let slot = nameHash(octets, at) & (AVOID_SLOTS - 1)
      while (avoided[slot] !== 0) slot = (slot + 1) & (AVOID_SLOTS - 1)
      avoided[slot] = at
    }
    this.want(REASON.avoided)
  }

  private isAvoided(slot: Slot): boolean {
    const { heap, i32 } = this.table
    const { octets, avoid } = this.demand
    const nameAt = i32.rdataAt[slot] + 2
    for (let probe = i32.agentHash[slot] & (AVOID_SLOTS - 1); this.avoided[probe] !== 0; probe = (probe + 1) & (AVOID_SLOTS - 1)) {
      const at = this.avoided[probe]
      if (sameFolded(octets, at, heap, nameAt, nameEnd(octets, at, avoid.end) - at)) return true
    }
    return false
  }
}

/** Whether the agent is there, has not failed and does not drain. */
function isAble({ i32 }: CandidateTable, slot: Slot): boolean {
  return i32.state[slot] < DRAINING && i32.unwell[slot] === 0 && i32.rdataLength[slot] > 0
}

/** Whether an agent may be answered to who demands nothing: it is registered, its lease runs, it has not failed, does not drain, and nobody holds it. */
export function isLiving(table: CandidateTable, slot: Slot, nowMs: number): boolean {
  return table.f64.leaseEndMs[slot] > nowMs && table.f64.holdEndMs[slot] <= nowMs && isAble(table, slot)
}

/** A stride that meets each of `count` places once before any twice. */
function strideFor(count: number, even: number): number {
  const first = Math.floor(even * 1_000_003) % STRIDES.length
  for (let i = 0; i < STRIDES.length; i++) {
    const stride = STRIDES[(first + i) % STRIDES.length] % count
    if (stride > 0 && greatestCommonDivisor(stride, count) === 1) return stride
  }
  return 1
}

function greatestCommonDivisor(a: number, b: number): number {
  while (b > 0) {
    const rest = a % b
    a = b
    b = rest
  }
  return a
}

/**
 * What askers met (`outcome` of a demand, docs/protocol.md 3): from their octets to the reputation and the load of the
 * agents named. Signed or from an address that is proven; each asker has its share, so that no single one makes or breaks an agent.
 *
 *     demand ─► which offers? ─► told before? ─► weighs, corrects? ─► share left? ─► Sensing.observe
 *                 none: unknown     repeated        neither: capped       no: capped
 *
 * An outcome names an agent, not what it was asked for: it counts for the offers of the agent at or below the name that is
 * asked for now, or for all of them where it offers nothing there. One that was not reached was not reached for anything.
 */
import {
  LOAD_WORD_REST_MS, MAX_OUTCOME_ASKERS, MAX_OUTCOME_PAIRS, MAX_OUTCOMES_PER_DEMAND, MAX_READING_AHEAD_MS, OUTCOME_SHARE_MS, OUTCOME_TOLD_MS,
  OUTCOMES_ALONE, SIGNED_OUTCOMES, UNSIGNED_OUTCOMES,
} from '../../dns/limits-discovery.ts'
import { Name } from '../../dns/name.ts'
import { forEachOutcome, type Outcome } from '../ranking/reading.ts'
import { believedAccuracy, slownessOf, TOLD_SLOWNESS, type Weight } from '../ranking/sensing.ts'
import { METRIC } from '../ranking/metrics.ts'
import { nameEnd, RESULT, UNTOLD } from '../ranking/values.ts'
import type { Signer } from '../../update/contract.ts'
import type { Candidates } from '../ranking/zone-candidates.ts'

const COUNTED = 'outcomes of choices that count, by what they say'
const LEFT = 'outcomes that do not count, by why; of those unproven or lost, whole demands'

/** What is counted, and what one more means. docs/ranking.md has the reasons. */
export const OUTCOME_COUNTERS = {
  'outcome.done': COUNTED,
  'outcome.busy': COUNTED,
  'outcome.unreachable': COUNTED,
  'outcome.wrong': COUNTED,
  'outcome_left.old': LEFT,
  'outcome_left.repeated': LEFT,
  'outcome_left.capped': LEFT,
  'outcome_left.own': LEFT,
  'outcome_left.unknown': LEFT,
  'outcome_left.unproven': LEFT,
  'outcome_left.lost': LEFT,
} as const
/** One of them. */
export type OutcomeCounter = keyof typeof OUTCOME_COUNTERS

/** Who tells: an address that is proven, or a key. */
export interface Asker {
  /** Identity, as `key KEYNAME` or `192.0.2.1`. */
  readonly id: string
  /** Outcomes that may count within a minute. */
  readonly share: number
  /** The operator has given it a secret: what it says weighs, however often and however alone. */
  readonly isTrusted: boolean
  /** Whom the key belongs to, where an agent's own has signed: nobody is believed of himself. */
  readonly agent?: Name
}

/** Word for the operator: an agent promises more than its askers meet. */
export interface PromiseBroken {
  agent: string
  capability: string
  /** How many times slower than it says. */
  slowness: number
  /** As claimed and as believed, 0 to 1; undefined where none is claimed. */
  accuracy?: { claimed: number; believed: number }
}

/** What it needs. */
export interface OutcomeDeskOptions {
  /** The candidates of the zone that a name is in. */
  candidatesAbove(owner: Name, rrClass: number): Candidates | undefined
  /** Milliseconds since 1970, by the clock that leases run by. */
  nowMs(): number
  onBroken(told: PromiseBroken): void
}

interface Share {
  left: number
  atMs: number
}

/** One asker and one agent. */
interface Pair {
  /** Time of the last outcome. */
  lastMs: number
  /** When its word counted last that the agent is away or full, and how many sessions it has. */
  awayMs: number
  loadMs: number
  /** Outcomes that weighed. */
  count: number
}

/** Outcomes of all askers that weighed. */
interface Total {
  count: number
}

const RESULT_COUNTERS = ['outcome.done', 'outcome.busy', 'outcome.unreachable', 'outcome.wrong'] as const
/** Believed accuracy in parts of the claimed one below which the operator is told. */
const TOLD_ACCURACY = 0.8

/** Takes outcomes; on the thread that writes the tables. */
export class OutcomeDesk {
  readonly counts: Record<OutcomeCounter, number>
  private readonly options: OutcomeDeskOptions
  private readonly shares = new Map<string, Share>()
  private readonly pairs = new Map<string, Pair>()
  private readonly totals = new Map<string, Total>()
  /** When each agent was told of last. */
  private readonly told = new Map<string, number>()

  constructor(options: OutcomeDeskOptions) {
    this.options = options
    this.counts = Object.fromEntries(Object.keys(OUTCOME_COUNTERS).map((name) => [name, 0])) as Record<OutcomeCounter, number>
  }

  /** Takes the value of `outcome`, checked by `Demand.read`, of a demand at `owner`. */
  take(asker: Asker, owner: Uint8Array, rrClass: number, value: Uint8Array): void {
    const name = Name.fromWire(owner)
    const candidates = this.options.candidatesAbove(name, rrClass)
    let items = 0
    forEachOutcome(value, 0, value.length, (nameAt, outcome) => {
      const agent = value.slice(nameAt, nameEnd(value, nameAt, value.length))
      const counter = ++items > MAX_OUTCOMES_PER_DEMAND ? 'outcome_left.capped' : this.judge(asker, name, agent, outcome, candidates)
      this.counts[counter]++
    })
  }

  private judge(asker: Asker, owner: Name, agent: Uint8Array, outcome: Outcome, candidates: Candidates | undefined): OutcomeCounter {
    const nowMs = this.options.nowMs()
    const slots = candidates === undefined ? [] : slotsMeant(candidates, owner, agent, outcome.result)
    if (candidates === undefined || slots.length === 0) return 'outcome_left.unknown'
    if (asker.agent?.equals(Name.fromWire(agent)) === true) return 'outcome_left.own'
    const { pair, all } = this.historyOf(asker, agent)
    if (outcome.atMs <= pair.lastMs) return 'outcome_left.repeated'
    const weight = weightOf(asker, outcome, pair, all, nowMs)
    if (!this.spend(asker, nowMs) || !(weight.weighs || weight.corrects)) return 'outcome_left.capped'
    // clocks differ a little: what has only just been is now
    const met = outcome.atMs > nowMs && outcome.atMs <= nowMs + MAX_READING_AHEAD_MS ? { ...outcome, atMs: nowMs } : outcome
    const results = slots.map((slot) => candidates.sensing.observe(slot, met, nowMs, weight))
    if (!results.includes('taken')) return 'outcome_left.old'
    pair.lastMs = outcome.atMs
    if (weight.corrects) pair[isAway(outcome) ? 'awayMs' : 'loadMs'] = nowMs
    if (weight.weighs) all.count = (pair.count++, all.count + 1)
    for (const slot of slots) this.tellOf(candidates, slot, nowMs)
    return RESULT_COUNTERS[outcome.result]
  }

  /** What the asker, and what all together, have told of an agent. */
  private historyOf({ id }: Asker, agent: Uint8Array): { pair: Pair; all: Total } {
    const { key } = Name.fromWire(agent)
    return {
      pair: remembered(this.pairs, `${id} ${key}`, MAX_OUTCOME_PAIRS, () => ({ lastMs: -Infinity, awayMs: -Infinity, loadMs: -Infinity, count: 0 })),
      all: remembered(this.totals, key, MAX_OUTCOME_PAIRS, () => ({ count: 0 })),
    }
  }

  /** Takes one of the asker's share; false where it is spent. What was spent comes back within a minute. */
  private spend({ id, share: most }: Asker, nowMs: number): boolean {
    const share = remembered(this.shares, id, MAX_OUTCOME_ASKERS, () => ({ left: most, atMs: nowMs }))
    share.left = Math.min(most, share.left + (most * Math.max(0, nowMs - share.atMs)) / OUTCOME_SHARE_MS)
    share.atMs = nowMs
    if (share.left < 1) return false
    share.left--
    return true
  }

  /** Tells the operator where an agent promises more than its askers meet. */
  private tellOf({ registrar }: Candidates, slot: number, nowMs: number): void {
    const { table } = registrar
    const claimed = (table.i32.claimed[slot] & (1 << METRIC.accuracy)) === 0 ? undefined : table.claims[METRIC.accuracy][slot]
    const believed = claimed === undefined ? undefined : believedAccuracy(table, slot, claimed)
    const slowness = slownessOf(table, slot, nowMs)
    const isWrong = claimed !== undefined && believed !== undefined && believed < claimed * TOLD_ACCURACY
    if (slowness < TOLD_SLOWNESS && !isWrong) return
    const agent = Name.fromWire(registrar.rdataOf(slot), 2)
    const capability = Name.fromWire(registrar.ownerOf(slot))
    const id = `${agent.key} ${capability.key}`
    if (nowMs - (this.told.get(id) ?? -Infinity) < OUTCOME_TOLD_MS) return
    this.told.delete(id)
    remembered(this.told, id, MAX_OUTCOME_ASKERS, () => nowMs)
    const accuracy = claimed === undefined || believed === undefined ? {} : { accuracy: { claimed: claimed / 10_000, believed: Math.round(believed) / 10_000 } }
    this.options.onBroken({ agent: agent.toString(), capability: capability.toString(), slowness: Math.round(slowness * 100) / 100, ...accuracy })
  }
}

/** Whether an outcome says that the agent takes nothing more. */
function isAway({ result }: Outcome): boolean {
  return result === RESULT.unreachable || result === RESULT.busy
}

/** What an outcome counts for: no asker whom the operator does not know makes or breaks an agent alone. */
function weightOf({ isTrusted }: Asker, outcome: Outcome, pair: Pair, all: Total, nowMs: number): Required<Weight> {
  if (isTrusted) return { weighs: outcome.result !== RESULT.unreachable, corrects: true }
  return {
    weighs: outcome.result !== RESULT.unreachable && pair.count < OUTCOMES_ALONE + (all.count - pair.count),
    corrects: isAway(outcome) ? nowMs - pair.awayMs >= LOAD_WORD_REST_MS : outcome.active !== UNTOLD && nowMs - pair.loadMs >= LOAD_WORD_REST_MS,
  }
}

/** Slots of the agent that the outcome counts for. */
function slotsMeant({ registrar }: Candidates, owner: Name, agent: Uint8Array, result: number): readonly number[] {
  const all = registrar.slotsOf(agent)
  if (result === RESULT.unreachable) return all
  const there = all.filter((slot) => Name.fromWire(registrar.ownerOf(slot)).isWithin(owner))
  return there.length > 0 ? there : all
}

/** The value of `key`, made anew where there is none; it is the youngest then, and the oldest goes where there are more than `most`. */
function remembered<Value>(map: Map<string, Value>, key: string, most: number, make: () => Value): Value {
  const value = map.get(key) ?? make()
  map.delete(key)
  map.set(key, value)
  if (map.size > most) for (const oldest of map.keys()) return map.delete(oldest), value
  return value
}

/** The asker that an address stands for: itself, or the /56 of IPv6 that one site has. */
export function askerAt(address: Uint8Array): Asker {
  return { id: address.subarray(0, address.length === 4 ? 4 : 7).join('.'), share: UNSIGNED_OUTCOMES, isTrusted: false }
}

/** The asker that a key stands for. A secret was given out by the operator; a KEY may be anybody's who has registered, so that it counts as an address does. */
export function askerWith({ kind, name }: Signer): Asker {
  return kind === 'tsig' ? { id: `key ${name.key}`, share: SIGNED_OUTCOMES, isTrusted: true } : { id: `key ${name.key}`, share: UNSIGNED_OUTCOMES, isTrusted: false, agent: name }
}

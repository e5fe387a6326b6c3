/**
 * Why an answer is as it is: every candidate of a demand, what is known of it, what each criterion is worth, and why it
 * stands where it stands or is out. It is told by the very ranker that answers (`onScored`, `onRejected`), which scores
 * up to MAX_EXPLAINED candidates here instead of MAX_SCORED_CANDIDATES; nothing is reckoned a second time.
 */
import type { HostZones } from '../../authority/choosing.ts'
import { WireFault } from '../../dns/faults.ts'
import { DEFAULT_RANKED_ANSWERS, MAX_EXPLAINED, MAX_SCORED_CANDIDATES } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { Name, printName } from '../../dns/name.ts'
import { STATES, type State } from '../../dns/parameter-table.ts'
import { PARAMETERS, type Parameter } from '../../dns/parameters.ts'
import type { ZoneImage } from '../../zone/image.ts'
import { type CandidateTable, CapabilityMatch, type Slot } from './candidates.ts'
import { ABSENT, Demand, WISH } from './demand.ts'
import { METRIC, METRIC_COUNT, METRICS } from './metrics.ts'
import { type CandidateFilter, REASON, type Reason } from './filter.ts'
import { type Random, Ranker } from './rank.ts'
import type { Scorer } from './score.ts'
import { believedAccuracy, slownessOf } from './sensing.ts'
import type { RankingSettings } from './settings.ts'
import { TABLE } from './table-layout.ts'

/** One metric of one candidate; values as text with their unit, such as `180ms`. */
export interface ExplainedCriterion {
  name: string
  claimed?: string
  measured?: string
  /** What counts: the fresh reading or the claim, corrected by what askers met. */
  believed?: string
  /** What was demanded: `at most 200ms`. */
  bound?: string
  /** 0 to 1; absent for who is out. */
  worth?: number
  weight: number
}

/** The load of one candidate. */
export interface ExplainedLoad {
  /** Milliseconds since its newest reading; null where it has never told one. */
  ageMs: number | null
  state: State
  /** Sessions, slots and waiting places as told; slots as claimed where nothing was told. */
  active: number
  slots: number
  queue: number
  serviceMs: number
  /** Requests that we sent it and no reading shows yet. */
  handed: number
  /** Sessions reckoned to be there now, and what one more costs in ms; absent for who is out. */
  sessions?: number
  costMs?: number
  /** Probability that it takes one more, which multiplies the score. */
  entry?: number
  /** How far the reading has faded, 0 to 1. */
  faded?: number
}

/** What askers met. */
export interface ExplainedReputation {
  outcomes: number
  /** Of these, how many were right. */
  right: number
  /** Times that it is slower than it says. */
  slowness: number
  /** Accuracy as believed, 0 to 1; absent where it claims none. */
  accuracy?: number
}

/** One candidate. */
export interface ExplainedCandidate {
  agent: string
  capability: string
  /** Place in the answer, from 1; absent for who is not in it. */
  rank?: number
  score?: number
  /** Why it is where it is, in words. */
  why: string
  /** What took it out: a key of the demand, or what became of it (`expired`, `held`, `failed`). */
  out?: string
  load: ExplainedLoad
  criteria: ExplainedCriterion[]
  reputation: ExplainedReputation
  /** Soft wishes that it does not meet. */
  unmet: string[]
}

/** A whole explanation. */
export interface Explanation {
  /** How many there are; more than MAX_EXPLAINED are not all looked at. */
  candidates: number
  /** Requests that reach the agents for each that we send (docs/ranking.md). */
  kappa: number
  /** An answer looks at a part of so many, drawn by chance. */
  isSampled: boolean
  /** In the order of the answer, then by score, then who is out. */
  explained: ExplainedCandidate[]
}

/** What is said where nobody stands, as the version has moved on. */
export interface MovedOn {
  /** The capability that it is found at now, as the alias says. */
  movedTo: string
}

/** What comes of a question why: an explanation, or where to ask instead. */
export type Explained = Explanation | MovedOn

/** A question to be explained. */
export interface ExplainOptions {
  settings: RankingSettings
  random: Random
  nowMs: number
  /** Agents of the answer. */
  most: number
  /** Where their addresses are, for `peer` and `group`; without it nobody is near anybody. */
  hosts?: HostZones
  /** The zone that is asked, for `group`. */
  home?: ZoneImage
}

const REASONS = Object.keys(REASON) as (keyof typeof REASON)[]
const OUT: Readonly<Partial<Record<keyof typeof REASON, string>>> = { onlyProvider: 'only-provider', avoided: 'avoid' }
const WORDS: Readonly<Partial<Record<keyof typeof REASON, string>>> = {
  gone: 'it has left', expired: 'its lease has ended',
  binding: 'it is bound otherwise than demanded', region: 'it is not in that region', security: 'it lacks a security property that is demanded',
  modality: 'it lacks a modality that is demanded', onlyProvider: 'its provider is none of those demanded', avoided: 'the asker avoids it',
  protocol: 'it does not speak the protocol',
}
const WISHES = Object.keys(WISH) as (keyof typeof WISH)[]
const WISH_NAMES: Readonly<Partial<Record<keyof typeof WISH, string>>> = { maxAge: 'max-age' }

/** Explains what the demand in `octets` gets at a capability; undefined where it is none of the table. WireFault where the demand is malformed. */
export function explainAt(table: CandidateTable, name: Name, octets: Uint8Array, options: Omit<ExplainOptions, 'most'>): Explanation | undefined {
  const demand = new Demand()
  if (!demand.read(octets, 0, octets.length)) throw new WireFault('Cannot read demand as it is malformed', 0)
  const lookup = new LookupName(table.header[TABLE.seed])
  const match = new CapabilityMatch()
  lookup.loadOnce(name.wire)
  if (!table.lookup(lookup, match) || match.count === 0) return undefined
  return explain(table, match, demand, { ...options, most: demand.count === 0 ? DEFAULT_RANKED_ANSWERS : demand.count })
}

/** Where the version at a capability has moved on to; undefined where it has not. */
export function movedOn(table: CandidateTable, name: Name): MovedOn | undefined {
  const lookup = new LookupName(table.header[TABLE.seed])
  const match = new CapabilityMatch()
  lookup.loadOnce(name.wire)
  if (!table.lookup(lookup, match) || match.count > 0 || match.aliasLength === 0) return undefined
  return { movedTo: printName(table.heap, match.aliasAt + 2) }
}

/** Explains what `demand` gets of `match`. */
export function explain(table: CandidateTable, match: CapabilityMatch, demand: Demand, options: ExplainOptions): Explanation {
  return new Explainer(table, match, demand, options).run()
}

class Explainer {
  private readonly table: CandidateTable
  private readonly match: CapabilityMatch
  private readonly demand: Demand
  private readonly options: ExplainOptions
  private readonly ranker: Ranker
  private readonly scored: { slot: Slot; isSuspect: boolean; told: ExplainedCandidate }[] = []
  private readonly rejected: ExplainedCandidate[] = []

  constructor(table: CandidateTable, match: CapabilityMatch, demand: Demand, options: ExplainOptions) {
    this.table = table
    this.match = match
    this.demand = demand
    this.options = options
    this.ranker = new Ranker(options.settings, options.random, MAX_EXPLAINED)
    this.ranker.scorer.company.hosts = options.hosts ?? null
    this.ranker.scorer.company.home = options.home ?? null
  }

  run(): Explanation {
    const { ranker, table, match, demand, options: { nowMs, most } } = this
    ranker.scorer.begin(table, demand) // for the weights of who is out before anybody is scored
    ranker.filter.onRejected = (slot, reason) => void this.rejected.push(this.outBy(slot, reason))
    ranker.onScored = (slot, scorer, key) => void this.scored.push({ slot, isSuspect: key < 0, told: this.scoredAs(slot, scorer) })
    ranker.rank(table, match, demand, nowMs, most)
    this.placeScored()
    const { count } = match
    const kappa = count === 0 ? 1 : table.f64.kappa[table.i32.capability[match.order[match.from]]]
    const inOrder = this.scored.map(({ told }) => told).sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || (b.score ?? 0) - (a.score ?? 0))
    return { candidates: count, kappa, isSampled: count > MAX_SCORED_CANDIDATES, explained: [...inOrder, ...this.rejected] }
  }

  /** Says of everybody who was scored where he stands, and why there. */
  private placeScored(): void {
    const { ranker, scored, options: { settings } } = this
    const places = new Map(Array.from({ length: ranker.count }, (_, i) => [ranker.slots[i], i + 1]))
    const chosen = new Set(scored.filter(({ slot }) => places.has(slot)).map(({ told }) => told.agent))
    const isAnybodyTrusted = scored.some(({ isSuspect }) => !isSuspect)
    const best = Math.max(...scored.filter(({ isSuspect }) => !isSuspect || !isAnybodyTrusted).map(({ told }) => told.score ?? 0))
    for (const { slot, told, isSuspect } of scored) {
      const rank = places.get(slot)
      if (rank !== undefined) told.rank = rank
      const near = (told.score ?? 0) >= best * (1 - settings.nearEqual)
      told.why = whyAt({ rank, near, isSuspect, isSaid: chosen.has(told.agent) })
    }
  }

  private outBy(slot: Slot, reason: Reason): ExplainedCandidate {
    const name = REASONS[reason]
    const metric = reason - REASON.latency
    const isMetric = metric >= 0 && metric < METRIC_COUNT
    const why = isMetric ? this.shortOf(metric, slot) : this.reasonOf(reason, slot)
    return { ...this.basicsOf(slot, this.ranker.scorer), why: `out: ${why}`, out: OUT[name] ?? name }
  }

  private reasonOf(reason: Reason, slot: Slot): string {
    if (reason === REASON.held) return this.heldBy(slot)
    if (reason === REASON.failed) return this.failureOf(slot)
    return WORDS[REASONS[reason]] ?? REASONS[reason]
  }

  /** It says so itself, or its probes do, whatever it says. */
  private failureOf(slot: Slot): string {
    const { state, unwell } = this.table.i32
    if (unwell[slot] !== 0) return 'it fails its probes'
    return STATES[state[slot]] === 'draining' ? 'it drains' : 'it has failed'
  }

  private heldBy(slot: Slot): string {
    const { heap, i32 } = this.table
    const holder = i32.holder[slot]
    return `it is held exclusively${holder === 0 ? '' : ` by ${printName(heap, i32.valueAt[holder])}`}`
  }

  private shortOf(metric: number, slot: Slot): string {
    const believed = this.ranker.filter.believed(metric, slot)
    const { name } = METRICS[metric]
    const has = believed === ABSENT ? `it neither claims nor has measured ${name}` : `${name} is ${print(metric, believed)}`
    return `${has}, demanded is ${boundText(metric, this.demand.bound[metric])}`
  }

  private scoredAs(slot: Slot, scorer: Scorer): ExplainedCandidate {
    const basics = this.basicsOf(slot, scorer)
    const { estimate: { sessions, costMs, entry, faded } } = scorer
    const criteria = basics.criteria.map((criterion) => {
      const metric = METRIC[criterion.name as keyof typeof METRIC]
      return scorer.weight[metric] === 0 ? criterion : { ...criterion, worth: scorer.worth[metric] }
    })
    const unmet = WISHES.filter((wish) => this.demand.order[WISH[wish]] !== ABSENT && (scorer.unmet & (1 << this.demand.order[WISH[wish]])) !== 0)
    return {
      ...basics, criteria, score: scorer.score, load: { ...basics.load, sessions, costMs, entry, faded }, unmet: unmet.map((wish) => WISH_NAMES[wish] ?? wish),
    }
  }

  private basicsOf(slot: Slot, scorer: Scorer): ExplainedCandidate {
    const { table } = this
    const { heap, i32 } = table
    const number = i32.capability[slot]
    const nameAt = i32.capabilityAt[number]
    return {
      agent: printName(heap, i32.rdataAt[slot] + 2), capability: Name.fromWire(heap, nameAt).toString(), why: '',
      load: this.loadOf(slot), criteria: this.criteriaOf(slot, scorer), reputation: reputationOf(table, slot, this.options.nowMs), unmet: [],
    }
  }

  private loadOf(slot: Slot): ExplainedLoad {
    const { f64, i32 } = this.table
    const atMs = f64.readingAtMs[slot]
    return {
      ageMs: atMs === 0 ? null : Math.max(0, this.options.nowMs - atMs), state: STATES[i32.state[slot]] ?? 'failed',
      active: f64.active[slot], slots: f64.slots[slot], queue: f64.room[slot], serviceMs: f64.serviceMs[slot], handed: f64.handed[slot],
    }
  }

  /** Metrics of which anything is known, demanded or weighed. */
  private criteriaOf(slot: Slot, scorer: Scorer): ExplainedCriterion[] {
    const { table: { i32, claims, readings }, demand, ranker: { filter } } = this
    const told = (mask: Int32Array, columns: readonly Int32Array[], metric: number): string | undefined =>
      (mask[slot] & (1 << metric)) === 0 ? undefined : print(metric, columns[metric][slot] >>> 0)
    return METRICS.flatMap(({ name }, metric) => {
      const claimed = told(i32.claimed, claims, metric)
      const measured = told(i32.measured, readings, metric)
      const bound = demand.bound[metric] === ABSENT ? undefined : boundText(metric, demand.bound[metric])
      const weight = scorer.weight[metric]
      if (claimed === undefined && measured === undefined && bound === undefined && weight === 0) return []
      const believed = believedText(filter, metric, slot)
      return [{ name, ...(claimed && { claimed }), ...(measured && { measured }), ...(believed && { believed }), ...(bound && { bound }), weight }]
    })
  }
}

function believedText(filter: CandidateFilter, metric: number, slot: Slot): string | undefined {
  const value = filter.believed(metric, slot)
  return value === ABSENT ? undefined : print(metric, value)
}

function reputationOf(table: CandidateTable, slot: Slot, nowMs: number): ExplainedReputation {
  const { f64, i32, claims } = table
  const isClaimed = (i32.claimed[slot] & (1 << METRIC.accuracy)) !== 0
  const accuracy = isClaimed ? { accuracy: believedAccuracy(table, slot, claims[METRIC.accuracy][slot]) / 10_000 } : {}
  return { outcomes: f64.outcomes[slot], right: f64.right[slot], slowness: slownessOf(table, slot, nowMs), ...accuracy }
}

interface Place {
  rank: number | undefined
  near: boolean
  isSuspect: boolean
  isSaid: boolean
}

function whyAt({ rank, near, isSuspect, isSaid }: Place): string {
  if (rank !== undefined && isSuspect) return 'overdue with its readings or not reached, and there is nobody else'
  if (rank !== undefined) return near ? 'within 0.25 % of the best: drawn by weight' : 'by its score'
  if (isSaid) return 'in the answer for another of its capabilities'
  if (isSuspect) return 'left out: overdue with its readings or not reached, and others are not'
  return near ? 'near the best, but not drawn among those wanted' : 'others score better, and no more are wanted'
}

function boundText(metric: number, bound: number): string {
  return `at ${METRICS[metric].atMost ? 'most' : 'least'} ${print(metric, bound)}`
}

/** The value of a metric in the unit of its parameter. */
function print(metric: number, value: number): string {
  const parameter: Parameter<number> = PARAMETERS[METRICS[metric].name]
  return parameter.kind.print(Math.round(value))
}

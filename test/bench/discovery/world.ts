/**
 * The world of the simulator: agents that are slow or fast, small or large, honest or not, and regions whose askers want
 * them, placed on a map. Everything is drawn from the seed; nothing here depends on how agents are chosen.
 *
 * Agents serve `slots` requests at once, let some more wait, and refuse the rest. Their service times are lognormal with a
 * coefficient of variation of 1: long answers of a language model beside short ones.
 */
import { drawByWeight, gaussian, streamOf, type Even } from './chances.ts'
import { kilometresBetween } from '../../../src/discovery/ranking/estimate.ts'

/** How an agent deceives. `idle`: always reports no load; `frozen`: repeats its first report; `boast`: four times the slots at a quarter of the time. */
export type Lie = 'none' | 'idle' | 'frozen' | 'boast'

/** What the world is like. */
export interface WorldOptions {
  seed: number
  agents: number
  regions: number
  /** Work that arrives, in parts of what all agents can do. */
  load: number
  seconds: number
  /** Seconds at the begin that are not measured. */
  warmSeconds: number
  /** All agents alike: four slots, the same speed. */
  isUniform: boolean
  /** Every fourth agent lies. */
  hasLiars: boolean
  /** Slowdowns, crashes and bursts of demand. */
  hasTroubles: boolean
  /** A flash crowd in the largest region, and the loss of the largest agent in it. */
  hasFlashCrowd: boolean
  /** Agents are alike but for the weight that they claim, and stand in one place. */
  hasWeights: boolean
  demands: 'latency' | 'mixed'
}

/** The main scenario. */
export const MAIN: WorldOptions = {
  seed: 1, agents: 80, regions: 8, load: 0.7, seconds: 180, warmSeconds: 60,
  isUniform: false, hasLiars: false, hasTroubles: true, hasFlashCrowd: false, hasWeights: false, demands: 'latency',
}

/** One kind of demand: what is bounded, and what a good answer is worth. */
export interface DemandKind {
  readonly share: number
  readonly weights: { readonly latency: number; readonly accuracy: number; readonly price: number }
  /** Milliseconds after which the worth of being fast has fallen to 1/e. */
  readonly patienceMs: number
  readonly leastAccuracy: number
  readonly mostPrice: number
  /** Number of the provider that is worth 0.1 more; −1 for none. */
  readonly provider: number
}

const ANY: DemandKind = { share: 1, weights: { latency: 1, accuracy: 0, price: 0 }, patienceMs: 3_000, leastAccuracy: 0, mostPrice: Infinity, provider: -1 }

/** Kinds of demand, by the name of the mixture. */
export const DEMANDS: Readonly<Record<WorldOptions['demands'], readonly DemandKind[]>> = {
  latency: [ANY],
  mixed: [
    { ...ANY, share: 0.35, weights: { latency: 0.8, accuracy: 0.1, price: 0.1 }, patienceMs: 2_000 },
    { ...ANY, share: 0.25, weights: { latency: 0.25, accuracy: 0.65, price: 0.1 }, patienceMs: 5_000, leastAccuracy: 0.8 },
    { ...ANY, share: 0.2, weights: { latency: 0.2, accuracy: 0.1, price: 0.7 }, patienceMs: 8_000, mostPrice: 0.6 },
    { share: 0.2, weights: { latency: 0.4, accuracy: 0.3, price: 0.3 }, patienceMs: 4_000, leastAccuracy: 0.7, mostPrice: 1.2, provider: 1 },
  ],
}

/** A place in degrees. */
export interface Place {
  readonly latitude: number
  readonly longitude: number
}

/** What an agent is; what becomes of it is in `SimAgent` (agents.ts). */
export interface AgentTraits {
  readonly index: number
  readonly place: Place
  readonly slots: number
  /** Requests that may wait. */
  readonly room: number
  /** Mean service while nothing is wrong. */
  readonly serviceMs: number
  readonly accuracy: number
  readonly price: number
  readonly provider: number
  readonly lie: Lie
  /** Claimed; 0 for none. */
  readonly weight: number
}

/** The world as it was drawn. */
export interface World {
  readonly options: WorldOptions
  readonly agents: readonly AgentTraits[]
  readonly regions: readonly Place[]
  /** Share of each region in all demand. */
  readonly regionShares: readonly number[]
  /** Milliseconds there and back, by region and agent. */
  readonly roundTripMs: readonly (readonly number[])[]
  /** Requests a millisecond while no region has a burst. */
  readonly calmRate: number
}

const SLOTS = [1, 2, 2, 4, 4, 8, 8, 16]
const LIES: readonly Lie[] = ['idle', 'frozen', 'boast']
const MEDIAN_SERVICE_MS = 800
const PROVIDERS = 5
/** Degrees of the square that agents and regions lie in: some 8,000 km. */
const MAP_DEGREES = 72
const NEAR_MS = 6
const MS_PER_KM = 0.02

/** How often, how long, how much: means of exponential times, in ms. */
export const TROUBLES = {
  slowdown: 3, slowForMs: 30_000, swiftForMs: 120_000,
  upForMs: 600_000, downForMs: 20_000,
  burst: 3, burstForMs: 8_000, calmForMs: 50_000,
} as const

/** Draws a world. */
export function makeWorld(options: WorldOptions): World {
  const even = streamOf(options.seed, 0, 0)
  const regions = Array.from({ length: options.regions }, () => drawPlace(even))
  const ranks = regions.map((_, i) => (i + 1) ** -0.8)
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  const agents = Array.from({ length: options.agents }, (_, index) => drawAgent(options, index, regions, even))
  return {
    options, agents, regions,
    regionShares: ranks.map((rank) => rank / total),
    roundTripMs: regions.map((region) => agents.map(({ place }) => NEAR_MS + MS_PER_KM * kilometres(region, place))),
    calmRate: (options.load * capacityOf(agents, options)) / burstiness(options),
  }
}

function drawPlace(even: Even): Place {
  return { latitude: (even() - 0.5) * MAP_DEGREES, longitude: (even() - 0.5) * MAP_DEGREES }
}

/** Slower agents tend to be more accurate, and accurate ones dearer. */
function drawAgent({ isUniform, hasLiars, hasWeights }: WorldOptions, index: number, regions: readonly Place[], even: Even): AgentTraits {
  const drawn = drawByWeight(even, regions, () => 1)
  const place = hasWeights ? regions[0] : drawn
  const slots = SLOTS[Math.floor(even() * SLOTS.length)]
  const serviceMs = between(200, MEDIAN_SERVICE_MS * Math.exp(0.5 * gaussian(even)), 4_000)
  const accuracy = between(0.5, 0.82 + 0.05 * Math.log(serviceMs / MEDIAN_SERVICE_MS) + 0.06 * gaussian(even), 0.99)
  const price = Math.max(0.05, 0.5 * Math.exp(0.5 * gaussian(even) + 1.5 * (accuracy - 0.8)))
  const provider = Math.floor(even() * PROVIDERS)
  const kept = isUniform ? 4 : slots
  return {
    index, place, slots: kept, room: Math.max(2, 3 * kept), serviceMs: isUniform ? MEDIAN_SERVICE_MS : serviceMs, accuracy, price, provider,
    lie: hasLiars && index % 4 === 3 ? LIES[(index >> 2) % LIES.length] : 'none',
    weight: hasWeights ? 10 * (1 + (index % 4)) : 0,
  }
}

/** Requests a millisecond that all agents can do on average. */
function capacityOf(agents: readonly AgentTraits[], { hasTroubles }: WorldOptions): number {
  const { slowdown, slowForMs, swiftForMs, upForMs, downForMs } = TROUBLES
  const slowness = hasTroubles ? (swiftForMs + slowForMs * slowdown) / (swiftForMs + slowForMs) : 1
  const up = hasTroubles ? upForMs / (upForMs + downForMs) : 1
  return agents.reduce((sum, { slots, serviceMs }) => sum + (slots / (serviceMs * slowness)) * up, 0)
}

function burstiness({ hasTroubles }: WorldOptions): number {
  const { burst, burstForMs, calmForMs } = TROUBLES
  return hasTroubles ? (calmForMs + burstForMs * burst) / (calmForMs + burstForMs) : 1
}

function kilometres(a: Place, b: Place): number {
  return kilometresBetween(a.latitude * 1e6, a.longitude * 1e6, b.latitude * 1e6, b.longitude * 1e6)
}

/** Whether an agent may serve a demand at all. */
export function isFit({ accuracy, price }: AgentTraits, { leastAccuracy, mostPrice }: DemandKind): boolean {
  return accuracy >= leastAccuracy && price <= mostPrice
}

/** What an answer of that agent after so long is worth to the asker, up to 1.1. */
export function utilityOf({ weights, patienceMs, provider }: DemandKind, agent: AgentTraits, tookMs: number): number {
  return weights.latency * Math.exp(-tookMs / patienceMs)
    + weights.accuracy * between(0, (agent.accuracy - 0.5) / 0.5, 1)
    + weights.price * between(0, 1 - agent.price / 1.2, 1)
    + (agent.provider === provider ? 0.1 : 0)
}

function between(least: number, value: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

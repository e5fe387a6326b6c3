/**
 * What is simulated: worlds, and who takes part in each. docs/performance-discovery.md has the protocol, and what came out.
 */
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { c3, prequal } from './feedback.ts'
import { considerate, shortestDelay } from './oracles.ts'
import { orca } from './orca.ts'
import { reportingOf, waggle, waggleBehindCaches } from './ours.ts'
import type { Contestant } from './policy.ts'
import type { Reach } from './reporting.ts'
import { cachedBest, powerOfTwo, random, roundRobin, staticWeights } from './simple.ts'
import { MAIN, type WorldOptions } from './world.ts'

/** Reports every so many seconds, pulled as often. */
export function pullEvery(seconds: number): Reach {
  return { by: 'pull', reportEveryMs: seconds * 1_000, pullEveryMs: seconds * 1_000 }
}

/** Reports every 5 s, pulled every 5 s. */
export const PULL = pullEvery(5)
/** Reports as load moves by half of the slots of a usual agent, pushed in batches to each region the more often, the more it is asked. */
export const PUSH = { by: 'push', threshold: DEFAULT_RANKING.reporting.threshold[0], leastGapMs: 200, keepaliveMs: 10_000, batchMs: 1_000 } as const
/** Mean milliseconds until an asker asks again. */
const RIDE_MS = 2_000
/** Weight of what an arrival costs others in oracle*, as research had it; not tuned anew here. */
const EXTERNALITY = 1
/** Load from which Prequal calls an agent hot, as research tuned it for such agents, not tuned anew here; the paper's 0.84 is for servers that are alike. */
const HOT = 0.35
const BRIEF_AGE_MS = 1_000
const LONG_AGE_MS = 4_000

/** The names that goals go by. */
export const NAME = {
  sed: 'oracle SED', star: 'oracle*', random: 'random', c3: 'C3', prequal: 'Prequal, 3 probes', cheapPrequal: 'Prequal, 0.25 probes',
  ours: 'Waggle', free: 'Waggle, reports by 5 s', caches: 'Waggle behind caches',
} as const

/** The oracles. */
export const ORACLES: readonly Contestant[] = [
  { name: NAME.sed, reach: PULL, make: shortestDelay },
  { name: NAME.star, reach: PULL, make: considerate(EXTERNALITY) },
]

/** Waggle by a name, over that reach: agents report their pace, and what askers met rides on their next question. */
export function ours(name: string, reach: Reach): Contestant {
  return { name, reach, usesPace: true, rideMs: RIDE_MS, make: waggle({ reporting: reportingOf(reach) }) }
}

function prequalBy(name: string, probes: number, hot: number, ageMs: number): Contestant {
  return { name, reach: PULL, make: prequal({ probes, hot, ageMs }) }
}

const WAGGLE = ours(NAME.ours, PUSH)
const FREE = ours(NAME.free, PULL)
const C3: Contestant = { name: NAME.c3, reach: PULL, isTold: true, make: c3 }
const PREQUAL = prequalBy(NAME.prequal, 3, HOT, BRIEF_AGE_MS)
const CHANCE: Contestant = { name: NAME.random, reach: PULL, make: random }
/** Those who are compared in every scenario. */
const RIVALS: readonly Contestant[] = [...ORACLES, CHANCE, C3, PREQUAL]
/** Everybody. */
const ALL: readonly Contestant[] = [
  ...ORACLES,
  CHANCE,
  { name: 'round robin', reach: PULL, make: roundRobin },
  { name: 'static weights', reach: PULL, make: staticWeights },
  { name: 'cached best', reach: PULL, make: cachedBest },
  { name: 'power of two choices', reach: PULL, make: powerOfTwo },
  { name: 'ORCA weights', reach: PULL, make: orca },
  C3,
  prequalBy(NAME.cheapPrequal, 0.25, HOT, LONG_AGE_MS),
  PREQUAL,
  FREE,
  WAGGLE,
]

/** One world with those who take part. */
export interface Scenario {
  readonly id: string
  readonly title: string
  readonly world: Partial<WorldOptions>
  readonly contestants: readonly Contestant[]
}

function atLoad(load: number): Scenario {
  return { id: `load-${load}`, title: `Load ${load}`, world: { load }, contestants: [...RIVALS, WAGGLE] }
}

function stale(seconds: number): Scenario {
  const reach = pullEvery(seconds)
  return {
    id: `stale-${seconds}`, title: `Reports every ${seconds} s, pulled as often, nothing else`, world: {},
    contestants: [...ORACLES, { name: 'power of two choices', reach, make: powerOfTwo }, { name: 'ORCA weights', reach, make: orca }, ours(NAME.ours, reach)],
  }
}

function caches(seconds: number): Scenario {
  const reach: Reach = { by: 'pull', reportEveryMs: 5_000, pullEveryMs: seconds * 1_000 }
  return {
    id: `caches-${seconds}`, title: `Behind 32 caches that hold an answer for ${seconds} s, load 0.6`, world: { regions: 32, load: 0.6, seconds: 90 },
    contestants: [
      ...ORACLES,
      { name: 'cached best', reach, make: cachedBest },
      { name: NAME.caches, reach: PUSH, usesPace: true, make: waggleBehindCaches(seconds * 1_000) },
      ours('Waggle in each resolver', reach),
    ],
  }
}

function budget(threshold: number): Contestant {
  return ours(`Waggle, threshold ${threshold}`, { ...PUSH, threshold })
}

/** Every scenario. */
export const SCENARIOS: readonly Scenario[] = [
  { id: 'main', title: 'Main: 80 agents, 8 regions, load 0.7, bursts, slowdowns, crashes', world: {}, contestants: ALL },
  ...[1, 5, 15, 30].map(stale),
  ...[0.4, 0.55, 0.8, 0.9].map(atLoad),
  { id: 'mixed', title: 'Four kinds of demand with bounds and preferences, load 0.5', world: { demands: 'mixed', load: 0.5 }, contestants: [...RIVALS, FREE, WAGGLE] },
  { id: 'many', title: '160 agents, 32 regions', world: { agents: 160, regions: 32, seconds: 60, warmSeconds: 40 }, contestants: [...RIVALS, WAGGLE] },
  { id: 'one', title: 'One region', world: { regions: 1 }, contestants: [...RIVALS, WAGGLE] },
  ...[5, 30].map(caches),
  {
    id: 'budget', title: 'What messages buy', world: {},
    contestants: [...ORACLES, ...[0.25, 0.5, 1, 3].map((probes) => prequalBy(`Prequal, ${probes} probes`, probes, HOT, probes < 1 ? LONG_AGE_MS : BRIEF_AGE_MS)), ...[2, 1, PUSH.threshold].map(budget)],
  },
  { id: 'uniform', title: 'Agents that are all alike', world: { isUniform: true }, contestants: [...RIVALS, prequalBy('Prequal, 3 probes, hot at 0.84', 3, 0.84, BRIEF_AGE_MS), WAGGLE] },
  { id: 'liars', title: 'Every fourth agent lies: always idle, frozen, or four times as good', world: { hasLiars: true, warmSeconds: 0, load: 0.5 }, contestants: [...RIVALS, WAGGLE] },
  { id: 'flash', title: 'A flash crowd, five times the demand of the largest region, in which the largest agent is lost', world: { hasFlashCrowd: true, load: 0.5, seconds: 120 }, contestants: [...RIVALS, WAGGLE] },
  { id: 'weights', title: 'Agents alike but for their weights, load 0.5', world: { isUniform: true, hasWeights: true, hasTroubles: false, regions: 1, load: 0.5 }, contestants: [...ORACLES, WAGGLE] },
]

/** The world of a scenario with that seed. */
export function worldOf({ world }: Scenario, seed: number): WorldOptions {
  return { ...MAIN, ...world, seed }
}

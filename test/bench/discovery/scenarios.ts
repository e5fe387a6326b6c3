/**
 * What is simulated: worlds, and who takes part in each. The protocol is that of docs/performance-discovery.md.
 */
import { considerate, shortestDelay } from './oracles.ts'
import { reportingOf, waggle } from './ours.ts'
import type { Contestant } from './policy.ts'
import type { Reach } from './reporting.ts'
import { powerOfTwo, random } from './simple.ts'
import { MAIN, type WorldOptions } from './world.ts'

/** Reports every 5 s, pulled every 5 s. */
export const PULL: Reach = { by: 'pull', reportEveryMs: 5_000, pullEveryMs: 5_000 }
/** Reports as load moves by half of the slots, pushed in batches. */
export const PUSH: Reach = { by: 'push', threshold: 0.5, leastGapMs: 200, keepaliveMs: 10_000, batchMs: 250 }
/** Mean milliseconds until an asker asks again. */
const RIDE_MS = 2_000
/** Weight of what an arrival costs others in oracle*, tuned on seeds 1 to 6. */
const EXTERNALITY = 1

/** The name of the oracle that others are measured by. */
export const SED = 'oracle SED'
/** The name of the stronger oracle. */
export const STAR = 'oracle*'
/** The name of our policy. */
export const OURS = 'Waggle'

/** The oracles. */
export const ORACLES: readonly Contestant[] = [
  { name: SED, reach: PULL, make: shortestDelay },
  { name: STAR, reach: PULL, make: considerate(EXTERNALITY) },
]

/** Waggle by a name, over that reach, with outcomes that ride on queries or without. */
export function ours(name: string, reach: Reach, hasOutcomes: boolean): Contestant {
  return { name, reach, make: waggle({ reporting: reportingOf(reach) }), ...(hasOutcomes ? { rideMs: RIDE_MS } : {}) }
}

/** One world with those who take part. */
export interface Scenario {
  readonly id: string
  readonly title: string
  readonly world: Partial<WorldOptions>
  readonly contestants: readonly Contestant[]
}

/** Every scenario. */
export const SCENARIOS: readonly Scenario[] = [
  {
    id: 'main', title: 'Main: 80 agents, 8 regions, load 0.7, bursts, slowdowns, crashes', world: {},
    contestants: [
      ...ORACLES,
      { name: 'random', reach: PULL, make: random },
      { name: 'power of two choices', reach: PULL, make: powerOfTwo },
      ours(`${OURS}, reports by 5 s, outcomes`, PULL, true),
      ours(OURS, PUSH, true),
    ],
  },
]

/** The world of a scenario with that seed. */
export function worldOf({ world }: Scenario, seed: number): WorldOptions {
  return { ...MAIN, ...world, seed }
}

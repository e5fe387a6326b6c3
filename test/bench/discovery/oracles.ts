/**
 * Oracles: they know at every moment what every agent has, and what is on its way there, for nothing. What is lost against
 * them is lost by not knowing.
 */
import type { SimAgent } from './agents.ts'
import { best, delayMs, FitAgents, worthOf } from './fit.ts'
import type { Policy, Scene } from './policy.ts'
import type { Request } from './request.ts'

/** Worse than any agent that has room. */
const FULL = 1e9

/** Shortest expected delay: each request goes where it will be done first. */
export function shortestDelay(scene: Scene): Policy {
  return oracle(scene, ({ active, slots, serviceMs }) => delayMs({ active, slots, serviceMs }))
}

/** oracle*: the delay, and what the request costs those behind it; `externality` is tuned on seeds that are not measured on. */
export function considerate(externality: number): (scene: Scene) => Policy {
  return (scene) => oracle(scene, ({ active, slots, serviceMs }) => {
    const fullness = (1 + active) / slots
    return serviceMs * (Math.max(1, fullness) + externality * fullness ** 3)
  })
}

interface Truth {
  readonly active: number
  readonly slots: number
  readonly serviceMs: number
}

function oracle({ world, agents }: Scene, costOf: (truth: Truth) => number): Policy {
  const fit = new FitAgents(world.agents)
  const worth = (request: Request, agent: SimAgent): number => {
    const { index, slots, room, serviceMs } = agent.traits
    const active = agent.present + agent.coming
    const costMs = costOf({ active, slots, serviceMs: serviceMs * agent.slowness }) + world.roundTripMs[request.region][index]
    return worthOf(request, agent.traits, costMs) - (active >= slots + room ? FULL : 0)
  }
  return { pick: (request) => best(fit.left(request, (agent) => !agents[agent].isDown), (agent) => worth(request, agents[agent])) }
}

/**
 * Policies that many use: chance, turns, fixed weights, the best that was known when it was cached, and the better of two.
 */
import { drawByWeight } from './chances.ts'
import { anyOf, best, FitAgents, living, reportedWorth } from './fit.ts'
import type { Policy, Scene } from './policy.ts'
import type { DemandKind } from './world.ts'

/** Any agent that lives. */
export function random(scene: Scene): Policy {
  const fit = new FitAgents(scene.world.agents)
  return { pick: (request) => anyOf(living(scene, fit, request), scene.even) }
}

/** One after the other. */
export function roundRobin(scene: Scene): Policy {
  const fit = new FitAgents(scene.world.agents)
  const turns = scene.world.regions.map(() => Math.floor(scene.even() * scene.world.agents.length))
  return {
    pick(request) {
      const list = living(scene, fit, request)
      return list[turns[request.region]++ % list.length]
    },
  }
}

/** By chance, in proportion to what each claims to do: slots by service time. */
export function staticWeights(scene: Scene): Policy {
  const fit = new FitAgents(scene.world.agents)
  const weights = scene.views[0].map(({ slots, serviceMs }) => slots / serviceMs)
  return { pick: (request) => drawByWeight(scene.even, living(scene, fit, request), (agent) => weights[agent]) }
}

/** The best by the reports of the last pull, for all who ask until the next: a cached answer. */
export function cachedBest(scene: Scene): Policy {
  const fit = new FitAgents(scene.world.agents)
  const cached = scene.world.regions.map(() => new Map<DemandKind, number>())
  return {
    pulled: (region) => cached[region].clear(),
    pick(request) {
      const known = cached[request.region].get(request.kind)
      if (known !== undefined) return known
      const chosen = best(living(scene, fit, { ...request, tried: [] }), (agent) => reportedWorth(scene, request, agent))
      cached[request.region].set(request.kind, chosen)
      return chosen
    },
  }
}

/** Power of two choices: the better of two by chance, by their newest reports (Mitzenmacher 2000). */
export function powerOfTwo(scene: Scene): Policy {
  const fit = new FitAgents(scene.world.agents)
  return {
    pick(request) {
      const list = living(scene, fit, request)
      return best([anyOf(list, scene.even), anyOf(list, scene.even)], (agent) => reportedWorth(scene, request, agent))
    },
  }
}

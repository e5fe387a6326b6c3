/**
 * Weighted round robin by reported efficiency, as gRPC (A58) and Envoy do it with ORCA reports: weight = q / (u + e/q · penalty),
 * requests done a second by usage, errors counted in; agents take turns by earliest deadline.
 */
import { FitAgents, living } from './fit.ts'
import type { Policy, Scene } from './policy.ts'

const PENALTY = 1

/** ORCA weighted round robin. */
export function orca(scene: Scene): Policy {
  const { world, views } = scene
  const fit = new FitAgents(world.agents)
  const weights = world.regions.map(() => world.agents.map(() => 0))
  const deadlines = world.regions.map(() => world.agents.map(() => scene.even()))
  return {
    reported(region, agent) {
      const { servedRate, refusedRate, usage } = views[region][agent]
      if (servedRate > 0 && usage > 0) weights[region][agent] = servedRate / (usage + (refusedRate / servedRate) * PENALTY)
    },
    pick(request) {
      const own = weights[request.region]
      const due = deadlines[request.region]
      const list = living(scene, fit, request)
      const told = list.filter((agent) => own[agent] > 0)
      const usual = told.length === 0 ? 1 : told.reduce((sum, agent) => sum + own[agent], 0) / told.length
      const chosen = list.reduce((first, agent) => (due[agent] < due[first] ? agent : first))
      due[chosen] += 1 / (own[chosen] > 0 ? own[chosen] : usual)
      return chosen
    },
  }
}

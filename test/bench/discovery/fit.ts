/** What most policies share: who may be taken, and what an agent would be worth. */
import type { Even } from './chances.ts'
import type { Scene } from './policy.ts'
import type { Report } from './reporting.ts'
import type { Request } from './request.ts'
import { isFit, utilityOf, type AgentTraits, type DemandKind } from './world.ts'

/** Numbers of the agents that meet each kind of demand; all of them where none does. */
export class FitAgents {
  private readonly lists = new Map<DemandKind, readonly number[]>()
  private readonly agents: readonly AgentTraits[]

  constructor(agents: readonly AgentTraits[]) {
    this.agents = agents
  }

  /** Those that meet the demand. */
  of(kind: DemandKind): readonly number[] {
    const known = this.lists.get(kind)
    if (known !== undefined) return known
    const fit = this.agents.filter((agent) => isFit(agent, kind)).map(({ index }) => index)
    const list = fit.length > 0 ? fit : this.agents.map(({ index }) => index)
    this.lists.set(kind, list)
    return list
  }

  /** Those that meet a request's demand, were not tried, and pass `test`; without the test where it leaves nobody. */
  left({ kind, tried }: Request, test: (agent: number) => boolean): readonly number[] {
    const fit = this.of(kind)
    const fresh = tried.length === 0 ? fit : fit.filter((agent) => !tried.includes(agent))
    const passed = fresh.filter(test)
    if (passed.length > 0) return passed
    return fresh.length > 0 ? fresh : fit
  }
}

/** Agents of which a region knows nothing bad. */
export function living({ views }: Scene, fit: FitAgents, request: Request): readonly number[] {
  const view = views[request.region]
  return fit.left(request, (agent) => view[agent].isAlive)
}

/** Worth of an answer after so long, the more the better: the utility, and for demands that want nothing but speed, speed. */
export function worthOf({ kind }: Request, agent: AgentTraits, tookMs: number): number {
  return kind.weights.latency === 1 ? -tookMs : utilityOf(kind, agent, tookMs)
}

/** Shortest expected delay of one more request where `active` are there: queue and service. */
export function delayMs({ active, slots, serviceMs }: Pick<Report, 'active' | 'slots' | 'serviceMs'>): number {
  return serviceMs * (1 + Math.max(0, active + 1 - slots) / slots)
}

/** The one of `list` whose `worth` is greatest, the first of equals. */
export function best(list: readonly number[], worth: (agent: number) => number): number {
  let chosen = list[0]
  let most = -Infinity
  for (const agent of list) {
    const value = worth(agent)
    if (value <= most) continue
    most = value
    chosen = agent
  }
  return chosen
}

/** One of `list`, each as likely. */
export function anyOf(list: readonly number[], even: Even): number {
  return list[Math.floor(even() * list.length)]
}

/** Worth of an agent by the newest report that the region has. */
export function reportedWorth({ world, views }: Scene, request: Request, agent: number): number {
  return worthOf(request, world.agents[agent], world.roundTripMs[request.region][agent] + delayMs(views[request.region][agent]))
}

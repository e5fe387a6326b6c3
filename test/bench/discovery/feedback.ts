/**
 * Published policies that measure agents themselves, written from their papers. Both were made for servers that are alike;
 * here load counts in parts of an agent's slots, as else they would send to a small agent what a large one can bear.
 *
 * C3 (Suresh et al., NSDI 2015), without rate control: score = R − s + q³ · s, by what each answer tells.
 * Prequal (Wydra et al., NSDI 2024): probes ahead of need, a pool of 16 of them, the hot-cold rule.
 */
import { anyOf, best, FitAgents, living, worthOf } from './fit.ts'
import type { Policy, Probed, Scene } from './policy.ts'
import { agentOf, type Request } from './request.ts'
import { isFit } from './world.ts'

const C3_STEP = 0.1
/** Milliseconds that a failed attempt counts as. */
const C3_FAILED_MS = 5_000

interface C3Agent {
  /** Averages of what was measured: whole time, service alone, and how many were there. */
  responseMs: number
  serviceMs: number
  queue: number
  /** Requests of ours that were not answered yet. */
  outstanding: number
}

/** C3; needs a message for each answered request. */
export function c3(scene: Scene): Policy {
  const { world } = scene
  const fit = new FitAgents(world.agents)
  const known = world.roundTripMs.map((ways, region) => ways.map((wayMs, agent): C3Agent => {
    const { serviceMs } = scene.views[region][agent]
    return { responseMs: serviceMs + wayMs, serviceMs, queue: 0, outstanding: 0 }
  }))
  const of = (request: Request): C3Agent => known[request.region][agentOf(request)]
  const costOf = (region: number, agent: number): number => {
    const { responseMs, serviceMs, queue, outstanding } = known[region][agent]
    const fullness = (1 + outstanding * world.regions.length + queue) / scene.views[region][agent].slots
    return responseMs - serviceMs + serviceMs * fullness ** 3
  }
  return {
    pick(request) {
      const chosen = best(living(scene, fit, request), (agent) => worthOf(request, world.agents[agent], costOf(request.region, agent)))
      known[request.region][chosen].outstanding++
      return chosen
    },
    served(request, tookMs) {
      const agent = of(request)
      agent.outstanding--
      agent.responseMs += C3_STEP * (tookMs - agent.responseMs)
      agent.serviceMs += C3_STEP * (request.workMs - agent.serviceMs)
      agent.queue += C3_STEP * ((request.told?.active ?? 0) - agent.queue)
    },
    failed(request) {
      const agent = of(request)
      agent.outstanding--
      agent.responseMs += C3_STEP * (C3_FAILED_MS - agent.responseMs)
    },
  }
}

/** How Prequal is tuned. */
export interface PrequalOptions {
  /** Probes for each request. */
  readonly probes: number
  /** Quantile of load from which an agent is hot. The paper has 0.84, for servers that are alike. */
  readonly hot: number
  /** Milliseconds after which a probe is too old. */
  readonly ageMs: number
}

interface Pooled extends Probed {
  readonly atMs: number
  load: number
  uses: number
}

const POOL = 16
/** The paper's δ: how much faster probes come in than they are used up. */
const DELTA = 1
const LOADS = 64

/** Prequal. */
export function prequal(options: PrequalOptions): (scene: Scene) => Policy {
  return (scene) => {
    const fit = new FitAgents(scene.world.agents)
    const pools = scene.world.regions.map((_, region) => new ProbePool(scene, region, options))
    return {
      pick(request) {
        const pool = pools[request.region]
        pool.probe()
        return pool.choose(request) ?? anyOf(living(scene, fit, request), scene.even)
      },
    }
  }
}

/** One region's probes. */
class ProbePool {
  private readonly scene: Scene
  private readonly region: number
  private readonly options: PrequalOptions
  private readonly removals: number
  private readonly reuses: number
  private pool: Pooled[] = []
  private readonly loads: number[] = []
  private probesDue = 0
  private removalsDue = 0
  private isTurnOfOldest = false

  constructor(scene: Scene, region: number, options: PrequalOptions) {
    this.scene = scene
    this.region = region
    this.options = options
    this.removals = Math.min(1, options.probes / 3)
    this.reuses = Math.max(1, (1 + DELTA) / Math.max(0.05, (1 - POOL / scene.world.agents.length) * options.probes - this.removals))
  }

  /** Sends the probes that are due with one more request. */
  probe(): void {
    const { scene, region } = this
    for (this.probesDue += this.options.probes; this.probesDue >= 1; this.probesDue--) {
      scene.probe(region, Math.floor(scene.even() * scene.world.agents.length), (probed) => this.take(probed))
    }
  }

  /** Hot-cold: of the cold the one that is fastest, where all are hot the least loaded; undefined where nobody fits. */
  choose(request: Request): number | undefined {
    const { scene } = this
    const nowMs = scene.nowMs()
    this.pool = this.pool.filter(({ atMs }) => nowMs - atMs <= this.options.ageMs)
    const hot = this.hotFrom()
    for (this.removalsDue += this.removals; this.removalsDue >= 1; this.removalsDue--) this.removeOne(hot)
    const fit = this.pool.filter(({ agent }) => !request.tried.includes(agent) && isFit(scene.world.agents[agent], request.kind))
    if (fit.length === 0) return undefined
    const cold = fit.filter(({ load }) => load <= hot)
    const chosen = cold.length > 0
      ? cold.reduce((a, b) => (this.worth(request, b) > this.worth(request, a) ? b : a))
      : fit.reduce((a, b) => (b.load < a.load ? b : a))
    this.use(chosen)
    return chosen.agent
  }

  private take(probed: Probed): void {
    const load = probed.active / this.slotsOf(probed.agent)
    this.pool.push({ ...probed, load, atMs: this.scene.nowMs(), uses: 0 })
    if (this.pool.length > POOL) this.pool.shift()
    this.loads.push(load)
    if (this.loads.length > LOADS) this.loads.shift()
  }

  private worth(request: Request, { agent, tookMs }: Pooled): number {
    return worthOf(request, this.scene.world.agents[agent], tookMs + this.scene.world.roundTripMs[this.region][agent])
  }

  private use(probe: Pooled): void {
    probe.load += 1 / this.slotsOf(probe.agent)
    probe.uses++
    const mostUses = Math.floor(this.reuses) + (this.scene.even() < this.reuses % 1 ? 1 : 0)
    if (probe.uses >= mostUses) this.pool.splice(this.pool.indexOf(probe), 1)
  }

  private slotsOf(agent: number): number {
    return this.scene.views[this.region][agent].slots
  }

  private hotFrom(): number {
    if (this.loads.length < 4) return Infinity
    const sorted = this.loads.toSorted((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(this.options.hot * sorted.length))]
  }

  /** In turn the oldest and the worst: the hottest, or of the cold the slowest. */
  private removeOne(hot: number): void {
    const { pool } = this
    if (pool.length < 2) return
    this.isTurnOfOldest = !this.isTurnOfOldest
    const isHot = pool.filter(({ load }) => load > hot)
    const worst = isHot.length > 0 ? isHot.reduce((a, b) => (b.load > a.load ? b : a)) : pool.reduce((a, b) => (b.tookMs > a.tookMs ? b : a))
    pool.splice(this.isTurnOfOldest ? 0 : pool.indexOf(worst), 1)
  }
}

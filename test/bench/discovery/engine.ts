/**
 * Runs one policy through one world: askers ask, requests travel, are served, refused or lost, and are tried again; and
 * measures what askers met. Deterministic: a seed and a policy give the same figures on every machine.
 */
import { flashOf, Work, type SimAgent } from './agents.ts'
import { exponential, gaussian, streamOf, type Even } from './chances.ts'
import { Events } from './events.ts'
import { Measure, type Result } from './measured.ts'
import type { Contestant, Policy, Probed } from './policy.ts'
import { Reporting } from './reporting.ts'
import type { Request } from './request.ts'
import { DEMANDS, makeWorld, TROUBLES, type DemandKind, type World, type WorldOptions } from './world.ts'

const ATTEMPTS = 3
/** Milliseconds until one asks again who was told that there is nobody. */
const NOBODY_MS = 300
/** Demand of the largest region in a flash crowd, in parts of what is usual. */
const FLASH = 5
/** How many of an agent's late requests a probe goes by. */
const PROBED = 5

/** The figures of `contestant` in the world of `options`. */
export function simulate(options: WorldOptions, contestant: Contestant): Result {
  return new Simulation(options, contestant).run()
}

class Simulation {
  private readonly world: World
  private readonly contestant: Contestant
  private readonly events = new Events()
  private readonly work: Work
  private readonly reporting: Reporting
  private readonly measure: Measure
  private readonly policy: Policy
  private readonly asking: Even[]
  private readonly factors: number[]
  private readonly turns: number[]
  private otherMessages = 0

  constructor(options: WorldOptions, contestant: Contestant) {
    this.world = makeWorld(options)
    this.contestant = contestant
    const { world, events } = this
    this.measure = new Measure(world)
    this.reporting = new Reporting(world, events, contestant.reach, {
      reported: (region, agent) => this.policy.reported?.(region, agent),
      pulled: (region) => this.policy.pulled?.(region),
    })
    this.work = new Work(world, events, {
      changed: (agent) => this.reporting.loadChanged(agent),
      served: (agent, request) => this.served(agent, request),
      failed: (_agent, request, afterMs) => this.events.after(afterMs, () => this.failed(request)),
      crashed: () => undefined,
      recovered: (agent) => this.reporting.recovered(agent),
    })
    for (const agent of this.work.agents) agent.usesPace = contestant.usesPace ?? false
    this.policy = contestant.make({
      world, agents: this.work.agents, views: this.reporting.views, even: streamOf(options.seed, 4, 0), nowMs: () => events.nowMs,
      probe: (region, agent, then) => this.probe(region, this.work.agents[agent], then),
    })
    this.asking = world.regions.map((_, region) => streamOf(options.seed, 5, region))
    this.factors = world.regions.map(() => 1)
    this.turns = world.regions.map(() => 0)
  }

  run(): Result {
    const { seconds, warmSeconds } = this.world.options
    this.reporting.start(this.work.agents)
    this.world.regions.forEach((_, region) => this.awaken(region))
    this.events.runUntil(warmSeconds * 1_000)
    const before = this.reporting.messages + this.otherMessages
    this.events.runUntil((warmSeconds + seconds) * 1_000)
    return this.measure.result(this.reporting.messages + this.otherMessages - before)
  }

  private awaken(region: number): void {
    const { seed, hasTroubles, hasFlashCrowd, warmSeconds } = this.world.options
    this.expectNext(region)
    if (hasTroubles) this.expectBurst(region, streamOf(seed, 6, region), 1)
    if (!hasFlashCrowd || region > 0) return
    const { fromMs, toMs } = flashOf(warmSeconds)
    this.events.at(fromMs, () => this.setFactor(region, FLASH))
    this.events.at(toMs, () => this.setFactor(region, 1 / FLASH))
  }

  private expectBurst(region: number, even: Even, factor: number): void {
    this.events.after(exponential(even, factor === 1 ? TROUBLES.calmForMs : TROUBLES.burstForMs), () => {
      const next = factor === 1 ? TROUBLES.burst : 1
      this.setFactor(region, next / factor)
      this.expectBurst(region, even, next)
    })
  }

  /** Demand of a region grows or shrinks; the arrival that was expected is drawn anew. */
  private setFactor(region: number, times: number): void {
    this.factors[region] *= times
    this.turns[region]++
    this.expectNext(region)
  }

  private expectNext(region: number): void {
    const turn = this.turns[region]
    const rate = this.world.calmRate * this.world.regionShares[region] * this.factors[region]
    this.events.after(exponential(this.asking[region], 1 / rate), () => {
      if (turn !== this.turns[region]) return
      this.expectNext(region)
      this.reporting.asked(region)
      this.send(this.ask(region))
    })
  }

  private ask(region: number): Request {
    const even = this.asking[region]
    return {
      region, bornMs: this.events.nowMs, kind: kindAt(DEMANDS[this.world.options.demands], even()), size: gaussian(even), rest: exponential(even, 1), luck: even(),
      tried: [], sentMs: 0, takenMs: 0, servedFromMs: 0, met: 0, workMs: 0, epoch: 0, told: undefined, failure: undefined,
    }
  }

  private send(request: Request): void {
    const chosen = this.policy.pick(request)
    request.sentMs = this.events.nowMs
    request.tried.push(chosen)
    if (chosen < 0) {
      request.failure = 'nobody'
      this.events.after(NOBODY_MS, () => this.failed(request))
      return
    }
    this.measure.sent(chosen, this.events.nowMs)
    const agent = this.work.agents[chosen]
    agent.coming++
    this.events.after(this.world.roundTripMs[request.region][chosen] / 2, () => this.work.arrive(agent, request))
  }

  private served({ traits }: SimAgent, request: Request): void {
    const servedMs = this.events.nowMs
    this.events.after(this.world.roundTripMs[request.region][traits.index] / 2, () => {
      const tookMs = this.events.nowMs - request.sentMs
      this.measure.answered(request, traits, this.events.nowMs)
      if (this.contestant.isTold === true) {
        this.otherMessages++
        this.policy.served?.(request, tookMs)
      }
      if (this.contestant.rideMs !== undefined) this.events.after(request.rest * this.contestant.rideMs, () => this.policy.passedOn?.(request, tookMs, servedMs))
    })
  }

  private failed(request: Request): void {
    this.measure.failed(request)
    if (request.failure !== 'nobody') this.policy.failed?.(request)
    if (request.tried.length < ATTEMPTS) this.send(request)
    else this.measure.gaveUp(request)
  }

  private probe(region: number, agent: SimAgent, then: (probed: Probed) => void): void {
    this.otherMessages += 2
    const wayMs = this.world.roundTripMs[region][agent.traits.index] / 2
    this.events.after(wayMs, () => {
      if (agent.isDown) return
      const probed = { agent: agent.traits.index, active: agent.tell(this.events.nowMs).active, tookMs: lateTimeOf(agent) }
      this.events.after(wayMs, () => then(probed))
    })
  }
}

/** Median time of the late requests that met most nearly as many as are there now (Prequal's estimator). */
function lateTimeOf({ recent, present, traits }: SimAgent): number {
  const late = recent.filter((entry) => entry !== undefined).toSorted((a, b) => Math.abs(a.met - present) - Math.abs(b.met - present)).slice(0, PROBED)
  if (late.length === 0) return traits.serviceMs
  return late.map(({ tookMs }) => tookMs).sort((a, b) => a - b)[late.length >> 1]
}

function kindAt(kinds: readonly DemandKind[], even: number): DemandKind {
  let left = even
  for (const kind of kinds) {
    if (left < kind.share) return kind
    left -= kind.share
  }
  return kinds[0]
}

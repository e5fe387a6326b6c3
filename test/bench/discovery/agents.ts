/**
 * Agents at work: slots, waiting places, slowdowns and crashes.
 *
 *     arrive ──► refused (no place) ──► hooks.failed
 *        └─► waits ──► served ──► hooks.served          a crash fails all who are there
 */
import { Pace } from '../../../src/discovery/ranking/pace.ts'
import { exponential, streamOf } from './chances.ts'
import type { Events } from './events.ts'
import type { Request, Told } from './request.ts'
import { TROUBLES, type AgentTraits, type World } from './world.ts'

/** What became of an agent. */
export class SimAgent {
  readonly traits: AgentTraits
  /** In service and waiting, and on the way there. */
  present = 0
  coming = 0
  slowness = 1
  isDown = false
  downAtMs = 0
  /** Crashes so far. */
  epoch = 0
  readonly waiting: Request[] = []
  readonly serving = new Set<Request>()

  arrivals = 0
  refusals = 0
  served = 0
  /** Milliseconds that slots were in use, all together. */
  busyMs = 0
  /** Mean service as the agent itself sees it: an average that moves. */
  averageMs: number
  /** The same by the product's own estimate, which agents report to Waggle. */
  readonly pace: Pace
  /** Whether it reports by `pace`. */
  usesPace = false
  /** The last requests: how many were there when each came, and how long it took; for those who ask for the load. */
  readonly recent: { met: number; tookMs: number }[] = []
  private accountedMs = 0

  constructor(traits: AgentTraits) {
    this.traits = traits
    this.averageMs = traits.serviceMs
    this.pace = new Pace(traits.serviceMs, 0)
  }

  get isFull(): boolean {
    return this.present >= this.traits.slots + this.traits.room
  }

  /** Adds what slots did since the last call. */
  account(nowMs: number): void {
    this.busyMs += (nowMs - this.accountedMs) * Math.min(this.present, this.traits.slots)
    this.accountedMs = nowMs
  }

  private underWayMs(nowMs: number): number[] {
    return Array.from(this.serving, ({ servedFromMs }) => nowMs - servedFromMs)
  }

  /** What it says of itself. */
  tell(nowMs: number): Told {
    const { slots, lie } = this.traits
    const serviceMs = this.traits.weight > 0 ? this.traits.serviceMs : this.usesPace ? this.pace.serviceMs(nowMs, this.underWayMs(nowMs)) : this.averageMs
    switch (lie) {
      case 'idle': return { atMs: nowMs, active: 0, slots, serviceMs }
      case 'frozen': return { atMs: nowMs, active: 1, slots, serviceMs: this.traits.serviceMs }
      case 'boast': return { atMs: nowMs, active: this.present, slots: slots * 4, serviceMs: serviceMs / 4 }
      case 'none': return { atMs: nowMs, active: this.present, slots, serviceMs }
    }
  }
}

/** Who wants to know. */
export interface WorkHooks {
  /** The load of an agent has changed. */
  changed(agent: SimAgent): void
  served(agent: SimAgent, request: Request): void
  /** After `afterMs` the asker learns that it failed. */
  failed(agent: SimAgent, request: Request, afterMs: number): void
  crashed(agent: SimAgent): void
  recovered(agent: SimAgent): void
}

const PACE_STEP = 0.12
const RECENT = 24
/** Milliseconds after which an asker gives up an agent that does not answer. */
const SILENCE_MS = 300
/** Natural logarithm of the factor between two draws that differ by one: a coefficient of variation of 1. */
const SPREAD = Math.sqrt(Math.LN2)

/** All agents at work. */
export class Work {
  readonly agents: readonly SimAgent[]
  private readonly world: World
  private readonly events: Events
  private readonly hooks: WorkHooks

  constructor(world: World, events: Events, hooks: WorkHooks) {
    this.world = world
    this.events = events
    this.hooks = hooks
    this.agents = world.agents.map((traits) => new SimAgent(traits))
    if (world.options.hasTroubles) for (const agent of this.agents) this.trouble(agent)
    if (world.options.hasFlashCrowd) this.loseLargest()
  }

  /** A request reaches an agent. */
  arrive(agent: SimAgent, request: Request): void {
    const { traits: { index } } = agent
    agent.coming--
    agent.arrivals++
    if (agent.isDown) return this.fail(agent, request, 'down', SILENCE_MS)
    if (agent.isFull) {
      agent.refusals++
      request.told = agent.tell(this.events.nowMs)
      return this.fail(agent, request, 'busy', this.world.roundTripMs[request.region][index] / 2)
    }
    agent.account(this.events.nowMs)
    request.met = agent.present++
    request.takenMs = this.events.nowMs
    request.epoch = agent.epoch
    if (agent.serving.size < agent.traits.slots) this.serve(agent, request)
    else agent.waiting.push(request)
    this.hooks.changed(agent)
  }

  private fail(agent: SimAgent, request: Request, failure: 'down' | 'busy', afterMs: number): void {
    request.failure = failure
    this.hooks.failed(agent, request, afterMs)
  }

  private serve(agent: SimAgent, request: Request): void {
    request.workMs = agent.traits.serviceMs * agent.slowness * Math.exp(SPREAD * request.size - Math.LN2 / 2)
    agent.serving.add(request)
    request.servedFromMs = this.events.nowMs
    this.events.after(request.workMs, () => {
      if (request.epoch === agent.epoch) this.finish(agent, request)
    })
  }

  private finish(agent: SimAgent, request: Request): void {
    const { nowMs } = this.events
    agent.account(nowMs)
    agent.serving.delete(request)
    agent.present--
    agent.served++
    agent.averageMs += PACE_STEP * (request.workMs - agent.averageMs)
    agent.pace.done(request.workMs, nowMs)
    agent.recent[agent.served % RECENT] = { met: request.met, tookMs: nowMs - request.takenMs }
    const next = agent.waiting.shift()
    if (next !== undefined) this.serve(agent, next)
    request.told = agent.tell(nowMs)
    this.hooks.changed(agent)
    this.hooks.served(agent, request)
  }

  private trouble(agent: SimAgent): void {
    const { seed } = this.world.options
    const slowing = streamOf(seed, 1, agent.traits.index)
    const failing = streamOf(seed, 2, agent.traits.index)
    const turn = (): void => {
      agent.slowness = agent.slowness === 1 ? TROUBLES.slowdown : 1
      this.events.after(exponential(slowing, agent.slowness === 1 ? TROUBLES.swiftForMs : TROUBLES.slowForMs), turn)
    }
    const fall = (): void => {
      if (agent.isDown) this.recover(agent)
      else this.crash(agent)
      this.events.after(exponential(failing, agent.isDown ? TROUBLES.downForMs : TROUBLES.upForMs), fall)
    }
    this.events.after(exponential(slowing, TROUBLES.swiftForMs), turn)
    this.events.after(exponential(failing, TROUBLES.upForMs), fall)
  }

  private crash(agent: SimAgent): void {
    if (agent.isDown) return
    agent.account(this.events.nowMs)
    agent.isDown = true
    agent.downAtMs = this.events.nowMs
    agent.epoch++
    agent.present = 0
    const lost = [...agent.serving, ...agent.waiting.splice(0)]
    agent.serving.clear()
    for (const request of lost) this.fail(agent, request, 'down', SILENCE_MS)
    this.hooks.crashed(agent)
  }

  private recover(agent: SimAgent): void {
    if (!agent.isDown) return
    agent.isDown = false
    this.hooks.recovered(agent)
  }

  /** In the flash crowd's first seconds the largest agent is lost for half a minute. */
  private loseLargest(): void {
    const largest = this.agents.reduce((most, agent) => (rateOf(agent) > rateOf(most) ? agent : most))
    const fromMs = flashOf(this.world.options.warmSeconds).fromMs
    this.events.at(fromMs + 5_000, () => this.crash(largest))
    this.events.at(fromMs + 35_000, () => this.recover(largest))
  }
}

/** When the flash crowd comes and goes: half a minute behind the begin of measuring, for half a minute. */
export function flashOf(warmSeconds: number): { fromMs: number; toMs: number } {
  return { fromMs: (warmSeconds + 30) * 1_000, toMs: (warmSeconds + 60) * 1_000 }
}

function rateOf({ traits }: SimAgent): number {
  return traits.slots / traits.serviceMs
}

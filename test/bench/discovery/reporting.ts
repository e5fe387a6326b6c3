/**
 * How regions come to know the load of agents, and what that costs. Agents report to the authority; regions have that from
 * there by asking every few seconds (*pull*), or by being told of changes in batches (*push*). One message is counted for a
 * report, one for each region that a batch goes to, and two for a pull.
 */
import { causeToTell, type LoadReading } from '../../../src/client/reporter.ts'
import { untoldSessions, untoldWholly } from '../../../src/discovery/ranking/silence.ts'
import type { SimAgent } from './agents.ts'
import { streamOf } from './chances.ts'
import type { Events } from './events.ts'
import type { Told } from './request.ts'
import type { World } from './world.ts'

/** What is known of one agent. */
export interface Report extends Told {
  readonly isAlive: boolean
  readonly arrivals: number
  /** Work since the report before: requests done and refused a second, and the part of the slots that was in use. */
  readonly servedRate: number
  readonly refusedRate: number
  readonly usage: number
  readonly sequence: number
}

/** How reports travel; times in ms. `threshold` is the θ of a profile (src/discovery/ranking/silence.ts). `batchMs`: between two batches to a region that is asked once a second; to others by the root of how often. */
export type Reach =
  | { readonly by: 'pull'; readonly reportEveryMs: number; readonly pullEveryMs: number }
  | { readonly by: 'push'; readonly threshold: number; readonly leastGapMs: number; readonly keepaliveMs: number; readonly batchMs: number }

/** Milliseconds over which a region's questions are counted, and between two batches to it at least and at most. */
const RATE_MS = 3_000
const LEAST_BATCH_MS = 50
const MOST_BATCH_MS = 1_000
/** What happens within so many ms of a batch that is overdue goes with it. */
const TOGETHER_MS = 20

/** Milliseconds from the authority to a region, and until the authority notices that an agent is gone. */
const DELAY_MS = 60
const NOTICE_MS = 1_000

/** What reports came to. */
export interface ReportHooks {
  /** A region has a newer report; also stands in `views`. */
  reported(region: number, agent: number): void
  /** A region has pulled. */
  pulled(region: number): void
}

interface Counted {
  atMs: number
  served: number
  refusals: number
  busyMs: number
}

/** Carries reports from all agents to all regions. */
export class Reporting {
  /** The newest report by region and agent. */
  readonly views: Report[][]
  /** Messages so far. */
  messages = 0
  private readonly latest: Report[]
  private readonly counted: Counted[]
  /** Of each region: reports that it is to be told, when it was told last, and its questions a ms, as they were at that time. */
  private readonly told: { changed: Set<number>; lastMs: number; perMs: number; atMs: number }[]
  private readonly world: World
  private readonly events: Events
  private readonly reach: Reach
  private readonly hooks: ReportHooks

  constructor(world: World, events: Events, reach: Reach, hooks: ReportHooks) {
    this.world = world
    this.events = events
    this.reach = reach
    this.hooks = hooks
    this.latest = world.agents.map(({ slots, serviceMs, lie }) => ({
      atMs: 0, active: 0, slots: lie === 'boast' ? slots * 4 : slots, serviceMs: lie === 'boast' ? serviceMs / 4 : serviceMs,
      isAlive: true, arrivals: 0, servedRate: 0, refusedRate: 0, usage: 0, sequence: 0,
    }))
    this.counted = world.agents.map(() => ({ atMs: 0, served: 0, refusals: 0, busyMs: 0 }))
    this.views = world.regions.map(() => [...this.latest])
    this.told = world.regions.map(() => ({ changed: new Set(), lastMs: 0, perMs: 0, atMs: 0 }))
  }

  /** Begins; each agent and region at another moment. */
  start(agents: readonly SimAgent[]): void {
    const even = streamOf(this.world.options.seed, 3, 0)
    const { reach, events } = this
    const everyMs = reach.by === 'pull' ? reach.reportEveryMs : 1_000
    for (const agent of agents) events.after(everyMs * even(), () => this.tick(agent, everyMs))
    if (reach.by === 'pull') this.views.forEach((_, region) => events.after(reach.pullEveryMs * even(), () => this.pull(region, reach.pullEveryMs)))
  }

  /** The load of an agent has changed: it reports if the product's reporter would. */
  loadChanged(agent: SimAgent): void {
    const { reach } = this
    const known = this.latest[agent.traits.index]
    if (reach.by === 'pull' || agent.isDown || this.events.nowMs - known.atMs < reach.leastGapMs) return
    const { room } = agent.traits
    const advice = { threshold: untoldSessions(reach.threshold, known.slots, untoldWholly(known.slots, known.serviceMs)) / known.slots, periodMs: reach.keepaliveMs }
    const cause = causeToTell(loadOf(known, room), loadOf(agent.tell(this.events.nowMs), room), 0, advice)
    if (cause !== undefined) this.report(agent)
  }

  /** An agent is there again. */
  recovered(agent: SimAgent): void {
    if (this.reach.by === 'push') this.report(agent)
  }

  private tick(agent: SimAgent, everyMs: number): void {
    const { reach, events } = this
    const known = this.latest[agent.traits.index]
    if (agent.isDown) {
      const noticeMs = reach.by === 'push' ? NOTICE_MS : 2.5 * reach.reportEveryMs
      const silentMs = events.nowMs - (reach.by === 'push' ? agent.downAtMs : known.atMs)
      if (known.isAlive && silentMs > noticeMs) this.publish(agent.traits.index, { ...known, isAlive: false, sequence: known.sequence + 1, atMs: events.nowMs })
    } else if (reach.by === 'pull' || events.nowMs - known.atMs >= reach.keepaliveMs) this.report(agent)
    events.after(everyMs, () => this.tick(agent, everyMs))
  }

  private report(agent: SimAgent): void {
    const { nowMs } = this.events
    const { index } = agent.traits
    agent.account(nowMs)
    const before = this.counted[index]
    const ms = Math.max(1, nowMs - before.atMs)
    this.counted[index] = { atMs: nowMs, served: agent.served, refusals: agent.refusals, busyMs: agent.busyMs }
    this.publish(index, {
      ...agent.tell(nowMs), isAlive: true, arrivals: agent.arrivals, sequence: this.latest[index].sequence + 1,
      servedRate: ((agent.served - before.served) / ms) * 1_000,
      refusedRate: ((agent.refusals - before.refusals) / ms) * 1_000,
      usage: (agent.busyMs - before.busyMs) / (ms * agent.traits.slots),
    })
  }

  /** A question comes to a region. */
  asked(region: number): void {
    const { nowMs } = this.events
    const asked = this.told[region]
    asked.perMs = asked.perMs * Math.exp((asked.atMs - nowMs) / RATE_MS) + 1 / RATE_MS
    asked.atMs = nowMs
  }

  private publish(index: number, report: Report): void {
    this.messages++
    this.latest[index] = report
    if (this.reach.by === 'pull') return
    for (const [region, { changed }] of this.told.entries()) {
      if (changed.size === 0) this.events.after(this.untilBatchMs(region, this.reach.batchMs), () => this.push(region))
      changed.add(index)
    }
  }

  private untilBatchMs(region: number, batchMs: number): number {
    const { nowMs } = this.events
    const { perMs, atMs, lastMs } = this.told[region]
    const perSecond = perMs * Math.exp((atMs - nowMs) / RATE_MS) * 1_000
    const gapMs = Math.min(MOST_BATCH_MS, Math.max(LEAST_BATCH_MS, batchMs / Math.sqrt(1 + perSecond)))
    return Math.max(TOGETHER_MS, lastMs + gapMs - nowMs)
  }

  private push(region: number): void {
    this.messages++
    const { changed } = this.told[region]
    const batch = [...changed].map((index) => ({ index, report: this.latest[index] }))
    changed.clear()
    this.told[region].lastMs = this.events.nowMs
    this.events.after(DELAY_MS, () => {
      for (const { index, report } of batch) this.take(region, index, report)
    })
  }

  private pull(region: number, everyMs: number): void {
    this.messages += 2
    this.latest.forEach((report, index) => this.take(region, index, report))
    this.hooks.pulled(region)
    this.events.after(everyMs, () => this.pull(region, everyMs))
  }

  private take(region: number, index: number, report: Report): void {
    if (report.sequence <= this.views[region][index].sequence) return
    this.views[region][index] = report
    this.hooks.reported(region, index)
  }
}

function loadOf({ active, slots, serviceMs }: Told, queue: number): LoadReading {
  return { active, concurrency: slots, queue, serviceMs }
}

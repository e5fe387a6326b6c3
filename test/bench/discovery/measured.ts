/** What askers met in one run, and what it cost. */
import type { Request } from './request.ts'
import { utilityOf, type AgentTraits, type World } from './world.ts'

/** The figures of one run. Times in seconds; an asker that was given up counts as half a minute. */
export interface Result {
  readonly requests: number
  readonly mean: number
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** Failed attempts, and requests given up, for each request. */
  readonly errors: number
  readonly failures: number
  readonly utility: number
  /** Messages spent for each request. */
  readonly messages: number
  /** Share of each agent in all requests sent. */
  readonly shares: readonly number[]
  /** Share of agents that lie, by ten seconds from the very begin. */
  readonly liars: readonly number[]
}

const GIVEN_UP_MS = 30_000
const SPAN_MS = 10_000

/** Gathers the figures of one run. */
export class Measure {
  private readonly world: World
  private readonly fromMs: number
  private readonly times: number[] = []
  private readonly sentTo: number[]
  private readonly spans: { all: number; liars: number }[] = []
  private errors = 0
  private failures = 0
  private utility = 0

  constructor(world: World) {
    this.world = world
    this.fromMs = world.options.warmSeconds * 1_000
    this.sentTo = world.agents.map(() => 0)
  }

  /** A request goes to an agent. */
  sent(agent: number, nowMs: number): void {
    const span = (this.spans[Math.floor(nowMs / SPAN_MS)] ??= { all: 0, liars: 0 })
    span.all++
    if (this.world.agents[agent].lie !== 'none') span.liars++
    if (nowMs >= this.fromMs) this.sentTo[agent]++
  }

  answered({ bornMs, kind }: Request, agent: AgentTraits, nowMs: number): void {
    if (bornMs < this.fromMs) return
    const tookMs = Math.min(GIVEN_UP_MS, nowMs - bornMs)
    this.times.push(tookMs)
    this.utility += utilityOf(kind, agent, tookMs)
  }

  /** An attempt failed. */
  failed({ bornMs }: Request): void {
    if (bornMs >= this.fromMs) this.errors++
  }

  gaveUp({ bornMs }: Request): void {
    if (bornMs < this.fromMs) return
    this.failures++
    this.times.push(GIVEN_UP_MS)
  }

  /** The figures, where so many messages were spent. */
  result(messages: number): Result {
    const sorted = Float64Array.from(this.times).sort()
    const count = sorted.length
    const at = (part: number): number => sorted[Math.min(count - 1, Math.floor(part * count))] / 1_000
    const sent = this.sentTo.reduce((sum, one) => sum + one, 0)
    return {
      requests: count, mean: sorted.reduce((sum, one) => sum + one, 0) / count / 1_000, p50: at(0.5), p99: at(0.99), p999: at(0.999),
      errors: this.errors / count, failures: this.failures / count, utility: this.utility / count, messages: messages / count,
      shares: this.sentTo.map((one) => one / sent), liars: Array.from(this.spans, (span) => (span === undefined ? 0 : span.liars / span.all)),
    }
  }
}

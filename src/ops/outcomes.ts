/**
 * Outcomes of demands, from whichever thread read them to the desk that weighs them (src/discovery/sense/outcomes.ts):
 * those of socket threads through rings that are looked into every OUTCOME_TICK_MS, those of the main thread at once.
 *
 *     socket threads ── ring each ──▶ drain ──▶ OutcomeDesk ──▶ the tables that all threads read
 *     main thread, core (signed) ───────────────▶ ┘
 */
import type { Query } from '../authority/query.ts'
import { OUTCOME_TICK_MS, OUTCOME_TOLD_MS } from '../dns/limits-discovery.ts'
import type { Demand } from '../discovery/ranking/demand.ts'
import { endOfOutcomes } from '../discovery/ranking/reading.ts'
import type { OutcomeRing } from '../discovery/sense/outcome-ring.ts'
import { type Asker, askerAt, askerWith, type OutcomeDesk } from '../discovery/sense/outcomes.ts'
import type { Clock } from '../transport/clock.ts'
import type { Signer } from '../update/contract.ts'
import type { OutcomeSink } from './answering.ts'
import { Ticker } from './ticker.ts'

/** What it is made of. */
export interface OutcomeWaysOptions {
  desk: OutcomeDesk
  clock: Pick<Clock, 'every' | 'nowMs'>
  /** Rings of the threads that live now. */
  rings: () => readonly OutcomeRing[]
  /** Told how many demands' outcomes were lost since the last time. */
  onLost: (demands: number) => void
}

/** The ways of outcomes; one for the whole server. */
export class OutcomeWays {
  /** For what the main thread reads by itself. */
  readonly direct: OutcomeSink
  /** Who has signed the query that the core answers now. */
  private signer: Signer | undefined
  private readonly options: OutcomeWaysOptions
  private readonly ticker: Ticker
  private unprovenHere = 0
  private lostTold = 0
  private toldAtMs = -Infinity

  constructor(options: OutcomeWaysOptions) {
    this.options = options
    this.direct = (query, demand, isProven) => this.take(query, demand, isProven)
    this.ticker = new Ticker(options.clock, OUTCOME_TICK_MS, () => this.drain())
  }

  /** Looks into the rings only while a zone in service has agents that can be told of. */
  watch(hasAgents: boolean): void {
    this.ticker.want(hasAgents)
  }

  /** What `answer` answers, with what it passes to `direct` as told by `signer`. */
  signedBy(signer: Signer | undefined, answer: () => number): number {
    this.signer = signer
    try {
      return answer()
    } finally {
      this.signer = undefined
    }
  }

  /** Takes what the threads have left. */
  drain(): void {
    const { desk, rings } = this.options
    for (const ring of rings()) ring.drain(({ address, owner, rrClass, value }) => desk.take(askerAt(address), owner, rrClass, value))
    this.count()
  }

  /** Takes what is left, and looks no more. */
  stop(): void {
    this.ticker.want(false)
    this.drain()
  }

  private take({ octets, qnameAt, qnameLength, qclass, peer }: Query, { octets: told, outcome }: Demand, isProven: boolean): void {
    if (!isProven && this.signer === undefined) return void this.unprovenHere++
    const value = told.slice(outcome.at, endOfOutcomes(told, outcome.at, outcome.end))
    this.options.desk.take(this.askerOf(peer.address), octets.slice(qnameAt, qnameAt + qnameLength), qclass, value)
  }

  private askerOf(address: Uint8Array): Asker {
    return this.signer === undefined ? askerAt(address) : askerWith(this.signer)
  }

  /** Tells of losses at most once in OUTCOME_TOLD_MS. */
  private count(): void {
    const { desk: { counts }, rings, onLost, clock } = this.options
    const all = rings()
    counts['outcome_left.unproven'] = this.unprovenHere + all.reduce((sum, { unproven }) => sum + unproven, 0)
    const lost = all.reduce((sum, ring) => sum + ring.lost, 0)
    counts['outcome_left.lost'] = lost
    if (lost <= this.lostTold || clock.nowMs() - this.toldAtMs < OUTCOME_TOLD_MS) return
    onLost(lost - this.lostTold)
    this.lostTold = lost
    this.toldAtMs = clock.nowMs()
  }
}

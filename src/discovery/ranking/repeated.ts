/**
 * Whether a question is the one that was ranked last, at the same moment: a thread's clock stands still for a batch, and many
 * who ask a busy thread at once ask the same. What was scored for the first of them then holds for the others while no agent of
 * the zone changes, but for those who have been chosen since, which their own counters tell.
 */
import { MAX_REPEATED_DEMAND_OCTETS } from '../../dns/limits-discovery.ts'
import type { CandidateTable, CapabilityMatch } from './candidates.ts'
import type { Demand } from './demand.ts'
import type { CandidateFilter } from './filter.ts'
import { TABLE } from './table-layout.ts'

/** The question ranked last. */
export class RepeatedQuestion {
  private table: CandidateTable | null = null
  private changes = 0
  private index = 0
  private from = 0
  private count = 0
  private nowMs = 0
  private kappa = 0
  /** Of the filter: another run of it has left other things in it. */
  private runs = 0
  private protocols = 0
  private readonly demand = new Uint8Array(MAX_REPEATED_DEMAND_OCTETS)
  private demandOctets = 0

  /** To be called before anything is read for a question: what changes from here on is seen. */
  begin(table: CandidateTable): void {
    this.table = null
    this.changes = Atomics.load(table.header, TABLE.changes)
  }

  /** Whatever is asked next is another question. */
  forget(): void {
    this.table = null
  }

  /** Takes note of a question that was ranked since `begin`; one whose demand is long, or is no longer what was read, is none that can be repeated. */
  note(table: CandidateTable, match: CapabilityMatch, demand: Demand, filter: CandidateFilter, nowMs: number, kappa: number): void {
    const { octets, from, end } = demand
    if (!demand.isAsRead || end - from > MAX_REPEATED_DEMAND_OCTETS) return
    this.table = table
    this.index = match.index
    this.from = match.from
    this.count = match.count
    this.nowMs = nowMs
    this.kappa = kappa
    this.runs = filter.runs
    this.protocols = filter.protocols
    this.demandOctets = end - from
    for (let i = 0; i < this.demandOctets; i++) this.demand[i] = octets[from + i]
  }

  /** Whether the same is asked for again. */
  is(table: CandidateTable, match: CapabilityMatch, demand: Demand, filter: CandidateFilter, nowMs: number, kappa: number): boolean {
    return this.table === table && this.nowMs === nowMs && this.from === match.from && this.count === match.count && this.index === match.index
      && this.changes === Atomics.load(table.header, TABLE.changes) && this.kappa === kappa
      && this.runs === filter.runs && this.protocols === filter.protocols && this.isDemand(demand)
  }

  private isDemand({ octets, from, end, isAsRead }: Demand): boolean {
    if (!isAsRead || end - from !== this.demandOctets) return false
    for (let i = 0; i < this.demandOctets; i++) if (this.demand[i] !== octets[from + i]) return false
    return true
  }
}

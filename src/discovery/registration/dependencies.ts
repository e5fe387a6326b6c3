/**
 * Dependencies (docs/protocol.md 3, `depends`): a capability that needs another is not offered while nobody offers that
 * one. Its registration stands and waits; it is served when the other comes, and waits again when the other goes.
 */
import { RCODE, TYPE } from '../../dns/codes.ts'
import { MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { DEPENDENCY_NOTES_KEPT } from '../../dns/limits-discovery.ts'
import { keyInClass, Name } from '../../dns/name.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import type { Change, KeptWrite, Verdict, ZoneDraft } from '../../update/contract.ts'
import { SECURITY } from '../identifier/capability.ts'
import type { ZoneId } from '../lease/lease.ts'
import type { LeaseBooks } from '../lease/books.ts'
import type { OwnChanges } from '../lease/expiry.ts'
import type { Lease, LeasedRecord } from '../lease/lease.ts'
import { parameterIn } from './message.ts'
import { settleRegistration } from './settle.ts'

/** Capabilities that a record of type AGENT says it needs. */
export function dependenciesOf(record: Pick<LeasedRecord, 'type' | 'rdata'>): readonly Name[] {
  return (record.type === TYPE.AGENT ? parameterIn(record.rdata, PARAMETERS.depends) : undefined) ?? NONE
}

const NONE: readonly Name[] = []

/** The first capability that a record needs and nobody offers; undefined where all are there. What lies outside of the zone is not ours to know. */
export function missingDependency(record: LeasedRecord, draft: ZoneDraft): Name | undefined {
  return dependenciesOf(record).find((name) => name.isWithin(draft.apex) && !isOffered(name, draft))
}

/** Whether an agent stands at the capability, by any security. */
function isOffered(name: Name, draft: ZoneDraft): boolean {
  if (draft.has(name, TYPE.AGENT)) return true
  return SECURITY.some((word) => name.wire.length + word.length < MAX_NAME_OCTETS && draft.has(Name.parse(word, name), TYPE.AGENT))
}

/** The records with their state: waiting or not. */
export function withStates(records: readonly LeasedRecord[], draft: ZoneDraft): LeasedRecord[] {
  return records.map((record) => {
    const { owner, type, ttl, rdata } = record
    return missingDependency(record, draft) === undefined ? { owner, type, ttl, rdata } : { owner, type, ttl, rdata, waiting: true }
  })
}

/** An agent that needs something. */
interface Dependent {
  zone: ZoneId
  name: Name
}

/**
 * Who depends on what, in memory, and who is to be looked at again. An agent that leaves, or needs less, is not looked for at once: as soon as
 * there are twice as many notes as held the last time, all are held against the leases, so that there are no more than that for long.
 */
export class Dependents {
  private readonly books: LeaseBooks
  /** Agents by class and capability that they need. */
  private readonly agents = new Map<string, Map<string, Dependent>>()
  private noted = 0
  private sweepAbove = DEPENDENCY_NOTES_KEPT
  private readonly pending = new Map<string, { zone: ZoneId; agents: Map<string, Name> }>()

  constructor(books: LeaseBooks) {
    this.books = books
  }

  /** Notes that are kept: one for each agent and capability that it needs. */
  get size(): number {
    return this.noted
  }

  /** Takes note of what a lease depends on. */
  note(lease: Lease): void {
    const [{ name }] = lease.units
    for (const id of needsOf(lease)) {
      const agents = this.agents.get(id) ?? new Map<string, Dependent>()
      if (!agents.has(name.key)) this.noted++
      this.agents.set(id, agents.set(name.key, { zone: { name: lease.zone, class: lease.class }, name }))
    }
  }

  /** Forgets who has left or needs it no more. */
  private sweep(): void {
    for (const [id, agents] of this.agents) {
      for (const [key, { zone, name }] of agents) {
        const entry = this.books.of(zone).claimOf(name)
        if (entry === undefined || !needsOf(entry.lease).has(id)) agents.delete(key)
      }
      if (agents.size === 0) this.agents.delete(id)
    }
    this.noted = [...this.agents.values()].reduce((sum, { size }) => sum + size, 0)
    this.sweepAbove = Math.max(DEPENDENCY_NOTES_KEPT, 2 * this.noted)
  }

  /** Told of changes: who depends on a capability that came or went is looked at again by `settle`. */
  changed(zone: ZoneId, changes: readonly Change[]): void {
    if (this.agents.size === 0) return
    for (const { type, owner } of changes) {
      if (type !== TYPE.AGENT) continue
      for (const name of [owner, owner.parent()]) for (const [key, agent] of this.agents.get(keyInClass({ name, class: zone.class })) ?? []) this.pend(zone, key, agent.name)
    }
  }

  private pend(zone: ZoneId, key: string, agent: Name): void {
    const id = keyInClass(zone)
    const pending = this.pending.get(id) ?? { zone: { name: zone.name, class: zone.class }, agents: new Map<string, Name>() }
    this.pending.set(id, pending)
    pending.agents.set(key, agent)
  }

  /** Lets those who wait be served, and those who miss something wait, by one transaction for each zone. */
  async settle(engine: OwnChanges): Promise<void> {
    if (this.noted > this.sweepAbove) this.sweep()
    const pending = [...this.pending.values()]
    this.pending.clear()
    await Promise.all(
      pending.map(async ({ zone, agents }) => {
        const { rcode } = await engine.carryOut({ zone, carryOut: (draft, nowMs) => this.lookAgain(zone, [...agents.values()], draft, nowMs) })
        if (rcode === RCODE.SERVFAIL) for (const [key, agent] of agents) this.pend(zone, key, agent)
      }),
    )
  }

  private lookAgain(zone: ZoneId, agents: readonly Name[], draft: ZoneDraft, nowMs: number): Verdict {
    const book = this.books.of(zone)
    const kept: KeptWrite[] = []
    for (const agent of agents) {
      const entry = book.claimOf(agent)
      if (entry === undefined || entry.lease.units[0].leaseEndMs <= nowMs) continue
      const { lease } = entry
      const next = { ...lease, units: lease.units.map((unit) => ({ ...unit, records: withStates(unit.records, draft) })) }
      if (statesOf(next) === statesOf(lease)) continue
      const settled = settleRegistration(book, draft, next, [entry])
      if (!Array.isArray(settled)) return { ...settled, flow: 'dependencies' }
      kept.push(...settled)
    }
    return { rcode: RCODE.NOERROR, flow: 'dependencies', kept, reason: 'a capability that others depend on came or went' }
  }
}

const NOTHING: ReadonlySet<string> = new Set<string>()

/** What a lease depends on, as class and capability. */
function needsOf({ class: leaseClass, units }: Lease): ReadonlySet<string> {
  let needs: Set<string> | undefined
  for (const { records } of units) {
    for (const record of records) for (const name of dependenciesOf(record)) (needs ??= new Set<string>()).add(keyInClass({ name, class: leaseClass }))
  }
  return needs ?? NOTHING
}

function statesOf({ units }: Lease): string {
  return units.flatMap(({ records }) => records.map(({ waiting }) => (waiting === true ? 'w' : 's'))).join('')
}

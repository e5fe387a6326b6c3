/**
 * When whose turn is: every agent of a zone that probes is asked once in a period, within a budget for the zone, one probe at a
 * time for each agent and each address. Whoever fails `fall` times in a row is no choice any more, until it passes `rise` times.
 *
 *     tick ─► walk: who is there? ─► due? ─► budget, address free? ─► check ─► Health ─► Registrar.setHealth, told
 *                                       no: a little later ◄──┘
 *
 * Time, chance and the asking itself are handed in; src/ops/probing.ts gives the true ones.
 */
import { MAX_PROBED_AGENTS, MAX_PROBES_UNDER_WAY, PROBE_ADDRESS_GAP_MS, PROBE_TICK_MS, PROBE_TURNS_PER_TICK, PROBE_WALK_SLOTS } from '../../dns/limits-discovery.ts'
import { Name } from '../../dns/name.ts'
import { DueHeap } from '../lease/due-heap.ts'
import type { Slot } from '../ranking/candidates.ts'
import type { Registrar } from '../ranking/registrar.ts'
import { TABLE } from '../ranking/table-layout.ts'
import { Health, type HealthRules } from './health.ts'
import type { NotProbed, ProbeTarget } from './target.ts'

/** A zone whose agents are probed, as it is now. */
export interface ProbedZone {
  readonly id: string
  readonly rules: HealthRules & { readonly budget: number }
  readonly registrar: Registrar
  targetOf(agent: Name, slot: Slot): ProbeTarget | NotProbed
  /** Resolves with why the agent does not live, or with nothing. Never rejects, and ends in bounded time. */
  check(target: ProbeTarget): Promise<string | undefined>
}

/** What an operator is told: an agent went out of the answers, or came back. */
export interface HealthTurned {
  readonly zone: string
  readonly agent: string
  readonly isOut: boolean
  /** Of the last probe that it failed. */
  readonly reason: string
}

/** The world of a prober. */
export interface ProberOptions {
  /** Milliseconds of a clock that does not jump. */
  readonly nowMs: () => number
  readonly random: () => number
  readonly zones: () => readonly ProbedZone[]
  readonly onTurned: (turned: HealthTurned) => void
}

const ENDED = 'probes of agents, by what came of them; late: put off, as the budget was spent or the address being asked'
const TURNED = 'agents that probes have taken out of the answers, or brought back'
const LEFT = 'turns in which an agent could not be probed, by why'

/** What is counted, and what one more means. */
export const PROBE_COUNTERS = {
  'probe.passed': ENDED,
  'probe.failed': ENDED,
  'probe.late': ENDED,
  'probe_turned.out': TURNED,
  'probe_turned.back': TURNED,
  'probe_left.keyless': LEFT,
  'probe_left.addressless': LEFT,
  'probe_left.address': LEFT,
  'probe_left.port': LEFT,
} as const
/** One of them. */
export type ProbeCounter = keyof typeof PROBE_COUNTERS

/** One agent that is looked after. */
interface Watched {
  readonly id: number
  readonly agent: Name
  readonly health: Health
  /** Of the last probe that it failed. */
  reason: string
}

/** One zone's agents, whose turn is when, and what may still be spent on them. */
interface Ward {
  zone: ProbedZone
  readonly agents: Map<string, Watched>
  readonly byId: (Watched | undefined)[]
  readonly freeIds: number[]
  readonly due: DueHeap
  /** Slot to go on with when new agents are looked for. */
  cursor: number
  tokens: number
  atMs: number
}

/** Probes; `tick` is to be called every PROBE_TICK_MS. */
export class Prober {
  readonly counts = Object.fromEntries(Object.keys(PROBE_COUNTERS).map((name) => [name, 0])) as Record<ProbeCounter, number>
  private readonly options: ProberOptions
  private readonly wards = new Map<string, Ward>()
  /** When an address may be asked again; Infinity while it is being asked. */
  private readonly addresses = new Map<string, number>()
  private underWay = 0

  constructor(options: ProberOptions) {
    this.options = options
  }

  /** Agents that are looked after. */
  get size(): number {
    let size = 0
    for (const { agents } of this.wards.values()) size += agents.size
    return size
  }

  /** Looks who is there and whose turn it is. */
  tick(): void {
    const nowMs = this.options.nowMs()
    const zones = new Map(this.options.zones().map((zone) => [zone.id, zone]))
    for (const [id, ward] of this.wards) if (ward.zone.registrar !== zones.get(id)?.registrar) this.release(ward)
    if (this.addresses.size > MAX_PROBES_UNDER_WAY) for (const [key, freeMs] of this.addresses) if (freeMs <= nowMs) this.addresses.delete(key)
    for (const zone of zones.values()) {
      const ward = this.wardOf(zone, nowMs)
      this.walk(ward, nowMs)
      this.turns(ward, nowMs)
    }
  }

  private wardOf(zone: ProbedZone, nowMs: number): Ward {
    const ward = this.wards.get(zone.id) ?? { zone, agents: new Map(), byId: [], freeIds: [], due: new DueHeap(), cursor: 0, tokens: zone.rules.budget, atMs: nowMs }
    ward.zone = zone
    this.wards.set(zone.id, ward)
    return ward
  }

  /** A zone that is not probed any more: all of its agents count as alive. */
  private release(ward: Ward): void {
    for (const one of ward.agents.values()) this.forget(ward, one)
    this.wards.delete(ward.zone.id)
  }

  /** Notes whoever has come since; a part of the table each time, so that a large one costs no more. */
  private walk(ward: Ward, nowMs: number): void {
    const { registrar, rules } = ward.zone
    const { header, heap, i32 } = registrar.table
    const top = header[TABLE.top]
    let slot = ward.cursor >= top ? 0 : ward.cursor
    for (const end = Math.min(top, slot + PROBE_WALK_SLOTS); slot < end; slot++) {
      if (i32.rdataLength[slot] === 0) continue
      const agent = Name.fromWire(heap, i32.rdataAt[slot] + 2)
      if (!ward.agents.has(agent.key) && this.size < MAX_PROBED_AGENTS) watch(ward, agent, nowMs + this.options.random() * rules.periodMs)
    }
    ward.cursor = slot
  }

  /** Those whose turn it is, the longest due first, as long as the budget lasts. */
  private turns(ward: Ward, nowMs: number): void {
    const { due, zone: { registrar, rules: { budget } } } = ward
    ward.tokens = Math.min(budget, ward.tokens + ((nowMs - ward.atMs) / 1_000) * budget)
    ward.atMs = nowMs
    for (let turns = 0; turns < PROBE_TURNS_PER_TICK && due.nextMs <= nowMs; turns++) {
      if (ward.tokens < 1 || this.underWay >= MAX_PROBES_UNDER_WAY) return void this.counts['probe.late']++
      const one = ward.byId[due.takeDue(nowMs, 1)[0]] as Watched
      if (registrar.knows(one.agent)) this.turn(ward, one, nowMs)
      else this.forget(ward, one)
    }
  }

  private forget({ agents, byId, due, freeIds, zone: { registrar } }: Ward, one: Watched): void {
    if (one.health.isOut) registrar.setHealth(one.agent.wire, true)
    agents.delete(one.agent.key)
    due.delete(one.id)
    byId[one.id] = undefined
    freeIds.push(one.id)
  }

  private turn(ward: Ward, one: Watched, nowMs: number): void {
    const { due, zone } = ward
    const [slot] = zone.registrar.slotsOf(one.agent.wire)
    const target = zone.targetOf(one.agent, slot)
    if (typeof target === 'string') {
      this.counts[`probe_left.${target}`]++
      if (one.health.isOut) return this.forget(ward, one) // nothing is known of where it is now
      return due.set(one.id, nowMs + zone.rules.periodMs)
    }
    const address = target.address.join('.')
    const freeMs = this.addresses.get(address) ?? 0
    if (freeMs > nowMs) {
      this.counts['probe.late']++
      const fromMs = freeMs === Infinity ? nowMs + PROBE_TICK_MS : freeMs
      return due.set(one.id, fromMs + PROBE_ADDRESS_GAP_MS * this.options.random()) // by chance, so that all who share it have their turn
    }
    this.addresses.set(address, Infinity)
    this.underWay++
    ward.tokens--
    void zone.check(target).then((reason) => {
      this.underWay--
      const endMs = this.options.nowMs()
      this.addresses.set(address, endMs + PROBE_ADDRESS_GAP_MS)
      if (ward.byId[one.id] === one) this.settle(ward, one, reason, endMs - nowMs)
    })
  }

  private settle({ due, zone }: Ward, one: Watched, reason: string | undefined, tookMs: number): void {
    const { health, agent } = one
    const isAlive = reason === undefined
    this.counts[isAlive ? 'probe.passed' : 'probe.failed']++
    if (!isAlive) one.reason = reason
    const hasTurned = health.note(isAlive, zone.rules)
    zone.registrar.setHealth(agent.wire, !health.isOut) // each time, as it may offer something new
    if (hasTurned) {
      this.counts[health.isOut ? 'probe_turned.out' : 'probe_turned.back']++
      this.options.onTurned({ zone: zone.id, agent: agent.toString(), isOut: health.isOut, reason: one.reason })
    }
    due.set(one.id, this.options.nowMs() + Math.max(0, health.waitMs(zone.rules, this.options.random()) - tookMs))
  }
}

function watch({ agents, byId, due, freeIds }: Ward, agent: Name, dueMs: number): void {
  const id = freeIds.pop() ?? byId.length
  const one: Watched = { id, agent, health: new Health(), reason: '' }
  byId[id] = one
  agents.set(agent.key, one)
  due.set(id, dueMs)
}

/**
 * Readings fetched when an asker wants them fresher than they are (`max-age` of a demand, docs/protocol.md 6): the server asks some of
 * the agents itself, with the demand, so that one that cannot meet it stays silent, and answers with what has come by the deadline.
 *
 *     freshen ─► may the asker see them? ─► who is older than max-age, and tells where it answers (`sense-port`)? ─► budgets ─► at most `fanOut` asked ─► report
 *                   no: answered at once           nobody: answered at once                           spent: answered as it is
 *
 * One question to us makes at most `fanOut` small ones, to agents that have said that they want them, at their own addresses; nobody is
 * asked twice at once, and no host oftener than it answers (pull-budget.ts). An answer counts where the server hears it: from the address and port that it asked, with its id and question (RFC 5452 9.1).
 */
import { OPTION, RCODE, TYPE } from '../../dns/codes.ts'
import { WireFault } from '../../dns/faults.ts'
import { MAX_PULL_ASKERS, MAX_PULL_DEMAND_OCTETS, MAX_PULL_LOOKS, MAX_PULL_WAITING, PULL_GAP_MS, PULL_REST_MS } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../dns/message.ts'
import { Name } from '../../dns/name.ts'
import { decodeParameters, encodeParameters, PARAMETERS } from '../../dns/parameters.ts'
import { valueAt } from '../faces/offer-fields.ts'
import { CapabilityMatch, type Slot } from '../ranking/candidates.ts'
import { ABSENT, Demand } from '../ranking/demand.ts'
import { AGENT_AT, readingIn } from '../ranking/reading.ts'
import { TABLE } from '../ranking/table-layout.ts'
import type { Candidates } from '../ranking/zone-candidates.ts'
import { PullBudget, Shares } from './pull-budget.ts'
import type { PullTarget } from './pull-target.ts'

/** Who wants fresher readings: where it asks from, and the key that has been proven. */
export interface PullAsker {
  readonly address: Uint8Array
  /** Of the address, as its share is counted. */
  readonly network: string
  readonly signer?: Name
}

/** How readings of a zone are fetched. */
export interface PullRules {
  /** Agents asked for one question, at most. */
  readonly fanOut: number
  readonly deadlineMs: number
  /** Questions of one asker's network that fetch readings, in PULL_SHARE_MS. */
  readonly share: number
  /** Messages to all of its agents in PULL_SHARE_MS. */
  readonly budget: number
}

/** A zone whose agents may be asked. */
export interface PulledZone {
  /** Its name and class. */
  readonly id: string
  readonly candidates: Candidates
  readonly rules: PullRules
  /** Whether the asker may see its agents. */
  isOpenTo(asker: PullAsker): boolean
  /** Where the agent of a slot is asked; undefined where it may not be. */
  targetOf(agent: Name, slot: Slot): PullTarget | undefined
}

/** What it needs of the world. */
export interface PullWorld {
  /** Milliseconds since 1970, by the clock that leases run by. */
  nowMs(): number
  /** A number from 0 up to 1 that nobody can foresee. */
  random(): number
  zoneAbove(owner: Name, rrClass: number): PulledZone | undefined
  /** The first datagram from there, or undefined after `timeoutMs`. Never rejects. */
  ask(target: PullTarget, query: Uint8Array, timeoutMs: number): Promise<Uint8Array | undefined>
}

const ASKED = 'agents asked for their readings, by what came of it'
const LEFT = 'questions that wanted fresher readings and fetched none, by why: the asker may not see the agents, its network has spent its share, too many wait'
const SPARED = 'agents that were not asked though their reading is old, by why: their host has told too little, the budget of the zone is spent, no address or port that may be asked'
/** What is counted, and what one more means. */
export const PULL_COUNTERS = {
  'pull.taken': ASKED,
  'pull.silent': ASKED,
  'pull.useless': ASKED,
  'pull_left.forbidden': LEFT,
  'pull_left.spent': LEFT,
  'pull_left.waiting': LEFT,
  'pull_spared.host': SPARED,
  'pull_spared.budget': SPARED,
  'pull_spared.target': SPARED,
} as const
/** One of them. */
export type PullCounter = keyof typeof PULL_COUNTERS

/** Keys of a demand that are no agent's business. */
const OURS = [PARAMETERS.outcome.key, PARAMETERS.intent.key, PARAMETERS['max-age'].key]

/** What is asked of an agent. */
interface Asked {
  owner: Name
  agent: Name
  rrClass: number
  demand: Uint8Array | undefined
}

/** Fetches readings; one for the whole server, on the thread that writes the tables. */
export class Puller {
  readonly counts = Object.fromEntries(Object.keys(PULL_COUNTERS).map((name) => [name, 0])) as Record<PullCounter, number>
  private readonly world: PullWorld
  private readonly demand = new Demand()
  private readonly match = new CapabilityMatch()
  /** Agents that are being asked. */
  private readonly flights = new Map<string, Promise<void>>()
  /** Until when an agent is left alone. */
  private readonly resting = new Map<string, number>()
  private readonly shares: Shares
  private readonly budget: PullBudget
  /** Questions that wait. */
  private waiting = 0

  constructor(world: PullWorld) {
    this.world = world
    this.shares = new Shares(() => world.nowMs())
    this.budget = new PullBudget(() => world.nowMs())
  }

  /** Resolves when the readings that the demand in `octets` wants have come, or the deadline has; undefined where nobody is to be asked. */
  freshen(owner: Name, rrClass: number, octets: Uint8Array, asker: PullAsker): Promise<void> | undefined {
    const { demand, world, counts } = this
    // a need in words is about a capability that is not known yet
    if (!demand.read(octets, 0, octets.length) || demand.maxAgeMs === ABSENT || demand.intent.isPresent) return undefined
    const zone = world.zoneAbove(owner, rrClass)
    const slots = zone === undefined ? [] : this.staleOf(zone, owner, demand.maxAgeMs)
    if (zone === undefined || slots.length === 0) return undefined
    const why = this.refusalOf(zone, asker)
    if (why !== undefined) {
      counts[why]++
      return undefined
    }
    const passedOn = withoutOurs(octets)
    this.waiting++
    return Promise.all(slots.map((slot) => this.pull(zone, slot, rrClass, passedOn))).then(() => void this.waiting--)
  }

  /** Why nobody is asked for this asker: first whether it may see them, so that who may not spends nothing. */
  private refusalOf(zone: PulledZone, asker: PullAsker): PullCounter | undefined {
    if (!zone.isOpenTo(asker)) return 'pull_left.forbidden'
    if (this.waiting >= MAX_PULL_WAITING) return 'pull_left.waiting'
    return this.shares.take(asker.network, zone.rules.share) ? undefined : 'pull_left.spent'
  }

  /** Up to `fanOut` of those older than the demand wants, from a place of chance on, so that all have their turn where there are more. */
  private staleOf({ candidates: { registrar: { table } }, rules: { fanOut } }: PulledZone, owner: Name, maxAgeMs: number): Slot[] {
    const lookup = new LookupName(table.header[TABLE.seed])
    lookup.load(owner.wire, 0)
    if (!table.lookup(lookup, this.match)) return []
    const { order, from, count } = this.match
    const nowMs = this.world.nowMs()
    const slots: Slot[] = []
    const first = Math.floor(this.world.random() * count)
    for (let i = 0; i < Math.min(count, MAX_PULL_LOOKS) && slots.length < fanOut; i++) {
      const slot = order[from + ((first + i) % count)]
      const { f64, i32 } = table
      const isLive = i32.rdataLength[slot] > 0 && f64.leaseEndMs[slot] > nowMs && i32.unwell[slot] === 0 && i32.binding[slot] !== 1
      if (isLive && nowMs - f64.readingAtMs[slot] > maxAgeMs && valueAt(table, slot, PARAMETERS['sense-port'].key) !== 0) slots.push(slot)
    }
    return slots
  }

  private pull(zone: PulledZone, slot: Slot, rrClass: number, demand: Uint8Array | undefined): Promise<void> {
    const { registrar } = zone.candidates
    const agent = Name.fromWire(registrar.table.heap, registrar.table.i32.rdataAt[slot] + AGENT_AT)
    const underWay = this.flights.get(agent.key)
    if (underWay !== undefined) return underWay
    if ((this.resting.get(agent.key) ?? 0) > this.world.nowMs()) return Promise.resolve()
    const target = zone.targetOf(agent, slot)
    const spared = target === undefined ? 'target' : this.budget.take(target.address, zone.id, zone.rules.budget)
    if (target === undefined || spared !== undefined) {
      this.counts[`pull_spared.${spared ?? 'target'}`]++
      return Promise.resolve()
    }
    const flight = this.ask(zone, target, { owner: Name.fromWire(registrar.ownerOf(slot)), agent, rrClass, demand }).then((isTaken) => {
      this.flights.delete(agent.key)
      if (isTaken) this.budget.welcome(target.address)
      this.rest(agent.key, isTaken ? PULL_GAP_MS : PULL_REST_MS)
    })
    this.flights.set(agent.key, flight)
    return flight
  }

  private rest(key: string, forMs: number): void {
    const nowMs = this.world.nowMs()
    this.resting.set(key, nowMs + forMs)
    if (this.resting.size > MAX_PULL_ASKERS) for (const [other, untilMs] of this.resting) if (untilMs <= nowMs) this.resting.delete(other)
  }

  /** Whether a reading came that is newer than what was known. */
  private async ask(zone: PulledZone, target: PullTarget, { owner, agent, rrClass, demand }: Asked): Promise<boolean> {
    const query = senseQuery(Math.floor(this.world.random() * 0x1_0000), owner, rrClass, demand)
    const octets = await this.world.ask(target, encodeMessage(query), zone.rules.deadlineMs)
    if (octets === undefined) {
      this.counts['pull.silent']++
      return false
    }
    const rdata = senseIn(octets, query, agent)
    const { registrar, sensing } = zone.candidates
    const isTaken = rdata !== undefined && sensing.report(registrar.slotOf(owner.wire, agent.wire), readingIn(rdata), this.world.nowMs(), true) === 'taken'
    this.counts[isTaken ? 'pull.taken' : 'pull.useless']++
    return isTaken
  }
}

/** The question for an agent's reading at a capability. */
export function senseQuery(id: number, name: Name, rrClass: number, demand: Uint8Array | undefined): Message {
  const options = demand === undefined || demand.length === 0 ? [] : [{ code: OPTION.DEMAND, octets: demand }]
  return makeMessage({ id, agent: true, questions: [{ name, type: TYPE.SENSE, class: rrClass }], edns: { udpSize: 512, version: 0, dnssecOk: false, compactOk: false, options } })
}

/** RDATA of the SENSE record about `agent` that answers `query`; undefined where the octets are no such answer. */
export function senseIn(octets: Uint8Array, query: Message, agent: Name): Uint8Array | undefined {
  const [asked] = query.questions
  try {
    const { id, response, rcode, questions, answers } = decodeMessage(octets)
    const isAnswer = response && id === query.id && rcode === RCODE.NOERROR && questions.length === 1 && questions[0].type === TYPE.SENSE && questions[0].name.equals(asked.name)
    if (!isAnswer || questions[0].class !== asked.class) return undefined
    return answers.find(({ name, type, rdata }) => type === TYPE.SENSE && name.equals(asked.name) && Name.fromWire(rdata, AGENT_AT).equals(agent))?.rdata
  } catch (fault) {
    if (fault instanceof WireFault) return undefined
    throw fault
  }
}

/** What of a demand is passed on to agents; undefined where it is too long for that. */
function withoutOurs(octets: Uint8Array): Uint8Array | undefined {
  const list = new Map([...decodeParameters(octets, 'DEMAND')].filter(([key]) => !OURS.includes(key)))
  const passedOn = encodeParameters(list)
  return passedOn.length > MAX_PULL_DEMAND_OCTETS ? undefined : passedOn
}

/**
 * Waggle as a policy: the product's own code, not a copy. Each region is a resolver with a table of candidates of its own;
 * agents are registered with their claims, reports go through `Sensing`, and requests are demands that `Ranker` answers.
 *
 *     report, outcome ──► Sensing ──► CandidateTable ──► Ranker ──► the first agent of the answer
 */
import { CapabilityMatch, type Slot } from '../../../src/discovery/ranking/candidates.ts'
import { Demand } from '../../../src/discovery/ranking/demand.ts'
import { DRAINING } from '../../../src/discovery/ranking/metrics.ts'
import { Ranker } from '../../../src/discovery/ranking/rank.ts'
import { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import { Sensing } from '../../../src/discovery/ranking/sensing.ts'
import { DEFAULT_RANKING, type RankingSettings } from '../../../src/discovery/ranking/settings.ts'
import { RESULT } from '../../../src/discovery/ranking/values.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name } from '../../../src/dns/name.ts'
import { agentRdata, BEGIN_MS, CAPABILITY, demandOctets, SEED } from '../../discovery/ranking/hive.ts'
import type { Policy, Scene } from './policy.ts'
import type { Report, Reach } from './reporting.ts'
import { agentOf, type Failure, type Request } from './request.ts'
import type { AgentTraits, DemandKind, Place } from './world.ts'

const FAILED = DRAINING + 1
const OWNER = Name.parse(CAPABILITY).wire
/** A price at which nothing is left of what cheapness is worth. */
const FREE_PRICE = 1.2
/** Agents of an answer whose asker does not say how many (docs/protocol.md 4). */
const LIST = 8
const RESULTS = { busy: RESULT.busy, down: RESULT.unreachable } as const

/** The product, with its defaults but for `changed`. */
export function waggle(changed: Partial<RankingSettings> = {}): (scene: Scene) => Policy {
  return (scene) => {
    const resolvers = scene.world.regions.map((place) => new Resolver(scene, place, { ...DEFAULT_RANKING, ...changed }))
    return {
      pick: (request) => resolvers[request.region].pick(request),
      reported: (region, agent) => resolvers[region].report(agent, scene.views[region][agent]),
      failed: (request) => resolvers[request.region].failed(request),
      passedOn: (request, tookMs, servedMs) => resolvers[request.region].passedOn(request, tookMs, servedMs),
    }
  }
}

/**
 * The product behind caches that know nothing of it: one server has all reports at once, and each region holds a list of
 * eight for `ttlMs`. Askers take any of them, as software does with addresses.
 */
export function waggleBehindCaches(ttlMs: number, changed: Partial<RankingSettings> = {}): (scene: Scene) => Policy {
  return (scene) => {
    const server = new Resolver(scene, scene.world.regions[0], { ...DEFAULT_RANKING, ...changed })
    const cached = scene.world.regions.map(() => ({ untilMs: -1, list: [] as number[] }))
    return {
      reported: (region, agent) => region === 0 && server.report(agent, scene.views[0][agent]),
      pick(request) {
        const answer = cached[request.region]
        if (answer.untilMs <= scene.nowMs()) {
          answer.list = server.answer({ ...request, tried: [] }, LIST)
          answer.untilMs = scene.nowMs() + ttlMs
        }
        const left = answer.list.filter((agent) => !request.tried.includes(agent))
        return left.length > 0 ? left[Math.floor(scene.even() * left.length)] : -1
      },
    }
  }
}

/** How a zone is told that its agents report, as its profile has it. */
export function reportingOf(reach: Reach): RankingSettings['reporting'] {
  const { periodMs, threshold } = DEFAULT_RANKING.reporting
  if (reach.by === 'push') return { periodMs: [reach.keepaliveMs, ...periodMs.slice(1)], threshold: [reach.threshold, ...threshold.slice(1)] }
  return { periodMs: [reach.reportEveryMs + reach.pullEveryMs, ...periodMs.slice(1)], threshold: [0, ...threshold.slice(1)] }
}

/** One region's resolver. */
class Resolver {
  private readonly scene: Scene
  private readonly place: Place
  private readonly registrar: Registrar
  private readonly sensing: Sensing
  private readonly ranker: Ranker
  private readonly match = new CapabilityMatch()
  private readonly demands = new Map<DemandKind, Demand>()
  private readonly slots: Slot[]
  private readonly agents: number[] = []

  constructor(scene: Scene, place: Place, settings: RankingSettings) {
    this.scene = scene
    this.place = place
    this.registrar = new Registrar(SEED, undefined, scene.world.agents.length)
    this.sensing = new Sensing(this.registrar)
    this.ranker = new Ranker(settings, scene.even)
    for (const agent of scene.world.agents) this.registrar.put({ owner: OWNER, rdata: agentRdata(labelOf(agent.index), claimsOf(agent, scene.views[0][agent.index])), ttl: 60, leaseEndMs: Infinity })
    this.registrar.commit()
    this.slots = scene.world.agents.map(({ index }) => this.registrar.slotOf(OWNER, Name.parse(nameOf(index)).wire))
    this.slots.forEach((slot, agent) => (this.agents[slot] = agent))
    const name = new LookupName(SEED)
    name.load(OWNER, 0)
    this.registrar.table.lookup(name, this.match)
  }

  pick(request: Request): number {
    return this.answer(request, 1)[0] ?? -1
  }

  /** The best for a request, at most so many; the first counts as chosen. */
  answer(request: Request, most: number): number[] {
    const { ranker, registrar: { table }, match } = this
    ranker.rank(table, match, this.demandOf(request), this.nowMs, most)
    if (ranker.count > 0) ranker.hand(table, ranker.slots[0], this.nowMs)
    return Array.from(ranker.slots.subarray(0, ranker.count), (slot) => this.agents[slot])
  }

  report(agent: number, { atMs, sequence, active, slots, serviceMs, arrivals, isAlive }: Report): void {
    const state = isAlive ? 0 : FAILED
    const told = isAlive ? { active, slots, serviceMs, arrivals } : {}
    this.sensing.report(this.slots[agent], { atMs: BEGIN_MS + atMs, sequence: sequence & 0xffff, state, ...told }, this.nowMs)
  }

  failed(request: Request): void {
    const failure = request.failure as Exclude<Failure, 'nobody'>
    this.observe(request, RESULTS[failure], this.scene.nowMs() - request.sentMs, request.told?.atMs ?? this.scene.nowMs())
  }

  passedOn(request: Request, tookMs: number, servedMs: number): void {
    const { accuracy } = this.scene.world.agents[agentOf(request)]
    this.observe(request, request.luck < accuracy ? RESULT.done : RESULT.wrong, tookMs, servedMs)
  }

  private observe(request: Request, result: number, latencyMs: number, atMs: number): void {
    this.sensing.observe(this.slots[agentOf(request)], { result, latencyMs, active: request.told?.active ?? 0, atMs: BEGIN_MS + atMs }, this.nowMs)
  }

  private get nowMs(): number {
    return BEGIN_MS + this.scene.nowMs()
  }

  private demandOf({ kind, tried }: Request): Demand {
    if (tried.length > 0) return demandFor(kind, this.place, tried.filter((agent) => agent >= 0))
    const known = this.demands.get(kind)
    if (known !== undefined) return known
    const demand = demandFor(kind, this.place, [])
    this.demands.set(kind, demand)
    return demand
  }
}

function labelOf(agent: number): string {
  return `a${agent}`
}

function nameOf(agent: number): string {
  return `${labelOf(agent)}._sa.acme.example.`
}

/** What an agent registers: what it has told first, true or not. */
function claimsOf({ accuracy, price, provider, place, room, weight }: AgentTraits, { slots, serviceMs }: Report): string {
  const claims = `latency=${Math.round(serviceMs * 1_000)}us accuracy=${accuracy.toFixed(4)} concurrency=${slots} cost=${price.toFixed(6)}`
  return `${claims} queue=${room} provider=${providerOf(provider)} location=${placeOf(place)}${weight > 0 ? ` weight=${weight}` : ''}`
}

/**
 * A demand as an asker in the region writes it who values what `kind` does: patience as the bound of latency, what a price may be
 * as that of cost, and preferences in the measure of those bounds.
 */
function demandFor(kind: DemandKind, place: Place, avoid: readonly number[]): Demand {
  const { weights, leastAccuracy, patienceMs, provider } = kind
  const mostPrice = Math.min(kind.mostPrice, FREE_PRICE)
  const wishes = [`near=${placeOf(place)}`, `prefer=${preferOf({ ...weights, price: weights.price * (mostPrice / FREE_PRICE) })}`]
  if (leastAccuracy > 0) wishes.push(`accuracy=${leastAccuracy}`)
  if (weights.price > 0) wishes.push(`cost=${mostPrice}`, `latency=${patienceMs}ms`)
  if (provider >= 0) wishes.push(`provider=${providerOf(provider)}`)
  if (avoid.length > 0) wishes.push(`avoid=${avoid.map(nameOf).join(',')}`)
  const demand = new Demand()
  const octets = demandOctets(wishes.join(' '))
  if (!demand.read(octets, 0, octets.length)) throw new Error(`Cannot read the demand ${wishes.join(' ')}`)
  return demand
}

function preferOf({ latency, accuracy, price }: DemandKind['weights']): string {
  return [['latency', latency], ['accuracy', accuracy], ['cost', price]].filter(([, weight]) => Number(weight) > 0)
    .map(([name, weight]) => `${name}:${Math.round(Number(weight) * 100)}`).join(',')
}

function placeOf({ latitude, longitude }: Place): string {
  return `${latitude.toFixed(6)},${longitude.toFixed(6)}`
}

function providerOf(provider: number): string {
  return `p${provider}.example.`
}

/**
 * The flows of discovery, joined: what looks at an update before it is ordinary, the book of leases that all of them
 * share, and the clock that ends them (docs/protocol.md 6).
 *
 *     discoveryFlows(options) ─► flows, nowMs for the engine ─► start(engine), then open its zones ─► … ─► stop()
 */
import { LEASE_TICK_MS } from '../dns/limits-discovery.ts'
import type { Name } from '../dns/name.ts'
import type { Keeper, UpdateFlow, ZoneDraft } from '../update/contract.ts'
import type { UpdateEngine } from '../update/engine.ts'
import type { Grants } from '../update/grants.ts'
import type { ZoneId } from './lease/lease.ts'
import { ALL_SHOWN } from './faces/names.ts'
import { LeaseBooks } from './lease/books.ts'
import { Expiry } from './lease/expiry.ts'
import { LeaseFlow, type Loading } from './lease/flow.ts'
import { type ClockSources, SteadyClock } from './lease/steady-clock.ts'
import { type LeaseLimits, ORDINARY_LIMITS, SRP_LIMITS } from './lease/terms.ts'
import type { Permissions } from './registration/policy.ts'
import { Dependents } from './registration/dependencies.ts'
import { ZoneCandidates } from './ranking/zone-candidates.ts'
import { RegistrationFlow } from './registration/flow.ts'
import { agentNamed, agentsOf, type RegisteredAgent } from './registration/registry.ts'
import { type IsWatched, SenseFlow } from './sense/flow.ts'
import { SrpFlow } from './srp/flow.ts'

/** The world that discovery runs in. */
export interface DiscoveryOptions {
  /** The engine's own. */
  keeper: Keeper
  clock: ClockSources
  /** Runs a function again and again, `ms` apart, until what it gives is called. */
  readonly every: (ms: number, run: () => void) => () => void
  readonly onFault: (fault: unknown) => void
  /** How a zone is open to registrations; undefined where it is not. */
  policyOf?: Permissions['policyOf']
  /** Bits of the faces that a zone shows; by default all. */
  facesOf?: (zone: ZoneId) => number
  /** The zone that default.service.arpa. stands for (RFC 9665 3.2.2). */
  defaultZone?: () => Name | undefined
  /** The process's hash seed, as that of the zones; by default 0. */
  seed?: number
  /** A zone's candidates stand in another block: threads must be told of `candidates.tablesFor`. Not called in the midst of it. */
  onTables?: () => void
  /** Whether somebody is told of each reading there; by default nobody is. */
  isWatched?: IsWatched
  /** Bounds of leases by SRP; by default those of RFC 9665 5.1. */
  srpLimits?: LeaseLimits
  /** Bounds of leases on ordinary updates; by default those of RFC 9664 8. */
  limits?: LeaseLimits
  /** Leases that a zone may have; by default MAX_LEASES. */
  mostLeases?: number
}

/** The flows with their clock. */
export interface Discovery {
  /** For the engine, in this order. */
  readonly flows: readonly UpdateFlow[]
  /** Who may be answered, in every zone. */
  readonly candidates: ZoneCandidates
  /** The time that leases run by: for the engine (`nowMs`) and all that compares with their ends. */
  readonly nowMs: () => number
  /** Leases in force. */
  readonly leases: number
  /** Leases in force in a zone. */
  leasesIn(zone: Pick<ZoneId, 'name' | 'class'>): number
  /** What to add to the monotonic clock for the time of leases. */
  readonly originMs: number
  /** The agents of a zone, or the one of that name, for their operator. WireFault where the store is damaged. */
  agents(zone: ZoneId, name?: Name): Iterable<RegisteredAgent>
  /** Before the engine opens its first zone, when the keeper can read what it kept. */
  start(engine: UpdateEngine): void
  /** Resolves when the leases that were due have ended. */
  settled(): Promise<void>
  /** Notes of who depends on what: at most twice as many as hold, above a few. */
  readonly dependencies: number
  /** Ends no further lease; resolves when what is under way is done. */
  stop(): Promise<void>
}

/** The flows of a server; they count once they are given to its engine and `start` is called. */
export function discoveryFlows(options: DiscoveryOptions): Discovery {
  const { keeper, clock, every, onFault, limits = ORDINARY_LIMITS, srpLimits = SRP_LIMITS, mostLeases } = options
  const { policyOf = () => undefined, defaultZone = () => undefined, seed = 0, onTables = () => undefined, facesOf = () => ALL_SHOWN } = options
  const books = new LeaseBooks(keeper, mostLeases)
  const candidates = new ZoneCandidates({ books, seed, expects: (zone) => policyOf(zone) !== undefined, facesOf, onTables, nowMs: () => steady.nowMs() })
  const dependents = new Dependents(books)
  let steady = new SteadyClock(clock)
  const nowMs = (): number => steady.nowMs()
  let engine: UpdateEngine | undefined
  let halt = (): void => undefined
  let ticking: Promise<void> = Promise.resolve()
  const grantsOf = ({ apex, class: zoneClass }: ZoneDraft): Grants => {
    const zone = engine?.find(apex, zoneClass)
    if (zone === undefined) throw new Error('Cannot judge an update as the engine has not been started')
    return zone.grants
  }
  const loading: Loading = {
    begin: (zone) => candidates.loading(zone),
    onLease: (lease) => dependents.note(lease),
    onLaid: (record, endMs) => candidates.laid(record, endMs),
  }
  return {
    candidates,
    flows: [
      candidates,
      new SenseFlow(candidates, grantsOf, options.isWatched),
      new SrpFlow(books, { limits: srpLimits, defaultZone, policyOf, grantsOf, known: candidates }),
      new RegistrationFlow(books, dependents, { limits, policyOf, grantsOf, known: candidates }),
      new LeaseFlow(books, limits, grantsOf, loading),
    ],
    leasesIn: (zone) => books.of(zone).size,
    agents(zone, name) {
      const one = name && agentNamed(books, zone, name)
      return name === undefined ? agentsOf(books, zone) : one === undefined ? [] : [one]
    },
    nowMs,
    get originMs() {
      return steady.offsetMs
    },
    get leases() {
      return books.size
    },
    get dependencies() {
      return dependents.size
    },
    start(started) {
      engine = started
      steady = new SteadyClock(clock, Math.max(books.lastSeenMs(), nowMs()))
      const expiry = new Expiry(books, started, nowMs)
      halt = every(LEASE_TICK_MS, () => {
        candidates.forgetEnded()
        ticking = Promise.all([ticking, expiry.tick().then(() => dependents.settle(started))]).then(() => undefined, onFault)
      })
    },
    settled: () => ticking,
    stop() {
      halt()
      return ticking
    },
  }
}

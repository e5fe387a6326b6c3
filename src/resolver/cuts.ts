/**
 * The best servers to ask (RFC 1034 5.3.3 step 2): of the nearest zone above a name whose servers are known or configured.
 * Delegations come from parents only (classify.ts) and end with the parent's TTL, so that a zone that was taken away
 * does not live on by its own word (ghost domains).
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_DELEGATION_SERVERS, MAX_SERVER_ADDRESSES } from '../dns/limits-resolver.ts'
import { Name } from '../dns/name.ts'
import type { Referral } from './classify.ts'
import { TRUST, type ConfiguredZone, type Endpoint, type RRset, type Settings } from './contract.ts'
import { nowSeconds, type World } from './steps.ts'

/** A zone, and who serves it. */
export interface Cut {
  readonly zone: Name
  readonly kind: 'delegation' | 'stub' | 'forward' | 'hints'
  /** Addresses that are known; more come by lookups. */
  readonly endpoints: Endpoint[]
  /** Servers that have a name only. */
  readonly nameless: Name[]
  /** Lookups made for it so far. */
  lookups: number
  /** A lookup was given up by a bound of ours, so that nothing is said of the zone by it. */
  isCurtailed: boolean
}

/** The nearest zone whose servers can be asked for `name`. DS is the parent's to answer (RFC 4035 3.1.4.1), so the search for it begins there. */
export function nearestCut(world: World, name: Name, type: number): Cut {
  const start = type === TYPE.DS && name.labelCount > 0 ? name.parent() : name
  const configured = configuredFor(world.settings, start)
  if (configured?.kind === 'forward') return configuredCut(configured)
  for (let zone = start; ; zone = zone.parent()) {
    if (configured?.name.equals(zone) === true) return configuredCut(configured)
    const known = world.cache.find(zone, TYPE.NS, nowSeconds(world), TRUST.additional)
    const cut = known?.kind === 'records' ? delegationCut(world, zone, known.rrset, []) : undefined
    if (cut !== undefined && isUsable(cut)) return cut
    if (zone.labelCount === 0) return hintedCut(world.settings)
  }
}

/** The configured zone that `name` lies in, the innermost one. */
export function configuredFor({ zones }: Pick<Settings, 'zones'>, name: Name): ConfiguredZone | undefined {
  let best: ConfiguredZone | undefined
  for (const zone of zones) {
    if (name.isWithin(zone.name) && (best === undefined || zone.name.isWithin(best.name))) best = zone
  }
  return best
}

/** The zone that a referral leads to. */
export function referredCut(world: World, { zone, servers, glue }: Referral): Cut {
  return delegationCut(world, zone, servers, glue)
}

function configuredCut({ name, kind, servers }: ConfiguredZone): Cut {
  return { zone: name, kind, endpoints: [...servers], nameless: [], lookups: 0, isCurtailed: false }
}

/** The roots that were configured (RFC 8109 2): SBELT of RFC 1034 5.3.2. */
function hintedCut({ hints, ...settings }: Settings): Cut {
  const endpoints = hints.flatMap(({ addresses }) => addresses.map((address) => ({ address, port: settings.port })))
  return { zone: Name.root, kind: 'hints', endpoints: endpoints.filter((endpoint) => isReachable(settings, endpoint)), nameless: [], lookups: 0, isCurtailed: false }
}

function delegationCut(world: World, zone: Name, servers: RRset, glue: readonly RRset[]): Cut {
  const cut: Cut = { zone, kind: 'delegation', endpoints: [], nameless: [], lookups: 0, isCurtailed: false }
  for (const { rdata } of servers.records.slice(0, MAX_DELEGATION_SERVERS)) {
    const name = Name.fromWire(rdata)
    const found = addressesOf(world, name, glue)
    if (found.length === 0) cut.nameless.push(name)
    cut.endpoints.push(...usableEndpoints(world.settings, found))
  }
  return cut
}

/** What is known of a server's addresses: by the cache, where it may be more than glue, else by the referral or the hints. */
function addressesOf(world: World, name: Name, glue: readonly RRset[]): Uint8Array[] {
  const found = [TYPE.A, TYPE.AAAA].flatMap((type) => {
    const known = world.cache.find(name, type, nowSeconds(world), TRUST.additional)
    if (known?.kind === 'records') return addressesIn(known.rrset)
    return glue.filter((set) => set.type === type && set.name.equals(name)).flatMap(addressesIn)
  })
  return found.length > 0 ? found : [...(world.settings.hints.find((hint) => hint.name.equals(name))?.addresses ?? [])]
}

/** The addresses of an RRset of A or AAAA, as many as are looked at. */
export function addressesIn({ type, records }: RRset): Uint8Array[] {
  if (type !== TYPE.A && type !== TYPE.AAAA) return []
  return records.slice(0, MAX_SERVER_ADDRESSES).map(({ rdata }) => rdata)
}

/** Those of the addresses that may be asked: of a family that is there, and none that the world should not send us to. */
export function usableEndpoints(settings: Settings, addresses: readonly Uint8Array[]): Endpoint[] {
  return addresses.map((address) => ({ address, port: settings.port })).filter((endpoint) => isReachable(settings, endpoint) && !settings.neverAsk.holds(endpoint.address))
}

function isReachable({ ipv4, ipv6 }: Pick<Settings, 'ipv4' | 'ipv6'>, { address }: Endpoint): boolean {
  return address.length === 4 ? ipv4 : ipv6
}

/** Servers that are named below their own zone can only be found by glue (RFC 9471 2.1): without, the parent must be asked anew. */
function isUsable({ zone, endpoints, nameless }: Cut): boolean {
  return endpoints.length > 0 || nameless.some((name) => !name.isWithin(zone))
}

/**
 * What a batch of updates does to the offers at each capability, agent by agent, so that one more agent costs the same
 * however many are there. Where the changes alone do not tell, all offers at the capability are taken as they are now:
 * where an alias comes or goes, an agent stands there twice, or the table could not take everybody.
 */
import { TYPE } from '../../dns/codes.ts'
import type { Name } from '../../dns/name.ts'
import type { Change, ServedZone } from '../../update/contract.ts'
import { agentKey, knownEnds, type LeaseEndOf, type Offers, replaceAt } from './from-image.ts'
import type { Registrar } from './registrar.ts'

/** A change of an AGENT record, and when the lease ends that it stands by, in ms since 1970: Infinity for none, or where it is removed. */
export type AgentChange = Pick<Change, 'kind' | 'owner' | 'ttl' | 'rdata'> & { readonly leaseEndMs: number }

/** One AGENT record to be. */
interface Offered {
  readonly ttl: number
  readonly rdata: Uint8Array
  readonly leaseEndMs: number
}

/** What becomes of one capability: those who offer it no more and those who offer it newly or otherwise, or all offers as they are now, with the ends of their leases. */
export type OfferChange = { readonly owner: Uint8Array } & (
  | { readonly gone: readonly Uint8Array[]; readonly come: readonly Offered[] }
  | { readonly all: Offers; readonly endOf: LeaseEndOf }
)

const NO_OFFERS: Offers = { ttl: 0, rdatas: [] }
const NOBODY: readonly never[] = []

/** The net of `changes`, in order, for a registrar that holds what was before; `served` has them all. The ends of leases are asked for where all offers are taken as they are. */
export function netOffers(changes: readonly AgentChange[], registrar: Registrar | undefined, served: ServedZone, leaseEndOf: LeaseEndOf): OfferChange[] {
  const owners = new Map<string, { owner: Name; changes: AgentChange[] }>()
  for (const change of changes) {
    const { owner } = change
    const known = owners.get(owner.key)
    if (known === undefined) owners.set(owner.key, { owner, changes: [change] })
    else known.changes.push(change)
  }
  return [...owners.values()].map((one) => (registrar && netAt(one.owner, one.changes, registrar, served)) ?? allAt(one.owner, registrar, served, leaseEndOf))
}

function allAt(name: Name, registrar: Registrar | undefined, served: ServedZone, leaseEndOf: LeaseEndOf): OfferChange {
  const owner = name.wire
  const all = served.rrset(name, TYPE.AGENT) ?? NO_OFFERS
  const endOf = knownEnds(registrar, leaseEndOf)
  const ends = new Map(all.rdatas.map((rdata) => [rdata, endOf(owner, rdata)]))
  return { owner, all, endOf: (_, rdata) => ends.get(rdata) ?? Infinity }
}

/** Undefined where the changes do not tell. */
function netAt(owner: Name, changes: readonly AgentChange[], registrar: Registrar, served: ServedZone): OfferChange | undefined {
  const [first] = changes
  if (changes.length === 1 && first.kind === 'added') return comes(owner, first, registrar, served)
  const agents = new Map<string, Agent>()
  for (const change of changes) {
    const { kind, rdata } = change
    if (isAlias(rdata)) return undefined
    const key = agentKey(rdata)
    const agent = agents.get(key) ?? new Agent(registrar.offerOf(owner.wire, rdata.subarray(2)))
    agents.set(key, agent)
    if (kind === 'removed' ? !agent.lose(rdata) : !agent.take(change)) return undefined
  }
  const all = [...agents.values()]
  const gone = all.flatMap(({ held, now }) => (held !== undefined && now === undefined ? [held.subarray(2)] : []))
  const come = all.flatMap(({ now }) => (now === undefined ? [] : [now]))
  const added = come.length - all.filter(({ held, now }) => held !== undefined && now !== undefined).length
  const count = registrar.offersAt(owner.wire) + added - gone.length
  return count === served.count(owner, TYPE.AGENT) ? { owner: owner.wire, gone, come } : undefined
}

/** The same for one agent that comes and nothing else, as most do. */
function comes(owner: Name, change: AgentChange, registrar: Registrar, served: ServedZone): OfferChange | undefined {
  const { rdata } = change
  if (isAlias(rdata) || registrar.slotOf(owner.wire, rdata.subarray(2)) >= 0) return undefined
  return registrar.offersAt(owner.wire) + 1 === served.count(owner, TYPE.AGENT) ? { owner: owner.wire, gone: NOBODY, come: [change] } : undefined
}

/** One agent at one capability, while the changes are gone through. */
class Agent {
  /** RDATA before all of them. */
  readonly held: Uint8Array | undefined
  /** What it offers by now. */
  now: Offered | undefined

  constructor(held: Omit<Offered, 'leaseEndMs'> | undefined) {
    this.held = held?.rdata
    this.now = held && { ttl: held.ttl, rdata: held.rdata, leaseEndMs: Infinity } // it is lost, or nothing of this counts
  }

  /** False where it had another offer. */
  lose(rdata: Uint8Array): boolean {
    if (this.now === undefined || Buffer.compare(this.now.rdata, rdata) !== 0) return false
    this.now = undefined
    return true
  }

  /** False where it has one already. */
  take(change: AgentChange): boolean {
    if (this.now !== undefined) return false
    this.now = change
    return true
  }
}

function isAlias(rdata: Uint8Array): boolean {
  return rdata[0] === 0 && rdata[1] === 0
}

/** Makes the registrar hold what the changes say, not yet committed; leases that have ended by `nowMs` are remembered to have been there. */
export function carryOut(registrar: Registrar, changes: readonly OfferChange[], nowMs?: number): void {
  for (const change of changes) {
    const { owner } = change
    if ('all' in change) {
      replaceAt(registrar, owner, change.all, change.endOf, nowMs)
      continue
    }
    for (const agent of change.gone) registrar.remove(owner, agent, nowMs)
    for (const { ttl, rdata, leaseEndMs } of change.come) registrar.put({ owner, rdata, ttl, leaseEndMs })
  }
}

/**
 * What a batch of updates does to the offers at each capability, agent by agent, so that one more agent costs the same
 * however many are there. Where the changes alone do not tell, all offers at the capability are taken as they are now:
 * where an alias comes or goes, an agent stands there twice, or the table could not take everybody.
 */
import { TYPE } from '../../dns/codes.ts'
import type { Name } from '../../dns/name.ts'
import type { Change, ZoneDraft } from '../../update/contract.ts'
import { agentKey, type LeaseEndOf, type Offers, offer, replaceAt } from './from-image.ts'
import type { Registrar } from './registrar.ts'

/** One AGENT record to be. */
interface Offered {
  readonly ttl: number
  readonly rdata: Uint8Array
}

/** What becomes of one capability: those who offer it no more and those who offer it newly or otherwise, or all offers as they are now. */
export type OfferChange = { readonly owner: Uint8Array } & ({ readonly gone: readonly Uint8Array[]; readonly come: readonly Offered[] } | { readonly all: Offers })

const NO_OFFERS: Offers = { ttl: 0, rdatas: [] }

/** The net of `changes`, in order, for a registrar that holds what was before; `draft` has them all. */
export function netOffers(changes: readonly Change[], registrar: Registrar | undefined, draft: ZoneDraft): OfferChange[] {
  const owners = new Map<string, { owner: Name; changes: Change[] }>()
  for (const change of changes) {
    if (change.type !== TYPE.AGENT) continue
    const { owner } = change
    const known = owners.get(owner.key)
    if (known === undefined) owners.set(owner.key, { owner, changes: [change] })
    else known.changes.push(change)
  }
  return [...owners.values()].map((one) => (registrar && netAt(one.owner, one.changes, registrar, draft)) ?? allAt(one.owner, draft))
}

function allAt(owner: Name, draft: ZoneDraft): OfferChange {
  return { owner: owner.wire, all: draft.rrset(owner, TYPE.AGENT) ?? NO_OFFERS }
}

/** Undefined where the changes do not tell. */
function netAt(owner: Name, changes: readonly Change[], registrar: Registrar, draft: ZoneDraft): OfferChange | undefined {
  const agents = new Map<string, Agent>()
  for (const change of changes) {
    const { kind, rdata, ttl } = change
    if (isAlias(rdata)) return undefined
    const key = agentKey(rdata)
    const agent = agents.get(key) ?? new Agent(registrar.offerOf(owner.wire, rdata.subarray(2)))
    agents.set(key, agent)
    if (kind === 'removed' ? !agent.lose(rdata) : !agent.take(rdata, ttl)) return undefined
  }
  const all = [...agents.values()]
  const gone = all.flatMap(({ held, now }) => (held !== undefined && now === undefined ? [held.subarray(2)] : []))
  const come = all.flatMap(({ now }) => (now === undefined ? [] : [now]))
  const added = come.length - all.filter(({ held, now }) => held !== undefined && now !== undefined).length
  const count = registrar.offersAt(owner.wire) + added - gone.length
  return count === draft.count(owner, TYPE.AGENT) ? { owner: owner.wire, gone, come } : undefined
}

/** One agent at one capability, while the changes are gone through. */
class Agent {
  /** RDATA before all of them. */
  readonly held: Uint8Array | undefined
  /** What it offers by now; without a TTL as long as that is what it was. */
  now: Offered | undefined

  constructor(held: Offered | undefined) {
    this.held = held?.rdata
    this.now = held
  }

  /** False where it had another offer. */
  lose(rdata: Uint8Array): boolean {
    if (this.now === undefined || Buffer.compare(this.now.rdata, rdata) !== 0) return false
    this.now = undefined
    return true
  }

  /** False where it has one already. */
  take(rdata: Uint8Array, ttl: number): boolean {
    if (this.now !== undefined) return false
    this.now = { rdata, ttl }
    return true
  }
}

function isAlias(rdata: Uint8Array): boolean {
  return rdata[0] === 0 && rdata[1] === 0
}

/** Makes the registrar hold what the changes say, not yet committed; the end of a lease is asked for what is new. */
export function carryOut(registrar: Registrar, changes: readonly OfferChange[], leaseEndOf: LeaseEndOf): void {
  for (const change of changes) {
    const { owner } = change
    if ('all' in change) {
      replaceAt(registrar, owner, change.all, leaseEndOf)
      continue
    }
    for (const agent of change.gone) registrar.remove(owner, agent)
    for (const { ttl, rdata } of change.come) offer(registrar, { owner, rdata, ttl }, leaseEndOf)
  }
}

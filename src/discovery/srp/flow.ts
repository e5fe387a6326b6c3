/**
 * Service Registration Protocol (RFC 9665) on the port of every update: what is an SRP Update by its shape and is
 * signed by the KEY that it describes is registered first come, first served; all else is left to the next flow.
 *
 *     shape (classify.ts) ─► signed by its KEY ─► may register here ─► TTLs ─► names free or ours ─► lease of host and instances
 *          no: next flow       no: next flow         REFUSED          REFUSED     YXDOMAIN
 */
import { RCODE, TYPE } from '../../dns/codes.ts'
import type { DnsRecord } from '../../dns/message.ts'
import type { Name } from '../../dns/name.ts'
import type { Refusal, Requester, Update, UpdateFlow, Verdict, ZoneDraft } from '../../update/contract.ts'
import { refuse } from '../../update/refusal.ts'
import { holderOfKey } from '../identifier/agent.ts'
import type { Entry, LeaseBook } from '../lease/book.ts'
import type { LeaseBooks } from '../lease/books.ts'
import type { Lease, LeasedRecord, LeaseUnit } from '../lease/lease.ts'
import { grantLease, type Grant, type LeaseLimits } from '../lease/terms.ts'
import { type KnownAgents, refusalOfNames as refusalOfAliases } from '../registration/aliases.ts'
import { faultOfPort } from '../registration/conflicts.ts'
import { refusalOf, refusalOfKey, type Permissions } from '../registration/policy.ts'
import { settleRegistration } from '../registration/settle.ts'
import { agentsOf } from './capabilities.ts'
import { classifySrp, type SrpInstance, type SrpUpdate } from './classify.ts'
import { renameDefault } from './rename.ts'

/** What SRP needs beside the books. */
export interface SrpOptions extends Permissions {
  limits: LeaseLimits
  known: KnownAgents
  /** The zone that default.service.arpa. stands for; undefined where it is not served. */
  defaultZone(): Name | undefined
}

/** The flow of RFC 9665; the first of all. */
export class SrpFlow implements UpdateFlow {
  readonly name = 'srp'
  private readonly books: LeaseBooks
  private readonly options: SrpOptions

  constructor(books: LeaseBooks, options: SrpOptions) {
    this.books = books
    this.options = options
  }

  rename(update: Update): Update {
    return renameDefault(update, () => this.options.defaultZone())
  }

  take(update: Update, requester: Requester, draft: ZoneDraft, nowMs: number): Verdict | undefined {
    const { signer } = requester
    // an update without a lease is no SRP Update (RFC 9665 5.1), nor is one signed by a key that it is not about
    if (signer?.kind !== 'sig0' || update.lease === undefined) return undefined
    const srp = classifySrp(update)
    if (typeof srp === 'string' || (srp.key !== undefined && Buffer.compare(srp.key, signer.key) !== 0)) return undefined
    const book = this.books.of({ name: draft.apex, class: draft.class })
    const holder = holderOfKey(signer.key)
    const unfit = refusalOf(this.options, update, requester, draft, true) ?? refusalOfKey(srp.host, srp.key)
    const refusal = unfit ?? refusalOfTtls(srp) ?? refusalOfNames(srp, signer.key, holder, book, draft)
    if (refusal !== undefined) return { ...refusal, flow: this.name }
    const grant = grantLease(update.lease, this.options.limits)
    const formers = formersOf(srp, book)
    const before = formers.find(({ lease: { units } }) => units[0].name.equals(srp.host))
    const lease: Lease = { kind: 'agent', zone: draft.apex, class: draft.class, holder, grantedMs: nowMs, units: unitsOf(srp, before, signer.key, grant, nowMs) }
    const unfitting = grant.lease === 0 ? undefined : this.refusalOfAgents(srp.host, lease.units.flatMap(({ records }) => records), formers, draft, book)
    if (unfitting !== undefined) return { ...unfitting, flow: this.name }
    const settled = settleRegistration(book, draft, lease, formers)
    if (!Array.isArray(settled)) return { ...settled, flow: this.name }
    return { rcode: RCODE.NOERROR, flow: this.name, lease: grant.answer, kept: [...settled, this.books.seen(nowMs)] }
  }

  /** What TXT says of an agent is held against what agents may say (docs/protocol.md 6). */
  private refusalOfAgents(host: Name, records: readonly LeasedRecord[], mine: readonly Entry[], draft: ZoneDraft, book: LeaseBook): Refusal | undefined {
    const fault = records.map(faultOfPort).find((text) => text !== undefined)
    return fault === undefined ? refusalOfAliases(host, records, { draft, book, known: this.options.known, mine }) : refuse(RCODE.REFUSED, fault)
  }
}

/** RFC 9665 4. */
function refusalOfTtls({ mixedTtls }: SrpUpdate): Refusal | undefined {
  return mixedTtls ? refuse(RCODE.REFUSED, 'TTLs differ within an RRset') : undefined
}

/** RFC 9665 3.2.4: a name is free, or held by the same key; else YXDOMAIN, and the client takes another. */
function refusalOfNames({ host, instances }: SrpUpdate, key: Uint8Array, holder: Uint8Array, book: LeaseBook, draft: ZoneDraft): Refusal | undefined {
  const taken = [host, ...instances.map(({ name }) => name)].find((name) => !isFreeFor(name, key, holder, book, draft))
  return taken && refuse(RCODE.YXDOMAIN, `${taken} is held by another key`)
}

/** Whether the key may register the name: it is free, or the key's already. */
export function isFreeFor(name: Name, key: Uint8Array | undefined, holder: Uint8Array, book: LeaseBook, draft: ZoneDraft): boolean {
  const claim = book.claimOf(name)
  if (claim !== undefined) return Buffer.compare(claim.lease.holder, holder) === 0
  return draft.types(name).length === 0 || (key !== undefined && draft.holds(name, TYPE.KEY, key))
}

/** The leases that hold names of the update now. */
function formersOf({ host, instances }: SrpUpdate, book: LeaseBook): Entry[] {
  const formers = new Map<number, Entry>()
  for (const name of [host, ...instances.map((instance) => instance.name)]) {
    const entry = book.claimOf(name)
    if (entry !== undefined) formers.set(entry.id, entry)
  }
  return [...formers.values()]
}

/** The host's unit and one for each instance. Instances that the update says nothing of stay as they are, until their own end or that of the host. */
function unitsOf(srp: SrpUpdate, before: Entry | undefined, key: Uint8Array, grant: Grant, nowMs: number): LeaseUnit[] {
  const ends = { leaseEndMs: nowMs + grant.lease * 1_000, keyEndMs: nowMs + grant.keyLease * 1_000 }
  const ttl = srp.addresses[0]?.ttl ?? before?.lease.units[0].records.find(({ type }) => type === TYPE.KEY)?.ttl ?? grant.keyLease
  const keyAt = (owner: Name): LeasedRecord[] => (grant.keyLease === 0 ? [] : [{ owner, type: TYPE.KEY, ttl: Math.min(ttl, grant.keyLease), rdata: key }])
  const host: LeaseUnit = { name: srp.host, ...ends, records: [...(grant.lease === 0 ? [] : srp.addresses.map((record) => leased(record, grant))), ...keyAt(srp.host)] }
  const named = new Set([srp.host, ...srp.instances.map(({ name }) => name)].map((name) => name.key))
  const others = (before?.lease.units ?? []).filter(({ name }) => !named.has(name.key))
  // RFC 9665 3.2.5.5.1: LEASE 0 removes every instance of the host, named or not; KEY-LEASE keeps their names
  if (grant.lease === 0) return [host, ...[...srp.instances, ...others].map(({ name }) => ({ name, ...ends, records: keyAt(name) }))]
  const instances = srp.instances.map((instance): LeaseUnit => {
    const held = before?.lease.units.find(({ name }) => name.equals(instance.name))
    // RFC 9665 3.2.5.5.2: one without SRV is removed; a KEY that it still has keeps its name
    if (instance.srv === undefined) return { name: instance.name, ...ends, records: instance.key === undefined ? [] : keyAt(instance.name) }
    return { name: instance.name, ...ends, records: [...instanceRecords(instance, srp.host, held, grant), ...keyAt(instance.name)] } // RFC 9665 3.3.3: each ends with a KEY
  })
  return [host, ...instances, ...others]
}

function instanceRecords(instance: SrpInstance, host: Name, held: LeaseUnit | undefined, grant: Grant): LeasedRecord[] {
  const own = [...(instance.srv === undefined ? [] : [instance.srv]), ...instance.txt]
  // subtypes that are told replace those told before; where none is told they stay
  const kept = instance.pointers.length > 0 ? [] : (held?.records.filter(({ type }) => type === TYPE.PTR) ?? [])
  const pointers = [...instance.pointers.map((record) => leased(record, grant)), ...kept]
  const described = { ...instance, pointers: pointers.map(({ owner: name, ttl, rdata, type }) => ({ name, ttl, rdata, type, class: 0 })) }
  return [...own.map((record) => leased(record, grant)), ...pointers, ...agentsOf(described, host)]
}

/** TTLs should not exceed the lease (RFC 9665 4). */
function leased({ name: owner, type, ttl, rdata }: DnsRecord, grant: Grant): LeasedRecord {
  return { owner, type, ttl: Math.min(ttl, grant.lease), rdata }
}

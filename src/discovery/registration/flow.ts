/**
 * Registration of agents (docs/protocol.md 6): one message registers, renews, changes or withdraws an agent with its
 * capabilities. What it says of a type at the identifier, or of the agent at a capability, replaces what was said before;
 * what it does not mention stays and is renewed with the rest.
 *
 *     about one agent (message.ts) ─► prerequisites ─► may (policy, grants) ─► identifier fits its KEY ─► name free or ours
 *         no: next flow                RFC 2136 3.2     REFUSED                 REFUSED                   YXDOMAIN
 *     ─► capabilities, bindings, aliases ─► template ─► dependencies: served or waiting ─► lease
 *         REFUSED                           REFUSED      NOERROR + EDE 49157
 */
import { EDE, RCODE, TYPE } from '../../dns/codes.ts'
import type { Requester, Refusal, Update, UpdateFlow, Verdict, ZoneDraft, Change } from '../../update/contract.ts'
import { prescan } from '../../update/apply.ts'
import { checkPrerequisites, scanPrerequisites } from '../../update/prerequisites.ts'
import { refuse } from '../../update/refusal.ts'
import { certifies } from '../identifier/agent.ts'
import type { Entry, LeaseBook } from '../lease/book.ts'
import type { ZoneId } from '../lease/lease.ts'
import type { LeaseBooks } from '../lease/books.ts'
import { holderOf } from '../lease/flow.ts'
import { sameRecord, type Lease, type LeasedRecord } from '../lease/lease.ts'
import { grantLease, type Grant, type LeaseLimits } from '../lease/terms.ts'
import type { KnownAgents } from './aliases.ts'
import { refusalOfOffers } from './conflicts.ts'
import { missingDependency, withStates, type Dependents } from './dependencies.ts'
import { classifyAgent, type AgentMessage } from './message.ts'
import { refusalOf, refusalOfKey, type Permissions } from './policy.ts'
import { keepFields, partPrivate, validUntilMs } from './private-fields.ts'
import { settleRegistration } from './settle.ts'
import { missingField } from './template.ts'

/** What registrations need beside the books. */
export interface RegistrationOptions extends Permissions {
  limits: LeaseLimits
  known: KnownAgents
}

/** The flow of agents; behind that of SRP. */
export class RegistrationFlow implements UpdateFlow {
  readonly name = 'agent'
  private readonly books: LeaseBooks
  private readonly dependents: Dependents
  private readonly options: RegistrationOptions

  constructor(books: LeaseBooks, dependents: Dependents, options: RegistrationOptions) {
    this.books = books
    this.dependents = dependents
    this.options = options
  }

  take(update: Update, requester: Requester, draft: ZoneDraft, nowMs: number): Verdict | undefined {
    const message = classifyAgent(update)
    if (message === undefined || requester.signer === undefined) return this.guard(update, draft)
    const refusal =
      scanPrerequisites(update.prerequisites, draft) ??
      prescan(update.updates, draft) ??
      this.refusalOfSigner(update, message, requester, draft) ??
      checkPrerequisites(update.prerequisites, draft)
    const verdict = refusal ?? this.register(update, message, requester, draft, nowMs)
    return { ...verdict, flow: this.name }
  }

  changed(zone: ZoneId, changes: readonly Change[]): [] {
    this.dependents.changed(zone, changes)
    return []
  }

  /** Private fields are never served, so an update that would put them into the zone is refused whoever may write there. */
  private guard(update: Update, draft: ZoneDraft): Verdict | undefined {
    if (!update.updates.some(({ type }) => type === TYPE.TXT)) return undefined
    const added = update.updates.filter((record) => record.class === draft.class)
    return partPrivate(added).fields.length === 0 ? undefined : { ...refuse(RCODE.REFUSED, 'fields of a user agent are kept by a registration with a lease, not in the zone'), flow: this.name }
  }

  /** Who may, whose identifier it is, and whether it is that of its KEY. */
  private refusalOfSigner(update: Update, message: AgentMessage, requester: Requester, draft: ZoneDraft): Refusal | undefined {
    const { agent, own } = message
    const { signer } = requester
    const claim = this.bookOf(draft).claimOf(agent.name)
    const keys = own.filter(({ type }) => type === TYPE.KEY)
    if (keys.length > 1) return refuse(RCODE.REFUSED, `${agent.name} is given more than one KEY`)
    const unfit = refusalOfKey(agent.name, keys[0]?.rdata)
    if (unfit !== undefined) return unfit
    const held = claim?.lease.units[0].records.find(({ type }) => type === TYPE.KEY)?.rdata
    const signedBy = (key: Uint8Array | undefined): boolean => signer?.kind === 'sig0' && key !== undefined && Buffer.compare(signer.key, key) === 0
    const refusal = refusalOf(this.options, update, requester, draft, signedBy(keys[0]?.rdata) || signedBy(held))
    if (refusal !== undefined) return refusal
    const key = keys[0]?.rdata ?? held
    const certified = certifies(agent.id, key ?? NO_KEY)
    if (certified === 'other') return refuse(RCODE.REFUSED, `${agent.id} is the identifier of another KEY`)
    // first come, first served (RFC 9665 3.2.4)
    const isFree = (): boolean => draft.types(agent.name).every((type) => type === TYPE.KEY && key !== undefined && draft.holds(agent.name, type, key))
    const isHolder = claim === undefined ? isFree() : Buffer.compare(claim.lease.holder, holderOf(signer)) === 0
    if (isHolder || (claim !== undefined && signedBy(held))) return undefined
    return refuse(RCODE.YXDOMAIN, `${agent.name} is held by another`)
  }

  private register(update: Update, message: AgentMessage, requester: Requester, draft: ZoneDraft, nowMs: number): Omit<Verdict, 'flow'> {
    const book = this.bookOf(draft)
    const { agent } = message
    const claim = book.claimOf(agent.name)
    const { open, fields } = partPrivate(message.own)
    const untilMs = validUntilMs(fields)
    if (!(untilMs > nowMs)) return refuse(RCODE.REFUSED, 'valid-until of the agent is past, or no time')
    const grant = boundGrant(grantLease(update.lease ?? { lease: 0 }, this.options.limits), untilMs - nowMs)
    const said = recordsOf({ ...message, own: open }, claim, grant)
    const refusal = grant.lease === 0 ? undefined : this.refusalOfContents(said, message, fields, claim, draft, book)
    if (refusal !== undefined) return refusal
    const records = withStates(said, draft)
    const ends = { leaseEndMs: nowMs + grant.lease * 1_000, keyEndMs: nowMs + grant.keyLease * 1_000 }
    const others = grant.lease === 0 ? [] : (claim?.lease.units.slice(1) ?? [])
    const holder = claim?.lease.holder ?? holderOf(requester.signer)
    const units = [{ name: agent.name, ...ends, records }, ...others]
    const lease: Lease = { kind: 'agent', zone: draft.apex, class: draft.class, holder, grantedMs: nowMs, units }
    if (claim === undefined && records.length === 0) return { rcode: RCODE.NOERROR, lease: grant.answer, reason: 'nothing was registered' }
    const kept = settleRegistration(book, draft, lease, claim === undefined ? [] : [claim])
    if (!Array.isArray(kept)) return kept
    this.dependents.note(lease)
    if (agent.kind === 'user' && message.own.some(({ type }) => type === TYPE.TXT) && records.length > 0) kept.push(keepFields(book.zone, agent.name, fields))
    kept.push(this.books.seen(nowMs))
    return { rcode: RCODE.NOERROR, lease: grant.answer, kept, ...stateOf(records, draft) }
  }

  private refusalOfContents(
    said: readonly LeasedRecord[],
    { agent }: AgentMessage,
    fields: readonly string[],
    claim: Entry | undefined,
    draft: ZoneDraft,
    book: LeaseBook,
  ): Refusal | undefined {
    const refusal = refusalOfOffers(said, agent, claim, { draft, book, known: this.options.known })
    if (refusal !== undefined) return refusal
    // a message that changes one thing need not say again what is kept of the agent in private
    const missing = missingField(agent, said, fields.length > 0 || claim === undefined ? fields : this.books.fieldsOf(book.zone, agent.name), draft)
    return missing === undefined ? undefined : refuse(RCODE.REFUSED, `the template of ${agent.domain} requires ${missing}`)
  }

  private bookOf(draft: ZoneDraft): LeaseBook {
    return this.books.of({ name: draft.apex, class: draft.class })
  }
}

const NO_KEY = new Uint8Array(0)

/** A lease no longer than the agent may be. */
function boundGrant(grant: Grant, mostMs: number): Grant {
  const most = Math.floor(mostMs / 1_000)
  if (grant.keyLease <= most) return grant
  const [lease, keyLease] = [Math.min(grant.lease, most), Math.min(grant.keyLease, most)]
  return { lease, keyLease, answer: grant.answer.keyLease === undefined ? { lease } : { lease, keyLease } }
}

/** What stands by the registration after the message. */
function recordsOf({ own, offers, removed, cleared }: AgentMessage, claim: Entry | undefined, grant: Grant): LeasedRecord[] {
  const held = claim?.lease.units[0].records ?? []
  const ttlOf = (type: number, ttl: number): number => Math.min(ttl, type === TYPE.KEY ? grant.keyLease : grant.lease)
  const added = [...own, ...offers].map(({ name: owner, type, ttl, rdata }): LeasedRecord => ({ owner, type, ttl: ttlOf(type, ttl), rdata }))
  // LEASE 0 withdraws all of the agent; KEY-LEASE keeps its identifier from others (RFC 9664 4.1)
  if (grant.lease === 0) return grant.keyLease === 0 ? [] : firstOf(added.filter(isKey), held.filter(isKey))
  if (held.length === 0) return unlikeEachOther(added)
  const isReplaced = (record: LeasedRecord): boolean => added.some(({ owner, type }) => type === record.type && owner.equals(record.owner))
  const isCleared = ({ type }: LeasedRecord): boolean => type !== TYPE.AGENT && (cleared.has(type) || cleared.has(TYPE.ANY))
  const isRemoved = (record: LeasedRecord): boolean => removed.some(({ name: owner, type, rdata }) => sameRecord(record, { owner, type, rdata }))
  const kept = held.filter((record) => !isReplaced(record) && !isCleared(record) && !isRemoved(record))
  return [...kept, ...unlikeEachOther(added)]
}

function unlikeEachOther(records: LeasedRecord[]): LeasedRecord[] {
  return records.filter((record, i) => records.findIndex((other) => sameRecord(other, record)) === i)
}

function isKey({ type }: LeasedRecord): boolean {
  return type === TYPE.KEY
}

function firstOf<Item>(some: Item[], others: Item[]): Item[] {
  return some.length > 0 ? some : others
}

/** Says that a capability waits for another: accepted, but a state of its own. */
function stateOf(records: readonly LeasedRecord[], draft: ZoneDraft): Partial<Verdict> {
  const waiting = records.find((record) => record.waiting === true)
  if (waiting === undefined) return {}
  const missing = String(missingDependency(waiting, draft))
  // EXTRA-TEXT is short: the name alone, as docs/protocol.md has it
  return { ede: { infoCode: EDE.DEPENDENCY_MISSING, text: missing }, reason: `${waiting.owner} waits for ${missing}` }
}

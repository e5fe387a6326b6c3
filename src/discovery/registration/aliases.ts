/**
 * Human names (docs/protocol.md 2, `alias`), and whose they may be. DNS-AID finds an agent at `<alias>.<domain>` and by
 * `<alias>._agents.<domain>`, where an id leads as well: so aliases and ids of a domain are one set of labels, first come, first
 * served, and a stranger cannot have another agent's name by either.
 *
 *     alias chat of babel._sa.acme.example ─► one label of letters, digits and hyphens ─► nobody's data, alias or id
 *                                                 no: REFUSED                                no: YXDOMAIN
 */
import { RCODE, TYPE } from '../../dns/codes.ts'
import { MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { isHostLabel, Name } from '../../dns/name.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import type { Refusal, ZoneDraft } from '../../update/contract.ts'
import { refuse } from '../../update/refusal.ts'
import { AGENT_MARKS, readAgentIdentifier, type AgentIdentifier } from '../identifier/agent.ts'
import type { Entry, LeaseBook } from '../lease/book.ts'
import type { LeasedRecord, ZoneId } from '../lease/lease.ts'
import { aliasOf, parameterIn, priorityIn } from './message.ts'

/** What is known of a zone's agents besides their leases: those of zone files have names too. */
export interface KnownAgents {
  /** Whether an agent of this name offers anything. */
  knows(zone: ZoneId, agent: Name): boolean
  /** Agents that have this human name. */
  called(zone: ZoneId, alias: Name): readonly Name[]
}

/** Where an agent is about to be registered: `mine` are the leases that its registration takes the place of. */
export interface NamingGround {
  readonly draft: ZoneDraft
  readonly book: LeaseBook
  readonly known: KnownAgents
  readonly mine: readonly Entry[]
}

/** Why the agent `name` may not stand with the human names that its `records` give it, or by its own id; undefined where it may, and where it has no identifier, as nothing is derived from its alias then. */
export function refusalOfNames(name: Name, records: readonly LeasedRecord[], ground: NamingGround): Refusal | undefined {
  const agent = readAgentIdentifier(name)
  if (agent === undefined) return undefined
  for (const { owner, type, rdata } of records) {
    const label = type === TYPE.AGENT && priorityIn(rdata) > 0 ? parameterIn(rdata, PARAMETERS.alias) : undefined
    const refusal = label === undefined ? undefined : refusalOfAlias(label, owner, aliasOf(rdata), agent, ground)
    if (refusal !== undefined) return refusal
  }
  return isHeld(name, ground) ? undefined : refusalOfId(agent, ground)
}

function refusalOfAlias(label: string, owner: Name, alias: Name | undefined, agent: AgentIdentifier, ground: NamingGround): Refusal | undefined {
  const octets = Buffer.from(label)
  if (alias === undefined || !isHostLabel(octets, 0, octets.length)) return refuse(RCODE.REFUSED, `the alias at ${owner} must be one label of letters, digits and hyphens`)
  if (isHeld(alias, ground)) return undefined
  return isTaken(alias, agent.name, ground) || namesOfId(label, agent.domain).some((other) => !other.equals(agent.name) && isAgent(other, ground))
    ? refuse(RCODE.YXDOMAIN, `the alias at ${owner} must be another, as ${alias} is the name of another`)
    : undefined
}

/** Whether the name is held by a lease whose place is taken: what was given once is not judged anew by what has come since. */
function isHeld(name: Name, { book, mine }: NamingGround): boolean {
  const holder = book.claimOf(name)
  return holder !== undefined && mine.some(({ id }) => id === holder.id)
}

/** Whether the human name is another agent's, or somebody else's data, such as a wildcard gives to every name beside it. */
function isTaken(alias: Name, own: Name, { draft, book, known }: NamingGround): boolean {
  return book.claimOf(alias) !== undefined || draft.types(alias).length > 0 || draft.types(Name.parse('*', alias.parent())).length > 0 || isCalled(alias, own, draft, known)
}

function isCalled(alias: Name, own: Name, draft: ZoneDraft, known: KnownAgents): boolean {
  return known.called(zoneOf(draft), alias).some((agent) => !agent.equals(own))
}

/** The identifiers that have this label for their id. */
function namesOfId(label: string, domain: Name): Name[] {
  return AGENT_MARKS.map((mark) => Buffer.concat([Uint8Array.of(label.length), Buffer.from(label), Uint8Array.of(mark.length), Buffer.from(mark), domain.wire]))
    .filter(({ length }) => length <= MAX_NAME_OCTETS)
    .map((wire) => Name.fromWire(wire))
}

/** Whether somebody is registered by that identifier, or stands at it. */
function isAgent(name: Name, { draft, book, known }: NamingGround): boolean {
  return book.claimOf(name) !== undefined || draft.types(name).length > 0 || known.knows(zoneOf(draft), name)
}

/** An id that is the human name of another agent would take its faces from it. */
function refusalOfId({ id, name, domain }: AgentIdentifier, { draft, book, known }: NamingGround): Refusal | undefined {
  const alias = Name.parse(id, domain)
  const holder = book.claimOf(alias)?.lease
  const isAlias = holder?.units.some(({ records }) => records.some(({ type, rdata }) => type === TYPE.AGENT && aliasOf(rdata)?.equals(alias) === true)) === true
  return isAlias || isCalled(alias, name, draft, known) ? refuse(RCODE.YXDOMAIN, `${name} must have another id, as ${id} is the alias of another agent`) : undefined
}

function zoneOf({ apex, class: rrClass }: ZoneDraft): ZoneId {
  return { name: apex, class: rrClass }
}

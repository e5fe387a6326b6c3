/**
 * What an agent may offer, and what stands against it: capabilities are complete and named once, one agent is held
 * exclusively or shared but not both, a human name is one agent's, and a version that has moved on is offered no more.
 */
import { RCODE, TYPE } from '../../dns/codes.ts'
import type { Name } from '../../dns/name.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import type { Refusal, ZoneDraft } from '../../update/contract.ts'
import { refuse } from '../../update/refusal.ts'
import type { AgentIdentifier } from '../identifier/agent.ts'
import { FIRST_USER_PORT } from '../probe/target.ts'
import { isCompleteName } from '../identifier/capability.ts'
import type { Entry } from '../lease/book.ts'
import { sameRecord, type LeasedRecord } from '../lease/lease.ts'
import { type NamingGround, refusalOfNames } from './aliases.ts'
import { parameterIn, priorityIn, targetIn } from './message.ts'

interface Offer {
  owner: Name
  priority: number
  record: LeasedRecord
}

/** Why the agent may not stand with these records; undefined where it may. */
export function refusalOfOffers(records: readonly LeasedRecord[], agent: AgentIdentifier, claim: Entry | undefined, ground: Omit<NamingGround, 'mine'>): Refusal | undefined {
  const { draft } = ground
  const all: Offer[] = []
  for (const record of records) if (record.type === TYPE.AGENT) all.push({ owner: record.owner, priority: priorityIn(record.rdata), record })
  const text =
    firstOf(all, faultOfName) ??
    faultOfNumber(all) ??
    faultOfBinding(all.filter(({ priority }) => priority > 0)) ??
    firstOf(all, ({ record }) => faultOfPort(record)) ??
    faultOfProvider(all, agent) ??
    firstOf(all, (offer) => faultOfVersion(offer, all, claim, draft))
  if (text !== undefined) return refuse(RCODE.REFUSED, text)
  return refusalOfNames(agent.name, records, { ...ground, mine: claim === undefined ? [] : [claim] })
}

function firstOf<Fault>(offers: readonly Offer[], faultOf: (offer: Offer) => Fault | undefined): Fault | undefined {
  for (const offer of offers) {
    const fault = faultOf(offer)
    if (fault !== undefined) return fault
  }
  return undefined
}

function faultOfName({ owner, priority, record }: Offer): string | undefined {
  const wrong = !isCompleteName(owner) ? owner : priority > 0 || isCompleteName(targetIn(record.rdata)) ? undefined : targetIn(record.rdata)
  return wrong && `${wrong} is no capability with type and version`
}

function faultOfNumber(all: readonly Offer[]): string | undefined {
  const twice = all.find(({ owner }, i) => all.some((other, j) => j < i && other.owner.equals(owner)))
  return twice && `${twice.owner} is offered twice`
}

/** An exclusive agent is held as a whole while it is bound, so it cannot be shared elsewhere. */
function faultOfBinding(offers: readonly Offer[]): string | undefined {
  const isExclusive = ({ record }: Offer): boolean => parameterIn(record.rdata, PARAMETERS.binding)?.exclusive === true
  const [exclusive, shared] = [offers.find(isExclusive), offers.find((offer) => !isExclusive(offer))]
  return exclusive && shared && `the agent is exclusive at ${exclusive.owner} and shared at ${shared.owner}`
}

/** What is wrong with the port for readings in a record of an agent: those below are of other services, so that nobody is asked there (src/discovery/sense). */
export function faultOfPort({ owner, type, rdata }: LeasedRecord): string | undefined {
  const port = type === TYPE.AGENT ? parameterIn(rdata, PARAMETERS['sense-port']) : undefined
  return port !== undefined && port < FIRST_USER_PORT ? `the sense-port at ${owner} must be from ${FIRST_USER_PORT} to 65535` : undefined
}

function faultOfProvider(all: readonly Offer[], { domain, kind }: AgentIdentifier): string | undefined {
  if (kind === 'user') return undefined
  const astray = all.find(({ record }) => {
    const providers = parameterIn(record.rdata, PARAMETERS.provider)
    return providers !== undefined && !providers.some((name) => name.equals(domain))
  })
  return astray && `the provider at ${astray.owner} is not ${domain}`
}

/** One version leads to the next (RFC 9460 2.4.2: the alias form stands alone), by an agent that offers the next. */
function faultOfVersion({ owner, priority, record }: Offer, all: readonly Offer[], claim: Entry | undefined, draft: ZoneDraft): string | undefined {
  const count = draft.count(owner, TYPE.AGENT)
  if (priority > 0 && count !== 1) return undefined // an alias stands alone, so that among several records there is none
  const isMine = (rdata: Uint8Array): boolean =>
    claim?.lease.units[0].records.some((held) => sameRecord(held, { owner, type: TYPE.AGENT, rdata })) === true || sameRecord(record, { owner, type: TYPE.AGENT, rdata })
  const strangers = count === 1 ? (draft.rrset(owner, TYPE.AGENT)?.rdatas ?? []).filter((rdata) => !isMine(rdata)) : []
  if (priority > 0) return strangers.some((rdata) => priorityIn(rdata) === 0) ? `${owner} has moved on to another version` : undefined
  const target = targetIn(record.rdata)
  if (!all.some((other) => other.priority > 0 && other.owner.equals(target))) return `${owner} cannot lead to ${target}, which the agent does not offer`
  return strangers.length > 0 || count > 1 ? `${owner} is still offered by others` : undefined
}

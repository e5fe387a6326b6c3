/**
 * Whether an update registers an agent (docs/protocol.md 6): everything in it is about one agent identifier, at the
 * identifier itself or AGENT records that lead to it, or that lead from one version of a capability to the next.
 *
 *     <id>._sa.acme.example.                KEY, A, AAAA, TXT …
 *     v2.translate.text.nlp._cap.acme.example.  AGENT 1 <id>._sa.acme.example. …
 *     v1.translate.text.nlp._cap.acme.example.  AGENT 0 v2.translate.text.nlp._cap.acme.example.
 */
import { CLASS, TYPE } from '../../dns/codes.ts'
import { MAX_NAME_OCTETS } from '../../dns/limits.ts'
import type { DnsRecord } from '../../dns/message.ts'
import { Name, sameNameAt, wireLength } from '../../dns/name.ts'
import { decodeParameters, PARAMETERS, valueIn, type Parameter, type ParameterMap } from '../../dns/parameters.ts'
import type { Update } from '../../update/contract.ts'
import { readAgentIdentifier, type AgentIdentifier } from '../identifier/agent.ts'

/** RDATA of AGENT, taken apart. */
export interface AgentRdata {
  priority: number
  target: Name
  parameters: ParameterMap
}

/** What an update says of one agent. */
export interface AgentMessage {
  agent: AgentIdentifier
  /** Added at the identifier. */
  own: readonly DnsRecord[]
  /** AGENT records added: those that lead to the agent, and those of the alias form. */
  offers: DnsRecord[]
  /** Deleted one by one. */
  removed: DnsRecord[]
  /** Types deleted whole at the identifier; ANY is every one. */
  cleared: ReadonlySet<number>
}

/** RDATA of AGENT; WireFault where it is malformed, which a decoded message cannot hold. */
export function readAgent(rdata: Uint8Array): AgentRdata {
  return { priority: priorityIn(rdata), target: targetIn(rdata), parameters: decodeParameters(rdata.subarray(parametersAt(rdata)), 'AGENT') }
}

/** The priority in RDATA of AGENT: 0 for an alias. */
export function priorityIn(rdata: Uint8Array): number {
  return (rdata[0] << 8) | rdata[1]
}

/** The name in RDATA of AGENT. */
export function targetIn(rdata: Uint8Array): Name {
  return Name.again(rdata, TARGET_AT)
}

/** What RDATA of AGENT says for one parameter; undefined where it says nothing. */
export function parameterIn<Value>(rdata: Uint8Array, parameter: Parameter<Value>): Value | undefined {
  return valueIn(rdata, parametersAt(rdata), parameter)
}

const TARGET_AT = 2

function parametersAt(rdata: Uint8Array): number {
  return TARGET_AT + wireLength(rdata, TARGET_AT)
}

/** The human name that an AGENT record gives its agent: the face stands at `<alias>.<provider domain>` (docs/protocol.md 3). */
export function aliasOf(rdata: Uint8Array): Name | undefined {
  const label = parameterIn(rdata, PARAMETERS.alias)
  const agent = label === undefined ? undefined : readAgentIdentifier(targetIn(rdata))
  if (label === undefined || agent === undefined) return undefined
  const octets = Buffer.from(label)
  const wire = Buffer.concat([Uint8Array.of(octets.length), octets, agent.domain.wire])
  return wire.length > MAX_NAME_OCTETS ? undefined : Name.fromWire(wire)
}

/** What the update says of an agent; undefined where it is about anything else. */
export function classifyAgent(update: Update): AgentMessage | undefined {
  if (update.lease === undefined || update.updates.length === 0) return undefined
  const [own, offers, removed]: DnsRecord[][] = [[], [], []]
  const cleared = new Set<number>()
  let agent: AgentIdentifier | undefined
  for (const record of update.updates) {
    const about = subjectOf(record, agent)
    if (about === undefined || (about !== 'alias' && agent !== undefined && !about.name.equals(agent.name))) return undefined
    if (about !== 'alias') agent = about
    if (record.class === CLASS.ANY) cleared.add(record.type)
    else if (record.class === CLASS.NONE) removed.push(record)
    else if (record.class !== update.zone.class) return undefined
    else (record.type === TYPE.AGENT ? offers : own).push(record)
  }
  return agent && { agent, own, offers, removed, cleared }
}

/** The agent that a record is about, most often `known`; `alias` where it leads from one capability to another; undefined where it is neither. */
function subjectOf(record: DnsRecord, known: AgentIdentifier | undefined): AgentIdentifier | 'alias' | undefined {
  const isOffer = record.type === TYPE.AGENT
  if (isOffer && (record.class === CLASS.ANY || record.rdata.length === 0)) return undefined // it would delete those of others
  if (isOffer && priorityIn(record.rdata) === 0) return 'alias'
  const [octets, at] = isOffer ? [record.rdata, TARGET_AT] : [record.name.wire, 0]
  if (known !== undefined && sameNameAt(octets, at, known.name.wire, 0)) return known
  return readAgentIdentifier(isOffer ? targetIn(octets) : record.name)
}

/**
 * From a message to an update: the zone section of RFC 2136 2.3 and 3.1, and the compact update, which has none
 * and finds its zone by the owners of its records (docs/protocol.md 5). Both come to the same shape, so that all
 * that follows is the same for both.
 */
import { CLASS, OPCODE, OPTION, RCODE, TYPE } from '../dns/codes.ts'
import { findOption, readUpdateLease, type UpdateLease } from '../dns/edns.ts'
import { WireFault } from '../dns/faults.ts'
import type { DnsRecord, Message } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { Refusal, Update } from './contract.ts'

/** Tells which zone of ours a name lies in: the nearest above it, of that class. */
export type ZoneFinder = (name: Name, rrClass: number) => Name | undefined

/** The update that `message` asks for, or why it is none. */
export function readRequest(message: Message, zoneOf: ZoneFinder): Update | Refusal {
  const { edns } = message
  let lease: UpdateLease | undefined
  try {
    const option = findOption(edns, OPTION.UPDATE_LEASE)
    if (option !== undefined) lease = readUpdateLease(option)
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault
    return malformed(fault.message)
  }
  return message.opcode === OPCODE.AGENT ? readCompact(message, lease, zoneOf) : readUpdate(message, lease)
}

/*
 * RFC 2136 3.1.2:
 *
 *      if (zcount != 1 || ztype != SOA)
 *           return (FORMERR)
 *      if (zone_type(zname, zclass) == SLAVE)
 *           return forward()
 *      if (zone_type(zname, zclass) == MASTER)
 *           return update()
 *      return (NOTAUTH)
 *
 * Which zones are ours is looked up by the engine; none of them is a slave's.
 */
function readUpdate(message: Message, lease: UpdateLease | undefined): Update | Refusal {
  const [zone] = message.questions
  if (message.questions.length !== 1) return malformed(`the zone section holds ${message.questions.length} records, not 1`)
  if (zone.type !== TYPE.SOA) return malformed('the type in the zone section is not SOA')
  const { answers: prerequisites, authorities: updates, additionals } = message
  return { zone: { name: zone.name, class: zone.class }, prerequisites, updates, additionals, lease, message }
}

/**
 * Each Answer record is an addition (its class), a deletion of one record (class NONE) or of an RRset (class ANY). A message of
 * deletions alone names no class: it is IN, or LOCAL where only a zone of that class holds the name.
 */
function readCompact(message: Message, lease: UpdateLease | undefined, zoneOf: ZoneFinder): Update | Refusal {
  const { questions, answers, authorities, additionals } = message
  if (questions.length > 0) return { rcode: RCODE.NOTIMP, reason: 'batch discovery is not offered' }
  if (answers.length === 0 || authorities.length > 0) return malformed('a compact update has records in its Answer section and no others')
  const rrClass = classOf(answers, zoneOf)
  const name = zoneOf(answers[0].name, rrClass)
  if (name === undefined) return { rcode: RCODE.NOTAUTH, reason: `no zone here holds ${answers[0].name}` }
  // names outside of the zone are met by the prescan (RFC 2136 3.4.1); one in a zone of ours below it is met here
  const other = answers.find((record) => zoneOf(record.name, rrClass)?.equals(name) !== true)
  if (other !== undefined) return { rcode: RCODE.NOTZONE, reason: `${other.name} is not in the zone ${name}` }
  return { zone: { name, class: rrClass }, prerequisites: [], updates: answers, additionals, lease, message }
}

function classOf(records: readonly DnsRecord[], zoneOf: ZoneFinder): number {
  const added = records.find((record) => record.class !== CLASS.ANY && record.class !== CLASS.NONE)
  if (added !== undefined) return added.class
  return zoneOf(records[0].name, CLASS.IN) === undefined && zoneOf(records[0].name, CLASS.LOCAL) !== undefined ? CLASS.LOCAL : CLASS.IN
}

/** FORMERR with its reason. */
export function malformed(reason: string): Refusal {
  return { rcode: RCODE.FORMERR, reason }
}

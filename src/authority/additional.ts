/**
 * Step 6 of RFC 1034 4.3.2: addresses that the asker is going to need. Each type that names a host says where
 * in its RDATA; the host's A and AAAA are added where the zone that answered holds them. For referrals these
 * are glue, and those that live below the cut itself may not be left out silently (RFC 9471 3).
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_ADDITIONAL_TARGETS } from '../dns/limits.ts'
import type { LookupName } from '../dns/lookup-name.ts'
import type { OctetBlock } from '../dns/octet-views.ts'
import { FOUND, type NodeId, type RRsetId, type ZoneImage, type ZoneMatch } from '../zone/image.ts'
import { firstRecordIn, RECORD_HEAD_OCTETS, RRSET } from '../zone/layout.ts'
import type { HostZones } from './choosing.ts'
import { type Answer, KIND, type Kind, SECTION } from './plan.ts'

/**
 * Adds the addresses of what the answer section names, from the zone that answered last, and goes on from SVCB
 * records so added to what they name (RFC 9460 4.1), and from agents that a chooser has added; theirs come from any of `hosts`. `target` and `match` are overwritten.
 */
export function addAdditional(answer: Answer, zone: ZoneImage, hosts: HostZones, target: LookupName, match: ZoneMatch, dnssecOk: boolean): void {
  let left = MAX_ADDITIONAL_TARGETS
  for (let i = 0; i < answer.count; i++) {
    const source = answer.source[i]
    const rrset = answer.rrset[i]
    const type = source.words[rrset + RRSET.key] & 0xffff
    if (source !== zone && source !== answer.derived) continue
    if (answer.section[i] !== SECTION.answer && !isService(type) && source === zone) continue
    const targetAt = targetOffset(type)
    if (targetAt < 0) continue
    const first = firstRecordIn(source.words, rrset)
    const end = first + source.words[rrset + RRSET.octets]
    for (let at = first; at < end; at += RECORD_HEAD_OCTETS + source.view.getUint16(at + RECORD_HEAD_OCTETS - 2)) {
      if (answer.isFull || left-- === 0) return
      const nameAt = at + RECORD_HEAD_OCTETS + targetAt
      if (source.octets[nameAt] !== 0 && source === answer.derived) addAgent(answer, hosts, source, nameAt, target, match, type, dnssecOk)
      else if (source.octets[nameAt] !== 0) addTarget(answer, zone, source, nameAt, target, match, type, dnssecOk)
      else if (isService(type)) addTarget(answer, zone, answer.owner[i], answer.ownerAt[i], target, match, type, dnssecOk) // RFC 9460 2.5.2
    }
  }
}

/**
 * Adds glue for the NS RRset at `cut` (RFC 1034 4.3.2 step 3b): first that of servers below the cut, without which it
 * cannot be followed, then other addresses that we know (RFC 9471 3). `target` and `match` are overwritten.
 */
export function addGlue(answer: Answer, zone: ZoneImage, cut: NodeId, ns: RRsetId, target: LookupName, match: ZoneMatch, dnssecOk: boolean): void {
  const end = zone.firstRecordAt(ns) + zone.octetsOf(ns)
  let others = 0
  for (let at = zone.firstRecordAt(ns); at < end && !answer.isFull; at = zone.nextRecordAt(at)) {
    const nameAt = zone.rdataAt(at)
    target.load(zone.octets, nameAt)
    if (isWithin(target, zone, cut)) addAddresses(answer, zone, zone.nodeOf(target), zone, nameAt, KIND.glue, dnssecOk)
    else others++
  }
  if (others > MAX_ADDITIONAL_TARGETS) others = MAX_ADDITIONAL_TARGETS
  for (let at = zone.firstRecordAt(ns); others > 0 && !answer.isFull; at = zone.nextRecordAt(at)) {
    const nameAt = zone.rdataAt(at)
    target.load(zone.octets, nameAt)
    if (isWithin(target, zone, cut)) continue
    addTarget(answer, zone, zone, nameAt, target, match, TYPE.NS, dnssecOk)
    others--
  }
}

/** Where in RDATA of `type` the name of a host stands, or −1: RFC 1035 3.3.9 and 3.3.11, RFC 2782, RFC 9460 4.1, RFC 1183, RFC 2230, and AGENT, SENSE and TASK. */
function targetOffset(type: number): number {
  switch (type) {
    case TYPE.NS:
      return 0
    case TYPE.MX:
    case TYPE.KX:
    case TYPE.AFSDB:
    case TYPE.RT:
    case TYPE.SVCB:
    case TYPE.HTTPS:
    case TYPE.AGENT:
    case TYPE.SENSE:
    case TYPE.TASK:
      return 2
    case TYPE.SRV:
      return 6
    default:
      return -1
  }
}

/** Types whose target `.` stands for the owner's name, and whose aliases are followed (RFC 9460 2.5.2, 4.1). */
function isService(type: number): boolean {
  return type === TYPE.SVCB || type === TYPE.HTTPS
}

/** Adds what the zone holds for the host whose name stands at `octets[nameAt]`: its own records, or a wildcard's; glue only for name servers (RFC 2181 5.4.1). */
function addTarget(answer: Answer, zone: ZoneImage, block: OctetBlock, nameAt: number, target: LookupName, match: ZoneMatch, type: number, dnssecOk: boolean): void {
  target.load(block.octets, nameAt, block.view)
  addHost(answer, zone, hostNode(zone, target, match, type === TYPE.NS), block, nameAt, type, dnssecOk)
}

/** The same for the host of an agent that a chooser has added, from whatever zone of ours answers for it. */
function addAgent(answer: Answer, hosts: HostZones, block: OctetBlock, nameAt: number, target: LookupName, match: ZoneMatch, type: number, dnssecOk: boolean): void {
  target.load(block.octets, nameAt, block.view)
  const zone = hosts.zoneOf(target)
  if (zone !== null) addHost(answer, zone, hostNode(zone, target, match), block, nameAt, type, dnssecOk)
}

function addHost(answer: Answer, zone: ZoneImage, node: NodeId, block: OctetBlock, nameAt: number, type: number, dnssecOk: boolean): void {
  addAddresses(answer, zone, node, block, nameAt, KIND.plain, dnssecOk)
  if (node !== 0 && isService(type)) addIfHeld(answer, zone, node, type, block, nameAt, KIND.plain, dnssecOk)
}

/** The node whose addresses the zone answers for the host `name`: its own, or a wildcard's; 0 where it has none to tell, as below a cut, except `withGlue`. `match` is overwritten. */
export function hostNode(zone: ZoneImage, name: LookupName, match: ZoneMatch, withGlue = false): NodeId {
  if (!isWithin(name, zone, zone.apex)) return 0
  zone.find(name, match)
  if (match.found !== FOUND.cut) return match.node
  return withGlue ? zone.nodeOf(name) : 0
}

function addAddresses(answer: Answer, zone: ZoneImage, node: NodeId, block: OctetBlock, nameAt: number, kind: Kind, dnssecOk: boolean): void {
  if (node === 0) return
  addIfHeld(answer, zone, node, TYPE.A, block, nameAt, kind, dnssecOk)
  addIfHeld(answer, zone, node, TYPE.AAAA, block, nameAt, kind, dnssecOk)
}

function addIfHeld(answer: Answer, zone: ZoneImage, node: NodeId, type: number, block: OctetBlock, nameAt: number, kind: Kind, dnssecOk: boolean): void {
  const rrset = zone.rrsetOf(node, type)
  if (rrset === 0 || answer.holds(zone, rrset, block, nameAt)) return
  if (!answer.add(SECTION.additional, zone, rrset, block, nameAt, kind) || !dnssecOk) return
  const signatures = zone.signaturesOf(node, type)
  if (signatures !== 0) answer.add(SECTION.additional, zone, signatures, block, nameAt, KIND.signature)
}

/** Whether `name` is the name of `node` or lies below it. */
function isWithin(name: LookupName, zone: ZoneImage, node: NodeId): boolean {
  const from = name.labelCount - zone.labelCount(node)
  return from >= 0 && zone.isNamed(node, name, from)
}

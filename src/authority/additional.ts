/**
 * Step 6 of RFC 1034 4.3.2: addresses that the asker is going to need. Each type that names a host says where
 * in its RDATA; the host's A and AAAA are added where the zone that answered holds them. For referrals these
 * are glue, and those that live below the cut itself may not be left out silently (RFC 9471 3).
 */
import { TYPE } from '../dns/codes.ts'
import type { LookupName } from '../dns/lookup-name.ts'
import type { NodeId, RRsetId, ZoneImage } from '../zone/image.ts'
import { type Answer, KIND, type Kind, SECTION } from './plan.ts'

/** Adds the addresses of what the answer section names, from the zone that answered last. */
export function addAdditional(answer: Answer, zone: ZoneImage, target: LookupName, dnssecOk: boolean): void {
  for (let i = 0, answered = answer.count; i < answered; i++) {
    if (answer.section[i] !== SECTION.answer || answer.source[i] !== zone) continue
    const rrset = answer.rrset[i]
    const targetAt = targetOffset(zone.typeOf(rrset))
    if (targetAt < 0) continue
    const end = zone.firstRecordAt(rrset) + zone.octetsOf(rrset)
    for (let at = zone.firstRecordAt(rrset); at < end; at = zone.nextRecordAt(at)) {
      const nameAt = zone.rdataAt(at) + targetAt
      if (zone.octets[nameAt] !== 0) target.load(zone.octets, nameAt)
      else if (meansOwner(zone.typeOf(rrset))) target.load(answer.ownerOctets[i], answer.ownerAt[i])
      else continue
      addTarget(answer, zone, target, zone.typeOf(rrset), KIND.plain, dnssecOk)
    }
  }
}

/** Adds glue for the NS RRset at `cut` (RFC 1034 4.3.2 step 3b). */
export function addGlue(answer: Answer, zone: ZoneImage, cut: NodeId, ns: RRsetId, target: LookupName, dnssecOk: boolean): void {
  const end = zone.firstRecordAt(ns) + zone.octetsOf(ns)
  for (let at = zone.firstRecordAt(ns); at < end; at = zone.nextRecordAt(at)) {
    target.load(zone.octets, zone.rdataAt(at))
    const kind = isWithin(target, zone, cut) ? KIND.glue : KIND.plain
    addTarget(answer, zone, target, TYPE.NS, kind, dnssecOk)
  }
}

/** Where in RDATA of `type` the name of a host stands, or −1: RFC 1035 3.3.9 and 3.3.11, RFC 2782, RFC 9460 4.1, RFC 1183, RFC 2230, and AGENT. */
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
      return 2
    case TYPE.SRV:
      return 6
    default:
      return -1
  }
}

/** Whether a target of `.` stands for the owner's name (RFC 9460 2.5.2), in service mode. */
function meansOwner(type: number): boolean {
  return type === TYPE.SVCB || type === TYPE.HTTPS
}

function addTarget(answer: Answer, zone: ZoneImage, target: LookupName, type: number, kind: Kind, dnssecOk: boolean): void {
  if (!isWithin(target, zone, zone.apex)) return
  const node = zone.nodeOf(target)
  if (node === 0) return
  addIfHeld(answer, zone, node, TYPE.A, kind, dnssecOk)
  addIfHeld(answer, zone, node, TYPE.AAAA, kind, dnssecOk)
  if (meansOwner(type)) addIfHeld(answer, zone, node, type, kind, dnssecOk) // an alias's target (RFC 9460 4.1)
}

function addIfHeld(answer: Answer, zone: ZoneImage, node: NodeId, type: number, kind: Kind, dnssecOk: boolean): void {
  const rrset = zone.rrsetOf(node, type)
  if (rrset === 0 || answer.holds(zone, rrset)) return
  const nameAt = zone.nameAt(node)
  if (!answer.add(SECTION.additional, zone, rrset, zone.octets, nameAt, kind) || !dnssecOk) return
  const signatures = zone.signaturesOf(node, type)
  if (signatures !== 0) answer.add(SECTION.additional, zone, signatures, zone.octets, nameAt, KIND.signature)
}

/** Whether `name` is the name of `node` or lies below it. */
function isWithin(name: LookupName, zone: ZoneImage, node: NodeId): boolean {
  const from = name.labelCount - zone.labelCount(node)
  if (from < 0) return false
  const nodeAt = zone.foldedNameAt(node)
  for (let i = 0, at = name.labelAt[from]; at < name.length; i++, at++) if (zone.octets[nodeAt + i] !== name.octets[at]) return false
  return true
}

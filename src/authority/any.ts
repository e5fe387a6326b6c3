/** What an answer to ANY leaves out, and which RRset stands for all of them (RFC 8482). */
import { TYPE } from '../dns/codes.ts'
import type { Link, NodeId, RRsetId, ZoneImage } from '../zone/image.ts'

/** The smallest RRset at the node; NSEC only where there is nothing else, as it tells nothing of what stands there. 0 where there is none, or only what tells of agents and is not shown. */
export function smallestRRset(zone: ZoneImage, node: NodeId, hidesAgents: boolean): RRsetId {
  let smallest = 0
  for (let link: Link = zone.firstLink(node); link !== 0; link = zone.nextLink(link)) {
    const rrset = zone.rrsetAt(link)
    const type = zone.typeOf(rrset)
    if (type === TYPE.RRSIG || type === TYPE.NSEC3 || (hidesAgents && isOfAgents(type))) continue
    const isFirst = smallest === 0 || zone.typeOf(smallest) === TYPE.NSEC
    if (isFirst || (type !== TYPE.NSEC && zone.octetsOf(rrset) < zone.octetsOf(smallest))) smallest = rrset
  }
  return smallest
}

/** Whether the type tells of agents, which not every asker may see. */
export function isOfAgents(type: number): boolean {
  return type === TYPE.AGENT || type === TYPE.SENSE || type === TYPE.TASK
}

/** Whether the RRset is NSEC3 or signs it: such records are in proofs alone, never answers (RFC 5155 7.2.8). */
export function isNsec3(zone: ZoneImage, rrset: RRsetId): boolean {
  return zone.typeOf(rrset) === TYPE.NSEC3 || zone.coveredType(rrset) === TYPE.NSEC3
}

/**
 * Candidates from a zone as it is loaded: zone files hold AGENT records too, and those live for ever. What lies below a
 * cut or a DNAME is not the zone's to offer (RFC 1034 4.2, RFC 6672 2.3), nor is a wildcard a capability.
 */
import { TYPE } from '../../dns/codes.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { FOUND, ZoneMatch, type NodeId, type ZoneImage } from '../../zone/image.ts'
import { HEADER } from '../../zone/layout.ts'
import { Registrar } from './registrar.ts'

/** Octets of the heap for each registration of a zone file; it grows where that is not enough. */
const HEAP_OCTETS_EACH = 384

/** A registrar of all AGENT records of the zone, committed; `refused` counts those for which the table had no room. */
export function registerZone(image: ZoneImage, onGrown?: (buffer: SharedArrayBuffer) => void): { registrar: Registrar; refused: number } {
  const nodes = nodesWithAgents(image)
  const records = nodes.reduce((sum, node) => sum + image.recordsIn(image.rrsetOf(node, TYPE.AGENT)), 0)
  const capacity = Math.max(64, records + (records >>> 2))
  const registrar = new Registrar(image.words[HEADER.seed], onGrown, capacity, capacity * HEAP_OCTETS_EACH)
  let refused = 0
  for (const node of nodes) refused += putRRset(image, node, registrar)
  registrar.commit()
  return { registrar, refused }
}

/** Names of the zone that hold AGENT records and are its own. */
function nodesWithAgents(image: ZoneImage): NodeId[] {
  if (!image.hasAgents) return []
  const name = new LookupName(image.words[HEADER.seed])
  const match = new ZoneMatch()
  const nodes: NodeId[] = []
  image.forEachNode((node) => {
    if (image.rrsetOf(node, TYPE.AGENT) === 0) return
    name.load(image.octets, image.foldedNameAt(node))
    image.find(name, match)
    const isWildcard = name.octets[0] === 1 && name.octets[1] === 0x2a
    if (match.found === FOUND.exact && match.node === node && !isWildcard) nodes.push(node)
  })
  return nodes
}

/** Puts every record of the AGENT RRset at `node`; returns how many found no room. */
function putRRset(image: ZoneImage, node: NodeId, registrar: Registrar): number {
  const rrset = image.rrsetOf(node, TYPE.AGENT)
  const owner = image.octets.slice(image.foldedNameAt(node), image.foldedNameAt(node) + image.nameLength(node))
  const ttl = image.ttlOf(rrset)
  let refused = 0
  let at = image.firstRecordAt(rrset)
  for (let left = image.recordsIn(rrset); left > 0; left--, at = image.nextRecordAt(at)) {
    const rdata = image.octets.slice(image.rdataAt(at), image.rdataAt(at) + image.rdataLength(at))
    if (registrar.put({ owner, rdata, ttl, leaseEndMs: Infinity }) === 'full') refused++
  }
  return refused
}

/**
 * Candidates from a zone as it is served: whatever AGENT records stand there are its candidates, from the file or
 * registered. What lies below a cut or a DNAME is not the zone's to offer (RFC 1034 4.2, RFC 6672 2.3), nor is a wildcard
 * a capability.
 */
import { TYPE } from '../../dns/codes.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { Name } from '../../dns/name.ts'
import { FOUND, ZoneMatch, type NodeId, type RRsetId, type ZoneImage } from '../../zone/image.ts'
import { HEADER } from '../../zone/layout.ts'
import { Registrar } from './registrar.ts'

/** Octets of the heap for each registration; it grows where that is not enough. */
const HEAP_OCTETS_EACH = 384
/** Candidates that a table has room for at the start. */
const LEAST_CAPACITY = 64

/** The AGENT records at one capability. */
export interface Offers {
  /** Seconds. */
  readonly ttl: number
  readonly rdatas: readonly Uint8Array[]
}

/** When the lease of an AGENT record ends, in ms since 1970; Infinity for one that has none. */
export type LeaseEndOf = (owner: Uint8Array, rdata: Uint8Array) => number

const FOR_EVER: LeaseEndOf = () => Infinity

/** A registrar of all AGENT records of the zone, committed; `refused` counts those for which the table had no room. */
export function registerZone(image: ZoneImage, onGrown?: (buffer: SharedArrayBuffer) => void, leaseEndOf: LeaseEndOf = FOR_EVER): { registrar: Registrar; refused: number } {
  image.refresh()
  const records = nodesWith(image, TYPE.AGENT).reduce((sum, node) => sum + image.recordsIn(image.rrsetOf(node, TYPE.AGENT)), 0)
  const capacity = Math.max(LEAST_CAPACITY, records + (records >>> 2))
  const registrar = new Registrar(image.words[HEADER.seed], onGrown, capacity, capacity * HEAP_OCTETS_EACH)
  return { registrar, refused: reconcile(registrar, image, leaseEndOf) }
}

/** Makes the registrar hold what the zone holds, and commits; what it knows of agents that stay, stays. Returns how many found no room. */
export function reconcile(registrar: Registrar, image: ZoneImage, leaseEndOf: LeaseEndOf = FOR_EVER): number {
  image.refresh()
  const gone = new Map(registrar.owners().map((owner) => [keyOf(owner), owner]))
  const endOf = knownEnds(registrar, leaseEndOf)
  let refused = 0
  for (const node of nodesWith(image, TYPE.AGENT)) {
    const owner = image.octets.slice(image.foldedNameAt(node), image.foldedNameAt(node) + image.nameLength(node))
    gone.delete(keyOf(owner))
    refused += replaceAt(registrar, owner, offersAt(image, node), endOf)
  }
  for (const owner of gone.values()) replaceAt(registrar, owner, { ttl: 0, rdatas: [] }, endOf)
  registrar.commit()
  return refused
}

/** Makes these the offers at a capability (its wire name), not yet committed. Returns how many found no room. */
export function replaceAt(registrar: Registrar, owner: Uint8Array, { ttl, rdatas }: Offers, leaseEndOf: LeaseEndOf, nowMs?: number): number {
  const kept = new Set(rdatas.map(agentKey))
  for (const rdata of registrar.rdatasAt(owner)) if (!kept.has(agentKey(rdata))) registrar.remove(owner, rdata.subarray(2), nowMs)
  let refused = 0
  for (const rdata of rdatas) if (registrar.put({ owner, rdata, ttl, leaseEndMs: leaseEndOf(owner, rdata) }) === 'full') refused++
  return refused
}

/** When leases end as far as the registrar knows it; `leaseEndOf`, which may have to read the lease, is asked for what is new. */
export function knownEnds(registrar: Registrar | undefined, leaseEndOf: LeaseEndOf): LeaseEndOf {
  return (owner, rdata) => registrar?.leaseEndOf(owner, rdata) ?? leaseEndOf(owner, rdata)
}

/** Names of the zone that hold records of the type, one of ours, and are its own. */
export function nodesWith(image: ZoneImage, type: number): NodeId[] {
  if (!image.hasAgents) return []
  const name = new LookupName(image.words[HEADER.seed])
  const match = new ZoneMatch()
  const nodes: NodeId[] = []
  image.forEachNode((node) => {
    if (image.rrsetOf(node, type) === 0) return
    name.load(image.octets, image.foldedNameAt(node))
    image.find(name, match)
    const isWildcard = name.octets[0] === 1 && name.octets[1] === 0x2a
    if (match.found === FOUND.exact && match.node === node && !isWildcard) nodes.push(node)
  })
  return nodes
}

function offersAt(image: ZoneImage, node: NodeId): Offers {
  const rrset = image.rrsetOf(node, TYPE.AGENT)
  return { ttl: image.ttlOf(rrset), rdatas: rdatasIn(image, rrset) }
}

/** Copies of the RDATA of an RRset. */
export function rdatasIn(image: ZoneImage, rrset: RRsetId): Uint8Array[] {
  const rdatas: Uint8Array[] = []
  let at = image.firstRecordAt(rrset)
  for (let left = image.recordsIn(rrset); left > 0; left--, at = image.nextRecordAt(at)) {
    rdatas.push(image.octets.slice(image.rdataAt(at), image.rdataAt(at) + image.rdataLength(at)))
  }
  return rdatas
}

/** Whose offer an RDATA is: its agent without case, and whether it is one or an alias. */
export function agentKey(rdata: Uint8Array): string {
  return `${rdata[0] === 0 && rdata[1] === 0 ? 'alias' : 'agent'} ${Name.again(rdata, 2).key}`
}

function keyOf(name: Uint8Array): string {
  return Name.fromWire(name).key
}

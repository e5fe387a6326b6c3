/**
 * Proofs of absence from zones signed beforehand: which NSEC (RFC 4035 3.1.3) or NSEC3 (RFC 5155 7.2) records
 * show that a name or type is not there. A zone has one kind or the other, or is not signed and has none.
 *
 * Names used below: the closest encloser is the longest ancestor of QNAME that exists, the next closer name is
 * one label longer than it towards QNAME (RFC 5155 1.3).
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_CHAIN, MAX_NAME_OCTETS } from '../dns/limits.ts'
import { LookupName } from '../dns/lookup-name.ts'
import { HASH_LABEL_OCTETS, writeHashLabel } from '../dnssec/nsec3.ts'
import type { NodeId, ZoneImage, ZoneMatch } from '../zone/image.ts'
import { type Answer, KIND, SECTION } from './plan.ts'

/** Adds proofs of absence to an answer; one object per answering thread. */
export class Denial {
  private readonly hashed: LookupName
  private readonly name = new Uint8Array(MAX_NAME_OCTETS + HASH_LABEL_OCTETS + 2)
  /** Owners of NSEC or NSEC3 that prove wildcards met so far, waiting for the authority section. */
  private readonly waitingZone: ZoneImage[] = new Array<ZoneImage>(MAX_CHAIN + 1)
  private readonly waitingOwner = new Int32Array(MAX_CHAIN + 1)
  private waiting = 0

  constructor(seed: number) {
    this.hashed = new LookupName(seed)
  }

  reset(): void {
    this.waiting = 0
  }

  /** A wildcard stood for `name`: that nothing closer exists will be proven in the authority section (RFC 4035 3.1.3.3, RFC 5155 7.2.6). */
  noteWildcard(zone: ZoneImage, name: LookupName, match: ZoneMatch): void {
    const owner = isHashed(zone) ? this.nsec3For(zone, name, match.labelsBelowEncloser - 1) : zone.nsecOwnerFor(name)
    if (owner === 0 || this.waiting >= this.waitingOwner.length) return
    this.waitingZone[this.waiting] = zone
    this.waitingOwner[this.waiting++] = owner
  }

  /** Adds the proofs noted so far; to be called when the authority section begins. */
  addWildcardProofs(answer: Answer): void {
    for (let i = 0; i < this.waiting; i++) this.addOwner(answer, this.waitingZone[i], this.waitingOwner[i])
    this.waiting = 0
  }

  /** NXDOMAIN: neither the name nor a wildcard for it exists (RFC 4035 3.1.3.2, RFC 5155 7.2.2). */
  addNameError(answer: Answer, zone: ZoneImage, name: LookupName, match: ZoneMatch, scratch: LookupName): void {
    if (isHashed(zone)) return this.addHashedWildcard(answer, zone, name, match)
    this.addOwner(answer, zone, zone.nsecOwnerFor(name))
    this.loadWildcard(name, match.labelsBelowEncloser, scratch)
    this.addOwner(answer, zone, zone.nsecOwnerFor(scratch))
  }

  /** NODATA at `node`, whose name is `name`: its own record, or what covers an empty non-terminal (RFC 4035 3.1.3.1, RFC 5155 7.2.3, 7.2.4). */
  addNoData(answer: Answer, zone: ZoneImage, node: NodeId, name: LookupName): void {
    if (isHashed(zone)) this.addHashedNoData(answer, zone, node, name)
    else this.addOwner(answer, zone, zone.nsecOwnerFor(name))
  }

  /** NODATA from a wildcard: the wildcard lacks the type, and nothing closer exists (RFC 4035 3.1.3.4, RFC 5155 7.2.5). */
  addWildcardNoData(answer: Answer, zone: ZoneImage, name: LookupName, match: ZoneMatch, scratch: LookupName): void {
    if (isHashed(zone)) return this.addHashedWildcard(answer, zone, name, match)
    // the wildcard may itself be an empty non-terminal, which the NSEC before it shows
    this.loadWildcard(name, match.labelsBelowEncloser, scratch)
    this.addOwner(answer, zone, zone.nsecOwnerFor(scratch))
    this.addOwner(answer, zone, zone.nsecOwnerFor(name))
  }

  /** The delegation at `cut` has no DS: it is insecure, and provably so (RFC 4035 3.1.4, RFC 5155 7.2.7). */
  addNoDs(answer: Answer, zone: ZoneImage, cut: NodeId, scratch: LookupName): void {
    if (!isHashed(zone)) return this.addOwner(answer, zone, cut)
    scratch.load(zone.octets, zone.foldedNameAt(cut))
    this.addHashedNoData(answer, zone, cut, scratch)
  }

  // ---- NSEC3 ----

  /** The closest encloser of the name, and what matches or covers the wildcard below it (RFC 5155 7.2.2, 7.2.5). */
  private addHashedWildcard(answer: Answer, zone: ZoneImage, name: LookupName, match: ZoneMatch): void {
    const encloser = this.addClosestEncloser(answer, zone, name, match.encloser, match.labelsBelowEncloser)
    if (encloser === 0) return // a broken chain proves nothing
    this.addOwner(answer, zone, Math.abs(this.nsec3OfNode(zone, encloser, true)))
  }

  /** The node's own NSEC3; where opt-out has left it out, the proof that an insecure delegation may be there. */
  private addHashedNoData(answer: Answer, zone: ZoneImage, node: NodeId, name: LookupName): void {
    const owner = this.nsec3OfNode(zone, node, false)
    if (owner > 0) this.addOwner(answer, zone, owner)
    else if (node !== zone.apex) this.addClosestEncloser(answer, zone, name, zone.parent(node), 1)
  }

  /**
   * RFC 5155 7.2.1: the NSEC3 that matches the closest (provable) encloser and the one that covers the next closer
   * name. The closest encloser is `encloser`, `below` labels above `name`, or the first above it that is in the
   * chain; returns its node, or 0 where not even the apex is.
   */
  private addClosestEncloser(answer: Answer, zone: ZoneImage, name: LookupName, encloser: NodeId, below: number): NodeId {
    for (; ; encloser = zone.parent(encloser), below++) {
      const owner = this.nsec3OfNode(zone, encloser, false)
      if (owner > 0) {
        this.addOwner(answer, zone, owner)
        this.addOwner(answer, zone, this.nsec3For(zone, name, below - 1))
        return encloser
      }
      if (encloser === zone.apex) return 0
    }
  }

  /** The owner of the NSEC3 that matches the node's name, or that of the wildcard right below it; its negative where it only covers it. */
  private nsec3OfNode(zone: ZoneImage, node: NodeId, isWildcard: boolean): NodeId {
    const key = node * 2 + (isWildcard ? 1 : 0)
    const known = zone.nsec3Memory?.get(key) ?? 0
    if (known !== 0) return known
    const owner = isWildcard ? this.hashWildcard(zone, node) : this.hashNode(zone, node)
    const found = this.isMatch(zone, owner) ? owner : -owner
    zone.nsec3Memory?.set(key, found)
    return found
  }

  private hashNode(zone: ZoneImage, node: NodeId): NodeId {
    const at = zone.foldedNameAt(node)
    return this.ownerOfHash(zone, zone.octets, at, at + zone.nameLength(node))
  }

  private hashWildcard(zone: ZoneImage, node: NodeId): NodeId {
    const at = zone.foldedNameAt(node)
    const length = zone.nameLength(node)
    this.name[0] = 1
    this.name[1] = 0x2a
    for (let i = 0; i < length; i++) this.name[2 + i] = zone.octets[at + i]
    return this.ownerOfHash(zone, this.name, 0, 2 + length)
  }

  /** The owner of the NSEC3 that matches or covers label `from` and onward of `name`. */
  private nsec3For(zone: ZoneImage, name: LookupName, from: number): NodeId {
    return this.ownerOfHash(zone, name.octets, name.labelAt[from], name.length)
  }

  /** The same for the folded wire name `octets[at … end)`, whose hashed form stays in `this.name`. */
  private ownerOfHash(zone: ZoneImage, octets: Uint8Array, at: number, end: number): NodeId {
    writeHashLabel(octets, at, end, zone.octets, zone.nsec3ParamsAt, this.name, 0)
    const apexAt = zone.foldedNameAt(zone.apex)
    for (let i = 0; i < zone.apexLength; i++) this.name[1 + HASH_LABEL_OCTETS + i] = zone.octets[apexAt + i]
    this.hashed.load(this.name, 0)
    return zone.nsec3OwnerFor(this.hashed)
  }

  /** Whether `owner` is the very name hashed last. */
  private isMatch(zone: ZoneImage, owner: NodeId): boolean {
    const at = zone.foldedNameAt(owner)
    for (let i = 0; i <= HASH_LABEL_OCTETS; i++) if (zone.octets[at + i] !== this.name[i]) return false
    return true
  }

  // ---- Both ----

  /** Makes `scratch` the wildcard right below label `from` and onward of `name`. */
  private loadWildcard(name: LookupName, from: number, scratch: LookupName): void {
    const start = name.labelAt[from]
    this.name[0] = 1
    this.name[1] = 0x2a
    for (let i = start; i < name.length; i++) this.name[2 + i - start] = name.octets[i]
    scratch.load(this.name, 0)
  }

  /** Adds the NSEC or NSEC3 that `owner` holds, with its signatures, unless it is in the answer already. */
  private addOwner(answer: Answer, zone: ZoneImage, owner: NodeId): void {
    if (owner === 0) return
    const type = isHashed(zone) ? TYPE.NSEC3 : TYPE.NSEC
    const rrset = zone.rrsetOf(owner, type)
    const nameAt = zone.nameAt(owner)
    if (rrset === 0 || answer.holds(zone, rrset, zone, nameAt)) return
    const ttl = zone.negativeTtl // RFC 9077 3: signers of old gave them another
    answer.add(SECTION.authority, zone, rrset, zone, nameAt, KIND.plain, ttl)
    const signatures = zone.signaturesOf(owner, type)
    if (signatures !== 0) answer.add(SECTION.authority, zone, signatures, zone, nameAt, KIND.signature, ttl)
  }
}

/** Whether absence is proven by NSEC3 in this zone. */
function isHashed(zone: ZoneImage): boolean {
  return zone.nsec3ParamsAt !== 0
}

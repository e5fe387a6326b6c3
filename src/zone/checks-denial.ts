/**
 * Checks of the chains on which denial of existence rests: from each name to the next, in canonical order with
 * NSEC (RFC 4034 4), in the order of hashes with NSEC3 (RFC 5155). A gap means that somebody's validator calls
 * an honest answer forged.
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_CHECKED_NSEC3_ITERATIONS } from '../dns/limits.ts'
import { LookupName } from '../dns/lookup-name.ts'
import { fold, wireLength } from '../dns/name.ts'
import { HASH_LABEL_OCTETS, writeHashLabel } from '../dnssec/nsec3.ts'
import type { CheckReport } from './check-report.ts'
import type { NodeId, ZoneImage } from './image.ts'
import { ELEMENT, HEADER } from './layout.ts'

const OPT_OUT = 1
/** Octets of RDATA of NSEC3 and NSEC3PARAM before the salt: algorithm, flags, iterations, salt length (RFC 5155 3.2, 4.2). */
const PARAMS_OCTETS = 5
const hashed = new Uint8Array(256 + HASH_LABEL_OCTETS)

/** Checks of the NSEC and NSEC3 chains; made once for a zone. */
export class DenialChecks {
  private readonly image: ZoneImage
  private readonly report: CheckReport
  private readonly name: LookupName
  private readonly hasNsec: boolean
  /** Where RDATA of the NSEC3PARAM stands whose chain is checked; 0 where there is none to check. */
  private readonly paramsAt: number

  constructor(image: ZoneImage, report: CheckReport) {
    this.image = image
    this.report = report
    this.name = new LookupName(image.words[HEADER.seed])
    this.hasNsec = this.firstElement(HEADER.nsecOrder) !== 0
    this.paramsAt = this.findParams()
  }

  /** A name that is answered, or a cut: it must be in the chain. */
  checkNode(node: NodeId, isCut: boolean): void {
    if (this.paramsAt !== 0 && !this.isHashedOwner(node)) this.checkHashed(node, isCut)
    if (this.hasNsec) this.checkNsec(node, isCut)
  }

  /** An empty non-terminal: it has no NSEC (RFC 4034 4) but an NSEC3 (RFC 5155 7.1). */
  checkEmptyNode(node: NodeId): void {
    if (this.paramsAt !== 0) this.checkHashed(node, false)
  }

  /** Follows each chain from its first owner to its last and back to the first. */
  checkChains(): void {
    this.walk(HEADER.nsecOrder, (node, next) => this.checkNsecLink(node, next))
    if (this.paramsAt !== 0) this.walk(HEADER.nsec3Order, (node, next) => this.checkNsec3Link(node, next))
  }

  /** The first NSEC3PARAM, after a look at it; 0 where there is no NSEC3, or what there is cannot be checked. */
  private findParams(): number {
    const { image, report } = this
    const { apex, octets } = image
    const first = this.firstElement(HEADER.nsec3Order)
    const rrset = image.rrsetOf(apex, TYPE.NSEC3PARAM)
    const at = rrset === 0 ? 0 : image.rdataAt(image.firstRecordAt(rrset))
    const iterations = at === 0 ? 0 : (octets[at + 2] << 8) | octets[at + 3]
    if (iterations > 0) report.add('nsec3-iterations', apex, TYPE.NSEC3PARAM, `NSEC3PARAM at ${report.name(apex)} has an iteration count of ${iterations}: use 0 (RFC 9276 3.1)`)
    if (first === 0) return 0
    const owner = image.words[first + ELEMENT.node]
    if (at !== 0 && this.fits(owner, at)) return iterations > MAX_CHECKED_NSEC3_ITERATIONS || octets[at] !== 1 ? 0 : at
    const reason = at === 0 ? 'there is no NSEC3PARAM at the apex' : 'its parameters are not those of NSEC3PARAM at the apex'
    report.add('nsec3param-mismatch', owner, TYPE.NSEC3, `NSEC3 at ${report.name(owner)} is of no use: ${reason}`)
    return 0
  }

  /** Whether the NSEC3 at `owner` has algorithm, iterations and salt of the NSEC3PARAM at `paramsAt`; flags may differ. */
  private fits(owner: NodeId, paramsAt: number): boolean {
    const { image } = this
    const { octets } = image
    const at = this.rdataOf(owner, TYPE.NSEC3)
    const size = PARAMS_OCTETS + octets[paramsAt + 4]
    for (let i = 0; i < size; i++) if (i !== 1 && octets[at + i] !== octets[paramsAt + i]) return false
    return true
  }

  private checkNsec(node: NodeId, isCut: boolean): void {
    const { image, report } = this
    const rrset = image.rrsetOf(node, TYPE.NSEC)
    if (rrset === 0) {
      if (!this.isHashedOwner(node)) report.add('nsec-chain-broken', node, 0, `${report.name(node)} has no NSEC, so that a proof would deny it`)
      return
    }
    const recordAt = image.firstRecordAt(rrset)
    const bitmapAt = image.rdataAt(recordAt) + wireLength(image.octets, image.rdataAt(recordAt))
    if (this.hasTypes(node, isCut, bitmapAt, image.nextRecordAt(recordAt))) return
    report.add('nsec-wrong-types', node, TYPE.NSEC, `NSEC at ${report.name(node)} lists other types than stand there`)
  }

  private checkNsecLink(node: NodeId, next: NodeId): void {
    const { image, report } = this
    const at = this.rdataOf(node, TYPE.NSEC)
    const nextAt = image.foldedNameAt(next)
    const length = image.nameLength(next)
    let same = wireLength(image.octets, at) === length
    for (let i = 0; same && i < length; i++) same = fold(image.octets[at + i]) === image.octets[nextAt + i]
    if (!same) report.add('nsec-chain-broken', node, TYPE.NSEC, `NSEC at ${report.name(node)} must lead to ${report.name(next)}, the next name that has one`)
  }

  private checkNsec3Link(node: NodeId, next: NodeId): void {
    const { image, report, paramsAt } = this
    if (!this.fits(node, paramsAt)) return report.add('nsec3param-mismatch', node, TYPE.NSEC3, `NSEC3 at ${report.name(node)} has other parameters than NSEC3PARAM at the apex`)
    const saltEnd = this.rdataOf(node, TYPE.NSEC3) + PARAMS_OCTETS + image.octets[paramsAt + 4]
    const labelAt = image.foldedNameAt(next)
    let same = image.octets[labelAt] === HASH_LABEL_OCTETS
    for (let i = 0; same && i < HASH_LABEL_OCTETS; i++) same = base32HexDigit(image.octets, saltEnd + 1, i) === image.octets[labelAt + 1 + i]
    if (!same) report.add('nsec3-chain-broken', node, TYPE.NSEC3, `NSEC3 at ${report.name(node)} must lead to ${report.name(next)}, the next hash that has one`)
  }

  /** Whether the hash of the node's name has an NSEC3 with its types; without one, opt-out must cover it, which is for delegations without DS and what leads to them (RFC 5155 6). */
  private checkHashed(node: NodeId, isCut: boolean): void {
    const { image, report, name } = this
    const { octets } = image
    const nameAt = image.foldedNameAt(node)
    writeHashLabel(octets, nameAt, nameAt + image.nameLength(node), octets, this.paramsAt, hashed, 0)
    const apexAt = image.foldedNameAt(image.apex)
    for (let i = 0; i < image.apexLength; i++) hashed[1 + HASH_LABEL_OCTETS + i] = octets[apexAt + i]
    name.load(hashed, 0)
    const owner = image.nodeOf(name)
    if (owner !== 0 && image.rrsetOf(owner, TYPE.NSEC3) !== 0) return this.checkNsec3Types(node, isCut, owner)
    const mayBeLeftOut = image.firstLink(node) === 0 || (isCut && image.rrsetOf(node, TYPE.DS) === 0)
    const before = image.nsec3OwnerFor(name)
    if (mayBeLeftOut && (octets[this.rdataOf(before, TYPE.NSEC3) + 1] & OPT_OUT) !== 0) return
    report.add('nsec3-chain-broken', node, 0, `${report.name(node)} has no NSEC3, so that a proof would deny it`)
  }

  private checkNsec3Types(node: NodeId, isCut: boolean, owner: NodeId): void {
    const { image, report } = this
    const hashAt = this.rdataOf(owner, TYPE.NSEC3) + PARAMS_OCTETS + image.octets[this.paramsAt + 4]
    const end = image.nextRecordAt(image.firstRecordAt(image.rrsetOf(owner, TYPE.NSEC3)))
    if (this.hasTypes(node, isCut, hashAt + 1 + image.octets[hashAt], end)) return
    report.add('nsec-wrong-types', owner, TYPE.NSEC3, `NSEC3 at ${report.name(owner)} lists other types than stand at ${report.name(node)}`)
  }

  /** Whether the bitmap in `octets[at … end)` (RFC 4034 4.1.2) lists the types at the node; at a cut those of the zone above alone. */
  private hasTypes(node: NodeId, isCut: boolean, at: number, end: number): boolean {
    const { image } = this
    let expected = 0
    let hasSignature = false
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const type = image.typeOf(image.rrsetAt(link))
      if (isCut && type !== TYPE.NS && type !== TYPE.DS && type !== TYPE.NSEC && type !== TYPE.RRSIG) continue
      if (type === TYPE.RRSIG && hasSignature) continue
      if (type === TYPE.RRSIG) hasSignature = true
      if (!hasBit(image.octets, at, end, type)) return false
      expected++
    }
    return countBits(image.octets, at, end) === expected
  }

  private isHashedOwner(node: NodeId): boolean {
    return this.image.rrsetOf(node, TYPE.NSEC3) !== 0
  }

  private rdataOf(node: NodeId, type: number): number {
    const { image } = this
    return image.rdataAt(image.firstRecordAt(image.rrsetOf(node, type)))
  }

  private firstElement(order: number): number {
    const head = this.image.words[order]
    return head === 0 ? 0 : this.image.nextElement(head)
  }

  private walk(order: number, visit: (node: NodeId, next: NodeId) => void): void {
    const { image } = this
    const first = this.firstElement(order)
    for (let at = first; at !== 0; ) {
      const next = image.nextElement(at)
      visit(image.words[at + ELEMENT.node], image.words[(next === 0 ? first : next) + ELEMENT.node])
      at = next
    }
  }
}

/** Digit `index` of the base32hex form (RFC 4648 7), lower case, of the octets from `at`. */
function base32HexDigit(octets: Uint8Array, at: number, index: number): number {
  const bit = index * 5
  const pair = (octets[at + (bit >> 3)] << 8) | octets[at + (bit >> 3) + 1]
  const value = (pair >>> (11 - (bit & 7))) & 31
  return value < 10 ? 0x30 + value : 0x57 + value
}

function hasBit(octets: Uint8Array, at: number, end: number, type: number): boolean {
  for (; at < end; at += 2 + octets[at + 1]) {
    if (octets[at] !== type >>> 8) continue
    const byte = (type & 0xff) >>> 3
    return byte < octets[at + 1] && (octets[at + 2 + byte] & (0x80 >>> (type & 7))) !== 0
  }
  return false
}

function countBits(octets: Uint8Array, at: number, end: number): number {
  let count = 0
  for (; at < end; at += 2 + octets[at + 1]) {
    for (let i = 0; i < octets[at + 1]; i++) for (let bits = octets[at + 2 + i]; bits !== 0; bits &= bits - 1) count++
  }
  return count
}

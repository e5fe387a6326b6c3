/**
 * Checks of a zone that was signed elsewhere: every RRset has a signature by a key of the zone and in its time
 * (RFC 4035 2.2), and denial has its chain, of NSEC or of NSEC3. The signatures themselves are
 * not verified here; validators do that, and what fails most in practice is what is looked at here.
 */
import { printType, TYPE } from '../dns/codes.ts'
import { printTimestamp } from '../dns/rr/fields-numbers.ts'
import { fold, wireLength } from '../dns/name.ts'
import type { CheckReport } from './check-report.ts'
import { DenialChecks } from './checks-denial.ts'
import type { NodeId, RRsetId, ZoneImage } from './image.ts'

/** Offsets in RDATA of RRSIG (RFC 4034 3.1). */
const RRSIG = { algorithm: 2, expiration: 8, inception: 12, keyTag: 16, signer: 18 } as const

/** Checks of keys and signatures; made once for a zone. */
export class DnssecChecks {
  private readonly image: ZoneImage
  private readonly report: CheckReport
  private readonly nowSeconds: number
  private readonly isSigned: boolean
  /** Key tag and algorithm of each DNSKEY, as one number. */
  private readonly keys = new Set<number>()
  private readonly denial: DenialChecks

  constructor(image: ZoneImage, report: CheckReport, nowSeconds: number) {
    this.image = image
    this.report = report
    this.nowSeconds = nowSeconds
    const dnskey = image.rrsetOf(image.apex, TYPE.DNSKEY)
    this.isSigned = dnskey !== 0 && image.signaturesOf(image.apex, TYPE.SOA) !== 0
    if (dnskey !== 0) this.takeKeys(dnskey)
    this.denial = new DenialChecks(image, report)
  }

  /** A name that is answered, or a cut. */
  checkNode(node: NodeId, isCut: boolean): void {
    const { image, report } = this
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const rrset = image.rrsetAt(link)
      const type = image.typeOf(rrset)
      if (type === TYPE.RRSIG) this.checkSignatures(node, rrset)
      else if (this.isSigned && isSignedAt(type, isCut) && image.signaturesOf(node, type) === 0) {
        report.add('rrset-without-rrsig', node, type, `${printType(type)} at ${report.name(node)} has no signature, but the zone is signed`)
      }
    }
    this.denial.checkNode(node, isCut)
  }

  /** A name that has only names below it; `hiddenBy` is 0 where it is answered. */
  checkEmptyNode(node: NodeId, hiddenBy: NodeId): void {
    if (hiddenBy === 0) this.denial.checkEmptyNode(node)
  }

  /** What is to be seen only along the whole zone. */
  checkChains(): void {
    const { image, report } = this
    const { apex } = image
    if (this.keys.size === 0 && image.signaturesOf(apex, TYPE.SOA) !== 0) {
      report.add('dnskey-missing', apex, TYPE.RRSIG, `${report.name(apex)} has signatures but no DNSKEY to verify them with`)
    }
    this.denial.checkChains()
  }

  /** All signatures of one RRset: one that is good in all is enough for the times, each must be by a key of the zone. */
  private checkSignatures(node: NodeId, rrset: RRsetId): void {
    const { image, report } = this
    const covered = image.coveredType(rrset)
    const what = `RRSIG of ${printType(covered)} at ${report.name(node)}`
    if (image.rrsetOf(node, covered) === 0) report.add('rrsig-without-rrset', node, TYPE.RRSIG, `${what} signs nothing: there is no such RRset`, image.firstRecordAt(rrset))
    let untimely = 0
    const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
    for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) {
      this.checkSigner(node, at, what)
      if (this.isTimely(image.rdataAt(at))) untimely = -1
      else if (untimely === 0) untimely = at
    }
    if (untimely > 0) this.tellUntimely(node, untimely, what)
  }

  private checkSigner(node: NodeId, recordAt: number, what: string): void {
    const { image, report } = this
    const { octets, apex } = image
    const at = image.rdataAt(recordAt)
    if (!this.isApex(at + RRSIG.signer)) report.add('rrsig-wrong-signer', node, TYPE.RRSIG, `${what} must be by ${report.name(apex)}, the zone itself`, recordAt)
    else if (this.keys.size > 0 && !this.keys.has(keyNumber(u16(octets, at + RRSIG.keyTag), octets[at + RRSIG.algorithm]))) {
      report.add('rrsig-unknown-key', node, TYPE.RRSIG, `${what} is by key ${u16(octets, at + RRSIG.keyTag)}, which is not in the DNSKEY RRset`, recordAt)
    }
  }

  private isApex(at: number): boolean {
    const { image } = this
    if (wireLength(image.octets, at) !== image.apexLength) return false
    const apexAt = image.foldedNameAt(image.apex)
    for (let i = 0; i < image.apexLength; i++) if (fold(image.octets[at + i]) !== image.octets[apexAt + i]) return false
    return true
  }

  /** Times are compared around the clock (RFC 4034 3.1.5, RFC 1982). */
  private isTimely(at: number): boolean {
    const { octets } = this.image
    return ((u32(octets, at + RRSIG.expiration) - this.nowSeconds) | 0) >= 0 && ((this.nowSeconds - u32(octets, at + RRSIG.inception)) | 0) >= 0
  }

  private tellUntimely(node: NodeId, recordAt: number, what: string): void {
    const { image, report, nowSeconds } = this
    const at = image.rdataAt(recordAt)
    const expiration = u32(image.octets, at + RRSIG.expiration)
    const inception = u32(image.octets, at + RRSIG.inception)
    if (((expiration - nowSeconds) | 0) < 0) report.add('rrsig-expired', node, TYPE.RRSIG, `${what} expired at ${printTimestamp(expiration)}: sign the zone again`, recordAt)
    else report.add('rrsig-not-yet-valid', node, TYPE.RRSIG, `${what} is valid from ${printTimestamp(inception)} only: is this clock right?`, recordAt)
  }

  private takeKeys(dnskey: RRsetId): void {
    const { image } = this
    const end = image.firstRecordAt(dnskey) + image.octetsOf(dnskey)
    for (let at = image.firstRecordAt(dnskey); at < end; at = image.nextRecordAt(at)) {
      const rdataAt = image.rdataAt(at)
      this.keys.add(keyNumber(keyTag(image.octets, rdataAt, image.rdataLength(at)), image.octets[rdataAt + 3]))
    }
  }
}

/** At a cut only DS and the denial are the zone's own (RFC 4035 2.2). */
function isSignedAt(type: number, isCut: boolean): boolean {
  return !isCut || type === TYPE.DS || type === TYPE.NSEC
}

/** Key tag of the DNSKEY whose RDATA starts at `at` (RFC 4034 appendix B). */
function keyTag(octets: Uint8Array, at: number, length: number): number {
  let sum = 0
  for (let i = 0; i < length; i++) sum += (i & 1) === 0 ? octets[at + i] << 8 : octets[at + i]
  return (sum + (sum >>> 16)) & 0xffff
}

function keyNumber(tag: number, algorithm: number): number {
  return (tag << 8) | algorithm
}

function u16(octets: Uint8Array, at: number): number {
  return (octets[at] << 8) | octets[at + 1]
}

function u32(octets: Uint8Array, at: number): number {
  return ((octets[at] << 24) | (octets[at + 1] << 16) | (octets[at + 2] << 8) | octets[at + 3]) >>> 0
}

/**
 * Checks of the names that records point to: servers without address, aliases where none may be, chains of
 * CNAME that go round, and names that end with the zone's name twice. Only names inside the zone are looked at,
 * as nothing is known here of the others.
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_CHAIN } from '../dns/limits.ts'
import { LookupName } from '../dns/lookup-name.ts'
import { countLabels, printName } from '../dns/name.ts'
import type { CheckReport } from './check-report.ts'
import type { CheckName } from './checks-table.ts'
import { FOUND, ZoneMatch, type NodeId, type RRsetId, type ZoneImage } from './image.ts'
import { HEADER } from './layout.ts'

/** What a target inside the zone turned out to be. */
export type Target = 'outside' | 'address' | 'nothing' | 'alias' | 'below-dname' | 'delegated'

/** Octets before the target in RDATA of MX (RFC 1035 3.3.9) and SRV (RFC 2782). */
const MX_PREFIX = 2
const SRV_PREFIX = 6

/** Checks of the hosts that records name; made once for a zone. */
export class TargetChecks {
  /** The name looked up last, and what was found. */
  readonly name: LookupName
  readonly match = new ZoneMatch()
  private readonly image: ZoneImage
  private readonly report: CheckReport

  constructor(image: ZoneImage, report: CheckReport) {
    this.image = image
    this.report = report
    this.name = new LookupName(image.words[HEADER.seed])
  }

  /** Looks up the wire name at `at` in the image's octets; false where it lies outside the zone. */
  look(at: number): boolean {
    const { image, name, match } = this
    name.load(image.octets, at)
    const from = name.labelCount - image.apexLabels
    if (from < 0) return false
    const apexAt = image.foldedNameAt(image.apex)
    const suffixAt = name.labelAt[from]
    for (let i = 0; i < image.apexLength; i++) if (image.octets[apexAt + i] !== name.octets[suffixAt + i]) return false
    image.find(name, match)
    return true
  }

  /** What stands at the wire name at `at`, for somebody who wants its addresses. */
  target(at: number): Target {
    if (!this.look(at)) return 'outside'
    const { image, match } = this
    switch (match.found) {
      case FOUND.exact:
      case FOUND.wildcard:
        if (image.rrsetOf(match.node, TYPE.CNAME) !== 0) return 'alias'
        return this.hasAddress(match.node) ? 'address' : 'nothing'
      case FOUND.cut:
        return this.hasAddress(image.nodeOf(this.name)) ? 'address' : 'delegated'
      case FOUND.dname:
        return 'below-dname'
      case FOUND.empty:
      case FOUND.nothing:
        return 'nothing'
    }
  }

  private hasAddress(node: NodeId): boolean {
    return node !== 0 && (this.image.rrsetOf(node, TYPE.A) !== 0 || this.image.rrsetOf(node, TYPE.AAAA) !== 0)
  }

  /** NS: addresses for each server in the zone; glue where the server is at or below the cut that it serves (RFC 1034 4.2.1). */
  checkNs(node: NodeId, rrset: RRsetId, isCut: boolean): void {
    this.forEachRecord(rrset, (recordAt, rdataAt) => {
      const state = this.target(rdataAt)
      if (state === 'delegated' && isCut && this.match.cut === node) this.tell('missing-glue', node, TYPE.NS, recordAt, rdataAt, 'has no address here: add its A or AAAA as glue')
      else this.tellTarget(state, 'ns', node, TYPE.NS, recordAt, rdataAt)
    })
  }

  /** MX; an exchange of `.` says that there is no mail (RFC 7505 3). */
  checkMx(node: NodeId, rrset: RRsetId): void {
    this.forEachRecord(rrset, (recordAt, rdataAt) => {
      const at = rdataAt + MX_PREFIX
      if (this.image.octets[at] !== 0) this.tellTarget(this.target(at), 'mx', node, TYPE.MX, recordAt, at)
    })
  }

  /** SRV; a target of `.` says that there is no service (RFC 2782). */
  checkSrv(node: NodeId, rrset: RRsetId): void {
    this.forEachRecord(rrset, (recordAt, rdataAt) => {
      const at = rdataAt + SRV_PREFIX
      if (this.image.octets[at] !== 0) this.tellTarget(this.target(at), 'srv', node, TYPE.SRV, recordAt, at)
    })
  }

  /** CNAME: follows the chain as an answer would, to see whether it ends (RFC 1034 3.6.2). */
  checkCname(node: NodeId, rrset: RRsetId): void {
    const { image, report, match } = this
    const recordAt = image.firstRecordAt(rrset)
    this.checkRepeated(node, TYPE.CNAME, recordAt, image.rdataAt(recordAt))
    let next = rrset
    for (let step = 0; step <= MAX_CHAIN; step++) {
      if (!this.look(image.rdataAt(image.firstRecordAt(next)))) return
      if (match.found !== FOUND.exact && match.found !== FOUND.wildcard) return
      if (match.node === node) return report.add('cname-loop', node, TYPE.CNAME, `CNAME at ${report.name(node)} leads back to itself`)
      next = image.rrsetOf(match.node, TYPE.CNAME)
      if (next === 0) return
    }
    report.add('cname-chain-too-long', node, TYPE.CNAME, `CNAME at ${report.name(node)} starts a chain of more than ${MAX_CHAIN} steps, and answers stop there`)
  }

  /** An owner that ends with the zone's name twice was most likely written without its final dot (RFC 1035 5.1). */
  checkOwner(node: NodeId): void {
    if (!this.repeatsOrigin(this.image.foldedNameAt(node))) return
    this.report.add('repeated-origin', node, 0, `${this.report.name(node)} ends with the zone's name twice: write a final dot behind full names`)
  }

  private tellTarget(state: Target, kind: 'ns' | 'mx' | 'srv', node: NodeId, type: number, recordAt: number, nameAt: number): void {
    if (this.checkRepeated(node, type, recordAt, nameAt)) return
    if (state === 'alias') this.tell(`${kind}-to-cname`, node, type, recordAt, nameAt, 'is an alias: name the host itself')
    else if (state === 'below-dname') this.tell(`${kind}-to-cname`, node, type, recordAt, nameAt, 'lies below a DNAME: name the host itself')
    else if (state === 'nothing') this.tell(`${kind}-without-address`, node, type, recordAt, nameAt, 'has no A or AAAA record')
  }

  private checkRepeated(node: NodeId, type: number, recordAt: number, nameAt: number): boolean {
    const isRepeated = this.repeatsOrigin(nameAt)
    if (isRepeated) this.tell('repeated-origin', node, type, recordAt, nameAt, "ends with the zone's name twice: write a final dot behind full names")
    return isRepeated
  }

  private tell(check: CheckName, node: NodeId, type: number, recordAt: number, nameAt: number, what: string): void {
    const { report, image } = this
    const word = type === TYPE.NS ? 'NS' : type === TYPE.MX ? 'MX' : type === TYPE.SRV ? 'SRV' : 'CNAME'
    report.add(check, node, type, `${word} at ${report.name(node)} names ${printName(image.octets, nameAt)}, which ${what}`, recordAt)
  }

  /** Whether the wire name at `at` is, or lies below, the zone's name written twice. */
  private repeatsOrigin(at: number): boolean {
    const { image, name } = this
    const labels = image.apexLabels
    if (labels < 2 || countLabels(image.octets, at) < 2 * labels) return false // com.com. is a name that people have
    name.load(image.octets, at)
    const apexAt = image.foldedNameAt(image.apex)
    const last = name.labelAt[name.labelCount - labels]
    const first = name.labelAt[name.labelCount - 2 * labels]
    const size = image.apexLength - 1
    if (last - first !== size) return false
    for (let i = 0; i < size; i++) {
      const octet = image.octets[apexAt + i]
      if (name.octets[last + i] !== octet || name.octets[first + i] !== octet) return false
    }
    return true
  }

  private forEachRecord(rrset: RRsetId, visit: (recordAt: number, rdataAt: number) => void): void {
    const { image } = this
    const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
    for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) visit(at, image.rdataAt(at))
  }
}

/**
 * Checks of a whole zone, those that no single entry shows: what named-checkzone and kzonecheck look at, and what
 * agents need. They walk the image once, so that a zone of a million records is checked in a fraction of the time
 * that it takes to parse. checks-table.ts lists them; here is what stands at each name, and neighbours hold
 *
 *     checks-targets.ts   names that records point to: addresses, aliases, glue
 *     checks-dnssec.ts    signatures, and the chains of NSEC and NSEC3
 *     checks-agents.ts    capabilities and agents
 */
import { TYPE, printType } from '../dns/codes.ts'
import { CheckReport } from './check-report.ts'
import { AgentChecks } from './checks-agents.ts'
import { DnssecChecks } from './checks-dnssec.ts'
import { TargetChecks } from './checks-targets.ts'
import type { NodeId, RRsetId, ZoneImage } from './image.ts'
import { MARK } from './layout.ts'

/** Checks `image`; `nowSeconds` since 1970 is what signatures are held against. The report is in no particular order. */
export function checkZone(image: ZoneImage, nowSeconds: number): CheckReport {
  const report = new CheckReport(image)
  new ZoneChecks(image, report, nowSeconds).run()
  return report
}

/** Types that may stand beside a CNAME: those of DNSSEC (RFC 4034 3, 4; RFC 2181 10.1 for their forerunners, RFC 2136 for KEY). */
const BESIDE_CNAME = new Set<number>([TYPE.CNAME, TYPE.RRSIG, TYPE.NSEC, TYPE.SIG, TYPE.KEY])
/** Types at a cut that are not the zone's below, and glue (RFC 4035 2.2, 2.3, 2.4). */
const AT_CUT = new Set<number>([TYPE.NS, TYPE.DS, TYPE.RRSIG, TYPE.NSEC, TYPE.A, TYPE.AAAA])

class ZoneChecks {
  private readonly image: ZoneImage
  private readonly report: CheckReport
  private readonly targets: TargetChecks
  private readonly dnssec: DnssecChecks
  private readonly agents: AgentChecks

  constructor(image: ZoneImage, report: CheckReport, nowSeconds: number) {
    this.image = image
    this.report = report
    this.targets = new TargetChecks(image, report)
    this.dnssec = new DnssecChecks(image, report, nowSeconds)
    this.agents = new AgentChecks(image, report, this.targets)
  }

  run(): void {
    this.checkApex()
    this.image.forEachNode((node) => this.checkNode(node))
    this.dnssec.checkChains()
  }

  private checkApex(): void {
    const { image, report } = this
    const { apex } = image
    const soa = image.rrsetOf(apex, TYPE.SOA)
    const zone = report.name(apex)
    if (soa === 0) report.add('no-soa', apex, 0, `Zone ${zone} has no SOA record: add one at ${zone}`)
    else if (image.recordsIn(soa) > 1) report.add('several-soa', apex, TYPE.SOA, `Zone ${zone} has ${image.recordsIn(soa)} SOA records: keep one`)
    if (image.rrsetOf(apex, TYPE.NS) === 0) report.add('no-apex-ns', apex, 0, `Zone ${zone} has no NS records: name its servers at ${zone}`)
    if (image.rrsetOf(apex, TYPE.DS) !== 0) report.add('ds-at-apex', apex, TYPE.DS, `DS at ${zone} is never answered: it belongs to the zone above`)
  }

  private checkNode(node: NodeId): void {
    const { image } = this
    if (image.firstLink(node) === 0) return this.dnssec.checkEmptyNode(node, this.hiddenBy(node))
    const above = this.hiddenBy(node)
    if (above !== 0) return this.checkHidden(node, above)
    const isCut = (image.marks(node) & MARK.cut) !== 0
    this.checkTypes(node)
    if (isCut) this.checkCut(node)
    else this.checkInside(node)
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) this.checkRRset(node, image.rrsetAt(link), isCut)
    this.targets.checkOwner(node)
    this.dnssec.checkNode(node, isCut)
  }

  /** The delegation or DNAME above `node` that hides it; 0 where it is answered (RFC 1034 4.3.2 step 3). */
  private hiddenBy(node: NodeId): NodeId {
    const { image } = this
    if (node === image.apex) return 0
    let hiding = 0
    for (let at = image.parent(node); at !== 0; at = image.parent(at)) {
      if ((image.marks(at) & (MARK.cut | MARK.dname)) !== 0) hiding = at
      if (at === image.apex) break
    }
    return hiding
  }

  /** Below a cut only glue makes sense, below a DNAME nothing does. */
  private checkHidden(node: NodeId, above: NodeId): void {
    const { image, report } = this
    const isCut = (image.marks(above) & MARK.cut) !== 0
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const rrset = image.rrsetAt(link)
      const type = image.typeOf(rrset)
      if (type === TYPE.SOA) this.checkRRset(node, rrset, false)
      if (this.isHashedOwner(type, image.coveredType(rrset))) continue
      const what = `${printType(type)} at ${report.name(node)} is never answered`
      if (!isCut) report.add('records-below-dname', node, type, `${what}: ${report.name(above)} above has a DNAME (RFC 6672 2.4)`)
      else if (type !== TYPE.A && type !== TYPE.AAAA) report.add('records-below-cut', node, type, `${what}: ${report.name(above)} above is delegated to another zone`)
    }
  }

  /** Owners of NSEC3 stand beside the names of the zone, also below a DNAME at the apex (RFC 5155 3). */
  private isHashedOwner(type: number, covered: number): boolean {
    return type === TYPE.NSEC3 || covered === TYPE.NSEC3
  }

  /** Which types stand together at a name that is answered. */
  private checkTypes(node: NodeId): void {
    const { image, report } = this
    const cname = image.rrsetOf(node, TYPE.CNAME)
    if (cname !== 0) {
      const others = this.typesBut(node, BESIDE_CNAME)
      if (others !== '') report.add('cname-and-other-data', node, TYPE.CNAME, `CNAME at ${report.name(node)} must stand alone: beside it stands ${others}`)
      if (image.recordsIn(cname) > 1) report.add('several-cnames', node, TYPE.CNAME, `${report.name(node)} has ${image.recordsIn(cname)} CNAME records: keep one`)
    }
    const dname = image.rrsetOf(node, TYPE.DNAME)
    if (dname === 0) return
    if (image.recordsIn(dname) > 1) report.add('several-dnames', node, TYPE.DNAME, `${report.name(node)} has ${image.recordsIn(dname)} DNAME records: keep one`)
    if (this.isWildcard(node)) report.add('wildcard-dname', node, TYPE.DNAME, `DNAME at ${report.name(node)} is treated differently by different servers`)
  }

  private checkCut(node: NodeId): void {
    const { image, report } = this
    const name = report.name(node)
    if (this.isWildcard(node)) report.add('wildcard-ns', node, TYPE.NS, `NS at ${name} delegates nothing, as a wildcard cannot be a cut`)
    if (image.rrsetOf(node, TYPE.DNAME) !== 0) report.add('dname-at-cut', node, TYPE.DNAME, `DNAME at ${name} stands beside NS: a name is either delegated or redirected`)
    const others = this.typesBut(node, AT_CUT)
    if (others !== '') report.add('records-below-cut', node, 0, `${others} at ${name} is never answered: ${name} is delegated to another zone`)
  }

  private checkInside(node: NodeId): void {
    const { image, report } = this
    if (node === image.apex || image.rrsetOf(node, TYPE.DS) === 0) return
    report.add('ds-not-at-cut', node, TYPE.DS, `DS at ${report.name(node)} stands without NS: only a delegated zone has a DS`)
  }

  private checkRRset(node: NodeId, rrset: RRsetId, isCut: boolean): void {
    const { image, report, targets, agents } = this
    switch (image.typeOf(rrset)) {
      case TYPE.SOA:
        if (node !== image.apex) report.add('soa-not-at-apex', node, TYPE.SOA, `SOA at ${report.name(node)} stands below the apex: it would start a zone of its own`)
        break
      case TYPE.NS:
        targets.checkNs(node, rrset, isCut)
        break
      case TYPE.MX:
        targets.checkMx(node, rrset)
        break
      case TYPE.SRV:
        targets.checkSrv(node, rrset)
        break
      case TYPE.CNAME:
        targets.checkCname(node, rrset)
        break
      case TYPE.AGENT:
        agents.checkAgent(node, rrset)
        break
      case TYPE.TASK:
        agents.checkTask(node, rrset)
        break
    }
  }

  private isWildcard(node: NodeId): boolean {
    const at = this.image.foldedNameAt(node)
    return this.image.octets[at] === 1 && this.image.octets[at + 1] === 0x2a
  }

  /** The node's types that are not in `expected`, for a message; empty where there are none. */
  private typesBut(node: NodeId, expected: ReadonlySet<number>): string {
    const { image } = this
    const others: string[] = []
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const type = image.typeOf(image.rrsetAt(link))
      if (!expected.has(type)) others.push(printType(type))
    }
    return others.join(', ')
  }
}

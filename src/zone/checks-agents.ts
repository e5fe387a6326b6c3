/**
 * Checks of what agents are found by (docs/protocol.md): names must have the form of capability and agent
 * identifiers, and what an agent needs must be here where this zone should hold it.
 *
 *     capability   [<security>.]<version>.<type …>._cap.<domain>     owner of AGENT
 *     agent        <id>._sa.<domain> or <id>._ua.<domain>           target of AGENT and TASK
 */
import { printType, TYPE } from '../dns/codes.ts'
import { fold, printName, wireLength } from '../dns/name.ts'
import { PARAMETERS } from '../dns/parameters.ts'
import type { CheckReport } from './check-report.ts'
import type { TargetChecks } from './checks-targets.ts'
import { FOUND, type NodeId, type RRsetId, type ZoneImage } from './image.ts'

/** Octets before the name in RDATA of AGENT and TASK: priority or state. */
const PREFIX = 2

/** Checks of AGENT, SENSE and TASK records; made once for a zone. */
export class AgentChecks {
  private readonly image: ZoneImage
  private readonly report: CheckReport
  private readonly targets: TargetChecks

  constructor(image: ZoneImage, report: CheckReport, targets: TargetChecks) {
    this.image = image
    this.report = report
    this.targets = targets
  }

  /** AGENT records of one name; priority 0 is the alias form. */
  checkAgent(node: NodeId, rrset: RRsetId): void {
    const { image, report } = this
    if (!hasLabel(image.octets, image.foldedNameAt(node), '_cap')) {
      report.add('agent-owner', node, TYPE.AGENT, `AGENT at ${report.name(node)} must stand at a capability, such as v1.ocr.vision._cap.example.`)
    }
    this.forEachRecord(rrset, (recordAt) => {
      const at = image.rdataAt(recordAt)
      const isAlias = image.octets[at] === 0 && image.octets[at + 1] === 0
      if (isAlias) this.checkAlias(node, recordAt)
      else this.checkTarget(node, TYPE.AGENT, recordAt)
      this.checkDependencies(node, recordAt)
    })
  }

  /** TASK records of one group. */
  checkTask(node: NodeId, rrset: RRsetId): void {
    this.forEachRecord(rrset, (recordAt) => this.checkTarget(node, TYPE.TASK, recordAt))
  }

  private checkAlias(node: NodeId, recordAt: number): void {
    const { image, report } = this
    const nameAt = image.rdataAt(recordAt) + PREFIX
    const what = `AGENT with priority 0 at ${report.name(node)}`
    if (!hasLabel(image.octets, nameAt, '_cap')) {
      report.add('agent-alias-target', node, TYPE.AGENT, `${what} must name a capability, and ${printName(image.octets, nameAt)} is none`, recordAt)
    }
    const end = nameAt + wireLength(image.octets, nameAt)
    if (end !== image.nextRecordAt(recordAt)) report.add('agent-alias-with-parameters', node, TYPE.AGENT, `${what} has parameters, which nobody reads`, recordAt)
  }

  private checkTarget(node: NodeId, type: number, recordAt: number): void {
    const { image, report, targets } = this
    const nameAt = image.rdataAt(recordAt) + PREFIX
    const what = `${printType(type)} at ${report.name(node)} names ${printName(image.octets, nameAt)}`
    if (!isAgent(image.octets, nameAt)) report.add('agent-target', node, type, `${what}, which is no agent: it must be <id>._sa.<domain> or <id>._ua.<domain>`, recordAt)
    else if (targets.target(nameAt) === 'nothing') report.add('agent-without-address', node, type, `${what}, which has no A or AAAA record`, recordAt)
  }

  /** Each capability in `depends` that lies in this zone must be here, or something below it, as a query may stop at any ancestor. */
  private checkDependencies(node: NodeId, recordAt: number): void {
    const { image, report, targets } = this
    const { octets } = image
    const end = image.nextRecordAt(recordAt)
    const nameAt = image.rdataAt(recordAt) + PREFIX
    for (let at = nameAt + wireLength(octets, nameAt); at < end; at += 4 + u16(octets, at + 2)) {
      if (u16(octets, at) !== PARAMETERS.depends.key) continue
      const valueEnd = at + 4 + u16(octets, at + 2)
      for (let name = at + 4; name < valueEnd; name += wireLength(octets, name)) {
        if (!targets.look(name) || targets.match.found !== FOUND.nothing) continue
        report.add('agent-dependency-missing', node, TYPE.AGENT, `AGENT at ${report.name(node)} depends on ${printName(octets, name)}, which is not in this zone`, recordAt)
      }
    }
  }

  private forEachRecord(rrset: RRsetId, visit: (recordAt: number) => void): void {
    const { image } = this
    const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
    for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) visit(at)
  }
}

/** Whether one of the labels of the wire name at `at` is `label`, given in lower case. */
function hasLabel(octets: Uint8Array, at: number, label: string): boolean {
  for (; octets[at] !== 0; at += octets[at] + 1) if (isLabel(octets, at, label)) return true
  return false
}

function isLabel(octets: Uint8Array, at: number, label: string): boolean {
  if (octets[at] !== label.length) return false
  for (let i = 0; i < label.length; i++) {
    if (fold(octets[at + 1 + i]) !== label.charCodeAt(i)) return false
  }
  return true
}

/** Whether the wire name at `at` has the form of an agent identifier: the second label tells. */
function isAgent(octets: Uint8Array, at: number): boolean {
  if (octets[at] === 0) return false
  const second = at + octets[at] + 1
  return isLabel(octets, second, '_sa') || isLabel(octets, second, '_ua')
}

function u16(octets: Uint8Array, at: number): number {
  return (octets[at] << 8) | octets[at + 1]
}

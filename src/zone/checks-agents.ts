/**
 * Checks of what agents are found by (docs/protocol.md): names must have the form of capability and agent
 * identifiers, and what an agent needs must be here where this zone should hold it.
 *
 *     capability   [<security>.]<version>.<type …>._cap.<domain>     owner of AGENT
 *     agent        <id>._sa.<domain> or <id>._ua.<domain>           target of AGENT and TASK
 */
import { printType, TYPE } from '../dns/codes.ts'
import { MAX_NAME_OCTETS } from '../dns/limits.ts'
import { LookupName } from '../dns/lookup-name.ts'
import { fold, isHostLabel, printName, sameNameAt, wireLength } from '../dns/name.ts'
import { PARAMETERS } from '../dns/parameters.ts'
import type { CheckReport } from './check-report.ts'
import type { TargetChecks } from './checks-targets.ts'
import { FOUND, type NodeId, type RRsetId, type ZoneImage, ZoneMatch } from './image.ts'
import { HEADER } from './layout.ts'

/** Octets before the name in RDATA of AGENT and TASK: priority or state. */
const PREFIX = 2
/** Second labels of agents' names, as labels on the wire, and their octets. */
const MARKS = ['\x03_sa', '\x03_ua'].map((mark) => Buffer.from(mark))
const MARK_OCTETS = 4
/** The last state of TASK (docs/protocol.md 3): failed. */
const LAST_STATE = 4
/** Where the ports begin at which agents are asked: those below are of other services. */
const FIRST_USER_PORT = 1_024
const SECURITY = /^(open|tls|mtls|attested)$/
const VERSION = /^v(0|[1-9]\d{0,4})(-(0|[1-9]\d{0,4}))?$/
const TYPE_LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

/** Checks of AGENT, SENSE and TASK records; made once for a zone. */
export class AgentChecks {
  private readonly image: ZoneImage
  private readonly report: CheckReport
  private readonly targets: TargetChecks
  private readonly lookup: LookupName
  private readonly match = new ZoneMatch()

  constructor(image: ZoneImage, report: CheckReport, targets: TargetChecks) {
    this.image = image
    this.report = report
    this.targets = targets
    this.lookup = new LookupName(image.words[HEADER.seed])
  }

  /** AGENT records of one name; priority 0 is the alias form. */
  checkAgent(node: NodeId, rrset: RRsetId): void {
    const { image, report } = this
    if (!hasLabel(image.octets, image.foldedNameAt(node), '_cap')) {
      report.add('agent-owner', node, TYPE.AGENT, `AGENT at ${report.name(node)} must stand at a capability, such as v1.ocr.vision._cap.example.`)
    } else if (!isComplete(labelsAt(image.octets, image.foldedNameAt(node)))) {
      report.add('agent-incomplete', node, TYPE.AGENT, `AGENT at ${report.name(node)} must stand at a capability with version and type, such as v1.ocr.vision._cap.example.`)
    }
    const seen = new Set<string>()
    this.forEachRecord(rrset, (recordAt) => {
      const at = image.rdataAt(recordAt)
      const isAlias = image.octets[at] === 0 && image.octets[at + 1] === 0
      if (isAlias) this.checkAlias(node, recordAt, image.recordsIn(rrset))
      else {
        this.checkTarget(node, TYPE.AGENT, recordAt)
        this.checkOnce(node, recordAt, seen)
      }
      this.forEachParameter(recordAt, (key, from, end) => {
        if (key === PARAMETERS.depends.key) this.checkDependencies(node, recordAt, from, end)
        else if (key === PARAMETERS.alias.key && !isAlias) this.checkHumanName(node, recordAt, from, end)
        else if (key === PARAMETERS['sense-port'].key) this.checkPort(node, recordAt, from)
      })
    })
  }

  /** TASK records of one group. */
  checkTask(node: NodeId, rrset: RRsetId): void {
    const { image, report } = this
    this.forEachRecord(rrset, (recordAt) => {
      this.checkTarget(node, TYPE.TASK, recordAt)
      const state = u16(image.octets, image.rdataAt(recordAt))
      if (state > LAST_STATE) report.add('task-state', node, TYPE.TASK, `TASK at ${report.name(node)} has state ${state}, which is none: it must be 0 to ${LAST_STATE}`, recordAt)
    })
  }

  private checkAlias(node: NodeId, recordAt: number, records: number): void {
    const { image, report } = this
    const nameAt = image.rdataAt(recordAt) + PREFIX
    const what = `AGENT with priority 0 at ${report.name(node)}`
    if (!hasLabel(image.octets, nameAt, '_cap')) {
      report.add('agent-alias-target', node, TYPE.AGENT, `${what} must name a capability, and ${printName(image.octets, nameAt)} is none`, recordAt)
    }
    if (sameNameAt(image.octets, nameAt, image.octets, image.nameAt(node))) report.add('agent-alias-to-itself', node, TYPE.AGENT, `${what} leads to itself`, recordAt)
    if (records > 1) report.add('agent-alias-beside-agents', node, TYPE.AGENT, `${what} stands beside other AGENT records, and must be alone`, recordAt)
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

  private checkOnce(node: NodeId, recordAt: number, seen: Set<string>): void {
    const { image, report } = this
    const nameAt = image.rdataAt(recordAt) + PREFIX
    const agent = printName(image.octets, nameAt)
    if (seen.has(agent.toLowerCase())) report.add('agent-twice', node, TYPE.AGENT, `AGENT at ${report.name(node)} names ${agent} twice`, recordAt)
    seen.add(agent.toLowerCase())
  }

  /** Each capability in `depends` that lies in this zone must be here, or something below it, as a query may stop at any ancestor. */
  private checkDependencies(node: NodeId, recordAt: number, from: number, end: number): void {
    const { image: { octets }, report, targets } = this
    for (let name = from; name < end; name += wireLength(octets, name)) {
      if (!targets.look(name) || targets.match.found !== FOUND.nothing) continue
      report.add('agent-dependency-missing', node, TYPE.AGENT, `AGENT at ${report.name(node)} depends on ${printName(octets, name)}, which is not in this zone`, recordAt)
    }
  }

  /** Nothing is derived of a human name that is no host's label, or that is the id of another agent (docs/protocol.md 4). */
  private checkHumanName(node: NodeId, recordAt: number, from: number, end: number): void {
    const { image: { octets }, report } = this
    const what = `alias "${Buffer.from(octets.subarray(from, end)).toString()}" of AGENT at ${report.name(node)}`
    if (!isHostLabel(octets, from, end - from)) return report.add('agent-human-name', node, TYPE.AGENT, `${what} must be one label of letters, digits and hyphens`, recordAt)
    const agentAt = this.image.rdataAt(recordAt) + PREFIX
    if (!isAgent(octets, agentAt)) return
    const domain = octets.subarray(agentAt + octets[agentAt] + 1 + MARK_OCTETS, agentAt + wireLength(octets, agentAt))
    for (const mark of MARKS) {
      const id = Buffer.concat([Uint8Array.of(end - from), octets.subarray(from, end), mark, domain])
      if (id.length <= MAX_NAME_OCTETS && !sameNameAt(id, 0, octets, agentAt) && this.stands(id)) report.add('agent-human-name-taken', node, TYPE.AGENT, `${what} is the id of ${printName(id, 0)}`, recordAt)
    }
  }

  private stands(name: Uint8Array): boolean {
    const { image, lookup, match } = this
    lookup.loadOnce(name)
    const from = lookup.labelCount - image.apexLabels
    if (from < 0 || !image.isNamed(image.apex, lookup, from)) return false
    image.find(lookup, match)
    return match.found === FOUND.exact
  }

  private checkPort(node: NodeId, recordAt: number, at: number): void {
    const port = u16(this.image.octets, at)
    if (port < FIRST_USER_PORT) this.report.add('agent-sense-port', node, TYPE.AGENT, `sense-port ${port} of AGENT at ${this.report.name(node)} must be from ${FIRST_USER_PORT} to 65535`, recordAt)
  }

  private forEachParameter(recordAt: number, visit: (key: number, from: number, end: number) => void): void {
    const { image, image: { octets } } = this
    const end = image.nextRecordAt(recordAt)
    const nameAt = image.rdataAt(recordAt) + PREFIX
    for (let at = nameAt + wireLength(octets, nameAt); at < end; at += 4 + u16(octets, at + 2)) visit(u16(octets, at), at + 4, at + 4 + u16(octets, at + 2))
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

/** The labels before `_cap`, folded. */
function labelsAt(octets: Uint8Array, at: number): string[] {
  const labels: string[] = []
  for (; !isLabel(octets, at, '_cap'); at += octets[at] + 1) labels.push(Buffer.from(octets.subarray(at + 1, at + 1 + octets[at])).toString('latin1'))
  return labels
}

/** Whether the labels are those of a capability, `[<security>.]<version>.<type …>`; those of a wildcard are not known. */
function isComplete(labels: readonly string[]): boolean {
  if (labels[0] === '*') return true
  const type = labels.slice(SECURITY.test(labels[0] ?? '') && VERSION.test(labels[1] ?? '') ? 1 : 0)
  return VERSION.test(type[0] ?? '') && type.length > 1 && type.slice(1).every((label) => TYPE_LABEL.test(label) && !VERSION.test(label))
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

/**
 * The records of faces, written from the offers of those picked: addresses, SVCB and HTTPS (RFC 9460), SRV (RFC 2782), and
 * the PTR and TXT of DNS-SD (RFC 6763) and DNS-AID.
 */
import { hostNode } from '../../authority/additional.ts'
import type { HostZones } from '../../authority/choosing.ts'
import { TYPE } from '../../dns/codes.ts'
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { isHostLabel } from '../../dns/name.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import { type ZoneImage, ZoneMatch } from '../../zone/image.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { printProtocols, PROTOCOL } from '../ranking/protocols.ts'
import { nameEnd, sameFolded } from '../ranking/values.ts'
import type { FaceBlock } from './block.ts'
import { TCP_LABEL } from './names.ts'
import type { HumanNames } from './human-names.ts'
import { agentAt, capabilityText, domainAt, hasIdentifier, latin1, portOf, SERVICE_MARK, valueAt, valueEnd, writeServiceParameters } from './offer-fields.ts'

/** Character-strings of an index: as many as MAX_FACE_AGENTS may need. */
const MOST_STRINGS = 64
/** What the value of `key=` may have besides in one character-string. */
const MOST_VALUE = 240

/** What stands behind an agent in DNS-AID's index, by what it speaks. */
const INDEXED = [PROTOCOL.a2a, PROTOCOL.mcp].map((protocols) => ({ protocols, text: `:${printProtocols(protocols)}` }))
const DOT = 0x2e
const UNDERSCORE = 0x5f

/** Agents picked, of which a face is written. */
export interface Picked {
  readonly slots: Int32Array
  readonly count: number
}

/** A host's name, on the wire: `octets[at …)`. */
export interface Place {
  octets: Uint8Array
  at: number
}

/** Writes faces; one object per thread. */
export class FaceWriter {
  readonly block: FaceBlock
  private readonly humanNames: HumanNames
  private readonly target: LookupName
  private readonly match = new ZoneMatch()
  private readonly name = new Uint8Array(MAX_NAME_OCTETS)
  /** What `findLabel` has found. */
  private labelAt = 0
  private labelSize = 0

  constructor(block: FaceBlock, seed: number, humanNames: HumanNames) {
    this.block = block
    this.humanNames = humanNames
    this.target = new LookupName(seed)
  }

  /** A or AAAA of all picked, the first first: as a zone of ours holds them, else as the offer hints (RFC 9460 7.3). */
  addresses(table: CandidateTable, { slots, count }: Picked, hosts: HostZones, type: number): void {
    const [hint, size] = type === TYPE.A ? [PARAMETERS.ipv4hint.key, 4] : [PARAMETERS.ipv6hint.key, 16]
    for (let i = 0; i < count; i++) {
      const zone = this.hostOf(table, slots[i], hosts)
      const stored = zone === null ? 0 : this.storedIn(zone, type)
      if (zone !== null && stored !== 0) this.block.addStored(zone, stored)
      else this.hints(table, valueAt(table, slots[i], hint), size)
    }
  }

  /** Whether there is an A or AAAA of an agent, in a zone of ours or as a hint. */
  hasAddress(table: CandidateTable, slot: Slot, hosts: HostZones, type: number): boolean {
    const zone = this.hostOf(table, slot, hosts)
    return (zone !== null && this.storedIn(zone, type) !== 0) || valueAt(table, slot, (type === TYPE.A ? PARAMETERS.ipv4hint : PARAMETERS.ipv6hint).key) !== 0
  }

  /** The zone that answers for the name of the agent, which is the target then. */
  private hostOf(table: CandidateTable, slot: Slot, hosts: HostZones): ZoneImage | null {
    this.target.load(table.heap, agentAt(table, slot))
    return hosts.zoneOf(this.target)
  }

  private storedIn(zone: ZoneImage, type: number): number {
    const node = hostNode(zone, this.target, this.match)
    return node === 0 ? 0 : zone.rrsetOf(node, type)
  }

  private hints(table: CandidateTable, at: number, size: number): void {
    if (at === 0) return
    for (const end = valueEnd(table, at); at + size <= end; at += size) {
      this.block.beginRecord()
      this.block.copy(table.heap, at, at + size)
      this.block.endRecord()
    }
  }

  /** SVCB or HTTPS of all picked. They lead to `target`, or each to its agent; priorities are ranks, or all 1 where one agent's protocols are told. */
  services(table: CandidateTable, { slots, count }: Picked, isRanked: boolean, targetOf: (slot: Slot) => Place | undefined): void {
    const { block } = this
    for (let i = 0; i < count; i++) {
      const target = targetOf(slots[i])
      if (target === undefined) continue
      block.beginRecord()
      block.u16(isRanked ? block.count + 1 : 1)
      block.copy(target.octets, target.at, nameEnd(target.octets, target.at, target.octets.length))
      writeServiceParameters(table, slots[i], block)
      block.endRecord(2)
    }
  }

  /** One record of the alias form (RFC 9460 2.4.2). */
  alias({ octets, at }: Place): void {
    this.block.beginRecord()
    this.block.u16(0)
    this.block.copy(octets, at, nameEnd(octets, at, octets.length))
    this.block.endRecord()
  }

  /** SRV of all picked, their ranks as priorities (RFC 2782). */
  locations(table: CandidateTable, { slots, count }: Picked): void {
    const { block } = this
    for (let i = 0; i < count; i++) {
      block.beginRecord()
      block.u16(block.count + 1)
      block.u16(0)
      block.u16(portOf(table, slots[i]))
      block.copy(table.heap, agentAt(table, slots[i]), nameEnd(table.heap, agentAt(table, slots[i]), table.heap.length))
      block.endRecord(2)
    }
  }

  /** PTR to the instance of each agent picked, below `service` and the domain that stands at `domain` (RFC 6763 4.1); hosts that no identifier names have instances of their own. */
  instances(table: CandidateTable, { slots, count }: Picked, service: Uint8Array, domain: Place): void {
    const { block, name } = this
    const end = nameEnd(domain.octets, domain.at, domain.octets.length)
    const below = service.length + TCP_LABEL.length + end - domain.at
    for (let i = 0; i < count; i++) {
      const size = writeInstanceLabel(table, slots[i], domain, end, name)
      if (size === 0 || size + below > MAX_NAME_OCTETS) continue
      block.beginRecord()
      block.copy(name, 0, size)
      block.copy(service, 0, service.length)
      block.copy(TCP_LABEL, 0, TCP_LABEL.length)
      block.copy(domain.octets, domain.at, end)
      block.endRecord()
    }
  }

  /** PTR to these labels below a domain; none where that is no name. */
  pointer(labels: readonly Uint8Array[], { octets, at }: Place): void {
    const { block } = this
    const end = nameEnd(octets, at, octets.length)
    if (labels.reduce((sum, { length }) => sum + length, end - at) > MAX_NAME_OCTETS) return
    block.beginRecord()
    for (const label of labels) block.copy(label, 0, label.length)
    block.copy(octets, at, end)
    block.endRecord()
  }

  /** TXT of an instance (RFC 6763 6): what it can do, and where it is called. */
  describe(table: CandidateTable, picked: Picked): void {
    const { block } = this
    const at = valueAt(table, picked.slots[0], PARAMETERS.endpoint.key)
    const endpoint = at === 0 ? '' : latin1(table.heap, at, valueEnd(table, at))
    block.beginRecord()
    block.strings('txtvers=1')
    block.strings(`cap=${joined(capabilitiesOf(table, picked))}`)
    if (endpoint !== '' && endpoint.length <= MOST_VALUE) block.strings(`endpoint=${endpoint}`)
    block.endRecord()
  }

  /** TXT of DNS-AID at an agent's human name: what it can do. */
  capabilities(table: CandidateTable, picked: Picked): void {
    this.block.beginRecord()
    this.block.strings(`capabilities=${joined(capabilitiesOf(table, picked))}`)
    this.block.endRecord()
  }

  /** TXT of DNS-AID that lists agents and what they speak: `agents=chat:a2a,billing:mcp`; those whom the other index leads to. */
  index(table: CandidateTable, { slots, count }: Picked, domain: Place): void {
    const entries = new Set<string>()
    for (let i = 0; i < count; i++) {
      if (!this.findLabel(table, slots[i], domain)) continue
      const label = latin1(table.heap, this.labelAt, this.labelAt + this.labelSize)
      for (const { protocols, text } of INDEXED) if ((table.i32.protocols[slots[i]] & protocols) !== 0) entries.add(label + text)
    }
    if (entries.size === 0) return
    this.block.beginRecord()
    this.block.strings(`agents=${[...entries].sort().join(',')}`, MOST_STRINGS)
    this.block.endRecord()
  }

  /**
   * The name to which DNS-AID's index of the domain leads, of one label below it and of letters that certificates can have: the agent's
   * human name, else its own; undefined where it has none.
   */
  plainName(table: CandidateTable, slot: Slot, domain: Place): Place | undefined {
    if (!this.findLabel(table, slot, domain)) return undefined
    const { name, labelAt, labelSize } = this
    const end = nameEnd(domain.octets, domain.at, domain.octets.length)
    name[0] = labelSize
    for (let i = 0; i < labelSize; i++) name[1 + i] = table.heap[labelAt + i]
    for (let i = domain.at; i < end; i++) name[1 + labelSize + i - domain.at] = domain.octets[i]
    return { octets: name, at: 0 }
  }

  /** Finds the first label of that name in the heap; false where there is none. */
  private findLabel(table: CandidateTable, slot: Slot, { octets, at }: Place): boolean {
    const { heap } = table
    const aliasAt = this.humanNames.at(slot)
    const ownAt = agentAt(table, slot)
    const parentAt = aliasAt === 0 ? ownAt + 1 + heap[ownAt] : domainAt(table, slot)
    const end = nameEnd(octets, at, octets.length)
    if (nameEnd(heap, parentAt, heap.length) - parentAt !== end - at || !sameFolded(heap, parentAt, octets, at, end - at)) return false
    this.labelAt = aliasAt === 0 ? ownAt + 1 : aliasAt
    this.labelSize = aliasAt === 0 ? heap[ownAt] : valueEnd(table, aliasAt) - aliasAt
    for (let i = at; i < end; i++) if (octets[i] === UNDERSCORE) return false
    return 1 + this.labelSize + end - at <= MAX_NAME_OCTETS && isHostLabel(heap, this.labelAt, this.labelSize)
  }
}

/**
 * Writes the label of the agent's instance below the domain at `domain`, which ends at `end`: its id where it is of that
 * domain's providers, else all of its name. Returns the octets written, its length included; 0 where it has no identifier,
 * or one that no label can tell.
 */
function writeInstanceLabel(table: CandidateTable, slot: Slot, { octets, at: domainFrom }: Place, end: number, to: Uint8Array): number {
  const { heap } = table
  const at = agentAt(table, slot)
  const markAt = at + 1 + heap[at]
  if (!hasIdentifier(table, slot)) return 0
  const isService = sameFolded(heap, markAt, SERVICE_MARK, 0, SERVICE_MARK.length)
  const nameAt = markAt + SERVICE_MARK.length
  const domainEnd = nameEnd(heap, nameAt, heap.length)
  const isOurs = isService && domainEnd - nameAt === end - domainFrom && sameFolded(heap, nameAt, octets, domainFrom, end - domainFrom)
  const labelEnd = isOurs ? markAt : domainEnd - 1
  return labelEnd - at - 1 > MAX_LABEL_OCTETS || !dotted(heap, at, labelEnd, to) ? 0 : labelEnd - at
}

/** Writes the labels up to `end` as one, dots between them; false where a label has a dot of its own. */
function dotted(heap: Uint8Array, at: number, end: number, to: Uint8Array): boolean {
  to[0] = end - at - 1
  for (let i = 1, next = at + 1 + heap[at]; at + i < end; i++) {
    const isBetween = at + i === next
    if (isBetween) next += 1 + heap[next]
    else if (heap[at + i] === DOT) return false
    to[i] = isBetween ? DOT : heap[at + i]
  }
  return true
}

function capabilitiesOf(table: CandidateTable, { slots, count }: Picked): string[] {
  const names = new Set<string>()
  for (let i = 0; i < count; i++) names.add(capabilityText(table, slots[i]))
  return [...names]
}

/** As many as fit into one character-string. */
function joined(words: readonly string[]): string {
  let text = ''
  for (const word of words) if (text.length + 1 + word.length <= MOST_VALUE) text += (text === '' ? '' : ',') + word
  return text
}

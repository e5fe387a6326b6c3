/**
 * The records of faces, written from the offers of those picked: addresses, SVCB and HTTPS (RFC 9460), SRV (RFC 2782), and
 * the PTR and TXT of DNS-SD (RFC 6763) and DNS-AID.
 */
import { TYPE } from '../../dns/codes.ts'
import { MAX_LABEL_OCTETS, MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import { FOUND, type ZoneImage, ZoneMatch } from '../../zone/image.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { printProtocols } from '../ranking/protocols.ts'
import { nameEnd } from '../ranking/values.ts'
import type { FaceBlock } from './block.ts'
import { TCP_LABEL } from './names.ts'
import { agentAt, capabilityText, domainAt, portOf, textOf, valueAt, valueEnd, writeServiceParameters } from './offer-fields.ts'

/** Character-strings of an index: as many as MAX_FACE_AGENTS may need. */
const MOST_STRINGS = 64
/** What the value of `key=` may have besides in one character-string. */
const MOST_VALUE = 240

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
  private readonly target: LookupName
  private readonly match = new ZoneMatch()
  private readonly name = new Uint8Array(MAX_NAME_OCTETS)

  constructor(block: FaceBlock, seed: number) {
    this.block = block
    this.target = new LookupName(seed)
  }

  /** A or AAAA of all picked, the first first: as the zone holds them, else as the offer hints (RFC 9460 7.3). */
  addresses(table: CandidateTable, { slots, count }: Picked, zone: ZoneImage, type: number): void {
    const [hint, size] = type === TYPE.A ? [PARAMETERS.ipv4hint.key, 4] : [PARAMETERS.ipv6hint.key, 16]
    for (let i = 0; i < count; i++) {
      const stored = this.storedAt(table, slots[i], zone, type)
      if (stored !== 0) this.block.addStored(zone, stored)
      else this.hints(table, valueAt(table, slots[i], hint), size)
    }
  }

  private storedAt(table: CandidateTable, slot: Slot, zone: ZoneImage, type: number): number {
    const { target, match } = this
    target.load(table.heap, agentAt(table, slot))
    const front = target.labelCount - zone.apexLabels
    if (front < 0 || !zone.isNamed(zone.apex, target, front)) return 0
    zone.find(target, match)
    return match.found === FOUND.exact || match.found === FOUND.wildcard ? zone.rrsetOf(match.node, type) : 0
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
    for (let i = 0; i < count; i++) {
      const label = instanceLabel(table, slots[i], domain)
      if (label !== undefined) this.pointer([Buffer.of(label.length), label, service, TCP_LABEL], domain)
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
    const endpoint = at === 0 ? '' : Buffer.from(table.heap.subarray(at, valueEnd(table, at))).toString('latin1')
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

  /** TXT of DNS-AID that lists agents and what they speak: `agents=chat:a2a,billing:mcp`. */
  index(table: CandidateTable, { slots, count }: Picked): void {
    const entries = new Set<string>()
    for (let i = 0; i < count; i++) {
      const label = labelOf(table, slots[i])
      if (label === '' || /[^\x21-\x7e]|[":,\\]/.test(label)) continue
      for (const protocol of printProtocols(table.i32.protocols[slots[i]]).split(',')) if (protocol !== '') entries.add(`${label}:${protocol}`)
    }
    if (entries.size === 0) return
    this.block.beginRecord()
    this.block.strings(`agents=${[...entries].sort().join(',')}`, MOST_STRINGS)
    this.block.endRecord()
  }

  /** The agent's human name, `<alias>.<its domain>`, else its own where no label of it begins with `_`: DNS-AID's index leads to names that certificates can have. */
  plainName(table: CandidateTable, slot: Slot): Place | undefined {
    const { heap } = table
    const aliasAt = valueAt(table, slot, PARAMETERS.alias.key)
    if (aliasAt === 0) return /(^|\.)_/.test(textOf(heap, agentAt(table, slot), heap.length)) ? undefined : { octets: heap, at: agentAt(table, slot) }
    const size = valueEnd(table, aliasAt) - aliasAt
    const at = domainAt(table, slot)
    const end = nameEnd(heap, at, heap.length)
    if (size > MAX_LABEL_OCTETS || 1 + size + end - at > MAX_NAME_OCTETS) return undefined
    this.name[0] = size
    this.name.set(heap.subarray(aliasAt, aliasAt + size), 1)
    this.name.set(heap.subarray(at, end), 1 + size)
    return { octets: this.name, at: 0 }
  }
}

/** The label of the agent's instance below a domain: its id where it is of that domain's providers, else all of its name; undefined where it has no identifier, or too long a one. */
function instanceLabel(table: CandidateTable, slot: Slot, domain: Place): Uint8Array | undefined {
  const { heap } = table
  const at = agentAt(table, slot)
  const text = textOf(heap, at, heap.length)
  const [id, mark] = text.split('.')
  if (mark !== '_sa' && mark !== '_ua') return undefined
  const isOurs = mark === '_sa' && textOf(domain.octets, domain.at, domain.octets.length) === textOf(heap, domainAt(table, slot), heap.length).toLowerCase()
  const label = Buffer.from(isOurs ? id : text, 'latin1')
  return label.length > MAX_LABEL_OCTETS ? undefined : label
}

/** What an index calls the agent: its human name, else its id. */
function labelOf(table: CandidateTable, slot: Slot): string {
  const at = valueAt(table, slot, PARAMETERS.alias.key)
  if (at !== 0) return Buffer.from(table.heap.subarray(at, valueEnd(table, at))).toString('latin1')
  return textOf(table.heap, agentAt(table, slot), table.heap.length).split('.')[0]
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

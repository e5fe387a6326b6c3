/**
 * The human names of agents, as far as anything may be derived from them (docs/protocol.md 4): one label that a host may have
 * (RFC 1123 2.1), of an agent with an identifier, that is not the id of another agent of its domain; whatever a zone file says.
 */
import { MAX_NAME_OCTETS } from '../../dns/limits.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { isHostLabel } from '../../dns/name.ts'
import { viewOf } from '../../dns/octet-views.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import type { ZoneImage } from '../../zone/image.ts'
import type { CandidateTable, Slot } from '../ranking/candidates.ts'
import { nameEnd, sameFolded } from '../ranking/values.ts'
import { agentAt, AGENT_MARKS, domainAt, hasIdentifier, valueAt, valueEnd } from './offer-fields.ts'

/** Octets of `_sa` and of `_ua` as labels. */
const MARK_OCTETS = 4
/** Slots that are looked at for one that has a name: all linked by its hash, among which another name's are rare. */
const MOST_FOUND = 16

/** Reads human names from one table at a time; one object per thread. */
export class HumanNames {
  private readonly name: LookupName
  private readonly made = new Uint8Array(MAX_NAME_OCTETS)
  private readonly madeView = viewOf(this.made)
  private readonly found = new Int32Array(MOST_FOUND)
  private table!: CandidateTable
  private zone!: ZoneImage

  /** `seed` is that of zones and tables. */
  constructor(seed: number) {
    this.name = new LookupName(seed)
  }

  /** Reads from this table, of this zone, from now on. */
  begin(table: CandidateTable, zone: ZoneImage): void {
    this.table = table
    this.zone = zone
  }

  /** Where the human name of the slot's agent stands in the heap, up to `valueEnd`; 0 where it has none, or none that counts. */
  at(slot: Slot): number {
    const { table } = this
    const at = valueAt(table, slot, PARAMETERS.alias.key)
    if (at === 0 || !hasIdentifier(table, slot) || !isHostLabel(table.heap, at, valueEnd(table, at) - at)) return 0
    return this.isOfAnother(slot, at) ? 0 : at
  }

  /** Whether another agent of that domain has the label for its id, in the table or in the zone. */
  private isOfAnother(slot: Slot, at: number): boolean {
    const { name, made, madeView } = this
    const markAt = this.make(slot, at)
    if (markAt === 0) return true // its entry is being written
    for (let i = 0; i < AGENT_MARKS.length; i++) {
      for (let j = 0; j < MARK_OCTETS; j++) made[markAt + j] = AGENT_MARKS[i][j]
      name.load(made, 0, madeView)
      if (!this.isNamed(slot) && (this.isOffered() || this.isInZone())) return true
    }
    return false
  }

  /** Makes the identifier with the label at `at` for its id, but for the mark; returns where that is, 0 where there is no such name. */
  private make(slot: Slot, at: number): number {
    const { table, table: { heap }, made } = this
    const size = valueEnd(table, at) - at
    const from = domainAt(table, slot)
    const end = nameEnd(heap, from, heap.length)
    const markAt = 1 + size
    const domainTo = markAt + MARK_OCTETS
    if (end < 0 || domainTo + end - from > MAX_NAME_OCTETS) return 0
    made[0] = size
    for (let i = 0; i < size; i++) made[1 + i] = heap[at + i]
    for (let i = from; i < end; i++) made[domainTo + i - from] = heap[i]
    return markAt
  }

  /** Whether the slot's agent is called so. */
  private isNamed(slot: Slot): boolean {
    const { heap } = this.table
    const at = agentAt(this.table, slot)
    return nameEnd(heap, at, heap.length) === at + this.name.length && sameFolded(heap, at, this.name.octets, 0, this.name.length)
  }

  private isOffered(): boolean {
    const { table, name, found } = this
    const count = table.byAgent.collect(name.hash[0], found)
    for (let i = 0; i < count; i++) if (this.isNamed(found[i])) return true
    return false
  }

  private isInZone(): boolean {
    const { zone } = this
    const node = zone.nodeOf(this.name)
    return node !== 0 && zone.firstLink(node) !== 0
  }
}

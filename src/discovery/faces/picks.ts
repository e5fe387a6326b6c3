/**
 * Whom a face shows: the best of a capability, all who live there, or those of one name; each with the version that its
 * entry had, so that what was written of it in between is noticed and the face made anew (table-layout.ts).
 */
import { MAX_FACE_AGENTS, MAX_RANKED_ANSWERS } from '../../dns/limits-discovery.ts'
import type { LookupName } from '../../dns/lookup-name.ts'
import { CHOICE, type Choice, type HostZones } from '../../authority/choosing.ts'
import type { Answer } from '../../authority/plan.ts'
import type { Query } from '../../authority/query.ts'
import { type CandidateTable, CapabilityMatch, type Slot } from '../ranking/candidates.ts'
import type { RankedChooser } from '../ranking/choosing.ts'
import { TABLE } from '../ranking/table-layout.ts'
import type { ZoneImage } from '../../zone/image.ts'
import { nameEnd, sameFolded } from '../ranking/values.ts'
import type { HumanNames } from './human-names.ts'
import { agentAt, domainAt, valueEnd } from './offer-fields.ts'

/** Slots picked from one table; one object per thread. */
export class Picks {
  /** Valid up to `count`. */
  readonly slots = new Int32Array(MAX_FACE_AGENTS)
  count = 0
  /** What was found by the last lookup. */
  readonly match = new CapabilityMatch()
  private readonly ranked: RankedChooser
  private readonly humanNames: HumanNames
  private readonly versions = new Int32Array(MAX_FACE_AGENTS)
  private readonly found = new Int32Array(MAX_FACE_AGENTS)
  private table!: CandidateTable
  private hosts!: HostZones
  private zone!: ZoneImage

  constructor(ranked: RankedChooser, humanNames: HumanNames) {
    this.ranked = ranked
    this.humanNames = humanNames
  }

  /** Picks from this table, whose agents have their addresses in `hosts`, from now on. */
  begin(table: CandidateTable, hosts: HostZones, zone: ZoneImage): void {
    this.table = table
    this.hosts = hosts
    this.zone = zone
    this.count = 0
    this.hasOthers = false
  }

  /** Whether agents, or an alias, stand at the name or below. */
  lookup(name: LookupName): boolean {
    return this.table.lookup(name, this.match) && (this.match.count > 0 || this.match.aliasLength > 0)
  }

  /** Whether some who live were passed over, as they have not what the face shows. */
  hasOthers = false

  /** Picks the best of the last lookup for the asker's demand, among the MAX_RANKED_ANSWERS best those that `hasFace`; says what becomes of the answer where it is not `made`. */
  rank(query: Query, answer: Answer, protocols: number, hasFace?: (slot: Slot) => boolean): Choice {
    const { ranked, table, hosts, match } = this
    const ranker = ranked.rankFor(table, hosts, this.zone, match, query, answer, protocols, hasFace && MAX_RANKED_ANSWERS)
    this.count = 0
    this.hasOthers = false
    if (typeof ranker === 'number') return ranker
    this.isRanked = true
    for (let i = 0; i < ranker.count && this.count < ranked.wanted; i++) {
      if (hasFace === undefined || hasFace(ranker.slots[i])) this.take(ranker.slots[i], ranker.versions[i])
      else this.hasOthers = true
    }
    return CHOICE.made
  }

  /** Whether those picked are in the order of a choice, which load may change. */
  isRanked = false

  /** Whether the last `living` ended at MAX_FACE_AGENTS with candidates left that it did not look at. */
  isCut = false

  /** Picks all of the last lookup who live and speak one of `protocols` (0: any), in no order. */
  living(protocols: number): void {
    const { list, count } = this.ranked.livingOf(this.table, this.match, protocols)
    this.count = 0
    this.isRanked = false
    this.isCut = count === MAX_FACE_AGENTS && this.match.count > count
    for (let i = 0; i < count; i++) this.take(list[i], Atomics.load(this.table.i32.version, list[i]))
  }

  /** Makes the offers of the agent of that name the last lookup; returns how many there are, alive or not. */
  ofAgent(name: LookupName): number {
    return this.collect(this.table.byAgent.collect(name.hash[0], this.found), (slot) => this.isAgent(slot, name))
  }

  /** The same of the agents that have `name` for their human name. */
  ofAlias(name: LookupName): number {
    return this.collect(this.table.byAlias.collect(name.hash[0], this.found), (slot) => this.isAlias(slot, name))
  }

  /** Whether every slot picked still is what it was. */
  isWhole(): boolean {
    for (let i = 0; i < this.count; i++) if (Atomics.load(this.table.i32.version, this.slots[i]) !== this.versions[i]) return false
    return this.table.isCurrent(this.match)
  }

  private take(slot: Slot, version: number): void {
    if ((version & 1) !== 0 || this.table.i32.rdataLength[slot] === 0) return // being written, or gone meanwhile
    this.slots[this.count] = slot
    this.versions[this.count++] = version
  }

  private collect(count: number, isMeant: (slot: Slot) => boolean): number {
    const { match, found, table } = this
    match.index = Atomics.load(table.header, TABLE.index)
    match.order = found
    match.from = match.count = match.aliasLength = 0
    for (let i = 0; i < count; i++) if (isMeant(found[i])) found[match.count++] = found[i]
    return match.count
  }

  private isAgent(slot: Slot, { octets, length }: LookupName): boolean {
    return isNameAt(this.table.heap, agentAt(this.table, slot), octets, 0, length)
  }

  /** Whether `<alias>.<domain of the agent>` is the name. */
  private isAlias(slot: Slot, { octets, length, labelAt }: LookupName): boolean {
    const { table } = this
    const at = this.humanNames.at(slot)
    if (at === 0 || valueEnd(table, at) - at !== octets[0] || !sameFolded(table.heap, at, octets, 1, octets[0])) return false
    return isNameAt(table.heap, domainAt(table, slot), octets, labelAt[1], length - labelAt[1])
  }
}

function isNameAt(heap: Uint8Array, at: number, octets: Uint8Array, from: number, length: number): boolean {
  return nameEnd(heap, at, heap.length) === at + length && sameFolded(heap, at, octets, from, length)
}

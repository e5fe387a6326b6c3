/**
 * The agents of an RRset that was signed ahead (docs/protocol.md 4, step 5): which entry of the table each of its records is
 * of, and all of them as candidates, since what is answered is that RRset and nobody below the name.
 */
import { MAX_CHAIN_STEPS, MAX_RANKED_ANSWERS } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import type { RRsetId, ZoneImage } from '../../zone/image.ts'
import { type CandidateTable, CapabilityMatch, type Slot } from './candidates.ts'
import { TABLE } from './table-layout.ts'
import { sameFolded } from './values.ts'

/** The records found last; one object per thread. */
export class SignedRecords {
  /** By record: its agent's entry at the very capability, −1 for none; valid up to `count`. */
  readonly slots = new Int32Array(MAX_RANKED_ANSWERS)
  count = 0
  /** Those that have an entry. */
  readonly match = new CapabilityMatch()
  private readonly order = new Int32Array(MAX_RANKED_ANSWERS)
  private readonly found = new Int32Array(MAX_CHAIN_STEPS)
  private agent = new LookupName(0)

  /** Finds the first MAX_RANKED_ANSWERS records of `rrset`, which stands at `name`, among what `match` has found at that name or below it. */
  find(table: CandidateTable, match: CapabilityMatch, name: LookupName, zone: ZoneImage, rrset: RRsetId): void {
    if (this.agent.seed !== table.header[TABLE.seed]) this.agent = new LookupName(table.header[TABLE.seed])
    this.count = Math.min(MAX_RANKED_ANSWERS, zone.recordsIn(rrset))
    const own = this.match
    own.order = this.order
    own.from = own.count = 0
    own.costReference = match.costReference
    own.weightReference = match.weightReference
    own.index = match.index
    for (let i = 0, at = zone.firstRecordAt(rrset); i < this.count; i++, at = zone.nextRecordAt(at)) {
      this.agent.load(zone.octets, zone.rdataAt(at) + 2, zone.view)
      this.slots[i] = this.slotAt(table, name)
      if (this.slots[i] >= 0) this.order[own.count++] = this.slots[i]
    }
  }

  /** The entry of the agent that is loaded, at the capability. */
  private slotAt(table: CandidateTable, capability: LookupName): Slot {
    const { agent, found } = this
    const { heap, i32 } = table
    const count = table.byAgent.collect(agent.hash[0], found)
    for (let i = 0; i < count; i++) {
      const slot = found[i]
      const number = i32.capability[slot]
      const isHere = i32.capabilityLength[number] === capability.length && sameFolded(heap, i32.capabilityAt[number], capability.octets, 0, capability.length)
      if (isHere && sameFolded(heap, i32.rdataAt[slot] + 2, agent.octets, 0, agent.length)) return slot
    }
    return -1
  }
}

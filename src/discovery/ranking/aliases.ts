/**
 * Versions that have moved on (docs/protocol.md 2): from the alias at a capability to where agents stand, alias by alias,
 * and all that was met on the way in the additional section, for who would have to ask for it next.
 *
 *     v1 AGENT 0 v2 (answer) ──► v2 AGENT 0 v3 (additional) ──► v3: the best of them (additional), their addresses behind
 */
import { type Answer, SECTION } from '../../authority/plan.ts'
import { TYPE } from '../../dns/codes.ts'
import { MAX_ALIAS_STEPS } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import type { NodeId, RRsetId, ZoneImage } from '../../zone/image.ts'
import { HEADER } from '../../zone/layout.ts'
import type { CandidateTable, CapabilityMatch } from './candidates.ts'
import type { ChosenBlock } from './chosen-block.ts'

/** The aliases of one answer; one object per thread. */
export class Aliases {
  private name = new LookupName(0)
  /** Where the name that each alias leads to stands in the zone, and the node of that name, 0 for none. */
  private readonly targetAt = new Uint32Array(MAX_ALIAS_STEPS)
  private readonly nodes = new Int32Array(MAX_ALIAS_STEPS)
  private count = 0

  /** Goes on from the alias `rrset` of the zone to the first name where agents stand, and fills `match` with them; false where there is none in this zone. */
  follow(table: CandidateTable, zone: ZoneImage, rrset: RRsetId, match: CapabilityMatch): boolean {
    if (this.name.seed !== zone.words[HEADER.seed]) this.name = new LookupName(zone.words[HEADER.seed])
    const { name } = this
    for (this.count = 0; this.count < MAX_ALIAS_STEPS; ) {
      const at = zone.rdataAt(zone.firstRecordAt(rrset)) + 2
      name.load(zone.octets, at, zone.view)
      if (!table.lookup(name, match)) return false
      const node = zone.nodeOf(name)
      this.targetAt[this.count] = at
      this.nodes[this.count++] = node
      if (match.count > 0) return true
      rrset = node === 0 ? 0 : zone.rrsetOf(node, TYPE.AGENT)
      if (rrset === 0) return false
    }
    return false
  }

  /** Adds further aliases, and as the last those chosen, who are the RRset of `block`. */
  add(answer: Answer, zone: ZoneImage, block: ChosenBlock): void {
    const last = this.count - 1
    for (let i = 0; i < last; i++) this.addAlias(answer, zone, this.nodes[i], this.targetAt[i])
    if (block.count > 0) answer.add(SECTION.additional, block, block.rrset, zone, this.targetAt[last])
  }

  private addAlias(answer: Answer, zone: ZoneImage, node: NodeId, nameAt: number): void {
    answer.add(SECTION.additional, zone, zone.rrsetOf(node, TYPE.AGENT), zone, nameAt)
  }
}

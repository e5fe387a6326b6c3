/**
 * What the chosen depend on (docs/protocol.md 4, `closure`): for each capability that their records name in `depends`, and
 * for what those agents depend on in turn, the best live agents are chosen too, so that one question finds all that a task
 * needs. Breadth first; a name is met once, so that circles end; MAX_CLOSURE_NAMES, _DEPTH and _OCTETS bound the work.
 *
 *     answer: v1.summary AGENT a  depends=v1.ocr,v2.translate
 *     additional: v1.ocr AGENT b · v2.translate AGENT c depends=v1.words · v1.words AGENT d
 *
 * Synchronous and on shared memory, as the choice itself; nothing is allocated but the words that name what is missing.
 */
import { type Answer, NO_EDE, SECTION } from '../../authority/plan.ts'
import { EDE, TYPE } from '../../dns/codes.ts'
import { MAX_CLOSURE_AGENTS, MAX_CLOSURE_DEPTH, MAX_CLOSURE_NAMES, MAX_INDEX_TRIES } from '../../dns/limits-discovery.ts'
import { LookupName } from '../../dns/lookup-name.ts'
import { printName, sameNameAt } from '../../dns/name.ts'
import { PARAMETERS } from '../../dns/parameters.ts'
import type { ZoneImage } from '../../zone/image.ts'
import { RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS } from '../../zone/layout.ts'
import { type CandidateTable, CapabilityMatch } from './candidates.ts'
import { type ChosenBlock, NO_ROOM, TORN } from './chosen-block.ts'
import type { Demand } from './demand.ts'
import type { Ranker } from './rank.ts'
import { TABLE } from './table-layout.ts'
import { FAULT, nameEnd, read16 } from './values.ts'

/** EXTRA-TEXT of a closure that is not whole (RFC 8914 2). */
const CUT = Buffer.from('more dependencies than a closure holds: ask for them')

/** Finds what is needed besides; one object per thread. */
export class Closure {
  private readonly ranker: Ranker
  private readonly block: ChosenBlock
  private readonly match = new CapabilityMatch()
  private name = new LookupName(0)
  /** Where in the block the names met so far stand, and how many steps from the answer; valid up to `count`. */
  private readonly nameAt = new Int32Array(MAX_CLOSURE_NAMES)
  private readonly depth = new Int32Array(MAX_CLOSURE_NAMES)
  private count = 0
  private isCut = false
  private answer!: Answer
  private zone!: ZoneImage
  private table!: CandidateTable
  private demand!: Demand
  private nowMs = 0

  /** `block` holds the answer of the last choice; what is found stands behind it. */
  constructor(ranker: Ranker, block: ChosenBlock) {
    this.ranker = ranker
    this.block = block
  }

  /** Adds to the additional section what the agents of the answer depend on, as far as it lies in their zone. The demand is reduced to what holds for others. */
  add(answer: Answer, zone: ZoneImage, table: CandidateTable, demand: Demand, nowMs: number): void {
    if (this.name.seed !== table.header[TABLE.seed]) this.name = new LookupName(table.header[TABLE.seed])
    this.answer = answer
    this.zone = zone
    this.table = table
    this.demand = demand
    this.nowMs = nowMs
    this.count = 0
    this.isCut = false
    demand.keepForOthers()
    this.needAll(this.block.rrset, 1)
    for (let i = 0; i < this.count; i++) this.find(i)
    if (this.isCut) answer.explain(EDE.OTHER, CUT)
  }

  // ---- What is needed ----

  /** Takes note of what the agents of an RRset of the block depend on. */
  private needAll(rrset: number, depth: number): void {
    const { words, octets } = this.block
    let at = rrset * 4 + RRSET_HEAD_OCTETS
    for (let left = words[rrset + RRSET.count]; left > 0; left--) {
      const rdataAt = at + RECORD_HEAD_OCTETS
      at = rdataAt + read16(octets, rdataAt - 2)
      this.needOf(nameEnd(octets, rdataAt + 2, at), at, depth)
    }
  }

  /** Looks for `depends` among the parameters `octets[at … end)`; the registrar has checked them, so that a fault cannot be. */
  private needOf(at: number, end: number, depth: number): void {
    const { octets } = this.block
    if (at === FAULT) return
    for (let next; at + 4 <= end; at = next) {
      next = at + 4 + read16(octets, at + 2)
      const key = read16(octets, at)
      if (key > PARAMETERS.depends.key || next > end) return // keys ascend (RFC 9460 2.2)
      if (key !== PARAMETERS.depends.key) continue
      for (let from = at + 4, to; from < next; from = to) {
        to = nameEnd(octets, from, next)
        if (to === FAULT) return
        this.need(octets, from, to, depth)
      }
    }
  }

  /** Takes note of a name that is in the zone, is not what was asked for, and was not met before. */
  private need(octets: Uint8Array, at: number, end: number, depth: number): void {
    const { name, zone, block } = this
    name.load(octets, at)
    const above = name.labelCount - zone.apexLabels
    if (above < 0 || !zone.isNamed(zone.apex, name, above)) return
    if (this.isAnswered(octets, at)) return
    for (let i = 0; i < this.count; i++) if (sameNameAt(octets, at, block.octets, this.nameAt[i])) return
    const nameAt = this.count === MAX_CLOSURE_NAMES || depth > MAX_CLOSURE_DEPTH ? NO_ROOM : block.appendName(octets, at, end)
    if (nameAt === NO_ROOM) {
      this.isCut = true
      return
    }
    this.nameAt[this.count] = nameAt
    this.depth[this.count++] = depth
  }

  private isAnswered(octets: Uint8Array, at: number): boolean {
    const { answer, block } = this
    for (let i = 0; i < answer.count; i++) if (answer.source[i] === block && sameNameAt(octets, at, answer.owner[i].octets, answer.ownerAt[i])) return true
    return false
  }

  // ---- Who can do it ----

  private find(i: number): void {
    const { block, name, table, match, ranker, demand, nowMs } = this
    name.load(block.octets, this.nameAt[i], block.view)
    for (let tries = 0; tries < MAX_INDEX_TRIES; tries++) {
      if (!table.lookup(name, match)) break
      if (match.count === 0 && match.aliasLength > 0) return this.follow(i)
      ranker.rank(table, match, demand, nowMs, this.most())
      if (ranker.count === 0) break
      const rrset = block.append(table, ranker, this.zone.class, nowMs)
      if (rrset !== TORN && table.isCurrent(match)) return this.give(i, rrset)
    }
    this.explainMissing(this.nameAt[i])
  }

  private most(): number {
    const { count } = this.demand
    return count === 0 ? MAX_CLOSURE_AGENTS : Math.min(count, MAX_CLOSURE_AGENTS)
  }

  private give(i: number, rrset: number): void {
    const { block, answer, ranker, table } = this
    if (rrset === NO_ROOM || !answer.add(SECTION.additional, block, rrset, block, this.nameAt[i])) {
      this.isCut = true
      return
    }
    ranker.hand(table, ranker.slots[0], this.nowMs)
    this.needAll(rrset, this.depth[i] + 1)
  }

  /** A version that has moved on: its alias, as the zone has it, and what it leads to. */
  private follow(i: number): void {
    const { zone, name, block, answer } = this
    const node = zone.nodeOf(name)
    const rrset = node === 0 ? 0 : zone.rrsetOf(node, TYPE.AGENT)
    if (rrset === 0 || !answer.add(SECTION.additional, zone, rrset, block, this.nameAt[i])) return
    const targetAt = zone.rdataAt(zone.firstRecordAt(rrset)) + 2
    const end = nameEnd(zone.octets, targetAt, zone.octets.length)
    if (end !== FAULT) this.need(zone.octets, targetAt, end, this.depth[i] + 1)
  }

  /** Says which capability nobody offers who may be chosen; the first one is told. */
  private explainMissing(nameAt: number): void {
    const { answer, block } = this
    if (answer.edeCode === NO_EDE) answer.explain(EDE.DEPENDENCY_MISSING, Buffer.from(printName(block.octets, nameAt)))
  }
}

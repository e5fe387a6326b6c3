/**
 * A zone in service: one SharedArrayBuffer that every thread reads in place (layout.ts draws it). This is
 * the reading side: `find`, which answers in one call what RFC 1034 4.3.2 step 3 asks of a zone, and the
 * accessors that walk nodes, RRsets and records. Nothing here allocates.
 *
 * One atomic load for each answer, of the generation, is what a reader needs: all that a writer stored before it
 * committed that generation is visible behind it. What a writer links in meanwhile (a version, a node, a larger
 * table) it has written before its atomic store of the link, and a reader gets there through the link's value
 * only, an order that the processors we run on keep. So all other loads are plain; an atomic one costs ten times
 * as much, as the engine calls a function for it.
 */
import { hashLabel, type LookupName } from '../dns/lookup-name.ts'
import { type OctetBlock, sameOctets, viewOf } from '../dns/octet-views.ts'
import { negativeTtlOf, nsec3ParamsOf } from './apex.ts'
import { CELL, ELEMENT, firstRecordIn, HEADER, MAGIC, MARK, NODE, RECORD_HEAD_OCTETS, RRSET, VERSION, leaseWordOf, wordsFor } from './layout.ts'
import { FOUND, type NodeId, type ZoneMatch } from './match.ts'
import { NodeMemory } from './node-memory.ts'
import { predecessorIn } from './order.ts'

export { FOUND, type Found, type NodeId, ZoneMatch } from './match.ts'

/** Word index of an RRset in its image; 0 is none. */
export type RRsetId = number
/** A place in the list of a node's RRsets (layout.ts); 0 is the end. Not a handle: `rrsetAt` gives the RRset. */
export type Link = number & { readonly ofList?: never }

/** Keys of NSEC3 RRsets and of their RRSIGs (type 46, the covered type above it). */
const NSEC3 = 50
const NSEC3_SIGNATURES = 46 | (50 << 16)

const STAR = viewOf(Uint8Array.of(1, 0x2a, 0, 0))

/** Reads one zone; each thread makes its own over the shared block. Class IN and LOCAL alike. */
export class ZoneImage implements OctetBlock {
  readonly buffer: SharedArrayBuffer
  readonly words: Int32Array
  readonly octets: Uint8Array
  readonly view: DataView
  readonly apex: NodeId
  /** Labels of the apex's name. */
  readonly apexLabels: number
  /** Octets of the apex's name in wire form. */
  readonly apexLength: number
  readonly class: number
  /** Whether the zone holds NSEC3 records, so that some of its nodes are not names. */
  readonly isHashed: boolean
  /** Where RDATA of the NSEC3PARAM stands to which the zone's NSEC3 chain belongs; 0 where it has none that we can hash for. */
  readonly nsec3ParamsAt: number
  /** Which NSEC3 owner belongs to a node; for who hashes names. Null where `nsec3ParamsAt` is 0. */
  readonly nsec3Memory: NodeMemory | null
  /** The generation that this reader sees; `refresh()`, and nobody else, moves it to the newest. */
  generation = 0
  /** The query for which that was done last; see `refreshFor`. */
  private refreshedFor = 0
  /** The generation of `ttlOfAbsence`. */
  private absenceGeneration = -1
  private ttlOfAbsence = 0

  /** RangeError where the block is none of this layout. */
  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.words = new Int32Array(buffer)
    // what is no image would be searched without end, as its links lead nowhere
    if (this.words[HEADER.magic] !== MAGIC) throw new RangeError('Cannot read zone as its block is not one of this layout')
    this.octets = new Uint8Array(buffer)
    this.view = viewOf(this.octets)
    this.apex = this.words[HEADER.apex]
    this.class = this.words[HEADER.class]
    this.apexLabels = this.labelCount(this.apex)
    this.apexLength = this.nameLength(this.apex)
    this.isHashed = this.hasElements(HEADER.nsec3Order)
    this.nsec3ParamsAt = this.hasElements(HEADER.nsec3Chain) ? nsec3ParamsOf(this) : 0 // editors leave both as they are
    this.nsec3Memory = this.nsec3ParamsAt === 0 ? null : new NodeMemory(this.nodeCount)
    this.refresh()
  }

  private hasElements(order: number): boolean {
    const head = this.words[order]
    return head !== 0 && this.words[head + ELEMENT.next] !== 0
  }

  /** Takes the newest committed generation as what this reader sees. */
  refresh(): void {
    this.generation = Atomics.load(this.words, HEADER.generation)
  }

  /** The same once for each `query`, a number that differs from the last query's: an answer of several steps sees one generation. */
  refreshFor(query: number): void {
    if (this.refreshedFor === query) return
    this.refreshedFor = query
    this.refresh()
  }

  /** Whether the zone holds AGENT, SENSE or TASK records. */
  get hasAgents(): boolean {
    return this.words[HEADER.agents] > 0
  }

  /** How many nodes and records the zone holds, and how many words lie unused. */
  get nodeCount(): number {
    return this.words[HEADER.nodes]
  }

  get recordCount(): number {
    return this.words[HEADER.records]
  }

  /** Octets of the block in use. */
  get usedOctets(): number {
    return this.words[HEADER.top] * 4
  }

  /** Octets of those in use that a rebuild wins back. */
  get wasteOctets(): number {
    return this.words[HEADER.waste] * 4
  }

  // ---- Nodes ----

  /** The node of label `from` and onward of `name`; 0 where no such name exists. */
  nodeOf(name: LookupName, from = 0): NodeId {
    const node = this.nodeNamed(name, from)
    return node !== 0 && this.exists(node) ? node : 0
  }

  /** The same, but also nodes that hold nothing (any more, or yet), which a writer fills. */
  nodeNamed(name: LookupName, from = 0): NodeId {
    const { words } = this
    const table = words[HEADER.table]
    const mask = words[table]
    const hash = name.hash[from]
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = table + 1 + slot * 2
      const node = words[at + 1]
      if (node === 0) return 0
      if (words[at] === hash && this.isNamed(node, name, from)) return node
    }
  }

  /** The wildcard right below `encloser`, which is label `from` and onward of `name`; 0 where there is none. */
  wildcardBelow(encloser: NodeId, name: LookupName, from: number): NodeId {
    const { words, octets } = this
    if ((words[encloser + NODE.marks] & MARK.wildcardBelow) === 0) return 0
    const table = words[HEADER.table]
    const mask = words[table]
    const hash = hashLabel(name.hash[from], STAR, 0)
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const at = table + 1 + slot * 2
      const node = words[at + 1]
      if (node === 0) return 0
      if (words[at] !== hash || words[node + NODE.parent] !== encloser) continue
      const nameAt = (node + NODE.name) * 4
      if (octets[nameAt] === 1 && octets[nameAt + 1] === 0x2a) return this.exists(node) ? node : 0
    }
  }

  /** Whether the node's name is label `from` and onward of `name`. */
  isNamed(node: NodeId, name: LookupName, from: number): boolean {
    const at = name.labelAt[from]
    const length = this.nameLength(node)
    return length === name.length - at && sameOctets(this.view, this.foldedNameAt(node), name.view, at, length)
  }

  parent(node: NodeId): NodeId {
    return this.words[node + NODE.parent]
  }

  labelCount(node: NodeId): number {
    return (this.words[node + NODE.marks] >>> 16) & 0xff
  }

  /** Octets of the node's name in wire form. */
  nameLength(node: NodeId): number {
    return this.words[node + NODE.marks] >>> 24
  }

  /** Where in `octets` the node's folded name starts. */
  foldedNameAt(node: NodeId): number {
    return (node + NODE.name) * 4
  }

  /** Where in `octets` the node's name starts as it was written, capitals kept. */
  nameAt(node: NodeId): number {
    const cased = (this.words[node + NODE.marks] & MARK.cased) !== 0
    return (node + NODE.name + (cased ? wordsFor(this.nameLength(node)) : 0)) * 4
  }

  /** Handle of the version that this reader sees; 0 where it is as loaded, −1 where the node is younger than this reader. */
  private version(node: NodeId): number {
    const { words, generation } = this
    let state = words[node + NODE.state]
    while (state < 0) {
      if (words[-state + VERSION.generation] <= generation) return -state
      state = words[-state + VERSION.older]
    }
    return 0
  }

  /** State as loaded: what lies under all versions. */
  private loadedState(node: NodeId): RRsetId {
    const { words } = this
    let state = words[node + NODE.state]
    while (state < 0) state = words[-state + VERSION.older]
    return state
  }

  /** Marks (see MARK) that this reader sees. */
  marks(node: NodeId): number {
    const { words } = this
    const own = words[node + NODE.marks] & 0xffff
    if (words[node + NODE.state] >= 0) return own
    const version = this.version(node)
    return version === 0 ? own : words[version + VERSION.marks]
  }

  /** Whether the node holds records or has children: else the name does not exist (RFC 8020 2). */
  exists(node: NodeId): boolean {
    return this.firstLink(node) !== 0 || (this.marks(node) & MARK.children) !== 0
  }

  // ---- RRsets and records ----

  /**
   * Where the list of the node's RRsets begins; 0 where it holds none.
   *
   *     for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) use(image.rrsetAt(link))
   */
  firstLink(node: NodeId): Link {
    const state = this.words[node + NODE.state]
    if (state >= 0) return state
    const version = this.version(node)
    return version === 0 ? this.loadedState(node) : this.words[version + VERSION.firstLink]
  }

  nextLink(link: Link): Link {
    return this.words[link > 0 ? link + RRSET.next : CELL.next - link]
  }

  rrsetAt(link: Link): RRsetId {
    return link > 0 ? link : this.words[CELL.rrset - link]
  }

  /** The node's RRset of `type` (not RRSIG; see `signaturesOf`); 0 where it holds none. */
  rrsetOf(node: NodeId, type: number): RRsetId {
    const { words } = this
    let link: number = this.firstLink(node)
    while (link > 0 && words[link + RRSET.key] !== type) link = words[link + RRSET.next]
    return link >= 0 ? link : this.rrsetFrom(link, type)
  }

  /** The RRset of `key` in a list from `link` on, which may lead over cells. */
  rrsetFrom(link: Link, key: number): RRsetId {
    while (link !== 0) {
      const rrset = this.rrsetAt(link)
      if (this.words[rrset + RRSET.key] === key) return rrset
      link = this.nextLink(link)
    }
    return 0
  }

  /** The RRSIG records at the node that cover `type`; 0 where it holds none. */
  signaturesOf(node: NodeId, type: number): RRsetId {
    return this.rrsetOf(node, (46 | (type << 16)) | 0)
  }

  typeOf(rrset: RRsetId): number {
    return this.words[rrset + RRSET.key] & 0xffff
  }

  /** The type that RRSIG records cover (RFC 4034 3.1.1); 0 for every other type. */
  coveredType(rrset: RRsetId): number {
    return this.words[rrset + RRSET.key] >>> 16
  }

  /** Records in the RRset: 1 to 65,535. */
  recordsIn(rrset: RRsetId): number {
    return this.words[rrset + RRSET.count] & 0xffff
  }

  /** Octets of all the RRset's records together, from `firstRecordAt`. */
  octetsOf(rrset: RRsetId): number {
    return this.words[rrset + RRSET.octets]
  }

  /** Where in `octets` the RRset's first record starts. */
  firstRecordAt(rrset: RRsetId): number {
    return firstRecordIn(this.words, rrset)
  }

  /** Where the record after the one at `recordAt` starts. */
  nextRecordAt(recordAt: number): number {
    return recordAt + RECORD_HEAD_OCTETS + this.rdataLength(recordAt)
  }

  rdataLength(recordAt: number): number {
    return (this.octets[recordAt + 10] << 8) | this.octets[recordAt + 11]
  }

  rdataAt(recordAt: number): number {
    return recordAt + RECORD_HEAD_OCTETS
  }

  /** Seconds; all records of an RRset have the same (RFC 2181 5.2). */
  ttlOf(rrset: RRsetId): number {
    const o = this.octets
    const at = firstRecordIn(this.words, rrset) + 6
    return ((o[at] << 24) | (o[at + 1] << 16) | (o[at + 2] << 8) | o[at + 3]) >>> 0
  }

  /** Unix seconds at which the RRset's first-ending lease ends (RFC 9664 4.2); 0 where nothing of it is leased. */
  leaseEndOf(rrset: RRsetId): number {
    const { words } = this
    return words[rrset + RRSET.count] < 0 ? Atomics.load(words, leaseWordOf(words, rrset)) >>> 0 : 0
  }

  /** Seconds that absence may be remembered: the lesser of SOA's TTL and its MINIMUM (RFC 2308 3, RFC 9077 3); −1 where there is no SOA. */
  get negativeTtl(): number {
    if (this.absenceGeneration !== this.generation) {
      this.absenceGeneration = this.generation
      this.ttlOfAbsence = negativeTtlOf(this)
    }
    return this.ttlOfAbsence
  }

  // ---- Searching ----

  /** Fills `match` with what the zone holds for `name`, which must be at or below the apex (RFC 1034 4.3.2 step 3). */
  find(name: LookupName, match: ZoneMatch): void {
    const apexBelow = name.labelCount - this.apexLabels
    let below = 0
    let node = this.nodeOf(name, 0)
    while (below < apexBelow && (node === 0 || (this.isHashed && this.isHashedOwner(node)))) node = this.nodeOf(name, ++below)
    if (below === apexBelow) node = this.apex // which is there even where it holds nothing
    match.encloser = node
    match.labelsBelowEncloser = below
    match.node = below === 0 ? node : 0
    match.cut = 0
    if (this.findCut(node, below === 0, match)) return
    if (below === 0) {
      match.found = this.firstLink(node) !== 0 ? FOUND.exact : FOUND.empty
      return
    }
    match.node = this.wildcardBelow(node, name, below)
    match.found = match.node !== 0 ? FOUND.wildcard : FOUND.nothing
  }

  /** Whether the node is only the owner of NSEC3: such a name is not one of the zone's names (RFC 5155 7.2.8). */
  private isHashedOwner(node: NodeId): boolean {
    const { words } = this
    let link = this.firstLink(node)
    if (link === 0 || (this.marks(node) & MARK.children) !== 0) return false
    for (; link !== 0; link = this.nextLink(link)) {
      const key = words[this.rrsetAt(link) + RRSET.key]
      if (key !== NSEC3 && key !== NSEC3_SIGNATURES) return false
    }
    return true
  }

  /** Looks from `node` up to the apex for the highest cut or DNAME, which hides what lies below it (RFC 1034 4.3.2 step 3b, RFC 6672 3.2). */
  private findCut(node: NodeId, isExact: boolean, match: ZoneMatch): boolean {
    let owner = isExact
    for (let at = node; ; at = this.words[at + NODE.parent]) {
      const marks = this.marks(at)
      if (marks & (MARK.cut | MARK.dname)) {
        if (marks & MARK.cut) {
          match.cut = at
          match.found = FOUND.cut
        } else if (!owner) {
          match.cut = at
          match.found = FOUND.dname
        }
      }
      if (at === this.apex) break
      owner = false
    }
    if (match.cut !== 0 && match.cut !== match.node) match.node = 0
    return match.cut !== 0
  }

  /** The owner of the NSEC record whose name is `name` or comes last before it in canonical order (RFC 4034 6.1); 0 where the zone has none. */
  nsecOwnerFor(name: LookupName): NodeId {
    return predecessorIn(this, this.words[HEADER.nsecOrder], name)
  }

  /** The same among the owners of the NSEC3 chain, for a name `<hash>.<apex>`; the last owner where none comes before (RFC 5155 7.1: the chain is a ring). */
  nsec3OwnerFor(name: LookupName): NodeId {
    return predecessorIn(this, this.words[HEADER.nsec3Chain], name)
  }

  /** Calls `visit` for each node that exists, the apex first, in the order in which their records were loaded. */
  forEachNode(visit: (node: NodeId) => void): void {
    for (let node = this.apex; node !== 0; node = this.words[node + NODE.next]) if (this.exists(node)) visit(node)
  }

  /** First node of an ordered list, or the next after an element; for walking a chain of NSEC or NSEC3. */
  nextElement(element: number): number {
    return this.words[element + ELEMENT.next]
  }
}

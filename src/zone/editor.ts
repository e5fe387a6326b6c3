/**
 * Changes a zone in service. What a transaction changes is appended to the block as new versions of the nodes
 * it touches, stamped with the generation to come; `commit` stores that generation in the header, and in that
 * one store all of it becomes visible to every thread. `abort` unlinks the versions as if nothing had been.
 *
 *     editor.begin()
 *     editor.putRRset(owner, TYPE.A, 60, [rdata, …])     replaces the RRset
 *     editor.removeRRset(owner, TYPE.TXT)
 *     editor.commit()
 */
import { TYPE } from '../dns/codes.ts'
import { MAX_RRSET_OCTETS, MAX_RRSET_RECORDS } from '../dns/limits.ts'
import type { ZoneImage, NodeId, RRsetId } from './image.ts'
import { HEADER, MARK, NODE, RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS, STATE_MARKS, VERSION, wordsFor } from './layout.ts'
import { ImageFull, isAgentType, mostOctets, ZoneWriter } from './writer.ts'

export { ImageFull } from './writer.ts'

/** The one writer of an image in service; see above for a transaction. */
export class ZoneEditor extends ZoneWriter {
  private pending = 0
  private readonly touched: NodeId[] = []
  /** Changes of children counts in this transaction, as pairs of parent and difference. */
  private readonly counted: number[] = []
  /** What the transaction adds to the header's counts when it is committed. */
  private records = 0
  private agents = 0
  private waste = 0

  constructor(image: ZoneImage) {
    super(image.words[HEADER.seed])
    this.class = image.class
    this.image = image
    this.words = image.words
    this.octets = image.octets
  }

  /** Starts a transaction; one at a time. */
  begin(): void {
    this.pending = this.words[HEADER.generation] + 1
    this.touched.length = 0
    this.counted.length = 0
    this.records = this.agents = this.waste = 0
  }

  /**
   * Makes `rdatas` (wire, uncompressed, no two alike) the whole RRset of `type` at `owner`. ImageFull where the block has no
   * room; RangeError where the owner is outside of the zone, the RRset is empty or beyond the limits, or its type is not changed in place.
   */
  putRRset(owner: Uint8Array, type: number, ttl: number, rdatas: readonly Uint8Array[], covered = 0): void {
    refuseDenial(type)
    const octets = octetsOfRRset(type, rdatas)
    const node = this.nodeFor(owner)
    if (node === 0) throw new RangeError('Cannot change a record outside of its zone')
    const key = (type | (covered << 16)) | 0
    const before = this.currentFirst(node)
    const replaced = this.rrsetIn(before, key)
    const rest = replaced === 0 ? before : this.listWithout(before, replaced)
    this.setFirst(node, this.writeRRset(key, ttl, rdatas, octets, rest))
    this.countChange(key, replaced, rdatas.length)
  }

  /** Removes the RRset of `type` at `owner`; false where there is none. */
  removeRRset(owner: Uint8Array, type: number, covered = 0): boolean {
    refuseDenial(type)
    this.name.load(owner, 0)
    const node = this.image.nodeNamed(this.name, 0)
    if (node === 0) return false
    const key = (type | (covered << 16)) | 0
    const before = this.currentFirst(node)
    const removed = this.rrsetIn(before, key)
    if (removed === 0) return false
    this.setFirst(node, this.listWithout(before, removed))
    this.countChange(key, removed, 0)
    return true
  }

  /** Makes the transaction visible to every reader's next `refresh()`. */
  commit(): void {
    const { words } = this
    words[HEADER.records] += this.records
    words[HEADER.agents] += this.agents
    words[HEADER.waste] += this.waste
    Atomics.store(this.words, HEADER.generation, this.pending)
    this.image.refresh()
  }

  /** Undoes the transaction: no reader has seen any of it. */
  abort(): void {
    for (const node of this.touched) {
      const { words } = this
      let state = words[node + NODE.state]
      while (state < 0 && words[-state + VERSION.generation] === this.pending) state = words[-state + VERSION.older]
      Atomics.store(words, node + NODE.state, state)
    }
    for (let i = 0; i < this.counted.length; i += 2) this.words[this.counted[i] + NODE.children] -= this.counted[i + 1]
    this.touched.length = 0
  }

  /** The node's version of this transaction, made from what it held before where it is touched for the first time. */
  private versionOf(node: NodeId): number {
    const state = this.words[node + NODE.state]
    if (state < 0 && this.words[-state + VERSION.generation] === this.pending) return -state
    const marks = this.currentMarks(node)
    const first = this.currentFirst(node)
    const version = this.take(VERSION.words)
    const { words } = this
    words[version + VERSION.generation] = this.pending
    words[version + VERSION.marks] = marks
    words[version + VERSION.firstRRset] = first
    words[version + VERSION.older] = state
    Atomics.store(words, node + NODE.state, -version)
    this.touched.push(node)
    return version
  }

  /** What the newest version holds, committed or not. */
  private currentFirst(node: NodeId): RRsetId {
    const state = this.words[node + NODE.state]
    return state >= 0 ? state : this.words[-state + VERSION.firstRRset]
  }

  private currentMarks(node: NodeId): number {
    const state = this.words[node + NODE.state]
    return (state >= 0 ? this.words[node + NODE.marks] : this.words[-state + VERSION.marks]) & STATE_MARKS
  }

  private setFirst(node: NodeId, first: RRsetId): void {
    const existed = this.currentlyExists(node)
    const version = this.versionOf(node)
    const { words } = this
    words[version + VERSION.firstRRset] = first
    const isCut = node !== this.image.apex && this.rrsetIn(first, TYPE.NS) !== 0
    words[version + VERSION.marks] =
      (words[version + VERSION.marks] & MARK.children) | (isCut ? MARK.cut : 0) | (this.rrsetIn(first, TYPE.DNAME) !== 0 ? MARK.dname : 0)
    if (existed !== this.currentlyExists(node)) this.tellParent(node, existed ? -1 : 1)
  }

  private currentlyExists(node: NodeId): boolean {
    return this.currentFirst(node) !== 0 || (this.currentMarks(node) & MARK.children) !== 0
  }

  /** Keeps the parents' children marks true where a node comes into being or ceases to be, up to the first that stays as it was. */
  private tellParent(node: NodeId, by: number): void {
    const parent = this.words[node + NODE.parent]
    if (parent === 0) return
    const existed = this.currentlyExists(parent)
    this.counted.push(parent, by)
    const children = (this.words[parent + NODE.children] += by)
    const version = this.versionOf(parent)
    const { words } = this
    words[version + VERSION.marks] = (words[version + VERSION.marks] & ~MARK.children) | (children > 0 ? MARK.children : 0)
    if (existed !== this.currentlyExists(parent)) this.tellParent(parent, by)
  }

  /** Notes that the RRset `replaced`, if it is one, gave way to one of `records` records, if there are any. */
  private countChange(key: number, replaced: RRsetId, records: number): void {
    const { words } = this
    this.records += records - (replaced === 0 ? 0 : words[replaced + RRSET.count] & 0xffff)
    if (isAgentType(key & 0xffff)) this.agents += (records === 0 ? 0 : 1) - (replaced === 0 ? 0 : 1)
    if (replaced !== 0) this.waste += RRSET.words + wordsFor(words[replaced + RRSET.octets])
  }

  /** The RRset of `key` in the list at `first`; 0 where it has none. */
  private rrsetIn(first: RRsetId, key: number): RRsetId {
    const { words } = this
    let rrset = first
    while (rrset !== 0 && words[rrset + RRSET.key] !== key) rrset = words[rrset + RRSET.next]
    return rrset
  }

  /** The list at `first` without its member `left`: what follows it is shared, what precedes it is copied, as older versions still link it. */
  private listWithout(first: RRsetId, left: RRsetId): RRsetId {
    const rest = this.words[left + RRSET.next]
    let start = rest
    for (let from = first, last = 0; from !== left; from = this.words[from + RRSET.next]) {
      const copy = this.copyRRset(from, rest)
      if (last === 0) start = copy
      else this.words[last + RRSET.next] = copy
      last = copy
    }
    return start
  }

  private copyRRset(from: RRsetId, next: RRsetId): RRsetId {
    const size = RRSET.words + wordsFor(this.words[from + RRSET.octets])
    const copy = this.take(size)
    const { words } = this
    words.copyWithin(copy, from, from + size)
    words[copy + RRSET.next] = next
    words[copy + RRSET.count] &= 0xffff
    this.waste += size
    return copy
  }

  private writeRRset(key: number, ttl: number, rdatas: readonly Uint8Array[], size: number, next: RRsetId): RRsetId {
    const rrset = this.take(RRSET.words + wordsFor(size))
    const { words } = this
    words[rrset + RRSET.next] = next
    words[rrset + RRSET.key] = key
    words[rrset + RRSET.octets] = size
    words[rrset + RRSET.count] = rdatas.length
    let at = rrset * 4 + RRSET_HEAD_OCTETS
    for (const rdata of rdatas) {
      this.writeRecord(at, key & 0xffff, ttl, rdata, rdata.length)
      at += RECORD_HEAD_OCTETS + rdata.length
    }
    return rrset
  }

  /** New nodes come into being only with their first version, so the count of children is kept by `tellParent`. */
  protected override countChild(): void {}

  /** Readers hold this block: it cannot be moved under them. */
  protected override reserve(needed: number): void {
    throw new ImageFull(`Cannot add to the zone as its block of ${this.words.length * 4} octets would need ${needed}`)
  }
}

/** NSEC and NSEC3 chains, and what tells of them, are changed by signing anew and loading, not record by record. */
function refuseDenial(type: number): void {
  if (type !== TYPE.NSEC && type !== TYPE.NSEC3 && type !== TYPE.NSEC3PARAM) return
  throw new RangeError('Cannot change NSEC, NSEC3 or NSEC3PARAM in place as their chain must be signed and loaded as a whole')
}

/** Octets of the RRset's records; RangeError where it is empty or larger than an RRset may be. */
function octetsOfRRset(type: number, rdatas: readonly Uint8Array[]): number {
  let octets = 0
  for (const rdata of rdatas) {
    const size = RECORD_HEAD_OCTETS + rdata.length
    if (size > MAX_RRSET_OCTETS) throw new RangeError(`Cannot store a record of ${size} octets as no message could carry it`)
    octets += size
  }
  if (rdatas.length === 0 || rdatas.length > MAX_RRSET_RECORDS) throw new RangeError(`Cannot store an RRset of ${rdatas.length} records as it must have 1 to ${MAX_RRSET_RECORDS}`)
  if (octets > mostOctets(type)) throw new RangeError(`Cannot store an RRset of ${octets} octets as it must have at most ${mostOctets(type)}`)
  return octets
}

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
import type { ZoneImage, NodeId, RRsetId } from './image.ts'
import { TYPE } from '../dns/codes.ts'
import { HEADER, MARK, NODE, RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS, STATE_MARKS, VERSION, wordsFor } from './layout.ts'
import { ZoneWriter } from './writer.ts'

/** Thrown by a change that does not fit the block: the zone must be rebuilt in a larger one, and the change made there. */
export class ImageFull extends Error {
  override readonly name = 'ImageFull'
}

/** The one writer of an image in service; see above for a transaction. */
export class ZoneEditor extends ZoneWriter {
  private pending = 0
  private readonly touched: NodeId[] = []
  /** Changes of children counts in this transaction, as pairs of parent and difference. */
  private readonly counted: number[] = []

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
  }

  /** Makes `rdatas` (wire, uncompressed, no two alike) the whole RRset of `type` at `owner`. ImageFull where the block has no room. */
  putRRset(owner: Uint8Array, type: number, ttl: number, rdatas: readonly Uint8Array[], covered = 0): void {
    refuseDenial(type)
    const node = this.nodeFor(owner)
    if (node === 0) throw new RangeError('Cannot change a record outside of its zone')
    const key = (type | (covered << 16)) | 0
    const rest = this.listWithout(this.currentFirst(node), key)
    const first = this.writeRRset(key, ttl, rdatas, rest)
    this.setFirst(node, first)
  }

  /** Removes the RRset of `type` at `owner`; false where there is none. */
  removeRRset(owner: Uint8Array, type: number, covered = 0): boolean {
    refuseDenial(type)
    this.name.load(owner, 0)
    const node = this.image.nodeNamed(this.name, 0)
    if (node === 0) return false
    const key = (type | (covered << 16)) | 0
    const first = this.currentFirst(node)
    if (!this.hasKey(first, key)) return false
    this.setFirst(node, this.listWithout(first, key))
    return true
  }

  /** Makes the transaction visible to every reader's next `refresh()`. */
  commit(): void {
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
    const isCut = node !== this.image.apex && this.hasKey(first, TYPE.NS)
    words[version + VERSION.marks] =
      (words[version + VERSION.marks] & MARK.children) | (isCut ? MARK.cut : 0) | (this.hasKey(first, TYPE.DNAME) ? MARK.dname : 0)
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

  private hasKey(first: RRsetId, key: number): boolean {
    const { words } = this
    let rrset = first
    while (rrset !== 0 && words[rrset + RRSET.key] !== key) rrset = words[rrset + RRSET.next]
    return rrset !== 0
  }

  /** The list at `first` without the RRset of `key`: what follows it is shared, what precedes it is copied, as older versions still link it. */
  private listWithout(first: RRsetId, key: number): RRsetId {
    if (first === 0 || !this.hasKey(first, key)) return first
    if (this.words[first + RRSET.key] === key) return this.words[first + RRSET.next]
    const rest = this.listWithout(this.words[first + RRSET.next], key)
    const size = RRSET.words + wordsFor(this.words[first + RRSET.octets])
    const copy = this.take(size)
    this.words.copyWithin(copy, first, first + size)
    this.words[copy + RRSET.next] = rest
    this.words[copy + RRSET.count] &= 0xffff
    return copy
  }

  private writeRRset(key: number, ttl: number, rdatas: readonly Uint8Array[], next: RRsetId): RRsetId {
    let size = 0
    for (const rdata of rdatas) size += RECORD_HEAD_OCTETS + rdata.length
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
  protected override reserve(octets: number): void {
    throw new ImageFull(`Cannot add to the zone as its block of ${this.words.length * 4} octets would need ${octets}`)
  }
}

/** NSEC and NSEC3 chains are changed by signing anew and loading, not record by record. */
function refuseDenial(type: number): void {
  if (type === TYPE.NSEC || type === TYPE.NSEC3) throw new RangeError('Cannot change NSEC or NSEC3 in place as their chain must be signed and loaded as a whole')
}

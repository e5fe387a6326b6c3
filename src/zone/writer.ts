/**
 * The writing side that loading (builder.ts) and changing (editor.ts) share: the block and its growth, nodes
 * and their table, and the ordered lists. There is one writer to an image; it publishes each link by a single
 * store, so that readers on other threads meet the old or the new, never half.
 */
import { LookupName } from '../dns/lookup-name.ts'
import { ZoneImage, type NodeId } from './image.ts'
import { ELEMENT, HEADER, MAGIC, MARK, NODE, RECORD_HEAD_OCTETS, wordsFor } from './layout.ts'
import { TYPE } from '../dns/codes.ts'
import { MAX_AGENT_RRSET_OCTETS, MAX_IMAGE_OCTETS, MAX_ORDER_LEVELS as MAX_LEVELS, MAX_RRSET_OCTETS } from '../dns/limits.ts'
import { sharedBlock } from '../dns/shared-block.ts'
import { findPath, orderKeyOf, sortsAtOrBefore } from './order.ts'

/** Thrown where a block cannot hold what is to be written: by an editor when the zone must be rebuilt in a larger block, by a builder when it has MAX_IMAGE_OCTETS. */
export class ImageFull extends Error {
  override readonly name = 'ImageFull'
}

/** The writing half of an image, to be extended by who loads or changes it. */
export class ZoneWriter {
  protected image!: ZoneImage
  protected words!: Int32Array
  protected octets!: Uint8Array
  /** The name being worked on. */
  protected readonly name: LookupName
  protected class = 0
  /** Owner of the record before, as written: most records have the owner of the one before. */
  private readonly lastOwner = new Uint8Array(256)
  private lastLength = 0
  private lastNode: NodeId = 0
  /** Last element of each level of the two ordered lists, for appending in order. */
  protected readonly nsecTail = new Int32Array(MAX_LEVELS)
  protected readonly nsec3Tail = new Int32Array(MAX_LEVELS)
  private readonly path = new Int32Array(MAX_LEVELS)
  private random: number

  protected constructor(seed: number) {
    this.name = new LookupName(seed)
    this.random = seed | 1
  }

  // ---- Nodes ----

  protected nodeFor(owner: Uint8Array): NodeId {
    if (this.isLastOwner(owner)) return this.lastNode
    const { name } = this
    name.loadOnce(owner)
    if (!this.isWithinApex()) return 0
    const node = this.image.nodeNamed(name, 0) || this.addNode(owner, 0)
    this.lastLength = name.length
    for (let i = 0; i < name.length; i++) this.lastOwner[i] = owner[i]
    return (this.lastNode = node)
  }

  protected isLastOwner(owner: Uint8Array): boolean {
    const { lastOwner, lastLength } = this
    if (this.lastNode === 0) return false
    for (let i = 0; i < lastLength; i++) if (owner[i] !== lastOwner[i]) return false
    return true
  }

  protected isWithinApex(): boolean {
    const { name, octets } = this
    const from = name.labelCount - this.image.apexLabels
    if (from < 0) return false
    const apexAt = this.image.foldedNameAt(this.words[HEADER.apex])
    for (let i = 0, at = name.labelAt[from]; i < this.image.apexLength; i++, at++) if (octets[apexAt + i] !== name.octets[at]) return false
    return true
  }

  /** Makes the node of label `from` and onward of the current name, and its ancestors where they are missing. */
  protected addNode(owner: Uint8Array, from: number): NodeId {
    const parent = this.image.nodeNamed(this.name, from + 1) || this.addNode(owner, from + 1)
    const node = this.makeNode(owner, from, parent)
    this.countChild(parent)
    const { words } = this
    const at = this.name.labelAt[from]
    if (this.name.octets[at] === 1 && this.name.octets[at + 1] === 0x2a) words[parent + NODE.marks] |= MARK.wildcardBelow
    return node
  }

  /** Notes that `parent` has one child more. */
  protected countChild(parent: NodeId): void {
    this.words[parent + NODE.children]++
    this.words[parent + NODE.marks] |= MARK.children
  }

  /** Writes a node for the suffix of `owner` that starts with label `from` of the current name, and enters it into the table. */
  protected makeNode(owner: Uint8Array, from: number, parent: NodeId): NodeId {
    const { name } = this
    const start = name.labelAt[from]
    const length = name.length - start
    const cased = !sameOctets(owner, name.octets, start, name.length)
    const node = this.take(NODE.name + wordsFor(length) * (cased ? 2 : 1))
    const { words, octets } = this
    words[node + NODE.parent] = parent
    words[node + NODE.marks] = ((length << 24) | ((name.labelCount - from) << 16) | (cased ? MARK.cased : 0)) | 0
    let at = (node + NODE.name) * 4
    for (let i = start; i < name.length; i++) octets[at++] = name.octets[i]
    if (cased) {
      at = (node + NODE.name + wordsFor(length)) * 4
      for (let i = start; i < name.length; i++) octets[at++] = owner[i]
    }
    this.enter(name.hash[from], node)
    this.link(node)
    return node
  }

  private link(node: NodeId): void {
    const { words } = this
    if (words[HEADER.lastNode] !== 0) Atomics.store(words, words[HEADER.lastNode] + NODE.next, node)
    words[HEADER.lastNode] = node
  }

  protected enter(hash: number, node: NodeId): void {
    const { words } = this
    const count = ++words[HEADER.nodes]
    const size = words[words[HEADER.table]] + 1
    if (count > size * 0.7) this.growTable(size * 2)
    insertInto(this.words, this.words[HEADER.table], hash, node)
  }

  protected makeTable(slots: number): number {
    const table = this.take(1 + slots * 2)
    this.words[table] = slots - 1
    return table
  }

  protected growTable(slots: number): void {
    const old = this.words[HEADER.table]
    const grown = this.makeTable(slots)
    const { words } = this
    const end = old + 1 + (words[old] + 1) * 2
    for (let at = old + 1; at < end; at += 2) if (words[at + 1] !== 0) insertInto(words, grown, words[at], words[at + 1])
    words[HEADER.waste] += end - old
    Atomics.store(words, HEADER.table, grown)
  }

  /** Enters `node` into the ordered list at `head`: at once behind `tail` where it comes last, as in files written by signers. */
  protected list(head: number, tail: Int32Array, node: NodeId): void {
    const { name, image } = this
    name.load(this.octets, image.foldedNameAt(node))
    const height = this.drawHeight()
    const key = orderKeyOf(image, name)
    const isLast = tail[0] === head || sortsAtOrBefore(image, tail[0], key, name)
    const after = isLast ? tail : this.path
    if (!isLast && findPath(image, head, name, this.path)) return
    const element = this.makeElement(node, key, height)
    const { words } = this
    for (let level = 0; level < height; level++) {
      words[element + ELEMENT.next + level] = words[after[level] + ELEMENT.next + level]
      words[after[level] + ELEMENT.next + level] = element
      if (words[element + ELEMENT.next + level] === 0) tail[level] = element
    }
  }

  protected makeElement(node: NodeId, key: number, height: number): number {
    const element = this.take(ELEMENT.next + height)
    this.words[element + ELEMENT.node] = node
    this.words[element + ELEMENT.key] = key | 0
    this.words[element + ELEMENT.height] = height
    return element
  }

  /** 1 with probability 3/4, 2 with 3/16, and so on (xorshift; a fixed sequence per seed). */
  protected drawHeight(): number {
    let x = this.random
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    this.random = x
    let height = 1
    for (let bits = x >>> 4; (bits & 3) === 0 && height < MAX_LEVELS; bits >>>= 2) height++
    return height
  }

  protected writeRecord(at: number, type: number, ttl: number, rdata: Uint8Array, rdataLength: number): void {
    const o = this.octets
    o[at] = 0xc0 // the owner: a pointer to the question's name, octet 12 of the message
    o[at + 1] = 0x0c
    o[at + 2] = type >>> 8
    o[at + 3] = type
    o[at + 4] = this.class >>> 8
    o[at + 5] = this.class
    o[at + 6] = ttl >>> 24
    o[at + 7] = ttl >>> 16
    o[at + 8] = ttl >>> 8
    o[at + 9] = ttl
    o[at + 10] = rdataLength >>> 8
    o[at + 11] = rdataLength
    for (let i = 0; i < rdataLength; i++) o[at + RECORD_HEAD_OCTETS + i] = rdata[i]
  }

  // ---- The block ----

  /** Takes `count` words at the top of the block, moving to a larger block where it is full. */
  protected take(count: number): number {
    const at = this.words[HEADER.top]
    const top = at + count
    if (top > this.words.length) this.reserve(top * 4, Math.max(top * 4 + 65_536, this.words.length * 8))
    this.words[HEADER.top] = top
    return at
  }

  /** Moves to a block of `wished` octets, of which at least `needed` must be had. */
  protected reserve(needed: number, wished: number): void {
    if (needed > MAX_IMAGE_OCTETS) throw new ImageFull(`Cannot make the zone's block larger as it would need ${needed} octets and ${MAX_IMAGE_OCTETS} are the most`)
    const buffer = allocate(needed, Math.min(wished, MAX_IMAGE_OCTETS))
    const grown = new Int32Array(buffer)
    if (this.words !== undefined) grown.set(this.words.subarray(0, this.words[HEADER.top]))
    grown[HEADER.magic] = MAGIC
    this.words = grown
    this.octets = new Uint8Array(buffer)
    this.image = new ZoneImage(buffer)
  }
}

/** A block of `wished` octets; of `needed` where the machine does not give as much. */
function allocate(needed: number, wished: number): SharedArrayBuffer {
  try {
    return sharedBlock(wholeWords(wished))
  } catch (fault) {
    if (!(fault instanceof RangeError) || needed === wished) throw fault
    return sharedBlock(wholeWords(needed))
  }
}

/** `octets` rounded up to whole words; unlike `wordsFor`, for sizes beyond 32 bits too. */
function wholeWords(octets: number): number {
  return Math.ceil(octets / 4) * 4
}

/** Whether records of `type` make a zone one that agents are found in (docs/protocol.md 1). */
export function isAgentType(type: number): boolean {
  return type === TYPE.AGENT || type === TYPE.SENSE || type === TYPE.TASK
}

/** Octets that the records of one RRset of `type` may have together. */
export function mostOctets(type: number): number {
  return type === TYPE.AGENT ? MAX_AGENT_RRSET_OCTETS : MAX_RRSET_OCTETS
}

/** Slots for `names` names at no more than 70 % full: a power of two. */
export function tableSizeFor(names: number): number {
  let slots = 64
  while (slots * 0.7 < names) slots *= 2
  return slots
}

function insertInto(words: Int32Array, table: number, hash: number, node: NodeId): void {
  const mask = words[table]
  let slot = hash & mask
  while (words[table + 2 + slot * 2] !== 0) slot = (slot + 1) & mask
  words[table + 1 + slot * 2] = hash
  Atomics.store(words, table + 2 + slot * 2, node)
}

function sameOctets(a: Uint8Array, b: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (a[i] !== b[i]) return false
  return true
}


/**
 * Tails: what follows the question in answers that come again and again, kept as the octets that were sent, so that a
 * referral or an absence is neither planned nor compressed anew for each name below its cut or apex. One per
 * answering thread, direct-mapped; what it holds is only ever a copy of what the long way gave.
 *
 *     question   www . sub . example . 0 | type | class ┊ tail
 *                      └── the tail's node ─────────────┊ NS ns.<pointer>  …  <pointer> A 192.0.2.1
 *
 * A tail belongs to a node, at or above QNAME, whose name ends the question. So between that name and the tail lie
 * always the same octets, and all pointers in it, to that name or into the tail itself, are found by adding where
 * the tail starts. It is the same for all names below the node, but for two cases that take the long way: a question
 * that spells the node's name in other letters (a pointer keeps case), and one whose next label begins a name in the
 * tail too, which would then point to it (RFC 1035 4.1.4: compression is as good as it was).
 *
 * A tail is good for one generation of a zone, as any change makes it stale (ADR 0003), and for one directory: who
 * takes another one calls `clear`.
 */
import { hashLabel, type LookupName } from '../dns/lookup-name.ts'
import { MAX_LABEL_OCTETS, MAX_TAIL_OCTETS, TAIL_SLOTS } from '../dns/limits.ts'
import { foldOctets, sameOctets } from '../dns/octet-views.ts'
import type { NodeId, ZoneImage } from '../zone/image.ts'
import { wordsFor } from '../zone/layout.ts'
import type { Query } from './query.ts'

/** Words of a slot; labels, pointers and octets follow the first ones. `rival` is the key that was missed last. */
const SLOT = { zone: 0, generation: 1, node: 2, variant: 3, rival: 4, size: 5, answers: 6, authorities: 7, additionals: 8, labels: 9, pointers: 10 } as const
/** Labels by which names in a tail go on below its node: one for each server of the longest referral. With more, nothing is kept. */
const MOST_LABELS = MAX_TAIL_OCTETS / 56
/** Pointers in a tail: one in each record, as no record is shorter than an address with its owner. With more, nothing is kept. */
const MOST_POINTERS = MAX_TAIL_OCTETS / 16
const LABELS_AT = 11
const POINTERS_AT = LABELS_AT + MOST_LABELS
const OCTETS_AT = POINTERS_AT + MOST_POINTERS
const SLOT_WORDS = OCTETS_AT + wordsFor(MAX_TAIL_OCTETS)

const MIX = 0x9e37_79b1

/** Which answer of its node a tail is. DO is added to it as 1, and for an alias QTYPE, eight bits up. */
export const TAIL = { absence: 0, referral: 2, alias: 4 } as const

/** Tails of one thread; `recall` says whether the one asked for is there. */
export class Tails {
  /** The tail asked for last may be kept: `start`, then `note…`. */
  isWanted = false
  view = new DataView(new ArrayBuffer(0))
  private words = new Int32Array(0)
  private slot = 0
  private zone!: ZoneImage
  private index = 0
  private node: NodeId = 0
  private variant = 0
  private nodeHash = 0
  private readonly label = new DataView(new ArrayBuffer(MAX_LABEL_OCTETS + 5)) // hashing reads four at a time
  /** Where the name of the tail's node stands in the question. */
  nodeAt = 0

  /** Forgets all: indices of zones mean something else now. */
  clear(): void {
    this.words.fill(0)
  }

  /**
   * Whether the tail of `node`, whose name ends QNAME, is known and has at most `room` octets; `index` is the zone's in its directory. It is then the one that
   * the accessors below tell of. Where it is not, `isWanted` says whether it was asked for twice, and so is worth keeping.
   */
  recall(zone: ZoneImage, index: number, node: NodeId, variant: number, query: Query, name: LookupName, room: number): boolean {
    if (this.words.length === 0) this.reserve()
    const { words } = this
    const key = Math.imul(node ^ Math.imul(index + 1, MIX), MIX) ^ Math.imul(variant + 1, MIX)
    const slot = ((key ^ (key >>> 15)) & (TAIL_SLOTS - 1)) * SLOT_WORDS
    const below = name.labelCount - zone.labelCount(node)
    const nodeAt = query.qnameAt + name.labelAt[below]
    this.isWanted = false
    if (!sameOctets(query.view, nodeAt, name.view, name.labelAt[below], zone.nameLength(node))) return false
    this.slot = slot
    const isOfAnswer = words[slot + SLOT.node] === node && words[slot + SLOT.variant] === variant
    if (!isOfAnswer || words[slot + SLOT.zone] !== index + 1 || words[slot + SLOT.generation] !== zone.generation) {
      this.isWanted = words[slot + SLOT.rival] === key
      words[slot + SLOT.rival] = key
      this.zone = zone
      this.index = index
      this.node = node
      this.variant = variant
      this.nodeAt = nodeAt
      this.nodeHash = name.hash[below]
      return false
    }
    words[slot + SLOT.rival] = 0 // who is asked for between two questions for another stays
    return words[slot + SLOT.size] <= room && !(below > 0 && this.hasLabel(slot, name.hash[below - 1]))
  }

  private reserve(): void {
    this.words = new Int32Array(TAIL_SLOTS * SLOT_WORDS)
    this.view = new DataView(this.words.buffer)
  }

  /** Whether a name in the tail goes on below the node by a label of that hash. */
  private hasLabel(slot: number, hash: number): boolean {
    const { words } = this
    for (let i = 0; i < words[slot + SLOT.labels]; i++) if (words[slot + LABELS_AT + i] === hash) return true
    return false
  }

  // ---- The tail that was found ----

  /** Octets of the tail. */
  get size(): number {
    return this.words[this.slot + SLOT.size]
  }

  /** Where in `view` it starts. */
  get octetsAt(): number {
    return (this.slot + OCTETS_AT) * 4
  }

  /** Records in `section` (SECTION). */
  countOf(section: number): number {
    return this.words[this.slot + SLOT.answers + section]
  }

  get pointers(): number {
    return this.words[this.slot + SLOT.pointers]
  }

  /** Pointer `i`: where it stands, from the tail's start, in the lower half; where it points to, from there too, in the upper. */
  pointer(i: number): number {
    return this.words[this.slot + POINTERS_AT + i]
  }

  // ---- The tail that is wanted ----

  /** Whether `zone` is the one that was asked for the tail: only of its RRsets the generation tells whether they have changed. */
  isOf(zone: unknown): boolean {
    return this.zone === zone
  }

  /** Begins the tail of `size` octets; false where it is too long. It counts only after `finish`. */
  begin(size: number, counts: Uint16Array): boolean {
    const { words, slot } = this
    words[slot + SLOT.zone] = words[slot + SLOT.labels] = words[slot + SLOT.pointers] = 0
    words[slot + SLOT.size] = size
    for (let section = 0; section < 3; section++) words[slot + SLOT.answers + section] = counts[section]
    return size <= MAX_TAIL_OCTETS
  }

  /** Notes that a name in the tail goes on below the node by the label at `from[at]`; false where there are too many. */
  noteLabel(from: DataView, at: number): boolean {
    const { words, slot, label } = this
    foldOctets(from, at, label, 0, from.getUint8(at) + 1)
    const hash = hashLabel(this.nodeHash, label, 0)
    if (this.hasLabel(slot, hash)) return true
    if (words[slot + SLOT.labels] === MOST_LABELS) return false
    words[slot + LABELS_AT + words[slot + SLOT.labels]++] = hash
    return true
  }

  /** Notes a pointer, both places counted from the tail's start; false where there are too many. */
  notePointer(at: number, target: number): boolean {
    const { words, slot } = this
    if (words[slot + SLOT.pointers] === MOST_POINTERS) return false
    words[slot + POINTERS_AT + words[slot + SLOT.pointers]++] = (target << 16) | at
    return true
  }

  /** The tail is complete, its octets copied to `octetsAt`. */
  finish(): void {
    const { words, slot, zone } = this
    words[slot + SLOT.zone] = this.index + 1
    words[slot + SLOT.generation] = zone.generation
    words[slot + SLOT.node] = this.node
    words[slot + SLOT.variant] = this.variant
    words[slot + SLOT.rival] = 0
  }
}

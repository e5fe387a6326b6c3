/**
 * Names in the message being written: a small table of those that later names may point to (RFC 1035 4.1.4),
 * the question's first. A new name is compared with each entry from the right, octet by octet, and points to
 * the longest suffix they share.
 *
 *     entry      source, nameAt, length      the whole name, uncompressed, where it came from
 *                messageAt                   where it stands in the message: labels, then a pointer or the root
 *
 * An entry is only ever pointed to where its labels are written out: what its pointer stands for belongs to an
 * earlier entry too, and earlier entries are tried first.
 *
 * Case (RFC 4343 4.1 lets a pointer change it): a name points only to octets that are its own, case
 * included, so that stored names arrive as they were written. Except owner names, which may point to the
 * question whatever the case it was asked in: askers that mix cases get the same small answers.
 */
import { fold } from '../dns/name.ts'
import { MAX_ANSWER_TARGETS, MAX_LABELS, POINTER_LIMIT } from '../dns/limits.ts'
import { copyOctets, viewOf } from '../dns/octet-views.ts'
import type { Query } from '../authority/query.ts'

const NOTHING = viewOf(new Uint8Array(0))

/** No pointer: the name has not been written yet, or not where a pointer reaches. */
export const NO_POINTER = 0

/** The names of one message; begun anew for each. */
export class NameTable {
  /** Entries in use. Lowering it takes back those of an RRset that found no room. */
  count = 0
  private out = NOTHING
  private limit = 0
  /** What is written will be moved, so that nothing may point to it. */
  isMoved = false
  private questionAt = 0
  private readonly source: DataView[] = new Array<DataView>(MAX_ANSWER_TARGETS).fill(NOTHING)
  private readonly nameAt = new Uint32Array(MAX_ANSWER_TARGETS) // all 32 bits are needed: MAX_IMAGE_OCTETS
  private readonly length = new Int32Array(MAX_ANSWER_TARGETS)
  private readonly messageAt = new Int32Array(MAX_ANSWER_TARGETS)
  /** Where the labels of the name being written start, counted from its first octet. */
  private readonly labelAt = new Uint8Array(MAX_LABELS + 1)
  private labels = 0
  /** The name being written shares a suffix with the question only when case is put aside. */
  private caseDiffers = false

  /** Forgets all names but the question's, if the query has one; names of the message `out` are written up to `limit`. With `isMoved` no other can be pointed to, as what is written will be moved. */
  begin(query: Query, out: DataView, limit: number, isMoved = false): void {
    this.out = out
    this.limit = limit
    this.count = 0
    this.isMoved = false
    this.questionAt = query.qnameAt
    if (query.hasQuestion && query.qnameLength > 1) this.register(query.view, query.qnameAt, query.qnameLength, query.qnameAt)
    this.isMoved = isMoved
  }

  /** The pointer to a name that was written from this very place; NO_POINTER where none was. */
  pointerTo(from: DataView, nameAt: number): number {
    for (let k = 0; k < this.count; k++) if (this.nameAt[k] === nameAt && this.source[k] === from) return 0xc000 | this.messageAt[k]
    return NO_POINTER
  }

  /**
   * Writes the uncompressed name at `from[nameAt]` to the message at `at`, as short as the table allows; returns where
   * it ends. Where that is beyond the limit nothing is written.
   */
  write(at: number, from: DataView, nameAt: number, isOwner: boolean): number {
    const pointer = this.pointerTo(from, nameAt)
    if (pointer !== NO_POINTER) return this.finish(at, pointer)
    const length = this.findLabels(from, nameAt)
    this.caseDiffers = false
    let cut = length - 1
    let target = NO_POINTER
    for (let k = 0; k < this.count && cut > 0; k++) {
      const shared = this.sharedSuffix(k, from, nameAt, length, cut, isOwner && this.messageAt[k] === this.questionAt)
      if (shared === cut) continue
      cut = shared
      target = 0xc000 | (this.messageAt[k] + shared + this.length[k] - length)
    }
    if (at + cut > this.limit) return at + cut + 1
    copyOctets(from, nameAt, this.out, at, cut)
    if (cut > 0 && !this.caseDiffers) this.register(from, nameAt, length, at)
    return this.finish(at + cut, target)
  }

  /** Ends a name by a pointer, or by the root. */
  private finish(at: number, pointer: number): number {
    const end = at + (pointer === NO_POINTER ? 1 : 2)
    if (end > this.limit) return end
    if (pointer === NO_POINTER) this.out.setUint8(at, 0)
    else this.out.setUint16(at, pointer)
    return end
  }

  private register(source: DataView, nameAt: number, length: number, messageAt: number): void {
    const k = this.count
    if (this.isMoved || k >= MAX_ANSWER_TARGETS || messageAt >= POINTER_LIMIT) return
    this.source[k] = source
    this.nameAt[k] = nameAt
    this.length[k] = length
    this.messageAt[k] = messageAt
    this.count = k + 1
  }

  /** Notes where the labels start; returns the name's octets, its zero octet included. */
  private findLabels(from: DataView, nameAt: number): number {
    let count = 0
    let at = 0
    for (let size = from.getUint8(nameAt); size !== 0; size = from.getUint8(nameAt + at)) {
      this.labelAt[count++] = at
      at += size + 1
    }
    this.labels = count
    return at + 1
  }

  /** Where in the name the suffix begins that entry `k` can stand for; `cut`, which the best so far reaches, where that is not earlier. */
  private sharedSuffix(k: number, from: DataView, nameAt: number, length: number, cut: number, anyCase: boolean): number {
    const other = this.source[k]
    const otherAt = this.nameAt[k]
    const shift = this.length[k] - length
    // an entry that is better than the best so far shares the octet before it too: most are ruled out by that
    const before = cut - 1
    if (before + shift < 0) return cut // it is shorter than what the best so far shares
    if (!anyCase && from.getUint8(nameAt + before) !== other.getUint8(otherAt + before + shift)) return cut
    let differs = false
    let x = nameAt + length - 2
    let y = x - nameAt + shift + otherAt
    const stop = nameAt + (shift < 0 ? -shift : 0)
    while (x - 3 >= stop && from.getInt32(x - 3) === other.getInt32(y - 3)) {
      x -= 4
      y -= 4
    }
    for (; x >= stop; x--, y--) {
      const a = from.getUint8(x)
      const b = other.getUint8(y)
      if (a === b) continue
      if (!anyCase || fold(a) !== fold(b)) break
      differs = true
    }
    const least = x + 1 - nameAt
    if (least >= cut) return cut
    const found = this.firstTarget(k, least, cut, shift)
    if (found !== cut) this.caseDiffers = differs
    return found
  }

  /** The first label of the name from octet `least` on, before `cut`, that is a label of entry `k` too and can be pointed to. */
  private firstTarget(k: number, least: number, cut: number, shift: number): number {
    const reach = POINTER_LIMIT - this.messageAt[k]
    for (let label = 0; label < this.labels; label++) {
      const at = this.labelAt[label]
      if (at < least) continue
      if (at >= cut || at + shift >= reach) return cut
      if (this.startsLabel(k, at + shift)) return at
    }
    return cut
  }

  /** Whether a label of entry `k` starts at octet `at` of its name: equal octets alone do not tell, as labels may hold any. */
  private startsLabel(k: number, at: number): boolean {
    const octets = this.source[k]
    const start = this.nameAt[k]
    let label = 0
    while (label < at) label += octets.getUint8(start + label) + 1
    return label === at
  }
}

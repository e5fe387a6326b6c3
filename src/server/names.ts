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
import { QUESTION_AT, type Query } from '../authority/query.ts'

const NO_OCTETS = new Uint8Array(0)

/** The names of one message; begun anew for each. */
export class NameTable {
  /** Entries in use. Lowering it takes back those of an RRset that found no room. */
  count = 0
  private readonly source: Uint8Array[] = new Array<Uint8Array>(MAX_ANSWER_TARGETS).fill(NO_OCTETS)
  private readonly nameAt = new Uint32Array(MAX_ANSWER_TARGETS) // all 32 bits are needed: MAX_IMAGE_OCTETS
  private readonly length = new Int32Array(MAX_ANSWER_TARGETS)
  private readonly messageAt = new Int32Array(MAX_ANSWER_TARGETS)
  /** Where the labels of the name being written start, counted from its first octet. */
  private readonly labelAt = new Uint8Array(MAX_LABELS + 1)
  private labels = 0
  /** The name being written shares a suffix with the question only when case is put aside. */
  private caseDiffers = false

  /** Forgets all names but the question's, if the query has one. */
  begin(query: Query): void {
    this.count = 0
    if (query.hasQuestion && query.qnameLength > 1) this.register(query.octets, query.qnameAt, query.qnameLength, QUESTION_AT)
  }

  /**
   * Writes the uncompressed name at `from[nameAt]` to `out[at …)`, as short as the table allows; returns where
   * it ends. Beyond the end of `out` nothing is written, and the result shows that it did not fit.
   */
  write(out: Uint8Array, at: number, from: Uint8Array, nameAt: number, isOwner: boolean): number {
    for (let k = 0; k < this.count; k++) {
      if (this.nameAt[k] === nameAt && this.source[k] === from) return writePointer(out, at, this.messageAt[k])
    }
    const length = this.findLabels(from, nameAt)
    this.caseDiffers = false
    let cut = length - 1
    let target = -1
    for (let k = 0; k < this.count && cut > 0; k++) {
      const shared = this.sharedSuffix(k, from, nameAt, length, cut, isOwner && this.messageAt[k] === QUESTION_AT)
      if (shared === cut) continue
      cut = shared
      target = this.messageAt[k] + shared + this.length[k] - length
    }
    for (let i = 0; i < cut; i++) out[at + i] = from[nameAt + i]
    if (cut > 0 && !this.caseDiffers) this.register(from, nameAt, length, at)
    if (target >= 0) return writePointer(out, at + cut, target)
    out[at + cut] = 0
    return at + cut + 1
  }

  private register(source: Uint8Array, nameAt: number, length: number, messageAt: number): void {
    const k = this.count
    if (k >= MAX_ANSWER_TARGETS || messageAt >= POINTER_LIMIT) return
    this.source[k] = source
    this.nameAt[k] = nameAt
    this.length[k] = length
    this.messageAt[k] = messageAt
    this.count = k + 1
  }

  /** Notes where the labels start; returns the name's octets, its zero octet included. */
  private findLabels(from: Uint8Array, nameAt: number): number {
    let count = 0
    let at = 0
    for (let size = from[nameAt]; size !== 0; size = from[nameAt + at]) {
      this.labelAt[count++] = at
      at += size + 1
    }
    this.labels = count
    return at + 1
  }

  /** Where in the name the suffix begins that entry `k` can stand for; `cut`, which the best so far reaches, where that is not earlier. */
  private sharedSuffix(k: number, from: Uint8Array, nameAt: number, length: number, cut: number, anyCase: boolean): number {
    const other = this.source[k]
    const otherAt = this.nameAt[k]
    const shift = this.length[k] - length
    // an entry that is better than the best so far shares the octet before it too: most are ruled out by that
    const before = cut - 1
    if (!anyCase && from[nameAt + before] !== other[otherAt + before + shift]) return cut
    let differs = false
    let x = nameAt + length - 2
    let y = x - nameAt + shift + otherAt
    for (const stop = nameAt + (shift < 0 ? -shift : 0); x >= stop; x--, y--) {
      const a = from[x]
      const b = other[y]
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
    while (label < at) label += octets[start + label] + 1
    return label === at
  }
}

function writePointer(out: Uint8Array, at: number, target: number): number {
  out[at] = 0xc0 | (target >>> 8)
  out[at + 1] = target
  return at + 2
}

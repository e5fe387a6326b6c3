/**
 * Keeps what follows the question of an answer just written, so that it need not be planned and compressed again
 * (authority/tails.ts tells for which answers, and what for). The octets are walked record by record (RFC 1035 4.1.3),
 * as where pointers stand is known to the types' shapes alone.
 */
import type { Answer } from '../authority/plan.ts'
import type { Tails } from '../authority/tails.ts'
import { copyOctets } from '../dns/octet-views.ts'
import { LEASED, RRSET } from '../zone/layout.ts'
import { compressedNames, octetsBeforeNames } from './shapes.ts'

/** What `noteName` returns where the name stands in the way of keeping the tail. */
const NO = -1

/**
 * Keeps `out[start … end)` as the tail that `tails` wants, with its records by section, where it will be the same in
 * other answers of its kind. Not so where it is leased, as its TTLs run down (RFC 9664 4.2), or of several zones.
 */
export function keepTail(tails: Tails, answer: Answer, out: DataView, start: number, end: number, counts: Uint16Array): void {
  if (!isLasting(tails, answer) || !tails.begin(end - start, counts)) return
  for (let at = start; at < end; ) {
    at = noteName(tails, out, start, at)
    if (at === NO) return
    const type = out.getUint16(at)
    const rdataAt = at + 10
    at = rdataAt + out.getUint16(at + 8)
    let nameAt = rdataAt + octetsBeforeNames(type)
    for (let left = compressedNames(type); left > 0 && nameAt !== NO; left--) nameAt = noteName(tails, out, start, nameAt)
    if (nameAt === NO) return
  }
  copyOctets(out, start, tails.view, tails.octetsAt, end - start)
  tails.finish()
}

/** Whether nothing but the zone's generation can change the answer. */
function isLasting(tails: Tails, answer: Answer): boolean {
  for (let i = 0; i < answer.count; i++) {
    const source = answer.source[i]
    if (!tails.isOf(source) || (source.words[answer.rrset[i] + RRSET.count] & LEASED) !== 0) return false
  }
  return true
}

/** Notes the pointer by which the name at `at` ends, and by which label it goes on below the tail's node; returns where it ends. */
function noteName(tails: Tails, out: DataView, start: number, at: number): number {
  const { nodeAt } = tails
  let label = 0
  for (let size = out.getUint8(at); ; size = out.getUint8(at)) {
    if (size >= 0xc0) {
      const target = out.getUint16(at) & 0x3fff
      if (target < nodeAt) return NO // to what this question alone has
      if (target === nodeAt && label !== 0 && !tails.noteLabel(out, label)) return NO
      return tails.notePointer(at - start, target - start) ? at + 2 : NO
    }
    if (size === 0) {
      // the root's octet is below every name: where it is the node, all names written out go on below it
      const isBelow = label !== 0 && out.getUint8(nodeAt) === 0
      return isBelow && !tails.noteLabel(out, label) ? NO : at + 1
    }
    label = at
    at += size + 1
  }
}

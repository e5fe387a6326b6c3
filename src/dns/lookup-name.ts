/**
 * A name made ready for searching: folded octets, where its labels start, and one hash for each of its
 * suffixes, so that the name, every ancestor and a wildcard below any of them are found by one probe each.
 * One object is loaded again and again; nothing is allocated on the answering path.
 *
 *     www.Example.   octets    03 w w w 07 e x a m p l e 00
 *                    labelAt   0        4                12
 *                    hash      www.example.  example.    . (the seed)
 */
import { MAX_LABELS, MAX_NAME_OCTETS } from './limits.ts'
import { fold } from './name.ts'
import { foldOctets, viewOf } from './octet-views.ts'

/** Odd multipliers of the two halves of a step of the hash. */
const MIX_LOW = 0x85eb_ca6b
const MIX_HIGH = 0xc2b2_ae35

/** One name under search; loaded with `load`, then read by whoever probes. */
export class LookupName {
  /** The name in wire form, A-Z folded to a-z; valid up to `length`. */
  readonly octets: Uint8Array = new Uint8Array(MAX_NAME_OCTETS + 4) // hashing reads four at a time
  readonly view: DataView = viewOf(this.octets)
  /** Where label `i` (0 is the leftmost) starts in `octets`; entry `labelCount` is the root's zero octet. */
  readonly labelAt: Uint8Array = new Uint8Array(MAX_LABELS + 1)
  /** Hash of the suffix that starts with label `i`; entry `labelCount` is the root's. */
  readonly hash: Int32Array = new Int32Array(MAX_LABELS + 1)
  length = 0
  labelCount = 0
  /** Chosen at random once per process, so that colliding names cannot be prepared. */
  readonly seed: number

  constructor(seed: number) {
    this.seed = seed
  }

  /** Takes the uncompressed, checked wire name that starts at `from[at]`; `view` is over the same octets. */
  load(from: Uint8Array, at: number, view: DataView = viewOf(from)): void {
    const { labelAt } = this
    let count = 0
    let end = 0
    for (let size = from[at]; size !== 0; size = from[at + end]) {
      labelAt[count++] = end
      end += size + 1
    }
    labelAt[count] = end
    this.labelCount = count
    this.length = end + 1
    foldOctets(view, at, this.view, 0, end + 1)
    this.hashSuffixes()
  }

  /** The same for an array that comes but once, and with nothing but the name: of such no view is made, let alone remembered. */
  loadOnce(from: Uint8Array): void {
    const { octets, labelAt } = this
    let count = 0
    let at = 0
    for (let size = from[at]; size !== 0; size = from[at]) {
      labelAt[count++] = at
      octets[at++] = size
      for (const end = at + size; at < end; at++) octets[at] = fold(from[at])
    }
    labelAt[count] = at
    octets[at] = 0
    this.labelCount = count
    this.length = at + 1
    this.hashSuffixes()
  }

  private hashSuffixes(): void {
    const { view, labelAt, hash } = this
    let h = this.seed
    hash[this.labelCount] = h
    for (let label = this.labelCount - 1; label >= 0; label--) {
      h = hashLabel(h, view, labelAt[label])
      hash[label] = h
    }
  }
}

/**
 * The hash of a name from its parent's hash and its first label, which stands in `view` from its length octet at `at`,
 * folded; three octets behind it must be there to be read. Both halves of what is mixed are multiplied: with one
 * product alone, two names whose octets differ in their highest bits would collide whatever the seed.
 */
export function hashLabel(parent: number, view: DataView, at: number): number {
  let h = parent
  let left = view.getUint8(at) + 1
  for (; left >= 4; left -= 4, at += 4) h = mix(h ^ view.getInt32(at, true))
  return left === 0 ? h : mix(h ^ (view.getInt32(at, true) & ((1 << (left * 8)) - 1)))
}

function mix(word: number): number {
  const h = (Math.imul(word, MIX_LOW) + Math.imul(word >>> 16, MIX_HIGH)) | 0
  return h ^ (h >>> 15)
}

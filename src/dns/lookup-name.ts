/**
 * A name made ready for searching: folded octets, where its labels start, and one hash for each of its
 * suffixes, so that the name, every ancestor and a wildcard below any of them are found by one probe each.
 * One object is loaded again and again; nothing is allocated on the answering path.
 *
 *     www.Example.   octets    03 w w w 07 e x a m p l e 00
 *                    labelAt   0        4                12
 *                    hash      www.example.  example.    . (the seed)
 */
import { fold } from './name.ts'
import { MAX_LABELS, MAX_NAME_OCTETS } from './limits.ts'

const MIX = 0x85eb_ca6b

/** One name under search; loaded with `load`, then read by whoever probes. */
export class LookupName {
  /** The name in wire form, A-Z folded to a-z; valid up to `length`. */
  readonly octets = new Uint8Array(MAX_NAME_OCTETS + 1)
  /** Where label `i` (0 is the leftmost) starts in `octets`; entry `labelCount` is the root's zero octet. */
  readonly labelAt = new Uint8Array(MAX_LABELS + 1)
  /** Hash of the suffix that starts with label `i`; entry `labelCount` is the root's. */
  readonly hash = new Int32Array(MAX_LABELS + 1)
  length = 0
  labelCount = 0
  /** Chosen at random once per process, so that colliding names cannot be prepared. */
  readonly seed: number

  constructor(seed: number) {
    this.seed = seed
  }

  /** Takes the uncompressed, checked wire name that starts at `from[at]`. */
  load(from: Uint8Array, at: number): void {
    const { octets, labelAt } = this
    let count = 0
    let end = 0
    for (;;) {
      const size = from[at++]
      labelAt[count] = end
      octets[end++] = size
      if (size === 0) break
      count++
      for (const stop = end + size; end < stop; end++) octets[end] = fold(from[at++])
    }
    this.length = end
    this.labelCount = count
    this.hashSuffixes()
  }

  private hashSuffixes(): void {
    const { octets, labelAt, hash } = this
    let h = this.seed
    hash[this.labelCount] = h
    for (let label = this.labelCount - 1; label >= 0; label--) {
      h = hashLabel(h, octets, labelAt[label])
      hash[label] = h
    }
  }
}

/** The hash of a name from its parent's hash and its first label, whose length octet is `octets[at]`; octets must be folded. */
export function hashLabel(parent: number, octets: Uint8Array, at: number): number {
  let h = parent
  for (const end = at + octets[at]; at <= end; at++) {
    h = Math.imul(h ^ octets[at], MIX)
    h ^= h >>> 15
  }
  return h
}

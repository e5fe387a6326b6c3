/**
 * One entry in memory of its own, as a reader has copied it: its fields, and its records on their way into a
 * response, with the TTL that is left to them.
 */
import { MAX_CACHE_ENTRY_OCTETS } from '../dns/limits-resolver.ts'
import { wireLength } from '../dns/name.ts'
import { copyOctets, viewOf } from '../dns/octet-views.ts'
import { ENTRY, wordsFor } from './layout.ts'
import type { Kind, Security, Trust } from './terms.ts'

/** The lists of records of an entry. */
export const PART = {
  /** The RRset; the SOA of an absence. */
  records: 0,
  /** Signatures of those. */
  signatures: 1,
  /** NSEC and NSEC3 with signatures, for the authority section. */
  proof: 2,
} as const

/** One of PART. */
export type Part = (typeof PART)[keyof typeof PART]

/** Octets from the start of a record's type to its RDATA, and to its TTL. */
const FIXED_OCTETS = 10
const TTL_AT = 4
/** Where the question of a message stands: what a stored owner points to. */
const QUESTION_AT = 12

/** A copied entry. */
export class CachedEntry {
  readonly words: Int32Array = new Int32Array(MAX_CACHE_ENTRY_OCTETS / 4)
  readonly octets: Uint8Array = new Uint8Array(this.words.buffer)
  readonly view: DataView = viewOf(this.octets)
  /** TTL of all its records in a response, seconds. */
  ttlSeconds = 0

  /** Takes a copy of the entry of `span` words at `from[at]`. */
  load(from: Int32Array, at: number, span: number): void {
    const { words } = this
    for (let i = 0; i < span; i++) words[i] = from[at + i]
  }

  get type(): number {
    return this.words[ENTRY.key] & 0xffff
  }

  get class(): number {
    return this.words[ENTRY.key] >>> 16
  }

  get kind(): Kind {
    return (this.words[ENTRY.traits] & 15) as Kind
  }

  get trust(): Trust {
    return ((this.words[ENTRY.traits] >>> 4) & 15) as Trust
  }

  get security(): Security {
    return ((this.words[ENTRY.traits] >>> 8) & 15) as Security
  }

  /** Octets of the entry's name in wire form, which starts in `octets` at `nameAt`. */
  get nameLength(): number {
    return this.words[ENTRY.traits] >>> 24
  }

  get nameAt(): number {
    return ENTRY.words * 4
  }

  /** Octets of the address of the server that a failure is about, behind the name; 0 where it is about all. */
  get serverLength(): number {
    return (this.words[ENTRY.traits] >>> 16) & 0xff
  }

  /** First second at which the entry has expired. */
  get expiry(): number {
    return this.words[ENTRY.expiry] >>> 0
  }

  /** Seconds from its coming to its expiry. */
  get originalTtl(): number {
    return this.words[ENTRY.ttl]
  }

  /** The second of its coming. */
  get since(): number {
    return this.words[ENTRY.since] >>> 0
  }

  /** INFO-CODE of RFC 8914; −1 for none. */
  get reason(): number {
    return (this.words[ENTRY.proofOctets] >>> 16) - 1
  }

  /** How often in a row the question failed. */
  get failures(): number {
    return this.words[ENTRY.proofs] >>> 16
  }

  /** Records of a part. */
  countOf(part: Part): number {
    const { words } = this
    return part === PART.records ? words[ENTRY.counts] & 0xffff : part === PART.signatures ? words[ENTRY.counts] >>> 16 : words[ENTRY.proofs] & 0xffff
  }

  /** Octets of a part. */
  octetsOf(part: Part): number {
    const { words } = this
    return part === PART.records ? words[ENTRY.octets] & 0xffff : part === PART.signatures ? words[ENTRY.octets] >>> 16 : words[ENTRY.proofOctets] & 0xffff
  }

  /** Where in `octets` a part starts. */
  startOf(part: Part): number {
    let at = (ENTRY.words + wordsFor(this.nameLength + this.serverLength)) * 4
    for (let i = 0; i < part; i++) at += this.octetsOf(i as Part)
    return at
  }

  /**
   * Copies the records of a part to `out` at `at`, each with `ttlSeconds` as its TTL, and returns where they end.
   * `ownerAt`: where in the message the entry's name stands, below 16,384; the question, unless it was reached through aliases.
   */
  writePart(part: Part, out: DataView, at: number, ownerAt: number = QUESTION_AT): number {
    const count = this.octetsOf(part)
    copyOctets(this.view, this.startOf(part), out, at, count)
    for (const end = at + count; at < end; ) {
      const isPointer = out.getUint8(at) >= 0xc0
      if (isPointer) out.setUint16(at, 0xc000 | ownerAt)
      const fixed = at + (isPointer ? 2 : this.ownerLength(part, at - (end - count)))
      out.setUint32(fixed + TTL_AT, this.ttlSeconds)
      at = fixed + FIXED_OCTETS + out.getUint16(fixed + FIXED_OCTETS - 2)
    }
    return at
  }

  private ownerLength(part: Part, offset: number): number {
    return wireLength(this.octets, this.startOf(part) + offset)
  }
}

/**
 * How the cache lies in its block of shared memory, whose size never changes. Everything is counted in 32-bit
 * words from the start of the block; a handle is the word index of an entry, and 0 is none.
 *
 *     header    32 words, below
 *     buckets   2^n × { sequence, first, frequency, claims }
 *     ghosts    2^m × 4 fingerprints                              what was forgotten lately; the writer's
 *     small     a ring of entries: what is new                    S3-FIFO (Yang et al., SOSP 2023): 1/10
 *     main      a ring of entries: what was asked for again       9/10
 *     junk      a ring of entries: absences and failures          a quota of their own, so that a flood of random
 *     guard     words that a reader with a torn entry may read     names pushes out nothing but its like
 *
 *     entry     12 words, then the key, then the records          (drawn below)
 *
 * All entries of a name, whatever their type, are one chain, which starts in the bucket of the name's hash. One
 * thread writes. It makes the bucket's sequence odd before it touches the chain or an entry in it, and even after.
 * A reader takes the sequence, walks the chain, copies the entry that it wants, and takes the sequence again: where
 * it is the same and even, nothing of what it read was changed in between. What it met meanwhile may be
 * anything, so it checks each handle and length, and its steps are bounded.
 *
 * Frequencies and claims are all that readers write. They stand in the buckets and not with the entries, as a reader
 * may come too late for an entry: at its old place stands something else by then.
 */

/** First word of every block: "WGC" and the version of this layout. */
export const MAGIC = 0x57_47_43_01

/** Words of the header. */
export const HEADER = {
  magic: 0,
  seed: 1,
  bucketMask: 2,
  buckets: 3,
  ghosts: 4,
  /** Where the rings begin, and where the last one ends. */
  arena: 5,
  small: 5,
  main: 6,
  junk: 7,
  arenaEnd: 8,
  /** Entries that can be found. */
  entries: 9,
  /** Words of those entries. */
  live: 10,
  /** Seconds after its expiry for which an entry is kept and may be an answer (RFC 8767). */
  stale: 11,
  words: 32,
} as const

/** Words of a bucket. */
export const BUCKET = { sequence: 0, first: 1, frequency: 2, claims: 3, words: 4 } as const

/** Fingerprints of a set of ghosts. */
export const GHOST_WAYS = 4

/**
 * Words of an entry. The key behind them is the name in wire form, folded, and the address octets of a server where the
 * entry is about one; then, from a whole word on, the records: the RRset (or the SOA of an absence), its
 * signatures, what proves it. A record is owner, type, class, TTL, RDLENGTH, RDATA, ready for an answer; the owner is C0 0C where
 * it is the entry's own name, else whole.
 */
export const ENTRY = {
  /** Words of the entry, its ring above them (RING), and ALIVE. */
  span: 0,
  hash: 1,
  /** Next of the chain. */
  next: 2,
  /** Type, and class above it. Type 0 is all types: NXDOMAIN. */
  key: 3,
  /** Kind, trust, security, four bits each; octets of the server from bit 16, octets of the name from bit 24. */
  traits: 4,
  /** First second at which the entry has expired. */
  expiry: 5,
  /** Seconds from its coming to its expiry. */
  ttl: 6,
  /** Records, signatures above them. */
  counts: 7,
  /** Records that prove; above them how often in a row the question failed. */
  proofs: 8,
  /** Octets of the records, of the signatures above them. */
  octets: 9,
  /** Octets of what proves; above them the reason as an INFO-CODE of RFC 8914, plus 1; 0 is none. */
  proofOctets: 10,
  /** The second of its coming. */
  since: 11,
  words: 12,
} as const

/** Set in an entry's first word while it can be found. What was replaced or flushed stays in its ring until the ring comes round. */
export const ALIVE = 1 << 20

/** The queues, as they stand in an entry's first word. */
export const RING = { small: 0, main: 1, junk: 2 } as const

/** One of RING. */
export type RingId = (typeof RING)[keyof typeof RING]

/** Words that the span takes of the first word. */
export const SPAN_MASK = 0xffff
/** Where the ring begins in the first word. */
export const RING_SHIFT = 16
/** Words behind the last ring: what a name at its end reaches over. */
export const GUARD_WORDS = 96

/** Lanes of a bucket: two bits of frequency and one of claims for each type of the name; two types may share one. */
const LANE_MASK = 15

/** The hash of a name and class: the place of their chain. */
export function chainHash(nameHash: number, recordClass: number): number {
  return nameHash ^ Math.imul(recordClass, 0x9e37_79b1)
}

/** The lane of `type` in its bucket, 0 to 15. */
export function laneOf(hash: number, type: number): number {
  return ((hash >>> 28) ^ (Math.imul(type, 0x9e37_79b1) >>> 24)) & LANE_MASK
}

/** What a ghost is known by. */
export function fingerprint(hash: number, key: number): number {
  return Math.imul(hash ^ Math.imul(key, 0x85eb_ca6b), 0xc2b2_ae35) | 1
}

/** Words for `octets` octets. */
export function wordsFor(octets: number): number {
  return (octets + 3) >>> 2
}

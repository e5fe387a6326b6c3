/**
 * How a zone lies in its block of shared memory. Everything is counted in 32-bit words from the start of
 * the block; a handle is the word index of the thing, and 0 is no thing. Octets of names and records stand
 * inside, padded to whole words.
 *
 *     header    16 words, below
 *     table     mask, then (mask + 1) × { hash, node }, open addressing, linear probing
 *     node      parent, marks, state, children, next node, folded name …, [name as written …]
 *     version   generation, marks, first link, older state       (a node's state once it has been changed)
 *     RRset     next, type | covered << 16, octets, records | slack << 16 | LEASED, records …, [lease end]
 *               next, type | covered << 16, octets, records | SHARED | LEASED, place, lease end
 *     records   room in words, records …, free words             (of SHARED RRsets: each has the first of them, from `place` on)
 *     cell      next, RRset                                      (a link to an RRset that older versions link too)
 *     record    C0 0C, type, class, TTL, RDLENGTH, RDATA          (octets, ready for an answer)
 *
 * A node's RRsets are a list of links: a link is an RRset's handle or −(handle of a cell), and both lead on by
 * their first word. So a changed RRset goes first in a new list, and those that stood before it in the old list
 * are linked by cells, not copied. As loaded, all links are RRsets.
 *
 * A node's state is its first link as loaded; once changed it is −(handle of its newest version).
 * A reader takes the header's generation once per query and, at each node, the newest version that is not
 * younger: so it sees all of a change or nothing of it (design: one writer, many readers, one atomic store).
 */

/** Words of the header. */
export const HEADER = {
  magic: 0,
  /** Newest committed generation; 0 after loading. Stored atomically: this store makes a change visible. */
  generation: 1,
  /** Handle of the hash table. Stored atomically when the table has grown. */
  table: 2,
  /** First free word. The writer's. */
  top: 3,
  apex: 4,
  class: 5,
  nodes: 6,
  records: 7,
  /** Heads of the two ordered lists: owners of NSEC, and owners of NSEC3. */
  nsecOrder: 8,
  nsec3Order: 9,
  /** Words that nothing refers to any more: what a rebuild would win back. The writer's. */
  waste: 10,
  seed: 11,
  /** The node made last; nodes are linked in the order of their making, which is that of the block. The writer's. */
  lastNode: 12,
  /** Head of the ordered list of the NSEC3 owners that belong to the chain of NSEC3PARAM: all of them, but while a zone is being hashed anew. */
  nsec3Chain: 13,
  /** RRsets of AGENT, SENSE and TASK that the zone holds. */
  agents: 14,
  words: 16,
} as const

/** First word of every block: "WGL" and the version of this layout. */
export const MAGIC = 0x57_47_4c_02

/** Words of a node before its name. */
export const NODE = { parent: 0, marks: 1, state: 2, children: 3, next: 4, name: 5 } as const

/** Marks of a node: low 16 bits of its marks word; then 8 bits label count, 8 bits octets of the name. */
export const MARK = {
  /** Holds NS and is not the apex: the zone ends here (RFC 1034 4.2). */
  cut: 1,
  /** Holds DNAME: names below are elsewhere (RFC 6672). */
  dname: 2,
  /** Has a child `*`, so that a search that ends here must look for it (RFC 4592). */
  wildcardBelow: 4,
  /** The name was written with capitals; the octets as written follow the folded ones. */
  cased: 8,
  /** Has children (in a version: at that time). */
  children: 16,
} as const

/** Marks that depend on what the node holds, so that versions carry them. */
export const STATE_MARKS: number = MARK.cut | MARK.dname | MARK.children

/** Words of a version of a node. */
export const VERSION = { generation: 0, marks: 1, firstLink: 2, older: 3, words: 4 } as const

/** Words of an RRset before its records. */
export const RRSET = { next: 0, key: 1, octets: 2, count: 3, words: 4 } as const

/** Words of a cell. */
export const CELL = { next: 0, rrset: 1, words: 2 } as const

/** In an RRset's count: a word behind its records tells until when its first-ending lease lasts. The sign, so that one comparison finds it. */
export const LEASED: number = 0x8000_0000 | 0

/** In an RRset's count: its records stand elsewhere, where later versions of it go on behind them, so that a large RRset is not written anew for one record more. */
export const SHARED = 0x4000_0000

/** Words of a SHARED RRset after those of every RRset: the word of its first record, and the end of its lease, which counts where it is LEASED. */
export const SHARE = { place: 4, lease: 5, words: 6 } as const

/** Words before shared records, from `place` back: how many words there are for them. */
export const AREA = { room: -1, words: 1 } as const

/** Octets of an RRset's words: its records start at `handle * 4 + RRSET_HEAD_OCTETS`, unless it is SHARED. */
export const RRSET_HEAD_OCTETS = 16

/** Octets of a record before RDATA: owner pointer 2, type 2, class 2, TTL 4, RDLENGTH 2 (RFC 1035 4.1.3). */
export const RECORD_HEAD_OCTETS = 12

/** Words of an element of an ordered list, before its forward links. */
export const ELEMENT = { node: 0, key: 1, height: 2, next: 3 } as const

/** Octet at which the RRset's first record starts. */
export function firstRecordIn(words: Int32Array, rrset: number): number {
  return (words[rrset + RRSET.count] & SHARED) === 0 ? rrset * 4 + RRSET_HEAD_OCTETS : words[rrset + SHARE.place] * 4
}

/** Word of a leased RRset that holds the end of its lease, Unix seconds; 0 for none. Stored and loaded atomically. */
export function leaseWordOf(words: Int32Array, rrset: number): number {
  if ((words[rrset + RRSET.count] & SHARED) !== 0) return rrset + SHARE.lease
  return rrset + RRSET.words + wordsFor(words[rrset + RRSET.octets])
}

/** Words that hold `octets` octets; fewer than 2^32 - 3 of them. */
export function wordsFor(octets: number): number {
  return (octets + 3) >>> 2
}

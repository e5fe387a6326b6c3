/** The outcomes of a search in a zone, as values: what `ZoneImage.find` fills in. */

/** Word index of a node in its image; 0 is none. */
export type NodeId = number

/** What a search found. Each member is one branch of RFC 1034 4.3.2 step 3, as refined by RFC 4592 and RFC 6672. */
export const FOUND = {
  /** The name exists and holds records: `node`. */
  exact: 0,
  /** The name exists only because names exist below it: `node` (RFC 4592 2.2.2). */
  empty: 1,
  /** The name does not exist and a wildcard stands for it: `node` is the wildcard, `encloser` its parent (RFC 4592 3.3). */
  wildcard: 2,
  /** The name is at or below a delegation: `cut`; `node` is the cut itself where the name is the cut's, else 0. */
  cut: 3,
  /** The name is below a DNAME: `cut` is the DNAME's node. */
  dname: 4,
  /** Neither the name nor a wildcard for it exists: `encloser` is the closest encloser. */
  nothing: 5,
} as const

/** A value of FOUND. */
export type Found = (typeof FOUND)[keyof typeof FOUND]

/** The result of `ZoneImage.find`; one object, filled again by each search. */
export class ZoneMatch {
  found: Found = FOUND.nothing
  node: NodeId = 0
  encloser: NodeId = 0
  cut: NodeId = 0
  /** How many labels of the name sought lie before `encloser`: 0 where the name itself exists. */
  labelsBelowEncloser = 0
}

/**
 * The words of the cache as numbers: what an entry says, how much it is trusted (RFC 2181 5.4.1), and what
 * validation made of it (RFC 4033 5).
 */

/** What an entry says. */
export const KIND = {
  /** An RRset with its signatures. */
  records: 1,
  /** The name holds nothing of the type (RFC 2308 2.2). */
  nodata: 2,
  /** The name does not exist (RFC 2308 2.1); kept once for all types. */
  nxdomain: 3,
  /** The question could not be answered (RFC 9520), or not by one server. */
  failure: 4,
} as const

/** One of KIND. */
export type Kind = (typeof KIND)[keyof typeof KIND]

/** Where data came from, least trustworthy first: the list of RFC 2181 5.4.1, read from its end. */
export const TRUST = {
  /** Additional sections, and the authority section of a non-authoritative answer: a referral and its glue. Never an answer. */
  additional: 1,
  /** The answer section of a non-authoritative answer, and what is not authoritative in that of an authoritative one. */
  answer: 2,
  /** Glue of a zone that we hold ourselves. */
  zoneGlue: 3,
  /** The authority section of an authoritative answer. */
  authority: 4,
  /** What is authoritative in the answer section of an authoritative reply. */
  authoritative: 5,
  /** A zone that was transferred. */
  transfer: 6,
  /** A zone file. */
  primary: 7,
} as const

/** One of TRUST. */
export type Trust = (typeof TRUST)[keyof typeof TRUST]

/** What validation says (RFC 4033 5); an entry that nobody validated yet is indeterminate. */
export const SECURITY = { indeterminate: 0, insecure: 1, secure: 2, bogus: 3 } as const

/** One of SECURITY. */
export type Security = (typeof SECURITY)[keyof typeof SECURITY]

/**
 * How firmly an entry stands against another about the same: by its trust, above all others where it is proven, below
 * all where its proof failed. An entry gives way to one that stands as firmly or more, or once it has expired.
 */
export function standing(trust: Trust, security: Security): number {
  if (security === SECURITY.bogus) return 0
  return security === SECURITY.secure ? trust + 8 : trust
}

/** What `CacheReader.find` found. */
export const CACHED = {
  nothing: 0,
  /** The RRset. */
  records: 1,
  /** A CNAME, which stands for every type but its own (RFC 1034 3.6.2). */
  alias: 2,
  nodata: 3,
  nxdomain: 4,
  /** Asking failed a moment ago, and is not to be tried again yet (RFC 9520 3.2). */
  failure: 5,
} as const

/** One of CACHED. */
export type Cached = (typeof CACHED)[keyof typeof CACHED]

/** Why something was not kept, or that it was. */
export type Keeping =
  | 'kept'
  /** Its TTL is 0: it is for this one answer (RFC 1035 3.2.1). */
  | 'ttl-zero'
  /** What is there is trusted more (RFC 2181 5.4.1). */
  | 'trusted-less'
  /** An absence without SOA (RFC 2308 5). */
  | 'no-soa'
  /** More records or octets than limits.ts lets in. */
  | 'too-big'

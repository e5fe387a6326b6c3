/**
 * Trust anchors that follow their zone's roll-overs (RFC 5011), as a state machine without clock or disk: what was tracked and what
 * was seen go in, what is tracked from then on comes out.
 *
 *              seen             30 days              gone
 *     (start) ──────▶ waiting ──────────▶ valid ◀──────────▶ missing
 *        ▲               │ gone             │ revoked           │ revoked
 *        └───────────────┘                  └──────▶ revoked ◀──┘
 *                                                       │ 30 days
 *                                                       ▼
 *                                                    removed      no trust anchor; forgotten where nobody names it any more
 *
 * A new key counts only in a DNSKEY set that a key in use has signed, in every one for thirty days, so that whoever steals a key cannot
 * bring in one of his own unseen (2.4.1). A revoked one counts at once, by its own signature (2.1).
 */
import { MAX_TRACKED_KEYS } from '../dns/limits-resolver.ts'
import type { Name } from '../dns/name.ts'
import { keysNamedBy } from './check-keys.ts'
import { checkRRset, isSignedBy, isZoneKey, REVOKED } from './check-rrset.ts'
import { readRrsig, type SignedSet } from './rrsig.ts'
import type { Bogus, Judge } from './verdict.ts'

/** States of a key that is known (RFC 5011 4.2). */
export type KeyState = 'waiting' | 'valid' | 'missing' | 'revoked' | 'removed'

/** A key that is tracked. */
export interface TrackedKey {
  /** RDATA of DNSKEY, without the bit that revokes it. */
  readonly rdata: Uint8Array
  readonly state: KeyState
  /** When its hold-down ends: of one that waits, or that was revoked. Seconds since 1970; 0 of others. */
  readonly until: number
}

/** What is known of one trust anchor. */
export interface Tracking {
  readonly zone: Name
  readonly keys: readonly TrackedKey[]
  /** When to ask for the DNSKEY set again, seconds since 1970 (RFC 5011 2.3). */
  readonly nextQuery: number
}

const HOUR = 3_600
const DAY = 86_400
/** RFC 5011 2.4.1, 2.4.2: 30 days to become a trust anchor, and to be forgotten as one. */
const HOLD_DOWN = 30 * DAY
/** RFC 5011 2.3: seconds between queries, at most. */
export const LONGEST_INTERVAL = 15 * DAY
/** RFC 5011 2.3: seconds to the next query after one that failed, at most. */
const LONGEST_RETRY = DAY
/** The bit of a key that others are to enter by (RFC 4034 2.1.1). */
const SECURE_ENTRY_POINT = 1

/** Tracks a trust anchor from the keys that the operator gives; the zone is to be asked at once. */
export function track(zone: Name, keys: readonly Uint8Array[]): Tracking {
  return { zone, keys: keys.map((rdata) => inUse(bare(rdata))), nextQuery: 0 }
}

/**
 * What is tracked on where the operator gives other keys, or DS of keys, than before: those in use are no longer where they are not
 * given, and those that such keys brought in are not waited for. One that was revoked stays so, whoever gives it (RFC 5011 4.2).
 */
export function retrack({ zone, keys }: Tracking, given: readonly Uint8Array[], digests: readonly Uint8Array[]): Tracking {
  const own = given.map(bare)
  const isGiven = ({ rdata }: TrackedKey): boolean => own.some((one) => isSame(one, rdata)) || keysNamedBy(zone, [rdata], digests).length > 0
  const hasVoucher = keys.some((key) => isInUse(key.state) && isGiven(key))
  const kept = keys.flatMap((key) => {
    if (key.state === 'revoked' || key.state === 'removed') return [key]
    if (isGiven(key)) return [key.state === 'waiting' ? inUse(key.rdata) : key]
    return key.state === 'waiting' && hasVoucher ? [key] : []
  })
  const fresh = own.filter((rdata) => !kept.some((key) => isSame(key.rdata, rdata))).map(inUse)
  return { zone, keys: [...kept, ...fresh], nextQuery: 0 }
}

/** What is tracked with those keys of a DNSKEY set that DS of the operator's name: they count at once, as it is the operator who vouches for them. */
export function adopt(tracking: Tracking, seen: readonly Uint8Array[], digests: readonly Uint8Array[]): Tracking {
  const named = keysNamedBy(tracking.zone, seen.map(bare), unseenDigests(tracking, digests))
  return { ...tracking, keys: [...tracking.keys, ...named.filter((rdata) => !isTracked(tracking, rdata)).map(inUse)] }
}

/** The DS that name none of the keys tracked: what they name was not seen yet. */
export function unseenDigests({ zone, keys }: Tracking, digests: readonly Uint8Array[]): Uint8Array[] {
  const rdatas = keys.map(({ rdata }) => rdata)
  return digests.filter((digest) => keysNamedBy(zone, rdatas, [digest]).length === 0)
}

function inUse(rdata: Uint8Array): TrackedKey {
  return { rdata, state: 'valid', until: 0 }
}

/** The keys that are trust anchors now (RFC 5011 4.2): also such as are missing from the set for now. None: the anchor has ended (RFC 5011 5). */
export function anchorKeys({ keys }: Tracking): Uint8Array[] {
  return keys.filter(({ state }) => isInUse(state)).map(({ rdata }) => rdata)
}

function isInUse(state: KeyState): boolean {
  return state === 'valid' || state === 'missing'
}

/** What is tracked once the zone's DNSKEY set was seen; where none of the keys in use has signed it nothing changes but when to ask again. */
export function observe(tracking: Tracking, set: SignedSet, judge: Judge): { readonly tracking: Tracking; readonly fault?: Bogus } {
  const now = judge.unixSeconds
  const seen = set.records.map(({ rdata }) => rdata)
  // RFC 5011 2.1: first of all, as a key that was stolen must not vouch for others any more
  const revoked = seen.filter((rdata) => isRevoked(rdata) && isTracked(tracking, rdata) && isSignedBy(set, rdata, judge)).map(bare)
  const after = tracking.keys.map((key) => (revoked.some((rdata) => isSame(rdata, key.rdata)) ? revoke(key, now) : key))
  const found = checkRRset(set, { zone: tracking.zone, keys: anchorKeys(tracking).filter((rdata) => seen.some((own) => isSame(own, rdata))) }, judge)
  if (found.kind === 'bogus') return { tracking: { ...tracking, keys: after, nextQuery: now + retryAfter(set, now) }, fault: found }
  const present = seen.filter((rdata) => isZoneKey(rdata) && (rdata[1] & SECURE_ENTRY_POINT) !== 0)
  const isPresent = (key: TrackedKey): boolean => present.some((rdata) => isSame(rdata, key.rdata))
  const known = after.flatMap((key) => advance(key, isPresent(key), now) ?? [])
  const fresh = present.filter((rdata) => !after.some((key) => isSame(rdata, key.rdata))).map((rdata): TrackedKey => ({ rdata, state: 'waiting', until: now + Math.max(HOLD_DOWN, originalTtl(set)) }))
  const keys = [...known, ...fresh.slice(0, Math.max(0, MAX_TRACKED_KEYS - known.length))]
  return { tracking: { ...tracking, keys, nextQuery: now + queryAfter(set, now) } }
}

/**
 * What is tracked once a proven set was seen, without keys that are past their remove hold-down (RFC 5011 2.4.2, 4.2), so that a
 * zone that rolls over for years never fills MAX_TRACKED_KEYS. Those that the operator still gives, or the set still shows, are kept:
 * forgotten, they would be believed by the next look at the config, or be new.
 */
export function forgetRemoved(tracking: Tracking, set: SignedSet, { keys, digests }: { readonly keys: readonly Uint8Array[]; readonly digests: readonly Uint8Array[] }): Tracking {
  const named = [...keys, ...set.records.map(({ rdata }) => rdata)].map(bare)
  const isNamed = ({ rdata }: TrackedKey): boolean => named.some((one) => isSame(one, rdata)) || digests.some((digest) => keysNamedBy(tracking.zone, [rdata], [digest]).length > 0)
  return { ...tracking, keys: tracking.keys.filter((key) => key.state !== 'removed' || isNamed(key)) }
}

/** What is tracked once nobody has answered: the same, to be asked again soon (RFC 5011 2.3). */
export function missed(tracking: Tracking, nowSeconds: number): Tracking {
  return { ...tracking, nextQuery: nowSeconds + HOUR }
}

/** A key that its owner takes out of use (RFC 5011 4.2: RevBit). One that was only waited for is not to come. */
function revoke(key: TrackedKey, now: number): TrackedKey {
  return isInUse(key.state) || key.state === 'waiting' ? { ...key, state: 'revoked', until: now + HOLD_DOWN } : key
}

/** What becomes of a known key that stands in a proven set, or does not; undefined where it is forgotten (RFC 5011 4.1). */
function advance(key: TrackedKey, isPresent: boolean, now: number): TrackedKey | undefined {
  switch (key.state) {
    case 'waiting':
      if (!isPresent) return undefined // KeyRem
      return now >= key.until ? { ...key, state: 'valid', until: 0 } : key // AddTime
    case 'valid':
    case 'missing':
      return { ...key, state: isPresent ? 'valid' : 'missing' } // KeyPres, KeyRem
    case 'revoked':
      return now >= key.until ? { ...key, state: 'removed', until: 0 } : key // RemTime
    case 'removed':
      return key
  }
}

// ---- Intervals (RFC 5011 2.3) ----

/** MAX(1 hr, MIN(15 days, 1/2*OrigTTL, 1/2*RRSigExpirationInterval)) */
function queryAfter(set: SignedSet, now: number): number {
  return Math.max(HOUR, Math.min(LONGEST_INTERVAL, Math.floor(originalTtl(set) / 2), Math.floor(validFor(set, now) / 2)))
}

/** MAX(1 hour, MIN(1 day, .1 * OrigTTL, .1 * RRSigExpirationInterval)) */
function retryAfter(set: SignedSet, now: number): number {
  return Math.max(HOUR, Math.min(LONGEST_RETRY, Math.floor(originalTtl(set) / 10), Math.floor(validFor(set, now) / 10)))
}

function originalTtl({ signatures, records }: SignedSet): number {
  return Math.min(...records.map(({ ttl }) => ttl), ...signatures.map(({ rdata }) => readRrsig(rdata)?.originalTtl ?? 0))
}

/** Seconds until the first signature ends. */
function validFor({ signatures }: SignedSet, now: number): number {
  return Math.min(LONGEST_INTERVAL * 2, ...signatures.map(({ rdata }) => ((readRrsig(rdata)?.expiration ?? 0) - (now % 0x1_0000_0000)) | 0).filter((seconds) => seconds > 0))
}

// ---- Keys ----

function isRevoked(rdata: Uint8Array): boolean {
  return (rdata[1] & REVOKED) !== 0
}

function isTracked({ keys }: Tracking, rdata: Uint8Array): boolean {
  const own = bare(rdata)
  return keys.some((key) => isSame(key.rdata, own))
}

/** RDATA without the bit that revokes: the same key before and after (RFC 5011 7: its tag differs by it). */
function bare(rdata: Uint8Array): Uint8Array {
  return rdata.map((octet, i) => (i === 1 ? octet & ~REVOKED : octet))
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

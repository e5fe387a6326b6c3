/**
 * Whether an RRset is signed by a key of its zone (RFC 4035 5.3): one good signature is enough (5.3.3), by whatever algorithm
 * (RFC 6840 5.11). Of those that are not good, the one that came nearest tells what is wrong.
 */
import { EDE } from '../dns/codes.ts'
import { MAX_KEYS_PER_TAG, MAX_SIGNATURES_PER_RRSET } from '../dns/limits-resolver.ts'
import type { Name } from '../dns/name.ts'
import { compareSerials } from '../dns/serial.ts'
import { isServedAlgorithm, keyTag, verifySignature } from './public-key.ts'
import { mayBeExpanded, readRrsig, signedOctets, signedLabels, wildcardEncloser, type Rrsig, type SignedSet } from './rrsig.ts'
import { bogus, spent, type Bogus, type Judge, type ZoneKeys } from './verdict.ts'

/** The set is as its zone's owner signed it. */
export interface Proven {
  readonly kind: 'proven'
  /** Seconds for which it may be kept and given out (RFC 4035 5.3.3). */
  readonly ttl: number
  /** The name below which a wildcard stood for the owner: then it must be proven that there is nothing nearer (RFC 4035 5.3.4). */
  readonly encloser?: Name
}

/** The bit of DNSKEY flags of a key of the zone (RFC 4034 2.1.1). */
const ZONE_KEY = 0x0100
/** The bit of DNSKEY flags of a key that was revoked (RFC 5011 2.1). */
export const REVOKED = 0x0080
/** The protocol of every DNSKEY (RFC 4034 2.1.2). */
const PROTOCOL = 3

/** Whether the set is signed by one of the zone's keys, now (RFC 4035 5.3). */
export function checkRRset(set: SignedSet, zone: ZoneKeys, judge: Judge): Proven | Bogus {
  return checkAgainst(set, { zone, judge, isEligible: isZoneKey })
}

/** Whether a DNSKEY set is signed by this key of its own, which may be revoked: that is how a key is taken out of use (RFC 5011 2.1). */
export function isSignedBy(set: SignedSet, key: Uint8Array, judge: Judge): boolean {
  return checkAgainst(set, { zone: { zone: set.name, keys: [key] }, judge, isEligible: () => true }).kind === 'proven'
}

/** What a set is held against. */
interface Against {
  readonly zone: ZoneKeys
  readonly judge: Judge
  readonly isEligible: (rdata: Uint8Array) => boolean
}

function checkAgainst(set: SignedSet, against: Against): Proven | Bogus {
  let nearest: Bogus = bogus(EDE.RRSIGS_MISSING, 'not signed')
  for (const { rdata, ttl } of set.signatures.slice(0, MAX_SIGNATURES_PER_RRSET)) {
    const rrsig = readRrsig(rdata)
    const found = rrsig === undefined ? bogus(EDE.DNSSEC_BOGUS, 'a signature cannot be read') : checkSignature(set, rrsig, ttl, against)
    if (found.kind === 'proven') return found
    if (nearness(found) > nearness(nearest)) nearest = found
  }
  return nearest
}

/** How far a signature came, by the code of its failure: the greater is told. */
function nearness({ infoCode }: Bogus): number {
  return NEARNESS.indexOf(infoCode)
}

const NEARNESS: readonly number[] = [
  EDE.RRSIGS_MISSING, EDE.UNSUPPORTED_DNSKEY_ALGORITHM, EDE.DNSKEY_MISSING, EDE.NO_ZONE_KEY_BIT_SET, EDE.SIGNATURE_EXPIRED_BEFORE_VALID, EDE.SIGNATURE_NOT_YET_VALID,
  EDE.SIGNATURE_EXPIRED, EDE.DNSSEC_BOGUS,
]

function checkSignature(set: SignedSet, rrsig: Rrsig, ttl: number, { zone, judge, isEligible }: Against): Proven | Bogus {
  const complaint = formalFault(set, rrsig, zone.zone) ?? timeFault(rrsig, judge.unixSeconds)
  if (complaint !== undefined) return complaint
  const keys = keysFor(rrsig, zone, isEligible)
  if ('kind' in keys) return keys
  const octets = signedOctets(set, rrsig)
  for (const rdata of octets === undefined ? [] : keys) {
    if (!judge.effort.takeVerification()) return spent()
    const key = judge.keys.keyOf(rdata)
    if (key !== undefined && octets !== undefined && verifySignature(rrsig.algorithm, key, octets, rrsig.signature)) return proven(set, rrsig, ttl, judge.unixSeconds)
    judge.effort.failures++
  }
  return bogus(EDE.DNSSEC_BOGUS, `the signature by key ${rrsig.keyTag} is wrong`)
}

/** RFC 4035 5.3.1, but for keys and times. */
function formalFault({ name, type }: SignedSet, rrsig: Rrsig, zone: Name): Bogus | undefined {
  const { signer, labels } = rrsig
  if (rrsig.typeCovered !== type) return bogus(EDE.RRSIGS_MISSING, 'a signature covers another type')
  if (!signer.equals(zone) || !name.isWithin(zone)) return bogus(EDE.DNSKEY_MISSING, `signed by ${signer} in place of ${zone}`)
  // fewer labels than the zone's would be a wildcard from outside of it
  if (labels > signedLabels(name) || labels < zone.labelCount) return bogus(EDE.DNSSEC_BOGUS, `signed for ${labels} labels`)
  if (!mayBeExpanded(type) && wildcardEncloser(name, rrsig) !== undefined) return bogus(EDE.DNSSEC_BOGUS, 'of a type that no wildcard stands for')
  return undefined
}

/** RFC 4034 3.1.5: now must lie between both times, on the circle of RFC 1982. */
function timeFault({ inception, expiration }: Rrsig, unixSeconds: number): Bogus | undefined {
  const now = unixSeconds % 0x1_0000_0000
  if (compareSerials(expiration, inception) === -1) return bogus(EDE.SIGNATURE_EXPIRED_BEFORE_VALID, 'a signature expires before it is valid')
  if (!isAtOrBefore(inception, now)) return bogus(EDE.SIGNATURE_NOT_YET_VALID, `a signature is valid from ${printTime(inception)}`)
  if (!isAtOrBefore(now, expiration)) return bogus(EDE.SIGNATURE_EXPIRED, `a signature has expired ${printTime(expiration)}`)
  return undefined
}

function isAtOrBefore(a: number, b: number): boolean {
  const order = compareSerials(a, b)
  return order === -1 || order === 0
}

/** A time as people read it, such as `2026-11-26T04:25:13Z`. */
function printTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000', '')
}

/** The zone's keys of the signature's tag and algorithm (RFC 4035 5.3.1); several may share a tag (RFC 4034 B). */
function keysFor({ algorithm, keyTag: tag }: Rrsig, { zone, keys }: ZoneKeys, isEligible: (rdata: Uint8Array) => boolean): readonly Uint8Array[] | Bogus {
  if (!isServedAlgorithm(algorithm)) return bogus(EDE.UNSUPPORTED_DNSKEY_ALGORITHM, `signed by algorithm ${algorithm}`)
  const own = keys.filter((rdata) => rdata[3] === algorithm && keyTag(rdata) === tag)
  if (own.length === 0) return bogus(EDE.DNSKEY_MISSING, `${zone} has no key ${tag} of algorithm ${algorithm}`)
  const usable = own.filter(isEligible)
  return usable.length === 0 ? bogus(EDE.NO_ZONE_KEY_BIT_SET, `key ${tag} may not sign a zone`) : usable.slice(0, MAX_KEYS_PER_TAG)
}

/** Whether DNSKEY RDATA may sign RRsets of its zone: flag Zone Key, protocol 3 (RFC 4034 2.1.1, 2.1.2), not revoked (RFC 5011 2.1). */
export function isZoneKey(rdata: Uint8Array): boolean {
  const flags = (rdata[0] << 8) | rdata[1]
  return rdata.length > 4 && (flags & ZONE_KEY) !== 0 && (flags & REVOKED) === 0 && rdata[2] === PROTOCOL
}

/** RFC 4035 5.3.3: the least of the TTLs as they came, the TTL that was signed, and what is left of the signature's time. */
function proven({ name, records }: SignedSet, rrsig: Rrsig, signatureTtl: number, unixSeconds: number): Proven {
  const left = (rrsig.expiration - (unixSeconds % 0x1_0000_0000)) >>> 0
  const ttl = Math.min(...records.map((record) => record.ttl), signatureTtl, rrsig.originalTtl, left)
  const encloser = wildcardEncloser(name, rrsig)
  return { kind: 'proven', ttl, ...(encloser && { encloser }) }
}

/**
 * From the parent's word to a zone's keys (RFC 4035 5.2): a DS, or a trust anchor, names a key by its digest; that key signs
 * the zone's DNSKEY RRset; and all keys of the set may then sign the zone.
 *
 *     parent:  example. DS 4711 15 2 digest ──names──▶ child: example. DNSKEY 257 3 15 … ──signs──▶ the DNSKEY RRset
 *
 * Where none of the DS is of an algorithm and digest that are served here, the zone counts as unsigned (RFC 4035 5.2).
 */
import { createHash } from 'node:crypto'
import { EDE } from '../dns/codes.ts'
import type { ExtendedError } from '../dns/edns.ts'
import { MAX_DIGESTS_MADE, MAX_DIGESTS_PER_ZONE } from '../dns/limits-resolver.ts'
import { fold, type Name } from '../dns/name.ts'
import { checkRRset, isZoneKey } from './check-rrset.ts'
import { isServedAlgorithm, keyTag } from './public-key.ts'
import type { SignedSet } from './rrsig.ts'
import { bogus, type Bogus, type Insecure, type Judge, type ZoneKeys } from './verdict.ts'

/** What is believed of a zone's keys before any of them is seen: DS of its parent, or a trust anchor in one or the other form (RFC 4035 4.4). */
export interface Entry {
  /** RDATA of DS. */
  readonly digests: readonly Uint8Array[]
  /** RDATA of DNSKEY. */
  readonly keys: readonly Uint8Array[]
}

/** The keys are the zone's. */
export interface KeysProven {
  readonly kind: 'keys'
  readonly zone: ZoneKeys
  /** Seconds for which they may be kept (RFC 4035 5.3.3). */
  readonly ttl: number
}

/** Digest types of DS that are served, with their names in node:crypto: RFC 4034 A.2, RFC 4509 2, RFC 6605 2. */
const DIGESTS: ReadonlyMap<number, string> = new Map([[1, 'sha1'], [2, 'sha256'], [4, 'sha384']])
const SHA1 = 1

/** Octets of DS RDATA before the digest: key tag, algorithm, digest type (RFC 4034 5.1). */
const DS_HEAD_OCTETS = 4

/** The keys of the DNSKEY RRset, where `entry` names one of them that signs it (RFC 4035 5.2). */
export function checkKeys(set: SignedSet, entry: Entry, judge: Judge): KeysProven | Insecure | Bogus {
  const usable = usableDigests(entry.digests)
  if (usable.length === 0 && !entry.keys.some((key) => isServedAlgorithm(key[3]))) return { kind: 'insecure', why: unserved(entry) }
  const rdatas = set.records.map(({ rdata }) => rdata)
  const named = namedKeys(set.name, rdatas, usable, entry.keys)
  if (named.length === 0) return bogus(EDE.DNSKEY_MISSING, `no key of ${set.name} is the one that its ${entry.keys.length > 0 ? 'trust anchor' : 'DS'} names`)
  const found = checkRRset(set, { zone: set.name, keys: named }, judge)
  return found.kind === 'bogus' ? found : { kind: 'keys', zone: { zone: set.name, keys: rdatas.filter(isZoneKey) }, ttl: found.ttl }
}

/** The keys among `rdatas` that DS of the operator's or the parent's name (RFC 4035 5.2). */
export function keysNamedBy(zone: Name, rdatas: readonly Uint8Array[], digests: readonly Uint8Array[]): Uint8Array[] {
  return namedKeys(zone, rdatas, usableDigests(digests), [])
}

/** Whether a zone with these DS can be validated here; else why not (RFC 4035 5.2, RFC 6840 5.2). */
export function unservedDigests(digests: readonly Uint8Array[]): Insecure | undefined {
  return usableDigests(digests).length > 0 ? undefined : { kind: 'insecure', why: unserved({ digests, keys: [] }) }
}

/** DS of served algorithm and digest; SHA-1 counts only where nothing better does (RFC 4509 3). */
function usableDigests(digests: readonly Uint8Array[]): Uint8Array[] {
  const served = digests.slice(0, MAX_DIGESTS_PER_ZONE).filter((rdata) => rdata.length > DS_HEAD_OCTETS && isServedAlgorithm(rdata[2]) && DIGESTS.has(rdata[3]))
  const strong = served.filter((rdata) => rdata[3] !== SHA1)
  return strong.length > 0 ? strong : served
}

function unserved({ digests, keys }: Entry): ExtendedError {
  const algorithms = [...new Set([...digests.map((rdata) => rdata[2]), ...keys.map((rdata) => rdata[3])])]
  if (!algorithms.some(isServedAlgorithm)) return { infoCode: EDE.UNSUPPORTED_DNSKEY_ALGORITHM, text: `signed by algorithm ${algorithms.join(', ')}` }
  return { infoCode: EDE.UNSUPPORTED_DS_DIGEST_TYPE, text: `named by digest ${[...new Set(digests.map((rdata) => rdata[3]))].join(', ')}` }
}

/** The zone's keys that a DS or an anchor names (RFC 4035 5.2: tag, algorithm and digest, and the key is the zone's). */
function namedKeys(zone: Name, rdatas: readonly Uint8Array[], digests: readonly Uint8Array[], anchors: readonly Uint8Array[]): Uint8Array[] {
  let made = 0
  return rdatas.filter((rdata) => {
    if (!isZoneKey(rdata)) return false
    if (anchors.some((anchor) => Buffer.compare(anchor, rdata) === 0)) return true
    const tag = keyTag(rdata)
    return digests.some((ds) => ((ds[0] << 8) | ds[1]) === tag && ds[2] === rdata[3] && made++ < MAX_DIGESTS_MADE && isDigestOf(ds, zone, rdata))
  })
}

/** RFC 4034 5.1.4: digest(owner name | DNSKEY RDATA), the name in canonical form. */
function isDigestOf(ds: Uint8Array, zone: Name, rdata: Uint8Array): boolean {
  return Buffer.compare(ds.subarray(DS_HEAD_OCTETS), digestOf(ds[3], zone, rdata) ?? Buffer.alloc(0)) === 0
}

/** The digest that a DS of this type holds for a key (RFC 4034 5.1.4); undefined where the type is not served. */
export function digestOf(digestType: number, zone: Name, rdata: Uint8Array): Buffer | undefined {
  const hash = DIGESTS.get(digestType)
  return hash === undefined ? undefined : createHash(hash).update(zone.wire.map(fold)).update(rdata).digest()
}

/** RDATA of the DS of a key (RFC 4034 5.1); undefined where the digest type is not served. */
export function makeDs(digestType: number, zone: Name, rdata: Uint8Array): Uint8Array | undefined {
  const digest = digestOf(digestType, zone, rdata)
  const tag = keyTag(rdata)
  return digest && Uint8Array.of(tag >>> 8, tag, rdata[3], digestType, ...digest)
}

/** The types of DNSSEC (RFC 4034, RFC 5155), of its upkeep between parent and child (RFC 7344, RFC 7477), and ZONEMD (RFC 8976). */
import { algorithm } from './algorithms.ts'
import { rr } from './define.ts'
import { foldedName, legacyName, plainName } from './fields-names.ts'
import { seconds, timestamp, typeCode, typeCodeOrNone, u16, u32, u8 } from './fields-numbers.ts'
import { base64Rest, base64RestOrNone, hashedOwner, hexRest, salt, zoneDigest } from './fields-octets.ts'
import { typeBitmap } from './fields-types.ts'

const key = { flags: u16, protocol: u8, algorithm, publicKey: base64Rest }
const digest = { keyTag: u16, algorithm, digestType: u8, digest: hexRest }
const signed = {
  typeCovered: typeCode,
  algorithm,
  labels: u8,
  originalTtl: seconds,
  expiration: timestamp,
  inception: timestamp,
  keyTag: u16,
}

/** RFC 2931 3, RFC 2535 4.1: SIG(0), the signature of a transaction. */
export const SIG = rr('SIG', 24, { ...signed, typeCovered: typeCodeOrNone, signer: legacyName, signature: base64Rest })
/** RFC 2535 3.1, RFC 3445: a public key; agents are known by theirs (RFC 9665 3.2.5.2). */
export const KEY = rr('KEY', 25, { ...key, publicKey: base64RestOrNone })
/** RFC 4034 5.1: the digest of a key of the zone below. */
export const DS = rr('DS', 43, digest)
/** RFC 4034 3.1: the signature over an RRset. */
export const RRSIG = rr('RRSIG', 46, { ...signed, signer: foldedName, signature: base64Rest })
/** RFC 4034 4.1: the next name of the zone, and the types at this one; its name is not folded (RFC 6840 5.1). */
export const NSEC = rr('NSEC', 47, { next: plainName, types: typeBitmap })
/** RFC 4034 2.1: a key of the zone. */
export const DNSKEY = rr('DNSKEY', 48, key)
/** RFC 5155 3.1: the hash of the next name, and the types at the name whose hash this is. */
export const NSEC3 = rr('NSEC3', 50, { hashAlgorithm: u8, flags: u8, iterations: u16, salt, nextHashedOwner: hashedOwner, types: typeBitmap })
/** RFC 5155 4.1: how the zone's names are hashed. */
export const NSEC3PARAM = rr('NSEC3PARAM', 51, { hashAlgorithm: u8, flags: u8, iterations: u16, salt })
/** RFC 7344 3.1: the DS that the child wants. */
export const CDS = rr('CDS', 59, digest)
/** RFC 7344 3.2: the key for which the child wants a DS. */
export const CDNSKEY = rr('CDNSKEY', 60, key)
/** RFC 7477 2.1: which of the child's records the parent should copy. */
export const CSYNC = rr('CSYNC', 62, { serial: u32, flags: u16, types: typeBitmap })
/** RFC 8976 2.2: the digest of the whole zone. */
export const ZONEMD = rr('ZONEMD', 63, { serial: u32, scheme: u8, hashAlgorithm: u8, digest: zoneDigest })

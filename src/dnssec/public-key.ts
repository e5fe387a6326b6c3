/**
 * Keys of the algorithms of DNSSEC between their two forms: RDATA of KEY and DNSKEY (RFC 4034 2.1, RFC 2535 3.1), and objects that verify and
 * sign. Served are RSASHA256 (8), RSASHA512 (10; RFC 5702), ECDSAP256SHA256 (13), ECDSAP384SHA384 (14; RFC 6605), ED25519 (15) and
 * ED448 (16; RFC 8080).
 *
 *     RSA      exponent's length (1 octet, or 0 and 2) | exponent | modulus      RFC 3110 2
 *     ECDSA    x | y; a signature is r | s                                        RFC 6605 4
 *     EdDSA    the key as it is, and the signature too                            RFC 8080 3
 *
 * To make an object of octets costs as much as a verification (30 µs to 110 µs), so objects are kept by a KeyCache.
 */
import { createHash, createPublicKey, sign, verify, type JsonWebKey, type KeyObject } from 'node:crypto'
import { MAX_CACHED_KEYS, MAX_RSA_BITS, MAX_RSA_EXPONENT_OCTETS, MIN_RSA_BITS } from '../dns/limits.ts'
import { ALGORITHM } from '../dns/rr/algorithms.ts'

/** What is particular to one algorithm. */
interface Scheme {
  readonly mnemonic: string
  /** Hash in node:crypto; null where the algorithm brings its own. */
  readonly hash: string | null
  readonly jwk: { readonly kty: 'RSA' } | { readonly kty: 'EC' | 'OKP'; readonly crv: string }
  /** Octets of the public key and of a signature; 0 where they depend on the key. */
  readonly keyOctets: number
  readonly signatureOctets: number
}

const SCHEMES: ReadonlyMap<number, Scheme> = new Map<number, Scheme>([
  [ALGORITHM.RSASHA256, { mnemonic: 'RSASHA256', hash: 'sha256', jwk: { kty: 'RSA' }, keyOctets: 0, signatureOctets: 0 }],
  [ALGORITHM.RSASHA512, { mnemonic: 'RSASHA512', hash: 'sha512', jwk: { kty: 'RSA' }, keyOctets: 0, signatureOctets: 0 }],
  [ALGORITHM.ECDSAP256SHA256, { mnemonic: 'ECDSAP256SHA256', hash: 'sha256', jwk: { kty: 'EC', crv: 'P-256' }, keyOctets: 64, signatureOctets: 64 }],
  [ALGORITHM.ECDSAP384SHA384, { mnemonic: 'ECDSAP384SHA384', hash: 'sha384', jwk: { kty: 'EC', crv: 'P-384' }, keyOctets: 96, signatureOctets: 96 }],
  [ALGORITHM.ED25519, { mnemonic: 'ED25519', hash: null, jwk: { kty: 'OKP', crv: 'Ed25519' }, keyOctets: 32, signatureOctets: 64 }],
  [ALGORITHM.ED448, { mnemonic: 'ED448', hash: null, jwk: { kty: 'OKP', crv: 'Ed448' }, keyOctets: 57, signatureOctets: 114 }],
])

/** Numbers of the algorithms that are served, in order. */
export const SERVED_ALGORITHMS: readonly number[] = [...SCHEMES.keys()]

/** Whether signatures of this algorithm can be verified and made. */
export function isServedAlgorithm(algorithm: number): boolean {
  return SCHEMES.has(algorithm)
}

/** The mnemonic of a served algorithm, such as `ED25519` (RFC 4034 A.1); undefined of another. */
export function printAlgorithm(algorithm: number): string | undefined {
  return SCHEMES.get(algorithm)?.mnemonic
}

/** The served algorithm that `text` names by mnemonic or number; undefined if none. */
export function parseAlgorithm(text: string): number | undefined {
  const word = text.toUpperCase()
  return SERVED_ALGORITHMS.find((number) => String(number) === word || printAlgorithm(number) === word)
}

// ---- Octets ↔ objects ----

/** The key whose octets `publicKey` are, the last field of KEY or DNSKEY; undefined where they are none of the algorithm, or outside of its bounds. */
export function importPublicKey(algorithm: number, publicKey: Uint8Array): KeyObject | undefined {
  const scheme = SCHEMES.get(algorithm)
  if (scheme === undefined) return undefined
  const parts = scheme.jwk.kty === 'RSA' ? splitRsa(publicKey) : splitCurve(scheme, publicKey)
  if (parts === undefined) return undefined
  try {
    return createPublicKey({ key: { ...scheme.jwk, ...parts } as JsonWebKey, format: 'jwk' })
  } catch {
    return undefined // not a point of the curve
  }
}

/** Whether the octets have the length, or for RSA the parts and sizes, of a public key of the algorithm; whether they are a point of its curve shows when they are used. */
export function isWholeKey(algorithm: number, publicKey: Uint8Array): boolean {
  const scheme = SCHEMES.get(algorithm)
  if (scheme === undefined) return false
  return scheme.jwk.kty === 'RSA' ? splitRsa(publicKey) !== undefined : publicKey.length === scheme.keyOctets
}

function splitCurve({ jwk, keyOctets }: Scheme, publicKey: Uint8Array): JsonWebKey | undefined {
  if (publicKey.length !== keyOctets) return undefined
  if (jwk.kty === 'OKP') return { x: base64url(publicKey) }
  return { x: base64url(publicKey.subarray(0, keyOctets / 2)), y: base64url(publicKey.subarray(keyOctets / 2)) }
}

/** RFC 3110 2, with bounds on what a verification may cost. */
function splitRsa(publicKey: Uint8Array): JsonWebKey | undefined {
  const isLong = publicKey[0] === 0
  const size = isLong ? (publicKey[1] << 8) | publicKey[2] : publicKey[0]
  const at = isLong ? 3 : 1
  const exponent = withoutZeros(publicKey.subarray(at, at + size))
  const modulus = withoutZeros(publicKey.subarray(at + size))
  if (at + size >= publicKey.length || exponent.length === 0 || exponent.length > MAX_RSA_EXPONENT_OCTETS || modulus.length === 0) return undefined
  const bits = modulus.length * 8 - Math.clz32(modulus[0]) + 24
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) return undefined
  return { e: base64url(exponent), n: base64url(modulus) }
}

/** RFC 3110 2: leading zero octets are prohibited, but harmless. */
function withoutZeros(octets: Uint8Array): Uint8Array {
  const start = octets.findIndex((octet) => octet !== 0)
  return start < 0 ? octets.subarray(0, 0) : octets.subarray(start)
}

/** The octets of a public key (or of a private key's public part) as KEY and DNSKEY hold them. RangeError where the key is not of the algorithm. */
export function exportPublicKey(algorithm: number, key: KeyObject): Uint8Array {
  const scheme = SCHEMES.get(algorithm)
  const jwk = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' })
  if (scheme === undefined || jwk.kty !== scheme.jwk.kty || ('crv' in scheme.jwk && jwk.crv !== scheme.jwk.crv)) throw new RangeError(`Cannot use the key as one of algorithm ${algorithm}`)
  if (jwk.kty !== 'RSA') return Buffer.concat([fromBase64url(jwk.x), fromBase64url(jwk.y)])
  const exponent = fromBase64url(jwk.e)
  return Buffer.concat([Uint8Array.of(exponent.length), exponent, fromBase64url(jwk.n)]) // RSA exponents that we make have 3 octets
}

function base64url(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('base64url')
}

function fromBase64url(text: string | undefined): Buffer {
  return Buffer.from(text ?? '', 'base64url')
}

/** The key tag of KEY or DNSKEY RDATA (RFC 4034 B): a sum that collides easily, so it finds keys and proves nothing. */
export function keyTag(rdata: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < rdata.length; i++) sum += i % 2 === 0 ? rdata[i] << 8 : rdata[i]
  return (sum + (sum >>> 16)) & 0xffff
}

// ---- Signatures ----

/** Whether `signature` is that of `octets` by the key; false where it has not the length that it must have. */
export function verifySignature(algorithm: number, key: KeyObject, octets: Uint8Array, signature: Uint8Array): boolean {
  const scheme = SCHEMES.get(algorithm)
  if (scheme === undefined || !isPossibleSignature(scheme, key, signature)) return false
  return verify(scheme.hash, octets, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

/** The same off the thread: the promise is never rejected. */
export function verifySignatureOffThread(algorithm: number, key: KeyObject, octets: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const scheme = SCHEMES.get(algorithm)
  if (scheme === undefined || !isPossibleSignature(scheme, key, signature)) return Promise.resolve(false)
  return new Promise((resolve) => {
    verify(scheme.hash, octets, { key, dsaEncoding: 'ieee-p1363' }, signature, (error, isGood) => resolve(error === null && isGood))
  })
}

function isPossibleSignature({ signatureOctets }: Scheme, key: KeyObject, signature: Uint8Array): boolean {
  if (signatureOctets > 0) return signature.length === signatureOctets
  return signature.length === Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

/** The signature of `octets` by a private key of the algorithm, which must be served. */
export function makeSignature(algorithm: number, key: KeyObject, octets: Uint8Array): Uint8Array {
  const scheme = SCHEMES.get(algorithm)
  if (scheme === undefined) throw new RangeError(`Cannot sign by algorithm ${algorithm} as it is not served`)
  return sign(scheme.hash, octets, { key, dsaEncoding: 'ieee-p1363' })
}

/** Octets of a signature by this key. */
export function signatureOctets(algorithm: number, key: KeyObject): number {
  return SCHEMES.get(algorithm)?.signatureOctets || Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
}

// ---- Objects kept ----

/** Keys by algorithm and octets, those used least recently forgotten first. Octets that are no key are kept as such: they cost as much to try again. */
export class KeyCache {
  private readonly keys = new Map<string, KeyObject | undefined>()
  private readonly limit: number
  /** Keys made of octets so far: what the cache could not spare. */
  imports = 0

  constructor(limit: number = MAX_CACHED_KEYS) {
    this.limit = limit
  }

  get size(): number {
    return this.keys.size
  }

  /** The key of KEY or DNSKEY RDATA, as importPublicKey gives it. */
  keyOf(rdata: Uint8Array): KeyObject | undefined {
    // a hash keeps keys of 500 octets from being kept twice
    const id = createHash('sha256').update(rdata.subarray(3)).digest('base64')
    const known = this.keys.get(id)
    if (known !== undefined || this.keys.has(id)) {
      this.keys.delete(id)
      this.keys.set(id, known)
      return known
    }
    this.imports++
    const key = importPublicKey(rdata[3], rdata.subarray(4))
    this.keys.set(id, key)
    if (this.keys.size > this.limit) this.keys.delete(this.keys.keys().next().value as string)
    return key
  }
}

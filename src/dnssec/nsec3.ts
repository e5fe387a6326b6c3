/**
 * Hashed owner names (RFC 5155 5): a name's NSEC3 owner is the base32hex form of an iterated, salted SHA-1
 * over its folded wire form, as a label right below the zone's apex.
 */
import { MAX_NAME_OCTETS } from '../dns/limits.ts'
import { sha1 } from './sha1.ts'

/** Octets of a SHA-1 hash. */
export const HASH_OCTETS = 20
/** Octets of its base32hex form: 160 bits in digits of five. */
export const HASH_LABEL_OCTETS = 32

const input = new Uint8Array(MAX_NAME_OCTETS + 255 + 72)
const digest = new Uint8Array(HASH_OCTETS)

/**
 * Writes the label of the hashed owner name (a length octet and 32 of base32hex, lower case) to `out[outAt …]`
 * for the folded wire name `name[at … end)`; `params` is the RDATA of the zone's NSEC3PARAM from `paramsAt`
 * (RFC 5155 4.2): algorithm, flags, iterations (u16), salt length, salt.
 *
 *     IH(salt, x, 0) = H(x || salt)
 *     IH(salt, x, k) = H(IH(salt, x, k-1) || salt), k > 0
 */
export function writeHashLabel(name: Uint8Array, at: number, end: number, params: Uint8Array, paramsAt: number, out: Uint8Array, outAt: number): void {
  const iterations = (params[paramsAt + 2] << 8) | params[paramsAt + 3]
  const saltLength = params[paramsAt + 4]
  let length = 0
  while (at < end) input[length++] = name[at++]
  hashSalted(length, params, paramsAt + 5, saltLength)
  for (let i = 0; i < iterations; i++) {
    for (length = 0; length < HASH_OCTETS; length++) input[length] = digest[length]
    hashSalted(HASH_OCTETS, params, paramsAt + 5, saltLength)
  }
  out[outAt] = HASH_LABEL_OCTETS
  writeBase32Hex(out, outAt + 1)
}

function hashSalted(length: number, salt: Uint8Array, saltAt: number, saltLength: number): void {
  for (let i = 0; i < saltLength; i++) input[length++] = salt[saltAt + i]
  sha1(input, length, digest)
}

/** The base32hex form of a hash, in lower case; its order is that of the octets (RFC 5155 1.3, 3.3). */
export function printHash(hash: Uint8Array): string {
  digest.set(hash)
  const out = Buffer.alloc(HASH_LABEL_OCTETS)
  writeBase32Hex(out, 0)
  return out.toString('latin1')
}

/** Five octets become eight digits (RFC 4648 7), four times. */
function writeBase32Hex(out: Uint8Array, at: number): void {
  for (let from = 0; from < HASH_OCTETS; from += 5) {
    const high = (digest[from] << 12) | (digest[from + 1] << 4) | (digest[from + 2] >>> 4)
    const low = ((digest[from + 2] & 0x0f) << 16) | (digest[from + 3] << 8) | digest[from + 4]
    for (let shift = 15; shift >= 0; shift -= 5) out[at++] = digit((high >>> shift) & 31)
    for (let shift = 15; shift >= 0; shift -= 5) out[at++] = digit((low >>> shift) & 31)
  }
}

function digit(value: number): number {
  return value < 10 ? 0x30 + value : 0x57 + value
}

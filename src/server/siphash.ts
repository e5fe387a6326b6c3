/**
 * SipHash-2-4 (Aumasson and Bernstein), the keyed hash that RFC 9018 4.4 makes server cookies with. The
 * algorithm works on 64-bit numbers; each is held here as two 32-bit halves (`…L` low, `…H` high), because
 * BigInt would allocate on every step.
 */

/** Octets of a SipHash key. */
export const SIPHASH_KEY_OCTETS = 16

/** A key made ready: two little-endian 64-bit numbers as low half, high half. RangeError unless it has 16 octets. */
export function siphashKey(octets: Uint8Array): Int32Array {
  if (octets.length !== SIPHASH_KEY_OCTETS) throw new RangeError(`Cannot use a key of ${octets.length} octets as it must have ${SIPHASH_KEY_OCTETS}`)
  return Int32Array.of(word(octets, 0), word(octets, 4), word(octets, 8), word(octets, 12))
}

/** The four octets at `at` as a little-endian number. */
function word(octets: Uint8Array, at: number): number {
  return octets[at] | (octets[at + 1] << 8) | (octets[at + 2] << 16) | (octets[at + 3] << 24)
}

/** The last block's half that starts at `at`: what is left of the message, zeros behind it. */
function lastWord(octets: Uint8Array, at: number, length: number): number {
  let value = 0
  for (let i = 0; i < 4 && at + i < length; i++) value |= octets[at + i] << (8 * i)
  return value
}

/** The carry of the 32-bit addition a + b = sum: 0 or 1. */
function carry(a: number, b: number, sum: number): number {
  return ((a & b) | ((a | b) & ~sum)) >>> 31
}

/**
 * Writes SipHash-2-4 of the first `length` octets of `message` to `out` (two elements: low half, high half).
 * Rounds are counted through: two for each block of eight octets, the last holding the length, and four to finish.
 */
export function siphash24(key: Int32Array, message: Uint8Array, length: number, out: Int32Array): void {
  let v0L = key[0] ^ 0x70736575
  let v0H = key[1] ^ 0x736f6d65
  let v1L = key[2] ^ 0x6e646f6d
  let v1H = key[3] ^ 0x646f7261
  let v2L = key[0] ^ 0x6e657261
  let v2H = key[1] ^ 0x6c796765
  let v3L = key[2] ^ 0x79746573
  let v3H = key[3] ^ 0x74656462
  const blockRounds = ((length >>> 3) + 1) * 2
  let mL = 0
  let mH = 0
  for (let round = 0; round < blockRounds + 4; round++) {
    if (round < blockRounds && (round & 1) === 0) {
      const at = round << 2
      const isLast = round + 2 === blockRounds
      mL = isLast ? lastWord(message, at, length) : word(message, at)
      mH = isLast ? lastWord(message, at + 4, length) | (length << 24) : word(message, at + 4)
      v3L ^= mL
      v3H ^= mH
    } else if (round === blockRounds) v2L ^= 0xff

    let sum = (v0L + v1L) | 0
    v0H = (v0H + v1H + carry(v0L, v1L, sum)) | 0
    v0L = sum
    let high = v1H
    v1H = ((v1H << 13) | (v1L >>> 19)) ^ v0H
    v1L = ((v1L << 13) | (high >>> 19)) ^ v0L
    sum = (v2L + v3L) | 0
    v2H = (v2H + v3H + carry(v2L, v3L, sum)) | 0
    v2L = sum
    high = v3H
    v3H = ((v3H << 16) | (v3L >>> 16)) ^ v2H
    v3L = ((v3L << 16) | (high >>> 16)) ^ v2L
    // v0 was to be turned by 32 bits: its halves change places in this addition
    sum = (v0H + v3L) | 0
    const turned = (v0L + v3H + carry(v0H, v3L, sum)) | 0
    v0L = sum
    v0H = turned
    high = v3H
    v3H = ((v3H << 21) | (v3L >>> 11)) ^ v0H
    v3L = ((v3L << 21) | (high >>> 11)) ^ v0L
    sum = (v2L + v1L) | 0
    const top = (v2H + v1H + carry(v2L, v1L, sum)) | 0
    high = v1H
    v1H = ((v1H << 17) | (v1L >>> 15)) ^ top
    v1L = ((v1L << 17) | (high >>> 15)) ^ sum
    v2L = top // turned by 32 bits
    v2H = sum

    if (round < blockRounds && (round & 1) === 1) {
      v0L ^= mL
      v0H ^= mH
    }
  }
  out[0] = v0L ^ v1L ^ v2L ^ v3L
  out[1] = v0H ^ v1H ^ v2H ^ v3H
}

/**
 * SHA-1 (RFC 3174) for NSEC3 alone: of short inputs, on the answering path, so without allocation and faster
 * than a call into a crypto library. Nothing here is secret and nothing rests on SHA-1's strength.
 */

const block = new Int32Array(80)
const state = new Int32Array(5)

/** Writes the 20 octets of SHA-1 over `input[0 … length)` to `out`; `input` must have 72 octets of room behind `length`, which are overwritten. */
export function sha1(input: Uint8Array, length: number, out: Uint8Array): void {
  const padded = pad(input, length)
  state[0] = 0x6745_2301
  state[1] = 0xefcd_ab89 | 0
  state[2] = 0x98ba_dcfe | 0
  state[3] = 0x1032_5476
  state[4] = 0xc3d2_e1f0 | 0
  for (let at = 0; at < padded; at += 64) compress(input, at)
  for (let i = 0; i < 5; i++) {
    const word = state[i]
    out[i * 4] = word >>> 24
    out[i * 4 + 1] = word >>> 16
    out[i * 4 + 2] = word >>> 8
    out[i * 4 + 3] = word
  }
}

/** Appends 0x80, zeros and the length in bits up to a whole block (RFC 3174 4); returns the padded length. */
function pad(input: Uint8Array, length: number): number {
  const padded = (length + 72) & ~63
  input[length] = 0x80
  for (let i = length + 1; i < padded - 4; i++) input[i] = 0
  const bits = length * 8
  input[padded - 4] = bits >>> 24
  input[padded - 3] = bits >>> 16
  input[padded - 2] = bits >>> 8
  input[padded - 1] = bits
  return padded
}

/** One block of 64 octets (RFC 3174 6.1). */
function compress(input: Uint8Array, at: number): void {
  const w = block
  for (let i = 0; i < 16; i++, at += 4) w[i] = (input[at] << 24) | (input[at + 1] << 16) | (input[at + 2] << 8) | input[at + 3]
  for (let i = 16; i < 80; i++) {
    const x = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16]
    w[i] = (x << 1) | (x >>> 31)
  }
  let a = state[0]
  let b = state[1]
  let c = state[2]
  let d = state[3]
  let e = state[4]
  for (let i = 0; i < 80; i++) {
    const mixed = ((a << 5) | (a >>> 27)) + roundValue(i, b, c, d) + e + w[i]
    e = d
    d = c
    c = (b << 30) | (b >>> 2)
    b = a
    a = mixed | 0
  }
  state[0] = (state[0] + a) | 0
  state[1] = (state[1] + b) | 0
  state[2] = (state[2] + c) | 0
  state[3] = (state[3] + d) | 0
  state[4] = (state[4] + e) | 0
}

/** f(t; B, C, D) + K(t) (RFC 3174 5). */
function roundValue(i: number, b: number, c: number, d: number): number {
  if (i < 20) return ((b & c) | (~b & d)) + 0x5a82_7999
  if (i < 40) return (b ^ c ^ d) + 0x6ed9_eba1
  if (i < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1b_bcdc
  return (b ^ c ^ d) + 0xca62_c1d6
}

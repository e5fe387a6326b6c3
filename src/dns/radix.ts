/**
 * Octets written as hex, base64 and base32hex (RFC 4648), decoded straight from tokens to wire through tables:
 * signatures and keys are most of a signed zone. All decoders are strict (RFC 4648 3.3, 3.5): no foreign
 * character, the padding that belongs there, zero bits at the end.
 */
import type { WireWriter } from './octets.ts'

const FOREIGN = 0xff
const PAD = 0x3d

function tableOf(alphabet: string, foldCase: boolean): Uint8Array {
  const table = new Uint8Array(256).fill(FOREIGN)
  for (let i = 0; i < alphabet.length; i++) {
    table[alphabet.charCodeAt(i)] = i
    if (foldCase) table[alphabet.toLowerCase().charCodeAt(i)] = i
  }
  return table
}

const BASE64 = tableOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/', false)
const BASE32HEX_DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
const BASE32HEX = tableOf(BASE32HEX_DIGITS, true)
const HEX = tableOf('0123456789ABCDEF', true)

/** Decodes digits given in pieces, since master files may break them anywhere between tokens (RFC 4034 2.2). */
export class RadixDecoder {
  readonly #table: Uint8Array
  readonly #bitsPerDigit: number
  readonly #padTo: number
  #bits = 0
  #held = 0
  #digits = 0
  #pads = 0

  /** `padTo` is how many characters a whole group has with its padding; 1 where none is written. */
  private constructor(table: Uint8Array, bitsPerDigit: number, padTo: number) {
    this.#table = table
    this.#bitsPerDigit = bitsPerDigit
    this.#padTo = padTo
  }

  /** Hex, either case (RFC 4648 8). */
  static readonly hex = new RadixDecoder(HEX, 4, 1)
  /** Base64 with padding (RFC 4648 4). */
  static readonly base64 = new RadixDecoder(BASE64, 6, 4)
  /** Base32 with extended hex alphabet, no padding, either case (RFC 4648 7, RFC 5155 3.3). */
  static readonly base32hex = new RadixDecoder(BASE32HEX, 5, 1)

  /** Forgets what came before. */
  begin(): void {
    this.#bits = this.#held = this.#digits = this.#pads = 0
  }

  /** Decodes `octets[start … end)` to `out`; false at a character that may not stand there. */
  piece(octets: Uint8Array, start: number, end: number, out: WireWriter): boolean {
    const table = this.#table
    const width = this.#bitsPerDigit
    out.room(((end - start) * width + this.#held) >>> 3)
    let at = this.#held === 0 && this.#pads === 0 ? this.#wholeGroups(octets, start, end, out) : start
    let bits = this.#bits
    let held = this.#held
    for (; at < end; at++) {
      const c = octets[at]
      const digit = table[c]
      if (digit === FOREIGN) {
        if (c !== PAD || this.#padTo === 1) return false
        this.#pads++
        continue
      }
      if (this.#pads > 0) return false
      bits = ((bits << width) | digit) & 0xffff
      held += width
      if (held >= 8) {
        held -= 8
        out.octets[out.at++] = bits >>> held
      }
    }
    this.#digits += end - start
    this.#bits = bits
    this.#held = held
    return true
  }

  /** Decodes groups of digits that make whole octets, which is nearly all of a long token; gives the place of the first digit left. */
  #wholeGroups(octets: Uint8Array, start: number, end: number, out: WireWriter): number {
    const table = this.#table
    const into = out.octets
    let to = out.at
    let at = start
    if (this.#bitsPerDigit === 6) {
      for (; at + 4 <= end; at += 4) {
        const [a, b, c, d] = [table[octets[at]], table[octets[at + 1]], table[octets[at + 2]], table[octets[at + 3]]]
        if ((a | b | c | d) > 63) break // a foreign character, or padding
        into[to++] = (a << 2) | (b >>> 4)
        into[to++] = (b << 4) | (c >>> 2)
        into[to++] = (c << 6) | d
      }
    } else if (this.#bitsPerDigit === 4) {
      for (; at + 2 <= end; at += 2) {
        const [high, low] = [table[octets[at]], table[octets[at + 1]]]
        if ((high | low) > 15) break
        into[to++] = (high << 4) | low
      }
    }
    out.at = to
    return at
  }

  /** Whether the pieces made a whole: whole octets, zero bits left over, padding as it belongs. */
  end(): boolean {
    const leftover = this.#bits & ((1 << this.#held) - 1)
    return this.#held < this.#bitsPerDigit && leftover === 0 && this.#digits % this.#padTo === 0 && this.#pads * this.#bitsPerDigit < 16
  }
}

/** Octets in upper-case hex. */
export function printHex(octets: Uint8Array): string {
  return view(octets).toString('hex').toUpperCase()
}

/** Octets in base64 with padding. */
export function printBase64(octets: Uint8Array): string {
  return view(octets).toString('base64')
}

/** Octets in upper-case base32hex without padding (RFC 5155 3.3). */
export function printBase32hex(octets: Uint8Array): string {
  let text = ''
  let bits = 0
  let held = 0
  for (const octet of octets) {
    bits = ((bits << 8) | octet) & 0xfff
    for (held += 8; held >= 5; held -= 5) text += BASE32HEX_DIGITS[(bits >>> (held - 5)) & 31]
  }
  return held > 0 ? text + BASE32HEX_DIGITS[(bits << (5 - held)) & 31] : text
}

function view(octets: Uint8Array): Buffer {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length)
}

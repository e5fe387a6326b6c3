/**
 * Two-way tables between code points and their mnemonics (RFC 1035 3.2, 5.1): by number for printing, by the
 * octets of a token for parsing. Parsing makes no string, since a zone names a type and often a class on each
 * of a million lines. What has no mnemonic is written PREFIXnnn (RFC 3597 5).
 */
import type { TextReader } from './text.ts'

const SLOTS = 512 // a power of two, several times the longest table, so that probes are short
const DIGIT_0 = 0x30

/** One table of mnemonics, such as that of the RR types. Filled once, at start. */
export class Mnemonics {
  /** What stands before the number of a code point without a mnemonic, such as `TYPE`. */
  readonly prefix: string
  /** The largest code point. */
  readonly max: number
  readonly #names = new Map<number, string>()
  readonly #slotName: (string | undefined)[] = new Array<string | undefined>(SLOTS).fill(undefined)
  readonly #slotCode = new Int32Array(SLOTS)
  readonly #prefixOctets: Uint8Array

  /** A table holding `codes`, in which `_` stands for the `-` of a mnemonic: `{ UPDATE_LEASE: 2 }` is `UPDATE-LEASE`. */
  constructor(prefix: string, max: number, codes: Readonly<Record<string, number>> = {}) {
    this.prefix = prefix
    this.max = max
    this.#prefixOctets = Buffer.from(prefix)
    for (const [name, code] of Object.entries(codes)) this.add(name.replaceAll('_', '-'), code)
  }

  /** Adds a mnemonic, in upper case. A code point added twice prints by its first mnemonic and is parsed by each. */
  add(name: string, code: number): void {
    const octets = Buffer.from(name)
    let slot = hashOf(octets, 0, octets.length)
    for (; this.#slotName[slot] !== undefined; slot = (slot + 1) % SLOTS) {
      if (this.#slotName[slot] === name && this.#slotCode[slot] !== code) throw new Error(`Cannot add mnemonic ${name} as it stands for two code points`)
    }
    this.#slotName[slot] = name
    this.#slotCode[slot] = code
    if (!this.#names.has(code)) this.#names.set(code, name)
  }

  /** The mnemonic of `code`, or PREFIXnnn. */
  print(code: number): string {
    return this.#names.get(code) ?? this.prefix + String(code)
  }

  /** The mnemonic of `code`, if it has one. */
  nameOf(code: number): string | undefined {
    return this.#names.get(code)
  }

  /** The code point that `text` names, case aside, by its mnemonic or as PREFIXnnn; undefined if none. */
  parse(text: string): number | undefined {
    const octets = Buffer.from(text)
    const code = this.find(octets, 0, octets.length)
    return code < 0 ? undefined : code
  }

  /** The code point that the current token names, or -1. The token is not consumed. */
  read(text: TextReader): number {
    return text.quoted ? -1 : this.find(text.octets, text.start, text.end)
  }

  /** The code point named by `octets[start … end)`, or -1. */
  find(octets: Uint8Array, start: number, end: number): number {
    for (let slot = hashOf(octets, start, end); ; slot = (slot + 1) % SLOTS) {
      const name = this.#slotName[slot]
      if (name === undefined) return this.#findNumbered(octets, start, end)
      if (name.length === end - start && startsWith(octets, start, name)) return this.#slotCode[slot]
    }
  }

  /** PREFIXnnn: the prefix, then one to five digits. */
  #findNumbered(octets: Uint8Array, start: number, end: number): number {
    const prefix = this.#prefixOctets
    const digitsAt = start + prefix.length
    if (digitsAt >= end || end - digitsAt > 5 || !startsWith(octets, start, this.prefix)) return -1
    let value = 0
    for (let at = digitsAt; at < end; at++) {
      const digit = octets[at] - DIGIT_0
      if (digit < 0 || digit > 9) return -1
      value = value * 10 + digit
    }
    return value > this.max ? -1 : value
  }
}

function upper(octet: number): number {
  return octet >= 0x61 && octet <= 0x7a ? octet - 0x20 : octet
}

function hashOf(octets: Uint8Array, start: number, end: number): number {
  let hash = end - start
  for (let at = start; at < end; at++) hash = (Math.imul(hash, 31) + upper(octets[at])) | 0
  return (hash ^ (hash >>> 9)) & (SLOTS - 1)
}

function startsWith(octets: Uint8Array, start: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) if (upper(octets[start + i]) !== name.charCodeAt(i)) return false
  return true
}

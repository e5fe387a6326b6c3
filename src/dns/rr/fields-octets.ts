/**
 * Fields that are runs of octets: in hex, base64 and base32hex, either up to the end of the record or behind
 * a count of their own.
 */
import { WireFault } from '../faults.ts'
import type { WireReader, WireWriter } from '../octets.ts'
import { printBase32hex, printBase64, printHex, RadixDecoder } from '../radix.ts'
import type { TextReader } from '../text.ts'
import type { Field } from './field.ts'

/** How octets look in text. */
interface Radix {
  readonly decoder: RadixDecoder
  readonly wanted: string
  print(octets: Uint8Array): string
}

const HEX: Radix = { decoder: RadixDecoder.hex, wanted: 'must be an even number of hex digits', print: printHex }
const BASE64: Radix = { decoder: RadixDecoder.base64, wanted: 'must be base64 with its padding', print: printBase64 }
const BASE32HEX: Radix = { decoder: RadixDecoder.base32hex, wanted: 'must be base32hex without padding', print: printBase32hex }

/** Decodes the current token alone. */
function readToken(radix: Radix, text: TextReader, out: WireWriter, what: string): void {
  const { decoder } = radix
  decoder.begin()
  if (!decoder.piece(text.octets, text.start, text.end, out) || !decoder.end()) throw text.fault(what, radix.wanted)
}

/** Decodes all tokens up to the end of the entry as one text (RFC 4034 2.2: whitespace is allowed within it). */
function readTokens(radix: Radix, text: TextReader, out: WireWriter, what: string): void {
  const { decoder } = radix
  decoder.begin()
  while (text.token()) if (!decoder.piece(text.octets, text.start, text.end, out)) throw text.fault(what, radix.wanted)
  if (!decoder.end()) throw text.fault(what, radix.wanted)
}

/** Octets up to the end of the record, at least `min`. */
function rest(radix: Radix, min: number): Field<Uint8Array> {
  return {
    parse(text, out, what) {
      const start = out.at
      if (min > 0) {
        text.need(what)
        text.unread()
      }
      readTokens(radix, text, out, what)
      if (out.at - start < min) throw text.fault(what, `must hold at least ${min} octets`)
    },
    print: (wire) => radix.print(readRest(wire, min)),
    read: (wire) => readRest(wire, min).slice(),
    write: (value, out) => out.bytes(value),
    copy: (wire, out) => out.bytes(readRest(wire, min)),
  }
}

function readRest(wire: WireReader, min: number): Uint8Array {
  if (wire.remaining < min) throw new WireFault(`Cannot read octets as there must be at least ${min}`, wire.at)
  return wire.rest()
}

/** Hex up to the end of the record, at least one octet: digests and fingerprints. */
export const hexRest = rest(HEX, 1)
/** A ZONEMD digest, at least 12 octets (RFC 8976 2.2.4). */
export const zoneDigest = rest(HEX, 12)
/** Base64 up to the end of the record, at least one octet: keys, signatures and certificates. */
export const base64Rest = rest(BASE64, 1)
/** Base64 up to the end of the record, perhaps none: KEY may say that there is no key (RFC 2535 3.1.2). */
export const base64RestOrNone = rest(BASE64, 0)

/** Octets behind one octet that counts them; `empty` is what text writes where there are none. */
function counted8(radix: Radix, empty: string, min: number): Field<Uint8Array> {
  const read = (wire: WireReader): Uint8Array => {
    const count = wire.u8()
    if (count < min) throw new WireFault(`Cannot read octets as there must be at least ${min}`, wire.at - 1)
    return wire.bytes(count)
  }
  return {
    parse(text, out, what) {
      text.need(what)
      const countAt = out.at
      out.u8(0)
      if (empty === '' || !text.is(empty)) readToken(radix, text, out, what)
      const count = out.at - countAt - 1
      if (count > 255 || count < min) throw text.fault(what, `must hold ${min} to 255 octets`)
      out.octets[countAt] = count
    },
    print(wire) {
      const octets = read(wire)
      return octets.length === 0 ? empty : radix.print(octets)
    },
    read: (wire) => read(wire).slice(),
    write(value, out) {
      if (value.length < min || value.length > 255) throw new RangeError(`Cannot write ${value.length} octets as there must be ${min} to 255`)
      out.u8(value.length)
      out.bytes(value)
    },
    copy(wire, out) {
      const octets = read(wire)
      out.u8(octets.length)
      out.bytes(octets)
    },
  }
}

/** NSEC3 salt: hex, or `-` where there is none (RFC 5155 3.3). */
export const salt = counted8(HEX, '-', 0)
/** The next hashed owner name of NSEC3: base32hex without padding (RFC 5155 3.3). */
export const hashedOwner = counted8(BASE32HEX, '', 1)

/** Octets behind two octets that count them: TSIG and TKEY (RFC 8945 4.2). Text is the count and then, unless it is 0, base64. */
export const counted16: Field<Uint8Array> = {
  parse(text, out, what) {
    text.need(`${what} size`)
    const count = text.readNumber(`${what} size`, 0xffff)
    out.u16(count)
    if (count === 0) return
    const start = out.at
    text.need(what)
    readToken(BASE64, text, out, what)
    if (out.at - start !== count) throw text.fault(what, `must hold the ${count} octets announced before it`)
  },
  print(wire) {
    const octets = wire.bytes(wire.u16())
    return octets.length === 0 ? '0' : `${octets.length} ${printBase64(octets)}`
  },
  read: (wire) => wire.bytes(wire.u16()).slice(),
  write(value, out) {
    out.u16(value.length)
    out.bytes(value)
  },
  copy(wire, out) {
    const count = wire.u16()
    out.u16(count)
    out.bytes(wire.bytes(count))
  },
}

/** Reads one hex token of at least one octet, for fields that are made of several parts. */
export function readHexToken(text: TextReader, out: WireWriter, what: string): void {
  text.need(what)
  readToken(HEX, text, out, what)
}

/** Reads one base64 token, for fields that are made of several parts. */
export function readBase64Token(text: TextReader, out: WireWriter, what: string): void {
  text.need(what)
  readToken(BASE64, text, out, what)
}

/**
 * Fields that are character-strings (RFC 1035 3.3): a length octet and up to 255 octets, any octets at all. They are
 * printed in quotes. TXT-like types hold one or more; URI and CAA hold one string without a length.
 */
import { WireFault } from '../faults.ts'
import type { WireReader, WireWriter } from '../octets.ts'
import type { Field } from './field.ts'

/** Octets as a quoted string of a master file, with `\"`, `\\` and `\DDD` (RFC 1035 5.1). */
export function printQuoted(octets: Uint8Array): string {
  let text = '"'
  for (const octet of octets) {
    if (octet < 0x20 || octet > 0x7e) text += `\\${String(octet).padStart(3, '0')}`
    else if (octet === 0x22 || octet === 0x5c) text += `\\${String.fromCharCode(octet)}`
    else text += String.fromCharCode(octet)
  }
  return text + '"'
}

function readString(wire: WireReader): Uint8Array {
  return wire.bytes(wire.u8())
}

function writeString(value: Uint8Array, out: WireWriter): void {
  if (value.length > 255) throw new RangeError(`Cannot write ${value.length} octets as a character-string holds at most 255`)
  out.u8(value.length)
  out.bytes(value)
}

function copyString(wire: WireReader, out: WireWriter): void {
  const count = wire.u8()
  out.u8(count)
  out.bytes(wire.bytes(count))
}

/** One character-string. */
export const characterString: Field<Uint8Array> = {
  parse(text, out, what) {
    text.need(what)
    text.readCharacterString(out, what)
  },
  print: (wire) => printQuoted(readString(wire)),
  read: (wire) => readString(wire).slice(),
  write: writeString,
  copy: copyString,
}

/** One or more character-strings up to the end of the record (RFC 1035 3.3.14). */
export const characterStrings: Field<Uint8Array[]> = {
  parse(text, out, what) {
    text.need(what)
    do text.readCharacterString(out, what)
    while (text.token())
  },
  print(wire) {
    needOne(wire)
    let text = printQuoted(readString(wire))
    while (wire.remaining > 0) text += ' ' + printQuoted(readString(wire))
    return text
  },
  read(wire) {
    needOne(wire)
    const strings: Uint8Array[] = []
    while (wire.remaining > 0) strings.push(readString(wire).slice())
    return strings
  },
  write(value, out) {
    if (value.length === 0) throw new RangeError('Cannot write no character-strings as there must be at least one')
    for (const string of value) writeString(string, out)
  },
  copy(wire, out) {
    needOne(wire)
    while (wire.remaining > 0) copyString(wire, out)
  },
}

function needOne(wire: WireReader): void {
  if (wire.remaining === 0) throw new WireFault('Cannot read character-strings as there must be at least one', wire.at)
}

/** A character-string that may be left out at the end of the record: the subaddress of ISDN (RFC 1183 3.2). */
export const optionalString: Field<Uint8Array | null> = {
  parse(text, out, what) {
    if (text.token()) text.readCharacterString(out, what)
  },
  print: (wire) => (wire.remaining > 0 ? printQuoted(readString(wire)) : ''),
  read: (wire) => (wire.remaining > 0 ? readString(wire).slice() : null),
  write(value, out) {
    if (value !== null) writeString(value, out)
  },
  copy(wire, out) {
    if (wire.remaining > 0) copyString(wire, out)
  },
}

/** Text up to the end of the record without a length of its own, at least `min` octets. */
function quotedRest(min: number): Field<Uint8Array> {
  const read = (wire: WireReader): Uint8Array => {
    if (wire.remaining < min) throw new WireFault('Cannot read text as it must not be empty', wire.at)
    return wire.rest()
  }
  return {
    parse(text, out, what) {
      const start = out.at
      text.need(what)
      text.readOctets(out, what)
      if (out.at - start < min) throw text.fault(what, 'must not be empty')
    },
    print: (wire) => printQuoted(read(wire)),
    read: (wire) => read(wire).slice(),
    write: (value, out) => out.bytes(value),
    copy: (wire, out) => out.bytes(read(wire)),
  }
}

/** The target of URI, which must not be empty (RFC 7553 4.4). */
export const uriTarget = quotedRest(1)
/** The value of CAA, perhaps empty (RFC 8659 4.1). */
export const propertyValue = quotedRest(0)

/** The tag of CAA: a length octet and 1 to 255 ASCII letters and digits (RFC 8659 4.1), unquoted in text. */
export const propertyTag: Field<string> = {
  parse(text, out, what) {
    text.need(what)
    const start = out.at
    text.readCharacterString(out, what)
    if (!isTag(out.octets.subarray(start + 1, out.at))) throw text.fault(what, 'must be letters and digits')
  },
  print: (wire) => readTag(wire),
  read: (wire) => readTag(wire),
  write(value, out) {
    const octets = Buffer.from(value)
    if (!isTag(octets)) throw new RangeError(`Cannot write property tag "${value}" as it must be letters and digits`)
    writeString(octets, out)
  },
  copy(wire, out) {
    const tag = readTag(wire)
    writeString(Buffer.from(tag), out)
  },
}

function readTag(wire: WireReader): string {
  const at = wire.at
  const octets = readString(wire)
  if (!isTag(octets)) throw new WireFault('Cannot read property tag as it must be letters and digits', at)
  return Buffer.from(octets).toString('latin1')
}

function isTag(octets: Uint8Array): boolean {
  return octets.length > 0 && octets.every((c) => (c >= 0x30 && c <= 0x39) || (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a))
}

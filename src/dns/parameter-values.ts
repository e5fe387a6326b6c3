/**
 * The kinds of value that parameters have (RFC 9460 2.1 and ours): each between wire, text and a TypeScript value.
 *
 * Text here is what remains after the escapes of a character-string are undone, as a string with one character per octet
 * (latin1), so that any octets can pass. Lists separate their items by commas; inside an item `\,` and `\\`
 * stand for comma and backslash (RFC 9460 A.1).
 */
import { parseAddress, printAddress } from './address.ts'
import { WireFault } from './faults.ts'
import { MAX_PARAMETER_ITEMS } from './limits.ts'
import { TIME_LIMIT } from './limits-discovery.ts'
import { Name } from './name.ts'
import type { WireReader, WireWriter } from './octets.ts'

/** Text that is no value of its kind; `wanted` completes "as it …". Whoever knows the place makes a TextFault of it. */
export class BadValue extends Error {
  readonly wanted: string
  constructor(wanted: string) {
    super(`Cannot parse value as it ${wanted}`)
    this.wanted = wanted
  }
}

/** One kind of value. `read` ends at the end of the value; what it leaves is a fault of its caller. */
export interface ValueKind<Value> {
  /** Wire, and text where that is not plain from it, in the words of documents: `u16 in 1/10000: 0.93`. */
  readonly form: string
  /** The value that `text` writes. BadValue where it is none. */
  parse(text: string): Value
  /** The value as text; empty where the key alone says it. */
  print(value: Value): string
  /** WireFault where the octets are malformed. */
  read(wire: WireReader): Value
  write(value: Value, out: WireWriter): void
}

/** Decimal digits of a number, without exponent or needless zeros, at most `places` behind the point. */
function printDecimal(value: number, places: number): string {
  const text = value.toFixed(places)
  return places > 0 ? text.replace(/\.?0+$/, '') : text
}

/** `text`, a decimal number, times `factor`, which must give a whole number; NaN where it does not. */
function scaled(text: string, factor: number): number {
  if (!/^-?\d{1,15}(\.\d{1,9})?$/.test(text)) return NaN
  const value = Number(text) * factor
  const whole = Math.round(value)
  return Math.abs(value - whole) < 1e-6 * Math.max(1, factor / 1e6) ? whole : NaN
}

type Size = 1 | 2 | 4

function readSized(wire: WireReader, size: Size): number {
  return size === 1 ? wire.u8() : size === 2 ? wire.u16() : wire.u32()
}

function writeSized(value: number, size: Size, out: WireWriter): void {
  if (size === 1) out.u8(value)
  else if (size === 2) out.u16(value)
  else out.u32(value)
}

/** A whole number of `size` octets up to `max`. */
export function whole(size: Size, max: number = 2 ** (8 * size) - 1): ValueKind<number> {
  return {
    form: `u${8 * size}`,
    parse(text) {
      if (!/^\d{1,10}$/.test(text) || Number(text) > max) throw new BadValue(`must be a number from 0 to ${max}`)
      return Number(text)
    },
    print: String,
    read(wire) {
      const value = readSized(wire, size)
      if (value > max) throw new WireFault(`Cannot read value as it must be at most ${max}`, wire.at - size)
      return value
    },
    write: (value, out) => writeSized(value, size, out),
  }
}

/** A decimal number kept in parts of `factor`: `fraction(2, 10_000, 1)` is 0 to 1 in ten-thousandths. The value counts the parts. */
export function fraction(size: Size, factor: number, max: number = (2 ** (8 * size) - 1) / factor): ValueKind<number> {
  const places = Math.round(Math.log10(factor))
  const limit = max * factor
  return {
    form: `u${8 * size} in 1/${factor}: decimal`,
    parse(text) {
      const value = scaled(text, factor)
      if (!(value >= 0 && value <= limit)) throw new BadValue(`must be a number from 0 to ${max} with at most ${places} decimals`)
      return value
    },
    print: (value) => printDecimal(value / factor, places),
    read(wire) {
      const value = readSized(wire, size)
      if (value > limit) throw new WireFault(`Cannot read value as it must be at most ${limit}`, wire.at - size)
      return value
    },
    write: (value, out) => writeSized(value, size, out),
  }
}

/** A number of 32 bits with a unit, such as `200ms`; `units` give what each is worth, the largest last. The value counts the smallest. */
export function quantity(units: Readonly<Record<string, number>>): ValueKind<number> {
  const names = Object.keys(units)
  const wanted = `must be a number with a unit (${names.join(' ')}) of at most 32 bits`
  return {
    form: `u32 in ${names[0]}: with ${names.join(' ')}`,
    parse(text) {
      const match = /^([\d.]+)([a-z]+)$/i.exec(text)
      const unit = names.find((name) => name.toLowerCase() === match?.[2].toLowerCase())
      const value = match === null || unit === undefined ? NaN : scaled(match[1], units[unit])
      if (!(value >= 0 && value <= 0xffff_ffff)) throw new BadValue(wanted)
      return value
    },
    print(value) {
      const unit = names.findLast((name) => value % units[name] === 0 && value > 0) ?? names[0]
      return `${value / units[unit]}${unit}`
    },
    read: (wire) => wire.u32(),
    write: (value, out) => out.u32(value),
  }
}

/** One octet that stands for one of `words`, counted from 0. */
export function oneOf<const Word extends string>(words: readonly Word[]): ValueKind<Word> {
  return {
    form: `u8: ${words.map((word, code) => `${code} ${word}`).join(', ')}`,
    parse(text) {
      const word = words.find((known) => known === text.toLowerCase())
      if (word === undefined) throw new BadValue(`must be one of ${words.join(' ')}`)
      return word
    },
    print: (value) => value,
    read(wire) {
      const word = words[wire.u8()]
      if (word === undefined) throw new WireFault(`Cannot read value as it must be at most ${words.length - 1}`, wire.at - 1)
      return word
    },
    write: (value, out) => out.u8(words.indexOf(value)),
  }
}

/** No value at all: the key alone says it. */
export const nothing: ValueKind<true> = {
  form: 'empty',
  parse(text) {
    if (text !== '') throw new BadValue('must have no value')
    return true
  },
  print: () => '',
  read: () => true,
  write: () => undefined,
}

/** Octets in any form, printed as they are, at least `min`. */
export function opaque(min: number): ValueKind<Uint8Array> {
  return {
    form: 'octets',
    parse(text) {
      if (text.length < min) throw new BadValue('must not be empty')
      return Buffer.from(text, 'latin1')
    },
    print: latin1,
    read(wire) {
      if (wire.remaining < min) throw new WireFault('Cannot read value as it must not be empty', wire.at)
      return wire.rest().slice()
    },
    write: (value, out) => out.bytes(value),
  }
}

/** Text in UTF-8 that matches `form`, not empty. */
export function words(form: RegExp, wanted: string): ValueKind<string> {
  const check = (octets: Uint8Array): string | undefined => {
    const text = Buffer.from(octets).toString('utf8')
    return form.test(text) && Buffer.compare(Buffer.from(text), octets) === 0 ? text : undefined
  }
  return {
    form: 'UTF-8 text',
    parse(text) {
      const value = check(Buffer.from(text, 'latin1'))
      if (value === undefined) throw new BadValue(wanted)
      return value
    },
    print: (value) => Buffer.from(value).toString('latin1'),
    read(wire) {
      const at = wire.at
      const value = check(wire.rest())
      if (value === undefined) throw new WireFault(`Cannot read value as it ${wanted}`, at)
      return value
    },
    write: (value, out) => out.bytes(Buffer.from(value)),
  }
}

/** Octets in base64 (RFC 9460 7.3, RFC 9848). */
export const base64: ValueKind<Uint8Array> = {
  form: 'octets: base64',
  parse(text) {
    const octets = Buffer.from(text, 'base64')
    if (text === '' || octets.toString('base64') !== text) throw new BadValue('must be base64 with its padding')
    return octets
  },
  print: (value) => Buffer.from(value).toString('base64'),
  read: (wire) => opaque(1).read(wire),
  write: (value, out) => out.bytes(value),
}

/** A point in time in milliseconds since 1970: text is ISO 8601 in UTC, or the number. */
export const instant: ValueKind<number> = {
  form: 'u64 in ms since 1970: ISO 8601',
  parse(text) {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) ? Date.parse(text) : NaN
    if (!(value >= 0)) throw new BadValue('must be a time, such as 2026-01-31T12:00:00.000Z, or milliseconds since 1970')
    return value
  },
  print: (value) => (value <= LAST_PRINTED_MS ? new Date(value).toISOString() : String(value)),
  read(wire) {
    const value = wire.u32() * 0x1_0000_0000 + wire.u32()
    if (value >= TIME_LIMIT) throw new WireFault('Cannot read time as it is beyond the year 33658', wire.at - 8)
    return value
  },
  write: (value, out) => out.u64(BigInt(value)),
}

const LAST_PRINTED_MS = Date.UTC(9999, 11, 31) // years of four digits

/** A domain name, absolute; text may leave out the dot at its end, and print does. */
export const name: ValueKind<Name> = {
  form: 'name',
  parse(text) {
    try {
      return Name.parse(Buffer.from(text, 'latin1').toString('utf8'))
    } catch {
      throw new BadValue('must be a domain name')
    }
  },
  print(value) {
    const text = value.toString().replaceAll(',', '\\044').replaceAll('/', '\\047') // so that lists and tuples can be told apart
    return text === '.' ? text : text.slice(0, -1)
  },
  read: (wire) => Name.read(wire, false),
  write: (value, out) => out.bytes(value.wire),
}

/** An IP address behind an octet that tells its length, 4 or 16. */
export const address: ValueKind<string> = {
  form: 'u8 length, address',
  parse(text) {
    const octets = parseAddress(text)
    if (octets === undefined) throw new BadValue('must be an IP address')
    return printAddress(octets)
  },
  print: (value) => value,
  read(wire) {
    const size = wire.u8()
    if (size !== 4 && size !== 16) throw new WireFault('Cannot read address as it must be of 4 or 16 octets', wire.at - 1)
    return printAddress(wire.bytes(size))
  },
  write(value, out) {
    const octets = parseAddress(value) ?? new Uint8Array()
    out.u8(octets.length)
    out.bytes(octets)
  },
}

/** An IP address of one family, without a length (RFC 9460 7.3). */
export function hint(size: 4 | 16): ValueKind<string> {
  const wanted = `must be IPv${size === 4 ? 4 : 6} addresses`
  return {
    form: `IPv${size === 4 ? 4 : 6} address`,
    parse(text) {
      const octets = parseAddress(text)
      if (octets?.length !== size) throw new BadValue(wanted)
      return printAddress(octets)
    },
    print: (value) => value,
    read: (wire) => printAddress(wire.bytes(size)),
    write: (value, out) => out.bytes(parseAddress(value) ?? new Uint8Array(size)),
  }
}

/** Text behind a length octet, 1 to 255 octets: the items of alpn (RFC 9460 7.1.1) and of our lists of tokens. */
export function counted(kind: ValueKind<string>): ValueKind<string> {
  return {
    form: `u8 length, ${kind.form}`,
    parse(text) {
      if (text.length === 0 || text.length > 255) throw new BadValue('must have items of 1 to 255 octets')
      return kind.parse(text)
    },
    print: (value) => kind.print(value),
    read(wire) {
      const count = wire.u8()
      if (count === 0) throw new WireFault('Cannot read item as it must not be empty', wire.at - 1)
      const end = wire.end
      if (count > wire.remaining) throw new WireFault('Cannot read item as it runs past the value', wire.at - 1)
      wire.end = wire.at + count
      const value = kind.read(wire)
      wire.end = end
      return value
    },
    write(value, out) {
      const countAt = out.at
      out.u8(0)
      kind.write(value, out)
      out.octets[countAt] = out.at - countAt - 1
    },
  }
}

/** Octets as text, one character each: what alpn identifiers are (RFC 7301 6). */
export const anyOctets: ValueKind<string> = {
  form: 'octets',
  parse: (text) => text,
  print: (value) => value,
  read: (wire) => latin1(wire.rest()),
  write: (value, out) => out.bytes(Buffer.from(value, 'latin1')),
}

/** One or more values of `kind` one behind the other, at most `max`; text separates them by commas (RFC 9460 A.1). */
export function list<Item>(kind: ValueKind<Item>, max: number = MAX_PARAMETER_ITEMS): ValueKind<Item[]> {
  return {
    form: `list of (${kind.form})`,
    parse(text) {
      const items = splitList(text).map((item) => kind.parse(item))
      if (items.length > max) throw new BadValue(`must have at most ${max} items`)
      return items
    },
    print: (value) => value.map((item) => kind.print(item).replace(/[\\,]/g, '\\$&')).join(','),
    read(wire) {
      const items: Item[] = []
      do items.push(kind.read(wire))
      while (wire.remaining > 0 && items.length < max)
      return items
    },
    write(value, out) {
      for (const item of value) kind.write(item, out)
    },
  }
}

/** The items of a comma-separated list with its escapes undone (RFC 9460 A.1). */
function splitList(text: string): string[] {
  const items = ['']
  for (let at = 0; at < text.length; at++) {
    const c = text[at]
    if (c === ',') items.push('')
    else if (c !== '\\') items[items.length - 1] += c
    else if (++at < text.length) items[items.length - 1] += text[at]
    else throw new BadValue('must not end with a lone backslash')
  }
  if (items.includes('')) throw new BadValue('must not have empty items')
  return items
}

/** Several values in order as one, with `mark` between them in text: a color and its endpoint. */
export function tuple<Values extends unknown[]>(mark: string, ...kinds: { [At in keyof Values]: ValueKind<Values[At]> }): ValueKind<Values> {
  const parts = kinds as readonly ValueKind<unknown>[]
  return {
    form: `${parts.map((kind) => kind.form).join(' + ')}, in text with ${mark} between`,
    parse(text) {
      const pieces = text.split(mark)
      if (pieces.length !== parts.length) throw new BadValue(`must have ${parts.length} parts with "${mark}" between them`)
      return parts.map((kind, i) => kind.parse(pieces[i])) as Values
    },
    print: (value) => parts.map((kind, i) => kind.print(value[i])).join(mark),
    read: (wire) => parts.map((kind) => kind.read(wire)) as Values,
    write(value, out) {
      parts.forEach((kind, i) => kind.write(value[i], out))
    },
  }
}

function latin1(octets: Uint8Array): string {
  return Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1')
}

/**
 * Fields that are numbers: plain, with mnemonics, spans of time and points in time. All are big-endian
 * (RFC 1035 2.3.2), and any octets of their size are a legal value.
 */
import type { Mnemonics } from '../mnemonics.ts'
import type { WireReader, WireWriter } from '../octets.ts'
import type { TextReader } from '../text.ts'
import type { Field } from './field.ts'
import { typeNames } from './type-names.ts'

type Size = 1 | 2 | 4 | 6

function readSized(wire: WireReader, size: Size): number {
  switch (size) {
    case 1:
      return wire.u8()
    case 2:
      return wire.u16()
    case 4:
      return wire.u32()
    case 6:
      return wire.u48()
  }
}

function writeSized(value: number, out: WireWriter, size: Size): void {
  switch (size) {
    case 1:
      return out.u8(value)
    case 2:
      return out.u16(value)
    case 4:
      return out.u32(value)
    case 6:
      return out.u48(value)
  }
}

/** A number field of `size` octets; `read` takes the current token, `print` writes it. */
function numberField(size: Size, read: (text: TextReader, what: string, max: number) => number, print: (value: number) => string): Field<number> {
  const max = 2 ** (8 * size) - 1
  return {
    size,
    parse(text, out, what) {
      text.need(what)
      writeSized(read(text, what, max), out, size)
    },
    print: (wire) => print(readSized(wire, size)),
    read: (wire) => readSized(wire, size),
    write(value, out) {
      if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`Cannot write ${value} as it must be a whole number from 0 to ${max}`)
      writeSized(value, out, size)
    },
    copy: (wire, out) => writeSized(readSized(wire, size), out, size),
  }
}

function readPlain(text: TextReader, what: string, max: number): number {
  return text.readNumber(what, max)
}

/** A number from 0 to 255. */
export const u8 = numberField(1, readPlain, String)
/** A number from 0 to 65535. */
export const u16 = numberField(2, readPlain, String)
/** A number from 0 to 2^32 − 1. */
export const u32 = numberField(4, readPlain, String)
/** A number from 0 to 2^48 − 1, such as the time of TSIG in seconds (RFC 8945 4.2). */
export const u48 = numberField(6, readPlain, String)

/** A span of seconds in 32 bits; text may use units, such as `1h30m` (RFC 1035 3.3.13). */
export const seconds = numberField(4, (text, what, max) => (isDigits(text) ? text.readNumber(what, max) : text.readTtl(what)), String)

function isDigits(text: TextReader): boolean {
  for (let at = text.start; at < text.end; at++) if (text.octets[at] < 0x30 || text.octets[at] > 0x39) return false
  return true
}

/** A number that text may give by mnemonic; `printed` says what it is printed as. */
export function named(size: 1 | 2, names: Mnemonics, printed: 'mnemonic' | 'number'): Field<number> {
  const read = (text: TextReader, what: string, max: number): number => {
    if (text.startsWithDigit()) return text.readNumber(what, max)
    const code = names.read(text)
    if (code < 0 || code > max) throw text.fault(what, `must be a known mnemonic or a number from 0 to ${max}`)
    return code
  }
  return numberField(size, read, printed === 'number' ? String : (code) => names.nameOf(code) ?? String(code))
}

/** An RR type by mnemonic or TYPEnnn (RFC 4034 3.2, RFC 3597 5). */
export const typeCode = numberField(2, readTypeCode, (code) => typeNames.print(code))

/** The same for SIG, where 0 means that the whole transaction is covered (RFC 2931 3); text writes it as 0. */
export const typeCodeOrNone = numberField(2, (text, what) => (text.is('0') ? 0 : readTypeCode(text, what)), (code) => (code === 0 ? '0' : typeNames.print(code)))

function readTypeCode(text: TextReader, what: string): number {
  const code = typeNames.read(text)
  if (code < 0) throw text.fault(what, 'must be an RR type, such as AAAA or TYPE28')
  return code
}

/** A point in time, 32 bits of seconds since 1970: text is YYYYMMDDHHmmSS in UTC, or the seconds (RFC 4034 3.2). */
export const timestamp = numberField(4, readTimestamp, printTimestamp)

const TIMESTAMP_DIGITS = 14 // the decimal form has at most 10, so that the two cannot be confused (RFC 4034 3.2)
const DAY_SECONDS = 86_400

function readTimestamp(text: TextReader, what: string, max: number): number {
  if (text.end - text.start !== TIMESTAMP_DIGITS) return text.readNumber(what, max)
  if (!isDigits(text)) throw text.fault(what, 'must be YYYYMMDDHHmmSS or seconds since 1970')
  const { octets, start } = text
  const year = twoDigits(octets, start) * 100 + twoDigits(octets, start + 2)
  const month = twoDigits(octets, start + 4)
  const day = twoDigits(octets, start + 6)
  const hour = twoDigits(octets, start + 8)
  const minute = twoDigits(octets, start + 10)
  const second = twoDigits(octets, start + 12)
  const legal = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month) && hour < 24 && minute < 60 && second < 60
  const value = daysBefore(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
  if (!legal || value < 0 || value > max) throw text.fault(what, 'must be a date and time, YYYYMMDDHHmmSS, from 1970 to 2106')
  return value
}

function twoDigits(octets: Uint8Array, at: number): number {
  return (octets[at] - 0x30) * 10 + octets[at + 1] - 0x30
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeap(year) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

const DAYS_BEFORE_MONTH = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334]
const DAYS_TO_1970 = 719_162 // from 0001-01-01 in the Gregorian calendar

/** Days from 1970-01-01 to the given day. */
function daysBefore(year: number, month: number, day: number): number {
  const past = year - 1
  const leapDays = Math.floor(past / 4) - Math.floor(past / 100) + Math.floor(past / 400)
  const inYear = DAYS_BEFORE_MONTH[month] + (month > 2 && isLeap(year) ? 1 : 0) + day - 1
  return past * 365 + leapDays + inYear - DAYS_TO_1970
}

/** Seconds since 1970 as YYYYMMDDHHmmSS in UTC (RFC 4034 3.2). */
export function printTimestamp(value: number): string {
  return new Date(value * 1000).toISOString().replace(/[-T:]/g, '').slice(0, TIMESTAMP_DIGITS)
}

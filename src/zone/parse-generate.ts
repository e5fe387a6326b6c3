/**
 * $GENERATE, many records from one line, as BIND has it:
 *
 *     $GENERATE 1-3       host$            A      192.0.2.$
 *     $GENERATE 0-254/2   ${0,3}.hosts     PTR    ${1,3,d}.example.
 *               range     owner  [TTL] [class] type  RDATA
 *
 * The range is start-stop[/step]. In owner and RDATA `$` becomes the number; `${offset[,width[,base]]}` becomes
 * number + offset, padded with zeros to the width, in base d, o, x, X, or n and N: hex digits, the last one
 * first, as labels (for ip6.arpa). `\$` and `$$` are a dollar. RDATA of several words may stand in one pair of quotes.
 */
import { readClass } from '../dns/codes.ts'
import { TextFault, type Place } from '../dns/faults.ts'
import { MAX_GENERATED, MAX_GENERATED_ENTRY_OCTETS, MAX_GENERATED_WIDTH, MAX_GENERATE_NUMBER } from '../dns/limits.ts'
import { WireWriter } from '../dns/octets.ts'
import { TextReader } from '../dns/text.ts'

/** Where the generated records go. */
export interface GenerateHost {
  parseRecord(reader: TextReader): void
}

type Base = 'd' | 'o' | 'x' | 'X' | 'n' | 'N'

/** A place of the template that becomes a number. */
interface Insert {
  offset: number
  width: number
  base: Base
}

interface Range {
  start: number
  stop: number
  step: number
}

const SPACE = 0x20
const QUOTE = 0x22
const DOLLAR = 0x24
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Reads what stands behind $GENERATE and gives the records that it makes to `host`. A faulty one ends it, as the next would be faulty alike. */
export function generate(reader: TextReader, host: GenerateHost): void {
  const place = reader.here()
  reader.need('range of $GENERATE')
  const range = readRange(reader)
  const pieces = splitTemplate(readTemplate(reader), place)
  const text = new WireWriter(256, MAX_GENERATED_ENTRY_OCTETS)
  for (let number = range.start; number <= range.stop; number += range.step) {
    text.reset()
    const entry = new TextReader(expand(pieces, number, text, place), reader.file)
    entry.origin = reader.origin
    try {
      if (entry.beginEntry()) host.parseRecord(entry)
    } catch (fault) {
      if (!(fault instanceof TextFault)) throw fault
      throw new TextFault(`${fault.message}, in "${Buffer.from(entry.octets).toString('utf8')}" as made by $GENERATE`, place)
    }
  }
}

function readRange(reader: TextReader): Range {
  const match = /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/.exec(reader.word())
  if (match === null) throw reader.fault('range', 'must be start-stop or start-stop/step')
  const [start, stop, step] = [Number(match[1]), Number(match[2]), Number(match[3] ?? '1')]
  if (start > stop || stop > MAX_GENERATE_NUMBER) throw reader.fault('range', `must go up, to ${MAX_GENERATE_NUMBER} at most`)
  if (step < 1) throw reader.fault('range', 'must have a step of at least 1')
  if ((stop - start) / step >= MAX_GENERATED) throw reader.fault('range', `must make ${MAX_GENERATED} records at most`)
  return { start, stop, step }
}

/** The entry behind the range as one line with one blank between words. */
function readTemplate(reader: TextReader): Uint8Array {
  const out = new WireWriter(256, MAX_GENERATED_ENTRY_OCTETS)
  reader.need('owner of $GENERATE')
  copyWord(reader, out)
  reader.need('type')
  while (reader.startsWithDigit() || (readClass(reader) >= 0 && !reader.is('any'))) {
    copyWord(reader, out)
    reader.need('type')
  }
  copyWord(reader, out)
  copyRdata(reader, out)
  return out.finish()
}

function copyRdata(reader: TextReader, out: WireWriter): void {
  reader.need('record data of $GENERATE')
  const { quoted, start, end } = reader
  const wordAt = out.at
  copyWord(reader, out)
  if (reader.token()) {
    do copyWord(reader, out)
    while (reader.token())
  } else if (quoted) {
    out.at = wordAt
    out.u8(SPACE)
    out.bytes(reader.octets.subarray(start, end))
  }
}

function copyWord(reader: TextReader, out: WireWriter): void {
  if (out.at > 0) out.u8(SPACE)
  if (reader.quoted) out.u8(QUOTE)
  out.bytes(reader.octets.subarray(reader.start, reader.end))
  if (reader.quoted) out.u8(QUOTE)
}

/** The template cut where numbers go. */
function splitTemplate(template: Uint8Array, place: Place): (Uint8Array | Insert)[] {
  const pieces: (Uint8Array | Insert)[] = []
  const literal = new WireWriter(template.length)
  for (let at = 0; at < template.length; at++) {
    const octet = template[at]
    if (octet === BACKSLASH && at + 1 < template.length) literal.copy(template, at++, 2)
    else if (octet !== DOLLAR) literal.u8(octet)
    else if (template[at + 1] === DOLLAR) literal.u8(template[++at])
    else {
      pieces.push(literal.finish())
      literal.reset()
      const close = template[at + 1] === OPEN_BRACE ? template.indexOf(CLOSE_BRACE, at) : at
      pieces.push(readInsert(Buffer.from(template.subarray(at, close < 0 ? undefined : close + 1)).toString('latin1'), place))
      at = close
    }
  }
  pieces.push(literal.finish())
  return pieces
}

/** `$` or `${offset[,width[,base]]}`. */
function readInsert(text: string, place: Place): Insert {
  if (text === '$') return { offset: 0, width: 0, base: 'd' }
  const match = /^\$\{(-?\d{1,10})(?:,(\d{1,3})(?:,([doxXnN]))?)?\}$/.exec(text)
  const width = Number(match?.[2] ?? '0')
  const wanted = `must be \${offset[,width[,base]]} with a width up to ${MAX_GENERATED_WIDTH} and a base of d o x X n N`
  if (match === null || width > MAX_GENERATED_WIDTH) throw new TextFault(`Cannot parse number of $GENERATE "${text}" as it ${wanted}`, place)
  return { offset: Number(match[1]), width, base: (match[3] ?? 'd') as Base }
}

function expand(pieces: readonly (Uint8Array | Insert)[], number: number, out: WireWriter, place: Place): Uint8Array {
  for (const piece of pieces) {
    const octets = piece instanceof Uint8Array ? piece : Buffer.from(printInsert(piece, number, place))
    if (out.at + octets.length > MAX_GENERATED_ENTRY_OCTETS) throw new TextFault(`Cannot parse record of $GENERATE as it is longer than ${MAX_GENERATED_ENTRY_OCTETS} octets`, place)
    out.bytes(octets)
  }
  return out.finish()
}

function printInsert({ offset, width, base }: Insert, number: number, place: Place): string {
  const value = number + offset
  if (value < 0 || value > MAX_GENERATE_NUMBER) throw new TextFault(`Cannot parse number ${value} of $GENERATE as it must be from 0 to ${MAX_GENERATE_NUMBER}`, place)
  switch (base) {
    case 'd':
      return String(value).padStart(width, '0')
    case 'o':
      return value.toString(8).padStart(width, '0')
    case 'x':
      return value.toString(16).padStart(width, '0')
    case 'X':
      return value.toString(16).toUpperCase().padStart(width, '0')
    case 'n':
      return printNibbles(value, width)
    case 'N':
      return printNibbles(value, width).toUpperCase()
  }
}

/** Hex digits from the last to the first with a dot behind each but the last; `width` counts the dots, so that an even one ends with a dot. */
function printNibbles(value: number, width: number): string {
  const digits = value.toString(16).padStart(Math.ceil(width / 2), '0')
  const text = Array.from(digits).reverse().join('.')
  return text.length < width ? `${text}.` : text
}

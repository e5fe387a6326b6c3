/**
 * RDATA between its three forms, for every type alike: octets at rest (checked and uncompressed), text of a
 * master file, and fields as values. A type is a list of fields (`rr/`); what has no definition is octets with the text
 * `\# 4 C0000201` (RFC 3597 5).
 *
 *     message --copyRdata-->  octets at rest  --printRdata-->  text
 *     text    --parseRdata->  octets at rest  --readRdata-->   fields   (and writeRdata back)
 */
import { TextFault, WireFault } from './faults.ts'
import { MAX_MESSAGE_OCTETS } from './limits.ts'
import { fold } from './name.ts'
import { WireReader, WireWriter } from './octets.ts'
import { printHex, RadixDecoder } from './radix.ts'
import type { FieldsOf, RrType } from './rr/define.ts'
import type { NameRole } from './rr/field.ts'
import { definitionOf, rrTypes } from './rr/index.ts'
import type { TextReader } from './text.ts'

export { definitionOf } from './rr/index.ts'
export type { FieldsOf, RrType } from './rr/define.ts'

const BACKSLASH = 0x5c
const HASH = 0x23

/**
 * Reads the RDATA of a record of `type` from what is left of the entry and appends it to `out` as octets at rest. Every type
 * may also be written `\# length hex` (RFC 3597 5). TextFault where the text is wrong, incomplete, or goes on behind it.
 */
export function parseRdata(type: number, text: TextReader, out: WireWriter): void {
  const definition = definitionOf(type)
  const start = out.at
  const some = text.token()
  const generic = some && isGenericMark(text)
  if (some && !generic) text.unread()
  try {
    if (generic) parseGeneric(definition, text, out)
    else if (definition === undefined) throw text.fault('record data', 'must be \\# with length and hex (RFC 3597), as its type has no other form')
    else parseFields(definition, text, out)
  } catch (fault) {
    if (fault instanceof WireFault) throw new TextFault(fault.message, text.here())
    throw fault
  }
  if (out.at - start > MAX_MESSAGE_OCTETS) throw text.fault('record data', `must be at most ${MAX_MESSAGE_OCTETS} octets`)
}

function isGenericMark(text: TextReader): boolean {
  const { octets, start, end } = text
  return !text.quoted && end - start === 2 && octets[start] === BACKSLASH && octets[start + 1] === HASH
}

function parseFields(definition: RrType, text: TextReader, out: WireWriter): void {
  const { steps } = definition
  for (let i = 0; i < steps.length; i++) steps[i].field.parse(text, out, steps[i].what)
  if (text.token()) throw text.fault(`${definition.mnemonic} data`, 'goes on where the record is complete')
}

/** `\# length hex…` of any type; of a known one it must be well formed too (RFC 3597 5). */
function parseGeneric(definition: RrType | undefined, text: TextReader, out: WireWriter): void {
  const start = out.at
  text.need('record data length')
  const count = text.readNumber('record data length', MAX_MESSAGE_OCTETS)
  const decoder = RadixDecoder.hex
  decoder.begin()
  while (text.token()) {
    if (!decoder.piece(text.octets, text.start, text.end, out)) throw text.fault('record data', 'must be hex digits')
  }
  if (!decoder.end() || out.at - start !== count) throw text.fault('record data', `must be ${count} octets in hex, as its length says`)
  if (definition === undefined) return
  const written = out.octets.slice(start, out.at)
  const checked = new WireWriter(written.length)
  copyFields(definition, new WireReader(written), checked)
  // a pointer would have been followed, so that the copy differs: RFC 3597 5 has names uncompressed here
  if (Buffer.compare(checked.view(), written) !== 0) throw text.fault('record data', 'must not hold compressed names')
}

/** Text of RDATA at rest, on one line; the generic form where the type has none of its own (RFC 3597 5). WireFault where the octets do not fit the type. */
export function printRdata(type: number, rdata: Uint8Array): string {
  const definition = definitionOf(type)
  if (definition === undefined) return printGenericRdata(rdata)
  const wire = new WireReader(rdata)
  const words: string[] = []
  for (const { field } of definition.steps) {
    const word = field.print(wire)
    if (word !== '') words.push(word)
  }
  needEnd(definition, wire)
  return words.join(' ')
}

/** RDATA in the form that any DNS software reads: `\# 4 C0000201` (RFC 3597 5). */
export function printGenericRdata(rdata: Uint8Array): string {
  return rdata.length === 0 ? '\\# 0' : `\\# ${rdata.length} ${printHex(rdata)}`
}

/**
 * Copies RDATA out of a message, from `reader.at` to `reader.end`, and appends it to `out` as octets at rest: checked against
 * its type, names uncompressed where they may be compressed (RFC 3597 4). WireFault where it is malformed.
 */
export function copyRdata(type: number, reader: WireReader, out: WireWriter): void {
  const definition = definitionOf(type)
  if (definition === undefined) out.bytes(reader.rest())
  else copyFields(definition, reader, out)
}

function copyFields(definition: RrType, reader: WireReader, out: WireWriter): void {
  const { steps } = definition
  for (let i = 0; i < steps.length; i++) steps[i].field.copy(reader, out)
  needEnd(definition, reader)
}

function needEnd(definition: RrType, reader: WireReader): void {
  if (reader.remaining > 0) throw new WireFault(`Cannot read ${definition.mnemonic} data as ${reader.remaining} octets are left over`, reader.at)
}

/** The fields of RDATA at rest: `readRdata(MX, rdata)` is `{ preference: 10, exchange: Name }`. WireFault where the octets do not fit the type. */
export function readRdata<Definition extends RrType>(definition: Definition, rdata: Uint8Array): FieldsOf<Definition> {
  const reader = new WireReader(rdata)
  const values: Record<string, unknown> = {}
  for (const { name, field } of definition.steps) values[name] = field.read(reader)
  needEnd(definition, reader)
  return values as FieldsOf<Definition>
}

/** RDATA at rest made of fields: `writeRdata(MX, { preference: 10, exchange })`. RangeError where a value does not fit its field. */
export function writeRdata<Definition extends RrType>(definition: Definition, fields: FieldsOf<Definition>): Uint8Array {
  const out = new WireWriter(64)
  writeFields(definition, fields, out)
  return out.finish()
}

/** The same, written to `out`. */
export function writeFields<Definition extends RrType>(definition: Definition, fields: FieldsOf<Definition>, out: WireWriter): void {
  const values = fields as Record<string, unknown>
  for (const { name, field } of definition.steps) field.write(values[name], out)
}

/**
 * RDATA at rest in canonical form: names in lower case for the types of RFC 4034 6.2, without NSEC (RFC 6840 5.1). Gives the same
 * array back where nothing can change. WireFault where the octets do not fit the type.
 */
export function canonicalRdata(type: number, rdata: Uint8Array): Uint8Array {
  const definition = definitionOf(type)
  if (definition === undefined || !foldedTypes.has(type)) return rdata
  const reader = new WireReader(rdata)
  const out = new WireWriter(rdata.length)
  for (const { field } of definition.steps) {
    const start = out.at
    field.copy(reader, out)
    // length octets are at most 63, below 'A', so that folding the whole name leaves them alone
    if (isFolded(field.nameRole)) for (let at = start; at < out.at; at++) out.octets[at] = fold(out.octets[at])
  }
  needEnd(definition, reader)
  return out.finish()
}

function isFolded(role: NameRole | undefined): boolean {
  return role === 'compressed' || role === 'folded'
}

/** Where the names of a type stand in its RDATA: `prefix` octets, then `count` names one behind the other. */
export interface RdataNames {
  readonly prefix: number
  readonly count: number
  readonly role: NameRole
}

/**
 * Where the names stand in RDATA of `type`: `{ prefix: 2, count: 1, role: 'compressed' }` for MX. Undefined where there are none, or where what
 * precedes them has no fixed size (NAPTR).
 */
export function rdataNames(type: number): RdataNames | undefined {
  return namesByType.get(type)
}

function findNames({ steps }: RrType): RdataNames | undefined {
  const first = steps.findIndex(({ field }) => field.nameRole !== undefined)
  if (first < 0) return undefined
  let prefix = 0
  for (const { field } of steps.slice(0, first)) {
    if (field.size === undefined) return undefined
    prefix += field.size
  }
  const role = steps[first].field.nameRole as NameRole
  let count = 1
  while (steps[first + count]?.field.nameRole === role) count++
  return { prefix, count, role }
}

const foldedTypes = new Set(rrTypes.filter(({ steps }) => steps.some(({ field }) => isFolded(field.nameRole))).map(({ code }) => code as number))
const namesByType = new Map(rrTypes.map((definition) => [definition.code as number, findNames(definition)]))

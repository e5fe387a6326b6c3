/** Short forms for tests of RDATA: text to hex and back, from a message, through the fields. */
import { printType, parseType } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { WireReader, WireWriter } from '../../src/dns/octets.ts'
import { copyRdata, definitionOf, parseRdata, printRdata, readRdata, writeRdata } from '../../src/dns/rdata.ts'
import { TextReader } from '../../src/dns/text.ts'

/** The octets of `MX 10 a.example.`; `origin` completes relative names, without it they are faults. */
export function octetsOf(text: string, origin?: string): Uint8Array {
  const space = text.search(/\s|$/)
  const type = parseType(text.slice(0, space))
  if (type === undefined) throw new Error(`no type: ${text}`)
  return parsed(type, text.slice(space), origin)
}

/** The octets of the data alone; the text may go over several lines in parentheses. */
export function parsed(type: number, text: string, origin?: string): Uint8Array {
  const reader = new TextReader(Buffer.from(`. ${text}`), 'test')
  if (origin !== undefined) reader.origin = Name.parse(origin).wire
  reader.beginEntry()
  reader.need('owner')
  const out = new WireWriter(64)
  parseRdata(type, reader, out)
  return out.finish()
}

/** `MX 10 a.example.` from its octets. */
export function textOf(type: number, rdata: Uint8Array): string {
  return `${printType(type)} ${printRdata(type, rdata)}`.trimEnd()
}

/** What a message's RDATA, standing between other octets, is at rest. */
export function copied(type: number, rdata: Uint8Array): Uint8Array {
  const message = Uint8Array.from([0xde, 0xad, ...rdata, 0xbe, 0xef])
  const out = new WireWriter(64)
  copyRdata(type, new WireReader(message, 2, message.length - 2), out)
  return out.finish()
}

/** The octets again, having gone through the fields; those of a type without fields as they are. */
export function throughFields(type: number, rdata: Uint8Array): Uint8Array {
  const definition = definitionOf(type)
  return definition === undefined ? rdata : writeRdata(definition, readRdata(definition, rdata))
}

export function hexOf(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex').toUpperCase()
}

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replace(/\s/g, ''), 'hex'))
}

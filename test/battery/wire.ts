/**
 * The battery's own eyes: a small decoder and query encoder that share nothing with src/dns. It is strict:
 * octets left over, pointers that do not go back, or records past the end are faults of the server under test.
 * RDATA is given as hex with its names decompressed, in the spelling that was received.
 */
import { nameOctets, printLabel } from './names.ts'

/** One record as received. `owner` keeps its case; `rdata` is hex, names in it whole. */
export type SeenRecord = { owner: string; type: number; class: number; ttl: number; rdata: string }

/** One message as received, `octets` long; `rcode` holds the extended bits (RFC 6891 6.1.3). */
export type SeenMessage = {
  octets: number
  id: number
  flags: number
  opcode: number
  rcode: number
  question: { name: string; type: number; class: number }[]
  answer: SeenRecord[]
  authority: SeenRecord[]
  additional: SeenRecord[]
  edns: { version: number; dnssecOk: boolean; size: number; options: number[] } | undefined
}

/** Header flag masks (RFC 1035 4.1.1, RFC 4035 3.1.6). */
export const FLAG = { qr: 0x8000, aa: 0x0400, tc: 0x0200, rd: 0x0100, ra: 0x0080, z: 0x0040, ad: 0x0020, cd: 0x0010 } as const

/** Where names stand in RDATA: `n` a name, a digit that many octets, `s` a character string, `*` the rest. */
const SHAPES: Readonly<Record<number, string>> = {
  2: 'n', 3: 'n', 4: 'n', 5: 'n', 6: 'nn*', 7: 'n', 8: 'n', 9: 'n', 12: 'n', 14: 'nn', 15: '2n', 17: 'nn', 18: '2n', 21: '2n',
  24: '99n*', 26: '2nn', 30: 'n*', 33: '222n', 35: '22sssn', 36: '2n', 39: 'n',
}

/** Reads one whole message. Throws Error naming the offset where it is malformed. */
export function decode(octets: Uint8Array): SeenMessage {
  const reader = new Reader(octets)
  const id = reader.u16()
  const flags = reader.u16()
  const counts = [reader.u16(), reader.u16(), reader.u16(), reader.u16()] as const
  const question = times(counts[0], () => ({ name: reader.name(), type: reader.u16(), class: reader.u16() }))
  const [answer, authority, all] = [1, 2, 3].map((section) => times(counts[section] as number, () => reader.record())) as [
    SeenRecord[], SeenRecord[], SeenRecord[],
  ]
  if (reader.at !== octets.length) throw new Error(`${octets.length - reader.at} octets are left over after the last record`)
  const opt = all.filter((record) => record.type === 41)
  if (opt.length > 1) throw new Error('the message holds two OPT records (RFC 6891 6.1.1)')
  const additional = all.filter((record) => record.type !== 41)
  const extended = opt[0] ? (opt[0].ttl >>> 24) << 4 : 0
  return { octets: octets.length, id, flags, opcode: (flags >> 11) & 15, rcode: (flags & 15) | extended, question, answer, authority, additional, edns: readOpt(opt[0]) }
}

function readOpt(opt: SeenRecord | undefined): SeenMessage['edns'] {
  if (!opt) return undefined
  if (opt.owner !== '.') throw new Error(`OPT is owned by ${opt.owner} (RFC 6891 6.1.2)`)
  const octets = Buffer.from(opt.rdata, 'hex')
  const options: number[] = []
  for (let at = 0; at < octets.length; at += 4 + octets.readUInt16BE(at + 2)) options.push(octets.readUInt16BE(at))
  return { version: (opt.ttl >> 16) & 255, dnssecOk: (opt.ttl & 0x8000) !== 0, size: opt.class, options }
}

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}

/** The names in a record's RDATA, in order; empty where its type holds none. */
export function namesInRdata(record: SeenRecord): string[] {
  const reader = new Reader(Buffer.from(record.rdata, 'hex'))
  const names: string[] = []
  for (const field of SHAPES[record.type] ?? '') {
    if (field === 'n') names.push(reader.name())
    else if (field === 's') reader.skip(reader.u8())
    else if (field !== '*') reader.skip(Number(field))
  }
  return names
}

class Reader {
  at = 0
  private readonly octets: Uint8Array

  constructor(octets: Uint8Array) {
    this.octets = octets
  }

  u8(): number {
    const octet = this.octets[this.at]
    if (octet === undefined) throw new Error(`the message ends within a field at octet ${this.at}`)
    this.at++
    return octet
  }

  skip(count: number): void {
    this.at += count
  }

  u16(): number {
    return this.u8() * 256 + this.u8()
  }

  /** A name, following pointers that point strictly back (RFC 1035 4.1.4). */
  name(): string {
    let text = ''
    let limit = this.at
    let resume = -1
    for (let length = this.u8(); length !== 0; length = this.u8()) {
      if (length >= 0xc0) {
        const target = (length & 0x3f) * 256 + this.u8()
        if (target >= limit) throw new Error(`a pointer at octet ${this.at - 2} does not point back`)
        if (resume < 0) resume = this.at
        this.at = limit = target
        continue
      }
      if (length > 63) throw new Error(`label type ${length} at octet ${this.at - 1}`)
      text += `${printLabel(this.octets.subarray(this.at, this.at + length))}.`
      this.at += length
    }
    if (resume >= 0) this.at = resume
    return text || '.'
  }

  record(): SeenRecord {
    const owner = this.name()
    const [type, recordClass, ttl, length] = [this.u16(), this.u16(), this.u16() * 65_536 + this.u16(), this.u16()]
    const end = this.at + length
    if (end > this.octets.length) throw new Error(`RDATA at octet ${this.at} runs past the end`)
    const rdata = length === 0 ? '' : this.rdata(SHAPES[type] ?? '*', end)
    if (this.at !== end) throw new Error(`RDATA of type ${type} ends at octet ${this.at} instead of ${end}`)
    return { owner, type, class: recordClass, ttl, rdata }
  }

  private rdata(shape: string, end: number): string {
    const parts: string[] = []
    for (const field of shape) {
      if (field === 'n') parts.push(hex(nameOctets(this.name())))
      else parts.push(this.hexOf(field === '*' ? end - this.at : field === 's' ? (this.octets[this.at] ?? 0) + 1 : Number(field)))
    }
    return parts.join('')
  }

  private hexOf(length: number): string {
    this.at += length
    return hex(this.octets.subarray(this.at - length, this.at))
  }
}

function hex(octets: ArrayLike<number>): string {
  return Buffer.from(octets as Uint8Array).toString('hex')
}

/** What a query asks. `edns` undefined sends no OPT; `flags` are RD, AD, CD and such. */
export type Question = {
  name: string
  type: number
  class: number
  flags: number
  edns: { size: number; dnssecOk: boolean; version: number } | undefined
  tcp: boolean
}

/** Octets of a query, its ID left 0 for the sender to fill. */
export function encodeQuery(question: Question): Buffer {
  const { name, type, flags, edns } = question
  const head = [0, 0, flags >> 8, flags & 255, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0]
  const body = [...nameOctets(name), type >> 8, type & 255, question.class >> 8, question.class & 255]
  const opt = edns ? [0, 0, 41, edns.size >> 8, edns.size & 255, 0, edns.version, edns.dnssecOk ? 0x80 : 0, 0, 0, 0] : []
  return Buffer.from([...head, ...body, ...opt])
}

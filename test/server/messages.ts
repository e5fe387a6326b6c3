/**
 * What the tests of a query's path stand on: queries written octet by octet, scratch images laid out from
 * records in text, and a decoder that shares no code with what it checks and refuses every irregularity.
 */
import assert from 'node:assert/strict'
import type { Answer, Authority, RRsetSource } from '../../src/authority/plan.ts'
import type { Peer, Query } from '../../src/authority/query.ts'
import { parseType, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { viewOf } from '../../src/dns/octet-views.ts'
import { Server, type ServerOptions } from '../../src/server/server.ts'

export const NOW = 1_800_000_000

export const udp: Peer = { transport: 'udp', address: Uint8Array.of(192, 0, 2, 53), port: 4053 }
export const tcp: Peer = { ...udp, transport: 'tcp' }

// ---- Queries ----

export interface OptParts {
  size?: number
  version?: number
  flags?: number
  /** Options as code and data. */
  options?: [number, Uint8Array][]
  /** RDATA as it is, in place of options. */
  rdata?: Uint8Array
  owner?: Uint8Array
}

export interface QueryParts {
  id?: number
  /** Octets 2 and 3 of the header. */
  flags?: number
  name?: string
  type?: number
  class?: number
  /** Counts, where they shall not tell the truth. */
  counts?: [number, number, number, number]
  answer?: Uint8Array[]
  authority?: Uint8Array[]
  additional?: Uint8Array[]
  opt?: OptParts
  trailing?: Uint8Array
  /** Octets of the question in place of name, type and class; null for none. */
  question?: Uint8Array | null
}

export const u16 = (value: number): number[] => [value >>> 8, value & 0xff]
export const u32 = (value: number): number[] => [...u16(value >>> 16), ...u16(value & 0xffff)]
export const wire = (name: string): Uint8Array => Name.parse(name).wire
export const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

export function opt(parts: OptParts = {}): Uint8Array {
  const rdata = parts.rdata ?? Uint8Array.from((parts.options ?? []).flatMap(([code, data]) => [...u16(code), ...u16(data.length), ...data]))
  return Uint8Array.of(...(parts.owner ?? [0]), ...u16(TYPE.OPT), ...u16(parts.size ?? 1232), 0, parts.version ?? 0, ...u16(parts.flags ?? 0), ...u16(rdata.length), ...rdata)
}

export function query(parts: QueryParts = {}): Uint8Array {
  const question = parts.question === undefined ? Uint8Array.of(...wire(parts.name ?? 'www.example.'), ...u16(parts.type ?? TYPE.A), ...u16(parts.class ?? 1)) : parts.question
  const additional = [...(parts.additional ?? []), ...(parts.opt ? [opt(parts.opt)] : [])]
  const sections = [parts.answer ?? [], parts.authority ?? [], additional]
  const counts = parts.counts ?? [question === null ? 0 : 1, ...sections.map((records) => records.length)]
  return Uint8Array.of(...u16(parts.id ?? 0x1234), ...u16(parts.flags ?? 0), ...counts.flatMap(u16), ...(question ?? []), ...sections.flat().flatMap((record) => [...record]), ...(parts.trailing ?? []))
}

// ---- Records and images ----

/** One record of text, such as `a.example. 60 IN A 192.0.2.1`, as octets; RDATA of other types as `\# 4 c0000201`. */
export interface TextRecord {
  owner: string
  ttl: number
  type: number
  rdata: Uint8Array
}

export function record(text: string): TextRecord {
  const [owner, ttl, , mnemonic, ...words] = text.split(/\s+/)
  const type = parseType(mnemonic)
  assert.ok(type !== undefined, text)
  return { owner, ttl: Number(ttl), type, rdata: rdataOf(type, words) }
}

function rdataOf(type: number, words: string[]): Uint8Array {
  if (words[0] === '\\#') return hex(words.slice(2).join(''))
  switch (type) {
    case TYPE.A:
      return Uint8Array.from(words[0].split('.').map(Number))
    case TYPE.AAAA: {
      const [head, tail] = words[0].split('::')
      const groups = (part: string): number[] => (part ? part.split(':').flatMap((group) => u16(parseInt(group, 16))) : [])
      const left = groups(head)
      const right = groups(tail ?? '')
      return Uint8Array.of(...left, ...new Array<number>(16 - left.length - right.length).fill(0), ...right)
    }
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.DNAME:
    case TYPE.PTR:
      return wire(words[0])
    case TYPE.MX:
      return Uint8Array.of(...u16(Number(words[0])), ...wire(words[1]))
    case TYPE.SRV:
      return Uint8Array.of(...words.slice(0, 3).flatMap((word) => u16(Number(word))), ...wire(words[3]))
    case TYPE.SOA:
      return Uint8Array.of(...wire(words[0]), ...wire(words[1]), ...words.slice(2).flatMap((word) => u32(Number(word))))
    case TYPE.TXT:
      return Uint8Array.of(words[0].length, ...Buffer.from(words[0]))
    default:
      throw new Error(`no text form for type ${type}`)
  }
}

export const encode = ({ owner, ttl, type, rdata }: TextRecord, cls = 1): Uint8Array =>
  Uint8Array.of(...wire(owner), ...u16(type), ...u16(cls), ...u32(ttl), ...u16(rdata.length), ...rdata)

/** A block in which RRsets and names are laid out by hand, as src/zone/layout.ts draws them. */
export class Scratch implements RRsetSource {
  readonly words = new Int32Array(new SharedArrayBuffer(1 << 19))
  readonly octets = new Uint8Array(this.words.buffer)
  readonly view = viewOf(this.octets)
  private free = 16

  /** Lays an RRset of these records; returns its handle. RRSIG's covered type is read from RDATA. */
  rrset(...lines: string[]): number {
    const records = lines.map(record)
    const { type } = records[0]
    const h = this.free
    let at = (h + 4) * 4
    for (const { ttl, rdata } of records) {
      this.octets.set([0xc0, 0x0c, ...u16(type), 0, 1, ...u32(ttl), ...u16(rdata.length)], at)
      this.octets.set(rdata, at + 12)
      at += 12 + rdata.length
    }
    const covered = type === TYPE.RRSIG ? (records[0].rdata[0] << 8) | records[0].rdata[1] : 0
    this.words.set([0, type | (covered << 16), at - (h + 4) * 4, records.length], h)
    this.free = (at + 3) >>> 2
    return h
  }

  /** Where a copy of the name now stands in `octets`. */
  name(text: string): number {
    const at = this.free * 4
    const octets = wire(text)
    this.octets.set(octets, at)
    this.free += (octets.length + 3) >>> 2
    return at
  }
}

/** An authority that does what the test says. */
export const authority = (answer: (query: Query, answer: Answer) => void = () => undefined): Authority => ({ answer })

/** One exchange: the response's octets, or null for silence. */
export function ask(server: Server, message: Uint8Array, peer: Peer = udp, out = new Uint8Array(65_535)): Uint8Array | null {
  out.fill(0xee)
  const size = server.answer(message, message.length, peer, out)
  return size === 0 ? null : out.slice(0, size)
}

export function serverOf(answer?: (query: Query, answer: Answer) => void, options: Partial<ServerOptions> = {}): Server {
  return new Server({
    authority: authority(answer),
    nowSeconds: () => NOW,
    onFault: (fault) => {
      throw fault
    },
    ...options,
  })
}

// ---- Decoding ----

export interface DecodedRecord {
  owner: string
  type: number
  class: number
  ttl: number
  /** RDATA with the names of RFC 1035 types written out, in hex. */
  rdata: string
  /** Octets of the record as it stands in the message. */
  size: number
}

export interface Decoded {
  id: number
  qr: boolean
  opcode: number
  aa: boolean
  tc: boolean
  rd: boolean
  ra: boolean
  z: boolean
  ad: boolean
  cd: boolean
  /** Extended by OPT where there is one. */
  rcode: number
  question: { name: string; type: number; class: number } | null
  answer: DecodedRecord[]
  authority: DecodedRecord[]
  /** Without OPT and TSIG. */
  additional: DecodedRecord[]
  opt: { size: number; version: number; dnssecOk: boolean; options: [number, string][] } | null
  tsig: DecodedRecord | null
  size: number
}

/** The message, or an AssertionError where anything in it is not as it must be. */
export function decode(octets: Uint8Array | null): Decoded {
  assert.ok(octets !== null, 'silence where an answer was due')
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length)
  assert.ok(octets.length >= 12)
  const flags = view.getUint16(2)
  let at = 12
  /** Where labels start: the only octets that a pointer may lead to. */
  const labelStarts = new Set<number>()
  const nameAt = (from: number): [Uint8Array, number] => {
    const name: number[] = []
    let end = -1
    let floor = from
    for (let i = from; ; ) {
      const size = octets[i]
      assert.ok(i < octets.length, 'name leaves the message')
      if (size >= 0xc0) {
        const target = view.getUint16(i) & 0x3fff
        assert.ok(target < floor && labelStarts.has(target), `pointer at ${i} to ${target}`)
        if (end < 0) end = i + 2
        i = floor = target
        continue
      }
      assert.ok(size < 64)
      if (size > 0 && end < 0) labelStarts.add(i)
      name.push(...octets.subarray(i, i + 1 + size))
      if (size === 0) return [Uint8Array.from(name), end < 0 ? i + 1 : end]
      i += size + 1
    }
  }
  const take = (): DecodedRecord => {
    const start = at
    const [owner, head] = nameAt(at)
    const type = view.getUint16(head)
    const length = view.getUint16(head + 8)
    at = head + 10 + length
    assert.ok(at <= octets.length, 'record leaves the message')
    // a name that is written out in RDATA is an occurrence like any other (RFC 1035 4.1.4)
    if (type === TYPE.AGENT) nameAt(head + 12)
    return { owner: Name.fromWire(owner).toString(), type, class: view.getUint16(head + 2), ttl: view.getUint32(head + 4), rdata: expand(type, head + 10, at), size: at - start }
  }
  const expand = (type: number, from: number, end: number): string => {
    const names = type === TYPE.SOA ? 2 : [TYPE.NS, TYPE.CNAME, TYPE.PTR, TYPE.MX].includes(type as 2) ? 1 : 0
    const before = type === TYPE.MX ? 2 : 0
    let text = Buffer.from(octets.subarray(from, from + before)).toString('hex')
    let i = from + before
    for (let n = 0; n < names; n++) {
      const [name, next] = nameAt(i)
      text += Buffer.from(name).toString('hex')
      i = next
    }
    assert.ok(i <= end, 'name leaves RDATA')
    return text + Buffer.from(octets.subarray(i, end)).toString('hex')
  }
  let question: Decoded['question'] = null
  assert.ok(view.getUint16(4) <= ((flags >>> 11) === 0x1e ? 32 : 1)) // a batch has more (docs/protocol.md 5)
  const questions = view.getUint16(4)
  for (let left = questions; left > 0; left--) {
    const [name, end] = nameAt(at)
    if (questions === 1) question = { name: Name.fromWire(name).toString(), type: view.getUint16(end), class: view.getUint16(end + 2) }
    at = end + 4
  }
  const sections = [6, 8, 10].map((count) => Array.from({ length: view.getUint16(count) }, take))
  assert.equal(at, octets.length, 'octets behind the last record')
  const opts = sections[2].filter((r) => r.type === TYPE.OPT)
  assert.ok(opts.length <= 1, 'more than one OPT')
  const tsigs = sections[2].filter((r) => r.type === TYPE.TSIG)
  const decodedOpt = opts.length ? decodeOpt(opts[0]) : null
  const bit = (n: number): boolean => (flags & n) !== 0
  return {
    id: view.getUint16(0), qr: bit(0x8000), opcode: (flags >>> 11) & 15, aa: bit(0x400), tc: bit(0x200), rd: bit(0x100), ra: bit(0x80), z: bit(0x40), ad: bit(0x20), cd: bit(0x10),
    rcode: (flags & 15) | (opts.length ? (opts[0].ttl >>> 24) << 4 : 0),
    question, answer: sections[0], authority: sections[1], additional: sections[2].filter((r) => r.type !== TYPE.OPT && r.type !== TYPE.TSIG),
    opt: decodedOpt, tsig: tsigs[0] ?? null, size: octets.length,
  }
}

function decodeOpt(record: DecodedRecord): NonNullable<Decoded['opt']> {
  assert.equal(record.owner, '.')
  const rdata = hex(record.rdata)
  const options: [number, string][] = []
  let at = 0
  while (at < rdata.length) {
    const size = (rdata[at + 2] << 8) | rdata[at + 3]
    assert.ok(at + 4 + size <= rdata.length, 'option leaves OPT')
    options.push([(rdata[at] << 8) | rdata[at + 1], Buffer.from(rdata.subarray(at + 4, at + 4 + size)).toString('hex')])
    at += 4 + size
  }
  assert.equal(record.ttl & 0x7fff, 0, 'OPT flags that have no meaning')
  return { size: record.class, version: (record.ttl >>> 16) & 0xff, dnssecOk: (record.ttl & 0x8000) !== 0, options }
}

/** A record as it is expected: `owner TTL type RDATA-in-hex`. */
export const show = (r: DecodedRecord): string => `${r.owner} ${r.ttl} ${r.type} ${r.rdata}`
export const expected = (text: string): string => {
  const r = record(text)
  return `${Name.parse(r.owner).toString()} ${r.ttl} ${r.type} ${Buffer.from(r.rdata).toString('hex')}`
}

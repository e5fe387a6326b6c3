/**
 * Whole DNS messages as values (RFC 1035 4, RFC 6891): for updates, transfers, the client and the tools. The
 * answering path does not come here; it reads and writes its buffers directly.
 *
 *     header 12 | questions | answers | authorities | additionals      sections of a query
 *               | zone      | prerequisites | updates | additionals    the same of an UPDATE (RFC 2136 2)
 *
 * What is decoded is checked to the last octet: names and RDATA of every known type, and the lengths and
 * counts around them. Octets behind the last record are refused, as nothing that they could mean would be
 * covered by a signature; DSO (RFC 8490 5.4), which puts TLVs there, has a codec of its own.
 */
import { CLASS, OPCODE, TYPE, printRcode } from './codes.ts'
import { CO_BIT, DO_BIT, decodeOptions, encodeOptions, type Edns } from './edns.ts'
import { WireFault } from './faults.ts'
import { MAX_COMPRESSION_TARGETS, MAX_LABELS, MAX_MESSAGE_OCTETS, MAX_NAME_OCTETS, MAX_RECORDS_PER_MESSAGE, MAX_TTL, POINTER_LIMIT } from './limits.ts'
import { Name, wireLength } from './name.ts'
import { WireReader, WireWriter } from './octets.ts'
import { copyRdata, rdataNames } from './rdata.ts'

/** What is asked (RFC 1035 4.1.2), or the zone to be changed (RFC 2136 2.3). */
export interface Question {
  name: Name
  type: number
  class: number
}

/** A resource record (RFC 1035 3.2.1): RDATA is uncompressed and checked; empty where an UPDATE leaves it out. */
export interface DnsRecord {
  name: Name
  type: number
  class: number
  /** Seconds. */
  ttl: number
  rdata: Uint8Array
}

/** A message. The OPT record stands in `edns`, not among the additionals. */
export interface Message {
  id: number
  /** QR: this is a response. */
  response: boolean
  opcode: number
  /** AA. */
  authoritative: boolean
  /** TC. */
  truncated: boolean
  /** RD. */
  recursionDesired: boolean
  /** RA. */
  recursionAvailable: boolean
  /** AG, the Z bit 0x0040: sent by an agent, or understood (docs/protocol.md 1). */
  agent: boolean
  /** AD (RFC 4035 3.2.3). */
  authenticData: boolean
  /** CD (RFC 4035 3.2.2). */
  checkingDisabled: boolean
  /** 12 bits: the header's four and the eight of OPT (RFC 6891 6.1.3). */
  rcode: number
  questions: Question[]
  answers: DnsRecord[]
  authorities: DnsRecord[]
  additionals: DnsRecord[]
  edns?: Edns
}

const FLAG = {
  response: 0x8000, authoritative: 0x0400, truncated: 0x0200, recursionDesired: 0x0100,
  recursionAvailable: 0x0080, agent: 0x0040, authenticData: 0x0020, checkingDisabled: 0x0010,
} as const
type FlagName = keyof typeof FLAG
const FLAG_NAMES = Object.keys(FLAG) as FlagName[]
/** Octets of the shortest question: root, type, class. */
const MIN_QUESTION_OCTETS = 5
/** Octets of the shortest record: root, type, class, TTL, RDLENGTH. */
const MIN_RECORD_OCTETS = 11

/** A message with no flag set and nothing in its sections, but for what `parts` gives: `makeMessage({ id: 7, questions: [question] })`. */
export function makeMessage(parts: Partial<Message> = {}): Message {
  return {
    id: 0, response: false, opcode: OPCODE.QUERY, authoritative: false, truncated: false, recursionDesired: false, recursionAvailable: false,
    agent: false, authenticData: false, checkingDisabled: false, rcode: 0, questions: [], answers: [], authorities: [], additionals: [], ...parts,
  }
}

/** The message that `octets` hold. WireFault where it is malformed: the sender is answered FORMERR, or nothing. */
export function decodeMessage(octets: Uint8Array): Message {
  const reader = new WireReader(octets)
  const id = reader.u16()
  const flags = reader.u16()
  const message = messageOf(id, flags)
  const questions = reader.u16()
  const answers = reader.u16()
  const authorities = reader.u16()
  const additionals = reader.u16()
  const records = answers + authorities + additionals
  // a count is a promise of octets: one that cannot be kept is refused before anything is made for it
  if (questions * MIN_QUESTION_OCTETS + records * MIN_RECORD_OCTETS > reader.remaining || records > MAX_RECORDS_PER_MESSAGE) {
    throw new WireFault(`Cannot read message as ${reader.remaining} octets cannot hold ${questions} questions and ${records} records`, 4)
  }
  for (let i = 0; i < questions; i++) message.questions.push({ name: Name.read(reader), type: reader.u16(), class: reader.u16() })
  for (let i = 0; i < answers; i++) message.answers.push(decodeRecord(reader))
  for (let i = 0; i < authorities; i++) message.authorities.push(decodeRecord(reader))
  for (let i = 0; i < additionals; i++) decodeAdditional(reader, message)
  if (reader.remaining > 0) throw new WireFault(`Cannot read message as ${reader.remaining} octets follow its last record`, reader.at)
  return message
}

function messageOf(id: number, flags: number): Message {
  return {
    id, response: (flags & FLAG.response) !== 0, opcode: (flags >> 11) & 15, authoritative: (flags & FLAG.authoritative) !== 0, truncated: (flags & FLAG.truncated) !== 0,
    recursionDesired: (flags & FLAG.recursionDesired) !== 0, recursionAvailable: (flags & FLAG.recursionAvailable) !== 0, agent: (flags & FLAG.agent) !== 0,
    authenticData: (flags & FLAG.authenticData) !== 0, checkingDisabled: (flags & FLAG.checkingDisabled) !== 0, rcode: flags & 15,
    questions: [], answers: [], authorities: [], additionals: [],
  }
}

/** Where RDATA is put together before it is copied to its size. */
const scratch = new WireWriter(512)
/** What is being encoded: one message at a time. */
const encoded = new WireWriter(512)

function decodeAdditional(reader: WireReader, message: Message): void {
  const start = reader.at
  const name = Name.read(reader)
  const type = reader.u16()
  if (type === TYPE.OPT) return decodeOpt(reader, start, name, message)
  message.additionals.push(decodeRest(name, type, reader))
}

/** OPT has a record's shape, but CLASS and TTL mean other things (RFC 6891 6.1.2); `reader` stands behind TYPE. */
function decodeOpt(reader: WireReader, start: number, name: Name, message: Message): void {
  if (message.edns) throw new WireFault('Cannot read message as it holds more than one OPT', start) // RFC 6891 6.1.1
  if (name.wire.length !== 1) throw new WireFault('Cannot read OPT as its owner must be the root', start) // RFC 6891 6.1.2
  const udpSize = reader.u16()
  message.rcode |= reader.u8() << 4
  const version = reader.u8()
  const flags = reader.u16() // bits other than DO and CO are ignored (RFC 6891 6.1.4)
  const size = reader.u16()
  const rdata = new WireReader(reader.octets, reader.at, reader.at + size)
  reader.bytes(size)
  message.edns = { udpSize, version, dnssecOk: (flags & DO_BIT) !== 0, compactOk: (flags & CO_BIT) !== 0, options: decodeOptions(rdata) }
}

function decodeRecord(reader: WireReader): DnsRecord {
  const start = reader.at
  const name = Name.read(reader)
  const type = reader.u16()
  if (type === TYPE.OPT) throw new WireFault('Cannot read OPT as it must stand in the additional section', start) // RFC 6891 6.1.1
  return decodeRest(name, type, reader)
}

/** What follows TYPE. */
function decodeRest(name: Name, type: number, reader: WireReader): DnsRecord {
  const recordClass = reader.u16()
  const ttl = reader.u32()
  const rdata = decodeRdata(type, recordClass, reader)
  return { name, type, class: recordClass, ttl: ttl > MAX_TTL ? 0 : ttl, rdata } // RFC 2181 8: what has the top bit set is 0
}

/** RDATA by its type. Empty RDATA of class ANY or NONE names an RRset or a name to an UPDATE (RFC 2136 2.4, 2.5), so no type may refuse it. */
function decodeRdata(type: number, recordClass: number, reader: WireReader): Uint8Array {
  const size = reader.u16()
  if (size > reader.remaining) throw new WireFault(`Cannot read RDATA as only ${reader.remaining} of its ${size} octets are there`, reader.at)
  scratch.reset()
  if (size === 0 && (recordClass === CLASS.ANY || recordClass === CLASS.NONE)) return scratch.finish()
  const messageEnd = reader.end
  reader.end = reader.at + size
  copyRdata(type, reader, scratch) // to its last octet, or a fault
  reader.end = messageEnd
  return scratch.finish()
}

/**
 * The octets of `message`, with names compressed where RFC 1035 4.1.4 and RFC 3597 4 allow it. OPT stands last,
 * but before a TSIG or SIG(0), which must be last themselves (RFC 8945 5.1, RFC 2931 3.1).
 * WireFault: more than `limit` octets. RangeError: an extended response code without EDNS, which is our own bug.
 */
export function encodeMessage(message: Message, limit: number = MAX_MESSAGE_OCTETS): Uint8Array {
  const { questions, answers, authorities, additionals, edns, rcode } = message
  if (rcode > 15 && !edns) throw new RangeError(`Cannot encode response code ${printRcode(rcode)} as it needs EDNS`)
  const out = limit === MAX_MESSAGE_OCTETS ? encoded : new WireWriter(512, limit)
  out.reset()
  const names = new NameCompressor(out)
  out.u16(message.id)
  let flags = (message.opcode << 11) | (rcode & 15)
  for (const name of FLAG_NAMES) if (message[name]) flags |= FLAG[name]
  out.u16(flags)
  for (const count of [questions.length, answers.length, authorities.length, additionals.length + (edns ? 1 : 0)]) out.u16(count)
  for (const question of questions) {
    names.write(question.name.wire, 0)
    out.u16(question.type)
    out.u16(question.class)
  }
  for (const record of [...answers, ...authorities]) encodeRecord(record, out, names)
  const signatureAt = isTransactionSignature(additionals.at(-1)) ? additionals.length - 1 : additionals.length
  for (const record of additionals.slice(0, signatureAt)) encodeRecord(record, out, names)
  if (edns) encodeOpt(edns, rcode, out)
  for (const record of additionals.slice(signatureAt)) encodeRecord(record, out, names)
  return out.finish()
}

/** Whether a record signs the message that it ends: TSIG, or SIG that covers no type (RFC 2931 3). */
export function isTransactionSignature(record: DnsRecord | undefined): boolean {
  if (record === undefined) return false
  return record.type === TYPE.TSIG || (record.type === TYPE.SIG && record.rdata[0] === 0 && record.rdata[1] === 0)
}

function encodeOpt(edns: Edns, rcode: number, out: WireWriter): void {
  out.u8(0)
  out.u16(TYPE.OPT)
  out.u16(edns.udpSize)
  out.u8(rcode >> 4)
  out.u8(edns.version)
  out.u16((edns.dnssecOk ? DO_BIT : 0) | (edns.compactOk ? CO_BIT : 0))
  const lengthAt = out.at
  out.u16(0)
  encodeOptions(edns.options, out)
  out.patch16(lengthAt, out.at - lengthAt - 2)
}

function encodeRecord(record: DnsRecord, out: WireWriter, names: NameCompressor): void {
  names.write(record.name.wire, 0)
  out.u16(record.type)
  out.u16(record.class)
  out.u32(record.ttl)
  const lengthAt = out.at
  out.u16(0)
  encodeRdata(record, out, names)
  out.patch16(lengthAt, out.at - lengthAt - 2)
}

/** RDATA, its names compressed where they are of the types of RFC 1035: a reader that knows no other type must not meet a pointer in it (RFC 3597 4). */
function encodeRdata({ type, rdata }: DnsRecord, out: WireWriter, names: NameCompressor): void {
  const layout = rdataNames(type)
  if (layout?.role !== 'compressed' || rdata.length === 0) return out.bytes(rdata)
  let at = layout.prefix
  out.bytes(rdata.subarray(0, at))
  for (let i = 0; i < layout.count; i++) {
    names.write(rdata, at)
    at += wireLength(rdata, at)
  }
  out.bytes(rdata.subarray(at))
}

/** Octets as a string of one character for each. Small arrays lie within the collected heap until their `buffer` is asked for, which moves them. */
function textOf(octets: Uint8Array, at: number, size: number): string {
  for (let i = 0; i < size; i++) nameOctets[i] = octets[at + i]
  return nameOctets.toString('latin1', 0, size)
}

const nameOctets = Buffer.alloc(MAX_NAME_OCTETS)
/** The parts of the name that is being written, of one message at a time. */
const suffixes = new Array<string>(MAX_LABELS).fill('')

/**
 * Writes names, each by a pointer to the longest part of it that stands earlier in the message (RFC 1035 4.1.4).
 * Parts match with their case, so that every name is read as it was written (RFC 4343 4.1 asks to keep it).
 *
 * A name met before costs one search. A new one costs a search per label, which a hostile set of names could
 * make quadratic (CVE-2024-8508): only the first MAX_COMPRESSION_TARGETS of them are searched, and remembered.
 */
class NameCompressor {
  private readonly out: WireWriter
  private readonly offsets = new Map<string, number>()
  private searched = 0

  constructor(out: WireWriter) {
    this.out = out
  }

  /** Writes the uncompressed name that starts at `octets[at]`. */
  write(octets: Uint8Array, at: number): void {
    if (octets[at] === 0) return this.out.u8(0)
    const whole = textOf(octets, at, wireLength(octets, at))
    const known = this.offsets.get(whole)
    if (known !== undefined) return this.out.u16(0xc000 | known)
    if (this.searched === MAX_COMPRESSION_TARGETS) return this.out.copy(octets, at, whole.length)
    this.searched++
    this.writeNew(octets, at, whole)
  }

  private writeNew(octets: Uint8Array, at: number, whole: string): void {
    const { out, offsets } = this
    const nameAt = out.at
    let labels = 0
    let target: number | undefined
    let size = 0
    for (; octets[at + size] !== 0; size += octets[at + size] + 1) {
      const suffix = whole.slice(size)
      target = offsets.get(suffix)
      if (target !== undefined) break
      suffixes[labels++] = suffix
    }
    out.copy(octets, at, size)
    if (target === undefined) out.u8(0)
    else out.u16(0xc000 | target)
    // remembered only now: a name that did not fit is no target
    for (let i = 0; i < labels; i++) {
      const offset = nameAt + whole.length - suffixes[i].length
      if (offset < POINTER_LIMIT) offsets.set(suffixes[i], offset)
    }
  }
}

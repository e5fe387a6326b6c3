/**
 * Asks zones written as text a question written as text, through the whole path without sockets, and gives the
 * response back as text: `ask(zones, 'www.example. A')` → `{ rcode: 'NOERROR', flags: 'aa', answer: ['…'], … }`.
 * `asker` is for what zones say; `converser` shows the whole message too: every header bit, the question, OPT.
 * Every response goes through the strict decoder of test/server, so that no test passes on a malformed one.
 */
import assert from 'node:assert/strict'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { CLASS, OPCODE, parseClass, parseType, printClass, printRcode, printType } from '../../src/dns/codes.ts'
import { decodeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { WireWriter } from '../../src/dns/octets.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { Server, type ServerOptions } from '../../src/server/server.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { parseZone } from '../../src/zone/parse.ts'
import { decode, hex, opt } from '../server/messages.ts'

/** The hash seed of the zones and servers here. */
export const SEED = 0x0bee_5eed

export interface Response {
  rcode: string
  /** `aa`, `tc`, `aa tc` or nothing. */
  flags: string
  answer: string[]
  authority: string[]
  additional: string[]
  octets: number
}

/** What the response says of itself besides its records. */
export interface Conversed extends Response {
  id: number
  opcode: number
  /** Every header bit that is set, in the order of the wire: `qr aa rd cd`. */
  header: string
  /** `www.example. IN A`, or undefined where the response repeats no question. */
  question: string | undefined
  edns: { size: number; version: number; dnssecOk: boolean; options: [number, string][] } | null
  message: Message
}

export interface Asking {
  dnssec?: boolean
  tcp?: boolean
  /** Octets offered by EDNS; none without EDNS. */
  size?: number
  /** Header bits that are set: `rd ad cd ag aa tc ra`. */
  header?: string
  id?: number
  opcode?: number
  /** EDNS version. This and the next two make an OPT record, as `dnssec` and `size` do. */
  version?: number
  /** The lower 15 bits of OPT's flags. */
  ednsFlags?: number
  /** EDNS options as code and octets in hex: `[[3, '']]`. */
  options?: [number, string][]
  /** The asker's address. */
  from?: Uint8Array
  /** The key that it has signed with, as the core tells. */
  signer?: string
}

/** Header bits by the name that dig gives them; `ag` is the Z bit. */
const HEADER_BITS: [string, number][] = [['qr', 0x8000], ['aa', 0x0400], ['tc', 0x0200], ['rd', 0x0100], ['ra', 0x0080], ['ag', 0x0040], ['ad', 0x0020], ['cd', 0x0010]]

/** The image of the zone `origin` whose master file is `text`; a fault in the text fails the test. */
export function zoneOf(origin: string, text: string, rrClass: number = CLASS.IN): ZoneImage {
  const apex = Name.parse(origin).wire
  const builder = new ZoneBuilder({ apex, class: rrClass, seed: SEED })
  const faults = parseZone({ octets: Buffer.from(text), file: origin }, { origin: apex, class: rrClass }, builder)
  assert.equal(faults.reported.map(String).join('\n'), '')
  return builder.finish()
}

/** A server over the zones given, set as `options` say. */
export function serverOf(zones: readonly ZoneImage[], options: Partial<ServerOptions> = {}): Server {
  return new Server({ authority: new ZoneAuthority(new ZoneDirectory([...zones], SEED), SEED), nowSeconds: () => 0, onFault: (fault) => { throw fault }, ...options })
}

/** Something that answers questions as text from the zones given. */
export function asker(...zones: ZoneImage[]): (question: string, asking?: Asking) => Response {
  const converse = converser(zones)
  return (question, asking) => {
    const { rcode, flags, answer, authority, additional, octets } = converse(question, asking)
    return { rcode, flags, answer, authority, additional, octets }
  }
}

/** The same, telling all that the response holds. */
export function converser(zones: readonly ZoneImage[], options: Partial<ServerOptions> = {}): (question: string, asking?: Asking) => Conversed {
  return converserOf(serverOf(zones, options))
}

/** The same by a server that there is. */
export function converserOf(server: Server): ReturnType<typeof converser> {
  return (question, asking = {}) => {
    const response = exchange(server, encodeQuery(question, asking), asking)
    assert.ok(response !== null, `silence after ${question}`)
    return response
  }
}

const out = new Uint8Array(65_535)

/** What comes back for octets that a test has made itself; null is silence. */
export function exchange(server: Server, query: Uint8Array, asking: Pick<Asking, 'tcp' | 'from' | 'signer'> = {}): Conversed | null {
  const peer = { transport: asking.tcp === true ? 'tcp' : 'udp', address: asking.from ?? Uint8Array.of(192, 0, 2, 1), port: 4096, ...(asking.signer === undefined ? {} : { signer: Name.parse(asking.signer) }) } as const
  const length = server.answer(query, query.length, peer, out)
  return length === 0 ? null : shown(out.slice(0, length))
}

function shown(octets: Uint8Array): Conversed {
  const strict = decode(octets)
  const message = decodeMessage(octets)
  const bits = (octets[2] << 8) | octets[3]
  const [question] = message.questions
  return {
    rcode: printRcode(message.rcode),
    flags: [message.authoritative ? 'aa' : '', message.truncated ? 'tc' : ''].filter(Boolean).join(' '),
    answer: message.answers.map(printRecord),
    authority: message.authorities.map(printRecord),
    additional: message.additionals.map(printRecord),
    octets: octets.length,
    id: message.id,
    opcode: message.opcode,
    header: HEADER_BITS.flatMap(([name, bit]) => ((bits & bit) !== 0 ? [name] : [])).join(' '),
    question: question === undefined ? undefined : `${question.name} ${printClass(question.class)} ${printType(question.type)}`,
    edns: strict.opt,
    message,
  }
}

/** A query for `name type class`, or for nothing where the text is empty, as octets. */
export function encodeQuery(question: string, asking: Asking): Uint8Array {
  return encodeQueries(question === '' ? [] : [question], asking)
}

/** A message with several questions, each as `name type class`: a batch where the opcode is AGENT (docs/protocol.md 5). */
export function encodeQueries(questions: readonly string[], asking: Asking): Uint8Array {
  const query = new WireWriter()
  const set = (asking.header ?? '').split(' ')
  const bits = HEADER_BITS.reduce((sum, [bit, value]) => sum + (set.includes(bit) ? value : 0), (asking.opcode ?? OPCODE.QUERY) << 11)
  const edns = asking.dnssec === true || [asking.size, asking.version, asking.ednsFlags, asking.options].some((part) => part !== undefined)
  for (const word of [asking.id ?? 0x1234, bits, questions.length, 0, 0, edns ? 1 : 0]) query.u16(word)
  for (const question of questions) {
    const [name, type = 'A', rrClass = 'IN'] = question.split(' ')
    query.bytes(Name.parse(name).wire)
    query.u16(parseType(type) ?? assert.fail(`no type ${type}`))
    query.u16(parseClass(rrClass) ?? assert.fail(`no class ${rrClass}`))
  }
  if (edns) {
    const flags = (asking.dnssec === true ? 0x8000 : 0) | (asking.ednsFlags ?? 0)
    const options = (asking.options ?? []).map(([code, octets]): [number, Uint8Array] => [code, hex(octets)])
    query.bytes(opt({ size: asking.size ?? 1232, version: asking.version ?? 0, flags, options }))
  }
  return query.finish()
}

/** Holds a response against `wanted`; what is left out there is NOERROR, `aa`, and empty sections. */
export function assertResponse(response: Response, wanted: Partial<Omit<Response, 'octets'>>): void {
  const { rcode, flags, answer, authority, additional } = response
  assert.deepEqual({ rcode, flags, answer, authority, additional }, { rcode: 'NOERROR', flags: 'aa', answer: [], authority: [], additional: [], ...wanted })
}

/** Whole messages (RFC 1034 3.7): sections, header bits, EDNS, compression, and everything that makes octets no message. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, OPCODE, RCODE, TYPE } from '../../src/dns/codes.ts'
import { WireFault } from '../../src/dns/faults.ts'
import { decodeMessage, encodeMessage, isTransactionSignature, makeMessage, type DnsRecord, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { WireReader } from '../../src/dns/octets.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { anyMessage } from './values.ts'

const EXAMPLE = Name.parse('www.example.')
const EDNS = { udpSize: 1232, version: 0, dnssecOk: false, compactOk: false, options: [] }

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

function refused(octets: Uint8Array, reason: RegExp): void {
  assert.throws(() => decodeMessage(octets), (fault: unknown) => fault instanceof WireFault && reason.test(fault.message), Buffer.from(octets).toString('hex'))
}

function answering(...records: string[]): Message {
  return makeMessage({ id: 1, response: true, questions: [{ name: EXAMPLE, type: TYPE.A, class: CLASS.IN }], answers: records.map((text) => parseRecord(text)) })
}

test('a query decodes to its question, and encodes to its octets again', () => {
  const octets = hex('1267 0100 0001 0000 0000 0000 03777777 076578616d706c65 00 0001 0001')
  const message = decodeMessage(octets)
  assert.deepEqual(message, makeMessage({ id: 0x1267, recursionDesired: true, questions: [{ name: EXAMPLE, type: TYPE.A, class: CLASS.IN }] }))
  assert.deepEqual(encodeMessage(message), octets)
})

test('each header bit has its place (RFC 1035 4.1.1, RFC 4035 3.2), the Z bit is AG', () => {
  const bits: [number, keyof Message][] = [
    [0x8000, 'response'], [0x0400, 'authoritative'], [0x0200, 'truncated'], [0x0100, 'recursionDesired'], [0x0080, 'recursionAvailable'],
    [0x0040, 'agent'], [0x0020, 'authenticData'], [0x0010, 'checkingDisabled'],
  ]
  for (const [bit, name] of bits) {
    const octets = Uint8Array.of(0, 7, bit >> 8, bit & 255, 0, 0, 0, 0, 0, 0, 0, 0)
    const message = decodeMessage(octets)
    assert.deepEqual(message, makeMessage({ id: 7, [name]: true }), name)
    assert.deepEqual(encodeMessage(message), octets)
  }
  for (let opcode = 0; opcode < 16; opcode++) assert.equal(decodeMessage(Uint8Array.of(0, 0, opcode << 3, 0, 0, 0, 0, 0, 0, 0, 0, 0)).opcode, opcode)
  for (let rcode = 0; rcode < 16; rcode++) assert.equal(decodeMessage(Uint8Array.of(0, 0, 0, rcode, 0, 0, 0, 0, 0, 0, 0, 0)).rcode, rcode)
})

test('any message decodes from its own octets to itself, names with their case', () => {
  fc.assert(fc.property(anyMessage(), (message) => {
    assert.deepEqual(decodeMessage(encodeMessage(message)), message)
  }), { numRuns: 300 })
})

test('a question repeated as an owner costs two octets (RFC 1035 4.1.4)', () => {
  const octets = encodeMessage(answering('www.example. 60 IN A 192.0.2.1', 'www.example. 60 IN A 192.0.2.2'))
  assert.equal(octets.length, 12 + 13 + 4 + 2 * (2 + 10 + 4))
  assert.deepEqual([...octets.subarray(29, 31)], [0xc0, 12])
})

test('suffixes are shared between owners and between names in the data of RFC 1035 types', () => {
  const octets = encodeMessage(answering('www.example. 60 IN CNAME a.www.example.', 'mail.example. 60 IN MX 10 mx.mail.example.'))
  const text = Buffer.from(octets).toString('hex')
  assert.ok(text.includes('0004' + '0161' + 'c00c'), 'CNAME: a + pointer to the question')
  assert.ok(text.includes('046d61696c' + 'c010'), 'owner: mail + pointer to example.')
  assert.ok(text.includes('0007' + '000a' + '026d78' + 'c0'), 'MX: mx + pointer to mail.example.')
})

test('names in the data of later types are never compressed (RFC 3597 4)', () => {
  const texts = [
    'www.example. 60 IN SRV 0 5 80 www.example.', 'www.example. 60 IN DNAME www.example.', 'www.example. 60 IN RP www.example. www.example.', 'www.example. 60 IN KX 1 www.example.',
    'www.example. 60 IN NAPTR 1 1 "" "" "" www.example.', 'www.example. 60 IN AFSDB 1 www.example.',
  ]
  for (const text of texts) {
    const octets = Buffer.from(encodeMessage(answering(text)))
    assert.ok(octets.subarray(29 + 12).includes(Buffer.from(EXAMPLE.wire)), text)
    assert.equal(printRecord(decodeMessage(octets).answers[0]), text)
  }
})

test('SRV, RP and their generation are read although their names are compressed (RFC 3597 4)', () => {
  const head = '0001 8000 0000 0001 0000 0000 076578616d706c6500'
  assert.equal(printRecord(decodeMessage(hex(`${head} 0021 0001 0000003c 000a 0000 0005 0050 0161 c00c`)).answers[0]), 'example. 60 IN SRV 0 5 80 a.example.')
  assert.equal(printRecord(decodeMessage(hex(`${head} 0011 0001 0000003c 0004 c00c c00c`)).answers[0]), 'example. 60 IN RP example. example.')
})

test('a compressed name in a type since then is refused (RFC 3597 4)', () => {
  refused(hex('0001 8000 0000 0001 0000 0000 076578616d706c6500 006b 0001 0000003c 0004 000a c00c'), /permitted pointer/) // LP
})

test('a pointer never leads behind its 14 bits, however long the message', () => {
  const answers = Array.from({ length: 250 }, (_, i) => parseRecord(`n${i}.x${i}.example. 60 IN TXT "${'t'.repeat(60)}"`))
  const twice = [...answers, ...answers]
  const message = makeMessage({ answers: twice })
  assert.ok(encodeMessage(message).length > 0x4000 * 2)
  assert.deepEqual(decodeMessage(encodeMessage(message)), message)
})

test('encoding a message of many long, different names takes time in proportion to its size (CVE-2024-8508)', () => {
  const answers: DnsRecord[] = []
  for (let i = 0; i < 230; i++) {
    const name = Name.parse(Array.from({ length: 125 }, (_, label) => String.fromCharCode(97 + ((i * 7 + label * (i + 1)) % 26))).join('.') + '.')
    answers.push({ name, type: TYPE.A, class: CLASS.IN, ttl: 1, rdata: new Uint8Array(4) })
  }
  const message = makeMessage({ answers })
  const start = process.cpuUsage().user
  assert.deepEqual(decodeMessage(encodeMessage(message)), message)
  assert.ok(process.cpuUsage().user - start < 500_000, 'half a second of CPU is a hundred times what it takes')
})

test('the OPT record becomes `edns`, and its upper response code joins that of the header (RFC 6891 6.1.3)', () => {
  const message = decodeMessage(hex('0001 8000 0000 0000 0000 0001 00 0029 04d0 01 00 8000 000c 0003 0002 6869 000f 0002 0014'))
  assert.equal(message.rcode, RCODE.BADVERS)
  assert.deepEqual(message.additionals, [])
  assert.deepEqual(message.edns, { ...EDNS, dnssecOk: true, options: [{ code: 3, octets: hex('6869') }, { code: 15, octets: hex('0014') }] })
})

test('OPT flags that have no meaning are ignored (RFC 6891 6.1.4)', () => {
  const { edns } = decodeMessage(hex('0001 0000 0000 0000 0000 0001 00 0029 04d0 00 00 3fff 0000'))
  assert.deepEqual(edns, EDNS)
})

test('a second OPT, one with an owner, and one outside the additional section are refused (RFC 6891 6.1.1)', () => {
  const opt = '00 0029 04d0 00 00 0000 0000'
  refused(hex(`0001 0000 0000 0000 0000 0002 ${opt} ${opt}`), /more than one OPT/)
  refused(hex('0001 0000 0000 0000 0000 0001 0161 00 0029 04d0 00 00 0000 0000'), /owner must be the root/)
  refused(hex(`0001 0000 0000 0001 0000 0000 ${opt}`), /must stand in the additional section/)
})

test('OPT stands before TSIG and SIG(0), which must be last (RFC 8945 5.1, RFC 2931 3.1)', () => {
  for (const text of ['key.example. 0 ANY TSIG hmac-sha256. 1700000000 300 4 AQIDBA== 4711 NOERROR 0', '. 0 ANY SIG TYPE0 13 0 0 20261124000000 20261123000000 1 key.example. AQIDBA==']) {
    const record = parseRecord(text)
    assert.ok(isTransactionSignature(record))
    const message = makeMessage({ additionals: [parseRecord('a.example. 60 IN A 192.0.2.1'), record], edns: EDNS })
    const octets = Buffer.from(encodeMessage(message))
    const optAt = octets.indexOf(hex('00 0029 04d0'))
    assert.ok(optAt > 0 && optAt < octets.lastIndexOf(record.rdata), text)
    assert.deepEqual(decodeMessage(octets), message)
  }
})

test('a SIG that covers a type signs no transaction (RFC 2931 3)', () => {
  assert.equal(isTransactionSignature(parseRecord('a.example. 0 IN SIG A 13 0 0 20261124000000 20261123000000 1 key.example. AQIDBA==')), false)
  assert.equal(isTransactionSignature(undefined), false)
})

test('an extended response code without EDNS cannot be said', () => {
  assert.throws(() => encodeMessage(makeMessage({ rcode: RCODE.BADVERS })), RangeError)
})

test('records of class ANY and NONE may come without data, as UPDATE needs (RFC 2136 2.4, 2.5)', () => {
  const texts = ['a.example. 0 ANY ANY', 'a.example. 0 ANY A', 'a.example. 0 NONE SOA', 'a.example. 0 ANY AGENT']
  const message = makeMessage({ opcode: OPCODE.UPDATE, authorities: texts.map((text) => parseRecord(text)) })
  const decoded = decodeMessage(encodeMessage(message))
  assert.deepEqual(decoded.authorities.map(printRecord), texts)
  assert.ok(decoded.authorities.every(({ rdata }) => rdata.length === 0))
})

test('with data, a record of class NONE is checked as any other (RFC 2136 2.5.4)', () => {
  refused(hex('0001 2800 0000 0000 0001 0000 0161 00 0001 00fe 00000000 0003 c00002'), /Cannot read/)
})

test('without data, a record of an ordinary class is malformed where its type needs data', () => {
  refused(hex('0001 8000 0000 0001 0000 0000 0161 00 0001 0001 00000000 0000'), /Cannot read/)
})

test('a TTL with its highest bit set is 0 (RFC 2181 8)', () => {
  for (const [ttl, seconds] of [['7fffffff', 0x7fff_ffff], ['80000000', 0], ['ffffffff', 0]] as const) {
    assert.equal(decodeMessage(hex(`0001 8000 0000 0001 0000 0000 0161 00 0001 0001 ${ttl} 0004 c0000201`)).answers[0].ttl, seconds)
  }
})

test('every message cut short anywhere is refused', () => {
  const whole = encodeMessage({ ...answering('www.example. 60 IN MX 10 mail.example.', 'example. 60 IN SOA ns1 host 1 2 3 4 5'), edns: { ...EDNS, options: [{ code: 3, octets: hex('0102') }] } })
  decodeMessage(whole)
  for (let size = 0; size < whole.length; size++) assert.throws(() => decodeMessage(whole.slice(0, size)), WireFault, `${size} octets`)
})

test('octets behind the last record are refused', () => {
  refused(Uint8Array.from([...encodeMessage(answering('www.example. 60 IN A 192.0.2.1')), 0]), /1 octets follow/)
})

test('counts that the octets cannot hold are refused before a record is made', () => {
  refused(hex('0001 8000 0001 0000 0000 0000'), /cannot hold 1 questions/)
  refused(hex('0001 8000 0000 ffff ffff ffff 00 0001 0001 00000000 0000'), /cannot hold 0 questions and 196605 records/)
})

test('an RDLENGTH that runs past the message, or ends inside or behind the fields, is refused', () => {
  const record = '0001 8000 0000 0001 0000 0000 0161 00 000f 0001 00000000'
  refused(hex(`${record} 0006 000a 0162 00`), /only 5 of its 6 octets/)
  refused(hex(`${record} 0004 000a 0162 00`), /bounds/)
  refused(hex(`${record} 0006 000a 0162 00 00`), /left over/)
  refused(hex(`${record} 0001 000a 0162 00`), /Cannot read/)
})

test('a name in RDATA may not read on behind RDLENGTH, even into octets that would fit', () => {
  refused(hex('0001 8000 0000 0002 0000 0000 0161 00 0005 0001 00000000 0002 0162 00 0005 0001 00000000 0000'), /bounds/)
})

test('a message is refused where it would need more octets than its limit', () => {
  const message = answering('www.example. 60 IN A 192.0.2.1')
  const { length } = encodeMessage(message)
  assert.equal(encodeMessage(message, length).length, length)
  assert.throws(() => encodeMessage(message, length - 1), WireFault)
})

test('whatever the octets, decoding ends with a message or a WireFault (seed printed on failure)', () => {
  const seeds = [
    encodeMessage({ ...answering('www.example. 60 IN MX 10 mail.example.', 'www.example. 60 IN A 192.0.2.1', 'www.example. 5 IN TXT "a" "b"'), edns: { ...EDNS, options: [{ code: 10, octets: hex('0102030405060708') }] } }),
    encodeMessage(makeMessage({ opcode: OPCODE.UPDATE, authorities: [parseRecord('a.example. 0 ANY ANY'), parseRecord('b.example. 0 NONE A 192.0.2.1')] })),
  ]
  const change = fc.record({ at: fc.nat(), octet: fc.oneof(fc.constantFrom(0, 1, 0x3f, 0x40, 0xc0, 0xff), fc.nat(255)), cut: fc.boolean() })
  fc.assert(fc.property(fc.constantFrom(...seeds), fc.array(change, { minLength: 1, maxLength: 6 }), (seed, changes) => {
    let octets = seed.slice()
    for (const { at, octet, cut } of changes) {
      if (cut && at % 7 === 0) octets = octets.slice(0, at % (octets.length + 1))
      else if (octets.length > 0) octets[at % octets.length] = octet
    }
    try {
      const message = decodeMessage(octets)
      assert.deepEqual(decodeMessage(encodeMessage(message)), message)
    } catch (fault) {
      if (!(fault instanceof WireFault)) throw fault
    }
  }), { numRuns: 5000 })
})

test('a message stays as it was decoded while others are, names and data of every length', () => {
  const long = Array.from({ length: 4 }, (_, i) => String(i).repeat(50)).join('.')
  const messageOf = (fill: string): Message =>
    makeMessage({
      questions: [{ name: Name.parse(`${fill}.example.`), type: TYPE.SOA, class: CLASS.IN }],
      answers: [`${fill} 60 IN TXT "${fill.slice(0, 40)}"`, `${fill}.${long} 60 IN MX 10 ${fill}.mail.example.`, `x 60 IN TXT ${`"${'y'.repeat(250)}" `.repeat(4)}`].map((text) => parseRecord(text, Name.parse('example.'))),
    })
  const first = decodeMessage(encodeMessage(messageOf('first')))
  const shown = encodeMessage(first)
  decodeMessage(encodeMessage(messageOf('second')))
  Name.read(new WireReader(Name.parse('third.example.').wire))
  assert.deepEqual(encodeMessage(first), shown)
  assert.equal(first.questions[0].name.toString(), 'first.example.')
})

test('what was encoded stays as it is, whatever is encoded next, or cannot be', () => {
  const short = encodeMessage(answering('www.example. 60 IN A 192.0.2.1'))
  const copy = short.slice()
  const long = encodeMessage(answering(...Array.from({ length: 200 }, (_, i) => `h${i}.www.example. 60 IN A 192.0.2.${i}`)))
  const tooLong = answering(...Array.from({ length: 1_200 }, (_, i) => `h${i}.www.example. 60 IN TXT "${'x'.repeat(60)}"`))
  assert.throws(() => encodeMessage(tooLong), WireFault)
  assert.deepEqual(short, copy)
  assert.equal(decodeMessage(long).answers.length, 200)
  assert.deepEqual(encodeMessage(answering('www.example. 60 IN A 192.0.2.1')), copy)
})

/** Single records as text, and whole messages as people read them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, EDE, OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { makeExtendedError, makeUpdateLease } from '../../src/dns/edns.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseParameters } from '../../src/dns/parameters.ts'
import { printMessage } from '../../src/dns/print-message.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { anyEmptyRecord, anyRecord } from './values.ts'

test('a record is its owner, TTL, class, type and data', () => {
  const record = parseRecord('a.example. 60 IN A 192.0.2.1')
  assert.deepEqual(record, { name: Name.parse('a.example.'), type: TYPE.A, class: CLASS.IN, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 1) })
  assert.equal(printRecord(record), 'a.example. 60 IN A 192.0.2.1')
})

test('TTL and class stand in either order or not at all (RFC 1035 5.1)', () => {
  const texts = ['a. 1h IN A 192.0.2.1', 'a. IN 3600 A 192.0.2.1', 'a. 3600 A 192.0.2.1', 'a.\t3600\tin\ta\t192.0.2.1 ; comment', 'a. 3600 CLASS1 TYPE1 192.0.2.1', 'a. ( 3600 IN\n A\n 192.0.2.1 )']
  for (const text of texts) assert.equal(printRecord(parseRecord(text)), 'a. 3600 IN A 192.0.2.1', text)
  assert.equal(printRecord(parseRecord('a. A 192.0.2.1')), 'a. 0 IN A 192.0.2.1')
  assert.equal(printRecord(parseRecord('a. 5 LOCAL A 192.0.2.1')), 'a. 5 LOCAL A 192.0.2.1')
})

test('relative names are completed by the origin, in owner and data', () => {
  assert.equal(printRecord(parseRecord('a 60 MX 10 @', Name.parse('example.'))), 'a.example. 60 IN MX 10 example.')
  assert.equal(printRecord(parseRecord('@ 60 NS ns', Name.parse('example.'))), 'example. 60 IN NS ns.example.')
})

test('owners that look like types, classes and TTLs are owners', () => {
  for (const owner of ['A.', 'IN.', 'ANY.', '60.', 'TYPE1.']) assert.equal(printRecord(parseRecord(`${owner} 60 IN A 192.0.2.1`)), `${owner} 60 IN A 192.0.2.1`)
  assert.equal(printRecord(parseRecord('IN 60 IN A 192.0.2.1')), 'IN. 60 IN A 192.0.2.1')
})

test('class ANY and NONE may leave the data out, for UPDATE (RFC 2136 2.4, 2.5)', () => {
  for (const text of ['a. 0 ANY ANY', 'a. 0 ANY A', 'a. 0 NONE MX', 'a. 0 NONE A 192.0.2.1']) assert.equal(printRecord(parseRecord(text)), text)
  assert.throws(() => parseRecord('a. 0 IN A'), TextFault)
})

test('text that is no record is refused with its place', () => {
  const refused: [string, RegExp][] = [
    ['', /start with its owner/], [' a. A 192.0.2.1', /start with its owner/], ['a.', /type as the entry ends/], ['a. 60', /type as the entry ends/], ['a. 60 IN', /type as the entry ends/],
    ['a. 60 60 A 192.0.2.1', /TTL, a class or a type/], ['a. IN IN A 192.0.2.1', /TTL, a class or a type/], ['a. 60 IN FOO x', /"FOO"/], ['a. 1x A 192.0.2.1', /TTL "1x"/],
    ['a. A 192.0.2.1\nb. A 192.0.2.2', /single one/], ['a. A 192.0.2.256', /192\.0\.2\.256/], ['a..b. A 192.0.2.1', /empty label/], ['a. "A" 192.0.2.1', /TTL, a class or a type/],
  ]
  for (const [text, reason] of refused) assert.throws(() => parseRecord(text), (fault: unknown) => fault instanceof TextFault && reason.test(fault.message), text)
})

test('any record prints as one line that is read as that record', () => {
  fc.assert(fc.property(fc.oneof(anyRecord(), anyEmptyRecord()), (record) => {
    const text = printRecord(record)
    assert.match(text, /^[\x20-\x7e]+$/)
    assert.deepEqual(parseRecord(text), record)
  }))
})

test('a response prints as dig prints it, with our flag and code points by name', () => {
  const message = makeMessage({
    id: 4711, response: true, authoritative: true, recursionDesired: true, agent: true,
    questions: [{ name: Name.parse('v2.translate._cap.example.'), type: TYPE.AGENT, class: CLASS.IN }],
    answers: [parseRecord('v2.translate._cap.example. 30 IN A 192.0.2.7'), parseRecord('v2.translate._cap.example. 30 IN TXT "a b" "c"')],
    additionals: [parseRecord('a.example. 60 IN AAAA 2001:db8::1')],
    edns: { udpSize: 1232, version: 0, dnssecOk: true, compactOk: false, options: [makeExtendedError({ infoCode: EDE.LEASE_EXPIRED, text: 'two of two' })] },
  })
  assert.equal(printMessage(message), `\
;; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 4711
;; flags: qr aa rd ag; QUESTION: 1, ANSWER: 2, AUTHORITY: 0, ADDITIONAL: 2

;; OPT PSEUDO SECTION:
; EDNS: version: 0, flags: do; udp: 1232
; EDE: 49153 (lease expired): "two of two"

;; QUESTION SECTION:
;v2.translate._cap.example.\tIN\tAGENT

;; ANSWER SECTION:
v2.translate._cap.example.\t30\tIN\tA\t192.0.2.7
v2.translate._cap.example.\t30\tIN\tTXT\t"a b" "c"

;; ADDITIONAL SECTION:
a.example.\t60\tIN\tAAAA\t2001:db8::1
`)
})

test('an UPDATE prints with the names of its sections (RFC 2136 2)', () => {
  const text = printMessage(makeMessage({
    opcode: OPCODE.UPDATE, rcode: RCODE.NOTZONE,
    questions: [{ name: Name.parse('example.'), type: TYPE.SOA, class: CLASS.IN }],
    answers: [parseRecord('a.example. 0 NONE A')], authorities: [parseRecord('a.example. 0 ANY ANY')],
  }))
  assert.match(text, /opcode: UPDATE, status: NOTZONE/)
  assert.match(text, /ZONE: 1, PREREQUISITE: 1, UPDATE: 1, ADDITIONAL: 0/)
  assert.match(text, /;; ZONE SECTION:\n;example\.\tIN\tSOA\n\n;; PREREQUISITE SECTION:\na\.example\.\t0\tNONE\tA\n\n;; UPDATE SECTION:\na\.example\.\t0\tANY\tANY\n/)
})

function optionLine(code: number, octets: number[]): string {
  const text = printMessage(makeMessage({ edns: { udpSize: 512, version: 0, dnssecOk: false, compactOk: true, options: [{ code, octets: Uint8Array.from(octets) }] } }))
  return text.split('\n')[5]
}

test('options print by name; what breaks its format is shown as octets with the reason', () => {
  assert.equal(optionLine(OPTION.NSID, [0x6e, 0x73, 0x31, 7]), '; NSID: 6e733107 (ns1.)')
  assert.equal(optionLine(OPTION.COOKIE, [1, 2]), '; COOKIE: 0102')
  assert.equal(optionLine(OPTION.UPDATE_LEASE, [...makeUpdateLease({ lease: 3600 }).octets]), '; UPDATE-LEASE: 3600s')
  assert.equal(optionLine(OPTION.UPDATE_LEASE, [...makeUpdateLease({ lease: 3600, keyLease: 7200 }).octets]), '; UPDATE-LEASE: 3600s, key 7200s')
  assert.match(optionLine(OPTION.UPDATE_LEASE, [1, 2]), /^; UPDATE-LEASE: 0102 \(malformed: .*4 or 8 octets/)
  assert.match(optionLine(OPTION.EDE, [1]), /^; EDE: 01 \(malformed: /)
  assert.equal(optionLine(OPTION.DEMAND, [...parseParameters('latency=200ms near=48.2,16.4', 'DEMAND')]), '; DEMAND: latency=200ms near=48.2,16.4')
  assert.equal(optionLine(OPTION.OFFER, [...parseParameters('scores=1,0.5', 'OFFER')]), '; OFFER: scores=1,0.5')
  assert.match(optionLine(OPTION.DEMAND, [0xff, 0x14, 0, 1, 7]), /^; DEMAND: ff14000107 \(malformed: /)
  assert.equal(optionLine(65001, []), '; OPT65001: ')
})

test('text from the network reaches no terminal with its control characters (RFC 8914 6)', () => {
  const hostile = [...makeExtendedError({ infoCode: 0, text: '\u001b[2Jevil\u009b\n' }).octets]
  assert.match(optionLine(OPTION.EDE, hostile), /"\.\[2Jevil\.\."$/)
  assert.doesNotMatch(printMessage(makeMessage({ answers: [parseRecord('a\\027b. 0 TXT "\\027[2J"')] })), /\u001b/)
})

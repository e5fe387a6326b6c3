/** Unknown types and classes as RFC 3597 wants them: the examples of its section 5, and what may not be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TYPE } from '../../src/dns/codes.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { printGenericRdata } from '../../src/dns/rdata.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { copied, fromHex, hexOf, octetsOf, parsed, textOf } from './rdata-text.ts'

test('the examples of RFC 3597 5 are read and printed', () => {
  assert.equal(hexOf(octetsOf('TYPE731 \\# 6 abcdef ( ; next line\n 01 23 45 )')), 'ABCDEF012345')
  assert.equal(octetsOf('TYPE62347 \\# 0').length, 0)
  assert.equal(hexOf(octetsOf('A \\# 4 0A000001')), '0A000001')
  const record = parseRecord('e.example. CLASS1 TYPE1 10.0.0.2')
  assert.deepEqual([record.class, record.type, hexOf(record.rdata)], [1, TYPE.A, '0A000002'])
  const unknown = parseRecord('a.example. CLASS32 TYPE731 \\# 6 abcdef012345')
  assert.equal(printRecord(unknown), 'a.example. 0 CLASS32 TYPE731 \\# 6 ABCDEF012345')
})

test('data of an unknown type prints with its length, empty too', () => {
  assert.equal(textOf(731, fromHex('ABCDEF')), 'TYPE731 \\# 3 ABCDEF')
  assert.equal(textOf(731, new Uint8Array(0)), 'TYPE731 \\# 0')
  assert.equal(printGenericRdata(fromHex('C0000201')), '\\# 4 C0000201')
})

test('an unknown type has no other form', () => {
  for (const text of ['TYPE731 abcd', 'TYPE731', 'TYPE731 "abcd"', 'TYPE731 "\\#" 1 00']) assert.throws(() => octetsOf(text), TextFault, text)
})

test('the length must be that of the octets, and the octets must be whole', () => {
  for (const text of ['\\# 5 abcdef', '\\# 2 abcdef', '\\# 3 abcde', '\\# 3 abcdeg', '\\#', '\\# x', '\\# -1', '\\# 65536 00', '\\# 0 00', '\\# 1 0 0 0']) {
    assert.throws(() => octetsOf(`TYPE731 ${text}`), TextFault, text)
    assert.throws(() => octetsOf(`A ${text}`), TextFault, text)
  }
  assert.equal(hexOf(octetsOf('TYPE731 \\# 2 a b c d')), 'ABCD', 'digits may be parted anywhere')
})

test('the generic form of a known type must be well formed for it', () => {
  for (const text of ['A \\# 3 C00002', 'A \\# 5 C000020100', 'MX \\# 2 000A', 'TXT \\# 2 0561', 'AAAA \\# 0', 'NSEC \\# 4 0161 00 00', 'MX \\# 4 000A C000']) {
    assert.throws(() => octetsOf(text), TextFault, text)
  }
})

test('65535 octets pass, in text and in a message', () => {
  const octets = Uint8Array.from({ length: 65_535 - 12 - 11 }, (_, i) => i)
  const record = parseRecord(`. 0 IN TYPE731 ${printGenericRdata(octets)}`)
  assert.deepEqual(decodeMessage(encodeMessage(makeMessage({ answers: [record] }))).answers[0].rdata, octets)
  assert.equal(parsed(731, printGenericRdata(new Uint8Array(65_535))).length, 65_535)
})

test('data of an unknown type is octets: what looks like a compressed name stays as it is (RFC 3597 3)', () => {
  assert.equal(hexOf(copied(731, fromHex('C00C'))), 'C00C')
})

test('any octets of any unknown type survive text', () => {
  fc.assert(fc.property(fc.integer({ min: 65_280, max: 65_439 }), fc.uint8Array({ maxLength: 60 }), (type, octets) => {
    assert.deepEqual(octetsOf(textOf(type, octets)), octets)
  }))
})

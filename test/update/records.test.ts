/** When two records are the same (RFC 2136 1.1.1): keys in memory, of data of every length. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { isSameRdata, placeKey, rdataKey } from '../../src/update/records.ts'
import { anyName } from '../dns/values.ts'

const UNKNOWN = 65_280

test('two RDATA share a key exactly where they are the same, up to the longest', () => {
  const rdata = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.integer({ min: 500, max: 530 }).map((octets) => new Uint8Array(octets).fill(octets & 1)), fc.constant(new Uint8Array(65_535)))
  fc.assert(fc.property(rdata, rdata, fc.nat(), fc.boolean(), (one, other, at, isChanged) => {
    const changed = isChanged ? Uint8Array.from(one, (octet, i) => (i === at % one.length ? octet ^ 1 : octet)) : other
    assert.equal(rdataKey(UNKNOWN, one) === rdataKey(UNKNOWN, changed), isSameRdata(UNKNOWN, one, changed))
    assert.equal(rdataKey(UNKNOWN, one), Buffer.from(one).toString('latin1'))
  }), { numRuns: 300 })
})

test('names in RDATA are the same whatever their case (RFC 4034 6.2), in text they are not', () => {
  fc.assert(fc.property(anyName(), (name) => {
    const upper = Name.parse(name.toString().toUpperCase())
    assert.equal(rdataKey(TYPE.NS, name.wire), rdataKey(TYPE.NS, upper.wire))
  }))
  assert.notEqual(rdataKey(TYPE.TXT, Uint8Array.of(1, 0x61)), rdataKey(TYPE.TXT, Uint8Array.of(1, 0x41)))
})

test('what a record takes the place of: any CNAME, the WKS of the same service, else the same record (RFC 2136 3.4.2.2)', () => {
  const [a, b] = ['a.example.', 'b.example.'].map((text) => Name.parse(text).wire)
  assert.equal(placeKey(TYPE.CNAME, a), placeKey(TYPE.CNAME, b))
  assert.notEqual(placeKey(TYPE.NS, a), placeKey(TYPE.NS, b))
  const wks = (protocol: number, bit: number): Uint8Array => Uint8Array.of(192, 0, 2, 1, protocol, bit)
  assert.equal(placeKey(11, wks(6, 1)), placeKey(11, wks(6, 2)))
  assert.notEqual(placeKey(11, wks(6, 1)), placeKey(11, wks(17, 1)))
})

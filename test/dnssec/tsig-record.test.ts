/** The record of TSIG is read and written by code of its own: as the tables of types say (RFC 8945 4.2), and as strictly. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WireFault } from '../../src/dns/faults.ts'
import { WireReader } from '../../src/dns/octets.ts'
import { readRdata, writeRdata } from '../../src/dns/rdata.ts'
import { TSIG } from '../../src/dns/rr/transactions.ts'
import { Name } from '../../src/dns/name.ts'
import { readTsig, withTsig, type TsigFields } from '../../src/dnssec/tsig.ts'
import { findSignature, type SignatureRecord } from '../../src/dnssec/signed-message.ts'
import { anyName, anyOctets } from '../dns/values.ts'

const record = (rdata: Uint8Array): SignatureRecord => ({ kind: 'tsig', at: 0, owner: Name.root, rdata, rdataAt: 0 })
const anyFields: fc.Arbitrary<TsigFields> = fc.record({
  algorithm: anyName(), timeSigned: fc.nat({ max: 0xffff_ffff_ffff }), fudge: fc.nat(0xffff), mac: anyOctets(0, 70), originalId: fc.nat(0xffff), error: fc.nat(0xffff), other: anyOctets(0, 8),
}, { noNullPrototype: true })
const plain = ({ algorithm, mac, other, ...rest }: TsigFields): object => ({ ...rest, algorithm: algorithm.toString(), mac: Uint8Array.from(mac), other: Uint8Array.from(other) })
const NO_RECORDS = new Uint8Array(12)

/** What reading gives, or the fault. */
function outcome(read: () => TsigFields): object | string {
  try {
    return plain(read())
  } catch (fault) {
    assert.ok(fault instanceof WireFault, String(fault))
    return 'WireFault'
  }
}

test('property: what the table of types writes is read with the same fields', () => {
  fc.assert(fc.property(anyFields, (fields) => assert.deepEqual(plain(readTsig(record(writeRdata(TSIG, fields)))), plain(fields))))
})

test('property: octets that are cut short, go on, or are others are read, or refused, exactly as by the table', () => {
  const change = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }), cut: fc.nat(3), more: anyOctets(0, 2) })
  fc.assert(fc.property(anyFields, change, (fields, { at, by, cut, more }) => {
    const whole = Uint8Array.from([...writeRdata(TSIG, fields), ...more])
    const rdata = whole.slice(0, Math.max(0, whole.length - cut))
    if (rdata.length > 0) rdata[at % rdata.length] ^= by
    assert.deepEqual(outcome(() => readTsig(record(rdata))), outcome(() => readRdata(TSIG, rdata)))
  }), { numRuns: 2_000 })
})

test('every beginning of a record is malformed, and so is one with an octet more', () => {
  const rdata = writeRdata(TSIG, { algorithm: Name.parse('hmac-sha256.'), timeSigned: 1, fudge: 300, mac: new Uint8Array(32), originalId: 7, error: 0, other: new Uint8Array(6) })
  for (let length = 0; length < rdata.length; length++) assert.throws(() => readTsig(record(rdata.slice(0, length))), WireFault, `${length} octets`)
  assert.throws(() => readTsig(record(Uint8Array.from([...rdata, 0]))), WireFault)
})

test('a compressed name of the algorithm is malformed (RFC 8945 4.2)', () => {
  assert.throws(() => readTsig(record(Uint8Array.of(0xc0, 0, 0, 0, 0, 0, 0, 1, 1, 44, 0, 0, 0, 7, 0, 0, 0, 0))), WireFault)
})

test('property: a record that is written behind a message is the one of the table', () => {
  fc.assert(fc.property(anyFields, anyName(), (fields, owner) => {
    const octets = withTsig(NO_RECORDS, owner, fields)
    const found = findSignature(octets) ?? assert.fail('no signature')
    assert.deepEqual(Uint8Array.from(found.rdata), writeRdata(TSIG, fields))
    assert.deepEqual([found.at, found.owner.equals(owner), octets.length], [12, true, found.rdataAt + found.rdata.length])
    assert.equal(new WireReader(octets, 10).u16(), 1)
  }))
})

test('signed messages that share a block of memory do not touch each other, and long ones have memory of their own', () => {
  const fields = (mac: Uint8Array): TsigFields => ({ algorithm: Name.parse('hmac-sha256.'), timeSigned: 1, fudge: 300, mac, originalId: 7, error: 0, other: new Uint8Array(0) })
  const macs = Array.from({ length: 400 }, (_, i) => new Uint8Array(i % 64).fill(i))
  const made = macs.map((mac) => withTsig(NO_RECORDS, Name.root, fields(mac)))
  made.forEach((octets, i) => assert.deepEqual(Uint8Array.from(readTsig(findSignature(octets) ?? assert.fail()).mac), macs[i], `message ${i}`))
  const long = withTsig(NO_RECORDS, Name.root, fields(new Uint8Array(2_000)))
  assert.equal(long.buffer.byteLength, long.length)
  assert.ok(made[0].buffer.byteLength > made[0].length)
})

/** EDNS options: their list, and those whose content we read and write. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EDE, OPTION } from '../../src/dns/codes.ts'
import { decodeOptions, encodeOptions, findOption, makeExtendedError, makeUpdateLease, readExtendedError, readUpdateLease } from '../../src/dns/edns.ts'
import { WireFault } from '../../src/dns/faults.ts'
import { MAX_EDNS_OPTIONS } from '../../src/dns/limits.ts'
import { WireReader, WireWriter } from '../../src/dns/octets.ts'

function decode(...octets: number[]): { code: number; octets: Uint8Array }[] {
  return decodeOptions(new WireReader(Uint8Array.from(octets)))
}

test('options are read in their order, the same code more than once (RFC 6891 6.1.2)', () => {
  assert.deepEqual(decode(0, 3, 0, 0, 0, 15, 0, 2, 0, 18, 0, 15, 0, 2, 0, 20), [
    { code: 3, octets: Uint8Array.of() }, { code: 15, octets: Uint8Array.of(0, 18) }, { code: 15, octets: Uint8Array.of(0, 20) },
  ])
  assert.deepEqual(decode(), [])
})

test('an option that runs past the record is refused at every octet', () => {
  const whole = [0, 3, 0, 2, 1, 2]
  for (let size = 1; size < whole.length; size++) assert.throws(() => decode(...whole.slice(0, size)), WireFault)
})

test('more options than MAX_EDNS_OPTIONS are refused (CVE-2026-41292)', () => {
  const options = (count: number): number[] => new Array<number>(count * 4).fill(0)
  assert.equal(decode(...options(MAX_EDNS_OPTIONS)).length, MAX_EDNS_OPTIONS)
  assert.throws(() => decode(...options(MAX_EDNS_OPTIONS + 1)), /more than 100 options/)
})

test('any options are read as they were written', () => {
  fc.assert(fc.property(fc.array(fc.record({ code: fc.nat(0xffff), octets: fc.uint8Array({ maxLength: 30 }) }, { noNullPrototype: true }), { maxLength: 10 }), (options) => {
    const out = new WireWriter(16)
    encodeOptions(options, out)
    assert.deepEqual(decodeOptions(new WireReader(out.finish())), options)
  }))
})

test('an option is a copy, not a view of the message', () => {
  const message = Uint8Array.of(0, 3, 0, 1, 7)
  const [option] = decodeOptions(new WireReader(message))
  message[4] = 8
  assert.deepEqual([...option.octets], [7])
})

test('the first option of a code is found, without EDNS none', () => {
  const edns = { udpSize: 1232, version: 0, dnssecOk: false, compactOk: false, options: [{ code: 3, octets: Uint8Array.of(1) }, { code: 3, octets: Uint8Array.of(2) }] }
  assert.deepEqual(findOption(edns, 3), Uint8Array.of(1))
  assert.equal(findOption(edns, 4), undefined)
  assert.equal(findOption(undefined, 3), undefined)
})

test('an Extended DNS Error is its INFO-CODE and UTF-8 text (RFC 8914 2)', () => {
  const option = makeExtendedError({ infoCode: EDE.HELD_EXCLUSIVELY, text: 'héld' })
  assert.equal(option.code, OPTION.EDE)
  assert.equal(Buffer.from(option.octets).toString('hex'), 'c00368c3a96c64')
  assert.deepEqual(readExtendedError(option.octets), { infoCode: 49155, text: 'héld' })
  assert.deepEqual(readExtendedError(Uint8Array.of(0, 20)), { infoCode: 20, text: '' })
})

test('the zero octet that some put behind EXTRA-TEXT is no part of it (RFC 8914 2)', () => {
  assert.equal(readExtendedError(Uint8Array.of(0, 20, 0x61, 0)).text, 'a')
})

test('an Extended DNS Error with half an INFO-CODE, or none, is malformed', () => {
  assert.throws(() => readExtendedError(Uint8Array.of()), WireFault)
  assert.throws(() => readExtendedError(Uint8Array.of(0)), WireFault)
})

test('text that is no UTF-8 does not stop a message from being shown', () => {
  assert.equal(readExtendedError(Uint8Array.of(0, 20, 0xff)).text, '\ufffd')
})

test('an Update Lease has 4 or 8 octets (RFC 9664 4)', () => {
  assert.equal(Buffer.from(makeUpdateLease({ lease: 3600 }).octets).toString('hex'), '00000e10')
  assert.equal(Buffer.from(makeUpdateLease({ lease: 3600, keyLease: 604800 }).octets).toString('hex'), '00000e1000093a80')
  for (const lease of [{ lease: 0 }, { lease: 0xffff_ffff, keyLease: 0 }, { lease: 7200, keyLease: 0xffff_ffff }]) assert.deepEqual(readUpdateLease(makeUpdateLease(lease).octets), lease)
  for (const size of [0, 1, 3, 5, 7, 9, 12]) assert.throws(() => readUpdateLease(new Uint8Array(size)), /4 or 8 octets/)
})

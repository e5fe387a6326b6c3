/** Serial number arithmetic, by the definitions and the examples of RFC 1982. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_SERIAL_STEP, addSerial, compareSerials, isNewerSequence, isNewerSerial } from '../../src/dns/serial.ts'

const anySerial = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_ffff))

test('serials compare as RFC 1982 3.2 defines, across the wrap', () => {
  const newer: [number, number][] = [[1, 0], [0x7fff_ffff, 0], [0, 0xffff_ffff], [100, 0xffff_ff00], [0x8000_0001, 2], [0xffff_ffff, 0x8000_0000]]
  for (const [a, b] of newer) {
    assert.equal(compareSerials(a, b), 1, `${a} after ${b}`)
    assert.equal(compareSerials(b, a), -1, `${b} before ${a}`)
  }
  assert.equal(compareSerials(5, 5), 0)
})

test('serials 2^31 apart have no order (RFC 1982 3.2), and neither counts as newer', () => {
  for (const a of [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff]) {
    const opposite = (a + 0x8000_0000) % 0x1_0000_0000
    assert.equal(compareSerials(a, opposite), undefined)
    assert.equal(isNewerSerial(a, opposite), false)
    assert.equal(isNewerSerial(opposite, a), false)
  }
})

test('the 32-bit definition of RFC 1982 3.2 holds word by word for any two serials', () => {
  const HALF = 2 ** 31
  fc.assert(fc.property(anySerial, anySerial, (i1, i2) => {
    const less = (i1 < i2 && i2 - i1 < HALF) || (i1 > i2 && i1 - i2 > HALF)
    const greater = (i1 < i2 && i2 - i1 > HALF) || (i1 > i2 && i1 - i2 < HALF)
    const expected = i1 === i2 ? 0 : less ? -1 : greater ? 1 : undefined
    assert.equal(compareSerials(i1, i2), expected)
    assert.equal(isNewerSerial(i1, i2), greater)
  }), { numRuns: 1000 })
})

test('a step leads to a newer serial (RFC 1982 3.1), for every step that is allowed', () => {
  fc.assert(fc.property(anySerial, fc.integer({ min: 1, max: MAX_SERIAL_STEP }), (serial, step) => {
    const next = addSerial(serial, step)
    assert.ok(next >= 0 && next <= 0xffff_ffff)
    assert.ok(isNewerSerial(next, serial))
  }))
  assert.equal(addSerial(0xffff_ffff, 1), 0)
  assert.equal(addSerial(7, 0), 7)
})

test('a step that RFC 1982 3.1 does not define is our own bug', () => {
  for (const step of [-1, MAX_SERIAL_STEP + 1, NaN]) assert.throws(() => addSerial(1, step), RangeError)
})

test('sequence numbers of 16 bits wrap on their own circle (RFC 1982 3.2)', () => {
  const HALF = 2 ** 15
  fc.assert(fc.property(fc.nat(0xffff), fc.nat(0xffff), (i1, i2) => {
    const greater = (i1 < i2 && i2 - i1 > HALF) || (i1 > i2 && i1 - i2 < HALF)
    assert.equal(isNewerSequence(i1, i2), greater)
    assert.equal(compareSerials(i1, i2, 16) === undefined, Math.abs(i1 - i2) === HALF)
  }), { numRuns: 500 })
  assert.ok(isNewerSequence(0, 65_535))
  assert.ok(!isNewerSequence(65_535, 0))
  assert.ok(!isNewerSequence(HALF, 0), 'in doubt the reading that is held stays')
})

test('sequence numbers of 16 bits compare the same way, and 2^15 apart neither is newer (RFC 1982 3.2)', () => {
  for (const [a, b] of [[1, 0], [0, 0xffff], [0x7fff, 0], [0x8000, 1], [100, 0xff00]]) {
    assert.ok(isNewerSequence(a, b), `${a} after ${b}`)
    assert.ok(!isNewerSequence(b, a), `${b} before ${a}`)
  }
  for (const [a, b] of [[0, 0], [0xffff, 0xffff], [0x8000, 0], [0, 0x8000]]) assert.ok(!isNewerSequence(a, b), `${a} and ${b}`)
})

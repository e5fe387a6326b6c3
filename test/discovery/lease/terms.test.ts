/** What is granted of what was asked: forms and limits of RFC 9664 4 and 8, RFC 9665 5.1. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { grantLease, ORDINARY_LIMITS, SRP_LIMITS } from '../../../src/discovery/lease/terms.ts'

const HOUR = 3_600
const DAY = 24 * HOUR

test('within the limits, what was asked is granted', () => {
  assert.deepEqual(grantLease({ lease: HOUR, keyLease: DAY }, ORDINARY_LIMITS), { lease: HOUR, keyLease: DAY, answer: { lease: HOUR, keyLease: DAY } })
})

test('a request of 4 octets means both durations, and is answered in 4 octets (RFC 9664 4.3)', () => {
  assert.deepEqual(grantLease({ lease: HOUR }, ORDINARY_LIMITS), { lease: HOUR, keyLease: HOUR, answer: { lease: HOUR } })
})

test('limits of RFC 9664 8: at least 30 seconds, at most 24 hours and 7 days', () => {
  assert.deepEqual(grantLease({ lease: 1, keyLease: 1 }, ORDINARY_LIMITS).answer, { lease: 30, keyLease: 30 })
  assert.deepEqual(grantLease({ lease: 0xffff_ffff, keyLease: 0xffff_ffff }, ORDINARY_LIMITS).answer, { lease: DAY, keyLease: 7 * DAY })
})

test('limits of RFC 9665 5.1: two hours and 14 days', () => {
  assert.deepEqual(grantLease({ lease: DAY, keyLease: 30 * DAY }, SRP_LIMITS).answer, { lease: 2 * HOUR, keyLease: 14 * DAY })
})

test('lease 0 gives up; what the KEY keeps is said apart (RFC 9665 3.2.5.5.1)', () => {
  assert.deepEqual(grantLease({ lease: 0, keyLease: 0 }, SRP_LIMITS).answer, { lease: 0, keyLease: 0 })
  assert.deepEqual(grantLease({ lease: 0 }, SRP_LIMITS), { lease: 0, keyLease: 0, answer: { lease: 0 } })
  assert.deepEqual(grantLease({ lease: 0, keyLease: DAY }, SRP_LIMITS).answer, { lease: 0, keyLease: DAY })
  assert.deepEqual(grantLease({ lease: 0, keyLease: 5 }, SRP_LIMITS).answer, { lease: 0, keyLease: 30 })
})

test('a name is reserved at least as long as something stands at it', () => {
  assert.deepEqual(grantLease({ lease: HOUR, keyLease: 60 }, ORDINARY_LIMITS).answer, { lease: HOUR, keyLease: HOUR })
})

test('whatever is asked, the grant has the form of the request and keeps the limits', () => {
  const seconds = fc.oneof(fc.nat(0xffff_ffff), fc.nat(200), fc.constant(0))
  fc.assert(fc.property(seconds, fc.option(seconds, { nil: undefined }), (lease, keyLease) => {
    const granted = grantLease(keyLease === undefined ? { lease } : { lease, keyLease }, ORDINARY_LIMITS)
    assert.equal(granted.answer.keyLease === undefined, keyLease === undefined)
    assert.ok(granted.lease === 0 ? lease === 0 : granted.lease >= 30 && granted.lease <= DAY)
    assert.ok(granted.keyLease >= granted.lease && granted.keyLease <= 7 * DAY)
  }))
})

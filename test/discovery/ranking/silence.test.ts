/** By how much the load of a silent agent may have moved: the same for who tells, who believes, and who advises. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { untoldSessions as bounded, untoldWholly } from '../../../src/discovery/ranking/silence.ts'

const untoldSessions = (threshold: number, slots: number, serviceMs: number): number => bounded(threshold, slots, untoldWholly(slots, serviceMs))
const near = (got: number, wanted: number): void => assert.ok(Math.abs(got - wanted) < 1e-9, `${got} beside ${wanted}`)

test('an agent with four slots and a second of service tells what its profile says, in parts of its slots', () => {
  near(untoldSessions(0.5, 4, 1_000), 2)
  near(untoldSessions(0.25, 4, 1_000), 1)
  assert.equal(untoldSessions(0, 4, 1_000), 0, 'who reports by the clock alone may have any load')
})

test('eight times as many a second may move by twice as many sessions, whether by slots or by speed', () => {
  near(untoldSessions(0.5, 32, 1_000), 4)
  near(untoldSessions(0.5, 4, 125), 4)
  near(untoldSessions(0.5, 32, 8_000), 2)
})

test('so one of many slots tells finer than by parts of them, and a small one coarser', () => {
  assert.ok(untoldSessions(0.5, 16, 1_000) < 0.25 * 16)
  assert.ok(untoldSessions(0.5, 1, 1_000) > 1)
})

test('it is never more than four times the slots', () => {
  fc.assert(fc.property(fc.double({ min: 0, max: 4, noNaN: true }), fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0.001, max: 1e9, noNaN: true }), (threshold, slots, serviceMs) => {
    const untold = untoldSessions(threshold, slots, serviceMs)
    assert.ok(untold >= 0 && untold <= 4 * slots, String(untold))
  }))
})

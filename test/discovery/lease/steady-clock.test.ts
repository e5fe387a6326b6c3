/** The clock of the leases: what a wall clock that is set does to it, while it runs and across a restart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SteadyClock } from '../../../src/discovery/lease/steady-clock.ts'

const T = Date.UTC(2026, 0, 31)
const HOUR = 3_600_000

function world(wallMs = T): { wallMs: number; monotonicMs: number; pass(ms: number): void; sources: { wallMs(): number; monotonicMs(): number } } {
  const state = { wallMs, monotonicMs: 5_000, pass(ms: number) { state.wallMs += ms; state.monotonicMs += ms }, sources: { wallMs: () => state.wallMs, monotonicMs: () => state.monotonicMs } }
  return state
}

test('it starts with the wall clock and moves with the monotonic one', () => {
  const w = world()
  const clock = new SteadyClock(w.sources)
  assert.equal(clock.nowMs(), T)
  w.pass(1_500)
  assert.equal(clock.nowMs(), T + 1_500)
})

test('a wall clock that jumps forward or back is not followed', () => {
  const w = world()
  const clock = new SteadyClock(w.sources)
  w.wallMs += 1_000 * HOUR
  w.pass(10)
  assert.equal(clock.nowMs(), T + 10)
  w.wallMs -= 2_000 * HOUR
  assert.equal(clock.nowMs(), T + 10)
})

test('after a restart with a wall clock that went back, time stands where it was last seen', () => {
  const w = world(T - 5 * HOUR)
  const clock = new SteadyClock(w.sources, T)
  assert.equal(clock.nowMs(), T)
  w.pass(1_000)
  assert.equal(clock.nowMs(), T + 1_000)
})

test('after a restart the time of the stop counts', () => {
  assert.equal(new SteadyClock(world(T + HOUR).sources, T).nowMs(), T + HOUR)
})

test('threads that read the same monotonic clock have the same time', () => {
  const w = world()
  const clock = new SteadyClock(w.sources)
  w.pass(777)
  assert.equal(clock.offsetMs + w.sources.monotonicMs(), clock.nowMs())
})

test('whatever is done to the wall clock, it never goes back and runs as the monotonic one', () => {
  fc.assert(fc.property(fc.array(fc.record({ pass: fc.nat(100_000), jump: fc.integer({ min: -1e12, max: 1e12 }) })), (steps) => {
    const w = world()
    const clock = new SteadyClock(w.sources)
    let passed = 0
    for (const { pass, jump } of steps) {
      w.wallMs += jump
      w.pass(pass)
      passed += pass
      assert.equal(clock.nowMs(), T + passed)
    }
  }))
})

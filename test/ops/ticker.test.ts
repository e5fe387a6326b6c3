/** Ticks only while they are wanted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ticker } from '../../src/ops/ticker.ts'

test('a ticker runs while it is wanted, on one timer however often that is said', () => {
  const timers = new Set<() => void>()
  let ticks = 0
  let begun = 0
  const ticker = new Ticker({ every: (ms, run) => (assert.equal(ms, 70), begun++, timers.add(run), () => void timers.delete(run)) }, 70, () => void ticks++)
  const pass = (): void => timers.forEach((run) => run())
  pass()
  assert.equal(ticks, 0, 'nobody wants it at first')
  for (const _ of [1, 2]) ticker.want(true)
  pass()
  assert.deepEqual([ticks, timers.size, begun], [1, 1, 1])
  for (const _ of [1, 2]) ticker.want(false)
  pass()
  assert.deepEqual([ticks, timers.size], [1, 0])
  ticker.want(true)
  pass()
  assert.deepEqual([ticks, timers.size, begun], [2, 1, 2])
})

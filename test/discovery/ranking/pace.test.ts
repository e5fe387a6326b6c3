/** An agent finds out soon that it has become slow or swift, and does not take one long piece of work for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pace } from '../../../src/discovery/ranking/pace.ts'
import { chance } from './hive.ts'

const USUAL_MS = 800

/** Work as a language model has it: lognormal with a coefficient of variation of 1, `times` slower than usual. */
function workOf(even: () => number, times: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - even())) * Math.cos(2 * Math.PI * even())
  return USUAL_MS * times * Math.exp(Math.sqrt(Math.LN2) * normal - Math.LN2 / 2)
}

/** A pace after `count` pieces of work, one every 200 ms. */
function after(pace: Pace, even: () => number, times: number, count: number, nowMs: number): number {
  for (let i = 0; i < count; i++) pace.done(workOf(even, times), (nowMs += 200))
  return nowMs
}

const CASES: readonly [title: string, times: number, least: number, most: number][] = [
  ['as usual', 1, 0.8, 1.3], ['half as long', 0.5, 0.45, 0.75], ['twice as long', 2, 1.6, 2.5], ['three times as long', 3, 2.4, 3.6],
]
for (const [title, times, least, most] of CASES) {
  test(`work that takes ${title} is known for it after thirty pieces`, () => {
    let sum = 0
    for (let seed = 1; seed <= 20; seed++) {
      const pace = new Pace(USUAL_MS, 0)
      sum += pace.serviceMs(after(pace, chance(seed), times, 30, 0)) / USUAL_MS / 20
    }
    assert.ok(sum > least && sum < most, String(sum))
  })
}

test('a spell is found out, and its end, sooner than by an average of the last eight', () => {
  const errors = { pace: 0, average: 0 }
  for (let seed = 1; seed <= 10; seed++) {
    const even = chance(seed)
    const pace = new Pace(USUAL_MS, 0)
    let average = USUAL_MS
    for (let i = 0, nowMs = 0; i < 600; i++, nowMs += 200) {
      const times = i % 200 >= 120 ? 3 : 1
      const tookMs = workOf(even, times)
      pace.done(tookMs, nowMs)
      average += (tookMs - average) / 8
      errors.pace += Math.abs(Math.log(pace.serviceMs(nowMs) / USUAL_MS / times))
      errors.average += Math.abs(Math.log(average / USUAL_MS / times))
    }
  }
  assert.ok(errors.pace < 0.6 * errors.average, `${errors.pace} beside ${errors.average}`)
})

test('one piece of work that takes a thousand times as long is no proof, nor one that takes no time', () => {
  for (const tookMs of [USUAL_MS * 1_000, Infinity, 0]) {
    const pace = new Pace(USUAL_MS, 0)
    const nowMs = after(pace, chance(4), 1, 40, 0)
    pace.done(tookMs, nowMs)
    const serviceMs = pace.serviceMs(nowMs)
    assert.ok(serviceMs > 0.4 * USUAL_MS && serviceMs < 3 * USUAL_MS, `${tookMs}: ${serviceMs}`)
  }
})

test('an agent that has had nothing to do for long is taken to be as usual', () => {
  const pace = new Pace(USUAL_MS, 0)
  const fresh = pace.serviceMs(0)
  const nowMs = after(pace, chance(6), 4, 40, 0)
  assert.ok(pace.serviceMs(nowMs) > 3 * USUAL_MS)
  assert.ok(Math.abs(pace.serviceMs(nowMs + 600_000) / fresh - 1) < 0.01)
})

test('a clock that goes back makes nothing worse', () => {
  const pace = new Pace(USUAL_MS, 1_000)
  pace.done(USUAL_MS, 500)
  const serviceMs = pace.serviceMs(0)
  assert.ok(serviceMs > 0.8 * USUAL_MS && serviceMs < 1.4 * USUAL_MS, String(serviceMs))
})

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
  ['as usual', 1, 0.8, 1.3], ['half as long', 0.5, 0.45, 0.75], ['twice as long', 2, 1.6, 2.5], ['three times as long', 3, 2.2, 3.6],
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

/** An agent with some slots, busy three fifths of the time, and what it knows of its work. */
class Worker {
  nowMs = 0
  private readonly pace = new Pace(USUAL_MS, 0)
  private readonly even: () => number
  private readonly slots: number
  private underWay: { begunMs: number; endMs: number }[] = []
  private nextMs = 0

  constructor(seed: number, slots: number) {
    this.even = chance(seed)
    this.slots = slots
  }

  /** Works until `untilMs`, each piece so many times as long as usual. */
  work(untilMs: number, times: number): void {
    for (;;) {
      const endMs = Math.min(...this.underWay.map((piece) => piece.endMs))
      const atMs = Math.min(endMs, this.nextMs)
      if (atMs > untilMs) break
      this.nowMs = atMs
      if (atMs === endMs) this.finish(endMs)
      else this.begin(times)
    }
    this.nowMs = untilMs
  }

  /** The logarithm of what it tells, in parts of what is usual. */
  told(knowsUnderWay: boolean): number {
    return Math.log(this.pace.serviceMs(this.nowMs, knowsUnderWay ? this.underWay.map(({ begunMs }) => this.nowMs - begunMs) : []) / USUAL_MS)
  }

  private begin(times: number): void {
    this.nextMs = this.nowMs - Math.log(1 - this.even()) * (USUAL_MS / (0.6 * this.slots))
    if (this.underWay.length < this.slots) this.underWay.push({ begunMs: this.nowMs, endMs: this.nowMs + workOf(this.even, times) })
  }

  private finish(endMs: number): void {
    const [piece] = this.underWay.splice(this.underWay.findIndex((one) => one.endMs === endMs), 1)
    this.pace.done(this.nowMs - piece.begunMs, this.nowMs)
  }
}

/** What agents tell on average so long after a spell of three times as long has begun. */
function toldAfter(spellMs: number, knowsUnderWay: boolean, slots: number): number {
  let sum = 0
  for (let seed = 1; seed <= 60; seed++) {
    const worker = new Worker(seed, slots)
    worker.work(60_000, 1)
    worker.work(60_000 + spellMs, 3)
    sum += Math.exp(worker.told(knowsUnderWay)) / 60
  }
  return sum
}

for (const slots of [4, 16]) {
  test(`what is under way in ${slots} slots shows the begin of a spell before it is done, and nothing where there is none`, () => {
    const [with2, without2] = [toldAfter(2_500, true, slots), toldAfter(2_500, false, slots)]
    assert.ok(with2 > 1.15 * without2, `${with2} beside ${without2}`)
    const calm = toldAfter(0, true, slots)
    assert.ok(calm > 0.9 && calm < 1.2, String(calm))
  })
}

test('what is done is learnt in the order of its begin, however it is told', () => {
  const pieces = [[0, 3_000], [100, 700], [200, 5_000], [900, 300], [1_000, 2_000]]
  const at = 6_000
  const orders = [pieces, pieces.toReversed(), pieces.toSorted(([a, b], [c, d]) => a + b - c - d)]
  const told = orders.map((order) => {
    const pace = new Pace(USUAL_MS, 0)
    for (const [begunMs, tookMs] of order) pace.done(tookMs, begunMs + tookMs)
    return pace.serviceMs(at)
  })
  assert.ok(told.every((one) => Math.abs(one - told[0]) < 1e-9), String(told))
})

test('one piece that is under way for ever keeps nothing from being learnt', () => {
  const pace = new Pace(USUAL_MS, 0)
  let nowMs = 0
  for (let i = 0; i < 5_000; i++) pace.done(3 * USUAL_MS, (nowMs += 200))
  assert.ok(pace.serviceMs(nowMs, [nowMs]) > 2 * USUAL_MS)
})

test('ages that no clock gives are taken as none or as endless', () => {
  const pace = new Pace(USUAL_MS, 0)
  for (const age of [-1, 0, Infinity, -Infinity, 1e300]) assert.ok(Number.isFinite(pace.serviceMs(1_000, [age, 5])), String(age))
})

test('what is no number says nothing, and spoils nothing', () => {
  const [told, spared] = [new Pace(USUAL_MS, 0), new Pace(USUAL_MS, 0)]
  for (const pace of [told, spared]) after(pace, chance(9), 2, 20, 0)
  told.done(NaN, 4_100)
  told.done(500, NaN)
  assert.equal(told.serviceMs(5_000, [NaN, 700]), spared.serviceMs(5_000, [700]))
})

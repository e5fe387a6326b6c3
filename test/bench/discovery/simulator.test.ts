/** The simulator itself: the same seed is the same run, askers get through, and the product's ranking is well ahead of chance. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exponential, gaussian, streamOf } from './chances.ts'
import { simulate } from './engine.ts'
import { Events } from './events.ts'
import { shortestDelay } from './oracles.ts'
import type { Result } from './measured.ts'
import type { Contestant } from './policy.ts'
import { NAME, ORACLES, ours, PULL, PUSH } from './scenarios.ts'
import { random } from './simple.ts'
import { makeWorld, MAIN, type WorldOptions } from './world.ts'

const SMALL: WorldOptions = { ...MAIN, agents: 24, regions: 4, seconds: 40, warmSeconds: 20, seed: 7 }
const CHANCE: Contestant = { name: 'random', reach: PULL, make: random }

test('what is to happen happens in the order of time, and at one instant as it was asked for', () => {
  const events = new Events()
  const even = streamOf(1, 0, 0)
  const seen: { ms: number; number: number }[] = []
  for (let number = 0; number < 500; number++) {
    const ms = Math.floor(even() * 50)
    events.at(ms, () => seen.push({ ms: events.nowMs, number }))
  }
  events.runUntil(50)
  assert.equal(seen.length, 500)
  for (let i = 1; i < seen.length; i++) {
    const [before, after] = [seen[i - 1], seen[i]]
    assert.ok(before.ms < after.ms || (before.ms === after.ms && before.number < after.number), `${before.ms}/${before.number} before ${after.ms}/${after.number}`)
  }
})

test('what happens asks for more, and what lies behind the end waits', () => {
  const events = new Events()
  let count = 0
  const again = (): void => {
    count++
    events.after(10, again)
  }
  events.after(10, again)
  events.runUntil(95)
  assert.equal(count, 9)
  events.runUntil(105)
  assert.equal(count, 10)
})

test('draws have the mean and spread that they are said to have', () => {
  const even = streamOf(3, 0, 0)
  const count = 20_000
  const waits = Array.from({ length: count }, () => exponential(even, 5))
  const sizes = Array.from({ length: count }, () => gaussian(even))
  const meanOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  assert.ok(Math.abs(meanOf(waits) - 5) < 0.15)
  assert.ok(Math.abs(meanOf(sizes)) < 0.03)
  assert.ok(Math.abs(meanOf(sizes.map((size) => size * size)) - 1) < 0.05)
})

test('a world asks for the load that it says', () => {
  const calm = { ...SMALL, hasTroubles: false }
  const { agents, calmRate } = makeWorld(calm)
  const capacity = agents.reduce((sum, { slots, serviceMs }) => sum + slots / serviceMs, 0)
  assert.ok(Math.abs(calmRate / capacity - calm.load) < 1e-9)
  const { requests } = simulate(calm, ORACLES[0])
  assert.ok(Math.abs(requests / (calmRate * calm.seconds * 1_000) - 1) < 0.1)
})

test('the same seed is the same run, and another is another', () => {
  const contestant = ours(NAME.ours, PUSH)
  const [first, second] = [simulate(SMALL, contestant), simulate(SMALL, contestant)]
  assert.deepEqual(first, second)
  assert.notEqual(simulate({ ...SMALL, seed: 8 }, contestant).mean, first.mean)
})

test('all policies meet the same requests', () => {
  const born = (contestant: Contestant): number[] => {
    const times: number[] = []
    const make: Contestant['make'] = (scene) => {
      const policy = contestant.make(scene)
      return { ...policy, pick: (request) => (request.tried.length === 0 && times.push(request.bornMs), policy.pick(request)) }
    }
    simulate(SMALL, { ...contestant, make })
    return times
  }
  assert.deepEqual(born(CHANCE), born(ORACLES[0]))
})

test('an oracle that knows all fails nobody, and messages are counted where they are sent', () => {
  const pulled = simulate(SMALL, { name: 'oracle', reach: PULL, make: shortestDelay })
  assert.equal(pulled.failures, 0)
  // a report from each agent and two messages for each region every five seconds
  const expected = ((SMALL.agents + 2 * SMALL.regions) / 5) * SMALL.seconds
  assert.ok(Math.abs((pulled.messages * pulled.requests) / expected - 1) < 0.1, `${pulled.messages * pulled.requests} of ${expected}`)
})

test('the product\'s ranking is well ahead of chance, and near an oracle that knows all', () => {
  const [sed, chanced, chosen] = [ORACLES[0], CHANCE, ours(NAME.ours, PUSH)].map((contestant) => simulate(SMALL, contestant))
  assert.ok(chanced.mean > 2.5 * chosen.mean, `chance ${chanced.mean} s, ours ${chosen.mean} s`)
  assert.ok(chanced.errors > 10 * chosen.errors, `chance ${chanced.errors}, ours ${chosen.errors}`)
  assert.ok(chosen.mean < 1.5 * sed.mean, `ours ${chosen.mean} s, oracle ${sed.mean} s`)
  assert.equal(chosen.failures, 0)
  assert.ok(chosen.messages < 1)
})

test('the mean of three small worlds is within a third of that of an oracle that minds others, and p99 within two fifths', () => {
  const runs = [1, 2, 3].map((seed) => [ORACLES[1], ours(NAME.ours, PUSH)].map((contestant) => simulate({ ...SMALL, seed }, contestant)))
  const ratioOf = (figure: (result: Result) => number): number => runs.reduce((sum, [star, own]) => sum + figure(own) / figure(star) / runs.length, 0)
  const [mean, p99] = [ratioOf((result) => result.mean), ratioOf((result) => result.p99)]
  assert.ok(mean < 1.34 && p99 < 1.4, `mean ${mean}, p99 ${p99}`)
})

test('within a minute those who lie have less than they are worth, of agents that are alike', () => {
  const world: WorldOptions = { ...SMALL, isUniform: true, hasLiars: true, load: 0.5, warmSeconds: 0, seconds: 120 }
  const shareOf = ({ liars }: Result): number => liars.slice(6, 12).reduce((sum, share) => sum + share, 0) / 6
  const [due, own] = [ORACLES[1], ours(NAME.ours, PUSH)].map((contestant) => [1, 2, 3, 4].reduce((sum, seed) => sum + shareOf(simulate({ ...world, seed }, contestant)), 0))
  assert.ok(own < 0.9 * due, `${own / due} of what an oracle gives them who knows them`)
})

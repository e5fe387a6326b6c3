/** The cache answers more than LRU would, and comes near to what could be known in advance only, whatever share of names comes once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MIN_CACHE_OCTETS } from '../../src/dns/limits-resolver.ts'
import { capacityOf, makeTrace, ratioOfCache, ratioOfLru, ratioOfOptimum, type Trace } from './ratio.ts'

/** Large entries, so that a short trace turns the smallest cache over many times. */
const RDATA_OCTETS = 800
const CAPACITY = capacityOf(MIN_CACHE_OCTETS, RDATA_OCTETS)
const COUNT = 60_000

test('LRU and the optimum are what they are said to be', () => {
  const trace: Trace = { requests: Int32Array.of(1, 2, 3, 1, 2, 3, 1, 2, 3), catalog: 4, isAbsent: false }
  assert.equal(ratioOfLru(trace, 2), 0)
  assert.equal(ratioOfLru(trace, 3), 6 / 9)
  assert.equal(ratioOfOptimum(trace, 2), 4 / 9, 'one of three must be asked for anew each round: 1 2 3 [1 2] 3 [1 2] 3')
  assert.equal(ratioOfOptimum(trace, 3), 6 / 9)
})

test('a trace is as skewed as it was ordered', () => {
  const { requests } = makeTrace({ count: 50_000, catalog: 1_000, skew: 1, once: 0.25, seed: 7 })
  const share = (id: number) => requests.filter((other) => other === id).length / requests.length
  assert.ok(Math.abs(share(0) / share(1) - 2) < 0.15)
  assert.ok(Math.abs(requests.filter((id) => id >= 1_000).length / requests.length - 0.25) < 0.01)
})

for (const { title, trace, aboveLru, ofOptimum } of [
  { title: 'names by popularity', trace: { once: 0 }, aboveLru: 0.03, ofOptimum: 0.8 },
  { title: 'three of ten names come once', trace: { once: 0.3 }, aboveLru: 0.05, ofOptimum: 0.8 },
  { title: 'three of ten names come once and do not exist', trace: { once: 0.3, isAbsent: true }, aboveLru: 0.05, ofOptimum: 0.8 },
  { title: 'popularity drifts', trace: { once: 0.1, drift: 20 }, aboveLru: 0.03, ofOptimum: 0.75 },
] as const) {
  test(`${title}: more hits than LRU, and near to the optimum`, (t) => {
    const made = makeTrace({ count: COUNT, catalog: CAPACITY * 10, skew: 0.9, seed: 42, ...trace })
    const [ours, lru, optimum] = [ratioOfCache(made, MIN_CACHE_OCTETS, RDATA_OCTETS), ratioOfLru(made, CAPACITY), ratioOfOptimum(made, CAPACITY)]
    t.diagnostic(`hits ${ours}, LRU ${lru}, optimum ${optimum}`)
    assert.ok(ours <= optimum, 'nothing is better than the optimum')
    assert.ok(ours >= lru + aboveLru, `${ours} against ${lru}`)
    assert.ok(ours >= optimum * ofOptimum, `${ours} of ${optimum}`)
  })
}

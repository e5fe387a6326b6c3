/** Histograms in powers of two: buckets, sums over threads, and how near quantiles come to the truth. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { boundOf, countInto, elementsOf, layHistograms, quantile, readHistogram } from '../../src/dns/histogram.ts'

const shape = { about: 'test', unit: 'octets', buckets: 8 } as const

function histogramOf(values: number[], buckets = 8) {
  const array = new Float64Array(buckets + 1)
  for (const value of values) countInto(array, 0, buckets, value)
  return readHistogram([array], 0, buckets)
}

test('a value falls into the first bucket whose bound it does not pass, and into the last where it passes all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x7fff_ffff }), fc.integer({ min: 2, max: 33 }), (value, buckets) => {
      const { counts, sum } = histogramOf([value], buckets)
      const wanted = counts.findIndex((_, i) => value <= boundOf(i, buckets))
      assert.equal(counts.indexOf(1), wanted)
      assert.equal(sum, value)
    }),
  )
  assert.deepEqual(histogramOf([0, 1, 2, 3, 4, 5, 64, 65, 1_000]).counts, [2, 1, 2, 1, 0, 0, 1, 2])
})

test('histograms lie one behind the other, and counting in one leaves the others alone', () => {
  const { at, end } = layHistograms({ one: shape, two: { ...shape, buckets: 3 } }, 5)
  assert.deepEqual([at, end], [{ one: 5, two: 5 + elementsOf(shape) }, 5 + 9 + 4])
  const array = new Float64Array(end)
  countInto(array, at.one, 8, 1_000_000)
  countInto(array, at.two, 3, 1_000_000)
  assert.deepEqual([...array].flatMap((value, i) => (value === 0 ? [] : [[i, value]])), [[12, 1], [13, 1_000_000], [16, 1], [17, 1_000_000]])
})

test('what several threads counted is added up', () => {
  const arrays = [new Float64Array(9), new Float64Array(9)]
  countInto(arrays[0], 0, 8, 3)
  countInto(arrays[1], 0, 8, 5)
  assert.deepEqual(readHistogram(arrays, 0, 8), { counts: [0, 0, 1, 1, 0, 0, 0, 0], count: 2, sum: 8 })
})

test('a quantile lies within a factor of two of the value that sorting gives', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 300 }), fc.constantFrom(0.5, 0.9, 0.99, 1), (values, share) => {
      const sorted = values.toSorted((a, b) => a - b)
      const truth = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
      const found = quantile(histogramOf(values, 18), share)
      assert.ok(found >= truth / 2 && found <= truth * 2, `${found} for ${truth}`)
    }),
  )
})

test('a quantile of nothing is 0, and what passes every bound counts as the least that does', () => {
  assert.equal(quantile(histogramOf([]), 0.5), 0)
  assert.equal(quantile(histogramOf([5_000, 6_000]), 0.99), 65)
})

/** What is counted of updates: each verdict by its name, records, batches, and the two histograms behind the counters. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { printRcode } from '../../src/dns/codes.ts'
import { readHistogram } from '../../src/dns/histogram.ts'
import { UPDATE_COUNTERS, UPDATE_HISTOGRAM, UPDATE_HISTOGRAMS, UpdateCounts } from '../../src/update/counters.ts'
import { bench } from './support.ts'

const valuesOf = (counts: UpdateCounts): Record<string, number> => Object.fromEntries(counts.lines().filter(({ value }) => value !== 0).map(({ name, value }) => [name, value]))

describe('verdicts', () => {
  for (const rcode of Array.from({ length: 11 }, (_, i) => i)) {
    test(`of ${printRcode(rcode)} are counted by that name`, () => {
      const counts = new UpdateCounts()
      counts.verdict(rcode)
      assert.deepEqual(valuesOf(counts), { [`verdict.${printRcode(rcode)}`]: 1 })
    })
  }

  for (const rcode of [11, 16, 23, 4_095]) {
    test(`of ${rcode} are among the others`, () => {
      const counts = new UpdateCounts()
      counts.verdict(rcode)
      assert.deepEqual(valuesOf(counts), { 'verdict.other': 1 })
    })
  }
})

test('updates are all that have ended, however, and nothing else that is counted', () => {
  const counts = new UpdateCounts()
  assert.equal(counts.updates, 0)
  counts.add('own')
  counts.batch(7, 1)
  counts.changes([{ kind: 'added' }])
  assert.equal(counts.updates, 0)
  for (const rcode of [0, 0, 5, 10, 23]) counts.verdict(rcode)
  assert.equal(counts.updates, 5)
})

describe('counters', () => {
  const cases: [what: string, count: (counts: UpdateCounts) => void, values: Record<string, number>][] = [
    ['own changes', (counts) => counts.add('own'), { own: 1 }],
    ['batches that failed', (counts) => counts.add('batches.failed'), { 'batches.failed': 1 }],
    ['growth', (counts) => counts.add('grown'), { grown: 1 }],
    ['records', (counts) => counts.changes([{ kind: 'added' }, { kind: 'removed' }, { kind: 'added' }]), { 'records.added': 2, 'records.removed': 1 }],
    ['no records', (counts) => counts.changes([]), {}],
    ['batches that were kept', (counts) => counts.batch(3, 900), { 'batches.kept': 1 }],
  ]
  for (const [what, count, values] of cases) {
    test(`of ${what} count that and nothing else`, () => {
      const counts = new UpdateCounts()
      count(counts)
      assert.deepEqual(valuesOf(counts), values)
    })
  }

  test('have a name, a value and words each', () => {
    const lines = new UpdateCounts().lines()
    assert.deepEqual(lines.map(({ name }) => name), Object.keys(UPDATE_COUNTERS))
    assert.ok(lines.every(({ value, about }) => value === 0 && about.length > 5))
  })
})

test('histograms stand behind the counters and apart from each other', () => {
  const counts = new UpdateCounts()
  for (const [size, micros] of [[1, 1], [2, 300], [512, 0x7fff_ffff]]) counts.batch(size, micros)
  const read = (name: keyof typeof UPDATE_HISTOGRAMS) => readHistogram([counts.values], UPDATE_HISTOGRAM[name], UPDATE_HISTOGRAMS[name].buckets)
  assert.deepEqual([read('batch').count, read('batch').sum], [3, 515])
  assert.deepEqual([read('sync').count, read('sync').sum], [3, 301 + 0x7fff_ffff])
  assert.equal(read('batch').counts[9], 1, '257 to 512')
  assert.equal(read('sync').counts.at(-1), 1, 'the last bucket takes what is longer than any')
  assert.deepEqual(valuesOf(counts), { 'batches.kept': 3 })
})

test('an engine counts what it did and not what it gave up', async () => {
  const running = await bench()
  assert.equal(await running.send('add a.example. 60 A 192.0.2.9; add b.example. 60 A 192.0.2.9'), 'NOERROR')
  running.keeper.fail = new Error('no')
  assert.equal(await running.send('add c.example. 60 A 192.0.2.9'), 'SERVFAIL')
  running.keeper.fail = undefined
  assert.equal(await running.send('delete a.example.'), 'NOERROR')
  assert.deepEqual(valuesOf(running.engine.counts), { 'verdict.NOERROR': 2, 'verdict.SERVFAIL': 1, 'records.added': 2, 'records.removed': 1, 'batches.kept': 2, 'batches.failed': 1 })
})

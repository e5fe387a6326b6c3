/** What a ranked answer costs is measured of answers that were given, and compared with the plain ones of the same zone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { latencyLines, measureLatency } from './latency.ts'

test('every question is answered with every number of candidates, and the plain one is the measure of its own number', () => {
  const said: string[] = []
  const costs = measureLatency([2, 150], 0, (line) => said.push(line))
  assert.deepEqual([...new Set(costs.map(({ candidates }) => candidates))], [2, 150])
  assert.equal(costs.length, said.length)
  for (const { what, least, median } of costs) assert.ok(least > 0 && median >= least, what)
})

test('costs are told in parts of the plain answer with as many candidates', () => {
  const lines = latencyLines([
    { what: 'plain, A', candidates: 10, least: 2, median: 3 }, { what: 'AGENT', candidates: 10, least: 5, median: 6 },
    { what: 'plain, A', candidates: 100, least: 4, median: 5 }, { what: 'AGENT', candidates: 100, least: 6, median: 8 },
  ])
  assert.deepEqual(lines.slice(1).map((line) => line.at(-1)), ['1.0', '2.5', '1.0', '1.5'])
  assert.deepEqual(lines[2], ['10', 'AGENT', '5.00', '6.00', '2.5'])
})

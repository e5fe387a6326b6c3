/** What bench:recursion makes of its measurements: groups that are compared, ratios round by round, and a page that hides nothing. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { groupsOf, printPage, printTable, ratioOf, type Run } from './recursion/report.ts'

const run = (kind: Run['kind'], micros: number, more: Partial<Run> = {}): Run => ({ kind, workers: 1, load: 'all it can', round: 0, answers: 1_000, perSecond: 100, micros, lost: 0, wrong: 0, ...more })
const RUNS = [
  run('ours', 9), run('unbound', 12), run('unbound', 10, { round: 1 }), run('ours', 30, { round: 1 }), run('ours', 11, { round: 2 }), run('unbound', 10, { round: 2, lost: 3 }),
  run('ours', 8, { load: 20_000, wrong: 2 }), run('unbound', 16, { load: 20_000 }), run('ours', 7, { workers: 2 }),
]

describe('measurements', () => {
  test('are compared with those of as many workers under the same load', () => {
    assert.deepEqual(groupsOf(RUNS).map(({ workers, load, runs }) => [workers, load, runs.length]), [[1, 'all it can', 6], [1, 20_000, 2], [2, 'all it can', 1]])
  })

  test('are compared round by round, so that what disturbs a whole round, or one of several, decides nothing', () => {
    const half = { median: 0.5, least: 0.5, greatest: 0.5 }
    assert.deepEqual(groupsOf(RUNS).map(({ runs }) => ratioOf(runs)), [{ median: 1.1, least: 0.75, greatest: 3 }, half, undefined])
  })

  test('are all printed, what was lost and what was wrong with them', () => {
    const lines = printTable(RUNS).split('\n')
    assert.equal(lines.length, 2 + 3 + 3 + 2)
    assert.ok(lines.every((line) => line.split('|').length === 9), 'a cell for each column')
    assert.match(lines[2], /\| 1 \| all it can \| Waggle \| 100 \| 9\.00, 30\.00, 11\.00 \| 0 \| 0 \|/)
    assert.match(lines[3], /\| Unbound \| 100 \| 12\.00, 10\.00, 10\.00 \| 3 \| 0 \|/)
    assert.match(lines[4], /\*\*1\.10 ×\*\* \(0\.75 to 3\.00\)/)
    assert.match(lines[9], /not measured/)
    assert.match(lines[5], /\| 1 \| 20000 a second \| Waggle \| 100 \| 8\.00 \| 0 \| 2 \|/)
  })

  test('stand on a page that says on what they were made', () => {
    const page = printPage(RUNS, { names: 500, clients: 40, starts: 4, seconds: 5, versions: ['Version 1.17.1', 'NSD version 4.6.1'], machine: '2 processors' })
    for (const word of ['500 names', '5 seconds', '- 2 processors', '- Version 1.17.1', '- NSD version 4.6.1', 'bench:recursion']) assert.ok(page.includes(word), word)
    assert.ok(page.includes(printTable(RUNS)))
  })
})

/** What bench:recursion makes of its measurements: groups that are compared, ratios of medians, and a page that hides nothing. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { groupsOf, printPage, printTable, ratioOf, type Run } from './recursion/report.ts'

const run = (kind: Run['kind'], micros: number, more: Partial<Run> = {}): Run => ({ kind, workers: 1, rate: 0, answers: 1_000, perSecond: 100, micros, lost: 0, wrong: 0, ...more })
const RUNS = [run('ours', 9), run('unbound', 12), run('ours', 30), run('unbound', 10), run('ours', 11), run('unbound', 11, { lost: 3 }), run('ours', 8, { rate: 20_000, wrong: 2 }), run('unbound', 16, { rate: 20_000 }), run('ours', 7, { workers: 2 })]

describe('measurements', () => {
  test('are compared with those of as many workers at the same rate', () => {
    assert.deepEqual(groupsOf(RUNS).map(({ workers, rate, runs }) => [workers, rate, runs.length]), [[1, 0, 6], [1, 20_000, 2], [2, 0, 1]])
  })

  test('are compared by their medians, so that one round that was disturbed decides nothing', () => {
    assert.deepEqual(groupsOf(RUNS).map(({ runs }) => ratioOf(runs)), [1, 0.5, NaN])
  })

  test('are all printed, what was lost and what was wrong with them', () => {
    const lines = printTable(RUNS).split('\n')
    assert.equal(lines.length, 2 + 3 + 3 + 2)
    assert.ok(lines.every((line) => line.split('|').length === 9), 'a cell for each column')
    assert.match(lines[2], /\| 1 \| all it can \| Waggle \| 100 \| 9\.00, 30\.00, 11\.00 \| 0 \| 0 \|/)
    assert.match(lines[3], /\| Unbound \| 100 \| 12\.00, 10\.00, 11\.00 \| 3 \| 0 \|/)
    assert.match(lines[4], /\*\*1\.00 ×\*\*/)
    assert.match(lines[5], /\| 1 \| 20000 \| Waggle \| 100 \| 8\.00 \| 0 \| 2 \|/)
  })

  test('stand on a page that says on what they were made', () => {
    const page = printPage(RUNS, { names: 500, clients: 40, starts: 4, seconds: 5, versions: ['Version 1.17.1', 'NSD version 4.6.1'], machine: '2 processors' })
    for (const word of ['500 names', '5 seconds', '- 2 processors', '- Version 1.17.1', '- NSD version 4.6.1', 'bench:recursion']) assert.ok(page.includes(word), word)
    assert.ok(page.includes(printTable(RUNS)))
  })
})

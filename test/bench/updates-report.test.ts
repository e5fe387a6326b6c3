/** What dnsperf says is read as it says it, and a run in which an update was refused is no figure. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readReport } from './updates/dnsperf.ts'

/** As dnsperf 2.10 ends. */
const report = (parts: { codes?: string; lost?: string } = {}): string => `Statistics:

  Updates sent:         30000
  Updates completed:    30000 (100.00%)
  Updates lost:         ${parts.lost ?? '0 (0.00%)'}

  Response codes:       ${parts.codes ?? 'NOERROR 30000 (100.00%)'}
  Average packet size:  request 137, response 132
  Run time (s):         3.233235
  Updates per second:   9278.581045

  Average Latency (s):  0.025733 (min 0.001818, max 0.349264)
  Latency StdDev (s):   0.016371
`

test('the rate and the mean time of an update are read', () => {
  assert.deepEqual(readReport(report(), 30_000), { rate: 9278.581045, meanMs: 25.733, lost: 0 })
})

test('messages that were made beforehand are counted as queries by dnsperf', () => {
  assert.equal(readReport(report().replaceAll('Updates', 'Queries'), 30_000).rate, 9278.581045)
})

test('what was lost is told, as it was not refused', () => {
  assert.equal(readReport(report({ lost: '1 (0.00%)', codes: 'NOERROR 29999 (100.00%)' }), 30_000).lost, 1)
})

for (const [what, parts, count] of [
  ['one was neither lost nor answered', { codes: 'NOERROR 29999 (100.00%)' }, 30_000],
  ['one was lost and yet all were answered', { lost: '1 (0.00%)' }, 30_000],
  ['one was refused', { codes: 'NOERROR 29999 (100.00%), REFUSED 1 (0.00%)' }, 30_000],
  ['all were refused', { codes: 'REFUSED 30000 (100.00%)' }, 30_000],
  ['fewer were sent', {}, 30_001],
] as const) {
  test(`it is no figure where ${what}`, () => {
    assert.throws(() => readReport(report(parts), count), /dnsperf/)
  })
}

test('a report that is none is told as it is', () => {
  assert.throws(() => readReport('dnsperf: unable to open file', 1), /unable to open file/)
})

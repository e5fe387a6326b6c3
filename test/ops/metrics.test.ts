/**
 * The counters: one flat list with unique names, whose values come from the arrays of every thread.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PROCESS_METRICS, processMetrics, serverMetrics, snakeCase, transportMetrics, updateMetrics, type ProcessMetric } from '../../src/ops/metrics.ts'
import { UpdateCounts } from '../../src/update/counters.ts'
import { COUNTER_COUNT, Counters } from '../../src/server/counters.ts'
import { COUNTER, transportCounters } from '../../src/transport/counters.ts'

const measured = Object.fromEntries(Object.keys(PROCESS_METRICS).map((name, i) => [name, i])) as Record<ProcessMetric, number>

describe('the list of metrics', () => {
  const all = [...serverMetrics([new Float64Array(COUNTER_COUNT)]), ...transportMetrics([transportCounters()]), ...processMetrics(measured)]

  it('gives every metric a name of its own, and a meaning', () => {
    assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
    for (const { name, about } of all) {
      assert.match(name, /^[a-z]+\.[A-Za-z0-9_.-]+$/)
      assert.ok(about.length > 5, name)
    }
  })

  it('adds up what the threads have counted', () => {
    const [one, two] = [new Counters(), new Counters()]
    one.countMessage(true)
    two.countMessage(true)
    two.countResponse(3, false, true, 0, 1)
    const lines = serverMetrics([one.values, two.values])
    assert.equal(lines.find(({ name }) => name === 'server.transport.udp')?.value, 2)
    assert.equal(lines.find(({ name }) => name === 'server.rcode.NXDOMAIN')?.value, 1)
  })

  it('names socket counters as scripts like them', () => {
    const counts = transportCounters()
    counts[COUNTER.tcpClosedByClient] = 4
    const line = transportMetrics([counts, counts]).find(({ name }) => name === 'transport.tcp_closed_by_client')
    assert.deepEqual(line, { name: 'transport.tcp_closed_by_client', kind: 'counter', value: 8, about: 'connections that the client ended' })
  })

  it('counts updates by their code, and each batch with its size', () => {
    const counts = new UpdateCounts()
    counts.verdict(0)
    counts.verdict(5)
    counts.verdict(5)
    counts.verdict(4_000)
    counts.changes([{ kind: 'added' }, { kind: 'removed' }, { kind: 'added' }])
    counts.batch(40, 1_500)
    const lines = updateMetrics(counts.values)
    const valueOf = (name: string) => lines.find((line) => line.kind !== 'histogram' && line.name === name)
    assert.deepEqual(['verdict.NOERROR', 'verdict.REFUSED', 'verdict.other', 'records.added', 'records.removed', 'batches.kept', 'batches.failed'].map((name) => (valueOf(`update.${name}`) as { value: number }).value), [1, 2, 1, 2, 1, 1, 0])
    const histograms = lines.flatMap((line) => (line.kind === 'histogram' ? [[line.name, line.histogram.count, line.histogram.sum]] : []))
    assert.deepEqual(histograms, [['update.batch', 1, 40], ['update.sync', 1, 1_500]])
  })

  it('knows what may fall from what only grows', () => {
    const kinds = new Map(processMetrics(measured).map(({ name, kind }) => [name, kind]))
    assert.equal(kinds.get('process.memory_rss_octets'), 'gauge')
    assert.equal(kinds.get('reloads.done'), 'counter')
  })

  it('writes names in one style', () => {
    assert.equal(snakeCase('udpReceived'), 'udp_received')
    assert.equal(snakeCase('tcpClosedByError'), 'tcp_closed_by_error')
  })
})

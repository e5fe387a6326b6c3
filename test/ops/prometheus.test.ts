/**
 * The metrics as Prometheus reads them: the text format held against a parser of its grammar, and the address
 * that serves it.
 */
import assert from 'node:assert/strict'
import { createServer, request, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { HTTP_REQUEST_MS, MAX_HTTP_CONNECTIONS } from '../../src/dns/limits.ts'
import { MetricsAddress, openMetrics } from '../../src/ops/metrics-http.ts'
import { discoveryMetrics, embeddingMetrics, flatten, histogramMetrics, type Metric, metricTable, PROCESS_METRICS, processMetrics, pushMetrics, recursionMetrics, serverMetrics, transportMetrics, type ProcessMetric, updateMetrics } from '../../src/ops/metrics.ts'
import { UpdateCounts } from '../../src/update/counters.ts'
import { Puller } from '../../src/discovery/sense/puller.ts'
import { EMBEDDING_COUNTERS } from '../../src/discovery/intent/embedder.ts'
import { Prober } from '../../src/discovery/probe/prober.ts'
import { OutcomeDesk } from '../../src/discovery/sense/outcomes.ts'
import { Sessions } from '../../src/server/sessions.ts'
import { printPrometheus, prometheusName } from '../../src/ops/prometheus.ts'
import { COUNTER_COUNT, Counters } from '../../src/server/counters.ts'
import { countInto } from '../../src/dns/histogram.ts'
import { COUNTER, HISTOGRAM, transportCounters } from '../../src/transport/counters.ts'

interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

interface Family {
  type: string
  help: string
  samples: Sample[]
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"/y

/** Reads the text format 0.0.4, strictly: HELP and TYPE once and before the samples, each family in one piece. */
function parse(text: string): Map<string, Family> {
  assert.ok(text.endsWith('\n'), 'the last line ends')
  const families = new Map<string, Family>()
  let current = ''
  let help = ''
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line)
    if (comment?.[1] === 'HELP') {
      assert.ok(!families.has(comment[2]), `${comment[2]} comes twice`)
      current = comment[2]
      help = comment[3]
      continue
    }
    if (comment) {
      assert.equal(comment[2], current)
      assert.match(comment[3], /^(counter|gauge|histogram)$/)
      families.set(current, { type: comment[3], help, samples: [] })
      continue
    }
    const family = families.get(current)
    const sample = sampleOf(line)
    assert.ok(family, line)
    const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']
    assert.ok(suffixes.some((suffix) => sample.name === current + suffix), `${line} stands under ${current}`)
    family.samples.push(sample)
  }
  return families
}

function sampleOf(line: string): Sample {
  const [, name, labelText = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? assert.fail(line)
  const labels: Record<string, string> = {}
  for (LABEL.lastIndex = 0; LABEL.lastIndex < labelText.length; ) {
    const [, key, text] = LABEL.exec(labelText) ?? assert.fail(line)
    labels[key] = text
    if (labelText[LABEL.lastIndex] === ',') LABEL.lastIndex++
  }
  assert.ok(Number.isFinite(Number(value)), line)
  return { name, labels, value: Number(value) }
}

const measured = Object.fromEntries(Object.keys(PROCESS_METRICS).map((name, i) => [name, i / 4])) as Record<ProcessMetric, number>

function metricsOf(transport = transportCounters(), server: Float64Array = new Float64Array(COUNTER_COUNT)): Metric[] {
  const recursion = recursionMetrics({ counters: [], underWay: 0, inFlight: 0, levels: { entries: 0, octets: 0, size: 0 } }, [])
  const outcomes = new OutcomeDesk({ candidatesAbove: () => undefined, nowMs: () => 0, onBroken: () => undefined })
  const prober = new Prober({ nowMs: () => 0, random: () => 0, zones: () => [], onTurned: () => undefined })
  const puller = new Puller({ nowMs: () => 0, random: () => 0, zoneAbove: () => undefined, ask: () => Promise.resolve(undefined) })
  const sessions = new Sessions({ open: () => ({ rcode: 0 }), admits: () => false, nowMs: () => 0, every: () => () => undefined, onCut: () => undefined })
  return [...updateMetrics(new UpdateCounts().values), ...discoveryMetrics(outcomes.counts, prober.counts, puller.counts), ...pushMetrics(sessions), ...recursion, ...serverMetrics([server]), ...transportMetrics([transport]), ...histogramMetrics([transport], [server]), ...embeddingMetrics(new Float64Array(Object.keys(EMBEDDING_COUNTERS).length)), ...processMetrics(measured)]
}

describe('the metrics as text for Prometheus', () => {
  it('are well formed, every one of them, with counters named as counters', () => {
    const families = parse(printPrometheus(metricsOf()))
    assert.ok(families.size > 50, `${families.size} families`)
    for (const [name, { type, help, samples }] of families) {
      assert.match(name, /^waggle_[a-z0-9_]+$/)
      assert.equal(type === 'counter', name.endsWith('_total'), name)
      assert.ok(help.length > 5 && samples.length > 0, name)
      assert.equal(new Set(samples.map((sample) => JSON.stringify([sample.name, sample.labels]))).size, samples.length, `${name} has a sample twice`)
    }
  })

  it('say the numbers that were counted', () => {
    const counters = new Counters()
    const transport = transportCounters()
    transport[COUNTER.udpReceived] = 2 ** 40
    counters.countResponse(3, false, true, 0, 1)
    for (const octets of [12, 64, 65, 1_232, 65_535]) counters.countSize(true, octets)
    const families = parse(printPrometheus(metricsOf(transport, counters.values)))
    const samples = (name: string): Sample[] => families.get(name)?.samples ?? []
    assert.equal(samples('waggle_transport_udp_received_total')[0].value, 2 ** 40)
    assert.deepEqual(samples('waggle_server_rcode_total').filter(({ value }) => value > 0), [{ name: 'waggle_server_rcode_total', labels: { rcode: 'NXDOMAIN' }, value: 1 }])
    assert.equal(samples('waggle_reloads_done_total')[0].value, measured['reloads.done'])
    const sizes = samples('waggle_server_udp_size_octets')
    const within = (le: string): number | undefined => sizes.find(({ labels }) => labels.le === le)?.value
    assert.deepEqual(['8', '16', '64', '128', '2048', '+Inf'].map(within), [0, 1, 2, 3, 4, 5])
    assert.deepEqual(sizes.slice(-2).map(({ name, value }) => [name.slice(-6), value]), [['ts_sum', 12 + 64 + 65 + 1_232 + 65_535], ['_count', 5]])
  })

  it('have histograms whose buckets rise to the count', () => {
    const transport = transportCounters()
    for (let i = 0; i < 1_000; i++) countInto(transport, HISTOGRAM.udpBatchTime, 21, i * i)
    const { samples } = parse(printPrometheus(metricsOf(transport))).get('waggle_transport_udp_batch_time_microseconds') ?? assert.fail('no such family')
    const buckets = samples.filter(({ name }) => name.endsWith('_bucket'))
    assert.deepEqual(buckets.map(({ value }) => value), buckets.map(({ value }) => value).toSorted((a, b) => a - b))
    assert.equal(buckets.at(-1)?.labels.le, '+Inf')
    assert.equal(buckets.at(-1)?.value, 1_000)
  })

  it('have the names that the table tells', () => {
    const families = parse(printPrometheus(metricsOf()))
    const told = new Set(metricTable().map((entry) => prometheusName(entry).replace(/\{.*$/, '')))
    assert.deepEqual([...families.keys()].toSorted(), [...told].toSorted())
  })

  it('escape what a label may not hold', () => {
    const text = printPrometheus([{ name: 'room.group.a"b\\c', kind: 'counter', value: 1, about: 'one\ntwo \\ three' }])
    assert.deepEqual(parse(text).get('waggle_room_group_total'), { type: 'counter', help: 'one\\ntwo \\\\ three', samples: [{ name: 'waggle_room_group_total', labels: { group: 'a\\"b\\\\c' }, value: 1 }] })
  })

  it('are one number each for the command line, histograms as quantiles', () => {
    const transport = transportCounters()
    for (let i = 0; i < 100; i++) countInto(transport, HISTOGRAM.udpBatch, 7, i < 95 ? 1 : 64)
    const lines = new Map(metricsOf(transport).flatMap(flatten).map(({ name, value }) => [name, value]))
    assert.deepEqual(['count', 'p50', 'p90', 'p99'].map((part) => lines.get(`transport.udp_batch.${part}`)), [100, 1, 1, 33])
  })
})

function fetchFrom(port: number, path: string, method = 'GET'): Promise<{ status: number; type: string | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, method, agent: false }, (response: IncomingMessage) => {
      let body = ''
      response.on('data', (chunk: Buffer) => (body += chunk.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'], body }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('the address of the metrics', () => {
  it('gives them at /metrics, by GET and HEAD, and nothing elsewhere', async () => {
    const http = await openMetrics('127.0.0.1:0', () => 'waggle_x 1\n')
    try {
      assert.deepEqual(await fetchFrom(http.port, '/metrics'), { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: 'waggle_x 1\n' })
      assert.equal((await fetchFrom(http.port, '/metrics?name[]=x')).status, 200)
      assert.deepEqual(await fetchFrom(http.port, '/metrics', 'HEAD').then(({ status, body }) => [status, body]), [200, ''])
      assert.equal((await fetchFrom(http.port, '/metrics', 'POST')).status, 405)
      for (const path of ['/', '/metrics/', '/%2e%2e/etc/passwd', '//metrics']) assert.equal((await fetchFrom(http.port, path)).status, 404, path)
    } finally {
      await http.close()
    }
  })

  it('takes no more connections than it may, and closes with those that never ask', { timeout: HTTP_REQUEST_MS }, async () => {
    const http = await openMetrics('127.0.0.1:0', () => '')
    const sockets = Array.from({ length: MAX_HTTP_CONNECTIONS + 1 }, () => connect(http.port, '127.0.0.1').on('error', () => undefined))
    await Promise.race(sockets.map((socket) => new Promise((resolve) => socket.on('close', resolve))))
    const left = sockets.filter((socket) => !socket.destroyed)
    assert.ok(left.length >= MAX_HTTP_CONNECTIONS - 1, `${left.length} left`)
    await http.close()
    for (const socket of sockets) socket.destroy()
  })

  it('moves with the config, says where it is, and where it cannot be says so and tries again', async () => {
    const told: string[] = []
    const address = new MetricsAddress({ print: () => 'x\n', onOpen: (at) => void told.push(`open ${at}`), onRefused: (at, reason) => void told.push(`refused ${at}: ${reason}`) })
    await address.take(undefined)
    assert.deepEqual(told, [])
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    await address.take(`127.0.0.1:${port}`)
    assert.match(told[0], new RegExp(`^refused 127\\.0\\.0\\.1:${port}: .*address`))
    await new Promise((resolve) => other.close(resolve))
    await address.take(`127.0.0.1:${port}`)
    await address.take(`127.0.0.1:${port}`)
    assert.deepEqual(told.slice(1), [`open 127.0.0.1:${port}`])
    assert.equal((await fetchFrom(port, '/metrics')).body, 'x\n')
    await address.take(undefined)
    await assert.rejects(fetchFrom(port, '/metrics'), /ECONNREFUSED/)
  })
})

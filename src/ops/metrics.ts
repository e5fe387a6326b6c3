/**
 * Everything that `waggle stats` and Prometheus are told: the counts and histograms of sockets and server, each
 * a table in its own room, and what the process as a whole measures, whose table stands here. Names are joined
 * to one flat list, so that a script finds a number by one key.
 *
 *     transport.udp_received      from TRANSPORT_COUNTERS.udpReceived
 *     transport.udp_batch         from TRANSPORT_HISTOGRAMS.udpBatch
 *     server.rcode.NXDOMAIN       from COUNTER_NAMES
 *     server.udp_size             from SERVER_HISTOGRAMS.udpSize
 *     process.uptime_seconds      from PROCESS_METRICS below
 */
import { type Histogram, type HistogramShape, quantile, readHistogram } from '../dns/histogram.ts'
import { EMBEDDING_COUNTERS } from '../discovery/intent/embedder.ts'
import { PROBE_COUNTERS, type ProbeCounter, Prober } from '../discovery/probe/prober.ts'
import { OUTCOME_COUNTERS, OutcomeDesk, type OutcomeCounter } from '../discovery/sense/outcomes.ts'
import { PULL_COUNTERS, type PullCounter, Puller } from '../discovery/sense/puller.ts'
import { COUNTER_NAMES, type CounterGroup, SERVER_HISTOGRAM, SERVER_HISTOGRAMS } from '../server/counters.ts'
import { SESSION_COUNTERS, type SessionCounter, Sessions } from '../server/sessions.ts'
import { RECURSION_HISTOGRAM, RECURSION_HISTOGRAMS, recursionLines, type RecursionMeasured } from './recursion-metrics.ts'
import { UPDATE_COUNTERS, UPDATE_HISTOGRAM, UPDATE_HISTOGRAMS, UpdateCounts } from '../update/counters.ts'
import { HISTOGRAM, sumCounters, TRANSPORT_COUNTER_NAMES, TRANSPORT_COUNTERS, TRANSPORT_HISTOGRAMS, type TransportCounters } from '../transport/counters.ts'

/** A number with its name and meaning. A counter only grows while the process lives; a gauge may fall. */
export interface MetricLine {
  name: string
  kind: 'counter' | 'gauge'
  value: number
  about: string
}

/** A histogram with its name and meaning. */
export interface HistogramLine {
  name: string
  kind: 'histogram'
  histogram: Histogram
  about: string
  unit: HistogramShape['unit']
}

/** Anything that is measured. */
export type Metric = MetricLine | HistogramLine

/** Histograms of the sockets and of the answering path, several threads' added up. */
export function histogramMetrics(transport: readonly Float64Array[], server: readonly Float64Array[]): HistogramLine[] {
  return [...histogramsOf('transport', TRANSPORT_HISTOGRAMS, HISTOGRAM, transport), ...histogramsOf('server', SERVER_HISTOGRAMS, SERVER_HISTOGRAM, server)]
}

function histogramsOf<Name extends string>(
  room: string, shapes: Readonly<Record<Name, HistogramShape>>, at: Readonly<Record<Name, number>>, arrays: readonly Float64Array[],
): HistogramLine[] {
  return Object.entries<HistogramShape>(shapes).map(([name, { about, unit, buckets }]) => ({
    name: `${room}.${snakeCase(name)}`, kind: 'histogram', histogram: readHistogram(arrays, at[name as Name], buckets), about, unit,
  }))
}

/** Shares of all values whose bounds `waggle stats` prints, by the last part of their names. */
export const QUANTILES = { p50: 0.5, p90: 0.9, p99: 0.99 } as const

/** A histogram as single numbers: how many values, and what half, nine of ten and 99 of 100 do not pass. */
export function flatten(metric: Metric): MetricLine[] {
  if (metric.kind !== 'histogram') return [metric]
  const { name, histogram, about, unit } = metric
  const of = Object.entries(QUANTILES).map(([part, share]): MetricLine => ({
    name: `${name}.${part}`, kind: 'gauge', value: Math.round(quantile(histogram, share)), about: `${about}, in ${unit}: ${share * 100} % stay within`,
  }))
  return [{ name: `${name}.count`, kind: 'counter', value: histogram.count, about: `${about}: how many were counted` }, ...of]
}

/** Counters of the sockets, by the names of TRANSPORT_COUNTERS. */
export function transportMetrics(arrays: readonly TransportCounters[]): MetricLine[] {
  const sums = sumCounters(arrays)
  return TRANSPORT_COUNTER_NAMES.map((name) => ({ name: `transport.${snakeCase(name)}`, kind: 'counter', value: sums[name], about: TRANSPORT_COUNTERS[name] }))
}

/** What one more in a bucket of each group means; the groups and buckets themselves stand in src/server/counters.ts. */
const SERVER_GROUPS: Readonly<Record<CounterGroup, string>> = {
  transport: 'messages received over this',
  opcode: 'messages received with this opcode',
  qtype: 'questions of this type',
  qclass: 'questions of this class',
  edns: 'messages that say this of EDNS',
  cookie: 'cookies received that prove this',
  rcode: 'responses with this code',
  response: 'responses of this kind',
  deferred: 'messages left to the core for this',
  dropped: 'messages met with silence for this',
  fault: 'messages on which the server failed: a bug',
}

/** Counters of the answering path, by COUNTER_NAMES, several threads' added up. */
export function serverMetrics(arrays: readonly Float64Array[]): MetricLine[] {
  return COUNTER_NAMES.map((name, i) => {
    const value = arrays.reduce((sum, counts) => sum + counts[i], 0)
    return { name: `server.${name}`, kind: 'counter', value, about: SERVER_GROUPS[name.slice(0, name.indexOf('.')) as CounterGroup] }
  })
}

/** Updates of zones, by the names of UPDATE_COUNTERS, and their batches and syncs. */
export function updateMetrics(values: Float64Array): Metric[] {
  const counters = Object.entries<string>(UPDATE_COUNTERS).map(([name, about], i): MetricLine => ({ name: `update.${name}`, kind: 'counter', value: values[i], about }))
  return [...counters, ...histogramsOf('update', UPDATE_HISTOGRAMS, UPDATE_HISTOGRAM, [values])]
}

type Counts<Counter extends string> = Readonly<Record<Counter, number>>

/** What became of the outcomes that askers told, of the probes of agents, and of the readings that were fetched. */
export function discoveryMetrics(outcomes: Counts<OutcomeCounter>, probes: Counts<ProbeCounter>, pulls: Counts<PullCounter>): MetricLine[] {
  const values: Readonly<Record<string, number>> = { ...outcomes, ...probes, ...pulls }
  return Object.entries<string>({ ...OUTCOME_COUNTERS, ...PROBE_COUNTERS, ...PULL_COUNTERS }).map(([name, about]) => ({ name: `discovery.${name}`, kind: 'counter', value: values[name], about }))
}

/** Sessions and what is subscribed to in them, and what they have come to. */
export function pushMetrics({ size, subscriptions, pushes, counts }: Pick<Sessions, 'size' | 'subscriptions' | 'counts'> & { readonly pushes: { readonly size: number } }): MetricLine[] {
  const now = { sessions: [size, 'sessions over TCP now'], subscriptions: [subscriptions, 'subscriptions in them'], topics: [pushes.size, 'different topics that are watched for them'] } as const
  return [
    ...Object.entries(now).map(([name, [value, about]]): MetricLine => ({ name: `push.${name}`, kind: 'gauge', value, about })),
    ...Object.entries<string>(SESSION_COUNTERS).map(([name, about]): MetricLine => ({ name: `push.${name}`, kind: 'counter', value: counts[name as SessionCounter], about })),
  ]
}

/** What was asked of the embeddings endpoint, by the names of EMBEDDING_COUNTERS. */
export function embeddingMetrics(values: Float64Array): MetricLine[] {
  return Object.entries<string>(EMBEDDING_COUNTERS).map(([name, about], i) => ({ name: `embedding.${name}`, kind: 'counter', value: values[i], about }))
}

/** The recursive service and its cache, and how long others took to answer. */
export function recursionMetrics(measured: RecursionMeasured, values: readonly Float64Array[]): Metric[] {
  return [...recursionLines(measured), ...histogramsOf('recursion', RECURSION_HISTOGRAMS, RECURSION_HISTOGRAM, values)]
}

/** What the process measures: name, kind and meaning. */
export const PROCESS_METRICS = {
  'process.uptime_seconds': ['gauge', 'seconds since the server was ready'],
  'process.cpu_seconds': ['counter', 'processor time used, user and system'],
  'process.memory_rss_octets': ['gauge', 'resident memory, shared zone images included'],
  'process.memory_heap_octets': ['gauge', 'memory of JavaScript objects'],
  'zones.served': ['gauge', 'zones in service'],
  'zones.records': ['gauge', 'records in these zones'],
  'zones.octets': ['gauge', 'octets of their images in use'],
  'zones.on_old_data': ['gauge', 'zones kept as they were, as their last reload failed'],
  'reloads.done': ['counter', 'reloads after which everything read was served'],
  'reloads.failed': ['counter', 'reloads that left something as it was'],
  'tcp.connections': ['gauge', 'TCP connections open now'],
} as const satisfies Record<string, readonly ['counter' | 'gauge', string]>

/** The name of a metric of the process. */
export type ProcessMetric = keyof typeof PROCESS_METRICS

/** What the process measures, as lines. */
export function processMetrics(measured: Readonly<Record<ProcessMetric, number>>): MetricLine[] {
  return Object.entries(PROCESS_METRICS).map(([name, [kind, about]]) => ({ name, kind, value: measured[name as ProcessMetric], about }))
}

/** One line of the metrics' table. */
export interface MetricEntry {
  name: string
  kind: Metric['kind']
  about: string
  /** Of a histogram. */
  unit?: HistogramShape['unit']
}

/** Every metric for the docs, the buckets of a group as one: `server.rcode.*`. */
export function metricTable(): MetricEntry[] {
  const histograms = histogramMetrics([], []).map(({ name, kind, about, unit }) => ({ name, kind, unit, about: `${about}, in ${unit}` }))
  const server = Object.entries(SERVER_GROUPS).map(([group, about]) => ({ name: `server.${group}.*`, kind: 'counter' as const, about }))
  const sockets = TRANSPORT_COUNTER_NAMES.map((name) => ({ name: `transport.${snakeCase(name)}`, kind: 'counter' as const, about: TRANSPORT_COUNTERS[name] }))
  const entryOf = (metric: Metric): MetricEntry => (metric.kind === 'histogram' ? { ...metric, about: `${metric.about}, in ${metric.unit}` } : metric)
  const updates = updateMetrics(new UpdateCounts().values).map(entryOf)
  const outcomes = new OutcomeDesk({ candidatesAbove: () => undefined, nowMs: () => 0, onBroken: () => undefined })
  const prober = new Prober({ nowMs: () => 0, random: () => 0, zones: () => [], onTurned: () => undefined })
  const puller = new Puller({ nowMs: () => 0, random: () => 0, zoneAbove: () => undefined, ask: () => Promise.resolve(undefined) })
  const discovery = discoveryMetrics(outcomes.counts, prober.counts, puller.counts)
  const push = pushMetrics(new Sessions({ open: () => ({ rcode: 0 }), admits: () => false, nowMs: () => 0, every: () => () => undefined, onCut: () => undefined }))
  const recursion = recursionMetrics({ counters: [], underWay: 0, inFlight: 0, levels: { entries: 0, octets: 0, size: 0 } }, []).map(entryOf)
  const own = Object.entries(PROCESS_METRICS).map(([name, [kind, about]]) => ({ name, kind, about }))
  const embedding = embeddingMetrics(new Float64Array(Object.keys(EMBEDDING_COUNTERS).length))
  return [...server, ...sockets, ...histograms, ...oneOfEach(updates), ...oneOfEach(discovery), ...push, ...embedding, ...oneOfEach(recursion), ...own]
}

/** Lines of one group as one: `update.verdict.*`. */
function oneOfEach(entries: readonly MetricEntry[]): MetricEntry[] {
  const grouped = entries.map((entry) => {
    const [room, group, bucket] = entry.name.split('.')
    return bucket === undefined ? entry : { ...entry, name: `${room}.${group}.*` }
  })
  return grouped.filter((entry, i) => grouped.findIndex(({ name }) => name === entry.name) === i)
}

/** `udp_received` for `udpReceived`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => `_${letters.toLowerCase()}`)
}

/**
 * The metrics by which agents are described, measured, bounded and preferred (docs/protocol.md 3, paper 5.2): one row
 * each, in the order of their keys. Everything that treats all of them alike goes by the index of the row.
 */
import { PARAMETERS } from '../../dns/parameters.ts'

/** Index of a metric in METRICS. */
export const METRIC = { latency: 0, accuracy: 1, concurrency: 2, cost: 3, stability: 4, history: 5, uplink: 6, downlink: 7, errors: 8 } as const
/** A value of METRIC. */
export type Metric = (typeof METRIC)[keyof typeof METRIC]
/** How many there are. */
export const METRIC_COUNT = 9

/** One metric. */
export interface MetricRow {
  readonly name: keyof typeof METRIC
  readonly key: number
  /** A demand bounds it from above; else from below. */
  readonly atMost: boolean
  /** Octets of its value. */
  readonly size: 2 | 4
}

function row(name: keyof typeof METRIC, atMost: boolean, size: 2 | 4): MetricRow {
  return { name, key: PARAMETERS[name].key, atMost, size }
}

/** Every metric at its index. */
export const METRICS: readonly MetricRow[] = [
  row('latency', true, 4),
  row('accuracy', false, 2),
  row('concurrency', false, 4),
  row('cost', true, 4),
  row('stability', false, 2),
  row('history', false, 2),
  row('uplink', false, 4),
  row('downlink', false, 4),
  row('errors', true, 2),
]

/** Largest value of a metric of two octets: a ratio in ten-thousandths (docs/protocol.md 3). */
export const WHOLE_RATIO = 10_000

/** States: at rest, and at the end of some work, able to take new (docs/protocol.md 3). */
export const [IDLE, TRANSITION] = [0, 1]
/** First state that takes no new work: draining, and behind it failed (docs/protocol.md 3). */
export const DRAINING = 3
/** The last state. */
export const FAILED = 4

/** The metric whose parameter has `key`; -1 where none has. */
export function metricOf(key: number): number {
  for (let i = 0; i < METRIC_COUNT; i++) if (METRICS[i].key === key) return i
  return -1
}

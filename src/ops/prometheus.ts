/**
 * The metrics in the text format that Prometheus reads (version 0.0.4), from the same list that `waggle stats`
 * prints. Names follow by rule: `waggle_`, dots as underscores, `_total` behind a counter. Counters of one group
 * are one family with a label named after the group:
 *
 *     server.rcode.NXDOMAIN      waggle_server_rcode_total{rcode="NXDOMAIN"} 31
 *     transport.udp_received     waggle_transport_udp_received_total 1200
 *     server.udp_size            waggle_server_udp_size_octets_bucket{le="64"} 7   …_sum   …_count
 *     zones.served               waggle_zones_served 4
 */
import { boundOf } from '../dns/histogram.ts'
import type { HistogramLine, Metric, MetricEntry, MetricLine } from './metrics.ts'

/** MIME type of the format. */
export const PROMETHEUS_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** The metrics as text: HELP, TYPE and samples of each family. */
export function printPrometheus(metrics: readonly Metric[]): string {
  const lines: string[] = []
  const begun = new Set<string>()
  for (const metric of metrics) {
    const family = familyOf(metric)
    if (!begun.has(family)) {
      begun.add(family)
      lines.push(`# HELP ${family} ${metric.about.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${family} ${metric.kind}`)
    }
    lines.push(...(metric.kind === 'histogram' ? histogramSamples(family, metric) : [sample(family, metric)]))
  }
  return `${lines.join('\n')}\n`
}

/** The family of a metric; of a line of the metrics' table too, with `{GROUP="…"}` behind the name of a group's. */
export function prometheusName(entry: MetricEntry): string {
  const [, group, bucket] = entry.name.split('.')
  return bucket === '*' ? `${familyOf(entry)}{${group}="…"}` : familyOf(entry)
}

function familyOf({ name, kind, unit }: { name: string; kind: Metric['kind']; unit?: string }): string {
  const [room, metric] = name.split('.')
  const suffix = kind === 'counter' ? '_total' : unit === undefined ? '' : `_${unit}`
  return `waggle_${room}_${metric}${suffix}`
}

function sample(family: string, { name, value }: MetricLine): string {
  const [, group, ...bucket] = name.split('.')
  const label = bucket.join('.').replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
  return bucket.length === 0 ? `${family} ${value}` : `${family}{${group}="${label}"} ${value}`
}

/** Buckets are cumulative in this format: each counts all values that do not pass its bound. */
function histogramSamples(family: string, { histogram }: HistogramLine): string[] {
  const { counts, count, sum } = histogram
  let below = 0
  const buckets = counts.map((inBucket, i) => {
    below += inBucket
    const bound = boundOf(i, counts.length)
    return `${family}_bucket{le="${bound === Infinity ? '+Inf' : bound}"} ${below}`
  })
  return [...buckets, `${family}_sum ${sum}`, `${family}_count ${count}`]
}

/**
 * What the process as a whole measures of itself, at the moment it is asked.
 */
import type { ProcessMetric } from './metrics.ts'
import type { ServedZone } from './zone-keeper.ts'

/** What only the running server knows. */
export interface Measured {
  zones: readonly ServedZone[]
  /** `performance.now()` of the start. */
  startMs: number
  reloads: { done: number; failed: number }
  tcpConnections: number
}

/** The value of every process metric now. */
export function measureProcess({ zones, startMs, reloads, tcpConnections }: Measured): Record<ProcessMetric, number> {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed } = process.memoryUsage()
  return {
    'process.uptime_seconds': Math.floor((performance.now() - startMs) / 1_000),
    'process.cpu_seconds': (user + system) / 1e6,
    'process.memory_rss_octets': rss,
    'process.memory_heap_octets': heapUsed,
    'zones.served': zones.length,
    'zones.records': zones.reduce((sum, { image }) => sum + image.recordCount, 0),
    'zones.octets': zones.reduce((sum, { image }) => sum + image.usedOctets, 0),
    'zones.on_old_data': zones.filter(({ refusal }) => refusal !== undefined).length,
    'reloads.done': reloads.done,
    'reloads.failed': reloads.failed,
    'tcp.connections': tcpConnections,
  }
}

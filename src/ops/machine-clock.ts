/**
 * The machine's monotonic clock as every thread reads it: `performance.now()` counts from the start of its own
 * thread, this from one moment for all of them.
 */
import { performance } from 'node:perf_hooks' // not the global: transport/clock.ts says why

const AHEAD_MS = Number(process.hrtime.bigint() / 1_000n) / 1_000 - performance.now()

/** Milliseconds since a moment that is the same for all threads; never goes back. */
export function machineMs(): number {
  return performance.now() + AHEAD_MS
}

/**
 * The machine's monotonic clock as every thread reads it: `performance.now()` counts from the start of its own
 * thread, this from one moment for all of them.
 */
import { performance } from 'node:perf_hooks' // not the global: transport/clock.ts says why
import { THREAD_CLOCK_STEP_MS } from '../dns/limits.ts'

/** Readings of both clocks, of which the closest counts: whoever is put aside between the two reads them apart. */
const READINGS = 8
const AHEAD_MS = Math.max(...Array.from({ length: READINGS }, () => Number(process.hrtime.bigint() / 1_000n) / 1_000 - performance.now()))

/** Milliseconds since a moment that is the same for all threads; never goes back. */
export function machineMs(): number {
  return performance.now() + AHEAD_MS
}

/** The two clocks that answers go by. */
export interface AnswerClock {
  /** Milliseconds since 1970, which may jump. */
  unixMs(): number
  /** Those of `machineMs`. */
  machineMs(): number
}

/** Reads a clock for each question. */
export const questionClock: AnswerClock = { unixMs: () => Date.now(), machineMs }

/** Tells what time it was when the loop of a thread began its batch: to read a clock costs a tenth of an answer. */
export class BatchClock implements AnswerClock {
  private batchMs = machineMs()
  private unixAheadMs = Date.now() - this.batchMs
  private readAtMs = this.batchMs

  /** The monotonic clock, for the loop, which asks at the begin and the end of each batch. How far the wall clock is ahead of it is looked at every THREAD_CLOCK_STEP_MS. */
  nowMs(): number {
    const nowMs = (this.batchMs = machineMs())
    if (nowMs - this.readAtMs < THREAD_CLOCK_STEP_MS) return nowMs
    this.readAtMs = nowMs
    this.unixAheadMs = Date.now() - nowMs
    return nowMs
  }

  unixMs(): number {
    return this.batchMs + this.unixAheadMs
  }

  machineMs(): number {
    return this.batchMs
  }
}

/**
 * Time, handed in, so that tests see connections grow old without waiting.
 */
import { performance } from 'node:perf_hooks' // the global of that name is looked up anew at each use, which takes as long as the reading

/** A clock that never jumps and the timers that go by it. Each timer returns what cancels it. */
export interface Clock {
  /** Milliseconds since some fixed moment; only differences mean anything. */
  nowMs(): number
  /** Runs `run` once after `delayMs`. A waiting timer does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void
  /** Runs `run` every `delayMs`. It does not keep the process alive. */
  every(delayMs: number, run: () => void): () => void
  /** Runs `run` after the input and output that is already waiting. */
  soon(run: () => void): void
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs).unref()
    return () => clearTimeout(timer)
  },
  every(delayMs, run) {
    const timer = setInterval(run, delayMs).unref()
    return () => clearInterval(timer)
  },
  soon: (run) => void setImmediate(run),
}

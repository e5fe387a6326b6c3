/**
 * The clock that leases run by. It is read off a wall clock once, at the start, and from then on moves with a
 * monotonic one, so that whatever is done to the wall clock while the server runs ends no lease early and brings none back.
 *
 *     start      now = the later of the wall clock and the last time that was kept
 *     running    now = start + monotonic time since
 *     restart    a wall clock that went back does not prolong leases: time stands where it was last seen
 *                a wall clock that went forward cannot be told from a long stop: leases that ran out meanwhile end
 */

/** What the clock is made of, handed in. */
export interface ClockSources {
  /** Milliseconds since 1970, by a clock that may be set. */
  wallMs(): number
  /** Milliseconds since whenever, by a clock that only moves forward. */
  monotonicMs(): number
}

/** Milliseconds since 1970 that never jump; see above. */
export class SteadyClock {
  private readonly sources: ClockSources
  private readonly originMs: number

  /** `lastSeenMs` is the latest time that an earlier run has kept, 0 where there was none. */
  constructor(sources: ClockSources, lastSeenMs = 0) {
    this.sources = sources
    this.originMs = Math.max(sources.wallMs(), lastSeenMs) - sources.monotonicMs()
  }

  nowMs(): number {
    return Math.floor(this.originMs + this.sources.monotonicMs())
  }

  /** What to add to the monotonic clock for the time: other threads, which read the same monotonic clock, take this. */
  get offsetMs(): number {
    return this.originMs
  }
}

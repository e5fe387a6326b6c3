/** What is looked after now and then, but only while there is something to look after: a server that has nothing to do sleeps. */
import type { Clock } from '../transport/clock.ts'

/** Runs something every so often while it is wanted; not at first. */
export class Ticker {
  private halt: (() => void) | undefined
  private readonly clock: Pick<Clock, 'every'>
  private readonly everyMs: number
  private readonly run: () => void

  constructor(clock: Pick<Clock, 'every'>, everyMs: number, run: () => void) {
    this.clock = clock
    this.everyMs = everyMs
    this.run = run
  }

  /** Begins or ends it; nothing changes where it is as wanted. */
  want(isWanted: boolean): void {
    if (isWanted === (this.halt !== undefined)) return
    this.halt?.()
    this.halt = isWanted ? this.clock.every(this.everyMs, this.run) : undefined
  }
}

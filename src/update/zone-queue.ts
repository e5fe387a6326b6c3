/**
 * What waits to change one zone, and who is next. One batch is under way at a time (RFC 2136 3.7); what comes
 * meanwhile is the next, so that a busy zone needs few syncs of the store and a quiet one waits for nothing.
 */
import { MAX_UPDATE_BATCH, MAX_WAITING_UPDATES } from '../dns/limits.ts'

/** A queue of jobs for `carryOut`, which must not reject. */
export class ZoneQueue<Job> {
  private jobs: Job[] = []
  /** Batches under way; undefined where none is. */
  private running: Promise<void> | undefined
  private holds = 0
  private isPlanned = false
  private readonly carryOut: (batch: Job[]) => Promise<void>
  private readonly soon: (run: () => void) => void
  private readonly rest: () => void

  /** `soon` runs a function after what has arrived already has been submitted too; `rest` is called behind a batch that no other follows at once. */
  constructor(carryOut: (batch: Job[]) => Promise<void>, soon: (run: () => void) => void, rest: () => void) {
    this.carryOut = carryOut
    this.soon = soon
    this.rest = rest
  }

  /** Jobs that wait. */
  get length(): number {
    return this.jobs.length
  }

  /** Takes a job; false where too many wait. */
  submit(job: Job): boolean {
    if (this.jobs.length >= MAX_WAITING_UPDATES) return false
    this.jobs.push(job)
    this.plan()
    return true
  }

  /** Lets the batch under way end and starts no other until the function given is called. */
  async hold(): Promise<() => void> {
    this.holds++
    await this.running
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.holds--
      this.plan()
    }
  }

  /** Takes out all that waits. */
  clear(): Job[] {
    return this.jobs.splice(0)
  }

  private plan(): void {
    if (this.isPlanned || this.running !== undefined || this.holds > 0 || this.jobs.length === 0) return
    this.isPlanned = true
    this.soon(() => {
      this.isPlanned = false
      if (this.holds > 0 || this.running !== undefined) return
      this.running = this.run().finally(() => {
        this.running = undefined
        this.plan()
      })
    })
  }

  private async run(): Promise<void> {
    while (this.jobs.length > 0 && this.holds === 0) await this.carryOut(this.jobs.splice(0, MAX_UPDATE_BATCH))
    this.rest()
  }
}

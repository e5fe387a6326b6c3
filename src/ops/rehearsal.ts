/**
 * Rehearses updates after a start. Code that has never run costs V8 four to six times what it costs once it is compiled for
 * what it is used for, so that the first thousands of updates after a start would be slow; a server that waits for
 * its first one has time to play some on a stage of its own (rehearsal-stage.ts) before.
 *
 *     ready ─► round ─► rest ─► round ─► rest ─► …  all are played, or their processor time is used up ─► over, garbage collected
 *                         │ an update has come in earnest, or the server stops ─► over at once
 *
 * Rounds are short, and each is followed by a rest as long as it took, so that whatever else the main thread has to do
 * waits for a few milliseconds at most.
 */
import { RCODE } from '../dns/codes.ts'
import { REHEARSAL_BUDGET_MS, REHEARSAL_ROUND, REHEARSAL_UPDATES } from '../dns/limits.ts'
import type { Clock } from '../transport/clock.ts'

/** Why a rehearsal is over: everything was played, its time was used up, it was not needed any more, or a response was not NOERROR. */
export type RehearsalEnd = 'played' | 'spent' | 'needless' | 'failed'

/** Where updates are played. */
export interface Stage {
  /** Responses by RCODE. */
  readonly responses: ReadonlyMap<number, number>
  open(): Promise<void>
  play(count: number): Promise<void>
}

/** What a rehearsal needs. */
export interface RehearsalOptions {
  /** Called when it begins. */
  makeStage: () => Stage
  clock: Pick<Clock, 'nowMs' | 'after'>
  /** Processor time of the process so far, of all threads. */
  spentMs: () => number
  /** Whether updates have come in earnest. */
  isNeedless: () => boolean
  /** Told when it is over, unless it was stopped. */
  onEnd: (end: RehearsalEnd) => void
}

/** One rehearsal. */
export class Rehearsal {
  /** Updates played. */
  played = 0
  private readonly options: RehearsalOptions
  private startMs = 0
  private cancel: () => void
  private isStopped = false

  /** Begins with the next turn of the clock's timers. */
  constructor(options: RehearsalOptions) {
    this.options = options
    this.cancel = options.clock.after(0, () => {
      this.startMs = options.spentMs()
      const stage = options.makeStage()
      void this.round(stage, () => stage.open())
    })
  }

  /** Plays no further round. */
  stop(): void {
    this.isStopped = true
    this.cancel()
  }

  /** Does one thing on the stage, rests as long as that took, and goes on. */
  private async round(stage: Stage, act: () => Promise<void>): Promise<void> {
    const { clock } = this.options
    const beganMs = clock.nowMs()
    const isWhole = await act().then(() => true, () => false)
    if (this.isStopped) return
    const end = isWhole ? this.endAfter(stage) : 'failed'
    if (end !== undefined) return this.finish(end)
    this.cancel = clock.after(Math.ceil(clock.nowMs() - beganMs), () => {
      const count = Math.min(REHEARSAL_ROUND, REHEARSAL_UPDATES - this.played)
      this.played += count
      void this.round(stage, () => stage.play(count))
    })
  }

  private endAfter({ responses }: Stage): RehearsalEnd | undefined {
    const { spentMs, isNeedless } = this.options
    if (isNeedless()) return 'needless'
    for (const rcode of responses.keys()) if (rcode !== RCODE.NOERROR) return 'failed'
    if (this.played >= REHEARSAL_UPDATES) return 'played'
    return spentMs() - this.startMs >= REHEARSAL_BUDGET_MS ? 'spent' : undefined
  }

  private finish(end: RehearsalEnd): void {
    this.cancel = () => undefined
    this.options.onEnd(end)
  }
}

/** Whether an agent lives, as its probes tell: so many in a row turn the belief, so that one lost packet takes nobody out and one lucky answer brings nobody back. */
import { PROBE_BACKOFF_MS } from '../../dns/limits-discovery.ts'

/** When belief turns, and how often it is looked at. */
export interface HealthRules {
  /** Probes in a row that an agent passes before it is back. */
  readonly rise: number
  /** Probes in a row that it fails before it is out. */
  readonly fall: number
  readonly periodMs: number
}

/** How far a wait is shortened by chance, so that agents that came together do not stay so; never lengthened: `fall` periods are a promise. */
const JITTER = 0.1

/** What is believed of one agent. */
export class Health {
  /** It is believed to have failed. */
  isOut = false
  private inRow = 0
  private hasPassed = false
  /** Since it went out. */
  private failures = 0

  /** Takes the outcome of a probe; whether belief has turned. */
  note(isAlive: boolean, { rise, fall }: HealthRules): boolean {
    this.hasPassed ||= isAlive
    const isAgainst = isAlive === this.isOut
    this.inRow = isAgainst ? this.inRow + 1 : 0
    if (this.inRow < (this.isOut ? rise : fall)) {
      if (!isAgainst && !isAlive) this.failures++
      return false
    }
    this.isOut = !this.isOut
    this.inRow = this.failures = 0
    return true
  }

  /** Milliseconds to the next probe; `random` is from 0 up to 1. Where no probe was ever passed, the address may be a stranger's: waits double up to PROBE_BACKOFF_MS. */
  waitMs({ periodMs }: HealthRules, random: number): number {
    const even = periodMs * (1 - JITTER * random)
    if (!this.isOut || this.hasPassed) return even
    return Math.max(even, Math.min(PROBE_BACKOFF_MS, even * 2 ** Math.min(this.failures, 32)))
  }
}

/**
 * Questions that wait for servers of a zone, bounded for each zone: one that is silent under a flood leaves room for the
 * others (BIND's fetches-per-zone). One whose servers answer may hold more, as much as is still free, so that a burst of
 * questions that is answered in a moment fails nobody, and there is always something left for the next (dynamic thresholds:
 * Choudhury and Hahne, 1998). Who finds no place waits a moment for one: a burst for a zone that nobody has asked for yet
 * is let in as soon as its servers have answered the first, and one for servers that are silent ends in that moment.
 */
import { MAX_PLACE_WAITERS, MAX_QUESTIONS_PER_ZONE, MAX_QUESTIONS_UNDER_WAY, PLACE_WAIT_MS } from '../dns/limits-resolver.ts'
import type { Milliseconds } from './contract.ts'

/** Why a zone's bound does not count, or counts less. */
export type Standing = 'spared' | 'answering' | 'unknown'

/** Who waits for a place. */
interface Waiting {
  /** Evaluated whenever there may be a place. */
  readonly standing: () => Standing
  readonly untilMs: Milliseconds
  /** Told once whether it has a place. */
  readonly resume: (isTaken: boolean) => void
}

/** How many have a place with which zone, and who waits for one. */
export class BusyZones {
  private readonly counts = new Map<string, number>()
  /** By zone, those that have waited longest first; only zones that somebody waits for. */
  private readonly queues = new Map<string, Waiting[]>()
  private total = 0
  /** Questions that wait for a place. */
  waiting = 0

  /** Takes a place with the servers of the zone by this key; false where there is none. */
  take(zone: string, standing: Standing): boolean {
    const count = this.counts.get(zone) ?? 0
    const free = MAX_QUESTIONS_UNDER_WAY - this.total
    const most = standing === 'spared' ? Infinity : standing === 'answering' ? Math.max(MAX_QUESTIONS_PER_ZONE, free) : MAX_QUESTIONS_PER_ZONE
    if (count >= most) return false
    this.counts.set(zone, count + 1)
    this.total++
    return true
  }

  /** Gives it back. RangeError where none is taken: that is a bug of the caller. */
  give(zone: string): void {
    const count = this.counts.get(zone)
    if (count === undefined) throw new RangeError('Cannot give a place back as the zone holds none')
    if (count === 1) this.counts.delete(zone)
    else this.counts.set(zone, count - 1)
    this.total--
    this.admit(zone)
  }

  /** Waits for a place until `nowMs` and a moment more; false, and `resume` is never called, where too many wait. */
  wait(zone: string, standing: () => Standing, nowMs: Milliseconds, resume: (isTaken: boolean) => void): boolean {
    if (this.waiting >= MAX_PLACE_WAITERS) return false
    const queue = this.queues.get(zone) ?? []
    queue.push({ standing, untilMs: nowMs + PLACE_WAIT_MS, resume })
    this.queues.set(zone, queue)
    this.waiting++
    return true
  }

  /** Sends away who has waited long enough at `nowMs`. */
  expire(nowMs: Milliseconds): void {
    for (const [zone, queue] of this.queues) {
      const over = queue.findIndex(({ untilMs }) => untilMs > nowMs)
      for (const { resume } of this.release(zone, queue, over < 0 ? queue.length : over)) resume(false)
    }
  }

  /** Gives places to those that wait, as far as there are any. */
  private admit(zone: string): void {
    const queue = this.queues.get(zone)
    if (queue === undefined) return
    let count = 0
    while (count < queue.length && this.take(zone, queue[count].standing())) count++
    for (const { resume } of this.release(zone, queue, count)) resume(true)
  }

  /** The first `count` of a queue, taken out of it. */
  private release(zone: string, queue: Waiting[], count: number): Waiting[] {
    if (count === queue.length) this.queues.delete(zone)
    this.waiting -= count
    return queue.splice(0, count)
  }

  /** Zones that anybody waits for. */
  get size(): number {
    return this.counts.size
  }
}

/**
 * Questions that wait for servers of a zone, bounded for each zone: one that is silent under a flood leaves room for the
 * others (BIND's fetches-per-zone). One whose servers answer may hold more, as much as is still free, so that a burst of
 * questions that is answered in a moment fails nobody, and there is always something left for the next (dynamic thresholds:
 * Choudhury and Hahne, 1998).
 */
import { MAX_QUESTIONS_PER_ZONE, MAX_QUESTIONS_UNDER_WAY } from '../dns/limits-resolver.ts'

/** Why a zone's bound does not count, or counts less. */
export type Standing = 'spared' | 'answering' | 'unknown'

/** How many wait for which zone. */
export class BusyZones {
  private readonly counts = new Map<string, number>()
  private total = 0

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
  }

  /** Zones that anybody waits for. */
  get size(): number {
    return this.counts.size
  }
}

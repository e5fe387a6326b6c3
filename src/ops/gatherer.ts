/**
 * When one UDP thread is given the datagrams of all (src/transport/udp-gathering.ts): looked at once a second, by what the
 * threads have counted since.
 *
 *     on    few come, in small batches, and the time of waiting since it was last turned off is over
 *     off   many come, or in large batches: the thread is not done with some when the next are there
 *           at once, by the thread itself, where batch after batch is full or too much waits for the core
 *
 * Each time that it is turned off the time of waiting doubles, and halves with each second that it holds: what does not go well
 * for long, such as answers that take long to make, is hardly tried again.
 */
import { readHistogram } from '../dns/histogram.ts'
import { GATHER_BELOW, GATHER_WAIT_LOOKS, SPREAD_ABOVE, SPREAD_BATCH } from '../dns/limits.ts'
import { COUNTER, HISTOGRAM, TRANSPORT_HISTOGRAMS, type TransportCounters } from '../transport/counters.ts'
import type { Gathering } from '../transport/udp-gathering.ts'

type GatheringEnd = Pick<Gathering, 'isOn' | 'gather' | 'spread'>

/** Turns it on and off. */
export class Gatherer {
  private readonly gathering: GatheringEnd
  private readonly threads: readonly TransportCounters[]
  private readonly counters: TransportCounters
  private datagrams = 0
  private batches = 0
  private isOn = false
  /** Looks to wait after it was turned off next. */
  private patience = 1
  private waiting = 0

  /** `threads` are the counters of those that read UDP, `counters` the main thread's own. */
  constructor(gathering: GatheringEnd, threads: readonly TransportCounters[], counters: TransportCounters) {
    this.gathering = gathering
    this.threads = threads
    this.counters = counters
  }

  /** Looks what has come since the last look, a second ago. */
  look(): void {
    const { sum: datagrams, count: batches } = readHistogram(this.threads, HISTOGRAM.udpBatch, TRANSPORT_HISTOGRAMS.udpBatch.buckets)
    const come = datagrams - this.datagrams
    const isCrowded = come > SPREAD_BATCH * (batches - this.batches)
    this.datagrams = datagrams
    this.batches = batches
    if (this.isOn && !this.gathering.isOn) this.wasSpread() // by the thread
    if (this.isOn) this.holdOn(isCrowded || come > SPREAD_ABOVE)
    else if (this.waiting > 0) this.waiting--
    else if (!isCrowded && come < GATHER_BELOW && this.gathering.gather()) this.hasGathered()
  }

  /** The thread that is given all has died: it is given no more than its share for as long as it is ever waited. */
  spreadLong(): void {
    if (this.gathering.spread()) this.wasSpread()
    this.patience = GATHER_WAIT_LOOKS
    this.waiting = GATHER_WAIT_LOOKS
  }

  private holdOn(isTooMuch: boolean): void {
    if (isTooMuch && this.gathering.spread()) this.wasSpread()
    else this.patience = Math.max(1, this.patience / 2)
  }

  private hasGathered(): void {
    this.isOn = true
    this.counters[COUNTER.udpGathered]++
  }

  private wasSpread(): void {
    this.isOn = false
    this.counters[COUNTER.udpSpread]++
    this.patience = Math.min(GATHER_WAIT_LOOKS, this.patience * 2)
    this.waiting = this.patience
  }
}

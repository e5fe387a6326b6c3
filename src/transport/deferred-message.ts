/**
 * A deferred query in the thread of the core, wherever it came from: how its answer goes back is a function,
 * what it takes of the budget is given back once, at its end.
 */
import { countInto } from '../dns/histogram.ts'
import { COUNTER, HISTOGRAM, TRANSPORT_HISTOGRAMS, type TransportCounters } from './counters.ts'
import type { DeferralBudget } from './deferral-budget.ts'
import type { Deferred, Lasting, OnDeferred, Peer } from './handler.ts'

/** Sends one message of an answer; none, where the query ends without a further one. `more` follow. */
export type WayBack = (octets: Uint8Array | undefined, more: boolean) => void

/** What all deferred queries of one origin share; the counters are those of the core's thread. */
export interface DeferralOrigin {
  budget: DeferralBudget
  counters: TransportCounters
  /** Milliseconds since some fixed moment, with fractions. */
  nowMs: () => number
}

/** What sockets of the core's own thread need to defer. */
export interface MainDeferrals {
  origin: DeferralOrigin
  onDeferred: OnDeferred
}

/** A query that waits. */
export class DeferredMessage implements Deferred {
  readonly octets: Uint8Array
  readonly peer: Readonly<Peer>
  readonly #origin: DeferralOrigin
  readonly #wayBack: WayBack
  readonly #connectionOf: (() => Lasting) | undefined
  readonly #sinceMs: number
  #connection: Lasting | undefined
  #isOver = false

  /** Octets and peer are its own; the budget has let it in. `connectionOf` finds the connection where somebody asks for it, which few do. */
  constructor(octets: Uint8Array, peer: Readonly<Peer>, origin: DeferralOrigin, wayBack: WayBack, connectionOf?: () => Lasting) {
    this.octets = octets
    this.peer = peer
    this.#origin = origin
    this.#wayBack = wayBack
    this.#connectionOf = connectionOf
    this.#sinceMs = origin.nowMs()
  }

  get connection(): Lasting | undefined {
    return (this.#connection ??= this.#connectionOf?.())
  }

  reply(octets: Uint8Array, more = false): void {
    if (this.#isOver) return
    this.#wayBack(octets, more)
    if (!more) this.#end(COUNTER.deferAnswered)
  }

  drop(): void {
    if (this.#isOver) return
    this.#wayBack(undefined, false)
    this.#end(COUNTER.deferSilent)
  }

  #end(counter: number): void {
    const { budget, counters, nowMs } = this.#origin
    this.#isOver = true
    budget.giveBack(this.peer.address, this.octets.length)
    counters[counter]++
    const micros = Math.min(0x7fff_ffff, Math.max(0, Math.round((nowMs() - this.#sinceMs) * 1_000)))
    countInto(counters, HISTOGRAM.deferTime, TRANSPORT_HISTOGRAMS.deferTime.buckets, micros)
  }
}

/** A copy of a peer, which the transport fills again with the next. */
export function copyPeer({ transport, address, port }: Peer): Peer {
  return { transport, address: address.slice(), port }
}

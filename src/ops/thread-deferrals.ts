/**
 * The core's side of one socket thread: what the thread defers becomes messages for the core, and the core's
 * answers find their way back, over UDP by the thread's own sockets from here, over TCP through the thread.
 *
 *     UDP   thread ──parcel──▶ core ──sendmmsg──▶ client
 *     TCP   thread ──parcel──▶ core ──parcel──▶ thread ──send──▶ client
 *                              core ──parcel──▶ thread ──send──▶ client, unasked, by a connection that lasts
 *
 * One belongs to one life of a thread: when the thread has died, its connections are gone, and another has their
 * places.
 */
import { COUNTER, type TransportCounters } from '../transport/counters.ts'
import { DeferralBudget, type DeferralLimits, type SharedBudget } from '../transport/deferral-budget.ts'
import { DeferredMessage, type DeferralOrigin } from '../transport/deferred-message.ts'
import { CALL, Returns, type UnpackedQuery, unpackQueries } from '../transport/deferral-parcel.ts'
import type { OnDeferred } from '../transport/handler.ts'
import { Lastings } from '../transport/lasting.ts'
import type { UdpReturns } from '../transport/udp-returns.ts'
import type { ThreadTask } from './thread-contract.ts'

/** What all threads need of the core. */
export interface CoreSide {
  onDeferred: OnDeferred
  /** Counters of the core's thread. */
  counters: TransportCounters
  udp: UdpReturns
  nowMs: () => number
  /** Runs once what is under way has had its turn. */
  soon: (run: () => void) => void
  limits?: Partial<DeferralLimits>
}

/** What a thread has deferred. */
export class ThreadDeferrals {
  private readonly task: ThreadTask
  private readonly core: CoreSide
  private readonly origin: DeferralOrigin
  private readonly returns: Returns
  /** Of a TCP thread. */
  private readonly lastings: Lastings
  private hasEnded = false

  /** `send` gives a parcel of answers to a TCP thread and wakes it. */
  constructor(task: ThreadTask, core: CoreSide, send: (parcel: ArrayBuffer) => void) {
    const { counters, nowMs, soon, limits = {} } = core
    this.task = task
    this.core = core
    this.origin = { budget: new DeferralBudget(limits), counters, nowMs }
    this.returns = new Returns(send, soon)
    this.lastings = new Lastings({ counters, soon }, this.returns)
  }

  /** What the thread is bounded by. */
  get budget(): SharedBudget {
    return this.origin.budget.shared
  }

  /** Takes a parcel of the thread. */
  receive(parcel: ArrayBuffer): void {
    unpackQueries(parcel, this.task.kind, (query) => this.core.onDeferred(this.messageOf(query)), (slot, life) => this.lastings.end(slot, life))
  }

  /** The thread has ended: nobody is left to take answers over TCP, and no connection lasts. */
  end(): void {
    this.hasEnded = true
    this.lastings.endAll()
  }

  private messageOf({ octets, peer, place, life, words, wayBackAt }: UnpackedQuery): DeferredMessage {
    const { task, core, lastings } = this
    if (task.kind === 'udp') return new DeferredMessage(octets, peer, this.origin, (answer) => answer !== undefined && core.udp.add(task.sockets[place], answer, words, wayBackAt))
    lastings.note(place, life)
    return new DeferredMessage(octets, peer, this.origin, (answer, more) => {
      if (!this.hasEnded) this.returns.add(place, life, answer, more ? CALL.more : CALL.last)
      else if (answer !== undefined) core.counters[COUNTER.deferLate]++
    }, () => lastings.of(place, life))
  }
}

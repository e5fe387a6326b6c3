/**
 * The core's side of one socket thread: what the thread defers becomes messages for the core, and the core's
 * answers find their way back, over UDP by the thread's own sockets from here, over TCP through the thread.
 *
 *     UDP   thread ──parcel──▶ core ──sendmmsg──▶ client
 *     TCP   thread ──parcel──▶ core ──parcel──▶ thread ──send──▶ client
 *
 * One belongs to one life of a thread: when the thread has died, its connections are gone, and another has their
 * places.
 */
import { COUNTER, type TransportCounters } from '../transport/counters.ts'
import { DeferralBudget, type DeferralLimits, type SharedBudget } from '../transport/deferral-budget.ts'
import { DeferredMessage, type DeferralOrigin, type WayBack } from '../transport/deferred-message.ts'
import { Returns, type UnpackedQuery, unpackQueries } from '../transport/deferral-parcel.ts'
import type { OnDeferred } from '../transport/handler.ts'
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
  private hasEnded = false

  /** `send` gives a parcel of answers to a TCP thread and wakes it. */
  constructor(task: ThreadTask, core: CoreSide, send: (parcel: ArrayBuffer) => void) {
    const { counters, nowMs, soon, limits = {} } = core
    this.task = task
    this.core = core
    this.origin = { budget: new DeferralBudget(limits), counters, nowMs }
    this.returns = new Returns(send, soon)
  }

  /** What the thread is bounded by. */
  get budget(): SharedBudget {
    return this.origin.budget.shared
  }

  /** Takes a parcel of the thread. */
  receive(parcel: ArrayBuffer): void {
    for (const query of unpackQueries(parcel, this.task.kind)) {
      this.core.onDeferred(new DeferredMessage(query.octets, query.peer, this.origin, this.wayBackOf(query)))
    }
  }

  /** The thread has ended: nobody is left to take answers over TCP. */
  end(): void {
    this.hasEnded = true
  }

  private wayBackOf({ place, life, words, wayBackAt }: UnpackedQuery): WayBack {
    const { task, core } = this
    if (task.kind === 'udp') return (octets) => octets !== undefined && core.udp.add(task.sockets[place], octets, words, wayBackAt)
    return (octets, more) => {
      if (!this.hasEnded) this.returns.add(place, life, octets, more)
      else if (octets !== undefined) core.counters[COUNTER.deferLate]++
    }
  }
}

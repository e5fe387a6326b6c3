/**
 * A core that answers nothing by itself: tests look at what was deferred and answer when they like, in any order.
 */
import { COUNTER, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { DeferralBudget, type DeferralLimits } from '../../src/transport/deferral-budget.ts'
import { DeferredMessage, type DeferralOrigin, type MainDeferrals } from '../../src/transport/deferred-message.ts'
import { CALL, type DeferralOptions, Returns, unpackQueries } from '../../src/transport/deferral-parcel.ts'
import type { Deferred } from '../../src/transport/handler.ts'
import { Lastings } from '../../src/transport/lasting.ts'
import type { MmsgSocket } from '../../src/transport/mmsg-socket.ts'
import type { EpollServer } from '../../src/transport/tcp-epoll.ts'
import { UdpReturns } from '../../src/transport/udp-returns.ts'
import { until } from './support.ts'

const soon = (run: () => void): void => void setImmediate(run)

/** What has been deferred. */
export class FakeCore {
  readonly deferred: Deferred[] = []
  readonly counters = transportCounters()
  readonly budget: DeferralBudget
  readonly origin: DeferralOrigin

  constructor(limits: Partial<DeferralLimits> = {}) {
    this.budget = new DeferralBudget(limits)
    this.origin = { budget: this.budget, counters: this.counters, nowMs: () => performance.now() }
  }

  /** For sockets of this thread. */
  get main(): MainDeferrals {
    return { origin: this.origin, onDeferred: (message) => this.deferred.push(message) }
  }

  /** Takes parcels of UDP threads that read `sockets`. */
  forUdp(sockets: readonly MmsgSocket[]): (parcel: ArrayBuffer) => void {
    const udp = new UdpReturns({ counters: this.counters, soon })
    return (parcel) => unpackQueries(parcel, 'udp', ({ octets, peer, place, words, wayBackAt }) => {
      this.deferred.push(new DeferredMessage(octets, peer, this.origin, (answer) => answer && udp.add(sockets[place], answer, words, wayBackAt)))
    })
  }

  /** For a TCP server that runs in this thread. */
  forTcp(server: () => EpollServer): DeferralOptions {
    return { budget: this.budget.shared, post: this.forThread(new Returns((parcel) => server().deliver(parcel), soon)) }
  }

  /** Takes parcels of the TCP thread that `returns` lead to. */
  forThread(returns: Returns): (parcel: ArrayBuffer) => void {
    const lastings = new Lastings({ counters: this.counters, soon }, returns)
    return (parcel) => unpackQueries(parcel, 'tcp', ({ octets, peer, place, life }) => {
      lastings.note(place, life)
      const wayBack = (answer: Uint8Array | undefined, more: boolean): void => returns.add(place, life, answer, more ? CALL.more : CALL.last)
      this.deferred.push(new DeferredMessage(octets, peer, this.origin, wayBack, () => lastings.of(place, life)))
    }, (slot, life) => lastings.end(slot, life))
  }

  /** The first `count` messages, once they are there. */
  async first(count: number): Promise<Deferred[]> {
    await until(`${count} deferred messages`, () => this.deferred.length >= count, 10_000)
    return this.deferred.slice(0, count)
  }

  count(name: TransportCounter): number {
    return this.counters[COUNTER[name]]
  }
}

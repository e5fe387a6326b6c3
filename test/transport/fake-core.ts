/**
 * A core that answers nothing by itself: tests look at what was deferred and answer when they like, in any order.
 */
import { COUNTER, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { DeferralBudget, type DeferralLimits } from '../../src/transport/deferral-budget.ts'
import { DeferredMessage, type DeferralOrigin, type MainDeferrals, type WayBack } from '../../src/transport/deferred-message.ts'
import { type DeferralOptions, Returns, type UnpackedQuery, unpackQueries } from '../../src/transport/deferral-parcel.ts'
import type { Deferred, Peer } from '../../src/transport/handler.ts'
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
    return (parcel) => this.unpack(parcel, 'udp', ({ place, words, wayBackAt }) => (octets) => octets && udp.add(sockets[place], octets, words, wayBackAt))
  }

  /** For a TCP server that runs in this thread. */
  forTcp(server: () => EpollServer): DeferralOptions {
    const returns = new Returns((parcel) => server().deliver(parcel), soon)
    return { budget: this.budget.shared, post: (parcel) => this.receive(parcel, returns) }
  }

  /** Takes a parcel of a TCP thread. */
  receive(parcel: ArrayBuffer, returns: Returns): void {
    this.unpack(parcel, 'tcp', ({ place, life }) => (octets, more) => returns.add(place, life, octets, more))
  }

  /** The first `count` messages, once they are there. */
  async first(count: number): Promise<Deferred[]> {
    await until(`${count} deferred messages`, () => this.deferred.length >= count, 10_000)
    return this.deferred.slice(0, count)
  }

  count(name: TransportCounter): number {
    return this.counters[COUNTER[name]]
  }

  private unpack(parcel: ArrayBuffer, transport: Peer['transport'], wayBackOf: (query: UnpackedQuery) => WayBack): void {
    for (const query of unpackQueries(parcel, transport)) this.deferred.push(new DeferredMessage(query.octets, query.peer, this.origin, wayBackOf(query)))
  }
}

/**
 * Opening the sockets of a list of endpoints, UDP and TCP on each: all of them, or none and one error
 * that says which, why, and what to do about it.
 */
import { networkInterfaces } from 'node:os'
import { TRANSPORT_CLOSE_MS } from '../dns/limits.ts'
import { type Endpoint, parseEndpoint, printEndpoint } from './address.ts'
import { type Clock, systemClock } from './clock.ts'
import type { TransportCounters } from './counters.ts'
import type { MainDeferrals } from './deferred-message.ts'
import type { Handler, OnFault } from './handler.ts'
import { ListenFault } from './listen-fault.ts'
import type { ConnectionLimits } from './tcp-connections.ts'
import { TcpServer } from './tcp-net.ts'
import { type Interfaces, UdpEndpoint } from './udp-dgram.ts'

/** What to open and whom to ask for answers. */
export interface ListenOptions {
  /** As the config writes them: `127.0.0.1:5300`, `[::1]:5300`, `0.0.0.0:53`, `[::]:53`; port 0 takes a free one. */
  addresses: readonly string[]
  handler: Handler
  counters: TransportCounters
  onFault: OnFault
  /** Where queries go that the handler defers; without it they are met with silence. */
  deferrals?: MainDeferrals
  /** False where UDP is read elsewhere, in batches by worker threads; default true. */
  udp?: boolean
  clock?: Clock
  interfaces?: Interfaces
  tcpLimits?: Partial<ConnectionLimits>
}

/** Sockets in service. */
export interface Listeners {
  /** The endpoints with their true ports, in the order given. */
  readonly endpoints: readonly Endpoint[]
  /** TCP connections open now. */
  readonly connectionCount: number
  /** Takes no more queries, finishes what is in flight within `deadlineMs`, and closes every socket. */
  close(deadlineMs?: number): Promise<void>
}

/** Opens every address or rejects with a ListenFault, with nothing left open. */
export async function listen(options: ListenOptions): Promise<Listeners> {
  const { addresses, handler, counters, onFault, deferrals, udp = true, clock = systemClock, interfaces = networkInterfaces, tcpLimits = {} } = options
  const all = { handler, counters, onFault, clock, ...(deferrals === undefined ? {} : { deferrals }) }
  const tcp = new TcpServer({ ...all, limits: tcpLimits })
  const datagrams: UdpEndpoint[] = []
  const endpoints: Endpoint[] = []
  const close = async (deadlineMs: number): Promise<void> => {
    await Promise.all([tcp.close(deadlineMs), ...datagrams.map((socket) => socket.close(deadlineMs))])
  }
  try {
    for (const address of addresses) {
      const wanted = endpointOf(address)
      const bound = { ...wanted, port: await named('TCP ', wanted, tcp.listen(wanted)) } // a port chosen for TCP serves UDP too
      endpoints.push(bound)
      if (udp) datagrams.push(await named('UDP ', bound, UdpEndpoint.open({ ...all, interfaces }, bound)))
    }
  } catch (fault) {
    await close(0)
    throw fault
  }
  return {
    endpoints,
    get connectionCount() {
      return tcp.connectionCount
    },
    close: (deadlineMs = TRANSPORT_CLOSE_MS) => close(deadlineMs),
  }
}

/** The endpoint that a text of the config writes; ListenFault EINVAL where it is none. */
export function endpointOf(address: string): Endpoint {
  const endpoint = parseEndpoint(address)
  if (!endpoint) throw new ListenFault('', `"${address}"`, 'EINVAL')
  return endpoint
}

async function named<T>(protocol: string, endpoint: Endpoint, opening: Promise<T>): Promise<T> {
  try {
    return await opening
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException
    throw new ListenFault(protocol, printEndpoint(endpoint), code)
  }
}

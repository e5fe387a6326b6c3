/**
 * Which sockets a server opens, and who reads them: threads that call the system directly, where config and
 * machine allow, else the main thread by node:dgram and node:net. Either answers with the same octets.
 *
 *     transport   UDP                          TCP
 *     mmsg        recvmmsg in `workers` threads   epoll in half as many, or node:net where epoll is refused
 *     dgram       node:dgram                   node:net
 *     auto        the first row where batches work, else the second
 *
 * TCP has threads of its own, as a thousand queries pipelined by one client would keep datagrams waiting;
 * one for each two, as a thread takes some 10 MB, and TCP is the smaller part of what is asked.
 */
import { availableParallelism } from 'node:os'
import { SHUTDOWN_MS } from '../dns/limits.ts'
import type { Endpoint } from '../transport/address.ts'
import type { TransportCounters } from '../transport/counters.ts'
import type { MainDeferrals } from '../transport/deferred-message.ts'
import type { Handler } from '../transport/handler.ts'
import { loadLibc, type Usable } from '../transport/libc.ts'
import { endpointOf, listen, type Listeners } from '../transport/listen.ts'
import { closeMmsgSockets, openMmsgSockets, type MmsgSocket } from '../transport/mmsg-socket.ts'
import type { ConnectionLimits } from '../transport/tcp-connections.ts'
import { canUseEpoll, openTable } from '../transport/tcp-epoll.ts'
import { closeTcpSockets, openTcpSockets, type TcpSocket } from '../transport/tcp-socket.ts'
import { canUseMmsg } from '../transport/udp-mmsg.ts'
import { openWakeUp } from '../transport/wake-up.ts'
import type { ConfigValues } from './config-schema.ts'
import type { ThreadTask } from './thread-contract.ts'

/** Who reads what. */
export interface SocketPlan {
  /** Threads that read UDP in batches; 0 where node:dgram does. */
  udpThreads: number
  /** Threads that read TCP by epoll; 0 where node:net does. */
  tcpThreads: number
  /** Why not all is read by threads. */
  fallback?: string
}

/** Plans for a config on this machine; an Error where the config asks for what cannot be had. */
export function planSockets({ transport, workers = availableParallelism() }: Pick<ConfigValues, 'transport' | 'workers'>, batches: Usable = canUseMmsg(), epoll: Usable = canUseEpoll()): SocketPlan {
  if (transport === 'dgram') return { udpThreads: 0, tcpThreads: 0, fallback: 'the config says dgram' }
  if (!batches.usable && transport === 'mmsg') throw new Error(`Cannot start with transport mmsg: ${batches.reason}`)
  if (!batches.usable) return { udpThreads: 0, tcpThreads: 0, fallback: batches.reason }
  if (!epoll.usable) return { udpThreads: workers, tcpThreads: 0, fallback: epoll.reason }
  return { udpThreads: workers, tcpThreads: Math.ceil(workers / 2) }
}

/** Sockets in service. */
export interface OpenSockets {
  /** The addresses bound, with their true ports. */
  endpoints: readonly Endpoint[]
  /** One for each thread to start. */
  tasks: ThreadTask[]
  /** What the main thread reads. */
  listeners: Listeners | undefined
  /** Closes those that threads have read, when none does any more. */
  closeShared(): void
}

/** What the main thread's sockets need. */
export interface MainAnswering {
  handler: Handler
  counters: TransportCounters
  onFault: (fault: unknown) => void
  /** Where queries go that the handler defers. */
  deferrals?: MainDeferrals
}

/** Opens every socket of the plan, or none and rejects with a ListenFault. A port chosen for TCP serves UDP too. */
export async function openSockets({ udpThreads, tcpThreads }: SocketPlan, { listen: addresses, tcp }: Pick<ConfigValues, 'listen' | 'tcp'>, main: MainAnswering): Promise<OpenSockets> {
  const limits = { total: tcp.connections, perClient: tcp['per-client'], idleMs: tcp.idle * 1_000 }
  const tcpSockets: TcpSocket[][] = []
  const udpSockets: MmsgSocket[][] = []
  const wakeUps: number[] = []
  const closeShared = (): void => {
    for (const ofEndpoint of tcpSockets.splice(0)) closeTcpSockets(ofEndpoint)
    for (const ofEndpoint of udpSockets.splice(0)) closeMmsgSockets(ofEndpoint)
    for (const fd of wakeUps.splice(0)) loadLibc().close(fd)
  }
  let listeners: Listeners | undefined
  let endpoints = addresses.map(endpointOf)
  try {
    if (tcpThreads > 0) {
      for (const endpoint of endpoints) tcpSockets.push(openTcpSockets(endpoint, tcpThreads))
      for (let i = 0; i < tcpThreads; i++) wakeUps.push(openWakeUp())
      endpoints = endpoints.map((endpoint, i) => ({ ...endpoint, port: tcpSockets[i][0].port }))
    } else {
      listeners = await listen({ ...main, addresses, udp: udpThreads === 0, tcpLimits: limits })
      endpoints = [...listeners.endpoints]
    }
    if (udpThreads > 0) for (const endpoint of endpoints) udpSockets.push(openMmsgSockets(endpoint, udpThreads))
  } catch (fault) {
    closeShared()
    await listeners?.close(0)
    throw fault
  }
  return { endpoints, listeners, closeShared, tasks: [...udpTasks(udpSockets, udpThreads), ...tcpTasks(tcpSockets, wakeUps, limits)] }
}

function udpTasks(sockets: MmsgSocket[][], count: number): ThreadTask[] {
  return Array.from({ length: count }, (_, i) => ({ kind: 'udp', sockets: sockets.map((ofEndpoint) => ofEndpoint[i]) }))
}

/** Each thread knows its own connections alone: it is given its share of what may be. */
function tcpTasks(sockets: TcpSocket[][], wakeUps: readonly number[], whole: Pick<ConnectionLimits, 'total' | 'perClient' | 'idleMs'>): ThreadTask[] {
  const count = wakeUps.length
  const limits = { ...whole, total: Math.ceil(whole.total / count), perClient: Math.ceil(whole.perClient / count) }
  return wakeUps.map((wakeUp, i) => ({
    kind: 'tcp', wakeUp, sockets: sockets.map((ofEndpoint) => ofEndpoint[i]), limits, open: openTable(limits), deadlineMs: SHUTDOWN_MS,
  }))
}

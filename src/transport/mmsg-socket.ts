/**
 * UDP sockets for batched reading: opened in the main thread, before rights are dropped and so that all
 * or none are open, then read by worker threads, which share the descriptors of the process.
 *
 * One socket per thread on the same endpoint (SO_REUSEPORT): the kernel deals datagrams out by client
 * address and port, so threads never wait for each other. A thread that dies leaves its socket open:
 * start another on it, or the clients dealt to it wait in vain.
 */
import { UDP_SOCKET_BUFFER_OCTETS, UDP_WAIT_MS } from '../dns/limits.ts'
import { type Endpoint, isWildcard } from './address.ts'
import { type Libc, loadLibc, SOCK_DGRAM } from './libc.ts'
import { openShared, RawSocket, SOL_SOCKET } from './raw-socket.ts'

/** An open socket; plain data that can be handed to a worker thread. */
export interface MmsgSocket {
  fd: number
  family: 4 | 6
  port: number
  /** It stands for every local address, so each answer must be told which to leave from. */
  isWildcard: boolean
}

const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_RCVTIMEO = 20
const IPPROTO_IP = 0
const IP_PKTINFO = 8
const IPPROTO_IPV6 = 41
const IPV6_RECVPKTINFO = 49

/** Opens `count` sockets on one endpoint, or none and throws a ListenFault. Port 0 takes a free one. */
export function openMmsgSockets(endpoint: Endpoint, count: number): MmsgSocket[] {
  const libc = loadLibc()
  return openShared(endpoint, count, (wanted, isShared) => openSocket(libc, wanted, isShared), (socket) => closeMmsgSockets([socket]))
}

/** Closes sockets that no thread reads any more: a number closed under a reader may become another's file. */
export function closeMmsgSockets(sockets: readonly MmsgSocket[]): void {
  for (const { fd } of sockets) loadLibc().close(fd)
}

function openSocket(libc: Libc, endpoint: Endpoint, isShared: boolean): MmsgSocket {
  const { family } = endpoint
  const wildcard = isWildcard(endpoint)
  const { fd, port } = RawSocket.open(libc, 'UDP ', endpoint, SOCK_DGRAM, (socket) => {
    if (isShared) socket.share()
    socket.set(SOL_SOCKET, SO_RCVBUF, UDP_SOCKET_BUFFER_OCTETS)
    socket.set(SOL_SOCKET, SO_SNDBUF, UDP_SOCKET_BUFFER_OCTETS)
    socket.set(SOL_SOCKET, SO_RCVTIMEO, 0, 0, UDP_WAIT_MS * 1_000, 0) // struct timeval: seconds and microseconds, 64 bits each
    if (wildcard) socket.set(family === 4 ? IPPROTO_IP : IPPROTO_IPV6, family === 4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1)
  })
  return { fd, family, port, isWildcard: wildcard }
}

/**
 * Listening TCP sockets for threads that accept by themselves: opened in the main thread, before rights are
 * dropped and so that all or none are open. One per thread on the same endpoint (SO_REUSEPORT): the kernel
 * deals connections out by the addresses and ports of both sides. A thread that dies leaves its socket
 * open: start another on it, or the clients dealt to it wait in vain.
 */
import { TCP_BACKLOG } from '../dns/limits.ts'
import type { Endpoint } from './address.ts'
import { type Libc, loadLibc, SOCK_STREAM } from './libc.ts'
import { openShared, RawSocket, SOL_SOCKET } from './raw-socket.ts'

/** An open, listening socket; plain data that can be handed to a worker thread. */
export interface TcpSocket {
  fd: number
  family: 4 | 6
  port: number
}

const SO_REUSEADDR = 2
const IPPROTO_TCP = 6
const TCP_NODELAY = 1

/** Opens `count` sockets on one endpoint and listens, or none and throws a ListenFault. Port 0 takes a free one. */
export function openTcpSockets(endpoint: Endpoint, count: number): TcpSocket[] {
  const libc = loadLibc()
  return openShared(endpoint, count, (wanted, isShared) => openSocket(libc, wanted, isShared), (socket) => closeTcpSockets([socket]))
}

/** Closes sockets that no thread accepts from any more. */
export function closeTcpSockets(sockets: readonly TcpSocket[]): void {
  for (const { fd } of sockets) loadLibc().close(fd)
}

function openSocket(libc: Libc, endpoint: Endpoint, isShared: boolean): TcpSocket {
  const socket = RawSocket.open(libc, 'TCP ', endpoint, SOCK_STREAM, (one) => {
    one.set(SOL_SOCKET, SO_REUSEADDR, 1) // else connections that ended lately hold the port after a restart
    one.set(IPPROTO_TCP, TCP_NODELAY, 1) // what is accepted inherits it
    if (isShared) one.share()
  })
  if (isShared) socket.finish(libc.listen(socket.fd, TCP_BACKLOG)) // the one that only tries the address must not take connections
  return { fd: socket.fd, family: endpoint.family, port: socket.port }
}

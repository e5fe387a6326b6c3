/**
 * UDP sockets for batched reading: opened in the main thread, before rights are dropped and so that all
 * or none are open, then read by worker threads, which share the descriptors of the process.
 *
 * One socket per thread on the same endpoint (SO_REUSEPORT): the kernel deals datagrams out by client
 * address and port, so threads never wait for each other. A thread that dies leaves its socket open:
 * start another on it, or the clients dealt to it wait in vain.
 */
import { UDP_SOCKET_BUFFER_OCTETS, UDP_WAIT_MS } from '../dns/limits.ts'
import { type Endpoint, isWildcard, parseAddress, printEndpoint } from './address.ts'
import { AF_INET, AF_INET6, callMemory, errorName, type Libc, loadLibc, SOCK_DGRAM } from './libc.ts'
import { ListenFault } from './listen-fault.ts'

/** An open socket; plain data that can be handed to a worker thread. */
export interface MmsgSocket {
  fd: number
  family: 4 | 6
  port: number
  /** It stands for every local address, so each answer must be told which to leave from. */
  isWildcard: boolean
}

const SOL_SOCKET = 1
const SO_SNDBUF = 7
const SO_RCVBUF = 8
const SO_REUSEPORT = 15
const SO_RCVTIMEO = 20
const IPPROTO_IP = 0
const IP_PKTINFO = 8
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26
const IPV6_RECVPKTINFO = 49

/** Opens `count` sockets on one endpoint, or none and throws a ListenFault. Port 0 takes a free one. */
export function openMmsgSockets(endpoint: Endpoint, count: number): MmsgSocket[] {
  const libc = loadLibc()
  const sockets: MmsgSocket[] = []
  try {
    // Sockets with SO_REUSEPORT let each other in, a second server too: one without it finds that out.
    const probe = openSocket(libc, endpoint, false)
    libc.close(probe.fd)
    for (let i = 0; i < count; i++) sockets.push(openSocket(libc, { ...endpoint, port: probe.port }, true))
  } catch (fault) {
    closeMmsgSockets(sockets)
    throw fault
  }
  return sockets
}

/** Closes sockets that no thread reads any more: a number closed under a reader may become another's file. */
export function closeMmsgSockets(sockets: readonly MmsgSocket[]): void {
  for (const { fd } of sockets) loadLibc().close(fd)
}

function openSocket(libc: Libc, endpoint: Endpoint, isShared: boolean): MmsgSocket {
  const { family } = endpoint
  const check = (result: number): number => {
    if (result < 0) throw new ListenFault('UDP ', printEndpoint(endpoint), errorName(libc.errno()))
    return result
  }
  const fd = check(libc.socket(family === 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0))
  try {
    const wildcard = isWildcard(endpoint)
    const memory = callMemory(32)
    const set = (level: number, option: number, ...words: number[]): void => {
      new Int32Array(memory.buffer).set(words)
      check(libc.setsockopt(fd, level, option, libc.addressOf(memory), words.length * 4))
    }
    if (isShared) set(SOL_SOCKET, SO_REUSEPORT, 1)
    set(SOL_SOCKET, SO_RCVBUF, UDP_SOCKET_BUFFER_OCTETS)
    set(SOL_SOCKET, SO_SNDBUF, UDP_SOCKET_BUFFER_OCTETS)
    set(SOL_SOCKET, SO_RCVTIMEO, 0, 0, UDP_WAIT_MS * 1_000, 0) // struct timeval: seconds and microseconds, 64 bits each
    if (family === 6) set(IPPROTO_IPV6, IPV6_V6ONLY, 1)
    if (wildcard) set(family === 4 ? IPPROTO_IP : IPPROTO_IPV6, family === 4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1)
    const size = writeSocketAddress(libc, endpoint, memory)
    check(libc.bind(fd, libc.addressOf(memory), size))
    return { fd, family, port: boundPort(libc, fd), isWildcard: wildcard }
  } catch (fault) {
    libc.close(fd)
    throw fault
  }
}

/** struct sockaddr_in, or sockaddr_in6 with the interface's index where the host has a zone (RFC 4007 11) such as `%eth0`. Returns its size. */
function writeSocketAddress(libc: Libc, endpoint: Endpoint, memory: Uint8Array): number {
  const { host, family, port } = endpoint
  const view = new DataView(memory.buffer)
  const octets = new Uint8Array(16)
  const size = parseAddress(host, octets)
  memory.fill(0)
  view.setUint16(0, family === 4 ? AF_INET : AF_INET6, true)
  view.setUint16(2, port)
  memory.set(octets.subarray(0, size), family === 4 ? 4 : 8)
  if (family === 4) return 16
  const zone = host.indexOf('%')
  if (zone > 0) view.setUint32(24, interfaceIndex(libc, endpoint, host.slice(zone + 1)), true)
  return 28
}

function interfaceIndex(libc: Libc, endpoint: Endpoint, name: string): number {
  const memory = callMemory(64)
  memory.set(Buffer.from(name).subarray(0, 63))
  const index = libc.if_nametoindex(libc.addressOf(memory))
  if (index === 0) throw new ListenFault('UDP ', printEndpoint(endpoint), 'ENODEV')
  return index
}

function boundPort(libc: Libc, fd: number): number {
  const memory = callMemory(48)
  memory[0] = 32
  const at = libc.addressOf(memory)
  libc.getsockname(fd, at + 16, at)
  return (memory[18] << 8) | memory[19]
}

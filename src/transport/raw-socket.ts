/**
 * Opening sockets by system calls, UDP and TCP alike: options set before the address is bound, the port that
 * the kernel chose, and errors that name the endpoint. Several sockets on one endpoint (SO_REUSEPORT) let
 * each thread have its own.
 */
import { type Endpoint, parseAddress, printEndpoint } from './address.ts'
import { AF_INET, AF_INET6, callMemory, errorName, type Libc } from './libc.ts'
import { ListenFault } from './listen-fault.ts'

/** Level of options of any socket. */
export const SOL_SOCKET = 1
const SO_REUSEPORT = 15
/** Level of options of IPv6. */
export const IPPROTO_IPV6 = 41
/** IPv4 is no business of the socket. */
export const IPV6_V6ONLY = 26

/**
 * Opens `count` sockets on one endpoint with `open`, or none and throws its ListenFault. Sockets with
 * SO_REUSEPORT let each other in, a second server too: one without it, opened first, finds that out.
 */
export function openShared<T extends { port: number }>(endpoint: Endpoint, count: number, open: (endpoint: Endpoint, isShared: boolean) => T, close: (socket: T) => void): T[] {
  const sockets: T[] = []
  try {
    const probe = open(endpoint, false)
    close(probe)
    for (let i = 0; i < count; i++) sockets.push(open({ ...endpoint, port: probe.port }, true))
  } catch (fault) {
    for (const socket of sockets) close(socket)
    throw fault
  }
  return sockets
}

/** A socket being opened. */
export class RawSocket {
  readonly fd: number
  /** The port bound. */
  port = 0
  readonly #libc: Libc
  readonly #protocol: string
  readonly #endpoint: Endpoint
  readonly #memory = callMemory(64)

  private constructor(libc: Libc, protocol: string, endpoint: Endpoint, type: number) {
    this.#libc = libc
    this.#protocol = protocol
    this.#endpoint = endpoint
    this.fd = this.check(libc.socket(endpoint.family === 4 ? AF_INET : AF_INET6, type, 0))
  }

  /** Opens a socket of the endpoint's family, lets `prepare` set its options, and binds it. ListenFault, with nothing left open. */
  static open(libc: Libc, protocol: string, endpoint: Endpoint, type: number, prepare: (socket: RawSocket) => void): RawSocket {
    const socket = new RawSocket(libc, protocol, endpoint, type)
    try {
      if (endpoint.family === 6) socket.set(IPPROTO_IPV6, IPV6_V6ONLY, 1)
      prepare(socket)
      socket.#bind()
    } catch (fault) {
      libc.close(socket.fd)
      throw fault
    }
    return socket
  }

  /** Sets an option to a value of 32-bit words. */
  set(level: number, option: number, ...words: number[]): void {
    new Int32Array(this.#memory.buffer).set(words)
    this.check(this.#libc.setsockopt(this.fd, level, option, this.#libc.addressOf(this.#memory), words.length * 4))
  }

  /** Lets others that share have the same address and port. */
  share(): void {
    this.set(SOL_SOCKET, SO_REUSEPORT, 1)
  }

  /** The result of a call; ListenFault where it is an error. */
  check(result: number): number {
    if (result < 0) throw this.#fault(errorName(this.#libc.errno()))
    return result
  }

  /** As `check`, for a call after opening: the socket is closed where it failed. */
  finish(result: number): void {
    if (result >= 0) return
    const fault = this.#fault(errorName(this.#libc.errno()))
    this.#libc.close(this.fd)
    throw fault
  }

  #bind(): void {
    const size = this.#writeAddress()
    this.check(this.#libc.bind(this.fd, this.#libc.addressOf(this.#memory), size))
    const memory = callMemory(48)
    memory[0] = 32
    const at = this.#libc.addressOf(memory)
    this.#libc.getsockname(this.fd, at + 16, at)
    this.port = (memory[18] << 8) | memory[19]
  }

  /** struct sockaddr_in, or sockaddr_in6 with the interface's index where the host has a zone (RFC 4007 11) such as `%eth0`. Returns its size. */
  #writeAddress(): number {
    const { host, family, port } = this.#endpoint
    const memory = this.#memory
    const view = new DataView(memory.buffer)
    const octets = new Uint8Array(16)
    const size = parseAddress(host, octets)
    memory.fill(0)
    view.setUint16(0, family === 4 ? AF_INET : AF_INET6, true)
    view.setUint16(2, port)
    memory.set(octets.subarray(0, size), family === 4 ? 4 : 8)
    if (family === 4) return 16
    const zone = host.indexOf('%')
    if (zone > 0) view.setUint32(24, this.#interfaceIndex(host.slice(zone + 1)), true)
    return 28
  }

  #interfaceIndex(name: string): number {
    const memory = callMemory(64)
    memory.set(Buffer.from(name).subarray(0, 63))
    const index = this.#libc.if_nametoindex(this.#libc.addressOf(memory))
    if (index === 0) throw this.#fault('ENODEV')
    return index
  }

  #fault(code: string): ListenFault {
    return new ListenFault(this.#protocol, printEndpoint(this.#endpoint), code)
  }
}

/**
 * Datagrams to other servers by system calls: no object of node:dgram for each, nor a turn of the loop for each of its
 * steps.
 *
 *     send ──▶ socket, bind, connect, send, into one epoll instance
 *                                                    │ the loop waits for it as for one descriptor
 *     onDatagram ◀── recvfrom ◀── what is ready ◀────┘
 */
import { MAX_MESSAGE_OCTETS, TCP_EVENTS } from '../dns/limits.ts'
import { MAX_PORT_TRIES } from '../dns/limits-resolver.ts'
import { Epoll, EPOLLIN } from './epoll.ts'
import { AF_INET, AF_INET6, callMemory, EADDRINUSE, EAGAIN, EINTR, type Libc, loadLibc, MSG_DONTWAIT, type Pointer, SOCK_DGRAM } from './libc.ts'
import { IPPROTO_IPV6, IPV6_V6ONLY } from './raw-socket.ts'
import { type DatagramListener, type Datagrams, portFor, type Random, type UpstreamEndpoint } from './upstream-datagrams.ts'

/** struct sockaddr_in, or sockaddr_in6, which is larger. */
const ADDRESS_OCTETS = 32

const OWN = 0
const TO = OWN + ADDRESS_OCTETS
const FROM = TO + ADDRESS_OCTETS
const NUMBER = FROM + ADDRESS_OCTETS
const OCTETS = NUMBER + 8
const TOTAL = OCTETS + MAX_MESSAGE_OCTETS + 1

/** One that is open. */
interface OpenSocket {
  readonly to: UpstreamEndpoint
  readonly listener: DatagramListener
  /** Tells it from those that had the same descriptor before. */
  readonly life: number
}

/** Sends them so. Throws an Error where the system gives no epoll instance. */
export class UpstreamSockets implements Datagrams {
  readonly #libc: Libc
  readonly #epoll: Epoll
  /** By descriptor. */
  readonly #sockets: (OpenSocket | undefined)[] = []
  #open = 0
  #lives = 0
  #isDue = false
  readonly #octets: Uint8Array<ArrayBuffer> = callMemory(TOTAL)
  readonly #view: DataView = new DataView(this.#octets.buffer)
  readonly #base: Pointer

  constructor(libc: Libc = loadLibc()) {
    this.#libc = libc
    this.#epoll = new Epoll(libc)
    this.#base = libc.addressOf(this.#octets)
    this.#epoll.whenReady(() => this.#lookSoon())
  }

  send(to: UpstreamEndpoint, octets: Uint8Array, random: Random, listener: DatagramListener): () => void {
    const fd = this.#connect(to, random)
    const life = (this.#lives = (this.#lives + 1) | 0)
    if (fd >= 0) {
      this.#sockets[fd] = { to, listener, life }
      this.#open++
    }
    this.#octets.set(octets, OCTETS)
    if (fd < 0 || !this.#epoll.add(fd, EPOLLIN, fd, life) || this.#libc.send(fd, this.#base + OCTETS, octets.length, MSG_DONTWAIT) < 0) {
      this.#close(fd, life)
      listener.onBroken()
    }
    return () => this.#close(fd, life)
  }

  catchUp(): void {
    // as many looks as all that are open may need, and no more: those that go on to have something wait for the loop
    for (let most = Math.ceil(this.#open / TCP_EVENTS); most > 0 && this.#look() === TCP_EVENTS; most--);
  }

  /** Reads one datagram of each socket that has any, and tells of how many: those that come meanwhile are the next look's. */
  #look(): number {
    if (this.#open === 0) return 0
    const count = this.#epoll.wait(0)
    for (let i = 0; i < count; i++) {
      const fd = this.#epoll.slot(i)
      const socket = this.#sockets[fd]
      if (socket?.life === this.#epoll.life(i)) this.#read(fd, socket)
    }
    return count
  }

  /** In this turn of the loop, but where promises and faults have their way, which they have not in what the loop calls itself. */
  #lookSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#look()
    })
  }

  #read(fd: number, socket: OpenSocket): void {
    const base = this.#base
    this.#view.setUint32(NUMBER, ADDRESS_OCTETS, true)
    const size = this.#libc.recvfrom(fd, base + OCTETS, MAX_MESSAGE_OCTETS, MSG_DONTWAIT, base + FROM, base + NUMBER)
    if (size >= 0) {
      socket.listener.onDatagram(this.#octets.slice(OCTETS, OCTETS + size), this.#isFrom(socket.to) ? socket.to : this.#sender())
      return
    }
    const errno = this.#libc.errno()
    if (errno === EAGAIN || errno === EINTR) return
    this.#close(fd, socket.life)
    socket.listener.onBroken() // nobody listens there
  }

  #close(fd: number, life: number): void {
    if (this.#sockets[fd]?.life !== life) return
    this.#sockets[fd] = undefined
    this.#open--
    this.#libc.close(fd)
  }

  /** A socket on a port chosen by chance that hears of nobody but `to`; -1 where the system gives none. */
  #connect(to: UpstreamEndpoint, random: Random): number {
    const libc = this.#libc
    const base = this.#base
    const isFour = to.address.length === 4
    const fd = libc.socket(isFour ? AF_INET : AF_INET6, SOCK_DGRAM, 0)
    if (fd < 0) return -1
    const size = this.#writeAddress(TO, isFour, to.port)
    this.#octets.set(to.address, TO + (isFour ? 4 : 8))
    if (!isFour) {
      this.#view.setInt32(NUMBER, 1, true)
      libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, base + NUMBER, 4)
    }
    for (let tries = 0; tries <= MAX_PORT_TRIES; tries++) {
      this.#writeAddress(OWN, isFour, portFor(tries, random))
      if (libc.bind(fd, base + OWN, size) === 0) {
        if (libc.connect(fd, base + TO, size) === 0) return fd
        break
      }
      if (libc.errno() !== EADDRINUSE) break
    }
    libc.close(fd)
    return -1
  }

  /** The wildcard address with this port; returns the size. */
  #writeAddress(at: number, isFour: boolean, port: number): number {
    this.#octets.fill(0, at, at + ADDRESS_OCTETS)
    this.#view.setUint16(at, isFour ? AF_INET : AF_INET6, true)
    this.#view.setUint16(at + 2, port)
    return isFour ? 16 : 28
  }

  /** Somebody else: what came before it was connected may be anybody's. */
  #sender(): UpstreamEndpoint {
    const isFour = this.#view.getUint16(FROM, true) === AF_INET
    return { address: this.#octets.slice(FROM + (isFour ? 4 : 8), FROM + (isFour ? 8 : 24)), port: this.#view.getUint16(FROM + 2) }
  }

  #isFrom({ address, port }: UpstreamEndpoint): boolean {
    const at = FROM + (address.length === 4 ? 4 : 8)
    for (let i = 0; i < address.length; i++) if (this.#octets[at + i] !== address[i]) return false
    return this.#view.getUint16(FROM + 2) === port
  }
}

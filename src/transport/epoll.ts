/**
 * Waiting for many sockets, and the system calls of a TCP thread, with the memory that they fill, laid out once,
 * so that no call makes an object:
 *
 *     events    256 × struct epoll_event    what `wait` found; 12 octets each on x64, 16 on arm64
 *     change    1 × struct epoll_event      what `add` and `change` say
 *     address   struct sockaddr_in6         of whom `accept` let in, and its size
 *     chunk     16,384                      what `receive` read
 *
 *     epoll_event   x64    0 events   4 slot   8 life            packed
 *                   arm64  0 events   8 slot   12 life
 *
 * Slot and life are the 64 bits that the kernel gives back: a slot is used again for another connection in
 * its next life, and events found before must not be taken for its own.
 */
import { TCP_CHUNK_OCTETS, TCP_EVENTS } from '../dns/limits.ts'
import type { ReusedPeer } from './address.ts'
import { ACCEPT_FLAGS, AF_INET, callMemory, errorName, type Libc, MSG_NOSIGNAL, type Pointer, type Watch } from './libc.ts'

/** Octets to read, or the end of them. */
export const EPOLLIN = 0x1
/** Room to send. */
export const EPOLLOUT = 0x4
/** The connection broke. */
export const EPOLLERR = 0x8
/** Both sides have ended. */
export const EPOLLHUP = 0x10
/** The client has ended its side. */
export const EPOLLRDHUP = 0x2000

const ADD = 1
const REMOVE = 2
const CHANGE = 3
const SOL_SOCKET = 1
const SO_LINGER = 13
const SHUT_RD = 0
const ADDRESS_OCTETS = 32

const EVENT_WORDS = process.arch === 'x64' ? 3 : 4
const SLOT_WORD = EVENT_WORDS - 2
const LIFE_WORD = EVENT_WORDS - 1

const EVENTS = 0
const EVENT = EVENTS + TCP_EVENTS * 16
const ADDRESS = EVENT + 16
const SIZE = ADDRESS + ADDRESS_OCTETS
const LINGER = SIZE + 8
const CHUNK = LINGER + 8
const TOTAL = CHUNK + TCP_CHUNK_OCTETS

/** One epoll instance. */
export class Epoll {
  /** What `receive` has read. */
  readonly chunk: Uint8Array
  readonly #libc: Libc
  readonly #fd: number
  readonly #octets: Uint8Array<ArrayBuffer> = callMemory(TOTAL)
  readonly #words: Int32Array = new Int32Array(this.#octets.buffer, 0, CHUNK / 4)
  readonly #calls: Calls
  #watch: Watch | undefined

  /** Throws an Error where the system gives no epoll instance. */
  constructor(libc: Libc) {
    this.#libc = libc
    this.#fd = libc.epoll_create1(0x80000) // EPOLL_CLOEXEC
    if (this.#fd < 0) throw new Error(`Cannot wait for sockets as the system gives no epoll (${errorName(libc.errno())})`)
    this.#calls = bindCalls(libc, this.#fd, libc.addressOf(this.#octets))
    this.chunk = this.#octets.subarray(CHUNK, TOTAL)
    this.#words[LINGER >> 2] = 1 // struct linger: on, for 0 seconds
  }

  /** Waits for events; how many came. 0 also where a signal came first. Throws where waiting is impossible. */
  wait(timeoutMs: number): number {
    const count = this.#calls.wait(timeoutMs)
    if (count >= 0) return count
    const name = errorName(this.#libc.errno())
    if (name === 'EINTR') return 0
    throw new Error(`Cannot wait for sockets as the system refuses it (${name})`)
  }

  /** As `whenReadable` of Libc: in each turn in which `wait` would find something. */
  whenReady(run: () => void): void {
    this.#watch = this.#libc.whenReadable(this.#fd, run)
  }

  /** EPOLL bits of event `i`. */
  events(i: number): number {
    return this.#words[i * EVENT_WORDS]
  }

  /** Slot that event `i` is about. */
  slot(i: number): number {
    return this.#words[i * EVENT_WORDS + SLOT_WORD]
  }

  /** The slot's life in which event `i` was asked for. */
  life(i: number): number {
    return this.#words[i * EVENT_WORDS + LIFE_WORD]
  }

  /** Begins to wait for `events` of a descriptor; false where the system has no memory for it. */
  add(fd: number, events: number, slot: number, life: number): boolean {
    return this.#control(ADD, fd, events, slot, life)
  }

  /** Waits for other events of a descriptor added before. */
  change(fd: number, events: number, slot: number, life: number): boolean {
    return this.#control(CHANGE, fd, events, slot, life)
  }

  /** Waits for it no more. Closing a descriptor does the same. */
  remove(fd: number): void {
    this.#control(REMOVE, fd, 0, 0, 0)
  }

  /** Accepts a connection and tells `peer` who it is; -1 where there is none, `errno` saying why. */
  accept(listener: number, peer: ReusedPeer): number {
    const words = this.#words
    words[SIZE >> 2] = ADDRESS_OCTETS
    const fd = this.#calls.accept(listener)
    if (fd < 0) return -1
    const octets = this.#octets
    const port = (octets[ADDRESS + 2] << 8) | octets[ADDRESS + 3]
    if ((words[ADDRESS >> 2] & 0xffff) === AF_INET) peer.setOctets(octets, ADDRESS + 4, 4, port)
    else peer.setOctets(octets, ADDRESS + 8, 16, port)
    return fd
  }

  /** Reads into `chunk`; how many octets, 0 at the end, or -1. */
  receive(fd: number): number {
    return this.#calls.receive(fd)
  }

  /** Sends; how many octets the kernel took, or -1. */
  send(fd: number, octets: Pointer, count: number): number {
    return this.#libc.send(fd, octets, count, MSG_NOSIGNAL)
  }

  /** Lets a listening socket listen no more, without giving up its number. */
  deafen(listener: number): void {
    this.remove(listener)
    this.#libc.shutdown(listener, SHUT_RD)
  }

  /** Closes a connection; what the kernel has to send is still sent, unless by a reset. */
  close(fd: number, isReset: boolean): void {
    if (isReset) this.#calls.linger(fd)
    this.#libc.close(fd)
  }

  /** Why the last call failed. */
  errno(): number {
    return this.#libc.errno()
  }

  /** Where memory for `send` lies. */
  addressOf(memory: Uint8Array): Pointer {
    return this.#libc.addressOf(memory)
  }

  /** Closes the instance itself. */
  end(): void {
    this.#watch?.close()
    this.#libc.close(this.#fd)
  }

  #control(change: number, fd: number, events: number, slot: number, life: number): boolean {
    const words = this.#words
    const at = EVENT >> 2
    words[at] = events
    words[at + SLOT_WORD] = slot
    words[at + LIFE_WORD] = life
    return this.#calls.control(change, fd) === 0
  }
}

/** Calls whose pointers never change. */
interface Calls {
  wait(timeoutMs: number): number
  accept(listener: number): number
  receive(fd: number): number
  control(change: number, fd: number): number
  linger(fd: number): number
}

/** Held by closures, as a number too large for a small integer would be made anew each time that it is read from a field or added up. */
function bindCalls(libc: Libc, epoll: number, base: Pointer): Calls {
  const [events, event, address, size, linger, chunk] = [EVENTS, EVENT, ADDRESS, SIZE, LINGER, CHUNK].map((at) => base + at)
  return {
    wait: (timeoutMs) => libc.epoll_wait(epoll, events, TCP_EVENTS, timeoutMs),
    accept: (listener) => libc.accept4(listener, address, size, ACCEPT_FLAGS),
    receive: (fd) => libc.recv(fd, chunk, TCP_CHUNK_OCTETS, 0),
    control: (change, fd) => libc.epoll_ctl(epoll, change, fd, event),
    linger: (fd) => libc.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, 8),
  }
}

/**
 * A connection whose octets a TCP thread carries by system calls. The object belongs to a slot of the table
 * and serves one connection after the other, so that a new one costs nothing but calls: accept, add, receive,
 * send, receive, close.
 *
 * Nothing is kept of answers that the kernel takes at once, which is nearly all. From the first octet that it
 * does not take, no query of the connection is read or answered until all is sent: what is kept is one write
 * and what was joined behind it, never more than MAX_TCP_UNSENT_OCTETS but for late answers of the core.
 */
import { TCP_CHUNK_OCTETS } from '../dns/limits.ts'
import { COUNTER } from './counters.ts'
import type { Deferrals } from './deferral-parcel.ts'
import { type Epoll, EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, EPOLLRDHUP } from './epoll.ts'
import { EAGAIN, EINTR, type Pointer } from './libc.ts'
import { TcpConnection, type TcpShared } from './tcp-connection.ts'
import { copyOctets } from './tcp-framing.ts'

const READING = EPOLLIN | EPOLLRDHUP

/** What the connections of one thread use. */
export interface EpollShared {
  readonly tcp: TcpShared
  readonly epoll: Epoll
  /** Where `tcp.joined` lies. */
  readonly joined: Pointer
  /** Where deferred queries go. */
  readonly deferrals: Deferrals | undefined
  /** Lets the connection in this slot go on after others had their turn. */
  takeTurns(slot: number): void
  /** Lets it go on after DEFER_RETRY_MS. */
  retryLater(slot: number): void
  /** Forgets the descriptor in this slot. */
  closed(slot: number): void
}

/** A slot's connections, one after the other. */
export class EpollConnection extends TcpConnection {
  /** Which connection of this slot it is: events of earlier ones are none of its own. */
  life = 0
  readonly #epoll: Epoll
  readonly #common: EpollShared
  #fd = -1
  /** The slot, also after the connection's end. */
  #place = -1
  #watched = 0
  #unsent: Uint8Array<ArrayBuffer> | undefined
  #unsentAt = 0
  #unsentEnd = 0
  #isClosing = false
  /** The last chunk was full, so that the kernel may hold more. */
  #wasFull = false
  /** A stop waits for a look at what the kernel holds. */
  #isLooking = false

  constructor(common: EpollShared) {
    super(common.tcp)
    this.#common = common
    this.#epoll = common.epoll
  }

  /** Serves the connection `fd` of `peer`, which is set, in `slot`; false where the system has no memory to wait for it. */
  serve(fd: number, slot: number): boolean {
    this.begin(slot)
    this.life = (this.life + 1) | 0
    this.#fd = fd
    this.#place = slot
    this.#isClosing = this.#wasFull = this.#isLooking = false
    this.#watched = READING
    return this.#epoll.add(fd, READING, slot, this.life)
  }

  get isSlow(): boolean {
    return this.#unsent !== undefined
  }

  protected get isFull(): boolean {
    return this.#unsent !== undefined
  }

  protected get unsentOctets(): number {
    return this.#unsent ? this.#unsentEnd - this.#unsentAt : 0
  }

  /** Does what the kernel says can be done. */
  turn(events: number): void {
    if (this.#fd < 0) return
    if ((events & EPOLLERR) !== 0 || (this.#watched === 0 && (events & EPOLLHUP) !== 0)) return this.#break()
    if (this.#unsent) return this.#sendUnsent()
    if (!this.isHeld) this.#receive((events & EPOLLRDHUP) !== 0)
  }

  /** Goes on after others had their turn. */
  takeTurn(): void {
    const isLooking = this.#isLooking
    this.#isLooking = false
    if (isLooking && !this.isHeld) this.#lookAgain()
    else if (!this.#unsent) this.proceed() // also where what came since has held it: it looks again when that is answered
  }

  /** A stop answers what has arrived, not only what has been read: where the last chunk was full, the kernel is asked once more, after others had their turn. */
  protected override stopReading(): void {
    if (!this.#wasFull || this.#unsent) return super.stopReading()
    this.#isLooking = true
    this.#common.takeTurns(this.slot)
  }

  #lookAgain(): void {
    this.#wasFull = false
    if (this.#fd < 0) return
    this.#receive(false)
    if (!this.isOver && !this.isHeld && !this.#isLooking) super.stopReading() // nothing was there
  }

  /** Reads a chunk and answers it. A chunk not filled is the last before the client's end, so that no call is needed to see that. */
  #receive(hasEnded: boolean): void {
    const octets = this.#epoll.receive(this.#fd)
    if (octets === 0) return this.endSoon('tcpClosedByClient')
    if (octets < 0) {
      const errno = this.#epoll.errno()
      return errno === EAGAIN || errno === EINTR ? undefined : this.#break()
    }
    this.#wasFull = octets === TCP_CHUNK_OCTETS
    this.read(this.#epoll.chunk, octets)
    if (this.isOver) return
    if (this.isHeld && !this.framer.keep()) return this.kill('tcpShedMemory')
    if (hasEnded && octets < TCP_CHUNK_OCTETS && !this.isHeld) this.endSoon('tcpClosedByClient')
  }

  protected write(octets: number): void {
    if (this.#unsent) return this.#keep(0, octets)
    const sent = this.#epoll.send(this.#fd, this.#common.joined, octets)
    if (sent === octets) return
    if (sent >= 0) return this.#keep(sent, octets)
    const errno = this.#epoll.errno()
    if (errno === EAGAIN || errno === EINTR) this.#keep(0, octets)
    else this.#break()
  }

  /** Keeps octets [from, to) of the answers joined until the kernel takes them. */
  #keep(from: number, to: number): void {
    const { counters, pool, joined } = this.shared
    const old = this.#unsent
    if (old && this.#unsentEnd + to - from <= old.length) {
      copyOctets(joined, from, old, this.#unsentEnd, to - from)
      this.#unsentEnd += to - from
      return
    }
    const kept = this.unsentOctets
    const buffer = pool.lend(kept + to - from)
    if (!buffer) return this.kill('tcpShedMemory')
    if (old) {
      copyOctets(old, this.#unsentAt, buffer, 0, kept)
      pool.giveBack(old)
    } else {
      counters[COUNTER.tcpHeld]++
    }
    copyOctets(joined, from, buffer, kept, to - from)
    this.#unsent = buffer
    this.#unsentAt = 0
    this.#unsentEnd = kept + to - from
    this.#watch(EPOLLOUT)
  }

  #sendUnsent(): void {
    const buffer = this.#unsent as Uint8Array<ArrayBuffer>
    const sent = this.#epoll.send(this.#fd, this.#epoll.addressOf(buffer) + this.#unsentAt, this.#unsentEnd - this.#unsentAt)
    if (sent < 0) {
      const errno = this.#epoll.errno()
      return errno === EAGAIN || errno === EINTR ? undefined : this.#break()
    }
    this.#unsentAt += sent
    if (this.#unsentAt < this.#unsentEnd) return
    this.#freeUnsent()
    if (this.#isClosing) return this.#close(false)
    if (this.isHeld) this.proceed()
    else this.resume()
  }

  protected hold(): void {
    if (!this.#unsent) this.#common.takeTurns(this.slot)
  }

  protected rest(): void {
    if (!this.#unsent) this.#watch(0)
  }

  protected retryLater(): void {
    this.#common.retryLater(this.slot)
  }

  protected handOn(query: Uint8Array, length: number): boolean {
    const { deferrals } = this.#common
    return deferrals !== undefined && deferrals.add(query, length, this.peer, this.slot, this.life) >= 0
  }

  protected tellEnd(): void {
    this.#common.deferrals?.end(this.#place, this.life)
  }

  protected resume(): void {
    if (!this.#unsent) this.#watch(READING)
  }

  /**
   * Closing with octets unread resets the connection (RFC 2525 2.17), which takes answers from a client that
   * has not read them yet: what has come is read first.
   */
  protected closeSoon(isAllRead: boolean): void {
    if (!isAllRead && this.#fd >= 0) this.#epoll.receive(this.#fd)
    this.#isClosing = true
    if (!this.#unsent) this.#close(false)
  }

  protected cut(isReset: boolean): void {
    this.#close(isReset)
  }

  #break(): void {
    this.count('tcpClosedByError')
    this.#close(false)
  }

  #close(isReset: boolean): void {
    const fd = this.#fd
    if (fd < 0) return
    this.#fd = -1
    this.#freeUnsent()
    this.#epoll.close(fd, isReset)
    this.#common.closed(this.slot)
    this.leave()
  }

  #freeUnsent(): void {
    if (this.#unsent) this.shared.pool.giveBack(this.#unsent)
    this.#unsent = undefined
  }

  #watch(events: number): void {
    if (this.#watched === events || this.#fd < 0) return
    this.#watched = events
    this.#epoll.change(this.#fd, events, this.slot, this.life)
  }
}

/**
 * DNS over TCP by system calls, the fast path (RFC 7766): a worker thread sleeps in `epoll_wait`, reads what
 * has come, answers all of it and sends the answers with one `send` for each chunk. Measured against
 * node:net (tcp-net.ts), which serves where this cannot, a connection for one query costs less than half.
 * What a connection may do is in tcp-connection.ts, who must leave for whom in tcp-connections.ts: both the
 * same for either.
 *
 *     epoll_wait ──▶ listening: accept one
 *         ▲      └─▶ connection: recv ──▶ handler for each query ──▶ one send
 *         │
 *         └──── between rounds: connections whose turn it is · sweep · stop? reload? (at least 4 times a second)
 *
 * The thread is apart from the one that reads UDP, although both could wait for all sockets together. One
 * that reads UDP alone waits in `recvmmsg` itself, where a common loop needs `epoll_wait` before each batch;
 * and a thousand pipelined queries of one client would keep datagrams waiting.
 *
 * The thread does nothing else, so that the rules of udp-mmsg.ts hold: `onIdle` is the place to look for
 * work, counters lie in shared memory. So does a table of its open descriptors, which belong to the process:
 * if the thread dies, the main thread closes them (`closeLeft`), or their clients would wait for ever.
 */
import { DEFER_RETRY_MS, TCP_ACCEPT_REST_MS, TCP_BACKLOG, TCP_EVENTS, TCP_SWEEP_MS, TCP_WAIT_MS, TRANSPORT_CLOSE_MS } from '../dns/limits.ts'
import { ReusedPeer } from './address.ts'
import { type Clock, systemClock } from './clock.ts'
import { COUNTER } from './counters.ts'
import { CALL, type Call, Deferrals, type DeferralOptions, unpackAnswers } from './deferral-parcel.ts'
import { Epoll, EPOLLIN } from './epoll.ts'
import { EAGAIN, errorName, type Libc, loadLibc, type Pointer } from './libc.ts'
import { TCP_LIMITS, type TcpOptions, TcpShared } from './tcp-connection.ts'
import { type CloseReason, type ConnectionLimits, type ConnectionOwner, Connections } from './tcp-connections.ts'
import { EpollConnection, type EpollShared } from './tcp-epoll-connection.ts'
import type { TcpSocket } from './tcp-socket.ts'
import { WakeUp } from './wake-up.ts'

export { canUseEpoll } from './libc.ts'

/** What a TCP thread is made of, but for its stop. */
export interface EpollOptions extends TcpOptions {
  /** One of each endpoint's sockets, which no other thread accepts from. */
  sockets: readonly TcpSocket[]
  /** Where open descriptors are written, in shared memory; made by `openTable`. */
  open?: Int32Array
  /** Where queries go that the handler defers; without it they are met with silence. */
  deferrals?: DeferralOptions
  /** An eventfd that wakes the thread, as when answers of the core have come; made by `openWakeUp`. */
  wakeUp?: number
  clock?: Pick<Clock, 'nowMs'>
  libc?: Libc
}

/** What a worker thread's loop is made of. */
export interface EpollLoopOptions extends EpollOptions {
  /** Over a SharedArrayBuffer; the loop ends when word 0 is not 0. */
  stop: Int32Array
  /** Called after every round and after every TCP_WAIT_MS without one. Takes in the answers of the core by `deliver`. */
  onIdle?: (server: EpollServer) => void
  /** Milliseconds that a stop waits for answers in flight. */
  deadlineMs?: number
}

/** Answers until stopped; then finishes what is in flight, and returns with every connection closed. */
export function runEpollLoop(options: EpollLoopOptions): void {
  const { stop, onIdle = () => undefined, deadlineMs = TRANSPORT_CLOSE_MS } = options
  const server = new EpollServer(options)
  try {
    while (Atomics.load(stop, 0) === 0) {
      server.turn(TCP_WAIT_MS)
      onIdle(server)
    }
    onIdle(server) // what the core sent before the stop is there by now
    server.stop(deadlineMs)
    while (!server.isDone) {
      server.turn(TCP_WAIT_MS)
      onIdle(server)
    }
  } finally {
    server.end()
  }
}

/** Shared memory for the open descriptors of a thread with these limits: word 0 is how many, then one word a slot, 0 where it has none. */
export function openTable({ total = TCP_LIMITS.total }: Partial<ConnectionLimits> = {}): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * (1 + total)))
}

/** Closes what a thread that has died left open. */
export function closeLeft(open: Int32Array): void {
  for (let slot = 1; slot < open.length; slot++) {
    if (open[slot] > 0) loadLibc().close(open[slot] - 1)
    open[slot] = 0
  }
  open[0] = 0
}

/** A listening socket and until when it rests. */
interface Listener {
  fd: number
  restsUntilMs: number
}

/** The TCP side of a thread, a round at a time; `runEpollLoop` is the loop around it. */
export class EpollServer implements ConnectionOwner, EpollShared {
  readonly tcp: TcpShared
  readonly epoll: Epoll
  readonly joined: Pointer
  readonly deferrals: Deferrals | undefined
  readonly #wakeUp: WakeUp | undefined
  readonly #clock: Pick<Clock, 'nowMs'>
  readonly #open: Int32Array
  readonly #listeners: Listener[]
  readonly #bySlot: EpollConnection[] = []
  readonly #peer = new ReusedPeer('tcp')
  /** Slots whose connections go on in the next round; each stands here once at most. */
  readonly #waiting: Int32Array
  readonly #isWaiting: Uint8Array
  #waitingFirst = 0
  #waitingCount = 0
  /** Slots whose connections try the core again, and when. */
  #retrying: number[] = []
  #retryAtMs = Infinity
  #sweepAtMs: number
  #isResting = false
  #endsAtMs = Infinity

  constructor(options: EpollOptions) {
    const { sockets, limits, clock = systemClock, libc = loadLibc() } = options
    const all = { ...TCP_LIMITS, ...limits }
    this.epoll = new Epoll(libc)
    this.deferrals = options.deferrals && new Deferrals(options.deferrals, options.counters)
    this.tcp = new TcpShared(options, new Connections(all, this), this.deferrals !== undefined)
    this.joined = libc.addressOf(this.tcp.joined)
    this.#clock = clock
    this.#open = options.open ?? openTable(all)
    this.#waiting = new Int32Array(all.total)
    this.#isWaiting = new Uint8Array(all.total)
    this.#sweepAtMs = clock.nowMs() + TCP_SWEEP_MS
    this.#listeners = sockets.map(({ fd }) => ({ fd, restsUntilMs: 0 }))
    for (let i = 0; i < this.#listeners.length; i++) this.#watchListener(i)
    this.#wakeUp = options.wakeUp === undefined ? undefined : new WakeUp(options.wakeUp, libc)
    if (this.#wakeUp !== undefined && !this.epoll.add(this.#wakeUp.fd, EPOLLIN, -1 - this.#listeners.length, 0)) throw new Error(`Cannot be woken as the system refuses it (${errorName(this.epoll.errno())})`)
  }

  /** Connections open now. */
  get connectionCount(): number {
    return this.tcp.connections.size
  }

  /** Whether a stop has come to its end. */
  get isDone(): boolean {
    return this.#endsAtMs !== Infinity && this.connectionCount === 0
  }

  /** Waits up to `waitMs` for something to do, and does what there is. */
  turn(waitMs: number): void {
    const count = this.epoll.wait(this.#waitingCount > 0 ? 0 : this.#retrying.length > 0 ? Math.min(waitMs, DEFER_RETRY_MS) : waitMs)
    const nowMs = this.#clock.nowMs()
    this.tcp.connections.tick(nowMs)
    this.#serve(count)
    this.#takeTurns()
    if (nowMs >= this.#retryAtMs) this.#retry()
    if (nowMs >= this.#sweepAtMs) this.#sweep(nowMs)
    if (this.#isResting) this.#wake(nowMs)
    if (nowMs >= this.#endsAtMs) for (const slot of this.tcp.connections.slots()) this.kill(slot, 'tcpClosedStop')
    this.deferrals?.flush() // behind all that may end a connection, of which the core hears
  }

  /** Gives what the core says, which it has packed with `Returns`, to its connections. */
  deliver(parcel: ArrayBuffer): void {
    this.tcp.connections.tick(this.#clock.nowMs())
    let last: EpollConnection | undefined
    unpackAnswers(parcel, (slot, life, octets, call) => {
      const connection = this.#bySlot[slot]
      if (connection?.life !== life) return this.#deliverNowhere(slot, life, octets, call)
      if (connection !== last) last?.delivered()
      last = connection
      connection.deliver(octets, call)
    })
    last?.delivered()
    this.deferrals?.flush()
  }

  /** Accepts no more, answers the queries that have arrived and ends every connection, within `deadlineMs`; goes on in `turn` until `isDone`. */
  stop(deadlineMs: number): void {
    if (this.#endsAtMs !== Infinity) return
    for (const listener of this.#listeners) {
      for (let i = 0; i < TCP_BACKLOG && this.#accept(listener); i++); // connections that clients take for theirs already
      this.epoll.deafen(listener.fd)
    }
    this.#isResting = false
    for (let rounds = 0; rounds * TCP_EVENTS <= this.#open.length; rounds++) {
      const count = this.epoll.wait(0) // what the kernel already holds for us is read first
      this.#serve(count)
      if (count < TCP_EVENTS) break
    }
    for (const slot of this.tcp.connections.slots()) this.#bySlot[slot].stop()
    this.#endsAtMs = this.#clock.nowMs() + deadlineMs
  }

  /** Closes all that is open, but not the listening sockets, which belong to who opened them. */
  end(): void {
    for (const slot of this.tcp.connections.slots()) this.kill(slot, 'tcpClosedStop')
    this.deferrals?.flush()
    this.epoll.end()
  }

  /** As ConnectionOwner says. */
  isSlow(slot: number): boolean {
    return this.#bySlot[slot].isSlow
  }

  /** As ConnectionOwner says. */
  kill(slot: number, reason: CloseReason): void {
    this.#bySlot[slot].kill(reason)
  }

  /** As EpollShared says. */
  takeTurns(slot: number): void {
    if (this.#isWaiting[slot] !== 0) return
    this.#isWaiting[slot] = 1
    this.#waiting[(this.#waitingFirst + this.#waitingCount++) % this.#waiting.length] = slot
  }

  /** As ConnectionOwner says. */
  isWaiting(slot: number): boolean {
    return this.#bySlot[slot].isWaiting
  }

  /** As EpollShared says. */
  retryLater(slot: number): void {
    if (this.#retrying.length === 0) this.#retryAtMs = this.#clock.nowMs() + DEFER_RETRY_MS
    this.#retrying.push(slot)
  }

  /** As EpollShared says. */
  closed(slot: number): void {
    this.#open[1 + slot] = 0
    this.#open[0]--
  }

  /** Another connection has the slot. */
  #deliverNowhere(slot: number, life: number, octets: Uint8Array | undefined, call: Call): void {
    if (octets !== undefined) this.tcp.counters[COUNTER.deferLate]++
    if (call === CALL.keep) this.deferrals?.end(slot, life)
  }

  #serve(count: number): void {
    const { epoll } = this
    for (let i = 0; i < count; i++) {
      const slot = epoll.slot(i)
      if (slot < -this.#listeners.length) this.#wakeUp?.clear()
      else if (slot < 0) this.#accept(this.#listeners[-1 - slot])
      else if (epoll.life(i) === this.#bySlot[slot].life) this.#bySlot[slot].turn(epoll.events(i))
    }
  }

  /** Lets each that waits go on once; those that are not done wait again behind the others. */
  #takeTurns(): void {
    for (let left = this.#waitingCount; left > 0; left--) {
      const slot = this.#waiting[this.#waitingFirst]
      this.#waitingFirst = (this.#waitingFirst + 1) % this.#waiting.length
      this.#waitingCount--
      this.#isWaiting[slot] = 0
      this.#bySlot[slot].takeTurn() // where it has ended and another has the slot, nothing is held
    }
  }

  /** Lets connections try the core again. */
  #retry(): void {
    const slots = this.#retrying
    this.#retrying = []
    this.#retryAtMs = Infinity
    for (const slot of slots) this.#bySlot[slot].takeTurn()
  }

  /**
   * Accepts one connection; false where there is none. One for each time that the kernel reports the
   * listening socket: a call that finds none costs nearly as much as one that finds one, and a flood of
   * connections takes turns with those that are there.
   */
  #accept(listener: Listener): boolean {
    const { counters, connections } = this.tcp
    const fd = this.epoll.accept(listener.fd, this.#peer)
    if (fd < 0) return this.#failToAccept(listener, this.epoll.errno())
    counters[COUNTER.tcpAccepted]++
    const { address, port } = this.#peer
    const slot = connections.add(address)
    const connection = (this.#bySlot[slot] ??= new EpollConnection(this))
    connection.peer.setOctets(address, 0, address.length as 4 | 16, port)
    this.#open[1 + slot] = fd + 1
    this.#open[0]++
    if (!connection.serve(fd, slot)) connection.kill('tcpShedMemory')
    return true
  }

  /** Whether there may be more to accept: an error of one connection says nothing of the next, a lack of means does. */
  #failToAccept(listener: Listener, errno: number): boolean {
    if (errno === EAGAIN) return false
    const { counters } = this.tcp
    counters[COUNTER.tcpAcceptFaults]++
    if (!LACKS.has(errorName(errno))) return true
    counters[COUNTER.tcpAcceptRests]++
    listener.restsUntilMs = this.#clock.nowMs() + TCP_ACCEPT_REST_MS
    this.#isResting = true
    this.epoll.remove(listener.fd)
    return false
  }

  /** Accepts again where the rest is over. */
  #wake(nowMs: number): void {
    this.#isResting = false
    for (const [i, listener] of this.#listeners.entries()) {
      if (listener.restsUntilMs > nowMs) this.#isResting = true
      else if (listener.restsUntilMs > 0) {
        listener.restsUntilMs = 0
        this.#watchListener(i)
      }
    }
  }

  #watchListener(i: number): void {
    if (!this.epoll.add(this.#listeners[i].fd, EPOLLIN, -1 - i, 0)) throw new Error(`Cannot wait for sockets as the system refuses it (${errorName(this.epoll.errno())})`)
  }

  #sweep(nowMs: number): void {
    this.tcp.connections.sweep()
    this.#sweepAtMs = nowMs + TCP_SWEEP_MS
  }
}

/** Errors of accepting that the next try meets too, until something is closed. */
const LACKS = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

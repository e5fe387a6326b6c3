/**
 * DNS over UDP in batches, the fast path: a worker thread sleeps in `recvmmsg`, answers all that has come,
 * and sends the answers with one `sendmmsg`. Nothing is allocated per datagram. Measured on an echo, this
 * costs less than half of node:dgram and as much as the same loop in C; nearly all of it is the kernel's.
 *
 *     recvmmsg ──▶ up to 64 queries ──▶ handler for each ──▶ up to 64 answers ──▶ sendmmsg
 *        ▲                                                                           │
 *        └──────────── between batches: stop? reload? (at least 4 times a second) ◀──┘
 *
 * The thread does nothing else: its event loop does not turn, so that no timer, promise or message of it
 * comes through. `onIdle` is the place to look for work, for example with `receiveMessageOnPort`. The
 * main thread opens the sockets (mmsg-socket.ts), reads the counters from shared memory, and stops the
 * loop through a word of shared memory.
 */
import { countInto } from '../dns/histogram.ts'
import { SPREAD_FULL_BATCHES, UDP_BATCH, UDP_WAIT_MS, UDP_REST_MS } from '../dns/limits.ts'
import { Deferrals, type DeferralOptions, WAY_BACK_WORD } from './deferral-parcel.ts'
import { COUNTER, HISTOGRAM, TRANSPORT_HISTOGRAMS, type TransportCounters } from './counters.ts'
import { DEFERRED, type Handler, type OnFault, type Peer } from './handler.ts'
import { systemClock } from './clock.ts'
import { callMemory, EAGAIN, EINTR, errorName, type Libc, loadLibc, MSG_DONTWAIT, MSG_TRUNC, MSG_WAITFORONE } from './libc.ts'
import { ANSWER_STRIDE, Batch, sendBatch } from './mmsg-batch.ts'
import type { MmsgSocket } from './mmsg-socket.ts'
import { isClientPort } from './udp-ports.ts'

export { canUseMmsg } from './libc.ts'

/** What a worker thread's loop is made of. */
export interface MmsgLoopOptions {
  /** One of each endpoint's sockets, which no other thread reads. */
  sockets: readonly MmsgSocket[]
  handler: Handler
  /** Of this thread alone; in shared memory, as nobody can ask the thread while it sleeps. */
  counters: TransportCounters
  onFault: OnFault
  /** Over a SharedArrayBuffer; the loop ends when word 0 is not 0. */
  stop: Int32Array
  /** Called after every batch and after every UDP_WAIT_MS without one. */
  onIdle?: () => void
  /** Called where SPREAD_FULL_BATCHES were full in a row, or more was to be deferred than may wait: this thread is given too much. */
  onFull?: () => void
  /** Where queries go that the handler defers; without it they are met with silence. */
  deferrals?: DeferralOptions
  /** Milliseconds since some fixed moment, with fractions; read twice for each batch. */
  nowMs?: () => number
  libc?: Libc
}

/** Answers until stopped; returns within UDP_WAIT_MS and the current batch. Throws where a socket cannot be read at all. */
export function runMmsgLoop(options: MmsgLoopOptions): void {
  const { sockets, stop, onIdle = () => undefined, libc = loadLibc() } = options
  const deferrals = options.deferrals && new Deferrals(options.deferrals, options.counters)
  const readers = sockets.map((socket, place) => new BatchReader(libc, socket, options, deferrals, place))
  const wait = readers.length === 1 ? () => readers[0].turn(MSG_WAITFORONE) : pollAll(libc, readers)
  while (Atomics.load(stop, 0) === 0) {
    wait()
    onIdle()
  }
}

const POLLFD = 8
const POLLIN = 1

/** Waits for any of several sockets; one alone waits in its own read, which saves a call. */
function pollAll(libc: Libc, readers: readonly BatchReader[]): () => void {
  const memory = callMemory(readers.length * POLLFD)
  const view = new DataView(memory.buffer)
  for (const [i, { fd }] of readers.entries()) {
    view.setInt32(i * POLLFD, fd, true)
    view.setInt16(i * POLLFD + 4, POLLIN, true)
  }
  const at = libc.addressOf(memory)
  return () => {
    if (libc.poll(at, readers.length, UDP_WAIT_MS) <= 0) return // in vain, or a signal
    for (let i = 0; i < readers.length; i++) if (view.getInt16(i * POLLFD + 6, true) !== 0) readers[i].turn(MSG_DONTWAIT)
  }
}

/** Errors of reading that more reading does not cure. */
const FATAL = new Set(['EBADF', 'ENOTSOCK', 'EFAULT', 'EINVAL', 'ENOSYS'])

/** One socket and the memory of its batches. */
class BatchReader {
  readonly fd: number
  readonly #libc: Libc
  readonly #batch: Batch
  readonly #options: MmsgLoopOptions
  readonly #nowMs: () => number
  readonly #deferrals: Deferrals | undefined
  /** Which of the thread's sockets this is. */
  readonly #place: number
  /** Batches up to now that were full, without one between them that was not. */
  #fullInARow = 0
  readonly #peer: Peer = { transport: 'udp', address: new Uint8Array(4), port: 0 }

  constructor(libc: Libc, { fd, family, isWildcard }: MmsgSocket, options: MmsgLoopOptions, deferrals: Deferrals | undefined, place: number) {
    this.fd = fd
    this.#deferrals = deferrals
    this.#place = place
    this.#libc = libc
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => systemClock.nowMs())
    this.#batch = new Batch(libc, family, isWildcard)
  }

  /** Reads a batch, waiting for it as `flags` say, and sends its answers. */
  turn(flags: number): void {
    const batch = this.#batch
    const count = this.#libc.recvmmsg(this.fd, batch.received, UDP_BATCH, flags, 0)
    if (count < 0) return this.#failToRead(this.#libc.errno())
    const { counters } = this.#options
    const sinceMs = this.#nowMs()
    counters[COUNTER.udpReceived] += count
    countInto(counters, HISTOGRAM.udpBatch, TRANSPORT_HISTOGRAMS.udpBatch.buckets, count)
    let ready = 0
    for (let i = 0; i < count; i++) {
      const size = this.#answer(i, batch.answers[ready])
      if (size === 0) continue
      batch.reply(ready++, i, size)
      if (size <= ANSWER_STRIDE) continue
      this.#send(ready) // it lies where the next would be written
      ready = 0
    }
    this.#send(ready)
    this.#noteFullness(count)
    this.#deferrals?.flush()
    batch.reset(count)
    const micros = Math.min(0x7fff_ffff, Math.max(0, Math.round((this.#nowMs() - sinceMs) * 1_000)))
    countInto(counters, HISTOGRAM.udpBatchTime, TRANSPORT_HISTOGRAMS.udpBatchTime.buckets, micros)
  }

  #noteFullness(count: number): void {
    if (count < UDP_BATCH) this.#fullInARow = 0
    else if (++this.#fullInARow % SPREAD_FULL_BATCHES === 0) this.#options.onFull?.()
  }

  /** Octets of the answer to rx slot `i`, or 0. */
  #answer(i: number, out: Uint8Array): number {
    const { handler, counters, onFault } = this.#options
    const batch = this.#batch
    const port = batch.port(i)
    if ((batch.flags(i) & MSG_TRUNC) !== 0) return this.#drop(COUNTER.udpDropLong)
    if (!isClientPort(port)) return this.#drop(COUNTER.udpDropPort)
    this.#peer.address = batch.addresses[i]
    this.#peer.port = port
    try {
      const size = handler(batch.queries[i], batch.length(i), this.#peer, out)
      if (size > 0) return size
      return size === DEFERRED && this.#deferrals !== undefined ? this.#defer(i, this.#deferrals) : this.#drop(COUNTER.udpSilent)
    } catch (fault) {
      counters[COUNTER.handlerFaults]++
      onFault(fault)
      return 0
    }
  }

  /** Hands the query on with the way back; nothing is to be sent now. */
  #defer(i: number, deferrals: Deferrals): number {
    const at = deferrals.add(this.#batch.queries[i], this.#batch.length(i), this.#peer, this.#place)
    if (at < 0) {
      this.#options.onFull?.()
      return this.#drop(COUNTER.deferDropped)
    }
    this.#batch.wayBack(i, deferrals.words, at + WAY_BACK_WORD)
    return 0
  }

  #drop(counter: number): number {
    this.#options.counters[counter]++
    return 0
  }

  #send(count: number): void {
    sendBatch(this.#libc, this.fd, this.#batch, count, this.#options.counters)
  }

  /** Nothing came in time, or a signal did: both are ordinary. */
  #failToRead(errno: number): void {
    if (errno === EAGAIN || errno === EINTR) return
    const { counters, onFault, stop } = this.#options
    const name = errorName(errno)
    counters[COUNTER.udpSocketFaults]++
    const fault = new Error(`Cannot read UDP socket ${this.fd} as the system refuses it (${name})`)
    if (FATAL.has(name)) throw fault
    onFault(fault)
    Atomics.wait(stop, 0, 0, UDP_REST_MS)
  }
}

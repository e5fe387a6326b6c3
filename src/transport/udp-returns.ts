/**
 * Answers of the core over UDP, for queries that socket threads have read: the core's thread sends them itself,
 * from the same sockets, as the threads sleep in the kernel and need not wake for that. Answers that are
 * ready together leave together, one `sendmmsg` for each socket.
 */
import { MAX_UDP_SENDS_IN_FLIGHT, UDP_BATCH } from '../dns/limits.ts'
import { COUNTER, type TransportCounters } from './counters.ts'
import { type Libc, loadLibc } from './libc.ts'
import { ANSWER_STRIDE, Batch, sendBatch } from './mmsg-batch.ts'
import type { MmsgSocket } from './mmsg-socket.ts'

/** An answer on its way to a socket. */
interface Waiting {
  octets: Uint8Array
  words: Int32Array
  wayBackAt: number
}

/** What sends needs. */
export interface UdpReturnsOptions {
  /** Those of the core's thread. */
  counters: TransportCounters
  /** Runs once what is under way has had its turn, so that answers ready together go together. */
  soon: (run: () => void) => void
  libc?: Libc
}

/** The sending side of sockets that threads read. */
export class UdpReturns {
  readonly #libc: Libc
  readonly #options: UdpReturnsOptions
  readonly #waiting = new Map<MmsgSocket, Waiting[]>()
  /** One for each kind of socket. */
  readonly #batches = new Map<string, Batch>()
  #isDue = false
  #isClosed = false

  constructor(options: UdpReturnsOptions) {
    this.#options = options
    this.#libc = options.libc ?? loadLibc()
  }

  /** Sends `octets` from `socket` the way that stands in `words[wayBackAt …)`. */
  add(socket: MmsgSocket, octets: Uint8Array, words: Int32Array, wayBackAt: number): void {
    const { counters, soon } = this.#options
    if (this.#isClosed) return void counters[COUNTER.deferLate]++
    let waiting = this.#waiting.get(socket)
    if (waiting === undefined) this.#waiting.set(socket, (waiting = []))
    waiting.push({ octets, words, wayBackAt })
    if (waiting.length >= MAX_UDP_SENDS_IN_FLIGHT) this.flush()
    if (this.#isDue) return
    this.#isDue = true
    soon(() => {
      this.#isDue = false
      this.flush()
    })
  }

  /** Sends what waits. */
  flush(): void {
    for (const [socket, waiting] of this.#waiting) if (waiting.length > 0) this.#send(socket, waiting.splice(0))
  }

  /** Sends what waits, and nothing more: the sockets may be closed then. */
  close(): void {
    this.flush()
    this.#isClosed = true
  }

  #send(socket: MmsgSocket, answers: readonly Waiting[]): void {
    const batch = this.#batchFor(socket)
    const { counters } = this.#options
    let ready = 0
    for (const { octets, words, wayBackAt } of answers) {
      batch.answers[ready].set(octets)
      batch.returnTo(ready++, words, wayBackAt, octets.length)
      if (ready < UDP_BATCH && octets.length <= ANSWER_STRIDE) continue
      sendBatch(this.#libc, socket.fd, batch, ready, counters)
      ready = 0
    }
    sendBatch(this.#libc, socket.fd, batch, ready, counters)
  }

  #batchFor({ family, isWildcard }: MmsgSocket): Batch {
    const kind = `${family}${isWildcard ? ' wildcard' : ''}`
    let batch = this.#batches.get(kind)
    if (batch === undefined) this.#batches.set(kind, (batch = new Batch(this.#libc, family, isWildcard)))
    return batch
  }
}

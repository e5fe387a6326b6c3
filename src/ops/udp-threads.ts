/**
 * The threads that answer UDP in batches, seen from the main thread: started on sockets of their own, told
 * of new zones and options, started again should one die, stopped together. A thread sleeps in the kernel and hears
 * nothing; it looks for mail when a word of shared memory has moved.
 *
 *     control   word 0: stop   word 1: pieces of mail sent
 *     mail      { generation, zones, options } ──►  thread  ──► { kind: 'serving', generation }
 */
import { Worker } from 'node:worker_threads'
import { THREAD_RESTART_MS } from '../dns/limits.ts'
import { COUNTER_COUNT } from '../server/counters.ts'
import type { Endpoint } from '../transport/address.ts'
import { TRANSPORT_COUNTER_OCTETS, transportCounters, type TransportCounters } from '../transport/counters.ts'
import { closeMmsgSockets, openMmsgSockets, type MmsgSocket } from '../transport/mmsg-socket.ts'
import type { AnsweringOptions } from './answering.ts'

/** Words of a thread's control block. */
export const CONTROL = { stop: 0, mail: 1, words: 2 } as const

/** What to serve and how from now on, all of it each time, so that only the newest counts; `generation` counts the pieces. */
export interface ThreadMail {
  generation: number
  zones: SharedArrayBuffer[]
  options: AnsweringOptions
}

/** Everything that a thread is told at its start. */
export interface ThreadStart {
  sockets: MmsgSocket[]
  control: SharedArrayBuffer
  serverCounts: SharedArrayBuffer
  transportCounts: SharedArrayBuffer
  mail: ThreadMail
}

/** What a thread says. */
export type ThreadWord = { kind: 'serving'; generation: number } | { kind: 'fault'; fault: string; untold: number }

/** What threads to start. */
export interface UdpThreadsOptions {
  endpoints: readonly Endpoint[]
  count: number
  answering: AnsweringOptions
  zones: SharedArrayBuffer[]
  onFault: (fault: string, untold: number) => void
}

/** The threads in service. */
export class UdpThreads {
  private readonly threads: UdpThread[] = []
  private sockets: MmsgSocket[][] = []
  private mail: ThreadMail

  private constructor(zones: SharedArrayBuffer[], options: AnsweringOptions) {
    this.mail = { generation: 0, zones, options }
  }

  /** Opens `count` sockets on each endpoint and starts a thread on each set; resolves when all serve. ListenFault, or the first thread's fault, with nothing left open. */
  static async open(options: UdpThreadsOptions): Promise<UdpThreads> {
    const all = new UdpThreads(options.zones, options.answering)
    try {
      for (const endpoint of options.endpoints) all.sockets.push(openMmsgSockets(endpoint, options.count))
      for (let i = 0; i < options.count; i++) {
        all.threads.push(new UdpThread(all.sockets.map((ofEndpoint) => ofEndpoint[i]), options, () => all.mail))
      }
      await Promise.all(all.threads.map((thread) => thread.start()))
    } catch (fault) {
      await all.close()
      throw fault
    }
    return all
  }

  /** Counters of each thread, for `serverMetrics`. */
  get serverCounts(): Float64Array[] {
    return this.threads.map((thread) => thread.serverCounts)
  }

  /** Counters of each thread, for `transportMetrics`. */
  get transportCounts(): TransportCounters[] {
    return this.threads.map((thread) => thread.transportCounts)
  }

  /** Gives all threads the zones to serve; resolves when each of them serves them. */
  publish(zones: SharedArrayBuffer[]): Promise<void> {
    return this.send({ ...this.mail, zones })
  }

  /** Tells all threads how to answer; resolves when each of them does. */
  settle(options: AnsweringOptions): Promise<void> {
    return this.send({ ...this.mail, options })
  }

  private async send(mail: ThreadMail): Promise<void> {
    this.mail = { ...mail, generation: mail.generation + 1 }
    await Promise.all(this.threads.map((thread) => thread.send(this.mail)))
  }

  /** Lets each thread finish its batch, waits for all, and closes their sockets. */
  async close(): Promise<void> {
    await Promise.all(this.threads.map((thread) => thread.stop()))
    for (const ofEndpoint of this.sockets) closeMmsgSockets(ofEndpoint)
    this.sockets = []
  }
}

class UdpThread {
  readonly serverCounts: Float64Array
  readonly transportCounts: TransportCounters
  private readonly told: Omit<ThreadStart, 'mail'>
  private readonly control: Int32Array
  private readonly onFault: UdpThreadsOptions['onFault']
  private readonly newest: () => ThreadMail
  private worker: Worker | undefined
  private exited: Promise<void> = Promise.resolve()
  private waiting: { generation: number; resolve: () => void }[] = []
  private restart: NodeJS.Timeout | undefined

  constructor(sockets: MmsgSocket[], options: UdpThreadsOptions, newest: () => ThreadMail) {
    const control = new SharedArrayBuffer(CONTROL.words * 4)
    const serverCounts = new SharedArrayBuffer(COUNTER_COUNT * 8)
    const transportCounts = new SharedArrayBuffer(TRANSPORT_COUNTER_OCTETS)
    this.told = { sockets, control, serverCounts, transportCounts }
    this.control = new Int32Array(control)
    this.serverCounts = new Float64Array(serverCounts)
    this.transportCounts = transportCounters(transportCounts)
    this.onFault = options.onFault
    this.newest = newest
  }

  /** Starts the thread; resolves when it serves, rejects where it dies before. */
  start(): Promise<void> {
    const mail = this.newest()
    const task: ThreadStart = { ...this.told, mail }
    const worker = new Worker(new URL('./udp-thread.js', import.meta.url), { workerData: task })
    this.worker = worker
    const serving = this.served(mail.generation)
    return new Promise<void>((resolve, reject) => {
      let isServing = false
      let reason = 'it ended by itself'
      void serving.then(() => {
        isServing = true
        resolve()
      })
      worker.on('message', (word: ThreadWord) => this.hear(word))
      worker.on('error', (error) => (reason = error.stack ?? error.message))
      this.exited = new Promise((ended) => {
        worker.on('exit', () => {
          this.worker = undefined
          ended()
          if (isServing) this.recover(reason)
          else reject(new Error(`Cannot start a UDP thread: ${reason}`))
        })
      })
    })
  }

  /** Sends mail; resolves when it is in use. A thread that is dead will start with the newest. */
  send(mail: ThreadMail): Promise<void> {
    if (this.worker === undefined) return Promise.resolve()
    this.worker.postMessage(mail)
    Atomics.add(this.control, CONTROL.mail, 1)
    return this.served(mail.generation)
  }

  async stop(): Promise<void> {
    Atomics.store(this.control, CONTROL.stop, 1)
    clearTimeout(this.restart)
    await this.exited
  }

  private served(generation: number): Promise<void> {
    return new Promise((resolve) => this.waiting.push({ generation, resolve }))
  }

  private hear(word: ThreadWord): void {
    if (word.kind === 'fault') this.onFault(word.fault, word.untold)
    else this.release(word.generation)
  }

  private release(upTo: number): void {
    for (const { generation, resolve } of this.waiting) if (generation <= upTo) resolve()
    this.waiting = this.waiting.filter(({ generation }) => generation > upTo)
  }

  /** A thread has ended: unless it was told to, it is started again, since the clients dealt to its sockets have no other. */
  private recover(reason: string): void {
    this.release(Infinity)
    if (Atomics.load(this.control, CONTROL.stop) !== 0) return
    this.onFault(`Cannot go on with a UDP thread, starting another: ${reason}`, 0)
    this.restart = setTimeout(() => void this.start().catch((fault: Error) => this.recover(fault.message)), THREAD_RESTART_MS)
  }
}

/**
 * The threads that read sockets, UDP in batches or TCP by epoll, seen from the main thread: started on
 * sockets of their own, told of new zones and options, started again should one die, stopped together. A
 * thread sleeps in the kernel and hears nothing; it looks for mail when a word of shared memory has moved.
 */
import { Worker } from 'node:worker_threads'
import { GATHER_LOOK_MS, THREAD_RESTART_MS, THREAD_YOUNG_MIB } from '../dns/limits.ts'
import { OutcomeRing } from '../discovery/sense/outcome-ring.ts'
import { COUNTER_COUNT } from '../server/counters.ts'
import { TRANSPORT_COUNTER_OCTETS, transportCounters, type TransportCounters } from '../transport/counters.ts'
import { systemClock } from '../transport/clock.ts'
import { closeLeft } from '../transport/tcp-epoll.ts'
import { Gathering } from '../transport/udp-gathering.ts'
import { WakeUp } from '../transport/wake-up.ts'
import type { AnsweringOptions } from './answering.ts'
import { octetsReplaced } from './collect.ts'
import { Gatherer } from './gatherer.ts'
import { type AnswerMail, CONTROL, type SharedZones, type ThreadMail, type ThreadStart, type ThreadTask, type ThreadWord } from './thread-contract.ts'
import { type CoreSide, ThreadDeferrals } from './thread-deferrals.ts'

/** What threads to start. */
export interface SocketThreadsOptions {
  tasks: readonly ThreadTask[]
  answering: AnsweringOptions
  zones: SharedZones
  onFault: (fault: string, untold: number) => void
  core: CoreSide
}

/** The threads in service. */
export class SocketThreads {
  private readonly threads: SocketThread[]
  private mail: ThreadMail
  private gatherer: Gatherer | undefined
  private stopLooking: (() => void) | undefined

  private constructor({ tasks, zones, answering, onFault, core }: SocketThreadsOptions) {
    this.mail = { kind: 'serve', generation: 0, zones, options: answering, replacedOctets: 0 }
    const first = tasks.findIndex(({ kind }) => kind === 'udp')
    // where one dies that is given nothing nobody waits for it
    this.threads = tasks.map((task, i) => new SocketThread(task, onFault, core, () => this.mail, () => i === first && this.gatherer?.spreadLong()))
  }

  /** Starts a thread for each task; resolves when all serve, rejects with the first's fault and no thread left. The sockets stay open either way. */
  static async start(options: SocketThreadsOptions): Promise<SocketThreads> {
    const all = new SocketThreads(options)
    try {
      await Promise.all(all.threads.map((thread) => thread.start()))
    } catch (fault) {
      await all.close()
      throw fault
    }
    all.gather(options.core.counters)
    return all
  }

  /** Lets the first of several UDP threads be given the datagrams of all while few come, where the system knows how. */
  private gather(counters: TransportCounters): void {
    const [first, ...others] = this.threads.filter(({ task }) => task.kind === 'udp')
    if (others.length === 0) return
    const gathering = first.gathering()
    if (!gathering.isPossible()) return
    const gatherer = new Gatherer(gathering, [first, ...others].map(({ transportCounts }) => transportCounts), counters)
    this.gatherer = gatherer
    this.stopLooking = systemClock.every(GATHER_LOOK_MS, () => gatherer.look())
  }

  /** TCP connections open now. */
  get connectionCount(): number {
    return this.threads.reduce((sum, { task }) => sum + (task.kind === 'tcp' ? task.open[0] : 0), 0)
  }

  /** Counters of each thread, for `serverMetrics`. */
  get serverCounts(): Float64Array[] {
    return this.threads.map((thread) => thread.serverCounts)
  }

  /** Counters of each thread, for `transportMetrics`. */
  get transportCounts(): TransportCounters[] {
    return this.threads.map((thread) => thread.transportCounts)
  }

  /** Where each thread puts outcomes of demands. */
  get outcomes(): OutcomeRing[] {
    return this.threads.map((thread) => thread.outcomes)
  }

  /** Gives all threads the zones to serve; resolves when each of them serves them. */
  publish(zones: SharedZones): Promise<void> {
    const blocksOf = ({ images, candidates }: SharedZones): (SharedArrayBuffer | undefined)[] => [...images, ...candidates]
    return this.send({ ...this.mail, zones, replacedOctets: this.mail.replacedOctets + octetsReplaced(blocksOf(this.mail.zones), blocksOf(zones)) })
  }

  /** Tells all threads how to answer; resolves when each of them does. */
  settle(options: AnsweringOptions): Promise<void> {
    return this.send({ ...this.mail, options })
  }

  private async send(mail: ThreadMail): Promise<void> {
    this.mail = { ...mail, generation: mail.generation + 1 }
    await Promise.all(this.threads.map((thread) => thread.send(this.mail)))
  }

  /** Lets each thread finish its batch and its connections, and waits for all. Their sockets may be closed then. */
  async close(): Promise<void> {
    this.stopLooking?.()
    await Promise.all(this.threads.map((thread) => thread.stop()))
  }
}

class SocketThread {
  readonly task: ThreadTask
  readonly serverCounts: Float64Array
  readonly transportCounts: TransportCounters
  readonly outcomes: OutcomeRing
  private readonly told: Omit<ThreadStart, 'mail' | 'budget'>
  private readonly control: Int32Array
  private readonly onFault: SocketThreadsOptions['onFault']
  private readonly newest: () => ThreadMail
  private readonly core: CoreSide
  private readonly onDeath: () => void
  private readonly wakeUp: WakeUp | undefined
  private worker: Worker | undefined
  private exited: Promise<void> = Promise.resolve()
  private waiting: { generation: number; resolve: () => void }[] = []
  private restart: NodeJS.Timeout | undefined

  constructor(task: ThreadTask, onFault: SocketThreadsOptions['onFault'], core: CoreSide, newest: () => ThreadMail, onDeath: () => void) {
    const control = new SharedArrayBuffer(CONTROL.words * 4)
    const serverCounts = new SharedArrayBuffer(COUNTER_COUNT * 8)
    const transportCounts = new SharedArrayBuffer(TRANSPORT_COUNTER_OCTETS)
    const outcomes = OutcomeRing.create()
    this.task = task
    this.told = { task, control, serverCounts, transportCounts, outcomes }
    this.outcomes = new OutcomeRing(outcomes)
    this.control = new Int32Array(control)
    this.serverCounts = new Float64Array(serverCounts)
    this.transportCounts = transportCounters(transportCounts)
    this.onFault = onFault
    this.onDeath = onDeath
    this.core = core
    this.newest = newest
    this.wakeUp = task.kind === 'tcp' ? new WakeUp(task.wakeUp) : undefined
  }

  /** Starts the thread; resolves when it serves, rejects where it dies before. */
  start(): Promise<void> {
    const mail = this.newest()
    const deferrals = new ThreadDeferrals(this.task, this.core, (parcel) => this.sendAnswers(worker, parcel))
    const start: ThreadStart = { ...this.told, mail, budget: deferrals.budget }
    const worker = new Worker(new URL('./socket-thread.js', import.meta.url), { workerData: start, resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_MIB } })
    this.worker = worker
    const serving = this.served(mail.generation)
    return new Promise<void>((resolve, reject) => {
      let isServing = false
      let reason = 'it ended by itself'
      void serving.then(() => {
        isServing = true
        resolve()
      })
      worker.on('message', (word: ThreadWord) => this.hear(word, deferrals))
      worker.on('error', (error) => (reason = error.stack ?? error.message))
      this.exited = new Promise((ended) => {
        worker.on('exit', () => {
          this.worker = undefined
          deferrals.end()
          if (this.task.kind === 'tcp') closeLeft(this.task.open)
          ended()
          if (isServing) this.recover(reason)
          else reject(new Error(`Cannot start a ${this.name} thread: ${reason}`))
        })
      })
    })
  }

  /** Sends mail; resolves when it is in use. A thread that is dead will start with the newest. */
  send(mail: ThreadMail): Promise<void> {
    if (this.worker === undefined) return Promise.resolve()
    this.post(this.worker, mail)
    return this.served(mail.generation)
  }

  private sendAnswers(worker: Worker, parcel: ArrayBuffer): void {
    this.post(worker, { kind: 'answers', parcel }, [parcel])
  }

  private post(worker: Worker, mail: ThreadMail | AnswerMail, moved: ArrayBuffer[] = []): void {
    worker.postMessage(mail, moved)
    Atomics.add(this.control, CONTROL.mail, 1)
    this.wakeUp?.ring()
  }

  /** Our end of what gives this thread the datagrams of all. */
  gathering(): Gathering {
    return new Gathering(this.task.sockets, this.control, CONTROL.gathered)
  }

  async stop(): Promise<void> {
    Atomics.store(this.control, CONTROL.stop, 1)
    clearTimeout(this.restart)
    this.wakeUp?.ring()
    await this.exited
  }

  private get name(): string {
    return this.task.kind.toUpperCase()
  }

  private served(generation: number): Promise<void> {
    return new Promise((resolve) => this.waiting.push({ generation, resolve }))
  }

  private hear(word: ThreadWord, deferrals: ThreadDeferrals): void {
    if (word.kind === 'deferred') deferrals.receive(word.parcel)
    else if (word.kind === 'fault') this.onFault(word.fault, word.untold)
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
    this.onDeath()
    this.onFault(`Cannot go on with a ${this.name} thread, starting another: ${reason}`, 0)
    this.restart = setTimeout(() => void this.start().catch((fault: Error) => this.recover(fault.message)), THREAD_RESTART_MS)
  }
}

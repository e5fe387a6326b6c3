/**
 * Everything that answers, as one thing: the main thread's own server, the threads that read sockets, and the core,
 * which the main thread is for what all of these leave to it.
 *
 *     sockets ──▶ threads, or the main thread ──▶ answers
 *                          │ deferred
 *                          ▼
 *                  the core, on the main thread ──▶ answers
 */
import { SHUTDOWN_MS } from '../dns/limits.ts'
import { Core } from '../server/core.ts'
import type { CoreHandlers, MessageAuthenticator } from '../server/core-contract.ts'
import { COUNTER_COUNT, Counters } from '../server/counters.ts'
import { type Defers, NO_DEFERRALS } from '../server/defers.ts'
import type { Prefix } from '../dns/prefix.ts'
import { EMBEDDING_COUNTERS } from '../discovery/intent/embedder.ts'
import type { Endpoint } from '../transport/address.ts'
import { systemClock } from '../transport/clock.ts'
import { transportCounters } from '../transport/counters.ts'
import { DeferralBudget } from '../transport/deferral-budget.ts'
import type { Handler } from '../transport/handler.ts'
import { UdpReturns } from '../transport/udp-returns.ts'
import type { ZoneDirectory } from '../zone/directory.ts'
import { answeringOptions, finishing, makeAnswering, unixSeconds, type Answering, type AnsweringOptions, type SharedCacheBlock } from './answering.ts'
import type { ConfigValues } from './config-schema.ts'
import type { EmbeddingConfig } from './config-intent.ts'
import type { SecretPair } from './cookie-secrets.ts'
import type { Log } from './log.ts'
import { type Metric, embeddingMetrics, histogramMetrics, serverMetrics, transportMetrics } from './metrics.ts'
import { OutcomeWays, type OutcomeWaysOptions } from './outcomes.ts'
import { SocketThreads } from './socket-threads.ts'
import type { SharedZones } from './thread-contract.ts'
import { Translating } from './translating.ts'
import { openSockets, planSockets, type OpenSockets, type SocketPlan } from './sockets.ts'

/** What answers is made of. */
export interface ServingOptions {
  /** The process's hash seed. */
  seed: number
  /** The values of the config in use; read again at `settle`. */
  values: () => ConfigValues
  /** The secrets of the cookies in use. */
  secrets: () => SecretPair
  handlers: CoreHandlers
  /** Whether anybody may have a session, by `handlers.session`; read again at `settle`. */
  hasSessions?: () => boolean
  /** The clock that leases run by, as `AnsweringOptions` has it; read again at `settle`. */
  leaseOriginMs?: () => number | undefined
  authenticator?: MessageAuthenticator
  /** Whether readings are fetched by `handlers.freshen` in any zone; read again at `settle`. */
  pulls?: () => boolean
  /** Networks that are recursed for by `handlers.resolve`; undefined: nobody is. Read again at `settle`. */
  clients?: () => Prefix[] | undefined
  /** What is known of other names; read again at `settle`. */
  cache?: () => SharedCacheBlock | undefined
  /** Who weighs what demands tell of earlier choices. */
  outcomes?: Pick<OutcomeWaysOptions, 'desk' | 'onLost'>
  /** Who is asked what needs in words mean, and the file for what is known of that; undefined: nobody. */
  embeddings?: { config: EmbeddingConfig; file: string; log: Log } | undefined
  onFault: (fault: unknown, untold: number) => void
}

const nowMs = (): number => performance.now()
const soon = (run: () => void): void => void setImmediate(run)
const after = (delayMs: number, run: () => void): void => void setTimeout(run, delayMs).unref()

/** Everything that answers. */
export class Serving {
  /** Who reads what. */
  plan: SocketPlan = { udpThreads: 0, tcpThreads: 0 }
  /** The addresses bound, with their true ports. */
  endpoints: readonly Endpoint[] = []
  private readonly options: ServingOptions
  private readonly defers: Defers
  private readonly serverCounts = new Float64Array(COUNTER_COUNT)
  private readonly transportCounts = transportCounters()
  /** Answers what no thread reads. */
  private readonly answering: Answering
  /** Answers signed queries. */
  private readonly coreAnswering: Answering
  private readonly core: Core
  /** Answers what the resolver asks our own zones. */
  private readonly ownAnswering: Answering
  private readonly outcomes: OutcomeWays | undefined
  private readonly translating: Translating
  private readonly embeddingCounts = new Float64Array(new SharedArrayBuffer(Object.keys(EMBEDDING_COUNTERS).length * Float64Array.BYTES_PER_ELEMENT))
  /** Published last. */
  private zones: SharedZones = { images: [], candidates: [] }
  private sockets: OpenSockets | undefined
  private threads: SocketThreads | undefined
  private udpReturns: UdpReturns | undefined

  constructor(options: ServingOptions) {
    const { handlers, authenticator, onFault, outcomes, embeddings } = options
    const counters = new Counters(this.serverCounts)
    this.options = options
    this.defers = {
      update: handlers.update !== undefined, agent: handlers.agent !== undefined, signed: authenticator !== undefined, missing: handlers.resolve !== undefined, intents: true,
    }
    this.translating = new Translating({
      seed: options.seed,
      onFault: (fault) => onFault(fault, 0),
      ...(embeddings && { embedding: { config: embeddings.config, file: embeddings.file, counts: this.embeddingCounts }, log: embeddings.log }),
    })
    this.outcomes = outcomes && new OutcomeWays({ ...outcomes, clock: systemClock, rings: () => this.threads?.outcomes ?? [] })
    const sink = this.outcomes && { outcomes: this.outcomes.direct }
    this.answering = makeAnswering(this.answeringOptions(), counters, onFault, { ...sink })
    this.coreAnswering = makeAnswering(this.coreOptions(), counters, onFault, { isOfCore: true, ...sink })
    this.ownAnswering = makeAnswering(this.ownOptions(), new Counters(), onFault, { isOfCore: true })
    this.core = new Core({
      ...finishing(this.answeringOptions()),
      handlers: { query: (...query) => this.answerSigned(...query), translate: this.translating.translate, ...handlers },
      ...(authenticator === undefined ? {} : { authenticator }),
      counters, nowSeconds: unixSeconds, nowMs, soon, after, onFault,
    })
  }

  /** Opens sockets as config and machine allow, and starts the threads that read them; they serve what was published last. Rejects with nothing left that reads. */
  async open(): Promise<void> {
    const { values, onFault } = this.options
    const counters = this.transportCounts
    const onDeferred = (message: Parameters<Core['handle']>[0]): void => this.core.take(message)
    this.plan = planSockets(values())
    this.sockets = await openSockets(this.plan, values(), {
      handler: this.answering.handler, counters, onFault: (fault) => onFault(fault, 0), deferrals: { origin: { budget: new DeferralBudget(), counters, nowMs }, onDeferred },
    })
    this.endpoints = this.sockets.endpoints
    const { tasks } = this.sockets
    if (tasks.length === 0) return
    this.udpReturns = new UdpReturns({ counters, soon })
    const core = { onDeferred, counters, udp: this.udpReturns, nowMs, soon }
    this.threads = await SocketThreads.start({ tasks, answering: this.answeringOptions(), zones: this.zones, onFault, core })
  }

  /** Puts zones into service in every thread, with the candidates of each. */
  async publish(directory: ZoneDirectory, candidates: (SharedArrayBuffer | undefined)[]): Promise<void> {
    this.answering.publish(directory, candidates)
    this.coreAnswering.publish(directory, candidates)
    this.ownAnswering.publish(directory, candidates)
    this.zones = { images: directory.zones.map((zone) => zone.buffer), candidates }
    this.translating.publish(this.zones)
    this.outcomes?.watch(candidates.some((table) => table !== undefined))
    await this.threads?.publish(this.zones)
  }

  /** Puts the options of the config and the secrets of the cookies into use in every thread. */
  async settle(): Promise<void> {
    const options = this.answeringOptions()
    this.answering.settle(options)
    this.coreAnswering.settle(this.coreOptions())
    this.ownAnswering.settle(this.ownOptions())
    this.core.settle(finishing(options))
    await this.threads?.settle(options)
  }

  /** Answers a query of the resolver from our own zones. */
  answerOwn: Handler = (...query) => this.ownAnswering.handler(...query)

  /** TCP connections open now. */
  get connectionCount(): number {
    return (this.sockets?.listeners ?? this.threads)?.connectionCount ?? 0
  }

  /** What all of it has counted. */
  metrics(): Metric[] {
    const { serverCounts = [], transportCounts = [] } = this.threads ?? {}
    const server = [this.serverCounts, ...serverCounts]
    const transport = [this.transportCounts, ...transportCounts]
    return [...serverMetrics(server), ...transportMetrics(transport), ...histogramMetrics(transport, server), ...embeddingMetrics(this.embeddingCounts)]
  }

  /** Takes no more messages, finishes what is in flight within SHUTDOWN_MS, what the core has included, and closes everything. */
  async close(): Promise<void> {
    const deadline = new Promise<void>((resolve) => after(SHUTDOWN_MS, resolve))
    await Promise.all([this.sockets?.listeners?.close(SHUTDOWN_MS), this.threads?.close()])
    await Promise.race([this.core.idle(), deadline])
    await this.translating.close()
    this.outcomes?.stop()
    this.udpReturns?.close()
    this.sockets?.closeShared()
  }

  private answerSigned(...[octets, length, peer, out, room, signer]: Parameters<NonNullable<CoreHandlers['query']>>): number {
    const answer = (): number => this.coreAnswering.handler(octets, length, peer, out, room)
    return this.outcomes === undefined ? answer() : this.outcomes.signedBy(signer, answer)
  }

  private answeringOptions(): AnsweringOptions {
    const { values, seed, secrets, leaseOriginMs, clients, cache, pulls, hasSessions } = this.options
    const defers = { ...this.defers, stale: pulls?.() ?? false, sessions: hasSessions?.() ?? false }
    return { ...answeringOptions(values(), seed, secrets(), Math.max(1, this.plan.udpThreads), defers, clients?.()), cache: cache?.(), leaseOriginMs: leaseOriginMs?.() }
  }

  /** Nothing is deferred again but what others must be asked for, and whoever has signed is not limited. */
  private coreOptions(): AnsweringOptions {
    return { ...this.answeringOptions(), defers: { ...NO_DEFERRALS, missing: this.defers.missing, intents: true }, rateLimit: undefined, cache: undefined }
  }

  /** What is not ours is refused, whoever asks, and nobody stands behind the question who might see what is not for all. */
  private ownOptions(): AnsweringOptions {
    const options = this.answeringOptions()
    const askers = options.askers.map(({ zone }) => ({ zone, networks: [], keys: [] }))
    return { ...options, askers, defers: NO_DEFERRALS, rateLimit: undefined, recursion: undefined, cache: undefined, requireCookie: false }
  }
}

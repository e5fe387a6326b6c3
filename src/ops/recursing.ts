/**
 * The recursive service, joined together: the machine (src/resolver), the cache in shared memory (src/cache), sockets to
 * other servers, clock and chance. It runs on the main thread, which is the core; the cache outlives every reload.
 *
 *     socket thread ──deferred──▶ core ──▶ resolve ──▶ machine ──▶ sockets ──▶ other servers
 *                                              │          ▲ ▼
 *                                              └── reply  cache, behind our own zones
 */
import { randomInt } from 'node:crypto'
import { Cache } from '../cache/cache.ts'
import { CacheBlock } from '../cache/block.ts'
import { printAddress } from '../dns/address.ts'
import { RCODE } from '../dns/codes.ts'
import type { Prefix } from '../dns/prefix.ts'
import { Resolver } from '../resolver/resolver.ts'
import { Runner } from '../resolver/runner.ts'
import { SharedCache } from '../resolver/shared-cache.ts'
import type { CoreHandler } from '../server/core-contract.ts'
import { OwnZonesFirst, type OwnZones } from '../server/own-zones.ts'
import { replyOf } from '../server/recursive-reply.ts'
import { systemClock } from '../transport/clock.ts'
import { Upstream } from '../transport/upstream.ts'
import type { SharedCacheBlock } from './answering.ts'
import type { RecursionConfig } from './config-recursion.ts'
import type { Log } from './log.ts'
import { machineMs } from './machine-clock.ts'

/** What the recursive service needs of the server around it. */
export interface RecursingOptions {
  /** Our own zones, which come before the world's. */
  zones: OwnZones
  /** The process's hash seed, by which our zones are searched too. */
  seed: number
  log: Log
}

/** The recursive service; there is one, whether the config turns it on or not. */
export class Recursing {
  private readonly options: RecursingOptions
  /** Wall time at the start less the monotonic clock: the cache's times are absolute and never go back. */
  private readonly originMs = Date.now() - machineMs()
  private config: RecursionConfig | undefined
  private cache: Cache | undefined
  private runner: Runner | undefined
  /** Machines of configs before, until their questions have ended. */
  private readonly retired = new Set<Runner>()

  constructor(options: RecursingOptions) {
    this.options = options
  }

  /** Networks that are served; undefined where the service is off. */
  get clients(): Prefix[] | undefined {
    return this.config?.clients
  }

  /** The cache for threads that answer from it; undefined where the service is off. */
  get shared(): SharedCacheBlock | undefined {
    return this.config && this.cache && { buffer: this.cache.block.buffer, originMs: this.originMs }
  }

  /** Works by `config` from the next question on; what is under way ends by the one before. The cache stays, at the size that it was made with. */
  configure(config: RecursionConfig | undefined): void {
    this.config = config
    this.retire()
    if (config === undefined) return
    const { cacheOctets, settings } = config
    this.cache ??= new Cache(CacheBlock.create(cacheOctets, this.options.seed))
    if (this.cache.block.buffer.byteLength !== cacheOctets - (cacheOctets % 4)) this.options.log('config keys wait', { keys: ['recursion.cache'] })
    const cache = new OwnZonesFirst(this.options.zones, new SharedCache(this.cache))
    const resolver = new Resolver({ settings, cache, random: (bound) => randomInt(bound) })
    const runner = new Runner({ resolver, nowMs: this.nowMs, after: (delayMs, run) => systemClock.after(delayMs, run), soon: (run) => systemClock.soon(run) })
    runner.network = new Upstream({ listener: runner, random: (bound) => randomInt(bound), print: printAddress })
    this.runner = runner
  }

  /** Answers a question of a client that is served. */
  resolve: CoreHandler = (message) => {
    const { runner } = this
    const [question] = message.questions
    return new Promise((resolve) => {
      if (runner === undefined) resolve(REFUSED)
      else runner.ask(question, (outcome) => resolve(replyOf(outcome, message.edns?.dnssecOk === true)))
    })
  }

  /** Ends all that is under way: those who wait are told so. */
  stop(): void {
    for (const runner of [...this.retired, ...(this.runner === undefined ? [] : [this.runner])]) runner.stop()
    this.retired.clear()
  }

  private nowMs = (): number => this.originMs + machineMs()

  private retire(): void {
    for (const runner of this.retired) if (runner.resolver.underWay === 0) this.retired.delete(runner)
    if (this.runner !== undefined) this.retired.add(this.runner)
    this.runner = undefined
  }
}

/** The config has turned the service off while the question was on its way to us. */
const REFUSED = { rcode: RCODE.REFUSED }

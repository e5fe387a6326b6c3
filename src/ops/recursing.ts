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
import { countInto } from '../dns/histogram.ts'
import { printAddress } from '../dns/address.ts'
import { CLASS, RCODE, TYPE } from '../dns/codes.ts'
import { MAX_QUESTION_MS, MAX_QUESTIONS_UNDER_WAY, STALE_AFTER_MS } from '../dns/limits-resolver.ts'
import type { Question } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import type { Prefix } from '../dns/prefix.ts'
import { isProofFault } from '../dnssec/verdict.ts'
import { newCounters, type ResolverCounters } from '../resolver/counters.ts'
import { Resolver } from '../resolver/resolver.ts'
import { RefreshingCache } from '../resolver/refreshing.ts'
import { Runner, type OnOutcome } from '../resolver/runner.ts'
import { configuredFor } from '../resolver/cuts.ts'
import type { Outcome, ResolverCache, RRset, ValidationSettings } from '../resolver/contract.ts'
import { refuse } from '../resolver/resolve.ts'
import { StaleAnswers } from '../resolver/stale.ts'
import { SharedCache } from '../resolver/shared-cache.ts'
import type { CoreHandler } from '../server/core-contract.ts'
import { FaultReports } from '../server/fault-reports.ts'
import { NetworkShares, networkOf } from '../server/network-shares.ts'
import { LocalRoot, type LocalRootParts } from '../server/local-root.ts'
import { OwnZonesFirst, type OwnZones } from '../server/own-zones.ts'
import { behind, followed, Policy, type Ruling } from '../server/policy.ts'
import { replyOf } from '../server/recursive-reply.ts'
import { systemClock } from '../transport/clock.ts'
import type { Datagrams } from '../transport/upstream-datagrams.ts'
import { Upstream } from '../transport/upstream.ts'
import { unixSeconds, type SharedCacheBlock } from './answering.ts'
import { readCache, writeCache } from './cache-file.ts'
import { CacheDesk } from './cache-desk.ts'
import { sumOfAnchor } from './anchor-file.ts'
import { AnchorKeeper, type AnchorLine } from './anchor-keeper.ts'
import type { ZoneImage } from '../zone/image.ts'
import type { RecursionConfig } from './config-recursion.ts'
import type { Log } from './log.ts'
import { type Metric, recursionMetrics } from './metrics.ts'
import { openRoot } from './local-root-file.ts'
import { policyImage } from './policy-file.ts'
import { RECURSION_ELEMENTS, RECURSION_HISTOGRAM, RECURSION_HISTOGRAMS } from './recursion-metrics.ts'
import { machineMs } from './machine-clock.ts'

/** What the recursive service needs of the server around it. */
export interface RecursingOptions {
  /** How other servers are asked by UDP; the cheapest way that works here where it is left out. */
  datagrams?: Datagrams
  /** Our own zones, which come before the world's. */
  zones: OwnZones
  /** The process's hash seed, by which our zones are searched too. */
  seed: number
  /** Where the cache is kept over a restart. */
  cacheFile: string
  /** Where it is kept what has become of trust anchors. */
  anchorFile: string
  log: Log
  /** Told of a fault of ours. */
  onFault: (fault: unknown, untold: number) => void
  /** The time by which proofs are good and roll-overs proceed, and timers for these; the machine's where it is left out. */
  calendar?: Calendar
}

/** The time of the day, and timers. */
export interface Calendar {
  readonly unixSeconds: () => number
  readonly after: (delayMs: number, run: () => void) => () => void
}

/** The recursive service; there is one, whether the config turns it on or not. */
export class Recursing {
  private readonly options: RecursingOptions
  /** Wall time at the start less the monotonic clock: the cache's times are absolute and never go back. */
  private readonly originMs = Date.now() - machineMs()
  private config: RecursionConfig | undefined
  private cache: Cache | undefined
  private rules: ZoneImage | undefined
  private policy: Policy | undefined
  private anchors: AnchorKeeper | undefined
  /** How answers are validated, or were when they last were, and what was believed when what is remembered was judged. */
  private validation: ValidationSettings | undefined
  private believed = ''
  private stale: StaleAnswers | undefined
  private refreshing: RefreshingCache | undefined
  private runner: Runner | undefined
  /** Machines of configs before, until their questions have ended, and what those before them have counted. */
  private readonly retired = new Set<Runner>()
  private readonly pastCounters: ResolverCounters[] = []
  private readonly shares = new NetworkShares()
  private readonly reports: FaultReports
  private readonly times = new Float64Array(RECURSION_ELEMENTS)

  constructor(options: RecursingOptions) {
    this.options = options
    this.reports = new FaultReports(unixSeconds, options.onFault)
  }

  /** Networks that are served; undefined where the service is off. */
  get clients(): Prefix[] | undefined {
    return this.config?.clients
  }

  /** The cache for threads that answer from it; undefined where the service is off. */
  get shared(): SharedCacheBlock | undefined {
    const { config, cache, originMs, rules } = this
    return config && cache && { buffer: cache.block.buffer, originMs, isValidating: config.settings.validation !== undefined, ...(rules && { policy: rules.buffer }) }
  }

  /** The cache for operators; undefined where the service is off. */
  get desk(): CacheDesk | undefined {
    return this.config && this.cache && new CacheDesk(this.cache, this.nowSeconds, () => this.runner?.resolver.forgetProofs())
  }

  /** What has become of trust anchors; undefined where they are not followed. */
  get anchorLines(): readonly AnchorLine[] | undefined {
    return this.config && this.anchors?.lines
  }

  /** What all of it has counted since the start. */
  metrics(): Metric[] {
    const runners = [...this.retired, ...(this.runner === undefined ? [] : [this.runner])].map(({ resolver }) => resolver)
    const sum = (of: (resolver: Resolver) => number): number => runners.reduce((total, resolver) => total + of(resolver), 0)
    return recursionMetrics({
      counters: [...this.pastCounters, ...runners.map(({ counters }) => counters)],
      underWay: sum((resolver) => resolver.underWay),
      inFlight: sum((resolver) => resolver.inFlight),
      levels: this.desk?.levels ?? { entries: 0, octets: 0, size: 0 },
    }, [this.times])
  }

  /** Works by `config` from the next question on; what is under way ends by the one before. The cache stays, at the size that it was made with. */
  configure(config: RecursionConfig | undefined): void {
    this.config = config
    this.retire()
    const validation = this.validationOf(config)
    if (config === undefined) return
    const { policy, settings: { validation: _given, ...settings } } = config
    this.rules = policy && policyImage(policy, this.options.seed)
    this.policy = this.rules && new Policy(this.rules, (name) => this.options.zones.holds(name))
    this.cache ??= this.makeCache(config)
    this.validation = validation ?? this.validation
    this.judgeByWhatIsBelieved()
    this.tellWaiting(config, this.cache.block)
    this.refreshing = new RefreshingCache(new SharedCache(this.cache), this.cache.block)
    const cache = new OwnZonesFirst(this.options.zones, this.behindRoot(config, this.refreshing))
    const random = (bound: number): number => randomInt(bound)
    const resolver = new Resolver({ settings: { ...settings, ...(validation && { validation }) }, cache, random, onFault: this.tellFault })
    const onFault = (fault: unknown): void => this.reports.report(fault)
    const after = (delayMs: number, run: () => void): (() => void) => systemClock.after(delayMs, run)
    const runner = new Runner({ resolver, nowMs: this.nowMs, after, soon: (run) => systemClock.soon(run), onAnswer: this.countTime, onFault })
    runner.network = new Upstream({ listener: runner, random, print: printAddress, ...(this.options.datagrams && { datagrams: this.options.datagrams }) })
    this.runner = runner
  }

  /** The cache, and behind it the local root where there is one. */
  private behindRoot({ localRoot: source, settings }: RecursionConfig, cache: ResolverCache): ResolverCache {
    if (source === undefined) return cache
    const { seed, log } = this.options
    const { unixSeconds } = this.calendar
    const isConfigured = (name: Name): boolean => configuredFor(settings, name) !== undefined
    const onGivenUp: LocalRootParts['onGivenUp'] = (reason, name) => log('local root given up', { file: source.file, reason, name: `${name}` })
    return new LocalRoot({ ...openRoot(source, seed), unixSeconds, isConfigured, onGivenUp }, cache)
  }

  /** How answers are validated: by the anchors of the config, or by what has become of them since (RFC 5011). */
  private validationOf(config: RecursionConfig | undefined): ValidationSettings | undefined {
    const given = config?.settings.validation
    const settings = given && { ...given, unixSeconds: this.calendar.unixSeconds }
    if (settings === undefined || config?.followsAnchors !== true) {
      this.anchors?.stop()
      this.anchors = undefined
      return settings
    }
    const { anchorFile: file, log } = this.options
    const keeper = (this.anchors ??= new AnchorKeeper({ file, log, ...this.calendar, ask: this.askKeys, onChange: () => this.judgeByWhatIsBelieved() }))
    keeper.follow(settings.anchors)
    return { ...settings, get anchors() { return keeper.anchors } }
  }

  /** What was judged by other trust anchors or negative ones, in this life or the one before, is judged anew. */
  private judgeByWhatIsBelieved(): void {
    const { validation, cache, retired } = this
    if (validation === undefined || cache === undefined) return
    const sum = sumOfBeliefs(validation)
    if (sum === this.believed) return
    this.believed = sum
    this.runner?.resolver.forgetProofs()
    const entries = cache.unjudge(isProofFault)
    if (entries > 0) this.options.log('cache judged anew', { entries })
    // questions of before end by what was believed before, and keep it so
    if ([...retired].some(({ resolver }) => resolver.underWay > 0)) systemClock.after(MAX_QUESTION_MS, () => cache.unjudge(isProofFault))
  }

  /** The DNSKEY set of a zone as its servers have it now: RFC 5011 2.3 asks for a query, which what is remembered is not. */
  private askKeys = (zone: Name, done: (set: RRset | undefined) => void): void => {
    const { runner, refreshing } = this
    if (runner === undefined) return done(undefined)
    const question = { name: zone, type: TYPE.DNSKEY, class: CLASS.IN }
    const isHidden = refreshing?.hide(question) === true
    runner.ask(question, (outcome) => {
      if (isHidden) refreshing.end(question)
      done(outcome.kind === 'answer' && outcome.chain.length === 0 ? outcome.sets.at(0) : undefined)
    }, true)
  }

  /** Answers a question of a client that is served. */
  resolve: CoreHandler = (message, { address }) => {
    const { runner } = this
    const [question] = message.questions
    if (runner === undefined) return Promise.resolve(REFUSED)
    const network = networkOf(address)
    if (!this.shares.take(network, MAX_QUESTIONS_UNDER_WAY - runner.resolver.underWay)) return Promise.resolve(TOO_MANY)
    return new Promise((resolve, reject) => {
      const answer = (outcome: Outcome): void => resolve(replyOf(outcome, message.edns?.dnssecOk === true))
      // RFC 8767 5: who has waited for so long is given what was known before; asking goes on for the next
      const cancel = systemClock.after(STALE_AFTER_MS, () => {
        const stale = this.policy?.rule(question) === undefined ? this.findStale(question) : undefined
        if (stale !== undefined && this.policy?.review(stale, question.type) === undefined) answer(stale)
      })
      const end = (): void => {
        cancel()
        this.shares.give(network)
      }
      const waiting: Waiting = {
        done(outcome) {
          answer(outcome)
          end()
        },
        fail(fault) {
          end()
          reject(fault instanceof Error ? fault : new Error(String(fault)))
        },
      }
      tryFor(waiting, () => this.ask(runner, question, waiting, message.checkingDisabled))
    })
  }

  /** Asks for what no rule of the operator's speaks of: the name asked for, and those that its aliases lead to. */
  private ask(runner: Runner, question: Question, waiting: Waiting, checkingDisabled: boolean): void {
    const ruling = this.policy?.rule(question)
    if (ruling !== undefined) return this.obey(runner, ruling, question, waiting)
    runner.ask(question, (outcome) => tryFor(waiting, () => {
      this.refresh(runner, question, outcome)
      const known = outcome.kind === 'failure' && isForStale(outcome) ? (this.findStale(question) ?? outcome) : outcome
      const found = this.policy?.review(known, question.type)
      if (found === undefined) waiting.done(known)
      else this.obey(runner, found.ruling, question, { ...waiting, done: (ruled) => waiting.done(behind(found.chain, ruled)) })
    }), checkingDisabled)
  }

  /** An alias that a rule puts in place is followed without rules. */
  private obey(runner: Runner, ruling: Ruling, question: Question, waiting: Waiting): void {
    if ('outcome' in ruling) waiting.done(ruling.outcome)
    else runner.ask({ ...question, name: ruling.target }, (outcome) => tryFor(waiting, () => waiting.done(followed(ruling.alias, outcome))))
  }

  /** What was answered and is about to expire is fetched anew: the reader that saw it has sent its question here. */
  private refresh(runner: Runner, question: Question, { chain }: Outcome): void {
    const { refreshing } = this
    if (runner !== this.runner || refreshing === undefined) return
    for (const due of refreshing.beginAll(question, chain, this.nowSeconds())) runner.ask(due, () => refreshing.end(due))
  }

  private findStale(question: Question): Outcome | undefined {
    return this.stale?.find(question, this.nowSeconds(), this.config?.settings.validation !== undefined)
  }

  private makeCache({ cacheOctets, staleSeconds, persists }: RecursionConfig): Cache {
    const cache = new Cache(CacheBlock.create(cacheOctets, this.options.seed, staleSeconds))
    this.stale = new StaleAnswers(cache.block)
    if (persists) readCache(cache, this.options.cacheFile, this.nowSeconds(), this.options.log)
    return cache
  }

  /** What of the config the cache was made by stays until the next start. */
  private tellWaiting({ cacheOctets, staleSeconds }: RecursionConfig, block: CacheBlock): void {
    const keys = [
      ...(block.buffer.byteLength === cacheOctets - (cacheOctets % 4) ? [] : ['recursion.cache']),
      ...(block.staleSeconds === staleSeconds ? [] : ['recursion.stale']),
    ]
    if (keys.length > 0) this.options.log('config keys wait', { keys })
  }

  /** Ends all that is under way: those who wait are told so. Resolves once what is to be kept is on the disk. */
  async stop(): Promise<void> {
    for (const runner of [...this.retired, ...(this.runner === undefined ? [] : [this.runner])]) runner.stop()
    this.retired.clear()
    this.anchors?.stop()
    if (this.config?.persists === true && this.cache !== undefined) writeCache(this.cache, this.options.cacheFile, this.nowSeconds(), this.options.log)
    await this.anchors?.saved()
  }

  private tellFault = (fault: unknown, question: string): void => this.reports.report(`Cannot resolve ${question}: ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}`)

  private countTime = (ms: number): void =>
    countInto(this.times, RECURSION_HISTOGRAM.upstream, RECURSION_HISTOGRAMS.upstream.buckets, Math.round(ms * 1_000))

  private get calendar(): Calendar {
    return this.options.calendar ?? { unixSeconds, after: (delayMs, run) => systemClock.after(delayMs, run) }
  }

  private nowMs = (): number => this.originMs + machineMs()

  private nowSeconds = (): number => Math.floor(this.nowMs() / 1_000)

  private retire(): void {
    for (const runner of this.retired) {
      if (runner.resolver.underWay > 0) continue
      this.retired.delete(runner)
      this.pastCounters.splice(0, Infinity, added([...this.pastCounters, runner.resolver.counters]))
    }
    if (this.runner !== undefined) this.retired.add(this.runner)
    this.runner = undefined
  }
}

/** Text that tells one set of anchors and negative anchors from another. */
function sumOfBeliefs({ anchors, negativeAnchors }: ValidationSettings): string {
  return [...anchors.map((anchor) => `${anchor.zone.key} ${sumOfAnchor(anchor)}`), ...negativeAnchors.map(({ key }) => `not ${key}`)].sort().join('\n')
}

/** Counters of several machines as those of one. */
function added(all: readonly ResolverCounters[]): ResolverCounters {
  const sum = newCounters()
  for (const { outcomes, ...counts } of all) {
    for (const [name, count] of Object.entries(counts)) sum[name as keyof typeof counts] += count
    for (const [name, count] of Object.entries(outcomes)) sum.outcomes[name] = (sum.outcomes[name] ?? 0) + count
  }
  return sum
}

/** What is not to be answered by what was known before: a failed proof stays one (RFC 8767 4: stale data only where none are to be had). */
function isForStale(outcome: Extract<Outcome, { kind: 'failure' }>): boolean {
  return outcome.reason !== 'unsupported' && outcome.reason !== 'bogus' && !isProofFault(outcome.explanation?.infoCode)
}

/** The config has turned the service off while the question was on its way to us. */
const REFUSED = { rcode: RCODE.REFUSED }
const TOO_MANY = replyOf(refuse('busy', 'your network asks too much at once'), false)

/** Whoever waits for an outcome, and is told of a fault of ours instead. */
interface Waiting {
  done: OnOutcome
  fail: (fault: unknown) => void
}

function tryFor({ fail }: Waiting, run: () => void): void {
  try {
    run()
  } catch (fault) {
    fail(fault)
  }
}

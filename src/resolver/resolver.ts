/**
 * The resolver as a machine (contract.ts): `step` takes an event, turns every question that it concerns as far as it goes,
 * and gives what is to be done. Questions are generators (resolve.ts) that wait for a message or for another question.
 *
 *     client ─┐                      ┌─▶ message ─▶ server
 *     client ─┼─▶ question ──────────┤
 *     question┘  (one per name       └─▶ question: the address of a name server
 *                 and type)
 *
 * One question is resolved once, however many wait for it. Its work is on the account of whoever asked first; when that
 * runs out, those with an account of their own begin anew, so that nobody fails by another's spending.
 */
import { printType } from '../dns/codes.ts'
import { MAX_LOOKUP_DEPTH, MAX_QUESTIONS_UNDER_WAY, MAX_WAITERS_PER_QUESTION } from '../dns/limits-resolver.ts'
import type { Question } from '../dns/message.ts'
import type { Name } from '../dns/name.ts'
import { Budget } from './budget.ts'
import { BusyZones } from './busy-zones.ts'
import { SECURITY, type Absence, type Effect, type Outcome, type Random, type ResolverCache, type ResolverEvent, type RRset, type Settings } from './contract.ts'
import { newCounters, type ResolverCounters } from './counters.ts'
import { Flights, type Landing } from './flights.ts'
import { GapMemory } from './gap-memory.ts'
import { isResolvable, refuse, resolve } from './resolve.ts'
import { ServerMemory } from './servers.ts'
import { KeyCache } from '../dnssec/public-key.ts'
import { nowSeconds, type Arrival, type Errand, type Lookup, type Place, type Steps, type Teller, type World } from './steps.ts'
import { validate } from './validate.ts'
import { ZoneMemory } from './zone-memory.ts'

/** A question under way. */
interface Job {
  readonly key: string
  readonly name: Name
  readonly type: number
  readonly budget: Budget
  /** 0 for a client's question, else one more than that of the question which it is a lookup for. */
  readonly depth: number
  /** As of `Lookup`. */
  readonly isAside: boolean
  readonly isChecked: boolean
  readonly steps: Steps<Outcome>
  readonly clients: number[]
  readonly parents: Job[]
  /** The question that this one waits for. */
  waitsFor: Job | undefined
}

/** What a resolver is made of. */
export interface ResolverParts {
  readonly settings: Settings
  readonly cache: ResolverCache
  readonly random: Random
  /** Told of a fault of ours, and of the question that ends by it; all others go on. */
  readonly onFault?: (fault: unknown, question: string) => void
}

/** The machine. */
export class Resolver {
  readonly counters: ResolverCounters = newCounters()
  private readonly world: World
  private readonly jobs = new Map<string, Job>()
  private readonly flights: Flights<Job>
  /** What can go on, with what it waited for. */
  private ready: { job: Job; landed: Arrival | undefined }[] = []
  private effects: Effect[] = []
  private readonly onFault: ResolverParts['onFault']

  constructor({ settings, cache, random, onFault }: ResolverParts) {
    this.onFault = onFault
    const memories = { servers: new ServerMemory(random), zones: new ZoneMemory(), gaps: new GapMemory(), tellers: new WeakMap<RRset | Absence, Teller>(), keys: new KeyCache() }
    this.world = { settings, cache, random, ...memories, busy: new BusyZones(), nowMs: 0 }
    this.flights = new Flights(this.world, this.counters)
  }

  /** Questions under way, lookups among them. */
  get underWay(): number {
    return this.jobs.size
  }

  /** Those that wait for a place are beside those under way: a crowd before servers that may be silent keeps nobody else away. */
  private get isFull(): boolean {
    return this.jobs.size - this.world.busy.waiting >= MAX_QUESTIONS_UNDER_WAY
  }

  /** Messages on their way. */
  get inFlight(): number {
    return this.flights.size
  }

  /** Forgets what validation has proven of zones and of gaps between names, which stands beside the cache and would outlive what is forgotten there. */
  forgetProofs(): void {
    this.world.zones.clear()
    this.world.gaps.clear()
  }

  /** What is to be done about `event`, in this order. Times of events never go back. */
  step(event: ResolverEvent): Effect[] {
    this.world.nowMs = event.nowMs
    this.world.busy.expire(event.nowMs)
    if (event.kind === 'start') this.start(event.waiter, event.question, event.checkingDisabled === true)
    else this.land(event)
    for (let next = this.ready.shift(); next !== undefined; next = this.ready.shift()) this.turn(next.job, next.landed)
    const { effects } = this
    this.effects = []
    return effects
  }

  private start(waiter: number, question: Question, checkingDisabled: boolean): void {
    this.counters.questions++
    if (!isResolvable(question)) return this.done(waiter, refuse('unsupported', 'not a question for resolution'))
    const { name, type } = question
    const isChecked = this.world.settings.validation !== undefined && !checkingDisabled
    const known = this.jobs.get(jobKey(name, type, isChecked))
    if (known !== undefined) this.counters.joined++
    else if (this.isFull) return this.done(waiter, refuse('busy', 'too many questions'))
    const job = known ?? this.begin({ name, type, budget: new Budget(this.world.nowMs), isChecked }, 0)
    // DNSBomb: what waits is answered at once, and that is bounded
    if (job.clients.length >= MAX_WAITERS_PER_QUESTION) return this.done(waiter, refuse('busy', 'too many wait for this answer'))
    job.clients.push(waiter)
  }

  private land(event: Exclude<ResolverEvent, { kind: 'start' }>): void {
    let landing: Landing<Job> | undefined
    try {
      landing = this.flights.land(event, this.effects)
    } catch (fault) {
      this.onFault?.(fault, 'a message of another server') // as if it had not come
    }
    for (const job of landing?.waiters ?? []) this.ready.push({ job, landed: landing?.landed })
  }

  private begin(errand: Errand, depth: number): Job {
    const { name, type, budget, isChecked = false, isAside = false } = errand
    const steps = isChecked ? validate(this.world, errand) : resolve(this.world, errand)
    const job: Job = { key: jobKey(name, type, isChecked), name, type, budget, depth, steps, isChecked, isAside, clients: [], parents: [], waitsFor: undefined }
    this.jobs.set(job.key, job)
    this.ready.push({ job, landed: undefined })
    return job
  }

  /** Lets a question go on until it waits again or ends. */
  private turn(job: Job, landed: Arrival | undefined): void {
    try {
      const { value, done } = landed === undefined ? job.steps.next(START) : job.steps.next(landed)
      if (done === true) this.finish(job, value)
      else if (value.kind === 'lookup') this.lookUp(job, value)
      else if (value.kind === 'place') this.place(job, value)
      else if (!this.flights.launch(value, job, job.budget, this.effects)) this.ready.push({ job, landed: { kind: 'spent' } })
    } catch (fault) {
      this.tell(fault, job)
      if (this.jobs.get(job.key) === job) this.finish(job, refuse('fault', 'a fault of this server'))
    }
  }

  /** Lets `parent` wait for the answer to another question, unless that waits for it, however far around (TsuNAME). */
  private lookUp(parent: Job, { name, type, isAside }: Lookup): void {
    this.counters.lookups++
    const known = this.jobs.get(jobKey(name, type, false))
    const refusal = this.refusalOf(parent, known)
    if (refusal !== undefined) return void this.ready.push({ job: parent, landed: { kind: 'outcome', outcome: refusal } })
    // priming is for all, and on nobody's account (RFC 8109 3)
    const budget = name.labelCount === 0 ? new Budget(this.world.nowMs) : parent.budget
    const job = known ?? this.begin({ name, type, budget, isAside: isAside || parent.isAside }, parent.depth + 1)
    job.parents.push(parent)
    parent.waitsFor = job
  }

  /** Gives `job` a place with the servers of a zone, or lets it wait for one. */
  private place(job: Job, { zone, standing }: Place): void {
    const { busy, nowMs } = this.world
    const resume = (isTaken: boolean): void => void this.ready.push({ job, landed: { kind: 'placed', isTaken } })
    if (busy.take(zone, standing())) resume(true)
    else if (!busy.wait(zone, standing, nowMs, resume)) resume(false)
  }

  private refusalOf(parent: Job, known: Job | undefined): Outcome | undefined {
    for (let job = known; job !== undefined; job = job.waitsFor) {
      if (job === parent) return refuse('loop', 'names of servers lead to each other')
    }
    if (known !== undefined) return undefined
    if (parent.depth >= MAX_LOOKUP_DEPTH) return refuse('budget', 'lookups within lookups')
    return this.isFull ? refuse('busy', 'too many questions') : undefined
  }

  private finish(job: Job, outcome: Outcome): void {
    this.jobs.delete(job.key)
    if (job.isChecked) this.counters.retried += job.budget.retries
    try {
      this.remember(job, outcome)
    } catch (fault) {
      this.tell(fault, job) // whoever waits is told what came of it all the same
    }
    const isForeign = outcome.kind === 'failure' && outcome.reason === 'budget' && job.depth > 0
    for (const parent of job.parents) {
      parent.waitsFor = undefined
      if (isForeign && parent.budget !== job.budget && parent.budget.isLeft(this.world.nowMs)) this.lookUp(parent, { kind: 'lookup', name: job.name, type: job.type, isAside: job.isAside })
      else this.ready.push({ job: parent, landed: { kind: 'outcome', outcome } })
    }
    if (isForeign && job.clients.length > 0) {
      const again = this.jobs.get(job.key) ?? this.begin({ ...job, budget: new Budget(this.world.nowMs) }, 0)
      again.clients.push(...job.clients)
    } else for (const client of job.clients) this.done(client, outcome)
  }

  private tell(fault: unknown, { name, type }: Job): void {
    this.onFault?.(fault, `${name} ${printType(type)}`)
  }

  /** RFC 9520 3.2: failures are kept, whatever they come from, so that they are not tried again and again. What failed by a bound of ours only says so of the question that spent it. */
  private remember({ name, type, depth }: Job, outcome: Outcome): void {
    if (outcome.kind !== 'failure' || outcome.reason === 'remembered' || outcome.reason === 'busy') return
    if (depth > 0 && outcome.reason === 'budget') return
    this.world.cache.keepFailure(name, type, outcome.explanation?.infoCode ?? 0, nowSeconds(this.world))
  }

  private done(waiter: number, outcome: Outcome): void {
    const kind = outcome.kind === 'failure' ? outcome.reason : outcome.kind
    this.counters.outcomes[kind] = (this.counters.outcomes[kind] ?? 0) + 1
    if (outcome.security === SECURITY.secure) this.counters.secure++
    else if (outcome.security !== undefined) this.counters.insecure++
    this.effects.push({ kind: 'done', waiter, outcome })
  }
}

/** What a generator is begun with; it does not look at it. */
const START: Arrival = { kind: 'spent' }

/** Questions whose answers are validated are jobs of their own: what validation asks itself is not. */
function jobKey(name: Name, type: number, isChecked: boolean): string {
  return `${isChecked ? 'checked ' : ''}${type} ${name.key}`
}

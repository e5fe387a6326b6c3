/**
 * Turns the machine (resolver.ts): what happens on the network and on the clock becomes its events, and its effects
 * become messages, timers and answers. Network and clock are handed in, so that this runs as well without either.
 *
 *     ask ──▶ start ─┐                 ┌─ send ──▶ network.send, a timer for its deadline
 *     onMessage ─────┼──▶ step ──▶ … ──┼─ close ─▶ network.close, the timer is stopped
 *     onFailure, timer ┘               └─ done ──▶ whoever asked
 */
import { MAX_QUESTION_MS } from '../dns/limits-resolver.ts'
import type { Question } from '../dns/message.ts'
import type { Effect, Endpoint, Milliseconds, Outcome, ResolverEvent, Transport } from './contract.ts'
import { refuse } from './resolve.ts'
import type { Resolver } from './resolver.ts'

/** Sends messages. What comes of them is told to `Runner.onMessage` and `Runner.onFailure`. */
export interface Network {
  send(send: number, to: Endpoint, transport: Transport, octets: Uint8Array): void
  close(send: number): void
  /** Hands on what has come and was not looked at yet. */
  catchUp(): void
  closeAll(): void
}

/** What turning takes. */
export interface RunnerParts {
  readonly resolver: Resolver
  /** The clock of the cache; it never goes back. */
  readonly nowMs: () => Milliseconds
  /** Runs after so many milliseconds; returns what cancels it. */
  readonly after: (delayMs: Milliseconds, run: () => void) => () => void
  /** Told how long a server took to answer. */
  readonly onAnswer?: (ms: Milliseconds) => void
  /** Told of a fault of ours in carrying out what the machine wants. */
  readonly onFault?: (fault: unknown) => void
  /** Runs after the input that is already waiting. */
  readonly soon: (run: () => void) => void
}

/** Told how a question ended. */
export type OnOutcome = (outcome: Outcome) => void

/** A machine that runs. */
export class Runner {
  readonly resolver: Resolver
  /** Set before anything is asked. */
  network!: Network
  private readonly parts: RunnerParts
  private readonly waiters = new Map<number, OnOutcome>()
  private readonly timers = new Map<number, () => void>()
  private readonly sentMs = new Map<number, Milliseconds>()
  private readonly events: ResolverEvent[] = []
  private asked = 0
  private isTurning = false
  private isStopped = false
  private lastMs = 0

  constructor(parts: RunnerParts) {
    this.parts = parts
    this.resolver = parts.resolver
  }

  /** Resolves `question`; `done` is called once, at the earliest before this returns. With `checkingDisabled` the asker validates (RFC 4035 3.2.2). */
  ask(question: Question, done: OnOutcome, checkingDisabled = false): void {
    if (this.isStopped) return done(STOPPING)
    const waiter = ++this.asked
    this.waiters.set(waiter, done)
    this.turn({ kind: 'start', nowMs: this.nowMs(), waiter, question, checkingDisabled })
  }

  /** Something has come for a message: an answer, or what pretends to be one. */
  onMessage(send: number, octets: Uint8Array, from: Endpoint): void {
    const sentMs = this.sentMs.get(send)
    if (sentMs !== undefined) this.parts.onAnswer?.(this.nowMs() - sentMs)
    this.turn({ kind: 'response', nowMs: this.nowMs(), send, from, octets })
  }

  /** Nothing will come for a message. */
  onFailure(send: number): void {
    this.turn({ kind: 'timeout', nowMs: this.nowMs(), send })
  }

  /** Ends all at once, and for good: whoever waits, or asks from now on, is told that nothing came of it. */
  stop(): void {
    this.isStopped = true
    for (const cancel of this.timers.values()) cancel()
    this.timers.clear()
    this.sentMs.clear()
    this.network.closeAll()
    const waiting = [...this.waiters.values()]
    this.waiters.clear()
    for (const done of waiting) done(STOPPING)
  }

  /** The clock, held where it goes back. */
  private nowMs(): Milliseconds {
    this.lastMs = Math.max(this.lastMs, this.parts.nowMs())
    return this.lastMs
  }

  private callTime(send: number): void {
    this.network.catchUp()
    if (this.timers.has(send)) this.onFailure(send)
  }

  /** One event after the other: what an effect causes at once waits until the effects before it are done. */
  private turn(event: ResolverEvent): void {
    this.events.push(event)
    if (this.isTurning) return
    this.isTurning = true
    try {
      for (let next = this.events.shift(); next !== undefined; next = this.events.shift()) {
        for (const effect of this.resolver.step(next)) this.tryOut(effect)
      }
    } finally {
      this.isTurning = false
    }
  }

  /** What one effect comes to by a fault of ours is no other's. */
  private tryOut(effect: Effect): void {
    try {
      this.carryOut(effect)
    } catch (fault) {
      this.parts.onFault?.(fault)
    }
  }

  private carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send': {
        const { send, to, transport, octets, deadlineMs } = effect
        const delayMs = Math.min(Math.max(0, deadlineMs - this.lastMs), MAX_QUESTION_MS)
        // an answer that came while this thread was busy is read before its time is called over; whoever is told twice hears once
        this.sentMs.set(send, this.lastMs)
        this.timers.set(send, this.parts.after(delayMs, () => this.parts.soon(() => this.callTime(send))))
        return this.network.send(send, to, transport, octets)
      }
      case 'close':
        this.timers.get(effect.send)?.()
        this.timers.delete(effect.send)
        this.sentMs.delete(effect.send)
        return this.network.close(effect.send)
      case 'done': {
        const done = this.waiters.get(effect.waiter)
        this.waiters.delete(effect.waiter)
        return done?.(effect.outcome)
      }
    }
  }
}

const STOPPING = refuse('busy', 'the server is stopping')

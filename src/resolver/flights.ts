/**
 * Messages on their way. The same question to the same server travels once, whoever waits for it (RFC 5452 5: many
 * copies at a time make a birthday attack), and of what comes back only what fits in every respect is taken.
 */
import { MAX_NEAR_MISSES, MAX_WAIT_MS, TCP_ANSWER_MS } from '../dns/limits-resolver.ts'
import type { Budget } from './budget.ts'
import type { Effect, Endpoint, ResolverEvent } from './contract.ts'
import type { ResolverCounters } from './counters.ts'
import { encodeAsking, inRandomCase, match, type Asking } from './query.ts'
import { endpointKey } from './servers.ts'
import type { Flight, Landed, World } from './steps.ts'

/** A message on its way, with those who wait for it. */
interface Sent<Waiter> {
  readonly send: number
  readonly key: string
  readonly flight: Flight
  readonly asking: Asking
  readonly sentMs: number
  readonly deadlineMs: number
  /** Whose question it was sent for, and who else waits. */
  readonly budget: Budget
  readonly waiters: Waiter[]
  misses: number
}

/** What has landed, and for whom. */
export interface Landing<Waiter> {
  readonly landed: Landed
  readonly waiters: readonly Waiter[]
}

/** All messages on their way. */
export class Flights<Waiter> {
  private readonly world: World
  private readonly counters: ResolverCounters
  private readonly bySend = new Map<number, Sent<Waiter>>()
  private readonly byKey = new Map<string, Sent<Waiter>>()
  private sends = 0

  constructor(world: World, counters: ResolverCounters) {
    this.world = world
    this.counters = counters
  }

  get size(): number {
    return this.bySend.size
  }

  /** Sends a message for `waiter`, or lets it wait for the same under way. False where `budget` has nothing left for it. */
  launch(flight: Flight, waiter: Waiter, budget: Budget, effects: Effect[]): boolean {
    const key = flightKey(flight)
    const same = this.byKey.get(key)
    if (same !== undefined) {
      this.counters.shared++
      same.waiters.push(waiter)
      return true
    }
    if (!budget.takeSend(this.world.nowMs)) return false
    const deadlineMs = Math.min(budget.endMs, this.world.nowMs + this.waitMs(flight))
    const sent = { send: ++this.sends, key, flight, asking: this.askingOf(flight), sentMs: this.world.nowMs, deadlineMs, budget, waiters: [waiter], misses: 0 }
    this.bySend.set(sent.send, sent)
    this.byKey.set(key, sent)
    this.counters.sends++
    if (flight.transport === 'tcp') this.counters.tcp++
    effects.push({ kind: 'send', send: sent.send, to: flight.to, transport: flight.transport, octets: encodeAsking(sent.asking), deadlineMs })
    return true
  }

  /** What a response or a timeout means; undefined where it means nothing yet, or no more. */
  land(event: Exclude<ResolverEvent, { kind: 'start' }>, effects: Effect[]): Landing<Waiter> | undefined {
    const sent = this.bySend.get(event.send)
    if (sent === undefined) {
      this.counters.late++
      return undefined
    }
    const landed = event.kind === 'timeout' ? this.silence(sent) : this.judge(sent, event.octets, event.from)
    if (landed === undefined) return undefined
    this.bySend.delete(sent.send)
    this.byKey.delete(sent.key)
    effects.push({ kind: 'close', send: sent.send })
    return { landed, waiters: sent.waiters }
  }

  private silence({ flight, sentMs, deadlineMs, budget }: Sent<Waiter>): Landed {
    this.counters.timeouts++
    // a wait that was cut short as the question's time was over says nothing of the server
    if (deadlineMs < budget.endMs) this.world.servers.silent(flight.to, this.world.nowMs, sentMs, flight.type)
    return { kind: 'silence' }
  }

  private judge(sent: Sent<Waiter>, octets: Uint8Array, from: Endpoint): Landed | undefined {
    const { flight, asking, budget } = sent
    const found = match(octets, from, flight.to, asking)
    if (found.kind === 'mismatch' && found.why === 'address') {
      this.counters.strangers++
      return undefined
    }
    budget.receive(octets.length)
    if (found.kind === 'response') {
      this.counters.responses++
      this.world.servers.answered(flight.to, this.world.nowMs - sent.sentMs, this.world.nowMs)
      return found
    }
    if (found.why === 'id') {
      this.counters.wrongIds++
      // one guess is all that a forger gets: the next would be right one day (RFC 5452 7)
      if (++sent.misses < MAX_NEAR_MISSES) return undefined
    } else this.counters.doubtful++
    return { ...found, kind: 'doubtful' }
  }

  private askingOf({ name, type, recursion, edns, randomCase }: Flight): Asking {
    const { random, settings } = this.world
    const id = random(0x1_0000) // RFC 5452 9.2: from all of the id's range
    return { id, name: randomCase ? inRandomCase(name, random) : name, plainName: name, type, recursion, edns, dnssec: settings.dnssec }
  }

  private waitMs({ to, transport, isLast }: Flight): number {
    return transport === 'tcp' ? TCP_ANSWER_MS : isLast ? MAX_WAIT_MS : this.world.servers.waitMs(to)
  }
}

function flightKey({ to, transport, name, type, recursion, edns }: Flight): string {
  return `${endpointKey(to)} ${transport} ${type} ${recursion} ${edns} ${name.key}`
}

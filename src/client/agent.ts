/**
 * An agent's own side of its registration: registers, renews before the lease ends, changes what is offered, and
 * withdraws. Whatever happens to the server meanwhile, it goes on trying, and says what it knows.
 *
 *     const signer = await signerFromFile('Kbabel.acme.example.+013+56382')
 *     const agent = new Agent({ server: '127.0.0.1:5300', signer, provider: 'acme.example', … })
 *     await agent.register()
 *     …
 *     await agent.withdraw()
 *
 *     idle ──register──▶ registering ──granted──▶ registered ──80 % of the lease──▶ registering …
 *                            │  └──refused──▶ refused            │
 *                            └──no answer: again, later          └──withdraw──▶ withdrawn
 */
import { randomInt } from 'node:crypto'
import type { UpdateLease } from '../dns/edns.ts'
import { CLIENT_KEY_LEASE_SECONDS, CLIENT_LEASE_SECONDS } from '../dns/limits.ts'
import type { Message } from '../dns/message.ts'
import { requestChange, type ChangeOptions, type ChangeOutcome } from './change.ts'
import { settleIdentity, type RegistrationParts } from './identity.ts'
import { agentName, changeMessage, registerMessage, type Registration } from './registration.ts'
import { Reporter, type ReportingOptions } from './reporter.ts'
import { firstDelayMs, renewalDelayMs, retryDelayMs, type Chance } from './renewal.ts'
import { serverAt } from './server-address.ts'
import { withdrawBy } from './withdrawal.ts'

/** The world of an agent; each part may be replaced, as tests do. */
export interface AgentWorld {
  request(message: Message, options: ChangeOptions): Promise<ChangeOutcome>
  /** Calls `work` after `delayMs`; the function given back forgets it. */
  after(delayMs: number, work: () => void): () => void
  chance: Chance
  nowMs(): number
}

/** What an agent tells of itself. `waits`: a capability is not answered before what it depends on is there, in the server's words. */
export type AgentEvent =
  | { kind: 'registered' | 'renewed'; lease: UpdateLease; nextMs: number; waits?: string }
  | { kind: 'refused'; reason: string }
  | { kind: 'failed'; reason: string; nextMs: number; leaseEnded: boolean }
  | { kind: 'withdrawn' }

/** What an agent is made of: whom to ask, as who, and what is offered. */
export interface AgentOptions extends RegistrationParts, Omit<ChangeOptions, 'server'> {
  /** `127.0.0.1:5300`, `[::1]:5300`. */
  server: string
  /** Seconds wished for; the server grants what it allows. A number, or `{ lease, keyLease }`, `keyLease` being how long the name stays reserved. Default 2 hours, and 14 days for the name. */
  lease?: number | UpdateLease
  onEvent?: (event: AgentEvent) => void
  world?: Partial<AgentWorld>
}

const SYSTEM: AgentWorld = {
  request: requestChange,
  after(delayMs, work) {
    const timer = setTimeout(work, delayMs)
    return () => clearTimeout(timer)
  },
  chance: () => randomInt(0x1_0000_0000) / 0x1_0000_0000,
  nowMs: () => performance.now(),
}

/** Thrown where the server has refused for good, or no answer came to a withdrawal; `rcode` is the server's, −1 without an answer. */
export class AgentFault extends Error {
  override readonly name = 'AgentFault'
  readonly rcode: number

  constructor(message: string, rcode: number) {
    super(message)
    this.rcode = rcode
  }
}

/** An agent and its registration; see above. */
export class Agent {
  private readonly world: AgentWorld
  private readonly ask: ChangeOptions
  private readonly wished: UpdateLease
  private readonly onEvent: (event: AgentEvent) => void
  private registration: Registration
  private readonly reporters: Reporter[] = []
  private forget: (() => void) | undefined
  private granted: UpdateLease | undefined
  private grantedAtMs = 0
  private failures = 0
  private isOver = false
  private turn: Promise<unknown> = Promise.resolve()

  /** TypeError where `server` is no address and port, `lease` is none, or there is neither an id nor a KEY to make it from. */
  constructor(options: AgentOptions) {
    const { server, signer, timeoutMs, tries, tcp, lease, onEvent = () => undefined, world, ...parts } = options
    const endpoint = serverAt(server)
    const { registration, signer: signerInUse } = settleIdentity(parts, signer)
    this.ask = { server: endpoint, ...(signerInUse && { signer: signerInUse }), ...(timeoutMs && { timeoutMs }), ...(tries && { tries }), ...(tcp && { tcp }) }
    this.wished = leaseOf(lease)
    this.onEvent = onEvent
    this.registration = registration
    this.world = { ...SYSTEM, ...world }
  }

  /** The agent's identifier, such as `babel._sa.acme.example.` */
  get name(): string {
    return agentName(this.registration).toString()
  }

  /** The lease that the server has granted last; undefined before. */
  get lease(): UpdateLease | undefined {
    return this.granted
  }

  /**
   * Registers, and renews from then on until `withdraw` or `stop`; resolves with the lease granted. AgentFault where the
   * server refuses. Where no answer comes it is tried again and again, and the promise waits.
   */
  async register({ soon = true }: { soon?: boolean } = {}): Promise<UpdateLease> {
    this.isOver = false
    if (!soon) await new Promise<void>((resolve) => (this.forget = this.world.after(firstDelayMs(this.world.chance), resolve)))
    for (;;) {
      const outcome = await this.request(registerMessage(this.registration, this.wished, this.messageId()))
      if (outcome.kind === 'done') return this.grant(outcome, 'registered')
      if (outcome.kind === 'refused') throw this.refuse(outcome)
      const nextMs = this.fail(outcome.reason)
      await new Promise<void>((resolve) => (this.forget = this.world.after(nextMs, resolve)))
      if (this.isOver) throw new AgentFault('Cannot register as it was stopped before', -1)
    }
  }

  /** Replaces what is offered: what is no longer said is deleted in the same transaction. AgentFault where the server refuses or does not answer. */
  async change(parts: Partial<Omit<Registration, 'provider' | 'kind' | 'id'>>): Promise<UpdateLease> {
    const now = { ...this.registration, ...parts }
    const outcome = await this.request(changeMessage(this.registration, now, this.wished, this.messageId()))
    if (outcome.kind !== 'done') throw new AgentFault(`Cannot change the registration: ${outcome.reason}`, outcome.kind === 'refused' ? outcome.rcode : -1)
    this.registration = now
    return this.grant(outcome, 'renewed')
  }

  /** Takes the agent out of every answer; with `keepName` its identifier stays reserved for its key (RFC 9664 4.2). AgentFault where that could not be done. */
  async withdraw({ keepName = false }: { keepName?: boolean } = {}): Promise<void> {
    this.stop()
    const keyLease = keepName ? (this.granted?.keyLease ?? this.wished.keyLease ?? 0) : 0
    const outcome = await withdrawBy((message) => this.request(message), this.registration, { keyLease, messageId: () => this.messageId() })
    if (outcome.kind !== 'done') throw new AgentFault(`Cannot withdraw: ${outcome.reason}`, outcome.kind === 'refused' ? outcome.rcode : -1)
    this.granted = undefined
    this.onEvent({ kind: 'withdrawn' })
  }

  /**
   * Reports from now on how the agent is doing, where that is worth a message, until it withdraws or is stopped. `profile` should be what the
   * agent's capabilities are registered with. TypeError where `profile`, `mode` or `lookMs` is none.
   */
  reporting(options: ReportingOptions): Reporter {
    const request = (message: Message): Promise<ChangeOutcome> => this.request(message, { ...this.ask, tries: 1 }) // what is read next is newer than a second try
    const { world } = this
    const clock = { after: (delayMs: number, work: () => void) => world.after(delayMs, work), chance: () => world.chance(), nowMs: () => world.nowMs(), wallMs: () => Date.now() }
    const reporter = new Reporter(options, { request, ...clock, registration: () => this.registration })
    this.reporters.push(reporter)
    return reporter
  }

  /** Renews and reports no more; the lease runs out by itself. */
  stop(): void {
    for (const reporter of this.reporters.splice(0)) reporter.stop()
    this.isOver = true
    this.forget?.()
    this.forget = undefined
  }

  /** One after the other: what was sent last must not be overtaken by what was sent before. */
  private request(message: Message, options: ChangeOptions = this.ask): Promise<ChangeOutcome> {
    const outcome = this.turn.then(() => this.world.request(message, options))
    this.turn = outcome.catch(() => undefined)
    return outcome
  }

  private grant({ lease, waits }: Extract<ChangeOutcome, { kind: 'done' }>, kind: 'registered' | 'renewed'): UpdateLease {
    const granted = lease ?? this.wished // a server without leases keeps it for ever: renewing does no harm
    this.granted = granted
    this.grantedAtMs = this.world.nowMs()
    this.failures = 0
    const nextMs = renewalDelayMs(granted.lease, this.world.chance)
    this.renewAfter(nextMs)
    this.onEvent({ kind, lease: granted, nextMs, ...(waits !== undefined && { waits }) })
    return granted
  }

  private renewAfter(delayMs: number): void {
    this.forget?.()
    if (!this.isOver) this.forget = this.world.after(delayMs, () => void this.renew())
  }

  private async renew(): Promise<void> {
    const outcome = await this.request(registerMessage(this.registration, this.wished, this.messageId()))
    if (this.isOver) return
    if (outcome.kind === 'done') this.grant(outcome, 'renewed')
    else if (outcome.kind === 'refused') this.refuse(outcome)
    else this.renewAfter(this.fail(outcome.reason))
  }

  private refuse({ rcode, reason }: { rcode: number; reason: string }): AgentFault {
    this.stop()
    this.onEvent({ kind: 'refused', reason })
    return new AgentFault(`Cannot register: ${reason}`, rcode)
  }

  /** Notes a failure and gives the milliseconds to the next try. */
  private fail(reason: string): number {
    const nextMs = retryDelayMs(++this.failures, this.world.chance)
    const leaseEnded = this.granted === undefined || this.world.nowMs() - this.grantedAtMs >= this.granted.lease * 1_000
    this.onEvent({ kind: 'failed', reason, nextMs, leaseEnded })
    return nextMs
  }

  private messageId(): number {
    return Math.floor(this.world.chance() * 0x1_0000)
  }
}

const MOST_LEASE_SECONDS = 0xffff_ffff // RFC 9664 4: 32 bits

/** The lease to ask for. A lease of 0 would withdraw (RFC 9664 4.2). */
function leaseOf(wished: AgentOptions['lease']): UpdateLease {
  if (wished === undefined) return { lease: CLIENT_LEASE_SECONDS, keyLease: CLIENT_KEY_LEASE_SECONDS }
  const asked = typeof wished === 'number' ? { lease: wished, keyLease: Math.max(wished, CLIENT_KEY_LEASE_SECONDS) } : wished
  const { lease, keyLease = 0 } = (asked as UpdateLease | null) ?? { lease: Number.NaN } // callers without types
  if (isSeconds(lease) && lease > 0 && isSeconds(keyLease)) return asked
  throw new TypeError(`Cannot use lease ${JSON.stringify(wished)} as it must be whole seconds from 1 to ${MOST_LEASE_SECONDS}, such as 60, or { lease: 60, keyLease: 86400 }`)
}

function isSeconds(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MOST_LEASE_SECONDS
}

/**
 * An agent's readings, told to its server when that is worth a message (docs/protocol.md 6, paper 5.2): `read` is looked at
 * often and locally, and a SENSE record goes out where the load has moved by the threshold or the agent is full or no longer, the state is another, or the period is over.
 *
 *     look ──read()──▶ worth telling? ──no──▶ look again, lookMs later
 *                           │ yes: first, state, load, service, period
 *                           ▼
 *                        UPDATE of SENSE ──done──▶ the server's advice counts from now on
 *                           └──no answer, refused: again, later, by what is read then
 */
import { CLASS, OPCODE, TYPE } from '../dns/codes.ts'
import { CLIENT_LEAST_PERIOD_MS, CLIENT_LOOK_MS, CLIENT_MOST_PERIOD_MS, CLIENT_REPORT_GAP_MS, DEFAULT_UDP_OCTETS } from '../dns/limits.ts'
import { MAX_UNTOLD_CHANGE } from '../dns/limits-discovery.ts'
import { makeMessage, type Message } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import type { State } from '../dns/parameter-table.ts'
import { parseRecord } from '../dns/record-text.ts'
import { DEFAULT_RANKING, LEARNING } from '../discovery/ranking/settings.ts'
import type { ChangeOutcome, ReportingAdvice } from './change.ts'
import { agentName, type Registration } from './registration.ts'
import { retryDelayMs, type Chance } from './renewal.ts'

/** How an agent is doing. */
export interface LoadReading {
  /** Sessions in service and waiting. */
  active: number
  /** Sessions that it serves at once; default as registered. */
  concurrency?: number
  /** Waiting places beyond that. */
  queue?: number
  /** Milliseconds that one session takes without waiting. */
  serviceMs?: number
  /** Default: not told, which leaves it as it was. `draining` and `failed` take the agent out of answers. */
  state?: State
  /** Requests received so far. */
  arrivals?: number
  /** Further parameters of SENSE, as text: `accuracy=0.95 errors=0.01`. */
  parameters?: string
}

/** Kinds of agents by how they report (parameter `profile`). */
export type Profile = 'ordinary' | 'performance-sensitive' | 'short-lived'

/** Why a report was sent. */
export type ReportCause = 'first' | 'state' | 'load' | 'service' | 'period'

/** What a reporter tells of itself. */
export type ReporterEvent =
  | { kind: 'reported'; cause: ReportCause; reading: LoadReading; advice: ReportingAdvice }
  | { kind: 'failed'; reason: string; nextMs: number }

/** `threshold` (default) tells changes at once; `periodic` nothing but what is due, and other states; `subscribed` changes too while the server says that they are wanted (paper 5.2). */
export type ReportingMode = 'threshold' | 'periodic' | 'subscribed'

/** What to report, and how. */
export interface ReportingOptions {
  /** How the agent is doing at this moment; called every `lookMs`, so it should cost little. */
  read: () => LoadReading | Promise<LoadReading>
  /** Default: `ordinary`. Register the same as a parameter: `profile=…`. */
  profile?: Profile
  mode?: ReportingMode
  /** Milliseconds between two looks; default 250. 0: never by itself, `changed` says when, and the period. */
  lookMs?: number
  /** Capabilities that the reading is of, as registered; default all. */
  capabilities?: readonly string[]
  onEvent?: (event: ReporterEvent) => void
}

/** The world of a reporter. */
export interface ReporterWorld {
  request(message: Message): Promise<ChangeOutcome>
  after(delayMs: number, work: () => void): () => void
  chance: Chance
  /** Milliseconds of a clock that does not jump. */
  nowMs(): number
  /** Milliseconds since 1970. */
  wallMs(): number
  registration(): Registration
}

const PROFILES: readonly Profile[] = ['ordinary', 'performance-sensitive', 'short-lived']
const MODES: readonly ReportingMode[] = ['threshold', 'periodic', 'subscribed']
/** Part of a period after which a report is sent: it should be there when the period ends. */
const SENT_AT = 0.8
const SENT_SPREAD = 0.1
/** Change of the service time, in parts of itself, that is worth a message. */
const SERVICE_CHANGE = 0.5

/** What a profile does until the server advises (docs/ranking.md). */
export function adviceFor(profile: Profile): ReportingAdvice {
  const { periodMs, threshold } = DEFAULT_RANKING.reporting
  const at = PROFILES.indexOf(profile)
  return { periodMs: periodMs[at], threshold: threshold[at] }
}

/** Why `now` is worth a message, `sinceMs` after `last` was told; undefined where it is not. `slots` are those of an agent that does not say. */
export function causeToTell(last: LoadReading | undefined, now: LoadReading, sinceMs: number, advice: ReportingAdvice, mode: ReportingMode = 'threshold'): ReportCause | undefined {
  if (last === undefined) return 'first'
  if (sinceMs >= advice.periodMs) return 'period'
  if (now.state !== last.state) return 'state'
  if (mode === 'periodic' || (mode === 'subscribed' && advice.isWanted !== true)) return undefined
  const slots = now.concurrency ?? last.concurrency ?? LEARNING.unknownSlots
  const moved = Math.abs(now.active - last.active)
  if (now.concurrency !== last.concurrency || (moved > 0 && moved >= advice.threshold * slots) || isFull(now, slots) !== isFull(last, slots)) return 'load'
  const [service, before] = [now.serviceMs ?? 0, last.serviceMs ?? 0]
  return Math.abs(service - before) > SERVICE_CHANGE * Math.max(before, 1) ? 'service' : undefined
}

/** Whether it has to refuse the next session; false where it does not say what may wait. */
function isFull({ active, queue }: LoadReading, slots: number): boolean {
  return queue !== undefined && active >= slots + queue
}

/** The UPDATE that tells a reading at some capabilities of the agent. TextFault where a parameter cannot be read. */
export function reportMessage(registration: Registration, reading: LoadReading, sequence: number, id: number, only?: readonly string[]): Message {
  const rrClass = CLASS[registration.class ?? 'IN']
  const origin = Name.parse('_cap', Name.parse(registration.provider))
  const names = only ?? registration.capabilities.map(({ name }) => name)
  const said = `${sequence} ${agentName(registration)} ${parametersOf(reading)}`
  const authorities = names.map((name) => {
    const record = parseRecord(`${Name.parse(name, origin)} SENSE ${said}`)
    return { ...record, class: rrClass, ttl: 0 }
  })
  const edns = { udpSize: DEFAULT_UDP_OCTETS, version: 0, dnssecOk: false, compactOk: false, options: [] }
  return makeMessage({ id, opcode: OPCODE.UPDATE, agent: true, questions: [{ name: Name.parse(registration.provider), type: TYPE.SOA, class: rrClass }], authorities, edns })
}

function parametersOf({ active, concurrency, queue, serviceMs, state, arrivals, parameters = '' }: LoadReading): string {
  const whole = (name: string, value: number | undefined): string => (value === undefined ? '' : `${name}=${Math.max(0, Math.round(value)) % 0x1_0000_0000} `)
  const service = serviceMs === undefined ? '' : `service=${Math.max(0, Math.round(serviceMs * 1_000))}us `
  return `${whole('active', active)}${whole('concurrency', concurrency)}${whole('queue', queue)}${service}${state === undefined ? '' : `state=${state} `}${whole('arrivals', arrivals)}${parameters}`
}

/** Reports until it is stopped; made by `agent.reporting`. */
export class Reporter {
  /** Reports that the server has taken, and looks that led to none. */
  readonly counts = { sent: 0, spared: 0, failed: 0 }
  private readonly options: ReportingOptions
  private readonly world: ReporterWorld
  private advised: ReportingAdvice
  private last: LoadReading | undefined
  private lastAtMs = 0
  private sequence = 0
  private failures = 0
  /** Milliseconds of the period after which it is told again. */
  private dueMs = 0
  private isLooking = false
  private isAsked = false
  private isOver = false
  private forget: (() => void) | undefined

  /** TypeError where `profile`, `mode` or `lookMs` is none. */
  constructor(options: ReportingOptions, world: ReporterWorld) {
    checkOptions(options)
    this.options = options
    this.world = world
    this.advised = adviceFor(options.profile ?? 'ordinary')
    this.again(0)
  }

  /** What it goes by now: the profile's, or what the server advised last. */
  get advice(): ReportingAdvice {
    return this.advised
  }

  /** Looks at once, as something has changed. */
  changed(): void {
    if (this.isOver || this.failures > 0) return
    if (this.isLooking) this.isAsked = true
    else this.again(this.last === undefined ? 0 : Math.max(0, CLIENT_REPORT_GAP_MS - (this.world.nowMs() - this.lastAtMs)))
  }

  /** Reports no more. */
  stop(): void {
    this.isOver = true
    this.forget?.()
  }

  private again(delayMs: number): void {
    this.forget?.()
    if (!this.isOver) this.forget = this.world.after(delayMs, () => void this.look())
  }

  private async look(): Promise<void> {
    this.isLooking = true
    this.isAsked = false
    const failed = await this.tellIfWorth().catch((error: unknown) => `its load cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    this.isLooking = false
    if (this.isOver) return
    if (failed === undefined) {
      this.failures = 0
      return this.again(this.pauseMs())
    }
    this.counts.failed++
    const nextMs = retryDelayMs(++this.failures, this.world.chance)
    this.options.onEvent?.({ kind: 'failed', reason: failed, nextMs })
    this.again(nextMs)
  }

  /** Milliseconds to the next look. */
  private pauseMs(): number {
    const { lookMs = CLIENT_LOOK_MS } = this.options
    const untilDueMs = Math.max(0, this.dueMs - (this.world.nowMs() - this.lastAtMs))
    if (this.isAsked) return CLIENT_REPORT_GAP_MS
    return lookMs === 0 ? untilDueMs : Math.min(Math.max(lookMs, CLIENT_REPORT_GAP_MS), untilDueMs)
  }

  /** What went wrong, in words; undefined where all is told that is worth it. */
  private async tellIfWorth(): Promise<string | undefined> {
    const { world, options } = this
    const reading = { ...(await options.read()) }
    const period = { ...this.advised, periodMs: this.dueMs }
    const cause = causeToTell(this.last, reading, world.nowMs() - this.lastAtMs, period, options.mode)
    if (cause === undefined) return void this.counts.spared++
    const id = Math.floor(world.chance() * 0x1_0000)
    const outcome = await world.request(reportMessage(world.registration(), reading, this.nextSequence(), id, options.capabilities))
    if (outcome.kind !== 'done') return outcome.reason
    this.counts.sent++
    this.last = reading
    this.lastAtMs = world.nowMs()
    if (outcome.advice !== undefined) this.advised = sane(outcome.advice)
    this.dueMs = this.advised.periodMs * (SENT_AT + SENT_SPREAD * world.chance())
    options.onEvent?.({ kind: 'reported', cause, reading, advice: this.advised })
    return undefined
  }

  /** From the clock, so that an agent that starts again does not count from below (RFC 1982 3.2). */
  private nextSequence(): number {
    this.sequence = Math.max(this.sequence + 1, Math.floor(this.world.wallMs() / CLIENT_REPORT_GAP_MS))
    return this.sequence & 0xffff
  }
}

function sane({ periodMs, threshold, ...rest }: ReportingAdvice): ReportingAdvice {
  return { ...rest, periodMs: Math.min(CLIENT_MOST_PERIOD_MS, Math.max(CLIENT_LEAST_PERIOD_MS, periodMs)), threshold: Math.min(MAX_UNTOLD_CHANGE, Math.max(0, threshold)) }
}

/** Callers without types find out here; a look that never waits would be a storm. */
function checkOptions({ profile = 'ordinary', mode = 'threshold', lookMs = CLIENT_LOOK_MS }: ReportingOptions): void {
  if (!PROFILES.includes(profile)) throw new TypeError(`Cannot use profile ${JSON.stringify(profile)} as it must be one of ${PROFILES.join(', ')}`)
  if (!MODES.includes(mode)) throw new TypeError(`Cannot use mode ${JSON.stringify(mode)} as it must be one of ${MODES.join(', ')}`)
  if (!Number.isFinite(lookMs) || lookMs < 0) throw new TypeError(`Cannot use lookMs ${lookMs} as it must be milliseconds, 0 or more`)
}

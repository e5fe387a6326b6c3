/**
 * Who looks for agents: asks for the best at a capability, and tells with the next query what became of the last choices,
 * which is how servers learn who keeps what he says (docs/ranking.md, reputation).
 *
 *     const asker = new Asker({ server: '127.0.0.1:5300' })
 *     const { agents } = await asker.ask('v2.translate.text.nlp._cap.acme.example', { latency: '200ms', count: 3 })
 *     asker.met(agents[0], { result: 'done', latencyMs: 120 })
 *
 *     ask ──▶ query with DEMAND, outcomes, cookie ──▶ agents, best first
 *                 no answer: outcomes are kept for the next
 */
import { randomBytes, randomInt } from 'node:crypto'
import { CLASS, EDE, OPCODE, OPTION, printEde, printRcode, RCODE, TYPE } from '../dns/codes.ts'
import { findOption, readExtendedError } from '../dns/edns.ts'
import { TextFault, WireFault } from '../dns/faults.ts'
import { DEFAULT_UDP_OCTETS } from '../dns/limits.ts'
import { MAX_BATCH_QUESTIONS, MAX_OUTCOMES_PER_DEMAND } from '../dns/limits-discovery.ts'
import { decodeMessage, makeMessage, type Message } from '../dns/message.ts'
import { Name } from '../dns/name.ts'
import { decodeParameters, encodeParameters, encodeValue, PARAMETERS, parseParameters } from '../dns/parameters.ts'
import { CAPABILITY_MARK, labelsOf, nameOrUrl } from '../discovery/identifier/capability.ts'
import { UNTOLD } from '../discovery/ranking/values.ts'
import { AliasWalk } from './alias-walk.ts'
import { ask, type Asked, type AskOptions } from './ask.ts'
import { askSigned } from './ask-signed.ts'
import { splitBatch } from './batch.ts'
import type { ChangeSigner } from './change.ts'
import { serverAt } from './server-address.ts'
import { readFound, type Answered, type Found, type FoundAgent, type Wanted } from './found.ts'

/** What is needed, by the keys of DEMAND (docs/protocol.md 3): `{ latency: '200ms', accuracy: 0.9, count: 3 }`, or the same as text. */
export type Need = string | Readonly<Record<string, string | number | true>>

/** What became of a choice. */
export interface Met {
  /** `wrong`: it answered, and what it answered was of no use. */
  result: 'done' | 'busy' | 'unreachable' | 'wrong'
  /** Milliseconds that it took. */
  latencyMs?: number
  /** Sessions that the agent said it had when it was asked; left out where it did not say. */
  active?: number
}

/** Whom to ask, and how. */
export interface AskerOptions {
  /** `127.0.0.1:5300`, `[::1]:5300`. */
  server: string
  /** Signs queries; answers must be signed then. */
  signer?: ChangeSigner
  /** Class of the capabilities; default IN. */
  class?: 'IN' | 'LOCAL'
  /** Milliseconds to wait for each try; default 2,000. */
  timeoutMs?: number
  /** How often a query is sent over UDP; default 3. */
  tries?: number
  /** Never UDP. */
  tcp?: boolean
  /** Milliseconds since 1970; default the machine's clock. */
  nowMs?: () => number
  /** Sends; default by sockets. */
  send?: (query: Uint8Array, options: AskOptions) => Promise<Asked>
}

/** Thrown where there is no answer to be had: `rcode` is the server's, −1 where none came. */
export class AskFault extends Error {
  override readonly name = 'AskFault'
  readonly rcode: number

  constructor(message: string, rcode: number) {
    super(message)
    this.rcode = rcode
  }
}

/** To be thrown by the work of `Asker.call` where an agent is busy, not there, or wrong: the next one is tried. */
export class CallFault extends Error {
  override readonly name = 'CallFault'
  readonly result: Exclude<Met['result'], 'done'>
  /** Sessions that the agent said it has. */
  readonly active: number | undefined

  constructor(result: Exclude<Met['result'], 'done'>, message: string = result, active?: number) {
    super(message)
    this.result = result
    this.active = active
  }
}

interface Outcome extends Required<Met> {
  agent: Name
  domain: string
  atMs: number
}

/** Octets of a client cookie (RFC 7873 4). */
const CLIENT_COOKIE_OCTETS = 8
/** Errors of Node that say that nobody is there. */
const NOBODY_THERE = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EPIPE', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_SOCKET'])

/** Codes of servers that know no opcode 14, or do not take so many questions. */
const KNOWS_NO_BATCH = new Set<number>([RCODE.NOTIMP, RCODE.FORMERR])

/** Asks one server; see above. */
export class Asker {
  private readonly options: AskerOptions
  private readonly to: AskOptions
  private readonly send: NonNullable<AskerOptions['send']>
  private readonly nowMs: () => number
  private cookie: Uint8Array = randomBytes(CLIENT_COOKIE_OCTETS)
  private outcomes: Outcome[] = []

  /** TypeError where `server` is no address and port. */
  constructor(options: AskerOptions) {
    const server = serverAt(options.server)
    this.options = options
    this.to = { server, tcp: options.tcp ?? false, timeoutMs: options.timeoutMs ?? 2_000, tries: options.tries ?? 3 }
    this.send = options.send ?? ask
    this.nowMs = options.nowMs ?? Date.now
  }

  /** Outcomes that wait for the next query. */
  get waiting(): number {
    return this.outcomes.length
  }

  /**
   * The best agents at a capability or below it, best first; none where nobody meets the need, and `reason` says why. The capability is a
   * name, or `agent://acme.example/nlp/text/translate/v2`; a version that has moved on is followed. AskFault where no answer comes or the server refuses; TextFault where capability or need cannot be read.
   */
  async ask(capability: string, need: Need = ''): Promise<Found> {
    const walk = new AliasWalk(nameOrUrl(capability))
    while (walk.next !== undefined) walk.take(await this.askOne(walk.next, need))
    return walk.found as Found
  }

  private async askOne(name: Name, need: Need): Promise<Answered> {
    const told = this.toldIn(domainOf(name))
    const demand = demandWith(textOf(need), told)
    const { response, tookMs } = await this.exchange([name], demand, told.length > 0)
    this.forget(told)
    return withTime(readable([name], () => readFound(response, name, wantedBy(demand))), tookMs)
  }

  /**
   * The best agents at each of some capabilities, in the order asked, by one message for up to 32 of them (opcode 14): all parts of a task in one round
   * trip, and one more for each step that versions have moved on. The need holds for each. What the server leaves out for want of room, what it does not do in a batch, such as to translate
   * words, and everything where it knows no batches, is asked for singly. Faults as of `ask`; a question that the server refuses, where it is not the only one, has nobody, and `reason` says so.
   */
  async askAll(capabilities: readonly string[], need: Need = ''): Promise<Found[]> {
    const asked = capabilities.map((text) => nameOrUrl(text))
    const walks = new Map(asked.map((name) => [name.key, new AliasWalk(name)]))
    const known = new Map<string, Answered>()
    for (let open = [...walks.values()]; open.length > 0; open = open.filter(({ next }) => next !== undefined)) {
      const wanted = new Map(open.flatMap(({ next }) => (next === undefined || known.has(next.key) ? [] : [[next.key, next] as const])))
      for (const [key, answered] of await this.askEach([...wanted.values()], need, known.size > 0, walks.size > 1)) known.set(key, answered)
      for (const walk of open) walk.take(known.get((walk.next as Name).key) as Answered)
    }
    return asked.map(({ key }) => walks.get(key)?.found as Found)
  }

  /** The answers about all of the names, by their keys. A batch is refused as a whole unless others are answered, a single question where it is the only one. */
  private async askEach(names: readonly Name[], need: Need, areOthersAnswered: boolean, isOneOfMany: boolean): Promise<Map<string, Answered>> {
    const answers = new Map<string, Answered>()
    for (let i = 0; i < names.length; i += MAX_BATCH_QUESTIONS) {
      const some = names.slice(i, i + MAX_BATCH_QUESTIONS)
      const told = this.askBatch(some, need)
      const parts = await (areOthersAnswered ? told.catch((fault: unknown) => new Map(some.map(({ key }) => [key, nobodyBy(fault)]))) : told)
      for (const [key, one] of parts) answers.set(key, one)
    }
    for (const name of names) if (!answers.has(name.key)) answers.set(name.key, await (isOneOfMany ? this.askOne(name, need).catch(nobodyBy) : this.askOne(name, need)))
    return answers
  }

  private async askBatch(names: readonly Name[], need: Need): Promise<Map<string, Answered>> {
    if (names.length < 2) return new Map()
    const told = this.toldIn(domainOf(names[0])) // an outcome counts with the first question
    const demand = demandWith(textOf(need), told)
    const { response, tookMs } = await this.exchange(names, demand, told.length > 0)
    if (KNOWS_NO_BATCH.has(response.rcode)) return new Map()
    this.forget(told)
    const wanted = wantedBy(demand)
    const parts = readable(names, () => splitBatch(response).filter((part) => !isLeftOut(part)))
    return readable(names, () => new Map(parts.map((part) => [part.questions[0].name.key, withTime(readPart(part, wanted), tookMs)])))
  }

  private toldIn(domain: string): Outcome[] {
    return this.outcomes.filter((outcome) => outcome.domain === domain).slice(-MAX_OUTCOMES_PER_DEMAND)
  }

  private forget(told: readonly Outcome[]): void {
    const sent = new Set(told)
    this.outcomes = this.outcomes.filter((outcome) => !sent.has(outcome))
  }

  /** Notes what became of a choice, to be told with the next query in the same domain. Of more than 16 the oldest are forgotten. */
  met(agent: Pick<FoundAgent, 'name' | 'capability'>, { result, latencyMs = 0, active = UNTOLD }: Met): void {
    const domain = domainOf(Name.parse(agent.capability))
    this.outcomes.push({ agent: Name.parse(agent.name), domain, result, latencyMs, active, atMs: this.nowMs() })
    if (this.outcomes.length > MAX_OUTCOMES_PER_DEMAND) this.outcomes.shift()
  }

  /**
   * Asks, and does `work` with the best, which may pass on by `told` how many sessions the agent says it has; where that throws CallFault, or that nobody is there, with the next. What came of each is told with
   * the next query. AskFault where nobody is left; any other error of `work` is passed on, and tells nothing of the agent.
   */
  async call<Result>(capability: string, need: Need, work: (agent: FoundAgent, told: (active: number) => void) => Promise<Result>): Promise<Result> {
    const { agents, reason } = await this.ask(capability, need)
    let last: unknown
    for (const agent of agents) {
      const fromMs = this.nowMs()
      let active: number = UNTOLD
      try {
        const result = await work(agent, (sessions) => (active = sessions))
        this.met(agent, { result: 'done', latencyMs: this.nowMs() - fromMs, active })
        return result
      } catch (fault) {
        last = fault
        const met = metBy(fault)
        if (met === undefined) throw fault
        this.met(agent, { ...met, latencyMs: this.nowMs() - fromMs })
      }
    }
    const why = agents.length === 0 ? (reason ?? 'there is nobody') : `each of ${agents.length} failed, the last as ${last instanceof Error ? last.message : String(last)}`
    throw new AskFault(`Cannot call ${capability}: ${why}`, RCODE.NOERROR)
  }

  private async exchange(names: readonly Name[], demand: Uint8Array, isTelling: boolean): Promise<{ response: Message; tookMs: number }> {
    // over UDP a server believes outcomes by its cookie alone: whoever has none yet asks by TCP
    const needsTcp = isTelling && this.options.signer === undefined && this.cookie.length === CLIENT_COOKIE_OCTETS
    for (let isSecond = false; ; isSecond = true) {
      const { response, tookMs } = await this.exchangeOnce(names, demand, needsTcp)
      const cookie = findOption(response.edns, OPTION.COOKIE)
      if (cookie !== undefined) this.cookie = cookie // RFC 7873 5.3
      if (response.rcode === RCODE.BADCOOKIE && !isSecond) continue
      if (response.rcode === RCODE.NOERROR || response.rcode === RCODE.NXDOMAIN || (names.length > 1 && KNOWS_NO_BATCH.has(response.rcode))) return { response, tookMs }
      throw new AskFault(`Cannot find agents at ${names.join(', ')}: ${reasonOf(response)}`, response.rcode)
    }
  }

  private async exchangeOnce(names: readonly Name[], demand: Uint8Array, needsTcp: boolean): Promise<{ response: Message; tookMs: number }> {
    const { signer, class: rrClass = 'IN' } = this.options
    const questions = names.map((name) => ({ name, type: TYPE.AGENT, class: CLASS[rrClass] }))
    const query = makeMessage({ id: randomInt(0x1_0000), opcode: names.length > 1 ? OPCODE.AGENT : OPCODE.QUERY, agent: true, questions })
    const options = [{ code: OPTION.COOKIE, octets: this.cookie }, { code: OPTION.DEMAND, octets: demand }]
    query.edns = { udpSize: DEFAULT_UDP_OCTETS, version: 0, dnssecOk: false, compactOk: false, options }
    const asked = await askSigned(query, signer, needsTcp ? { ...this.to, tcp: true } : this.to, this.send)
    if ('failed' in asked) throw new AskFault(`Cannot find agents at ${names.join(', ')}: no answer from ${this.options.server}, as ${asked.failed}`, -1)
    if ('wrong' in asked) throw new AskFault(`Cannot find agents at ${names.join(', ')}: ${asked.wrong}`, -1)
    return { response: readable(names, () => decodeMessage(asked.octets)), tookMs: asked.tookMs }
  }
}

/** What `read` makes of an answer about `names`; AskFault where that is malformed. */
function readable<Result>(names: readonly Name[], read: () => Result): Result {
  try {
    return read()
  } catch (fault) {
    if (!(fault instanceof WireFault)) throw fault
    throw new AskFault(`Cannot find agents at ${names.join(', ')}: the answer cannot be read: ${fault.message}`, -1)
  }
}

/** What a part of a batch says; one that is refused has nobody. */
function readPart(part: Message, wanted: Wanted): Answered<Omit<Found, 'tookMs'>> {
  const isAnswer = part.rcode === RCODE.NOERROR || part.rcode === RCODE.NXDOMAIN
  return isAnswer ? readFound(part, part.questions[0].name, wanted) : { found: { agents: [], ttlSeconds: 0, reason: reasonOf(part) }, steps: [] }
}

/** Whether the server says that it does not do this in a batch. */
function isLeftOut({ rcode, edns }: Message): boolean {
  const error = findOption(edns, OPTION.EDE)
  return rcode === RCODE.NOERROR && error !== undefined && error.length >= 2 && readExtendedError(error).infoCode === EDE.NOT_SUPPORTED
}

/** One of several questions that the server refuses has nobody; other faults are of all. */
function nobodyBy(fault: unknown): Answered {
  if (!(fault instanceof AskFault) || fault.rcode < 0) throw fault
  return { found: { agents: [], ttlSeconds: 0, reason: fault.message, tookMs: 0 }, steps: [] }
}

function withTime({ found, steps }: Answered<Omit<Found, 'tookMs'>>, tookMs: number): Answered {
  return { found: { ...found, tookMs }, steps }
}

function wantedBy(demand: Uint8Array): Wanted {
  const keys = decodeParameters(demand, 'DEMAND')
  return { closure: keys.has(PARAMETERS.closure.key), candidates: keys.has(PARAMETERS.candidates.key) }
}

function reasonOf({ rcode, edns }: Message): string {
  const error = findOption(edns, OPTION.EDE)
  if (error === undefined || error.length < 2) return printRcode(rcode)
  const { infoCode, text } = readExtendedError(error)
  return `${printRcode(rcode)}: ${text === '' ? printEde(infoCode) : text}`
}

/** Whose capability it is: what stands behind `_cap`, as one text; the whole name where that is not in it. */
function domainOf(name: Name): string {
  const labels = labelsOf(name)
  return labels.slice(labels.lastIndexOf(CAPABILITY_MARK) + 1).join('.')
}

function textOf(need: Need): string {
  if (typeof need === 'string') return need
  return Object.entries(need).map(([key, value]) => (value === true ? key : `${key}=${printed(String(value))}`)).join(' ')
}

function printed(value: string): string {
  return /[\s"();\\]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value
}

/** Octets of DEMAND. TextFault where the text is none, or tells outcomes by itself. */
function demandWith(text: string, outcomes: readonly Outcome[]): Uint8Array {
  const octets = parseParameters(text, 'DEMAND')
  if (outcomes.length === 0) return octets
  const parameters = new Map(decodeParameters(octets, 'DEMAND'))
  const { outcome } = PARAMETERS
  if (parameters.has(outcome.key)) throw new TextFault('Cannot take outcome in a need as the asker tells outcomes by itself', { file: '<need>', line: 1, column: 1 })
  type Told = [Name, Met['result'], number, number, number]
  const values = outcomes.map(({ agent, result, latencyMs, active, atMs }): Told => [agent, result, micros(latencyMs), active, Math.floor(atMs)])
  parameters.set(outcome.key, encodeValue(outcome, values))
  return encodeParameters(parameters)
}

function micros(ms: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round(ms * 1_000)))
}

/** What an error of some work says of the agent; undefined where it says nothing. */
function metBy(fault: unknown): Pick<Met, 'result' | 'active'> | undefined {
  if (fault instanceof CallFault) return fault.active === undefined ? { result: fault.result } : { result: fault.result, active: fault.active }
  for (let error = fault; error instanceof Error; error = error.cause) if (NOBODY_THERE.has((error as NodeJS.ErrnoException).code ?? '')) return { result: 'unreachable' }
  return undefined
}

/** Plays a `.rpl` scenario (rpl.ts) with the resolver: its config becomes settings, its ranges the network, its clock the machine's. What does not come about as written is an AssertionError with the line. */
import assert from 'node:assert/strict'
import { parseAddress, printAddress } from '../../src/dns/address.ts'
import { parseRcode, printEde, printRcode, RCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord, type Message, type Question } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { SECURITY, type ConfiguredZone, type Effect, type Endpoint, type Outcome, type Settings, type TrustAnchor } from '../../src/resolver/contract.ts'
import { Resolver } from '../../src/resolver/resolver.ts'
import { Chance } from '../battery/chance.ts'
import type { Entry, Scenario, Step } from './rpl.ts'
import { MapCache, settingsOf } from './support.ts'

type Send = Extract<Effect, { kind: 'send' }>

/** Options that say what is so here anyway, or that are about what is not played. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set(['server target-fetch-policy', 'server minimal-responses', 'server fake-sha1', 'server trust-anchor-signaling', 'server access-control', 'server ede', 'server rrset-roundrobin', 'stub-zone stub-prime'])

/** Plays the scenario to its end; `file` stands in what is complained of. */
export function playScenario(scenario: Scenario, file: string): void {
  new Replay(scenario, file).play()
}

class Replay {
  private readonly scenario: Scenario
  private readonly file: string
  private readonly resolver: Resolver
  private nowMs = 1_000_000_000
  private step: Step
  private waiters = 0
  private readonly asked = new Map<number, Entry>()
  /** Answers that were not looked at yet. */
  private readonly answers: { waiter: number; outcome: Outcome }[] = []
  /** Messages that no range answers. */
  private readonly pending: Send[] = []

  constructor(scenario: Scenario, file: string) {
    this.scenario = scenario
    this.file = file
    this.step = scenario.steps[0]
    const chance = new Chance(1)
    this.resolver = new Resolver({ settings: this.settings(), cache: new MapCache(), random: (bound) => chance.below(bound) })
  }

  play(): void {
    for (const step of this.scenario.steps) {
      this.step = step
      this.act(step)
    }
  }

  private act({ kind, entry, elapse }: Step): void {
    switch (kind) {
      case 'QUERY':
        return this.query(entry ?? this.fail('asks nothing'))
      case 'CHECK_ANSWER':
        return this.checkAnswer(entry ?? this.fail('expects nothing'))
      case 'CHECK_OUT_QUERY': {
        const wanted = entry ?? this.fail('expects nothing')
        if (!this.pending.some((send) => isFor(wanted, decodeMessage(send.octets)))) this.fail(`expects a message that was not sent; there are ${this.pending.map(shownSend).join(', ') || 'none'}`)
        return undefined
      }
      case 'REPLY':
        return this.land(this.pending.shift() ?? this.fail('answers a message that was not sent'), entry ?? this.fail('answers nothing'))
      case 'TIMEOUT': {
        const send = this.pending.shift() ?? this.fail('times out, but nothing is on its way')
        this.nowMs = Math.max(this.nowMs, send.deadlineMs)
        return this.perform(this.resolver.step({ kind: 'timeout', nowMs: this.nowMs, send: send.send }))
      }
      case 'TIME_PASSES':
        this.nowMs += elapse * 1000
        return undefined
      case 'NOTHING':
        return undefined
    }
  }

  private query(entry: Entry): void {
    const question: Question = entry.question ?? this.fail('asks nothing')
    const waiter = ++this.waiters
    this.asked.set(waiter, entry)
    this.perform(this.resolver.step({ kind: 'start', nowMs: this.nowMs, waiter, question, checkingDisabled: entry.reply.includes('CD') }))
  }

  private perform(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'done') this.answers.push(effect)
      if (effect.kind === 'send') this.send(effect)
    }
  }

  /** The first range of the step whose servers are asked gives the answer; else the message waits for a step of its own. */
  private send(send: Send): void {
    const query = decodeMessage(send.octets)
    const { number } = this.step
    const ranges = this.scenario.ranges.filter(({ from, to, addresses }) => from <= number && number <= to && addresses.includes(printAddress(send.to.address)))
    const entry = ranges.flatMap(({ entries }) => entries).find((one) => isFor(one, query))
    if (entry === undefined) this.pending.push(send)
    else this.land(send, entry)
  }

  private land(send: Send, entry: Entry): void {
    const { id, questions } = decodeMessage(send.octets)
    const { answers, authorities, additionals } = entry
    const own = { answers: [...answers], authorities: [...authorities], additionals: [...additionals] }
    const flags = { authoritative: entry.reply.includes('AA'), recursionAvailable: entry.reply.includes('RA'), truncated: entry.reply.includes('TC') }
    const octets = encodeMessage(makeMessage({ id, response: true, questions: entry.adjust.includes('copy_query') ? questions : [entry.question ?? questions[0]], rcode: rcodeOf(entry), ...flags, ...own }))
    this.nowMs += 10
    this.perform(this.resolver.step({ kind: 'response', nowMs: this.nowMs, send: send.send, from: send.to, octets }))
  }

  // ---- Answers ----

  private checkAnswer(entry: Entry): void {
    const { waiter, outcome } = this.answers.shift() ?? this.fail(`expects an answer, and there is none; on their way are ${this.pending.map(shownSend).join(', ') || 'none'}`)
    const asked = this.asked.get(waiter) ?? this.fail('has no question')
    const wants = (...words: string[]): boolean => words.some((word) => entry.match.includes(word)) || (entry.match.includes('all') && !words.includes('ttl'))
    const told = toldOf(outcome, asked.reply.includes('DO'))
    if (wants('rcode')) this.same(printRcode(told.rcode), printRcode(rcodeOf(entry)), 'rcode')
    if (wants('flags')) this.same(told.ad, entry.reply.includes('AD'), 'AD')
    if (wants('answer')) this.same(shownRecords(told.answers, wants('ttl')), shownRecords(entry.answers, wants('ttl')), 'answer')
    if (wants('authority')) this.same(shownRecords(told.authorities, wants('ttl')), shownRecords(entry.authorities, wants('ttl')), 'authority')
    const ede = entry.match.find((word) => word.startsWith('ede='))?.slice(4)
    if (ede !== undefined) this.same(outcome.explanation && printEde(outcome.explanation.infoCode), printEde(Number(ede)), 'extended error')
  }

  private same(actual: unknown, expected: unknown, what: string): void {
    assert.deepEqual(actual, expected, `${this.file}:${this.step.line}: step ${this.step.number}: ${what}`)
  }

  private fail(what: string): never {
    return assert.fail(`${this.file}:${this.step.line}: step ${this.step.number} ${what}`)
  }

  // ---- Config ----

  private settings(): Settings {
    const { config } = this.scenario
    const values = (key: string): readonly string[] => config.get(key) ?? []
    const known = new Set([...WITHOUT_EFFECT, 'server trust-anchor', 'server val-override-date', 'server domain-insecure', 'server qname-minimisation', 'server use-caps-for-id', 'stub-zone name', 'stub-zone stub-addr', 'forward-zone name', 'forward-zone forward-addr'])
    for (const key of config.keys()) if (!known.has(key)) assert.fail(`${this.file}: the option ${key} cannot be played`)
    const startMs = this.nowMs
    const start = timeOf(values('server val-override-date')[0] ?? '20270115080000')
    const anchors = values('server trust-anchor').map(anchorOf)
    const validation = { anchors, negativeAnchors: values('server domain-insecure').map((text) => Name.parse(text)), unixSeconds: (nowMs: number) => start + (nowMs - startMs) / 1000 }
    const zones = [...zonesOf('stub', values('stub-zone name'), values('stub-zone stub-addr')), ...zonesOf('forward', values('forward-zone name'), values('forward-zone forward-addr'))]
    return settingsOf({ zones, validation, minimise: values('server qname-minimisation')[0] !== 'no', randomCase: values('server use-caps-for-id')[0] === 'yes' })
  }
}

function anchorOf(text: string): TrustAnchor {
  const record = parseRecord(text.replace(/^(\S+)\s+(?:\d+\s+)?(?:IN\s+)?/, '$1 3600 IN '))
  return record.type === TYPE.DS ? { zone: record.name, digests: [record.rdata], keys: [] } : { zone: record.name, digests: [], keys: [record.rdata] }
}

/** One server for each zone, in order. */
function zonesOf(kind: ConfiguredZone['kind'], names: readonly string[], addresses: readonly string[]): ConfiguredZone[] {
  assert.equal(names.length, addresses.length, `each ${kind}-zone has one address`)
  return names.map((name, i) => ({ name: Name.parse(name), kind, servers: [endpointOf(addresses[i])] }))
}

function endpointOf(text: string): Endpoint {
  return { address: parseAddress(text) ?? assert.fail(text), port: 53 }
}

/** `20270115080000`, or seconds since 1970. */
function timeOf(text: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text)?.slice(1).map(Number)
  return parts === undefined ? Number(text) : Date.UTC(parts[0], parts[1] - 1, parts[2], parts[3], parts[4], parts[5]) / 1000
}

// ---- Messages ----

function isFor({ match, question }: Entry, { questions: [asked] }: Message): boolean {
  if (question === undefined) return false
  if (match.includes('subdomain')) return asked.name.isWithin(question.name)
  return (!match.includes('qname') || asked.name.equals(question.name)) && (!match.includes('qtype') || asked.type === question.type)
}

function rcodeOf({ reply }: Entry): number {
  return reply.map((word) => parseRcode(word)).find((code) => code !== undefined) ?? RCODE.NOERROR
}

/** What a client would be told of an outcome: DNSSEC records and AD with DO. */
function toldOf(outcome: Outcome, dnssecOk: boolean): { rcode: number; ad: boolean; answers: DnsRecord[]; authorities: DnsRecord[] } {
  if (outcome.kind === 'failure') return { rcode: outcome.rcode, ad: false, answers: [], authorities: [] }
  const sets = outcome.kind === 'answer' ? [...outcome.chain, ...outcome.sets] : outcome.chain
  const answers = sets.flatMap(({ records, signatures }) => [...records, ...(dnssecOk ? signatures : [])])
  const absence = outcome.kind === 'answer' ? undefined : outcome.absence
  const authorities = absence === undefined ? sets.flatMap(({ proof = [] }) => (dnssecOk ? proof : [])) : [...(absence.soa?.records ?? []), ...(dnssecOk ? [...(absence.soa?.signatures ?? []), ...absence.proof] : [])]
  return { rcode: outcome.kind === 'nxdomain' ? RCODE.NXDOMAIN : RCODE.NOERROR, ad: outcome.security === SECURITY.secure, answers, authorities }
}

function shownRecords(records: readonly DnsRecord[], withTtl: boolean): string[] {
  return records.map((record) => printRecord(withTtl ? record : { ...record, ttl: 0 })).sort()
}

function shownSend({ to, octets }: Send): string {
  const { questions: [{ name, type }] } = decodeMessage(octets)
  return `${printAddress(to.address)} ${name} ${type}`
}


/**
 * An internet in a box for the resolver: servers with zones written as text and with manners of their own, a clock that
 * jumps to the next event, chance from a seed. `new Play(net).ask('www.example. A')` plays one question to its end and
 * tells what came of it as text, and every packet that was sent for it.
 */
import assert from 'node:assert/strict'
import { parseAddress, printAddress } from '../../src/dns/address.ts'
import { CLASS, parseType, printType, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type DnsRecord, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { PrefixList } from '../../src/dns/prefix.ts'
import { printRecord, parseRecord } from '../../src/dns/record-text.ts'
import { standing } from '../../src/cache/terms.ts'
import { SECURITY, type Absence, type Effect, type Endpoint, type Outcome, type Remembered, type ResolverCache, type RRset, type Security, type Settings, type Transport, type Trust } from '../../src/resolver/contract.ts'
import { Resolver } from '../../src/resolver/resolver.ts'
import type { Server } from '../../src/server/server.ts'
import { serverOf, zoneOf } from '../authority/ask.ts'
import { Chance } from '../battery/chance.ts'

/** How a server behaves; by default as it should. */
export interface Behaviour {
  /** Milliseconds to its answer; 10 unless told. */
  delayMs?: number
  /** It never answers, or not over that transport. */
  silent?: boolean | Transport
  /** Octets above which it sets TC over UDP. */
  truncatesAbove?: number
  /** It answers FORMERR to whatever has OPT; `bare` leaves the question out. */
  hatesEdns?: boolean | 'bare'
  /** It gives names back in lower case. */
  lowers?: boolean
  /** It answers with that code, and nothing else. */
  rcode?: number
  /** What it says instead; undefined is what it would have said, null is silence. */
  says?: (query: Message, transport: Transport) => Partial<Message> | null | undefined
  /** Octets that go out instead. */
  mangles?: (response: Uint8Array, transport: Transport) => Uint8Array
}

interface Host extends Behaviour {
  readonly server: Server
}

/** Zones with their servers, by address. */
export class Internet {
  readonly hosts = new Map<string, Host>()

  /** A server at `addresses` (one or several, apart by a space) with zones as text: an apex, its records without SOA. */
  serve(addresses: string, zones: Record<string, string>, behaviour: Behaviour = {}): this {
    const images = Object.entries(zones).map(([apex, text]) => zoneOf(apex, `$TTL 3600\n@ SOA ns.${apex === '.' ? '' : apex} host.${apex === '.' ? '' : apex} 1 7200 3600 604800 300\n${text.replaceAll(/^ +/gm, '')}\n`))
    const server = serverOf(images)
    for (const address of addresses.split(' ')) this.hosts.set(address, { server, ...behaviour })
    return this
  }

  /** What the server at `to` sends back, and after how many milliseconds; undefined for nothing. */
  answer(to: Endpoint, octets: Uint8Array, transport: Transport): { octets: Uint8Array; delayMs: number } | undefined {
    const host = this.hosts.get(printAddress(to.address))
    if (host === undefined || host.silent === true || host.silent === transport) return undefined
    const response = respond(host, octets, transport)
    return response === undefined ? undefined : { octets: host.mangles?.(response, transport) ?? response, delayMs: host.delayMs ?? 10 }
  }
}

const out = new Uint8Array(65_535)

function respond(host: Host, octets: Uint8Array, transport: Transport): Uint8Array | undefined {
  const query = decodeMessage(octets)
  const { id, questions } = query
  const said = host.says?.(query, transport)
  if (said === null) return undefined
  const base = { id, response: true, questions }
  if (said !== undefined) return encodeMessage(makeMessage({ ...base, ...said }))
  if (host.hatesEdns !== undefined && host.hatesEdns !== false && query.edns !== undefined) return encodeMessage(makeMessage({ ...base, questions: host.hatesEdns === 'bare' ? [] : questions, rcode: 1 }))
  if (host.rcode !== undefined) return encodeMessage(makeMessage({ ...base, rcode: host.rcode }))
  const length = host.server.answer(octets, octets.length, { transport, address: Uint8Array.of(192, 0, 2, 99), port: 4096 }, out)
  const response = decodeMessage(out.slice(0, length))
  if (transport === 'udp' && length > (host.truncatesAbove ?? 65_535)) return encodeMessage(makeMessage({ ...base, truncated: true }))
  if (host.lowers === true) response.questions = questions.map((question) => ({ ...question, name: Name.parse(question.name.toString().toLowerCase()) }))
  return encodeMessage(response)
}

/** Records of a section as text, one a line, of class IN and TTL 3600 unless they say otherwise. */
export function records(text: string): DnsRecord[] {
  return text.split('\n').map((line) => line.trim()).filter(Boolean).map((line) => parseRecord(/^\S+ \d+ /.test(line) ? line : line.replace(' ', ' 3600 IN ')))
}

/** A cache as simple as can be: a Map, with trust, expiry and TTLs that count down. */
export class MapCache implements ResolverCache {
  readonly entries = new Map<string, { what: Remembered; end: number; trust: number; firmness: number }>()

  find(name: Name, type: number, now: number, least: Trust): Remembered | undefined {
    const found = this.live(name, 0, now, least) ?? this.live(name, type, now, least)
    if (found?.kind === 'nxdomain') return { ...found, type }
    if (found !== undefined || type === TYPE.CNAME) return found
    const alias = this.live(name, TYPE.CNAME, now, least)
    return alias?.kind === 'records' ? { kind: 'alias', rrset: alias.rrset } : undefined
  }

  keep(rrset: RRset, now: number): void {
    const [{ ttl }] = rrset.records
    if (ttl > 0) this.put(rrset.name, rrset.type, { kind: 'records', rrset }, ttl, rrset.trust, now, rrset.security)
  }

  keepAbsence(absence: Absence, now: number): void {
    const soa = absence.soa?.records[0]
    if (soa === undefined) return
    const minimum = Buffer.from(soa.rdata).readUInt32BE(soa.rdata.length - 4)
    this.put(absence.name, absence.kind === 'nxdomain' ? 0 : absence.type, absence, Math.min(soa.ttl, minimum), 5, now, absence.security)
  }

  keepFailure(name: Name, type: number, infoCode: number, now: number): void {
    if (this.find(name, type, now, 1) === undefined) this.put(name, type, { kind: 'failure', infoCode }, 5, 9, now)
  }

  forget(name: Name, type: number): void {
    for (const one of [0, type]) if (this.entries.get(`${one} ${name.key}`)?.what.kind !== 'failure') this.entries.delete(`${one} ${name.key}`)
  }

  private put(name: Name, type: number, what: Remembered, ttl: number, trust: number, now: number, security: Security = SECURITY.indeterminate): void {
    const key = `${type} ${name.key}`
    const old = this.entries.get(key)
    const firmness = standing(trust as Trust, security)
    if (old !== undefined && old.end > now && old.firmness > firmness && old.what.kind !== 'failure') return
    this.entries.set(key, { what, end: now + ttl, trust, firmness })
  }

  private live(name: Name, type: number, now: number, least: number): Remembered | undefined {
    const entry = this.entries.get(`${type} ${name.key}`)
    if (entry === undefined || entry.end <= now || entry.trust < least) return undefined
    const { what, end } = entry
    return what.kind === 'records' ? { kind: 'records', rrset: { ...what.rrset, records: what.rrset.records.map((record) => ({ ...record, ttl: end - now })) } } : what
  }
}

/** Settings of a resolver that trusts its network: IPv4, everything on but random case. */
export function settingsOf(parts: Partial<Settings> = {}): Settings {
  return {
    hints: [{ name: Name.parse('a.root.'), addresses: [address('198.51.100.1')] }], zones: [], ipv4: true, ipv6: false, dnssec: true, minimise: true, randomCase: true,
    specialNames: true, neverAsk: new PrefixList([]), privateNames: [], port: 53, ...parts,
  }
}

/** The octets of an address written as text. */
export function address(text: string): Uint8Array {
  return parseAddress(text) ?? assert.fail(`no address: ${text}`)
}

/** What came of a question, as text. */
export interface Told {
  /** `answer`, `nodata`, `nxdomain`, or why it failed. */
  kind: string
  /** Aliases, then the records of the answer; of an absence the SOA's owner. */
  records: string[]
  /** Text of the Extended DNS Error. */
  why: string
  /** `192.0.2.1 udp www.example. A`, names in lower case. */
  packets: string[]
  ms: number
  outcome: Outcome
}

/** What is to happen, or to be left out once the send that it `endsWith` is closed. */
type Pending = { at: number; act: () => Effect[]; endsWith?: number }

/** A resolver in an internet. */
export class Play {
  readonly resolver: Resolver
  readonly cache = new MapCache()
  /** Every message sent, octets as they went. */
  readonly sent: (Extract<Effect, { kind: 'send' }> & { query: Message })[] = []
  readonly done = new Map<number, Outcome>()
  nowMs = 1_000_000
  /** What happens to a response on its way; null loses it. */
  onTheWay: (octets: Uint8Array, send: Extract<Effect, { kind: 'send' }>) => Uint8Array | null = (octets) => octets
  /** Called with every message sent; what it gives comes in at once, from `from`. */
  forges: (send: Extract<Effect, { kind: 'send' }>) => { octets: Uint8Array; from?: Endpoint }[] = () => []
  private readonly net: Internet
  private readonly chance: Chance
  /** The next stands last; of those at the same time the first that came. */
  private readonly pending: Pending[] = []
  private readonly closed = new Set<number>()
  private waiters = 0

  /** `cache` stands in for the simple one. */
  constructor(net: Internet, settings: Partial<Settings> = {}, seed = 1, cache?: ResolverCache, onFault?: (fault: unknown, question: string) => void) {
    this.net = net
    this.chance = new Chance(seed)
    this.resolver = new Resolver({ settings: settingsOf(settings), cache: cache ?? this.cache, random: (bound) => this.chance.below(bound), ...(onFault && { onFault }) })
  }

  /** Plays `question`, such as `www.example. A`, to its end. */
  ask(question: string, checkingDisabled = false): Told {
    const [waiter, before, start] = [this.start(question, checkingDisabled), this.sent.length, this.nowMs]
    this.run()
    return this.told(waiter, before, start)
  }

  /** Begins `question` and gives the number of who waits for it; `run` plays on. */
  start(question: string, checkingDisabled = false): number {
    const [name, type = 'A'] = question.split(' ')
    const waiter = ++this.waiters
    const asked = { name: Name.parse(name), type: parseType(type) ?? assert.fail(type), class: CLASS.IN }
    this.at(0, () => this.resolver.step({ kind: 'start', nowMs: this.nowMs, waiter, question: asked, checkingDisabled }))
    return waiter
  }

  /** Plays until nothing is left to happen. */
  run(): void {
    for (let turns = 0; this.pending.length > 0; turns++) {
      assert.ok(turns < 200_000, 'it never ends')
      const next = this.pending.pop()
      if (next === undefined || this.closed.delete(next.endsWith ?? 0)) continue
      this.nowMs = Math.max(this.nowMs, next.at)
      for (const effect of next.act()) this.effect(effect)
    }
    assert.equal(this.resolver.underWay, 0, 'a question is stuck')
    assert.equal(this.resolver.inFlight, 0)
  }

  /** What `waiter` was told, with what was sent since `before`. */
  told(waiter: number, before = 0, startMs = 0): Told {
    const outcome = this.done.get(waiter) ?? assert.fail(`question ${waiter} was never answered`)
    const packets = this.sent.slice(before).map(({ to, transport, query: { questions: [{ name, type }] } }) => `${printAddress(to.address)} ${transport} ${name.toString().toLowerCase()} ${printType(type)}`)
    const last = outcome.kind === 'answer' ? outcome.sets : []
    const soa = outcome.kind === 'nodata' || outcome.kind === 'nxdomain' ? [`SOA of ${outcome.absence.soa?.name ?? 'nobody'}`] : []
    const shown = [...outcome.chain, ...last].flatMap((set) => set.records.map(printShort))
    return { kind: outcome.kind === 'failure' ? outcome.reason : outcome.kind, records: [...shown, ...soa], why: outcome.explanation?.text ?? '', packets, ms: this.nowMs - startMs, outcome }
  }

  private at(inMs: number, act: Pending['act'], endsWith?: number): void {
    const at = this.nowMs + inMs
    let [low, high] = [0, this.pending.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.pending[middle].at > at) low = middle + 1
      else high = middle
    }
    this.pending.splice(low, 0, { at, act, ...(endsWith !== undefined && { endsWith }) })
  }

  private effect(effect: Effect): void {
    if (effect.kind === 'done') {
      assert.ok(!this.done.has(effect.waiter), 'answered twice')
      this.done.set(effect.waiter, effect.outcome)
    } else if (effect.kind === 'send') this.send(effect)
    else if (this.pending.length > 0) this.closed.add(effect.send)
  }

  private send(effect: Extract<Effect, { kind: 'send' }>): void {
    const { send, to, transport, octets, deadlineMs } = effect
    this.sent.push({ ...effect, query: decodeMessage(octets) })
    const comes = (response: Uint8Array, from: Endpoint, inMs: number): void => this.at(inMs, () => this.resolver.step({ kind: 'response', nowMs: this.nowMs, send, from, octets: response }))
    for (const forged of this.forges(effect)) comes(forged.octets, forged.from ?? to, 1)
    const answer = this.net.answer(to, octets, transport)
    const arrived = answer && this.onTheWay(answer.octets, effect)
    if (answer && arrived) comes(arrived, to, answer.delayMs)
    this.at(deadlineMs - this.nowMs, () => this.resolver.step({ kind: 'timeout', nowMs: this.nowMs, send }), send)
  }
}

/** `www.example. A 192.0.2.1`, without TTL and class. */
function printShort(record: DnsRecord): string {
  return printRecord(record).toLowerCase().replace(/ \d+ in (\S+)/, (_, type: string) => ` ${type.toUpperCase()}`)
}

/** A root and `example.` on servers of their own, `www.example.` among its names: what most plays begin with. */
export function smallInternet(example = '', root = '', behaviour: Behaviour = {}): Internet {
  return new Internet()
    .serve('198.51.100.1', { '.': `@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. A 192.0.2.1\n${root}` })
    .serve('192.0.2.1', { 'example.': `@ NS ns.example.\nns A 192.0.2.1\nwww A 192.0.2.80\n${example}` }, behaviour)
}

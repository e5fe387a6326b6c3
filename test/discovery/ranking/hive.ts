/**
 * What the tests of discovery share: agents and demands written as text, a hand on the clock and on chance, and answers
 * as names of agents: `hive.ask('translate._cap.acme.example.', 'accuracy=0.9')` → `['babel', 'pocket']`.
 */
import assert from 'node:assert/strict'
import { CapabilityMatch, type Slot } from '../../../src/discovery/ranking/candidates.ts'
import { Demand } from '../../../src/discovery/ranking/demand.ts'
import { Ranker } from '../../../src/discovery/ranking/rank.ts'
import type { Outcome, Reading } from '../../../src/discovery/ranking/reading.ts'
import { Registrar, type PutResult } from '../../../src/discovery/ranking/registrar.ts'
import { Sensing, type ReportResult } from '../../../src/discovery/ranking/sensing.ts'
import { DEFAULT_RANKING, type RankingSettings } from '../../../src/discovery/ranking/settings.ts'
import { TYPE } from '../../../src/dns/codes.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name, printName } from '../../../src/dns/name.ts'
import { WireWriter } from '../../../src/dns/octets.ts'
import { parseParameters } from '../../../src/dns/parameters.ts'
import { parseRdata } from '../../../src/dns/rdata.ts'
import { TextReader } from '../../../src/dns/text.ts'

export const SEED = 0x0d15_c0
/** When the tests begin, in ms since 1970. */
export const BEGIN_MS = 1_800_000_000_000
/** The capability that agents have unless a test says otherwise. */
export const CAPABILITY = 'v2.translate.text.nlp._cap.acme.example.'

/** A generator of chance with a seed (mulberry32). */
export function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The wire name of an agent called by its first label. */
export function agentName(label: string): Uint8Array {
  return Name.parse(label.includes('.') ? label : `${label}._sa.acme.example.`).wire
}

/** RDATA of AGENT: `1 babel._sa.acme.example. latency=200ms …`. */
export function agentRdata(label: string, claims = '', priority = 1): Uint8Array {
  const target = label.includes('.') ? label : `${label}._sa.acme.example.`
  const out = new WireWriter()
  const reader = new TextReader(Buffer.from(`${priority} ${target} ${claims}`), 'test')
  assert.ok(reader.beginEntry())
  parseRdata(TYPE.AGENT, reader, out)
  return out.finish()
}

/** The octets of a demand. */
export function demandOctets(text: string): Uint8Array {
  return text === '' ? new Uint8Array(0) : parseParameters(text, 'DEMAND')
}

/** How an outcome differs from one that was done in 100 ms at BEGIN_MS by an agent with nothing else to do. */
export interface OutcomeWords {
  result?: 'done' | 'busy' | 'unreachable' | 'wrong'
  latencyMs?: number
  active?: number
  atMs?: number
  /** Milliseconds behind `atMs`. */
  aheadMs?: number
}

/** One outcome as a demand has it in text. */
export function outcomeText(label: string, { result = 'done', latencyMs = 100, active = 0, atMs = BEGIN_MS, aheadMs = 0 }: OutcomeWords = {}): string {
  return `${label.includes('.') ? label : `${label}._sa.acme.example.`}/${result}/${latencyMs}ms/${active}/${new Date(atMs + aheadMs).toISOString()}`
}

/** A demand read from text. */
export function demandOf(text: string): Demand {
  const demand = new Demand()
  const octets = demandOctets(text)
  assert.ok(demand.read(octets, 0, octets.length), `cannot read demand ${text}`)
  return demand
}

/** Holds an agent at all its capabilities until then, or frees it where that is past; returns how many they are. */
export function holdAgent(registrar: Registrar, agent: Uint8Array, untilMs: number): number {
  const slots = registrar.slotsOf(agent)
  for (const slot of slots) registrar.change(slot, () => (registrar.table.f64.holdEndMs[slot] = untilMs))
  return slots.length
}

/** Writes the state of an agent (0 idle … 4 failed) at all its capabilities. */
export function setAgentState(registrar: Registrar, agent: Uint8Array, state: number): void {
  for (const slot of registrar.slotsOf(agent)) registrar.change(slot, () => (registrar.table.i32.state[slot] = state))
}

/** A zone's candidates with all that works on them, and a clock that a test moves. */
export class Hive {
  readonly registrar: Registrar
  readonly sensing: Sensing
  readonly ranker: Ranker
  nowMs = BEGIN_MS
  private readonly name = new LookupName(SEED)
  private readonly match = new CapabilityMatch()

  constructor(settings: Partial<RankingSettings> = {}, seed = 1, capacity?: number) {
    this.registrar = new Registrar(SEED, undefined, capacity)
    this.sensing = new Sensing(this.registrar)
    this.ranker = new Ranker({ ...DEFAULT_RANKING, ...settings }, chance(seed))
  }

  /** Registers an agent, as `babel` or by its whole name, with claims in text; committed at once. */
  put(label: string, claims = '', capability = CAPABILITY, leaseEndMs = Infinity): PutResult {
    const result = this.registrar.put({ owner: Name.parse(capability).wire, rdata: agentRdata(label, claims), ttl: 60, leaseEndMs })
    this.registrar.commit()
    return result
  }

  remove(label: string, capability = CAPABILITY): boolean {
    const removed = this.registrar.remove(Name.parse(capability).wire, agentName(label))
    this.registrar.commit()
    return removed
  }

  slot(label: string, capability = CAPABILITY): Slot {
    return this.registrar.slotOf(Name.parse(capability).wire, agentName(label))
  }

  report(label: string, reading: Reading, capability = CAPABILITY): ReportResult {
    return this.sensing.report(this.slot(label, capability), { atMs: this.nowMs, ...reading }, this.nowMs)
  }

  observe(label: string, outcome: Partial<Outcome>, capability = CAPABILITY): ReportResult {
    return this.sensing.observe(this.slot(label, capability), { result: 0, latencyMs: 100, active: 0, atMs: this.nowMs, ...outcome }, this.nowMs)
  }

  /** Looks a capability up; null where it is none. */
  find(capability = CAPABILITY): CapabilityMatch | null {
    this.name.load(Name.parse(capability).wire, 0)
    return this.registrar.table.lookup(this.name, this.match) ? this.match : null
  }

  /** First labels of all agents registered at or below a capability, sorted. */
  registered(capability = CAPABILITY): string[] {
    const match = this.find(capability)
    if (match === null) return []
    return [...match.order.subarray(match.from, match.from + match.count)].map((slot) => this.labelOf(slot)).sort()
  }

  /** Agents in the order in which they are answered. */
  ask(demand: string | Demand = '', capability = CAPABILITY, most = 8): string[] {
    const match = this.find(capability)
    assert.ok(match !== null, `${capability} is no capability`)
    this.ranker.rank(this.registrar.table, match, typeof demand === 'string' ? demandOf(demand) : demand, this.nowMs, most)
    return [...this.ranker.slots.subarray(0, this.ranker.count)].map((slot) => this.labelOf(slot))
  }

  /** The same, and the first is taken. */
  choose(demand: string | Demand = '', capability = CAPABILITY): string {
    const [first] = this.ask(demand, capability)
    this.ranker.hand(this.registrar.table, this.ranker.slots[0], this.nowMs)
    return first
  }

  labelOf(slot: Slot): string {
    const { heap, i32 } = this.registrar.table
    return printName(heap, i32.rdataAt[slot] + 2).split('.')[0]
  }
}

/** Which share of `count` choices each agent gets, `everyMs` apart. */
export function sharesOf(hive: Hive, count: number, everyMs: number, demand = ''): Record<string, number> {
  const asked = demandOf(demand)
  const shares: Record<string, number> = {}
  for (let i = 0; i < count; i++) {
    const label = hive.choose(asked)
    shares[label] = (shares[label] ?? 0) + 1 / count
    hive.nowMs += everyMs
  }
  return shares
}

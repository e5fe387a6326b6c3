/** The same question at the same moment: answered from what was scored for the first, and never otherwise than it would be by scoring anew. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_REPEATED_DEMAND_OCTETS, MAX_SCORED_CANDIDATES } from '../../../src/dns/limits-discovery.ts'
import { Ranker } from '../../../src/discovery/ranking/rank.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { agentName, CAPABILITY, demandOf, Hive, holdAgent } from './hive.ts'

const OTHER = 'v1.ocr.vision._cap.acme.example.'

/** A hive with a ranker that lives on, which counts how often it had to filter. */
class Busy extends Hive {
  private readonly lasting = new Ranker(DEFAULT_RANKING, () => 0.5)
  private readonly demands = new Map<string, ReturnType<typeof demandOf>>()

  get runs(): number {
    return this.lasting.filter.runs
  }

  /** All that the lasting ranker says, held against one that has never been asked before; the first is taken where `isTaken`. */
  same(demand = '', capability = CAPABILITY, isTaken = false): number {
    const match = this.find(capability)
    if (match === null) return 0
    const fresh = new Ranker(DEFAULT_RANKING, () => 0.5)
    const { registrar: { table }, lasting } = this
    for (const ranker of [fresh, lasting]) ranker.rank(table, match, this.demandFor(demand), this.nowMs, 8)
    assert.deepEqual(saidBy(lasting), saidBy(fresh), demand)
    if (isTaken && lasting.count > 0) lasting.hand(table, lasting.slots[0], this.nowMs)
    return lasting.count
  }

  private demandFor(text: string): ReturnType<typeof demandOf> {
    const demand = this.demands.get(text) ?? demandOf(text)
    this.demands.set(text, demand)
    return demand
  }
}

function saidBy({ count, slots, scores, ages, unmet, versions }: Ranker): unknown {
  return [slots, scores, ages, unmet, versions].map((column) => [...column.subarray(0, count)])
}

function busy(count = 5): Busy {
  const hive = new Busy()
  for (let i = 0; i < count; i++) hive.put(`a${i}`, `latency=${100 + i * 10}ms concurrency=2`)
  return hive
}

test('the same question at the same moment is filtered once, whoever is taken in between', () => {
  const hive = busy()
  for (let i = 0; i < 7; i++) hive.same('', CAPABILITY, true)
  assert.equal(hive.runs, 1)
  for (let i = 0; i < 7; i++) hive.same('latency=1s', CAPABILITY, true)
  assert.equal(hive.runs, 2)
})

test('another moment, demand, capability or change of any agent is a question of its own', () => {
  const hive = busy()
  hive.put('b', '', OTHER)
  const rows: [what: string, change: () => void, demand?: string, capability?: string][] = [
    ['first', () => undefined],
    ['time', () => void hive.nowMs++],
    ['a demand', () => undefined, 'accuracy=0'],
    ['another of the same length', () => undefined, 'accuracy=1'],
    ['none again', () => undefined],
    ['a capability', () => undefined, '', OTHER],
    ['back', () => undefined],
    ['a reading', () => void hive.report('a3', { active: 1 })],
    ['an outcome', () => void hive.observe('a2', { result: 1 })],
    ['one who comes', () => void hive.put('c')],
    ['one who goes', () => void hive.remove('a0')],
    ['a hold', () => holdAgent(hive.registrar, agentName('a1'), hive.nowMs + 5_000)],
  ]
  for (const [i, [what, change, demand, capability]] of rows.entries()) {
    change()
    hive.same(demand, capability)
    assert.equal(hive.runs, i + 1, what)
  }
})

test('who is full by being taken falls out at once', () => {
  const hive = busy(2)
  const counts = Array.from({ length: 6 }, () => hive.same('concurrency=1', CAPABILITY, true))
  assert.deepEqual([counts[0], counts.at(-1)], [2, 0])
})

test('a demand too long to be remembered, or no longer what was read, is ranked each time', () => {
  const hive = busy()
  const long = `avoid=${Array.from({ length: 16 }, (_, i) => `agent-with-a-name-${i}._sa.acme.example.`).join(',')}`
  const demand = demandOf(long)
  assert.ok(demand.end - demand.from > MAX_REPEATED_DEMAND_OCTETS)
  for (let i = 0; i < 3; i++) hive.same(long)
  assert.equal(hive.runs, 3)
  const { ranker, registrar: { table } } = hive
  const changed = demandOf('latency=1ms')
  const match = hive.find() ?? assert.fail()
  ranker.rank(table, match, changed, hive.nowMs, 8)
  assert.equal(ranker.count, 0)
  changed.keepForOthers()
  ranker.rank(table, match, changed, hive.nowMs, 8)
  assert.equal(ranker.count, 5)
})

test('of more candidates than are scored those are drawn once for a moment', () => {
  const hive = busy(MAX_SCORED_CANDIDATES + 20)
  for (let i = 0; i < 3; i++) hive.same('', CAPABILITY, true)
  assert.equal(hive.runs, 1)
})

test('who explains is told of every candidate each time', () => {
  const hive = busy()
  const { ranker } = hive
  let told = 0
  ranker.onScored = () => void told++
  for (let i = 0; i < 3; i++) hive.ask()
  assert.equal(told, 15)
})

type Step = { kind: 'ask'; demand: string; capability: string; isTaken: boolean } | { kind: 'time'; ms: number } | { kind: 'report'; agent: number; active: number } | { kind: 'met'; agent: number; result: number }
  | { kind: 'put'; agent: number; claims: string } | { kind: 'remove'; agent: number } | { kind: 'hold'; agent: number; ms: number }

const agent = fc.nat(7)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('ask' as const), demand: fc.constantFrom('', '', 'concurrency=1', 'latency=150ms', 'prefer=cost:3', 'accuracy=0.8 max-age=1s'), capability: fc.constantFrom(CAPABILITY, CAPABILITY, CAPABILITY, '_cap.acme.example.'), isTaken: fc.boolean() }) },
  fc.record({ kind: fc.constant('time' as const), ms: fc.constantFrom(0, 1, 40, 5_000) }),
  fc.record({ kind: fc.constant('report' as const), agent, active: fc.nat(4) }),
  fc.record({ kind: fc.constant('met' as const), agent, result: fc.nat(3) }),
  fc.record({ kind: fc.constant('put' as const), agent, claims: fc.constantFrom('', 'latency=100ms', 'latency=300ms cost=0.01', 'accuracy=0.9 concurrency=2') }),
  fc.record({ kind: fc.constant('remove' as const), agent }),
  fc.record({ kind: fc.constant('hold' as const), agent, ms: fc.constantFrom(0, 30) }),
)

function take(hive: Busy, one: Step): void {
  if (one.kind === 'ask') return void hive.same(one.demand, one.capability, one.isTaken)
  if (one.kind === 'time') return void (hive.nowMs += one.ms)
  const label = `a${one.agent}`
  const isThere = hive.slot(label) >= 0
  if (one.kind === 'put') hive.put(label, one.claims)
  else if (!isThere) return
  else if (one.kind === 'remove') hive.remove(label)
  else if (one.kind === 'report') hive.report(label, { active: one.active })
  else if (one.kind === 'met') hive.observe(label, { result: one.result as 0 })
  else holdAgent(hive.registrar, agentName(label), hive.nowMs + one.ms)
}

test('whatever happens between questions, and whoever is taken, they are answered as by one that is asked for the first time', () => {
  let asked = 0
  let runs = 0
  fc.assert(fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
    const hive = busy(4)
    for (const one of steps) take(hive, one)
    asked += steps.filter(({ kind }) => kind === 'ask').length
    runs += hive.runs
  }), { numRuns: 300 })
  assert.ok(asked - runs > asked / 20, `${asked} questions, ${runs} filtered`)
})

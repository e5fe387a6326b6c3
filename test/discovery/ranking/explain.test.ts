/**
 * Explanations (docs/ranking.md): they are made by the ranker that answers, so they say of everybody what an answer
 * does with it, by what numbers, and why who is out is out.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_EXPLAINED, MAX_SCORED_CANDIDATES } from '../../../src/dns/limits-discovery.ts'
import { WireFault } from '../../../src/dns/faults.ts'
import { Name } from '../../../src/dns/name.ts'
import { type ExplainedCandidate, explainAt, type Explanation } from '../../../src/discovery/ranking/explain.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { CAPABILITY, chance, demandOctets, Hive, holdAgent, outcomeText, setAgentState } from './hive.ts'

function explained(hive: Hive, demand = '', capability = CAPABILITY): Explanation {
  const { registrar, nowMs } = hive
  return explainAt(registrar.table, Name.parse(capability), demandOctets(demand), { settings: DEFAULT_RANKING, random: chance(7), nowMs }) ?? assert.fail(`${capability} is none`)
}

/** The candidate of that first label. */
function of({ explained: all }: Explanation, label: string): ExplainedCandidate {
  return all.find(({ agent }) => agent.startsWith(`${label}.`)) ?? assert.fail(`${label} is not in it`)
}

function labels({ explained: all }: Explanation): string[] {
  return all.map(({ agent }) => agent.split('.')[0])
}

test('everybody is in it: who is answered in the order of the answer, then who is behind, then who is out', () => {
  const hive = new Hive()
  for (const [label, ms] of [['quick', 50], ['brisk', 500], ['slow', 1_500], ['lazy', 9_000]] as const) hive.put(label, `latency=${ms}ms accuracy=0.9`)
  const told = explained(hive, 'latency=2s count=2')
  assert.deepEqual(labels(told), ['quick', 'brisk', 'slow', 'lazy'])
  assert.deepEqual(told.explained.map(({ rank }) => rank), [1, 2, undefined, undefined])
  assert.deepEqual(hive.ask('latency=2s count=2', CAPABILITY, 2), ['quick', 'brisk'])
  assert.deepEqual([told.candidates, told.isSampled, told.kappa], [4, false, 1])
})

test('scores and orders are those of answers, whatever is registered, reported and demanded', () => {
  const agent = fc.record({ latency: fc.integer({ min: 1, max: 5_000 }), accuracy: fc.integer({ min: 50, max: 100 }), active: fc.nat(12), reports: fc.boolean(), wrong: fc.nat(4) })
  fc.assert(fc.property(fc.array(agent, { minLength: 1, maxLength: 12 }), fc.constantFrom('', 'latency=1s', 'accuracy=0.7 prefer=accuracy:3', 'max-age=1s'), (agents, demand) => {
    const hive = new Hive({ nearEqual: 0 })
    agents.forEach(({ latency, accuracy, active, reports, wrong }, i) => {
      hive.put(`n${i}`, `latency=${latency}ms accuracy=${accuracy / 100} concurrency=4`)
      if (reports) hive.report(`n${i}`, { active, sequence: 1 })
      for (let k = 0; k < wrong; k++) hive.observe(`n${i}`, { result: 3, atMs: hive.nowMs - 10_000 + k })
    })
    hive.nowMs += 2_000
    const order = hive.ask(demand, CAPABILITY, 32)
    const scores = [...hive.ranker.scores.subarray(0, hive.ranker.count)]
    const told = explained(hive, `${demand} count=32`).explained
    const ranked = told.filter(({ rank }) => rank !== undefined)
    assert.deepEqual(ranked.map(({ score }) => score).sort(), scores.sort())
    assert.deepEqual(new Set(ranked.map(({ agent: name }) => name.split('.')[0])), new Set(order))
    assert.equal(told.length, agents.length, 'nobody is left out')
    for (const { criteria, score = 0, load } of ranked) {
      const weight = criteria.reduce((sum, one) => sum + one.weight, 0)
      const sum = criteria.reduce((total, { worth = 0, weight: part }) => total + worth * part, 0) / weight
      const penalty = DEFAULT_RANKING.statePenalty[0]
      if (!demand.includes('max-age')) assert.ok(Math.abs(Math.min(1, (sum - penalty) * (load.entry ?? 0)) - score) < 1e-9, `${sum} is not ${score} in ${load.state}`)
    }
  }), { numRuns: 60 })
})

test('each criterion says what is claimed, measured, believed and demanded', () => {
  const hive = new Hive()
  hive.put('babel', 'latency=100ms accuracy=0.9 cost=0.002 concurrency=4')
  const measured: number[] = []
  measured[0] = 300_000
  hive.report('babel', { active: 1, measured })
  for (let i = 0; i < 5; i++) hive.observe('babel', { result: 3, latencyMs: 100, atMs: hive.nowMs - 5 + i })
  const { criteria, reputation } = of(explained(hive, 'latency=1s accuracy=0.1'), 'babel')
  const [latency, accuracy, concurrency, cost] = criteria
  assert.deepEqual({ ...latency, worth: undefined }, { name: 'latency', claimed: '100ms', measured: '300ms', believed: '300ms', bound: 'at most 1s', worth: undefined, weight: 6 })
  assert.deepEqual({ ...accuracy, worth: 0 }, { name: 'accuracy', claimed: '0.9', believed: '0.4502', bound: 'at least 0.1', worth: 0, weight: 2 })
  assert.deepEqual(concurrency, { name: 'concurrency', claimed: '4', believed: '3', weight: 0 })
  assert.deepEqual([cost.claimed, cost.worth], ['0.002', 0.5])
  assert.ok((latency.worth ?? 0) > 0 && (latency.worth ?? 1) < 1)
  assert.ok(reputation.outcomes > 4.9 && reputation.right === 0 && Math.abs((reputation.accuracy ?? 0) - 0.45) < 0.01, JSON.stringify(reputation))
})

test('the load says what was told, how old that is, and what is reckoned from it', () => {
  const hive = new Hive()
  hive.put('babel', 'latency=1s concurrency=8')
  hive.put('mute', 'latency=1s concurrency=8')
  hive.report('babel', { active: 6, slots: 4, room: 2, serviceMs: 500, state: 1 })
  hive.nowMs += 1_000
  hive.choose('avoid=mute._sa.acme.example')
  const told = explained(hive)
  const { load } = of(told, 'babel')
  assert.deepEqual([load.ageMs, load.state, load.active, load.slots, load.queue, load.serviceMs, load.handed], [1_000, 'transition', 6, 4, 2, 500, 1])
  assert.ok((load.sessions ?? 0) > 1 && (load.sessions ?? 9) < 7 && (load.costMs ?? 0) > 0, JSON.stringify(load))
  assert.equal(of(told, 'mute').load.ageMs, null)
})

const OUT: [claims: string, demand: string, out: string, why: RegExp][] = [
  ['latency=3s', 'latency=200ms', 'latency', /^out: latency is 3s, demanded is at most 200ms$/],
  ['', 'accuracy=0.9', 'accuracy', /^out: it neither claims nor has measured accuracy, demanded is at least 0.9$/],
  ['cost=0.5', 'cost=0.1', 'cost', /cost is 0.5, demanded is at most 0.1/],
  ['region=eu', 'region=us', 'region', /not in that region/],
  ['security=tls', 'security=mtls', 'security', /lacks a security/],
  ['modality=text', 'modality=audio', 'modality', /lacks a modality/],
  ['provider=acme.example', 'only-provider=beta.example', 'only-provider', /none of those demanded/],
  ['', 'avoid=babel._sa.acme.example', 'avoid', /avoids it/],
  ['binding=exclusive', 'binding=shared', 'binding', /bound otherwise/],
]
for (const [claims, demand, out, why] of OUT) {
  test(`out by ${demand}: says so`, () => {
    const hive = new Hive()
    hive.put('babel', claims)
    const told = of(explained(hive, demand), 'babel')
    assert.deepEqual([told.out, told.rank, told.score], [out, undefined, undefined])
    assert.match(told.why, why)
    assert.ok(told.criteria.every(({ worth }) => worth === undefined))
  })
}

test('out by what became of it: says so', () => {
  const hive = new Hive()
  for (const label of ['late', 'held', 'drains', 'broken', 'mute', 'well']) hive.put(label, '', CAPABILITY, label === 'late' ? hive.nowMs : Infinity)
  holdAgent(hive.registrar, Uint8Array.from(nameOf('held')), hive.nowMs + 60_000)
  setAgentState(hive.registrar, Uint8Array.from(nameOf('drains')), 3)
  setAgentState(hive.registrar, Uint8Array.from(nameOf('broken')), 4)
  hive.registrar.setHealth(Uint8Array.from(nameOf('mute')), false)
  const told = explained(hive)
  assert.deepEqual(['late', 'held', 'drains', 'broken', 'mute', 'well'].map((label) => of(told, label).out), ['expired', 'held', 'failed', 'failed', 'failed', undefined])
  assert.deepEqual(['drains', 'broken', 'mute'].map((label) => of(told, label).why), ['out: it drains', 'out: it has failed', 'out: it fails its probes'])
  assert.equal(of(told, 'mute').load.state, 'idle', 'as it says itself')
  assert.match(of(told, 'late').why, /lease has ended/)
})

function nameOf(label: string): Uint8Array {
  return Name.parse(`${label}._sa.acme.example.`).wire
}

test('wishes that are not met are named', () => {
  const hive = new Hive()
  hive.put('babel', 'provider=acme.example')
  const told = of(explained(hive, 'provider=beta.example max-age=1s near=48,16'), 'babel')
  assert.deepEqual(told.unmet, ['provider', 'near', 'max-age'])
  assert.deepEqual(of(explained(hive, 'provider=acme.example'), 'babel').unmet, [])
})

test('why it stands there: near-equals are drawn, the rest by score, who fell silent is left out, an agent is said once', () => {
  const hive = new Hive()
  hive.put('twin', 'latency=100ms')
  hive.put('twain', 'latency=100ms')
  hive.put('worse', 'latency=900ms')
  hive.put('silent', 'latency=100ms')
  hive.put('twin', 'latency=100ms', `v9.${CAPABILITY.slice(3)}`)
  hive.report('silent', { active: 0 })
  hive.nowMs += 60_000
  const all = explained(hive, '', CAPABILITY.slice(3))
  assert.match(of(all, 'twain').why, /drawn by weight/)
  assert.match(of(all, 'worse').why, /^by its score$/)
  assert.match(of(all, 'silent').why, /^left out: overdue/)
  assert.equal(all.explained.filter(({ why }) => /another of its capabilities/.test(why)).length, 1)
  const one = explained(hive, 'count=1')
  assert.deepEqual(one.explained.map(({ why }) => why).sort(), [
    'left out: overdue with its readings or not reached, and others are not', 'near the best, but not drawn among those wanted', 'others score better, and no more are wanted',
    'within 0.25 % of the best: drawn by weight',
  ])
  for (const label of ['twin', 'twain', 'worse']) hive.remove(label)
  assert.match(of(explained(hive), 'silent').why, /nobody else/)
})

test('explaining changes nothing: the next answer is as it would have been', () => {
  const hive = new Hive()
  for (const label of ['a', 'b', 'c']) hive.put(label, 'latency=100ms concurrency=2')
  const before = Buffer.from(new Uint8Array(hive.registrar.table.buffer).slice())
  for (let i = 0; i < 20; i++) explained(hive, 'latency=2s')
  assert.ok(before.equals(Buffer.from(new Uint8Array(hive.registrar.table.buffer))))
})

test('of very many a bounded number is looked at, more than an answer does', () => {
  const hive = new Hive({}, 1, 2_048)
  for (let i = 0; i < MAX_EXPLAINED + 50; i++) hive.registrar.put({ owner: Name.parse(CAPABILITY).wire, rdata: rdataOf(i), ttl: 60, leaseEndMs: Infinity })
  hive.registrar.commit()
  const told = explained(hive, 'count=4')
  assert.deepEqual([told.candidates, told.explained.length, told.isSampled], [MAX_EXPLAINED + 50, MAX_EXPLAINED, true])
  assert.equal(told.explained.filter(({ rank }) => rank !== undefined).length, 4)
  assert.ok(MAX_EXPLAINED > MAX_SCORED_CANDIDATES)
})

function rdataOf(i: number): Uint8Array {
  return Uint8Array.of(0, 1, ...Name.parse(`n${i}._sa.acme.example.`).wire)
}

test('a name that is no capability has no explanation, a demand that is malformed is a WireFault', () => {
  const hive = new Hive()
  hive.put('babel')
  const options = { settings: DEFAULT_RANKING, random: chance(1), nowMs: hive.nowMs }
  assert.equal(explainAt(hive.registrar.table, Name.parse('v9.none._cap.acme.example.'), new Uint8Array(0), options), undefined)
  assert.throws(() => explainAt(hive.registrar.table, Name.parse(CAPABILITY), Uint8Array.of(1), options), WireFault)
  const told = explainAt(hive.registrar.table, Name.parse(CAPABILITY.toUpperCase()), demandOctets(`outcome=${outcomeText('babel')}`), options)
  assert.equal(told?.explained.length, 1, 'names are compared without regard to case (RFC 4343 3)')
})

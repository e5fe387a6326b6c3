/**
 * The order of answers (docs/ranking.md): what must hold whatever the numbers are. Better never loses to worse, order does
 * not depend on bystanders, states order equals, weights make shares, and nothing that is not known makes an agent the best.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { MAX_RANKED_ANSWERS } from '../../../src/dns/limits-discovery.ts'
import { agentName, CAPABILITY, chance, demandOf, Hive, holdAgent, setAgentState, sharesOf } from './hive.ts'

test('the best is first, and no more are given than were asked for', () => {
  const hive = new Hive()
  for (let i = 0; i < 40; i++) hive.put(`a${i}`, `latency=${100 + i * 100}ms`)
  assert.deepEqual(hive.ask('prefer=latency:1', undefined, 3), ['a0', 'a1', 'a2'])
  assert.equal(hive.ask('', undefined, 255).length, MAX_RANKED_ANSWERS)
  const scores = [...hive.ranker.scores.subarray(0, hive.ranker.count)]
  assert.deepEqual(scores, scores.toSorted((a, b) => b - a))
})

const BETTER: [what: string, better: string, worse: string, demand: string][] = [
  ['faster', 'latency=100ms', 'latency=500ms', ''],
  ['more accurate', 'latency=1s accuracy=0.95', 'latency=1s accuracy=0.8', ''],
  ['cheaper', 'cost=0.001', 'cost=0.1', 'prefer=cost:1'],
  ['cheaper, below a bound', 'cost=0.001', 'cost=0.1', 'cost=0.2 prefer=cost:1'],
  ['steadier', 'stability=0.999', 'stability=0.9', 'prefer=stability:1'],
  ['of better history', 'history=0.9', 'history=0.4', 'prefer=history:1'],
  ['of the wished provider', 'provider=acme.example', 'provider=beta.example', 'provider=acme.example'],
  ['near', 'location=48.2,16.3', 'location=1.35,103.8', 'near=48.1,16.4'],
  ['known to be near, beside one that does not say', 'location=48.2,16.3', '', 'near=48.1,16.4'],
]

for (const [what, better, worse, demand] of BETTER) {
  test(`between two that are alike the one that is ${what} is first`, () => {
    for (let seed = 1; seed <= 20; seed++) {
      const hive = new Hive({}, seed)
      hive.put('worse', worse)
      hive.put('better', better)
      assert.deepEqual(hive.ask(demand), ['better', 'worse'])
    }
  })
}

test('an agent that is full is passed over, however accurate it is; where all are full the more accurate goes first', () => {
  const hive = new Hive()
  hive.put('keen', 'latency=1s concurrency=4 queue=4 accuracy=0.99')
  hive.put('plain', 'latency=1s concurrency=4 queue=4 accuracy=0.7')
  const demand = 'prefer=accuracy:9,latency:1'
  hive.report('keen', { active: 4 })
  hive.report('plain', { active: 4 })
  assert.deepEqual(hive.ask(demand), ['keen', 'plain'])
  hive.report('keen', { active: 8 })
  assert.deepEqual(hive.ask(demand), ['plain', 'keen'])
  hive.report('keen', { active: 16 })
  hive.report('plain', { active: 16 })
  assert.deepEqual(hive.ask(demand), ['keen', 'plain'])
})

test('an idle agent goes before one in transition before an occupied one, at equal fitness (paper 5.3)', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const hive = new Hive({}, seed)
    for (const [state, label] of ['idle', 'transition', 'occupied'].entries()) {
      hive.put(label, 'latency=1s concurrency=4')
      hive.report(label, { active: 1, state })
    }
    assert.deepEqual(hive.ask(), ['idle', 'transition', 'occupied'])
  }
})

test('states decide among equals, not against a much better agent', () => {
  const hive = new Hive()
  hive.put('idle', 'latency=4s')
  hive.put('occupied', 'latency=100ms concurrency=64')
  hive.report('occupied', { state: 2, active: 3 })
  assert.deepEqual(hive.ask(), ['occupied', 'idle'])
})

test('a loaded agent goes behind one that has room', () => {
  const hive = new Hive()
  for (const label of ['full', 'free']) hive.put(label, 'latency=1s concurrency=4')
  hive.report('full', { active: 8 })
  hive.report('free', { active: 1 })
  assert.deepEqual(hive.ask(), ['free', 'full'])
})

test('an agent that never told its load is not the best for it', () => {
  const hive = new Hive()
  for (const label of ['unknown', 'idle', 'full']) hive.put(label, 'latency=1s concurrency=8')
  hive.report('idle', { active: 0 })
  hive.report('full', { active: 16 })
  assert.deepEqual(hive.ask(), ['idle', 'unknown', 'full'])
})

test('a reading that grows stale fades to not knowing, never to being the best', () => {
  const quiet = { ...DEFAULT_RANKING.reporting, periodMs: [10_000, 10_000, 10_000] }
  for (const active of [0, 2, 8]) {
    const hive = new Hive({ reporting: quiet })
    hive.put('stale', 'latency=1s concurrency=4')
    hive.put('known', 'latency=1s concurrency=4')
    hive.report('stale', { active })
    hive.nowMs += 45_000
    hive.report('known', { active: 2 })
    assert.equal(hive.ask()[0], 'known')
    assert.deepEqual(hive.ask(), ['known'], 'one that fell silent is passed over while another speaks')
  }
})

test('one that fell silent, or could not be reached, is better than none', () => {
  const hive = new Hive()
  hive.put('stale', 'latency=1s')
  hive.report('stale', { active: 0 })
  hive.nowMs += 60_000
  assert.deepEqual(hive.ask(), ['stale'])
  hive.put('lost', 'latency=1s')
  assert.deepEqual(hive.ask(), ['lost'])
  hive.observe('lost', { result: 2 })
  assert.deepEqual(hive.ask().sort(), ['lost', 'stale'])
})

test('what was just handed out counts: askers in a row do not all meet the same agent', () => {
  const hive = new Hive()
  for (let i = 0; i < 4; i++) {
    hive.put(`a${i}`, 'latency=1s concurrency=2')
    hive.report(`a${i}`, { active: 0 })
  }
  const first = Array.from({ length: 8 }, () => hive.choose())
  for (let i = 0; i < 4; i++) assert.equal(first.filter((label) => label === `a${i}`).length, 2)
})

test('what was handed out fades with the time that the work takes', () => {
  const hive = new Hive()
  hive.put('quick', 'latency=100ms concurrency=1')
  hive.put('spare', 'latency=130ms concurrency=1')
  hive.report('quick', { active: 0 })
  hive.report('spare', { active: 0 })
  assert.equal(hive.choose('prefer=latency:1'), 'quick')
  assert.equal(hive.ask('prefer=latency:1')[0], 'spare')
  hive.nowMs += 1_000
  assert.equal(hive.ask('prefer=latency:1')[0], 'quick')
})

test('shares of equals follow their weights within 1 %', () => {
  const hive = new Hive()
  const weights: Record<string, number> = { a: 10, b: 20, c: 30, d: 40 }
  for (const [label, weight] of Object.entries(weights)) hive.put(label, `latency=1s concurrency=4 weight=${weight}`)
  const shares = sharesOf(hive, 40_000, 7)
  for (const [label, weight] of Object.entries(weights)) assert.ok(Math.abs(shares[label] - weight / 100) < 0.01, `${label}: ${shares[label]} instead of ${weight / 100}`)
})

test('shares of equals that tell their load follow their weights within 1 %, half of their slots taken', () => {
  const hive = new Hive({}, 4)
  const weights: Record<string, number> = { a: 10, b: 20, c: 30, d: 40 }
  const loads: Record<string, number[]> = { a: [], b: [], c: [], d: [] }
  for (const [label, weight] of Object.entries(weights)) hive.put(label, `latency=1s concurrency=32 weight=${weight}`)
  const shares: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 }
  const count = 20_000
  for (let i = 0; i < count; i++) {
    const label = hive.choose()
    shares[label] += 1 / count
    loads[label].push(hive.nowMs + 1_000)
    hive.nowMs += 15 // 67 of 128 slots
    for (const [each, ends] of Object.entries(loads)) {
      while (ends[0] <= hive.nowMs) ends.shift()
      if (i % 4 === 0) hive.report(each, { active: ends.length })
    }
  }
  for (const [label, weight] of Object.entries(weights)) assert.ok(Math.abs(shares[label] - weight / 100) < 0.01, `${label}: ${shares[label]} instead of ${weight / 100}`)
})

/** A fast agent of 500 ms with so many sessions on its four slots, and how slow an idle one may be to be taken instead. */
const CROSSINGS: readonly [active: number, takenMs: number, leftMs: number][] = [[0, 490, 520], [1, 530, 557], [2, 643, 678], [3, 865, 912], [4, 1_350, 1_430], [8, 5_430, 5_790]]
for (const [active, takenMs, leftMs] of CROSSINGS) {
  test(`an agent of 500 ms that has ${active} sessions is left for an idle one of ${takenMs} ms, not for one of ${leftMs} ms`, () => {
    const firstOf = (serviceMs: number): string => {
      const hive = new Hive({}, 2)
      hive.put('fast', 'latency=500ms concurrency=4')
      hive.put('idle', `latency=${serviceMs}ms concurrency=4`)
      hive.report('fast', { active })
      hive.report('idle', { active: 0 })
      return hive.ask()[0]
    }
    assert.equal(firstOf(takenMs), 'idle')
    assert.equal(firstOf(leftMs), 'fast')
  })
}

/** Sessions at once in parts of all slots, of agents of which each has four: whole sessions are far from shares of them. */
for (const load of [0.05, 0.1, 0.3, 0.5]) {
  test(`shares of twenty equals follow their weights within 1 %, load ${load}`, () => {
    const hive = new Hive({}, 5)
    const even = chance(6)
    const labels = Array.from({ length: 20 }, (_, i) => `a${i}`)
    const weightOf = (i: number): number => 10 * (1 + (i % 4))
    labels.forEach((label, i) => hive.put(label, `latency=1s concurrency=4 weight=${weightOf(i)}`))
    const ends = new Map(labels.map((label): [string, number[]] => [label, []]))
    const shares = [0, 0, 0, 0]
    const everyMs = 1_000 / (load * 80)
    const count = 6_000
    for (let i = -1_000; i < count; i++) {
      const label = hive.choose()
      if (i >= 0) shares[labels.indexOf(label) % 4] += 1 / count
      ends.get(label)?.push(hive.nowMs - 1_000 * Math.log(1 - even()))
      hive.nowMs -= everyMs * Math.log(1 - even())
      for (const [each, times] of ends) {
        const left = times.filter((ms) => ms > hive.nowMs)
        ends.set(each, left)
        if (left.length !== times.length || i % 20 === 0) hive.report(each, { active: left.length })
      }
    }
    shares.forEach((share, i) => assert.ok(Math.abs(share - weightOf(i) / 100) < 0.01, `${String(shares)}`))
  })
}

test('shares of equals follow their weights where nothing is in flight, too', () => {
  const hive = new Hive({}, 9)
  const weights: Record<string, number> = { a: 1, b: 3 }
  for (const [label, weight] of Object.entries(weights)) hive.put(label, `latency=100us concurrency=1000 weight=${weight}`)
  let firsts = 0
  for (let i = 0; i < 40_000; i++) if (hive.ask()[0] === 'b') firsts++
  assert.ok(Math.abs(firsts / 40_000 - 0.75) < 0.01, `${firsts / 40_000}`)
})

test('equals without weights have equal shares, and one of weight 0 next to none', () => {
  const hive = new Hive()
  for (const label of ['a', 'b', 'c']) hive.put(label, 'latency=1s concurrency=4')
  for (const share of Object.values(sharesOf(hive, 9_000, 50))) assert.ok(Math.abs(share - 1 / 3) < 0.01)
  hive.put('zero', 'latency=1s concurrency=4 weight=0')
  hive.put('one', 'latency=1s concurrency=4 weight=10')
  assert.ok((sharesOf(hive, 5_000, 50).zero ?? 0) < 0.02)
})

test('an agent at several capabilities is answered once', () => {
  const hive = new Hive()
  hive.put('babel', 'latency=1s')
  hive.put('babel', 'latency=1s', `mtls.${CAPABILITY}`)
  hive.put('pocket', 'latency=2s')
  assert.deepEqual(hive.ask(), ['babel', 'pocket'])
})

test('soft wishes that are not met are told by their bits and exclude nobody', () => {
  const hive = new Hive()
  hive.put('other', 'latency=1s provider=beta.example')
  hive.put('wished', 'latency=1s provider=acme.example')
  hive.report('wished', { active: 0 })
  assert.deepEqual(hive.ask('latency=5s provider=acme.example max-age=1s'), ['wished', 'other'])
  assert.deepEqual([...hive.ranker.unmet.subarray(0, 2)], [0, 0b110])
})

test('scores are from 0 to 1, also where everything speaks for or against', () => {
  const hive = new Hive()
  hive.put('best', 'latency=1us accuracy=1 cost=0 stability=1 history=1 provider=acme.example concurrency=1000')
  hive.put('worst', 'latency=4294967295us accuracy=0 cost=4294.967295 stability=0 history=0 weight=0')
  hive.report('best', { active: 0 })
  hive.report('worst', { active: 1e9, state: 2 })
  hive.ask('provider=acme.example')
  const [high, low] = hive.ranker.scores
  assert.ok(high > 0.95 && high <= 1, `${high}`)
  assert.ok(low >= 0 && low < 0.1, `${low}`)
})

const anyAgent = fc.record({
  latency: fc.integer({ min: 1, max: 5_000 }), accuracy: fc.integer({ min: 0, max: 100 }), cost: fc.integer({ min: 1, max: 1_000 }), slots: fc.integer({ min: 1, max: 64 }),
  active: fc.option(fc.integer({ min: 0, max: 80 })), state: fc.nat(2),
})

/** A hive of these agents, `a0`, `a1`, …, with their readings. */
function hiveOf(agents: { latency: number; accuracy: number; cost: number; slots: number; active: number | null; state: number }[], seed = 1): Hive {
  const hive = new Hive({ nearEqual: 0 }, seed)
  agents.forEach(({ latency, accuracy, cost, slots, active, state }, i) => {
    hive.put(`a${i}`, `latency=${latency}ms accuracy=${accuracy / 100} cost=${cost / 1000} concurrency=${slots}`)
    if (active !== null) hive.report(`a${i}`, { active, state })
  })
  return hive
}

test('the order of two does not turn round when another joins or leaves, where the cost that is usual is not asked about', () => {
  fc.assert(fc.property(fc.array(anyAgent, { minLength: 3, maxLength: 10 }), (agents) => {
    const demand = 'prefer=latency:3,accuracy:2'
    const whole = hiveOf(agents)
    const before = whole.ask(demand, undefined, 32)
    const scores = new Map(before.map((label, i) => [label, whole.ranker.scores[i]]))
    const gone = before[0]
    whole.remove(gone)
    const after = whole.ask(demand, undefined, 32)
    after.forEach((label, i) => assert.equal(whole.ranker.scores[i], scores.get(label)))
    assert.deepEqual(new Set(after), new Set(before.filter((label) => label !== gone)))
  }), { numRuns: 200 })
})

test('an agent that gets better in one thing, all else equal, never falls', () => {
  fc.assert(fc.property(fc.array(anyAgent, { minLength: 2, maxLength: 8 }), fc.constantFrom('latency', 'accuracy', 'cost', 'active'), fc.constantFrom('', 'prefer=latency:3,cost:1', 'cost=1'), (agents, what, demand) => {
    const scoreOf = (hive: Hive): number => hive.ranker.scores[hive.ask(demand, undefined, 32).indexOf('a0')]
    const [first, ...others] = agents
    const better = { ...first }
    if (what === 'latency') better.latency = Math.ceil(first.latency / 2)
    else if (what === 'accuracy') better.accuracy = Math.min(100, first.accuracy + 10)
    else if (what === 'cost') better.cost = Math.max(1, first.cost - 1)
    else if (first.active !== null) better.active = Math.floor(first.active / 2)
    // what is usual is fixed by a bystander that outweighs: compare under one reference
    const worse = scoreOf(hiveOf([first, ...others]))
    const good = scoreOf(hiveOf([better, ...others]))
    const slack = what === 'cost' && demand !== 'cost=1' ? 0.02 : 1e-12 // the usual cost moves along with the agent's own
    assert.ok(good >= worse - slack, `${worse} → ${good}`)
  }), { numRuns: 300 })
})

test('an answer depends on nothing but what is known, the time and chance', () => {
  fc.assert(fc.property(fc.array(anyAgent, { minLength: 1, maxLength: 10 }), fc.nat(1_000), (agents, seed) => {
    assert.deepEqual(hiveOf(agents, seed).ask(), hiveOf(agents, seed).ask())
  }), { numRuns: 100 })
})

test('ranking looks at no agent that is held, however good', () => {
  const hive = new Hive()
  hive.put('star', 'latency=1ms accuracy=1')
  hive.put('other', 'latency=1s')
  holdAgent(hive.registrar, agentName('star'), hive.nowMs + 60_000)
  assert.deepEqual(hive.ask(demandOf('')), ['other'])
})

const MEANWHILE: [what: string, change: (hive: Hive) => unknown, demand: string][] = [
  ['was removed', (hive) => hive.remove('late'), ''],
  ['was held', (hive) => holdAgent(hive.registrar, agentName('late'), hive.nowMs + 1), ''],
  ['failed', (hive) => setAgentState(hive.registrar, agentName('late'), 4), ''],
  ['claims less than is demanded', (hive) => hive.put('late', 'accuracy=0.5'), 'accuracy=0.9'],
]
for (const [what, change, demand] of MEANWHILE) {
  test(`an agent that ${what} between filter and score is not answered`, () => {
    const hive = new Hive()
    hive.put('first', 'accuracy=0.95')
    hive.put('late', 'accuracy=0.95')
    let isChanged = false
    hive.ranker.onScored = (slot) => {
      if (!isChanged && hive.labelOf(slot) === 'first') change(hive)
      isChanged = true
    }
    assert.deepEqual(hive.ask(demand), ['first'])
    assert.ok(isChanged)
  })
}

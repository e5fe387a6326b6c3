/**
 * Who is chosen, whatever is known (docs/ranking.md): for any mix of leases, holds, states, readings and claims that
 * fast-check thinks of, nobody is answered who cannot work, everybody is accounted for once, and bounds mean what they say.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Ranker } from '../../../src/discovery/ranking/rank.ts'
import { OfferWriter } from '../../../src/discovery/ranking/offer.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { decodeParameters, PARAMETERS, valueOf } from '../../../src/dns/parameters.ts'
import { agentName, BEGIN_MS, CAPABILITY, demandOf, Hive, holdAgent, setAgentState } from './hive.ts'

const [IDLE, OCCUPIED, DRAINING, FAILED] = [0, 2, 3, 4]

/** What there is to know of one agent; times are milliseconds from the asking, past ones below 0. */
interface Bee {
  latency: number
  cost: number
  leaseLeft: number
  holdLeft: number | null
  /** As it reported, or as it was set. */
  state: number
  isSet: boolean
  active: number
  reportAge: number | null
}

/** Times around the borders, where mistakes are. */
const around = fc.oneof(fc.constantFrom(-1, 0, 1), fc.integer({ min: -60_000, max: 60_000 }))
const anyBee: fc.Arbitrary<Bee> = fc.record({
  latency: fc.integer({ min: 1, max: 20 }).map((step) => step * 100),
  cost: fc.integer({ min: 1, max: 9 }),
  leaseLeft: fc.oneof({ arbitrary: fc.constant(Infinity), weight: 2 }, { arbitrary: around, weight: 1 }),
  holdLeft: fc.option(around, { freq: 1 }),
  state: fc.oneof({ arbitrary: fc.nat(2), weight: 3 }, { arbitrary: fc.constantFrom(DRAINING, FAILED), weight: 1 }),
  isSet: fc.boolean(),
  active: fc.nat(12),
  reportAge: fc.option(fc.nat(120_000)),
})
const anyBees = fc.array(anyBee, { minLength: 1, maxLength: 12 })

/** A hive of them, called a0, a1 …, at the moment of asking. */
function hiveOf(bees: readonly Bee[], seed = 1): Hive {
  const hive = new Hive({}, seed, 32)
  bees.forEach(({ latency, cost, leaseLeft, holdLeft, state, isSet, active, reportAge }, i) => {
    hive.put(`a${i}`, `latency=${latency}ms cost=0.${cost} concurrency=8`, undefined, BEGIN_MS + leaseLeft)
    if (reportAge !== null) assert.equal(hive.report(`a${i}`, { active, atMs: BEGIN_MS - reportAge, ...(!isSet && { state }) }), 'taken')
    if (isSet) setAgentState(hive.registrar, agentName(`a${i}`), state)
    if (holdLeft !== null) holdAgent(hive.registrar, agentName(`a${i}`), BEGIN_MS + holdLeft)
  })
  return hive
}

/** The state that is known of it. */
function stateOf({ state, isSet, reportAge }: Bee): number {
  return isSet || reportAge !== null ? state : IDLE
}

function canWork(bee: Bee): boolean {
  return bee.leaseLeft > 0 && (bee.holdLeft ?? 0) <= 0 && stateOf(bee) <= OCCUPIED
}

function asked(bees: readonly Bee[], demand = ''): number[] {
  return hiveOf(bees).ask(demand, undefined, 32).map((label) => Number(label.slice(1)))
}

describe('nobody is chosen who cannot work', () => {
  test('an agent that failed or drains, whose lease has run out or that is held is never answered, and nobody twice', () => {
    fc.assert(fc.property(anyBees, (bees) => {
      const answered = asked(bees)
      for (const i of answered) assert.ok(canWork(bees[i]), `a${i} was answered`)
      assert.equal(new Set(answered).size, answered.length)
    }), { numRuns: 70 })
  })

  test('somebody is answered wherever somebody can work', () => {
    fc.assert(fc.property(anyBees, (bees) => {
      assert.equal(asked(bees).length > 0, bees.some(canWork))
    }), { numRuns: 70 })
  })

  test('where nobody reports, everybody who can work is answered', () => {
    fc.assert(fc.property(fc.array(anyBee.map((bee) => ({ ...bee, reportAge: null })), { minLength: 1, maxLength: 12 }), (bees) => {
      assert.deepEqual(asked(bees).sort((a, b) => a - b), [...bees.keys()].filter((i) => canWork(bees[i])))
    }), { numRuns: 70 })
  })

  test('those that fell out are counted, each once', () => {
    fc.assert(fc.property(anyBees, (bees) => {
      const hive = hiveOf(bees)
      hive.ask('', undefined, 32)
      assert.equal([...hive.ranker.filter.fallen].reduce((sum, count) => sum + count, 0), bees.filter((bee) => !canWork(bee)).length)
    }), { numRuns: 60 })
  })

  test('an agent that comes to grief between two questions is missing from the second, and is back when it is over', () => {
    const grief: [what: string, strike: (hive: Hive, label: string) => void, heal: (hive: Hive, label: string) => void][] = [
      ['failed', (hive, label) => void setAgentState(hive.registrar, agentName(label), FAILED), (hive, label) => void setAgentState(hive.registrar, agentName(label), IDLE)],
      ['drains', (hive, label) => void hive.report(label, { state: DRAINING }), (hive, label) => void hive.report(label, { state: IDLE })],
      ['held', (hive, label) => void holdAgent(hive.registrar, agentName(label), hive.nowMs + 5), (hive) => void (hive.nowMs += 5)],
      ['expired', (hive, label) => hive.registrar.renew(hive.slot(label), hive.nowMs), (hive, label) => hive.registrar.renew(hive.slot(label), hive.nowMs + 1)],
      ['removed', (hive, label) => void hive.remove(label), (hive, label) => void hive.put(label, 'latency=100ms')],
    ]
    for (const [what, strike, heal] of grief) {
      const hive = new Hive()
      for (const label of ['a', 'b', 'c']) hive.put(label, 'latency=100ms')
      for (const label of ['a', 'b', 'c']) {
        strike(hive, label)
        assert.deepEqual(hive.ask().sort(), ['a', 'b', 'c'].filter((other) => other !== label), `${label} ${what}`)
        heal(hive, label)
        assert.deepEqual(hive.ask().sort(), ['a', 'b', 'c'], `${label} no longer ${what}`)
      }
    }
  })

  test('a lease is over at its last millisecond, a hold likewise', () => {
    for (const [left, isThere] of [[-1, false], [0, false], [1, true]] as const) {
      const bee: Bee = { latency: 100, cost: 1, leaseLeft: left, holdLeft: null, state: IDLE, isSet: false, active: 0, reportAge: null }
      assert.equal(asked([bee]).length, isThere ? 1 : 0, `lease ${left}`)
      assert.equal(asked([{ ...bee, leaseLeft: Infinity, holdLeft: left }]).length, isThere ? 0 : 1, `hold ${left}`)
    }
  })
})

describe('order', () => {
  test('of agents that are alike but for their state: idle, then in transition, then occupied (paper 5.3)', () => {
    const states = fc.array(fc.nat(2), { minLength: 2, maxLength: 12 })
    fc.assert(fc.property(states, fc.integer({ min: 1, max: 9_000 }), fc.nat(3), fc.nat(1_000), (all, latency, active, seed) => {
      const hive = new Hive({}, seed, 32)
      all.forEach((state, i) => {
        hive.put(`a${i}`, `latency=${latency}ms concurrency=8`)
        hive.report(`a${i}`, { active, state })
      })
      const order = hive.ask('', undefined, 32).map((label) => all[Number(label.slice(1))])
      assert.deepEqual(order, all.toSorted((a, b) => a - b))
    }), { numRuns: 70 })
  })

  test('scores never rise along an answer by more than equals may differ, and stay from 0 to 1', () => {
    fc.assert(fc.property(anyBees, (bees) => {
      const { ranker } = ((hive) => (hive.ask('', undefined, 32), hive))(hiveOf(bees))
      const scores = [...ranker.scores.subarray(0, ranker.count)]
      for (const score of scores) assert.ok(score >= 0 && score <= 1, String(score))
      const best = Math.max(...scores)
      for (let i = 1; i < scores.length; i++) assert.ok(scores[i] <= scores[i - 1] || scores[i] >= best * (1 - DEFAULT_RANKING.nearEqual), scores.join(' '))
    }), { numRuns: 70 })
  })

  test('chance that says 0 or all but 1 breaks nothing', () => {
    for (const draw of [0, 1 - 2 ** -53, 0.5]) {
      const hive = new Hive()
      for (let i = 0; i < 20; i++) hive.put(`a${i}`, 'latency=1s weight=0')
      const ranker = new Ranker(DEFAULT_RANKING, () => draw)
      const match = hive.find() ?? assert.fail('no capability')
      ranker.rank(hive.registrar.table, match, demandOf(''), hive.nowMs, 8)
      assert.equal(new Set(ranker.slots.subarray(0, ranker.count)).size, 8, String(draw))
    }
  })
})

describe('bounds of a demand', () => {
  test('on what is claimed leave those within, the bound itself included', () => {
    fc.assert(fc.property(fc.array(anyBee.map((bee) => ({ ...bee, reportAge: null })), { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 9 }), (bees, steps, cost) => {
      const left = [...bees.keys()].filter((i) => canWork(bees[i]) && bees[i].latency <= steps * 100 && bees[i].cost <= cost)
      assert.deepEqual(asked(bees, `latency=${steps * 100}ms cost=0.${cost}`).sort((a, b) => a - b), left)
    }), { numRuns: 70 })
  })

  test('that are wider never leave fewer', () => {
    const quiet = fc.array(anyBee.map((bee) => ({ ...bee, reportAge: null })), { minLength: 1, maxLength: 12 })
    fc.assert(fc.property(quiet, fc.integer({ min: 1, max: 3_000 }), fc.nat(3_000), (bees, latency, more) => {
      const narrow = asked(bees, `latency=${latency}ms`)
      const wide = new Set(asked(bees, `latency=${latency + more}ms`))
      for (const i of narrow) assert.ok(wide.has(i), `a${i} fell out`)
    }), { numRuns: 60 })
  })

  test('for free slots count what is reported in service', () => {
    fc.assert(fc.property(fc.nat(12), fc.integer({ min: 1, max: 12 }), (active, wanted) => {
      const hive = new Hive()
      hive.put('babel', 'latency=1s concurrency=8')
      hive.report('babel', { active })
      assert.equal(hive.ask(`concurrency=${wanted}`).length, 8 - active >= wanted ? 1 : 0)
    }), { numRuns: 70 })
  })
})

describe('stale readings', () => {
  test('never bring a silent agent before one that speaks and is no worse', () => {
    fc.assert(fc.property(fc.nat(8), fc.nat(8), fc.integer({ min: 40_000, max: 1_000_000 }), (stale, fresh, age) => {
      const hive = new Hive()
      hive.put('silent', 'latency=1s concurrency=8 profile=performance-sensitive')
      hive.put('speaks', 'latency=1s concurrency=8 profile=performance-sensitive')
      hive.report('silent', { active: stale, atMs: hive.nowMs - age })
      hive.report('speaks', { active: fresh })
      if (fresh <= 4) assert.equal(hive.ask()[0], 'speaks')
    }), { numRuns: 60 })
  })

  test('are as old in OFFER as they are, and there is one value of each kind for every answer', () => {
    const writer = new OfferWriter()
    fc.assert(fc.property(anyBees, fc.integer({ min: 1, max: 12 }), fc.boolean(), (bees, most, wishes) => {
      const hive = hiveOf(bees)
      const demand = demandOf(wishes ? 'max-age=5s' : '')
      const labels = hive.ask(demand, CAPABILITY, most)
      const size = writer.write(hive.registrar.table, hive.ranker, labels.length, demand)
      const list = decodeParameters(writer.octets.slice(0, size), 'OFFER')
      const ages = labels.map((label) => bees[Number(label.slice(1))].reportAge)
      assert.ok(labels.length <= most)
      if (labels.length === 0) return assert.equal(valueOf(list, PARAMETERS.scores), undefined)
      assert.deepEqual(valueOf(list, PARAMETERS.ages), ages)
      assert.equal(valueOf(list, PARAMETERS.scores)?.length, labels.length)
      assert.equal(valueOf(list, PARAMETERS.states)?.length, labels.length)
      const unmet = wishes ? ages.map((age) => (age === null || age > 5_000 ? 1 : 0)) : undefined
      assert.deepEqual(valueOf(list, PARAMETERS.unmet), unmet)
    }), { numRuns: 60 })
  })
})

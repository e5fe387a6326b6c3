/**
 * How loaded an agent is reckoned to be (docs/ranking.md, "SOC"): the formula with its numbers, what time makes of a
 * reading, and what must hold for every reading: more load costs more, and nothing that is not known is the best.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Estimate, kilometresBetween, relativeWeight } from '../../../src/discovery/ranking/estimate.ts'
import type { Reading } from '../../../src/discovery/ranking/reading.ts'
import { DEFAULT_RANKING, type RankingSettings } from '../../../src/discovery/ranking/settings.ts'
import { untoldSessions, untoldWholly } from '../../../src/discovery/ranking/silence.ts'
import { REPORT_GRACE_MS } from '../../../src/dns/limits-discovery.ts'
import { Hive } from './hive.ts'

/** What is reckoned of one agent. */
function reckon(hive: Hive, { wayMs = 0, weightReference = 0, settings = DEFAULT_RANKING, label = 'babel' }: { wayMs?: number; weightReference?: number; settings?: RankingSettings; label?: string } = {}): Estimate {
  const estimate = new Estimate(settings)
  estimate.reckon(hive.registrar.table, hive.slot(label), hive.nowMs, wayMs, weightReference)
  return estimate
}

function hiveWith(claims: string, reading?: Reading): Hive {
  const hive = new Hive()
  hive.put('babel', claims)
  if (reading !== undefined) assert.equal(hive.report('babel', reading), 'taken')
  return hive
}

const near = (value: number, expected: number, share = 1e-6): void => assert.ok(Math.abs(value - expected) <= Math.max(1e-9, Math.abs(expected) * share), `${value}, not ${expected}`)

describe('the formula', () => {
  const ENTRIES: [what: string, active: number, least: number, most: number][] = [
    ['idle', 0, 0.99999, 1], ['all slots taken, all waiting places free', 4, 0.998, 1], ['a place left', 15, 0.52, 0.53], ['full', 16, 0.3, 0.4], ['reported to be fuller than it can be', 32, 0.05, 0.051],
  ]
  for (const [what, active, least, most] of ENTRIES) {
    test(`whether it is let in: ${what}`, () => {
      const { entry } = reckon(hiveWith('latency=1s concurrency=4 queue=12', { active }))
      assert.ok(entry >= least && entry <= most, String(entry))
    })
  }

  test('whether it is let in is not doubted of an agent that has told nothing, until it refuses somebody', () => {
    const hive = new Hive()
    hive.put('babel', 'latency=1s concurrency=1 queue=1')
    for (let i = 0; i < 20; i++) hive.choose()
    near(reckon(hive).entry, 1)
    hive.observe('babel', { result: 1, active: 2 })
    assert.ok(reckon(hive).entry < 0.06)
  })

  const COSTS: [what: string, claims: string, reading: Reading | undefined, wayMs: number, sessions: number, costMs: number][] = [
    ['idle, four slots: z = 1/4', 'latency=1s concurrency=4', { active: 0 }, 0, 0, 1_000 * (1 + 0.8 / 64)],
    ['one slot is free of four: z = 1', 'latency=1s concurrency=4', { active: 3 }, 0, 3, 1_000 * (1 + 0.8)],
    ['full: z = 5/4', 'latency=1s concurrency=4', { active: 4 }, 0, 4, 1_000 * (1.25 + 0.8 * 1.25 ** 3)],
    ['twice as full as it can be: z = 9/4', 'latency=1s concurrency=4', { active: 8 }, 0, 8, 1_000 * (2.25 + 0.8 * 2.25 ** 3)],
    ['the way is added, twice', 'latency=1s concurrency=4', { active: 0 }, 70, 0, 2 * 70 + 1_000 * (1 + 0.8 / 64)],
    ['the service time told counts, drawn a little towards the one claimed', 'latency=300ms concurrency=4', { active: 0, serviceMs: 200 }, 0, 0, 200 * 1.5 ** 0.15 * (1 + 0.8 / 64)],
    ['a claim far from what is told draws no further than four times', 'latency=9s concurrency=4', { active: 0, serviceMs: 200 }, 0, 0, 200 * 4 ** 0.15 * (1 + 0.8 / 64)],
    ['nor does one of next to nothing', 'latency=1us concurrency=4', { active: 0, serviceMs: 200 }, 0, 0, 200 * 4 ** -0.15 * (1 + 0.8 / 64)],
    ['without a claim what is told counts', 'concurrency=4', { active: 0, serviceMs: 200 }, 0, 0, 200 * (1 + 0.8 / 64)],
    ['of sixteen slots fewer matter less until they are full', 'latency=1s concurrency=16', { active: 7 }, 0, 7, 1_000 * (1 + 0.8 * 0.5 ** 4.5)],
    ['slots told count, not those claimed', 'latency=1s concurrency=4', { active: 0, slots: 1 }, 0, 0, 1_000 * (1 + 0.8)],
    ['nothing told: 0.7 of the slots are taken', 'latency=1s concurrency=10', undefined, 0, 7, 1_000 * (1 + 0.8 * 0.8 ** 3.5)],
    ['nothing told or claimed: 4 slots, a second', '', undefined, 0, 2.8, 1_000 * (1 + 0.8 * 0.95 ** 3)],
    ['exclusive: one slot', 'latency=1s binding=exclusive', undefined, 0, 0.7, 1_000 * (1.7 + 0.8 * 1.7 ** 2.5)],
  ]
  for (const [what, claims, reading, wayMs, sessions, costMs] of COSTS) {
    test(what, () => {
      const estimate = reckon(hiveWith(claims, reading), { wayMs })
      near(estimate.sessions, sessions)
      near(estimate.costMs, costMs)
    })
  }

  /** Choices of late, sessions told, and what z is, with a mean weight of 10, by the agent's own weight. */
  const WEIGHTS: [what: string, claim: string, choices: number, active: number, fullness: number][] = [
    ['none: sessions that are there', '', 30, 3, 1],
    ['as usual: sessions that are there', 'weight=10', 30, 3, 1],
    ['twice what is usual, nothing chosen yet: half of what a choice adds', 'weight=20', 0, 0, (1 / 60 / 2 + 0.5) / 4],
    ['twice what is usual: what thirty choices make on average', 'weight=20', 30, 0, ((1 / 60 + 1) / 2 + 0.5) / 4],
    ['half of what is usual', 'weight=5', 30, 0, ((1 / 60 + 1) / 0.5 + 0.5) / 4],
    ['none at all: the last, not never', 'weight=0', 30, 0, ((1 / 60 + 1) / 0.01 + 0.5) / 4],
    ['sessions within what chance makes of the average say nothing', 'weight=20', 30, 2, ((1 / 60 + 1) / 2 + 0.5) / 4],
    ['sessions beyond it count', 'weight=20', 30, 8, ((1 / 60 + 8 - Math.sqrt(1.25)) / 2 + 0.5) / 4],
  ]
  for (const [what, claim, choices, active, fullness] of WEIGHTS) {
    test(`weight: ${what}`, () => {
      const hive = hiveWith(`latency=1s concurrency=4 ${claim}`)
      for (let i = 0; i < choices; i++) hive.choose()
      hive.nowMs += 100 // by then a report covers what was chosen
      hive.report('babel', { active })
      near(reckon(hive, { weightReference: 10 }).fullness, fullness, 0.004)
    })
  }

  test('choices of late fade to a third in half a minute, and where no weight is usual there is none', () => {
    const hive = hiveWith('latency=1s concurrency=4 weight=20')
    for (let i = 0; i < 30; i++) hive.choose()
    hive.nowMs += 30_000
    hive.report('babel', { active: 0 })
    near(reckon(hive, { weightReference: 10 }).fullness, ((1 / 60 + Math.exp(-1)) / 2 + 0.5) / 4)
    near(relativeWeight(hive.registrar.table, hive.slot('babel'), 0), 1)
  })

  test('of what others choose a part goes as we choose, the rest comes as the agent tells, as far as no reading has it', () => {
    const hive = hiveWith('latency=1s concurrency=10', { active: 0, arrivals: 0 })
    const { table } = hive.registrar
    const slot = hive.slot('babel')
    const kappa = 5
    const arrivals = 3
    table.f64.kappa[table.i32.capability[slot]] = kappa
    table.f64.arrivalRate[slot] = arrivals
    table.f64.arrivalWeight[slot] = 1
    near(reckon(hive).sessions, 0, 1e-9) // the reading is new
    hive.nowMs += 1_000
    const others = 0.3 * (1 - 1 / kappa) * arrivals * (1 - 1 / Math.E)
    near(reckon(hive).sessions, others)
    hive.choose()
    near(reckon(hive).sessions, others + 1 + 0.7 * (kappa - 1))
    table.f64.arrivalRate[slot] = 1e9
    near(reckon(hive).sessions, 0.3 * (1 - 1 / kappa) * 2 * 10 * (1 - 1 / Math.E) + 1 + 0.7 * (kappa - 1)) // no more than twice what it can bear
    table.f64.kappa[table.i32.capability[slot]] = 1
    near(reckon(hive).sessions, 1) // nobody is beside us
  })

  test('what we sent counts as long as it takes to be done', () => {
    const hive = hiveWith('latency=1s concurrency=10', { active: 0 })
    hive.choose()
    hive.choose()
    near(reckon(hive).sessions, 2)
    hive.nowMs += 1_000
    near(reckon(hive).sessions, 2 / Math.E)
    hive.nowMs += 4_000
    near(reckon(hive).sessions, 2 * Math.exp(-5))
  })
})

describe('what time makes of a reading', () => {
  const loud: RankingSettings = { ...DEFAULT_RANKING, reporting: { ...DEFAULT_RANKING.reporting, threshold: [0, 0, 0] } }
  const dueMs = 1.6 * 10_000 + REPORT_GRACE_MS

  test('sessions end as time goes by, slower where they wait', () => {
    for (const [active, slots, ageMs, left] of [[4, 4, 1_000, 4 / Math.E], [2, 4, 1_000, 2 / Math.E], [8, 4, 1_000, 8 * Math.exp(-0.5)], [0, 4, 5_000, 0]]) {
      const hive = hiveWith(`latency=1s concurrency=${slots}`, { active })
      hive.nowMs += ageMs
      near(reckon(hive, { settings: loud }).sessions, left)
    }
  })

  test('an agent that tells every change is believed to be within its threshold while it is silent', () => {
    const hive = hiveWith('latency=1s concurrency=10', { active: 9 })
    hive.nowMs += 8_000
    near(reckon(hive).sessions, 9 - untoldSessions(0.5, 10, untoldWholly(10, 1_000))) // as without the threshold next to nobody would be left
    near(reckon(hive, { settings: loud }).sessions, 9 * Math.exp(-8))
  })

  test('a reading fades after 1.6 periods and a grace, wholly after twice that, and its agent is suspect from the first', () => {
    for (const [ageMs, faded] of [[0, 0], [dueMs, 0], [dueMs * 1.25, 0.25], [dueMs * 1.5, 0.5], [dueMs * 2, 1], [dueMs * 9, 1]]) {
      const hive = hiveWith('latency=1s concurrency=10', { active: 0 })
      hive.nowMs += ageMs
      const estimate = reckon(hive)
      near(estimate.faded, faded)
      assert.equal(estimate.isSuspect, faded > 0)
      near(estimate.sessions, 7 * faded)
      near(estimate.ageMs, ageMs)
    }
  })

  test('fading goes towards not knowing from below, and takes no load away', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 120_000 }), (active, ageMs) => {
      const hive = hiveWith('latency=60s concurrency=10', { active })
      hive.nowMs += ageMs
      const { sessions, faded } = reckon(hive)
      if (faded === 1) assert.ok(sessions >= 7 - 1e-9, `${sessions} of ${active} after ${ageMs}`)
      assert.ok(sessions >= 0 && sessions <= Math.max(active + 5, 7), `${sessions} of ${active} after ${ageMs}`)
    }), { numRuns: 200 })
  })

  test('performance-sensitive and short-lived agents are late after half the time', () => {
    for (const profile of ['performance-sensitive', 'short-lived']) {
      const hive = hiveWith(`latency=1s concurrency=10 profile=${profile}`, { active: 0 })
      hive.nowMs += 1.6 * 5_000 + REPORT_GRACE_MS + 1
      assert.ok(reckon(hive).isSuspect, profile)
    }
  })

  test('a refusal fills the agent from then on; it empties as any load does', () => {
    const hive = hiveWith('latency=1s concurrency=4 queue=4', { active: 0 })
    hive.nowMs += 1
    hive.observe('babel', { result: 1, active: 8 })
    near(reckon(hive).sessions, 8)
    hive.nowMs += 2_000
    near(reckon(hive).sessions, 8 / Math.E)
  })
})

describe('what holds for every reading', () => {
  test('more sessions never cost less, and more slots never cost more', () => {
    fc.assert(fc.property(fc.nat(60), fc.nat(20), fc.integer({ min: 1, max: 30 }), fc.nat(10), fc.nat(15_000), (active, more, slots, moreSlots, ageMs) => {
      const costOf = (sessions: number, places: number): number => {
        const hive = hiveWith('latency=1s', { active: sessions, slots: places })
        hive.nowMs += ageMs
        return reckon(hive).costMs
      }
      assert.ok(costOf(active + more, slots) >= costOf(active, slots) - 1e-9)
      if (active <= slots) assert.ok(costOf(active, slots + moreSlots) <= costOf(active, slots) + 1e-9)
    }), { numRuns: 300 })
  })

  test('it is finite and not below the way, whatever was told', () => {
    const number = fc.oneof(fc.double(), fc.constantFrom(0, -1, NaN, Infinity, -Infinity, 1e300, Number.MIN_VALUE))
    fc.assert(fc.property(fc.record({ active: number, slots: number, room: number, serviceMs: number }), fc.nat(200_000), (reading, ageMs) => {
      const hive = hiveWith('latency=1s', reading)
      hive.nowMs += ageMs
      const { costMs, sessions, fullness } = reckon(hive, { wayMs: 5 })
      for (const value of [costMs, sessions, fullness]) assert.ok(Number.isFinite(value) && value >= 0, String(value))
      assert.ok(costMs >= 5)
    }), { numRuns: 300 })
  })
})

describe('distances', () => {
  const CITIES: Record<string, [number, number]> = { vienna: [48.2082, 16.3738], frankfurt: [50.1109, 8.6821], singapore: [1.3521, 103.8198], sydney: [-33.8688, 151.2093], fiji: [-18.1416, 178.4419], samoa: [-13.8507, -171.7514] }
  const DISTANCES: [string, string, number][] = [['vienna', 'vienna', 0], ['vienna', 'frankfurt', 598], ['vienna', 'singapore', 9_700], ['singapore', 'sydney', 6_300], ['fiji', 'samoa', 1_150]]
  for (const [from, to, kilometres] of DISTANCES) {
    test(`${from} to ${to}: ${kilometres} km, there and back, within 2 %`, () => {
      const [a, b] = [CITIES[from], CITIES[to]].map((place) => place.map((degrees) => degrees * 1_000_000))
      for (const value of [kilometresBetween(a[0], a[1], b[0], b[1]), kilometresBetween(b[0], b[1], a[0], a[1])]) assert.ok(Math.abs(value - kilometres) <= kilometres * 0.02 + 0.001, String(value))
    })
  }

  test('nowhere is farther than half around the earth', () => {
    const place = fc.tuple(fc.integer({ min: -90_000_000, max: 90_000_000 }), fc.integer({ min: -180_000_000, max: 180_000_000 }))
    fc.assert(fc.property(place, place, ([a, b], [c, d]) => {
      const kilometres = kilometresBetween(a, b, c, d)
      assert.ok(kilometres >= 0 && kilometres <= 20_016, String(kilometres))
    }))
  })
})

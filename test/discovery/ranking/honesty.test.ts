/**
 * Promises and what askers meet (docs/ranking.md, Reputation): an agent that claims more than it keeps is believed to be nearly
 * what it is, within some twenty outcomes, and costs more than one that had claimed no more than that; an agent that keeps its word is hurt
 * neither by chance, nor by the network, nor by queues that it tells of, nor by spells that it tells of.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Estimate } from '../../../src/discovery/ranking/estimate.ts'
import { Pace } from '../../../src/discovery/ranking/pace.ts'
import { slownessOf, TOLD_SLOWNESS } from '../../../src/discovery/ranking/sensing.ts'
import { DEFAULT_RANKING } from '../../../src/discovery/ranking/settings.ts'
import { BEGIN_MS, chance, Hive, sharesOf } from './hive.ts'

const OUTCOMES = 20
const SERVICE_MS = 1_000
const SLOTS = 4
const HIVES = 300

function reckon(hive: Hive, label: string): Estimate {
  const estimate = new Estimate(DEFAULT_RANKING)
  estimate.reckon(hive.registrar.table, hive.slot(label), hive.nowMs, 0, 0)
  return estimate
}

const near = (value: number, expected: number, share: number): void => assert.ok(Math.abs(value - expected) <= Math.abs(expected) * share, `${value}, not ${expected}`)

/** One piece of work with a mean of 1: lognormal, coefficient of variation 1. */
function work(even: () => number): number {
  const gaussian = Math.sqrt(-2 * Math.log(1 - even())) * Math.cos(2 * Math.PI * even())
  return Math.exp(Math.sqrt(Math.LN2) * gaussian - Math.LN2 / 2)
}

describe('slowness corrects what is claimed', () => {
  /** Service and slots as told, sessions there, time that askers meet; and what is believed after many outcomes. */
  const CLAIMS: [what: string, serviceMs: number, slots: number, active: number, tookMs: number, serviceBelieved: number, slotsBelieved: number][] = [
    ['it keeps its word', 1_000, 8, 2, 1_000, 1_000, 8],
    ['it is faster than it says', 1_000, 8, 2, 300, 1_000, 8],
    ['chance and network are forgiven', 1_000, 8, 2, 1_300, 1_000, 8],
    ['four times its slots at a quarter of its time: believed to be nearly what it is', 250, 16, 3, 1_000, 823, 4.86],
    ['a quarter of its time alone: believed to be smaller than it is', 250, 8, 3, 1_000, 823, 2.43],
    ['four times its slots alone: late, as it lets wait', 1_000, 16, 12, 3_250, 2_593, 6.17],
  ]
  for (const [what, serviceMs, slots, active, tookMs, serviceBelieved, slotsBelieved] of CLAIMS) {
    test(what, () => {
      const hive = new Hive()
      hive.put('babel')
      hive.report('babel', { active, slots, serviceMs })
      for (let i = 0; i < 5 * OUTCOMES; i++) hive.observe('babel', { latencyMs: tookMs, active })
      const estimate = reckon(hive, 'babel')
      near(estimate.serviceMs, serviceBelieved, 0.02)
      near(estimate.slots, slotsBelieved, 0.02)
    })
  }

  test('below the measure that the log tells of nothing is added to the cost, above it the more the more is broken', () => {
    const costs = [1, 1.5, 1.9, 2.5, 4, 8].map((slowness) => {
      const hive = new Hive()
      hive.put('babel')
      hive.report('babel', { active: 0, slots: SLOTS, serviceMs: SERVICE_MS })
      const { table } = hive.registrar
      const slot = hive.slot('babel')
      for (let i = 0; i < 400; i++) hive.observe('babel', { latencyMs: (SERVICE_MS * ((slowness + 0.5) * 43 - 3)) / 40, active: 0 }) // 3 of 43 outcomes are trust, 0.5 is forgiven
      near(slownessOf(table, slot, hive.nowMs), slowness, 0.01)
      const { costMs, serviceMs, fullness } = reckon(hive, 'babel')
      return { slowness, added: costMs / (serviceMs * (Math.max(1, fullness) + DEFAULT_RANKING.externality * fullness ** 3)) }
    })
    for (const { slowness, added } of costs) near(added, Math.max(1, slowness / TOLD_SLOWNESS), 0.02)
  })

  test('two that are the same: the one that claims four times as much has less than its half after twenty outcomes', () => {
    const hive = new Hive()
    hive.put('honest')
    hive.put('liar')
    hive.report('honest', { active: 1, slots: SLOTS, serviceMs: SERVICE_MS })
    hive.report('liar', { active: 1, slots: 4 * SLOTS, serviceMs: SERVICE_MS / 4 })
    const early = sharesOf(hive, 40, 600)
    assert.ok(early.liar > 0.8, `${early.liar} of the first choices, when nothing is known`)
    for (let i = 0; i < OUTCOMES; i++) for (const label of ['honest', 'liar']) hive.observe(label, { latencyMs: SERVICE_MS, active: 1 })
    for (const label of ['honest', 'liar']) hive.report(label, { active: 1 })
    const late = sharesOf(hive, 40, 600)
    assert.ok((late.liar ?? 0) < 0.5, `${late.liar} of the choices after`)
  })
})

describe('who keeps its word is not hurt', () => {
  /** What is met by an asker, where `active` are there: the way, the work, and what is before it. */
  const HONEST: [what: string, active: number, wayMs: number, tookMs: (even: () => number) => number][] = [
    ['by work that always takes the same', 0, 0, () => SERVICE_MS],
    ['by work that varies as answers of a language model do', 0, 0, (even) => SERVICE_MS * work(even)],
    ['by a way of 150 ms', 0, 150, (even) => SERVICE_MS * work(even)],
    ['by a queue that it tells of', 11, 0, (even) => SERVICE_MS * (work(even) + (8 * work(even)) / SLOTS)],
  ]
  for (const [what, active, wayMs, tookMs] of HONEST) {
    test(what, () => {
      const slownesses = Array.from({ length: HIVES }, (_, seed) => {
        const even = chance(seed + 1)
        const hive = new Hive()
        hive.put('babel')
        hive.report('babel', { active, slots: SLOTS, serviceMs: SERVICE_MS })
        for (let i = 0; i < 6 * OUTCOMES; i++) hive.observe('babel', { latencyMs: wayMs + tookMs(even), active })
        return slownessOf(hive.registrar.table, hive.slot('babel'), hive.nowMs)
      })
      notHurt(slownesses)
    })
  }

  test('by spells in which everything takes three times as long, where it tells its pace', () => {
    const slownesses = Array.from({ length: HIVES }, (_, seed) => {
      const even = chance(seed + 1)
      const hive = new Hive()
      const pace = new Pace(SERVICE_MS, BEGIN_MS)
      hive.put('babel')
      for (let i = 0; i < 300; i++) {
        hive.nowMs += SERVICE_MS / 2
        const tookMs = SERVICE_MS * work(even) * (hive.nowMs % 150_000 < 30_000 ? 3 : 1)
        pace.done(tookMs, hive.nowMs)
        hive.report('babel', { active: 1, slots: SLOTS, serviceMs: pace.serviceMs(hive.nowMs) })
        if (i % 8 === 0) hive.observe('babel', { latencyMs: tookMs, active: 1 }) // one of eight askers is ours
      }
      return slownessOf(hive.registrar.table, hive.slot('babel'), hive.nowMs)
    })
    notHurt(slownesses)
  })

  test('for good: what was met fades to a third in two minutes, as who is passed over can prove nothing', () => {
    const hive = new Hive()
    hive.put('babel')
    hive.report('babel', { active: 0, slots: SLOTS, serviceMs: SERVICE_MS })
    for (let i = 0; i < 4 * OUTCOMES; i++) hive.observe('babel', { latencyMs: 3 * SERVICE_MS, active: 0 })
    const slownesses = [0, 2, 4, 8, 16].map((minutes) => slownessOf(hive.registrar.table, hive.slot('babel'), hive.nowMs + minutes * 60_000))
    const weights = [0, 2, 4, 8, 16].map((minutes) => 40 * Math.exp(-minutes / 2))
    slownesses.forEach((slowness, i) => near(slowness, Math.max(1, (3 * weights[i] + 3) / (weights[i] + 3) - 0.5), 1e-9))
    assert.ok(slownesses[0] > TOLD_SLOWNESS && slownesses[4] === 1, String(slownesses))
    hive.nowMs += 16 * 60_000
    for (let i = 0; i < 8; i++) hive.observe('babel', { latencyMs: 3 * SERVICE_MS, active: 0 })
    assert.ok(slownessOf(hive.registrar.table, hive.slot('babel'), hive.nowMs) > 1.8, 'who has not mended is found out again by a few')
  })

  test('where next to nothing is going on: of twenty that are alike each has its share for hours', () => {
    const hive = new Hive({}, 3)
    const even = chance(11)
    const labels = Array.from({ length: 20 }, (_, i) => `a${i}`)
    for (const label of labels) hive.put(label, `latency=${SERVICE_MS}ms concurrency=${SLOTS}`)
    const shares = new Map(labels.map((label) => [label, 0]))
    const count = 8_000
    for (let i = 0; i < count; i++) {
      const label = hive.choose()
      shares.set(label, (shares.get(label) ?? 0) + 1 / count)
      hive.nowMs += SERVICE_MS
      hive.observe(label, { latencyMs: SERVICE_MS * work(even), active: 0 })
      if (i % 8 === 0) for (const each of labels) hive.report(each, { active: 0 })
    }
    for (const [label, share] of shares) assert.ok(share > 0.6 / labels.length, `${label} has ${share}`)
  })

  function notHurt(slownesses: readonly number[]): void {
    const partAbove = (limit: number): number => slownesses.filter((one) => one > limit).length / slownesses.length
    assert.ok(partAbove(1.2) <= 0.05, `${partAbove(1.2)} are held for slower than they are`)
    assert.equal(partAbove(TOLD_SLOWNESS), 0, 'somebody honest is told of as a liar')
  }
})

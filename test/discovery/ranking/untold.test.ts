/**
 * Agents that report nothing, as those of a zone file: what is learnt of them otherwise fades to not knowing, for better and
 * for worse; they are never overdue, and have the shares that their weights give them.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Hive } from './hive.ts'

describe('an agent that tells no readings itself', () => {
  const ALONE = ['idle', 'other']

  /** Two such agents of which something becomes known. */
  function quiet(): Hive {
    const hive = new Hive()
    for (const label of ALONE) hive.put(label, 'latency=1s concurrency=8')
    return hive
  }

  const TOLD: [what: string, tell: (hive: Hive) => void][] = [
    ['an asker passes on how loaded it is', (hive) => hive.observe('idle', { active: 1 })],
    ['an asker was refused', (hive) => hive.observe('idle', { result: 1 })],
    ['its reading was fetched', (hive) => hive.sensing.report(hive.slot('idle'), { active: 0, atMs: hive.nowMs }, hive.nowMs, true)],
  ]
  for (const [what, tell] of TOLD) {
    test(`is never overdue: ${what}, and however long ago that is, it is answered`, () => {
      for (const laterMs of [0, 1_000, 17_000, 40_000, 3_600_000]) {
        const hive = quiet()
        tell(hive)
        hive.nowMs += laterMs
        assert.deepEqual(hive.ask().sort(), ALONE, `${laterMs} ms later`)
      }
    })

    test(`is as unknown as another an hour after ${what}: neither better nor worse for it`, () => {
      const hive = quiet()
      tell(hive)
      hive.nowMs += 3_600_000
      hive.ask()
      const [first, second] = hive.ranker.scores
      assert.ok(Math.abs(first - second) < 0.0005, `${first} and ${second}`)
    })
  }

  test('is not better for having refused: at no time do askers turn to it for that', () => {
    const hive = quiet()
    hive.observe('idle', { result: 1, latencyMs: 5 }, undefined)
    for (let seconds = 0; seconds < 400; seconds += 5) {
      hive.ask()
      const scores = new Map([0, 1].map((i) => [hive.labelOf(hive.ranker.slots[i]), hive.ranker.scores[i]]))
      assert.ok((scores.get('idle') ?? 1) <= (scores.get('other') ?? 0) + 0.0005, `after ${seconds} s: ${JSON.stringify([...scores])}`)
      hive.nowMs += 5_000
    }
  })

  test('is overdue once it has reported itself, and falls silent then', () => {
    const hive = quiet()
    hive.report('idle', { active: 0 })
    hive.nowMs += 60_000
    assert.deepEqual(hive.ask(), ['other'])
  })

  test('counts what it was just sent, though an old reading of it is known: askers in a row do not all go there', () => {
    const hive = quiet()
    hive.sensing.report(hive.slot('idle'), { active: 0, atMs: hive.nowMs }, hive.nowMs, true)
    hive.nowMs += 3_600_000
    const firsts = Array.from({ length: 8 }, () => hive.choose())
    assert.ok(Math.abs(firsts.filter((label) => label === 'idle').length - 4) <= 1, firsts.join())
  })

  test('has its share beside one that claims no weight, which counts as what is usual', () => {
    const hive = new Hive({}, 3)
    for (const [label, weight] of [['heavy', 'weight=3'], ['light', 'weight=1'], ['plain', '']]) hive.put(label, `latency=1s concurrency=8 ${weight}`)
    const taken = new Map<string, number>()
    for (let i = 0; i < 1_200; i++) {
      const label = hive.choose()
      taken.set(label, (taken.get(label) ?? 0) + 1)
      hive.nowMs += 100
    }
    for (const [label, share] of [['heavy', 1 / 2], ['plain', 1 / 3], ['light', 1 / 6]] as const) assert.ok(Math.abs((taken.get(label) ?? 0) / 1_200 - share) < 0.05, JSON.stringify([...taken]))
  })

  for (const [weights, slots, stepMs] of [[[3, 1], 1_000, 0], [[3, 1], 1_000, 50], [[3, 2], 10, 50], [[55, 45], 100, 50], [[3, 1], 1, 900], [[8, 1], 4, 100]] as const) {
    test(`has the share that its weight gives it: ${weights.join(' to ')} with ${slots} slots each, a question each ${stepMs} ms`, () => {
      const hive = new Hive({}, 3)
      weights.forEach((weight, i) => hive.put(`a${i}`, `latency=1s concurrency=${slots} weight=${weight}`))
      const rounds = 1_200
      let first = 0
      for (let i = 0; i < rounds; i++) {
        if (hive.choose() === 'a0') first++
        hive.nowMs += stepMs
      }
      const share = weights[0] / (weights[0] + weights[1])
      assert.ok(Math.abs(first / rounds - share) < 0.04, `${first} of ${rounds}, for a share of ${share.toFixed(3)}`)
    })
  }
})

/** The queue of the core: lines take turns, and pay for what they take. Time is moved by hand. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FairQueue } from '../../src/server/fair-queue.ts'

/** All that can be taken now. */
function takeAll<T>(queue: FairQueue<T>, nowMs: number): T[] {
  const taken: T[] = []
  for (let item = queue.shift(nowMs); item !== undefined; item = queue.shift(nowMs)) taken.push(item)
  return taken
}

describe('turns', () => {
  test('a line of thousands does not keep another waiting', () => {
    const queue = new FairQueue<string>()
    for (let i = 0; i < 5_000; i++) queue.push('greedy', 1, `g${i}`, 0)
    queue.push('modest', 1, 'm0', 0)
    queue.push('modest', 1, 'm1', 0)
    const taken = takeAll(queue, 0)
    assert.deepEqual(taken.slice(0, 5), ['g0', 'm0', 'g1', 'm1', 'g2'])
    assert.deepEqual([taken.length, queue.size], [5_002, 0])
    assert.deepEqual(taken.filter((item) => item.startsWith('g')), Array.from({ length: 5_000 }, (_, i) => `g${i}`), 'each line in its order')
  })

  test('whatever comes and goes, each line keeps its order and nothing is lost', () => {
    const step = fc.oneof(fc.record({ line: fc.constantFrom('a', 'b', 'c', 'd') }), fc.constant(undefined))
    fc.assert(fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const queue = new FairQueue<{ line: string; nr: number }>()
      const pushed = new Map<string, number>()
      const seen = new Map<string, number>()
      const see = ({ line, nr }: { line: string; nr: number }): void => {
        assert.equal(nr, seen.get(line) ?? 0)
        seen.set(line, nr + 1)
      }
      for (const one of steps) {
        if (one === undefined) {
          const item = queue.shift(0)
          if (item === undefined) assert.equal(queue.size, 0)
          else see(item)
          continue
        }
        const nr = pushed.get(one.line) ?? 0
        pushed.set(one.line, nr + 1)
        queue.push(one.line, 1, { line: one.line, nr }, 0)
      }
      for (const item of takeAll(queue, 0)) see(item)
      assert.deepEqual([...seen].sort(), [...pushed].sort())
    }))
  })
})

describe('allowance', () => {
  test('a line that has spent it waits until it has filled again; others go on', () => {
    const queue = new FairQueue<string>({ perSecond: 100, burst: 150 })
    for (let i = 0; i < 4; i++) queue.push('spender', 100, `s${i}`, 0)
    assert.deepEqual(takeAll(queue, 0), ['s0', 's1'], '150, 50, then 50 in debt')
    assert.equal(queue.restMs(0), 510)
    queue.push('other', 100, 'o', 0)
    assert.deepEqual(takeAll(queue, 100), ['o'])
    assert.deepEqual(takeAll(queue, 505), ['s2'])
    assert.deepEqual(takeAll(queue, 506), [])
    assert.equal(queue.size, 1)
    assert.deepEqual(takeAll(queue, 1_600), ['s3'])
    assert.equal(queue.restMs(1_600), undefined)
  })

  test('what is given back may be spent again, but not beyond the burst', () => {
    const queue = new FairQueue<number>({ perSecond: 1, burst: 100 })
    for (let i = 0; i < 50; i++) {
      queue.push('signer', 100, i, 0)
      assert.equal(queue.shift(0), i)
      queue.refund('signer', 100)
    }
    queue.refund('signer', 1_000_000)
    queue.refund('nobody', 1)
    for (let i = 0; i < 3; i++) queue.push('signer', 60, i, 0)
    assert.deepEqual(takeAll(queue, 0), [0, 1])
  })

  test('a clock that goes back takes nothing away', () => {
    const queue = new FairQueue<string>({ perSecond: 10, burst: 10 })
    queue.push('a', 5, 'one', 1_000)
    queue.push('a', 5, 'two', 500)
    assert.deepEqual(takeAll(queue, 400), ['one', 'two'])
  })
})

describe('memory', () => {
  test('lines that are empty and have all their allowance are forgotten, others are not', () => {
    const queue = new FairQueue<string>({ lines: 10, perSecond: 1, burst: 100 })
    queue.push('waits', 1, 'w', 0)
    queue.push('spent', 500, 's', 0)
    assert.deepEqual([queue.shift(0), queue.shift(0)], ['w', 's'])
    queue.push('waits', 1, 'w2', 0)
    for (let i = 0; i < 1_000; i++) {
      queue.push(`passer-by ${i}`, 0, `${i}`, 0)
      if (i % 3 === 0) takeAll(queue, 0)
    }
    queue.push('spent', 1, 's2', 0)
    assert.deepEqual(takeAll(queue, 0).includes('s2'), false, 'its debt is remembered')
  })

  test('where every line owes something, the one that came first is forgotten', () => {
    const queue = new FairQueue<string>({ lines: 3, perSecond: 1, burst: 10 })
    for (const key of ['a', 'b', 'c', 'd']) {
      queue.push(key, 20, key, 0)
      assert.equal(queue.shift(0), key)
    }
    queue.push('b', 1, 'b2', 0)
    queue.push('a', 1, 'a2', 0)
    assert.deepEqual(takeAll(queue, 0), ['a2'])
  })
})

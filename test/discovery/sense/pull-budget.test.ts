/** What may be spent on fetching readings: shares that fill again in time, for each key alone, and hosts that get theirs back where they answer. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { hostOf, PullBudget, Shares } from '../../../src/discovery/sense/pull-budget.ts'
import { parseAddress } from '../../../src/dns/address.ts'
import { MAX_PULL_ASKERS, MAX_PULLS_OF_HOST, PULL_SHARE_MS } from '../../../src/dns/limits-discovery.ts'

const address = (text: string): Uint8Array => parseAddress(text) as Uint8Array

describe('a share', () => {
  test('is whole at first, and back within PULL_SHARE_MS', () => {
    let nowMs = 0
    const shares = new Shares(() => nowMs)
    const taken = (): number => Array.from({ length: 10 }, () => shares.take('a', 4)).filter(Boolean).length
    assert.equal(taken(), 4)
    nowMs += PULL_SHARE_MS / 2
    assert.equal(taken(), 2)
    nowMs += PULL_SHARE_MS * 100
    assert.equal(taken(), 4, 'nothing is saved up')
    assert.equal(shares.take('b', 1), true, 'each key has its own')
  })

  test('is no more than it is, whatever is given back', () => {
    const shares = new Shares(() => 0)
    shares.give('a')
    assert.equal(shares.size, 0)
    shares.take('a', 2)
    for (let i = 0; i < 5; i++) shares.give('a')
    assert.deepEqual(Array.from({ length: 3 }, () => shares.take('a', 2)), [true, true, false])
  })

  test('does not grow when the clock goes back', () => {
    let nowMs = 1_000
    const shares = new Shares(() => nowMs)
    assert.equal(shares.take('a', 1), true)
    nowMs = 0
    assert.equal(shares.take('a', 1), false)
  })

  test('lets through what a clock allows, in whatever order time and takes come', () => {
    fc.assert(fc.property(fc.array(fc.nat(400), { maxLength: 60 }), fc.integer({ min: 1, max: 20 }), (steps, share) => {
      let nowMs = 0
      const shares = new Shares(() => nowMs)
      const taken = steps.filter((step) => ((nowMs += step), shares.take('a', share))).length
      assert.ok(taken <= share + (nowMs / PULL_SHARE_MS) * share + 1e-6)
      assert.ok(taken >= Math.min(steps.length, share))
    }))
  })

  test('of who took longest ago is forgotten where there are more than MAX_PULL_ASKERS', () => {
    const shares = new Shares(() => 0)
    for (let i = 0; i <= MAX_PULL_ASKERS; i++) shares.take(`${i}`, 1)
    assert.equal(shares.size, MAX_PULL_ASKERS)
    assert.deepEqual(['1', '0'].map((key) => shares.take(key, 1)), [false, true], 'the first has been forgotten, the second not')
  })
})

test('a host is an address of IPv4, a /64 of IPv6', () => {
  const SAME: [a: string, b: string, isSame: boolean][] = [
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['2001:db8::1', '2001:db8::2:3:4', true],
    ['2001:db8::1', '2001:db8:0:1::1', false],
  ]
  for (const [a, b, isSame] of SAME) assert.equal(hostOf(address(a)) === hostOf(address(b)), isSame, `${a} ${b}`)
})

describe('a message to a host', () => {
  const [host, other] = ['192.0.2.1', '192.0.2.2'].map(address)

  test('is taken of its share and of the zone, and who is spent says so', () => {
    const budget = new PullBudget(() => 0)
    for (let i = 0; i < MAX_PULLS_OF_HOST; i++) assert.equal(budget.take(host, 'a', 10), undefined)
    assert.equal(budget.take(host, 'a', 10), 'host')
    assert.deepEqual(Array.from({ length: 3 }, () => budget.take(other, 'a', 10)), [undefined, undefined, 'budget'])
    assert.equal(budget.take(other, 'b', 10), undefined, 'another zone has its own')
  })

  test('that the zone may not send costs the host nothing', () => {
    const budget = new PullBudget(() => 0)
    assert.equal(budget.take(other, 'a', 1), undefined)
    for (let i = 0; i < 20; i++) assert.equal(budget.take(host, 'a', 1), 'budget')
    assert.equal(budget.take(host, 'b', 1), undefined)
  })

  test('that brought a reading gives its share back: who answers may be asked for ever', () => {
    const budget = new PullBudget(() => 0)
    for (let i = 0; i < 5 * MAX_PULLS_OF_HOST; i++) {
      assert.equal(budget.take(host, 'a', 1_000), undefined)
      budget.welcome(host)
    }
  })
})

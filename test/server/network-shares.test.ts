/** Shares of networks (src/server/network-shares.ts): nobody takes what all need, and what is given back is there again. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { NetworkShares, networkOf } from '../../src/server/network-shares.ts'
import { parseAddress } from '../../src/dns/address.ts'

const ALL = 1_200

/** Networks that take whatever they get, in turn, until nobody gets more; what each holds. */
function greedy(networks: number): number[] {
  const shares = new NetworkShares()
  const held = new Array<number>(networks).fill(0)
  for (let went = true, free = ALL; went;) {
    went = false
    for (let i = 0; i < networks; i++) {
      if (!shares.take(`n${i}`, free)) continue
      held[i]++
      free--
      went = true
    }
  }
  return held
}

describe('shares of networks', () => {
  const GREEDY: [networks: number, each: number][] = [[1, 600], [2, 400], [3, 300], [5, 200], [11, 100]]
  for (const [networks, each] of GREEDY) {
    test(`of ${networks} that take all they get, each has ${each} of ${ALL}, and as many are left`, () => {
      const held = greedy(networks)
      assert.ok(held.every((count) => Math.abs(count - each) <= 1), held.join())
    })
  }

  test('a newcomer gets something however many were there before', () => {
    for (const networks of [1, 10, 100, 500]) assert.ok(ALL - greedy(networks).reduce((sum, count) => sum + count) > 0, `${networks}`)
  })

  test('nothing is kept of a network that holds nothing, and what was never taken cannot be given back', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 200 }), (steps) => {
      const shares = new NetworkShares()
      const held = new Map<string, number>()
      for (const [network, takes] of steps) {
        const count = held.get(network) ?? 0
        if (takes) {
          assert.equal(shares.take(network, 5), count < 5)
          held.set(network, Math.min(5, count + 1))
        } else if (count === 0) assert.throws(() => shares.give(network), RangeError)
        else {
          shares.give(network)
          held.set(network, count - 1)
        }
        assert.equal(shares.size, [...held.values()].filter((one) => one > 0).length)
      }
    }))
  })

  const NETWORKS: [a: string, b: string, same: boolean][] = [
    ['192.0.2.1', '192.0.2.254', true], ['192.0.2.1', '192.0.3.1', false],
    ['2001:db8:0:1100::1', '2001:db8:0:11ff::9', true], ['2001:db8:0:1100::1', '2001:db8:0:1200::1', false], ['192.0.2.0', 'c000:200::', false],
  ]
  for (const [a, b, same] of NETWORKS) {
    test(`${a} and ${b} are ${same ? 'one network' : 'two networks'}`, () => {
      const of = (text: string): string => networkOf(parseAddress(text) ?? assert.fail(text))
      assert.equal(of(a) === of(b), same)
    })
  }
})

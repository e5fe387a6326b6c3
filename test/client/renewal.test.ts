/**
 * When an agent renews (RFC 9664 5.2), and how it goes on where no answer comes.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { firstDelayMs, renewalDelayMs, retryDelayMs } from '../../src/client/renewal.ts'

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('the first registration (RFC 9664 4.2)', () => {
  it('comes within three seconds', () => {
    fc.assert(fc.property(chance, (draw) => {
      const delay = firstDelayMs(() => draw)
      return Number.isInteger(delay) && delay >= 0 && delay < 3_000
    }))
  })
})

describe('a renewal (RFC 9664 5.2)', () => {
  it('comes at 80 to 85 % of the lease that was granted', () => {
    fc.assert(fc.property(fc.integer({ min: 30, max: 86_400 }), chance, (lease, draw) => {
      const delay = renewalDelayMs(lease, () => draw)
      return delay >= lease * 800 - 1 && delay <= lease * 850
    }))
  })

  it('never comes at once, nor later than a timer can wait, whatever a server grants', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), chance, (lease, draw) => {
      const delay = renewalDelayMs(lease, () => draw)
      return delay >= 500 && delay <= 2_147_483_647
    }))
    assert.equal(renewalDelayMs(0, () => 0), 500)
    assert.equal(renewalDelayMs(0xffff_ffff, () => 0), 2_147_483_647)
  })

  it('of many agents is spread over those five hundredths', () => {
    const delays = Array.from({ length: 1_000 }, (_, i) => renewalDelayMs(7_200, () => i / 1_000))
    assert.equal(new Set(delays).size, 1_000)
  })
})

describe('tries after a failure', () => {
  it('come after 1, 2, 4 … seconds, at most a minute, each up to half more', () => {
    assert.deepEqual([1, 2, 3, 4, 5, 6, 7, 8, 100].map((failures) => retryDelayMs(failures, () => 0)), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
    assert.equal(retryDelayMs(1, () => 0.999), 1_499)
    assert.ok(retryDelayMs(50, () => 0.999) < 90_000)
  })
})

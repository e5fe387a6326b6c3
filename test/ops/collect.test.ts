/** What threads let go of is given back, and not at every change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_LEFTOVER_OCTETS } from '../../src/dns/limits.ts'
import { collectGarbage, Leftovers, octetsReplaced } from '../../src/ops/collect.ts'

test('garbage is collected once what was replaced has come to the bound, and again after as much', () => {
  let count = 0
  const leftovers = new Leftovers(1_000, () => count++)
  const counts = Array.from({ length: 10 }, (_, i) => {
    leftovers.note(1_000 + (i * MAX_LEFTOVER_OCTETS) / 4)
    leftovers.note(1_000 + (i * MAX_LEFTOVER_OCTETS) / 4)
    return count
  })
  assert.deepEqual(counts, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
})

test('replaced is what was in use and is not any more, whatever comes', () => {
  const [a, b, c] = [10, 200, 3_000].map((octets) => new SharedArrayBuffer(octets))
  assert.equal(octetsReplaced([], [a, undefined]), 0)
  assert.equal(octetsReplaced([a, undefined, b], [b, a, c]), 0)
  assert.equal(octetsReplaced([a, b, undefined, c], [b, undefined]), 3_010)
})

test('a collection gives back memory that nobody holds', async () => {
  const gone = new WeakRef(new SharedArrayBuffer(1_000_000))
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  assert.equal(gone.deref(), undefined)
})

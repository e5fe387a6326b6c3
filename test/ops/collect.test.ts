/** What threads let go of is given back, and not at every change. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_LEFTOVER_OCTETS } from '../../src/dns/limits.ts'
import { collectGarbage, Leftovers } from '../../src/ops/collect.ts'

const block = (octets: number): SharedArrayBuffer => new SharedArrayBuffer(octets)

/** Leftovers, and how often they were collected. */
function counted(): { leftovers: Leftovers; count: () => number } {
  let count = 0
  return { leftovers: new Leftovers(() => count++), count: () => count }
}

test('garbage is collected once what was replaced has come to the bound, and again after as much', () => {
  const { leftovers, count } = counted()
  const counts = Array.from({ length: 10 }, () => {
    leftovers.use([block(MAX_LEFTOVER_OCTETS / 4)])
    return count()
  })
  assert.deepEqual(counts, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2])
})

test('what stays in use is not counted, nor what is used for the first time', () => {
  const { leftovers, count } = counted()
  const [zone, other] = [block(MAX_LEFTOVER_OCTETS), block(MAX_LEFTOVER_OCTETS)]
  for (let i = 0; i < 10; i++) leftovers.use([zone, undefined, ...(i > 4 ? [other] : [])])
  assert.equal(count(), 0)
  leftovers.use([other])
  assert.equal(count(), 1)
})

test('a collection gives back memory that nobody holds', async () => {
  const gone = new WeakRef(block(1_000_000))
  await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  assert.equal(gone.deref(), undefined)
})

/** A million leases in the clock: what they cost, and that each comes out when it is due. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DueHeap } from '../../../src/discovery/lease/due-heap.ts'

const COUNT = 1_000_000

test('a million leases: memory, and the time to set, renew and end each', (t) => {
  const heap = new DueHeap()
  const time = (what: string, work: () => void): void => {
    const start = performance.now()
    work()
    t.diagnostic(`${what}: ${(((performance.now() - start) * 1_000) / COUNT).toFixed(2)} us for each lease`)
  }
  const due = (id: number): number => 7_200_000 + ((id * 7_919) % COUNT)
  time('set', () => { for (let id = 0; id < COUNT; id++) heap.set(id, due(id)) })
  time('renew', () => { for (let id = 0; id < COUNT; id++) heap.set(id, due(id) + 5_760_000) })
  t.diagnostic(`octets for each lease: ${(heap.octets / COUNT).toFixed(1)}`)
  assert.ok(heap.octets <= 24 * COUNT)
  let ended = 0
  time('end', () => {
    for (let now = 0; ended < COUNT; now += 10_000) {
      for (let batch; (batch = heap.takeDue(now, 256)).length > 0; ended += batch.length) for (const id of batch) assert.ok(due(id) + 5_760_000 <= now)
      assert.ok(heap.nextMs > now)
    }
  })
  assert.equal(heap.size, 0)
})

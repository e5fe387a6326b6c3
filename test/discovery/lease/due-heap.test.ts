/** The heap of leases: always the earliest first, against a plain sorted list; what it costs in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MAX_LEASES } from '../../../src/dns/limits-discovery.ts'
import { DueHeap } from '../../../src/discovery/lease/due-heap.ts'

test('leases come out as they are due, and not before', () => {
  const heap = new DueHeap()
  for (const [id, due] of [[0, 300], [1, 100], [2, 200], [3, 100]]) heap.set(id, due)
  assert.equal(heap.nextMs, 100)
  assert.deepEqual(heap.takeDue(99, 10), [])
  assert.deepEqual(heap.takeDue(200, 10).sort(), [1, 2, 3])
  assert.equal(heap.nextMs, 300)
  assert.equal(heap.size, 1)
})

test('no more are taken at once than asked for', () => {
  const heap = new DueHeap()
  for (let id = 0; id < 10; id++) heap.set(id, id)
  assert.deepEqual(heap.takeDue(100, 3), [0, 1, 2])
  assert.deepEqual(heap.takeDue(100, 100), [3, 4, 5, 6, 7, 8, 9])
  assert.equal(heap.nextMs, Infinity)
})

test('a lease that is renewed moves back, one that is shortened moves forward', () => {
  const heap = new DueHeap()
  for (let id = 0; id < 100; id++) heap.set(id, 1_000 + id)
  heap.set(0, 5_000)
  heap.set(99, 1)
  assert.equal(heap.nextMs, 1)
  assert.equal(heap.dueOf(0), 5_000)
  assert.deepEqual(heap.takeDue(4_999, 1_000).length, 99)
  assert.deepEqual(heap.takeDue(5_000, 1), [0])
})

test('a lease that is gone is not due; to take out what is not there does nothing', () => {
  const heap = new DueHeap()
  heap.delete(5)
  heap.delete(50_000)
  heap.set(5, 10)
  heap.delete(5)
  assert.equal(heap.dueOf(5), undefined)
  assert.deepEqual(heap.takeDue(100, 10), [])
})

test('it agrees with a plain list, whatever is done to it', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('set' as const), id: fc.nat(40), due: fc.nat(1_000) }),
    fc.record({ kind: fc.constant('delete' as const), id: fc.nat(40), due: fc.constant(0) }),
    fc.record({ kind: fc.constant('take' as const), id: fc.constant(0), due: fc.nat(1_000) }),
  )
  fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
    const heap = new DueHeap()
    const plain = new Map<number, number>()
    for (const { kind, id, due } of steps) {
      if (kind === 'set') { heap.set(id, due); plain.set(id, due) }
      if (kind === 'delete') { heap.delete(id); plain.delete(id) }
      if (kind === 'take') {
        const expected = [...plain].filter(([, at]) => at <= due)
        const taken = heap.takeDue(due, 1_000)
        assert.deepEqual(taken.map((one) => plain.get(one)), expected.map(([, at]) => at).sort((a, b) => a - b))
        for (const one of taken) plain.delete(one)
      }
      assert.equal(heap.size, plain.size)
      assert.equal(heap.nextMs, Math.min(Infinity, ...plain.values()))
    }
  }))
})

test('a hundred thousand leases cost at most 24 octets each', (t) => {
  const heap = new DueHeap()
  const count = 100_000
  for (let id = 0; id < count; id++) heap.set(id, (id * 7_919) % count)
  t.diagnostic(`octets of the clock for each lease: ${(heap.octets / count).toFixed(1)}`)
  assert.ok(heap.octets <= 24 * count)
  let last = -1
  for (let id; (id = heap.takeDue(Infinity, 1)[0]) !== undefined; ) {
    const due = (id * 7_919) % count
    assert.ok(due >= last)
    last = due
  }
  assert.equal(last, count - 1)
})

test('a lease beyond the limit is a bug of who gives out the numbers', () => {
  assert.throws(() => new DueHeap().set(MAX_LEASES, 1), RangeError)
})

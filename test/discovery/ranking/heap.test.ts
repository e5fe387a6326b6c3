/** The octets of a table: pieces never overlap while anybody may read them, what is given up is used again two commits later, and a full heap says so. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CandidateTable, createTable } from '../../../src/discovery/ranking/candidates.ts'
import { Heap } from '../../../src/discovery/ranking/heap.ts'
import { TABLE } from '../../../src/discovery/ranking/table-layout.ts'

const SEED = 7
function heapOf(octets: number): { heap: Heap; table: CandidateTable } {
  const table = new CandidateTable(createTable(4, octets, SEED))
  return { heap: new Heap(table), table }
}

test('what is written stands where it was said to, and never at offset 0, which is none', () => {
  const { heap, table } = heapOf(1_000)
  for (const size of [1, 15, 16, 17, 100]) {
    const octets = new Uint8Array(size).fill(size)
    const at = heap.write(octets)
    assert.ok(at > 0)
    assert.deepEqual(table.heap.slice(at, at + size), octets)
  }
})

test('a piece given up is used again after two commits and not before', () => {
  const { heap } = heapOf(1_000)
  const at = heap.write(new Uint8Array(20))
  heap.give(at, 20)
  assert.notEqual(heap.write(new Uint8Array(20)), at)
  heap.settle()
  assert.notEqual(heap.write(new Uint8Array(20)), at)
  heap.settle()
  assert.equal(heap.write(new Uint8Array(30)), at, 'of the same number of grains')
})

test('a heap that says that it has room has it, however the octets are cut; a full one is a RangeError', () => {
  const { heap } = heapOf(2_000)
  assert.ok(heap.hasRoom(1_000))
  assert.ok(!heap.hasRoom(2_000))
  while (heap.hasRoom(100)) heap.write(new Uint8Array(100))
  assert.throws(() => Array.from({ length: 9 }, () => heap.write(new Uint8Array(100))), RangeError)
})

test('a heap that moves to a larger table goes on there', () => {
  const { heap, table } = heapOf(200)
  heap.write(new Uint8Array(100))
  const larger = new CandidateTable(createTable(8, 1_000, SEED))
  larger.header[TABLE.heapTop] = table.header[TABLE.heapTop]
  heap.moveTo(larger)
  const at = heap.write(Uint8Array.of(1, 2, 3))
  assert.ok(at >= 100)
  assert.deepEqual([...larger.heap.slice(at, at + 3)], [1, 2, 3])
})

test('whatever is written and given up, no two pieces that are alive, or given up less than two commits ago, overlap', () => {
  const step = fc.oneof(fc.record({ kind: fc.constant('write' as const), size: fc.integer({ min: 1, max: 80 }) }), fc.record({ kind: fc.constant('give' as const), size: fc.nat(50) }), fc.constant({ kind: 'settle' as const, size: 0 }))
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const { heap } = heapOf(20_000)
    let alive: { at: number; size: number }[] = []
    let resting: { at: number; size: number; commits: number }[] = []
    for (const { kind, size } of steps) {
      if (kind === 'write') {
        const at = heap.write(new Uint8Array(size))
        for (const other of [...alive, ...resting]) assert.ok(at + size <= other.at || other.at + other.size <= at, `${at}+${size} meets ${other.at}+${other.size}`)
        alive.push({ at, size })
      } else if (kind === 'give' && alive.length > 0) {
        const piece = alive[size % alive.length]
        alive = alive.filter((one) => one !== piece)
        heap.give(piece.at, piece.size)
        resting.push({ ...piece, commits: 0 })
      } else if (kind === 'settle') {
        heap.settle()
        resting = resting.map((piece) => ({ ...piece, commits: piece.commits + 1 })).filter(({ commits }) => commits < 2)
      }
    }
  }), { numRuns: 300 })
})

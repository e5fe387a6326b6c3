/** Numbers of values, and whatever else rests before it is used again: counted, given back, and never another's while a reader may hold it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { CandidateTable, createTable } from '../../../src/discovery/ranking/candidates.ts'
import { Heap } from '../../../src/discovery/ranking/heap.ts'
import { Resting } from '../../../src/discovery/ranking/resting.ts'
import { TABLE } from '../../../src/discovery/ranking/table-layout.ts'
import { ValueNumbers } from '../../../src/discovery/ranking/value-numbers.ts'

const SEED = 5

function numbers(capacity = 64): { values: ValueNumbers; heap: Heap; table: CandidateTable; take: (text: string) => number; settle: () => void } {
  const table = new CandidateTable(createTable(capacity, 8_192, SEED))
  const heap = new Heap(table)
  const values = new ValueNumbers(table, heap)
  const settle = (): void => {
    values.settle()
    heap.settle()
  }
  return { values, heap, table, take: (text) => values.take(Buffer.from(`<${text}>`), 1, 1 + text.length), settle }
}

const textOf = ({ heap, i32 }: CandidateTable, number: number): string => Buffer.from(heap.subarray(i32.valueAt[number], i32.valueAt[number] + i32.valueLength[number])).toString()

describe('values', () => {
  test('have one number for all who have the same, and it is never 0, which is none', () => {
    const { take, table, values } = numbers()
    const [eu, us, again] = ['eu', 'us', 'eu'].map(take)
    assert.deepEqual([eu === again, eu === us, eu > 0, us > 0, values.size], [true, false, true, true, 2])
    assert.deepEqual([textOf(table, eu), textOf(table, us)], ['eu', 'us'])
  })

  test('are given back by the last who has them, and their number is another\'s two commits later', () => {
    const { take, table, values, heap, settle } = numbers()
    const eu = take('eu')
    take('eu')
    values.give(eu)
    assert.equal(values.size, 1)
    values.give(eu)
    assert.deepEqual([values.size, heap.alive], [0, 0])
    assert.notEqual(take('us'), eu)
    settle()
    assert.notEqual(take('as'), eu)
    assert.equal(textOf(table, eu), 'eu', 'a reader may still hold it')
    settle()
    assert.equal(take('af'), eu)
    values.give(0)
  })

  test('that come back while their number rests have another one', () => {
    const { take, values } = numbers()
    const eu = take('eu')
    values.give(eu)
    assert.notEqual(take('eu'), eu)
    assert.equal(values.size, 1)
  })

  test('have no room where all numbers are held or rest', () => {
    const { take, table, values, settle } = numbers(16)
    const held = Array.from({ length: 15 }, (_, i) => take(`v${i}`))
    assert.deepEqual([values.hasRoom(1), table.header[TABLE.values]], [false, 16])
    for (const number of held.slice(0, 5)) values.give(number)
    assert.ok(!values.hasRoom(1))
    settle()
    settle()
    assert.deepEqual([values.hasRoom(5), values.hasRoom(6)], [true, false])
  })

  test('are the same in a larger table', () => {
    const { take, table, values, heap } = numbers()
    const [eu, us] = [take('eu'), take('us')]
    const larger = new CandidateTable(createTable(128, 8_192, SEED))
    larger.header[TABLE.values] = table.header[TABLE.values]
    larger.i32.valueLength.set(table.i32.valueLength)
    heap.moveTo(larger)
    values.moveTo(larger, table)
    assert.deepEqual([take('us'), textOf(larger, eu), textOf(larger, us)], [us, 'eu', 'us'])
  })
})

test('what rests is taken by nobody until two commits have passed, and then by one', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('give', 'take', 'settle'), { maxLength: 80 }), (steps) => {
    const resting = new Resting()
    const given = new Map<number, number>()
    let [commits, next] = [0, 0]
    for (const step of steps) {
      if (step === 'give') {
        given.set(next, commits)
        resting.give(next++)
      } else if (step === 'settle') {
        resting.settle()
        commits++
      } else {
        const ready = [...given].filter(([, at]) => commits - at >= 2)
        const taken = resting.take()
        if (ready.length === 0) assert.equal(taken, undefined)
        else assert.ok(taken !== undefined && ready.some(([number]) => number === taken))
        given.delete(taken ?? -1)
      }
      assert.equal(resting.size, [...given.values()].filter((at) => commits - at >= 2).length)
    }
  }))
})

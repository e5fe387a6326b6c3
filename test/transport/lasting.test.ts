/** The core's side of connections that last: what is called goes its way in order, ends are told once, and slots that are used again are told apart. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { COUNTER, transportCounters } from '../../src/transport/counters.ts'
import { CALL, type Call, Returns, unpackAnswers } from '../../src/transport/deferral-parcel.ts'
import { LastingConnection, Lastings } from '../../src/transport/lasting.ts'

/** What `soon` has been given runs when a test says. */
class Later {
  readonly due: (() => void)[] = []
  readonly soon = (run: () => void): void => void this.due.push(run)

  turn(): void {
    for (const run of this.due.splice(0)) run()
  }
}

describe('a connection that lasts', () => {
  function make(): { connection: LastingConnection; said: unknown[]; ends: string[]; later: Later; late: () => number } {
    const counters = transportCounters()
    const later = new Later()
    const said: unknown[] = []
    const connection = new LastingConnection({ counters, soon: later.soon }, (octets, call) => said.push([call, octets?.length]))
    return { connection, said, ends: [], later, late: () => counters[COUNTER.deferLate] }
  }

  test('says what is called in its order, and what is sent with its octets', () => {
    const { connection, said, ends, later } = make()
    connection.send(new Uint8Array(12))
    connection.keep(() => ends.push('a'))
    connection.send(new Uint8Array(13))
    connection.release()
    connection.keep(() => ends.push('b'))
    connection.cut()
    assert.deepEqual(said, [[CALL.unasked, 12], [CALL.keep, undefined], [CALL.unasked, 13], [CALL.release, undefined], [CALL.keep, undefined], [CALL.cut, undefined]])
    assert.deepEqual([ends, later.due.length], [[], 0])
  })

  test('tells its end once, to who kept it last', () => {
    const { connection, ends } = make()
    connection.keep(() => ends.push('a'))
    connection.keep(() => ends.push('b'))
    connection.end()
    connection.end()
    assert.deepEqual(ends, ['b'])
  })

  test('tells no end to who has released it, and none where it was never kept', () => {
    for (const isKept of [true, false]) {
      const { connection, ends } = make()
      if (isKept) connection.keep(() => ends.push('a'))
      connection.release()
      connection.end()
      assert.deepEqual(ends, [])
    }
  })

  test('after its end says nothing but a cut; counts what is sent; and tells each who keeps it, but not within the call', () => {
    const { connection, said, ends, later, late } = make()
    connection.end()
    connection.send(new Uint8Array(12))
    connection.send(new Uint8Array(12))
    connection.keep(() => ends.push('a'))
    connection.keep(() => ends.push('b'))
    assert.deepEqual([said, ends, late()], [[], [], 2])
    later.turn()
    assert.deepEqual(ends, ['b'])
    connection.keep(() => ends.push('c'))
    connection.release()
    later.turn()
    connection.cut()
    assert.deepEqual([said, ends], [[[CALL.cut, undefined]], ['b']])
  })

  test('may be kept anew by who is told of its end', () => {
    const { connection, ends, later } = make()
    connection.keep(() => connection.keep(() => ends.push('again')))
    connection.end()
    assert.deepEqual(ends, [])
    later.turn()
    later.turn()
    assert.deepEqual(ends, ['again'])
  })
})

describe('the connections of a thread', () => {
  interface Made {
    lastings: Lastings
    later: Later
    /** What was said to the thread since the last look: slot, life and call. */
    said(): [number, number, Call][]
    late(): number
  }

  function make(): Made {
    const counters = transportCounters()
    const later = new Later()
    const said: [number, number, Call][] = []
    const returns = new Returns((parcel) => unpackAnswers(parcel, (slot, life, _octets, call) => said.push([slot, life, call])), (run) => run())
    return { lastings: new Lastings({ counters, soon: later.soon }, returns), later, said: () => said.splice(0), late: () => counters[COUNTER.deferLate] }
  }

  test('are one object for each life of a slot, however often they are asked for', () => {
    const { lastings } = make()
    for (const slot of [0, 1, 7]) lastings.note(slot, slot - 1)
    const all = [0, 1, 7].map((slot) => lastings.of(slot, slot - 1))
    assert.equal(new Set(all).size, 3)
    for (const slot of [0, 1, 7]) lastings.note(slot, slot - 1)
    assert.deepEqual([0, 1, 7].map((slot) => lastings.of(slot, slot - 1)), all)
  })

  test('say what they are called to the life and slot that is theirs', () => {
    const { lastings, said } = make()
    lastings.note(3, -5)
    lastings.note(4, 9)
    lastings.of(3, -5).send(new Uint8Array(12))
    lastings.of(4, 9).keep(() => undefined)
    lastings.of(3, -5).cut()
    assert.deepEqual(said(), [[3, -5, CALL.unasked], [4, 9, CALL.keep], [3, -5, CALL.cut]])
  })

  test('end by word of the thread, once, and stay the same object until the slot is used again', () => {
    const { lastings, said } = make()
    const ends: string[] = []
    lastings.note(3, 1)
    const connection = lastings.of(3, 1)
    connection.keep(() => ends.push('first'))
    lastings.end(3, 2)
    lastings.end(4, 1)
    assert.deepEqual(ends, [])
    lastings.end(3, 1)
    lastings.end(3, 1)
    assert.deepEqual([ends, lastings.of(3, 1) === connection], [['first'], true])
    said()
    lastings.of(3, 1).send(new Uint8Array(12))
    assert.deepEqual(said(), [])
  })

  test('end where a query of another life comes from their slot, and word of their end that comes later changes nothing', () => {
    const { lastings, later, said, late } = make()
    const ends: string[] = []
    lastings.note(3, 1)
    const old = lastings.of(3, 1)
    old.keep(() => ends.push('old'))
    lastings.note(3, 2)
    assert.deepEqual(ends, ['old'])
    const next = lastings.of(3, 2)
    next.keep(() => ends.push('next'))
    lastings.end(3, 1)
    assert.deepEqual(ends, ['old'])
    said()
    old.send(new Uint8Array(12))
    old.keep(() => ends.push('old again'))
    later.turn()
    lastings.end(3, 2)
    assert.deepEqual([ends, said(), late()], [['old', 'old again', 'next'], [], 1])
  })

  test('have ended where they are asked for after the slot was used again, and leave the newer one alone', () => {
    const { lastings, later, said, late } = make()
    const ends: string[] = []
    lastings.note(3, 1)
    lastings.note(3, 2)
    const next = lastings.of(3, 2)
    const old = lastings.of(3, 1)
    old.keep(() => ends.push('old'))
    old.send(new Uint8Array(12))
    old.cut()
    later.turn()
    assert.deepEqual([ends, said(), late(), lastings.of(3, 2) === next], [['old'], [], 1, true])
  })

  test('all end with the thread, also those that are asked for later, and nothing is said to it any more', () => {
    const { lastings, later, said, late } = make()
    const ends: number[] = []
    for (const slot of [0, 5, 6, 7]) lastings.note(slot, 1)
    for (const slot of [0, 5, 6]) lastings.of(slot, 1).keep(() => ends.push(slot))
    lastings.of(6, 1).release()
    said()
    lastings.endAll()
    assert.deepEqual(ends, [0, 5])
    for (const slot of [0, 7]) {
      const connection = lastings.of(slot, 1)
      connection.send(new Uint8Array(12))
      connection.keep(() => ends.push(10 + slot))
      connection.cut()
    }
    later.turn()
    assert.deepEqual([ends, said(), late()], [[0, 5, 10, 17], [], 2])
  })

  test('whatever is called in whatever order, the keep that stands is told once when its connection has ended, and not before', () => {
    const step = fc.record({ act: fc.constantFrom('comes', 'ends', 'keep', 'keep', 'release', 'turn', 'turn'), slot: fc.nat(2) })
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const later = new Later()
      const thread = [0, 1, 2].map((slot) => ({ slot, life: 0, isOver: false, isKept: false, standing: undefined as number | undefined }))
      const returns = new Returns((parcel) => unpackAnswers(parcel, (slot, life, _octets, call) => {
        const one = thread[slot]
        if (call === CALL.keep && (one.life !== life || one.isOver)) lastings.end(slot, life)
        if (one.life === life) one.isKept = call === CALL.keep
      }), later.soon)
      const lastings = new Lastings({ counters: transportCounters(), soon: later.soon }, returns)
      const [told, owed] = [[] as number[], [] as number[]]
      const end = (one: (typeof thread)[0]): void => {
        if (!one.isOver && one.isKept) lastings.end(one.slot, one.life)
        one.isOver = true
      }
      for (const { slot } of thread) lastings.note(slot, 0)
      for (const [id, { act, slot }] of steps.entries()) {
        const one = thread[slot]
        if (act === 'turn') later.turn()
        else if (act === 'ends') end(one)
        else if (act === 'comes') {
          end(one)
          if (one.standing !== undefined) owed.push(one.standing)
          Object.assign(one, { life: one.life + 1, isOver: false, isKept: false, standing: undefined })
          lastings.note(slot, one.life)
        } else if (act === 'keep') {
          if (one.standing !== undefined && told.includes(one.standing)) owed.push(one.standing)
          one.standing = id
          lastings.of(slot, one.life).keep(() => told.push(id))
        } else {
          if (one.standing !== undefined && told.includes(one.standing)) owed.push(one.standing)
          one.standing = undefined
          lastings.of(slot, one.life).release()
        }
        assert.ok(thread.every(({ isOver, standing }) => isOver || standing === undefined || !told.includes(standing)), 'not before its end')
      }
      for (const one of thread) {
        end(one)
        if (one.standing !== undefined) owed.push(one.standing)
      }
      for (let i = 0; i < 3; i++) later.turn()
      assert.deepEqual(told.toSorted((a, b) => a - b), owed.toSorted((a, b) => a - b))
    }), { numRuns: 300 })
  })
})

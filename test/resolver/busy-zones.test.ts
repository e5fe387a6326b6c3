/** Places with the servers of a zone: how many each may hold, and that all come back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_QUESTIONS_PER_ZONE, MAX_QUESTIONS_UNDER_WAY } from '../../src/dns/limits-resolver.ts'
import { BusyZones, type Standing } from '../../src/resolver/busy-zones.ts'

/** How many of `count` get a place. */
function taken(busy: BusyZones, zone: string, standing: Standing, count: number): number {
  return Array.from({ length: count }, () => busy.take(zone, standing)).filter(Boolean).length
}

const ROWS: [standing: Standing, most: number][] = [
  ['unknown', MAX_QUESTIONS_PER_ZONE],
  ['answering', MAX_QUESTIONS_UNDER_WAY / 2],
  ['spared', 5_000],
]

for (const [standing, most] of ROWS) {
  test(`a zone that is ${standing} gets ${most} of 5,000 where nobody else asks`, () => assert.equal(taken(new BusyZones(), 'a', standing, 5_000), most))
}

test('zones that answer leave something for the next, however many there are: each as much as is free', () => {
  const busy = new BusyZones()
  const shares = ['a', 'b', 'c'].map((zone) => taken(busy, zone, 'answering', 5_000))
  assert.deepEqual(shares, [MAX_QUESTIONS_UNDER_WAY / 2, MAX_QUESTIONS_UNDER_WAY / 4, MAX_QUESTIONS_UNDER_WAY / 8])
})

test('what answers is never worse off than what is not known, however busy all are', () => {
  const busy = new BusyZones()
  taken(busy, 'root', 'spared', 5_000)
  assert.equal(taken(busy, 'a', 'answering', 5_000), MAX_QUESTIONS_PER_ZONE)
  assert.equal(taken(busy, 'b', 'unknown', 5_000), MAX_QUESTIONS_PER_ZONE)
})

test('one that falls silent gets no more before it is below the bound again', () => {
  const busy = new BusyZones()
  assert.equal(taken(busy, 'a', 'answering', 500), 500)
  for (let held = 500; held > MAX_QUESTIONS_PER_ZONE; held--) {
    assert.equal(busy.take('a', 'unknown'), false, `${held} held`)
    busy.give('a')
  }
  busy.give('a')
  assert.equal(busy.take('a', 'unknown'), true)
})

test('what is given back can be taken again, nothing is remembered of who holds nothing, and who gives what he has not is told', () => {
  const busy = new BusyZones()
  for (let round = 0; round < 3; round++) {
    const held = taken(busy, 'a', 'answering', 5_000)
    assert.equal(held, MAX_QUESTIONS_UNDER_WAY / 2)
    for (let i = 0; i < held; i++) busy.give('a')
    assert.equal(busy.size, 0)
  }
  assert.throws(() => busy.give('a'), RangeError)
})

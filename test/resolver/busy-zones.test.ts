/** Places with the servers of a zone: how many each may hold, and that all come back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_PLACE_WAITERS, MAX_QUESTIONS_PER_ZONE, MAX_QUESTIONS_UNDER_WAY, PLACE_WAIT_MS } from '../../src/dns/limits-resolver.ts'
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

/** `count` that wait for a place, and what they were told: `+` for a place, `-` for none, in the order of the telling. */
function queue(busy: BusyZones, zone: string, standing: () => Standing, count: number, nowMs = 0): { told: string[]; waiting: number } {
  const told: string[] = []
  const waiting = Array.from({ length: count }, (_, i) => busy.wait(zone, standing, nowMs, (isTaken) => told.push(`${isTaken ? '+' : '-'}${i}`))).filter(Boolean).length
  return { told, waiting }
}

test('who waits gets the place that is given back, the first first, and those of other zones get none', () => {
  const busy = new BusyZones()
  taken(busy, 'a', 'unknown', MAX_QUESTIONS_PER_ZONE)
  taken(busy, 'b', 'unknown', MAX_QUESTIONS_PER_ZONE)
  const [mine, others] = [queue(busy, 'a', () => 'unknown', 3), queue(busy, 'b', () => 'unknown', 1)]
  busy.give('a')
  busy.give('a')
  assert.deepEqual([mine.told, others.told, busy.waiting], [['+0', '+1'], [], 2])
  assert.equal(busy.take('a', 'unknown'), false, 'the places are theirs')
})

test('as soon as servers answer, all that wait are let in', () => {
  const busy = new BusyZones()
  let standing: Standing = 'unknown'
  taken(busy, 'a', standing, MAX_QUESTIONS_PER_ZONE)
  const { told } = queue(busy, 'a', () => standing, 300)
  standing = 'answering'
  busy.give('a')
  assert.equal(told.length, 300)
  assert.equal(busy.waiting, 0)
  for (let held = MAX_QUESTIONS_PER_ZONE - 1 + 300; held > 0; held--) busy.give('a')
  assert.equal(busy.size, 0)
})

test(`who has waited ${PLACE_WAIT_MS} ms is sent away, and whoever came later is not`, () => {
  const busy = new BusyZones()
  taken(busy, 'a', 'unknown', MAX_QUESTIONS_PER_ZONE)
  const early = queue(busy, 'a', () => 'unknown', 2)
  const late = queue(busy, 'a', () => 'unknown', 1, 1)
  busy.expire(PLACE_WAIT_MS - 1)
  assert.deepEqual(early.told, [])
  busy.expire(PLACE_WAIT_MS)
  assert.deepEqual([early.told, late.told, busy.waiting], [['-0', '-1'], [], 1])
  busy.give('a')
  assert.deepEqual(late.told, ['+0'])
  busy.expire(10 * PLACE_WAIT_MS)
  assert.deepEqual([early.told.length, late.told.length, busy.waiting], [2, 1, 0])
})

test('so many wait and no more, and room comes back', () => {
  const busy = new BusyZones()
  taken(busy, 'a', 'unknown', MAX_QUESTIONS_PER_ZONE)
  const { waiting, told } = queue(busy, 'a', () => 'unknown', MAX_PLACE_WAITERS + 5)
  assert.equal(waiting, MAX_PLACE_WAITERS)
  assert.equal(queue(busy, 'b', () => 'unknown', 1).waiting, 0)
  busy.expire(PLACE_WAIT_MS)
  assert.equal(told.length, MAX_PLACE_WAITERS, 'those who were not let wait are never told')
  assert.equal(queue(busy, 'b', () => 'unknown', 1).waiting, 1)
})

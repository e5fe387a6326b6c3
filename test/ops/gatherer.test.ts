/** When one UDP thread is given the datagrams of all: plays of what comes each second. */
import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { countInto } from '../../src/dns/histogram.ts'
import { GATHER_BELOW, GATHER_WAIT_LOOKS, SPREAD_ABOVE, SPREAD_BATCH } from '../../src/dns/limits.ts'
import { Gatherer } from '../../src/ops/gatherer.ts'
import { COUNTER, HISTOGRAM, TRANSPORT_HISTOGRAMS, transportCounters } from '../../src/transport/counters.ts'

let isOn = false
let isPossible = true
const gathering = {
  get isOn() {
    return isOn
  },
  gather: () => (isOn = isPossible),
  spread() {
    const wasOn = isOn
    isOn = false
    return wasOn
  },
}

let threads = [transportCounters(), transportCounters()]
let counters = transportCounters()
let gatherer = new Gatherer(gathering, threads, counters)

beforeEach(() => {
  isOn = false
  isPossible = true
  threads = [transportCounters(), transportCounters()]
  counters = transportCounters()
  gatherer = new Gatherer(gathering, threads, counters)
})

/** A second in which `datagrams` come to thread `i`, `batch` at a time; whether all go to one after the look. */
function second(datagrams: number, batch = 1, i = 0): boolean {
  for (let come = 0; come < datagrams; come += batch) countInto(threads[i], HISTOGRAM.udpBatch, TRANSPORT_HISTOGRAMS.udpBatch.buckets, Math.min(batch, datagrams - come))
  gatherer.look()
  return isOn
}

/** Seconds of little until all go to one again. */
function untilOn(): number {
  for (let seconds = 1; ; seconds++) if (second(10)) return seconds
}

/** What has been counted. */
const counted = (): [number, number] => [counters[COUNTER.udpGathered], counters[COUNTER.udpSpread]]

test('little goes to one thread, much to each', () => {
  assert.equal(second(0), true)
  assert.equal(second(SPREAD_ABOVE, 4), true, 'there is room between the bounds')
  assert.equal(second(SPREAD_ABOVE + 1, 4), false)
  assert.deepEqual(counted(), [1, 1])
  for (let i = 0; i < 5; i++) assert.equal(second(GATHER_BELOW, 4), false)
  assert.equal(second(GATHER_BELOW - 1, 4), true)
  assert.deepEqual(counted(), [2, 1])
})

test('what comes to any thread counts', () => {
  assert.equal(second(GATHER_BELOW, 1, 1), false)
  for (const counts of threads) countInto(counts, HISTOGRAM.udpBatch, TRANSPORT_HISTOGRAMS.udpBatch.buckets, GATHER_BELOW / 2)
  assert.equal(second(0), false)
  assert.equal(second(0), true)
})

test('a thread that is not done with some when the next are there is given no more, at any rate', () => {
  assert.equal(second(1_000, SPREAD_BATCH + 1), false)
  assert.equal(second(1_000, SPREAD_BATCH), true)
  assert.equal(second(1_000, SPREAD_BATCH + 1), false)
})

test('what does not hold is tried less and less often, up to once in so many seconds, and what holds makes up for it', () => {
  untilOn()
  const waits = Array.from({ length: 10 }, () => {
    gathering.spread() // by the thread, whose batches were full
    return untilOn()
  })
  assert.deepEqual(waits, [3, 5, 9, 17, 33, 65, 65, 65, 65, 65])
  assert.deepEqual(counted(), [11, 10])
  for (let i = 0; i < 10; i++) assert.equal(second(10), true)
  gathering.spread()
  assert.equal(untilOn(), 3)
})

test('after the death of a thread none is given all for as long as it is ever waited', () => {
  untilOn()
  gatherer.spreadLong()
  assert.equal(isOn, false)
  assert.equal(untilOn(), GATHER_WAIT_LOOKS + 1)
})

test('where the system refuses, each has its share', () => {
  isPossible = false
  assert.equal(second(10), false)
  assert.deepEqual(counted(), [0, 0])
  isPossible = true
  assert.equal(second(10), true)
})

/**
 * The ring by which outcomes leave a socket thread: first in, first out, over its end and over 2^32 octets, in one
 * thread and between two; what finds no room is lost, counted, and harms nothing else.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { Query } from '../../../src/authority/query.ts'
import { MAX_OUTCOMES_PER_DEMAND, OUTCOME_RING_OCTETS } from '../../../src/dns/limits-discovery.ts'
import { Name } from '../../../src/dns/name.ts'
import { OutcomeRing, type OutcomeNote } from '../../../src/discovery/sense/outcome-ring.ts'
import { demandOf, outcomeText } from '../ranking/hive.ts'

const OWNER = Name.parse('v2.x._cap.example.').wire
const V4 = Uint8Array.of(192, 0, 2, 1)

function note(value: Uint8Array, more: Partial<OutcomeNote> = {}): OutcomeNote {
  return { rrClass: 1, address: V4, owner: OWNER, value, ...more }
}

function drained(ring: OutcomeRing): OutcomeNote[] {
  const notes: OutcomeNote[] = []
  ring.drain((one) => void notes.push(one))
  return notes
}

test('notes come out as they went in, in their order, as often as the ring goes round', () => {
  const octets = (most: number) => fc.uint8Array({ minLength: 1, maxLength: most, size: 'max' })
  const address = fc.constantFrom(V4, new Uint8Array(16).fill(7))
  const one = fc.record({ rrClass: fc.integer({ min: 0, max: 0xffff }), address, owner: octets(255), value: octets(4_000) }, { noNullPrototype: true })
  const ring = new OutcomeRing(OutcomeRing.create())
  let octetsThrough = 0
  fc.assert(fc.property(fc.array(one, { maxLength: 20 }), (notes) => {
    for (const each of notes) assert.equal(ring.put(each), true)
    assert.deepEqual(drained(ring), notes)
    octetsThrough += notes.reduce((sum, { value }) => sum + value.length, 0)
  }), { numRuns: 100 })
  assert.ok(octetsThrough > 3 * OUTCOME_RING_OCTETS, `only ${octetsThrough} octets went through`)
  assert.equal(ring.lost, 0)
})

test('a ring that nobody reads is full: what comes then is lost and counted, what was there is whole', () => {
  const ring = new OutcomeRing(OutcomeRing.create())
  let taken = 0
  while (ring.put(note(Uint8Array.of(taken >> 8, taken)))) taken++
  assert.equal(ring.put(note(Uint8Array.of(1))), false)
  assert.equal(ring.lost, 2)
  const size = 4 + 2 + V4.length + OWNER.length + 2
  assert.equal(taken, Math.floor(OUTCOME_RING_OCTETS / size))
  assert.deepEqual(drained(ring).map(({ value }) => value[0] * 256 + value[1]), Array.from({ length: taken }, (_, i) => i))
  assert.equal(ring.put(note(Uint8Array.of(2))), true, 'there is room again')
  assert.deepEqual(drained(ring), [note(Uint8Array.of(2))])
})

test('counts of octets go over 2^32 without a fault', () => {
  const buffer = OutcomeRing.create()
  for (const begin of [0x7fff_ff00, -0x100]) {
    new Int32Array(buffer, 0, 2).fill(begin)
    const ring = new OutcomeRing(buffer)
    for (let i = 0; i < 40; i++) {
      assert.equal(ring.put(note(Uint8Array.of(i))), true)
      assert.deepEqual(drained(ring), [note(Uint8Array.of(i))], `${begin}: ${i}`)
    }
  }
})

test('a demand puts in its outcomes, one more than count at most, and nothing where its asker may be anywhere', () => {
  const ring = new OutcomeRing(OutcomeRing.create())
  const text = Array.from({ length: MAX_OUTCOMES_PER_DEMAND + 4 }, (_, i) => outcomeText(`n${i}`)).join(',')
  const demand = demandOf(`count=2 outcome=${text}`)
  const query = new Query()
  const octets = Uint8Array.of(...new Uint8Array(12), ...OWNER, 0xff, 0xa0, 0, 1)
  query.begin(octets, octets.length, { transport: 'udp', address: V4, port: 4053 })
  query.qnameLength = OWNER.length
  query.qclass = 1
  ring.tell(query, demand, false)
  assert.deepEqual([ring.unproven, drained(ring)], [1, []])
  ring.tell(query, demand, true)
  const each = demand.outcome.end - demand.outcome.at
  const [told, ...more] = drained(ring)
  assert.deepEqual([told.address, told.owner, told.rrClass, more], [V4, OWNER, 1, []])
  const wanted = demandOf(`outcome=${text.split(',').slice(0, MAX_OUTCOMES_PER_DEMAND + 1).join(',')}`)
  assert.deepEqual(Buffer.from(told.value), Buffer.from(wanted.octets.subarray(wanted.outcome.at, wanted.outcome.end)))
  assert.ok(told.value.length < each)
})

test('between two threads nothing is torn or lost while there is room', { timeout: 30_000 }, async () => {
  const buffer = OutcomeRing.create()
  const code = `
    import { workerData } from 'node:worker_threads'
    const { OutcomeRing } = await import(workerData.ring)
    const ring = new OutcomeRing(workerData.buffer)
    for (let i = 0; i < 50_000;) {
      const value = new Uint8Array(20 + i % 50).fill(i)
      if (ring.put({ rrClass: i & 0xffff, address: Uint8Array.of(192, 0, 2, 1), owner: Uint8Array.of(1, 97, 0), value })) i++
    }`
  const ring = new URL('../../../src/discovery/sense/outcome-ring.js', import.meta.url).href
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: { buffer, ring } })
  const ended = new Promise<void>((resolve, reject) => worker.once('exit', () => resolve()).once('error', reject))
  const reader = new OutcomeRing(buffer)
  let next = 0
  while (next < 50_000) {
    reader.drain(({ rrClass, value }) => {
      assert.equal(rrClass, next & 0xffff)
      assert.ok(value.length === 20 + (next % 50) && value.every((octet) => octet === (next & 0xff)), `note ${next} is torn`)
      next++
    })
    await new Promise((resolve) => setImmediate(resolve))
  }
  await ended
  assert.deepEqual(drained(reader), [])
})

/** Responses that may be asked for again: against a model that holds them as objects, and over many turns of the memory that they share. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ResponseMemory, type ResponseBounds } from '../../src/dnssec/response-memory.ts'
import { senderOf } from '../../src/dnssec/replay.ts'

const BOUNDS: ResponseBounds = { responses: 4, responseOctets: 2_000, responseEach: 600 }
const filled = (length: number, octet: number): Uint8Array => new Uint8Array(length).fill(octet)

/** The same, as simply as it can be said. */
class Model {
  private readonly bounds: ResponseBounds
  private entries: { tag: number; sender: string; response: Uint8Array | undefined; isForgotten: boolean }[] = []

  constructor(bounds: ResponseBounds) {
    this.bounds = bounds
  }

  expect(tag: number, sender: string): void {
    this.entries.push({ tag, sender, response: undefined, isForgotten: false })
    this.makeRoom()
  }

  keep(tag: number, response: Uint8Array): void {
    const entry = this.entries.find((one) => one.tag === tag && !one.isForgotten)
    if (entry === undefined || entry.response !== undefined) return
    if (response.length > this.bounds.responseEach) entry.isForgotten = true
    else entry.response = response
    this.makeRoom()
  }

  recall(tag: number, sender: string): unknown {
    const entry = this.entries.find((one) => one.tag === tag && !one.isForgotten)
    return entry?.sender === sender ? { is: 'retransmitted', response: entry.response } : { is: 'replayed' }
  }

  private makeRoom(): void {
    const octets = (): number => this.entries.reduce((sum, { response }) => sum + (response?.length ?? 0), 0)
    while (this.entries.length > this.bounds.responses || (octets() > this.bounds.responseOctets && this.entries.length > 0)) this.entries.shift()
  }
}

test('a response is given back as it was, to its sender alone, in memory of its own', () => {
  for (const length of [1, 255, 256, 257, 600]) {
    const memory = new ResponseMemory(BOUNDS)
    const response = filled(length, 7)
    memory.expect(1, 'ab')
    memory.keep(1, response)
    response.fill(0) // whoever sent it uses its octets again
    const recall = memory.recall(1, 'ab')
    assert.deepEqual(recall, { is: 'retransmitted', response: filled(length, 7) })
    for (const other of ['', 'a', 'aa', 'abc', 'ac']) assert.deepEqual(memory.recall(1, other), { is: 'replayed' }, other)
    for (let tag = 2; tag < 20; tag++) {
      memory.expect(tag, 'x')
      memory.keep(tag, filled(200, tag))
    }
    assert.deepEqual(recall, { is: 'retransmitted', response: filled(length, 7) }, 'what comes later does not write over what was given')
    assert.deepEqual(memory.recall(1, 'ab'), { is: 'replayed' })
  }
})

test('responses come in another order than their requests', () => {
  const memory = new ResponseMemory(BOUNDS)
  for (const tag of [1, 2, 3, 4]) memory.expect(tag, String(tag))
  for (const tag of [3, 1, 4]) memory.keep(tag, filled(tag, tag))
  assert.deepEqual(memory.recall(2, '2'), { is: 'retransmitted', response: undefined })
  for (const tag of [1, 3, 4]) assert.deepEqual(memory.recall(tag, String(tag)), { is: 'retransmitted', response: filled(tag, tag) })
  memory.expect(5, '5')
  assert.deepEqual(memory.recall(1, '1'), { is: 'replayed' }, 'the oldest request is forgotten first')
  assert.deepEqual(memory.recall(3, '3'), { is: 'retransmitted', response: filled(3, 3) })
})

test('one that is too large is forgotten, and its place is free when its turn comes', () => {
  const memory = new ResponseMemory(BOUNDS)
  for (const tag of [1, 2, 3, 4]) memory.expect(tag, 'a')
  memory.keep(2, filled(601, 2))
  memory.keep(2, filled(1, 2))
  assert.deepEqual(memory.recall(2, 'a'), { is: 'replayed' })
  for (let tag = 5; tag < 50; tag++) memory.expect(tag, 'a')
  for (let tag = 46; tag < 50; tag++) assert.deepEqual(memory.recall(tag, 'a'), { is: 'retransmitted', response: undefined })
})

test('the longest text of a sender, that of IPv6, is told apart in its last word', () => {
  const memory = new ResponseMemory(BOUNDS)
  const [one, other] = [1, 2].map((last) => senderOf({ address: Uint8Array.from([0x20, 1, 0xd, 0xb8, ...filled(11, 9), last]), port: 65_535, transport: 'tcp' }, 65_535))
  memory.expect(1, one)
  assert.equal(memory.recall(1, one).is, 'retransmitted')
  assert.equal(memory.recall(1, other).is, 'replayed')
  assert.throws(() => memory.expect(2, `${one}.`), RangeError)
})

test('property: whatever comes in whatever order, it says what the model says', () => {
  const bounds = fc.record({ responses: fc.integer({ min: 1, max: 6 }), responseOctets: fc.integer({ min: 1, max: 1_500 }), responseEach: fc.integer({ min: 1, max: 700 }) })
  // tags that share a list, and others
  const step = fc.record({ which: fc.nat({ max: 30 }), high: fc.boolean(), kind: fc.constantFrom('expect', 'keep', 'ask'), length: fc.integer({ min: 1, max: 800 }) })
  fc.assert(fc.property(bounds, fc.array(step, { maxLength: 150 }), (limits, steps) => {
    const [memory, model] = [new ResponseMemory(limits), new Model(limits)]
    const seen = new Set<number>()
    for (const { which, high, kind, length } of steps) {
      const tag = which * 16 + (high ? 0x10_0000_0000 : 0)
      const sender = String(which % 3)
      if (kind === 'keep') for (const one of [memory, model]) one.keep(tag, filled(length, which))
      if (kind === 'expect' && !seen.has(tag)) for (const one of [memory, model]) one.expect(tag, sender)
      if (kind === 'expect') seen.add(tag) // the memory of signatures lets none in twice
      for (const from of [sender, 'other']) assert.deepEqual(memory.recall(tag, from), model.recall(tag, from))
    }
  }), { numRuns: 300 })
})

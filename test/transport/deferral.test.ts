/** What waits for the core: bounds against a model, parcels that lose nothing on their way, and messages that end once. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { COUNTER, HISTOGRAM, TRANSPORT_HISTOGRAMS, transportCounters } from '../../src/transport/counters.ts'
import { DeferralBudget } from '../../src/transport/deferral-budget.ts'
import { DeferredMessage } from '../../src/transport/deferred-message.ts'
import { CALL, type Call, Deferrals, Returns, unpackAnswers, type UnpackedQuery, unpackQueries } from '../../src/transport/deferral-parcel.ts'
import type { Lasting, Peer } from '../../src/transport/handler.ts'

const four = (...octets: number[]): Uint8Array => Uint8Array.from(octets)
const six = (subnet: number, host: number): Uint8Array => Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, subnet >> 8, subnet & 0xff, ...new Array<number>(7).fill(0), host)

describe('the budget', () => {
  test('bounds messages and octets in all', () => {
    const budget = new DeferralBudget({ messages: 3, octets: 100 })
    assert.equal(budget.take(four(192, 0, 2, 1), 60), true)
    assert.equal(budget.take(four(198, 51, 100, 1), 41), false)
    assert.equal(budget.take(four(198, 51, 100, 1), 40), true)
    budget.giveBack(four(192, 0, 2, 1), 60)
    assert.deepEqual([budget.take(four(1, 2, 3, 4), 1), budget.take(four(1, 2, 3, 4), 1), budget.take(four(1, 2, 3, 4), 1)], [true, true, false])
    assert.deepEqual([budget.messages, budget.octets], [3, 42])
  })

  test('bounds one network, a /24 of IPv4 or a /56 of IPv6, and no other', () => {
    const budget = new DeferralBudget({ networkMessages: 2, networkOctets: 100 })
    for (const [a, b, other] of [[four(192, 0, 2, 1), four(192, 0, 2, 254), four(192, 0, 3, 1)], [six(0x1200, 1), six(0x12ff, 9), six(0x1300, 1)]]) {
      assert.deepEqual([budget.take(a, 1), budget.take(b, 1), budget.take(a, 1), budget.take(other, 1)], [true, true, false, true])
      assert.equal(budget.take(other, 100), false)
      budget.giveBack(b, 1)
      assert.equal(budget.take(a, 1), true)
    }
  })

  test('counts what two threads take and give back, as both see the same words', () => {
    const budget = new DeferralBudget({ messages: 10 })
    const other = new DeferralBudget(structuredClone(budget.shared)) // as a thread is told
    budget.take(four(1, 1, 1, 1), 7)
    assert.deepEqual([other.messages, other.octets], [1, 7])
    other.giveBack(four(1, 1, 1, 1), 7)
    assert.deepEqual([budget.messages, budget.octets], [0, 0])
  })

  test('agrees with a model, whatever is taken and given back', () => {
    const networks = [four(10, 0, 0, 1), four(10, 0, 1, 1), six(0x100, 1), six(0x200, 1)]
    const step = fc.record({ network: fc.nat(3), octets: fc.integer({ min: 1, max: 40 }), isTaking: fc.boolean() })
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const budget = new DeferralBudget({ messages: 8, octets: 150, networkMessages: 4, networkOctets: 80 })
      const held: number[][] = networks.map(() => [])
      const sum = (list: readonly number[]): number => list.reduce((total, one) => total + one, 0)
      for (const { network, octets, isTaking } of steps) {
        if (isTaking) {
          const fits = held.flat().length < 8 && sum(held.flat()) + octets <= 150 && held[network].length < 4 && sum(held[network]) + octets <= 80
          assert.equal(budget.take(networks[network], octets), fits)
          if (fits) held[network].push(octets)
        } else if (held[network].length > 0) budget.giveBack(networks[network], held[network].pop()!)
        assert.deepEqual([budget.messages, budget.octets], [held.flat().length, sum(held.flat())])
      }
    }))
  })
})

const peer = fc.record({ address: fc.oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 })), port: fc.integer({ min: 1, max: 0xffff }) })

describe('parcels', () => {
  test('queries come out as they went in, with whose they are', () => {
    const entry = fc.record({ octets: fc.uint8Array({ minLength: 1, maxLength: 3_000 }), from: peer, place: fc.nat(0xffff), life: fc.integer() })
    fc.assert(fc.property(fc.array(entry, { minLength: 1, maxLength: 30 }), fc.constantFrom('udp' as const, 'tcp' as const), (entries, transport) => {
      const parcels: ArrayBuffer[] = []
      const counters = transportCounters()
      const deferrals = new Deferrals({ budget: new DeferralBudget().shared, post: (parcel) => parcels.push(parcel) }, counters)
      for (const { octets, from, place, life } of entries) {
        const buffer = Buffer.concat([octets, Buffer.alloc(100, 0xee)]) // what lies behind belongs to others
        const at = deferrals.add(buffer, octets.length, { transport, ...from }, place, life)
        deferrals.words[at + 8] = life // as the way back over UDP
      }
      deferrals.flush()
      deferrals.flush()
      assert.equal(parcels.length, 1)
      const out: UnpackedQuery[] = []
      unpackQueries(parcels[0], transport, (query) => out.push(query), () => assert.fail('an end'))
      assert.deepEqual(
        out.map(({ octets, peer: { address, port, transport: by }, place, life, words, wayBackAt }) => ({ octets: [...octets], from: { address: [...address], port }, by, place, life, way: words[wayBackAt] })),
        entries.map(({ octets, from, place, life }) => ({ octets: [...octets], from: { address: [...from.address], port: from.port }, by: transport, place, life, way: life })),
      )
      assert.equal(counters[COUNTER.deferred], entries.length)
    }), { numRuns: 50 })
  })

  test('ends of connections come out among the queries, in the order in which they went in, also in a parcel of nothing else', () => {
    const entry = fc.record({ octets: fc.option(fc.uint8Array({ minLength: 1, maxLength: 90 }), { nil: undefined }), slot: fc.nat(1_024), life: fc.integer() })
    fc.assert(fc.property(fc.array(entry, { minLength: 1, maxLength: 60 }), (entries) => {
      const parcels: ArrayBuffer[] = []
      const deferrals = new Deferrals({ budget: new DeferralBudget().shared, post: (parcel) => parcels.push(parcel) }, transportCounters())
      for (const { octets, slot, life } of entries) {
        if (octets === undefined) deferrals.end(slot, life)
        else deferrals.add(octets, octets.length, { transport: 'tcp', address: four(192, 0, 2, 1), port: 5 }, slot, life)
      }
      deferrals.flush()
      deferrals.flush()
      assert.equal(parcels.length, 1)
      const out: typeof entries = []
      unpackQueries(parcels[0], 'tcp', ({ octets, place, life }) => out.push({ octets: Uint8Array.from(octets), slot: place, life }), (slot, life) => out.push({ octets: undefined, slot, life }))
      assert.deepEqual(out, entries.map(({ octets, ...rest }) => ({ octets: octets && Uint8Array.from(octets), ...rest })))
    }), { numRuns: 50 })
  })

  test('answers and other calls come out as they went in, and word that there is no answer', () => {
    const call = fc.constantFrom<Call>(...Object.values(CALL))
    const entry = fc.record({ octets: fc.option(fc.uint8Array({ minLength: 1, maxLength: 3_000 }), { nil: undefined }), slot: fc.nat(1_024), life: fc.integer(), call })
    fc.assert(fc.property(fc.array(entry, { minLength: 1, maxLength: 30 }), (entries) => {
      const parcels: ArrayBuffer[] = []
      const due: (() => void)[] = []
      const returns = new Returns((parcel) => parcels.push(parcel), (run) => due.push(run))
      for (const { slot, life, octets, call } of entries) returns.add(slot, life, octets, call)
      assert.equal(due.length, 1, 'those that are ready together go together')
      due[0]()
      const out: unknown[] = []
      unpackAnswers(parcels[0], (slot, life, octets, call) => out.push({ octets: octets && [...octets], slot, life, call }))
      assert.deepEqual(out, entries.map(({ octets, ...rest }) => ({ octets: octets && [...octets], ...rest })))
      returns.add(1, 1, undefined, CALL.last)
      assert.equal(due.length, 2)
    }), { numRuns: 50 })
  })

  test('an answer of no octets is none', () => {
    let parcel = new ArrayBuffer(0)
    new Returns((sent) => (parcel = sent), (run) => run()).add(3, 4, new Uint8Array(0), CALL.unasked)
    unpackAnswers(parcel, (...answer) => assert.deepEqual(answer, [3, 4, undefined, CALL.unasked]))
  })
})

describe('a deferred message', () => {
  const asker: Peer = { transport: 'tcp', address: four(192, 0, 2, 1), port: 4053 }

  function make(): { message: DeferredMessage; sent: unknown[]; budget: DeferralBudget; counters: Float64Array; clock: { ms: number } } {
    const budget = new DeferralBudget()
    const counters = transportCounters()
    const clock = { ms: 100 }
    const sent: unknown[] = []
    budget.take(asker.address, 5)
    const message = new DeferredMessage(new Uint8Array(5), asker, { budget, counters, nowMs: () => clock.ms }, (octets, more) => sent.push([octets?.length, more]))
    return { message, sent, budget, counters, clock }
  }

  test('ends with its last message, once, and gives back what it took', () => {
    const { message, sent, budget, counters, clock } = make()
    message.reply(new Uint8Array(1), true)
    assert.equal(budget.messages, 1)
    clock.ms += 3
    message.reply(new Uint8Array(2))
    message.reply(new Uint8Array(3))
    message.drop()
    assert.deepEqual(sent, [[1, true], [2, false]])
    assert.deepEqual([budget.messages, budget.octets, counters[COUNTER.deferAnswered], counters[COUNTER.deferSilent]], [0, 0, 1, 0])
    assert.equal(counters[HISTOGRAM.deferTime + TRANSPORT_HISTOGRAMS.deferTime.buckets], 3_000, 'microseconds')
  })

  test('has its connection found where somebody asks for it, once; over UDP there is none', () => {
    const { message, budget, counters } = make()
    assert.equal(message.connection, undefined)
    let found = 0
    const connection: Lasting = { keep: () => undefined, send: () => undefined, release: () => undefined, cut: () => undefined }
    const lasting = new DeferredMessage(new Uint8Array(5), asker, { budget, counters, nowMs: () => 0 }, () => undefined, () => (found++, connection))
    assert.equal(found, 0)
    assert.deepEqual([lasting.connection, lasting.connection, found], [connection, connection, 1])
  })

  test('ends in silence, once', () => {
    const { message, sent, budget, counters } = make()
    message.drop()
    message.drop()
    message.reply(new Uint8Array(1))
    assert.deepEqual(sent, [[undefined, false]])
    assert.deepEqual([budget.messages, counters[COUNTER.deferAnswered], counters[COUNTER.deferSilent]], [0, 0, 1])
  })
})

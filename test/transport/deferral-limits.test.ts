/** What may wait for the core, with the numbers of limits.ts, two threads at once, and many networks; and parcels at their edges. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import {
  MAX_DEFERRED, MAX_DEFERRED_OCTETS, MAX_DEFERRED_OCTETS_PER_NETWORK, MAX_DEFERRED_PER_NETWORK, MAX_MESSAGE_OCTETS,
} from '../../src/dns/limits.ts'
import { COUNTER, transportCounters } from '../../src/transport/counters.ts'
import { DeferralBudget } from '../../src/transport/deferral-budget.ts'
import { CALL, Deferrals, Returns, unpackAnswers, type UnpackedQuery, unpackQueries } from '../../src/transport/deferral-parcel.ts'
import type { BudgetWorkerData } from './budget-worker.ts'

const network = (i: number): Uint8Array => Uint8Array.of(10, i >> 8, i & 255, 1)

/** Takes as often as it may, `most` times at most; how often that was. */
function takeAll(budget: DeferralBudget, address: Uint8Array, octets: number, most: number): number {
  let taken = 0
  while (taken < most && budget.take(address, octets)) taken++
  return taken
}

describe('the limits of a thread', () => {
  test('one network has MAX_DEFERRED_PER_NETWORK messages or MAX_DEFERRED_OCTETS_PER_NETWORK octets, whichever is reached first', () => {
    const byMessages = new DeferralBudget()
    assert.equal(takeAll(byMessages, network(1), 50, 1e6), MAX_DEFERRED_PER_NETWORK)
    const byOctets = new DeferralBudget()
    assert.equal(takeAll(byOctets, network(1), 60_000, 1e6), Math.floor(MAX_DEFERRED_OCTETS_PER_NETWORK / 60_000))
    assert.equal(byOctets.take(network(1), MAX_DEFERRED_OCTETS_PER_NETWORK % 60_000), true, 'a small one still fits')
    assert.equal(byOctets.take(network(1), 1), false)
  })

  test('all networks together have MAX_DEFERRED messages, or MAX_DEFERRED_OCTETS octets', () => {
    const byMessages = new DeferralBudget()
    let taken = 0
    for (let i = 0; i < MAX_DEFERRED + 100; i++) taken += takeAll(byMessages, network(i), 20, 1)
    assert.deepEqual([taken, byMessages.messages], [MAX_DEFERRED, MAX_DEFERRED])
    const byOctets = new DeferralBudget()
    taken = 0
    for (let i = 0; i < 2_000; i++) taken += takeAll(byOctets, network(i), MAX_MESSAGE_OCTETS, 1)
    assert.equal(taken, Math.floor(MAX_DEFERRED_OCTETS / MAX_MESSAGE_OCTETS))
  })

  test('eight networks at their own limit leave nothing for a ninth; seven do', () => {
    const budget = new DeferralBudget()
    const full = Math.floor(MAX_DEFERRED / MAX_DEFERRED_PER_NETWORK)
    const chosen: Uint8Array[] = []
    for (let i = 0; chosen.length < full; i++) if (takeAll(budget, network(i), 1, MAX_DEFERRED_PER_NETWORK) === MAX_DEFERRED_PER_NETWORK) chosen.push(network(i))
    assert.equal(budget.take(Uint8Array.of(192, 0, 2, 1), 1), false)
    budget.giveBack(chosen[0], 1)
    assert.equal(budget.take(Uint8Array.of(192, 0, 2, 1), 1), true)
  })

  test('what was refused has taken nothing, and all that was given back is free again, any number of times', () => {
    const budget = new DeferralBudget({ networkMessages: 10, networkOctets: 1_000, messages: 25, octets: 2_000 })
    for (let round = 0; round < 100; round++) {
      const held: [Uint8Array, number][] = []
      for (let i = 0; i < 40; i++) {
        const octets = 1 + ((i * 37 + round * 11) % 200)
        if (budget.take(network(i % 4), octets)) held.push([network(i % 4), octets])
      }
      assert.ok(held.length > 5)
      for (const [address, octets] of held) budget.giveBack(address, octets)
      assert.deepEqual([budget.messages, budget.octets], [0, 0])
    }
    assert.ok(budget.shared.words.every((word) => word === 0), 'no network is left with a debt')
  })

  test('two thousand networks seldom stand in one another\'s way', () => {
    const budget = new DeferralBudget({ networkMessages: 1, messages: 1e6 })
    let refused = 0
    for (let i = 0; i < 2_000; i++) if (!budget.take(network(i), 1)) refused++
    assert.ok(refused < 250, `${refused} share a place`) // 115 are to be expected of 16,384 places
  })

  test('which networks share a place is another matter in each process, so that nobody can choose a victim', () => {
    const pairs = (): string => {
      const budget = new DeferralBudget({ networkMessages: 1, messages: 1e6 })
      return Array.from({ length: 2_000 }, (_, i) => i).filter((i) => !budget.take(network(i), 1)).join(' ')
    }
    assert.notEqual(pairs(), pairs())
  })

  test('a thread that takes while another gives back ends with nothing taken, and never above the limit', async () => {
    const budget = new DeferralBudget({ messages: 64, networkMessages: 16 })
    const workerData: BudgetWorkerData = { budget: budget.shared, count: 20_000 }
    const worker = new Worker(new URL('./budget-worker.js', import.meta.url), { workerData })
    let taken = 0
    let most = 0
    worker.on('message', (held: { network: number; octets: number }[]) => {
      most = Math.max(most, budget.messages)
      for (const one of held) budget.giveBack(network(one.network), one.octets)
      taken += held.length
    })
    const [code] = await once(worker, 'exit') as [number]
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(code, 0)
    assert.deepEqual([taken, budget.messages, budget.octets], [20_000, 0, 0])
    assert.ok(most > 1 && most <= 64, `${most} at once`)
    assert.ok(budget.shared.words.every((word) => word === 0))
  })
})

/** What a parcel of a UDP thread holds. */
function unpacked(parcel: ArrayBuffer): UnpackedQuery[] {
  const queries: UnpackedQuery[] = []
  unpackQueries(parcel, 'udp', (query) => queries.push(query))
  return queries
}

describe('parcels at their edges', () => {
  const peer = { transport: 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 4_053 } as const

  function make(limits = {}): { deferrals: Deferrals; parcels: ArrayBuffer[]; refused: () => number; budget: DeferralBudget } {
    const parcels: ArrayBuffer[] = []
    const budget = new DeferralBudget(limits)
    const counters = transportCounters()
    // as a port does: the memory goes with the parcel
    const post = (parcel: ArrayBuffer): number => parcels.push(structuredClone(parcel, { transfer: [parcel] }))
    return { deferrals: new Deferrals({ budget: budget.shared, post }, counters), parcels, budget, refused: () => counters[COUNTER.deferred] }
  }

  test('messages of every length come out whole, the longest among them', () => {
    const { deferrals, parcels } = make()
    const sizes = [...Array.from({ length: 40 }, (_, i) => i + 1), 511, 512, 513, 4_095, 4_096, MAX_MESSAGE_OCTETS - 1, MAX_MESSAGE_OCTETS]
    for (const size of sizes) assert.ok(deferrals.add(new Uint8Array(size).fill(size & 255), size, peer, size & 0x7fff) >= 0)
    deferrals.flush()
    const out = unpacked(parcels[0])
    assert.deepEqual(out.map(({ octets }) => octets.length), sizes)
    for (const { octets, place } of out) assert.ok(octets.every((octet) => octet === (octets.length & 255)) && place === (octets.length & 0x7fff))
  })

  test('what has been handed on is nobody\'s any more: later parcels stand in other memory', () => {
    fc.assert(fc.property(fc.array(fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 8 }), { minLength: 2, maxLength: 6 }), (rounds) => {
      const { deferrals, parcels } = make()
      for (const [round, sizes] of rounds.entries()) {
        for (const size of sizes) deferrals.add(new Uint8Array(size).fill(round + 1), size, peer, 0)
        deferrals.flush()
      }
      assert.equal(parcels.length, rounds.length)
      for (const [round, sizes] of rounds.entries()) {
        const out = unpacked(parcels[round])
        assert.deepEqual(out.map(({ octets }) => octets.length), sizes)
        assert.ok(out.every(({ octets }) => octets.every((octet) => octet === round + 1)))
      }
    }), { numRuns: 30 })
  })

  test('a parcel is at most twice as long as what it holds, and a small one 4,096 octets', () => {
    for (const count of [1, 2, 10, 100, 1_000]) {
      const { deferrals, parcels } = make()
      for (let i = 0; i < count; i++) deferrals.add(new Uint8Array(60), 60, peer, 0)
      deferrals.flush()
      assert.ok(parcels[0].byteLength <= Math.max(4_096, 2 * count * 140 + 4), `${parcels[0].byteLength} octets for ${count} messages`)
    }
  })

  test('one that finds no room at the core leaves the parcel as it was', () => {
    const { deferrals, parcels, budget, refused } = make({ networkMessages: 3 })
    const places = Array.from({ length: 6 }, (_, i) => deferrals.add(Uint8Array.of(i, 1, 2), 3, peer, i))
    assert.deepEqual(places.map((at) => at >= 0), [true, true, true, false, false, false])
    deferrals.flush()
    assert.deepEqual(unpacked(parcels[0]).map(({ octets: [first] }) => first), [0, 1, 2])
    assert.deepEqual([budget.messages, refused()], [3, 3])
    deferrals.flush()
    assert.equal(parcels.length, 1, 'and there is nothing more to hand on')
    budget.giveBack(peer.address, 3)
    assert.ok(deferrals.add(Uint8Array.of(9, 1, 2), 3, peer, 0) >= 0, 'released is free again')
  })

  test('answers keep their order over parcels, for whatever slots they are', () => {
    const parcels: ArrayBuffer[] = []
    const due: (() => void)[] = []
    const returns = new Returns((parcel) => parcels.push(structuredClone(parcel, { transfer: [parcel] })), (run) => due.push(run))
    const sent: number[] = []
    for (let i = 0; i < 500; i++) {
      returns.add(i % 7, i, i % 5 === 0 ? undefined : new Uint8Array(1 + (i % 3_000)), i % 2 === 0 ? CALL.more : CALL.last)
      sent.push(i)
      if (i % 37 === 0) due.shift()?.()
    }
    for (const run of due) run()
    const came: number[] = []
    for (const parcel of parcels) {
      unpackAnswers(parcel, (slot, life, octets, call) => {
        assert.deepEqual([slot, octets?.length, call], [life % 7, life % 5 === 0 ? undefined : 1 + (life % 3_000), life % 2 === 0 ? CALL.more : CALL.last])
        came.push(life)
      })
    }
    assert.deepEqual([came, parcels.length > 10], [sent, true])
  })
})

/** The queue before signature checks: how many run, how many wait, and that one network cannot keep the others out (the class of CVE-2024-1975). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CheckQueue, networkOf } from '../../src/dnssec/check-queue.ts'

/** A queue whose checks end when they are told to. */
function gated(bounds: { atOnce?: number; waiting?: number; perNetwork?: number }) {
  const queue = new CheckQueue({ atOnce: 1, waiting: 100, perNetwork: 100, ...bounds })
  const started: string[] = []
  const ends: (() => void)[] = []
  const add = (name: string, network = name[0]): Promise<string> | undefined =>
    queue.run(network, () => {
      started.push(name)
      return new Promise((resolve) => ends.push(() => resolve(name)))
    })
  /** Ends the check that has run longest, and lets what follows happen. */
  const end = async (): Promise<void> => {
    ends.shift()?.()
    for (let i = 0; i < 5; i++) await Promise.resolve()
  }
  return { queue, started, ends, add, end }
}

test('as many run as may, the others wait for their turn', async () => {
  const { add, started, end, queue } = gated({ atOnce: 2 })
  for (const name of ['a1', 'a2', 'a3']) assert.ok(add(name) !== undefined)
  assert.deepEqual([started, queue.size], [['a1', 'a2'], 3])
  await end()
  assert.deepEqual([started, queue.size], [['a1', 'a2', 'a3'], 2])
  await end()
  await end()
  assert.equal(queue.size, 0)
})

test('networks take turns: who asks once waits for one check of each other network, not for all of a flood', async () => {
  const { add, started, end } = gated({})
  for (const name of ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'c1']) void add(name)
  for (let i = 0; i < 6; i++) await end()
  assert.deepEqual(started, ['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4'])
})

test('a network that has its share waiting is turned away, and another is not', () => {
  const { add, queue } = gated({ perNetwork: 2 })
  assert.ok([add('a1'), add('a2'), add('a3')].every((one) => one !== undefined))
  assert.equal(add('a4'), undefined)
  assert.ok(add('b1') !== undefined)
  assert.equal(queue.refused, 1)
})

test('when all places are taken everybody is turned away, until one is free', async () => {
  const { add, end } = gated({ waiting: 2 })
  assert.ok([add('a1'), add('b1'), add('c1')].every((one) => one !== undefined))
  assert.equal(add('d1'), undefined)
  await end()
  assert.ok(add('d1') !== undefined)
})

test('each check gives its own result, and one that fails does not stop the queue', async () => {
  const queue = new CheckQueue({ atOnce: 1 })
  const results = await Promise.allSettled([queue.run('a', () => Promise.resolve(1)), queue.run('a', () => Promise.reject(new Error('no'))), queue.run('b', () => Promise.resolve(3))])
  assert.deepEqual(results.map((one) => (one.status === 'fulfilled' ? one.value : 'failed')), [1, 'failed', 3])
  assert.equal(queue.size, 0)
})

test('property: never more run than may, none is lost, and the order within a network is kept', async () => {
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 40 }), async (atOnce, networks) => {
    const queue = new CheckQueue({ atOnce, waiting: 1_000, perNetwork: 1_000 })
    let running = 0
    const order = new Map<number, number[]>()
    await Promise.all(networks.map(async (network, i) => queue.run(String(network), async () => {
      assert.ok(++running <= atOnce)
      order.set(network, [...(order.get(network) ?? []), i])
      await Promise.resolve()
      running--
    })))
    assert.equal([...order.values()].flat().length, networks.length)
    for (const indices of order.values()) assert.deepEqual(indices, indices.toSorted((a, b) => a - b))
  }), { numRuns: 100 })
})

test('clients are counted by /24 and /56', () => {
  assert.equal(networkOf(Uint8Array.of(192, 0, 2, 1)), networkOf(Uint8Array.of(192, 0, 2, 254)))
  assert.notEqual(networkOf(Uint8Array.of(192, 0, 2, 1)), networkOf(Uint8Array.of(192, 0, 3, 1)))
  const six = (seventh: number, eighth: number): Uint8Array => Uint8Array.of(0x20, 1, 0xd, 0xb8, 0, 0, seventh, eighth, 0, 0, 0, 0, 0, 0, 0, 1)
  assert.equal(networkOf(six(1, 2)), networkOf(six(1, 3)))
  assert.notEqual(networkOf(six(1, 2)), networkOf(six(2, 2)))
})

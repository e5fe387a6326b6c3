/**
 * Nobody waits for anybody: what a network that floods the core costs the others, in turns, in octets and in memory,
 * against the numbers of limits.ts. Time is moved by hand, so that what is counted is exact.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { RCODE } from '../../src/dns/codes.ts'
import {
  CORE_BURST_OCTETS, CORE_MESSAGE_OCTETS, CORE_MESSAGES_PER_TURN, CORE_OCTETS_PER_SECOND, CORE_WAIT_MS, MAX_CORE_NETWORKS, MAX_CORE_RUNNING, MAX_DEFERRED_PER_NETWORK,
} from '../../src/dns/limits.ts'
import { Core, type CoreOptions } from '../../src/server/core.ts'
import { Counters } from '../../src/server/counters.ts'
import { FairQueue } from '../../src/server/fair-queue.ts'
import { NOW, tcp, udp } from './messages.ts'
import { adding, KEY, FORGER, signedBy, slowPath } from './slow-path.ts'

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const MESSAGE = adding(1)
const PRICE = MESSAGE.length + CORE_MESSAGE_OCTETS

interface Bench {
  core: Core
  clock: { ms: number }
  /** Moves time on, and runs what is due then. */
  advance(ms: number): Promise<void>
}

/** A core that answers every update with `rcode`. */
function benchOf(options: Partial<CoreOptions> & { rcode?: number } = {}): Bench {
  const { rcode = RCODE.REFUSED, ...rest } = options
  const clock = { ms: 0 }
  let timers: { atMs: number; run: () => void }[] = []
  const core = new Core({
    handlers: { update: () => Promise.resolve({ rcode }) },
    counters: new Counters(), nowSeconds: () => NOW, nowMs: () => clock.ms, soon: (run) => setImmediate(run),
    after: (ms, run) => timers.push({ atMs: clock.ms + ms, run }), onFault: (fault) => assert.fail(String(fault)), ...rest,
  })
  const advance = async (ms: number): Promise<void> => {
    clock.ms += ms
    const due = timers.filter(({ atMs }) => atMs <= clock.ms)
    timers = timers.filter(({ atMs }) => atMs > clock.ms)
    for (const { run } of due) run()
    // until nothing moves any more
    for (let size = -1, still = 0; still < 3; still = size === core.size ? still + 1 : 0, size = core.size) await tick()
  }
  return { core, clock, advance }
}

/** Hands over an update from an address; `done` is told when it has its reply. */
function hand(core: Core, address: readonly number[], done: () => void = () => undefined, octets: Uint8Array = MESSAGE, transport: 'udp' | 'tcp' = 'tcp'): Promise<void> {
  return core.handle({ octets, peer: { ...udp, address: Uint8Array.from(address), transport }, reply: done, drop: () => assert.fail('dropped') })
}

describe('turns', () => {
  test('whatever others push, one who asks for little is served within a round of the lines', () => {
    const flood = fc.record({ line: fc.nat(5), count: fc.integer({ min: 1, max: 40 }), price: fc.integer({ min: 1, max: 2_000 }) })
    fc.assert(fc.property(fc.array(fc.tuple(fc.array(flood, { maxLength: 4 }), fc.nat(200)), { minLength: 5, maxLength: 40 }), (rounds) => {
      const queue = new FairQueue<string>({ perSecond: 10_000, burst: 20_000 })
      let nowMs = 0
      for (const [floods, restMs] of rounds) {
        nowMs += restMs
        for (const { line, count, price } of floods) for (let i = 0; i < count; i++) queue.push(`flood ${line}`, price, 'flood', nowMs)
        queue.push('modest', 1, 'modest', nowMs)
        let taken = 0
        while (queue.shift(nowMs) !== 'modest') assert.ok(++taken <= 6, 'more than one of each of the six lines came first')
      }
    }), { numRuns: 200 })
  })

  test('lines that have work and allowance are served alike, however unlike their queues are', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 50, max: 500 }), { minLength: 2, maxLength: 8 }), (lengths) => {
      const queue = new FairQueue<number>({ burst: 1e9 })
      for (const [line, length] of lengths.entries()) for (let i = 0; i < length; i++) queue.push(String(line), 1, line, 0)
      const served = lengths.map(() => 0)
      for (let i = 0; i < 50 * lengths.length; i++) served[queue.shift(0)!]++
      assert.deepEqual(served, lengths.map(() => 50))
    }), { numRuns: 50 })
  })

  test('a client that asks one at a time is answered among a flood, whatever it is of, after a turn of it at most', async () => {
    const address = fc.tuple(fc.constant(198), fc.constant(51), fc.nat(7), fc.nat(255))
    const property = fc.asyncProperty(fc.array(address, { minLength: 50, maxLength: 400 }), async (flood) => {
      const { core, advance } = benchOf({ rcode: RCODE.NOERROR })
      let flooded = 0
      const all = flood.map((from) => hand(core, from, () => flooded++))
      for (let i = 0; i < 5; i++) {
        const before = flooded
        await hand(core, [192, 0, 2, 1])
        assert.ok(flooded - before <= 2 * CORE_MESSAGES_PER_TURN, `${flooded - before} of the flood came before it`)
      }
      await advance(0)
      await Promise.all(all)
      assert.equal(flooded, flood.length)
    })
    await fc.assert(property, { numRuns: 20 })
  })
})

describe('networks', () => {
  /** Spends the allowance of `from` and tells whether a message of `other` has to wait for it. */
  async function share(from: readonly number[], other: readonly number[]): Promise<boolean> {
    const { core, advance } = benchOf({ limits: { burst: 3 * PRICE, perSecond: PRICE } })
    for (let i = 0; i < 6; i++) void hand(core, from)
    await advance(0)
    let isAnswered = false
    void hand(core, other, () => (isAnswered = true))
    await advance(0)
    return !isAnswered
  }

  const six = (...groups: number[]): number[] => [0x20, 1, 0xd, 0xb8, ...groups, ...Array<number>(12 - groups.length).fill(1)]
  const cases: [title: string, from: number[], other: number[], isOne: boolean][] = [
    ['the same address', [192, 0, 2, 1], [192, 0, 2, 1], true],
    ['addresses of one /24 of IPv4', [192, 0, 2, 1], [192, 0, 2, 255], true],
    ['neighbours of two /24', [192, 0, 2, 255], [192, 0, 3, 0], false],
    ['addresses of one /56 of IPv6', six(0, 0, 0, 0), six(0, 0, 0, 0xff), true],
    ['neighbours of two /56', six(0, 0, 0, 0), six(0, 0, 1, 0), false],
    ['IPv4 and an IPv6 that starts alike', [0x20, 1, 0xd, 0xb8], six(0, 0, 0, 0), false],
  ]
  for (const [title, from, other, isOne] of cases) test(`${title} are ${isOne ? 'one network' : 'two'}`, async () => assert.equal(await share(from, other), isOne))

  test('the port and the transport make no other network', async () => {
    const { core, advance } = benchOf({ limits: { burst: 3 * PRICE, perSecond: PRICE } })
    let answered = 0
    for (let i = 0; i < 10; i++) void core.handle({ octets: MESSAGE, peer: { transport: i % 2 === 0 ? 'udp' : 'tcp', address: Uint8Array.of(192, 0, 2, 1), port: 1_024 + i }, reply: () => answered++, drop: () => assert.fail('dropped') })
    await advance(0)
    assert.ok(answered < 6, `${answered} answered`)
  })
})

describe('what is wasted', () => {
  test('is bounded by CORE_BURST_OCTETS and CORE_OCTETS_PER_SECOND, and used up to them', async () => {
    const { core, advance } = benchOf()
    const octets = Buffer.concat([MESSAGE, Buffer.alloc(60_000)]) // FORMERR
    const price = octets.length + CORE_MESSAGE_OCTETS
    let answered = 0
    const offered = 500
    const all = Array.from({ length: offered }, () => hand(core, [192, 0, 2, 1], () => answered++, octets))
    let [ms, last] = [0, -1]
    for (; answered < offered; ms += 500) {
      const most = (CORE_BURST_OCTETS + (CORE_OCTETS_PER_SECOND * ms) / 1_000) / price
      await advance(ms === 0 ? 0 : 500)
      assert.ok(answered <= most + 1, `${answered} answered after ${ms} ms, at most ${most} may be`)
      assert.ok(answered > last, 'it goes on all the time')
      last = answered
      if (ms === 5_000) assert.ok(answered >= most - 10, `${answered} of ${most}`)
    }
    await Promise.all(all)
  })

  test('a network that signs wrongly waits for its allowance while one that signs rightly in the same flood never does', async () => {
    const path = await slowPath({ core: { limits: { burst: 20_000, perSecond: 1 } }, keys: [KEY] })
    const answered = { forger: 0, holder: 0 }
    for (let id = 1; id <= 100; id++) {
      const peer = (last: number): typeof udp => ({ ...tcp, address: Uint8Array.of(203, 0, 113 + last, 9), port: 1_024 + id })
      void path.send(signedBy(adding(id), FORGER), peer(1)).then(() => answered.forger++)
      void path.send(signedBy(adding(id)), peer(0)).then(() => answered.holder++)
    }
    for (let i = 0; i < 1_000 && answered.holder < 100; i++) await tick()
    assert.equal(answered.holder, 100)
    assert.ok(answered.forger >= 10 && answered.forger <= 20, `${answered.forger} of the forger's were looked at`)
  })

  test('a burst holds more than a network may have waiting, so that nobody who is honest and quick rests', () => {
    assert.ok(CORE_BURST_OCTETS / MAX_DEFERRED_PER_NETWORK > CORE_MESSAGE_OCTETS + 512, 'limits.ts says why')
  })
})

describe('what is under way', () => {
  test('is bounded by MAX_CORE_RUNNING, and the rest begins as it ends', async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    let begun = 0
    const core = new Core({
      handlers: { update: async () => {
        begun++
        await held
        return { rcode: RCODE.NOERROR }
      } },
      counters: new Counters(), nowSeconds: () => NOW, nowMs: () => 0, soon: (run) => setImmediate(run), after: () => undefined, onFault: () => undefined,
    })
    const all = Array.from({ length: MAX_CORE_RUNNING + 500 }, (_, i) => hand(core, [10, i >> 8, i & 255, 1]))
    for (let i = 0; i < 2 * (MAX_CORE_RUNNING / CORE_MESSAGES_PER_TURN); i++) await tick()
    assert.deepEqual([begun, core.size], [MAX_CORE_RUNNING, MAX_CORE_RUNNING + 500])
    release()
    await Promise.all([...all, core.idle()])
    assert.deepEqual([begun, core.size], [MAX_CORE_RUNNING + 500, 0])
  })

  test('a datagram is dropped after CORE_WAIT_MS and not before', async () => {
    const { core, clock } = benchOf()
    const fates: string[] = []
    const send = (name: string): Promise<void> => core.handle({ octets: MESSAGE, peer: udp, reply: () => fates.push(`${name} answered`), drop: () => fates.push(`${name} dropped`) })
    const early = send('early')
    clock.ms += 1
    const late = send('late')
    clock.ms += CORE_WAIT_MS
    await Promise.all([early, late])
    assert.deepEqual(fates, ['early dropped', 'late answered'])
  })
})

describe('memory', () => {
  test('networks beyond MAX_CORE_NETWORKS that all wait cost each newcomer no look at all of them', () => {
    const queue = new FairQueue<number>()
    const count = MAX_CORE_NETWORKS + 30_000
    const began = performance.now()
    for (let i = 0; i < count; i++) queue.push(`network ${i}`, PRICE, i, 0)
    const tookMs = performance.now() - began
    assert.ok(tookMs < 3_000, `${Math.round(tookMs)} ms`) // 50 ms; a look for each takes a minute
    for (let i = 0; i < count; i++) assert.equal(queue.shift(0), i)
    assert.equal(queue.size, 0)
  })

  test('a flood of networks that each waste one message leaves a modest one its turn', async () => {
    const { core, advance } = benchOf()
    for (let i = 0; i < 2_000; i++) void hand(core, [10, i >> 8, i & 255, 1])
    let answered = false
    void hand(core, [192, 0, 2, 1], () => (answered = true))
    await advance(0)
    assert.deepEqual([answered, core.size], [true, 0])
  })
})

/** The end of an RRset that several leases share (RFC 9664 7), told to the zone without a look at those that did not move. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { registerMessage } from '../../../src/client/registration.ts'
import { MAX_BOUNDED_RECORDS, SRP_LEASE_SECONDS } from '../../../src/dns/limits-discovery.ts'
import type { Message } from '../../../src/dns/message.ts'
import type { Space } from '../../../src/update/contract.ts'
import { fileOf, imageOf, MapKeeper, signed } from '../../update/support.ts'
import { endOf, garden, type Garden } from '../support.ts'

const CAPABILITIES = ['v1.a.text', 'v1.b.text'] as const
const AGENTS = 5

/** Counts what is read. */
class CountingKeeper extends MapKeeper {
  reads = 0

  override get(space: Space, key: Uint8Array): Uint8Array | undefined {
    this.reads++
    return super.get(space, key)
  }
}

function registration(agent: number, capabilities: readonly string[], seconds: number): Message {
  const offered = capabilities.map((name) => ({ name }))
  return registerMessage({ provider: 'example.', id: `agent${agent}`, addresses: [`192.0.2.${agent}`], capabilities: offered }, { lease: seconds, keyLease: seconds }, 1)
}

const register = async (running: Garden, agent: number, capabilities: readonly string[], seconds: number): Promise<number> =>
  (await running.judge(registration(agent, capabilities, seconds), signed())).rcode

const endAt = (running: Garden, capability: string): number => endOf(running.zone.image, `${capability}._cap.example.`, 'AGENT')

/** What a run consists of: one agent registers anew or renews with some of the capabilities, withdraws, or time passes. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ agent: fc.nat(AGENTS - 1), offered: fc.subarray([0, 1]), seconds: fc.integer({ min: 30, max: 90 }) }) },
  { weight: 1, arbitrary: fc.record({ agent: fc.nat(AGENTS - 1), offered: fc.constant([]), seconds: fc.constant(0) }) },
  { weight: 2, arbitrary: fc.record({ pass: fc.integer({ min: 1, max: 40 }) }) },
)

/** The same told by hand: of each agent when its lease ends, and what it has offered so far. */
class Model {
  private now = 0
  private readonly agents = new Map<number, { end: number; offered: Set<number> }>()

  pass(seconds: number): void {
    this.now += seconds
    for (const [agent, { end }] of this.agents) if (end <= this.now) this.agents.delete(agent)
  }

  register(agent: number, offered: readonly number[], seconds: number): void {
    if (seconds === 0) return void this.agents.delete(agent)
    const before = this.agents.get(agent)?.offered ?? []
    this.agents.set(agent, { end: this.now + seconds, offered: new Set([...before, ...offered]) })
  }

  endAt(capability: number): number {
    const ends = [...this.agents.values()].filter(({ offered }) => offered.has(capability)).map(({ end }) => end)
    return ends.length === 0 ? 0 : Math.min(...ends)
  }
}

test('RFC 9664 7: whoever registers, renews, withdraws or lets it end, alone or in one batch with others, an RRset ends with the first of its leases', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 }), async (batches) => {
      const running = await garden()
      const model = new Model()
      for (const batch of batches) {
        // what comes before time passes is submitted at once, so that it is judged as one batch
        let waiting: Promise<number>[] = []
        for (const one of batch) {
          if ('pass' in one) {
            await Promise.all(waiting)
            waiting = []
            await running.pass(one.pass)
            model.pass(one.pass)
          } else {
            waiting.push(register(running, one.agent, one.offered.map((i) => CAPABILITIES[i]), one.seconds))
            model.register(one.agent, one.offered, one.seconds)
          }
        }
        assert.deepEqual((await Promise.all(waiting)).filter((rcode) => rcode !== 0), [])
        for (const [i, capability] of CAPABILITIES.entries()) if (running.at(' AGENT ').some((line) => line.startsWith(capability))) assert.equal(endAt(running, capability), model.endAt(i), capability)
      }
    }),
    { numRuns: 60 },
  )
})

test('a record that joins many is told of without a look at theirs; the first to end is, when it is renewed', async () => {
  const keeper = new CountingKeeper()
  const running = await garden({ keeper })
  const readsOf = async (agent: number, seconds: number): Promise<number> => {
    const before = keeper.reads
    assert.equal(await register(running, agent, ['v1.a.text'], seconds), 0)
    return keeper.reads - before
  }
  const joining: number[] = []
  for (let agent = 1; agent < MAX_BOUNDED_RECORDS; agent++) joining.push(await readsOf(agent, 1_000 + agent))
  assert.deepEqual([endAt(running, 'v1.a.text'), joining.at(-1)], [1_001, joining[1]], 'the fifteenth costs what the second did')
  const renewed = await readsOf(7, 2_000)
  assert.ok(renewed < MAX_BOUNDED_RECORDS, `${renewed} reads`)
  assert.equal(endAt(running, 'v1.a.text'), 1_001)
  assert.ok((await readsOf(1, 2_000)) > MAX_BOUNDED_RECORDS)
  assert.equal(endAt(running, 'v1.a.text'), 1_002)
})

test('a set that more share than are looked at has no end; when few are left it has one again', async () => {
  const running = await garden()
  for (let agent = 1; agent <= MAX_BOUNDED_RECORDS + 1; agent++) await register(running, agent, ['v1.a.text'], 100 + agent)
  assert.equal(endAt(running, 'v1.a.text'), 0)
  await register(running, 5, ['v1.a.text'], 3_000)
  assert.equal(endAt(running, 'v1.a.text'), 0)
  await register(running, 9, [], 0)
  assert.equal(endAt(running, 'v1.a.text'), 101)
})

test('records of one agent at one name end together, those of an ordinary lease beside them in their own time', async () => {
  const running = await garden()
  const addresses = ['192.0.2.1', '192.0.2.2']
  const message = (seconds: number): Message => registerMessage({ provider: 'example.', id: 'two', addresses, capabilities: [{ name: 'v1.a.text' }] }, { lease: seconds, keyLease: SRP_LEASE_SECONDS }, 1)
  const ends = (): number[] => [endOf(running.zone.image, 'two._sa.example.', 'A'), endAt(running, 'v1.a.text')]
  await running.judge(message(60))
  assert.deepEqual(ends(), [60, 60])
  await running.judge(message(300))
  assert.deepEqual(ends(), [300, 300])
  await running.lease('add v1.a.text._cap.example. 60 AGENT 1 elsewhere.example.', { lease: 100 })
  assert.deepEqual(ends(), [300, 100])
  await running.judge(message(600))
  assert.deepEqual(ends(), [600, 100])
})

test('a record without a lease bounds nothing, and is not bounded alone by who joins it', async () => {
  const running = await garden({ text: '@ 3600 SOA ns hostmaster 7 1h 10m 1d 5m\n@ 3600 NS ns\nv1.a.text._cap 60 AGENT 1 fixed._sa.example.\nns 60 A 192.0.2.1\n' })
  await register(running, 1, ['v1.a.text'], 80)
  await register(running, 2, ['v1.a.text'], 70)
  assert.equal(endAt(running, 'v1.a.text'), 70)
  await register(running, 2, ['v1.a.text'], 400)
  assert.equal(endAt(running, 'v1.a.text'), 80)
})

test('a zone that is loaded again has the same ends, and looks up no lease for them', async () => {
  const text = '@ 3600 SOA ns hostmaster 7 1h 10m 1d 5m\n@ 3600 NS ns\nv1.b.text._cap 60 AGENT 1 fixed._sa.example.\nns 60 A 192.0.2.1\n'
  const keeper = new CountingKeeper()
  const running = await garden({ keeper, text })
  for (let agent = 1; agent < 12; agent++) await register(running, agent, agent % 2 === 0 ? CAPABILITIES : [CAPABILITIES[0]], 100 + ((agent * 7) % 11))
  const ends = (): number[] => [endAt(running, CAPABILITIES[0]), endAt(running, CAPABILITIES[1]), ...Array.from({ length: 11 }, (_, i) => endOf(running.zone.image, `agent${i + 1}._sa.example.`, 'A'))]
  const before = ends()
  assert.equal(before[0], 100)
  const reads = keeper.reads
  await reload({ zone: running.zone, file: fileOf(imageOf(text), text), text })
  assert.deepEqual(ends(), before)
  assert.ok(keeper.reads - reads < 11, `${keeper.reads - reads} reads for 11 leases`)
})

/** Reads the zone's file, which is as it was, again. */
async function reload({ zone, file, text }: { zone: Garden['zone']; file: ReturnType<typeof fileOf>; text: string }): Promise<void> {
  const release = await zone.queue.hold()
  await zone.open(imageOf(text), file)
  release()
}

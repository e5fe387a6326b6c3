/** One thread changes the index while another looks names up: each lookup finds what one commit left, at capabilities and at their ancestors. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import { Name } from '../../../src/dns/name.ts'
import { agentName, agentRdata, chance, SEED } from './hive.ts'

const CAPABILITIES = ['v1.a.x', 'v2.a.x', 'v1.b.x', 'v1.c'].map((labels) => `${labels}._cap.acme.example.`)
const LETTERS = 'abcd'
/** What a reader asks for, and whose agents it may find there. */
const NAMES = [
  ...CAPABILITIES.map((name, i) => ({ name, letters: LETTERS[i] })),
  { name: 'a.x._cap.acme.example.', letters: 'ab' }, { name: 'x._cap.acme.example.', letters: 'abc' }, { name: '_cap.acme.example.', letters: LETTERS },
]
const ENOUGH = 3_000
const PATIENCE_MS = 40_000

interface Seen {
  whole: number
  discarded: number
  torn: string[]
}

/** Pairs come and go, some commits with one pair and some with many; what stands between them is time for the reader to finish. */
function churn(registrar: Registrar, state: Int32Array): number {
  const random = chance(11)
  const until = performance.now() + PATIENCE_MS
  const there = new Set<string>()
  let changes = 0
  while ((changes < ENOUGH || Atomics.load(state, 1) < ENOUGH) && performance.now() < until) {
    const which = Math.floor(random() * CAPABILITIES.length)
    const owner = Name.parse(CAPABILITIES[which]).wire
    const label = `${LETTERS[which]}${Math.floor(random() * 30)}`
    const isThere = there.has(label)
    for (const side of ['l', 'r']) {
      if (isThere) assert.ok(registrar.remove(owner, agentName(label + side)))
      else assert.equal(registrar.put({ owner, rdata: agentRdata(label + side, `region=r${changes % 50} cost=1`), ttl: 60, leaseEndMs: Infinity }), 'added')
    }
    if (isThere) there.delete(label)
    else there.add(label)
    changes++
    if (random() < 0.5) registrar.commit()
    if (random() < 0.3) Atomics.wait(state, 2, 0, 0.05)
  }
  return changes
}

test('a reader on another thread finds pairs whole, each agent once, and nobody of another capability', async () => {
  const registrar = new Registrar(SEED, () => assert.fail('the table must not move under the reader'), 1_024, 1_000_000)
  const state = new Int32Array(new SharedArrayBuffer(12))
  const worker = new Worker(new URL('./pairs-reader.js', import.meta.url), { workerData: { buffer: registrar.table.buffer, state, names: NAMES } })
  const done = new Promise<Seen>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  await new Promise((resolve) => worker.once('online', resolve))
  const changes = churn(registrar, state)
  Atomics.store(state, 0, 1)
  const seen = await done
  assert.deepEqual(seen.torn, [])
  assert.ok(changes >= ENOUGH, `only ${changes} changes`)
  assert.ok(seen.whole >= ENOUGH, `only ${seen.whole} lookups, ${seen.discarded} discarded`)
})

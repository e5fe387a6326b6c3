/**
 * One thread writes candidates while another ranks them: the reader never takes half of a change, nor an agent of another
 * capability whose slot was used again, and does not stand still.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Registrar } from '../../../src/discovery/ranking/registrar.ts'
import { Sensing } from '../../../src/discovery/ranking/sensing.ts'
import { Name } from '../../../src/dns/name.ts'
import { agentName, agentRdata, chance, SEED } from './hive.ts'

/** What must have happened before the two are stopped, and when waiting for it is given up. */
const ENOUGH = 2_000
const PATIENCE_MS = 40_000
const CAPABILITIES = ['v1.a._cap.acme.example.', 'v1.b._cap.acme.example.', 'v1.c._cap.acme.example.']

interface Seen {
  answers: number
  rounds: number
  discarded: number
  torn: string[]
}

/** Changes the table at random until there were enough changes, and enough answers that the reader judged: agents come with new claims, report, and go. */
function churn(registrar: Registrar, answers: () => number): number {
  const random = chance(3)
  const sensing = new Sensing(registrar)
  const until = performance.now() + PATIENCE_MS
  let changes = 0
  while ((changes < ENOUGH || answers() < ENOUGH) && performance.now() < until) {
    const which = Math.floor(random() * 3)
    const owner = Name.parse(CAPABILITIES[which]).wire
    const label = `${'abc'[which]}${Math.floor(random() * 12)}`
    const number = 1 + Math.floor(random() * 4_000_000) % 60_000
    const dice = random()
    if (dice < 0.2) registrar.remove(owner, agentName(label))
    else if (dice < 0.4) sensing.report(registrar.slotOf(owner, agentName(label)), { active: number % 7 }, 1_800_000_000_000 + changes)
    else registrar.put({ owner, rdata: agentRdata(label, `weight=${number} cost=${number / 1_000} endpoint=x:x${number}y${'z'.repeat(number % 40)}`), ttl: 60, leaseEndMs: Infinity })
    if (dice > 0.5) registrar.commit()
    changes++
  }
  return changes
}

test('a reader on another thread never sees half of a change', async () => {
  const registrar = new Registrar(SEED, () => assert.fail('the table must not move under the reader'), 256, 200_000)
  for (const [i, capability] of CAPABILITIES.entries()) registrar.put({ owner: Name.parse(capability).wire, rdata: agentRdata(`${'abc'[i]}0`, 'weight=5 cost=0.005 endpoint=x:x5y'), ttl: 60, leaseEndMs: Infinity })
  registrar.commit()
  const stop = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(new URL('./torn-reader.js', import.meta.url), { workerData: { buffer: registrar.table.buffer, stop, capabilities: CAPABILITIES } })
  const done = new Promise<Seen>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  await new Promise((resolve) => worker.once('online', resolve))
  const changes = churn(registrar, () => Atomics.load(stop, 1))
  Atomics.store(stop, 0, 1)
  const seen = await done
  assert.deepEqual(seen.torn, [])
  assert.ok(changes >= ENOUGH, `only ${changes} changes`)
  assert.ok(seen.answers >= ENOUGH, `only ${seen.answers} answers in ${seen.rounds} rounds`)
})

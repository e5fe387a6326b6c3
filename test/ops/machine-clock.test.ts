/** The clocks of threads: one beginning for all, and one reading for a batch. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { THREAD_CLOCK_STEP_MS } from '../../src/dns/limits.ts'
import { BatchClock, machineMs, questionClock } from '../../src/ops/machine-clock.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

test('every thread counts from the same moment', async () => {
  const before = machineMs()
  const worker = new Worker(`import('${new URL('../../src/ops/machine-clock.js', import.meta.url).href}').then(({ machineMs }) => require('node:worker_threads').parentPort.postMessage(machineMs()))`, { eval: true })
  const told = await new Promise<number>((resolve) => worker.once('message', resolve))
  assert.ok(before <= told && told <= machineMs(), `${before} ${told}`)
  await worker.terminate()
})

test('within a batch time stands still, and both ends of it move it on', async () => {
  const clock = new BatchClock()
  const begun = clock.nowMs()
  await sleep(5)
  assert.deepEqual([clock.machineMs(), clock.machineMs()], [begun, begun])
  assert.equal(clock.unixMs(), clock.unixMs())
  const ended = clock.nowMs()
  assert.ok(ended > begun)
  assert.equal(clock.machineMs(), ended)
})

test('it tells what the clocks of a question tell', () => {
  const clock = new BatchClock()
  for (let i = 0; i < 1_000; i++) {
    const [machine, unix] = [questionClock.machineMs(), questionClock.unixMs()]
    clock.nowMs()
    assert.ok(clock.machineMs() >= machine && clock.machineMs() - machine < 1_000)
    assert.ok(Math.abs(clock.unixMs() - unix) < 1_000)
  }
})

test('a wall clock that jumps is followed at the next look, and the monotonic one does not move by it', async (t) => {
  const clock = new BatchClock()
  const real = Date.now
  const before = clock.nowMs()
  t.mock.method(Date, 'now', () => real() + 3_600_000)
  clock.nowMs()
  await sleep(2 * THREAD_CLOCK_STEP_MS)
  clock.nowMs()
  assert.ok(Math.abs(clock.unixMs() - real() - 3_600_000) < 1_000)
  assert.ok(clock.machineMs() - before < 60_000)
  t.mock.method(Date, 'now', () => real() - 3_600_000)
  await sleep(2 * THREAD_CLOCK_STEP_MS)
  clock.nowMs()
  assert.ok(Math.abs(clock.unixMs() - real() + 3_600_000) < 1_000)
})

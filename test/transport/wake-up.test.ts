/** Waking a thread that sleeps in epoll_wait: at once, from another thread, once for many rings, and never for nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Epoll } from '../../src/transport/epoll.ts'
import { loadLibc } from '../../src/transport/libc.ts'
import { canUseEpoll } from '../../src/transport/tcp-epoll.ts'
import { openWakeUp, WakeUp } from '../../src/transport/wake-up.ts'
import type { BellWorkerData } from './bell-worker.ts'

const usable = canUseEpoll()
const EPOLLIN = 1
const SLOT = 7

describe('a wake-up', { skip: usable.usable ? false : `SKIPPED: ${usable.reason}` }, () => {
  let fd: number
  let epoll: Epoll
  let bell: WakeUp

  beforeEach(() => {
    fd = openWakeUp()
    epoll = new Epoll(loadLibc())
    bell = new WakeUp(fd)
    assert.ok(epoll.add(fd, EPOLLIN, SLOT, 1))
  })

  afterEach(() => {
    epoll.end()
    loadLibc().close(fd)
  })

  /** Sleeps; how long it took and whether it was woken. */
  function sleep(timeoutMs: number): { woken: boolean; tookMs: number } {
    const began = performance.now()
    const count = epoll.wait(timeoutMs)
    return { woken: count === 1 && epoll.slot(0) === SLOT, tookMs: performance.now() - began }
  }

  test('a ring before the sleep ends it at once: none is lost between looking for mail and sleeping', () => {
    bell.ring()
    const { woken, tookMs } = sleep(2_000)
    assert.ok(woken && tookMs < 500, `${tookMs} ms`)
  })

  test('without a ring it sleeps as long as it was told to', () => {
    const { woken, tookMs } = sleep(50)
    assert.ok(!woken && tookMs >= 45, `${tookMs} ms`)
  })

  test('it is woken until it has heard, and then not again', () => {
    bell.ring()
    assert.deepEqual([sleep(0).woken, sleep(0).woken], [true, true])
    bell.clear()
    assert.equal(sleep(0).woken, false)
  })

  test('ten thousand rings are heard by one clear, and none of them waits', () => {
    const began = performance.now()
    for (let i = 0; i < 10_000; i++) bell.ring()
    assert.ok(performance.now() - began < 2_000)
    assert.equal(sleep(0).woken, true)
    bell.clear()
    assert.equal(sleep(0).woken, false)
  })

  test('to clear what was not rung does not block', () => {
    const began = performance.now()
    bell.clear()
    assert.ok(performance.now() - began < 500)
    bell.ring()
    assert.equal(sleep(0).woken, true)
  })

  test('each end may ring and clear, as both are of one number in the kernel', () => {
    const other = new WakeUp(fd)
    other.ring()
    assert.equal(sleep(0).woken, true)
    bell.clear()
    assert.equal(sleep(0).woken, false)
  })

  test('another thread wakes this one from a sleep of seconds, again and again', async () => {
    const rings = new Int32Array(new SharedArrayBuffer(8))
    const workerData: BellWorkerData = { fd, rings, count: 20 }
    const worker = new Worker(new URL('./bell-worker.js', import.meta.url), { workerData })
    await once(worker, 'message')
    const ended = once(worker, 'exit')
    for (let i = 1; i <= 20; i++) {
      Atomics.store(rings, 0, i) // now it may ring, a few milliseconds later
      Atomics.notify(rings, 0)
      const { woken, tookMs } = sleep(5_000)
      bell.clear()
      assert.ok(woken && tookMs < 2_500, `ring ${i}: ${tookMs} ms`)
      assert.equal(Atomics.load(rings, 1), i)
    }
    await ended
  })

  test('where the system gives none the reason is told', () => {
    const EMFILE = 24
    assert.throws(() => openWakeUp({ ...loadLibc(), eventfd: () => -1, errno: () => EMFILE }), /^Error: Cannot wake threads as the system gives no eventfd \(EMFILE\)$/)
  })
})

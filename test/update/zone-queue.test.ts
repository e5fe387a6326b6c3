/**
 * The queue of one zone: what arrives together is a batch, batches follow each other in order and never overlap (RFC 2136
 * 3.7), and whoever holds the queue has the zone for themselves.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_UPDATE_BATCH, MAX_WAITING_UPDATES } from '../../src/dns/limits.ts'
import { ZoneQueue } from '../../src/update/zone-queue.ts'

/** A queue whose batches end when the test says so. */
class Watched {
  readonly batches: number[][] = []
  /** Ends the batch under way; undefined where none is. */
  private finish: (() => void) | undefined
  private turns: (() => void)[] = []
  overlaps = 0
  /** How many batches there had been each time that none followed at once. */
  readonly rests: number[] = []
  readonly queue = new ZoneQueue<number>((batch) => this.carryOut(batch), (run) => void this.turns.push(run), () => void this.rests.push(this.batches.length))

  get isBusy(): boolean {
    return this.finish !== undefined
  }

  /** Lets all that was put off until later run, and what follows from it. */
  async turn(): Promise<void> {
    for (const run of this.turns.splice(0)) run()
    await settled()
  }

  async end(): Promise<void> {
    const { finish } = this
    this.finish = undefined
    finish?.()
    await settled()
  }

  /** Runs until nothing more happens. */
  async drain(): Promise<void> {
    for (let idle = 0; idle < 2; idle++) {
      if (this.turns.length > 0 || this.isBusy) idle = -1
      await this.turn()
      await this.end()
    }
  }

  private carryOut(batch: number[]): Promise<void> {
    if (this.isBusy) this.overlaps++
    this.batches.push(batch)
    return new Promise((resolve) => (this.finish = resolve))
  }
}

/** After all promises that can be kept by now have been. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('a queue', () => {
  test('takes what has arrived by its turn as one batch, and what comes meanwhile as the next', async () => {
    const watched = new Watched()
    for (const job of [1, 2, 3]) assert.ok(watched.queue.submit(job))
    assert.deepEqual(watched.batches, [], 'nothing before its turn')
    await watched.turn()
    assert.deepEqual(watched.batches, [[1, 2, 3]])
    for (const job of [4, 5]) watched.queue.submit(job)
    await watched.turn()
    assert.deepEqual(watched.batches, [[1, 2, 3]], 'one batch at a time')
    assert.equal(watched.queue.length, 2)
    await watched.end()
    assert.deepEqual(watched.batches, [[1, 2, 3], [4, 5]])
    assert.deepEqual(watched.rests, [], 'another followed at once')
    await watched.drain()
    assert.deepEqual([watched.queue.length, watched.rests], [0, [2]])
  })

  test('goes on after it was idle', async () => {
    const watched = new Watched()
    for (const job of [1, 2, 3]) {
      watched.queue.submit(job)
      await watched.drain()
    }
    assert.deepEqual(watched.batches, [[1], [2], [3]])
  })

  const sizes: [jobs: number, batches: number[]][] = [
    [1, [1]],
    [MAX_UPDATE_BATCH, [MAX_UPDATE_BATCH]],
    [MAX_UPDATE_BATCH + 1, [MAX_UPDATE_BATCH, 1]],
    [MAX_UPDATE_BATCH * 3 - 1, [MAX_UPDATE_BATCH, MAX_UPDATE_BATCH, MAX_UPDATE_BATCH - 1]],
  ]
  for (const [jobs, batches] of sizes) {
    test(`makes batches of ${batches.join(', ')} of ${jobs} jobs`, async () => {
      const watched = new Watched()
      for (let job = 0; job < jobs; job++) watched.queue.submit(job)
      await watched.drain()
      assert.deepEqual(watched.batches.map(({ length }) => length), batches)
      assert.deepEqual(watched.batches.flat(), Array.from({ length: jobs }, (_, i) => i), 'in the order of their arrival')
    })
  }

  test('takes as many as may wait and not one more; those under way do not count', async () => {
    const watched = new Watched()
    for (let job = 0; job < MAX_WAITING_UPDATES; job++) assert.ok(watched.queue.submit(job), String(job))
    assert.equal(watched.queue.submit(-1), false)
    await watched.turn()
    for (let job = 0; job < MAX_UPDATE_BATCH; job++) assert.ok(watched.queue.submit(job), 'the first batch has made room')
    assert.equal(watched.queue.submit(-1), false)
    await watched.drain()
    assert.ok(!watched.batches.flat().includes(-1), 'what was not taken is not carried out')
  })
})

describe('a queue that is held', () => {
  test('waits for the batch under way and starts no other until it is let go', async () => {
    const watched = new Watched()
    watched.queue.submit(1)
    await watched.turn()
    const releases: (() => void)[] = []
    void watched.queue.hold().then((release) => releases.push(release))
    await settled()
    assert.equal(releases.length, 0, 'the batch is under way')
    watched.queue.submit(2)
    await watched.end()
    await watched.turn()
    assert.deepEqual([releases.length, watched.batches, watched.rests], [1, [[1]], [1]], 'held')
    releases[0]()
    await watched.drain()
    assert.deepEqual(watched.batches, [[1], [2]])
  })

  test('by two is let go by the second; a release that is called twice counts once', async () => {
    const watched = new Watched()
    const [first, second] = [await watched.queue.hold(), await watched.queue.hold()]
    watched.queue.submit(1)
    first()
    first()
    await watched.turn()
    assert.deepEqual(watched.batches, [])
    second()
    await watched.drain()
    assert.deepEqual(watched.batches, [[1]])
  })

  test('between the arrival of a job and its turn keeps the job for later', async () => {
    const watched = new Watched()
    watched.queue.submit(1)
    const release = await watched.queue.hold()
    await watched.turn()
    assert.deepEqual([watched.batches.length, watched.queue.length], [0, 1])
    release()
    await watched.drain()
    assert.deepEqual(watched.batches, [[1]])
  })

  test('gives up what waits to whoever clears it, and keeps nothing of it', async () => {
    const watched = new Watched()
    const release = await watched.queue.hold()
    for (const job of [1, 2]) watched.queue.submit(job)
    assert.deepEqual(watched.queue.clear(), [1, 2])
    assert.deepEqual([watched.queue.length, watched.queue.clear()], [0, []])
    watched.queue.submit(3)
    release()
    await watched.drain()
    assert.deepEqual(watched.batches, [[3]])
  })
})

test('whatever is done to a queue, jobs are carried out once, in order, in batches that never overlap', async () => {
  const step = fc.constantFrom('submit', 'turn', 'end', 'hold', 'release')
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    const watched = new Watched()
    const releases: (() => void)[] = []
    const holding: Promise<unknown>[] = []
    let jobs = 0
    for (const one of steps) {
      if (one === 'submit') watched.queue.submit(jobs++)
      else if (one === 'turn') await watched.turn()
      else if (one === 'end') await watched.end()
      else if (one === 'hold') holding.push(watched.queue.hold().then((release) => releases.push(release)))
      else releases.shift()?.()
    }
    await watched.drain()
    await Promise.all(holding)
    for (const release of releases) release()
    await watched.drain()
    assert.equal(watched.overlaps, 0)
    assert.deepEqual(watched.batches.flat(), Array.from({ length: jobs }, (_, i) => i))
  }), { numRuns: 200 })
})

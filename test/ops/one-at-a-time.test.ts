/**
 * Reloads asked for while one runs: they share the next one, and none is lost.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { OneAtATime, Turns } from '../../src/ops/one-at-a-time.ts'

function gate(): { open: () => void; opened: Promise<void> } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open, opened }
}

describe('work that must not overlap', () => {
  it('runs once for all requests that came while the last run was under way', async () => {
    const runs: string[][] = []
    const first = gate()
    const work = new OneAtATime<string, number>(async (requests) => {
      runs.push(requests)
      if (runs.length === 1) await first.opened
      return runs.length
    })
    const a = work.request('a')
    await Promise.resolve()
    const others = ['b', 'c', 'd'].map((request) => work.request(request))
    first.open()
    assert.equal(await a, 1)
    assert.deepEqual(await Promise.all(others), [2, 2, 2])
    assert.deepEqual(runs, [['a'], ['b', 'c', 'd']])
  })

  it('goes on after a run that failed, and tells those who asked for it', async () => {
    let runs = 0
    const work = new OneAtATime<number, string>(async ([request]) => {
      runs++
      if (request === 0) throw new Error('bad file')
      return 'good'
    })
    const failed = work.request(0)
    await assert.rejects(failed, /bad file/)
    assert.equal(await work.request(1), 'good')
    assert.equal(runs, 2)
  })

  it('starts a run after every request, never two at once, whatever the timing', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ wait: fc.nat(3), work: fc.nat(3) }), { maxLength: 20 }), async (steps) => {
        let running = 0
        let started = 0
        const turns = async (count: number) => {
          for (let i = 0; i < count; i++) await Promise.resolve()
        }
        const work = new OneAtATime<number, number[]>(async (requests) => {
          assert.equal(++running, 1)
          started++
          await turns(steps[requests[0]].work)
          running--
          return requests
        })
        const outcomes: Promise<number[]>[] = []
        for (const [i, { wait }] of steps.entries()) {
          outcomes.push(work.request(i))
          await turns(wait)
        }
        await work.idle()
        assert.equal(running, 0)
        assert.ok(started <= steps.length)
        for (const [i, outcome] of outcomes.entries()) assert.ok((await outcome).includes(i))
      }),
      { numRuns: 100 },
    )
  })
})

describe('turns', () => {
  it('come one after another, whatever became of the one before, and each gives its own outcome', async () => {
    const turns = new Turns()
    const seen: string[] = []
    const work = (name: string, fault?: Error) => async () => {
      seen.push(`${name} begins`)
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(`${name} ends`)
      if (fault !== undefined) throw fault
      return name
    }
    const [a, b, c] = [turns.take(work('a')), turns.take(work('b', new Error('b fails'))), turns.take(work('c'))]
    await assert.rejects(b, /b fails/)
    assert.deepEqual([await a, await c], ['a', 'c'])
    assert.deepEqual(seen, ['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })
})

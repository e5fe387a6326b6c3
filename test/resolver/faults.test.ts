/** Faults of our own inside the machine: the question that meets one ends by SERVFAIL and is told of, all others go on, and nothing stays open. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RCODE, TYPE } from '../../src/dns/codes.ts'
import type { Name } from '../../src/dns/name.ts'
import type { Outcome, ResolverCache } from '../../src/resolver/contract.ts'
import { MapCache, Play, smallInternet } from './support.ts'

/** A cache that throws where it is asked for a name, or has something of it to keep, while `isBroken`. */
class BrokenCache extends MapCache {
  isBroken = true
  private readonly at: 'find' | 'keep'

  constructor(at: 'find' | 'keep') {
    super()
    this.at = at
  }

  override find(...args: Parameters<ResolverCache['find']>): ReturnType<ResolverCache['find']> {
    if (this.at === 'find') this.check(args[0])
    return super.find(...args)
  }

  override keep(...args: Parameters<ResolverCache['keep']>): void {
    if (this.at === 'keep') this.check(args[0].name)
    super.keep(...args)
  }

  private check(name: Name): void {
    if (this.isBroken && name.toString().toLowerCase() === 'www.example.') throw new Error('a bug of ours')
  }
}

const failure = (outcome: Outcome | undefined): unknown[] => (outcome?.kind === 'failure' ? [outcome.reason, outcome.rcode] : [outcome?.kind])

for (const at of ['find', 'keep'] as const) {
  describe(`a fault where a name is to ${at === 'find' ? 'be found in memory' : 'be kept'}`, () => {
    const begin = (): { play: Play; cache: BrokenCache; told: [string, string][] } => {
      const told: [string, string][] = []
      const cache = new BrokenCache(at)
      const play = new Play(smallInternet('other A 192.0.2.8'), {}, 1, cache, (fault, question) => void told.push([(fault as Error).message, question]))
      return { play, cache, told }
    }

    test('ends that question by SERVFAIL, for all who wait for it, and tells which', () => {
      const { play, told } = begin()
      const waiters = [1, 2, 3].map(() => play.start('www.example. A'))
      play.run()
      for (const waiter of waiters) assert.deepEqual(failure(play.done.get(waiter)), ['fault', RCODE.SERVFAIL])
      assert.deepEqual(new Set(told.map((one) => one.join())), new Set(['a bug of ours,www.example. A']))
      assert.equal(play.resolver.counters.outcomes.fault, 3)
    })

    test('leaves those alone that are under way with it', () => {
      const { play } = begin()
      const waiters = ['other.example. A', 'www.example. A', 'none.example. A', 'example. NS'].map((question) => play.start(question))
      play.run() // which sees to it that nothing is under way behind it
      assert.deepEqual(waiters.map((waiter) => failure(play.done.get(waiter))[0]), ['answer', 'fault', 'nxdomain', 'answer'])
    })

    test('is over when its cause is, once the failure is forgotten (RFC 9520 3.2)', () => {
      const { play, cache } = begin()
      play.ask('www.example. A')
      cache.isBroken = false
      play.nowMs += 600_000
      assert.equal(play.ask('www.example. A').kind, 'answer')
    })
  })
}

test('a fault in looking at a message is as if it had not come: the question goes on by its other ways', () => {
  const told: string[] = []
  const play = new Play(smallInternet(), {}, 1, undefined, (_, question) => void told.push(question))
  const { resolver } = play
  let isBroken = true
  const counters = resolver.counters as unknown as Record<string, unknown>
  let responses = 0
  Object.defineProperty(counters, 'responses', {
    get: () => responses,
    set(count: number) {
      if (isBroken && play.sent.at(-1)?.query.questions[0].type === TYPE.A) {
        isBroken = false
        throw new Error('a bug of ours')
      }
      responses = count
    },
  })
  assert.equal(play.ask('www.example. A').kind, 'answer')
  assert.deepEqual(told, ['a message of another server'])
  assert.equal(resolver.underWay, 0)
})

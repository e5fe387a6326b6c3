/** What is popular and about to expire is told to one reader, once, so that it is fetched anew before anybody has to wait. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheReader } from '../../src/cache/reader.ts'
import { Bench, question } from './support.ts'

function popular(ttl: number): Bench {
  const bench = new Bench()
  bench.put(`www.example. ${ttl} A 192.0.2.1`)
  for (let i = 0; i < 3; i++) bench.look('www.example. A')
  return bench
}

function isTold(bench: Bench): boolean {
  assert.match(bench.look('www.example. A'), /records/)
  return bench.reader.shouldPrefetch
}

test('one reader is told within the last tenth of the TTL, and no other, until it was fetched', () => {
  const bench = popular(300)
  bench.now += 270
  assert.equal(isTold(bench), false)
  bench.now += 1
  const other = new CacheReader(bench.block)
  assert.equal(isTold(bench), true)
  const { name, type } = question('www.example. A')
  bench.name.load(name.wire, 0)
  other.find(bench.name, type, bench.now)
  assert.equal(other.shouldPrefetch, false)
  assert.equal(isTold(bench), false)
  bench.put('www.example. 300 A 192.0.2.1')
  bench.now += 271
  assert.equal(isTold(bench), true)
})

test('what was asked for once or twice is not fetched', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1')
  bench.now += 290
  assert.deepEqual([isTold(bench), isTold(bench), isTold(bench)], [false, false, true])
})

test('neither is what lives for seconds only, nor what has expired', () => {
  const short = popular(9)
  short.now += 8
  assert.equal(isTold(short), false)
  const stale = popular(300)
  stale.now += 300
  assert.equal(isTold(stale), false)
})

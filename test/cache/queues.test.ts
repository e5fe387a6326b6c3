/** Who stays and who goes: what is asked for again outlives any flood of what is asked for once (S3-FIFO, and a quota for junk). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HEADER } from '../../src/cache/layout.ts'
import { SECURITY, TRUST } from '../../src/cache/terms.ts'
import { MAX_SECOND_CHANCES, MIN_CACHE_OCTETS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { audit } from './audit.ts'
import { Bench, linesOf } from './support.ts'

/** Names that take the smallest cache several times over. */
const FLOOD = 20_000

function flood(bench: Bench, what: string, count = FLOOD): void {
  const [{ type, rdata }] = linesOf('www.example. 3600 A 192.0.2.1')
  for (let i = 0; i < count; i++) {
    const name = Name.parse(`${what}${i}.example.`)
    bench.cache.keepRRset({ records: [{ name, type, class: 1, ttl: 3600, rdata }], trust: TRUST.authoritative, security: SECURITY.insecure }, bench.now)
  }
}

test('what is asked for between floods stays; what is not goes', () => {
  const bench = new Bench()
  flood(bench, 'full')
  for (let i = 0; i < 100; i++) {
    bench.put(`popular${i}.example. 3600 A 192.0.2.1`)
    bench.put(`once${i}.example. 3600 A 192.0.2.1`)
  }
  for (let round = 0; round < 15; round++) {
    for (let i = 0; i < 100; i++) assert.equal(bench.look(`popular${i}.example. A`), 'records', `popular${i} in round ${round}`)
    flood(bench, `random${round}x`, 300)
  }
  flood(bench, 'more')
  const left = (what: string) => Array.from({ length: 100 }, (_, i) => bench.look(`${what}${i}.example. A`)).filter((found) => found === 'records').length
  assert.equal(left('popular'), 100)
  assert.ok(left('once') <= 5, 'one or two may share their count with a popular name')
  audit(bench.block)
})

test('a flood of names that do not exist pushes out no data at all', () => {
  const bench = new Bench()
  for (let i = 0; i < 3_000; i++) bench.put(`host${i}.example. 3600 A 192.0.2.1`)
  const before = bench.block.entryCount
  for (let i = 0; i < FLOOD; i++) bench.putAbsent(`none${i}.example.`)
  for (let i = 0; i < 5_000; i++) bench.putFailure(`bad${i}.example. A`)
  for (let i = 3_000 - before; i < 3_000; i++) assert.equal(bench.look(`host${i}.example. A`), 'records')
  const { words } = bench.block
  assert.ok(bench.block.liveOctets <= MIN_CACHE_OCTETS)
  assert.ok(bench.block.entryCount - before < ((words[HEADER.arenaEnd] - words[HEADER.junk]) * 4) / 60)
  audit(bench.block)
})

test('an absence that is asked for outlives a flood of others', () => {
  const bench = new Bench()
  bench.putAbsent('www.example. AAAA')
  for (let i = 0; i < FLOOD; i++) {
    bench.putAbsent(`none${i}.example.`)
    if (i % 200 === 0) assert.equal(bench.look('www.example. AAAA'), 'nodata', `after ${i}`)
  }
})

test('what was forgotten a moment ago comes back into the main queue, and outlives the next flood without being asked for', () => {
  const bench = new Bench()
  flood(bench, 'full')
  bench.put('www.example. 3600 A 192.0.2.1')
  flood(bench, 'first', 3_000)
  assert.equal(bench.look('www.example. A'), 'nothing')
  bench.put('www.example. 3600 A 192.0.2.1')
  bench.put('new.example. 3600 A 192.0.2.1')
  flood(bench, 'second', 3_000)
  assert.deepEqual([bench.look('www.example. A'), bench.look('new.example. A')], ['records', 'nothing'])
})

test('what has expired for longer than it may be stale is not carried along, however popular it was', () => {
  const bench = new Bench(MIN_CACHE_OCTETS, 0)
  bench.put('www.example. 60 A 192.0.2.1')
  for (let i = 0; i < 3; i++) bench.look('www.example. A')
  bench.now += 60
  flood(bench, 'random', 3_000)
  bench.now -= 60
  assert.equal(bench.look('www.example. A'), 'nothing')
})

test('where everything is popular, an insertion moves a bounded number of entries and then forgets one', () => {
  const bench = new Bench()
  let moved = 0
  for (let i = 0; i < 9_000; i++) {
    const before = bench.block.entryCount
    bench.put(`host${i}.example. 3600 A 192.0.2.1`)
    for (let j = 0; j < 3; j++) bench.look(`host${i}.example. A`)
    if (bench.block.entryCount < before) moved = Math.max(moved, before - bench.block.entryCount)
  }
  assert.ok(moved <= MAX_SECOND_CHANCES)
  assert.ok(bench.block.liveOctets > MIN_CACHE_OCTETS / 2)
  audit(bench.block)
})

test('what changes between data and absence changes its queue, and is found all the while', () => {
  const bench = new Bench()
  for (let i = 0; i < 2_000; i++) {
    if (i % 2 === 0) bench.put('www.example. 60 A 192.0.2.1', { trust: TRUST.authority })
    else bench.putAbsent('www.example. A', { trust: TRUST.authority })
    assert.equal(bench.look('www.example. A'), i % 2 === 0 ? 'records' : 'nodata')
  }
  assert.equal(bench.block.entryCount, 1)
  audit(bench.block)
})

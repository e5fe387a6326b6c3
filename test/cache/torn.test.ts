/** Readers in other threads see each entry whole while one thread writes, moves, forgets and overwrites; and nothing that they may meet leads them astray. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { BUCKET, ENTRY, chainHash } from '../../src/cache/layout.ts'
import { CacheReader } from '../../src/cache/reader.ts'
import { CACHED } from '../../src/cache/terms.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { MAX_CACHE_CHAIN, MAX_TORN_READS } from '../../src/dns/limits-resolver.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { audit } from './audit.ts'
import { Bench, START, question } from './support.ts'

const NAMES = Array.from({ length: 300 }, (_, i) => Name.parse(`host${i}.example.`))

function recordsOf(i: number, version: number): DnsRecord[] {
  const rdata = Uint8Array.of(i >>> 8, i, ...new Uint8Array(20 + (version % 40) * 4).fill(version))
  return Array.from({ length: 1 + (version % 30) }, () => ({ name: NAMES[i], type: 10, class: 1, ttl: 3600, rdata }))
}

interface Seen {
  reads: number
  hits: number
  torn: number
  versions: number
  gaveUp: number
}

test('two readers meet no torn entry while all entries are replaced, moved and forgotten', { timeout: 60_000 }, async (t) => {
  const bench = new Bench()
  const workerData = { buffer: bench.block.buffer, names: NAMES.map(({ wire }) => wire), now: START }
  const workers = [0, 1].map(() => new Worker(new URL('./torn-cache-reader.js', import.meta.url), { workerData }))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  const outcomes = workers.map((worker) => once(worker, 'message') as Promise<[Seen]>)
  const end = performance.now() + 2_000
  for (let turn = 0; performance.now() < end; turn++) {
    const i = Math.imul(turn, 7919) % NAMES.length
    bench.cache.keepRRset({ records: recordsOf(Math.abs(i), (turn >>> 3) & 0xff), trust: 5, security: 0 }, START)
    if (turn % 500 === 0) await setImmediate()
  }
  for (const worker of workers) worker.postMessage('stop')
  const seen = (await Promise.all(outcomes)).map(([outcome]) => outcome)
  t.diagnostic(JSON.stringify(seen))
  audit(bench.block)
  assert.deepEqual(seen.map(({ torn }) => torn), [0, 0])
  for (const { hits, versions } of seen) assert.ok(hits > 1_000 && versions > 5, JSON.stringify(seen))
})

test('a reader gives up on an entry that is being written for ever, and says so', () => {
  const bench = new Bench()
  bench.put('www.example. 60 A 192.0.2.1')
  bench.name.load(Name.parse('www.example.').wire, 0)
  const bucket = bench.block.bucketOf(chainHash(bench.name.hash[0], 1))
  bench.block.words[bucket + BUCKET.sequence]++
  assert.equal(bench.look('www.example. A'), 'nothing')
  assert.equal(bench.reader.tornReads, 1)
  bench.block.words[bucket + BUCKET.sequence]++
  assert.equal(bench.look('www.example. A'), 'records')
})

test('whatever stands in the arena and the chains, a reader comes back soon and throws nothing', () => {
  const bench = new Bench()
  for (let i = 0; i < 300; i++) bench.put(`host${i}.example. 60 A 192.0.2.1\nhost${i}.example. 60 A 192.0.2.2`)
  const { words, arena, arenaEnd, buckets, bucketMask } = bench.block
  const good = words.slice()
  const reader = new CacheReader(bench.block)
  const handle = fc.integer({ min: arena, max: arenaEnd + 200 })
  const garbage = fc.oneof(fc.integer(), handle, fc.constantFrom(0, 1, -1, 0xffff, arenaEnd - 1, arenaEnd - ENTRY.words))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), garbage), { minLength: 1, maxLength: 2_000 }), fc.boolean(), (damages, inChains) => {
      words.set(good)
      const [from, size] = inChains ? [buckets, (bucketMask + 1) * BUCKET.words] : [arena, 8_000]
      for (const [at, word] of damages) words[from + (at % size)] = word
      for (let i = 0; i < 50; i++) {
        const { name, type } = question(`host${i}.example. A`)
        bench.name.load(name.wire, 0)
        reader.find(bench.name, type, START)
      }
    }),
    { numRuns: 60 },
  )
})

test('a chain that runs in a circle ends after as many steps as a chain may have', () => {
  const bench = new Bench()
  bench.put('www.example. 60 A 192.0.2.1')
  bench.name.load(Name.parse('www.example.').wire, 0)
  const { words } = bench.block
  const entry = words[bench.block.bucketOf(chainHash(bench.name.hash[0], 1)) + BUCKET.first]
  words[entry + ENTRY.next] = entry
  const begin = performance.now()
  assert.equal(bench.reader.find(bench.name, TYPE.A, START), CACHED.nothing)
  assert.ok(performance.now() - begin < 500, `${MAX_TORN_READS * MAX_CACHE_CHAIN} steps take long`)
})

test('a chain that leads out of the arena is followed no further, even where what stands there looks like the name', () => {
  const bench = new Bench()
  bench.put('www.example. 60 A 192.0.2.1')
  bench.name.load(Name.parse('www.example.').wire, 0)
  const { words } = bench.block
  const bucket = bench.block.bucketOf(chainHash(bench.name.hash[0], 1))
  const entry = words[bucket + BUCKET.first]
  for (const outside of [words.length - ENTRY.words, bench.block.arenaEnd - ENTRY.words + 1, bench.block.arena - ENTRY.words]) {
    const before = words.slice(outside, outside + ENTRY.words)
    words.copyWithin(outside, entry, entry + ENTRY.words)
    words[bucket + BUCKET.first] = outside
    assert.equal(bench.reader.find(bench.name, TYPE.A, START), CACHED.nothing)
    words.set(before, outside)
  }
  words[bucket + BUCKET.first] = entry
  assert.equal(bench.look('www.example. A'), 'records')
})

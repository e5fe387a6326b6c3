/** The cache uses what it was given and no more, whatever comes: what is found is always what was kept last, whole, and what is in use lies apart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CacheBlock } from '../../src/cache/block.ts'
import { ENTRY, RING } from '../../src/cache/layout.ts'
import { Ring } from '../../src/cache/ring.ts'
import { CACHED } from '../../src/cache/terms.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { MAX_CACHE_CHAIN, MIN_CACHE_OCTETS } from '../../src/dns/limits-resolver.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { audit } from './audit.ts'
import { Bench, SEED } from './support.ts'

/** Small and large RRsets of a number of names, told apart by `version`. */
function recordsFor(id: number, count: number, version: number): DnsRecord[] {
  const name = Name.parse(`host${id}.example.`)
  return Array.from({ length: count }, (_, i) => ({ name, type: TYPE.TXT, class: 1, ttl: 3600, rdata: Uint8Array.from([101, ...new Uint8Array(97), version >>> 8, version, i, id]) }))
}

const step = fc.record({ id: fc.nat(4_000), count: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 6 }) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 98 }) }), reads: fc.nat(2) })

test('whatever is put in, what is found is what was kept last, and all that can be found lies apart within the budget', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 2 ** 31 }).map((factor) => factor | 1), (steps, factor) => { // odd, so that it leads to every name
      const bench = new Bench()
      const model = new Map<number, { count: number; version: number }>()
      for (let version = 0; version < 3_000; version++) {
        const { id: base, count, reads } = steps[version % steps.length]
        const id = (base + Math.imul(version, factor)) >>> 0 & 0xfff
        assert.equal(bench.cache.keepRRset({ records: recordsFor(id, count, version), trust: 5, security: 0 }, bench.now), 'kept')
        model.set(id, { count, version })
        for (let i = 0; i < reads; i++) checkFound(bench, (id * (i + 3)) & 0xfff, model)
        checkFound(bench, id, model, true)
        if (version % 500 === 0) audit(bench.block)
      }
      audit(bench.block)
      for (let id = 0; id < 4_096; id++) checkFound(bench, id, model)
      assert.ok(bench.block.liveOctets < MIN_CACHE_OCTETS)
      assert.ok(bench.block.liveOctets > MIN_CACHE_OCTETS / 4, `only ${bench.block.liveOctets} octets are in use`)
    }),
    { numRuns: 5 },
  )
})

function checkFound(bench: Bench, id: number, model: Map<number, { count: number; version: number }>, must = false): void {
  const { reader, name } = bench
  name.load(Name.parse(`host${id}.example.`).wire, 0)
  const found = reader.find(name, TYPE.TXT, bench.now)
  const known = model.get(id)
  if (must) assert.equal(found, CACHED.records, 'what was put in last is there')
  if (found === CACHED.nothing) return
  assert.ok(known)
  assert.equal(reader.countOf(0), known.count)
  const record = 12 + 102
  for (let i = 0; i < known.count; i++) {
    const at = reader.startOf(0) + i * record + record - 4
    assert.deepEqual([...reader.octets.subarray(at, at + 4)], [(known.version >>> 8) & 0xff, known.version & 0xff, i, id & 0xff])
  }
}

test('below the budget nothing is forgotten', () => {
  const bench = new Bench()
  for (let i = 0; i < 400; i++) bench.put(`host${i}.example. 60 A 192.0.2.${i & 0xff}`)
  assert.equal(bench.block.entryCount, 400)
  for (let i = 0; i < 400; i++) assert.equal(bench.look(`host${i}.example. A`), 'records')
})

test('a ring never gives out what is in use, and gives out all that is not (model)', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constant(0)), { maxLength: 300 }), (steps) => {
      const block = CacheBlock.create(MIN_CACHE_OCTETS, SEED)
      const base = block.arena
      const ring = new Ring(block, RING.small, base, base + 100)
      const queue: { at: number; span: number }[] = []
      for (const span of steps) {
        if (span === 0) takeOldest(ring, queue, block)
        else placeNew(ring, queue, block, span)
        assert.ok(ring.used <= ring.capacity)
      }
    }),
  )
})

function takeOldest(ring: Ring, queue: { at: number; span: number }[], block: CacheBlock): void {
  if (ring.used === 0) return
  const { tail } = ring
  if (queue.length > 0 && queue[0].at === tail && block.spanOf(tail) === queue[0].span) queue.shift()
  ring.release()
}

function placeNew(ring: Ring, queue: { at: number; span: number }[], block: CacheBlock, span: number): void {
  const before = ring.used
  const at = ring.place(span)
  if (at === 0) return assert.ok(before + span > ring.capacity - span, 'refused though there was room on either side of the seam')
  assert.ok(at >= ring.base && at + span <= ring.limit)
  for (const other of queue) assert.ok(at + span <= other.at || other.at + other.span <= at, 'overlaps')
  block.words[at + ENTRY.span] = span
  queue.push({ at, span })
}

test('a name of very many types costs its own oldest types, and others nothing', () => {
  const bench = new Bench()
  bench.put('other.example. 60 A 192.0.2.1')
  for (let type = 1000; type < 1300; type++) bench.put(`www.example. 60 TYPE${type} \\# 1 ff`)
  const there = Array.from({ length: 300 }, (_, i) => bench.look(`www.example. TYPE${1000 + i}`) === 'records')
  assert.ok(there.lastIndexOf(false) < 300 - MAX_CACHE_CHAIN + 10 && there.filter(Boolean).length <= MAX_CACHE_CHAIN)
  assert.equal(there.indexOf(true), there.lastIndexOf(false) + 1)
  assert.equal(bench.look('other.example. A'), 'records')
  audit(bench.block)
})

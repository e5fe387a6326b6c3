/** What is saved comes back as it was, and octets that are not ours, whole, are refused before any of them is believed. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { flushBelow } from '../../src/cache/flush.ts'
import { restoreCache, saveCache } from '../../src/cache/persist.ts'
import { SECURITY, TRUST } from '../../src/cache/terms.ts'
import { MAX_STALE_SECONDS, MIN_CACHE_OCTETS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { viewOf } from '../../src/dns/octet-views.ts'
import { Chance } from '../battery/chance.ts'
import { writeMutation } from '../battery/mutate.ts'
import { audit } from './audit.ts'
import { Bench, START } from './support.ts'

const QUESTIONS = ['www.example. A', 'wide.example. TXT', 'alias.example. A', 'none.example. A', 'www.example. AAAA', 'ns.example. A']
const SIGNATURE = 'www.example. 300 RRSIG A 13 2 300 20390101000000 20380101000000 1 example. AAAA'
const PROOF = ['a.example. 500 IN NSEC z.example. A RRSIG NSEC', 'a.example. 500 IN RRSIG NSEC 13 2 500 20390101000000 20380101000000 1 example. AAAA']

function filled(): Bench {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2', { security: SECURITY.secure, signatures: [SIGNATURE] })
  bench.put('wide.example. 86400 TXT "a text" "and another"', { reason: 7 })
  bench.put('alias.example. 60 CNAME www.example.', { proof: PROOF })
  bench.putAbsent('none.example.', { trust: TRUST.authority, proof: PROOF })
  bench.putAbsent('www.example. AAAA', { trust: TRUST.authority, security: SECURITY.insecure })
  bench.put('ns.example. 600 A 192.0.2.9', { trust: TRUST.additional })
  return bench
}

function told(bench: Bench): unknown[] {
  return QUESTIONS.map((what) => [bench.get(what, TRUST.additional), bench.reader.trust, bench.reader.security, bench.reader.reason, bench.reader.since, bench.reader.originalTtl])
}

/** The same octets with a checksum that is right for them: what a mistake of ours would look like, or a forger's work. */
function sealed(octets: Uint8Array): Uint8Array {
  const sum = createHash('sha256').update(octets.subarray(0, octets.length - 32)).digest()
  octets.set(sum, octets.length - 32)
  return octets
}

test('all comes back as it was: records, trust, validation, reasons, times', () => {
  const bench = filled()
  bench.now += 30
  const again = new Bench()
  again.now = bench.now
  assert.deepEqual(restoreCache(again.cache, saveCache(bench.cache, bench.now), bench.now), { restored: QUESTIONS.length })
  assert.deepEqual(told(again), told(bench))
  assert.deepEqual(saveCache(again.cache, again.now), saveCache(bench.cache, bench.now))
  audit(again.block)
})

test('the time that the octets lay on the disk counts', () => {
  const octets = saveCache(filled().cache, START)
  const again = new Bench()
  again.now = START + 100
  restoreCache(again.cache, octets, again.now)
  assert.match(again.get('www.example. A'), /^records: www\.example\. 200 IN A/)
  assert.match(again.get('alias.example. A'), /^stale alias/)
  const late = new Bench()
  assert.deepEqual(restoreCache(late.cache, octets, START + 86_400 + MAX_STALE_SECONDS), { restored: 0 })
})

/** Seconds that the clock stands after the one by which it was saved, entries that come back, and what the first is then. */
const CLOCKS: [title: string, seconds: number, restored: number, www: string][] = [
  ['the same second', 0, 6, 'records: www.example. 300 IN A 192.0.2.1'],
  ['later', 100, 6, 'records: www.example. 200 IN A 192.0.2.1'],
  ['a second before', -1, 0, 'nothing'],
  ['an hour before', -3_600, 0, 'nothing'],
  ['a year before', -31_536_000, 0, 'nothing'],
]

for (const [title, seconds, restored, www] of CLOCKS) {
  test(`read by a clock that says ${title}: what seems to be kept in time to come has no age, and is not taken`, () => {
    const octets = saveCache(filled().cache, START)
    const again = new Bench()
    again.now = START + seconds
    assert.deepEqual(restoreCache(again.cache, octets, again.now), { restored })
    assert.equal(again.get('www.example. A').split(' | ')[0], www)
    again.now = START + 301
    assert.doesNotMatch(again.get('www.example. A'), /^records/, 'nothing outlives its TTL by a clock that went back')
    audit(again.block)
  })
}

test('of a file that is partly from time to come the rest is taken', () => {
  const bench = new Bench()
  bench.put('old.example. 300 A 192.0.2.1')
  bench.now += 60
  bench.put('new.example. 300 A 192.0.2.2')
  const again = new Bench()
  again.now = START + 30
  assert.deepEqual(restoreCache(again.cache, saveCache(bench.cache, bench.now), again.now), { restored: 1 })
  assert.deepEqual(['old', 'new'].map((label) => again.look(`${label}.example. A`)), ['records', 'nothing'])
})

test('failures, what is bogus and what is past being stale are not written', () => {
  const bench = new Bench()
  bench.putFailure('bad.example. A')
  bench.put('bogus.example. 60 A 192.0.2.1', { security: SECURITY.bogus })
  bench.put('old.example. 60 A 192.0.2.1')
  bench.now += 60 + MAX_STALE_SECONDS
  bench.put('www.example. 60 A 192.0.2.1')
  assert.deepEqual(restoreCache(new Bench().cache, saveCache(bench.cache, bench.now), bench.now), { restored: 1 })
})

test('what the cache knows already stays', () => {
  const octets = saveCache(filled().cache, START)
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.77')
  bench.putAbsent('alias.example.')
  assert.deepEqual(restoreCache(bench.cache, octets, START), { restored: 4 })
  assert.match(bench.get('www.example. A'), /192\.0\.2\.77/)
  assert.equal(bench.look('alias.example. A'), 'nxdomain')
})

test('more than the cache holds pushes out the oldest, as ever', () => {
  const big = new Bench(4 * MIN_CACHE_OCTETS)
  for (let i = 0; i < 12_000; i++) {
    big.put(`host${i}.example. 3600 A 192.0.2.1`)
    if (i < 500) for (let j = 0; j < 3; j++) big.look(`host${i}.example. A`)
  }
  const small = new Bench()
  const outcome = restoreCache(small.cache, saveCache(big.cache, START), START)
  assert.ok('restored' in outcome && outcome.restored > small.block.entryCount)
  assert.ok(small.block.liveOctets <= MIN_CACHE_OCTETS && small.block.liveOctets > MIN_CACHE_OCTETS / 2)
  audit(small.block)
})

test('foreign octets, another version, and any octet that is not as it was are refused, and nothing is taken', () => {
  const good = saveCache(filled().cache, START)
  const again = new Bench()
  const refused = (octets: Uint8Array) => {
    const outcome = restoreCache(again.cache, octets, START)
    assert.equal(again.block.entryCount, 0)
    return 'refused' in outcome ? outcome.refused : 'taken'
  }
  assert.equal(refused(new Uint8Array(0)), 'foreign')
  assert.equal(refused(new Uint8Array(100)), 'foreign')
  for (let at = 0; at < good.length; at++) {
    const bad = good.slice()
    bad[at] ^= 1
    assert.equal(refused(bad), at < 4 ? 'foreign' : at < 8 ? 'version' : 'checksum', `octet ${at}`)
  }
  for (let length = 0; length < good.length; length++) assert.notEqual(refused(good.slice(0, length)), 'taken', `${length} octets`)
  assert.equal(refused(Uint8Array.from([...good, 0])), 'checksum')
})

test('a right checksum is no proof: each octet that is changed below it gives an entry that we could have written, or is refused', () => {
  const good = saveCache(filled().cache, START)
  for (let at = 8; at < good.length - 32; at++) {
    for (const value of [0, good[at] ^ 1, 0xff]) {
      const octets = good.slice()
      octets[at] = value
      checkSafe(sealed(octets))
    }
  }
})

test('mutational fuzz: whatever the octets, they are refused or taken, nothing is thrown, and what was taken can be read', () => {
  const good = Buffer.from(saveCache(filled().cache, START))
  const chance = new Chance(20_260_101)
  const room = Buffer.alloc(65_535)
  const outcomes = { taken: 0, refused: 0 }
  for (let round = 0; round < 3_000; round++) {
    const length = writeMutation(room, [good], chance)
    if (length < 48 || good.equals(room.subarray(0, length))) continue
    outcomes[checkSafe(sealed(withLength(Uint8Array.from(room.subarray(0, length))))) ? 'taken' : 'refused']++
  }
  assert.ok(outcomes.taken > 20 && outcomes.refused > 200, `both must happen, or the fuzzer never comes past the first check: ${JSON.stringify(outcomes)}`)
})

/** The octets with a head that says how many they are, as the checks behind it are what is to be reached. */
function withLength(octets: Uint8Array): Uint8Array {
  viewOf(octets).setUint32(12, octets.length - 16)
  return octets
}

/** One for all damaged octets: refused ones leave it empty, and taken ones are flushed. */
const bin = new Bench()

function checkSafe(octets: Uint8Array): boolean {
  const bench = bin
  const outcome = restoreCache(bench.cache, octets, START)
  if ('refused' in outcome) {
    assert.equal(bench.block.entryCount, 0)
    return false
  }
  assert.equal(bench.block.entryCount, outcome.restored)
  for (const what of QUESTIONS) bench.get(what, TRUST.additional)
  audit(bench.block)
  saveCache(bench.cache, START)
  flushBelow(bench.cache, Name.root)
  return true
}

test('any RRset comes back (property)', () => {
  const rdata = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(50), fc.array(rdata, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 86_400 })), { minLength: 1, maxLength: 20 }), (sets) => {
      const bench = new Bench()
      for (const [i, rdatas, ttl] of sets) {
        const name = Name.parse(`\\00${i % 10}.host${i}.example.`)
        bench.cache.keepRRset({ records: rdatas.map((octets) => ({ name, type: 4_000, class: 65_440, ttl, rdata: octets })), trust: TRUST.answer, security: SECURITY.insecure }, START)
      }
      const again = new Bench()
      restoreCache(again.cache, saveCache(bench.cache, START), START)
      assert.deepEqual(saveCache(again.cache, START), saveCache(bench.cache, START))
      assert.equal(again.block.entryCount, bench.block.entryCount)
    }),
    { numRuns: 50 },
  )
})

/** What is kept is found until it expires, as it was, with the TTL that is left (RFC 1035 3.2.1, RFC 2181 5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheBlock } from '../../src/cache/block.ts'
import { PART } from '../../src/cache/entry.ts'
import { CACHED, SECURITY, TRUST } from '../../src/cache/terms.ts'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { MAX_IMAGE_OCTETS } from '../../src/dns/limits.ts'
import { MAX_BOGUS_TTL, MAX_CACHE_RECORDS, MAX_CACHE_TTL, MIN_CACHE_OCTETS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { viewOf } from '../../src/dns/octet-views.ts'
import { parseRecord } from '../../src/dns/record-text.ts'
import { Bench, SEED, START, recordsOf } from './support.ts'

test('an RRset is found as it was kept, with the seconds that are left', () => {
  const bench = new Bench()
  assert.equal(bench.get('www.example. A'), 'nothing')
  assert.equal(bench.put('www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2'), 'kept')
  assert.equal(bench.get('www.example. A'), 'records: www.example. 300 IN A 192.0.2.1 | www.example. 300 IN A 192.0.2.2')
  bench.now += 299
  assert.equal(bench.get('www.example. A'), 'records: www.example. 1 IN A 192.0.2.1 | www.example. 1 IN A 192.0.2.2')
})

test('after its last second it is no answer any more', () => {
  const bench = new Bench(MIN_CACHE_OCTETS, 0)
  bench.put('www.example. 300 A 192.0.2.1')
  bench.now += 300
  assert.equal(bench.get('www.example. A'), 'nothing')
})

test('name, type and class are all of the key, and case is not', () => {
  const bench = new Bench()
  bench.put('wWw.Example. 60 A 192.0.2.1')
  bench.put('www.example. 60 CH TXT "other class"')
  for (const [question, found] of [['WWW.EXAMPLE. A', 'records'], ['www.example. AAAA', 'nothing'], ['ww.example. A', 'nothing'], ['www.example. TXT', 'nothing'], ['example. A', 'nothing'], ['. A', 'nothing']] as const) {
    assert.equal(bench.look(question), found, question)
  }
  bench.name.load(Name.parse('www.example.').wire, 0)
  assert.equal(bench.reader.find(bench.name, TYPE.TXT, bench.now, 0, CLASS.CH), CACHED.records)
})

test('an ancestor of a loaded name is found by its label, without loading it', () => {
  const bench = new Bench()
  bench.put('example. 60 NS ns.example.', { trust: TRUST.additional })
  bench.put('. 60 NS a.root-servers.example.', { trust: TRUST.additional })
  bench.name.load(Name.parse('a.b.example.').wire, 0)
  const found = [0, 1, 2, 3].map((from) => bench.reader.find(bench.name, TYPE.NS, bench.now, from, CLASS.IN, TRUST.additional))
  assert.deepEqual(found, [CACHED.nothing, CACHED.nothing, CACHED.records, CACHED.records])
})

test('an alias is found for every type but its own (RFC 1034 3.6.2)', () => {
  const bench = new Bench()
  bench.put('www.example. 60 CNAME host.example.')
  assert.equal(bench.get('www.example. AAAA'), 'alias: www.example. 60 IN CNAME host.example.')
  assert.equal(bench.look('www.example. CNAME'), 'records')
})

test('signatures and wildcard proofs stay with their RRset, and all carry one TTL (RFC 2181 5.2)', () => {
  const bench = new Bench()
  const signature = 'www.example. 3600 IN RRSIG A 13 2 3600 20390101000000 20380101000000 1 example. AAAA'
  const proof = ['a.example. 200 IN NSEC x.example. A']
  bench.put('www.example. 3600 A 192.0.2.1', { signatures: [signature], proof, security: SECURITY.secure })
  bench.now += 50
  assert.match(bench.get('www.example. A'), /^records: www\.example\. 150 IN A 192\.0\.2\.1 \| www\.example\. 150 IN RRSIG A 13 .* \| a\.example\. 150 IN NSEC x\.example\. A$/)
  const { reader } = bench
  assert.deepEqual([PART.records, PART.signatures, PART.proof].map((part) => reader.countOf(part)), [1, 1, 1])
  assert.deepEqual([reader.trust, reader.security, reader.reason, reader.originalTtl, reader.since], [TRUST.authoritative, SECURITY.secure, -1, 200, START])
})

test('records can be written below another name than the question: where a chain of aliases ends', () => {
  const bench = new Bench()
  bench.put('host.example. 60 A 192.0.2.1')
  assert.equal(bench.look('host.example. A'), 'records')
  const out = new Uint8Array(100)
  assert.equal(bench.reader.writePart(PART.records, viewOf(out), 40, 0x123), 56)
  assert.deepEqual([...out.subarray(40, 42)], [0xc1, 0x23])
})

test('the least TTL of an RRset holds for all of it', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1\nwww.example. 60 A 192.0.2.2')
  assert.match(bench.get('www.example. A'), /60 IN A 192\.0\.2\.1 .* 60 IN A 192\.0\.2\.2/)
})

test('TTLs are bounded', () => {
  for (const [what, told, kept, ttl] of [
    ['a week', {}, 'kept', MAX_CACHE_TTL],
    ['what validation allows', { ttl: 77 }, 'kept', 77],
    ['what is bogus', { security: SECURITY.bogus, reason: 6 }, 'kept', MAX_BOGUS_TTL],
    ['a signature that has run out', { ttl: -5 }, 'ttl-zero', 0],
  ] as const) {
    const bench = new Bench()
    assert.equal(bench.put('www.example. 604800 A 192.0.2.1', told), kept, what)
    if (kept === 'kept') assert.equal(bench.get('www.example. A'), `records: www.example. ${ttl} IN A 192.0.2.1`, what)
  }
})

test('TTL 0 is for one answer only (RFC 1035 3.2.1)', () => {
  const bench = new Bench()
  assert.equal(bench.put('www.example. 0 A 192.0.2.1'), 'ttl-zero')
  assert.equal(bench.look('www.example. A'), 'nothing')
})

test('a clock that goes back makes nothing older than its TTL', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1')
  bench.now -= 86_400
  assert.equal(bench.get('www.example. A'), 'records: www.example. 300 IN A 192.0.2.1')
})

test('what is more than an entry may hold is not kept, and what stood before stays', () => {
  const bench = new Bench()
  const many = Array.from({ length: MAX_CACHE_RECORDS + 1 }, (_, i) => `www.example. 60 A 192.0.2.${i}`).join('\n')
  const big = Array.from({ length: 70 }, (_, i) => `www.example. 60 TXT "${String(i).padStart(250, 'x')}"`).join('\n')
  bench.put('www.example. 60 A 192.0.2.1')
  assert.equal(bench.put(many), 'too-big')
  assert.equal(bench.put(big), 'too-big')
  assert.equal(bench.put('www.example. 60 A 192.0.2.1', { signatures: Array<string>(9).fill('www.example. 60 RRSIG A 13 2 60 20390101000000 20380101000000 1 example. AAAA') }), 'too-big')
  assert.deepEqual([bench.look('www.example. A'), bench.look('www.example. TXT')], ['records', 'nothing'])
})

test('the largest RRset that is taken comes back whole', () => {
  const bench = new Bench()
  const lines = Array.from({ length: MAX_CACHE_RECORDS }, (_, i) => `www.example. 60 AAAA 2001:db8::${i.toString(16)}`)
  assert.equal(bench.put(lines.join('\n')), 'kept')
  assert.equal(bench.look('www.example. AAAA'), 'records')
  assert.deepEqual(recordsOf(bench.reader, Name.parse('www.example.')), lines.map((line) => parseRecord(line)))
})

test('a new RRset takes the place of the old one, longer or shorter', () => {
  const bench = new Bench()
  for (const count of [1, 1, 5, 4, 1, 40]) {
    bench.put(Array.from({ length: count }, (_, i) => `www.example. 60 A 192.0.2.${count + i}`).join('\n'))
    assert.equal(bench.get('www.example. A').split('|').length, count)
    assert.match(bench.get('www.example. A'), new RegExp(`192\\.0\\.2\\.${count}`))
    assert.equal(bench.block.entryCount, 1)
  }
})

test('a cache has the octets that it was given, and no block of something else is taken for one', () => {
  assert.equal(CacheBlock.create(MIN_CACHE_OCTETS + 3, SEED).buffer.byteLength, MIN_CACHE_OCTETS)
  for (const octets of [0, MIN_CACHE_OCTETS - 1, MAX_IMAGE_OCTETS + 1, NaN]) assert.throws(() => CacheBlock.create(octets, SEED), RangeError)
  assert.throws(() => new CacheBlock(new SharedArrayBuffer(MIN_CACHE_OCTETS)), /not one of this layout/)
})

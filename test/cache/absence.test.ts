/** Absences are kept as RFC 2308 5 says: by name or by name and type, with the SOA and what proves them, for the lesser of its TTL and MINIMUM. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PART } from '../../src/cache/entry.ts'
import { SECURITY, TRUST } from '../../src/cache/terms.ts'
import { MAX_NEGATIVE_TTL } from '../../src/dns/limits-resolver.ts'
import { Bench, SOA } from './support.ts'

test('RFC 2308 5: NXDOMAIN is found for every type of the name, NODATA for its own', () => {
  const bench = new Bench()
  bench.putAbsent('none.example.')
  bench.putAbsent('www.example. AAAA')
  for (const [question, found] of [['none.example. A', 'nxdomain'], ['none.example. MX', 'nxdomain'], ['www.example. AAAA', 'nodata'], ['www.example. A', 'nothing'], ['example. A', 'nothing'], ['a.none.example. A', 'nothing']] as const) {
    assert.equal(bench.look(question), found, question)
  }
})

test('RFC 2308 5: the TTL is the lesser of the SOA\'s TTL and MINIMUM, and runs down in the SOA of the answer', () => {
  for (const [ttl, minimum, kept] of [[900, 600, 600], [300, 600, 300], [604_800, 604_800, MAX_NEGATIVE_TTL]] as const) {
    const bench = new Bench()
    bench.putAbsent('none.example.', { soa: `example. ${ttl} IN SOA ns.example. admin.example. 1 7200 900 1209600 ${minimum}` })
    assert.match(bench.get('none.example. A'), new RegExp(`^nxdomain: example\\. ${kept} IN SOA `))
    bench.now += kept - 1
    assert.match(bench.get('none.example. A'), /^nxdomain: example\. 1 IN SOA /)
    bench.now += 1
    assert.match(bench.get('none.example. A'), /^stale nxdomain/)
  }
})

test('RFC 2308 5: without SOA, or with one whose MINIMUM is 0, nothing is kept', () => {
  const bench = new Bench()
  assert.equal(bench.putAbsent('none.example.', { soa: null }), 'no-soa')
  assert.equal(bench.putAbsent('none.example.', { soa: 'example. 900 IN SOA ns.example. admin.example. 1 7200 900 1209600 0' }), 'ttl-zero')
  assert.equal(bench.look('none.example. A'), 'nothing')
})

test('RFC 2308 6: SOA, signatures and proofs come back with their own owners, for who sets DO and who does not', () => {
  const bench = new Bench()
  const signatures = ['example. 900 IN RRSIG SOA 13 1 900 20390101000000 20380101000000 1 example. AAAA']
  const proof = ['a.example. 500 IN NSEC z.example. A RRSIG NSEC', 'a.example. 500 IN RRSIG NSEC 13 2 500 20390101000000 20380101000000 1 example. AAAA']
  bench.putAbsent('none.example.', { signatures, proof, security: SECURITY.secure })
  const records = bench.get('none.example. A').split(': ')[1].split(' | ')
  assert.deepEqual(records, [SOA, ...signatures, ...proof].map((line) => line.replace(/ (900|500) IN/, ' 500 IN')))
  assert.deepEqual([PART.records, PART.signatures, PART.proof].map((part) => bench.reader.countOf(part)), [1, 1, 2])
  assert.equal(bench.reader.security, SECURITY.secure)
})

test('an SOA whose owner is the very name in question is written as a pointer, and read back the same', () => {
  const bench = new Bench()
  bench.putAbsent('example. MX')
  assert.equal(bench.get('example. MX'), `nodata: ${SOA.replace('900', '600').replace('900 IN', '600 IN')}`)
  assert.ok(bench.reader.octetsOf(PART.records) < 60)
})

test('NXDOMAIN takes the place of all that was known of the name, and data take its place', () => {
  const bench = new Bench()
  bench.put('www.example. 60 A 192.0.2.1')
  bench.put('www.example. 60 MX 10 mail.example.')
  bench.putAbsent('www.example. AAAA')
  bench.put('other.example. 60 A 192.0.2.1')
  bench.putAbsent('www.example.', { trust: TRUST.authoritative })
  assert.deepEqual(['www.example. A', 'www.example. MX', 'www.example. AAAA', 'other.example. A'].map((what) => bench.look(what)), ['nxdomain', 'nxdomain', 'nxdomain', 'records'])
  bench.put('www.example. 60 A 192.0.2.2')
  assert.deepEqual(['www.example. A', 'www.example. MX'].map((what) => bench.look(what)), ['records', 'nothing'])
})

test('NODATA and an RRset of the same type take each other\'s place', () => {
  const bench = new Bench()
  bench.putAbsent('www.example. A')
  bench.put('www.example. 60 A 192.0.2.2')
  assert.equal(bench.look('www.example. A'), 'records')
  bench.putAbsent('www.example. A')
  assert.equal(bench.look('www.example. A'), 'nodata')
  assert.equal(bench.block.entryCount, 1)
})

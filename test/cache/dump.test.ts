/** The dump says of each entry what it is, how it is trusted, how long it lasts, and its records as a zone file would. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dumpCache } from '../../src/cache/dump.ts'
import { SECURITY, TRUST } from '../../src/cache/terms.ts'
import { Bench } from './support.ts'

function dump(bench: Bench): string[] {
  const lines: string[] = []
  dumpCache(bench.cache, bench.now, (text) => lines.push(...text.split('\n')))
  return lines
}

test('an empty cache has nothing to say', () => {
  assert.deepEqual(dump(new Bench()), [])
})

test('each kind of entry is told apart', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2', { security: SECURITY.secure, signatures: ['www.example. 300 RRSIG A 13 2 300 20390101000000 20380101000000 1 example. AAAA'] })
  bench.put('ns.example. 60 AAAA 2001:db8::1', { trust: TRUST.additional })
  bench.putAbsent('none.example.', { trust: TRUST.authority, security: SECURITY.insecure })
  bench.putAbsent('www.example. MX', { trust: TRUST.authority })
  bench.putFailure('bad.example. A')
  bench.putFailure('bad.example. A', Uint8Array.of(192, 0, 2, 7))
  bench.now += 100
  assert.deepEqual(dump(bench), [
    '; www.example. A records, authoritative, secure, 200 s left',
    'www.example. 200 IN A 192.0.2.1',
    'www.example. 200 IN A 192.0.2.2',
    'www.example. 200 IN RRSIG A 13 2 300 20390101000000 20380101000000 1 example. AAAA',
    '; ns.example. AAAA records, additional, indeterminate, expired 40 s ago',
    'ns.example. 0 IN AAAA 2001:db8::1',
    '; none.example. NXDOMAIN, authority, insecure, 500 s left',
    'example. 500 IN SOA ns.example. admin.example. 1 7200 900 1209600 600',
    '; www.example. MX nodata, authority, indeterminate, 500 s left',
    'example. 500 IN SOA ns.example. admin.example. 1 7200 900 1209600 600',
    '; bad.example. A failure, 1 in a row, expired 95 s ago',
    '; bad.example. A failure, 1 in a row at 192.0.2.7, expired 95 s ago',
  ])
})

test('what was replaced is not told', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1')
  bench.put('www.example. 300 A 192.0.2.2\nwww.example. 300 A 192.0.2.3\nwww.example. 300 A 192.0.2.4\nwww.example. 300 A 192.0.2.5')
  assert.equal(dump(bench).length, 5)
  bench.putAbsent('www.example.')
  assert.deepEqual(dump(bench).map((line) => line.slice(0, 21)), ['; www.example. NXDOMA', 'example. 600 IN SOA n'])
})

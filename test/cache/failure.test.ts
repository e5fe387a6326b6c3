/** Failures are remembered for longer the more often they come (RFC 9520 3), and what has expired is an answer only beside one (RFC 8767 4, 5). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECURITY } from '../../src/cache/terms.ts'
import { EDE } from '../../src/dns/codes.ts'
import { MAX_FAILURE_SECONDS, MAX_STALE_SECONDS, MIN_CACHE_OCTETS, STALE_TTL } from '../../src/dns/limits-resolver.ts'
import { Bench, question } from './support.ts'

const ONE = Uint8Array.of(192, 0, 2, 1)
const TWO = Uint8Array.of(192, 0, 2, 2)

const ROWS: [what: string, reason: number | undefined, seconds: number[]][] = [
  ['up to 300', undefined, [5, 10, 20, 40, 80, 160, 300, 300, 300]],
  ['up to 300 where it is bogus', EDE.DNSSEC_BOGUS, [5, 10, 20, 40, 80, 160, 300, 300, 300]],
  ['up to 30 where no server was reached, as servers come back', EDE.NO_REACHABLE_AUTHORITY, [5, 10, 20, 30, 30]],
  ['up to 30 where no proof was reached', EDE.DNSSEC_INDETERMINATE, [5, 10, 20, 30, 30]],
  ['up to 30 where its time was over', EDE.OTHER, [5, 10, 20, 30, 30]],
]

for (const [what, reason, wanted] of ROWS) {
  test(`RFC 9520 3.2: a failure is remembered for 5 seconds, and twice as long each time in a row, ${what}`, () => {
    const bench = new Bench()
    const seconds = wanted.map(() => {
      const kept = bench.putFailure('www.example. A', undefined, reason)
      bench.now += kept - 1
      assert.equal(bench.look('www.example. A'), 'failure')
      bench.now += 1
      assert.equal(bench.look('www.example. A'), 'nothing')
      return kept
    })
    assert.deepEqual(seconds, wanted)
  })
}

test('RFC 9520 3.2: the row ends by an answer, or by five minutes without a failure', () => {
  const bench = new Bench()
  bench.putFailure('www.example. A')
  bench.putFailure('www.example. A')
  bench.put('www.example. 1 A 192.0.2.1')
  assert.equal(bench.look('www.example. A'), 'records')
  bench.now += 1
  assert.equal(bench.putFailure('www.example. A'), 5)
  bench.now += 5 + MAX_FAILURE_SECONDS
  assert.equal(bench.putFailure('www.example. A'), 5)
})

test('RFC 9520 3.2: what is kept is the question, not its name', () => {
  const bench = new Bench()
  bench.putFailure('www.example. A')
  assert.deepEqual(['www.example. A', 'www.example. AAAA', 'example. A'].map((what) => bench.look(what)), ['failure', 'nothing', 'nothing'])
})

test('RFC 9520 3.2: the failure of one server is not that of the question, nor of another server', () => {
  const bench = new Bench()
  const { cache } = bench
  const asked = question('www.example. A')
  bench.putFailure('www.example. A', ONE)
  assert.equal(bench.look('www.example. A'), 'nothing')
  const six = new Uint8Array(16).fill(1)
  assert.deepEqual([ONE, TWO, six, undefined].map((server) => cache.hasFailed({ ...asked, ...(server && { server }) }, bench.now)), [true, false, false, false])
  bench.putFailure('www.example. A', six)
  bench.putFailure('www.example. A')
  assert.deepEqual([ONE, TWO, six, undefined].map((server) => cache.hasFailed({ ...asked, ...(server && { server }) }, bench.now)), [true, false, true, true])
  bench.now += 5
  assert.equal(cache.hasFailed({ ...asked, server: ONE }, bench.now), false)
})

test('a failure says why (RFC 8914)', () => {
  const bench = new Bench()
  bench.putFailure('www.example. A', undefined, 22)
  assert.equal(bench.look('www.example. A'), 'failure')
  assert.deepEqual([bench.reader.reason, bench.reader.failures], [22, 1])
})

test('RFC 8767 4: an expired answer is kept and told to be stale, with a TTL of 30', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1')
  bench.now += 300
  assert.equal(bench.get('www.example. A'), `stale records: www.example. ${STALE_TTL} IN A 192.0.2.1`)
  assert.equal(bench.reader.hasFailed, false)
})

test('RFC 8767 5: after a failure the stale answer is what there is, until the failure may be tried again', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1')
  bench.now += 300
  bench.putFailure('www.example. A')
  assert.equal(bench.look('www.example. A'), 'stale records')
  assert.equal(bench.reader.hasFailed, true)
  bench.now += 5
  assert.equal(bench.look('www.example. A'), 'stale records')
  assert.equal(bench.reader.hasFailed, false)
})

test('RFC 8767 5: a day after its expiry it is no answer for anybody', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1')
  bench.now += 300 + MAX_STALE_SECONDS - 1
  assert.equal(bench.look('www.example. A'), 'stale records')
  bench.now += 1
  assert.equal(bench.look('www.example. A'), 'nothing')
})

test('RFC 8767 4: a live answer of any kind goes before a stale one', () => {
  const bench = new Bench()
  bench.put('www.example. 10 A 192.0.2.1')
  bench.put('www.example. 300 CNAME host.example.')
  bench.now += 10
  assert.equal(bench.look('www.example. A'), 'alias')
})

test('where staleness is not wanted, nothing stale is found', () => {
  const bench = new Bench(MIN_CACHE_OCTETS, 0)
  bench.put('www.example. 10 A 192.0.2.1')
  bench.now += 10
  bench.putFailure('www.example. A')
  assert.equal(bench.look('www.example. A'), 'failure')
})

test('a live answer is not touched by a failure beside it', () => {
  const bench = new Bench()
  bench.put('www.example. 300 A 192.0.2.1', { security: SECURITY.secure })
  bench.putFailure('www.example. A')
  assert.equal(bench.get('www.example. A'), 'records: www.example. 300 IN A 192.0.2.1')
})

/** What validation said of entries is taken back, so that they are judged anew: data stays, failed proofs go. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EDE } from '../../src/dns/codes.ts'
import { KIND, SECURITY, type Security } from '../../src/cache/terms.ts'
import { isProofFault } from '../../src/dnssec/verdict.ts'
import { audit } from './audit.ts'
import { Bench } from './support.ts'

/** `name kind security` of each entry that is there. */
function shown(bench: Bench): string[] {
  const lines: string[] = []
  bench.cache.forEach(({ kind, security, type, reason }) => void lines.push(`${kind} ${security} ${type} ${reason}`))
  return lines.sort()
}

/** What is put in, what is found of it afterwards, and how many entries that changed. */
const ROWS: [title: string, put: (bench: Bench) => void, look: string, after: string, count: number][] = [
  ['a proven RRset stays, to be judged anew', (bench) => void bench.put('www.example. 60 A 192.0.2.1', { security: SECURITY.secure }), 'www.example. A', 'records: www.example. 60 IN A 192.0.2.1', 1],
  ['so does one that was proven to be unsigned', (bench) => void bench.put('www.example. 60 A 192.0.2.1', { security: SECURITY.insecure }), 'www.example. A', 'records: www.example. 60 IN A 192.0.2.1', 1],
  ['one that nobody judged is as it was', (bench) => void bench.put('www.example. 60 A 192.0.2.1'), 'www.example. A', 'records: www.example. 60 IN A 192.0.2.1', 0],
  ['one that was bogus goes', (bench) => void bench.put('www.example. 60 A 192.0.2.1', { security: SECURITY.bogus }), 'www.example. A', 'nothing', 1],
  ['a failed proof goes', (bench) => void bench.putFailure('www.example. A', undefined, EDE.DNSSEC_BOGUS), 'www.example. A', 'nothing', 1],
  ['a failure of another kind stays', (bench) => void bench.putFailure('www.example. A', undefined, EDE.NO_REACHABLE_AUTHORITY), 'www.example. A', 'failure', 0],
  ['so does one without a reason', (bench) => void bench.putFailure('www.example. A'), 'www.example. A', 'failure', 0],
]
for (const [title, put, look, after, count] of ROWS) {
  test(title, () => {
    const bench = new Bench()
    put(bench)
    assert.equal(bench.cache.unjudge(isProofFault), count)
    audit(bench.block)
    assert.equal(bench.get(look).trim().split(/ \d+$/)[0], after)
    bench.cache.forEach(({ security }) => assert.equal(security, SECURITY.indeterminate))
    assert.equal(bench.cache.unjudge(isProofFault), 0, 'once more there is nothing left to take back')
  })
}

test('a proven absence stays, to be judged anew, with its signatures and its proof', () => {
  const bench = new Bench()
  const told = { signatures: [], proof: ['a.example. 600 NSEC z.example. A'], security: SECURITY.secure }
  bench.putAbsent('none.example.', told)
  bench.putAbsent('www.example. AAAA', told)
  const before = bench.get('www.example. AAAA')
  assert.equal(bench.cache.unjudge(isProofFault), 2)
  assert.equal(bench.get('www.example. AAAA'), before)
  bench.cache.forEach(({ security }) => assert.equal(security, SECURITY.indeterminate))
})

test('once it is taken back, what is trusted as much may take its place, which it might not before (RFC 2181 5.4.1)', () => {
  const bench = new Bench()
  bench.put('www.example. 60 A 192.0.2.1', { security: SECURITY.secure })
  assert.equal(bench.put('www.example. 60 A 192.0.2.2'), 'trusted-less')
  bench.cache.unjudge(isProofFault)
  assert.equal(bench.put('www.example. 60 A 192.0.2.2'), 'kept')
})

test('of any mix nothing else changes: no entry comes, none goes but failed proofs, and the block is whole', () => {
  const securities = fc.constantFrom<Security>(SECURITY.indeterminate, SECURITY.insecure, SECURITY.secure)
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(40), securities, fc.nat(3)), { maxLength: 80 }), (puts) => {
    const bench = new Bench()
    for (const [n, security, what] of puts) {
      if (what === 0) bench.putAbsent(`n${n}.example.`, { security })
      else if (what === 1) bench.putFailure(`n${n}.example. MX`, undefined, n % 2 === 0 ? EDE.DNSSEC_BOGUS : EDE.OTHER)
      else bench.put(`n${n}.example. 60 A 192.0.2.${n}`, { security })
    }
    const wanted = shown(bench).filter((line) => !line.startsWith(`${KIND.failure} `) || !line.endsWith(` ${EDE.DNSSEC_BOGUS}`)).map((line) => line.replace(/^(\d+) \d+/, '$1 0'))
    bench.cache.unjudge(isProofFault)
    audit(bench.block)
    assert.deepEqual(shown(bench), wanted.sort())
  }), { numRuns: 100 })
})

/** What is given after its end (RFC 8767): along aliases, of absences, and never what was not known or failed validation. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SECURITY } from '../../src/cache/terms.ts'
import { CLASS, EDE, parseType } from '../../src/dns/codes.ts'
import { MAX_ALIASES, MAX_STALE_SECONDS, STALE_TTL } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { StaleAnswers } from '../../src/resolver/stale.ts'
import { Bench, SOA } from '../cache/support.ts'

function filled(staleSeconds?: number): Bench {
  const bench = new Bench(undefined, staleSeconds)
  bench.put('www.example. 60 A 192.0.2.1')
  bench.put('alias.example. 60 CNAME www.example.')
  bench.put('fresh.example. 3600 CNAME www.example.')
  bench.put('half.example. 60 CNAME long.example.')
  bench.put('long.example. 3600 A 192.0.2.2')
  bench.put('lost.example. 60 CNAME unknown.example.')
  bench.put('bad.example. 60 A 192.0.2.3', { security: SECURITY.bogus, reason: EDE.DNSSEC_BOGUS })
  bench.put('a.circle. 60 CNAME b.circle.')
  bench.put('b.circle. 60 CNAME a.circle.')
  bench.putAbsent('none.example.')
  bench.putAbsent('www.example. MX')
  bench.put('gone.example. 60 CNAME none.example.')
  return bench
}

function said(bench: Bench, question: string): string[] {
  const [name, type] = question.split(' ')
  const outcome = new StaleAnswers(bench.block).find({ name: Name.parse(name), type: parseType(type) ?? assert.fail(type), class: CLASS.IN }, bench.now)
  if (outcome === undefined) return []
  const sets = outcome.kind === 'answer' ? [...outcome.chain, ...outcome.sets] : outcome.chain
  const soa = outcome.kind === 'nodata' || outcome.kind === 'nxdomain' ? (outcome.absence.soa?.records ?? []) : []
  return [`${outcome.kind} ${outcome.explanation?.infoCode}`, ...sets.flatMap(({ records }) => records.map(printRecord)), ...soa.map(printRecord)]
}

const STALE_SOA = SOA.replace('900', String(STALE_TTL))

/** A question, a thousand seconds after all was kept, and what is said. */
const ROWS: [question: string, wanted: string[]][] = [
  ['www.example. A', [`answer ${EDE.STALE_ANSWER}`, 'www.example. 30 IN A 192.0.2.1']],
  ['alias.example. A', [`answer ${EDE.STALE_ANSWER}`, 'alias.example. 30 IN CNAME www.example.', 'www.example. 30 IN A 192.0.2.1']],
  ['alias.example. CNAME', [`answer ${EDE.STALE_ANSWER}`, 'alias.example. 30 IN CNAME www.example.']],
  ['fresh.example. A', [`answer ${EDE.STALE_ANSWER}`, 'fresh.example. 2600 IN CNAME www.example.', 'www.example. 30 IN A 192.0.2.1']],
  ['half.example. A', [`answer ${EDE.STALE_ANSWER}`, 'half.example. 30 IN CNAME long.example.', 'long.example. 2600 IN A 192.0.2.2']],
  ['none.example. A', [`nxdomain ${EDE.STALE_NXDOMAIN_ANSWER}`, STALE_SOA]],
  ['www.example. MX', [`nodata ${EDE.STALE_ANSWER}`, STALE_SOA]],
  ['gone.example. A', [`nxdomain ${EDE.STALE_NXDOMAIN_ANSWER}`, 'gone.example. 30 IN CNAME none.example.', STALE_SOA]],
  ['long.example. A', []], // it is alive: whoever asks finds it without us
  ['lost.example. A', []],
  ['unknown.example. A', []],
  ['www.example. TXT', []],
  ['bad.example. A', []],
  ['a.circle. A', []],
]

for (const [question, wanted] of ROWS) {
  test(`${question} after its end: ${wanted[0] ?? 'nothing'}`, () => {
    const bench = filled()
    bench.now += 1_000
    assert.deepEqual(said(bench, question), wanted)
  })
}

test('a failure beside it does not hide what was known before (RFC 8767 5)', () => {
  const bench = filled()
  bench.now += 1_000
  bench.cache.keepFailure({ name: Name.parse('www.example.'), type: 1 }, bench.now)
  assert.equal(said(bench, 'www.example. A')[0], `answer ${EDE.STALE_ANSWER}`)
  assert.deepEqual(said(bench, 'unknown.example. A'), [])
})

test('what has not expired is not stale, and after its time nothing is given', () => {
  const bench = filled()
  assert.deepEqual(said(bench, 'www.example. A'), [])
  bench.now += 60 + MAX_STALE_SECONDS - 1
  assert.equal(said(bench, 'www.example. A').length, 2)
  bench.now += 1
  assert.deepEqual(said(bench, 'www.example. A'), [])
  const never = filled(0)
  never.now += 61
  assert.deepEqual(said(never, 'www.example. A'), [])
})

test('a chain longer than the resolver follows is not followed here either', () => {
  const bench = new Bench()
  for (let i = 0; i < MAX_ALIASES + 2; i++) bench.put(`c${i}.example. 60 CNAME c${i + 1}.example.`)
  bench.put(`c${MAX_ALIASES + 2}.example. 60 A 192.0.2.1`)
  bench.now += 100
  assert.equal(said(bench, 'c2.example. A').length, MAX_ALIASES + 2)
  assert.deepEqual(said(bench, 'c0.example. A'), [])
})

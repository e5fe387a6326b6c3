/** What is fetched anew before it expires: what is due, how often, and that the resolver asks for it meanwhile. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, parseType } from '../../src/dns/codes.ts'
import { MAX_REFRESHES } from '../../src/dns/limits-resolver.ts'
import type { Question } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { TRUST, type RRset } from '../../src/resolver/contract.ts'
import { RefreshingCache } from '../../src/resolver/refreshing.ts'
import { SharedCache } from '../../src/resolver/shared-cache.ts'
import { Bench } from '../cache/support.ts'
import { Internet, Play, records } from './support.ts'

function question(text: string): Question {
  const [name, type] = text.split(' ')
  return { name: Name.parse(name), type: parseType(type) ?? assert.fail(type), class: CLASS.IN }
}

function refreshingOf(bench: Bench): RefreshingCache {
  return new RefreshingCache(new SharedCache(bench.cache), bench.block)
}

/** What is kept, how many seconds go by, and whether it is due. */
const ROWS: [title: string, put: (bench: Bench) => void, seconds: number, due: boolean][] = [
  ['one just kept', (bench) => void bench.put('www.example. 100 A 192.0.2.1'), 0, false],
  ['one with a tenth left', (bench) => void bench.put('www.example. 100 A 192.0.2.1'), 90, false],
  ['one with less', (bench) => void bench.put('www.example. 100 A 192.0.2.1'), 91, true],
  ['one in its last second', (bench) => void bench.put('www.example. 100 A 192.0.2.1'), 99, true],
  ['one that has expired', (bench) => void bench.put('www.example. 100 A 192.0.2.1'), 100, false],
  ['one of a short TTL', (bench) => void bench.put('www.example. 9 A 192.0.2.1'), 8, false],
  ['an alias', (bench) => void bench.put('www.example. 100 CNAME x.example.'), 95, true],
  ['an absence', (bench) => void bench.putAbsent('www.example. A'), 595, true],
  ['a failure', (bench) => void bench.cache.keepFailure({ name: Name.parse('www.example.'), type: 1 }, bench.now), 4, false],
  ['nothing', () => undefined, 0, false],
]

for (const [title, put, seconds, due] of ROWS) {
  test(`${title} is ${due ? '' : 'not '}fetched anew`, () => {
    const bench = new Bench()
    put(bench)
    bench.now += seconds
    const refreshing = refreshingOf(bench)
    assert.equal(refreshing.begin(question('www.example. A'), bench.now), due)
    assert.equal(refreshing.size, due ? 1 : 0)
  })
}

test('while it is fetched it counts as unknown, and nothing else does; it is fetched once at a time', () => {
  const bench = new Bench()
  bench.put('www.example. 100 A 192.0.2.1')
  bench.put('www.example. 100 TXT "x"')
  bench.now += 95
  const refreshing = refreshingOf(bench)
  const kindOf = (text: string): string | undefined => refreshing.find(question(text).name, question(text).type, bench.now, TRUST.answer)?.kind
  assert.equal(kindOf('www.example. A'), 'records')
  assert.equal(refreshing.begin(question('WWW.example. A'), bench.now), true)
  assert.equal(refreshing.begin(question('www.example. A'), bench.now), false)
  assert.deepEqual([kindOf('www.example. A'), kindOf('www.example. TXT')], [undefined, 'records'])
  refreshing.end(question('www.example. A'))
  assert.equal(kindOf('www.example. A'), 'records')
})

test('only so many are fetched at once', () => {
  const bench = new Bench()
  for (let i = 0; i <= MAX_REFRESHES; i++) bench.put(`n${i}.example. 100 A 192.0.2.1`)
  bench.now += 95
  const refreshing = refreshingOf(bench)
  const begun = Array.from({ length: MAX_REFRESHES + 1 }, (_, i) => refreshing.begin(question(`n${i}.example. A`), bench.now))
  assert.deepEqual([begun.filter(Boolean).length, begun.at(-1)], [MAX_REFRESHES, false])
})

test('the resolver asks for it, and what it hears takes the place of what was known', () => {
  const net = new Internet()
    .serve('198.51.100.1', { '.': '@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. A 198.51.100.2' })
    .serve('198.51.100.2', { 'example.': '@ NS ns\nns A 198.51.100.2\nwww A 203.0.113.7' })
  const bench = new Bench()
  bench.put('www.example. 100 A 192.0.2.1')
  const refreshing = refreshingOf(bench)
  const play = new Play(net, {}, 1, refreshing)
  play.nowMs = (bench.now + 95) * 1_000
  assert.deepEqual(play.ask('www.example. A').records, ['www.example. A 192.0.2.1'])
  assert.equal(refreshing.begin(question('www.example. A'), bench.now + 95), true)
  assert.deepEqual(play.ask('www.example. A').records, ['www.example. A 203.0.113.7'])
  refreshing.end(question('www.example. A'))
  assert.deepEqual([play.ask('www.example. A').records, play.ask('www.example. A').packets], [['www.example. A 203.0.113.7'], []])
})

test('what is to be kept goes to the cache behind', () => {
  const bench = new Bench()
  const refreshing = refreshingOf(bench)
  const { name, type } = question('www.example. A')
  refreshing.keepFailure(name, type, 22, bench.now)
  assert.equal(refreshing.find(name, type, bench.now, TRUST.answer)?.kind, 'failure')
})

const chainOf = (text: string): RRset[] => records(text).map((record) => ({ name: record.name, type: record.type, records: [record], signatures: [], trust: TRUST.answer }))
const named = (all: Question[]): string[] => all.map(({ name }) => name.toString())

/** TTLs of an alias, of one behind it, and of the address, and which of them are due after 95 seconds. */
const CHAINS: [title: string, ttls: [number, number, number], due: string[]][] = [
  ['all of a short time', [100, 100, 100], ['a.example.', 'b.example.', 'c.example.']],
  ['the address alone', [3_600, 3_600, 100], ['c.example.']],
  ['an alias in between', [3_600, 100, 3_600], ['b.example.']],
  ['the first alias', [100, 3_600, 3_600], ['a.example.']],
  ['nothing', [3_600, 3_600, 3_600], []],
]

for (const [title, [first, second, last], due] of CHAINS) {
  test(`behind aliases what is about to expire is fetched anew: ${title}`, () => {
    const bench = new Bench()
    bench.put(`a.example. ${first} CNAME b.example.`)
    bench.put(`b.example. ${second} CNAME c.example.`)
    bench.put(`c.example. ${last} A 192.0.2.1`)
    bench.now += 95
    const refreshing = refreshingOf(bench)
    const chain = chainOf('a.example. 5 CNAME b.example.\nb.example. 5 CNAME c.example.')
    assert.deepEqual(named(refreshing.beginAll(question('a.example. A'), chain, bench.now)), due)
    assert.deepEqual(named(refreshing.beginAll(question('a.example. A'), chain, bench.now)), [], 'once at a time')
    assert.equal(refreshing.size, due.length)
    for (const name of due) refreshing.end(question(`${name} A`))
    assert.equal(refreshing.size, 0)
  })
}

test('a question for the alias itself refreshes nothing behind it, and a DNAME in the chain is no name to ask for', () => {
  const bench = new Bench()
  bench.put('old.example. 100 DNAME new.example.')
  bench.put('a.new.example. 100 A 192.0.2.1')
  bench.now += 95
  const chain = chainOf('old.example. 5 DNAME new.example.\na.old.example. 5 CNAME a.new.example.')
  assert.deepEqual(named(refreshingOf(bench).beginAll(question('a.old.example. A'), chain, bench.now)), ['a.new.example.'])
  assert.deepEqual(named(refreshingOf(bench).beginAll(question('a.new.example. A'), [], bench.now)), ['a.new.example.'])
})

test('what is to be had as it is now, as RFC 5011 2.3 wants of keys, counts as unknown whatever is left of it, or where nothing or a failure is known', () => {
  for (const put of [(bench: Bench) => void bench.put('example. 100 DNSKEY 257 3 15 AAAA'), (bench: Bench) => void bench.putAbsent('example. DNSKEY'), (bench: Bench) => void bench.cache.keepFailure({ name: Name.parse('example.'), type: 48 }, bench.now), () => undefined]) {
    const bench = new Bench()
    put(bench)
    const refreshing = refreshingOf(bench)
    const asked = question('example. DNSKEY')
    const known = (): string | undefined => refreshing.find(asked.name, asked.type, bench.now, TRUST.answer)?.kind
    const before = known()
    assert.deepEqual([refreshing.hide(asked), refreshing.hide(asked), refreshing.size, known()], [true, false, 1, undefined])
    refreshing.end(asked)
    assert.equal(known(), before)
  }
})

test('no more is hidden than may be refreshed at once', () => {
  const refreshing = refreshingOf(new Bench())
  for (let i = 0; i < MAX_REFRESHES; i++) assert.ok(refreshing.hide(question(`n${i}.example. A`)))
  assert.equal(refreshing.hide(question('more.example. A')), false)
})

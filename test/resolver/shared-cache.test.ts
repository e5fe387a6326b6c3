/** The machine over the cache of src/cache: what it keeps there, and that it walks by it as it does by the simple one (RFC 2181 5.4.1, RFC 2308 5, RFC 9520 3.2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheBlock } from '../../src/cache/block.ts'
import { Cache } from '../../src/cache/cache.ts'
import { dumpCache } from '../../src/cache/dump.ts'
import { parseType, TYPE } from '../../src/dns/codes.ts'
import { MIN_CACHE_OCTETS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { SECURITY, TRUST, type ResolverCache, type RRset, type Trust } from '../../src/resolver/contract.ts'
import { SharedCache } from '../../src/resolver/shared-cache.ts'
import { MapCache, Play, records, smallInternet, type Internet } from './support.ts'

const NOW = 1_000

function fresh(): { cache: Cache; shared: SharedCache } {
  const cache = new Cache(CacheBlock.create(MIN_CACHE_OCTETS, 7))
  return { cache, shared: new SharedCache(cache) }
}

function setOf(text: string, trust: Trust = TRUST.authoritative, signatures = ''): RRset {
  const own = records(text)
  return { name: own[0].name, type: own[0].type, records: own, signatures: records(signatures), trust }
}

/** What a cache says of a name and type, in a line. */
function shown(cache: ResolverCache, question: string, now = NOW, least: Trust = TRUST.answer): string {
  const [name, type] = question.split(' ')
  const found = cache.find(Name.parse(name), parseType(type) ?? 0, now, least)
  switch (found?.kind) {
    case 'records':
    case 'alias':
      return `${found.kind} ${found.rrset.name} ${found.rrset.type} ×${found.rrset.records.length} +${found.rrset.signatures.length} ttl ${found.rrset.records[0].ttl} trust ${found.rrset.trust}`
    case 'nodata':
    case 'nxdomain':
      return `${found.kind} ${found.name} ${found.type} by ${found.soa?.name ?? 'nobody'} +${found.proof.length}`
    default:
      return found?.kind ?? 'nothing'
  }
}

const SOA = setOf('example. 600 IN SOA ns.example. host.example. 1 7200 3600 604800 300', TRUST.authority)
const RRSIG = 'a.example. RRSIG A 13 2 3600 20300101000000 20200101000000 1 example. AAAA'

/** Both caches, filled alike. */
function filled(): ResolverCache[] {
  return [fresh().shared, new MapCache()].map((cache) => {
    cache.keep(setOf('a.example. A 192.0.2.1\na.example. A 192.0.2.2', TRUST.authoritative, RRSIG), NOW)
    cache.keep(setOf('alias.example. CNAME a.example.', TRUST.answer), NOW)
    cache.keep(setOf('example. NS ns.example.', TRUST.additional), NOW)
    cache.keep(setOf('zero.example. 0 IN A 192.0.2.3'), NOW)
    cache.keepAbsence({ kind: 'nxdomain', name: Name.parse('gone.example.'), type: TYPE.A, soa: SOA, proof: [] }, NOW)
    cache.keepAbsence({ kind: 'nodata', name: Name.parse('a.example.'), type: TYPE.MX, soa: SOA, proof: records('a.example. NSEC b.example. A') }, NOW)
    cache.keepAbsence({ kind: 'nxdomain', name: Name.parse('bare.example.'), type: TYPE.A, proof: [] }, NOW)
    cache.keepFailure(Name.parse('bad.example.'), TYPE.A, 22, NOW)
    return cache
  })
}

const FOUND: [question: string, at: number, least: Trust, found: string][] = [
  ['a.example. A', 0, TRUST.answer, 'records a.example. 1 ×2 +1 ttl 3600 trust 5'],
  ['A.Example. A', 100, TRUST.answer, 'records a.example. 1 ×2 +1 ttl 3500 trust 5'],
  ['a.example. A', 3600, TRUST.answer, 'nothing'],
  ['a.example. TXT', 0, TRUST.answer, 'nothing'],
  ['alias.example. A', 0, TRUST.answer, 'alias alias.example. 5 ×1 +0 ttl 3600 trust 2'],
  ['alias.example. CNAME', 0, TRUST.answer, 'records alias.example. 5 ×1 +0 ttl 3600 trust 2'],
  ['alias.example. A', 0, TRUST.authoritative, 'nothing'],
  ['example. NS', 0, TRUST.answer, 'nothing'],
  ['example. NS', 0, TRUST.additional, 'records example. 2 ×1 +0 ttl 3600 trust 1'],
  ['zero.example. A', 0, TRUST.additional, 'nothing'],
  ['gone.example. MX', 299, TRUST.answer, 'nxdomain gone.example. 15 by example. +0'],
  ['gone.example. A', 300, TRUST.answer, 'nothing'],
  ['a.example. MX', 0, TRUST.answer, 'nodata a.example. 15 by example. +1'],
  ['bare.example. A', 0, TRUST.answer, 'nothing'],
  ['bad.example. A', 4, TRUST.answer, 'failure'],
  ['bad.example. A', 5, TRUST.answer, 'nothing'],
  ['bad.example. AAAA', 0, TRUST.answer, 'nothing'],
]

for (const [question, at, least, found] of FOUND) {
  test(`${question} after ${at} s, trust ${least} at least: ${found.split(' ')[0]}, in the shared cache as in the simple one`, () => {
    for (const cache of filled()) assert.equal(shown(cache, question, NOW + at, least), found)
  })
}

test('what has expired is not told, though it is still there; while asking has failed, that is told', () => {
  const { shared } = fresh()
  shared.keep(setOf('a.example. 60 IN A 192.0.2.1'), NOW)
  assert.equal(shown(shared, 'a.example. A', NOW + 61), 'nothing')
  shared.keepFailure(Name.parse('a.example.'), TYPE.A, 22, NOW + 61)
  assert.equal(shown(shared, 'a.example. A', NOW + 62), 'failure')
  assert.deepEqual(shared.find(Name.parse('a.example.'), TYPE.A, NOW + 62, TRUST.answer), { kind: 'failure', infoCode: 22 }, 'the reason is that of the failure')
  assert.equal(shown(shared, 'a.example. A', NOW + 30), 'records a.example. 1 ×1 +0 ttl 30 trust 5')
})

test('what is trusted less does not take the place of what is trusted more while that lives', () => {
  const { shared } = fresh()
  shared.keep(setOf('a.example. 60 IN A 192.0.2.1'), NOW)
  shared.keep(setOf('a.example. A 192.0.2.2', TRUST.additional), NOW)
  assert.equal(shown(shared, 'a.example. A'), 'records a.example. 1 ×1 +0 ttl 60 trust 5')
  shared.keep(setOf('a.example. A 192.0.2.2', TRUST.additional), NOW + 60)
  assert.equal(shown(shared, 'a.example. A', NOW + 60, TRUST.additional), 'records a.example. 1 ×1 +0 ttl 3600 trust 1')
})

/** Plays over the shared cache. */
function play(net: Internet): { play: Play; cache: Cache } {
  const { cache, shared } = fresh()
  return { play: new Play(net, {}, 1, shared), cache }
}

const WORLD = 'alias CNAME www\nold DNAME new\na.new A 192.0.2.1\nsub NS ns.far.\nd.e.f TXT "deep"'
const QUESTIONS = ['www.example. A', 'alias.example. A', 'a.old.example. A', 'gone.example. A', 'x.gone.example. A', 'www.example. TXT', 'd.e.f.example. TXT', 'e.f.example. A', 'example. NS', 'ns.example. A', 'www.sub.example. A', 'example. DS', '. NS', 'localhost. A']

test('every question ends the same over either cache, with the same packets, cold and again', () => {
  const over = play(smallInternet(WORLD)).play
  const simple = new Play(smallInternet(WORLD))
  for (const question of [...QUESTIONS, ...QUESTIONS]) {
    const [told, wanted] = [over.ask(question), simple.ask(question)]
    assert.deepEqual({ kind: told.kind, records: told.records, packets: told.packets }, { kind: wanted.kind, records: wanted.records, packets: wanted.packets }, question)
  }
})

test('an hour of questions, with everything expiring in between, stays the same as well', () => {
  const over = play(smallInternet(WORLD)).play
  const simple = new Play(smallInternet(WORLD))
  for (let i = 0; i < 120; i++) {
    const question = QUESTIONS[(i * 5) % QUESTIONS.length]
    // failures are remembered for longer with each in the shared cache (RFC 9520 3.2), which the simple one does not do
    if (question === 'www.sub.example. A') continue
    const [told, wanted] = [over.ask(question), simple.ask(question)]
    assert.deepEqual([told.kind, told.records, told.packets], [wanted.kind, wanted.records, wanted.packets], `${i} ${question}`)
    for (const one of [over, simple]) one.nowMs = 1_000_000 + (i + 1) * 61_000
  }
})

test('after one answer the cache holds, as text, the way to it and nothing else', () => {
  const { play: over, cache } = play(smallInternet())
  over.ask('www.example. A')
  const heads: string[] = []
  dumpCache(cache, Math.floor(over.nowMs / 1000), (lines) => heads.push(lines.split('\n')[0].replace(/, \d+ s left/, '')))
  assert.deepEqual(heads.toSorted(), [
    '; . NS records, authoritative, indeterminate', '; a.root. A records, additional, indeterminate', '; example. NS records, additional, indeterminate',
    '; ns.example. A records, additional, indeterminate', '; www.example. A records, authoritative, indeterminate',
  ])
})

test('an RRset that the cache does not take is answered all the same', () => {
  const many = Array.from({ length: 150 }, (_, i) => `many A 192.0.2.${i}`).join('\n')
  const { play: over } = play(smallInternet(many))
  for (let i = 0; i < 2; i++) {
    const { outcome, packets } = over.ask('many.example. A')
    assert.ok(outcome.kind === 'answer')
    assert.equal(outcome.sets[0].records.length, 150)
    assert.equal(packets.at(-1)?.split(' ')[2], 'many.example.')
  }
})

test('both caches forget one name and type on demand, absences too, and neither what failed nor other types (RFC 4035 4.7)', () => {
  for (const cache of filled()) {
    cache.keep(setOf('a.example. TXT "stays"'), NOW)
    for (const [name, type] of [['a.example.', TYPE.A], ['gone.example.', TYPE.TXT], ['bad.example.', TYPE.A], ['a.example.', TYPE.MX], ['never.example.', TYPE.A]] as const) cache.forget(Name.parse(name), type)
    assert.deepEqual(['a.example. A', 'gone.example. A', 'bad.example. A', 'a.example. MX'].map((question) => shown(cache, question)), ['nothing', 'nothing', 'failure', 'nothing'])
    assert.match(shown(cache, 'a.example. TXT'), /^records/)
    assert.match(shown(cache, 'alias.example. A'), /^alias/)
  }
})

test('both caches give back what validation said, the proof of a wildcard, and why something failed', () => {
  for (const cache of filled()) {
    const proof = records('a.example. NSEC z.example. A')
    cache.keep({ ...setOf('w.example. A 192.0.2.7', TRUST.answer, RRSIG.replace('a.', 'w.')), security: SECURITY.secure, proof }, NOW)
    cache.keep({ ...setOf('i.example. A 192.0.2.7'), security: SECURITY.insecure }, NOW)
    cache.keepAbsence({ kind: 'nodata', name: Name.parse('w.example.'), type: TYPE.MX, soa: SOA, proof, security: SECURITY.secure }, NOW)
    const of = (name: string, type: number): ReturnType<ResolverCache['find']> => cache.find(Name.parse(name), type, NOW, TRUST.answer)
    const [secure, insecure, absent, failed, unknown] = [of('w.example.', TYPE.A), of('i.example.', TYPE.A), of('w.example.', TYPE.MX), of('bad.example.', TYPE.A), of('a.example.', TYPE.A)]
    assert.ok(secure?.kind === 'records' && secure.rrset.security === SECURITY.secure && secure.rrset.proof?.length === 1)
    assert.ok(insecure?.kind === 'records' && insecure.rrset.security === SECURITY.insecure && insecure.rrset.proof === undefined)
    assert.ok(absent?.kind === 'nodata' && absent.security === SECURITY.secure)
    assert.ok(failed?.kind === 'failure' && failed.infoCode === 22)
    assert.ok(unknown?.kind === 'records' && unknown.rrset.security === undefined)
  }
})

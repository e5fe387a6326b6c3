/**
 * Answers from the cache in the thread that was asked: each kind of what is known, TTLs that run down, what the core must
 * be asked for, and that nothing else is ever said than what the resolver itself says of the same cache.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { SECURITY, TRUST } from '../../src/cache/terms.ts'
import { CLASS, EDE, OPTION, parseType, RCODE } from '../../src/dns/codes.ts'
import { MAX_ALIASES } from '../../src/dns/limits-resolver.ts'
import { decodeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { Resolver } from '../../src/resolver/resolver.ts'
import { SharedCache } from '../../src/resolver/shared-cache.ts'
import { StaleAnswers } from '../../src/resolver/stale.ts'
import { replyOf } from '../../src/server/recursive-reply.ts'
import { encodeQuery, type Asking } from '../authority/ask.ts'
import { settingsOf } from '../resolver/support.ts'
import { Asked } from './remembering.ts'

const SIG = (owner: string, type: string): string => `${owner} 300 IN RRSIG ${type} 13 2 300 20300101000000 20200101000000 1 example. AAAA`
const SIGNED_SOA = 'example. 900 IN SOA ns.example. admin.example. 1 7200 900 1209600 600'
/** That nothing is nearer than the wildcard. */
const GAP = 'wild.example. 300 IN NSEC www.example. A RRSIG NSEC'

function filled(ruled: string[] = []): Asked {
  const asked = new Asked(ruled)
  const { bench } = asked
  bench.put('www.example. 300 A 192.0.2.1\nwww.example. 300 A 192.0.2.2', { signatures: [SIG('www.example.', 'A')] })
  bench.put('alias.example. 100 CNAME www.example.', { signatures: [SIG('alias.example.', 'CNAME')] })
  bench.put('twice.example. 100 CNAME alias.example.')
  bench.put('out.example. 100 CNAME unknown.example.')
  bench.put('home.example. 100 CNAME ours.example.')
  bench.put('ours.example. 100 A 192.0.2.66')
  bench.put('gone.example. 100 CNAME none.example.')
  bench.put('bogus.example. 60 A 192.0.2.9', { security: SECURITY.bogus, reason: EDE.DNSSEC_BOGUS })
  bench.put('glue.example. 60 A 192.0.2.10', { trust: TRUST.additional })
  bench.put('x.wild.example. 300 TXT "any"', { signatures: [SIG('x.wild.example.', 'TXT')], proof: [GAP] })
  bench.put('y.wild.example. 300 CNAME www.example.', { signatures: [SIG('y.wild.example.', 'CNAME')], proof: [GAP] })
  bench.put('z.wild.example. 300 CNAME x.wild.example.', { signatures: [SIG('z.wild.example.', 'CNAME')], proof: [GAP] })
  bench.put('v.wild.example. 300 CNAME none.example.', { signatures: [SIG('v.wild.example.', 'CNAME')], proof: [GAP] })
  bench.put('to.example. 300 CNAME x.wild.example.')
  bench.put('a.circle. 60 CNAME b.circle.')
  bench.put('b.circle. 60 CNAME a.circle.')
  bench.putAbsent('none.example.', { soa: SIGNED_SOA, signatures: [SIG('example.', 'SOA')], proof: ['m.example. 300 IN NSEC o.example. A RRSIG NSEC'] })
  bench.putAbsent('www.example. AAAA', { soa: SIGNED_SOA })
  bench.cache.keepFailure({ name: Name.parse('dead.example.'), type: 1 }, bench.now)
  return asked
}

/** The TTL of a denial is the least of all that is kept with it (RFC 2308 5): of one with its proof that of the NSEC. */
const SOA = SIGNED_SOA.replace('900', '600')
const PROVEN_SOA = SIGNED_SOA.replace('900', '300')

/** A question and how it is asked, and what is said. */
const ROWS: [question: string, asking: Asking, said: string[]][] = [
  ['www.example. A', {}, ['0', 'www.example. 300 IN A 192.0.2.1', 'www.example. 300 IN A 192.0.2.2']],
  ['WWW.Example. A', {}, ['0', 'WWW.Example. 300 IN A 192.0.2.1', 'WWW.Example. 300 IN A 192.0.2.2']],
  ['www.example. A', { dnssec: true }, ['0', 'www.example. 300 IN A 192.0.2.1', 'www.example. 300 IN A 192.0.2.2', SIG('www.example.', 'A')]],
  ['www.example. A', { tcp: true }, ['0', 'www.example. 300 IN A 192.0.2.1', 'www.example. 300 IN A 192.0.2.2']],
  ['alias.example. CNAME', {}, ['0', 'alias.example. 100 IN CNAME www.example.']],
  ['alias.example. A', {}, ['0', 'alias.example. 100 IN CNAME www.example.', 'www.example. 300 IN A 192.0.2.1', 'www.example. 300 IN A 192.0.2.2']],
  ['twice.example. A', { dnssec: true }, ['0', 'twice.example. 100 IN CNAME alias.example.', 'alias.example. 100 IN CNAME www.example.', SIG('alias.example.', 'CNAME').replace(' 300 IN', ' 100 IN'),
    'www.example. 300 IN A 192.0.2.1', 'www.example. 300 IN A 192.0.2.2', SIG('www.example.', 'A')]],
  ['x.wild.example. TXT', { dnssec: true }, ['0', 'x.wild.example. 300 IN TXT "any"', SIG('x.wild.example.', 'TXT'), '/', GAP]],
  ['x.wild.example. TXT', {}, ['0', 'x.wild.example. 300 IN TXT "any"']],
  ['to.example. TXT', { dnssec: true }, ['0', 'to.example. 300 IN CNAME x.wild.example.', 'x.wild.example. 300 IN TXT "any"', SIG('x.wild.example.', 'TXT'), '/', GAP]],
  ['y.wild.example. A', { dnssec: true }, ['0', 'y.wild.example. 300 IN CNAME www.example.', SIG('y.wild.example.', 'CNAME'), 'www.example. 300 IN A 192.0.2.1', 'www.example. 300 IN A 192.0.2.2', SIG('www.example.', 'A'), '/', GAP]],
  ['y.wild.example. A', {}, ['0', 'y.wild.example. 300 IN CNAME www.example.', 'www.example. 300 IN A 192.0.2.1', 'www.example. 300 IN A 192.0.2.2']],
  // what two proofs have in common is told once, by the core
  ['z.wild.example. TXT', { dnssec: true }, ['core']],
  ['v.wild.example. A', { dnssec: true }, ['core']],
  ['v.wild.example. A', {}, ['3', 'v.wild.example. 300 IN CNAME none.example.', '/', PROVEN_SOA]],
  ['none.example. A', {}, ['3', '/', PROVEN_SOA]],
  ['none.example. MX', {}, ['3', '/', PROVEN_SOA]],
  ['gone.example. A', {}, ['3', 'gone.example. 100 IN CNAME none.example.', '/', PROVEN_SOA]],
  ['www.example. AAAA', {}, ['0', '/', SOA]],
  ['alias.example. AAAA', {}, ['0', 'alias.example. 100 IN CNAME www.example.', '/', SOA]],
  ['dead.example. A', {}, ['2']],
  ['dead.example. AAAA', {}, ['core']],
  ['unknown.example. A', {}, ['core']],
  ['www.example. MX', {}, ['core']],
  ['www.example. ANY', {}, ['core']],
  ['out.example. A', {}, ['core']],
  ['home.example. A', {}, ['core']],
  ['a.circle. A', {}, ['core']],
  ['bogus.example. A', {}, ['core']],
  ['bogus.example. A', { header: 'rd cd' }, ['0', 'bogus.example. 60 IN A 192.0.2.9']],
  ['glue.example. A', {}, ['core']],
  ['www.example. A', { header: '' }, ['5']],
  ['www.example. A', { from: Uint8Array.of(198, 51, 100, 1) }, ['5']],
  ['www.example. A LOCAL', {}, ['5']],
]

for (const [question, asking, said] of ROWS) {
  test(`${question} ${JSON.stringify(asking)}: ${said[0]}`, () => {
    assert.deepEqual(filled().say(question, asking), said)
  })
}

test('the bits of the header: RA and what was asked with, never AA or AD (RFC 1035 4.1.1, RFC 4035 3.2.2)', () => {
  const { recursionAvailable, recursionDesired, checkingDisabled, authoritative, authenticData, truncated, edns } = filled().ask('www.example. A', { header: 'rd cd', dnssec: true }) ?? assert.fail()
  assert.deepEqual({ recursionAvailable, recursionDesired, checkingDisabled, authoritative, authenticData, truncated }, { recursionAvailable: true, recursionDesired: true, checkingDisabled: true, authoritative: false, authenticData: false, truncated: false })
  assert.equal(edns?.dnssecOk, true)
})

test('without EDNS there is no OPT in the answer, nor a reason of a failure (RFC 6891 7)', () => {
  const asked = filled()
  const bare = encodeQuery('dead.example. A', { header: 'rd' })
  const out = new Uint8Array(512)
  const size = asked.server.answer(bare, bare.length, { transport: 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 1 }, out)
  assert.deepEqual([decodeMessage(out.slice(0, size)).rcode, decodeMessage(out.slice(0, size)).edns], [RCODE.SERVFAIL, undefined])
})

test('a failure says that it is remembered (RFC 8914 4.14, RFC 9520 3.2), until it may be tried again', () => {
  const asked = filled()
  const told = asked.ask('dead.example. A')?.edns?.options.find(({ code }) => code === OPTION.EDE)?.octets
  assert.equal(Buffer.from(told ?? []).readUInt16BE(), EDE.CACHED_ERROR)
  assert.equal(Buffer.from(told ?? []).subarray(2).toString(), 'it failed a moment ago')
  asked.bench.now += 6
  assert.deepEqual(asked.say('dead.example. A'), ['core'])
})

test('TTLs run down by the second; at their end the core is asked', () => {
  const asked = filled()
  asked.bench.now += 99
  assert.deepEqual(asked.say('alias.example. A').map((line) => line.split(' ')[1]), [undefined, '1', '201', '201'])
  asked.bench.now += 1
  assert.deepEqual(asked.say('alias.example. A'), ['core'], 'what has expired is not given')
  assert.equal(asked.say('www.example. A').length, 3)
  asked.bench.now += 200
  assert.deepEqual(asked.say('www.example. A'), ['core'])
})

test('what has expired is given where asking has just failed, as what it is, and for half a minute (RFC 8767 5, RFC 8914 4.4, 4.20)', () => {
  const asked = filled()
  asked.bench.now += 1_000
  assert.deepEqual(asked.say('www.example. A'), ['core'])
  for (const [name, type] of [['www.example.', 1], ['none.example.', 1]] as const) asked.bench.cache.keepFailure({ name: Name.parse(name), type }, asked.bench.now)
  assert.deepEqual(asked.say('www.example. A'), ['0', 'www.example. 30 IN A 192.0.2.1', 'www.example. 30 IN A 192.0.2.2'])
  assert.deepEqual(asked.say('alias.example. A'), ['core'], 'the alias itself may be asked for')
  for (const [question, code] of [['www.example. A', EDE.STALE_ANSWER], ['none.example. A', EDE.STALE_NXDOMAIN_ANSWER]] as const) {
    const told = asked.ask(question)?.edns?.options.find((option) => option.code === OPTION.EDE)?.octets
    assert.deepEqual([...(told ?? [])], [0, code])
  }
  asked.bench.now += 6
  assert.deepEqual(asked.say('www.example. A'), ['core'], 'it may be asked for again')
})

test('a popular name in its last tenth is the core\'s to fetch anew once, and known meanwhile', () => {
  const asked = filled()
  for (let i = 0; i < 5; i++) asked.say('www.example. A')
  asked.bench.now += 280
  assert.deepEqual(Array.from({ length: 4 }, () => asked.say('www.example. A')[0]), ['core', '0', '0', '0'])
})

test('what a rule of the operator\'s speaks of is the core\'s, as the name asked for or at the end of an alias', () => {
  assert.deepEqual(['www.example. A', 'alias.example. A', 'alias.example. CNAME', 'none.example. A'].map((question) => filled(['www.example.']).say(question)[0]), ['core', 'core', '0', '3'])
})

test('what has no room is cut to the question, whole over TCP (RFC 2181 9)', () => {
  const asked = filled()
  asked.bench.put(Array.from({ length: 60 }, (_, i) => `many.example. 60 A 192.0.2.${i}`).join('\n'))
  asked.bench.put('to.example. 60 CNAME many.example.')
  for (const question of ['many.example. A', 'to.example. A']) {
    const cut = asked.ask(question, { size: 600 }) ?? assert.fail()
    assert.deepEqual([cut.truncated, cut.answers.length, cut.rcode], [true, 0, 0], question)
    const whole = asked.ask(question, { tcp: true }) ?? assert.fail()
    assert.deepEqual([whole.truncated, whole.answers.filter(({ type }) => type === 1).length], [false, 60])
  }
})

test('a proof that has no room cuts the answer too: half of it would not be believed (RFC 4035 3.1.3.3)', () => {
  const asked = filled()
  const many = Array.from({ length: 20 }, (_, i) => `w${i}.example. 300 IN NSEC x${i}.example. A RRSIG NSEC`)
  asked.bench.put('large.example. 300 TXT "any"', { proof: many })
  asked.bench.put('to-one.example. 300 CNAME www.example.', { proof: many })
  for (const question of ['large.example. TXT', 'to-one.example. A']) {
    const [cut, whole, plain] = [{ size: 600, dnssec: true }, { tcp: true, dnssec: true }, { size: 600 }].map((asking) => asked.ask(question, asking) ?? assert.fail())
    assert.deepEqual([cut.truncated, cut.answers.length, cut.authorities.length], [true, 0, 0], question)
    assert.deepEqual([whole.truncated, whole.authorities.length], [false, 20], question)
    assert.deepEqual([plain.truncated, plain.authorities.length], [false, 0], question)
  }
})

test('a chain is followed as far as the resolver would, and longer ones are the core\'s', () => {
  const asked = new Asked()
  for (let i = 0; i < MAX_ALIASES + 3; i++) asked.bench.put(`c${i}.example. 60 CNAME c${i + 1}.example.`)
  asked.bench.put(`c${MAX_ALIASES + 3}.example. 60 A 192.0.2.1`)
  assert.equal(asked.say('c3.example. A').length, 1 + MAX_ALIASES + 1)
  assert.deepEqual(asked.say('c2.example. A'), ['core'])
})

test('hits are counted as responses, misses as left to the core', () => {
  const asked = filled()
  for (const question of ['www.example. A', 'none.example. A', 'unknown.example. A']) asked.say(question)
  assert.deepEqual(['response.remembered', 'rcode.NOERROR', 'rcode.NXDOMAIN', 'deferred.missing', 'response.referral'].map((name) => asked.server.counters.get(name)), [2, 1, 1, 1, 0])
})

// ---- Against the resolver ----

const NAMES = ['a.test-zone.', 'b.test-zone.', 'c.test-zone.', 'd.example.']
const TYPES = ['A', 'AAAA', 'TXT', 'CNAME']
const entry = fc.record({ name: fc.constantFrom(...NAMES), what: fc.constantFrom('A', 'AAAA', 'TXT', 'alias', 'nodata', 'nxdomain', 'failure'), to: fc.constantFrom(...NAMES), isProven: fc.boolean(), ttl: fc.integer({ min: 1, max: 400 }), type: fc.constantFrom(...TYPES) })

function put({ bench }: Asked, { name, what, to, isProven, ttl, type }: { name: string; what: string; to: string; isProven: boolean; ttl: number; type: string }): void {
  const told = isProven ? { proof: [`a.test-zone. ${ttl} IN NSEC ${name} A`, `${name} ${ttl} IN NSEC z.test-zone. A`] } : {}
  if (what === 'alias') bench.put(`${name} ${ttl} CNAME ${to}`, told)
  else if (what === 'nodata') bench.putAbsent(`${name} ${type}`, told)
  else if (what === 'nxdomain') bench.putAbsent(name, told)
  else if (what === 'failure') bench.cache.keepFailure({ name: Name.parse(name), type: parseType(type) ?? 1 }, bench.now)
  else bench.put(`${name} ${ttl} ${what} ${what === 'A' ? '192.0.2.1' : what === 'AAAA' ? '2001:db8::1' : '"x"'}`, told)
}

type Entry = typeof entry extends fc.Arbitrary<infer One> ? One : never
/** What chance hardly ever makes: asking failed a moment ago, and what was known before has expired. */
const EXPIRED_BESIDE_FAILURE = (['nxdomain', 'nodata', 'TXT', 'alias'] as const).flatMap((what) => [true, false].map((dnssec): [Entry[], string, string, number, boolean] => [
  [{ name: 'b.test-zone.', what, to: 'a.test-zone.', isProven: true, ttl: 1, type: 'TXT' }, { name: 'b.test-zone.', what: 'failure', to: 'a.test-zone.', isProven: false, ttl: 1, type: 'TXT' }],
  'b.test-zone.', 'TXT', 1, dnssec,
]))

test('whatever is in the cache: what is said from memory is what the resolver says of it, and only what it need not ask for', () => {
  let both = 0
  fc.assert(fc.property(fc.array(entry, { maxLength: 12 }), fc.constantFrom(...NAMES), fc.constantFrom(...TYPES), fc.integer({ min: 0, max: 500 }), fc.boolean(), (entries, name, type, later, dnssec) => {
    const asked = new Asked()
    for (const one of entries) put(asked, one)
    asked.bench.now += later
    const resolver = new Resolver({ settings: settingsOf(), cache: new SharedCache(asked.bench.cache), random: () => 0 })
    const question = { name: Name.parse(name), type: parseType(type) ?? 1, class: CLASS.IN }
    const effects = resolver.step({ kind: 'start', nowMs: asked.bench.now * 1000, waiter: 1, question })
    const message = asked.ask(`${name} ${type}`, { dnssec })
    const [effect] = effects
    if (message === undefined) return
    both++
    assert.equal(effect.kind, 'done', 'the resolver would have asked')
    if (effect.kind !== 'done') return
    // while a failure is remembered, what has expired is given in its place, as the server does around its resolver (RFC 8767 5)
    const expired = effect.outcome.kind === 'failure' ? new StaleAnswers(asked.bench.cache.block).find(question, asked.bench.now) : undefined
    const { rcode, answers = [], authorities = [] } = replyOf(expired ?? effect.outcome, dnssec)
    assert.equal(message.rcode, rcode)
    assert.deepEqual(message.answers.map(printRecord), answers.map(printRecord))
    assert.deepEqual(message.authorities.map(printRecord), authorities.map(printRecord))
  }), { numRuns: 1_000, examples: EXPIRED_BESIDE_FAILURE })
  assert.ok(both > 60, `${both} were answered from memory`)
})

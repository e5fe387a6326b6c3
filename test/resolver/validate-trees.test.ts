/** Plays of validation across zones (RFC 4035 5, RFC 6840, RFC 7646, RFC 9276): aliases between signed and unsigned, anchors of all kinds, forwarders, the shared cache, and attacks with the work counted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CacheBlock } from '../../src/cache/block.ts'
import { Cache } from '../../src/cache/cache.ts'
import { TYPE } from '../../src/dns/codes.ts'
import {
  MAX_CHAIN_STEPS, MAX_FAILED_VERIFICATIONS, MAX_HASH_ROUNDS_PER_QUESTION, MAX_NSEC3_ITERATIONS, MAX_SENDS_PER_QUESTION, MAX_VERIFICATIONS_PER_QUESTION, MAX_ZONES_REMEMBERED, MIN_CACHE_OCTETS,
} from '../../src/dns/limits-resolver.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { SECURITY, type ValidationSettings } from '../../src/resolver/contract.ts'
import { SharedCache } from '../../src/resolver/shared-cache.ts'
import { ZoneMemory } from '../../src/resolver/zone-memory.ts'
import { NOW, ONE_KEY, recordsOf, rrsigOf, signZone } from '../dnssec/zone-signer.ts'
import { leaveOut, signedInternet, spoil, START_MS, verdict, verdictOf, type ZonePlan } from './signed-internet.ts'
import { Play } from './support.ts'
import { configured } from './world.ts'

test('aliases between zones: all secure is secure, one unsigned part makes it insecure, one bogus part a failure', () => {
  const { play } = signedInternet({
    '.': {},
    'one.': { text: 'toTwo.one. CNAME www.two.\ntoPlain.one. CNAME www.plain.\ntoBad.one. CNAME www.bad.\ntoNothing.one. CNAME nope.two.\nthrough.one. CNAME back.plain.' },
    'two.': { text: 'www.two. A 192.0.2.80\nx.two. CNAME toBad.one.' },
    'plain.': { text: 'www.plain. A 192.0.2.81\nback.plain. CNAME www.two.\nbadly.plain. CNAME www.bad.', signing: 'unsigned' },
    'bad.': { text: 'www.bad. A 192.0.2.82', edits: spoil('www.bad.', 'A') },
  })
  const expected: Record<string, string> = {
    'toTwo.one. A': 'secure answer', 'toPlain.one. A': 'insecure answer', 'toBad.one. A': 'bogus dnssec bogus', 'toNothing.one. A': 'secure nxdomain', 'through.one. A': 'insecure answer', 'back.plain. A': 'insecure answer',
    'badly.plain. A': 'remembered dnssec bogus', 'x.two. A': 'remembered dnssec bogus', 'toTwo.one. CNAME': 'secure answer', 'toTwo.one. MX': 'secure nodata',
  }
  for (const [question, verdictText] of Object.entries(expected)) assert.equal(verdict(play, question).replace(/:.*/, ''), verdictText, question)
})

test('deep trees: each zone is entered by its parent\'s word, wherever parent and child are on one server, and across names that are no zones', () => {
  const { play } = signedInternet({ '.': {}, 'example.': {}, 'deep.b.c.example.': { text: 'www.deep.b.c.example. A 192.0.2.1\na.b.c.deep.b.c.example. A 192.0.2.2' }, 'x.deep.b.c.example.': { text: 'www.x.deep.b.c.example. A 192.0.2.3', signing: 'unsigned' } })
  assert.equal(verdict(play, 'a.b.c.deep.b.c.example. A'), 'secure answer')
  assert.equal(verdict(play, 'c.example. A'), 'secure nodata')
  assert.equal(verdict(play, 'www.x.deep.b.c.example. A'), 'insecure answer')
  assert.equal(verdict(play, 'x.deep.b.c.example. DS'), 'secure nodata')
})

test('whoever strips signatures makes nothing insecure: not of the answer, not of the delegation, not of all', () => {
  const example: ZonePlan = { text: 'www.example. A 192.0.2.80' }
  const strips: Record<string, Record<string, ZonePlan>> = {
    answer: { '.': {}, 'example.': { ...example, edits: leaveOut(/ (RRSIG|NSEC|DNSKEY) /) } },
    delegation: { '.': { edits: leaveOut(/^example\. .* (DS|RRSIG DS) /) }, 'example.': { ...example, signing: 'unsigned', ds: () => signZone('example.', '').ds } },
    root: { '.': { edits: leaveOut(/ (RRSIG|NSEC) /) }, 'example.': { ...example, edits: leaveOut(/ (RRSIG|NSEC|DNSKEY) /) } },
  }
  for (const [what, plans] of Object.entries(strips)) assert.match(verdict(signedInternet(plans).play, 'www.example. A'), /^bogus /, what)
})

test('an NSEC of a zone above, replayed, denies no DS that is there (RFC 6840 4.1, 4.4)', () => {
  const honest = signZone('example.', 'example. NS ns.example.\nsub.example. NS ns.sub.example.\nsub.example. DS 1 15 2 00\na.example. A 192.0.2.1')
  const replayed = honest.records.filter(({ name, type, rdata }) => name.equals(Name.parse('a.example.')) && (type === TYPE.NSEC || (type === TYPE.RRSIG && rdata[1] === TYPE.NSEC)))
  const soa = honest.records.filter(({ type, rdata }) => type === TYPE.SOA || (type === TYPE.RRSIG && rdata[1] === TYPE.SOA))
  const { play } = signedInternet({ '.': {}, 'example.': { text: 'a.example. A 192.0.2.1\nsub.example. DS 1 15 2 00', says: ({ questions: [{ type }] }) => (type === TYPE.DS ? { authoritative: true, authorities: [...soa, ...replayed] } : undefined) } })
  assert.match(verdict(play, 'sub.example. DS'), /^bogus nsec missing/)
})

// ---- Anchors ----

test('an anchor below the root: the island is secure, all else is neither (RFC 4033 5)', () => {
  const { zones, net } = signedInternet({ '.': { signing: 'unsigned' }, 'example.': { text: 'www.example. A 192.0.2.80' }, 'sub.example.': { text: 'www.sub.example. A 192.0.2.81' } })
  const own = zones.get('example.') ?? assert.fail()
  const validation = { anchors: [{ zone: own.apex, digests: [], keys: own.dnskeys }], negativeAnchors: [], unixSeconds: () => NOW }
  const play = new Play(net, { validation })
  assert.equal(verdict(play, 'www.example. A'), 'secure answer')
  assert.equal(verdict(play, 'www.sub.example. A'), 'secure answer')
  assert.equal(verdict(play, 'nope. A'), 'indeterminate nxdomain')
})

test('negative trust anchors: a broken zone passes as unsigned with all below, unless an anchor of its own is there (RFC 7646)', () => {
  const { zones, net } = signedInternet({ '.': {}, 'example.': { text: 'www.example. A 192.0.2.80', edits: spoil('www.example.', 'A') }, 'sub.example.': { text: 'www.sub.example. A 192.0.2.81' }, 'own.example.': { text: 'www.own.example. A 192.0.2.82' } })
  const anchorOf = (apex: string): { zone: Name; digests: Uint8Array[]; keys: Uint8Array[] } => ({ zone: Name.parse(apex), digests: recordsOf(zones.get(apex)?.ds ?? '').map(({ rdata }) => rdata), keys: [] })
  const play = new Play(net, { validation: { anchors: [anchorOf('.'), anchorOf('own.example.')], negativeAnchors: [Name.parse('Example.')], unixSeconds: () => NOW } })
  assert.equal(verdict(play, 'www.example. A'), 'insecure answer')
  assert.equal(verdict(play, 'www.sub.example. A'), 'insecure answer')
  assert.equal(verdict(play, 'www.own.example. A'), 'secure answer')
  assert.equal(verdict(play, 'nope. A'), 'secure nxdomain')
})

test('a wrong anchor makes everything below it bogus', () => {
  const { net } = signedInternet({ '.': {}, 'example.': { text: 'www.example. A 192.0.2.80' } })
  const wrong = signZone('.', '', { keys: [{ algorithm: 15, flags: 257, which: 5 }] })
  const play = new Play(net, { validation: { anchors: [{ zone: Name.root, digests: [], keys: wrong.dnskeys }], negativeAnchors: [], unixSeconds: () => NOW } })
  assert.match(verdict(play, 'www.example. A'), /^bogus dnskey missing: .*no key of \. is the one that its trust anchor names$/)
})

test('zones signed by what is not served here pass as unsigned, and say so (RFC 4035 5.2, RFC 8914 4.2, 4.3)', () => {
  const { play } = signedInternet({
    '.': {}, 'old.': { text: 'www.old. A 192.0.2.80', ds: (own) => own.replace(/DS (\d+) 15/, 'DS $1 5') }, 'odd.': { text: 'www.odd. A 192.0.2.81', ds: (own) => own.replace(/15 2 /, '15 3 ') }, 'mixed.': { text: 'www.mixed. A 192.0.2.82', ds: (own) => `${own}\n${own.replace(/15 2 /, '15 3 ')}` },
  })
  assert.equal(verdict(play, 'www.old. A'), 'insecure answer unsupported dnskey algorithm: signed by algorithm 5')
  assert.equal(verdict(play, 'www.odd. A'), 'insecure answer unsupported ds digest type: named by digest 3')
  assert.equal(verdict(play, 'www.mixed. A'), 'secure answer')
})

test(`RFC 9276 3.2: denials by more than ${MAX_NSEC3_ITERATIONS} iterations pass as unsigned with INFO-CODE 27, answers are secure`, () => {
  const { play } = signedInternet({ '.': {}, 'example.': { text: 'www.example. A 192.0.2.80\n*.w.example. A 192.0.2.81', signing: { denial: 'nsec3', iterations: 150 } } })
  assert.equal(verdict(play, 'www.example. A'), 'secure answer')
  assert.equal(verdict(play, 'nope.example. A'), 'insecure nxdomain unsupported nsec3 iterations value: 150 iterations of NSEC3')
  assert.equal(verdict(play, 'q.w.example. A'), 'insecure answer unsupported nsec3 iterations value: 150 iterations of NSEC3')
})

test('why what is signed counts as unsigned is told from memory as it was first, without its text (RFC 8914 4.2, 4.3, 4.28)', () => {
  const odd = { '.': {}, 'example.': { text: 'www.example. A 192.0.2.80\n*.w.example. A 192.0.2.81', signing: { denial: 'nsec3' as const, iterations: 150 } } }
  const { play } = signedInternet(odd)
  for (const [question, first] of [['nope.example. A', 'insecure nxdomain'], ['www.example. TXT', 'insecure nodata'], ['q.w.example. A', 'insecure answer']]) {
    const why = `${first} unsupported nsec3 iterations value: `
    assert.equal(verdict(play, question), `${why}150 iterations of NSEC3`)
    assert.equal(verdict(play, question), why, `${question} from memory`)
  }
})

// ---- Where answers come from ----

test('a forwarder is believed as little as anybody: what it says is validated, and asked for with CD (RFC 4035 3.2.2, 4.7)', () => {
  for (const isLying of [false, true]) {
    const tree = { '.': {}, 'example.': { text: 'www.example. A 192.0.2.80' } }
    const { net, play: upstream } = signedInternet(tree)
    const forwarded = signedInternet(tree, { zones: [configured('. forward 192.0.2.200')] })
    net.serve('192.0.2.200', { 'forwarder.': '@ NS x.' }, {
      says: ({ questions: [{ name, type }] }) => {
        const { outcome } = upstream.ask(`${name} TYPE${type}`, true)
        const sets = outcome.kind === 'answer' ? outcome.sets : []
        const absence = outcome.kind === 'nodata' || outcome.kind === 'nxdomain' ? outcome.absence : undefined
        const answers = sets.flatMap(({ records, signatures }) => [...records.map((record) => (isLying && type === TYPE.A ? { ...record, rdata: Uint8Array.of(192, 0, 2, 66) } : record)), ...signatures])
        return { recursionAvailable: true, rcode: outcome.kind === 'nxdomain' ? 3 : 0, answers, authorities: absence === undefined ? [] : [...(absence.soa?.records ?? []), ...(absence.soa?.signatures ?? []), ...absence.proof] }
      },
    })
    const play = new Play(net, { zones: [configured('. forward 192.0.2.200')], validation: { ...signedValidation(forwarded.zones) } })
    assert.match(verdict(play, 'www.example. A'), isLying ? /^bogus dnssec bogus/ : /^secure answer$/)
    assert.equal(verdict(play, 'nope.example. A'), 'secure nxdomain')
    assert.ok(play.sent.every(({ query }) => query.checkingDisabled && query.recursionDesired))
  }
})

function signedValidation(zones: Map<string, { ds: string }>): ValidationSettings {
  return { anchors: [{ zone: Name.root, digests: recordsOf(zones.get('.')?.ds ?? '').map(({ rdata }) => rdata), keys: [] }], negativeAnchors: [], unixSeconds: (nowMs) => NOW + (nowMs - START_MS) / 1000 }
}

test('special names are nobody\'s to sign: answered as ever, insecure (RFC 6761)', () => {
  const { play } = signedInternet({ '.': {} })
  assert.equal(verdict(play, 'localhost. A'), 'insecure answer')
  assert.equal(verdict(play, 'x.invalid. A'), 'insecure nxdomain')
  assert.equal(verdict(play, '1.0.0.127.in-addr.arpa. PTR'), 'insecure nxdomain')
})

test('the shared cache keeps what is secure as secure, with signatures and proof, and forgets what is bogus', () => {
  const shared = new SharedCache(new Cache(CacheBlock.create(MIN_CACHE_OCTETS, 7)))
  const tree = { '.': {}, 'example.': { text: 'www.example. A 192.0.2.80\nbad.example. A 192.0.2.81\n*.wild.example. TXT "any"', edits: spoil('bad.example.', 'A') }, 'plain.': { text: 'www.plain. A 192.0.2.82', signing: 'unsigned' as const } }
  const { play } = signedInternet(tree, {}, shared)
  const expected = { 'www.example. A': 'secure answer', 'q.wild.example. TXT': 'secure answer', 'nope.example. A': 'secure nxdomain', 'www.example. MX': 'secure nodata', 'www.plain. A': 'insecure answer', 'nope.plain. A': 'insecure nxdomain' }
  for (const [question, verdictText] of Object.entries(expected)) {
    assert.equal(verdict(play, question), verdictText)
    const again = play.ask(question)
    assert.deepEqual([verdictOf(again), again.packets, again.outcome.work.verifications], [verdictText, [], 0], question)
  }
  const found = shared.find(Name.parse('q.wild.example.'), TYPE.TXT, play.nowMs / 1000, 1)
  assert.ok(found?.kind === 'records' && found.rrset.security === SECURITY.secure && found.rrset.signatures.length === 1 && (found.rrset.proof ?? []).length > 0)
  assert.match(verdict(play, 'bad.example. A'), /^bogus dnssec bogus/)
  assert.deepEqual(play.ask('bad.example. A').packets, [])
  assert.match(verdict(play, 'bad.example. A'), /^remembered dnssec bogus/)
  assert.equal(verdictOf(play.ask('bad.example. A', true)), 'unchecked answer')
})

test('secure data in the cache does not give way to what is said without proof (RFC 2181 5.4.1, RFC 4035 4.5)', () => {
  for (const cache of [undefined, new SharedCache(new Cache(CacheBlock.create(MIN_CACHE_OCTETS, 7)))]) {
    const { play } = signedInternet({ '.': {}, 'example.': { text: 'www.example. A 192.0.2.80' } }, {}, cache)
    play.ask('www.example. A')
    const kept = cache ?? play.cache
    const [{ name, type }] = recordsOf('www.example. A 192.0.2.66')
    kept.keep({ name, type, records: recordsOf('www.example. A 192.0.2.66'), signatures: [], trust: 5 }, play.nowMs / 1000)
    assert.deepEqual(play.ask('www.example. A').records, ['www.example. A 192.0.2.80'])
  }
})

// ---- Attacks ----

/** Wrong signatures by a good key, each its own. */
function wrongSignatures(set: readonly DnsRecord[], apex: string, count: number): DnsRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const one = rrsigOf(set, Name.parse(apex), ONE_KEY[0], { inception: NOW - 1000 - i })
    one.rdata[one.rdata.length - 1] ^= 1
    return one
  })
}

test('KeyTrap: a zone full of wrong signatures costs one question the bound of failures, and the next ones less', () => {
  const set = recordsOf('www.example. A 192.0.2.80')
  const { play } = signedInternet({
    '.': {}, 'example.': { text: 'www.example. A 192.0.2.80', says: ({ questions: [{ type, name }] }) => (type === TYPE.A && name.labelCount === 2 ? { authoritative: true, answers: [...set, ...wrongSignatures(set, 'example.', 200)] } : undefined) },
  })
  const told = play.ask('www.example. A')
  assert.match(verdictOf(told), /^bogus dnssec bogus/)
  assert.ok(told.outcome.work.verifications <= 3 + MAX_FAILED_VERIFICATIONS, `${told.outcome.work.verifications} verifications`)
  assert.ok(told.outcome.work.verifications > 4)
  let work = 0
  for (let i = 0; i < 50; i++) work += play.ask('www.example. A').outcome.work.verifications
  assert.equal(work, 0, 'RFC 9520: remembered')
})

test('chains of aliases through signed zones stay within the account of verifications and sends', () => {
  const zones = Array.from({ length: 12 }, (_, i) => [`z${i}.`, { text: `a.z${i}. CNAME a.z${i + 1}.\n` }] as const)
  const { play } = signedInternet({ '.': {}, ...Object.fromEntries(zones), 'z12.': { text: 'a.z12. A 192.0.2.80' } })
  const told = play.ask('a.z2. A')
  assert.ok(told.outcome.work.verifications <= MAX_VERIFICATIONS_PER_QUESTION && told.outcome.work.sends <= MAX_SENDS_PER_QUESTION, JSON.stringify(told.outcome.work))
  assert.ok(told.kind === 'answer' || told.kind === 'bogus', told.kind)
  play.nowMs += 10_000
  assert.equal(verdict(play, 'a.z2. A'), 'secure answer', 'what one question has found out is there for the next')
})

test('CVE-2023-50868: names of many labels under many iterations cost no more rounds than one question may', () => {
  const { play } = signedInternet({ '.': {}, 'example.': { signing: { denial: 'nsec3', iterations: MAX_NSEC3_ITERATIONS } } })
  const told = play.ask(`${'a.'.repeat(100)}example. A`)
  assert.ok(told.outcome.work.rounds <= MAX_HASH_ROUNDS_PER_QUESTION, `${told.outcome.work.rounds} rounds`)
  assert.match(verdictOf(told), /^bogus nsec missing: .*hashing costs more than one question may$/)
  assert.equal(verdict(play, 'a.example. A'), 'secure nxdomain', 'ordinary names are within it')
})

test('unsigned answers for deep names make no walk without end: steps are bounded, and what is proven to be empty ends it', () => {
  const says: ZonePlan['says'] = ({ questions: [{ name, type }] }) => (type === TYPE.A && name.labelCount > 40 ? { authoritative: true, answers: [{ name, type, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 66) }] } : undefined)
  const { play } = signedInternet({ '.': {}, 'example.': { says } })
  const told = play.ask(`${'a.'.repeat(80)}example. A`)
  assert.match(verdictOf(told), /^bogus rrsigs missing/)
  assert.ok(told.packets.filter((packet) => packet.endsWith(' DS')).length <= 2, told.packets.join('\n'))
  assert.ok(told.outcome.work.sends <= MAX_CHAIN_STEPS)
})

test('signers that are no zones prove nothing, however they are named', () => {
  for (const signer of ['www.example.', 'nope.example.', 'com.', '.']) {
    const set = recordsOf('www.example. A 192.0.2.66')
    const forged = rrsigOf(set, Name.parse(signer), ONE_KEY[0])
    const { play } = signedInternet({ '.': {}, 'example.': { text: 'www.example. A 192.0.2.80', says: ({ questions: [{ type, name }] }) => (type === TYPE.A && name.labelCount === 2 ? { authoritative: true, answers: [...set, forged] } : undefined) } }, {})
    const found = verdict(play, 'www.example. A')
    if (signer === '.') assert.equal(found, 'secure answer', 'the root may speak for all, and its key is the same in this play')
    else assert.match(found, /^bogus /, signer)
  }
})

test('zones are remembered as long as their records say, and no more of them than the bound', () => {
  const memory = new ZoneMemory()
  const insecure = { kind: 'insecure' } as const
  memory.keep(Name.parse('a.'), insecure, 10, 0)
  memory.keep(Name.parse('b.'), insecure, 0, 0)
  assert.deepEqual([memory.find(Name.parse('A.'), 9_999), memory.find(Name.parse('b.'), 0), memory.find(Name.parse('a.'), 10_000), memory.size], [insecure, undefined, undefined, 0])
  for (let i = 0; i < MAX_ZONES_REMEMBERED + 10; i++) {
    memory.keep(Name.parse(`n${i}.`), insecure, 10, 0)
    memory.find(Name.parse('n0.'), 1)
  }
  assert.equal(memory.size, MAX_ZONES_REMEMBERED)
  assert.deepEqual([memory.find(Name.parse('n0.'), 1), memory.find(Name.parse('n1.'), 1)], [insecure, undefined], 'the one used longest ago goes')
  memory.clear()
  assert.equal(memory.size, 0)
})

/** Aggressive use of NSEC (RFC 8198): what a proof denies beside the name that it was made for, how long, what it must not deny, and that a flood of random names ends with it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseType, TYPE } from '../../src/dns/codes.ts'
import { MAX_GAP_ZONES, MAX_GAPS_PER_ZONE } from '../../src/dns/limits-resolver.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { checkAbsence } from '../../src/dnssec/check-absence.ts'
import type { SignedSet } from '../../src/dnssec/rrsig.ts'
import { SECURITY, type RRset } from '../../src/resolver/contract.ts'
import { GapMemory } from '../../src/resolver/gap-memory.ts'
import { judgeAt } from '../dnssec/judging.ts'
import { recordsOf, setIn, signZone, type SignedZone } from '../dnssec/zone-signer.ts'
import { signedInternet, spoil, verdict } from './signed-internet.ts'
import { setOf } from './world.ts'

const SOA = setOf('example. 600 IN SOA ns.example. host.example. 1 7200 3600 604800 300', 4)

/** NSEC sets as a proof has them, the signatures not looked at any more. */
function setsOf(text: string): SignedSet[] {
  return recordsOf(text).map((record) => ({ name: record.name, type: record.type, records: [record], signatures: recordsOf(`${record.name} RRSIG ${record.type === TYPE.NSEC ? 'NSEC' : 'NSEC3'} 15 2 3600 20300101000000 20200101000000 1 example. AAAA`) }))
}

function remembering(text: string, soa: RRset = SOA, seconds = 3600, memory = new GapMemory()): GapMemory {
  memory.keep(soa, setsOf(text), seconds, 0)
  return memory
}

/** `nxdomain by example. b.example.`, the owners of the proof. */
function denied(memory: GapMemory, question: string, nowMs = 0): string {
  const [name, type = 'A'] = question.split(' ')
  const found = memory.deny(Name.parse(name), parseType(type) ?? assert.fail(type), nowMs)
  return found === undefined ? 'unknown' : `${found.kind} by ${[...new Set(found.proof.map((record) => record.name.toString()))].join(' ')}`
}

/** The zone of RFC 4035 A, in part. */
const GAPS = `example. NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY
b.example. NSEC ns1.example. NS RRSIG NSEC
ns1.example. NSEC ns2.example. A RRSIG NSEC
ns2.example. NSEC *.w.example. A RRSIG NSEC
*.w.example. NSEC x.w.example. MX RRSIG NSEC
x.y.w.example. NSEC xx.example. MX RRSIG NSEC`

const CASES: readonly [string, string][] = [
  ['ml.example. A', 'nxdomain by b.example. example.'], ['ML.Example. AAAA', 'nxdomain by b.example. example.'], ['x.y.ml.example. A', 'nxdomain by b.example. example.'], ['aa.example. A', 'unknown'],
  ['ns1.example. MX', 'nodata by ns1.example.'], ['ns1.example. A', 'unknown'], ['ns1.example. ANY', 'unknown'], ['w.example. A', 'nodata by ns2.example.'],
  // a cut and what lies below it is another's to say; its DS is not
  ['b.example. A', 'unknown'], ['x.b.example. A', 'unknown'], ['b.example. DS', 'nodata by b.example.'], ['ml.example. DS', 'nxdomain by b.example. example.'],
  // wildcards stand for names, with what they have
  ['a.z.w.example. MX', 'unknown'], ['a.z.w.example. A', 'nodata by x.y.w.example. *.w.example.'],
  ['example. DS', 'unknown'], ['example. TXT', 'nodata by example.'], ['other. A', 'unknown'], ['. A', 'unknown'],
]

for (const [question, expected] of CASES) test(`${question} is ${expected} the proofs for other names`, () => assert.equal(denied(remembering(GAPS), question), expected))

test('without the gap in which the wildcard would be, a name is not denied (RFC 8198 5.1)', () => {
  assert.equal(denied(remembering(GAPS.split('\n').slice(1).join('\n')), 'ml.example. A'), 'unknown')
  assert.equal(denied(remembering('example. NSEC z.example. NS SOA'), 'ml.example. A'), 'nxdomain by example.', 'one record for both')
})

test('RFC 8198 5.4: gaps last for the least of their TTL, their signatures and what the SOA allows, and TTLs count down', () => {
  for (const [seconds, soa, lasts] of [[3600, SOA, 300], [60, SOA, 60], [3600, setOf('example. 50 IN SOA ns.example. host.example. 1 7200 3600 604800 300', 4), 50]] as const) {
    const memory = remembering(GAPS, soa, seconds)
    assert.match(denied(memory, 'ml.example. A', lasts * 1000 - 1), /^nxdomain/)
    assert.equal(denied(memory, 'ml.example. A', lasts * 1000), 'unknown')
    const found = memory.deny(Name.parse('ml.example.'), 1, 10_000)
    assert.ok([...(found?.proof ?? []), ...(found?.soa?.records ?? [])].every(({ ttl }) => ttl <= lasts - 10))
    assert.equal(found?.security, SECURITY.secure)
  }
})

test('NSEC3, sets of several records, and what leads out of its zone are not kept', () => {
  const memory = remembering('example. NSEC a.other. A\n0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3 1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr A')
  memory.keep(SOA, [{ ...setsOf('b.example. NSEC c.example. A')[0], records: recordsOf('b.example. NSEC c.example. A\nb.example. NSEC z.example. A') }], 60, 0)
  for (const question of ['x.example. A', 'b.example. MX', 'bb.example. A']) assert.equal(denied(memory, question), 'unknown')
})

test('a newer proof takes the place of the older one of the same owner', () => {
  const memory = remembering('example. NSEC z.example. NS SOA')
  remembering('example. NSEC b.example. NS SOA', SOA, 3600, memory)
  assert.equal(denied(memory, 'm.example. A'), 'unknown')
  assert.equal(denied(memory, 'aa.example. A'), 'nxdomain by example.')
})

test('the memory is bounded: gaps of one zone, and zones', () => {
  const memory = new GapMemory()
  for (let i = 0; i < MAX_GAPS_PER_ZONE + 5; i++) remembering(`n${String(i).padStart(4, '0')}.example. NSEC n${String(i + 1).padStart(4, '0')}.example. A`, SOA, 3600, memory)
  assert.equal(denied(memory, `n0000.example. MX`), 'unknown', 'gathered anew')
  assert.match(denied(memory, `n0${MAX_GAPS_PER_ZONE + 2}.example. MX`), /^nodata/)
  for (let i = 0; i < MAX_GAP_ZONES + 5; i++) {
    remembering(`z${i}. NSEC a.z${i}. NS SOA`, setOf(`z${i}. 600 IN SOA ns.example. host.example. 1 7200 3600 604800 300`, 4), 3600, memory)
    denied(memory, 'n0.example. A')
  }
  assert.equal(memory.size, MAX_GAP_ZONES)
  assert.equal(denied(memory, 'z0. MX'), 'unknown')
  assert.match(denied(memory, `z${MAX_GAP_ZONES}. MX`), /^nodata/)
})

const label = fc.stringMatching(/^[a-f]{1,2}$/)
const names = fc.uniqueArray(fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => [...labels, 'example.'].join('.')), { minLength: 1, maxLength: 8 })

function proofOf(zone: SignedZone): DnsRecord[] {
  return zone.records.filter(({ type, rdata }) => type === TYPE.NSEC || (type === TYPE.RRSIG && rdata[1] === TYPE.NSEC))
}

test('in random zones nothing is denied that is there, and what is denied is proven by the records given (RFC 4035 5.4)', () => {
  fc.assert(fc.property(names, fc.array(label, { minLength: 1, maxLength: 3 }), fc.subarray([0, 1, 2, 3, 4, 5, 6, 7, 8]), (owners, labels, chosen) => {
    const zone = signZone('example.', `example. NS ns.example.\n${owners.map((owner) => `${owner} A 192.0.2.1`).join('\n')}`)
    const nsecs = zone.records.filter(({ type }) => type === TYPE.NSEC)
    const memory = new GapMemory()
    memory.keep({ ...setIn(zone, 'example.', TYPE.SOA), trust: 4 }, chosen.flatMap((at) => (at < nsecs.length ? [setIn(zone, nsecs[at].name.toString(), TYPE.NSEC)] : [])), 60, 0)
    const asked = Name.parse([...labels, 'example.'].join('.'))
    const found = memory.deny(asked, TYPE.A, 0)
    if (found === undefined) return
    assert.ok(!owners.some((owner) => Name.parse(owner).equals(asked)), 'it is there')
    assert.equal(found.kind === 'nodata', owners.some((owner) => Name.parse(owner).isWithin(asked)), 'an empty non-terminal is there')
    const again = checkAbsence(found.proof, found.kind === 'nxdomain' ? { kind: 'nxdomain', name: asked } : { kind: 'nodata', name: asked, type: TYPE.A }, { zone: zone.apex, keys: zone.dnskeys }, judgeAt())
    assert.equal(again.kind, 'absent')
    assert.ok(proofOf(zone).length > 0)
  }), { numRuns: 60 })
})

test('a play: a flood of random names below a signed zone costs the zone a handful of messages, and the cache no entries', () => {
  const { play } = signedInternet({ '.': {}, 'example.': { text: 'b.example. A 192.0.2.1\nm.example. A 192.0.2.2\nx.example. A 192.0.2.3' } })
  for (let i = 0; i < 200; i++) assert.equal(verdict(play, `${'abcdefghijklmnopqrstuvwyz'[i % 25]}q${i}.example. A`), 'secure nxdomain')
  assert.ok(play.sent.length <= 12, `${play.sent.length} messages for 200 names`)
  assert.ok(play.cache.entries.size <= 20, `${play.cache.entries.size} entries`)
  assert.equal(verdict(play, 'b.example. A'), 'secure answer', 'what is there is there')
  assert.equal(verdict(play, 'b.example. TYPE65500'), 'secure nodata')
})

test('a play: what is there is found however much around it was denied, also below delegations and wildcards', () => {
  const { play } = signedInternet({ '.': {}, 'example.': { text: 'b.example. A 192.0.2.1\n*.wild.example. A 192.0.2.2\nz.example. A 192.0.2.3' }, 'sub.example.': { text: 'www.sub.example. A 192.0.2.4', signing: 'unsigned' } })
  for (const question of ['c.example. A', 'aa.example. A', 'y.example. A', 'tt.example. A', 'zz.example. A', 'x.b.example. A', 'b.example. MX', 'sub.example. DS', 'q.wild.example. MX']) assert.match(verdict(play, question), /^secure n/, question)
  for (const [question, expected] of [['www.sub.example. A', 'insecure answer'], ['nope.sub.example. A', 'insecure nxdomain'], ['q.wild.example. A', 'secure answer'], ['r.wild.example. MX', 'secure nodata'], ['wild.example. A', 'secure nodata'], ['z.example. A', 'secure answer']] as const) {
    assert.equal(verdict(play, question), expected, question)
  }
})

test('a play: with CD nothing is taken from gaps, and no gap is taken from what is not proven', () => {
  const { play } = signedInternet({ '.': {}, 'example.': { text: 'b.example. A 192.0.2.1', edits: spoil('example.', 'NSEC') } })
  assert.match(verdict(play, 'aa.example. A'), /^bogus/)
  const before = play.sent.length
  assert.match(verdict(play, 'ab.example. A'), /^bogus/)
  assert.ok(play.sent.length > before, 'asked for, not denied by what is bogus')
  const good = signedInternet({ '.': {}, 'example.': { text: 'b.example. A 192.0.2.1' } }).play
  assert.equal(verdict(good, 'aa.example. A'), 'secure nxdomain')
  assert.deepEqual(good.ask('ab.example. A').packets, [])
  assert.equal(good.ask('ac.example. A', true).packets.length, 1)
})

test('a play: what was proven is forgotten on demand, so that a name that was added is found before the proof has run down', () => {
  const plan = (text: string): Parameters<typeof signedInternet>[0] => ({ '.': {}, 'example.': { text } })
  const { net, play } = signedInternet(plan('b.example. A 192.0.2.1\nz.example. A 192.0.2.2'))
  assert.equal(verdict(play, 'm.example. A'), 'secure nxdomain')
  const { net: later } = signedInternet(plan('b.example. A 192.0.2.1\nmm.example. A 192.0.2.3\nz.example. A 192.0.2.2'))
  for (const [at, host] of later.hosts) net.hosts.set(at, host)
  assert.equal(verdict(play, 'mm.example. A'), 'secure nxdomain', 'the gap still says so')
  play.resolver.forgetProofs()
  play.cache.entries.clear()
  assert.equal(verdict(play, 'mm.example. A'), 'secure answer')
})

test('forgetting gaps forgets those of all zones', () => {
  const memory = remembering(GAPS)
  assert.match(denied(memory, 'ml.example. A'), /^nxdomain/)
  memory.clear()
  assert.deepEqual([memory.size, denied(memory, 'ml.example. A')], [0, 'unknown'])
})

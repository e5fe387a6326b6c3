/** The parts of the machine one by one: RRsets of records (RFC 2181 5), the best servers (RFC 1034 5.3.3 step 2), one exchange (RFC 6891 7), what a question may cost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { MAX_LOOKUPS_PER_QUESTION, MAX_MESSAGES_PER_ATTEMPT, MAX_OCTETS_PER_QUESTION, MAX_QUESTION_MS, MAX_SENDS_PER_QUESTION } from '../../src/dns/limits-resolver.ts'
import { makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { KeyCache } from '../../src/dnssec/public-key.ts'
import { parsePrefix, PrefixList } from '../../src/dns/prefix.ts'
import { BusyZones } from '../../src/resolver/busy-zones.ts'
import { Budget } from '../../src/resolver/budget.ts'
import { TRUST, type ConfiguredZone, type RRset, type Settings } from '../../src/resolver/contract.ts'
import { configuredFor, nearestCut, usableEndpoints } from '../../src/resolver/cuts.ts'
import { exchange } from '../../src/resolver/exchange.ts'
import { withoutPrivate } from '../../src/resolver/private-addresses.ts'
import { isResolvable } from '../../src/resolver/resolve.ts'
import { coveredType, isProof, rrsetIn, rrsetsAt } from '../../src/resolver/rrsets.ts'
import { ServerMemory } from '../../src/resolver/servers.ts'
import { answerSpecial } from '../../src/resolver/special.ts'
import { fly, lookUp, type Landed, type World } from '../../src/resolver/steps.ts'
import { GapMemory } from '../../src/resolver/gap-memory.ts'
import { ZoneMemory } from '../../src/resolver/zone-memory.ts'
import { address, MapCache, records, settingsOf } from './support.ts'

function worldOf(settings: Partial<Settings> = {}): World {
  const random = (): number => 0
  return { settings: settingsOf(settings), cache: new MapCache(), random, servers: new ServerMemory(random), zones: new ZoneMemory(), gaps: new GapMemory(), tellers: new WeakMap(), keys: new KeyCache(), busy: new BusyZones(), nowMs: 0 }
}

function setOf(text: string): RRset {
  const own = records(text)
  return { name: own[0].name, type: own[0].type, records: own, signatures: [], trust: TRUST.additional }
}

// ---- RRsets ----

const MIXED = records(`a.example. A 192.0.2.1
  a.example. RRSIG A 13 2 3600 20300101000000 20200101000000 1 example. AAAA
  a.example. RRSIG MX 13 2 3600 20300101000000 20200101000000 1 example. AAAA
  a.example. MX 1 b.example.
  A.EXAMPLE. A 192.0.2.2
  b.example. A 192.0.2.3
  a.example. NSEC b.example. A MX`)

test('an RRset is found whatever the case of its owner, with the signatures that cover it', () => {
  const found = rrsetIn(MIXED, Name.parse('a.Example.'), TYPE.A, TRUST.answer)
  assert.deepEqual([found?.records.length, found?.signatures.length, found?.trust], [2, 1, 2])
  assert.equal(rrsetIn(MIXED, Name.parse('a.example.'), TYPE.TXT, TRUST.answer), undefined)
})

test('all RRsets of a name, RRSIGs with what they cover; asked for alone they are records', () => {
  assert.deepEqual(rrsetsAt(MIXED, Name.parse('a.example.'), TRUST.answer).map(({ type, records: own, signatures }) => [type, own.length, signatures.length]), [[1, 2, 1], [15, 1, 1], [47, 1, 0]])
  assert.deepEqual(rrsetIn(MIXED, Name.parse('a.example.'), TYPE.RRSIG, TRUST.answer)?.records.length, 2)
})

test('proofs are NSEC and NSEC3 and their signatures (RFC 4035 3.1.3)', () => {
  assert.deepEqual(MIXED.map(isProof), [false, false, false, false, false, false, true])
  assert.ok(isProof(records('a.example. RRSIG NSEC3 13 2 3600 20300101000000 20200101000000 1 example. AAAA')[0]))
  assert.deepEqual(MIXED.map(coveredType), [-1, 1, 15, -1, -1, -1, -1])
})

// ---- The best servers ----

const INNER: ConfiguredZone = { name: Name.parse('a.corp.example.'), kind: 'stub', servers: [] }
const OUTER: ConfiguredZone = { name: Name.parse('corp.example.'), kind: 'forward', servers: [] }

test('the innermost configured zone is the one that counts', () => {
  const settings = settingsOf({ zones: [OUTER, INNER] })
  const found = ['x.a.corp.example.', 'a.corp.example.', 'b.corp.example.', 'corp.example.', 'example.', 'xcorp.example.'].map((name) => configuredFor(settings, Name.parse(name))?.name.toString() ?? '-')
  assert.deepEqual(found, ['a.corp.example.', 'a.corp.example.', 'corp.example.', 'corp.example.', '-', '-'])
})

test('the nearest cut: what is known, else what is configured, else the hints', () => {
  const world = worldOf({ zones: [OUTER, INNER] })
  const cut = (name: string, type: number = TYPE.A): string => {
    const { zone, kind } = nearestCut(world, Name.parse(name), type)
    return `${zone} ${kind}`
  }
  assert.equal(cut('www.example.'), '. hints')
  for (const text of ['example. NS ns.example.', 'sub.example. NS ns.far.', 'deep.a.corp.example. NS ns.far.', 'below.corp.example. NS ns.far.']) world.cache.keep(setOf(text), 0)
  assert.equal(cut('www.example.'), '. hints', 'a zone whose servers stand below it, without an address, is no beginning')
  world.cache.keep(setOf('ns.example. A 192.0.2.1'), 0)
  const cuts: [string, string][] = [
    ['www.example.', 'example. delegation'], ['example.', 'example. delegation'], ['www.sub.example.', 'sub.example. delegation'], ['xsub.example.', 'example. delegation'],
    ['x.corp.example.', 'corp.example. forward'], ['x.below.corp.example.', 'corp.example. forward'], ['x.a.corp.example.', 'a.corp.example. stub'], ['x.deep.a.corp.example.', 'deep.a.corp.example. delegation'],
  ]
  for (const [name, wanted] of cuts) assert.equal(cut(name), wanted, name)
})

test('DS is asked of the zone above (RFC 4035 3.1.4.1), that of the root of the root', () => {
  const world = worldOf()
  for (const text of ['example. NS ns.far.', 'sub.example. NS ns.far.']) world.cache.keep(setOf(text), 0)
  const cut = (name: string): string => nearestCut(world, Name.parse(name), TYPE.DS).zone.toString()
  assert.deepEqual([cut('sub.example.'), cut('x.sub.example.'), cut('example.'), cut('.')], ['example.', 'sub.example.', '.', '.'])
})

test('addresses are asked where their family is there and nobody said never', () => {
  const addresses = ['192.0.2.1', '127.0.0.1', '2001:db8::1', '::1'].map(address)
  const usable = (parts: Partial<Settings>): string[] => usableEndpoints(settingsOf(parts), addresses).map((endpoint) => `${endpoint.address.length}:${endpoint.address.at(-1)}:${endpoint.port}`)
  assert.deepEqual(usable({}), ['4:1:53', '4:1:53'])
  const loopback = new PrefixList(['127.0.0.0/8', '::1/128'].map((text) => parsePrefix(text) ?? assert.fail()))
  assert.deepEqual(usable({ ipv6: true, neverAsk: loopback, port: 5300 }), ['4:1:5300', '16:1:5300'])
  assert.deepEqual(usable({ ipv4: false }), [])
})

// ---- One exchange, message by message ----

/** What an exchange sends when the messages come back as `landings` say: `udp edns`, `tcp edns`, `udp bare` and so on, then how it ends. */
function exchanged(landings: Landed[], world = worldOf()): string[] {
  const steps = exchange(world, { address: address('192.0.2.1'), port: 53 }, { name: Name.parse('www.example.'), type: 1, whole: true }, { recursion: false, transport: 'udp', isLast: false })
  const shown: string[] = []
  let next = steps.next({ kind: 'spent' })
  for (const landed of landings) {
    if (next.done === true) return [...shown, `too soon: ${next.value.kind}`]
    assert.ok(next.value.kind === 'flight')
    const { transport, edns, randomCase } = next.value
    shown.push(`${transport} ${edns ? 'edns' : 'bare'}${randomCase ? '' : ' plain'}`)
    next = steps.next(landed)
  }
  return [...shown, next.done === true ? next.value.kind : 'goes on']
}

function says(parts: Partial<Message> = {}): Landed {
  return { kind: 'response', message: makeMessage({ response: true, questions: [{ name: Name.parse('www.example.'), type: 1, class: 1 }], ...parts }) }
}

const doubt = (why: 'case' | 'malformed' | 'question', parts?: Partial<Message>): Landed => ({ kind: 'doubtful', why, ...(parts && { message: makeMessage({ response: true, ...parts }) }) })
const silence: Landed = { kind: 'silence' }

const EXCHANGES: [what: string, landings: Landed[], shown: string[]][] = [
  ['an answer', [says()], ['udp edns', 'response']],
  ['silence', [silence], ['udp edns', 'silence']],
  ['nothing left to spend', [{ kind: 'spent' }], ['udp edns', 'spent']],
  ['TC', [says({ truncated: true }), says()], ['udp edns', 'tcp edns', 'response']],
  ['TC by TCP is not believed to help', [says({ truncated: true }), says({ truncated: true })], ['udp edns', 'tcp edns', 'response']],
  ['FORMERR', [says({ rcode: 1 }), says()], ['udp edns', 'udp bare', 'response']],
  ['NOTIMP', [says({ rcode: 4 }), says()], ['udp edns', 'udp bare', 'response']],
  ['BADVERS', [says({ rcode: 16 }), says()], ['udp edns', 'udp bare', 'response']],
  ['FORMERR again', [says({ rcode: 1 }), says({ rcode: 1 })], ['udp edns', 'udp bare', 'response']],
  ['FORMERR, then TC', [says({ rcode: 1 }), says({ truncated: true }), says()], ['udp edns', 'udp bare', 'tcp bare', 'response']],
  ['TC, then FORMERR', [says({ truncated: true }), says({ rcode: 1 }), says()], ['udp edns', 'tcp edns', 'tcp bare', 'response']],
  ['other letters', [doubt('case', {}), says()], ['udp edns', 'tcp edns', 'response']],
  ['other letters by TCP too', [doubt('case', {}), doubt('case', {})], ['udp edns', 'tcp edns', 'response']],
  ['an unreadable response', [doubt('malformed'), doubt('malformed')], ['udp edns', 'tcp edns', 'broken']],
  ['another question by TCP', [doubt('question', {}), doubt('question', { questions: [{ name: Name.root, type: 1, class: 1 }] })], ['udp edns', 'tcp edns', 'broken']],
  ['an error without question', [doubt('question', { rcode: 1 }), doubt('question', { rcode: 1 }), says()], ['udp edns', 'tcp edns', 'tcp bare', 'response']],
  ['no error and no question', [doubt('question', {}), doubt('question', {})], ['udp edns', 'tcp edns', 'broken']],
  ['doubt, then silence', [doubt('malformed'), silence], ['udp edns', 'tcp edns', 'silence']],
]

for (const [what, landings, shown] of EXCHANGES) test(`an exchange that meets ${what}`, () => assert.deepEqual(exchanged(landings), shown))

test('what a server cannot do is remembered for the next exchange', () => {
  const world = worldOf()
  exchanged([says({ rcode: 1 }), says()], world)
  assert.deepEqual(exchanged([says()], world), ['udp bare', 'response'])
  const letters = worldOf()
  exchanged([doubt('case', {}), doubt('case', {})], letters)
  assert.deepEqual(exchanged([says()], letters), ['udp edns plain', 'response'])
  const forged = worldOf()
  exchanged([doubt('case', {}), says()], forged)
  assert.deepEqual(exchanged([says()], forged), ['udp edns', 'response'], 'other letters by UDP alone may be a forger\'s, and change nothing')
  const unlucky = worldOf()
  exchanged([says({ rcode: 1 }), says({ rcode: 1 })], unlucky)
  assert.deepEqual(exchanged([says()], unlucky), ['udp edns', 'response'], 'FORMERR without EDNS too was not about EDNS')
})

test('no exchange sends more than its bound, whatever comes back', () => {
  for (let pattern = 0; pattern < 4 ** 5; pattern++) {
    const landings = Array.from({ length: 5 }, (_, i) => [says({ truncated: true }), says({ rcode: 1 }), doubt('case', { rcode: 1 }), doubt('question', { rcode: 1 })][(pattern >> (2 * i)) & 3])
    const shown = exchanged(landings)
    assert.ok(shown.length - 1 <= MAX_MESSAGES_PER_ATTEMPT, shown.join())
    assert.notEqual(shown.at(-1), 'goes on')
  }
})

test('steps that are resumed with what they did not wait for are our own bug', () => {
  const flight = fly({ to: { address: address('192.0.2.1'), port: 53 }, transport: 'udp', name: Name.root, type: 1, recursion: false, edns: true, randomCase: true, isLast: false })
  flight.next({ kind: 'spent' })
  const outcome = { kind: 'failure', reason: 'busy', rcode: 2, chain: [], work: { sends: 0, octets: 0, lookups: 0, verifications: 0, rounds: 0 } } as const
  assert.throws(() => flight.next({ kind: 'outcome', outcome }), /resumed/)
  const lookup = lookUp(Name.root, 2)
  lookup.next({ kind: 'spent' })
  assert.throws(() => lookup.next({ kind: 'silence' }), /resumed/)
})

// ---- What a question may cost ----

test('a budget ends by messages, by octets, or by time', () => {
  const bySends = new Budget(0)
  let sends = 0
  while (bySends.takeSend(0)) sends++
  assert.deepEqual([sends, bySends.work.sends], [MAX_SENDS_PER_QUESTION, MAX_SENDS_PER_QUESTION])
  const byOctets = new Budget(0)
  byOctets.receive(MAX_OCTETS_PER_QUESTION - 1)
  assert.equal(byOctets.takeSend(0), true)
  byOctets.receive(1)
  assert.equal(byOctets.takeSend(0), false)
  const byTime = new Budget(500)
  assert.deepEqual([byTime.takeSend(499 + MAX_QUESTION_MS), byTime.takeSend(500 + MAX_QUESTION_MS)], [true, false])
  let lookups = 0
  while (byTime.takeLookup()) lookups++
  assert.equal(lookups, MAX_LOOKUPS_PER_QUESTION)
})

test('questions that can be resolved: data types of class IN, and ANY', () => {
  const resolvable = (type: number, rrClass = 1): boolean => isResolvable({ name: Name.root, type, class: rrClass })
  assert.deepEqual([1, 2, 28, 65, 127, 255, 256, 257, 32_768, 65_440].map((type) => resolvable(type)), Array.from({ length: 10 }, () => true))
  assert.deepEqual([0, 41, 128, 249, 250, 251, 252, 253, 254].map((type) => resolvable(type)), Array.from({ length: 9 }, () => false))
  assert.deepEqual([0, 3, 4, 254, 255, 65_440].map((rrClass) => resolvable(1, rrClass)), Array.from({ length: 6 }, () => false))
})

// ---- Addresses of the inside, special names ----

test('private addresses are taken out of a set, with the signatures that no longer fit', () => {
  const settings = settingsOf({ privateAddresses: new PrefixList([parsePrefix('10.0.0.0/8') ?? assert.fail()]), privateNames: [Name.parse('in.example.')] })
  const signed = { ...setOf('a.example. A 10.0.0.1\na.example. A 192.0.2.1'), signatures: records('a.example. RRSIG A 13 2 3600 20300101000000 20200101000000 1 example. AAAA') }
  const { sets, hidden } = withoutPrivate(settings, [signed, setOf('b.example. A 10.0.0.1'), setOf('x.in.example. A 10.0.0.1'), setOf('a.example. TXT "10.0.0.1"')])
  assert.deepEqual({ hidden, left: sets.map(({ records: own, signatures }) => [own.length, signatures.length]) }, { hidden: 2, left: [[1, 0], [1, 0], [1, 0]] })
  const whole = withoutPrivate(settings, [{ ...signed, records: records('a.example. A 192.0.2.1') }])
  assert.deepEqual([whole.hidden, whole.sets[0].signatures.length], [0, 1])
  assert.equal(withoutPrivate(settingsOf(), [setOf('b.example. A 10.0.0.1')]).hidden, 0)
})

test('ordinary names are not special, whatever they resemble', () => {
  for (const name of ['.', 'com.', 'example.', 'localhost.example.', 'local-host.', 'tests.', 'arpa.', 'in-addr.arpa.', 'ip6.arpa.', '11.in-addr.arpa.', '192.in-addr.arpa.', 'e.f.ip6.arpa.']) {
    assert.equal(answerSpecial(settingsOf(), Name.parse(name), TYPE.A), undefined, name)
  }
})

test('every zone of RFC 6303 4.1 to 4.6 and RFC 7793 is there', () => {
  const zones = ['0', '10', '127', '254.169', '2.0.192', '100.51.198', '113.0.203', '255.255.255.255', '168.192', ...Array.from({ length: 16 }, (_, i) => `${i + 16}.172`), ...Array.from({ length: 64 }, (_, i) => `${i + 64}.100`)].map((zone) => `${zone}.in-addr.arpa.`)
  for (const zone of [...zones, 'd.f.ip6.arpa.', '8.e.f.ip6.arpa.', '9.e.f.ip6.arpa.', 'a.e.f.ip6.arpa.', 'b.e.f.ip6.arpa.', '8.b.d.0.1.0.0.2.ip6.arpa.']) {
    const found = answerSpecial(settingsOf(), Name.parse(`1.${zone}`), TYPE.PTR)
    assert.ok(found?.kind === 'absence' && found.absence.kind === 'nxdomain' && found.absence.soa?.name.toString() === zone, zone)
  }
})

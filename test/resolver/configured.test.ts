/** What is configured here: stub and forward zones, special names, private addresses, hints (RFC 6761, RFC 6303, RFC 8109). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Name } from '../../src/dns/name.ts'
import { parsePrefix, PrefixList } from '../../src/dns/prefix.ts'
import type { ConfiguredZone } from '../../src/resolver/contract.ts'
import { address, Internet, Play, records, smallInternet } from './support.ts'

function zone(name: string, kind: ConfiguredZone['kind'], ...addresses: string[]): ConfiguredZone {
  return { name: Name.parse(name), kind, servers: addresses.map((text) => ({ address: address(text), port: 5399 })) }
}

function prefixes(...texts: string[]): PrefixList {
  return new PrefixList(texts.map((text) => parsePrefix(text) ?? assert.fail(text)))
}

test('a stub zone begins at its servers, on their port, without RD', () => {
  const net = smallInternet().serve('192.0.2.7', { 'corp.example.': '@ NS ns\nns A 192.0.2.7\nsub NS ns.sub\nns.sub A 192.0.2.8\nwww A 192.0.2.70' })
    .serve('192.0.2.8', { 'sub.corp.example.': '@ NS ns\nns A 192.0.2.8\nx A 192.0.2.71' })
  const play = new Play(net, { zones: [zone('corp.example.', 'stub', '192.0.2.7')] })
  assert.deepEqual(play.ask('www.corp.example. A').packets, ['192.0.2.7 udp www.corp.example. A'])
  assert.deepEqual({ port: play.sent[0].to.port, rd: play.sent[0].query.recursionDesired }, { port: 5399, rd: false })
  assert.deepEqual(play.ask('x.sub.corp.example. A').packets, ['192.0.2.7 udp sub.corp.example. A', '192.0.2.8 udp x.sub.corp.example. A'])
})

/** A forwarder that answers as a resolver does: RA, no AA, whole chains. */
function forwarder(): Internet {
  return smallInternet().serve('192.0.2.7', { '.': '@ NS a.' }, { says: ({ questions: [{ name, type }] }) => {
    const key = name.toString().toLowerCase()
    const base = { recursionAvailable: true }
    if (key === 'www.corp.example.') return { ...base, answers: records('www.corp.example. A 192.0.2.70') }
    if (key === 'out.corp.example.') return { ...base, answers: records('out.corp.example. CNAME www.example.\nwww.example. A 192.0.2.66') }
    if (key === 'in.corp.example.') return { ...base, answers: records('in.corp.example. CNAME www.corp.example.\nwww.corp.example. A 192.0.2.70') }
    if (key === 'bare.corp.example.') return { ...base, rcode: 3 }
    if (key === 'gone.corp.example.') return { ...base, rcode: 3, authorities: records('corp.example. SOA a. b. 1 2 3 4 60') }
    if (key === 'fails.corp.example.') return { ...base, rcode: 2 }
    return type === 1 ? { ...base, answers: [{ name, type, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 99) }] } : base
  } })
}

const FORWARDED: [question: string, kind: string, records: string, packets: number][] = [
  ['www.corp.example. A', 'answer', 'www.corp.example. A 192.0.2.70', 1],
  ['a.b.c.corp.example. A', 'answer', 'a.b.c.corp.example. A 192.0.2.99', 1],
  ['in.corp.example. A', 'answer', 'in.corp.example. CNAME www.corp.example.,www.corp.example. A 192.0.2.70', 1],
  // what it says of names outside of its zone is asked of the world: priming, referral, answer
  ['out.corp.example. A', 'answer', 'out.corp.example. CNAME www.example.,www.example. A 192.0.2.80', 4],
  ['bare.corp.example. A', 'nxdomain', 'SOA of nobody', 1],
  ['gone.corp.example. A', 'nxdomain', 'SOA of corp.example.', 1],
  ['fails.corp.example. A', 'useless', '', 1],
  ['x.corp.example. TXT', 'nodata', 'SOA of nobody', 1],
]

for (const [question, kind, wanted, packets] of FORWARDED) {
  test(`${question} goes to the forwarder as a whole: ${kind}`, () => {
    const play = new Play(forwarder(), { zones: [zone('corp.example.', 'forward', '192.0.2.7')] })
    const told = play.ask(question)
    assert.deepEqual({ kind: told.kind, records: told.records.join() }, { kind, records: wanted }, told.why)
    assert.equal(told.packets.length, packets, told.packets.join('\n'))
    assert.equal(play.sent[0].query.recursionDesired, true)
  })
}

test('an absence without SOA is not kept (RFC 2308 5)', () => {
  const play = new Play(forwarder(), { zones: [zone('corp.example.', 'forward', '192.0.2.7')] })
  play.ask('bare.corp.example. A')
  assert.equal(play.ask('bare.corp.example. A').packets.length, 1)
  play.ask('gone.corp.example. A')
  assert.equal(play.ask('gone.corp.example. A').packets.length, 0)
})

test('all names may be forwarded, and the innermost configured zone decides', () => {
  const net = forwarder().serve('192.0.2.6', { 'sub.corp.example.': '@ NS ns\nns A 192.0.2.6\nx A 192.0.2.61' })
  const play = new Play(net, { zones: [zone('.', 'forward', '192.0.2.7'), zone('sub.corp.example.', 'stub', '192.0.2.6')] })
  assert.deepEqual(play.ask('www.elsewhere. A').packets, ['192.0.2.7 udp www.elsewhere. A'])
  assert.deepEqual(play.ask('x.sub.corp.example. A').packets, ['192.0.2.6 udp x.sub.corp.example. A'])
  assert.deepEqual(play.ask('out.corp.example. A').records, ['out.corp.example. CNAME www.example.', 'www.example. A 192.0.2.66'], 'who forwards all believes all')
})

const SPECIAL: [question: string, kind: string, records: string][] = [
  ['localhost. A', 'answer', 'localhost. A 127.0.0.1'],
  ['a.b.LocalHost. AAAA', 'answer', 'a.b.localhost. AAAA ::1'],
  ['localhost. TXT', 'nodata', 'SOA of localhost.'],
  ['x.invalid. A', 'nxdomain', 'SOA of invalid.'],
  ['test. A', 'nxdomain', 'SOA of test.'],
  ['printer.local. A', 'nxdomain', 'SOA of local.'],
  ['hidden.onion. A', 'nxdomain', 'SOA of onion.'],
  ['x.alt. A', 'nxdomain', 'SOA of alt.'],
  ['10.in-addr.arpa. SOA', 'answer', '10.in-addr.arpa. SOA 10.in-addr.arpa. nobody.invalid. 1 3600 1200 604800 10800'],
  ['10.in-addr.arpa. NS', 'answer', '10.in-addr.arpa. NS 10.in-addr.arpa.'],
  ['10.in-addr.arpa. PTR', 'nodata', 'SOA of 10.in-addr.arpa.'],
  ['4.3.2.10.in-addr.arpa. PTR', 'nxdomain', 'SOA of 10.in-addr.arpa.'],
  ['1.31.172.in-addr.arpa. PTR', 'nxdomain', 'SOA of 31.172.in-addr.arpa.'],
  ['1.64.100.in-addr.arpa. PTR', 'nxdomain', 'SOA of 64.100.in-addr.arpa.'],
  [`1.${'0.'.repeat(31)}ip6.arpa. PTR`, 'nodata', `SOA of 1.${'0.'.repeat(31)}ip6.arpa.`],
  ['1.a.e.f.ip6.arpa. PTR', 'nxdomain', 'SOA of a.e.f.ip6.arpa.'],
  ['x.home.arpa. A', 'nxdomain', 'SOA of home.arpa.'],
  ['_dns.resolver.arpa. SVCB', 'nxdomain', 'SOA of resolver.arpa.'],
]

for (const [question, kind, wanted] of SPECIAL) {
  test(`${question} is answered here: ${kind}`, () => {
    const told = new Play(new Internet()).ask(question)
    assert.deepEqual({ kind: told.kind, records: told.records.join(), packets: told.packets }, { kind, records: wanted, packets: [] })
  })
}

test('names beside special ones go to the world: 172.15 and 172.32, example. (RFC 6761 6.5), notlocal.', () => {
  for (const question of ['1.15.172.in-addr.arpa. PTR', '1.32.172.in-addr.arpa. PTR', 'www.example. A', 'x.notlocal. A', '1.128.100.in-addr.arpa. PTR']) {
    assert.ok(new Play(smallInternet()).ask(question).packets.length > 1, question)
  }
})

test('a zone configured at or below a special name comes first, one above does not (RFC 6303 3)', () => {
  const net = new Internet().serve('192.0.2.7', { '1.10.in-addr.arpa.': '@ NS ns.example.\n5 PTR host.example.' })
  const configured = new Play(net, { zones: [zone('1.10.in-addr.arpa.', 'stub', '192.0.2.7'), zone('.', 'forward', '192.0.2.9')] })
  assert.deepEqual(configured.ask('5.1.10.in-addr.arpa. PTR').records, ['5.1.10.in-addr.arpa. PTR host.example.'])
  assert.deepEqual(configured.ask('5.2.10.in-addr.arpa. PTR').packets, [])
  assert.ok(new Play(net, { specialNames: false }).ask('5.2.10.in-addr.arpa. PTR').packets.length > 0)
})

const INSIDE = { privateAddresses: prefixes('10.0.0.0/8', '192.168.0.0/16', 'fc00::/7', '127.0.0.0/8') }

test('an address of the inside in a name of the outside does not come in (DNS rebinding)', () => {
  const play = new Play(smallInternet('evil A 10.1.2.3\nhalf A 192.168.1.1\nhalf A 192.0.2.5\nsix AAAA fd00::1\nmapped AAAA ::ffff:10.0.0.1\nalias CNAME evil\ndeep.evil2 A 127.0.0.1'), INSIDE)
  for (const name of ['evil', 'alias', 'deep.evil2']) {
    const { kind, why, outcome } = play.ask(`${name}.example. A`)
    assert.deepEqual({ kind, why, code: outcome.explanation?.infoCode }, { kind: 'blocked', why: 'private addresses in a public name', code: 15 }, name)
  }
  for (const name of ['six', 'mapped']) assert.equal(play.ask(`${name}.example. AAAA`).kind, 'blocked', name)
  assert.deepEqual(play.ask('half.example. A').records, ['half.example. A 192.0.2.5'])
  for (const entry of play.cache.entries.values()) {
    if (entry.what.kind === 'records' && entry.what.rrset.type === 1) assert.ok(entry.what.rrset.records.every(({ rdata }) => rdata[0] !== 10 && rdata[1] !== 168), 'it is not kept either')
  }
})

test('names that may have them, and zones that are configured, are let through', () => {
  const net = smallInternet('inside A 10.1.2.3').serve('192.0.2.7', { 'corp.example.': '@ NS ns\nns A 192.0.2.7\nwww A 10.0.0.7' })
  const play = new Play(net, { ...INSIDE, privateNames: [Name.parse('inside.example.')], zones: [zone('corp.example.', 'stub', '192.0.2.7')] })
  assert.equal(play.ask('inside.example. A').kind, 'answer')
  assert.equal(play.ask('www.corp.example. A').kind, 'answer')
  assert.equal(new Play(net, { ...INSIDE, zones: [zone('.', 'forward', '192.0.2.1')] }).ask('inside.example. A').kind, 'blocked', 'the world by a forwarder is the world')
})

test('nobody sends us to addresses that are never asked, by glue or by lookup', () => {
  const net = smallInternet('sub NS ns.sub\nns.sub A 127.0.0.1\nfar NS loop.example.\nloop A 127.0.0.1')
  const play = new Play(net, { neverAsk: prefixes('127.0.0.0/8') })
  for (const question of ['x.sub.example. A', 'x.far.example. A']) assert.equal(play.ask(question).kind, 'unreachable')
  assert.deepEqual(play.sent.filter(({ to }) => to.address[0] === 127), [])
  const stub = new Play(new Internet().serve('127.0.0.1', { 'corp.example.': '@ NS ns\nx A 192.0.2.9' }), { neverAsk: prefixes('127.0.0.0/8'), zones: [zone('corp.example.', 'stub', '127.0.0.1')] })
  assert.equal(stub.ask('x.corp.example. A').kind, 'answer', 'what is configured may be anywhere')
})

test('the roots that priming tells are the ones that are asked from then on (RFC 8109 4)', () => {
  const root = { '.': '@ NS b.root.\nb.root. A 198.51.100.2\nexample. NS ns.example.\nns.example. A 192.0.2.1' }
  const net = smallInternet().serve('198.51.100.1 198.51.100.2', root)
  assert.deepEqual(new Play(net).ask('www.example. A').packets.slice(0, 2), ['198.51.100.1 udp . NS', '198.51.100.2 udp example. A'])
})

test('where priming fails, the hints are good enough', () => {
  const net = smallInternet().serve('198.51.100.1', { '.': '@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. A 192.0.2.1' }, { says: ({ questions: [{ type }] }) => (type === 2 ? { rcode: 5 } : undefined) })
  assert.equal(new Play(net).ask('www.example. A').kind, 'answer')
  const silent = smallInternet().serve('198.51.100.1', { '.': '@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. A 192.0.2.1' }, { says: ({ questions: [{ type }] }) => (type === 2 ? null : undefined) })
  assert.equal(new Play(silent).ask('www.example. A').kind, 'answer')
})

test('priming is done once for all who come together', () => {
  const play = new Play(smallInternet())
  for (let i = 0; i < 10; i++) play.start(`n${i}.example. A`)
  play.run()
  assert.equal(play.sent.filter(({ query }) => query.questions[0].type === 2).length, 1)
})

test('hints by IPv6 are asked where there is IPv6, and not where there is none', () => {
  const net = new Internet().serve('2001:db8::1', { '.': '@ NS a.root.\na.root. AAAA 2001:db8::1' })
  const hints = [{ name: Name.parse('a.root.'), addresses: [address('2001:db8::1')] }]
  assert.equal(new Play(net, { hints, ipv6: true }).ask('x. A').kind, 'nxdomain')
  const told = new Play(net, { hints }).ask('x. A')
  assert.deepEqual({ kind: told.kind, packets: told.packets }, { kind: 'unreachable', packets: [] })
})

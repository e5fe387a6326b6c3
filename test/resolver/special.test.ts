/**
 * Names that are answered here (RFC 6761, RFC 6303 and what followed), held name by name against the texts, and addresses
 * of the inside in names of the outside (DNS rebinding), both without a resolver around them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { printAddress } from '../../src/dns/address.ts'
import { parseType, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import type { Settings } from '../../src/resolver/contract.ts'
import { withoutPrivate } from '../../src/resolver/private-addresses.ts'
import { answerSpecial } from '../../src/resolver/special.ts'
import { settingsOf } from './support.ts'
import { configured, prefixes, setOf, shownAddresses } from './world.ts'

/** `nxdomain by test.`, `answer 127.0.0.1`, or `the world`. */
function said(question: string, settings: Partial<Settings> = {}): string {
  const [name, type = 'A'] = question.split(' ')
  const finding = answerSpecial(settingsOf(settings), Name.parse(name), parseType(type) ?? assert.fail(type))
  if (finding === undefined) return 'the world'
  assert.deepEqual(finding.chain, [])
  if (finding.kind === 'absence') return `${finding.absence.kind} by ${finding.absence.soa?.name}`
  return `answer ${finding.sets.flatMap((set) => set.records.map((record) => printRecord(record).split(/ +|\t+/).slice(4).join(' '))).join(', ')}`
}

const NIBBLES = '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0'

const QUESTIONS: [question: string, says: string, text: string][] = [
  ['localhost. A', 'answer 127.0.0.1', 'RFC 6761 6.3'],
  ['LocalHost. AAAA', 'answer ::1', 'RFC 6761 6.3'],
  ['a.b.localhost. A', 'answer 127.0.0.1', 'RFC 6761 6.3: all names below'],
  ['localhost. ANY', 'answer 127.0.0.1, ::1', 'RFC 6761 6.3'],
  ['localhost. MX', 'nodata by localhost.', 'RFC 6761 6.3'],
  ['localhost.example. A', 'the world', 'RFC 6761 6.3: the top level alone'],
  ['invalid. A', 'nxdomain by invalid.', 'RFC 6761 6.4'],
  ['a.b.invalid. TXT', 'nxdomain by invalid.', 'RFC 6761 6.4'],
  ['test. NS', 'nxdomain by test.', 'RFC 6761 6.2'],
  ['www.TEST. A', 'nxdomain by TEST.', 'RFC 6761 6.2, RFC 4343 3: in any case'],
  ['printer.local. A', 'nxdomain by local.', 'RFC 6762 22.1'],
  ['abc.onion. A', 'nxdomain by onion.', 'RFC 7686 2'],
  ['x.alt. A', 'nxdomain by alt.', 'RFC 9476 2'],
  ['home.arpa. SOA', 'answer home.arpa. nobody.invalid. 1 3600 1200 604800 10800', 'RFC 8375 4, RFC 6303 3'],
  ['home.arpa. NS', 'answer home.arpa.', 'RFC 6303 3'],
  ['home.arpa. A', 'nodata by home.arpa.', 'RFC 6303 3'],
  ['home.arpa. DS', 'nodata by home.arpa.', 'RFC 8375 4'],
  ['x.home.arpa. SOA', 'nxdomain by home.arpa.', 'RFC 6303 3: nothing below the apex'],
  ['_dns.resolver.arpa. SVCB', 'nxdomain by resolver.arpa.', 'RFC 9462 8.2'],
  [`0.${NIBBLES}.ip6.arpa. PTR`, `nodata by 0.${NIBBLES}.ip6.arpa.`, 'RFC 6303 4.3: ::'],
  [`1.${NIBBLES}.ip6.arpa. PTR`, `nodata by 1.${NIBBLES}.ip6.arpa.`, 'RFC 6303 4.3: ::1'],
  [`2.${NIBBLES}.ip6.arpa. PTR`, 'the world', 'RFC 6303 4.3: ::2 is nobody\'s'],
  ['1.d.f.ip6.arpa. PTR', 'nxdomain by d.f.ip6.arpa.', 'RFC 6303 4.4: fd00::/8'],
  ['1.c.f.ip6.arpa. PTR', 'the world', 'RFC 6303 4.4: fc00::/8 is not for local use yet (RFC 4193 3.2)'],
  ['1.7.e.f.ip6.arpa. PTR', 'the world', 'RFC 6303 4.5: fe80::/10 begins above'],
  ...['8', '9', 'a', 'b'].map((digit): [string, string, string] => [`1.${digit}.e.f.ip6.arpa. PTR`, `nxdomain by ${digit}.e.f.ip6.arpa.`, 'RFC 6303 4.5']),
  ['1.c.e.f.ip6.arpa. PTR', 'the world', 'RFC 6303 4.5: and ends below'],
  ['1.8.b.d.0.1.0.0.2.ip6.arpa. PTR', 'nxdomain by 8.b.d.0.1.0.0.2.ip6.arpa.', 'RFC 6303 4.6: 2001:db8::/32'],
  ['example. A', 'the world', 'RFC 6761 6.5: as any other name'],
  ['.  A', 'the world', 'the root is no special name'],
  ['arpa. NS', 'the world', 'RFC 3172: a zone as any other'],
  ['in-addr.arpa. SOA', 'the world', 'RFC 6303: above the empty zones'],
]

for (const [question, says, text] of QUESTIONS) {
  test(`${text}: ${question.length > 60 ? `…${question.slice(-20)} from ${question[0]}` : question} is for ${says.split(' ')[0]}`, () => {
    assert.equal(said(question.replace('  ', ' ')), says)
    if (says !== 'the world') assert.equal(said(question, { specialNames: false }), 'the world', 'unless that is turned off')
  })
}

/** Networks whose reverse zones are empty: RFC 6303 4.1, 4.2 and RFC 7793 3, on octet bounds and between. */
const REVERSED = prefixes('0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.2.0/24 192.168.0.0/16 198.51.100.0/24 203.0.113.0/24 255.255.255.255/32')
const edge = fc.constantFrom(0, 1, 2, 9, 10, 11, 15, 16, 31, 32, 51, 63, 64, 100, 113, 127, 128, 168, 169, 172, 192, 198, 203, 254, 255)

test('PTR of an IPv4 address is answered here where its network is private or goes nowhere, and nowhere else (RFC 6303 4, RFC 7793 3)', () => {
  fc.assert(fc.property(fc.tuple(edge, edge, edge, edge), (octets) => {
    const isHere = said(`${octets.toReversed().join('.')}.in-addr.arpa. PTR`) !== 'the world'
    assert.equal(isHere, REVERSED.holds(Uint8Array.from(octets)), octets.join('.'))
  }), { numRuns: 2000 })
})

test('a zone that is configured at or below a special name is asked, one above is not (RFC 6303 3)', () => {
  const here = (zone: string): string => said('5.1.10.in-addr.arpa. PTR', { zones: [configured(`${zone} stub 192.0.2.7`)] })
  assert.deepEqual(['10.in-addr.arpa.', '1.10.in-addr.arpa.', '5.1.10.in-addr.arpa.'].map(here), Array(3).fill('the world'))
  assert.deepEqual(['.', 'in-addr.arpa.', '2.10.in-addr.arpa.'].map(here), Array(3).fill('nxdomain by 10.in-addr.arpa.'))
})

test('an absence comes with a SOA for keeping, whose owner encloses the name (RFC 2308 5, RFC 6303 3)', () => {
  const finding = answerSpecial(settingsOf(), Name.parse('a.b.test.'), TYPE.A)
  assert.ok(finding?.kind === 'absence')
  assert.equal(finding.absence.name.toString(), 'a.b.test.')
  assert.match(printRecord(finding.absence.soa?.records[0] ?? assert.fail()), /^test\.\s10800\sIN\sSOA\stest\. nobody\.invalid\. 1 3600 1200 604800 10800$/)
})

const INSIDE: Partial<Settings> = { privateAddresses: prefixes('10.0.0.0/8 192.168.0.0/16 127.0.0.0/8 fd00::/8 ::1') }

/** The addresses that are let through of an RRset, and how many are hidden. */
function through(text: string, settings: Partial<Settings> = {}): string {
  const { sets, hidden } = withoutPrivate(settingsOf({ ...INSIDE, ...settings }), [setOf(text)])
  return `${sets.flatMap(shownAddresses).join(' ') || 'none'}, ${hidden} hidden`
}

const REBINDING: [what: string, text: string, settings: Partial<Settings>, lets: string][] = [
  ['an address of the outside', 'www.example. A 192.0.2.1', {}, '192.0.2.1, 0 hidden'],
  ['an address of the inside', 'www.example. A 10.1.2.3', {}, 'none, 1 hidden'],
  ['one of each', 'www.example. A 192.0.2.1\nwww.example. A 192.168.0.1', {}, '192.0.2.1, 1 hidden'],
  ['addresses right beside the networks', 'www.example. A 9.255.255.255\nwww.example. A 11.0.0.0\nwww.example. A 192.167.255.255\nwww.example. A 192.169.0.0', {}, '9.255.255.255 11.0.0.0 192.167.255.255 192.169.0.0, 0 hidden'],
  ['IPv6', 'www.example. AAAA fd12::1\nwww.example. AAAA ::1\nwww.example. AAAA 2001:db8::1', {}, '2001:db8::1, 2 hidden'],
  ['IPv4 within IPv6 (RFC 4291 2.5.5.2)', 'www.example. AAAA ::ffff:127.0.0.1', {}, 'none, 1 hidden'],
  ['an address of the outside within IPv6', 'www.example. AAAA ::ffff:192.0.2.1', {}, '::ffff:192.0.2.1, 0 hidden'],
  ['names that may have them', 'www.corp.example. A 10.1.2.3', { privateNames: [Name.parse('corp.example.')] }, '10.1.2.3, 0 hidden'],
  ['names beside those', 'www.notcorp.example. A 10.1.2.3', { privateNames: [Name.parse('corp.example.')] }, 'none, 1 hidden'],
  ['names of a zone that is configured', 'www.corp.example. A 10.1.2.3', { zones: [configured('corp.example. forward 192.0.2.9')] }, '10.1.2.3, 0 hidden'],
  ['names that go to the forwarder of all: that is the world', 'www.corp.example. A 10.1.2.3', { zones: [configured('. forward 192.0.2.9')] }, 'none, 1 hidden'],
  ['anything where nothing is guarded', 'www.example. A 10.1.2.3', { privateAddresses: undefined as never }, '10.1.2.3, 0 hidden'],
]

for (const [what, text, settings, lets] of REBINDING) test(`rebinding: of ${what} is let through: ${lets}`, () => assert.equal(through(text, settings), lets))

test('a set of which something was taken has no signatures, one that is whole keeps them (RFC 4034 3.1.8.1)', () => {
  const signature = 'www.example. RRSIG A 13 2 3600 20300101000000 20200101000000 1 example. AAAA'
  const whole = setOf('www.example. A 192.0.2.1', 5, signature)
  const half = setOf('www.example. A 192.0.2.1\nwww.example. A 10.0.0.1', 5, signature)
  const { sets } = withoutPrivate(settingsOf(INSIDE), [whole, half])
  assert.deepEqual(sets.map(({ signatures, trust }) => [signatures.length, trust]), [[1, 5], [0, 5]])
  assert.equal(sets[0], whole, 'and is the same set')
  assert.equal(half.records.length, 2, 'what was given is not changed')
})

test('other types are never looked into, whatever octets they hold', () => {
  const { sets, hidden } = withoutPrivate(settingsOf(INSIDE), [setOf('www.example. TYPE4711 \\# 4 0a000001'), setOf('www.example. MX 10 a.')])
  assert.deepEqual([sets.length, hidden], [2, 0])
})

test('of any addresses exactly those outside of the networks are left, in their order', () => {
  const anyAddress = fc.oneof(fc.tuple(edge, edge, edge, edge).map(([...octets]) => octets.join('.')), fc.constantFrom('10.0.0.0', '10.255.255.255', '127.0.0.1', '192.168.255.255'))
  fc.assert(fc.property(fc.uniqueArray(anyAddress, { minLength: 1, maxLength: 8 }), (texts) => {
    const set = setOf(texts.map((text) => `www.example. A ${text}`).join('\n'))
    const { sets, hidden } = withoutPrivate(settingsOf(INSIDE), [set])
    const wanted = texts.filter((text) => !/^(10|127|192\.168)\./.test(text))
    assert.deepEqual(sets.flatMap((one) => one.records.map(({ rdata }) => printAddress(rdata))), wanted)
    assert.equal(hidden, texts.length - wanted.length)
  }), { numRuns: 300 })
})

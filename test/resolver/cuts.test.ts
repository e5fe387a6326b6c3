/**
 * Whose servers are asked (RFC 1034 5.3.3 step 2): the nearest zone above a name whose servers are known or configured,
 * and which of their addresses may be asked at all.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseType, TYPE } from '../../src/dns/codes.ts'
import { MAX_DELEGATION_SERVERS, MAX_SERVER_ADDRESSES } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import type { Settings } from '../../src/resolver/contract.ts'
import { addressesIn, configuredFor, nearestCut, referredCut, usableEndpoints, type Cut } from '../../src/resolver/cuts.ts'
import { address, settingsOf } from './support.ts'
import { configured, know, prefixes, setOf, shownEndpoints, worldOf } from './world.ts'

/** `delegation example.: 192.0.2.1#53, nameless ns.test.` */
function shown({ kind, zone, endpoints, nameless }: Cut): string {
  return `${kind} ${zone}: ${shownEndpoints(endpoints) || 'none'}${nameless.length > 0 ? `, nameless ${nameless.join(' ')}` : ''}`
}

const EXAMPLE = ['example. NS ns.example.', 'ns.example. A 192.0.2.1']
const HINTS = 'hints .: 198.51.100.1#53'
const BOTH: Partial<Settings> = { ipv4: true, ipv6: true }

interface Case {
  /** RRsets that the cache holds. */
  knows?: string[]
  zones?: string[]
  settings?: Partial<Settings>
  asks?: string
  begins: string
}

const CASES: Record<string, Case> = {
  'nothing is known: the roots that were configured (RFC 8109 2)': { begins: HINTS },
  'the zone of the name': { knows: EXAMPLE, begins: 'delegation example.: 192.0.2.1#53' },
  'the nearest of two zones (RFC 1034 5.3.3: the closest enclosing)': { knows: [...EXAMPLE, 'sub.example. NS ns.sub.example.', 'ns.sub.example. A 192.0.2.2'], begins: 'delegation sub.example.: 192.0.2.2#53' },
  'a zone beside the name is none above it': { knows: ['other.example. NS ns.other.example.', 'ns.other.example. A 192.0.2.3'], begins: HINTS },
  'a zone at the name itself': { knows: EXAMPLE, asks: 'example. A', begins: 'delegation example.: 192.0.2.1#53' },
  'DS is the parent\'s to answer (RFC 4035 3.1.4.1)': { knows: EXAMPLE, asks: 'example. DS', begins: HINTS },
  'DS below the zone is the zone\'s': { knows: EXAMPLE, asks: 'sub.example. DS', begins: 'delegation example.: 192.0.2.1#53' },
  'DS of the root has no parent to go to': { asks: '. DS', begins: HINTS },
  'roots that priming has told come before the hints (RFC 8109 4)': { knows: ['. NS b.root.', 'b.root. A 198.51.100.2'], begins: 'delegation .: 198.51.100.2#53' },
  'a server whose address the cache lacks has a name only': { knows: ['example. NS ns.test.'], begins: 'delegation example.: none, nameless ns.test.' },
  'servers named below their own zone without glue are of no use (RFC 9471 2.1)': { knows: ['example. NS ns.example.'], begins: HINTS },
  'one server with glue is enough beside one without': { knows: ['example. NS ns.example.\nexample. NS nt.example.', 'ns.example. A 192.0.2.1'], begins: 'delegation example.: 192.0.2.1#53, nameless nt.example.' },
  'both families where both are there': { settings: BOTH, knows: [...EXAMPLE, 'ns.example. AAAA 2001:db8::1'], begins: 'delegation example.: 192.0.2.1#53 2001:db8::1#53' },
  'no address of a family that is not there': { knows: [...EXAMPLE, 'ns.example. AAAA 2001:db8::1'], begins: 'delegation example.: 192.0.2.1#53' },
  'only IPv6 here, only IPv4 there: the roots are left': { settings: { ipv4: false, ipv6: true, hints: [{ name: Name.parse('a.root.'), addresses: [address('2001:db8::53')] }] }, knows: EXAMPLE, begins: 'hints .: 2001:db8::53#53' },
  'hints of a family that is not there are passed over': { settings: { ipv4: false, ipv6: true }, begins: 'hints .: none' },
  'an address that is never asked is none': { settings: { neverAsk: prefixes('192.0.2.0/24') }, knows: EXAMPLE, begins: HINTS },
  'a hint knows its root\'s address, where the cache does not (RFC 8109 2)': { knows: ['. NS a.root.'], begins: 'delegation .: 198.51.100.1#53' },
  'a stub that is configured begins at its servers': { zones: ['example. stub 203.0.113.9'], begins: 'stub example.: 203.0.113.9#5300' },
  'a stub comes before what the cache knows of the same zone': { zones: ['example. stub 203.0.113.9'], knows: EXAMPLE, begins: 'stub example.: 203.0.113.9#5300' },
  'below a stub what it delegated is nearer': { zones: ['example. stub 203.0.113.9'], knows: ['sub.example. NS ns.sub.example.', 'ns.sub.example. A 192.0.2.2'], begins: 'delegation sub.example.: 192.0.2.2#53' },
  'to a forwarder all below goes, whatever is known there': { zones: ['example. forward 203.0.113.9'], knows: ['sub.example. NS ns.sub.example.', 'ns.sub.example. A 192.0.2.2'], begins: 'forward example.: 203.0.113.9#5300' },
  'a stub within a forwarded zone is the innermost': { zones: ['. forward 203.0.113.9', 'sub.example. stub 203.0.113.8'], begins: 'stub sub.example.: 203.0.113.8#5300' },
  'a forwarder within a stub is the innermost': { zones: ['sub.example. forward 203.0.113.9', 'example. stub 203.0.113.8'], begins: 'forward sub.example.: 203.0.113.9#5300' },
  'a configured address is asked even where the world may not send us (neverAsk)': { settings: { neverAsk: prefixes('203.0.113.0/24') }, zones: ['example. stub 203.0.113.9'], begins: 'stub example.: 203.0.113.9#5300' },
  'a zone that is configured beside the name is not its own': { zones: ['other. stub 203.0.113.9'], begins: HINTS },
  'DS of a stub\'s apex goes to its parent (RFC 4035 3.1.4.1)': { zones: ['example. stub 203.0.113.9'], asks: 'example. DS', begins: HINTS },
}

for (const [title, { knows = [], zones = [], settings = {}, asks = 'www.sub.example. A', begins }] of Object.entries(CASES)) {
  test(title, () => {
    const world = worldOf({ ...settings, zones: zones.map(configured) })
    know(world, ...knows)
    const [name, type] = asks.split(' ')
    assert.equal(shown(nearestCut(world, Name.parse(name), parseType(type) ?? 0)), begins)
  })
}

test('a delegation ends with the TTL that its parent gave it, so that a zone taken away does not live on', () => {
  const world = worldOf()
  know(world, 'example. 60 NS ns.example.', 'ns.example. 3600 A 192.0.2.1')
  const at = (seconds: number): string => {
    world.nowMs = 1_000_000 + seconds * 1000
    return nearestCut(world, Name.parse('www.example.'), TYPE.A).zone.toString()
  }
  assert.deepEqual([at(0), at(59), at(60), at(3600)], ['example.', 'example.', '.', '.'])
})

test('glue that has ended leaves a zone that needs it without servers (RFC 9471 2.1)', () => {
  const world = worldOf()
  know(world, 'example. 3600 NS ns.example.', 'ns.example. 60 A 192.0.2.1')
  world.nowMs += 60_000
  assert.equal(shown(nearestCut(world, Name.parse('www.example.'), TYPE.A)), HINTS)
})

test('a referral brings its glue, and what the cache knows of a server comes before it (RFC 2181 5.4.1)', () => {
  const world = worldOf(BOTH)
  const zone = Name.parse('example.')
  const servers = setOf('example. NS ns.example.\nexample. NS NT.example.')
  const glue = [setOf('ns.example. A 192.0.2.1'), setOf('nt.example. A 192.0.2.2'), setOf('nt.example. AAAA 2001:db8::2')]
  assert.equal(shown(referredCut(world, { kind: 'referral', zone, servers, glue, proof: [] })), 'delegation example.: 192.0.2.1#53 192.0.2.2#53 2001:db8::2#53')
  know(world, 'ns.example. A 192.0.2.99')
  assert.equal(shown(referredCut(world, { kind: 'referral', zone, servers, glue, proof: [] })), 'delegation example.: 192.0.2.99#53 192.0.2.2#53 2001:db8::2#53')
  assert.equal(shown(referredCut(world, { kind: 'referral', zone, servers, glue: [], proof: [] })), 'delegation example.: 192.0.2.99#53, nameless NT.example.')
})

test('of a delegation MAX_DELEGATION_SERVERS servers are looked at, and MAX_SERVER_ADDRESSES of each (NRDelegation)', () => {
  const world = worldOf()
  const lines = (count: number, line: (i: number) => string): string => Array.from({ length: count }, (_, i) => line(i)).join('\n')
  const servers = setOf(lines(1500, (i) => `example. NS ns${i}.test.`))
  const cut = referredCut(world, { kind: 'referral', zone: Name.parse('example.'), servers, glue: [], proof: [] })
  assert.equal(cut.nameless.length, MAX_DELEGATION_SERVERS)
  const many = setOf(lines(200, (i) => `ns.example. A 192.0.2.${i}`))
  assert.equal(addressesIn(many).length, MAX_SERVER_ADDRESSES)
  assert.deepEqual(addressesIn(setOf('ns.example. TXT "192.0.2.1"')), [], 'other types hold no addresses')
})

test('each cut is its own: a lookup counted for one is not counted for the next', () => {
  const world = worldOf({ zones: [configured('example. stub 203.0.113.9')] })
  const first = nearestCut(world, Name.parse('www.example.'), TYPE.A)
  first.endpoints.pop()
  first.lookups = 9
  assert.equal(shown(nearestCut(world, Name.parse('www.example.'), TYPE.A)), 'stub example.: 203.0.113.9#5300')
  assert.equal(nearestCut(world, Name.parse('www.example.'), TYPE.A).lookups, 0)
})

test('addresses are usable by family and list alone, in the order in which they came', () => {
  const given = ['192.0.2.1', '2001:db8::1', '127.0.0.1', '::1', '192.0.2.2'].map(address)
  const usable = (parts: Partial<Settings>): string => shownEndpoints(usableEndpoints(settingsOf({ port: 5353, neverAsk: prefixes('127.0.0.0/8 ::1'), ...parts }), given))
  assert.equal(usable(BOTH), '192.0.2.1#5353 2001:db8::1#5353 192.0.2.2#5353')
  assert.equal(usable({ ipv4: false, ipv6: true }), '2001:db8::1#5353')
  assert.equal(usable({ ipv4: true, ipv6: false }), '192.0.2.1#5353 192.0.2.2#5353')
  assert.equal(usable({ ipv4: false, ipv6: false }), '')
})

const anyName = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 }).map((labels) => Name.parse(`${labels.join('.')}.`))

test('of any configured zones the one with most labels that encloses the name is taken', () => {
  fc.assert(fc.property(fc.uniqueArray(anyName, { selector: ({ key }) => key, maxLength: 12 }), anyName, (names, name) => {
    const settings = settingsOf({ zones: names.map((one) => configured(`${one} stub 192.0.2.1`)) })
    const enclosing = names.filter((one) => `.${name}`.endsWith(`.${one}`) || one.labelCount === 0).toSorted((a, b) => b.labelCount - a.labelCount)
    assert.equal(configuredFor(settings, name)?.name.toString(), enclosing[0]?.toString())
  }), { numRuns: 500 })
})

test('of any known delegations the one with most labels that encloses the name is taken; for DS one above it (RFC 4035 3.1.4.1)', () => {
  // the root aside: every server is named below it, so that without glue it is of no use
  const zonesKnown = fc.array(anyName.filter(({ labelCount }) => labelCount > 0), { maxLength: 8 })
  fc.assert(fc.property(zonesKnown, anyName, fc.constantFrom(TYPE.A, TYPE.DS), (zones, name, type) => {
    const world = worldOf()
    for (const zone of zones) know(world, `${zone} NS ns.test.`)
    const start = type === TYPE.DS && name.labelCount > 0 ? name.parent() : name
    const enclosing = zones.filter((zone) => start.isWithin(zone)).toSorted((a, b) => b.labelCount - a.labelCount)
    const cut = nearestCut(world, name, type)
    assert.equal(cut.zone.toString(), enclosing[0]?.toString() ?? '.')
    assert.equal(cut.kind, enclosing.length > 0 ? 'delegation' : 'hints')
  }), { numRuns: 300 })
})

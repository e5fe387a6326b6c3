/** Our own zones as the resolver sees them, before whatever is cached (RFC 1034 4.3.2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { CHOICE } from '../../src/authority/choosing.ts'
import { parseType } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { TRUST, type Absence, type Remembered, type RRset, type Trust } from '../../src/resolver/contract.ts'
import { OwnZonesFirst } from '../../src/server/own-zones.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { SEED, serverOf, zoneOf } from '../authority/ask.ts'
import { MapCache, Play, Internet, records } from '../resolver/support.ts'

const ZONE = `$TTL 300
@ SOA ns host 1 7200 3600 604800 60
@ NS ns
ns A 192.0.2.1
www A 192.0.2.2
alias CNAME www
out CNAME www.example.
*.wild TXT "any"
old DNAME new
new TXT "here"
sub NS ns.sub
sub NS elsewhere.example.
ns.sub A 198.51.100.9
`

function own(behind: MapCache = new MapCache()): OwnZonesFirst {
  const server = serverOf([zoneOf('home.', ZONE)])
  const home = Name.parse('home.')
  return new OwnZonesFirst({ holds: (name) => name.isWithin(home), answer: (...query) => server.answer(...query) }, behind)
}

function shown(found: Remembered | undefined): string {
  if (found === undefined || found.kind === 'failure') return found?.kind ?? 'unknown'
  return 'rrset' in found ? shownRRset(found.kind, found.rrset) : shownAbsence(found)
}

function shownRRset(kind: string, { trust, records: own }: RRset): string {
  return `${kind} ${trust} ${own.map(printRecord).sort().join(', ')}`
}

function shownAbsence({ kind, soa }: Absence): string {
  return `${kind} ${soa?.records.map(printRecord).join()}`
}

const SOA = 'home. 60 IN SOA ns.home. host.home. 1 7200 3600 604800 60'

/** What is looked for, by whom, and what is found. */
const ROWS: [question: string, least: Trust, found: string][] = [
  ['www.home. A', TRUST.answer, `records ${TRUST.primary} www.home. 300 IN A 192.0.2.2`],
  ['WWW.home. A', TRUST.answer, `records ${TRUST.primary} WWW.home. 300 IN A 192.0.2.2`],
  ['alias.home. A', TRUST.answer, `alias ${TRUST.primary} alias.home. 300 IN CNAME www.home.`],
  ['alias.home. CNAME', TRUST.answer, `records ${TRUST.primary} alias.home. 300 IN CNAME www.home.`],
  ['out.home. A', TRUST.answer, `alias ${TRUST.primary} out.home. 300 IN CNAME www.example.`],
  ['x.wild.home. TXT', TRUST.answer, `records ${TRUST.primary} x.wild.home. 300 IN TXT "any"`],
  ['www.home. MX', TRUST.answer, `nodata ${SOA}`],
  ['none.home. A', TRUST.answer, `nxdomain ${SOA}`],
  ['x.old.home. TXT', TRUST.answer, 'unknown'],
  ['old.home. DNAME', TRUST.answer, `records ${TRUST.primary} old.home. 300 IN DNAME new.home.`],
  ['sub.home. NS', TRUST.additional, `records ${TRUST.additional} sub.home. 300 IN NS elsewhere.example., sub.home. 300 IN NS ns.sub.home.`],
  ['sub.home. NS', TRUST.answer, 'unknown'],
  ['ns.sub.home. A', TRUST.additional, `records ${TRUST.additional} ns.sub.home. 300 IN A 198.51.100.9`],
  ['ns.sub.home. A', TRUST.answer, 'unknown'],
  ['sub.home. A', TRUST.additional, 'unknown'],
  ['sub.home. DS', TRUST.answer, `nodata ${SOA}`],
  ['www.example. A', TRUST.answer, 'unknown'],
]

test('agents that are hidden are nobody’s who is led there: no answer, and nobody in the world is asked for one', () => {
  const zone = zoneOf('home.', `${ZONE}v1.x._cap AGENT 1 a._sa\nv1.x._cap TXT "t"\n`)
  const authority = new ZoneAuthority(new ZoneDirectory([zone], SEED), SEED, { choose: () => CHOICE.none, hides: () => true, isTheirs: (name) => name.octets[name.labelAt[name.labelCount - 2]] === 4 })
  const server = serverOf([], { authority })
  const zones = new OwnZonesFirst({ holds: (name) => name.isWithin(Name.parse('home.')), answer: (...query) => server.answer(...query) }, new MapCache())
  for (const question of ['v1.x._cap.home. AGENT', 'v1.x._cap.home. TXT', 'none._cap.home. A', 'www.home. AGENT']) {
    const [name, type] = question.split(' ')
    assert.deepEqual(zones.find(Name.parse(name), parseType(type) as number, 0, TRUST.answer), { kind: 'nodata', name: Name.parse(name), type: parseType(type), proof: [] }, question)
  }
  assert.match(shown(zones.find(Name.parse('www.home.'), 1, 0, TRUST.answer)), /192\.0\.2\.2/)
})

for (const [question, least, found] of ROWS) {
  const [name, type] = question.split(' ')
  test(`${question} of trust ${least} is ${found.split(' ')[0]}`, () => {
    assert.equal(shown(own().find(Name.parse(name), parseType(type) as number, 0, least)), found)
  })
}

test('what others say of our names is kept behind, and never comes before our own', () => {
  const behind = new MapCache()
  const cache = own(behind)
  const [name, type] = [Name.parse('www.home.'), parseType('A') as number]
  cache.keep({ name, type, records: records('www.home. A 203.0.113.66'), signatures: [], trust: TRUST.authoritative }, 0)
  cache.keepAbsence({ kind: 'nxdomain', name: Name.parse('alias.home.'), type, proof: [] }, 0)
  cache.keepFailure(Name.parse('out.home.'), type, 0, 0)
  assert.equal(behind.entries.size, 2, 'the cache behind got what is to be kept')
  assert.match(shown(cache.find(name, type, 1, TRUST.answer)), /192\.0\.2\.2$/)
  assert.match(shown(cache.find(Name.parse('out.home.'), type, 1, TRUST.answer)), /^alias/)
})

test('the resolver goes from an own alias into the world, and down what our zone delegates', () => {
  const net = new Internet()
    .serve('198.51.100.1', { '.': '@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. A 198.51.100.2\nback. NS ns.example.' })
    .serve('198.51.100.2', { 'example.': '@ NS ns\nns A 198.51.100.2\nwww A 203.0.113.1', 'back.': '@ NS ns.example.\nin CNAME alias.home.' })
    .serve('198.51.100.9', { 'sub.home.': '@ NS ns\nns A 198.51.100.9\nwww A 203.0.113.9' })
  const play = new Play(net, {}, 1, own())
  const told = ['out.home. A', 'www.sub.home. A', 'in.back. A', 'x.old.home. TXT', 'new.old.home. A'].map((question) => play.ask(question))
  assert.deepEqual(told.map(({ kind, records: shownRecords }) => [kind, ...shownRecords]), [
    ['answer', 'out.home. CNAME www.example.', 'www.example. A 203.0.113.1'],
    ['answer', 'www.sub.home. A 203.0.113.9'],
    ['answer', 'in.back. CNAME alias.home.', 'alias.home. CNAME www.home.', 'www.home. A 192.0.2.2'],
    ['nxdomain', 'old.home. DNAME new.home.', 'x.old.home. CNAME x.new.home.', 'SOA of home.'],
    ['nxdomain', 'old.home. DNAME new.home.', 'new.old.home. CNAME new.new.home.', 'SOA of home.'],
  ])
  assert.deepEqual(told[1].packets.filter((packet) => packet.startsWith('198.51.100.1 ')), [], 'the root was not asked for what is ours')
})

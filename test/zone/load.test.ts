/**
 * From text to image: what loading gives beside the zone, what it makes of class, TTL and clock, and that findings
 * stand where their records do.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { load } from './support.ts'

const HEAD = '$TTL 60\n@ SOA ns1 host 1 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\n'

/** TTL and number of the records of `type` at `name`. */
function rrset(image: ZoneImage | undefined, name: string, type: number): [ttl: number, records: number] | undefined {
  assert.ok(image)
  const lookup = new LookupName(7)
  lookup.load(Name.parse(name).wire, 0)
  const node = image.nodeOf(lookup)
  const found = node === 0 ? 0 : image.rrsetOf(node, type)
  return found === 0 ? undefined : [image.ttlOf(found), image.recordsIn(found)]
}

test('a zone is loaded with all of its records', () => {
  const text = `${HEAD}www A 192.0.2.2\n A 192.0.2.3\n AAAA 2001:db8::1\n`
  const { image, records, octets, unreported } = load(text)
  assert.deepEqual([records, unreported], [6, 0])
  assert.equal(octets, text.length)
  assert.deepEqual(rrset(image, 'WWW.example.com.', TYPE.A), [60, 2])
  assert.deepEqual(rrset(image, 'www.example.com.', TYPE.AAAA), [60, 1])
  assert.equal(rrset(image, 'www.example.com.', TYPE.MX), undefined)
})

test('RFC 2181 5.2: the TTL of an RRset is that of its first record, and each other one is told of', () => {
  const { image, findings } = load(`${HEAD}a 10 A 192.0.2.1\na 20 A 192.0.2.2\na 10 A 192.0.2.3\na 30 A 192.0.2.4\n`)
  assert.deepEqual(rrset(image, 'a.example.com.', TYPE.A), [10, 4])
  assert.deepEqual(findings.map(({ line, column, check, severity }) => [line, column, check, severity]), [
    [6, 1, 'ttl-differs-in-rrset', 'warning'],
    [8, 1, 'ttl-differs-in-rrset', 'warning'],
  ])
})

test('RFC 2181 5: a record that stands twice is kept once', () => {
  const { image, records, findings } = load(`${HEAD}a A 192.0.2.1\n  A 192.0.2.1\n`)
  assert.deepEqual(rrset(image, 'a.example.com.', TYPE.A), [60, 1])
  assert.equal(records, 5)
  assert.deepEqual(findings, [{ check: 'duplicate-record', severity: 'warning', message: 'A at a.example.com. stands here a second time: one is enough', file: 'z', line: 6, column: 3 }])
})

test('the class is that of the zone', () => {
  const { image } = load(HEAD.replaceAll('@ ', '@ LOCAL '), 'floor3.example.', { class: CLASS.LOCAL })
  assert.equal(image?.class, CLASS.LOCAL)
})

test('a default TTL is handed on', () => {
  const { image } = load(HEAD.slice(HEAD.indexOf('\n') + 1), 'example.com.', { defaultTtl: 4711 })
  assert.deepEqual(rrset(image, 'ns1.example.com.', TYPE.A), [4711, 1])
})

test('the time that loading takes is told by the clock handed in', () => {
  let now = 1000
  assert.equal(load(HEAD, 'example.com.', { nowMs: () => (now += 250) }).tookMs, 250)
})

test('progress is told while the records are read, not again while findings are placed', () => {
  const text = `${HEAD}m MX 1 nothing\n${Array.from({ length: 140_000 }, (_, i) => `h${i} A 192.0.2.1\n`).join('')}`
  const seen: number[] = []
  const { findings } = load(text, 'example.com.', { onProgress: ({ records }) => seen.push(records) })
  assert.deepEqual([findings.length, seen.length], [1, 1])
})

test('a finding stands at the very record that it is about, not at the first of its name', () => {
  const { findings } = load(`${HEAD}a MX 1 ns1\na MX 2 gone\n; x\n  a ( MX 3 ns1 )\nA MX 4 gone.too\n`.replace('  a (', '  ('))
  assert.deepEqual(findings.map(({ line, column }) => `${line}:${column}`), ['6:1', '9:1'])
})

test('what $GENERATE makes is found at its line', () => {
  assert.deepEqual(load(`${HEAD}$GENERATE 1-2 h$ MX 1 gone$\n`).findings.map(({ line, message }) => `${line} ${message}`), [
    '5 MX at h1.example.com. names gone1.example.com., which has no A or AAAA record',
    '5 MX at h2.example.com. names gone2.example.com., which has no A or AAAA record',
  ])
})

test('findings come in the order of the text, whatever the seed', () => {
  const text = HEAD + Array.from({ length: 50 }, (_, i) => `m${i} MX 1 gone${i}\nm${i} SRV 1 1 1 gone\n`).join('')
  const first = load(text, 'example.com.', { seed: 1 }).findings
  assert.deepEqual(first.map(({ line }) => line), Array.from({ length: 100 }, (_, i) => i + 5))
  assert.deepEqual(load(text, 'example.com.', { seed: -2 }).findings, first)
})

test('errors of syntax and of building are told together, without what follows from them', () => {
  const { image, findings } = load('$TTL 60\n@ SOA ns1 host 1 2 3 4\na A 192.0.2.1\na A 192.0.2.1\n')
  assert.equal(image, undefined)
  assert.deepEqual(findings.map(({ line, check }) => `${line} ${check}`), ['2 syntax', '4 duplicate-record'])
})

test('an empty file is a zone without SOA and NS, and says so of the whole file', () => {
  assert.deepEqual(load('').findings.map(({ file, line, check }) => `${file}:${line} ${check}`), ['z:0 no-apex-ns', 'z:0 no-soa'])
})

test('RFC 4034 3.1.5: the clock handed in decides whether signatures have expired', () => {
  const signature = 'A 13 3 60 20300101000000 20200101000000 1 example.com. AAAA'
  const zone = `${HEAD}a A 192.0.2.1\na RRSIG ${signature}\n`
  const at = (year: number): string[] => load(zone, 'example.com.', { nowSeconds: Date.UTC(year, 5) / 1000 }).findings.map(({ check }) => check)
  assert.deepEqual([at(2019), at(2025), at(2031)], [['rrsig-not-yet-valid'], [], ['rrsig-expired']])
})

test('RFC 1982: signature times are compared around the clock of 32 bits', () => {
  const zone = `${HEAD}a A 192.0.2.1\na RRSIG A 13 3 60 100000 4294000000 1 example.com. AAAA\n`
  assert.deepEqual(load(zone, 'example.com.', { nowSeconds: 2 ** 32 }).findings, [])
  assert.deepEqual(load(zone, 'example.com.', { nowSeconds: 2 ** 32 + 200_000 }).findings.map(({ check }) => check), ['rrsig-expired'])
})

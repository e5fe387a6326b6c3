/**
 * Zones that lack what every zone should have. Loading refuses most of them, but an update can bring a served zone
 * there, and no question may hang or stop the thread that answers.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import { asker, zoneOf } from './ask.ts'

const NAMES = ['example.', 'www.example.', '*.example.', 'a.b.c.example.']
const TYPES = ['A', 'SOA', 'DS', 'ANY', 'NSEC', 'NSEC3', 'RRSIG']

function askEverything(ask: ReturnType<typeof asker>, names: readonly string[]): string[] {
  return names.flatMap((name) => TYPES.flatMap((type) => [false, true].map((dnssec) => ask(`${name} ${type}`, { dnssec }).rcode)))
}

test('a zone without any record answers every question: its apex exists, nothing else does (RFC 1034 4.3.2)', () => {
  const ask = asker(zoneOf('example.', ''))
  assert.deepEqual(new Set(askEverything(ask, ['example.'])), new Set(['NOERROR']))
  assert.deepEqual(new Set(askEverything(ask, NAMES.slice(1))), new Set(['NXDOMAIN']))
})

test('a root zone without any record answers every question', () => {
  const ask = asker(zoneOf('.', ''))
  assert.deepEqual(new Set(askEverything(ask, ['.'])), new Set(['NOERROR']))
  assert.deepEqual(new Set(askEverything(ask, ['a.', 'x.y.'])), new Set(['NXDOMAIN']))
})

test('a zone whose last record was removed answers as an empty one', () => {
  const image = zoneOf('example.', '@ 60 A 192.0.2.1\n')
  const editor = new ZoneEditor(image)
  editor.begin()
  assert.equal(editor.removeRRset(Name.parse('example.').wire, TYPE.A), true)
  editor.commit()
  const ask = asker(image)
  assert.deepEqual([ask('example. A').rcode, ask('www.example. A').rcode], ['NOERROR', 'NXDOMAIN'])
})

test('a zone without SOA answers without one (RFC 2308 5: such answers are not cached)', () => {
  const ask = asker(zoneOf('example.', '@ 60 NS ns\nns 60 A 192.0.2.1\n'))
  assert.deepEqual([ask('ns.example. AAAA').authority, ask('no.example. A').rcode], [[], 'NXDOMAIN'])
})

const SALTLESS = '1 0 0 -'

for (const origin of ['.', 'example.']) {
  const below = origin === '.' ? '' : origin
  test(`an NSEC3 chain in which not even the apex ${origin} is found gives an answer without closest encloser (RFC 5155 7.2.1)`, () => {
    const ask = asker(zoneOf(origin, `
${origin} 60 SOA ns.${below} admin.${below} 1 2 3 4 60
${origin} 60 NS ns.${below}
${origin} 60 NSEC3PARAM ${SALTLESS}
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.${below} 60 NSEC3 ${SALTLESS} 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS
`))
    assert.equal(ask(`a.b.${below} A`, { dnssec: true }).rcode, 'NXDOMAIN')
    assert.equal(ask(`a.b.${below} A`, { dnssec: true }).rcode, 'NXDOMAIN') // what the first left behind must not matter
    assert.equal(ask(`${origin} TXT`, { dnssec: true }).rcode, 'NOERROR')
  })
}

test('an apex that holds NSEC3 alone is the apex nevertheless (RFC 5155 7.2.8 speaks of names below it)', () => {
  const ask = asker(zoneOf('example.', `@ 60 NSEC3 ${SALTLESS} 2t7b4g4vsa5smi47k61mv5bv1a22bojr NS\n`))
  assert.deepEqual([ask('example. A').rcode, ask('x.example. A').rcode], ['NOERROR', 'NXDOMAIN'])
})

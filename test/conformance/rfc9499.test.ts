/** RFC 9499: the words of DNS, each held to its meaning by what the server does with one zone that has all of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, assertResponse, zoneOf, type Response } from '../authority/ask.ts'
import { load } from '../zone/support.ts'

const TEXT = `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ NS ns
ns A 192.0.2.1
sub NS ns.sub
sub NS ns.sibling
sub NS ns
ns.sub A 192.0.2.2
www.sub TXT occluded
sibling NS ns.sibling
ns.sibling A 192.0.2.4
a.empty A 192.0.2.5
alias CNAME ns
*.wild A 192.0.2.6
`
const ask = asker(zoneOf('example.', TEXT))
const SOA = 'example. 60 IN SOA ns.example. admin.example. 1 2 3 4 60'

/** Term, question, and the response that the term names. */
const TERMS: [section: string, term: string, question: string, wanted: Partial<Response>][] = [
  ['3', 'NODATA: NOERROR, an empty answer and the SOA', 'ns.example. MX', { authority: [SOA] }],
  ['3', 'NXDOMAIN: the name does not exist', 'none.example. A', { rcode: 'NXDOMAIN', authority: [SOA] }],
  ['7', 'empty non-terminal: owns nothing and has names below, so it exists', 'empty.example. A', { authority: [SOA] }],
  ['7', 'apex: the name of the zone, which has SOA and NS', 'example. SOA', { answer: [SOA] }],
  ['5', 'alias: the owner of a CNAME', 'alias.example. CNAME', { answer: ['alias.example. 60 IN CNAME ns.example.'] }],
  ['7', 'closest encloser and source of synthesis: a name that a wildcard makes', 'x.wild.example. A', { answer: ['x.wild.example. 60 IN A 192.0.2.6'] }],
]
for (const [section, term, question, wanted] of TERMS) test(`${section} ${term}`, () => assertResponse(ask(question), wanted))

test('7 referral: no answer, no AA, NS of the zone below; glue: in-domain ones and sibling ones, and the addresses of the zone itself', () => {
  assertResponse(ask('www.sub.example. TXT'), {
    flags: '',
    authority: ['sub.example. 60 IN NS ns.sub.example.', 'sub.example. 60 IN NS ns.sibling.example.', 'sub.example. 60 IN NS ns.example.'],
    additional: ['ns.sub.example. 60 IN A 192.0.2.2', 'ns.sibling.example. 60 IN A 192.0.2.4', 'ns.example. 60 IN A 192.0.2.1'],
  })
})

test('7 occluded name: below a cut and no glue, it is never answered, and the file is warned of it', () => {
  assert.deepEqual(load(TEXT, 'example.').findings.map(({ check, line }) => [check, line]), [['records-below-cut', 9]])
})

test('7 authoritative data: everything but what is at and below the cuts has AA', () => {
  const flags = ['example. NS', 'ns.example. A', 'none.example. A', 'sub.example. NS', 'ns.sub.example. A', 'sub.example. DS'].map((question) => ask(question).flags)
  assert.deepEqual(flags, ['aa', 'aa', 'aa', '', '', 'aa'])
})

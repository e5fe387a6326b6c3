/** RFC 8482: a question for ANY draws one set over UDP, and all over TCP. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { asker, assertResponse, zoneOf } from '../authority/ask.ts'

const SOA = 'example. 60 IN SOA ns.example. admin.example. 1 2 3 4 60'
const ask = asker(zoneOf('example.', `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ NS ns
@ TXT "${'x'.repeat(200)}"
ns A 192.0.2.1
all A 192.0.2.1
all AAAA 2001:db8::1
all MX 1 ns
all TXT "${'y'.repeat(255)}"
all CAA 0 issue "ca.test"
all TYPE4711 \\# 40 ${'00'.repeat(40)}
alias CNAME all
sub NS ns.sub
ns.sub A 192.0.2.2
a.ent TXT t
*.w TXT t
*.w A 192.0.2.3
`))

test('4.1 over UDP one set, the smallest, whole and with AA: small enough that nobody gains by forging the asker', () => {
  assertResponse(ask('all.example. ANY'), { answer: ['all.example. 60 IN A 192.0.2.1'] })
  assert.ok(ask('all.example. ANY').octets < 60)
  assert.equal(ask('example. ANY').answer.length, 1)
})

test('4.1 the set is one that the name has: no HINFO is made up (4.2)', () => {
  for (const question of ['all.example. ANY', 'example. ANY', 'x.w.example. ANY']) assert.ok(ask(question).answer.every((record) => !record.includes('HINFO')))
})

test('4.4 over TCP all of them, each once', () => {
  const { answer } = ask('all.example. ANY', { tcp: true })
  assert.deepEqual(answer.map((record) => record.split(' ')[3]).toSorted(), ['A', 'AAAA', 'CAA', 'MX', 'TXT', 'TYPE4711'])
})

test('4.3 what is no positive answer stays what it is: no data, no name, a referral, an alias', () => {
  for (const tcp of [false, true]) {
    assertResponse(ask('ent.example. ANY', { tcp }), { authority: [SOA] })
    assertResponse(ask('none.example. ANY', { tcp }), { rcode: 'NXDOMAIN', authority: [SOA] })
    assertResponse(ask('sub.example. ANY', { tcp }), { flags: '', authority: ['sub.example. 60 IN NS ns.sub.example.'], additional: ['ns.sub.example. 60 IN A 192.0.2.2'] })
    assertResponse(ask('alias.example. ANY', { tcp }), { answer: ['alias.example. 60 IN CNAME all.example.'] })
    assert.equal(ask('www.test. ANY', { tcp }).rcode, 'REFUSED')
  }
})

test('4.1 in a signed zone the set comes with its signature where DO asks for it, and can be validated', () => {
  const signed = asker(zoneOf('example.com.', readFileSync('test/golden/signed-nsec.zone', 'latin1')))
  const types = (dnssec: boolean): string[] => signed('ns1.example.com. ANY', { dnssec }).answer.map((record) => record.split(' ')[3])
  assert.deepEqual(types(true), ['A', 'RRSIG'])
  assert.deepEqual(types(false), ['A'])
})

test('7 a question for RRSIG has all signatures of the name, or NODATA', () => {
  const signed = asker(zoneOf('example.com.', readFileSync('test/golden/signed-nsec.zone', 'latin1')))
  assert.deepEqual(signed('ns1.example.com. RRSIG').answer.map((record) => record.split(' ')[4]).toSorted(), ['A', 'NSEC'])
  assert.deepEqual([ask('all.example. RRSIG').answer, ask('all.example. RRSIG').authority], [[], [SOA]])
})

/**
 * RFC 4035 3.1 and RFC 6840 5: answers from a zone that BIND has signed (test/golden/signed-nsec.zone): which
 * signatures and which NSEC records come with which answer, and the bits AD, CD and DO. That validators accept
 * them is shown by test/battery/validate.integration.ts.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { asker, converser, zoneOf } from '../authority/ask.ts'

const zone = zoneOf('example.com.', readFileSync('test/golden/signed-nsec.zone', 'latin1'))
const plain = zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nsub NS ns.test.\nsub DS 1 8 2 ' + '0'.repeat(64))
const ask = asker(zone, plain)

/** Each record as its owner and type, for RRSIG with what it covers, for NSEC with the name it leads to. */
function told(records: string[]): string[] {
  return records.map((record) => {
    const [owner, , , type, next] = record.split(' ')
    return [owner.replace(/(^|\.)example\.com\.$/, '') || '@', type, ...(type === 'RRSIG' || type === 'NSEC' ? [next.replace(/(^|\.)example\.com\.$/, '') || '@'] : [])].join(' ')
  })
}

const low = (texts: string[]): string[] => texts.map((text) => text.toLowerCase())

/** `text` and the signature behind it. */
const signed = (owner: string, type: string, next?: string): string[] => [[owner, type, ...(next === undefined ? [] : [next])].join(' '), `${owner} RRSIG ${type}`]
const SOA = signed('@', 'SOA')

/** Question, and the three sections where DO is set. */
const ROWS: [section: string, what: string, question: string, rcode: string, answer: string[], authority: string[]][] = [
  ['3.1.1', 'a set and its signature', 'ns1.example.com. A', 'NOERROR', signed('ns1', 'A'), []],
  ['3.1.1', 'the keys and their signature', 'example.com. DNSKEY', 'NOERROR', signed('@', 'DNSKEY'), []],
  ['3.1.3.1', 'no data: the NSEC of the name', 'ns1.example.com. MX', 'NOERROR', [], [...SOA, ...signed('ns1', 'NSEC', 'plain')]],
  ['3.1.3.1', 'no data at an empty non-terminal: the NSEC that spans it', 'ent.example.com. A', 'NOERROR', [], [...SOA, ...signed('@', 'NSEC', 'a.b.ent')]],
  ['3.1.3.2', 'no name: the NSEC around it and the one that denies the wildcard', 'none.example.com. A', 'NXDOMAIN', [], [...SOA, ...signed('a.b.ent', 'NSEC', 'ns1'), ...signed('@', 'NSEC', 'a.b.ent')]],
  ['3.1.3.2', 'no name, where one NSEC denies both, comes with that one alone', 'a.example.com. A', 'NXDOMAIN', [], [...SOA, ...signed('@', 'NSEC', 'a.b.ent')]],
  ['3.1.3.3', 'a name from a wildcard: the NSEC that denies the name itself', 'x.wild.example.com. TXT', 'NOERROR', signed('x.wild', 'TXT'), signed('*.wild', 'NSEC', 'www')],
  ['3.1.3.4', 'no data from a wildcard: its NSEC, which here denies the name too', 'x.wild.example.com. A', 'NOERROR', [], [...SOA, ...signed('*.wild', 'NSEC', 'www')]],
  ['3.1.4', 'a signed delegation: NS without signature, DS with', 'x.secure.example.com. A', 'NOERROR', [], ['secure NS', 'secure DS', 'secure RRSIG DS']],
  ['3.1.4', 'an unsigned delegation: the NSEC that has no DS', 'x.plain.example.com. A', 'NOERROR', [], ['plain NS', ...signed('plain', 'NSEC', 'secure')]],
  ['3.1.4.1', 'DS of an unsigned delegation: no data, with AA', 'plain.example.com. DS', 'NOERROR', [], [...SOA, ...signed('plain', 'NSEC', 'secure')]],
  ['3.1.4.1', 'DS of the apex, whose parent is not here: no data', 'example.com. DS', 'NOERROR', [], [...SOA, ...signed('@', 'NSEC', 'a.b.ent')]],
]

describe('RFC 4035 3.1: what comes with DO', () => {
  for (const [section, what, question, rcode, answer, authority] of ROWS) {
    test(`${section} ${what}`, () => {
      const response = ask(question, { dnssec: true })
      assert.equal(response.rcode, rcode)
      assert.deepEqual([low(told(response.answer)), low(told(response.authority)).toSorted()], [low(answer), low(authority).toSorted()])
    })
  }

  test('3.1 without DO the same questions have the same answers without signatures, NSEC and DS', () => {
    for (const [, , question, rcode, answer] of ROWS) {
      const response = ask(question)
      assert.equal(response.rcode, rcode)
      assert.deepEqual(low(told(response.answer)), low(answer.filter((text) => !text.includes('RRSIG'))))
      assert.ok(response.authority.every((record) => /^\S+ \d+ IN (SOA|NS) /.test(record)), question)
    }
  })

  test('3.1 asked for by type they are answered without DO as well: RRSIG, NSEC, DNSKEY, DS', () => {
    for (const question of ['ns1.example.com. RRSIG', 'ns1.example.com. NSEC', 'example.com. DNSKEY', 'secure.example.com. DS']) assert.ok(ask(question).answer.length > 0, question)
  })

  test('3.1.1 addresses in the additional section bring their signatures, glue has none', () => {
    assert.deepEqual(told(ask('example.com. NS', { dnssec: true }).additional), ['ns1 A', 'ns1 RRSIG A'])
    assert.ok(told(ask('x.secure.example.com. A', { dnssec: true }).additional).every((text) => !text.includes('RRSIG')))
  })

  test('3.1.4 in a zone that is not signed no DS is added to a referral, though the file holds one: it could not be verified', () => {
    assert.deepEqual(ask('x.sub.example. A', { dnssec: true }).authority, ['sub.example. 60 IN NS ns.test.'])
  })

  test('3.1.5 ANY over TCP has everything of the name, signatures and NSEC too, with DO or without', () => {
    const types = (dnssec: boolean): string[] => ask('ns1.example.com. ANY', { tcp: true, dnssec }).answer.map((record) => record.split(' ')[3]).toSorted()
    assert.deepEqual(types(true), ['A', 'NSEC', 'RRSIG', 'RRSIG'])
  })

  test('3.1 a signature that does not fit truncates: an answer is never sent as if it had none', () => {
    const response = ask('example.com. DNSKEY', { dnssec: true, size: 512 })
    assert.ok(response.octets <= 512)
    assert.equal(response.flags === 'aa tc', response.answer.length < 2)
    for (const question of ROWS.map(([, , name]) => name)) {
      const small = ask(question, { dnssec: true, size: 512 })
      const types = [...small.answer, ...small.authority].map((record) => record.split(' ')[3])
      const signatures = types.filter((type) => type === 'RRSIG').length
      assert.equal(types.length - types.filter((type) => type === 'NS').length, 2 * signatures, `each set that is sent has its signature: ${question}`)
    }
  })
})

describe('RFC 4035 3.1.6, RFC 6840 5: AD, CD and DO', () => {
  test('3.1.6 AD is clear in every response, whatever the query had: nothing has been validated', () => {
    for (const [, , question] of ROWS) for (const header of ['', 'ad', 'ad cd']) assert.ok(!converser([zone])(question, { header, dnssec: true }).header.split(' ').includes('ad'))
  })

  test('3.1.6 CD is copied, and changes nothing else', () => {
    for (const [, , question] of ROWS) {
      const [clear, set] = ['', 'cd'].map((header) => converser([zone])(question, { header, dnssec: true }))
      assert.deepEqual([set.header, set.answer, set.authority], [`${clear.header} cd`, clear.answer, clear.authority])
    }
  })

  test('RFC 6840 5.7 AD in a query asks for no signatures: DO alone does', () => {
    assert.deepEqual(told(converser([zone])('ns1.example.com. A', { header: 'ad' }).answer), ['ns1 A'])
  })

  test('RFC 3225 3 DO comes back as it was sent', () => {
    for (const dnssec of [true, false]) assert.equal(converser([zone])('ns1.example.com. A', { dnssec, size: 1232 }).edns?.dnssecOk, dnssec)
  })

  test('RFC 6840 4.4 the NSEC of a delegation shows NS and no SOA: it is the parent’s side, and denies DS alone', () => {
    const nsec = ask('plain.example.com. DS', { dnssec: true }).authority.find((record) => record.includes(' NSEC secure'))
    assert.match(nsec ?? '', / NSEC secure\.example\.com\. NS RRSIG NSEC$/i)
    assert.ok(ask('plain.example.com. A', { dnssec: true }).authority.every((record) => !record.includes(' SOA ')), 'for A it is a referral, not a denial')
  })
})

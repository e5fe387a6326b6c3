/**
 * RFC 4035 appendix B: the questions asked of the signed zone of appendix A, and which records go where. The NSEC records
 * are the RFC's; its signatures have expired and stand here without their octets. Where the RFC shows NS and addresses in
 * positive answers we send none: minimal answers need no authority section (RFC 1034 4.3.2 demands none).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, zoneOf } from './ask.ts'
import { signedLines, unsigned } from './signing.ts'

const SOA = 'example. SOA ns1.example. bugs.x.w.example. 1081539377 3600 300 3600000 3600'
const NSEC = {
  apex: 'example. NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY',
  b: 'b.example. NSEC ns1.example. NS RRSIG NSEC',
  ns1: 'ns1.example. NSEC ns2.example. A RRSIG NSEC',
  wildcard: '*.w.example. NSEC x.w.example. MX RRSIG NSEC',
  xyw: 'x.y.w.example. NSEC xx.example. MX RRSIG NSEC',
}

const ask = asker(zoneOf('example.', signedLines('example.', `
${SOA}
example. NS ns1.example.
example. NS ns2.example.
example. MX 1 xx.example.
example. DNSKEY 256 3 5 AQOy1bZVvpPqhg4j7EJoM9rI3ZmyEx2OzDBVrZy/lvI5CQePxXHZS4i8dANH4DX3tbHol61ek8EFMcsGXxKciJFHyhl94C+NwILQdzsUlSFovBZsyl/NX6yEbtw/xN9ZNcrbYvgjjZ/UVPZIySFNsgEYvh0z2542lzMKR4Dh8uZffQ==
${NSEC.apex}
!a.example. NS ns1.a.example.
!a.example. NS ns2.a.example.
a.example. DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B
a.example. NSEC ai.example. NS DS RRSIG NSEC
!ns1.a.example. A 192.0.2.5
!ns2.a.example. A 192.0.2.6
ai.example. A 192.0.2.9
ai.example. HINFO "KLH-10" "ITS"
ai.example. AAAA 2001:db8::f00:baa9
ai.example. NSEC b.example. A HINFO AAAA RRSIG NSEC
!b.example. NS ns1.b.example.
!b.example. NS ns2.b.example.
${NSEC.b}
!ns1.b.example. A 192.0.2.7
!ns2.b.example. A 192.0.2.8
ns1.example. A 192.0.2.1
${NSEC.ns1}
ns2.example. A 192.0.2.2
ns2.example. NSEC *.w.example. A RRSIG NSEC
*.w.example. MX 1 ai.example.
${NSEC.wildcard}
x.w.example. MX 1 xx.example.
x.w.example. NSEC x.y.w.example. MX RRSIG NSEC
x.y.w.example. MX 1 xx.example.
${NSEC.xyw}
xx.example. A 192.0.2.10
xx.example. HINFO "KLH-10" "TOPS-20"
xx.example. AAAA 2001:db8::f00:baaa
xx.example. NSEC example. A HINFO AAAA RRSIG NSEC
`)))

function assertSections(question: string, wanted: { rcode?: string; flags?: string; answer?: string[]; authority?: string[]; additional?: string[] }): void {
  const response = ask(question, { dnssec: true, tcp: true })
  const sections = { answer: unsigned(response.answer), authority: unsigned(response.authority), additional: unsigned(response.additional) }
  assert.deepEqual({ rcode: response.rcode, flags: response.flags, ...sections }, { rcode: 'NOERROR', flags: 'aa', answer: [], authority: [], additional: [], ...wanted })
}

test('B.1: an answer with its signature, and the exchange’s signed addresses', () => {
  assertSections('x.w.example. MX', { answer: ['x.w.example. MX 1 xx.example.'], additional: ['xx.example. A 192.0.2.10', 'xx.example. AAAA 2001:db8::f00:baaa'] })
})

test('B.2: a name error, proven by what covers the name and what covers the wildcard', () => {
  assertSections('ml.example. A', { rcode: 'NXDOMAIN', authority: [SOA, NSEC.b, NSEC.apex] })
})

test('B.3: no data, proven by the name’s own NSEC', () => {
  assertSections('ns1.example. MX', { authority: [SOA, NSEC.ns1] })
})

test('B.4: a referral to a signed zone holds its DS', () => {
  assertSections('mc.a.example. MX', {
    flags: '',
    authority: ['a.example. NS ns1.a.example. (unsigned)', 'a.example. NS ns2.a.example. (unsigned)', 'a.example. DS 57855 5 1 B6DCD485719ADCA18E5F3D48A2331627FDD3636B'],
    additional: ['ns1.a.example. A 192.0.2.5 (unsigned)', 'ns2.a.example. A 192.0.2.6 (unsigned)'],
  })
})

test('B.5: a referral to an unsigned zone proves that there is no DS', () => {
  assertSections('mc.b.example. MX', {
    flags: '',
    authority: ['b.example. NS ns1.b.example. (unsigned)', 'b.example. NS ns2.b.example. (unsigned)', NSEC.b],
    additional: ['ns1.b.example. A 192.0.2.7 (unsigned)', 'ns2.b.example. A 192.0.2.8 (unsigned)'],
  })
})

test('B.6: an answer from a wildcard proves that nothing closer exists', () => {
  assertSections('a.z.w.example. MX', { answer: ['a.z.w.example. MX 1 ai.example.'], authority: [NSEC.xyw], additional: ['ai.example. A 192.0.2.9', 'ai.example. AAAA 2001:db8::f00:baa9'] })
  assert.match(ask('a.z.w.example. MX', { dnssec: true, tcp: true }).answer[1], /^a\.z\.w\.example\. \d+ IN RRSIG MX 13 2 /, 'the signature counts the labels of the wildcard’s parent')
})

test('B.7: no data at a wildcard: its NSEC, and what covers the name', () => {
  assertSections('a.z.w.example. AAAA', { authority: [SOA, NSEC.wildcard, NSEC.xyw] })
})

test('B.8: DS asked of the zone below the cut: no data', () => {
  assertSections('example. DS', { authority: [SOA, NSEC.apex] })
})

test('without DO none of this is sent (RFC 4035 3.1)', () => {
  for (const question of ['x.w.example. MX', 'ml.example. A', 'mc.a.example. MX', 'a.z.w.example. AAAA']) {
    const { answer, authority, additional } = ask(question, { tcp: true })
    assert.deepEqual([...answer, ...authority, ...additional].filter((line) => / (RRSIG|NSEC|DS) /.test(line)), [], question)
  }
})

test('NSEC and RRSIG asked for by name are data like any other (RFC 4035 3.1)', () => {
  assert.deepEqual(unsigned(ask('ns1.example. NSEC', { dnssec: true }).answer), [NSEC.ns1])
  assert.equal(ask('ns1.example. RRSIG').answer.length, 2)
})

/**
 * RFC 5155 appendix B: the questions asked of the signed zone of appendix A, and which records go where. The NSEC3
 * records are the RFC's; its signatures stand here without their octets.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, zoneOf } from './ask.ts'
import { signedLines, unsigned } from './signing.ts'

const SOA = 'example. SOA ns1.example. bugs.x.w.example. 1 3600 300 3600000 3600'
const NSEC3 = {
  apex: nsec3('0p9mhaveqvm6t7vbl5lop2u3t2rp3tom', '2T7B4G4VSA5SMI47K61MV5BV1A22BOJR NS SOA MX RRSIG DNSKEY NSEC3PARAM'),
  ns1: nsec3('2t7b4g4vsa5smi47k61mv5bv1a22bojr', '2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S A RRSIG'),
  xyw: nsec3('2vptu5timamqttgl4luu9kg21e0aor3s', '35MTHGPGCU1QG68FAB165KLNSNK3DPVL MX RRSIG'),
  a: nsec3('35mthgpgcu1qg68fab165klnsnk3dpvl', 'B4UM86EGHHDS6NEA196SMVMLO4ORS995 NS DS RRSIG'),
  xw: nsec3('b4um86eghhds6nea196smvmlo4ors995', 'GJEQE526PLBF1G8MKLP59ENFD789NJGI MX RRSIG'),
  ai: nsec3('gjeqe526plbf1g8mklp59enfd789njgi', 'JI6NEOAEPV8B5O6K4EV33ABHA8HT9FGC A HINFO AAAA RRSIG'),
  yw: nsec3('ji6neoaepv8b5o6k4ev33abha8ht9fgc', 'K8UDEMVP1J2F7EG6JEBPS17VP3N8I58H'),
  w: nsec3('k8udemvp1j2f7eg6jebps17vp3n8i58h', 'KOHAR7MBB8DC2CE8A9QVL8HON4K53UHI'),
  lookalike: nsec3('kohar7mbb8dc2ce8a9qvl8hon4k53uhi', 'Q04JKCEVQVMU85R014C7DKBA38O0JI5R A RRSIG'),
  ns2: nsec3('q04jkcevqvmu85r014c7dkba38o0ji5r', 'R53BQ7CC2UVMUBFU5OCMM6PERS9TK9EN A RRSIG'),
  wildcard: nsec3('r53bq7cc2uvmubfu5ocmm6pers9tk9en', 'T644EBQK9BIBCNA874GIVR6JOJ62MLHV MX RRSIG'),
  xx: nsec3('t644ebqk9bibcna874givr6joj62mlhv', '0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM A HINFO AAAA RRSIG'),
}

function nsec3(hash: string, rest: string): string {
  return `${hash}.example. NSEC3 1 1 12 AABBCCDD ${rest}`
}

const ask = asker(zoneOf('example.', signedLines('example.', `
${SOA}
example. NS ns1.example.
example. NS ns2.example.
example. MX 1 xx.example.
example. DNSKEY 256 3 7 AwEAAaetidLzsKWUt4swWR8yu0wPHPiUi8LUsAD0QPWU+wzt89epO6tHzkMBVDkC7qphQO2hTY4hHn9npWFRw5BYubE=
example. NSEC3PARAM 1 0 12 aabbccdd
2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. A 192.0.2.127
!a.example. NS ns1.a.example.
!a.example. NS ns2.a.example.
a.example. DS 58470 5 1 3079F1593EBAD6DC121E202A8B766A6A4837206C
!ns1.a.example. A 192.0.2.5
!ns2.a.example. A 192.0.2.6
ai.example. A 192.0.2.9
ai.example. HINFO "KLH-10" "ITS"
ai.example. AAAA 2001:db8::f00:baa9
!c.example. NS ns1.c.example.
!c.example. NS ns2.c.example.
!ns1.c.example. A 192.0.2.7
!ns2.c.example. A 192.0.2.8
ns1.example. A 192.0.2.1
ns2.example. A 192.0.2.2
*.w.example. MX 1 ai.example.
x.w.example. MX 1 xx.example.
x.y.w.example. MX 1 xx.example.
xx.example. A 192.0.2.10
xx.example. HINFO "KLH-10" "TOPS-20"
xx.example. AAAA 2001:db8::f00:baaa
${Object.values(NSEC3).join('\n')}
`)))

function assertAuthority(question: string, rcode: string, authority: string[]): void {
  const response = ask(question, { dnssec: true, tcp: true })
  assert.deepEqual([response.rcode, unsigned(response.authority)], [rcode, authority])
}

test('B.1: a name error: closest encloser x.w.example, next closer name c.x.w.example, wildcard', () => {
  assertAuthority('a.c.x.w.example. A', 'NXDOMAIN', [SOA, NSEC3.xw, NSEC3.apex, NSEC3.a])
})

test('B.2: no data, proven by the name’s own NSEC3', () => {
  assertAuthority('ns1.example. MX', 'NOERROR', [SOA, NSEC3.ns1])
})

test('B.2.1: no data at an empty non-terminal, which has an NSEC3 of its own', () => {
  assertAuthority('y.w.example. A', 'NOERROR', [SOA, NSEC3.yw])
})

test('B.3: a referral to an unsigned zone that opt-out has left out: closest encloser, and what covers the cut', () => {
  assertAuthority('mc.c.example. MX', 'NOERROR', ['c.example. NS ns1.c.example. (unsigned)', 'c.example. NS ns2.c.example. (unsigned)', NSEC3.apex, NSEC3.a])
})

test('B.4: an answer from a wildcard: what covers the next closer name z.w.example, and nothing else', () => {
  assertAuthority('a.z.w.example. MX', 'NOERROR', [NSEC3.ns2])
  assert.deepEqual(unsigned(ask('a.z.w.example. MX', { dnssec: true, tcp: true }).answer), ['a.z.w.example. MX 1 ai.example.'])
})

test('B.5: no data at a wildcard: closest encloser, next closer name and the wildcard’s own', () => {
  assertAuthority('a.z.w.example. AAAA', 'NOERROR', [SOA, NSEC3.w, NSEC3.ns2, NSEC3.wildcard])
})

test('B.6: DS asked of the zone below the cut: no data', () => {
  assertAuthority('example. DS', 'NOERROR', [SOA, NSEC3.apex])
})

test('7.2.4: DS of a delegation that opt-out has left out', () => {
  assertAuthority('c.example. DS', 'NOERROR', [SOA, NSEC3.apex, NSEC3.a])
})

test('7.2.8: a name that owns nothing but NSEC3 does not exist, nor does what lies below it', () => {
  const hash = '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.'
  for (const question of [`${hash} A`, `${hash} NSEC3`, `${hash} RRSIG`, `${hash} ANY`, `x.${hash} A`]) assert.equal(ask(question, { dnssec: true, tcp: true }).rcode, 'NXDOMAIN', question)
})

test('7.2.8: a name of the zone that is an NSEC3 owner too shows its own records alone', () => {
  const both = '2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.'
  assert.deepEqual(unsigned(ask(`${both} A`, { dnssec: true }).answer), [`${both} A 192.0.2.127`])
  assertAuthority(`${both} NSEC3`, 'NOERROR', [SOA, NSEC3.lookalike])
  for (const tcp of [false, true]) {
    assert.deepEqual(unsigned(ask(`${both} ANY`, { dnssec: true, tcp }).answer), [`${both} A 192.0.2.127`])
    assert.deepEqual(ask(`${both} RRSIG`, { tcp }).answer.map((line) => line.split(' ')[4]), ['A'])
  }
})

test('10.4: while a zone is hashed anew its two chains do not mix: proofs come from the one that NSEC3PARAM names', () => {
  const strangers = ['1', '4', '8', 'c', 'g', 'l', 'p', 's', 'u'].map((digit) => `${digit.repeat(32)}.example. NSEC3 1 0 1 AABB ${digit.repeat(31)}v A`)
  const mixed = asker(zoneOf('example.', signedLines('example.', `
${SOA}
example. NSEC3PARAM 1 0 12 aabbccdd
x.w.example. MX 1 xx.example.
${[...strangers, ...Object.values(NSEC3)].join('\n')}
`)))
  const { authority } = mixed('a.c.x.w.example. A', { dnssec: true, tcp: true })
  assert.deepEqual(unsigned(authority), [SOA, NSEC3.xw, NSEC3.apex, NSEC3.a])
  assert.equal(mixed(`${'1'.repeat(32)}.example. A`).rcode, 'NXDOMAIN', 'their owners are no names either')
})

test('4.1.2: an NSEC3PARAM with flags, or for an algorithm that nobody knows, is as good as none', () => {
  for (const params of ['1 1 12 aabbccdd', '2 0 12 aabbccdd']) {
    const zone = asker(zoneOf('example.', signedLines('example.', `${SOA}\nexample. NSEC3PARAM ${params}\n${Object.values(NSEC3).join('\n')}\n`)))
    assert.deepEqual(unsigned(zone('b.example. A', { dnssec: true, tcp: true }).authority), [SOA])
  }
})

/** Proofs by NSEC (RFC 4035 5.4): the zone of RFC 4035 A, names that are and are not, and records that must prove nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseType } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import type { Claim } from '../../src/dnssec/denial.ts'
import { denyByNsec, readNsec, type Nsec } from '../../src/dnssec/nsec-denial.ts'
import { shown } from './judging.ts'
import { recordsOf } from './zone-signer.ts'

/** The NSEC records of RFC 4035 A. */
const RFC = `
example. NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY
a.example. NSEC ai.example. NS DS RRSIG NSEC
ai.example. NSEC b.example. A HINFO AAAA RRSIG NSEC
b.example. NSEC ns1.example. NS RRSIG NSEC
ns1.example. NSEC ns2.example. A RRSIG NSEC
ns2.example. NSEC *.w.example. A RRSIG NSEC
*.w.example. NSEC x.w.example. MX RRSIG NSEC
x.w.example. NSEC x.y.w.example. MX RRSIG NSEC
x.y.w.example. NSEC xx.example. MX RRSIG NSEC
xx.example. NSEC example. A HINFO AAAA RRSIG NSEC`

function nsecs(text: string, zone = 'example.'): Nsec[] {
  return recordsOf(text).flatMap((record) => readNsec(record, Name.parse(zone)) ?? [])
}

/** `nxdomain ml.example.`, `nodata ns1.example. MX`, `expansion a.z.w.example. w.example.` */
function claimOf(text: string): Claim {
  const [kind, name, third] = text.split(' ')
  if (kind === 'nodata') return { kind, name: Name.parse(name), type: parseType(third) ?? assert.fail(third) }
  return kind === 'nxdomain' ? { kind, name: Name.parse(name) } : { kind: 'expansion', name: Name.parse(name), encloser: Name.parse(third) }
}

function ask(records: string, claim: string, zone = 'example.'): string {
  return shown(denyByNsec(nsecs(records, zone), claimOf(claim))).replace(/: .*/, '')
}

/** Claims of the whole zone, and what it says; RFC 4035 B in the first group. */
const CLAIMS: readonly [string, string][] = [
  ['nxdomain ml.example.', 'denied'],
  ['nodata ns1.example. MX', 'denied'],
  ['nodata b.example. DS', 'denied at a cut'],
  ['expansion a.z.w.example. w.example.', 'denied'],
  ['nodata a.z.w.example. AAAA', 'denied'],
  ['nodata example. DS', 'unproven'],
  // names that are
  ['nxdomain ns1.example.', 'unproven'],
  ['nxdomain example.', 'unproven'],
  ['nodata ns1.example. A', 'unproven'],
  ['nodata xx.example. AAAA', 'unproven'],
  // empty non-terminals are (RFC 4592 2.2.2)
  ['nodata w.example. A', 'denied'],
  ['nodata y.w.example. DS', 'denied'],
  ['nxdomain w.example.', 'unproven'],
  ['nxdomain y.w.example.', 'unproven'],
  // a wildcard stands for them
  ['nxdomain a.z.w.example.', 'unproven'],
  ['nodata a.z.w.example. MX', 'unproven'],
  ['nodata *.w.example. A', 'denied'],
  // below a name that ends the wildcard's reach (RFC 4592 3.3.1)
  ['nxdomain a.x.w.example.', 'denied'],
  ['nxdomain a.y.w.example.', 'denied'],
  ['expansion a.y.w.example. w.example.', 'unproven'],
  ['expansion a.z.w.example. example.', 'unproven'],
  ['expansion a.z.w.example. z.w.example.', 'unproven'],
  ['expansion ns1.example. example.', 'unproven'],
  // what a parent says of its cuts is about DS alone (RFC 6840 4.1, 4.4)
  ['nodata b.example. A', 'unproven'],
  ['nodata a.example. A', 'unproven'],
  ['nodata a.example. DS', 'unproven'],
  ['nxdomain x.b.example.', 'unproven'],
  ['nodata x.b.example. DS', 'unproven'],
  ['nxdomain x.a.example.', 'unproven'],
  // the last NSEC leads around to the apex
  ['nxdomain zz.example.', 'denied'],
  ['nxdomain ZZ.EXAMPLE.', 'denied'],
  ['nxdomain xx.xx.example.', 'denied'],
]

for (const [claim, expected] of CLAIMS) {
  test(`the zone of RFC 4035 A: ${claim} is ${expected}`, () => assert.equal(ask(RFC, claim), expected))
}

/** Which of the zone's records a proof needs: all of them together, and no fewer. */
const NEEDED: readonly [string, string][] = [
  ['nxdomain ml.example.', 'b.example. example.'],
  ['nodata ns1.example. MX', 'ns1.example.'],
  ['expansion a.z.w.example. w.example.', 'x.y.w.example.'],
  ['nodata a.z.w.example. AAAA', 'x.y.w.example. *.w.example.'],
  ['nodata w.example. A', 'ns2.example.'],
  ['nxdomain zz.example.', 'xx.example. example.'],
]

test('each proof holds by the records that the RFC has for it, and not without any one of them', () => {
  const line = (owner: string): string => RFC.split('\n').find((one) => one.startsWith(`${owner} `)) ?? assert.fail(owner)
  for (const [claim, text] of NEEDED) {
    const owners = text.split(' ')
    assert.equal(ask(owners.map(line).join('\n'), claim), 'denied', claim)
    for (const left of owners) {
      const rest = RFC.split('\n').filter((one) => !one.startsWith(`${left} `)).join('\n')
      assert.equal(ask(rest, claim), 'unproven', `${claim} without the NSEC of ${left}`)
    }
  }
})

/** Records as an attacker may replay them, signed as they are. */
const TRAPS: readonly [string, string, string, string?][] = [
  ['an alias would have been the answer (RFC 6840 4.3)', 'a.example. NSEC b.example. CNAME RRSIG NSEC', 'nodata a.example. A'],
  ['below a DNAME other names are (RFC 6672 5.3.4)', 'a.example. NSEC b.example. DNAME RRSIG NSEC\nexample. NSEC a.example. SOA NS', 'nxdomain x.a.example.'],
  ['what the child says of its apex denies no DS (RFC 4035 5.2)', 'a.example. NSEC b.example. NS SOA RRSIG NSEC', 'nodata a.example. DS'],
  ['an NSEC of a name above is no NSEC of a name', 'example. NSEC a.example. SOA NS', 'nodata x.example. A'],
  ['the NSEC of a sibling covers nothing across its next', 'a.example. NSEC c.example. A\nexample. NSEC a.example. NS SOA', 'nxdomain d.example.'],
  ['owner and next themselves are not covered', 'a.example. NSEC c.example. A\nexample. NSEC a.example. NS SOA', 'nxdomain c.example.'],
  ['an NSEC out of its zone says nothing (CVE-2026-13321)', 'a.example. NSEC c.other. A\nexample. NSEC a.example. NS SOA', 'nxdomain b.example.'],
  ['no records, no proof', '', 'nxdomain b.example.'],
]

for (const [why, records, claim] of TRAPS) test(`${why}: ${claim} is unproven`, () => assert.equal(ask(records, claim), 'unproven'))

test('a zone with one name only: its NSEC leads to itself and denies all else', () => {
  const own = 'example. NSEC example. NS SOA RRSIG NSEC DNSKEY'
  assert.equal(ask(own, 'nxdomain a.example.'), 'denied')
  assert.equal(ask(own, 'nxdomain *.example.'), 'denied')
  assert.equal(ask(own, 'nodata example. A'), 'denied')
  assert.equal(ask(own, 'nodata example. SOA'), 'unproven')
})

test('the root has no parent, so it denies its own DS; and its delegations are cuts', () => {
  const root = '. NSEC com. NS SOA RRSIG NSEC DNSKEY\ncom. NSEC org. NS DS RRSIG NSEC\norg. NSEC . NS RRSIG NSEC'
  assert.equal(ask(root, 'nodata . DS', '.'), 'denied')
  assert.equal(ask(root, 'nodata org. DS', '.'), 'denied at a cut')
  assert.equal(ask(root, 'nodata com. DS', '.'), 'unproven')
  assert.equal(ask(root, 'nxdomain example.com. DS', '.'), 'unproven', 'com. speaks for itself')
  assert.equal(ask(root, 'nxdomain net.', '.'), 'denied')
})

test('RFC 4470: the smallest of intervals, made for the one question, proves as much', () => {
  const minimal = 'ml\\000.example. NSEC mm.example. A RRSIG NSEC\n\\)\\255.example. NSEC +.example. RRSIG NSEC'
  assert.equal(ask(minimal, 'nxdomain ml\\000a.example.'), 'denied')
  assert.equal(ask(minimal, 'nxdomain ml.example.'), 'unproven')
})

test('a name of 255 octets has no wildcard beside it that could stand for it', () => {
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(53)}.example.`
  assert.equal(Name.parse(long).wire.length, 255)
  assert.equal(ask('example. NSEC z.example. NS SOA RRSIG NSEC', `nxdomain ${long}`), 'denied')
})

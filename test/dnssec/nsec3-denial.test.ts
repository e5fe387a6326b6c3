/** Proofs by NSEC3 (RFC 5155 8): the zone of RFC 5155 A with its questions, opt-out, what must be ignored, and what hashing may cost (RFC 9276, CVE-2023-50868). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseType } from '../../src/dns/codes.ts'
import { MAX_HASH_ROUNDS_PER_QUESTION, MAX_NSEC3_ITERATIONS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import type { Claim } from '../../src/dnssec/denial.ts'
import { Effort } from '../../src/dnssec/effort.ts'
import { printHash } from '../../src/dnssec/nsec3.ts'
import { denyByNsec3, readNsec3, type Nsec3 } from '../../src/dnssec/nsec3-denial.ts'
import { shown } from './judging.ts'
import { base32hex, nsec3Hash, recordsOf } from './zone-signer.ts'

/** The NSEC3 records of RFC 5155 A: hash algorithm 1, opt-out, 12 iterations, salt aabbccdd. */
const RFC = `
0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. NSEC3 1 1 12 aabbccdd 2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG
2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG
2vptu5timamqttgl4luu9kg21e0aor3s.example. NSEC3 1 1 12 aabbccdd 35mthgpgcu1qg68fab165klnsnk3dpvl MX RRSIG
35mthgpgcu1qg68fab165klnsnk3dpvl.example. NSEC3 1 1 12 aabbccdd b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG
b4um86eghhds6nea196smvmlo4ors995.example. NSEC3 1 1 12 aabbccdd gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG
gjeqe526plbf1g8mklp59enfd789njgi.example. NSEC3 1 1 12 aabbccdd ji6neoaepv8b5o6k4ev33abha8ht9fgc HINFO A AAAA RRSIG
ji6neoaepv8b5o6k4ev33abha8ht9fgc.example. NSEC3 1 1 12 aabbccdd k8udemvp1j2f7eg6jebps17vp3n8i58h
k8udemvp1j2f7eg6jebps17vp3n8i58h.example. NSEC3 1 1 12 aabbccdd kohar7mbb8dc2ce8a9qvl8hon4k53uhi
kohar7mbb8dc2ce8a9qvl8hon4k53uhi.example. NSEC3 1 1 12 aabbccdd q04jkcevqvmu85r014c7dkba38o0ji5r A RRSIG
q04jkcevqvmu85r014c7dkba38o0ji5r.example. NSEC3 1 1 12 aabbccdd r53bq7cc2uvmubfu5ocmm6pers9tk9en A RRSIG
r53bq7cc2uvmubfu5ocmm6pers9tk9en.example. NSEC3 1 1 12 aabbccdd t644ebqk9bibcna874givr6joj62mlhv MX RRSIG
t644ebqk9bibcna874givr6joj62mlhv.example. NSEC3 1 1 12 aabbccdd 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom HINFO A AAAA RRSIG`.trim()

function read(text: string, zone = 'example.'): Nsec3[] {
  return recordsOf(text).flatMap((record) => readNsec3(record, Name.parse(zone)) ?? [])
}

function claimOf(text: string): Claim {
  const [kind, name, third] = text.split(' ')
  if (kind === 'nodata') return { kind, name: Name.parse(name), type: parseType(third) ?? assert.fail(third) }
  return kind === 'nxdomain' ? { kind, name: Name.parse(name) } : { kind: 'expansion', name: Name.parse(name), encloser: Name.parse(third) }
}

function ask(records: string, claim: string, effort = new Effort()): string {
  const own = read(records)
  return own.length === 0 ? 'nothing of use' : shown(denyByNsec3(own, Name.parse('example.'), claimOf(claim), effort)).replace(/^unproven: .*/, 'unproven')
}

/** The same records without opt-out, as if every delegation had one. */
const CLOSED = RFC.replaceAll('NSEC3 1 1 ', 'NSEC3 1 0 ')

/** Claims, and what the zone says with and without opt-out; RFC 5155 B.1 to B.6 first. */
const CLAIMS: readonly [string, string, string][] = [
  ['nxdomain a.c.x.w.example.', 'opt-out', 'denied'],
  ['nodata ns1.example. MX', 'denied', 'denied'],
  ['nodata y.w.example. A', 'denied', 'denied'],
  ['nodata c.example. DS', 'opt-out', 'unproven'],
  ['expansion a.z.w.example. w.example.', 'opt-out', 'denied'],
  ['nodata a.z.w.example. AAAA', 'opt-out', 'denied'],
  ['nodata example. DS', 'unproven', 'unproven'],
  // names and types that are
  ['nxdomain ns1.example.', 'unproven', 'unproven'],
  ['nodata ns1.example. A', 'unproven', 'unproven'],
  ['nodata example. SOA', 'unproven', 'unproven'],
  ['nxdomain y.w.example.', 'unproven', 'unproven'],
  ['nxdomain a.z.w.example.', 'unproven', 'unproven'],
  ['nodata a.z.w.example. MX', 'unproven', 'unproven'],
  // delegations
  ['nodata a.example. DS', 'unproven', 'unproven'],
  ['nodata a.example. A', 'unproven', 'unproven'],
  ['nxdomain x.a.example.', 'unproven', 'unproven'],
  ['nodata mc.c.example. A', 'opt-out', 'unproven'],
  // the wrong wildcard
  ['expansion a.z.w.example. z.w.example.', 'opt-out', 'denied'],
  ['expansion x.w.example. w.example.', 'unproven', 'unproven'],
  ['expansion a.x.w.example. w.example.', 'unproven', 'unproven'],
  ['nxdomain NOT.Example.', 'opt-out', 'denied'],
]

for (const [claim, open, closed] of CLAIMS) {
  test(`the zone of RFC 5155 A: ${claim} is ${open} with opt-out and ${closed} without`, () => {
    assert.equal(ask(RFC, claim), open)
    assert.equal(ask(CLOSED, claim), closed)
  })
}

/** Which records a proof needs, by the names of RFC 5155 B. */
const NEEDED: readonly [string, string][] = [
  ['nxdomain a.c.x.w.example.', '0p9mhav b4um86e 35mthgp'],
  ['nodata ns1.example. MX', '2t7b4g4'],
  ['nodata y.w.example. A', 'ji6neoa'],
  ['expansion a.z.w.example. w.example.', 'q04jkce'],
  ['nodata a.z.w.example. AAAA', 'k8udemv q04jkce r53bq7c'],
]

test('each proof holds by the records that RFC 5155 B has for it, and not without any one of them', () => {
  for (const [claim, text] of NEEDED) {
    const begins = text.split(' ')
    const lines = CLOSED.split('\n')
    const chosen = lines.filter((line) => begins.some((begin) => line.startsWith(begin)))
    assert.equal(chosen.length, begins.length, claim)
    assert.equal(ask(chosen.join('\n'), claim), 'denied', claim)
    for (const left of begins) assert.match(ask(lines.filter((line) => !line.startsWith(left)).join('\n'), claim), /unproven/, `${claim} without ${left}`)
  }
})

test('records of another hash, of flags that have no meaning, of another zone or with a hash of another size are ignored (RFC 5155 8.1, 8.2)', () => {
  for (const other of [RFC.replaceAll('NSEC3 1 1', 'NSEC3 2 1'), RFC.replaceAll('NSEC3 1 1', 'NSEC3 1 2'), RFC.replaceAll('NSEC3 1 1', 'NSEC3 1 129'), RFC.replaceAll('.example. NSEC3', '.other. NSEC3')]) {
    assert.equal(ask(other, 'nodata ns1.example. MX'), 'nothing of use')
  }
  assert.equal(read('2t7b4g4vsa5smi47k61mv5bv1a22bojr.example. NSEC3 1 1 12 aabbccdd 2vptu5ti A').length, 0, 'a next hash of five octets')
  assert.equal(read('2t7b4g4vsa5smi47k61mv5bv1a22boj.example. NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A').length, 0, 'an owner of 31 digits')
  assert.equal(read('2t7b4g4vsa5smi47k61mv5bv1a22bojr.sub.example. NSEC3 1 1 12 aabbccdd 2vptu5timamqttgl4luu9kg21e0aor3s A').length, 0, 'not right below the zone')
})

test('records of other parameters are not of the chain (RFC 5155 8.2), in whatever letters the owners are', () => {
  const mixed = RFC.split('\n').map((line, i) => (i === 0 ? line : line.replace('aabbccdd', 'aabbccde'))).join('\n')
  assert.equal(ask(mixed, 'nodata ns1.example. MX'), 'unproven')
  assert.equal(ask(RFC.toUpperCase(), 'nodata ns1.example. MX'), 'denied')
})

/** A chain of a zone with these names, each with an A, hashed by node:crypto. */
function chainOf(names: readonly string[], iterations: number, salt = '', flags = 0, types = 'A RRSIG'): string {
  const hashes = names.map((name) => base32hex(nsec3Hash(Name.parse(name), iterations, Buffer.from(salt, 'hex')))).sort()
  return hashes.map((hash, i) => `${hash}.example. NSEC3 1 ${flags} ${iterations} ${salt || '-'} ${hashes[(i + 1) % hashes.length]} ${types}`).join('\n')
}

test('a chain of one record covers every name but its own', () => {
  const own = chainOf(['example.'], 0, '', 0, 'NS SOA RRSIG')
  assert.equal(ask(own, 'nxdomain a.example.'), 'denied')
  assert.equal(ask(own, 'nodata example. A'), 'denied')
  assert.equal(ask(own, 'nxdomain example.'), 'unproven')
})

test('what encloses a name must not end the zone there: no proof leads below a delegation or a DNAME (RFC 5155 8.3)', () => {
  const names = ['example.', 'sub.example.']
  for (const [types, expected] of [['NS DS RRSIG', 'unproven'], ['DNAME RRSIG', 'unproven'], ['NS SOA RRSIG', 'denied'], ['A RRSIG', 'denied']] as const) {
    assert.equal(ask(chainOf(names, 0, '', 0, types), 'nxdomain x.sub.example.'), expected, types)
  }
})

test('RFC 6840 4.3 and 4.4: an alias denies no other type, a cut nothing but DS, and an apex no DS', () => {
  const cases: readonly [string, string, string][] = [
    ['CNAME RRSIG', 'nodata sub.example. A', 'unproven'], ['NS RRSIG', 'nodata sub.example. A', 'unproven'], ['NS', 'nodata sub.example. DS', 'denied at a cut'],
    ['NS SOA RRSIG', 'nodata sub.example. DS', 'unproven'], ['NS SOA RRSIG', 'nodata sub.example. A', 'denied'], ['', 'nodata sub.example. DS', 'denied'],
  ]
  for (const [types, claim, expected] of cases) assert.equal(ask(chainOf(['sub.example.'], 1, 'ab', 0, types), claim), expected, `${types}: ${claim}`)
})

test(`RFC 9276 3.2: up to ${MAX_NSEC3_ITERATIONS} iterations are counted, and a zone with more counts as unsigned, without a hash made`, () => {
  const effort = new Effort()
  assert.equal(ask(chainOf(['example.', 'a.example.'], MAX_NSEC3_ITERATIONS, 'ab'), 'nodata a.example. MX', effort), 'denied')
  assert.equal(effort.rounds, MAX_NSEC3_ITERATIONS + 1)
  const spared = new Effort()
  assert.equal(ask(chainOf(['example.', 'a.example.'], MAX_NSEC3_ITERATIONS + 1), 'nodata a.example. MX', spared), 'insecure: unsupported nsec3 iterations value: 51 iterations of NSEC3')
  assert.equal(ask(RFC.replaceAll(' 12 ', ' 65535 '), 'nxdomain q.example.', spared), 'insecure: unsupported nsec3 iterations value: 65535 iterations of NSEC3')
  assert.equal(spared.rounds, 0)
})

test('CVE-2023-50868: a name of a hundred labels costs no more rounds than one question may, and proves nothing then', () => {
  const long = `${'a.'.repeat(110)}example.`
  const effort = new Effort()
  assert.equal(ask(chainOf(['example.'], MAX_NSEC3_ITERATIONS), `nxdomain ${long}`, effort), 'unproven')
  assert.ok(effort.rounds <= MAX_HASH_ROUNDS_PER_QUESTION && effort.rounds > MAX_HASH_ROUNDS_PER_QUESTION - 2 * MAX_NSEC3_ITERATIONS, `${effort.rounds} rounds`)
  const cheap = new Effort()
  assert.equal(ask(chainOf(['example.'], 0), `nxdomain ${long}`, cheap), 'denied', 'without iterations the same is well within the account')
  assert.ok(cheap.rounds < 120)
})

test('a name is hashed once for one proof, however often it is looked at', () => {
  const effort = new Effort()
  ask(CLOSED, 'nodata a.z.w.example. AAAA', effort)
  assert.ok(effort.rounds <= 4 * 13, `${effort.rounds} rounds of names: itself, next closer, encloser, wildcard`)
})

test('hashes are printed in base32hex, in the order of their octets (RFC 4648 7)', () => {
  for (const octets of [Buffer.alloc(20), Buffer.alloc(20, 255), nsec3Hash(Name.parse('example.'), 12, Buffer.from('aabbccdd', 'hex'))]) assert.equal(printHash(octets), base32hex(octets))
  assert.equal(printHash(nsec3Hash(Name.parse('example.'), 12, Buffer.from('aabbccdd', 'hex'))), '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom')
})

/** Proofs of absence whose records are signed (RFC 4035 5.4, RFC 5155 8, RFC 9276): whole zones signed by NSEC and NSEC3, every name and type asked, each record damaged, and what many records may cost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { MAX_FAILED_VERIFICATIONS, MAX_PROOF_RRSETS } from '../../src/dns/limits-resolver.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { checkAbsence } from '../../src/dnssec/check-absence.ts'
import type { Claim } from '../../src/dnssec/denial.ts'
import { judgeAt, shown } from './judging.ts'
import { NOW, signZone, type SignedZone, type Signing } from './zone-signer.ts'

const TEXT = `example. NS ns.example.
ns.example. A 192.0.2.1
a.example. A 192.0.2.2
x.y.example. TXT "below an empty name"
*.w.example. MX 1 a.example.
signed.example. NS ns.signed.example.
signed.example. DS 1 15 2 0000000000000000000000000000000000000000000000000000000000000000
unsigned.example. NS ns.unsigned.example.
ns.unsigned.example. A 192.0.2.3
alias.example. CNAME a.example.`

const SIGNINGS: Record<string, Signing> = { nsec: {}, nsec3: { denial: 'nsec3', salt: 'ab', iterations: 3 }, 'opt-out': { denial: 'opt-out' } }

function proofOf(zone: SignedZone): DnsRecord[] {
  const types: number[] = [TYPE.NSEC, TYPE.NSEC3]
  return zone.records.filter(({ type, rdata }) => types.includes(type) || (type === TYPE.RRSIG && types.includes((rdata[0] << 8) | rdata[1])))
}

/** Enough of the proof for one claim; all of a zone is more records than are looked at. */
function check(zone: SignedZone, proof: readonly DnsRecord[], claim: Claim): string {
  let best = 'none'
  const owners = [...new Set(proof.map(({ name }) => name.key))]
  for (let from = 0; from < owners.length; from++) {
    const chosen = new Set([...owners.slice(from), ...owners.slice(0, from)].slice(0, MAX_PROOF_RRSETS))
    best = shown(checkAbsence(proof.filter(({ name }) => chosen.has(name.key)), claim, { zone: zone.apex, keys: zone.dnskeys }, judgeAt()))
    if (!best.startsWith('nsec missing')) return best
  }
  return best
}

const nxdomain = (name: string): Claim => ({ kind: 'nxdomain', name: Name.parse(name) })
const nodata = (name: string, type: number): Claim => ({ kind: 'nodata', name: Name.parse(name), type })

/** Claims with what they come to by NSEC, NSEC3, and NSEC3 with opt-out. */
const CASES: readonly [Claim, string, string, string][] = [
  [nxdomain('nope.example.'), 'absent', 'absent', 'opt-out'],
  [nxdomain('a.b.c.example.'), 'absent', 'absent', 'opt-out'],
  [nxdomain('q.a.example.'), 'absent', 'absent', 'opt-out'],
  [nodata('a.example.', TYPE.AAAA), 'absent', 'absent', 'absent'],
  [nodata('y.example.', TYPE.A), 'absent', 'absent', 'absent'],
  [nodata('q.w.example.', TYPE.A), 'absent', 'absent', 'opt-out'],
  [nodata('unsigned.example.', TYPE.DS), 'absent at a cut', 'absent at a cut', 'opt-out'],
  [{ kind: 'expansion', name: Name.parse('q.w.example.'), encloser: Name.parse('w.example.') }, 'absent', 'absent', 'opt-out'],
  [nxdomain('a.example.'), 'no', 'no', 'no'],
  [nxdomain('q.w.example.'), 'no', 'no', 'no'],
  [nodata('a.example.', TYPE.A), 'no', 'no', 'no'],
  [nodata('alias.example.', TYPE.A), 'no', 'no', 'no'],
  [nodata('signed.example.', TYPE.DS), 'no', 'no', 'no'],
  [nodata('signed.example.', TYPE.A), 'no', 'no', 'no'],
  [nxdomain('x.signed.example.'), 'no', 'no', 'no'],
]

Object.entries(SIGNINGS).forEach(([how, signing], column) => {
  test(`a zone signed by ${how}: what is not is proven, and what is is not`, () => {
    const zone = signZone('example.', TEXT, signing)
    for (const [claim, ...expected] of CASES) {
      const found = check(zone, proofOf(zone), claim)
      if (expected[column] === 'no') assert.match(found, /^nsec missing: /, `${claim.kind} ${claim.name}`)
      else assert.equal(found, expected[column], `${claim.kind} ${claim.name}`)
    }
  })
})

for (const [how, signing] of Object.entries(SIGNINGS)) {
  test(`${how}: a proof with any octet of its records or signatures changed proves nothing more than the whole one, and tells the signature's fault`, () => {
    const zone = signZone('example.', 'example. NS ns.example.\na.example. A 192.0.2.1', signing)
    const proof = proofOf(zone)
    const claim = nodata('a.example.', TYPE.AAAA)
    const ask = (records: readonly DnsRecord[], at = NOW): string => shown(checkAbsence(records, claim, { zone: zone.apex, keys: zone.dnskeys }, judgeAt(at)))
    assert.equal(ask(proof), 'absent')
    assert.match(ask(proof, NOW + 86_400 * 60), /^signature expired/)
    assert.match(ask(proof, NOW - 86_400), /^signature not yet valid/)
    assert.match(ask(proof.filter(({ type }) => type !== TYPE.RRSIG)), /^rrsigs missing/)
    const damaged = proof.map((record) => (record.type === TYPE.RRSIG ? { ...record, rdata: record.rdata.map((octet, i) => (i === record.rdata.length - 1 ? octet ^ 1 : octet)) } : record))
    assert.match(ask(damaged), /^dnssec bogus/)
  })
}

test('without any record of use nothing is proven', () => {
  const zone = signZone('example.', TEXT)
  assert.match(check(zone, zone.records.filter(({ type }) => type === TYPE.A), nxdomain('q.example.')), /^nsec missing/)
  assert.match(shown(checkAbsence([], nxdomain('q.example.'), { zone: zone.apex, keys: zone.dnskeys }, judgeAt())), /^nsec missing: no NSEC or NSEC3 of use$/)
})

test('an NSEC that a wildcard stood for is no NSEC of that name', () => {
  const bends: Signing['bends'] = (fields) => (fields.typeCovered === TYPE.NSEC ? { ...fields, labels: fields.labels - 1 } : fields)
  const zone = signZone('example.', 'example. NS ns.example.\na.example. A 192.0.2.1', { bends })
  assert.match(shown(checkAbsence(proofOf(zone), nodata('a.example.', TYPE.AAAA), { zone: zone.apex, keys: zone.dnskeys }, judgeAt())), /^dnssec bogus/)
})

test('the proof is kept no longer than its signatures and TTLs say', () => {
  const zone = signZone('example.', TEXT, { expiration: NOW + 77 })
  const found = checkAbsence(proofOf(zone).slice(0, 99), nodata('a.example.', TYPE.AAAA), { zone: zone.apex, keys: zone.dnskeys }, judgeAt())
  assert.equal(found.kind === 'absent' && found.ttl, 77)
})

test('CVE-2026-11605: a response full of denial records costs what the first ten cost, and wrong signatures the account of failures', () => {
  const many = signZone('example.', `example. NS ns.example.\n${Array.from({ length: 200 }, (_, i) => `n${i}.example. A 192.0.2.1`).join('\n')}`)
  const judge = judgeAt()
  checkAbsence(proofOf(many), nxdomain('zz.example.'), { zone: many.apex, keys: many.dnskeys }, judge)
  assert.equal(judge.effort.verifications, MAX_PROOF_RRSETS)
  const wrong = proofOf(many).map((record) => (record.type === TYPE.RRSIG ? { ...record, rdata: record.rdata.map((octet, i) => (i === 60 ? octet ^ 1 : octet)) } : record))
  const second = judgeAt()
  checkAbsence(wrong, nxdomain('zz.example.'), { zone: many.apex, keys: many.dnskeys }, second)
  assert.equal(second.effort.verifications, MAX_FAILED_VERIFICATIONS)
})

test('RFC 9276 3.2: too many iterations count as unsigned only where the signature is good, as anybody could claim them', () => {
  const zone = signZone('example.', 'example. NS ns.example.', { denial: 'nsec3', iterations: 100 })
  const proof = proofOf(zone)
  const ask = (records: readonly DnsRecord[]): string => shown(checkAbsence(records, nxdomain('q.example.'), { zone: zone.apex, keys: zone.dnskeys }, judgeAt()))
  assert.equal(ask(proof), 'insecure: unsupported nsec3 iterations value: 100 iterations of NSEC3')
  const honest = proofOf(signZone('example.', 'example. NS ns.example.', { denial: 'nsec3' }))
  const claimed = honest.map((record) => (record.type === TYPE.NSEC3 ? { ...record, rdata: record.rdata.map((octet, i) => (i === 3 ? 200 : octet)) } : record))
  assert.match(ask(claimed), /^dnssec bogus/)
})

/**
 * Validation against the tools of others: zones signed by dnssec-signzone and ldns-signzone by every algorithm, by NSEC and NSEC3, are proven
 * record by record (RFC 4034 3.1.8.1, RFC 4035 5.3) and denial by denial (RFC 4035 5.4, RFC 5155 8); and the signer of our own tests makes zones that ldns-verify-zone and dnssec-verify find right.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { checkAbsence } from '../../src/dnssec/check-absence.ts'
import { checkKeys, makeDs } from '../../src/dnssec/check-keys.ts'
import { checkRRset } from '../../src/dnssec/check-rrset.ts'
import type { Claim } from '../../src/dnssec/denial.ts'
import { judgeAt, shown } from './judging.ts'
import { missing, run, scratchFolder } from './tools.ts'
import { recordsOf, setsOf, signZone } from './zone-signer.ts'

const folder = scratchFolder()
const ZONE = `example. 3600 IN SOA ns.example. host.example. 1 7200 3600 604800 300
example. 3600 IN NS ns.example.
ns.example. 3600 IN A 192.0.2.1
MixedCase.example. 3600 IN MX 10 Mail.Example.
www.example. 60 IN A 192.0.2.80
www.example. 60 IN A 192.0.2.9
*.wild.example. 3600 IN TXT "any"
a.b.c.example. 3600 IN SRV 1 2 3 Ns.example.
child.example. 3600 IN NS ns.child.example.
ns.child.example. 3600 IN A 192.0.2.2
`

/** Seconds since 1970; tools sign from now on. */
function now(): number {
  return Math.ceil(Date.now() / 1000)
}

/** Records of a signed file: dnssec-signzone -O full and ldns-signzone write one a line. */
function recordsIn(file: string): DnsRecord[] {
  return recordsOf(readFileSync(file, 'utf8').replaceAll(/;.*$/gm, '').replaceAll('\t', ' ').replaceAll(/ +/g, ' '))
}

function nodata(name: string, type: number): Claim {
  return { kind: 'nodata', name: Name.parse(name), type }
}

/** Proves all of a signed zone. */
function judgeZone(records: readonly DnsRecord[]): { sets: number; signed: number } {
  const apex = Name.parse('example.')
  const covers = (one: DnsRecord): number => (one.type === TYPE.RRSIG ? (one.rdata[0] << 8) | one.rdata[1] : -1)
  const sets = [...setsOf(records.filter(({ type }) => type !== TYPE.RRSIG)).values()].map(([first, ...more]) => ({
    name: first.name, type: first.type, records: [first, ...more], signatures: records.filter((one) => one.name.equals(first.name) && covers(one) === first.type),
  }))
  const dnskeys = sets.find(({ type }) => type === TYPE.DNSKEY) ?? assert.fail('no keys')
  const digests = [1, 2, 4].flatMap((digest) => dnskeys.records.map(({ rdata }) => makeDs(digest, apex, rdata) ?? assert.fail()))
  const keys = checkKeys(dnskeys, { digests: digests.slice(2, 8), keys: [] }, judgeAt(now()))
  assert.equal(keys.kind, 'keys', shown(keys))
  if (keys.kind !== 'keys') return { sets: 0, signed: 0 }
  const unsigned = new Set(['child.example. 2', 'ns.child.example. 1'])
  const signed = sets.filter(({ name, type }) => !unsigned.has(`${name} ${type}`))
  for (const set of signed) assert.equal(shown(checkRRset(set, keys.zone, judgeAt(now()))), 'proven', `${set.name} ${set.type}`)
  const proof = records.filter((one) => [TYPE.NSEC, TYPE.NSEC3].some((type) => type === one.type || covers(one) === type))
  const claims: readonly [Claim, RegExp][] = [
    [{ kind: 'nxdomain', name: Name.parse('nope.example.') }, /^(absent|opt-out)$/], [{ kind: 'nxdomain', name: Name.parse('x.www.example.') }, /^(absent|opt-out)$/], [nodata('www.example.', TYPE.AAAA), /^absent$/],
    [nodata('c.example.', TYPE.A), /^absent$/], [nodata('child.example.', TYPE.DS), /^(absent at a cut|opt-out)$/], [nodata('q.wild.example.', TYPE.A), /^(absent|opt-out)$/],
    [{ kind: 'expansion', name: Name.parse('q.wild.example.'), encloser: Name.parse('wild.example.') }, /^(absent|opt-out)$/],
    [nodata('www.example.', TYPE.A), /^nsec missing/], [{ kind: 'nxdomain', name: Name.parse('www.example.') }, /^nsec missing/], [{ kind: 'nxdomain', name: Name.parse('c.example.') }, /^nsec missing/],
  ]
  const owners = [...new Set(proof.map(({ name }) => name.key))]
  for (const [claim, expected] of claims) {
    // the zone has more records than are looked at: some ten of them in a row prove it, or none do
    const found = owners.map((_, from) => {
      const chosen = new Set([...owners.slice(from), ...owners.slice(0, from)].slice(0, 10))
      return shown(checkAbsence(proof.filter(({ name }) => chosen.has(name.key)), claim, keys.zone, judgeAt(now())))
    })
    assert.match(found.find((one) => !one.startsWith('nsec missing')) ?? found[0], expected, `${claim.kind} ${claim.name}`)
  }
  return { sets: sets.length, signed: signed.length }
}

const DENIALS: Record<string, { bind: string[]; ldns: string[] }> = { nsec: { bind: [], ldns: [] }, nsec3: { bind: ['-3', 'ab', '-H', '5'], ldns: ['-n', '-t', '5', '-s', 'ab'] }, 'opt-out': { bind: ['-3', '-', '-A'], ldns: ['-n', '-p'] } }

for (const algorithm of ['RSASHA256', 'RSASHA512', 'ECDSAP256SHA256', 'ECDSAP384SHA384', 'ED25519', 'ED448']) {
  test(`zones signed by dnssec-signzone with ${algorithm} are proven in all their parts`, { skip: missing('dnssec-keygen', 'dnssec-signzone') }, async () => {
    for (const [denial, { bind }] of Object.entries(DENIALS)) {
      const made = await run('dnssec-keygen', ['-q', '-K', folder, '-a', algorithm, ...(algorithm.startsWith('RSA') ? ['-b', '2048'] : []), '-f', 'KSK', 'example.'])
      const other = await run('dnssec-keygen', ['-q', '-K', folder, '-a', algorithm, ...(algorithm.startsWith('RSA') ? ['-b', '1024'] : []), 'example.'])
      const keys = [made, other].map(({ out }) => out.trim())
      const file = `${folder}/bind-${algorithm}-${denial}`
      writeFileSync(file, `${ZONE}${keys.map((key) => readFileSync(`${folder}/${key}.key`, 'utf8')).join('')}`)
      const { code, out } = await run('dnssec-signzone', ['-O', 'full', '-K', folder, '-o', 'example.', ...bind, '-k', keys[0], '-f', `${file}.signed`, file, keys[1]], '', folder)
      assert.equal(code, 0, out)
      const { sets, signed } = judgeZone(recordsIn(`${file}.signed`))
      assert.ok(sets - signed === 2 && signed > 12, `${signed} of ${sets}`)
    }
  })
}

test('zones signed by ldns-signzone are proven in all their parts', { skip: missing('ldns-keygen', 'ldns-signzone') }, async () => {
  for (const algorithm of ['RSASHA256', 'ECDSAP256SHA256', 'ED25519', 'ED448']) {
    for (const [denial, { ldns }] of Object.entries(DENIALS)) {
      const { out: key } = await run('ldns-keygen', ['-a', algorithm, '-b', '1024', '-k', 'example.'], '', folder)
      assert.ok(existsSync(`${folder}/${key.trim()}.private`), key)
      const file = `${folder}/ldns-${algorithm}-${denial}`
      writeFileSync(file, ZONE)
      const { code, out } = await run('ldns-signzone', [...ldns, '-o', 'example.', '-f', `${file}.signed`, file, key.trim()], '', folder)
      assert.equal(code, 0, out)
      judgeZone(recordsIn(`${file}.signed`))
    }
  }
})

test('what the signer of our tests makes is right by ldns-verify-zone and dnssec-verify', { skip: missing('ldns-verify-zone', 'dnssec-verify') }, async () => {
  for (const denial of ['nsec', 'nsec3', 'opt-out'] as const) {
    for (const algorithm of [8, 13, 15]) {
      const keys = [{ algorithm, flags: 257, which: 0 }, { algorithm, flags: 256, which: 1 }]
      const zone = signZone('example.', ZONE, { denial, keys, salt: 'abcd', iterations: 1, inception: now() - 3600, expiration: now() + 864_000 })
      const file = `${folder}/own-${denial}-${algorithm}`
      writeFileSync(file, `${zone.records.toSorted((a, b) => Number(b.type === TYPE.SOA) - Number(a.type === TYPE.SOA)).map(printRecord).join('\n')}\n`)
      const ldns = await run('ldns-verify-zone', [file])
      assert.equal(ldns.code, 0, `${denial} ${algorithm}: ${ldns.out}`)
      const bind = await run('dnssec-verify', ['-o', 'example.', file])
      assert.equal(bind.code, 0, `${denial} ${algorithm}: ${bind.out}`)
      judgeZone(zone.records)
    }
  }
})

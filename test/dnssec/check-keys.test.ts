/** From a DS or a trust anchor to the keys of a zone (RFC 4035 5.2): digests of the RFCs, which DS count, roll-overs, what leaves a zone unsigned, and what it may cost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { MAX_DIGESTS_PER_ZONE, MAX_FAILED_VERIFICATIONS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { checkKeys, digestOf, makeDs, unservedDigests, type Entry } from '../../src/dnssec/check-keys.ts'
import { keyTag } from '../../src/dnssec/public-key.ts'
import { judgeAt, shown } from './judging.ts'
import { keyRdata } from './pairs.ts'
import { NOW, recordsOf, rrsigOf, setIn, signZone, type SignedZone, type SigningKey } from './zone-signer.ts'

/** DNSKEY and DS of RFC 4034 5.4, RFC 4509 2.3, RFC 6605 6.1 and 6.2, RFC 8080 6.1. */
const DIGESTS = [
  ['dskey.example.com. DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==', '60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118'],
  ['dskey.example.com. DNSKEY 256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw==', '60485 5 2 D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469DA50A'],
  ['example.net. DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==', '55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17'],
  ['example.net. DNSKEY 257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40', '10771 14 4 72d7b62976ce06438e9c0bf319013cf801f09ecc84b8d7e9495f27e305c6a9b0563a9b5f4d288405c3008a946df983d6'],
  ['example.com. DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=', '3613 15 2 3aa5ab37efce57f737fc1627013fee07bdf241bd10f3b1964ab55c78e79a304b'],
] as const

for (const [key, ds] of DIGESTS) {
  test(`the DS ${ds.slice(0, 12)}… of ${key.split(' ')[0]} is made as the RFC has it, whatever letters the name is in (RFC 4034 5.1.4)`, () => {
    const [{ name, rdata }] = recordsOf(key)
    const [expected] = recordsOf(`${name} DS ${ds}`)
    assert.deepEqual(Buffer.from(makeDs(expected.rdata[3], name, rdata) ?? []), Buffer.from(expected.rdata))
    assert.deepEqual(Buffer.from(makeDs(expected.rdata[3], Name.parse(name.toString().toUpperCase()), rdata) ?? []), Buffer.from(expected.rdata))
  })
}

test('digests of types that are not served are made by nobody', () => {
  for (const type of [0, 3, 5, 255]) assert.equal(digestOf(type, Name.root, keyRdata(15)), undefined)
})

const KSK: SigningKey = { algorithm: 13, flags: 257, which: 0 }
const ZSK: SigningKey = { algorithm: 13, flags: 256, which: 1 }

function zoneWith(...keys: readonly SigningKey[]): SignedZone {
  return signZone('example.', 'example. NS ns.example.', { keys })
}

function check(zone: SignedZone, entry: Partial<Entry>, judge = judgeAt()): string {
  return shown(checkKeys(setIn(zone, 'example.', TYPE.DNSKEY), { digests: [], keys: [], ...entry }, judge))
}

function ds(key: SigningKey, digestType = 2): Uint8Array {
  return makeDs(digestType, Name.parse('example.'), keyRdata(key.algorithm, key.flags, key.which)) ?? assert.fail()
}

function bent(octets: Uint8Array, at: number, value = octets[at] ^ 1): Uint8Array {
  return Uint8Array.from(octets, (octet, i) => (i === at ? value : octet))
}

test('the key that a DS of any digest names proves the set with all its keys', () => {
  for (const digestType of [1, 2, 4]) assert.equal(check(zoneWith(KSK, ZSK), { digests: [ds(KSK, digestType)] }), '2 keys')
})

test('a trust anchor of the form DNSKEY does as well, and beside DS', () => {
  assert.equal(check(zoneWith(KSK, ZSK), { keys: [keyRdata(13, 257)] }), '2 keys')
  assert.equal(check(zoneWith(KSK, ZSK), { keys: [keyRdata(13, 257, 3)], digests: [ds(KSK)] }), '2 keys')
  assert.match(check(zoneWith(KSK, ZSK), { keys: [keyRdata(13, 257, 3)] }), /^dnskey missing: no key of example\. is the one that its trust anchor names$/)
})

test('a DS that names none of the keys, by one field or the other, proves nothing', () => {
  const good = ds(KSK)
  for (const wrong of [bent(good, 0), bent(good, 1), bent(good, 2, 14), bent(good, 4), bent(good, good.length - 1), good.subarray(0, 20), Uint8Array.of(...good, 0)]) {
    assert.match(check(zoneWith(KSK, ZSK), { digests: [wrong] }), /^dnskey missing: /)
    assert.equal(check(zoneWith(KSK, ZSK), { digests: [wrong, good] }), '2 keys', 'another DS is good (RFC 4035 5.2: at least one)')
  }
})

test('a DS may name a key of any flags but one that is no zone key, and that key must sign the set', () => {
  assert.equal(check(zoneWith(ZSK), { digests: [ds(ZSK)] }), '1 keys')
  assert.match(check(zoneWith(KSK, ZSK), { digests: [ds(ZSK)] }), /^dnskey missing: example\. has no key/, 'the set is signed by the other')
  assert.match(check(zoneWith({ ...KSK, flags: 1 }), { digests: [ds({ ...KSK, flags: 1 })] }), /^dnskey missing: no key/)
})

test('keys that are no zone keys, or revoked, are not among those that are proven', () => {
  const revoked = { algorithm: 13, flags: 257 | 128, which: 2 }
  const zone = zoneWith(KSK, ZSK, revoked, { algorithm: 13, flags: 0, which: 3 })
  assert.equal(check(zone, { digests: [ds(KSK)] }), '2 keys')
  assert.match(check(zone, { digests: [ds(revoked)] }), /^dnskey missing/, 'RFC 5011 2.1: a revoked key is no entry')
})

test('a DNSKEY set whose signature is wrong, expired or lacking is bogus', () => {
  const zone = zoneWith(KSK, ZSK)
  const set = setIn(zone, 'example.', TYPE.DNSKEY)
  const entry = { digests: [ds(KSK)], keys: [] }
  const [signature] = set.signatures
  assert.match(shown(checkKeys({ ...set, signatures: [{ ...signature, rdata: bent(signature.rdata, signature.rdata.length - 1) }] }, entry, judgeAt())), /^dnssec bogus/)
  assert.match(shown(checkKeys({ ...set, signatures: [] }, entry, judgeAt())), /^rrsigs missing/)
  assert.match(shown(checkKeys({ ...set, records: set.records.slice(0, 1) }, entry, judgeAt())), /^dnssec bogus/)
  assert.match(shown(checkKeys(set, entry, judgeAt(NOW + 86_400 * 31))), /^signature expired/)
})

test('a zone named only by algorithms or digests that are not served counts as unsigned, with the reason (RFC 4035 5.2, RFC 6840 5.2)', () => {
  const good = ds(KSK)
  const cases: readonly [readonly Uint8Array[], string][] = [
    [[bent(good, 2, 5)], 'insecure: unsupported dnskey algorithm: signed by algorithm 5'],
    [[bent(good, 2, 5), bent(good, 2, 253)], 'insecure: unsupported dnskey algorithm: signed by algorithm 5, 253'],
    [[bent(good, 3, 3)], 'insecure: unsupported ds digest type: named by digest 3'],
    [[bent(good, 3, 3), good], '2 keys'],
    [[bent(good, 2, 5), good], '2 keys'],
  ]
  for (const [digests, expected] of cases) {
    assert.equal(check(zoneWith(KSK, ZSK), { digests }), expected)
    assert.equal(unservedDigests(digests) === undefined, expected === '2 keys')
  }
})

test('RFC 4509 3: a SHA-1 digest counts only where no better one is served', () => {
  const wrongStrong = bent(ds(KSK, 2), 10)
  assert.equal(check(zoneWith(KSK, ZSK), { digests: [ds(KSK, 1)] }), '2 keys')
  assert.match(check(zoneWith(KSK, ZSK), { digests: [ds(KSK, 1), wrongStrong] }), /^dnskey missing/)
  assert.equal(check(zoneWith(KSK, ZSK), { digests: [ds(KSK, 1), bent(ds(KSK, 2), 3, 3)] }), '2 keys')
})

test('KeyTrap: many DS and many keys of one tag cost a bounded number of digests and signatures', () => {
  const good = ds(KSK)
  const many = Array.from({ length: 500 }, (_, i) => bent(good, 4 + (i % 32), good[4 + (i % 32)] ^ (1 + (i % 255))))
  const judge = judgeAt()
  assert.match(check(zoneWith(KSK, ZSK), { digests: many }, judge), /^dnskey missing/)
  assert.equal(judge.effort.verifications, 0)
  assert.match(check(zoneWith(KSK, ZSK), { digests: [...many.slice(0, MAX_DIGESTS_PER_ZONE), good] }), /^dnskey missing/, 'the ninth is not looked at')
  assert.equal(check(zoneWith(KSK, ZSK), { digests: [...many.slice(1, MAX_DIGESTS_PER_ZONE), good] }), '2 keys')
})

test('KeyTrap: DNSKEY sets full of wrong signatures are bounded too', () => {
  const zone = zoneWith(KSK, ZSK)
  const set = setIn(zone, 'example.', TYPE.DNSKEY)
  const wrong = Array.from({ length: 100 }, (_, i) => rrsigOf(set.records.slice(0, 1), zone.apex, KSK, { inception: NOW - i }))
  const judge = judgeAt()
  assert.match(shown(checkKeys({ ...set, signatures: wrong }, { digests: [ds(KSK)], keys: [] }, judge)), /^dnssec bogus/)
  assert.ok(judge.effort.verifications > 0 && judge.effort.verifications <= MAX_FAILED_VERIFICATIONS, `${judge.effort.verifications}`)
})

test('a roll-over of keys: the old DS, the new one and both lead to the set that holds both keys (RFC 6781 4.1.2)', () => {
  const next = { algorithm: 15, flags: 257, which: 1 }
  const zone = zoneWith(KSK, next, ZSK)
  for (const digests of [[ds(KSK)], [ds(next)], [ds(next), ds(KSK)]]) assert.equal(check(zone, { digests }), '3 keys')
  assert.notEqual(keyTag(keyRdata(13, 257)), keyTag(keyRdata(15, 257, 1)))
})

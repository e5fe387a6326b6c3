/** RRsets against their signatures (RFC 4034 3, RFC 4035 5.3, RFC 6840 5.1 and 5.11): the examples of the RFCs, each algorithm, each field wrong in turn with the error that names it, and what may be paid for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EDE, printEde, TYPE } from '../../src/dns/codes.ts'
import { MAX_FAILED_VERIFICATIONS, MAX_KEYS_PER_TAG, MAX_SIGNATURES_PER_RRSET, MAX_VERIFICATIONS_PER_QUESTION } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { checkRRset } from '../../src/dnssec/check-rrset.ts'
import type { SignedSet } from '../../src/dnssec/rrsig.ts'
import { keyTag } from '../../src/dnssec/public-key.ts'
import { judgeAt, shown } from './judging.ts'
import { keyRdata } from './pairs.ts'
import { NOW, ONE_KEY, recordsOf, rrsigOf, setIn, signZone, type RrsigFields, type Signing } from './zone-signer.ts'

/** RFC 6605 6.1 and 6.2, RFC 8080 6.1 and 6.2: a key, an RRset with its signature, and a time at which it is good. */
const EXAMPLES = [
  {
    rfc: 'RFC 6605 6.1', at: 1_283_000_000, set: 'www.example.net. A 192.0.2.1',
    key: 'example.net. DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==',
    rrsig: 'www.example.net. RRSIG A 13 3 3600 20100909100439 20100812100439 55648 example.net. qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==',
  },
  {
    rfc: 'RFC 6605 6.2', at: 1_283_000_000, set: 'www.example.net. A 192.0.2.1',
    key: 'example.net. DNSKEY 257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40',
    rrsig: 'www.example.net. RRSIG A 14 3 3600 20100909102025 20100812102025 10771 example.net. /L5hDKIvGDyI1fcARX3z65qrmPsVz73QD1Mr5CEqOiLP95hxQouuroGCeZOvzFaxsT8Glr74hbavRKayJNuydCuzWTSSPdz7wnqXL5bdcJzusdnI0RSMROxxwGipWcJm',
  },
  {
    rfc: 'RFC 8080 6.1', at: 1_439_000_000, set: 'example.com. MX 10 mail.example.com.',
    key: 'example.com. DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=',
    rrsig: 'example.com. RRSIG MX 15 2 3600 1440021600 1438207200 3613 example.com. oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==',
  },
  {
    rfc: 'RFC 8080 6.2', at: 1_439_000_000, set: 'example.com. MX 10 mail.example.com.',
    key: 'example.com. DNSKEY 257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA',
    rrsig: 'example.com. RRSIG MX 16 2 3600 1440021600 1438207200 9713 example.com. 3cPAHkmlnxcDHMyg7vFC34l0blBhuG1qpwLmjInI8w1CMB29FkEAIJUA0amxWndkmnBZ6SKiwZSAxGILn/NBtOXft0+Gj7FSvOKxE/07+4RQvE581N3Aj/JtIyaiYVdnYtyMWbSNyGEY2213WKsJlwEA',
  },
]

for (const { rfc, at, set, key, rrsig } of EXAMPLES) {
  test(`the example of ${rfc} is proven, and no longer once the record, the key or the time differ`, () => {
    const [{ name: zone, rdata }] = recordsOf(key)
    const own = (text: string): SignedSet => ({ name: recordsOf(set)[0].name, type: recordsOf(set)[0].type, records: recordsOf(text), signatures: recordsOf(rrsig) })
    assert.equal(shown(checkRRset(own(set), { zone, keys: [rdata] }, judgeAt(at))), 'proven')
    assert.match(shown(checkRRset(own(set.replace(/192.0.2.1|10/, (old) => (old === '10' ? '11' : '192.0.2.2'))), { zone, keys: [rdata] }, judgeAt(at))), /dnssec bogus.*is wrong/)
    assert.match(shown(checkRRset(own(set), { zone, keys: [rdata] }, judgeAt(NOW))), /signature expired/)
    assert.match(shown(checkRRset(own(set), { zone, keys: [] }, judgeAt(at))), /dnskey missing/)
  })
}

const SETS = [
  'www.example. A 192.0.2.1', 'www.example. A 192.0.2.2\nwww.example. A 192.0.2.1\nwww.example. A 192.0.2.10', 'WWW.eXample. MX 10 Mail.EXAMPLE.', 'a.b.example. NS NS.example.\na.b.example. NS ns1.Example.',
  'example. SOA NS.example. HOST.example. 1 2 3 4 5', '*.example. TXT "x"', 'x.example. SRV 1 2 3 Host.Example.', 'y.example. TYPE65500 \\# 3 414243', 'z.example. NSEC A.example. A RRSIG NSEC',
]

for (const algorithm of [8, 10, 13, 14, 15, 16]) {
  test(`algorithm ${algorithm}: sets of one and many records, in any order and letters, are proven by the key that signed them and by no other`, () => {
    const key = { algorithm, flags: 256, which: 0 }
    const zone = Name.parse('example.')
    for (const text of SETS) {
      const records = recordsOf(text)
      const set = { name: records[0].name, type: records[0].type, records: records.toReversed(), signatures: [rrsigOf(records, zone, key)] }
      assert.equal(shown(checkRRset(set, { zone, keys: [keyRdata(algorithm, 256)] }, judgeAt())), 'proven', text)
      const lettered = { ...set, name: Name.parse(records[0].name.toString().toUpperCase()), records: [...records, records[0]] }
      assert.equal(shown(checkRRset(lettered, { zone, keys: [keyRdata(algorithm, 256)] }, judgeAt())), 'proven', `${text} in other letters, one record twice`)
      assert.match(shown(checkRRset(set, { zone, keys: [keyRdata(algorithm, 256, 1)] }, judgeAt())), /dnskey missing|is wrong/)
    }
  })
}

/** A change of one field, and what is said of it. */
const BENT: readonly [string, (fields: RrsigFields) => Partial<RrsigFields>, RegExp][] = [
  ['nothing', () => ({}), /^proven$/],
  ['another type covered', () => ({ typeCovered: TYPE.AAAA }), /^rrsigs missing: not signed$/],
  ['an algorithm that is not served', () => ({ algorithm: 5 }), /^unsupported dnskey algorithm: signed by algorithm 5$/],
  ['an algorithm that the key is not of', () => ({ algorithm: 13 }), /^dnskey missing: /],
  ['more labels than the name has', () => ({ labels: 3 }), /^dnssec bogus: signed for 3 labels$/],
  ['fewer labels than the zone has', () => ({ labels: 0 }), /^dnssec bogus: signed for 0 labels$/],
  ['fewer labels than the name has', () => ({ labels: 1 }), /^proven below example\.$/],
  ['another TTL, as the TTL may count down', () => ({ originalTtl: 7200 }), /^proven$/],
  ['expired', () => ({ expiration: NOW - 1 }), /^signature expired: a signature has expired 2027-01-15T07:59:59Z$/],
  ['expires now', () => ({ expiration: NOW }), /^proven$/],
  ['not yet valid', () => ({ inception: NOW + 1 }), /^signature not yet valid: a signature is valid from 2027-01-15T08:00:01Z$/],
  ['valid from now on', () => ({ inception: NOW }), /^proven$/],
  ['ends before it begins', () => ({ inception: NOW + 10, expiration: NOW - 10 }), /^signature expired before valid: /],
  ['the tag of no key', (fields) => ({ keyTag: fields.keyTag ^ 1 }), /^dnskey missing: /],
  ['the parent signs', () => ({ signer: Name.root }), /^dnskey missing: signed by \. in place of example\.$/],
  ['a zone below signs', () => ({ signer: Name.parse('www.example.') }), /^dnskey missing: signed by www\.example\. in place of example\.$/],
  ['the signer in other letters', () => ({ signer: Name.parse('EXAMPLE.') }), /^proven$/],
]

for (const [what, bend, expected] of BENT) {
  test(`a signature with ${what}: the error of RFC 8914 that names it`, () => {
    const zone = signZone('example.', 'www.example. A 192.0.2.1', { bends: (fields, [{ type }]) => (type === TYPE.A ? { ...fields, ...bend(fields) } : fields) })
    assert.match(shown(checkRRset(setIn(zone, 'www.example.', TYPE.A), { zone: zone.apex, keys: zone.dnskeys }, judgeAt())), expected)
  })
}

test('times run on a circle of 2^32 seconds (RFC 4034 3.1.5): signatures are good across its seam in 2106', () => {
  const seam = 0x1_0000_0000
  const signing: Signing = { inception: seam - 100, expiration: 100 }
  const zone = signZone('example.', 'www.example. A 192.0.2.1', signing)
  const at = (seconds: number): string => shown(checkRRset(setIn(zone, 'www.example.', TYPE.A), { zone: zone.apex, keys: zone.dnskeys }, judgeAt(seconds)))
  assert.equal(at(seam - 50), 'proven')
  assert.equal(at(seam + 50), 'proven')
  assert.match(at(seam + 101), /expired/)
  assert.match(at(seam - 101), /not yet valid/)
})

test('RFC 4035 5.3.3: a set is kept for the least of its TTL, the signature\'s, the TTL that was signed, and what is left of the signature', () => {
  const cases: readonly [number, number, number, number, number][] = [[3600, 3600, 3600, 9999, 3600], [60, 3600, 3600, 9999, 60], [3600, 61, 3600, 9999, 61], [3600, 3600, 62, 9999, 62], [3600, 3600, 3600, 63, 63]]
  for (const [ttl, signatureTtl, originalTtl, left, kept] of cases) {
    const zone = signZone('example.', 'www.example. A 192.0.2.1', { expiration: NOW + left, bends: (fields) => ({ ...fields, originalTtl }) })
    const set = setIn(zone, 'www.example.', TYPE.A)
    const aged = { ...set, records: set.records.map((record) => ({ ...record, ttl })), signatures: set.signatures.map((record) => ({ ...record, ttl: signatureTtl })) }
    const found = checkRRset(aged, { zone: zone.apex, keys: zone.dnskeys }, judgeAt())
    assert.equal(found.kind === 'proven' && found.ttl, kept)
  }
})

test('keys that may not sign a zone prove nothing: without the flag, revoked, of another protocol, cut short (RFC 4034 2.1, RFC 5011 2.1)', () => {
  const zone = Name.parse('example.')
  const records = recordsOf('www.example. A 192.0.2.1')
  const of = (flags: number, protocol = 3): string => {
    const rdata = keyRdata(15, flags)
    rdata[2] = protocol
    const signature = rrsigOf(records, zone, { algorithm: 15, flags, which: 0 }, { bends: (fields) => ({ ...fields, keyTag: keyTag(rdata) }) })
    return shown(checkRRset({ name: records[0].name, type: TYPE.A, records, signatures: [signature] }, { zone, keys: [rdata] }, judgeAt()))
  }
  assert.equal(of(256), 'proven')
  assert.equal(of(257), 'proven')
  assert.match(of(0), /^no zone key bit set/)
  assert.match(of(1), /^no zone key bit set/)
  assert.match(of(256 | 128), /^no zone key bit set/)
  assert.match(of(256, 2), /^no zone key bit set/)
})

test('types that no wildcard stands for are never believed from one (RFC 4592 4): a DS, a DNAME or an NSEC of a name that has none', () => {
  const types = { 'x.example. DS 1 15 2 00': false, 'x.example. DNAME y.': false, 'x.example. NSEC y.example. A': false, 'x.example. NS y.': false, 'x.example. TXT "y"': true, 'x.example. CNAME y.': true }
  for (const [text, isGood] of Object.entries(types)) {
    const records = recordsOf(text)
    const signatures = [rrsigOf(records, Name.parse('example.'), ONE_KEY[0], { bends: (fields) => ({ ...fields, labels: 1 }) })]
    const found = shown(checkRRset({ name: records[0].name, type: records[0].type, records, signatures }, { zone: Name.parse('example.'), keys: [keyRdata(15, 257)] }, judgeAt()))
    assert.equal(found, isGood ? 'proven below example.' : 'dnssec bogus: of a type that no wildcard stands for', text)
  }
})

test('one good signature is enough (RFC 4035 5.3.3), wherever it stands among the first eight', () => {
  const records = recordsOf('www.example. A 192.0.2.1')
  const zone = Name.parse('example.')
  const [good, old] = [rrsigOf(records, zone, ONE_KEY[0]), rrsigOf(records, zone, ONE_KEY[0], { expiration: NOW - 1 })]
  const keys = [keyRdata(15, 257)]
  for (let at = 0; at < 10; at++) {
    const signatures = [...Array.from({ length: at }, () => old), good]
    const found = shown(checkRRset({ name: records[0].name, type: TYPE.A, records, signatures }, { zone, keys }, judgeAt()))
    if (at < MAX_SIGNATURES_PER_RRSET) assert.equal(found, 'proven')
    else assert.match(found, /^signature expired/)
  }
})

test('of several failures the one that came nearest is told', () => {
  const records = recordsOf('www.example. A 192.0.2.1')
  const zone = Name.parse('example.')
  const sign = (bend: Partial<RrsigFields>): ReturnType<typeof rrsigOf> => rrsigOf(records, zone, ONE_KEY[0], { bends: (fields) => ({ ...fields, ...bend }) })
  const byNearness = [sign({ typeCovered: 2 }), sign({ algorithm: 5 }), sign({ keyTag: 1 }), sign({ inception: NOW + 9, expiration: NOW - 9 }), sign({ inception: NOW + 9 }), sign({ expiration: NOW - 9 }), sign({ labels: 9 })]
  const codes = byNearness.map((_, i) => {
    const found = checkRRset({ name: records[0].name, type: TYPE.A, records, signatures: byNearness.slice(0, i + 1).toReversed() }, { zone, keys: [keyRdata(15, 257)] }, judgeAt())
    return found.kind === 'bogus' ? printEde(found.infoCode) : 'proven'
  })
  assert.deepEqual(codes, ['rrsigs missing', 'unsupported dnskey algorithm', 'dnskey missing', 'signature expired before valid', 'signature not yet valid', 'signature expired', 'dnssec bogus'])
  assert.equal(shown(checkRRset({ name: records[0].name, type: TYPE.A, records, signatures: [] }, { zone, keys: [] }, judgeAt())), 'rrsigs missing: not signed')
})

/** Keys of one algorithm that share a tag: octets moved between places of the same weight. */
function colliding(count: number): Uint8Array[] {
  const first = Uint8Array.from(keyRdata(15, 257))
  return Array.from({ length: count }, (_, i) => {
    const key = Uint8Array.from(first)
    for (let at = 4; at < 34 && i > 0; at += 2) {
      const moved = Math.min(i, 255 - key[at], key[at + 2] ?? 0)
      key[at] += moved
      key[at + 2] -= moved
    }
    return key
  }).filter((key) => keyTag(key) === keyTag(first))
}

test('KeyTrap: colliding keys times signatures cost what the bounds allow, and not their product', () => {
  const records = recordsOf('www.example. A 192.0.2.1')
  const zone = Name.parse('example.')
  const keys = colliding(200).slice(1)
  assert.ok(keys.length > 50, `${keys.length} keys collide`)
  const signatures = Array.from({ length: 100 }, (_, i) => {
    const one = rrsigOf(records, zone, ONE_KEY[0], { inception: NOW - i })
    one.rdata[one.rdata.length - 1] ^= 1
    return one
  })
  const judge = judgeAt()
  const set = { name: records[0].name, type: TYPE.A, records, signatures }
  assert.match(shown(checkRRset(set, { zone, keys }, judge)), /^dnssec bogus/)
  assert.ok(judge.effort.verifications <= Math.min(MAX_FAILED_VERIFICATIONS, MAX_SIGNATURES_PER_RRSET * MAX_KEYS_PER_TAG), `${judge.effort.verifications} verifications`)
  assert.ok(judge.effort.verifications >= MAX_KEYS_PER_TAG)
  const spent = judge.effort.verifications
  for (let i = 0; i < 100; i++) assert.match(shown(checkRRset(set, { zone, keys }, judge)), /more than one question may/)
  assert.equal(judge.effort.verifications, spent, 'once the account is spent nothing is verified')
})

test('a question may lead through so many good signatures and no more', () => {
  const zone = signZone('example.', 'www.example. A 192.0.2.1')
  const judge = judgeAt()
  const found = Array.from({ length: MAX_VERIFICATIONS_PER_QUESTION + 2 }, () => checkRRset(setIn(zone, 'www.example.', TYPE.A), { zone: zone.apex, keys: zone.dnskeys }, judge))
  assert.equal(found.filter(({ kind }) => kind === 'proven').length, MAX_VERIFICATIONS_PER_QUESTION)
  assert.ok(found.slice(-2).every((one) => one.kind === 'bogus' && one.infoCode === EDE.DNSSEC_BOGUS))
})

test('of two keys with one tag the second is tried as well (RFC 4034 B: tags need not be unique)', () => {
  const records = recordsOf('www.example. A 192.0.2.1')
  const [right, wrong] = colliding(3)
  const set = { name: records[0].name, type: TYPE.A, records, signatures: [rrsigOf(records, Name.parse('example.'), ONE_KEY[0])] }
  assert.equal(keyTag(right), keyTag(wrong))
  const judge = judgeAt()
  assert.equal(shown(checkRRset(set, { zone: Name.parse('example.'), keys: [wrong, right] }, judge)), 'proven')
  assert.deepEqual([judge.effort.verifications, judge.effort.failures], [2, 1])
})

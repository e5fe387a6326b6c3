/** Signed records broken at random: nothing that differs from the zone is proven, nothing that is is denied, nothing is thrown (RFC 4035 5.3, 5.4). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { isZoneKey } from '../../src/dnssec/check-rrset.ts'
import { lastLabels, readRrsig, signedOctets, signedLabels, wildcardBelow, wildcardEncloser } from '../../src/dnssec/rrsig.ts'
import { denyByNsec, type Nsec } from '../../src/dnssec/nsec-denial.ts'
import { recordsOf, setIn, signZone } from './zone-signer.ts'
import { breakMessages } from './validation-fuzz.ts'

test('two thousand broken messages: none proves what its zone does not hold', () => {
  const { read, proven } = breakMessages(2_000, 7)
  assert.ok(read > 300, `${read} could be read`)
  assert.ok(proven > 50, `${proven} had something left that is proven`)
})

test('any octets are an RRSIG or none, and an RRSIG says of itself what its octets say', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (octets) => {
    const rrsig = readRrsig(octets)
    if (rrsig === undefined) return
    const whole = Buffer.concat([rrsig.head, rrsig.signature])
    assert.equal(whole.toString('latin1').toLowerCase(), Buffer.from(octets).toString('latin1').toLowerCase())
    assert.equal(rrsig.labels, octets[3])
    assert.equal(rrsig.originalTtl, Buffer.from(octets).readUInt32BE(4))
  }), { numRuns: 2_000 })
  assert.equal(readRrsig(new Uint8Array(18)), undefined, 'without a signer\'s name')
  assert.equal(readRrsig(Uint8Array.of(...new Uint8Array(18), 0xc0, 0)), undefined, 'a pointer in place of a name')
  fc.assert(fc.property(fc.uint8Array({ maxLength: 6 }), (octets) => assert.equal(isZoneKey(octets), octets.length > 4 && (octets[0] & 1) === 1 && (octets[1] & 0x80) === 0 && octets[2] === 3)))
})

const label = fc.stringMatching(/^[a-zA-Z0-9]{1,4}$/)
const name = fc.array(label, { maxLength: 5 }).map((labels) => Name.parse([...labels, 'example.'].join('.')))

test('labels are counted without an asterisk, and the wildcard that stood for a name is right above the labels that were signed (RFC 4034 3.1.3)', () => {
  fc.assert(fc.property(name, fc.nat(7), (owner, labels) => {
    const encloser = wildcardEncloser(owner, { labels })
    assert.equal(encloser === undefined, labels >= owner.labelCount)
    if (encloser === undefined) return
    assert.equal(encloser.labelCount, labels)
    assert.ok(owner.isWithin(encloser))
    const star = wildcardBelow(encloser) ?? assert.fail()
    assert.equal(star.toString(), encloser.labelCount === 0 ? '*.' : `*.${encloser}`)
    assert.equal(signedLabels(star), labels)
    assert.equal(wildcardEncloser(star, { labels }), undefined, 'a wildcard asked for by its name stands for nothing')
  }))
  assert.equal(lastLabels(Name.parse('a.b.c.'), 2).toString(), 'b.c.')
  assert.equal(wildcardBelow(Name.parse(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(60)}.`)), undefined)
})

test('what is signed is the same for every order of records and every mix of letters (RFC 4034 6)', () => {
  const zone = signZone('example.', 'm.example. MX 5 b.example.\nm.example. MX 10 a.example.\nm.example. MX 5 a.b.example.\nm.example. MX 300 c.example.')
  const set = setIn(zone, 'm.example.', TYPE.MX)
  const rrsig = readRrsig(set.signatures[0].rdata) ?? assert.fail()
  const expected = Buffer.from(signedOctets(set, rrsig) ?? [])
  fc.assert(fc.property(fc.shuffledSubarray(set.records, { minLength: 4 }), fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (records, upper) => {
    const lettered = (text: string): string => text.replace(/[a-z]/g, (letter, at: number) => (upper[at % 40] ? letter.toUpperCase() : letter))
    const again = records.map((record) => ({ ...record, name: Name.parse(lettered('m.example.')), rdata: Uint8Array.of(record.rdata[0], record.rdata[1], ...Name.parse(lettered(Name.fromWire(record.rdata, 2).toString())).wire) }))
    assert.deepEqual(Buffer.from(signedOctets({ ...set, name: Name.parse(lettered('m.example.')), records: again }, rrsig) ?? []), expected)
  }))
})

test('in random zones NSEC denies every name that is not there and none that is, by what covers it', () => {
  fc.assert(fc.property(fc.uniqueArray(name, { selector: (one) => one.key, minLength: 1, maxLength: 12 }), name, (names, asked) => {
    const apex = Name.parse('example.')
    const owners = [...new Map([apex, ...names].map((one) => [one.key, one])).values()].sort((a, b) => a.compare(b))
    const nsecs: Nsec[] = owners.map((owner, i) => ({ owner, next: owners[(i + 1) % owners.length], types: owner.equals(apex) ? [TYPE.SOA, TYPE.NS] : [TYPE.A] }))
    const exists = owners.some((one) => one.isWithin(asked))
    const isThere = owners.some((one) => one.equals(asked))
    assert.equal(denyByNsec(nsecs, { kind: 'nxdomain', name: asked }).kind, exists ? 'unproven' : 'denied', asked.toString())
    assert.equal(denyByNsec(nsecs, { kind: 'nodata', name: asked, type: TYPE.MX }).kind, exists ? 'denied' : 'unproven')
    assert.equal(denyByNsec(nsecs, { kind: 'nodata', name: asked, type: asked.equals(apex) ? TYPE.NS : TYPE.A }).kind, exists && !isThere ? 'denied' : 'unproven')
  }), { numRuns: 500 })
})

test('the signer of these tests signs what RFC 4035 2.2 has signed, and nothing below a cut', () => {
  const zone = signZone('example.', 'sub.example. NS ns.sub.example.\nns.sub.example. A 192.0.2.1\nwww.example. A 192.0.2.2')
  const covered = (owner: string): number => zone.records.filter((one) => one.name.equals(Name.parse(owner)) && one.type === TYPE.RRSIG).length
  assert.deepEqual(['example.', 'sub.example.', 'ns.sub.example.', 'www.example.'].map(covered), [3, 1, 0, 2])
  assert.equal(recordsOf(zone.ds)[0].type, TYPE.DS)
})

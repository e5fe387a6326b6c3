/**
 * What holds of every response, whatever stands in it (RFC 2181 5.4.1, RFC 5452 6): nothing outside of the zone asked comes
 * through, the order of records says nothing, and a server cannot send us anywhere but down.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { MAX_NAME_OCTETS } from '../../src/dns/limits.ts'
import { MAX_ALIASES } from '../../src/dns/limits-resolver.ts'
import { makeMessage, type DnsRecord, type Message } from '../../src/dns/message.ts'
import { Name, renamed } from '../../src/dns/name.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { aliasBy, classify, type Asked, type Finding } from '../../src/resolver/classify.ts'
import type { RRset } from '../../src/resolver/contract.ts'
import { coveredType, rrsetIn, rrsetsAt } from '../../src/resolver/rrsets.ts'
import { setOf } from './world.ts'

const NAMES = ['.', 'test.', 'bank.test.', 'example.', 'a.example.', 'b.a.example.', 'c.b.a.example.', 'x.example.', 'EXAMPLE.', 'A.example.']

/** What stands behind owner, TTL and class. */
const DATA = [
  ...[0, 1, 2].map((host) => `A 192.0.2.${host}`), ...NAMES.flatMap((name) => [`CNAME ${name}`, `DNAME ${name}`, `NS ${name}`, `NS ${name}`, `NSEC ${name} A`]),
  ...Array<string>(5).fill('SOA ns.example. host.example. 1 7200 3600 604800 300'), ...Array<string>(5).fill('A 192.0.2.9'), `DS 1 13 2 ${'00'.repeat(32)}`,
  ...['A', 'NS', 'CNAME', 'SOA', 'NSEC'].map((type) => `RRSIG ${type} 13 2 3600 20300101000000 20200101000000 1 example. AAAA`),
]
/** Each of these at each of the names, one in eight of another class. */
const POOL = NAMES.flatMap((name, i) => DATA.map((data, j) => parseRecord(`${name} ${[0, 60, 3600][(i + j) % 3]} ${(i * 3 + j) % 8 === 0 ? 'CH' : 'IN'} ${data}`)))
const anyRecord = fc.constantFrom(...POOL)

const section = fc.oneof(fc.constant<DnsRecord[]>([]), fc.array(anyRecord, { maxLength: 6 }))
/** As servers send them that know others further down. */
const delegations = fc.array(fc.constantFrom(...POOL.filter(({ type, class: rrClass }) => rrClass === CLASS.IN && (type === TYPE.NS || type === TYPE.DS || type === TYPE.NSEC))), { minLength: 1, maxLength: 8 })
const PLAIN = { noNullPrototype: true }
const response: fc.Arbitrary<Message> = fc.record({
  rcode: fc.constantFrom<number>(RCODE.NOERROR, RCODE.NOERROR, RCODE.NOERROR, RCODE.NXDOMAIN, RCODE.YXDOMAIN, RCODE.REFUSED), authoritative: fc.boolean(),
  answers: section, authorities: fc.oneof(section, delegations), additionals: section,
}, PLAIN).map((parts) => makeMessage({ response: true, ...parts }))
const asked: fc.Arbitrary<Asked> = fc.record({
  name: fc.constantFrom('a.example.', 'b.a.example.', 'c.b.a.example.', 'example.').map((text) => Name.parse(text)), zone: fc.constantFrom('example.', 'a.example.', 'example.', '.').map((text) => Name.parse(text)),
  type: fc.constantFrom<number>(TYPE.A, TYPE.A, TYPE.DS, TYPE.NS, TYPE.CNAME, TYPE.ANY, TYPE.SOA), forwarded: fc.constantFrom(false, false, true),
}, PLAIN).filter(({ name: question, zone }) => question.isWithin(zone))

/** All RRsets that a finding holds. */
function setsOf(finding: Finding): RRset[] {
  switch (finding.kind) {
    case 'answer':
      return [...finding.chain, ...finding.sets, ...finding.glue]
    case 'alias':
      return finding.chain
    case 'absence':
      return [...finding.chain, ...(finding.absence.soa === undefined ? [] : [finding.absence.soa])]
    case 'referral':
      return [finding.servers, ...finding.glue, ...(finding.signer === undefined ? [] : [finding.signer])]
    default:
      return []
  }
}

function proofOf(finding: Finding): readonly DnsRecord[] {
  if (finding.kind === 'absence') return finding.absence.proof
  return finding.kind === 'referral' ? finding.proof : []
}

/** The finding as text without the order of records in a set. */
function told(finding: Finding): string[] {
  const lines = setsOf(finding).map(({ records, signatures, trust }) => `${trust}: ${[...records, ...signatures].map((one) => printRecord(one).toLowerCase()).toSorted().join(' | ')}`)
  const proof = proofOf(finding).map((one) => printRecord(one).toLowerCase()).toSorted()
  return [finding.kind, ...lines.toSorted(), ...proof]
}

test('nothing outside of the zone that was asked is taken, wherever it stands (RFC 5452 6, RFC 2181 5.4.1)', () => {
  const kinds = new Map<string, number>()
  fc.assert(fc.property(response, asked, (message, question) => {
    const finding = classify(message, question)
    kinds.set(finding.kind, (kinds.get(finding.kind) ?? 0) + 1)
    for (const { name: owner, records, signatures } of setsOf(finding)) {
      assert.ok(owner.isWithin(question.zone), `${owner} is not within ${question.zone}`)
      for (const record of [...records, ...signatures]) {
        assert.ok(record.name.equals(owner))
        assert.equal(record.class, CLASS.IN)
      }
    }
    for (const record of proofOf(finding)) assert.ok(record.name.isWithin(question.zone))
  }), { numRuns: 2500 })
  for (const kind of ['answer', 'alias', 'absence', 'referral', 'lame', 'error']) assert.ok((kinds.get(kind) ?? 0) > 5, `${kind} is reached: ${kinds.get(kind)}`)
})

test('records of a world that the server does not speak for change nothing (MaginotDNS)', () => {
  const foreign = fc.array(anyRecord.filter((record) => !record.name.isWithin(Name.parse('example.'))), { maxLength: 4 })
  fc.assert(fc.property(response, asked.filter(({ zone }) => zone.labelCount > 0), foreign, foreign, foreign, (message, question, ...extra) => {
    const finding = classify(message, question)
    // a denial that says nothing else is none as soon as it does
    if (finding.kind === 'absence' && finding.absence.soa === undefined && !question.forwarded) return
    // that an answer section is not empty keeps a response from being a referral, whoever its records are of
    const answers = message.answers.length > 0 ? [...extra[0], ...message.answers] : message.answers
    const more = makeMessage({ ...message, answers, authorities: [...extra[1], ...message.authorities], additionals: [...extra[2], ...message.additionals] })
    assert.deepEqual(told(classify(more, question)), told(finding))
  }), { numRuns: 1500 })
})

test('an answer is of the name and type that its aliases led to, each alias to the next (RFC 1034 3.6.2, RFC 6672 3.2)', () => {
  fc.assert(fc.property(response, asked, (message, question) => {
    const finding = classify(message, question)
    if (finding.kind !== 'answer' && finding.kind !== 'alias') return
    let at = question.name
    for (const { type, name: owner, records } of finding.chain) {
      assert.equal(records.length, 1, 'RFC 2181 10.1')
      if (type === TYPE.DNAME) assert.ok(at.isWithin(owner) && !at.equals(owner), 'RFC 6672 2.3: what is below, not the owner')
      else {
        assert.ok(owner.equals(at))
        at = Name.fromWire(records[0].rdata)
      }
    }
    assert.ok(finding.chain.length <= MAX_ALIASES + 1)
    if (finding.kind === 'alias') assert.ok(finding.target.equals(at))
    else for (const { name: owner, type } of finding.sets) assert.ok(owner.equals(at) && (question.type === TYPE.ANY || type === question.type))
  }), { numRuns: 2500 })
})

test('a referral leads down towards the name, never up, aside, or to where we are (RFC 1034 5.3.3 step 4b)', () => {
  let seen = 0
  fc.assert(fc.property(response, asked, (message, question) => {
    const finding = classify(makeMessage({ ...message, answers: [], authoritative: false, rcode: RCODE.NOERROR }), question)
    if (question.forwarded) assert.notEqual(finding.kind, 'referral', 'a forwarder sends nobody on')
    if (finding.kind !== 'referral') return
    seen++
    assert.ok(question.name.isWithin(finding.zone) && finding.zone.labelCount > question.zone.labelCount)
    if (question.type === TYPE.DS) assert.ok(!finding.zone.equals(question.name), 'RFC 4035 3.1.4.1')
    for (const glue of finding.glue) assert.ok(finding.servers.records.some(({ rdata }) => Name.fromWire(rdata).equals(glue.name)), 'glue is of its servers alone (RFC 9471 2)')
  }), { numRuns: 2000 })
  assert.ok(seen > 100, `${seen} referrals`)
})

test('what is denied is denied by a zone between that asked and the name, or by a forwarder (RFC 2308 2)', () => {
  fc.assert(fc.property(response, asked, (message, question) => {
    const finding = classify(message, question)
    if (finding.kind !== 'absence') return
    const { kind, soa, name: denied } = finding.absence
    assert.equal(kind, message.rcode === RCODE.NXDOMAIN ? 'nxdomain' : 'nodata')
    // a parent that knows nothing of DS refers to the child
    const isReferral = question.type === TYPE.DS && message.authorities.some(({ type, name }) => type === TYPE.NS && name.equals(question.name))
    assert.ok(message.authoritative || question.forwarded || isReferral)
    // without a SOA nothing else may be said either (RFC 2308 2.1, 2.2)
    if (soa === undefined) assert.ok(question.forwarded || isReferral || (message.answers.length === 0 && !message.authorities.some(({ type }) => type === TYPE.SOA || type === TYPE.NS)))
    else assert.ok(denied.isWithin(soa.name) && soa.name.isWithin(question.zone))
  }), { numRuns: 2000 })
})

test('an RRset has each record once, one TTL for all, the least (RFC 2181 5, 5.2), whatever the order', () => {
  const ofOne = fc.array(fc.tuple(anyRecord, fc.nat(3)).map(([record, ttl]) => ({ ...record, ttl })), { maxLength: 40 })
  const hexOf = ({ rdata }: DnsRecord): string => Buffer.from(rdata).toString('hex')
  fc.assert(fc.property(ofOne, fc.constantFrom('example.', 'a.example.'), (list, text) => {
    const owner = Name.parse(text)
    const sets = rrsetsAt(list, owner, 2)
    assert.equal(new Set(sets.map(({ type }) => type)).size, sets.length)
    for (const { type, records, signatures } of sets) {
      const own = list.filter((one) => one.class === CLASS.IN && one.type === type && one.name.equals(owner))
      const firsts = own.filter((one, i) => own.findIndex((other) => hexOf(other) === hexOf(one)) === i)
      assert.deepEqual(records.map(hexOf), firsts.map(hexOf))
      assert.deepEqual(new Set(records.map((one) => one.ttl)), new Set([Math.min(...firsts.map((one) => one.ttl))]))
      for (const signature of signatures) assert.equal(coveredType(signature), type)
      assert.deepEqual(rrsetIn(list.toReversed(), owner, type, 2)?.records.map(hexOf).toSorted(), firsts.map(hexOf).toSorted())
    }
  }), { numRuns: 1000 })
})

test('a DNAME renames what is below it, label for label, and refuses what would be too long (RFC 6672 2.2)', () => {
  const labels = fc.array(fc.stringMatching(/^[a-z]{1,63}$/), { minLength: 1, maxLength: 3 })
  fc.assert(fc.property(labels, labels, labels, (kept, from, to) => {
    const [below, above, target] = [[...kept, ...from], from, to].map((list) => `${list.join('.')}.`)
    if (below.length + 1 > MAX_NAME_OCTETS) return
    const wanted = `${[...kept, ...to].join('.')}.`
    const made = renamed(Name.parse(below), Name.parse(above), Name.parse(target))
    assert.equal(made?.toString(), wanted.length + 1 > MAX_NAME_OCTETS ? undefined : wanted)
    const alias = aliasBy(setOf(`${above} 77 IN DNAME ${target}`, 5), Name.parse(below))
    assert.equal(alias?.records[0].ttl, made && 77)
    assert.equal(alias && Name.fromWire(alias.records[0].rdata).toString(), made?.toString())
  }), { numRuns: 500 })
  assert.equal(aliasBy(setOf('example. DNAME a.test.\nexample. DNAME b.test.'), Name.parse('x.example.')), undefined, 'two targets are none (RFC 6672 2.4)')
})

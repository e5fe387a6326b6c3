/**
 * What is taken of a response and what is not (RFC 2181 5.4.1, RFC 5452 6): a table of responses to one question,
 * `www.sub.example. A`, asked of a server of `example.`
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRcode, parseType } from '../../src/dns/codes.ts'
import { makeMessage } from '../../src/dns/message.ts'
import { Name, renamed } from '../../src/dns/name.ts'
import { classify, type Finding } from '../../src/resolver/classify.ts'
import type { RRset } from '../../src/resolver/contract.ts'
import { records } from './support.ts'

interface Said {
  rcode?: string
  /** AA; set unless told. */
  authoritative?: boolean
  answers?: string
  authorities?: string
  additionals?: string
}

interface Asking {
  name?: string
  type?: string
  zone?: string
  forwarded?: boolean
}

function taken({ rcode = 'NOERROR', authoritative = true, answers = '', authorities = '', additionals = '' }: Said, { name = 'www.sub.example.', type = 'A', zone = 'example.', forwarded = false }: Asking = {}): Finding {
  const message = makeMessage({ response: true, rcode: parseRcode(rcode) ?? 0, authoritative, answers: records(answers), authorities: records(authorities), additionals: records(additionals) })
  return classify(message, { name: Name.parse(name), type: parseType(type) ?? 0, zone: Name.parse(zone), forwarded })
}

function sets(list: readonly RRset[]): string[] {
  return list.map(({ name, type, records: own, signatures, trust }) => `${name} ${type} ×${own.length}${signatures.length > 0 ? ` +${signatures.length}` : ''} trust ${trust}`)
}

/** The finding in a line. */
function shown(finding: Finding): string {
  switch (finding.kind) {
    case 'answer':
      return `answer ${sets([...finding.chain, ...finding.sets]).join(', ')}`
    case 'alias':
      return `alias ${sets(finding.chain).join(', ')} → ${finding.target}`
    case 'absence': {
      const { kind, name, soa, proof } = finding.absence
      return `${kind} of ${name} by ${soa?.name ?? 'nobody'}, ${proof.length} proofs${finding.chain.length > 0 ? ` after ${sets(finding.chain).join(', ')}` : ''}`
    }
    case 'referral':
      return `referral to ${finding.zone} ×${finding.servers.records.length}, glue ${sets(finding.glue).join(', ') || 'none'}${finding.signer === undefined ? '' : ', DS'}`
    case 'error':
      return `error ${finding.rcode}`
    default:
      return finding.kind
  }
}

const SOA = 'example. SOA ns.example. host.example. 1 7200 3600 604800 300'
const SIG = (type: string): string => `www.sub.example. RRSIG ${type} 13 3 3600 20300101000000 20200101000000 1 example. AAAA`
const NSEC = 'a.example. NSEC z.example. A RRSIG NSEC'

const RESPONSES: [what: string, said: Said, comesTo: string][] = [
  ['an answer', { answers: 'www.sub.example. A 192.0.2.1' }, 'answer www.sub.example. 1 ×1 trust 5'],
  ['an answer without AA is trusted less', { authoritative: false, answers: 'www.sub.example. A 192.0.2.1' }, 'answer www.sub.example. 1 ×1 trust 2'],
  ['a record twice is one (RFC 2181 5)', { answers: 'www.sub.example. A 192.0.2.1\nwww.sub.example. A 192.0.2.1' }, 'answer www.sub.example. 1 ×1 trust 5'],
  ['signatures stand with what they cover', { answers: `www.sub.example. A 192.0.2.1\n${SIG('A')}\n${SIG('TXT')}` }, 'answer www.sub.example. 1 ×1 +1 trust 5'],
  ['records of other names are nothing', { answers: 'www.sub.example. A 192.0.2.1\nbank.example. A 192.0.2.66' }, 'answer www.sub.example. 1 ×1 trust 5'],
  ['records of another type are nothing', { answers: 'www.sub.example. AAAA 2001:db8::1' }, 'lame'],
  ['records of another class are nothing', { answers: 'www.sub.example. 60 CH A 192.0.2.1' }, 'lame'],
  ['an answer in the wrong section is none', { authorities: 'www.sub.example. A 192.0.2.1' }, 'lame'],
  ['nor one beside what says nothing', { additionals: 'www.sub.example. A 192.0.2.1' }, 'nodata of www.sub.example. by nobody, 0 proofs'],
  ['an answer with NXDOMAIN is one (RFC 6604 3 is for aliases; the data are there)', { rcode: 'NXDOMAIN', answers: 'www.sub.example. A 192.0.2.1' }, 'answer www.sub.example. 1 ×1 trust 5'],
  ['an alias', { answers: 'www.sub.example. CNAME far.test.' }, 'alias www.sub.example. 5 ×1 trust 5 → far.test.'],
  ['what stands behind an alias out of the zone is not taken', { answers: 'www.sub.example. CNAME far.test.\nfar.test. A 192.0.2.66' }, 'alias www.sub.example. 5 ×1 trust 5 → far.test.'],
  ['what stands behind an alias within the zone is trusted less', { answers: 'www.sub.example. CNAME b.example.\nb.example. A 192.0.2.2' }, 'answer www.sub.example. 5 ×1 trust 5, b.example. 1 ×1 trust 2'],
  ['the order of aliases does not matter', { answers: 'c.example. A 192.0.2.2\nb.example. CNAME c.example.\nwww.sub.example. CNAME b.example.' }, 'answer www.sub.example. 5 ×1 trust 5, b.example. 5 ×1 trust 2, c.example. 1 ×1 trust 2'],
  ['two targets are none (RFC 2181 10.1)', { answers: 'www.sub.example. CNAME a.example.\nwww.sub.example. CNAME b.example.' }, 'lame'],
  ['aliases in a circle end', { answers: 'www.sub.example. CNAME b.example.\nb.example. CNAME www.sub.example.' }, 'alias www.sub.example. 5 ×1 trust 5, b.example. 5 ×1 trust 2 → www.sub.example.'],
  ['a DNAME renames, whatever CNAME comes with it (RFC 6672 5.3.1)', { answers: 'sub.example. DNAME new.example.\nwww.sub.example. CNAME bank.test.\nwww.new.example. A 192.0.2.3' },
    'answer sub.example. 39 ×1 trust 5, www.sub.example. 5 ×1 trust 5, www.new.example. 1 ×1 trust 2'],
  ['a DNAME out of the zone', { answers: 'sub.example. DNAME new.test.' }, 'alias sub.example. 39 ×1 trust 5, www.sub.example. 5 ×1 trust 5 → www.new.test.'],
  ['a DNAME above the zone is not its to say', { answers: '. DNAME new.test.' }, 'lame'],
  ['a DNAME at the name itself does not rename it (RFC 6672 2.3)', { answers: 'www.sub.example. DNAME new.test.' }, 'lame'],
  ['no such name', { rcode: 'NXDOMAIN', authorities: SOA }, 'nxdomain of www.sub.example. by example., 0 proofs'],
  ['no such type, with its proof', { authorities: `${SOA}\n${NSEC}` }, 'nodata of www.sub.example. by example., 1 proofs'],
  ['no such name, without SOA (RFC 2308 2.1 type 4)', { rcode: 'NXDOMAIN' }, 'nxdomain of www.sub.example. by nobody, 0 proofs'],
  ['no such type, without SOA (RFC 2308 2.2 type 3)', {}, 'nodata of www.sub.example. by nobody, 0 proofs'],
  ['an absence without SOA, beside an answer to something else', { answers: 'other.example. A 192.0.2.9' }, 'lame'],
  ['an absence without SOA, beside servers', { rcode: 'NXDOMAIN', authorities: 'example. NS ns.example.' }, 'lame'],
  ['an absence without SOA of where an alias leads', { rcode: 'NXDOMAIN', answers: 'www.sub.example. CNAME b.example.' }, 'alias www.sub.example. 5 ×1 trust 5 → b.example.'],
  ['an absence without AA is nobody\'s word (RFC 2308 2)', { rcode: 'NXDOMAIN', authoritative: false, authorities: SOA }, 'lame'],
  ['an absence by a SOA above the zone', { authorities: '. SOA a. b. 1 2 3 4 5' }, 'lame'],
  ['an absence by a SOA beside the name', { authorities: 'other.example. SOA a. b. 1 2 3 4 5' }, 'lame'],
  ['an absence by a zone in between, as of a server of both', { authorities: 'sub.example. SOA a. b. 1 2 3 4 5' }, 'nodata of www.sub.example. by sub.example., 0 proofs'],
  ['an alias to a name that is not there (RFC 2308 2.1)', { rcode: 'NXDOMAIN', answers: 'www.sub.example. CNAME b.example.', authorities: SOA }, 'nxdomain of b.example. by example., 0 proofs after www.sub.example. 5 ×1 trust 5'],
  ['an alias out of the zone to a name said not to be there', { rcode: 'NXDOMAIN', answers: 'www.sub.example. CNAME b.test.', authorities: 'test. SOA a. b. 1 2 3 4 5' }, 'alias www.sub.example. 5 ×1 trust 5 → b.test.'],
  ['a referral with its glue', { authoritative: false, authorities: 'sub.example. NS ns.sub.example.', additionals: 'ns.sub.example. A 192.0.2.5\nns.sub.example. AAAA 2001:db8::5' },
    'referral to sub.example. ×1, glue ns.sub.example. 1 ×1 trust 1, ns.sub.example. 28 ×1 trust 1'],
  ['sibling glue (RFC 9471 2.2)', { authoritative: false, authorities: 'sub.example. NS ns.other.example.', additionals: 'ns.other.example. A 192.0.2.5' }, 'referral to sub.example. ×1, glue ns.other.example. 1 ×1 trust 1'],
  ['glue of a foreign name (Kashpureff)', { authoritative: false, authorities: 'sub.example. NS ns.bank.test.', additionals: 'ns.bank.test. A 192.0.2.66' }, 'referral to sub.example. ×1, glue none'],
  ['glue of a name that serves nothing', { authoritative: false, authorities: 'sub.example. NS ns.sub.example.', additionals: 'www.example. A 192.0.2.66' }, 'referral to sub.example. ×1, glue none'],
  ['a signed zone\'s referral', { authoritative: false, authorities: 'sub.example. NS ns.test.\nsub.example. DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000' }, 'referral to sub.example. ×1, glue none, DS'],
  ['a referral up', { authoritative: false, authorities: '. NS a.root.' }, 'lame'],
  ['a referral to the same zone', { authoritative: false, authorities: 'example. NS ns.example.' }, 'lame'],
  ['a referral beside the name', { authoritative: false, authorities: 'other.example. NS ns.test.' }, 'lame'],
  ['a referral that says it is an answer', { authorities: 'sub.example. NS ns.test.' }, 'lame'],
  ['NS records beside an answer (promiscuous NS, CVE-2025-11411)', { answers: 'www.sub.example. A 192.0.2.1', authorities: 'example. NS ns.evil.test.', additionals: 'ns.evil.test. A 192.0.2.66' }, 'answer www.sub.example. 1 ×1 trust 5'],
  ['REFUSED', { rcode: 'REFUSED' }, 'error 5'],
  ['SERVFAIL, whatever comes with it', { rcode: 'SERVFAIL', answers: 'www.sub.example. A 192.0.2.66' }, 'error 2'],
  ['YXDOMAIN of a DNAME (RFC 6672 2.2)', { rcode: 'YXDOMAIN', answers: 'sub.example. DNAME new.example.' }, 'error 6'],
]

for (const [what, said, comesTo] of RESPONSES) test(`${what}: ${comesTo.split(' ')[0]}`, () => assert.equal(shown(taken(said)), comesTo))

test('DS is the parent\'s to answer: a referral to the name itself denies it (RFC 4035 3.1.4.1)', () => {
  const said = { authoritative: false, authorities: 'www.sub.example. NS ns.test.' }
  assert.equal(shown(taken(said)), 'referral to www.sub.example. ×1, glue none')
  assert.equal(shown(taken(said, { type: 'DS' })), 'nodata of www.sub.example. by nobody, 0 proofs')
})

test('a forwarder answers for all names, without AA or SOA, and refers to nobody', () => {
  const forwarder = { zone: '.', forwarded: true }
  assert.equal(shown(taken({ authoritative: false, answers: 'www.sub.example. CNAME far.test.\nfar.test. A 192.0.2.1' }, forwarder)), 'answer www.sub.example. 5 ×1 trust 2, far.test. 1 ×1 trust 2')
  assert.equal(shown(taken({ authoritative: false, rcode: 'NXDOMAIN' }, forwarder)), 'nxdomain of www.sub.example. by nobody, 0 proofs')
  assert.equal(shown(taken({ authoritative: false, authorities: 'sub.example. NS ns.test.' }, forwarder)), 'nodata of www.sub.example. by nobody, 0 proofs')
})

test('a zone\'s server says nothing of a name outside, even if asked', () => {
  assert.equal(shown(taken({ answers: 'www.test. A 192.0.2.66' }, { name: 'www.test.' })), 'lame')
})

test('priming takes the addresses of the roots, no other question does (RFC 8109 4.2)', () => {
  const said = { answers: '. NS a.root.', additionals: 'a.root. A 198.51.100.1\nb.root. A 192.0.2.66' }
  const primed = taken(said, { name: '.', type: 'NS', zone: '.' })
  assert.ok(primed.kind === 'answer')
  assert.deepEqual(sets(primed.glue), ['a.root. 1 ×1 trust 1'])
  const other = taken({ answers: 'example. NS ns.example.', additionals: 'ns.example. A 192.0.2.1' }, { name: 'example.', type: 'NS' })
  assert.ok(other.kind === 'answer')
  assert.deepEqual(other.glue, [])
})

test('an RRset has one TTL: the least (RFC 2181 5.2)', () => {
  const found = taken({ answers: 'www.sub.example. 60 IN A 192.0.2.1\nwww.sub.example. 30 IN A 192.0.2.2' })
  assert.ok(found.kind === 'answer')
  assert.deepEqual(found.sets[0].records.map(({ ttl }) => ttl), [30, 30])
})

test('a DNAME\'s CNAME has its TTL and name, and none where it would be too long (RFC 6672 2.2, 3.1)', () => {
  const long = Name.parse(`${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(60)}.old.example.`)
  assert.equal(renamed(long, Name.parse('old.example.'), Name.parse(`${'n'.repeat(63)}.${'m'.repeat(20)}.`)), undefined)
  assert.equal(String(renamed(Name.parse('a.old.example.'), Name.parse('old.example.'), Name.parse('new.'))), 'a.new.')
  assert.equal(String(renamed(Name.parse('a.old.example.'), Name.root, Name.parse('new.'))), 'a.old.example.new.')
})

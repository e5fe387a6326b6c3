/** What a client is told of how its question ended, section by section (RFC 1034 4.3.1, RFC 2308 5, RFC 4035 3.2.1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EDE, RCODE, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { NO_WORK, TRUST, type Absence, type Outcome, type RRset, type Trust } from '../../src/resolver/contract.ts'
import { replyOf } from '../../src/server/recursive-reply.ts'

const SIGNATURE = (type: string, owner = 'www.example.'): string => `${owner} 60 IN RRSIG ${type} 13 2 60 20300101000000 20200101000000 1 example. AAAA`
const A = 'www.example. 60 IN A 192.0.2.1'
const CNAME = 'alias.example. 90 IN CNAME www.example.'
const SOA = 'example. 3600 IN SOA ns.example. host.example. 1 7200 3600 604800 300'
const OTHER_NSEC = 'b.example. 300 IN NSEC c.example. A RRSIG NSEC'
const NSEC = 'a.example. 300 IN NSEC z.example. A RRSIG NSEC'

/** The set of these lines, as a wildcard made it, with the proof that nothing is nearer. */
const made = (text: string, ...proof: string[]): RRset => ({ ...set([text]), proof: proof.map((line) => parseRecord(line)) })

function set(texts: string[], signatures: string[] = [], trust: Trust = TRUST.authoritative): RRset {
  const records = texts.map((text) => parseRecord(text))
  const [{ name, type }] = records
  return { name, type, records, signatures: signatures.map((text) => parseRecord(text)), trust }
}

const absence = (kind: Absence['kind'], soa: RRset | undefined = set([SOA], [SIGNATURE('SOA', 'example.')])): Absence =>
  ({ kind, name: Name.parse('none.example.'), type: TYPE.A, ...(soa && { soa }), proof: [parseRecord(NSEC)] })

const answer = (chain: RRset[], sets: RRset[]): Outcome => ({ kind: 'answer', chain, sets, work: NO_WORK })

interface Wanted {
  rcode: number
  answers?: string[]
  authorities?: string[]
  authoritative?: boolean
}

/** How it ended, whether DNSSEC records are wanted, and the reply. */
const ROWS: [title: string, outcome: Outcome, dnssecOk: boolean, wanted: Wanted][] = [
  ['an answer', answer([], [set([A], [SIGNATURE('A')])]), false, { rcode: RCODE.NOERROR, answers: [A] }],
  ['an answer with its signatures', answer([], [set([A], [SIGNATURE('A')])]), true, { rcode: RCODE.NOERROR, answers: [A, SIGNATURE('A')] }],
  ['an answer that a wildcard made, with its proof (RFC 4035 3.1.3.3)', answer([], [made(A, NSEC)]), true, { rcode: RCODE.NOERROR, answers: [A], authorities: [NSEC] }],
  ['the same for who does not validate', answer([], [made(A, NSEC)]), false, { rcode: RCODE.NOERROR, answers: [A] }],
  ['proofs of an alias and its target, each record once (RFC 2181 5)', answer([made(CNAME, NSEC, OTHER_NSEC)], [made(A, OTHER_NSEC)]), true, { rcode: RCODE.NOERROR, answers: [CNAME, A], authorities: [NSEC, OTHER_NSEC] }],
  ['an alias that a wildcard made to no such name', { kind: 'nxdomain', absence: absence('nxdomain'), chain: [made(CNAME, NSEC, OTHER_NSEC)], work: NO_WORK }, true,
    { rcode: RCODE.NXDOMAIN, answers: [CNAME], authorities: [SOA.replace('3600', '300'), SIGNATURE('SOA', 'example.'), NSEC, OTHER_NSEC] }],
  ['aliases first', answer([set([CNAME])], [set([A])]), false, { rcode: RCODE.NOERROR, answers: [CNAME, A] }],
  ['several sets, of ANY', answer([], [set([A]), set(['www.example. 60 IN TXT "x"'])]), false, { rcode: RCODE.NOERROR, answers: [A, 'www.example. 60 IN TXT "x"'] }],
  ['nothing of that type', { kind: 'nodata', absence: absence('nodata'), chain: [], work: NO_WORK }, false, { rcode: RCODE.NOERROR, answers: [], authorities: [SOA.replace('3600', '300')] }],
  ['no such name, with its proof', { kind: 'nxdomain', absence: absence('nxdomain'), chain: [], work: NO_WORK }, true,
    { rcode: RCODE.NXDOMAIN, answers: [], authorities: [SOA.replace('3600', '300'), SIGNATURE('SOA', 'example.'), NSEC] }],
  ['an alias to no such name (RFC 6604 3)', { kind: 'nxdomain', absence: absence('nxdomain'), chain: [set([CNAME])], work: NO_WORK }, false,
    { rcode: RCODE.NXDOMAIN, answers: [CNAME], authorities: [SOA.replace('3600', '300')] }],
  ['an SOA whose TTL is the lesser', { kind: 'nodata', absence: absence('nodata', set([SOA.replace('3600', '20')])), chain: [], work: NO_WORK }, false,
    { rcode: RCODE.NOERROR, answers: [], authorities: [SOA.replace('3600', '20')] }],
  ['an absence that nobody vouches for', { kind: 'nodata', absence: { ...absence('nodata'), soa: undefined } as unknown as Absence, chain: [], work: NO_WORK }, true, { rcode: RCODE.NOERROR, answers: [], authorities: [] }],
  ['an alias of our own zone: AA speaks of the first name (RFC 1035 4.1.1)', answer([set([CNAME], [], TRUST.primary)], [set([A])]), false, { rcode: RCODE.NOERROR, answers: [CNAME, A], authoritative: true }],
  ['an alias to our own zone: AA does not', answer([set([CNAME])], [set([A], [], TRUST.primary)]), false, { rcode: RCODE.NOERROR, answers: [CNAME, A] }],
]

for (const [title, outcome, dnssecOk, wanted] of ROWS) {
  test(title, () => {
    const { rcode, answers = [], authorities = [], authoritative, recursionAvailable, additionals, ede } = replyOf(outcome, dnssecOk)
    const text = (line: string): string => printRecord(parseRecord(line))
    assert.equal(rcode, wanted.rcode)
    assert.deepEqual(answers.map(printRecord), (wanted.answers ?? []).map(text))
    assert.deepEqual(authorities.map(printRecord), (wanted.authorities ?? []).map(text))
    assert.equal(authoritative, wanted.authoritative ?? false)
    assert.equal(recursionAvailable, true)
    assert.deepEqual([additionals, ede], [undefined, undefined])
  })
}

test('a failure is SERVFAIL or NOTIMP without records, and says why', () => {
  const ede = { infoCode: EDE.NO_REACHABLE_AUTHORITY, text: 'no server of example. answers' }
  const failed: Outcome = { kind: 'failure', reason: 'unreachable', rcode: RCODE.SERVFAIL, chain: [set([CNAME])], explanation: ede, work: NO_WORK }
  assert.deepEqual(replyOf(failed, true), { rcode: RCODE.SERVFAIL, recursionAvailable: true, ede })
  assert.equal(replyOf({ ...failed, reason: 'unsupported', rcode: RCODE.NOTIMP }, false).rcode, RCODE.NOTIMP)
})

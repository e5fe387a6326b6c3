/** What an operator says instead of the world: rules by name, exact and wildcard, and what they make of answers and aliases. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { EDE, parseType } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { policyImage } from '../../src/ops/policy-file.ts'
import { NO_WORK, SECURITY, TRUST, type Outcome, type RRset } from '../../src/resolver/contract.ts'
import { behind, followed, Policy, type Ruling } from '../../src/server/policy.ts'
import { records } from '../resolver/support.ts'

const SEED = 0x51ee_d005

const RULES = `
$TTL 300
@ SOA localhost. root.localhost. 1 3600 600 86400 60
@ NS localhost.
gone.example CNAME .
empty.example CNAME *.
*.wild.example CNAME .
ok.wild.example CNAME rpz-passthru.
data.example A 192.0.2.1
data.example A 192.0.2.2
data.example 30 TXT "instead"
alias.example CNAME landing.home.
*.garden.example CNAME *.walled.home.
deep.below.example A 192.0.2.9
CASE.Example CNAME .
`

function policyOf(text = RULES): Policy {
  return new Policy(policyImage({ file: 'rules', octets: Buffer.from(text), ignored: 0 }, SEED))
}

function shown(ruling: Ruling | undefined): string[] {
  if (ruling === undefined) return []
  if ('alias' in ruling) return [`alias ${ruling.target}`, ...ruling.alias.records.map(printRecord)]
  const { outcome } = ruling
  const sets = outcome.kind === 'answer' ? outcome.sets : []
  return [`${outcome.kind} ${outcome.explanation?.infoCode}`, ...sets.flatMap((set) => set.records.map(printRecord))]
}

function ask(policy: Policy, question: string): Ruling | undefined {
  const [name, type] = question.split(' ')
  return policy.rule({ name: Name.parse(name), type: parseType(type) ?? assert.fail(type) })
}

function concerns(policy: Policy, name: string): boolean {
  const lookup = new LookupName(SEED)
  lookup.load(Name.parse(name).wire, 0)
  return policy.concerns(lookup)
}

const NX = [`nxdomain ${EDE.BLOCKED}`]

/** A question, and what the rules say of it. */
const ROWS: [question: string, said: string[]][] = [
  ['gone.example. A', NX],
  ['GONE.example. MX', NX],
  ['case.example. A', NX],
  ['www.gone.example. A', []], // a rule for a name says nothing of those below
  ['example. A', []],
  ['. NS', []],
  ['. SOA', []],
  ['empty.example. A', [`nodata ${EDE.BLOCKED}`]],
  ['a.wild.example. A', NX],
  ['a.b.c.wild.example. A', NX],
  ['wild.example. A', []],
  ['ok.wild.example. A', []],
  ['x.ok.wild.example. A', []], // RFC 4592 3.3.1: the closest encloser has no wildcard
  ['data.example. A', [`answer ${EDE.FORGED_ANSWER}`, 'data.example. 300 IN A 192.0.2.1', 'data.example. 300 IN A 192.0.2.2']],
  ['Data.Example. TXT', [`answer ${EDE.FORGED_ANSWER}`, 'Data.Example. 30 IN TXT "instead"']],
  ['data.example. AAAA', [`nodata ${EDE.FORGED_ANSWER}`]],
  ['alias.example. A', ['alias landing.home.', 'alias.example. 300 IN CNAME landing.home.']],
  ['alias.example. CNAME', [`answer ${EDE.FORGED_ANSWER}`, 'alias.example. 300 IN CNAME landing.home.']],
  ['a.b.garden.example. A', ['alias a.b.garden.example.walled.home.', 'a.b.garden.example. 300 IN CNAME a.b.garden.example.walled.home.']],
  [`${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(46)}.garden.example. A`, NX],
  ['below.example. A', []],
  ['deep.below.example. A', [`answer ${EDE.FORGED_ANSWER}`, 'deep.below.example. 300 IN A 192.0.2.9']],
  ['other.example. A', []],
]

for (const [question, said] of ROWS) {
  test(`${question.slice(0, 60)}: ${said[0] ?? 'no rule'}`, () => {
    const policy = policyOf()
    assert.deepEqual(shown(ask(policy, question)), said)
    assert.equal(concerns(policy, question.split(' ')[0]), said.length > 0, 'threads see the same')
  })
}

test('a rule of trust below our own, unsigned, and its denial is for nobody to keep (RFC 2308 5)', () => {
  const answer = ask(policyOf(), 'data.example. A')
  const denial = ask(policyOf(), 'gone.example. A')
  assert.ok(answer !== undefined && 'outcome' in answer && answer.outcome.kind === 'answer')
  assert.deepEqual([answer.outcome.sets[0].trust, answer.outcome.sets[0].signatures], [TRUST.answer, []])
  assert.ok(denial !== undefined && 'outcome' in denial && denial.outcome.kind === 'nxdomain')
  assert.equal(denial.outcome.absence.soa, undefined)
})

const setOf = (text: string): RRset => ({ name: records(text)[0].name, type: records(text)[0].type, records: records(text), signatures: [], trust: TRUST.answer })
const answerOf = (chain: string[], last: string): Outcome => ({ kind: 'answer', chain: chain.map(setOf), sets: [setOf(last)], work: NO_WORK })

test('aliases of the world that lead to a name of a rule end there', () => {
  const policy = policyOf()
  const outcome = answerOf(['a.test CNAME b.test.', 'b.test CNAME gone.example.', 'gone.example. CNAME c.test.'], 'c.test A 192.0.2.7')
  const found = policy.review(outcome, 1) ?? assert.fail()
  assert.deepEqual([found.chain.map(({ name }) => name.toString()), shown(found.ruling)], [['a.test.', 'b.test.'], NX])
  assert.ok('outcome' in found.ruling)
  const whole = behind(found.chain, found.ruling.outcome)
  assert.deepEqual([whole.kind, whole.chain.length, whole.explanation?.infoCode], ['nxdomain', 2, EDE.BLOCKED])
})

test('what an alias of a rule leads to is not proven, though its target is, and says that it was a rule (RFC 4035 3.2.3, RFC 8914 4.5)', () => {
  const found = ask(policyOf('old.example CNAME www.test.\n'), 'old.example. A')
  assert.ok(found !== undefined && 'alias' in found)
  const proven: Outcome = { ...answerOf([], 'www.test. A 192.0.2.7'), security: SECURITY.secure }
  const told = followed(found.alias, proven)
  assert.deepEqual([told.security, told.explanation?.infoCode, told.chain.length], [SECURITY.insecure, EDE.FORGED_ANSWER, 1])
  const why = { infoCode: EDE.NO_REACHABLE_AUTHORITY, text: 'nobody' }
  assert.deepEqual(followed(found.alias, { ...proven, explanation: why }).explanation, why, 'what else is to be told comes first')
})

test('aliases to other names, or to names that are let through, are left alone', () => {
  const policy = policyOf()
  for (const target of ['c.test.', 'ok.wild.example.', 'www.gone.example.']) assert.equal(policy.review(answerOf([`a.test CNAME ${target}`], `${target} A 192.0.2.7`), 1), undefined, target)
  assert.equal(policy.review(answerOf([], 'gone.example. A 192.0.2.7'), 1), undefined, 'the name asked for was ruled on before')
})

test('without rules no name is concerned', () => {
  const policy = policyOf('')
  for (const name of ['.', 'a.example.', '*.example.']) assert.deepEqual([concerns(policy, name), policy.rule({ name: Name.parse(name), type: 1 })], [false, undefined])
})

test('any set of names: those with a rule are found, with a wildcard those below, and no others', () => {
  const label = fc.constantFrom('a', 'b', 'c')
  const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => `${labels.join('.')}.test.`)
  fc.assert(fc.property(fc.uniqueArray(name, { maxLength: 6 }), fc.uniqueArray(name, { maxLength: 3 }), name, (exact, wild, asked) => {
    const policy = policyOf([...exact.map((owner) => `${owner} CNAME .`), ...wild.map((owner) => `*.${owner} CNAME .`)].join('\n') + '\n')
    const exists = (owner: string): boolean => [...exact, ...wild.map((above) => `*.${above}`)].some((other) => other === owner || other.endsWith(`.${owner}`))
    let encloser = asked
    while (encloser !== '.' && !exists(encloser)) encloser = encloser.slice(encloser.indexOf('.') + 1) || '.'
    const wanted = encloser === asked ? exact.includes(asked) : wild.includes(encloser)
    assert.equal(concerns(policy, asked), wanted)
  }), { numRuns: 300 })
})

/** A question, whether it is of our own zones, and what rules then say of it. */
const OURS: [question: string, own: string[], free: string[]][] = [
  ['gone.example. A', [], [`nxdomain ${EDE.BLOCKED}`]],
  ['data.example. TXT', [], [`answer ${EDE.FORGED_ANSWER}`, 'data.example. 30 IN TXT "instead"']],
  ['x.wild.example. A', [], [`nxdomain ${EDE.BLOCKED}`]],
]

for (const [question, own, free] of OURS) {
  test(`our own zones come before rules: ${question} is ruled only where it is not ours`, () => {
    const image = policyImage({ file: 'rules', octets: Buffer.from(RULES), ignored: 0 }, SEED)
    const zone = Name.parse('example.')
    assert.deepEqual(shown(ask(new Policy(image, (name) => name.isWithin(zone)), question)), own)
    assert.deepEqual(shown(ask(new Policy(image, (name) => name.isWithin(Name.parse('other.'))), question)), free)
    assert.deepEqual(shown(ask(new Policy(image), question)), free)
  })
}

test('an alias of the world that leads into our own zones is not ruled at its end', () => {
  const image = policyImage({ file: 'rules', octets: Buffer.from(RULES), ignored: 0 }, SEED)
  const [alias] = records('out.other. CNAME gone.example.')
  const set: RRset = { name: alias.name, type: alias.type, records: [alias], signatures: [], trust: TRUST.answer }
  const outcome: Outcome = { kind: 'nodata', absence: { kind: 'nodata', name: Name.parse('gone.example.'), type: 1, proof: [] }, chain: [set], work: NO_WORK }
  assert.notEqual(new Policy(image).review(outcome, 1), undefined)
  assert.equal(new Policy(image, (name) => name.isWithin(Name.parse('example.'))).review(outcome, 1), undefined)
})

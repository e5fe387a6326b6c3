/**
 * Whatever a signed zone holds and whatever is asked, the authority section proves the answer to a validator that
 * knows nothing of the zone (RFC 4035 5.4, RFC 5155 8), holds nothing that the proof could do without, and nothing twice.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { asker, type Response, zoneOf } from './ask.ts'
import { hashOf, labelsOf, textOf } from './naming.ts'
import { NaiveZone } from '../zone/naive-zone.ts'
import { type Claim, judge } from './proof.ts'
import { type Chain, type Records, signedText } from './signing.ts'

const APEX = 'example.'
const apexLabels = labelsOf(APEX)
const RDATA: Record<string, string> = { A: '192.0.2.1', TXT: '"x"', CNAME: 'elsewhere.test.', NS: 'ns.elsewhere.test.', DS: '1 13 2 0000000000000000000000000000000000000000000000000000000000000000' }

const label = fc.constantFrom('a', 'a', 'b', 'b', '*', '*', '\0', 'ab', 'z')
const owner = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => textOf([...labels, ...apexLabels]))
const content = fc.constantFrom(['A'], ['A', 'TXT'], ['TXT'], ['CNAME'], ['NS'], ['NS'], ['NS', 'DS'])
const asked = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => textOf([...labels, ...apexLabels]))
const question = fc.tuple(asked, fc.constantFrom('A', 'TXT', 'DS', 'MX'))
const hashing = fc.record({ kind: fc.constant('nsec3' as const), optOut: fc.boolean(), iterations: fc.integer({ min: 0, max: 3 }), salt: fc.constantFrom('-', 'ab', 'aabbccdd') })

function recordsOf(drawn: readonly (readonly [string, readonly string[]])[]): Records {
  const records: Records = new Map([[APEX, new Map([['SOA', ['ns.elsewhere.test. admin.example. 1 2 3 4 300']], ['NS', ['ns.elsewhere.test.']]])]])
  for (const [name, types] of drawn) {
    const isWildcardCut = name.startsWith('*') && types.includes('NS') // RFC 4592 4.2 leaves undefined what that means
    if (!isWildcardCut) records.set(name, new Map(types.map((type) => [type, [RDATA[type]]])))
  }
  return records
}

/** What the zone says of the question, and what its answer must therefore look like. */
interface Expected {
  rcode: string
  answered: string | undefined
  claim: Claim | undefined
  about: string
}

function expectedFor(naive: NaiveZone, name: string, type: string): Expected {
  const match = naive.find(name)
  const types = naive.types.get(match.at) ?? new Set()
  const answered = types.has(type) ? type : types.has('CNAME') ? 'CNAME' : undefined
  const isAtCut = match.found === 'cut' && naive.find(name).at === keyOf(name)
  if (match.found === 'cut' && !(isAtCut && type === 'DS')) return { rcode: 'NOERROR', answered: undefined, claim: types.has('DS') ? undefined : { says: 'insecure referral' }, about: match.at }
  if (match.found === 'nothing') return { rcode: 'NXDOMAIN', answered: undefined, claim: { says: 'name error' }, about: keyOf(name) }
  const encloserLabels = match.encloser.split('\0').length - 1
  const claim: Claim | undefined = answered === undefined ? { says: 'no data', type } : match.found === 'wildcard' ? { says: 'wildcard', encloserLabels } : undefined
  return { rcode: 'NOERROR', answered, claim, about: keyOf(name) }
}

/** The key of src/dns/name.ts, which NaiveZone is searched by. */
function keyOf(name: string): string {
  return [...labelsOf(name)].reverse().map((one) => `${one.replaceAll('\0', '\x01\x01')}\0`).join('')
}

function nameOfKey(key: string): string[] {
  return key.split('\0').slice(0, -1).reverse().map((one) => one.replaceAll('\x01\x01', '\0'))
}

function assertProven(response: Response, expected: Expected, context: string): void {
  const types = response.authority.map((line) => line.split(' ')[3])
  assert.equal(response.rcode, expected.rcode, context)
  assert.equal(response.answer[0]?.split(' ')[3], expected.answered, context)
  assert.equal(new Set(response.authority).size, response.authority.length, `twice the same: ${context}`)
  for (const type of ['NSEC', 'NSEC3', 'SOA', 'DS']) {
    const signed = response.authority.filter((line) => line.includes(` RRSIG ${type} `)).length
    assert.equal(signed, types.filter((one) => one === type).length, `each ${type} must have its signature: ${context}`)
  }
  const denials = response.authority.filter((_line, i) => types[i] === 'NSEC' || types[i] === 'NSEC3')
  const { claim } = expected
  if (claim === undefined) return assert.deepEqual(denials, [], `nothing to prove: ${context}`)
  const about = nameOfKey(expected.about)
  const verdict = judge(claim, about, apexLabels, denials)
  assert.notEqual(verdict, 'bogus', context)
  const isShortened = claim.says === 'no data' && claim.type === 'DS' // which opt-out alone proves, but RFC 5155 7.2.5 wants the wildcard's record too
  if (verdict === 'unprovable' || isShortened) return
  for (const line of denials) assert.notEqual(judge(claim, about, apexLabels, denials.filter((other) => other !== line)), 'proven', `${line} proves nothing: ${context}`)
}

function assertAllProven(drawn: readonly (readonly [string, readonly string[]])[], chain: Chain, questions: readonly (readonly [string, string])[]): void {
  const records = recordsOf(drawn)
  const naive = new NaiveZone(APEX)
  for (const [name, types] of records) for (const type of types.keys()) naive.add(name, type)
  const text = signedText(APEX, records, chain)
  const ask = asker(zoneOf(APEX, text))
  const all = [...questions, ...drawn.map(([name]) => [name, 'MX'] as const), ...drawn.map(([name]) => [`x.${name}`, 'A'] as const)]
  for (const [name, type] of all) {
    const response = ask(`${name} ${type}`, { dnssec: true, tcp: true })
    const context = `${name} ${type}\n${response.authority.join('\n')}\n-- zone --\n${text}`
    assertProven(response, expectedFor(naive, name, type), context)
  }
}

const zone = fc.array(fc.tuple(owner, content), { maxLength: 12 })
const questions = fc.array(question, { minLength: 1, maxLength: 10 })

test('NSEC proves every answer of any zone, with no record too many (RFC 4035 3.1.3, 5.4)', () => {
  fc.assert(fc.property(zone, questions, (drawn, asks) => assertAllProven(drawn, { kind: 'nsec' }, asks)), { numRuns: 200, includeErrorInReport: true })
})

test('NSEC3 proves every answer of any zone, opt-out or not, with no record too many (RFC 5155 7.2, 8)', () => {
  fc.assert(fc.property(zone, hashing, questions, (drawn, chain, asks) => assertAllProven(drawn, chain, asks)), { numRuns: 200, includeErrorInReport: true })
})

test('the judge finds what is missing: without it this file would prove nothing', () => {
  const nsec = ['a.example. 300 IN NSEC c.example. A RRSIG NSEC', 'example. 300 IN NSEC a.example. SOA NS RRSIG NSEC']
  assert.equal(judge({ says: 'name error' }, labelsOf('b.example.'), apexLabels, nsec), 'proven')
  assert.equal(judge({ says: 'name error' }, labelsOf('b.example.'), apexLabels, nsec.slice(0, 1)), 'bogus')
  assert.equal(judge({ says: 'name error' }, labelsOf('b.example.'), apexLabels, nsec.slice(1)), 'bogus')
  assert.equal(judge({ says: 'no data', type: 'A' }, labelsOf('a.example.'), apexLabels, nsec), 'bogus')
  assert.equal(judge({ says: 'no data', type: 'MX' }, labelsOf('a.example.'), apexLabels, nsec), 'proven')
  assert.equal(judge({ says: 'wildcard', encloserLabels: 1 }, labelsOf('b.example.'), apexLabels, nsec), 'proven')
  assert.equal(judge({ says: 'insecure referral' }, labelsOf('a.example.'), apexLabels, nsec), 'bogus')
  const hashes = { iterations: 0, salt: '-' }
  const alone = `${hashOf(apexLabels, hashes)}.example. 300 IN NSEC3 1 0 0 - ${hashOf(apexLabels, hashes)} NS SOA`
  assert.equal(judge({ says: 'name error' }, labelsOf('b.example.'), apexLabels, [alone]), 'proven')
  assert.equal(judge({ says: 'no data', type: 'A' }, labelsOf('b.example.'), apexLabels, [alone]), 'bogus')
})

/** RFC 6672 beyond its table of examples (test/authority/rfc6672.test.ts): zones, signatures, and what meets a DNAME. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, assertResponse, zoneOf } from '../authority/ask.ts'
import { load } from '../zone/support.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const SOA = 'example. 60 IN SOA ns.example. admin.example. 1 2 3 4 60'
const over = (text: string) => asker(zoneOf('example.', HEAD + text))

test('2.3 the owner keeps its own records, and lacks what it lacks', () => {
  const ask = over('d DNAME test.\nd A 192.0.2.2\nd MX 1 x.d\n')
  assertResponse(ask('d.example. A'), { answer: ['d.example. 60 IN A 192.0.2.2'] })
  assertResponse(ask('d.example. TXT'), { authority: [SOA] })
  assertResponse(ask('d.example. MX'), { answer: ['d.example. 60 IN MX 1 x.d.example.'] })
})

test('2.4 names below the owner are hidden, those that the file holds and wildcards among them; the file is warned of them', () => {
  const text = 'd DNAME test.\nx.d A 192.0.2.2\n*.d A 192.0.2.3\n'
  const ask = over(text)
  for (const name of ['x', '*', 'y', 'z.x']) assert.deepEqual(ask(`${name}.d.example. A`).answer, ['d.example. 60 IN DNAME test.', `${name}.d.example. 60 IN CNAME ${name}.test.`])
  assert.deepEqual(load(HEAD + text, 'example.').findings.map(({ check }) => check), ['records-below-dname', 'records-below-dname'])
})

test('2.4 of two DNAMEs at a name none can be meant: the zone is not loaded', () => {
  assert.deepEqual(load(`${HEAD}d DNAME a.test.\nd DNAME b.test.\n`, 'example.').findings.map(({ check }) => check), ['several-dnames'])
})

test('2.4 beside a CNAME there is no DNAME either (RFC 2181 10.1)', () => {
  assert.deepEqual(load(`${HEAD}d DNAME a.test.\nd CNAME b.test.\n`, 'example.').findings.map(({ check }) => check), ['cname-and-other-data'])
})

test('3.1 the CNAME has the TTL and class of the DNAME, and 0 where that is 0', () => {
  for (const ttl of [0, 1, 2147483647]) assert.deepEqual(over(`d ${ttl} DNAME test.\n`)('x.d.example. A').answer[1], `x.d.example. ${ttl} IN CNAME x.test.`)
})

test('3.1 a question for CNAME below a DNAME has the made CNAME as its answer, and is not followed', () => {
  assertResponse(over('d DNAME e\nx.e A 192.0.2.2\n')('x.d.example. CNAME'), { answer: ['d.example. 60 IN DNAME e.example.', 'x.d.example. 60 IN CNAME x.e.example.'] })
})

test('3.1 a question for DNAME is answered at the owner; below it, it is redirected like every other', () => {
  const ask = over('d DNAME e\ne.e DNAME test.\n')
  assertResponse(ask('d.example. DNAME'), { answer: ['d.example. 60 IN DNAME e.example.'] })
  assert.deepEqual(ask('e.d.example. DNAME').answer.at(-1), 'e.e.example. 60 IN DNAME test.')
})

test('3.2 a DNAME at a zone cut belongs to the zone below: asked above the cut, it is a referral', () => {
  const ask = over('d NS ns.test.\nd DNAME other.test.\n')
  assertResponse(ask('x.d.example. A'), { flags: '', authority: ['d.example. 60 IN NS ns.test.'] })
})

test('3.2 a DNAME that leads below a delegation ends in a referral, with AA for the name asked for', () => {
  const ask = over('d DNAME sub\nsub NS ns.test.\n')
  assertResponse(ask('x.d.example. A'), { answer: ['d.example. 60 IN DNAME sub.example.', 'x.d.example. 60 IN CNAME x.sub.example.'], authority: ['sub.example. 60 IN NS ns.test.'] })
})

test('3.3 a wildcard further up does not reach past the DNAME', () => {
  assert.equal(over('* A 192.0.2.9\nd DNAME test.\n')('x.d.example. A').answer[0], 'd.example. 60 IN DNAME test.')
})

test('5.3.1 the DNAME has its signature with DO, the CNAME made from it has none', () => {
  const ask = over('d DNAME e\nd RRSIG DNAME 13 2 60 20370101000000 20260101000000 1 example. AAAA\nx.e A 192.0.2.2\nx.e RRSIG A 13 3 60 20370101000000 20260101000000 1 example. AAAA\n')
  const types = (dnssec: boolean): string[] => ask('x.d.example. A', { dnssec }).answer.map((record) => record.split(' ').slice(3, 5).join(' '))
  assert.deepEqual(types(true), ['DNAME e.example.', 'RRSIG DNAME', 'CNAME x.e.example.', 'A 192.0.2.2', 'RRSIG A'])
  assert.deepEqual(types(false), ['DNAME e.example.', 'CNAME x.e.example.', 'A 192.0.2.2'])
})

test('5.3.1 YXDOMAIN comes with the DNAME and its signature, so that a validator can see why', () => {
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.test.`
  const ask = over(`d DNAME ${long}\nd RRSIG DNAME 13 2 60 20370101000000 20260101000000 1 example. AAAA\n`)
  const { rcode, answer, authority } = ask(`${'x'.repeat(63)}.d.example. A`, { dnssec: true })
  assert.deepEqual([rcode, answer.map((record) => record.split(' ')[3]), authority], ['YXDOMAIN', ['DNAME', 'RRSIG'], []])
})

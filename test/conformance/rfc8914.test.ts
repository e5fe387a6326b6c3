/** RFC 8914: why an answer is what it is, in the OPT record of those who have one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EDE, OPTION } from '../../src/dns/codes.ts'
import { converser, zoneOf, type Conversed } from '../authority/ask.ts'

const converse = converser([zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nout CNAME www.test.\n')])

const codesOf = ({ edns }: Conversed): number[] => edns?.options.filter(([code]) => code === OPTION.EDE).map(([, octets]) => parseInt(octets.slice(0, 4), 16)) ?? []

const ROWS: [section: string, question: string, rcode: string, code: number, why: string][] = [
  ['4.21', 'www.test. A', 'REFUSED', EDE.NOT_AUTHORITATIVE, 'no zone of ours holds the name'],
  ['4.21', '. NS', 'REFUSED', EDE.NOT_AUTHORITATIVE, 'nor the root'],
  ['4.21', 'ns.example. A CLASS4711', 'REFUSED', EDE.NOT_AUTHORITATIVE, 'no zone of that class is served'],
  ['4.21', 'none.bind. TXT CH', 'REFUSED', EDE.NOT_AUTHORITATIVE, 'nothing of that name in CHAOS'],
  ['4.19', 'example. IXFR', 'REFUSED', EDE.PROHIBITED, 'no transfers'],
  ['4.22', 'example. MAILB', 'NOTIMP', EDE.NOT_SUPPORTED, 'a type of questions that is not served'],
]

for (const [section, question, rcode, code, why] of ROWS) {
  test(`${section} ${question} is ${rcode} with code ${code}: ${why}`, () => {
    const response = converse(question, { size: 1232 })
    assert.deepEqual([response.rcode, codesOf(response)], [rcode, [code]])
  })
}

test('RFC 9824 3.5, 7: a type that stands in bitmaps only is FORMERR with code 30', () => {
  const response = converse('ns.example. TYPE128', { size: 1232 })
  assert.deepEqual([response.rcode, codesOf(response)], ['FORMERR', [EDE.INVALID_QUERY_TYPE]])
})

test('3 without EDNS in the query the same response comes without it', () => {
  for (const [, question, rcode] of ROWS) {
    const [plain, edns] = [converse(question), converse(question, { size: 1232 })]
    assert.deepEqual([plain.rcode, plain.edns], [rcode, null])
    assert.deepEqual([plain.answer, plain.authority, plain.additional, plain.header], [edns.answer, edns.authority, edns.additional, edns.header])
  }
})

test('3 an answer that needs no excuse has none', () => {
  for (const question of ['ns.example. A', 'ns.example. MX', 'none.example. A', 'out.example. A']) assert.deepEqual(codesOf(converse(question, { size: 1232 })), [])
})

test('2 the option in a query is ignored: it is for responses', () => {
  const response = converse('ns.example. A', { options: [[OPTION.EDE, '0012']] })
  assert.deepEqual([response.rcode, response.answer.length, response.edns?.options], ['NOERROR', 1, []])
})

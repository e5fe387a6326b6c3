/** RFC 9619: a QUERY has one question; other opcodes have their own rules, and the count does not decide for them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPCODE } from '../../src/dns/codes.ts'
import { exchange, serverOf, zoneOf } from '../authority/ask.ts'
import { query } from '../server/messages.ts'

const server = serverOf([zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n')])
const question = query({ name: 'ns.example.' }).slice(12)

function ask(opcode: number, count: number, held: number) {
  return exchange(server, query({ flags: opcode << 11, question: new Uint8Array(0), counts: [count, 0, 0, 0], trailing: Uint8Array.from(Array.from({ length: held }, () => [...question]).flat()) }))
}

test('4 one question is answered', () => {
  assert.deepEqual([ask(0, 1, 1)?.rcode, ask(0, 1, 1)?.answer.length], ['NOERROR', 1])
})

test('4 more than one is FORMERR, also where all are there and well formed, and none of them is answered', () => {
  for (const count of [2, 3, 100, 65_535]) {
    const response = ask(0, count, Math.min(count, 100))
    assert.deepEqual([response?.rcode, response?.flags, response?.question, response?.answer, response?.octets], ['FORMERR', '', undefined, [], 12])
  }
})

test('4 none is FORMERR too, where no cookie makes a query of it (RFC 7873 5.4)', () => {
  assert.deepEqual([ask(0, 0, 0)?.rcode, ask(0, 0, 1)?.rcode], ['FORMERR', 'FORMERR'])
})

test('4 a count that promises more than there is, or hides what there is, is FORMERR', () => {
  assert.deepEqual([ask(0, 1, 0)?.rcode, ask(0, 1, 2)?.rcode, ask(0, 2, 1)?.rcode], ['FORMERR', 'FORMERR', 'FORMERR'])
})

test('3 for other opcodes the count is not judged: they are not implemented, with any', () => {
  for (let opcode = 1; opcode < 16; opcode++) for (const count of [0, 1, 2]) if (opcode !== OPCODE.AGENT) assert.equal(ask(opcode, count, count)?.rcode, 'NOTIMP')
})

test('3 our own opcode takes several questions, none of them twice, and none at all (docs/protocol.md 5)', () => {
  assert.deepEqual([0, 1, 2].map((count) => ask(OPCODE.AGENT, count, count)?.rcode), ['NOTIMP', 'NOERROR', 'FORMERR'])
})

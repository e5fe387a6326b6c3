/** Responses of the core: those that carry nothing but header, question and OPT are written straight, and are what the encoder of whole messages makes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Query } from '../../src/authority/query.ts'
import { CLASS, OPCODE, RCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { admit } from '../../src/server/admit.ts'
import { Cookies } from '../../src/server/cookies.ts'
import type { Reply } from '../../src/server/core-contract.ts'
import { responseLimit, ResponseWriter } from '../../src/server/core-response.ts'
import { Finisher } from '../../src/server/finish.ts'
import { NOW, tcp, udp } from './messages.ts'

const label = fc.string({ unit: fc.constantFrom('a', 'B', '-', '7'), minLength: 1, maxLength: 20 })
const options = fc.subarray([{ code: 3, octets: new Uint8Array(0) }, { code: 10, octets: new Uint8Array(8).fill(5) }, { code: 11, octets: new Uint8Array(0) }])
const edns = fc.option(fc.record({ udpSize: fc.integer({ min: 512, max: 4_096 }), version: fc.constant(0), dnssecOk: fc.boolean(), compactOk: fc.constant(false), options }), { nil: undefined })

/** Messages as updates come: with a zone, or none as the compact update. */
const asked: fc.Arbitrary<Message> = fc
  .record({ id: fc.integer({ min: 0, max: 0xffff }), labels: fc.option(fc.array(label, { maxLength: 5 }), { nil: undefined }), recursionDesired: fc.boolean(), checkingDisabled: fc.boolean(), agent: fc.boolean(), edns })
  .map(({ labels, edns: opt, ...flags }) => {
    const questions = labels === undefined ? [] : [{ name: Name.parse(`${labels.join('.')}.`), type: TYPE.SOA, class: CLASS.IN }]
    const message = makeMessage({ ...flags, opcode: labels === undefined ? OPCODE.AGENT : OPCODE.UPDATE, questions })
    return opt === undefined ? message : { ...message, edns: opt }
  })

const said: fc.Arbitrary<Reply> = fc.record(
  {
    rcode: fc.constantFrom(RCODE.NOERROR, RCODE.REFUSED, RCODE.YXDOMAIN, RCODE.BADCOOKIE),
    authoritative: fc.boolean(),
    agent: fc.boolean(),
    ede: fc.record({ infoCode: fc.integer({ min: 0, max: 29 }), text: fc.string({ maxLength: 40 }) }),
    lease: fc.record({ lease: fc.integer({ min: 0, max: 9_000 }) }),
  },
  { requiredKeys: ['rcode'] },
)

function writer(): ResponseWriter {
  return new ResponseWriter(new Finisher({ udpOctets: 1_232, nsid: Buffer.from('here'), keepalive: 30, cookies: new Cookies(new Uint8Array(16).fill(1)) }))
}

function queryOf(octets: Uint8Array, peer = udp): Query {
  const query = new Query()
  admit(query, octets, octets.length, peer)
  return query
}

test('whatever is asked and said, with and without records the same header, question and OPT come back', () => {
  const [straight, encoded] = [writer(), writer()]
  fc.assert(fc.property(asked, said, fc.boolean(), fc.boolean(), (message, reply, withOptions, isUdp) => {
    const query = queryOf(encodeMessage(message), isUdp ? udp : tcp)
    const limit = responseLimit(query, 1_232)
    const one = straight.write(query, reply, limit, withOptions, () => NOW)
    const other = encoded.write(query, { ...reply, answers: [] }, limit, withOptions, () => NOW)
    assert.deepEqual({ ...one, octets: Buffer.from(one.octets) }, { ...other, octets: Buffer.from(other.octets) })
    const { id, opcode, questions, edns: opt } = decodeMessage(one.octets)
    assert.deepEqual([id, opcode, questions.map(({ name }) => name.toString()), opt === undefined], [message.id, message.opcode, message.questions.map(({ name }) => name.toString()), message.edns === undefined])
  }), { numRuns: 1_000 })
})

test('a response stays as it is while others are written', () => {
  const shared = writer()
  const ask = (id: number, name: string): Query => queryOf(encodeMessage(makeMessage({ id, opcode: OPCODE.UPDATE, questions: [{ name: Name.parse(name), type: TYPE.SOA, class: CLASS.IN }] })))
  const first = shared.write(ask(1, 'one.example.'), { rcode: 0 }, 512, true, () => NOW).octets
  const copy = Buffer.from(first)
  shared.write(ask(2, 'two.example.'), { rcode: RCODE.REFUSED }, 512, true, () => NOW)
  assert.deepEqual(Buffer.from(first), copy)
})

test('what does not fit is cut as ever: there TC says so', () => {
  const query = queryOf(encodeMessage(makeMessage({ id: 1, opcode: OPCODE.UPDATE, questions: [{ name: Name.parse('example.'), type: TYPE.SOA, class: CLASS.IN }] })))
  const record = { name: Name.parse('a.example.'), type: TYPE.A, class: CLASS.IN, ttl: 1, rdata: new Uint8Array(4) }
  const { octets, truncated } = writer().write(query, { rcode: 0, answers: [record, record] }, 40, true, () => NOW)
  assert.deepEqual([truncated, decodeMessage(octets).truncated, decodeMessage(octets).answers], [true, true, []])
})

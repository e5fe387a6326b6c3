/** What a question looks like on its way, and what is taken for its response (RFC 5452 9.1, 9.2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { encodeAsking, inRandomCase, match, type Asking } from '../../src/resolver/query.ts'
import { Chance } from '../battery/chance.ts'
import { address, records } from './support.ts'

const to = { address: address('192.0.2.1'), port: 53 }
const asking: Asking = { id: 0x1234, name: Name.parse('wWw.eXample.'), plainName: Name.parse('www.Example.'), type: 1, recursion: false, edns: true, dnssec: true }

function response(parts: Partial<Message> = {}): Uint8Array {
  return encodeMessage(makeMessage({ id: 0x1234, response: true, questions: [{ name: asking.name, type: 1, class: 1 }], ...parts }))
}

function verdict(octets: Uint8Array, from = to): string {
  const found = match(octets, from, to, asking)
  return found.kind === 'response' ? 'response' : found.why
}

test('a question has one name, EDNS of version 0 with 1,232 octets, DO, and no RD', () => {
  const { questions, edns, recursionDesired, checkingDisabled } = decodeMessage(encodeAsking(asking))
  assert.deepEqual(questions.map(({ name, type }) => `${name} ${type}`), ['wWw.eXample. 1'])
  assert.deepEqual(edns, { udpSize: 1232, version: 0, dnssecOk: true, compactOk: false, options: [] })
  assert.deepEqual({ recursionDesired, checkingDisabled }, { recursionDesired: false, checkingDisabled: false })
})

test('a forwarder is asked with RD, and with CD where we look at the proof ourselves (RFC 4035 3.2.2)', () => {
  const told = decodeMessage(encodeAsking({ ...asking, recursion: true }))
  assert.deepEqual([told.recursionDesired, told.checkingDisabled], [true, true])
  const without = decodeMessage(encodeAsking({ ...asking, recursion: true, dnssec: false }))
  assert.deepEqual([without.recursionDesired, without.checkingDisabled, without.edns?.dnssecOk], [true, false, false])
})

test('without EDNS there is no OPT', () => {
  assert.equal(decodeMessage(encodeAsking({ ...asking, edns: false })).edns, undefined)
})

test('letters take their case by chance, other octets stay as they are', () => {
  const chance = new Chance(3)
  const name = Name.parse('a-1\\@[z.EXAMPLE.')
  const made = Array.from({ length: 64 }, () => inRandomCase(name, (bound) => chance.below(bound)))
  assert.ok(made.every((one) => one.equals(name)))
  assert.ok(new Set(made.map(String)).size > 50, 'nine letters make 512 names')
  for (const one of made) assert.match(String(one), /^[aA]-1\\@\[[zZ]\.example\.$/i)
  assert.equal(String(name), 'a-1\\@[z.EXAMPLE.', 'the name itself is as it was')
})

test('of a long name each letter has a chance of its own', () => {
  const chance = new Chance(4)
  const label = 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz'
  const rounds = 400
  const capitals = new Array<number>(2 * label.length).fill(0)
  let [pairs, equals] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    const letters = String(inRandomCase(Name.parse(`${label}.${label}.`), (bound) => chance.below(bound))).replaceAll('.', '')
    const isCapital = [...letters].map((letter) => letter !== letter.toLowerCase())
    isCapital.forEach((is, i) => (capitals[i] += Number(is)))
    // numbers are drawn for 24 letters at a time: what one says must say nothing of the next
    for (let i = 24; i < isCapital.length; i++) {
      pairs++
      equals += Number(isCapital[i] === isCapital[i - 24])
    }
  }
  for (const [i, count] of capitals.entries()) assert.ok(count > rounds * 0.35 && count < rounds * 0.65, `letter ${i} is a capital ${count} times of ${rounds}`)
  assert.ok(Math.abs(equals / pairs - 0.5) < 0.02, `${equals} of ${pairs}`)
})

test('a name in a Buffer stays as it was too, though slices of Buffers are views', () => {
  const name = Name.fromWire(Buffer.from(Name.parse('abcdefgh.').wire))
  inRandomCase(name, () => 1)
  assert.equal(String(name), 'abcdefgh.')
})

const MATCHES: [what: string, octets: Uint8Array, verdict: string][] = [
  ['the response', response(), 'response'],
  ['an error that repeats the question', response({ rcode: 5 }), 'response'],
  ['another id', response({ id: 0x1235 }), 'id'],
  ['nothing', new Uint8Array(0), 'id'],
  ['one octet', Uint8Array.of(0x12), 'id'],
  ['the id alone', Uint8Array.of(0x12, 0x34), 'malformed'],
  ['a query', response({ response: false }), 'header'],
  ['an UPDATE\'s response', response({ opcode: 5 }), 'header'],
  ['no question', response({ questions: [] }), 'question'],
  ['two questions', response({ questions: [{ name: asking.name, type: 1, class: 1 }, { name: asking.name, type: 1, class: 1 }] }), 'question'],
  ['another type', response({ questions: [{ name: asking.name, type: 28, class: 1 }] }), 'question'],
  ['another class', response({ questions: [{ name: asking.name, type: 1, class: 3 }] }), 'question'],
  ['another name', response({ questions: [{ name: Name.parse('wWw.eXamplf.'), type: 1, class: 1 }] }), 'question'],
  ['a longer name', response({ questions: [{ name: Name.parse('wWw.eXample.example.'), type: 1, class: 1 }] }), 'question'],
  ['letters as they were asked for, not as they were sent', response({ questions: [{ name: asking.plainName, type: 1, class: 1 }] }), 'case'],
  ['octets behind the end', Buffer.concat([response(), Buffer.of(0)]), 'malformed'],
  ['a cut record', response({ answers: records('www.example. A 192.0.2.1') }).subarray(0, -1), 'malformed'],
]

for (const [what, octets, wanted] of MATCHES) test(`${what}: ${wanted}`, () => assert.equal(verdict(octets), wanted))

test('what comes from elsewhere is never looked at (RFC 5452 9.1)', () => {
  assert.equal(verdict(response(), { address: address('192.0.2.2'), port: 53 }), 'address')
  assert.equal(verdict(response(), { address: address('192.0.2.1'), port: 5353 }), 'address')
  assert.equal(verdict(response(), { address: address('::ffff:192.0.2.1'), port: 53 }), 'address')
})

test('names that point to the question are read in the case that was asked for, not in that of our chance (RFC 4343 4.1)', () => {
  const octets = response({ answers: records('wWw.eXample. A 192.0.2.1\nwWw.eXample. MX 1 Mail.eXample.') })
  const before = Buffer.from(octets)
  const found = match(octets, to, to, asking)
  assert.ok(found.kind === 'response')
  assert.deepEqual(found.message.answers.map(({ name }) => String(name)), ['www.Example.', 'www.Example.'])
  assert.equal(String(Name.fromWire(found.message.answers[1].rdata, 2)), 'Mail.Example.')
  assert.deepEqual(Buffer.from(octets), before, 'the octets that came in are not changed')
})

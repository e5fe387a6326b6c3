/** RFC 6891: EDNS(0) around answers from real zones: sizes, the OPT record of every kind of response, and what is left untouched. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { converser, exchange, serverOf, zoneOf } from '../authority/ask.ts'
import { hex, opt, query, record, encode } from '../server/messages.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nsub NS ns.test.\n'
const big = Array.from({ length: 200 }, (_, i) => `big A 192.0.${i >> 6}.${i & 63}\n`).join('')
const zone = zoneOf('example.', HEAD + big + Array.from({ length: 70 }, (_, i) => `mid A 192.0.2.${i}\n`).join(''))
const converse = converser([zone])
/** One question for each kind of response. */
const KINDS = ['ns.example. A', 'ns.example. MX', 'none.example. A', 'x.sub.example. A', 'www.test. A', 'ns.example. AXFR', 'ns.example. A CLASS4711', 'ns.example. OPT', 'ns.example. MAILB']

describe('RFC 6891 6.1: the OPT record', () => {
  test('6.1.1 a response has OPT if the query had it, whatever the RCODE', () => {
    for (const question of KINDS) {
      assert.equal(converse(question).edns, null, question)
      assert.deepEqual([converse(question, { size: 4096 }).edns?.version, converse(question, { size: 4096 }).edns?.size], [0, 1232], question)
    }
  })

  test('6.1.1 OPT may stand anywhere in the additional section, before or behind other records', () => {
    const a = encode(record('x. 1 IN A 192.0.2.1'))
    for (const additional of [[opt(), a], [a, opt()], [a, opt(), a]]) {
      assert.deepEqual(exchange(serverOf([zone]), query({ name: 'ns.example.', additional }))?.edns?.version, 0)
    }
  })

  test('6.1.1 two OPT records are FORMERR, and the response has one', () => {
    const response = exchange(serverOf([zone]), query({ name: 'ns.example.', additional: [opt(), opt()] }))
    assert.deepEqual([response?.rcode, response?.edns?.version], ['FORMERR', 0])
  })

  test('6.1.2 options that are not known are passed over, in any number up to the limit and of any length, and not sent back', () => {
    const options: [number, string][] = Array.from({ length: 60 }, (_, i) => [60_000 + i, '00'.repeat(i)])
    const response = converse('ns.example. A', { options })
    assert.deepEqual([response.rcode, response.answer.length, response.edns?.options], ['NOERROR', 1, []])
  })

  test('6.1.3 the upper bits of the RCODE stand in OPT: BADVERS is 16, of which the header has 0', () => {
    const response = converse('ns.example. A', { version: 1 })
    assert.deepEqual([response.rcode, response.message.rcode, response.answer, response.edns?.version], ['BADVERS', 16, [], 0])
  })

  test('6.1.3 each version above 0 is BADVERS', () => {
    for (let version = 1; version < 256; version++) assert.equal(converse('ns.example. A', { version }).rcode, 'BADVERS')
  })

  test('6.1.4 of the flags only DO comes back; any other changes nothing', () => {
    for (let bit = 0; bit < 15; bit++) {
      const response = converse('ns.example. A', { ednsFlags: 1 << bit }) // the decoder refuses OPT flags other than DO
      assert.deepEqual([response.rcode, response.answer.length, response.edns?.dnssecOk], ['NOERROR', 1, false])
    }
    assert.equal(converse('ns.example. A', { ednsFlags: 0x7fff, dnssec: true }).edns?.dnssecOk, true)
  })
})

describe('RFC 6891 6.2: sizes', () => {
  test('6.2.3, 6.2.5 a response is as large as the asker takes and we send, at least 512, and TC tells of the rest', () => {
    for (const [size, limit] of [[0, 512], [1, 512], [511, 512], [512, 512], [513, 513], [1231, 1231], [1232, 1232], [1233, 1232], [4096, 1232], [65_535, 1232]]) {
      const response = converse('big.example. A', { size })
      assert.deepEqual([response.flags, response.answer.length], ['aa tc', 0])
      assert.ok(response.octets <= limit, `${size}: ${response.octets}`)
    }
  })

  test('6.2.5 just enough is enough: what fits with its OPT is not truncated, with one octet less it is', () => {
    const { octets } = converse('mid.example. A', { size: 1232 })
    assert.ok(octets > 512 && octets < 1232)
    assert.deepEqual([converse('mid.example. A', { size: octets }).flags, converse('mid.example. A', { size: octets - 1 }).flags], ['aa', 'aa tc'])
  })

  test('6.2.5 the size is the server’s to lower by its config, and what it says of itself in OPT', () => {
    const small = converser([zone], { udpOctets: 512 })('mid.example. A', { size: 4096 })
    assert.deepEqual([small.flags, small.edns?.size], ['aa tc', 512])
    const large = converser([zone], { udpOctets: 4096 })('big.example. A', { size: 4096 })
    assert.deepEqual([large.flags, large.answer.length, large.edns?.size], ['aa', 200, 4096])
  })

  test('6.2.5 over TCP the size in OPT counts for nothing', () => {
    const response = converse('big.example. A', { size: 512, tcp: true })
    assert.deepEqual([response.flags, response.answer.length], ['aa', 200])
  })
})

describe('RFC 6891 7: transport and errors', () => {
  test('7 an OPT that cannot be read is FORMERR with OPT, so that the asker knows that EDNS itself is understood', () => {
    for (const rdata of ['00', '000a', '000a0005 61', 'ffff ffff']) {
      const response = exchange(serverOf([zone]), query({ name: 'ns.example.', opt: { rdata: hex(rdata) } }))
      assert.deepEqual([response?.rcode, response?.edns?.version, response?.answer], ['FORMERR', 0, []], rdata)
    }
  })

  test('5 the label types that EDNS had are withdrawn: a name with one is FORMERR', () => {
    const response = exchange(serverOf([zone]), query({ question: hex('41 01 00 0001 0001'), opt: {} }))
    assert.equal(response?.rcode, 'FORMERR')
  })
})

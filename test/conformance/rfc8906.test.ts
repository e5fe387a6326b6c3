/**
 * RFC 8906: nothing that a correct client may send stays without a response. The dig lines of its section 8 as a
 * table; what each response must and must not hold is what the RFC lists below the line.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OPCODE, OPTION } from '../../src/dns/codes.ts'
import { Cookies } from '../../src/server/cookies.ts'
import { converser, exchange, serverOf, zoneOf, type Asking, type Conversed } from '../authority/ask.ts'
import { query } from '../server/messages.ts'

const zone = zoneOf('example.', `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ RRSIG SOA 13 1 60 20370101000000 20260101000000 1 example. AAAA
@ NS ns
@ DNSKEY 257 3 13 ${'A'.repeat(88)}
@ DNSKEY 256 3 13 ${'B'.repeat(88)}
@ RRSIG DNSKEY 13 1 60 20370101000000 20260101000000 1 example. ${'A'.repeat(600)}
ns A 192.0.2.1
`)
const options = { cookies: new Cookies(new Uint8Array(16)), nsid: Buffer.from('ns1') }
const converse = converser([zone], options)

/** What a line expects: `soa` in the answer or not, OPT or not; AA stands with the SOA. */
interface Row {
  section: string
  dig: string
  asking: Asking
  question?: string
  rcode?: string
  soa: boolean
  opt: boolean
  also?: (response: Conversed) => void
}

const hasDo = (wanted: boolean) => (response: Conversed) => assert.equal(response.edns?.dnssecOk, wanted)
const lacksOption = (response: Conversed) => assert.ok(!response.edns?.options.some(([code]) => code === 100))
const COOKIE: [number, string] = [OPTION.COOKIE, '0102030405060708']

const ROWS: Row[] = [
  { section: '8.1.1', dig: '+noedns +noad +norec soa', asking: {}, soa: true, opt: false },
  { section: '8.1.2', dig: '+noedns +noad +norec type1000', asking: {}, question: 'example. TYPE1000', soa: false, opt: false, also: (response) => assert.deepEqual([response.flags, response.answer], ['aa', []]) },
  { section: '8.1.3.1', dig: '+noedns +noad +norec +cd soa', asking: { header: 'cd' }, soa: true, opt: false },
  { section: '8.1.3.2', dig: '+noedns +norec +ad soa', asking: { header: 'ad' }, soa: true, opt: false, also: ({ header }) => assert.equal(header, 'qr aa') },
  { section: '8.1.3.3', dig: '+noedns +noad +norec +zflag soa', asking: { header: 'ag' }, soa: true, opt: false, also: ({ header }) => assert.equal(header, 'qr aa') },
  { section: '8.1.3.4', dig: '+noedns +noad +rec soa', asking: { header: 'rd' }, soa: true, opt: false, also: ({ header }) => assert.equal(header, 'qr aa rd') },
  { section: '8.1.4', dig: '+noedns +noad +opcode=15 +norec +header-only', asking: { opcode: 15 }, question: '', rcode: 'NOTIMP', soa: false, opt: false, also: ({ opcode }) => assert.equal(opcode, 15) },
  { section: '8.1.5', dig: '+noedns +noad +norec +tcp soa', asking: { tcp: true }, soa: true, opt: false },
  { section: '8.2.1', dig: '+nocookie +edns=0 +noad +norec soa', asking: { version: 0 }, soa: true, opt: true },
  { section: '8.2.2', dig: '+nocookie +edns=1 +noednsneg +noad +norec soa', asking: { version: 1 }, rcode: 'BADVERS', soa: false, opt: true },
  { section: '8.2.3', dig: '+nocookie +edns=0 +noad +norec +ednsopt=100 soa', asking: { options: [[100, '']] }, soa: true, opt: true, also: lacksOption },
  { section: '8.2.4', dig: '+nocookie +edns=0 +noad +norec +ednsflags=0x40 soa', asking: { ednsFlags: 0x40 }, soa: true, opt: true },
  { section: '8.2.5', dig: '+nocookie +edns=1 +noednsneg +noad +norec +ednsflags=0x40 soa', asking: { version: 1, ednsFlags: 0x40 }, rcode: 'BADVERS', soa: false, opt: true },
  { section: '8.2.6', dig: '+nocookie +edns=1 +noednsneg +noad +norec +ednsopt=100 soa', asking: { version: 1, options: [[100, '']] }, rcode: 'BADVERS', soa: false, opt: true, also: lacksOption },
  { section: '8.2.7', dig: '+norec +dnssec +bufsize=512 +ignore dnskey', asking: { dnssec: true, size: 512 }, question: 'example. DNSKEY', soa: false, opt: true, also: ({ flags, octets }) => assert.deepEqual([flags, octets <= 512], ['aa tc', true]) },
  { section: '8.2.8', dig: '+nocookie +edns=0 +noad +norec +dnssec soa', asking: { dnssec: true }, soa: true, opt: true, also: hasDo(true) },
  { section: '8.2.9', dig: '+nocookie +edns=1 +noednsneg +noad +norec +dnssec soa', asking: { version: 1, dnssec: true }, rcode: 'BADVERS', soa: false, opt: true, also: hasDo(true) },
  {
    section: '8.2.10', dig: '+edns=0 +noad +norec +cookie +nsid +expire +subnet=0.0.0.0/0 soa',
    asking: { options: [COOKIE, [OPTION.NSID, ''], [OPTION.EXPIRE, ''], [OPTION.CLIENT_SUBNET, '00010000']] }, soa: true, opt: true,
    also: ({ edns }) => assert.deepEqual(edns?.options.map(([code]) => code), [OPTION.COOKIE, OPTION.NSID]),
  },
]

describe('RFC 8906 8: its tests, line by line', () => {
  for (const { section, dig, asking, question = 'example. SOA', rcode = 'NOERROR', soa, opt, also } of ROWS) {
    test(`${section} dig ${dig}`, () => {
      const response = converse(question, asking)
      assert.equal(response.rcode, rcode)
      assert.equal(response.answer.some((record) => record.includes(' SOA ns.example. ')), soa)
      if (soa) assert.equal(response.flags, 'aa')
      if (rcode !== 'NOERROR') assert.equal(response.flags, '')
      assert.equal(response.edns?.version, opt ? 0 : undefined)
      also?.(response)
    })
  }

  test('the reserved bit is the AG bit of docs/protocol.md: only a zone that holds agents sends it back', () => {
    const agents = zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nx._cap AGENT 1 a._sa\n')
    assert.equal(converser([agents])('ns.example. A', { header: 'ag' }).header, 'qr aa ag')
    assert.equal(converser([agents])('ns.example. A').header, 'qr aa')
  })
})

describe('RFC 8906 3: what servers were found silent on', () => {
  test('3.1.1 a zone that is not served is refused, not ignored', () => {
    assert.equal(converse('www.test. A').rcode, 'REFUSED')
  })

  test('3.1.2 unknown and meta types have a response each', () => {
    for (const type of ['TYPE1000', 'TYPE128', 'TYPE254', 'OPT', 'TSIG', 'AXFR', 'IXFR', 'ANY', 'TYPE0', 'TYPE65535']) assert.notEqual(converse(`example. ${type}`).rcode, '')
  })

  test('3.1.3 header bits, in all of their combinations, change no answer', () => {
    const names = ['aa', 'tc', 'rd', 'ra', 'ag', 'ad', 'cd']
    for (let bits = 0; bits < 1 << names.length; bits++) {
      const header = names.filter((_, i) => (bits >> i) & 1)
      const response = converse('example. SOA', { header: header.join(' ') })
      assert.deepEqual([response.rcode, response.answer.length, response.header], ['NOERROR', 1, ['qr aa', ...header.filter((bit) => bit === 'rd' || bit === 'cd')].join(' ')])
    }
  })

  test('3.1.4 each of the 15 other opcodes has a response with its number, whatever follows the header: NOTIMP, but for ours, which is a batch (docs/protocol.md 5)', () => {
    const server = serverOf([zone], options)
    for (let opcode = 1; opcode < 16; opcode++) {
      for (const rest of [new Uint8Array(0), Uint8Array.of(0xff, 0xff), query({ name: 'example.' }).slice(12)]) {
        const response = exchange(server, query({ flags: opcode << 11, question: rest, counts: [1, 0, 0, 0] }))
        const expected = opcode !== OPCODE.AGENT ? ['NOTIMP', opcode, ''] : rest.length > 2 ? ['NOERROR', opcode, 'aa'] : ['FORMERR', opcode, '']
        assert.deepEqual([response?.rcode, response?.opcode, response?.flags], expected)
      }
    }
  })

  test('3.2 EDNS versions, flags and options in all of their combinations have a response with OPT', () => {
    for (const version of [0, 1, 255]) {
      for (const ednsFlags of [0, 0x40, 0x7fff]) {
        for (const unknown of [[], [[100, '']], [[100, 'ff'], [65_001, '']]] as [number, string][][]) {
          for (const dnssec of [false, true]) {
            for (const tcp of [false, true]) {
              const response = converse('example. SOA', { version, ednsFlags, options: unknown, dnssec, tcp })
              assert.deepEqual([response.rcode, response.edns?.version, response.edns?.dnssecOk, response.edns?.options], [version === 0 ? 'NOERROR' : 'BADVERS', 0, dnssec, []])
            }
          }
        }
      }
    }
  })
})

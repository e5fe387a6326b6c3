/** Replies as octets: what comes back of the request, where OPT goes, what gives way when there is no room, and what is left beside a signature. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Query } from '../../src/authority/query.ts'
import { EDE, OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { DEFAULT_UDP_OCTETS, MAX_EDE_TEXT_OCTETS, MAX_MESSAGE_OCTETS, MAX_NSID_OCTETS, MIN_UDP_OCTETS } from '../../src/dns/limits.ts'
import type { DnsRecord } from '../../src/dns/message.ts'
import { admit } from '../../src/server/admit.ts'
import { Cookies } from '../../src/server/cookies.ts'
import type { Reply } from '../../src/server/core-contract.ts'
import { cutToQuestion, responseLimit, ResponseWriter } from '../../src/server/core-response.ts'
import { Finisher } from '../../src/server/finish.ts'
import { rec } from '../update/support.ts'
import { decode, NOW, query, tcp, udp, type Decoded, type QueryParts } from './messages.ts'

const UPDATE = OPCODE.UPDATE << 11
const LONGEST = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`
const writer = new ResponseWriter(new Finisher({ udpOctets: DEFAULT_UDP_OCTETS, nsid: new Uint8Array(MAX_NSID_OCTETS).fill(1), keepalive: 300, cookies: new Cookies(new Uint8Array(16)) }))
const everyOption: QueryParts['opt'] = { size: 512, options: [[OPTION.COOKIE, new Uint8Array(8)], [OPTION.NSID, new Uint8Array(0)], [OPTION.TCP_KEEPALIVE, new Uint8Array(0)]] }

/** A request as the core has read it. */
function asked(parts: QueryParts = {}, peer = udp): Query {
  const read = new Query()
  const octets = query({ flags: UPDATE, name: 'example.', type: TYPE.SOA, ...parts })
  admit(read, octets, octets.length, peer)
  return read
}

interface Written extends Decoded {
  octets: Uint8Array
  truncated: boolean
}

function write(request: Query, reply: Reply, { room = 0, withOptions = true } = {}): Written {
  const { octets, truncated } = writer.write(request, reply, responseLimit(request, DEFAULT_UDP_OCTETS) - room, withOptions, () => NOW)
  return { ...decode(octets), octets, truncated }
}

describe('limits', () => {
  const cases: [title: string, parts: QueryParts, peer: typeof udp, limit: number][] = [
    ['512 over UDP without EDNS (RFC 1035 4.2.1)', {}, udp, MIN_UDP_OCTETS],
    ['512 where EDNS says less (RFC 6891 6.2.3)', { opt: { size: 0 } }, udp, MIN_UDP_OCTETS],
    ['what EDNS says', { opt: { size: 800 } }, udp, 800],
    ['what we send, where EDNS says more', { opt: { size: 65_535 } }, udp, DEFAULT_UDP_OCTETS],
    ['all of a message over TCP, whatever EDNS says (RFC 6891 6.2.5)', { opt: { size: 512 } }, tcp, MAX_MESSAGE_OCTETS],
    ['all of a message over TCP without EDNS', {}, tcp, MAX_MESSAGE_OCTETS],
  ]
  for (const [title, parts, peer, limit] of cases) test(title, () => assert.equal(responseLimit(asked(parts, peer), DEFAULT_UDP_OCTETS), limit))
})

describe('the header', () => {
  test('ID, opcode, RD and CD come back, and nothing else of the flags (RFC 1035 4.1.1, RFC 4035 3.1.6)', () => {
    fc.assert(fc.property(fc.nat(0xffff), fc.constantFrom(5, 14), fc.nat(0x7ff), (id, opcode, flags) => {
      const { id: said, opcode: same, qr, aa, tc, rd, ra, z, ad, cd } = write(asked({ id, flags: (opcode << 11) | flags }), { rcode: 0 })
      assert.deepEqual({ said, same, qr, aa, tc, rd, ra, z, ad, cd }, { said: id, same: opcode, qr: true, aa: false, tc: false, rd: (flags & 0x100) !== 0, ra: false, z: false, ad: false, cd: (flags & 0x10) !== 0 })
    }))
  })

  test('AG comes back where it was asked and meant, and AA where the reply has authority', () => {
    for (const [flag, agent, z] of [[0x40, true, true], [0x40, false, false], [0, true, false]] as const) {
      const answer = write(asked({ flags: UPDATE | flag }), { rcode: 0, agent, authoritative: agent })
      assert.deepEqual([answer.z, answer.aa], [z, agent])
    }
  })

  test('every RCODE is said, in twelve bits with OPT, and SERVFAIL for what four cannot say without (RFC 6891 6.1.3)', () => {
    for (let rcode = 0; rcode < 0x1000; rcode += rcode < 32 ? 1 : 97) {
      assert.equal(write(asked({ opt: {} }), { rcode }).rcode, rcode)
      assert.equal(write(asked(), { rcode }).rcode, rcode > 15 ? RCODE.SERVFAIL : rcode)
    }
  })
})

describe('the sections', () => {
  const record = (i: number): DnsRecord => rec(`n${i}.example. 60 IN A 192.0.2.${i % 256}`)

  test('whatever the reply holds, what fits goes whole and in order, and else nothing but TC (RFC 2181 9)', () => {
    const count = fc.integer({ min: 0, max: 60 })
    fc.assert(fc.property(count, count, count, fc.option(fc.integer({ min: 0, max: 4_096 }), { nil: undefined }), fc.nat(200), (answers, authorities, additionals, size, room) => {
      const list = (length: number): DnsRecord[] => Array.from({ length }, (_, i) => record(i))
      const request = asked(size === undefined ? {} : { opt: { size } })
      const answer = write(request, { rcode: 0, answers: list(answers), authorities: list(authorities), additionals: list(additionals) }, { room })
      assert.ok(answer.size + room <= responseLimit(request, DEFAULT_UDP_OCTETS) || answer.answer.length === 0)
      const counts = [answer.answer.length, answer.authority.length, answer.additional.length]
      assert.deepEqual(counts, answer.tc ? [0, 0, 0] : [answers, authorities, additionals])
      assert.deepEqual([answer.truncated, answer.opt !== null, answer.question?.name], [answer.tc, size !== undefined, 'example.'])
      assert.deepEqual(answer.answer.map(({ owner }) => owner), answer.tc ? [] : list(answers).map(({ name }) => name.toString()))
    }))
  })

  test('a reply may bring a question of its own, or none', () => {
    const questions = [{ name: rec('other.example. 1 IN A 192.0.2.1').name, type: TYPE.A, class: 1 }]
    assert.equal(write(asked(), { rcode: 0, questions }).question?.name, 'other.example.')
    assert.equal(write(asked(), { rcode: 0, questions: [] }).question, null)
    assert.equal(write(asked({ question: null }), { rcode: 0 }).question, null)
  })
})

describe('OPT', () => {
  test('is there where the request had it, with what it asked for and what the reply tells (RFC 6891 7)', () => {
    const answer = write(asked({ opt: everyOption }, tcp), { rcode: 0, ede: { infoCode: EDE.OTHER, text: 'why' }, lease: { lease: 60 } })
    assert.deepEqual(answer.opt?.options.map(([code]) => code), [OPTION.COOKIE, OPTION.NSID, OPTION.TCP_KEEPALIVE, OPTION.EDE, OPTION.UPDATE_LEASE])
    assert.deepEqual(write(asked({ opt: { ...everyOption, size: 1_232 } }), { rcode: RCODE.FORMERR }, { withOptions: false }).opt?.options, [])
    assert.equal(write(asked(), { rcode: 0, lease: { lease: 60 } }).opt, null)
  })

  test('a lease or an explanation is not carried into the next response', () => {
    write(asked({ opt: {} }), { rcode: 0, lease: { lease: 60 }, ede: { infoCode: EDE.OTHER, text: 'why' } })
    assert.deepEqual(write(asked({ opt: {} }), { rcode: 0 }).opt?.options, [])
  })

  test('all that can stand in it fits beside the longest question into 512 octets', () => {
    const reply: Reply = { rcode: RCODE.REFUSED, ede: { infoCode: EDE.OTHER, text: 'x'.repeat(2 * MAX_EDE_TEXT_OCTETS) }, lease: { lease: 60, keyLease: 60 } }
    const { size, tc, opt, question } = write(asked({ name: LONGEST, opt: everyOption }), reply)
    assert.deepEqual([size <= MIN_UDP_OCTETS, tc, question?.name], [true, false, LONGEST])
    assert.equal(opt?.options.length, 4, 'all but keepalive, which is of TCP alone (RFC 7828 3.1)')
  })

  test('a text longer than it may be is cut between characters (RFC 8914 3)', () => {
    const { opt } = write(asked({ opt: {} }), { rcode: 0, ede: { infoCode: EDE.OTHER, text: 'ü'.repeat(MAX_EDE_TEXT_OCTETS) } })
    const text = Buffer.from(opt!.options[0][1], 'hex').subarray(2)
    assert.deepEqual([text.length <= MAX_EDE_TEXT_OCTETS, /^ü+$/.test(text.toString())], [true, true])
  })
})

describe('no room for a signature (RFC 8945 5.3)', () => {
  test('a response without records is written whatever is asked to stay free, so that a caller can cut it further', () => {
    for (const room of [0, 300, 511, 512, 700]) {
      const { size, tc, question } = write(asked({ name: LONGEST }), { rcode: 0, answers: [rec('example. 60 IN A 192.0.2.1')] }, { room })
      assert.deepEqual([size <= MIN_UDP_OCTETS, tc, question?.name], [true, room > 0, LONGEST])
    }
  })

  const cases: [title: string, parts: QueryParts, reply: Reply, question: string | null][] = [
    ['records and OPT go', { opt: everyOption }, { rcode: RCODE.REFUSED, answers: [rec('a.example. 60 IN A 192.0.2.1')] }, 'example.'],
    ['the longest question stays', { name: LONGEST, opt: {} }, { rcode: RCODE.BADCOOKIE }, LONGEST],
    ['the root as question stays', { name: '.' }, { rcode: RCODE.NOTAUTH }, '.'],
    ['without a question the header alone is left', { question: null, opt: {} }, { rcode: RCODE.FORMERR }, null],
    ['a question of the reply\'s own stays', {}, { rcode: 0, questions: [{ name: rec('x. 1 IN A 192.0.2.1').name, type: TYPE.A, class: 1 }] }, 'x.'],
  ]
  for (const [title, parts, reply, question] of cases) {
    test(`${title}, with TC and RCODE 0`, () => {
      const whole = write(asked({ id: 99, ...parts }), reply)
      const before = whole.octets.slice()
      const cut = decode(cutToQuestion(whole.octets))
      assert.deepEqual([cut.id, cut.qr, cut.opcode, cut.rcode, cut.tc], [99, true, OPCODE.UPDATE, 0, true])
      assert.deepEqual([cut.question?.name ?? null, cut.answer, cut.authority, cut.additional, cut.opt], [question, [], [], [], null])
      assert.deepEqual(whole.octets, before, 'the response itself is left as it was')
    })
  }
})

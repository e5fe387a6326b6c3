/** What an answering thread leaves to the core, and what it answers itself although there is a core. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Peer } from '../../src/authority/query.ts'
import { OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { parsePrefix, PrefixList } from '../../src/dns/prefix.ts'
import { Cookies } from '../../src/server/cookies.ts'
import { NO_DEFERRALS, type Defers } from '../../src/server/defers.ts'
import { DEFERRED, type ServerOptions } from '../../src/server/server.ts'
import { DEFERRED as TRANSPORT_DEFERRED } from '../../src/transport/handler.ts'
import { demandOctets } from '../discovery/ranking/hive.ts'
import { ask, decode, encode, hex, NOW, query, record, serverOf, tcp, u16, udp, wire, type QueryParts } from './messages.ts'

const A = encode(record('x.example. 60 IN A 192.0.2.1'))
const TSIG = Uint8Array.of(...wire('key.'), ...u16(TYPE.TSIG), 0, 255, 0, 0, 0, 0, ...u16(29), ...hex('0b686d61632d73686132353600 00006b49d200 012c 0000 1234 0000 0000'))
const SIG_ZERO = Uint8Array.of(0, ...u16(TYPE.SIG), 0, 255, 0, 0, 0, 0, ...u16(27), ...new Uint8Array(27))
const SIG_OF_A = Uint8Array.of(0, ...u16(TYPE.SIG), 0, 255, 0, 0, 0, 0, ...u16(27), 0, 1, ...new Uint8Array(25))
const ALL: Defers = { update: true, agent: true, signed: true, missing: true, stale: true, sessions: true }
const COUNTED = ['update', 'agent', 'signed', 'missing', 'stale', 'session'] as const
const NONE = COUNTED.map(() => 0)

const of = (opcode: number): number => opcode << 11

/** A message, what is deferred for it as the counter is called, and the RCODE where there is no core. */
type Row = [title: string, parts: QueryParts, need: keyof Defers | 'answered', rcode: number, rcodeWithCore?: number]

const ROWS: Row[] = [
  ['a query', {}, 'answered', RCODE.NOERROR],
  ['an UPDATE', { flags: of(OPCODE.UPDATE), type: TYPE.SOA, authority: [A] }, 'update', RCODE.NOTIMP],
  ['a signed UPDATE', { flags: of(OPCODE.UPDATE), type: TYPE.SOA, authority: [A], additional: [TSIG] }, 'update', RCODE.NOTIMP],
  ['an UPDATE cut short', { flags: of(OPCODE.UPDATE), type: TYPE.SOA, authority: [A.slice(0, -1)] }, 'answered', RCODE.NOTIMP, RCODE.FORMERR],
  ['an UPDATE of two zones (RFC 2136 3.1.1)', { flags: of(OPCODE.UPDATE), counts: [2, 0, 0, 0], trailing: query().slice(12) }, 'answered', RCODE.NOTIMP, RCODE.FORMERR],
  ['an UPDATE with a TSIG that is not the last record (RFC 8945 5.2)', { flags: of(OPCODE.UPDATE), additional: [TSIG, A] }, 'answered', RCODE.NOTIMP, RCODE.FORMERR],
  ['opcode AGENT with a question', { flags: of(OPCODE.AGENT) }, 'answered', RCODE.NOERROR],
  ['opcode AGENT with one question twice', { flags: of(OPCODE.AGENT), counts: [2, 0, 0, 0], trailing: query().slice(12) }, 'answered', RCODE.FORMERR],
  ['opcode AGENT with questions, signed by TSIG', { flags: of(OPCODE.AGENT), additional: [TSIG] }, 'signed', RCODE.NOTAUTH],
  ['opcode AGENT with questions, signed by SIG(0)', { flags: of(OPCODE.AGENT), additional: [SIG_ZERO] }, 'signed', RCODE.NOERROR],
  ['opcode AGENT with none', { flags: of(OPCODE.AGENT), question: null, answer: [A] }, 'agent', RCODE.NOTIMP],
  ['NOTIFY', { flags: of(OPCODE.NOTIFY), type: TYPE.SOA }, 'answered', RCODE.NOTIMP],
  ['a signed NOTIFY', { flags: of(OPCODE.NOTIFY), type: TYPE.SOA, additional: [TSIG] }, 'answered', RCODE.NOTIMP],
  ['a query signed by TSIG', { additional: [TSIG] }, 'signed', RCODE.NOTAUTH],
  ['a query signed by SIG(0) (RFC 2931 3)', { additional: [SIG_ZERO] }, 'signed', RCODE.NOERROR],
  ['a request for a cookie', { question: null, opt: { options: [[OPTION.COOKIE, new Uint8Array(8)]] } }, 'answered', RCODE.FORMERR],
  ['a SIG that covers a type', { additional: [SIG_OF_A] }, 'answered', RCODE.NOERROR],
  ['a SIG(0) that is not the last record', { additional: [SIG_ZERO, A] }, 'answered', RCODE.NOERROR],
  ['a query with an EDNS version above ours', { opt: { version: 1 } }, 'answered', RCODE.BADVERS],
  ['a signed query that cannot be read', { additional: [TSIG.slice(0, -1)] }, 'answered', RCODE.FORMERR],
]

for (const [title, parts, need, rcode, rcodeWithCore = rcode] of ROWS) {
  const outcome = (defers: Defers, options: Partial<ServerOptions> = {}): { size: number; rcode: number | undefined; counted: number[] } => {
    const server = serverOf(undefined, { defers, ...options })
    const message = query(parts)
    const out = new Uint8Array(65_535)
    const size = server.answer(message, message.length, udp, out)
    const counted = COUNTED.map((name) => server.counters.get(`deferred.${name}`) ?? -1)
    return { size, counted, rcode: size > 0 ? decode(out.slice(0, size)).rcode : undefined }
  }

  test(`${title}: ${need === 'answered' ? 'answered' : `left to the core (${need})`}`, () => {
    assert.deepEqual([outcome(NO_DEFERRALS).rcode, outcome(NO_DEFERRALS).counted], [rcode, NONE], 'without a core')
    const { size, counted, rcode: answered } = outcome(ALL)
    if (need === 'answered') return assert.deepEqual([answered, counted], [rcodeWithCore, NONE])
    assert.equal(size, DEFERRED)
    assert.deepEqual(counted, COUNTED.map((name) => (name === need ? 1 : 0)))
    const { size: other } = outcome({ ...ALL, [need]: false })
    assert.ok(other > 0, 'only where the core has a service for it')
  })
}

test('a question whose answer is not here is left to the core where others can be asked', () => {
  const missing: Parameters<typeof serverOf>[0] = (_, answer) => {
    answer.isMissing = true
    answer.rcode = RCODE.REFUSED
  }
  const recursion = new PrefixList([parsePrefix('192.0.2.0/24')!])
  const wanted = query({ flags: 0x0100 })
  assert.equal(decode(ask(serverOf(missing, { recursion }), wanted)).rcode, RCODE.REFUSED, 'nobody could be asked')
  const server = serverOf(missing, { defers: ALL, recursion })
  assert.equal(server.answer(wanted, wanted.length, udp, new Uint8Array(512)), DEFERRED)
  assert.equal(server.counters.get('deferred.missing'), 1)
  assert.equal(server.counters.get('rcode.REFUSED'), 0, 'no response is counted before there is one')
})

describe('a question for agents that wants readings fresh (max-age)', () => {
  const cookies = new Cookies(hex('00112233445566778899aabbccddeeff'))
  const good = new Uint8Array(24)
  cookies.make(hex('0102030405060708'), 0, udp.address, NOW, good, 0)
  const [own, forged, client] = [good, good.map((octet, i) => octet ^ Number(i === 20)), good.slice(0, 8)].map((cookie): [number, Uint8Array] => [OPTION.COOKIE, cookie])
  const fresh: [number, Uint8Array] = [OPTION.DEMAND, demandOctets('latency=1s max-age=1s')]
  const batch = { flags: of(OPCODE.AGENT), counts: [2, 0, 0, 1] as [number, number, number, number], question: Uint8Array.of(...query({ type: TYPE.AGENT }).slice(12), ...query({ name: 'x.example.' }).slice(12)) }
  const CASES: [title: string, peer: Peer, options: [number, Uint8Array][], isLeft: boolean, parts?: QueryParts][] = [
    ['over TCP is left to the core', tcp, [fresh], true],
    ['over UDP with a cookie of ours is', udp, [fresh, own], true],
    ['over UDP is not, as the address may be forged', udp, [fresh], false],
    ['over UDP with half a cookie is not', udp, [fresh, client], false],
    ['over UDP with a forged cookie is not', udp, [fresh, forged], false],
    ['from elsewhere with the cookie of another is not', { ...udp, address: Uint8Array.of(192, 0, 2, 54) }, [fresh, own], false],
    ['in a batch is', tcp, [fresh], true, batch],
    ['in a batch over UDP is not', udp, [fresh], false, batch],
    ['of a demand without max-age is not', tcp, [[OPTION.DEMAND, demandOctets('latency=1s modality=text')]], false],
    ['of a demand that is cut short is not', tcp, [[OPTION.DEMAND, Uint8Array.of(255)]], false],
    ['without a demand is not', tcp, [], false],
    ['of another type is not', tcp, [fresh], false, { type: TYPE.A }],
  ]
  for (const [title, peer, options, isLeft, parts = { type: TYPE.AGENT }] of CASES) {
    test(title, () => {
      const message = query({ ...parts, opt: { options } })
      const sizes = [true, false].map((stale) => serverOf(undefined, { defers: { ...NO_DEFERRALS, stale }, cookies }).answer(message, message.length, peer, new Uint8Array(512)))
      assert.deepEqual(sizes.map((size) => size === DEFERRED), [isLeft, false])
    })
  }
})

test('room for a signature is left free, and only for that message', () => {
  const long: Parameters<typeof serverOf>[0] = (asked, answer) => {
    answer.rcode = RCODE.NXDOMAIN
    assert.ok(asked.hasQuestion)
  }
  const server = serverOf(long)
  const sizes = [0, 490].map((room) => server.answer(query(), query().length, udp, new Uint8Array(512), room))
  assert.ok(sizes[0] > 22)
  assert.ok(sizes[1] <= sizes[0])
})

test('transport and server mean the same by DEFERRED', () => {
  assert.equal(DEFERRED, TRANSPORT_DEFERRED)
})

describe('a message of a session (RFC 8490)', () => {
  const message = query({ flags: of(OPCODE.DSO), question: null, trailing: hex('0001 0008 00003a98 00003a98') })
  const outcome = (peer: Peer, defers: Defers): { size: number; rcode: number | undefined; counted: number } => {
    const server = serverOf(undefined, { defers })
    const out = new Uint8Array(65_535)
    const size = server.answer(message, message.length, peer, out)
    return { size, rcode: size > 0 ? decode(out.slice(0, size)).rcode : undefined, counted: server.counters.get('deferred.session') ?? -1 }
  }

  test('is left to the core over TCP, where it has a service for it', () => {
    assert.deepEqual(outcome(tcp, ALL), { size: DEFERRED, rcode: undefined, counted: 1 })
    assert.deepEqual([outcome(tcp, { ...ALL, sessions: false }).rcode, outcome(tcp, NO_DEFERRALS).rcode], [RCODE.NOTIMP, RCODE.NOTIMP])
  })

  test('is answered NOTIMP over UDP, where there are no sessions', () => {
    const { rcode, counted } = outcome(udp, ALL)
    assert.deepEqual([rcode, counted], [RCODE.NOTIMP, 0])
  })
})

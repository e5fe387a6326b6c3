/**
 * Messages of sessions (RFC 8490) and what is pushed in them (RFC 8765): their octets as the RFCs draw them, what they say read back,
 * the limits of one message, and malformed ones, of which nothing but WireFault may come.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { CLASS, OPCODE, RCODE, TYPE } from '../../src/dns/codes.ts'
import {
  decodeDso, DSO, type DsoMessage, type DsoTlv, encodeDso, keepaliveTlv, type PushChange, pushMessages, readKeepalive, readPush, readRetryDelay, readSubscribe, readUnsubscribe,
  retryDelayTlv, subscribeTlv, unsubscribeTlv,
} from '../../src/dns/dso.ts'
import { WireFault } from '../../src/dns/faults.ts'
import { MAX_DSO_TLVS, MAX_PUSH_OCTETS } from '../../src/dns/limits-sessions.ts'
import { MAX_MESSAGE_OCTETS } from '../../src/dns/limits.ts'
import { encodeMessage, makeMessage, type DnsRecord } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { Chance } from '../battery/chance.ts'
import { writeMutation } from '../battery/mutate.ts'
import { anyName, anyOctets, anyRecord, PLAIN } from './values.ts'
import { VECTORS } from './vectors.ts'

/** Octets in hex, blanks aside. */
function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'))
}

function shown(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex')
}

/** A request, or with ID 0 a message that wants no response. */
function asked(id: number, ...tlvs: DsoTlv[]): Uint8Array {
  return encodeDso({ id, response: false, rcode: 0, tlvs })
}

/** The changes that a message tells. */
function changesIn(octets: Uint8Array): PushChange[] {
  return readPush(octets, decodeDso(octets).tlvs[0])
}

/** A PUSH whose TLV holds these octets. */
function pushed(data: Uint8Array): Uint8Array {
  return asked(0, { type: DSO.PUSH, data })
}

function added(text: string): PushChange {
  return { kind: 'add', record: parseRecord(text) }
}

/** A change as one line: `+ a.example. 60 IN A 192.0.2.1`, `- …`, `x a.example. ANY`. */
function line(change: PushChange): string {
  if (change.kind === 'clear') return `x ${change.name} ${change.type} ${change.class}`
  return change.kind === 'add' ? `+ ${printRecord(change.record)}` : `- ${printRecord({ ...change.record, ttl: 0 })}`
}

function isFault(pattern: RegExp): (fault: unknown) => boolean {
  return (fault) => fault instanceof WireFault && fault.offset >= 0 && pattern.test(fault.message)
}

const TOPIC = { name: Name.parse('v2.translate._cap.acme.example.'), type: TYPE.AGENT, class: CLASS.IN }
const TOPIC_OCTETS = '02 7632 09 7472616e736c617465 04 5f636170 04 61636d65 07 6578616d706c65 00'
const HEADER = '0000 3000 0000 0000 0000 0000'

describe('octets', () => {
  const KEEPALIVE = keepaliveTlv({ inactivityMs: 15_000, intervalMs: 60_000 })
  const CASES: [what: string, message: DsoMessage, octets: string][] = [
    ['a Keepalive request (RFC 8490 7.1)', { id: 0x1234, response: false, rcode: 0, tlvs: [KEEPALIVE] }, '1234 3000 0000 0000 0000 0000  0001 0008 00003a98 0000ea60'],
    ['its response', { id: 0x1234, response: true, rcode: 0, tlvs: [keepaliveTlv({ inactivityMs: 0, intervalMs: 0xffff_ffff })] }, '1234 b000 0000 0000 0000 0000  0001 0008 00000000 ffffffff'],
    ['a Keepalive that the server sends by itself', { id: 0, response: false, rcode: 0, tlvs: [KEEPALIVE] }, `${HEADER} 0001 0008 00003a98 0000ea60`],
    ['a Retry Delay that ends the session (RFC 8490 7.2.1)', { id: 0, response: false, rcode: RCODE.SERVFAIL, tlvs: [retryDelayTlv(5_000)] }, '0000 3002 0000 0000 0000 0000  0002 0004 00001388'],
    ['a refusal with a Retry Delay (RFC 8490 7.2.2)', { id: 7, response: true, rcode: RCODE.REFUSED, tlvs: [retryDelayTlv(3_600_000)] }, '0007 b005 0000 0000 0000 0000  0002 0004 0036ee80'],
    ['a TLV that is not known (RFC 8490 5.4.5)', { id: 7, response: true, rcode: RCODE.DSOTYPENI, tlvs: [] }, '0007 b00b 0000 0000 0000 0000'],
    ['a SUBSCRIBE (RFC 8765 6.2.1)', { id: 2, response: false, rcode: 0, tlvs: [subscribeTlv(TOPIC)] }, `0002 3000 0000 0000 0000 0000  0040 0024 ${TOPIC_OCTETS} ffa0 0001`],
    ['an UNSUBSCRIBE (RFC 8765 6.4.1)', { id: 0, response: false, rcode: 0, tlvs: [unsubscribeTlv(2)] }, `${HEADER} 0042 0002 0002`],
    ['a message with padding behind what it is about (RFC 8490 7.3)', { id: 3, response: false, rcode: 0, tlvs: [unsubscribeTlv(9), { type: DSO.ENCRYPTION_PADDING, data: new Uint8Array(3) }] }, '0003 3000 0000 0000 0000 0000  0042 0002 0009  0003 0003 000000'],
  ]
  for (const [what, message, octets] of CASES) {
    it(`of ${what} are as drawn, and read back`, () => {
      assert.equal(shown(encodeDso(message)), octets.replace(/\s/g, ''))
      const read = decodeDso(hex(octets))
      assert.deepEqual({ ...read, tlvs: read.tlvs.map(({ type, data }) => ({ type, data })) }, message)
    })
  }

  it('of a PUSH are a record each, with TTLs that mean its going (RFC 8765 6.3.1)', () => {
    const { name, type, class: rrClass, rdata } = parseRecord('a.example. 0 IN A 192.0.2.1')
    const messages = pushMessages([added('a.example. 60 IN A 192.0.2.1'), { kind: 'remove', record: { name, type, class: rrClass, rdata } }, { kind: 'clear', name, type: TYPE.ANY, class: CLASS.IN }])
    const owner = '01 61 07 6578616d706c65 00'
    assert.deepEqual(messages.map(shown), [`${HEADER} 0041 0047
      ${owner} 0001 0001 0000003c 0004 c0000201
      ${owner} 0001 0001 ffffffff 0004 c0000201
      ${owner} 00ff 0001 fffffffe 0000`.replace(/\s/g, '')])
    assert.deepEqual(changesIn(messages[0]).map(line), ['+ a.example. 60 IN A 192.0.2.1', '- a.example. 0 IN A 192.0.2.1', 'x a.example. 255 1'])
  })

  it('of a PUSH may compress names, in RDATA too, to any place before them in the message (RFC 8765 6.3.1)', () => {
    // a.example. stands in octet 16, example. in 18; the MX names mail.example. by a pointer
    const octets = pushed(hex('01 61 07 6578616d706c65 00  0001 0001 0000003c 0004 c0000201   c010  000f 0001 0000003c 0009 000a 04 6d61696c c012'))
    assert.deepEqual(changesIn(octets).map(line), ['+ a.example. 60 IN A 192.0.2.1', '+ a.example. 60 IN MX 10 mail.example.'])
  })

  it('that are known by their number', () => {
    assert.deepEqual(DSO, { KEEPALIVE: 1, RETRY_DELAY: 2, ENCRYPTION_PADDING: 3, SUBSCRIBE: 64, PUSH: 65, UNSUBSCRIBE: 66, RECONFIRM: 67 })
  })
})

const U16 = fc.nat(0xffff)
const U32 = fc.nat(0xffff_ffff)
const tlv = fc.record({ type: U16, data: anyOctets(0, 40) }, PLAIN)
const message = fc.record({ id: U16, response: fc.boolean(), rcode: fc.nat(15), tlvs: fc.array(tlv, { maxLength: MAX_DSO_TLVS }) }, PLAIN)
const change = fc.oneof(
  anyRecord().map((record): PushChange => ({ kind: 'add', record })),
  anyRecord().map(({ name, type, class: rrClass, rdata }): PushChange => ({ kind: 'remove', record: { name, type, class: rrClass, rdata } })),
  fc.record({ name: anyName(), type: fc.constantFrom<number>(TYPE.A, TYPE.AGENT, TYPE.ANY), class: fc.constantFrom<number>(CLASS.IN, CLASS.ANY) }, PLAIN).map((rest): PushChange => ({ kind: 'clear', ...rest })),
)

describe('what is said is read back', () => {
  it('from any message, with where each TLV starts', () => {
    fc.assert(fc.property(message, (said) => {
      const octets = encodeDso(said)
      const read = decodeDso(octets)
      assert.deepEqual({ ...read, tlvs: read.tlvs.map(({ type, data }) => ({ type, data })) }, said)
      for (const { at = -1, data } of read.tlvs) assert.deepEqual(octets.subarray(at, at + data.length), data)
    }))
  })

  it('from times, delays, topics and IDs of any size', () => {
    fc.assert(fc.property(U32, U32, (inactivityMs, intervalMs) => assert.deepEqual(readKeepalive(keepaliveTlv({ inactivityMs, intervalMs })), { inactivityMs, intervalMs })))
    fc.assert(fc.property(U32, (delayMs) => readRetryDelay(retryDelayTlv(delayMs)) === delayMs))
    fc.assert(fc.property(U16, (id) => readUnsubscribe(unsubscribeTlv(id)) === id))
    fc.assert(fc.property(anyName(20), U16, U16, (name, type, rrClass) => {
      const topic = readSubscribe(subscribeTlv({ name, type, class: rrClass }))
      assert.deepEqual([shown(topic.name.wire), topic.type, topic.class], [shown(name.wire), type, rrClass])
    }))
  })

  it('from changes of every kind, in their order', () => {
    fc.assert(fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
      assert.deepEqual(pushMessages(changes).flatMap(changesIn), changes)
    }))
  })

  it('from changes of records of every type', () => {
    const changes = VECTORS.map(([text], i) => added(`r${i}.example. 60 IN ${text}`))
    assert.deepEqual(pushMessages(changes).flatMap(changesIn).map(line), changes.map(line))
  })

  it('from a TTL that says more than 31 bits as the longest there is (RFC 2181 8)', () => {
    const [octets] = pushMessages([{ kind: 'add', record: { ...parseRecord('a.example. 0 IN A 192.0.2.1'), ttl: 0xffff_ffff } }])
    assert.deepEqual(changesIn(octets).map(line), ['+ a.example. 2147483647 IN A 192.0.2.1'])
  })

  it('from a TLV that is read again after the message it came in was changed', () => {
    const octets = pushMessages([added('a.example. 60 IN A 192.0.2.1')])[0].slice()
    const [read] = changesIn(octets)
    octets.fill(0xff)
    assert.equal(line(read), '+ a.example. 60 IN A 192.0.2.1', 'nothing of the message is kept')
  })
})

describe('a message', () => {
  it(`has ${MAX_DSO_TLVS} TLVs at most`, () => {
    const tlvs = Array.from({ length: MAX_DSO_TLVS + 1 }, () => ({ type: 3, data: new Uint8Array(1) }))
    assert.equal(decodeDso(asked(1, ...tlvs.slice(1))).tlvs.length, MAX_DSO_TLVS)
    assert.throws(() => decodeDso(asked(1, ...tlvs)), isFault(/more than 16 TLVs/))
  })

  it(`has ${MAX_MESSAGE_OCTETS} octets at most`, () => {
    const most = MAX_MESSAGE_OCTETS - 16
    assert.equal(asked(1, { type: 3, data: new Uint8Array(most) }).length, MAX_MESSAGE_OCTETS)
    assert.throws(() => asked(1, { type: 3, data: new Uint8Array(most + 1) }), WireFault)
  })

  it('that pushes nothing is not made', () => {
    assert.deepEqual(pushMessages([]), [])
  })

  /** A change that takes `octets` in a message. */
  const sized = (octets: number, i = 0): PushChange => {
    const name = Name.parse(`r${i}.example.`)
    return { kind: 'add', record: { name, type: 4711, class: CLASS.IN, ttl: 60, rdata: new Uint8Array(octets - name.wire.length - 10) } }
  }

  it('that pushes is filled to 16,382 octets and not beyond (RFC 8765 6.3.1)', () => {
    const room = MAX_PUSH_OCTETS - 16
    assert.deepEqual(pushMessages([sized(room - 100), sized(100)]).map(({ length }) => length), [16_382])
    assert.deepEqual(pushMessages([sized(room - 100), sized(101)]).map(({ length }) => length), [16_282, 117])
    assert.deepEqual(pushMessages([sized(room)]).map(({ length }) => length), [16_382])
  })

  it('that pushes what alone is longer has it alone, whatever stands before and behind', () => {
    const messages = pushMessages([sized(50, 1), sized(20_000, 2), sized(60, 3)])
    assert.deepEqual(messages.map(({ length }) => length), [66, 20_016, 76])
  })

  it('that no TCP stream carries is a WireFault', () => {
    assert.equal(pushMessages([sized(MAX_MESSAGE_OCTETS - 16)])[0].length, MAX_MESSAGE_OCTETS)
    assert.throws(() => pushMessages([sized(MAX_MESSAGE_OCTETS - 15)]), WireFault)
    assert.throws(() => pushMessages([sized(MAX_MESSAGE_OCTETS + 20)]), WireFault)
  })

  it('of many changes is split in their order, each part full before the next begins', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 40, max: 9_000 }), { minLength: 1, maxLength: 40 }), (sizes) => {
      const changes = sizes.map(sized)
      const messages = pushMessages(changes)
      assert.deepEqual(messages.flatMap(changesIn), changes)
      assert.ok(messages.every(({ length }) => length <= MAX_PUSH_OCTETS))
      for (let i = 1; i < messages.length; i++) {
        const [first] = changesIn(messages[i]) as { record: DnsRecord }[]
        assert.ok(messages[i - 1].length + first.record.name.wire.length + 10 + first.record.rdata.length > MAX_PUSH_OCTETS, 'it would have found room in the one before')
      }
    }), { numRuns: 50 })
  })
})

describe('a malformed message', () => {
  const KEEPALIVE = `0001 3000 0000 0000 0000 0000 0001 0008 00003a98 0000ea60`
  const CASES: [what: string, octets: string, pattern: RegExp][] = [
    ['is empty', '', /2 octets/],
    ['ends in its header', '0001 3000 0000 0000 0000', /2 octets/],
    ['is a query', '0001 0000 0000 0000 0000 0000', /its opcode is another/],
    ['is an update', '0001 2800 0000 0000 0000 0000', /its opcode is another/],
    ['is of opcode 7', '0001 3800 0000 0000 0000 0000', /its opcode is another/],
    ['counts a question', KEEPALIVE.replace('3000 0000', '3000 0001'), /its counts must be zero/],
    ['counts an answer', KEEPALIVE.replace('3000 0000 0000', '3000 0000 0001'), /its counts must be zero/],
    ['counts an authority', KEEPALIVE.replace('3000 0000 0000 0000', '3000 0000 0000 0100'), /its counts must be zero/],
    ['counts an additional record (RFC 8490 5.4.6: neither EDNS nor TSIG)', KEEPALIVE.replace('3000 0000 0000 0000 0000', '3000 0000 0000 0000 0001'), /its counts must be zero/],
    ['ends in the type of a TLV', `${HEADER} 00`, /2 octets/],
    ['ends in the length of a TLV', `${HEADER} 0001 00`, /2 octets/],
    ['ends in a TLV', `${HEADER} 0001 0008 00003a98`, /8 octets/],
    ['has an octet behind its last TLV', `${KEEPALIVE} 00`, /2 octets/],
  ]
  for (const [what, octets, pattern] of CASES) it(`that ${what} is a WireFault`, () => assert.throws(() => decodeDso(hex(octets)), isFault(pattern)))

  it('without any TLV is a message: who answers says what it lacks', () => {
    assert.deepEqual(decodeDso(hex(HEADER)), { id: 0, response: false, rcode: 0, tlvs: [] })
  })

  it('whose other bits are set is read as if they were not (RFC 8490 5.4.1)', () => {
    assert.deepEqual(decodeDso(hex('0001 b7f4 0000 0000 0000 0000')), { id: 1, response: true, rcode: 4, tlvs: [] })
  })

  const SHORT: [what: string, read: (one: DsoTlv) => unknown, good: DsoTlv][] = [
    ['Keepalive', readKeepalive, keepaliveTlv({ inactivityMs: 1, intervalMs: 2 })], ['Retry Delay', readRetryDelay, retryDelayTlv(1)],
    ['SUBSCRIBE', readSubscribe, subscribeTlv(TOPIC)], ['UNSUBSCRIBE', readUnsubscribe, unsubscribeTlv(1)],
  ]
  for (const [what, read, { type, data }] of SHORT) {
    it(`with a ${what} that is cut anywhere, or goes on, is a WireFault`, () => {
      for (let size = 0; size < data.length; size++) assert.throws(() => read({ type, data: data.subarray(0, size) }), WireFault, String(size))
      assert.throws(() => read({ type, data: Uint8Array.of(...data, 0) }), isFault(/1 octets follow/))
    })
  }

  it('with a pointer in a SUBSCRIBE is a WireFault, wherever it points (RFC 8765 6.2.1)', () => {
    for (const octets of ['c000 0001 0001', 'c00c 0001 0001', '01 61 c000 0001 0001']) assert.throws(() => readSubscribe({ type: DSO.SUBSCRIBE, data: hex(octets) }), isFault(/permitted pointer/))
  })

  const OWNER = '01 61 00'
  const CHANGES: [what: string, octets: string, pattern: RegExp][] = [
    ['without any change (RFC 8765 6.3.1)', '', /runs past its bounds/],
    ['whose name runs out', '01 61', /runs past its bounds/],
    ['whose name points to itself', 'c010 0001 0001 0000003c 0004 c0000201', /earlier octet/],
    ['without type, class, TTL and length', OWNER, /octets/],
    ['without its RDATA', `${OWNER} 0001 0001 0000003c 0004`, /only 0 of its 4 octets/],
    ['whose RDATA is cut', `${OWNER} 0001 0001 0000003c 0004 c00002`, /only 3 of its 4 octets/],
    ['whose RDATA does not fit its type', `${OWNER} 0001 0001 0000003c 0003 c00002`, /./],
    ['whose RDATA is longer than its type', `${OWNER} 0001 0001 0000003c 0005 c000020101`, /./],
    ['of an agent whose name is a pointer (RFC 3597 4)', `${OWNER} ffa0 0001 0000003c 0004 0001 c010`, /permitted pointer/],
    ['that removes by RDATA which does not fit its type', `${OWNER} 0001 0001 ffffffff 0000`, /./],
    ['that removes all, with RDATA', `${OWNER} 0001 0001 fffffffe 0004 c0000201`, /collective removal has no RDATA/],
    ['that adds a record of every type', `${OWNER} 00ff 0001 0000003c 0000`, /a type and a class/],
    ['that adds a record of every class', `${OWNER} 0001 00ff 0000003c 0004 c0000201`, /a type and a class/],
    ['that removes a single record of every type', `${OWNER} 00ff 0001 ffffffff 0000`, /a type and a class/],
    ['whose TTL is the least that means nothing', `${OWNER} 0001 0001 80000000 0004 c0000201`, /TTL 2147483648 means nothing/],
    ['whose TTL is the most that means nothing', `${OWNER} 0001 0001 fffffffd 0004 c0000201`, /TTL 4294967293 means nothing/],
    ['with octets behind its last change', `${OWNER} 0001 0001 0000003c 0004 c0000201 01`, /./],
  ]
  for (const [what, octets, pattern] of CHANGES) it(`with a PUSH ${what} is a WireFault`, () => assert.throws(() => changesIn(pushed(hex(octets))), isFault(pattern)))

  it('with a PUSH is cut at its TLV: what follows is no part of a change', () => {
    const data = hex(`${OWNER} 0001 0001 0000003c 0004 c0000201`)
    const octets = asked(0, { type: DSO.PUSH, data: data.subarray(0, data.length - 1) }, { type: 3, data })
    assert.throws(() => readPush(octets, decodeDso(octets).tlvs[0]), isFault(/only 3 of its 4 octets/))
    const whole = asked(0, { type: DSO.PUSH, data }, { type: 3, data })
    assert.equal(readPush(whole, decodeDso(whole).tlvs[0]).length, 1)
  })

  it('with the greatest TTL that is one is read', () => {
    assert.deepEqual(changesIn(pushed(hex(`${OWNER} 0001 0001 7fffffff 0004 c0000201`))).map(line), ['+ a. 2147483647 IN A 192.0.2.1'])
  })
})

/** What readers make of a message; `read` is what they could. */
function readAll(octets: Uint8Array): string {
  const { tlvs } = decodeDso(octets)
  for (const one of tlvs) {
    if (one.type === DSO.PUSH) for (const each of readPush(octets, one)) assert.ok(line(each).length > 3)
    if (one.type === DSO.KEEPALIVE) readKeepalive(one)
    if (one.type === DSO.RETRY_DELAY) readRetryDelay(one)
    if (one.type === DSO.SUBSCRIBE) readSubscribe(one)
    if (one.type === DSO.UNSUBSCRIBE) readUnsubscribe(one)
  }
  return 'read'
}

describe('hostile octets', () => {
  const lines = VECTORS.map(([text], i) => `r${i}.example. 60 IN ${text}`)
  const corpus = [
    asked(1, keepaliveTlv({ inactivityMs: 15_000, intervalMs: 60_000 })), asked(0, retryDelayTlv(5_000)), asked(2, subscribeTlv(TOPIC)), asked(0, unsubscribeTlv(2)),
    asked(3, unsubscribeTlv(2), { type: 3, data: new Uint8Array(40) }), ...lines.flatMap((text) => pushMessages([added(text)])), ...pushMessages(lines.map(added)),
    ...pushMessages([{ kind: 'clear', ...TOPIC }, { kind: 'remove', record: parseRecord(lines[0]) }, added(lines[1])]),
    encodeMessage(makeMessage({ questions: [TOPIC], opcode: OPCODE.QUERY })),
  ].map((octets) => Buffer.from(octets))

  it('are read, or are a WireFault: 20,000 mutations of messages of every kind', (t) => {
    const chance = new Chance(8765)
    const out = Buffer.alloc(20_000)
    const ended = new Map<string, number>()
    for (let i = 0; i < 20_000; i++) {
      const octets = out.subarray(0, writeMutation(out, corpus, chance))
      let end: string
      try {
        end = readAll(octets)
      } catch (fault) {
        if (!(fault instanceof WireFault)) throw new Error(`run ${i}: ${shown(octets)}`, { cause: fault })
        end = 'fault'
      }
      ended.set(end, (ended.get(end) ?? 0) + 1)
    }
    t.diagnostic([...ended].map(([end, count]) => `${end}: ${count}`).join(', '))
    assert.ok((ended.get('read') ?? 0) > 1_000 && (ended.get('fault') ?? 0) > 5_000, 'both happen often')
  })

  it('that could be read say the same when they are said again', () => {
    const chance = new Chance(8490)
    const out = Buffer.alloc(20_000)
    let same = 0
    for (let i = 0; i < 4_000; i++) {
      const octets = out.subarray(0, writeMutation(out, corpus, chance))
      try {
        const changes = changesIn(octets)
        assert.deepEqual(pushMessages(changes).flatMap(changesIn), changes)
        same++
      } catch (fault) {
        if (!(fault instanceof WireFault) && !(fault instanceof TypeError)) throw fault // a message without a TLV has no first
      }
    }
    assert.ok(same > 100, `${same} could be read`)
  })
})

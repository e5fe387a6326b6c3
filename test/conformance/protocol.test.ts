/**
 * docs/protocol.md, the parts that it calls served: records for agents are records like any other, class LOCAL is a
 * tree of its own, AG is understood, and what is fixed for later is turned away as unknown things are.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CLASS, EDE, OPCODE, OPTION, parseType, printClass, printType, TYPE } from '../../src/dns/codes.ts'
import { parseParameters } from '../../src/dns/parameters.ts'
import { asker, assertResponse, converser, zoneOf } from '../authority/ask.ts'
import { load } from '../zone/support.ts'

const TEXT = `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ NS ns
ns A 192.0.2.1
babel._sa A 192.0.2.10
babel._sa AAAA 2001:db8::10
v2.translate.text.nlp._cap AGENT 1 babel._sa latency=180ms accuracy=0.97 concurrency=64 location=48.2082,16.3738
v2.translate.text.nlp._cap AGENT 2 other._sa.beta.test.
v1.translate.text.nlp._cap AGENT 0 v2.translate.text.nlp._cap
v2.translate.text.nlp._cap SENSE 7 babel._sa latency=210ms active=12 state=occupied
menu42._task TASK 2 babel._sa role=translator
`
const zone = zoneOf('acme.example.', TEXT)
const ask = asker(zone)
const CAPABILITY = 'v2.translate.text.nlp._cap.acme.example.'
const ADDRESSES = ['babel._sa.acme.example. 60 IN A 192.0.2.10', 'babel._sa.acme.example. 60 IN AAAA 2001:db8::10']

describe('docs/protocol.md 1: numbers', () => {
  test('types, class, opcode and options have the numbers of the page', () => {
    assert.deepEqual([TYPE.AGENT, TYPE.SENSE, TYPE.TASK, CLASS.LOCAL, OPCODE.AGENT, OPTION.DEMAND, OPTION.OFFER], [65440, 65441, 65442, 65440, 14, 65440, 65441])
    assert.deepEqual([EDE.NO_LIVE_AGENT, EDE.DEPENDENCY_MISSING], [49152, 49157])
    assert.deepEqual([printType(65440), printClass(65440), parseType('TYPE65442')], ['AGENT', 'LOCAL', TYPE.TASK])
  })

  test('the numbers lie in the ranges for private use (RFC 6895 3.1, 3.2, RFC 6891 9, RFC 8914 5.2)', () => {
    for (const code of [TYPE.AGENT, TYPE.SENSE, TYPE.TASK, CLASS.LOCAL]) assert.ok(code >= 65_280 && code <= 65_534)
    for (const code of [OPTION.DEMAND, OPTION.OFFER]) assert.ok(code >= 65_001 && code <= 65_534)
    for (const code of [EDE.NO_LIVE_AGENT, EDE.AGENT_PERMISSION_REQUIRED]) assert.ok(code >= 49_152 && code <= 65_535)
  })

  test('AG comes back where the zone holds agents and the query had it, with any answer; nowhere else', () => {
    const plain = zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n')
    const converse = converser([zone, plain])
    for (const question of [`${CAPABILITY} AGENT`, 'ns.acme.example. A', 'none.acme.example. A']) {
      assert.equal(converse(question, { header: 'ag' }).header, 'qr aa ag')
      assert.equal(converse(question).header, 'qr aa')
    }
    assert.equal(converse('ns.example. A', { header: 'ag' }).header, 'qr aa')
    assert.equal(converse('www.test. A', { header: 'ag' }).header, 'qr')
  })

  test('opcode 14 is a batch where it asks, and without a question an update, which needs the core', () => {
    const found = converser([zone])(`${CAPABILITY} AGENT`, { opcode: 14, header: 'ag' })
    assert.deepEqual([found.rcode, found.opcode, found.header, found.answer.length], ['NOERROR', 14, 'qr aa ag', 2])
    assert.deepEqual([converser([zone])('', { opcode: 14 }).rcode, converser([zone])('', { opcode: 14 }).opcode], ['NOTIMP', 14])
  })
})

describe('docs/protocol.md 3: records', () => {
  test('AGENT, SENSE and TASK are answered whole, with AA and the addresses of agents in the zone', () => {
    assertResponse(ask(`${CAPABILITY} AGENT`), {
      answer: [
        `${CAPABILITY} 60 IN AGENT 1 babel._sa.acme.example. latency=180ms accuracy=0.97 concurrency=64 location=48.2082,16.3738`,
        `${CAPABILITY} 60 IN AGENT 2 other._sa.beta.test.`,
      ],
      additional: ADDRESSES,
    })
    assert.deepEqual(ask(`${CAPABILITY} SENSE`).answer, [`${CAPABILITY} 60 IN SENSE 7 babel._sa.acme.example. latency=210ms active=12 state=occupied`])
    assert.deepEqual(ask('menu42._task.acme.example. TASK').answer, ['menu42._task.acme.example. 60 IN TASK 2 babel._sa.acme.example. role=translator'])
  })

  test('the alias form is a record like any other: it is answered, and the asker follows it', () => {
    assert.deepEqual(ask('v1.translate.text.nlp._cap.acme.example. AGENT').answer, [`v1.translate.text.nlp._cap.acme.example. 60 IN AGENT 0 ${CAPABILITY}`])
  })

  test('the generic form is the same record, and names in it are not compressed (RFC 3597 4, 5)', () => {
    const generic = asker(zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nx._cap TYPE65440 \\# 13 00010161076578616D706C6500\n'))
    const response = generic('x._cap.example. AGENT')
    assert.deepEqual(response.answer, ['x._cap.example. 60 IN AGENT 1 a.example.'])
    assert.equal(response.octets, 12 + 20 + 12 + 13)
  })

  test('keys ascend on the wire whatever their order in text, and none stands twice', () => {
    assert.match(asker(zoneOf('example.', `${TEXT.split('\n').slice(0, 4).join('\n')}\nx._cap AGENT 1 a._sa cost=1 latency=1ms\n`))('x._cap.example. AGENT').answer[0], / latency=1ms cost=1$/)
    assert.equal(load(`${TEXT}x._cap AGENT 1 a._sa cost=1 cost=2\n`, 'acme.example.').image, undefined)
  })

  test('names above a capability exist without data, and a capability of a wildcard is made like any name', () => {
    assert.deepEqual(['_cap', 'nlp._cap', 'text.nlp._cap'].map((name) => ask(`${name}.acme.example. AGENT`).rcode), ['NOERROR', 'NOERROR', 'NOERROR'])
    const wild = asker(zoneOf('example.', `${TEXT.split('\n').slice(0, 4).join('\n')}\n*._cap AGENT 1 a._sa\n`))
    assert.deepEqual(wild('anything._cap.example. AGENT').answer, ['anything._cap.example. 60 IN AGENT 1 a._sa.example.'])
  })
})

describe('docs/protocol.md 4: asking', () => {
  test('DEMAND is ignored, well formed or not, whatever is asked: the answer is that of a query without it, and holds no OFFER', () => {
    const converse = converser([zone])
    for (const octets of ['', 'ff', '00'.repeat(300), 'ff14000400030d40']) {
      for (const question of [`${CAPABILITY} AGENT`, 'babel._sa.acme.example. A', 'none.acme.example. A']) {
        const [with_, without] = [converse(question, { options: [[OPTION.DEMAND, octets]] }), converse(question, { size: 1232 })]
        assert.deepEqual(with_, without)
      }
    }
  })

  test('a demand as text is octets that the option takes: keys that ascend, each with its length', () => {
    const octets = Buffer.from(parseParameters('accuracy=0.93 latency=200ms count=3', 'DEMAND')).toString('hex')
    assert.equal(octets, 'ff14000400030d40' + 'ff1500022454' + 'ff3c000103')
    assert.equal(converser([zone])(`${CAPABILITY} AGENT`, { options: [[OPTION.DEMAND, octets]] }).answer.length, 2)
  })

  test('class LOCAL and class IN do not see each other, nor does class ANY see LOCAL', () => {
    const local = zoneOf('acme.example.', TEXT.replaceAll('192.0.2.', '198.51.100.'), CLASS.LOCAL)
    const both = asker(zone, local)
    assert.deepEqual(both('babel._sa.acme.example. A LOCAL').answer, ['babel._sa.acme.example. 60 LOCAL A 198.51.100.10'])
    assert.deepEqual(both('babel._sa.acme.example. A IN').answer, [ADDRESSES[0]])
    assert.deepEqual([asker(local)('babel._sa.acme.example. A ANY').rcode, asker(local)('babel._sa.acme.example. A').rcode], ['REFUSED', 'REFUSED'])
    assert.equal(both(`${CAPABILITY} AGENT LOCAL`).additional.length, 2)
  })

  test('a chain does not leave its class', () => {
    const local = zoneOf('a.example.', '$TTL 60\n@ LOCAL SOA ns admin 1 2 3 4 60\n@ LOCAL NS ns\nns LOCAL A 192.0.2.1\nx LOCAL CNAME ns.acme.example.\n', CLASS.LOCAL)
    assertResponse(asker(zone, local)('x.a.example. A LOCAL'), { answer: ['x.a.example. 60 LOCAL CNAME ns.acme.example.'] })
  })
})

test('docs/protocol.md 6: an UPDATE is not implemented yet, and changes nothing', () => {
  assert.equal(converser([zone])('acme.example. SOA', { opcode: 5 }).rcode, 'NOTIMP')
  assert.equal(ask('ns.acme.example. A').answer.length, 1)
})

/**
 * docs/protocol.md 5, batch discovery: several questions in one message, each answered as if it came alone, in order; what the
 * whole says by RCODE, AA, TC and OPT; what is no batch; and that it costs an asker as much as so many queries.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { RankedChooser } from '../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../src/discovery/ranking/from-image.ts'
import { EDE, OPCODE, OPTION, parseClass, parseType } from '../../src/dns/codes.ts'
import { MAX_BATCH_QUESTIONS } from '../../src/dns/limits-discovery.ts'
import { encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { WireWriter } from '../../src/dns/octets.ts'
import { printParameters } from '../../src/dns/parameters.ts'
import { RateLimit } from '../../src/server/rate-limit.ts'
import { DEFERRED, type Server, type ServerOptions } from '../../src/server/server.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { type Asking, type Conversed, converserOf, exchange, SEED, serverOf, zoneOf } from '../authority/ask.ts'
import { BEGIN_MS, chance, demandOctets } from '../discovery/ranking/hive.ts'
import { opt, udp } from './messages.ts'

const ZONE = `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ NS ns
ns A 192.0.2.1
a._sa A 192.0.2.10
b._sa A 192.0.2.20
v1.ocr._cap AGENT 1 a._sa accuracy=0.9
v1.speak._cap AGENT 1 a._sa accuracy=0.5
v1.speak._cap AGENT 1 b._sa accuracy=0.99
v1.both._cap AGENT 1 b._sa depends=v1.ocr._cap.acme.example
lead CNAME ns
sub NS ns.sub
ns.sub A 192.0.2.99
`
const APEX = 'acme.example.'
const cap = (name: string): string => `v1.${name}._cap.${APEX} AGENT`

interface BatchAsking extends Asking {
  demand?: string
  /** Questions that QDCOUNT tells, where they shall not be those that are there. */
  count?: number
  /** ANCOUNT and NSCOUNT. */
  records?: [number, number]
}

/** A batch of questions in text, as octets. */
function encodeBatch(questions: readonly string[], { demand, count = questions.length, records = [0, 0], opcode = OPCODE.AGENT, ...asking }: BatchAsking = {}): Uint8Array {
  const out = new WireWriter()
  const options = [...(asking.options ?? []), ...(demand === undefined ? [] : [[OPTION.DEMAND, Buffer.from(demandOctets(demand)).toString('hex')] as [number, string]])]
  const hasOpt = asking.size !== undefined || options.length > 0
  for (const word of [0x4321, (opcode << 11) | (asking.header === 'ag' ? 0x40 : 0), count, ...records, hasOpt ? 1 : 0]) out.u16(word)
  for (const question of questions) {
    const [name, type, rrClass = 'IN'] = question.split(' ')
    out.bytes(Name.parse(name).wire)
    out.u16(parseType(type) as number)
    out.u16(parseClass(rrClass) as number)
  }
  if (hasOpt) out.bytes(opt({ size: asking.size ?? 1_232, version: asking.version ?? 0, options: options.map(([code, hex]) => [code, Buffer.from(hex, 'hex')]) }))
  return out.finish()
}

function deskServer(options: Partial<ServerOptions> = {}, text = ZONE): Server {
  const image = zoneOf(APEX, text)
  const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: chance(1) })
  chooser.useTables([registerZone(image).registrar.table.buffer])
  return serverOf([], { authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, chooser), ...options })
}

function ask(server: Server, questions: readonly string[], asking: BatchAsking = {}): Conversed {
  return exchange(server, encodeBatch(questions, asking), asking) ?? assert.fail('silence')
}

/** The OFFER of each question, in text. */
const offersOf = ({ edns }: Conversed): string[] => (edns?.options ?? []).flatMap(([code, hex]) => (code === OPTION.OFFER ? [printParameters(Buffer.from(hex, 'hex'), 'OFFER')] : []))
const edeOf = ({ edns }: Conversed): number | undefined => {
  const found = edns?.options.find(([code]) => code === OPTION.EDE)
  return found && parseInt(found[1].slice(0, 4), 16)
}
const short = (lines: readonly string[]): string[] => lines.map((line) => line.split(' ').filter((_, i) => i !== 1 && i !== 2).slice(0, 4).join(' '))

describe('answers', () => {
  test('come in the order of the questions, which are sent back as they came; addresses once, behind all', () => {
    const questions = [cap('speak').replace('speak', 'Speak'), cap('ocr'), `ns.${APEX} A`]
    const found = ask(deskServer(), questions, { demand: 'count=1 prefer=accuracy:1', size: 4_096 })
    assert.deepEqual([found.rcode, found.flags, found.opcode, found.id], ['NOERROR', 'aa', OPCODE.AGENT, 0x4321])
    assert.deepEqual(found.message.questions.map(({ name }) => String(name)), questions.map((text) => text.split(' ')[0]))
    assert.deepEqual(short(found.answer), [`v1.Speak._cap.${APEX} AGENT 1 b._sa.${APEX}`, `v1.ocr._cap.${APEX} AGENT 1 a._sa.${APEX}`, `ns.${APEX} A 192.0.2.1`])
    assert.deepEqual(short(found.additional), [`b._sa.${APEX} A 192.0.2.20`, `a._sa.${APEX} A 192.0.2.10`])
  })

  test('the demand holds for every question, and each has its OFFER', () => {
    const found = ask(deskServer(), [cap('ocr'), cap('speak'), cap('none')], { demand: 'accuracy=0.95', size: 4_096 })
    assert.deepEqual(short(found.answer), [`v1.speak._cap.${APEX} AGENT 1 b._sa.${APEX}`])
    assert.deepEqual(offersOf(found).map((text) => text.replace(/scores=\S+ /, '')), [`scope=accuracy result=0/${EDE.DEMAND_NOT_SATISFIABLE}`, 'ages=none states=idle scope=accuracy', 'result=3/65535'])
    assert.deepEqual([found.rcode, edeOf(found)], ['NOERROR', EDE.DEMAND_NOT_SATISFIABLE])
  })

  test('a closure comes with each that has one', () => {
    const found = ask(deskServer(), [cap('both'), cap('speak')], { demand: 'closure count=1', size: 4_096 })
    assert.deepEqual(short(found.additional).filter((line) => line.includes('AGENT')), [`v1.ocr._cap.${APEX} AGENT 1 a._sa.${APEX}`])
  })

  test('each question is answered as when it comes alone', () => {
    const asked = [cap('ocr'), `lead.${APEX} A`, `no.${APEX} A`, `a._sa.${APEX} TXT`, `www.sub.${APEX} A`, 'elsewhere.test. A', `ns.${APEX} A LOCAL`, `version.bind. TXT CH`, `${APEX} AXFR`]
    fc.assert(fc.property(fc.uniqueArray(fc.constantFrom(...asked), { minLength: 1 }), (questions) => {
      const server = deskServer()
      const alone = questions.map((question) => converserOf(server)(question, { size: 4_096, tcp: true }))
      const found = ask(server, questions, { size: 4_096, tcp: true })
      assert.deepEqual(found.answer, alone.flatMap(({ answer }) => answer))
      for (const section of ['authority', 'additional'] as const) assert.deepEqual(found[section], [...new Set(alone.flatMap((single) => single[section]))], section)
      const rcodes = new Set(alone.map(({ rcode }) => rcode))
      assert.equal(found.rcode, rcodes.size === 1 ? alone[0].rcode : 'NOERROR')
      assert.equal(found.flags, alone.every(({ flags }) => flags === 'aa') ? 'aa' : '')
      assert.equal(offersOf(found).length, questions.length)
      assert.deepEqual(offersOf(found).map((text) => Number(/result=(\d+)/.exec(text)?.[1] ?? 0)), alone.map(({ message }) => message.rcode))
    }), { numRuns: 60 })
  })

  test('names that point into those before them are as good (RFC 1035 4.1.4)', () => {
    const texts = [cap('ocr'), cap('speak'), `no.${APEX} A`, `ns.${APEX} A`]
    const questions = texts.map((text) => ({ name: Name.parse(text.split(' ')[0]), type: parseType(text.split(' ')[1]) as number, class: 1 }))
    const octets = encodeMessage(makeMessage({ id: 0x4321, opcode: OPCODE.AGENT, questions, edns: { udpSize: 4_096, version: 0, dnssecOk: false, compactOk: false, options: [] } }))
    assert.ok(octets.length < encodeBatch(texts, { size: 4_096 }).length, 'the encoder has pointed')
    const { message: _, ...found } = exchange(deskServer(), octets, { tcp: true }) ?? assert.fail('silence')
    const { message: __, ...expected } = ask(deskServer(), texts, { size: 4_096, tcp: true })
    assert.deepEqual(found, expected)
  })

  test('a pointer of the first name, ahead, to itself or round is FORMERR', () => {
    const first = Buffer.from(Name.parse(APEX).wire)
    for (const [names, count] of [[['c00c'], 1], [['c00e', '00'], 1], [[`${first.toString('hex')}00010001`, `c0${(12 + first.length + 4).toString(16)}`], 2], [[`${first.toString('hex')}00010001`, 'c0ff'], 2], [[`${first.toString('hex')}00010001`, '01'.padEnd(4, '61') + 'c0'], 2]] as const) {
      const octets = Buffer.concat([Buffer.from('432170000000000000000000', 'hex').fill(count, 5, 6), Buffer.from(names.join(''), 'hex'), Buffer.from('00010001', 'hex')])
      const found = exchange(deskServer(), octets)
      assert.deepEqual([found?.rcode, found?.answer], ['FORMERR', []], names.join(' '))
    }
  })

  test('AG comes back where one of the zones understands it; without EDNS there is no OFFER', () => {
    const found = ask(deskServer(), [cap('ocr'), 'elsewhere.test. A'], { header: 'ag' })
    assert.deepEqual([found.header, found.edns, found.answer.length], ['qr ag', null, 1])
  })
})

describe('room', () => {
  const WIDE = `${ZONE}${Array.from({ length: 32 }, (_, i) => `v1.c${i}._cap AGENT 1 a${i}._sa endpoint=https://agent-${i}.acme.example/${'x'.repeat(60)}\na${i}._sa AAAA 2001:db8::${i}\n`).join('')}`
  const all = Array.from({ length: 32 }, (_, i) => cap(`c${i}`))

  test('a batch of 32 is answered whole over TCP', () => {
    const found = ask(deskServer({}, WIDE), all, { tcp: true, size: 512, header: 'ag' })
    assert.deepEqual([found.flags, found.answer.length, found.additional.length, offersOf(found).length], ['aa', 32, 32, 32])
  })

  test('where not even the questions find room, none is sent back, and TC says so', () => {
    const found = ask(deskServer({}, WIDE), all, { size: 512 })
    assert.deepEqual([found.flags, found.rcode, found.message.questions.length, found.octets], ['tc', 'NOERROR', 0, 12 + 11])
    assert.equal(ask(deskServer({}, WIDE), all).octets, 12)
  })

  for (const size of [1_232, 4_096]) {
    test(`over UDP it has at most ${Math.min(size, 1_232)} octets, and TC says that questions are left (RFC 2181 9)`, () => {
      const found = ask(deskServer({}, WIDE), all, { size })
      assert.equal(found.flags, 'aa tc')
      assert.ok(found.octets <= Math.min(size, 1_232), `${found.octets} octets`)
      assert.deepEqual(found.answer.map((line) => line.split(' ')[0]), all.slice(0, found.answer.length).map((text) => text.split(' ')[0]))
    })
  }

  test('what is additional goes before what was asked for is cut', () => {
    const found = ask(deskServer({}, WIDE), all.slice(0, 4), { size: 1_232 })
    const roomy = ask(deskServer({}, WIDE), all.slice(0, 4), { size: 1_232, tcp: true })
    assert.deepEqual([found.flags, found.answer.length, roomy.additional.length], ['aa', 4, 4])
    const tight = ask(deskServer({ udpOctets: roomy.octets - 1 }, WIDE), all.slice(0, 4), { size: 4_096 })
    assert.deepEqual([tight.flags, tight.answer.length], ['aa', 4])
    assert.ok(tight.additional.length < 4)
  })

  test('whatever the size, it is kept, and what is sent is whole', () => {
    const server = deskServer({ udpOctets: 4_096 }, WIDE)
    fc.assert(fc.property(fc.integer({ min: 512, max: 4_096 }), fc.integer({ min: 1, max: 32 }), (size, count) => {
      const found = ask(server, all.slice(0, count), { size, header: 'ag' })
      assert.ok(found.octets <= size)
      assert.ok(found.answer.length === count || /^(aa )?tc$/.test(found.flags), found.flags)
    }), { numRuns: 100 })
  })
})

describe('what is no batch', () => {
  const CASES: [what: string, questions: string[], asking: BatchAsking][] = [
    [`more than ${MAX_BATCH_QUESTIONS} questions`, Array.from({ length: MAX_BATCH_QUESTIONS + 1 }, (_, i) => cap(`c${i}`)), {}],
    ['fewer than it says', [cap('ocr')], { count: 2 }],
    ['more than it says', [cap('ocr'), cap('speak')], { count: 1 }],
    ['a question twice, case aside', [cap('ocr'), cap('speak'), cap('OCR')], {}],
    ['answers besides', [cap('ocr'), cap('speak')], { records: [1, 0] }],
    ['authority besides', [cap('ocr'), cap('speak')], { records: [0, 1] }],
    ['a demand that cannot be read, in all that ask for agents', [cap('ocr'), cap('speak')], { options: [[OPTION.DEMAND, 'ff14']] }],
  ]
  for (const [what, questions, asking] of CASES) {
    test(`FORMERR: ${what}`, () => {
      const found = ask(deskServer(), questions, { size: 1_232, ...asking })
      assert.deepEqual([found.rcode, found.flags, found.answer], ['FORMERR', '', []])
    })
  }

  test('the same name with another type is another question', () => {
    assert.equal(ask(deskServer(), [cap('ocr'), cap('ocr').replace('AGENT', 'TXT')]).answer.length, 1)
  })

  test('an EDNS version above ours is BADVERS (RFC 6891 6.1.3)', () => {
    assert.equal(ask(deskServer(), [cap('ocr'), cap('speak')], { size: 1_232, version: 1 }).rcode, 'BADVERS')
  })

  test('two questions of opcode QUERY stay FORMERR (RFC 9619 4); no question and opcode 14 stays the core\'s, or NOTIMP', () => {
    assert.equal(ask(deskServer(), [cap('ocr'), cap('speak')], { opcode: OPCODE.QUERY }).rcode, 'FORMERR')
    assert.equal(ask(deskServer(), []).rcode, 'NOTIMP')
    const defers = { update: true, agent: true, signed: true, missing: false }
    const octets = encodeBatch([])
    assert.equal(deskServer({ defers }).answer(octets, octets.length, udp, new Uint8Array(512)), DEFERRED)
    assert.equal(ask(deskServer({ defers }), [cap('ocr'), cap('speak')]).answer.length, 3)
  })

  test('any octets behind the header are answered or FORMERR, and never a fault', () => {
    const server = deskServer()
    const whole = encodeBatch([cap('ocr'), cap('speak'), `no.${APEX} A`], { demand: 'count=1' })
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(whole.length - 13), fc.nat(255)), { maxLength: 4 }), fc.nat(whole.length - 12), (changes, cut) => {
      const octets = whole.slice(0, whole.length - (cut > 40 ? 0 : cut))
      for (const [at, value] of changes) if (at + 12 < octets.length) octets[at + 12] = value
      const found = exchange(server, octets)
      assert.ok(found !== null && ['NOERROR', 'FORMERR', 'BADVERS', 'REFUSED', 'NXDOMAIN', 'NOTIMP', 'NOTAUTH'].includes(found.rcode), found?.rcode)
    }), { numRuns: 500 })
  })
})

describe('what it costs', () => {
  test('each question takes from the rate limit as a query does; what is too many is silence or TC', () => {
    const settings = { responses: 5, slip: 0, windowSeconds: 1, allow: [] }
    const server = deskServer({ rateLimit: new RateLimit(settings, 7) })
    const questions = Array.from({ length: 6 }, (_, i) => `n${i}.${APEX} A`) // one subject: the SOA
    assert.equal(exchange(server, encodeBatch(questions)), null)
    const slipping = deskServer({ rateLimit: new RateLimit({ ...settings, slip: 1 }, 7) })
    const found = ask(slipping, questions, { size: 1_232 })
    assert.ok(found.flags.endsWith('tc'), found.flags)
    assert.equal(ask(deskServer({ rateLimit: new RateLimit(settings, 7) }), questions.slice(0, 5)).rcode, 'NXDOMAIN')
  })

  test('each question counts as one, the message as one', () => {
    const server = deskServer()
    const before = [...server.counters.values]
    ask(server, [cap('ocr'), cap('speak'), `ns.${APEX} A`])
    const grown = [...server.counters.values].map((value, i) => Number(value) - Number(before[i])).filter((difference) => difference === 3)
    assert.ok(grown.length >= 1, 'three questions of class IN')
  })
})

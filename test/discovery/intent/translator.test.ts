/**
 * docs/protocol.md 4, `intent`: a vocabulary made of what stands in a zone and of who registers, kept up with both; the choice
 * at what was meant, told in OFFER; and nobody instead of a guess.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import type { Peer, Translation } from '../../../src/authority/query.ts'
import { LEAST_COVERED, Translator } from '../../../src/discovery/intent/translator.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import { CLASS, EDE, OPTION } from '../../../src/dns/codes.ts'
import { decodeMessage, type Message } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { printParameters } from '../../../src/dns/parameters.ts'
import { printRecord } from '../../../src/dns/record-text.ts'
import { DEFERRED } from '../../../src/server/server.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import { encodeQuery, SEED, serverOf, zoneOf } from '../../authority/ask.ts'
import { agentName, agentRdata, BEGIN_MS, chance, demandOctets } from '../ranking/hive.ts'

const APEX = 'acme.example.'
const ZONE = `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ NS ns
ns A 192.0.2.1
v2.translate.text.nlp._cap AGENT 1 babel._sa latency=90ms
v2.translate.text.nlp._cap AGENT 1 polyglot._sa latency=900ms
v1.ocr.vision._cap AGENT 1 reader._sa
v1.ocr.vision._cap TXT "reads printed and handwritten pages"
mtls.v1.plates.traffic.vision._cap AGENT 1 plates._sa alias=licence
plates._sa TXT "description=number plates of vehicles" "secret=zebra"
`
const CAP = `_cap.${APEX}`
const V2 = `v2.translate.text.nlp.${CAP}`

/** A zone, its translator and a server that is told translations as the core tells them. */
class Desk {
  nowMs = BEGIN_MS
  readonly registrar
  private readonly translator = new Translator(SEED, () => this.nowMs)
  private readonly server
  readonly deferring

  constructor(text = ZONE) {
    const image = zoneOf(APEX, text)
    this.registrar = registerZone(image).registrar
    const directory = new ZoneDirectory([image], SEED)
    const candidates = [this.registrar.table.buffer]
    const chooser = new RankedChooser({ nowMs: () => this.nowMs, random: chance(1) })
    chooser.useTables(candidates)
    this.translator.publish(directory, candidates)
    const authority = new ZoneAuthority(directory, SEED, chooser)
    this.server = serverOf([], { authority })
    this.deferring = serverOf([], { authority, defers: { update: false, agent: false, signed: false, missing: false, intents: true } })
  }

  translate(need: string, name = CAP, rrClass: number = CLASS.IN): Translation {
    return this.translator.translate(Name.parse(name).wire, rrClass, need)
  }

  /** First words of the capability that a need means, with `?` behind where it is only near. */
  meant(need: string, name?: string): string {
    const { capability, isMeant } = this.translate(need, name)
    return capability === undefined ? 'nothing' : `${Name.fromWire(capability).toString().split('._cap')[0]}${isMeant ? '' : '?'}`
  }

  ask(demand: string, { name = CAP, translation, server = this.server }: { name?: string; translation?: Translation; server?: Desk['server'] } = {}): Message | number {
    const octets = encodeQuery(`${name} AGENT`, { size: 1_232, options: [[OPTION.DEMAND, Buffer.from(demandOctets(demand)).toString('hex')]] })
    const peer: Peer = { transport: 'udp', address: Uint8Array.of(192, 0, 2, 9), port: 9, ...(translation === undefined ? {} : { translation }) }
    const out = new Uint8Array(4_096)
    const size = server.answer(octets, octets.length, peer, out)
    return size < 0 ? size : decodeMessage(out.slice(0, size))
  }

  /** Translates the intent and asks, as the core does. */
  find(need: string, more = '', name?: string): Message {
    const found = this.ask(`intent="${need}" ${more}`, { translation: this.translate(need, name), ...(name === undefined ? {} : { name }) })
    return typeof found === 'number' ? assert.fail('deferred') : found
  }
}

const optionOf = ({ edns }: Message, code: number): Buffer | undefined => {
  const found = edns?.options.find((option) => option.code === code)
  return found && Buffer.from(found.octets)
}
const offerOf = (message: Message): string => printParameters(optionOf(message, OPTION.OFFER) ?? Buffer.alloc(0), 'OFFER')
const edeOf = (message: Message): [number, string] | undefined => {
  const octets = optionOf(message, OPTION.EDE)
  return octets && [octets.readUInt16BE(0), octets.subarray(2).toString()]
}

describe('the vocabulary of a zone', () => {
  const CASES: [what: string, need: string, meant: string, name?: string][] = [
    ['labels', 'translate some text', 'v2.translate.text.nlp'],
    ['TXT at the capability', 'a handwritten page', 'v1.ocr.vision'],
    ['a description at the agent', 'vehicles', 'mtls.v1.plates.traffic.vision'],
    ['a human name', 'licence', 'mtls.v1.plates.traffic.vision'],
    ['not other words of the agent', 'zebra', 'nothing'],
    ['not versions and security', 'v1 mtls', 'nothing'],
    ['only what stands at the name asked or below', 'translate text', 'mtls.v1.plates.traffic.vision?', `vision.${CAP}`],
    ['the name asked may be the capability', 'a handwritten page', 'v1.ocr.vision', `v1.ocr.vision.${CAP}`],
    ['in any case (RFC 4343 3)', 'TRANSLATE', 'v2.translate.text.nlp', `NLP._Cap.${APEX}`],
    ['a zone that is not ours', 'translate', 'nothing', '_cap.elsewhere.test.'],
  ]
  for (const [what, need, meant, name] of CASES) test(`${what}: ${need}`, () => assert.equal(new Desk().meant(need, name), meant))

  test('who registers is found, and who leaves is not, within the rest between two looks', () => {
    const desk = new Desk()
    assert.equal(desk.meant('forecast of rain'), 'nothing')
    const owner = Name.parse(`v1.forecast.rain.weather.${CAP}`).wire
    desk.registrar.put({ owner, rdata: agentRdata('sky'), ttl: 60, leaseEndMs: Infinity })
    desk.registrar.commit()
    assert.equal(desk.meant('forecast of rain'), 'nothing', 'not yet looked again')
    desk.nowMs += 1_000
    assert.equal(desk.meant('forecast of rain'), 'v1.forecast.rain.weather')
    desk.registrar.remove(owner, agentName('sky'))
    desk.registrar.commit()
    desk.nowMs += 1_000
    assert.equal(desk.meant('forecast of rain'), 'nothing')
    assert.equal(desk.meant('translate some text'), 'v2.translate.text.nlp', 'the others stay')
  })

  test('readings change nothing of it, and a capability stays while one agent is left', () => {
    const desk = new Desk()
    desk.meant('translate')
    desk.registrar.remove(Name.parse(V2).wire, agentName('babel'))
    desk.registrar.commit()
    desk.nowMs += 1_000
    assert.equal(desk.meant('translate some text'), 'v2.translate.text.nlp')
  })
})

test('a need that a version meets with a security and without means the version, though more is said of it', () => {
  const more = `\nmtls.v2.translate.text.nlp._cap AGENT 1 safe._sa\nv2.translate.text.nlp._cap TXT "texts of all kinds from one language to another"\n`
  const { capability, isMeant } = new Desk(ZONE + more).translate('translate')
  assert.deepEqual([capability && Name.fromWire(capability).toString(), isMeant], [V2, true])
})

describe('the choice at what was meant', () => {
  test('the best agents of it, under the name asked for, and OFFER names the capability and its score', () => {
    const desk = new Desk()
    const found = desk.find('translate some text', 'prefer=latency:1')
    assert.deepEqual(found.answers.map(printRecord).map((line) => line.split(' ').slice(0, 6).join(' ')), [`${CAP} 60 IN AGENT 1 babel._sa.${APEX}`, `${CAP} 60 IN AGENT 2 polyglot._sa.${APEX}`])
    const [, score] = /translated=v2\.translate\.text\.nlp\._cap\.acme\.example\.?\/([\d.]+)$/.exec(offerOf(found)) ?? assert.fail(offerOf(found))
    assert.ok(Number(score) >= LEAST_COVERED && Number(score) <= 1)
    assert.match(offerOf(found), /scope=prefer,intent/)
  })

  test('the rest of the demand holds as ever', () => {
    assert.equal(new Desk().find('translate some text', 'latency=1s count=1 avoid=babel._sa.acme.example').answers.length, 1)
    assert.deepEqual(edeOf(new Desk().find('translate some text', 'accuracy=0.9')), [EDE.DEMAND_NOT_SATISFIABLE, 'most fall short of accuracy'])
  })

  test('what is only near is told and not guessed: NODATA, EDE 49154 with the nearest names, the best with its score in OFFER', () => {
    const found = new Desk().find('a page about harpsichords, zithers, lutes and medieval organ tuning')
    assert.deepEqual([found.rcode, found.answers], [0, []])
    assert.deepEqual(edeOf(found)?.[0], EDE.DEMAND_NOT_SATISFIABLE)
    assert.match(edeOf(found)?.[1] ?? '', /^not near enough: v1\.ocr\.vision/)
    assert.match(offerOf(found), /^translated=v1\.ocr\.vision\._cap\.acme\.example\.?\/0\.[01]\d*$/)
    assert.match(found.authorities.map(printRecord).join(), /IN SOA/)
  })

  test('of the nearest names as many are told as there is room for, each whole', () => {
    const rows: [nearest: string, told: string][] = [
      ['v1.ocr.vision v2.translate.text.nlp', 'v1.ocr.vision v2.translate.text.nlp'],
      [`v1.ocr.vision ${'x'.repeat(33)}`, `v1.ocr.vision ${'x'.repeat(33)}`],
      [`v1.ocr.vision ${'x'.repeat(34)}`, 'v1.ocr.vision'],
      ['v2.translate.text.nlp mtls.v2.translate.text.nlp v1.ocr.vision', 'v2.translate.text.nlp'],
      ['x'.repeat(60), 'x'.repeat(47)],
    ]
    for (const [nearest, told] of rows) {
      const found = new Desk().ask('intent="organ tuning"', { translation: { capability: Name.parse(V2).wire, score: 0.1, isMeant: false, nearest } })
      assert.ok(typeof found !== 'number')
      assert.equal(edeOf(found)?.[1], `not near enough: ${told}`)
    }
  })

  test('where nothing is near, that is said', () => {
    const found = new Desk().find('xyzzy')
    assert.deepEqual([found.answers.length, edeOf(found), offerOf(found)], [0, [EDE.DEMAND_NOT_SATISFIABLE, 'nothing is near to the intent'], ''])
  })

  test('a capability that has gone since it was found is nobody alive', () => {
    const desk = new Desk()
    const translation = { capability: Name.parse(`v9.gone.${CAP}`).wire, score: 1, isMeant: true, nearest: '' }
    const found = desk.ask('intent=x', { translation }) as Message
    assert.deepEqual([found.answers.length, edeOf(found)?.[0]], [0, EDE.NO_LIVE_AGENT])
  })

  test('it is left to the core; where nobody translates that is said, and no agent guessed', () => {
    const desk = new Desk()
    assert.equal(desk.ask('intent=translate', { server: desk.deferring }), DEFERRED)
    const found = desk.ask('intent=translate') as Message
    assert.deepEqual([found.rcode, found.answers.length, edeOf(found)], [0, 0, [EDE.NOT_SUPPORTED, 'intents are not translated here']])
    assert.equal((desk.ask('count=1', { server: desk.deferring }) as Message).answers.length, 1, 'a demand without words is answered at once')
  })
})

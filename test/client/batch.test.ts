/**
 * The response to a batch, taken apart: what our server writes, with OFFERs and without, is for each question what it is
 * when asked alone; and of what a hostile one writes no record is lost, told twice or given to a question before its turn.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ZoneAuthority } from '../../src/authority/answer.ts'
import { splitBatch } from '../../src/client/batch.ts'
import { RankedChooser } from '../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../src/discovery/ranking/from-image.ts'
import { CLASS, EDE, OPCODE, OPTION, printRcode, RCODE, TYPE } from '../../src/dns/codes.ts'
import { findOption, makeExtendedError, readExtendedError, type EdnsOption } from '../../src/dns/edns.ts'
import { WireFault } from '../../src/dns/faults.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseParameters } from '../../src/dns/parameters.ts'
import { parseRecord, printRecord } from '../../src/dns/record-text.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { SEED, serverOf, zoneOf } from '../authority/ask.ts'
import { BEGIN_MS, chance, demandOctets } from '../discovery/ranking/hive.ts'
import { udp } from '../server/messages.ts'

const ZONE = `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ NS ns
ns A 192.0.2.1
a._sa A 192.0.2.10
b._sa A 192.0.2.20
v1.ocr._cap AGENT 1 a._sa accuracy=0.9
v1.speak._cap AGENT 1 a._sa accuracy=0.5
v2.speak._cap AGENT 1 b._sa accuracy=0.99
lead CNAME mid
mid CNAME ns
`
const cap = (label: string): string => `${label}._cap.acme.example.`

function server(zone = ZONE) {
  const image = zoneOf('acme.example.', zone)
  const chooser = new RankedChooser({ nowMs: () => BEGIN_MS, random: chance(1) })
  chooser.useTables([registerZone(image).registrar.table.buffer])
  return serverOf([], { authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, chooser) })
}

/** What the server answers, over a transport with room for all. */
function exchange(names: readonly string[], type: number, demand?: string, at = server()): Message {
  const out = new Uint8Array(65_535)
  const options = demand === undefined ? [] : [{ code: OPTION.DEMAND, octets: demandOctets(demand) }]
  const query = encodeMessage(makeMessage({
    id: 7, opcode: names.length > 1 ? OPCODE.AGENT : OPCODE.QUERY, agent: demand !== undefined, questions: names.map((name) => ({ name: Name.parse(name), type, class: CLASS.IN })),
    ...(demand !== undefined && { edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options } }),
  }))
  const size = at.answer(query, query.length, { ...udp, transport: 'tcp' } as typeof udp, out) as number
  return decodeMessage(out.slice(0, size))
}

const words = ({ answers }: Message): string[] => answers.map(printRecord)

describe('what our server answers', () => {
  it('of a zone that was signed ahead, behind an alias, is each question\'s own, whatever the priorities are: OFFER tells how many there are', () => {
    const at = server(`${ZONE}@ RRSIG SOA 8 2 60 20300101000000 20200101000000 1 acme.example. AAAA\nlong CNAME v1.two._cap\nv1.two._cap AGENT 7 b._sa\nv1.two._cap AGENT 1 a._sa\n`)
    const parts = splitBatch(exchange(['long.acme.example.', cap('v1.speak')], TYPE.AGENT, '', at))
    assert.deepEqual(parts.map(({ answers }) => answers.length), [3, 1])
  })

  const NAMES = [cap('ocr'), cap('speak'), cap('v2.speak'), cap('paint'), cap('v1.speak')]

  it('is for each question what it is alone, an ancestor before its versions too, as OFFER tells how many are whose', () => {
    const parts = splitBatch(exchange(NAMES, TYPE.AGENT, 'prefer=accuracy:1'))
    assert.equal(parts.length, NAMES.length)
    for (const [i, part] of parts.entries()) {
      const alone = exchange([NAMES[i]], TYPE.AGENT, 'prefer=accuracy:1')
      assert.deepEqual(words(part), words(alone), NAMES[i])
      assert.equal(printRcode(part.rcode), printRcode(alone.rcode))
      assert.deepEqual(part.questions.map(({ name }) => name.toString()), [NAMES[i]])
      const [own, singly] = [part, alone].map(({ edns }) => findOption(edns, OPTION.EDE)).map((octets) => octets && readExtendedError(octets))
      assert.deepEqual(own, singly)
    }
  })

  it('tells which question nobody can meet', () => {
    const [ocr, speak] = splitBatch(exchange([cap('ocr'), cap('speak')], TYPE.AGENT, 'accuracy=0.95'))
    assert.deepEqual([ocr.answers.length, speak.answers.length], [0, 1])
    assert.equal(readExtendedError(findOption(ocr.edns, OPTION.EDE) as Uint8Array).infoCode, EDE.DEMAND_NOT_SATISFIABLE)
    assert.equal(findOption(speak.edns, OPTION.EDE), undefined)
  })

  it('without EDNS is told apart by owners, along aliases', () => {
    const parts = splitBatch(exchange(['ns.acme.example.', 'lead.acme.example.', 'no.acme.example.', 'a._sa.acme.example.'], TYPE.A))
    assert.deepEqual(parts.map(({ answers }) => answers.map(({ type, name }) => `${name} ${type}`)), [
      ['ns.acme.example. 1'], ['lead.acme.example. 5', 'mid.acme.example. 5', 'ns.acme.example. 1'], [], ['a._sa.acme.example. 1'],
    ])
  })
})

describe('names that lead to each other', () => {
  const PLACES = ['n0', 'n1', 'n2', 'n3', 'n4']
  /** A zone where each place has a host or two, agents, an alias, a subtree that is another's, or nothing. */
  const zones = fc.array(fc.tuple(fc.constantFrom('host', 'agents', 'alias', 'alias', 'tree', 'nothing'), fc.constantFrom(...PLACES)), { minLength: 5, maxLength: 5 }).map((places) => {
    const lines = places.flatMap(([kind, other], i) => {
      const owner = `n${i}._cap`
      if (kind === 'host') return [`${owner} A 192.0.2.${i + 1}`, `${owner} A 192.0.2.${i + 101}`]
      if (kind === 'agents') return ['a', 'b'].map((id, j) => `v${j}.${owner} AGENT 1 ${id}._sa accuracy=0.${9 - j}`)
      if (kind === 'tree') return [`${owner} DNAME ${other}._cap`]
      return kind === 'alias' ? [`${owner} CNAME ${other}._cap`, `v0.${owner} CNAME v1.${other}._cap`] : []
    })
    return `${ZONE}${lines.join('\n')}\n`
  })
  const names = fc.uniqueArray(fc.constantFrom(...PLACES.flatMap((place) => [cap(place), cap(`v0.${place}`), cap(`v1.${place}`)])), { minLength: 2, maxLength: 8 })

  /** Records without the place among the chosen, which is drawn. */
  const told = (message: Message): string[] => message.answers.map(({ name, type, rdata }) => `${name} ${type} ${Buffer.from(type === TYPE.AGENT ? rdata.subarray(2) : rdata).toString('hex')}`).sort()

  it('are told apart as if each had been asked for alone, with OFFER and without', () => {
    fc.assert(fc.property(zones, names, fc.constantFrom(TYPE.A, TYPE.AGENT), fc.constantFrom(undefined, '', 'candidates'), (zone, asked, type, demand) => {
      const at = server(zone)
      const parts = splitBatch(exchange(asked, type, demand, at))
      assert.deepEqual(parts.map(told), asked.map((name) => told(exchange([name], type, demand, at))))
    }), { numRuns: 200 })
  })

  it('have the same records twice where an alias leads to a name that is asked for', () => {
    const zone = `${ZONE}www CNAME @\n@ A 192.0.2.80\n@ A 192.0.2.81\n`
    for (const asked of [['www.acme.example.', 'acme.example.'], ['acme.example.', 'www.acme.example.']]) {
      const owners = splitBatch(exchange(asked, TYPE.A, '', server(zone))).map(({ answers }) => answers.map(({ name, type }) => `${name} ${type}`))
      const [www, apex] = asked[0].startsWith('www') ? owners : owners.toReversed()
      assert.deepEqual(www, ['www.acme.example. 5', 'acme.example. 1', 'acme.example. 1'])
      assert.deepEqual(apex, ['acme.example. 1', 'acme.example. 1'])
    }
  })

  it('have agents that are ranked anew where the alias ends, though nobody says how many', () => {
    const agents = (owner: string, ids: string[]) => ids.map((id, i) => parseRecord(`${owner} 60 IN AGENT ${i + 1} ${id}.example.`))
    const questions = ['lead.example.', 'v1.example.'].map((name) => ({ name: Name.parse(name), type: TYPE.AGENT, class: CLASS.IN }))
    const answers = [parseRecord('lead.example. 60 IN CNAME v1.example.'), ...agents('v1.example.', ['a', 'b']), ...agents('v1.example.', ['c', 'a'])]
    assert.deepEqual(splitBatch(makeMessage({ response: true, questions, answers })).map((part) => part.answers.length), [3, 2])
  })
})

describe('any answer', () => {
  const question = (name: string) => ({ name: Name.parse(name), type: TYPE.AGENT, class: CLASS.IN })
  const offer = (text: string): EdnsOption => ({ code: OPTION.OFFER, octets: parseParameters(text, 'OFFER') })
  const message = (options: EdnsOption[], parts: Partial<Message> = {}): Message =>
    makeMessage({ response: true, questions: [question('a.example.'), question('b.example.')], edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options }, ...parts })

  it('that was cut short has as many parts as OFFERs', () => {
    const answers = [parseRecord('a.example. 1 IN AGENT 1 x.example.')]
    assert.equal(splitBatch(message([offer('scores=1')], { truncated: true, answers })).length, 1)
    assert.equal(splitBatch(message([offer('scores=1')], { truncated: true, answers, questions: [] })).length, 0)
  })

  it('gives the words of the error to the first question that has one, as they are its, and to no other', () => {
    const error = makeExtendedError({ infoCode: EDE.DEMAND_NOT_SATISFIABLE, text: 'none is so cheap' })
    const text = (part: Message): string => readExtendedError(findOption(part.edns, OPTION.EDE) as Uint8Array).text
    const [, one] = splitBatch(message([offer(''), offer('result=0/49154'), error]))
    assert.equal(text(one), 'none is so cheap')
    assert.deepEqual(splitBatch(message([offer('result=0/49154'), offer('result=0/49154'), error])).map(text), ['none is so cheap', ''])
    assert.deepEqual(splitBatch(message([offer('result=0/49152'), offer('result=0/49154'), error])).map(text), ['', ''], 'words of another code are nobody\'s')
  })

  it('with an OFFER that is malformed is a fault', () => {
    assert.throws(() => splitBatch(message([{ code: OPTION.OFFER, octets: Uint8Array.of(1) }])), WireFault)
  })

  it('keeps the order of records, and tells none twice', () => {
    const owners = fc.array(fc.constantFrom('a.example.', 'b.example.', 'v1.a.example.', 'v1.b.example.', 'c.example.'), { maxLength: 12 })
    const scores = fc.array(fc.nat(4), { maxLength: 3 })
    fc.assert(fc.property(owners, scores, fc.boolean(), (names, counts, truncated) => {
      const answers = names.map((name, i) => parseRecord(`${name} ${i} IN AGENT 1 x.example.`))
      const options = counts.map((count) => offer(count === 0 ? '' : `scores=${Array.from({ length: count }, () => '0.5').join(',')}`))
      const parts = splitBatch(message(options, { answers, truncated }))
      assert.ok(parts.length <= 2)
      const told = parts.flatMap((part) => part.answers)
      assert.deepEqual(told, answers.slice(0, told.length))
      for (const [i, part] of parts.entries()) for (const { name } of part.answers) assert.ok(name.isWithin(message([]).questions[i].name))
      assert.ok(parts.every(({ rcode }) => rcode === RCODE.NOERROR))
    }))
  })
})

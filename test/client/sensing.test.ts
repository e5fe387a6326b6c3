/** The agent's side of readings that are fetched, over real sockets: it answers for its own capabilities, as it is now, and is silent where it cannot meet what is asked. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ask } from '../../src/client/ask.ts'
import type { Registration } from '../../src/client/registration.ts'
import type { LoadReading } from '../../src/client/reporter.ts'
import { canMeet, SenseResponder, type SenseOptions } from '../../src/client/sensing.ts'
import { senseIn, senseQuery } from '../../src/discovery/sense/puller.ts'
import { CLASS, OPCODE } from '../../src/dns/codes.ts'
import { MAX_SENSE_QUERY_OCTETS } from '../../src/dns/limits.ts'
import { encodeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { decodeParameters, parseParameters } from '../../src/dns/parameters.ts'
import { printRdata } from '../../src/dns/rdata.ts'

const REGISTRATION: Registration = { provider: 'acme.example', id: 'babel', capabilities: [{ name: 'v2.translate.text.nlp' }, { name: 'v1.sum.text.nlp' }] }
const OWNER = 'v2.translate.text.nlp._cap.acme.example.'
const AGENT = Name.parse('babel._sa.acme.example.')
const WALL_MS = 1_800_000_000_000

function queryFor(owner: string, demand = ''): Message {
  return senseQuery(77, Name.parse(owner), CLASS.IN, demand === '' ? undefined : parseParameters(demand, 'DEMAND'))
}

/** What comes of a question: the reading in text, or silence. */
async function answerTo(query: Message, reading: LoadReading | (() => LoadReading) = { active: 3, concurrency: 8 }, more: Partial<SenseOptions> = {}): Promise<string> {
  const responder = await SenseResponder.open({ registration: REGISTRATION, read: () => (typeof reading === 'function' ? reading() : reading), host: '127.0.0.1', wallMs: () => WALL_MS, ...more })
  try {
    const asked = await ask(encodeMessage(query), { server: { host: '127.0.0.1', family: 4, port: responder.port }, tcp: false, timeoutMs: 200, tries: 1 })
    assert.deepEqual(responder.counts, 'failed' in asked ? { answered: 0, silent: 1 } : { answered: 1, silent: 0 })
    if ('failed' in asked) return 'silence'
    const rdata = senseIn(asked.octets, query, AGENT)
    return rdata === undefined ? 'useless' : printRdata(65_441, rdata).split(' ').slice(2).join(' ')
  } finally {
    responder.close()
  }
}

describe('a question for a reading', () => {
  const SILENT: [what: string, query: Message, more?: Partial<SenseOptions>][] = [
    ['at a capability of somebody else', queryFor('v9.x._cap.acme.example.')],
    ['at an ancestor of its own', queryFor('text.nlp._cap.acme.example.')],
    ['of another type', { ...queryFor(OWNER), questions: [{ name: Name.parse(OWNER), type: 1, class: CLASS.IN }] }],
    ['of another class', { ...queryFor(OWNER), questions: [{ ...queryFor(OWNER).questions[0], class: CLASS.LOCAL }] }],
    ['of another opcode', { ...queryFor(OWNER), opcode: OPCODE.NOTIFY }],
    ['that is a response', { ...queryFor(OWNER), response: true }],
    ['with more free sessions wanted than there are', queryFor(OWNER, 'concurrency=6')],
    ['that the agent itself does not meet', queryFor(OWNER, 'latency=1ms'), { meets: () => false }],
    ['longer than any that is sent', { ...queryFor(OWNER), edns: { ...queryFor(OWNER).edns!, options: [{ code: 12, octets: new Uint8Array(MAX_SENSE_QUERY_OCTETS) }] } }],
  ]
  for (const [what, query, more] of SILENT) test(`${what} is met with silence`, async () => assert.equal(await answerTo(query, undefined, more), 'silence'))

  test('is answered as the agent is at that moment', async () => {
    let active = 0
    const read = (): LoadReading => ({ active: ++active, concurrency: 8, serviceMs: 20, state: 'idle' })
    assert.equal(await answerTo(queryFor(OWNER), read), 'concurrency=8 active=1 state=idle service=20ms')
    assert.equal(await answerTo(queryFor('V1.SUM.text.nlp._cap.acme.example.'), read), 'concurrency=8 active=2 state=idle service=20ms')
  })

  test('with as many free sessions wanted as there are is answered', async () => assert.equal(await answerTo(queryFor(OWNER, 'concurrency=5')), 'concurrency=8 active=3'))

  test('is met with silence where the load cannot be read', async () => assert.equal(await answerTo(queryFor(OWNER), () => { throw new Error('no load') }), 'silence'))

  test('is answered with a newer number each time, counted as a reporter counts', async () => {
    const responder = await SenseResponder.open({ registration: REGISTRATION, read: () => ({ active: 1 }), host: '127.0.0.1', wallMs: () => WALL_MS })
    const numbers: number[] = []
    for (let i = 0; i < 3; i++) {
      const asked = await ask(encodeMessage(queryFor(OWNER)), { server: { host: '127.0.0.1', family: 4, port: responder.port }, tcp: false, timeoutMs: 1_000, tries: 1 })
      assert.ok('octets' in asked)
      const rdata = senseIn(asked.octets, queryFor(OWNER), AGENT) as Uint8Array
      numbers.push((rdata[0] << 8) | rdata[1])
    }
    responder.close()
    assert.deepEqual(numbers.map((number) => (number - numbers[0]) & 0xffff), [0, 1, 2])
  })

  test('garbage is met with silence', async () => {
    const responder = await SenseResponder.open({ registration: REGISTRATION, read: () => ({ active: 1 }), host: '127.0.0.1' })
    for (const octets of [Uint8Array.of(), Uint8Array.of(1), new Uint8Array(12).fill(255)]) {
      const asked = await ask(octets.length < 12 ? Uint8Array.of(...octets, ...new Uint8Array(17)) : octets, { server: { host: '127.0.0.1', family: 4, port: responder.port }, tcp: false, timeoutMs: 100, tries: 1 })
      assert.ok('failed' in asked)
    }
    assert.equal(responder.counts.answered, 0)
    responder.close()
  })
})

test('a port that is taken is told at once', async () => {
  const first = await SenseResponder.open({ registration: REGISTRATION, read: () => ({ active: 1 }), host: '127.0.0.1' })
  await assert.rejects(SenseResponder.open({ registration: REGISTRATION, read: () => ({ active: 1 }), host: '127.0.0.1', port: first.port }), /EADDRINUSE/)
  first.close()
})

test('a demand is met by free sessions, and never by who leaves or has failed', () => {
  const CASES: [demand: string, reading: LoadReading, meets: boolean][] = [
    ['', { active: 9 }, true], ['concurrency=1', { active: 3, concurrency: 4 }, true], ['concurrency=2', { active: 3, concurrency: 4 }, false], ['concurrency=2', { active: 3 }, true],
    ['', { active: 0, state: 'draining' }, false], ['', { active: 0, state: 'failed' }, false], ['latency=1ms', { active: 0, state: 'occupied' }, true],
  ]
  for (const [demand, reading, meets] of CASES) assert.equal(canMeet(demand === '' ? new Map() : decodeParameters(parseParameters(demand, 'DEMAND'), 'DEMAND'), reading), meets, `${demand} ${JSON.stringify(reading)}`)
})

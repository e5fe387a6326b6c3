/**
 * Messages on their way, alone: what is shared, what is taken of what comes back, what is counted, and what of a question's
 * budget they cost (RFC 5452 5 to 9, RFC 6298).
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { FIRST_WAIT_MS, MAX_LOOKUPS_PER_QUESTION, MAX_OCTETS_PER_QUESTION, MAX_QUESTION_MS, MAX_SENDS_PER_QUESTION, MAX_WAIT_MS, TCP_ANSWER_MS } from '../../src/dns/limits-resolver.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Budget } from '../../src/resolver/budget.ts'
import type { Effect, Endpoint, ResolverEvent } from '../../src/resolver/contract.ts'
import { newCounters, type ResolverCounters } from '../../src/resolver/counters.ts'
import { Flights, type Landing } from '../../src/resolver/flights.ts'
import type { Flight } from '../../src/resolver/steps.ts'
import { address } from './support.ts'
import { worldOf } from './world.ts'

type Send = Extract<Effect, { kind: 'send' }>
const [server, stranger] = ['192.0.2.1', '192.0.2.66'].map((text): Endpoint => ({ address: address(text), port: 53 }))

function flight(parts: Partial<Flight> = {}): Flight {
  return { kind: 'flight', to: server, transport: 'udp', name: Name.parse('www.example.'), type: TYPE.A, recursion: false, edns: true, randomCase: false, isLast: false, ...parts }
}

/** Flights with all that they do written down. */
class Sky {
  readonly world = worldOf()
  readonly counters = newCounters()
  readonly flights = new Flights<string>(this.world, this.counters)
  readonly effects: Effect[] = []
  readonly budget = new Budget(this.world.nowMs)

  launch(parts: Partial<Flight> = {}, waiter = 'w', budget = this.budget): boolean {
    return this.flights.launch(flight(parts), waiter, budget, this.effects)
  }

  get sends(): Send[] {
    return this.effects.filter((effect): effect is Send => effect.kind === 'send')
  }

  get closed(): number[] {
    return this.effects.flatMap((effect) => (effect.kind === 'close' ? effect.send : []))
  }

  /** What comes of the response to the latest send, changed by `parts`. */
  respond(parts: Partial<Message> = {}, from = server, inMs = 20): Landing<string> | undefined {
    const sent = this.sends.at(-1) ?? assert.fail('nothing was sent')
    const { id, questions } = decodeMessage(sent.octets)
    return this.receive(sent.send, encodeMessage(makeMessage({ id, questions, response: true, ...parts })), from, inMs)
  }

  receive(send: number, octets: Uint8Array, from = server, inMs = 20): Landing<string> | undefined {
    this.world.nowMs += inMs
    return this.land({ kind: 'response', nowMs: this.world.nowMs, send, from, octets })
  }

  timeout(send: number): Landing<string> | undefined {
    return this.land({ kind: 'timeout', nowMs: this.world.nowMs, send })
  }

  private land(event: Exclude<ResolverEvent, { kind: 'start' }>): Landing<string> | undefined {
    return this.flights.land(event, this.effects)
  }
}

/** Counts that are not zero. */
function counted(counters: ResolverCounters): Partial<ResolverCounters> {
  return Object.fromEntries(Object.entries(counters).filter(([, count]) => typeof count === 'number' && count > 0))
}

test('a message is sent, its response is taken and its socket closed', () => {
  const sky = new Sky()
  assert.equal(sky.launch(), true)
  assert.equal(sky.flights.size, 1)
  const [{ to, transport, deadlineMs }] = sky.sends
  assert.deepEqual({ to, transport, deadlineMs }, { to: server, transport: 'udp', deadlineMs: 1_000_000 + FIRST_WAIT_MS })
  const landing = sky.respond()
  assert.deepEqual([landing?.landed.kind, landing?.waiters], ['response', ['w']])
  assert.deepEqual([sky.flights.size, sky.closed], [0, [sky.sends[0].send]])
  assert.deepEqual(counted(sky.counters), { sends: 1, responses: 1 })
})

test('the same question to the same server travels once, whoever waits (RFC 5452 5: birthday attack)', () => {
  const sky = new Sky()
  const other = new Budget(sky.world.nowMs)
  sky.launch({}, 'first')
  assert.equal(sky.launch({ name: Name.parse('WWW.Example.') }, 'second', other), true)
  assert.deepEqual([sky.sends.length, other.sends, sky.counters.shared], [1, 0, 1])
  assert.deepEqual(sky.respond()?.waiters, ['first', 'second'])
  sky.launch({}, 'third')
  assert.equal(sky.sends.length, 2, 'what has landed is not joined')
})

test('who has nothing left may still join what is under way, but sends nothing', () => {
  const sky = new Sky()
  const spent = new Budget(sky.world.nowMs - MAX_QUESTION_MS)
  assert.equal(sky.launch({}, 'poor', spent), false)
  assert.deepEqual([sky.effects, sky.flights.size, counted(sky.counters)], [[], 0, {}])
  sky.launch()
  assert.equal(sky.launch({}, 'poor', spent), true)
  assert.deepEqual(sky.respond()?.waiters, ['w', 'poor'])
})

const APART: [what: string, other: Partial<Flight>][] = [
  ['another server', { to: stranger }],
  ['another port', { to: { ...server, port: 5353 } }],
  ['TCP (RFC 7766 5)', { transport: 'tcp' }],
  ['another name', { name: Name.parse('www2.example.') }],
  ['another type', { type: TYPE.AAAA }],
  ['RD', { recursion: true }],
  ['no OPT (RFC 6891 7)', { edns: false }],
]

for (const [what, other] of APART) {
  test(`${what} makes it another message`, () => {
    const sky = new Sky()
    sky.launch()
    sky.launch(other)
    assert.deepEqual([sky.sends.length, sky.counters.shared, sky.flights.size], [2, 0, 2])
    assert.notEqual(sky.sends[0].send, sky.sends[1].send)
  })
}

test('each message has an id from all of the range (RFC 5452 9.2)', () => {
  const sky = new Sky()
  for (let type = 1; type <= 40; type++) sky.launch({ type })
  const ids = sky.sends.map(({ octets }) => decodeMessage(octets).id)
  assert.ok(new Set(ids).size >= 39, 'forty of 65,536')
  assert.ok(Math.max(...ids) > 0x8000 && Math.min(...ids) < 0x4000)
})

test('what comes from elsewhere is nothing, and costs the question nothing (RFC 5452 9.1)', () => {
  const sky = new Sky()
  sky.launch()
  assert.equal(sky.respond({}, stranger), undefined)
  assert.deepEqual([sky.counters.strangers, sky.budget.octets, sky.flights.size], [1, 0, 1])
  assert.equal(sky.respond()?.landed.kind, 'response', 'the true one still comes')
})

const DOUBTFUL: [why: string, parts: Partial<Message>, counts: 'wrongIds' | 'doubtful'][] = [
  ['id', { id: 0xffff_ffff }, 'wrongIds'],
  ['question', { questions: [{ name: Name.parse('bank.example.'), type: TYPE.A, class: 1 }] }, 'doubtful'],
  ['question', { questions: [] }, 'doubtful'],
  ['header', { response: false }, 'doubtful'],
]

for (const [why, parts, counts] of DOUBTFUL) {
  test(`a response with the wrong ${why} is doubtful, and is the only guess that a forger has (RFC 5452 7): ${JSON.stringify(Object.keys(parts))}`, () => {
    const sky = new Sky()
    sky.launch()
    const { id } = decodeMessage(sky.sends[0].octets)
    const landed = sky.respond(parts.id === undefined ? parts : { id: id ^ 1 })?.landed
    assert.ok(landed?.kind === 'doubtful')
    assert.equal(landed.why, why)
    assert.deepEqual([sky.counters[counts], sky.counters.responses, sky.flights.size, sky.closed.length], [1, 0, 0, 1])
    assert.ok(sky.budget.octets > 0, 'what is looked at counts')
    assert.equal(sky.respond(), undefined, 'the right one comes too late: the question goes by TCP')
    assert.equal(sky.counters.late, 1)
  })
}

test('the right id with nothing behind it is malformed, not an error of ours', () => {
  const sky = new Sky()
  sky.launch()
  const landed = sky.receive(sky.sends[0].send, sky.sends[0].octets.slice(0, 2))?.landed
  assert.deepEqual(landed, { kind: 'doubtful', why: 'malformed' })
})

test('letters in another case than was sent are doubtful, with the message (draft-vixie-dnsext-dns0x20)', () => {
  const sky = new Sky()
  const name = Name.parse(`${'abcdefgh'.repeat(4)}.example.`)
  sky.launch({ name, randomCase: true })
  const [question] = decodeMessage(sky.sends[0].octets).questions
  assert.notEqual(question.name.toString(), name.toString())
  const landed = sky.respond({ questions: [{ ...question, name }] })?.landed
  assert.ok(landed?.kind === 'doubtful' && landed.why === 'case')
  assert.equal(landed.message?.questions[0].name.toString(), name.toString())
})

test('a timeout is silence; what comes after is late, and a timeout after a response too', () => {
  const sky = new Sky()
  sky.launch()
  const [{ send }] = sky.sends
  assert.deepEqual(sky.timeout(send), { landed: { kind: 'silence' }, waiters: ['w'] })
  assert.equal(sky.respond(), undefined)
  assert.equal(sky.timeout(send), undefined)
  assert.equal(sky.timeout(4711), undefined, 'a send that never was')
  assert.deepEqual(counted(sky.counters), { sends: 1, timeouts: 1, late: 3 })
  assert.equal(sky.world.servers.of(server).silences, 1)
})

test('a response tells how fast its server is; a forged one does not (RFC 6298 2.2)', () => {
  const sky = new Sky()
  sky.launch()
  sky.respond({}, stranger, 5)
  assert.equal(sky.world.servers.of(server).roundTripMs, -1)
  sky.respond({}, server, 35)
  assert.equal(sky.world.servers.of(server).roundTripMs, 40)
})

test('a message waits as long as its server is wont to need, TCP longer, nothing longer than its question (RFC 6298 2.3)', () => {
  const sky = new Sky()
  const waits = (parts: Partial<Flight>): number => {
    sky.launch(parts)
    return (sky.sends.at(-1)?.deadlineMs ?? 0) - sky.world.nowMs
  }
  assert.equal(waits({}), FIRST_WAIT_MS)
  assert.equal(waits({ type: TYPE.SRV, isLast: true }), MAX_WAIT_MS)
  assert.equal(waits({ transport: 'tcp' }), TCP_ANSWER_MS)
  for (let i = 0; i < 6; i++) sky.world.servers.silent(server, sky.world.nowMs)
  assert.equal(waits({ type: TYPE.MX }), MAX_WAIT_MS)
  sky.world.nowMs = sky.budget.endMs - 50
  assert.equal(waits({ type: TYPE.TXT }), 50)
  assert.equal(waits({ type: TYPE.TXT, transport: 'tcp' }), 50)
})

test('MAX_SENDS_PER_QUESTION messages go out for one question, and no more (CAMP, NXNSAttack)', () => {
  const sky = new Sky()
  let sent = 0
  while (sent < 1000 && sky.launch({ type: 1000 + sent })) sent++
  assert.deepEqual([sent, sky.budget.work.sends, sky.sends.length, sky.counters.sends], Array(4).fill(MAX_SENDS_PER_QUESTION))
  assert.equal(sky.launch({}, 'other', new Budget(sky.world.nowMs)), true, 'another question has its own')
})

test('octets that came count until nothing more is sent (CVE-2026-24027)', () => {
  const budget = new Budget(0)
  budget.receive(MAX_OCTETS_PER_QUESTION - 1)
  assert.equal(budget.takeSend(0), true)
  budget.receive(1)
  assert.equal(budget.takeSend(0), false)
  assert.deepEqual(budget.work, { sends: 1, octets: MAX_OCTETS_PER_QUESTION, lookups: 0, verifications: 0, rounds: 0 })
})

test('a question has MAX_QUESTION_MS, to the millisecond', () => {
  const budget = new Budget(500)
  assert.deepEqual([0, MAX_QUESTION_MS - 1, MAX_QUESTION_MS, MAX_QUESTION_MS + 1].map((ms) => budget.isLeft(500 + ms)), [true, true, false, false])
  assert.equal(budget.takeSend(500 + MAX_QUESTION_MS), false)
  assert.equal(budget.sends, 0, 'what is refused does not count')
})

test('lookups count for themselves, up to MAX_LOOKUPS_PER_QUESTION (NXNSAttack)', () => {
  const budget = new Budget(0)
  const taken = Array.from({ length: MAX_LOOKUPS_PER_QUESTION + 5 }, () => budget.takeLookup())
  assert.equal(taken.filter(Boolean).length, MAX_LOOKUPS_PER_QUESTION)
  assert.deepEqual(taken.slice(-5), Array(5).fill(false))
  assert.equal(budget.isLeft(0), true, 'what was asked for may still be sent')
  const then = budget.work
  budget.takeSend(0)
  assert.deepEqual([then.sends, budget.work.sends], [0, 1], 'work is told as it stood')
})

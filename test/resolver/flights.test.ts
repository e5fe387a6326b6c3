/** Messages on their way: what is shared, when they end, and what each end says of the server (RFC 5452 5, RFC 2308 7). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FIRST_WAIT_MS, MAX_QUESTION_MS, MAX_SENDS_PER_QUESTION, TCP_ANSWER_MS } from '../../src/dns/limits-resolver.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { KeyCache } from '../../src/dnssec/public-key.ts'
import { BusyZones } from '../../src/resolver/busy-zones.ts'
import { Budget } from '../../src/resolver/budget.ts'
import type { Effect } from '../../src/resolver/contract.ts'
import { newCounters } from '../../src/resolver/counters.ts'
import { Flights } from '../../src/resolver/flights.ts'
import { ServerMemory } from '../../src/resolver/servers.ts'
import type { Flight, World } from '../../src/resolver/steps.ts'
import { GapMemory } from '../../src/resolver/gap-memory.ts'
import { ZoneMemory } from '../../src/resolver/zone-memory.ts'
import { address, MapCache, settingsOf } from './support.ts'

const to = { address: address('192.0.2.1'), port: 53 }
const FLIGHT: Flight = { kind: 'flight', to, transport: 'udp', name: Name.parse('www.example.'), type: 1, recursion: false, edns: true, randomCase: true, isLast: false }

/** Flights of a world whose clock the test sets. */
function bench(): { flights: Flights<string>; world: World; effects: Effect[]; launch: (who: string, flight?: Partial<Flight>, budget?: Budget) => boolean } {
  const random = (bound: number): number => bound - 1
  const world: World = { settings: settingsOf(), cache: new MapCache(), random, servers: new ServerMemory(random), zones: new ZoneMemory(), gaps: new GapMemory(), tellers: new WeakMap(), keys: new KeyCache(), busy: new BusyZones(), nowMs: 0 }
  const flights = new Flights<string>(world, newCounters())
  const effects: Effect[] = []
  return { flights, world, effects, launch: (who, flight = {}, budget = new Budget(world.nowMs)) => flights.launch({ ...FLIGHT, ...flight }, who, budget, effects) }
}

function sends(effects: readonly Effect[]): Extract<Effect, { kind: 'send' }>[] {
  return effects.filter((effect) => effect.kind === 'send')
}

test('the same question to the same server travels once, for all who wait', () => {
  const { flights, launch, effects } = bench()
  const budgets = ['a', 'b', 'c'].map((who) => {
    const budget = new Budget(0)
    launch(who, {}, budget)
    return budget.sends
  })
  assert.deepEqual(budgets, [1, 0, 0], 'on the account of the first')
  assert.equal(sends(effects).length, 1)
  assert.deepEqual(flights.land({ kind: 'timeout', nowMs: 400, send: 1 }, effects)?.waiters, ['a', 'b', 'c'])
  assert.deepEqual([flights.size, effects.at(-1)], [0, { kind: 'close', send: 1 }])
})

const OTHERS: [what: string, flight: Partial<Flight>][] = [
  ['another name', { name: Name.parse('ftp.example.') }], ['another type', { type: 28 }], ['another server', { to: { ...to, address: address('192.0.2.2') } }],
  ['another port', { to: { ...to, port: 5353 } }], ['TCP', { transport: 'tcp' }], ['RD', { recursion: true }], ['no EDNS', { edns: false }],
]

for (const [what, flight] of OTHERS) {
  test(`a question with ${what} is another one`, () => {
    const { launch, effects } = bench()
    launch('a')
    launch('b', flight)
    assert.equal(sends(effects).length, 2)
  })
}

test('the case of letters makes no other question', () => {
  const { launch, effects } = bench()
  launch('a')
  launch('b', { name: Name.parse('WWW.example.') })
  assert.equal(sends(effects).length, 1)
})

test('a message is what it says: id of all sixteen bits, letters by chance where they may', () => {
  const { launch, effects } = bench()
  launch('a')
  launch('b', { randomCase: false, type: 28 })
  const [first, second] = sends(effects).map(({ octets }) => decodeMessage(octets))
  assert.deepEqual([first.id, String(first.questions[0].name), String(second.questions[0].name)], [0xffff, 'WWW.EXAMPLE.', 'www.example.'])
})

test('deadlines: what the server needs, more by TCP, never behind the end of the question', () => {
  const { launch, effects, world } = bench()
  launch('a')
  launch('b', { transport: 'tcp' })
  world.nowMs = MAX_QUESTION_MS - 5
  launch('c', { type: 28 }, new Budget(0))
  assert.deepEqual(sends(effects).map(({ deadlineMs }) => deadlineMs), [FIRST_WAIT_MS, TCP_ANSWER_MS, MAX_QUESTION_MS])
})

test('silence is held against the server, but not where its time was cut short by ours', () => {
  const { flights, launch, effects, world } = bench()
  launch('a')
  world.nowMs = FIRST_WAIT_MS
  flights.land({ kind: 'timeout', nowMs: world.nowMs, send: 1 }, effects)
  assert.equal(world.servers.of(to).silences, 1)
  world.nowMs = MAX_QUESTION_MS - 5
  for (let i = 0; i < 20; i++) {
    launch('b', {}, new Budget(0))
    flights.land({ kind: 'timeout', nowMs: MAX_QUESTION_MS, send: 2 + i }, effects)
  }
  assert.equal(world.servers.of(to).silences, 1)
})

test('a response that is taken tells the round trip and counts its octets', () => {
  const { flights, launch, effects, world } = bench()
  const budget = new Budget(0)
  launch('a', {}, budget)
  const query = decodeMessage(sends(effects)[0].octets)
  world.nowMs = 80
  const octets = encodeMessage(makeMessage({ id: query.id, response: true, questions: query.questions }))
  const landing = flights.land({ kind: 'response', nowMs: 80, send: 1, from: to, octets }, effects)
  assert.equal(landing?.landed.kind, 'response')
  assert.deepEqual([world.servers.of(to).roundTripMs, budget.octets], [80, octets.length])
  assert.equal(flights.land({ kind: 'response', nowMs: 81, send: 1, from: to, octets }, effects), undefined, 'once')
})

test('without a budget nothing is sent, though what is under way may be waited for', () => {
  const { launch, effects } = bench()
  const spent = new Budget(0)
  for (let i = 0; i < MAX_SENDS_PER_QUESTION; i++) spent.takeSend(0)
  assert.equal(launch('a', {}, spent), false)
  launch('b')
  assert.equal(launch('a', {}, spent), true)
  assert.equal(sends(effects).length, 1)
})

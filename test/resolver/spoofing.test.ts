/**
 * Forged responses (RFC 5452): by guessing (birthday), by malformed packets that make a resolver give up (TuDoor), from
 * elsewhere. Each play counts what a forger gets to try, and the true answer comes in the end.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { MAX_NEAR_MISSES, MAX_SENDS_PER_QUESTION } from '../../src/dns/limits-resolver.ts'
import type { Effect } from '../../src/resolver/contract.ts'
import { address, Play, records, smallInternet } from './support.ts'

type Send = Extract<Effect, { kind: 'send' }>

/** A response as the forger would have it, made from what he may know of the question. */
function forged({ octets }: Send, change: (message: Message) => Partial<Message>): Uint8Array {
  const query = decodeMessage(octets)
  const poison = records('www.example. A 203.0.113.66')
  return encodeMessage(makeMessage({ id: query.id, response: true, authoritative: true, questions: query.questions, answers: poison, ...change(query) }))
}

/** Plays one question while every UDP message to the zone's server is met by what `forge` makes. */
function underAttack(forge: (send: Send) => Uint8Array[], from?: string): { play: Play; told: ReturnType<Play['ask']> } {
  const play = new Play(smallInternet())
  play.forges = (send) => (send.transport === 'udp' && send.to.address[0] === 192 ? forge(send).map((octets) => ({ octets, ...(from !== undefined && { from: { address: address(from), port: 53 } }) })) : [])
  return { play, told: play.ask('www.example. A') }
}

const TRUTH = ['www.example. A 192.0.2.80']
const DIRECT = ['192.0.2.1 udp www.example. A']
const BY_TCP = [...DIRECT, '192.0.2.1 tcp www.example. A']

const FORGERIES: [what: string, forge: (send: Send) => Uint8Array[], packets: string[]][] = [
  ['a wrong id', (send) => [forged(send, ({ id }) => ({ id: id ^ 1 }))], BY_TCP],
  ['a thousand wrong ids', (send) => Array.from({ length: 1000 }, (_, i) => forged(send, ({ id }) => ({ id: (id + 1 + i) & 0xffff }))), BY_TCP],
  ['the right id, the name in plain letters', (send) => [forged(send, () => ({ questions: [{ name: Name.parse('www.example.'), type: 1, class: 1 }] }))], BY_TCP],
  ['the right id, another name', (send) => [forged(send, () => ({ questions: [{ name: Name.parse('www.bank.example.'), type: 1, class: 1 }] }))], BY_TCP],
  ['the right id, no question', (send) => [forged(send, () => ({ questions: [], answers: [], rcode: 1 }))], BY_TCP],
  ['the right id, not a response', (send) => [forged(send, () => ({ response: false }))], BY_TCP],
  ['the right id, cut off (TuDoor)', (send) => [forged(send, () => ({})).subarray(0, -3)], BY_TCP],
  ['the right id, octets behind the end (TuDoor)', (send) => [Buffer.concat([forged(send, () => ({})), Buffer.of(0)])], BY_TCP],
  ['the id alone', (send) => [send.octets.subarray(0, 2)], BY_TCP],
  ['nothing', () => [new Uint8Array(0)], BY_TCP],
]

for (const [what, forge, packets] of FORGERIES) {
  test(`${what}: the question goes by TCP, and the truth comes`, () => {
    const { told, play } = underAttack(forge)
    assert.deepEqual(told.records, TRUTH)
    assert.deepEqual(told.packets.slice(2), packets)
    assert.ok(play.resolver.counters.wrongIds <= MAX_NEAR_MISSES, `${play.resolver.counters.wrongIds} guesses were looked at on one port`)
    assert.equal(play.resolver.counters.wrongIds + play.resolver.counters.doubtful, 1)
  })
}

test('what comes from another address is not even a guess (RFC 5452 9.1)', () => {
  const { told, play } = underAttack((send) => [forged(send, () => ({}))], '203.0.113.1')
  assert.deepEqual(told.records, TRUTH)
  assert.deepEqual(told.packets.slice(2), DIRECT)
  assert.equal(play.resolver.counters.strangers, 1)
})

test('who guesses everything wins: the test of the tests', () => {
  const { told } = underAttack((send) => [forged(send, () => ({}))])
  assert.deepEqual(told.records, ['www.example. A 203.0.113.66'])
})

test('whoever makes many ask the same gets one message to forge for (birthday, RFC 5452 5)', () => {
  const play = new Play(smallInternet('', '', { delayMs: 300 }))
  play.ask('example. DS')
  for (let i = 0; i < 90; i++) play.start('www.example. A')
  for (let i = 0; i < 90; i++) play.start(`x${i}.www2.example. A`)
  play.run()
  const open = new Map<string, number>()
  for (const { query: { questions: [{ name, type }] } } of play.sent) open.set(`${type} ${name.key}`, (open.get(`${type} ${name.key}`) ?? 0) + 1)
  assert.ok([...open.values()].every((count) => count === 1), 'each question was sent once')
  assert.ok(play.resolver.counters.shared >= 89)
})

test('ids and letters are of the chance that is handed in: a thousand questions, hardly an id twice', () => {
  const play = new Play(smallInternet())
  for (let i = 0; i < 1000; i++) play.ask(`name-of-some-length-${i}.example. A`)
  const ids = play.sent.map(({ query }) => query.id)
  assert.ok(new Set(ids).size > 980, `${new Set(ids).size} ids in ${ids.length}`)
  const upper = play.sent.map(({ query: { questions: [{ name }] } }) => name.toString().replace(/[^A-Z]/g, '').length)
  const share = upper.reduce((sum, count) => sum + count, 0) / play.sent.reduce((sum, { query: { questions: [{ name }] } }) => sum + name.toString().replace(/[^a-z]/gi, '').length, 0)
  assert.ok(share > 0.45 && share < 0.55, `${share} of the letters are upper case`)
})

test('an attacker who meets every message by UDP, at every server, costs TCP and no truth', () => {
  const play = new Play(smallInternet('deep.er A 192.0.2.7'))
  play.forges = (send) => (send.transport === 'udp' ? [{ octets: forged(send, ({ id }) => ({ id: id ^ 0x5555 })) }] : [])
  const told = play.ask('deep.er.example. A')
  assert.deepEqual(told.records, ['deep.er.example. A 192.0.2.7'])
  assert.ok(told.outcome.work.sends <= MAX_SENDS_PER_QUESTION && play.resolver.counters.tcp === told.packets.length / 2)
})

test('no server is let answer in fragments, whose later ones bear neither port nor id: each question by UDP offers what one packet holds, and more comes by TCP (RFC 9715 3.2)', () => {
  const long = Array.from({ length: 6 }, () => `long TXT ${Array.from({ length: 3 }, (_, i) => `"${String(i).repeat(90)}"`).join(' ')}`).map((line, i) => line.replace('TXT ', `TXT "${i}" `)).join('\n')
  const play = new Play(smallInternet(long))
  const told = play.ask('long.example. TXT')
  assert.equal(told.records.length, 6)
  assert.deepEqual(told.packets.slice(-2), ['192.0.2.1 udp long.example. TXT', '192.0.2.1 tcp long.example. TXT'])
  const offers = play.sent.filter(({ transport }) => transport === 'udp').map(({ query: { edns } }) => edns?.udpSize ?? 512)
  assert.ok(offers.length > 2 && offers.every((octets) => octets + 48 <= 1_280), offers.join()) // headers of IPv6 and UDP, on the least path there is (RFC 8200 5)
})

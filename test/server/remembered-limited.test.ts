/** Response rate limiting of what is said from memory: a flood by forged addresses for a cached name is cut down and slips, while others, TCP and other names go on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import type { Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parsePrefix, type Prefix } from '../../src/dns/prefix.ts'
import { RateLimit, type RateLimitSettings } from '../../src/server/rate-limit.ts'
import { encodeQuery, SEED, type Asking } from '../authority/ask.ts'
import { Asked } from './remembering.ts'

const SOA = 'example. 900 IN SOA ns.example. admin.example. 1 7200 900 1209600 600'
/** Responses a second that a network gets about one thing. */
const RESPONSES = 10

/** A cache behind a server that limits. */
function limited(settings: Partial<RateLimitSettings> = {}): Asked {
  const asked = new Asked([], false, new RateLimit({ responses: RESPONSES, slip: 2, windowSeconds: 5, allow: [], ...settings }, SEED))
  const { bench } = asked
  bench.put('www.example. 300 A 192.0.2.1')
  bench.put('mail.example. 300 A 192.0.2.2')
  bench.put('alias.example. 300 CNAME www.example.')
  bench.put('other.example. 300 CNAME www.example.')
  bench.putAbsent('www.example. AAAA', { soa: SOA })
  bench.putAbsent('mail.example. AAAA', { soa: SOA })
  for (let i = 0; i < 3 * RESPONSES; i++) bench.putAbsent(`n${i}.example.`, { soa: SOA })
  bench.putAbsent('n0.other.', { soa: SOA.replace('example.', 'other.') })
  for (const name of ['dead.example.', 'down.example.']) bench.cache.keepFailure({ name: Name.parse(name), type: TYPE.A }, bench.now)
  return asked
}

/** `full`, or `slip`: TC and no records. */
function kindOf(message: Message): string {
  if (!message.truncated) return 'full'
  assert.deepEqual([message.answers.length, message.authorities.length, message.questions.length], [0, 0, 1])
  return 'slip'
}

/** `sent`, `silence` or `core`. */
function say(asked: Asked, question: string, asking: Asking = {}): string {
  const octets = encodeQuery(question, { header: 'rd', ...asking })
  const size = asked.server.answer(octets, octets.length, { transport: asking.tcp === true ? 'tcp' : 'udp', address: asking.from ?? Uint8Array.of(192, 0, 2, 1), port: 4096 }, new Uint8Array(4_096))
  return size > 0 ? 'sent' : size === 0 ? 'silence' : 'core'
}

/** How many of `count` are sent. */
const sent = (asked: Asked, count: number, question: (i: number) => string, asking?: Asking): number =>
  Array.from({ length: count }, (_, i) => say(asked, question(i), asking)).filter((said) => said === 'sent').length

test('a flood for one cached name gets so many responses a second, and the next second none while it is in debt', () => {
  const asked = limited({ slip: 0 })
  assert.equal(sent(asked, 1_000, () => 'www.example. A'), RESPONSES)
  asked.nowSeconds = 1
  assert.equal(sent(asked, 1_000, () => 'www.example. A'), 0)
  assert.equal(asked.server.counters.get('dropped.rate-limited'), 1_990)
  assert.equal(asked.server.counters.get('response.remembered'), RESPONSES, 'what is not sent is no response')
  asked.nowSeconds = 30
  assert.equal(sent(asked, 1, () => 'www.example. A'), 1, 'and all is well after the window')
})

test('every second one too many slips: the question with TC, no larger than the query, so that a true asker turns to TCP', () => {
  const asked = limited()
  for (let i = 0; i < RESPONSES; i++) assert.equal(kindOf(asked.ask('www.example. A') ?? assert.fail()), 'full')
  assert.equal(say(asked, 'www.example. A'), 'silence')
  const slip = asked.ask('www.example. A') ?? assert.fail()
  assert.deepEqual([kindOf(slip), slip.rcode, slip.recursionAvailable], ['slip', 0, true])
  assert.equal(asked.server.counters.get('response.slipped'), 1)
  const whole = asked.ask('www.example. A', { tcp: true }) ?? assert.fail()
  assert.deepEqual([kindOf(whole), whole.answers.length], ['full', 1], 'TCP is not limited')
})

/** What is asked once the limit of the first is reached, and whether it is one thing with it. */
const TOGETHER: [first: string, then: string, isOne: boolean][] = [
  ['www.example. A', 'WWW.EXAMPLE. A', true],
  ['www.example. A', 'mail.example. A', false],
  ['alias.example. A', 'www.example. A', true],
  ['alias.example. A', 'other.example. A', true],
  ['www.example. A', 'www.example. AAAA', false],
  ['www.example. AAAA', 'mail.example. AAAA', false],
  ['n0.example. A', 'n1.example. A', true],
  ['n0.example. A', 'n0.other. A', false],
  ['dead.example. A', 'down.example. A', true],
  ['dead.example. A', 'www.example. A', false],
]
for (const [first, then, isOne] of TOGETHER) {
  test(`${first} and ${then} are ${isOne ? 'one thing' : 'two things'}`, () => {
    const asked = limited({ slip: 0 })
    assert.equal(sent(asked, 100, () => first), RESPONSES)
    assert.equal(say(asked, then), isOne ? 'silence' : 'sent')
  })
}

test('random names that do not exist below one are limited together', () => {
  const asked = limited({ slip: 0 })
  assert.equal(sent(asked, 3 * RESPONSES, (i) => `n${i}.example. A`), RESPONSES)
})

test('an error that slips goes as it is: there is nothing to leave out', () => {
  const asked = limited({ slip: 1 })
  for (let i = 0; i < 3 * RESPONSES; i++) {
    const { rcode, truncated } = asked.ask('dead.example. A') ?? assert.fail()
    assert.deepEqual([rcode, truncated], [2, false])
  }
  assert.equal(asked.server.counters.get('response.slipped'), 2 * RESPONSES)
})

test('NXDOMAIN that slips stays NXDOMAIN, without its SOA', () => {
  const asked = limited({ slip: 1 })
  sent(asked, RESPONSES, () => 'n0.example. A')
  const slip = asked.ask('n0.example. A') ?? assert.fail()
  assert.deepEqual([kindOf(slip), slip.rcode], ['slip', 3])
})

test('networks on the allow list are never limited', () => {
  const asked = limited({ slip: 0, allow: [parsePrefix('192.0.2.128/25') as Prefix] })
  assert.equal(sent(asked, 100, () => 'www.example. A', { from: Uint8Array.of(192, 0, 2, 200) }), 100)
  assert.equal(sent(asked, 100, () => 'www.example. A'), RESPONSES)
  assert.equal(sent(asked, 100, () => 'www.example. A', { from: Uint8Array.of(192, 0, 2, 200) }), 100, 'and go on while others are shut out')
})

test('what is not known is left to the core and not counted', () => {
  const asked = limited({ slip: 0 })
  for (let i = 0; i < 100; i++) assert.equal(say(asked, 'unknown.example. A'), 'core')
  assert.equal(asked.server.counters.get('dropped.rate-limited'), 0)
})

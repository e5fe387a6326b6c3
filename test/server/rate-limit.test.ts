/**
 * Response rate limiting: what is counted together and what apart, how buckets fill and empty, who is exempt,
 * what a slip looks like, and that neither floods of networks nor clocks that jump do any harm.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Answer, SECTION } from '../../src/authority/plan.ts'
import type { Peer } from '../../src/authority/query.ts'
import { parseAddress } from '../../src/dns/address.ts'
import { OPTION, RCODE } from '../../src/dns/codes.ts'
import { RATE_LIMIT_SLOTS } from '../../src/dns/limits.ts'
import { parsePrefix, type Prefix } from '../../src/dns/prefix.ts'
import { Cookies } from '../../src/server/cookies.ts'
import { RateLimit, VERDICT, type RateLimitSettings } from '../../src/server/rate-limit.ts'
import type { Server } from '../../src/server/server.ts'
import { ask, decode, NOW, opt, query, Scratch, serverOf, tcp, udp } from './messages.ts'

const address = (text: string): Uint8Array => parseAddress(text) ?? assert.fail(text)
const prefix = (text: string): Prefix => parsePrefix(text) ?? assert.fail(text)
const limiter = (settings: Partial<RateLimitSettings> = {}): RateLimit => new RateLimit({ responses: 10, slip: 0, windowSeconds: 5, allow: [], ...settings }, 4711)

interface Said {
  rcode?: number
  /** Section and handle of the first RRset; null for a response without records. */
  first?: [0 | 1, number] | null
  zone?: number
}

function answerOf({ rcode = 0, first = [0, 77], zone = 0 }: Said = {}): Answer {
  const answer = new Answer()
  answer.rcode = rcode
  answer.zone = zone
  if (first === null) return answer
  const scratch = new Scratch()
  answer.add(first[0], scratch, first[1], scratch, scratch.name('a.example.'))
  return answer
}

/** How many of `count` responses pass. */
function passed(limit: RateLimit, from: string, said: Answer, count: number, now: number): number {
  let passes = 0
  for (let i = 0; i < count; i++) if (limit.judge(address(from), said, now) === VERDICT.pass) passes++
  return passes
}

test('a network gets so many responses a second about one thing, and the next second as many again', () => {
  const limit = limiter()
  const said = answerOf()
  assert.equal(passed(limit, '192.0.2.1', said, 10, NOW), 10)
  assert.equal(passed(limit, '192.0.2.1', said, 3, NOW), 0)
  assert.equal(passed(limit, '192.0.2.1', said, 20, NOW + 1), 7, 'three of debt are paid first')
})

test('a thread among several gives its share, and all where it is given the datagrams of all', () => {
  const limit = limiter({ shares: 3 })
  assert.equal(passed(limit, '192.0.2.1', answerOf(), 20, NOW), 4)
  limit.takeAll(true)
  assert.equal(passed(limit, '192.0.2.77', answerOf({ first: [0, 78] }), 20, NOW), 10)
  assert.equal(passed(limit, '192.0.2.1', answerOf(), 20, NOW + 6), 10)
  limit.takeAll(false)
  assert.equal(passed(limit, '192.0.2.1', answerOf(), 20, NOW + 12), 4, 'what was left over of the whole is no credit')
})

test('who keeps flooding stays shut out, up to the window after the end', () => {
  const limit = limiter()
  const said = answerOf()
  passed(limit, '192.0.2.1', said, 1_000, NOW)
  for (let second = 1; second <= 20; second++) assert.equal(passed(limit, '192.0.2.1', said, 1_000, NOW + second), 0, `second ${second}`)
  assert.equal(passed(limit, '192.0.2.1', said, 1, NOW + 24), 0)
  assert.equal(passed(limit, '192.0.2.1', said, 100, NOW + 20 + 11), 10, 'all is forgiven behind the window')
})

test('a bucket never holds more than one second of responses, however long nobody asks', () => {
  const limit = limiter()
  const said = answerOf()
  passed(limit, '192.0.2.1', said, 5, NOW)
  for (const wait of [1, 3, 100, 1_000_000]) assert.equal(passed(limit, '192.0.2.1', said, 50, NOW + wait), wait === 3 ? 0 : 10, `${wait} s`)
})

test('a /24 of IPv4 and a /56 of IPv6 are one network; what is outside is another', () => {
  for (const [one, same, other] of [['192.0.2.1', '192.0.2.255', '192.0.3.1'], ['2001:db8:0:100::1', '2001:db8:0:1ff:ffff::9', '2001:db8:0:200::1']]) {
    const limit = limiter()
    const said = answerOf()
    assert.equal(passed(limit, one, said, 10, NOW), 10)
    assert.equal(passed(limit, same, said, 1, NOW), 0, same)
    assert.equal(passed(limit, other, said, 1, NOW), 1, other)
  }
})

test('an IPv4 network is not the IPv6 network that starts with the same octets', () => {
  const limit = limiter()
  passed(limit, '32.1.13.0', answerOf(), 10, NOW)
  assert.equal(passed(limit, '2001:d00::', answerOf(), 1, NOW), 1)
})

test('what differs in kind, zone or first RRset is counted apart', () => {
  const kinds: Said[] = [
    {}, { first: [0, 78] }, { zone: 1 }, { first: [1, 77] }, { rcode: RCODE.NXDOMAIN, first: [1, 77] }, { rcode: RCODE.REFUSED, first: null, zone: -1 }, { first: null },
  ]
  const limit = limiter()
  for (const said of kinds) assert.equal(passed(limit, '192.0.2.1', answerOf(said), 12, NOW), 10, JSON.stringify(said))
})

test('all errors to a network are one kind, whatever the RCODE', () => {
  const limit = limiter()
  passed(limit, '192.0.2.1', answerOf({ rcode: RCODE.REFUSED, first: null, zone: -1 }), 10, NOW)
  assert.equal(passed(limit, '192.0.2.1', answerOf({ rcode: RCODE.FORMERR, first: null, zone: -1 }), 1, NOW), 0)
})

test('every n-th limited response slips; 0 lets none slip, 1 each', () => {
  for (const [slip, wanted] of [[0, '----------'], [1, 'ssssssssss'], [2, '-s-s-s-s-s'], [3, '--s--s--s-']] as const) {
    const limit = limiter({ slip })
    const said = answerOf()
    passed(limit, '192.0.2.1', said, 10, NOW)
    const verdicts = Array.from({ length: 10 }, () => (limit.judge(address('192.0.2.1'), said, NOW) === VERDICT.slip ? 's' : '-'))
    assert.equal(verdicts.join(''), wanted, `slip ${slip}`)
  }
})

test('networks on the allow list are never limited, and their neighbours are', () => {
  const limit = limiter({ allow: ['127.0.0.0/8', '2001:db8:5::/48'].map(prefix) })
  for (const exempt of ['127.0.0.1', '127.255.0.1', '2001:db8:5:7::1']) assert.equal(passed(limit, exempt, answerOf(), 1_000, NOW), 1_000, exempt)
  assert.equal(passed(limit, '2001:db8:6::1', answerOf(), 1_000, NOW), 10)
})

test('a clock that goes back neither gives nor takes, and goes on from there; 32 bits may wrap', () => {
  const limit = limiter()
  const said = answerOf()
  assert.equal(passed(limit, '192.0.2.1', said, 4, NOW), 4)
  assert.equal(passed(limit, '192.0.2.1', said, 10, NOW - 3_600), 6)
  assert.equal(passed(limit, '192.0.2.1', said, 10, NOW - 3_599), 6, 'ten gained, four of debt')
  const late = 0x7fff_ffff
  const wrapping = limiter()
  passed(wrapping, '192.0.2.1', said, 10, late)
  assert.equal(passed(wrapping, '192.0.2.1', said, 100, late + 1), 10)
})

test('one network against a model of one bucket: any rate, any gaps', () => {
  const step = fc.record({ wait: fc.nat(8), count: fc.nat(60) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 20 }), (responses, windowSeconds, steps) => {
      const limit = limiter({ responses, windowSeconds })
      const said = answerOf()
      let tokens = responses
      let now = NOW
      for (const { wait, count } of steps) {
        now += wait
        tokens = Math.min(responses, tokens + wait * responses)
        let wanted = 0
        for (let i = 0; i < count; i++) {
          if (tokens > 0) wanted++
          tokens = Math.max(-windowSeconds * responses, tokens - 1)
        }
        assert.equal(passed(limit, '192.0.2.1', said, count, now), wanted)
      }
    }),
  )
})

test('a flood from a million networks neither grows the table nor forgets the one that is shut out', () => {
  const limit = limiter()
  const said = answerOf()
  const guilty = '203.0.113.9'
  passed(limit, guilty, said, 60, NOW)
  const from = new Uint8Array(4)
  let limited = 0
  for (let i = 0; i < 8 * RATE_LIMIT_SLOTS; i++) {
    from[0] = 1 + (i >> 16) // 1.0.0.0/24 onwards, all below 203.0.113.0
    from[1] = i >> 8
    from[2] = i
    if (limit.judge(from, said, NOW) !== VERDICT.pass) limited++
  }
  assert.equal(limited, 0, 'a network that asks once is never limited')
  assert.equal(passed(limit, guilty, said, 1, NOW), 0, 'the guilty one is the last to be forgotten')
})

test('as many networks as half the slots are told apart nearly always', () => {
  const limit = limiter({ responses: 1 })
  const said = answerOf()
  const from = new Uint8Array(4)
  const each = (visit: () => void): void => {
    for (let i = 0; i < RATE_LIMIT_SLOTS / 2; i++) {
      from.set([1 + (i >> 16), i >> 8, i])
      visit()
    }
  }
  each(() => assert.equal(limit.judge(from, said, NOW), VERDICT.pass))
  let remembered = 0
  each(() => (remembered += limit.judge(from, said, NOW) === VERDICT.drop ? 1 : 0))
  assert.ok(remembered > 0.9 * (RATE_LIMIT_SLOTS / 2), `${remembered} of ${RATE_LIMIT_SLOTS / 2}`)
})

// ---- In the server ----

const scratch = new Scratch()
const a = scratch.rrset('www.example. 60 IN A 192.0.2.80')

function limitedServer(rcode: number = RCODE.NOERROR, slip = 2): Server {
  return serverOf((asked, plan) => {
    plan.rcode = rcode
    plan.authoritative = true
    if (rcode === RCODE.NOERROR) plan.add(SECTION.answer, scratch, a, asked, asked.qnameAt)
  }, { rateLimit: limiter({ responses: 2, slip }), cookies: new Cookies(new Uint8Array(16).fill(7)) })
}

const client = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)

test('a limited answer is silence; one that slips has question, OPT and TC, but no records, so that a resolver turns to TCP', () => {
  const server = limitedServer()
  const asked = query({ opt: { size: 1232 } })
  assert.equal(decode(ask(server, asked)).answer.length, 1)
  assert.equal(decode(ask(server, asked)).tc, false)
  assert.equal(ask(server, asked), null)
  const slip = decode(ask(server, asked))
  assert.deepEqual([slip.tc, slip.rcode, slip.answer.length, slip.authority.length, slip.question?.name, slip.opt?.size], [true, 0, 0, 0, 'www.example.', 1232])
  assert.ok(slip.size <= asked.length, `a slip of ${slip.size} octets for a query of ${asked.length}`)
  assert.equal(decode(ask(server, asked, tcp)).answer.length, 1, 'TCP is not limited')
  assert.equal(server.counters.get('dropped.rate-limited'), 1)
  assert.equal(server.counters.get('response.slipped'), 1)
})

test('an error that slips goes as it is: there is nothing to leave out', () => {
  for (const rcode of [RCODE.REFUSED, RCODE.SERVFAIL, RCODE.NOTIMP]) {
    const server = limitedServer(rcode, 1)
    for (let i = 0; i < 5; i++) {
      const { tc, rcode: got } = decode(ask(server, query()))
      assert.deepEqual([tc, got], [false, rcode])
    }
    assert.equal(server.counters.get('response.slipped'), 3)
  }
})

test('NXDOMAIN that slips stays NXDOMAIN, for those who do not look at TC', () => {
  const server = limitedServer(RCODE.NXDOMAIN, 1)
  for (let i = 0; i < 2; i++) ask(server, query())
  const { tc, rcode } = decode(ask(server, query()))
  assert.deepEqual([tc, rcode], [true, RCODE.NXDOMAIN])
})

test('malformed messages are limited as errors', () => {
  const server = limitedServer(RCODE.NOERROR, 0)
  const bad = query({ trailing: Uint8Array.of(0) })
  assert.equal(decode(ask(server, bad)).rcode, RCODE.FORMERR)
  assert.equal(decode(ask(server, bad)).rcode, RCODE.FORMERR)
  assert.equal(ask(server, bad), null)
})

test('RFC 7873 5.2.5: a good cookie shows the address, so that it is not limited; a bad one or a new one is', () => {
  const server = limitedServer(RCODE.NOERROR, 0)
  const withCookie = (cookie: Uint8Array): Uint8Array => query({ opt: { options: [[OPTION.COOKIE, cookie]] } })
  const given = decode(ask(server, withCookie(client))).opt?.options.find(([code]) => code === OPTION.COOKIE)?.[1]
  const good = Uint8Array.from(Buffer.from(given ?? '', 'hex'))
  ask(server, withCookie(client))
  assert.equal(ask(server, withCookie(client)), null)
  assert.equal(ask(server, withCookie(Uint8Array.from(good, (octet, i) => (i === 20 ? octet ^ 1 : octet)))), null)
  for (let i = 0; i < 50; i++) assert.equal(decode(ask(server, withCookie(good))).answer.length, 1)
})

test('other networks are answered while one is shut out', () => {
  const server = limitedServer()
  const other: Peer = { ...udp, address: Uint8Array.of(198, 51, 100, 7) }
  for (let i = 0; i < 1_000; i++) ask(server, query({ additional: [opt()] }))
  assert.equal(decode(ask(server, query(), other)).answer.length, 1)
})

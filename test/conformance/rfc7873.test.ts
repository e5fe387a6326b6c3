/**
 * RFC 7873 and RFC 9018: DNS Cookies of servers that stand behind one address, and of one whose secret changes,
 * over answers from a zone. The single cases of 5.2 are in test/server/finish.test.ts.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OPTION } from '../../src/dns/codes.ts'
import { Cookies } from '../../src/server/cookies.ts'
import { converser, encodeQuery, exchange, serverOf, zoneOf, type Conversed } from '../authority/ask.ts'

const zone = zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nsub NS ns.test.\n')
const CLIENT = '2464c4abcf10c957'
const secret = (fill: number): Uint8Array => new Uint8Array(16).fill(fill)
const NOW = 1_800_000_000

function serving(cookies: Cookies, nowSeconds = NOW, requireCookie = false) {
  return converser([zone], { cookies, requireCookie, nowSeconds: () => nowSeconds })
}

const withCookie = (cookie: string) => ({ options: [[OPTION.COOKIE, cookie]] as [number, string][] })
const cookieOf = (response: Conversed): string => response.edns?.options.find(([code]) => code === OPTION.COOKIE)?.[1] ?? ''

describe('RFC 7873 5.2, 5.3: a client and its cookie', () => {
  const ask = serving(new Cookies(secret(1)))

  test('5.2.1 without the option nothing changes, with EDNS or without', () => {
    assert.deepEqual([ask('ns.example. A').edns, ask('ns.example. A', { size: 1232 }).edns?.options], [null, []])
  })

  test('5.3 the cookie learnt in any response is good in the next query and comes back with every kind of answer', () => {
    const learnt = cookieOf(ask('ns.example. A', withCookie(CLIENT)))
    assert.match(learnt, new RegExp(`^${CLIENT}01000000[0-9a-f]{24}$`))
    for (const question of ['ns.example. A', 'none.example. A', 'x.sub.example. A', 'www.test. A', 'ns.example. AXFR']) assert.equal(cookieOf(ask(question, withCookie(learnt))), learnt)
  })

  test('5.4 a query for a cookie alone has a response without question and records', () => {
    const response = ask('', withCookie(CLIENT))
    assert.deepEqual([response.rcode, response.question, response.answer, cookieOf(response).length], ['NOERROR', undefined, [], 48])
  })

  test('5.4 and without a cookie it is malformed', () => {
    assert.deepEqual([ask('').rcode, ask('', { size: 1232 }).rcode], ['FORMERR', 'FORMERR'])
  })
})

describe('RFC 9018 2, 5: servers behind one address', () => {
  const [first, second, stranger] = [1, 1, 2].map((fill) => serving(new Cookies(secret(fill)), NOW, true))

  test('2 what one gave, another with the same secret takes; one with another secret does not', () => {
    const cookie = cookieOf(first('ns.example. A', withCookie(CLIENT)))
    assert.deepEqual([second('ns.example. A', withCookie(cookie)).rcode, stranger('ns.example. A', withCookie(cookie)).rcode], ['NOERROR', 'BADCOOKIE'])
  })

  test('BADCOOKIE holds no data and a cookie that is good at the next try (RFC 7873 5.2.3)', () => {
    const refused = first('ns.example. A', withCookie(CLIENT))
    assert.deepEqual([refused.rcode, refused.answer, refused.question], ['BADCOOKIE', [], 'ns.example. IN A'])
    assert.deepEqual(first('ns.example. A', withCookie(cookieOf(refused))).answer.length, 1)
  })

  test('5 a secret is changed in steps, at no one of which a client is turned away', () => {
    const before = new Cookies(secret(1))
    const during = new Cookies(secret(2), secret(1))
    const after = new Cookies(secret(2))
    const old = cookieOf(serving(before)('ns.example. A', withCookie(CLIENT)))
    const renewed = serving(during, NOW, true)('ns.example. A', withCookie(old))
    assert.equal(renewed.rcode, 'NOERROR')
    assert.notEqual(cookieOf(renewed), old)
    assert.equal(serving(after, NOW, true)('ns.example. A', withCookie(cookieOf(renewed))).rcode, 'NOERROR')
    assert.equal(serving(after, NOW, true)('ns.example. A', withCookie(old)).rcode, 'BADCOOKIE')
  })

  test('4.4 a cookie is its client’s alone: another address cannot use it', () => {
    const cookie = cookieOf(first('ns.example. A', withCookie(CLIENT)))
    assert.equal(first('ns.example. A', { ...withCookie(cookie), from: Uint8Array.of(192, 0, 2, 2) }).rcode, 'BADCOOKIE')
  })
})

describe('a clock that is wrong (RFC 9018 4.3)', () => {
  for (const [when, nowSeconds] of [['in 1970', 0], ['just before the 32 bits end', 0xffff_fff0], ['after they have ended', 0x1_0000_0010], ['in the year 9999', 253_402_300_799]] as const) {
    test(`${when} cookies are still given and taken`, () => {
      const ask = serving(new Cookies(secret(1)), nowSeconds, true)
      const cookie = cookieOf(ask('ns.example. A', withCookie(CLIENT)))
      assert.equal(ask('ns.example. A', withCookie(cookie)).rcode, 'NOERROR')
    })
  }

  test('that jumps makes clients ask once more, and no client is lost for longer', () => {
    for (const jump of [-86_400 * 365, 86_400 * 365]) {
      const cookies = new Cookies(secret(1))
      const old = cookieOf(serving(cookies)('ns.example. A', withCookie(CLIENT)))
      const jumped = serving(cookies, NOW + jump, true)
      const refused = jumped('ns.example. A', withCookie(old))
      assert.equal(refused.rcode, 'BADCOOKIE')
      assert.equal(jumped('ns.example. A', withCookie(cookieOf(refused))).rcode, 'NOERROR')
    }
  })

  test('over TCP, or where cookies are not demanded, a stale cookie costs the client nothing', () => {
    const old = cookieOf(serving(new Cookies(secret(1)), 5)('ns.example. A', withCookie(CLIENT)))
    const server = serverOf([zone], { cookies: new Cookies(secret(1)), nowSeconds: () => NOW })
    for (const tcp of [false, true]) assert.equal(exchange(server, encodeQuery('ns.example. A', withCookie(old)), { tcp })?.answer.length, 1)
  })
})

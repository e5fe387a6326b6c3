/** DNS Cookies: the vectors of RFC 9018 appendix A, what a cookie is bound to, its age, and the hash beneath. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { COOKIE, Cookies, isCookieLength } from '../../src/server/cookies.ts'
import { siphash24, siphashKey } from '../../src/server/siphash.ts'
import { hex } from './messages.ts'

const toHex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

function make(cookies: Cookies, client: string, address: Uint8Array, now: number): string {
  const out = new Uint8Array(24)
  cookies.make(hex(client), 0, address, now, out, 0)
  return toHex(out)
}

function judge(cookies: Cookies, cookie: string, address: Uint8Array, now: number): number {
  const octets = hex(cookie)
  return cookies.judge(octets, 0, octets.length, address, now)
}

const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf'
const A1 = '2464c4abcf10c957010000005cf79f111f8130c3eee29480'
const ISSUED = 1_559_731_985
const CLIENT = Uint8Array.of(198, 51, 100, 100)
const CLIENT6 = hex('20010db80220000159ded0f4876982b8')

test('SipHash-2-4 gives the values of its reference implementation for messages of every length around its blocks', () => {
  const want: Record<number, string> = {
    0: '310e0edd47db6f72', 1: 'fd67dc93c539f874', 7: '37d1018bf50002ab', 8: '6224939a79f5f593', 9: 'b0e4a90bdf82009e', 15: 'e545be4961ca29a1', 16: 'db9bc2577fcc2a3f',
    20: '98eea21af25cd6be', 31: '42c341d8fa92d832', 32: 'ce7cf2722f512771', 63: '724506eb4c328a95',
  }
  const message = Uint8Array.from({ length: 64 }, (_, i) => i)
  const key = siphashKey(message.slice(0, 16))
  const out = new Int32Array(2)
  for (const [length, value] of Object.entries(want)) {
    siphash24(key, message, Number(length), out)
    assert.equal(toHex(new Uint8Array(out.buffer)), value, `length ${length}`)
  }
})

test('RFC 9018 A.1: a client without a server cookie learns one', () => {
  const cookies = new Cookies(hex(SECRET))
  assert.equal(judge(cookies, '2464c4abcf10c957', CLIENT, ISSUED), COOKIE.new)
  assert.equal(make(cookies, '2464c4abcf10c957', CLIENT, ISSUED), A1)
})

test('RFC 9018 A.2: forty minutes later the same client gets a new server cookie', () => {
  const cookies = new Cookies(hex(SECRET))
  assert.equal(judge(cookies, A1, CLIENT, 1_559_734_385), COOKIE.renew)
  assert.equal(make(cookies, '2464c4abcf10c957', CLIENT, 1_559_734_385), '2464c4abcf10c957010000005cf7a871d4a564a1442aca77')
})

test('RFC 9018 A.3: reserved octets that are not zero are hashed as they came', () => {
  const cookies = new Cookies(hex(SECRET))
  const other = Uint8Array.of(203, 0, 113, 203)
  assert.equal(judge(cookies, 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5', other, 0x5cf78f71 + 60), COOKIE.good)
  assert.equal(make(cookies, 'fc93fc62807ddb86', other, 1_559_734_700), 'fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e')
})

test('RFC 9018 A.4: a cookie made with the secret before the rollover is good and is replaced', () => {
  const cookies = new Cookies(hex('dd3bdf9344b678b185a6f5cb60fca715'))
  cookies.rotate(hex('445536bcd2513298075a5d379663c962'))
  assert.equal(judge(cookies, '22681ab97d52c298010000005cf7c57926556bd0934c72f8', CLIENT6, 1_559_741_961), COOKIE.renew)
  assert.equal(make(cookies, '22681ab97d52c298', CLIENT6, 1_559_741_961), '22681ab97d52c298010000005cf7c609a6bb79d16625507a')
  cookies.rotate(hex(SECRET))
  assert.equal(judge(cookies, '22681ab97d52c298010000005cf7c57926556bd0934c72f8', CLIENT6, 1_559_741_961), COOKIE.bad)
})

test('RFC 9018 4.3: a server cookie is good from five minutes before to one hour after it was made, and renewed in its second half hour', () => {
  const cookies = new Cookies(hex(SECRET))
  const table: [number, number][] = [[-301, COOKIE.bad], [-300, COOKIE.good], [0, COOKIE.good], [1800, COOKIE.good], [1801, COOKIE.renew], [3600, COOKIE.renew], [3601, COOKIE.bad], [2 ** 31, COOKIE.bad]]
  for (const [age, outcome] of table) assert.equal(judge(cookies, A1, CLIENT, ISSUED + age), outcome, `age ${age}`)
})

test('RFC 9018 4.3: the time is compared in serial number arithmetic, so that it may wrap in 2106', () => {
  const cookies = new Cookies(hex(SECRET))
  const made = make(cookies, '2464c4abcf10c957', CLIENT, 0xffff_ff00)
  assert.equal(judge(cookies, made, CLIENT, 0x1_0000_0100), COOKIE.good)
  assert.equal(judge(cookies, made, CLIENT, 0x1_0000_0100 + 3600), COOKIE.bad)
})

test('a server cookie with any one bit changed, for another address or of another length is bad', () => {
  const cookies = new Cookies(hex(SECRET))
  for (let bit = 0; bit < 24 * 8; bit++) {
    const octets = hex(A1)
    octets[bit >> 3] ^= 1 << (bit & 7)
    assert.equal(cookies.judge(octets, 0, 24, CLIENT, ISSUED), COOKIE.bad, `bit ${bit}`)
  }
  assert.equal(judge(cookies, A1, Uint8Array.of(198, 51, 100, 101), ISSUED), COOKIE.bad)
  assert.equal(judge(cookies, A1, CLIENT6, ISSUED), COOKIE.bad)
  assert.equal(judge(cookies, `${A1}00`, CLIENT, ISSUED), COOKIE.bad)
  assert.equal(judge(cookies, A1.slice(0, 32), CLIENT, ISSUED), COOKIE.bad)
})

test('what was made is good for its client whatever the client cookie, address and secret', () => {
  const octets = (size: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: size, maxLength: size })
  fc.assert(
    fc.property(octets(16), octets(8), fc.oneof(octets(4), octets(16)), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (secret, client, address, now) => {
      const cookies = new Cookies(secret)
      const out = new Uint8Array(30)
      cookies.make(client, 0, address, now, out, 3)
      assert.deepEqual(out.slice(3, 11), client)
      assert.equal(cookies.judge(out, 3, 24, address, now), COOKIE.good)
    }),
    { numRuns: 300 },
  )
})

test('RFC 7873 4: a COOKIE option has 8 octets, or 16 to 40', () => {
  const good = Array.from({ length: 64 }, (_, n) => n).filter(isCookieLength)
  assert.deepEqual(good, [8, ...Array.from({ length: 25 }, (_, n) => 16 + n)])
})

test('a secret that has not 16 octets is refused', () => {
  assert.throws(() => new Cookies(new Uint8Array(15)), /Cannot use a key of 15 octets as it must have 16/)
  assert.throws(() => new Cookies(new Uint8Array(16)).rotate(new Uint8Array(17)), RangeError)
})

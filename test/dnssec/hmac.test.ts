/** HMAC (RFC 2104): the examples of RFC 2202 and RFC 4231, and the same as node:crypto for any secret and message. */
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { Hmac } from '../../src/dnssec/hmac.ts'
import { TSIG_ALGORITHMS } from '../../src/dnssec/tsig-algorithms.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const filled = (octets: number, value: number): Buffer => Buffer.alloc(octets, value)

const EXAMPLES: readonly [string, string, Buffer, Buffer, string][] = [
  ['RFC 2202 3 case 1', 'sha1', filled(20, 0x0b), Buffer.from('Hi There'), 'b617318655057264e28bc0b6fb378c8ef146be00'],
  ['RFC 2202 3 case 6, a secret longer than a block', 'sha1', filled(80, 0xaa), Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First'), 'aa4ae5e15272d00e95705637ce8a3b55ed402112'],
  ['RFC 4231 4.2', 'sha224', filled(20, 0x0b), Buffer.from('Hi There'), '896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22'],
  ['RFC 4231 4.2', 'sha256', filled(20, 0x0b), Buffer.from('Hi There'), 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
  ['RFC 4231 4.3, a short secret', 'sha256', Buffer.from('Jefe'), Buffer.from('what do ya want for nothing?'), '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  ['RFC 4231 4.2', 'sha384', filled(20, 0x0b), Buffer.from('Hi There'), 'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6'],
  ['RFC 4231 4.4', 'sha512', filled(20, 0xaa), filled(50, 0xdd), 'fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb'],
]

for (const [what, hash, secret, message, mac] of EXAMPLES) {
  test(`${what}, ${hash}`, () => assert.deepEqual(new Hmac(hash, secret).of(message), hex(mac)))
}

test('any secret, any message, cut into any parts: as node:crypto says', () => {
  const octets = (most: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ maxLength: most })
  fc.assert(fc.property(fc.constantFrom(...TSIG_ALGORITHMS.map(({ hash }) => hash)), octets(200), fc.array(octets(300), { maxLength: 5 }), (hash, secret, parts) => {
    assert.deepEqual(new Hmac(hash, secret).of(...parts), createHmac(hash, secret).update(Buffer.concat(parts)).digest())
  }))
})

test('messages of every length around a block and around the memory that is kept', () => {
  const hmac = new Hmac('sha256', Buffer.from('secret'))
  for (const octets of [0, 1, 55, 56, 63, 64, 65, 127, 128, 8_127, 8_128, 8_129, 65_535]) {
    const message = filled(octets, octets & 255)
    assert.deepEqual(hmac.of(message), createHmac('sha256', 'secret').update(message).digest(), `${octets} octets`)
  }
})

test('a MAC is its own: the next does not change it', () => {
  const hmac = new Hmac('sha256', Buffer.from('secret'))
  const first = hmac.of(Buffer.from('one'))
  const copy = Buffer.from(first)
  hmac.of(Buffer.from('two'))
  assert.deepEqual(first, copy)
})

test('secrets do not mix', () => {
  const [a, b] = [new Hmac('sha256', Buffer.from('a')), new Hmac('sha256', Buffer.from('b'))]
  const message = Buffer.from('message')
  const [first, other, again] = [a.of(message), b.of(message), a.of(message)]
  assert.deepEqual(first, again)
  assert.notDeepEqual(first, other)
})

test('written piece by piece, by numbers and octets, after one that was begun and left, or that was long', () => {
  const hmac = new Hmac('sha256', Buffer.from('secret'))
  hmac.begin().bytes(Buffer.from('left'))
  hmac.of(new Uint8Array(65_535))
  for (let i = 0; i < 2; i++) {
    const message = hmac.begin()
    const { at } = message
    message.u16(0)
    message.bytes(Buffer.from('and more'))
    message.patch16(at, 0x0102)
    assert.deepEqual(hmac.end(), createHmac('sha256', 'secret').update('\x01\x02and more').digest())
  }
})

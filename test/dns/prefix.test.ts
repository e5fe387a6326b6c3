/** Address prefixes in text (RFC 4632 3.1, RFC 4291 2.3), and lists of them held against a model that compares bit by bit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAddress } from '../../src/dns/address.ts'
import { parsePrefix, PrefixList, type Prefix } from '../../src/dns/prefix.ts'

const prefix = (text: string): Prefix => {
  const parsed = parsePrefix(text)
  assert.ok(parsed, text)
  return parsed
}
const address = (text: string): Uint8Array => {
  const parsed = parseAddress(text)
  assert.ok(parsed, text)
  return parsed
}

test('RFC 4632 3.1: a prefix is an address and a number of bits; a bare address is all of its bits', () => {
  assert.deepEqual(prefix('192.0.2.0/24'), { address: Uint8Array.of(192, 0, 2, 0), bits: 24 })
  assert.equal(prefix('192.0.2.7').bits, 32)
  assert.equal(prefix('2001:db8::/32').bits, 32)
  assert.equal(prefix('::1').bits, 128)
  assert.equal(prefix('0.0.0.0/0').bits, 0)
})

test('what is no prefix is none: bits behind it, too many bits, numbers in other forms, names', () => {
  for (const text of ['192.0.2.1/24', '2001:db8::1/64', '192.0.2.0/33', '::/129', '192.0.2.0/', '192.0.2.0/024', '192.0.2.0/-1', '192.0.2.0/2 4', '192.0.2/24', 'localhost', '', '/8', '192.0.2.0/24/24']) {
    assert.equal(parsePrefix(text), undefined, text)
  }
})

test('a list holds the first and the last address of its networks and not their neighbours', () => {
  const list = new PrefixList(['192.0.2.64/26', '198.51.100.1', '2001:db8:1::/49', '::1/128'].map(prefix))
  for (const inside of ['192.0.2.64', '192.0.2.127', '198.51.100.1', '2001:db8:1::', '2001:db8:1:7fff:ffff:ffff:ffff:ffff', '::1']) assert.equal(list.holds(address(inside)), true, inside)
  for (const outside of ['192.0.2.63', '192.0.2.128', '198.51.100.0', '198.51.100.2', '2001:db8:1:8000::', '2001:db8:0:ffff::', '::2', '::']) assert.equal(list.holds(address(outside)), false, outside)
  assert.equal(new PrefixList([]).holds(address('192.0.2.1')), false)
})

test('a list says what a model says that compares bit by bit', () => {
  const bit = (octets: Uint8Array, i: number): number => (octets[i >> 3] >> (7 - (i & 7))) & 1
  const octets = fc.constantFrom(4, 16).chain((size) => fc.array(fc.constantFrom(0, 1, 127, 128, 255), { minLength: size, maxLength: size }))
  const prefixes = fc.array(fc.tuple(octets, fc.nat(128)).map(([parts, n]): Prefix => {
    const bits = Math.min(n, parts.length * 8)
    return { bits, address: Uint8Array.from(parts, (octet, i) => octet & ~(0xff >> Math.min(8, Math.max(0, bits - 8 * i)))) }
  }), { maxLength: 5 })
  fc.assert(
    fc.property(prefixes, octets, (list, parts) => {
      const asked = Uint8Array.from(parts)
      const model = list.some(({ address: network, bits }) => network.length === asked.length && Array.from({ length: bits }, (_, i) => i).every((i) => bit(network, i) === bit(asked, i)))
      assert.equal(new PrefixList(list).holds(asked), model)
    }),
    { numRuns: 2_000 },
  )
})

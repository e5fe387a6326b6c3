/** Addresses and digits between octets and text, held against what Node makes of them. */
import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAddress, printAddress, printIpv6 } from '../../src/dns/address.ts'
import { WireWriter } from '../../src/dns/octets.ts'
import { RadixDecoder, printBase32hex, printBase64, printHex } from '../../src/dns/radix.ts'

/** IPv6 octets with many zero groups, as addresses have them. */
const sixteen = fc.array(fc.oneof({ arbitrary: fc.constant([0, 0]), weight: 2 }, { arbitrary: fc.tuple(fc.nat(255), fc.nat(255)), weight: 1 }), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flat()))

test('any IPv6 address prints as a browser would write it (RFC 5952 4), but for mapped IPv4', () => {
  fc.assert(fc.property(sixteen, (octets) => {
    const text = printIpv6(octets)
    assert.deepEqual(parseAddress(text), octets)
    assert.ok(isIPv6(text), text)
    if (!text.includes('.')) assert.equal(`[${text}]`, new URL(`http://[${text}]/`).hostname)
  }), { numRuns: 2000 })
})

test('any IPv4 address prints as it is read', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (octets) => {
    assert.deepEqual(parseAddress(printAddress(octets)), octets)
    assert.ok(isIPv4(printAddress(octets)))
  }))
})

test('what is an address to us is one to Node, and the other way round (zones aside)', () => {
  const piece = fc.constantFrom(':', '::', '.', '0', '1', 'ff', 'ffff', '255', '256', '01', '192.0.2.1', 'g', '12345', ' ')
  fc.assert(fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
    const text = pieces.join('')
    const octets = parseAddress(text)
    assert.equal(octets?.length === 4, isIPv4(text), text)
    assert.equal(octets?.length === 16, isIPv6(text), text)
  }), { numRuns: 5000 })
})

function decode(decoder: RadixDecoder, ...pieces: string[]): Uint8Array | undefined {
  const out = new WireWriter(8)
  decoder.begin()
  for (const piece of pieces) {
    const octets = Buffer.from(piece)
    if (!decoder.piece(octets, 0, octets.length, out)) return undefined
  }
  return decoder.end() ? out.finish() : undefined
}

/** A text in pieces, cut at the given places. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b), text.length]
  return at.slice(1).map((end, i) => text.slice(at[i], end))
}

test('any octets print in hex and base64 as Node prints them, and are read from any pieces (RFC 4648 4, 8)', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(fc.nat(), { maxLength: 4 }), (octets, places) => {
    assert.equal(printHex(octets), Buffer.from(octets).toString('hex').toUpperCase())
    assert.equal(printBase64(octets), Buffer.from(octets).toString('base64'))
    assert.deepEqual(decode(RadixDecoder.hex, ...cut(printHex(octets).toLowerCase(), places)), octets)
    assert.deepEqual(decode(RadixDecoder.base64, ...cut(printBase64(octets), places)), octets)
    assert.deepEqual(decode(RadixDecoder.base32hex, ...cut(printBase32hex(octets).toLowerCase(), places)), octets)
  }))
})

test('base32hex is that of RFC 4648 10, without its padding', () => {
  const vectors: [string, string][] = [['', ''], ['f', 'CO'], ['fo', 'CPNG'], ['foo', 'CPNMU'], ['foob', 'CPNMUOG'], ['fooba', 'CPNMUOJ1'], ['foobar', 'CPNMUOJ1E8']]
  for (const [text, digits] of vectors) {
    assert.equal(printBase32hex(Buffer.from(text)), digits)
    assert.deepEqual(decode(RadixDecoder.base32hex, digits), Uint8Array.from(Buffer.from(text)))
  }
})

test('base64 that is read is base64 that Node would write: one text for each run of octets (RFC 4648 3.5)', () => {
  fc.assert(fc.property(fc.array(fc.constantFrom('A', 'Q', 'g', 'w', 'E', '=', '==', '/', '+', '-', '_', ' '), { maxLength: 9 }), (pieces) => {
    const text = pieces.join('')
    const octets = decode(RadixDecoder.base64, text)
    const canonical = Buffer.from(text, 'base64').toString('base64') === text
    assert.equal(octets !== undefined, canonical, text)
  }), { numRuns: 3000 })
})

test('what was begun is forgotten when a new text begins', () => {
  const out = new WireWriter(8)
  const { hex } = RadixDecoder
  hex.begin()
  hex.piece(Buffer.from('abc'), 0, 3, out)
  assert.equal(hex.end(), false)
  assert.deepEqual(decode(hex, '01'), Uint8Array.of(1))
})

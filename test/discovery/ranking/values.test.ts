/**
 * Values checked where they stand, held against the kinds of value that everybody else uses: what one takes the other
 * takes, for every octet string that fast-check can think of, and nothing beyond the end is looked at.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { FAULT, isAddresses, isName, isNames, isOutcomes, isText, isTime, isToken, isTokens, nameEnd, read16, read32, readTime, sameFolded } from '../../../src/discovery/ranking/values.ts'
import { WireFault } from '../../../src/dns/faults.ts'
import { MAX_TOKEN_OCTETS, TIME_LIMIT } from '../../../src/dns/limits-discovery.ts'
import { MAX_NAME_OCTETS } from '../../../src/dns/limits.ts'
import { Name } from '../../../src/dns/name.ts'
import { decodeParameters, encodeParameters, PARAMETERS } from '../../../src/dns/parameters.ts'
import { samplesAt, valueOctets } from '../../dns/parameter-samples.ts'

type Check = (octets: Uint8Array, at: number, end: number) => boolean

/** Each check with a parameter whose values it is for. */
const CHECKS: [name: keyof typeof PARAMETERS, check: Check][] = [
  ['provider', isNames], ['avoid', isNames], ['only-provider', isNames], ['group', isName], ['region', isToken], ['security', isTokens], ['modality', isTokens],
  ['peer', isAddresses], ['intent', isText], ['outcome', isOutcomes],
]

/** Whether the slow decoder takes these octets as the value of a demand's parameter. */
function isTaken(name: keyof typeof PARAMETERS, value: Uint8Array): boolean {
  try {
    decodeParameters(encodeParameters(new Map([[PARAMETERS[name].key, value]])), 'DEMAND')
    return true
  } catch (fault) {
    assert.ok(fault instanceof WireFault)
    return false
  }
}

/** Holds a check against the decoder: alone, and in the midst of octets that would change its mind. */
function assertAgrees(name: keyof typeof PARAMETERS, check: Check, value: Uint8Array): void {
  const expected = isTaken(name, value)
  assert.equal(check(value, 0, value.length), expected, `${name} ${Buffer.from(value).toString('hex')}`)
  for (const filling of [0x00, 0x01, 0x61, 0xff]) {
    const padded = new Uint8Array(value.length + 80).fill(filling)
    padded.set(value, 40)
    assert.equal(check(padded, 40, 40 + value.length), expected, `${name} ${Buffer.from(value).toString('hex')} among ${filling}`)
  }
}

for (const [name, check] of CHECKS) {
  const [, samples] = samplesAt('DEMAND').find(([parameter]) => parameter.key === PARAMETERS[name].key) ?? assert.fail(name)
  const values = samples.map((sample) => valueOctets(PARAMETERS[name], sample, 'DEMAND'))

  describe(`values of ${name}`, () => {
    test('each sample is good, and good or bad as the decoder says when it is cut, lengthened or one octet of it is another', () => {
      for (const value of values) {
        assert.ok(check(value, 0, value.length))
        for (let size = 0; size <= value.length; size++) assertAgrees(name, check, value.slice(0, size))
        for (const more of [0x00, 0x01, 0x41, 0xff]) assertAgrees(name, check, Uint8Array.of(...value, more))
        for (let at = 0; at < value.length; at++) for (const octet of [0, 1, 4, 5, 16, 63, 64, 0x7f, 0x80, 0xc0, 0xff]) assertAgrees(name, check, value.with(at, octet))
      }
    })

    test('samples joined are as the decoder says', () => {
      for (const one of values) for (const two of values) assertAgrees(name, check, Uint8Array.of(...one, ...two))
    })

    test('any octets are as the decoder says', () => {
      fc.assert(fc.property(fc.uint8Array({ maxLength: 50 }), (value) => assertAgrees(name, check, value)), { numRuns: 300 })
    })
  })
}

describe('text', () => {
  const GOOD = ['a', 'grün', '日本', '\u{1f41d}', '\u{10ffff}', '\ud7ff', '\ue000', '\u0080', '\u07ff', '\u0800', '\uffff']
  for (const text of GOOD) test(`UTF-8 of U+${text.codePointAt(0)?.toString(16)} is text (RFC 3629 3)`, () => assert.ok(isText(Buffer.from(text), 0, Buffer.byteLength(text))))

  const BAD: [what: string, octets: number[]][] = [
    ['nothing', []], ['a zero octet', [0x61, 0]], ['a continuation alone', [0x80]], ['two octets for one', [0xc0, 0x80]], ['C1', [0xc1, 0xbf]], ['three octets for two', [0xe0, 0x9f, 0xbf]],
    ['a surrogate', [0xed, 0xa0, 0x80]], ['the last surrogate', [0xed, 0xbf, 0xbf]], ['four octets for three', [0xf0, 0x8f, 0xbf, 0xbf]], ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['F5', [0xf5, 0x80, 0x80, 0x80]], ['a character cut short', [0xe2, 0x82]], ['a lead for a continuation', [0xe2, 0xe2, 0x82]], ['FF', [0xff]],
  ]
  for (const [what, octets] of BAD) test(`${what} is no text (RFC 3629 3)`, () => assert.ok(!isText(Uint8Array.from(octets), 0, octets.length)))

  test('what the decoder of the platform takes is text, and nothing else', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const takes = (octets: Uint8Array): boolean => {
      try {
        return strict.decode(octets).length > 0 && !octets.includes(0)
      } catch {
        return false
      }
    }
    const lead = fc.constantFrom(0x61, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4)
    const octet = fc.oneof(lead, fc.integer({ min: 0x80, max: 0xbf }), fc.nat(255))
    fc.assert(fc.property(fc.array(octet, { minLength: 1, maxLength: 6 }), (list) => {
      const octets = Uint8Array.from(list)
      assert.equal(isText(octets, 0, octets.length), takes(octets))
    }), { numRuns: 3_000 })
  })
})

describe('names', () => {
  test('a name ends where it says, and never beyond 255 octets or the end (RFC 1035 3.1, 2.3.4)', () => {
    const longest = Buffer.concat([...Array.from({ length: 3 }, () => Buffer.from([63, ...Buffer.alloc(63, 0x61)])), Buffer.from([61, ...Buffer.alloc(61, 0x61)]), Buffer.of(0)])
    assert.equal(longest.length, MAX_NAME_OCTETS)
    assert.equal(nameEnd(longest, 0, longest.length), MAX_NAME_OCTETS)
    assert.equal(nameEnd(longest, 0, longest.length - 1), FAULT)
    const longer = Buffer.concat([Buffer.of(1, 0x61), longest])
    assert.equal(nameEnd(longer, 0, longer.length), FAULT)
    assert.equal(nameEnd(longer, 2, longer.length), longer.length)
  })

  const BAD: [what: string, octets: number[]][] = [['a pointer', [0xc0, 0x0c]], ['a label of 64 octets', [64, ...Buffer.alloc(64, 0x61), 0]], ['no end', [1, 0x61]], ['a label cut short', [5, 0x61, 0]], ['nothing', []]]
  for (const [what, octets] of BAD) test(`${what} is no name`, () => assert.equal(nameEnd(Uint8Array.from(octets), 0, octets.length), FAULT))

  test('every name ends where its wire form does, wherever it stands', () => {
    const label = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'abcXYZ019-_') })
    fc.assert(fc.property(fc.array(label, { maxLength: 6 }), fc.nat(20), (labels, at) => {
      const { wire } = Name.parse(labels.map((one) => `${one}.`).join('') || '.')
      const octets = new Uint8Array(at + wire.length + 9).fill(0xff)
      octets.set(wire, at)
      assert.equal(nameEnd(octets, at, octets.length), at + wire.length)
      assert.ok(isName(octets, at, at + wire.length) && !isName(octets, at, at + wire.length + 1))
    }))
  })
})

describe('numbers and words', () => {
  test('numbers are read as they are written, to the last bit', () => {
    fc.assert(fc.property(fc.nat(0xffff), fc.integer({ min: 0, max: 0xffff_ffff }), fc.bigInt({ min: 0n, max: BigInt(TIME_LIMIT) - 1n }), (two, four, eight) => {
      const octets = Buffer.alloc(14)
      octets.writeUInt16BE(two, 0)
      octets.writeUInt32BE(four, 2)
      octets.writeBigUInt64BE(eight, 6)
      assert.deepEqual([read16(octets, 0), read32(octets, 2), readTime(octets, 6), isTime(octets, 6)], [two, four, Number(eight), true])
    }))
  })

  test('a time has fifteen digits at most', () => {
    const octets = Buffer.alloc(8)
    for (const [time, isGood] of [[0n, true], [BigInt(TIME_LIMIT) - 1n, true], [BigInt(TIME_LIMIT), false], [0xffff_ffff_ffff_ffffn, false]] as const) {
      octets.writeBigUInt64BE(time)
      assert.equal(isTime(octets, 0), isGood, String(time))
    }
  })

  test('a token has 63 octets at most, of letters, digits and . _ : + -', () => {
    for (let octet = 0; octet < 256; octet++) assert.equal(isToken(Uint8Array.of(octet), 0, 1), /^[A-Za-z0-9._:+-]$/.test(String.fromCharCode(octet)), String(octet))
    const longest = Buffer.alloc(MAX_TOKEN_OCTETS + 1, 0x61)
    assert.ok(isToken(longest, 0, MAX_TOKEN_OCTETS) && !isToken(longest, 0, MAX_TOKEN_OCTETS + 1) && !isToken(longest, 5, 5))
  })

  test('only A to Z fold (RFC 4343 3)', () => {
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        const [x, y] = [a, b].map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet))
        assert.equal(sameFolded(Uint8Array.of(9, a), 1, Uint8Array.of(b), 0, 1), x === y)
      }
    }
  })
})

/** Lists compared where they stand (docs/protocol.md 3): all tokens of one among those of another, a name in common, the same text; held against sets of strings. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { holdsAllTokens, isSameText, sharesName } from '../../../src/discovery/ranking/tokens.ts'
import { Name } from '../../../src/dns/name.ts'

const tokens = (words: readonly string[]): Buffer => Buffer.concat(words.map((word) => Buffer.from([word.length, ...Buffer.from(word)])))
const names = (list: readonly string[]): Buffer => Buffer.concat(list.map((name) => Name.parse(name).wire))

/** Runs a comparison with both lists in the midst of other octets. */
function compare(how: typeof holdsAllTokens, wanted: Uint8Array, own: Uint8Array): boolean {
  const [a, b] = [wanted, own].map((list, i) => Buffer.concat([Buffer.alloc(i + 3, 1), list, Buffer.alloc(9, 1)]))
  return how(a, 3, 3 + wanted.length, b, 4, 4 + own.length)
}

describe('all tokens of a demand are the agent\'s', () => {
  const CASES: [wanted: string[], own: string[], isMet: boolean][] = [
    [[], [], true], [[], ['tls'], true], [['tls'], ['tls'], true], [['tls'], [], false], [['TLS'], ['tls'], true], [['mtls', 'attested'], ['attested', 'x', 'mtls'], true],
    [['mtls', 'attested'], ['mtls'], false], [['tls'], ['mtls'], false], [['mtls'], ['tls'], false], [['text'], ['textaudio'], false], [['a', 'a'], ['a'], true],
  ]
  for (const [wanted, own, isMet] of CASES) test(`${wanted.join() || 'nothing'} of ${own.join() || 'nothing'}: ${isMet}`, () => assert.equal(compare(holdsAllTokens, tokens(wanted), tokens(own)), isMet))

  test('as a set says it', () => {
    const word = fc.constantFrom('a', 'A', 'b', 'ab', 'AB', 'ba', 'abc')
    fc.assert(fc.property(fc.array(word, { maxLength: 4 }), fc.array(word, { maxLength: 5 }), (wanted, own) => {
      const held = new Set(own.map((one) => one.toLowerCase()))
      assert.equal(compare(holdsAllTokens, tokens(wanted), tokens(own)), wanted.every((one) => held.has(one.toLowerCase())))
    }), { numRuns: 500 })
  })
})

describe('one name in common', () => {
  const CASES: [wanted: string[], own: string[], isMet: boolean][] = [
    [['acme.example'], ['acme.example'], true], [['ACME.example'], ['acme.EXAMPLE'], true], [['acme.example'], ['beta.example'], false], [['a.example', 'b.example'], ['c.example', 'b.example'], true],
    [['acme.example'], ['x.acme.example'], false], [['x.acme.example'], ['acme.example'], false], [['.'], ['.'], true], [['.'], ['example'], false], [[], ['a.example'], false], [['a.example'], [], false],
  ]
  for (const [wanted, own, isMet] of CASES) test(`${wanted.join() || 'none'} and ${own.join() || 'none'}: ${isMet}`, () => assert.equal(compare(sharesName, names(wanted), names(own)), isMet))

  test('as a set says it', () => {
    const name = fc.constantFrom('a.example', 'A.example', 'b.example', 'a.b.example', 'example', '.')
    fc.assert(fc.property(fc.array(name, { maxLength: 4 }), fc.array(name, { maxLength: 4 }), (wanted, own) => {
      const held = new Set(own.map((one) => one.toLowerCase()))
      assert.equal(compare(sharesName, names(wanted), names(own)), wanted.some((one) => held.has(one.toLowerCase())))
    }), { numRuns: 500 })
  })
})

describe('the same text', () => {
  const CASES: [string, string, boolean][] = [['eu', 'eu', true], ['EU', 'eu', true], ['eu', 'eu-west', false], ['eu-west', 'eu', false], ['', '', true], ['eu', 'us', false], ['[', '{', false]]
  for (const [one, two, isSame] of CASES) test(`"${one}" and "${two}": ${isSame}`, () => assert.equal(compare(isSameText, Buffer.from(one), Buffer.from(two)), isSame))
})

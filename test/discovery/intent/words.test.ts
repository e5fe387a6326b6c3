/** Text as terms: words without endings, and pieces of words, as docs/protocol.md 4 has needs compared with what is said of capabilities. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { piecesOf, wordsOf } from '../../../src/discovery/intent/words.ts'
import { MAX_INTENT_TERMS } from '../../../src/dns/limits-discovery.ts'

describe('words', () => {
  const SAME: [what: string, a: string, b: string][] = [
    ['plural and singular', 'invoice', 'invoices'],
    ['what is done and doing it', 'translate', 'translating'],
    ['who does it', 'translator', 'translation'],
    ['a doubled letter', 'plan', 'planning'],
    ['case', 'OCR', 'ocr'],
    ['marks', 'résumé', 'resume'],
    ['joined by capitals', 'translateText', 'translate text'],
    ['joined by signs', 'text-to_speech', 'text speech'],
    ['common words beside', 'please translate this for me', 'translate'],
    ['y and ies', 'currency', 'currencies'],
  ]
  for (const [what, a, b] of SAME) test(`${what}: ${a} is ${b}`, () => assert.deepEqual(wordsOf(a), wordsOf(b)))

  const OTHER: [a: string, b: string][] = [['car', 'card'], ['rain', 'train'], ['bus', 'but'], ['2', '3'], ['sing', 'sin']]
  for (const [a, b] of OTHER) test(`${a} is not ${b}`, () => assert.notDeepEqual(wordsOf(a), wordsOf(b)))

  test('words of other scripts are words; nothing is none', () => {
    assert.deepEqual(wordsOf('перевод текста'), ['перевод', 'текста'])
    assert.equal(wordsOf('翻译').length, 1)
    assert.deepEqual([wordsOf(''), wordsOf(' \0 -- '), wordsOf('the of and')], [[], [], []])
  })

  test(`any text gives at most ${MAX_INTENT_TERMS} words, none of them empty or common`, () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
      const words = wordsOf(text)
      assert.ok(words.length <= MAX_INTENT_TERMS && words.every((word) => word.length > 0 && word !== 'the'))
    }), { numRuns: 200 })
    assert.equal(wordsOf(Array.from({ length: 2_000 }, (_, i) => `w${i}`).join(' ')).length, MAX_INTENT_TERMS)
  })
})

describe('pieces', () => {
  test('are of three to five letters, borders counted', () => {
    assert.deepEqual(piecesOf('ocr'), ['_oc', 'ocr', 'cr_', '_ocr', 'ocr_', '_ocr_'])
  })

  test('words that were derived otherwise share most of them', () => {
    const [a, b] = [new Set(piecesOf('vulnerabilities')), piecesOf('vulnerable')]
    assert.ok(b.filter((piece) => a.has(piece)).length / b.length > 0.5)
    assert.ok(piecesOf('harvest').every((piece) => !a.has(piece)))
  })

  test('however long a text is, they are bounded', () => {
    const long = Array.from({ length: 1_000 }, (_, i) => `word${i}${'x'.repeat(40)}`).join(' ')
    assert.ok(piecesOf(long).length < MAX_INTENT_TERMS * 3 + 200)
  })
})

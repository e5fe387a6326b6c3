/**
 * Needs translated into capabilities, with a vocabulary of 64 and two needs for each (needs.ts). Figures are printed, and
 * bounded from below: they are of needs written for this test, most of which share a word with what agents say of themselves.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { LEAST_COVERED } from '../../../src/discovery/intent/translator.ts'
import { type Sense, Vocabulary } from '../../../src/discovery/intent/vocabulary.ts'
import { MAX_INTENT_NEAREST } from '../../../src/dns/limits-discovery.ts'
import { UNMET, VOCABULARY } from './needs.ts'

const labels = (type: string): string => type.replaceAll('.', ' ')
const whole = (): Vocabulary => {
  const vocabulary = new Vocabulary()
  for (const [type, said] of VOCABULARY) vocabulary.put(type, labels(type), said)
  return vocabulary
}
const NEEDS = VOCABULARY.flatMap(([type, , needs]) => needs.map((need) => ({ type, need })))

/** Share of needs whose capability is the first, and among the first five. */
function rates(vocabulary: Vocabulary): { first: number; five: number; meant: number } {
  const found = NEEDS.map(({ type, need }) => ({ type, hits: vocabulary.search(need) }))
  const share = (count: number): number => count / NEEDS.length
  return {
    first: share(found.filter(({ type, hits }) => hits[0]?.key === type).length),
    five: share(found.filter(({ type, hits }) => hits.some(({ key }) => key === type)).length),
    meant: share(found.filter(({ type, hits: [best] }) => best?.key === type && best.score >= LEAST_COVERED).length),
  }
}

test('needs find their capability by what agents say of it', (t) => {
  assert.ok(VOCABULARY.length >= 50 && NEEDS.length >= 100)
  const { first, five, meant } = rates(whole())
  t.diagnostic(`${VOCABULARY.length} capabilities, ${NEEDS.length} needs: hit@1 ${first.toFixed(3)}, hit@5 ${five.toFixed(3)}, first and near enough ${meant.toFixed(3)}`)
  assert.ok(first >= 0.93, `hit@1 ${first}`)
  assert.ok(five >= 0.98, `hit@5 ${five}`)
  assert.ok(meant >= 0.92, `meant ${meant}`)
})

test('and by their labels alone, where nothing is said', (t) => {
  const vocabulary = new Vocabulary()
  for (const [type] of VOCABULARY) vocabulary.put(type, labels(type), '')
  const { first, five } = rates(vocabulary)
  t.diagnostic(`labels alone: hit@1 ${first.toFixed(3)}, hit@5 ${five.toFixed(3)}`)
  assert.ok(first >= 0.58 && five >= 0.7, `${first} ${five}`)
})

test('needs that nobody meets are hardly ever taken for one that somebody does', (t) => {
  const vocabulary = whole()
  const taken = UNMET.filter((need) => (vocabulary.search(need)[0]?.score ?? 0) >= LEAST_COVERED)
  t.diagnostic(`${taken.length} of ${UNMET.length} needs that nobody meets were near enough to something: ${taken.join(', ')}`)
  assert.ok(taken.length <= 1, taken.join(', '))
})

test('both rankings help: without either, fewer are found', () => {
  const vocabulary = whole()
  assert.equal(vocabulary.search('vulnerable servers')[0].key, 'scan.vulnerabilities.security', 'by pieces')
  assert.equal(vocabulary.search('VAT')[0].key, 'invoice.accounting.finance', 'by a word of three letters')
})

test('a search tells a few, the best first, with what each covers', () => {
  const hits = whole().search('read text in images')
  assert.equal(hits[0].key, 'ocr.vision')
  assert.ok(hits.length <= MAX_INTENT_NEAREST && hits.every(({ score }) => score >= 0 && score <= 1))
  assert.deepEqual(whole().search('???'), [])
  assert.deepEqual(whole().search('read text', (key) => key === 'plates.traffic.vision').map(({ key }) => key), ['plates.traffic.vision'])
})

test('of one type and of the same score the broadest is first: fewer labels, then more agents, then the name; another score or type is as it was', () => {
  const vocabulary = new Vocabulary()
  const said = 'takes letters and other texts from one language to another, whatever they are about'
  vocabulary.put('mtls.v2', 'translate text', '', { labels: 5, agents: 9 })
  vocabulary.put('v3', 'translate text', said, { labels: 4, agents: 1 })
  vocabulary.put('v2', 'translate text', said, { labels: 4, agents: 3 })
  vocabulary.put('v1', 'translate text', `${said} and more`, { labels: 4, agents: 1 })
  vocabulary.put('poem', 'translate poem', '', { labels: 2, agents: 99 })
  const order = (need: string): string[] => vocabulary.search(need).map(({ key }) => key)
  assert.deepEqual(order('translate text').filter((key) => key !== 'poem'), ['v2', 'v1', 'v3', 'mtls.v2'])
  assert.equal(order('translate text')[0], 'v2')
  assert.deepEqual(order('translate letters').slice(0, 3), ['v2', 'v1', 'v3'], 'what covers more comes first')
  vocabulary.put('v3', 'translate text', said, { labels: 4, agents: 4 })
  assert.equal(order('translate text')[0], 'v3', 'counted anew')
  const sense: Sense = { need: Float32Array.of(1, 0), vectorOf: () => Float32Array.of(1, 0), weight: 0.5, baseline: 0 }
  assert.equal(vocabulary.search('translate text', undefined, sense)[0].key, 'v3')
})

test('what is forgotten is not found, and what is said anew counts from then on', () => {
  const vocabulary = whole()
  vocabulary.remove('ocr.vision')
  assert.ok(vocabulary.search('read the text on a scanned page').every(({ key }) => key !== 'ocr.vision'))
  vocabulary.put('ocr.vision', 'ocr vision', 'tea leaves')
  assert.equal(vocabulary.search('tea leaves')[0].key, 'ocr.vision')
  assert.equal(vocabulary.size, VOCABULARY.length)
  assert.deepEqual([...vocabulary.keys()].sort(), VOCABULARY.map(([type]) => type).sort())
})

test('an agent that says every word there is does not win what others are for', () => {
  const vocabulary = whole()
  vocabulary.put('greedy', 'greedy', VOCABULARY.map(([, said]) => said).join(' ').slice(0, 2_048))
  const lost = NEEDS.filter(({ need }) => vocabulary.search(need)[0]?.key === 'greedy').length
  assert.ok(lost / NEEDS.length < 0.05, `${lost} of ${NEEDS.length}`)
})

describe('with what an endpoint makes of the need', () => {
  const [HERE, NEAR, AWAY] = [Float32Array.of(1, 0), Float32Array.of(0.8, 0.6), Float32Array.of(0, 1)]
  const VECTORS = new Map([['translate text', HERE], ['ocr vision: reads pages', NEAR], ['forecast weather', AWAY]])
  const known = new Vocabulary()
  known.put('translate', 'translate text', '')
  known.put('ocr', 'ocr vision', 'reads pages')
  known.put('forecast', 'forecast weather', '')
  known.put('news', 'news text', '') // whose vector is not known yet
  const sense = (weight: number, baseline: number, need = HERE): Sense => ({ need, weight, baseline, vectorOf: (text) => VECTORS.get(text) })
  const shown = (hits: { key: string; score: number }[]): string => hits.map(({ key, score }) => `${key} ${score.toFixed(3)}`).join(', ')

  const CASES: [what: string, need: string, weight: number, baseline: number, found: RegExp][] = [
    ['finds without a word in common', 'xyzzy', 0.5, 0.3, /^translate 0\.500, ocr 0\.357$/],
    ['counts nothing up to the baseline', 'xyzzy', 0.5, 0.81, /^translate 0\.500$/],
    ['weighs as it is told', 'xyzzy', 1, 0, /^translate 1\.000, ocr 0\.800$/],
    ['of weight 0 is the search by words', 'weather forecast', 0, 0, /^forecast 1\.000$/],
    ['leaves a capability whose vector is not known its words', 'news', 0.5, 0.3, /^news 1\.000, translate 0\.500, ocr 0\.357$/],
    ['adds words and likeness', 'translate text', 0.5, 0.3, /^translate 1\.000, /],
    ['lets unlike vectors count against words', 'forecast weather', 0.5, 0.3, /^forecast 0\.500, translate 0\.500, ocr 0\.357$/],
  ]
  for (const [what, need, weight, baseline, found] of CASES) test(what, () => assert.match(shown(known.search(need, undefined, sense(weight, baseline))), found))

  test('the caller\'s choice of keys holds for vectors too', () => assert.deepEqual(known.search('xyzzy', (key) => key === 'ocr', sense(1, 0)).map(({ key }) => key), ['ocr']))
  test('a vector of another space is like nothing', () => assert.deepEqual(known.search('xyzzy', undefined, sense(1, 0, Float32Array.of(1, 0, 0))), []))

  test('its version moves where what is said does, and with nothing else', () => {
    const vocabulary = new Vocabulary()
    const versions = new Set([vocabulary.version])
    for (const change of [() => vocabulary.put('a', 'x', ''), () => vocabulary.put('a', 'x', 'y'), () => vocabulary.remove('a')]) {
      change()
      assert.ok(!versions.has(vocabulary.version))
      versions.add(vocabulary.version)
    }
    vocabulary.remove('a')
    vocabulary.put('b', 'z', '')
    const { version } = vocabulary
    vocabulary.put('b', 'z', '')
    assert.deepEqual([vocabulary.version, [...vocabulary.said()]], [version, ['z']])
  })
})

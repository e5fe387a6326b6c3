/** BM25 over documents that come and go (Robertson and Zaragoza 2009): its order, and that an index made step by step is the one made at once. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { TermIndex } from '../../../src/discovery/intent/term-index.ts'

const indexOf = (documents: Record<string, string>): TermIndex => {
  const index = new TermIndex()
  for (const [key, text] of Object.entries(documents)) index.put(key, text.split(' '))
  return index
}
const order = (index: TermIndex, need: string): string => index.search(need.split(' ')).map(({ key }) => key).join(' ')

describe('the order', () => {
  const CASES: [what: string, documents: Record<string, string>, need: string, keys: string][] = [
    ['a rare term counts more than a common one', { a: 'read text', b: 'read scan', c: 'read page', d: 'write scan text' }, 'read scan', 'b d a c'],
    ['more of a term counts more', { a: 'x x y z', b: 'x y z w', c: 'q' }, 'x', 'a b'],
    ['a short document counts more', { a: 'x y', b: 'x y z w v u', c: 'q' }, 'x', 'a b'],
    ['equals go by key', { b: 'x', a: 'x', c: 'q' }, 'x', 'a b'],
    ['what holds none is not found', { a: 'x', b: 'y' }, 'z', ''],
    ['a need that says a term twice means it', { a: 'x', b: 'y' }, 'x y y', 'b a'],
  ]
  for (const [what, documents, need, keys] of CASES) test(what, () => assert.equal(order(indexOf(documents), need), keys))

  test('only what is wanted is found', () => {
    assert.deepEqual(indexOf({ a: 'x', b: 'x' }).search(['x'], (key) => key === 'b').map(({ key }) => key), ['b'])
  })

  test('nothing to search in, and nothing to search for', () => {
    assert.deepEqual([new TermIndex().search(['x']), indexOf({ a: 'x' }).search([])], [[], []])
    assert.deepEqual([new TermIndex().coverage('a', ['x']), indexOf({ a: 'x' }).coverage('a', [])], [0, 0])
  })
})

test('coverage is the share of the need that a document says, unknown words weigh most', () => {
  const index = indexOf({ a: 'x y', b: 'x', c: 'x z' })
  assert.equal(index.coverage('a', ['x', 'y']), 1)
  assert.equal(index.coverage('none', ['x']), 0)
  const [common, rare, unknown] = [index.coverage('b', ['x', 'x']), index.coverage('b', ['x', 'y']), index.coverage('b', ['x', 'nobody'])]
  assert.ok(common === 1 && rare < 0.5 && unknown < rare, `${common} ${rare} ${unknown}`)
})

test('an index from which documents went and came is the one made of what is left', () => {
  const step = fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), terms: fc.option(fc.array(fc.constantFrom('x', 'y', 'z', 'w'), { minLength: 1, maxLength: 5 })) })
  fc.assert(fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
    const index = new TermIndex()
    const left = new Map<string, string[]>()
    for (const { key, terms } of steps) {
      if (terms === null) {
        index.remove(key)
        left.delete(key)
      } else {
        index.put(key, terms)
        left.set(key, terms)
      }
    }
    const fresh = new TermIndex()
    for (const [key, terms] of left) fresh.put(key, terms)
    assert.equal(index.size, left.size)
    for (const need of [['x'], ['x', 'y'], ['z', 'w', 'w']]) assert.deepEqual(index.search(need), fresh.search(need))
  }), { numRuns: 200 })
})

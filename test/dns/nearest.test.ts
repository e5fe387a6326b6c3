/** The word that somebody meant: Damerau's distance by its definition, and how near is near enough. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { editDistance, nearest, suggestion } from '../../src/dns/nearest.ts'

const DISTANCES: [a: string, b: string, distance: number, what: string][] = [
  ['', '', 0, 'nothing'],
  ['abc', 'abc', 0, 'the same'],
  ['', 'abc', 3, 'all to insert'],
  ['abc', '', 3, 'all to delete'],
  ['zone', 'zones', 1, 'one inserted'],
  ['zones', 'zone', 1, 'one deleted'],
  ['zone', 'zine', 1, 'one changed'],
  ['zone', 'znoe', 1, 'neighbours swapped'],
  ['ab', 'ba', 1, 'neighbours swapped, and nothing else'],
  ['ca', 'abc', 3, 'a swap is not changed again (the restricted distance)'],
  ['listen', 'silent', 4, 'same letters in another order'],
  ['$ORIGN', '$ORIGIN', 1, 'a directive'],
]

for (const [a, b, distance, what] of DISTANCES) test(`from "${a}" to "${b}" it is ${distance}: ${what}`, () => assert.equal(editDistance(a, b), distance))

const word = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 }).map((letters) => letters.join(''))

/** The definition as it is written, without a table. */
function distanceOf(a: string, b: string): number {
  if (a === '' || b === '') return a.length + b.length
  const [shorterA, shorterB] = [a.slice(0, -1), b.slice(0, -1)]
  const best = Math.min(distanceOf(shorterA, b) + 1, distanceOf(a, shorterB) + 1, distanceOf(shorterA, shorterB) + (a.at(-1) === b.at(-1) ? 0 : 1))
  const isSwap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1)
  return isSwap ? Math.min(best, distanceOf(a.slice(0, -2), b.slice(0, -2)) + 1) : best
}

test('the distance is that of its definition', () => {
  const short = word.filter(({ length }) => length <= 5)
  fc.assert(fc.property(short, short, (a, b) => assert.equal(editDistance(a, b), distanceOf(a, b))), { numRuns: 300 })
})

test('the distance is the same both ways, 0 for the same alone, and not less than what the lengths differ by', () => {
  fc.assert(fc.property(word, word, (a, b) => {
    const distance = editDistance(a, b)
    assert.equal(distance, editDistance(b, a))
    assert.equal(distance === 0, a === b)
    assert.ok(distance >= Math.abs(a.length - b.length) && distance <= Math.max(a.length, b.length))
  }), { numRuns: 500 })
})

const MEANT: [written: string, known: string[], meant: string | undefined][] = [
  ['lisen', ['zones', 'listen', 'log'], 'listen'],
  ['LISTEN', ['listen'], 'listen'],
  ['listen', ['Listen'], 'Listen'],
  ['AAA', ['A', 'AAAA', 'MX'], 'AAAA'],
  ['x', ['a', 'b'], 'a'],
  ['xyz', ['abc'], undefined],
  ['mx', ['ns'], undefined],
  ['tsig', ['sig'], 'sig'],
  ['agnet', ['agent', 'magnet'], 'agent'],
  ['recursion', ['resolver', 'forward'], undefined],
  ['rate-limits', ['rate-limit', 'rate-limits-v6'], 'rate-limit'],
  ['anything', [], undefined],
]

for (const [written, known, meant] of MEANT) {
  test(`who writes "${written}" where ${known.join(', ') || 'nothing'} may stand means ${meant ?? 'none of them'}`, () => {
    assert.equal(nearest(written, known), meant)
    assert.equal(suggestion(written, known), meant === undefined ? '' : `; did you mean "${meant}"?`)
  })
}

test('what is meant is one of the known, at most a third of its letters away or one, and none is nearer', () => {
  fc.assert(fc.property(word, fc.array(word, { maxLength: 6 }), (written, known) => {
    const found = nearest(written, new Set(known))
    const least = Math.min(...known.map((one) => editDistance(written, one)))
    const most = Math.floor(Math.max(written.length, 3) / 3)
    if (least > most) assert.equal(found, undefined)
    else assert.equal(editDistance(written, found ?? assert.fail(`${written} is near to one of ${known.join()}`)), least)
  }), { numRuns: 1000 })
})

test('a word of a megabyte is not compared with anything', () => {
  const start = performance.now()
  assert.equal(nearest('a'.repeat(1_000_000), ['a', 'aaaa', 'a'.repeat(500)]), undefined)
  assert.ok(performance.now() - start < 500, 'a table of a megabyte by five hundred takes seconds')
})

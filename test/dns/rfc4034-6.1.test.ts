/** The order of names that RFC 4034 6.1 gives as its example, and the properties that such an order must have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Name } from '../../src/dns/name.ts'
import { anyName } from './values.ts'

const IN_ORDER = ['example', 'a.example', 'yljkjljk.a.example', 'Z.a.example', 'zABC.a.EXAMPLE', 'z.example', '\\001.z.example', '*.z.example', '\\200.z.example']

test('the names of RFC 4034 6.1 sort into the order in which it lists them', () => {
  const names = IN_ORDER.map((text) => Name.parse(text))
  const shuffled = [5, 2, 8, 0, 7, 3, 6, 1, 4].map((index) => names[index])
  const sorted = shuffled.toSorted((a, b) => a.compare(b)).map(String)
  assert.deepEqual(sorted, names.map(String))
})

test('every pair of the names of RFC 4034 6.1 compares as their places say, in both directions', () => {
  const names = IN_ORDER.map((text) => Name.parse(text))
  for (const [i, a] of names.entries()) {
    for (const [j, b] of names.entries()) assert.equal(Math.sign(a.compare(b)), Math.sign(i - j), `${a} and ${b}`)
  }
})

test('an absent octet sorts before a zero octet (RFC 4034 6.1)', () => {
  assert.ok(Name.parse('a.example').compare(Name.parse('a\\000.example')) < 0)
  assert.ok(Name.parse('a\\000.example').compare(Name.parse('a\\001.example')) < 0)
  assert.ok(Name.parse('a\\001.example').compare(Name.parse('a\\002.example')) < 0)
  assert.ok(Name.parse('x.a.example').compare(Name.parse('a\\000.example')) < 0, 'what lies below a name sorts before its next sibling')
})

/** The definition, word by word: labels from the right, each as octets without case, an absent octet first. */
function compareAsDefined(a: Name, b: Name): number {
  const [left, right] = [labelsFromRight(a), labelsFromRight(b)]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const order = Buffer.compare(left[i], right[i])
    if (order !== 0) return order
  }
  return Math.sign(left.length - right.length)
}

function labelsFromRight({ wire }: Name): Buffer[] {
  const labels: Buffer[] = []
  for (let at = 0; wire[at] !== 0; at += wire[at] + 1) {
    labels.unshift(Buffer.from(wire.slice(at + 1, at + 1 + wire[at])).map((octet) => (octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet)) as Buffer)
  }
  return labels
}

test('any two names, of any octets, compare as RFC 4034 6.1 defines', () => {
  fc.assert(fc.property(anyName(), anyName(), (a, b) => {
    assert.equal(Math.sign(a.compare(b)), compareAsDefined(a, b), `${a} and ${b}`)
    assert.equal(a.equals(b), compareAsDefined(a, b) === 0)
  }), { numRuns: 500 })
})

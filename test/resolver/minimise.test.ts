/** RFC 9156: which names are asked for on the way to a long one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Name } from '../../src/dns/name.ts'
import { MAX_MINIMISED_STEPS } from '../../src/dns/limits-resolver.ts'
import { Minimiser, suffix } from '../../src/resolver/minimise.ts'

/** All that is asked where no zone is cut below `zone`. */
function steps(name: string, zone: string, type = 28, on = true): string[] {
  const minimiser = new Minimiser(Name.parse(name), type, on)
  const asked: string[] = []
  for (;;) {
    const step = minimiser.next(Name.parse(zone))
    asked.push(`${step.name} ${step.type}`)
    if (step.whole) return asked
    assert.ok(asked.length < 20)
  }
}

const WAYS: [name: string, zone: string, asked: string[]][] = [
  ['www.example.', '.', ['example. 1', 'www.example. 28']],
  ['www.example.', 'example.', ['www.example. 28']],
  ['example.', 'example.', ['example. 28']],
  ['.', '.', ['. 28']],
  ['a.b.c.example.', 'example.', ['c.example. 1', 'b.c.example. 1', 'a.b.c.example. 28']],
  // underscored names are no cuts (RFC 9156 2.3, RFC 8552)
  ['_a2a._tcp.acme.example.', 'example.', ['acme.example. 1', '_a2a._tcp.acme.example. 28']],
  ['a._tcp.b.example.', '.', ['example. 1', 'b.example. 1', 'a._tcp.b.example. 28']],
  ['_dmarc.example.', 'example.', ['_dmarc.example. 28']],
]

for (const [name, zone, asked] of WAYS) test(`${name} from ${zone}`, () => assert.deepEqual(steps(name, zone), asked))

test('a referral spares the labels down to it', () => {
  const minimiser = new Minimiser(Name.parse('a.b.c.d.example.'), 1, true)
  assert.equal(String(minimiser.next(Name.root).name), 'example.')
  assert.equal(String(minimiser.next(Name.parse('c.d.example.')).name), 'b.c.d.example.')
})

test('a name of a hundred labels takes no more than the ten questions before the whole (RFC 9156 2.3)', () => {
  const asked = steps(`${'a.'.repeat(100)}example.`, '.')
  assert.ok(asked.length <= MAX_MINIMISED_STEPS + 1 && asked.length >= MAX_MINIMISED_STEPS, `${asked.length} questions`)
  const labels = asked.map((one) => one.split('.').length - 1)
  assert.deepEqual(labels.slice(0, 5).map((count, i) => count - (labels[i - 1] ?? 0)), [1, 1, 1, 1, 17], 'one label at a time first, then a share of the rest')
  assert.deepEqual(labels, labels.toSorted((a, b) => a - b))
})

test('the reverse of an IPv6 address is bounded as well', () => {
  assert.ok(steps(`${'1.'.repeat(32)}ip6.arpa.`, '.').length <= MAX_MINIMISED_STEPS + 1)
})

test('switched off, or given up, the whole name goes at once', () => {
  assert.deepEqual(steps('a.b.c.example.', '.', 28, false), ['a.b.c.example. 28'])
  const minimiser = new Minimiser(Name.parse('a.b.c.example.'), 16, true)
  minimiser.next(Name.root)
  minimiser.giveUp()
  assert.deepEqual({ ...minimiser.next(Name.root), name: 0 }, { name: 0, type: 16, whole: true })
})

test('suffix takes labels from the end', () => {
  assert.deepEqual([0, 1, 2, 3].map((count) => String(suffix(Name.parse('a.b.example.'), count))), ['.', 'example.', 'b.example.', 'a.b.example.'])
})

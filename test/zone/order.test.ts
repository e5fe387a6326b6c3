/** The ordered lists on which proofs of absence rest, against a sorted array (RFC 4034 6.1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { MAX_ORDER_LEVELS } from '../../src/dns/limits.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { ELEMENT, HEADER } from '../../src/zone/layout.ts'
import { compareToName, orderKey, predecessorIn } from '../../src/zone/order.ts'
import { compareNames, labelsOf } from '../authority/naming.ts'
import { SEED } from '../authority/ask.ts'

const lookup = new LookupName(SEED)
const RDATA = Name.parse('next.example.').wire

function imageOf(apex: string, owners: readonly string[]): ZoneImage {
  const builder = new ZoneBuilder({ apex: Name.parse(apex).wire, class: CLASS.IN, seed: SEED })
  for (const owner of owners) builder.add(Name.parse(owner).wire, TYPE.NSEC, 60, RDATA, RDATA.length)
  return builder.finish()
}

function ownersIn(image: ZoneImage): string[] {
  const owners: string[] = []
  for (let at = image.words[image.words[HEADER.nsecOrder] + ELEMENT.next]; at !== 0; at = image.words[at + ELEMENT.next]) {
    owners.push(Name.fromWire(image.octets, image.foldedNameAt(image.words[at + ELEMENT.node])).toString())
  }
  return owners
}

const RFC_4034 = ['example.', 'a.example.', 'yljkjljk.a.example.', 'Z.a.example.', 'zABC.a.EXAMPLE.', 'z.example.', '\\001.z.example.', '*.z.example.', '\\200.z.example.']

test('RFC 4034 6.1: its example comes out in its order, whatever the order of loading', () => {
  const wanted = RFC_4034.map((name) => Name.parse(name.toLowerCase()).toString())
  for (const step of [1, 2, 4, 5, 7]) {
    const shuffled = RFC_4034.map((_, i) => RFC_4034[(i * step) % RFC_4034.length])
    assert.deepEqual(ownersIn(imageOf('example.', shuffled)), wanted)
  }
  assert.deepEqual(ownersIn(imageOf('.', [...RFC_4034].reverse())), wanted, 'in the root zone')
})

test('an empty list has no predecessor, and a missing one neither', () => {
  const image = imageOf('example.', [])
  lookup.load(Name.parse('a.example.').wire, 0)
  assert.deepEqual([image.nsecOwnerFor(lookup), image.nsec3OwnerFor(lookup), predecessorIn(image, 0, lookup)], [0, 0, 0])
})

test('before the first comes the last, as the chain is a ring (RFC 4034 4.1.1)', () => {
  const image = imageOf('example.', ['b.example.', 'd.example.'])
  const found = ['a', 'b', 'c', 'd', 'e'].map((label) => {
    lookup.load(Name.parse(`${label}.example.`).wire, 0)
    return Name.fromWire(image.octets, image.foldedNameAt(image.nsecOwnerFor(lookup))).toString()
  })
  assert.deepEqual(found, ['d.example.', 'b.example.', 'b.example.', 'd.example.', 'd.example.'])
})

test('the key of four octets never contradicts the order of names', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 6 })
  const name = fc.array(label, { maxLength: 3 }).map((labels) => [...labels.map((octets) => Array.from(octets, (o) => `\\${String(o).padStart(3, '0')}`).join('')), 'example.'].join('.'))
  fc.assert(
    fc.property(name, name, (a, b) => {
      const image = imageOf('example.', [a])
      const keyOf = (text: string): number => {
        lookup.load(Name.parse(text).wire, 0)
        return orderKey(1, lookup.labelCount, lookup.octets, lookup.labelAt[Math.max(0, lookup.labelCount - 2)])
      }
      const keys = keyOf(a) - keyOf(b)
      lookup.load(Name.parse(a).wire, 0)
      const node = image.nodeOf(lookup)
      lookup.load(Name.parse(b).wire, 0)
      const wanted = compareNames(labelsOf(a), labelsOf(b))
      assert.equal(Math.sign(compareToName(image, node, lookup)), Math.sign(wanted))
      assert.ok(keys === 0 || Math.sign(keys) === Math.sign(wanted), `${a} ${b}`)
    }),
    { numRuns: 500 },
  )
})

test('names of 127 labels and of 255 octets are ordered like any other', () => {
  const owners = [`${'a.'.repeat(126)}z.`, `${'a.'.repeat(125)}z.`, `${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(63)}.${'x'.repeat(59)}.z.`, 'z.']
  assert.deepEqual(ownersIn(imageOf('z.', owners)), [...owners].sort((a, b) => compareNames(labelsOf(a), labelsOf(b))))
})

test('thousands of owners, loaded in order, in reverse and mixed, are found in few steps', () => {
  const owners = Array.from({ length: 4096 }, (_, i) => `h${String((i * 2654435761) % 4096).padStart(4, '0')}.example.`)
  for (const given of [owners, [...owners].sort(), [...owners].sort().reverse()]) {
    const image = imageOf('example.', given)
    assert.deepEqual(ownersIn(image), [...owners].sort())
    lookup.load(Name.parse('h4095.example.').wire, 0)
    assert.ok(stepsTo(image, lookup) < 120, `${stepsTo(image, lookup)} steps to the last of 4096`)
  }
})

/** How many elements a search for `name` looks at. */
function stepsTo(image: ZoneImage, name: LookupName): number {
  let steps = 0
  for (let level = MAX_ORDER_LEVELS - 1, at = image.words[HEADER.nsecOrder]; level >= 0; level--) {
    for (let next = image.words[at + ELEMENT.next + level]; next !== 0; next = image.words[at + ELEMENT.next + level]) {
      steps++
      if (compareToName(image, image.words[next + ELEMENT.node], name) > 0) break
      at = next
    }
  }
  return steps
}

/**
 * The canonical order of a zone's names (RFC 4034 6.1), as it comes out of an image, beside names sorted one by one.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { nodesInOrder } from '../../src/zone/canonical.ts'
import type { ZoneImage } from '../../src/zone/image.ts'

const ADDRESS = Uint8Array.of(192, 0, 2, 1)

/** An image that holds an address at each of `names`. */
function imageOf(names: readonly Name[], apex = 'example.', seed = 3): ZoneImage {
  const builder = new ZoneBuilder({ apex: Name.parse(apex).wire, class: CLASS.IN, seed })
  for (const { wire } of names) builder.add(wire, TYPE.A, 60, ADDRESS, 4)
  return builder.finish()
}

/** Keys of the image's names in the order that is under test. */
function ordered(image: ZoneImage): string[] {
  return Array.from(nodesInOrder(image), (node) => Name.fromWire(image.octets, image.nameAt(node)).key)
}

/** Keys of `names`, of all between them and the apex, and of the apex, sorted: what a zone that holds `names` consists of. */
function expected(names: readonly Name[], apex = 'example.'): string[] {
  const top = Name.parse(apex)
  const keys = new Set([top.key])
  for (let name of names) for (; !name.equals(top); name = name.parent()) keys.add(name.key)
  return [...keys].sort((a, b) => (a < b ? -1 : 1))
}

test('RFC 4034 6.1: its example', () => {
  const names = ['example.', 'a.example.', 'yljkjljk.a.example.', 'Z.a.example.', 'zABC.a.EXAMPLE.', 'z.example.', '\\001.z.example.', '*.z.example.', '\\200.z.example.'].map((text) => Name.parse(text))
  assert.deepEqual(ordered(imageOf(names.toReversed())), names.map((name) => name.key))
})

test('a zone of its apex alone, and the root zone', () => {
  assert.deepEqual(ordered(imageOf([Name.parse('example.')])), [Name.parse('example.').key])
  const names = ['.', 'b.', 'a.b.', 'a.'].map((text) => Name.parse(text))
  assert.deepEqual(ordered(imageOf(names, '.')), expected(names, '.'))
})

test('a deep name brings all names above it, parents first', () => {
  const deep = Name.parse(`${'a.'.repeat(100)}example.`)
  assert.deepEqual(ordered(imageOf([deep])), expected([deep]))
  assert.equal(ordered(imageOf([deep])).length, 101)
})

const label = fc.uint8Array({ minLength: 1, maxLength: 4 }).map((octets) => Array.from(octets, (octet) => `\\${String(octet).padStart(3, '0')}`).join(''))
const few = fc.constantFrom('a', 'A', 'b', 'ab', '*', '-', '\\000', '\\000\\000', '\\255', 'aaaa', 'aaaab')
const name = fc.array(fc.oneof(few, label), { maxLength: 5 }).map((labels) => Name.parse([...labels, 'example.'].join('.')))

test('RFC 4034 6.1: any set of names, in any order of loading and with any seed, comes out sorted', () => {
  fc.assert(
    fc.property(fc.array(name, { maxLength: 40 }), fc.integer(), (names, seed) => {
      assert.deepEqual(ordered(imageOf([Name.parse('example.'), ...names], 'example.', seed)), expected(names))
    }),
    { numRuns: 300 },
  )
})

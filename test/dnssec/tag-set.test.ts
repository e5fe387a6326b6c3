/** The set of signatures' tags: as exact as a `Set`, whatever the tags and however many. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TagSet } from '../../src/dnssec/tag-set.ts'

const tag = fc.maxSafeNat()
/** Tags that all name the same place first: they differ above their low 32 bits only. */
const clashing = fc.integer({ min: 0, max: 0x1f_ffff }).map((high) => high * 0x1_0000_0000 + 7)

test('a tag is added once, the least and the greatest too', () => {
  const set = new TagSet()
  for (const each of [0, 1, Number.MAX_SAFE_INTEGER, 0xffff_ffff, 0x1_0000_0000]) {
    assert.equal(set.has(each), false)
    assert.equal(set.add(each), true)
    assert.equal(set.has(each), true)
    assert.equal(set.add(each), false)
  }
  assert.equal(set.size, 5)
})

test('tags that differ in one bit are two tags', () => {
  const set = new TagSet()
  const base = 0x15_5555_5555_5555
  set.add(base)
  for (let bit = 0; bit < 53; bit++) {
    const other = Math.floor(base / 2 ** bit) % 2 === 1 ? base - 2 ** bit : base + 2 ** bit
    assert.equal(set.has(other), false, `bit ${bit}`)
    assert.equal(set.add(other), true, `bit ${bit}`)
  }
  assert.equal(set.size, 54)
})

test('a hundred thousand tags are all found again, and nothing beside them', () => {
  const set = new TagSet()
  const nth = (i: number): number => (i * 7_919) % Number.MAX_SAFE_INTEGER
  for (let i = 0; i < 100_000; i++) assert.equal(set.add(nth(i)), true)
  assert.equal(set.size, 100_000)
  for (let i = 0; i < 100_000; i++) assert.ok(set.has(nth(i)) && !set.has(nth(i) + 1))
})

for (const [what, tags] of [['any tags', tag], ['tags that all want one place', clashing]] as const) {
  test(`property: with ${what} it is as a Set is, while it grows`, () => {
    fc.assert(fc.property(fc.array(tags, { maxLength: 300 }), fc.array(tags, { maxLength: 20 }), (added, asked) => {
      const set = new TagSet()
      const model = new Set<number>()
      for (const each of added) {
        assert.equal(set.add(each), !model.has(each))
        model.add(each)
        assert.equal(set.size, model.size)
      }
      for (const each of [...added, ...asked]) assert.equal(set.has(each), model.has(each))
    }), { numRuns: 200 })
  })
}

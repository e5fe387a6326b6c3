/** Names made ready for searching: folding, where labels start, and hashes that depend on every suffix alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { hashLabel, LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { viewOf } from '../../src/dns/octet-views.ts'
import { anyName } from './values.ts'

const SEED = 0x1dea_5eed

function loaded(name: string, seed = SEED): LookupName {
  const lookup = new LookupName(seed)
  lookup.load(Name.parse(name).wire, 0)
  return lookup
}

test('the root has no label, one octet, and the seed as its hash', () => {
  const root = loaded('.')
  assert.deepEqual([root.labelCount, root.length, root.labelAt[0], root.hash[0]], [0, 1, 0, SEED])
})

test('octets A to Z are folded, and no others (RFC 4343 3)', () => {
  const name = loaded('aZ@[`{\\193.eXample.')
  assert.equal(Buffer.from(name.octets.subarray(0, name.length)).toString('latin1'), '\x07az@[`{\xc1\x07example\0')
})

test('a length octet between 65 and 90 cannot be: labels have at most 63 octets, so that folding leaves lengths alone (RFC 1035 2.3.4)', () => {
  const name = loaded(`${'X'.repeat(63)}.example.`)
  assert.deepEqual([name.octets[0], name.octets[1], name.labelAt[1]], [63, 0x78, 64])
})

test('127 labels and 255 octets, the most that a name can have (RFC 1035 2.3.4)', () => {
  const many = loaded('a.'.repeat(127))
  assert.deepEqual([many.labelCount, many.length, many.labelAt[126], many.labelAt[127], many.octets[254]], [127, 255, 252, 254, 0])
  assert.equal(new Set(many.hash).size, 128, 'each suffix has a hash of its own')
  const long = loaded(`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`)
  assert.deepEqual([long.labelCount, long.length], [4, 255])
})

test('what a longer name left behind does not change a shorter one', () => {
  const used = loaded('a.'.repeat(127))
  used.load(Name.parse('www.example.').wire, 0)
  const fresh = loaded('www.example.')
  assert.deepEqual([used.labelCount, used.length, [...used.labelAt.subarray(0, 3)], [...used.hash.subarray(0, 3)]], [2, 13, [0, 4, 12], [...fresh.hash.subarray(0, 3)]])
})

const label = fc.stringMatching(/^[a-zA-Z0-9-]{1,12}$/)

test('a suffix hashes the same whatever stands before it and however it is written', () => {
  fc.assert(
    fc.property(fc.array(label, { maxLength: 4 }), fc.array(label, { minLength: 1, maxLength: 4 }), (before, suffix) => {
      const whole = loaded(`${[...before, ...suffix].join('.').toUpperCase()}.`)
      assert.equal(whole.hash[before.length], loaded(`${suffix.join('.')}.`).hash[0])
    }),
  )
})

test('the hash of a child is made from its parent’s and its own label: so wildcards are probed (RFC 4592 3.3.1)', () => {
  assert.equal(loaded('*.example.').hash[0], hashLabel(loaded('example.').hash[0], viewOf(Uint8Array.of(1, 0x2a, 9, 9)), 0))
})

test('where labels end is part of the hash', () => {
  assert.notEqual(loaded('ab.c.').hash[0], loaded('a.bc.').hash[0])
  assert.notEqual(loaded('a\\.b.').hash[0], loaded('a.b.').hash[0])
})

test('another seed gives other hashes, so that collisions cannot be prepared', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `host${i}.example.`)
  const same = names.filter((name) => loaded(name, 1).hash[0] === loaded(name, 2).hash[0])
  assert.ok(same.length <= 1, `${same.length} of 1000 are the same`)
})

test('names whose octets differ in their highest bits alone collide no more often than others, whatever the seed', () => {
  // with one product of 32 bits, a change of bit 31 in one word would be undone by bits 31 and 16 of the next
  const pairs = Array.from({ length: 64 }, (_, i) => {
    const octets = Uint8Array.from({ length: 14 }, (_o, at) => (at === 0 ? 12 : at === 13 ? 0 : 0x61 + ((i * 7 + at * 5) % 26)))
    const other = octets.slice()
    for (const at of [3, 6, 7]) other[at] ^= at === 6 ? 1 : 0x80
    return [octets, other]
  })
  const hashOf = (octets: Uint8Array, seed: number): number => {
    const name = new LookupName(seed)
    name.load(octets, 0)
    return name.hash[0]
  }
  const same = pairs.filter(([a, b], i) => hashOf(a, i * 7919) === hashOf(b, i * 7919))
  assert.equal(same.length, 0)
})

test('hashes spread: ten thousand hosts in 16,384 slots fill them as chance would', () => {
  const slots = new Set(Array.from({ length: 10_000 }, (_, i) => loaded(`host${i}.example.`).hash[0] & 16_383))
  const byChance = 16_384 * (1 - Math.exp(-10_000 / 16_384))
  assert.ok(Math.abs(slots.size - byChance) < byChance * 0.03, `${slots.size} slots, by chance ${Math.round(byChance)}`)
})

test('an array that comes but once is loaded as any other, whatever was loaded before', () => {
  const [once, often] = [new LookupName(SEED), new LookupName(SEED)]
  fc.assert(fc.property(fc.oneof(anyName(), fc.constantFrom(Name.root, Name.parse('a.'.repeat(127)), Name.parse('aZ@[`{\\193.eXample.'))), ({ wire }) => {
    once.loadOnce(wire)
    often.load(wire, 0)
    const shown = ({ length, labelCount, octets, labelAt, hash }: LookupName): unknown =>
      ({ length, labelCount, octets: [...octets.subarray(0, length)], labelAt: [...labelAt.subarray(0, labelCount + 1)], hash: [...hash.subarray(0, labelCount + 1)] })
    assert.deepEqual(shown(once), shown(often))
  }), { numRuns: 500 })
})

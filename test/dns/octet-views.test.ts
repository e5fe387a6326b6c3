/** Octets four at a time: equal to octet by octet, wherever a run stands and however long it is, and nothing outside of it is touched. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fold } from '../../src/dns/name.ts'
import { copyOctets, foldOctets, sameOctets, viewOf } from '../../src/dns/octet-views.ts'

const SIZE = 64
const EDGE = 0xee

/** Octets, and a run of them. */
const run = fc.uint8Array({ minLength: SIZE, maxLength: SIZE }).chain((octets) =>
  fc.nat(SIZE).chain((at) => fc.record({ octets: fc.constant(octets), at: fc.constant(at), count: fc.nat(SIZE - at) })),
)

/** Writes a run into octets that are all EDGE, by `write`; returns them. */
function written(toAt: number, write: (to: DataView) => void): Uint8Array {
  const to = new Uint8Array(SIZE + toAt + 3).fill(EDGE)
  write(viewOf(to))
  return to
}

/** The same, octet by octet. */
function expected(octets: Uint8Array, at: number, count: number, toAt: number, change: (octet: number) => number): Uint8Array {
  const to = new Uint8Array(SIZE + toAt + 3).fill(EDGE)
  for (let i = 0; i < count; i++) to[toAt + i] = change(octets[at + i])
  return to
}

test('a view is over the same octets as its array, in the middle of a buffer too, and always the same', () => {
  const octets = new Uint8Array(16).subarray(4, 8)
  octets[0] = 7
  assert.equal(viewOf(octets), viewOf(octets))
  assert.deepEqual([viewOf(octets).getUint8(0), viewOf(octets).byteLength], [7, 4])
  assert.notEqual(viewOf(octets.slice()), viewOf(octets))
})

test('copying takes the run and leaves what stands around it', () => {
  fc.assert(fc.property(run, fc.nat(7), ({ octets, at, count }, toAt) => {
    assert.deepEqual(written(toAt, (to) => { copyOctets(viewOf(octets), at, to, toAt, count) }), expected(octets, at, count, toAt, (octet) => octet))
  }))
})

test('folding takes A to Z to a to z, and every other octet as it is (RFC 4343 3)', () => {
  fc.assert(fc.property(run, fc.nat(7), ({ octets, at, count }, toAt) => {
    assert.deepEqual(written(toAt, (to) => { foldOctets(viewOf(octets), at, to, toAt, count) }), expected(octets, at, count, toAt, fold))
  }))
})

test('each of the 256 octets is folded the same in each of four places, whatever its neighbours', () => {
  const from = new Uint8Array(4)
  const to = new Uint8Array(4)
  for (const neighbour of [0, 0x40, 0x41, 0x5a, 0x5b, 0x7f, 0x80, 0xc1, 0xda, 0xff]) {
    for (let octet = 0; octet < 256; octet++) {
      for (let place = 0; place < 4; place++) {
        from.fill(neighbour)
        from[place] = octet
        foldOctets(viewOf(from), 0, viewOf(to), 0, 4)
        assert.deepEqual([...to], [...from].map(fold))
      }
    }
  }
})

test('runs are the same where every octet is, and differ where one does', () => {
  fc.assert(fc.property(run, fc.nat(7), fc.nat(SIZE), fc.integer({ min: 1, max: 255 }), ({ octets, at, count }, otherAt, place, change) => {
    const other = new Uint8Array(SIZE + otherAt + 3).fill(EDGE)
    other.set(octets.subarray(at, at + count), otherAt)
    assert.equal(sameOctets(viewOf(octets), at, viewOf(other), otherAt, count), true)
    other[otherAt + place] ^= change
    assert.equal(sameOctets(viewOf(octets), at, viewOf(other), otherAt, count), place >= count)
  }))
})

test('a run that does not lie in its array is a RangeError', () => {
  const octets = viewOf(new Uint8Array(8))
  for (const count of [3, 4, 9]) {
    assert.throws(() => { copyOctets(octets, 8 - count + 1, viewOf(new Uint8Array(16)), 0, count) }, RangeError)
    assert.throws(() => { copyOctets(viewOf(new Uint8Array(16)), 0, octets, 8 - count + 1, count) }, RangeError)
    assert.throws(() => sameOctets(octets, 8 - count + 1, viewOf(new Uint8Array(16)), 0, count), RangeError)
    assert.throws(() => { foldOctets(octets, 8 - count + 1, viewOf(new Uint8Array(16)), 0, count) }, RangeError)
  }
})

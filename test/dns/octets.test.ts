/** The cursors over octets: bounds that no read or write crosses, and numbers in network order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WireFault } from '../../src/dns/faults.ts'
import { WireReader, WireWriter } from '../../src/dns/octets.ts'

test('numbers are written most significant octet first and read back (RFC 1035 2.3.2)', () => {
  const out = new WireWriter(1)
  out.u8(0xfe)
  out.u16(0x0102)
  out.u32(0xfffefdfc)
  out.u48(0x8001_0203_0405)
  out.u64(0xf102_0304_0506_0708n)
  assert.equal(Buffer.from(out.view()).toString('hex'), 'fe0102fffefdfc800102030405f102030405060708')
  const reader = new WireReader(out.finish())
  assert.deepEqual([reader.u8(), reader.u16(), reader.u32(), reader.u48(), reader.u64()], [0xfe, 0x0102, 0xfffefdfc, 0x8001_0203_0405, 0xf102_0304_0506_0708n])
  assert.equal(reader.remaining, 0)
})

test('no read crosses the end, and one that failed has moved nothing', () => {
  const reads: [number, (reader: WireReader) => unknown][] = [
    [1, (r) => r.u8()], [2, (r) => r.u16()], [4, (r) => r.u32()], [6, (r) => r.u48()], [8, (r) => r.u64()], [5, (r) => r.bytes(5)],
  ]
  for (const [size, read] of reads) {
    const reader = new WireReader(new Uint8Array(20), 3, 3 + size - 1)
    assert.throws(() => read(reader), (fault: unknown) => fault instanceof WireFault && fault.offset >= 3)
    reader.end++
    reader.at = 3
    read(reader)
    assert.equal(reader.at, 3 + size)
  }
})

test('a negative count is refused, so that a subtraction gone wrong cannot move backwards', () => {
  assert.throws(() => new WireReader(new Uint8Array(4), 2).bytes(-1), WireFault)
})

test('the rest is all octets up to the end, not to the end of the buffer', () => {
  const reader = new WireReader(Uint8Array.of(1, 2, 3, 4, 5), 1, 4)
  assert.deepEqual([...reader.rest()], [2, 3, 4])
  assert.deepEqual([...reader.rest()], [])
})

test('a writer grows up to its limit and is a WireFault beyond', () => {
  const out = new WireWriter(1, 5)
  out.bytes(Uint8Array.of(1, 2, 3))
  out.u16(0x0405)
  assert.throws(() => out.u8(6), WireFault)
  assert.throws(() => out.bytes(Uint8Array.of(6, 7)), WireFault)
  assert.deepEqual([...out.finish()], [1, 2, 3, 4, 5], 'what was written before stays')
})

test('what is finished is a copy, a view is not', () => {
  const out = new WireWriter(8)
  out.u8(1)
  const [copy, view] = [out.finish(), out.view()]
  out.reset()
  out.u8(2)
  assert.deepEqual([copy[0], view[0]], [1, 2])
})

test('a length is patched in behind what it counts', () => {
  const out = new WireWriter(8)
  out.u16(0)
  out.u8(9)
  out.patch16(0, 0xabcd)
  assert.deepEqual([...out.finish()], [0xab, 0xcd, 9])
})

test('pieces written one by one lie one behind the other', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }), (pieces) => {
    const [whole, copied] = [new WireWriter(1), new WireWriter(1)]
    for (const piece of pieces) {
      whole.bytes(piece)
      copied.copy(Uint8Array.of(7, ...piece, 7), 1, piece.length)
    }
    assert.deepEqual(whole.finish(), Uint8Array.from(pieces.flatMap((piece) => [...piece])))
    assert.deepEqual(copied.finish(), whole.finish())
  }))
})

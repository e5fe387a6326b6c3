/** Large RRsets that grow (src/zone/sharing.ts): what one record more takes, and what older readers go on to see. editor-transactions.test.ts holds them against a map. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { ZoneImage } from '../../src/zone/image.ts'
import { RECORD_HEAD_OCTETS } from '../../src/zone/layout.ts'
import { rebuildImage } from '../../src/zone/rebuild.ts'
import { mostOctets } from '../../src/zone/writer.ts'
import { crowd, CROWD_WORDS, rrsetAt, takenBy, wire } from './crowd.ts'

test('an RRset of a thousand that grows by a record in each of a thousand transactions is copied once, and leases begin and move in it', () => {
  const { image, editor } = crowd()
  editor.commit()
  const first = new ZoneImage(image.buffer)
  const taken = takenBy(image, () => {
    for (let i = 0; i < 1_000; i++) {
      editor.begin()
      editor.appendRecord(wire('a.example.'), TYPE.AGENT, 60, Uint8Array.of(1, 0, i >>> 8, i))
      editor.setLeaseEnd(wire('a.example.'), TYPE.AGENT, 1_900_000_000 + i)
      editor.commit()
    }
  })
  const rrset = rrsetAt(image, 'a.example.', TYPE.AGENT)
  assert.deepEqual([image.recordsIn(rrset), image.leaseEndOf(rrset), image.ttlOf(rrset)], [2_000, 1_900_000_999, 60])
  assert.ok(taken < 2 * CROWD_WORDS + 1_000 * 16, `${taken} words`)
  assert.equal(first.recordsIn(rrsetAt(first, 'a.example.', TYPE.AGENT)), 1_000)
})

test('of two that go on from the same version the second copies: what the first has written others may read', () => {
  const { image, editor } = crowd()
  const append = (last: number): void => editor.appendRecord(wire('a.example.'), TYPE.AGENT, 60, Uint8Array.of(1, 0, 0, last))
  append(1)
  editor.commit()
  editor.begin()
  append(2)
  editor.abort()
  editor.begin()
  append(3)
  editor.commit()
  const elder = new ZoneImage(image.buffer)
  editor.begin()
  editor.removeRecord(wire('a.example.'), TYPE.AGENT, Uint8Array.of(1, 0, 0, 3))
  append(4)
  editor.commit()
  const lastIn = (seen: ZoneImage): number => {
    const rrset = rrsetAt(seen, 'a.example.', TYPE.AGENT)
    return seen.octets[seen.firstRecordAt(rrset) + seen.octetsOf(rrset) - 1]
  }
  assert.deepEqual([lastIn(elder), lastIn(image)], [3, 4])
})

test('a zone that is moved holds them as if they had been loaded, with their leases, and takes what they have and no more', () => {
  const { image, editor } = crowd()
  for (let i = 0; i < 300; i++) editor.appendRecord(wire('a.example.'), TYPE.AGENT, 60, Uint8Array.of(1, 0, i >>> 8, i))
  editor.setLeaseEnd(wire('a.example.'), TYPE.AGENT, 1_900_000_000)
  editor.commit()
  const moved = rebuildImage(image, 0)
  const [from, to] = [rrsetAt(image, 'a.example.', TYPE.AGENT), rrsetAt(moved, 'a.example.', TYPE.AGENT)]
  const recordsOf = (seen: ZoneImage, rrset: number): string => Buffer.from(seen.octets.subarray(seen.firstRecordAt(rrset), seen.firstRecordAt(rrset) + seen.octetsOf(rrset))).toString('hex')
  assert.equal(recordsOf(moved, to), recordsOf(image, from))
  assert.deepEqual([moved.leaseEndOf(to), moved.ttlOf(to), moved.recordsIn(to)], [1_900_000_000, 60, 1_300])
  assert.ok(moved.usedOctets - moved.wasteOctets <= image.usedOctets - image.wasteOctets + 64, `${moved.usedOctets - moved.wasteOctets} of ${image.usedOctets - image.wasteOctets} octets`)
})

test('one that takes another TTL, or loses a record, is written anew, and grows from there', () => {
  const { image, editor } = crowd()
  editor.appendRecord(wire('a.example.'), TYPE.AGENT, 60, Uint8Array.of(1, 0, 0, 1))
  editor.commit()
  const elder = new ZoneImage(image.buffer)
  editor.begin()
  editor.addRecord(wire('a.example.'), TYPE.AGENT, 90, Uint8Array.of(1, 0, 0, 2))
  editor.commit()
  editor.begin()
  editor.removeRecord(wire('a.example.'), TYPE.AGENT, Uint8Array.of(0, 0, 0, 0))
  editor.commit()
  editor.begin()
  editor.addRecord(wire('a.example.'), TYPE.AGENT, 90, Uint8Array.of(1, 0, 0, 3))
  editor.commit()
  const [old, now] = [rrsetAt(elder, 'a.example.', TYPE.AGENT), rrsetAt(image, 'a.example.', TYPE.AGENT)]
  assert.deepEqual([elder.ttlOf(old), elder.recordsIn(old)], [60, 1_001])
  assert.deepEqual([image.ttlOf(now), image.recordsIn(now)], [90, 1_002])
  assert.equal(image.octets[image.rdataAt(image.firstRecordAt(now)) + 3], 1, 'the second of those loaded comes first')
})

test('one that grows to the most that an RRset may have is refused the next record, whole, and its area has no room that it may not use', () => {
  const { image, editor } = crowd()
  const record = (i: number): Uint8Array => Uint8Array.from({ length: 4_000 }, (_, at) => [i >>> 8, i][at] ?? 7)
  const most = Math.floor(mostOctets(TYPE.TXT) / (4_000 + RECORD_HEAD_OCTETS))
  editor.putRRset(wire('b.example.'), TYPE.TXT, 60, [record(0)])
  editor.commit()
  const taken = takenBy(image, () => {
    for (let i = 1; i < most; i++) {
      editor.begin()
      editor.addRecord(wire('b.example.'), TYPE.TXT, 60, record(i))
      editor.commit()
    }
  })
  editor.begin()
  assert.throws(() => editor.addRecord(wire('b.example.'), TYPE.TXT, 60, record(most)), RangeError)
  assert.throws(() => editor.appendRecord(wire('b.example.'), TYPE.TXT, 60, record(most)), RangeError)
  editor.commit()
  const rrset = rrsetAt(image, 'b.example.', TYPE.TXT)
  assert.equal(image.recordsIn(rrset), most)
  let at = image.firstRecordAt(rrset)
  for (let i = 0; i < most; i++, at = image.nextRecordAt(at)) assert.equal(image.octets[image.rdataAt(at) + 1], i)
  // areas of two, four and eight records, and one of the most there may be
  assert.ok(taken * 4 < mostOctets(TYPE.TXT) + (2 * (2 + 4 + 8)) * 4_012 + most * 64, `${taken} words`)
})

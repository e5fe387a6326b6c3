/** The RRset of a face: one TTL for all records, none twice, and nothing beyond the room there is (RFC 2181 5, 5.2). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { FaceBlock } from '../../../src/discovery/faces/block.ts'
import { CLASS, TYPE } from '../../../src/dns/codes.ts'
import { MAX_MESSAGE_OCTETS } from '../../../src/dns/limits.ts'
import { RECORD_HEAD_OCTETS, RRSET, RRSET_HEAD_OCTETS } from '../../../src/zone/layout.ts'
import { zoneOf } from '../../authority/ask.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name } from '../../../src/dns/name.ts'
import { HEADER } from '../../../src/zone/layout.ts'

/** RDATA in hexadecimal and TTL of each record, read as a renderer does. */
function records({ words, octets, view, rrset }: FaceBlock): [ttl: number, rdata: string][] {
  const read: [number, string][] = []
  const from = rrset * 4 + RRSET_HEAD_OCTETS
  for (let at = from; at < from + words[rrset + RRSET.octets]; at += RECORD_HEAD_OCTETS + view.getUint16(at + 10)) {
    assert.deepEqual([view.getUint16(at), view.getUint16(at + 2), view.getUint16(at + 4)], [0xc00c, words[rrset + RRSET.key], CLASS.IN])
    read.push([view.getUint32(at + 6), Buffer.from(octets.subarray(at + RECORD_HEAD_OCTETS, at + RECORD_HEAD_OCTETS + view.getUint16(at + 10))).toString('hex')])
  }
  assert.equal(words[rrset + RRSET.count], read.length)
  return read
}

function written(write: (block: FaceBlock) => void, type: number = TYPE.A, block = new FaceBlock()): [ttl: number, rdata: string][] {
  block.begin(type, CLASS.IN, 300)
  write(block)
  block.end()
  return records(block)
}

function record(block: FaceBlock, hex: string, sameFrom = 0): void {
  block.beginRecord()
  block.copy(Buffer.from(`ee${hex}ee`, 'hex'), 1, 1 + hex.length / 2)
  block.endRecord(sameFrom)
}

describe('the RRset of a face', () => {
  test('holds what was written, each record once, those alike but for what ranks them too', () => {
    assert.deepEqual(written((block) => ['0a', '0b', '0a', '0a0a'].forEach((hex) => record(block, hex))), [[300, '0a'], [300, '0b'], [300, '0a0a']])
    assert.deepEqual(written((block) => ['0001aa', '0002aa', '0003bb'].forEach((hex) => record(block, hex, 2))), [[300, '0001aa'], [300, '0003bb']])
  })

  test('is empty once it is begun anew', () => {
    const block = new FaceBlock()
    written((one) => record(one, '0a'), TYPE.A, block)
    assert.deepEqual(written(() => undefined, TYPE.TXT, block), [])
  })

  test('takes records of the zone, and the lesser TTL for all', () => {
    const zone = zoneOf('acme.example.', '@ 9 SOA ns a 1 2 3 4 5\n@ 9 NS ns\nns 20 A 192.0.2.1\nns 20 A 192.0.2.2\n')
    const name = new LookupName(zone.words[HEADER.seed])
    name.load(Name.parse('ns.acme.example.').wire, 0)
    const rrset = zone.rrsetOf(zone.nodeOf(name), TYPE.A)
    assert.deepEqual(written((block) => (record(block, 'c0000202'), block.addStored(zone, rrset), block.addStored(zone, 0))), [[20, 'c0000202'], [20, 'c0000201']])
  })

  test('cuts text into character-strings (RFC 1035 3.3.14), as many as are allowed; none is still one', () => {
    const text = (value: string, most?: number): string => written((block) => (block.beginRecord(), block.strings(value, most), block.endRecord()), TYPE.TXT)[0][1]
    assert.equal(text('ab'), '026162')
    assert.equal(text(''), '00')
    assert.equal(text('x'.repeat(300)), `ff${'78'.repeat(255)}`)
    assert.equal(text('x'.repeat(300), 9), `ff${'78'.repeat(255)}2d${'78'.repeat(45)}`)
  })

  test('tells as many records apart as there may be, each once, whatever their hashes', () => {
    const values = Array.from({ length: 3_000 }, (_, i) => (i * 7_919 % 65_536).toString(16).padStart(4, '0'))
    const read = written((block) => [...values, ...values.toReversed()].forEach((hex) => record(block, hex)))
    assert.deepEqual(read.map(([, hex]) => hex), values)
  })

  test('holds no more records than a message can, however short they are', () => {
    const read = written((block) => { for (let i = 0; i < 20_000; i++) record(block, i.toString(16).padStart(4, '0')) })
    assert.ok(read.length > 4_000 && read.length * (RECORD_HEAD_OCTETS + 2) <= MAX_MESSAGE_OCTETS, `${read.length}`)
    assert.equal(new Set(read.map(([, hex]) => hex)).size, read.length)
  })

  test('ends before the first record that has no room, and takes none behind it', () => {
    const read = written((block) => {
      for (let i = 0; i < 3; i++) {
        block.beginRecord()
        block.u16(i)
        block.copy(new Uint8Array(30_000), 0, 30_000)
        block.endRecord()
      }
      record(block, '0a')
    }, TYPE.TXT)
    assert.deepEqual(read.map(([, hex]) => hex.slice(0, 4)), ['0000', '0001'])
    assert.ok(read.length * 30_002 < MAX_MESSAGE_OCTETS)
  })
})

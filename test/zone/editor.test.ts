/** What an editor does besides what test/zone/image.test.ts proves of it: refuses, counts, shares, and undoes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { MAX_RRSET_RECORDS } from '../../src/dns/limits.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ImageFull, ZoneEditor } from '../../src/zone/editor.ts'
import { ZoneImage } from '../../src/zone/image.ts'
import { HEADER } from '../../src/zone/layout.ts'
import { parseZone } from '../../src/zone/parse.ts'
import { asker, SEED, zoneOf } from '../authority/ask.ts'

const START = `
@ 60 SOA ns admin 1 2 3 4 60
@ 60 NS ns
ns 60 A 192.0.2.1
ns 60 AAAA 2001:db8::1
ns 60 TXT "x"
deep.a.b 60 A 192.0.2.2
`
const wire = (name: string): Uint8Array => Name.parse(name).wire
const address = (last: number): Uint8Array => Uint8Array.of(192, 0, 2, last)
const lookup = new LookupName(SEED)

function start(expectedOctets = 1_000_000): { image: ZoneImage; editor: ZoneEditor } {
  const builder = new ZoneBuilder({ apex: wire('example.'), class: CLASS.IN, seed: SEED, expectedOctets })
  parseZone({ octets: Buffer.from(START), file: 'z' }, { origin: wire('example.'), class: CLASS.IN }, builder)
  const image = builder.finish()
  const editor = new ZoneEditor(image)
  editor.begin()
  return { image, editor }
}

function typesAt(image: ZoneImage, name: string): number[] {
  lookup.load(wire(name), 0)
  const types: number[] = []
  const node = image.nodeOf(lookup)
  for (let link = node === 0 ? 0 : image.firstLink(node); link !== 0; link = image.nextLink(link)) types.push(image.typeOf(image.rrsetAt(link)))
  return types.sort((a, b) => a - b)
}

test('chains of denial are not changed record by record', () => {
  const { editor } = start()
  for (const type of [TYPE.NSEC, TYPE.NSEC3, TYPE.NSEC3PARAM]) {
    assert.throws(() => editor.putRRset(wire('example.'), type, 60, [address(1)]), RangeError)
    assert.throws(() => editor.removeRRset(wire('example.'), type), RangeError)
  }
})

test('what no RRset may be is refused: empty, too many records, too many octets, outside the zone', () => {
  const { image, editor } = start(8_000_000)
  const www = wire('www.example.')
  assert.throws(() => editor.putRRset(www, TYPE.A, 60, []), RangeError)
  assert.throws(() => editor.putRRset(www, TYPE.A, 60, Array.from({ length: 4063 }, () => address(1))), RangeError)
  assert.throws(() => editor.putRRset(www, TYPE.AGENT, 60, Array.from({ length: MAX_RRSET_RECORDS + 1 }, () => Uint8Array.of(0, 1, 0))), RangeError)
  assert.throws(() => editor.putRRset(www, TYPE.AGENT, 60, [new Uint8Array(65_000)]), RangeError)
  assert.throws(() => editor.putRRset(wire('example.net.'), TYPE.A, 60, [address(1)]), RangeError)
  assert.equal(editor.removeRRset(wire('example.net.'), TYPE.A), false)
  editor.commit()
  assert.deepEqual(typesAt(image, 'www.example.'), [])
})

test('65,535 records of AGENT are the most, and every one is kept', () => {
  const { image, editor } = start(8_000_000)
  editor.putRRset(wire('v1._cap.example.'), TYPE.AGENT, 60, Array.from({ length: MAX_RRSET_RECORDS }, (_, i) => Uint8Array.of(i >>> 8, i, 0)))
  editor.commit()
  lookup.load(wire('v1._cap.example.'), 0)
  const rrset = image.rrsetOf(image.nodeOf(lookup), TYPE.AGENT)
  assert.equal(image.recordsIn(rrset), MAX_RRSET_RECORDS)
  let at = image.firstRecordAt(rrset)
  for (let i = 0; i < MAX_RRSET_RECORDS - 1; i++) at = image.nextRecordAt(at)
  assert.deepEqual([...image.octets.subarray(image.rdataAt(at), image.rdataAt(at) + 3)], [0xff, 0xfe, 0])
})

test('replacing or removing any RRset of a node keeps the others, whatever their order', () => {
  for (const type of [TYPE.A, TYPE.AAAA, TYPE.TXT]) {
    const { image, editor } = start()
    const rest = [TYPE.A, TYPE.TXT, TYPE.AAAA].filter((one) => one !== type)
    editor.putRRset(wire('ns.example.'), type, 60, [Uint8Array.of(1, 2)])
    editor.commit()
    assert.deepEqual(typesAt(image, 'ns.example.'), [TYPE.A, TYPE.TXT, TYPE.AAAA])
    editor.begin()
    assert.equal(editor.removeRRset(wire('ns.example.'), type), true)
    assert.equal(editor.removeRRset(wire('ns.example.'), type), false)
    editor.commit()
    assert.deepEqual(typesAt(image, 'ns.example.'), rest)
  }
})

test('a node of ten thousand types can be changed at either end of its list', () => {
  const { image, editor } = start(8_000_000)
  const many = wire('many.example.')
  for (let type = 1000; type < 11_000; type++) editor.putRRset(many, type, 60, [address(1)])
  for (const type of [1000, 10_999]) assert.equal(editor.removeRRset(many, type), true)
  editor.commit()
  const types = typesAt(image, 'many.example.')
  assert.deepEqual([types.length, types[0], types.at(-1)], [9998, 1001, 10_998])
})

test('records and agents are counted by what is committed', () => {
  const { image, editor } = start()
  const before = image.recordCount
  editor.putRRset(wire('v1._cap.example.'), TYPE.AGENT, 60, [Uint8Array.of(0, 1, 0), Uint8Array.of(0, 2, 0)])
  assert.deepEqual([image.recordCount, image.hasAgents], [before, false])
  editor.abort()
  assert.deepEqual([image.recordCount, image.hasAgents], [before, false])
  editor.begin()
  editor.putRRset(wire('v1._cap.example.'), TYPE.AGENT, 60, [Uint8Array.of(0, 1, 0), Uint8Array.of(0, 2, 0)])
  editor.putRRset(wire('v1._cap.example.'), TYPE.AGENT, 60, [Uint8Array.of(0, 3, 0)])
  editor.removeRRset(wire('ns.example.'), TYPE.TXT)
  editor.commit()
  assert.deepEqual([image.recordCount, image.hasAgents], [before, true])
  editor.begin()
  editor.removeRRset(wire('v1._cap.example.'), TYPE.AGENT)
  editor.commit()
  assert.deepEqual([image.recordCount, image.hasAgents], [before - 1, false])
})

test('names come to be and cease to be with their records, and so do the empty names above them (RFC 8020 2)', () => {
  const { image, editor } = start()
  const ask = asker(image)
  editor.removeRRset(wire('deep.a.b.example.'), TYPE.A)
  assert.equal(ask('a.b.example. A').rcode, 'NOERROR', 'not committed yet')
  editor.commit()
  assert.deepEqual(['deep.a.b.example.', 'a.b.example.', 'b.example.'].map((name) => ask(`${name} A`).rcode), ['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN'])
  editor.begin()
  editor.putRRset(wire('x.a.b.example.'), TYPE.A, 60, [address(3)])
  editor.commit()
  assert.deepEqual(['x.a.b.example.', 'a.b.example.', 'deep.a.b.example.'].map((name) => ask(`${name} A`).rcode), ['NOERROR', 'NOERROR', 'NXDOMAIN'])
})

test('an aborted change leaves no trace in what names exist later (RFC 8020 2)', () => {
  const { image, editor } = start()
  const ask = asker(image)
  editor.putRRset(wire('x.a.b.example.'), TYPE.A, 60, [address(3)])
  editor.putRRset(wire('y.new.example.'), TYPE.A, 60, [address(3)])
  editor.abort()
  editor.begin()
  editor.removeRRset(wire('deep.a.b.example.'), TYPE.A)
  editor.commit()
  assert.deepEqual(['a.b.example.', 'b.example.', 'new.example.'].map((name) => ask(`${name} A`).rcode), ['NXDOMAIN', 'NXDOMAIN', 'NXDOMAIN'])
})

test('a wildcard, a cut and a DNAME begin and end with their records', () => {
  const { image, editor } = start()
  const ask = asker(image)
  const put = (name: string, type: number): void => editor.putRRset(wire(name), type, 60, [type === TYPE.A ? address(4) : wire('ns.example.')])
  put('*.w.example.', TYPE.A)
  put('cut.example.', TYPE.NS)
  put('moved.example.', TYPE.DNAME)
  editor.commit()
  assert.equal(ask('q.w.example. A').answer.length, 1)
  assert.equal(ask('q.cut.example. A').flags, '')
  assert.equal(ask('ns.moved.example. A').answer.length, 2)
  editor.begin()
  editor.removeRRset(wire('*.w.example.'), TYPE.A)
  editor.removeRRset(wire('cut.example.'), TYPE.NS)
  editor.removeRRset(wire('moved.example.'), TYPE.DNAME)
  editor.commit()
  for (const name of ['q.w', 'q.cut', 'ns.moved']) assert.equal(ask(`${name}.example. A`).rcode, 'NXDOMAIN')
})

test('the table of names grows while readers search it', () => {
  const { image, editor } = start(8_000_000)
  const before = image.words[HEADER.table]
  const reader = new ZoneImage(image.buffer)
  for (let i = 0; i < 2000; i++) editor.putRRset(wire(`n${i}.example.`), TYPE.A, 60, [address(i & 255)])
  assert.notEqual(image.words[HEADER.table], before)
  lookup.load(wire('n7.example.'), 0)
  assert.equal(reader.nodeOf(lookup), 0, 'not committed yet')
  editor.commit()
  reader.refresh()
  for (let i = 0; i < 2000; i++) {
    lookup.load(wire(`n${i}.example.`), 0)
    assert.notEqual(reader.nodeOf(lookup), 0, `n${i}`)
  }
})

test('after ImageFull the zone serves what it did, and smaller changes still fit', () => {
  const image = zoneOf('example.', START)
  const editor = new ZoneEditor(image)
  const ask = asker(image)
  editor.begin()
  editor.putRRset(wire('ns.example.'), TYPE.A, 60, [address(9)])
  assert.throws(() => editor.putRRset(wire('big.example.'), TYPE.AGENT, 60, Array.from({ length: 100 }, () => new Uint8Array(30_000))), ImageFull)
  editor.abort()
  assert.deepEqual(ask('ns.example. A').answer, ['ns.example. 60 IN A 192.0.2.1'])
  assert.equal(ask('big.example. A').rcode, 'NXDOMAIN')
  editor.begin()
  editor.putRRset(wire('ns.example.'), TYPE.A, 60, [address(9)])
  editor.commit()
  assert.deepEqual(ask('ns.example. A').answer, ['ns.example. 60 IN A 192.0.2.9'])
})

test('a record that is known to be new is appended without a search, to an RRset of its TTL and to no other', () => {
  const { image, editor } = start()
  const records = (): number => image.words[HEADER.records]
  const before = records()
  editor.appendRecord(wire('NS.example.'), TYPE.A, 60, address(9))
  editor.appendRecord(wire('ns.example.'), TYPE.A, 60, address(9)) // nobody looks: who calls must know
  const refused: readonly (readonly [string, number, number])[] = [['ns.example.', TYPE.A, 61], ['ns.example.', TYPE.MX, 60], ['new.example.', TYPE.A, 60], ['www.elsewhere.', TYPE.A, 60], ['ns.example.', TYPE.NSEC, 60]]
  for (const [name, type, ttl] of refused) assert.throws(() => editor.appendRecord(wire(name), type, ttl, address(9)), RangeError, `${name} ${type} ${ttl}`)
  lookup.load(wire('ns.example.'), 0)
  assert.equal(image.recordsIn(image.rrsetOf(image.nodeOf(lookup), TYPE.A)), 1, 'nobody sees it yet')
  editor.commit()
  assert.equal(image.recordsIn(image.rrsetOf(image.nodeOf(lookup), TYPE.A)), 3)
  assert.equal(records(), before + 2)
  editor.begin()
  editor.appendRecord(wire('ns.example.'), TYPE.A, 60, address(10))
  editor.abort()
  assert.deepEqual([image.recordsIn(image.rrsetOf(image.nodeOf(lookup), TYPE.A)), records()], [3, before + 2])
})

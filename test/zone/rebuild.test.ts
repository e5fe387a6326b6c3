/**
 * A zone moved to another block: it says the same, without what changes have left behind.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import { fingerprintOf } from '../../src/zone/fingerprint.ts'
import { ZoneImage } from '../../src/zone/image.ts'
import { printZone } from '../../src/zone/print.ts'
import { rebuildImage } from '../../src/zone/rebuild.ts'

const SEED = 77
const wire = (text: string): Uint8Array => Name.parse(text).wire

function freshZone(room = 0): ZoneImage {
  const builder = new ZoneBuilder({ apex: wire('Example.'), class: CLASS.IN, seed: SEED, expectedOctets: room })
  const soa = new Uint8Array([...wire('ns.example.'), ...wire('hostmaster.example.'), ...new Uint8Array(20)])
  builder.add(wire('Example.'), TYPE.SOA, 3_600, soa, soa.length)
  builder.add(wire('example.'), TYPE.NS, 3_600, wire('ns.example.'), wire('ns.example.').length)
  return builder.finish()
}

const textOf = (image: ZoneImage): string => [...printZone(image)].join('')

/** Changes as pairs of an owner's number and what it holds afterwards: a number of addresses, 0 none. */
const changes = fc.array(fc.tuple(fc.nat(9), fc.nat(5)), { maxLength: 40 })

function change(editor: ZoneEditor, owner: number, count: number): void {
  const name = wire(`${owner % 2 === 0 ? 'H' : 'h'}${owner}.sub.example.`)
  editor.begin()
  if (count === 0) editor.removeRRset(name, TYPE.A)
  else editor.putRRset(name, TYPE.A, 60 + owner, Array.from({ length: count }, (_, i) => Uint8Array.of(192, 0, 2, i)))
  editor.commit()
}

test('a rebuilt zone says what the old one says, whatever has changed, and what was left behind is gone', () => {
  fc.assert(fc.property(changes, (steps) => {
    const image = freshZone(1_000_000)
    const editor = new ZoneEditor(image)
    for (const [owner, count] of steps) change(editor, owner, count)
    const rebuilt = rebuildImage(image, 65_536)
    assert.equal(textOf(rebuilt), textOf(image))
    assert.deepEqual(fingerprintOf(rebuilt), fingerprintOf(image))
    assert.equal(rebuilt.recordCount, image.recordCount)
    assert.ok(rebuilt.nodeCount <= image.nodeCount)
    assert.equal(rebuilt.class, image.class)
  }), { numRuns: 60 })
})

test('a rebuilt zone can be changed again, and has the room that was asked for', () => {
  const image = freshZone()
  const rebuilt = rebuildImage(image, 8_000_000)
  assert.ok(rebuilt.buffer.byteLength >= 8_000_000)
  const editor = new ZoneEditor(rebuilt)
  for (let i = 0; i < 2_000; i++) change(editor, i, 1 + (i % 5))
  assert.equal(rebuilt.recordCount, image.recordCount + Array.from({ length: 2_000 }, (_, i) => 1 + (i % 5)).reduce((sum, count) => sum + count, 0))
  assert.equal(new ZoneImage(image.buffer).recordCount, 2, 'the old block stays as it is')
})

test('a change that is not committed is not taken along', () => {
  const image = freshZone(1_000_000)
  const editor = new ZoneEditor(image)
  editor.begin()
  editor.putRRset(wire('new.example.'), TYPE.A, 60, [Uint8Array.of(192, 0, 2, 1)])
  const rebuilt = rebuildImage(image, 0)
  assert.equal(textOf(rebuilt), textOf(freshZone()))
  editor.abort()
})

test('the ends of leases move along', () => {
  const image = freshZone(1_000_000)
  const editor = new ZoneEditor(image)
  editor.begin()
  editor.putRRset(wire('a.example.'), TYPE.A, 60, [Uint8Array.of(192, 0, 2, 1)])
  editor.putRRset(wire('b.example.'), TYPE.A, 60, [Uint8Array.of(192, 0, 2, 2)])
  editor.setLeaseEnd(wire('a.example.'), TYPE.A, 1_800_000_000)
  editor.commit()
  const rebuilt = rebuildImage(image, 0)
  const lookup = new LookupName(SEED)
  const endOf = (owner: string): number => {
    lookup.load(wire(owner), 0)
    return rebuilt.leaseEndOf(rebuilt.rrsetOf(rebuilt.nodeOf(lookup), TYPE.A))
  }
  assert.deepEqual([endOf('a.example.'), endOf('b.example.')], [1_800_000_000, 0])
})

test('capitals, wildcards and cuts are kept', () => {
  const image = freshZone(1_000_000)
  const editor = new ZoneEditor(image)
  editor.begin()
  editor.putRRset(wire('*.Wild.example.'), TYPE.TXT, 60, [Uint8Array.of(1, 0x78)])
  editor.putRRset(wire('child.example.'), TYPE.NS, 60, [wire('ns.child.example.')])
  editor.putRRset(wire('ns.child.example.'), TYPE.A, 60, [Uint8Array.of(192, 0, 2, 3)])
  editor.commit()
  const rebuilt = rebuildImage(image, 0)
  assert.equal(textOf(rebuilt), textOf(image))
  assert.match(textOf(rebuilt), /^\*\.Wild\.example\./m)
})

/**
 * What a zone in service holds after many changes: every RRset of every node, octet by octet, against a map, in
 * the generation that a reader has taken; and that what it took stays as it was while the editor goes on.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import { ZoneImage } from '../../src/zone/image.ts'
import { type Contents, copyOf, read, shown, sorted } from './contents.ts'

const SEED = 0x0ddb_a115
const APEX = 'example.'
const OWNERS = ['example.', 'a.example.', 'b.a.example.', 'c.b.a.example.', '*.example.', 'D.example.']
const TYPES = [TYPE.A, TYPE.TXT, TYPE.AAAA, TYPE.MX]

type Change = { owner: string; type: number; ttl: number; rdatas: Uint8Array[] }

const change: fc.Arbitrary<Change> = fc.record({
  owner: fc.constantFrom(...OWNERS),
  type: fc.constantFrom(...TYPES),
  ttl: fc.nat(86_400),
  rdatas: fc.uniqueArray(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5, selector: (octets) => Buffer.from(octets).toString('hex') }),
})
const transaction = fc.record({ changes: fc.array(change, { minLength: 1, maxLength: 6 }), isCommitted: fc.boolean() })

function emptyZone(): ZoneImage {
  const builder = new ZoneBuilder({ apex: Name.parse(APEX).wire, class: CLASS.IN, seed: SEED, expectedOctets: 400_000 })
  builder.add(Name.parse(APEX).wire, TYPE.NS, 60, Name.parse('ns.example.net.').wire, Name.parse('ns.example.net.').wire.length)
  return builder.finish()
}

/** Applies a change: no RDATA means that the RRset goes. */
function edit(editor: ZoneEditor, { owner, type, ttl, rdatas }: Change): void {
  const wire = Name.parse(owner).wire
  if (rdatas.length > 0) editor.putRRset(wire, type, ttl, rdatas)
  else editor.removeRRset(wire, type)
}

function note(contents: Contents, { owner, type, ttl, rdatas }: Change): void {
  const { key } = Name.parse(owner)
  const types = contents.get(key) ?? new Map<number, string>()
  contents.set(key, types)
  if (rdatas.length > 0) types.set(type, shown(ttl, rdatas))
  else types.delete(type)
}

test('after any transactions each RRset holds what was put last, and nothing of what was aborted or removed', () => {
  fc.assert(
    fc.property(fc.array(transaction, { maxLength: 10 }), (transactions) => {
      const image = emptyZone()
      const editor = new ZoneEditor(image)
      const reader = new ZoneImage(image.buffer)
      const contents: Contents = new Map()
      for (const { changes, isCommitted } of transactions) {
        editor.begin()
        for (const one of changes) edit(editor, one)
        if (isCommitted) {
          editor.commit()
          for (const one of changes) note(contents, one)
        } else editor.abort()
        reader.refresh()
        assert.deepEqual(sorted(read(reader)), sorted(contents))
      }
    }),
    { numRuns: 300 },
  )
})

test('a reader keeps the generation that it took, however many come after', () => {
  fc.assert(
    fc.property(fc.array(transaction, { minLength: 2, maxLength: 8 }), (transactions) => {
      const image = emptyZone()
      const editor = new ZoneEditor(image)
      const contents: Contents = new Map()
      const past: { reader: ZoneImage; contents: Contents }[] = []
      for (const { changes } of transactions) {
        past.push({ reader: new ZoneImage(image.buffer), contents: copyOf(contents) })
        editor.begin()
        for (const one of changes) {
          edit(editor, one)
          note(contents, one)
        }
        editor.commit()
      }
      for (const { reader, contents: then } of past) assert.deepEqual(sorted(read(reader)), sorted(then))
    }),
    { numRuns: 200 },
  )
})

test('a name whose last record goes is a name no more, and its parents go with it (RFC 8020 2)', () => {
  const image = emptyZone()
  const editor = new ZoneEditor(image)
  const name = new LookupName(SEED)
  const exists = (text: string): boolean => {
    image.refresh()
    name.load(Name.parse(text).wire, 0)
    return image.nodeOf(name) !== 0
  }
  const deep = Name.parse('c.b.a.example.').wire
  editor.begin()
  editor.putRRset(deep, TYPE.A, 60, [Uint8Array.of(192, 0, 2, 1)])
  editor.putRRset(deep, TYPE.TXT, 60, [Uint8Array.of(1, 0x78)])
  assert.equal(exists('c.b.a.example.'), false, 'not before the commit')
  editor.commit()
  for (const text of ['c.b.a.example.', 'b.a.example.', 'a.example.']) assert.equal(exists(text), true, text)
  editor.begin()
  assert.equal(editor.removeRRset(deep, TYPE.A), true)
  editor.commit()
  assert.equal(exists('c.b.a.example.'), true, 'TXT is left')
  editor.begin()
  assert.equal(editor.removeRRset(deep, TYPE.TXT), true)
  assert.equal(editor.removeRRset(deep, TYPE.TXT), false, 'gone already')
  editor.commit()
  for (const text of ['c.b.a.example.', 'b.a.example.', 'a.example.']) assert.equal(exists(text), false, text)
  assert.equal(exists(APEX), true)
})

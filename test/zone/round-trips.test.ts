/**
 * Zones of any records of any type, through all that they go through: into an image, out as text, back from it, changed
 * record by record, moved to another block. The model is a map from owner and type to RDATA; octet for octet they agree.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { canonicalRdata, writeRdata, type RrType } from '../../src/dns/rdata.ts'
import { rrTypes } from '../../src/dns/rr/index.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { nodesInOrder } from '../../src/zone/canonical.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import { fingerprintOf } from '../../src/zone/fingerprint.ts'
import { ZoneImage } from '../../src/zone/image.ts'
import { parseZone } from '../../src/zone/parse.ts'
import { printZone } from '../../src/zone/print.ts'
import { rebuildImage } from '../../src/zone/rebuild.ts'
import { compareNames, labelsOf } from '../authority/naming.ts'
import { anyFields } from '../dns/fields.ts'
import { anyName } from '../dns/values.ts'
import { source } from './support.ts'

const APEX = Name.parse('Zone.example.')
const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

interface Entry {
  owner: Name
  type: number
  ttl: number
  rdata: Uint8Array
}

/** Types that stand in zones: no meta types (RFC 6895 3.1), SOA at the apex alone, RRSIG by what it covers. */
const TYPES: readonly RrType[] = rrTypes.filter(({ code }) => (code < 128 || code > 255) && code !== TYPE.SOA && code !== TYPE.RRSIG)
/** Those that an editor changes one by one. */
const EDITED = TYPES.filter(({ code }) => code !== TYPE.NSEC && code !== TYPE.NSEC3 && code !== TYPE.NSEC3PARAM)

const owner = fc.oneof(fc.constantFrom('', 'www.', 'WWW.', '*.', 'a.b.', '\\000.', '\\.\\@\\".', '_x._tcp.').map((text) => Name.parse(`${text}Zone.example.`)),
  anyName(3).filter(({ wire }) => wire.length < 200).map(({ wire }) => Name.fromWire(Uint8Array.from([...wire.subarray(0, -1), ...APEX.wire]))))

function entriesOf(types: readonly RrType[]): fc.Arbitrary<Entry> {
  return fc.constantFrom(...types).chain((definition) => fc.tuple(owner, anyFields(definition))
    // one TTL for each type, as an RRset has one (RFC 2181 5.2)
    .map(([name, fields]) => ({ owner: name, type: definition.code, ttl: (definition.code * 7919) % 100_000, rdata: writeRdata(definition, fields) })))
}

function imageOf(entries: readonly Entry[], seed = 7, room = 0): ZoneImage {
  const builder = new ZoneBuilder({ apex: APEX.wire, class: CLASS.IN, seed, expectedOctets: room })
  for (const { owner: name, type, ttl, rdata } of entries) builder.add(name.wire, type, ttl, rdata, rdata.length)
  return builder.finish()
}

function textOf(image: ZoneImage, relative = false): string {
  return [...printZone(image, { relative })].join('')
}

/** The image of what the parser finds in `text`, without the checks of whether such a zone makes sense. */
function parsedImage(text: string): ZoneImage {
  const entries: Entry[] = []
  const { reported } = parseZone(source(text), { origin: APEX.wire, class: CLASS.IN }, {
    add: (name, type, ttl, rdata, length) => void entries.push({ owner: Name.fromWire(name.slice()), type, ttl, rdata: rdata.slice(0, length) }),
  })
  assert.deepEqual(reported.map(String), [], text)
  return imageOf(entries, 99)
}

/** `owner type` → canonical RDATA of its records in hex, sorted (RFC 4034 6.2, 6.3). */
function contentsOf(image: ZoneImage): Map<string, string[]> {
  const contents = new Map<string, string[]>()
  image.forEachNode((node) => {
    const { key } = Name.fromWire(image.octets, image.nameAt(node))
    for (let link = image.firstLink(node); link !== 0; link = image.nextLink(link)) {
      const rrset = image.rrsetAt(link)
      const type = image.typeOf(rrset)
      const records: string[] = []
      const end = image.firstRecordAt(rrset) + image.octetsOf(rrset)
      for (let at = image.firstRecordAt(rrset); at < end; at = image.nextRecordAt(at)) records.push(hexOf(canonicalRdata(type, image.octets.slice(image.rdataAt(at), image.nextRecordAt(at)))))
      contents.set(`${key} ${type}`, records.toSorted())
    }
  })
  return contents
}

function modelOf(entries: readonly Entry[]): Map<string, string[]> {
  const model = new Map<string, string[]>()
  for (const { owner: name, type, rdata } of entries) {
    const key = `${name.key} ${type}`
    model.set(key, [...new Set([...(model.get(key) ?? []), hexOf(canonicalRdata(type, rdata))])].toSorted())
  }
  return model
}

function sorted(contents: Map<string, string[]>): [string, string[]][] {
  return [...contents].toSorted(([a], [b]) => (a < b ? -1 : 1))
}

const zone = fc.array(entriesOf(TYPES), { maxLength: 12 })

test('an image holds each record once, in whatever order and however often it was added (RFC 2181 5)', () => {
  fc.assert(fc.property(zone, zone, (entries, more) => {
    const wanted = sorted(modelOf([...entries, ...more]))
    const image = imageOf([...entries, ...more, ...entries])
    assert.deepEqual(sorted(contentsOf(image)), wanted)
    assert.equal(image.recordCount, wanted.reduce((sum, [, records]) => sum + records.length, 0))
    assert.deepEqual(sorted(contentsOf(imageOf([...more.toReversed(), ...entries.toReversed()], 12345))), wanted)
  }), { numRuns: 40 })
})

for (const [style, relative] of [['full', false], ['relative', true]] as const) {
  test(`a zone of any records prints ${style} as text that is parsed as that zone (RFC 1035 5.1, RFC 3597 5)`, () => {
    fc.assert(fc.property(zone, (entries) => {
      const image = imageOf(entries)
      const text = textOf(image, relative)
      assert.match(text, /^[\x20-\x7e\n]*$/, 'printable ASCII')
      const again = parsedImage(text)
      assert.deepEqual(sorted(contentsOf(again)), sorted(contentsOf(image)))
      assert.equal(textOf(again, relative), text)
      assert.equal(hexOf(fingerprintOf(again)), hexOf(fingerprintOf(image)))
    }), { numRuns: 80 })
  })
}

test('nodes come in the canonical order of their names, each once (RFC 4034 6.1)', () => {
  fc.assert(fc.property(zone, (entries) => {
    const image = imageOf(entries)
    const names = Array.from(nodesInOrder(image), (node) => Name.fromWire(image.octets, image.nameAt(node)).toString())
    for (let i = 1; i < names.length; i++) assert.ok(compareNames(labelsOf(names[i - 1].toLowerCase()), labelsOf(names[i].toLowerCase())) < 0, `${names[i - 1]} before ${names[i]}`)
    const owners = new Set(entries.map(({ owner: name }) => name.key))
    const keys = new Set(names.map((name) => Name.parse(name).key))
    for (const key of owners) assert.ok(keys.has(key))
  }), { numRuns: 100 })
})

test('zones that differ in one record, one TTL or one owner have other fingerprints', () => {
  fc.assert(fc.property(fc.array(entriesOf(TYPES), { minLength: 1, maxLength: 6 }), entriesOf(TYPES), (entries, other) => {
    const print = hexOf(fingerprintOf(imageOf(entries)))
    const [first, ...rest] = entries
    const elsewhere = entries.some((one) => one.type === other.type && one.owner.key === other.owner.key)
    if (!elsewhere) assert.notEqual(hexOf(fingerprintOf(imageOf([...entries, other]))), print)
    if (!rest.some((one) => one.type === first.type && one.owner.key === first.owner.key)) {
      assert.notEqual(hexOf(fingerprintOf(imageOf(rest))), print)
      assert.notEqual(hexOf(fingerprintOf(imageOf([{ ...first, ttl: first.ttl + 1 }, ...rest]))), print)
      assert.notEqual(hexOf(fingerprintOf(imageOf([{ ...first, owner: Name.parse('nobody-else.zone.example.') }, ...rest]))), print)
    }
    assert.equal(hexOf(fingerprintOf(imageOf(entries.map((one) => ({ ...one, owner: Name.parse(one.owner.toString().replaceAll('W', 'w')) }))))), print, 'the case of owners is none of it (RFC 4343)')
  }), { numRuns: 80 })
})

/** Four of one name and type, so that RRsets grow and shrink, and four of any. */
const edited = fc.tuple(fc.constantFrom(...EDITED).chain((definition) => fc.array(entriesOf([definition]), { minLength: 4, maxLength: 4 })), fc.array(entriesOf(EDITED), { minLength: 4, maxLength: 4 }))
  .map(([alike, others]) => [...alike.map((one) => ({ ...one, owner: alike[0].owner })), ...others])

interface Batch {
  steps: { entry: number; adds: boolean }[]
  ends: 'commit' | 'abort' | 'rebuild'
}

const batch: fc.Arbitrary<Batch> = fc.record({
  steps: fc.array(fc.record({ entry: fc.nat(7), adds: fc.constantFrom(true, true, false) }), { minLength: 1, maxLength: 8 }), ends: fc.constantFrom('commit', 'commit', 'abort', 'rebuild'),
})

/** Adds or removes a record of the model as RFC 2136 3.4.2 tells it. */
function change(model: Map<string, string[]>, { owner: name, type, rdata }: Entry, adds: boolean): boolean {
  const key = `${name.key} ${type}`
  const own = canonicalRdata(type, rdata)
  const [held, hex] = [model.get(key) ?? [], hexOf(own)]
  if (held.includes(hex) === adds) return false
  const left = adds ? [...held, hex].toSorted() : held.filter((one) => one !== hex)
  if (left.length > 0) model.set(key, left)
  else model.delete(key)
  return true
}

test('records of any type come and go one by one as in a map, through commits, aborts and moves (RFC 2136 3.4.2)', () => {
  fc.assert(fc.property(edited, fc.array(batch, { maxLength: 8 }), (entries, batches) => {
    let [image, model] = [imageOf([], 7, 400_000), new Map<string, string[]>()]
    for (const { steps, ends } of batches) {
      const editor = new ZoneEditor(image)
      const next = new Map(model)
      editor.begin()
      for (const { entry, adds } of steps) {
        const { owner: name, type, ttl, rdata } = entries[entry]
        const changed = adds ? editor.addRecord(name.wire, type, ttl, rdata) : editor.removeRecord(name.wire, type, rdata)
        assert.equal(changed, change(next, entries[entry], adds))
      }
      if (ends === 'abort') editor.abort()
      else {
        editor.commit()
        model = next
      }
      if (ends === 'rebuild') image = rebuildImage(image, 400_000)
      const reader = new ZoneImage(image.buffer)
      assert.deepEqual(sorted(contentsOf(reader)), sorted(model))
      assert.equal(textOf(reader), textOf(parsedImage(textOf(reader))), 'and its text says the same')
    }
  }), { numRuns: 40 })
})

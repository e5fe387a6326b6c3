/** RRsets that a transaction changes, small ones that are written whole and large ones that stay in the image: both are as a plain list of records would be. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { EditorDraft } from '../../src/update/draft.ts'
import { OpenRRset } from '../../src/update/open-rrset.ts'
import { placeKey } from '../../src/update/records.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { HEADER } from '../../src/zone/layout.ts'
import { copyOf, imageOf, recordsOf } from './support.ts'

const OWNER = Name.parse('many.example.')
const HEAD = '@ 3600 SOA ns hostmaster 7 1h 10m 1d 5m\n@ 3600 NS ns\nns 60 A 192.0.2.1\n'
const KINDS = {
  A: { type: TYPE.A, text: (i: number) => `192.0.2.${i}`, rdata: (i: number) => Uint8Array.of(192, 0, 2, i) },
  NS: { type: TYPE.NS, text: (i: number) => `n${i}.example.`, rdata: (i: number) => Name.parse(`${i % 2 === 0 ? 'n' : 'N'}${i}.example.`).wire },
  AGENT: { type: TYPE.AGENT, text: (i: number) => `1 a${i}._sa.example.`, rdata: (i: number) => Uint8Array.of(0, 1, ...Name.parse(`a${i}._sa.example.`).wire) },
} as const
type Kind = keyof typeof KINDS

function zoneWith(kind: Kind, count: number): ZoneImage {
  return imageOf(HEAD + Array.from({ length: count }, (_, i) => `many 60 ${kind} ${KINDS[kind].text(i)}\n`).join(''))
}

interface Step {
  kind: 'add' | 'remove' | 'clear' | 'mark' | 'undo' | 'look' | 'commit' | 'move'
  i: number
  ttl: number
}
const anyStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add', 'add', 'add', 'remove', 'remove', 'remove', 'clear', 'mark', 'undo', 'look', 'commit', 'move'),
  i: fc.nat(30),
  ttl: fc.constantFrom(60, 60, 60, 60, 60, 90),
})

/** A zone that is changed by a draft, and a list of the records that it should hold. */
class Twin {
  private image: ZoneImage
  private readonly draft: EditorDraft
  private readonly of: (typeof KINDS)[Kind]
  private records: Set<number>
  private atMark: Set<number>
  private ttl = 60
  private ttlAtMark = 60

  constructor(kind: Kind, count: number) {
    this.image = zoneWith(kind, count)
    this.draft = new EditorDraft(this.image)
    this.draft.mark()
    this.of = KINDS[kind]
    this.records = new Set(Array.from({ length: count }, (_, i) => i))
    this.atMark = new Set(this.records)
  }

  do({ kind, i, ttl }: Step): void {
    const { draft, of, records } = this
    if (kind === 'add') {
      const isNew = !records.has(i) || ttl !== this.ttl
      if (records.size === 0 || isNew) this.ttl = ttl
      assert.equal(draft.add(OWNER, of.type, ttl, of.rdata(i)), isNew)
      records.add(i)
    } else if (kind === 'remove') assert.equal(draft.remove(OWNER, of.type, of.rdata(i)), records.delete(i))
    else if (kind === 'clear') {
      draft.removeRRset(OWNER, of.type)
      records.clear()
    } else this.turn(kind)
    this.look(i)
  }

  private turn(kind: Step['kind']): void {
    const { draft, of } = this
    if (kind === 'look') assert.deepEqual(this.rdatas(), this.model())
    else if (kind === 'undo') {
      draft.undo()
      this.records = new Set(this.atMark)
      this.ttl = this.ttlAtMark
    } else if (kind === 'move') {
      // as when the block was too small: what was changed is written to a larger one
      this.image = copyOf(this.image)
      draft.rebase(this.image)
    } else if (kind === 'commit') this.commit()
    if (kind === 'mark') draft.mark()
    if (kind === 'mark' || kind === 'commit') [this.atMark, this.ttlAtMark] = [new Set(this.records), this.ttl]
    assert.equal(draft.count(OWNER, of.type), this.records.size)
  }

  private look(i: number): void {
    const { draft, of, records } = this
    assert.equal(draft.count(OWNER, of.type), records.size)
    assert.equal(draft.has(OWNER, of.type), records.size > 0)
    assert.equal(draft.holds(OWNER, of.type, of.rdata(i)), records.has(i))
    assert.equal(draft.ttlOf(OWNER, of.type), records.size > 0 ? this.ttl : undefined)
  }

  private rdatas(): string[] {
    return (this.draft.rrset(OWNER, this.of.type)?.rdatas ?? []).map((rdata) => placeKey(this.of.type, rdata)).sort()
  }

  private model(): string[] {
    return [...this.records].map((i) => placeKey(this.of.type, this.of.rdata(i))).sort()
  }

  commit(): void {
    const { draft, image, of, records } = this
    const editor = new ZoneEditor(image)
    editor.begin()
    draft.writeTo(editor)
    editor.commit()
    draft.clear()
    draft.mark()
    assert.deepEqual(this.rdatas(), this.model())
    const lines = recordsOf(image).filter((line) => line.startsWith('many.'))
    assert.equal(lines.length, records.size)
    for (const line of lines) assert.equal(line.split(' ')[1], String(this.ttl))
    assert.equal(image.words[HEADER.records], records.size + 3, `${of.type}: the zone counts its records`)
  }
}

describe('an RRset in the making', () => {
  for (const kind of Object.keys(KINDS) as Kind[]) {
    test(`of ${kind} is what a list would be, in the draft and once it is written, few records or many`, () => {
      fc.assert(fc.property(fc.constantFrom(0, 1, 7, 8, 25), fc.array(anyStep, { maxLength: 60 }), (count, steps) => {
        const twin = new Twin(kind, count)
        for (const step of steps) twin.do(step)
        twin.commit()
      }), { numRuns: 200 })
    })
  }

  const SIZES: readonly (readonly [string, number, number])[] = [['few', 7, 1], ['many', 8, 0]]
  for (const [what, count, loaded] of SIZES) {
    test(`of ${what} records is ${loaded === 1 ? 'taken out of' : 'left in'} the image`, () => {
      const image = zoneWith('A', count)
      const found = new OpenRRset(OWNER, TYPE.A)
      const draft = new EditorDraft(image)
      const rrset = image.rrsetOf(nodeOf(image), TYPE.A)
      found.load(image, rrset)
      assert.equal(found.size, count)
      // an image that changes under it shows where the record is read from
      const at = image.rdataAt(image.firstRecordAt(rrset))
      image.octets[at + 3] = 77
      assert.equal(found.held(placeKey(TYPE.A, KINDS.A.rdata(77)), KINDS.A.rdata(77)) === undefined, loaded === 1)
      assert.equal(draft.count(OWNER, TYPE.A), count)
    })
  }

  test('of many records costs a change as much as it has octets, not as many objects as it has records', () => {
    const image = zoneWith('A', 200)
    const draft = new EditorDraft(image)
    draft.mark()
    draft.add(OWNER, TYPE.A, 60, Uint8Array.of(198, 51, 100, 1))
    const editor = new ZoneEditor(image)
    editor.putRRset = () => assert.fail('written as a whole')
    editor.begin()
    draft.writeTo(editor)
    editor.commit()
    assert.equal(recordsOf(image).filter((line) => line.startsWith('many.')).length, 201)
  })
})

function nodeOf(image: ZoneImage): number {
  let found = 0
  image.forEachNode((node) => {
    if (image.rrsetOf(node, TYPE.A) !== 0 && image.nameLength(node) === OWNER.wire.length) found = node
  })
  return found
}

describe('a large RRset', () => {
  test('that loses all it had, and gains others, is written as a whole', () => {
    const image = zoneWith('A', 12)
    const draft = new EditorDraft(image)
    draft.mark()
    for (let i = 0; i < 12; i++) draft.remove(OWNER, TYPE.A, KINDS.A.rdata(i))
    draft.add(OWNER, TYPE.A, 60, KINDS.A.rdata(99))
    const editor = new ZoneEditor(image)
    editor.begin()
    draft.writeTo(editor)
    editor.commit()
    assert.deepEqual(recordsOf(image).filter((line) => line.startsWith('many.')), ['many.example. 60 A 192.0.2.99'])
  })

  test('as large as it may be takes another record for one that it loses in the same batch', () => {
    const image = zoneWith('A', 12)
    const octets = 12 * 16
    const draft = new EditorDraft(image, { names: 100, rrsetRecords: 12, rrsetOctets: () => octets })
    draft.mark()
    assert.equal(draft.add(OWNER, TYPE.A, 60, KINDS.A.rdata(50)), false)
    draft.undo()
    assert.equal(draft.remove(OWNER, TYPE.A, KINDS.A.rdata(3)), true)
    assert.equal(draft.add(OWNER, TYPE.A, 60, KINDS.A.rdata(50)), true)
    assert.deepEqual([draft.refusal, draft.count(OWNER, TYPE.A)], [undefined, 12])
  })

  test('is searched once for a record that is looked for, and then added', () => {
    const image = zoneWith('A', 12)
    const draft = new EditorDraft(image)
    draft.mark()
    assert.equal(draft.holds(OWNER, TYPE.A, KINDS.A.rdata(40)), false)
    // were it searched again, it would be found
    const rrset = image.rrsetOf(nodeOf(image), TYPE.A)
    image.octets[image.rdataAt(image.firstRecordAt(rrset)) + 3] = 40
    assert.equal(draft.add(OWNER, TYPE.A, 60, KINDS.A.rdata(40)), true)
  })
})

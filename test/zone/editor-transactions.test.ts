/**
 * A transaction of an editor against a map: whatever is put, added, removed, leased, marked and gone back from, its view shows
 * what the map holds, and when it ends, every reader sees what was committed and nothing else.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { type Savepoint, ZoneEditor } from '../../src/zone/editor.ts'
import { ZoneImage } from '../../src/zone/image.ts'
import { HEADER } from '../../src/zone/layout.ts'
import { type Contents, read, shown, sorted } from './contents.ts'
import { APEX, crowd, CROWD_WORDS, RRSET_WORDS, rrsetAt, SEED, takenBy, wire } from './crowd.ts'

const OWNERS = ['example.', 'a.example.', 'b.a.example.', 'c.b.a.example.', 'D.example.']
const TYPES = [TYPE.A, TYPE.TXT, TYPE.AGENT]

interface RRset {
  ttl: number
  leaseEnd: number
  rdatas: Uint8Array[]
}
/** "owner key type" → RRset; the RRsets are replaced, never changed, so that a copy of the map is a copy. */
type Model = Map<string, RRset>

type Step =
  | { do: 'put'; owner: string; type: number; ttl: number; rdatas: Uint8Array[] }
  | { do: 'add' | 'remove'; owner: string; type: number; ttl: number; rdata: Uint8Array }
  | { do: 'removeRRset'; owner: string; type: number }
  | { do: 'lease'; owner: string; type: number; end: number }
  | { do: 'mark' | 'rollback' | 'commit' | 'abort' }

const ttl = fc.constantFrom(60, 60, 60, 3_000_000_000)
/** Steps whose records have RDATA of `octets` octets, at few places, so that RRsets become large; or of 1 to 3 octets where that is 0. */
function anyStep(octets: number): fc.Arbitrary<Step> {
  const owner = fc.constantFrom(...(octets === 0 ? OWNERS : OWNERS.slice(1, 3)))
  const type = fc.constantFrom(...(octets === 0 ? TYPES : [TYPE.AGENT]))
  const rdata = fc.uint8Array({ minLength: 1, maxLength: 3, max: 3 }).map((few) => (octets === 0 ? few : Uint8Array.from({ length: octets }, (_, i) => few[i] ?? 4)))
  const rdatas = fc.uniqueArray(rdata, { minLength: 1, maxLength: 4, selector: (one) => one.join() })
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('put' as const), owner, type, ttl, rdatas }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('add' as const, 'add' as const, 'add' as const, 'remove' as const), owner, type, ttl, rdata }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('removeRRset' as const), owner, type }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('lease' as const), owner, type, end: fc.constantFrom(0, 1_900_000_000, 4_000_000_000) }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('mark' as const, 'mark' as const, 'rollback' as const, 'commit' as const, ...(octets === 0 ? [] : ['commit' as const, 'commit' as const]), 'abort' as const) }) },
  )
}

function newZone(): ZoneImage {
  const builder = new ZoneBuilder({ apex: Name.parse(APEX).wire, class: CLASS.IN, seed: SEED, expectedOctets: 400_000 })
  const ns = Name.parse('ns.example.net.').wire
  builder.add(Name.parse(APEX).wire, TYPE.NS, 60, ns, ns.length)
  builder.add(Name.parse('a.example.').wire, TYPE.AAAA, 60, new Uint8Array(16), 16)
  return builder.finish()
}

const LOADED: readonly [string, RRset][] = [[idOf('a.example.', TYPE.AAAA), { ttl: 60, leaseEnd: 0, rdatas: [new Uint8Array(16)] }]]

function idOf(name: string, rrType: number): string {
  return `${Name.parse(name).key} ${rrType}`
}

function contentsOf(model: Model): Contents {
  const contents: Contents = new Map()
  for (const [id, rrset] of model) {
    const at = id.lastIndexOf(' ')
    const types = contents.get(id.slice(0, at)) ?? new Map<number, string>()
    contents.set(id.slice(0, at), types.set(Number(id.slice(at + 1)), shown(rrset.ttl, rrset.rdatas, rrset.leaseEnd)))
  }
  return contents
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0

/** What the step does to the map; returns what the editor must return. */
function apply(model: Model, step: Exclude<Step, { do: 'mark' | 'rollback' | 'commit' | 'abort' }>): boolean {
  const id = idOf(step.owner, step.type)
  const old = model.get(id)
  switch (step.do) {
    case 'put':
      model.set(id, { ttl: step.ttl, leaseEnd: old?.leaseEnd ?? 0, rdatas: step.rdatas })
      return true
    case 'add': {
      const isThere = old?.rdatas.some((one) => same(one, step.rdata)) ?? false
      if (isThere && old?.ttl === step.ttl) return false
      model.set(id, { ttl: step.ttl, leaseEnd: old?.leaseEnd ?? 0, rdatas: isThere ? (old?.rdatas ?? []) : [...(old?.rdatas ?? []), step.rdata] })
      return true
    }
    case 'remove': {
      const rest = old?.rdatas.filter((one) => !same(one, step.rdata)) ?? []
      if (old === undefined || rest.length === old.rdatas.length) return false
      if (rest.length === 0) model.delete(id)
      else model.set(id, { ...old, rdatas: rest })
      return true
    }
    case 'removeRRset':
      return model.delete(id)
    case 'lease':
      if (old !== undefined) model.set(id, { ...old, leaseEnd: step.end })
      return old !== undefined
  }
}

function edit(editor: ZoneEditor, step: Exclude<Step, { do: 'mark' | 'rollback' | 'commit' | 'abort' }>): boolean {
  const { wire } = Name.parse(step.owner)
  switch (step.do) {
    case 'put':
      editor.putRRset(wire, step.type, step.ttl, step.rdatas)
      return true
    case 'add':
      return editor.addRecord(wire, step.type, step.ttl, step.rdata)
    case 'remove':
      return editor.removeRecord(wire, step.type, step.rdata)
    case 'removeRRset':
      return editor.removeRRset(wire, step.type)
    case 'lease':
      return editor.setLeaseEnd(wire, step.type, step.end)
  }
}

/** An editor, a reader, and the maps that they are held against. */
class Play {
  readonly image = newZone()
  readonly editor = new ZoneEditor(this.image)
  readonly reader = new ZoneImage(this.image.buffer)
  committed: Model = new Map(LOADED)
  pending: Model = new Map(LOADED)
  marks: { savepoint: Savepoint; model: Model }[] = []
  /** Readers that stay at what was committed when they came. */
  private readonly elders: { reader: ZoneImage; model: Model }[] = []

  take(step: Step): void {
    const { editor } = this
    if (!editor.isOpen) editor.begin()
    switch (step.do) {
      case 'mark':
        this.marks.push({ savepoint: editor.mark(), model: new Map(this.pending) })
        break
      case 'rollback':
        this.rollback()
        break
      case 'commit':
        editor.commit()
        this.committed = this.pending
        this.elders.push({ reader: new ZoneImage(this.image.buffer), model: this.committed })
        this.end()
        break
      case 'abort':
        editor.abort()
        this.end()
        break
      default:
        assert.equal(edit(editor, step), apply(this.pending, step), JSON.stringify(step))
    }
    this.check()
  }

  /** Goes back to the last mark, or past it to the one before. */
  private rollback(): void {
    const mark = this.marks.length > 2 ? this.marks.splice(-2)[0] : this.marks.at(-1)
    if (mark === undefined) return
    this.editor.rollback(mark.savepoint)
    this.pending = new Map(mark.model)
  }

  private end(): void {
    this.marks = []
    this.pending = new Map(this.committed)
    this.reader.refresh()
    assert.deepEqual(sorted(read(this.reader)), sorted(contentsOf(this.committed)))
    assert.equal(this.reader.recordCount, 1 + [...this.committed.values()].reduce((sum, { rdatas }) => sum + rdatas.length, 0))
    assert.equal(this.reader.words[HEADER.agents], [...this.committed.keys()].filter((id) => id.endsWith(` ${TYPE.AGENT}`)).length)
  }

  private check(): void {
    assert.deepEqual(sorted(read(this.editor.view)), sorted(contentsOf(this.pending)))
  }

  /** Whoever still reads an older version finds it as it was, but for ends of leases, which are seen at once. */
  checkElders(): void {
    for (const { reader, model } of this.elders) assert.deepEqual(unleased(read(reader)), unleased(contentsOf(model)))
  }
}

function unleased(contents: Contents): unknown {
  return sorted(contents).map(([key, types]) => [key, types.map(([rrType, text]) => [rrType, text.replace(/ until \d+/, '')])])
}

for (const octets of [0, 300]) {
  test(`whatever is put, added, removed, leased, marked and gone back from, views and readers hold what a map holds: records of ${octets === 0 ? 'few' : octets} octets`, () => {
    fc.assert(
      fc.property(fc.array(anyStep(octets), { maxLength: octets === 0 ? 40 : 60, size: 'max' }), (steps) => {
        const play = new Play()
        for (const one of steps) play.take(one)
        play.take({ do: 'commit' })
        play.checkElders()
      }),
      { numRuns: 600 },
    )
  })
}

test('an RRset that is changed leaves the others of its node where they lie, wherever it stands among them', () => {
  const { image, editor } = crowd()
  const agents = rrsetAt(image, 'a.example.', TYPE.AGENT)
  const taken = takenBy(image, () => {
    for (const rrType of [TYPE.A, TYPE.TXT, TYPE.AAAA]) editor.putRRset(wire('a.example.'), rrType, 60, [Uint8Array.of(1, 0x79)])
    editor.removeRRset(wire('a.example.'), TYPE.TXT)
  })
  editor.commit()
  assert.equal(rrsetAt(image, 'a.example.', TYPE.AGENT), agents)
  assert.ok(taken < 100, `${taken} words`)
})

test('a hundred records added to an RRset of a thousand copy it once in their transaction, savepoints between them or not', () => {
  for (const isMarked of [false, true]) {
    const { image, editor } = crowd()
    const taken = takenBy(image, () => {
      for (let i = 0; i < 100; i++) {
        if (isMarked) editor.mark()
        editor.addRecord(wire('a.example.'), TYPE.AGENT, 60, Uint8Array.of(1, 0, 0, i))
      }
    })
    editor.commit()
    assert.equal(image.recordsIn(rrsetAt(image, 'a.example.', TYPE.AGENT)), 1_100)
    assert.ok(taken < CROWD_WORDS * 2.1, `${taken} words`)
  }
})

test('a thousand records come and go at one RRset in one transaction within the room of two copies, one of them with room to grow', () => {
  const { image, editor } = crowd()
  const taken = takenBy(image, () => {
    for (let i = 0; i < 1_000; i++) {
      editor.addRecord(wire('a.example.'), TYPE.AGENT, 60, Uint8Array.of(1, 0, i >>> 8, i))
      editor.removeRecord(wire('a.example.'), TYPE.AGENT, Uint8Array.of(0, 0, i >>> 8, i))
    }
  })
  editor.commit()
  const rrset = rrsetAt(image, 'a.example.', TYPE.AGENT)
  assert.deepEqual([image.recordsIn(rrset), image.octets[image.rdataAt(image.firstRecordAt(rrset))]], [1_000, 1])
  assert.ok(taken < CROWD_WORDS * 3.2, `${taken} words`)
})

test('an RRset put again in the same transaction lies where it lay', () => {
  const { image, editor } = crowd()
  editor.putRRset(wire('b.example.'), TYPE.TXT, 60, [Uint8Array.of(1, 0x78)])
  const taken = takenBy(image, () => {
    for (let i = 0; i < 100; i++) editor.putRRset(wire('b.example.'), TYPE.TXT, i, [Uint8Array.of(1, i)])
  })
  editor.commit()
  assert.equal(image.ttlOf(rrsetAt(image, 'b.example.', TYPE.TXT)), 99)
  assert.equal(taken, 0)
})

test('a record outgrows RRset after RRset, and each takes only what doubling takes', () => {
  const { image, editor } = crowd()
  const taken = takenBy(image, () => {
    for (let i = 0; i < 1_000; i++) for (const name of ['x.example.', 'y.example.']) editor.addRecord(wire(name), TYPE.AGENT, 60, Uint8Array.of(0, 0, i >>> 8, i))
  })
  editor.commit()
  assert.equal(image.recordsIn(rrsetAt(image, 'x.example.', TYPE.AGENT)), 1_000)
  assert.ok(taken < 2 * 4 * (CROWD_WORDS + RRSET_WORDS), `${taken} words`)
})

test('names in RDATA are compared without case, and other octets with it (RFC 2136 1.1.1)', () => {
  const { editor } = crowd()
  assert.equal(editor.addRecord(wire('m.example.'), TYPE.NS, 60, wire('ns.example.net.')), true)
  assert.equal(editor.addRecord(wire('m.example.'), TYPE.NS, 60, wire('NS.Example.net.')), false)
  assert.equal(editor.addRecord(wire('m.example.'), TYPE.TXT, 60, Uint8Array.of(1, 0x61)), true)
  assert.equal(editor.addRecord(wire('m.example.'), TYPE.TXT, 60, Uint8Array.of(1, 0x41)), true)
  assert.equal(editor.removeRecord(wire('m.example.'), TYPE.NS, wire('nS.example.NET.')), true)
  assert.equal(editor.view.rrsetOf(editor.view.apex, TYPE.NS), 0)
})

test('signatures are RRsets by the type that they cover (RFC 4034 3.1.1)', () => {
  const { image, editor } = crowd()
  const signature = (covered: number, last: number): Uint8Array => Uint8Array.of(covered >>> 8, covered, last)
  for (const [covered, last] of [[TYPE.A, 1], [TYPE.TXT, 1], [TYPE.A, 2]]) editor.addRecord(wire('a.example.'), TYPE.RRSIG, 60, signature(covered, last))
  assert.equal(editor.removeRecord(wire('a.example.'), TYPE.RRSIG, signature(TYPE.TXT, 1)), true)
  editor.commit()
  const lookup = new LookupName(SEED)
  lookup.load(wire('a.example.'), 0)
  const node = image.nodeOf(lookup)
  assert.deepEqual([TYPE.A, TYPE.TXT].map((covered) => image.signaturesOf(node, covered) !== 0), [true, false])
  assert.equal(image.recordsIn(image.signaturesOf(node, TYPE.A)), 2)
})

test('limits hold for records that are added one by one, and what is refused changes nothing', () => {
  const { image, editor } = crowd()
  assert.throws(() => editor.addRecord(wire('a.example.'), TYPE.TXT, 60, new Uint8Array(64_990)), RangeError)
  assert.throws(() => editor.addRecord(wire('example.net.'), TYPE.TXT, 60, new Uint8Array(2)), RangeError)
  for (const denial of [TYPE.NSEC, TYPE.NSEC3, TYPE.NSEC3PARAM]) {
    assert.throws(() => editor.addRecord(wire('a.example.'), denial, 60, new Uint8Array(2)), /signed and loaded as a whole/)
    assert.throws(() => editor.removeRecord(wire('a.example.'), denial, new Uint8Array(2)), /signed and loaded as a whole/)
  }
  assert.equal(editor.removeRecord(wire('none.example.'), TYPE.A, new Uint8Array(4)), false)
  assert.equal(editor.commit(), false)
  assert.equal(image.words[HEADER.generation], 0)
})

test('changes need an open transaction, and only one is open at a time', () => {
  const { editor } = crowd()
  assert.throws(() => editor.begin(), /another is open/)
  editor.commit()
  assert.equal(editor.isOpen, false)
  assert.throws(() => editor.addRecord(wire('a.example.'), TYPE.TXT, 60, Uint8Array.of(1, 1)), /no transaction is open/)
  assert.throws(() => editor.setLeaseEnd(wire('a.example.'), TYPE.TXT, 5), /no transaction is open/)
  editor.abort()
})

test('the serial of a zone changes as often as messages want it to, in one copy of its SOA (RFC 2136 3.6)', () => {
  const { image, editor } = crowd()
  assert.equal(editor.setSerial(2), false, 'no SOA yet')
  const names = [...wire('ns.example.'), ...wire('admin.example.')]
  editor.addRecord(wire(APEX), TYPE.SOA, 60, Uint8Array.of(...names, ...[1, 2, 3, 4, 5].flatMap((value) => [0, 0, 0, value])))
  editor.commit()
  editor.begin()
  editor.setSerial(7)
  const mark = editor.mark()
  const taken = takenBy(image, () => editor.setSerial(0xffff_fffe))
  assert.equal(taken, 0)
  const serialOf = (seen: ZoneImage): number => {
    const at = seen.rdataAt(seen.firstRecordAt(seen.rrsetOf(seen.apex, TYPE.SOA))) + names.length
    return Buffer.from(seen.octets.slice(at, at + 4)).readUInt32BE()
  }
  assert.deepEqual([serialOf(editor.view), serialOf(image)], [0xffff_fffe, 1])
  editor.rollback(mark)
  assert.equal(serialOf(editor.view), 7)
  editor.commit()
  assert.equal(serialOf(image), 7)
  assert.equal(editor.view.negativeTtl, 5)
})

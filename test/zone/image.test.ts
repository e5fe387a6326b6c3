/**
 * The zone image against a naive zone: whatever records are loaded or changed, `find` says what RFC 1034 4.3.2
 * says, the order of owners is canonical, and readers see all of a change or nothing.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ImageFull, ZoneEditor } from '../../src/zone/editor.ts'
import { FOUND, type NodeId, ZoneImage, ZoneMatch } from '../../src/zone/image.ts'
import { NaiveZone } from './naive-zone.ts'

const SEED = 0x1234_5678
const APEX = 'example.'
const ADDRESS = Uint8Array.of(192, 0, 2, 1)
const TARGET = Name.parse('ns.example.net.').wire
const RDATA: Record<string, Uint8Array> = { A: ADDRESS, TXT: Uint8Array.of(1, 0x78), NS: TARGET, DNAME: TARGET }
const CODE: Record<string, number> = { A: TYPE.A, TXT: TYPE.TXT, NS: TYPE.NS, DNAME: TYPE.DNAME }

const label = fc.constantFrom('a', 'b', '*', 'C', 'ns', 'ab')
const owner = fc.array(label, { maxLength: 4 }).map((labels) => [...labels, APEX].join('.'))
const type = fc.constantFrom('A', 'A', 'TXT', 'NS', 'DNAME')
const records = fc.array(fc.tuple(owner, type), { maxLength: 24 })

function newBuilder(apex = APEX): ZoneBuilder {
  return new ZoneBuilder({ apex: Name.parse(apex).wire, class: CLASS.IN, seed: SEED })
}

function load(all: readonly (readonly [string, string])[]): { image: ZoneImage; naive: NaiveZone } {
  const builder = newBuilder()
  const naive = new NaiveZone(APEX)
  builder.add(Name.parse(APEX).wire, TYPE.A, 60, ADDRESS, 4)
  naive.add(APEX, 'A')
  for (const [name, mnemonic] of all) {
    builder.add(Name.parse(name).wire, CODE[mnemonic], 60, RDATA[mnemonic], RDATA[mnemonic].length)
    naive.add(name, mnemonic)
  }
  return { image: builder.finish(), naive }
}

const lookup = new LookupName(SEED)
const match = new ZoneMatch()

function keyOf(image: ZoneImage, node: NodeId): string {
  return node === 0 ? '' : Name.fromWire(image.octets, image.foldedNameAt(node)).key
}

function assertFinds(image: ZoneImage, naive: NaiveZone, name: string): void {
  image.refresh()
  lookup.load(Name.parse(name).wire, 0)
  image.find(lookup, match)
  const wanted = naive.find(name)
  const found = (Object.keys(FOUND) as (keyof typeof FOUND)[]).find((key) => FOUND[key] === match.found)
  assert.equal(found, wanted.found, name)
  const at = found === 'cut' || found === 'dname' ? match.cut : match.node
  assert.equal(keyOf(image, at), wanted.at, name)
  if (found === 'nothing' || found === 'wildcard') {
    assert.equal(keyOf(image, match.encloser), wanted.encloser, name)
    assert.equal(match.labelsBelowEncloser, Name.parse(name).labelCount - image.labelCount(match.encloser))
  }
}

test('a block that is no image is refused, as searching it could have no end', () => {
  for (const octets of [0, 4, 64, 65_536]) assert.throws(() => new ZoneImage(new SharedArrayBuffer(octets)), /^RangeError: Cannot read zone as its block is not one of this layout$/)
})

test('find tells the branches of RFC 1034 4.3.2 as a naive search does, whatever the zone holds', () => {
  fc.assert(
    fc.property(records, fc.array(owner, { minLength: 1, maxLength: 12 }), (all, asked) => {
      const { image, naive } = load(all)
      for (const name of [...asked, ...all.map(([name]) => name)]) assertFinds(image, naive, name)
    }),
    { numRuns: 600 },
  )
})

test('find works in a zone at the root (RFC 1034 3.1)', () => {
  const builder = newBuilder('.')
  builder.add(Name.parse('a.b.').wire, TYPE.A, 60, ADDRESS, 4)
  const image = builder.finish()
  const outcomes = ['a.b.', 'b.', 'x.b.', 'x.'].map((name) => {
    lookup.load(Name.parse(name).wire, 0)
    image.find(lookup, match)
    return match.found
  })
  assert.deepEqual(outcomes, [FOUND.exact, FOUND.empty, FOUND.nothing, FOUND.nothing])
})

test('a record outside the zone is not taken', () => {
  const builder = newBuilder()
  assert.equal(builder.add(Name.parse('example.net.').wire, TYPE.A, 60, ADDRESS, 4), 'out-of-zone')
  assert.equal(builder.add(Name.parse('xexample.').wire, TYPE.A, 60, ADDRESS, 4), 'out-of-zone')
  assert.equal(builder.add(Name.root.wire, TYPE.A, 60, ADDRESS, 4), 'out-of-zone')
})

test('a record given twice is stored once, names in it compared without case (RFC 2181 5)', () => {
  const builder = newBuilder()
  const www = Name.parse('www.example.').wire
  const upper = Name.parse('NS.Example.NET.').wire
  assert.equal(builder.add(www, TYPE.NS, 60, TARGET, TARGET.length), 'added')
  assert.equal(builder.add(www, TYPE.NS, 60, upper, upper.length), 'duplicate')
  assert.equal(builder.add(Name.parse('WWW.example.').wire, TYPE.NS, 60, TARGET, TARGET.length), 'duplicate')
  assert.equal(builder.add(www, TYPE.A, 60, ADDRESS, 4), 'added')
  assert.equal(builder.add(www, TYPE.A, 90, Uint8Array.of(192, 0, 2, 2), 4), 'ttl-differs')
  const image = builder.finish()
  lookup.load(www, 0)
  assert.equal(image.ttlOf(image.rrsetOf(image.nodeOf(lookup), TYPE.A)), 60)
  assert.equal(image.recordCount, 3)
})

test('an RRset keeps all its records in whatever order owners alternate, also when there are thousands', () => {
  const builder = newBuilder()
  const owners = ['a.example.', 'b.example.', 'C.example.'].map((name) => Name.parse(name).wire)
  for (let i = 0; i < 3000; i++) {
    for (const name of owners) {
      assert.equal(builder.add(name, TYPE.A, 60, Uint8Array.of(10, 0, i >>> 8, i), 4), 'added')
      assert.equal(builder.add(name, TYPE.A, 60, Uint8Array.of(10, 0, i >>> 8, i), 4), 'duplicate')
    }
  }
  const image = builder.finish()
  for (const name of owners) {
    lookup.load(name, 0)
    const rrset = image.rrsetOf(image.nodeOf(lookup), TYPE.A)
    assert.equal(image.recordsIn(rrset), 3000)
    let at = image.firstRecordAt(rrset)
    for (let i = 0; i < 3000; i++, at = image.nextRecordAt(at)) {
      assert.deepEqual([...image.octets.subarray(image.rdataAt(at), at + 16)], [10, 0, i >>> 8, i & 255])
    }
  }
})

test('an RRset that no message can carry is refused (RFC 2181 5)', () => {
  const builder = newBuilder()
  const name = Name.parse('big.example.').wire
  let refused = 0
  for (let i = 0; i < 5000 && refused === 0; i++) {
    if (builder.add(name, TYPE.A, 60, Uint8Array.of(10, 0, i >>> 8, i), 4) === 'rrset-too-large') refused = i
  }
  assert.equal(refused, 4062) // 65,000 octets of 16 each
})

test('the owner’s case is kept for showing and folded for searching (RFC 4343)', () => {
  const builder = newBuilder()
  builder.add(Name.parse('WwW.example.').wire, TYPE.A, 60, ADDRESS, 4)
  const image = builder.finish()
  lookup.load(Name.parse('www.EXAMPLE.').wire, 0)
  const node = image.nodeOf(lookup)
  assert.equal(Name.fromWire(image.octets, image.nameAt(node)).toString(), 'WwW.example.')
  assert.equal(Name.fromWire(image.octets, image.foldedNameAt(node)).toString(), 'www.example.')
})

test('the owner of the covering NSEC is the canonical predecessor (RFC 4034 6.1), whatever the order of loading', () => {
  const wide = fc.array(fc.array(fc.constantFrom('a', 'B', '*', 'z', 'zz', 'aaaaa', 'aaaab', '\\000', '\\200'), { maxLength: 3 }), { minLength: 1, maxLength: 30 })
  fc.assert(
    fc.property(wide, wide, (owners, asked) => {
      const builder = newBuilder()
      const names = owners.map((labels) => Name.parse([...labels, APEX].join('.')))
      for (const name of names) builder.add(name.wire, TYPE.NSEC, 60, TARGET, TARGET.length)
      const image = builder.finish()
      const keys = [...new Set(names.map((name) => name.key))].sort((a, b) => (a < b ? -1 : 1))
      for (const labels of asked) {
        const name = Name.parse([...labels, APEX].join('.'))
        lookup.load(name.wire, 0)
        const wanted = keys.filter((key) => key <= name.key).at(-1) ?? keys.at(-1)
        assert.equal(keyOf(image, image.nsecOwnerFor(lookup)), wanted, name.toString())
      }
    }),
    { numRuns: 300 },
  )
})

test('a name that only owns NSEC3 is not a name of the zone (RFC 5155 7.2.8)', () => {
  const builder = newBuilder()
  builder.add(Name.parse('0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.').wire, TYPE.NSEC3, 60, Uint8Array.of(1, 0, 0, 0, 0, 0), 6)
  const image = builder.finish()
  for (const name of ['0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.', 'x.0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example.']) {
    lookup.load(Name.parse(name).wire, 0)
    image.find(lookup, match)
    assert.equal(match.found, FOUND.nothing)
    assert.equal(match.encloser, image.apex)
  }
})

const change = fc.tuple(fc.boolean(), owner, type)

test('after any changes, and any aborted ones, the image finds what a naive zone finds', () => {
  fc.assert(
    fc.property(records, fc.array(fc.tuple(fc.boolean(), fc.array(change, { maxLength: 5 })), { maxLength: 6 }), fc.array(owner, { maxLength: 8 }), (all, transactions, asked) => {
      const { image, naive } = load(all)
      const editor = new ZoneEditor(image)
      const reader = new ZoneImage(image.buffer)
      for (const [isCommitted, changes] of transactions) {
        editor.begin()
        for (const [isAdded, name, mnemonic] of changes) {
          const wire = Name.parse(name).wire
          if (isAdded) editor.putRRset(wire, CODE[mnemonic], 60, [RDATA[mnemonic]])
          else if (name !== APEX || mnemonic !== 'A') editor.removeRRset(wire, CODE[mnemonic])
        }
        for (const name of asked) assertFinds(reader, naive, name)
        if (!isCommitted) {
          editor.abort()
          continue
        }
        for (const [isAdded, name, mnemonic] of changes) {
          if (isAdded) naive.add(name, mnemonic)
          else if (name !== APEX || mnemonic !== 'A') naive.remove(name, mnemonic)
        }
        editor.commit()
        for (const name of [...asked, ...changes.map(([, name]) => name)]) assertFinds(reader, naive, name)
      }
    }),
    { numRuns: 400 },
  )
})

test('a change that does not fit the block says so and can be aborted', () => {
  const { image, naive } = load([['a.example.', 'A']])
  const editor = new ZoneEditor(image)
  editor.begin()
  assert.throws(() => {
    for (let i = 0; i < 100_000; i++) editor.putRRset(Name.parse(`n${i}.example.`).wire, TYPE.A, 60, [ADDRESS])
  }, ImageFull)
  editor.abort()
  for (const name of ['a.example.', 'n1.example.', 'example.']) assertFinds(image, naive, name)
})

test('a reader on another thread sees all of a transaction or nothing of it', async () => {
  const builder = new ZoneBuilder({ apex: Name.parse(APEX).wire, class: CLASS.IN, seed: SEED, expectedOctets: 8_000_000 })
  const owners = ['a.example.', 'x.b.example.', 'example.'].map((name) => Name.parse(name).wire)
  for (const name of owners) builder.add(name, TYPE.A, 60, Uint8Array.of(0, 0, 0, 0), 4)
  const image = builder.finish()
  const worker = new Worker(new URL('./torn-reader.js', import.meta.url), { workerData: { buffer: image.buffer, owners, seed: SEED } })
  await once(worker, 'message') // it reads from now on
  const outcome = once(worker, 'message') as Promise<[{ reads: number; seen: number; torn: number }]>
  const editor = new ZoneEditor(image)
  for (let round = 1; round <= 20_000; round++) {
    editor.begin()
    for (const name of owners) editor.putRRset(name, TYPE.A, 60, [Uint8Array.of(0, 0, round >>> 8, round)])
    editor.commit()
    if (round % 100 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  worker.postMessage('stop')
  const [result] = await outcome
  assert.equal(result.torn, 0)
  assert.ok(result.reads > 0 && result.seen > 1, `the reader must have met several generations: ${JSON.stringify(result)}`)
})

/** The draft: reads show what was changed, undoing leaves no trace, and limits refuse before anything is written. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RCODE, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import { EditorDraft } from '../../src/update/draft.ts'
import { serialIn } from '../../src/update/records.ts'
import { imageOf, recordsOf, rec, ZONE } from './support.ts'

const name = (text: string): Name => Name.parse(text)
const a = (last: number): Uint8Array => Uint8Array.of(192, 0, 2, last)
const target = (text: string): Uint8Array => name(text).wire

function start(limits?: ConstructorParameters<typeof EditorDraft>[1]): { draft: EditorDraft; commit: () => string[] } {
  const image = imageOf(ZONE)
  const draft = new EditorDraft(image, limits)
  draft.mark()
  const commit = (): string[] => {
    const editor = new ZoneEditor(image)
    editor.begin()
    draft.writeTo(editor)
    editor.commit()
    draft.clear()
    return recordsOf(image)
  }
  return { draft, commit }
}

test('reads show the image below, and above it every change', () => {
  const { draft } = start()
  assert.deepEqual(draft.rrset(name('WWW.Example.'), TYPE.A), { ttl: 300, rdatas: [a(1), a(2)] })
  assert.equal(draft.has(name('www.example.'), TYPE.AAAA), false)
  assert.equal(draft.add(name('www.example.'), TYPE.A, 300, a(3)), true)
  assert.deepEqual(draft.rrset(name('www.example.'), TYPE.A)?.rdatas, [a(1), a(2), a(3)])
  assert.equal(draft.remove(name('www.example.'), TYPE.A, a(1)), true)
  assert.equal(draft.removeRRset(name('www.example.'), TYPE.TXT), true)
  assert.deepEqual(draft.types(name('www.example.')), [TYPE.A])
  assert.equal(draft.rrset(name('www.example.'), TYPE.TXT), undefined)
  assert.equal(draft.ttlOf(name('www.example.'), TYPE.TXT), undefined)
  assert.equal(draft.ttlOf(name('alias.example.'), TYPE.CNAME), 300)
  assert.deepEqual(draft.types(name('nothing.example.')), [])
  assert.deepEqual(draft.types(name('ent.example.')), [], 'an empty non-terminal holds nothing')
})

test('nothing is in the image before it is written, all of it after', () => {
  const { draft, commit } = start()
  const before = recordsOf(draft.image)
  draft.add(name('new.example.'), TYPE.A, 60, a(9))
  draft.removeName(name('www.example.'))
  assert.deepEqual(recordsOf(draft.image), before)
  const after = commit()
  assert.deepEqual(after.filter((line) => !before.includes(line)), ['new.example. 60 A 192.0.2.9'])
  assert.deepEqual(before.filter((line) => !after.includes(line)).length, 3)
})

test('undoing goes back to the mark and no further', () => {
  const { draft, commit } = start()
  draft.add(name('kept.example.'), TYPE.A, 60, a(9))
  draft.mark()
  draft.add(name('kept.example.'), TYPE.A, 90, a(8))
  draft.removeName(name('www.example.'))
  draft.setLeaseEnd(name('kept.example.'), TYPE.A, 5_000)
  draft.add(name('undone.example.'), TYPE.A, 60, a(7))
  draft.undo()
  assert.deepEqual(draft.changes, [])
  assert.deepEqual(draft.rrset(name('kept.example.'), TYPE.A), { ttl: 60, rdatas: [a(9)] })
  assert.equal(draft.isTouched, true)
  const after = commit()
  assert.equal(after.some((line) => line.startsWith('undone')), false)
  assert.equal(after.filter((line) => line.startsWith('www')).length, 3)
  assert.equal(draft.isTouched, false)
})

test('what was undone alone leaves nothing to be written', () => {
  const { draft } = start()
  draft.add(name('x.example.'), TYPE.A, 60, a(1))
  draft.undo()
  draft.mark()
  assert.equal(draft.isTouched, false)
})

test('changes tell record by record what happened, a new TTL of an RRset too (RFC 2181 5.2)', () => {
  const { draft } = start()
  assert.equal(draft.add(name('www.example.'), TYPE.A, 300, a(1)), false, 'it stands there already')
  draft.add(name('www.example.'), TYPE.A, 60, a(3), true)
  const told = draft.changes.map(({ kind, ttl, rdata, leased }) => `${kind} ${ttl} ${rdata[3]} ${leased}`)
  assert.deepEqual(told, ['removed 300 1 false', 'added 60 1 false', 'removed 300 2 false', 'added 60 2 false', 'added 60 3 true'])
})

test('a type of which a name has one record is replaced (RFC 2136 3.4.2.2, RFC 6672 5.2)', () => {
  const { draft } = start()
  draft.add(name('alias.example.'), TYPE.CNAME, 60, target('ns.example.'))
  draft.add(name('d.example.'), TYPE.DNAME, 60, target('a.'))
  draft.add(name('d.example.'), TYPE.DNAME, 60, target('b.'))
  assert.deepEqual(draft.rrset(name('alias.example.'), TYPE.CNAME), { ttl: 60, rdatas: [target('ns.example.')] })
  assert.deepEqual(draft.rrset(name('d.example.'), TYPE.DNAME)?.rdatas, [target('b.')])
  assert.deepEqual(draft.changes.map(({ kind }) => kind), ['removed', 'added', 'added', 'removed', 'added'])
})

test('WKS is replaced where address and protocol are the same (RFC 2136 3.4.2.2)', () => {
  const { draft } = start()
  const wks = 11
  draft.add(name('www.example.'), wks, 60, Uint8Array.of(192, 0, 2, 1, 6, 0xff))
  draft.add(name('www.example.'), wks, 60, Uint8Array.of(192, 0, 2, 1, 6, 0x01, 0x02))
  draft.add(name('www.example.'), wks, 60, Uint8Array.of(192, 0, 2, 1, 17, 0x01))
  assert.deepEqual(draft.rrset(name('www.example.'), wks)?.rdatas.map((rdata) => rdata.length), [7, 6])
})

test('names in RDATA are compared without case (RFC 2136 1.1.1)', () => {
  const { draft } = start()
  assert.equal(draft.add(name('example.'), TYPE.NS, 3600, target('NS.example.')), false)
  assert.equal(draft.remove(name('example.'), TYPE.NS, target('nS2.ExAmple.')), true)
})

test('removing a name spares SOA and NS at the apex (RFC 2136 3.4.2.3)', () => {
  const { draft } = start()
  assert.equal(draft.removeName(name('example.')), true)
  assert.deepEqual(draft.types(name('example.')).sort((x, y) => x - y), [TYPE.NS, TYPE.SOA])
  assert.equal(draft.removeName(name('example.')), false)
})

const REFUSALS: [string, (draft: EditorDraft) => unknown, number, RegExp][] = [
  ['a name outside of the zone', (draft) => draft.add(name('www.other.'), TYPE.A, 60, a(1)), RCODE.NOTZONE, /outside/],
  ['a name that ends alike but lies elsewhere', (draft) => draft.add(name('badexample.'), TYPE.A, 60, a(1)), RCODE.NOTZONE, /outside/],
  ['other data beside a CNAME', (draft) => draft.add(name('alias.example.'), TYPE.A, 60, a(1)), RCODE.REFUSED, /CNAME and other data/],
  ['a CNAME beside other data', (draft) => draft.add(name('www.example.'), TYPE.CNAME, 60, target('ns.example.')), RCODE.REFUSED, /CNAME and other data/],
  ['a proof', (draft) => draft.add(name('www.example.'), TYPE.NSEC, 60, Uint8Array.of(0, 0, 1, 1)), RCODE.REFUSED, /NSEC cannot/],
  ['the removal of a proof', (draft) => draft.removeRRset(name('www.example.'), TYPE.RRSIG), RCODE.REFUSED, /RRSIG cannot/],
  ['a SOA below the apex', (draft) => draft.add(name('www.example.'), TYPE.SOA, 60, rec('x. 60 SOA a. b. 1 2 3 4 5').rdata), RCODE.REFUSED, /apex/],
]

for (const [what, change, rcode, reason] of REFUSALS) {
  test(`the draft refuses ${what}, and says why`, () => {
    const { draft } = start()
    assert.equal(change(draft), false)
    assert.equal(draft.refusal?.rcode, rcode)
    assert.match(draft.refusal?.reason ?? '', reason)
    assert.equal(draft.refusal?.ede?.text, draft.refusal?.reason)
    assert.deepEqual(draft.changes, [])
    draft.undo()
    assert.equal(draft.refusal, undefined, 'the next update starts anew')
  })
}

test('an RRset stays within the records, and within the octets, that it may have', () => {
  const { draft } = start({ names: 100, rrsetRecords: 3, rrsetOctets: () => 64 })
  assert.equal(draft.add(name('www.example.'), TYPE.A, 300, a(3)), true)
  assert.equal(draft.add(name('www.example.'), TYPE.A, 300, a(4)), false)
  assert.match(draft.refusal?.reason ?? '', /too many records: A at www\.example\./)
  draft.undo()
  assert.equal(draft.add(name('www.example.'), TYPE.TXT, 300, Uint8Array.of(40, ...new Uint8Array(40))), false)
  assert.match(draft.refusal?.reason ?? '', /too large: TXT at www\.example\./)
})

test('a zone has as many names as it may have, and no more', () => {
  const { image } = new EditorDraft(imageOf(ZONE))
  const { draft } = start({ names: image.nodeCount + 1, rrsetRecords: 9, rrsetOctets: () => 1_000 })
  assert.equal(draft.add(name('one.example.'), TYPE.A, 60, a(1)), true)
  assert.equal(draft.add(name('one.example.'), TYPE.A, 60, a(2)), true, 'a second record of the same name')
  draft.mark()
  assert.equal(draft.add(name('two.example.'), TYPE.A, 60, a(1)), false)
  assert.match(draft.refusal?.reason ?? '', /as many names/)
  draft.undo()
  assert.equal(draft.add(name('ent.example.'), TYPE.A, 60, a(1)), true, 'the name is there already')
})

test('the end of a lease is read back, moved without a change of content, and written', () => {
  const { draft, commit } = start()
  draft.setLeaseEnd(name('nothing.example.'), TYPE.A, 5_000)
  assert.equal(draft.rrset(name('nothing.example.'), TYPE.A), undefined)
  draft.setLeaseEnd(name('www.example.'), TYPE.A, 1_900_000_000_000)
  assert.equal(draft.rrset(name('www.example.'), TYPE.A)?.leaseEndMs, 1_900_000_000_000)
  assert.deepEqual(draft.changes, [])
  draft.mark()
  assert.equal(draft.isTouched, true)
  commit()
  assert.equal(draft.rrset(name('www.example.'), TYPE.A)?.leaseEndMs, 1_900_000_000_000)
  draft.setLeaseEnd(name('www.example.'), TYPE.A, undefined)
  assert.equal(draft.rrset(name('www.example.'), TYPE.A)?.leaseEndMs, undefined)
  draft.undo()
  assert.equal(draft.rrset(name('www.example.'), TYPE.A)?.leaseEndMs, 1_900_000_000_000)
})

test('the serial is read and set where it stands in the SOA', () => {
  const { draft, commit } = start()
  assert.equal(draft.serial, 7)
  draft.setSerial(0xffff_fff0)
  assert.equal(draft.serial, 0xffff_fff0)
  assert.deepEqual(draft.changes, [], 'no change of the update')
  assert.ok(commit().some((line) => line.includes('SOA ns.example. hostmaster.example. 4294967280 3600')))
})

test('an RRset of thousands is changed without a search of all of it for each change', () => {
  const { draft, commit } = start()
  for (let i = 0; i < 3_000; i++) draft.add(name('many.example.'), TYPE.A, 60, Uint8Array.of(10, 0, i >> 8, i & 255))
  for (let i = 0; i < 2_990; i++) draft.remove(name('many.example.'), TYPE.A, Uint8Array.of(10, 0, i >> 8, i & 255))
  assert.equal(commit().filter((line) => line.startsWith('many')).length, 10)
})

test('one record, the size and the TTL of an RRset are read without a copy, from the image and from the draft', () => {
  const draft = new EditorDraft(imageOf(ZONE))
  const www = Name.parse('www.example.')
  const [held, other] = [Uint8Array.of(192, 0, 2, 1), Uint8Array.of(192, 0, 2, 9)]
  const seen = (): unknown[] => [draft.holds(www, TYPE.A, held), draft.holds(www, TYPE.A, other), draft.count(www, TYPE.A), draft.ttlOf(www, TYPE.A)]
  assert.deepEqual(seen(), [true, false, 2, 300])
  draft.add(www, TYPE.A, 60, other)
  assert.deepEqual(seen(), [true, true, 3, 60])
  draft.removeRRset(www, TYPE.A)
  assert.deepEqual(seen(), [false, false, 0, undefined])
  assert.deepEqual([draft.count(Name.parse('none.example.'), TYPE.A), draft.holds(Name.parse('none.example.'), TYPE.A, held)], [0, false])
  assert.ok(draft.holds(Name.parse('ALIAS.example.'), TYPE.CNAME, Name.parse('WWW.example.').wire), 'names without case (RFC 2136 1.1.1)')
})

test('a name that was looked for before it came into being, and before it went, is found as it is now', () => {
  const { draft, commit } = start()
  const owner = name('new.example.') // one object: what is asked of it again and again is looked for once
  assert.deepEqual([draft.has(owner, TYPE.A), draft.count(owner, TYPE.A)], [false, 0])
  draft.add(owner, TYPE.A, 300, a(7))
  commit()
  assert.deepEqual([draft.has(owner, TYPE.A), draft.holds(owner, TYPE.A, a(7)), draft.ttlOf(owner, TYPE.A)], [true, true, 300])
  draft.removeName(owner)
  commit()
  assert.deepEqual([draft.has(owner, TYPE.A), draft.types(owner)], [false, []])
  draft.add(owner, TYPE.TXT, 60, Uint8Array.of(1, 0x78))
  draft.undo()
  assert.deepEqual(draft.types(owner), [])
})

test('a draft that goes on above another image looks there', () => {
  const { draft } = start()
  const owner = name('www.example.')
  assert.equal(draft.count(owner, TYPE.A), 2)
  draft.rebase(imageOf('@ 60 SOA ns hostmaster 7 1h 10m 1d 5m\n@ 60 NS ns\nwww 60 TXT "moved"\n'))
  assert.deepEqual([draft.count(owner, TYPE.A), draft.count(owner, TYPE.TXT)], [0, 1])
})

// ---- The serial, which is written late ----

const soaIn = (lines: readonly string[]): string => lines.find((line) => line.includes(' SOA ')) ?? assert.fail('no SOA')
const steps: [what: string, look: (draft: EditorDraft) => unknown, expected: unknown][] = [
  ['serial', (draft) => draft.serial, 9],
  ['rrset', (draft) => serialIn(draft.rrset(name('EXAMPLE.'), TYPE.SOA)?.rdatas[0] ?? assert.fail('no SOA')), 9],
  ['count', (draft) => draft.count(name('example.'), TYPE.SOA), 1],
  ['holds', (draft) => draft.holds(name('example.'), TYPE.SOA, draft.rrset(name('example.'), TYPE.SOA)?.rdatas[0] ?? assert.fail('no SOA')), true],
  ['types', (draft) => draft.types(name('example.')).toSorted((one, other) => one - other), [TYPE.NS, TYPE.SOA, TYPE.MX]],
  ['nothing', () => undefined, undefined],
]
for (const [what, look, expected] of steps) {
  test(`the last of several serials is what is read by ${what}, and what is written`, () => {
    const { draft, commit } = start()
    const before = soaIn(recordsOf(draft.image))
    for (const serial of [7, 8, 9]) draft.setSerial(serial)
    assert.deepEqual(look(draft), expected)
    assert.deepEqual(look(draft), expected, 'and again')
    assert.equal(soaIn(recordsOf(draft.image)), before, 'not in service before it is written')
    assert.equal(soaIn(commit()), before.replace(' 7 ', ' 9 '))
  })
}

test('a serial is no part of the update that comes after it: undoing that leaves it, whoever has looked', () => {
  for (const look of [false, true]) {
    const { draft, commit } = start()
    draft.setSerial(8)
    draft.mark()
    if (look) assert.equal(draft.serial, 8)
    const soa = draft.rrset(name('example.'), TYPE.SOA) ?? assert.fail('no SOA')
    const other = Uint8Array.from(soa.rdatas[0])
    other[other.length - 1] ^= 1
    if (look) assert.equal(draft.add(name('example.'), TYPE.SOA, 60, other), true)
    draft.undo()
    assert.match(soaIn(commit()), /^example\. 3600 SOA .* 8 /)
  }
})

test('a serial that was given up with its batch is in no later one', () => {
  const { draft, commit } = start()
  draft.setSerial(99)
  draft.clear()
  draft.add(name('new.example.'), TYPE.A, 60, a(9))
  assert.equal(draft.serial, 7)
  assert.match(soaIn(commit()), / 7 /)
})

test('a SOA that an update gives after a step of the serial has the TTL and the fields of the update', () => {
  const { draft, commit } = start()
  draft.setSerial(8)
  const given = rec('example. 60 SOA ns.example. other.example. 50 1 2 3 4')
  assert.equal(draft.add(given.name, TYPE.SOA, 60, given.rdata), true)
  draft.setSerial(51)
  assert.equal(soaIn(commit()), 'example. 60 SOA ns.example. other.example. 51 1 2 3 4')
})

/** Names: text and wire in both directions, compression pointers, ancestry, and their form for lookups. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TextFault, WireFault } from '../../src/dns/faults.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name, countLabels, keyInClass, sameNameAt, wireLength } from '../../src/dns/name.ts'
import { WireReader, WireWriter } from '../../src/dns/octets.ts'
import { anyName } from './values.ts'

function wire(text: string): number[] {
  return [...Name.parse(text).wire]
}

function readAt(octets: number[], at: number, pointers = true): { name: string; end: number } {
  const reader = new WireReader(Uint8Array.from(octets), at)
  const name = Name.read(reader, pointers)
  return { name: name.toString(), end: reader.at }
}

function wireFault(octets: number[], at: number, message: RegExp, pointers = true): void {
  assert.throws(() => readAt(octets, at, pointers), (fault: unknown) => fault instanceof WireFault && message.test(fault.message))
}

test('a name in text becomes the octets that travel (RFC 1035 3.1)', () => {
  assert.deepEqual(wire('www.example.'), [3, 0x77, 0x77, 0x77, 7, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0])
  assert.deepEqual(wire('.'), [0])
  assert.deepEqual(wire('a\\.b.'), [3, 0x61, 0x2e, 0x62, 0])
  assert.deepEqual(wire('\\000\\255.'), [2, 0, 255, 0])
  assert.deepEqual(wire('\\097\\a.'), [2, 0x61, 0x61, 0])
})

test('a name without the final dot is completed by its origin, and @ is the origin itself (RFC 1035 5.1)', () => {
  const origin = Name.parse('example.')
  assert.equal(Name.parse('www', origin).toString(), 'www.example.')
  assert.equal(Name.parse('www.', origin).toString(), 'www.')
  assert.equal(Name.parse('@', origin).toString(), 'example.')
  assert.equal(Name.parse('\\@', origin).toString(), '\\@.example.')
})

test('text that is no name is refused, with the reason', () => {
  const label64 = 'a'.repeat(64)
  const tooLong = `${'a.'.repeat(127)}b.` // 128 labels of one octet: 257 octets
  const refused: [string, RegExp][] = [
    ['', /empty/], ['a..b.', /empty label/], ['.a.', /empty label/], ['..', /empty label/], [`${label64}.`, /at most 63/], [tooLong, /at most 255/], ['a\\', /lone backslash/],
    ['a\\25.', /escapes/], ['a\\256.', /escapes/], ['a\\2x5.', /escapes/], ['a b.', /one word/], ['a.;b.', /one word/], ['a.\nb.', /one word/], ['(a.)', /one word/], [' a.', /one word/],
  ]
  for (const [text, reason] of refused) {
    assert.throws(() => Name.parse(text), (fault: unknown) => fault instanceof TextFault && reason.test(fault.message), `${JSON.stringify(text)}`)
  }
})

test('63 octets fit a label and 255 a name, and not one more (RFC 1035 2.3.4)', () => {
  const label = 'a'.repeat(63)
  const longest = `${label}.${label}.${label}.${'b'.repeat(61)}.`
  assert.equal(Name.parse(longest).wire.length, 255)
  assert.throws(() => Name.parse(`${label}.${label}.${label}.${'b'.repeat(62)}.`), TextFault)
  assert.throws(() => Name.parse(`${label}.${label}.${label}.${'b'.repeat(59)}`, Name.parse('cc.')), TextFault, 'the origin counts')
  assert.equal(Name.parse('a.'.repeat(127)).labelCount, 127)
})

test('text of any name is read as that name again, whatever its octets (RFC 2181 11)', () => {
  fc.assert(fc.property(anyName(), (name) => {
    assert.deepEqual(Name.parse(name.toString()).wire, name.wire)
    assert.match(name.toString(), /^[\x21-\x7e]+$/)
  }))
})

test('a pointer is followed to an earlier name, and reading goes on behind the pointer (RFC 1035 4.1.4)', () => {
  const octets = [7, ...Buffer.from('example'), 0, 3, ...Buffer.from('www'), 0xc0, 0, 99]
  assert.deepEqual(readAt(octets, 9), { name: 'www.example.', end: 15 })
  const nested = [...octets.slice(0, 15), 1, 0x61, 0xc0, 9]
  assert.deepEqual(readAt(nested, 15), { name: 'a.www.example.', end: 19 })
})

test('pointers to themselves, forward, in circles or past the end are refused', () => {
  wireFault([0xc0, 0], 0, /earlier octet/)
  wireFault([0xc0, 2, 0], 0, /earlier octet/)
  wireFault([1, 0x61, 0xc0, 0], 0, /earlier octet/)
  wireFault([0xc0, 2, 0xc0, 0], 2, /earlier octet/)
  wireFault([1, 0x61, 0xc0, 0, 0xc0, 2], 4, /earlier octet/)
  wireFault([0xff, 0xff], 0, /earlier octet/)
  wireFault([1, 0x61, 0xc0], 0, /bounds/)
})

test('a name that a pointer leads to ends within the buffer', () => {
  wireFault([63, 0x61, 0xc0, 0], 2, /label as it runs past its bounds/)
})

test('label types 01 and 10 are refused (RFC 6891 5)', () => {
  wireFault([0x41, 0x61, 0], 0, /type is not 00/)
  wireFault([0x80, 0x61, 0], 0, /type is not 00/)
})

test('where compression is not permitted a pointer is refused (RFC 3597 4)', () => {
  wireFault([0, 1, 0x61, 0xc0, 0], 1, /permitted pointer/, false)
})

test('names that run past their bounds are refused at every octet', () => {
  const whole = wire('www.example.')
  for (let size = 0; size < whole.length; size++) wireFault(whole.slice(0, size), 0, /bounds/)
})

test('a chain of pointers can make a name no longer than 255 octets', () => {
  const octets: number[] = [0]
  let last = 0
  for (let i = 0; i < 127; i++) {
    const at = octets.length
    octets.push(1, 0x61, 0xc0 | (last >> 8), last & 255)
    last = at
  }
  // 126 pointers are what MAX_POINTERS allows: the last name of the chain has one more
  assert.equal(readAt(octets, octets.length - 8).name, 'a.'.repeat(126))
  wireFault(octets, octets.length - 4, /too many/)
})

test('a name longer than 255 octets is refused although every label is sound', () => {
  const label = [63, ...new Array<number>(63).fill(0x61)]
  wireFault([...label, ...label, ...label, ...label, 0], 0, /longer than 255/)
})

test('names are equal and within each other without regard to case (RFC 4343 3)', () => {
  const name = Name.parse('WWW.Example.')
  assert.ok(name.equals(Name.parse('www.eXAMPLE.')))
  assert.ok(name.isWithin(Name.parse('example.')))
  assert.ok(name.isWithin(name))
  assert.ok(name.isWithin(Name.root))
  assert.ok(!name.isWithin(Name.parse('ample.')), 'labels are compared whole')
  assert.ok(!Name.parse('example.').isWithin(name))
  assert.equal(name.toString(), 'WWW.Example.', 'case is kept')
})

test('a label that holds a dot or a zero octet is no ancestor in disguise', () => {
  assert.ok(!Name.parse('a\\.b.example.').isWithin(Name.parse('b.example.')))
  assert.ok(!Name.parse('a\\.b.').equals(Name.parse('a.b.')))
  assert.ok(!Name.parse('b\\000.example.').isWithin(Name.parse('b.example.')))
  assert.ok(!Name.parse('\\001\\001.').equals(Name.parse('\\000.')))
})

test('parents lead to the root, which is its own', () => {
  const chain: string[] = []
  for (let name = Name.parse('a.b.c.'); ; name = name.parent()) {
    chain.push(name.toString())
    if (name.labelCount === 0) break
  }
  assert.deepEqual(chain, ['a.b.c.', 'b.c.', 'c.', '.'])
  assert.equal(Name.root.parent().toString(), '.')
})

test('the length and the labels of a wire name are counted where it stands', () => {
  const octets = Uint8Array.from([9, 9, ...wire('a.bc.'), 7])
  assert.equal(wireLength(octets, 2), 6)
  assert.equal(countLabels(octets, 2), 2)
})

test('a name made from a buffer does not change with it', () => {
  const buffer = Uint8Array.from(wire('a.'))
  const name = Name.fromWire(buffer)
  buffer[1] = 0x62
  assert.equal(name.toString(), 'a.')
})

test('a name ready for lookup is folded and knows its labels and the hash of every suffix', () => {
  const [upper, lower, parent] = [new LookupName(7), new LookupName(7), new LookupName(7)]
  upper.load(Name.parse('WWW.Sub.Example.').wire, 0)
  lower.load(Uint8Array.from([5, ...wire('www.sub.example.')]), 1)
  parent.load(Name.parse('sub.example.').wire, 0)
  assert.deepEqual([...upper.octets.subarray(0, upper.length)], wire('www.sub.example.'))
  assert.equal(upper.labelCount, 3)
  assert.deepEqual([...upper.labelAt.subarray(0, 4)], [0, 4, 8, 16])
  assert.deepEqual(upper.hash.subarray(0, 4), lower.hash.subarray(0, 4))
  assert.deepEqual(upper.hash.subarray(1, 4), parent.hash.subarray(0, 3), 'the hash of a suffix is that of the name that it is')
  const seeded = new LookupName(8)
  seeded.load(Name.parse('www.sub.example.').wire, 0)
  assert.notEqual(seeded.hash[0], upper.hash[0])
})

test('a lookup name takes the longest name and the one with most labels', () => {
  const name = new LookupName(1)
  name.load(Name.parse('a.'.repeat(127)).wire, 0)
  assert.equal(name.labelCount, 127)
  assert.equal(name.length, 255)
  name.load(Name.root.wire, 0)
  assert.deepEqual([name.labelCount, name.length, name.hash[0]], [0, 1, 1])
})

test('an uncompressed copy of a name is what was read', () => {
  fc.assert(fc.property(anyName(), (name) => {
    const out = new WireWriter(4)
    const reader = new WireReader(Uint8Array.from([...name.wire, 1, 2]))
    reader.name(out)
    assert.deepEqual(out.finish(), name.wire)
    assert.equal(reader.remaining, 2)
  }))
})

test('names in two buffers are compared where they stand, without regard to case (RFC 4343 3)', () => {
  fc.assert(fc.property(anyName(), anyName(), fc.nat(3), (a, b, shift) => {
    const [left, right] = [Uint8Array.from([...new Uint8Array(shift), ...a.wire, 9]), Uint8Array.from([7, ...b.wire, 8])]
    assert.equal(sameNameAt(left, shift, right, 1), a.equals(b))
    const upper = Name.parse(a.toString().replace(/(?<!\\)[a-z]/g, (letter) => letter.toUpperCase()))
    assert.equal(sameNameAt(a.wire, 0, upper.wire, 0), a.equals(upper))
    assert.equal(sameNameAt(left, shift, left, shift), true)
  }))
  assert.equal(sameNameAt(Name.parse('a.b.').wire, 0, Name.parse('a\\.b.').wire, 0), false)
  assert.equal(sameNameAt(Name.parse('@.').wire, 0, Name.parse('`.').wire, 0), false, 'only letters have two cases')
})

test('a name in a class is known by one text, however it is written and whichever class was asked before', () => {
  const [one, other] = [Name.parse('WWW.example.'), Name.parse('www.Example.')]
  for (const rrClass of [1, 3, 1, 65_280]) {
    assert.equal(keyInClass({ name: one, class: rrClass }), keyInClass({ name: other, class: rrClass }))
    assert.equal(one.keyIn(rrClass), `${rrClass} ${other.key}`)
  }
  assert.notEqual(keyInClass({ name: one, class: 1 }), keyInClass({ name: one, class: 3 }))
  assert.notEqual(keyInClass({ name: one, class: 1 }), keyInClass({ name: Name.parse('ww.example.'), class: 1 }))
})

test('property: names are equal exactly where their keys are, whatever octets they hold', () => {
  fc.assert(fc.property(anyName(), anyName(), (one, other) => {
    const swapped = Name.fromWire(one.wire.map((octet) => (octet >= 0x61 && octet <= 0x7a ? octet - 0x20 : octet)))
    assert.equal(one.equals(other), one.key === other.key)
    assert.equal(one.equals(swapped), one.key === swapped.key)
    assert.equal(one.equals(one.parent()), one.wire.length === 1)
  }))
})

test('a name that is the end of another, or the beginning of its octets, is not the same', () => {
  const one = Name.parse('a.example.')
  for (const text of ['example.', 'aa.example.', 'b.example.', 'a.example.example.', 'a.', 'a\\.example.', '.']) assert.equal(one.equals(Name.parse(text)), false, text)
  assert.equal(one.equals(Name.parse('A.EXAMPLE.')), true)
})

// ---- Names that come again and again ----

test('property: a name read from a message is the one that stands there, octet by octet, whichever names were read before', () => {
  fc.assert(fc.property(fc.array(anyName(), { minLength: 1, maxLength: 200 }), (names) => {
    for (const name of [...names, ...names]) {
      const read = Name.read(new WireReader(name.wire))
      assert.deepEqual(Uint8Array.from(read.wire), name.wire)
      assert.equal(read.key, name.key)
    }
  }), { numRuns: 50 })
})

test('names that differ in case alone are told apart when they are read, though they are equal', () => {
  for (const text of ['Key.Example.', 'key.example.', 'KEY.EXAMPLE.', 'key.example.']) {
    const read = Name.read(new WireReader(Name.parse(text).wire))
    assert.equal(read.toString(), text)
    assert.equal(read.equals(Name.parse('key.example.')), true)
  }
})

test('a name that was read lately is not made anew, and is no part of the message that it came in', () => {
  const message = Uint8Array.from(Name.parse('often.example.').wire)
  const first = Name.read(new WireReader(message))
  assert.equal(Name.read(new WireReader(message)), first)
  message[1] = 0x58
  assert.equal(first.toString(), 'often.example.')
  assert.equal(Name.read(new WireReader(message)).toString(), 'Xften.example.')
  assert.equal(Name.read(new WireReader(Name.parse('often.example.').wire)).toString(), 'often.example.')
})

test('a name behind a pointer is the same as one that is written out (RFC 1035 4.1.4)', () => {
  const message = Uint8Array.of(7, ...Buffer.from('example'), 0, 1, 0x61, 0xc0, 0)
  const reader = new WireReader(message, 9)
  assert.equal(Name.read(reader).toString(), 'a.example.')
  assert.equal(reader.at, message.length)
  assert.equal(Name.read(new WireReader(Name.parse('a.example.').wire)).toString(), 'a.example.')
})

test('a name that comes again within other octets is not made anew, and is no part of them', () => {
  const octets = Uint8Array.from([7, ...Name.parse('again.example.').wire, 9])
  const first = Name.again(octets, 1)
  assert.equal(first.toString(), 'again.example.')
  assert.equal(Name.again(octets, 1), first)
  octets[2] = 0x41
  assert.deepEqual([first.toString(), Name.again(octets, 1).toString()], ['again.example.', 'Again.example.'])
  assert.equal(Name.again(Uint8Array.of(0)).toString(), '.')
})

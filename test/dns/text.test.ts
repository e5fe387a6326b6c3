/** The words of master files: entries, tokens, quotes, escapes, parentheses, comments, and where a fault stands. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TextFault } from '../../src/dns/faults.ts'
import { Name } from '../../src/dns/name.ts'
import { WireWriter } from '../../src/dns/octets.ts'
import { TextReader } from '../../src/dns/text.ts'

function reader(text: string): TextReader {
  return new TextReader(Buffer.from(text), 'zone')
}

/** All entries of a text, each with a mark whether it began with a blank, as lists of tokens; quoted ones in quotes. */
function entries(text: string): string[][] {
  const r = reader(text)
  const found: string[][] = []
  while (r.beginEntry()) {
    const tokens = r.blankOwner ? ['·'] : []
    while (r.token()) tokens.push(r.quoted ? `"${r.word()}"` : r.word())
    found.push(tokens)
  }
  return found
}

function faultOf(text: string, act: (r: TextReader) => void = (r) => { while (r.beginEntry()) while (r.token()); }): string {
  try {
    act(reader(text))
  } catch (fault) {
    if (fault instanceof TextFault) return fault.toString()
    throw fault
  }
  return 'no fault'
}

function first(text: string): TextReader {
  const r = reader(text)
  assert.ok(r.beginEntry() && r.token())
  return r
}

test('entries are lines; blank lines and comments hold none (RFC 1035 5.1)', () => {
  assert.deepEqual(entries('a b\n\n  \n; c\n\t; d\n e f ; g\nh'), [['a', 'b'], ['·', 'e', 'f'], ['h']])
  assert.deepEqual(entries(''), [])
  assert.deepEqual(entries(';'), [])
  assert.deepEqual(entries('a\r\nb\r\n'), [['a'], ['b']], 'lines may end as on Windows')
})

test('parentheses join lines; comments end with theirs (RFC 1035 5.1)', () => {
  assert.deepEqual(entries('a ( b ; one\n c ) d\ne'), [['a', 'b', 'c', 'd'], ['e']])
  assert.deepEqual(entries('a(b)c'), [['a', 'b', 'c']])
  assert.deepEqual(entries('a ((b\n) c\n) d'), [['a', 'b', 'c', 'd']])
  assert.deepEqual(entries('(\na\n)'), [['a']])
})

test('quotes keep blanks, semicolons and parentheses; a quote inside is escaped', () => {
  assert.deepEqual(entries('"a ;(b" c""d'), [['"a ;(b"', 'c', '""', 'd']])
  assert.deepEqual(entries('"a\\"b" c'), [['"a\\"b"', 'c']])
  assert.deepEqual(entries('a\\"b c\\;d e\\ f'), [['a\\"b', 'c\\;d', 'e\\ f']])
})

test('quotes and parentheses that are not closed, or closed alone, are faults where they stand', () => {
  assert.equal(faultOf('a\nb "c\nd'), 'zone:2:3: Cannot parse text as its closing quote is missing on this line')
  assert.equal(faultOf('a\nb (c\nd'), 'zone:2:3: Cannot parse entry as its "(" is never closed')
  assert.equal(faultOf('a )b'), 'zone:1:3: Cannot parse ")" as no "(" was opened')
})

test('after a fault the rest of the entry can be skipped, and the next is read', () => {
  for (const broken of ['a "b', 'a ) b', 'a ) "', 'a ( b\n) c', 'a ( "\n)']) {
    const r = reader(`${broken}\nnext entry\n`)
    assert.ok(r.beginEntry())
    try {
      r.token()
      r.need('x')
    } catch (fault) {
      assert.ok(fault instanceof TextFault)
    }
    r.skipEntry()
    assert.ok(r.beginEntry())
    assert.ok(r.token())
    assert.equal(r.word(), 'next', JSON.stringify(broken))
  }
})

test('lines and columns count from 1 at the token, through parentheses', () => {
  const r = reader('a (\n   b\n c) d')
  r.beginEntry()
  const places: string[] = []
  while (r.token()) places.push(`${r.word()}${r.line}:${r.column}`)
  assert.deepEqual(places, ['a1:1', 'b2:4', 'c3:2', 'd3:5'])
})

test('a token that is missing is named by what was wanted', () => {
  assert.equal(faultOf('a', (r) => { r.beginEntry(); r.need('owner'); r.need('port') }), 'zone:1:2: Cannot parse port as the entry ends before it')
})

test('a token taken back comes again, quoted or not', () => {
  const r = reader('a "b c" d')
  r.beginEntry()
  for (const expected of ['a', 'b c', 'd']) {
    for (let again = 0; again < 3; again++) {
      assert.ok(r.token())
      assert.equal(r.word(), expected)
      assert.equal(r.quoted, expected === 'b c')
      if (again < 2) r.unread()
    }
  }
})

test('reading goes back to a mark on the same line', () => {
  const r = first('a b c')
  const mark = r.mark()
  assert.ok(r.token() && r.token())
  r.rewind(mark)
  assert.ok(r.token())
  assert.equal(r.word(), 'b')
})

test('a token is compared without regard to case, and quoted ones are never keywords', () => {
  assert.ok(first('$Origin').is('$origin'))
  assert.ok(!first('$origins').is('$origin'))
  assert.ok(!first('"$origin"').is('$origin'))
})

test('a quote right behind a token is told apart from one behind a blank', () => {
  assert.equal(first('alpn="h2"').quoteFollows(), true)
  assert.equal(first('alpn= "h2"').quoteFollows(), false)
  assert.equal(first('alpn=h2').quoteFollows(), false)
})

test('numbers are decimal, whole and bounded', () => {
  assert.equal(first('0').readNumber('port', 65535), 0)
  assert.equal(first('65535').readNumber('port', 65535), 65535)
  assert.equal(first('0065535').readNumber('port', 65535), 65535)
  for (const text of ['65536', '-1', '+1', '1.0', '0x1', '1e3', '""', '99999999999999999999', '\\049']) {
    assert.throws(() => first(text).readNumber('port', 65535), /Cannot parse port ".*" as it must be a number from 0 to 65535/, text)
  }
})

test('times are seconds or numbers with units, up to the largest TTL (RFC 2181 8)', () => {
  const times: [string, number][] = [['0', 0], ['3600', 3600], ['1h', 3600], ['1H30M', 5400], ['1w2d3h4m5s', 788645], ['2147483647', 2147483647], ['1h30', 3630]]
  for (const [text, seconds] of times) assert.equal(first(text).readTtl('TTL'), seconds, text)
  for (const text of ['1x', 'h', '', '-1', '1h-', '2147483648', '3551w', '4294967296', '1.5h', '"60"']) {
    if (text !== '') assert.throws(() => first(text).readTtl('TTL'), /must be seconds or use s m h d w/, text)
  }
})

test('escapes give their octet, in names and in texts (RFC 1035 5.1)', () => {
  const out = new WireWriter(64)
  first('"a\\"\\000\\255\\\\z"').readOctets(out, 'text')
  assert.deepEqual([...out.finish()], [0x61, 0x22, 0, 255, 0x5c, 0x7a])
  for (const text of ['a\\25', 'a\\256', 'a\\1x3', '"\\9"', 'a\\']) assert.throws(() => first(text).readOctets(out, 'text'), TextFault, text)
})

test('a character-string holds 255 octets, and not one more (RFC 1035 3.3)', () => {
  const out = new WireWriter(64)
  first('a'.repeat(255)).readCharacterString(out, 'text')
  assert.equal(out.octets[0], 255)
  assert.throws(() => first('a'.repeat(256)).readCharacterString(out, 'text'), /at most 255/)
})

test('any octets written with escapes are read as those octets', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 1, maxLength: 50 }), fc.boolean(), (octets, quoted) => {
    const escaped = Array.from(octets, (octet) => `\\${String(octet).padStart(3, '0')}`).join('')
    const out = new WireWriter(64)
    first(quoted ? `"${escaped}"` : escaped).readOctets(out, 'text')
    assert.deepEqual(out.finish(), octets)
  }))
})

test('control characters and octets above ASCII stand in a word as themselves', () => {
  assert.deepEqual(entries('a\u0001b c\u007fd é'), [['a\u0001b', 'c\u007fd', 'é']])
  const out = new WireWriter(8)
  first('a\u0001é').readOctets(out, 'text')
  assert.deepEqual([...out.finish()], [0x61, 1, 0xc3, 0xa9])
})

test('a relative name needs an origin', () => {
  const r = first('a')
  assert.throws(() => r.readName(new WireWriter(64), 'owner'), /no origin is known/)
  r.origin = Name.parse('example.').wire
  const out = new WireWriter(64)
  r.readName(out, 'owner')
  assert.equal(Name.fromWire(out.finish()).toString(), 'a.example.')
})

test('no text whatever makes the reader throw anything but a TextFault, or go on for ever', () => {
  const piece = fc.oneof(fc.constantFrom('(', ')', '"', '\\', ';', '\n', '\r', ' ', '\t', 'a', '\\0', '\\000', '.', '@', '$'), fc.string({ maxLength: 3 }))
  fc.assert(fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
    const text = pieces.join('')
    const r = reader(text)
    let turns = 0
    for (;;) {
      assert.ok(++turns <= 3 * Buffer.byteLength(text) + 10, 'reading must move on')
      try {
        if (!r.beginEntry()) break
        while (r.token()) r.word()
      } catch (fault) {
        assert.ok(fault instanceof TextFault)
        r.skipEntry()
      }
    }
    assert.equal(r.offset <= Buffer.byteLength(text), true)
  }), { numRuns: 2000 })
})

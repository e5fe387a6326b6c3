/**
 * Zone files as RFC 1035 5 and RFC 2308 4 define them: what each form of an entry means.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { parseZone } from '../../src/zone/parse.ts'
import { filesFrom, parse, recordsOf, source } from './support.ts'

const ISI_EDU = `
@   IN  SOA     VENERA      Action\\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        NS      VAXA
        MX      10      VENERA
        MX      20      VAXA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32

VAXA    A       10.2.0.27
        A       128.9.0.33


$INCLUDE <SUBSYS>ISI-MAILBOXES.TXT
`

const MAILBOXES = `
MOE     MB      A.ISI.EDU.
LARRY   MB      A.ISI.EDU.
CURLEY  MB      A.ISI.EDU.
STOOGES MG      MOE
        MG      LARRY
        MG      CURLEY
`

test('RFC 1035 5.3: the example zone, with its included file', () => {
  assert.deepEqual(recordsOf(ISI_EDU, 'ISI.EDU.', { readFile: filesFrom({ '<SUBSYS>ISI-MAILBOXES.TXT': MAILBOXES }) }), [
    'ISI.EDU. 60 SOA VENERA.ISI.EDU. Action\\.domains.ISI.EDU. 20 7200 600 3600000 60',
    'ISI.EDU. 60 NS A.ISI.EDU.',
    'ISI.EDU. 60 NS VENERA.ISI.EDU.',
    'ISI.EDU. 60 NS VAXA.ISI.EDU.',
    'ISI.EDU. 60 MX 10 VENERA.ISI.EDU.',
    'ISI.EDU. 60 MX 20 VAXA.ISI.EDU.',
    'A.ISI.EDU. 60 A 26.3.0.103',
    'VENERA.ISI.EDU. 60 A 10.1.0.52',
    'VENERA.ISI.EDU. 60 A 128.9.0.32',
    'VAXA.ISI.EDU. 60 A 10.2.0.27',
    'VAXA.ISI.EDU. 60 A 128.9.0.33',
    'MOE.ISI.EDU. 60 MB A.ISI.EDU.',
    'LARRY.ISI.EDU. 60 MB A.ISI.EDU.',
    'CURLEY.ISI.EDU. 60 MB A.ISI.EDU.',
    'STOOGES.ISI.EDU. 60 MG MOE.ISI.EDU.',
    'STOOGES.ISI.EDU. 60 MG LARRY.ISI.EDU.',
    'STOOGES.ISI.EDU. 60 MG CURLEY.ISI.EDU.',
  ])
})

const heads = [
  ['TTL and class', 'www 300 IN A 192.0.2.1'],
  ['class and TTL', 'www IN 300 A 192.0.2.1'],
  ['TTL alone', 'www 300 A 192.0.2.1'],
  ['a TTL with units', 'www 5M IN A 192.0.2.1'],
  ['the class by number', 'www CLASS1 300 A 192.0.2.1'],
  ['the type by number', 'www 300 in TYPE1 192.0.2.1'],
  ['RDATA in the generic form', 'www 300 IN A \\# 4 C0000201'],
  ['small letters', 'www 300 in a 192.0.2.1'],
  ['an absolute owner', 'www.example.com. 300 A 192.0.2.1'],
  ['an escaped owner', '\\119w\\w 300 A 192.0.2.1'],
  ['tabs and a comment', 'www\t300\tA\t192.0.2.1;comment'],
  ['parentheses around all', 'www (300 IN A\n 192.0.2.1)'],
  ['parentheses from the start', '( www 300 IN A 192.0.2.1 )'],
  ['Windows line ends', 'www 300 A 192.0.2.1\r\n'],
  ['a byte order mark', '\xef\xbb\xbfwww 300 A 192.0.2.1'],
] as const

for (const [what, text] of heads) {
  test(`RFC 1035 5.1: an entry may have ${what}`, () => {
    assert.deepEqual(recordsOf(text), ['www.example.com. 300 A 192.0.2.1'])
  })
}

test('RFC 1035 5.1: TTL and class come before the type, so that an owner may be called like any of them', () => {
  assert.deepEqual(recordsOf('in 60 A 192.0.2.1\nA IN 60 A 192.0.2.2\n60 60 A 192.0.2.3\nMX 60 MX 1 MX\n'), [
    'in.example.com. 60 A 192.0.2.1',
    'A.example.com. 60 A 192.0.2.2',
    '60.example.com. 60 A 192.0.2.3',
    'MX.example.com. 60 MX 1 MX.example.com.',
  ])
})

test('RFC 1035 5.1: a blank owner is that of the entry before, also across directives', () => {
  const text = '$TTL 9\na A 192.0.2.1\n$ORIGIN sub.example.com.\n A 192.0.2.2\n\n; comment\n\tA 192.0.2.3\nb A 192.0.2.4\n'
  assert.deepEqual(recordsOf(text).map((line) => line.split(' ')[0]), ['a.example.com.', 'a.example.com.', 'a.example.com.', 'b.sub.example.com.'])
})

test('RFC 1035 5.1: @ is the origin, an escaped or quoted @ a name', () => {
  const text = '$TTL 9\n@ NS @\n\\@ NS "@"\n$ORIGIN sub\n@ NS x\n'
  assert.deepEqual(recordsOf(text), ['example.com. 9 NS example.com.', '\\@.example.com. 9 NS \\@.example.com.', 'sub.example.com. 9 NS x.sub.example.com.'])
})

test('RFC 1035 5.1: $ORIGIN may be relative to the origin before it, and may leave the zone', () => {
  const text = '$TTL 9\n$ORIGIN a\n$ORIGIN b\nx A 192.0.2.1\n$origin net.\nwww.example.com. A 192.0.2.2\n'
  assert.deepEqual(recordsOf(text), ['x.b.a.example.com. 9 A 192.0.2.1', 'www.example.com. 9 A 192.0.2.2'])
})

test('a name keeps its capitals, and the zone is found without them (RFC 4343)', () => {
  assert.deepEqual(recordsOf('WWW.Example.COM. 9 A 192.0.2.1'), ['WWW.Example.COM. 9 A 192.0.2.1'])
})

test('RFC 2308 4: $TTL is the TTL of what follows without one, until the next', () => {
  const text = '$TTL 1h\na A 192.0.2.1\nb 5 A 192.0.2.2\nc A 192.0.2.3\n$TTL 2\nd A 192.0.2.4\n'
  assert.deepEqual(recordsOf(text).map((line) => line.split(' ')[1]), ['3600', '5', '3600', '2'])
})

test('RFC 1035 5.1: without $TTL an entry has the TTL of the last that had one', () => {
  assert.deepEqual(recordsOf('a 7 A 192.0.2.1\nb A 192.0.2.2\nc 8 A 192.0.2.3\nd A 192.0.2.4').map((line) => line.split(' ')[1]), ['7', '7', '8', '8'])
})

test('RFC 1035 3.3.13: without any TTL before it a SOA has its MINIMUM, and so has what follows', () => {
  assert.deepEqual(recordsOf('@ SOA a b 1 2 3 4 55\n@ NS a\n$TTL 6\n@ NS b').map((line) => line.split(' ')[1]), ['55', '55', '6'])
})

test('RFC 2181 8: a MINIMUM of more than 31 bits is no TTL, it counts as 0', () => {
  assert.deepEqual(recordsOf('@ SOA a b 1 2 3 4 4294967295\n@ NS a').map((line) => line.split(' ')[1]), ['0', '0'])
})

test('a default TTL that is handed in stands in for $TTL', () => {
  assert.deepEqual(recordsOf('a A 192.0.2.1\n$TTL 3\nb A 192.0.2.1', 'example.com.', { defaultTtl: 77 }).map((line) => line.split(' ')[1]), ['77', '3'])
})

test('a record without any TTL is a fault, reported once', () => {
  const { messages, faults } = parse('a A 192.0.2.1\nb A 192.0.2.2\n')
  assert.deepEqual(messages, ['z:1:3: Cannot parse record of type "A" as it has no TTL: give it one, or write $TTL before it'])
  assert.equal(faults.records, 1)
})

test('a zone of class LOCAL takes LOCAL, by name and number, and no IN', () => {
  const { records, messages } = parse('a 9 LOCAL A 192.0.2.1\nb 9 CLASS65440 A 192.0.2.1\nc 9 A 192.0.2.1\nd 9 IN A 192.0.2.1', 'example.com.', { class: CLASS.LOCAL })
  assert.equal(records.length, 3)
  assert.deepEqual(messages, [`z:4:5: Cannot parse class "IN" as it must be the zone's, which is LOCAL`])
})

test('the root zone holds every name', () => {
  assert.deepEqual(recordsOf('. 9 NS a.\ncom 9 NS a.gtld', '.'), ['. 9 NS a.', 'com. 9 NS a.gtld.'])
})

test('a name that only ends with the same letters as the zone lies outside', () => {
  const { records, messages } = parse('xexample.com. 9 A 192.0.2.1\nwww\\.example.com. 9 A 192.0.2.1\ncom. 9 A 192.0.2.1\n')
  assert.deepEqual(records, [])
  assert.equal(messages.length, 3)
  assert.equal(messages[0], 'z:1:1: Cannot parse owner "xexample.com." as it is xexample.com., which is outside the zone example.com.')
})

test('each record comes with the place where its entry starts', () => {
  assert.deepEqual(parse('$TTL 9\n\na A 192.0.2.1\n   A 192.0.2.2\nb TXT (\n  a\n  b )\nc A 192.0.2.3').places, ['3:1', '4:4', '5:1', '8:1'])
})

test('records are given out in buffers that are used again', () => {
  const owners = new Set<Uint8Array>()
  const text = Array.from({ length: 50 }, (_, i) => `h${i} 9 A 192.0.2.${i}`).join('\n')
  parseZone(source(text), { origin: Name.parse('example.com.').wire, class: CLASS.IN }, { add: (owner) => void owners.add(owner) })
  assert.equal(owners.size, 1)
})

test('progress of a long file is told', () => {
  const seen: number[] = []
  const text = '$TTL 9\n' + 'a A 192.0.2.1\n'.repeat(300_000)
  const { faults } = { faults: parseZone(source(text), { origin: Name.parse('example.com.').wire, class: CLASS.IN, onProgress: ({ records }) => seen.push(records) }, { add() {} }) }
  assert.equal(faults.records, 300_000)
  assert.equal(faults.octets, text.length)
  assert.ok(seen.length >= 2 && seen.every((records, i) => i === 0 || records > seen[i - 1]), String(seen))
})

// ---- $INCLUDE ----

test('RFC 1035 5.1: an included file starts with the origin, or with its own, and origin and owner are afterwards what they were', () => {
  const readFile = filesFrom({ one: 'x A 192.0.2.1\n$ORIGIN deep\ny A 192.0.2.2\n', 'two words': 'x A 192.0.2.3\n' })
  const text = '$TTL 9\na A 192.0.2.9\n$INCLUDE one\n A 192.0.2.8\n$include "two words" sub\nb A 192.0.2.7\n'
  assert.deepEqual(recordsOf(text, 'example.com.', { readFile }), [
    'a.example.com. 9 A 192.0.2.9',
    'x.example.com. 9 A 192.0.2.1',
    'y.deep.example.com. 9 A 192.0.2.2',
    'a.example.com. 9 A 192.0.2.8',
    'x.sub.example.com. 9 A 192.0.2.3',
    'b.example.com. 9 A 192.0.2.7',
  ])
})

test('what an included file says of TTLs ends with it, and it begins with those of its includer', () => {
  const readFile = filesFrom({ one: 'x A 192.0.2.1\n$TTL 5\ny A 192.0.2.2\n' })
  assert.deepEqual(recordsOf('$TTL 9\n$INCLUDE one\nb A 192.0.2.7\n', 'example.com.', { readFile }).map((line) => line.split(' ')[1]), ['9', '5', '9'])
})

test('the first entry of an included file may inherit the owner', () => {
  const readFile = filesFrom({ one: ' A 192.0.2.1\n' })
  assert.deepEqual(recordsOf('$TTL 9\na NS b\n$INCLUDE one\n', 'example.com.', { readFile })[1], 'a.example.com. 9 A 192.0.2.1')
})

test('faults in an included file name that file, and reading goes on behind it', () => {
  const readFile = filesFrom({ one: '\nx AAA 192.0.2.1\n' })
  const { messages, records } = parse('$TTL 9\n$INCLUDE one\nb 9 A 192.0.2.999\nc A 192.0.2.1', 'example.com.', { readFile })
  assert.deepEqual(messages.map((message) => message.split(': ')[0]), ['one:2:3', 'z:3:7'])
  assert.deepEqual(records, ['c.example.com. 9 A 192.0.2.1'])
})

test('a file that includes itself is a fault that names the circle', () => {
  const readFile = filesFrom({ a: '$INCLUDE b\n', b: '$INCLUDE a\n', z: '' })
  assert.deepEqual(parse('$INCLUDE a\n$INCLUDE z\n', 'example.com.', { readFile }).messages, [
    'b:1:10: Cannot include "a" as it includes itself: a > b > a',
    'z:2:10: Cannot include "z" as it includes itself: z > z',
  ])
})

test('files nest to a limit, and no zone reads files without end', () => {
  const endless = (path: string): ReturnType<typeof source> => source(`$INCLUDE ${path}x\n`, path)
  assert.match(parse('$INCLUDE f', 'example.com.', { readFile: endless }).messages[0], /^fx{15}:1:10: Cannot include "fx{16}" as files may be nested 16 deep at most$/)
  let read = 0
  const twice = (path: string): ReturnType<typeof source> => source(`$INCLUDE ${path}x\n$INCLUDE ${path}y\n`, `${path}${read++}`)
  const { messages, faults } = parse('$INCLUDE f', 'example.com.', { readFile: twice })
  assert.ok(read <= 4096, String(read))
  assert.ok(faults.count > 0 && messages.some((message) => /nested|4096/.test(message)))
})

test('a file that cannot be read is a fault at the directive, and so is $INCLUDE where no files may be read', () => {
  assert.deepEqual(parse('$INCLUDE none', 'example.com.', { readFile: filesFrom({}) }).messages, ['z:1:10: Cannot include "none" as it cannot be read: no file none'])
  assert.deepEqual(parse('$INCLUDE none').messages, ['z:1:10: Cannot include "none" as this text may not read files'])
})

test('what the sink throws is no fault of the text', () => {
  const add = (): never => {
    throw new RangeError('full')
  }
  assert.throws(() => parseZone(source('a 9 A 192.0.2.1'), { origin: Name.parse('example.com.').wire, class: CLASS.IN }, { add }), RangeError)
})

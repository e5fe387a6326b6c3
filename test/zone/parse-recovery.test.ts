/**
 * Going on behind a fault: where the next entry is taken to start, above all behind a forgotten parenthesis, which could
 * swallow the rest of a file and every fault in it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from './support.ts'

/** Where faults are, and which owners were read, of `lines` joined. */
function outcome(...lines: string[]): { faults: string[]; owners: string[] } {
  const { messages, records } = parse(lines.join('\n'), 'example.com.', { defaultTtl: 9 })
  return { faults: messages.map((message) => message.replace(/^z:/, '').replace(/: Cannot.*/, '')), owners: records.map((record) => record.split('.')[0]) }
}

const NEVER_CLOSED = /Cannot parse entry as its "\(" is never closed/

test('a fault ends its entry only, also where the entry spans lines', () => {
  assert.deepEqual(outcome('a MX ( x', '  10', '  mail )', 'b A 192.0.2.1', 'c A x', 'd A 192.0.2.2'), { faults: ['1:8', '5:5'], owners: ['b', 'd'] })
})

test('behind a forgotten ")" reading goes on with the line that looks like an entry', () => {
  const lines = ['@ SOA a b ( 1 2 3 4', '   5', 'b A 192.0.2.1', '  A 192.0.2.3', 'c A x', 'd TXT ( "y" )']
  assert.deepEqual(outcome(...lines), { faults: ['1:11', '5:5'], owners: ['b', 'b', 'd'] })
  assert.match(parse(lines.join('\n')).messages[0], /is never closed: line 3 looks like the next entry$/)
})

test('a fault in front of the forgotten ")" is reported beside it', () => {
  assert.deepEqual(outcome('@ SOA a b ( 1 x 3', '   5', 'b A 192.0.2.1', 'c A 192.0.2.2'), { faults: ['1:15', '1:11'], owners: ['b', 'c'] })
})

test('a forgotten ")" is found where nothing but the end of the text gives it away', () => {
  assert.deepEqual(outcome('a TXT ( "x"', 'b A', 'c A 192.0.2.2'), { faults: ['1:7', '2:4'], owners: ['c'] })
})

test('where no line looks like an entry the rest of the text belongs to the parenthesis', () => {
  const { messages, records } = parse('a 9 TXT ( "x"\n  b A 192.0.2.1\n\n')
  assert.equal(messages.length, 1)
  assert.match(messages[0], /^z:1:9: /)
  assert.match(messages[0], NEVER_CLOSED)
  assert.deepEqual(records, [])
})

test('lines inside parentheses may start in the first column where the parenthesis is closed', () => {
  assert.deepEqual(outcome('a TXT (', 'one', 'two', ')', 'b A 192.0.2.1'), { faults: [], owners: ['a', 'b'] })
  assert.deepEqual(outcome('a MX (', 'x', 'mail )', 'b A 192.0.2.1'), { faults: ['2:1'], owners: ['b'] })
})

test('several forgotten parentheses are each reported', () => {
  assert.deepEqual(outcome('a TXT ( "1"', 'b TXT ( "2"', 'c TXT ( "3" )', 'd A 192.0.2.1'), { faults: ['1:7', '2:7'], owners: ['c', 'd'] })
})

test('parentheses may nest, and one too many is a fault of its own', () => {
  assert.deepEqual(outcome('a TXT ( ( "x" )', ' "y" )', 'b A 192.0.2.1'), { faults: [], owners: ['a', 'b'] })
  assert.deepEqual(outcome('a TXT ( "x" ) )', 'b A 192.0.2.1'), { faults: ['1:15'], owners: ['b'] })
})

test('a quote that is not closed ends with its line', () => {
  assert.deepEqual(outcome('a TXT "x', 'b A 192.0.2.1', 'c TXT ( "x', '"y" )', 'd A 192.0.2.1'), { faults: ['1:7', '3:9'], owners: ['b', 'd'] })
})

test('an escaped newline does not join lines, an escaped quote or semicolon does not act', () => {
  assert.deepEqual(outcome('a TXT x\\', 'b TXT "\\"" \\; ; c', 'd TXT "a;b(c"'), { faults: ['1:7'], owners: ['b', 'd'] })
})

test('entries that inherit a faulty owner are read for their faults but not delivered', () => {
  assert.deepEqual(outcome('a..b A 192.0.2.1', ' A 192.0.2.2', ' A x', 'c A 192.0.2.3', ' A 192.0.2.4'), { faults: ['1:1', '3:4'], owners: ['c', 'c'] })
})

test('RFC 1035 5.1: the first entry has no owner to inherit', () => {
  const { messages } = parse(' 9 A 192.0.2.1\n 9 A 192.0.2.2\na 9 A 192.0.2.3')
  assert.deepEqual(messages, [
    'z:1:2: Cannot parse record "9" as it starts with a blank, which stands for the owner of the record before, and there is none',
    'z:2:2: Cannot parse record "9" as it starts with a blank, which stands for the owner of the record before, and there is none',
  ])
})

test('a text that ends without a newline, or is empty, is read to its end', () => {
  assert.deepEqual(outcome('a A 192.0.2.1', 'b A 192.0.2.2'), { faults: [], owners: ['a', 'b'] })
  for (const text of ['', '\n', ';', '; x', '   ', '\r\n', '()', '\t( )\n']) assert.deepEqual(parse(text).messages, [], JSON.stringify(text))
})

test('faults beyond what is reported are counted, and records are read all the same', () => {
  const { faults, records } = parse('a 9 A x\nb 9 A 192.0.2.1\n'.repeat(1000))
  assert.deepEqual([faults.reported.length, faults.count, records.length, faults.records], [200, 1000, 1000, 1000])
})

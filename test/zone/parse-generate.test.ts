/**
 * $GENERATE, which is BIND's: what one line makes. checks.integration.ts holds the same lines against BIND itself.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, recordsOf } from './support.ts'

function generated(line: string): string[] {
  return recordsOf(`$TTL 9\n$GENERATE ${line}\n`)
}

const cases: [what: string, line: string, records: string[]][] = [
  ['the number for $', '1-3 host$ A 192.0.2.$', ['host1.example.com. 9 A 192.0.2.1', 'host2.example.com. 9 A 192.0.2.2', 'host3.example.com. 9 A 192.0.2.3']],
  ['each step of the range', '0-4/2 $ A 192.0.2.$', ['0.example.com. 9 A 192.0.2.0', '2.example.com. 9 A 192.0.2.2', '4.example.com. 9 A 192.0.2.4']],
  ['TTL and class', '7-7 h$ 60 IN A 192.0.2.$', ['h7.example.com. 60 A 192.0.2.7']],
  ['an offset', '1-1 h${10} A 192.0.2.${-1}', ['h11.example.com. 9 A 192.0.2.0']],
  ['a width', '1-1 h${0,3} TXT ${9,4,d}', ['h001.example.com. 9 TXT "0010"']],
  ['octal and hex', '26-26 h${0,0,o} TXT ${0,4,x} ${0,2,X} ${0,5,X}', ['h32.example.com. 9 TXT "001a" "1A" "0001A"']],
  ['nibbles', '26-26 ${0,5,n}.x PTR ${0,3,N}.y', ['a.1.0.x.example.com. 9 PTR A.1.y.example.com.']],
  ['nibbles of any number of digits', '4660-4660 ${0,0,n} PTR h', ['4.3.2.1.example.com. 9 PTR h.example.com.']],
  ['an even width of nibbles, which ends with a dot', '1-1 ${0,4,n}x PTR h', ['1.0.x.example.com. 9 PTR h.example.com.']],
  ['a dollar for \\$ and $$', '1-1 a\\$$ TXT $$x', ['a\\$1.example.com. 9 TXT "$x"']],
  ['an absolute owner', '1-1 h$.example.com. A 192.0.2.1', ['h1.example.com. 9 A 192.0.2.1']],
  ['several words in one pair of quotes', '1-1 h$ MX "$ mail$"', ['h1.example.com. 9 MX 1 mail1.example.com.']],
  ['several words', '1-1 h$ MX $ mail$', ['h1.example.com. 9 MX 1 mail1.example.com.']],
  ['quoted words among several', '1-1 h$ TXT "a b" "$ c"', ['h1.example.com. 9 TXT "a b" "1 c"']],
]

for (const [what, line, records] of cases) {
  test(`$GENERATE makes ${what}`, () => assert.deepEqual(generated(line), records))
}

test('$GENERATE keeps the owner that stands before it for what follows', () => {
  assert.equal(recordsOf('$TTL 9\n$GENERATE 1-2 h$ A 192.0.2.$\n TXT x\n')[2], 'h2.example.com. 9 TXT "x"')
})

test('the records of $GENERATE are at its place', () => {
  assert.deepEqual(parse('$TTL 9\n\n$GENERATE 1-2 h$ A 192.0.2.$').places, ['3:1', '3:1'])
})

const faulty: [line: string, message: RegExp][] = [
  ['1 h$ A 192.0.2.$', /^z:1:11: Cannot parse range "1" as it must be start-stop or start-stop\/step$/],
  ['3-1 h$ A 192.0.2.$', /^z:1:11: Cannot parse range "3-1" as it must go up/],
  ['1-2/0 h$ A 192.0.2.$', /range "1-2\/0" as it must have a step of at least 1/],
  ['0-65536 h$ A 192.0.2.1', /must make 65536 records at most/],
  ['0-9999999999 h$ A 192.0.2.1', /must go up, to 2147483647 at most/],
  ['1-2 h${x} A 192.0.2.1', /^z:1:1: Cannot parse number of \$GENERATE "\$\{x\}" as it must be \$\{offset\[,width\[,base\]\]\}/],
  ['1-2 h${0,3,q} A 192.0.2.1', /\$\{0,3,q\}/],
  ['1-2 h${0,999} A 192.0.2.1', /width up to 255/],
  ['1-2 h${0 A 192.0.2.1', /Cannot parse number of \$GENERATE/],
  ['1-2 h${-5} A 192.0.2.1', /Cannot parse number -4 of \$GENERATE as it must be from 0/],
  ['254-300 h$ A 192.0.2.$', /^z:1:1: Cannot parse A address "192\.0\.2\.256" as .*, in "h256 A 192\.0\.2\.256" as made by \$GENERATE$/],
  ['1-2 h$ AAA 192.0.2.1', /did you mean "AAAA"\?, in "h1 AAA 192\.0\.2\.1" as made by \$GENERATE$/],
  ['1-2 h$', /^z:1:17: Cannot parse type as the entry ends before it$/],
  ['1-2 h$ A', /Cannot parse record data of \$GENERATE as the entry ends before it/],
  ['', /Cannot parse range of \$GENERATE as the entry ends before it/],
  ['1-2 h$.example.net. A 192.0.2.1', /outside the zone example\.com\., in "h1\.example\.net\. A 192\.0\.2\.1"/],
  [`1-2 h$ TXT ${'${0,255} '.repeat(20)}`, /longer than 4096 octets/],
]

for (const [line, message] of faulty) {
  test(`$GENERATE ${line.slice(0, 40)} is one fault, not one for each record`, () => {
    const { messages, faults } = parse(`$GENERATE ${line}\n`, 'example.com.', { defaultTtl: 9 })
    assert.equal(faults.count, 1, String(messages))
    assert.match(messages[0], message)
  })
}

/** RFC 6604: in an answer made of several names, which of them the header speaks of. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, converser, zoneOf } from '../authority/ask.ts'

const first = zoneOf('first.test.', `$TTL 60
@ SOA ns admin 1 2 3 4 60
@ NS ns
ns A 192.0.2.1
gone CNAME nothing
nodata CNAME ns
out CNAME www.example.
far CNAME nothing.second.test.
far2 CNAME x.cut.second.test.
d DNAME second.test.
long DNAME ${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.example.
a CNAME b
b CNAME c
c CNAME nothing
loop CNAME loop
cut NS ns.cut
ns.cut A 192.0.2.2
tocut CNAME x.cut
`)
const second = zoneOf('second.test.', '$TTL 60\n@ SOA ns admin 9 2 3 4 60\n@ NS ns\nns A 192.0.2.3\ncut NS ns.example.\n')
const ask = asker(first, second)

/** Question, RCODE, header bits, and the zone whose SOA or cut stands in the authority section. */
const ROWS: [question: string, rcode: string, flags: string, authority: string | undefined, why: string][] = [
  ['gone.first.test. A', 'NXDOMAIN', 'aa', 'first.test. SOA', 'the last name does not exist'],
  ['nodata.first.test. MX', 'NOERROR', 'aa', 'first.test. SOA', 'the last name exists and lacks the type'],
  ['out.first.test. A', 'NOERROR', 'aa', undefined, 'the last name is not ours to judge'],
  ['far.first.test. A', 'NXDOMAIN', 'aa', 'second.test. SOA', 'the last name is in another zone, which speaks'],
  ['far2.first.test. A', 'NOERROR', 'aa', 'cut.second.test. NS', 'a referral; AA is for the first name'],
  ['tocut.first.test. A', 'NOERROR', 'aa', 'cut.first.test. NS', 'the same within one zone'],
  ['nothing.d.first.test. A', 'NXDOMAIN', 'aa', 'second.test. SOA', 'the chain of a DNAME counts alike'],
  ['ns.d.first.test. A', 'NOERROR', 'aa', undefined, 'its last name exists'],
  [`${'x'.repeat(60)}.long.first.test. A`, 'YXDOMAIN', 'aa', undefined, 'the last name cannot be made'],
  ['a.first.test. A', 'NXDOMAIN', 'aa', 'first.test. SOA', 'the fourth name of four'],
  ['a.first.test. CNAME', 'NOERROR', 'aa', undefined, 'no chain, as CNAME is what was asked for'],
  ['loop.first.test. A', 'NOERROR', 'aa', undefined, 'no last name at all'],
  ['x.cut.first.test. A', 'NOERROR', '', 'cut.first.test. NS', 'no chain: the first name is below the cut'],
]

for (const [question, rcode, flags, authority, why] of ROWS) {
  test(`RFC 6604 2, 3: ${question.replace(/x{10,}/, 'x…')} is ${rcode}${flags === '' ? '' : ' with AA'}: ${why}`, () => {
    const response = ask(question)
    assert.deepEqual([response.rcode, response.flags], [rcode, flags])
    const [owner, , , type] = response.authority[0]?.split(' ') ?? []
    assert.equal(owner === undefined ? undefined : `${owner} ${type}`, authority)
  })
}

test('RFC 6604 2.2: AD stays clear over all of a chain', () => {
  for (const [question] of ROWS) assert.ok(!converser([first, second])(question, { header: 'ad', dnssec: true }).header.includes('ad'))
})

/** RFC 6672: redirecting a whole subtree, with the table of its section 2.2 as tests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, zoneOf } from './ask.ts'

const HEAD = '@ 60 SOA ns.example.test. admin.example.test. 1 2 3 4 60\n@ 60 NS ns.example.test.\n'

/** RFC 6672 2.2, table 1: QNAME, owner of DNAME, its target, and what comes of it. */
const TABLE: [string, string, string, string][] = [
  ['com.', 'example.com.', 'example.net.', '<no match>'],
  ['example.com.', 'example.com.', 'example.net.', '<no match>'],
  ['a.example.com.', 'example.com.', 'example.net.', 'a.example.net.'],
  ['a.b.example.com.', 'example.com.', 'example.net.', 'a.b.example.net.'],
  ['ab.example.com.', 'b.example.com.', 'example.net.', '<no match>'],
  ['foo.example.com.', 'example.com.', 'example.net.', 'foo.example.net.'],
  ['a.x.example.com.', 'x.example.com.', 'example.net.', 'a.example.net.'],
  ['a.example.com.', 'example.com.', 'y.example.net.', 'a.y.example.net.'],
  ['cyc.example.com.', 'example.com.', 'example.com.', 'cyc.example.com.'],
  ['cyc.example.com.', 'example.com.', 'c.example.com.', 'cyc.c.example.com.'],
  ['shortloop.x.x.', 'x.', '.', 'shortloop.x.'],
  ['shortloop.x.', 'x.', '.', 'shortloop.'],
]

for (const [qname, owner, target, wanted] of TABLE) {
  test(`${qname} under ${owner} DNAME ${target} becomes ${wanted} (RFC 6672 2.2)`, () => {
    const origin = owner.split('.').slice(-2).join('.')
    const ask = asker(zoneOf(origin, `${HEAD}${owner} 60 DNAME ${target}\n`))
    const cname = ask(`${qname} A`).answer.find((record) => record.startsWith(`${qname} `) && record.includes('CNAME'))
    assert.equal(cname?.split(' ').at(-1) ?? '<no match>', wanted)
  })
}

test('the DNAME comes with the CNAME made from it, which has its TTL, and the target is followed (RFC 6672 3.1)', () => {
  const ask = asker(zoneOf('example.', `${HEAD}old 90 DNAME new\nwww.new 30 A 192.0.2.1\n`))
  const response = ask('www.old.example. A')
  assert.deepEqual(response.answer, ['old.example. 90 IN DNAME new.example.', 'www.old.example. 90 IN CNAME www.new.example.', 'www.new.example. 30 IN A 192.0.2.1'])
  assert.equal(response.flags, 'aa')
  assert.equal(ask('other.old.example. A').rcode, 'NXDOMAIN')
})

test('the owner of a DNAME has its own other records, and DNAME asked by name is answered (RFC 6672 2.3)', () => {
  const ask = asker(zoneOf('example.', `${HEAD}old 90 DNAME new\nold 90 A 192.0.2.7\n`))
  assert.deepEqual(ask('old.example. A').answer, ['old.example. 90 IN A 192.0.2.7'])
  assert.deepEqual(ask('old.example. DNAME').answer, ['old.example. 90 IN DNAME new.example.'])
  assert.equal(ask('old.example. TXT').authority.length, 1)
})

test('a DNAME at the apex redirects all below it, not the apex (RFC 6672 2.3)', () => {
  const ask = asker(zoneOf('example.', `${HEAD}@ 60 DNAME example.test.\n`))
  assert.deepEqual(ask('www.example. A').answer, ['example. 60 IN DNAME example.test.', 'www.example. 60 IN CNAME www.example.test.'])
  assert.equal(ask('example. SOA').answer.length, 1)
})

test('a name that would grow over 255 octets: YXDOMAIN, with the DNAME (RFC 6672 2.2)', () => {
  const long = Array(3).fill('x'.repeat(60)).join('.')
  const ask = asker(zoneOf('example.', `${HEAD}old 60 DNAME ${'y'.repeat(63)}.new\n`))
  const response = ask(`${long}.old.example. A`)
  assert.equal(response.rcode, 'YXDOMAIN')
  assert.equal(response.answer.length, 1)
})

test('chains of DNAME and CNAME are followed up to the limit, from zone to zone', () => {
  const ask = asker(zoneOf('a.test.', `${HEAD}d 60 DNAME e.b.test.\n`), zoneOf('b.test.', `${HEAD}e 60 DNAME f.b.test.\nx.f 60 CNAME end\nend 60 A 192.0.2.9\n`))
  assert.deepEqual(ask('x.d.a.test. A').answer, [
    'd.a.test. 60 IN DNAME e.b.test.', 'x.d.a.test. 60 IN CNAME x.e.b.test.', 'e.b.test. 60 IN DNAME f.b.test.',
    'x.e.b.test. 60 IN CNAME x.f.b.test.', 'x.f.b.test. 60 IN CNAME end.b.test.', 'end.b.test. 60 IN A 192.0.2.9',
  ])
})

test('a DNAME that grows its own subtree ends at the limit (RFC 6672 2.2, cyc)', () => {
  const ask = asker(zoneOf('example.', `${HEAD}old 60 DNAME x.old\n`))
  const response = ask('www.old.example. A', { tcp: true })
  assert.equal(response.rcode, 'NOERROR')
  assert.ok(response.answer.length <= 2 * 11)
})

test('a chain may come to a DNAME that it has used, and to its owner: no record is sent twice, and neither is a loop (RFC 2181 5, RFC 6672 2.3)', () => {
  const ask = asker(zoneOf('example.', `${HEAD}old 60 DNAME new\nold 60 A 192.0.2.7\ntwice.new 60 CNAME foo.old\nback.new 60 CNAME old\nfoo.new 60 A 192.0.2.8\n`))
  const twice = ask('twice.old.example. A').answer
  assert.equal(twice.filter((record) => record.includes('DNAME')).length, 1)
  assert.equal(twice.at(-1), 'foo.new.example. 60 IN A 192.0.2.8')
  assert.equal(ask('back.old.example. A').answer.at(-1), 'old.example. 60 IN A 192.0.2.7')
})

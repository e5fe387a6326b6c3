/** RFC 4592 2.2.1 and 3: the example zone and the questions that the RFC asks of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, zoneOf } from './ask.ts'

const SOA = 'example. 3600 IN SOA ns.example.com. admin.example.com. 1 7200 3600 604800 3600'
const zone = zoneOf('example.', `
$ORIGIN example.
example.                 3600 IN  SOA   ns.example.com. admin.example.com. 1 7200 3600 604800 3600
example.                 3600     NS    ns.example.com.
example.                 3600     NS    ns.example.net.
*.example.               3600     TXT   "this is a wildcard"
*.example.               3600     MX    10 host1.example.
sub.*.example.           3600     TXT   "this is not a wildcard"
host1.example.           3600     A     192.0.2.1
_ssh._tcp.host1.example. 3600     SRV   1 2 22 host1.example.
_ssh._tcp.host2.example. 3600     SRV   1 2 22 host2.example.
subdel.example.          3600     NS    ns.example.com.
subdel.example.          3600     NS    ns.example.net.
`)
const ask = asker(zone)

test('host3.example. MX is synthesized from *.example. (RFC 4592 2.2.1)', () => {
  const response = ask('host3.example. MX')
  assert.deepEqual(response.answer, ['host3.example. 3600 IN MX 10 host1.example.'])
  assert.deepEqual(response.additional, ['host1.example. 3600 IN A 192.0.2.1'])
})

test('host3.example. A: no error, no data, as the wildcard has no A (RFC 4592 2.2.1)', () => {
  assert.deepEqual([ask('host3.example. A').rcode, ask('host3.example. A').authority], ['NOERROR', [SOA]])
})

test('foo.bar.example. TXT is synthesized over two labels (RFC 4592 2.2.1)', () => {
  assert.deepEqual(ask('foo.bar.example. TXT').answer, ['foo.bar.example. 3600 IN TXT "this is a wildcard"'])
})

for (const [question, why] of [
  ['host1.example. MX', 'host1.example. exists'],
  ['sub.*.example. MX', 'sub.*.example. exists'],
  ['host1.example. TXT', 'host1.example. exists'],
] as const) {
  test(`${question} is not synthesized: ${why} (RFC 4592 2.2.1)`, () => {
    assert.deepEqual([ask(question).rcode, ask(question).answer, ask(question).authority], ['NOERROR', [], [SOA]])
  })
}

test('_telnet._tcp.host1.example. SRV is not synthesized: _tcp.host1.example. exists without data (RFC 4592 2.2.1)', () => {
  assert.deepEqual([ask('_telnet._tcp.host1.example. SRV').rcode, ask('_tcp.host1.example. SRV').rcode], ['NXDOMAIN', 'NOERROR'])
})

test('host.subdel.example. A is referred: subdel.example. is a zone cut (RFC 4592 2.2.1)', () => {
  const response = ask('host.subdel.example. A')
  assert.deepEqual([response.flags, response.authority.length], ['', 2])
})

test('ghost.*.example. MX is not synthesized: the asterisk label there is the encloser (RFC 4592 2.2.1)', () => {
  assert.equal(ask('ghost.*.example. MX').rcode, 'NXDOMAIN')
})

test('*.example. asked by name gives its records as they are (RFC 4592 2.2.1)', () => {
  assert.deepEqual(ask('*.example. MX').answer, ['*.example. 3600 IN MX 10 host1.example.'])
})

test('a CNAME at a wildcard is followed from the synthesized name (RFC 4592 4.4)', () => {
  const aliases = asker(zoneOf('example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n*.w 60 CNAME x.w\n*.v 60 CNAME ns\n'))
  assert.deepEqual(aliases('q.v.example. A').answer, ['q.v.example. 60 IN CNAME ns.example.', 'ns.example. 60 IN A 192.0.2.1'])
  assert.deepEqual(aliases('q.w.example. A').answer, ['q.w.example. 60 IN CNAME x.w.example.', 'x.w.example. 60 IN CNAME x.w.example.'])
})

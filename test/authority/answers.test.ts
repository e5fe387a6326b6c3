/** Answers from plain zones: what RFC 1034 4.3.2 and its refinements say for each kind of question. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS } from '../../src/dns/codes.ts'
import { asker, assertResponse, zoneOf } from './ask.ts'

const SOA = 'example. 300 IN SOA ns.example. admin.example. 1 7200 3600 604800 300'

const example = zoneOf('example.', `
$TTL 3600
@        SOA   ns admin 1 7200 3600 604800 300
         NS    ns
         NS    ns.elsewhere.test.
         MX    10 mail
ns       A     192.0.2.1
         AAAA  2001:db8::1
mail     A     192.0.2.2
www      A     192.0.2.3
         A     192.0.2.4
WWW      TXT   "case"
alias    CNAME www
Outside  CNAME www.elsewhere.test.
other    CNAME host.other.test.
chain1   CNAME chain2
chain2   CNAME chain3
chain3   CNAME nothing
loop1    CNAME loop2
loop2    CNAME loop1
self     CNAME self
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME c6
c6 CNAME c7
c7 CNAME c8
c8 CNAME c9
c9 CNAME c10
c10 CNAME c11
c11 CNAME c12
c12 CNAME c13
c13 A 192.0.2.13
a.b.ent  A     192.0.2.5
sub      NS    ns.sub
         NS    ns.sibling
         NS    ns
ns.sub   A     192.0.2.6
         AAAA  2001:db8::6
sibling  NS    ns.sibling
ns.sibling A   192.0.2.7
signed   NS    ns.elsewhere.test.
         DS    1 8 2 0000000000000000000000000000000000000000000000000000000000000000
insub    CNAME www.sub
svc      SVCB  1 . alpn=h2
         A     192.0.2.8
svc2     SVCB  0 svc
svc3     HTTPS 1 www port=8443
srv      SRV   1 2 53 mail
agent    AGENT 1 a7._sa latency=20ms
a7._sa   A     192.0.2.9
low      60 A  192.0.2.10
big      TXT   "${'x'.repeat(250)}" "${'y'.repeat(250)}" "${'z'.repeat(250)}"
`)
const other = zoneOf('other.test.', `
@    60 SOA ns.example. admin.example. 1 7200 3600 604800 60
     60 NS  ns.example.
host 60 A   198.51.100.1
`)
const child = zoneOf('child.example.net.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nwww 60 A 192.0.2.2\n')
const parent = zoneOf('example.net.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nchild 60 NS ns.child\nns.child 60 A 192.0.2.1\nchild 60 DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000\n')
const ask = asker(example, other, child, parent)

test('a name that is there: its RRset, whole, with AA (RFC 1034 4.3.2 step 3a)', () => {
  assertResponse(ask('www.example. A'), { answer: ['www.example. 3600 IN A 192.0.2.3', 'www.example. 3600 IN A 192.0.2.4'] })
})

test('the answer bears the name as it was asked (RFC 4343 4.1)', () => {
  assertResponse(ask('wWw.eXample. TXT'), { answer: ['wWw.eXample. 3600 IN TXT "case"'] })
})

test('a name without the type: the SOA with the TTL of MINIMUM (RFC 2308 3)', () => {
  assertResponse(ask('www.example. AAAA'), { authority: [SOA] })
})

test('a name that is not there: NXDOMAIN and the SOA (RFC 2308 2.1)', () => {
  assertResponse(ask('nothing.example. A'), { rcode: 'NXDOMAIN', authority: [SOA] })
})

test('an empty non-terminal exists: NODATA, not NXDOMAIN (RFC 4592 2.2.2, RFC 8020 2)', () => {
  assertResponse(ask('ent.example. A'), { authority: [SOA] })
  assertResponse(ask('b.ent.example. A'), { authority: [SOA] })
  assertResponse(ask('x.b.ent.example. A'), { rcode: 'NXDOMAIN', authority: [SOA] })
})

test('a name outside all zones: REFUSED, without AA', () => {
  assertResponse(ask('example.org. A'), { rcode: 'REFUSED', flags: '' })
  assertResponse(ask('. NS'), { rcode: 'REFUSED', flags: '' })
})

test('an alias: the CNAME and what its target has (RFC 1034 3.6.2)', () => {
  assertResponse(ask('alias.example. A'), { answer: ['alias.example. 3600 IN CNAME www.example.', 'www.example. 3600 IN A 192.0.2.3', 'www.example. 3600 IN A 192.0.2.4'] })
})

test('QTYPE CNAME: the CNAME alone (RFC 1034 3.6.2)', () => {
  assertResponse(ask('alias.example. CNAME'), { answer: ['alias.example. 3600 IN CNAME www.example.'] })
})

test('an alias to a name outside our zones: the CNAME alone', () => {
  assertResponse(ask('outside.example. A'), { answer: ['outside.example. 3600 IN CNAME www.elsewhere.test.'] })
})

test('an alias into another zone of ours is followed there (RFC 1034 4.3.2 step 3a: go back to step 1)', () => {
  assertResponse(ask('other.example. A'), { answer: ['other.example. 3600 IN CNAME host.other.test.', 'host.other.test. 60 IN A 198.51.100.1'] })
})

test('RCODE speaks of the last name of a chain (RFC 6604 3)', () => {
  const chain = [1, 2, 3].map((n) => `chain${n}.example. 3600 IN CNAME ${n < 3 ? `chain${n + 1}` : 'nothing'}.example.`)
  assertResponse(ask('chain1.example. A'), { rcode: 'NXDOMAIN', answer: chain, authority: [SOA] })
})

test('a chain in a circle ends when it closes, each record once', () => {
  assertResponse(ask('loop1.example. A'), { answer: ['loop1.example. 3600 IN CNAME loop2.example.', 'loop2.example. 3600 IN CNAME loop1.example.'] })
  assertResponse(ask('self.example. A'), { answer: ['self.example. 3600 IN CNAME self.example.'] })
})

test('a chain longer than MAX_CHAIN ends there: the asker goes on', () => {
  const response = ask('c1.example. A', { tcp: true })
  assert.equal(response.rcode, 'NOERROR')
  assert.equal(response.answer.length, 11)
  assert.equal(response.answer.at(-1), 'c11.example. 3600 IN CNAME c12.example.')
})

test('an alias to below a cut: the CNAME and the referral (RFC 1034 4.3.2 step 3b)', () => {
  const response = ask('insub.example. A')
  assert.deepEqual(response.answer, ['insub.example. 3600 IN CNAME www.sub.example.'])
  assert.equal(response.authority.length, 3)
  assert.equal(response.flags, 'aa')
})

test('a name below a cut: a referral without AA, NS and glue of every server (RFC 1034 4.3.2 step 3b)', () => {
  const wanted = {
    flags: '',
    authority: ['sub.example. 3600 IN NS ns.sub.example.', 'sub.example. 3600 IN NS ns.sibling.example.', 'sub.example. 3600 IN NS ns.example.'],
    additional: [
      'ns.sub.example. 3600 IN A 192.0.2.6', 'ns.sub.example. 3600 IN AAAA 2001:db8::6', 'ns.sibling.example. 3600 IN A 192.0.2.7',
      'ns.example. 3600 IN A 192.0.2.1', 'ns.example. 3600 IN AAAA 2001:db8::1',
    ],
  }
  assertResponse(ask('www.sub.example. A'), wanted)
  assertResponse(ask('sub.example. NS'), wanted)
  assertResponse(ask('ns.sub.example. A'), wanted)
})

test('DS at a cut is the parent’s: answered with AA (RFC 4035 3.1.4.1)', () => {
  const DS = 'DS 1 8 2 0000000000000000000000000000000000000000000000000000000000000000'
  assertResponse(ask('signed.example. DS'), { answer: [`signed.example. 3600 IN ${DS}`] })
  assertResponse(ask('sub.example. DS'), { authority: [SOA] })
  assert.equal(ask('www.sub.example. DS').flags, '')
  assertResponse(ask('child.example.net. DS'), { answer: [`child.example.net. 60 IN ${DS}`] })
  assertResponse(ask('example.net. DS'), { authority: ['example.net. 60 IN SOA ns.example.net. admin.example.net. 1 2 3 4 60'] })
})

test('of two zones the nearer one answers (RFC 1034 4.3.2 step 2)', () => {
  assertResponse(ask('www.child.example.net. A'), { answer: ['www.child.example.net. 60 IN A 192.0.2.2'] })
  assert.equal(ask('child.example.net. SOA').answer[0], 'child.example.net. 60 IN SOA ns.child.example.net. admin.child.example.net. 1 2 3 4 60')
})

test('addresses of the hosts that the answer names (RFC 1034 4.3.2 step 6)', () => {
  const mail = ['mail.example. 3600 IN A 192.0.2.2']
  assert.deepEqual(ask('example. MX').additional, mail)
  assert.deepEqual(ask('srv.example. SRV').additional, mail)
  assert.deepEqual(ask('example. NS').additional, ['ns.example. 3600 IN A 192.0.2.1', 'ns.example. 3600 IN AAAA 2001:db8::1'])
})

test('SVCB and HTTPS bring the addresses of their targets, and the SVCB behind an alias (RFC 9460 4.1)', () => {
  assert.deepEqual(ask('svc.example. SVCB').additional, ['svc.example. 3600 IN A 192.0.2.8'])
  assert.deepEqual(ask('svc2.example. SVCB').additional, ['svc.example. 3600 IN A 192.0.2.8', 'svc.example. 3600 IN SVCB 1 . alpn=h2'])
  assert.deepEqual(ask('svc3.example. HTTPS').additional, ['www.example. 3600 IN A 192.0.2.3', 'www.example. 3600 IN A 192.0.2.4'])
})

test('AGENT brings the addresses of the agents it names (docs/protocol.md 4)', () => {
  assert.deepEqual(ask('agent.example. AGENT').additional, ['a7._sa.example. 3600 IN A 192.0.2.9'])
})

test('TASK and SENSE bring the addresses of their agents too (docs/protocol.md 4)', () => {
  const tasks = asker(zoneOf('example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nt1._task 60 TASK 2 a7._sa\ncap 60 SENSE 9 a7._sa latency=20ms\na7._sa 60 A 192.0.2.9\n'))
  for (const question of ['t1._task.example. TASK', 'cap.example. SENSE']) assert.deepEqual(tasks(question).additional, ['a7._sa.example. 60 IN A 192.0.2.9'])
})

test('QTYPE ANY: one RRset over UDP, all over TCP (RFC 8482 4.1, 4.4)', () => {
  assert.deepEqual(ask('ns.example. ANY').answer, ['ns.example. 3600 IN A 192.0.2.1'])
  assert.deepEqual(ask('ns.example. ANY', { tcp: true }).answer.sort(), ['ns.example. 3600 IN A 192.0.2.1', 'ns.example. 3600 IN AAAA 2001:db8::1'])
  assert.deepEqual(ask('alias.example. ANY').answer, ['alias.example. 3600 IN CNAME www.example.'])
  assert.deepEqual(ask('ent.example. ANY').authority, [SOA])
})

test('an RRset that does not fit is left out whole and TC set (RFC 2181 9)', () => {
  const small = ask('big.example. TXT')
  assert.deepEqual([small.flags, small.answer], ['aa tc', []])
  assert.deepEqual(ask('big.example. TXT', { size: 1232 }).answer.length, 1)
  assert.deepEqual(ask('big.example. TXT', { tcp: true }).answer.length, 1)
})

test('class LOCAL is served beside IN, each its own tree (docs/protocol.md 1)', () => {
  const local = zoneOf('floor3.example.', '@ 60 LOCAL SOA ns admin 1 2 3 4 60\n@ 60 LOCAL NS ns\nns 60 LOCAL A 192.0.2.77\n', CLASS.LOCAL)
  const both = asker(local, zoneOf('floor3.example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.78\n'))
  assert.deepEqual(both('ns.floor3.example. A LOCAL').answer, ['ns.floor3.example. 60 LOCAL A 192.0.2.77'])
  assert.deepEqual(both('ns.floor3.example. A IN').answer, ['ns.floor3.example. 60 IN A 192.0.2.78'])
  assert.equal(asker(local)('ns.floor3.example. A IN').rcode, 'REFUSED')
})

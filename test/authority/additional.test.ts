/** Additional sections (RFC 1034 4.3.2 step 6): what is added for whom, what never is, and what happens when it does not fit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_ADDITIONAL_TARGETS, MAX_ANSWER_RRSETS } from '../../src/dns/limits.ts'
import { asker, zoneOf } from './ask.ts'

const ask = asker(zoneOf('example.', `
$TTL 60
@        SOA   ns admin 1 2 3 4 60
@        NS    ns
ns       A     192.0.2.1
host     A     192.0.2.2
host     AAAA  2001:db8::2
mx       MX    1 host
mx       MX    2 HOST
mx       MX    3 away.test.
kx       KX    1 host
afsdb    AFSDB 1 host
rt       RT    1 host
srv      SRV   0 0 53 host
naptr    NAPTR 0 0 "s" "" "" host
ptr      PTR   host
agent    AGENT 1 host
alias    CNAME host
mxalias  MX    1 alias
mxdname  MX    1 x.dname
dname    DNAME host
*.wild   A     192.0.2.3
mxwild   MX    1 a.wild
mxdeep   MX    1 a.b.c.wild
mxempty  MX    1 ent
a.ent    A     192.0.2.4
sub      NS    ns.sub
sub      NS    q.wild
ns.sub   A     192.0.2.5
mxcut    MX    1 ns.sub
nscut    NS    ns.sub
srvroot  SRV   0 0 0 .
mxroot   MX    0 .
svcroot  SVCB  1 .
svcroot  AAAA  2001:db8::6
alias1   SVCB  0 alias2
alias2   SVCB  0 alias3
alias3   SVCB  1 host alpn=h2
loop1    HTTPS 0 loop2
loop2    HTTPS 0 loop1
mixed    SVCB  0 https
https    HTTPS 1 host
*.svc    SVCB  1 .
*.svc    A     192.0.2.7
`))

const HOST = ['host.example. 60 IN A 192.0.2.2', 'host.example. 60 IN AAAA 2001:db8::2']

function additional(question: string): string[] {
  return ask(question, { tcp: true }).additional
}

for (const [question, rfc] of [
  ['mx.example. MX', 'RFC 1035 3.3.9'], ['kx.example. KX', 'RFC 2230'], ['afsdb.example. AFSDB', 'RFC 1183 1'], ['rt.example. RT', 'RFC 1183 3.3'],
  ['srv.example. SRV', 'RFC 2782'], ['agent.example. AGENT', 'docs/protocol.md 4'],
]) {
  test(`${question}: the addresses of the host it names, each once (${rfc})`, () => {
    assert.deepEqual(additional(question), HOST)
  })
}

for (const [question, why] of [
  ['naptr.example. NAPTR', 'NAPTR leads to further questions first'], ['ptr.example. PTR', 'PTR names no host to be asked'],
  ['mxalias.example. MX', 'an exchange may not be an alias (RFC 2181 10.3)'], ['mxdname.example. MX', 'nor lie below a DNAME'],
  ['mxempty.example. MX', 'an empty non-terminal has no address'], ['mxcut.example. MX', 'addresses below a cut are glue, for referrals alone (RFC 2181 5.4.1)'],
  ['mxroot.example. MX', 'the root as exchange means none (RFC 7505 3)'], ['srvroot.example. SRV', 'the root as target means none (RFC 2782)'],
]) {
  test(`${question}: nothing, as ${why}`, () => {
    assert.deepEqual(additional(question), [])
  })
}

test('a host that a wildcard stands for has the wildcard’s address under its own name (RFC 4592 3.3)', () => {
  assert.deepEqual(additional('mxwild.example. MX'), ['a.wild.example. 60 IN A 192.0.2.3'])
  assert.deepEqual(additional('mxdeep.example. MX'), ['a.b.c.wild.example. 60 IN A 192.0.2.3'])
})

test('glue of a referral comes first, then other addresses, made by a wildcard too (RFC 9471 3)', () => {
  assert.deepEqual(additional('www.sub.example. A'), ['ns.sub.example. 60 IN A 192.0.2.5', 'q.wild.example. 60 IN A 192.0.2.3'])
})

test('the glue of one cut serves another that names it: sibling glue (RFC 9471 2.3)', () => {
  assert.deepEqual(additional('www.nscut.example. A'), ['ns.sub.example. 60 IN A 192.0.2.5'])
})

test('SVCB with target `.`: the addresses of its owner, a wildcard’s as well (RFC 9460 2.5.2, 4.1)', () => {
  assert.deepEqual(additional('svcroot.example. SVCB'), ['svcroot.example. 60 IN AAAA 2001:db8::6'])
  assert.deepEqual(additional('q.svc.example. SVCB'), ['q.svc.example. 60 IN A 192.0.2.7'])
})

test('SVCB aliases are followed from record to record, to the addresses at their end (RFC 9460 4.1)', () => {
  assert.deepEqual(additional('alias1.example. SVCB'), ['alias2.example. 60 IN SVCB 0 alias3.example.', 'alias3.example. 60 IN SVCB 1 host.example. alpn=h2', ...HOST])
})

test('SVCB aliases in a circle end where they close (RFC 9460 2.4.2)', () => {
  assert.deepEqual(additional('loop1.example. HTTPS'), ['loop2.example. 60 IN HTTPS 0 loop1.example.'])
})

test('HTTPS is not added for SVCB: a client looks for the type that it asked for (RFC 9460 4.1)', () => {
  assert.deepEqual(additional('mixed.example. SVCB'), [])
})

test('RRSIGs of what is added come with it where the asker wants them (RFC 4035 3.1.1)', () => {
  const signed = asker(zoneOf('example.', '@ 60 MX 1 ns\nns 60 A 192.0.2.1\nns 60 RRSIG A 13 2 60 20380101000000 20200101000000 1 example. AAAA\n'))
  assert.deepEqual(signed('example. MX', { dnssec: true }).additional.map((line) => line.split(' ')[3]), ['A', 'RRSIG'])
  assert.deepEqual(signed('example. MX').additional.map((line) => line.split(' ')[3]), ['A'])
})

// ---- What does not fit ----

function many(count: number, line: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n')
}

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'

test('glue below the cut that does not fit sets TC; what fits is sent (RFC 9471 3.1)', () => {
  const cut = asker(zoneOf('example.', `${HEAD}${many(12, (i) => `sub NS ns${i}.sub\nns${i}.sub A 192.0.2.${i + 1}\nns${i}.sub AAAA 2001:db8::${i + 1}`)}\n`))
  const small = cut('www.sub.example. A')
  assert.equal(small.flags, 'tc')
  assert.equal(small.authority.length, 12)
  assert.ok(small.additional.length > 5 && small.octets <= 512, `${small.additional.length} addresses in ${small.octets} octets`)
  const large = cut('www.sub.example. A', { size: 1232 })
  assert.deepEqual([large.flags, large.additional.length], ['', 24])
})

test('addresses of servers elsewhere that do not fit are left out without TC, and never take the place of glue (RFC 9471 3.2)', () => {
  const cut = asker(zoneOf('example.', `${HEAD}${many(10, (i) => `sub NS ns${i}.other\nns${i}.other A 192.0.2.${i + 1}\nns${i}.other AAAA 2001:db8::${i + 1}`)}\nsub NS ns.sub\nns.sub A 192.0.2.99\n`))
  const response = cut('www.sub.example. A')
  assert.equal(response.flags, '')
  assert.equal(response.additional[0], 'ns.sub.example. 60 IN A 192.0.2.99')
  assert.ok(response.additional.length > 1 && response.additional.length < 21, `${response.additional.length} of 21`)
})

test('an answer that does not fit keeps the chain before it: whole RRsets, then TC (RFC 2181 9)', () => {
  const chain = asker(zoneOf('example.', `${HEAD}a CNAME b\nb CNAME c\n${many(40, (i) => `c A 192.0.2.${i}`)}\n`))
  const { flags, answer, authority, additional: rest } = chain('a.example. A')
  assert.deepEqual([flags, answer.length, authority, rest], ['aa tc', 2, [], []])
  assert.equal(chain('a.example. A', { tcp: true }).answer.length, 42)
})

test('a signature goes and stays with its RRset (RFC 4035 3.1.1)', () => {
  const signature = `RRSIG A 13 2 60 20380101000000 20200101000000 1 example. ${'A'.repeat(400)}`
  const signed = asker(zoneOf('example.', `${HEAD}mx MX 1 host\nhost A 192.0.2.1\nhost ${signature}\nbig A 192.0.2.1\nbig ${signature}\nbig ${signature.replace('20200101', '20200102')}\n`))
  const left = signed('mx.example. MX', { dnssec: true, size: 512 })
  assert.deepEqual([left.flags, left.additional.length], ['aa', 2])
  const cut = signed('big.example. A', { dnssec: true, size: 512 })
  assert.deepEqual([cut.flags, cut.answer], ['aa tc', []])
})

test('a denial that does not fit sets TC: half a proof is none (RFC 2181 9, RFC 4035 3.1.3)', () => {
  const signature = (type: string): string => `RRSIG ${type} 13 1 60 20380101000000 20200101000000 1 example. ${'A'.repeat(400)}`
  const signed = asker(zoneOf('example.', `${HEAD}@ ${signature('SOA')}\n@ NSEC ns A\n@ ${signature('NSEC')}\n`))
  assert.equal(signed('no.example. A', { dnssec: true, size: 512 }).flags, 'aa tc')
  assert.equal(signed('no.example. A', { dnssec: true, size: 1232 }).flags, 'aa')
})

test('more RRsets than MAX_ANSWER_RRSETS: required ones set TC, over TCP too', () => {
  const types = many(MAX_ANSWER_RRSETS, (i) => `all TYPE${i + 1000} \\# 1 00\nall RRSIG TYPE${i + 1000} 13 2 60 20380101000000 20200101000000 1 example. AAAA`)
  const all = asker(zoneOf('example.', `${HEAD}${types}\n`))
  const response = all('all.example. ANY', { tcp: true, dnssec: true })
  assert.equal(response.flags, 'aa tc')
  assert.equal(response.answer.length, MAX_ANSWER_RRSETS)
  for (let i = 0; i < response.answer.length; i += 2) assert.equal(response.answer[i].split(' ')[3], response.answer[i + 1].split(' ')[4], 'each RRset is followed by its own signature')
})

test('more addresses than MAX_ANSWER_RRSETS are left out without TC; more glue sets it', () => {
  const hosts = many(300, (i) => `@ MX 1 h${i}\nh${i} A 10.0.${i >> 8}.${i & 255}\nsub NS h${i}.sub\nh${i}.sub A 10.0.${i >> 8}.${i & 255}`)
  const wide = asker(zoneOf('example.', `${HEAD}${hosts}\n`))
  const exchanges = wide('example. MX', { tcp: true })
  assert.deepEqual([exchanges.flags, exchanges.answer.length, exchanges.additional.length], ['aa', 300, MAX_ANSWER_RRSETS - 2])
  assert.equal(wide('www.sub.example. A', { tcp: true }).flags, 'tc')
})

test('no more than MAX_ADDITIONAL_TARGETS hosts are looked up, whatever an RRset names', () => {
  const before = many(MAX_ADDITIONAL_TARGETS, (i) => `@ MX 1 none${i}`)
  assert.equal(asker(zoneOf('example.', `${HEAD}${before}\n@ MX 1 ns\n`))('example. MX', { tcp: true }).additional.length, 0)
  assert.equal(asker(zoneOf('example.', `${HEAD}${before.split('\n').slice(1).join('\n')}\n@ MX 1 ns\n`))('example. MX', { tcp: true }).additional.length, 1)
})

/** Corners of the algorithm that have a rule of their own: ANY, DS between zones, classes, TTLs of absence, limits of chains. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS } from '../../src/dns/codes.ts'
import { MAX_CHAIN } from '../../src/dns/limits.ts'
import { asker, converser, zoneOf } from './ask.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'

test('DS of a zone of ours below a cut to a zone that we do not serve: our own zone says that it holds none (RFC 4035 3.1.4.1)', () => {
  const ask = asker(zoneOf('example.', `${HEAD}mid NS ns.mid\nns.mid A 192.0.2.2\n`), zoneOf('low.mid.example.', HEAD))
  const response = ask('low.mid.example. DS')
  assert.deepEqual([response.flags, response.authority], ['aa', ['low.mid.example. 60 IN SOA ns.low.mid.example. admin.low.mid.example. 1 2 3 4 60']])
  assert.equal(ask('other.mid.example. DS').flags, '', 'a name that is no apex of ours is referred')
  assert.equal(ask('x.low.mid.example. DS').rcode, 'NXDOMAIN')
})

test('DS at the cut is the parent’s, where we serve both zones, and the child’s NODATA where we serve the child alone (RFC 4035 3.1.4.1)', () => {
  const child = zoneOf('sub.example.', HEAD)
  const parent = zoneOf('example.', `${HEAD}sub NS ns.sub\nsub DS 1 13 2 ${'00'.repeat(32)}\n`)
  assert.equal(asker(parent, child)('sub.example. DS').answer.length, 1)
  assert.equal(asker(parent, child)('sub.example. NS').answer[0], 'sub.example. 60 IN NS ns.sub.example.')
  assert.deepEqual(asker(child)('sub.example. DS').authority, ['sub.example. 60 IN SOA ns.sub.example. admin.sub.example. 1 2 3 4 60'])
})

test('DS at the end of a chain follows the same rule (RFC 4035 3.1.4.1)', () => {
  const parent = zoneOf('example.', `${HEAD}sub NS ns.sub\nsub DS 1 13 2 ${'00'.repeat(32)}\nto CNAME sub\n`)
  assert.equal(asker(parent, zoneOf('sub.example.', HEAD))('to.example. DS').answer.length, 2)
})

test('ANY over UDP: the smallest RRset, NSEC only where there is nothing else (RFC 8482 4.1)', () => {
  const ask = asker(zoneOf('example.', `${HEAD}both TXT "a long text, longer than an NSEC"\nboth NSEC c\nalone NSEC c\n`))
  assert.deepEqual(ask('both.example. ANY').answer.map((line) => line.split(' ')[3]), ['TXT'])
  assert.deepEqual(ask('alone.example. ANY').answer.map((line) => line.split(' ')[3]), ['NSEC'])
})

test('ANY over UDP brings the signature of its one RRset, and no other (RFC 8482 4.1)', () => {
  const signature = (type: string): string => `www RRSIG ${type} 13 2 60 20380101000000 20200101000000 1 example. AAAA`
  const ask = asker(zoneOf('example.', `${HEAD}www A 192.0.2.1\nwww TXT "longer than an address"\n${signature('A')}\n${signature('TXT')}\n`))
  assert.deepEqual(ask('www.example. ANY', { dnssec: true }).answer.map((line) => line.split(' ').slice(3, 5).join(' ')), ['A 192.0.2.1', 'RRSIG A'])
})

test('class ANY is answered from class IN, without AA (RFC 1035 6.2)', () => {
  const ask = asker(zoneOf('example.', HEAD), zoneOf('example.', HEAD.replace('192.0.2.1', '192.0.2.9'), CLASS.LOCAL))
  assert.deepEqual([ask('ns.example. A ANY').flags, ask('ns.example. A ANY').answer], ['', ['ns.example. 60 IN A 192.0.2.1']])
  assert.deepEqual([ask('no.example. A ANY').flags, ask('no.example. A ANY').rcode], ['', 'NXDOMAIN'])
})

test('absence is remembered as long as the lesser of SOA’s TTL and MINIMUM says, the NSEC with it (RFC 2308 3, RFC 9077 3)', () => {
  for (const [ttl, minimum, wanted] of [[900, 300, 300], [300, 900, 300], [300, 0, 0]]) {
    const ask = asker(zoneOf('example.', `@ ${ttl} SOA ns admin 1 2 3 4 ${minimum}\n@ 3600 NSEC example. SOA NSEC\n@ 3600 RRSIG NSEC 13 1 3600 20380101000000 20200101000000 1 example. AAAA\n`))
    assert.deepEqual(ask('no.example. A', { dnssec: true }).authority.map((line) => Number(line.split(' ')[1])), [wanted, wanted, wanted])
    assert.match(ask('example. NSEC').answer[0], / 3600 IN NSEC /, 'asked for itself it has its own TTL')
  }
})

test('a chain of MAX_CHAIN steps is followed to its end, one more is not', () => {
  const chain = (steps: number): string => Array.from({ length: steps }, (_, i) => `c${i} CNAME c${i + 1}`).join('\n')
  for (const [steps, records] of [[MAX_CHAIN, MAX_CHAIN + 1], [MAX_CHAIN + 1, MAX_CHAIN + 1]]) {
    const ask = asker(zoneOf('example.', `${HEAD}${chain(steps)}\nc${steps} A 192.0.2.7\n`))
    const { answer, rcode } = ask('c0.example. A', { tcp: true })
    assert.deepEqual([answer.length, rcode, answer.some((line) => line.includes(' A '))], [records, 'NOERROR', steps === MAX_CHAIN])
  }
})

test('DNAMEs that lead ever deeper end after MAX_CHAIN steps, each with its own CNAME (RFC 6672 3.4)', () => {
  const ask = asker(zoneOf('example.', `${HEAD}down DNAME deeper.down\n`))
  const { answer, rcode } = ask('x.down.example. A', { tcp: true })
  assert.deepEqual([answer.length, rcode], [1 + MAX_CHAIN + 1, 'NOERROR'])
  assert.equal(new Set(answer).size, answer.length)
})

test('every step of a chain over wildcards proves itself, each proof once (RFC 4035 3.1.3.3)', () => {
  const signature = (owner: string, type: string): string => `${owner} RRSIG ${type} 13 2 60 20380101000000 20200101000000 1 example. AAAA`
  const text = `${HEAD}*.one CNAME a.two\n${signature('*.one', 'CNAME')}\n*.two CNAME b.one\n${signature('*.two', 'CNAME')}\n@ NSEC *.one SOA\n*.one NSEC *.two CNAME\n*.two NSEC example. CNAME\n`
  const { answer, authority } = asker(zoneOf('example.', text))('z.one.example. A', { dnssec: true, tcp: true })
  assert.equal(answer.filter((line) => line.includes(' IN CNAME ')).length, 3)
  assert.deepEqual(authority.map((line) => line.split(' ')[0]), ['*.one.example.', '*.two.example.'])
})

test('names of 255 octets and of 127 labels are answered', () => {
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(53)}`
  const deep = 'x.'.repeat(122).slice(0, -1)
  const ask = asker(zoneOf('example.', `${HEAD}${long} A 192.0.2.8\n${deep} A 192.0.2.9\n*.w TXT "w"\n`))
  assert.equal(ask(`${long}.example. A`).answer.length, 1)
  assert.equal(ask(`${deep}.example. A`).answer.length, 1)
  assert.equal(ask(`y.${deep}.example. A`).rcode, 'NXDOMAIN')
  assert.equal(ask(`${'x.'.repeat(121)}w.example. TXT`, { tcp: true }).answer.length, 1)
})

test('the AG bit is set in answers of zones that hold agents, and of no others (docs/protocol.md 1)', () => {
  for (const [record, header] of [['x A 192.0.2.2', 'qr aa'], ['v1._cap AGENT 1 a._sa', 'qr aa ag'], ['v1._cap SENSE 1 a._sa', 'qr aa ag'], ['t._task TASK 0 a._sa', 'qr aa ag']]) {
    const ask = converser([zoneOf('example.', `${HEAD}${record}\n`)])
    assert.deepEqual([ask('ns.example. A', { header: 'ag' }).header, ask('ns.example. A').header], [header, 'qr aa'])
  }
})

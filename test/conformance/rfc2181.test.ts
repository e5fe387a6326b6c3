/** RFC 2181: what it made clear about RRsets, TTLs, zone cuts, TC, aliases and names, seen in answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Name } from '../../src/dns/name.ts'
import { asker, assertResponse, zoneOf } from '../authority/ask.ts'
import { load } from '../zone/support.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'

test('5.1 records of a set are sent together or not at all: a set that does not fit has none of them', () => {
  const many = Array.from({ length: 40 }, (_, i) => `h A 192.0.2.${i}\n`).join('')
  const ask = asker(zoneOf('example.', HEAD + many))
  assert.deepEqual([ask('h.example. A').answer.length, ask('h.example. A').flags], [0, 'aa tc'])
  assert.deepEqual([ask('h.example. A', { size: 1232 }).answer.length, ask('h.example. A', { size: 1232 }).flags], [40, 'aa'])
})

test('5.2 a set has one TTL: that of its first record, for all; the file is told so', () => {
  const text = `${HEAD}h 300 A 192.0.2.1\nh 100 A 192.0.2.2\nh 500 A 192.0.2.3\n`
  assert.deepEqual(asker(zoneOf('example.', text))('h.example. A').answer.map((record) => record.split(' ')[1]), ['300', '300', '300'])
  assert.deepEqual(load(text, 'example.').findings.map(({ check, line }) => [check, line]), [['ttl-differs-in-rrset', 6], ['ttl-differs-in-rrset', 7]])
})

test('5.3 signatures are sets by what they cover: a question for a type brings its own alone', () => {
  const signature = (type: string): string => `h RRSIG ${type} 13 2 60 20370101000000 20260101000000 1 example. AAAA\n`
  const ask = asker(zoneOf('example.', `${HEAD}h A 192.0.2.1\nh TXT t\n${signature('A')}${signature('TXT')}`))
  assert.deepEqual(ask('h.example. TXT', { dnssec: true }).answer.map((record) => record.split(' ').slice(3, 5).join(' ')), ['TXT "t"', 'RRSIG TXT'])
  assert.deepEqual(ask('h.example. RRSIG').answer.length, 2)
})

test('5.4.1 what the zone above says of the NS and addresses of a cut is not authoritative: no AA, and not in the answer', () => {
  const ask = asker(zoneOf('example.', `${HEAD}sub NS ns.sub\nns.sub A 192.0.2.2\n`))
  const referral = { flags: '', authority: ['sub.example. 60 IN NS ns.sub.example.'], additional: ['ns.sub.example. 60 IN A 192.0.2.2'] }
  for (const question of ['sub.example. NS', 'ns.sub.example. A', 'ns.sub.example. AAAA', 'sub.example. ANY']) assertResponse(ask(question), referral)
})

test('5.5 a set stands once in a response, also where several records lead to it', () => {
  const ask = asker(zoneOf('example.', `${HEAD}m MX 1 ns\nm MX 2 NS\nm MX 3 ns.EXAMPLE.\n`))
  assert.deepEqual(ask('m.example. MX').additional.length, 1)
  assert.equal(ask('example. NS').additional.length, 1)
})

test('6.1 where zone and subzone are both served, each speaks for its side: the NS of the subzone are its own, with AA', () => {
  const above = zoneOf('example.', `${HEAD}sub NS old.sub\nold.sub A 192.0.2.2\n`)
  const below = zoneOf('sub.example.', '$TTL 9\n@ SOA new admin 7 2 3 4 9\n@ NS new\nnew A 192.0.2.3\n')
  const ask = asker(above, below)
  assertResponse(ask('sub.example. NS'), { answer: ['sub.example. 9 IN NS new.sub.example.'], additional: ['new.sub.example. 9 IN A 192.0.2.3'] })
  assert.equal(ask('old.sub.example. A').rcode, 'NXDOMAIN')
})

test('6.1 a name server for a zone may live in it, or anywhere else: the cut is where NS stand, at names with other names below', () => {
  const ask = asker(zoneOf('example.', `${HEAD}a.b.c NS ns.test.\n`))
  assert.deepEqual(['c.example. A', 'b.c.example. A', 'a.b.c.example. A', 'x.a.b.c.example. A'].map((question) => ask(question).flags), ['aa', 'aa', '', ''])
})

test('7.1 the SOA of a negative answer stands in the authority section; asked for, in the answer', () => {
  const ask = asker(zoneOf('example.', HEAD))
  const soa = 'example. 60 IN SOA ns.example. admin.example. 1 2 3 4 60'
  assertResponse(ask('none.example. A'), { rcode: 'NXDOMAIN', authority: [soa] })
  assertResponse(ask('example. SOA'), { answer: [soa] })
})

test('7.2 the TTL of a SOA is like any other: it is what the file gives it, not 0', () => {
  assert.match(asker(zoneOf('example.', '@ 4711 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\n'))('example. SOA').answer[0], /^example\. 4711 /)
})

test('8 a TTL is a number of 31 bits: the largest is served, the next is refused', () => {
  const ask = asker(zoneOf('example.', `${HEAD}h 2147483647 A 192.0.2.1\nzero 0 A 192.0.2.1\n`))
  assert.deepEqual(ask('h.example. A').answer, ['h.example. 2147483647 IN A 192.0.2.1'])
  assert.deepEqual(ask('zero.example. A').answer, ['zero.example. 0 IN A 192.0.2.1'])
  assert.match(load(`${HEAD}h 2147483648 A 192.0.2.1\n`, 'example.').findings[0].message, /2147483648/)
})

test('9 TC is for what was required alone: additional records that do not fit are left out without it', () => {
  const mail = Array.from({ length: 20 }, (_, i) => `m MX 1 h${i}\nh${i} A 192.0.2.${i}\nh${i} AAAA 2001:db8::${i}\n`).join('')
  const response = asker(zoneOf('example.', HEAD + mail))('m.example. MX')
  assert.equal(response.flags, 'aa')
  assert.equal(response.answer.length, 20)
  assert.ok(response.additional.length < 40 && response.octets <= 512)
})

test('9 where TC is set, what could not be sent begins at the section that was cut, and TCP has all of it', () => {
  const text = Array.from({ length: 3 }, (_, i) => `"${String(i).repeat(250)}"`).join(' ')
  const ask = asker(zoneOf('example.', `${HEAD}alias CNAME big\nbig TXT ${text}\n`))
  assertResponse(ask('alias.example. TXT'), { flags: 'aa tc', answer: ['alias.example. 60 IN CNAME big.example.'] })
  assert.equal(ask('alias.example. TXT', { tcp: true }).answer.length, 2)
})

test('10.1 a CNAME is the only data of its name, DNSSEC apart (RFC 4034 3, 4): other data are an error, those of DNSSEC are not', () => {
  const verdict = (text: string): string[] => load(`${HEAD}alias CNAME ns\n${text}`, 'example.').findings.filter(({ severity }) => severity === 'error').map(({ check }) => check)
  assert.deepEqual(verdict('alias A 192.0.2.1\n'), ['cname-and-other-data'])
  assert.deepEqual(verdict('alias CNAME other\n'), ['several-cnames'])
  assert.deepEqual(verdict('alias NSEC example. CNAME RRSIG NSEC\nalias RRSIG CNAME 13 2 60 20370101000000 20260101000000 1 example. AAAA\n'), [])
})

test('10.2 an address may have several names, and the name of its PTR may be an alias into another tree (RFC 2317 4)', () => {
  const reverse = zoneOf('2.0.192.in-addr.arpa.', `${HEAD}1 PTR a.test.\n1 PTR b.test.\n2 CNAME 2.0-127\n2.0-127 PTR c.test.\n`)
  const ask = asker(reverse)
  assert.deepEqual(ask('1.2.0.192.in-addr.arpa. PTR').answer.map((record) => record.split(' ').at(-1)), ['a.test.', 'b.test.'])
  assert.deepEqual(ask('2.2.0.192.in-addr.arpa. PTR').answer.map((record) => record.split(' ').slice(3).join(' ')), ['CNAME 2.0-127.2.0.192.in-addr.arpa.', 'PTR c.test.'])
})

test('10.3 NS and MX that name an alias get no additional records: neither the alias nor what it leads to', () => {
  const ask = asker(zoneOf('example.', `${HEAD}@ NS alias\n@ MX 1 alias\nalias CNAME ns\n`))
  assert.deepEqual([ask('example. MX').additional, ask('example. NS').additional], [[], ['ns.example. 60 IN A 192.0.2.1']])
})

test('11 labels hold any octets: each of the 256 is served as a label of its own, and as octets, not as letters', () => {
  const codes = Array.from({ length: 256 }, (_, code) => code).filter((code) => code !== 0x2a) // an asterisk alone is a wildcard
  const label = (code: number): string => `\\${String(code).padStart(3, '0')}`
  const ask = asker(zoneOf('example.', HEAD + codes.map((code) => `${label(code)} TXT ${code}\n`).join('')))
  for (const code of codes) {
    const [answer] = ask(`${label(code)}.example. TXT`).answer
    const isLetter = code >= 0x41 && code <= 0x5a // its record has joined that of the small letter, or the other way round
    if (!isLetter && !(code >= 0x61 && code <= 0x7a)) assert.match(answer, new RegExp(` TXT "${code}"$`))
  }
})

test('11 names of any octets are found by their octets, through text, image and answer', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 }).filter((octets) => !(octets.length === 1 && octets[0] === 0x2a))
  fc.assert(fc.property(fc.array(label, { minLength: 1, maxLength: 3 }), (labels) => {
    const wire = Uint8Array.from([...labels.flatMap((octets) => [octets.length, ...octets]), ...Name.parse('example.').wire])
    const name = Name.fromWire(wire).toString()
    const { rcode, answer } = asker(zoneOf('example.', `${HEAD}${name} A 192.0.2.9\n`))(`${name} A`)
    assert.deepEqual([rcode, answer], ['NOERROR', [`${name} 60 IN A 192.0.2.9`]])
  }), { numRuns: 100 })
})

test('11 length is the only bound: 63 octets of a label, 255 of a name', () => {
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(53)}.example.`
  assert.equal(asker(zoneOf('example.', `${HEAD}${longest} A 192.0.2.9\n`))(`${longest} A`).answer.length, 1)
  assert.match(load(`${HEAD}a${longest} A 192.0.2.9\n`, 'example.').findings[0].message, /63/)
})

/**
 * RFC 1034: the name server's part of the concepts, and the scenario of its section 6: the server C.ISI.EDU with
 * the RFC's own zones of 6.1, asked the questions of 6.2 and 6.3.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asker, assertResponse, converser, zoneOf } from '../authority/ask.ts'

/** RFC 1034 6.1: the root zone. SOA and those without TTL have MINIMUM's, 86400. */
const root = zoneOf('.', `
.       IN      SOA     SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. (
                        870611          ;serial
                        1800            ;refresh every 30 min
                        300             ;retry every 5 min
                        604800          ;expire after a week
                        86400)          ;minimum of a day
                NS      A.ISI.EDU.
                NS      C.ISI.EDU.
                NS      SRI-NIC.ARPA.
MIL.    86400   NS      SRI-NIC.ARPA.
        86400   NS      A.ISI.EDU.
EDU.    86400   NS      SRI-NIC.ARPA.
        86400   NS      C.ISI.EDU.
SRI-NIC.ARPA.   A       26.0.0.73
                A       10.0.0.51
                MX      0 SRI-NIC.ARPA.
                HINFO   DEC-2060 TOPS20
ACC.ARPA.       A       26.6.0.65
                HINFO   PDP-11/70 UNIX
                MX      10 ACC.ARPA.
USC-ISIC.ARPA.  CNAME   C.ISI.EDU.
73.0.0.26.IN-ADDR.ARPA.  PTR    SRI-NIC.ARPA.
65.0.6.26.IN-ADDR.ARPA.  PTR    ACC.ARPA.
51.0.0.10.IN-ADDR.ARPA.  PTR    SRI-NIC.ARPA.
52.0.0.10.IN-ADDR.ARPA.  PTR    C.ISI.EDU.
103.0.3.26.IN-ADDR.ARPA. PTR    A.ISI.EDU.
A.ISI.EDU. 86400 A      26.3.0.103
C.ISI.EDU. 86400 A      10.0.0.52
`)

/** RFC 1034 6.1: the EDU zone, as far as the questions reach. */
const edu = zoneOf('EDU.', `
EDU.  IN  SOA SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. ( 870729 1800 300 604800 86400 )
                NS SRI-NIC.ARPA.
                NS C.ISI.EDU.
UCI             172800 NS ICS.UCI
                172800 NS ROME.UCI
ICS.UCI         172800 A 192.5.19.1
ROME.UCI        172800 A 192.5.19.31
ISI             172800 NS VAXA.ISI
                172800 NS A.ISI
                172800 NS VENERA.ISI.EDU.
VAXA.ISI        172800 A 10.2.0.27
                172800 A 128.9.0.33
VENERA.ISI.EDU. 172800 A 10.1.0.52
                172800 A 128.9.0.32
A.ISI           172800 A 26.3.0.103
`)
const ROOT_SOA = '. 86400 IN SOA SRI-NIC.ARPA. HOSTMASTER.SRI-NIC.ARPA. 870611 1800 300 604800 86400'
const SRI_NIC = ['SRI-NIC.ARPA. 86400 IN A 26.0.0.73', 'SRI-NIC.ARPA. 86400 IN A 10.0.0.51']
const TO_ISI = {
  authority: ['VAXA', 'A', 'VENERA'].map((host) => `ISI.EDU. 172800 IN NS ${host}.ISI.EDU.`),
  additional: [
    'VAXA.ISI.EDU. 172800 IN A 10.2.0.27', 'VAXA.ISI.EDU. 172800 IN A 128.9.0.33', 'A.ISI.EDU. 172800 IN A 26.3.0.103',
    'VENERA.ISI.EDU. 172800 IN A 10.1.0.52', 'VENERA.ISI.EDU. 172800 IN A 128.9.0.32',
  ],
}
const isi = asker(root, edu)

describe('RFC 1034 6.2: example standard queries', () => {
  test('6.2.1 SRI-NIC.ARPA A: both addresses, with authority, and nothing beside them', () => {
    assertResponse(isi('SRI-NIC.ARPA. A'), { answer: SRI_NIC })
  })

  test('6.2.2 SRI-NIC.ARPA *: all of its records (over UDP one set of them: RFC 8482 4.1)', () => {
    const all = [...SRI_NIC, 'SRI-NIC.ARPA. 86400 IN HINFO "DEC-2060" "TOPS20"', 'SRI-NIC.ARPA. 86400 IN MX 0 SRI-NIC.ARPA.']
    const response = isi('SRI-NIC.ARPA. ANY', { tcp: true })
    assert.deepEqual([response.answer.toSorted(), response.additional], [all.toSorted(), []])
    assert.ok(all.includes(isi('SRI-NIC.ARPA. ANY').answer[0]))
  })

  test('6.2.3 SRI-NIC.ARPA MX: the mail exchange, and its addresses as additional records', () => {
    assertResponse(isi('SRI-NIC.ARPA. MX'), { answer: ['SRI-NIC.ARPA. 86400 IN MX 0 SRI-NIC.ARPA.'], additional: SRI_NIC })
  })

  test('6.2.4 SRI-NIC.ARPA NS: the name exists and no such record does', () => {
    assertResponse(isi('SRI-NIC.ARPA. NS'), { authority: [ROOT_SOA] })
  })

  test('6.2.5 SIR-NIC.ARPA A, mistyped: a name error, and the SOA for how long', () => {
    assertResponse(isi('SIR-NIC.ARPA. A'), { rcode: 'NXDOMAIN', authority: [ROOT_SOA] })
  })

  test('6.2.6 BRL.MIL A: nothing of ours but the servers of MIL, without authority', () => {
    assertResponse(isi('BRL.MIL. A'), {
      flags: '',
      authority: ['MIL. 86400 IN NS SRI-NIC.ARPA.', 'MIL. 86400 IN NS A.ISI.EDU.'],
      additional: [...SRI_NIC, 'A.ISI.EDU. 86400 IN A 26.3.0.103'],
    })
  })

  test('6.2.7 USC-ISIC.ARPA A: the alias with authority, and where to ask for C.ISI.EDU', () => {
    assertResponse(isi('USC-ISIC.ARPA. A'), { answer: ['USC-ISIC.ARPA. 86400 IN CNAME C.ISI.EDU.'], ...TO_ISI })
  })

  test('6.2.8 USC-ISIC.ARPA CNAME: the alias itself, and no more', () => {
    assertResponse(isi('USC-ISIC.ARPA. CNAME'), { answer: ['USC-ISIC.ARPA. 86400 IN CNAME C.ISI.EDU.'] })
  })
})

describe('RFC 1034 6.3: example resolution, the steps that C.ISI.EDU answers', () => {
  test('6.3.1 MX of ISI.EDU: a referral to its servers, three with their addresses', () => {
    assertResponse(isi('ISI.EDU. MX'), { flags: '', ...TO_ISI })
  })

  test('6.3.2 the name of host 26.6.0.65: the PTR below IN-ADDR.ARPA', () => {
    assertResponse(isi('65.0.6.26.IN-ADDR.ARPA. PTR'), { answer: ['65.0.6.26.IN-ADDR.ARPA. 86400 IN PTR ACC.ARPA.'] })
  })

  test('6.3.3 the address of poneria.ISI.EDU: the referral bears the name of the cut, the question its own', () => {
    const response = converser([root, edu])('poneria.ISI.EDU. A')
    assert.equal(response.question, 'poneria.ISI.EDU. IN A')
    assertResponse(response, { flags: '', ...TO_ISI })
  })
})

describe('RFC 1034 3.7: queries', () => {
  const converse = converser([root, edu])

  test('3.7 the response repeats the question and the ID, and its five parts have their place', () => {
    const response = converse('ACC.ARPA. MX', { id: 0xbeef })
    assert.deepEqual([response.id, response.opcode, response.question], [0xbeef, 0, 'ACC.ARPA. IN MX'])
    assert.deepEqual([response.answer, response.authority, response.additional], [['ACC.ARPA. 86400 IN MX 10 ACC.ARPA.'], [], ['ACC.ARPA. 86400 IN A 26.6.0.65']])
  })

  test('3.7.1 a query type may be one that no record has: AXFR, MAILB and * are told apart from types of data', () => {
    assert.deepEqual(['AXFR', 'MAILB', 'MAILA', 'ANY'].map((type) => isi(`SRI-NIC.ARPA. ${type}`, { tcp: true }).rcode), ['REFUSED', 'NOTIMP', 'NOTIMP', 'NOERROR'])
  })

  test('3.7.2 status queries and 3.7.2 inverse queries are optional: not implemented', () => {
    for (const opcode of [1, 2]) assert.equal(converse('SRI-NIC.ARPA. A', { opcode }).rcode, 'NOTIMP')
  })
})

describe('RFC 1034 4.3: the name server', () => {
  test('4.3.1 without recursion: RD is copied, RA stays clear, and nobody is asked for names that are not ours', () => {
    const converse = converser([edu])
    assert.equal(converse('EDU. SOA', { header: 'rd' }).header, 'qr aa rd')
    const outside = converse('www.example. A', { header: 'rd' })
    assert.deepEqual([outside.rcode, outside.header], ['REFUSED', 'qr rd'])
    assert.deepEqual([outside.answer, outside.authority, outside.additional], [[], [], []])
  })

  test('4.3.2 step 2: the zone is the nearest one above the name, which the root always is', () => {
    assert.equal(isi('nowhere.example. A').authority[0], ROOT_SOA)
    assert.match(isi('nowhere.EDU. A').authority[0], /^EDU\. 86400 IN SOA SRI-NIC\.ARPA\. .* 870729 /)
    assert.equal(isi('EDU. NS').flags, 'aa')
    assert.equal(asker(root)('EDU. NS').flags, '')
  })

  test('4.3.2 step 3c: a name error only if the name is the one asked for first; behind an alias the chain is kept', () => {
    const aliases = asker(zoneOf('example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\na 60 CNAME b.a\nb.a 60 CNAME gone\n'))
    const { rcode, answer } = aliases('a.example. A')
    assert.deepEqual([rcode, answer], ['NXDOMAIN', ['a.example. 60 IN CNAME b.a.example.', 'b.a.example. 60 IN CNAME gone.example.']])
  })

  test('4.3.2 step 6: an address that the answer has already is not added again', () => {
    const zone = zoneOf('example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nm 60 MX 1 m\nm 60 MX 2 ns\nm 60 A 192.0.2.2\n')
    assert.deepEqual(asker(zone)('m.example. ANY', { tcp: true }).additional, ['ns.example. 60 IN A 192.0.2.1'])
    assert.deepEqual(asker(zone)('m.example. MX').additional.toSorted(), ['m.example. 60 IN A 192.0.2.2', 'ns.example. 60 IN A 192.0.2.1'])
  })
})

describe('RFC 1034 4.3.3: wildcards, with the records of its example', () => {
  const x = asker(zoneOf('X.COM.', `
$TTL 60
@          SOA A.X.COM. admin 1 2 3 4 60
           NS  A.X.COM.
X.COM.     MX  10 A.X.COM.
*.X.COM.   MX  10 A.X.COM.
A.X.COM.   A   192.0.2.1
A.X.COM.   MX  10 A.X.COM.
*.A.X.COM. MX  10 A.X.COM.
cut        NS  ns.cut
ns.cut     A   192.0.2.2
`))
  const mx = (name: string): string[] => x(`${name} MX`).answer

  test('4.3.3 any name below X.COM that is not there has the MX', () => {
    for (const name of ['any.X.COM.', 'B.X.COM.', 'a.b.c.X.COM.']) assert.deepEqual(mx(name), [`${name} 60 IN MX 10 A.X.COM.`])
  })

  test('4.3.3 the wildcard does not hold for names below one that exists, so A.X.COM needs its own', () => {
    assert.deepEqual(mx('deep.A.X.COM.'), ['deep.A.X.COM. 60 IN MX 10 A.X.COM.'])
    assert.deepEqual(mx('A.X.COM.'), ['A.X.COM. 60 IN MX 10 A.X.COM.'])
  })

  test('4.3.3 nor behind a delegation, which cancels it', () => {
    assertResponse(x('any.cut.X.COM. MX'), { flags: '', authority: ['cut.X.COM. 60 IN NS ns.cut.X.COM.'], additional: ['ns.cut.X.COM. 60 IN A 192.0.2.2'] })
  })

  test('4.3.3 * asked for by name is an ordinary name: its records come as they are', () => {
    assert.deepEqual(mx('*.X.COM.'), ['*.X.COM. 60 IN MX 10 A.X.COM.'])
  })
})

describe('RFC 1034 3.6: records of a name', () => {
  const zone = zoneOf('example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nh 60 A 192.0.2.1\nh 60 TXT t\nh 60 A 192.0.2.2\nh 60 TYPE65280 \\# 1 00\n')

  test('3.6 a name holds sets by type, however its records are mixed in the file', () => {
    const ask = asker(zone)
    assert.deepEqual(ask('h.example. A').answer, ['h.example. 60 IN A 192.0.2.1', 'h.example. 60 IN A 192.0.2.2'])
    assert.deepEqual(ask('h.example. TXT').answer, ['h.example. 60 IN TXT "t"'])
  })

  test('3.6.2 a CNAME is matched by its own type and by *, and followed for every other', () => {
    const ask = asker(zoneOf('example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 60 A 192.0.2.1\nns 60 HINFO a b\nns 60 TYPE65280 \\# 1 00\nalias 60 CNAME ns\n'))
    const counts = ['CNAME', 'ANY', 'A', 'HINFO', 'TYPE65280', 'MX', 'NS'].map((type) => ask(`alias.example. ${type}`).answer.length)
    assert.deepEqual(counts, [1, 1, 2, 2, 2, 1, 1])
  })
})

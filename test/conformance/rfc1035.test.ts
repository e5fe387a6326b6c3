/**
 * RFC 1035 through the whole path: every type and class that can be asked for, the record types of 3.3 from
 * text to answer, the limits of 4.2.1, and the forms of master files (5.1) as what is answered from them.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RCODE, TYPE } from '../../src/dns/codes.ts'
import { asker, assertResponse, converser, serverOf, zoneOf } from '../authority/ask.ts'
import { query, udp } from '../server/messages.ts'
import { load } from '../zone/support.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const SOA = 'example. 60 IN SOA ns.example. admin.example. 1 2 3 4 60'

describe('RFC 1035 3.3, 3.4: the types, from text to answer', () => {
  /** Section, the record as the file has it, and as it is answered where that differs. */
  const ROWS: [section: string, text: string, answered?: string][] = [
    ['3.3.1', 'CNAME elsewhere.test.'],
    ['3.3.2', 'HINFO PDP-11/70 UNIX', 'HINFO "PDP-11/70" "UNIX"'],
    ['3.3.3', 'MB mail.test.'],
    ['3.3.4', 'MD mail.test.'],
    ['3.3.5', 'MF mail.test.'],
    ['3.3.6', 'MG person.test.'],
    ['3.3.7', 'MINFO admin.test. errors.test.'],
    ['3.3.8', 'MR person.test.'],
    ['3.3.9', 'MX 65535 mail.test.'],
    ['3.3.10', 'TYPE10 \\# 5 0001020304'],
    ['3.3.11', 'NS ns.test.'],
    ['3.3.12', 'PTR host.test.'],
    ['3.3.14', 'TXT a "b c" "" \\"', 'TXT "a" "b c" "" "\\""'],
    ['3.4.1', 'A 192.0.2.255'],
    ['3.4.2', 'TYPE11 \\# 6 C0000201060A'],
  ]
  for (const [section, text, answered] of ROWS) {
    test(`${section} ${text}`, () => {
      const type = text.split(' ')[0]
      const owner = type === 'NS' ? '@' : 'x'
      const name = type === 'NS' ? 'example.' : 'x.example.'
      const zone = zoneOf('example.', `$TTL 60\n@ SOA ns admin 1 2 3 4 60\n${owner} ${text}\n`)
      assert.deepEqual(asker(zone)(`${name} ${type}`).answer, [`${name} 60 IN ${answered ?? text}`])
    })
  }

  test('3.3.13 SOA: seven fields, times as numbers; a serial of 32 bits', () => {
    const zone = zoneOf('example.', '@ 1d SOA ns a\\.b.admin 4294967295 2h 15m 2w 1h\n')
    assert.deepEqual(asker(zone)('example. SOA').answer, ['example. 86400 IN SOA ns.example. a\\.b.admin.example. 4294967295 7200 900 1209600 3600'])
  })
})

describe('RFC 1035 4.1: what may be asked', () => {
  const server = serverOf([zoneOf('example.', HEAD)])
  const out = new Uint8Array(512)
  /** RCODE and ANCOUNT of the response to a question at ns.example. */
  function ask(type: number, rrClass: number): [rcode: number, answers: number] {
    const octets = query({ name: 'ns.example.', type, class: rrClass })
    const length = server.answer(octets, octets.length, udp, out)
    assert.ok(length > 0 && (out[2] & 0x80) !== 0)
    assert.equal((out[length - 1], out[4] * 256 + out[5]), 1, 'the question is repeated')
    return [out[3] & 15, out[6] * 256 + out[7]]
  }

  test('3.2.2, 3.2.3, 4.1.2: each of the 65,536 types has an answer: data, none, or a refusal by name', () => {
    const FORMERR = new Set<number>([TYPE.OPT, 128, TYPE.TSIG, TYPE.AXFR]) // AXFR, as this is UDP (RFC 5936 4.2)
    const NOTIMP = new Set<number>([TYPE.TKEY, TYPE.MAILA, TYPE.MAILB])
    const HELD = new Set<number>([TYPE.A, TYPE.ANY])
    for (let type = 0; type < 65_536; type++) {
      const rcode = FORMERR.has(type) ? RCODE.FORMERR : NOTIMP.has(type) ? RCODE.NOTIMP : type === TYPE.IXFR ? RCODE.REFUSED : RCODE.NOERROR
      assert.deepEqual(ask(type, 1), [rcode, HELD.has(type) ? 1 : 0], `type ${type}`)
    }
  })

  test('3.2.4, 3.2.5, 4.1.2: each of the 65,536 classes has an answer: ours and * from the zone, all others a refusal', () => {
    for (let rrClass = 0; rrClass < 65_536; rrClass++) {
      const isOurs = rrClass === 1 || rrClass === 255
      assert.deepEqual(ask(TYPE.A, rrClass), isOurs ? [RCODE.NOERROR, 1] : [RCODE.REFUSED, 0], `class ${rrClass}`)
    }
  })

  test('type 0 is a type like any other that no record has: NODATA', () => {
    const response = asker(zoneOf('example.', HEAD))('ns.example. TYPE0')
    assertResponse(response, { authority: [SOA] })
  })

  test('4.1.1 the response has QR, the ID and the opcode of the query, and AA; the bits that only responses have are not copied', () => {
    const converse = converser([zoneOf('example.', HEAD)])
    for (const header of ['', 'aa', 'tc', 'ra', 'aa tc ra']) assert.equal(converse('ns.example. A', { header }).header, 'qr aa')
    for (const id of [0, 1, 0xffff]) assert.equal(converse('ns.example. A', { id }).id, id)
  })

  test('6.2 class *: answered from class IN, and never authoritative, whatever the answer is', () => {
    const ask = asker(zoneOf('example.', `${HEAD}sub NS ns.sub\nns.sub A 192.0.2.2\nalias CNAME ns\n`))
    assertResponse(ask('ns.example. A ANY'), { flags: '', answer: ['ns.example. 60 IN A 192.0.2.1'] })
    assertResponse(ask('ns.example. MX ANY'), { flags: '', authority: [SOA] })
    assertResponse(ask('none.example. MX ANY'), { flags: '', rcode: 'NXDOMAIN', authority: [SOA] })
    assert.equal(ask('alias.example. A ANY').flags, '')
    assert.equal(ask('www.sub.example. A ANY').authority.length, 1)
  })
})

describe('RFC 1035 4.2.1: 512 octets over UDP', () => {
  /** A TXT record that makes the response to `t.example. TXT` just `octets` long. */
  function zoneWith(octets: number) {
    const rdata = octets - 12 - 15 - 12 // header, question, owner pointer and head of the record
    const strings = [255, rdata - 256 - 1].map((length) => `"${'x'.repeat(length)}"`)
    return zoneOf('example.', `${HEAD}t TXT ${strings.join(' ')}\n`)
  }

  test('an answer of 512 octets is sent whole, one of 513 is truncated and sent whole over TCP', () => {
    const fits = asker(zoneWith(512))('t.example. TXT')
    assert.deepEqual([fits.octets, fits.flags, fits.answer.length], [512, 'aa', 1])
    const ask = asker(zoneWith(513))
    assert.deepEqual([ask('t.example. TXT').flags, ask('t.example. TXT').answer], ['aa tc', []])
    assert.deepEqual([ask('t.example. TXT', { tcp: true }).octets, ask('t.example. TXT', { tcp: true }).flags], [513, 'aa'])
  })
})

describe('RFC 1035 5.1: forms of entries, seen in what is answered', () => {
  /** Form, entries of the file, question, and the records of the answer. */
  const ROWS: [form: string, text: string, question: string, answer: string[]][] = [
    ['a blank owner is that of the entry before', 'h A 192.0.2.7\n  TXT same', 'h.example. TXT', ['h.example. 60 IN TXT "same"']],
    ['@ is the origin', '@ TXT apex', 'example. TXT', ['example. 60 IN TXT "apex"']],
    ['a name without a final dot is relative', 'h CNAME www.test', 'h.example. CNAME', ['h.example. 60 IN CNAME www.test.example.']],
    ['a name with a final dot is not', 'h.example. CNAME www.test.', 'h.example. CNAME', ['h.example. 60 IN CNAME www.test.']],
    ['TTL before class', 'h 5 IN A 192.0.2.7', 'h.example. A', ['h.example. 5 IN A 192.0.2.7']],
    ['class before TTL', 'h IN 5 A 192.0.2.7', 'h.example. A', ['h.example. 5 IN A 192.0.2.7']],
    ['words in any case', 'h in a 192.0.2.7', 'h.example. A', ['h.example. 60 IN A 192.0.2.7']],
    ['$ORIGIN changes what is relative', '$ORIGIN sub.example.\nh A 192.0.2.7', 'h.sub.example. A', ['h.sub.example. 60 IN A 192.0.2.7']],
    ['( ) goes over lines', 'h TXT ( a ; first\n  b )', 'h.example. TXT', ['h.example. 60 IN TXT "a" "b"']],
    ['; begins a comment, but not in quotes', 'h TXT "a;b" ; c', 'h.example. TXT', ['h.example. 60 IN TXT "a;b"']],
    ['\\. is a dot within a label', 'a\\.b A 192.0.2.7', 'a\\.b.example. A', ['a\\.b.example. 60 IN A 192.0.2.7']],
    ['\\DDD is an octet', '\\104 A 192.0.2.7', 'h.example. A', ['h.example. 60 IN A 192.0.2.7']],
    ['a record that stands twice is one (RFC 2181 5)', 'h A 192.0.2.7\nh A 192.0.2.7', 'h.example. A', ['h.example. 60 IN A 192.0.2.7']],
    ['an owner called like a type', 'mx MX 1 a', 'mx.example. MX', ['mx.example. 60 IN MX 1 a.example.']],
    ['tabs, blanks and ends of lines of other systems', 'h\t A \t192.0.2.7 \r', 'h.example. A', ['h.example. 60 IN A 192.0.2.7']],
  ]
  for (const [form, text, question, answer] of ROWS) {
    test(form, () => assert.deepEqual(asker(zoneOf('example.', `${HEAD}${text}\n`))(question).answer, answer))
  }

  /** 5.2: what makes a file one that is not loaded, and the name of its finding. */
  const REFUSED: [what: string, text: string, check: string][] = [
    ['two SOA records', '@ SOA ns admin 2 2 3 4 60', 'several-soa'],
    ['a SOA below the apex', 'sub SOA ns admin 2 2 3 4 60', 'soa-not-at-apex'],
    ['another class', 'h CH A 192.0.2.1', 'syntax'],
    ['an entry that cannot be read', 'h A 192.0.2', 'syntax'],
    ['a name outside of the zone', 'h.test. A 192.0.2.1', 'syntax'],
    ['other records beside a CNAME', 'ns CNAME h', 'cname-and-other-data'],
  ]
  for (const [what, text, check] of REFUSED) {
    test(`5.2 a file with ${what} is not loaded, not even the rest of it`, () => {
      const { image, findings } = load(`${HEAD}${text}\n`, 'example.')
      assert.equal(image, undefined)
      assert.ok(findings.some((finding) => finding.check === check && finding.severity === 'error'), JSON.stringify(findings))
    })
  }
})

/**
 * Admission seen from outside: what comes back for a message that is not, or not quite, a query. A table, as
 * every line is one decision (RFC 1035 4.1.1, RFC 8906 3); the octets are written by hand so that nothing corrects them.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { MAX_EDNS_OPTIONS } from '../../src/dns/limits.ts'
import { ask, decode, encode, hex, opt, query, record, serverOf, tcp, u16, udp, wire, type QueryParts } from './messages.ts'

const A = encode(record('x. 1 IN A 192.0.2.1'))
const SOA = encode(record('example. 1 IN SOA a. b. 1 2 3 4 5'))
const NO_OPTIONS = new Uint8Array(0)
const { FORMERR, NOERROR, NOTIMP, REFUSED, BADVERS, NOTAUTH } = RCODE

function tsig(parts: { owner?: Uint8Array; class?: number; ttl?: number; algorithm?: Uint8Array; mac?: number; other?: number; cut?: number } = {}): Uint8Array {
  const rdata = Uint8Array.of(...(parts.algorithm ?? wire('hmac-sha256.')), 0, 0, 0x6b, 0x49, 0xd2, 0, ...u16(300), ...u16(parts.mac ?? 32), ...new Uint8Array(32).fill(0x11), 0x12, 0x34, 0, 0, ...u16(parts.other ?? 0))
  return Uint8Array.of(...(parts.owner ?? wire('key.example.')), ...u16(TYPE.TSIG), ...u16(parts.class ?? 255), 0, 0, 0, parts.ttl ?? 0, ...u16(rdata.length), ...rdata.slice(0, rdata.length - (parts.cut ?? 0)))
}

/** What is sent and what must come back: an RCODE, with the question echoed and with OPT or not; or null for silence. */
type Row = [title: string, parts: QueryParts | Uint8Array, rcode: number | null, echo?: 'question' | 'bare', edns?: 'opt']

const ROWS: Row[] = [
  ['an empty message', new Uint8Array(0), null],
  ['11 octets', query().slice(0, 11), null],
  ['a header alone', query({ question: null }), FORMERR, 'bare'],
  ['a response (QR set)', query({ flags: 0x8000 }), null],
  ['a malformed response', hex('1234 ffff ffff ffff ffff ffff'), null],
  ['a plain query', {}, NOERROR, 'question'],
  ['opcode IQUERY', { flags: 1 << 11 }, NOTIMP, 'question'],
  ['opcode STATUS', { flags: 2 << 11 }, NOTIMP, 'question'],
  ['opcode NOTIFY', { flags: 4 << 11, answer: [SOA] }, NOTIMP, 'question'],
  ['opcode UPDATE', { flags: 5 << 11, type: TYPE.SOA, authority: [A] }, NOTIMP, 'question'],
  ['opcode DSO without a question (RFC 8490 5.4)', { flags: 6 << 11, question: null }, NOTIMP, 'bare'],
  ['opcode 15 with OPT (RFC 6891 6.1.1)', { flags: 15 << 11, opt: {} }, NOTIMP, 'question', 'opt'],
  ['opcode 14 with 32 questions, of which one is there (docs/protocol.md 5)', { flags: 14 << 11, counts: [32, 0, 0, 0] }, FORMERR, 'bare'],
  ['opcode 14 without a question and without a core', { flags: 14 << 11, question: null }, NOTIMP, 'bare'],
  ['an unknown opcode before octets that are no question', { flags: 3 << 11, question: hex('ffffff') }, NOTIMP, 'bare'],
  ['two questions (RFC 9619 4)', { counts: [2, 0, 0, 0], trailing: query().slice(12) }, FORMERR, 'bare'],
  ['QDCOUNT 65535', { counts: [65_535, 0, 0, 0] }, FORMERR, 'bare'],
  ['no question and no cookie', { question: null, opt: {} }, FORMERR, 'bare', 'opt'],
  ['a record in the answer section', { answer: [A] }, FORMERR, 'question'],
  ['a record in the authority section', { authority: [SOA] }, FORMERR, 'question'],
  ['IXFR with a SOA in the authority section (RFC 1995 3)', { type: TYPE.IXFR, authority: [SOA] }, REFUSED, 'question'],
  ['ANCOUNT that promises a record', { counts: [1, 1, 0, 0] }, FORMERR, 'question'],
  ['ARCOUNT that promises a record', { counts: [1, 0, 0, 1] }, FORMERR, 'question'],
  ['ARCOUNT 65535 before one record', { counts: [1, 0, 0, 65_535], additional: [A] }, FORMERR, 'question'],
  ['an additional record of another type', { additional: [A] }, NOERROR, 'question'],
  ['an additional record whose owner is a pointer', { additional: [Uint8Array.of(0xc0, 12, ...A.slice(3))] }, NOERROR, 'question'],
  ['an additional record whose owner points nowhere: it is skipped, not followed', { additional: [Uint8Array.of(0xff, 0xff, ...A.slice(3))] }, NOERROR, 'question'],
  ['an additional record whose owner has a label of type 01', { additional: [Uint8Array.of(0x41, 0, ...A.slice(3))] }, FORMERR, 'question'],
  ['an additional record cut within its head', { additional: [A.slice(0, 8)] }, FORMERR, 'question'],
  ['an additional record cut within RDATA', { additional: [A.slice(0, -1)] }, FORMERR, 'question'],
  ['an additional owner of 256 octets', { additional: [Uint8Array.of(...Array.from({ length: 127 }, () => [1, 97]).flat(), 1, 97, 0, ...A.slice(3))] }, FORMERR, 'question'],
  ['octets behind the question', { trailing: hex('00') }, FORMERR, 'question'],
  ['octets behind OPT', { additional: [opt()], trailing: hex('000000') }, FORMERR, 'question', 'opt'],

  ['a question cut within its type', query().slice(0, -3), FORMERR, 'bare'],
  ['a question cut within its class', query().slice(0, -1), FORMERR, 'bare'],
  ['a question cut within its name', query().slice(0, 18), FORMERR, 'bare'],
  ['a name that is a pointer to itself', { question: hex('c00c 0001 0001') }, FORMERR, 'bare'],
  ['a name that points into the header', { question: hex('c000 0001 0001') }, FORMERR, 'bare'],
  ['a name that ends with a pointer', { question: hex('0161 c00c 0001 0001') }, FORMERR, 'bare'],
  ['a label of type 01 (RFC 6891 5)', { question: hex('4101 00 0001 0001') }, FORMERR, 'bare'],
  ['a label of type 10', { question: hex('8001 00 0001 0001') }, FORMERR, 'bare'],
  ['the root', { name: '.' }, NOERROR, 'question'],
  ['a name of 255 octets', { name: `${'a.'.repeat(127)}` }, NOERROR, 'question'],
  ['a name of 256 octets', { question: Uint8Array.of(...Array.from({ length: 126 }, () => [1, 97]).flat(), 2, 97, 97, 0, 0, 1, 0, 1) }, FORMERR, 'bare'],
  ['labels of all 256 octets', { question: Uint8Array.of(63, ...Array.from({ length: 63 }, (_, i) => i), 63, ...Array.from({ length: 63 }, (_, i) => 192 + i), 0, 0, 1, 0, 1) }, NOERROR, 'question'],

  ['OPT', { opt: {} }, NOERROR, 'question', 'opt'],
  ['OPT before another record', { additional: [opt(), A] }, NOERROR, 'question', 'opt'],
  ['two OPT records (RFC 6891 6.1.1)', { additional: [opt(), opt()] }, FORMERR, 'question', 'opt'],
  ['OPT owned by another name than the root (RFC 6891 6.1.2)', { opt: { owner: wire('x.') } }, FORMERR, 'question'],
  ['OPT owned by a pointer to a root', { opt: { owner: Uint8Array.of(0xc0, 24) } }, FORMERR, 'question'],
  ['OPT in the answer section', { answer: [opt()] }, FORMERR, 'question'],
  ['OPT of version 1 (RFC 6891 6.1.3)', { opt: { version: 1 } }, BADVERS, 'question', 'opt'],
  ['OPT of version 255 whose options have a shape of their own', { opt: { version: 255, rdata: hex('ff') } }, BADVERS, 'question', 'opt'],
  ['OPT of version 1 in a message malformed otherwise', { opt: { version: 1 }, trailing: hex('00') }, FORMERR, 'question', 'opt'],
  ['OPT with flags that have no meaning (RFC 6891 6.1.4)', { opt: { flags: 0x7fff } }, NOERROR, 'question', 'opt'],
  ['OPT with a payload size of 0 (RFC 6891 6.2.3)', { opt: { size: 0 } }, NOERROR, 'question', 'opt'],
  ['an unknown option (RFC 6891 6.1.2)', { opt: { options: [[65_001, hex('0102')]] } }, NOERROR, 'question', 'opt'],
  ['an option that runs past OPT', { opt: { rdata: hex('0003 0005 61') } }, FORMERR, 'question', 'opt'],
  ['an option that runs one octet past OPT and the message', { opt: { rdata: hex('0003 0002 61') } }, FORMERR, 'question', 'opt'],
  ['an option that runs into the record behind OPT', { additional: [opt({ rdata: hex('0003 0002 61') }), A] }, FORMERR, 'question', 'opt'],
  ['an option cut within its head', { opt: { rdata: hex('0003 00') } }, FORMERR, 'question', 'opt'],
  ['as many options as are read', { opt: { options: Array.from({ length: MAX_EDNS_OPTIONS }, () => [65_001, NO_OPTIONS]) } }, NOERROR, 'question', 'opt'],
  ['one option more', { opt: { options: Array.from({ length: MAX_EDNS_OPTIONS + 1 }, () => [65_001, NO_OPTIONS]) } }, FORMERR, 'question', 'opt'],
  ['a client cookie of 7 octets (RFC 7873 5.2.2)', { opt: { options: [[OPTION.COOKIE, new Uint8Array(7)]] } }, FORMERR, 'question', 'opt'],
  ['a cookie of 15 octets', { opt: { options: [[OPTION.COOKIE, new Uint8Array(15)]] } }, FORMERR, 'question', 'opt'],
  ['a cookie of 41 octets', { opt: { options: [[OPTION.COOKIE, new Uint8Array(41)]] } }, FORMERR, 'question', 'opt'],
  ['a bad cookie behind a good one (RFC 7873 5.2)', { opt: { options: [[OPTION.COOKIE, new Uint8Array(8)], [OPTION.COOKIE, new Uint8Array(1)]] } }, NOERROR, 'question', 'opt'],
  ['NSID with data (RFC 5001 2.1)', { opt: { options: [[OPTION.NSID, hex('ff')]] } }, NOERROR, 'question', 'opt'],

  ['TSIG (RFC 8945 5.2.1)', { additional: [tsig()] }, NOTAUTH, 'question'],
  ['TSIG behind OPT', { additional: [opt(), tsig()] }, NOTAUTH, 'question', 'opt'],
  ['TSIG before OPT (RFC 8945 5.2)', { additional: [tsig(), opt()] }, FORMERR, 'question'],
  ['two TSIG records (RFC 8945 5.2)', { additional: [tsig(), tsig()] }, FORMERR, 'question'],
  ['TSIG in the answer section', { answer: [tsig()] }, FORMERR, 'question'],
  ['TSIG of class IN (RFC 8945 4.2)', { additional: [tsig({ class: 1 })] }, FORMERR, 'question'],
  ['TSIG with a TTL (RFC 8945 4.2)', { additional: [tsig({ ttl: 1 })] }, FORMERR, 'question'],
  ['TSIG whose MAC runs past it', { additional: [tsig({ mac: 99 })] }, FORMERR, 'question'],
  ['TSIG whose MAC ends too early', { additional: [tsig({ mac: 31 })] }, FORMERR, 'question'],
  ['TSIG whose other data run past it', { additional: [tsig({ other: 1 })] }, FORMERR, 'question'],
  ['TSIG whose algorithm is a pointer', { additional: [tsig({ algorithm: hex('c00c') })] }, FORMERR, 'question'],
  ['TSIG whose algorithm is a pointer that ends with a zero octet', { additional: [tsig({ algorithm: hex('c000') })] }, FORMERR, 'question'],
  ['TSIG cut short', { additional: [tsig({ cut: 1 })] }, FORMERR, 'question'],
]

describe('what comes back for', () => {
  for (const [title, parts, rcode, echo, edns] of ROWS) {
    test(title, () => {
      const message = parts instanceof Uint8Array ? parts : query(parts)
      const response = ask(serverOf(), message)
      if (rcode === null) {
        assert.equal(response, null)
        return
      }
      const decoded = decode(response)
      assert.equal(decoded.rcode, rcode)
      assert.equal(decoded.qr, true)
      assert.equal(decoded.id, 0x1234)
      assert.equal(decoded.opcode, (message[2] >>> 3) & 15)
      assert.equal(decoded.opt !== null, edns === 'opt')
      if (echo === 'bare') assert.equal(decoded.question, null)
      else {
        const end = 12 + query(parts as QueryParts).slice(12).indexOf(0) + 5
        if (!(parts as QueryParts).question) assert.deepEqual(response?.slice(12, end), message.slice(12, end))
        assert.notEqual(decoded.question, null)
      }
      if (rcode !== NOERROR && rcode !== NOTAUTH && rcode !== REFUSED) assert.ok(decoded.size <= message.length, 'an error is no larger than what caused it')
    })
  }
})

test('every query cut at any octet is FORMERR or silence, never an answer', () => {
  const whole = query({ opt: { options: [[OPTION.COOKIE, new Uint8Array(24)], [OPTION.NSID, NO_OPTIONS]] } })
  for (let size = 0; size < whole.length; size++) {
    const response = ask(serverOf(), whole.slice(0, size))
    if (size < 12) assert.equal(response, null)
    else assert.equal(decode(response).rcode, FORMERR, `cut at ${size}`)
  }
})

test('octets of an earlier, longer message in the same buffer are never read', () => {
  const buffer = new Uint8Array(512)
  buffer.set(query({ name: 'www.example.', opt: {} }))
  const out = new Uint8Array(512)
  for (let size = 12; size < query().length; size++) assert.equal(decode(out.slice(0, serverOf().answer(buffer, size, udp, out))).rcode, FORMERR)
})

test('a TSIG query is told BADKEY under its key name, algorithm and time, without a MAC (RFC 8945 5.3.2)', () => {
  const { tsig: answer } = decode(ask(serverOf(), query({ additional: [tsig()] })))
  assert.equal(answer?.owner, 'key.example.')
  assert.deepEqual([answer?.type, answer?.class, answer?.ttl], [TYPE.TSIG, 255, 0])
  const algorithm = Buffer.from(wire('hmac-sha256.')).toString('hex')
  assert.equal(answer?.rdata, `${algorithm}00006b49d200012c0000123400110000`)
})

test('a TSIG key name that is compressed is written out', () => {
  const { tsig: answer } = decode(ask(serverOf(), query({ additional: [tsig({ owner: Uint8Array.of(3, 107, 101, 121, 0xc0, 12) })] })))
  assert.equal(answer?.owner, 'key.www.example.')
})

test('a TSIG key name that points ahead, at itself or past 255 octets leaves NOTAUTH without TSIG', () => {
  const long = `${'a'.repeat(60)}.`.repeat(4)
  for (const owner of [Uint8Array.of(0xc0, 29), Uint8Array.of(0xff, 0xff), Uint8Array.of(63, ...new Uint8Array(63).fill(97), 0xc0, 12)]) {
    const decoded = decode(ask(serverOf(), query({ name: long, additional: [tsig({ owner })] })))
    assert.deepEqual([decoded.rcode, decoded.tsig, decoded.tc], [NOTAUTH, null, true])
  }
})

test('a TSIG error that does not fit into 512 octets sets TC (RFC 8945 5.3)', () => {
  const long = `${'a'.repeat(60)}.`.repeat(4)
  const message = query({ name: long, additional: [tsig({ owner: wire(long) })] })
  const decoded = decode(ask(serverOf(), message))
  assert.deepEqual([decoded.rcode, decoded.tsig, decoded.tc], [NOTAUTH, null, true])
  assert.equal(decode(ask(serverOf(), message, tcp)).tsig?.owner, long)
})

test('TC, AA, RA, AD and an RCODE in a query are no reason to refuse it, and none is copied', () => {
  const decoded = decode(ask(serverOf(), query({ flags: 0x06a3 })))
  assert.deepEqual([decoded.rcode, decoded.aa, decoded.tc, decoded.ra, decoded.ad], [NOERROR, false, false, false, false])
})

test('a message of 65,535 octets full of records is read in one pass, and answered', () => {
  const filler = Uint8Array.of(0, ...u16(TYPE.TXT), 0, 1, 0, 0, 0, 0, 0, 0)
  const room = 65_535 - query().length
  const message = query({ additional: Array.from({ length: Math.floor(room / filler.length) }, () => filler) })
  assert.equal(decode(ask(serverOf(), message, tcp)).rcode, NOERROR)
  const many = 200
  const server = serverOf()
  const started = process.hrtime.bigint()
  for (let i = 0; i < many; i++) ask(server, message, tcp)
  const perMessageUs = Number(process.hrtime.bigint() - started) / 1000 / many
  assert.ok(perMessageUs < 5_000, `${perMessageUs} µs`)
})

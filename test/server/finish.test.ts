/** What a response says beside its records: header bits, OPT and its options, CHAOS, meta-types, counters, and faults of ours. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SECTION, type Answer } from '../../src/authority/plan.ts'
import type { Query } from '../../src/authority/query.ts'
import { CLASS, EDE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { FAULT_REPORT_SECONDS, MAX_CHAOS_TEXT_OCTETS, MAX_EDE_TEXT_OCTETS, MAX_NSID_OCTETS } from '../../src/dns/limits.ts'
import { parsePrefix, PrefixList } from '../../src/dns/prefix.ts'
import { Cookies } from '../../src/server/cookies.ts'
import { elementsOf } from '../../src/dns/histogram.ts'
import { COUNTER_COUNT, COUNTER_NAMES, Counters, SERVER_HISTOGRAM, SERVER_HISTOGRAMS } from '../../src/server/counters.ts'
import { ask, authority, decode, hex, NOW, query, Scratch, serverOf, tcp, u16, udp, wire, type QueryParts } from './messages.ts'

const scratch = new Scratch()
const A = scratch.rrset('www.example. 60 IN A 192.0.2.1')
const answerA = (q: Query, answer: Answer): void => {
  answer.authoritative = true
  answer.add(SECTION.answer, scratch, A, q, q.qnameAt)
}
const optionOf = (octets: Uint8Array | null, code: number): string | undefined => decode(octets).opt?.options.find(([c]) => c === code)?.[1]
const text = (content: string): string => Buffer.from(content).toString('hex')
const EMPTY = new Uint8Array(0)

describe('the header of a response', () => {
  test('copies ID, opcode, RD and CD (RFC 1035 4.1.1, RFC 4035 3.1.6) and sets nothing that nobody vouches for', () => {
    for (const [flags, rd, cd] of [[0x0000, false, false], [0x0100, true, false], [0x0010, false, true], [0x0130, true, true]] as const) {
      const d = decode(ask(serverOf(answerA), query({ flags, id: 0xbeef })))
      assert.deepEqual([d.id, d.opcode, d.rd, d.cd, d.aa, d.ra, d.ad, d.z, d.tc], [0xbeef, 0, rd, cd, true, false, false, false, false])
    }
  })

  test('has AG set only where the query had it and the zone understands agents (docs/protocol.md 1)', () => {
    const capable = (q: Query, answer: Answer): void => {
      answerA(q, answer)
      answer.agentCapable = true
    }
    assert.equal(decode(ask(serverOf(capable), query({ flags: 0x40 }))).z, true)
    assert.equal(decode(ask(serverOf(capable), query())).z, false)
    assert.equal(decode(ask(serverOf(answerA), query({ flags: 0x40 }))).z, false, 'an ordinary zone leaves Z zero (RFC 1035 4.1.1)')
  })

  test('carries the RCODE of the answer', () => {
    for (const rcode of [RCODE.NOERROR, RCODE.NXDOMAIN, RCODE.REFUSED, RCODE.SERVFAIL]) {
      assert.equal(decode(ask(serverOf((_, answer) => (answer.rcode = rcode)), query())).rcode, rcode)
    }
  })
})

describe('OPT', () => {
  test('is in a response if and only if it was in the query, with our size, version 0 and the DO that was asked (RFC 6891 6.1.1, RFC 3225 3)', () => {
    assert.equal(decode(ask(serverOf(answerA), query())).opt, null)
    const server = serverOf(answerA, { udpOctets: 1400 })
    assert.deepEqual(decode(ask(server, query({ opt: { flags: 0x8000 } }))).opt, { size: 1400, version: 0, dnssecOk: true, options: [] })
    assert.equal(decode(ask(server, query({ opt: { flags: 0x7fff } }))).opt?.dnssecOk, false)
  })

  test('tells version 0 in BADVERS, and nothing is answered (RFC 6891 6.1.3)', () => {
    const d = decode(ask(serverOf(answerA), query({ opt: { version: 1, options: [[OPTION.NSID, EMPTY]] } })))
    assert.deepEqual([d.rcode, d.opt?.version, d.answer.length, d.aa, d.opt?.options], [RCODE.BADVERS, 0, 0, false, []])
  })

  test('tells the server its name to who asks, if it has one (RFC 5001 2.2)', () => {
    const asks = query({ opt: { options: [[OPTION.NSID, EMPTY]] } })
    const named = serverOf(answerA, { nsid: Buffer.from('ns1') })
    assert.equal(optionOf(ask(named, asks), OPTION.NSID), text('ns1'))
    assert.equal(optionOf(ask(named, query({ opt: {} })), OPTION.NSID), undefined)
    assert.equal(optionOf(ask(serverOf(answerA), asks), OPTION.NSID), undefined)
  })

  test('tells how long an idle TCP connection lives to who asks over TCP (RFC 7828 3.3)', () => {
    const server = serverOf(answerA, { keepalive: 300 })
    const asks = query({ opt: { options: [[OPTION.TCP_KEEPALIVE, EMPTY]] } })
    assert.equal(optionOf(ask(server, asks, tcp), OPTION.TCP_KEEPALIVE), '012c')
    assert.equal(optionOf(ask(server, asks, udp), OPTION.TCP_KEEPALIVE), undefined)
    assert.equal(optionOf(ask(server, query({ opt: {} }), tcp), OPTION.TCP_KEEPALIVE), undefined)
    assert.equal(optionOf(ask(serverOf(answerA), asks, tcp), OPTION.TCP_KEEPALIVE), undefined)
  })

  test('tells why by an Extended DNS Error with a text; the first cause stays (RFC 8914 2)', () => {
    const server = serverOf((_, answer) => {
      answer.explain(EDE.NO_LIVE_AGENT, Buffer.from('no live agent'))
      answer.explain(EDE.OTHER)
    })
    assert.equal(optionOf(ask(server, query({ opt: {} })), OPTION.EDE), `c000${text('no live agent')}`)
    assert.equal(decode(ask(server, query())).opt, null)
    assert.equal(optionOf(ask(serverOf((_, answer) => answer.explain(0)), query({ opt: {} })), OPTION.EDE), '0000')
  })

  test('cuts a long text between two characters of UTF-8', () => {
    for (const [content, sent] of [['x'.repeat(MAX_EDE_TEXT_OCTETS), MAX_EDE_TEXT_OCTETS], [`${'x'.repeat(MAX_EDE_TEXT_OCTETS - 1)}éé`, MAX_EDE_TEXT_OCTETS - 1], ['🐝'.repeat(40), MAX_EDE_TEXT_OCTETS]] as const) {
      const option = optionOf(ask(serverOf((_, answer) => answer.explain(0, Buffer.from(content))), query({ opt: {} })), OPTION.EDE) ?? ''
      assert.equal(option.length, 4 + sent * 2)
      assert.doesNotMatch(Buffer.from(option.slice(4), 'hex').toString(), /\ufffd/)
    }
  })

  test('with every option at its longest, the longest question and its OPT still fit into 512 octets', () => {
    const server = serverOf((_, answer) => answer.explain(1, new Uint8Array(99).fill(0x78)), { nsid: new Uint8Array(MAX_NSID_OCTETS), keepalive: 1, cookies: new Cookies(new Uint8Array(16)) })
    const message = query({ name: 'a.'.repeat(127), opt: { size: 0, options: [[OPTION.NSID, EMPTY], [OPTION.COOKIE, new Uint8Array(8)], [OPTION.TCP_KEEPALIVE, EMPTY]] } })
    const d = decode(ask(server, message, udp))
    assert.deepEqual([d.opt?.options.length, d.tc, d.question?.name], [3, false, 'a.'.repeat(127)])
    assert.ok(d.size + 6 <= 512)
    assert.equal(decode(ask(server, message, tcp, new Uint8Array(512))).opt?.options.length, 4)
  })
})

describe('DNS Cookies', () => {
  const client = hex('0102030405060708')
  const cookies = (): Cookies => new Cookies(new Uint8Array(16).fill(7))
  const withCookie = (cookie: Uint8Array, parts: QueryParts = {}): Uint8Array => query({ ...parts, opt: { options: [[OPTION.COOKIE, cookie]] } })
  const learn = (now: () => number, keep = cookies()): [ReturnType<typeof serverOf>, Uint8Array] => {
    const server = serverOf(answerA, { cookies: keep, nowSeconds: now })
    return [server, hex(optionOf(ask(server, withCookie(client)), OPTION.COOKIE) ?? '')]
  }

  test('a client without a server cookie is answered and given one (RFC 7873 5.2.3)', () => {
    const [server, cookie] = learn(() => NOW)
    assert.deepEqual([...cookie.slice(0, 8)], [...client])
    assert.equal(cookie.length, 24)
    assert.equal(server.counters.get('cookie.new'), 1)
    assert.equal(optionOf(ask(server, query({ opt: {} })), OPTION.COOKIE), undefined)
  })

  test('a good cookie comes back as it is, until it is half an hour old (RFC 9018 4.3)', () => {
    let now = NOW
    const [server, cookie] = learn(() => now)
    now += 1800
    assert.equal(optionOf(ask(server, withCookie(cookie)), OPTION.COOKIE), Buffer.from(cookie).toString('hex'))
    now += 1
    const renewed = hex(optionOf(ask(server, withCookie(cookie)), OPTION.COOKIE) ?? '')
    assert.notDeepEqual(renewed, cookie)
    assert.deepEqual([...renewed.slice(12, 16)], [...Buffer.from(now.toString(16), 'hex')])
    assert.equal(decode(ask(server, withCookie(renewed))).answer.length, 1)
    assert.deepEqual([server.counters.get('cookie.good'), server.counters.get('cookie.renew')], [2, 1])
  })

  test('a bad cookie is answered with a new one, as if the client had none (RFC 7873 5.2.4)', () => {
    const [server, cookie] = learn(() => NOW)
    cookie[20] ^= 1
    const d = decode(ask(server, withCookie(cookie)))
    assert.deepEqual([d.rcode, d.answer.length, d.opt?.options[0][1].length], [RCODE.NOERROR, 1, 48])
    assert.equal(server.counters.get('cookie.bad'), 1)
  })

  test('where cookies are required, UDP without a good one gets BADCOOKIE and a new one; TCP and clients without the option are answered', () => {
    const server = serverOf(answerA, { cookies: cookies(), requireCookie: true })
    const refused = decode(ask(server, withCookie(client)))
    assert.deepEqual([refused.rcode, refused.answer.length, refused.question?.name], [RCODE.BADCOOKIE, 0, 'www.example.'])
    assert.equal(decode(ask(server, withCookie(hex(refused.opt?.options[0][1] ?? '')))).rcode, RCODE.NOERROR)
    assert.equal(decode(ask(server, withCookie(client), tcp)).rcode, RCODE.NOERROR)
    assert.equal(decode(ask(server, query({ opt: {} }))).rcode, RCODE.NOERROR)
    assert.equal(server.counters.get('rcode.BADCOOKIE'), 1)
  })

  test('a query without a question is answered with a cookie alone (RFC 7873 5.4)', () => {
    const [server, cookie] = learn(() => NOW)
    for (const [sent, rcode] of [[client, RCODE.NOERROR], [cookie, RCODE.NOERROR], [cookie.map((octet, i) => (i === 23 ? octet ^ 1 : octet)), RCODE.BADCOOKIE]] as const) {
      const d = decode(ask(server, withCookie(sent, { question: null })))
      assert.deepEqual([d.rcode, d.question, d.answer.length, d.opt?.options[0][1].length], [rcode, null, 0, 48])
    }
    assert.equal(decode(ask(serverOf(answerA), withCookie(client, { question: null }))).rcode, RCODE.FORMERR, 'not where cookies are off')
  })

  test('a cookie is bound to the address it was given to', () => {
    const [server, cookie] = learn(() => NOW)
    ask(server, withCookie(cookie), { ...udp, address: Uint8Array.of(192, 0, 2, 54) })
    assert.equal(server.counters.get('cookie.bad'), 1)
  })

  test('without cookies the option is ignored, but for its length (RFC 7873 5.2.2)', () => {
    assert.deepEqual(decode(ask(serverOf(answerA), withCookie(client))).opt?.options, [])
    assert.equal(decode(ask(serverOf(answerA), withCookie(hex('01')))).rcode, RCODE.FORMERR)
  })
})

describe('class CHAOS', () => {
  const server = serverOf(answerA, { chaos: { version: 'waggle 0.1', identity: 'ns1.example' } })
  const chaos = (name: string, type: number = TYPE.TXT): ReturnType<typeof decode> => decode(ask(server, query({ name, type, class: CLASS.CH, opt: {} })))

  test('tells version and identity, under either name, in any case (RFC 4892 2)', () => {
    for (const [name, content] of [['version.bind.', 'waggle 0.1'], ['VERSION.Server.', 'waggle 0.1'], ['id.server.', 'ns1.example'], ['hostname.bind.', 'ns1.example']]) {
      for (const type of [TYPE.TXT, TYPE.ANY]) {
        const d = chaos(name, type)
        assert.deepEqual(d.answer.map((r) => [r.owner, r.type, r.class, r.ttl, r.rdata]), [[name, TYPE.TXT, CLASS.CH, 0, text(String.fromCharCode(content.length) + content)]])
      }
    }
  })

  test('refuses other names, other types and what is not configured', () => {
    for (const [name, type] of [['authors.bind.', TYPE.TXT], ['version.bind.', TYPE.A], ['bind.', TYPE.TXT], ['.', TYPE.ANY]] as const) assert.equal(chaos(name, type).rcode, RCODE.REFUSED)
    assert.equal(decode(ask(serverOf(answerA), query({ name: 'version.bind.', type: TYPE.TXT, class: CLASS.CH }))).rcode, RCODE.REFUSED)
  })

  test('takes texts up to 255 octets', () => {
    const longest = 'v'.repeat(MAX_CHAOS_TEXT_OCTETS)
    const d = decode(ask(serverOf(answerA, { chaos: { version: longest, identity: longest } }), query({ name: 'id.server.', type: TYPE.TXT, class: CLASS.CH })))
    assert.equal(d.answer[0].rdata, `ff${text(longest)}`)
    assert.throws(() => serverOf(answerA, { chaos: { version: `${longest}v` } }), RangeError)
  })
})

describe('routing', () => {
  const seen: number[] = []
  const server = serverOf((q, answer) => {
    seen.push(q.qtype)
    answerA(q, answer)
  })
  const rows: [title: string, parts: QueryParts, overUdp: number, overTcp: number, ede: number | null][] = [
    ['AXFR: not over UDP (RFC 5936 4.2), refused over TCP', { type: TYPE.AXFR }, RCODE.FORMERR, RCODE.REFUSED, EDE.PROHIBITED],
    ['IXFR', { type: TYPE.IXFR }, RCODE.REFUSED, RCODE.REFUSED, EDE.PROHIBITED],
    ['MAILA', { type: TYPE.MAILA }, RCODE.NOTIMP, RCODE.NOTIMP, EDE.NOT_SUPPORTED],
    ['MAILB', { type: TYPE.MAILB }, RCODE.NOTIMP, RCODE.NOTIMP, EDE.NOT_SUPPORTED],
    ['TKEY', { type: TYPE.TKEY }, RCODE.NOTIMP, RCODE.NOTIMP, EDE.NOT_SUPPORTED],
    ['OPT as question', { type: TYPE.OPT }, RCODE.FORMERR, RCODE.FORMERR, EDE.INVALID_QUERY_TYPE],
    ['TSIG as question', { type: TYPE.TSIG }, RCODE.FORMERR, RCODE.FORMERR, EDE.INVALID_QUERY_TYPE],
    ['NXNAME as question (RFC 9824 3.5)', { type: 128 }, RCODE.FORMERR, RCODE.FORMERR, EDE.INVALID_QUERY_TYPE],
    ['class NONE', { class: CLASS.NONE }, RCODE.REFUSED, RCODE.REFUSED, EDE.NOT_AUTHORITATIVE],
    ['class HESIOD', { class: CLASS.HS }, RCODE.REFUSED, RCODE.REFUSED, EDE.NOT_AUTHORITATIVE],
    ['class 0', { class: 0 }, RCODE.REFUSED, RCODE.REFUSED, EDE.NOT_AUTHORITATIVE],
  ]
  for (const [title, parts, overUdp, overTcp, ede] of rows) {
    test(`${title}, with an error that says why`, () => {
      seen.length = 0
      const message = query({ ...parts, opt: {} })
      assert.equal(decode(ask(server, message, udp)).rcode, overUdp)
      assert.equal(decode(ask(server, message, tcp)).rcode, overTcp)
      assert.equal(optionOf(ask(server, message), OPTION.EDE), ede === null ? undefined : Buffer.from(u16(ede)).toString('hex'))
      assert.deepEqual(seen, [], 'authority is not asked')
    })
  }

  test('class LOCAL is for the local area, where that is said: others are REFUSED with 18 (RFC 8914 4.19), in no other class', () => {
    const local = new PrefixList([parsePrefix('192.0.2.0/24') ?? assert.fail(), parsePrefix('fd00::/8') ?? assert.fail()])
    const server = serverOf(answerA, { local })
    const from = (...address: number[]) => ({ transport: 'tcp', address: Uint8Array.from(address), port: 4_053 } as const)
    const told = (rrClass: number, peer: ReturnType<typeof from>): unknown[] => {
      const octets = ask(server, query({ class: rrClass, opt: {} }), peer)
      return [decode(octets).rcode, optionOf(octets, OPTION.EDE)]
    }
    for (const inside of [from(192, 0, 2, 9), from(0xfd, ...Array<number>(14).fill(0), 1)]) assert.deepEqual(told(CLASS.LOCAL, inside), [RCODE.NOERROR, undefined])
    for (const outside of [from(192, 0, 3, 9), from(0xfe, ...Array<number>(14).fill(0), 1)]) assert.deepEqual(told(CLASS.LOCAL, outside), [RCODE.REFUSED, '0012'])
    assert.deepEqual(told(CLASS.IN, from(192, 0, 3, 9)), [RCODE.NOERROR, undefined])
  })

  test('every other type of class IN, LOCAL and ANY (RFC 1035 6.2) goes to authority, ANY, RRSIG and type 0 too', () => {
    seen.length = 0
    const types = [TYPE.A, TYPE.ANY, TYPE.RRSIG, TYPE.AGENT, 0, 200, 65_535]
    for (const cls of [CLASS.IN, CLASS.LOCAL, CLASS.ANY]) for (const type of types) ask(server, query({ type, class: cls }))
    assert.deepEqual(seen, [...types, ...types, ...types])
  })

  test('authority sees question, EDNS, demand and peer as they came', () => {
    let checked = false
    const demand = hex('ff140004000186a0')
    const looking = serverOf((q) => {
      assert.deepEqual(q.octets.slice(q.qnameAt, q.qnameAt + q.qnameLength), wire('Www.Example.'))
      assert.deepEqual([q.qtype, q.qclass, q.udpSize, q.dnssecOk, q.agent, q.recursionDesired, q.authenticData, q.peer], [TYPE.AGENT, CLASS.LOCAL, 4000, true, true, true, true, tcp])
      assert.deepEqual(q.octets.slice(q.demandAt, q.demandAt + q.demandLength), demand)
      checked = true
    })
    ask(looking, query({ name: 'Www.Example.', type: TYPE.AGENT, class: CLASS.LOCAL, flags: 0x0160, opt: { size: 4000, flags: 0x8000, options: [[OPTION.DEMAND, demand], [OPTION.DEMAND, EMPTY]] } }), tcp)
    ask(serverOf((q) => assert.deepEqual([q.demandAt, q.udpSize, q.dnssecOk, q.agent, q.cookieAt], [0, 0, false, false, 0])), query())
    assert.ok(checked)
  })

  test('authority may be replaced between two messages', () => {
    const changing = serverOf()
    assert.equal(decode(ask(changing, query())).answer.length, 0)
    changing.authority = authority(answerA)
    assert.equal(decode(ask(changing, query())).answer.length, 1)
  })
})

describe('counters', () => {
  test('have names of their own, one for each element of the array up to the histograms', () => {
    const histograms = Object.values(SERVER_HISTOGRAMS).reduce((sum, shape) => sum + elementsOf(shape), 0)
    assert.equal(COUNTER_NAMES.length + histograms, COUNTER_COUNT)
    assert.equal(Math.min(...Object.values(SERVER_HISTOGRAM)), COUNTER_NAMES.length)
    assert.equal(new Set(COUNTER_NAMES).size, COUNTER_NAMES.length)
    for (const name of COUNTER_NAMES) assert.match(name, /^[a-z]+\.[A-Za-z0-9-]+$/)
    assert.throws(() => new Counters(new Float64Array(COUNTER_COUNT - 1)), RangeError)
    assert.equal(new Counters().get('no.such'), undefined)
  })

  test('count each message once in every group it belongs to', () => {
    const server = serverOf(answerA, { counters: new Counters(new Float64Array(new SharedArrayBuffer(COUNTER_COUNT * 8))) })
    const moved = (message: Uint8Array, peer = udp): string[] => {
      const before = server.counters.values.slice()
      ask(server, message, peer)
      return COUNTER_NAMES.filter((_, i) => server.counters.values[i] !== before[i])
    }
    assert.deepEqual(moved(query()), ['transport.udp', 'opcode.QUERY', 'qtype.A', 'qclass.IN', 'edns.none', 'rcode.NOERROR', 'response.authoritative'])
    assert.deepEqual(moved(query({ type: 4711, class: CLASS.LOCAL, opt: { flags: 0x8000 } }), tcp), ['transport.tcp', 'opcode.QUERY', 'qtype.other', 'qclass.LOCAL', 'edns.version-0', 'edns.do', 'rcode.NOERROR', 'response.authoritative'])
    assert.deepEqual(moved(query({ opt: { version: 3 } })), ['transport.udp', 'opcode.QUERY', 'edns.other-version', 'rcode.BADVERS'])
    assert.deepEqual(moved(query({ flags: 5 << 11, type: TYPE.SOA })), ['transport.udp', 'opcode.UPDATE', 'edns.none', 'rcode.NOTIMP'])
    assert.deepEqual(moved(query({ class: 77 })), ['transport.udp', 'opcode.QUERY', 'qtype.A', 'qclass.other', 'edns.none', 'rcode.REFUSED'])
    assert.deepEqual(moved(new Uint8Array(3)), ['transport.udp', 'dropped.too-short'])
    assert.deepEqual(moved(query({ flags: 0x8000 })), ['transport.udp', 'dropped.response'])
  })

  test('tell referrals, answers without data and truncated ones apart', () => {
    const soa = scratch.rrset('example. 60 IN SOA a. b. 1 2 3 4 5')
    const big = scratch.rrset(...Array.from({ length: 5 }, () => `www.example. 60 IN TXT ${'x'.repeat(200)}`))
    const nodata = serverOf((q, a) => void ((a.authoritative = true), a.add(SECTION.authority, scratch, soa, q, q.qnameAt)))
    const referral = serverOf((q, a) => void a.add(SECTION.authority, scratch, soa, q, q.qnameAt))
    const truncated = serverOf((q, a) => void a.add(SECTION.answer, scratch, big, q, q.qnameAt))
    for (const [server, bucket] of [[nodata, 'nodata'], [referral, 'referral'], [truncated, 'truncated']] as const) {
      ask(server, query())
      for (const other of ['nodata', 'referral', 'truncated']) assert.equal(server.counters.get(`response.${other}`), other === bucket ? 1 : 0)
    }
  })
})

describe('a fault of ours while answering', () => {
  test('is SERVFAIL with question and OPT, counted, and reported at most once a second with how many were not', () => {
    let now = NOW
    const reports: [string, number][] = []
    let failing = true
    const server = serverOf(
      (q, answer) => {
        answerA(q, answer)
        if (failing) throw new Error('broken')
      },
      { nowSeconds: () => now, nsid: Buffer.from('ns1'), onFault: (fault, untold) => reports.push([String(fault), untold]) },
    )
    for (let i = 0; i < 5; i++) {
      const d = decode(ask(server, query({ opt: { options: [[OPTION.NSID, EMPTY]] } })))
      assert.deepEqual([d.rcode, d.aa, d.answer.length, d.question?.name, d.opt?.options], [RCODE.SERVFAIL, false, 0, 'www.example.', []])
    }
    now += FAULT_REPORT_SECONDS
    ask(server, query())
    assert.deepEqual(reports, [['Error: broken', 0], ['Error: broken', 4]])
    assert.equal(server.counters.get('fault.answering'), 6)
    failing = false
    assert.equal(decode(ask(server, query())).answer.length, 1, 'and the next query is answered')
  })

  test('without anyone to report to is SERVFAIL all the same', () => {
    const server = serverOf(() => {
      throw new Error('broken')
    }, { onFault: () => undefined })
    assert.equal(decode(ask(server, query())).rcode, RCODE.SERVFAIL)
  })
})

test('options out of range are refused when the server is made', () => {
  for (const udpOctets of [511, 65_536]) assert.throws(() => serverOf(answerA, { udpOctets }), RangeError)
  assert.throws(() => serverOf(answerA, { nsid: new Uint8Array(MAX_NSID_OCTETS + 1) }), RangeError)
})

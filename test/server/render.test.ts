/** From a planned answer to octets: names compressed and read back, RRsets whole or absent, TC where the RFCs ask for it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { KIND, SECTION, TTL_AS_STORED, type Answer, type Kind, type Section } from '../../src/authority/plan.ts'
import type { Query } from '../../src/authority/query.ts'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { MAX_ANSWER_RRSETS, MAX_ANSWER_TARGETS } from '../../src/dns/limits.ts'
import { compressedNames, octetsBeforeNames } from '../../src/server/shapes.ts'
import { ask, decode, expected, query, record, Scratch, serverOf, show, tcp, udp, wire, type Decoded } from './messages.ts'

const { answer: ANSWER, authority: AUTHORITY, additional: ADDITIONAL } = SECTION

interface Entry {
  section: Section
  lines: string[]
  kind?: Kind
  ttl?: number
}

/** A fill function that plans these entries; the owner is QNAME's own octets where it is QNAME, as authority does it. */
function planned(entries: Entry[]): (query: Query, answer: Answer) => void {
  const scratch = new Scratch()
  const laid = entries.map((entry) => {
    const { owner } = record(entry.lines[0])
    return { ...entry, owner, rrset: scratch.rrset(...entry.lines), ownerAt: scratch.name(owner) }
  })
  return (q, answer) => {
    answer.authoritative = true
    const qname = Buffer.from(q.octets.subarray(q.qnameAt, q.qnameAt + q.qnameLength))
    for (const e of laid) {
      const isQname = qname.equals(wire(e.owner))
      answer.add(e.section, scratch, e.rrset, isQname ? q : scratch, isQname ? q.qnameAt : e.ownerAt, e.kind ?? KIND.plain, e.ttl ?? TTL_AS_STORED)
    }
  }
}

const shown = (d: Decoded): string[][] => [d.answer, d.authority, d.additional].map((records) => records.map(show))
const wanted = (entries: Entry[]): string[][] => [0, 1, 2].map((s) => entries.filter((e) => e.section === s).flatMap((e) => e.lines.map(expected)))

function render(entries: Entry[], name = 'www.example.', peer = udp, size = 1232): Decoded {
  return decode(ask(serverOf(planned(entries), { udpOctets: 4096 }), query({ name, ...(size ? { opt: { size } } : {}) }), peer))
}

const SOA = 'example. 3600 IN SOA ns1.example. hostmaster.example. 1 7200 3600 604800 300'

test('an RRset owned by QNAME follows the question as it lies in the image', () => {
  const entries: Entry[] = [{ section: ANSWER, lines: ['www.example. 60 IN A 192.0.2.1', 'www.example. 60 IN A 192.0.2.2'] }]
  const response = ask(serverOf(planned(entries)), query())
  assert.deepEqual(shown(decode(response)), wanted(entries))
  assert.equal(Buffer.from(response ?? []).subarray(-32).toString('hex'), 'c00c000100010000003c0004c0000201c00c000100010000003c0004c0000202')
})

test('the question comes back in the case in which it was asked, and owners point to it (RFC 4343 4.1)', () => {
  const entries: Entry[] = [{ section: ANSWER, lines: ['wWw.eXample. 60 IN A 192.0.2.1'] }, { section: AUTHORITY, lines: ['Example. 60 IN NS ns.test.'] }]
  const decoded = render(entries, 'wWw.eXample.')
  assert.equal(decoded.question?.name, 'wWw.eXample.')
  assert.equal(decoded.answer[0].owner, 'wWw.eXample.')
  assert.equal(decoded.authority[0].owner, 'eXample.')
  assert.equal(decoded.authority[0].size, 2 + 10 + 9)
})

test('names in RDATA keep the case in which they are stored, whatever the case of the question', () => {
  const entries: Entry[] = [{ section: AUTHORITY, lines: ['example. 60 IN NS Ns1.Example.', 'example. 60 IN NS ns2.Example.'] }]
  const decoded = render(entries, 'www.EXAMPLE.')
  assert.deepEqual(decoded.authority.map((r) => r.rdata), ['Ns1.Example.', 'ns2.Example.'].map((name) => Buffer.from(wire(name)).toString('hex')))
  assert.equal(decoded.authority[1].size, 2 + 10 + 6, 'the second server points to the first, whose case it shares')
})

test('an owner that shares only folded octets with the question is not pointed to by stored names of its own case', () => {
  const entries: Entry[] = [
    { section: AUTHORITY, lines: ['sub.example. 60 IN NS a.test.'] },
    { section: ADDITIONAL, lines: ['x.test. 60 IN MX 1 sub.example.'] },
  ]
  const decoded = render(entries, 'www.EXAMPLE.')
  assert.equal(decoded.authority[0].owner, 'sub.EXAMPLE.')
  assert.equal(decoded.additional[0].rdata, `0001${Buffer.from(wire('sub.example.')).toString('hex')}`)
})

test('a SOA in a negative answer has its names compressed and its TTL lowered to the cap (RFC 2308 3)', () => {
  const decoded = render([{ section: AUTHORITY, lines: [SOA], ttl: 300 }])
  assert.deepEqual(decoded.authority.map(show), [expected(SOA.replace(' 3600 IN', ' 300 IN'))])
  assert.equal(decoded.authority[0].size, 2 + 10 + 6 + 13 + 20)
})

test('a cap above the stored TTL leaves it, a cap of 0 does not, and every record of the RRset is lowered', () => {
  const lines = ['www.example. 60 IN A 192.0.2.1', 'www.example. 60 IN A 192.0.2.2']
  for (const [cap, ttl] of [[61, 60], [60, 60], [59, 59], [0, 0]]) {
    const decoded = render([{ section: ANSWER, lines, ttl: cap }])
    assert.deepEqual(decoded.answer.map((r) => r.ttl), [ttl, ttl])
  }
  const highest = render([{ section: ANSWER, lines: ['www.example. 4294967295 IN A 192.0.2.1'], ttl: 0x7fff_ffff }])
  assert.equal(highest.answer[0].ttl, 0x7fff_ffff)
})

test('glue points to where its name stands in NS RDATA, and a CNAME chain to the target before', () => {
  const entries: Entry[] = [
    { section: ANSWER, lines: ['www.example. 60 IN CNAME a.long-name.test.'] },
    { section: ANSWER, lines: ['a.long-name.test. 60 IN CNAME b.long-name.test.'] },
    { section: ANSWER, lines: ['b.long-name.test. 60 IN A 192.0.2.1', 'b.long-name.test. 60 IN A 192.0.2.2'] },
    { section: AUTHORITY, lines: ['long-name.test. 60 IN NS ns.long-name.test.'] },
    { section: ADDITIONAL, lines: ['ns.long-name.test. 60 IN AAAA 2001:db8::1'], kind: KIND.glue },
  ]
  const decoded = render(entries)
  assert.deepEqual(shown(decoded), wanted(entries))
  assert.deepEqual([...decoded.answer, ...decoded.authority, ...decoded.additional].map((r) => r.size), [30, 16, 16, 16, 17, 28])
})

test('names are compressed in the types of RFC 1035 3.3 and in no other (RFC 3597 4)', () => {
  const { NS, MD, MF, CNAME, SOA, MB, MG, MR, PTR, MINFO, MX } = TYPE
  const types = Array.from({ length: 65_536 }, (_, type) => type).filter((type) => compressedNames(type) > 0)
  assert.deepEqual(types, [NS, MD, MF, CNAME, SOA, MB, MG, MR, PTR, MINFO, MX])
  assert.deepEqual(types.map(compressedNames), [1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1])
  assert.deepEqual(types.map(octetsBeforeNames), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2])
})

test('names of types defined after RFC 1035 are not compressed (RFC 3597 4)', () => {
  const entries: Entry[] = [
    { section: ANSWER, lines: ['www.example. 60 IN SRV 1 2 53 www.example.'] },
    { section: ANSWER, lines: ['example. 60 IN DNAME www.example.'] },
  ]
  const decoded = render(entries)
  assert.deepEqual(shown(decoded), wanted(entries))
  assert.deepEqual(decoded.answer.map((r) => r.size), [12 + 6 + 13, 12 + 13])
})

test('equal octets that are no equal labels are not taken for a common suffix', () => {
  const entries: Entry[] = [
    { section: ANSWER, lines: ['x\\007example. 60 IN PTR a\\007example.'] },
    { section: ANSWER, lines: ['example. 60 IN PTR \\007example.'] },
    { section: ANSWER, lines: ['b.x\\007example. 60 IN PTR c.a\\007example.'] },
  ]
  const decoded = decode(ask(serverOf(planned(entries)), query({ name: 'www.x\\007example.' })))
  assert.deepEqual(shown(decoded), wanted(entries))
})

test('a short name that stands at the start of its memory is compared with no octets before it', () => {
  const long = `${'a'.repeat(62)}.${'a'.repeat(62)}.`
  const entries: Entry[] = [{ section: ANSWER, lines: ['. 60 IN NS b.'] }, { section: ANSWER, lines: [`. 60 IN MX 1 x.${long}`] }]
  const decoded = render(entries, long)
  assert.deepEqual(shown(decoded), wanted(entries))
  assert.equal(decoded.answer[1].size, 1 + 10 + 2 + 2 + 2, 'preference, x, and a pointer to the question')
})

test('the root as question, owner and target takes one octet and is never pointed to', () => {
  const entries: Entry[] = [{ section: ANSWER, lines: ['. 60 IN NS a.test.', '. 60 IN NS .'] }, { section: ADDITIONAL, lines: ['a.test. 60 IN A 192.0.2.1'] }]
  const decoded = render(entries, '.')
  assert.deepEqual(shown(decoded), wanted(entries))
  assert.deepEqual([...decoded.answer, ...decoded.additional].map((r) => r.size), [11 + 8, 11 + 1, 12 + 4])
})

test('an owner first written beyond 16,383 octets is written again, as no pointer reaches it (RFC 1035 4.1.4)', () => {
  const filler = Array.from({ length: 64 }, (_, i) => `www.example. 60 IN TXT ${String(i).padStart(250, 'x')}`)
  const far = ['far.test. 60 IN A 192.0.2.1', 'far.test. 60 IN A 192.0.2.2', 'far.test. 60 IN MX 5 mx.far.test.', 'far.test. 60 IN MX 6 mx.far.test.']
  const entries: Entry[] = [{ section: ANSWER, lines: filler }, { section: ANSWER, lines: far.slice(0, 2) }, { section: ANSWER, lines: far.slice(2) }]
  const decoded = render(entries, 'www.example.', tcp)
  assert.deepEqual(shown(decoded), wanted(entries))
  assert.ok(decoded.size > 0x4000)
})

test('a name whose labels cross offset 16,384 is pointed to only where a pointer reaches', () => {
  const filler = Array.from({ length: 62 }, () => `www.example. 60 IN TXT ${'x'.repeat(247)}`)
  for (let pad = 204; pad < 224; pad++) {
    const entries: Entry[] = [
      { section: ANSWER, lines: filler },
      { section: ANSWER, lines: [`www.example. 60 IN TXT ${'y'.repeat(pad)}`] },
      { section: ANSWER, lines: ['aa.bb.cc.dd.test. 60 IN A 192.0.2.1', 'aa.bb.cc.dd.test. 60 IN A 192.0.2.2'] },
      ...['bb.cc.dd.test.', 'cc.dd.test.', 'dd.test.', 'test.', 'aa.bb.cc.dd.test.'].map((owner): Entry => ({ section: ANSWER, lines: [`${owner} 60 IN A 192.0.2.3`] })),
    ]
    assert.deepEqual(shown(render(entries, 'www.example.', tcp)), wanted(entries), `pad ${pad}`)
  }
})

test('more names than the table holds are still written correctly', () => {
  const lines = Array.from({ length: MAX_ANSWER_TARGETS * 2 }, (_, i) => `www.example. 60 IN NS ns${i}.d${i}.test.`)
  const glue: Entry[] = Array.from({ length: MAX_ANSWER_TARGETS * 2 }, (_, i) => ({ section: ADDITIONAL, lines: [`ns${i}.d${i}.test. 60 IN A 192.0.2.1`], kind: KIND.glue }))
  const entries: Entry[] = [{ section: ANSWER, lines }, ...glue]
  assert.deepEqual(shown(render(entries, 'www.example.', tcp)), wanted(entries))
})

test('a name longer than one that was written elsewhere is compared with what that has, and no further', () => {
  const long = `${'a'.repeat(62)}.${'a'.repeat(62)}.`
  const entries: Entry[] = [{ section: AUTHORITY, lines: ['a. 60 IN SRV 0 0 53 .'] }, { section: ADDITIONAL, lines: [`. 60 IN NS a.${long}`] }]
  assert.deepEqual(shown(render(entries, long, tcp)), wanted(entries))
})

// ---- Random answers ----

const label = fc.constantFrom('a', 'b', 'A', 'www', 'WWW', 'ns1', 'example', 'Example', 'x\\007example', '\\001a', '\\000', '\\192\\012', 'a'.repeat(62)) // four of the longest make a name of 253 octets
const name = fc.array(label, { maxLength: 4 }).map((labels) => labels.map((l) => `${l}.`).join('') || '.')
const rdata = fc.oneof(
  fc.constant('A 192.0.2.1'),
  name.map((n) => `NS ${n}`),
  name.map((n) => `CNAME ${n}`),
  fc.tuple(fc.nat(9), name).map(([p, n]) => `MX ${p} ${n}`),
  fc.tuple(name, name).map(([m, r]) => `SOA ${m} ${r} 1 2 3 4 5`),
  name.map((n) => `SRV 0 0 53 ${n}`),
  fc.nat(200).map((n) => `TXT ${'t'.repeat(n + 1)}`),
)
const entry = fc.tuple(name, rdata, fc.integer({ min: 1, max: 4 }), fc.constantFrom(KIND.plain, KIND.signature, KIND.glue)).map(([owner, data, count, kind]) => ({
  lines: Array.from({ length: count }, () => `${owner} 60 IN ${data}`),
  kind,
}))
const answers = fc.tuple(fc.array(entry, { maxLength: 6 }), fc.array(entry, { maxLength: 4 }), fc.array(entry, { maxLength: 6 })).map(([a, b, c]) => [
  ...a.map((e): Entry => ({ ...e, section: ANSWER, kind: e.kind === KIND.glue ? KIND.plain : e.kind })),
  ...b.map((e): Entry => ({ ...e, section: AUTHORITY, kind: e.kind === KIND.glue ? KIND.plain : e.kind })),
  ...c.map((e): Entry => ({ ...e, section: ADDITIONAL })),
])

const plain = (text: string): string => text.replace(/^\S+/, (owner) => owner.toLowerCase())
const comparable = (d: Decoded): string[][] => [d.answer, d.authority, d.additional].map((records) => records.map((r) => plain(show(r))))

test('any answer reads back as it was planned: owners but for case, everything else octet by octet, and smaller than uncompressed', () => {
  fc.assert(
    fc.property(name, answers, (qname, entries) => {
      const message = query({ name: qname })
      const response = ask(serverOf(planned(entries)), message, tcp)
      const decoded = decode(response)
      assert.deepEqual(comparable(decoded), [0, 1, 2].map((s) => entries.filter((e) => e.section === s).flatMap((e) => e.lines.map((l) => plain(expected(l))))))
      const whole = entries.flatMap((e) => e.lines.map(record)).reduce((sum, r) => sum + wire(r.owner).length + 10 + r.rdata.length, message.length)
      assert.ok(decoded.size <= whole)
      assert.equal(decoded.tc, false)
    }),
    { numRuns: 400 },
  )
})

test('whatever the limit, a response keeps it, holds whole RRsets with their signatures, and TC tells what is missing', () => {
  fc.assert(
    fc.property(name, answers, fc.integer({ min: 0, max: 1400 }), (qname, entries, size) => {
      const server = serverOf(planned(entries), { udpOctets: 1232 })
      const limit = Math.min(Math.max(size, 512), 1232)
      const decoded = decode(ask(server, query({ name: qname, opt: { size } })))
      assert.ok(decoded.size <= limit)
      assert.ok(decoded.opt)
      const groups: Entry[][] = []
      for (const e of entries) {
        const last = groups.at(-1)
        if (e.kind === KIND.signature && last && last[0].section === e.section) last.push(e)
        else groups.push([e])
      }
      const got = comparable(decoded)
      let stopped = false
      let missing = false
      for (const group of groups) {
        const lines = group.flatMap((e) => e.lines.map((l) => plain(expected(l))))
        const section = got[group[0].section]
        const isHere = !stopped && lines.every((line, i) => section[i] === line)
        if (isHere) section.splice(0, lines.length)
        else if (group[0].section !== ADDITIONAL) stopped = missing = true
        else if (group[0].kind === KIND.glue) missing = true
      }
      assert.deepEqual(got, [[], [], []], 'nothing but whole groups')
      if (missing) assert.equal(decoded.tc, true)
      if (decoded.tc) assert.ok(missing)
    }),
    { numRuns: 400 },
  )
})

// ---- Truncation ----

/** An RRset of `octets` octets at `owner`, header of the record included where the owner is a pointer. */
const txt = (owner: string, octets: number): string => `${owner} 60 IN TXT \\# ${octets - 12} ${'00'.repeat(octets - 12)}`
const rrsig = (owner: string, octets: number): string => `${owner} 60 IN RRSIG \\# ${octets - 12} ${'0010'.padEnd((octets - 12) * 2, '0')}`
const QUESTION = 12 + 13 + 4
const sizes = (d: Decoded): number[] => [d.answer.length, d.authority.length, d.additional.length]

describe('truncation', () => {
  const small = 100
  const rows: [title: string, size: number, entries: Entry[], counts: number[], tc: boolean][] = [
    ['an answer that fits to the octet', 512, [{ section: ANSWER, lines: [txt('www.example.', 512 - QUESTION)] }], [1, 0, 0], false],
    ['an answer one octet too large sets TC and is left out (RFC 2181 9)', 512, [{ section: ANSWER, lines: [txt('www.example.', 513 - QUESTION)] }], [0, 0, 0], true],
    ['an answer of many records is left out as a whole', 512, [{ section: ANSWER, lines: Array.from({ length: 9 }, () => txt('www.example.', 60)) }], [0, 0, 0], true],
    ['an answer whose signature does not fit is left out with it', 512, [{ section: ANSWER, lines: [txt('www.example.', small)] }, { section: ANSWER, lines: [rrsig('www.example.', 400)], kind: KIND.signature }], [0, 0, 0], true],
    ['a CNAME before a target that does not fit stays', 512, [{ section: ANSWER, lines: ['www.example. 60 IN CNAME a.example.'] }, { section: ANSWER, lines: [txt('a.example.', 500)] }], [1, 0, 0], true],
    ['an authority RRset that does not fit sets TC, and nothing follows it', 512, [{ section: ANSWER, lines: [txt('www.example.', small)] }, { section: AUTHORITY, lines: [txt('example.', 500)] }, { section: ADDITIONAL, lines: [txt('a.example.', 20)] }], [1, 0, 0], true],
    ['an additional RRset that does not fit is left out without TC (RFC 2181 9), a smaller one behind it is not', 512, [{ section: ADDITIONAL, lines: [txt('a.example.', 500)] }, { section: ADDITIONAL, lines: [txt('b.example.', 50)] }], [0, 0, 1], false],
    ['an additional RRset whose signature does not fit is left out with it', 512, [{ section: ADDITIONAL, lines: [txt('a.example.', small)] }, { section: ADDITIONAL, lines: [rrsig('a.example.', 400)], kind: KIND.signature }], [0, 0, 0], false],
    ['glue that does not fit sets TC (RFC 9471 3.1), the glue that fits is sent', 512, [{ section: AUTHORITY, lines: ['sub.example. 60 IN NS a.sub.example.'] }, { section: ADDITIONAL, lines: [txt('a.sub.example.', 500)], kind: KIND.glue }, { section: ADDITIONAL, lines: [txt('b.sub.example.', 50)], kind: KIND.glue }], [0, 1, 1], true],
    ['a client that takes 1232 octets gets them', 1232, [{ section: ANSWER, lines: Array.from({ length: 5 }, () => txt('www.example.', 200)) }], [5, 0, 0], false],
    ['a client that takes 4096 octets gets what is configured', 4096, [{ section: ANSWER, lines: Array.from({ length: 7 }, () => txt('www.example.', 200)) }], [0, 0, 0], true],
    ['a client that says it takes less than 512 is taken to take 512 (RFC 6891 6.2.3)', 1, [{ section: ANSWER, lines: [txt('www.example.', 512 - QUESTION - 11)] }], [1, 0, 0], false],
  ]
  for (const [title, size, entries, counts, tc] of rows) {
    test(title, () => {
      const server = serverOf(planned(entries))
      const message = size === 512 ? query() : query({ opt: { size } })
      const decoded = decode(ask(server, message))
      assert.deepEqual(sizes(decoded), counts)
      assert.equal(decoded.tc, tc)
      assert.equal(decoded.question?.name, 'www.example.')
      const overTcp = decode(ask(server, message, tcp))
      assert.equal(overTcp.tc, false, 'over TCP there is room')
      assert.deepEqual(sizes(overTcp), wanted(entries).map((lines) => lines.length))
    })
  }

  test('OPT keeps its place whatever the answer: the room for it is taken from the sections', () => {
    const entries: Entry[] = [{ section: ANSWER, lines: [txt('www.example.', 512 - QUESTION - 10)] }]
    const decoded = decode(ask(serverOf(planned(entries)), query({ opt: { size: 512 } })))
    assert.deepEqual([decoded.answer.length, decoded.tc, decoded.opt?.size], [0, true, 1232])
  })

  test('over TCP a response ends at 65,535 octets', () => {
    const entries = (count: number): Entry[] => [{ section: ANSWER, lines: Array.from({ length: count }, () => txt('www.example.', 6_550)) }]
    assert.equal(decode(ask(serverOf(planned(entries(10))), query(), tcp)).answer.length, 10)
    const decoded = decode(ask(serverOf(planned(entries(11))), query(), tcp))
    assert.deepEqual([decoded.answer.length, decoded.tc], [0, true])
  })

  test('an output buffer smaller than the limit is a limit too, and nothing is written behind it', () => {
    const entries: Entry[] = [{ section: ANSWER, lines: ['www.example. 60 IN MX 1 mx.a-rather-long-name.example.'] }, { section: ANSWER, lines: [txt('www.example.', 600)] }]
    const arena = new Uint8Array(2048).fill(0xaa)
    const server = serverOf(planned(entries))
    const message = query({ opt: {} })
    const size = server.answer(message, message.length, tcp, arena.subarray(0, 512))
    assert.equal(decode(arena.slice(0, size)).tc, true)
    assert.ok(arena.subarray(512).every((octet) => octet === 0xaa))
    assert.equal(server.answer(message, message.length, tcp, arena.subarray(0, 511)), 0)
    assert.equal(server.counters.get('dropped.no-room'), 1)
  })
})

// ---- The plan itself ----

test('a plan that is full truncates if a required RRset found no room, and never parts an RRset from its signatures', () => {
  const scratch = new Scratch()
  const a = scratch.rrset('www.example. 60 IN A 192.0.2.1')
  const sig = scratch.rrset(rrsig('www.example.', 20))
  const fill = (section: Section, kind: Kind) => (q: Query, answer: Answer) => {
    for (let i = 0; i < MAX_ANSWER_RRSETS - 1; i++) assert.equal(answer.add(section, scratch, a, q, q.qnameAt, kind), true)
    assert.equal(answer.add(section, scratch, sig, q, q.qnameAt, KIND.signature), true)
    assert.equal(answer.add(section, scratch, a, q, q.qnameAt, kind), false)
  }
  const truncated = (section: Section, kind: Kind): boolean => decode(ask(serverOf(fill(section, kind)), query(), tcp)).tc
  assert.equal(truncated(ANSWER, KIND.plain), true)
  assert.equal(truncated(ADDITIONAL, KIND.glue), true)
  assert.equal(truncated(ADDITIONAL, KIND.plain), false)
})

test('a section that comes after a later one is a fault of the planner', () => {
  const scratch = new Scratch()
  const a = scratch.rrset('www.example. 60 IN A 192.0.2.1')
  const server = serverOf(
    (q, answer) => {
      answer.add(AUTHORITY, scratch, a, q, q.qnameAt)
      answer.add(ANSWER, scratch, a, q, q.qnameAt)
    },
    { onFault: (fault) => assert.match(String(fault), /Cannot add to section 0 as section 1 has been begun/) },
  )
  assert.equal(decode(ask(server, query({ class: CLASS.LOCAL }))).rcode, 2)
})

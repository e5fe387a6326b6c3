/** Hostile octets against the whole path, and the promise that answering leaves nothing for the garbage collector. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { KIND, SECTION, type Answer } from '../../src/authority/plan.ts'
import type { Query } from '../../src/authority/query.ts'
import { EDE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { Cookies } from '../../src/server/cookies.ts'
import { Server } from '../../src/server/server.ts'
import { ask, authority, decode, NOW, query, Scratch, tcp, udp, wire, type QueryParts } from './messages.ts'

const scratch = new Scratch()
const a = scratch.rrset('www.example. 60 IN A 192.0.2.1', 'www.example. 60 IN A 192.0.2.2')
const signature = scratch.rrset(`www.example. 60 IN RRSIG \\# 100 ${'0001'.padEnd(200, '5')}`)
const soa = scratch.rrset('example. 3600 IN SOA ns1.example. hostmaster.example. 1 7200 3600 604800 300')
const ns = scratch.rrset('example. 60 IN NS ns1.example.', 'example. 60 IN NS ns2.Example.', 'example. 60 IN NS ns3.test.')
const glue = scratch.rrset('ns1.example. 60 IN AAAA 2001:db8::1')
const large = scratch.rrset(...Array.from({ length: 30 }, (_, i) => `www.example. 60 IN TXT ${String(i).padStart(99, 'x')}`))
const apexAt = scratch.name('Example.')
const ns1At = scratch.name('ns1.example.')
const edeText = Buffer.from('no live agent')

/** Answers every kind of answer by the question's type, so that mutated queries meet all of the renderer. */
function answerAny(q: Query, answer: Answer): void {
  switch (q.qtype & 7) {
    case 1:
      answer.authoritative = true
      answer.add(SECTION.answer, scratch, a, q, q.qnameAt)
      if (q.dnssecOk) answer.add(SECTION.answer, scratch, signature, q, q.qnameAt, KIND.signature)
      return
    case 2:
      answer.add(SECTION.authority, scratch, ns, scratch, apexAt)
      answer.add(SECTION.additional, scratch, glue, scratch, ns1At, KIND.glue)
      return
    case 4:
      answer.add(SECTION.answer, scratch, large, q, q.qnameAt)
      return
    default:
      answer.authoritative = true
      answer.rcode = RCODE.NXDOMAIN
      answer.explain(EDE.NO_LIVE_AGENT, edeText)
      answer.add(SECTION.authority, scratch, soa, scratch, apexAt, KIND.plain, 300)
  }
}

const NSID = Buffer.from('ns1.example')
function server(requireCookie = false): Server {
  return new Server({
    authority: authority(answerAny), nowSeconds: () => NOW, nsid: NSID, keepalive: 300, cookies: new Cookies(new Uint8Array(16)), requireCookie, chaos: { version: 'waggle', identity: 'ns1' },
    onFault: (fault) => {
      throw fault
    },
  })
}

/** Whatever was sent: silence, or a well-formed response to it within its limits. */
function check(answering: Server, message: Uint8Array, peer = udp): void {
  const response = ask(answering, message, peer)
  if (response === null) {
    assert.ok(message.length < 12 || message[2] >= 0x80, 'silence for a query')
    return
  }
  const d = decode(response)
  assert.equal(d.qr, true)
  assert.equal(d.id, (message[0] << 8) | message[1])
  assert.equal(d.opcode, (message[2] >>> 3) & 15)
  assert.ok(d.size <= (peer === tcp ? 65_535 : d.opt ? 1232 : 512))
  assert.notEqual(d.rcode, RCODE.SERVFAIL)
  if (d.rcode === RCODE.FORMERR || d.rcode === RCODE.NOTIMP) assert.equal(d.answer.length + d.authority.length + d.additional.length, 0)
}

const corpus: QueryParts[] = [
  {}, { opt: {} }, { type: TYPE.NS, opt: { flags: 0x8000, size: 4096 } }, { type: 4 }, { type: TYPE.MX }, { name: '.', type: TYPE.NS }, { name: 'WWW.eXAMPLE.', type: TYPE.SOA, flags: 0x0150 },
  { opt: { options: [[OPTION.COOKIE, new Uint8Array(24)], [OPTION.NSID, new Uint8Array(0)], [OPTION.TCP_KEEPALIVE, new Uint8Array(0)], [OPTION.DEMAND, new Uint8Array(9)]] } },
  { name: 'version.bind.', type: TYPE.TXT, class: 3 }, { flags: 5 << 11, type: TYPE.SOA }, { opt: { version: 1 } }, { question: null, opt: { options: [[OPTION.COOKIE, new Uint8Array(8)]] } },
  { type: TYPE.IXFR, authority: [Uint8Array.of(...wire('example.'), 0, 6, 0, 1, 0, 0, 0, 0, 0, 22, ...new Uint8Array(22))] },
  { additional: [Uint8Array.of(...wire('key.'), 0, 250, 0, 255, 0, 0, 0, 0, 0, 29, ...wire('hmac-sha256.'), ...new Uint8Array(16))] },
]

test('any octets at all are met with silence or a well-formed response', () => {
  const one = server()
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (octets, overTcp) => check(one, octets, overTcp ? tcp : udp)), { numRuns: 3_000 })
})

test('any octets behind a header that promises a query are met with a well-formed response', () => {
  const one = server()
  const counts = fc.tuple(fc.constantFrom(0, 1, 1, 1, 2), fc.nat(2), fc.nat(2), fc.nat(3)) as fc.Arbitrary<[number, number, number, number]>
  fc.assert(fc.property(counts, fc.uint8Array({ maxLength: 100 }), (c, octets) => check(one, query({ counts: c, question: null, trailing: octets }))), { numRuns: 3_000 })
})

test('sixty thousand mutations of valid messages of every kind: no throw, nothing malformed, no limit passed', () => {
  const whole = corpus.map((parts) => query(parts))
  const servers = [server(), server(true)]
  let seed = 20_260_723
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((seed / 0x1_0000_0000) * below)
  }
  for (let i = 0; i < 60_000; i++) {
    let message = whole[random(whole.length)].slice()
    for (let changes = 1 + random(4); changes > 0; changes--) {
      const at = random(message.length)
      const kind = random(4)
      if (kind === 0) message[at] = random(256)
      else if (kind === 1) message[at] ^= 1 << random(8)
      else if (kind === 2) message = message.slice(0, at)
      else message = Uint8Array.of(...message.slice(0, at), ...whole[random(whole.length)].slice(random(20)))
      if (message.length === 0) break
    }
    check(servers[i & 1], message, random(4) === 0 ? tcp : udp)
  }
})

test('a hundred thousand answers of every kind allocate nothing', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const answering = server()
  const messages = corpus.map((parts) => query(parts))
  const out = new Uint8Array(65_535)
  const run = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const message = messages[i % messages.length]
      answering.answer(message, message.length, i & 16 ? tcp : udp, out)
    }
  }
  run(60_000) // until everything is compiled
  let least = Infinity
  for (let attempt = 0; attempt < 5 && least > 100_000; attempt++) {
    collect()
    const before = process.memoryUsage().heapUsed
    run(100_000)
    least = Math.min(least, process.memoryUsage().heapUsed - before)
  }
  assert.ok(least < 100_000, `${least / 100_000} octets per answer`)
})

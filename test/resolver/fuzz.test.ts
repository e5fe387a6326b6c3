/**
 * Whatever comes back, the machine never throws, never spends more than its budget, and always ends: random octets,
 * valid responses with damage (test/battery/mutate.ts), and made-up messages whose records lead anywhere. RFC 9520 3.2
 * and the limits of src/dns/limits-resolver.ts say what is allowed.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import type { DnsRecord, Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { MAX_LOOKUPS_PER_QUESTION, MAX_QUESTION_MS, MAX_SENDS_PER_QUESTION } from '../../src/dns/limits-resolver.ts'
import { Chance } from '../battery/chance.ts'
import { writeMutation } from '../battery/mutate.ts'
import { Internet, Play, records, smallInternet, type Told } from './support.ts'

const KINDS = new Set(['answer', 'nodata', 'nxdomain', 'unreachable', 'useless', 'loop', 'budget', 'busy', 'remembered', 'unsupported', 'blocked'])
const ZONE = 'alias CNAME www\nfar CNAME www.sub\nsub NS ns.sub\nns.sub A 192.0.2.2\nold DNAME sub\nd.e.f A 192.0.2.3\nglueless NS ns.sub'
const QUESTIONS = ['www.example. A', 'alias.example. AAAA', 'far.example. A', 'x.old.example. A', 'd.e.f.example. A', 'a.b.glueless.example. MX', 'gone.example. A', 'sub.example. DS', 'example. NS', 'www.sub.example. ANY']

function assertSound({ kind, outcome, ms }: Told): void {
  assert.ok(KINDS.has(kind), kind)
  assert.ok(outcome.work.sends <= MAX_SENDS_PER_QUESTION && outcome.work.lookups <= MAX_LOOKUPS_PER_QUESTION, JSON.stringify(outcome.work))
  assert.ok(ms <= 3 * MAX_QUESTION_MS, `${ms} ms`)
}

function world(): Internet {
  return smallInternet(ZONE).serve('192.0.2.2', { 'sub.example.': '@ NS ns\nns A 192.0.2.2\nwww A 192.0.2.82', 'glueless.example.': '@ NS ns.sub.example.\na.b MX 1 www' })
}

test('responses of random octets, with the right id or without', () => {
  fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 }), fc.boolean(), fc.nat(), (noise, withId, seed) => {
    const play = new Play(world(), {}, seed)
    let next = 0
    play.onTheWay = (octets) => {
      const made = noise[next++ % noise.length].slice()
      return withId ? Buffer.concat([octets.subarray(0, 12), made]) : made
    }
    assertSound(play.ask(QUESTIONS[seed % QUESTIONS.length]))
  }), { numRuns: 40 })
})

test('true responses, damaged one in three', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const chance = new Chance(seed)
    const play = new Play(world(), { ipv6: seed % 2 === 0, dnssec: seed % 3 === 0 }, seed)
    const seen: Buffer[] = []
    const out = Buffer.alloc(65_535)
    play.onTheWay = (octets) => {
      seen.push(Buffer.from(octets))
      if (!chance.percent(33)) return octets
      const id = octets.slice(0, 2)
      const length = writeMutation(out, [Buffer.from(octets), chance.pick(seen)], chance)
      return chance.percent(80) && length > 2 ? Buffer.concat([id, out.subarray(2, length)]) : Buffer.from(out.subarray(0, length))
    }
    const waiters = QUESTIONS.map((question) => play.start(question))
    play.run()
    for (const waiter of waiters) assertSound({ ...play.told(waiter), ms: 0 })
  }
})

/** Few names, so that made-up records meet each other. */
const NAMES = ['.', 'example.', 'www.example.', 'sub.example.', 'ns.sub.example.', 'x.sub.example.', 'test-a.', 'ns.test-a.', 'a.b.c.d.example.'].map((text) => Name.parse(text))

function inventedRecord(chance: Chance): DnsRecord {
  const type = chance.pick([TYPE.A, TYPE.AAAA, TYPE.NS, TYPE.NS, TYPE.CNAME, TYPE.CNAME, TYPE.DNAME, TYPE.SOA, TYPE.DS, TYPE.NSEC])
  const name = chance.pick(NAMES)
  const target = chance.pick(NAMES)
  const rdata: Record<number, () => Uint8Array> = {
    [TYPE.A]: () => Uint8Array.of(192, 0, 2, chance.below(4)),
    [TYPE.AAAA]: () => Uint8Array.of(0x20, 1, 0xd, 0xb8, ...chance.octets(12)),
    [TYPE.SOA]: () => records(`${name} SOA ${target} ${target} 1 2 3 4 ${chance.below(600)}`)[0].rdata,
    [TYPE.DS]: () => Uint8Array.of(0, 1, 13, 2, ...chance.octets(32)),
    [TYPE.NSEC]: () => Uint8Array.from([...target.wire, 0, 1, 0x40]),
  }
  return { name, type, class: CLASS.IN, ttl: chance.pick([0, 1, 60, 86_400]), rdata: rdata[type]?.() ?? target.wire }
}

function invented(chance: Chance): Partial<Message> | null {
  const some = (): DnsRecord[] => Array.from({ length: chance.below(4) }, () => inventedRecord(chance))
  if (chance.percent(5)) return null
  return { authoritative: chance.percent(50), truncated: chance.percent(5), rcode: chance.pick([0, 0, 0, 0, 3, 3, 1, 2, 5, 6]), answers: some(), authorities: some(), additionals: some() }
}

test('made-up responses that lead anywhere, to a resolver that keeps what it was told before', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const chance = new Chance(seed)
    const net = new Internet()
    for (let i = 0; i < 4; i++) net.serve(`192.0.2.${i}`, { 'example.': '@ NS ns.sub.example.' }, { says: () => invented(chance), delayMs: 1 + chance.below(300) })
    const hints = [{ name: Name.parse('a.root.'), addresses: [Uint8Array.of(192, 0, 2, 1), Uint8Array.of(192, 0, 2, 2)] }]
    const play = new Play(net, { hints, ipv6: chance.percent(50), randomCase: chance.percent(50), minimise: chance.percent(70) }, seed)
    for (let i = 0; i < 12; i++) {
      assertSound(play.ask(`${chance.pick(NAMES)} ${chance.pick(['A', 'AAAA', 'NS', 'DS', 'SOA', 'CNAME', 'ANY', 'TXT'])}`))
      play.nowMs += chance.below(20_000)
    }
    for (let i = 0; i < 12; i++) play.start(`${chance.pick(NAMES)} ${chance.pick(['A', 'NS', 'TXT'])}`)
    play.run()
  }
})

test('events about sends that never were, or are over, mean nothing', () => {
  const play = new Play(smallInternet())
  play.ask('www.example. A')
  for (const send of [-1, 0, 1, 2, 99, NaN]) {
    assert.deepEqual(play.resolver.step({ kind: 'timeout', nowMs: play.nowMs, send }), [])
    assert.deepEqual(play.resolver.step({ kind: 'response', nowMs: play.nowMs, send, from: { address: Uint8Array.of(192, 0, 2, 1), port: 53 }, octets: new Uint8Array(40) }), [])
  }
})

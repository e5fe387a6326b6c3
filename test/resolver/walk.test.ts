/** RFC 1034 5.3.3: from the roots down to an answer, along referrals and aliases, with what was sent on the way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Play, smallInternet, type Internet, type Told } from './support.ts'

test('the first question primes, is referred, and answered (RFC 8109 3, RFC 1034 5.3.3)', () => {
  const { kind, records, packets, ms, outcome } = new Play(smallInternet()).ask('www.example. A')
  assert.deepEqual({ kind, records, ms }, { kind: 'answer', records: ['www.example. A 192.0.2.80'], ms: 30 })
  assert.deepEqual(packets, ['198.51.100.1 udp . NS', '198.51.100.1 udp example. A', '192.0.2.1 udp www.example. A'])
  assert.equal(outcome.work.sends, 2, 'priming is on nobody\'s account')
})

test('what was learned is not asked again: neither answers nor the way to them', () => {
  const play = new Play(smallInternet('ftp A 192.0.2.81'))
  play.ask('www.example. A')
  assert.deepEqual(play.ask('www.example. A').packets, [])
  assert.deepEqual(play.ask('ftp.example. A').packets, ['192.0.2.1 udp ftp.example. A'])
  play.nowMs += 3_601_000
  assert.deepEqual(play.ask('ftp.example. A').packets, ['198.51.100.1 udp . NS', '198.51.100.1 udp example. A', '192.0.2.1 udp ftp.example. A'])
})

/** Names of one zone, and how questions for them end. */
const ZONE = `
  alias CNAME www
  twice CNAME alias
  self CNAME self
  ping CNAME pong
  pong CNAME ping
  gone CNAME nowhere
  empty CNAME mail.host
  a.host A 192.0.2.7
  mail.host MX 10 www
  old DNAME new
  x.new A 192.0.2.9
  *.wild TXT "any"
  out CNAME www.test-b.example.
`
const ENDS: [question: string, kind: string, records: string[]][] = [
  ['www.example. A', 'answer', ['www.example. A 192.0.2.80']],
  ['WWW.Example. A', 'answer', ['www.example. A 192.0.2.80']],
  ['www.example. AAAA', 'nodata', ['SOA of example.']],
  ['nowhere.example. A', 'nxdomain', ['SOA of example.']],
  ['host.example. A', 'nodata', ['SOA of example.']],
  ['a.host.example. A', 'answer', ['a.host.example. A 192.0.2.7']],
  ['alias.example. A', 'answer', ['alias.example. CNAME www.example.', 'www.example. A 192.0.2.80']],
  ['alias.example. CNAME', 'answer', ['alias.example. CNAME www.example.']],
  ['twice.example. A', 'answer', ['twice.example. CNAME alias.example.', 'alias.example. CNAME www.example.', 'www.example. A 192.0.2.80']],
  ['gone.example. A', 'nxdomain', ['gone.example. CNAME nowhere.example.', 'SOA of example.']],
  ['empty.example. A', 'nodata', ['empty.example. CNAME mail.host.example.', 'SOA of example.']],
  ['self.example. A', 'loop', ['self.example. CNAME self.example.']],
  ['ping.example. A', 'loop', ['ping.example. CNAME pong.example.', 'pong.example. CNAME ping.example.']],
  ['x.old.example. A', 'answer', ['old.example. DNAME new.example.', 'x.old.example. CNAME x.new.example.', 'x.new.example. A 192.0.2.9']],
  ['y.old.example. A', 'nxdomain', ['old.example. DNAME new.example.', 'y.old.example. CNAME y.new.example.', 'SOA of example.']],
  ['old.example. DNAME', 'answer', ['old.example. DNAME new.example.']],
  ['q.wild.example. TXT', 'answer', ['q.wild.example. TXT "any"']],
  ['example. SOA', 'answer', ['example. SOA ns.example. host.example. 1 7200 3600 604800 300']],
  ['example. NS', 'answer', ['example. NS ns.example.']],
  ['. NS', 'answer', ['. NS a.root.']],
  ['example. DS', 'nodata', ['SOA of .']],
  ['nowhere. A', 'nxdomain', ['SOA of .']],
  ['www.test-b.example. A', 'answer', ['www.test-b.example. A 203.0.113.80']],
  ['out.example. A', 'answer', ['out.example. CNAME www.test-b.example.', 'www.test-b.example. A 203.0.113.80']],
]

function world(): Internet {
  return smallInternet(`${ZONE}\ntest-b NS ns.test-b\nns.test-b A 203.0.113.1`)
    .serve('203.0.113.1', { 'test-b.example.': '@ NS ns\nns A 203.0.113.1\nwww A 203.0.113.80' })
}

for (const [question, kind, records] of ENDS) {
  test(`${question} ends as ${kind}, cold and from memory`, () => {
    const play = new Play(world())
    const told = play.ask(question)
    assert.deepEqual({ kind: told.kind, records: told.records }, { kind, records }, told.why)
    assert.ok(told.packets.length <= 7, told.packets.join('\n'))
    const again = play.ask(question)
    assert.deepEqual({ kind: again.kind, records: again.records }, { kind, records })
    assert.deepEqual(again.packets, [])
  })
}

test('every question of the table ends the same in one resolver that knows all the others', () => {
  const play = new Play(world())
  for (const [question, kind, records] of ENDS) {
    const told = play.ask(question)
    assert.deepEqual({ kind: told.kind, records: told.records }, { kind, records }, question)
  }
})

test('a zone without glue is found by the names of its servers', () => {
  const net = smallInternet('sub NS ns.other.example.\nother NS ns.other\nns.other A 203.0.113.1')
    .serve('203.0.113.1', { 'other.example.': '@ NS ns\nns A 203.0.113.1', 'sub.example.': '@ NS ns.other.example.\nwww A 203.0.113.80' })
  const { kind, records, outcome } = new Play(net).ask('www.sub.example. A')
  // sibling glue is in the referral (RFC 9471 2.2): no lookup
  assert.deepEqual({ kind, records, lookups: outcome.work.lookups }, { kind: 'answer', records: ['www.sub.example. A 203.0.113.80'], lookups: 0 })
})

test('a server of a foreign name costs a lookup of its address', () => {
  const net = smallInternet('', 'sub. NS ns.example.\nother. NS deep.www.sub.').serve('192.0.2.1', {
    'example.': '@ NS ns\nns A 192.0.2.1', 'sub.': '@ NS ns.example.\ndeep.www A 192.0.2.2',
  }).serve('192.0.2.2', { 'other.': '@ NS deep.www.sub.\nhost A 192.0.2.3' })
  const { kind, records, outcome, packets } = new Play(net).ask('host.other. A')
  assert.deepEqual({ kind, records }, { kind: 'answer', records: ['host.other. A 192.0.2.3'] })
  assert.equal(outcome.work.lookups, 1)
  assert.equal(packets.at(-1), '192.0.2.2 udp host.other. A')
})

test('addresses of the other family are used, and looked for, where that family is there', () => {
  const net = smallInternet('sub NS ns.far.\nonly NS six.far.', 'far. NS ns.far.\nns.far. A 192.0.2.5')
    .serve('192.0.2.5', { 'far.': '@ NS ns\nns A 192.0.2.5\nsix AAAA 2001:db8::53' })
    .serve('2001:db8::53', { 'only.example.': '@ NS six.far.\n@ TXT "by IPv6"' })
  assert.equal(new Play(net, { ipv6: true }).ask('only.example. TXT').kind, 'answer')
  const without = new Play(net).ask('only.example. TXT')
  assert.deepEqual({ kind: without.kind, why: without.why }, { kind: 'unreachable', why: 'no server of only.example. answers' })
})

test('questions that are asked together are asked once', () => {
  const play = new Play(smallInternet())
  const waiters = Array.from({ length: 20 }, () => play.start('www.example. A'))
  play.run()
  const told: Told[] = waiters.map((waiter) => play.told(waiter))
  assert.deepEqual(new Set(told.map(({ records }) => records.join())), new Set(['www.example. A 192.0.2.80']))
  assert.equal(play.sent.length, 3)
  assert.equal(play.resolver.counters.joined, 19)
})

test('different questions on the same way share its messages', () => {
  const play = new Play(smallInternet('a.b.sub A 192.0.2.1\nc.b.sub A 192.0.2.2'))
  const waiters = ['a.b.sub.example. A', 'c.b.sub.example. A', 'a.b.sub.example. AAAA'].map((question) => play.start(question))
  play.run()
  assert.deepEqual(waiters.map((waiter) => play.told(waiter).kind), ['answer', 'answer', 'nodata'])
  // . NS, example., sub.example., b.sub.example. once each; then the three names
  assert.equal(play.sent.length, 7)
})

test('a question that is none is refused at once', () => {
  const play = new Play(smallInternet())
  for (const question of ['example. AXFR', 'example. IXFR', 'example. OPT', 'example. TSIG']) {
    const { kind, packets, outcome } = play.ask(question)
    assert.deepEqual({ kind, packets, rcode: outcome.kind === 'failure' && outcome.rcode }, { kind: 'unsupported', packets: [], rcode: 4 }, question)
  }
})

test('ANY gets all RRsets of the name, and is not answered from memory', () => {
  const play = new Play(smallInternet('', '', { says: ({ questions: [{ type, name }] }) => (type === 255 ? { authoritative: true, answers: [
    { name, type: 1, class: 1, ttl: 60, rdata: Uint8Array.of(192, 0, 2, 80) }, { name, type: 16, class: 1, ttl: 60, rdata: Uint8Array.of(1, 0x78) },
  ] } : undefined) }))
  assert.deepEqual(play.ask('www.example. ANY').records, ['www.example. A 192.0.2.80', 'www.example. TXT "x"'])
  assert.equal(play.ask('www.example. ANY').packets.length, 1)
})

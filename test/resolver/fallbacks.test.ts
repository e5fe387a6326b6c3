/** Servers that do not do as they should, and what it takes to get an answer from them (RFC 6891 7, RFC 7766 5, RFC 9156 4). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage } from '../../src/dns/message.ts'
import { MAX_ATTEMPTS_PER_SERVER, MAX_ATTEMPTS_PER_STEP, MAX_WAIT_MS, MANNERS_SECONDS } from '../../src/dns/limits-resolver.ts'
import { Play, records, smallInternet, type Behaviour } from './support.ts'

const NS = '192.0.2.1'
const PRIMING = '198.51.100.1 udp . NS'
const REFERRAL = '198.51.100.1 udp example. A'
const BY_UDP = `${NS} udp www.example. A`
const BY_TCP = `${NS} tcp www.example. A`

/** What one misbehaving server of `example.` costs at first, and the next time it is asked. */
const MANNERS: [what: string, behaviour: Behaviour, kind: string, first: string[], next: string[]][] = [
  ['answers as it should', {}, 'answer', [BY_UDP], [BY_UDP]],
  ['truncates: TCP (RFC 7766 5)', { truncatesAbove: 40 }, 'answer', [BY_UDP, BY_TCP], [BY_UDP, BY_TCP]],
  ['truncates, and is silent by TCP', { truncatesAbove: 40, silent: 'tcp' }, 'unreachable', [BY_UDP, BY_TCP, BY_UDP, BY_TCP], []],
  ['hates EDNS: FORMERR, then without, and so from then on (RFC 6891 7)', { hatesEdns: true }, 'answer', [BY_UDP, BY_UDP], [BY_UDP]],
  ['hates EDNS and leaves the question out: asked by TCP, where that is good enough', { hatesEdns: 'bare' }, 'answer', [BY_UDP, BY_TCP, BY_TCP], [BY_UDP]],
  ['answers in lower case: by TCP it is its own doing, and remembered', { lowers: true }, 'answer', [BY_UDP, BY_TCP], [BY_UDP]],
  ['answers in lower case, and is silent by TCP', { lowers: true, silent: 'tcp' }, 'unreachable', [BY_UDP, BY_TCP, BY_UDP, BY_TCP], []],
  ['answers FORMERR to everything', { rcode: RCODE.FORMERR }, 'useless', [BY_UDP, BY_UDP], []],
  ['answers SERVFAIL', { rcode: RCODE.SERVFAIL }, 'useless', [BY_UDP], []],
  ['refuses', { rcode: RCODE.REFUSED }, 'useless', [BY_UDP], []],
  ['answers NOTIMP to everything', { rcode: RCODE.NOTIMP }, 'useless', [BY_UDP, BY_UDP], []],
  ['is lame: refers up', { says: () => ({ authorities: [{ name: decodeRoot(), type: TYPE.NS, class: CLASS.IN, ttl: 60, rdata: Uint8Array.of(0) }] }) }, 'useless', [BY_UDP], []],
  ['says nothing at all', { says: () => ({}) }, 'useless', [BY_UDP], []],
  ['is slow, within its time', { delayMs: 390 }, 'answer', [BY_UDP], [BY_UDP]],
  ['is slower than it is given: once more, with more time', { delayMs: 700 }, 'answer', [BY_UDP, BY_UDP], [BY_UDP]],
  ['is as slow as one may be that is alone: its last try waits longest', { delayMs: MAX_WAIT_MS - 100 }, 'answer', [BY_UDP, BY_UDP], [BY_UDP]],
  ['is slower than that', { delayMs: MAX_WAIT_MS + 100 }, 'unreachable', [BY_UDP, BY_UDP], []],
  ['is silent', { silent: true }, 'unreachable', [BY_UDP, BY_UDP], []],
  ['is silent by UDP', { silent: 'udp' }, 'unreachable', [BY_UDP, BY_UDP], []],
  ['sends what nobody can read: TCP, then it is broken', { mangles: (octets) => octets.subarray(0, -1) }, 'useless', [BY_UDP, BY_TCP], []],
  ['sends what nobody can read by UDP', { mangles: (octets, transport) => (transport === 'udp' ? octets.subarray(0, -1) : octets) }, 'answer', [BY_UDP, BY_TCP], [BY_UDP, BY_TCP]],
]

function decodeRoot(): ReturnType<typeof decodeMessage>['questions'][0]['name'] {
  return decodeMessage(Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1)).questions[0].name
}

for (const [what, behaviour, kind, first, next] of MANNERS) {
  test(`a server that ${what}: ${kind}`, () => {
    const play = new Play(smallInternet('ftp A 192.0.2.81', '', behaviour))
    const told = play.ask('www.example. A')
    assert.deepEqual({ kind: told.kind, packets: told.packets }, { kind, packets: [PRIMING, REFERRAL, ...first] }, told.why)
    assert.equal(told.records.join(), kind === 'answer' ? 'www.example. A 192.0.2.80' : '')
    assert.deepEqual(play.ask('www.example. A').packets, [], 'an answer is kept, and so is a failure (RFC 9520 3.2)')
    play.nowMs += 10_000
    if (kind === 'answer') assert.deepEqual(play.ask('ftp.example. A').packets, next.map((packet) => packet.replace('www', 'ftp')))
  })
}

test('a denial without SOA is believed, and not kept (RFC 2308 5)', () => {
  for (const [rcode, kind] of [[RCODE.NXDOMAIN, 'nxdomain'], [RCODE.NOERROR, 'nodata']] as const) {
    const play = new Play(smallInternet('', '', { says: () => ({ rcode, authoritative: true }) }))
    for (let i = 0; i < 2; i++) {
      const told = play.ask('www.example. A')
      assert.deepEqual([told.kind, told.packets.at(-1)], [kind, BY_UDP])
    }
  }
})

test('only the last message of all waits longest: while others are left, they are asked', () => {
  const play = three({ silent: true }, { silent: true })
  const begunMs = play.nowMs
  assert.equal(play.ask('www.example. A').kind, 'answer')
  assert.ok(play.nowMs - begunMs < MAX_WAIT_MS, `${play.nowMs - begunMs}`)
})

test('nobody waits long for the address of a name server, as there may be another', () => {
  const zones = { 'example.': '@ NS ns.example.\nns A 192.0.2.1\nns2 A 192.0.2.1', 'via.': '@ NS a.gone.\n@ NS ns2.example.\nwww A 192.0.2.90' }
  for (let seed = 0; seed < 8; seed++) {
    const net = smallInternet('', 'gone. NS ns.gone.\nns.gone. A 203.0.113.9\nvia. NS a.gone.\nvia. NS ns2.example.').serve('203.0.113.9', { 'gone.': '@ NS ns' }, { silent: true }).serve('192.0.2.1', zones)
    const { kind, ms } = new Play(net, {}, seed).ask('www.via. A')
    assert.equal(kind, 'answer')
    assert.ok(ms < MAX_WAIT_MS, `${ms} ms with seed ${seed}`)
  }
})

test('what came too late is counted and does no harm', () => {
  const play = new Play(smallInternet('', '', { delayMs: 700 }))
  assert.equal(play.ask('www.example. A').kind, 'answer')
  assert.equal(play.resolver.counters.late, 1)
})

test('a failed question says why in an Extended DNS Error (RFC 8914 4.23), and so does its memory (4.14)', () => {
  const play = new Play(smallInternet('', '', { rcode: RCODE.REFUSED }))
  const { outcome, why } = play.ask('www.example. A')
  assert.deepEqual({ code: outcome.explanation?.infoCode, why, rcode: outcome.kind === 'failure' && outcome.rcode }, { code: 22, why: 'REFUSED from servers of example.', rcode: 2 })
  assert.equal(play.ask('www.example. A').outcome.explanation?.infoCode, 13)
})

/** `example.` with three servers, of which some misbehave. */
function three(first: Behaviour, second: Behaviour): Play {
  const zone = { 'example.': '@ NS n1\n@ NS n2\n@ NS n3\nn1 A 192.0.2.1\nn2 A 192.0.2.2\nn3 A 192.0.2.3\nwww A 192.0.2.80\nftp A 192.0.2.81\nx A 192.0.2.82' }
  return new Play(smallInternet('', 'example. NS n2.example.\nexample. NS n3.example.\nn2.example. A 192.0.2.2\nn3.example. A 192.0.2.3')
    .serve('192.0.2.1', zone, first).serve('192.0.2.2', zone, second).serve('192.0.2.3', zone))
}

for (const [what, first, second] of [['silent', { silent: true }, { silent: true }], ['lame', { rcode: RCODE.REFUSED }, { rcode: RCODE.NOTAUTH }], ['broken', { rcode: RCODE.SERVFAIL }, { mangles: () => Uint8Array.of(1, 2, 3) }]] as const) {
  test(`one good server among ${what} ones is found, whoever is asked first`, () => {
    for (let seed = 0; seed < 8; seed++) {
      const play = three(first, second)
      const told = play.ask('www.example. A')
      assert.deepEqual(told.records, ['www.example. A 192.0.2.80'])
      assert.ok(told.packets.length <= 2 + 2 * MAX_ATTEMPTS_PER_SERVER + 1, told.packets.join('\n'))
    }
  })
}

test('lame servers are not asked again for a minute (RFC 2308 7.1)', () => {
  const play = three({ rcode: RCODE.REFUSED }, { rcode: RCODE.REFUSED })
  for (const name of ['www', 'ftp', 'x']) play.ask(`${name}.example. A`)
  const count = (address: string): number => play.sent.filter(({ to }) => to.address.join('.') === `192.0.2.${address}`).length
  assert.ok(count('1') <= 2 && count('2') <= 1, `${count('1')} ${count('2')}`)
})

test('a server that refuses one question answers the next, though it is the only one', () => {
  for (const rcode of [RCODE.REFUSED, RCODE.NOTAUTH, RCODE.NOERROR]) {
    const play = new Play(smallInternet('', '', { says: ({ questions: [{ type }] }) => (type === TYPE.ANY ? { rcode } : undefined) }))
    assert.equal(play.ask('www.example. ANY').kind, 'useless')
    assert.deepEqual(play.ask('www.example. A').records, ['www.example. A 192.0.2.80'], `after ${rcode}`)
  }
})

test('nobody puts a zone to rest by asking its only server for what that drops', () => {
  const drops = (type: number): boolean => type === TYPE.ANY || type === TYPE.HTTPS
  const net = smallInternet('', '', { says: ({ questions: [{ type }] }) => (drops(type) ? null : undefined) })
  const play = new Play(net)
  assert.equal(play.ask('www.example. A').kind, 'answer')
  for (let i = 0; i < 12; i++) assert.equal(play.ask(`x${i}.example. ${i % 2 === 0 ? 'ANY' : 'HTTPS'}`).kind, 'unreachable')
  assert.equal(play.ask('gone.example. A').kind, 'nxdomain')
})

test('a server that was mended is asked with EDNS and letters of chance again after a while', () => {
  const host: Behaviour = { hatesEdns: true, lowers: true }
  const net = smallInternet('ftp A 192.0.2.81\nx A 192.0.2.82', '', host)
  const play = new Play(net)
  const isPlain = (): boolean => {
    const { query, octets } = play.sent.at(-1) ?? assert.fail('nothing was sent')
    return query.edns === undefined && !/[A-Z]/.test(Buffer.from(octets.subarray(12)).toString('latin1'))
  }
  assert.deepEqual([play.ask('www.example. A').kind, play.ask('ftp.example. A').kind, isPlain()], ['answer', 'answer', true])
  play.nowMs += MANNERS_SECONDS * 1000
  Object.assign(net.hosts.get(NS) ?? {}, { hatesEdns: false, lowers: false })
  assert.deepEqual([play.ask('x.example. A').kind, play.sent.at(-1)?.query.edns !== undefined], ['answer', true])
})

test('a parent that knows nothing of DS and refers instead denies it, and goes on referring', () => {
  const play = new Play(smallInternet('', '', { says: ({ questions: [{ type }] }) => (type === TYPE.DS ? { authorities: records('sub.example. NS ns.sub.example.') } : undefined) }))
  assert.equal(play.ask('sub.example. DS').kind, 'nodata')
  assert.deepEqual(play.ask('www.example. A').records, ['www.example. A 192.0.2.80'])
})

test('a lost message costs one more', () => {
  const play = new Play(smallInternet())
  let lost = 0
  play.onTheWay = (octets, { to }) => (to.address[0] === 192 && lost++ === 0 ? null : octets)
  assert.deepEqual(play.ask('www.example. A').packets, [PRIMING, REFERRAL, BY_UDP, BY_UDP])
})

test('servers that deny a name with names below it are asked for the whole (RFC 8020 4, RFC 9156 4)', () => {
  const denies: Behaviour = { says: ({ questions: [{ name }] }) => (name.labelCount === 2 ? { rcode: RCODE.NXDOMAIN, authoritative: true, authorities: records('example. SOA a. b. 1 2 3 4 60') } : undefined) }
  const zone = 'a.b.ent A 192.0.2.9'
  assert.equal(new Play(smallInternet(zone, '', denies)).ask('a.b.ent.example. A').kind, 'answer')
  const strict = new Play(smallInternet(zone, '', { says: ({ questions: [{ name }] }) => (name.labelCount === 2 ? { rcode: RCODE.REFUSED } : undefined) }))
  const told = strict.ask('a.b.ent.example. A')
  assert.deepEqual({ kind: told.kind, asked: told.packets.slice(2) }, { kind: 'answer', asked: [`${NS} udp ent.example. A`, `${NS} udp a.b.ent.example. A`] })
})

test('a name on the way that does not exist is asked for whole before it is believed', () => {
  const play = new Play(smallInternet())
  assert.deepEqual(play.ask('a.b.gone.example. A').packets, [PRIMING, REFERRAL, `${NS} udp gone.example. A`, `${NS} udp a.b.gone.example. A`])
})

test('a name below one that is known not to exist needs nobody (RFC 8020 2)', () => {
  const play = new Play(smallInternet())
  play.ask('gone.example. A')
  const { kind, packets } = play.ask('a.b.gone.example. TXT')
  assert.deepEqual({ kind, packets }, { kind: 'nxdomain', packets: [] })
})

test('no step takes more attempts than its bound, with twenty silent servers', () => {
  const root = Array.from({ length: 12 }, (_, i) => `example. NS n${i}.example.\nn${i}.example. A 203.0.113.${i}`).join('\n')
  const { kind, packets, ms } = new Play(smallInternet('', root, { silent: true })).ask('www.example. A')
  assert.equal(kind, 'unreachable')
  assert.equal(packets.length, 2 + MAX_ATTEMPTS_PER_STEP)
  assert.ok(ms < 10_000, `${ms} ms`)
})

test('a server that is back answers within seconds, one that is away costs little', () => {
  const away: Behaviour = { silent: true }
  const net = smallInternet('', '', away)
  const play = new Play(net)
  for (let i = 0; i < 100; i++) {
    play.ask(`x${i}.example. A`)
    play.nowMs += 100
  }
  const asked = play.sent.filter(({ to }) => to.address[0] === 192).length
  assert.ok(asked < 20, `${asked} messages to a dead server for a hundred questions`)
  const host = net.hosts.get(NS)
  assert.ok(host)
  host.silent = false
  play.nowMs += 61_000
  assert.equal(play.ask('www.example. A').kind, 'answer')
  assert.equal(play.ask('other.example. A').kind, 'nxdomain')
})

/** What the resolver keeps and what it believes of what it kept (RFC 2181 5.4.1, RFC 2308 5, RFC 9520 3.2), played against a cache. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { TRUST, type RRset, type Trust } from '../../src/resolver/contract.ts'
import { Internet, MapCache, Play, records, smallInternet } from './support.ts'

function kept(play: Play): string[] {
  return [...play.cache.entries.values()].map(({ what, trust }) => {
    if (what.kind === 'records' || what.kind === 'alias') return `${what.rrset.name} ${what.rrset.type} trust ${trust}`
    return what.kind === 'failure' ? 'failure' : `${what.kind} ${what.name}`
  }).toSorted()
}

function setOf(text: string, trust: Trust): RRset {
  const own = records(text)
  return { name: own[0].name, type: own[0].type, records: own, signatures: [], trust }
}

test('one answer leaves the roots, the referral with its glue, and itself', () => {
  const play = new Play(smallInternet())
  play.ask('www.example. A')
  assert.deepEqual(kept(play), ['. 2 trust 5', 'a.root. 1 trust 1', 'example. 2 trust 1', 'ns.example. 1 trust 1', 'www.example. 1 trust 5'])
})

test('glue is never an answer: its owner is asked for it', () => {
  const net = smallInternet('', 'wrong. NS ns.example.')
  const play = new Play(net)
  play.ask('www.example. A')
  const { records: told, packets } = play.ask('ns.example. A')
  assert.deepEqual({ told, packets }, { told: ['ns.example. A 192.0.2.1'], packets: ['192.0.2.1 udp ns.example. A'] })
  assert.ok(kept(play).includes('ns.example. 1 trust 5'), 'and takes the place of the glue')
  assert.deepEqual(play.ask('example. NS').packets, ['192.0.2.1 udp example. NS'], 'the same for the NS records of a referral')
})

test('glue does not take the place of what its owner said', () => {
  const play = new Play(smallInternet('', 'other. NS ns.example.').serve('192.0.2.1', { 'example.': '@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.80', 'other.': '@ NS ns.example.' }))
  play.ask('ns.example. A')
  play.ask('www.other. A')
  assert.ok(kept(play).includes('ns.example. 1 trust 5'))
})

test('what nobody asked for is not kept, wherever it stands', () => {
  const poison = records('www.bank.test. A 203.0.113.66')
  const net = smallInternet('', '', { says: ({ questions: [{ name }] }) => ({
    authoritative: true, answers: [...records('www.example. A 192.0.2.80').map((record) => ({ ...record, name })), ...poison],
    authorities: records('test. NS ns.evil.test.\nbank.test. NS ns.evil.test.\nexample. NS ns.evil.test.'), additionals: [...poison, ...records('ns.evil.test. A 203.0.113.66\na.root. A 203.0.113.66')],
  }) })
  const play = new Play(net)
  play.ask('www.example. A')
  assert.deepEqual(kept(play).filter((line) => /bank|evil|^test/.test(line)), [])
  const root = play.cache.find(Name.parse('a.root.'), TYPE.A, Math.floor(play.nowMs / 1000), TRUST.additional)
  assert.ok(root?.kind === 'records')
  assert.deepEqual([...root.rrset.records[0].rdata], [198, 51, 100, 1])
})

test('records of TTL 0 answer the question and are gone (RFC 1035 3.2.1)', () => {
  const play = new Play(smallInternet('now 0 A 192.0.2.5'))
  for (let i = 0; i < 2; i++) assert.deepEqual(play.ask('now.example. A').records, ['now.example. A 192.0.2.5'])
  assert.equal(play.sent.filter(({ query }) => query.questions[0].name.toString().toLowerCase() === 'now.example.').length, 2)
})

test('referrals with TTL 0 lead on as well', () => {
  const net = new Internet().serve('198.51.100.1', { '.': '@ NS a.root.\na.root. A 198.51.100.1\nexample. 0 NS ns.example.\nns.example. 0 A 192.0.2.1' })
    .serve('192.0.2.1', { 'example.': '@ NS ns\nns A 192.0.2.1\nwww A 192.0.2.80' })
  assert.equal(new Play(net).ask('www.example. A').kind, 'answer')
})

test('absences are kept as long as their SOA says (RFC 2308 5), and then asked for again', () => {
  const play = new Play(smallInternet())
  play.ask('gone.example. A')
  play.nowMs += 290_000
  assert.deepEqual(play.ask('gone.example. MX').packets, [], 'NXDOMAIN is about all types')
  play.nowMs += 20_000
  assert.deepEqual(play.ask('gone.example. A').packets, ['192.0.2.1 udp gone.example. A'])
  play.ask('www.example. TXT')
  assert.deepEqual(play.ask('www.example. TXT').packets, [])
  assert.deepEqual(play.ask('www.example. MX').packets.length, 1, 'NODATA is about one type')
})

test('TTLs run down in what is told from memory', () => {
  const play = new Play(smallInternet())
  play.ask('www.example. A')
  play.nowMs += 600_000
  const { outcome } = play.ask('www.example. A')
  assert.ok(outcome.kind === 'answer')
  assert.equal(outcome.sets[0].records[0].ttl, 3000)
})

test('an alias from memory is followed to what is not there, and asked for', () => {
  const play = new Play(smallInternet('alias CNAME www\nwww TXT "x"'))
  play.ask('alias.example. CNAME')
  const { records: told, packets } = play.ask('alias.example. TXT')
  assert.deepEqual({ told, packets }, { told: ['alias.example. CNAME www.example.', 'www.example. TXT "x"'], packets: ['192.0.2.1 udp www.example. TXT'] })
})

test('a CNAME that a DNAME makes is made anew for each name, the DNAME is kept (RFC 6672 3.1)', () => {
  const play = new Play(smallInternet('old DNAME new\na.new A 192.0.2.1\nb.new A 192.0.2.2'))
  play.ask('a.old.example. A')
  assert.deepEqual(kept(play).filter((line) => line.includes('old')), ['nodata old.example.', 'old.example. 39 trust 5'])
  const { records: told, packets } = play.ask('b.old.example. A')
  assert.deepEqual(told, ['old.example. DNAME new.example.', 'b.old.example. CNAME b.new.example.', 'b.new.example. A 192.0.2.2'])
  assert.deepEqual(packets, ['192.0.2.1 udp new.example. A', '192.0.2.1 udp b.new.example. A'], 'nobody is asked for what the DNAME says')
})

test('an alias out of a zone keeps its own trust, and what follows comes from its own servers', () => {
  const net = smallInternet('out CNAME www.far.', 'far. NS ns.far.\nns.far. A 203.0.113.1').serve('203.0.113.1', { 'far.': '@ NS ns\nns A 203.0.113.1\nwww A 203.0.113.80' })
  const play = new Play(net)
  const { outcome } = play.ask('out.example. A')
  assert.ok(outcome.kind === 'answer')
  assert.deepEqual([...outcome.chain, ...outcome.sets].map(({ trust }) => trust), [TRUST.authoritative, TRUST.authoritative])
})

test('a failure is remembered, and forgotten when its time is over', () => {
  const net = smallInternet('', '', { rcode: 2 })
  const play = new Play(net)
  assert.equal(play.ask('www.example. A').kind, 'useless')
  assert.equal(play.ask('www.example. A').kind, 'remembered')
  const host = net.hosts.get('192.0.2.1')
  assert.ok(host)
  delete host.rcode
  assert.equal(play.ask('www.example. A').kind, 'remembered', 'whatever has changed since')
  play.nowMs += 6_000
  assert.equal(play.ask('www.example. A').kind, 'answer')
})

test('a DS that came with a referral is no answer to a question for it', () => {
  const ds = 'sub DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000'
  const play = new Play(smallInternet(`sub NS ns.sub\nns.sub A 192.0.2.2\n${ds}`).serve('192.0.2.2', { 'sub.example.': '@ NS ns\nns A 192.0.2.2\nwww A 192.0.2.3' }))
  assert.equal(play.ask('www.sub.example. A').kind, 'answer')
  const { kind, packets } = play.ask('sub.example. DS')
  assert.deepEqual({ kind, packets }, { kind: 'answer', packets: ['192.0.2.1 udp sub.example. DS'] }, 'it is asked of the parent, though the child is nearer')
})

test('the simple cache of these tests keeps what is trusted more (the test of the tests)', () => {
  const cache = new MapCache()
  const find = (least: Trust): string | undefined => {
    const found = cache.find(Name.parse('a.example.'), TYPE.A, 0, least)
    return found?.kind === 'records' ? found.rrset.records[0].rdata.join('.') : found?.kind
  }
  cache.keep(setOf('a.example. A 192.0.2.1', TRUST.authoritative), 0)
  cache.keep(setOf('a.example. A 192.0.2.2', TRUST.additional), 0)
  assert.equal(find(TRUST.additional), '192.0.2.1')
  cache.keep(setOf('a.example. A 192.0.2.3', TRUST.authoritative), 0)
  assert.equal(find(TRUST.authoritative), '192.0.2.3')
  cache.keep(setOf('b.example. CNAME a.example.', TRUST.answer), 0)
  assert.equal(cache.find(Name.parse('b.example.'), TYPE.A, 0, TRUST.answer)?.kind, 'alias')
  assert.equal(cache.find(Name.parse('b.example.'), TYPE.A, 3600, TRUST.answer), undefined)
})

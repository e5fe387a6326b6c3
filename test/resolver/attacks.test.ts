/**
 * Plays of attacks, each with the packets that we send counted against the limit: NXNSAttack, NRDelegation, CAMP,
 * TsuNAME, chains without end, floods of names and of clients, ghost domains. RFC 9520 3.2 for what is remembered of failures.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import type { DnsRecord, Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { KeyCache } from '../../src/dnssec/public-key.ts'
import {
  MAX_ALIASES, MAX_ATTEMPTS_PER_STEP, MAX_DELEGATION_SERVERS, MAX_LOOKUPS_PER_QUESTION, MAX_LOOKUPS_PER_ZONE, MAX_LOOKUP_DEPTH, MAX_QUESTIONS_PER_ZONE, MAX_QUESTIONS_UNDER_WAY, MAX_QUESTION_MS,
  MAX_SENDS_PER_QUESTION, MAX_WAITERS_PER_QUESTION, MAX_OCTETS_PER_QUESTION, MAX_REFERRALS, MAX_SERVER_ADDRESSES, MAX_WAIT_MS,
} from '../../src/dns/limits-resolver.ts'
import { BusyZones } from '../../src/resolver/busy-zones.ts'
import { Budget } from '../../src/resolver/budget.ts'
import { referredCut } from '../../src/resolver/cuts.ts'
import { suffix } from '../../src/resolver/minimise.ts'
import { resolve } from '../../src/resolver/resolve.ts'
import { ServerMemory } from '../../src/resolver/servers.ts'
import type { World } from '../../src/resolver/steps.ts'
import { GapMemory } from '../../src/resolver/gap-memory.ts'
import { ZoneMemory } from '../../src/resolver/zone-memory.ts'
import { Internet, Play, records, settingsOf, smallInternet, type Told } from './support.ts'

const EVIL = '203.0.113.66'
const VICTIM = '203.0.113.1'

/** A root with `evil.` and `victim.`, where the evil server says what it likes. */
function evilInternet(says: (query: Message, transport: 'udp' | 'tcp') => Partial<Message> | null | undefined, more = ''): Internet {
  return new Internet()
    .serve('198.51.100.1', { '.': `@ NS a.root.\na.root. A 198.51.100.1\nevil. NS ns.evil.\nns.evil. A ${EVIL}\nvictim. NS ns.victim.\nns.victim. A ${VICTIM}\n${more}` })
    .serve(EVIL, { 'evil.': `@ NS ns\nns A ${EVIL}\nwww A 192.0.2.1` }, { says })
    .serve(VICTIM, { 'victim.': `@ NS ns\nns A ${VICTIM}\nwww A 192.0.2.80` })
}

function sentTo(play: Play, text: string): number {
  return play.sent.filter(({ to }) => to.address.join('.') === text).length
}

function nsRecords(owner: Name, names: readonly string[]): DnsRecord[] {
  return names.map((name) => ({ name: owner, type: TYPE.NS, class: CLASS.IN, ttl: 60, rdata: Name.parse(name).wire }))
}

/** The bounds that hold whatever is asked. */
function assertBounded(play: Play, { outcome, ms, packets }: Told): void {
  assert.ok(outcome.work.sends <= MAX_SENDS_PER_QUESTION, `${outcome.work.sends} sends`)
  assert.ok(outcome.work.lookups <= MAX_LOOKUPS_PER_QUESTION, `${outcome.work.lookups} lookups`)
  assert.ok(packets.length <= MAX_SENDS_PER_QUESTION + 2, `${packets.length} packets with priming`)
  assert.ok(ms <= MAX_QUESTION_MS + MAX_WAIT_MS, `${ms} ms`)
  assert.equal(play.resolver.underWay, 0)
}

test('NXNSAttack: a referral to fifty names of a victim costs the victim no more than the bound', () => {
  const net = evilInternet(({ questions: [{ name }] }) => ({ authorities: nsRecords(name, Array.from({ length: 50 }, (_, i) => `n${i}.victim.`)) }))
  for (const ipv6 of [false, true]) {
    const play = new Play(net, { ipv6 })
    const told = play.ask('x.evil. A')
    assert.equal(told.kind, 'unreachable', told.why)
    assertBounded(play, told)
    const atVictim = sentTo(play, VICTIM)
    assert.ok(atVictim <= MAX_LOOKUPS_PER_ZONE, `${atVictim} packets at the victim`)
    assert.ok(atVictim >= 5, 'they were looked for')
  }
})

test('NXNSAttack over and over with new names: each question is bounded for itself, and names once denied cost nothing', () => {
  const net = evilInternet(({ questions: [{ name }] }) => ({ authorities: nsRecords(name, Array.from({ length: 13 }, (_, i) => `n${i}.victim.`)) }))
  const play = new Play(net)
  for (let i = 0; i < 30; i++) assertBounded(play, play.ask(`x${i}.evil. A`))
  assert.ok(sentTo(play, VICTIM) <= MAX_DELEGATION_SERVERS, `${sentTo(play, VICTIM)} packets for thirty questions`)
})

test('NRDelegation: a thousand servers that never answer cost the attempts of one step', () => {
  const names = Array.from({ length: 1000 }, (_, i) => `n${i}.evil.`)
  const net = evilInternet(({ questions: [{ name }] }) => ({
    authorities: nsRecords(name, names), additionals: names.map((own, i) => ({ name: Name.parse(own), type: TYPE.A, class: CLASS.IN, ttl: 60, rdata: Uint8Array.of(192, 0, i >> 8, i) })),
  }))
  const play = new Play(net)
  const told = play.ask('x.evil. A')
  assert.equal(told.kind, 'unreachable')
  assertBounded(play, told)
  assert.ok(told.packets.length <= 3 + MAX_ATTEMPTS_PER_STEP, told.packets.join('\n'))
})

test('TsuNAME: zones that serve each other\'s servers end at once, and cost nothing once known', () => {
  const net = evilInternet(() => undefined, 'a. NS ns.b.\nb. NS ns.a.\nc. NS ns.d.\nd. NS ns.e.\ne. NS ns.c.\nf. NS ns.f.')
  const play = new Play(net)
  for (const zone of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const told = play.ask(`www.${zone}. A`)
    assert.equal(told.kind, 'unreachable', told.why)
    assertBounded(play, told)
    assert.ok(told.packets.length <= 4, told.packets.join('\n'))
  }
  const before = play.sent.length
  for (let i = 0; i < 50; i++) play.ask(`x${i}.${'abcde'[i % 5]}. A`)
  assert.equal(play.sent.length, before)
})

test('cycles that meet while all of them are under way end as well', () => {
  const net = evilInternet(() => undefined, 'a. NS ns.b.\nb. NS ns.c.\nc. NS ns.a.\na. NS x.c.')
  const play = new Play(net)
  const waiters = ['www.a. A', 'www.b. A', 'ns.c. A', 'ns.a. A', 'ns.b. A', 'x.c. A'].map((question) => play.start(question))
  play.run()
  for (const waiter of waiters) assert.match(play.told(waiter).kind, /unreachable|loop/)
  assert.ok(play.sent.length < 12, `${play.sent.length}`)
})

test('a lookup within a lookup within a lookup ends at its depth', () => {
  // each zone is served by a name of the next one
  const net = evilInternet(({ questions: [{ name }] }) => {
    const number = Number(/z(\d+)\.evil\.$/i.exec(name.toString())?.[1] ?? 0)
    return { authorities: nsRecords(suffix(name, 2), [`ns.z${number + 1}.evil.`]) }
  })
  const play = new Play(net)
  const told = play.ask('www.z1.evil. A')
  assert.notEqual(told.kind, 'answer')
  assertBounded(play, told)
  assert.equal(told.outcome.work.lookups, MAX_LOOKUP_DEPTH + 1)
})

test('CAMP: aliases, each to a zone whose servers must be looked for, share one budget', () => {
  let made = 0
  const net = evilInternet(({ questions: [{ name, type }] }) => {
    const labels = name.labelCount
    if (labels >= 3 && type === TYPE.A && name.toString().startsWith('w')) return { authoritative: true, answers: [{ name, type: TYPE.CNAME, class: CLASS.IN, ttl: 0, rdata: Name.parse(`w.c${++made}.evil.`).wire }] }
    if (labels === 2 && /^[cC]/.test(name.toString())) return { authorities: nsRecords(name, Array.from({ length: 13 }, (_, i) => `s${made}x${i}.victim.`)) }
    return undefined
  })
  for (let seed = 1; seed <= 5; seed++) {
    const play = new Play(net, { ipv6: true }, seed)
    const told = play.ask('w.www.evil. A')
    assert.notEqual(told.kind, 'answer')
    assertBounded(play, told)
    assert.ok(sentTo(play, VICTIM) <= MAX_LOOKUPS_PER_QUESTION)
  }
})

test('a chain of aliases without end stops at its bound (RFC 1034 5.2.2)', () => {
  let made = 0
  const net = evilInternet(({ questions: [{ name }] }) => ({ authoritative: true, answers: [{ name, type: TYPE.CNAME, class: CLASS.IN, ttl: 60, rdata: Name.parse(`n${++made}.evil.`).wire }] }))
  const play = new Play(net)
  const told = play.ask('www.evil. A')
  assert.deepEqual({ kind: told.kind, why: told.why }, { kind: 'budget', why: `more than ${MAX_ALIASES} aliases` })
  assert.equal(told.packets.length, 2 + MAX_ALIASES + 1)
  assert.equal(told.outcome.chain.length, MAX_ALIASES + 1)
})

test('a DNAME into its own subtree ends', () => {
  const net = smallInternet('d DNAME d.d\n')
  const told = new Play(net).ask('x.d.example. A')
  assert.equal(told.kind, 'budget', told.why)
  assert.ok(told.outcome.work.sends <= MAX_ALIASES + 2)
})

test('aliases across many zones are counted together', () => {
  const zones = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`z${i}.`, `@ NS ns.evil.\nw CNAME w.z${i + 1}.`]))
  const net = evilInternet(() => undefined, Object.keys(zones).map((zone) => `${zone} NS ns.evil.`).join('\n')).serve(EVIL, { 'evil.': `@ NS ns\nns A ${EVIL}`, ...zones })
  const play = new Play(net)
  const told = play.ask('w.z0. A')
  assert.equal(told.kind, 'budget')
  assertBounded(play, told)
  assert.equal(new Play(net).ask(`w.z${16 - MAX_ALIASES + 1}. A`).outcome.chain.length, MAX_ALIASES - 1)
})

test('referrals down a name of a hundred labels end at their bound, whole or minimised', () => {
  const net = evilInternet(({ questions: [{ name }] }, _transport) => {
    depth = Math.min(depth + 1, name.labelCount)
    const zone = suffix(name, depth)
    return { authorities: nsRecords(zone, ['ns.evil.']), additionals: records(`ns.evil. A ${EVIL}`) }
  })
  let depth = 1
  for (const minimise of [false, true]) {
    depth = 1
    const play = new Play(net, { minimise })
    const told = play.ask(`${'a.'.repeat(100)}evil. A`)
    assert.notEqual(told.kind, 'answer')
    assertBounded(play, told)
    assert.ok(told.packets.length <= MAX_REFERRALS + 3, `${told.packets.length}`)
  }
})

test('octets are counted: large answers that lead on and on end before their bound is far behind', () => {
  let made = 0
  const filler = records(Array.from({ length: 200 }, (_, i) => `f${i}.evil. TXT "${'x'.repeat(200)}"`).join('\n'))
  const net = evilInternet(({ questions: [{ name }] }) => ({ authoritative: true, answers: [{ name, type: TYPE.CNAME, class: CLASS.IN, ttl: 60, rdata: Name.parse(`n${++made}.evil.`).wire }, ...filler] }))
  const told = new Play(net).ask('www.evil. A')
  assert.equal(told.kind, 'budget')
  assert.ok(told.outcome.work.octets < MAX_OCTETS_PER_QUESTION + 65_535, `${told.outcome.work.octets} octets`)
  assert.ok(told.outcome.work.sends <= 5)
})

test('a silent zone under a flood of names: its questions are bounded, other zones are answered meanwhile', () => {
  const net = smallInternet('', 'silent. NS ns.silent.\nns.silent. A 203.0.113.9')
  const play = new Play(net)
  play.ask('www.example. A')
  play.ask('warm.silent. TXT')
  play.nowMs += 100_000
  const before = play.sent.length
  // two labels deep, as the limit spares top level zones
  const dead = smallInternet('dead NS ns.dead\nns.dead A 203.0.113.9\nok A 192.0.2.5')
  const flood = new Play(dead)
  flood.ask('www.example. A')
  for (let i = 0; i < 1000; i++) flood.start(`x${i}.dead.example. A`)
  const other = flood.start('ok.example. A')
  flood.run()
  assert.equal(flood.told(other).kind, 'answer')
  const { busy = 0, unreachable = 0 } = flood.resolver.counters.outcomes
  assert.equal(busy + unreachable, 1000, JSON.stringify(flood.resolver.counters.outcomes))
  assert.ok(sentTo(flood, '203.0.113.9') <= 2 * MAX_QUESTIONS_PER_ZONE, `${sentTo(flood, '203.0.113.9')}`)
  const first = sentTo(flood, '203.0.113.9')
  for (let i = 0; i < 1000; i++) flood.start(`y${i}.dead.example. A`)
  flood.run()
  assert.ok(sentTo(flood, '203.0.113.9') - first <= 2, 'while it rests it is not asked')
  assert.equal(play.sent.length, before)
})

test('DNSBomb: questions under way and waiters of one question are bounded, and told so at once', () => {
  const play = new Play(smallInternet('', '', { silent: true }))
  play.ask('example. DS')
  const many = Array.from({ length: MAX_WAITERS_PER_QUESTION + 20 }, () => play.start('www.example. A'))
  play.run()
  assert.equal(many.filter((waiter) => play.told(waiter).kind === 'busy').length, 20)
  // the machine alone, as nobody answers: each question costs its first step
  const { resolver } = new Play(new Internet())
  let busy = 0
  for (let waiter = 0; waiter < MAX_QUESTIONS_UNDER_WAY + 50; waiter++) {
    const effects = resolver.step({ kind: 'start', nowMs: 0, waiter, question: { name: Name.parse(`x${waiter}.example.`), type: TYPE.A, class: CLASS.IN } })
    busy += effects.filter((effect) => effect.kind === 'done' && effect.outcome.kind === 'failure' && effect.outcome.reason === 'busy').length
  }
  // the lookup that primes counts too, so that one more is told
  assert.equal(busy, 51)
  assert.equal(resolver.underWay, MAX_QUESTIONS_UNDER_WAY)
  assert.equal(resolver.inFlight, 1, 'all wait for priming')
})

test('a zone that was taken away ends with its delegation, however often its own servers say that it is there (ghost domains)', () => {
  const net = evilInternet(() => undefined)
  const play = new Play(net)
  assert.equal(play.ask('www.evil. A').kind, 'answer')
  net.serve('198.51.100.1', { '.': '@ NS a.root.\na.root. A 198.51.100.1' })
  const start = play.nowMs
  // its servers say a week, for themselves and for their addresses
  const host = net.hosts.get(EVIL)
  assert.ok(host)
  host.says = ({ questions: [{ name, type }] }) => {
    const week = (list: DnsRecord[]): Partial<Message> => ({ authoritative: true, answers: list.map((record) => ({ ...record, ttl: 604_800 })) })
    if (type === TYPE.NS) return week(nsRecords(name, ['ns.evil.']))
    return name.toString().toLowerCase() === 'ns.evil.' ? week(records(`ns.evil. A ${EVIL}`)) : undefined
  }
  let lastSeen = start
  for (let minute = 0; minute < 120; minute++) {
    play.nowMs = start + minute * 60_000
    play.ask('evil. NS')
    play.ask('ns.evil. A')
    if (play.ask(`x${minute}.evil. A`).packets.some((packet) => packet.startsWith(EVIL))) lastSeen = play.nowMs
  }
  assert.ok(lastSeen - start <= 3_600_000, `it lived on for ${(lastSeen - start) / 1000} s with a delegation of 3600 s`)
  assert.ok(lastSeen - start >= 3_000_000, 'until then it was asked')
})

/** An attacker's aliases, made until `sends` are spent, then a name whose server is `ns.slow.`, which takes two messages to find. */
function spender(sends: number): { play: Play; net: Internet } {
  let made = 0
  const net = evilInternet(({ questions: [{ name }] }, transport) => {
    if (transport === 'udp' && play.sent.length < sends - 3) return { truncated: true }
    if (play.sent.length > sends - 1) return { authorities: nsRecords(name, ['ns.slow.']) }
    if (name.labelCount < 5) return { authoritative: true, authorities: records('evil. SOA a. b. 1 2 3 4 0') }
    return { authoritative: true, answers: [{ name, type: TYPE.CNAME, class: CLASS.IN, ttl: 0, rdata: Name.parse(`a.b.c.n${++made}.evil.`).wire }] }
  }, 'slow. NS ns2.slow.\nns2.slow. A 203.0.113.8').serve('203.0.113.8', { 'slow.': '@ NS ns2\nns2 A 203.0.113.8\nns A 192.0.2.1' })
  const play = new Play(net)
  return { play, net }
}

test('aliases of many labels to a server that truncates spend what one question may send, and no more', () => {
  const { play } = spender(1000)
  const told = play.ask('a.b.c.www.evil. A')
  assert.deepEqual({ kind: told.kind, why: told.why, sends: told.outcome.work.sends }, { kind: 'budget', why: 'the work for one question is spent', sends: MAX_SENDS_PER_QUESTION })
})

for (let spent = MAX_SENDS_PER_QUESTION - 4; spent <= MAX_SENDS_PER_QUESTION; spent++) {
  test(`what one question spends is no other's failure: neither who waits with it nor who comes later is told so (${spent} spent)`, () => {
    const { play } = spender(spent)
    let victim: number | undefined
    play.forges = ({ to, octets }) => {
      // the attacker looks for the server: somebody else wants the same
      if (victim === undefined && to.address[0] === 198 && Buffer.from(octets).toString('latin1').toLowerCase().includes('slow')) victim = play.start('ns.slow. A')
      return []
    }
    const evil = play.start('a.b.c.www.evil. A')
    play.run()
    assert.notEqual(play.told(evil).kind, 'answer')
    if (victim !== undefined) assert.equal(play.told(victim).kind, 'answer')
    const alone = spender(spent).play
    alone.ask('a.b.c.www.evil. A')
    assert.equal(alone.ask('ns.slow. A').kind, 'answer')
  })
}

test('lookups of servers are counted over all aliases of a question', () => {
  let made = 0
  const net = evilInternet(({ questions: [{ name, type }] }) => {
    const zone = suffix(name, 2)
    if (/^c\d+\./i.test(zone.toString()) && name.labelCount === 2) return { authorities: nsRecords(zone, Array.from({ length: 6 }, (_, i) => `s${made}x${i}.victim.`)) }
    return type === TYPE.A ? { authoritative: true, answers: [{ name, type: TYPE.CNAME, class: CLASS.IN, ttl: 0, rdata: Name.parse(`w.c${++made}.evil.`).wire }] } : undefined
  })
  // one of six servers has an address, so that each alias costs some lookups and leads on
  net.serve(VICTIM, { 'victim.': `@ NS ns\nns A ${VICTIM}` }, { says: ({ questions: [{ name, type }] }) => (/x3\.victim/i.test(name.toString()) && type === TYPE.A ? { authoritative: true, answers: [{ name, type, class: CLASS.IN, ttl: 60, rdata: Uint8Array.of(203, 0, 113, 66) }] } : undefined) })
  const work = Array.from({ length: 6 }, (_, seed) => {
    made = 0
    const play = new Play(net, {}, seed + 1)
    const told = play.ask('w.evil. A')
    assert.equal(told.kind, 'budget', told.why)
    assertBounded(play, told)
    return told.outcome.work.lookups
  })
  assert.ok(work.includes(MAX_LOOKUPS_PER_QUESTION), `the bound was met: ${work.join()}`)
})

test('a lookup that is curtailed says nothing of the zone that it was for', () => {
  const play = new Play(evilInternet(() => undefined, 'b. NS ns.victim.'))
  const world = worldOf(play)
  const budget = new Budget(0)
  while (budget.takeLookup());
  world.cache.keep({ name: Name.parse('b.'), type: TYPE.NS, records: nsRecords(Name.parse('b.'), ['www.victim.']), signatures: [], trust: 1 }, 0)
  const steps = resolve(world, { name: Name.parse('x.b.'), type: TYPE.A, budget })
  assert.deepEqual(steps.next({ kind: 'spent' }).value?.kind, 'place')
  assert.ok(world.busy.take(Name.parse('b.').key, 'unknown'))
  const { value, done } = steps.next({ kind: 'placed', isTaken: true })
  assert.ok(done === true && value.kind === 'failure')
  assert.equal(value.reason, 'budget')
})

test('of a delegation only so many servers are looked at, and of a server so many addresses', () => {
  const names = Array.from({ length: 40 }, (_, i) => `n${i}.evil.`)
  const servers = { name: Name.parse('evil.'), type: TYPE.NS, records: nsRecords(Name.parse('evil.'), names), signatures: [], trust: 1 } as const
  const addresses = (name: string): DnsRecord[] => records(Array.from({ length: 30 }, (_, i) => `${name} A 192.0.2.${i}`).join('\n'))
  const glue = names.map((name) => ({ name: Name.parse(name), type: TYPE.A, records: addresses(name), signatures: [], trust: 1 as const }))
  const world = worldOf(new Play(new Internet()))
  const cut = referredCut(world, { kind: 'referral', zone: servers.name, servers, glue, proof: [] })
  assert.equal(cut.endpoints.length, MAX_DELEGATION_SERVERS * MAX_SERVER_ADDRESSES)
  assert.equal(referredCut(world, { kind: 'referral', zone: servers.name, servers, glue: [], proof: [] }).nameless.length, MAX_DELEGATION_SERVERS)
})

test('a zone whose glue is gone before its delegation is asked for at its parent again', () => {
  const net = new Internet().serve('198.51.100.1', { '.': '@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. 60 A 192.0.2.1' })
    .serve('192.0.2.1', { 'example.': '@ NS ns\nns 60 A 192.0.2.1\nwww A 192.0.2.80\nftp A 192.0.2.81' })
  const play = new Play(net)
  assert.equal(play.ask('www.example. A').kind, 'answer')
  play.nowMs += 100_000
  assert.deepEqual(play.ask('ftp.example. A').packets, ['198.51.100.1 udp example. A', '192.0.2.1 udp ftp.example. A'])
})

/** A world beside the one of a play, with its cache and chance. */
function worldOf({ cache }: Play): World {
  const random = (): number => 0
  return { settings: settingsOf(), cache, random, servers: new ServerMemory(random), zones: new ZoneMemory(), gaps: new GapMemory(), tellers: new WeakMap(), keys: new KeyCache(), busy: new BusyZones(), nowMs: 0 }
}

/** A bogus answer makes the resolver ask others of the zone's servers (RFC 4035 5.5): one that lies beside one that is honest, in every way in which it can lie; what it costs where all lie; and whom it asks afterwards. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseAddress } from '../../src/dns/address.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { DOUBT_SECONDS, MAX_PROOF_RETRIES, MAX_SENDS_PER_QUESTION, MAX_VERIFICATIONS_PER_QUESTION } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { Budget } from '../../src/resolver/budget.ts'
import { ServerMemory } from '../../src/resolver/servers.ts'
import { NOW, recordsOf, signZone } from '../dnssec/zone-signer.ts'
import { leaveOut, signedInternet, spoil, START_MS, verdict, verdictOf } from './signed-internet.ts'
import { Play, type Behaviour, type Internet } from './support.ts'

const HONEST = '192.0.2.1'
const LIARS = Array.from({ length: 12 }, (_, i) => `192.0.2.${50 + i}`)
const ZONE = 'www.example. A 192.0.2.80\nother.example. A 192.0.2.81\nalias.example. CNAME www.example.\n*.wild.example. TXT "any"\nsub.example. NS ns.sub.example.\nns.sub.example. A 192.0.2.2\n'

/** What a liar serves in place of the zone, and how. */
interface Lie extends Behaviour {
  edits?: (text: string) => string
}

const glue = (addresses: readonly string[]): string => addresses.map((address, i) => `example. NS n${i}.example.\nn${i}.example. A ${address}`).join('\n')

/** An internet in which example. has so many liars beside the honest server, or instead of it. */
function internet(lie: Lie, liars: readonly string[], isHonest = true): { net: Internet; play: (seed: number) => Play } {
  const { edits = (own: string) => own, ...behaviour } = lie
  const { net, zones } = signedInternet({ '.': { text: glue(liars) }, 'example.': { text: `${ZONE}${glue(liars)}` }, 'sub.example.': { text: 'www.sub.example. A 192.0.2.90' } })
  const good = zones.get('example.')?.text ?? assert.fail()
  for (const address of liars) net.serve(address, { 'example.': edits(good) }, behaviour)
  if (!isHonest) net.serve(HONEST, { 'example.': edits(good) }, behaviour)
  const root = zones.get('.') ?? assert.fail()
  const validation = { anchors: [{ zone: root.apex, digests: recordsOf(root.ds).map(({ rdata }) => rdata), keys: [] }], negativeAnchors: [], unixSeconds: (nowMs: number) => NOW + (nowMs - START_MS) / 1_000 }
  return { net, play: (seed) => new Play(net, { validation, ipv6: false }, seed) }
}

const stranger = signZone('example.', ZONE, { keys: [{ algorithm: 15, flags: 257, which: 5 }] })
const old = signZone('example.', ZONE, { inception: NOW - 90_000, expiration: NOW - 3_600 })

/** Lies, and a question about which it is one. */
const LIES: [title: string, lie: Lie, question: string, verdict: string][] = [
  ['a signature that is wrong', { edits: spoil('www.example.', 'A') }, 'www.example. A', 'secure answer'],
  ['another address', { edits: (text) => text.replace('A\t192.0.2.80', 'A\t192.0.2.66').replace('A 192.0.2.80', 'A 192.0.2.66') }, 'www.example. A', 'secure answer'],
  ['no signature', { edits: leaveOut(/^www\.example\. .*RRSIG A /) }, 'www.example. A', 'secure answer'],
  ['an alias that is wrong on the way', { edits: spoil('alias.example.', 'CNAME') }, 'alias.example. A', 'secure answer'],
  ['a wildcard that nothing proves', { edits: leaveOut(/ NSEC /) }, 'q.wild.example. TXT', 'secure answer'],
  ['a denial that nothing proves', { edits: leaveOut(/ NSEC /) }, 'none.example. A', 'secure nxdomain'],
  ['an absence whose SOA is wrong', { edits: spoil('example.', 'SOA') }, 'www.example. MX', 'secure nodata'],
  ['that the name does not exist', { says: ({ questions: [{ name, type }] }) => (type === TYPE.A && name.toString().toLowerCase() === 'www.example.' ? { rcode: 3, authoritative: true, authorities: recordsOf('example. SOA ns.example. host.example. 1 7200 3600 604800 300') } : undefined) }, 'www.example. A', 'secure answer'],
  ['the zone as it was, with signatures that have expired', { edits: () => old.text }, 'www.example. A', 'secure answer'],
  ['the zone signed by a key of its own', { edits: () => stranger.text }, 'www.example. A', 'secure answer'],
  ['the zone without signatures or keys', { edits: leaveOut(/ (RRSIG|NSEC|DNSKEY) /) }, 'www.example. A', 'secure answer'],
  ['a signature over its keys that is wrong', { edits: spoil('example.', 'DNSKEY') }, 'www.example. A', 'secure answer'],
  ['a DS of a zone below that is wrong', { edits: spoil('sub.example.', 'DS') }, 'www.sub.example. A', 'secure answer'],
  ['no DS of a zone below, and no proof', { edits: leaveOut(/^sub\.example\. .* DS |^sub\.example\. .*RRSIG (DS|NSEC)|^sub\.example\. .* NSEC /) }, 'www.sub.example. A', 'secure answer'],
]

describe('a server that lies beside one that is honest', () => {
  for (const [title, lie, question, wanted] of LIES) {
    it(`with ${title} is found out, and the other believed, whichever is asked first: ${question}`, () => {
      const { play } = internet(lie, LIARS.slice(0, 1))
      let met = 0
      for (let seed = 1; seed <= 24; seed++) {
        const own = play(seed)
        const { outcome, ...told } = own.ask(question)
        assert.equal(verdictOf({ outcome, ...told }), wanted, `seed ${seed}: ${told.packets.join(', ')}`)
        assert.ok(own.resolver.counters.retried <= MAX_PROOF_RETRIES)
        if (own.resolver.counters.retried > 0) met++
      }
      assert.ok(met > 0, 'it was asked first at least once')
    })
  }

  it('is not asked for what it lied about, nor for other names of the zone, while it is doubted; afterwards it is', () => {
    const { play } = internet({ edits: spoil('www.example.', 'A') }, LIARS.slice(0, 1))
    const isAsked = (own: Play, question: string): boolean => own.ask(question).packets.some((packet) => packet.startsWith(LIARS[0]))
    const own = Array.from({ length: 24 }, (_, i) => play(i + 1)).find((one) => isAsked(one, 'www.example. A') && one.resolver.counters.retried > 0) ?? assert.fail('it was never asked')
    for (let i = 0; i < 20; i++) assert.equal(isAsked(own, `n${i}.wild.example. TXT`), false)
    own.nowMs += DOUBT_SECONDS * 1_000 + 1
    assert.ok(Array.from({ length: 200 }, (_, i) => `m${i}.wild.example. TXT`).some((question) => isAsked(own, question)), 'as good as others again')
  })

  it('is asked all the same where the honest one falls silent, as what it says of other names is good', () => {
    const { net, play } = internet({ edits: spoil('www.example.', 'A') }, LIARS.slice(0, 1))
    const own = Array.from({ length: 24 }, (_, i) => play(i + 1)).find((one) => verdict(one, 'www.example. A') === 'secure answer' && one.resolver.counters.retried > 0) ?? assert.fail('it was never asked')
    net.serve(HONEST, {}, { silent: true })
    assert.equal(verdict(own, 'other.example. A'), 'secure answer')
  })

  it('leaves its reason to the asker where nobody else answers', () => {
    const { net, play } = internet({ edits: spoil('www.example.', 'A') }, LIARS.slice(0, 1))
    net.serve(HONEST, {}, { silent: true })
    for (let seed = 1; seed <= 6; seed++) assert.match(verdict(play(seed), 'www.example. A'), /^bogus dnssec bogus: www\.example\. A: the signature/, `seed ${seed}`)
  })

  it('gives what it has to who asks with CD, and nobody else is asked (RFC 4035 3.2.2)', () => {
    const { play } = internet({ edits: spoil('www.example.', 'A') }, LIARS.slice(0, 1))
    for (let seed = 1; seed <= 6; seed++) {
      const own = play(seed)
      assert.equal(own.ask('www.example. A', true).kind, 'answer')
      assert.equal(own.resolver.counters.retried, 0)
    }
  })
})

describe('what it costs where every server of a zone lies', () => {
  for (const [title, lie, question] of LIES.filter(([title]) => !title.startsWith('that the name'))) {
    it(`with ${title}: no more than ${MAX_PROOF_RETRIES} messages beyond those to a zone with one server`, () => {
      const alone = internet(lie, [], false).play(1).ask(question)
      const { play } = internet(lie, LIARS, false)
      assert.equal(alone.outcome.kind, 'failure')
      for (let seed = 1; seed <= 8; seed++) {
        const own = play(seed)
        const { outcome, packets } = own.ask(question)
        assert.deepEqual([outcome.kind, outcome.kind === 'failure' && outcome.reason], ['failure', 'bogus'])
        assert.ok(packets.length <= alone.packets.length + MAX_PROOF_RETRIES, `${packets.length} messages, ${alone.packets.length} to one`)
        assert.ok(outcome.work.sends <= MAX_SENDS_PER_QUESTION && outcome.work.verifications <= MAX_VERIFICATIONS_PER_QUESTION)
        assert.ok(own.resolver.counters.retried <= MAX_PROOF_RETRIES)
        assert.equal(own.ask(question).packets.length, 0, 'and nothing while the failure is remembered (RFC 9520)')
      }
    })
  }

  it('nothing more where it has one server, and that is not doubted', () => {
    const own = internet({ edits: spoil('www.example.', 'A') }, [], false).play(1)
    assert.match(verdict(own, 'www.example. A'), /^bogus/)
    assert.equal(own.resolver.counters.retried, 0)
    assert.equal(own.sent.filter(({ query: { questions: [{ name, type }] } }) => type === TYPE.A && name.toString().toLowerCase() === 'www.example.').length, 1)
  })

  it('no address of a further name server is looked for beyond what one question may (NXNSAttack)', () => {
    const nameless = Array.from({ length: 12 }, (_, i) => `example. NS n${i}.victim.`).join('\n')
    const { zones, play } = signedInternet({ '.': { text: nameless }, 'example.': { text: `${ZONE}${nameless}`, edits: spoil('www.example.', 'A') }, 'victim.': {} })
    assert.ok(zones.has('victim.'))
    const { outcome, packets } = play.ask('www.example. A')
    assert.deepEqual([outcome.kind, outcome.kind === 'failure' && outcome.reason], ['failure', 'bogus'])
    assert.ok(outcome.work.sends <= MAX_SENDS_PER_QUESTION)
    assert.ok(packets.filter((packet) => packet.includes('.victim.')).length <= 10 * (1 + MAX_PROOF_RETRIES), `${packets.length} messages`)
  })
})

it('the account gives so many retries, none when anything else of it is spent', () => {
  const budget = new Budget(0)
  assert.deepEqual(Array.from({ length: MAX_PROOF_RETRIES + 1 }, () => budget.takeRetry(1)), [...Array.from({ length: MAX_PROOF_RETRIES }, () => true), false])
  const spent = new Budget(0)
  while (spent.effort.takeVerification());
  assert.equal(spent.takeRetry(1), false, 'KeyTrap')
  const sent = new Budget(0)
  while (sent.takeSend(1));
  assert.equal(sent.takeRetry(1), false)
  assert.equal(new Budget(0).takeRetry(3_600_000), false, 'too late')
})

it('a server is doubted for the zone that it lied about, for a while', () => {
  const servers = new ServerMemory(() => 0)
  const endpoint = { address: parseAddress('192.0.2.1') ?? assert.fail(), port: 53 }
  const [zone, other] = [Name.parse('example.'), Name.parse('other.')]
  servers.setDoubted(endpoint, zone, 1_000)
  const at = (nowMs: number): boolean[] => [servers.isDoubted(endpoint, zone, nowMs), servers.isDoubted(endpoint, other, nowMs), servers.isLameFor(endpoint, zone, nowMs)]
  assert.deepEqual([at(1_000), at(1_000 + DOUBT_SECONDS * 1_000)], [[true, false, false], [false, false, false]])
  for (let i = 0; i < 100; i++) servers.setDoubted(endpoint, Name.parse(`z${i}.`), 1_000)
  assert.equal(servers.isDoubted(endpoint, zone, 1_000), false, 'no more zones are remembered than of lame ones')
})

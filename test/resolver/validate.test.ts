/** Plays of validation (RFC 4035 5): secure answers, unsigned delegations, and every kind of broken zone with the error that names it (RFC 8914). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RCODE, TYPE } from '../../src/dns/codes.ts'
import { NOW } from '../dnssec/zone-signer.ts'
import { Play } from './support.ts'
import { BROKEN, plans } from './broken-zones.ts'
import { leaveOut, signedInternet, spoil, verdict, verdictOf } from './signed-internet.ts'

const SIGNINGS = { nsec: {}, nsec3: { denial: 'nsec3', iterations: 2, salt: 'ab' }, 'two keys': { keys: [{ algorithm: 13, flags: 257, which: 0 }, { algorithm: 13, flags: 256, which: 1 }] }, rsa: { keys: [{ algorithm: 8, flags: 257, which: 0 }] } } as const

for (const [how, signing] of Object.entries(SIGNINGS)) {
  test(`a zone signed with ${how}: answers, aliases, wildcards and absences are secure`, () => {
    const { play } = signedInternet(plans({ signing }))
    const questions = {
      'www.example. A': 'secure answer', 'WWW.EXAMPLE. A': 'secure answer', 'example. DNSKEY': 'secure answer', 'example. DS': 'secure answer', 'example. NS': 'secure answer', '. DNSKEY': 'secure answer', '. NS': 'secure answer',
      'alias.example. A': 'secure answer', 'q.wild.example. TXT': 'secure answer', 'q.r.wild.example. TXT': 'secure answer', '*.wild.example. TXT': 'secure answer', 'x.down.example. A': 'secure answer',
      'www.example. AAAA': 'secure nodata', 'b.example. A': 'secure nodata', 'q.wild.example. A': 'secure nodata', 'nope.example. A': 'secure nxdomain', 'x.www.example. A': 'secure nxdomain', 'nope. A': 'secure nxdomain',
      'y.down.example. A': 'secure nxdomain', 'www.example. DS': 'secure nodata',
    }
    for (const [question, expected] of Object.entries(questions)) assert.equal(verdict(play, question), expected, question)
  })
}

test('the records of a secure answer come with their signatures, a wildcard\'s with its proof, and cached ones too', () => {
  const { play } = signedInternet(plans())
  for (let times = 0; times < 2; times++) {
    const { outcome } = play.ask('q.wild.example. TXT')
    assert.equal(outcome.kind, 'answer')
    const [set] = outcome.kind === 'answer' ? outcome.sets : []
    assert.equal(set.signatures.length, 1)
    assert.ok((set.proof ?? []).some(({ type }) => type === TYPE.NSEC), 'RFC 4035 3.1.3.3')
    assert.equal(outcome.work.sends > 0, times === 0)
  }
})

test('each zone is judged once: the second question costs one verification, and a cached answer none', () => {
  const { play } = signedInternet(plans())
  assert.equal(play.ask('www.example. A').outcome.work.verifications, 4, 'keys of the root, DS, keys of example., the address')
  assert.equal(play.ask('ns.example. A').outcome.work.verifications, 1)
  assert.equal(play.ask('www.example. A').outcome.work.verifications, 0)
  assert.deepEqual({ secure: play.resolver.counters.secure, insecure: play.resolver.counters.insecure }, { secure: 3, insecure: 0 })
})

test('what it asks for beside the question: DNSKEY of each zone, and no DS that the referral brought (RFC 4035 4.2)', () => {
  const { play } = signedInternet(plans())
  const asked = play.ask('www.example. A').packets.map((packet) => packet.replace(/^\S+ udp /, ''))
  assert.deepEqual(asked.filter((one) => /DNSKEY|DS/.test(one)).sort(), ['. DNSKEY', 'example. DNSKEY'])
})

test('an unsigned delegation is proven by the zone above, and all below it is insecure (RFC 4035 5.2)', () => {
  for (const denial of ['nsec', 'nsec3', 'opt-out'] as const) {
    const { play } = signedInternet({ '.': { signing: { denial } }, 'plain.': { text: 'www.plain. A 192.0.2.80\nalias.plain. CNAME www.plain.', signing: 'unsigned' }, 'sub.plain.': { text: 'www.sub.plain. A 192.0.2.81' } })
    for (const [question, expected] of Object.entries({ 'www.plain. A': 'insecure answer', 'alias.plain. A': 'insecure answer', 'nope.plain. A': 'insecure nxdomain', 'www.plain. MX': 'insecure nodata', 'www.sub.plain. A': 'insecure answer' })) {
      assert.equal(verdict(play, question), expected, `${denial}: ${question}`)
    }
    assert.equal(verdict(play, 'plain. DS'), denial === 'opt-out' ? 'insecure nodata' : 'secure nodata')
  }
})

test('opt-out: a name that is not may be an unsigned delegation, so that its absence is not secure (RFC 5155 9.2)', () => {
  const { play } = signedInternet(plans({ signing: { denial: 'opt-out' } }))
  assert.equal(verdict(play, 'nope.example. A'), 'insecure nxdomain')
  assert.equal(verdict(play, 'www.example. AAAA'), 'secure nodata')
  assert.equal(verdict(play, 'q.wild.example. TXT'), 'insecure answer')
})

for (const [what, plan, question, expected] of BROKEN) {
  test(`a zone with ${what} fails with the reason, and what it holds beside that is good still is`, () => {
    const { play } = signedInternet(plans(plan))
    const told = play.ask(question)
    assert.match(verdictOf(told), expected)
    assert.equal(told.outcome.kind === 'failure' && told.outcome.rcode, RCODE.SERVFAIL)
    assert.equal(told.records.length, 0, 'RFC 4035 5.5: nothing of it is given out')
    assert.equal(verdict(play, 'nope. A'), 'secure nxdomain', 'the zone above is not concerned')
  })
}

test('CD: whoever checks himself gets what is bogus, at any time, and nobody else does (RFC 4035 3.2.2)', () => {
  const { play } = signedInternet(plans({ edits: spoil('www.example.', 'A') }))
  for (let times = 0; times < 3; times++) {
    const unchecked = play.ask('www.example. A', true)
    assert.deepEqual([verdictOf(unchecked), unchecked.records], ['unchecked answer', ['www.example. A 192.0.2.80']])
    assert.match(verdict(play, 'www.example. A'), /dnssec bogus/)
  }
})

test('two who ask at once, one with CD, are told each what is theirs', () => {
  const { play } = signedInternet(plans({ edits: spoil('www.example.', 'A') }))
  const [checked, unchecked, second] = [play.start('www.example. A'), play.start('www.example. A', true), play.start('www.example. A')]
  play.run()
  assert.deepEqual([checked, unchecked, second].map((waiter) => verdictOf(play.told(waiter)).replace(/:.*/, '')), ['bogus dnssec bogus', 'unchecked answer', 'bogus dnssec bogus'])
})

test('RFC 9520 3.2: what was bogus is not asked for again at once, keeps its reason, and recovers when the zone does', () => {
  const { play, net, zones } = signedInternet(plans({ edits: spoil('www.example.', 'A') }))
  assert.match(verdict(play, 'www.example. A'), /^bogus dnssec bogus/)
  const again = play.ask('www.example. A')
  assert.deepEqual([verdictOf(again), again.packets], ['remembered dnssec bogus: it failed a moment ago', []])
  net.serve('192.0.2.1', { 'example.': zones.get('example.')?.text ?? '' })
  play.nowMs += 6_000
  assert.equal(verdict(play, 'www.example. A'), 'secure answer')
})

test('aliases that lead to what is bogus stay, and the name they lead to is not asked for again at once', () => {
  const { play } = signedInternet(plans({ edits: spoil('www.example.', 'A') }))
  assert.match(verdict(play, 'alias.example. A'), /^bogus/)
  const again = play.ask('alias.example. A')
  assert.equal(again.packets.length, 0)
  assert.match(verdictOf(again), /^remembered dnssec bogus/)
})

test('a zone whose keys are bogus is tried again after a minute at most', () => {
  const { play, net, zones } = signedInternet(plans({ edits: leaveOut(/RRSIG DNSKEY /) }))
  assert.match(verdict(play, 'www.example. A'), /rrsigs missing/)
  net.serve('192.0.2.1', { 'example.': zones.get('example.')?.text ?? '' })
  assert.match(verdict(play, 'ns.example. A'), /rrsigs missing/)
  play.nowMs += 61_000
  assert.equal(verdict(play, 'www.example. A'), 'secure answer')
})

test('signatures that run out while an answer is cached take it along (RFC 4035 5.3.3)', () => {
  const { play } = signedInternet(plans({ signing: { expiration: NOW + 100 } }))
  const { outcome } = play.ask('www.example. A')
  assert.ok(outcome.kind === 'answer' && outcome.sets[0].records[0].ttl <= 100, 'the TTL that clients see')
  play.nowMs += 101_000
  assert.match(verdict(play, 'www.example. A'), /^bogus signature expired/)
})

test('servers of a signed zone that do not answer for its keys fail it as unproven, not as unsigned', () => {
  const { play } = signedInternet(plans({ says: ({ questions: [{ type }] }) => (type === TYPE.DNSKEY ? { rcode: RCODE.REFUSED } : undefined) }))
  assert.match(verdict(play, 'www.example. A'), /^bogus dnssec indeterminate: www\.example\. A: no DNSKEY of example\. is to be had: REFUSED from servers of example\.$/)
})

test('without trust anchors nothing is secure and nothing fails; without validation nobody asks for keys', () => {
  const broken = plans({ edits: spoil('www.example.', 'A') })
  const { play } = signedInternet(broken, { validation: { anchors: [], negativeAnchors: [], unixSeconds: () => NOW } })
  assert.equal(verdict(play, 'www.example. A'), 'indeterminate answer')
  const plain = new Play(signedInternet(broken).net)
  const told = plain.ask('www.example. A')
  assert.equal(verdictOf(told), 'unchecked answer')
  assert.ok(!told.packets.some((packet) => packet.endsWith('DNSKEY')))
  assert.equal(told.outcome.work.verifications, 0)
})

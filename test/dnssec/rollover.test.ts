/** Trust anchors that follow roll-overs (RFC 5011): the life of keys day by day, what does not count, intervals, and the text that outlasts a restart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TYPE } from '../../src/dns/codes.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { MAX_TRACKED_KEYS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import { anchorKeys, missed, observe, track, type KeyState, type TrackedKey, type Tracking } from '../../src/dnssec/rollover.ts'
import { parseTracking, printTracking } from '../../src/dnssec/rollover-text.ts'
import type { SignedSet } from '../../src/dnssec/rrsig.ts'
import { judgeAt } from './judging.ts'
import { keyRdata } from './pairs.ts'
import { DAY, keyOf, numberOf, setOf, ZONE } from './key-sets.ts'
import { NOW, rrsigOf } from './zone-signer.ts'

function start(...words: string[]): Tracking {
  return track(ZONE, words.map((word) => new Uint8Array(keyRdata(15, 257, keyOf(word).which))))
}

/** `1 valid, 2 waiting`. */
function shown({ keys }: Tracking): string {
  return keys.map(({ rdata, state }) => `${numberOf(rdata)} ${state}`).join(', ')
}

/** Plays days: each line is `day: keys / signers → states`. */
function play(from: Tracking, script: string): void {
  let tracking = from
  for (const line of script.trim().split('\n')) {
    const [, day, keys, signers, expected] = /^\s*([\d.]+): (.*?) \/ (.*?) → (.*)$/.exec(line) ?? assert.fail(line)
    const now = NOW + Number(day) * DAY
    tracking = observe(tracking, setOf(keys, signers, now), judgeAt(now)).tracking
    assert.equal(shown(tracking), expected, line)
  }
}

test('a new key becomes a trust anchor after thirty days in which it was always there (RFC 5011 2.2, 2.4.1)', () => play(start('1'), `
  0: 1 / 1 → 1 valid
  1: 1 2 / 1 → 1 valid, 2 waiting
  15: 1 2 / 1 2 → 1 valid, 2 waiting
  30.9: 1 2 / 1 → 1 valid, 2 waiting
  31: 1 2 / 1 → 1 valid, 2 valid
  32: 1 2 / 2 → 1 valid, 2 valid
  33: 2 / 2 → 1 missing, 2 valid
  34: 1 2 / 2 → 1 valid, 2 valid`))

test('a key that goes away while it is waited for begins anew (RFC 5011 2.2)', () => play(start('1'), `
  0: 1 2 / 1 → 1 valid, 2 waiting
  29: 1 / 1 → 1 valid
  30: 1 2 / 1 → 1 valid, 2 waiting
  59: 1 2 / 1 → 1 valid, 2 waiting
  60: 1 2 / 1 → 1 valid, 2 valid`))

test('a key revoked by its own signature is none from then on, and never again (RFC 5011 2.1, 4.2)', () => play(start('1', '2'), `
  0: 1 2 / 1 2 → 1 valid, 2 valid
  1: 1! 2 / 1! 2 → 1 revoked, 2 valid
  2: 1 2 / 2 → 1 revoked, 2 valid
  30: 2 / 2 → 1 revoked, 2 valid
  31: 2 / 2 → 1 removed, 2 valid
  99: 1 2 / 2 → 1 removed, 2 valid`))

test('the bit alone revokes nothing: the key must sign for itself (RFC 5011 2.1)', () => play(start('1', '2'), `
  0: 1! 2 / 2 → 1 missing, 2 valid
  1: 1 2 / 2 → 1 valid, 2 valid`))

test('a revoked key vouches for no other, not even in the set that revokes it', () => play(start('1'), `
  0: 1 2 / 1 → 1 valid, 2 waiting
  31: 1! 2 / 1! → 1 revoked, 2 waiting
  32: 1 2 3 / 1 → 1 revoked, 2 waiting`))

test('a key revoked while it is waited for does not come', () => play(start('1'), `
  0: 1 2 / 1 → 1 valid, 2 waiting
  1: 1 2! / 1 2! → 1 valid, 2 revoked
  40: 1 2 / 1 → 1 valid, 2 removed`))

test('when all are revoked the anchor has ended (RFC 5011 5)', () => {
  const { tracking } = observe(start('1'), setOf('1! 2', '1! 2'), judgeAt())
  assert.equal(shown(tracking), '1 revoked')
  assert.deepEqual(anchorKeys(tracking), [])
})

test('sets that no key in use has signed change nothing but when to ask again, with the fault', () => {
  const cases: readonly [SignedSet, RegExp][] = [
    [setOf('1 2', '2'), /^(has|example\. has) no key|example\. has no key/], [setOf('1 2', ''), /not signed/], [setOf('1 2', '1', NOW, { expiration: NOW - 1 }), /expired/], [setOf('2', '2'), /example\. has no key/],
  ]
  for (const [set, expected] of cases) {
    const { tracking, fault } = observe(start('1'), set, judgeAt())
    assert.equal(shown(tracking), '1 valid')
    assert.match(fault?.text ?? '', expected)
    assert.equal(tracking.nextQuery, NOW + 3600)
  }
})

test('keys that nobody is to enter by are not tracked (RFC 5011 3)', () => {
  assert.equal(shown(observe(start('1'), setOf('1 2z 3', '1'), judgeAt()).tracking), '1 valid, 3 waiting')
})

test('a missing key is a trust anchor still (RFC 5011 4.2)', () => {
  const { tracking } = observe(start('1', '2'), setOf('2', '2'), judgeAt())
  assert.deepEqual([shown(tracking), anchorKeys(tracking).length], ['1 missing, 2 valid', 2])
})

test('the hold-down is the TTL of the set where that is longer (RFC 5011 2.4.1)', () => {
  const { tracking } = observe(start('1'), setOf('1 2', '1', NOW, {}, 40 * DAY), judgeAt())
  assert.equal(tracking.keys[1].until, NOW + 40 * DAY)
})

test('RFC 5011 2.3: when to ask again: half of the TTL or of the signature\'s time, an hour at least, fifteen days at most; after a failure a tenth, a day at most', () => {
  const cases: readonly [number, number, number, number][] = [[3600, 20, 3600, 3600], [2 * DAY, 20, DAY, 17_280], [100 * DAY, 20, 10 * DAY, DAY], [100 * DAY, 100, 15 * DAY, DAY], [2 * DAY, 1, DAY / 2, 8_640], [60, 20, 3600, 3600]]
  for (const [ttl, days, next, retry] of cases) {
    const good = setOf('1', '1', NOW, { expiration: NOW + days * DAY }, ttl)
    assert.equal(observe(start('1'), good, judgeAt()).tracking.nextQuery - NOW, next, `TTL ${ttl}, ${days} days`)
    assert.equal(observe(start('2'), good, judgeAt()).tracking.nextQuery - NOW, retry, `TTL ${ttl}, ${days} days, not proven`)
  }
  assert.equal(missed(start('1'), NOW).nextQuery, NOW + 3600)
})

test(`no more than ${MAX_TRACKED_KEYS} keys are tracked, whatever a set holds; those in use stay`, () => {
  const words = Array.from({ length: 40 }, (_, i) => String(i % 8))
  const records = words.map((_, i) => ({ name: ZONE, type: TYPE.DNSKEY, class: 1, ttl: 3600, rdata: Uint8Array.from([1, 1, 3, 15, i, ...new Uint8Array(31)]) }))
  const own = [...records, ...setOf('1', '1').records]
  const set = { name: ZONE, type: TYPE.DNSKEY, records: own, signatures: [rrsigOf(own, ZONE, keyOf('1'))] }
  const { tracking } = observe(start('1'), set, judgeAt())
  assert.equal(tracking.keys.length, MAX_TRACKED_KEYS)
  assert.equal(tracking.keys[0].state, 'valid')
})

const states: fc.Arbitrary<KeyState> = fc.constantFrom('waiting', 'valid', 'missing', 'revoked', 'removed')
const tracked: fc.Arbitrary<TrackedKey> = fc.record({ rdata: fc.nat(7).map((which) => new Uint8Array(keyRdata(15, 257, which))), state: states, until: fc.constantFrom(0, NOW, NOW + 30 * DAY) })

test('what is tracked outlasts a restart as text', () => {
  fc.assert(fc.property(fc.array(tracked, { minLength: 1, maxLength: MAX_TRACKED_KEYS }), fc.constantFrom('.', 'example.', 'A\\.b.example.'), (keys, zone) => {
    const tracking = { zone: Name.parse(zone), keys, nextQuery: NOW + 7 }
    const again = parseTracking(printTracking(tracking), 'keys')
    assert.deepEqual({ ...again, zone: again.zone.toString(), keys: again.keys.map((key) => ({ ...key, rdata: Buffer.from(key.rdata) })) }, { ...tracking, zone, keys: keys.map((key) => ({ ...key, rdata: Buffer.from(key.rdata) })) })
  }), { numRuns: 50 })
  assert.match(printTracking({ ...start('1'), nextQuery: NOW }), /^; next query 2027-01-15T08:00:00Z\nexample\. 0 IN DNSKEY 257 3 15 \S+ ; valid\n$/)
})

test('a damaged file is refused with the place, and never read as fewer anchors', () => {
  const good = printTracking(start('1', '2'))
  const [head, first, second] = good.split('\n')
  const cases: readonly [string, RegExp][] = [
    ['', /must start .*keys:1:1/], ['; next query soon\n', /time "soon".*keys:1:1/], [`${head}\n`, /must hold a key.*keys:2:1/], [`${head}\n${first.replace(' ; valid', '')}\n`, /DNSKEY record and its state.*keys:2:1/], [`${head}\n${first.replace('valid', 'good')}`, /and its state/],
    [`${head}\n${first} until never`, /time "never".*keys:2:1/], [`${head}\n${first}\n${second.replace('example.', 'other.')}`, /one zone only.*keys:3:1/], [`${head}\nexample. 0 IN A 192.0.2.1 ; valid`, /DNSKEY record and its state/],
    [`${head}\nexample. 0 IN DNSKEY 257 3 ; valid`, /keys:2:/], [[head, ...Array.from({ length: 17 }, () => first)].join('\n'), /16 keys at most/],
  ]
  for (const [text, expected] of cases) assert.throws(() => parseTracking(text, 'keys'), (fault) => fault instanceof TextFault && expected.test(`${fault.message}: ${fault.file}:${fault.line}:${fault.column}`), text)
})

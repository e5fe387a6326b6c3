/** Trust anchors as an operator gives them, against what is tracked already (RFC 5011): DS whose keys are seen later, and a config that changes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeDs } from '../../src/dnssec/check-keys.ts'
import { adopt, anchorKeys, forgetRemoved, observe, retrack, track, unseenDigests, type KeyState, type Tracking } from '../../src/dnssec/rollover.ts'
import { DAY, keyOf, numberOf, setOf, ZONE } from './key-sets.ts'
import { judgeAt } from './judging.ts'
import { keyRdata } from './pairs.ts'
import { NOW } from './zone-signer.ts'

const rdataOf = (word: string): Uint8Array => new Uint8Array(keyRdata(15, keyOf(word).flags, keyOf(word).which))
const rdatasOf = (words: string): Uint8Array[] => words.split(' ').filter(Boolean).map(rdataOf)
const dsOf = (words: string, digestType = 2): Uint8Array[] => rdatasOf(words).map((rdata) => makeDs(digestType, ZONE, rdata) ?? assert.fail(words))

/** `1 valid, 2 waiting` as what is tracked, and back. */
function tracked(states: string): Tracking {
  const keys = states.split(', ').filter(Boolean).map((one) => {
    const [word, state] = one.split(' ')
    return { rdata: rdataOf(word), state: state as KeyState, until: state === 'waiting' || state === 'revoked' ? 9 : 0 }
  })
  return { zone: ZONE, keys, nextQuery: 7 }
}
const shown = ({ keys }: Tracking): string => keys.map(({ rdata, state }) => `${numberOf(rdata)} ${state}`).join(', ')

/** What was tracked, keys and DS that the operator gives from now on, and what is tracked then. */
const RETRACKED: [why: string, before: string, keys: string, ds: string, after: string][] = [
  ['a key given anew counts at once', '1 valid', '1 2', '', '1 valid, 2 valid'],
  ['a key no longer given is none any more', '1 valid, 2 valid', '2', '', '2 valid'],
  ['one that is missing and given stays so until it is seen', '1 missing, 2 valid', '1 2', '', '1 missing, 2 valid'],
  ['a DS names what is tracked as well as a key does', '1 valid, 2 valid', '', '2', '2 valid'],
  ['one that is waited for and given is waited for no longer', '1 valid, 2 waiting', '1 2', '', '1 valid, 2 valid'],
  ['the same by DS', '1 valid, 2 waiting', '', '1 2', '1 valid, 2 valid'],
  ['one that is waited for goes on being so while a key that brought it stays', '1 valid, 2 waiting', '1 3', '', '1 valid, 2 waiting, 3 valid'],
  ['and is forgotten where none stays', '1 valid, 2 waiting', '3', '', '3 valid'],
  ['a revoked key is none though it is given (RFC 5011 4.2)', '1 revoked, 2 valid', '1 2', '', '1 revoked, 2 valid'],
  ['nor is a removed one, by DS', '1 removed, 2 valid', '', '1 2', '1 removed, 2 valid'],
  ['nor one that is given with the bit that revokes', '1 revoked', '1!', '', '1 revoked'],
]
for (const [why, before, keys, ds, after] of RETRACKED) {
  test(`${why}: ${before} → ${after}`, () => {
    const { nextQuery, ...tracking } = retrack(tracked(before), rdatasOf(keys), dsOf(ds))
    assert.equal(shown({ ...tracking, nextQuery }), after)
    assert.equal(nextQuery, 0, 'it is asked again at once')
    for (const { state, until } of tracking.keys) assert.equal(until, state === 'waiting' || state === 'revoked' ? 9 : 0, 'a hold-down goes on as it was')
  })
}

/** What was tracked, what the set holds, DS of the operator's, what is tracked then, and which DS name what was not seen. */
const ADOPTED: [why: string, before: string, set: string, ds: string, after: string, unseen: string][] = [
  ['a key that a DS names counts when it is seen', '', '1 2', '1', '1 valid', ''],
  ['two at once', '', '1 2 3', '1 3', '1 valid, 3 valid', ''],
  ['what no DS names does not', '1 valid', '1 2', '', '1 valid', ''],
  ['a DS whose key is not there goes on standing for it', '', '1', '1 2', '1 valid', '2'],
  ['a key that was revoked stays so, whatever DS names it', '1 revoked', '1', '1', '1 revoked', ''],
  ['one that is seen first with the bit that revokes is known as what it was', '', '1! 2', '1 2', '1 valid, 2 valid', ''],
  ['one that is not of the zone (RFC 4034 2.1.1) is none', '', '2', '1', '', '1'],
]
for (const [why, before, set, ds, after, unseen] of ADOPTED) {
  test(why, () => {
    const tracking = adopt(tracked(before), rdatasOf(set), dsOf(ds))
    assert.equal(shown(tracking), after)
    assert.deepEqual(unseenDigests(tracking, dsOf(ds)), dsOf(unseen))
    assert.equal(shown(adopt(tracking, rdatasOf(set), dsOf(ds))), after, 'seeing it again changes nothing')
  })
}

test('a DS with a digest that nobody can make stays unseen, one with SHA-1 counts where nothing better is given (RFC 4509 3)', () => {
  const odd = Uint8Array.from(dsOf('1')[0], (octet, i) => (i === 3 ? 200 : octet))
  assert.deepEqual(unseenDigests(adopt(track(ZONE, []), rdatasOf('1'), [odd]), [odd]), [odd])
  assert.equal(shown(adopt(track(ZONE, []), rdatasOf('1'), dsOf('1', 1))), '1 valid')
  assert.equal(shown(adopt(track(ZONE, []), rdatasOf('1 2'), [...dsOf('1', 1), ...dsOf('2')])), '2 valid')
})

test('a wrong digest under the right tag names nothing', () => {
  const [good] = dsOf('1')
  const wrong = Uint8Array.from(good, (octet, i) => (i === good.length - 1 ? octet ^ 1 : octet))
  const tracking = adopt(track(ZONE, []), rdatasOf('1'), [wrong])
  assert.deepEqual([tracking.keys, anchorKeys(tracking)], [[], []])
})

/** What was tracked, keys and DS that the operator gives, keys that the zone shows, and what is tracked then. */
const FORGOTTEN: [why: string, before: string, keys: string, ds: string, shown: string, after: string][] = [
  ['a removed key that nobody names is forgotten (RFC 5011 4.2)', '1 removed, 2 valid', '2', '', '2', '2 valid'],
  ['however many there are', '1 removed, 2 valid, 3 removed, 4 removed', '2', '', '2', '2 valid'],
  ['one that a key of the config names is not, as it would be believed again', '1 removed, 2 valid', '1', '', '2', '1 removed, 2 valid'],
  ['nor one that a DS of the config names', '1 removed, 2 valid', '', '1 2', '2', '1 removed, 2 valid'],
  ['however many other DS stand before it', '1 removed, 2 valid', '', '3 4 5 6 7 3 4 5 6 7 1', '2', '1 removed, 2 valid'],
  ['nor one that the config gives with the bit that revokes', '1 removed, 2 valid', '1!', '', '2', '1 removed, 2 valid'],
  ['nor one that the zone shows, as it would be new', '1 removed, 2 valid', '2', '', '1 2', '1 removed, 2 valid'],
  ['nor one that the zone shows as revoked', '1 removed, 2 valid', '2', '', '1! 2', '1 removed, 2 valid'],
  ['no other state is forgotten', '1 revoked, 2 valid, 3 missing, 4 waiting', '', '', '5', '1 revoked, 2 valid, 3 missing, 4 waiting'],
]
for (const [why, before, keys, ds, set, after] of FORGOTTEN) {
  test(`${why}: ${before} → ${after}`, () => {
    const { nextQuery, ...tracking } = forgetRemoved(tracked(before), setOf(set, ''), { keys: rdatasOf(keys), digests: dsOf(ds) })
    assert.equal(shown({ ...tracking, nextQuery }), after)
    assert.equal(nextQuery, 7, 'when to ask stays as it was')
  })
}

test('a zone that rolls over for years is followed, its keys coming round again, with three tracked at most', () => {
  const given = rdatasOf('0')
  let tracking = track(ZONE, given)
  let day = 0
  const see = (days: number, keys: string, signers: string): void => {
    const now = NOW + (day += days) * DAY
    const set = setOf(keys, signers, now)
    tracking = forgetRemoved(observe(tracking, set, judgeAt(now)).tracking, set, { keys: given, digests: [] })
  }
  for (let turn = 0, old = 0; turn < 21; turn++) {
    const next = 1 + (turn % 7)
    see(1, `${old} ${next}`, `${old}`)
    see(31, `${old} ${next}`, `${old}`)
    see(1, `${old}! ${next}`, `${old}! ${next}`)
    see(31, `${next}`, `${next}`)
    assert.equal(shown(tracking), `0 removed, ${next} valid`, `turn ${turn}`)
    old = next
  }
})

/** SIG(0) of requests and responses (RFC 2931), against a peer that was written from the RFC without our code; all algorithms, every octet. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { RCODE } from '../../src/dns/codes.ts'
import type { Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Authenticator, type Authentication, type Source } from '../../src/dnssec/authenticate.ts'
import { keyTag, SERVED_ALGORITHMS } from '../../src/dnssec/public-key.ts'
import { isRegistrationKey, maySignMessages, signSig0, type Sig0Key } from '../../src/dnssec/sig0.ts'
import type { Sig0Options } from '../../src/dnssec/sig0-judge.ts'
import { keyRdata, pairOf } from './pairs.ts'
import { sig0Sign, sig0Verify, type PeerSig } from './sig0-peer.ts'
import { CLIENT, NOW, question, readable, responseTo, shown, update } from './signed.ts'

const SIGNER = 'agent.example'

interface Judged {
  authenticator: Authenticator
  clock: { seconds: number }
  judge(octets: Uint8Array, source?: Source): Promise<Authentication>
}

function judgeOf(options: Partial<Sig0Options> & { keys?: Uint8Array[] } = {}): Judged {
  const clock = { seconds: NOW }
  const { keys = [keyRdata(13)], ...rest } = options
  const keysOf = (signer: Name): Uint8Array[] => (signer.toString().toLowerCase() === `${SIGNER}.` ? keys : [])
  const authenticator = new Authenticator({ keys: new Map(), nowMs: () => clock.seconds * 1_000, sig0: { keysOf, ...rest } })
  return { authenticator, clock, judge: async (octets, source = CLIENT) => authenticator.verify(octets, readable(octets), source) }
}

function sigOf(algorithm = 13, parts: Partial<PeerSig> = {}, which = 0): PeerSig {
  return { algorithm, signer: SIGNER, tag: keyTag(keyRdata(algorithm, 0, which)), inception: NOW - 300, expiration: NOW + 300, key: pairOf(algorithm, which).privateKey, ...parts }
}

const verdict = async (parts: Partial<PeerSig>, options: Parameters<typeof judgeOf>[0] = {}): Promise<string> => shown(await judgeOf(options).judge(sig0Sign(update(), sigOf(13, parts))))

const ourKey = (algorithm: number): Sig0Key => ({ name: Name.parse('server.example.'), algorithm, privateKey: pairOf(algorithm, 1).privateKey, rdata: keyRdata(algorithm, 0, 1) })

for (const algorithm of SERVED_ALGORITHMS) {
  test(`RFC 2931 3.1 algorithm ${algorithm}: a request is proven, with the KEY that it was checked against`, async () => {
    const rdata = keyRdata(algorithm)
    const result = await judgeOf({ keys: [rdata] }).judge(sig0Sign(update(), sigOf(algorithm)))
    assert.ok(result.outcome === 'proven' && result.signer.kind === 'sig0')
    assert.equal(result.signer.name.toString(), `${SIGNER}.`)
    assert.deepEqual(Buffer.from(result.signer.key), rdata)
  })

  test(`RFC 2931 3.1 algorithm ${algorithm}: what we sign, the peer verifies, requests and responses`, () => {
    const key = ourKey(algorithm)
    const times = { inception: NOW - 1, expiration: NOW + 1 }
    const expected = { ...sigOf(algorithm), ...times, signer: 'server.example', tag: keyTag(key.rdata) }
    assert.ok(sig0Verify(signSig0(question(), key, times), expected, pairOf(algorithm, 1).publicKey))
    const request = sig0Sign(update(), sigOf(algorithm))
    const response = signSig0(responseTo(request), key, times, request)
    assert.ok(sig0Verify(response, { ...expected, request }, pairOf(algorithm, 1).publicKey))
    assert.ok(!sig0Verify(response, expected, pairOf(algorithm, 1).publicKey), 'the request is part of what is signed')
  })

  test(`RFC 2931 3.1 algorithm ${algorithm}: the response is signed where the server has a key, and takes the room that was promised`, async () => {
    const { authenticator, judge } = judgeOf({ keys: [keyRdata(algorithm)], ownKey: ourKey(algorithm) })
    const request = sig0Sign(update(), sigOf(algorithm))
    const result = await judge(request)
    assert.ok(result.outcome === 'proven' && result.seal !== undefined)
    const response = responseTo(request)
    const signed = authenticator.sign(response, result.seal)
    assert.equal(signed.length - response.length, authenticator.overhead(result.seal))
    const expected = { ...sigOf(algorithm), signer: 'server.example', tag: keyTag(ourKey(algorithm).rdata), request }
    assert.ok(sig0Verify(signed, expected, pairOf(algorithm, 1).publicKey))
  })
}

test('without a key of the server the response goes unsigned (RFC 2931 3.2)', async () => {
  const { authenticator, judge } = judgeOf()
  const request = sig0Sign(update(), sigOf())
  const result = await judge(request)
  assert.ok(result.outcome === 'proven' && result.seal !== undefined)
  assert.deepEqual(authenticator.sign(responseTo(request), result.seal), responseTo(request))
  assert.equal(authenticator.overhead(result.seal), 0)
})

test('one changed octet anywhere is not proven, the ID too', async () => {
  const octets = sig0Sign(update(), sigOf())
  const { judge } = judgeOf()
  for (let at = 0; at < octets.length; at++) {
    const changed = Buffer.from(octets)
    changed[at] ^= 0x04
    const result = await judge(changed)
    // owner, class and TTL of SIG(0) SHOULD be root, ANY and 0 (RFC 2931 3), and say nothing
    const isMute = at > update().length + 2 && at < update().length + 9
    assert.equal(result.outcome === 'proven' || result.outcome === 'pending', isMute, `octet ${at}: ${shown(result)}`)
  }
})

test('property: a message changed in several places is never proven', async () => {
  const octets = sig0Sign(update(), sigOf())
  const { judge } = judgeOf({ queue: { perNetwork: 5_000, waiting: 5_000 } })
  const fixed = update().length
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(octets.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 5 }), async (changes) => {
    const changed = Buffer.from(octets)
    for (const [at, flip] of changes) changed[at] ^= flip
    const isSame = changed.every((octet, at) => octet === octets[at] || (at > fixed + 2 && at < fixed + 9))
    const result = await judge(changed)
    if (!isSame) assert.ok(result.outcome !== 'proven' && result.outcome !== 'pending', shown(result))
  }), { numRuns: 300 })
})

// ---- Times (RFC 2931 3.3) ----

test('a signature is good from its inception to its expiration, both included', async () => {
  assert.equal(await verdict({ inception: NOW, expiration: NOW }), `proven sig0 ${SIGNER}.`)
  assert.equal(await verdict({ inception: NOW + 1 }), 'refused REFUSED')
  assert.equal(await verdict({ expiration: NOW - 1 }), 'refused REFUSED')
})

test('times run on a circle of 2^32 seconds (RFC 4034 3.1.5)', async () => {
  const { judge, clock } = judgeOf()
  clock.seconds = 2 ** 32 + 10
  assert.equal(shown(await judge(sig0Sign(update(), sigOf(13, { inception: 2 ** 32 - 5, expiration: 20 })))), `proven sig0 ${SIGNER}.`)
  assert.equal(shown(await judge(sig0Sign(update(), sigOf(13, { inception: 2 ** 32 - 5, expiration: 9 })))), 'refused REFUSED')
})

test('times of 0, of devices without a clock, are good only where the message may have them', async () => {
  const times = { inception: 0, expiration: 0 }
  assert.equal(await verdict(times), 'refused REFUSED')
  assert.equal(await verdict(times, { mayBeTimeless: () => true }), `proven sig0 ${SIGNER}.`)
  assert.equal(await verdict({ inception: 0, expiration: NOW - 1 }, { mayBeTimeless: () => true }), 'refused REFUSED')
})

// ---- Keys ----

test('a signer without a KEY, or whose KEY has another algorithm or tag, is refused', async () => {
  assert.equal(await verdict({ signer: 'other.example' }), 'refused REFUSED')
  assert.equal(await verdict({}, { keys: [] }), 'refused REFUSED')
  assert.equal(await verdict({}, { keys: [keyRdata(15)] }), 'refused REFUSED')
  assert.equal(await verdict({ tag: keyTag(keyRdata(13)) ^ 1 }), 'refused REFUSED')
  assert.equal(await verdict({ algorithm: 5 }), 'refused REFUSED')
})

test('a registration can bring its own KEY (RFC 9665 3.2.5.2), which is asked for with the message and told from known ones', async () => {
  const asked: [string, number, number][] = []
  const introducedKeysOf = (signer: Name, message: Message, { port }: Source): Uint8Array[] => {
    asked.push([signer.toString(), message.authorities.length, port])
    return [keyRdata(13)]
  }
  const signed = sig0Sign(update(), sigOf(13, { signer: 'new.example' }))
  const fresh = await judgeOf({ introducedKeysOf }).judge(signed)
  assert.equal(shown(fresh), 'proven sig0 new.example.')
  assert.ok(fresh.outcome === 'proven' && fresh.signer.kind === 'sig0' && fresh.signer.isIntroduced === true)
  assert.deepEqual(asked, [['new.example.', 1, CLIENT.port]])
  const known = await judgeOf({ introducedKeysOf }).judge(sig0Sign(update(), sigOf(13)))
  assert.ok(known.outcome === 'proven' && known.signer.kind === 'sig0' && known.signer.isIntroduced === undefined)
  assert.equal(asked.length, 1, 'a known key spares the question')
})

test('a KEY that a message brings does not stand in for the one that is known of the same tag', async () => {
  const known = keyRdata(13, 0, 1)
  const introducedKeysOf = (): Uint8Array[] => [keyRdata(13)]
  const wrong = sig0Sign(update(), sigOf(13, { tag: keyTag(known) }))
  assert.equal(shown(await judgeOf({ keys: [known], introducedKeysOf }).judge(wrong)), 'refused REFUSED')
})

test('KEY flags: authentication must not be forbidden, nor the key a zone’s; protocol 3 or 255 (RFC 2535 3.1.2, RFC 3445 4)', () => {
  const key = (flags: number, protocol = 3): boolean => maySignMessages(Uint8Array.of(flags >>> 8, flags & 255, protocol, 13, 1, 2, 3))
  assert.deepEqual([0, 0x0200, 0x4000, 0x0300].map((flags) => key(flags)), [true, true, true, true])
  assert.deepEqual([0x8000, 0xc000, 0x0100, 0x0101].map((flags) => key(flags)), [false, false, false, false])
  assert.deepEqual([key(0, 255), key(0, 4), key(0, 0)], [true, false, false])
  assert.equal(maySignMessages(Uint8Array.of(0, 0, 3, 13)), false)
})

test('RFC 9665 3.2.5.1: a key that registers may sign messages, is of protocol 3, whole, and of an algorithm that is checked', () => {
  const key = (parts: { flags?: number; protocol?: number; algorithm?: number; octets?: number }): boolean => {
    const { flags = 0, protocol = 3, algorithm = 13, octets = 64 } = parts
    return isRegistrationKey(Uint8Array.of(flags >>> 8, flags & 255, protocol, algorithm, ...new Uint8Array(octets).fill(7)))
  }
  for (const algorithm of [8, 13, 14, 15, 16]) assert.ok(isRegistrationKey(keyRdata(algorithm)), `algorithm ${algorithm}`)
  for (const flags of [0, 0x0200, 0x0201]) assert.ok(key({ flags }), `flags ${flags}`)
  for (const flags of [0x8000, 0xc000, 0x0100]) assert.ok(!key({ flags }), `flags ${flags}`)
  for (const protocol of [0, 4, 255]) assert.ok(!key({ protocol }), `protocol ${protocol}`)
  for (const algorithm of [0, 1, 5, 12, 17, 252, 255]) assert.ok(!key({ algorithm }), `algorithm ${algorithm}`)
  for (const octets of [0, 1, 63, 65, 96]) assert.ok(!key({ octets }), `${octets} octets`)
})

// ---- Bounded work (CVE-2024-1975) ----

/** Another KEY with the tag of `rdata`: two octets of an even place changed so that the sum stays. */
function collision(rdata: Buffer, i: number): Buffer {
  const other = Buffer.from(rdata)
  other[10] = (other[10] + i) & 255
  for (let a = 0; a < 65_536; a++) {
    other.writeUInt16BE(a, 20)
    if (keyTag(other) === keyTag(rdata)) return other
  }
  throw new Error('no collision')
}

test('of colliding keys two are tried and no more', async () => {
  const rdata = keyRdata(13)
  const bad = [1, 2, 3].map((i) => collision(rdata, i))
  assert.deepEqual(new Set([rdata, ...bad].map(keyTag)).size, 1)
  assert.equal(await verdict({}, { keys: [bad[0], rdata] }), `proven sig0 ${SIGNER}.`)
  assert.equal(await verdict({}, { keys: [bad[0], bad[1], rdata] }), 'refused REFUSED')
})

test('of many keys sixteen are looked at', async () => {
  const others = Array.from({ length: 16 }, (_, i) => Buffer.of(0, 0, 3, 13, i))
  assert.equal(await verdict({}, { keys: [...others.slice(1), keyRdata(13)] }), `proven sig0 ${SIGNER}.`)
  assert.equal(await verdict({}, { keys: [...others, keyRdata(13)] }), 'refused REFUSED')
})

test('when too many wait, the message is SERVFAIL and nothing is computed for it', async () => {
  const { judge } = judgeOf({ queue: { atOnce: 1, waiting: 2, perNetwork: 2 } })
  const results = await Promise.all(Array.from({ length: 6 }, (_, i) => judge(sig0Sign(update({ id: i }), sigOf()))))
  assert.deepEqual(results.map(shown), [...new Array<string>(3).fill(`proven sig0 ${SIGNER}.`), ...new Array<string>(3).fill('refused SERVFAIL')])
})

// ---- Replay ----

test('an UPDATE is proven once; its client gets the same response again, anybody else is refused', async () => {
  const { judge, authenticator } = judgeOf()
  const request = sig0Sign(update(), sigOf())
  const verdicts = await Promise.all([judge(request), judge(request)])
  const [first, second] = verdicts[0].outcome === 'proven' ? verdicts : verdicts.toReversed()
  assert.deepEqual([first.outcome, second.outcome], ['proven', 'pending'], 'whichever of the two is computed first')
  assert.ok(first.outcome === 'proven' && first.seal !== undefined)
  const response = authenticator.sign(responseTo(request), first.seal)
  const again = await judge(request)
  assert.deepEqual(again.outcome === 'repeated' ? Buffer.from(again.response) : again.outcome, Buffer.from(response))
  assert.equal(shown(await judge(request, { ...CLIENT, port: 1 })), 'refused REFUSED')
})

test('a second signature over the same message is the same message: ECDSA has two for each, and its signer makes as many as it likes', async () => {
  const { judge } = judgeOf()
  const [one, two] = [sig0Sign(update(), sigOf()), sig0Sign(update(), sigOf())]
  assert.notDeepEqual(one, two)
  assert.equal((await judge(one)).outcome, 'proven')
  assert.equal(shown(await judge(two, { ...CLIENT, port: 1 })), 'refused REFUSED')
})

test('queries may come twice; what is forgotten first is the oldest', async () => {
  const { judge } = judgeOf({ remembered: 2 })
  const query = sig0Sign(question(), sigOf())
  assert.deepEqual([(await judge(query)).outcome, (await judge(query, { ...CLIENT, port: 1 })).outcome], ['proven', 'proven'])
  const [a, b, c] = [1, 2, 3].map((id) => sig0Sign(update({ id }), sigOf()))
  for (const one of [a, b, c]) assert.equal((await judge(one)).outcome, 'proven')
  assert.equal((await judge(c, { ...CLIENT, port: 1 })).outcome, 'refused')
  assert.equal((await judge(a, { ...CLIENT, port: 1 })).outcome, 'proven')
})

// ---- Form ----

test('SIG(0) must be the last record, hold a signature and an uncompressed signer (RFC 2931 3, RFC 3597 4)', async () => {
  const { judge } = judgeOf()
  const good = sig0Sign(update(), sigOf())
  const twice = Buffer.concat([good, good.subarray(update().length)])
  twice.writeUInt16BE(2, 10)
  assert.equal(shown(await judge(twice)), 'refused FORMERR')
  assert.equal(shown(await judge(sig0Sign(update(), sigOf(13, { signature: Buffer.alloc(0) })))), 'refused FORMERR')
  const short = sig0Sign(update(), sigOf())
  for (const length of [1, 10, 17, 18, 25]) {
    const cut = Buffer.from(short.subarray(0, update().length + 11 + length))
    cut.writeUInt16BE(length, update().length + 9)
    assert.ok(/refused FORMERR|unsigned/.test(shown(await judge(cut))), `${length} octets`)
  }
})

test('labels and original TTL should be 0 and are ignored, though signed (RFC 2931 3)', async () => {
  assert.equal(await verdict({ labels: 2, ttl: 300 }), `proven sig0 ${SIGNER}.`)
})

test('where SIG(0) is not set up it is refused', async () => {
  const authenticator = new Authenticator({ keys: new Map(), nowMs: () => NOW * 1_000 })
  const octets = sig0Sign(update(), sigOf())
  const result = await authenticator.verify(octets, readable(octets), CLIENT)
  assert.ok(result.outcome === 'refused' && result.rcode === RCODE.REFUSED && result.seal === undefined)
})

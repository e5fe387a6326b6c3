/**
 * Signed messages from octets to octets: what the core, the authenticator and the engine of updates make of a right
 * signature, a wrong one and a late one, against a peer written from RFC 8945 and RFC 2931 without our code.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CLASS, OPCODE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import type { Edns } from '../../src/dns/edns.ts'
import { MAX_MESSAGE_OCTETS, MIN_UDP_OCTETS } from '../../src/dns/limits.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { keyTag } from '../../src/dnssec/public-key.ts'
import { makeKeyring } from '../../src/dnssec/tsig.ts'
import { keyRdata, pairOf } from '../dnssec/pairs.ts'
import { sig0Sign } from '../dnssec/sig0-peer.ts'
import { peerRead, peerSign, peerVerify, type PeerKey, type PeerTsig } from '../dnssec/tsig-peer.ts'
import { grant, raw, rec } from '../update/support.ts'
import { decode, tcp, udp } from './messages.ts'
import { adding, addingCompact, FORGER, KEY, NOW, signedBy, slowPath, STRANGER } from './slow-path.ts'

const { NOERROR, FORMERR, SERVFAIL, REFUSED, NOTAUTH, NOTZONE, BADSIG, BADKEY, BADTIME, BADTRUNC } = RCODE

/** RDATA of the TSIG that a response carries, read by the peer; undefined without one. */
function tsigOf(response: Uint8Array, key: PeerKey): { error: number; macOctets: number; other: Buffer; time: number } | undefined {
  if (decode(response).tsig === null) return undefined
  const { error, mac, other, time } = peerRead(response, key)
  return { error, macOctets: mac.length, other, time }
}

interface SignatureCase {
  title: string
  key?: PeerKey
  tsig?: Partial<PeerTsig>
  rcode: number
  error: number
  /** Octets of the response's MAC. */
  mac: number
}

const SIGNATURES: SignatureCase[] = [
  { title: 'a right one is carried out', rcode: NOERROR, error: 0, mac: 32 },
  { title: 'one at the edge of its time is carried out', tsig: { time: NOW - 300 }, rcode: NOERROR, error: 0, mac: 32 },
  { title: 'an unknown key is BADKEY, unsigned (RFC 8945 5.2.1)', key: STRANGER, rcode: NOTAUTH, error: BADKEY, mac: 0 },
  { title: 'another algorithm for a known key is BADKEY', key: { ...KEY, algorithm: 'hmac-sha512', hash: 'sha512' }, rcode: NOTAUTH, error: BADKEY, mac: 0 },
  { title: 'another secret is BADSIG, unsigned (RFC 8945 5.2.2)', key: FORGER, rcode: NOTAUTH, error: BADSIG, mac: 0 },
  { title: 'a MAC of zeros is BADSIG', tsig: { mac: Buffer.alloc(32) }, rcode: NOTAUTH, error: BADSIG, mac: 0 },
  { title: 'one that is late is BADTIME, signed (RFC 8945 5.2.3)', tsig: { time: NOW - 301 }, rcode: NOTAUTH, error: BADTIME, mac: 32 },
  { title: 'one from the future is BADTIME, signed', tsig: { time: NOW + 301 }, rcode: NOTAUTH, error: BADTIME, mac: 32 },
  { title: 'one whose own fudge is over is BADTIME, signed', tsig: { time: NOW - 3, fudge: 2 }, rcode: NOTAUTH, error: BADTIME, mac: 32 },
  { title: 'a right MAC cut too short is BADTRUNC, signed (RFC 8945 5.2.4)', tsig: { macOctets: 16 }, rcode: NOTAUTH, error: BADTRUNC, mac: 32 },
]

describe('one signature, from the update to its answer', () => {
  for (const { title, key = KEY, tsig, rcode, error, mac } of SIGNATURES) {
    for (const [transport, peer] of [['UDP', udp], ['TCP', tcp]] as const) {
      test(`${title}, over ${transport}`, async () => {
        const path = await slowPath()
        const { octets, mac: requestMac } = peerSign(adding(9), key, { time: NOW, ...tsig })
        const response = await path.send(octets, peer)
        assert.ok(response)
        const { id, qr, opcode, rcode: said, question } = decode(response)
        assert.deepEqual([id, qr, opcode, said, question], [9, true, OPCODE.UPDATE, rcode, { name: 'example.', type: TYPE.SOA, class: 1 }])
        const signature = tsigOf(response, key)
        assert.deepEqual([signature?.error, signature?.macOctets], [error, mac])
        if (mac > 0) assert.ok(peerVerify(response, key, requestMac), 'the response is signed over the request')
        if (error === BADTIME) assert.equal(signature?.other.readUIntBE(0, 6), NOW, 'the server says what time it is')
        assert.deepEqual([path.bench.at('n9.example.').length, path.steps()], rcode === NOERROR ? [1, 1] : [0, 0])
        assert.deepEqual([path.faults, path.counters.get(rcode === NOERROR ? 'rcode.NOERROR' : 'rcode.NOTAUTH')], [[], 1])
      })
    }
  }

  test('without a signature it is refused, and the answer has none', async () => {
    const path = await slowPath()
    const response = await path.send(adding(1))
    assert.deepEqual([decode(response).rcode, decode(response).tsig, path.steps()], [REFUSED, null, 0])
  })

  test('one bit changed on the way, anywhere, is never carried out', async () => {
    const path = await slowPath()
    const octets = signedBy(adding(5))
    for (let at = 2; at < octets.length; at++) {
      const changed = Buffer.from(octets)
      changed[at] ^= 0x01
      const response = await path.send(changed)
      if (response !== null) assert.notEqual(decode(response).rcode, NOERROR, `octet ${at}`)
    }
    assert.deepEqual([path.steps(), path.faults], [0, []])
    assert.equal(decode(await path.send(octets)).rcode, NOERROR, 'the one that was not changed still is')
  })
})

describe('what was received before', () => {
  test('a client that asks again gets the octets of its first response, and nothing is done twice', async () => {
    const path = await slowPath()
    const octets = signedBy(adding(3))
    const first = await path.send(octets)
    const again = await path.send(octets)
    assert.ok(first && again)
    assert.deepEqual([Buffer.from(again), path.steps(), path.counters.get('rcode.NOERROR')], [Buffer.from(first), 1, 1])
  })

  test('another client that sends the same octets is told BADTIME (RFC 8945 5.2.3, 10.2)', async () => {
    const path = await slowPath()
    const octets = signedBy(adding(3))
    await path.send(octets)
    const response = await path.send(octets, { ...udp, address: Uint8Array.of(198, 51, 100, 7) })
    assert.deepEqual([decode(response).rcode, tsigOf(response!, KEY)?.error, path.steps()], [NOTAUTH, BADTIME, 1])
  })

  test('while the first is on its way to the disk, the second is met with silence', async () => {
    const path = await slowPath()
    let release = (): void => undefined
    path.bench.keeper.wait = new Promise((resolve) => (release = resolve))
    const octets = signedBy(adding(3))
    const first = path.send(octets)
    assert.equal(await path.send(octets), null)
    assert.equal(path.core.size, 1)
    release()
    assert.deepEqual([decode(await first).rcode, path.steps()], [NOERROR, 1])
  })

  test('a signed query may be repeated, as it changes nothing, and is signed anew', async () => {
    const path = await slowPath()
    const question = Buffer.from(encodeMessage(makeMessage({ id: 4, questions: [{ name: Name.parse('www.example.'), type: TYPE.A, class: 1 }] })))
    const { octets, mac } = peerSign(question, KEY, { time: NOW })
    for (const peer of [udp, udp, { ...udp, port: 9 }]) {
      const response = await path.send(octets, peer)
      assert.deepEqual([decode(response).rcode, peerVerify(response!, KEY, mac)], [RCODE.NXDOMAIN, true])
    }
  })
})

describe('a batch of questions (docs/protocol.md 5)', () => {
  const questions = ['a.example.', 'b.example.', 'c.example.'].map((name) => ({ name: Name.parse(name), type: TYPE.A, class: 1 }))
  const batch = Buffer.from(encodeMessage(makeMessage({ id: 9, opcode: OPCODE.AGENT, questions })))

  test('a signed one is answered as a whole, and the answer signed', async () => {
    const path = await slowPath()
    const { octets, mac } = peerSign(batch, KEY, { time: NOW })
    const response = await path.send(octets)
    const message = decodeMessage(response!)
    assert.deepEqual([message.opcode, message.rcode, message.questions.map(({ name }) => String(name))], [OPCODE.AGENT, RCODE.NXDOMAIN, ['a.example.', 'b.example.', 'c.example.']])
    assert.ok(peerVerify(response!, KEY, mac))
  })

  test('one signed by a stranger is not answered', async () => {
    const path = await slowPath()
    const message = decodeMessage((await path.send(signedBy(batch, STRANGER)))!)
    assert.deepEqual([message.rcode, message.answers.length], [RCODE.NOTAUTH, 0])
  })
})

describe('the opcode of compact updates', () => {
  test('a signed one is carried out and its answer is signed, with the AG bit back', async () => {
    const path = await slowPath()
    const { octets, mac } = peerSign(addingCompact(6, 'n6.example.', { agent: true }), KEY, { time: NOW })
    const response = await path.send(octets)
    const { opcode, rcode, question, z } = decode(response)
    assert.deepEqual([opcode, rcode, question, z, peerVerify(response!, KEY, mac)], [OPCODE.AGENT, NOERROR, null, true, true])
    assert.deepEqual(path.bench.at('n6.example.'), ['n6.example. 60 A 192.0.2.9'])
  })

  const zone = { name: Name.parse('example.'), type: TYPE.SOA, class: 1 }
  const cases: [title: string, message: Buffer, rcode: number][] = [
    ['one that has a question is FORMERR', addingCompact(1, 'a.example.', { questions: [zone] }), FORMERR],
    ['one of no records is FORMERR', addingCompact(1, 'a.example.', { answers: [] }), FORMERR],
    ['one with records in its authority section is FORMERR', addingCompact(1, 'a.example.', { authorities: [rec('b.example. 60 IN A 192.0.2.1')] }), FORMERR],
    ['one in no zone of ours is NOTAUTH', addingCompact(1, 'a.elsewhere.'), NOTAUTH],
    ['one in two zones is NOTZONE', addingCompact(1, 'a.example.', { answers: [rec('a.example. 60 IN A 192.0.2.1'), rec('a.elsewhere. 60 IN A 192.0.2.1')] }), NOTZONE],
  ]
  for (const [title, message, rcode] of cases) {
    test(`${title}, said under a signature`, async () => {
      const path = await slowPath()
      const { octets, mac } = peerSign(message, KEY, { time: NOW })
      const response = await path.send(octets)
      assert.deepEqual([decode(response).rcode, peerVerify(response!, KEY, mac), path.steps(), path.faults], [rcode, true, 0, []])
    })
  }
})

describe('updates that are none', () => {
  const zone = { name: Name.parse('example.'), type: TYPE.SOA, class: 1 }
  const cases: [title: string, message: Buffer, rcode: number][] = [
    ['no zone (RFC 2136 3.1.1)', adding(1, 'a.example.', { questions: [] }), FORMERR],
    ['two zones (RFC 2136 3.1.1)', adding(1, 'a.example.', { questions: [zone, zone] }), FORMERR],
    ['a zone section whose type is not SOA (RFC 2136 3.1.1)', adding(1, 'a.example.', { questions: [{ ...zone, type: TYPE.A }] }), FORMERR],
    ['a zone that is not ours (RFC 2136 3.1.2)', adding(1, 'a.example.', { questions: [{ ...zone, name: Name.parse('elsewhere.') }] }), NOTAUTH],
    ['a zone of a class that is not ours', adding(1, 'a.example.', { questions: [{ ...zone, class: 3 }] }), NOTAUTH],
    ['a name outside of the zone (RFC 2136 3.4.1.3)', adding(1, 'a.elsewhere.'), NOTZONE],
    ['an addition of type ANY (RFC 2136 3.4.1.3)', adding(1, 'a.example.', { authorities: [raw('a.example.', TYPE.ANY, CLASS.IN, 60)] }), FORMERR],
    ['a deletion with a TTL (RFC 2136 3.4.1.3)', adding(1, 'a.example.', { authorities: [raw('a.example.', TYPE.A, CLASS.ANY, 60)] }), FORMERR],
    ['a record of a class of its own', adding(1, 'a.example.', { authorities: [raw('a.example.', TYPE.A, 4, 60, Uint8Array.of(1, 2, 3, 4))] }), FORMERR],
  ]
  for (const [title, message, rcode] of cases) {
    test(`${title}: the refusal is signed, and nothing has changed`, async () => {
      const path = await slowPath()
      const before = path.bench.records()
      const { octets, mac } = peerSign(message, KEY, { time: NOW })
      const response = await path.send(octets)
      assert.ok(response)
      assert.deepEqual([decode(response).id, decode(response).rcode, peerVerify(response, KEY, mac)], [1, rcode, true])
      assert.deepEqual([path.bench.records(), path.faults], [before, []])
    })
  }

  test('a signature that is not the last record, or is cut, is FORMERR without a signature (RFC 8945 5.2)', async () => {
    const path = await slowPath()
    const octets = signedBy(adding(1))
    const twice = signedBy(octets)
    for (const message of [twice, octets.subarray(0, octets.length - 1), Buffer.concat([octets, Buffer.of(0)])]) {
      const { rcode, tsig } = decode(await path.send(message))
      assert.deepEqual([rcode, tsig], [FORMERR, null])
    }
    assert.equal(path.steps(), 0)
  })

  test('a MAC of a length that its algorithm cannot have is FORMERR (RFC 8945 5.2.2.1)', async () => {
    const path = await slowPath()
    for (const length of [0, 1, 15, 33, 300]) assert.equal(decode(await path.send(signedBy(adding(1), KEY, { mac: Buffer.alloc(length, 1) }))).rcode, FORMERR, `${length} octets`)
  })
})

describe('what happens meanwhile', () => {
  test('a disk that fails is SERVFAIL, signed, and the zone is as it was; the next is carried out', async () => {
    const path = await slowPath()
    path.bench.keeper.fail = new Error('disk full')
    const { octets, mac } = peerSign(adding(1), KEY, { time: NOW })
    const response = await path.send(octets)
    assert.deepEqual([decode(response).rcode, peerVerify(response!, KEY, mac), path.steps()], [SERVFAIL, true, 0])
    path.bench.keeper.fail = undefined
    assert.equal(decode(await path.send(signedBy(adding(2)))).rcode, NOERROR)
    assert.deepEqual([path.bench.at('n1.example.').length, path.bench.at('n2.example.').length], [0, 1])
  })

  test('a key that is taken away while its update is on the way to the disk signs that answer, and proves nothing more', async () => {
    const path = await slowPath()
    let release = (): void => undefined
    path.bench.keeper.wait = new Promise((resolve) => (release = resolve))
    const { octets, mac } = peerSign(adding(1), KEY, { time: NOW })
    const first = path.send(octets)
    const before = path.bench.keeper.calls
    while (path.bench.keeper.calls === before) await new Promise((resolve) => setImmediate(resolve))
    path.authenticator.useKeys(makeKeyring([]))
    release()
    const response = await first
    assert.deepEqual([decode(response).rcode, peerVerify(response!, KEY, mac)], [NOERROR, true])
    assert.equal(tsigOf((await path.send(signedBy(adding(2))))!, KEY)?.error, BADKEY)
  })

  test('the clock that judges is that of the moment', async () => {
    const path = await slowPath()
    path.clock.ms = 301_000
    assert.equal(tsigOf((await path.send(signedBy(adding(1))))!, KEY)?.error, BADTIME)
    assert.equal(decode(await path.send(signedBy(adding(1), KEY, { time: NOW + 301 }))).rcode, NOERROR)
  })
})

describe('SIG(0) beside TSIG (RFC 2931)', () => {
  const algorithm = 15
  const rdata = keyRdata(algorithm)
  const sign = (message: Buffer, parts: Partial<Parameters<typeof sig0Sign>[1]> = {}): Buffer =>
    sig0Sign(message, { algorithm, signer: 'device.example', tag: keyTag(rdata), inception: NOW - 60, expiration: NOW + 60, key: pairOf(algorithm).privateKey, ...parts })
  const start = () => slowPath({ authenticator: { sig0: { keysOf: (signer) => (signer.equals(Name.parse('device.example.')) ? [rdata] : []) } }, update: { grants: [grant({ kind: 'sig0' })] } })

  const cases: [title: string, octets: Buffer, rcode: number][] = [
    ['a right one is carried out', sign(adding(1)), NOERROR],
    ['a wrong signature is refused', sign(adding(1), { signature: Buffer.alloc(64, 7) }), REFUSED],
    ['one of another key is refused', sign(adding(1), { key: pairOf(algorithm, 1).privateKey }), REFUSED],
    ['one of a signer without a key is refused', sign(adding(1), { signer: 'nobody.example' }), REFUSED],
    ['one whose time is over is refused', sign(adding(1), { inception: NOW - 600, expiration: NOW - 1 }), REFUSED],
    ['one whose time has not come is refused', sign(adding(1), { inception: NOW + 1, expiration: NOW + 60 }), REFUSED],
    ['a TSIG key that no grant names is refused', signedBy(adding(1)), REFUSED],
  ]
  for (const [title, octets, rcode] of cases) {
    test(title, async () => {
      const path = await start()
      const { id, rcode: said } = decode(await path.send(octets))
      assert.deepEqual([id, said, path.steps(), path.faults], [1, rcode, rcode === NOERROR ? 1 : 0, []])
    })
  }

  test('the same octets again, while they are checked and after, are carried out once', async () => {
    const path = await start()
    const octets = sign(adding(1))
    const fates = await Promise.all([path.send(octets), path.send(octets), path.send(octets)])
    assert.equal(fates.filter((fate) => fate !== null).length >= 1, true)
    for (const fate of fates) if (fate !== null) assert.equal(decode(fate).rcode, NOERROR)
    assert.equal(path.steps(), 1)
  })
})

describe('room', () => {
  /** An identifier of 64 octets comes back with it. */
  const wantsNsid: Edns = { udpSize: 512, version: 0, dnssecOk: false, compactOk: false, options: [{ code: OPTION.NSID, octets: new Uint8Array(0) }] }
  const long = (octets: number): string => Array.from({ length: Math.floor(octets / 50) }, (_, i) => String.fromCharCode(97 + i).repeat(49)).join('.')

  test('the longest names of a key and its algorithm that nobody knows are told BADKEY, or TC where a datagram has no room (RFC 8945 5.3)', async () => {
    for (const [nameOctets, zoneOctets] of [[50, 50], [150, 50], [200, 200], [250, 250]]) {
      const path = await slowPath()
      const key: PeerKey = { ...KEY, name: long(nameOctets), algorithm: long(nameOctets) }
      const zone = { name: Name.parse(`${long(zoneOctets)}.`), type: TYPE.SOA, class: 1 }
      for (const [peer, limit] of [[udp, MIN_UDP_OCTETS], [tcp, MAX_MESSAGE_OCTETS]] as const) {
        const response = decode(await path.send(signedBy(adding(7, 'a.example.', { questions: [zone] }), key), peer))
        assert.deepEqual([response.id, response.size <= limit, response.rcode], [7, true, response.tc ? NOERROR : NOTAUTH])
        assert.ok(peer === udp ? response.tsig !== null || response.tc : response.tsig !== null && !response.tc)
      }
      assert.deepEqual(path.faults, [], 'what a stranger sends is no fault of ours')
    }
  })

  test('a known key with a long name in a zone with a long name is answered over UDP, cut where it must be, and whole over TCP', async () => {
    for (const octets of [100, 200, 250]) {
      const key: PeerKey = { ...KEY, name: long(octets), algorithm: 'hmac-sha512', hash: 'sha512' }
      const origin = `${long(octets)}.`
      const path = await slowPath({ keys: [key], update: { origin, text: '@ 60 SOA ns hostmaster 7 1h 10m 1d 5m\n@ 60 NS ns.example.\n'.replace('ns hostmaster', 'ns.example. admin.example.') } })
      const request = (id: number): ReturnType<typeof peerSign> =>
        peerSign(adding(id, origin, { questions: [{ name: Name.parse(origin), type: TYPE.SOA, class: 1 }] }), key, { time: NOW })
      const byUdp = await path.send(request(1).octets)
      const { mac, octets: overTcp } = request(2)
      const byTcp = await path.send(overTcp, tcp)
      const [cut, whole] = [decode(byUdp), decode(byTcp)]
      assert.deepEqual([cut.id, cut.size <= MIN_UDP_OCTETS, cut.tsig !== null || cut.tc], [1, true, true])
      assert.deepEqual([whole.rcode, whole.tc, peerVerify(byTcp!, key, mac)], [NOERROR, false, true])
      assert.deepEqual(path.faults, [])
    }
  })

  test('a signed query whose answer leaves no room is cut to its question, signed, with TC and RCODE 0 (RFC 8945 5.3)', async () => {
    const key: PeerKey = { ...KEY, name: long(150) }
    const path = await slowPath({ keys: [key] })
    const question = (name: string): Buffer => Buffer.from(encodeMessage(makeMessage({ id: 8, questions: [{ name: Name.parse(name), type: TYPE.A, class: 1 }], edns: wantsNsid })))
    for (const [octets, rcode, isCut, isSigned] of [[50, RCODE.NXDOMAIN, false, true], [250, NOERROR, true, true]] as const) {
      const { octets: request, mac } = peerSign(question(`${long(octets)}.`), key, { time: NOW })
      const response = await path.send(request)
      const { size, rcode: said, tc, opt } = decode(response)
      assert.deepEqual([said, tc, opt === null, size <= MIN_UDP_OCTETS], [rcode, isCut, isCut, true])
      assert.equal(peerVerify(response!, key, mac), isSigned)
    }
  })

  test('an update that is cut so is counted as truncated, and its second sending is answered as its first', async () => {
    const key: PeerKey = { ...KEY, name: long(150) }
    const path = await slowPath({ keys: [key] })
    const octets = signedBy(adding(3, 'a.example.', { edns: wantsNsid, questions: [{ name: Name.parse(`${long(250)}.`), type: TYPE.SOA, class: 1 }] }), key)
    const [first, second] = [await path.send(octets), await path.send(octets)]
    const { tc, opt, tsig } = decode(first)
    assert.deepEqual([tc, opt, tsig !== null, path.counters.get('response.truncated')], [true, null, true, 1])
    assert.deepEqual(second, first)
  })
})

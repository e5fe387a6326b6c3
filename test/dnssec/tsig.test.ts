/** TSIG of requests and of their responses (RFC 8945), against a peer that was written from the RFC without our code. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { decodeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseTsigAlgorithm, TSIG_ALGORITHMS } from '../../src/dnssec/tsig-algorithms.ts'
import { makeKeyring, signTsigRequest } from '../../src/dnssec/tsig.ts'
import { algorithmOf, keyOf, NOW, question, responseTo, shown, update, worldOf } from './signed.ts'
import { KEY, labels, peerRead, peerSign, peerVerify, type PeerKey, type PeerTsig } from './tsig-peer.ts'

function refusalOf(algorithm: string): string {
  const found = parseTsigAlgorithm(algorithm)
  return typeof found === 'string' ? found : ''
}

const HASHES: [string, string, number][] = [
  ['hmac-sha1', 'sha1', 20], ['hmac-sha224', 'sha224', 28], ['hmac-sha256', 'sha256', 32], ['hmac-sha256-128', 'sha256', 16],
  ['hmac-sha384', 'sha384', 48], ['hmac-sha384-192', 'sha384', 24], ['hmac-sha512', 'sha512', 64], ['hmac-sha512-256', 'sha512', 32],
]

/** What a server with the key says to a message that the peer signs. */
function verdict(tsig: Partial<PeerTsig> = {}, key: PeerKey = KEY, message = update()): string {
  return shown(worldOf().verify(peerSign(message, key, { time: NOW, ...tsig }).octets))
}

/** The response to a signed message, and what the peer reads from it. */
function answered(tsig: Partial<PeerTsig> = {}, key: PeerKey = KEY) {
  const { verify, authenticator } = worldOf()
  const { octets, mac } = peerSign(update(), key, { time: NOW, ...tsig })
  const result = verify(octets)
  assert.ok((result.outcome === 'proven' || result.outcome === 'refused') && result.seal !== undefined)
  const response = responseTo(octets, result.outcome === 'refused' ? result.rcode : 0)
  const signed = authenticator.sign(response, result.seal)
  assert.equal(signed.length - response.length, authenticator.overhead(result.seal), 'the overhead is what was promised')
  return { shown: shown(result), mac, signed, read: peerRead(signed, key), message: decodeMessage(signed) }
}

for (const [algorithm, hash, macOctets] of HASHES) {
  const peer: PeerKey = { ...KEY, algorithm, hash }

  test(`RFC 8945 6 ${algorithm}: a request is proven, and its response is signed with as many octets`, () => {
    const { verify, authenticator } = worldOf([keyOf(peer)])
    const { octets, mac } = peerSign(update(), peer, { time: NOW, macOctets })
    const result = verify(octets)
    assert.equal(shown(result), 'proven tsig key.example.')
    assert.ok(result.outcome === 'proven' && result.seal !== undefined)
    const response = authenticator.sign(responseTo(octets), result.seal)
    assert.ok(peerVerify(response, peer, mac))
    assert.equal(peerRead(response, peer).mac.length, macOctets)
  })

  test(`RFC 8945 5.1 ${algorithm}: a request that we sign is what the peer would have made`, () => {
    const message = question()
    const ours = signTsigRequest(message, keyOf(peer), NOW)
    const theirs = peerSign(message, peer, { time: NOW, macOctets })
    assert.deepEqual(Buffer.from(ours.octets), theirs.octets)
    assert.deepEqual(Buffer.from(ours.mac), theirs.mac)
  })
}

test('RFC 8945 6: the table of algorithms is the whole of it', () => {
  assert.deepEqual(TSIG_ALGORITHMS.map(({ mnemonic, hash, macOctets }) => [mnemonic, hash, macOctets]), HASHES)
})

test('an algorithm is named with or without hmac- and the final dot, and a wrong name gets a suggestion', () => {
  assert.equal(algorithmOf('HMAC-SHA256.').mnemonic, 'hmac-sha256')
  assert.equal(algorithmOf('sha512').mnemonic, 'hmac-sha512')
  assert.match(refusalOf('hmac-sha265'), /^must be one of hmac-sha1, .*; did you mean "hmac-sha256"\?$/)
})

test('RFC 8945 6: hmac-md5 is refused by name, with the reason', () => {
  for (const name of ['hmac-md5', 'md5', 'HMAC-MD5.SIG-ALG.REG.INT.']) assert.match(refusalOf(name), /^is not served \(RFC 8945 6: MUST NOT be used\); use hmac-sha256$/)
})

// ---- RFC 8945 5.2.1: key ----

test('RFC 8945 5.2.1: an unknown key is BADKEY, and so is another algorithm for a known one', () => {
  assert.equal(verdict({}, { ...KEY, name: 'other.example' }), 'refused NOTAUTH BADKEY')
  assert.equal(verdict({}, { ...KEY, algorithm: 'hmac-sha512', hash: 'sha512' }), 'refused NOTAUTH BADKEY')
  assert.equal(verdict({}, { ...KEY, algorithm: 'hmac-md5.sig-alg.reg.int', hash: 'md5' }), 'refused NOTAUTH BADKEY')
  assert.equal(verdict({ macOctets: 16 }, { ...KEY, algorithm: 'hmac-sha256-128' }), 'refused NOTAUTH BADKEY')
})

test('RFC 8945 5.2.1: names of key and algorithm are compared without case, and signed in lower case', () => {
  assert.equal(verdict({}, { ...KEY, name: 'KEY.EXAMPLE', algorithm: 'HMAC-sha256' }), 'proven tsig key.example.')
})

test('RFC 8945 5.3.2: the response to BADKEY has a TSIG without a MAC, with the key, algorithm, time and ID of the request', () => {
  const other = { ...KEY, name: 'other.example' }
  const { read, message } = answered({ id: 0x7777 }, other)
  assert.deepEqual([read.mac.length, read.error, read.time, read.fudge, read.id, read.other.length], [0, 17, NOW, 300, 0x7777, 0])
  assert.deepEqual([message.rcode, message.additionals.length], [9, 1])
})

// ---- RFC 8945 5.2.2: MAC ----

test('RFC 8945 5.2.2: a wrong MAC or a wrong secret is BADSIG, and its response is not signed', () => {
  assert.equal(verdict({ mac: Buffer.alloc(32, 1) }), 'refused NOTAUTH BADSIG')
  assert.equal(verdict({}, { ...KEY, secret: Buffer.from('another secret') }), 'refused NOTAUTH BADSIG')
  assert.deepEqual([answered({ mac: Buffer.alloc(32, 1) }).read].map(({ mac, error }) => [mac.length, error]), [[0, 16]])
})

test('RFC 8945 5.2.2: one changed octet anywhere in the message is not proven', () => {
  const { octets } = peerSign(update(), KEY, { time: NOW })
  const good: number[] = []
  for (let at = 0; at < octets.length; at++) {
    for (const flip of [0x01, 0x80]) {
      const changed = Buffer.from(octets)
      changed[at] ^= flip
      if (worldOf().verify(changed).outcome === 'proven') good.push(at)
    }
  }
  // The header's ID alone is not covered: a forwarder may change it, and the original ID is (RFC 8945 4.3.3)
  assert.deepEqual([...new Set(good)], [0, 1])
})

test('RFC 8945 5.2.2: the case of the names of key and algorithm is all of TSIG that may change', () => {
  const { octets } = peerSign(update(), KEY, { time: NOW })
  const start = update().length
  const good = Array.from({ length: octets.length - start }, (_, i) => start + i).filter((at) => {
    const changed = Buffer.from(octets)
    changed[at] ^= 0x20
    return worldOf().verify(changed).outcome === 'proven'
  })
  const letters = (from: number, name: string): number[] => Array.from(labels(name), (octet, i) => (/[a-z]/i.test(String.fromCharCode(octet)) && octet > 63 ? from + i : -1)).filter((at) => at >= 0)
  assert.deepEqual(good, [...letters(start, KEY.name), ...letters(start + labels(KEY.name).length + 10, KEY.algorithm)])
})

test('RFC 8945 5.2.2: no octet may be added to the end, or taken from it', () => {
  const { octets } = peerSign(update(), KEY, { time: NOW })
  const { verify } = worldOf()
  assert.equal(shown(verify(Buffer.concat([octets, Buffer.of(0)]))), 'refused FORMERR')
  for (let length = 12; length < octets.length; length++) assert.equal(shown(verify(octets.subarray(0, length))), 'refused FORMERR', `${length} octets`)
})

test('RFC 8945 5.3: a message whose ID a forwarder changed is proven by its original ID, and answered with it', () => {
  const { octets, mac } = peerSign(update(), KEY, { time: NOW })
  octets.writeUInt16BE(0x9999, 0)
  const { verify, authenticator } = worldOf()
  const result = verify(octets)
  assert.ok(result.outcome === 'proven' && result.seal !== undefined)
  const response = authenticator.sign(responseTo(octets), result.seal)
  assert.deepEqual([decodeMessage(response).id, peerRead(response, KEY).id], [0x9999, 0x1234])
  assert.ok(peerVerify(response, KEY, mac))
})

// ---- RFC 8945 5.2.2.1, 5.2.4: truncation ----

test('RFC 8945 5.2.2.1: a MAC longer than its HMAC, shorter than half of it or than 10 octets, is FORMERR', () => {
  const sha1: PeerKey = { ...KEY, algorithm: 'hmac-sha1', hash: 'sha1' }
  const bad = (peer: PeerKey, octets: number): string => shown(worldOf([keyOf(peer)]).verify(peerSign(update(), peer, { time: NOW, mac: Buffer.alloc(octets, 7) }).octets))
  for (const octets of [0, 1, 15, 33, 64]) assert.equal(bad(KEY, octets), 'refused FORMERR', `sha256 ${octets}`)
  for (const octets of [0, 9, 21]) assert.equal(bad(sha1, octets), 'refused FORMERR', `sha1 ${octets}`)
  for (const octets of [10, 20]) assert.equal(bad(sha1, octets), 'refused NOTAUTH BADSIG', `sha1 ${octets}`)
  for (const octets of [16, 32]) assert.equal(bad(KEY, octets), 'refused NOTAUTH BADSIG', `sha256 ${octets}`)
})

test('RFC 8945 5.2.4: a MAC that is right but shorter than the key allows is BADTRUNC, in a response that is signed', () => {
  const { shown: said, mac, signed, read } = answered({ macOctets: 20 })
  assert.deepEqual([said, read.error], ['refused NOTAUTH BADTRUNC', 22])
  assert.ok(peerVerify(signed, KEY, mac))
})

test('RFC 8945 5.2.4: a key may allow shorter MACs, and its responses are then as long as the request', () => {
  const { verify, authenticator } = worldOf([keyOf(KEY, 16)])
  for (const macOctets of [16, 20, 32]) {
    const { octets, mac } = peerSign(update({ id: macOctets }), KEY, { time: NOW, macOctets })
    const result = verify(octets)
    assert.ok(result.outcome === 'proven' && result.seal !== undefined)
    const response = authenticator.sign(responseTo(octets), result.seal)
    assert.ok(peerVerify(response, KEY, mac))
    assert.equal(peerRead(response, KEY).mac.length, macOctets)
  }
})

test('RFC 8945 5.2.2.1: no policy lets a MAC be shorter than the RFC does', () => {
  assert.equal(keyOf(KEY, 1).leastMacOctets, 16)
  assert.equal(keyOf({ ...KEY, algorithm: 'hmac-sha1', hash: 'sha1' }, 1).leastMacOctets, 10)
})

test('a key of a truncated algorithm takes the whole one with a MAC as short, as BIND writes it, and answers in the same form', () => {
  const peer: PeerKey = { ...KEY, algorithm: 'hmac-sha256-128' }
  const { verify, authenticator } = worldOf([keyOf(peer)])
  for (const macOctets of [16, 20, 32]) {
    const { octets, mac } = peerSign(update({ id: macOctets }), KEY, { time: NOW, macOctets })
    const result = verify(octets)
    assert.ok(result.outcome === 'proven' && result.seal !== undefined)
    const response = authenticator.sign(responseTo(octets), result.seal)
    assert.ok(peerVerify(response, KEY, mac))
    assert.equal(peerRead(response, KEY).mac.length, macOctets)
  }
  assert.equal(shown(verify(peerSign(update(), { ...KEY, algorithm: 'hmac-sha512', hash: 'sha512' }, { time: NOW }).octets)), 'refused NOTAUTH BADKEY')
})

// ---- RFC 8945 5.2.3: time ----

test('RFC 8945 5.2.3: within the fudge is good, one second beyond is BADTIME, on both sides', () => {
  for (const off of [-300, -1, 0, 1, 300]) assert.equal(verdict({ time: NOW + off }), 'proven tsig key.example.', String(off))
  for (const off of [-301, 301, -100_000, 100_000]) assert.equal(verdict({ time: NOW + off }), 'refused NOTAUTH BADTIME', String(off))
  assert.equal(verdict({ time: NOW - 6, fudge: 5 }), 'refused NOTAUTH BADTIME')
  assert.equal(verdict({ time: NOW, fudge: 0 }), 'proven tsig key.example.')
})

test('a fudge of hours does not widen the window in which a message can be replayed', () => {
  assert.equal(verdict({ time: NOW - 301, fudge: 65_535 }), 'refused NOTAUTH BADTIME')
})

test('RFC 8945 5.2.3: BADTIME is signed, says the client its own time and fudge, and in Other Data ours', () => {
  const { mac, signed, read } = answered({ time: NOW - 5_000, fudge: 77 })
  assert.deepEqual([read.error, read.time, read.fudge, read.other.readUIntBE(0, 6), read.other.length], [18, NOW - 5_000, 77, NOW, 6])
  assert.ok(peerVerify(signed, KEY, mac))
})

test('RFC 8945 5.2: a wrong MAC goes before a wrong time, and a wrong time before a short MAC', () => {
  assert.equal(verdict({ time: 1, mac: Buffer.alloc(32) }), 'refused NOTAUTH BADSIG')
  assert.equal(verdict({ time: 1, macOctets: 16 }), 'refused NOTAUTH BADTIME')
})

test('times of 48 bits are read and written whole', () => {
  const { read } = answered({ time: 0xffff_ffff_ffff })
  assert.deepEqual([read.error, read.time], [18, 0xffff_ffff_ffff])
})

// ---- RFC 8945 5.1, 5.2: place and form ----

test('RFC 8945 5.2: TSIG must be the last record of the additional section, once, of class ANY and TTL 0', () => {
  const { octets } = peerSign(update(), KEY, { time: NOW })
  const { verify } = worldOf()
  const tsigAt = update().length
  const twice = Buffer.concat([octets, octets.subarray(tsigAt)])
  twice.writeUInt16BE(2, 10)
  assert.equal(shown(verify(twice)), 'refused FORMERR')
  const before = Buffer.concat([octets, labels('a'), Buffer.of(0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4)])
  before.writeUInt16BE(2, 10)
  assert.equal(shown(verify(before)), 'refused FORMERR')
  const inAuthority = Buffer.from(octets)
  inAuthority.writeUInt16BE(2, 8)
  inAuthority.writeUInt16BE(0, 10)
  assert.equal(shown(verify(inAuthority)), 'refused FORMERR')
  const fixedAt = tsigAt + labels(KEY.name).length
  for (const at of [fixedAt + 3, fixedAt + 7]) {
    const changed = Buffer.from(octets)
    changed[at] ^= 1
    assert.equal(shown(verify(changed)), 'refused FORMERR')
  }
})

test('a message without TSIG is unsigned, and an ordinary SIG or a message of questions only is none', () => {
  const { verify } = worldOf()
  assert.equal(shown(verify(update())), 'unsigned')
  assert.equal(shown(verify(question())), 'unsigned')
  const sig = { name: Name.parse('a.example.'), type: TYPE.SIG, class: 1, ttl: 0, rdata: Uint8Array.of(0, 1, 5, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 9, 0, 1) }
  assert.equal(shown(verify(update({ additionals: [sig] }))), 'unsigned')
})

test('a request without records or questions is unsigned, and one that lies about its counts FORMERR', () => {
  const { verify } = worldOf()
  assert.equal(shown(verify(Buffer.alloc(12))), 'unsigned')
  for (const at of [5, 7, 9, 11]) {
    const octets = Buffer.alloc(12)
    octets[at] = 1
    assert.equal(shown(verify(octets)), 'refused FORMERR')
  }
})

test('keys are put into use at once by a reload, and two of one name are our own bug', () => {
  const { verify, authenticator } = worldOf([])
  const { octets } = peerSign(update(), KEY, { time: NOW })
  assert.equal(shown(verify(octets)), 'refused NOTAUTH BADKEY')
  authenticator.useKeys(makeKeyring([keyOf()]))
  assert.equal(shown(verify(octets)), 'proven tsig key.example.')
  assert.throws(() => makeKeyring([keyOf(), keyOf()]), RangeError)
})

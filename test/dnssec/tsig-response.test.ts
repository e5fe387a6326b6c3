/** What a client believes of a response to its signed request (RFC 8945 5.4), from the peer and from our own server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signTsigRequest } from '../../src/dnssec/tsig.ts'
import { checkTsigResponse, type ResponseVerdict } from '../../src/dnssec/tsig-response.ts'
import { keyOf, NOW, question, responseTo, worldOf } from './signed.ts'
import { KEY, peerSign, type PeerKey, type PeerTsig } from './tsig-peer.ts'

const request = question()
const { octets, mac } = signTsigRequest(request, keyOf(), NOW)
const plain = Buffer.from(responseTo(request))
const requestMac = Buffer.from(mac)

function verdict(tsig: Partial<PeerTsig> = {}, key: PeerKey = KEY, now = NOW): ResponseVerdict {
  return checkTsigResponse(peerSign(plain, key, { time: NOW, prior: requestMac, ...tsig }).octets, keyOf(), mac, now)
}

const reasonOf = (found: ResponseVerdict): string => (found.is === 'bad' ? found.reason : found.is)

test('a response that the server signed for this request is good', () => {
  assert.deepEqual(verdict(), { is: 'good' })
})

test('a response to another request, changed, unsigned or by another key is not', () => {
  assert.equal(reasonOf(verdict({ prior: Buffer.alloc(32) })), 'its MAC is wrong')
  assert.equal(reasonOf(verdict({ prior: Buffer.alloc(0) })), 'its MAC is wrong')
  assert.equal(reasonOf(checkTsigResponse(plain, keyOf(), mac, NOW)), 'it is not signed')
  assert.equal(reasonOf(verdict({}, { ...KEY, name: 'other.example' })), 'it is signed with another key')
  assert.equal(reasonOf(verdict({}, { ...KEY, algorithm: 'hmac-sha512', hash: 'sha512' })), 'it is signed with another key')
  assert.equal(reasonOf(verdict({ mac: Buffer.alloc(0) })), 'its MAC has a length that cannot be')
  assert.equal(reasonOf(verdict({ macOctets: 16 })), 'its MAC is too short')
  assert.equal(reasonOf(verdict({}, KEY, NOW + 301)), 'it is too old, or from the future')
})

test('one changed octet of the response is not believed', () => {
  const signed = peerSign(plain, KEY, { time: NOW, prior: requestMac }).octets
  for (let at = 2; at < signed.length; at++) {
    const changed = Buffer.from(signed)
    changed[at] ^= 0x01
    try {
      assert.notEqual(checkTsigResponse(changed, keyOf(), mac, NOW).is, 'good', `octet ${at}`)
    } catch (fault) {
      assert.equal((fault as Error).name, 'WireFault')
    }
  }
})

test('BADKEY and BADSIG come unsigned: told, but not proven (RFC 8945 5.4.1, 5.4.2)', () => {
  for (const error of [16, 17]) assert.deepEqual(verdict({ error, mac: Buffer.alloc(0) }), { is: 'refused', error, proven: false })
  assert.equal(reasonOf(verdict({ error: 18, mac: Buffer.alloc(0) })), 'its MAC has a length that cannot be')
})

test('BADTIME and BADTRUNC come signed; BADTIME with the time of the server (RFC 8945 5.4.3)', () => {
  const other = Buffer.alloc(6)
  other.writeUIntBE(NOW + 5_000, 0, 6)
  assert.deepEqual(verdict({ error: 18, other }), { is: 'refused', error: 18, proven: true, serverSeconds: NOW + 5_000 })
  assert.deepEqual(verdict({ error: 22 }), { is: 'refused', error: 22, proven: true })
})

test('with our own server: good, BADKEY, BADSIG, and BADTIME by which a client can set its clock', () => {
  const { authenticator, verify, clock } = worldOf()
  const answer = (signed: Uint8Array): Uint8Array => {
    const result = verify(signed)
    assert.ok((result.outcome === 'proven' || result.outcome === 'refused') && result.seal !== undefined)
    return authenticator.sign(responseTo(signed, result.outcome === 'refused' ? result.rcode : 0), result.seal)
  }
  assert.deepEqual(checkTsigResponse(answer(octets), keyOf(), mac, NOW), { is: 'good' })
  const wrong = keyOf({ ...KEY, secret: Buffer.from('wrong') })
  const bySecret = signTsigRequest(request, wrong, NOW)
  assert.deepEqual(checkTsigResponse(answer(bySecret.octets), wrong, bySecret.mac, NOW), { is: 'refused', error: 16, proven: false })
  const stranger = keyOf({ ...KEY, name: 'stranger' })
  const byStranger = signTsigRequest(request, stranger, NOW)
  assert.deepEqual(checkTsigResponse(answer(byStranger.octets), stranger, byStranger.mac, NOW), { is: 'refused', error: 17, proven: false })
  clock.seconds += 7_200
  assert.deepEqual(checkTsigResponse(answer(octets), keyOf(), mac, NOW), { is: 'refused', error: 18, proven: true, serverSeconds: NOW + 7_200 })
})

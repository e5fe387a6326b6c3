/** TSIG over a TCP response of many messages (RFC 8945 5.3.1): our signer against the peer's rules, our reader against the peer's and our own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TsigStreamReader, TsigStreamSigner } from '../../src/dnssec/tsig-stream.ts'
import { keyOf, NOW, question, responseTo, worldOf } from './signed.ts'
import { KEY, peerMac, peerRead, peerSign } from './tsig-peer.ts'

const request = question()

/** The stream's opening: a signer on our side, and the MAC of the request that the peer sent. */
function opened(): { signer: TsigStreamSigner; mac: Buffer } {
  const { octets, mac } = peerSign(request, KEY, { time: NOW })
  const result = worldOf().verify(octets)
  assert.ok(result.outcome === 'proven' && result.seal?.kind === 'tsig')
  return { signer: new TsigStreamSigner(result.seal), mac }
}

/** A message of the response, each another. */
function part(i: number): Buffer {
  const message = Buffer.from(responseTo(request))
  message[3] = i & 15
  return message
}

/** A response as the peer signs it: a signature on the first, and on those that `isSigned` says. */
function peerStream(count: number, isSigned: (i: number) => boolean): { octets: Buffer[]; mac: Buffer } {
  const { mac } = peerSign(request, KEY, { time: NOW })
  let prior = mac
  let before: Buffer[] = []
  const octets = Array.from({ length: count }, (_, i) => {
    if (i > 0 && !isSigned(i)) {
      before.push(part(i))
      return part(i)
    }
    const signed = peerSign(part(i), KEY, { time: NOW, prior, before, timersOnly: i > 0 })
    prior = signed.mac
    before = []
    return signed.octets
  })
  return { octets, mac }
}

function readAll(octets: readonly Uint8Array[], mac: Buffer, nowSeconds = NOW): { verdicts: string[]; isCovered: boolean } {
  const reader = new TsigStreamReader(keyOf(), mac)
  return { verdicts: octets.map((one) => reader.accept(one, nowSeconds)), isCovered: reader.isCovered }
}

test('each message is signed: the first with all variables, the others with the MAC before them and their timers', () => {
  const { signer, mac } = opened()
  let prior = mac
  for (let i = 0; i < 5; i++) {
    const read = peerRead(signer.sign(part(i), NOW + i), KEY)
    assert.deepEqual(peerMac(read.message, KEY, { ...read, prior, timersOnly: i > 0 }), read.mac, `message ${i}`)
    assert.equal(read.time, NOW + i)
    prior = Buffer.from(read.mac)
  }
})

test('what we sign, our reader finds good', () => {
  const { signer, mac } = opened()
  const { verdicts, isCovered } = readAll([0, 1, 2, 3].map((i) => signer.sign(part(i), NOW)), mac)
  assert.deepEqual([verdicts, isCovered], [['good', 'good', 'good', 'good'], true])
})

test('messages between signatures are held until the next one covers them', () => {
  const { octets, mac } = peerStream(7, (i) => i % 3 === 0)
  assert.deepEqual(readAll(octets, mac), { verdicts: ['good', 'held', 'held', 'good', 'held', 'held', 'good'], isCovered: true })
})

test('a response whose last message is not signed is not covered', () => {
  const { octets, mac } = peerStream(4, (i) => i === 2)
  assert.deepEqual(readAll(octets, mac), { verdicts: ['good', 'held', 'good', 'held'], isCovered: false })
  assert.equal(new TsigStreamReader(keyOf(), mac).isCovered, false)
})

test('the first message must be signed', () => {
  const { octets, mac } = peerStream(3, () => true)
  assert.deepEqual(readAll([part(0), ...octets], mac).verdicts, ['bad', 'bad', 'bad', 'bad'])
})

test('99 messages may go without a signature, and a hundredth not', () => {
  const many = peerStream(102, (i) => i % 100 === 0)
  assert.deepEqual(new Set(readAll(many.octets.slice(0, 101), many.mac).verdicts), new Set(['good', 'held']))
  const tooMany = peerStream(102, (i) => i % 101 === 0)
  assert.deepEqual(readAll(tooMany.octets, tooMany.mac).verdicts.slice(99), ['held', 'bad', 'bad'])
})

const BROKEN: [string, (octets: Buffer[]) => Buffer[]][] = [
  ['left out', (octets) => octets.toSpliced(2, 1)],
  ['repeated', (octets) => octets.toSpliced(2, 0, octets[2])],
  ['moved', (octets) => [octets[0], octets[2], octets[1], ...octets.slice(3)]],
  ['put in unsigned', (octets) => octets.toSpliced(2, 0, part(9))],
  ['changed', (octets) => octets.with(2, Buffer.from(octets[2].map((octet, i) => (i === 3 ? octet ^ 1 : octet))))],
]

for (const [what, breakStream] of BROKEN) {
  for (const every of [1, 2]) {
    test(`a message ${what} makes the response bad from there on (a signature on every ${every === 1 ? '' : 'second '}message)`, () => {
      const { octets, mac } = peerStream(7, (i) => i % every === 0)
      const { verdicts, isCovered } = readAll(breakStream(octets), mac)
      assert.ok(verdicts.includes('bad'), verdicts.join(' '))
      assert.deepEqual(new Set(verdicts.slice(verdicts.indexOf('bad'))), new Set(['bad']))
      assert.equal(isCovered, false)
    })
  }
}

test('a response to another request is bad, and so is one that is too old', () => {
  const { octets, mac } = peerStream(2, () => true)
  assert.equal(readAll(octets, Buffer.alloc(32)).verdicts[0], 'bad')
  assert.equal(readAll(octets, mac, NOW + 301).verdicts[0], 'bad')
})

test('a message by another key, or with an error, is bad', () => {
  const { mac } = peerStream(1, () => true)
  const other = { ...KEY, name: 'other.example' }
  assert.equal(readAll([peerSign(part(0), other, { time: NOW, prior: mac }).octets], mac).verdicts[0], 'bad')
  assert.equal(readAll([peerSign(part(0), KEY, { time: NOW, prior: mac, error: 18 }).octets], mac).verdicts[0], 'bad')
  assert.equal(readAll([peerSign(part(0), KEY, { time: NOW, prior: mac, mac: Buffer.alloc(0) }).octets], mac).verdicts[0], 'bad')
})

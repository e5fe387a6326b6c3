/** Public keys as KEY and DNSKEY hold them (RFC 3110, RFC 6605, RFC 8080), and their tags (RFC 4034 B): vectors of the RFCs, keys made here, and octets that are none. */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseRecord } from '../../src/dns/record-text.ts'
import {
  exportPublicKey, importPublicKey, isServedAlgorithm, KeyCache, keyTag, makeSignature, parseAlgorithm, printAlgorithm, SERVED_ALGORITHMS, signatureOctets, verifySignature,
  verifySignatureOffThread,
} from '../../src/dnssec/public-key.ts'
import { pairOf } from './pairs.ts'

/** DNSKEY records with their tags: RFC 5702 6, RFC 6605 6, RFC 8080 6. */
const VECTORS: [string, number][] = [
  ['example.net. 3600 IN DNSKEY 256 3 8 AwEAAcFcGsaxxdgiuuGmCkVImy4h99CqT7jwY3pexPGcnUFtR2Fh36BponcwtkZ4cAgtvd4Qs8PkxUdp6p/DlUmObdk=', 9033],
  ['example.net. 3600 IN DNSKEY 256 3 10 AwEAAdHoNTOW+et86KuJOWRDp1pndvwb6Y83nSVXXyLA3DLroROUkN6X0O6pnWnjJQujX/AyhqFDxj13tOnD9u/1kTg7cV6rklMrZDtJCQ5PCl/D7QNPsgVsMu1J2Q8gpMpztNFLpPBz1bWXjDtaR7ZQBlZ3PFY12ZTSncorffcGmhOL', 3740],
  ['example.net. 3600 IN DNSKEY 257 3 13 GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==', 55648],
  ['example.net. 3600 IN DNSKEY 257 3 14 xKYaNhWdGOfJ+nPrL8/arkwf2EY3MDJ+SErKivBVSum1w/egsXvSADtNJhyem5RCOpgQ6K8X1DRSEkrbYQ+OB+v8/uX45NBwY8rp65F6Glur8I/mlVNgF6W/qTI37m40', 10771],
  ['example.com. 3600 IN DNSKEY 257 3 15 l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=', 3613],
  ['example.com. 3600 IN DNSKEY 257 3 15 zPnZ/QwEe7S8C5SPz2OfS5RR40ATk2/rYnE9xHIEijs=', 35217],
  ['example.com. 3600 IN DNSKEY 257 3 16 3kgROaDjrh0H2iuixWBrc8g2EpBBLCdGzHmn+G2MpTPhpj/OiBVHHSfPodx1FYYUcJKm1MDpJtIA', 9713],
  ['example.com. 3600 IN DNSKEY 257 3 16 kkreGWoccSDmUBGAe7+zsbG6ZAFQp+syPmYUurBRQc3tDjeMCJcVMRDmgcNLp5HlHAMy12VoISsA', 38353],
]

for (const [text, tag] of VECTORS) {
  const { rdata } = parseRecord(text)
  test(`the key of algorithm ${rdata[3]} with tag ${tag}`, () => {
    assert.equal(keyTag(rdata), tag)
    const key = importPublicKey(rdata[3], rdata.subarray(4))
    if (tag === 9033) return assert.equal(key, undefined, 'RFC 5702 gives an example of 512 bits, which nobody should trust')
    assert.ok(key !== undefined)
    assert.deepEqual(Buffer.from(exportPublicKey(rdata[3], key)), Buffer.from(rdata.subarray(4)))
  })
}

for (const algorithm of SERVED_ALGORITHMS) {
  const { privateKey, publicOctets } = pairOf(algorithm)
  const data = Buffer.from('what is signed')

  test(`algorithm ${algorithm}: a signature made is a signature verified, on the thread and off it; changed octets are not`, async () => {
    const key = importPublicKey(algorithm, publicOctets)
    assert.ok(key !== undefined)
    const signature = makeSignature(algorithm, privateKey, data)
    assert.equal(signature.length, signatureOctets(algorithm, privateKey))
    assert.ok(verifySignature(algorithm, key, data, signature))
    assert.ok(await verifySignatureOffThread(algorithm, key, data, signature))
    for (const at of [0, signature.length >> 1, signature.length - 1]) {
      const changed = Buffer.from(signature)
      changed[at] ^= 1
      assert.equal(verifySignature(algorithm, key, data, changed), false)
      assert.equal(await verifySignatureOffThread(algorithm, key, data, changed), false)
    }
    assert.equal(verifySignature(algorithm, key, Buffer.from('what is signeD'), signature), false)
  })

  test(`algorithm ${algorithm}: a signature longer or shorter than it must be is false, never an error`, async () => {
    const key = importPublicKey(algorithm, publicOctets)
    assert.ok(key !== undefined)
    const signature = makeSignature(algorithm, privateKey, data)
    for (const bad of [Buffer.alloc(0), signature.subarray(1), Buffer.concat([signature, Buffer.of(0)]), Buffer.alloc(signature.length), Buffer.alloc(signature.length, 255)]) {
      assert.equal(verifySignature(algorithm, key, data, bad), false)
      assert.equal(await verifySignatureOffThread(algorithm, key, data, bad), false)
    }
  })

  test(`algorithm ${algorithm}: octets of another length are no key`, () => {
    for (const bad of [Buffer.alloc(0), publicOctets.subarray(0, 20), ...(algorithm > 10 ? [Buffer.concat([publicOctets, Buffer.of(1)]), publicOctets.subarray(1)] : [])]) assert.equal(importPublicKey(algorithm, bad), undefined)
  })

  test(`algorithm ${algorithm}: random octets are a key or none, and never an error`, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => void importPublicKey(algorithm, octets)), { numRuns: 100 })
    fc.assert(fc.property(fc.nat(publicOctets.length - 1), fc.nat(255), (at, octet) => {
      const changed = Buffer.from(publicOctets)
      changed[at] = octet
      void importPublicKey(algorithm, changed)
    }), { numRuns: 50 })
  })
}

test('a point that is not on its curve is no key', () => {
  assert.equal(importPublicKey(13, Buffer.alloc(64, 1)), undefined)
  assert.equal(importPublicKey(14, Buffer.alloc(96, 1)), undefined)
})

test('RFC 3110 2: an exponent with a length of three octets, and leading zeros, are read', () => {
  const { publicOctets } = pairOf(8)
  const modulus = publicOctets.subarray(4)
  assert.ok(importPublicKey(8, Buffer.concat([Buffer.of(0, 0, 3, 1, 0, 1), modulus])) !== undefined)
  assert.ok(importPublicKey(8, Buffer.concat([Buffer.of(5, 0, 0, 1, 0, 1, 0), modulus])) !== undefined)
})

test('RSA keys that would cost too much, or prove too little, are none: modulus of 1024 to 4096 bits, exponent of 5 octets at most', () => {
  const modulus = (bits: number): Buffer => Buffer.alloc(bits / 8, 0xff)
  const wrap = (e: Buffer, n: Buffer): Buffer => Buffer.concat([Buffer.of(e.length), e, n])
  const e = Buffer.of(1, 0, 1)
  assert.ok(importPublicKey(8, wrap(e, modulus(1024))) !== undefined)
  assert.ok(importPublicKey(8, wrap(e, modulus(4096))) !== undefined)
  assert.equal(importPublicKey(8, wrap(e, modulus(1016))), undefined)
  assert.equal(importPublicKey(8, wrap(e, modulus(4104))), undefined)
  assert.equal(importPublicKey(8, wrap(e, Buffer.concat([Buffer.of(1), modulus(4096)]))), undefined)
  assert.ok(importPublicKey(8, wrap(Buffer.alloc(5, 255), modulus(2048))) !== undefined)
  assert.equal(importPublicKey(8, wrap(Buffer.alloc(6, 255), modulus(2048))), undefined)
  assert.equal(importPublicKey(8, wrap(Buffer.of(0, 0), modulus(2048))), undefined)
  assert.equal(importPublicKey(8, Buffer.of(0, 1, 0)), undefined)
})

test('algorithms that nobody should use any more, and those unknown, are not served (RFC 8624 3.1)', () => {
  for (const algorithm of [0, 1, 3, 5, 6, 7, 12, 17, 253, 254, 255]) {
    assert.equal(isServedAlgorithm(algorithm), false)
    assert.equal(importPublicKey(algorithm, Buffer.alloc(64)), undefined)
    assert.equal(printAlgorithm(algorithm), undefined)
    assert.throws(() => makeSignature(algorithm, pairOf(13).privateKey, Buffer.alloc(1)), RangeError)
  }
})

test('algorithms are named by number or mnemonic, whatever the case', () => {
  assert.deepEqual(['ed25519', 'ED448', '13', 'ecdsap384sha384', 'RSASHA256', 'rsasha1', '5', 'x'].map(parseAlgorithm), [15, 16, 13, 14, 8, undefined, undefined, undefined])
})

test('a key of another kind is not written as one of the algorithm', () => {
  assert.throws(() => exportPublicKey(13, pairOf(15).privateKey), RangeError)
  assert.throws(() => exportPublicKey(13, pairOf(14).privateKey), RangeError)
  assert.throws(() => exportPublicKey(8, pairOf(13).privateKey), RangeError)
  assert.throws(() => exportPublicKey(16, generateKeyPairSync('x25519').privateKey), RangeError)
})

test('objects of keys are made once, kept up to the limit, and what is no key is remembered as such', () => {
  const cache = new KeyCache(2)
  const [a, b, c] = [13, 14, 15].map((algorithm) => Buffer.concat([Buffer.of(0, 0, 3, algorithm), pairOf(algorithm).publicOctets]))
  const first = cache.keyOf(a)
  assert.ok(first !== undefined)
  assert.equal(cache.keyOf(a), first)
  assert.equal(cache.keyOf(Buffer.concat([Buffer.of(1, 1, 3), a.subarray(3)])), first, 'flags are no part of the key')
  cache.keyOf(b)
  cache.keyOf(a)
  assert.deepEqual([cache.imports, cache.size], [2, 2])
  cache.keyOf(c)
  cache.keyOf(a)
  assert.deepEqual([cache.imports, cache.size], [3, 2], 'b was used least recently')
  const bad = Buffer.of(0, 0, 3, 13, 1, 2, 3)
  assert.equal(cache.keyOf(bad), undefined)
  assert.equal(cache.keyOf(bad), undefined)
  assert.equal(cache.imports, 4)
})

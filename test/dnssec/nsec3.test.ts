/** Hashed owner names against RFC 5155 appendix A, and our SHA-1 against node:crypto. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { Name } from '../../src/dns/name.ts'
import { HASH_LABEL_OCTETS, HASH_OCTETS, writeHashLabel } from '../../src/dnssec/nsec3.ts'
import { sha1 } from '../../src/dnssec/sha1.ts'
import { hashOf, labelsOf } from '../authority/naming.ts'

function hashLabel(name: string, iterations: number, salt: Uint8Array): string {
  const { wire } = Name.parse(name)
  const out = new Uint8Array(3 + 1 + HASH_LABEL_OCTETS)
  const params = Uint8Array.of(0xff, 1, 0, iterations >>> 8, iterations, salt.length, ...salt)
  const padded = Uint8Array.of(0xff, 0xff, ...wire)
  writeHashLabel(padded, 2, padded.length, params, 1, out, 3)
  assert.equal(out[3], HASH_LABEL_OCTETS)
  return Buffer.from(out.subarray(4)).toString('latin1')
}

const VECTORS = {
  'example.': '0p9mhaveqvm6t7vbl5lop2u3t2rp3tom',
  'a.example.': '35mthgpgcu1qg68fab165klnsnk3dpvl',
  'ai.example.': 'gjeqe526plbf1g8mklp59enfd789njgi',
  'ns1.example.': '2t7b4g4vsa5smi47k61mv5bv1a22bojr',
  'ns2.example.': 'q04jkcevqvmu85r014c7dkba38o0ji5r',
  'w.example.': 'k8udemvp1j2f7eg6jebps17vp3n8i58h',
  '*.w.example.': 'r53bq7cc2uvmubfu5ocmm6pers9tk9en',
  'x.w.example.': 'b4um86eghhds6nea196smvmlo4ors995',
  'y.w.example.': 'ji6neoaepv8b5o6k4ev33abha8ht9fgc',
  'x.y.w.example.': '2vptu5timamqttgl4luu9kg21e0aor3s',
  'xx.example.': 't644ebqk9bibcna874givr6joj62mlhv',
  '2t7b4g4vsa5smi47k61mv5bv1a22bojr.example.': 'kohar7mbb8dc2ce8a9qvl8hon4k53uhi',
}

for (const [name, hash] of Object.entries(VECTORS)) {
  test(`RFC 5155 appendix A: H(${name}) with salt aabbccdd and 12 more iterations`, () => {
    assert.equal(hashLabel(name, 12, Uint8Array.of(0xaa, 0xbb, 0xcc, 0xdd)), hash)
  })
}

test('names, salts and iterations of every size hash as node:crypto does (RFC 5155 5)', () => {
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`
  assert.equal(Name.parse(longest).wire.length, 255)
  for (const name of ['.', 'a.', longest, '\\000\\255.example.']) {
    for (const saltOctets of [0, 1, 8, 43, 44, 45, 255]) {
      const salt = Uint8Array.from({ length: saltOctets }, (_, i) => i * 7)
      for (const iterations of [0, 1, 150]) {
        const params = { iterations, salt: saltOctets === 0 ? '-' : Buffer.from(salt).toString('hex') }
        assert.equal(hashLabel(name, iterations, salt), hashOf(labelsOf(name), params), `${name} ${saltOctets} ${iterations}`)
      }
    }
  }
})

test('SHA-1 of 0 to 600 octets is that of node:crypto, whatever lay in the input behind them (RFC 3174)', () => {
  for (let length = 0; length <= 600; length++) {
    const input = Uint8Array.from({ length: length + 72 }, (_, i) => (i * 131 + length) & 0xff)
    const wanted = createHash('sha1').update(input.subarray(0, length)).digest('hex')
    const out = new Uint8Array(HASH_OCTETS)
    sha1(input, length, out)
    assert.equal(Buffer.from(out).toString('hex'), wanted, `${length} octets`)
  }
})

test('SHA-1 of octets whose words have their highest bits set', () => {
  for (const octet of [0x00, 0x7f, 0x80, 0xff]) {
    const input = new Uint8Array(300 + 72).fill(octet)
    const out = new Uint8Array(HASH_OCTETS)
    const wanted = createHash('sha1').update(input.subarray(0, 300)).digest('hex')
    sha1(input, 300, out)
    assert.equal(Buffer.from(out).toString('hex'), wanted)
  }
})

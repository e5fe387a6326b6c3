/** Key files of BIND's form, written and read: what comes out goes in again, and files that do not belong together are told apart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TYPE } from '../../src/dns/codes.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { Name } from '../../src/dns/name.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { KEY_FLAGS, keyFileName, makeKeyPair, parsePrivateFile, parsePublicFile, printPrivateFile, printPublicFile } from '../../src/dnssec/key-files.ts'
import { importPublicKey, makeSignature, SERVED_ALGORITHMS, verifySignature } from '../../src/dnssec/public-key.ts'
import { pairOf } from './pairs.ts'

const name = Name.parse('Agent.example.')

for (const algorithm of SERVED_ALGORITHMS) {
  test(`algorithm ${algorithm}: what is written is read again, and the key signs as before (RFC 4034 2.1)`, () => {
    const pair = makeKeyPair(name, TYPE.KEY, KEY_FLAGS.message, algorithm, pairOf(algorithm).privateKey)
    const record = parsePublicFile(printPublicFile(pair), 'k.key')
    assert.equal(printRecord(record), printRecord(pair.record))
    const read = parsePrivateFile(printPrivateFile(pair, '20261125203729'), 'k.private', record)
    const data = Buffer.from('message')
    const key = importPublicKey(algorithm, record.rdata.subarray(4))
    assert.ok(key !== undefined && verifySignature(algorithm, key, data, makeSignature(algorithm, read.privateKey, data)))
  })
}

for (const algorithm of SERVED_ALGORITHMS) {
  test(`algorithm ${algorithm}: a private key beside another's public key is told apart (RFC 4034 2.1)`, () => {
    const [ours, other] = [0, 1].map((which) => makeKeyPair(name, TYPE.KEY, KEY_FLAGS.message, algorithm, pairOf(algorithm, which).privateKey))
    assert.throws(() => parsePrivateFile(printPrivateFile(other, '20261125203729'), 'k.private', ours.record), /k\.private:3:1|does not belong to the \.key file/)
  })
}

test('files are named for owner, algorithm and tag, in letters that any file system takes', () => {
  const pair = makeKeyPair(Name.parse('A/b\\000.example.'), TYPE.DNSKEY, KEY_FLAGS.entry, 15, pairOf(15).privateKey)
  assert.match(keyFileName(pair.record), /^Ka%2Fb%5C000\.example\.\+015\+\d{5}$/)
})

// Written by dnssec-keygen of BIND 9.18 with `-T KEY`; `Publish` and `Activate` mean nothing here.
const BIND_KEY = 'ed.example. IN KEY 0 3 15 kJvQCA8RoocyCZlQAa/ngNKC3vZYl7Ddf45Z7BzEo/c=\n'
const BIND_PRIVATE = `Private-key-format: v1.3
Algorithm: 15 (ED25519)
PrivateKey: HNUiqEgubobMfzeVFHQg1vbOknNnpmHb5hKh4wmcwKA=
Created: 20261125203729
Publish: 20261125203729
Activate: 20261125203729
`

test('files of dnssec-keygen are read, with comments and a TTL too', () => {
  const record = parsePublicFile(`; This is a key\n; Created: 2026\n${BIND_KEY.replace(' IN', ' 3600 IN')}`, 'k.key')
  assert.equal(record.name.toString(), 'ed.example.')
  assert.equal(keyFileName(record), 'Ked.example.+015+07931')
  assert.ok(parsePrivateFile(BIND_PRIVATE, 'k.private', record).privateKey.type === 'private')
  assert.ok(parsePrivateFile(BIND_PRIVATE.replaceAll('\n', '\r\n'), 'k.private', record))
})

const BROKEN: [string, string, RegExp][] = [
  ['no format', BIND_PRIVATE.replace('Private-key-format: v1.3\n', ''), /k\.private:1:1: .*must start "Private-key-format: v1\."/],
  ['a later format', BIND_PRIVATE.replace('v1.3', 'v2.0'), /must start/],
  ['another algorithm', BIND_PRIVATE.replace('15 (ED25519)', '13 (ECDSAP256SHA256)'), /k\.private:2:1: .*not 15/],
  ['no key', BIND_PRIVATE.replace('PrivateKey', 'Private'), /no line "PrivateKey:"/],
  ['another key', BIND_PRIVATE.replace('HNUi', 'ANUi'), /does not belong to the \.key file/],
  ['a short key', BIND_PRIVATE.replace('HNUiqEgu', ''), /does not belong to the \.key file/],
  ['nothing', '', /must start/],
]

for (const [what, text, fault] of BROKEN) {
  test(`a private file with ${what} is a fault with its place`, () => {
    assert.throws(() => parsePrivateFile(text, 'k.private', parsePublicFile(BIND_KEY, 'k.key')), (error) => error instanceof TextFault && fault.test(error.toString()))
  })
}

test('a public file that holds no key, two, or no record is a fault with its place', () => {
  for (const [text, fault] of [['a. IN A 192.0.2.1', /k\.key:1:1: .*KEY or DNSKEY/], [`${BIND_KEY}${BIND_KEY}`, /single/], ['', /k\.key:1:1/], ['a. IN KEY 0 3 15 !!', /k\.key:1:\d+: /]] as const) {
    assert.throws(() => parsePublicFile(text, 'k.key'), (error) => error instanceof TextFault && fault.test(error.toString()), text)
  }
})

test('a private key of an algorithm that is not served is a fault', () => {
  const record = parsePublicFile('a. IN KEY 0 3 5 AwEAAQ==', 'k.key')
  assert.throws(() => parsePrivateFile('Private-key-format: v1.2\nAlgorithm: 5 (RSASHA1)\nPrivateKey: AA==\n', 'k.private', record), /algorithm 5 is not served/)
})

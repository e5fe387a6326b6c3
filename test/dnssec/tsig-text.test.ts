/** TSIG keys as text, in BIND's form, Knot's and ours; and what is said of secrets that are none, or weak (RFC 8945 8). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TextFault } from '../../src/dns/faults.ts'
import { Name } from '../../src/dns/name.ts'
import { parseSecret, parseTsigKey, printBindKey, printConfigKey, printKnotKey, weaknessOf, type TsigKeyText } from '../../src/dnssec/tsig-text.ts'
import { algorithmOf } from './signed.ts'

const SECRET = Buffer.from('0123456789abcdef0123456789abcdef')
const KEY: TsigKeyText = { name: Name.parse('agents-key.'), algorithm: algorithmOf('hmac-sha256'), secret: SECRET }

function same(read: TsigKeyText): void {
  assert.deepEqual([read.name.toString(), read.algorithm.mnemonic, Buffer.from(read.secret).toString('hex')], ['agents-key.', 'hmac-sha256', SECRET.toString('hex')])
}

test('what is written for BIND and Knot is read again', () => {
  same(parseTsigKey(printBindKey(KEY), 'f'))
  same(parseTsigKey(printKnotKey(KEY), 'f'))
})

test('our own line is YAML of the config', () => {
  assert.equal(printConfigKey(KEY), `- { name: "agents-key.", algorithm: hmac-sha256, secret: "${SECRET.toString('base64')}" }\n`)
})

test('key blocks are read as people write them', () => {
  const secret = SECRET.toString('base64')
  same(parseTsigKey(`# made by tsig-keygen\nkey agents-key {\n  secret ${secret};\n  algorithm "HMAC-SHA256";\n};`, 'f'))
  same(parseTsigKey(`// one\nkey "agents-key" { algorithm hmac-sha256; secret "${secret}"; }`, 'f'))
  same(parseTsigKey(`agents-key:${secret}\n`, 'f'))
})

const WRONG: [string, RegExp][] = [
  ['', /must be a key block/],
  ['key "a" { algorithm hmac-sha256; }', /secret as it must be base64/],
  ['key "a" { algorithm hmac-md5; secret "AAAA"; };', /MUST NOT be used/],
  ['key "a" { algorithm hmac-sha257; secret "AAAA"; };', /did you mean/],
  ['hmac-sha256:a:*', /must be base64/],
  [`hmac-sha256:${'a'.repeat(64)}:AAAA`, /name|label/],
  ['hello', /must be a key block/],
]

for (const [text, fault] of WRONG) {
  test(`"${text.slice(0, 40)}" is no key, and the fault says why`, () => {
    assert.throws(() => parseTsigKey(text, 'file.key'), (error) => error instanceof TextFault && fault.test(error.message) && error.toString().startsWith('file.key:1:1: '))
  })
}

test('a secret is strict base64, blanks aside', () => {
  assert.deepEqual(parseSecret(' AAEC\n Aw== '), Buffer.of(0, 1, 2, 3))
  for (const bad of ['', '=', 'AAE', 'AA=', 'A-E_', 'AAEC!', 'AAEB=']) assert.equal(typeof parseSecret(bad), 'string', bad)
  assert.match(String(parseSecret(Buffer.alloc(1_025).toString('base64'))), /at most 1024/)
})

test('a secret shorter than its hash is called weak, one of 32 octets never', () => {
  const weak = (algorithm: string, octets: number): boolean => weaknessOf({ algorithm: algorithmOf(algorithm), secret: new Uint8Array(octets) }) !== undefined
  assert.deepEqual([weak('hmac-sha1', 19), weak('hmac-sha1', 20), weak('hmac-sha256', 16), weak('hmac-sha256', 32), weak('hmac-sha512', 32), weak('hmac-sha512', 31)], [true, false, true, false, false, true])
})

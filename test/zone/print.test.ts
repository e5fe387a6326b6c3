/**
 * Zones as text: what is printed is parsed as the same zone, equal zones print equally, and large ones come in pieces.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS } from '../../src/dns/codes.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { printZone } from '../../src/zone/print.ts'
import { load } from './support.ts'

function imageOf(text: string, origin = 'example.com.', seed = 7, rrClass: number = CLASS.IN): ZoneImage {
  const { image, findings } = load(text, origin, { seed, class: rrClass })
  assert.ok(image, findings.map(({ line, message }) => `${line}: ${message}`).join('\n'))
  return image
}

function print(image: ZoneImage, relative = false): string {
  return [...printZone(image, { relative })].join('')
}

const byHand = readFileSync('test/golden/print.zone', 'latin1')

for (const [style, relative] of [['full', false], ['relative', true]] as const) {
  test(`a zone prints in canonical order, SOA first, ${style}`, () => {
    assert.equal(print(imageOf(byHand), relative), readFileSync(`test/golden/print.${style}.txt`, 'utf8'))
  })

  test(`what is printed ${style} is parsed as the same zone`, () => {
    const text = print(imageOf(byHand), relative)
    assert.equal(print(imageOf(text, 'example.com.', 99), relative), text)
  })
}

test('RFC 4034 6.1: the names of its example print in its order', () => {
  const names = ['example', 'a.example', 'yljkjljk.a.example', 'Z.a.example', 'zABC.a.EXAMPLE', 'z.example', '\\001.z.example', '*.z.example', '\\200.z.example']
  const text = names.toReversed().map((name) => `${name}. 9 A 192.0.2.1\n`).join('')
  const printed = print(imageOf(`example. 9 SOA a. b. 1 2 3 4 5\nexample. 9 NS a.\n${text}`, 'example.'))
  const owners = [...new Set(printed.trimEnd().split('\n').map((line) => line.split(' ')[0]))]
  assert.deepEqual(owners.map((owner) => owner.toLowerCase()), names.map((name) => `${name.toLowerCase()}.`))
})

test('the order does not depend on the order of the text, nor on the seed of the hash', () => {
  const lines = byHand.replace(/^ {9}(A|AAAA) {2}/gm, 'www      $1  ').split('\n')
  const [head, records] = [lines.slice(0, 3), lines.slice(3).join('\n').replaceAll(/\n {9}/g, '\n@        ').split('\n')]
  assert.equal(print(imageOf([...head, ...records.toReversed()].join('\n'), 'Example.COM.', 12345)), print(imageOf(byHand, 'Example.COM.')))
})

test('a zone of class LOCAL prints its class, and the root zone its names', () => {
  const local = print(imageOf('@ 9 SOA a b 1 2 3 4 5\n@ 9 NS a\na 9 A 192.0.2.1', 'floor3.example.', 7, CLASS.LOCAL))
  assert.match(local, /^floor3\.example\. +9 LOCAL SOA /)
  assert.equal(print(imageOf(local, 'floor3.example.', 7, CLASS.LOCAL)), local)
  const root = print(imageOf('. 9 SOA a b 1 2 3 4 5\n. 9 NS a\na 9 A 192.0.2.1', '.'), true)
  assert.match(root, /^\$ORIGIN \.\n@ +9 IN SOA .*\n +9 IN NS +a\.\na +9 IN A +192\.0\.2\.1\n$/)
  assert.equal(print(imageOf(root, '.'), true), root)
})

test('a signed zone prints each signature behind what it signs, and loads again without a finding', () => {
  const text = readFileSync('test/golden/signed-nsec3.zone', 'latin1')
  const printed = print(imageOf(text))
  assert.equal(printed, text.split('\n').slice(1).join('\n'))
  assert.match(printed, / SOA .*\n.* RRSIG +SOA .*\n.* NS .*\n.* RRSIG +NS /)
})

test('a large zone comes in pieces of whole lines', () => {
  const text = Array.from({ length: 20_000 }, (_, i) => `h${i} A 192.0.2.${i & 255}`).join('\n')
  const pieces = [...printZone(imageOf(`$TTL 9\n@ SOA a b 1 2 3 4 5\n@ NS a.example.net.\n${text}`))]
  assert.ok(pieces.length > 10)
  for (const piece of pieces) {
    assert.ok(piece.endsWith('\n') && piece.length < 70_000)
    assert.match(piece, /^(\S+\.)?example\.com\. /)
  }
})

// ---- Random zones ----

const octet = fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...Buffer.from('abcXYZ019-_*')) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }) })
/** One label in presentation form, each octet as it is or escaped. */
const label = fc.array(octet, { minLength: 1, maxLength: 12 }).map((octets) => octets.map((c) => (/[\w*-]/.test(String.fromCharCode(c)) ? String.fromCharCode(c) : `\\${String(c).padStart(3, '0')}`)).join(''))
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'))
const words = fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 3 })
const rdata = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((n) => `A 192.0.2.${n}`),
  fc.integer({ min: 0, max: 65535 }).map((n) => `AAAA 2001:db8::${n.toString(16)}`),
  fc.tuple(fc.nat(65535), name).map(([preference, exchange]) => `MX ${preference} ${exchange}`),
  words.map((texts) => `TXT ${texts.map((text) => `"${Array.from(text, (c) => `\\${String(c).padStart(3, '0')}`).join('')}"`).join(' ')}`),
  fc.uint8Array({ maxLength: 30 }).map((octets) => `TYPE65300 \\# ${octets.length} ${Buffer.from(octets).toString('hex')}`),
  name.map((target) => `PTR ${target}`),
)
const record = fc.tuple(name, fc.nat(86_400), rdata).map(([owner, ttl, data]) => `${owner} ${ttl} ${data}`)

test('random zones: what is printed is parsed as the same zone, in both styles', () => {
  fc.assert(
    fc.property(fc.array(record, { maxLength: 25 }), (records) => {
      const image = imageOf(`@ 9 SOA ns host 1 2 3 4 5\n@ 9 NS ns\n${records.join('\n')}\n`)
      for (const relative of [false, true]) {
        const text = print(image, relative)
        const again = imageOf(text, 'example.com.', 1)
        assert.equal(again.recordCount, image.recordCount)
        assert.equal(print(again, relative), text)
      }
    }),
    { numRuns: 150 },
  )
})

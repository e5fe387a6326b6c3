/** RFC 4343: ASCII case counts for nothing when names are compared, and is never lost where they are shown. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { printZone } from '../../src/zone/print.ts'
import { asker, assertResponse, converser, zoneOf } from '../authority/ask.ts'
import { load } from '../zone/support.ts'

const HEAD = '$TTL 60\n@ SOA Ns Admin 1 2 3 4 60\n@ NS Ns\nNs A 192.0.2.1\n'
const SOA = 'Example. 60 IN SOA Ns.Example. Admin.Example. 1 2 3 4 60'
const zone = zoneOf('Example.', `${HEAD}MixEd MX 1 MiXeD\nmIxED A 192.0.2.2\nAlias CNAME TARGET\ntarget A 192.0.2.3\nCut NS Ns.cUt\nns.CUT A 192.0.2.4\nD DNAME Elsewhere.Test.\n*.W TXT "any"\n`)
const ask = asker(zone)

/** Every way to write `letters` in capitals and small letters. */
function spellings(letters: string): string[] {
  return Array.from({ length: 1 << letters.length }, (_, bits) => [...letters].map((letter, i) => ((bits >> i) & 1 ? letter.toUpperCase() : letter)).join(''))
}

test('3.1, 3.2 each of the 32 spellings of a name finds its records, and comes back as it was asked', () => {
  for (const name of spellings('mixed')) assert.deepEqual(ask(`${name}.example. A`).answer, [`${name}.example. 60 IN A 192.0.2.2`])
})

test('3.2 entries of a file whose names differ in case alone are of one name', () => {
  const one = asker(zoneOf('example.', `${HEAD}h A 192.0.2.1\nH A 192.0.2.2\nH TXT t\n`))
  assert.equal(one('h.example. A').answer.length, 2)
  assert.equal(one('h.example. TXT').answer.length, 1)
})

test('3 only the letters of ASCII have a case: no other octet is equal to the one 32 above it', () => {
  const pairs = Array.from({ length: 224 }, (_, low) => low).filter((low) => !(low >= 0x41 && low <= 0x5a) && ![low, low + 32].includes(0x2a))
  const label = (octet: number): string => `x\\${String(octet).padStart(3, '0')}`
  const lows = asker(zoneOf('example.', HEAD + pairs.filter((low) => (low & 32) === 0).map((low) => `${label(low)} A 192.0.2.9\n`).join('')))
  for (const low of pairs.filter((one) => (one & 32) === 0)) {
    assert.equal(lows(`${label(low)}.example. A`).rcode, 'NOERROR')
    assert.equal(lows(`${label(low + 32)}.example. A`).rcode, 'NXDOMAIN', `octet ${low + 32}`)
  }
})

test('4.1 names in data keep the case in which the file has them, whatever the question’s', () => {
  assert.deepEqual(ask('MIXED.EXAMPLE. MX').answer, ['MIXED.EXAMPLE. 60 IN MX 1 MiXeD.Example.'])
  assert.deepEqual(ask('alias.example. A').answer, ['alias.example. 60 IN CNAME TARGET.Example.', 'TARGET.Example. 60 IN A 192.0.2.3'])
})

test('4.1 the question is repeated as it was asked, with any spelling, in every kind of answer', () => {
  const converse = converser([zone])
  for (const name of ['MIXED.ExAmple.', 'NoNe.eXAMPLE.', 'X.cUT.ExAMPLe.', 'OTHER.Test.']) assert.equal(converse(`${name} A`).question, `${name} IN A`)
})

test('4.1 owners in authority and additional sections have the case of the zone, but for what they share with the question, to which they point', () => {
  assertResponse(ask('none.Example. A'), { rcode: 'NXDOMAIN', authority: [SOA] })
  assertResponse(ask('none.EXAMPLE. A'), { rcode: 'NXDOMAIN', authority: [SOA.replace('Example.', 'EXAMPLE.')] })
  assertResponse(ask('x.cUT.Example. A'), { flags: '', authority: ['cUT.Example. 60 IN NS Ns.cUt.Example.'], additional: ['Ns.cUt.Example. 60 IN A 192.0.2.4'] })
})

test('4.1 a name made by a wildcard or a DNAME has the case of the question in the part that the question gave', () => {
  assert.deepEqual(ask('AnY.w.example. TXT').answer, ['AnY.w.example. 60 IN TXT "any"'])
  assert.equal(ask('SoMe.d.example. A').answer[1], 'SoMe.d.example. 60 IN CNAME SoMe.Elsewhere.Test.')
})

test('4.2.1 a name enters a zone with the case of its first entry, and keeps it', () => {
  const { image } = load(`${HEAD}CuT NS ns.test.\ncut NS ns2.test.\n`, 'example.')
  assert.ok(image)
  assert.deepEqual([...printZone(image)].join('').match(/cut(?=\S*\s.*NS)/gi), ['CuT', 'CuT'])
})

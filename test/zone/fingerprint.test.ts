/** Fingerprints of zones: alike where the records are, and different where one of them is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FINGERPRINT_OCTETS, fingerprintOf } from '../../src/zone/fingerprint.ts'
import { zoneOf } from '../authority/ask.ts'

const LINES = ['@ 60 SOA ns admin 1 2 3 4 5', '@ 60 NS ns', 'ns 60 A 192.0.2.1', 'ns 60 A 192.0.2.2', 'www 60 TXT "a" "b"', 'a.b.c 60 MX 10 ns', '*.w 60 AAAA 2001:db8::1']
const print = (lines: readonly string[], origin = 'example.'): string => Buffer.from(fingerprintOf(zoneOf(origin, `${lines.join('\n')}\n`))).toString('hex')
const before = print(LINES)

test('it has its size, and is the same for the same records in any order', () => {
  assert.equal(before.length, FINGERPRINT_OCTETS * 2)
  assert.equal(print([...LINES.slice(0, 1), ...LINES.slice(1).reverse()]), before)
  assert.equal(print(LINES.map((line) => line.replace('www', 'WwW'))), before, 'the case of owners does not matter')
})

test('each record counts: its owner, type, TTL and RDATA', () => {
  const edits: [string, string][] = [['SOA ns admin 1', 'SOA ns admin 2'], ['192.0.2.2', '192.0.2.3'], ['www 60', 'www 61'], ['www 60', 'wwx 60'], ['"a" "b"', '"ab"'], ['a.b.c', 'a.bc'], ['MX 10', 'MX 11'], ['*.w', 'w']]
  const seen = new Set([before])
  for (const [from, to] of edits) {
    const text = LINES.map((line) => line.replace(from, to))
    assert.notDeepEqual(text, LINES)
    seen.add(print(text))
  }
  for (let i = 1; i < LINES.length; i++) seen.add(print(LINES.filter((_, at) => at !== i)))
  assert.equal(seen.size, 1 + edits.length + LINES.length - 1)
})

test('records that change places are told apart, and so are a thousand zones that differ by a number', () => {
  assert.notEqual(print([...LINES, 'x 60 A 192.0.2.7', 'y 60 A 192.0.2.8']), print([...LINES, 'x 60 A 192.0.2.8', 'y 60 A 192.0.2.7']))
  const prints = Array.from({ length: 1_000 }, (_, i) => print([...LINES, `n${i} 60 A 192.0.2.7`]))
  assert.equal(new Set(prints).size, 1_000)
  assert.equal(new Set(prints.map((text) => text.slice(0, 8))).size, 1_000, 'in either half')
})

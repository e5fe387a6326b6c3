/**
 * A zone file with a mistake in almost every entry: each is reported at its line, with what was written and
 * what to write instead, and none hides the next (RFC 1035 5.2: a zone with errors is not loaded, and says why).
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { filesFrom, parse } from './support.ts'

const text = readFileSync('test/golden/mistakes.zone', 'latin1')
const expected = readFileSync('test/golden/mistakes.txt', 'utf8').trimEnd().split('\n')
const { records, messages } = parse(text, 'example.com.', { readFile: filesFrom({}) })

test('every mistake is reported at its place with what was wanted', () => {
  assert.deepEqual(messages.map((message) => message.replace(/^z:/, 'mistakes.zone:')), expected)
})

test('at least twenty different mistakes are reported, in the order of the lines', () => {
  const lines = messages.map((message) => Number(message.split(':')[1]))
  assert.ok(new Set(lines).size >= 20, String(lines))
  assert.deepEqual(lines, [...lines].sort((a, b) => a - b))
})

test('every line that is not right has a report, and no line that is right has one', () => {
  const right = /^;|^\$ORIGIN|^\$TTL 1h$|2w 10 \)$|IN NS {4}ns1$|^good/
  const wrong = text.split('\n').flatMap((line, i) => (line === '' || right.test(line) ? [] : [i + 1]))
  const inherited = wrong.filter((line) => text.split('\n')[line - 1].startsWith('         IN A')) // its owner is at fault, not it
  assert.deepEqual(new Set(messages.map((message) => Number(message.split(':')[1]))), new Set(wrong.filter((line) => !inherited.includes(line))))
})

test('the entries without mistake are read all the same', () => {
  assert.deepEqual(records.filter((record) => !record.startsWith('host25')), [
    'example.com. 3600 SOA ns1.example.com. hostmaster.example.com. 2026110101 14400 3600 1209600 10',
    'example.com. 3600 NS ns1.example.com.',
    'good.example.com. 3600 A 192.0.2.3',
  ])
})

test('a file of another kind gives a bounded report', () => {
  const { faults } = parse('#!/bin/sh\necho (\n'.repeat(20_000))
  assert.equal(faults.reported.length, 200)
  assert.ok(faults.count >= 200)
})

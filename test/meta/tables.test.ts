/**
 * One truth per table: what the pages list of code points, parameters, types, limits and config keys is what
 * the code has, no more and no less.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, EDE, OPCODE, OPTION, TYPE } from '../../src/dns/codes.ts'
import { rowsOf, TABLES, tableOn, withTable } from './tables.ts'
import { textOf } from './tree.ts'

for (const { page, name, lines } of TABLES) {
  test(`the table of ${name} in ${page} is the one in the code (npm run docs writes it)`, () => {
    const text = textOf(page)
    assert.equal(withTable(text, name, lines()), text)
  })
}

test('the code points of the protocol page are those of the code', () => {
  const written = rowsOf(tableOn(textOf('docs/protocol.md'), 'codes')).map(([kind, code, name]) => `${kind} ${code} ${name}`)
  const own = (kind: string, codes: Record<string, number>, isOurs: (code: number) => boolean): string[] =>
    Object.entries(codes).filter(([, code]) => isOurs(code)).map(([name, code]) => `${kind} ${code} ${name}`)
  // RFC 6895 3.1 and 3.2, RFC 6891 9, RFC 8914 5.2: the ranges for private and local use
  const known = [
    ...own('type', TYPE, (code) => code >= 65_280 && code <= 65_534),
    ...own('class', CLASS, (code) => code >= 65_280 && code <= 65_534),
    ...own('opcode', OPCODE, (code) => code === 14),
    ...own('option', OPTION, (code) => code >= 65_001 && code <= 65_534),
    ...own('EDE', EDE, (code) => code >= 49_152),
  ]
  assert.deepEqual(written.toSorted(), known.toSorted())
})

test('a page without the marks of a table is an error, not an empty table', () => {
  assert.throws(() => tableOn('# Page', 'codes'), /no marks for table codes/)
})

test('a conformance line that says done or partly names a test that exists', () => {
  const rows = rowsOf(textOf('docs/conformance.md')).filter(([, , state]) => state === 'done' || state === 'partly')
  assert.deepEqual(rows.filter(([, , , shown]) => !/`test\/[\w./-]+\.ts`/.test(shown ?? '')).map(([section, what]) => `${section}: ${what}`), [])
})

test('a conformance line says done, partly or not, and nothing else', () => {
  const conformance = textOf('docs/conformance.md').split('## Where servers differ')[0]
  const states = conformance.split(/^## /m).flatMap((part) => rowsOf(part)).map(([section, what, state]) => ({ section, what, state }))
  assert.ok(states.length > 100)
  assert.deepEqual(states.filter(({ state }) => !/^(done|not|partly)$/.test(state)), [])
})

/** Ten million answers of every kind leave the garbage collector nothing to do: no answer waits for it (docs/architecture.md). */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const ANSWERS = 10_000_000
const PATIENCE_MS = 300_000

/** What the collector said while the answers were given, after those that warm up: a line for each of its runs. */
function collections(...args: string[]): string[] {
  const { stdout, stderr, status, error } = spawnSync(process.execPath, ['--trace-gc', join(import.meta.dirname, 'answering-many.js'), ...args], { encoding: 'utf8', timeout: PATIENCE_MS })
  assert.equal(error, undefined)
  assert.equal(status, 0, stderr)
  const lines = stdout.split('\n')
  const [from, to] = [lines.indexOf('warm'), lines.indexOf('done')]
  assert.ok(from >= 0 && to > from, stdout)
  return lines.slice(from + 1, to).filter((line) => / ms: (Scavenge|Mark-)/u.test(line))
}

test(`${ANSWERS} answers make no collection`, () => {
  assert.deepEqual(collections(String(ANSWERS)), [])
})

test('one small object for each answer would make many', () => {
  assert.ok(collections(String(ANSWERS), 'litter').length >= 5)
})

/**
 * The script that runs the tests, held to what CI and people rely on: the closing line, the exit code, and
 * that nothing passes by being absent. Each case runs it in a small tree of its own.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { root } from './tree.ts'

const PASSES = "import { test } from 'node:test'\ntest('passes', () => {})\n"
const FAILS = "import { test } from 'node:test'\ntest('fails', () => { throw new Error('as it must') })\n"
const SKIPS = "import { test } from 'node:test'\ntest('skips', { skip: 'needs a dig' }, () => {})\n"

/** Runs a suite over compiled tests given by file name; those in `stale` have no source. */
function runSuite(t: TestContext, suite: string, files: Record<string, string>, stale: string[] = []): { status: number | null; lines: string[]; tree: string } {
  const tree = mkdtempSync(join(tmpdir(), 'waggle-runner-'))
  t.after(() => { rmSync(tree, { recursive: true, force: true }) })
  for (const folder of ['scripts', 'test', 'dist/test']) mkdirSync(join(tree, folder), { recursive: true })
  cpSync(join(root, 'scripts/test.mjs'), join(tree, 'scripts/test.mjs'))
  writeFileSync(join(tree, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(tree, 'dist/test', name), text)
    if (!stale.includes(name)) writeFileSync(join(tree, 'test', name.replace(/\.js$/, '.ts')), '')
  }
  // without this the runner takes itself for a test file of the run that it is in, and runs nothing
  const { NODE_TEST_CONTEXT: _outer, ...env } = process.env
  const { status, stdout } = spawnSync(process.execPath, ['scripts/test.mjs', suite], { cwd: tree, encoding: 'utf8', env })
  return { status, lines: stdout.trimEnd().split('\n'), tree }
}

test('a suite that passes ends with its counts and exit code 0', (t) => {
  const { status, lines } = runSuite(t, 'unit', { 'a.test.js': PASSES, 'b.test.js': SKIPS, 'c.integration.js': FAILS })
  assert.equal(lines.at(-1), '1 passed, 0 failed, 1 skipped')
  assert.equal(status, 0)
})

test('a skipped test is said aloud, with its reason', (t) => {
  const { lines } = runSuite(t, 'unit', { 'a.test.js': PASSES, 'b.test.js': SKIPS })
  assert.ok(lines.includes('SKIPPED test/b.test.js: skips: needs a dig'), lines.join('\n'))
})

test('a failing test is shown and fails the run', (t) => {
  const { status, lines } = runSuite(t, 'integration', { 'a.integration.js': PASSES, 'b.integration.js': FAILS })
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
  assert.ok(lines.includes('FAILED test/b.integration.js: fails'))
  assert.ok(lines.some((line) => line.includes('Error: as it must')))
  assert.equal(status, 1)
})

test('a file that cannot be loaded fails the run', (t) => {
  const { status, lines } = runSuite(t, 'unit', { 'a.test.js': PASSES, 'b.test.js': "import './missing.js'\n" })
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
  assert.equal(status, 1)
})

test('a file without a test fails the run', (t) => {
  const { status, lines } = runSuite(t, 'unit', { 'a.test.js': PASSES, 'b.test.js': '' })
  assert.equal(lines.at(-1), '1 passed, 1 failed, 0 skipped')
  assert.equal(status, 1)
})

test('a suite without files fails', (t) => {
  const { status, lines } = runSuite(t, 'long', { 'a.test.js': PASSES })
  assert.equal(lines.at(-1), '0 passed, 1 failed, 0 skipped')
  assert.equal(status, 1)
})

test('a suite where everything is skipped fails', (t) => {
  const { status, lines } = runSuite(t, 'unit', { 'a.test.js': SKIPS })
  assert.equal(lines.at(-1), '0 passed, 0 failed, 1 skipped')
  assert.equal(status, 1)
})

test('a compiled test whose source is gone is deleted, not run', (t) => {
  const { status, lines, tree } = runSuite(t, 'unit', { 'a.test.js': PASSES, 'gone.test.js': FAILS }, ['gone.test.js'])
  assert.equal(lines.at(-1), '1 passed, 0 failed, 0 skipped')
  assert.equal(status, 0)
  assert.equal(existsSync(join(tree, 'dist/test/gone.test.js')), false)
})

test('an unknown suite is a usage error', (t) => {
  assert.equal(runSuite(t, 'everything', {}).status, 2)
})

/**
 * The script that runs the tests, held to what CI and people rely on: the closing line, the exit code, and
 * that nothing passes by being absent. Each case runs it in a small tree of its own.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { root } from './tree.ts'

const PASSES = "import { test } from 'node:test'\ntest('passes', () => {})\n"
const FAILS = "import { test } from 'node:test'\ntest('fails', () => { throw new Error('as it must') })\n"
const SKIPS = "import { test } from 'node:test'\ntest('skips', { skip: 'needs a dig' }, () => {})\n"

/** Runs a suite over compiled tests given by path; those in `stale` have no source. */
function runSuite(t: TestContext, suite: string, files: Record<string, string>, stale: string[] = []): { status: number | null; lines: string[]; tree: string } {
  const tree = mkdtempSync(join(tmpdir(), 'waggle-runner-'))
  t.after(() => { rmSync(tree, { recursive: true, force: true }) })
  for (const folder of ['scripts', 'test', 'dist/test']) mkdirSync(join(tree, folder), { recursive: true })
  cpSync(join(root, 'scripts/test.mjs'), join(tree, 'scripts/test.mjs'))
  writeFileSync(join(tree, 'package.json'), '{ "type": "module" }')
  for (const [name, text] of Object.entries(files)) {
    for (const folder of ['test', 'dist/test']) mkdirSync(dirname(join(tree, folder, name)), { recursive: true })
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

test('files that share a process are counted and told each for itself', (t) => {
  const { status, lines } = runSuite(t, 'unit', { 'a.test.js': PASSES, 'dns/b.test.js': PASSES + PASSES.slice(PASSES.indexOf('\n')), 'dns/c.test.js': SKIPS, 'dns/d.test.js': PASSES })
  assert.equal(lines.at(-1), '4 passed, 0 failed, 1 skipped')
  assert.equal(status, 0)
  for (const told of [/^test\/dns\/b\.test\.js: 2 passed, /, /^SKIPPED test\/dns\/c\.test\.js: skips: needs a dig$/, /^test\/dns\/d\.test\.js: 1 passed, /]) assert.ok(lines.some((line) => told.test(line)), lines.join('\n'))
})

const WRONG: [what: string, text: string, told: string][] = [
  ['fails', FAILS, 'FAILED test/dns/b.test.js: fails'],
  ['cannot be loaded', "import './missing.js'\n", 'FAILED test/dns/b.test.js: the file as a whole'],
  ['holds no test', '', 'FAILED test/dns/b.test.js: holds no test'],
]
for (const [what, text, told] of WRONG) {
  test(`a file that ${what} fails the run where it shares a process, and the others go on`, (t) => {
    const { status, lines } = runSuite(t, 'unit', { 'a.test.js': PASSES, 'dns/a.test.js': PASSES, 'dns/b.test.js': text, 'dns/c.test.js': PASSES })
    assert.equal(lines.at(-1), '3 passed, 1 failed, 0 skipped')
    assert.ok(lines.includes(told), lines.join('\n'))
    assert.equal(status, 1)
  })
}

test('a file that ends the process that it shares fails the run, and so does each after it', (t) => {
  const ends = `${PASSES}setImmediate(() => globalThis['process'].exit(0))\nawait new Promise((resolve) => setTimeout(resolve, 60_000))\n`
  const { status, lines } = runSuite(t, 'unit', { 'dns/a.test.js': PASSES, 'dns/b.test.js': ends, 'dns/c.test.js': PASSES })
  for (const name of ['b', 'c']) assert.ok(lines.includes(`FAILED test/dns/${name}.test.js: its process ended before it did`), lines.join('\n'))
  assert.match(String(lines.at(-1)), /^\d passed, [2-9] failed, 0 skipped$/)
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

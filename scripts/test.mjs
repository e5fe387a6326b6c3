// Runs one suite of the compiled tests with Node's own runner and closes with one plain line of its counts:
//
//     node scripts/test.mjs unit [part of a path…]     dist/test/**/*.test.js         seconds, nothing needed but Node
//     node scripts/test.mjs integration [part…]        dist/test/**/*.integration.js  real sockets and real peers
//     node scripts/test.mjs long [part…]               dist/test/**/*.long.js         minutes
//
// One line per file, every failure whole, every skip with its reason. Exit code 0 only where at least one
// test passed and none failed: a suite that has lost its files is a failure, not a success.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { relative } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'

const SUITES = { unit: '.test.js', integration: '.integration.js', long: '.long.js' }
// a file that hangs, not one that is slow: the slowest unit file takes ten seconds on two idle cores
const TIMEOUT_MS = { unit: 240_000, integration: 600_000, long: Infinity }
const FILES_AT_ONCE = 2
// the longest start first: one that starts last has the machine to itself while the other core waits
const FIRST = ['store/true-disk', 'ops/serve.', 'fail/updates-and-disk', 'fail/operation', 'ops/zone-freeze', 'ops/recursing', 'ops/register.', 'battery/compare']

const root = fileURLToPath(new URL('..', import.meta.url))
const [suite, ...parts] = process.argv.slice(2)

async function main() {
  if (!Object.hasOwn(SUITES, suite ?? '')) {
    console.error(`Cannot run suite "${suite ?? ''}" as it must be one of ${Object.keys(SUITES).join(' ')}`)
    process.exit(2)
  }
  delete process.env.NODE_EXTRA_CA_CERTS // reading it costs each test process more than most test files take
  pruneStale(`${root}dist/src`, `${root}src`)
  pruneStale(`${root}dist/test`, `${root}test`)
  const files = filesBelow(`${root}dist/test`)
    .filter((file) => file.endsWith(SUITES[suite]))
    .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
    .sort((a, b) => place(a) - place(b) || (a < b ? -1 : 1))
  if (files.length > 0) {
    const counts = await runFiles(files)
    console.log(`${files.length} files in ${Math.round(performance.now() / 1000)} s`)
    return close(counts)
  }
  console.log(`Cannot run the ${suite} suite as no file of dist/test belongs to it${parts.length ? `: ${parts.join(' ')}` : ''}`)
  close({ pass: 0, fail: 1, skipped: 0 })
}

/** Where a file stands among those that start first. */
function place(file) {
  const at = FIRST.findIndex((part) => file.includes(`/${part}`))
  return at < 0 ? FIRST.length : at
}

function filesBelow(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath ?? entry.path}/${entry.name}`)
}

/** Removes what was compiled from sources that are gone: a deleted test must not go on passing. */
function pruneStale(compiled, sources) {
  for (const file of filesBelow(compiled)) {
    const source = sources + file.slice(compiled.length).replace(/\.js(\.map)?$/, '.ts')
    if (source.endsWith('.ts') && !existsSync(source)) rmSync(file)
  }
}

/**
 * Runs the files and streams a report: failures and skips as they come, one line per file as it ends.
 * Counts come from the runner's own closing diagnostics (`pass 12`), so that nothing is counted twice or missed.
 * A file without a test counts as passed for the runner; for us it has failed.
 */
async function runFiles(list) {
  const counts = { pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 }
  const report = new FileReport()
  let empty = 0
  for await (const { type, data } of run({ files: list, concurrency: FILES_AT_ONCE, timeout: TIMEOUT_MS[suite] })) {
    if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message)
    if (type === 'test:diagnostic') {
      const [, name, count] = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message) ?? []
      if (name) counts[name] = Number(count)
      else console.log(`    ${data.message}`) // a measurement that a test prints
    }
    if (type === 'test:pass' || type === 'test:fail') {
      if (type === 'test:pass' && data.name === data.file) empty++
      report.add(type === 'test:pass', data)
    }
  }
  report.end()
  return { pass: counts.pass - empty, fail: counts.fail + counts.cancelled + empty, skipped: counts.skipped + counts.todo }
}

/** The report of the file that is being run; the runner gives results file after file. */
class FileReport {
  file = ''
  passed = 0
  ms = 0

  add(passed, { file, name, nesting, details, skip, todo }) {
    if (file !== this.file) this.end()
    this.file = file ?? ''
    if (nesting === 0) this.ms += details.duration_ms
    if (passed && name === file) console.log(`FAILED ${shown(file)}: holds no test`)
    else if (!passed) printFailure(file, name, details.error)
    else if (skip !== undefined || todo !== undefined) console.log(`SKIPPED ${shown(file)}: ${name}: ${reason(skip) || reason(todo) || 'no reason given'}`)
    else if (details.type !== 'suite') this.passed++
  }

  end() {
    if (this.file) console.log(`${shown(this.file)}: ${this.passed} passed, ${Math.round(this.ms)} ms`)
    Object.assign(this, { file: '', passed: 0, ms: 0 })
  }
}

function reason(mark) {
  return typeof mark === 'string' ? mark : ''
}

function shown(file) {
  return relative(root, file ?? '').replace(/^dist\//, '')
}

/** A test that failed only because a test inside it did has nothing to add. */
function printFailure(file, name, error) {
  if (error?.failureType === 'subtestsFailed') return
  const cause = error?.cause
  const text = cause?.code === 'ERR_ASSERTION' ? cause.stack : cause instanceof Error ? inspect(cause) : String(cause ?? error?.message ?? error)
  console.log(`FAILED ${shown(file)}: ${name === file ? 'the file as a whole' : name}\n${text.replace(/^/gm, '    ')}`)
}

function close({ pass, fail, skipped }) {
  console.log(`${pass} passed, ${fail} failed, ${skipped} skipped`)
  process.exitCode = fail > 0 || pass === 0 ? 1 : 0
}

await main()

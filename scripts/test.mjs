// Runs one suite of the compiled tests with Node's own runner and closes with one plain line of its counts:
//
//     node scripts/test.mjs unit [part of a path…]     dist/test/**/*.test.js         seconds, nothing needed but Node
//     node scripts/test.mjs integration [part…]        dist/test/**/*.integration.js  real sockets and real peers
//     node scripts/test.mjs long [part…]               dist/test/**/*.long.js         minutes
//
// One line per file, every failure whole, every skip with its reason. Exit code 0 only where at least one
// test passed and none failed: a suite that has lost its files is a failure, not a success.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'

const SUITES = { unit: '.test.js', integration: '.integration.js', long: '.long.js' }
// a file that hangs, not one that is slow: the slowest unit file takes ten seconds on two idle cores
const TIMEOUT_MS = { unit: 240_000, integration: 600_000, long: Infinity }
// two cores' worth: integration files wait for a third of their time, for servers that start and for leases that end
const FILES_AT_ONCE = { unit: 2, integration: 3, long: 2 }
// the longest start first: one that starts last has the machine to itself while the other core waits; those that reckon by turns with those that wait
const FIRST = [
  'ops/serve.', 'ops/recursing', 'store/true-disk', 'ops/register.', 'fail/operation', 'battery/compare', 'ops/probing', 'fail/updates-and-disk', 'ops/zone-write',
  'ops/zone-freeze', 'fail/kill-updates', 'ops/deferred', 'ops/pushing',
]
// Unit files of these folders share processes: to start Node and compile the same modules again costs more than most of them take.
const TOGETHER = ['authority', 'cache', 'conformance', 'discovery', 'dns', 'dnssec', 'resolver', 'server', 'update', 'zone']
const TOGETHER_MOST = 16
// what measures, starts threads or processes, or has hooks around all tests of its process, keeps a process of its own
const ALONE = /\b(process|globalThis|mock)\.|performance\.now|new Worker|node:(child_process|worker_threads)|^(before|after)(Each)?\(/m

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
 * A file without a test counts as passed for the runner; for us it has failed, and so has one that shares a process and did not come to its end.
 */
async function runFiles(list) {
  const counts = { pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 }
  const report = new FileReport()
  const shared = new SharedProcesses(list)
  let empty = 0
  for await (const { type, data } of run({ files: shared.files, concurrency: FILES_AT_ONCE[suite], timeout: TIMEOUT_MS[suite] })) {
    if (type === 'test:stdout' || type === 'test:stderr') process.stdout.write(data.message)
    if (type === 'test:diagnostic') {
      const [, name, count] = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/.exec(data.message) ?? []
      if (name) counts[name] = Number(count)
      else console.log(`    ${data.message}`) // a measurement that a test prints
    }
    if (type === 'test:pass' || type === 'test:fail') {
      if (shared.take(type === 'test:pass', data)) continue
      if (type === 'test:pass' && data.name === data.file) empty++
      report.add(type === 'test:pass', data)
    }
  }
  report.end()
  const { marks, wrong } = shared.end()
  return { pass: counts.pass - empty - marks, fail: counts.fail + counts.cancelled + empty + wrong, skipped: counts.skipped + counts.todo }
}

/**
 * Files that share a process are imported one after another by a file that is made for it, which marks its beginning and the end of each
 * by a test of that name: one that cannot be loaded fails there, one without a test since the last mark is empty, and one without a mark was
 * cut off.
 */
class SharedProcesses {
  /** What to run: those that share a process in one file, the others as they are. */
  files = []
  folder = mkdtempSync(join(tmpdir(), 'waggle-together-'))
  made = new Set()
  /** Files without their mark yet, each with the file that imports it. */
  waiting = new Map()
  marks = 0
  wrong = 0
  /** Whether there was a test since the last mark. */
  hasTest = false

  constructor(list) {
    const groups = new Map()
    for (const file of list) {
      const top = relative(`${root}dist/test`, file).split('/')[0]
      if (suite !== 'unit' || !TOGETHER.includes(top) || ALONE.test(readFileSync(file, 'utf8'))) {
        this.files.push(file)
        continue
      }
      const group = groups.get(top)?.length < TOGETHER_MOST ? groups.get(top) : []
      if (group.length === 0) {
        groups.set(top, group)
        this.files.push(group)
      }
      group.push(file)
    }
    this.files = this.files.map((one, i) => (Array.isArray(one) ? this.write(one, i) : one))
  }

  /** Makes the file of a group; a group of one needs none. */
  write(group, i) {
    if (group.length === 1) return group[0]
    const file = join(this.folder, `${i}.mjs`)
    const imports = group.map((one) => `await end(${JSON.stringify(one)}, import(${JSON.stringify(pathToFileURL(one).href)}))\n`)
    writeFileSync(file, `import { test } from 'node:test'
const end = (name, loading) => loading.then(() => void test(name, () => {}), (fault) => void test(name, () => { throw fault }))
test('begin', () => {})
${imports.join('')}`)
    for (const one of group) this.waiting.set(one, file)
    this.made.add(file)
    return file
  }

  /** Notes how far a shared process has come; true for a mark, which is no test. */
  take(passed, { file, name, nesting, details }) {
    const isEnd = this.waiting.has(name) && this.waiting.get(name) === file
    if (!isEnd && !(name === 'begin' && this.made.has(file))) {
      this.hasTest ||= nesting === 0
      return false
    }
    if (passed) this.marks++
    else printFailure(name, name, details.error)
    if (passed && isEnd && !this.hasTest) this.fail(name, 'holds no test')
    this.waiting.delete(name)
    this.hasTest = false
    return true
  }

  fail(file, why) {
    this.wrong++
    console.log(`FAILED ${shown(file)}: ${why}`)
  }

  end() {
    for (const file of this.waiting.keys()) this.fail(file, 'its process ended before it did')
    rmSync(this.folder, { recursive: true, force: true })
    return this
  }
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

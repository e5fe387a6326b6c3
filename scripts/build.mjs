// Makes dist/ from the sources, installing what is missing first, so that `npm start` and `npm test`
// work straight after `git clone`. `npm ci` runs only where node_modules lacks the lock file's content, and
// never where node_modules is a link: it would empty what the link leads to.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const installed = `${root}node_modules/.package-lock.json`
const lock = `${root}package-lock.json`

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error || status !== 0) fail(command, args, error ? error.message : `ended with exit code ${status}`)
}

function fail(command, args, how) {
  console.error(`Cannot build: ${command} ${args.join(' ')} ${how}`)
  process.exit(1)
}

/** The compiler is a program of its own: where it was installed a moment ago, it may still be open for writing, and cannot be run before that has ended. */
function compile(tries) {
  const args = [`${root}node_modules/@typescript/native/bin/tsc`, '-p', root]
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'inherit', 'pipe'], encoding: 'utf8' })
  if (status === 0) return
  if (tries > 1 && stderr.includes('ETXTBSY')) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000)
    return compile(tries - 1)
  }
  process.stderr.write(stderr)
  fail(process.execPath, args, `ended with exit code ${status}`)
}

const isLink = lstatSync(`${root}node_modules`, { throwIfNoEntry: false })?.isSymbolicLink() === true
if (!isLink && (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs)) {
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
}
compile(10)

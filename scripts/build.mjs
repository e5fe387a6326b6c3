// Makes dist/ from the sources, installing what is missing first, so that `npm start` and `npm test`
// work straight after `git clone`. `npm ci` runs only where node_modules lacks the lock file's content.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const installed = `${root}node_modules/.package-lock.json`
const lock = `${root}package-lock.json`

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (error || status !== 0) {
    console.error(`Cannot build: ${command} ${args.join(' ')} ${error ? error.message : `ended with exit code ${status}`}`)
    process.exit(1)
  }
}

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'])
}
run(process.execPath, [`${root}node_modules/@typescript/native/bin/tsc`, '-p', root])

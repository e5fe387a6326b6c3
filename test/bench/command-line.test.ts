/** Every bench tells how it is used, and what of a command line it does not know: nothing is measured by mistake. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
/** Script and file of each bench, by package.json. */
const BENCHES = Object.entries(scripts).flatMap(([name, command]) => {
  const [, file] = /node (dist\/test\/bench\/\S+\.js)/.exec(command) ?? []
  return file === undefined ? [] : [{ name, file: join(ROOT, file) }]
})

describe('the command line of a bench', () => {
  test('each is known to package.json', () => assert.ok(BENCHES.length >= 9, BENCHES.map(({ name }) => name).join()))

  for (const { name, file } of BENCHES) {
    test(`npm run ${name} -- --help says how it is used; what it does not know is a mistake`, () => {
      const help = spawnSync(process.execPath, [file, '--help'], { encoding: 'utf8' })
      assert.deepEqual([help.status, help.stderr], [0, ''])
      assert.ok(help.stdout.startsWith(`npm run ${name} -- [--`), help.stdout)
      const wrong = spawnSync(process.execPath, [file, '--colour', 'red'], { encoding: 'utf8' })
      assert.deepEqual([wrong.status, wrong.stdout, wrong.stderr], [2, '', `Unknown option '--colour'\n\n${help.stdout}`])
    })
  }
})

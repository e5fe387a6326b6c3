/** What a file holds by chance, or by malice, as it is quoted in messages; and folders that cannot be made. */
import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { TextFault } from '../../src/dns/faults.ts'
import { makeFolders } from '../../src/ops/folder.ts'
import { makeFolder } from '../ops/process.ts'
import { load } from '../zone/support.ts'

const folder = makeFolder({})
after(() => folder.remove())

test('control characters of a zone file reach no terminal: messages show them as escapes (RFC 1035 5.1)', () => {
  const { findings } = load('a \u001b[31mred\u0007 x\n', 'example.com.')
  assert.ok(findings.some(({ message }) => message.includes('\\027[31mred\\007')), JSON.stringify(findings))
  for (let code = 0; code < 0xa0; code++) {
    const { message } = new TextFault(`x${String.fromCharCode(code)}y`, { file: 'f', line: 1, column: 1 })
    const isControl = code < 0x20 || code >= 0x7f
    assert.equal(message, isControl ? `x\\${String(code).padStart(3, '0')}y` : `x${String.fromCharCode(code)}y`)
  }
})

test('folders are made level by level, and made again without complaint', () => {
  const path = join(folder.path, 'a/b/c')
  for (let i = 0; i < 2; i++) makeFolders(path)
  assert.ok(existsSync(path))
})

test('a folder that cannot be made is refused at once, also where nothing can be made in a folder that exists', () => {
  writeFileSync(join(folder.path, 'file'), '')
  for (const path of ['file', 'file/a', 'file/a/b']) assert.throws(() => makeFolders(join(folder.path, path)), { code: path === 'file' ? 'EEXIST' : 'ENOTDIR' })
  if (existsSync('/proc/self')) assert.throws(() => makeFolders('/proc/none/below'), /ENOENT/)
})

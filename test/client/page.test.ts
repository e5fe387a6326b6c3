/**
 * The first and the last five lines of docs/client.md, run as they stand but for port and file: programs of their own that import `waggle/client`;
 * one registers, and withdraws when it is told to end, the other watches.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as library from '../../src/client/index.ts'
import { newKeyPair } from '../../src/client/new-keys.ts'
import { selfCertifyingId } from '../../src/discovery/identifier/agent.ts'
import { Name } from '../../src/dns/name.ts'
import { printPrivateFile, printPublicFile } from '../../src/dnssec/key-files.ts'
import { blocksOf } from '../meta/pages.ts'
import { root, textOf } from '../meta/tree.ts'
import { startPushServer } from './push-server.ts'
import { startRegistrar } from './registrar.ts'

const folder = mkdtempSync(join(tmpdir(), 'waggle-page-'))
after(() => rmSync(folder, { recursive: true }))
const blocks = blocksOf('docs/client.md').filter(({ language }) => language === 'ts')
const [block] = blocks

test('each example is five lines long', () => {
  assert.deepEqual(blocks.map(({ lines }) => lines.length), [5, 5, 5, 5, 5], 'page.integration.ts runs the three in the middle')
})

test('the first registers and withdraws', { timeout: 30_000 }, async () => {
  const pair = newKeyPair(Name.parse('babel.acme.example'), 13)
  writeFileSync(join(folder, 'Kbabel.key'), printPublicFile(pair))
  writeFileSync(join(folder, 'Kbabel.private'), printPrivateFile(pair, '20261125203729'))
  const registrar = await startRegistrar({ grant: { lease: 60, keyLease: 600 } })
  const code = block.lines.join('\n').replace('127.0.0.1:5300', registrar.server).replace('Kbabel.key', join(folder, 'Kbabel.key'))
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root, env: environment })
  try {
    let printed = ''
    child.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()))
    for await (const chunk of child.stdout) if ((printed += String(chunk)).includes('\n')) break
    const name = `${selfCertifyingId(pair.record.rdata)}._sa.acme.example.`
    assert.equal(printed, `${name} { lease: 60, keyLease: 600 }\n`)
    assert.ok(registrar.records.has(`v2.translate.text.nlp._cap.acme.example. 60 IN AGENT 1 ${name} latency=180ms`))
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null], printed)
    assert.equal(registrar.records.size, 0)
  } finally {
    child.kill('SIGKILL')
    registrar.close()
  }
})

test('the last watches, and ends when it is told to', { timeout: 30_000 }, async () => {
  const agent = 'translate.text.nlp._cap.acme.example. 60 IN AGENT 1 babel._sa.acme.example. latency=180ms'
  const server = await startPushServer({ records: [agent] })
  const code = blocks[4].lines.join('\n').replace('127.0.0.1:5300', server.server)
  const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root, env: environment })
  try {
    const told = { out: '', err: '' }
    child.stdout.on('data', (chunk: Buffer) => (told.out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (told.err += chunk.toString()))
    const ended = once(child, 'close')
    while (!told.out.includes('\n') && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20))
    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null], told.err)
    assert.deepEqual(told, { out: `added ${agent}\n1\n`, err: 'connected\nsubscribed\n' })
  } finally {
    child.kill('SIGKILL')
    server.close()
  }
})

test('the page names only what the library has', () => {
  const called = [...textOf('docs/client.md').matchAll(/`(\w+)(?:\(.*?\))?`/g)].map(([, name]) => name).filter((name) => /[a-z][A-Z]/.test(name) && !/^(keepName|keyLease|serverKey|onEvent|lookMs|serviceMs|ageMs|ttlSeconds|tookMs)$/.test(name))
  assert.ok(called.length >= 6)
  assert.deepEqual(called.filter((name) => !Object.hasOwn(library, name)), [])
})

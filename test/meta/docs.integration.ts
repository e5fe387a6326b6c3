/**
 * Runs what the pages tell a reader to run, against the server that `npm start` starts, in a folder that holds
 * nothing but bin/ and zones/ as a reader has them. The port 5300 of the pages becomes a free one here.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { blocksOf, commandsOf, matches, pages, type Command } from './pages.ts'
import { root, textOf } from './tree.ts'

const START_MS = 20_000
const COMMAND_MS = 20_000

/** Commands of the pages that are not run here, and what runs them instead. */
const SHOWN_ELSEWHERE: Record<string, string> = {
  'npm start': 'its command is the one that starts the server of this test',
  'npm test': 'runs the unit suite; .ci/run does it',
  'npm run lint': '.ci/run does it',
  'npm run test:integration': 'runs this very test',
}

const commands = pages().flatMap((page) => blocksOf(page)).filter(({ language }) => language === 'sh' || language === 'console').flatMap(commandsOf)
const folder = mkdtempSync(join(tmpdir(), 'waggle-docs-'))
let port = 0
let server: ChildProcess | undefined
let log = ''

before(async () => {
  port = await freePort()
  symlinkSync(`${root}bin`, join(folder, 'bin'))
  cpSync(`${root}zones`, join(folder, 'zones'), { recursive: true, filter: (path) => !/zones\/data/.test(path) })
  const config = join(folder, 'zones/waggle.yaml')
  writeFileSync(config, onPort(readFileSync(config, 'utf8')))
  server = await startServer()
})

after(async () => {
  if (server?.exitCode === null) {
    const ended = new Promise((resolve) => server?.once('exit', resolve))
    server.kill('SIGTERM')
    await ended
  }
  rmSync(folder, { recursive: true, force: true })
})

/** `text` with the port of the pages replaced by the one that is free here. */
function onPort(text: string): string {
  return text.replace(/\b5300\b/g, String(port))
}

/** The server by the very command of `npm start`, once it has said that it is ready. */
async function startServer(): Promise<ChildProcess> {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Record<string, string> }
  const [program, ...args] = scripts.start.split('&&').at(-1)?.trim().split(' ') ?? []
  assert.equal(program, 'node', 'npm start ends with a command of node')
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
  await new Promise<void>((resolve, reject) => {
    const tooLate = setTimeout(() => { reject(new Error(`the server is not ready after ${START_MS} ms:\n${log}`)) }, START_MS)
    child.once('exit', (code) => { reject(new Error(`the server ended with exit code ${code}:\n${log.slice(-800)}`)) })
    child.stdout.on('data', (chunk: Buffer) => {
      log += chunk.toString()
      if (!log.includes('"msg":"ready"')) return
      clearTimeout(tooLate)
      resolve()
    })
  })
  return child
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as AddressInfo
      probe.close(() => { resolve(free) })
    })
  })
}

function installed(program: string): boolean {
  return spawnSync('bash', ['-c', `command -v ${program}`]).status === 0
}

/** Programs of Debian that a command needs and this machine lacks. */
function missingFor(command: string): string[] {
  const needed = command.matchAll(/(?:^|[|;&]\s*)(dig|kdig|drill|delv|nsupdate|dnsperf|curl|named-checkzone|kzonecheck)\b/g)
  return [...needed].map(([, program]) => program).filter((program) => !installed(program))
}

test('the pages hold commands', () => {
  assert.ok(commands.length >= 10, `only ${commands.length} commands were found`)
})

for (const command of commands) {
  const title = `${command.page}:${command.line}: ${command.command}`
  const elsewhere = SHOWN_ELSEWHERE[command.command]
  if (elsewhere !== undefined) continue
  const missing = missingFor(command.command)
  test(title, { skip: missing.length > 0 ? `needs ${missing.join(' ')}` : false }, () => { runAsWritten(command) })
}

function runAsWritten({ page, line, command, output }: Command): void {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', onPort(command)], { cwd: folder, encoding: 'utf8', timeout: COMMAND_MS, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed = (stdout + stderr).replaceAll(String(port), '5300')
  if (output === null) assert.equal(status, 0, `${page}:${line}: exit code\n${printed}`)
  else assert.ok(matches(printed, output), `${page}:${line}: ${command}\nprinted\n${printed}\nbut the page says\n${output.join('\n')}`)
}

test('the server wrote nothing to its log that warns or fails', () => {
  const bad = log.split('\n').filter((line) => /"level":(40|50|60)/.test(line))
  assert.deepEqual(bad, [])
})

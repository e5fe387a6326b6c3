/**
 * `waggle renew` as a process, as a service manager runs it: it ends by real signals with the exit codes that scripts rely on, and
 * what it prints comes line by line.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { after, before, beforeEach, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startRegistrar, type Registrar } from '../client/registrar.ts'
import { scratch } from './running.ts'

const LAUNCHER = fileURLToPath(new URL('../../../bin/waggle', import.meta.url))
const { write } = scratch()
let registrar: Registrar
let file = ''
before(async () => {
  registrar = await startRegistrar()
  file = write('agent.yaml', `server: ${registrar.server}\nprovider: acme.example\nid: babel\naddresses: [192.0.2.10]\ncapabilities: [{ name: v1.x }]\n`)
})
after(() => registrar.close())
beforeEach(() => {
  Object.assign(registrar, { grant: { lease: 60, keyLease: 600 }, refusal: undefined, isSilent: false })
  registrar.records.clear()
})

/** The command as a process, with its lines as they come. */
class Process {
  readonly child: ChildProcess
  readonly ended: Promise<[code: number | null, signal: string | null]>
  out = ''
  err = ''

  constructor(...args: string[]) {
    const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env
    this.child = spawn(process.execPath, [LAUNCHER, 'renew', '-f', file, '--soon', ...args], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout?.on('data', (chunk: Buffer) => (this.out += chunk.toString()))
    this.child.stderr?.on('data', (chunk: Buffer) => (this.err += chunk.toString()))
    const late = setTimeout(() => this.child.kill('SIGKILL'), 20_000)
    this.ended = new Promise((resolve) => this.child.once('close', (code, signal) => {
      clearTimeout(late)
      resolve([code, signal])
    }))
  }

  /** Waits until it has printed this event. */
  async event(kind: string): Promise<void> {
    while (!this.events().includes(kind)) {
      assert.equal(this.child.exitCode, null, this.err)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  events(): string[] {
    return this.out.split('\n').slice(0, -1).map((line) => (JSON.parse(line) as { event: string }).event)
  }
}

describe('waggle renew', () => {
  it('ends with 0 at SIGTERM and SIGINT, and leaves the lease to run out', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const renewing = new Process()
      await renewing.event('registered')
      renewing.child.kill(signal)
      assert.deepEqual(await renewing.ended, [0, null])
      assert.equal(renewing.err, '')
      assert.equal(registrar.records.size, 2)
    }
  })

  it('withdraws at SIGTERM where it is told to', async () => {
    const renewing = new Process('--withdraw-at-end')
    await renewing.event('registered')
    renewing.child.kill('SIGTERM')
    assert.deepEqual(await renewing.ended, [0, null])
    assert.deepEqual(renewing.events(), ['registered', 'withdrawn'])
    assert.equal(registrar.records.size, 0)
  })

  it('ends with 1 where it is refused', async () => {
    registrar.refusal = 'no grant'
    const renewing = new Process()
    assert.deepEqual(await renewing.ended, [1, null])
    assert.deepEqual(renewing.events(), ['refused'])
  })

  it('ends with 1 at once at a second signal, while the server does not answer the withdrawal', async () => {
    const renewing = new Process('--withdraw-at-end', '--timeout', '10000')
    await renewing.event('registered')
    registrar.isSilent = true
    renewing.child.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(renewing.child.exitCode, null)
    const startMs = performance.now()
    renewing.child.kill('SIGTERM')
    assert.deepEqual(await renewing.ended, [1, null])
    assert.ok(performance.now() - startMs < 2_000)
  })

  it('ends with 2 where it is called wrongly', async () => {
    const renewing = new Process('--lease', 'long')
    assert.deepEqual(await renewing.ended, [2, null])
    assert.match(renewing.err, /^waggle: option '--lease <seconds>' argument 'long' is invalid/)
  })
})

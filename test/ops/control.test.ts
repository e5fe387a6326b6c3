/**
 * The control socket: private, patient with nobody, and clear about what it cannot do.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { askControl } from '../../src/cli/control-client.ts'
import { isInUse, openControl, type ControlHandler, type ControlSocket } from '../../src/ops/control.ts'

const folder = mkdtempSync(join(tmpdir(), 'waggle-control-'))
const path = join(folder, 'control.sock')
let server: ControlSocket

const handle: ControlHandler = async (request, send) => {
  if (request.command === 'break') throw new Error('Cannot do that')
  if (request.command === 'long') for (let i = 0; i < 200; i++) await send('x'.repeat(10_000))
  return { ok: true, heard: request }
}

/** Sends raw octets and gives everything that comes back. */
function sendRaw(octets: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(octets))
    let heard = ''
    socket.on('data', (chunk) => (heard += chunk.toString()))
    socket.on('error', reject)
    socket.on('close', () => resolve(heard))
  })
}

before(async () => {
  server = await openControl(path, handle)
})
after(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

describe('the control socket', () => {
  it('is for its own user alone', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('carries a request and its answer', async () => {
    assert.deepEqual(await askControl(path, { command: 'x', zone: 'a.example.' }), { ok: true, heard: { command: 'x', zone: 'a.example.' } })
  })

  it('sends long text in pieces, as fast as it is read', async () => {
    let size = 0
    const answer = await askControl(path, { command: 'long' }, (text) => (size += text.length))
    assert.equal(answer.ok, true)
    assert.equal(size, 2_000_000)
  })

  it('turns a fault of a command into an answer', async () => {
    assert.deepEqual(await askControl(path, { command: 'break' }), { ok: false, error: 'Cannot do that' })
  })

  it('says what is wrong with a request that is none', async () => {
    for (const line of ['{', '[]', '42', '"x"', 'null', '{"command":7}', '{"zone":"a."}', '']) {
      const answer = JSON.parse(await sendRaw(`${line}\n`)) as { ok: boolean; error: string }
      assert.equal(answer.ok, false, line)
      assert.match(answer.error, /^Cannot parse request: /, line)
    }
  })

  it('takes no request without end', async () => {
    assert.match(await sendRaw('x'.repeat(5_000)), /"Cannot take a request of more than 4096 octets"/)
  })

  it('survives a client that goes away in the middle of an answer', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(path, () => socket.write('{"command":"long"}\n'))
      socket.once('data', () => {
        socket.destroy()
        resolve()
      })
    })
    assert.equal((await askControl(path, { command: 'still there' })).ok, true)
  })
})

describe('opening the control socket', () => {
  it('is refused where another server answers on it', async () => {
    assert.equal(await isInUse(path), true)
    await assert.rejects(openControl(path, handle), /as another server answers on it$/)
    assert.equal((await askControl(path, { command: 'unharmed' })).ok, true)
  })

  it('takes the place of what a dead server left', async () => {
    const stale = join(folder, 'stale.sock')
    writeFileSync(stale, '')
    const second = await openControl(stale, handle)
    assert.equal((await askControl(stale, { command: 'x' })).ok, true)
    const open = connect(stale)
    const closed = new Promise((resolve) => open.on('close', resolve))
    await new Promise<void>((resolve) => open.on('connect', () => resolve()))
    open.resume()
    await second.close()
    await closed
    assert.equal(existsSync(stale), false)
  })

  it('says why it cannot be opened', async () => {
    await assert.rejects(openControl(join(folder, 'none', 'c.sock'), handle), /Cannot listen on .*c\.sock: /)
  })
})

describe('a command without a server', () => {
  it('is told that none runs', async () => {
    const answer = await askControl(join(folder, 'nobody.sock'), { command: 'stats' })
    assert.deepEqual(answer, { ok: false, error: `Cannot reach a server as none runs with this data directory (${join(folder, 'nobody.sock')})` })
  })
})

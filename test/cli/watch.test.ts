/**
 * `waggle watch` before a server that pushes, is lost, refuses or is none: what it prints of each change, when it says that it is connected, and with which
 * words and exit code it ends.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import type { Signals } from '../../src/cli/renew.ts'
import { watchCommand, type WatchCommandOptions } from '../../src/cli/watch.ts'
import { RCODE } from '../../src/dns/codes.ts'
import { readSubscribe, retryDelayTlv } from '../../src/dns/dso.ts'
import { type PushBehaviour, type PushServer, startPushServer } from '../client/push-server.ts'
import { run } from './running.ts'

const V2 = 'v2.translate.text.nlp._cap.acme.example'
const BABEL = `${V2}. 60 IN AGENT 1 babel._sa.acme.example. latency=180ms`
const IRIS = `${V2}. 60 IN AGENT 1 iris._sa.acme.example. latency=40ms`

const servers: PushServer[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function serving(behaviour: Partial<PushBehaviour> = {}): Promise<PushServer> {
  const server = await startPushServer(behaviour)
  servers.push(server)
  return server
}

/** The command under way, with signals that a test sends. */
class Command implements Signals {
  out = ''
  err = ''
  readonly code: Promise<number>
  readonly heard = new Map<string, () => void>()

  constructor(server: string, options: Partial<WatchCommandOptions> = {}, name = V2, type = 'AGENT') {
    const io = { out: (text: string) => void (this.out += text), err: (text: string) => void (this.err += text) }
    this.code = watchCommand(name, type, { server, class: 'IN', ...options }, io, this)
  }

  on(signal: string, work: () => void): void {
    this.heard.set(signal, work)
  }

  off(signal: string): void {
    this.heard.delete(signal)
  }

  /** Waits until it has printed this, on either stream. */
  async printed(text: string): Promise<void> {
    const lateMs = performance.now() + 10_000
    while (!this.out.includes(text) && !this.err.includes(text)) {
      assert.ok(performance.now() < lateMs, `${this.out}${this.err} is all that came`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async end(signal: 'SIGTERM' | 'SIGINT' = 'SIGINT'): Promise<number> {
    this.heard.get(signal)?.()
    const code = await this.code
    assert.equal(this.heard.size, 0, 'signals are left alone afterwards')
    return code
  }
}

describe('waggle watch', () => {
  it('prints a line for each change at once, and ends with 0 by a signal', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const server = await serving({ records: [BABEL] })
      const command = new Command(server.server, { for: 3_600 }) // a timer that were left would keep this process
      await command.printed('+ ')
      assert.deepEqual([command.out, command.err], [`+ ${BABEL}\n`, `waggle: Connected to ${server.server}\n`])
      server.peers[0].push(`+ ${IRIS}`, `+ ${BABEL.replace(' 60 ', ' 30 ')}`, `- ${IRIS}`)
      await command.printed('- ')
      assert.equal(command.out, `+ ${BABEL}\n+ ${IRIS}\n~ ${BABEL.replace(' 60 ', ' 30 ')}\n- ${IRIS}\n`)
      assert.equal(await command.end(signal), 0)
      await once(server.peers[0].socket, 'close')
    }
  })

  it('prints a JSON object per line where that is wanted', async () => {
    const sense = `${V2}. 0 IN SENSE 7 babel._sa.acme.example. active=2`
    const server = await serving({ records: [sense] })
    const command = new Command(server.server, { json: true }, 'agent://acme.example/nlp/text/translate/v2', 'sense')
    await command.printed('added')
    server.peers[0].push(`+ ${sense.replace('7', '8')}`, `x ${V2}. SENSE ANY`)
    await command.printed('removed')
    assert.equal(await command.end(), 0)
    const told = { name: `${V2}.`, type: 'SENSE', class: 'IN', ttl: 0, rdata: '7 babel._sa.acme.example. active=2' }
    const later = { ...told, rdata: told.rdata.replace('7', '8') }
    assert.deepEqual(command.out.trimEnd().split('\n').map((line) => JSON.parse(line) as object), [{ kind: 'added', ...told }, { kind: 'changed', ...later }, { kind: 'removed', ...later }])
    assert.deepEqual(Object.keys(JSON.parse(command.out.split('\n')[0]) as object), ['kind', 'name', 'type', 'class', 'ttl', 'rdata'])
  })

  it('ends with 0 after as many seconds as were wanted, though nothing comes', async () => {
    const server = await serving()
    const startMs = performance.now()
    const { code, out, err } = await run('watch', V2, '-s', server.server, '--for', '1')
    assert.deepEqual([code, out, err], [0, '', `waggle: Connected to ${server.server}\n`])
    assert.ok(performance.now() - startMs >= 990)
    assert.deepEqual(process.listeners('SIGINT'), [])
  })

  it('asks in the class that is wanted', async () => {
    const server = await serving({ records: [BABEL.replace(' IN ', ' LOCAL ')] })
    const command = new Command(server.server, { class: 'LOCAL' })
    await command.printed('+ ')
    assert.equal(await command.end(), 0)
    assert.equal(readSubscribe(server.peers[0].seen[1].tlvs[0]).class, 65440)
    assert.equal(command.out, `+ ${BABEL.replace(' IN ', ' LOCAL ')}\n`)
  })

  it('goes on where its connection is lost, and says so', async () => {
    const server = await serving({ records: [BABEL] })
    const command = new Command(server.server)
    await command.printed('+ ')
    server.peers[0].socket.destroy()
    await command.printed('Lost ')
    assert.match(command.err, new RegExp(`^waggle: Connected to ${server.server}\nwaggle: Lost ${server.server}: the server closed the connection; it is tried again in 1\\.\\d s\n$`))
    server.records = [BABEL, IRIS]
    await command.printed(`+ ${IRIS}`)
    assert.equal(command.out, `+ ${BABEL}\n+ ${IRIS}\n`)
    assert.equal(await command.end(), 0)
  })

  it('waits as long as a busy server says, and can be ended meanwhile', async () => {
    const server = await serving({ subscribeRcode: RCODE.SERVFAIL, retryMs: 3_600_000 })
    const command = new Command(server.server)
    await command.printed('Lost ')
    assert.equal(command.err, `waggle: Lost ${server.server}: SERVFAIL; it is tried again in 3600.0 s\n`)
    assert.equal(await command.end(), 0)
    const other = await serving()
    const stopped = new Command(other.server)
    await stopped.printed('Connected')
    other.peers[0].send([retryDelayTlv(5_000)])
    await stopped.printed('Lost ')
    assert.equal(await stopped.end(), 0)
  })
})

describe('waggle watch ends with 1', () => {
  const REFUSED: [rcode: number, why: string][] = [
    [RCODE.REFUSED, 'REFUSED: it does not push to this network; its config says who may watch'],
    [RCODE.NOTAUTH, 'NOTAUTH: the name is in no zone of this server; watch it at one that serves its zone'],
    [RCODE.DSOTYPENI, 'DSOTYPENI: it knows no DNS Push (RFC 8765); is it Waggle, and a version that does?'],
  ]
  for (const [rcode, why] of REFUSED) {
    it(`where it is refused: ${why.split(':')[0]}`, async () => {
      const { server } = await serving({ subscribeRcode: rcode })
      assert.deepEqual(await run('watch', V2, '-s', server), { code: 1, out: '', err: `waggle: Cannot watch ${V2}. AGENT at ${server}: ${why}\n` })
    })
  }

  it('where the server knows no sessions', async () => {
    const { server } = await serving({ keepaliveRcode: RCODE.NOTIMP })
    const { code, err } = await run('watch', V2, '-s', server)
    assert.deepEqual([code, err], [1, `waggle: Cannot watch ${V2}. AGENT at ${server}: NOTIMP: it knows no DNS Push (RFC 8765); is it Waggle, and a version that does?\n`])
  })

  it('where it is refused later, after what it was told', async () => {
    const server = await serving({ records: [BABEL] })
    const command = new Command(server.server)
    await command.printed('+ ')
    server.subscribeRcode = RCODE.REFUSED
    server.peers[0].socket.destroy()
    assert.equal(await command.code, 1)
    assert.match(command.err, /\nwaggle: Cannot watch .* REFUSED: /)
  })

  it('where nobody is there at the first try', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await once(closed, 'listening')
    const server = `127.0.0.1:${(closed.address() as { port: number }).port}`
    closed.close()
    await once(closed, 'close')
    assert.deepEqual(await run('watch', V2, '-s', server), { code: 1, out: '', err: `waggle: No session with ${server}: nothing listens there (connection refused)\n` })
  })

  it('where no session comes about in the time', async () => {
    const { server } = await serving({ isSilent: true })
    assert.deepEqual(await run('watch', V2, '-s', server, '--for', '1'), { code: 1, out: '', err: `waggle: No session with ${server}: none came about within 1 s\n` })
  })

  it('where who is there agrees to no session', async () => {
    const strangers: [how: (socket: NodeJS.WritableStream & { destroy(): void }) => void, why: RegExp][] = [
      [(socket) => socket.destroy(), /: the server closed the connection\n$/],
      [(socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'.repeat(3_000)), /: what it sends cannot be read: Cannot read DSO message as its opcode is another\n$/],
      [() => undefined, /: no response within 2000 ms\n$/],
    ]
    for (const [how, why] of strangers) {
      const stranger = createServer((socket) => {
        socket.on('error', () => socket.destroy())
        how(socket)
      }).listen(0, '127.0.0.1')
      await once(stranger, 'listening')
      const server = `127.0.0.1:${(stranger.address() as { port: number }).port}`
      const { code, err } = await run('watch', V2, '-s', server)
      stranger.close()
      assert.equal(code, 1)
      assert.match(err, why)
      assert.ok(err.startsWith(`waggle: No session with ${server}: `), err)
    }
  })
})

describe('waggle watch ends with 2', () => {
  const WRONG: [args: string[], why: RegExp][] = [
    [[V2], /^waggle: Cannot watch as nobody is named by --server: address\[:port\], such as 127\.0\.0\.1:5300/],
    [[V2, '-s', 'localhost'], /^waggle: Cannot use server "localhost" as it must be address\[:port\], such as 127\.0\.0\.1:5300/],
    [[V2, 'AGENTS', '-s', '127.0.0.1'], /^waggle: Cannot use type "AGENTS" as it must be a mnemonic such as AGENT/],
    [[V2, '-s', '127.0.0.1', '--class', 'OUT'], /^waggle: Cannot use class "OUT" as it must be IN, LOCAL, CH/],
    [['a..b', '-s', '127.0.0.1'], /^waggle: Cannot parse name "a\.\.b"/],
    [['agent://acme.example/v2', '-s', '127.0.0.1'], /^waggle: .*agent:\/\/acme\.example\/v2/],
    [[V2, '-s', '127.0.0.1', '--for', '0'], /It must be a number from 1 to 2147483\./],
    [[V2, '-s', '127.0.0.1', '--for', '2147484'], /It must be a number from 1 to 2147483\./],
    [[], /^waggle: missing required argument 'name'/],
  ]
  for (const [args, why] of WRONG) {
    it(`where it is called as ${['watch', ...args].join(' ')}`, async () => {
      const { code, out, err } = await run('watch', ...args)
      assert.deepEqual([code, out], [2, ''])
      assert.match(err, why)
    })
  }
})

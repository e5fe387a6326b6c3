/**
 * Changes as those are told who subscribe (RFC 8765), in sessions (RFC 8490): a real server, in socket threads and in the main thread, agents that come by
 * update, report, fail and let their leases end, and clients that watch by the library, by `waggle watch` and by octets of their own.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { printRecord } from '../../src/client/index.ts'
import { watch, type Watching, type WatchEvent } from '../../src/client/watch.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { encodeDso, keepaliveTlv, subscribeTlv } from '../../src/dns/dso.ts'
import { Name } from '../../src/dns/name.ts'
import { messageText } from '../server/pushed.ts'
import { makeFolder, Served, UNREHEARSED, waggle } from './process.ts'
import { run, skipWithout, TRANSPORTS } from './update-bench.ts'

const skip = skipWithout('nsupdate')
const SECRET = Buffer.alloc(32, 5).toString('base64')
const ZONE = `$TTL 60
@ SOA ns hostmaster 1 1h 10m 1d 5m
@ NS ns
ns A 192.0.2.53
old._sa A 192.0.2.10
v2.translate.text.nlp._cap AGENT 4 old._sa latency=500ms
`
const CONFIG = (transport: string, push = ''): string => `listen: ["127.0.0.1:0"]
transport: ${transport}
${push}${UNREHEARSED}keys: [{ name: provider-key, secret: "${SECRET}" }]
zones:
  - { name: acme.example, file: acme.zone, register: ["127.0.0.0/8"], grants: [{ key: provider-key, scope: zone, types: [ANY] }] }
`
const V2 = 'v2.translate.text.nlp._cap.acme.example'
const PATIENCE_MS = 20_000
/** Seconds after which the servers close an idle connection: half of what they would by themselves, as it is waited for. */
const IDLE_SECONDS = 5

/** What a watching has told, as text, and the wait for more. */
class Told {
  readonly lines: string[] = []
  readonly events: WatchEvent[] = []
  readonly watching: Watching
  readonly over: Promise<unknown>
  private wake: () => void = () => undefined

  constructor(server: string, name = V2, type = 'AGENT') {
    this.watching = watch(name, { server, type, onEvent: (event) => void this.events.push(event) })
    this.over = this.read()
  }

  private async read(): Promise<void> {
    for await (const { kind, record } of this.watching) {
      this.lines.push(`${{ added: '+', removed: '-', changed: '~' }[kind]} ${printRecord(record).replace(/ +/g, ' ')}`)
      this.wake()
    }
  }

  /** Resolves when a line that came since fits. */
  async line(pattern: RegExp): Promise<string> {
    const lateMs = performance.now() + PATIENCE_MS
    for (;;) {
      const at = this.lines.findIndex((line) => pattern.test(line))
      if (at >= 0) return this.lines.splice(0, at + 1)[at]
      if (performance.now() > lateMs) assert.fail(`${String(pattern)} is not among\n${this.lines.join('\n')}\n${JSON.stringify(this.events)}`)
      await Promise.race([sleep(100), new Promise<void>((resolve) => (this.wake = resolve))])
    }
  }
}

/** Messages of a connection, each as text, one call after the other. */
class Raw {
  readonly socket: Socket
  private held = Buffer.alloc(0)
  private readonly lines: string[] = []
  private isOver = false

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' })
    this.socket.on('data', (chunk: Buffer) => {
      this.held = Buffer.concat([this.held, chunk])
      while (this.held.length >= 2 && this.held.length >= 2 + this.held.readUInt16BE(0)) {
        const end = 2 + this.held.readUInt16BE(0)
        this.lines.push(...messageText(new Uint8Array(this.held.subarray(2, end))))
        this.held = this.held.subarray(end)
      }
    })
    this.socket.on('close', () => (this.isOver = true))
    this.socket.on('error', () => undefined)
  }

  send(octets: Uint8Array): void {
    this.socket.write(Buffer.concat([Buffer.of(octets.length >> 8, octets.length & 0xff), octets]))
  }

  async line(): Promise<string> {
    const lateMs = performance.now() + PATIENCE_MS
    while (this.lines.length === 0) {
      if (this.isOver) return 'closed'
      assert.ok(performance.now() < lateMs, 'nothing came')
      await sleep(10)
    }
    return this.lines.shift() ?? ''
  }
}

/** A server with agents around it. */
class Market {
  server!: Served
  readonly folder = makeFolder({ 'acme.zone': ZONE })
  private updates = 0
  private readonly open: { close(): void }[] = []

  async start(transport: string, push?: string): Promise<void> {
    this.folder.write('w.yaml', CONFIG(transport, push))
    this.folder.write('provider.key', `key "provider-key" {\n  algorithm hmac-sha256;\n  secret "${SECRET}";\n};\n`)
    this.server = await Served.start(`${this.folder.path}/w.yaml`)
  }

  get at(): string {
    return `127.0.0.1:${this.server.endpoints[0].port}`
  }

  async register(id: string, parameters: string, lease = 300): Promise<void> {
    const args = ['register', '-s', this.at, '-k', 'provider.key', '--provider', 'acme.example', '--id', id, '--address', '127.0.0.9', '--lease', `${lease}`, '--capability', `v2.translate.text.nlp ${parameters}`]
    const { code, err } = await waggle(args, this.folder.path)
    assert.equal(code, 0, err)
  }

  async update(...lines: string[]): Promise<void> {
    const file = `update-${++this.updates}` // several at once
    this.folder.write(file, ['server 127.0.0.1 ' + this.at.split(':')[1], 'zone acme.example', ...lines, 'send', ''].join('\n'))
    const { text } = await run('nsupdate', ['-k', `${this.folder.path}/provider.key`, `${this.folder.path}/${file}`])
    assert.equal(text, '')
  }

  /** SENSE as RFC 3597 writes it: so many sessions, in that state. */
  report(id: string, sequence: number, active: number, state = 0): Promise<void> {
    const name = Buffer.concat([...`${id}._sa.acme.example`.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)])
    const rdata = Buffer.concat([Buffer.of(sequence >> 8, sequence), name, Buffer.of(0xff, 0x17, 0, 4, 0, 0, 0, active, 0xff, 0x1d, 0, 1, state)])
    return this.update(`update add ${V2} 0 TYPE65441 \\# ${rdata.length} ${rdata.toString('hex')}`)
  }

  /** Somebody who watches, until the end at most. */
  watch(name?: string, type?: string): Told {
    const told = new Told(this.at, name, type)
    this.open.push(told.watching)
    return told
  }

  /** A connection, until the end at most. */
  connect(): Raw {
    const raw = new Raw(this.server.endpoints[0].port)
    this.open.push({ close: () => void raw.socket.destroy() })
    return raw
  }

  async end(): Promise<void> {
    for (const one of this.open) one.close()
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}

const keepalive = keepaliveTlv({ inactivityMs: 15_000, intervalMs: 15_000 })
const request = (id: number, ...tlvs: Parameters<typeof encodeDso>[0]['tlvs']): Uint8Array => encodeDso({ id, response: false, rcode: 0, tlvs })

for (const transport of TRANSPORTS) {
  describe(`subscriptions at a server with transport ${transport}`, { skip, concurrency: true }, () => {
    const market = new Market()
    before(() => market.start(transport, `tcp: { idle: ${IDLE_SECONDS} }\n`))
    after(() => market.end())

    it('tell who comes, who fails, who is back and who has gone, at the capability and above it', async () => {
      const told = market.watch()
      const above = market.watch(`nlp._cap.acme.example`)
      await told.line(/^\+ .*old\._sa.*latency=500ms/)
      await market.register('new', 'latency=90ms concurrency=4')
      const line = await told.line(/^\+ .* 1 new\._sa\.acme\.example\. latency=90ms concurrency=4/)
      assert.match(line, /^\+ v2\.translate\.text\.nlp\._cap\.acme\.example\./)
      assert.match(await above.line(/new\._sa/), /^\+ nlp\._cap\.acme\.example\./)
      await market.report('new', 1, 1, 4)
      await told.line(/^- .*new\._sa/)
      await market.report('new', 2, 1, 0)
      await told.line(/^\+ .*new\._sa/)
      await market.register('new', 'latency=80ms concurrency=4')
      await told.line(/^- .*latency=90ms/)
      await told.line(/^\+ .*latency=80ms/)
      const { code, err } = await waggle(['withdraw', '-s', market.at, '-k', 'provider.key', '--provider', 'acme.example', '--id', 'new', '--capability', 'v2.translate.text.nlp'], market.folder.path)
      assert.equal(code, 0, err)
      await told.line(/^- .*new\._sa/)
      const there = told.watching.records.map((record) => printRecord(record))
      assert.deepEqual([there.some((line) => line.includes(' old._sa')), there.some((line) => line.includes(' new._sa'))], [true, false])
      })

    it('tell each new reading in place of the last, and agents are told that they are wanted', async () => {
      await market.register('busy', 'latency=70ms concurrency=4')
      const told = market.watch(V2, 'SENSE')
      await market.report('busy', 1, 1)
      await told.line(/^\+ .* 1 busy\._sa.*active=1/)
      await market.report('busy', 2, 3)
      await told.line(/^~ .* 2 busy\._sa.*active=3/)
      assert.deepEqual(told.watching.records.filter((record) => /busy/.test(printRecord(record))).length, 1)
      told.watching.close()
      await told.over
    })

    it('tell records of any other type, and what a reload brings', async () => {
      const told = market.watch('www.acme.example', 'ANY')
      while (!told.events.some(({ kind }) => kind === 'subscribed')) await sleep(10)
      await market.update('update add www.acme.example 60 A 192.0.2.1', 'update add www.acme.example 60 TXT "x"')
      await told.line(/192\.0\.2\.1/)
      await market.update('update delete www.acme.example A')
      await told.line(/^- .*192\.0\.2\.1/)
      const { code, err } = await waggle(['zone', 'reload', 'acme.example', '-c', `${market.folder.path}/w.yaml`])
      assert.equal(code, 0, err)
      await market.update('update add www.acme.example 60 AAAA 2001:db8::1')
      await told.line(/^\+ .*2001:db8::1/)
      told.watching.close()
    })

    it('are printed by waggle watch, as lines and as JSON', async () => {
      const [plain, json, none] = await Promise.all([
        waggle(['watch', V2, '-s', market.at, '--for', '5']),
        waggle(['watch', V2, '-s', market.at, '--for', '5', '--json']),
        waggle(['watch', 'www.elsewhere.', 'A', '-s', market.at, '--for', '5']),
      ])
      assert.deepEqual([plain.code, json.code, none.code], [0, 0, 1])
      assert.match(plain.out, /^\+ v2\.translate\.text\.nlp\._cap\.acme\.example\..*AGENT\s+1 old\._sa/m)
      assert.ok(json.out.trim().split('\n').map((line) => JSON.parse(line) as { kind: string; type: string; rdata: string }).some(({ kind, type, rdata }) => kind === 'added' && type === 'AGENT' && / old\._sa/.test(rdata)))
      assert.match(none.err, /no zone|not.*zone/i)
    })

    it('go on beside questions in one connection, and outlast the time after which an idle one is closed', async () => {
      const raw = market.connect()
      raw.send(request(1, keepalive))
      assert.match(await raw.line(), /^re 1 NOERROR keepalive/)
      raw.send(request(2, subscribeTlv({ name: Name.parse('idle.acme.example'), type: TYPE.TXT, class: 1 })))
      assert.equal(await raw.line(), 're 2 NOERROR')
      await sleep((IDLE_SECONDS + 2) * 1_000)
      await market.update('update add idle.acme.example 60 TXT "there"')
      assert.equal(await raw.line(), '+ idle.acme.example. 60 IN TXT "there"')
      raw.send(request(0, { type: 0xf8ff, data: new Uint8Array(0) }))
      assert.equal(await raw.line(), 'closed')
    })

    it('are no more once their client has gone: the server counts none', async () => {
      const raw = market.connect()
      raw.send(request(1, subscribeTlv({ name: Name.parse('gone.acme.example'), type: TYPE.TXT, class: 1 })))
      assert.equal(await raw.line(), 're 1 NOERROR')
      const topics = async (): Promise<number> => Number(/push\.topics +(\d+)/.exec((await waggle(['stats', '-c', `${market.folder.path}/w.yaml`])).out)?.[1])
      const before = await topics()
      assert.ok(before >= 1)
      raw.socket.destroy()
      const lateMs = performance.now() + PATIENCE_MS
      while ((await topics()) >= before && performance.now() < lateMs) await sleep(100)
      assert.ok((await topics()) < before || performance.now() < lateMs)
    })
  })
}

describe('a server that stops, and one that pushes to nobody', { skip, concurrency: true }, () => {
  it('tells its clients to come again, and ends at once; they do, and are told what has changed meanwhile', async () => {
    const market = new Market()
    await market.start('auto', '')
    const raw = market.connect()
    raw.send(request(1, keepalive))
    await raw.line()
    const { port } = market.server.endpoints[0]
    const told = market.watch()
    await told.line(/^\+ .*old\._sa/)
    const stopMs = performance.now()
    await market.server.stop('SIGTERM')
    assert.ok(performance.now() - stopMs < 5_000)
    assert.match(await raw.line(), /^un 0 NOERROR retry \d+/)
    market.folder.write('acme.zone', ZONE.replace('4 old._sa latency=500ms', '4 other._sa latency=400ms').replace('hostmaster 1', 'hostmaster 2'))
    market.folder.write('w.yaml', CONFIG('auto').replace('127.0.0.1:0', `127.0.0.1:${port}`))
    market.server = await Served.start(`${market.folder.path}/w.yaml`)
    await told.line(/^\+ .*other\._sa/)
    await told.line(/^- .*old\._sa/)
    told.watching.close()
    await market.end()
  })

  it('says NOTIMP where the config names no network, as one that knows nothing of it', async () => {
    const market = new Market()
    await market.start('auto', 'push: { networks: [] }\n')
    const { code, err } = await waggle(['watch', V2, '-s', market.at, '--for', '5'])
    assert.deepEqual([code, /DNS Push|push/i.test(err)], [1, true], err)
    const raw = market.connect()
    raw.send(request(7, keepalive))
    assert.equal(await raw.line(), 're 7 NOTIMP')
    raw.socket.destroy()
    await market.end()
  })
})

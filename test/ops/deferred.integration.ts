/**
 * What waits does not keep anybody waiting: a real server whose core is busy with thousands of signed updates, or
 * stands still, is asked by dig and kdig meanwhile; and what waited is answered, once each.
 *
 * How the core is made to stand still: its config is replaced by a named pipe, and SIGHUP makes it read that. Opening a
 * pipe that nobody writes to blocks the thread in the kernel, open(2), as a dead network disk under the config would,
 * until the test writes the config into it. It is the main thread: no timer, no signal, no control command and no
 * update of it goes on, which the control socket shows by its silence. Nothing in the server knows of this.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { askControl } from '../../src/cli/control-client.ts'
import { ask } from '../../src/client/ask.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { MAX_DEFERRED_PER_CONNECTION, MAX_DEFERRED_PER_NETWORK } from '../../src/dns/limits.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import type { MetricLine } from '../../src/ops/metrics.ts'
import { canUseMmsg } from '../../src/transport/udp-mmsg.ts'
import { KEY } from '../dnssec/tsig-peer.ts'
import { makeFolder, Served } from './process.ts'
import { signedUpdate, UpdateClient } from './update-clients.ts'

const ZONE = '$TTL 300\n@ SOA ns hostmaster 1 1h 10m 1d 5m\n@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.80\n'
const CONFIG = (transport: string): string => `listen: ["127.0.0.1:0"]
transport: ${transport}
${transport === 'mmsg' ? 'workers: 2\n' : ''}data: data
keys: [{ name: ${KEY.name}, secret: "${KEY.secret.toString('base64')}" }]
zones:
  - { name: example.com, file: example.com.zone, grants: [{ key: ${KEY.name}, scope: zone }] }
`
const missing = ['dig', 'kdig', 'mkfifo'].filter((tool) => spawnSync('which', [tool]).status !== 0)
const skip = missing.length === 0 ? false : `SKIPPED: not installed: ${missing.join(', ')}`
const batches = canUseMmsg()

/** Milliseconds within which a plain query is answered on a machine that others use too: one lost round of a scheduler, and no retry of dig's. */
const AT_ONCE_MS = 1_000

const QUESTION = encodeMessage(makeMessage({ id: 4_711, questions: [{ name: Name.parse('www.example.com.'), type: TYPE.A, class: 1 }] }))

/** A plain query from a socket is answered: the thread has read what was sent from there before. */
async function asked(socket: Socket, port: number): Promise<void> {
  const answer = once(socket, 'message', { signal: AbortSignal.timeout(10_000) })
  socket.send(QUESTION, port, '127.0.0.1')
  await answer
}

/** A server and the ways to it. */
class Bench {
  server!: Served
  readonly folder = makeFolder({ 'example.com.zone': ZONE })
  private clients: UpdateClient[] = []
  private readonly config = join(this.folder.path, 'w.yaml')
  private text = ''

  async start(transport: string): Promise<void> {
    this.text = CONFIG(transport)
    writeFileSync(this.config, this.text)
    this.server = await Served.start(this.config)
  }

  get port(): number {
    return this.server.endpoints[0].port
  }

  async clientsOf(transport: 'udp' | 'tcp', label: string, count: number): Promise<UpdateClient[]> {
    const opened = await Promise.all(Array.from({ length: count }, (_, i) => UpdateClient.open(transport, `${label}${i}`, this.port)))
    this.clients.push(...opened)
    return opened
  }

  endClients(): void {
    for (const client of this.clients.splice(0)) client.end()
  }

  /** One question by a tool that asks once; milliseconds until it had its answer. */
  tool(name: 'dig' | 'kdig', ...args: string[]): Promise<number> {
    const began = performance.now()
    const once = name === 'dig' ? ['+tries=1', '+time=3'] : ['+retry=0', '+time=3']
    return new Promise((resolve, reject) => {
      execFile(name, ['@127.0.0.1', '-p', String(this.port), '+short', '+norecurse', ...once, ...args], { timeout: 20_000 }, (error, out, err) => {
        if (error === null && out.trim() === '192.0.2.80') resolve(performance.now() - began)
        else reject(new Error(`${name} ${args.join(' ')}: ${out}${err}`))
      })
    })
  }

  /** Questions over UDP and TCP one after the other until `isOver`, each sent once; milliseconds that each took, from this process. */
  async plain(isOver: () => boolean): Promise<number[]> {
    const took: number[] = []
    for (let i = 0; !isOver(); i++) {
      const began = performance.now()
      const asked = await ask(QUESTION, { server: this.server.endpoints[0], tcp: i % 4 === 3, timeoutMs: 10_000, tries: 1 })
      assert.ok('octets' in asked, 'failed' in asked ? asked.failed : '')
      took.push(performance.now() - began)
      assert.equal(decodeMessage(asked.octets).answers.length, 1)
      await sleep(5)
    }
    return took.sort((a, b) => a - b)
  }

  /** The core's word on a counter; undefined where it does not answer in time. */
  async counted(name: string, withinMs = 10_000): Promise<number | undefined> {
    const late = new AbortController()
    const answer = await Promise.race([
      askControl(join(this.folder.path, 'data', 'control.sock'), { command: 'stats' }),
      sleep(withinMs, undefined, { signal: late.signal }).catch(() => undefined),
    ])
    late.abort()
    if (answer === undefined) return undefined
    assert.ok(answer.ok)
    return (answer.metrics as MetricLine[]).find((line) => line.name === name)?.value ?? assert.fail(`nothing is counted as ${name}`)
  }

  /** Makes the core stand still; what it returns lets it go on. */
  async stall(): Promise<() => Promise<void>> {
    const pipe = join(this.folder.path, 'pipe')
    assert.equal(spawnSync('mkfifo', [pipe]).status, 0)
    renameSync(pipe, this.config)
    this.server.child.kill('SIGHUP')
    for (let tries = 0, silent = 0; silent < 2; tries++) {
      silent = (await this.counted('process.uptime_seconds', 500)) === undefined ? silent + 1 : 0
      assert.ok(tries < 50, 'the core does not stand still')
    }
    return async () => {
      await writeFile(this.config, this.text) // the reader has it open: this opens at once
      this.folder.write('again.yaml', this.text)
      renameSync(join(this.folder.path, 'again.yaml'), this.config)
    }
  }

  /** Adds a zone to the config, which is read with the next SIGHUP. */
  addZone(name: string, file: string): void {
    this.text += `  - { name: ${name}, file: ${file} }\n`
    writeFileSync(this.config, this.text)
  }

  async end(): Promise<void> {
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}

for (const transport of ['mmsg', 'dgram']) {
  const cannot = transport === 'mmsg' && !batches.usable ? `SKIPPED: ${batches.reason}` : skip
  describe(`messages for the core of a server with transport ${transport}`, { skip: cannot }, () => {
    const bench = new Bench()
    before(() => bench.start(transport))
    after(() => bench.end())
    afterEach(() => bench.endClients())

    it('2,000 signed updates at once from 20 clients over UDP and TCP: each has one answer, and plain queries are answered meanwhile', async (t) => {
      const clients = [...await bench.clientsOf('udp', 'u', 10), ...await bench.clientsOf('tcp', 't', 10)]
      const began = performance.now()
      for (const client of clients) client.send(100)
      let isOver = false
      const plain = bench.plain(() => isOver)
      const tools = [bench.tool('dig', 'www.example.com'), bench.tool('dig', '+tcp', 'www.example.com'), bench.tool('kdig', 'www.example.com')]
      await Promise.all(clients.map((client) => client.done()))
      const tookMs = performance.now() - began
      isOver = true
      const took = await plain
      await Promise.all(tools)
      await sleep(300) // whoever is answered twice is answered by now
      for (const client of clients) client.check()
      t.diagnostic(`2,000 updates in ${Math.round(tookMs)} ms; ${took.length} plain queries meanwhile: median ${took[took.length >> 1].toFixed(1)} ms, longest ${took[took.length - 1].toFixed(1)} ms`)
      // by node:dgram one thread does all: a query waits for the batch of updates that is under way, and never for all of them
      assert.ok(took.length >= 5 && took[took.length - 1] < (transport === 'mmsg' ? 2 * AT_ONCE_MS : tookMs), `${took[took.length - 1]} ms of ${tookMs}`)
      assert.deepEqual([await bench.counted('transport.defer_answered'), await bench.counted('transport.defer_late')], [2_000, 0])
      for (const name of ['u0-0', 'u9-99', 't0-0', 't9-99']) assert.equal((await bench.server.ask(`${name}.example.com.`, TYPE.A)).answers.length, 1)
    })

    it('clients that go away in the midst of their updates leave nothing behind, and others are answered', async () => {
      const [leaving, staying] = [await bench.clientsOf('tcp', 'l', 10), await bench.clientsOf('tcp', 's', 2)]
      const before = await bench.counted('transport.deferred') ?? 0
      for (const client of leaving) client.send(100)
      await sleep(5)
      for (const client of leaving) client.end()
      for (const client of staying) client.send(50)
      await Promise.all(staying.map((client) => client.done()))
      for (const client of staying) client.check()
      for (let tries = 0; ; tries++) {
        const [deferred, answered, silent] = [await bench.counted('transport.deferred'), await bench.counted('transport.defer_answered'), await bench.counted('transport.defer_silent')]
        if (deferred === (answered ?? 0) + (silent ?? 0) && (deferred ?? 0) >= before + 100) break
        assert.ok(tries < 100, `${deferred} deferred, ${answered} answered, ${silent} met with silence`)
        await sleep(50)
      }
    })
  })
}

describe('a core that stands still', { skip: batches.usable ? skip : `SKIPPED: ${batches.reason}` }, () => {
  const bench = new Bench()
  before(() => bench.start('mmsg'))
  after(() => bench.end())
  afterEach(() => bench.endClients())

  it('keeps no plain query waiting, over UDP or TCP, on connections old or new; updates wait, and have one answer each when it goes on', async (t) => {
    const [udp] = await bench.clientsOf('udp', 'u', 1)
    const [tcp] = await bench.clientsOf('tcp', 't', 1)
    udp.send(1)
    tcp.send(1)
    await Promise.all([udp.done(), tcp.done()])
    const goOn = await bench.stall()
    udp.send(5, 10)
    tcp.send(20, 10)
    const began = performance.now()
    const took = await bench.plain(() => performance.now() - began > 2_000)
    const tools = await Promise.all([bench.tool('dig', 'www.example.com'), bench.tool('dig', '+tcp', 'www.example.com'), bench.tool('kdig', 'www.example.com'), bench.tool('kdig', '+tcp', 'www.example.com')])
    assert.equal(await bench.counted('process.uptime_seconds', 300), undefined, 'it stands still all the while')
    assert.deepEqual([udp.open, tcp.open], [5, 20])
    t.diagnostic(`${took.length} plain queries while the core stood still: median ${took[took.length >> 1].toFixed(1)} ms, longest ${took[took.length - 1].toFixed(1)} ms; by dig and kdig, their start included, ${tools.map(Math.round).join(', ')} ms`)
    assert.ok(took.length >= 50, `${took.length} queries in two seconds`)
    assert.ok(took[took.length - 1] < AT_ONCE_MS, `${took[took.length - 1]} ms`)
    await goOn()
    await Promise.all([udp.done(), tcp.done()])
    await sleep(300)
    for (const client of [udp, tcp]) client.check()
    await bench.server.line('reload done')
  })

  it('is offered more than may wait: datagrams beyond that are dropped, connections rest, and queries are answered as before', async (t) => {
    const clients = await bench.clientsOf('tcp', 'x', 4)
    const flood = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 })
    const [before, spread] = [await bench.counted('transport.deferred') ?? 0, await bench.counted('transport.udp_spread')]
    const goOn = await bench.stall()
    for (const client of clients) client.send(MAX_DEFERRED_PER_CONNECTION + 50)
    const update = signedUpdate(1, 'flood.example.com.').octets
    for (let i = 0; i < MAX_DEFERRED_PER_NETWORK + 1_000; i++) {
      flood.send(update, bench.port, '127.0.0.1')
      if (i % 50 === 49) await asked(flood, bench.port) // as fast as the thread reads: none is lost before it is counted
    }
    const began = performance.now()
    const took = await bench.plain(() => performance.now() - began > 1_500)
    assert.equal(await bench.counted('process.uptime_seconds', 300), undefined, 'it stands still all the while')
    t.diagnostic(`${took.length} plain queries, longest ${took[took.length - 1].toFixed(1)} ms`)
    assert.ok(took[took.length - 1] < AT_ONCE_MS, `${took[took.length - 1]} ms`)
    await goOn()
    await Promise.all(clients.map((client) => client.done()))
    await sleep(300)
    for (const client of clients) client.check()
    flood.close()
    const [deferred, dropped, held] = [await bench.counted('transport.deferred') ?? 0, await bench.counted('transport.defer_dropped'), await bench.counted('transport.defer_held') ?? 0]
    await sleep(1_100) // the main thread has looked whether all still comes to one thread
    // what may wait is bounded for each thread: the flood met a second one where all had been given to the first until the midst of it
    const isOneThread = await bench.counted('transport.udp_spread') === spread
    assert.ok(isOneThread ? dropped === 1_000 : dropped! >= 1 && dropped! <= 1_000, `${dropped} dropped, by ${isOneThread ? 'one thread' : 'two threads'}`)
    assert.equal(deferred - before + dropped!, MAX_DEFERRED_PER_NETWORK + 1_000 + 4 * (MAX_DEFERRED_PER_CONNECTION + 50), 'none is lost without a word')
    assert.ok(held >= 4, `connections rested ${held} times`)
  })

  it('is not what a large zone makes of it: while one is read again, queries and updates go on', async (t) => {
    const [client] = await bench.clientsOf('tcp', 'z', 1)
    bench.folder.write('large.zone', `${ZONE}${Array.from({ length: 200_000 }, (_, i) => `n${i} A 192.0.2.${i & 255}`).join('\n')}\n`)
    bench.addZone('large.example', 'large.zone')
    bench.server.child.kill('SIGHUP')
    let isOver = false
    const loaded = bench.server.line('zone loaded').then(() => (isOver = true))
    const plain = bench.plain(() => isOver)
    const updates: number[] = []
    for (let id = 0; !isOver; id++) {
      const began = performance.now()
      client.send(1, id)
      await client.done()
      updates.push(performance.now() - began)
    }
    await loaded
    const took = await plain
    client.check()
    t.diagnostic(`${took.length} plain queries, longest ${took[took.length - 1].toFixed(1)} ms; ${updates.length} updates, longest ${Math.max(...updates).toFixed(1)} ms`)
    assert.ok(took[took.length - 1] < AT_ONCE_MS && Math.max(...updates) < 5 * AT_ONCE_MS)
    assert.equal((await bench.server.ask('n7.large.example.', TYPE.A)).answers.length, 1)
  })
})

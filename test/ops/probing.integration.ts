/**
 * Probes of agents at a real server: agents register by their own KEY with real A2A, MCP and HTTP servers behind them, one dies
 * and is gone from every form of answer within fall × period, comes back after rise, and whoever may not be probed never hears of us.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from '../../src/client/agent.ts'
import { newKeyPair } from '../../src/client/new-keys.ts'
import { sig0Signer } from '../../src/client/signers.ts'
import { TYPE } from '../../src/dns/codes.ts'
import { Name, printName } from '../../src/dns/name.ts'
import { printAddress } from '../../src/dns/address.ts'
import { makeFolder, Served, waggle } from './process.ts'

const CAPABILITY = 'v2.translate.text.nlp'
const OWNER = `${CAPABILITY}._cap.acme.example`
const PERIOD_MS = 1_000
const [RISE, FALL] = [2, 2]
const ZONE = '$TTL 60\n@ SOA ns hostmaster 1 1h 10m 1d 5m\n@ NS ns\nns A 192.0.2.53\nfiled._sa A 127.0.0.1\n'
const probeKeys = (networks: string): string => `{ period: 1, timeout: 500, rise: ${RISE}, fall: ${FALL}${networks} }`
const CONFIG = (probe: string): string => `listen: ["127.0.0.1:0"]
zones:
  - name: acme.example
    file: acme.zone
    register: ["127.0.0.0/8"]
${probe === '' ? '' : `    probe: ${probe}\n`}`

/** An agent's own server, which can be let die. */
class Life {
  readonly server: Server
  /** Requests so far. */
  asked = 0
  isDead = false
  port = 0

  readonly protocol: 'a2a' | 'mcp' | 'http'

  constructor(protocol: 'a2a' | 'mcp' | 'http') {
    this.protocol = protocol
    this.server = createServer((request, response) => {
      this.asked++
      if (this.isDead) return void response.destroy()
      response.setHeader('content-type', 'application/json')
      const answer = protocol === 'mcp' ? { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-06-18' } } : { name: 'Babel', jsonrpc: '2.0', id: 1, error: {} }
      request.resume().on('end', () => response.end(JSON.stringify(answer)))
    })
  }

  async begin(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.port = (this.server.address() as AddressInfo).port
    return this
  }

  /** Parameters of the offer. */
  get offer(): string {
    return `${this.protocol === 'http' ? '' : `alpn=${this.protocol} `}endpoint=http://127.0.0.1:${this.port}/${this.protocol}`
  }

  end(): void {
    this.server.closeAllConnections()
    this.server.close()
  }
}

/** A server, and agents registered with it. */
class Hall {
  server!: Served
  readonly folder = makeFolder({ 'acme.zone': ZONE })
  readonly lives = new Map<string, Life>()
  private readonly agents: Agent[] = []

  async start(probe: string): Promise<void> {
    this.folder.write('w.yaml', CONFIG(probe))
    this.server = await Served.start(join(this.folder.path, 'w.yaml'))
  }

  async register(id: string, protocol: Life['protocol'], more: { address?: string; life?: Life } = {}): Promise<Life> {
    const life = more.life ?? (await new Life(protocol).begin())
    this.lives.set(id, life)
    const signer = sig0Signer(newKeyPair(Name.parse(`${id}._sa.acme.example`), 15))
    const agent = new Agent({ server: `127.0.0.1:${this.server.endpoints[0].port}`, signer, provider: 'acme.example', id, addresses: [more.address ?? '127.0.0.1'], capabilities: [{ name: CAPABILITY, parameters: life.offer }] })
    await agent.register()
    this.agents.push(agent)
    return life
  }

  /** Ids of the agents answered. */
  async answered(): Promise<string[]> {
    const { answers } = await this.server.ask(OWNER, TYPE.AGENT)
    return answers.map(({ rdata }) => printName(rdata, 2).split('.')[0]).toSorted()
  }

  /** Milliseconds until `isSo`. */
  async until(isSo: (ids: string[]) => boolean, what: string): Promise<number> {
    const fromMs = performance.now()
    for (; performance.now() - fromMs < 30_000; await sleep(20)) if (isSo(await this.answered())) return performance.now() - fromMs
    throw new Error(`never: ${what}; ${JSON.stringify(this.server.lines().slice(-5))}`)
  }

  async stats(): Promise<Record<string, number>> {
    const { out } = await waggle(['stats', '--json', '-c', join(this.folder.path, 'w.yaml')], this.folder.path)
    return JSON.parse(out) as Record<string, number>
  }

  async end(): Promise<void> {
    for (const agent of this.agents) agent.stop()
    for (const life of this.lives.values()) life.end()
    await this.server.stop()
    this.folder.remove()
  }
}

describe('agents that are probed', { timeout: 120_000 }, () => {
  const hall = new Hall()
  before(async () => {
    await hall.start(probeKeys(', networks: ["127.0.0.0/8"]'))
    for (const [id, protocol] of [['ada', 'a2a'], ['bob', 'mcp'], ['cyd', 'http']] as const) await hall.register(id, protocol)
  })
  after(() => hall.end())

  it('are all asked, and answered while they live', async () => {
    for (const [id, life] of hall.lives) for (let waits = 0; life.asked < 2; waits++, await sleep(100)) assert.ok(waits < 100, `${id} is asked`)
    assert.deepEqual(await hall.answered(), ['ada', 'bob', 'cyd'])
  })

  for (const id of ['ada', 'bob', 'cyd']) {
    it(`${id} is gone within fall × period of its death, and back after rise probes`, async () => {
      const life = hall.lives.get(id) as Life
      life.isDead = true
      const goneMs = await hall.until((ids) => !ids.includes(id), `${id} is gone`)
      assert.ok(goneMs <= FALL * PERIOD_MS + 1_500, `gone after ${Math.round(goneMs)} ms`) // 1.5 s for a machine that has other things to do
      const line = await hall.server.line('agent failed', [...hall.lives.keys()].indexOf(id) + 1)
      assert.deepEqual([line.agent, typeof line.reason], [`${id}._sa.acme.example.`, 'string'])
      life.isDead = false
      const askedBefore = life.asked
      await hall.until((ids) => ids.includes(id), `${id} is back`)
      assert.ok(life.asked - askedBefore >= RISE, 'one probe is not enough')
      assert.equal((await hall.server.line('agent back', [...hall.lives.keys()].indexOf(id) + 1)).agent, `${id}._sa.acme.example.`)
    })
  }

  it('of whom all have died are no answer in any form, with the reason', async () => {
    for (const life of hall.lives.values()) life.isDead = true
    await hall.until((ids) => ids.length === 0, 'all are gone')
    assert.deepEqual((await hall.server.ask(OWNER, TYPE.A)).answers.map(({ rdata }) => printAddress(rdata)), [])
    for (const life of hall.lives.values()) life.isDead = false
    await hall.until((ids) => ids.length === 3, 'all are back')
    assert.ok((await hall.server.ask(OWNER, TYPE.A)).answers.length > 0)
  })

  it('are counted', async () => {
    const stats = await hall.stats()
    assert.ok(stats['discovery.probe.passed'] > 10 && stats['discovery.probe.failed'] >= 6 * FALL)
    assert.deepEqual([stats['discovery.probe_turned.out'], stats['discovery.probe_turned.back']], [6, 6])
  })

  it('at special addresses outside the networks allowed never hear of us', async () => {
    const life = await hall.register('eve', 'http', { address: '10.255.255.1' })
    const before = (await hall.stats())['discovery.probe_left.address']
    await sleep(3 * PERIOD_MS)
    assert.equal(life.asked, 0)
    assert.ok((await hall.stats())['discovery.probe_left.address'] > before)
    assert.ok((await hall.answered()).includes('eve'))
  })

  it('are not asked any more once a reload says so, and those that had failed are answered again', async () => {
    const life = hall.lives.get('ada') as Life
    life.isDead = true
    await hall.until((ids) => !ids.includes('ada'), 'ada is gone')
    hall.folder.write('w.yaml', CONFIG(''))
    hall.server.child.kill('SIGHUP')
    await hall.server.line('reload done')
    await hall.until((ids) => ids.includes('ada'), 'ada counts as alive')
    const { asked } = life
    await sleep(3 * PERIOD_MS)
    assert.equal(life.asked, asked)
  })
})

describe('where nothing is said of networks', { timeout: 60_000 }, () => {
  const hall = new Hall()
  before(() => hall.start(probeKeys('')))
  after(() => hall.end())

  it('agents at loopback are not probed', async () => {
    const life = await hall.register('ada', 'a2a')
    await sleep(3 * PERIOD_MS)
    assert.equal(life.asked, 0)
    assert.deepEqual(await hall.answered(), ['ada'])
  })
})

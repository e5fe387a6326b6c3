/**
 * Outcomes at a real server (docs/ranking.md, reputation): askers say what became of their choices, and an agent that
 * fails loses its share of the next ones. In socket threads and in the main thread, by dig and by our own client.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../../src/client/ask.ts'
import { Asker, AskFault, tsigSigner } from '../../src/client/index.ts'
import { OPTION, TYPE } from '../../src/dns/codes.ts'
import { findOption } from '../../src/dns/edns.ts'
import { UNSIGNED_OUTCOMES } from '../../src/dns/limits-discovery.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { parseTsigKey } from '../../src/dnssec/tsig-text.ts'
import { Name, printName } from '../../src/dns/name.ts'
import { demandOctets, outcomeText, type OutcomeWords } from '../discovery/ranking/hive.ts'
import { makeFolder, Served, waggle } from './process.ts'
import { run, skipWithout, TRANSPORTS } from './update-bench.ts'

const skip = skipWithout('dig')
const SECRET = Buffer.alloc(32, 5).toString('base64')
const V2 = 'v2.translate.text.nlp._cap.acme.example'
const agents = ['ada', 'bob', 'cyd'].map((id, i) => `${id}._sa A 192.0.2.${i + 1}\nv2.translate.text.nlp._cap AGENT 1 ${id}._sa latency=100ms accuracy=0.9 concurrency=64\n`)
const ZONE = `$TTL 60\n@ SOA ns hostmaster 1 1h 10m 1d 5m\n@ NS ns\nns A 192.0.2.53\n${agents.join('')}`
const CONFIG = (transport: string): string => `listen: ["127.0.0.1:0"]
transport: ${transport}
keys: [{ name: app-key, secret: "${SECRET}" }]
zones: [{ name: acme.example, file: acme.zone }]
`

/** A server with three agents who claim the same, and an asker. */
class Market {
  server!: Served
  readonly folder = makeFolder({ 'acme.zone': ZONE })
  /** Shares of the agents while nothing was told of them. */
  atFirst: Record<string, number> = {}
  private cookie: Uint8Array = Uint8Array.from({ length: 8 }, (_, i) => i + 1)

  async start(transport: string): Promise<void> {
    this.folder.write('w.yaml', CONFIG(transport))
    this.server = await Served.start(`${this.folder.path}/w.yaml`)
  }

  /** Asks as a client does that keeps its cookie; first labels of the agents, in order. */
  async ask(demand: string, { tcp = false, withCookie = true } = {}): Promise<string[]> {
    const query = makeMessage({ id: 4711, questions: [{ name: Name.parse(V2), type: TYPE.AGENT, class: 1 }] })
    const cookie = withCookie ? [{ code: OPTION.COOKIE, octets: this.cookie }] : []
    query.edns = { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options: [...cookie, { code: OPTION.DEMAND, octets: demandOctets(demand) }] }
    const asked = await ask(encodeMessage(query), { server: this.server.endpoints[0], tcp, timeoutMs: 2_000, tries: 3 })
    assert.ok('octets' in asked, 'failed' in asked ? asked.failed : '')
    const answer: Message = decodeMessage(asked.octets)
    this.cookie = findOption(answer.edns, OPTION.COOKIE) ?? this.cookie
    return answer.answers.map(({ rdata }) => printName(rdata, 2).split('.')[0])
  }

  /** Share of each agent in so many choices. */
  async shares(count = 60): Promise<Record<string, number>> {
    const shares: Record<string, number> = { ada: 0, bob: 0, cyd: 0 }
    for (let i = 0; i < count; i++) shares[(await this.ask('count=1'))[0]] += 1 / count
    return shares
  }

  /** Tells outcomes, each of another millisecond, with as many queries. */
  async tell(id: string, count: number, words: OutcomeWords, how: { tcp?: boolean; withCookie?: boolean } = {}): Promise<void> {
    for (let i = 0; i < count; i++) await this.ask(`count=1 outcome=${outcomeText(id, { atMs: Date.now() + i - count, ...words })}`, how)
    await sleep(150)
  }

  /** Counters of outcomes that are above 0, without those at the start. */
  async counts(): Promise<Record<string, number>> {
    const { out } = await waggle(['stats', '--json', '-c', `${this.folder.path}/w.yaml`])
    const metrics = JSON.parse(out) as Record<string, number>
    return Object.fromEntries(Object.entries(metrics).flatMap(([name, value]) => (name.startsWith('discovery.outcome') && value > 0 ? [[name.slice(10), value]] : [])))
  }

  async dig(demand: string, ...more: string[]): Promise<string> {
    const option = `+ednsopt=65440:${Buffer.from(demandOctets(demand)).toString('hex')}`
    const { port } = this.server.endpoints[0]
    return (await run('dig', ['@127.0.0.1', '-p', String(port), '+norecurse', '+tries=1', option, ...more, V2, 'TYPE65440'])).text
  }

  async end(): Promise<void> {
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}

describe('outcomes that askers tell', { skip, concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    describe(`to a server with transport ${transport}`, { concurrency: 1 }, () => {
      const market = new Market()
      before(() => market.start(transport))
      after(() => market.end())

      it('do not count from whoever may be anywhere, count by a cookie, by TCP and by a key', async () => {
        market.atFirst = await market.shares()
        await market.tell('ada', 1, {}, { withCookie: false })
        assert.deepEqual(await market.counts(), { 'outcome_left.unproven': 1 })
        await market.ask('count=1') // the server's cookie is in its answer
        await market.tell('ada', 1, {})
        await market.tell('bob', 1, {}, { withCookie: false, tcp: true })
        assert.deepEqual(await market.counts(), { 'outcome.done': 2, 'outcome_left.unproven': 1 })
        const outcome = `outcome=${outcomeText('cyd', { atMs: Date.now() - 500 })}`
        assert.match(await market.dig(outcome, '-y', `hmac-sha256:app-key:${SECRET}`), /status: NOERROR[\s\S]*TSIG/)
        assert.deepEqual(await market.counts(), { 'outcome.done': 3, 'outcome_left.unproven': 1 })
        assert.match(await market.dig(outcome, '+tcp'), /status: NOERROR/)
        assert.deepEqual(await market.counts(), { 'outcome.done': 4, 'outcome_left.unproven': 1 }, 'another asker has met the same')
      })

      it('are told by the library, signed; an answer that another secret signed is none', async () => {
        const { port } = market.server.endpoints[0]
        const asker = (secret: string): Asker => new Asker({ server: `127.0.0.1:${port}`, signer: tsigSigner(parseTsigKey(`hmac-sha256:app-key:${secret}`, 'key')) })
        const known = asker(SECRET)
        const before = (await market.counts())['outcome.done']
        const { agents } = await known.ask(V2, { count: 1 })
        known.met(agents[0], { result: 'done', latencyMs: 90 })
        await known.ask('agent://acme.example/nlp/text/translate/v2')
        await sleep(150)
        assert.equal((await market.counts())['outcome.done'], before + 1)
        await assert.rejects(asker(Buffer.alloc(32, 6).toString('base64')).ask(V2), (fault) => fault instanceof AskFault && /another secret for key app-key/.test(fault.message))
      })

      it('take its share from an agent that fails, and the log says so', async () => {
        const before = market.atFirst
        assert.ok(Object.values(before).every((share) => share > 0.15), `equals have equal shares: ${JSON.stringify(before)}`)
        await market.tell('bob', 8, { result: 'wrong' })
        const after = await market.shares()
        assert.ok(after.bob < before.bob / 3, `${JSON.stringify(before)} became ${JSON.stringify(after)}`)
        const told = await market.server.line('promise broken')
        assert.equal(told.agent, 'bob._sa.acme.example.')
      })

      it('take an agent out at once that was not reached', async () => {
        await market.tell('ada', 1, { result: 'unreachable', atMs: Date.now() })
        assert.equal((await market.shares(20)).ada, 0)
      })

      it('count up to the share of their asker', async () => {
        await market.tell('cyd', UNSIGNED_OUTCOMES + 30, {}, { tcp: true })
        const { 'outcome_left.capped': capped, 'outcome.done': done } = await market.counts()
        assert.ok(capped >= 10, `${capped} capped`)
        assert.ok(done <= UNSIGNED_OUTCOMES + 20, `${done} taken`)
      })
    })
  }
})

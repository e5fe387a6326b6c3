/** Readings fetched by a real server from real agents: who asks for fresher ones gets the load of this moment, who does not show its address causes nothing, and silence costs no more than the deadline. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from '../../src/client/agent.ts'
import { ask } from '../../src/client/ask.ts'
import { newKeyPair } from '../../src/client/new-keys.ts'
import type { LoadReading } from '../../src/client/reporter.ts'
import { SenseResponder } from '../../src/client/sensing.ts'
import { sig0Signer } from '../../src/client/signers.ts'
import { OPTION, TYPE } from '../../src/dns/codes.ts'
import { findOption } from '../../src/dns/edns.ts'
import { PULL_REST_MS } from '../../src/dns/limits-discovery.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name, printName } from '../../src/dns/name.ts'
import { decodeParameters, PARAMETERS, valueOf } from '../../src/dns/parameters.ts'
import { demandOctets } from '../discovery/ranking/hive.ts'
import { makeFolder, Served, waggle } from './process.ts'
import { TRANSPORTS } from './update-bench.ts'

const CAPABILITY = 'v2.translate.text.nlp'
const ZONE = '$TTL 60\n@ SOA ns hostmaster 1 1h 10m 1d 5m\n@ NS ns\nns A 192.0.2.53\n'
const CONFIG = (transport: string, more = ''): string => `listen: ["127.0.0.1:0"]
transport: ${transport}
zones:
  - name: acme.example
    file: acme.zone
    register: ["127.0.0.0/8"]
    pull: { deadline: 300, networks: ["127.0.0.0/8"] }
${more}`

for (const transport of TRANSPORTS) {
  describe(`readings that are fetched (${transport})`, { timeout: 120_000 }, () => {
    const folder = makeFolder({ 'acme.zone': ZONE, 'w.yaml': CONFIG(transport) })
    const loads: Record<string, LoadReading> = { ada: { active: 0, concurrency: 8 }, bob: { active: 7, concurrency: 8 } }
    const agents: Agent[] = []
    const responders = new Map<string, SenseResponder>()
    let server: Served

    before(async () => {
      server = await Served.start(join(folder.path, 'w.yaml'))
      for (const id of Object.keys(loads)) {
        const registration = { provider: 'acme.example', id, capabilities: [{ name: CAPABILITY }] }
        const responder = await SenseResponder.open({ registration, read: () => loads[id], host: '127.0.0.1' })
        responders.set(id, responder)
        const signer = sig0Signer(newKeyPair(Name.parse(`${id}._sa.acme.example`), 15))
        const capabilities = [{ name: CAPABILITY, parameters: `latency=100ms concurrency=8 sense-port=${responder.port}` }]
        const agent = new Agent({ server: `127.0.0.1:${server.endpoints[0].port}`, signer, provider: 'acme.example', id, addresses: ['127.0.0.1'], capabilities })
        await agent.register()
        agents.push(agent)
      }
    })
    after(async () => {
      for (const agent of agents) agent.stop()
      for (const responder of responders.values()) responder.close()
      await server.stop()
      folder.remove()
    })

    /** Agents in order, the ages of their readings, and how long the answer took. */
    async function find(demand: string, tcp = true): Promise<{ ids: string[]; ages: readonly (number | null)[]; tookMs: number }> {
      const query = makeMessage({ id: 4711, questions: [{ name: Name.parse(`${CAPABILITY}._cap.acme.example`), type: TYPE.AGENT, class: 1 }] })
      query.edns = { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options: [{ code: OPTION.DEMAND, octets: demandOctets(demand) }] }
      const asked = await ask(encodeMessage(query), { server: server.endpoints[0], tcp, timeoutMs: 3_000, tries: 1 })
      assert.ok('octets' in asked, 'failed' in asked ? asked.failed : '')
      const { answers, edns } = decodeMessage(asked.octets)
      const offer = findOption(edns, OPTION.OFFER)
      const ages = (offer && valueOf(decodeParameters(offer, 'OFFER'), PARAMETERS.ages)) ?? []
      return { ids: answers.map(({ rdata }) => printName(rdata, 2).split('.')[0]), ages, tookMs: asked.tookMs }
    }

    const answered = (): number => [...responders.values()].reduce((sum, { counts }) => sum + counts.answered + counts.silent, 0)

    it('are not fetched for who does not want them fresher, nor for who does not show its address', async () => {
      assert.deepEqual((await find('accuracy=0')).ids.length <= 2, true)
      assert.deepEqual((await find('max-age=100ms', false)).ages, [null, null])
      assert.equal(answered(), 0)
    })

    it('are not fetched for who may not see the agents, nor in special networks that the config does not name', async () => {
      const metrics = async (): Promise<Record<string, string>> => Object.fromEntries((await waggle(['stats', '-d', join(folder.path, 'data')])).out.split('\n').map((line) => line.trim().split(/\s+/) as [string, string]))
      const CASES: [config: string, ages: (number | null)[] | undefined][] = [
        [CONFIG(transport, '    askers: { networks: ["192.0.2.0/24"] }\n'), undefined],
        [CONFIG(transport).replace('networks: ["127.0.0.0/8"]', 'networks: []'), [null, null]],
        [CONFIG(transport).replace(/ {4}pull: .*/, ''), [null, null]],
      ]
      for (const [config, ages] of CASES) {
        folder.write('w.yaml', config)
        assert.equal((await waggle(['zone', 'reload', '-d', join(folder.path, 'data')])).code, 0)
        assert.deepEqual((await find('max-age=100ms')).ages, ages ?? [], config)
      }
      assert.equal(answered(), 0)
      const { 'discovery.pull_left.forbidden': forbidden, 'discovery.pull_spared.target': spared } = await metrics()
      assert.deepEqual([forbidden, spared], ['1', '2'])
      folder.write('w.yaml', CONFIG(transport))
      assert.equal((await waggle(['zone', 'reload', '-d', join(folder.path, 'data')])).code, 0)
    })

    it('are of this moment for who wants them fresh: the idle agent is first', async () => {
      const { ids, ages } = await find('max-age=100ms')
      assert.deepEqual(ids, ['ada', 'bob'])
      assert.ok(ages.every((age) => age !== null && age < 2_000), JSON.stringify(ages))
    })

    it('turn the order when the load has turned', async () => {
      loads.ada = { active: 8, concurrency: 8 }
      loads.bob = { active: 0, concurrency: 8 }
      await sleep(200)
      assert.deepEqual((await find('max-age=100ms')).ids[0], 'bob')
    })

    it('are waited for no longer than the deadline where agents are silent', async () => {
      for (const responder of responders.values()) responder.close()
      await sleep(200)
      const { ids, tookMs } = await find('max-age=100ms')
      assert.equal(ids.length, 2)
      assert.ok(tookMs < 300 + 1_000, `${tookMs} ms`)
      const before = performance.now()
      await find('max-age=100ms') // they rest now, for PULL_REST_MS
      assert.ok(performance.now() - before < PULL_REST_MS)
    })
  })
}

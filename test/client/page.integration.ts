/**
 * The examples of docs/client.md for reporting, for being asked and for finding agents, run as they stand but for port and file, against
 * a real server: the agent of one is what the other finds, and what that one met counts.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { newKeyPair } from '../../src/client/new-keys.ts'
import { selfCertifyingId } from '../../src/discovery/identifier/agent.ts'
import { Name } from '../../src/dns/name.ts'
import { printPrivateFile, printPublicFile } from '../../src/dnssec/key-files.ts'
import type { Explanation } from '../../src/discovery/ranking/explain.ts'
import { freePort } from '../battery/peers.ts'
import { blocksOf } from '../meta/pages.ts'
import { root } from '../meta/tree.ts'
import { makeFolder, Served, waggle } from '../ops/process.ts'

const ZONE = '$TTL 60\n@ SOA ns hostmaster 1 1h 10m 1d 5m\n@ NS ns\nns A 192.0.2.53\n'
const CONFIG = 'listen: ["127.0.0.1:0"]\nzones: [{ name: acme.example, file: acme.zone, register: ["127.0.0.0/8"], pull: { networks: ["127.0.0.0/8"] } }]\n'
const V2 = 'v2.translate.text.nlp._cap.acme.example'
const [, reporting, asked, finding] = blocksOf('docs/client.md').filter(({ language }) => language === 'ts')

describe('the examples of the client library', { concurrency: 1, timeout: 60_000 }, () => {
  const folder = makeFolder({ 'acme.zone': ZONE, 'w.yaml': CONFIG })
  const pair = newKeyPair(Name.parse('babel.acme.example'), 13)
  const name = `${selfCertifyingId(pair.record.rdata)}._sa.acme.example.`
  const children: ChildProcess[] = []
  let server: Served

  before(async () => {
    folder.write('Kbabel.key', printPublicFile(pair))
    folder.write('Kbabel.private', printPrivateFile(pair, '20261125203729'))
    server = await Served.start(join(folder.path, 'w.yaml'))
  })
  after(async () => {
    for (const child of children) child.kill('SIGKILL')
    await server.stop('SIGKILL')
    folder.remove()
  })

  function start(lines: readonly string[]): ChildProcess {
    const code = lines.join('\n').replace('127.0.0.1:5300', `127.0.0.1:${server.endpoints[0].port}`).replace('Kbabel.key', join(folder.path, 'Kbabel.key'))
    const { NODE_EXTRA_CA_CERTS: _, ...environment } = process.env
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return child
  }

  async function explanation(): Promise<Explanation> {
    const { code, out, err } = await waggle(['query', V2, '--explain', '--json', '-c', join(folder.path, 'w.yaml')])
    assert.equal(code, 0, err)
    return JSON.parse(out) as Explanation
  }

  it('one reports, at once and by its own key', async () => {
    const [printed] = (await once(start(reporting.lines).stdout ?? assert.fail(), 'data')) as [Buffer]
    assert.equal(printed.toString(), 'reported\n')
    const [agent] = (await explanation()).explained
    assert.equal(agent.agent, name)
    assert.deepEqual([agent.load.active, agent.load.slots], [0, 8])
    assert.ok(agent.load.ageMs !== null && agent.load.ageMs < 10_000, String(agent.load.ageMs))
  })

  it('the other finds it; what it met is told with its next question', async () => {
    const found = async (lines: readonly string[]): Promise<string> => {
      const child = start(lines)
      let printed = ''
      child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
      assert.deepEqual(await once(child, 'exit'), [0, null])
      return printed
    }
    assert.equal(await found(finding.lines), `${name}\n`)
    assert.equal((await explanation()).explained[0].reputation.outcomes, 0)
    assert.equal(await found([...finding.lines, `await asker.ask('${V2}')`]), `${name}\n`)
    await new Promise((resolve) => setTimeout(resolve, 200))
    assert.equal((await explanation()).explained[0].reputation.outcomes, 1)
  })

  it('who listens is asked when somebody wants a reading of this moment', async () => {
    const own = newKeyPair(Name.parse('babel._sa.acme.example'), 13) // whose name it is may have the identifier
    folder.write('Kown.key', printPublicFile(own))
    folder.write('Kown.private', printPrivateFile(own, '20261125203729'))
    const port = String(await freePort())
    const lines = asked.lines.map((line) => line.replaceAll('5310', port).replace('192.0.2.10', '127.0.0.1').replace('Kbabel.key', join(folder.path, 'Kown.key')))
    const child = start([...lines, "console.log('registered')"])
    await Promise.race([once(child.stdout ?? assert.fail(), 'data'), once(child, 'exit').then(([code]) => assert.fail(`the example ended with ${String(code)}`))])
    const babel = async (): Promise<Explanation['explained'][number] | undefined> => (await explanation()).explained.find(({ agent }) => agent === 'babel._sa.acme.example.')
    assert.equal((await babel())?.load.ageMs, null, 'it has told nothing by itself')
    const { code, err } = await waggle(['query', V2, 'AGENT', '--tcp', '--demand', 'max-age=1s', '--server', `127.0.0.1:${server.endpoints[0].port}`])
    assert.equal(code, 0, err)
    const load = (await babel())?.load
    assert.deepEqual([load?.active, load?.slots], [0, 8])
    assert.ok(load?.ageMs !== null && Number(load?.ageMs) < 10_000, String(load?.ageMs))
  })

  it('where nobody meets the need it says why', async () => {
    const child = start(finding.lines.map((line) => line.replace("latency: '2s'", 'accuracy: 0.9')))
    const [printed] = (await once(child.stdout ?? assert.fail(), 'data')) as [Buffer]
    assert.match(printed.toString(), /accuracy/)
  })
})

/**
 * Needs in words at a real server with a real embeddings endpoint, by dig and by `waggle query`: an agent that registers is found
 * by what its capability means, the answer names capability and score, and without the endpoint the server answers as it did.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { EmbeddingsEndpoint } from './embeddings-endpoint.ts'
import { makeFolder, Served, waggle } from './process.ts'

const ZONE = `$TTL 60
@ SOA ns hostmaster 1 1h 10m 1d 5m
@ NS ns
ns A 192.0.2.53
v2.translate.text.nlp._cap AGENT 1 babel._sa port=443
v1.ocr.vision._cap AGENT 1 reader._sa port=443
babel._sa A 192.0.2.10
reader._sa A 192.0.2.11
`
/** Without holding up the endpoint, which lives in this process. */
const run = promisify(execFile)
const KEY = 'sk-0123456789'
const hasDig = spawnSync('dig', ['-v']).error === undefined

describe('a server that asks an embeddings endpoint', () => {
  const endpoint = new EmbeddingsEndpoint()
  const folder = makeFolder({ 'acme.zone': ZONE, token: `${KEY}\n` })
  let served: Served
  const start = (): Promise<Served> => Served.start(join(folder.path, 'waggle.yaml'))
  const port = (): number => served.endpoints[0].port
  const query = async (need: string): Promise<string> => {
    const { out, err } = await waggle(['query', '_cap.acme.example', 'AGENT', '--server', `127.0.0.1:${port()}`, '--demand', `intent="${need}"`])
    return out + err
  }
  const metric = async (name: string): Promise<number> => {
    const { out } = await waggle(['stats', '-c', join(folder.path, 'waggle.yaml')])
    return Number(new RegExp(`^\\s*embedding\\.${name}\\s+(\\d+)`, 'm').exec(out)?.[1] ?? 0) // what is 0 is not shown
  }
  const isKept = async (): Promise<void> => {
    const file = join(folder.path, 'data', 'embeddings')
    for (let left = 200; statSync(file, { throwIfNoEntry: false }) === undefined; left--) {
      assert.ok(left > 0, 'vectors were not kept in 20 s')
      await sleep(100)
    }
  }

  before(async () => {
    await endpoint.open()
    folder.write('waggle.yaml', `listen: ["127.0.0.1:0"]\nworkers: 1\nintent:\n  embeddings: { url: "${endpoint.url}", model: bag, key-file: token, timeout: 1000 }\nzones:\n  - { name: acme.example, file: acme.zone }\n`)
    served = await start()
    await isKept()
  })
  after(async () => {
    served.child.kill('SIGTERM')
    await served.ended
    await endpoint.close()
    folder.remove()
  })

  it('answers waggle query with the agents of what is meant, its name and its score', async () => {
    const shown = await query('interpret this prose')
    assert.match(shown, /AGENT\s+1 babel\._sa\.acme\.example\./)
    const score = Number(/translated=v2\.translate\.text\.nlp\._cap\.acme\.example\.?\/([\d.]+)/.exec(shown)?.[1])
    assert.ok(score > 0.15 && score < 1, shown)
    assert.equal(endpoint.headers.at(-1)?.authorization, `Bearer ${KEY}`)
  })

  it('answers dig, which sends the demand in octets and knows nothing of it', { skip: !hasDig && 'dig is not installed' }, async () => {
    const { out: demand } = await waggle(['demand', 'intent="decipher my scrawl"'])
    const { stdout } = await run('dig', ['@127.0.0.1', '-p', String(port()), `+ednsopt=65440:${demand.trim()}`, '+short', 'TYPE65440', '_cap.acme.example'], { timeout: 20_000 })
    assert.ok(stdout.toLowerCase().includes(Buffer.from('reader').toString('hex')), `dig said: ${stdout}`)
  })

  it('says where nothing is near, and counts all of it', async () => {
    assert.match(await query('harpsichord zither'), /not near enough|nothing is near/)
    assert.deepEqual([await metric('texts'), await metric('failures')], [2, 0])
    assert.ok(await metric('needs') >= 2)
  })

  it('goes on by words alone while the endpoint is gone, and after a restart has its vectors without asking for them', async () => {
    endpoint.manner = 'reset'
    assert.match(await query('translate some text'), /babel/)
    assert.ok(await metric('alone') >= 1)
    served.child.kill('SIGTERM')
    const { out } = await served.ended
    assert.doesNotMatch(out, /scrawl|harpsichord|sk-0/, 'neither needs nor the key are logged')
    endpoint.manner = 'well'
    endpoint.asked.length = 0
    served = await start()
    for (let left = 40; left > 0 && !(await query('render a letter')).includes('babel'); left--) await sleep(100)
    assert.match(await query('render a letter'), /babel/)
    assert.deepEqual(endpoint.asked.flat().filter((text) => text !== 'render a letter'), [])
    assert.equal(readFileSync(join(folder.path, 'data', 'embeddings')).includes('translate'), false)
  })
})

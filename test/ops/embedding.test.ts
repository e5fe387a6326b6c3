/** Needs through the real thread with a real endpoint: found without a word in common, by words alone where the endpoint fails, and nothing asked twice over a restart. */
import assert from 'node:assert/strict'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { registerZone } from '../../src/discovery/ranking/from-image.ts'
import { EMBEDDING_COUNTERS, type EmbeddingCounter } from '../../src/discovery/intent/embedder.ts'
import { OPTION, TYPE } from '../../src/dns/codes.ts'
import { makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { Translating } from '../../src/ops/translating.ts'
import { SEED, zoneOf } from '../authority/ask.ts'
import { demandOctets } from '../discovery/ranking/hive.ts'
import { EmbeddingsEndpoint, type Manner } from './embeddings-endpoint.ts'
import { makeFolder } from './process.ts'

const ZONE = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nv1.ocr.vision._cap AGENT 1 a._sa\nv2.translate.text.nlp._cap AGENT 1 b._sa\nv1.forecast.weather._cap AGENT 1 c._sa\n'

/** A thread, its endpoint's counters and its log. */
class Desk {
  readonly events: [event: string, fields: object][] = []
  readonly faults: unknown[] = []
  private readonly counts = new Float64Array(new SharedArrayBuffer(Object.keys(EMBEDDING_COUNTERS).length * 8))
  private readonly translating: Translating

  constructor(url: string, file: string, timeout = 1_500) {
    const config = { url, model: 'bag', key: undefined, timeout, batch: 2, weight: 0.5, baseline: 0.3 }
    this.translating = new Translating({ seed: SEED, embedding: { config, file, counts: this.counts }, deadlineMs: 20_000, onFault: (fault) => this.faults.push(fault), log: (event, fields = {}) => this.events.push([event, fields as object]) })
    this.publish(ZONE)
  }

  publish(text: string): void {
    const image = zoneOf('acme.example.', text)
    this.translating.publish({ images: [image.buffer], candidates: [registerZone(image).registrar.table.buffer] })
  }

  count(counter: EmbeddingCounter): number {
    return this.counts[Object.keys(EMBEDDING_COUNTERS).indexOf(counter)]
  }

  /** What is meant, or near, and its score. */
  async meaning(need: string): Promise<{ capability: string; score: number; isMeant: boolean }> {
    const options = [{ code: OPTION.DEMAND, octets: demandOctets(`intent="${need}"`) }]
    const outcome = await this.translating.translate(makeMessage({ questions: [{ name: Name.parse('_cap.acme.example.'), type: TYPE.AGENT, class: 1 }], edns: { udpSize: 1_232, version: 0, dnssecOk: false, compactOk: false, options } }))
    if (outcome === undefined || 'refused' in outcome) return assert.fail(JSON.stringify(outcome))
    const { capability, score, isMeant } = outcome.translation
    return { capability: capability === undefined ? 'nothing' : Name.fromWire(capability).toString().replace(/\._cap.*/, ''), score, isMeant }
  }

  async close(): Promise<void> {
    await this.translating.close()
    assert.deepEqual(this.faults, [])
  }
}

/** Until `isSo`, or 15 s have passed. */
async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let left = 300; !isSo(); left--) {
    assert.ok(left > 0, what)
    await sleep(50)
  }
}

describe('needs and their endpoint', () => {
  let folder = makeFolder({})
  let endpoint = new EmbeddingsEndpoint()
  let file = ''
  beforeEach(async () => {
    folder = makeFolder({})
    file = join(folder.path, 'data', 'embeddings')
    endpoint = await new EmbeddingsEndpoint().open()
  })
  afterEach(async () => {
    await endpoint.close()
    folder.remove()
  })
  const isKept = (): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined

  test('a need that shares no word with the capability is found by the endpoint, and not by words', async () => {
    const desk = new Desk(endpoint.url, file)
    await until('vectors were kept', isKept)
    for (const [need, capability] of [['interpret this prose', 'v2.translate.text.nlp'], ['decipher my scrawl', 'v1.ocr.vision'], ['umbrella tomorrow', 'v1.forecast.weather']]) {
      const meant = await desk.meaning(need)
      assert.deepEqual([meant.capability, meant.isMeant], [capability, true], `${need}: ${meant.score}`)
    }
    assert.deepEqual([desk.count('needs'), desk.count('alone'), desk.count('failures')], [3, 0, 0])
    endpoint.manner = 'status 500'
    const { capability } = await desk.meaning('interpret an idiom')
    assert.equal(capability, 'nothing', 'words alone do not know it')
    await desk.close()
  })

  test('what is meant by words is still meant, with the endpoint and without', async () => {
    const desk = new Desk(endpoint.url, file)
    await until('vectors were kept', isKept)
    assert.equal((await desk.meaning('weather forecast')).capability, 'v1.forecast.weather')
    endpoint.manner = 'status 500'
    assert.equal((await desk.meaning('forecast weather')).capability, 'v1.forecast.weather')
    await desk.close()
  })

  test('a need with nothing like it is told and not guessed', async () => {
    const desk = new Desk(endpoint.url, file)
    await until('vectors were kept', isKept)
    assert.equal((await desk.meaning('harpsichord zither')).isMeant, false)
    await desk.close()
  })

  test('a restart asks about nothing that is known, and what is new is asked about alone', async () => {
    const first = new Desk(endpoint.url, file)
    await until('vectors were kept', isKept)
    await first.close()
    assert.deepEqual(endpoint.asked.flat().sort(), ['forecast weather', 'ocr vision', 'translate text nlp'])
    assert.equal(readFileSync(file).includes('translate'), false, 'the file holds no text')
    assert.equal(statSync(file).mode & 0o077, 0, 'and is for its owner alone')
    endpoint.asked.length = 0
    const second = new Desk(endpoint.url, file)
    second.publish(`${ZONE}v1.quotes.stocks._cap AGENT 1 d._sa\n`)
    await until('the new one was asked about', () => endpoint.asked.length > 0)
    assert.equal((await second.meaning('interpret this prose')).capability, 'v2.translate.text.nlp')
    assert.deepEqual(endpoint.asked, [['quotes stocks'], ['interpret this prose']])
    await second.close()
  })

  test('a file that was damaged costs one round of questions, and is told', async () => {
    const first = new Desk(endpoint.url, file)
    await until('vectors were kept', isKept)
    await first.close()
    writeFileSync(file, readFileSync(file).fill(0, 20, 30))
    endpoint.asked.length = 0
    const second = new Desk(endpoint.url, file)
    await until('all were asked about', () => endpoint.asked.flat().length === 3)
    assert.deepEqual(second.events.map(([event]) => event), ['embeddings not restored'])
    await second.close()
  })

  test('a place where nothing can be kept is told, and vectors are there all the same', async () => {
    folder.write('data', 'a file, where a folder should be')
    const desk = new Desk(endpoint.url, file)
    await until('it was told', () => desk.events.length > 1)
    assert.deepEqual(desk.events.map(([event]) => event), ['embeddings not restored', 'embeddings not saved'])
    assert.equal((await desk.meaning('interpret this prose')).capability, 'v2.translate.text.nlp')
    await desk.close()
  })

  const MANNERS: Manner[] = ['status 500', 'redirect', 'silent', 'slow body', 'wrong length', 'NaN', 'HTML', 'huge', 'reset', 'half', 'one too few']
  for (const manner of MANNERS) {
    test(`an endpoint that answers "${manner}" costs a need its meaning and no more: words answer in time, it is told once, and nothing of a need`, async () => {
      const desk = new Desk(endpoint.url, file, 200)
      await until('vectors were kept', isKept)
      endpoint.manner = manner
      const before = endpoint.asked.length
      for (let i = 0; i < 5; i++) {
        const beginMs = performance.now()
        assert.equal((await desk.meaning(`weather forecast ${'again '.repeat(i)}`)).capability, 'v1.forecast.weather')
        assert.ok(performance.now() - beginMs < 1_800, `within the time of an asker: ${performance.now() - beginMs} ms`)
      }
      assert.equal(endpoint.asked.length - before, 3, 'then it is left alone')
      assert.deepEqual(desk.events.map(([event, fields]) => [event, 'what' in fields && fields.what]), [['embeddings failing', 'needs']])
      assert.doesNotMatch(JSON.stringify(desk.events), /weather|again/)
      assert.deepEqual([desk.count('alone'), desk.count('failures'), endpoint.strayed], [5, 3, 0])
      await desk.close()
    })
  }
})

/** Vectors by way of an endpoint that may fail: what is asked, when it is not, what is remembered, and who is left alone for how long. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EMBEDDING_COUNTERS, Embedder, type EmbeddingCounter, type Posted } from '../../../src/discovery/intent/embedder.ts'
import { vectorKey } from '../../../src/discovery/intent/vector-file.ts'
import { EMBEDDING_BATCH_MS, EMBEDDING_FAILURES, EMBEDDING_REST_MS, MAX_EMBEDDED_NEEDS, MAX_VECTOR_OCTETS } from '../../../src/dns/limits-discovery.ts'
import { answerOf } from '../../ops/embeddings-endpoint.ts'

/** An embedder whose clock stands and whose endpoint answers when and as it is told. */
class Bench {
  nowMs = 1_000
  answer: (texts: readonly string[]) => Posted | Promise<Posted> = (texts) => ({ body: answerOf(texts) })
  readonly asked: { texts: string[]; timeoutMs: number }[] = []
  readonly turned: string[] = []
  readonly counts = new Float64Array(Object.keys(EMBEDDING_COUNTERS).length)
  readonly embedder: Embedder

  constructor({ batch = 2, stored }: { batch?: number; stored?: Map<string, Float32Array> } = {}) {
    this.embedder = new Embedder({
      model: 'm', batch, timeoutMs: 400, counts: this.counts, nowMs: () => this.nowMs,
      post: async (body, timeoutMs) => {
        const { model, input } = JSON.parse(body) as { model: string; input: string[] }
        assert.equal(model, 'm')
        this.asked.push({ texts: input, timeoutMs })
        return this.answer(input)
      },
      onTurned: (what, fault) => this.turned.push(`${what} ${fault ?? 'back'}`),
    }, stored)
  }

  get texts(): string[][] {
    return this.asked.map(({ texts }) => texts)
  }

  count(counter: EmbeddingCounter): number {
    return this.counts[Object.keys(EMBEDDING_COUNTERS).indexOf(counter)]
  }

  /** Takes a vocabulary and fetches all of it. */
  async learn(...texts: string[]): Promise<this> {
    this.embedder.keep(new Set(texts))
    while (await this.embedder.step()) continue
    return this
  }
}

describe('the vocabulary', () => {
  test('is fetched in batches, each text once', async () => {
    const bench = await new Bench().learn('a', 'b', 'c', 'd', 'e')
    assert.deepEqual(bench.texts, [['a', 'b'], ['c', 'd'], ['e']])
    assert.ok(bench.asked.every(({ timeoutMs }) => timeoutMs === EMBEDDING_BATCH_MS))
    assert.deepEqual([bench.embedder.missing, bench.count('requests'), bench.count('texts'), bench.count('failures')], [0, 3, 5, 0])
    for (const text of ['a', 'b', 'c', 'd', 'e']) assert.ok(bench.embedder.vectorOf(text) !== undefined, text)
    await bench.learn('a', 'b', 'c', 'd', 'e')
    assert.equal(bench.asked.length, 3)
  })

  test('that changes has new texts fetched and those that left forgotten', async () => {
    const bench = await new Bench().learn('a', 'b')
    assert.equal(bench.embedder.keep(new Set(['b', 'c'])), true)
    assert.deepEqual([bench.embedder.vectorOf('a'), bench.embedder.missing], [undefined, 1])
    assert.equal(await bench.embedder.step(), true)
    assert.deepEqual(bench.texts.at(-1), ['c'])
    assert.equal(bench.embedder.keep(new Set(['b', 'c'])), false, 'nothing came or went')
  })

  test('that changes while a batch is under way does not keep what has left, and no second batch is begun', async () => {
    const bench = new Bench()
    let settle: (posted: Posted) => void = () => assert.fail('nothing was asked')
    bench.answer = () => new Promise((resolve) => (settle = resolve))
    bench.embedder.keep(new Set(['a', 'b']))
    const step = bench.embedder.step()
    assert.equal(await bench.embedder.step(), false)
    bench.embedder.keep(new Set(['b']))
    settle({ body: answerOf(['a', 'b']) })
    assert.equal(await step, true)
    assert.deepEqual([bench.embedder.vectorOf('a'), bench.embedder.vectorOf('b') === undefined, bench.asked.length], [undefined, false, 1])
  })

  test('known of an earlier run is not fetched again; what it says now of the same model is', async () => {
    const { embedder } = await new Bench().learn('a', 'b')
    const later = await new Bench({ stored: embedder.known }).learn('a', 'b', 'c')
    assert.deepEqual(later.texts, [['c']])
    assert.deepEqual(later.embedder.vectorOf('a'), embedder.vectorOf('a'))
    const stored = new Map([[vectorKey('another', 'a'), Float32Array.of(1)]])
    assert.deepEqual((await new Bench({ stored }).learn('a')).texts, [['a']])
  })

  test('known of an earlier run of a model that has changed under its name is fetched anew', async () => {
    const stored = new Map(['a', 'b'].map((text) => [vectorKey('m', text), Float32Array.of(1)]))
    const bench = await new Bench({ stored }).learn('a', 'b', 'c')
    assert.deepEqual([bench.embedder.vectorOf('a'), bench.embedder.missing], [undefined, 3], 'of another length than what came for c')
    await bench.learn('a', 'b', 'c')
    assert.deepEqual([bench.embedder.vectorOf('a')?.length, bench.embedder.missing], [64, 0])
  })

  test('has room up to MAX_VECTOR_OCTETS, and no text beyond is asked about', async () => {
    const size = 8_192
    const texts = Array.from({ length: MAX_VECTOR_OCTETS / (4 * size) + 3 }, (_, i) => `text ${i}`)
    const one = Float32Array.from({ length: size }, () => 1 / Math.sqrt(size)) // shared: it is the count that matters
    const bench = await new Bench({ stored: new Map(texts.map((text) => [vectorKey('m', text), one])) }).learn(...texts)
    assert.deepEqual([bench.embedder.missing, bench.asked.length], [3, 0])
  })
})

describe('a need', () => {
  test('has its vector in the time that is given, and the next time from memory', async () => {
    const bench = await new Bench().learn('translate text')
    const vector = await bench.embedder.need('interpret prose')
    assert.deepEqual([bench.asked.at(-1), vector], [{ texts: ['interpret prose'], timeoutMs: 400 }, bench.embedder.vectorOf('translate text')])
    assert.equal(await bench.embedder.need('interpret prose'), vector)
    assert.deepEqual([bench.asked.length, bench.count('needs'), bench.count('remembered'), bench.count('alone')], [2, 1, 1, 0])
  })

  test('is nobody\'s to ask about while no vector is known to compare with', async () => {
    const bench = new Bench()
    assert.equal(await bench.embedder.need('interpret prose'), undefined)
    assert.equal(bench.asked.length, 0)
  })

  test('that comes twice at once is asked about once', async () => {
    const bench = await new Bench().learn('a')
    const [one, other] = await Promise.all([bench.embedder.need('x'), bench.embedder.need('x')])
    assert.deepEqual([one, bench.asked.length], [other, 2])
  })

  test('of long ago is forgotten; one that was asked for again is not', async () => {
    const bench = await new Bench().learn('a')
    await bench.embedder.need('first')
    await bench.embedder.need('second')
    for (let i = 0; i < MAX_EMBEDDED_NEEDS - 2; i++) await bench.embedder.need(`need ${i}`)
    await bench.embedder.need('first')
    await bench.embedder.need('one more')
    const before = bench.asked.length
    await bench.embedder.need('first')
    assert.equal(bench.asked.length, before, 'remembered')
    await bench.embedder.need('second')
    assert.equal(bench.asked.length, before + 1, 'forgotten')
  })

  test('whose vector is of another length than those of the vocabulary goes by words alone', async () => {
    const bench = await new Bench().learn('a')
    bench.answer = () => ({ body: '{"data":[{"index":0,"embedding":[1,2]}]}' })
    assert.equal(await bench.embedder.need('x'), undefined)
    assert.deepEqual([bench.count('failures'), bench.count('alone'), bench.embedder.vectorOf('a') === undefined], [1, 1, false])
  })
})

describe('an endpoint that fails', () => {
  const FAULTS: [posted: Posted, told: string][] = [
    [{ fault: 'status 500' }, 'status 500'],
    [{ fault: 'timeout: no answer within 400 ms' }, 'timeout: no answer within 400 ms'],
    [{ body: '<html>' }, 'not-json: the answer is not JSON'],
    [{ body: '{"data":[]}' }, 'wrong-count: the answer has not one vector for each text'],
  ]
  for (const [posted, told] of FAULTS) {
    test(`${told.split(':')[0]}: is told once, left alone for a while, and tried by one`, async () => {
      const bench = await new Bench().learn('a')
      bench.answer = () => posted
      for (let i = 0; i < EMBEDDING_FAILURES + 4; i++) assert.equal(await bench.embedder.need(`need ${i}`), undefined)
      assert.deepEqual([bench.asked.length - 1, bench.turned], [EMBEDDING_FAILURES, [`needs ${told}`]])
      assert.deepEqual([bench.count('failures'), bench.count('alone')], [EMBEDDING_FAILURES, EMBEDDING_FAILURES + 4])
      bench.nowMs += EMBEDDING_REST_MS
      await Promise.all(['x', 'y', 'z'].map((need) => bench.embedder.need(need)))
      assert.deepEqual([bench.asked.length - 1, bench.turned.length], [EMBEDDING_FAILURES + 1, 1], 'one more, and nothing new to tell')
    })
  }

  test('and works again is told once, and asked as before', async () => {
    const bench = await new Bench().learn('a')
    const { answer } = bench
    bench.answer = () => ({ fault: 'status 500' })
    for (let i = 0; i < EMBEDDING_FAILURES; i++) await bench.embedder.need(`need ${i}`)
    bench.answer = answer
    bench.nowMs += EMBEDDING_REST_MS
    assert.ok((await bench.embedder.need('x')) !== undefined)
    assert.ok((await bench.embedder.need('y')) !== undefined)
    assert.deepEqual(bench.turned, ['needs status 500', 'needs back'])
  })

  test('now and then is asked on: only failures in a row count', async () => {
    const bench = await new Bench().learn('a')
    const { answer } = bench
    for (let i = 0; i < 3 * EMBEDDING_FAILURES; i++) {
      bench.answer = i % EMBEDDING_FAILURES === 0 ? answer : () => ({ fault: 'status 503' })
      await bench.embedder.need(`need ${i}`)
    }
    assert.deepEqual([bench.asked.length - 1, bench.turned], [3 * EMBEDDING_FAILURES, []])
  })

  test('for needs, as it is too slow for them, is still asked for the vocabulary, and the other way round', async () => {
    const bench = await new Bench().learn('a')
    bench.answer = (texts) => (texts[0].startsWith('need') ? { fault: 'timeout' } : { body: answerOf(texts) })
    for (let i = 0; i < EMBEDDING_FAILURES; i++) await bench.embedder.need(`need ${i}`)
    await bench.learn('a', 'b')
    assert.ok(bench.embedder.vectorOf('b') !== undefined)
    bench.answer = () => ({ fault: 'status 429' })
    for (let i = 0; i < EMBEDDING_FAILURES + 2; i++) await bench.learn('a', 'b', 'c')
    assert.deepEqual(bench.turned, ['needs timeout', 'vocabulary status 429'])
    assert.deepEqual([bench.asked.length, bench.embedder.missing], [2 + 2 * EMBEDDING_FAILURES, 1])
    bench.nowMs += EMBEDDING_REST_MS
    bench.answer = (texts) => ({ body: answerOf(texts) })
    assert.ok((await bench.embedder.need('x')) !== undefined)
    await bench.learn('a', 'b', 'c')
    assert.deepEqual([bench.turned.slice(2), bench.embedder.missing], [['needs back', 'vocabulary back'], 0])
  })
})

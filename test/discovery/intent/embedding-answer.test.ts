/** Answers of an embeddings endpoint: what is right comes in the order of the texts and of length 1, and what is wrong has a name, whatever a stranger sends. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ANSWER_FAULTS, cosine, parseEmbeddings } from '../../../src/discovery/intent/embedding-answer.ts'
import { MAX_EMBEDDING_DIMENSIONS } from '../../../src/dns/limits-discovery.ts'

const answer = (...data: unknown[]): string => JSON.stringify({ object: 'list', data })
const entry = (index: unknown, embedding: unknown): object => ({ object: 'embedding', index, embedding })
const lengthOf = (vector: Float32Array): number => Math.hypot(...vector)

describe('an answer that is right', () => {
  test('gives vectors in the order of the texts, however they come, each of length 1', () => {
    const vectors = parseEmbeddings(answer(entry(1, [0, -3, 4]), entry(0, [2, 0, 0])), 2)
    assert.deepEqual(vectors, [Float32Array.of(1, 0, 0), Float32Array.of(0, -0.6, 0.8)])
  })

  test('may have what we do not know beside it', () => {
    const body = JSON.stringify({ model: 'm', usage: { total_tokens: 3 }, data: [{ ...entry(0, [1]), more: [null] }] })
    assert.deepEqual(parseEmbeddings(body, 1, 1), [Float32Array.of(1)])
  })

  test('may have numbers as large and as small as there are', () => {
    for (const size of [1e308, 1e-308, Number.MIN_VALUE]) assert.deepEqual(parseEmbeddings(answer(entry(0, [size, 0])), 1), [Float32Array.of(1, 0)])
  })

  test('is as long as the text count, for any vectors and any order', () => {
    const component = fc.double({ noNaN: true, noDefaultInfinity: true })
    const vectors = fc.integer({ min: 1, max: 9 }).chain((size) => fc.array(fc.array(component, { minLength: size, maxLength: size }).filter((one) => one.some((x) => x !== 0)), { minLength: 1, maxLength: 6 }))
    fc.assert(
      fc.property(vectors, fc.infiniteStream(fc.nat()), (embeddings, order) => {
        const shuffled = embeddings.map((embedding, index) => ({ embedding, index, at: order.next().value as number })).sort((a, b) => a.at - b.at)
        const parsed = parseEmbeddings(answer(...shuffled.map(({ index, embedding }) => entry(index, embedding))), embeddings.length)
        assert.ok(Array.isArray(parsed), String(parsed))
        for (const [i, vector] of (parsed as Float32Array[]).entries()) {
          assert.ok(Math.abs(lengthOf(vector) - 1) < 1e-5)
          const largest = embeddings[i].reduce((best, x, k) => (Math.abs(x) > Math.abs(embeddings[i][best]) ? k : best), 0)
          assert.equal(Math.sign(vector[largest]), Math.sign(embeddings[i][largest]), 'it points where the one of this index did')
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('an answer that is wrong has a name', () => {
  const long = new Array(MAX_EMBEDDING_DIMENSIONS + 1).fill(1)
  const CASES: [what: string, body: string, fault: string, count?: number, dimensions?: number][] = [
    ['nothing', '', 'not-json'],
    ['HTML', '<html>', 'not-json'],
    ['a part', answer(entry(0, [1])).slice(0, -3), 'not-json'],
    ['NaN, which JSON has not', '{"data":[{"index":0,"embedding":[NaN]}]}', 'not-json'],
    ['null', 'null', 'no-data'],
    ['a number', '7', 'no-data'],
    ['an error in its own form', '{"error":{"message":"no such model"}}', 'no-data'],
    ['data that is no list', '{"data":{"0":1}}', 'no-data'],
    ['too few', answer(entry(0, [1])), 'wrong-count', 2],
    ['too many', answer(entry(0, [1]), entry(1, [1])), 'wrong-count', 1],
    ['an entry that is null', answer(null), 'wrong-index'],
    ['no index', answer({ embedding: [1] }), 'wrong-index'],
    ['an index as text', answer(entry('0', [1])), 'wrong-index'],
    ['an index that is none', answer(entry(1, [1])), 'wrong-index'],
    ['an index below 0', answer(entry(-1, [1])), 'wrong-index'],
    ['an index between two', answer(entry(0.5, [1])), 'wrong-index'],
    ['an index twice', answer(entry(0, [1]), entry(0, [1])), 'wrong-index', 2],
    ['no vector', answer({ index: 0 }), 'not-a-vector'],
    ['a vector in base64', answer(entry(0, 'AACAPw==')), 'not-a-vector'],
    ['an empty vector', answer(entry(0, [])), 'not-a-vector'],
    ['a vector of text', answer(entry(0, ['1'])), 'not-a-vector'],
    ['NaN written as null', answer(entry(0, [1, null])), 'not-a-vector'],
    ['more numbers than any model has', answer(entry(0, long)), 'not-a-vector'],
    ['different lengths', answer(entry(0, [1]), entry(1, [1, 2])), 'wrong-length', 2],
    ['another length than the others have', answer(entry(0, [1, 2])), 'wrong-length', 1, 3],
    ['zero', answer(entry(0, [0, 0])), 'not-finite'],
    ['more than numbers go', '{"data":[{"index":0,"embedding":[1e999]}]}', 'not-finite'],
  ]
  for (const [what, body, fault, count = 1, dimensions] of CASES) test(`${what}: ${fault}`, () => assert.equal(parseEmbeddings(body, count, dimensions), fault))

  test('every name is met above', () => assert.deepEqual(new Set(CASES.map(([, , fault]) => fault)), new Set(Object.keys(ANSWER_FAULTS))))
})

/** One value of JSON is put in the place of another, or letters are lost, doubled or changed. */
function mutated(body: string, at: number, how: number): string {
  const place = at % (body.length + 1)
  const piece = ['', '[', ']', '{', '}', '"', ',', ':', '-', '1e999', 'null', '0', '1', '[[', '\u0000', body.slice(0, 9)][how % 16]
  return body.slice(0, place) + piece + body.slice(place + (how % 3))
}

test('whatever comes, the answer is as many vectors of length 1 and one size as texts were, or a fault with a name; it never throws', () => {
  const valid = answer(entry(1, [0.5, -0.25, 1]), entry(0, [1, 2, 3]))
  const seen = new Set<string>()
  const check = (body: string): void => {
    const parsed = parseEmbeddings(body, 2, 3)
    if (typeof parsed === 'string') {
      assert.ok(parsed in ANSWER_FAULTS, parsed)
      return void seen.add(parsed)
    }
    assert.equal(parsed.length, 2)
    for (const vector of parsed) assert.ok(vector.length === 3 && Math.abs(lengthOf(vector) - 1) < 1e-5, body)
    seen.add('vectors')
  }
  fc.assert(fc.property(fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 4 }), (steps) => check(steps.reduce((body, [at, how]) => mutated(body, at, how), valid))), { numRuns: 3_000 })
  fc.assert(fc.property(fc.json(), (body) => check(body)), { numRuns: 300 })
  fc.assert(fc.property(fc.array(fc.record({ index: fc.anything(), embedding: fc.anything() }), { maxLength: 3 }), (data) => check(JSON.stringify({ data: data.map(({ index, embedding }) => ({ index: shown(index), embedding: shown(embedding) })) }))), { numRuns: 500 })
  for (const outcome of ['vectors', 'not-json', 'wrong-index', 'wrong-length', 'not-a-vector']) assert.ok(seen.has(outcome), `${outcome} was never met`)
})

/** What JSON can say of a value. */
function shown(value: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? Number(one) : one)) ?? 'null')
  } catch {
    return null
  }
}

describe('cosine', () => {
  const CASES: [a: number[], b: number[], value: number][] = [[[1, 0], [1, 0], 1], [[1, 0], [0, 1], 0], [[1, 0], [-1, 0], -1], [[0.6, 0.8], [0.8, 0.6], 0.96], [[1], [1, 0], 0]]
  for (const [a, b, value] of CASES) test(`of ${a.join()} and ${b.join()} is ${value}`, () => assert.ok(Math.abs(cosine(Float32Array.from(a), Float32Array.from(b)) - value) < 1e-6))
})

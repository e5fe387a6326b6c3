/**
 * What an embeddings endpoint says, in the form that OpenAI made usual: one vector for each text asked about, in any order.
 * The endpoint is a stranger: every part of its answer is checked, and one that is wrong anywhere is worth nothing.
 *
 *     {"data": [{"index": 1, "embedding": [0.1, …]}, {"index": 0, "embedding": [0.3, …]}]}   ──►   [Float32Array, Float32Array]
 */
import { MAX_EMBEDDING_DIMENSIONS } from '../../dns/limits-discovery.ts'

/** What is wrong with an answer, by a name that a log and a test can hold on to. */
export const ANSWER_FAULTS = {
  'not-json': 'the answer is not JSON',
  'no-data': 'the answer has no list `data`',
  'wrong-count': 'the answer has not one vector for each text',
  'wrong-index': 'an index is none of those asked about, or comes twice',
  'not-a-vector': 'an embedding is not a list of numbers',
  'wrong-length': 'vectors are of different lengths, or of another than those known',
  'not-finite': 'a vector is zero, or longer than numbers go',
} as const

/** The name of a fault. */
export type AnswerFault = keyof typeof ANSWER_FAULTS

/** The vectors in the order of the texts, each of length 1 (Float32); or what is wrong. `dimensions` is how many numbers each must have, where that is known. */
export function parseEmbeddings(body: string, count: number, dimensions?: number): readonly Float32Array[] | AnswerFault {
  const entries = entriesIn(body)
  if (typeof entries === 'string') return entries
  if (entries.length !== count) return 'wrong-count'
  const vectors: (Float32Array | undefined)[] = new Array<undefined>(count).fill(undefined)
  let length = dimensions
  for (const entry of entries) {
    const { index, embedding } = isRecord(entry) ? entry : {}
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || vectors[index] !== undefined) return 'wrong-index'
    if (!isNumbers(embedding)) return 'not-a-vector'
    length ??= embedding.length
    if (embedding.length !== length) return 'wrong-length'
    const vector = normalised(embedding)
    if (vector === undefined) return 'not-finite'
    vectors[index] = vector
  }
  return vectors as Float32Array[] // as many different indices as there are places
}

/** The cosine of two vectors of length 1, from -1 to 1; 0 where they are not of one space. */
export function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return Math.max(-1, Math.min(1, sum))
}

function entriesIn(body: string): unknown[] | AnswerFault {
  let answer: unknown
  try {
    answer = JSON.parse(body)
  } catch {
    return 'not-json'
  }
  return isRecord(answer) && Array.isArray(answer.data) ? (answer.data as unknown[]) : 'no-data'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.length <= MAX_EMBEDDING_DIMENSIONS && value.every((one) => typeof one === 'number')
}

/** Of length 1; undefined where that cannot be: what is zero points nowhere. */
function normalised(numbers: readonly number[]): Float32Array | undefined {
  const largest = numbers.reduce((most, one) => Math.max(most, Math.abs(one)), 0)
  if (largest === 0 || !Number.isFinite(largest)) return undefined
  const norm = Math.sqrt(numbers.reduce((sum, one) => sum + (one / largest) ** 2, 0)) // 1 or more, and no square overflows
  return Float32Array.from(numbers, (one) => one / largest / norm)
}

/** Vectors over a restart: what is written is read back to the bit, and a file that was changed anywhere is worth nothing. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { decodeVectors, encodeVectors, vectorKey } from '../../../src/discovery/intent/vector-file.ts'
import { MAX_EMBEDDING_DIMENSIONS } from '../../../src/dns/limits-discovery.ts'

const vectorsOf = (dimensions: number, texts: readonly string[]): Map<string, Float32Array> =>
  new Map(texts.map((text, i) => [vectorKey('m', text), Float32Array.from({ length: dimensions }, (_, k) => Math.fround((i + 1) / (k + 3)))]))

/** With the hash that belongs to it: what an own fault, or a stranger with access, may have written. */
function sealed(body: Buffer): Buffer {
  return Buffer.concat([body, createHash('sha256').update(body).digest()])
}

test('what is written is read back, and holds no text', () => {
  const vectors = fc.integer({ min: 1, max: 40 }).chain((size) => fc.array(fc.tuple(fc.string(), fc.array(fc.float({ noNaN: true }), { minLength: size, maxLength: size })), { maxLength: 12 }))
  fc.assert(fc.property(vectors, (entries) => {
    const map = new Map(entries.map(([text, numbers]) => [vectorKey('m', text), Float32Array.from(numbers)]))
    assert.deepEqual(decodeVectors(encodeVectors(map)), map)
  }), { numRuns: 200 })
  assert.equal(encodeVectors(vectorsOf(4, ['translates letters'])).includes('translates'), false)
})

test('a key is of the model and of the text, and they cannot be mistaken for each other', () => {
  const keys = [['m', 'text'], ['m', 'texts'], ['mt', 'ext'], ['', 'mtext'], ['1:m', 'text']].map(([model, text]) => vectorKey(model, text))
  assert.equal(new Set(keys).size, keys.length)
  assert.equal(vectorKey('m', 'text'), vectorKey('m', 'text'))
  for (const key of keys) assert.match(key, /^[0-9a-f]{64}$/)
})

test('a file with one octet changed, lost or added is nothing', () => {
  const file = encodeVectors(vectorsOf(5, ['a', 'b', 'c']))
  for (let at = 0; at < file.length; at++) {
    const changed = Buffer.from(file)
    changed[at] ^= 1 << at % 8
    assert.equal(decodeVectors(changed), undefined, `octet ${at}`)
    assert.equal(decodeVectors(file.subarray(0, at)), undefined, `the first ${at}`)
  }
  assert.equal(decodeVectors(Buffer.concat([file, Buffer.alloc(1)])), undefined)
})

describe('a file whose hash is right is still checked', () => {
  const body = encodeVectors(vectorsOf(2, ['a', 'b'])).subarray(0, -32)
  const withNumber = (at: number, value: number): Buffer => {
    const changed = Buffer.from(body)
    changed.writeUInt32LE(value, at)
    return sealed(changed)
  }
  const CASES: [what: string, file: Buffer][] = [
    ['more dimensions than there may be', withNumber(8, MAX_EMBEDDING_DIMENSIONS + 1)],
    ['other dimensions than there are', withNumber(8, 3)],
    ['a larger count', withNumber(12, 3)],
    ['a smaller count', withNumber(12, 1)],
    ['a count of all', withNumber(12, 0xffff_ffff)],
    ['another form', sealed(Buffer.concat([Buffer.from('WGLVEC2\n'), body.subarray(8)]))],
    ['no head', sealed(Buffer.alloc(3))],
  ]
  for (const [what, file] of CASES) test(what, () => assert.equal(decodeVectors(file), undefined))
  test('and taken where all of it is', () => assert.equal(decodeVectors(sealed(Buffer.from(body)))?.size, 2))
})

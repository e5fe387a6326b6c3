/**
 * Vectors as octets, so that a restart asks nobody for what is known: each under a key of its model and its text, the text
 * itself not among them. A file that is not as it was written is worth nothing, and costs one round of questions.
 *
 *     | "WGLVEC1\n" | dimensions u32 | count u32 | count × (key 32 octets, dimensions × float32) | SHA-256 of all before |
 *
 * Numbers are little-endian.
 */
import { createHash } from 'node:crypto'
import { MAX_EMBEDDING_DIMENSIONS } from '../../dns/limits-discovery.ts'

const MAGIC = Buffer.from('WGLVEC1\n')
const [KEY_OCTETS, HASH_OCTETS] = [32, 32]
const HEAD_OCTETS = MAGIC.length + 8

/** Key of a text's vector: SHA-256 of model and text, in hexadecimal digits. */
export function vectorKey(model: string, text: string): string {
  return createHash('sha256').update(`${Buffer.byteLength(model)}:${model}${text}`).digest('hex')
}

/** The file that holds the vectors, all of one length; keys are of `vectorKey`. */
export function encodeVectors(vectors: ReadonlyMap<string, Float32Array>): Buffer {
  const dimensions = [...vectors.values()][0]?.length ?? 0
  const size = KEY_OCTETS + 4 * dimensions
  const file = Buffer.alloc(HEAD_OCTETS + vectors.size * size + HASH_OCTETS)
  MAGIC.copy(file)
  file.writeUInt32LE(dimensions, MAGIC.length)
  file.writeUInt32LE(vectors.size, MAGIC.length + 4)
  let at = HEAD_OCTETS
  for (const [key, vector] of vectors) {
    file.write(key, at, 'hex')
    for (let i = 0; i < dimensions; i++) file.writeFloatLE(vector[i], at + KEY_OCTETS + 4 * i)
    at += size
  }
  hashOf(file.subarray(0, at)).copy(file, at)
  return file
}

/** The vectors of a file; undefined where it is not as `encodeVectors` writes it. */
export function decodeVectors(file: Buffer): Map<string, Float32Array> | undefined {
  const end = file.length - HASH_OCTETS
  if (end < HEAD_OCTETS || !file.subarray(0, MAGIC.length).equals(MAGIC) || !hashOf(file.subarray(0, end)).equals(file.subarray(end))) return undefined
  const dimensions = file.readUInt32LE(MAGIC.length)
  const count = file.readUInt32LE(MAGIC.length + 4)
  const size = KEY_OCTETS + 4 * dimensions
  if (dimensions > MAX_EMBEDDING_DIMENSIONS || HEAD_OCTETS + count * size !== end) return undefined
  const vectors = new Map<string, Float32Array>()
  for (let at = HEAD_OCTETS; at < end; at += size) {
    const vector = Float32Array.from({ length: dimensions }, (_, i) => file.readFloatLE(at + KEY_OCTETS + 4 * i))
    vectors.set(file.toString('hex', at, at + KEY_OCTETS), vector)
  }
  return vectors
}

function hashOf(octets: Buffer): Buffer {
  return createHash('sha256').update(octets).digest()
}

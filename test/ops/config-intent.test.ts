/** Key `intent` of the config: what is taken, what is told at its place, and that a key is read from its file and shown nowhere. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MAX_EMBEDDING_KEY_OCTETS } from '../../src/dns/limits-discovery.ts'
import { parseConfig } from '../../src/ops/config.ts'
import { makeFolder } from './process.ts'

const read = (embeddings: string, files: Record<string, string> = {}) => {
  const folder = makeFolder(files)
  try {
    return parseConfig(`intent:\n  embeddings: ${embeddings}\n`, join(folder.path, 'waggle.yaml'))
  } finally {
    folder.remove()
  }
}
const URL_AND_MODEL = 'url: "https://api.example/v1/embeddings", model: small'

test('address and model are enough', () => {
  assert.deepEqual(read(`{ ${URL_AND_MODEL} }`).config?.embeddings, { url: 'https://api.example/v1/embeddings', model: 'small', key: undefined, timeout: 400, batch: 64, weight: 0.5, baseline: 0.3 })
})

test('without it nobody is asked', () => {
  for (const text of ['', 'intent:\n', 'intent: {}\n']) assert.equal(parseConfig(text, 'waggle.yaml').config?.embeddings, undefined)
})

test('the key is what stands in its file, which lies beside the config', () => {
  assert.equal(read(`{ ${URL_AND_MODEL}, key-file: token }`, { token: 'sk-1234\n' }).config?.embeddings?.key, 'sk-1234')
})

describe('what cannot be used is told at its place', () => {
  const ADDRESS = 'as it must be an address of HTTP or HTTPS'
  const CASES: [what: string, embeddings: string, told: string, files?: Record<string, string>][] = [
    ['no address', '{ model: small }', 'intent.embeddings.url'],
    ['no model', '{ url: "http://127.0.0.1:1/" }', 'intent.embeddings.model'],
    ['another protocol', '{ url: "file:///etc/passwd", model: small }', ADDRESS],
    ['no address at all', '{ url: api.example, model: small }', ADDRESS],
    ['a password in the address', '{ url: "https://me:secret@api.example/", model: small }', ADDRESS],
    ['an empty model', '{ url: "http://127.0.0.1:1/", model: "" }', 'must be the name of a model'],
    ['a wait longer than an asker has', `{ ${URL_AND_MODEL}, timeout: 1501 }`, 'must be a number from 10 to 1500 (milliseconds)'],
    ['a batch of none', `{ ${URL_AND_MODEL}, batch: 0 }`, 'must be a number from 1 to 256 (texts)'],
    ['a weight above 1', `{ ${URL_AND_MODEL}, weight: 1.1 }`, 'must be a number from 0 to 1'],
    ['a baseline of 1, above which nothing lies', `{ ${URL_AND_MODEL}, baseline: 1 }`, 'must be a number from 0 to 0.99'],
    ['a key of no name', `{ ${URL_AND_MODEL}, key: x }`, '"key"'],
    ['a file that is not there', `{ ${URL_AND_MODEL}, key-file: token }`, 'Cannot use intent.embeddings.key-file "token": Cannot read key'],
    ['an empty file', `{ ${URL_AND_MODEL}, key-file: token }`, 'must hold one line of printable characters without spaces', { token: '\n' }],
    ['a file with two lines', `{ ${URL_AND_MODEL}, key-file: token }`, 'must hold one line', { token: 'hush-1\nhush-2\n' }],
    ['a file of another kind', `{ ${URL_AND_MODEL}, key-file: token }`, 'as it is longer than', { token: 'hush'.repeat(MAX_EMBEDDING_KEY_OCTETS) }],
  ]
  for (const [what, embeddings, told, files] of CASES) {
    test(what, () => {
      const { config, findings } = read(embeddings, files)
      const [finding] = findings
      assert.deepEqual([config, findings.length], [undefined, 1])
      assert.ok(finding.message.includes(told), finding.message)
      assert.ok(finding.line > 0)
      assert.ok(!finding.message.includes('hush'), 'no part of a key is shown')
    })
  }
})

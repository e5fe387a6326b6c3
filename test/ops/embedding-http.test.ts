/** Requests to an embeddings endpoint over real HTTP: what comes back, and how each failure of a stranger is named; none takes longer or more than it may. */
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { parseEmbeddings } from '../../src/discovery/intent/embedding-answer.ts'
import { postEmbeddings } from '../../src/ops/embedding-http.ts'
import { answerOf, bagOf, EmbeddingsEndpoint, type Manner } from './embeddings-endpoint.ts'

const BODY = JSON.stringify({ model: 'bag', input: ['translate text'] })

describe('a request', () => {
  const endpoint = new EmbeddingsEndpoint()
  before(() => endpoint.open())
  after(() => endpoint.close())
  const post = async (manner: Manner, timeoutMs = 20_000, key?: string): Promise<string> => {
    endpoint.manner = manner
    const posted = await postEmbeddings({ url: endpoint.url, key }, BODY, timeoutMs)
    return 'fault' in posted ? posted.fault : posted.body
  }

  test('brings the body of the answer', async () => {
    assert.equal(await post('well'), answerOf(['translate text']))
    assert.deepEqual([endpoint.asked.at(-1), [...endpoint.models]], [['translate text'], ['bag']])
  })

  test('says who asks where a key is given, and sends JSON', async () => {
    await post('well', 20_000, 'sk-secret')
    assert.deepEqual([endpoint.headers.at(-1)?.authorization, endpoint.headers.at(-1)?.['content-type']], ['Bearer sk-secret', 'application/json'])
    await post('well')
    assert.equal(endpoint.headers.at(-1)?.authorization, undefined)
  })

  const FAULTS: [manner: Manner, fault: RegExp, timeoutMs?: number][] = [
    ['status 500', /^status 500$/],
    ['status 401', /^status 401$/],
    ['redirect', /^redirect: status 307 is not followed$/],
    ['silent', /^timeout: no answer within 100 ms$/, 100],
    ['slow body', /^timeout: no answer within 100 ms$/, 100],
    ['huge', /^too-large: the answer has more than 8388608 octets$/],
    ['reset', /^no answer: (ECONNRESET|UND_ERR_SOCKET)$/],
    ['half', /^no answer: (ECONNRESET|UND_ERR_SOCKET|AbortError|TypeError)$/],
  ]
  for (const [manner, fault, timeoutMs] of FAULTS) {
    test(`that meets "${manner}" has no body, but a reason`, async () => {
      const beginMs = performance.now()
      const said = await post(manner, timeoutMs, 'sk-secret')
      assert.match(said, fault)
      assert.ok(!said.includes('sk-secret') && !said.includes('translate'), 'a reason is logged: it tells nothing of the key and the need')
      assert.ok(performance.now() - beginMs < 15_000)
    })
  }

  test('is never sent to where a redirect leads', () => assert.equal(endpoint.strayed, 0))

  const WRONG: [manner: Manner, fault: string][] = [['NaN', 'not-json'], ['HTML', 'not-json'], ['one too few', 'wrong-count'], ['wrong length', 'wrong-length']]
  for (const [manner, fault] of WRONG) test(`that meets "${manner}" has a body, which is known to be wrong`, async () => assert.equal(parseEmbeddings(await post(manner), 1, bagOf('x').length), fault))
})

test('where nobody listens that is the reason', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  assert.deepEqual(await postEmbeddings({ url: `http://127.0.0.1:${port}/`, key: undefined }, BODY, 10_000), { fault: 'no answer: ECONNREFUSED' })
})

test('where HTTPS is meant and HTTP answers there is no answer', async () => {
  const endpoint = await new EmbeddingsEndpoint().open()
  const posted = await postEmbeddings({ url: endpoint.url.replace('http:', 'https:'), key: 'sk-secret' }, BODY, 10_000)
  assert.match('fault' in posted ? posted.fault : 'answered', /^no answer: ERR_SSL/)
  assert.equal(endpoint.asked.length, 0)
  await endpoint.close()
})

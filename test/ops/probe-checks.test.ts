/** What an agent must answer to count as alive, in each protocol, against real servers: what lives, what is broken, what is slow, large, or sends us elsewhere. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTcp, type AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import type { ProbeTarget } from '../../src/discovery/probe/target.ts'
import { MAX_PROBE_HEADER_OCTETS, MAX_PROBE_OCTETS } from '../../src/dns/limits-discovery.ts'
import { checkAgent, isServing } from '../../src/ops/probe-checks.ts'

const LOOPBACK = Uint8Array.of(127, 0, 0, 1)
const BOUNDS = { timeoutMs: 2_000, verify: false }

/** A request as an agent saw it. */
interface Seen {
  method: string | undefined
  url: string | undefined
  headers: IncomingMessage['headers']
  body: string
}

interface Tried {
  reason: string | undefined
  seen: Seen[]
}

/** Probes an agent that answers by `listener`. */
async function probe(kind: ProbeTarget['kind'], listener: RequestListener, more: Partial<ProbeTarget & typeof BOUNDS> = {}): Promise<Tried> {
  const seen: Seen[] = []
  const server = createHttp((request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      seen.push({ method: request.method, url: request.url, headers: request.headers, body })
      listener(request, response)
    })
  })
  const port = await listening(server)
  try {
    const target: ProbeTarget = { kind, address: LOOPBACK, port, tls: false, host: 'babel.example', path: undefined, card: '/.well-known/agent-card.json', ...more }
    return { reason: await checkAgent(target, { ...BOUNDS, ...more }), seen }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

async function listening(server: Server | ReturnType<typeof createTcp>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Answers each path by what stands there: a status, or JSON. */
function paths(answers: Record<string, number | object>): RequestListener {
  return ({ url = '' }, response) => {
    const answer = answers[url] ?? 404
    if (typeof answer === 'number') response.writeHead(answer).end()
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
  }
}

const CARD = '/.well-known/agent-card.json'
const BABEL = { name: 'Babel', skills: [] }

describe('an A2A agent', () => {
  const CASES: [what: string, answers: Record<string, number | object>, path: string | undefined, reason: string | undefined][] = [
    ['with a card lives', { [CARD]: BABEL }, undefined, undefined],
    ['with a card where it stood before version 0.3 lives', { '/.well-known/agent.json': BABEL }, undefined, undefined],
    ['that shows its card to known ones alone lives', { [CARD]: 401 }, undefined, undefined],
    ['without a card has failed', {}, undefined, 'HTTP status 404 for the agent card'],
    ['whose card is a fault of the server has failed', { [CARD]: 503 }, undefined, 'HTTP status 503 for the agent card'],
    ['whose card sends us elsewhere has failed', { [CARD]: 302 }, undefined, 'HTTP status 302 for the agent card'],
    ['whose card is another JSON has failed', { [CARD]: { title: 'x' } }, undefined, 'the agent card is none'],
    ['with a card and an endpoint that takes calls lives', { [CARD]: BABEL, '/a2a': { jsonrpc: '2.0', id: 1, error: { code: -32_001 } } }, '/a2a', undefined],
    ['whose endpoint takes no JSON-RPC lives', { [CARD]: BABEL, '/a2a': 405 }, '/a2a', undefined],
    ['with a card in front of an endpoint that is down has failed', { [CARD]: BABEL, '/a2a': 502 }, '/a2a', 'HTTP status 502 for a call'],
  ]
  for (const [what, answers, path, reason] of CASES) test(what, async () => assert.equal((await probe('a2a', paths(answers), { path })).reason, reason))

  test('is asked at its address by its own name, for its card, then by a call', async () => {
    const { seen } = await probe('a2a', paths({ [CARD]: BABEL, '/a2a': {} }), { path: '/a2a', host: 'babel.example:8080' })
    assert.deepEqual(seen.map(({ method, url, headers: { host, 'user-agent': agent } }) => [method, url, host, agent]), [['GET', CARD, 'babel.example:8080', 'waggle-probe'], ['POST', '/a2a', 'babel.example:8080', 'waggle-probe']])
    const { jsonrpc, method } = JSON.parse(seen[1].body) as Record<string, unknown>
    assert.deepEqual([jsonrpc, method], ['2.0', 'tasks/get'])
  })

  test('with no JSON for a card has failed', async () => assert.equal((await probe('a2a', (_, response) => response.end('<html>'))).reason, 'the agent card is none'))
})

describe('an MCP server', () => {
  const RESULT = { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'x', version: '1' } } }
  const event = (data: object, more = ''): RequestListener => (_, response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).write(`${more}event: message\ndata: ${JSON.stringify(data)}\n\n`)
  const CASES: [what: string, listener: RequestListener, reason: string | undefined][] = [
    ['that answers initialize lives', paths({ '/mcp': RESULT }), undefined],
    ['that answers by an event, and keeps the stream open, lives', event(RESULT), undefined],
    ['that asks who we are lives', paths({ '/mcp': 401 }), undefined],
    ['that answers with an error has failed', paths({ '/mcp': { jsonrpc: '2.0', id: 1, error: { code: -32_603, message: 'x' } } }), 'initialize has no result'],
    ['whose event is an error has failed', event({ jsonrpc: '2.0', id: 1, error: {} }), 'initialize has no result'],
    ['that is not there has failed', paths({}), 'HTTP status 404 for initialize'],
    ['that is down has failed', paths({ '/mcp': 500 }), 'HTTP status 500 for initialize'],
    ['that answers no JSON has failed', (_, response) => response.end('hello'), 'initialize has no result'],
  ]
  for (const [what, listener, reason] of CASES) test(what, async () => assert.equal((await probe('mcp', listener)).reason, reason))

  test('is asked as its protocol has it, and its session is closed', async () => {
    const { seen, reason } = await probe('mcp', (_, response) => response.writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': 's7' }).end(JSON.stringify(RESULT)), { path: '/tools' })
    assert.equal(reason, undefined)
    assert.deepEqual(seen.map(({ method, url }) => [method, url]), [['POST', '/tools'], ['DELETE', '/tools']])
    assert.equal(seen[0].headers.accept, 'application/json, text/event-stream')
    assert.equal(seen[1].headers['mcp-session-id'], 's7')
    const { method, params } = JSON.parse(seen[0].body) as { method: string; params: { protocolVersion: string } }
    assert.deepEqual([method, params.protocolVersion], ['initialize', '2025-06-18'])
  })
})

describe('an agent behind HTTP', () => {
  const ALIVE = [200, 201, 204, 301, 302, 304, 307, 400, 401, 403, 405, 406, 415, 422, 426, 429]
  const FAILED = [404, 408, 410, 500, 501, 502, 503, 504]
  for (const status of [...ALIVE, ...FAILED]) {
    test(`that answers ${status} ${ALIVE.includes(status) ? 'lives' : 'has failed'}`, async () => {
      const { reason } = await probe('http', (_, response) => response.writeHead(status).end())
      assert.equal(reason, ALIVE.includes(status) ? undefined : `HTTP status ${status}`)
    })
  }
  test('is judged by its status alone', () => assert.deepEqual([100, 199, 200, 399, 404, 499, 500, 599].filter(isServing), [200, 399, 499]))

  test('that sends us elsewhere is not followed', async () => {
    const { seen } = await probe('http', (_, response) => response.writeHead(302, { location: '/elsewhere' }).end())
    assert.deepEqual(seen.map(({ url }) => url), ['/'])
  })
})

describe('an agent behind TCP', () => {
  test('that listens lives, whatever it speaks', async () => {
    const server = createTcp((socket) => void socket.on('error', () => undefined))
    const port = await listening(server)
    const target: ProbeTarget = { kind: 'tcp', address: LOOPBACK, port, tls: true, host: 'x', path: undefined, card: '' }
    assert.equal(await checkAgent(target, BOUNDS), undefined)
    const closed = once(server, 'close')
    server.close()
    await closed
    assert.match((await checkAgent(target, BOUNDS)) ?? '', /ECONNREFUSED/)
  })
})

describe('whatever an agent does, a probe ends', () => {
  const CARD_OF = (octets: number): RequestListener => (_, response) => response.end(JSON.stringify({ name: 'x'.repeat(octets) }))
  const CASES: [what: string, listener: RequestListener, reason: RegExp][] = [
    ['it does not answer', () => undefined, /no answer within 300 ms/],
    ['it begins an answer and stops', (_, response) => void response.write('{'), /no answer within 300 ms/],
    ['it drips', (_, response) => void setInterval(() => response.write(' '), 20).unref(), /no answer within 300 ms/],
    ['it hangs up', (request) => request.socket.destroy(), /socket hang up|ECONNRESET/],
    ['it hangs up in the midst', (_, response) => { response.writeHead(200, { 'content-length': 99 }); response.write('{"na', () => response.socket?.destroy()) }, /aborted|ECONNRESET/],
    ['it answers no HTTP', (request) => void request.socket.end('SSH-2.0-x\r\n'), /Parse Error/],
    ['its header is too large', (_, response) => response.writeHead(200, { x: 'y'.repeat(MAX_PROBE_HEADER_OCTETS + 1_000) }).end(), /Header overflow/],
    ['it has much to say', CARD_OF(MAX_PROBE_OCTETS * 4), /more than \d+ octets came/],
  ]
  for (const [what, listener, reason] of CASES) {
    test(`where ${what}`, async () => {
      const fromMs = performance.now()
      assert.match((await probe('a2a', listener, { timeoutMs: 300 + (what.startsWith('it has') ? 5_000 : 0) })).reason ?? 'alive', reason)
      assert.ok(performance.now() - fromMs < 6_000)
    })
  }
  test('but a card of a hundred thousand octets is read', async () => assert.equal((await probe('a2a', CARD_OF(100_000))).reason, undefined))

  test('where nobody speaks TLS, the reason says so', async () => assert.match((await probe('http', () => undefined, { tls: true })).reason ?? 'alive', /SSL|TLS|wrong version/i))
})

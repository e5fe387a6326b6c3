/**
 * Asking an agent whether it lives, in its own protocol, over the network: what is sent, and which answers count. Nothing is looked up
 * (the address is given), no redirect is followed, no more is read than MAX_PROBE_OCTETS, and all of it ends with the timeout.
 *
 *     a2a    GET of the agent card: JSON with a name; then a call of JSON-RPC at the endpoint, where the offer names one
 *     mcp    POST of initialize: a result with a protocolVersion, as JSON or as the first event; the session is closed again
 *     http   GET of the endpoint: any status that `isServing` takes
 *     tcp    a connection
 *
 * Who asks us to prove who we are (401, 403) lives.
 */
import { request as requestHttp, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect, isIP } from 'node:net'
import { printAddress } from '../dns/address.ts'
import { MAX_PROBE_HEADER_OCTETS, MAX_PROBE_OCTETS } from '../dns/limits-discovery.ts'
import type { ProbeTarget } from '../discovery/probe/target.ts'
import { reasonOf } from './reason.ts'

/** How long a probe may take in all, and whether the certificate must be one that this machine trusts. */
export interface ProbeBounds {
  readonly timeoutMs: number
  readonly verify: boolean
}

/** Why the agent does not live; undefined where it does. Never rejects. */
export async function checkAgent(target: ProbeTarget, bounds: ProbeBounds): Promise<string | undefined> {
  const signal = AbortSignal.timeout(bounds.timeoutMs)
  try {
    return await CHECKS[target.kind]({ target, verify: bounds.verify, signal })
  } catch (fault) {
    return signal.aborted ? `no answer within ${bounds.timeoutMs} ms` : reasonOf(fault)
  }
}

interface Probe {
  readonly target: ProbeTarget
  readonly verify: boolean
  readonly signal: AbortSignal
}

interface Heard {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const CHECKS: Readonly<Record<ProbeTarget['kind'], (probe: Probe) => Promise<string | undefined>>> = { a2a: checkA2a, mcp: checkMcp, http: checkHttp, tcp: checkTcp }
/** Of client errors those that say that nothing is served there, or nothing in time (RFC 9110 15.5.5, 15.5.9, 15.5.11). */
const GONE = new Set([404, 408, 410])
/** First status of each class that is told apart (RFC 9110 15). */
const HTTP = { success: 200, serverFault: 500 } as const
const OLD_CARD_PATH = '/.well-known/agent.json'
const MCP_VERSION = '2025-06-18'

/** Whether a status shows an agent at work: success, redirection, and client errors but those that say that nothing is there. */
export function isServing(status: number): boolean {
  return status >= HTTP.success && status < HTTP.serverFault && !GONE.has(status)
}

async function checkHttp(probe: Probe): Promise<string | undefined> {
  const { status } = await exchange(probe, { path: probe.target.path ?? '/' }, () => true)
  return isServing(status) ? undefined : `HTTP status ${status}`
}

async function checkA2a(probe: Probe): Promise<string | undefined> {
  const { card, path } = probe.target
  let heard = await exchange(probe, { path: card, headers: { accept: 'application/json' } })
  if (heard.status === 404) heard = await exchange(probe, { path: OLD_CARD_PATH, headers: { accept: 'application/json' } }) // before A2A 0.3
  if (!isGuarded(heard.status)) {
    if (heard.status !== 200) return `HTTP status ${heard.status} for the agent card`
    if (typeof objectIn(heard.body)?.name !== 'string') return 'the agent card is none'
  }
  if (path === undefined) return undefined
  const { status } = await post(probe, path, { method: 'tasks/get', params: { id: 'is-anybody-there' } })
  return status < HTTP.serverFault ? undefined : `HTTP status ${status} for a call`
}

async function checkMcp(probe: Probe): Promise<string | undefined> {
  const path = probe.target.path ?? '/mcp'
  const { status, headers, body } = await post(probe, path, { method: 'initialize', params: { protocolVersion: MCP_VERSION, capabilities: {}, clientInfo: { name: 'waggle-probe', version: '1' } } })
  if (isGuarded(status)) return undefined
  if (status !== 200) return `HTTP status ${status} for initialize`
  const result = objectIn(eventIn(headers, body))?.result as { protocolVersion?: unknown } | undefined
  if (typeof result?.protocolVersion !== 'string') return 'initialize has no result'
  const session = headers['mcp-session-id']
  if (typeof session === 'string') await exchange(probe, { method: 'DELETE', path, headers: { 'mcp-session-id': session } }, () => true).catch(() => undefined)
  return undefined
}

function checkTcp({ target: { address, port }, signal }: Probe): Promise<undefined> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: printAddress(address), port })
    const end = (fault?: Error): void => {
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
      if (fault === undefined) resolve(undefined)
      else reject(fault)
    }
    const onAbort = (): void => end(new Error('too late'))
    signal.addEventListener('abort', onAbort)
    socket.once('connect', () => end())
    socket.on('error', end)
  })
}

/** It asks who we are. */
function isGuarded(status: number): boolean {
  return status === 401 || status === 403
}

function post(probe: Probe, path: string, call: { method: string; params: object }): Promise<Heard> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, ...call })
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'content-length': Buffer.byteLength(body) }
  return exchange(probe, { method: 'POST', path, headers, body }, ({ headers: { 'content-type': type = '' } }, text) => type.startsWith('text/event-stream') && /\n\r?\n/.test(text))
}

/** The first event of a stream of them; of any other body all of it. */
function eventIn({ 'content-type': type = '' }: IncomingHttpHeaders, body: string): string {
  if (!type.startsWith('text/event-stream')) return body
  const [event] = body.split(/\r?\n\r?\n/).filter((text) => text.includes('data:'))
  return (event ?? '').split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('\n')
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Whether no more of a body is needed than this. */
type IsEnough = (heard: Heard, body: string) => boolean

/** One request and its response; `isEnough` ends the reading of its body early. */
function exchange({ target, verify, signal }: Probe, request: RequestOptions & { body?: string }, isEnough: IsEnough = () => false): Promise<Heard> {
  const { body, headers, ...what } = request
  const { address, port, tls, host } = target
  const name = host.replace(/:\d+$/, '')
  const options: RequestOptions = {
    ...what, host: printAddress(address), port, agent: false, signal, maxHeaderSize: MAX_PROBE_HEADER_OCTETS,
    headers: { host, 'user-agent': 'waggle-probe', connection: 'close', ...(headers as Record<string, string | number> | undefined) },
    ...(tls ? { rejectUnauthorized: verify, ...(isIP(name.replace(/^\[|\]$/g, '')) === 0 ? { servername: name } : {}) } : {}),
  }
  return new Promise((resolve, reject) => {
    const sent = (tls ? requestHttps : requestHttp)(options, (response) => {
      const heard = { status: response.statusCode ?? 0, headers: response.headers }
      let text = ''
      const end = (): void => {
        resolve({ ...heard, body: text })
        sent.destroy()
      }
      response.setEncoding('utf8')
      if (isEnough({ ...heard, body: '' }, '')) return end()
      response.on('data', (chunk: string) => {
        text += chunk
        if (text.length > MAX_PROBE_OCTETS) return void sent.destroy(new Error(`more than ${MAX_PROBE_OCTETS} octets came`))
        if (isEnough({ ...heard, body: text }, text)) end()
      })
      response.on('end', end)
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

/**
 * One agent of the story, a process of its own made with the client library: it registers by its own key, does work over
 * HTTP within its slots, tells how loaded it is, and lies where its part in the story says so.
 *
 *     parent ── part as JSON, then orders ──▶ agent ── { ready } ──▶ parent
 *     asker  ── POST / ──▶ 200 and the work, after `takesMs` and a wait for a slot; 503 where slots and waiting places are full
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent, newKeyPair, sig0Signer } from '../../src/client/index.ts'
import { Name } from '../../src/dns/name.ts'

/** What an agent is in the story. */
export interface Part {
  id: string
  provider: string
  /** Its own address on the loopback. */
  address: string
  server: string
  capability: string
  /** What it claims. */
  claims: string
  slots: number
  queue: number
  /** Milliseconds that a session takes, and what it says of that where it lies. */
  takesMs: number
  liesMs?: number
}

/** What the story tells an agent to do. */
export interface Order {
  /** Sessions of others that it has besides. */
  background?: number
  withdraw?: boolean
}

/** What an agent tells the story. */
export type Word = { ready: { name: string; endpoint: string } } | { withdrawn: true } | { failed: string }

const part = JSON.parse(process.argv[2]) as Part
const waiting: (() => void)[] = []
let inService = 0
let background = 0

function say(word: Word): void {
  process.send?.(word)
}

function active(): number {
  return inService + waiting.length + background
}

/** Takes one session, now or when a slot is free. */
function serve(response: ServerResponse): void {
  const { slots, queue, takesMs, id } = part
  const there = String(active())
  if (active() >= slots + queue) return void response.writeHead(503, { 'x-active': there }).end('busy')
  const begin = (): void => {
    inService++
    setTimeout(() => {
      inService--
      response.writeHead(200, { 'x-active': there }).end(`translated by ${id}`)
      waiting.shift()?.()
    }, takesMs)
  }
  if (inService + background < slots) begin()
  else waiting.push(begin)
}

async function main(): Promise<void> {
  const { id, provider, address, server, capability, claims, slots, queue, takesMs, liesMs } = part
  const http = createServer((request, response) => request.resume().on('end', () => serve(response)))
  await new Promise<void>((resolve) => http.listen(0, address, resolve))
  const endpoint = `http://${address}:${(http.address() as AddressInfo).port}/`
  const agent = new Agent({
    server, provider, id, addresses: [address], signer: sig0Signer(newKeyPair(Name.parse(`${id}._sa.${provider}`), 13)),
    capabilities: [{ name: capability, parameters: `${claims} endpoint=${endpoint} profile=performance-sensitive` }], lease: { lease: 60, keyLease: 120 },
  })
  await agent.register()
  const read = (): { active: number; concurrency: number; queue: number; serviceMs: number } => ({ active: liesMs === undefined ? active() : 0, concurrency: slots, queue, serviceMs: liesMs ?? takesMs })
  agent.reporting({ read, profile: 'performance-sensitive', onEvent: (event) => event.kind === 'reported' && event.cause === 'first' && say({ ready: { name: agent.name, endpoint } }) })
  process.on('message', (order: Order) => {
    background = order.background ?? background
    if (order.withdraw === true) void agent.withdraw().then(() => say({ withdrawn: true }), (fault: Error) => say({ failed: fault.message }))
  })
}

process.on('disconnect', () => process.exit(0)) // the story is over
await main().catch((fault: Error) => say({ failed: fault.message }))

/** The answering path makes no garbage: whatever is asked, the heap stays as it was (docs/architecture.md). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Server } from '../../src/server/server.ts'
import { encodeQuery, serverOf, zoneOf } from './ask.ts'
import { type Chain, type Records, signedText } from './signing.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const ANSWERS = 100_000
/** The quietest of these counts, as compiling in the background allocates too; garbage of each answer would be in all of them. */
const ROUNDS = 3
/** What the measurement itself may leave behind, spread over the answers. One object for each answer would be 12 octets at least. */
const MOST_OCTETS_EACH = 4

const HEX = '00'.repeat(32)
const records = (): Records => new Map([
  ['example.', new Map([['SOA', ['ns.example. admin.example. 1 2 3 4 300']], ['NS', ['ns.example.']], ['MX', ['1 ns.example.']]])],
  ['ns.example.', new Map([['A', ['192.0.2.1']], ['AAAA', ['2001:db8::1']]])],
  ['*.w.example.', new Map([['A', ['192.0.2.2']]])],
  ['a.b.example.', new Map([['A', ['192.0.2.3']]])],
  ['alias.example.', new Map([['CNAME', ['q.w.example.']]])],
  ['moved.example.', new Map([['DNAME', ['b.example.']]])],
  ['sub.example.', new Map([['NS', ['ns.sub.example.', 'ns.example.']]])],
  ['ns.sub.example.', new Map([['A', ['192.0.2.4']]])],
  ['safe.example.', new Map([['NS', ['ns.sub.example.']], ['DS', [`1 13 2 ${HEX}`]]])],
  ['svc.example.', new Map([['SVCB', ['0 svc2.example.']]])],
  ['svc2.example.', new Map([['SVCB', ['1 ns.example. alpn=h2']]])],
])
const QUESTIONS = [
  'ns.example. A', 'NS.Example. AAAA', 'ns.example. MX', 'no.example. A', 'x.w.example. A', 'x.w.example. MX', 'b.example. A', 'alias.example. A', 'a.moved.example. A',
  'q.moved.example. A', 'www.sub.example. A', 'www.safe.example. A', 'sub.example. DS', 'example. MX', 'svc.example. SVCB', 'ns.example. ANY', 'ns.example. RRSIG', 'example.org. A',
]
const CHAINS: [string, Chain][] = [['NSEC', { kind: 'nsec' }], ['NSEC3', { kind: 'nsec3', optOut: true, iterations: 1, salt: 'ab' }]]

const out = new Uint8Array(65_535)
const peer = { transport: 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 4096 } as const

function answerAll(server: Server, queries: readonly Uint8Array[], answers: number): void {
  for (let i = 0; i < answers; i++) {
    const query = queries[i % queries.length]
    server.answer(query, query.length, peer, out)
  }
}

/** Octets that the heap has grown by for each answer. */
function octetsEach(server: Server, queries: readonly Uint8Array[]): number {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  answerAll(server, queries, ANSWERS)
  return (process.memoryUsage().heapUsed - before) / ANSWERS
}

for (const [title, chain] of CHAINS) {
  test(`${ANSWERS} answers of every kind from a zone with ${title} leave nothing on the heap`, () => {
    const server = serverOf([zoneOf('example.', signedText('example.', records(), chain))])
    const queries = QUESTIONS.flatMap((question) => [false, true].map((dnssec) => encodeQuery(question, { dnssec })))
    answerAll(server, queries, 50_000) // until all of it is compiled
    const each = Math.min(...Array.from({ length: ROUNDS }, () => octetsEach(server, queries)))
    assert.ok(each < MOST_OCTETS_EACH, `${each.toFixed(1)} octets for each answer`)
  })
}

/**
 * Not a test: microseconds that the answering code takes for each face of 3, 10, 100 and 256 agents who offer the same,
 * without sockets, in one thread, beside a stored address. Each is asked by UDP with 1,232 octets, as resolvers do, so that
 * long lists end in TC; and by TCP.
 *
 *     node [--cpu-prof] dist/test/bench/face-nanos.js [agents,agents…] [milliseconds]
 */
import { MAX_FACE_AGENTS } from '../../src/dns/limits-discovery.ts'
import { MAX_MESSAGE_OCTETS } from '../../src/dns/limits.ts'
import { encodeQuery } from '../authority/ask.ts'
import { APEX, Stall } from '../discovery/faces/stall.ts'

const FACES: readonly [name: string, type: string][] = [
  ['ns', 'A'], ['v1.crowd._cap', 'AGENT'], ['v1.crowd._cap', 'A'], ['v1.crowd._cap', 'SVCB'], ['n1', 'HTTPS'], ['n1', 'TXT'],
  ['_a2a._tcp', 'PTR'], ['v1\\.crowd._sub._a2a._tcp', 'PTR'], ['_services._dns-sd._udp', 'PTR'], ['_a2a._tcp', 'SRV'], ['a1._a2a._tcp', 'TXT'], ['_index._agents', 'TXT'],
]
const QUERIES_IN_ROUND = 20
const out = new Uint8Array(MAX_MESSAGE_OCTETS)

/** Microseconds per answer: the best of many rounds, as others can only make a round longer. */
function microsOf(stall: Stall, name: string, type: string, transport: 'udp' | 'tcp', forMs: number): number {
  const query = encodeQuery(`${name}.${APEX} ${type}`, { size: 1_232 })
  const peer = { transport, address: Uint8Array.of(192, 0, 2, 1), port: 5_300 }
  const until = performance.now() + forMs
  let best = Infinity
  while (performance.now() < until) {
    const begun = performance.now()
    for (let i = 0; i < QUERIES_IN_ROUND; i++) if (stall.server.answer(query, query.length, peer, out) === 0) throw new Error(`Cannot measure ${name} ${type} as it is met with silence`)
    best = Math.min(best, ((performance.now() - begun) * 1e3) / QUERIES_IN_ROUND)
  }
  return best
}

const counts = (process.argv[2] ?? `3,10,100,${String(MAX_FACE_AGENTS)}`).split(',').map(Number)
const forMs = Number(process.argv[3] ?? 300)
const stalls = counts.map((count) => new Stall(Array.from({ length: count }, (_, i) => `v1.crowd._cap AGENT 1 a${String(i)}._sa alpn=a2a alias=n${String(i)}\na${String(i)}._sa A 192.0.2.${String(1 + i % 250)}\n`).join('')))
process.stdout.write(`µs for an answer, by UDP and by TCP${counts.map((count) => String(count).padStart(14)).join('')} agents\n`)
for (const [name, type] of FACES) {
  const cells = stalls.map((stall) => (['udp', 'tcp'] as const).map((transport) => microsOf(stall, name, type, transport, forMs).toFixed(1).padStart(7)).join(''))
  process.stdout.write(`${`${name} ${type}`.padEnd(35)}${cells.join('')}\n`)
}

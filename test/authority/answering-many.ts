/**
 * Not a test: answers as many questions as it is told, of every kind, and says when the first are through and when all
 * are. `garbage.long.ts` runs it under --trace-gc and reads what the collector says in between.
 *
 *     node --trace-gc answering-many.js 10000000 [litter]     litter: leaves an object behind for each answer
 */
import { encodeQuery, serverOf, zoneOf } from './ask.ts'
import { type Records, signedText } from './signing.ts'

/** Answers before the measured ones: all code is compiled, all tails are kept. */
const WARM_UP = 1_000_000

const records: Records = new Map([
  ['example.', new Map([['SOA', ['ns.example. admin.example. 1 2 3 4 300']], ['NS', ['ns.example.']], ['MX', ['1 ns.example.']]])],
  ['ns.example.', new Map([['A', ['192.0.2.1']], ['AAAA', ['2001:db8::1']]])],
  ['*.w.example.', new Map([['A', ['192.0.2.2']]])],
  ['alias.example.', new Map([['CNAME', ['q.w.example.']]])],
  ['moved.example.', new Map([['DNAME', ['w.example.']]])],
  ['sub.example.', new Map([['NS', ['ns.sub.example.', 'ns.example.']]])],
  ['ns.sub.example.', new Map([['A', ['192.0.2.4']]])],
])
const QUESTIONS = ['ns.example. A', 'NS.Example. AAAA', 'ns.example. MX', 'no.example. A', 'x.w.example. A', 'alias.example. A', 'a.moved.example. A', 'www.sub.example. A', 'WWW.Sub.example. A', 'ns.sub.example. A', 'example. MX', 'ns.example. ANY', 'example.org. A']

const server = serverOf([zoneOf('example.', signedText('example.', records, { kind: 'nsec' }))])
const queries = QUESTIONS.flatMap((question) => [{}, { dnssec: false, size: 1232 }, { dnssec: true }].map((asking) => encodeQuery(question, asking)))
const peer = { transport: 'udp', address: Uint8Array.of(192, 0, 2, 1), port: 4096 } as const
const out = new Uint8Array(65_535)
const left: object[] = [{}]
const litters = process.argv[3] === 'litter'

function answer(count: number): void {
  for (let i = 0; i < count; i++) {
    const query = queries[i % queries.length]
    const octets = server.answer(query, query.length, peer, out)
    if (litters) left[0] = { octets }
  }
}

answer(WARM_UP)
process.stdout.write('warm\n')
answer(Number(process.argv[2]))
process.stdout.write('done\n')

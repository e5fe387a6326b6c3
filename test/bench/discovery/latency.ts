/**
 * `npm run bench:discovery -- --latency`: what a ranked answer costs beside a plain one, through the code that answers queries, in
 * one thread without sockets. Each number of candidates has a zone of its own; the questions are asked in turn, a batch of
 * each, so that whatever else the machine does meets them all. The least of many batches counts, as others can only make
 * one longer, and their median beside it.
 */
import { ZoneAuthority } from '../../../src/authority/answer.ts'
import { RankedChooser } from '../../../src/discovery/ranking/choosing.ts'
import { registerZone } from '../../../src/discovery/ranking/from-image.ts'
import { Sensing } from '../../../src/discovery/ranking/sensing.ts'
import { OPTION } from '../../../src/dns/codes.ts'
import { MAX_MESSAGE_OCTETS } from '../../../src/dns/limits.ts'
import { Name } from '../../../src/dns/name.ts'
import { Server } from '../../../src/server/server.ts'
import { ZoneDirectory } from '../../../src/zone/directory.ts'
import { encodeQuery, SEED, zoneOf } from '../../authority/ask.ts'
import { agentName, BEGIN_MS, chance, demandOctets } from '../../discovery/ranking/hive.ts'
import { median } from '../statistics.ts'

/** What one kind of question costs, in microseconds of one thread. */
export interface Cost {
  readonly what: string
  readonly candidates: number
  readonly least: number
  readonly median: number
}

const APEX = 'acme.example.'
const CAPABILITY = `v2.translate.text.nlp._cap.${APEX}`
const PEER = { transport: 'udp' as const, address: Uint8Array.of(192, 0, 2, 1), port: 5_300 }
const BATCH = 256
const UDP_OCTETS = 4_096

/** Questions, by what they are; the first is the plain one that others are compared with. */
const QUESTIONS: readonly [what: string, question: string, demand: string][] = [
  ['plain, A', `ns.${APEX} A`, ''],
  ['AGENT', `${CAPABILITY} AGENT`, ''],
  ['AGENT, one answer', `${CAPABILITY} AGENT`, 'count=1'],
  ['AGENT, bounds and place', `${CAPABILITY} AGENT`, 'latency=3s accuracy=0.7 near=48.1,16.4 count=1'],
  ['AGENT, what few have', `${CAPABILITY} AGENT`, 'region=eu count=1'],
]

/** Costs of every question with each number of candidates, `seconds` for each number. */
export function measureLatency(numbers: readonly number[], seconds: number, say: (line: string) => void): Cost[] {
  return numbers.flatMap((candidates) => {
    const server = serverOf(candidates)
    const costs = costsOf(server, candidates, seconds)
    for (const { what, least } of costs) say(`${candidates} candidates, ${what}: ${least.toFixed(2)} µs`)
    return costs
  })
}

function serverOf(candidates: number): Server {
  const image = zoneOf(APEX, zoneText(candidates))
  const { registrar } = registerZone(image)
  const sensing = new Sensing(registrar)
  const owner = Name.parse(CAPABILITY).wire
  for (let i = 0; i < candidates; i++) sensing.report(registrar.slotOf(owner, agentName(`a${i}`)), { active: i % 8, slots: 8, serviceMs: 200 + (i % 900), sequence: 1 }, BEGIN_MS)
  const begunMs = performance.now() // a clock that stands would pile up all that was chosen, as if nobody ever finished
  const chooser = new RankedChooser({ nowMs: () => BEGIN_MS + 100 + performance.now() - begunMs, random: chance(1) })
  chooser.useTables([registrar.table.buffer])
  return new Server({ authority: new ZoneAuthority(new ZoneDirectory([image], SEED), SEED, chooser), nowSeconds: () => BEGIN_MS / 1_000, onFault: (fault) => { throw fault } })
}

function zoneText(candidates: number): string {
  const agents = Array.from({ length: candidates }, (_, i) =>
    `v2.translate.text.nlp._cap AGENT 1 a${i}._sa latency=${200 + (i % 900)}ms accuracy=0.${70 + (i % 30)} concurrency=8 location=${(i % 80) - 40},${(i % 300) - 150} region=${i % 100 === 0 ? 'eu' : 'us'}`)
  return `$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n${agents.join('\n')}\n`
}

function costsOf(server: Server, candidates: number, seconds: number): Cost[] {
  const queries = QUESTIONS.map(([, question, demand]) => queryOf(question, demand))
  const times = queries.map((): number[] => [])
  const out = new Uint8Array(MAX_MESSAGE_OCTETS)
  const until = performance.now() + seconds * 1_000
  while (performance.now() < until || times[0].length < 3) {
    queries.forEach((query, i) => times[i].push(batchMicros(server, query, out, QUESTIONS[i][0])))
  }
  return QUESTIONS.map(([what], i) => ({ what, candidates, least: Math.min(...times[i]), median: median(times[i]) }))
}

/** Microseconds of processor for one answer, over a batch of them: what others have of the processor meanwhile is not counted. */
function batchMicros(server: Server, query: Uint8Array, out: Uint8Array, what: string): number {
  const begun = process.cpuUsage()
  for (let i = 0; i < BATCH; i++) {
    const octets = server.answer(query, query.length, PEER, out)
    if (octets === 0 || ((out[6] << 8) | out[7]) === 0) throw new Error(`Cannot measure ${what} as it is not answered`)
  }
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / BATCH
}

/** A query with EDNS; with the option DEMAND where there is a demand. */
function queryOf(question: string, demand: string): Uint8Array {
  return encodeQuery(question, { size: UDP_OCTETS, options: demand === '' ? [] : [[OPTION.DEMAND, Buffer.from(demandOctets(demand)).toString('hex')]] })
}

/** The costs as a table of text cells, the head first: microseconds, and in parts of the plain answer of the same run. */
export function latencyLines(costs: readonly Cost[]): string[][] {
  const plainOf = (candidates: number): Cost => costs.find((cost) => cost.candidates === candidates) as Cost
  return [
    ['candidates', 'question', 'least µs', 'median µs', '/plain'],
    ...costs.map((cost) => [String(cost.candidates), cost.what, cost.least.toFixed(2), cost.median.toFixed(2), (cost.least / plainOf(cost.candidates).least).toFixed(1)]),
  ]
}

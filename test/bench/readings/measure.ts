/** One run of the bench of readings: a server of its own, readings as fast as they are taken, a witness who asks meanwhile, and the proof afterwards. */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ask } from '../../../src/client/ask.ts'
import { CLASS, OPTION, TYPE } from '../../../src/dns/codes.ts'
import { findOption } from '../../../src/dns/edns.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../../src/dns/message.ts'
import { Name } from '../../../src/dns/name.ts'
import { decodeParameters, PARAMETERS, valueOf } from '../../../src/dns/parameters.ts'
import { readRdata } from '../../../src/dns/rdata.ts'
import { SOA } from '../../../src/dns/rr/names.ts'
import { cpuOf, nanosBetween } from '../accounting.ts'
import { start, type Running } from '../servers.ts'
import { stream } from '../updates/stream.ts'
import { AGENTS_EACH, capabilityOf, KEY, Readings, ZONE, zoneText } from './messages.ts'
import { pipe } from './pipeline.ts'
import type { WitnessTask, WitnessTold } from './witness.ts'

/** How readings come. */
export interface Way {
  title: string
  transport: 'udp' | 'tcp'
  /** Readings in each message. */
  each: number
  /** Messages under way at most. */
  window: number
}

/** What to measure. */
export interface Task {
  way: Way
  /** Readings in all, rounded up to whole rounds of all agents. */
  count: number
  agents: number
  /** Queries a second meanwhile. */
  queries: number
  folder: string
}

/** What one run gave. */
export interface Measured {
  /** Readings absorbed a second. */
  rate: number
  /** Microseconds of the server's processors for each, the queries' share included. */
  micros: number
  /** Milliseconds that plain and ranked queries took meanwhile, and the share of queries that were answered. */
  plain: readonly [number, number]
  ranked: readonly [number, number]
  answered: number
  serials: readonly [number, number]
}

const CONNECTIONS = 4

/** Measures one way. Throws where a reading is refused, or the last one of an agent is not what answers are chosen by, or the serial moves. */
export async function measure({ way, count, agents, queries, folder }: Task): Promise<Measured> {
  const file = `${folder}/${ZONE}zone`
  writeFileSync(file, zoneText(agents))
  const server = await start('ours', { zones: [{ id: 'plain', name: ZONE, file }], workers: 1, processors: undefined, probe: query('ns1', TYPE.A), key: KEY }, folder, '')
  try {
    const rounds = Math.max(1, Math.ceil(count / agents))
    await send(server, { ...way, agents, rounds: 1, firstRound: 1, told: 'idle' }) // warm, and every agent has told once
    const before = await serialOf(server)
    const made = prepared({ ...way, agents, rounds, firstRound: 2, told: 'transition' })
    const witness = witnessOf(server.port, queries)
    const cpu = cpuOf(server.pid)
    const seconds = await deliver(server, way, made)
    const nanos = nanosBetween(cpu, cpuOf(server.pid))
    const { waits: [plain, ranked], asked } = await witness()
    await prove(server, agents)
    const after = await serialOf(server)
    if (after !== before) throw new Error(`readings have moved the serial from ${before} to ${after}`)
    return {
      rate: (rounds * agents) / seconds, micros: nanos / 1e3 / (rounds * agents), serials: [before, after], answered: (plain.length + ranked.length) / asked,
      plain: [quantile(plain, 0.5), quantile(plain, 0.99)], ranked: [quantile(ranked, 0.5), quantile(ranked, 0.99)],
    }
  } finally {
    await server.stop()
  }
}

interface Batch extends Way {
  agents: number
  rounds: number
  firstRound: number
  told: 'idle' | 'transition'
}

function prepared({ agents, rounds, each, firstRound, told }: Batch): Uint8Array[] {
  const readings = new Readings(agents)
  return Array.from({ length: (agents * rounds) / each }, (_, i) => readings.make(i, each, firstRound, told))
}

function send(server: Running, batch: Batch): Promise<number> {
  return deliver(server, batch, prepared(batch))
}

/** Seconds that it took to have all of them acknowledged. */
async function deliver({ port }: Running, { transport, window }: Way, made: readonly Uint8Array[]): Promise<number> {
  const { rcodes, seconds } = transport === 'tcp'
    ? await pipe({ port, messages: made, connections: CONNECTIONS, window: Math.ceil(window / CONNECTIONS) })
    : await stream({ port, count: made.length, window, make: (i) => made[i] })
  if (rcodes.get(0) !== made.length) throw new Error(`readings were refused: ${JSON.stringify([...rcodes])} of ${made.length}`)
  return seconds
}

function witnessOf(port: number, perSecond: number): () => Promise<WitnessTold> {
  const workerData: WitnessTask = { port, perSecond, queries: [query('ns1', TYPE.A), agentQuery(0)] }
  const worker = new Worker(new URL('./witness.js', import.meta.url), { workerData })
  return async () => {
    const told = once(worker, 'message') as Promise<[WitnessTold]>
    worker.postMessage('end')
    return (await told)[0]
  }
}

/** Every agent's last reading told `transition`: so must the answers, all over the zone. */
async function prove(server: Running, agents: number): Promise<void> {
  for (let agent = 0; agent < agents; agent += AGENTS_EACH) {
    const { edns } = await answerTo(server, agentQuery(agent))
    const offer = findOption(edns, OPTION.OFFER)
    const states = offer && valueOf(decodeParameters(offer, 'OFFER'), PARAMETERS.states)
    if (states?.length !== AGENTS_EACH || states.some((state) => state !== 'transition')) throw new Error(`a reading at ${capabilityOf(agent)} was acknowledged and does not count: ${JSON.stringify(states)}`)
  }
}

async function serialOf(server: Running): Promise<number> {
  const { answers: [soa] } = await answerTo(server, query('', TYPE.SOA))
  return readRdata(SOA, soa.rdata).serial
}

async function answerTo({ port }: Running, octets: Uint8Array): Promise<Message> {
  const asked = await ask(octets, { server: { host: '127.0.0.1', family: 4, port }, tcp: false, timeoutMs: 3_000, tries: 3 })
  if ('failed' in asked) throw new Error(asked.failed)
  return decodeMessage(asked.octets)
}

function query(label: string, type: number): Uint8Array {
  return encodeMessage(makeMessage({ id: 1, questions: [{ name: Name.parse(label === '' ? ZONE : `${label}.${ZONE}`), type, class: CLASS.IN }] }))
}

/** Asks for the agents at a capability, by one who understands OFFER. */
function agentQuery(agent: number): Uint8Array {
  const questions = [{ name: Name.parse(capabilityOf(agent)), type: TYPE.AGENT, class: CLASS.IN }]
  return encodeMessage(makeMessage({ id: 1, agent: true, questions, edns: { udpSize: 4_096, version: 0, dnssecOk: false, compactOk: false, options: [] } }))
}

function quantile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN
}

/** One run of the bench of updates: a server of its own, a stream of updates, a witness who asks meanwhile, and the proof afterwards. */
import { statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../../../src/client/ask.ts'
import { CLASS, TYPE } from '../../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../../src/dns/message.ts'
import { printAddress } from '../../../src/dns/address.ts'
import { Name } from '../../../src/dns/name.ts'
import { cpuOf, nanosBetween, pssOf } from '../accounting.ts'
import { start, TITLES, type Kind, type Running } from '../servers.ts'
import { AgentWitness } from './agent-witness.ts'
import { addressOf, nameOf, Updates, ZONE, type Work } from './messages.ts'
import { stream } from './stream.ts'

/** What to measure. */
export interface Task {
  kind: Kind
  work: Work
  count: number
  window: number
  /** Seconds between the server's start and the first update. */
  rest: number
  folder: string
  key: { name: string; secret: string }
}

/** What one run gave. */
export interface Measured {
  kind: Kind
  work: Work
  /** Updates acknowledged a second. */
  rate: number
  /** Microseconds of the server's processor for each. */
  micros: number
  /** Milliseconds from the first sending to the answer. */
  p50: number
  p99: number
  /** Messages sent again. */
  again: number
  /** Milliseconds that plain queries took meanwhile. */
  queryP50: number
  queryP99: number
}

/** What registrations cost while so many agents were there already. */
export interface Stage {
  from: number
  to: number
  rate: number
  /** Microseconds of the server's processor for each. */
  micros: number
}

/** What many agents gave. */
export interface Gathered {
  count: number
  rate: number
  stages: readonly Stage[]
  /** Ranked answers that were asked for meanwhile, all of them right, and milliseconds that they took. */
  asked: number
  askedP50: number
  askedP99: number
  /** Octets of memory for each, with all that it stands on. */
  octets: number
  /** Octets on disk for each. */
  disk: number
  /** Microseconds of processor for a renewal, and renewals a second. */
  renewalMicros: number
  renewals: number
  /** Milliseconds from start to the first answer without agents, and with them. */
  emptyStartMs: number
  startMs: number
}

const SAMPLE = 200
const WITNESS_MS = 5

/** Measures one server. Throws where an update is refused, or what was acknowledged is not served. */
export async function measure(task: Task, say: (line: string) => void): Promise<Measured> {
  const { kind, work, count, window } = task
  const server = await begin(task, undefined)
  try {
    await sleep(task.rest * 1_000)
    const updates = new Updates()
    const witness = new Witness(server.port)
    const before = cpuOf(server.pid)
    const made = Array.from({ length: count }, (_, i) => updates.make(work, i, kind === 'ours'))
    const { seconds, rcodes, again, waits } = await stream({ port: server.port, count, window, make: (i) => made[i] })
    const nanos = nanosBetween(before, cpuOf(server.pid))
    const asked = await witness.end()
    if (rcodes.get(0) !== count) throw new Error(`${TITLES[kind]} refused updates: ${JSON.stringify([...rcodes])}`)
    await prove(server.port, work, count)
    const measured = { kind, work, rate: count / seconds, micros: nanos / 1e3 / count, p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), again, queryP50: quantile(asked, 0.5), queryP99: quantile(asked, 0.99) }
    say(`${TITLES[kind]}: ${Math.round(measured.rate)}/s, ${measured.micros.toFixed(0)} µs each, answered after ${measured.p50.toFixed(1)} ms (p99 ${measured.p99.toFixed(1)}), ${again} sent again`)
    return measured
  } finally {
    await server.stop()
  }
}

/** Registers many agents with our server, renews them all, and starts it again. */
export async function gather({ count, window, rest, folder, key }: Omit<Task, 'kind' | 'work'>, say: (line: string) => void): Promise<Gathered> {
  const task: Task = { kind: 'ours', work: 'agent', count, window, rest, folder, key }
  const home = `${folder}/many`
  const server = await begin(task, home)
  const updates = new Updates()
  const make = (i: number): Uint8Array => updates.make('agent', i, true)
  await sleep(rest * 1_000)
  const weight = pssOf(server.pid)
  say(`registering ${count} agents …`)
  const stages: Stage[] = []
  const witness = new AgentWitness(server.port)
  for (const { from, to } of stagesOf(count)) {
    witness.expect(from, to)
    const stage = await register(server, { from, to }, window, make)
    stages.push(stage)
    say(`  ${from} to ${to}: ${Math.round(stage.rate)}/s, ${stage.micros.toFixed(0)} µs each`)
  }
  const asked = await witness.end()
  const seconds = stages.reduce((sum, { from, to, rate }) => sum + (to - from) / rate, 0)
  await prove(server.port, 'agent', count)
  const octets = (pssOf(server.pid) - weight) / count
  const before = cpuOf(server.pid)
  say(`renewing ${count} agents …`)
  await sleep(1_100) // a signature of the same second would be the same message, which is answered from memory
  const second = await stream({ port: server.port, count, window, make })
  const renewalMicros = nanosBetween(before, cpuOf(server.pid)) / 1e3 / count
  await server.stop()
  const disk = statSync(`${home}/data/store/data.mdb`).size / count
  const again = await begin(task, home)
  await prove(again.port, 'agent', count)
  await again.stop()
  return { count, rate: count / seconds, stages, asked: asked.length, askedP50: quantile(asked, 0.5), askedP99: quantile(asked, 0.99), octets, disk, renewalMicros, renewals: count / second.seconds, emptyStartMs: server.readyMs, startMs: again.readyMs }
}

/** Where the cost of a registration is looked at: if it grows with the zone, these tell. */
const STAGES = [1_000, 10_000, 50_000, 100_000, 500_000]

function stagesOf(count: number): { from: number; to: number }[] {
  const ends = [...STAGES.filter((end) => end < count), count]
  return ends.map((to, i) => ({ from: i === 0 ? 0 : ends[i - 1], to }))
}

async function register(server: Running, { from, to }: { from: number; to: number }, window: number, make: (i: number) => Uint8Array): Promise<Stage> {
  const before = cpuOf(server.pid)
  const { rcodes, seconds } = await stream({ port: server.port, count: to - from, window, make: (i) => make(from + i), first: from })
  if (rcodes.get(0) !== to - from) throw new Error(`agents were refused: ${JSON.stringify([...rcodes])}`)
  return { from, to, rate: (to - from) / seconds, micros: nanosBetween(before, cpuOf(server.pid)) / 1e3 / (to - from) }
}

/** Starts a server with the zone that is changed; in a folder of its own unless `home` names one. */
export function begin({ kind, folder, key }: Pick<Task, 'kind' | 'folder' | 'key'>, home: string | undefined): Promise<Running> {
  const file = `${folder}/${ZONE}zone`
  writeFileSync(file, `$ORIGIN ${ZONE}\n$TTL 3600\n@ IN SOA ns1 hostmaster 1 3600 600 86400 300\n@ IN NS ns1\nns1 IN A 192.0.2.53\n`)
  const probe = query(`ns1.${ZONE}`)
  return start(kind, { zones: [{ id: 'plain', name: ZONE, file }], workers: 1, processors: undefined, probe, key, ...(home === undefined ? {} : { home }) }, folder, '')
}

function query(name: string): Uint8Array {
  return encodeMessage(makeMessage({ id: 1, questions: [{ name: Name.parse(name), type: TYPE.A, class: CLASS.IN }] }))
}

async function addressAt(port: number, name: string): Promise<string> {
  const asked = await ask(query(name), { server: { host: '127.0.0.1', family: 4, port }, tcp: false, timeoutMs: 3_000, tries: 3 })
  if ('failed' in asked) return asked.failed
  const { answers } = decodeMessage(asked.octets)
  return answers.length === 1 ? printAddress(answers[0].rdata) : `${answers.length} records`
}

/** Every one of a sample of what was acknowledged is served. */
export async function prove(port: number, work: Work, count: number): Promise<void> {
  for (let s = 0; s < SAMPLE; s++) {
    const i = Math.floor((s * count) / SAMPLE)
    const found = await addressAt(port, nameOf(work, i))
    if (found !== addressOf(i)) throw new Error(`${nameOf(work, i)} was acknowledged as ${addressOf(i)}, and is ${found}`)
  }
}

/** Asks for one name again and again, and keeps how long that took; a wrong answer is a fault. */
class Witness {
  private readonly waits: number[] = []
  private isOver = false
  private readonly asking: Promise<void>

  constructor(port: number) {
    this.asking = this.run(port)
    this.asking.catch(() => undefined) // who has ended the server for another fault does not wait for this one
  }

  private async run(port: number): Promise<void> {
    while (!this.isOver) {
      const from = performance.now()
      const found = await addressAt(port, `ns1.${ZONE}`)
      this.waits.push(performance.now() - from)
      if (found !== '192.0.2.53') throw new Error(`ns1.${ZONE} was answered by ${found} while updates came in`)
      await sleep(WITNESS_MS)
    }
  }

  async end(): Promise<Float64Array> {
    this.isOver = true
    await this.asking
    return Float64Array.from(this.waits)
  }
}

function quantile(values: Float64Array, share: number): number {
  return values.toSorted()[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN
}

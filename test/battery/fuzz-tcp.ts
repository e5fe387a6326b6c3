/**
 * Mutated messages over TCP, each connection misbehaving in its own way: pipelined, cut into odd chunks, with length
 * prefixes that lie, half-closed, reset in the middle. Every answer that comes is judged as over UDP.
 */
import { connect, type Socket } from 'node:net'
import { Chance } from './chance.ts'
import type { Probes, Watch } from './fuzz-watch.ts'
import { writeMutation } from './mutate.ts'

const CONNECTIONS = 12
const LARGEST = 4_096
/** A connection that the server neither answers nor closes is given up after this. */
const PATIENCE_MS = 1_500
const SAMPLES = 10
/** Messages on one connection, at most: short ones reach a server that closes at the first fault, long ones pipeline. */
const LENGTHS = [3, 3, 40, 400]
const MANNERS = ['pipelined', 'pipelined', 'chunked', 'lying', 'half-closed', 'reset'] as const

type Manner = (typeof MANNERS)[number]

/** Sends `total` mutated messages over many connections; faults go to `watch`. */
export async function fuzzTcp(total: number, host: string, port: number, corpus: readonly Buffer[], chance: Chance, probes: Probes, watch: Watch): Promise<void> {
  const base = watch.sent
  const step = Math.ceil(total / SAMPLES)
  let nextSample = step
  watch.sample(0, 'tcp')
  const lane = async (own: Chance): Promise<void> => {
    while (watch.sent - base < total) {
      const count = Math.min(1 + own.below(own.pick(LENGTHS)), total - (watch.sent - base))
      watch.sent += count
      await oneConnection(count, host, port, corpus, own, watch)
      if (own.percent(10)) await probes.ask(watch)
      if (watch.sent - base >= nextSample) {
        watch.sample(nextSample / total, 'tcp')
        nextSample += step
      }
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, () => lane(new Chance(chance.next()))))
  await probes.ask(watch)
  watch.sample(1, 'tcp')
}

async function oneConnection(count: number, host: string, port: number, corpus: readonly Buffer[], chance: Chance, watch: Watch): Promise<void> {
  const manner = chance.pick(MANNERS)
  const { octets, sentAs, queries } = framed(count, manner, corpus, chance)
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true })
  const answers = new Frames((answer) => watch.judge(answer, (id) => sentAs.get(id) ?? 'unknown'))
  await new Promise<void>((done) => {
    const late = setTimeout(() => socket.destroy(), PATIENCE_MS)
    socket.on('data', (chunk) => {
      answers.push(chunk)
      if (answers.count >= queries && manner !== 'half-closed') socket.destroy()
    })
    socket.on('end', () => {
      answers.closedWhole = true
      socket.destroy()
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(late)
      done()
    })
    socket.on('connect', () => void send(socket, octets, manner, chance))
  })
  if (answers.pending > 0 && manner !== 'reset' && answers.closedWhole) watch.fault(`a TCP answer was cut short (${manner})`)
}

/** The octets of a connection, what each ID was, and how many queries could be answered at most. */
function framed(count: number, manner: Manner, corpus: readonly Buffer[], chance: Chance): { octets: Buffer; sentAs: Map<number, 'query' | 'response'>; queries: number } {
  const out = Buffer.alloc(LARGEST)
  const parts: Buffer[] = []
  const sentAs = new Map<number, 'query' | 'response'>()
  let queries = 0
  for (let id = 0; id < count; id++) {
    const length = writeMutation(out, corpus, chance)
    if (length >= 2) out.writeUInt16BE(id, 0)
    const isResponse = length >= 3 && ((out[2] ?? 0) & 0x80) !== 0
    if (!isResponse) queries++
    sentAs.set(id, isResponse ? 'response' : 'query')
    const said = manner === 'lying' && chance.percent(5) ? chance.below(65_536) : length
    parts.push(Buffer.from([said >> 8, said & 255]), Buffer.from(out.subarray(0, length)))
  }
  if (manner === 'lying') for (let id = 0; id < 65_536; id++) sentAs.set(id, 'query') // once framing is lost, any ID may be read
  return { octets: Buffer.concat(parts), sentAs, queries }
}

async function send(socket: Socket, octets: Buffer, manner: Manner, chance: Chance): Promise<void> {
  if (manner === 'pipelined' || manner === 'lying') return void socket.write(octets)
  if (manner === 'half-closed') return void socket.end(octets)
  if (manner === 'reset') {
    socket.write(octets.subarray(0, chance.below(octets.length + 1)))
    return void setTimeout(() => socket.resetAndDestroy(), chance.below(5))
  }
  for (let at = 0; at < octets.length && !socket.destroyed; ) {
    const size = chance.percent(50) ? 1 + chance.below(3) : 1 + chance.below(700)
    socket.write(octets.subarray(at, at + size))
    at += size
    if (chance.percent(30)) await new Promise((done) => setImmediate(done))
  }
}

/** Cuts the stream of answers at its length prefixes. */
class Frames {
  count = 0
  /** The server has closed in order (FIN): nothing may be left half sent. */
  closedWhole = false
  private rest: Buffer = Buffer.alloc(0)
  private readonly take: (answer: Buffer) => void

  constructor(take: (answer: Buffer) => void) {
    this.take = take
  }

  get pending(): number {
    return this.rest.length
  }

  push(chunk: Buffer): void {
    let octets: Buffer = this.rest.length > 0 ? Buffer.concat([this.rest, chunk]) : chunk
    while (octets.length >= 2 && octets.length >= 2 + octets.readUInt16BE(0)) {
      const end = 2 + octets.readUInt16BE(0)
      this.take(Buffer.from(octets.subarray(2, end)))
      this.count++
      octets = octets.subarray(end)
    }
    this.rest = octets
  }
}

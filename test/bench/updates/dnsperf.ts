/**
 * The same updates, signed beforehand, by another client: `dnsperf -B`, a program in C that costs the machine a tenth of
 * what ours does. It gives each message an id of its own, as its signature allows: what is signed is the id that TSIG
 * holds (RFC 8945 4.3.2).
 */
import { spawn, spawnSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOf, nanosBetween } from '../accounting.ts'
import { TITLES, type Kind } from '../servers.ts'
import { begin, prove, type Task } from './measure.ts'
import { Updates, type Work } from './messages.ts'

/** What one run of dnsperf gave. */
export interface Counted {
  kind: Kind
  work: Work
  /** Updates acknowledged a second. */
  rate: number
  /** Microseconds of the server's processor for each. */
  micros: number
  /** Milliseconds to the answer, the mean. */
  meanMs: number
  /** Updates that were given up after ten seconds without an answer. */
  lost: number
}

/** Seconds after which dnsperf gives up. */
const MOST_SECONDS = 120

/** Whether dnsperf is installed. */
export function hasDnsperf(): boolean {
  return spawnSync('dnsperf', ['-h']).error === undefined
}

/** What dnsperf prints, read. Throws where an update was refused. */
export function readReport(report: string, count: number): Pick<Counted, 'rate' | 'meanMs' | 'lost'> {
  const [rate, codes, lost, mean] = [/(?:Updates|Queries) per second:\s+([\d.]+)/, /Response codes:\s+(.*)/, /(?:Updates|Queries) lost:\s+(\d+)/, /Average Latency \(s\):\s+([\d.]+)/].map((part) => part.exec(report)?.[1])
  if (rate === undefined || mean === undefined || lost === undefined || !(codes ?? '').startsWith(`NOERROR ${count - Number(lost)} `)) throw new Error(`dnsperf: ${codes ?? report}, ${lost ?? 'an unknown number'} lost`)
  return { rate: Number(rate), meanMs: Number(mean) * 1_000, lost: Number(lost) }
}

/** Measures one server with `count` updates. Throws where one is refused, or, where none was lost, what was acknowledged is not served. */
export async function measureByDnsperf(task: Task, say: (line: string) => void): Promise<Counted> {
  const { kind, work, count, window, rest, folder } = task
  const file = `${folder}/updates`
  const server = await begin(task, undefined)
  try {
    await sleep(rest * 1_000)
    writeMessages(file, task)
    const before = cpuOf(server.pid)
    const report = await outputOf(['-s', '127.0.0.1', '-p', String(server.port), '-B', '-d', file, '-n', '1', '-c', '8', '-q', String(window), '-l', String(MOST_SECONDS), '-t', '10'])
    const counted = { kind, work, ...readReport(report, count), micros: nanosBetween(before, cpuOf(server.pid)) / 1e3 / count }
    if (counted.lost === 0) await prove(server.port, work, count)
    say(`${TITLES[kind]} by dnsperf: ${Math.round(counted.rate)}/s, ${counted.micros.toFixed(0)} µs each, answered after ${counted.meanMs.toFixed(1)} ms, ${counted.lost} lost`)
    return counted
  } finally {
    await server.stop()
  }
}

/** Each message behind its length, as over TCP (RFC 1035 4.2.2). */
function writeMessages(file: string, { kind, work, count }: Task): void {
  const updates = new Updates()
  const to = openSync(file, 'w')
  for (let i = 0; i < count; i++) {
    const octets = updates.make(work, i, kind === 'ours')
    writeSync(to, Uint8Array.of(octets.length >> 8, octets.length & 255))
    writeSync(to, octets)
  }
  closeSync(to)
}

function outputOf(args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const child = spawn('dnsperf', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (text += part.toString()))
    child.on('error', reject)
    child.on('close', () => { resolve(text) })
  })
}

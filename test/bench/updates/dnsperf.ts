/** The same updates by another client: `dnsperf -u`, a program in C that signs and counts for itself and costs the machine less than ours. */
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuOf, nanosBetween } from '../accounting.ts'
import { TITLES, type Kind } from '../servers.ts'
import { begin, prove, type Task } from './measure.ts'
import { addressOf, nameOf, ZONE } from './messages.ts'

/** What one run of dnsperf gave. */
export interface Counted {
  kind: Kind
  /** Updates acknowledged a second. */
  rate: number
  /** Microseconds of the server's processor for each. */
  micros: number
  /** Milliseconds to the answer, the mean. */
  meanMs: number
}

/** Seconds after which dnsperf gives up. */
const MOST_SECONDS = 120

/** Whether dnsperf is installed. */
export function hasDnsperf(): boolean {
  return spawnSync('dnsperf', ['-h']).error === undefined
}

/** What dnsperf prints, read. Throws where an update was refused or lost. */
export function readReport(report: string, count: number): { rate: number; meanMs: number } {
  const [rate, codes, lost, mean] = [/Updates per second:\s+([\d.]+)/, /Response codes:\s+(.*)/, /Updates lost:\s+(\d+)/, /Average Latency \(s\):\s+([\d.]+)/].map((part) => part.exec(report)?.[1])
  if (rate === undefined || mean === undefined || !(codes ?? '').startsWith(`NOERROR ${count} `) || lost !== '0') throw new Error(`dnsperf: ${codes ?? report}, ${lost ?? 'an unknown number'} lost`)
  return { rate: Number(rate), meanMs: Number(mean) * 1_000 }
}

/** Measures one server with `count` updates of one A record each. Throws where one is refused, or what was acknowledged is not served. */
export async function measureByDnsperf(task: Omit<Task, 'work'>, say: (line: string) => void): Promise<Counted> {
  const { kind, count, window, rest, folder, key } = task
  const file = `${folder}/updates`
  const labels = Array.from({ length: count }, (_, i) => nameOf('record', i).slice(0, -ZONE.length - 1))
  writeFileSync(file, labels.map((label, i) => `${ZONE.slice(0, -1)}\nadd ${label} 300 A ${addressOf(i)}\nsend\n`).join(''))
  const server = await begin(task, undefined)
  try {
    await sleep(rest * 1_000)
    const before = cpuOf(server.pid)
    const report = await outputOf(['-s', '127.0.0.1', '-p', String(server.port), '-u', '-y', `hmac-sha256:${key.name}:${key.secret}`, '-d', file, '-n', '1', '-q', String(window), '-l', String(MOST_SECONDS), '-t', '10'])
    const counted = { kind, ...readReport(report, count), micros: nanosBetween(before, cpuOf(server.pid)) / 1e3 / count }
    await prove(server.port, 'record', count)
    say(`${TITLES[kind]} by dnsperf: ${Math.round(counted.rate)}/s, ${counted.micros.toFixed(0)} µs each, answered after ${counted.meanMs.toFixed(1)} ms`)
    return counted
  } finally {
    await server.stop()
  }
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

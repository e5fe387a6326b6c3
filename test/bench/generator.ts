/**
 * The bench's own C programs: built into the run's folder, run on a processor of their own, and read from the
 * line of JSON that they print. dnsperf is not used, as one core of it cannot keep the faster servers busy.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Drive } from './rows.ts'

const SOURCES = fileURLToPath(new URL('../../../test/bench/c/', import.meta.url))
const PROGRAMS = ['udp-load', 'udp-echo', 'tcp-load'] as const

/** Sockets and windows: enough to keep batches full, yet fewer than the 166 small datagrams that a socket of default size holds, as Knot and BIND use. */
const UDP = { sockets: 16, window: 10 } as const
const PIPELINED = { connections: 10, outstanding: 20 } as const
const EACH = { connections: 32 } as const
/** At a fixed rate fewer sockets are read in turn, so that the reading adds little to what is measured. */
const LATENCY_SOCKETS = 4

/** What a generator printed; latencies in microseconds, UDP only. */
export interface Load {
  sent: number
  answered: number
  lost: number
  wrong: number
  /** Answers per second. */
  rate: number
  /** Mean octets of an answer. */
  octets: number
  /** Seconds of processor that the generator used itself. */
  cpu: number
  mean?: number
  p50?: number
  p99?: number
}

/** What one generator is to do. */
export interface LoadTask {
  drive: Drive
  port: number
  queries: string
  seconds: number
  rcode: number
  processors: string | undefined
  /** Queries per second by the clock; 0: as many as are answered. */
  perSecond: number
}

/** Builds the programs with cc into `folder`; returns a function from name to path. Throws with the compiler's words. */
export function buildPrograms(folder: string): (name: (typeof PROGRAMS)[number]) => string {
  for (const name of PROGRAMS) {
    const { status, stderr, error } = spawnSync('cc', ['-O2', '-o', `${folder}/${name}`, `${SOURCES}${name}.c`], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`Cannot build ${name}.c with cc: ${error?.message ?? stderr}`)
  }
  return (name) => `${folder}/${name}`
}

let running: ChildProcess | undefined

/** Runs a generator to its end. Throws where it fails. */
export async function load(task: LoadTask, program: (name: 'udp-load' | 'tcp-load') => string): Promise<Load> {
  const pinned = task.processors === undefined ? [] : ['taskset', '-c', task.processors]
  const [command, ...args] = [...pinned, program(task.drive === 'udp' ? 'udp-load' : 'tcp-load'), String(task.port), task.queries, String(task.seconds), ...shapeOf(task)]
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  running = child
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  const code = await new Promise((resolve) => child.on('close', resolve).on('error', (error) => (err += error.message)))
  running = undefined
  if (code !== 0) throw new Error(`Cannot load the server: ${command} ended with ${String(code)}: ${err}`)
  return JSON.parse(out) as Load
}

/** The arguments behind the length: sockets or connections, window, rate, RCODE. */
function shapeOf({ drive, perSecond, rcode }: LoadTask): string[] {
  switch (drive) {
    case 'udp':
      return [perSecond > 0 ? LATENCY_SOCKETS : UDP.sockets, UDP.window, perSecond, rcode].map(String)
    case 'tcp-pipelined':
      return [PIPELINED.connections, PIPELINED.outstanding, rcode].map(String)
    case 'tcp-each':
      return [EACH.connections, 0, rcode].map(String)
  }
}

/** Ends the generator that runs, if any. */
export function endLoad(): void {
  running?.kill('SIGKILL')
}

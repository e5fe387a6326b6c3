/**
 * One measurement: what a server used of the processors while a generator asked it, and what everybody else
 * used meanwhile. The main figure is processor time per answer, which stays true on a machine that is shared;
 * on loopback it holds the way of the answer into the asker's socket too, for every server alike.
 */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { busySeconds, cpuOf, nanosBetween } from './accounting.ts'
import { load, type LoadTask } from './generator.ts'
import type { Row } from './rows.ts'
import type { Running } from './servers.ts'

/** What one measurement gave. */
export interface Run {
  /** Microseconds of processor per answer. */
  micros: number
  /** Part of it in user space, 0 to 1. */
  user: number
  /** Answers per second. */
  rate: number
  /** Mean octets of an answer. */
  octets: number
  lost: number
  wrong: number
  p50: number
  p99: number
  /** Processors, on average, that others used meanwhile. */
  foreign: number
}

/** Processors for servers and generator. */
export interface Places {
  server: string | undefined
  generator: string | undefined
}

/** Whether processes can be kept to a processor here. */
export function canPin(): boolean {
  return spawnSync('taskset', ['-V']).status === 0
}

/** Where servers with that many workers run, and where the generator: apart, as far as there are processors. */
export function placesFor(workers: 1 | 2, isPinned: boolean): Places {
  const processors = availableParallelism()
  if (!isPinned || processors < 2) return { server: undefined, generator: undefined }
  if (workers === 1) return { server: '0', generator: '1' }
  return processors === 2 ? { server: '0,1', generator: '0,1' } : { server: '0,1', generator: '2' }
}

/** Measures `server` once on what the queries of `task` ask, driven and answered as `row` says. */
export async function measure(row: Pick<Row, 'drive'> & { expected: Pick<Row['expected'], 'rcode'> }, server: Running, task: Omit<LoadTask, 'port' | 'drive' | 'rcode'>, program: (name: 'udp-load' | 'tcp-load') => string): Promise<Run> {
  const before = cpuOf(server.pid)
  const busyBefore = busySeconds()
  const begun = performance.now()
  const result = await load({ ...task, drive: row.drive, port: server.port, rcode: row.expected.rcode }, program)
  const seconds = (performance.now() - begun) / 1e3
  const after = cpuOf(server.pid)
  const nanos = nanosBetween(before, after)
  const user = after.userTicks - before.userTicks
  const system = after.systemTicks - before.systemTicks
  return {
    micros: nanos / 1e3 / Math.max(1, result.answered),
    user: user / Math.max(1, user + system),
    rate: result.rate, octets: result.octets, lost: result.lost, wrong: result.wrong,
    p50: result.p50 ?? NaN, p99: result.p99 ?? NaN,
    foreign: Math.max(0, busySeconds() - busyBefore - nanos / 1e9 - result.cpu) / seconds,
  }
}

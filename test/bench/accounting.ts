/**
 * What Linux knows of a server: processor time of all its threads to the nanosecond, how that divides into
 * user and system, and its memory with shared pages counted once. Servers run in a session of their own, so
 * that all processes of one are found by its number.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Processor time used so far. */
export interface CpuTime {
  /** Nanoseconds of all threads that still live. */
  nanos: number
  /** Ticks of 10 ms, those of ended threads included. */
  userTicks: number
  systemTicks: number
}

const TICK_NANOS = 10_000_000

/** A file of /proc, or the empty string where the process has ended meanwhile. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

function numbersIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((entry) => /^\d+$/.test(entry))
  } catch {
    return []
  }
}

/** The fields of /proc/PID/stat behind the command, which may hold blanks: state is the first. */
function statOf(pid: string): string[] {
  const text = read(`/proc/${pid}/stat`)
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}

/** Process ids of a session. */
export function processesOf(session: number): string[] {
  return numbersIn('/proc').filter((pid) => statOf(pid)[3] === String(session))
}

/** Processor time of all processes of a session. */
export function cpuOf(session: number): CpuTime {
  const time: CpuTime = { nanos: 0, userTicks: 0, systemTicks: 0 }
  for (const pid of processesOf(session)) {
    const stat = statOf(pid)
    time.userTicks += Number(stat[11])
    time.systemTicks += Number(stat[12])
    for (const thread of numbersIn(`/proc/${pid}/task`)) time.nanos += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0])
  }
  return time
}

/** Nanoseconds between two readings. Threads that ended in between are missing from the finer count: then ticks are better. */
export function nanosBetween(from: CpuTime, to: CpuTime): number {
  const fine = to.nanos - from.nanos
  const coarse = (to.userTicks + to.systemTicks - from.userTicks - from.systemTicks) * TICK_NANOS
  return fine < 0.9 * coarse ? coarse : fine
}

/** Seconds that all processors together were busy since they were started, stolen time included. */
export function busySeconds(): number {
  const fields = read('/proc/stat').split('\n')[0].split(/\s+/).slice(1, 9).map(Number)
  const [user, nice, system, , , irq, softirq, steal] = fields
  return ((user + nice + system + irq + softirq + steal) * TICK_NANOS) / 1e9
}

/** Octets of memory of a session, a page shared by n processes counted as 1/n in each. */
export function pssOf(session: number): number {
  return processesOf(session).reduce((sum, pid) => sum + 1024 * Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0), 0)
}

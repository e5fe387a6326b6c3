/**
 * What a million names cost before the first answer: time from start to answer, processor time of that, and
 * memory once it has settled. Servers may use all processors here. Ours is started with two workers as well,
 * which must not hold the zone twice.
 */
import { cpuOf, nanosBetween, pssOf } from './accounting.ts'
import type { Bench } from './series.ts'
import { start, TITLES, type Kind, type Task } from './servers.ts'
import { shuffled } from './statistics.ts'

const SETTLE_MS = 1_500
const MOST_ROUNDS = 3

/** One start. */
export interface Start {
  kind: Kind
  workers: number
  /** Seconds until the first answer. */
  wall: number
  /** Seconds of processor until then. */
  cpu: number
  /** Octets of memory, pages shared with others counted in part. */
  pss: number
}

const NOTHING = { nanos: 0, userTicks: 0, systemTicks: 0 }

/** Starts each server a few times with the zone of a million names and notes what it took. */
export async function measureStarts({ chosen, folder, programs, results, say }: Bench, task: Task): Promise<void> {
  const kinds = chosen.servers.filter((kind) => kind !== 'echo')
  const wanted: { kind: Kind; workers: number }[] = kinds.map((kind) => ({ kind, workers: 1 }))
  if (kinds.includes('ours')) wanted.push({ kind: 'ours', workers: 2 })
  for (let round = 0; round < Math.min(MOST_ROUNDS, chosen.rounds); round++) {
    for (const { kind, workers } of shuffled(wanted)) {
      try {
        results.starts.push(await measureStart(kind, { ...task, workers }, folder, programs('udp-echo')))
      } catch (fault) {
        say(`MISSING: ${(fault as Error).message}`)
      }
    }
  }
  for (const { kind, workers, wall, cpu, pss } of results.starts) {
    say(`start with a million names: ${TITLES[kind]}, ${workers} worker${workers > 1 ? 's' : ''}: ${wall.toFixed(2)} s, ${cpu.toFixed(2)} s of processor, ${Math.round(pss / 1e6)} MB`)
  }
}

async function measureStart(kind: Kind, task: Task, folder: string, echo: string): Promise<Start> {
  const server = await start(kind, task, folder, echo)
  const cpu = nanosBetween(NOTHING, cpuOf(server.pid)) / 1e9
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
  const pss = pssOf(server.pid)
  await server.stop()
  return { kind, workers: task.workers, wall: server.readyMs / 1e3, cpu, pss }
}

/**
 * The thread behind zone-jobs.ts: loads zone files or prints a zone, sends what it made, and ends.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { adviseBlocks } from '../dns/shared-block.ts'
import { adviseHugePages } from '../transport/huge-pages.ts'
import { ZoneImage } from '../zone/image.ts'
import { printZone } from '../zone/print.ts'
import { loadZoneFile } from './zone-load.ts'
import type { LoadJob, ThreadMessage, ThreadTask } from './zone-jobs.ts'

const port = parentPort
if (port === null) throw new Error('Cannot run zone-thread as it must be started by zone-jobs')

function send(message: ThreadMessage): void {
  port?.postMessage(message)
}

function load(jobs: readonly LoadJob[], seed: number): void {
  for (const job of jobs) send({ kind: 'loaded', zone: loadZoneFile(job, seed) })
}

/** Sends the zone piece by piece, the next only when the last has been taken, so that a slow reader costs no memory. */
async function print(buffer: SharedArrayBuffer): Promise<void> {
  for (const text of printZone(new ZoneImage(buffer))) {
    send({ kind: 'text', text })
    await new Promise((resolve) => port?.once('message', resolve))
  }
}

adviseBlocks(adviseHugePages)
const task = workerData as ThreadTask
if (task.kind === 'load') load(task.jobs, task.seed)
else await print(task.buffer)

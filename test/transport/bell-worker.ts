/** A thread that rings when it is told to by shared memory, as the one that it wakes is asleep and hears no message. */
import { parentPort, workerData } from 'node:worker_threads'
import { WakeUp } from '../../src/transport/wake-up.ts'

/** What the thread is given. */
export interface BellWorkerData {
  fd: number
  /** How many times it may ring, and how many times it has. */
  rings: Int32Array
  count: number
}

if (parentPort) {
  const { fd, rings, count } = workerData as BellWorkerData
  const bell = new WakeUp(fd)
  parentPort.postMessage('up')
  for (let rung = 0; rung < count; rung++) {
    Atomics.wait(rings, 0, rung)
    Atomics.wait(rings, 1, rung, 5) // until the other is asleep
    Atomics.store(rings, 1, rung + 1)
    bell.ring()
  }
}

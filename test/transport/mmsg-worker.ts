/** The thread that the tests of batched UDP start: `scripted` behind `runMmsgLoop`, which is all that a worker of the server does. */
import { createRequire } from 'node:module'
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { transportCounters } from '../../src/transport/counters.ts'
import type { SharedBudget } from '../../src/transport/deferral-budget.ts'
import type { MmsgSocket } from '../../src/transport/mmsg-socket.ts'
import { runMmsgLoop } from '../../src/transport/udp-mmsg.ts'
import { scripted } from './support.ts'

/** What the thread is given. */
export interface MmsgWorkerData {
  sockets: MmsgSocket[]
  counters: SharedArrayBuffer
  stop: Int32Array
  /** Without it nothing can be deferred. */
  budget?: SharedBudget
}

if (parentPort) {
  const port = parentPort
  const { sockets, counters, stop, budget } = workerData as MmsgWorkerData
  const libc = (createRequire(import.meta.url)('koffi') as { load(path: string): { func(prototype: string): () => number } }).load('libc.so.6')
  port.postMessage({ threadOfKernel: libc.func('int gettid()')() })
  runMmsgLoop({
    sockets, stop, handler: scripted, counters: transportCounters(counters),
    onFault: () => undefined,
    ...(budget === undefined ? {} : { deferrals: { budget, post: (parcel: ArrayBuffer) => port.postMessage({ parcel }, [parcel]) } }),
    onIdle: () => {
      const asked = receiveMessageOnPort(port) as { message: unknown } | undefined
      if (asked) port.postMessage({ echo: asked.message })
    },
  })
  port.close()
}

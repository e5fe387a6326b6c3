/** The thread that the tests of TCP by epoll start: `scripted` behind `runEpollLoop`, which is all that a worker of the server does. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { transportCounters } from '../../src/transport/counters.ts'
import type { SharedBudget } from '../../src/transport/deferral-budget.ts'
import type { ConnectionLimits } from '../../src/transport/tcp-connections.ts'
import { runEpollLoop } from '../../src/transport/tcp-epoll.ts'
import type { TcpSocket } from '../../src/transport/tcp-socket.ts'
import { scripted } from './support.ts'

/** What the thread is given. */
export interface TcpWorkerData {
  sockets: TcpSocket[]
  counters: SharedArrayBuffer
  stop: Int32Array
  open: Int32Array
  limits: Partial<ConnectionLimits>
  deadlineMs: number
  /** Without it nothing can be deferred. */
  budget?: SharedBudget
  wakeUp?: number
}

if (parentPort) {
  const port = parentPort
  const { sockets, counters, stop, open, limits, deadlineMs, budget, wakeUp } = workerData as TcpWorkerData
  port.postMessage('up')
  runEpollLoop({
    sockets, stop, open, limits, deadlineMs, handler: scripted, counters: transportCounters(counters),
    onFault: () => undefined,
    ...(budget === undefined ? {} : { deferrals: { budget, post: (parcel: ArrayBuffer) => port.postMessage({ parcel }, [parcel]) } }),
    ...(wakeUp === undefined ? {} : { wakeUp }),
    onIdle: (server) => {
      for (let asked = receiveMessageOnPort(port); asked !== undefined; asked = receiveMessageOnPort(port)) {
        const message: unknown = asked.message
        if (message === 'die') throw new Error('told to die')
        if (typeof message === 'object' && message !== null && 'answers' in message) server.deliver(message.answers as ArrayBuffer)
        else port.postMessage({ echo: message })
      }
    },
  })
  port.close()
}

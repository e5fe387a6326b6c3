/** TCP by node:net and by epoll, opened for the suites that are run over both. */
import { EpollServer } from '../../src/transport/tcp-epoll.ts'
import { TcpServer } from '../../src/transport/tcp-net.ts'
import { closeTcpSockets, openTcpSockets } from '../../src/transport/tcp-socket.ts'
import { FakeClock } from './support.ts'
import type { OpenTcp } from './tcp-suite.ts'

/** By node:net. */
export const openNet: OpenTcp = async (options, endpoint, core) => {
  const clock = new FakeClock()
  const server = new TcpServer({ ...options, clock, deferrals: core.main })
  const port = await server.listen(endpoint)
  return {
    port,
    get connectionCount() {
      return server.connectionCount
    },
    advance: (ms) => clock.advance(ms),
    close: (deadlineMs) => server.close(deadlineMs),
  }
}

/** In this thread, a round at a time, so that clock, handler and clients are at hand; threads are tested in tcp-epoll.test.ts. */
export const openEpoll: OpenTcp = async (options, endpoint, core) => {
  const clock = new FakeClock()
  const sockets = openTcpSockets(endpoint, 1)
  const server: EpollServer = new EpollServer({ ...options, sockets, clock, deferrals: core.forTcp(() => server) })
  let ended: (() => void) | undefined
  const end = new Promise<void>((resolve) => (ended = resolve))
  let isEnded = false
  const round = (): void => {
    if (isEnded) return
    server.turn(0)
    if (!server.isDone) return void setImmediate(round)
    isEnded = true
    server.end()
    closeTcpSockets(sockets)
    ended?.()
  }
  setImmediate(round)
  return {
    port: sockets[0].port,
    get connectionCount() {
      return server.connectionCount
    },
    advance: (ms) => {
      clock.advance(ms)
      if (!isEnded) server.turn(0)
    },
    close: async (deadlineMs) => {
      if (!isEnded) server.stop(deadlineMs)
      await end
    },
  }
}

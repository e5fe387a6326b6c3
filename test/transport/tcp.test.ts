/** TCP by node:net and by epoll: the same tests for both. */
import { canUseEpoll } from '../../src/transport/tcp-epoll.ts'
import { tcpDeferredSuite } from './tcp-deferred-suite.ts'
import { openEpoll, openNet } from './tcp-open.ts'
import { tcpSuite } from './tcp-suite.ts'

const epoll = canUseEpoll()
tcpSuite('node:net', openNet)
tcpSuite('epoll', openEpoll, epoll.usable ? false : `SKIPPED: ${epoll.reason}`)
tcpDeferredSuite('node:net', openNet)
tcpDeferredSuite('epoll', openEpoll, epoll.usable ? false : `SKIPPED: ${epoll.reason}`)

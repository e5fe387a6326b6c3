/** Connections that last, over TCP by node:net and by epoll: the same tests for both. */
import { canUseEpoll } from '../../src/transport/tcp-epoll.ts'
import { tcpLastingEndsSuite } from './tcp-lasting-ends-suite.ts'
import { tcpLastingPlans } from './tcp-lasting-plans.ts'
import { tcpLastingSuite } from './tcp-lasting-suite.ts'
import { openEpoll, openNet } from './tcp-open.ts'

const epoll = canUseEpoll()
for (const suite of [tcpLastingSuite, tcpLastingEndsSuite, tcpLastingPlans]) {
  suite('node:net', openNet)
  suite('epoll', openEpoll, epoll.usable ? false : `SKIPPED: ${epoll.reason}`)
}

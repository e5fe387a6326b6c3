/** Plans that chance has made, over TCP by node:net and by epoll. */
import { canUseEpoll } from '../../src/transport/tcp-epoll.ts'
import { tcpDeferredPlans } from './tcp-deferred-plans.ts'
import { openEpoll, openNet } from './tcp-open.ts'

const epoll = canUseEpoll()
tcpDeferredPlans('node:net', openNet)
tcpDeferredPlans('epoll', openEpoll, epoll.usable ? false : `SKIPPED: ${epoll.reason}`)

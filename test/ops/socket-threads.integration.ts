/**
 * Threads that read sockets, UDP in batches and TCP by epoll: told of zones, and started again when one dies.
 */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { describe, it } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../../src/client/ask.ts'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import type { AnsweringOptions } from '../../src/ops/answering.ts'
import { serverMetrics } from '../../src/ops/metrics.ts'
import { openSockets, planSockets, type MainAnswering, type SocketPlan } from '../../src/ops/sockets.ts'
import { SocketThreads } from '../../src/ops/socket-threads.ts'
import type { CoreSide } from '../../src/ops/thread-deferrals.ts'
import { loadZoneFile } from '../../src/ops/zone-load.ts'
import { NO_DEFERRALS } from '../../src/server/defers.ts'
import { COUNTER, type TransportCounters, transportCounters } from '../../src/transport/counters.ts'
import { canUseEpoll } from '../../src/transport/tcp-epoll.ts'
import { canUseMmsg } from '../../src/transport/udp-mmsg.ts'
import { UdpReturns } from '../../src/transport/udp-returns.ts'
import { until } from '../transport/support.ts'
import { makeFolder, zoneText } from './process.ts'

const SEED = 99
const answering: AnsweringOptions = {
  seed: SEED, udpOctets: 1232, nsid: '', version: '', identity: '', cookieSecret: undefined, alsoCookieSecret: undefined, requireCookie: false, keepalive: 100, rateLimit: undefined, local: [], askers: [], defers: NO_DEFERRALS,
}
const batches = canUseMmsg()
const skip = batches.usable ? false : batches.reason

function imageOf(serial: number): SharedArrayBuffer {
  const folder = makeFolder({ 'z.zone': zoneText(serial) })
  const apex = Name.parse('example.com.').wire
  const { buffer } = loadZoneFile({ apex, class: CLASS.IN, file: `${folder.path}/z.zone`, place: { file: '', line: 0, column: 0 } }, SEED)
  folder.remove()
  assert.ok(buffer)
  return buffer
}

interface Serving {
  threads: SocketThreads
  port: number
  faults: string[]
  /** The main thread's own. */
  counters: TransportCounters
  close(): Promise<void>
}

const LIMITS = { connections: 100, 'per-client': 50, idle: 10 }

const soon = (run: () => void): void => void setImmediate(run)

/** Nothing is deferred here. */
function noCore(): CoreSide {
  const counters = transportCounters()
  return { counters, soon, udp: new UdpReturns({ counters, soon }), nowMs: () => performance.now(), onDeferred: () => assert.fail('deferred') }
}

const MAIN: MainAnswering = { handler: () => 0, counters: transportCounters(), onFault: (fault) => assert.fail(String(fault)) }

/** Threads as the plan says, on a port of their own. */
async function serve(plan: SocketPlan, images: SharedArrayBuffer[] = []): Promise<Serving> {
  const sockets = await openSockets(plan, { listen: ['127.0.0.1:0'], tcp: LIMITS }, MAIN)
  const faults: string[] = []
  const core = noCore()
  const threads = await SocketThreads.start({ tasks: sockets.tasks, answering, zones: { images, candidates: [] }, onFault: (fault) => void faults.push(fault), core })
  return {
    threads, faults, counters: core.counters, port: sockets.endpoints[0].port,
    close: async () => {
      await Promise.all([threads.close(), sockets.listeners?.close(0)])
      sockets.closeShared()
    },
  }
}

const QUERY = encodeMessage(makeMessage({ id: 1, questions: [{ name: Name.parse('a.example.com.'), type: TYPE.TXT, class: CLASS.IN }] }))

/** What each of `count` clients, on ports of their own, is told. */
async function answersFrom(port: number, count: number, tcp: boolean): Promise<string[]> {
  const asked = await Promise.all(Array.from({ length: count }, () => ask(QUERY, { server: { host: '127.0.0.1', family: 4, port }, timeoutMs: 1_000, tries: 1, tcp })))
  return asked.map((one) => {
    if (!('octets' in one)) return one.failed
    const { rcode, answers } = decodeMessage(one.octets)
    return answers.length === 0 ? String(rcode) : Buffer.from(answers[0].rdata.subarray(1)).toString()
  })
}

for (const [name, tcp] of [['UDP in batches', false], ['TCP by epoll', true]] as const) {
  const planOf = (count: number): SocketPlan => (tcp ? { udpThreads: 0, tcpThreads: count } : { udpThreads: count, tcpThreads: 0 })

  describe(`threads that read ${name}`, { skip }, () => {
    it('all serve new zones once publishing them has ended, and count apart', async () => {
      const { threads, port, faults, close } = await serve(planOf(3))
      try {
        assert.deepEqual(new Set(await answersFrom(port, 30, tcp)), new Set([String(RCODE.REFUSED)]))
        for (const serial of [1, 2, 3]) {
          await threads.publish({ images: [imageOf(serial)], candidates: [] })
          assert.deepEqual(new Set(await answersFrom(port, 30, tcp)), new Set([String(serial)]))
        }
        const total = serverMetrics(threads.serverCounts).find((metric) => metric.name === `server.transport.${tcp ? 'tcp' : 'udp'}`)
        assert.equal(total?.value, 120)
        assert.ok(threads.serverCounts.filter((counts) => counts.some((count) => count > 0)).length > 1, 'more than one thread has answered')
        assert.deepEqual(faults, [])
      } finally {
        await close()
      }
    })

    it('are started again where one dies, with the newest zones', async () => {
      const { threads, port, faults, close } = await serve(planOf(2), [imageOf(1)])
      try {
        await threads.publish({ images: [new SharedArrayBuffer(0)], candidates: [] }) // no image: taking it is a fault, and publishing must not wait for ever
        while (faults.length < 2) await sleep(10)
        assert.match(faults[0], tcp ? /^Cannot go on with a TCP thread, starting another: / : /^Cannot go on with a UDP thread, starting another: /)
        assert.equal(threads.connectionCount, 0, 'its connections were closed')
        await threads.publish({ images: [imageOf(2)], candidates: [] })
        for (let i = 0; i < 300 && threads.serverCounts.length > 0; i++) {
          const answers = await answersFrom(port, 8, tcp)
          if (answers.every((text) => text === '2')) break
          await sleep(20)
        }
        assert.deepEqual(new Set(await answersFrom(port, 30, tcp)), new Set(['2']))
      } finally {
        await close()
      }
    })

    it('leave nothing open where a port is taken', async () => {
      const first = await serve(planOf(1))
      const taken = `127.0.0.1:${first.port}`
      await assert.rejects(openSockets(planOf(2), { listen: ['127.0.0.1:0', taken], tcp: LIMITS }, MAIN), /another process has this address and port/)
      await first.close()
      const again = await openSockets(planOf(1), { listen: [taken], tcp: LIMITS }, MAIN)
      await again.listeners?.close(0)
      again.closeShared()
    })
  })
}

describe('UDP threads that have little to do', { skip }, () => {
  it('leave all to the first, until its batches are full, one after another', async () => {
    const { threads, port, counters, close } = await serve({ udpThreads: 3, tcpThreads: 0 }, [imageOf(1)])
    const received = (): number[] => threads.transportCounts.map((counts) => counts[COUNTER.udpReceived])
    try {
      await until('the first to be given all', () => counters[COUNTER.udpGathered] === 1)
      const before = received()
      assert.deepEqual(new Set(await answersFrom(port, 30, false)), new Set(['1']))
      assert.deepEqual(received().map((count, i) => count - before[i]), [30, 0, 0])
      const flood = createSocket('udp4')
      for (let i = 0; i < 200 && counters[COUNTER.udpSpread] === 0; i++) {
        for (let sent = 0; sent < 2_000; sent++) flood.send(QUERY, port, '127.0.0.1')
        await sleep(20)
      }
      assert.equal(counters[COUNTER.udpSpread], 1)
      flood.close()
      const after = received()
      assert.deepEqual(new Set(await answersFrom(port, 30, false)), new Set(['1']))
      assert.ok(received().filter((count, i) => count > after[i]).length > 1)
    } finally {
      await close()
    }
  })
})

describe('of UDP threads of which the first has all', { skip }, () => {
  it('another that dies changes nothing, and the first gives all their shares', async () => {
    const { threads, port, counters, faults, close } = await serve({ udpThreads: 2, tcpThreads: 0 }, [imageOf(1)])
    const workers = (threads as unknown as { threads: { worker: Worker }[] }).threads
    try {
      await until('the first to be given all', () => counters[COUNTER.udpGathered] === 1)
      await workers[1].worker.terminate()
      await until('its end to be told', () => faults.length === 1)
      assert.deepEqual(new Set(await answersFrom(port, 30, false)), new Set(['1']), 'nobody waits for it')
      assert.equal(counters[COUNTER.udpSpread], 0)
      await until('it to be there again', () => workers[1].worker !== undefined)
      await workers[0].worker.terminate()
      await until('each to have its share', () => counters[COUNTER.udpSpread] === 1)
    } finally {
      await close()
    }
  })
})

describe('who reads what', () => {
  const no = (reason: string) => ({ usable: false as const, reason })
  const yes = { usable: true as const }

  it('is threads where the system lets them, by the number of workers', () => {
    assert.deepEqual(planSockets({ transport: 'auto', workers: 1 }, yes, yes), { udpThreads: 1, tcpThreads: 1 })
    assert.deepEqual(planSockets({ transport: 'mmsg', workers: 5 }, yes, yes), { udpThreads: 5, tcpThreads: 3 })
  })

  it('is Node where it does not, and the reason is told', () => {
    assert.deepEqual(planSockets({ transport: 'auto', workers: 4 }, no('no koffi'), no('no koffi')), { udpThreads: 0, tcpThreads: 0, fallback: 'no koffi' })
    assert.deepEqual(planSockets({ transport: 'mmsg', workers: 4 }, yes, no('no epoll')), { udpThreads: 4, tcpThreads: 0, fallback: 'no epoll' })
    assert.deepEqual(planSockets({ transport: 'dgram', workers: 4 }, yes, yes), { udpThreads: 0, tcpThreads: 0, fallback: 'the config says dgram' })
    assert.throws(() => planSockets({ transport: 'mmsg', workers: 4 }, no('no koffi'), yes), /^Error: Cannot start with transport mmsg: no koffi$/)
  })

  it('limits of TCP are shared by its threads', { skip: canUseEpoll().usable ? false : 'SKIPPED: no epoll' }, async () => {
    const sockets = await openSockets({ udpThreads: 0, tcpThreads: 3 }, { listen: ['127.0.0.1:0'], tcp: LIMITS }, MAIN)
    assert.deepEqual(sockets.tasks.map((task) => (task.kind === 'tcp' ? task.limits : {})), Array(3).fill({ total: 34, perClient: 17, idleMs: 10_000 }))
    sockets.closeShared()
  })
})

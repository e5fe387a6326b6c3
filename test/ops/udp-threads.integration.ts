/**
 * Threads that read UDP in batches: told of zones, and started again when one dies.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ask } from '../../src/client/ask.ts'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import type { AnsweringOptions } from '../../src/ops/answering.ts'
import { serverMetrics } from '../../src/ops/metrics.ts'
import { UdpThreads } from '../../src/ops/udp-threads.ts'
import { loadZoneFile } from '../../src/ops/zone-load.ts'
import { openMmsgSockets, closeMmsgSockets } from '../../src/transport/mmsg-socket.ts'
import { canUseMmsg } from '../../src/transport/udp-mmsg.ts'
import { makeFolder, zoneText } from './process.ts'

const SEED = 99
const answering: AnsweringOptions = {
  seed: SEED, udpOctets: 1232, nsid: '', version: '', identity: '', cookieSecret: undefined, alsoCookieSecret: undefined, requireCookie: false, keepalive: 100, rateLimit: undefined,
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

function freePort(): number {
  const [socket] = openMmsgSockets({ host: '127.0.0.1', family: 4, port: 0 }, 1)
  closeMmsgSockets([socket])
  return socket.port
}

/** What each of `count` clients, on ports of their own, is told. */
async function answersFrom(port: number, count: number): Promise<string[]> {
  const query = encodeMessage(makeMessage({ id: 1, questions: [{ name: Name.parse('a.example.com.'), type: TYPE.TXT, class: CLASS.IN }] }))
  const asked = await Promise.all(Array.from({ length: count }, () => ask(query, { server: { host: '127.0.0.1', family: 4, port }, timeoutMs: 1_000, tries: 1 })))
  return asked.map((one) => {
    if (!('octets' in one)) return one.failed
    const { rcode, answers } = decodeMessage(one.octets)
    return answers.length === 0 ? String(rcode) : Buffer.from(answers[0].rdata.subarray(1)).toString()
  })
}

describe('threads that read UDP in batches', { skip }, () => {
  it('all serve new zones once publishing them has ended, and count apart', async () => {
    const port = freePort()
    const threads = await UdpThreads.open({ endpoints: [{ host: '127.0.0.1', family: 4, port }], count: 3, answering, zones: [], onFault: assert.fail })
    try {
      assert.deepEqual(new Set(await answersFrom(port, 30)), new Set([String(RCODE.REFUSED)]))
      for (const serial of [1, 2, 3]) {
        await threads.publish([imageOf(serial)])
        assert.deepEqual(new Set(await answersFrom(port, 30)), new Set([String(serial)]))
      }
      const total = serverMetrics(threads.serverCounts).find(({ name }) => name === 'server.transport.udp')
      assert.equal(total?.value, 120)
      assert.ok(threads.serverCounts.filter((counts) => counts.some((count) => count > 0)).length > 1, 'more than one thread has answered')
    } finally {
      await threads.close()
    }
  })

  it('are started again where one dies, with the newest zones', async () => {
    const port = freePort()
    const faults: string[] = []
    const threads = await UdpThreads.open({ endpoints: [{ host: '127.0.0.1', family: 4, port }], count: 2, answering, zones: [imageOf(1)], onFault: (fault) => void faults.push(fault) })
    try {
      await threads.publish([new SharedArrayBuffer(0)]) // no image: taking it is a fault, and publishing must not wait for ever
      while (faults.length < 2) await sleep(10)
      assert.match(faults[0], /^Cannot go on with a UDP thread, starting another: /)
      await threads.publish([imageOf(2)])
      for (let i = 0; i < 300 && threads.serverCounts.length > 0; i++) {
        const answers = await answersFrom(port, 8)
        if (answers.every((text) => text === '2')) break
        await sleep(20)
      }
      assert.deepEqual(new Set(await answersFrom(port, 30)), new Set(['2']))
    } finally {
      await threads.close()
    }
  })

  it('leave nothing open where a port is taken', async () => {
    const port = freePort()
    const endpoint = { host: '127.0.0.1', family: 4 as const, port }
    const first = await UdpThreads.open({ endpoints: [endpoint], count: 1, answering, zones: [], onFault: assert.fail })
    await assert.rejects(UdpThreads.open({ endpoints: [{ ...endpoint, port: freePort() }, endpoint], count: 2, answering, zones: [], onFault: assert.fail }), /another process has this address and port/)
    await first.close()
    const again = await UdpThreads.open({ endpoints: [endpoint], count: 1, answering, zones: [], onFault: assert.fail })
    await again.close()
  })
})

/** UDP in batches: what every transport does, then what is its own: batches, signals, errors, control between batches. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { SPREAD_FULL_BATCHES, UDP_BATCH, UDP_WAIT_MS } from '../../src/dns/limits.ts'
import { parseEndpoint } from '../../src/transport/address.ts'
import { COUNTER, sumCounters, TRANSPORT_COUNTER_OCTETS, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { DeferralBudget } from '../../src/transport/deferral-budget.ts'
import { canUseMmsg, EAGAIN, EINTR, type Libc, loadLibc } from '../../src/transport/libc.ts'
import { closeMmsgSockets, type MmsgSocket, openMmsgSockets } from '../../src/transport/mmsg-socket.ts'
import { type MmsgLoopOptions, runMmsgLoop } from '../../src/transport/udp-mmsg.ts'
import type { MmsgWorkerData } from './mmsg-worker.ts'
import { FakeCore } from './fake-core.ts'
import { DEFER, hasIpv6, needsIpv6, query, scripted, SILENT, SIZED, UdpClient, until } from './support.ts'
import { type UdpUnderTest, udpSuite } from './udp-suite.ts'

const usable = canUseMmsg()
const skip = usable.usable ? false : `SKIPPED: ${usable.reason}`

interface Threads extends UdpUnderTest {
  workers: Worker[]
  sockets: MmsgSocket[]
  /** Sets the word that ends the threads, and nothing else. */
  stop(): void
}

/** Opens addresses with one socket each per thread, as the server does. */
async function open(addresses: string[], threads: number, core: FakeCore = new FakeCore()): Promise<Threads> {
  const groups = addresses.map((address) => openMmsgSockets(parseEndpoint(address)!, threads))
  const sockets = groups.flat()
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const memories = Array.from({ length: threads }, () => new SharedArrayBuffer(TRANSPORT_COUNTER_OCTETS))
  const workers = memories.map((counters, i) => {
    const workerData: MmsgWorkerData = { sockets: groups.map((group) => group[i]), counters, stop, budget: core.budget.shared }
    const worker = new Worker(new URL('./mmsg-worker.js', import.meta.url), { workerData })
    const receive = core.forUdp(workerData.sockets)
    worker.on('message', (word: { parcel?: ArrayBuffer }) => word.parcel && receive(word.parcel))
    return worker
  })
  const ended = workers.map((worker) => once(worker, 'exit'))
  await Promise.all(workers.map((worker) => once(worker, 'message')))
  return {
    workers, sockets, core,
    stop: () => void Atomics.store(stop, 0, 1),
    port: sockets[0].port,
    count: (name: TransportCounter) => sumCounters([core.counters, ...memories.map((memory) => transportCounters(memory))])[name],
    close: async () => {
      Atomics.store(stop, 0, 1)
      for (const { family, port } of sockets) await wake(family === 4 ? '127.0.0.1' : '::1', port)
      await Promise.all(ended)
      closeMmsgSockets(sockets)
    },
  }
}

/** Spares a sleeping thread, and the test, the rest of UDP_WAIT_MS. */
async function wake(host: string, port: number): Promise<void> {
  const socket = createSocket(host === '::1' ? 'udp6' : 'udp4')
  await new Promise((resolve) => socket.send(query(0), port, host, resolve))
  socket.close()
}

udpSuite('recvmmsg and sendmmsg', (address, core) => open([address], 1, core), ['127.0.0.1', '127.0.0.2', '127.9.8.7', '::1'], skip)

describe('threads', { skip }, () => {
  test('several threads share several endpoints, IPv4, IPv6 and wildcard, and every query has one answer', async () => {
    const addresses = ['127.0.0.1:0', '0.0.0.0:0', ...(hasIpv6 ? ['[::1]:0', '[::]:0'] : [])]
    const udp = await open(addresses, 2)
    const clients = await Promise.all(Array.from({ length: 8 }, (_, i) => UdpClient.open(i % 2 === 1 && hasIpv6 ? '::1' : '127.0.0.1')))
    let sent = 0
    for (const [i, client] of clients.entries()) {
      const host = i % 2 === 1 && hasIpv6 ? '::1' : '127.0.0.1'
      for (const { family, port } of udp.sockets) {
        if ((family === 6) !== host.includes(':')) continue
        const { octets, from } = await client.ask(query(++sent), port, host)
        assert.deepEqual([octets, from.port], [query(sent), port])
      }
    }
    assert.equal(udp.count('udpReceived'), sent)
    for (const client of clients) client.close()
    await udp.close()
  })

  test('an idle thread stops, and answers what it is asked between batches', async () => {
    const udp = await open(['127.0.0.1:0'], 1)
    udp.workers[0].postMessage('reload')
    const asked = performance.now()
    assert.deepEqual(await once(udp.workers[0], 'message'), [{ echo: 'reload' }])
    assert.ok(performance.now() - asked < 4 * UDP_WAIT_MS)
    const stopped = performance.now()
    const exit = once(udp.workers[0], 'exit')
    udp.stop()
    await exit
    assert.ok(performance.now() - stopped < 4 * UDP_WAIT_MS)
    await udp.close()
  })

  test('20,000 queries pass through one thread', async () => {
    const udp = await open(['127.0.0.1:0'], 1)
    const clients = await Promise.all(Array.from({ length: 4 }, () => UdpClient.open('127.0.0.1')))
    for (let sent = 0; sent < 5_000; sent += 50) {
      for (const client of clients) for (let id = sent; id < sent + 50; id++) client.send(query(id), udp.port, '127.0.0.1')
      await until('this burst', () => clients.every(({ answers }) => answers.length === sent + 50))
    }
    for (const { answers } of clients) {
      assert.deepEqual(answers.map(({ octets }) => octets.readUInt16BE(0)).sort((a, b) => a - b), Array.from({ length: 5_000 }, (_, id) => id))
    }
    for (const client of clients) client.close()
    await udp.close()
  })

  test('a signal in the midst of a read (EINTR) neither ends nor blinds the thread', { skip: process.platform !== 'linux' }, async () => {
    const udp = openMmsgSockets(parseEndpoint('127.0.0.1:0')!, 1)
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const counters = new SharedArrayBuffer(TRANSPORT_COUNTER_OCTETS)
    const worker = new Worker(new URL('./mmsg-worker.js', import.meta.url), { workerData: { sockets: udp, counters, stop } satisfies MmsgWorkerData })
    const ended = once(worker, 'exit')
    const [{ threadOfKernel }] = await once(worker, 'message') as [{ threadOfKernel: number }]
    const koffi = createRequire(import.meta.url)('koffi') as { load(path: string): { func(prototype: string): (...values: number[]) => number } }
    const kill = koffi.load('libc.so.6').func('int tgkill(int, int, int)')
    let signals = 0
    process.on('SIGUSR2', () => signals++)
    const client = await UdpClient.open('127.0.0.1')
    for (let id = 0; id < 20; id++) {
      assert.equal(kill(process.pid, threadOfKernel, 12), 0)
      assert.deepEqual((await client.ask(query(id), udp[0].port, '127.0.0.1')).octets, query(id))
    }
    await until('the signals', () => signals > 0)
    process.removeAllListeners('SIGUSR2')
    Atomics.store(stop, 0, 1)
    await ended
    closeMmsgSockets(udp)
    client.close()
  })
})

/** Runs the loop in this thread over datagrams that wait in the kernel already, until it has read them all, or `reads` times. */
async function runHere(queries: Buffer[], change: (libc: Libc) => Partial<Libc>, reads = 3, more: Partial<MmsgLoopOptions> = {}): Promise<{ client: UdpClient; count: (name: TransportCounter) => number; faults: unknown[] }> {
  const sockets = openMmsgSockets(parseEndpoint('127.0.0.1:0')!, 1)
  const client = await UdpClient.open('127.0.0.1')
  for (const octets of queries) client.send(octets, sockets[0].port, '127.0.0.1')
  await new Promise((resolve) => setTimeout(resolve, 20))
  const counters = transportCounters()
  const faults: unknown[] = []
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const libc = loadLibc()
  let idle = 0
  try {
    runMmsgLoop({
      sockets, stop, counters, handler: scripted, libc: { ...libc, ...change(libc) }, ...more,
      onFault: (fault) => faults.push(fault),
      onIdle: () => {
        if (++idle === reads || counters[COUNTER.udpReceived] === queries.length) stop[0] = 1
      },
    })
  } finally {
    closeMmsgSockets(sockets)
    setTimeout(() => client.close(), 100)
  }
  return { client, faults, count: (name) => counters[COUNTER[name]] }
}

describe('batches', { skip }, () => {
  test('64 waiting queries cost one read and one send, silent ones in between included', async () => {
    let [reads, sends] = [0, 0]
    const queries = Array.from({ length: UDP_BATCH }, (_, id) => query(id, id % 5 === 0 ? SILENT : 0))
    const { client, count } = await runHere(queries, ({ recvmmsg, sendmmsg }) => ({
      recvmmsg: (...args) => (reads++, recvmmsg(...args)),
      sendmmsg: (...args) => (sends++, sendmmsg(...args)),
    }), 1)
    assert.deepEqual([reads, sends], [1, 1])
    assert.equal(count('udpSilent'), 13)
    await until('the answers', () => client.answers.length === 51)
    assert.deepEqual(client.answers.map(({ octets }) => octets), queries.filter((_, id) => id % 5 !== 0))
  })

  test('full batches in a row say that this thread is given too much, and so does a message that finds no room with the core', async () => {
    const most = SPREAD_FULL_BATCHES
    const timesFull = async (sizes: number[]): Promise<number> => {
      let [full, reads] = [0, 0]
      await runHere([], () => ({ recvmmsg: () => sizes[reads++] }), sizes.length, { onFull: () => full++ })
      return full
    }
    const row = (length: number, size = UDP_BATCH): number[] => Array.from({ length }, () => size)
    assert.equal(await timesFull(row(most - 1)), 0)
    assert.equal(await timesFull(row(most)), 1)
    assert.equal(await timesFull(row(2 * most + 1)), 2)
    assert.equal(await timesFull(row(most, UDP_BATCH - 1)), 0)
    assert.equal(await timesFull([...row(most - 1), UDP_BATCH - 1, ...row(most - 1)]), 0, 'one between was not')
    let full = 0
    const deferrals = { budget: new DeferralBudget({ messages: 3 }).shared, post: () => undefined }
    const { count } = await runHere(Array.from({ length: 5 }, (_, id) => query(id, DEFER)), () => ({}), 3, { onFull: () => full++, deferrals })
    assert.deepEqual([full, count('deferDropped')], [2, 2])
  })

  test('answers that reach into the next slot are sent before it is written', async () => {
    const sizes = [40, 1_344, 1_345, 1_400, 30, 9_000, 65_000, 12, 1_344, 1_344, 20_000, 1_345]
    const { client } = await runHere(sizes.map((size, id) => query(id + 1, SIZED, size)), () => ({}))
    await until('the answers', () => client.answers.length === sizes.length)
    for (const [i, { octets }] of client.answers.entries()) {
      assert.equal(octets.length, sizes[i])
      assert.deepEqual(octets.subarray(1), Buffer.alloc(sizes[i] - 1, i + 1))
    }
  })

  test('interrupted, the same send is tried again; refused or full, one answer is given up and the next goes out', async () => {
    const errnos = [EINTR, EINTR, 1, EAGAIN, 105]
    let errno = 0
    const { client, count } = await runHere(Array.from({ length: 10 }, (_, id) => query(id)), (libc) => ({
      sendmmsg: (...args) => {
        errno = errnos.shift() ?? 0
        return errno > 0 ? -1 : libc.sendmmsg(...args)
      },
      errno: () => errno || libc.errno(),
    }))
    await until('the rest', () => client.answers.length === 7)
    assert.deepEqual(client.answers.map(({ octets }) => octets.readUInt16BE(0)), [3, 4, 5, 6, 7, 8, 9])
    assert.deepEqual([count('udpSendRefused'), count('udpDropBusy'), count('udpSent')], [2, 1, 7])
  })

  test('a send that stops half way goes on where it stopped', async () => {
    const { client } = await runHere(Array.from({ length: 30 }, (_, id) => query(id)), ({ sendmmsg }) => ({
      sendmmsg: (fd, headers, count, flags) => sendmmsg(fd, headers, Math.min(count, 7), flags),
    }))
    await until('all answers', () => client.answers.length === 30)
    assert.deepEqual(client.answers.map(({ octets }) => octets.readUInt16BE(0)), Array.from({ length: 30 }, (_, id) => id))
  })

  test('an interrupted or empty read is no fault, a lack of memory is one, and both go on', async () => {
    const errnos = [EINTR, EAGAIN, 12]
    let errno = 0
    const { client, count, faults } = await runHere([query(1)], (libc) => ({
      recvmmsg: (...args) => {
        errno = errnos.shift() ?? 0
        return errno > 0 ? -1 : libc.recvmmsg(...args)
      },
      errno: () => errno || libc.errno(),
    }), 5)
    await until('the answer', () => client.answers.length === 1)
    assert.equal(count('udpSocketFaults'), 1)
    assert.match(String(faults[0]), /Cannot read UDP socket \d+ as the system refuses it \(ENOMEM\)/)
  })

  test('a socket that is none ends the loop with an error, instead of running hot', async () => {
    await assert.rejects(runHere([], () => ({ recvmmsg: () => -1, errno: () => 9 })), /EBADF/)
  })
})

describe('opening', { skip }, () => {
  test('all sockets of an endpoint share its port', () => {
    const sockets = openMmsgSockets(parseEndpoint('127.0.0.1:0')!, 3)
    assert.equal(new Set(sockets.map(({ port }) => port)).size, 1)
    assert.ok(sockets[0].port > 0)
    closeMmsgSockets(sockets)
  })

  test('an endpoint in use is found, although threads share theirs', async () => {
    const holder = createSocket('udp4')
    await new Promise<void>((resolve) => holder.bind(0, '127.0.0.1', resolve))
    const taken = parseEndpoint(`127.0.0.1:${holder.address().port}`)!
    assert.throws(() => openMmsgSockets(taken, 2), { code: 'EADDRINUSE', address: `127.0.0.1:${taken.port}` })
    holder.close()
    const first = openMmsgSockets(taken, 2)
    assert.throws(() => openMmsgSockets(taken, 2), { code: 'EADDRINUSE' }, 'and so is a second server of ours')
    closeMmsgSockets(first)
  })

  test('an address or an interface that the machine lacks is named', { skip: needsIpv6 }, () => {
    assert.throws(() => openMmsgSockets(parseEndpoint('192.0.2.254:5300')!, 1), { code: 'EADDRNOTAVAIL' })
    assert.throws(() => openMmsgSockets(parseEndpoint('[fe80::1%none9]:5300')!, 1), { code: 'ENODEV', message: /no interface has the name/ })
  })
})

test('where batched calls cannot be used the reason is told', () => {
  assert.deepEqual(canUseMmsg('darwin', 'arm64'), { usable: false, reason: 'batched UDP needs Linux, and this is darwin' })
  assert.deepEqual(canUseMmsg('linux', 's390x'), { usable: false, reason: 'batched UDP is laid out for x64 and arm64, and this is s390x' })
})

/** Answers on their way back: sent together over UDP from the sockets of threads, and threads of TCP woken for theirs. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { MAX_UDP_SENDS_IN_FLIGHT, TCP_WAIT_MS, UDP_BATCH } from '../../src/dns/limits.ts'
import { parseEndpoint } from '../../src/transport/address.ts'
import { COUNTER, TRANSPORT_COUNTER_OCTETS, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { Returns } from '../../src/transport/deferral-parcel.ts'
import { canUseMmsg, EAGAIN, EINTR, type Libc, loadLibc } from '../../src/transport/libc.ts'
import { closeMmsgSockets, openMmsgSockets } from '../../src/transport/mmsg-socket.ts'
import { openTable } from '../../src/transport/tcp-epoll.ts'
import { closeTcpSockets, openTcpSockets } from '../../src/transport/tcp-socket.ts'
import { UdpReturns } from '../../src/transport/udp-returns.ts'
import { openWakeUp, WakeUp } from '../../src/transport/wake-up.ts'
import { FakeCore } from './fake-core.ts'
import { DEFER, framed, hasIpv6, query, TcpClient, UdpClient, until } from './support.ts'
import type { TcpWorkerData } from './tcp-worker.ts'
import { type Way, wayTo } from './ways.ts'

const usable = canUseMmsg()
const skip = usable.usable ? false : `SKIPPED: ${usable.reason}`

interface Made {
  returns: UdpReturns
  send(way: Way, octets: Uint8Array): void
  turn(): void
  count(name: TransportCounter): number
}

/** Sends by calls that the test may change, when the test says. */
function make(change: (libc: Libc) => Partial<Libc> = () => ({})): Made {
  const counters = transportCounters()
  const due: (() => void)[] = []
  const libc = loadLibc()
  const returns = new UdpReturns({ counters, soon: (run) => due.push(run), libc: { ...libc, ...change(libc) } })
  return {
    returns,
    send: ({ socket, words, wayBackAt }, octets) => returns.add(socket, octets, words, wayBackAt),
    turn: () => {
      for (const run of due.splice(0)) run()
    },
    count: (name) => counters[COUNTER[name]],
  }
}

describe('answers of the core over UDP', { skip }, () => {
  test('those that are ready together leave by one call for each socket', async () => {
    const sockets = [...openMmsgSockets(parseEndpoint('127.0.0.1:0')!, 1), ...openMmsgSockets(parseEndpoint('0.0.0.0:0')!, 1), ...(hasIpv6 ? openMmsgSockets(parseEndpoint('[::1]:0')!, 1) : [])]
    const hosts = ['127.0.0.1', '127.0.0.7', '::1']
    const clients = await Promise.all(sockets.map(({ family }) => UdpClient.open(family === 4 ? '127.0.0.1' : '::1')))
    const ways = await Promise.all(sockets.map((socket, i) => wayTo(clients[i], socket, hosts[i])))
    let calls = 0
    const { send, turn, count } = make(({ sendmmsg }) => ({ sendmmsg: (...args) => (calls++, sendmmsg(...args)) }))
    for (let id = 0; id < 20; id++) for (const way of ways) send(way, query(id, 0, 0, 20 + id))
    assert.equal(calls, 0)
    turn()
    assert.equal(calls, sockets.length)
    for (const [i, client] of clients.entries()) {
      await until('the answers', () => client.answers.length === 20)
      assert.ok(client.answers.every(({ octets, from }, id) => octets.equals(query(id, 0, 0, 20 + id)) && from.address === hosts[i] && from.port === sockets[i].port))
      client.close()
    }
    assert.equal(count('udpSent'), 20 * sockets.length)
    closeMmsgSockets(sockets)
  })

  test('many, and long ones among them, leave in order and whole', async () => {
    const [socket] = openMmsgSockets(parseEndpoint('127.0.0.1:0')!, 1)
    const client = await UdpClient.open('127.0.0.1')
    const way = await wayTo(client, socket, '127.0.0.1')
    const sizes = [1_344, 1_345, 40, 1_500, 9_000, 30, ...Array<number>(UDP_BATCH + 5).fill(100), 20_000, 12]
    const { send, turn } = make()
    for (const [id, size] of sizes.entries()) send(way, query(id, 0, 0, size))
    turn()
    await until('the answers', () => client.answers.length === sizes.length)
    assert.deepEqual(client.answers.map(({ octets }) => octets), sizes.map((size, id) => query(id, 0, 0, size)))
    client.close()
    closeMmsgSockets([socket])
  })

  test('more than may wait are sent at once', async () => {
    const [socket] = openMmsgSockets(parseEndpoint('127.0.0.1:0')!, 1)
    const client = await UdpClient.open('127.0.0.1')
    const way = await wayTo(client, socket, '127.0.0.1')
    let sent = 0
    const { send } = make(() => ({ sendmmsg: (_fd, _headers, count) => ((sent += count), count) }))
    for (let id = 0; id < MAX_UDP_SENDS_IN_FLIGHT - 1; id++) send(way, query(id))
    assert.equal(sent, 0)
    send(way, query(0))
    assert.equal(sent, MAX_UDP_SENDS_IN_FLIGHT)
    client.close()
    closeMmsgSockets([socket])
  })

  test('what the kernel refuses or has no room for is given up and counted, what a signal interrupts is tried again', async () => {
    const [socket] = openMmsgSockets(parseEndpoint('127.0.0.1:0')!, 1)
    const client = await UdpClient.open('127.0.0.1')
    const way = await wayTo(client, socket, '127.0.0.1')
    const errnos = [EINTR, 1, EAGAIN, EINTR]
    let errno = 0
    const { send, turn, count } = make((libc) => ({
      sendmmsg: (...args) => {
        errno = errnos.shift() ?? 0
        return errno > 0 ? -1 : libc.sendmmsg(...args)
      },
      errno: () => errno || libc.errno(),
    }))
    for (let id = 0; id < 6; id++) send(way, query(id))
    turn()
    await until('the rest', () => client.answers.length === 4)
    assert.deepEqual([count('udpSendRefused'), count('udpDropBusy'), count('udpSent')], [1, 1, 4])
    client.close()
    closeMmsgSockets([socket])
  })

  test('closing sends what waits; what comes later is dropped and counted, as the sockets may be closed', async () => {
    const [socket] = openMmsgSockets(parseEndpoint('127.0.0.1:0')!, 1)
    const client = await UdpClient.open('127.0.0.1')
    const way = await wayTo(client, socket, '127.0.0.1')
    const { returns, send, turn, count } = make()
    send(way, query(1))
    returns.close()
    closeMmsgSockets([socket])
    send(way, query(2))
    turn()
    await until('the first', () => client.answers.length === 1)
    assert.deepEqual([count('udpSent'), count('deferLate'), count('udpSendRefused')], [1, 1, 0])
    client.close()
  })
})

describe('threads of TCP', { skip }, () => {
  interface Thread {
    port: number
    worker: Worker
    returns: Returns
    count(name: TransportCounter): number
    stop(): Promise<void>
  }

  async function start(core: FakeCore, deadlineMs = 2_000): Promise<Thread> {
    const sockets = openTcpSockets(parseEndpoint('127.0.0.1:0')!, 1)
    const memory = new SharedArrayBuffer(TRANSPORT_COUNTER_OCTETS)
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const wakeUp = openWakeUp()
    const bell = new WakeUp(wakeUp)
    const workerData: TcpWorkerData = { sockets, counters: memory, stop, open: openTable(), limits: {}, deadlineMs, budget: core.budget.shared, wakeUp }
    const worker = new Worker(new URL('./tcp-worker.js', import.meta.url), { workerData })
    const ended = once(worker, 'exit')
    await once(worker, 'message')
    const returns = new Returns((parcel) => {
      worker.postMessage({ answers: parcel }, [parcel])
      bell.ring()
    }, (run) => setImmediate(run))
    const receive = core.forThread(returns)
    worker.on('message', (word: { parcel?: ArrayBuffer }) => word.parcel && receive(word.parcel))
    return {
      port: sockets[0].port, worker, returns,
      count: (name) => transportCounters(memory)[COUNTER[name]] + core.count(name),
      stop: async () => {
        Atomics.store(stop, 0, 1)
        bell.ring()
        await ended
        closeTcpSockets(sockets)
        loadLibc().close(wakeUp)
      },
    }
  }

  test('one that sleeps is woken by an answer, and has not to wait for the end of its sleep', async () => {
    const core = new FakeCore()
    const { port, stop } = await start(core)
    const client = await TcpClient.connect(port)
    const took: number[] = []
    for (let id = 0; id < 20; id++) {
      client.socket.write(framed(query(id, DEFER)))
      await core.first(id + 1)
      await new Promise((resolve) => setTimeout(resolve, 5)) // it is asleep again
      const answered = performance.now()
      core.deferred[id].reply(core.deferred[id].octets)
      await until('the answer', () => client.size === 22 * (id + 1))
      took.push(performance.now() - answered)
    }
    const median = took.sort((a, b) => a - b)[10]
    assert.ok(median < TCP_WAIT_MS / 4, `${median} ms`)
    client.socket.destroy()
    await stop()
  })

  test('10,000 messages of 50 connections wait at once, and each gets its own answer, in an order that nobody foresees', async () => {
    const core = new FakeCore({ networkMessages: 20_000 })
    const { port, stop, count } = await start(core)
    const clients = await Promise.all(Array.from({ length: 50 }, () => TcpClient.connect(port)))
    for (const [i, client] of clients.entries()) client.socket.write(framed(...Array.from({ length: 200 }, (_, j) => query(i * 200 + j, DEFER))))
    const all = [...await core.first(10_000)]
    assert.equal(core.budget.messages, 10_000)
    for (let i = all.length - 1; i > 0; i--) {
      const j = (i * 7_919) % (i + 1)
      ;[all[i], all[j]] = [all[j], all[i]]
    }
    for (const message of all) message.reply(message.octets)
    for (const [i, client] of clients.entries()) {
      await until('the answers', () => client.size === 200 * 22, 10_000)
      const ids = Array.from({ length: 200 }, (_, j) => client.octets().readUInt16BE(j * 22 + 2)).sort((a, b) => a - b)
      assert.deepEqual(ids, Array.from({ length: 200 }, (_, j) => i * 200 + j))
      client.socket.destroy()
    }
    assert.deepEqual([count('deferred'), count('deferAnswered'), count('tcpSent'), core.budget.messages, core.budget.octets], [10_000, 10_000, 10_000, 0, 0])
    assert.ok(count('tcpWrites') < 5_000, `${count('tcpWrites')} writes: answers to one connection that came together left together`)
    await stop()
  })

  test('one that sleeps is woken to send what nobody has asked for, and says by itself that a connection has ended', async () => {
    const core = new FakeCore()
    const { port, stop, count } = await start(core)
    const [kept, other] = [await TcpClient.connect(port), await TcpClient.connect(port)]
    for (const client of [kept, other]) client.socket.write(framed(query(1, DEFER)))
    const ends: number[] = []
    for (const message of await core.first(2)) {
      const from = message.peer.port
      message.connection?.keep(() => ends.push(from))
      message.reply(query(1))
    }
    await until('the answers', () => kept.size === 22 && other.size === 22)
    const { connection } = core.deferred.find(({ peer }) => peer.port === kept.socket.localPort)!
    for (let id = 2; id < 10; id++) {
      connection!.send(query(id))
      await until('the message', () => kept.size === 22 * id)
    }
    const gone = other.socket.localPort
    other.socket.destroy()
    await until('word of its end', () => ends.length === 1)
    assert.deepEqual([ends, count('tcpSent'), core.budget.messages], [[gone], 10, 0])
    const left = kept.socket.localPort
    await stop()
    await until('word of the other, that a stop has ended', () => ends.length === 2)
    assert.equal(ends[1], left)
    kept.socket.destroy()
  })

  test('a stop waits for the core, and takes its answers', async () => {
    const core = new FakeCore()
    const { port, stop } = await start(core)
    const client = await TcpClient.connect(port)
    client.socket.write(framed(query(1, DEFER), query(2, DEFER)))
    const [first, second] = await core.first(2)
    const began = performance.now()
    const stopping = stop()
    setTimeout(() => first.reply(query(1)), 50)
    setTimeout(() => second.reply(query(2)), 100)
    await stopping
    assert.ok(performance.now() - began >= 95)
    await until('both', () => client.size === 44)
    client.socket.destroy()
  })
})

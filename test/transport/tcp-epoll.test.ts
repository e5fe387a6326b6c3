/** TCP by epoll in threads of its own: what it does while blocked, stopped or dead, and when the system refuses; what every TCP transport does is in tcp.test.ts. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { MAX_TCP_MESSAGES_PER_TURN, TCP_ACCEPT_REST_MS, TCP_CHUNK_OCTETS, TCP_SWEEP_MS, TCP_WAIT_MS } from '../../src/dns/limits.ts'
import { parseEndpoint } from '../../src/transport/address.ts'
import { BufferPool } from '../../src/transport/buffer-pool.ts'
import { COUNTER, sumCounters, TRANSPORT_COUNTER_OCTETS, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { EINTR, type Libc, loadLibc } from '../../src/transport/libc.ts'
import type { ConnectionLimits } from '../../src/transport/tcp-connections.ts'
import { canUseEpoll, closeLeft, EpollServer, openTable } from '../../src/transport/tcp-epoll.ts'
import { closeTcpSockets, openTcpSockets, type TcpSocket } from '../../src/transport/tcp-socket.ts'
import { FakeClock, framed, needsIpv6, query, scripted, SIZED, TcpClient, until, WHO } from './support.ts'
import type { TcpWorkerData } from './tcp-worker.ts'

const usable = canUseEpoll()
const skip = usable.usable ? false : `SKIPPED: ${usable.reason}`

interface Threads {
  port: number
  workers: Worker[]
  open: Int32Array[]
  sockets: TcpSocket[]
  count(name: TransportCounter): number
  connectionCount(): number
  /** Sets the word that ends the threads and resolves when they have ended. */
  stop(): Promise<unknown>
  /** Starts a thread on the sockets of thread `i`, which has died. */
  revive(i: number): Promise<void>
}

const opened: Threads[] = []
afterEach(async () => {
  for (const threads of opened.splice(0)) {
    await threads.stop()
    closeTcpSockets(threads.sockets)
  }
})

/** One thread or several on `address`, as the server starts them. */
async function start(count = 1, limits: Partial<ConnectionLimits> = {}, address = '127.0.0.1:0', deadlineMs = 1_000): Promise<Threads> {
  const sockets = openTcpSockets(parseEndpoint(address)!, count)
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const memories = sockets.map(() => new SharedArrayBuffer(TRANSPORT_COUNTER_OCTETS))
  const open = sockets.map(() => openTable(limits))
  const ended: Promise<unknown>[] = []
  const begin = async (i: number): Promise<Worker> => {
    const workerData: TcpWorkerData = { sockets: [sockets[i]], counters: memories[i], stop, open: open[i], limits, deadlineMs }
    const worker = new Worker(new URL('./tcp-worker.js', import.meta.url), { workerData })
    worker.on('error', () => undefined)
    ended[i] = new Promise((resolve) => worker.once('exit', resolve))
    await once(worker, 'message')
    return worker
  }
  const threads: Threads = {
    sockets, open,
    workers: await Promise.all(sockets.map((_, i) => begin(i))),
    port: sockets[0].port,
    count: (name) => sumCounters(memories.map((memory) => transportCounters(memory)))[name],
    connectionCount: () => open.reduce((sum, table) => sum + table[0], 0),
    stop: () => {
      Atomics.store(stop, 0, 1)
      return Promise.all(ended)
    },
    revive: async (i) => {
      threads.workers[i] = await begin(i)
    },
  }
  opened.push(threads)
  return threads
}

describe('TCP threads', { skip }, () => {
  test('an idle thread stops within its wait, with connections open, and they are ended politely', async () => {
    const { port, stop, connectionCount } = await start()
    const client = await TcpClient.connect(port)
    await client.ask(query(1))
    const stopped = performance.now()
    await stop()
    assert.ok(performance.now() - stopped < 4 * TCP_WAIT_MS)
    await client.gone()
    assert.equal(client.error, undefined)
    assert.equal(connectionCount(), 0)
  })

  test('a stop waits for a client that reads late, but not beyond its deadline', async () => {
    const { port, count, stop } = await start(1, {}, '127.0.0.1:0', 400)
    const [late, never] = [await TcpClient.connect(port), await TcpClient.connect(port)]
    for (const client of [late, never]) {
      client.socket.pause()
      client.socket.write(framed(...Array.from({ length: 200 }, (_, id) => query(id, SIZED, 65_535))))
    }
    await until('both to be held', () => count('tcpHeld') === 2)
    const began = performance.now()
    const stopping = stop()
    late.socket.resume()
    await until('the late one to have all', () => late.size === 200 * 65_537, 10_000)
    await stopping
    assert.ok(performance.now() - began >= 400)
    assert.equal(count('tcpClosedStop'), 2)
    for (const { socket } of [late, never]) socket.destroy()
  })

  test('a thread looks for work between rounds, idle or not', async () => {
    const { port, workers } = await start()
    for (const isBusy of [false, true]) {
      const client = await TcpClient.connect(port)
      workers[0].postMessage('reload')
      const asked = performance.now()
      const heard = once(workers[0], 'message')
      if (isBusy) await client.ask(query(1))
      assert.deepEqual(await heard, [{ echo: 'reload' }])
      assert.ok(performance.now() - asked < 4 * TCP_WAIT_MS)
      client.socket.destroy()
    }
  })

  test('threads share an endpoint: each client is answered, and both have clients', async () => {
    const { port, open, count } = await start(2)
    const clients = await Promise.all(Array.from({ length: 40 }, () => TcpClient.connect(port)))
    for (const [id, client] of clients.entries()) assert.deepEqual(await client.ask(query(id)), query(id))
    assert.equal(count('tcpReceived'), 40)
    assert.ok(open.every(([size]) => size > 0), `${open.map(([size]) => size).join(' and ')} connections`)
    for (const { socket } of clients) socket.destroy()
  })

  test('where a thread dies its connections end, and the next serves those who come again', async () => {
    const { port, workers, open, revive, connectionCount } = await start()
    for (const death of ['error', 'terminate']) {
      const client = await TcpClient.connect(port)
      await client.ask(query(1))
      const died = new Promise((resolve) => workers[0].once('exit', resolve))
      if (death === 'error') workers[0].postMessage('die')
      else void workers[0].terminate()
      await died
      closeLeft(open[0])
      await client.gone()
      const waiting = await TcpClient.connect(port)
      waiting.socket.write(framed(query(2)))
      await revive(0)
      await until('the answer to who came meanwhile', () => waiting.size === 22)
      assert.equal(connectionCount(), 1)
      waiting.socket.destroy()
      await until('its end', () => connectionCount() === 0)
    }
  })

  test('3,000 idle connections are held, cost a busy one nothing, and go when their time is over', async () => {
    const { port, count, connectionCount } = await start(1, { total: 4_000, perClient: 4_000, firstMessageMs: 2_500 })
    const idle: TcpClient[] = []
    for (let i = 0; i < 30; i++) idle.push(...await Promise.all(Array.from({ length: 100 }, () => TcpClient.connect(port))))
    await until('all accepted', () => connectionCount() === 3_000)
    const busy = await TcpClient.connect(port)
    const stream = framed(...Array.from({ length: 5_000 }, (_, id) => query(id)))
    busy.socket.write(stream)
    await until('all answers', () => busy.size === stream.length)
    await until('the idle to go', () => count('tcpClosedSilent') === 3_000, 2_500 + 4 * TCP_SWEEP_MS)
    assert.deepEqual(await busy.ask(query(1)), query(1))
    for (const { socket } of [busy, ...idle]) socket.destroy()
  })

  test('IPv6 clients are told apart and answered', { skip: needsIpv6 }, async () => {
    const { port } = await start(1, {}, '[::]:0')
    const client = await TcpClient.connect(port, '::1')
    const answer = await client.ask(query(1, WHO))
    assert.deepEqual([...answer.subarray(12, 28)], [...Array<number>(15).fill(0), 1])
    assert.equal(answer.readUInt16BE(28), client.socket.localPort)
    client.socket.destroy()
  })
})

/** A server in this thread whose system calls a test changes; `turn` until a condition holds. */
async function here(change: (libc: Libc) => Partial<Libc>, limits: Partial<ConnectionLimits> = {}) {
  const sockets = openTcpSockets(parseEndpoint('127.0.0.1:0')!, 1)
  const counters = transportCounters()
  const clock = new FakeClock()
  const libc = loadLibc()
  const server = new EpollServer({ sockets, counters, clock, limits, handler: scripted, onFault: (fault) => assert.fail(String(fault)), libc: { ...libc, ...change(libc) } })
  return {
    server, clock, port: sockets[0].port,
    count: (name: TransportCounter) => counters[COUNTER[name]],
    turnUntil: (what: string, condition: () => boolean) => until(what, () => {
      server.turn(0)
      return condition()
    }),
    close: () => {
      server.end()
      closeTcpSockets(sockets)
    },
  }
}

describe('a stop, turn by turn', { skip }, () => {
  test('a stop that looks for more while a turn is full of queries answers them all and ends by itself', async () => {
    const { port, server, count, turnUntil, close } = await here(() => ({}))
    const client = await TcpClient.connect(port)
    const [chunk, more] = [TCP_CHUNK_OCTETS / 16, 2 * MAX_TCP_MESSAGES_PER_TURN].map((length) => framed(...Array.from({ length }, (_, id) => query(id, 0, 0, 14))))
    client.socket.write(Buffer.concat([chunk, more]))
    await turnUntil('the first turn', () => count('tcpReceived') > 0)
    server.stop(1_000)
    await turnUntil('its end', () => server.isDone)
    await client.gone()
    assert.deepEqual(client.octets(), Buffer.concat([chunk, more]), 'no answer waits for the deadline, which a clock that stands never reaches')
    close()
  })
})

describe('what the system refuses', { skip }, () => {
  test('without descriptors (EMFILE) accepting rests, those who are there are served, and it goes on by itself', async () => {
    let isFull = false
    let calls = 0
    const { server, clock, port, count, turnUntil, close } = await here((libc) => ({
      accept4: (...args) => (calls++, isFull ? -1 : libc.accept4(...args)),
      errno: () => (isFull ? 24 : libc.errno()),
    }))
    const there = await TcpClient.connect(port)
    await turnUntil('the first', () => server.connectionCount === 1)
    isFull = true
    const [one, two] = [await TcpClient.connect(port), await TcpClient.connect(port)]
    await turnUntil('the rest', () => count('tcpAcceptRests') === 1)
    const before = calls
    there.socket.write(framed(query(7)))
    await turnUntil('the answer', () => there.size === 22)
    for (let i = 0; i < 50; i++) server.turn(0)
    assert.equal(calls, before, 'resting, it does not try')
    clock.advance(TCP_ACCEPT_REST_MS)
    await turnUntil('another try', () => count('tcpAcceptRests') === 2)
    isFull = false
    clock.advance(TCP_ACCEPT_REST_MS)
    await turnUntil('both', () => server.connectionCount === 3)
    assert.equal(count('tcpAcceptFaults'), 2)
    for (const { socket } of [there, one, two]) socket.destroy()
    close()
  })

  test('a connection that ended before it was accepted (ECONNABORTED) is counted and hides no other', async () => {
    const errnos = [103, 103]
    let errno = 0
    const { server, port, count, turnUntil, close } = await here((libc) => ({
      accept4: (...args) => ((errno = errnos.shift() ?? 0) > 0 ? -1 : libc.accept4(...args)),
      errno: () => errno || libc.errno(),
    }))
    const client = await TcpClient.connect(port)
    await turnUntil('the connection', () => server.connectionCount === 1)
    assert.deepEqual([count('tcpAcceptFaults'), count('tcpAcceptRests')], [2, 0])
    client.socket.destroy()
    close()
  })

  test('a signal interrupts waiting, reading and sending without harm (EINTR)', async () => {
    let errno = 0
    const refuse = new Map([['epoll_wait', 3], ['recv', 2], ['send', 2]])
    const interrupted = (name: 'epoll_wait' | 'recv' | 'send', libc: Libc) => (...args: [number, number, number, number]): number => {
      const left = refuse.get(name) ?? 0
      errno = left > 0 ? EINTR : 0
      refuse.set(name, left - 1)
      return left > 0 ? -1 : libc[name](...args)
    }
    const { port, turnUntil, close } = await here((libc) => ({
      epoll_wait: interrupted('epoll_wait', libc), recv: interrupted('recv', libc), send: interrupted('send', libc), errno: () => errno || libc.errno(),
    }))
    const client = await TcpClient.connect(port)
    client.socket.write(framed(query(1), query(2)))
    await turnUntil('the answers', () => client.size === 44)
    assert.deepEqual(client.octets(), framed(query(1), query(2)))
    client.socket.destroy()
    close()
  })

  test('answers that the kernel takes in small pieces arrive whole and in order', async () => {
    const { port, count, turnUntil, close } = await here(({ send }) => ({ send: (fd, octets, size, flags) => send(fd, octets, Math.min(size, 1_000), flags) }))
    const client = await TcpClient.connect(port)
    const stream = framed(...Array.from({ length: 500 }, (_, id) => query(id, 0, 0, 12 + id)))
    client.socket.write(stream)
    await turnUntil('all answers', () => client.size === stream.length)
    assert.deepEqual(client.octets(), stream)
    assert.ok(count('tcpHeld') > 0, 'what is unsent holds up the reading')
    client.socket.destroy()
    close()
  })

  test('a client that is gone while it is answered (EPIPE, ECONNRESET) is counted and forgotten', async () => {
    for (const errno of [32, 104]) {
      let isGone = false
      const { server, port, count, turnUntil, close } = await here((libc) => ({
        send: (...args) => (isGone ? -1 : libc.send(...args)),
        errno: () => (isGone ? errno : libc.errno()),
      }))
      const client = await TcpClient.connect(port)
      await turnUntil('the connection', () => server.connectionCount === 1)
      isGone = true
      client.socket.write(framed(...Array.from({ length: 300 }, (_, id) => query(id, SIZED, 2_000))))
      await turnUntil('its end', () => server.connectionCount === 0)
      assert.equal(count('tcpClosedByError'), 1)
      assert.equal(server.tcp.pool.lentOctets, 0)
      client.socket.destroy()
      close()
    }
  })

  test('where nothing can be waited for, the loop ends with an error, instead of running hot', async () => {
    let isBroken = false
    const { server, close } = await here((libc) => ({ epoll_wait: (...args) => (isBroken ? -1 : libc.epoll_wait(...args)), errno: () => (isBroken ? 9 : libc.errno()) }))
    isBroken = true
    assert.throws(() => server.turn(0), /Cannot wait for sockets as the system refuses it \(EBADF\)/)
    close()
  })
})

describe('memory', { skip }, () => {
  test('all that connections borrow is given back when they end, however they end', async () => {
    const { server, clock, port, turnUntil, close } = await here(() => ({}), { idleMs: 50, firstMessageMs: 50 })
    const pool = server.tcp.pool
    const clients = await Promise.all(Array.from({ length: 6 }, () => TcpClient.connect(port)))
    clients[0].socket.write(framed(query(1, 0, 0, 60_000)).subarray(0, 40_000)) // a query in pieces
    clients[1].socket.pause().write(framed(...Array.from({ length: 200 }, (_, id) => query(id, SIZED, 65_535)))) // answers unread
    clients[2].socket.pause().write(framed(...Array.from({ length: 200 }, (_, id) => query(id, SIZED, 65_535))))
    clients[3].socket.write(Buffer.of(0, 99, 1, 2, 3))
    clients[4].socket.write(framed(query(3, 0, 0, 300)).subarray(0, 100))
    await turnUntil('what is borrowed', () => pool.lentOctets >= 65_536 + 2 * 65_536 + 2 * 512)
    clients[2].socket.resetAndDestroy()
    clients[3].socket.end()
    clients[4].socket.write(framed(query(3, 0, 0, 300)).subarray(100))
    await turnUntil('one whole', () => clients[4].size === 302)
    clock.advance(TCP_SWEEP_MS + 100)
    await turnUntil('all ended', () => server.connectionCount === 0)
    assert.equal(pool.lentOctets, 0)
    for (const { socket } of clients) socket.destroy()
    close()
  })

  test('a chunk of more queries than one turn answers is kept and answered in turns', async () => {
    const { port, server, turnUntil, close } = await here(() => ({}))
    const client = await TcpClient.connect(port)
    const stream = framed(...Array.from({ length: Math.floor(TCP_CHUNK_OCTETS / 14) }, (_, id) => query(id, 0, 0, 12)))
    client.socket.write(stream)
    await turnUntil('what is kept', () => server.tcp.pool.lentOctets > 0 || client.size === stream.length)
    await turnUntil('all answers', () => client.size === stream.length)
    assert.deepEqual(client.octets(), stream)
    assert.equal(server.tcp.pool.lentOctets, 0)
    client.socket.destroy()
    close()
  })

  test('a pool lends powers of two up to its limit, lends them again, and drops sizes that nobody wants for one that is', () => {
    const pool = new BufferPool(4_096)
    const first = pool.lend(513)
    assert.equal(first?.length, 1_024)
    const rest = [pool.lend(1), pool.lend(512), pool.lend(2_048)]
    assert.deepEqual(rest.map((buffer) => buffer?.length), [512, 512, 2_048])
    assert.equal(pool.lentOctets, 4_096)
    assert.equal(pool.lend(1), undefined)
    pool.giveBack(first)
    assert.equal(pool.lend(1_000), first)
    pool.giveBack(first)
    assert.equal(pool.lend(4_096), undefined)
    for (const buffer of rest) pool.giveBack(buffer!)
    assert.equal(pool.lend(4_096)?.length, 4_096)
  })
})

describe('opening', { skip }, () => {
  test('an endpoint in use is found, although threads share theirs, and one in TIME-WAIT is not in use', async () => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const taken = parseEndpoint(`127.0.0.1:${(holder.address() as AddressInfo).port}`)!
    assert.throws(() => openTcpSockets(taken, 2), { code: 'EADDRINUSE', message: /^Cannot listen on TCP 127\.0\.0\.1/ })
    holder.on('connection', (served) => setTimeout(() => served.destroy(), 20)) // ours ends first, so that the port rests
    const client = await TcpClient.connect(taken.port)
    await client.gone()
    await new Promise((resolve) => holder.close(resolve))
    const sockets = openTcpSockets(taken, 2)
    assert.deepEqual(new Set(sockets.map(({ port }) => port)), new Set([taken.port]))
    assert.throws(() => openTcpSockets(taken, 1), { code: 'EADDRINUSE' }, 'and so is a second server of ours')
    closeTcpSockets(sockets)
  })

  test('where epoll cannot be used the reason is told', () => {
    assert.deepEqual(canUseEpoll('darwin', 'arm64'), { usable: false, reason: 'TCP by epoll needs Linux, and this is darwin' })
    assert.deepEqual(canUseEpoll('linux', 'riscv64'), { usable: false, reason: 'TCP by epoll is laid out for x64 and arm64, and this is riscv64' })
  })
})

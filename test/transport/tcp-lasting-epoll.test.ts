/** Connections that last in a TCP thread, turn by turn: what is joined behind octets that the kernel does not take, when the core is told, and what a stop still takes in. */
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { MAX_TCP_UNSENT_OCTETS, TCP_IDLE_MS, TCP_SWEEP_MS } from '../../src/dns/limits.ts'
import { parseEndpoint } from '../../src/transport/address.ts'
import { COUNTER, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { DeferralBudget } from '../../src/transport/deferral-budget.ts'
import { CALL, type Call, Returns, unpackQueries } from '../../src/transport/deferral-parcel.ts'
import { EAGAIN, loadLibc } from '../../src/transport/libc.ts'
import { canUseEpoll, type EpollOptions, EpollServer, runEpollLoop } from '../../src/transport/tcp-epoll.ts'
import { closeTcpSockets, openTcpSockets } from '../../src/transport/tcp-socket.ts'
import { idsOf } from './lasting-rig.ts'
import { DEFER, FakeClock, framed, query, scripted, SIZED, TcpClient, until } from './support.ts'

const usable = canUseEpoll()
const skip = usable.usable ? false : `SKIPPED: ${usable.reason}`

/** What a thread has said: a query or an end, of which slot and life. */
interface Said {
  kind: 'query' | 'end'
  slot: number
  life: number
}

/** What the test has opened. */
const opened: (() => void)[] = []
afterEach(() => {
  for (const close of opened.splice(0).reverse()) close()
})

async function connect(port: number): Promise<TcpClient> {
  const client = await TcpClient.connect(port)
  opened.push(() => client.socket.destroy())
  return client
}

/** Options of a server in this thread, and what it says; octets leave only where `isOpen` and, by one call, as many as `most`. */
function setUp() {
  const libc = loadLibc()
  const kernel = { isOpen: true, most: Infinity }
  let isFull = false
  const counters = transportCounters()
  const clock = new FakeClock()
  const said: Said[] = []
  const sockets = openTcpSockets(parseEndpoint('127.0.0.1:0')!, 1)
  const post = (parcel: ArrayBuffer): void => unpackQueries(parcel, 'tcp', ({ place, life }) => said.push({ kind: 'query', slot: place, life }), (slot, life) => said.push({ kind: 'end', slot, life }))
  const options: EpollOptions = {
    sockets, counters, clock, handler: scripted, onFault: (fault) => assert.fail(String(fault)), deferrals: { budget: new DeferralBudget().shared, post },
    libc: {
      ...libc,
      send: (fd, octets, size, flags) => {
        isFull = !kernel.isOpen
        return isFull ? -1 : libc.send(fd, octets, Math.min(size, kernel.most), flags)
      },
      errno: () => (isFull ? EAGAIN : libc.errno()),
    },
  }
  opened.push(() => closeTcpSockets(sockets))
  return { options, kernel, clock, said, port: sockets[0].port, count: (name: TransportCounter) => counters[COUNTER[name]] }
}

/** A parcel of calls to one connection. */
function parcelOf({ slot, life }: Said, ...calls: [Call, Uint8Array?][]): ArrayBuffer {
  let parcel = new ArrayBuffer(0)
  const due: (() => void)[] = []
  const returns = new Returns((sent) => (parcel = sent), (run) => due.push(run))
  for (const [call, octets] of calls) returns.add(slot, life, octets, call)
  due[0]()
  return parcel
}

/** A server that keeps one connection, whose query has been answered. */
async function keepOne() {
  const { options, said, ...rest } = setUp()
  const server = new EpollServer(options)
  let isOpen = true
  const end = (): void => {
    if (isOpen) server.end()
    isOpen = false
  }
  opened.push(end)
  const turnUntil = (what: string, condition: () => boolean): Promise<void> => until(what, () => {
    server.turn(0)
    return condition()
  })
  const client = await connect(rest.port)
  client.socket.write(framed(query(1, DEFER)))
  await turnUntil('the query', () => said.length === 1)
  const [kept] = said.splice(0)
  server.deliver(parcelOf(kept, [CALL.keep], [CALL.last, query(1)]))
  await until('the answer', () => client.size === 22)
  return {
    ...rest, server, client, kept, said, turnUntil, end,
    deliver: (...calls: [Call, Uint8Array?][]) => server.deliver(parcelOf(kept, ...calls)),
  }
}

describe('octets that the kernel does not take', { skip }, () => {
  test('have what is sent unasked behind them, in one buffer as long as it has room, and all of it arrives in order', async () => {
    const { server, client, kernel, deliver, turnUntil, count } = await keepOne()
    kernel.isOpen = false
    const { pool } = server.tcp
    let lent = 0
    const lend = pool.lend.bind(pool)
    pool.lend = (octets) => {
      lent++
      return lend(octets)
    }
    const sizes = Array.from({ length: 200 }, (_, i) => 20 + ((i * 137) % 900))
    for (const [i, size] of sizes.entries()) deliver([CALL.unasked, query(i, 0, 0, size)])
    const octets = sizes.reduce((sum, size) => sum + 2 + size, 0)
    assert.deepEqual([count('tcpHeld'), pool.lentOctets], [1, 2 ** Math.ceil(Math.log2(octets))])
    assert.ok(lent < 12, `${lent} buffers for 200 messages`)
    Object.assign(kernel, { isOpen: true, most: 7_001 })
    for (let i = 0; i < 3; i++) server.turn(0)
    deliver([CALL.unasked, query(200)], [CALL.unasked, query(201)])
    await turnUntil('all', () => idsOf(client).length === 203)
    assert.deepEqual(client.octets().subarray(22), framed(...sizes.map((size, i) => query(i, 0, 0, size)), query(200), query(201)))
    assert.deepEqual([pool.lentOctets, server.connectionCount], [0, 1])
    client.socket.write(framed(query(7)))
    await turnUntil('an answer, as it is read again', () => idsOf(client).length === 204)
  })

  test('may be MAX_TCP_UNSENT_OCTETS, and not one message more: the connection is killed, and the core told without a further turn', async () => {
    const { server, client, kernel, kept, said, deliver, count } = await keepOne()
    kernel.isOpen = false
    const quarter = new Uint8Array(MAX_TCP_UNSENT_OCTETS / 4 - 2)
    for (let i = 0; i < 4; i++) deliver([CALL.unasked, quarter])
    assert.deepEqual([server.connectionCount, server.tcp.pool.lentOctets, said], [1, MAX_TCP_UNSENT_OCTETS, []])
    deliver([CALL.unasked, query(1)], [CALL.unasked, query(2)])
    assert.deepEqual([server.connectionCount, server.tcp.pool.lentOctets, count('tcpClosedSlow'), count('deferLate')], [0, 0, 1, 1])
    assert.deepEqual(said, [{ ...kept, kind: 'end' }])
    await client.gone()
  })

  test('may be more where they are answers, but nothing unasked then', async () => {
    const { server, client, kernel, said, kept, deliver, turnUntil, count } = await keepOne()
    client.socket.write(framed(...Array.from({ length: 6 }, (_, id) => query(id, DEFER))))
    await turnUntil('the queries', () => said.length === 6)
    said.length = 0
    kernel.isOpen = false
    for (let i = 0; i < 6; i++) deliver([CALL.last, new Uint8Array(60_000)])
    assert.equal(server.connectionCount, 1)
    deliver([CALL.unasked, query(1)])
    assert.deepEqual([server.connectionCount, count('tcpClosedSlow'), said], [0, 1, [{ ...kept, kind: 'end' }]])
    await client.gone()
  })

  test('count with what is joined to them in the same parcel', async () => {
    const { server, kernel, client, deliver, count } = await keepOne()
    kernel.isOpen = false
    const quarter = new Uint8Array(MAX_TCP_UNSENT_OCTETS / 4 - 2)
    for (let i = 0; i < 3; i++) deliver([CALL.unasked, quarter])
    assert.equal(server.connectionCount, 1)
    deliver([CALL.unasked, quarter], [CALL.unasked, query(1)])
    assert.deepEqual([server.connectionCount, count('tcpClosedSlow')], [0, 1])
    await client.gone()
  })

  test('borrow no memory beyond what may wait, however much comes at once', async () => {
    const { server, kernel, client, deliver } = await keepOne()
    kernel.isOpen = false
    deliver([CALL.unasked, new Uint8Array(60_000)])
    const most = server.tcp.pool.lentOctets
    deliver(...Array.from({ length: 10 }, (): [Call, Uint8Array] => [CALL.unasked, new Uint8Array(60_000)]))
    assert.deepEqual([most, server.connectionCount, server.tcp.pool.lentOctets], [65_536, 0, 0])
    await client.gone()
  })
})

describe('word of an end', { skip }, () => {
  test('leaves with the turn in which a look at the idle has ended a kept connection', async () => {
    const { server, clock, client, kept, said, turnUntil, count } = await keepOne()
    client.socket.pause()
    client.socket.write(framed(...Array.from({ length: 200 }, (_, id) => query(id, SIZED, 65_535))))
    await turnUntil('the hold', () => count('tcpHeld') === 1)
    clock.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
    assert.deepEqual(said, [])
    server.turn(0)
    assert.deepEqual([said, count('tcpClosedSlow')], [[{ ...kept, kind: 'end' }], 1])
  })

  test('leaves with the turn in which the deadline of a stop has ended it, or with the end of the thread', async () => {
    for (const how of ['stop', 'end']) {
      const { server, clock, client, kept, said, deliver, turnUntil, end } = await keepOne()
      client.socket.write(framed(query(1, DEFER)))
      await turnUntil('the query', () => said.length === 1)
      said.length = 0
      if (how === 'stop') {
        server.stop(1_000)
        deliver([CALL.unasked, query(2)])
        server.turn(0)
        assert.deepEqual([said, server.connectionCount], [[], 1], 'it waits for its answer')
        clock.advance(1_000)
        server.turn(0)
        assert.deepEqual(said, [{ ...kept, kind: 'end' }])
      }
      end()
      assert.deepEqual(said, [{ ...kept, kind: 'end' }])
      await client.gone()
    }
  })

  test('is not said of a connection that nobody keeps, nor twice of one; and is said to whoever wants to keep one that has ended', async () => {
    const { server, client, kept, said, deliver, turnUntil, port } = await keepOne()
    const other = await connect(port)
    other.socket.write(framed(query(1, DEFER)))
    await turnUntil('the query', () => said.length === 1)
    const [query1] = said.splice(0)
    for (const { socket } of [client, other]) socket.resetAndDestroy()
    await turnUntil('their ends', () => server.connectionCount === 0)
    assert.deepEqual(said, [{ ...kept, kind: 'end' }])
    server.deliver(parcelOf(query1, [CALL.release], [CALL.unasked, query(1)], [CALL.cut], [CALL.last, query(1)]))
    deliver([CALL.release], [CALL.cut])
    assert.equal(said.length, 1)
    server.deliver(parcelOf(query1, [CALL.keep]))
    assert.deepEqual(said[1], { ...query1, kind: 'end' })
  })

  test('is not said of the next connection of a slot whose last one was kept', async () => {
    const { server, client, kept, said, turnUntil, port } = await keepOne()
    client.socket.resetAndDestroy()
    await turnUntil('its end', () => server.connectionCount === 0)
    for (let i = 0; i < 3; i++) {
      const next = await connect(port)
      next.socket.write(framed(query(1)))
      await turnUntil('its answer', () => next.size === 22)
      next.socket.resetAndDestroy()
      await turnUntil('its end', () => server.connectionCount === 0)
    }
    assert.deepEqual(said, [{ ...kept, kind: 'end' }])
  })

  test('names the life that is meant where another has the slot, and leaves that one alone', async () => {
    const { server, client, kept, said, deliver, turnUntil, port } = await keepOne()
    client.socket.resetAndDestroy()
    await turnUntil('its end', () => said.length === 1)
    const next = await connect(port)
    next.socket.write(framed(query(1, DEFER)))
    await turnUntil('its query', () => said.length === 2)
    assert.deepEqual([said[1].slot, said[1].life === kept.life], [kept.slot, false])
    deliver([CALL.keep], [CALL.unasked, query(9)], [CALL.cut])
    assert.deepEqual(said.slice(2), [{ ...kept, kind: 'end' }])
    server.deliver(parcelOf(said[1], [CALL.last, query(1)]))
    await until('its answer', () => idsOf(next).length === 1)
    assert.deepEqual([idsOf(next), server.connectionCount], [[1], 1])
  })
})

describe('a stop', { skip }, () => {
  test('takes in what the core has said before it, though the thread sees the stop first', async () => {
    const { options, said, port, count } = setUp()
    const client = await connect(port)
    client.socket.write(framed(query(1, DEFER)))
    const stop = new Int32Array(new SharedArrayBuffer(4))
    const mail: ArrayBuffer[] = []
    let looks = 0
    runEpollLoop({
      ...options, stop, deadlineMs: 0,
      onIdle: (server) => {
        looks++
        for (const parcel of mail.splice(0)) server.deliver(parcel)
        if (looks > 100) stop[0] = 1
        if (said.length !== 1) return
        const [asked] = said
        server.deliver(parcelOf(asked, [CALL.keep], [CALL.last, query(1)]))
        mail.push(parcelOf(asked, [CALL.unasked, query(2)])) // after this look, and before the stop
        stop[0] = 1
        said.push(asked)
      },
    })
    await until('the end', () => client.ended || client.closed)
    assert.deepEqual([idsOf(client), said.slice(2).map(({ kind }) => kind), count('deferLate')], [[1, 2], ['end'], 0])
  })
})

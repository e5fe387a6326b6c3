/**
 * What any TCP transport must do, run over each of them: DNS over TCP as a client sees it (RFC 7766), and
 * what a client cannot do to it. Time is moved by hand.
 */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { MAX_TCP_UNSENT_OCTETS, TCP_FIRST_MESSAGE_MS, TCP_IDLE_MS, TCP_SWEEP_MS, TCP_WRITE_OCTETS } from '../../src/dns/limits.ts'
import { parseEndpoint, type Endpoint } from '../../src/transport/address.ts'
import { COUNTER, type TransportCounter, transportCounters, type TransportCounters } from '../../src/transport/counters.ts'
import type { Handler } from '../../src/transport/handler.ts'
import type { TcpOptions } from '../../src/transport/tcp-connection.ts'
import type { ConnectionLimits } from '../../src/transport/tcp-connections.ts'
import { FakeCore } from './fake-core.ts'
import { framed, needsIpv6, query, scripted, SILENT, SIZED, TcpClient, THROW, until, WHO } from './support.ts'

/** A transport that serves one endpoint. */
export interface TcpUnderTest {
  port: number
  /** Connections open now. */
  readonly connectionCount: number
  /** Moves its clock, and lets it do what is due. */
  advance(ms: number): void
  close(deadlineMs: number): Promise<void>
}

/** Opens the transport on an endpoint. */
export type OpenTcp = (options: TcpOptions, endpoint: Endpoint, core: FakeCore) => Promise<TcpUnderTest>

/** Declares the tests. */
export function tcpSuite(name: string, open: OpenTcp, skip: string | false = false): void {
  describe(`TCP by ${name}`, { skip }, () => {
    declare(open)
  })
}

function declare(open: OpenTcp): void {
  let counters: TransportCounters
  let faults: unknown[]
  let server: TcpUnderTest
  let port: number

  function count(name: TransportCounter): number {
    return counters[COUNTER[name]]
  }

  async function start(limits: Partial<ConnectionLimits> = {}, handler: Handler = scripted, host = '127.0.0.1'): Promise<void> {
    await server?.close(0)
    counters = transportCounters()
    faults = []
    const endpoint = parseEndpoint(host.includes(':') ? `[${host}]:0` : `${host}:0`)!
    server = await open({ handler, counters, onFault: (fault) => faults.push(fault), limits }, endpoint, new FakeCore())
    port = server.port
  }

  /** Closes at once, whatever the clients do. */
  async function stop(): Promise<void> {
    const closing = server.close(0)
    const pushed = setInterval(() => server.advance(1), 5)
    await closing
    clearInterval(pushed)
  }

  beforeEach(() => start())
  afterEach(stop)

  describe('queries and answers', () => {
    for (const [host, skip] of [['127.0.0.1', false], ['::1', needsIpv6]] as const) {
      test(`1,000 pipelined queries in odd pieces get 1,000 answers in order, on ${host} (RFC 7766 6.2.1.1)`, { skip }, async () => {
        await stop()
        await start({}, scripted, host)
        const queries = Array.from({ length: 1_000 }, (_, id) => query(id, 0, 0, 12 + (id * 7) % 500))
        const stream = framed(...queries)
        const client = await TcpClient.connect(port, host)
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = [1, 2, 3, 29, 517, 4_096, 20_000][i % 7]
          client.socket.write(stream.subarray(at, at + size))
          at += size
          if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
        }
        await until('all answers', () => client.size >= stream.length)
        assert.deepEqual(client.octets(), stream)
        assert.equal(count('tcpReceived'), 1_000)
        assert.equal(count('tcpSent'), 1_000)
        client.socket.destroy()
      })
    }

    test('answers to one chunk leave in one write, with their lengths (RFC 7766 8)', async () => {
      const client = await TcpClient.connect(port)
      const stream = framed(...Array.from({ length: 100 }, (_, id) => query(id)))
      client.socket.write(stream)
      await until('all answers', () => client.size === stream.length)
      assert.equal(count('tcpWrites'), 1)
      assert.equal(client.received.length, 1)
      client.socket.destroy()
    })

    test('answers too many for one write leave in several, none cut or lost', async () => {
      const client = await TcpClient.connect(port)
      const sizes = [65_535, 65_535, 12, 65_535, 1, 40_000, 40_000, 65_535]
      client.socket.write(framed(...sizes.map((size, id) => query(id, SIZED, size))))
      const total = sizes.reduce((sum, size) => sum + 2 + size, 0)
      await until('all answers', () => client.size === total)
      let at = 0
      for (const size of sizes) {
        assert.equal(client.octets().readUInt16BE(at), size)
        at += 2 + size
      }
      assert.equal(count('tcpWrites') >= total / TCP_WRITE_OCTETS, true)
      client.socket.destroy()
    })

    test('the handler is told who asks', async () => {
      const client = await TcpClient.connect(port)
      const answer = await client.ask(query(1, WHO))
      assert.deepEqual([...answer.subarray(12, 16)], [127, 0, 0, 1])
      assert.equal(answer.readUInt16BE(16), client.socket.localPort)
      client.socket.destroy()
    })

    test('silence and a fault of the handler cost one answer, not the connection', async () => {
      const client = await TcpClient.connect(port)
      client.socket.write(framed(query(1, SILENT), query(2, THROW)))
      assert.deepEqual(await client.ask(query(3)), query(3))
      assert.equal(count('tcpSilent'), 1)
      assert.equal(count('handlerFaults'), 1)
      assert.match(String(faults[0]), /scripted/)
      client.socket.destroy()
    })

    test('a client that ends its side still gets its answers, and then the end (RFC 7766 6.2.4)', async () => {
      const client = await TcpClient.connect(port)
      const stream = framed(query(1), query(2, SIZED, 60_000), query(3))
      client.socket.end(stream)
      await until('the end', () => client.ended)
      assert.equal(client.size, 22 + 60_002 + 22)
      assert.equal(count('tcpClosedByClient'), 1)
      client.socket.destroy()
    })

    test('a long pipeline takes turns with other connections', async () => {
      const order: number[] = []
      await stop()
      await start({}, (octets, length, peer, out) => {
        order.push(peer.port)
        return scripted(octets, length, peer, out)
      })
      const [greedy, modest] = [await TcpClient.connect(port), await TcpClient.connect(port)]
      const many = framed(...Array.from({ length: 2_500 }, (_, id) => query(id)))
      greedy.socket.write(many)
      modest.socket.write(framed(query(1)))
      await until('all answers', () => greedy.size === many.length && modest.size === 22)
      assert.ok(order.indexOf(modest.socket.localPort!) < 2_500, 'the one query was not left to the end')
      for (const client of [greedy, modest]) client.socket.destroy()
    })
  })

  describe('connections that must go', () => {
    test('a message shorter than a header closes, after the answers to those before it', async () => {
      for (const length of [0, 1, 11]) {
        const client = await TcpClient.connect(port)
        client.socket.write(Buffer.concat([framed(query(5)), Buffer.of(0, length), Buffer.alloc(40)]))
        await client.gone()
        assert.deepEqual(client.octets(), framed(query(5)))
      }
      assert.equal(count('tcpClosedMalformed'), 3)
    })

    test('one that never asks is closed after its time, not before', async () => {
      const client = await TcpClient.connect(port)
      await until('the connection', () => server.connectionCount === 1)
      server.advance(TCP_FIRST_MESSAGE_MS - TCP_SWEEP_MS)
      assert.equal(server.connectionCount, 1)
      server.advance(2 * TCP_SWEEP_MS)
      assert.equal(server.connectionCount, 0)
      await client.gone()
      assert.equal(count('tcpClosedSilent'), 1)
      assert.equal(client.error, undefined, 'politely, without a reset')
    })

    test('one that sends a query octet by octet is closed as if it sent nothing', async () => {
      const client = await TcpClient.connect(port)
      const stream = framed(query(1, 0, 0, 200))
      for (let at = 0; at < 50; at++) {
        client.socket.write(stream.subarray(at, at + 1))
        await new Promise((resolve) => setImmediate(resolve))
        server.advance(TCP_FIRST_MESSAGE_MS / 40)
      }
      await client.gone()
      assert.equal(count('tcpClosedSilent'), 1)
      assert.equal(client.size, 0)
    })

    test('one that has asked is closed when idle; octets of an unfinished query are no life (RFC 7766 6.2.3)', async () => {
      const client = await TcpClient.connect(port)
      await client.ask(query(1))
      server.advance(TCP_IDLE_MS - TCP_SWEEP_MS)
      await client.ask(query(2))
      server.advance(TCP_IDLE_MS - TCP_SWEEP_MS)
      assert.equal(server.connectionCount, 1, 'the second query has renewed its time')
      client.socket.write(framed(query(3)).subarray(0, 10))
      await new Promise((resolve) => setTimeout(resolve, 20))
      server.advance(2 * TCP_SWEEP_MS)
      await client.gone()
      assert.equal(count('tcpClosedIdle'), 1)
    })

    test('one that resets in the midst of a query harms nobody', async () => {
      const good = await TcpClient.connect(port)
      await good.ask(query(1))
      for (let i = 0; i < 20; i++) {
        const bad = await TcpClient.connect(port)
        bad.socket.write(Buffer.concat([framed(query(i, SIZED, 60_000)), Buffer.of(0, 99, 1)]))
        await new Promise((resolve) => setImmediate(resolve))
        bad.socket.resetAndDestroy()
      }
      await until('all resets', () => server.connectionCount === 1)
      assert.deepEqual(await good.ask(query(2)), query(2))
      assert.equal(count('tcpClosedByError') + count('tcpClosedByClient'), 20)
      assert.deepEqual(faults, [])
      good.socket.destroy()
    })

    test('one that does not read is read from no more, and reset when its time is over', async () => {
      const client = await TcpClient.connect(port)
      client.socket.pause()
      const asked = 400
      client.socket.write(framed(...Array.from({ length: asked }, (_, id) => query(id, SIZED, 65_535))))
      await until('the hold', () => count('tcpHeld') === 1)
      await new Promise((resolve) => setTimeout(resolve, 50))
      const answered = count('tcpReceived')
      assert.ok(answered < asked, `${answered} of ${asked} answered: ${MAX_TCP_UNSENT_OCTETS} octets and what the kernel takes`)
      server.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
      assert.equal(server.connectionCount, 0)
      assert.equal(count('tcpClosedSlow'), 1)
      client.socket.resume()
      await client.gone()
    })

    test('one that reads late gets every answer in order', async () => {
      const client = await TcpClient.connect(port)
      client.socket.pause()
      client.socket.write(framed(...Array.from({ length: 400 }, (_, id) => query(id, SIZED, 65_535))))
      await until('the hold', () => count('tcpHeld') === 1)
      client.socket.resume()
      await until('all answers', () => client.size === 400 * 65_537, 10_000)
      const all = client.octets()
      for (let id = 0; id < 400; id++) assert.equal(all.readUInt16BE(id * 65_537 + 2), (id >> 8 << 8) | (id & 0xff))
      client.socket.destroy()
    })
  })

  describe('too many connections', () => {
    test('the oldest that never asked goes for a new one, and one that asked stays', async () => {
      await stop()
      await start({ total: 10 })
      const good = await TcpClient.connect(port)
      await good.ask(query(1))
      const silent: TcpClient[] = []
      for (let i = 0; i < 30; i++) {
        silent.push(await TcpClient.connect(port))
        await until('its turn', () => count('tcpAccepted') === i + 2)
        assert.ok(server.connectionCount <= 10)
      }
      await until('the shedding', () => silent.filter(({ closed }) => closed).length === 21)
      assert.equal(silent.slice(0, 21).every(({ closed }) => closed), true, 'oldest first')
      assert.equal(count('tcpShed'), 21)
      assert.deepEqual(await good.ask(query(2)), query(2))
      for (const { socket } of [good, ...silent]) socket.destroy()
    })

    test('where all have asked, the one idle longest goes', async () => {
      await stop()
      await start({ total: 3 })
      const clients = [await TcpClient.connect(port), await TcpClient.connect(port), await TcpClient.connect(port)]
      for (const client of clients) await client.ask(query(1))
      server.advance(10)
      await clients[0].ask(query(2))
      const late = await TcpClient.connect(port)
      assert.deepEqual(await late.ask(query(3)), query(3))
      await clients[1].gone()
      assert.deepEqual(await clients[0].ask(query(4)), query(4))
      for (const { socket } of [late, ...clients]) socket.destroy()
    })

    test('a client at its own limit sheds its own oldest (RFC 7766 6.2.2)', async () => {
      await stop()
      await start({ perClient: 3 })
      const served = await TcpClient.connect(port)
      await served.ask(query(1))
      const silent = [await TcpClient.connect(port), await TcpClient.connect(port), await TcpClient.connect(port)]
      await until('the shedding', () => count('tcpShedClient') === 1)
      await until('its oldest silent one to go', () => silent[0].closed)
      assert.deepEqual(await served.ask(query(2)), query(2))
      assert.deepEqual(await silent[2].ask(query(3)), query(3))
      for (const { socket } of [served, ...silent]) socket.destroy()
    })

    test('a flood of 5,000 connections that never ask leaves a good client its answers', async () => {
      await stop()
      await start({ total: 200, perClient: 10_000 })
      const good = await TcpClient.connect(port)
      await good.ask(query(0))
      const flood: TcpClient[] = []
      for (let i = 1; i <= 50; i++) {
        flood.push(...await Promise.all(Array.from({ length: 100 }, () => TcpClient.connect(port))))
        assert.deepEqual(await good.ask(query(i)), query(i))
        assert.ok(server.connectionCount <= 200)
      }
      const late = await TcpClient.connect(port)
      assert.deepEqual(await late.ask(query(99)), query(99), 'and lets a new one in')
      for (const { socket } of [good, late, ...flood]) socket.destroy()
    })
  })

  describe('closing', () => {
    test('queries that have arrived are answered, then every connection ends', async () => {
      const client = await TcpClient.connect(port)
      const stream = framed(...Array.from({ length: 1_000 }, (_, id) => query(id)))
      client.socket.write(stream)
      await until('the first queries', () => count('tcpReceived') > 0)
      const arrived = count('tcpReceived') // a busy machine may not have brought all of them yet
      await server.close(1_000)
      await until('the end', () => client.ended || client.closed)
      const answered = client.octets()
      assert.deepEqual(answered, stream.subarray(0, answered.length))
      assert.equal(answered.length, count('tcpReceived') * (stream.length / 1_000), 'every query taken has its answer, whole')
      assert.ok(count('tcpReceived') >= arrived)
      assert.equal(server.connectionCount, 0)
      client.socket.destroy()
    })

    test('a client that does not read is cut off at the deadline', async () => {
      const client = await TcpClient.connect(port)
      client.socket.pause()
      client.socket.write(framed(...Array.from({ length: 400 }, (_, id) => query(id, SIZED, 65_535))))
      await until('the hold', () => count('tcpHeld') === 1)
      let closed = false
      const closing = server.close(1_000).then(() => (closed = true))
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.equal(closed, false)
      server.advance(1_000)
      await closing
      assert.equal(count('tcpClosedStop'), 1)
      client.socket.destroy()
    })

    test('new connections are refused', async () => {
      await server.close(0)
      const client = await TcpClient.connect(port)
      assert.equal(client.error?.code, 'ECONNREFUSED')
    })
  })
}

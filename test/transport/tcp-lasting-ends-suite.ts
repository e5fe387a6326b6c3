/**
 * How connections that the core keeps end over any TCP transport, run over each of them: by whomever, the core hears of it
 * once, and nothing of one reaches another that has its place. Time is moved by hand.
 */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { TCP_IDLE_MS, TCP_SWEEP_MS } from '../../src/dns/limits.ts'
import type { TransportCounter } from '../../src/transport/counters.ts'
import { idsOf, type Kept, LastingRig } from './lasting-rig.ts'
import { DEFER, framed, query, SIZED, type TcpClient, until } from './support.ts'
import type { OpenTcp } from './tcp-suite.ts'

/** Declares the tests. */
export function tcpLastingEndsSuite(name: string, open: OpenTcp, skip: string | false = false): void {
  describe(`ends of connections that last over TCP by ${name}`, { skip }, () => {
    declare(open)
  })
}

function declare(open: OpenTcp): void {
  const rig = new LastingRig(open)
  beforeEach(() => rig.start())
  afterEach(() => rig.stop())

  describe('the end of a kept connection', () => {
    const ways: [string, (client: TcpClient) => void, TransportCounter[]][] = [
      ['its client ends its side', ({ socket }) => socket.end(), ['tcpClosedByClient']],
      ['its client vanishes', ({ socket }) => socket.resetAndDestroy(), ['tcpClosedByError', 'tcpClosedByClient']],
      ['its client sends what is no message', ({ socket }) => socket.write(Buffer.of(0, 3, 1, 2, 3)), ['tcpClosedMalformed']],
    ]
    for (const [title, end, reasons] of ways) {
      test(`is told once where ${title}; what comes later is counted and dropped`, async () => {
        const kept = await rig.keep()
        end(kept.client)
        await until('word of it', () => kept.ends > 0)
        kept.connection.send(query(2))
        kept.connection.send(query(3))
        kept.connection.release()
        kept.connection.cut()
        await until('the count', () => rig.count('deferLate') === 2)
        await until('its end', () => rig.server.connectionCount === 0)
        assert.deepEqual([kept.ends, idsOf(kept.client), reasons.reduce((sum, reason) => sum + rig.count(reason), 0), rig.count('tcpClosedCut')], [1, [1], 1, 0])
      })
    }

    test('is told where it had come before it was kept, and once for each who wants to know', async () => {
      const { client, connection, waiting } = await rig.defer(query(1, DEFER))
      client.socket.resetAndDestroy()
      await until('its end', () => rig.server.connectionCount === 0)
      const ends: string[] = []
      connection.keep(() => ends.push('first'))
      assert.equal(ends.length, 0, 'not within the call')
      connection.keep(() => ends.push('second'))
      await until('the end', () => ends.length === 1)
      connection.keep(() => ends.push('third'))
      assert.equal(ends.length, 1, 'not within the call')
      await until('the end', () => ends.length === 2)
      connection.keep(() => ends.push('fourth'))
      connection.release()
      waiting[0].reply(query(1))
      await until('the late answer', () => rig.count('deferLate') === 1)
      assert.deepEqual(ends, ['second', 'third'])
    })

    test('is told where a stop ends it, after what was sent before', async () => {
      const kept = await rig.keep()
      for (let id = 2; id < 20; id++) kept.connection.send(query(id, 0, 0, 60_000))
      await until('the first octets', () => kept.client.size > 22)
      await rig.server.close(1_000)
      await until('the end', () => kept.client.ended && kept.ends > 0)
      assert.deepEqual([kept.ends, idsOf(kept.client), kept.client.error, rig.count('tcpClosedStop')], [1, Array.from({ length: 19 }, (_, i) => i + 1), undefined, 1])
    })

    test('is told where it is shed for others, which are shed before it', async () => {
      await rig.stop()
      await rig.start({ total: 3 })
      const kept = await rig.keep()
      const others = [await rig.connect(), await rig.connect()]
      for (const client of others) await client.ask(query(1))
      const third = await rig.connect()
      assert.deepEqual(await third.ask(query(2)), query(2))
      await others[0].gone()
      assert.deepEqual([kept.ends, rig.count('tcpShed'), rig.server.connectionCount], [0, 1, 3])
      const more = [await rig.keep(), await rig.keep(), await rig.keep()]
      await until('word of it', () => kept.ends > 0)
      assert.deepEqual([kept.ends, ...more.map(({ ends }) => ends), rig.count('tcpShed')], [1, 0, 0, 0, 4])
    })
  })

  describe('what the core ends', () => {
    test('one that is released is idle from then on, and its end is not told', async () => {
      const kept = await rig.keep()
      for (let i = 0; i < 3; i++) rig.server.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
      kept.connection.release()
      kept.connection.send(query(2))
      await until('the message', () => idsOf(kept.client).length === 2)
      rig.server.advance(TCP_IDLE_MS - TCP_SWEEP_MS)
      assert.equal(rig.server.connectionCount, 1, 'its time begins with the release')
      rig.server.advance(2 * TCP_SWEEP_MS)
      await kept.client.gone()
      assert.deepEqual([kept.client.error, rig.count('tcpClosedIdle'), rig.server.connectionCount], [undefined, 1, 0])
      kept.connection.send(query(3))
      await until('the count', () => rig.count('deferLate') === 1)
      assert.equal(kept.ends, 0)
    })

    test('one that is cut is reset, and its end is told', async () => {
      const kept = await rig.keep()
      kept.connection.send(query(2))
      await until('the message', () => kept.client.size === 44)
      kept.connection.cut()
      await until('word of it', () => kept.ends > 0)
      await until('the reset', () => kept.client.closed)
      assert.deepEqual([kept.client.error?.code, kept.client.ended, kept.ends, rig.count('tcpClosedCut'), rig.server.connectionCount], ['ECONNRESET', false, 1, 1, 0])
    })

    test('one that is cut ends at once, whatever waits for it or is on its way', async () => {
      const kept = await rig.keep()
      const { client, connection } = kept
      client.socket.pause()
      client.socket.write(framed(query(5, DEFER), ...Array.from({ length: 200 }, (_, id) => query(id, SIZED, 65_535))))
      await until('the hold', () => rig.count('tcpHeld') === 1)
      connection.cut()
      connection.send(query(6))
      connection.cut()
      await until('word of it', () => kept.ends > 0)
      rig.core.deferred[1].reply(query(5))
      await until('the late ones', () => rig.count('deferLate') === 2)
      assert.deepEqual([rig.server.connectionCount, rig.count('tcpClosedCut')], [0, 1])
      client.socket.resume()
      await client.gone()
      assert.ok(client.size < 200 * 65_537, 'it has not got all')
      assert.equal(kept.ends, 1)
    })

    test('one that is ending, with answers that its client does not read, can be cut', async () => {
      const { client, connection, waiting } = await rig.defer(query(1, DEFER))
      client.socket.pause()
      const closing = rig.server.close(1_000)
      await new Promise((resolve) => setImmediate(resolve)) // it waits for the answer alone
      for (let id = 0; id < 200; id++) waiting[0].reply(query(id, 0, 0, 65_535), true)
      waiting[0].reply(query(200))
      await until('the last answer', () => rig.count('tcpClosedStop') === 1)
      let ends = 0
      connection.keep(() => ends++)
      await until('word that it ends', () => ends === 1)
      assert.equal(rig.server.connectionCount, 1)
      connection.cut()
      await until('its end, before the deadline, which never comes as the clock stands', () => rig.server.connectionCount === 0)
      await closing
      assert.deepEqual([rig.count('tcpClosedStop'), rig.count('tcpClosedCut'), ends], [1, 0, 1])
      client.socket.resume()
      await client.gone()
      assert.ok(client.size < 200 * 65_537, 'it has not got all')
    })

    test('one that was never kept can be cut, and nobody is told', async () => {
      const { client, connection } = await rig.defer(query(1, DEFER))
      connection.cut()
      await until('the reset', () => client.closed)
      await until('the end', () => rig.server.connectionCount === 0)
      assert.deepEqual([client.error?.code, rig.count('tcpClosedCut')], ['ECONNRESET', 1])
      connection.cut()
      rig.core.deferred[0].drop()
      await until('its end', () => rig.core.budget.messages === 0)
    })
  })

  describe('a place that another connection has now', () => {
    test('gets nothing of what is for the one before, which only hears that it has ended', async () => {
      const old = await rig.defer(query(1, DEFER))
      old.client.socket.resetAndDestroy()
      await until('its end', () => rig.server.connectionCount === 0)
      const next = await rig.keep() // in the same slot
      let ends = 0
      old.connection.send(query(50))
      old.connection.keep(() => ends++)
      old.connection.send(query(51))
      old.connection.release()
      old.connection.cut()
      old.connection.keep(() => ends++)
      await until('word of the end', () => ends > 0)
      await until('the late ones', () => rig.count('deferLate') === 2)
      assert.notEqual(next.connection, old.connection)
      next.connection.send(query(2))
      await until('its own', () => idsOf(next.client).length === 2)
      assert.deepEqual([idsOf(next.client), next.ends, ends, rig.server.connectionCount, rig.count('tcpClosedCut')], [[1, 2], 0, 1, 1, 0])
      for (let i = 0; i < 3; i++) rig.server.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
      assert.equal(rig.server.connectionCount, 1, 'it is kept, whatever was called for the other')
    })

    test('is not kept because the one before was', async () => {
      const before = await rig.keep()
      before.client.socket.resetAndDestroy()
      await until('its end', () => rig.server.connectionCount === 0)
      const client = await rig.connect()
      await client.ask(query(1))
      rig.server.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
      await client.gone()
      assert.deepEqual([before.ends, rig.count('tcpClosedIdle')], [1, 1])
    })

    test('many times over: each hears of its own end once', async () => {
      let last: Kept | undefined
      const all: Kept[] = []
      for (let i = 0; i < 40; i++) {
        last = await rig.keep()
        all.push(last)
        last.connection.send(query(2))
        await until('the message', () => idsOf(last!.client).length === 2)
        if (i % 2 === 0) last.client.socket.destroy()
        else last.connection.cut()
        await until('its end', () => rig.server.connectionCount === 0)
      }
      await until('all ends', () => all.every(({ ends }) => ends > 0))
      assert.ok(all.every(({ client, ends }) => ends === 1 && idsOf(client).length === 2))
    })
  })
}

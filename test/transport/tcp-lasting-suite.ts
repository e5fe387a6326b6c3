/**
 * What any TCP transport must do with connections that the core keeps, run over each of them: messages go by them unasked, in
 * the order of the core's calls, and they are never idle, however long their clients say nothing. Time is moved by hand.
 */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { MAX_TCP_UNSENT_OCTETS, TCP_IDLE_MS, TCP_SWEEP_MS } from '../../src/dns/limits.ts'
import type { Lasting } from '../../src/transport/handler.ts'
import { idsOf, LastingRig } from './lasting-rig.ts'
import { DEFER, framed, query, SIZED, until } from './support.ts'
import type { OpenTcp } from './tcp-suite.ts'

/** Declares the tests. */
export function tcpLastingSuite(name: string, open: OpenTcp, skip: string | false = false): void {
  describe(`connections that last over TCP by ${name}`, { skip }, () => {
    declare(open)
  })
}

function declare(open: OpenTcp): void {
  const rig = new LastingRig(open)
  beforeEach(() => rig.start())
  afterEach(() => rig.stop())

  describe('what is sent unasked', () => {
    test('reaches a client that asks nothing, for longer than one may be idle', async () => {
      const kept = await rig.keep()
      const { client, connection } = kept
      for (let id = 2; id < 8; id++) {
        rig.server.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
        assert.equal(rig.server.connectionCount, 1)
        if (id % 2 === 0) connection.send(query(id, 0, 0, 20 + id))
        await until('the message', () => idsOf(client).length === 1 + (id >> 1))
      }
      assert.deepEqual(client.octets().subarray(22), framed(query(2, 0, 0, 22), query(4, 0, 0, 24), query(6, 0, 0, 26)))
      assert.deepEqual([kept.ends, rig.core.budget.messages, rig.count('deferAnswered'), rig.count('tcpSent')], [0, 0, 1, 4])
      assert.deepEqual(await client.ask(query(9)), query(9), 'it can still ask')
    })

    test('keeps its order with answers and everything else that is called', async () => {
      const { client, connection, waiting: [first, second, third] } = await rig.defer(query(1, DEFER), query(2, DEFER), query(3, DEFER))
      const ends: string[] = []
      connection.send(query(10))
      second.reply(query(2))
      connection.keep(() => ends.push('first'))
      connection.send(query(11, 0, 0, 40_000))
      first.reply(query(1), true)
      connection.send(query(12))
      first.reply(query(1))
      connection.release()
      connection.send(query(13, 0, 0, 65_535))
      connection.keep(() => ends.push('second'))
      third.drop()
      connection.send(query(14))
      await until('all', () => idsOf(client).length === 8)
      assert.deepEqual(idsOf(client), [10, 2, 11, 1, 12, 1, 13, 14])
      connection.send(query(15))
      connection.send(query(16))
      await until('both', () => idsOf(client).length === 10)
      client.socket.end()
      await until('the end', () => ends.length > 0)
      assert.deepEqual([ends, rig.count('tcpClosedByClient')], [['second'], 1])
    })

    test('is no answer: a client that has ended its side has all that it waits for all the same, and then the end', async () => {
      const { client, connection, waiting: [first, second] } = await rig.defer(query(1, DEFER), query(2, DEFER))
      const ends: number[] = []
      connection.keep(() => ends.push(rig.server.connectionCount))
      client.socket.end(framed(query(3)))
      for (let id = 10; id < 14; id++) connection.send(query(id))
      await until('what is sent', () => idsOf(client).length === 5)
      first.reply(query(1))
      await until('the first', () => idsOf(client).length === 6)
      assert.deepEqual([client.ended, ends], [false, []])
      connection.send(query(14))
      second.reply(query(2))
      await until('the end', () => client.ended && ends.length > 0)
      assert.deepEqual(idsOf(client).filter((id) => id !== 3), [10, 11, 12, 13, 1, 14, 2])
      assert.deepEqual([ends.length, rig.count('deferLate'), rig.count('tcpClosedByClient')], [1, 0, 1])
    })

    test('goes to whom it is sent, and the connection is the same for all queries of it', async () => {
      const made = await Promise.all(Array.from({ length: 20 }, async () => {
        const client = await rig.connect()
        client.socket.write(framed(query(1, DEFER), query(2, DEFER)))
        return client
      }))
      await rig.core.first(40)
      const byPort = new Map<number, Lasting>()
      for (const { peer, connection } of rig.core.deferred) {
        assert.equal(byPort.get(peer.port) ?? connection, connection)
        byPort.set(peer.port, connection!)
      }
      assert.equal(new Set(byPort.values()).size, 20)
      for (let round = 0; round < 10; round++) for (const [i, { socket }] of made.entries()) byPort.get(socket.localPort!)!.send(query(i * 10 + round))
      for (const [i, client] of made.entries()) {
        await until('its messages', () => idsOf(client).length === 10)
        assert.deepEqual(idsOf(client), Array.from({ length: 10 }, (_, round) => i * 10 + round))
      }
    })

    test('does not keep a connection by itself: it is closed when idle', async () => {
      const { client, connection, waiting } = await rig.defer(query(1, DEFER))
      waiting[0].reply(query(1))
      connection.send(query(2))
      await until('both', () => idsOf(client).length === 2)
      rig.server.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
      await client.gone()
      assert.equal(rig.count('tcpClosedIdle'), 1)
    })
  })

  describe('a client that does not read', () => {
    test('is reset before more than MAX_TCP_UNSENT_OCTETS wait for it, and the core hears of it', async () => {
      const kept = await rig.keep()
      kept.client.socket.pause()
      const size = 60_000
      let sent = 0
      await until('its end', () => {
        for (let i = 0; i < 4 && kept.ends === 0; i++) kept.connection.send(query(++sent, 0, 0, size))
        return kept.ends > 0
      }, 20_000)
      assert.ok(sent * size > MAX_TCP_UNSENT_OCTETS, `${sent} messages`)
      assert.deepEqual([kept.ends, rig.count('tcpClosedSlow'), rig.server.connectionCount], [1, 1, 0])
      kept.client.socket.resume()
      await kept.client.gone()
      assert.ok(kept.client.size < sent * size)
    })

    test('is slow when its time is over, though it is kept', async () => {
      const kept = await rig.keep()
      kept.client.socket.pause()
      kept.client.socket.write(framed(...Array.from({ length: 200 }, (_, id) => query(id, SIZED, 65_535))))
      await until('the hold', () => rig.count('tcpHeld') === 1)
      rig.server.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
      await until('word of it', () => kept.ends > 0)
      assert.deepEqual([kept.ends, rig.count('tcpClosedSlow'), rig.server.connectionCount], [1, 1, 0])
      kept.client.socket.resume()
      await kept.client.gone()
    })

    test('has all of it, in order, where it reads late', async () => {
      const { client, connection, waiting } = await rig.defer(...Array.from({ length: 60 }, (_, id) => query(id, DEFER)))
      client.socket.pause()
      for (const [id, message] of waiting.entries()) {
        message.reply(query(id, 0, 0, 60_000))
        if (id < 3) connection.send(query(100 + id, 0, 0, 30_000))
      }
      await until('the writes', () => rig.count('tcpSent') === 63)
      client.socket.resume()
      await until('all', () => idsOf(client).length === 63)
      assert.deepEqual(idsOf(client), Array.from({ length: 60 }, (_, id) => (id < 3 ? [id, 100 + id] : [id])).flat())
    })
  })
}

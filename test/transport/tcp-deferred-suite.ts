/**
 * What any TCP transport must do with queries that are answered later, run over each of them: their answers in any
 * order (RFC 7766 7), connections that wait for them, and bounds on how much waits. Time is moved by hand.
 */
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { DEFER_RETRY_MS, MAX_DEFERRED_PER_CONNECTION, TCP_IDLE_MS, TCP_SWEEP_MS } from '../../src/dns/limits.ts'
import { parseEndpoint } from '../../src/transport/address.ts'
import { COUNTER, type TransportCounter, transportCounters, type TransportCounters } from '../../src/transport/counters.ts'
import type { DeferralLimits } from '../../src/transport/deferral-budget.ts'
import { FakeCore } from './fake-core.ts'
import { DEFER, framed, needsIpv6, query, scripted, SIZED, TcpClient, until } from './support.ts'
import type { OpenTcp, TcpUnderTest } from './tcp-suite.ts'

/** Declares the tests. */
export function tcpDeferredSuite(name: string, open: OpenTcp, skip: string | false = false): void {
  describe(`deferred queries over TCP by ${name}`, { skip }, () => {
    declare(open)
  })
}

/** Identifiers of the messages that a client has received, in order. */
function idsOf(client: TcpClient): number[] {
  const octets = client.octets()
  const ids: number[] = []
  for (let at = 0; at + 4 <= octets.length; at += 2 + octets.readUInt16BE(at)) ids.push(octets.readUInt16BE(at + 2))
  return ids
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

function declare(open: OpenTcp): void {
  let counters: TransportCounters
  let faults: unknown[]
  let core: FakeCore
  let server: TcpUnderTest
  let port: number

  function count(name: TransportCounter): number {
    return counters[COUNTER[name]] + core.count(name)
  }

  async function start(limits: Partial<DeferralLimits> = {}, host = '127.0.0.1'): Promise<void> {
    counters = transportCounters()
    faults = []
    core = new FakeCore(limits)
    const endpoint = parseEndpoint(host.includes(':') ? `[${host}]:0` : `${host}:0`)!
    server = await open({ handler: scripted, counters, onFault: (fault) => faults.push(fault) }, endpoint, core)
    port = server.port
  }

  async function stop(): Promise<void> {
    const closing = server.close(0)
    const pushed = setInterval(() => server.advance(1), 5)
    await closing
    clearInterval(pushed)
    assert.deepEqual(faults, [])
  }

  beforeEach(() => start())
  afterEach(stop)

  for (const [host, skip] of [['127.0.0.1', false], ['::1', needsIpv6]] as const) {
    test(`answers of the core are overtaken by others and overtake one another, on ${host} (RFC 7766 7)`, { skip }, async () => {
      await stop()
      await start({}, host)
      const client = await TcpClient.connect(port, host)
      const queries = Array.from({ length: 100 }, (_, id) => query(id, id % 2 === 0 ? DEFER : 0, 0, 20 + id * 7))
      client.socket.write(framed(...queries))
      const waiting = await core.first(50)
      await until('the others', () => idsOf(client).length === 50)
      assert.deepEqual(waiting.map(({ octets }) => Buffer.from(octets)), queries.filter((_, id) => id % 2 === 0))
      assert.deepEqual([[...waiting[0].peer.address], waiting[0].peer.port, waiting[0].peer.transport], [host === '::1' ? [...Array<number>(15).fill(0), 1] : [127, 0, 0, 1], client.socket.localPort, 'tcp'])
      for (const message of waiting.toReversed()) message.reply(message.octets)
      await until('all answers', () => idsOf(client).length === 100)
      assert.deepEqual(idsOf(client), [...Array.from({ length: 50 }, (_, i) => 2 * i + 1), ...Array.from({ length: 50 }, (_, i) => 98 - 2 * i)])
      assert.deepEqual([count('deferred'), count('deferAnswered'), count('tcpSent'), core.budget.messages, core.budget.octets], [50, 50, 100, 0, 0])
      client.socket.destroy()
    })
  }

  test('an answer may be several messages, or none', async () => {
    const client = await TcpClient.connect(port)
    client.socket.write(framed(query(1, DEFER), query(2, DEFER)))
    const [several, none] = await core.first(2)
    several.reply(query(10, 0, 0, 40_000), true)
    none.drop()
    several.reply(query(11, 0, 0, 65_535), true)
    await pause()
    several.reply(query(12))
    several.reply(query(13))
    await until('all', () => idsOf(client).length === 3 && client.size === 40_002 + 65_537 + 22)
    assert.deepEqual(idsOf(client), [10, 11, 12])
    assert.deepEqual([count('deferAnswered'), count('deferSilent'), core.budget.messages], [1, 1, 0])
    client.socket.destroy()
  })

  test('a connection that waits for the core is not idle, and is again when it has its answer', async () => {
    const client = await TcpClient.connect(port)
    client.socket.write(framed(query(1, DEFER)))
    const [message] = await core.first(1)
    for (let i = 0; i < 5; i++) server.advance(TCP_IDLE_MS)
    assert.equal(server.connectionCount, 1)
    message.reply(query(1))
    await until('the answer', () => idsOf(client).length === 1)
    server.advance(TCP_IDLE_MS - TCP_SWEEP_MS)
    assert.equal(server.connectionCount, 1, 'its time begins with the answer')
    server.advance(2 * TCP_SWEEP_MS)
    await client.gone()
    assert.equal(count('tcpClosedIdle'), 1)
  })

  test('one that does not read its answers is slow, though it waits for more', async () => {
    const client = await TcpClient.connect(port)
    client.socket.pause()
    client.socket.write(framed(query(1, DEFER), ...Array.from({ length: 200 }, (_, id) => query(id, SIZED, 65_535))))
    await core.first(1)
    await until('the hold', () => count('tcpHeld') === 1)
    server.advance(TCP_IDLE_MS + TCP_SWEEP_MS)
    assert.deepEqual([server.connectionCount, count('tcpClosedSlow')], [0, 1])
    core.deferred[0].reply(query(1))
    await until('the late answer', () => count('deferLate') === 1)
    client.socket.resume()
    await client.gone()
  })

  test('a client that ends its side gets the answers that it waits for, then the end (RFC 7766 6.2.4)', async () => {
    const client = await TcpClient.connect(port)
    client.socket.end(framed(query(1, DEFER), query(2), query(3, DEFER)))
    const [first, second] = await core.first(2)
    await until('the one in between', () => idsOf(client).length === 1)
    await pause()
    assert.equal(client.ended, false)
    second.reply(query(3))
    await pause()
    assert.equal(client.ended, false)
    first.reply(query(1, 0, 0, 60_000))
    await until('the end', () => client.ended)
    assert.deepEqual(idsOf(client), [2, 3, 1])
    assert.equal(count('tcpClosedByClient'), 1)
    client.socket.destroy()
  })

  test('octets that are no message close after the answers to what stood before them', async () => {
    const client = await TcpClient.connect(port)
    client.socket.write(Buffer.concat([framed(query(1, DEFER)), Buffer.of(0, 3), Buffer.alloc(40)]))
    const [message] = await core.first(1)
    await pause()
    assert.equal(client.ended || client.closed, false)
    message.reply(query(1))
    await client.gone()
    assert.deepEqual(idsOf(client), [1])
    assert.equal(count('tcpClosedMalformed'), 1)
  })

  test('an answer to a connection that has gone is dropped and counted, and reaches nobody else', async () => {
    const gone = await TcpClient.connect(port)
    gone.socket.write(framed(query(1, DEFER), query(2, DEFER)))
    const [first, second] = await core.first(2)
    gone.socket.resetAndDestroy()
    await until('its end', () => server.connectionCount === 0)
    const next = await TcpClient.connect(port) // has the same slot
    await next.ask(query(3))
    first.reply(query(1))
    second.drop()
    await until('the count', () => count('deferLate') === 1)
    assert.deepEqual(await next.ask(query(4)), query(4))
    assert.equal(core.budget.messages, 0)
    next.socket.destroy()
  })

  test('a connection has a bounded number of messages at the core; the rest waits unread and is answered in time', async () => {
    const client = await TcpClient.connect(port)
    const asked = 3 * MAX_DEFERRED_PER_CONNECTION + 10
    client.socket.write(framed(...Array.from({ length: asked }, (_, id) => query(id, DEFER))))
    let answered = 0
    await core.first(MAX_DEFERRED_PER_CONNECTION)
    while (answered < asked) {
      await pause()
      assert.ok(core.deferred.length - answered <= MAX_DEFERRED_PER_CONNECTION)
      for (const message of core.deferred.slice(answered)) message.reply(message.octets)
      answered = core.deferred.length
    }
    await until('all answers', () => idsOf(client).length === asked)
    assert.deepEqual(idsOf(client), Array.from({ length: asked }, (_, id) => id))
    assert.ok(count('deferHeld') >= 2)
    client.socket.destroy()
  })

  test('where all that may wait waits, a connection rests and others are answered; nothing is lost', async () => {
    await stop()
    await start({ messages: 5 })
    const [many, other] = [await TcpClient.connect(port), await TcpClient.connect(port)]
    many.socket.end(framed(...Array.from({ length: 12 }, (_, id) => query(id, DEFER)), query(12)))
    await core.first(5)
    await until('the rest', () => count('deferHeld') === 1)
    for (let i = 0; i < 3; i++) assert.deepEqual(await other.ask(query(i)), query(i))
    for (let answered = 0; answered < 12; answered++) {
      await until('the next', () => {
        server.advance(DEFER_RETRY_MS)
        return core.deferred.length > answered
      })
      assert.ok(core.deferred.length <= answered + 5)
      core.deferred[answered].reply(core.deferred[answered].octets)
    }
    await until('all answers', () => {
      server.advance(DEFER_RETRY_MS)
      return many.ended
    })
    assert.deepEqual(idsOf(many).sort((a, b) => a - b), Array.from({ length: 13 }, (_, id) => id))
    for (const { socket } of [many, other]) socket.destroy()
  })

  test('a stop waits for answers of the core, and cuts off what does not come by its deadline', async () => {
    const [patient, forgotten] = [await TcpClient.connect(port), await TcpClient.connect(port)]
    patient.socket.write(framed(query(1, DEFER)))
    const [first] = await core.first(1)
    forgotten.socket.write(framed(query(2, DEFER)))
    await core.first(2)
    const closing = server.close(1_000)
    await pause()
    assert.equal(server.connectionCount, 2)
    first.reply(query(1))
    await until('the end', () => patient.ended)
    assert.deepEqual(idsOf(patient), [1])
    server.advance(1_100)
    await closing
    await forgotten.gone()
    assert.equal(forgotten.size, 0)
    core.deferred[1].reply(query(2))
    await until('the count', () => count('deferLate') + count('deferAnswered') >= 2)
    for (const { socket } of [patient, forgotten]) socket.destroy()
  })
}

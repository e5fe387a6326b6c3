/**
 * Plans that chance has made, run over any TCP transport: clients that pipeline queries answered at once, later, by
 * several messages or not at all, in pieces of any size, and stay, end their side or vanish; a core that answers in
 * any order. Whatever the plan, a client that stays has each of its answers once and nobody else's, and in the
 * end nothing waits (RFC 7766 6.2.1.1, 7).
 */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_DEFERRED_PER_CONNECTION, TRANSPORT_CLOSE_MS } from '../../src/dns/limits.ts'
import { parseEndpoint } from '../../src/transport/address.ts'
import { COUNTER, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import type { DeferralLimits } from '../../src/transport/deferral-budget.ts'
import type { Deferred } from '../../src/transport/handler.ts'
import { FakeCore } from './fake-core.ts'
import { DEFER, ECHO, framed, query, scripted, SILENT, TcpClient, until } from './support.ts'
import type { OpenTcp, TcpUnderTest } from './tcp-suite.ts'

/** One query: how it is answered, and its octets. */
interface Asked {
  how: 'at once' | 'never' | 'later' | 'in two' | 'dropped'
  size: number
}

/** What one client does. */
interface ClientPlan {
  asked: Asked[]
  /** Octets of each write. */
  piece: number
  fate: 'stays' | 'ends its side' | 'vanishes'
}

const commandOf: Record<Asked['how'], number> = { 'at once': ECHO, never: SILENT, later: DEFER, 'in two': DEFER, dropped: DEFER }
const isDeferred = ({ how }: Asked): boolean => commandOf[how] === DEFER

const asked: fc.Arbitrary<Asked> = fc.record({
  how: fc.constantFrom('at once', 'at once', 'later', 'later', 'later', 'in two', 'never', 'dropped'),
  size: fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 15, max: 300 }) }, { weight: 1, arbitrary: fc.integer({ min: 2_000, max: 9_000 }) }),
})
const clientPlan: fc.Arbitrary<ClientPlan> = fc.record({
  asked: fc.array(asked, { minLength: 1, maxLength: 40 }), piece: fc.constantFrom(1_000_000, 1_000_000, 700, 61, 7), fate: fc.constantFrom('stays', 'stays', 'ends its side', 'vanishes'),
})
const plan = fc.record({ clients: fc.array(clientPlan, { minLength: 1, maxLength: 5 }), order: fc.infiniteStream(fc.nat(1_000)) })

/** The id of query `i` of client `c`: none is used twice. */
const idOf = (c: number, i: number): number => c * 100 + i

/** Messages that came over a stream, whole ones. */
function messagesOf(octets: Buffer): Buffer[] {
  const messages: Buffer[] = []
  for (let at = 0; at < octets.length; at += 2 + octets.readUInt16BE(at)) messages.push(octets.subarray(at + 2, at + 2 + octets.readUInt16BE(at)))
  return messages
}

/** A transport in service, and what it counts. */
interface Running {
  server: TcpUnderTest
  core: FakeCore
  count(name: TransportCounter): number
  stop(): Promise<void>
}

async function start(open: OpenTcp, limits: Partial<DeferralLimits> = {}): Promise<Running> {
  const counters = transportCounters()
  const core = new FakeCore(limits)
  const faults: unknown[] = []
  const server = await open({ handler: scripted, counters, onFault: (fault) => faults.push(fault) }, parseEndpoint('127.0.0.1:0')!, core)
  return {
    server, core,
    count: (name) => counters[COUNTER[name]] + core.count(name),
    stop: async () => {
      const closing = server.close(0)
      const pushed = setInterval(() => server.advance(TRANSPORT_CLOSE_MS), 5)
      await closing
      clearInterval(pushed)
      assert.deepEqual(faults, [])
    },
  }
}

/** The answers that a client must have had, in any order, each with its octets. */
function expectedOf({ asked }: ClientPlan, c: number): Buffer[] {
  return asked.flatMap(({ how, size }, i) => {
    const answer = query(idOf(c, i), commandOf[how], 0, size)
    if (how === 'in two') return [answer, answer.subarray(0, 12)]
    return how === 'never' || how === 'dropped' ? [] : [answer]
  })
}

const sorted = (messages: readonly Buffer[]): string[] => messages.map((octets) => octets.toString('hex')).sort()

async function send({ asked, piece, fate }: ClientPlan, c: number, client: TcpClient): Promise<void> {
  const stream = framed(...asked.map(({ how, size }, i) => query(idOf(c, i), commandOf[how], 0, size)))
  for (let at = 0; at < stream.length; at += piece) {
    client.socket.write(stream.subarray(at, at + piece))
    if (piece < 1_000 && at % (piece * 40) === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  if (fate === 'ends its side') client.socket.end()
}

function answer(message: Deferred, clients: readonly ClientPlan[]): void {
  const id = Buffer.from(message.octets).readUInt16BE(0)
  const { how } = clients[Math.floor(id / 100)].asked[id % 100]
  if (how === 'dropped') return message.drop()
  if (how === 'later') return message.reply(message.octets)
  message.reply(message.octets, true)
  message.reply(message.octets.slice(0, 12))
}

/** Runs a plan and checks what came of it. */
async function run(running: Running, clients: readonly ClientPlan[], order: Iterator<number>): Promise<void> {
  const { server, core } = running
  const before = core.deferred.length
  const opened = await Promise.all(clients.map(() => TcpClient.connect(server.port)))
  await Promise.all(clients.map((client, c) => send(client, c, opened[c])))
  const due = clients.flatMap(({ asked }) => asked.filter(isDeferred)).length
  await until('all that is deferred', () => core.deferred.length - before === due)
  for (const [c, { fate }] of clients.entries()) if (fate === 'vanishes') opened[c].socket.resetAndDestroy()
  const waiting = core.deferred.slice(before)
  while (waiting.length > 0) {
    answer(waiting.splice(order.next().value as number % waiting.length, 1)[0], clients)
    if (waiting.length % 7 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  for (const [c, client] of clients.entries()) {
    if (client.fate === 'vanishes') continue
    const wanted = expectedOf(client, c)
    const octets = wanted.reduce((sum, { length }) => sum + 2 + length, 0)
    await until(`the answers of client ${c}`, () => opened[c].size >= octets)
    if (client.fate === 'ends its side') await until('the end', () => opened[c].ended)
    const came = messagesOf(opened[c].octets())
    assert.deepEqual(sorted(came), sorted(wanted))
    const direct = client.asked.flatMap(({ how }, i) => (how === 'at once' ? [idOf(c, i)] : []))
    assert.deepEqual(came.map((message) => message.readUInt16BE(0)).filter((id) => direct.includes(id)), direct, 'those answered at once stay in order')
    opened[c].socket.destroy()
  }
  await until('the end of all connections', () => server.connectionCount === 0)
  assert.deepEqual([core.budget.messages, core.budget.octets], [0, 0])
}

/** A client at an address of its own; 127.0.0.1 and 127.0.9.9 are of two networks. */
async function clientAt(localAddress: string, port: number): Promise<{ socket: Socket; ids: () => number[] }> {
  const received: Buffer[] = []
  const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true })
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  await until('the connection', () => socket.readyState === 'open')
  return { socket, ids: () => messagesOf(Buffer.concat(received)).map((message) => message.readUInt16BE(0)) }
}

/** Declares the tests. */
export function tcpDeferredPlans(name: string, open: OpenTcp, skip: string | false = false): void {
  describe(`plans of deferred and direct queries over TCP by ${name}`, { skip }, () => {
    test('each client has its answers once, whatever it and the others do', async () => {
      const running = await start(open)
      await fc.assert(fc.asyncProperty(plan, ({ clients, order }) => run(running, clients, order[Symbol.iterator]())), { numRuns: 25, endOnFailure: true })
      const { core, count } = running
      assert.equal(count('deferred'), core.deferred.length)
      assert.equal(count('deferAnswered') + count('deferSilent'), core.deferred.length, 'each has ended once')
      assert.ok(count('deferLate') > 0, 'some were late')
      await running.stop()
    })

    test('where few may wait at once, a long pipeline of both kinds is answered whole all the same', async () => {
      const running = await start(open, { messages: 3 })
      const { server, core } = running
      const client = await TcpClient.connect(server.port)
      const total = 120
      client.socket.end(framed(...Array.from({ length: total }, (_, id) => query(id, id % 3 === 0 ? ECHO : DEFER))))
      let answered = 0
      await until('all', () => {
        server.advance(20)
        assert.ok(core.budget.messages <= 3)
        for (const message of core.deferred.slice(answered)) message.reply(message.octets)
        answered = core.deferred.length
        return client.ended
      }, 10_000)
      assert.deepEqual(messagesOf(client.octets()).map((message) => message.readUInt16BE(0)).sort((a, b) => a - b), Array.from({ length: total }, (_, id) => id))
      client.socket.destroy()
      await running.stop()
    })

    test('a network that has filled its place at the core waits; another is served, and so are its own queries that need no core', async () => {
      const running = await start(open, { networkMessages: 4 })
      const { server, core, count } = running
      const [greedy, neighbour, stranger] = [await clientAt('127.0.0.1', server.port), await clientAt('127.0.0.1', server.port), await clientAt('127.0.9.9', server.port)]
      greedy.socket.write(framed(...Array.from({ length: 20 }, (_, id) => query(id, DEFER))))
      await until('the hold', () => count('deferHeld') === 1)
      assert.equal(core.deferred.length, 4)
      neighbour.socket.write(framed(query(100), query(101)))
      stranger.socket.write(framed(query(200, DEFER), query(201), query(202, DEFER)))
      await until('the others', () => neighbour.ids().length === 2 && stranger.ids().length === 1 && core.deferred.length === 6)
      for (const message of core.deferred.slice(4)) message.reply(message.octets)
      await until('the stranger', () => stranger.ids().length === 3)
      assert.deepEqual([greedy.ids(), stranger.ids()], [[], [201, 200, 202]])
      for (let answered = 0; answered < 4; answered++) core.deferred[answered].reply(core.deferred[answered].octets)
      let done = 6
      await until('the rest', () => {
        server.advance(20)
        for (const message of core.deferred.slice(done)) message.reply(message.octets)
        done = core.deferred.length
        return greedy.ids().length === 20
      })
      assert.deepEqual(greedy.ids(), Array.from({ length: 20 }, (_, id) => id))
      for (const { socket } of [greedy, neighbour, stranger]) socket.destroy()
      await running.stop()
    })

    test('an answer of several messages to a client that vanishes in between ends, and gives back its place', async () => {
      const running = await start(open)
      const { server, core, count } = running
      const client = await TcpClient.connect(server.port)
      client.socket.write(framed(query(1, DEFER), query(2, DEFER)))
      const [first, second] = await core.first(2)
      first.reply(query(1), true)
      await until('its first message', () => client.size === 22)
      client.socket.resetAndDestroy()
      await until('its end', () => server.connectionCount === 0)
      first.reply(query(1), true)
      first.reply(query(1))
      second.reply(query(2))
      await until('the count', () => count('deferLate') === 3)
      assert.deepEqual([count('deferAnswered'), core.budget.messages, core.budget.octets], [2, 0, 0])
      await running.stop()
    })

    test('late answers that a client leaves unread come whole and in order when it reads again', async () => {
      const running = await start(open)
      const { server, core } = running
      const client = await TcpClient.connect(server.port)
      client.socket.pause()
      client.socket.write(framed(...Array.from({ length: 100 }, (_, id) => query(id, DEFER))))
      for (const [id, message] of (await core.first(100)).entries()) message.reply(query(id, 0, 0, 60_000))
      await new Promise((resolve) => setTimeout(resolve, 50))
      assert.equal(server.connectionCount, 1)
      client.socket.resume()
      await until('all of it', () => client.size === 100 * 60_002, 10_000)
      assert.deepEqual(messagesOf(client.octets()), Array.from({ length: 100 }, (_, id) => query(id, 0, 0, 60_000)))
      client.socket.destroy()
      await running.stop()
    })

    test('a connection that has all it may at the core still gets its late answers, then goes on where it stopped', async () => {
      const running = await start(open)
      const { server, core, count } = running
      const client = await TcpClient.connect(server.port)
      const deferred = Array.from({ length: MAX_DEFERRED_PER_CONNECTION }, (_, id) => query(id, DEFER))
      client.socket.write(framed(...deferred, query(1_000), query(1_001, DEFER), query(1_002)))
      const waiting = await core.first(MAX_DEFERRED_PER_CONNECTION)
      await until('the hold', () => count('deferHeld') === 1)
      assert.equal(client.size, 0)
      waiting[17].reply(waiting[17].octets)
      await until('what follows', () => core.deferred.length === MAX_DEFERRED_PER_CONNECTION + 1)
      await until('the first two', () => client.size >= 2 * 22)
      assert.deepEqual(messagesOf(client.octets()).map((message) => message.readUInt16BE(0)).slice(0, 2), [17, 1_000])
      for (const message of core.deferred) message.reply(message.octets)
      await until('all', () => client.size === 22 * (MAX_DEFERRED_PER_CONNECTION + 3))
      client.socket.destroy()
      await running.stop()
    })
  })
}

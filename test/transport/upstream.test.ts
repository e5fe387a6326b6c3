/** Messages to other servers, over the sockets of this machine, datagrams both by system calls and by node:dgram: ports, strangers, silence, bounds, and TCP in pieces. */
import assert from 'node:assert/strict'
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { createServer, type AddressInfo, type Server, type Socket as StreamSocket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { before, describe, test, type TestContext } from 'node:test'
import { printAddress } from '../../src/dns/address.ts'
import { MIN_UPSTREAM_PORT } from '../../src/dns/limits-resolver.ts'
import { canUseDatagrams } from '../../src/transport/libc.ts'
import type { Datagrams } from '../../src/transport/upstream-datagrams.ts'
import { NodeDatagrams } from '../../src/transport/upstream-dgram.ts'
import { UpstreamSockets } from '../../src/transport/upstream-sockets.ts'
import { Upstream, type UpstreamEndpoint } from '../../src/transport/upstream.ts'
import { hasIpv6, until } from './support.ts'

const LOOPBACK = Uint8Array.of(127, 0, 0, 1)
const MESSAGE = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
const ANSWER = Buffer.from('an answer of some octets')

/** What the listener was told, and the sender. */
interface Told {
  upstream: Upstream
  messages: { send: number; text: string; from: UpstreamEndpoint }[]
  failures: number[]
}

function sender(t: TestContext, parts: { datagrams?: Datagrams; sockets?: number; random?: (bound: number) => number } = {}): Told {
  const messages: Told['messages'] = []
  const failures: number[] = []
  const listener = {
    onMessage: (send: number, octets: Uint8Array, from: UpstreamEndpoint) => void messages.push({ send, text: Buffer.from(octets).toString(), from }),
    onFailure: (send: number) => void failures.push(send),
  }
  const upstream = new Upstream({ listener, random: (bound) => Math.floor(Math.random() * bound), print: printAddress, ...parts })
  t.after(() => upstream.closeAll())
  return { upstream, messages, failures }
}

/** A server that answers each datagram by `answer`, and remembers who asked. */
async function answering(t: TestContext, answer: (socket: Socket, from: RemoteInfo) => void, host = '127.0.0.1'): Promise<{ to: UpstreamEndpoint; asked: RemoteInfo[]; heard: Buffer[] }> {
  const socket = createSocket({ type: host.includes(':') ? 'udp6' : 'udp4' })
  const [asked, heard]: [RemoteInfo[], Buffer[]] = [[], []]
  socket.on('message', (octets, from) => {
    asked.push(from)
    heard.push(octets)
    answer(socket, from)
  })
  await new Promise<void>((resolve) => socket.bind(0, host, resolve))
  t.after(() => socket.close())
  const address = host === '127.0.0.1' ? LOOPBACK : Uint8Array.of(...new Uint8Array(15), 1)
  return { to: { address, port: socket.address().port }, asked, heard }
}

/** A server that does with each connection what `serve` says. */
async function streams(t: TestContext, serve: (socket: StreamSocket) => void): Promise<{ to: UpstreamEndpoint; server: Server }> {
  const open = new Set<StreamSocket>()
  const server = createServer((socket) => {
    open.add(socket.on('error', () => undefined))
    serve(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of open) socket.destroy()
    server.close()
  })
  return { to: { address: LOOPBACK, port: (server.address() as AddressInfo).port }, server }
}

const framed = (octets: Uint8Array): Buffer => Buffer.from([octets.length >> 8, octets.length & 0xff, ...octets])
const reply = (socket: Socket, from: RemoteInfo): void => socket.send(ANSWER, from.port, from.address)

const usable = canUseDatagrams()

/** The two ways of datagrams; whatever this machine lacks is skipped, and says so. */
const WAYS = [
  { way: 'node:dgram', make: () => new NodeDatagrams(printAddress), isAtOnce: false, skip: false },
  { way: 'system calls', make: () => new UpstreamSockets(), isAtOnce: true, skip: usable.usable ? false : `SKIPPED: ${usable.reason}` },
] as const

for (const { way, make, isAtOnce, skip } of WAYS) describe(`datagrams by ${way}`, { skip }, () => {
  let datagrams: Datagrams
  before(() => void (datagrams = make()))

  for (const host of ['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])]) {
    test(`a datagram goes to ${host} as it is, and the answer is told with its sender`, async (t) => {
      const { to, heard } = await answering(t, reply, host)
      const { upstream, messages, failures } = sender(t, { datagrams })
      upstream.send(7, to, 'udp', MESSAGE)
      await until('what is awaited', () => messages.length === 1)
      assert.deepEqual(messages, [{ send: 7, text: ANSWER.toString(), from: { address: to.address, port: to.port } }])
      assert.deepEqual([...heard[0]], [...MESSAGE])
      assert.deepEqual(failures, [])
    })
  }

  test('what is empty and what is as long as can be is told as it came', async (t) => {
    const { to } = await answering(t, (socket, from) => {
      socket.send(Buffer.alloc(0), from.port, from.address)
      socket.send(Buffer.alloc(65_507, 'x'), from.port, from.address)
    })
    const { upstream, messages, failures } = sender(t, { datagrams })
    upstream.send(1, to, 'udp', MESSAGE)
    await until('both', () => messages.length === 2)
    assert.deepEqual(messages.map(({ text }) => text.length), [0, 65_507])
    assert.deepEqual(failures, [])
  })

  test('each datagram leaves from a port of its own, chosen from all that a user may have (RFC 5452 9.2)', async (t) => {
    const { to, asked } = await answering(t, () => undefined)
    const { upstream } = sender(t, { datagrams })
    for (let send = 0; send < 60; send++) upstream.send(send, to, 'udp', MESSAGE)
    await until('what is awaited', () => asked.length === 60)
    const ports = asked.map(({ port }) => port)
    assert.equal(new Set(ports).size, 60)
    assert.ok(Math.min(...ports) >= MIN_UPSTREAM_PORT)
    assert.ok(Math.min(...ports) < 20_000 && Math.max(...ports) > 45_000, `${Math.min(...ports)} to ${Math.max(...ports)}`)
  })

  test('a port that another has is passed over, and at last the system chooses', async (t) => {
    const { to, asked } = await answering(t, reply)
    const taken = createSocket('udp4')
    await new Promise<void>((resolve) => taken.bind({ port: 0, exclusive: true }, resolve))
    t.after(() => taken.close())
    let asks = 0
    const { upstream, messages } = sender(t, { datagrams, random: () => (asks++, taken.address().port - MIN_UPSTREAM_PORT) })
    upstream.send(1, to, 'udp', MESSAGE)
    await until('what is awaited', () => messages.length === 1)
    assert.equal(asks, 4)
    assert.notEqual(asked[0].port, taken.address().port)
  })

  test('who was not asked is not heard, whatever address or port it has', async (t) => {
    const stranger = createSocket('udp4')
    t.after(() => stranger.close())
    const { to } = await answering(t, (socket, from) => stranger.send('forged', from.port, from.address, () => setTimeout(() => reply(socket, from), 20)))
    const { upstream, messages } = sender(t, { datagrams })
    upstream.send(1, to, 'udp', MESSAGE)
    await until('what is awaited', () => messages.length > 0)
    assert.deepEqual(messages.map(({ text }) => text), [ANSWER.toString()])
  })

  test('a port where nobody listens is told at once, over UDP and TCP', async (t) => {
    const { to } = await answering(t, reply)
    const closed = createSocket('udp4')
    await new Promise<void>((resolve) => closed.bind(0, '127.0.0.1', resolve))
    const nobody = { ...to, port: closed.address().port }
    await new Promise<void>((resolve) => closed.close(() => resolve()))
    const { upstream, messages, failures } = sender(t, { datagrams })
    const start = performance.now()
    upstream.send(1, nobody, 'udp', MESSAGE)
    upstream.send(2, nobody, 'tcp', MESSAGE)
    assert.deepEqual(failures, [], 'never while it is sent')
    await until('what is awaited', () => failures.length === 2)
    assert.ok(performance.now() - start < 1_000)
    assert.deepEqual([failures.sort(), messages], [[1, 2], []])
  })

  test('what is closed is heard of no more, and its port is closed', async (t) => {
    let late: (() => void) | undefined
    const { to, asked } = await answering(t, (socket, from) => (late = () => reply(socket, from)))
    const { upstream, messages, failures } = sender(t, { datagrams })
    upstream.send(1, to, 'udp', MESSAGE)
    await until('what is awaited', () => asked.length === 1)
    upstream.close(1)
    upstream.close(1)
    late?.()
    await sleep(30)
    assert.deepEqual([messages, failures, upstream.size], [[], [], 0])
  })

  test('sockets are bounded: what is more waits for one, and what is closed meanwhile never goes', async (t) => {
    const { to, heard } = await answering(t, () => undefined)
    const { upstream } = sender(t, { datagrams, sockets: 2 })
    for (const send of [1, 2, 3, 4]) upstream.send(send, to, 'udp', Uint8Array.of(...MESSAGE, send))
    await until('what is awaited', () => heard.length === 2)
    assert.equal(upstream.size, 2)
    upstream.close(3)
    await sleep(20)
    assert.equal(heard.length, 2)
    upstream.close(1)
    await until('what is awaited', () => heard.length === 3)
    assert.deepEqual(heard.map((octets) => octets.at(-1)).sort(), [1, 2, 4])
    assert.equal(upstream.size, 2)
  })

  for (const [how, port] of [['where somebody listens', undefined], ['where nobody listens', 1]] as const) {
    test(`what is closed in the turn that sent it, ${how}, goes nowhere and harms nobody`, async (t) => {
      const { to, heard } = await answering(t, reply)
      const { upstream, messages, failures } = sender(t, { datagrams })
      const faults: unknown[] = []
      const note = (fault: unknown): void => void faults.push(fault)
      process.on('uncaughtException', note)
      t.after(() => process.off('uncaughtException', note))
      for (const [send, transport] of [[1, 'udp'], [2, 'tcp'], [3, 'udp']] as const) {
        upstream.send(send, { ...to, port: port ?? to.port }, transport, MESSAGE)
        upstream.close(send)
      }
      await sleep(50)
      // what the system was given at once is on its way
      if (!isAtOnce) assert.deepEqual(heard, [])
      assert.deepEqual([faults, messages, failures, upstream.size], [[], [], [], 0])
      upstream.send(4, to, 'udp', MESSAGE)
      await until('what is awaited', () => messages.length === 1)
      assert.equal(messages[0].send, 4, 'the next one goes')
    })
  }

  test('all that is closed while sockets are taken and others wait leaves none open, and the next one goes', async (t) => {
    const { to } = await answering(t, reply)
    const { upstream, messages } = sender(t, { datagrams, sockets: 2 })
    for (let send = 1; send <= 10; send++) upstream.send(send, to, 'udp', MESSAGE)
    upstream.closeAll()
    assert.equal(upstream.size, 0)
    upstream.send(11, to, 'udp', MESSAGE)
    await until('what is awaited', () => messages.length > 0)
    assert.deepEqual(messages.map(({ send }) => send), [11])
  })
})

test('over TCP the message has its length in front, and answers may come in any pieces (RFC 1035 4.2.2, RFC 7766 8)', async (t) => {
  const came: Buffer[] = []
  const { to } = await streams(t, (socket) => socket.on('data', (chunk: Buffer) => {
    came.push(chunk)
    const octets = Buffer.concat([framed(ANSWER), framed(Buffer.from('and one more of them'))])
    let at = 0
    const piece = (): void => {
      if (at >= octets.length) return
      socket.write(octets.subarray(at, (at += 7)))
      setTimeout(piece, 1)
    }
    piece()
  }))
  const { upstream, messages } = sender(t)
  upstream.send(9, to, 'tcp', MESSAGE)
  await until('what is awaited', () => messages.length === 2)
  assert.deepEqual(Buffer.concat(came), framed(MESSAGE))
  assert.deepEqual(messages.map(({ send, text }) => [send, text]), [[9, ANSWER.toString()], [9, 'and one more of them']])
})

/** What a server does with a connection, and why that fails. */
const BROKEN: [string, (socket: StreamSocket) => void][] = [
  ['is closed without an answer', (socket) => socket.end()],
  ['is cut in the midst of one', (socket) => socket.end(framed(ANSWER).subarray(0, 9))],
  ['is reset', (socket) => socket.resetAndDestroy()],
  ['announces less than a header', (socket) => socket.write(Buffer.of(0, 3, 1, 2, 3))],
]

for (const [how, serve] of BROKEN) {
  test(`a connection that ${how} is a failure, told once`, async (t) => {
    const { to } = await streams(t, serve)
    const { upstream, messages, failures } = sender(t)
    upstream.send(1, to, 'tcp', MESSAGE)
    await until('what is awaited', () => failures.length > 0)
    await sleep(20)
    assert.deepEqual([failures, messages], [[1], []])
  })
}

test('closing a connection ends it, and closing all leaves nothing open', async (t) => {
  let ended = 0
  const { to } = await streams(t, (socket) => socket.resume().on('close', () => ended++))
  const { upstream, failures } = sender(t)
  for (const send of [1, 2, 3]) upstream.send(send, to, 'tcp', MESSAGE)
  assert.equal(upstream.size, 3)
  await sleep(30)
  upstream.close(2)
  await until('what is awaited', () => ended === 1)
  upstream.closeAll()
  await until('what is awaited', () => ended === 3)
  assert.deepEqual([upstream.size, failures], [0, []])
})

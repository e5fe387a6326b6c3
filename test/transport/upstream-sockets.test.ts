/** Datagrams to other servers by system calls, where only these differ: what the system refuses, what came too early, descriptors used again, many at once. */
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { TCP_EVENTS } from '../../src/dns/limits.ts'
import { AF_INET, callMemory, canUseDatagrams, type Libc, loadLibc, MSG_DONTWAIT, SOCK_DGRAM } from '../../src/transport/libc.ts'
import type { DatagramListener, UpstreamEndpoint } from '../../src/transport/upstream-datagrams.ts'
import { UpstreamSockets } from '../../src/transport/upstream-sockets.ts'
import { until } from './support.ts'

const usable = canUseDatagrams()
const LOOPBACK = Uint8Array.of(127, 0, 0, 1)
const MESSAGE = Uint8Array.of(1, 2, 3)
const ADDRESS_OCTETS = 16

/** A socket that nobody's loop reads: what it does is done when the call returns. */
class Peer {
  readonly libc: Libc
  readonly fd: number
  private readonly memory = callMemory(128)
  private readonly at: number

  constructor(libc: Libc) {
    this.libc = libc
    this.fd = libc.socket(AF_INET, SOCK_DGRAM, 0)
    this.at = libc.addressOf(this.memory)
    this.memory.set([AF_INET, 0, 0, 0, ...LOOPBACK])
    assert.equal(libc.bind(this.fd, this.at, ADDRESS_OCTETS), 0)
  }

  /** Where it listens. */
  get endpoint(): UpstreamEndpoint {
    return { address: LOOPBACK, port: this.portOf(this.fd) }
  }

  /** The port that any descriptor is bound to. */
  portOf(fd: number): number {
    this.memory[32] = ADDRESS_OCTETS
    this.libc.getsockname(fd, this.at, this.at + 32)
    return (this.memory[2] << 8) | this.memory[3]
  }

  /** Answers the datagram that it has with one octet. */
  answer(octet: number): void {
    this.memory[32] = ADDRESS_OCTETS
    assert.equal(this.libc.recvfrom(this.fd, this.at + 64, 64, MSG_DONTWAIT, this.at, this.at + 32), MESSAGE.length)
    this.sendTo((this.memory[2] << 8) | this.memory[3], octet)
  }

  sendTo(port: number, octet: number): void {
    this.memory.fill(0, 0, 16)
    this.memory.set([AF_INET, 0, port >> 8, port & 255, ...LOOPBACK])
    assert.equal(this.libc.connect(this.fd, this.at, ADDRESS_OCTETS), 0)
    this.memory[64] = octet
    assert.equal(this.libc.send(this.fd, this.at + 64, 1, MSG_DONTWAIT), 1)
  }
}

describe('sockets for datagrams', { skip: usable.usable ? false : `SKIPPED: ${usable.reason}` }, () => {
  const libc = usable.usable ? loadLibc() : (undefined as unknown as Libc)
  let peers: Peer[]
  let closers: (() => void)[]
  let told: string[]
  /** Ports of who was heard. */
  let from: number[]

  beforeEach(() => {
    [peers, closers, told, from] = [[], [], [], []]
  })

  afterEach(() => {
    for (const close of closers) close()
    for (const { fd } of peers) libc.close(fd)
  })

  function peer(): Peer {
    peers.push(new Peer(libc))
    return peers[peers.length - 1]
  }

  const listener = (who: string, then: () => void = () => undefined): DatagramListener => ({
    onDatagram: (octets, { address, port }) => {
      told.push(`${who} ${octets.join()}`)
      from.push(port)
      assert.deepEqual([...address], [...LOOPBACK])
      then()
    },
    onBroken: () => void told.push(`${who} broken`),
  })

  const random = (bound: number): number => Math.floor(Math.random() * bound)

  function send(datagrams: UpstreamSockets, to: UpstreamEndpoint, what: DatagramListener): () => void {
    const close = datagrams.send(to, MESSAGE, random, what)
    closers.push(close)
    return close
  }

  test('what a stranger sent before the socket heard of one alone is told as a stranger\'s', async () => {
    const [server, stranger] = [peer(), peer()]
    const ports = [stranger, server].map(({ endpoint: { port } }) => port)
    const early: Libc = {
      ...libc,
      connect(fd, address, size) {
        stranger.sendTo(stranger.portOf(fd), 66)
        return libc.connect(fd, address, size)
      },
    }
    send(new UpstreamSockets(early), server.endpoint, listener('a'))
    server.answer(7)
    await until('both', () => told.length > 1)
    assert.deepEqual([told, from], [['a 66', 'a 7'], ports])
  })

  test('an event of a socket that was closed meanwhile is not taken for one of that which has its descriptor now', () => {
    const [one, two, three] = [peer(), peer(), peer()]
    const datagrams = new UpstreamSockets(libc)
    const close: Record<string, () => void> = {}
    // whichever is read first closes the other and asks anew
    const swap = (other: string) => (): void => {
      close[other]()
      send(datagrams, three.endpoint, listener('c'))
      three.answer(9)
    }
    close.a = send(datagrams, one.endpoint, listener('a', swap('b')))
    close.b = send(datagrams, two.endpoint, listener('b', swap('a')))
    one.answer(7)
    two.answer(8)
    datagrams.catchUp()
    assert.equal(told.length, 1, told.join())
    assert.match(told[0], /^a 7$|^b 8$/)
    datagrams.catchUp()
    assert.deepEqual(told.slice(1), ['c 9'])
  })

  for (const call of ['socket', 'connect', 'epoll_ctl', 'send'] as const) {
    test(`where the system refuses ${call}, it is told, nothing stays open, and the next one goes`, async () => {
      let refuses = true
      const open = new Set<number>()
      const refusing: Libc = {
        ...libc,
        socket: (...given) => {
          const fd = call === 'socket' && refuses ? -1 : libc.socket(...given)
          if (fd >= 0) open.add(fd)
          return fd
        },
        close: (fd) => (open.delete(fd), libc.close(fd)),
        connect: (...given) => (call === 'connect' && refuses ? -1 : libc.connect(...given)),
        epoll_ctl: (...given) => (call === 'epoll_ctl' && refuses ? -1 : libc.epoll_ctl(...given)),
        send: (...given) => (call === 'send' && refuses ? -1 : libc.send(...given)),
      }
      const server = peer()
      const datagrams = new UpstreamSockets(refusing)
      send(datagrams, server.endpoint, listener('a'))()
      assert.deepEqual([told, open.size], [['a broken'], 0])
      refuses = false
      send(datagrams, server.endpoint, listener('b'))
      server.answer(7)
      await until('the answer', () => told.length > 1)
      assert.deepEqual(told, ['a broken', 'b 7'])
    })
  }

  test('a fault of who listens keeps nobody else from hearing', async () => {
    const [one, two] = [peer(), peer()]
    const datagrams = new UpstreamSockets(libc)
    send(datagrams, one.endpoint, listener('a', () => {
      throw new Error('scripted')
    }))
    one.answer(7)
    assert.throws(() => datagrams.catchUp(), /scripted/)
    send(datagrams, two.endpoint, listener('b'))
    two.answer(8)
    await until('the answer', () => told.length > 1)
    assert.deepEqual(told, ['a 7', 'b 8'])
  })

  for (const [how, isAsked] of [['by the loop', false], ['at once to who calls time', true]] as const) {
    test(`more answers than one look finds are all told, ${how}`, async () => {
      const datagrams = new UpstreamSockets(libc)
      const count = 2 * TCP_EVENTS + 40
      for (let i = 0; i < count; i++) send(datagrams, peer().endpoint, listener(`${i}`, () => closers[i]()))
      for (const server of peers) server.answer(1)
      if (isAsked) datagrams.catchUp()
      else await until('all answers', () => told.length === count)
      assert.equal(new Set(told).size, count)
    })
  }

  test('the loop goes on to look when garbage was collected', async () => {
    const datagrams = new UpstreamSockets(libc)
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    for (let rounds = 0; rounds < 3; rounds++) {
      collect()
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const server = peer()
    send(datagrams, server.endpoint, listener('a'))
    server.answer(7)
    await until('the answer', () => told.length > 0)
  })

  test('what is told is told within Node, so that promises go on at once', async () => {
    const [server, order] = [peer(), [] as string[]]
    send(new UpstreamSockets(libc), server.endpoint, listener('a', () => {
      setImmediate(() => order.push('next turn'))
      void Promise.resolve().then(() => order.push('promise'))
    }))
    server.answer(7)
    await until('both', () => order.length === 2)
    assert.deepEqual(order, ['promise', 'next turn'])
  })
})

/** Ways back over UDP, IPv4 and IPv6, from one address or the wildcard: each answer reaches its asker from the address asked, whatever else leaves with it. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { parseEndpoint } from '../../src/transport/address.ts'
import { COUNTER, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { canUseMmsg } from '../../src/transport/libc.ts'
import { closeMmsgSockets, type MmsgSocket, openMmsgSockets } from '../../src/transport/mmsg-socket.ts'
import { UdpReturns } from '../../src/transport/udp-returns.ts'
import { hasIpv6, query, UdpClient, until } from './support.ts'
import { type Way, wayTo } from './ways.ts'

const usable = canUseMmsg()

/** A client, the address that it asked, and its way back. */
interface Asker {
  client: UdpClient
  host: string
  way: Way
  /** Messages sent to it so far. */
  sent: Buffer[]
}

/** Listening address, the address asked there, and the client's own. */
const PLACES: [listen: string, host: string, from: string][] = [
  ['127.0.0.1:0', '127.0.0.1', '127.0.0.1'], ['127.0.0.1:0', '127.0.0.1', '127.0.0.2'], ['0.0.0.0:0', '127.0.0.1', '127.0.0.1'], ['0.0.0.0:0', '127.0.0.77', '127.0.0.3'],
  ...(hasIpv6 ? [['[::1]:0', '::1', '::1'], ['[::]:0', '::1', '::1']] as [string, string, string][] : []),
]

describe('ways back over UDP', { skip: usable.usable ? false : `SKIPPED: ${usable.reason}` }, () => {
  const sockets = new Map<string, MmsgSocket>()
  let askers: Asker[] = []

  before(async () => {
    for (const [listen, host, from] of PLACES) {
      const socket = sockets.get(listen) ?? openMmsgSockets(parseEndpoint(listen)!, 1)[0]
      sockets.set(listen, socket)
      const client = await UdpClient.open(from)
      askers.push({ client, host, way: await wayTo(client, socket, host), sent: [] })
    }
  })

  after(() => {
    for (const { client } of askers) client.close()
    closeMmsgSockets([...sockets.values()])
    askers = []
  })

  /** Returns whose turn comes when a test says, and what they count. */
  function make(): { returns: UdpReturns; turn: () => void; count: (name: TransportCounter) => number } {
    const counters = transportCounters()
    const due: (() => void)[] = []
    return { returns: new UdpReturns({ counters, soon: (run) => due.push(run) }), turn: () => due.splice(0).forEach((run) => run()), count: (name) => counters[COUNTER[name]] }
  }

  async function checkAll(): Promise<void> {
    for (const { client, host, way: { socket: { port } }, sent } of askers) {
      await until(`the answers from ${host}`, () => client.answers.length >= sent.length)
      assert.deepEqual(client.answers.map(({ octets }) => octets), sent)
      assert.ok(client.answers.every(({ from }) => from.address === host && from.port === port), `from ${host}`)
    }
  }

  test('whatever is sent to whom in whatever turns, each has its own, in order, from the address and port that it asked (RFC 2181 4.1)', async () => {
    const { returns, turn, count } = make()
    const step = fc.record({ to: fc.nat(PLACES.length - 1), size: fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 15, max: 1_400 }) }, { weight: 1, arbitrary: fc.integer({ min: 1_500, max: 9_000 }) }), isTurn: fc.boolean() })
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      for (const { to, size, isTurn } of steps) {
        const { way: { socket, words, wayBackAt }, sent } = askers[to]
        const octets = query(sent.length, 0, to, size)
        sent.push(octets)
        returns.add(socket, octets, words, wayBackAt)
        if (isTurn) turn()
      }
      turn()
      await checkAll()
    }), { numRuns: 30, endOnFailure: true })
    assert.equal(count('udpSent'), askers.reduce((sum, { sent }) => sum + sent.length, 0))
    assert.deepEqual([count('udpSendRefused'), count('udpDropBusy'), count('deferLate')], [0, 0, 0])
  })

  test('the same way may be gone many times, and the answer may change behind it only after its turn', async () => {
    const { returns, turn } = make()
    const [{ way: { socket, words, wayBackAt }, sent }] = askers
    for (let i = 0; i < 3; i++) {
      const octets = query(900 + i)
      sent.push(Buffer.from(octets))
      returns.add(socket, octets, words, wayBackAt)
      turn()
      octets.fill(0xff)
    }
    await checkAll()
  })

  test('askers that have gone cost the others nothing, and the socket goes on', async () => {
    const { returns, turn, count } = make()
    const gone: Way[] = []
    for (const [listen, host, from] of PLACES) {
      const client = await UdpClient.open(from)
      gone.push(await wayTo(client, sockets.get(listen)!, host))
      client.close()
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
    for (let round = 0; round < 3; round++) {
      for (const [i, { way: { socket, words, wayBackAt }, sent }] of askers.entries()) {
        returns.add(gone[i].socket, query(1), gone[i].words, gone[i].wayBackAt)
        const octets = query(1_000 + round, 0, i, 50)
        sent.push(octets)
        returns.add(socket, octets, words, wayBackAt)
      }
      turn()
      await new Promise((resolve) => setTimeout(resolve, 5)) // the kernel has heard that nobody is there
    }
    await checkAll()
    assert.deepEqual([count('udpSent'), count('udpSendRefused')], [6 * PLACES.length, 0])
  })

  test('an answer longer than a datagram is refused by the kernel and counted; those around it arrive', async () => {
    const { returns, turn, count } = make()
    for (const [i, { way: { socket, words, wayBackAt }, sent }] of askers.entries()) {
      for (const size of [100, 65_530, 200]) {
        const octets = query(size, 0, i, size)
        if (size < 65_000) sent.push(octets)
        returns.add(socket, octets, words, wayBackAt)
      }
    }
    turn()
    await checkAll()
    assert.deepEqual([count('udpSendRefused'), count('udpSent')], [PLACES.length, 2 * PLACES.length])
  })
})

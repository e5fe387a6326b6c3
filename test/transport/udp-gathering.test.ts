/** Giving the first of sockets that share an endpoint all that comes, and each its share again: real sockets, and a system that refuses. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseEndpoint } from '../../src/transport/address.ts'
import { callMemory, canUseMmsg, type Libc, loadLibc, MSG_DONTWAIT } from '../../src/transport/libc.ts'
import { closeMmsgSockets, type MmsgSocket, openMmsgSockets } from '../../src/transport/mmsg-socket.ts'
import { Gathering } from '../../src/transport/udp-gathering.ts'
import { hasIpv6, query, UdpClient, until } from './support.ts'

const usable = canUseMmsg()
const skip = usable.usable ? false : `SKIPPED: ${usable.reason}`
const CLIENTS = 40
const AT = 2

const words = (): Int32Array => new Int32Array(new SharedArrayBuffer(16))

/** How many datagrams wait at each socket; none does afterwards. */
function drain(sockets: readonly MmsgSocket[]): number[] {
  const memory = callMemory(512)
  return sockets.map(({ fd }) => {
    let count = 0
    while (loadLibc().recv(fd, loadLibc().addressOf(memory), 512, MSG_DONTWAIT) >= 0) count++
    return count
  })
}

/** What each socket of an endpoint gets of one datagram from each of CLIENTS. */
async function deal(sockets: readonly MmsgSocket[]): Promise<number[]> {
  const host = sockets[0].family === 4 ? '127.0.0.1' : '::1'
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => UdpClient.open(host)))
  for (const [id, client] of clients.entries()) client.send(query(id), sockets[0].port, host)
  let come = sockets.map(() => 0)
  await until('all datagrams', () => {
    come = drain(sockets).map((count, i) => count + come[i])
    return come.reduce((sum, count) => sum + count, 0) === CLIENTS
  })
  for (const client of clients) client.close()
  return come
}

describe('gathering', { skip }, () => {
  for (const address of ['127.0.0.1:0', '0.0.0.0:0', ...(hasIpv6 ? ['[::1]:0', '[::]:0'] : [])]) {
    test(`gives the first of three sockets on ${address} all, and then each its share`, async () => {
      const sockets = openMmsgSockets(parseEndpoint(address)!, 3)
      const gathering = new Gathering([sockets[0]], words(), AT)
      try {
        assert.equal(gathering.isPossible(), true)
        assert.equal(gathering.isOn, false)
        assert.ok((await deal(sockets)).filter((count) => count > 0).length > 1)
        for (let round = 0; round < 2; round++) {
          assert.equal(gathering.gather(), true)
          assert.deepEqual(await deal(sockets), [CLIENTS, 0, 0])
          assert.equal(gathering.spread(), true)
          assert.ok((await deal(sockets)).filter((count) => count > 0).length > 1)
        }
      } finally {
        closeMmsgSockets(sockets)
      }
    })
  }

  test('is turned off by either end, by whichever comes first alone', () => {
    const groups = ['127.0.0.1:0', '127.0.0.2:0'].map((address) => openMmsgSockets(parseEndpoint(address)!, 2))
    const shared = words()
    const firsts = groups.map(([first]) => first)
    const [main, thread] = [new Gathering(firsts, shared, AT), new Gathering(firsts, shared, AT)]
    assert.equal(thread.spread(), false, 'it was off')
    assert.equal(main.gather(), true)
    assert.deepEqual([...shared], [0, 0, 1, 0])
    assert.deepEqual([thread.isOn, thread.spread(), main.isOn, main.spread()], [true, true, false, false])
    closeMmsgSockets(groups.flat())
  })

  test('stays off where the system refuses, for one endpoint too', () => {
    const calls: string[] = []
    const refusing = (option: number, fd: number): Libc => ({
      ...loadLibc(),
      setsockopt: (socket: number, _level: number, asked: number) => {
        calls.push(`${socket} ${asked}`)
        return socket === fd && asked === option ? -1 : 0
      },
    })
    const attaching = new Gathering([{ fd: 1 }, { fd: 2 }], words(), AT, refusing(51, 2))
    assert.deepEqual([attaching.isPossible(), attaching.gather(), attaching.isOn], [false, false, false])
    assert.deepEqual(calls.splice(0), ['1 51', '2 51', '1 68', '2 68', '1 51', '2 51', '1 68', '2 68'], 'what was given to the first is taken back')
    assert.equal(new Gathering([{ fd: 1 }, { fd: 2 }], words(), AT, refusing(68, 1)).isPossible(), false)
    assert.deepEqual(calls, ['1 51', '2 51', '1 68', '2 68'])
  })
})

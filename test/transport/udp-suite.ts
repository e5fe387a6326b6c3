/**
 * What any UDP transport must do, run over each of them: the same octets to the same clients, whichever
 * system calls carry them.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_UDP_QUERY_OCTETS } from '../../src/dns/limits.ts'
import type { TransportCounter } from '../../src/transport/counters.ts'
import { needsIpv6, query, SILENT, SIZED, THROW, UdpClient, until, WHO } from './support.ts'

/** A transport that answers with `scripted` on one endpoint. */
export interface UdpUnderTest {
  port: number
  count(name: TransportCounter): number
  close(): Promise<void>
}

/** Opens the transport on `address`, such as `127.0.0.1:0` or `[::]:0`. */
export type OpenUdp = (address: string) => Promise<UdpUnderTest>

const LOOPBACKS = [
  { host: '127.0.0.1', address: '127.0.0.1:0', skip: false },
  { host: '::1', address: '[::1]:0', skip: needsIpv6 },
] as const

/** Opens, runs and closes, also where the test fails. */
async function serve(open: OpenUdp, address: string, host: string, run: (udp: UdpUnderTest, client: UdpClient) => Promise<void>): Promise<void> {
  const udp = await open(address)
  const client = await UdpClient.open(host)
  try {
    await run(udp, client)
  } finally {
    client.close()
    await udp.close()
  }
}

/** Declares the tests. `wildcardHosts` are addresses that the transport, opened on the wildcard, must answer from. */
export function udpSuite(name: string, open: OpenUdp, wildcardHosts: readonly string[], skip: string | false = false): void {
  describe(`UDP by ${name}`, { skip }, () => {
    for (const { host, address, skip: skipHost } of LOOPBACKS) {
      test(`queries of every size come back from the address asked, on ${host} (RFC 2181 4.1)`, { skip: skipHost }, async () => {
        await serve(open, address, host, async ({ port, count }, client) => {
          let sent = 0
          for (let size = 1; size <= MAX_UDP_QUERY_OCTETS; size = Math.ceil(size * 1.4)) {
            const { octets, from } = await client.ask(query(++sent, 0, 0, Math.max(size, 2)), port, host)
            assert.deepEqual(octets, query(sent, 0, 0, Math.max(size, 2)))
            assert.deepEqual([from.address, from.port], [host, port])
          }
          await client.ask(query(1, 0, 0, MAX_UDP_QUERY_OCTETS), port, host)
          assert.equal(count('udpReceived'), sent + 1)
          await until('the count', () => count('udpSent') === sent + 1)
        })
      })

      test(`the handler is told who asks, on ${host}`, { skip: skipHost }, async () => {
        await serve(open, address, host, async ({ port }, client) => {
          const { octets } = await client.ask(query(1, WHO), port, host)
          const size = host === '::1' ? 16 : 4
          assert.deepEqual([...octets.subarray(12, 12 + size)], size === 4 ? [127, 0, 0, 1] : [...Array<number>(15).fill(0), 1])
          assert.equal(octets.readUInt16BE(12 + size), client.port)
        })
      })

      test(`bursts of silence, faults, long and short answers mixed are each their own, on ${host}`, { skip: skipHost }, async () => {
        await serve(open, address, host, async ({ port, count }, client) => {
          const plan = Array.from({ length: 300 }, (_, id) => [SILENT, THROW, SIZED, SIZED, 0, 0, WHO][(id * 31) % 7])
          const sizes = plan.map((_, id) => [1, 100, 1_232, 1_345, 4_096, 20_000][id % 6])
          for (let id = 0; id < plan.length; id++) {
            client.send(query(id, plan[id], sizes[id], 20 + id), port, host)
            if (id % 40 === 39) await until('this burst', () => count('udpReceived') === id + 1)
          }
          const expected = plan.filter((command) => command !== SILENT && command !== THROW).length
          await until('all answers', () => client.answers.length === expected)
          const seen = new Map(client.answers.filter(({ octets }) => octets.length > 1).map(({ octets }) => [octets.readUInt16BE(0), octets]))
          for (const [id, command] of plan.entries()) {
            const octets = seen.get(id)
            if (command === SILENT || command === THROW) assert.equal(octets, undefined)
            else if (command === 0) assert.deepEqual(octets, query(id, 0, sizes[id], 20 + id))
            else if (command === SIZED && sizes[id] > 1) assert.deepEqual([octets?.length, octets?.at(-1)], [sizes[id], id & 0xff])
          }
          await until('the counts', () => count('udpSilent') === plan.filter((command) => command === SILENT).length)
          assert.equal(count('handlerFaults'), plan.filter((command) => command === THROW).length)
          await until('the sent', () => count('udpSent') === expected)
        })
      })
    }

    test('a datagram longer than a query may be is dropped and counted, and the next is answered', async () => {
      await serve(open, '127.0.0.1:0', '127.0.0.1', async ({ port, count }, client) => {
        for (const size of [MAX_UDP_QUERY_OCTETS + 1, 9_000, 60_000]) client.send(query(1, 0, 0, size), port, '127.0.0.1')
        await until('the drops', () => count('udpDropLong') === 3)
        assert.deepEqual((await client.ask(query(2), port, '127.0.0.1')).octets, query(2))
        assert.equal(client.answers.length, 1)
      })
    })

    test('an answer too long for a datagram is refused by the kernel (EMSGSIZE), counted, and harms no other', async () => {
      await serve(open, '127.0.0.1:0', '127.0.0.1', async ({ port, count }, client) => {
        for (let id = 0; id < 30; id++) client.send(query(id, SIZED, id % 3 === 0 ? 65_530 : 30), port, '127.0.0.1')
        await until('the answers', () => client.answers.length === 20)
        await until('the refusals', () => count('udpSendRefused') === 10)
        assert.equal(count('udpSent'), 20)
      })
    })

    test('a datagram from the port of a service that answers anything is not answered', async (t) => {
      await serve(open, '127.0.0.1:0', '127.0.0.1', async ({ port, count }, client) => {
        const chargen = await UdpClient.open('127.0.0.1', 19).catch(() => undefined)
        if (!chargen) return t.skip('SKIPPED: not allowed to send from port 19')
        chargen.send(query(1), port, '127.0.0.1')
        await until('the drop', () => count('udpDropPort') === 1)
        await client.ask(query(2), port, '127.0.0.1')
        assert.equal(chargen.answers.length, 0)
        chargen.close()
      })
    })

    for (const host of wildcardHosts) {
      const six = host.includes(':')
      test(`behind the wildcard, ${host} answers from ${host} (RFC 2181 4.1)`, { skip: six && needsIpv6 }, async () => {
        await serve(open, six ? '[::]:0' : '0.0.0.0:0', six ? '::1' : '127.0.0.1', async ({ port }, client) => {
          for (let id = 0; id < 5; id++) {
            const { octets, from } = await client.ask(query(id), port, host)
            assert.deepEqual(octets, query(id))
            assert.deepEqual([from.address, from.port], [host, port])
          }
        })
      })
    }

    test('closing while datagrams pour in ends', async () => {
      const udp = await open('127.0.0.1:0')
      const client = await UdpClient.open('127.0.0.1')
      const pour = setInterval(() => {
        for (let id = 0; id < 50; id++) client.send(query(id), udp.port, '127.0.0.1')
      }, 1)
      await until('some answers', () => client.answers.length > 100)
      await udp.close()
      clearInterval(pour)
      client.close()
    })
  })
}

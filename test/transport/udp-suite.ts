/**
 * What any UDP transport must do, run over each of them: the same octets to the same clients, whichever
 * system calls carry them.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_UDP_QUERY_OCTETS } from '../../src/dns/limits.ts'
import type { TransportCounter } from '../../src/transport/counters.ts'
import { FakeCore } from './fake-core.ts'
import { DEFER, needsIpv6, query, SILENT, SIZED, THROW, UdpClient, until, WHO } from './support.ts'

/** A transport that answers with `scripted` on one endpoint. */
export interface UdpUnderTest {
  port: number
  core: FakeCore
  count(name: TransportCounter): number
  close(): Promise<void>
}

/** Opens the transport on `address`, such as `127.0.0.1:0` or `[::]:0`. */
export type OpenUdp = (address: string, core: FakeCore) => Promise<UdpUnderTest>

const LOOPBACKS = [
  { host: '127.0.0.1', address: '127.0.0.1:0', skip: false },
  { host: '::1', address: '[::1]:0', skip: needsIpv6 },
] as const

/** Opens, runs and closes, also where the test fails. */
async function serve(open: OpenUdp, address: string, host: string, run: (udp: UdpUnderTest, client: UdpClient) => Promise<void>, core: FakeCore = new FakeCore()): Promise<void> {
  const udp = await open(address, core)
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

      test(`deferred queries are answered later, in any order, from the address asked, on ${host}`, { skip: skipHost }, async () => {
        await serve(open, address, host, async ({ port, core, count }, client) => {
          for (let id = 0; id < 200; id++) {
            client.send(query(id, id % 2 === 0 ? DEFER : 0, 0, 30 + id), port, host)
            if (id % 40 === 39) await until('this burst', () => count('udpReceived') === id + 1)
          }
          const waiting = await core.first(100)
          await until('the others', () => client.answers.length === 100)
          const peer = waiting[7].peer
          assert.deepEqual([[...peer.address], peer.port, peer.transport], [host === '::1' ? [...Array<number>(15).fill(0), 1] : [127, 0, 0, 1], client.port, 'udp'])
          for (const message of waiting.toReversed()) message.reply(message.octets)
          await until('all answers', () => client.answers.length === 200)
          const late = client.answers.slice(100)
          assert.ok(late.every(({ octets, from }) => octets.equals(query(octets.readUInt16BE(0), DEFER, 0, octets.length)) && from.address === host && from.port === port))
          assert.deepEqual(late.map(({ octets }) => octets.readUInt16BE(0)).sort((a, b) => a - b), Array.from({ length: 100 }, (_, i) => 2 * i))
          await until('the counts', () => count('udpSent') === 200)
          assert.deepEqual([count('deferred'), count('deferAnswered'), core.budget.messages, core.budget.octets], [100, 100, 0, 0])
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
          await until('the faults', () => count('handlerFaults') === plan.filter((command) => command === THROW).length)
          await until('the sent', () => count('udpSent') === expected)
        })
      })
    }

    test('an answer of the core may be several datagrams, long or refused by the kernel, or none', async () => {
      await serve(open, '127.0.0.1:0', '127.0.0.1', async ({ port, core, count }, client) => {
        for (let id = 0; id < 3; id++) client.send(query(id, DEFER), port, '127.0.0.1')
        const [several, none, refused] = await core.first(3)
        several.reply(Buffer.alloc(5_000, 1), true)
        several.reply(Buffer.alloc(1_345, 2), true)
        several.reply(Buffer.alloc(9, 3))
        several.reply(Buffer.alloc(9, 4))
        none.drop()
        none.reply(Buffer.alloc(9, 5))
        refused.reply(Buffer.alloc(65_530))
        await until('the answers', () => client.answers.length === 3)
        await until('the refusal', () => count('udpSendRefused') === 1)
        assert.deepEqual(client.answers.map(({ octets }) => [octets.length, octets[0]]), [[5_000, 1], [1_345, 2], [9, 3]])
        assert.deepEqual([count('deferAnswered'), count('deferSilent'), core.budget.messages], [2, 1, 0])
      })
    })

    test('what is deferred beyond the bounds is dropped, in all and for one network, and answering goes on', async () => {
      await serve(open, '127.0.0.1:0', '127.0.0.1', async ({ port, core, count }, client) => {
        const other = await UdpClient.open('127.0.9.9')
        for (let id = 0; id < 30; id++) client.send(query(id, DEFER), port, '127.0.0.1')
        await until('the drops', () => count('deferDropped') === 20)
        for (let id = 0; id < 30; id++) other.send(query(id, DEFER), port, '127.0.0.1')
        await until('the drops of the other', () => count('deferDropped') === 45)
        assert.deepEqual((await client.ask(query(99), port, '127.0.0.1')).octets, query(99))
        for (const message of await core.first(15)) message.reply(message.octets)
        await until('the answers', () => client.answers.length === 11 && other.answers.length === 5)
        client.send(query(100, DEFER), port, '127.0.0.1')
        await core.first(16)
        core.deferred[15].drop()
        other.close()
      }, new FakeCore({ networkMessages: 10, messages: 15 }))
    })

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
      test(`behind the wildcard, ${host} answers from ${host}, later too (RFC 2181 4.1)`, { skip: six && needsIpv6 }, async () => {
        await serve(open, six ? '[::]:0' : '0.0.0.0:0', six ? '::1' : '127.0.0.1', async ({ port, core }, client) => {
          client.send(query(77, DEFER), port, host)
          const [deferred] = await core.first(1)
          deferred.reply(deferred.octets)
          await until('the late answer', () => client.answers.length === 1)
          assert.deepEqual([client.answers[0].from.address, client.answers[0].from.port], [host, port])
          for (let id = 0; id < 5; id++) {
            const { octets, from } = await client.ask(query(id), port, host)
            assert.deepEqual(octets, query(id))
            assert.deepEqual([from.address, from.port], [host, port])
          }
        })
      })
    }

    test('closing while datagrams pour in ends', async () => {
      const udp = await open('127.0.0.1:0', new FakeCore())
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

/**
 * What a running server does with its settings: a flood from one network is limited while others are answered,
 * a reload changes who is limited and who the server says it is, and the metrics are where the config says.
 */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { get } from 'node:http'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLASS, OPTION, TYPE } from '../../src/dns/codes.ts'
import { decodeMessage, encodeMessage, makeMessage, type Message } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { canUseMmsg } from '../../src/transport/udp-mmsg.ts'
import { query } from '../server/messages.ts'
import { makeFolder, Served, waggle, zoneText } from './process.ts'

const TRANSPORTS = canUseMmsg().usable ? ['mmsg', 'dgram'] : ['dgram']

function configText(transport: string, more: string): string {
  return `listen: ["127.0.0.1:0"]\ntransport: ${transport}\n${transport === 'dgram' ? '' : 'workers: 2\n'}zones:\n  - { name: example.com, file: a.zone }\n${more}\n`
}

const QUESTION = encodeMessage(makeMessage({ id: 7, questions: [{ name: Name.parse('a.example.com.'), type: TYPE.TXT, class: CLASS.IN }] }))

/** A client on a local address of its own, which counts what comes back. */
class Client {
  readonly answers: Message[] = []
  private readonly socket: Socket = createSocket('udp4')
  private readonly port: number

  private constructor(port: number) {
    this.port = port
    this.socket.on('message', (octets) => void this.answers.push(decodeMessage(octets)))
  }

  static async at(address: string, port: number): Promise<Client> {
    const client = new Client(port)
    await new Promise<void>((resolve) => client.socket.bind(0, address, resolve))
    return client
  }

  send(message: Uint8Array = QUESTION): Promise<void> {
    return new Promise((resolve, reject) => this.socket.send(message, this.port, '127.0.0.1', (error) => (error ? reject(error) : resolve())))
  }

  close(): void {
    this.socket.close()
  }
}

/** Floods from `addresses`, `count` queries each; gives the answers that came within a third of a second after the last. */
async function flood(port: number, addresses: readonly string[], count: number): Promise<Message[]> {
  const clients = await Promise.all(addresses.map((address) => Client.at(address, port)))
  for (let i = 0; i < count; i++) {
    await Promise.all(clients.map((client) => client.send()))
    if (i % 50 === 49) await sleep(2) // lets answers be read before the kernel has no room for more
  }
  await sleep(350)
  for (const client of clients) client.close()
  return clients.flatMap(({ answers }) => answers)
}

/** What the server itself has counted over UDP: clients on a busy machine lose datagrams before they read them. */
interface Counts {
  received: number
  limited: number
  slipped: number
}

async function countsOf(folder: string): Promise<Counts> {
  const stats = JSON.parse((await waggle(['stats', '-d', join(folder, 'data'), '--json'])).out) as Record<string, number | undefined>
  return { received: stats['server.transport.udp'] ?? 0, limited: stats['server.dropped.rate-limited'] ?? 0, slipped: stats['server.response.slipped'] ?? 0 }
}

/** What was counted while `work` was done. */
async function counted(folder: string, work: () => Promise<unknown>): Promise<Counts & { full: number }> {
  const before = await countsOf(folder)
  await work()
  const after = await countsOf(folder)
  const [received, limited, slipped] = (['received', 'limited', 'slipped'] as const).map((name) => after[name] - before[name])
  return { received, limited, slipped, full: received - limited - slipped }
}

const NETWORK = Array.from({ length: 20 }, (_, i) => `127.0.1.${i + 1}`)

for (const transport of TRANSPORTS) {
  describe(`settings of a server with transport ${transport}`, () => {
    it('limit a flood from one network, slip to TCP, and answer others meanwhile', async () => {
      const folder = makeFolder({ 'w.yaml': configText(transport, 'rate-limit: { responses: 50, slip: 4, window: 3, allow: ["127.0.2.0/24"] }'), 'a.zone': zoneText(1) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      try {
        const [{ port }] = server.endpoints
        const other = await Client.at('127.0.3.1', port)
        const allowed = await Client.at('127.0.2.1', port)
        let got: Message[] = []
        const { received, limited, slipped, full } = await counted(folder.path, async () => {
          const flooding = flood(port, NETWORK, 100)
          for (let i = 0; i < 20; i++) {
            await other.send()
            await allowed.send()
            await sleep(5)
          }
          got = await flooding
        })
        const answered = full - 40 // those of the other and the allowed client aside
        assert.ok(answered >= 50 && answered <= 200, `${answered} of ${received} queries answered in full`) // two to four seconds' worth at most
        const over = limited + slipped
        assert.ok(slipped >= 0.8 * (over / 4) && slipped <= over / 4, `${slipped} slipped of ${over}`)
        const isSlip = ({ truncated, answers }: Message): boolean => truncated && answers.length === 0
        assert.ok(got.some(isSlip) && got.every((message) => isSlip(message) || message.answers.length === 1))
        assert.ok(got.length <= answered + slipped)
        for (const client of [other, allowed]) assert.equal(client.answers.filter(({ answers }) => answers.length === 1).length, 20)
        const unlimited = await counted(folder.path, async () => {
          for (let i = 0; i < 300; i++) {
            await allowed.send()
            if (i % 50 === 49) await sleep(2)
          }
          await sleep(200)
        })
        assert.ok(unlimited.received > 200 && unlimited.full === unlimited.received, `an allowed network has no limit: ${JSON.stringify(unlimited)}`)
        other.close()
        allowed.close()
        assert.equal((await server.ask('a.example.com.', TYPE.TXT, { tcp: true })).answers.length, 1)
        const stats = JSON.parse((await waggle(['stats', '-d', join(folder.path, 'data'), '--json'])).out) as Record<string, number>
        assert.ok(stats['server.udp_size.count'] > 0 && stats['server.udp_size.p50'] > 12)
        if (transport === 'mmsg') assert.ok(stats['transport.udp_batch.count'] > 0 && stats['transport.udp_batch_time.count'] === stats['transport.udp_batch.count'])
      } finally {
        await server.stop()
        folder.remove()
      }
    })

    it('change at a reload: limits, identity, cookies and the address of the metrics, in every thread', async () => {
      const folder = makeFolder({ 'w.yaml': configText(transport, 'rate-limit: { responses: 0 }\nserver: { version: one }'), 'a.zone': zoneText(1) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      const reload = async (count: number, more: string): Promise<void> => {
        folder.write('w.yaml', configText(transport, more))
        server.child.kill('SIGHUP')
        await server.line('reload done', count)
      }
      const version = async (): Promise<Set<string>> => {
        const asked = await Promise.all(Array.from({ length: 12 }, () => server.ask('version.bind.', TYPE.TXT, { rrClass: CLASS.CH })))
        return new Set(asked.map(({ answers }) => Buffer.from(answers[0].rdata.subarray(1)).toString()))
      }
      try {
        const [{ port }] = server.endpoints
        const flooded = () => counted(folder.path, () => flood(port, ['127.0.1.1'], 400))
        const before = await flooded()
        assert.ok(before.received > 200 && before.full === before.received, JSON.stringify(before))
        assert.deepEqual(await version(), new Set(['one']))
        await reload(1, 'rate-limit: { responses: 20, slip: 0, allow: [] }\nserver: { version: two }\nmetrics: "127.0.0.1:0"\ntcp: { idle: 5 }')
        assert.deepEqual(await version(), new Set(['two']))
        const limited = await flooded()
        assert.ok(limited.received > 200 && limited.full > 0 && limited.full <= 60, JSON.stringify(limited))
        assert.deepEqual((await server.line('config keys taken')).keys, ['server', 'rate-limit', 'metrics'])
        assert.deepEqual((await server.line('config keys wait')).keys, ['tcp'])
        const { address } = await server.line('metrics open')
        const text = await fetchText(`http://${String(address)}/metrics`)
        assert.match(text, /^waggle_zones_served 1$/m)
        assert.match(text, /^waggle_server_dropped_total\{dropped="rate-limited"\} [1-9]\d*$/m)
        await reload(2, 'rate-limit: { responses: 0 }')
        await assert.rejects(fetchText(`http://${String(address)}/metrics`))
        const unlimited = await flooded()
        assert.ok(unlimited.received > 200 && unlimited.full === unlimited.received, JSON.stringify(unlimited))
      } finally {
        await server.stop()
        folder.remove()
      }
    })

    it('keep one secret of cookies in every thread and through a reload', async () => {
      const folder = makeFolder({ 'w.yaml': configText(transport, 'cookies: { require: true }'), 'a.zone': zoneText(1) })
      const server = await Served.start(join(folder.path, 'w.yaml'))
      const ask = async (cookie: Uint8Array): Promise<Message> => {
        const client = await Client.at('127.0.0.1', server.endpoints[0].port)
        await client.send(query({ name: 'a.example.com.', type: TYPE.TXT, opt: { options: [[OPTION.COOKIE, cookie]] } }))
        for (let i = 0; i < 100 && client.answers.length === 0; i++) await sleep(10)
        client.close()
        return client.answers[0] ?? assert.fail('no answer')
      }
      const cookieOf = (answer: Message): Uint8Array => answer.edns?.options.find(({ code }) => code === OPTION.COOKIE)?.octets ?? assert.fail('no cookie')
      try {
        const cookie = cookieOf(await ask(new Uint8Array(8).fill(5)))
        for (let i = 0; i < 12; i++) assert.equal((await ask(cookie)).answers.length, 1, 'a port of its own each time, so that every thread is met')
        folder.write('w.yaml', configText(transport, 'cookies: { require: true, rotate: 5 }'))
        server.child.kill('SIGHUP')
        await server.line('reload done')
        for (let i = 0; i < 12; i++) assert.equal((await ask(cookie)).answers.length, 1)
      } finally {
        await server.stop()
        folder.remove()
      }
    })
  })
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    }).on('error', reject)
  })
}

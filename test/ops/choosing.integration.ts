/**
 * Agents as their users find them: a real server, dig with a DEMAND in octets, updates that register and readings that
 * move agents up and down. In socket threads and in the main thread.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Asker } from '../../src/client/asker.ts'
import { demandOctets } from '../discovery/ranking/hive.ts'
import { makeFolder, Served, UNREHEARSED, waggle } from './process.ts'
import { run, skipWithout, TRANSPORTS } from './update-bench.ts'

const skip = skipWithout('dig', 'nsupdate')
const SECRET = Buffer.alloc(32, 5).toString('base64')
const ZONE = `$TTL 60
@ SOA ns hostmaster 1 1h 10m 1d 5m
@ NS ns
ns A 192.0.2.53
old._sa A 192.0.2.10
v2.translate.text.nlp._cap AGENT 4 old._sa latency=500ms accuracy=0.9 concurrency=4
`
const CONFIG = (transport: string): string => `listen: ["127.0.0.1:0"]
transport: ${transport}
${UNREHEARSED}keys: [{ name: provider-key, secret: "${SECRET}" }]
zones:
  - { name: acme.example, file: acme.zone, register: ["127.0.0.0/8"], grants: [{ key: provider-key, scope: zone, types: [ANY] }] }
`
const V2 = 'v2.translate.text.nlp._cap.acme.example'
const AGENT = 'TYPE65440'

/** A server with dig, nsupdate and waggle around it. */
class Market {
  server!: Served
  readonly folder = makeFolder({ 'acme.zone': ZONE })

  async start(transport: string): Promise<void> {
    this.folder.write('w.yaml', CONFIG(transport))
    this.folder.write('provider.key', `key "provider-key" {\n  algorithm hmac-sha256;\n  secret "${SECRET}";\n};\n`)
    this.server = await Served.start(`${this.folder.path}/w.yaml`)
  }

  get port(): string {
    return String(this.server.endpoints[0].port)
  }

  async dig(name: string, demand?: string, ...more: string[]): Promise<string> {
    const option = demand === undefined ? [] : [`+ednsopt=65440:${Buffer.from(demandOctets(demand)).toString('hex')}`]
    return (await run('dig', ['@127.0.0.1', '-p', this.port, '+norecurse', '+tries=1', ...option, ...more, name, AGENT])).text
  }

  /** First labels of the agents that dig is told of, in order. */
  async agents(name: string, demand?: string, ...more: string[]): Promise<string[]> {
    const text = await this.dig(name, demand, ...more)
    // dig prints \# LENGTH PRIORITY NAME … in hexadecimal: the name's first label stands behind two octets and its length
    return [...text.matchAll(/TYPE65440\s+\\# \d+ ([0-9A-F ]+)/g)].map(([, hex]) => {
      const rdata = Buffer.from(hex.replaceAll(' ', ''), 'hex')
      return `${rdata.readUInt16BE(0)} ${rdata.subarray(3, 3 + rdata[2]).toString()}`
    })
  }

  async register(id: string, parameters: string): Promise<void> {
    const args = ['register', '-s', `127.0.0.1:${this.port}`, '-k', 'provider.key', '--provider', 'acme.example', '--id', id, '--address', '127.0.0.9', '--capability', `v2.translate.text.nlp ${parameters}`]
    const { code, err } = await waggle(args, this.folder.path)
    assert.equal(code, 0, err)
  }

  /** Tells a reading by nsupdate: SENSE as RFC 3597 writes it. */
  async report(id: string, sequence: number, active: number): Promise<string> {
    const name = Buffer.concat([...`${id}._sa.acme.example`.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.of(0)])
    const rdata = Buffer.concat([Buffer.of(sequence >> 8, sequence), name, Buffer.of(0xff, 0x17, 0, 4, 0, 0, 0, active)])
    this.folder.write('report', `server 127.0.0.1 ${this.port}\nzone acme.example\nupdate add ${V2} 0 TYPE65441 \\# ${rdata.length} ${rdata.toString('hex')}\nsend\n`)
    return (await run('nsupdate', ['-k', `${this.folder.path}/provider.key`, `${this.folder.path}/report`])).text
  }

  async end(): Promise<void> {
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}

describe('finding agents', { skip, concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    describe(`at a server with transport ${transport}`, () => {
      const market = new Market()
      before(() => market.start(transport))
      after(() => market.end())

      it('answers what the zone file holds, at the capability and at its ancestors, by demand', async () => {
        assert.deepEqual(await market.agents(V2), ['1 old'])
        assert.deepEqual(await market.agents('nlp._cap.acme.example', 'accuracy=0.8'), ['1 old'])
        assert.match(await market.dig(V2), /old\._sa\.acme\.example\.\s+60\s+IN\s+A\s+192\.0\.2\.10/)
        const nobody = await market.dig(V2, 'accuracy=0.99')
        assert.match(nobody, /status: NOERROR[\s\S]*ANSWER: 0/)
        assert.match(nobody, /EDE: 49154/)
        assert.match(await market.dig(V2, 'count=1'), /OPT=65441:/)
        assert.match(await market.dig(V2, undefined, '+ednsopt=65440:ff'), /status: FORMERR/)
      })

      it('translates words into a capability, in a thread of its own, and says so where none is meant', async () => {
        assert.deepEqual(await market.agents('_cap.acme.example', 'intent="a translator for this text" count=1'), ['1 old'])
        assert.deepEqual(await market.agents('_cap.acme.example', 'intent="a translator for this text" count=1', '+tcp'), ['1 old'])
        assert.match(await market.dig('_cap.acme.example', 'intent="translate text"'), /OPT=65441:.*ff ?55/i)
        const nobody = await market.dig('_cap.acme.example', 'intent="knit a pullover"')
        assert.match(nobody, /status: NOERROR[\s\S]*ANSWER: 0/)
        assert.match(nobody, /EDE: 49154[^\n]*near/)
      })

      it('ranks whoever registers, at once, moves agents by what they report, and lists them with it', async () => {
        await market.register('quick', 'latency=50ms accuracy=0.95 concurrency=4')
        assert.deepEqual(await market.agents(V2, 'prefer=latency:1'), ['1 quick', '2 old'])
        assert.equal(await market.report('old', 1, 0), '')
        assert.equal(await market.report('quick', 1, 60), '')
        assert.deepEqual(await market.agents(V2, 'prefer=latency:1'), ['1 old', '2 quick'])
        assert.equal(await market.report('quick', 2, 0), '')
        assert.deepEqual(await market.agents(V2, 'prefer=latency:1'), ['1 quick', '2 old'])
        assert.match(await market.report('ghost', 1, 0), /REFUSED/)
        assert.doesNotMatch(await market.dig(V2, '', '-t', 'TYPE65441'), /TYPE65441\s+\\#/, 'a reading is no record')
        // and all with their newest readings, for who chooses himself
        for (const more of [[], ['+tcp']]) {
          assert.deepEqual((await market.agents(V2, 'candidates', ...more)).sort(), ['1 old', '1 quick'])
          const text = await market.dig(V2, 'candidates', ...more)
          const readings = [...text.matchAll(/\s0\s+IN\s+TYPE65441\s+\\# \d+ ([0-9A-F ]+)/g)].map(([, hex]) => hex.replaceAll(' ', ''))
          assert.deepEqual(readings.map((hex) => Buffer.from(hex, 'hex').readUInt16BE(0)).sort(), [1, 2])
          assert.ok(readings.every((hex) => hex.includes('FF17000400000000')), 'both tell no session')
        }
        const { agents } = await new Asker({ server: `127.0.0.1:${market.port}` }).ask(V2, 'candidates')
        assert.deepEqual(agents.map(({ name, rank, reading }) => [name.split('.')[0], rank, /\bactive=0\b/.test(reading ?? '')]).sort(), [['old', 1, true], ['quick', 1, true]])
        const { out } = await waggle(['query', V2, 'AGENT', '--and', 'nlp._cap.acme.example', '-s', `127.0.0.1:${market.port}`, '--demand', 'candidates'], market.folder.path)
        for (const name of [V2, 'nlp._cap.acme.example']) {
          for (const [type, count] of [['AGENT', 2], ['SENSE', 2]]) {
            assert.equal(out.split('\n').filter((line) => line.startsWith(`${name}.\t`) && line.includes(`\tIN\t${type}\t`)).length, count, `${type} at ${name} in a batch:\n${out}`)
          }
        }
      })

      it('holds an exclusive agent for the task group that it joins, prefers who is near its members, and lets it go', async () => {
        const solo = 'v1.solo._cap.acme.example'
        market.folder.write('solo.yaml', `provider: acme.example\nid: solo\naddresses: [192.0.2.77]\ncapabilities: [{ name: "agent://acme.example/solo/v1", parameters: binding=exclusive }]\n`)
        assert.equal((await waggle(['register', '-s', `127.0.0.1:${market.port}`, '-k', 'provider.key', '-f', 'solo.yaml'], market.folder.path)).code, 0)
        assert.deepEqual(await market.agents(solo), ['1 solo'])
        const rdata = Buffer.concat([Buffer.of(0, 2), ...['solo', '_sa', 'acme', 'example', ''].map((label) => Buffer.from([label.length, ...Buffer.from(label)]))])
        const task = async (command: string): Promise<string> => {
          market.folder.write('task', `server 127.0.0.1 ${market.port}\nzone acme.example\nupdate ${command}\nsend\n`)
          return (await run('nsupdate', ['-k', `${market.folder.path}/provider.key`, `${market.folder.path}/task`])).text
        }
        assert.equal(await task(`add menu._task.acme.example 60 TYPE65442 \\# ${rdata.length} ${rdata.toString('hex')}`), '')
        assert.match(await market.dig(solo), /EDE: 49155/)
        assert.deepEqual([await market.agents(solo, 'group=other._task.acme.example'), await market.agents(solo, 'group=menu._task.acme.example')], [[], ['1 solo']])
        const { out } = await waggle(['query', 'agent://acme.example/solo/v1', '--explain', '-c', 'w.yaml'], market.folder.path)
        assert.match(out, /solo\._sa\.acme\.example\. .*out: it is held exclusively by menu\._task\.acme\.example\.\n/)
        const explained = await waggle(['query', V2, '--explain', '-c', 'w.yaml', '--demand', 'group=menu._task.acme.example peer=127.0.0.77'], market.folder.path)
        assert.match(explained.out, /\nold\._sa[^]*?\n {2}unmet {7}peer\n/, 'old is in 192.0.2.0/24 as solo is, not in 127.0.0.0/24')
        assert.match(explained.out, /\nquick\._sa[^]*?\n {2}unmet {7}group\n/)
        assert.equal(await task('delete menu._task.acme.example TYPE65442'), '')
        assert.deepEqual(await market.agents(solo), ['1 solo'])
      })

      it('finds a hundred more once the table has grown, while it is asked', async () => {
        const lines = Array.from({ length: 100 }, (_, i) => `update add v1.many._cap.acme.example 60 TYPE65440 \\# 24 0001 03${Buffer.from(`n${String(i).padStart(2, '0')}`).toString('hex')} 035f7361 04 61636d65 07 6578616d706c65 00`)
        market.folder.write('many', `server 127.0.0.1 ${market.port}\nzone acme.example\n${lines.join('\n')}\nsend\n`)
        assert.equal((await run('nsupdate', ['-v', '-k', `${market.folder.path}/provider.key`, `${market.folder.path}/many`])).text, '')
        const from = performance.now()
        while ((await market.agents('many._cap.acme.example', 'count=32')).length < 32) {
          assert.ok(performance.now() - from < 5_000, 'the larger table has not reached the threads')
          await sleep(50)
        }
      })
    })
  }
})

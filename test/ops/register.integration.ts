/**
 * Agents that register themselves with a real server, as its users see them: by `waggle register` and `renew`, by an SRP
 * client that was written from the RFC alone, and by TSIG; what dig sees of them, and what is left when they fall silent.
 */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { OPTION, printRcode, RCODE, TYPE } from '../../src/dns/codes.ts'
import { findOption, readUpdateLease, type UpdateLease } from '../../src/dns/edns.ts'
import { decodeMessage, type Message } from '../../src/dns/message.ts'
import { canUseMmsg } from '../../src/transport/udp-mmsg.ts'
import { SrpKey, srpMessage, type Registration } from '../discovery/srp/srp-client.ts'
import { makeFolder, Served, UNREHEARSED, waggle } from './process.ts'

const TRANSPORTS = canUseMmsg().usable ? ['mmsg', 'dgram'] : ['dgram']
const SECRET = Buffer.alloc(32, 5).toString('base64')

const ZONE = `$TTL 300
@ SOA ns hostmaster 1 1h 10m 1d 5m
@ NS ns
ns A 192.0.2.53
`

const CONFIG = (transport: string): string => `listen: ["127.0.0.1:0"]
transport: ${transport}
${UNREHEARSED}keys: [{ name: provider-key, secret: "${SECRET}" }]
zones:
  - name: acme.example
    file: acme.zone
    grants: [{ key: provider-key, scope: zone, types: [ANY] }]
  - name: open.example
    file: acme.zone
    register: ["127.0.0.0/8"]
    default-service: true
  - { name: closed.example, file: acme.zone, register: ["192.0.2.0/24"] }
`

const CAPABILITY = 'v2.translate.text.nlp'
const now = (): number => Math.floor(Date.now() / 1_000)

/** A server with agents around it. */
class Hall {
  server!: Served
  readonly folder = makeFolder({ 'acme.zone': ZONE })

  async start(transport: string): Promise<void> {
    this.folder.write('w.yaml', CONFIG(transport))
    this.folder.write('provider.key', `key "provider-key" {\n  algorithm hmac-sha256;\n  secret "${SECRET}";\n};\n`)
    await this.restart()
  }

  async restart(): Promise<void> {
    this.server = await Served.start(join(this.folder.path, 'w.yaml'))
  }

  get port(): number {
    return this.server.endpoints[0].port
  }

  /** Runs a command about the agent of this id; gives its exit code and what it said. */
  async agent(command: string, id: string, more: string[] = [], key = 'provider.key', provider = 'acme.example'): Promise<string> {
    const args = [command, '-s', `127.0.0.1:${this.port}`, '-k', key, '--provider', provider, '--id', id, '--address', '127.0.0.9', '--capability', `${CAPABILITY} latency=180ms`, ...more]
    const { code, out, err } = await waggle(args, this.folder.path)
    return `${code} ${out}${err}`.trim()
  }

  /** RDATA in hexadecimal and TTL of what stands there. */
  async at(name: string, type: number): Promise<{ ttl: number; count: number; rcode: number }> {
    const { answers, rcode } = await this.server.ask(name, type)
    return { ttl: answers[0]?.ttl ?? -1, count: answers.length, rcode }
  }

  /** What the server answers to an SRP Update over UDP. */
  async srp(registration: Registration, key: SrpKey): Promise<{ rcode: string; lease: UpdateLease | undefined; message: Message }> {
    const socket = createSocket('udp4')
    try {
      const answered = new Promise<Buffer>((resolve, reject) => {
        setTimeout(() => reject(new Error('no answer to an SRP Update')), 10_000).unref()
        socket.once('message', resolve)
      })
      socket.send(srpMessage(registration, key, now()), this.port, '127.0.0.1')
      const message = decodeMessage(await answered)
      const option = findOption(message.edns, OPTION.UPDATE_LEASE)
      return { rcode: printRcode(message.rcode), lease: option && readUpdateLease(option), message }
    } finally {
      socket.close()
    }
  }

  async gone(name: string, type: number, withinMs: number): Promise<number> {
    const from = performance.now()
    while ((await this.at(name, type)).count > 0) {
      if (performance.now() - from > withinMs) assert.fail(`${name} still stands after ${withinMs} ms`)
      await sleep(20)
    }
    return performance.now() - from
  }

  async end(): Promise<void> {
    await this.server.stop('SIGKILL')
    this.folder.remove()
  }
}

const HOST: Registration = { zone: 'open.example.', host: 'lamp', addresses: ['127.0.0.21'], services: [{ instance: 'Lamp', service: '_http._tcp', txt: ['path=/'] }], lease: 60, keyLease: 600 }

// side by side, as most of the time goes by in waiting for the end of a lease
describe('agents that register', { concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    describe(`with a server with transport ${transport}`, { concurrency: 1 }, () => {
      const hall = new Hall()
      before(() => hall.start(transport))
      after(() => hall.end())

      it('stand in answers as long as their lease, with TTLs that end with it (RFC 9664 4.2)', async () => {
        assert.match(await hall.agent('register', 'babel', ['--lease', '31', '--key-lease', '60', '--ttl', '3600']), /^0 [\s\S]*lease +31 s/)
        assert.deepEqual((await hall.at('babel._sa.acme.example.', TYPE.A)).count, 1)
        const { count, ttl } = await hall.at(`${CAPABILITY}._cap.acme.example.`, TYPE.AGENT)
        assert.equal(count, 1)
        assert.ok(ttl > 20 && ttl <= 31, `TTL ${ttl}`)
        await sleep(1_500)
        const later = await hall.at(`${CAPABILITY}._cap.acme.example.`, TYPE.AGENT)
        assert.ok(later.ttl < ttl && later.ttl >= ttl - 4, `TTL ${ttl}, then ${later.ttl}`)
        assert.match(await hall.agent('withdraw', 'babel'), /^0 /)
        assert.deepEqual([(await hall.at(`${CAPABILITY}._cap.acme.example.`, TYPE.AGENT)).count, (await hall.at('babel._sa.acme.example.', TYPE.A)).rcode], [0, RCODE.NXDOMAIN])
      })

      it('are out of answers within a second of the end of the lease, though the server was killed meanwhile', async () => {
        assert.match(await hall.agent('register', 'brief', ['--lease', '30', '--key-lease', '30']), /^0 [\s\S]*lease +30 s/)
        const endMs = performance.now() + 30_000
        await hall.server.stop('SIGKILL')
        await hall.restart()
        const kept = await hall.at('brief._sa.acme.example.', TYPE.A)
        assert.ok(kept.count === 1 && kept.ttl <= 30, 'it stands over the restart')
        await sleep(Math.max(0, endMs - performance.now() - 2_000))
        assert.equal((await hall.at('brief._sa.acme.example.', TYPE.A)).count, 1, 'until its end')
        await hall.gone('brief._sa.acme.example.', TYPE.A, 4_000)
        assert.ok(performance.now() - endMs < 1_500, `gone ${Math.round(performance.now() - endMs)} ms after its end`)
      })

      it('register by their own KEY where the zone is open to their network, and nobody else takes their name (RFC 9665 3.2.4)', async () => {
        assert.match((await waggle(['keygen', 'sig0', 'lamp9._sa.open.example', '-o', join(hall.folder.path, 'one')])).out, /Klamp9/)
        assert.match((await waggle(['keygen', 'sig0', 'lamp9._sa.open.example', '-o', join(hall.folder.path, 'two')])).out, /Klamp9/)
        const [one, two] = ['one', 'two'].map((folder) => keyFileIn(join(hall.folder.path, folder)))
        assert.match(await hall.agent('register', 'lamp9', ['--lease', '60'], one, 'open.example'), /^0 /)
        assert.equal((await hall.at('lamp9._sa.open.example.', TYPE.KEY)).count, 1)
        assert.match(await hall.agent('register', 'lamp9', ['--lease', '60'], two, 'open.example'), /^1 [\s\S]*YXDOMAIN/)
        assert.match(await hall.agent('register', 'lamp9', ['--lease', '60'], one, 'open.example'), /^0 /, 'again, by who holds it')
        assert.match(await hall.agent('register', 'lamp9', [], one, 'closed.example'), /^1 [\s\S]*REFUSED/, 'from no network of the zone')
        assert.match(await hall.agent('register', 'lamp9', [], one, 'acme.example'), /^1 [\s\S]*REFUSED/, 'a zone that is open to nobody')
      })

      it('register by SRP, refresh, meet a conflict and leave (RFC 9665 3)', async () => {
        const [key, other] = [new SrpKey(), new SrpKey(15)]
        const first = await hall.srp(HOST, key)
        assert.deepEqual([first.rcode, first.lease?.keyLease], ['NOERROR', 600])
        const lease = first.lease?.lease ?? 0
        assert.ok(lease >= 30 && lease <= 60, `lease ${lease}`)
        assert.deepEqual([(await hall.at('lamp.open.example.', TYPE.A)).count, (await hall.at('Lamp._http._tcp.open.example.', TYPE.SRV)).count, (await hall.at('_http._tcp.open.example.', TYPE.PTR)).count], [1, 1, 1])
        const serial = async (): Promise<string> => Buffer.from((await hall.server.ask('open.example.', TYPE.SOA)).answers[0].rdata).toString('hex')
        const before = await serial()
        assert.equal((await hall.srp(HOST, key)).rcode, 'NOERROR')
        assert.equal(await serial(), before, 'a refresh steps no serial')
        assert.equal((await hall.srp({ ...HOST, addresses: ['127.0.0.22'] }, other)).rcode, 'YXDOMAIN')
        assert.equal((await hall.srp({ ...HOST, zone: 'closed.example.' }, key)).rcode, 'REFUSED')
        assert.equal((await hall.srp({ ...HOST, addresses: [], services: [], lease: 0, keyLease: 600 }, key)).rcode, 'NOERROR')
        assert.deepEqual([(await hall.at('lamp.open.example.', TYPE.A)).count, (await hall.at('lamp.open.example.', TYPE.KEY)).count, (await hall.at('_http._tcp.open.example.', TYPE.PTR)).count], [0, 1, 0], 'the name stays its own')
        assert.equal((await hall.srp({ ...HOST, addresses: ['127.0.0.22'] }, other)).rcode, 'YXDOMAIN')
        assert.equal((await hall.srp({ ...HOST, addresses: [], services: [], lease: 0, keyLease: 0 }, key)).rcode, 'NOERROR')
        assert.equal((await hall.srp({ ...HOST, addresses: ['127.0.0.22'] }, other)).rcode, 'NOERROR', 'it is free now')
      })

      it('by SRP in default.service.arpa. are taken into the zone that the config names (RFC 9665 3.2.2), agents by their subtypes', async () => {
        const { rcode, message } = await hall.srp({
          zone: 'default.service.arpa.', host: 'robot', addresses: ['127.0.0.31'], lease: 60, keyLease: 60,
          services: [{ instance: 'Robot', service: '_a2a._tcp', subtypes: [CAPABILITY], port: 8443, txt: ['latency=90ms'] }],
        }, new SrpKey())
        assert.equal(rcode, 'NOERROR')
        assert.equal(message.questions[0].name.toString(), 'default.service.arpa.', 'the reply keeps the zone section')
        assert.equal((await hall.at('robot.open.example.', TYPE.A)).count, 1)
        assert.equal((await hall.at(`${CAPABILITY}._cap.open.example.`, TYPE.AGENT)).count, 2, 'beside the agent of the test above')
      })

      it('are not believed where the key that a message brings stands at somebody else’s name', async () => {
        const key = new SrpKey()
        const zone = 'acme.example.'
        assert.equal((await hall.srp({ ...HOST, zone, host: 'ns' }, key)).rcode, 'REFUSED')
        assert.equal((await hall.srp({ ...HOST, zone: 'open.example.', host: 'ns' }, key)).rcode, 'YXDOMAIN', 'a name of the zone file is nobody’s to take')
        assert.equal((await hall.server.ask('ns.open.example.', TYPE.A)).answers.length, 1)
      })

      it('are told to the operator: waggle agent list and show', async () => {
        const control = ['-c', join(hall.folder.path, 'w.yaml')]
        const list = await waggle(['agent', 'list', 'open.example', ...control])
        assert.equal(list.code, 0, list.err)
        assert.match(list.out, /^AGENT +KEY +LEASE ENDS +CAPABILITIES\n/)
        assert.match(list.out, /^lamp9\._sa\.open\.example\. +13\/\d+ +20\d\d-[^ ]+ +1$/m)
        assert.match(list.out, /^robot\.open\.example\. +13\/\d+ +20\d\d-[^ ]+ +1$/m)
        const lines = (await waggle(['agent', 'list', ...control, '--json'])).out.trim().split('\n').map((line) => JSON.parse(line) as { agent: string })
        assert.ok(lines.some(({ agent }) => agent === 'lamp9._sa.open.example.'))
        const shown = await waggle(['agent', 'show', 'lamp9._sa.open.example', ...control])
        assert.match(shown.out, /^capability +v2\.translate\.text\.nlp\._cap\.open\.example\. AGENT 1 lamp9\._sa\.open\.example\. latency=180ms$/m)
        const none = await waggle(['agent', 'show', 'lamp8._sa.open.example', ...control])
        assert.deepEqual([none.code, none.err.trim()], [1, 'waggle: Cannot find agent lamp8._sa.open.example. as nobody holds that name; did you mean "lamp9._sa.open.example."?'])
        assert.equal((await waggle(['agent', 'show', 'a..b', ...control])).code, 2)
      })

      it('each leave a line in the log: who, from where, what and why', async () => {
        const lines = hall.server.lines().filter(({ msg, flow }) => msg === 'update' && (flow === 'srp' || flow === 'agent'))
        const refused = lines.find(({ verdict, reason }) => verdict === 'YXDOMAIN' && /held by another/.test(String(reason)))
        assert.ok(refused !== undefined && refused.address === '127.0.0.1' && refused.keyKind === 'sig0', JSON.stringify(lines))
        assert.ok(lines.some(({ verdict, key }) => verdict === 'NOERROR' && String(key).startsWith('lamp')))
      })
    })
  }
})

/** The one key file in a folder. */
function keyFileIn(folder: string): string {
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.private')) ?? assert.fail(folder))
}

/**
 * Changes of zones as the server joins them: a true store in a folder of its own, zones that are loaded, loaded again, granted
 * to others and removed, keys that stand in zones, and a store that cannot be opened. Only the sockets are left out.
 */
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { newKeyPair } from '../../src/client/new-keys.ts'
import { sig0Signer, tsigSigner } from '../../src/client/signers.ts'
import { CLASS, EDE, printRcode, RCODE } from '../../src/dns/codes.ts'
import { UPDATE_ROOM_OCTETS } from '../../src/dns/limits.ts'
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { ALGORITHM } from '../../src/dns/rr/algorithms.ts'
import { parseTsigAlgorithm } from '../../src/dnssec/tsig-algorithms.ts'
import { makeTsigKey, type TsigKey } from '../../src/dnssec/tsig.ts'
import type { ConfigZone } from '../../src/ops/config.ts'
import type { LogEvent } from '../../src/ops/log.ts'
import { Updating, type PreparedZone } from '../../src/ops/updating.ts'
import type { Reply } from '../../src/server/core-contract.ts'
import type { Requester } from '../../src/update/contract.ts'
import type { ZoneImage } from '../../src/zone/image.ts'
import { makeFolder } from '../store/support.ts'
import { anybody, fileOf, grant, imageOf, recordsOf, script, SEED, signed, ZONE } from '../update/support.ts'

const apex = Name.parse('example.')

function zoneOf(parts: Partial<ConfigZone> = {}): ConfigZone {
  return { name: apex, class: CLASS.IN, file: '/z/example', place: { file: 'w.yaml', line: 1, column: 1 }, grants: [grant()], ...parts }
}

const running: Updating[] = []
after(() => Promise.all(running.map((updating) => updating.close())))

/** Updating with one zone, and what it told. */
class Scene {
  readonly log: [LogEvent, Record<string, unknown>][] = []
  readonly faults: unknown[] = []
  readonly served: ZoneImage[] = []
  readonly updating: Updating
  image: ZoneImage | undefined
  clocks = 0

  readonly dataFolder: string

  constructor(dataFolder = join(makeFolder(), 'data'), keys: TsigKey[] = []) {
    this.dataFolder = dataFolder
    this.updating = new Updating({
      dataFolder,
      seed: SEED,
      keys,
      zoneAbove: (name, rrClass) => (this.image !== undefined && rrClass === CLASS.IN && name.isWithin(apex) ? { name: apex, image: this.image } : undefined),
      serve: async (_, image) => {
        this.served.push(image)
        this.image = image
      },
      facesOf: () => 15,
      republish: () => undefined,
      spreadClock: async () => void this.clocks++,
      log: (event, fields) => void this.log.push([event, (fields ?? {}) as Record<string, unknown>]),
      onFault: (fault) => void this.faults.push(fault),
    })
    running.push(this.updating)
  }

  /** Loads the zone from `text`; it is in service, its updates held until `serve`. */
  async prepare(config = zoneOf(), text = ZONE, expectedOctets = 100_000): Promise<PreparedZone> {
    const image = imageOf(text, 'example.', { expectedOctets })
    const prepared = await this.updating.prepare(config, image, fileOf(image, text))
    this.image = prepared.image
    return prepared
  }

  async load(config = zoneOf(), text = ZONE, expectedOctets?: number): Promise<PreparedZone> {
    const prepared = await this.prepare(config, text, expectedOctets)
    this.updating.served()
    return prepared
  }

  reply(update: string, requester: Requester = signed()): Promise<Reply> {
    const { update: handle = () => assert.fail('updates are handled') } = this.updating.handlers
    return Promise.resolve(handle(script(update), requester))
  }

  async send(update: string, requester?: Requester): Promise<string> {
    return printRcode((await this.reply(update, requester)).rcode)
  }

  at(part: string): string[] {
    return recordsOf(this.image ?? assert.fail('no zone')).filter((line) => line.includes(part))
  }

  logged(event: LogEvent): Record<string, unknown>[] {
    return this.log.filter(([name]) => name === event).map(([, fields]) => fields)
  }
}

const ADD = 'add a.example. 60 A 192.0.2.9'

/** Some turns of the event loop: what could go on has. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

describe('a zone that nobody may change', () => {
  const { grants: _, ...without } = zoneOf()
  const cases: [what: string, config: ConfigZone][] = [['with an empty list of grants', zoneOf({ grants: [] })], ['without a word of grants', without]]
  for (const [what, config] of cases) {
    it(`${what} is as its file has it, and costs no store`, async () => {
      const scene = new Scene()
      const image = imageOf(ZONE)
      assert.deepEqual(await scene.updating.prepare(config, image, fileOf(image, ZONE)), { image, writable: undefined })
      scene.image = image
      const reply = await scene.reply(ADD)
      assert.deepEqual([reply.rcode, reply.ede], [RCODE.REFUSED, { infoCode: EDE.PROHIBITED, text: 'no grant allows changes of this zone' }])
      assert.deepEqual([existsSync(scene.dataFolder), scene.updating.leaseOriginMs, scene.clocks], [false, undefined, 0])
    })
  }
})

describe('a zone that somebody may change', () => {
  it('takes updates once it is served and not before', async () => {
    const scene = new Scene()
    const { writable } = await scene.prepare()
    let rcode: string | undefined
    const sent = scene.send(ADD).then((told) => (rcode = told))
    await turns()
    assert.deepEqual([rcode, scene.at('a.example.'), writable?.queue.length], [undefined, [], 1])
    scene.updating.served()
    await sent
    assert.deepEqual([rcode, scene.at('a.example.')], ['NOERROR', ['a.example. 60 A 192.0.2.9']])
    assert.equal(scene.clocks, 1, 'leases run')
    assert.ok(Math.abs((scene.updating.leaseOriginMs ?? 0)) > 0)
  })

  it('keeps what it was given over a restart', async () => {
    const first = new Scene()
    await first.load()
    assert.equal(await first.send(`${ADD}; delete www.example. A`), 'NOERROR')
    assert.equal(await first.send('add example. 60 SOA ns.example. changed.example. 100 1 2 3 4'), 'NOERROR')
    const records = recordsOf(first.image ?? assert.fail('no zone'))
    await first.updating.close()
    const second = new Scene(first.dataFolder)
    await second.load()
    assert.deepEqual(recordsOf(second.image ?? assert.fail('no zone')), records)
    assert.deepEqual([...first.faults, ...second.faults], [])
  })

  it('that is loaded again waits with its updates, and has both the file’s edit and its own', async () => {
    const scene = new Scene()
    const { writable } = await scene.load()
    assert.equal(await scene.send(ADD), 'NOERROR')
    const again = await scene.prepare(zoneOf(), `${ZONE}edited 60 A 192.0.2.90\n`)
    assert.equal(again.writable, writable, 'it is the same zone')
    const waiting = scene.send('add b.example. 60 A 192.0.2.9')
    await turns()
    assert.deepEqual(scene.at('b.example.'), [])
    scene.updating.served()
    assert.equal(await waiting, 'NOERROR')
    assert.deepEqual([scene.at('a.example.').length, scene.at('b.example.').length, scene.at('edited.example.').length], [1, 1, 1])
    assert.equal(writable?.serial, 10, 'two updates and one edit')
  })

  it('is told of each update in the log', async () => {
    const scene = new Scene()
    await scene.load()
    await scene.send(ADD)
    await scene.send(ADD, anybody)
    const lines = scene.log.filter(([event]) => event === 'update')
    assert.equal(lines.length, 2)
  })

  it('refuses what waits when it is closed with the server', async () => {
    const scene = new Scene()
    await scene.prepare()
    const waiting = scene.send(ADD)
    await scene.updating.close()
    assert.equal(await waiting, 'REFUSED')
    assert.equal(await scene.send(ADD), 'REFUSED')
  })
})

describe('who may change a zone', () => {
  const [alice, bob] = [signed('alice.'), signed('bob.')]
  const of = (name: string): ConfigZone => zoneOf({ grants: [grant({ key: Name.parse(name) })] })
  const ways: [what: string, change: (scene: Scene) => Promise<unknown>][] = [
    ['a reload', (scene) => scene.load(of('bob.'))],
    ['a reload that keeps the old file', async (scene) => scene.updating.regrant(of('bob.'))],
  ]
  for (const [what, change] of ways) {
    it(`is as the config says now after ${what}`, async () => {
      const scene = new Scene()
      await scene.load(of('alice.'))
      assert.deepEqual([await scene.send(ADD, alice), await scene.send(ADD, bob)], ['NOERROR', 'REFUSED'])
      await change(scene)
      assert.deepEqual([await scene.send('delete a.example.', alice), await scene.send('delete a.example.', bob)], ['REFUSED', 'NOERROR'])
    })
  }

  it('is nobody after a reload without grants, and what waited is told so', async () => {
    const scene = new Scene()
    await scene.load()
    const release = await (scene.updating.engine.find(apex, CLASS.IN) ?? assert.fail('no zone')).queue.hold()
    const waiting = scene.send(ADD)
    const prepared = await scene.prepare(zoneOf({ grants: [] }))
    assert.deepEqual([await waiting, prepared.writable, scene.updating.engine.find(apex, CLASS.IN)], ['REFUSED', undefined, undefined])
    release()
    assert.equal(await scene.send(ADD), 'REFUSED')
    await scene.load()
    assert.equal(await scene.send(ADD), 'NOERROR', 'and somebody again when grants come back')
  })

  it('is not changed for a zone that is not loaded', () => {
    const scene = new Scene()
    scene.updating.regrant(zoneOf())
    assert.equal(scene.updating.engine.find(apex, CLASS.IN), undefined)
  })

  it('is nobody for a zone that is removed; its changes are there when it comes back', async () => {
    const scene = new Scene()
    await scene.load()
    assert.equal(await scene.send(ADD), 'NOERROR')
    await scene.updating.remove({ name: apex, class: CLASS.IN })
    scene.image = undefined
    assert.equal(await scene.send(ADD), 'NOTAUTH')
    await scene.updating.remove({ name: apex, class: CLASS.IN })
    await scene.load()
    assert.equal(scene.at('a.example.').length, 1)
  })
})

describe('keys', () => {
  const algorithm = parseTsigAlgorithm('hmac-sha256')
  if (typeof algorithm === 'string') throw new Error(algorithm)
  const secretOf = (octet: number): Uint8Array => new Uint8Array(32).fill(octet)
  const tsigKey = (name: string, octet: number): TsigKey => makeTsigKey(Name.parse(name), algorithm, secretOf(octet))
  const pair = newKeyPair(Name.parse('host.example.'), ALGORITHM.ED25519)
  const source = { address: Uint8Array.of(192, 0, 2, 1), port: 4_096, transport: 'udp' as const }

  /** What the authenticator makes of an update with this signature. */
  async function outcome({ updating }: Scene, signer: { sign(octets: Uint8Array): Promise<{ octets: Uint8Array }> }, update = ADD): Promise<string> {
    const { octets } = await signer.sign(encodeMessage(script(update)))
    return (await updating.authenticator.verify(octets, decodeMessage(octets), source)).outcome
  }

  it('of TSIG are those given, and then those of the reload', async () => {
    const scene = new Scene(undefined, [tsigKey('one.', 1)])
    const one = tsigSigner({ name: Name.parse('one.'), algorithm, secret: secretOf(1) })
    const two = tsigSigner({ name: Name.parse('two.'), algorithm, secret: secretOf(2) })
    assert.deepEqual([await outcome(scene, one), await outcome(scene, two)], ['proven', 'refused'])
    scene.updating.useKeys([tsigKey('two.', 2)])
    assert.deepEqual([await outcome(scene, one, 'delete b.example.'), await outcome(scene, two)], ['refused', 'proven'])
  })

  it('of SIG(0) are the KEY records of a zone of ours, from the update that adds them to the one that removes them (RFC 2931 3.1)', async () => {
    const scene = new Scene()
    await scene.load()
    const signer = sig0Signer(pair)
    assert.equal(await outcome(scene, signer), 'refused', 'no such key')
    const key = `${pair.record.rdata[0] << 8 | pair.record.rdata[1]} ${pair.record.rdata[2]} ${pair.record.rdata[3]} ${Buffer.from(pair.record.rdata.subarray(4)).toString('base64')}`
    assert.equal(await scene.send(`add host.example. 60 KEY ${key}`), 'NOERROR')
    assert.equal(await outcome(scene, signer, 'add c.example. 60 A 192.0.2.9'), 'proven')
    assert.equal(await outcome(scene, sig0Signer(newKeyPair(Name.parse('host.example.'), ALGORITHM.ED25519))), 'refused', 'another key of that name')
    assert.equal(await outcome(scene, sig0Signer(newKeyPair(Name.parse('host.elsewhere.'), ALGORITHM.ED25519))), 'refused', 'no zone of ours')
    assert.equal(await scene.send('delete host.example. KEY'), 'NOERROR')
    assert.equal(await outcome(scene, signer, 'add d.example. 60 A 192.0.2.9'), 'refused')
  })
})

describe('a zone that outgrows its block', () => {
  it('moves to one with as much free as many updates need, and the server is told', async () => {
    const scene = new Scene()
    const { image } = await scene.load(zoneOf(), ZONE, 2_000)
    const lines = Array.from({ length: 400 }, (_, i) => `add t${i}.example. 60 TXT "${'x'.repeat(200)}"`)
    assert.equal(await scene.send(lines.join(';')), 'NOERROR')
    const [larger] = scene.served
    assert.notEqual(larger, image)
    assert.equal(scene.image, larger)
    const free = larger.octets.length - larger.usedOctets
    assert.ok(free > UPDATE_ROOM_OCTETS / 2 && larger.octets.length < 2 * UPDATE_ROOM_OCTETS, `${free} octets are free`)
    assert.equal(scene.at('x'.repeat(200)).length, 400)
    assert.equal(await scene.send('delete t0.example.'), 'NOERROR')
    assert.deepEqual([scene.served.length, scene.at('t0.example.')], [1, []])
  })
})

describe('a store that cannot be opened', () => {
  const ways: [what: string, make: (data: string) => void, code: string, told: RegExp][] = [
    ['as a file is where the data folder should be', (data) => writeFileSync(data, ''), 'readonly', /takes no writes/],
    ['as a file is where its folder should be', (data) => { mkdirSync(data); writeFileSync(join(data, 'store'), '') }, 'io|readonly', /store of this server/],
    ['as its file is no database', (data) => { mkdirSync(join(data, 'store'), { recursive: true }); writeFileSync(join(data, 'store', 'data.mdb'), Buffer.alloc(40_000, 7)) }, 'corrupt|foreign', /store of this server/],
  ]
  for (const [what, make, code, told] of ways) {
    it(`${what}, costs the updates, which say why, and not the zone`, async () => {
      const data = join(makeFolder(), 'data')
      make(data)
      const scene = new Scene(data)
      const { writable } = await scene.load()
      assert.ok(writable !== undefined)
      assert.equal(scene.at('www.example.').length, 4)
      const before = recordsOf(scene.image ?? assert.fail('no zone'))
      const reply = await scene.reply(ADD)
      assert.deepEqual([reply.rcode, reply.ede?.infoCode], [RCODE.SERVFAIL, EDE.OTHER])
      assert.match(reply.ede?.text ?? '', told)
      assert.deepEqual(recordsOf(scene.image ?? assert.fail('no zone')), before)
      assert.equal(await scene.send('prereq nxdomain www.example.'), 'YXDOMAIN', 'what changes nothing is answered')
      const [refused, ...more] = scene.logged('updates refused')
      assert.match(String(refused.code), new RegExp(`^(${code})$`))
      assert.deepEqual(more, [], 'said once')
    })
  }

  it('as another server has it, is refused, and the other’s changes are not touched', async () => {
    const first = new Scene()
    await first.load()
    assert.equal(await first.send(ADD), 'NOERROR')
    const second = new Scene(first.dataFolder)
    await second.load()
    assert.equal(second.logged('updates refused')[0]?.code, 'busy')
    assert.deepEqual((await second.reply(ADD)).ede, { infoCode: EDE.OTHER, text: 'the store of this server is in use elsewhere' })
    assert.equal(await first.send('add b.example. 60 A 192.0.2.9'), 'NOERROR')
  })
})

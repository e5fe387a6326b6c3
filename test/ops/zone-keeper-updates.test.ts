/**
 * Zones that are loaded while others change: the keeper and updates together, with a true store. What an update has brought
 * into service stays there whatever is loaded at that moment, and no load that fails leaves updates waiting.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { CLASS, printRcode } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import type { ConfigZone } from '../../src/ops/config.ts'
import { Updating } from '../../src/ops/updating.ts'
import { zoneAbove } from '../../src/ops/zone-lookup.ts'
import { serialOf, ZoneKeeper } from '../../src/ops/zone-keeper.ts'
import type { LoadedZone } from '../../src/ops/zone-jobs.ts'
import { makeFolder } from '../store/support.ts'
import { grant, imageOf, recordsOf, script, SEED, signed } from '../update/support.ts'

const [a, b] = ['a.example.', 'b.example.'].map((name): ConfigZone => (
  { name: Name.parse(name), class: CLASS.IN, file: `/z/${name}`, place: { file: 'w.yaml', line: 1, column: 1 }, grants: [grant()] }))
const TEXT = '@ 60 SOA ns admin 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.53\n'
const running: Updating[] = []
after(() => Promise.all(running.map((updating) => updating.close())))

/** A keeper of a. and b., with updates; `meanwhile` happens while a zone that was loaded is prepared. */
class Scene {
  meanwhile: (zone: ConfigZone) => Promise<void> = async () => undefined
  published = 0
  readonly faults: unknown[] = []
  readonly updating: Updating = new Updating({
    dataFolder: join(makeFolder(), 'data'),
    seed: SEED,
    keys: [],
    zoneAbove: (name, rrClass) => {
      const image = zoneAbove(this.keeper.directory, SEED, name, rrClass)
      return image && { name: Name.fromWire(image.octets, image.nameAt(image.apex)), image }
    },
    serve: (zone, image) => this.keeper.replace(zone, image),
    facesOf: () => 15,
    republish: () => void this.keeper.republish(),
    spreadClock: async () => undefined,
    log: () => undefined,
    onFault: (fault) => void this.faults.push(fault),
  })
  readonly keeper: ZoneKeeper = new ZoneKeeper({
    seed: SEED,
    load: async (zones) => zones.map(({ name }): LoadedZone => ({ buffer: imageOf(TEXT, name.toString(), { expectedOctets: 2_000 }).buffer, findings: [], loadMs: 1, serial: 1, records: 3 })),
    publish: async () => void this.published++,
    updating: {
      prepare: async (config, image, file) => {
        await this.meanwhile(config)
        return this.updating.prepare(config, image, file)
      },
      regrant: (config) => this.updating.regrant(config),
      served: () => this.updating.served(),
      remove: (zone) => this.updating.remove(zone),
    },
    log: () => undefined,
    nowMs: () => 1_000,
  })

  constructor() {
    running.push(this.updating)
  }

  async send(zone: ConfigZone, update: string): Promise<string> {
    const { update: handle = () => assert.fail('updates are handled') } = this.updating.handlers
    return printRcode((await handle(script(update, zone.name.toString()), signed())).rcode)
  }

  /** Adds so much to the zone that it moves to a larger block. */
  async grow(zone: ConfigZone): Promise<void> {
    const adds = Array.from({ length: 400 }, (_, i) => `add t${i}.${zone.name} 60 TXT "${'x'.repeat(200)}"`)
    assert.equal(await this.send(zone, adds.join(';')), 'NOERROR')
  }

  /** Records as answers have them. */
  at(zone: ConfigZone, part: string): string[] {
    return recordsOf(zoneAbove(this.keeper.directory, SEED, zone.name, CLASS.IN) ?? assert.fail('no zone')).filter((line) => line.includes(part))
  }
}

describe('a zone that moves to a larger block', () => {
  it('stays there while another is loaded', async () => {
    const scene = new Scene()
    await scene.keeper.apply([a, b])
    const published = scene.published
    scene.meanwhile = async () => scene.grow(a)
    await scene.keeper.apply([a, b], (zone) => zone === b)
    assert.equal(scene.published, published + 2, 'it moved, and the other was loaded')
    assert.equal(scene.at(a, ' TXT ').length, 400)
    assert.equal(await scene.send(a, 'add later.a.example. 60 A 192.0.2.9'), 'NOERROR')
    assert.equal(scene.at(a, 'later.a.example.').length, 1, 'what is changed is what is answered from')
    assert.deepEqual(scene.faults, [])
  })

  it('is the one that is told of and dumped', async () => {
    const scene = new Scene()
    await scene.keeper.apply([a, b])
    await scene.grow(a)
    const served = scene.keeper.find({ name: a.name, class: CLASS.IN })
    assert.equal(served?.image, served?.writable?.image)
    assert.equal(serialOf(served?.image ?? assert.fail('no zone')), 2)
    await scene.keeper.apply([a, b])
    assert.equal(scene.at(a, ' TXT ').length, 400, 'loaded again')
    await scene.keeper.replace({ name: Name.parse('none.example.'), class: CLASS.IN }, imageOf(TEXT))
  })
})

describe('a load that fails', () => {
  it('leaves no update waiting, and what was served is served', async () => {
    const scene = new Scene()
    await scene.keeper.apply([a, b])
    scene.meanwhile = async (zone) => {
      if (zone === b) throw new Error('no memory')
    }
    await assert.rejects(scene.keeper.apply([a, b]), /no memory/)
    assert.equal(await scene.send(b, 'add c.b.example. 60 A 192.0.2.9'), 'NOERROR')
    assert.equal(scene.at(b, 'c.b.example.').length, 1)
    assert.equal(await scene.send(a, 'add c.a.example. 60 A 192.0.2.9'), 'NOERROR', 'a was prepared and is let go')
    scene.meanwhile = async () => undefined
    await scene.keeper.apply([a, b])
    assert.deepEqual([scene.at(a, 'c.a.example.').length, scene.at(b, 'c.b.example.').length], [1, 1])
  })
})

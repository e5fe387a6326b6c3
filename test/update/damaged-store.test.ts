/**
 * A store whose entries have been damaged: octets of what is kept of a zone are exchanged, cut and added. However they read,
 * the zone is served, as its file has it or with what can be read; nothing throws and nothing of the store is thrown away.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CLASS, RCODE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { zonePrefix } from '../../src/update/overlay.ts'
import type { UpdateFlow } from '../../src/update/contract.ts'
import { Chance } from '../battery/chance.ts'
import { bench, fileOf, imageOf, MapKeeper, ZONE, type Bench } from './support.ts'

/** A store in which updates have left four entries and a state. */
async function keptBy(): Promise<MapKeeper> {
  const running = await bench()
  assert.equal(await running.send('delete www.example. A 192.0.2.1; add a.example. 60 A 192.0.2.9; add a.example. 60 TXT "a"; delete alias.example.'), 'NOERROR')
  return running.keeper
}

const copied = (keeper: MapKeeper): MapKeeper => {
  const copy = new MapKeeper()
  for (const [space, entries] of keeper.spaces) for (const [key, value] of entries) copy.space(space).set(key, Uint8Array.from(value))
  return copy
}

const snapshot = (keeper: MapKeeper): string => JSON.stringify([...keeper.spaces].map(([space, entries]) => [space, [...entries].map(([key, value]) => [key, Buffer.from(value).toString('hex')])]))
const file = async (): Promise<string[]> => (await bench()).records()

/** What is true of a zone whose store cannot be used. */
async function assertUnusable(running: Bench, keeper: MapKeeper, before: string): Promise<void> {
  assert.deepEqual(running.records(), await file(), 'it is served as its file has it')
  const verdict = await running.judge('add b.example. 60 A 192.0.2.9')
  assert.deepEqual([verdict.rcode, verdict.ede?.text], [RCODE.SERVFAIL, 'what is kept of this zone cannot be used'])
  assert.equal(running.faults.length, 1)
  assert.equal(snapshot(keeper), before, 'what is kept stays, for who can mend it')
}

describe('a damaged entry', () => {
  const damages: [what: string, space: 'overlay' | 'zone', make: (value: Uint8Array) => Uint8Array][] = [
    ['of the overlay that is empty', 'overlay', () => new Uint8Array(0)],
    ['of the overlay that was cut', 'overlay', (value) => value.subarray(0, 9)],
    ['of the overlay of a format that is not known', 'overlay', (value) => Uint8Array.of(9, ...value.subarray(1))],
    ['of the zone’s state that was cut', 'zone', (value) => value.subarray(0, 5)],
    ['of the zone’s state of a format that is not known', 'zone', (value) => Uint8Array.of(0, ...value.subarray(1))],
  ]
  for (const [what, space, make] of damages) {
    test(`${what} costs the updates and not the zone`, async () => {
      const keeper = copied(await keptBy())
      const [[key, value]] = keeper.space(space)
      keeper.space(space).set(key, make(value))
      const before = snapshot(keeper)
      await assertUnusable(await bench({ keeper }), keeper, before)
    })
  }

  test('that a flow cannot read does so too, and the server’s own changes are refused as well', async () => {
    const keeper = copied(await keptBy())
    const before = snapshot(keeper)
    const flow: UpdateFlow = { name: 'leases', take: () => undefined, restore: () => assert.fail('an entry is damaged') }
    const running = await bench({ keeper, flows: [flow] })
    await assertUnusable(running, keeper, before)
    const own = await running.engine.carryOut({ zone: { name: Name.parse('example.'), class: CLASS.IN }, carryOut: () => assert.fail('it is not asked') })
    assert.equal(own.rcode, RCODE.SERVFAIL)
  })

  test('that is mended is used with the next reload', async () => {
    const good = await keptBy()
    const keeper = copied(good)
    const [[key, value]] = keeper.space('overlay')
    keeper.space('overlay').set(key, value.subarray(0, 3))
    const running = await bench({ keeper })
    keeper.space('overlay').set(key, value)
    const image = imageOf(ZONE)
    const release = await running.zone.queue.hold()
    await running.zone.open(image, fileOf(image, ZONE))
    release()
    assert.deepEqual(running.records(), (await bench({ keeper: copied(good) })).records())
    assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'NOERROR')
  })
})

/** One octet exchanged, some cut off, or some added. */
function damage(value: Uint8Array, chance: Chance): Uint8Array {
  const kind = chance.below(4)
  if (kind === 0) return value.slice(0, chance.below(value.length))
  if (kind === 1) return Uint8Array.of(...value, ...chance.octets(1 + chance.below(8)))
  const other = value.slice()
  for (let i = 0; i < kind - 1; i++) other[chance.below(other.length)] = chance.below(256)
  return other
}

test('octets of a store exchanged hundreds of times never keep a zone from being served', async (t) => {
  const good = await keptBy()
  const chance = new Chance(4_711)
  const own = Buffer.from(zonePrefix({ name: Name.parse('example.'), class: CLASS.IN })).toString('latin1')
  let [unusable, changed] = [0, 0]
  for (let i = 0; i < 400; i++) {
    const keeper = copied(good)
    const entries = [...keeper.spaces].flatMap(([space, held]) => [...held].filter(([key]) => key.startsWith(own)).map(([key, value]) => ({ space, key, value })))
    const { space, key, value } = chance.pick(entries)
    keeper.space(space).set(key, damage(value, chance))
    const running = await bench({ keeper, expectedOctets: 10_000 })
    const rcode = await running.send('add later.example. 60 A 192.0.2.9')
    assert.ok(rcode === 'NOERROR' || rcode === 'SERVFAIL', `${i}: ${rcode}`)
    if (rcode === 'SERVFAIL') unusable++
    else changed++
    assert.equal(running.faults.length, rcode === 'SERVFAIL' ? 1 : 0, `${i}: ${running.faults.join()}`)
    const records = running.records()
    for (const line of ['ns.example. 3600 A 192.0.2.53', 'deep.ent.example. 300 A 192.0.2.3']) assert.ok(records.includes(line), `${i}: ${line}`)
  }
  t.diagnostic(`${unusable} zones served as their file, ${changed} with what could be read`)
  assert.ok(unusable > 20 && changed > 20)
})

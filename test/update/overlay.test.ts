/** The overlay: the net effect of updates against the file, laid over whatever the file says at a start or reload. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { WireFault } from '../../src/dns/faults.ts'
import { Name } from '../../src/dns/name.ts'
import type { UpdateFlow } from '../../src/update/contract.ts'
import { overlayKey, readEntry, writeEntry, zonePrefix } from '../../src/update/overlay.ts'
import { bench, fileOf, imageOf, MapKeeper, type Bench, ZONE } from './support.ts'

const name = (text: string): Name => Name.parse(text)

/** What the overlay holds: `www.example. A 300 → removed`; the first TTL is the file's. */
function entriesOf({ keeper }: Pick<Bench, 'keeper'>): string[] {
  return [...keeper.space('overlay').values()].map((value) => {
    const { owner, type, ttl, fileTtl } = readEntry(value)
    return `${owner} ${type} ${fileTtl ?? 'none'} → ${ttl ?? 'removed'}`
  }).sort()
}

/** The same zone started again from `text`, with what was kept. */
const restarted = (before: Bench, text = ZONE): Promise<Bench> => bench({ keeper: before.keeper, text })

async function reload(running: Bench, text: string): Promise<void> {
  const image = imageOf(text)
  const resume = await running.zone.queue.hold()
  await running.zone.open(image, fileOf(image, text))
  resume()
}

describe('the net effect', () => {
  const cases: [string, string[], string[]][] = [
    ['what was added', ['add a.example. 60 A 192.0.2.9'], ['a.example. 1 none → 60']],
    ['what was added and removed again: nothing', ['add a.example. 60 A 192.0.2.9', 'delete a.example.'], []],
    ['what the file has and was removed', ['delete www.example. TXT'], ['www.example. 16 300 → removed']],
    ['what the file has, removed and added again: nothing', ['delete www.example. TXT', 'add www.example. 300 TXT "hello"'], []],
    ['what the file has, removed and added again with another TTL', ['delete www.example. TXT', 'add www.example. 60 TXT "hello"'], ['www.example. 16 300 → 60']],
    ['what the file has, with another TTL and then removed', ['add www.example. 60 TXT "hello"', 'delete www.example. TXT'], ['www.example. 16 300 → removed']],
    ['what the file has, with another TTL and then with its own: nothing', ['add www.example. 60 TXT "hello"', 'add www.example. 300 TXT "hello"'], []],
    ['a CNAME that was exchanged', ['add alias.example. 60 CNAME ns.example.'], ['alias.example. 5 300 → removed', 'alias.example. 5 none → 60']],
    ['a CNAME that was exchanged and exchanged back: nothing', ['add alias.example. 60 CNAME ns.example.', 'add alias.example. 300 CNAME www.example.'], []],
    ['a TTL that an addition changed for those beside it', ['add www.example. 60 A 192.0.2.9'], ['www.example. 1 300 → 60', 'www.example. 1 300 → 60', 'www.example. 1 none → 60']],
    ['added and removed in one update: nothing', ['add a.example. 60 A 192.0.2.9; delete a.example.'], []],
  ]
  for (const [what, updates, entries] of cases) {
    test(`${what}`, async () => {
      const running = await bench()
      for (const update of updates) assert.equal(await running.send(update), 'NOERROR')
      assert.deepEqual(entriesOf(running), entries)
      const again = await restarted(running)
      assert.deepEqual(again.records(), running.records(), 'a start serves what was served, serial included')
      assert.deepEqual(entriesOf(again), entries)
      const together = await bench()
      await Promise.all(updates.map((update) => together.send(update)))
      assert.deepEqual(entriesOf(together), entries, 'within one batch too')
    })
  }

  test('RDATA that is too long for a key is known by its digest', async () => {
    const running = await bench()
    const long = (end: string): string => `"${'x'.repeat(200)}${end}"`
    await running.send(`add a.example. 60 TXT ${long('1')}; add a.example. 60 TXT ${long('2')}`)
    assert.equal(entriesOf(running).length, 2)
    await running.send(`delete a.example. TXT ${long('1')}`)
    assert.deepEqual((await restarted(running)).at('a.example. 60 TXT').length, 1)
    assert.ok([...running.keeper.space('overlay').keys()].every((key) => key.length < 100))
  })
})

describe('an edited file', () => {
  test('the administrator’s edit and what was registered both survive', async () => {
    const running = await bench()
    await running.send('add a.example. 60 A 192.0.2.9; delete www.example. TXT')
    const edited = `${ZONE.replace('192.0.2.1', '192.0.2.101')}edited 60 A 192.0.2.88\n`
    await reload(running, edited)
    assert.deepEqual(running.at('www.example. 300'), ['alias.example. 300 CNAME www.example.', 'www.example. 300 A 192.0.2.101', 'www.example. 300 A 192.0.2.2'].slice(1))
    assert.deepEqual([running.at('a.example. 60 A').length, running.at('edited').length], [1, 1])
    assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'NOERROR')
    assert.equal(running.at('b.example.').length, 1)
  })

  test('what the file has come to say is dropped from the overlay, and a later edit of it counts', async () => {
    const running = await bench()
    await running.send('add a.example. 60 A 192.0.2.9; delete www.example. TXT')
    await reload(running, `${ZONE.replace('www 300 TXT "hello"\n', '')}a 60 A 192.0.2.9\n`)
    assert.deepEqual(entriesOf(running), [])
    await reload(running, ZONE)
    assert.deepEqual([running.at('a.example.').length, running.at('TXT').length], [0, 1])
  })

  test('a removal of what the file has come to say is a removal', async () => {
    const running = await bench()
    await running.send('add a.example. 60 A 192.0.2.9')
    await reload(running, `${ZONE}a 60 A 192.0.2.9\n`)
    await running.send('delete a.example.')
    assert.deepEqual(entriesOf(running), ['a.example. 1 60 → removed'])
    assert.deepEqual((await restarted(running, `${ZONE}a 60 A 192.0.2.9\n`)).at('a.example.'), [])
  })

  test('a new TTL in the file holds for records that joined the set, unless an update had changed it', async () => {
    const running = await bench()
    await running.send('add www.example. 300 A 192.0.2.9')
    await reload(running, ZONE.replaceAll('www 300 A', 'www 900 A'))
    assert.equal(running.at('www.example. 900 A').length, 3)
    const changed = await bench()
    await changed.send('add www.example. 60 A 192.0.2.9')
    await reload(changed, ZONE.replaceAll('www 300 A', 'www 900 A'))
    assert.equal(changed.at('www.example. 60 A').length, 3)
  })

  test('what cannot stand in the edited zone gives way to the file', async () => {
    const running = await bench()
    await running.send('add a.example. 60 A 192.0.2.9')
    await reload(running, `${ZONE}a 60 CNAME www\n`)
    assert.deepEqual([running.at('a.example. '), entriesOf(running)], [['a.example. 60 CNAME www.example.'], []])
  })
})

describe('the serial', () => {
  test('never goes back: a start goes on from what was served', async () => {
    const running = await bench()
    for (const i of [1, 2, 3]) await running.send(`add a${i}.example. 60 A 192.0.2.9`)
    assert.equal((await restarted(running)).serial(), 10)
    assert.equal((await restarted(await restarted(running))).serial(), 10, 'and stays where nothing changed')
  })

  test('is the file’s where that is newer', async () => {
    const running = await bench()
    await running.send('add a.example. 60 A 192.0.2.9')
    assert.equal((await restarted(running, ZONE.replace('hostmaster 7', 'hostmaster 100'))).serial(), 100)
  })

  test('moves one on where an edited file has an older one', async () => {
    const running = await bench()
    for (const i of [1, 2, 3]) await running.send(`add a${i}.example. 60 A 192.0.2.9`)
    await reload(running, `${ZONE.replace('hostmaster 7', 'hostmaster 8')}edited 60 A 192.0.2.88\n`)
    assert.equal(running.serial(), 11)
    await reload(running, `${ZONE.replace('hostmaster 7', 'hostmaster 8')}edited 60 A 192.0.2.99\n`)
    assert.equal(running.serial(), 12, 'an edit without a new serial is seen too')
  })

  test('moves one on where what a flow keeps has changed since', async () => {
    const running = await bench()
    await running.send('add a.example. 60 A 192.0.2.9')
    const flow: UpdateFlow = {
      name: 'lease',
      take: () => undefined,
      restore: (draft) => (draft.add(name('l.example.'), TYPE.A, 60, Uint8Array.of(192, 0, 2, 3), true), [{ space: 'lease', key: Uint8Array.of(1), value: undefined }]),
    }
    const again = await bench({ keeper: running.keeper, flows: [flow] })
    assert.deepEqual([again.serial(), again.at('l.example. 60').length], [9, 1])
    assert.deepEqual(entriesOf(again), ['a.example. 1 none → 60'])
  })

  test('of a zone that no update has changed is the file’s', async () => {
    const running = await bench()
    await reload(running, ZONE.replace('hostmaster 7', 'hostmaster 3'))
    assert.deepEqual([running.serial(), running.keeper.calls], [3, 0])
  })

  test('a SOA that an update gave stays until the file is edited', async () => {
    const running = await bench()
    await running.send('add example. 60 SOA ns.example. admin.example. 50 1 2 3 4')
    assert.deepEqual((await restarted(running)).at(' SOA '), ['example. 60 SOA ns.example. admin.example. 50 1 2 3 4'])
    await running.send('add a.example. 60 A 192.0.2.9')
    assert.deepEqual((await restarted(running)).at(' SOA '), ['example. 60 SOA ns.example. admin.example. 51 1 2 3 4'])
    const edited = await restarted(running, ZONE.replace('1h 10m', '2h 10m'))
    assert.deepEqual(edited.at(' SOA '), ['example. 3600 SOA ns.example. hostmaster.example. 52 7200 600 86400 300'])
  })
})

test('records that a flow keeps are no part of the overlay, whoever removes them', async () => {
  const flow: UpdateFlow = { name: 'lease', take: () => undefined, keeps: (_, { owner }) => owner.equals(name('www.example.')) }
  const running = await bench({ flows: [flow] })
  await running.send('delete www.example.; delete alias.example.')
  assert.deepEqual(entriesOf(running), ['alias.example. 5 300 → removed'])
})

test('a store that keeps nothing at the start does not keep the zone from being served', async () => {
  const running = await bench()
  await running.send('add a.example. 60 A 192.0.2.9')
  running.keeper.fail = new Error('read-only')
  const again = await restarted(running, `${ZONE}b 60 A 192.0.2.1\n`)
  assert.deepEqual([again.at('a.example. ').length, again.faults.length], [1, 1])
})

test('zones of one name in two classes, and a zone below another, keep their entries apart', () => {
  const keys = [
    zonePrefix({ name: name('example.'), class: CLASS.IN }), zonePrefix({ name: name('example.'), class: CLASS.LOCAL }), zonePrefix({ name: name('a.example.'), class: CLASS.IN }), zonePrefix({ name: name('.'), class: CLASS.IN }),
  ].map((key) => Buffer.from(key).toString('latin1'))
  for (const key of keys) assert.deepEqual(keys.filter((other) => other.startsWith(key)), [key])
})

test('a record has one key, whatever the case of its names (RFC 2136 1.1.1)', () => {
  const prefix = zonePrefix({ name: name('example.'), class: CLASS.IN })
  const key = (owner: string, target: string): string => Buffer.from(overlayKey(prefix, name('example.'), { owner: name(owner), type: TYPE.CNAME, rdata: name(target).wire })).toString('hex')
  assert.equal(key('A.example.', 'B.'), key('a.EXAMPLE.', 'b.'))
  assert.notEqual(key('a.example.', 'b.'), key('a.example.', 'c.'))
})

test('an entry is read as it was written, and a damaged one is a fault', () => {
  const entry = { owner: name('WWW.example.'), type: TYPE.A, rdata: Uint8Array.of(1, 2, 3, 4), ttl: undefined, fileTtl: 300 }
  const read = readEntry(writeEntry(entry))
  assert.deepEqual({ ...read, owner: read.owner.toString() }, { ...entry, owner: 'WWW.example.' })
  for (const octets of [[], [9], [1, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xc0, 0]]) assert.throws(() => readEntry(Uint8Array.from(octets)), WireFault)
})

test('a keeper that is asked twice for the same start gives the same zone', async () => {
  const keeper = new MapKeeper()
  const first = await bench({ keeper })
  await first.send('add a.example. 60 A 192.0.2.9')
  assert.deepEqual((await bench({ keeper })).records(), (await bench({ keeper })).records())
})

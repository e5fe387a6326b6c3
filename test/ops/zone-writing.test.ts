/**
 * A zone written into its file: the file then says what is served, net changes are gone, the serial stays, and whatever
 * ends the process on the way costs nothing (RFC 2136 3.5). Files, threads and the engine are real; the store is a map.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { loadZones, printZoneAside } from '../../src/ops/zone-jobs.ts'
import { loadZoneFile } from '../../src/ops/zone-load.ts'
import { serialOf, type ServedZone } from '../../src/ops/zone-keeper.ts'
import { writeZone, type WritingWorld, type ZoneWritten } from '../../src/ops/zone-writing.ts'
import { draftOf } from '../../src/ops/replace-file.ts'
import type { UpdateFlow } from '../../src/update/contract.ts'
import { fingerprintOf } from '../../src/zone/fingerprint.ts'
import { ZoneImage } from '../../src/zone/image.ts'
import { printZone } from '../../src/zone/print.ts'
import { bench, grant, imageOf, MapKeeper, recordsOf, SEED, type Bench, ZONE } from '../update/support.ts'
import { makeFolder } from './process.ts'

const COMMENTED = `; kept by hand\n${ZONE}`
const folder = makeFolder({})
after(() => folder.remove())
const PATH = join(folder.path, 'example.zone')
const COPY = join(folder.path, 'copy.zone')
const config = { name: Name.parse('example.'), class: CLASS.IN, file: PATH, grants: [grant()], place: { file: 'w.yaml', line: 1, column: 1 } }
/** What the server's threads do, in this one: they take long to start. */
const world: WritingWorld = {
  load: ({ name, class: rrClass, file, place }) => Promise.resolve(loadZoneFile({ apex: name.wire, class: rrClass, file, place, writable: true }, SEED)),
  print: async (buffer, send) => {
    for (const text of printZone(new ZoneImage(buffer))) await send(text)
  },
}
const threads: WritingWorld = { load: async (zone) => (await loadZones([zone], SEED))[0], print: printZoneAside }
const stateOf = (image: ZoneImage): { serial: number; fingerprint: Uint8Array } => ({ serial: serialOf(image), fingerprint: fingerprintOf(image) })

/** The server started over the file as it is, with what was kept. */
function start(keeper = new MapKeeper(), flows: UpdateFlow[] = []): Promise<Bench> {
  return bench({ keeper, flows, text: readFileSync(PATH, 'utf8'), stateOf })
}

/** The zone's file read again, as a reload does. */
async function reload({ zone }: Bench): Promise<void> {
  const image = imageOf(readFileSync(PATH, 'utf8'))
  const release = await zone.queue.hold()
  await zone.open(image, stateOf(image))
  release()
}

const servedOf = ({ zone }: Bench): ServedZone => ({ config, image: zone.image, serial: zone.serial, loadedAtMs: 0, loadMs: 0, refusal: undefined, writable: zone })
const write = (running: Bench, parts: { file?: string; leases?: boolean } = {}, through: Partial<WritingWorld> = {}): Promise<ZoneWritten> =>
  writeZone(servedOf(running), { file: parts.file, leases: parts.leases ?? false }, { ...world, ...through })
const inFile = (path = PATH): string[] => recordsOf(imageOf(readFileSync(path, 'utf8')))
const ticks = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

beforeEach(() => writeFileSync(PATH, COMMENTED))

describe('the zone’s own file', () => {
  const cases: [string, string[]][] = [
    ['records added and removed', ['add a.example. 60 A 192.0.2.9; delete www.example. TXT', 'add a.example. 60 TXT "x y" "z"']],
    ['a name that is gone, and one below it that is not', ['add x.www.example. 60 A 192.0.2.9', 'delete www.example.']],
    ['another TTL', ['add www.example. 60 A 192.0.2.2']],
    ['a CNAME exchanged', ['add alias.example. 60 CNAME ns.example.']],
    ['a SOA that an update gave', ['add example. 60 SOA ns.example. admin.example. 50 1 2 3 4', 'add a.example. 60 A 192.0.2.9']],
    ['the serial alone', ['add a.example. 60 A 192.0.2.9', 'delete a.example.']],
    ['types that nobody knows and labels that need care', ['add \\\\\\.a\\032b.example. 60 TYPE65280 \\# 3 010203', 'add *.example. 60 A 192.0.2.9']],
  ]
  for (const [what, updates] of cases) {
    it(`says what is served: ${what}`, async () => {
      const running = await start()
      for (const update of updates) assert.equal(await running.send(update), 'NOERROR')
      const changes = (await running.zone.netChanges()).length
      const [records, serial] = [running.records(), running.serial()]
      assert.deepEqual(await write(running), { file: PATH, serial, isOwn: true, changes })
      assert.deepEqual([inFile(), running.records()], [records, records])
      assert.deepEqual([running.zone.changeCount, await running.zone.netChanges(), running.zone.file.serial], [0, [], serial])
      const again = await start(running.keeper)
      assert.deepEqual([again.records(), again.serial(), again.zone.changeCount], [records, serial, 0], 'a start serves it, and steps no serial')
      await reload(again)
      assert.equal(again.serial(), serial, 'nor does a reload')
    })
  }

  it('is left alone where it says so already: comments and all', async () => {
    const running = await start()
    const before = statSync(PATH).ino
    assert.deepEqual(await write(running), { file: PATH, serial: 7, isOwn: true, changes: 0 })
    assert.deepEqual([readFileSync(PATH, 'utf8'), statSync(PATH).ino, running.keeper.calls], [COMMENTED, before, 0])
    await running.send('add a.example. 60 A 192.0.2.9')
    await write(running)
    const written = statSync(PATH).ino
    assert.equal((await write(running)).changes, 0)
    assert.equal(statSync(PATH).ino, written, 'a second time there is nothing to write')
  })

  it('goes on from there: updates are seen from the new file', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9')
    await write(running)
    await running.send('delete a.example.; add b.example. 60 A 192.0.2.8')
    assert.deepEqual((await running.zone.netChanges()).map(({ kind, owner }) => `${kind} ${owner}`), ['removed example.', 'added example.', 'removed a.example.', 'added b.example.'])
    const again = await start(running.keeper)
    assert.deepEqual([again.records(), again.at('a.example. ')], [running.records(), []])
    await write(again)
    assert.deepEqual([inFile(), again.zone.changeCount], [running.records(), 0])
  })

  it('holds nothing that stands by a lease, which goes on to stand by it', async () => {
    const leased: UpdateFlow = { name: 'lease', take: () => undefined, restore: (draft) => (draft.add(Name.parse('l.example.'), TYPE.A, 60, Uint8Array.of(192, 0, 2, 3), true), []) }
    const running = await start(new MapKeeper(), [leased])
    await running.send('add a.example. 60 A 192.0.2.9')
    await write(running)
    const isLeased = (line: string): boolean => line.startsWith('l.example.')
    assert.deepEqual(inFile(), running.records().filter((line) => !isLeased(line)))
    const again = await start(running.keeper, [leased])
    assert.deepEqual([again.records(), again.serial()], [running.records(), running.serial()])
    await assert.rejects(write(running, { leases: true }), /^Error: Cannot write leased records into the zone's own file as they would stand there for ever: name another file$/)
    await assert.rejects(write(running, { file: PATH, leases: true }), /for ever/)
  })

  it('is left as it was where somebody has edited it since, and says what to do', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9')
    for (const edited of [`${ZONE}edited 60 A 192.0.2.88\n`, ZONE.replace('hostmaster 7', 'hostmaster 9'), ZONE.replace('www 300 TXT', 'www 301 TXT')]) {
      writeFileSync(PATH, edited)
      for (const file of [undefined, COPY]) {
        await assert.rejects(write(running, file === undefined ? {} : { file }), /^Error: Cannot write zone example\. as its file \/.*example\.zone was edited since it was read, and the edit would be lost: waggle zone reload example\. first$/)
      }
      assert.deepEqual([readFileSync(PATH, 'utf8'), running.zone.changeCount, existsSync(COPY)], [edited, 1, false])
    }
    await reload(running)
    await write(running)
    assert.ok(inFile().some((line) => line.includes('301 TXT')) && inFile().some((line) => line.startsWith('a.example.')), 'both survive then')
  })

  it('is left as it was where it has errors by now, or is gone', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9')
    writeFileSync(PATH, `${ZONE}bad A 1.2.3\n`)
    await assert.rejects(write(running), /^Error: Cannot write zone example\. as its file \/.*example\.zone cannot be used by now \(Cannot parse A address .*\): correct it, then waggle zone reload example\.$/)
    assert.deepEqual([readFileSync(PATH, 'utf8'), running.zone.changeCount], [`${ZONE}bad A 1.2.3\n`, 1])
  })

  it('is left as it was where the draft does not read as what is served', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9')
    const print: WritingWorld['print'] = (buffer, send) => world.print(buffer, (text) => send(text.replace('192.0.2.9', '192.0.2.8')))
    await assert.rejects(write(running, {}, { print }), /^Error: Cannot write \/.*example\.zone: what was written does not read as what is served$/)
    assert.deepEqual([readFileSync(PATH, 'utf8'), existsSync(draftOf(PATH)), running.zone.changeCount], [COMMENTED, false, 1])
    assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'NOERROR', 'and updates go on')
  })

  it('is written between updates: those that come meanwhile wait, and are no part of it', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9')
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    const writing = write(running, {}, { print: (buffer, send) => gate.then(() => world.print(buffer, send)) })
    const sent = running.send('add later.example. 60 A 192.0.2.9')
    await ticks()
    assert.deepEqual(running.at('later.example.'), [])
    open()
    await writing
    assert.equal(await sent, 'NOERROR')
    assert.deepEqual((await running.zone.netChanges()).slice(2).map(({ owner }) => owner.toString()), ['later.example.'])
    assert.ok(!inFile().some((line) => line.startsWith('later')))
    assert.deepEqual((await start(running.keeper)).records(), running.records())
  })

  it('is written for a frozen zone too', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9')
    await running.zone.freeze()
    await write(running)
    assert.deepEqual([inFile(), running.zone.isFrozen], [running.records(), true])
  })

  it('is left alone where no update changes the zone', async () => {
    const image = imageOf(ZONE)
    const plain: ServedZone = { ...servedOf(await start()), image, serial: 7, writable: undefined }
    assert.deepEqual(await writeZone(plain, { file: undefined, leases: false }, world), { file: PATH, serial: 7, isOwn: true, changes: 0 })
    assert.equal(readFileSync(PATH, 'utf8'), COMMENTED)
  })
})

describe('the process ending on the way', () => {
  const never = new Promise<never>(() => undefined)
  /** Where it ends, and whether the file is the new one by then. */
  const steps: [string, (running: Bench) => Partial<WritingWorld>, boolean][] = [
    ['before a word is written', () => ({ print: () => never }), false],
    ['in the middle of the draft', () => ({ print: async (_, send) => (await send('@ 3600 IN SOA ns host'), never) }), false],
    ['while the draft is read again', () => ({ load: (zone) => (zone.file === PATH ? world.load(zone) : never) }), false],
    ['behind the rename, before the store is told', (running) => ({ load: async (zone) => {
      if (zone.file !== PATH) running.keeper.wait = never
      return world.load(zone)
    } }), true],
  ]
  const UPDATES = ['add a.example. 60 A 192.0.2.9; delete www.example. TXT', 'add ns.example. 60 A 192.0.2.53', 'add alias.example. 60 CNAME ns.example.', 'add b.example. 60 A 192.0.2.9', 'delete b.example.']

  for (const [where, through, isNew] of steps) {
    it(`${where}: a start serves what was served`, async () => {
      const running = await start()
      for (const update of UPDATES) assert.equal(await running.send(update), 'NOERROR')
      void write(running, {}, through(running))
      for (let i = 0; i < 400 && (isNew ? readFileSync(PATH, 'utf8') === COMMENTED : i < 60); i++) await ticks()
      assert.equal(readFileSync(PATH, 'utf8') !== COMMENTED, isNew)
      running.keeper.wait = undefined
      const again = await start(running.keeper)
      const withoutSoa = (lines: string[]): string[] => lines.filter((line) => !line.includes(' SOA '))
      assert.deepEqual(withoutSoa(again.records()), withoutSoa(running.records()))
      assert.ok(again.serial() === running.serial() || (isNew && again.serial() === running.serial() + 1), `serial ${running.serial()} became ${again.serial()}`)
      assert.equal(again.zone.changeCount, isNew ? 0 : running.zone.changeCount)
      const served = again.records()
      await write(again)
      assert.deepEqual([inFile(), existsSync(draftOf(PATH)), again.records()], [served, false, served], 'and it can be written then')
    })
  }

  it('leaves records with the TTL that they were served with, where the file had come to say another', async () => {
    const running = await start()
    await running.send('add www.example. 300 A 192.0.2.9')
    writeFileSync(PATH, ZONE.replaceAll('www 300 A', 'www 900 A'))
    await reload(running)
    assert.equal(running.at('www.example. 900 A').length, 3)
    void write(running, {}, steps[3][1](running))
    for (let i = 0; i < 400 && !readFileSync(PATH, 'utf8').includes('192.0.2.9'); i++) await ticks()
    running.keeper.wait = undefined
    assert.equal((await start(running.keeper)).at('www.example. 900 A').length, 3)
  })
})

describe('a store that fails once the file is written', () => {
  it('is told, and the next update makes good for it before it counts', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9; delete www.example. TXT')
    const load: WritingWorld['load'] = async (zone) => {
      if (zone.file !== PATH) running.keeper.fail = new Error('disk full')
      return world.load(zone)
    }
    await assert.rejects(write(running, {}, { load }), /^Error: disk full$/)
    assert.ok(inFile().some((line) => line.startsWith('a.example.')))
    assert.equal(await running.send('add c.example. 60 A 192.0.2.9'), 'SERVFAIL', 'as long as it fails')
    running.keeper.fail = undefined
    assert.equal(await running.send('delete a.example.; add www.example. 300 TXT "hello"'), 'NOERROR')
    const again = await start(running.keeper)
    assert.deepEqual([again.records(), again.at('a.example. ')], [running.records(), []], 'what the new file has and was removed stays away')
  })

  it('at a reload is made good for in the same way', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9')
    writeFileSync(PATH, `${ZONE}a 60 A 192.0.2.9\n`)
    running.keeper.fail = new Error('disk full')
    await reload(running)
    running.keeper.fail = undefined
    await running.send('delete a.example.')
    assert.deepEqual((await start(running.keeper)).at('a.example. '), [])
  })
})

describe('another file', () => {
  it('gets a copy without leases, and the zone’s own file and changes stay as they are', async () => {
    const running = await start()
    await running.send('add a.example. 60 A 192.0.2.9')
    assert.deepEqual(await write(running, { file: COPY }), { file: COPY, serial: 8, isOwn: false, changes: 0 })
    assert.deepEqual([inFile(COPY), readFileSync(PATH, 'utf8'), running.zone.changeCount], [running.records(), COMMENTED, 1])
  })

  it('gets leased records where that is wanted, and a zone that no update changes as it is', async () => {
    const leased: UpdateFlow = { name: 'lease', take: () => undefined, restore: (draft) => (draft.add(Name.parse('l.example.'), TYPE.A, 60, Uint8Array.of(192, 0, 2, 3), true), []) }
    const running = await start(new MapKeeper(), [leased])
    await write(running, { file: COPY, leases: true })
    assert.deepEqual(inFile(COPY), running.records())
    await writeZone({ ...servedOf(running), image: imageOf(ZONE), writable: undefined }, { file: COPY, leases: false }, world)
    assert.deepEqual(inFile(COPY), recordsOf(imageOf(ZONE)))
  })
})

it('a zone that outgrows the block of its file is laid into a larger one', async () => {
  const running = await start()
  for (let i = 0; i < 8; i++) await running.send(Array.from({ length: 100 }, (_, j) => `add n${i}-${j}.example. 60 TXT "${'x'.repeat(60)}"`).join(';'))
  assert.deepEqual(recordsOf(await running.zone.settled(imageOf(ZONE, 'example.', { expectedOctets: 1_000 }))), running.records())
})

it('reading and printing go on in threads of their own, as in the server', async () => {
  const running = await start()
  await running.send('add a.example. 60 A 192.0.2.9')
  await write(running, {}, threads)
  assert.deepEqual([inFile(), running.zone.changeCount], [running.records(), 0])
})

it('whatever updates there were, the file says what is served and a start serves the same', async () => {
  const owner = fc.constantFrom('www.example.', 'a.example.', 'b.a.example.', 'alias.example.')
  const command = fc.oneof(
    fc.tuple(owner, fc.constantFrom(60, 300), fc.integer({ min: 1, max: 3 })).map(([at, ttl, last]) => `add ${at} ${ttl} A 192.0.2.${last}`),
    owner.map((at) => `delete ${at}`),
    owner.map((at) => `add ${at} 60 CNAME ns.example.`),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fc.array(command, { minLength: 1, maxLength: 3 }), { maxLength: 4 }), { minLength: 1, maxLength: 2 }), async (rounds) => {
      writeFileSync(PATH, COMMENTED)
      const running = await start()
      for (const updates of rounds) {
        for (const update of updates) await running.send(update.join('; '))
        await write(running)
        assert.deepEqual([inFile(), running.zone.changeCount], [running.records(), 0])
      }
      const again = await start(running.keeper)
      assert.deepEqual(again.records(), running.records())
    }),
    { numRuns: 25 },
  )
})

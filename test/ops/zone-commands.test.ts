/**
 * What the control socket says of zones that updates change: asked as the command line asks, over zones of a real
 * engine; the reload alone is the test's, which says what reading the file gave.
 */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { CLASS } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import type { Commanded } from '../../src/ops/command-parts.ts'
import { commandsOf } from '../../src/ops/commands.ts'
import type { ControlAnswer } from '../../src/ops/control.ts'
import type { ServedZone, ZoneOutcome } from '../../src/ops/zone-keeper.ts'
import type { ZoneCopy, ZoneWritten } from '../../src/ops/zone-writing.ts'
import { bench, fileOf, imageOf, type Bench, ZONE } from '../update/support.ts'

const SIGNED = `${ZONE}@ 3600 DNSKEY 257 3 13 AAAA\n@ 3600 RRSIG SOA 13 1 3600 20300101000000 20200101000000 1 example. AAAA\n`

/** Zones in service as the keeper has them, and what was told of them. */
class Bees implements Commanded {
  readonly served: ServedZone[] = []
  readonly told: unknown[] = []
  readonly reloads: (string | undefined)[] = []
  readonly copies: [string, ZoneCopy][] = []
  /** What writing gives. */
  written: ZoneWritten = { file: '/z/example.zone', serial: 8, isOwn: true, changes: 3 }
  /** What a reload does. */
  onReload: () => Promise<ZoneOutcome[]> = () => Promise.resolve([])

  add(name: string, rrClass: number, writable?: Bench): void {
    const image = writable?.zone.image ?? imageOf(ZONE, name, { rrClass })
    const config = { name: Name.parse(name), class: rrClass, file: `/z/${name}zone`, place: { file: 'w.yaml', line: 1, column: 1 } }
    this.served.push({ config, image, serial: 7, loadedAtMs: 0, loadMs: 2, refusal: undefined, writable: writable?.zone })
  }

  zones = (): ServedZone[] => this.served
  find = (name: Name, rrClass: number): ServedZone | undefined => this.served.find(({ config }) => config.name.equals(name) && config.class === rrClass)
  metrics = (): [] => []
  leasesIn = (): number => 3
  agents = (): [] => []
  explain = (): undefined => undefined
  dump = (zone: ServedZone, send: (text: string) => Promise<void>): Promise<void> => send(`${zone.config.class}`)
  write = (zone: ServedZone, copy: ZoneCopy): Promise<ZoneWritten> => {
    this.copies.push([zone.config.name.toString(), copy])
    return Promise.resolve(this.written)
  }
  tell = (event: string, fields: object): void => void this.told.push([event, fields])
  reload(key?: string): Promise<ZoneOutcome[]> {
    this.reloads.push(key)
    return this.onReload()
  }
}

let bees: Bees
let running: Bench
let sent = ''

beforeEach(async () => {
  bees = new Bees()
  running = await bench()
  bees.add('example.', CLASS.IN, running)
  bees.add('plain.example.', CLASS.LOCAL)
  bees.add('plain.example.', CLASS.IN)
  bees.add('floor.example.', CLASS.LOCAL)
  sent = ''
})

const ask = (command: string, fields: Record<string, unknown> = {}): Promise<ControlAnswer> =>
  commandsOf(bees)({ command, ...fields }, (text) => Promise.resolve(void (sent += text))).catch((error: unknown) => ({ ok: false, error: (error as Error).message }))

/** Reads `text` as the zone's file, as the keeper does. */
async function read(text: string): Promise<ZoneOutcome[]> {
  const release = await running.zone.queue.hold()
  await running.zone.open(imageOf(text), fileOf(imageOf(text), text))
  release()
  const warning = { file: '/z/x', line: 3, column: 1, severity: 'warning', message: 'it is odd' } as const
  return [{ zone: 'example.', class: 'IN', outcome: 'reloaded', serial: running.zone.serial, findings: [warning] }]
}

describe('zone freeze', () => {
  it('says since which serial, is logged once, and may be said again', async () => {
    await running.send('add a.example. 60 A 192.0.2.9')
    assert.deepEqual(await ask('zone freeze', { zone: 'Example' }), { ok: true, zone: 'example.', class: 'IN', serial: 8, wasFrozen: false })
    assert.deepEqual(await ask('zone freeze', { zone: 'example.' }), { ok: true, zone: 'example.', class: 'IN', serial: 8, wasFrozen: true })
    assert.deepEqual(bees.told, [['zone frozen', { zone: 'example.', class: 'IN', serial: 8 }]])
    assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'REFUSED')
  })

  it('is shown by zone list and zone status', async () => {
    await ask('zone freeze', { zone: 'example.' })
    const list = (await ask('zone list')) as unknown as { zones: { zone: string; locked?: string }[] }
    assert.equal(list.zones[0].locked, 'the zone is frozen by its administrator')
    const { status } = (await ask('zone status', { zone: 'example.' })) as unknown as { status: { frozen: boolean; writable: boolean } }
    assert.deepEqual([status.writable, status.frozen], [true, true])
  })

  it('fails for a zone that no update can change, and says why', async () => {
    for (const command of ['zone freeze', 'zone thaw']) {
      assert.match(String((await ask(command, { zone: 'plain.example.' }) as { error: string }).error), new RegExp(`^Cannot ${command.slice(5)} zone plain\\.example\\. as no update can change it: .* neither grants nor register$`))
    }
    running = await bench({ text: SIGNED })
    bees.served[0].writable = running.zone
    assert.match((await ask('zone freeze', { zone: 'example.' }) as { error: string }).error, /^Cannot freeze zone example\.: the zone is signed beforehand/)
  })
})

describe('zone thaw', () => {
  it('reads the file again before it takes updates, and hands on what was found', async () => {
    await running.send('add a.example. 60 A 192.0.2.9')
    await ask('zone freeze', { zone: 'example.' })
    let midway = ''
    bees.onReload = async () => {
      midway = await running.send('add b.example. 60 A 192.0.2.9')
      return read(`${ZONE}edited 60 A 192.0.2.88\n`)
    }
    assert.deepEqual(await ask('zone thaw', { zone: 'example.' }), { ok: true, zone: 'example.', class: 'IN', previousSerial: 8, serial: 9, wasFrozen: true, findings: ['/z/x:3:1: warning: it is odd'] })
    assert.equal(midway, 'REFUSED')
    assert.deepEqual(bees.reloads, [Name.parse('example.').key])
    assert.deepEqual(bees.told.at(-1), ['zone thawed', { zone: 'example.', class: 'IN', previousSerial: 8, serial: 9 }])
    assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'NOERROR')
    assert.deepEqual([running.at('edited').length, running.at('a.example. 60 A').length], [1, 1])
  })

  it('leaves the zone frozen where its file has errors, and tells them', async () => {
    await ask('zone freeze', { zone: 'example.' })
    const error = { file: '/z/x', line: 3, column: 9, severity: 'error', message: 'Cannot parse TTL "1x"' } as const
    bees.onReload = () => Promise.resolve([{ zone: 'example.', class: 'IN', outcome: 'kept', findings: [error] }])
    const answer = await ask('zone thaw', { zone: 'example.' })
    assert.deepEqual(answer, { ok: false, error: '/z/x:3:9: Cannot parse TTL "1x"\nCannot thaw zone example. as its file has errors: it stays frozen, with the records that it had' })
    assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'REFUSED')
    bees.onReload = () => read(ZONE)
    assert.equal((await ask('zone thaw', { zone: 'example.' })).ok, true)
    assert.equal(await running.send('add b.example. 60 A 192.0.2.9'), 'NOERROR')
  })

  it('leaves the zone frozen where the config cannot be read, as a reload of all shares its run', async () => {
    await ask('zone freeze', { zone: 'example.' })
    bees.onReload = () => Promise.reject(new Error('Cannot reload as the config has errors:'))
    assert.deepEqual(await ask('zone thaw', { zone: 'example.' }), { ok: false, error: 'Cannot reload as the config has errors:' })
    assert.equal(running.zone.isFrozen, true)
  })

  it('of a zone that is not frozen reads nothing', async () => {
    assert.deepEqual(await ask('zone thaw', { zone: 'example.' }), { ok: true, zone: 'example.', class: 'IN', serial: 7, wasFrozen: false, findings: [] })
    assert.deepEqual([bees.reloads, bees.told], [[], []])
  })
})

describe('zone status', () => {
  it('tells what is served, what the file has, and how far updates have led from it', async () => {
    await running.send('add a.example. 60 A 192.0.2.9; delete www.example. TXT')
    const { status } = (await ask('zone status', { zone: 'example.' })) as unknown as { status: Record<string, unknown> }
    const { octets, ...rest } = status
    assert.ok(Number(octets) > 0)
    assert.deepEqual(rest, {
      zone: 'example.', class: 'IN', file: '/z/example.zone', serial: 8, records: 11, loaded: '1970-01-01T00:00:00.000Z', loadMs: 2,
      updates: 1, writable: true, frozen: false, fileSerial: 7, changes: 2, leases: 3,
    })
  })

  it('of a zone that no update changes tells the same serial twice', async () => {
    const { status } = (await ask('zone status', { zone: 'plain.example.' })) as unknown as { status: Record<string, unknown> }
    const { serial, fileSerial, writable, frozen, changes, leases } = status
    assert.deepEqual({ serial, fileSerial, writable, frozen, changes, leases }, { serial: 7, fileSerial: 7, writable: false, frozen: false, changes: 0, leases: 0 })
  })
})

describe('zone diff', () => {
  it('prints both sides in master-file form, aligned as a dump is', async () => {
    await running.send('add a.example. 60 A 192.0.2.9; delete www.example. TXT')
    assert.deepEqual(await ask('zone diff', { zone: 'example.' }), { ok: true, changes: 4 })
    assert.deepEqual(sent.split('\n'), [
      '-example.                    3600 IN SOA    ns.example. hostmaster.example. 7 3600 600 86400 300',
      '+example.                    3600 IN SOA    ns.example. hostmaster.example. 8 3600 600 86400 300',
      '+a.example.                    60 IN A      192.0.2.9',
      '-www.example.                 300 IN TXT    "hello"',
      '',
    ])
  })

  it('or as JSON, for scripts', async () => {
    await running.send('add a.example. 60 A 192.0.2.9')
    await ask('zone diff', { zone: 'example.', json: true })
    const { changes, ...head } = JSON.parse(sent) as { changes: Record<string, unknown>[] }
    assert.deepEqual(head, { zone: 'example.', class: 'IN', serial: 8, fileSerial: 7 })
    assert.deepEqual(changes.map((change) => Object.values(change).slice(0, 5)), [['removed', 'example.', 3600, 'IN', 'SOA'], ['added', 'example.', 3600, 'IN', 'SOA'], ['added', 'a.example.', 60, 'IN', 'A']])
    assert.deepEqual(changes[2], { change: 'added', name: 'a.example.', ttl: 60, class: 'IN', type: 'A', rdata: '192.0.2.9' })
  })

  it('is nothing where updates have changed nothing, or may not', async () => {
    for (const zone of ['example.', 'plain.example.']) assert.deepEqual(await ask('zone diff', { zone }), { ok: true, changes: 0 })
    assert.equal(sent, '')
    await ask('zone diff', { zone: 'plain.example.', json: true })
    assert.deepEqual(JSON.parse(sent), { zone: 'plain.example.', class: 'IN', serial: 7, fileSerial: 7, changes: [] })
  })

  it('comes in pieces where it is long', async () => {
    for (let i = 0; i < 10; i++) await running.send(Array.from({ length: 200 }, (_, j) => `add n${i * 200 + j}.example. 60 A 192.0.2.9`).join(';'))
    const pieces: string[] = []
    const answer = await commandsOf(bees)({ command: 'zone diff', zone: 'example.' }, (text) => Promise.resolve(void pieces.push(text)))
    assert.deepEqual(answer, { ok: true, changes: 2_002 })
    assert.ok(pieces.length >= 2 && pieces.every((piece) => piece.endsWith('\n') && piece.length < 70_000), `${pieces.length} pieces`)
    assert.equal(pieces.join('').split('\n').length, 2_003)
  })
})

describe('zone write', () => {
  it('writes the zone’s own file or another, and is logged', async () => {
    assert.deepEqual(await ask('zone write', { zone: 'example.' }), { ok: true, zone: 'example.', class: 'IN', file: '/z/example.zone', serial: 8, isOwn: true, changes: 3, isWritten: true })
    bees.written = { file: '/b/copy', serial: 8, isOwn: false, changes: 0 }
    assert.deepEqual(await ask('zone write', { zone: 'example.', file: '/b/copy', leases: true }), { ok: true, zone: 'example.', class: 'IN', ...bees.written, isWritten: true })
    assert.deepEqual(bees.copies, [['example.', { file: undefined, leases: false }], ['example.', { file: '/b/copy', leases: true }]])
    assert.deepEqual(bees.told, [
      ['zone written', { zone: 'example.', class: 'IN', file: '/z/example.zone', serial: 8, changes: 3 }],
      ['zone written', { zone: 'example.', class: 'IN', file: '/b/copy', serial: 8, changes: 0 }],
    ])
  })

  it('says where there was nothing to write, and logs nothing then', async () => {
    bees.written = { file: '/z/example.zone', serial: 7, isOwn: true, changes: 0 }
    const { isWritten } = (await ask('zone write', { zone: 'example.' })) as unknown as { isWritten: boolean }
    assert.deepEqual([isWritten, bees.told], [false, []])
  })

  it('takes whole paths only, as the server stands in another folder than who asks', async () => {
    for (const [file, wanted] of [['copy', /must be a whole path$/], ['', /must be a whole path$/], [7, /"file" must be text$/]] as const) {
      assert.match((await ask('zone write', { zone: 'example.', file }) as { error: string }).error, wanted)
    }
    assert.deepEqual(bees.copies, [])
  })
})

describe('the zone that a command means', () => {
  it('is that of class IN, or the only one, unless a class is named', async () => {
    const cases: [Record<string, unknown>, string][] = [
      [{ zone: 'plain.example' }, String(CLASS.IN)],
      [{ zone: 'PLAIN.example.', class: 'LOCAL' }, String(CLASS.LOCAL)],
      [{ zone: 'floor.example.' }, String(CLASS.LOCAL)],
    ]
    for (const [fields, wanted] of cases) {
      sent = ''
      assert.deepEqual(await ask('zone dump', fields), { ok: true })
      assert.equal(sent, wanted, JSON.stringify(fields))
    }
  })

  it('is told where there is none', async () => {
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ zone: 'exmple.' }, /^Cannot find zone exmple\. as it is not served; did you mean "?example\.?"?/],
      [{ zone: 'floor.example.', class: 'IN' }, /^Cannot find zone floor\.example\. in class IN; it is served in class LOCAL$/],
      [{ zone: 'example.', class: 'XX' }, /^Cannot find zone example\. as class "XX" is unknown$/],
      [{ zone: 7 }, /"zone" must be text$/],
      [{}, /"zone" must be text$/],
      [{ zone: 'example.', class: 1 }, /"class" must be text$/],
      [{ zone: 'a..b' }, /^Cannot parse name/],
    ]
    for (const command of ['zone dump', 'zone write', 'zone diff', 'zone status', 'zone freeze', 'zone thaw']) {
      for (const [fields, wanted] of cases) assert.match((await ask(command, fields) as { error: string }).error, wanted, `${command} ${JSON.stringify(fields)}`)
    }
  })
})

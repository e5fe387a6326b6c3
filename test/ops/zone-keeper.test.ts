/**
 * Which zones are in service after a load: new ones where the files are good, the old ones where they are not.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import type { ConfigZone } from '../../src/ops/config.ts'
import type { Finding } from '../../src/ops/finding.ts'
import type { Log, LogEvent } from '../../src/ops/log.ts'
import type { LoadedZone } from '../../src/ops/zone-jobs.ts'
import { serialOf, ZoneKeeper } from '../../src/ops/zone-keeper.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import type { ZoneDirectory } from '../../src/zone/directory.ts'
import { ZoneImage } from '../../src/zone/image.ts'

const SEED = 7

function zoneOf(name: string, rrClass: number = CLASS.IN): ConfigZone {
  return { name: Name.parse(name), class: rrClass, file: `/z/${name}`, place: { file: 'w.yaml', line: 1, column: 1 } }
}

function bufferOf(zone: ConfigZone, serial: number): SharedArrayBuffer {
  const builder = new ZoneBuilder({ apex: zone.name.wire, class: zone.class, seed: SEED })
  const rdata = Buffer.concat([Name.parse('ns.example.').wire, Name.parse('mail.example.').wire, Buffer.alloc(20)])
  rdata.writeUInt32BE(serial, rdata.length - 20)
  builder.add(zone.name.wire, TYPE.SOA, 60, rdata, rdata.length)
  return builder.finish().buffer
}

const BAD: Finding = { file: '/z/bad', line: 3, column: 9, severity: 'error', message: 'Cannot parse TTL "1x"' }

/** A keeper whose files are the serials in `files`; a missing one is a bad file. */
function makeKeeper(files: Map<string, number>) {
  const lines: [LogEvent, Record<string, unknown>][] = []
  const log: Log = (event, fields) => void lines.push([event, fields as Record<string, unknown>])
  const published: ZoneDirectory[] = []
  const asked: string[][] = []
  const load = async (zones: readonly ConfigZone[]): Promise<LoadedZone[]> => {
    asked.push(zones.map((zone) => zone.name.toString()))
    return zones.map((zone) => {
      const serial = files.get(zone.name.toString())
      const buffer = serial === undefined ? undefined : bufferOf(zone, serial)
      return { buffer, findings: serial === undefined ? [BAD] : [], loadMs: 1, serial: serial ?? 0, records: 1 }
    })
  }
  const keeper = new ZoneKeeper({ seed: SEED, load, publish: async (directory) => void published.push(directory), log, nowMs: () => 1_000 })
  const served = () => Object.fromEntries(keeper.zones.map(({ config, serial }) => [config.name.toString(), serial]))
  return { keeper, lines, published, asked, served }
}

describe('the zones in service', () => {
  const [a, b, c] = ['a.example.', 'b.example.', 'c.example.'].map((name) => zoneOf(name))

  it('are those of the config, found by name in their class', async () => {
    const local = zoneOf('a.example.', CLASS.LOCAL)
    const { keeper, published } = makeKeeper(new Map([['a.example.', 5]]))
    const outcomes = await keeper.apply([a, local])
    assert.deepEqual(outcomes.map(({ zone, class: rrClass, outcome, serial }) => [zone, rrClass, outcome, serial]), [['a.example.', 'IN', 'loaded', 5], ['a.example.', 'LOCAL', 'loaded', 5]])
    assert.equal(published.length, 1)
    const name = new LookupName(SEED)
    name.load(Name.parse('www.a.example.').wire, 0)
    assert.equal(published[0].indexFor(name, CLASS.IN), 0)
    assert.equal(published[0].indexFor(name, CLASS.LOCAL), 1)
    assert.equal(published[0].indexFor(name, CLASS.CH), -1)
    assert.equal(keeper.find({ name: a.name, class: CLASS.LOCAL })?.config, local)
    assert.equal(keeper.find({ name: b.name, class: CLASS.IN }), undefined)
  })

  it('change in one step: one new directory for a whole reload', async () => {
    const files = new Map([['a.example.', 1], ['b.example.', 1]])
    const { keeper, published, served } = makeKeeper(files)
    await keeper.apply([a, b])
    files.set('a.example.', 2).set('b.example.', 2)
    const outcomes = await keeper.apply([a, b])
    assert.deepEqual(outcomes.map(({ outcome, previousSerial, serial }) => [outcome, previousSerial, serial]), [['reloaded', 1, 2], ['reloaded', 1, 2]])
    assert.equal(published.length, 2)
    assert.deepEqual(served(), { 'a.example.': 2, 'b.example.': 2 })
  })

  it('stay as they were where a new file is bad, and the log says where', async () => {
    const files = new Map([['a.example.', 1], ['b.example.', 1]])
    const { keeper, lines, served } = makeKeeper(files)
    await keeper.apply([a, b])
    files.delete('a.example.')
    files.set('b.example.', 2)
    const outcomes = await keeper.apply([a, b])
    assert.deepEqual(outcomes.map(({ outcome }) => outcome), ['kept', 'reloaded'])
    assert.deepEqual(served(), { 'a.example.': 1, 'b.example.': 2 })
    assert.equal(keeper.find({ name: a.name, class: CLASS.IN })?.refusal, 'Cannot parse TTL "1x"')
    const told = lines.slice(2).map(([event, { zone, at, text }]) => [event, zone, at, text])
    assert.deepEqual(told, [
      ['zone error', 'a.example.', '/z/bad:3:9', 'Cannot parse TTL "1x"'],
      ['zone kept', 'a.example.', undefined, undefined],
      ['zone reloaded', 'b.example.', undefined, undefined],
    ])
    files.set('a.example.', 3)
    await keeper.apply([a, b])
    assert.equal(keeper.find({ name: a.name, class: CLASS.IN })?.refusal, undefined)
  })

  it('come and go with the config', async () => {
    const files = new Map([['a.example.', 1], ['b.example.', 1]])
    const { keeper, served } = makeKeeper(files)
    await keeper.apply([a])
    const outcomes = await keeper.apply([b, c])
    assert.deepEqual(outcomes.map(({ zone, outcome }) => [zone, outcome]), [['b.example.', 'loaded'], ['c.example.', 'refused'], ['a.example.', 'removed']])
    assert.deepEqual(served(), { 'b.example.': 1 })
  })

  it('can be loaded one alone, the others untouched', async () => {
    const files = new Map([['a.example.', 1], ['b.example.', 1]])
    const { keeper, asked, served } = makeKeeper(files)
    await keeper.apply([a, b])
    files.set('a.example.', 2).set('b.example.', 2)
    await keeper.apply([a, b], (zone) => zone.name.equals(a.name))
    assert.deepEqual(asked.at(-1), ['a.example.'])
    assert.deepEqual(served(), { 'a.example.': 2, 'b.example.': 1 })
  })

  it('warn of a serial that went backwards, in the arithmetic of RFC 1982 3.2', async () => {
    for (const [from, to, warns] of [[10, 9, true], [10, 11, false], [10, 10, false], [0xffff_ffff, 0, false], [0, 0xffff_ffff, true]] as const) {
      const files = new Map([['a.example.', from as number]])
      const { keeper, lines } = makeKeeper(files)
      await keeper.apply([a])
      files.set('a.example.', to)
      await keeper.apply([a])
      assert.equal(lines.some(([event]) => event === 'zone serial went backwards'), warns, `${from} to ${to}`)
    }
  })

  it('tell their serial as their SOA has it (RFC 1035 3.3.13)', () => {
    assert.equal(serialOf(new ZoneImage(bufferOf(a, 4_294_967_295))), 4_294_967_295)
  })
})

/**
 * What the main thread looks up in zones in service: the zone above a name, and the keys at a name.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { keysIn, zoneAbove } from '../../src/ops/zone-lookup.ts'
import { ZoneBuilder } from '../../src/zone/builder.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { ZoneEditor } from '../../src/zone/editor.ts'
import type { ZoneImage } from '../../src/zone/image.ts'

const SEED = 4242
const wire = (text: string): Uint8Array => Name.parse(text).wire
const KEY = Uint8Array.of(0, 0, 3, 13, 1, 2, 3)

function zoneOf(apex: string, rrClass: number = CLASS.IN, seed: number = SEED): ZoneImage {
  const builder = new ZoneBuilder({ apex: wire(apex), class: rrClass, seed, expectedOctets: 200_000 })
  const soa = new Uint8Array([...wire('ns.example.'), ...wire('hostmaster.example.'), ...new Uint8Array(20)])
  builder.add(wire(apex), TYPE.SOA, 60, soa, soa.length)
  builder.add(wire(apex), TYPE.KEY, 60, KEY, KEY.length)
  return builder.finish()
}

const zones = [zoneOf('example.'), zoneOf('sub.example.'), zoneOf('local.example.', CLASS.LOCAL)]
const directory = new ZoneDirectory(zones, SEED)

test('the zone nearest above a name is found, in its class', () => {
  const cases: [string, number, number][] = [
    ['example.', CLASS.IN, 0], ['www.Example.', CLASS.IN, 0], ['sub.example.', CLASS.IN, 1], ['a.b.SUB.example.', CLASS.IN, 1],
    ['a.local.example.', CLASS.LOCAL, 2], ['a.local.example.', CLASS.IN, 0], ['a.example.', CLASS.LOCAL, -1], ['example.net.', CLASS.IN, -1], ['.', CLASS.IN, -1],
  ]
  for (const [name, rrClass, index] of cases) assert.equal(zoneAbove(directory, SEED, Name.parse(name), rrClass), zones[index], `${name} ${rrClass}`)
})

test('where there is no zone none is found, and zones of another seed are found by theirs', () => {
  const name = Name.parse('www.example.')
  assert.equal(zoneAbove(new ZoneDirectory([], SEED), SEED, name, CLASS.IN), undefined)
  const other = zoneOf('example.', CLASS.IN, SEED + 1)
  const others = new ZoneDirectory([other], SEED + 1)
  for (let round = 0; round < 2; round++) {
    assert.equal(zoneAbove(others, SEED + 1, name, CLASS.IN), other)
    assert.equal(zoneAbove(directory, SEED, name, CLASS.IN), zones[0])
  }
})

test('keys at a name are those committed last, whatever the case of the name', () => {
  const [zone] = zones
  assert.deepEqual(keysIn(zone, Name.parse('EXAMPLE.')), [KEY])
  assert.deepEqual(keysIn(zone, Name.parse('host.example.')), [])
  const editor = new ZoneEditor(zone)
  editor.begin()
  const [one, two] = [Uint8Array.of(0, 0, 3, 15, 9), Uint8Array.of(0, 0, 3, 13, 8, 8)]
  editor.putRRset(wire('host.example.'), TYPE.KEY, 60, [one, two])
  assert.deepEqual(keysIn(zone, Name.parse('host.example.')), [], 'not before the commit')
  editor.commit()
  assert.deepEqual(keysIn(zone, Name.parse('Host.example.')), [one, two])
  editor.begin()
  editor.removeRRset(wire('host.example.'), TYPE.KEY)
  editor.commit()
  assert.deepEqual(keysIn(zone, Name.parse('host.example.')), [])
})

test('a name that holds other types has no keys', () => {
  const editor = new ZoneEditor(zones[1])
  editor.begin()
  editor.putRRset(wire('www.sub.example.'), TYPE.A, 60, [Uint8Array.of(192, 0, 2, 1)])
  editor.commit()
  assert.deepEqual(keysIn(zones[1], Name.parse('www.sub.example.')), [])
})

/** The nearest zone among many (RFC 1034 4.3.2 step 2), against the plain way of looking at every suffix. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CLASS } from '../../src/dns/codes.ts'
import { LookupName } from '../../src/dns/lookup-name.ts'
import { Name } from '../../src/dns/name.ts'
import { ZoneDirectory } from '../../src/zone/directory.ts'
import { SEED, zoneOf } from '../authority/ask.ts'

const lookup = new LookupName(SEED)

function nearest(directory: ZoneDirectory, name: string, rrClass: number = CLASS.IN, from = 0): string | undefined {
  lookup.load(Name.parse(name).wire, 0)
  const zone = directory.zones[directory.indexFor(lookup, rrClass, from)]
  return zone === undefined ? undefined : Name.fromWire(zone.octets, zone.foldedNameAt(zone.apex)).toString()
}

function directoryOf(names: readonly string[], rrClass: number = CLASS.IN): ZoneDirectory {
  return new ZoneDirectory(names.map((name) => zoneOf(name, '', rrClass)), SEED)
}

test('the longest suffix wins, whatever the case (RFC 1034 4.3.2 step 2)', () => {
  const directory = directoryOf(['example.', 'Sub.example.', 'a.b.sub.example.', 'test.'])
  assert.equal(nearest(directory, 'www.SUB.example.'), 'sub.example.')
  assert.equal(nearest(directory, 'b.sub.example.'), 'sub.example.')
  assert.equal(nearest(directory, 'x.y.z.a.b.sub.example.'), 'a.b.sub.example.')
  assert.equal(nearest(directory, 'example.'), 'example.')
  assert.equal(nearest(directory, 'xsub.example.'), 'example.')
  assert.equal(nearest(directory, 'org.'), undefined)
  assert.equal(nearest(directory, '.'), undefined)
})

test('a root zone holds every name (RFC 1034 3.1)', () => {
  const directory = directoryOf(['.', 'example.'])
  assert.deepEqual([nearest(directory, '.'), nearest(directory, 'a.test.'), nearest(directory, 'a.example.')], ['.', '.', 'example.'])
})

test('label 1 and onward leaves out the zone of the very name, so that DS finds the zone above (RFC 4035 3.1.4.1)', () => {
  const directory = directoryOf(['example.', 'sub.example.'])
  assert.deepEqual([nearest(directory, 'sub.example.', CLASS.IN, 1), nearest(directory, 'example.', CLASS.IN, 1)], ['example.', undefined])
  assert.equal(nearest(directoryOf(['.']), '.', CLASS.IN, 1), undefined)
})

test('classes are worlds apart (RFC 1034 4.2)', () => {
  const zones = [zoneOf('example.', '', CLASS.LOCAL), zoneOf('sub.example.', '')]
  const directory = new ZoneDirectory(zones, SEED)
  assert.deepEqual([nearest(directory, 'a.sub.example.', CLASS.LOCAL), nearest(directory, 'a.sub.example.'), nearest(directory, 'a.example.')], ['example.', 'sub.example.', undefined])
})

test('a directory without zones knows none', () => {
  assert.equal(nearest(directoryOf([]), 'example.'), undefined)
})

test('a name of 127 labels finds its zone', () => {
  assert.equal(nearest(directoryOf(['a.a.', 'b.']), 'a.'.repeat(127)), 'a.a.')
  assert.equal(nearest(directoryOf(['a.'.repeat(126), 'a.']), 'a.'.repeat(127)), 'a.'.repeat(126))
})

const name = fc.array(fc.constantFrom('a', 'b', 'C'), { maxLength: 5 }).map((labels) => (labels.length === 0 ? '.' : `${labels.join('.')}.`))

test('any zones, any name: as a look at every suffix finds it', () => {
  fc.assert(
    fc.property(fc.uniqueArray(name, { maxLength: 12, selector: (one) => one.toLowerCase() }), name, fc.constantFrom(0, 1), (zones, asked, from) => {
      const suffixes: string[] = []
      for (let suffix = Name.parse(asked); ; suffix = suffix.parent()) {
        suffixes.push(suffix.toString().toLowerCase())
        if (suffix.wire[0] === 0) break
      }
      const held = new Set(zones.map((zone) => zone.toLowerCase()))
      assert.equal(nearest(directoryOf(zones), asked, CLASS.IN, from), suffixes.slice(from).find((suffix) => held.has(suffix)))
    }),
    { numRuns: 300 },
  )
})

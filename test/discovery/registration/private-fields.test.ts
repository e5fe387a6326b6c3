/** Fields of user agents: parted from what is served, kept, and read back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WireFault } from '../../../src/dns/faults.ts'
import { Name } from '../../../src/dns/name.ts'
import { parseRecord } from '../../../src/dns/record-text.ts'
import { keepFields, partPrivate, PRIVATE_FIELDS, readFields, validUntilMs } from '../../../src/discovery/registration/private-fields.ts'
import { stringsOf } from '../../../src/discovery/srp/capabilities.ts'
import { MapKeeper } from '../../update/support.ts'

const ZONE = { name: Name.parse('acme.example.'), class: 1 }
const AGENT = Name.parse('me._ua.acme.example.')
const part = (...lines: string[]) => partPrivate(lines.map((line) => parseRecord(line, ZONE.name)))

test('private strings are parted from the others, in any case, with or without a value', () => {
  const { open, fields } = part('me._ua 60 IN TXT "user=a" "x=y" "TYPE" " location =1"', 'me._ua 60 IN TXT "permissions=all"', 'me._ua 60 IN A 192.0.2.1')
  assert.deepEqual(fields, ['user=a', 'TYPE', ' location =1', 'permissions=all'])
  assert.deepEqual([open.length, stringsOf(open[0].rdata)], [2, ['x=y']])
})

test('only TXT of a user agent has private strings', () => {
  for (const line of ['me._sa 60 IN TXT "user=a"', 'www 60 IN TXT "user=a"', 'me._ua 60 IN HINFO "user=a" "x"', 'me._ua 60 IN TXT "username=a" "x user=a"']) {
    assert.deepEqual([part(line).fields, part(line).open.length], [[], 1], line)
  }
})

test('whatever strings there are, none that is private is served and none is lost', () => {
  const anyText = fc.oneof(fc.constantFrom(...PRIVATE_FIELDS, 'x', 'User', 'user-name').chain((key) => fc.string({ unit: 'grapheme-ascii', maxLength: 20 }).map((value) => `${key}=${value}`)), fc.string({ unit: 'binary-ascii', maxLength: 30 }))
  fc.assert(fc.property(fc.array(anyText, { minLength: 1, maxLength: 8 }), (texts) => {
    const rdata = Buffer.concat(texts.map((text) => Buffer.from(`${String.fromCharCode(text.length)}${text}`, 'latin1')))
    const { open, fields } = partPrivate([{ ...parseRecord('me._ua 60 IN TXT x', ZONE.name), rdata }])
    const served = open.flatMap((record) => stringsOf(record.rdata))
    assert.ok(served.every((text) => !PRIVATE_FIELDS.has(text.split('=')[0].trim().toLowerCase())))
    assert.deepEqual([...served, ...fields].sort(), [...texts].sort())
  }))
})

test('fields are kept under the agent of a zone, and dropped where there are none', async () => {
  const keeper = new MapKeeper()
  await keeper.keep([keepFields(ZONE, AGENT, ['user=a', 'type=b'])])
  assert.deepEqual(readFields(keeper, ZONE, Name.parse('ME._ua.acme.example.')), ['user=a', 'type=b'])
  assert.deepEqual([readFields(keeper, { ...ZONE, class: 65_440 }, AGENT), readFields(keeper, ZONE, ZONE.name)], [[], []])
  await keeper.keep([keepFields(ZONE, AGENT, [])])
  assert.equal(keeper.space('agent').size, 0)
  await keeper.keep([{ ...keepFields(ZONE, AGENT, ['x']), value: Uint8Array.of(9) }])
  assert.throws(() => readFields(keeper, ZONE, AGENT), WireFault)
})

test('validity is a time, or endless where nothing is said', () => {
  assert.equal(validUntilMs(['user=a', 'Valid-Until=2027-01-01T00:00:00Z']), Date.UTC(2027, 0, 1))
  assert.deepEqual([validUntilMs([]), validUntilMs(['valid-until=never']), validUntilMs(['valid-until='])], [Infinity, NaN, NaN])
})

/** RFC 3597: types that the server has never heard of go from the zone file to the answer as the octets they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeMessage } from '../../src/dns/message.ts'
import { asker, assertResponse, converser, zoneOf } from '../authority/ask.ts'
import { load } from '../zone/support.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'

test('2, 3 any octets of any unassigned type are answered unchanged', () => {
  const types = fc.integer({ min: 4096, max: 61_439 }).filter((type) => type < 32_768 || type > 32_770)
  fc.assert(fc.property(types, fc.uint8Array({ maxLength: 400 }), (type, octets) => {
    const rdata = octets.length === 0 ? '\\# 0' : `\\# ${octets.length} ${Buffer.from(octets).toString('hex').toUpperCase()}`
    const ask = asker(zoneOf('example.', `${HEAD}h TYPE${type} ${rdata}\n`))
    assert.deepEqual(ask(`h.example. TYPE${type}`, { tcp: true }).answer, [`h.example. 60 IN TYPE${type} ${rdata}`])
  }), { numRuns: 100 })
})

test('3 an unknown type that is not at the name is NODATA; it is no reason to refuse', () => {
  assertResponse(asker(zoneOf('example.', HEAD))('ns.example. TYPE4711'), { authority: ['example. 60 IN SOA ns.example. admin.example. 1 2 3 4 60'] })
})

test('3 an unknown type is found by wildcards, aliases and ANY like every other', () => {
  const ask = asker(zoneOf('example.', `${HEAD}*.w TYPE4711 \\# 1 07\nalias CNAME x.w\n`))
  assert.deepEqual(ask('alias.example. TYPE4711').answer, ['alias.example. 60 IN CNAME x.w.example.', 'x.w.example. 60 IN TYPE4711 \\# 1 07'])
  assert.deepEqual(ask('y.w.example. ANY').answer, ['y.w.example. 60 IN TYPE4711 \\# 1 07'])
})

test('3 a class that is not known is refused, the question kept', () => {
  const response = converser([zoneOf('example.', HEAD)])('ns.example. A CLASS4711')
  assert.deepEqual([response.rcode, response.flags, response.question], ['REFUSED', '', 'ns.example. CLASS4711 A'])
})

test('4 nothing in unknown data is compressed, though it reads like the name asked for; the owner is', () => {
  const name = '01680765786 16d706c6500'.replace(' ', '')
  const zone = zoneOf('example.', `${HEAD}h TYPE4711 \\# ${name.length / 2} ${name}\n`)
  const response = converser([zone])('h.example. TYPE4711')
  assert.equal(response.octets, 12 + 15 + 12 + name.length / 2)
  assert.equal(response.answer[0], `h.example. 60 IN TYPE4711 \\# ${name.length / 2} ${name.toUpperCase()}`)
})

test('4 names in types of RFC 1035 are compressed, in later types they stand whole', () => {
  const ask = asker(zoneOf('example.', `${HEAD}h MX 1 h\nh SRV 1 2 3 h\nh KX 1 h\nh SVCB 1 h\nh PTR h\nd DNAME h\n`))
  const sizes = ['MX', 'PTR', 'SRV', 'KX', 'SVCB'].map((type) => ask(`h.example. ${type}`).octets - 12 - 15 - 12)
  assert.deepEqual(sizes, [4, 2, 6 + 11, 2 + 11, 2 + 11])
})

test('5 TYPEnnn, CLASSnnn and \\# name what has other names as well, in any mixture', () => {
  const ask = asker(zoneOf('example.', `${HEAD}h CLASS1 TYPE1 192.0.2.1\nh IN A \\# 4 C0000202\nh CLASS1 TYPE1 \\# ( 4 c0\n 000203 )\n`))
  assert.deepEqual(ask('h.example. TYPE1').answer, ['h.example. 60 IN A 192.0.2.1', 'h.example. 60 IN A 192.0.2.2', 'h.example. 60 IN A 192.0.2.3'])
})

test('5 data in \\# of a known type must be that type’s, or the zone is not loaded', () => {
  assert.equal(load(`${HEAD}h A \\# 3 C00002\n`, 'example.').image, undefined)
})

test('6 unknown data are equal octet by octet: a change of case makes another record, the same octets make none', () => {
  const ask = asker(zoneOf('example.', `${HEAD}h TYPE4711 \\# 2 0141\nh TYPE4711 \\# 2 0161\nh TYPE4711 \\# 2 0141\n`))
  assert.deepEqual(ask('h.example. TYPE4711').answer.map((record) => record.split(' ').at(-1)), ['0141', '0161'])
  const known = asker(zoneOf('example.', `${HEAD}h MX 1 A\nh MX 1 a\n`))
  assert.equal(known('h.example. MX').answer.length, 1)
})

test('7 unknown types have no additional records', () => {
  assert.deepEqual(asker(zoneOf('example.', `${HEAD}h TYPE4711 \\# 14 0001026E73076578616D706C6500\n`))('h.example. TYPE4711').additional, [])
})

test('a response with unknown data is read and written again as the same octets', () => {
  const { message, octets } = converser([zoneOf('example.', `${HEAD}h TYPE4711 \\# 3 C00C00\n`)])('h.example. TYPE4711')
  assert.equal(encodeMessage(message).length, octets)
})

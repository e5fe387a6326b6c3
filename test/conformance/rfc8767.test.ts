/** RFC 8767 is for caches. An authoritative server has nothing that can grow stale, and these tests hold it to that. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EDE, OPTION } from '../../src/dns/codes.ts'
import { encodeQuery, exchange, serverOf, zoneOf } from '../authority/ask.ts'

const zone = zoneOf('example.', '@ 60 SOA ns admin 1 2 3 4 60\n@ 60 NS ns\nns 5 A 192.0.2.1\n')

test('4 TTLs do not run down: an answer is the same after a second, a year, and a clock that went back', () => {
  let now = 1_800_000_000
  const server = serverOf([zone], { nowSeconds: () => now })
  const ask = () => exchange(server, encodeQuery('ns.example. A', { size: 1232 }))
  const first = ask()
  assert.deepEqual(first?.answer, ['ns.example. 5 IN A 192.0.2.1'])
  for (const step of [1, 60, 31_536_000, -63_072_000]) {
    now += step
    assert.deepEqual(ask(), first)
  }
})

test('4 no answer says that it is stale', () => {
  const server = serverOf([zone])
  for (const question of ['ns.example. A', 'none.example. A', 'www.test. A']) {
    const codes = exchange(server, encodeQuery(question, { size: 1232 }))?.edns?.options.filter(([code]) => code === OPTION.EDE).map(([, octets]) => parseInt(octets.slice(0, 4), 16)) ?? []
    assert.ok(!codes.some((code) => code === EDE.STALE_ANSWER || code === EDE.STALE_NXDOMAIN_ANSWER))
  }
})

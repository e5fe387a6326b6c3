/** RFC 8020: NXDOMAIN means that nothing is there, and nothing below it either. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { asker, zoneOf } from '../authority/ask.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const label = fc.constantFrom('a', 'b', 'c', 'd')
const path = fc.array(label, { minLength: 1, maxLength: 5 })

test('2 in any zone without wildcards: a name is NXDOMAIN just where no name of the zone is at or below it', () => {
  fc.assert(fc.property(fc.array(path, { minLength: 1, maxLength: 8 }), fc.array(path, { minLength: 4, maxLength: 12 }), (held, asked) => {
    const names = held.map((labels) => labels.join('.'))
    const ask = asker(zoneOf('example.', HEAD + names.map((name) => `${name} TXT t\n`).join('')))
    for (const name of asked.map((labels) => labels.join('.'))) {
      const exists = names.some((other) => other === name || other.endsWith(`.${name}`))
      assert.equal(ask(`${name}.example. A`).rcode, exists ? 'NOERROR' : 'NXDOMAIN', `${name} among ${names.join(' ')}`)
    }
  }), { numRuns: 200 })
})

test('2 where a name is NXDOMAIN, so is every name below it', () => {
  fc.assert(fc.property(fc.array(path, { minLength: 1, maxLength: 6 }), path, path, (held, asked, below) => {
    const ask = asker(zoneOf('example.', HEAD + held.map((labels) => `${labels.join('.')} TXT t\n`).join('')))
    if (ask(`${asked.join('.')}.example. A`).rcode === 'NXDOMAIN') assert.equal(ask(`${[...below, ...asked].join('.')}.example. A`).rcode, 'NXDOMAIN')
  }), { numRuns: 200 })
})

test('3.1 NXDOMAIN of a name is not said for the names beside it or above it', () => {
  const ask = asker(zoneOf('example.', `${HEAD}x.y.z TXT t\n`))
  assert.deepEqual(['w.y.z', 'x.y.z', 'y.z', 'z', 'w.z', 'x.x.y.z'].map((name) => ask(`${name}.example. TXT`).rcode), ['NXDOMAIN', 'NOERROR', 'NOERROR', 'NOERROR', 'NXDOMAIN', 'NXDOMAIN'])
})

test('2 at the end of an alias it is the target that does not exist: the alias itself does', () => {
  const ask = asker(zoneOf('example.', `${HEAD}alias CNAME gone\nx.alias TXT t\n`))
  assert.equal(ask('alias.example. A').rcode, 'NXDOMAIN')
  assert.deepEqual([ask('alias.example. CNAME').rcode, ask('x.alias.example. TXT').rcode], ['NOERROR', 'NOERROR'])
})

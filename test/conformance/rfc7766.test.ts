/** RFC 7766, the part of it that concerns messages and not sockets: what is different in a response for having come over TCP. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { converser, zoneOf } from '../authority/ask.ts'

const records = (count: number): string => Array.from({ length: count }, (_, i) => `n${count} TXT ${i} ${'x'.repeat(60)}\n`).join('')
const zone = zoneOf('example.', `$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nsub NS ns.test.\nalias CNAME ns\n${[1, 10, 100, 700].map(records).join('')}`)
const converse = converser([zone])

test('5 TCP and UDP give the same response, octet by octet in number, as long as it fits', () => {
  for (const question of ['ns.example. A', 'ns.example. TXT', 'none.example. A', 'x.sub.example. A', 'alias.example. A', 'www.test. A', 'n1.example. TXT']) {
    for (const asking of [{}, { size: 1232 }, { dnssec: true }]) assert.deepEqual(converse(question, { ...asking, tcp: true }), converse(question, asking), question)
  }
})

test('5 what is truncated over UDP is whole over TCP: there is no limit of 512 octets, nor that of EDNS', () => {
  for (const count of [10, 100, 700]) {
    const name = `n${count}.example. TXT`
    assert.equal(converse(name).flags, 'aa tc', name)
    for (const asking of [{}, { size: 512 }, { size: 1232 }]) {
      const response = converse(name, { ...asking, tcp: true })
      assert.deepEqual([response.flags, response.answer.length], ['aa', count])
    }
  }
})

test('8 a message over TCP has at most 65,535 octets; what does not fit in these is truncated', () => {
  const strings = Array.from({ length: 250 }, () => `"${'x'.repeat(255)}"`).join(' ')
  const alias = zoneOf('example.', `$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nbig TXT ${strings}\nalias CNAME big\n${Array.from({ length: 60 }, (_, i) => `big RRSIG TXT 13 2 60 20370101000000 20260101000000 ${i} example. ${'AAAA'.repeat(100)}\n`).join('')}`)
  const whole = converser([alias])('alias.example. TXT', { tcp: true })
  assert.deepEqual([whole.flags, whole.answer.length], ['aa', 2])
  const signed = converser([alias])('alias.example. TXT', { tcp: true, dnssec: true })
  assert.deepEqual([signed.flags, signed.answer.length], ['aa tc', 1], 'a set and its signatures are not parted')
})

/** RFC 7828: how long an idle connection lives, told over TCP to those who ask. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPTION } from '../../src/dns/codes.ts'
import { converser, zoneOf } from '../authority/ask.ts'

const zone = zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n')
const converse = converser([zone], { keepalive: 100 })
const wanted = (data = ''): { options: [number, string][] } => ({ options: [[OPTION.TCP_KEEPALIVE, data]] })

test('3.3.2 over TCP the time is told in units of 100 ms, with every kind of answer', () => {
  for (const question of ['ns.example. A', 'none.example. A', 'www.test. A']) {
    assert.deepEqual(converse(question, { ...wanted(), tcp: true }).edns?.options.filter(([code]) => code === OPTION.TCP_KEEPALIVE), [[OPTION.TCP_KEEPALIVE, '0064']])
  }
})

test('3.3.1 over UDP the option is ignored: the answer comes without it', () => {
  const response = converse('ns.example. A', wanted())
  assert.deepEqual([response.rcode, response.answer.length, response.edns?.options], ['NOERROR', 1, []])
})

test('3.3.2 whoever does not ask is not told', () => {
  assert.deepEqual(converse('ns.example. A', { size: 1232, tcp: true }).edns?.options, [])
})

test('3.2.1 a time in the query, which a client may not send, does no harm', () => {
  assert.deepEqual(converse('ns.example. A', { ...wanted('0001'), tcp: true }).edns?.options, [[OPTION.TCP_KEEPALIVE, '0064']])
})

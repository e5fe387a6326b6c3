/** RFC 5001: the server's identifier in answers of every kind, to those who ask for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OPTION } from '../../src/dns/codes.ts'
import { converser, zoneOf } from '../authority/ask.ts'

const zone = zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nsub NS ns.test.\n')
const NSID = Buffer.from('ns1.fra')
const converse = converser([zone], { nsid: NSID })
const wanted = { options: [[OPTION.NSID, '']] as [number, string][] }

test('2.2 whoever asks is told, whatever the answer is, over UDP and TCP', () => {
  for (const question of ['ns.example. A', 'ns.example. MX', 'none.example. A', 'x.sub.example. A', 'www.test. A', 'ns.example. AXFR', 'version.bind. TXT CH']) {
    for (const tcp of [false, true]) {
      const told = converse(question, { ...wanted, tcp }).edns?.options.filter(([code]) => code === OPTION.NSID)
      assert.deepEqual(told, [[OPTION.NSID, NSID.toString('hex')]], question)
    }
  }
})

test('2.1 whoever does not ask is not told', () => {
  assert.deepEqual([converse('ns.example. A').edns, converse('ns.example. A', { size: 1232 }).edns?.options], [null, []])
})

test('2.1 what the option of a query holds is ignored, and asking twice is asking once', () => {
  for (const options of [[[OPTION.NSID, 'ff00ff']], [[OPTION.NSID, ''], [OPTION.NSID, '01']]] as [number, string][][]) {
    assert.deepEqual(converse('ns.example. A', { options }).edns?.options, [[OPTION.NSID, NSID.toString('hex')]])
  }
})

test('2.2 a server without identifier leaves the option out', () => {
  assert.deepEqual(converser([zone])('ns.example. A', wanted).edns?.options, [])
})

test('2.3 the identifier is the server’s own octets, of any kind', () => {
  const octets = Uint8Array.from({ length: 64 }, (_, i) => 255 - i)
  assert.deepEqual(converser([zone], { nsid: octets })('ns.example. A', wanted).edns?.options, [[OPTION.NSID, Buffer.from(octets).toString('hex')]])
})

test('2 the identifier does not decide what is answered', () => {
  const [plain, told] = [converse('ns.example. A', { size: 1232 }), converse('ns.example. A', wanted)]
  assert.deepEqual([told.header, told.answer, told.octets], [plain.header, plain.answer, plain.octets + 4 + NSID.length])
})

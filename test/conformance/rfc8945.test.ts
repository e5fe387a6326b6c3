/** RFC 8945, the least of it: a signed question meets a server without keys, which says so and gives away nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { exchange, serverOf, zoneOf } from '../authority/ask.ts'
import { opt, query, u16, wire } from '../server/messages.ts'

const zone = zoneOf('example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\nalias CNAME ns\nsub NS ns.test.\n')

function tsig(key = 'key.example.', algorithm = 'hmac-sha256.'): Uint8Array {
  const rdata = [...wire(algorithm), 0, 0, 0x6b, 0x49, 0xd2, 0, ...u16(300), ...u16(32), ...new Uint8Array(32).fill(7), 0x12, 0x34, 0, 0, 0, 0]
  return Uint8Array.from([...wire(key), ...u16(TYPE.TSIG), ...u16(CLASS.ANY), 0, 0, 0, 0, ...u16(rdata.length), ...rdata])
}

const ask = (name: string, ...additional: Uint8Array[]) => exchange(serverOf([zone]), query({ name, additional }))

test('5.2.1 whatever is asked, the response is NOTAUTH with BADKEY, the question, and no data', () => {
  for (const name of ['ns.example.', 'none.example.', 'alias.example.', 'x.sub.example.', 'www.test.']) {
    const response = ask(name, tsig())
    assert.deepEqual([response?.rcode, response?.flags, response?.question], ['NOTAUTH', '', `${name} IN A`])
    assert.deepEqual([response?.answer, response?.authority], [[], []])
    assert.match(response?.additional[0] ?? '', /^key\.example\. 0 ANY TSIG hmac-sha256\. .* 4660 BADKEY 0/)
  }
})

test('5.2.1 any key and any algorithm is as unknown as the other', () => {
  for (const [key, algorithm] of [['.', 'hmac-md5.sig-alg.reg.int.'], ['KEY.example.', 'hmac-sha512.'], ['a.b.c.test.', 'made.up.']]) {
    assert.equal(ask('ns.example.', tsig(key, algorithm))?.rcode, 'NOTAUTH')
  }
})

test('5.1 TSIG stays the last record of the response, behind OPT', () => {
  const response = ask('ns.example.', opt(), tsig())
  assert.deepEqual([response?.rcode, response?.edns?.version, response?.additional.length], ['NOTAUTH', 0, 1])
})

test('5.2 TSIG that is not the last record, or not alone, is FORMERR', () => {
  assert.deepEqual([ask('ns.example.', tsig(), opt())?.rcode, ask('ns.example.', tsig(), tsig())?.rcode], ['FORMERR', 'FORMERR'])
})

test('the next question, unsigned, is answered: nothing of the key is kept', () => {
  const server = serverOf([zone])
  assert.equal(exchange(server, query({ name: 'ns.example.', additional: [tsig()] }))?.rcode, 'NOTAUTH')
  const plain = exchange(server, query({ name: 'ns.example.' }))
  assert.deepEqual([plain?.rcode, plain?.answer.length, plain?.additional], ['NOERROR', 1, []])
})

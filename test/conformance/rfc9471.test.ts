/** RFC 9471: a referral holds all glue that it cannot do without, or says by TC that it does not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { asker, assertResponse, zoneOf } from '../authority/ask.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const over = (text: string) => asker(zoneOf('test.', HEAD + text))

/** A delegation of `foo` to `count` servers called `ns<i>.<where>`, each with both addresses. */
function delegation(count: number, where: string): string {
  return Array.from({ length: count }, (_, i) => `foo NS ns${i}.${where}\nns${i}.${where} A 192.0.2.${i}\nns${i}.${where} AAAA 2001:db8::${i}\n`).join('')
}

test('2.1 glue of in-domain servers: all of their addresses are in the referral', () => {
  assertResponse(over('foo NS ns1.foo\nfoo NS ns2.foo\nns1.foo A 192.0.2.1\nns2.foo AAAA 2001:db8::2\n')('www.foo.test. A'), {
    flags: '',
    authority: ['foo.test. 60 IN NS ns1.foo.test.', 'foo.test. 60 IN NS ns2.foo.test.'],
    additional: ['ns1.foo.test. 60 IN A 192.0.2.1', 'ns2.foo.test. 60 IN AAAA 2001:db8::2'],
  })
})

test('2.1 a server that bears the very name of the cut is in-domain', () => {
  assert.deepEqual(over('foo NS foo\nfoo A 192.0.2.1\n')('x.foo.test. A').additional, ['foo.test. 60 IN A 192.0.2.1'])
})

test('2.2 glue of sibling servers, below another cut of the zone, is sent too where it fits', () => {
  assert.deepEqual(over('foo NS ns1.bar\nbar NS ns1.bar\nns1.bar A 192.0.2.1\n')('www.foo.test. A').additional, ['ns1.bar.test. 60 IN A 192.0.2.1'])
})

test('2.3 two zones that are each other’s servers: the glue of either comes with the referral to the other', () => {
  const ask = over('foo NS ns1.bar\nbar NS ns1.foo\nns1.bar A 192.0.2.1\nns1.foo A 192.0.2.2\n')
  assert.deepEqual(ask('www.foo.test. A').additional, ['ns1.bar.test. 60 IN A 192.0.2.1'])
  assert.deepEqual(ask('www.bar.test. A').additional, ['ns1.foo.test. 60 IN A 192.0.2.2'])
})

test('2.4 a glue record that is missing is missing: servers without address, and those of other zones, add nothing', () => {
  assertResponse(over('foo NS ns1.foo\nfoo NS ns.elsewhere.example.\n')('www.foo.test. A'), {
    flags: '', authority: ['foo.test. 60 IN NS ns1.foo.test.', 'foo.test. 60 IN NS ns.elsewhere.example.'],
  })
})

for (const count of [1, 3, 6, 7, 8, 9, 10, 13, 20]) {
  test(`3.1 ${count} in-domain servers in 512 octets: every address, or TC`, () => {
    const { flags, authority, additional, octets } = over(delegation(count, 'foo'))('www.foo.test. A')
    assert.equal(authority.length, count)
    assert.equal(flags.includes('tc'), additional.length < 2 * count)
    assert.ok(octets <= 512)
  })

  test(`3.2 ${count} sibling servers in 512 octets: as many addresses as fit, and no TC`, () => {
    const { flags, authority, additional, octets } = over(`bar NS ns.example.\n${delegation(count, 'bar')}`)('www.foo.test. A')
    assert.deepEqual([flags, authority.length, octets <= 512], ['', count, true])
    assert.ok(additional.length === 2 * count || octets > 512 - 28 - 16, 'no room is left for one more')
  })
}

test('3.1 over TCP, or in a larger response, the same referral is whole', () => {
  const ask = over(delegation(13, 'foo'))
  for (const asking of [{ tcp: true }, { size: 1232 }]) assert.deepEqual([ask('www.foo.test. A', asking).flags, ask('www.foo.test. A', asking).additional.length], ['', 26])
})

test('3.1 in-domain glue goes before sibling glue where not all fits', () => {
  const siblings = Array.from({ length: 8 }, (_, i) => `foo NS ns${i}.bar\nns${i}.bar A 192.0.2.${i}\nns${i}.bar AAAA 2001:db8::${i}\n`).join('')
  const { flags, additional } = over(`bar NS ns.example.\n${siblings}foo NS ns.foo\nns.foo A 192.0.2.99\nns.foo AAAA 2001:db8::99\n`)('www.foo.test. A')
  const inDomain = additional.filter((record) => record.startsWith('ns.foo.test.'))
  assert.equal(flags.includes('tc'), inDomain.length < 2, 'in-domain glue is there, or TC says that it is not')
})

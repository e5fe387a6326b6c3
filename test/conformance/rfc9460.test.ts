/** RFC 9460: SVCB and HTTPS as a zone holds them and as an answer brings what a client asks for next. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asker, assertResponse, converser, zoneOf } from '../authority/ask.ts'
import { load } from '../zone/support.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const over = (text: string) => asker(zoneOf('example.', HEAD + text))

describe('RFC 9460 2: records', () => {
  test('2.1 the presentation form goes into the zone in any order of keys and comes out in theirs', () => {
    const { answer } = over('s SVCB 16 h port=53 key667="a b" alpn="h2,h3" mandatory=port ipv6hint=2001:db8::1 no-default-alpn\n')('s.example. SVCB')
    assert.deepEqual(answer, ['s.example. 60 IN SVCB 16 h.example. mandatory=port alpn=h2,h3 no-default-alpn port=53 ipv6hint=2001:db8::1 key667="a b"'])
  })

  test('2.1 a key that stands twice, or a value that its key does not take, keeps the zone from being loaded', () => {
    for (const parameters of ['port=1 port=2', 'port=65536', 'ipv4hint=', 'no-default-alpn=x', 'mandatory=port', 'ipv4hint=2001:db8::1', 'no-default-alpn']) {
      assert.equal(load(`${HEAD}s SVCB 1 h ${parameters}\n`, 'example.').image, undefined, parameters)
    }
  })

  test('2.2 the target is never compressed', () => {
    const { octets } = over('s SVCB 1 s\n')('s.example. SVCB')
    assert.equal(octets, 12 + 15 + 12 + 2 + 11)
  })

  test('2.3 names with port and scheme prefixes are names like others', () => {
    assert.equal(over('_8443._foo.api SVCB 1 h\n')('_8443._foo.api.example. SVCB').answer.length, 1)
    assert.equal(over('_8443._foo.api SVCB 1 h\n')('_9000._foo.api.example. SVCB').rcode, 'NXDOMAIN')
  })

  test('2.4 priorities may be mixed in the file; the set is answered whole, its order is the client’s affair', () => {
    const { answer } = over('s SVCB 3 c\ns SVCB 0 a\ns SVCB 1 b\n')('s.example. SVCB')
    assert.deepEqual(answer.map((record) => record.split(' ')[4]).toSorted(), ['0', '1', '3'])
  })

  test('2.4.2 AliasMode may have parameters, which a recipient ignores: they are served as they are', () => {
    assert.deepEqual(over('s SVCB 0 h port=1\n')('s.example. SVCB').answer, ['s.example. 60 IN SVCB 0 h.example. port=1'])
  })

  test('2.4.2 HTTPS may stand at the apex, where a CNAME may not', () => {
    assert.deepEqual(over('@ HTTPS 0 pool.svc.test.\n')('example. HTTPS').answer, ['example. 60 IN HTTPS 0 pool.svc.test.'])
  })

  test('2.5.1 AliasMode with target "." says that there is no service: nothing is added', () => {
    assertResponse(over('s SVCB 0 .\n')('s.example. SVCB'), { answer: ['s.example. 60 IN SVCB 0 .'] })
  })

  test('2.5.2 ServiceMode with target "." means the owner: its addresses are added, under the name asked for behind a wildcard', () => {
    assert.deepEqual(over('s SVCB 1 .\ns A 192.0.2.2\n')('s.example. SVCB').additional, ['s.example. 60 IN A 192.0.2.2'])
    assert.deepEqual(over('*.w SVCB 1 .\n*.w A 192.0.2.2\n')('x.w.example. SVCB').additional, ['x.w.example. 60 IN A 192.0.2.2'])
  })
})

describe('RFC 9460 4.1: what an authoritative server adds', () => {
  const H = 'h A 192.0.2.2\nh AAAA 2001:db8::2\n'
  const addresses = ['h.example. 60 IN A 192.0.2.2', 'h.example. 60 IN AAAA 2001:db8::2']

  test('ServiceMode: the addresses of each target in the zone', () => {
    assert.deepEqual(over(`s SVCB 1 h\ns SVCB 2 ns\n${H}`)('s.example. SVCB').additional, [...addresses, 'ns.example. 60 IN A 192.0.2.1'])
    assert.deepEqual(over(`s HTTPS 1 h\n${H}`)('s.example. HTTPS').additional, addresses)
  })

  test('AliasMode: the records of that type at the target too, and what these lead to', () => {
    const { additional } = over(`s HTTPS 0 t\nt HTTPS 1 h alpn=h2\n${H}`)('s.example. HTTPS')
    assert.deepEqual(additional, ['t.example. 60 IN HTTPS 1 h.example. alpn=h2', ...addresses])
  })

  test('AliasMode: records of the other type are not what was asked for', () => {
    assert.deepEqual(over('s HTTPS 0 t\nt SVCB 1 h\n')('s.example. HTTPS').additional, [])
  })

  test('aliases that lead to each other or to themselves end, each set once', () => {
    assert.deepEqual(over('a SVCB 0 b\nb SVCB 0 a\n')('a.example. SVCB').additional, ['b.example. 60 IN SVCB 0 a.example.'])
    assert.deepEqual(over('a SVCB 0 a\n')('a.example. SVCB').additional, [])
  })

  test('targets outside of the zone bring nothing, nor do those that do not exist', () => {
    assert.deepEqual(over('s SVCB 1 h.test.\ns SVCB 2 none\n')('s.example. SVCB').additional, [])
  })

  test('a target made by a wildcard is added under the target’s own name', () => {
    assert.deepEqual(over('s SVCB 1 x.w\n*.w A 192.0.2.2\n')('s.example. SVCB').additional, ['x.w.example. 60 IN A 192.0.2.2'])
  })

  test('a target below a cut is not ours to speak for (RFC 2181 5.4.1)', () => {
    assert.deepEqual(over('s SVCB 1 h.sub\nsub NS ns.test.\nh.sub A 192.0.2.2\n')('s.example. SVCB').additional, [])
  })

  test('behind a CNAME the records of its target are added to as if they had been asked for', () => {
    assert.deepEqual(over(`alias CNAME s\ns SVCB 1 h\n${H}`)('alias.example. SVCB').additional, addresses)
  })

  test('what does not fit is left out without TC', () => {
    const hosts = Array.from({ length: 15 }, (_, i) => `s SVCB ${i + 1} h${i}\nh${i} A 192.0.2.${i}\nh${i} AAAA 2001:db8::${i}\n`).join('')
    const response = over(hosts)('s.example. SVCB')
    assert.deepEqual([response.flags, response.answer.length], ['aa', 15])
    assert.ok(response.additional.length < 30)
  })

  test('signatures go with what is added where DO asks for them', () => {
    const signature = (owner: string, type: string): string => `${owner} RRSIG ${type} 13 2 60 20370101000000 20260101000000 1 example. AAAA\n`
    const { additional } = over(`s SVCB 0 t\nt SVCB 1 .\nt A 192.0.2.2\n${signature('t', 'A')}${signature('t', 'SVCB')}`)('s.example. SVCB', { dnssec: true })
    assert.deepEqual(additional.map((record) => record.split(' ').slice(3, 5).join(' ')), ['A 192.0.2.2', 'RRSIG A', 'SVCB 1', 'RRSIG SVCB'])
  })
})

test('RFC 9460 2: for ANY and in negative answers SVCB and HTTPS are types like any other', () => {
  const converse = converser([zoneOf('example.', `${HEAD}s SVCB 1 .\n`)])
  assert.deepEqual([converse('s.example. ANY').answer.length, converse('s.example. HTTPS').rcode, converse('t.example. SVCB').rcode], [1, 'NOERROR', 'NXDOMAIN'])
})

/** Addresses and endpoints in text: the same ones as Node accepts, and the same octets. */
import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { isWildcard, parseAddress, parseEndpoint, printEndpoint, ReusedPeer } from '../../src/transport/address.ts'
import { isClientPort } from '../../src/transport/udp-ports.ts'

function octets(text: string): number[] {
  const out = new Uint8Array(16).fill(0xee)
  return [...out.subarray(0, parseAddress(text, out))]
}

describe('addresses', () => {
  test('IPv4 addresses are four decimal numbers', () => {
    assert.deepEqual(octets('192.0.2.1'), [192, 0, 2, 1])
    assert.deepEqual(octets('255.255.255.255'), [255, 255, 255, 255])
  })

  test('IPv6 addresses in each form of RFC 4291 2.2', () => {
    const doc = [0x20, 0x01, 0x0d, 0xb8]
    assert.deepEqual(octets('2001:db8:1:2:3:4:5:6'), [...doc, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6])
    assert.deepEqual(octets('2001:DB8::1'), [...doc, ...Array<number>(11).fill(0), 1])
    assert.deepEqual(octets('2001:db8::'), [...doc, ...Array<number>(12).fill(0)])
    assert.deepEqual(octets('::'), Array<number>(16).fill(0))
    assert.deepEqual(octets('2001:db8::192.0.2.1'), [...doc, ...Array<number>(8).fill(0), 192, 0, 2, 1])
  })

  test('IPv4-mapped addresses are the IPv4 address (RFC 4291 2.5.5.2), and a zone is passed over (RFC 4007 11)', () => {
    assert.deepEqual(octets('::ffff:192.0.2.1'), [192, 0, 2, 1])
    assert.deepEqual(octets('::ffff:c000:201'), [192, 0, 2, 1])
    assert.deepEqual(octets('fe80::1%eth0'), octets('fe80::1'))
  })

  test('what Node calls no address is none', () => {
    const wrong = ['', '1', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', '1..2.3', '1.2.3.4 ', 'a.b.c.d', ':', ':::', '1:2', '1::2::3', ':1::', '1:',
      '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '12345::', 'g::', '::1.2.3', '1.2.3.4::', '1:2:3:4:5:6:7:1.2.3.4', '::ffff:1.2.3.4:5', '::1:']
    for (const text of wrong) {
      assert.equal(isIP(text), 0, text)
      assert.deepEqual(octets(text), [], text)
    }
  })

  test('any text is an address here exactly where it is one to Node, with the octets that a URL prints', () => {
    const messy = fc.array(fc.constantFrom('0', '1', 'f', 'ffff', 'db8', '255', '256', ':', '::', '.'), { maxLength: 14 }).map((parts) => parts.join(''))
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), messy), (text) => {
      const found = octets(text)
      assert.equal(found.length > 0, isIP(text) > 0, text)
      if (found.length !== 16) return
      const groups = Array.from({ length: 8 }, (_, i) => ((found[2 * i] << 8) | found[2 * i + 1]).toString(16))
      assert.equal(new URL(`http://[${text}]/`).hostname, new URL(`http://[${groups.join(':')}]/`).hostname)
    }), { numRuns: 2_000 })
  })

  test('a peer is set again and again without a new array', () => {
    const peer = new ReusedPeer('udp')
    assert.ok(peer.set('192.0.2.7', 5353))
    const four = peer.address
    assert.deepEqual([...four], [192, 0, 2, 7])
    assert.ok(peer.set('2001:db8::7', 5354))
    assert.equal(peer.address.length, 16)
    assert.ok(peer.set('::ffff:198.51.100.9', 5355))
    assert.equal(peer.address, four)
    assert.deepEqual([...four, peer.port], [198, 51, 100, 9, 5355])
    assert.ok(!peer.set('nowhere', 1))
  })

  test('a peer takes an address from octets', () => {
    const peer = new ReusedPeer('tcp')
    const octets = Uint8Array.of(9, 9, 192, 0, 2, 7, ...Array<number>(12).fill(1))
    peer.setOctets(octets, 2, 4, 53)
    assert.deepEqual([[...peer.address], peer.port], [[192, 0, 2, 7], 53])
    peer.setOctets(octets, 2, 16, 54)
    assert.deepEqual([[...peer.address], peer.port], [[...octets.subarray(2)], 54])
  })
})

describe('endpoints', () => {
  test('an address and a port, in brackets where IPv6, print as they were written', () => {
    for (const text of ['192.0.2.1:53', '[2001:db8::1]:5300', '0.0.0.0:0', '[::]:65535', '[fe80::1%eth0]:53']) {
      const endpoint = parseEndpoint(text)
      assert.ok(endpoint, text)
      assert.equal(printEndpoint(endpoint), text)
    }
  })

  test('anything else is no endpoint', () => {
    for (const text of ['', '53', ':53', '192.0.2.1', '192.0.2.1:', '192.0.2.1:65536', '192.0.2.1:-1', '192.0.2.1:053', '192.0.2.1:5e1', '[192.0.2.1]:53',
      '2001:db8::1:53', '[2001:db8::1]', '[2001:db8::1]53', '[]:53', 'ns1.example:53', '[fe80::1%]:53', '192.0.2.1: 53']) {
      assert.equal(parseEndpoint(text), undefined, text)
    }
  })

  test('only 0.0.0.0 and :: stand for every address', () => {
    const wildcard = (text: string): boolean => isWildcard(parseEndpoint(text)!)
    assert.ok(wildcard('0.0.0.0:53') && wildcard('[::]:53') && wildcard('[0:0::0]:53'))
    assert.ok(!wildcard('127.0.0.1:53') && !wildcard('[::1]:53') && !wildcard('[::ffff:0.0.0.0]:53'))
  })
})

test('ports of services that answer anything, and port 0 (RFC 768), are no clients', () => {
  assert.deepEqual([0, 7, 9, 13, 17, 19, 37, 464].filter(isClientPort), [])
  assert.deepEqual([1, 53, 123, 1023, 1024, 5353, 65535].filter((port) => !isClientPort(port)), [])
})

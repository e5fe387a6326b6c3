/**
 * RFC 2308: negative answers. Of the forms that its sections 2.1 and 2.2 list, an authoritative server sends type 2,
 * SOA without NS, as that is all that a resolver needs and the only one that cannot be taken for a referral.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readFileSync } from 'node:fs'
import { asker, assertResponse, zoneOf } from '../authority/ask.ts'

/** The zones of the examples in 2.1 and 2.2, served by one server. */
const EXAMPLE = zoneOf('EXAMPLE.', '$TTL 60\n@ SOA NS1.XX. HOSTMASTER.NS1.XX. 1 2 3 4 30\n@ NS NS1.XX.\nAN CNAME TRIPPLE.XX.\nNODATA CNAME NS1.XX.\nANOTHER MX 1 NS1.XX.\n')
const XX = zoneOf('XX.', '$TTL 60\n@ SOA NS1 HOSTMASTER.NS1 9 2 3 4 20\n@ NS NS1\nNS1 A 192.0.2.1\n')
const ask = asker(EXAMPLE, XX)
const SOA_XX = 'XX. 20 IN SOA NS1.XX. HOSTMASTER.NS1.XX. 9 2 3 4 20'
const SOA_EXAMPLE = 'EXAMPLE. 30 IN SOA NS1.XX. HOSTMASTER.NS1.XX. 1 2 3 4 30'

describe('RFC 2308 2.1: name error', () => {
  test('its example: AN.EXAMPLE is an alias of TRIPPLE.XX, which is not there: NXDOMAIN of type 2, with the SOA of XX', () => {
    assertResponse(ask('AN.EXAMPLE. A'), { rcode: 'NXDOMAIN', answer: ['AN.EXAMPLE. 60 IN CNAME TRIPPLE.XX.'], authority: [SOA_XX] })
  })

  test('no NS stands beside the SOA (types 1 and 4), and the SOA is never missing (types 3 and 4)', () => {
    for (const question of ['none.EXAMPLE. A', 'none.XX. MX', 'AN.EXAMPLE. TXT']) {
      assert.deepEqual(ask(question).authority.map((record) => record.split(' ')[3]), ['SOA'])
    }
  })

  test('2.1.1 the size of NXDOMAIN does not grow with the zone: no address is added', () => {
    assert.deepEqual(ask('none.XX. A').additional, [])
  })
})

describe('RFC 2308 2.2: no data', () => {
  test('its example: ANOTHER.EXAMPLE has no A: NOERROR of type 2', () => {
    assertResponse(ask('ANOTHER.EXAMPLE. A'), { authority: [SOA_EXAMPLE] })
  })

  test('behind an alias the SOA is that of the zone of the last name', () => {
    assertResponse(ask('NODATA.EXAMPLE. AAAA'), { answer: ['NODATA.EXAMPLE. 60 IN CNAME NS1.XX.'], authority: [SOA_XX] })
  })

  test('2.2.1 a referral is told from it: NS and no SOA, no AA', () => {
    const cut = asker(zoneOf('test.', '@ 60 SOA a b 1 2 3 4 60\n@ 60 NS a.example.\nsub 60 NS b.example.\n'))
    assertResponse(cut('sub.test. A'), { flags: '', authority: ['sub.test. 60 IN NS b.example.'] })
  })

  test('where the chain leaves our zones, its last name is not judged: no SOA at all', () => {
    assertResponse(asker(EXAMPLE)('NODATA.EXAMPLE. AAAA'), { answer: ['NODATA.EXAMPLE. 60 IN CNAME NS1.XX.'] })
  })
})

describe('RFC 2308 3, 5: for how long', () => {
  for (const [soaTtl, minimum, wanted] of [[3600, 60, 60], [60, 3600, 60], [60, 60, 60], [0, 60, 0], [60, 0, 0], [2147483647, 2147483647, 2147483647]]) {
    test(`SOA with TTL ${soaTtl} and MINIMUM ${minimum}: ${wanted} seconds; asked for by itself it keeps ${soaTtl}`, () => {
      const zone = asker(zoneOf('test.', `@ ${soaTtl} SOA a b 1 2 3 4 ${minimum}\n@ 60 NS a.example.\n`))
      const rdata = `IN SOA a.test. b.test. 1 2 3 4 ${minimum}`
      assertResponse(zone('none.test. A'), { rcode: 'NXDOMAIN', authority: [`test. ${wanted} ${rdata}`] })
      assertResponse(zone('test. A'), { authority: [`test. ${wanted} ${rdata}`] })
      assertResponse(zone('test. SOA'), { answer: [`test. ${soaTtl} ${rdata}`] })
    })
  }

  test('a MINIMUM above 31 bits cannot be a TTL (RFC 2181 8) and lowers nothing', () => {
    const zone = asker(zoneOf('test.', '@ 77 SOA a b 1 2 3 4 4294967295\n@ 60 NS a.example.\n'))
    assert.match(zone('none.test. A').authority[0], /^test\. 77 /)
  })

  test('the signature of the SOA goes with its TTL', () => {
    const signed = asker(zoneOf('example.com.', readFileSync('test/golden/signed-nsec.zone', 'latin1')))
    const { authority } = signed('none.example.com. A', { dnssec: true })
    const [soa, rrsig] = authority.filter((record) => / (SOA|RRSIG SOA) /.test(record))
    assert.deepEqual([soa.split(' ')[1], rrsig.split(' ')[1]], ['300', '300'])
  })
})

test('RFC 2308 4: MINIMUM is no default TTL any more once there is $TTL; both are seen in one zone', () => {
  const zone = asker(zoneOf('test.', '@ 10 SOA a b 1 2 3 4 99\n@ NS a.example.\n$TTL 20\nb A 192.0.2.1\n'))
  assert.deepEqual([zone('test. NS').answer[0].split(' ')[1], zone('b.test. A').answer[0].split(' ')[1], zone('none.test. A').authority[0].split(' ')[1]], ['10', '20', '10'])
})

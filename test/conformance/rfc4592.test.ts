/**
 * RFC 4592 beyond its example zone (test/authority/rfc4592.test.ts): what a wildcard is, when names exist, which
 * wildcard a name comes from, and each type that section 4 speaks of standing at a wildcard.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asker, assertResponse, zoneOf } from '../authority/ask.ts'
import { load } from '../zone/support.ts'

const HEAD = '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\nns A 192.0.2.1\n'
const SOA = 'example. 60 IN SOA ns.example. admin.example. 1 2 3 4 60'
const over = (text: string) => asker(zoneOf('example.', HEAD + text))

describe('RFC 4592 2: what is a wildcard, and what exists', () => {
  test('2.1.1 only a first label of one asterisk makes a wildcard: **, *a and a* are names like others', () => {
    const ask = over('** TXT a\n*a TXT b\na* TXT c\nsub.*b TXT d\n')
    assert.equal(ask('x.example. TXT').rcode, 'NXDOMAIN')
    for (const name of ['**', '*a', 'a*', 'sub.*b']) assert.equal(ask(`${name}.example. TXT`).answer.length, 1)
  })

  test('2.1.1 an asterisk that is written \\042 or \\* is the same octet, and as much a wildcard', () => {
    for (const star of ['\\042', '\\*']) assert.deepEqual(over(`${star} TXT a\n`)('x.example. TXT').answer, ['x.example. 60 IN TXT "a"'])
  })

  test('2.1.2 an asterisk label inside a name is an ordinary one: *.x.*.y stands for names below x.*.y alone', () => {
    const ask = over('*.x.*.y TXT a\n')
    assert.equal(ask('q.x.*.y.example. TXT').answer.length, 1)
    assert.equal(ask('q.x.z.y.example. TXT').rcode, 'NOERROR', '*.y is an empty non-terminal and has no TXT to give')
    assert.deepEqual(ask('q.x.z.y.example. TXT').answer, [])
  })

  test('2.1.3 names with asterisks may stand below wildcards, and are found as they are', () => {
    const ask = over('* TXT outer\n*.* TXT inner\n')
    assert.deepEqual(ask('x.*.example. TXT').answer, ['x.*.example. 60 IN TXT "inner"'])
    assert.deepEqual(ask('x.y.example. TXT').answer, ['x.y.example. 60 IN TXT "outer"'])
  })

  test('2.2.2 an empty non-terminal exists: it is not made by the wildcard beside it, and names below it are not either', () => {
    const ask = over('* TXT any\n_tcp.h SRV 1 2 3 ns\n')
    assertResponse(ask('h.example. TXT'), { authority: [SOA] })
    assertResponse(ask('other.h.example. TXT'), { rcode: 'NXDOMAIN', authority: [SOA] })
  })

  test('2.2.3 a name exists as soon as anything is at or below it, whatever the type, a delegation too', () => {
    const ask = over('* TXT any\nd.e NS ns.test.\nf.g TYPE4711 \\# 0\n')
    assert.deepEqual(['e', 'g', 'f.g'].map((name) => ask(`${name}.example. TXT`).answer.length), [0, 0, 0])
    assert.equal(ask('x.d.e.example. TXT').flags, '')
  })
})

describe('RFC 4592 3.3: from which wildcard a name is made', () => {
  /** 3.3.1: QNAME, and the wildcard that is its source or none, over the zone of 2.2.1. */
  const TABLE: [qname: string, type: string, source: 'wildcard' | 'none'][] = [
    ['host3.example.', 'TXT', 'wildcard'],
    ['_telnet._tcp.host1.example.', 'SRV', 'none'],
    ['_dns._udp.host2.example.', 'SRV', 'none'],
    ['_telnet._tcp.host3.example.', 'TXT', 'wildcard'],
    ['_chat._udp.host3.example.', 'TXT', 'wildcard'],
    ['foobar.*.example.', 'TXT', 'none'],
  ]
  const zone = over('* TXT "this is a wildcard"\n* MX 10 host1\nsub.* TXT "not"\nhost1 A 192.0.2.1\n_ssh._tcp.host1 SRV 1 2 22 host1\n_ssh._tcp.host2 SRV 1 2 22 host2\n')
  for (const [qname, type, source] of TABLE) {
    test(`3.3.1 ${qname} has ${source === 'none' ? 'no source of synthesis' : '*.example. as its source'}`, () => {
      const { rcode, answer } = zone(`${qname} ${type}`)
      assert.deepEqual([rcode, answer], source === 'none' ? ['NXDOMAIN', []] : ['NOERROR', [`${qname} 60 IN TXT "this is a wildcard"`]])
    })
  }

  test('3.3.2 only the wildcard right below the closest encloser counts: one further up stands for nothing there', () => {
    const ask = over('* TXT far\na TXT here\n')
    assert.equal(ask('x.a.example. TXT').rcode, 'NXDOMAIN')
    assert.equal(ask('x.b.example. TXT').answer.length, 1)
  })

  test('3.3.3 a wildcard without the type gives NODATA, and is not passed by for one further up', () => {
    const ask = over('* TXT far\na A 192.0.2.9\n*.a A 192.0.2.9\n')
    assertResponse(ask('x.a.example. TXT'), { authority: [SOA] })
  })

  test('3.3.3 ANY at a name made by a wildcard has its sets, under the name asked for', () => {
    const { answer } = over('* TXT t\n* MX 1 ns\n')('x.example. ANY', { tcp: true })
    assert.deepEqual(answer.toSorted(), ['x.example. 60 IN MX 1 ns.example.', 'x.example. 60 IN TXT "t"'])
  })
})

describe('RFC 4592 4: types at a wildcard', () => {
  test('4.1 SOA: a zone may be called *.example., and is then a zone of that name and nothing more', () => {
    const ask = asker(zoneOf('*.example.', '$TTL 60\n@ SOA ns admin 1 2 3 4 60\n@ NS ns\n@ TXT apex\nns A 192.0.2.1\n'))
    assert.deepEqual(ask('*.example. TXT').answer, ['*.example. 60 IN TXT "apex"'])
    assert.equal(ask('x.example. TXT').rcode, 'REFUSED', 'x.example. is in no zone here')
    assert.equal(ask('x.*.example. TXT').rcode, 'NXDOMAIN')
  })

  test('4.2 NS: undefined by the RFC; here no delegation: the records are made like any other, and the file is warned of', () => {
    const ask = over('*.w NS ns.test.\n')
    assertResponse(ask('x.w.example. NS'), { answer: ['x.w.example. 60 IN NS ns.test.'] })
    assertResponse(ask('x.w.example. A'), { authority: [SOA] })
    assert.deepEqual(load(`${HEAD}*.w NS ns.test.\n`, 'example.').findings.map(({ check }) => check), ['wildcard-ns'])
  })

  test('4.3 CNAME: made, and followed; into a loop too, which ends', () => {
    const ask = over('*.a CNAME ns\n*.b CNAME x.y.b\n')
    assertResponse(ask('q.a.example. A'), { answer: ['q.a.example. 60 IN CNAME ns.example.', 'ns.example. 60 IN A 192.0.2.1'] })
    assert.deepEqual(ask('x.y.b.example. A').answer, ['x.y.b.example. 60 IN CNAME x.y.b.example.'])
    assert.deepEqual(ask('q.a.example. CNAME').answer, ['q.a.example. 60 IN CNAME ns.example.'])
  })

  test('4.4 DNAME: undefined by the RFC; here it redirects only what is below the asterisk itself, and the file is warned of', () => {
    const ask = over('*.d DNAME test.\n')
    assert.deepEqual(ask('x.*.d.example. A').answer, ['*.d.example. 60 IN DNAME test.', 'x.*.d.example. 60 IN CNAME x.test.'])
    assertResponse(ask('x.d.example. A'), { authority: [SOA] })
    assert.deepEqual(ask('x.d.example. DNAME').answer, ['x.d.example. 60 IN DNAME test.'])
    assert.deepEqual(load(`${HEAD}*.d DNAME test.\n`, 'example.').findings.map(({ check }) => check), ['wildcard-dname'])
  })

  test('4.5 SRV: made like any other, with the addresses of its target', () => {
    assertResponse(over('*.s SRV 1 2 3 ns\n')('_x._tcp.s.example. SRV'), { answer: ['_x._tcp.s.example. 60 IN SRV 1 2 3 ns.example.'], additional: ['ns.example. 60 IN A 192.0.2.1'] })
  })

  test('4.6 DS: has no meaning at a wildcard, but is answered as data', () => {
    const digest = '0'.repeat(64)
    assert.deepEqual(over(`*.s DS 1 8 2 ${digest}\n`)('x.s.example. DS').answer, [`x.s.example. 60 IN DS 1 8 2 ${digest}`])
  })

  const signature = (type: string): string => `*.s RRSIG ${type} 13 2 60 20370101000000 20260101000000 1 example. AAAA\n`

  test('4.7, 4.8 NSEC and RRSIG of a wildcard are made under the name asked for', () => {
    const ask = over(`*.s TXT t\n*.s NSEC example. TXT RRSIG NSEC\n${signature('TXT')}${signature('NSEC')}`)
    assert.match(ask('x.s.example. NSEC').answer[0], /^x\.s\.example\. 60 IN NSEC example\. TXT RRSIG NSEC$/)
    const [txt, rrsig] = ask('x.s.example. TXT', { dnssec: true }).answer
    assert.equal(txt, 'x.s.example. 60 IN TXT "t"')
    assert.match(rrsig, /^x\.s\.example\. 60 IN RRSIG TXT 13 2 60 /, 'its label count tells a validator that it is a wildcard’s (RFC 4034 3.1.3)')
  })

  test('4.9 a wildcard that is an empty non-terminal is a source of synthesis all the same: NODATA, not NXDOMAIN', () => {
    const ask = over('sub.*.e TXT t\n')
    assertResponse(ask('x.e.example. TXT'), { authority: [SOA] })
    assertResponse(ask('sub.x.e.example. TXT'), { authority: [SOA] })
    assert.equal(ask('sub.*.e.example. TXT').answer.length, 1)
  })
})

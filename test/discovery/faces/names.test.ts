/** Which face a name belongs to, told from its labels; and that no name, however it is made, makes an answer fail. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { ALL_SHOWN, FACE, type FaceName, readFaceName } from '../../../src/discovery/faces/names.ts'
import { PROTOCOL, printProtocols, protocolsOfAlpn, protocolsOfText } from '../../../src/discovery/ranking/protocols.ts'
import { LookupName } from '../../../src/dns/lookup-name.ts'
import { Name } from '../../../src/dns/name.ts'
import { Stall } from './stall.ts'

const KINDS = Object.fromEntries(Object.entries(FACE).map(([word, kind]) => [kind, word]))

/** `kind protocols domain` of a name in a zone whose apex has two labels. */
function read(text: string, apexLabels = 2): string {
  const name = new LookupName(1)
  name.load(Name.parse(text).wire, 0)
  const face: FaceName = { kind: FACE.walk, shown: 0, protocols: 3, domain: 9 }
  readFaceName(name, apexLabels, face)
  return [KINDS[face.kind], printProtocols(face.protocols) || '-', face.domain].join(' ')
}

describe('names of faces', () => {
  const CASES: [name: string, read: string][] = [
    ['_a2a._tcp.acme.example.', 'service a2a 2'],
    ['_MCP._TCP.acme.example.', 'service mcp 2'],
    ['_a2a._tcp.lab.acme.example.', 'service a2a 2'],
    ['Babel._a2a._tcp.acme.example.', 'instance a2a 3'],
    ['v1\\.x._sub._a2a._tcp.acme.example.', 'subtype a2a 4'],
    ['_sub._mcp._tcp.acme.example.', 'between mcp 3'],
    ['_tcp.acme.example.', 'between - 1'],
    ['_udp.acme.example.', 'between - 1'],
    ['_dns-sd._udp.acme.example.', 'between - 2'],
    ['_services._dns-sd._udp.acme.example.', 'types - 3'],
    ['lb._dns-sd._udp.acme.example.', 'domains - 3'],
    ['r._dns-sd._udp.acme.example.', 'own - 0'],
    ['_agents.acme.example.', 'between - 1'],
    ['_index._agents.acme.example.', 'index - 2'],
    ['_a2a._agents.acme.example.', 'index a2a 2'],
    ['chat._agents.acme.example.', 'walk - 2'],
    ['x.chat._agents.acme.example.', 'own - 0'],
    ['_chat._a2a._agents.acme.example.', 'walk a2a 3'],
    ['_chat._MCP._agents.acme.example.', 'walk mcp 3'],
    ['chat._a2a._agents.acme.example.', 'own - 0'],
    ['_chat._http._agents.acme.example.', 'own - 0'],
    ['_http._tcp.acme.example.', 'own - 0'],
    ['www.acme.example.', 'own - 0'],
    ['acme.example.', 'own - 0'],
  ]
  for (const [name, expected] of CASES) test(name, () => assert.equal(read(name), expected))

  test('a form that reaches into the apex is none: the zone _tcp.example. has a name a.b, no service', () => {
    assert.equal(read('_a2a._tcp.example.', 2), 'own - 0')
    assert.equal(read('_index._agents.example.', 3), 'own - 0')
    assert.equal(read('_tcp.', 1), 'own - 0')
  })

  test('protocols are whole items of alpn and of the text of DNS-AID', () => {
    const alpn = (...words: string[]): Buffer => Buffer.concat(words.map((word) => Buffer.concat([Buffer.of(word.length), Buffer.from(word)])))
    const CASES: [octets: Buffer, asAlpn: number][] = [
      [alpn('a2a'), PROTOCOL.a2a], [alpn('h2', 'mcp'), PROTOCOL.mcp], [alpn('mcp', 'a2a'), 3], [alpn('a2ab', 'mc'), 0], [alpn(), 0],
    ]
    for (const [octets, expected] of CASES) assert.equal(protocolsOfAlpn(octets, 0, octets.length), expected)
    for (const [text, expected] of [['a2a', 1], ['x-http,mcp', 2], ['mcp,a2a', 3], ['a2a-mcp', 0], ['', 0], [',a2a,', 1]] as const) {
      assert.equal(protocolsOfText(Buffer.from(`..${text}..`), 2, 2 + text.length), expected, text)
    }
  })

  test('any name of any type is answered, with or without agents, and never by SERVFAIL', () => {
    const stalls = [new Stall('v1.x._cap AGENT 1 a._sa alpn=a2a alias=b\na._sa A 192.0.2.1\n'), new Stall('v1.x._cap AGENT 0 v1.x._cap\n'), new Stall('www A 192.0.2.1\n')]
    const label = fc.oneof(fc.constantFrom('_a2a', '_tcp', '_sub', '_agents', '_index', 'a', 'b', '_sa', '_cap', 'v1', 'x', 'v1\\.x', '\\.', '_\\.x', 'a\\._sa\\.acme\\.example', '_services', '_dns-sd', '_udp', 'o'.repeat(63)), fc.string({ minLength: 1, maxLength: 5, unit: fc.constantFrom('a', '-', '_', '\\046', '\\000', '\\255') }))
    const type = fc.constantFrom('A', 'AAAA', 'SVCB', 'HTTPS', 'SRV', 'TXT', 'PTR', 'MX', 'ANY', 'NS', 'AGENT')
    fc.assert(fc.property(fc.array(label, { minLength: 1, maxLength: 3 }), type, fc.nat(stalls.length - 1), (labels, qtype, stall) => {
      const { rcode } = stalls[stall].ask(labels.join('.'), qtype)
      assert.match(rcode, /^(NOERROR|NXDOMAIN)$/)
    }), { numRuns: 400 })
  })

  test('a zone shows by a bit for each word', () => assert.equal(ALL_SHOWN, 15))
})

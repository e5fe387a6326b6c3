/** Whom a probe goes to: by the offer and the identifier of the agent, and never where a stranger could send us. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isProbeable, isProbeablePort, type ProbeRules, type ProbeTarget, targetOf } from '../../../src/discovery/probe/target.ts'
import { parseAddress, printAddress } from '../../../src/dns/address.ts'
import { parsePrefix, type Prefix, PrefixList } from '../../../src/dns/prefix.ts'
import { Hive } from '../ranking/hive.ts'

function prefixes(...texts: string[]): PrefixList {
  return new PrefixList(texts.map((text) => parsePrefix(text) as Prefix))
}

function octets(text: string): Uint8Array {
  return parseAddress(text) as Uint8Array
}

const RULES: ProbeRules = { kind: 'auto', networks: prefixes(), ports: new Set() }

/** The target in words: `a2a http 9.9.9.9:8080 host /path`; or why there is none. */
function words(claims: string, { addresses = ['9.9.9.9'], hasKey = true, ...rules }: Partial<ProbeRules> & { addresses?: string[]; hasKey?: boolean } = {}): string {
  const hive = new Hive()
  hive.put('babel', claims)
  const found: ProbeTarget | string = targetOf(hive.registrar.table, hive.slot('babel'), 'babel._sa.acme.example', { hasKey, addresses: addresses.map(octets) }, { ...RULES, ...rules })
  if (typeof found === 'string') return found
  const { kind, tls, address, port, host, path = '-', card } = found
  return [kind, tls ? 'https' : 'http', `${printAddress(address)}:${port}`, host, path, ...(card === '/.well-known/agent-card.json' ? [] : [card])].join(' ')
}

describe('an offer is probed', () => {
  const CASES: [claims: string, target: string][] = [
    ['', 'tcp https 9.9.9.9:443 babel._sa.acme.example -'],
    ['port=8443', 'tcp https 9.9.9.9:8443 babel._sa.acme.example -'],
    ['port=80', 'tcp http 9.9.9.9:80 babel._sa.acme.example -'],
    ['alpn=a2a', 'a2a https 9.9.9.9:443 babel._sa.acme.example -'],
    ['alpn=mcp port=8443', 'mcp https 9.9.9.9:8443 babel._sa.acme.example -'],
    ['alpn=h2,a2a endpoint=https://babel.acme.example/a2a', 'a2a https 9.9.9.9:443 babel.acme.example /a2a'],
    ['alpn=mcp endpoint=http://babel.acme.example:8080/mcp?x=1', 'mcp http 9.9.9.9:8080 babel.acme.example:8080 /mcp?x=1'],
    ['endpoint=https://babel.acme.example:8443/', 'http https 9.9.9.9:8443 babel.acme.example:8443 /'],
    ['port=9000 endpoint=http://babel.acme.example/x', 'http http 9.9.9.9:80 babel.acme.example /x'],
    ['port=9000 endpoint=grpc://babel.acme.example:1/x', 'tcp https 9.9.9.9:9000 babel._sa.acme.example -'],
    ['alpn=a2a security=mtls', 'tcp https 9.9.9.9:443 babel._sa.acme.example -'],
    ['alpn=a2a security=mtls endpoint=http://b.example:8080/', 'a2a http 9.9.9.9:8080 b.example:8080 /'],
    ['alpn=a2a key65409=my-card.json', 'a2a https 9.9.9.9:443 babel._sa.acme.example - /.well-known/my-card.json'],
    ['alpn=a2a key65409=../../etc/passwd', 'a2a https 9.9.9.9:443 babel._sa.acme.example -'],
  ]
  for (const [claims, target] of CASES) test(`that says ${claims || 'nothing'}: ${target}`, () => assert.equal(words(claims), target))

  test('whose capability’s label says mtls, as one that says so itself', () => {
    const hive = new Hive()
    hive.put('babel', 'alpn=a2a', 'mtls.v1.x._cap.acme.example.')
    const found = targetOf(hive.registrar.table, hive.slot('babel', 'mtls.v1.x._cap.acme.example.'), 'babel._sa.acme.example', { hasKey: true, addresses: [octets('9.9.9.9')] }, RULES)
    assert.equal(typeof found === 'string' ? found : found.kind, 'tcp')
  })

  for (const kind of ['a2a', 'mcp', 'http', 'tcp'] as const) test(`as the zone says where it says ${kind}`, () => assert.match(words('alpn=a2a', { kind }), new RegExp(`^${kind} `)))
})

describe('nobody is probed', () => {
  const CASES: [what: string, claims: string, more: Parameters<typeof words>[1], reason: string][] = [
    ['who has no KEY', 'port=8080', { hasKey: false }, 'keyless'],
    ['who has no address', 'port=8080', { addresses: [] }, 'addressless'],
    ['at an address of a special network', 'port=8080', { addresses: ['10.0.0.1', '::1'] }, 'address'],
    ['at a port of another service', 'port=25', {}, 'port'],
    ['at a port of another service that the endpoint names', 'endpoint=http://b.example:22/', {}, 'port'],
    ['at port 0', 'port=0', {}, 'port'],
  ]
  for (const [what, claims, more, reason] of CASES) test(`${what}: ${reason}`, () => assert.equal(words(claims, more), reason))

  test('but at the first address that may be asked', () => assert.match(words('port=8080', { addresses: ['127.0.0.1', '2620:fe::fe', '9.9.9.9'] }), /2620:fe::fe:8080/))
  test('but in networks and at ports that the operator names', () => assert.match(words('port=25', { addresses: ['10.1.2.3'], networks: prefixes('10.1.0.0/16'), ports: new Set([25]) }), /10\.1\.2\.3:25/))
})

describe('an address', () => {
  const SPECIAL = [
    '0.0.0.1', '10.255.255.255', '100.64.0.1', '100.127.255.255', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.0.0.8', '192.0.2.1', '192.168.1.1', '198.18.0.1', '198.51.100.7', '203.0.113.9', '224.0.0.251', '255.255.255.255',
    '::', '::1', '::ffff:127.0.0.1', '::ffff:9.9.9.9', '64:ff9b::a00:1', '100::1', '2001:db8::1', '2002:a00:1::1', 'fc00::1', 'fd12::1', 'fe80::1', 'ff02::fb',
  ]
  for (const address of SPECIAL) {
    test(`${address} is not probed unless the operator names its network`, () => {
      assert.equal(isProbeable(octets(address), prefixes()), false)
      assert.equal(isProbeable(octets(address), prefixes(`${address}/${address.includes(':') ? 128 : 32}`)), true)
    })
  }
  for (const address of ['9.9.9.9', '100.63.255.255', '100.128.0.1', '172.15.0.1', '172.32.0.1', '198.20.0.1', '223.255.255.254', '2620:fe::fe', '2a00::1']) test(`${address} is probed`, () => assert.equal(isProbeable(octets(address), prefixes()), true))
})

test('of ports those from 1024 on are probed, 80, 443, and those that the operator names', () => {
  const probed = [0, 1, 22, 53, 79, 80, 81, 442, 443, 444, 1_023, 1_024, 8_080, 65_535].filter((port) => port > 0 && isProbeablePort(port, new Set([53])))
  assert.deepEqual(probed, [53, 80, 443, 1_024, 8_080, 65_535])
})

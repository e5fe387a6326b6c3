/** The recursive service in the config: what its keys come to, and mistakes in them at their places. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { printAddress } from '../../src/dns/address.ts'
import { MAX_ZONE_FILE_OCTETS } from '../../src/dns/limits.ts'
import { DEFAULT_CACHE_OCTETS, MAX_TRACKED_KEYS } from '../../src/dns/limits-resolver.ts'
import { ROOT_HINTS } from '../../src/resolver/root-hints.ts'
import { ROOT_ANCHORS } from '../../src/resolver/trust-anchors.ts'
import { mergeValues, parseConfig } from '../../src/ops/config.ts'
import { parseServer, type RecursionConfig } from '../../src/ops/config-recursion.ts'
import { printFinding } from '../../src/ops/finding.ts'
import { makeFolder } from './process.ts'

function read(text: string, file = 'w.yaml'): { recursion: RecursionConfig | undefined; findings: string[] } {
  const { config, findings } = parseConfig(text, file)
  return { recursion: config?.recursion, findings: findings.map(printFinding) }
}

function good(recursion: string): RecursionConfig {
  const { recursion: config, findings } = read(`recursion: ${recursion}\n`)
  assert.deepEqual(findings, [])
  return config ?? assert.fail('no recursion')
}

const holds = (config: RecursionConfig, text: string): boolean => config.settings.neverAsk.holds(parseServer(text)?.address ?? assert.fail(text))

describe('the recursive service in the config', () => {
  it('is off unless it is there', () => {
    for (const text of ['', 'recursion:\n', 'listen: ["127.0.0.1:53"]\n']) assert.deepEqual(read(text), { recursion: undefined, findings: [] })
  })

  it('by an empty map serves this machine alone, from the roots of the Internet, with all that hardens it', () => {
    const { clients, cacheOctets, settings } = good('{}')
    assert.deepEqual(clients.map(({ address, bits }) => `${printAddress(address)}/${bits}`), ['127.0.0.0/8', '::1/128'])
    assert.equal(cacheOctets, DEFAULT_CACHE_OCTETS)
    assert.equal(settings.hints, ROOT_HINTS)
    assert.deepEqual(settings.validation, { anchors: ROOT_ANCHORS, negativeAnchors: [] })
    const { ipv4, ipv6, dnssec, minimise, randomCase, specialNames, port, zones, privateNames, privateAddresses } = settings
    assert.deepEqual({ ipv4, ipv6, dnssec, minimise, randomCase, specialNames, port }, { ipv4: true, ipv6: true, dnssec: true, minimise: true, randomCase: true, specialNames: true, port: 53 })
    assert.deepEqual([zones, privateNames, privateAddresses], [[], [], undefined])
  })

  it('by default asks no server of this machine, of a link, or of a group, whatever the world says', () => {
    const config = good('{}')
    for (const text of ['127.0.0.1', '127.255.255.255', '0.0.0.0', '169.254.1.1', '224.0.0.251', '255.255.255.255', '::1', '::', 'fe80::1', 'ff02::1']) assert.ok(holds(config, text), text)
    for (const text of ['192.0.2.1', '10.0.0.1', '2001:db8::1', 'fd00::1']) assert.ok(!holds(config, text), text)
    assert.ok(!holds(good('{ never-ask: [] }'), '127.0.0.1'))
  })

  it('follows roll-overs of trust anchors unless it is told not to, and refuses more keys than it can track (RFC 5011)', () => {
    for (const [text, follows] of [['{}', true], ['{ follow-anchors: true }', true], ['{ follow-anchors: false }', false]] as const) assert.equal(good(text).followsAnchors, follows, text)
    const many = (count: number): string => Array.from({ length: count }, (_, i) => `. 3600 IN DS ${i} 13 2 ${'ab'.repeat(32)}\n`).join('')
    const folder = makeFolder({ many: many(MAX_TRACKED_KEYS), more: many(MAX_TRACKED_KEYS + 1) })
    const findingsOf = (file: string): string[] => read(`recursion: { anchors: ${file} }\n`, join(folder.path, 'w.yaml')).findings
    assert.deepEqual(findingsOf('many'), [])
    assert.match(findingsOf('more').join(), /Cannot use recursion\.anchors "more": it holds more than 16 keys of \./)
    folder.remove()
  })

  it('validates by anchors of a file (RFC 4035 4.4), and not what it is told to leave (RFC 7646)', () => {
    const folder = makeFolder({ 'root.key': `. IN DS 1 13 2 ${'ab'.repeat(32)}\nexample. DS 2 13 2 ${'cd'.repeat(32)}\n`, empty: '; nothing\n', 'bad.key': '; a key\n. DS 1 13\n' })
    const file = join(folder.path, 'w.yaml')
    const { recursion, findings } = read('recursion: { anchors: root.key, negative-anchors: [corp.example, lab.] }\n', file)
    assert.deepEqual(findings, [])
    const { anchors = [], negativeAnchors = [] } = recursion?.settings.validation ?? {}
    assert.deepEqual(anchors.map(({ zone, digests, keys }) => [zone.toString(), digests.length, keys.length]), [['.', 1, 0], ['example.', 1, 0]])
    assert.deepEqual(negativeAnchors.map((name) => name.toString()), ['corp.example.', 'lab.'])
    assert.equal(good('{ validate: false }').settings.validation, undefined)
    const rows: [string, RegExp][] = [
      ['recursion: { anchors: none.key }', /^.*w\.yaml:1:23: Cannot use recursion\.anchors "none\.key": .*/],
      ['recursion: { anchors: empty }', /w\.yaml:1:23: Cannot use recursion\.anchors "empty": it holds neither DS nor DNSKEY records$/],
      ['recursion: { anchors: bad.key }', /w\.yaml:1:23: Cannot use recursion\.anchors "bad\.key": .*bad\.key:2:\d+: Cannot parse /],
      ['recursion: { negative-anchors: [a..b] }', /w\.yaml:1:33: Cannot use recursion\.negative-anchors "a\.\.b": /],
    ]
    for (const [text, wanted] of rows) {
      const { findings: [finding = ''] } = read(`${text}\n`, file)
      assert.match(finding, wanted, `${text} ${finding}`)
    }
    folder.remove()
  })

  it('has stubs and forwarders, with ports and in either family', () => {
    const { zones } = good('{ stub: { Corp.Example: ["192.0.2.1", "[2001:db8::1]:5300"] }, forward: { .: ["192.0.2.53:853"], lab.: ["2001:db8::2"] } }').settings
    assert.deepEqual(zones.map(({ name, kind, servers }) => [name.toString(), kind, ...servers.map(({ address, port }) => `${printAddress(address)} ${port}`)]), [
      ['Corp.Example.', 'stub', '192.0.2.1 53', '2001:db8::1 5300'],
      ['.', 'forward', '192.0.2.53 853'],
      ['lab.', 'forward', '2001:db8::2 53'],
    ])
  })

  it('has single settings as they are written', () => {
    const { clients, cacheOctets, settings } = good('{ allow: ["192.0.2.0/24"], cache: 1048576, ipv6: false, minimise: false, random-case: false, special-names: false, port: 5353, private-addresses: ["10.0.0.0/8"], private-names: [corp.example] }')
    assert.deepEqual([clients.length, cacheOctets, settings.ipv6, settings.minimise, settings.randomCase, settings.specialNames, settings.port], [1, 1_048_576, false, false, false, false, 5_353])
    assert.equal(settings.privateAddresses?.holds(Uint8Array.of(10, 1, 2, 3)), true)
    assert.deepEqual(settings.privateNames.map(String), ['corp.example.'])
  })

  it('takes root servers from a file, beside the config', () => {
    const folder = makeFolder({ 'named.root': '; a comment\n.  3600000 NS A.ROOT-SERVERS.TEST.\nA.ROOT-SERVERS.TEST. 3600000 A 192.0.2.1\nA.ROOT-SERVERS.TEST. 3600000 AAAA 2001:db8::1\n' })
    try {
      const { recursion, findings } = read('recursion: { hints: named.root }\n', join(folder.path, 'w.yaml'))
      assert.deepEqual(findings, [])
      assert.deepEqual(recursion?.settings.hints.map(({ name, addresses }) => [name.toString(), ...addresses.map(printAddress)]), [['A.ROOT-SERVERS.TEST.', '192.0.2.1', '2001:db8::1']])
    } finally {
      folder.remove()
    }
  })

  it('is put into use by a reload', () => {
    const [before, after] = ['recursion: {}', 'recursion: { minimise: false }'].map((text) => parseConfig(text, 'w.yaml').config?.values ?? assert.fail(text))
    const { taken, waiting } = mergeValues(before, after)
    assert.deepEqual([taken, waiting], [['recursion'], []])
  })
})

const MISTAKES: [string, string, RegExp][] = [
  ['a network with bits behind its prefix', '{ allow: ["192.0.2.1/24"] }', /^w\.yaml:1:22: Cannot use recursion\.allow\[0\] "192\.0\.2\.1\/24" as it must be a network/],
  ['a cache too small', '{ cache: 1000 }', /Cannot use recursion\.cache 1000 as it must be a number from 1048576 to /],
  ['an unknown key', '{ alow: [] }', /Cannot use key "alow" as recursion has none of that name; did you mean "allow"\?/],
  ['a stub without servers', '{ stub: { corp.: [] } }', /Cannot use recursion\.stub\.corp\. \[\] as it must /],
  ['a server that is a name', '{ forward: { .: ["dns.example"] } }', /"dns\.example" as it must/],
  ['a server with port 0', '{ stub: { corp.: ["192.0.2.1:0"] } }', /"192\.0\.2\.1:0" as it must/],
  ['a zone that is no name', '{ stub: { "a..b": ["192.0.2.1"] } }', /Cannot use recursion\.stub "a\.\.b": /],
  ['a private name that is none', '{ private-names: ["a..b"] }', /Cannot use recursion\.private-names "a\.\.b": /],
  ['no address family', '{ ipv4: false, ipv6: false }', /Cannot use recursion\.ipv6 false as recursion\.ipv4 is false too/],
  ['a port out of range', '{ port: 0 }', /Cannot use recursion\.port 0 as it must be a number from 1 to 65535/],
  ['hints that are not there', '{ hints: no-such-file }', /Cannot use recursion\.hints "no-such-file": /],
]

describe('mistakes in the recursive service', () => {
  for (const [what, recursion, message] of MISTAKES) {
    it(`${what} is told at its place`, () => {
      const { recursion: config, findings } = read(`recursion: ${recursion}\n`)
      assert.equal(config, undefined)
      assert.equal(findings.length, 1, findings.join('\n'))
      assert.match(findings[0], message)
    })
  }

  for (const [what, text, message] of [
    ['without a root server', 'example. 60 NS a.\na. 60 A 192.0.2.1\n', /it names no root server with an address/],
    ['with a fault', '. 60 NS\n', /Cannot use recursion\.hints "hints": .*hints:1:8: Cannot /],
  ] as const) {
    it(`hints ${what} are told`, () => {
      const folder = makeFolder({ hints: text })
      const { findings } = read('recursion: { hints: hints }\n', join(folder.path, 'w.yaml'))
      folder.remove()
      assert.match(findings.join('\n'), message)
    })
  }
})

describe('files that would never end, or are none', () => {
  for (const key of ['hints', 'anchors', 'policy', 'local-root']) {
    it(`${key}: a pipe, a device and what is too large are told, and hold nobody up`, () => {
      const folder = makeFolder({ large: '' })
      execFileSync('mkfifo', [join(folder.path, 'pipe')])
      truncateSync(join(folder.path, 'large'), MAX_ZONE_FILE_OCTETS + 1)
      const rows: [file: string, reason: RegExp][] = [
        ['pipe', /: it is not a file but a pipe, a socket or a device$/], ['/dev/zero', /: it is not a file but a pipe, a socket or a device$/],
        ['large', /: it has more than 2147483647 octets$/], ['.', /: /], ['none', /: no such file or directory$/],
      ]
      for (const [file, reason] of rows) {
        const { recursion, findings } = read(`recursion: { ${key}: "${file}" }\n`, join(folder.path, 'w.yaml'))
        assert.deepEqual([recursion, findings.length], [undefined, 1], file)
        assert.ok(findings[0].includes(`Cannot use recursion.${key} "${file}": `), findings[0])
        assert.match(findings[0], reason)
      }
      folder.remove()
    })
  }
})

/** A text, and the server that it writes. */
const SERVERS: [text: string, server: string | undefined][] = [
  ['192.0.2.1', '192.0.2.1 53'], ['192.0.2.1:5300', '192.0.2.1 5300'], ['2001:db8::1', '2001:db8::1 53'], ['[2001:db8::1]:5300', '2001:db8::1 5300'],
  ['[2001:db8::1]', undefined], ['192.0.2.1:', undefined], ['192.0.2.1:65536', undefined], ['192.0.2', undefined], ['', undefined], ['ns.example', undefined],
]

describe('the text of a server', () => {
  for (const [text, server] of SERVERS) {
    it(`"${text}" is ${server ?? 'none'}`, () => {
      const found = parseServer(text)
      assert.equal(found && `${printAddress(found.address)} ${found.port}`, server)
    })
  }
})

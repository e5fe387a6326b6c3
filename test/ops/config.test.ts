/**
 * The config file: what it means, and that each mistake is told at its place, all at once.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { configKeys, configSchema, RELOADED_KEYS, type ConfigValues } from '../../src/ops/config-schema.ts'
import type { ProbeConfig } from '../../src/ops/config-probe.ts'
import { type ConfigZone, mergeValues, parseConfig, readConfig } from '../../src/ops/config.ts'
import { printFinding } from '../../src/ops/finding.ts'

function findingsOf(text: string): string[] {
  return parseConfig(text, 'w.yaml').findings.map(printFinding)
}

describe('a config without mistakes', () => {
  it('may be empty, as everything has a default', () => {
    for (const text of ['', '# nothing\n', '---\n', '{}\n']) {
      const { config, findings } = parseConfig(text, '/etc/waggle/w.yaml')
      assert.deepEqual(findings, [])
      assert.deepEqual(config?.listen, [{ host: '127.0.0.1', family: 4, port: 5300 }])
      assert.equal(config?.values['udp-size'], 1232)
      assert.equal(config?.dataFolder, '/etc/waggle/data')
      assert.deepEqual(config?.zones, [])
    }
  })

  it('takes paths from its own folder, wherever the process stands', () => {
    const { config } = parseConfig('data: ../var\nzones: [{ name: Example.COM, file: z/a.zone }, { name: b.example, file: /srv/b.zone, class: LOCAL }]', '/etc/waggle/w.yaml')
    assert.equal(config?.dataFolder, '/etc/var')
    assert.deepEqual(
      config?.zones.map(({ name, file, class: rrClass }) => [name.toString(), file, rrClass]),
      [['Example.COM.', '/etc/waggle/z/a.zone', 1], ['b.example.', '/srv/b.zone', 65440]],
    )
  })

  it('shows every face of agents unless a zone says which, and none where it says so', () => {
    const facesOf = (said: string): number | undefined => parseConfig(`zones: [{ name: a.example, file: a.zone${said} }]`, 'w.yaml').config?.zones[0].faces
    assert.deepEqual(['', ', faces: [dns-sd, address]', ', faces: [svcb, svcb]', ', faces: []'].map(facesOf), [15, 5, 2, 0])
    assert.match(findingsOf('zones: [{ name: a.example, file: a.zone, faces: [srv] }]').join(), /zones\[0\]\.faces\[0\] "srv" as it must be one of address, svcb, dns-sd, dns-aid/)
  })

  it('probes no agents unless a zone says so, and then by defaults that need no more', () => {
    const probeOf = (said: string): ConfigZone['probe'] => parseConfig(`zones: [{ name: a.example, file: a.zone${said} }]`, 'w.yaml').config?.zones[0].probe
    assert.equal(probeOf(''), undefined)
    const { networks, ports, ...rest } = probeOf(', probe: {}') as ProbeConfig
    assert.deepEqual(rest, { kind: 'auto', periodMs: 10_000, timeoutMs: 2_000, rise: 2, fall: 3, budget: 20, verify: false })
    assert.deepEqual([networks.holds(Uint8Array.of(10, 0, 0, 1)), ports.size], [false, 0])
    const said = probeOf(', probe: { kind: mcp, period: 1, timeout: 250, networks: ["10.0.0.0/8"], ports: [53], verify: true }')
    assert.deepEqual([said?.kind, said?.periodMs, said?.timeoutMs, said?.networks.holds(Uint8Array.of(10, 0, 0, 1)), said?.ports.has(53), said?.verify], ['mcp', 1_000, 250, true, true, true])
  })

  it('remembers where a zone file was named, so that a missing file is told there', () => {
    const { config } = parseConfig('zones:\n  - name: a.example\n    file: a.zone\n', 'w.yaml')
    assert.deepEqual(config?.zones[0].place, { file: 'w.yaml', line: 3, column: 11 })
  })

  it('may leave a key empty, which is as good as leaving it out', () => {
    const { config, findings } = parseConfig('cookies:\nzones:\ntcp:\n  idle:\nlisten:\n', 'w.yaml')
    assert.deepEqual(findings, [])
    assert.equal(config?.values.tcp.idle, 10)
    assert.equal(config?.values.cookies.enabled, true)
  })

  it('may hold the same name in two classes', () => {
    const { findings } = parseConfig('zones: [{ name: a.example, file: a }, { name: A.Example., file: b, class: LOCAL }]', 'w.yaml')
    assert.deepEqual(findings, [])
  })

  it('says what it reads but cannot rely on, as a warning', () => {
    const { config, findings } = parseConfig('keys: [{ name: k., secret: "AAAA" }]\n', 'w.yaml')
    assert.notEqual(config, undefined)
    assert.deepEqual(findings.map(printFinding), [
      'w.yaml:1:28: warning: Cannot rely on keys[0].secret as it has 3 octets where hmac-sha256 wants 32',
    ])
  })
})

describe('a config with mistakes', () => {
  const MANY = `lisen: ["127.0.0.1:53"]
listen: ["127.0.0.1:70000", "localhost:53", "[::1]:5300"]
workers: 0
transport: udp
udp-size: 400
log: loud
cookies:
  secrt: abc
  secret: "00"
server: { nsid: [1], id: "${'x'.repeat(256)}" }
tcp: 7
zones:
  - { name: "a..b", file: x.zone }
  - { nam: c.example, class: CH }
  - d.example
`

  it('is told of all of them at once, each at its place', () => {
    assert.deepEqual(findingsOf(MANY), [
      'w.yaml:1:1: Cannot use key "lisen" as the config has none of that name; did you mean "listen"?',
      'w.yaml:2:10: Cannot use listen[0] "127.0.0.1:70000" as it must be address:port, such as 127.0.0.1:5300 or [::1]:5300 (tls:// and https:// are not served yet)',
      'w.yaml:2:29: Cannot use listen[1] "localhost:53" as it must be address:port, such as 127.0.0.1:5300 or [::1]:5300 (tls:// and https:// are not served yet)',
      'w.yaml:3:10: Cannot use workers 0 as it must be a number from 1 to 256',
      'w.yaml:4:12: Cannot use transport "udp" as it must be auto, mmsg or dgram',
      'w.yaml:5:11: Cannot use udp-size 400 as it must be a number from 512 to 4096 (octets)',
      'w.yaml:6:6: Cannot use log "loud" as it must be one of trace, debug, info, warn, error, silent',
      'w.yaml:8:3: Cannot use key "secrt" as cookies has none of that name; did you mean "secret"?',
      'w.yaml:9:11: Cannot use cookies.secret "00" as it must be 32 hexadecimal digits',
      'w.yaml:10:17: Cannot use server.nsid [1] as it must be text of at most 64 octets',
      `w.yaml:10:26: Cannot use server.id "${'x'.repeat(58)}… as it must be text of at most 255 octets`,
      'w.yaml:11:6: Cannot use tcp 7 as it must be a map',
      'w.yaml:13:13: Cannot use zones[0].name "a..b" as it must not hold an empty label',
      'w.yaml:14:5: Cannot do without zones[1].name, which must be a domain name',
      'w.yaml:14:5: Cannot do without zones[1].file, which must be the path of a zone file',
      'w.yaml:14:7: Cannot use key "nam" as zones[1] has none of that name; did you mean "name"?',
      'w.yaml:14:30: Cannot use zones[1].class "CH" as it must be IN or LOCAL',
      'w.yaml:15:5: Cannot use zones[2] "d.example" as it must be { name, file }',
    ])
    assert.equal(parseConfig(MANY, 'w.yaml').config, undefined)
  })

  it('is told of zones and addresses that stand there twice', () => {
    assert.deepEqual(findingsOf('listen: ["[::1]:53", "127.0.0.1:0", "127.0.0.1:0", "[::1]:53"]\nzones: [{ name: a.example, file: a }, { name: A.EXAMPLE., file: b }]'), [
      'w.yaml:1:52: Cannot use listen[3] "[::1]:53" as the address is listed already',
      'w.yaml:2:47: Cannot use zones[1].name "A.EXAMPLE." as zones[0] is the same zone',
    ])
  })

  it('is told of askers and local networks that are none', () => {
    assert.deepEqual(findingsOf(`local: ["10.0.0.0/8", "10.0.0.1/8"]
zones:
  - { name: a.example, file: a, askers: [192.0.2.0/24] }
  - { name: b.example, file: b, askers: { network: ["192.0.2.0/24"] } }
  - { name: c.example, file: c, askers: { networks: [here], keys: ["a..b", "*x", "a.*.b", 7, "*", "*.acme.example", k] } }
`), [
      'w.yaml:1:23: Cannot use local[1] "10.0.0.1/8" as it must be a network, such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix',
      'w.yaml:3:41: Cannot use zones[0].askers ["192.0.2.0/24"] as it must be { networks, keys }',
      'w.yaml:4:43: Cannot use key "network" as zones[1].askers has none of that name; did you mean "networks"?',
      'w.yaml:5:54: Cannot use zones[2].askers.networks[0] "here" as it must be a network, such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix',
      ...['6:"a..b"', '14:"*x"', '20:"a.*.b"', '29:7'].map((at, i) => `w.yaml:5:${62 + Number(at.split(':')[0])}: Cannot use zones[2].askers.keys[${i}] ${at.split(':')[1]} as it must be the name of a key, "*" for any that is proven, or "*.acme.example" for all below a name`),
    ])
  })

  it('is told of probes that are none', () => {
    const cases: [probe: string, message: RegExp][] = [
      ['true', /zones\[0\]\.probe true as it must be a map/],
      ['{ kind: ping }', /probe\.kind "ping" as it must be one of auto, a2a, mcp, http, tcp/],
      ['{ period: 0 }', /probe\.period 0 as it must be a number from 1 to 86400/],
      ['{ fall: 0 }', /probe\.fall 0 as it must be a number from 1 to 100/],
      ['{ budget: 100000 }', /probe\.budget 100000 as it must be a number from 1 to 1000/],
      ['{ networks: [here] }', /probe\.networks\[0\] "here" as it must be a network/],
      ['{ ports: [8080] }', /probe\.ports\[0\] 8080 as it must be a number from 1 to 1023/],
      ['{ interval: 3 }', /key "interval" as zones\[0\]\.probe has none of that name/],
    ]
    for (const [probe, message] of cases) assert.match(findingsOf(`zones: [{ name: a.example, file: a.zone, probe: ${probe} }]`).join(), message)
  })

  it('is told where its YAML breaks', () => {
    const cases: [string, RegExp][] = [
      ['listen: [', /^w\.yaml:1:\d+: Cannot parse YAML: flow sequence/],
      ['a: 1\na: 2\n', /^w\.yaml:2:1: Cannot parse YAML: map keys must be unique$/],
      ['zones: *none\n', /^w\.yaml:1:\d+: Cannot parse YAML: .*alias/i],
      ['\tlisten: x', /^w\.yaml:1:\d+: Cannot parse YAML/],
      ['- 1\n', /^w\.yaml:1:1: Cannot use the config \[1\] as it must be a map of keys$/],
    ]
    for (const [text, wanted] of cases) assert.match(findingsOf(text).join('\n'), wanted, text)
  })

  it('does not blow up on aliases of aliases', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((letter, i) => `${letter}: &${letter} [${Array(10).fill(`*${'abcdefgh'[i]}`).join(',')}]`)].join('\n')
    assert.match(findingsOf(bomb).join('\n'), /Cannot parse YAML: .*alias/i)
  })

  it('is refused where the control socket would have a path that no system takes', () => {
    assert.match(findingsOf(`data: /tmp/${'d'.repeat(100)}\n`).join(), /^w\.yaml:1:7: Cannot use data .* at most 103 octets/)
  })

  it('cannot be read where there is none, and says so without a place', () => {
    const folder = mkdtempSync(join(tmpdir(), 'waggle-config-'))
    try {
      const missing = join(folder, 'none.yaml')
      assert.deepEqual(readConfig(missing).findings.map(printFinding), [`${missing}: Cannot read config: no such file or directory`])
      assert.match(readConfig(folder).findings.map(printFinding).join(), /Cannot read config/)
      const present = join(folder, 'w.yaml')
      writeFileSync(present, 'log: warn\n')
      assert.equal(readConfig(present).config?.values.log, 'warn')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('the table of keys', () => {
  it('gives every key a meaning and the words of its error', () => {
    for (const { path, wanted, about } of configKeys()) {
      assert.match(wanted, /^must /, path)
      assert.match(about, /^[A-Z].*\.$/, path)
    }
  })
})

describe('the config of rate limits, cookies and metrics', () => {
  const valuesOf = (text: string): ConfigValues => parseConfig(text, 'w.yaml').config?.values ?? assert.fail(findingsOf(text).join('\n'))

  it('limits by default as NSD does, but not loopback; opens no address for metrics; rotates once a day', () => {
    const values = valuesOf('')
    assert.deepEqual(values['rate-limit'], { responses: 200, slip: 2, window: 15, allow: ['127.0.0.0/8', '::1/128'] })
    assert.equal(values.metrics, undefined)
    assert.equal(values.cookies.rotate, 24)
  })

  it('keeps the other defaults where one key is set', () => {
    assert.deepEqual(valuesOf('rate-limit: { responses: 5 }')['rate-limit'], { responses: 5, slip: 2, window: 15, allow: ['127.0.0.0/8', '::1/128'] })
    assert.deepEqual(valuesOf('rate-limit: { allow: [] }')['rate-limit'].allow, [])
  })

  it('is told of each mistake at its place', () => {
    assert.deepEqual(findingsOf('rate-limit:\n  responses: -1\n  slip: x\n  window: 0\n  allow: [192.0.2.1/24, "::1", nowhere]\nmetrics: 9153\ncookies: { rotate: 200 }\n'), [
      'w.yaml:2:14: Cannot use rate-limit.responses -1 as it must be a number from 0 to 100000 (a second; 0 limits nothing)',
      'w.yaml:3:9: Cannot use rate-limit.slip "x" as it must be a number from 0 to 100',
      'w.yaml:4:11: Cannot use rate-limit.window 0 as it must be a number from 1 to 3600 (seconds)',
      'w.yaml:5:11: Cannot use rate-limit.allow[0] "192.0.2.1/24" as it must be a network, such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix',
      'w.yaml:5:32: Cannot use rate-limit.allow[2] "nowhere" as it must be a network, such as 192.0.2.0/24 or 2001:db8::/32, without bits behind its prefix',
      'w.yaml:6:10: Cannot use metrics 9153 as it must be address:port, such as 127.0.0.1:9153',
      'w.yaml:7:20: Cannot use cookies.rotate 200 as it must be a number from 0 to 168 (hours; 0 never)',
    ])
    const many = `rate-limit: { allow: [${Array.from({ length: 65 }, (_, i) => `192.0.2.${i}`).join(', ')}] }`
    assert.match(findingsOf(many).join(), /must be a list of at most 64 networks/)
  })

  it('is put together with what is in use: some keys are taken, others wait, none is forgotten', () => {
    const inUse = valuesOf('workers: 2\nserver: { id: a }\nlog: warn\n')
    const read = valuesOf('listen: ["127.0.0.1:1"]\nserver: { id: b }\nmetrics: "127.0.0.1:1"\nrate-limit: { slip: 1 }\nlog: warn\n')
    const { values, taken, waiting } = mergeValues(inUse, read)
    assert.deepEqual(taken, ['server', 'rate-limit', 'metrics'])
    assert.deepEqual(waiting, ['listen', 'workers'])
    assert.deepEqual([values.workers, values.listen, values.server.id, values['rate-limit'].slip, values.metrics], [2, ['127.0.0.1:5300'], 'b', 1, '127.0.0.1:1'])
    assert.deepEqual(mergeValues(values, read).waiting, ['listen', 'workers'], 'what waits is told at each reload')
    assert.deepEqual(mergeValues(values, read).taken, [])
  })

  it('names as taken by a reload only keys that there are', () => {
    assert.deepEqual([...RELOADED_KEYS].filter((key) => !(key in configSchema.shape)), [])
  })
})

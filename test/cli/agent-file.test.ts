/**
 * What register, renew and withdraw are told: files whose faults are told at their place, flags that win over them, cards, and
 * what is missing. Nothing is sent: `--dry-run` prints what would be.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { agentKeys } from '../../src/cli/agent-schema.ts'
import { selfCertifyingId } from '../../src/discovery/identifier/agent.ts'
import { rowsOf, tableOn } from '../meta/tables.ts'
import { textOf } from '../meta/tree.ts'
import { pairIn, secretIn } from './keys.ts'
import { run, scratch, type Ran } from './running.ts'

const { folder, write } = scratch()
const { pair } = pairIn(write, 'laptop.example')
const ID = selfCertifyingId(pair.record.rdata)
const { file: tsig } = secretIn(write, 'agents-key')
const SERVER = ['-s', '127.0.0.1:1']

function dry(...args: string[]): Promise<Ran> {
  return run('register', '--dry-run', ...args)
}

function linesOf({ code, out, err }: Ran): string[] {
  assert.deepEqual([code, err], [0, ''])
  return out.trimEnd().split('\n')
}

const FULL = `# What Babel registers.
server: 127.0.0.1:1
key: Kown.private
provider: acme.example
kind: user
addresses: [192.0.2.10, "2001:db8::10"]
texts: ["made by \\"Acme\\""]
capabilities:
  - { name: mtls.v2.translate.text.nlp, parameters: latency=180ms accuracy=0.97, priority: 2 }
  - name: v1.ocr.vision._cap.beta.example.
ttl: 30
lease: 600
key-lease: 86400
`

describe('an agent file', () => {
  it('says everything, with paths relative to itself', async () => {
    const name = `${ID}._ua.acme.example.`
    assert.deepEqual(linesOf(await dry('-f', write('full.yaml', FULL))).map((line) => line.replace(/KEY .*/, 'KEY')), [
      `; zone acme.example, lease 600 s, key lease 86400 s, signed by SIG(0) ${name}`,
      `${name} 30 IN KEY`,
      `${name} 30 IN A 192.0.2.10`,
      `${name} 30 IN AAAA 2001:db8::10`,
      `${name} 30 IN TXT "made by \\"Acme\\""`,
      `mtls.v2.translate.text.nlp._cap.acme.example. 30 IN AGENT 2 ${name} latency=180ms accuracy=0.97`,
      `v1.ocr.vision._cap.beta.example. 30 IN AGENT 1 ${name}`,
    ])
  })

  it('gives way to flags, key by key', async () => {
    const file = write('full.yaml', FULL)
    const lines = linesOf(await dry('-f', file, '-k', tsig, '--id', 'babel', '--kind', 'service', '--address', '192.0.2.99', '--text', 'a  b', '--capability', ' v3.x  latency=1ms  cost=0.1 ', '--lease', '60', '--ttl', '0', '--class', 'LOCAL'))
    assert.deepEqual(lines, [
      '; zone acme.example, lease 60 s, key lease 86400 s, signed by TSIG hmac-sha256 agents-key.',
      'babel._sa.acme.example. 0 LOCAL A 192.0.2.99',
      'babel._sa.acme.example. 0 LOCAL TXT "a  b"',
      'v3.x._cap.acme.example. 0 LOCAL AGENT 1 babel._sa.acme.example. latency=1ms cost=0.1',
    ])
  })

  it('with mistakes is told of all of them at once, each at its place, with what was meant', async () => {
    const file = write('bad.yaml', `sever: 127.0.0.1
server: localhost
provider: a..b
kind: robot
id: "ba bel"
addresses: [192.0.2.300, "fe80::1%eth0"]
texts: hello
capabilities:
  - { name: translate, parameters: latenc=1ms }
  - { nam: v1.x, priority: 70000 }
  - v1.y
class: CH
ttl: -1
lease: 0
key-lease: soon
`)
    const { code, out, err } = await dry('-f', file)
    assert.deepEqual([code, out], [1, ''])
    assert.deepEqual(err.trimEnd().split('\n').map((line) => line.replace(`${file}:`, '')), [
      '1:1: Cannot use key "sever" as the agent file has none of that name; did you mean "server"?',
      '2:9: Cannot use server "localhost" as it must be address[:port], such as 127.0.0.1:5300 or [::1]:5300',
      '3:11: Cannot use provider "a..b" as it must not hold an empty label',
      '4:7: Cannot use kind "robot" as it must be service or user',
      '5:5: Cannot use id "ba bel" as it must be one label of letters, digits and hyphens, such as babel',
      '6:13: Cannot use addresses[0] "192.0.2.300" as it must be an IPv4 or IPv6 address, such as 192.0.2.10 or 2001:db8::10',
      '6:26: Cannot use addresses[1] "fe80::1%eth0" as it must be an IPv4 or IPv6 address, such as 192.0.2.10 or 2001:db8::10',
      '7:8: Cannot use texts "hello" as it must be a list of texts',
      '9:13: Cannot use capabilities[0].name "translate" as it must be a version and a type, such as v2.translate.text.nlp',
      '9:36: Cannot use capabilities[0].parameters "latenc=1ms" as it holds a fault: Cannot parse parameter "latenc=1ms" as it must start with a known key or keyNNNNN; did you mean "latency"?',
      '10:5: Cannot do without capabilities[1].name, which must be a version and a type, such as v2.translate.text.nlp',
      '10:7: Cannot use key "nam" as capabilities[1] has none of that name; did you mean "name"?',
      '10:28: Cannot use capabilities[1].priority 70000 as it must be a number from 0 to 65535',
      '11:5: Cannot use capabilities[2] "v1.y" as it must be { name, parameters }',
      '12:8: Cannot use class "CH" as it must be IN or LOCAL',
      '13:6: Cannot use ttl -1 as it must be a number from 0 to 2147483647',
      '14:8: Cannot use lease 0 as it must be a number from 1 to 2147483647',
      '15:12: Cannot use key-lease "soon" as it must be a number from 1 to 2147483647',
    ])
  })

  it('that is none is told so', async () => {
    const cases: [string, RegExp][] = [
      [join(folder, 'none.yaml'), /none\.yaml: Cannot read agent file: no such file or directory\n$/],
      [write('list.yaml', '- 1\n'), /list\.yaml:1:1: Cannot use the agent file \[1\] as it must be a map of keys\n$/],
      [write('broken.yaml', 'provider: [\n'), /broken\.yaml:\d:\d+: Cannot parse YAML: /],
      [write('keys.yaml', 'key: none.tsig\nprovider: acme.example\nserver: 127.0.0.1\n'), /none\.tsig:1:1: Cannot read key file: no such file or directory\n$/],
      [write('cards.yaml', 'card: none.json\nprovider: acme.example\nserver: 127.0.0.1\n'), /none\.json: Cannot read agent card: no such file or directory\n$/],
    ]
    for (const [file, wanted] of cases) {
      const { code, err } = await dry('-f', file)
      assert.match(err, wanted)
      assert.equal(code, 1)
    }
  })

  it('has the keys that the page lists', () => {
    const written = rowsOf(tableOn(textOf('docs/cli.md'), 'agent keys')).map(([key]) => key.replaceAll('`', ''))
    assert.deepEqual(written, agentKeys().map(({ path }) => path))
  })
})

const CARD = JSON.stringify({ name: 'Babel Fish', version: '2.1.0', url: 'https://babel.acme.example/a2a', defaultInputModes: ['text/plain'], skills: [{ id: 'translate-text', tags: ['text'] }] })

describe('an agent card', () => {
  const AGENT_OF = (name: string) => `v2.translate-text._cap.acme.example. 60 IN AGENT 1 ${name} alpn=a2a port=443 modality=text endpoint=https://babel.acme.example/a2a`

  it('gives id and capabilities where nothing else does', async () => {
    const lines = linesOf(await dry(...SERVER, '-k', tsig, '--provider', 'acme.example', '--card', write('card.json', CARD)))
    assert.deepEqual(lines.slice(1), [AGENT_OF('babel-fish._sa.acme.example.')])
  })

  it('leaves the id to the KEY where there is one, and to who says it', async () => {
    const card = write('card.json', CARD)
    const own = ['-k', join(folder, 'Kown.key')]
    assert.equal(linesOf(await dry(...SERVER, ...own, '--provider', 'acme.example', '--card', card)).at(-1), AGENT_OF(`${ID}._sa.acme.example.`))
    assert.equal(linesOf(await dry(...SERVER, ...own, '--provider', 'acme.example', '--card', card, '--id', 'fish')).at(-1), AGENT_OF('fish._sa.acme.example.'))
  })

  it('may be named by the file, which wins', async () => {
    const file = write('with-card.yaml', 'card: card.json\nserver: 127.0.0.1\nprovider: acme.example\ncapabilities: [{ name: v1.x }]\n')
    assert.equal(linesOf(await dry('-f', file)).at(-1), 'v1.x._cap.acme.example. 60 IN AGENT 1 babel-fish._sa.acme.example.')
  })

  it('that is none is told so, by its field', async () => {
    for (const [text, wanted] of [['{', /Cannot read agent card as it must be JSON: /], ['{"name":"x","url":"https://x.example"}', /Cannot use card as skills must be a list\n$/]] as const) {
      const { code, err } = await dry(...SERVER, '--provider', 'acme.example', '--card', write('bad.json', text))
      assert.match(err, wanted)
      assert.equal(code, 1)
    }
  })
})

describe('an agent told wrongly', () => {
  const OFFER = ['--capability', 'v1.x']

  it('is said what is missing or wrong, by the flag', async () => {
    const cases: [string[], RegExp][] = [
      [[], /^waggle: Cannot do without server: say --server, or server in the agent file \(-f\)\n$/],
      [SERVER, /^waggle: Cannot do without provider: say --provider/],
      [[...SERVER, '--provider', 'acme.example', ...OFFER], /^waggle: Cannot do without id: say --id, or sign by SIG\(0\), whose key makes one\n$/],
      [[...SERVER, '--provider', 'acme.example', ...OFFER, '-k', tsig], /^waggle: Cannot do without id/],
      [[...SERVER, '--provider', 'acme.example', '--id', 'babel'], /^waggle: Cannot register an agent of which nothing is said/],
      [[...SERVER, '--provider', 'acme.example', '--id', 'babel', ...OFFER, '--lease', '600', '--key-lease', '60'], /^waggle: Cannot use key-lease 60 as it must not be less than the lease, 600\n$/],
      [[...SERVER, '--provider', `${'x'.repeat(63)}.`.repeat(4), '--id', 'babel'], /^waggle: Cannot use --provider "x.*255 octets/],
      [[...SERVER, '--provider', `${'x'.repeat(61)}.`.repeat(4), '--id', 'babel', ...OFFER], /^waggle: Cannot parse name /],
      [[...SERVER, '--provider', 'acme.example', '--id', 'babel', '--text', 'x'.repeat(256)], /^waggle: Cannot parse .*255/],
      [['-s', 'localhost'], /^waggle: Cannot use --server "localhost" as it must be address\[:port\]/],
      [['--id', '-'], /^waggle: Cannot use --id "-" as it must be one label/],
      [['--address', '::1', '--address', 'x', '--capability', 'x'], /^waggle: Cannot use --address "x" as it must be .*\nwaggle: Cannot use --capability "x" as it must be a version and a type/],
      [['--capability', 'v1.x latency=soon'], /^waggle: Cannot use --capability "latency=soon" as it holds a fault: Cannot parse /],
      [['--lease', '0'], /must be a number from 1 to 2147483647/],
      [['--kind', 'robot'], /Allowed choices are service, user/],
      [['--ttl', 'x'], /must be a number from 0 to/],
    ]
    for (const [args, wanted] of cases) {
      const { code, out, err } = await dry(...args)
      assert.match(err, wanted, args.join(' '))
      assert.deepEqual([code, out], [2, ''], args.join(' '))
    }
  })

  it('may have its server from the environment, and no key', async (t) => {
    t.after(() => delete process.env.WAGGLE_SERVER)
    process.env.WAGGLE_SERVER = '[::1]:5300'
    assert.match(linesOf(await dry('--provider', 'acme.example', '--id', 'babel', ...OFFER))[0], /signed by nobody$/)
    process.env.WAGGLE_SERVER = 'localhost'
    assert.match((await dry('--provider', 'acme.example', '--id', 'babel', ...OFFER)).err, /^waggle: Cannot use WAGGLE_SERVER "localhost"/)
  })
})

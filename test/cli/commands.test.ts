/**
 * The command line without a process: what each command prints, where, and with which exit code.
 */
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { classFromText, nameFromFile } from '../../src/cli/check.ts'
import { columns } from '../../src/cli/control.ts'
import { runCommand } from '../../src/cli/main.ts'
import { makeProgram, readVersion } from '../../src/cli/program.ts'
import { CLASS, EDE, OPTION, RCODE, TYPE } from '../../src/dns/codes.ts'
import { makeExtendedError } from '../../src/dns/edns.ts'
import { decodeMessage, encodeMessage, type Message } from '../../src/dns/message.ts'
import { parseRecord } from '../../src/dns/record-text.ts'

const ZONES = new URL('../../../zones/', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'waggle-cli-'))
after(() => rmSync(folder, { recursive: true }))

interface Ran {
  code: number
  out: string
  err: string
}

async function run(...args: string[]): Promise<Ran> {
  const ran = { code: -1, out: '', err: '' }
  ran.code = await runCommand(args, { out: (text) => void (ran.out += text), err: (text) => void (ran.err += text) })
  return ran
}

function fileOf(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

describe('calling wrongly', () => {
  it('ends with code 2 and the right way on standard error', async () => {
    const cases: [string[], RegExp][] = [
      [[], /^Usage: waggle /],
      [['srve'], /^waggle: unknown command 'srve'\n\(Did you mean serve\?\)\nCommands: serve, check, query, watch, demand, stats, zone, cache, anchor, register, renew, withdraw, agent, keygen\. /],
      [['enroll'], /^waggle: unknown command 'enroll'\nCommands: serve, check,/],
      [['zone', 'lst'], /^waggle: unknown command 'lst'\n.*\nCommands: zone list, zone status, zone reload, zone dump, zone diff, zone freeze, zone thaw\. /],
      [['serve'], /^waggle: required option '-c, --config <file>' not specified\n$/],
      [['serve', '-c'], /argument missing/],
      [['check'], /^waggle: missing required argument 'file'/],
      [['query', 'example.com', '-s', '127.0.0.1', '--servr', 'x'], /^waggle: unknown option '--servr'/],
      [['query', 'example.com'], /^waggle: Cannot ask as nobody is named by --server/],
      [['query', 'example.com', '--explain'], /^waggle: Cannot find the server as neither --config nor --data was given\n$/],
      [['query', 'example.com', '--explain', '--short'], /cannot be used with option/],
      [['query', 'example.com', '--explain', '-d', '.', '--demand', 'latency=soon'], /^waggle: Cannot parse .*latency/],
      [['query', 'example.com', '-s', 'localhost'], /^waggle: Cannot use server "localhost" as it must be address\[:port\], such as 127\.0\.0\.1:5300 or \[::1\]:5300\n$/],
      [['query', 'example.com', '-s', 'localhost:5411'], /^waggle: Cannot use server "localhost:5411" as it must be address\[:port\], such as 127\.0\.0\.1:5411 or \[::1\]:5411\n$/],
      [['watch', 'example.com', '-s', 'localhost:5411'], /such as 127\.0\.0\.1:5411 or \[::1\]:5411\n$/],
      [['query', 'example.com', 'AAAAA', '-s', '127.0.0.1'], /^waggle: Cannot use type "AAAAA" as it must be /],
      [['query', 'agent://acme.example/v2', '-s', '127.0.0.1'], /^waggle: .*agent:\/\/acme\.example\/v2.* must name what has the version\n$/],
      [['query', 'agent://acme.example/v2', '--explain', '-d', '.'], /^waggle: .* must name what has the version\n$/],
      [['query', 'a..b', '-s', '127.0.0.1'], /^waggle: Cannot parse name "a\.\.b" as it must not hold an empty label\n$/],
      [['query', 'a.example', '-s', '127.0.0.1', '--class', 'XX'], /^waggle: Cannot use class "XX"/],
      [['query', 'a.example', '-s', '127.0.0.1', '--timeout', '0'], /must be a number from 1 to 600000/],
      [['query', 'a.example', '-s', '127.0.0.1', '--short', '--json'], /cannot be used with option/],
      [['query', 'a.example', '-s', '127.0.0.1', '--no-edns', '--dnssec'], /^waggle: Cannot use --no-edns with --dnssec/],
      [['query', 'a.example', '-s', '127.0.0.1', '--demand', 'latency=soon'], /^waggle: Cannot parse .*latency/],
      [['demand', 'latency=soon'], /^waggle: Cannot parse .*latency.* \(column 9\)\n$/],
      [['check', '--class', 'CH', 'x.zone'], /^waggle: Cannot use class "CH" as it must be IN or LOCAL\n$/],
      [['check', '--origin', 'a..b', 'x.zone'], /^waggle: Cannot parse name/],
      [['stats'], /^waggle: Cannot find the server as neither --config nor --data was given\n$/],
      [['stats', '-c', 'a', '-d', 'b'], /cannot be used with option/],
      [['zone', 'reload', 'a..b', '-d', folder], /^waggle: Cannot parse name/],
      [['zone', 'dump', 'a.example', '-d', folder, '--leases'], /^waggle: Cannot use --leases without --write as what is printed holds leased records anyhow\n$/],
      [['zone', 'dump', 'a.example', '-d', folder, '--write', '-o', 'x'], /cannot be used with option/],
      ...['status', 'dump', 'diff', 'freeze', 'thaw'].flatMap((what): [string[], RegExp][] => [
        [['zone', what, '-d', folder], /^waggle: missing required argument 'name'/],
        [['zone', what, 'a..b', '-d', folder], /^waggle: Cannot parse name/],
        [['zone', what, 'a.example', '-d', folder, '--class', 'XX'], /^waggle: Cannot use class "XX" as it must be IN or LOCAL\n$/],
        [['zone', what, 'a.example'], /^waggle: Cannot find the server as neither --config nor --data was given\n$/],
      ]),
    ]
    for (const [args, wanted] of cases) {
      const { code, out, err } = await run(...args)
      assert.match(err, wanted, args.join(' '))
      assert.equal(code, 2, args.join(' '))
      assert.equal(out, '')
    }
  })
})

describe('help', () => {
  it('comes with every command, with examples, on standard output', async () => {
    const program = makeProgram({ out: () => undefined, err: () => undefined }, { code: 0 })
    const paths = program.commands.flatMap((command) => (command.commands.length > 0 ? command.commands.map((sub) => [command.name(), sub.name()]) : [[command.name()]]))
    assert.equal(paths.length, 25)
    for (const path of paths) {
      const { code, out, err } = await run(...path, '--help')
      assert.equal(code, 0)
      assert.equal(err, '')
      assert.ok(out.startsWith(`Usage: waggle ${path.join(' ')}`), out)
      assert.match(out, /\nExamples?:\n {2}\$ /, path.join(' '))
    }
  })

  it('lists the commands and what exit codes mean', async () => {
    const { out } = await run('--help')
    for (const word of ['serve', 'check', 'query', 'demand', 'stats', 'zone', 'cache', 'register', 'renew', 'withdraw', 'keygen', 'Exit codes:']) assert.ok(out.includes(word), word)
    assert.equal((await run('help', 'serve')).out, (await run('serve', '--help')).out)
  })

  it('prints the version of package.json', async () => {
    assert.deepEqual(await run('--version'), { code: 0, out: `${readVersion()}\n`, err: '' })
    assert.match(readVersion(), /^\d+\.\d+\.\d+/)
  })
})

describe('check', () => {
  const GOOD = '$TTL 60\n@ SOA ns m 7 1h 1h 1d 1m\n@ NS ns\nns A 192.0.2.1\n'

  it('finds nothing in the zones that come with the server, even when it is strict', async () => {
    const files = readdirSync(ZONES).filter((file) => file.endsWith('.zone'))
    assert.ok(files.length >= 4)
    assert.deepEqual(await run('check', '--strict', '-q', ...files.map((file) => ZONES + file), `${ZONES}waggle.yaml`), { code: 0, out: '', err: '' })
  })

  it('says what it has read', async () => {
    const file = fileOf('example.net.zone', GOOD)
    assert.deepEqual(await run('check', file), { code: 0, out: `${file}: zone example.net. IN, serial 7, 3 records\n`, err: '' })
    const { out } = await run('check', '--origin', 'Other.Example', '--class', 'local', fileOf('x', GOOD))
    assert.match(out, /zone Other\.Example\. LOCAL, serial 7/)
  })

  it('tells every finding at its place, and fails for errors', async () => {
    const file = fileOf('example.net.zone', `${GOOD}a A 1.2.3\nb 1x A 192.0.2.1\nc FOO x\n`)
    const { code, out, err } = await run('check', file)
    assert.equal(code, 1)
    assert.equal(err, '')
    assert.deepEqual(out.split('\n').map((line) => line.replace(file, '').replace(/: .*/, '')), [':5:5', ':6:3', ':7:3', ''])
  })

  it('lets warnings pass unless it is strict', async () => {
    const file = fileOf('example.net.zone', `${GOOD}@ MX 10 nowhere\n`)
    const lax = await run('check', '-q', file)
    assert.equal(lax.code, 0)
    assert.match(lax.out, /:5:1: warning: .* \[mx-without-address\]\n$/)
    assert.deepEqual(await run('check', '-q', '--strict', file), { ...lax, code: 1 })
  })

  it('checks a config and all its zones, telling of a missing file where the config names it', async () => {
    fileOf('good.zone', GOOD)
    const config = fileOf('w.yaml', 'zones:\n  - { name: a.example, file: good.zone }\n  - { name: b.example, file: none.zone }\n')
    const { code, out } = await run('check', config)
    assert.equal(code, 1)
    assert.deepEqual(out.split('\n'), [`${config}: 2 zones`, `${join(folder, 'good.zone')}: zone a.example. IN, serial 7, 3 records`, `${config}:3:30: Cannot read zone file ${join(folder, 'none.zone')}: no such file or directory`, ''])
    const bad = await run('check', fileOf('bad.yaml', 'zones: 1\nlog: x\n'))
    assert.equal(bad.code, 1)
    assert.equal(bad.out.split('\n').length, 3)
  })

  it('goes on behind a file that cannot be read', async () => {
    const good = fileOf('example.net.zone', GOOD)
    const { code, out } = await run('check', join(folder, 'none.zone'), good)
    assert.equal(code, 1)
    assert.match(out, /none\.zone: Cannot check zone file: no such file or directory\n.*: zone example\.net\. IN/)
  })

  it('takes the class from the SOA where none is given', () => {
    const cases: [string, number][] = [
      ['@ LOCAL SOA a b 1 2 3 4 5', CLASS.LOCAL],
      ['@ 1h LOCAL SOA a b 1 2 3 4 5', CLASS.LOCAL],
      ['@ LOCAL 3600 SOA a b (', CLASS.LOCAL],
      ['$TTL 60\n; LOCAL SOA\n@ IN SOA a b (', CLASS.IN],
      ['@ SOA a b 1 2 3 4 5\nx LOCAL A 1', CLASS.IN],
      ['@ class65440 soa a b', CLASS.LOCAL],
      ['', CLASS.IN],
    ]
    for (const [text, wanted] of cases) assert.equal(classFromText(text), wanted, text)
  })

  it('takes the name from that of the file where none is given', () => {
    for (const [file, wanted] of [['/etc/acme.example.zone', 'acme.example.'], ['acme.example', 'acme.example.'], ['x/a.example.db', 'a.example.']]) assert.equal(nameFromFile(file).toString(), wanted)
  })
})

describe('demand', () => {
  it('prints the octets of the option, keys in order, however it is written', async () => {
    const wanted = { code: 0, out: 'ff14000400030d40ff1500022328\n', err: '' } // latency 65300: 200,000 µs; accuracy 65301: 0.9
    assert.deepEqual(await run('demand', 'latency=200ms accuracy=0.9'), wanted)
    assert.deepEqual(await run('demand', 'accuracy=0.9', 'latency=200ms'), wanted)
  })
})

describe('query', () => {
  let socket: Socket
  let server = ''
  let asked: Message | undefined
  let answer: (query: Message) => Partial<Message> = () => ({})

  before(async () => {
    socket = createSocket('udp4')
    socket.on('message', (octets, from) => {
      asked = decodeMessage(octets)
      socket.send(encodeMessage({ ...asked, response: true, authoritative: true, ...answer(asked) }), from.port, from.address)
    })
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    server = `127.0.0.1:${socket.address().port}`
  })
  after(() => socket.close())

  it('asks what its options say', async () => {
    await run('query', 'WWW.example', '--class', 'LOCAL', 'AGENT', '-s', server, '--dnssec', '--ag', '--recurse', '--demand', 'latency=200ms')
    assert.deepEqual(asked?.questions.map(({ name, type, class: rrClass }) => [name.toString(), type, rrClass]), [['WWW.example.', TYPE.AGENT, CLASS.LOCAL]])
    assert.deepEqual([asked?.agent, asked?.recursionDesired, asked?.edns?.dnssecOk, asked?.edns?.udpSize], [true, true, true, 1232])
    assert.deepEqual(asked?.edns?.options.map(({ code, octets }) => [code, Buffer.from(octets).toString('hex')]), [[OPTION.DEMAND, 'ff14000400030d40']])
    await run('query', 'a.example', '-s', server, '--no-edns')
    assert.equal(asked?.edns, undefined)
    assert.equal(asked?.questions[0].type, TYPE.A)
    assert.equal(asked?.recursionDesired, false)
  })

  it('prints the answer as dig does', async () => {
    answer = () => ({ id: asked?.id ?? 0, answers: [parseRecord('a.example. 60 IN A 192.0.2.1')], authorities: [parseRecord('example. 60 IN NS ns.example.')] })
    const { code, out, err } = await run('query', 'a.example', '-s', server)
    assert.equal(code, 0)
    assert.equal(err, '')
    assert.deepEqual(out.replace(/id: \d+/, 'id: …').replace(/time: [\d.]+/, 'time: …').split('\n'), [
      ';; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: …',
      ';; flags: qr aa; QUESTION: 1, ANSWER: 1, AUTHORITY: 1, ADDITIONAL: 1',
      '',
      ';; OPT PSEUDO SECTION:',
      '; EDNS: version: 0, flags:; udp: 1232',
      '',
      ';; QUESTION SECTION:',
      ';a.example.\tIN\tA',
      '',
      ';; ANSWER SECTION:',
      'a.example.\t60\tIN\tA\t192.0.2.1',
      '',
      ';; AUTHORITY SECTION:',
      'example.\t60\tIN\tNS\tns.example.',
      '',
      ';; Query time: … ms',
      `;; SERVER: ${server} (UDP)`,
      ';; MSG SIZE rcvd: 71',
      '',
    ])
  })

  it('prints bare data or JSON where that is wanted', async () => {
    answer = () => ({
      rcode: RCODE.NXDOMAIN,
      answers: [parseRecord('a.example. 60 IN CNAME b.example.'), parseRecord('b.example. 60 IN TXT "x y"')],
      edns: { udpSize: 1232, version: 0, dnssecOk: false, compactOk: false, options: [makeExtendedError({ infoCode: EDE.NO_LIVE_AGENT, text: 'all leases ended' })] },
    })
    assert.equal((await run('query', 'a.example', '-s', server, '--short')).out, 'b.example.\n"x y"\n')
    const json = JSON.parse((await run('query', 'a.example', '-s', server, '--json')).out) as Record<string, unknown> & { edns: { options: object[] } }
    assert.equal(json.status, 'NXDOMAIN')
    assert.deepEqual(json.flags, ['qr', 'aa'])
    assert.deepEqual(json.question, [{ name: 'a.example.', class: 'IN', type: 'A' }])
    assert.deepEqual((json.answer as object[])[1], { name: 'b.example.', ttl: 60, class: 'IN', type: 'TXT', rdata: '"x y"' })
    assert.deepEqual(json.edns.options[0], { code: 15, name: 'EDE', hex: 'c000616c6c206c656173657320656e646564', infoCode: 49152, text: 'all leases ended' })
    assert.deepEqual([json.server, json.transport], [server, 'udp'])
  })

  it('fails, with the reason, where nobody answers', async () => {
    assert.deepEqual(await run('query', 'a.example', '-s', '127.0.0.1:1', '--tries', '1'), { code: 1, out: '', err: 'waggle: No answer from 127.0.0.1:1: nothing listens there (connection refused)\n' })
  })
})

describe('columns', () => {
  it('are as wide as their widest cell, without blanks at the end of lines', () => {
    assert.equal(columns([['a', 'bb', 'c'], ['aaa', 'b', '']]), 'a    bb  c\naaa  b\n')
    assert.equal(columns([['a', '1', 'x'], ['b', '100', 'y']], 1), 'a    1  x\nb  100  y\n')
    assert.equal(columns([]), '')
  })
})

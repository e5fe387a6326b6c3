/**
 * Waggle as a recursive server, in a private internet with servers good and bad: what it answers is what Unbound and
 * BIND answer, or the difference is named with the text that decides.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { EDE, OPTION, RCODE } from '../../src/dns/codes.ts'
import { MAX_QUESTION_MS } from '../../src/dns/limits-resolver.ts'
import type { Message } from '../../src/dns/message.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { makeFolder, Served, waggle } from './process.ts'
import { gist, missing, PrivateInternet, tell } from './private-internet.ts'

const absent = missing('nsd', 'knotd', 'unbound', 'named')
const skip = absent.length > 0 ? `needs ${absent.join(', ')}` : false

const LONG = Array.from({ length: 8 }, (_, i) => `big TXT "${String(i).repeat(240)}"`).join('\n')

/** Whether the servers of fleeting.example. are down. */
let isDown = false

async function build(net: PrivateInternet): Promise<void> {
  net.nsd(1, { '.': '@ NS a.root.\na.root. A @1\nexample. NS ns.example.\nns.example. A @2\nnet2. NS ns.net2.\nnet2. NS ns2.net2.\nns.net2. A @3\nns2.net2. A @9\nns. A @1\nhost. A @1' })
  net.nsd(2, {
    'example.': `@ NS ns\nns A @2\nwww A 192.0.2.1\nwww AAAA 2001:db8::1\n@ MX 10 www\nalias CNAME www.sub.net2.\ndangling CNAME none.net2.\n*.wild TXT "any"\n${LONG}
      circle CNAME circle2\ncircle2 CNAME circle\nempty.non.terminal A 192.0.2.3
      lame NS ns.lame\nns.lame A @4\nsilent NS ns.silent\nns.silent A @5\nedns NS ns.edns\nns.edns A @6\nslow NS ns.slow\nns.slow A @7\nslow NS ns2.slow\nns2.slow A @5
      short NS ns.short\nns.short A @8\nglueless NS ns.host.net2.\nloop NS ns.loop.net2.\nnames NS ns.names\nns.names A @10\nfleeting NS ns.fleeting\nns.fleeting A @12`,
  })
  net.knot(3, { 'net2.': '@ NS ns\nns A @3\nns2 A @9\nwww.sub A 192.0.2.2\nback CNAME www.example.\nforth CNAME www.example.\nold DNAME new\nhost.new A 192.0.2.4\nns.host A @11\nloop NS ns.loop.example.' })
  const apex = '@ NS ns\nns A 192.0.2.9\nwww A 192.0.2.5'
  await net.play(4, { 'other.': apex }, {})
  await net.play(5, { 'silent.example.': apex }, { silent: true })
  await net.play(6, { 'edns.example.': apex }, { hatesEdns: true })
  await net.play(7, { 'slow.example.': apex }, { delayMs: 150 })
  await net.play(8, { 'short.example.': `${apex}\nlong TXT "${'x'.repeat(200)}" "${'y'.repeat(200)}"` }, { truncatesAbove: 300 })
  await net.play(10, { 'names.example.': apex }, { lowers: true })
  await net.play(12, { 'fleeting.example.': '@ NS ns\nns A @12\nwww 1 A 192.0.2.12' }, { says: () => (isDown ? null : undefined) })
  await net.play(11, { 'glueless.example.': apex }, {})
  await Promise.all([net.ready('.', net.at(1)), net.ready('example.', net.at(2)), net.ready('net2.', net.at(3))])
}

const opt = { edns: { udpSize: 1232, version: 0, dnssecOk: false, compactOk: false, options: [] } }

/** The Extended DNS Error of a response. */
function whyOf({ edns }: Message): string {
  const told = edns?.options.find((option) => option.code === OPTION.EDE)?.octets
  return told === undefined ? '' : ` ${Buffer.from(told).readUInt16BE()} ${Buffer.from(told.subarray(2)).toString()}`
}

/** Questions, and the answer that all give. */
const SAME: [question: string, gist: string[]][] = [
  ['www.example. A', ['NOERROR', 'www.example. 0 in a 192.0.2.1']],
  ['www.example. AAAA', ['NOERROR', 'www.example. 0 in aaaa 2001:db8::1']],
  ['example. MX', ['NOERROR', 'example. 0 in mx 10 www.example.']],
  ['example. NS', ['NOERROR', 'example. 0 in ns ns.example.']],
  ['www.example. TXT', ['NOERROR']],
  ['none.example. A', ['NXDOMAIN']],
  ['none. A', ['NXDOMAIN']],
  ['a.b.c.d.none.example. A', ['NXDOMAIN']],
  ['x.wild.example. TXT', ['NOERROR', 'x.wild.example. 0 in txt "any"']],
  ['non.terminal.example. A', ['NOERROR']],
  ['empty.non.terminal.example. A', ['NOERROR', 'empty.non.terminal.example. 0 in a 192.0.2.3']],
  ['alias.example. A', ['NOERROR', 'alias.example. 0 in cname www.sub.net2.', 'www.sub.net2. 0 in a 192.0.2.2']],
  ['alias.example. CNAME', ['NOERROR', 'alias.example. 0 in cname www.sub.net2.']],
  ['alias.example. MX', ['NOERROR', 'alias.example. 0 in cname www.sub.net2.']],
  ['dangling.example. A', ['NXDOMAIN', 'dangling.example. 0 in cname none.net2.']],
  ['forth.net2. A', ['NOERROR', 'forth.net2. 0 in cname www.example.', 'www.example. 0 in a 192.0.2.1']],
  ['host.old.net2. A', ['NOERROR', 'host.new.net2. 0 in a 192.0.2.4', 'host.old.net2. 0 in cname host.new.net2.', 'old.net2. 0 in dname new.net2.']],
  ['www.edns.example. A', ['NOERROR', 'www.edns.example. 0 in a 192.0.2.5']],
  ['www.slow.example. A', ['NOERROR', 'www.slow.example. 0 in a 192.0.2.5']],
  ['www.names.example. A', ['NOERROR', 'www.names.example. 0 in a 192.0.2.5']],
  ['www.glueless.example. A', ['NOERROR', 'www.glueless.example. 0 in a 192.0.2.5']],
  ['long.short.example. TXT', ['NOERROR', `long.short.example. 0 in txt "${'x'.repeat(200)}" "${'y'.repeat(200)}"`]],
  ['www.lame.example. A', ['SERVFAIL']],
  ['www.loop.example. A', ['SERVFAIL']],
]

describe('a recursive server in a private internet', { skip }, () => {
  let net: PrivateInternet
  let served: Served
  let folder: ReturnType<typeof makeFolder>
  let ports: Record<'unbound' | 'bind', number>
  const asked = (question: string, more: Partial<Message> = {}): Promise<Message> => tell(question, '127.0.0.1', served.endpoints[0].port, 3, more)

  before(async () => {
    net = new PrivateInternet()
    await build(net)
    folder = makeFolder({
      'w.yaml': `listen: ["127.0.0.1:0", "127.0.0.2:0"]\nworkers: 1\nzones: [{ name: home.example, file: home.zone }]\nrecursion: { hints: ${net.hints}, validate: false, never-ask: [], ipv6: false, allow: ["127.0.0.1/32"], policy: rules }\n`,
      rules: 'blocked.example CNAME .\n*.blocked.example CNAME .\nok.blocked.example CNAME rpz-passthru.\nforged.example A 192.0.2.99\nled.example CNAME www.sub.net2.\nback.net2 CNAME *.\n',
      'home.zone': `$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 192.0.2.1\nout CNAME www.example.\nsub NS ns.edns.example.\n`,
    })
    served = await Served.start(join(folder.path, 'w.yaml'))
    ports = { unbound: await net.unbound(), bind: await net.bind() }
    await Promise.all([net.ready('example.', '127.0.0.1', ports.unbound), net.ready('example.', '127.0.0.1', ports.bind)])
  })

  after(async () => {
    await served.stop()
    await net.stop()
    folder.remove()
  })

  for (const [question, wanted] of SAME) {
    it(`${question} is ${wanted[0]}, as Unbound and BIND say`, async () => {
      // at once, as some questions take each of them seconds
      const [ours, ...theirs] = await Promise.all([asked(question), ...Object.values(ports).map((port) => tell(question, '127.0.0.1', port))])
      assert.equal(gist(ours), wanted.join('\n'))
      assert.deepEqual([ours.recursionAvailable, ours.recursionDesired, ours.authoritative], [true, true, false])
      for (const [i, who] of Object.keys(ports).entries()) assert.equal(gist(theirs[i]), wanted.join('\n'), who)
    })
  }

  it('a circle of aliases is SERVFAIL (RFC 1034 5.2.2: an error), as of Unbound; BIND gives the aliases with it', async () => {
    assert.equal(gist(await asked('circle.example. A')), 'SERVFAIL')
    const theirs = await Promise.all(Object.values(ports).map((port) => tell('circle.example. A', '127.0.0.1', port)))
    assert.deepEqual(theirs.map((message) => gist(message)), ['SERVFAIL', 'SERVFAIL\ncircle.example. 0 in cname circle2.example.\ncircle2.example. 0 in cname circle.example.'])
  })

  it('servers that are silent are given up within the time of a question', async () => {
    const start = performance.now()
    assert.equal(gist(await asked('www.silent.example. A')), 'SERVFAIL')
    assert.ok(performance.now() - start < MAX_QUESTION_MS + 500)
  })

  it('what is long comes by TCP from the servers, and goes by TCP to who asks', async () => {
    for (const time of ['first', 'from memory']) {
      assert.equal((await asked('big.example. TXT')).answers.length, 8, `${time}, by UDP and then TCP`)
      const whole = await tell('big.example. TXT', '127.0.0.1', served.endpoints[0].port, 3, {}, true)
      assert.deepEqual([whole.truncated, whole.answers.length], [false, 8], time)
    }
    assert.equal((await served.ask('big.example.', 16, { tcp: true })).rcode, RCODE.REFUSED, 'without RD nothing is looked up')
  })

  it('a second answer is from memory: its TTL has run down', async () => {
    const [first] = (await asked('www.example. A')).answers
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const [second] = (await asked('www.example. A')).answers
    assert.ok(second.ttl < first.ttl && second.ttl > first.ttl - 10, `${first.ttl} ${second.ttl}`)
  })

  it('what is known is answered by the thread that was asked, over UDP and TCP, without the core', async () => {
    const count = async (name: string): Promise<number> => {
      const { out } = await waggle(['stats', '-c', join(folder.path, 'w.yaml'), '--json'])
      return (JSON.parse(out) as Record<string, number>)[name] ?? assert.fail(out)
    }
    await asked('alias.example. A')
    const [hits, misses] = [await count('server.response.remembered'), await count('server.deferred.missing')]
    for (let i = 0; i < 20; i++) assert.equal((await asked('alias.example. A')).answers.length, 2)
    for (let i = 0; i < 5; i++) assert.equal((await asked('none.example. A')).rcode, RCODE.NXDOMAIN)
    assert.deepEqual([await count('server.response.remembered') - hits, await count('server.deferred.missing') - misses], [25, 0])
  })

  it('a failure says why, and that it is remembered when it is (RFC 8914 4.22, RFC 9520)', async () => {
    const code = ({ edns }: Message): number => Buffer.from(edns?.options.find((option) => option.code === OPTION.EDE)?.octets ?? []).readUInt16BE()
    assert.ok([EDE.NO_REACHABLE_AUTHORITY, EDE.CACHED_ERROR].includes(code(await asked('other.lame.example. A', opt)) as 22))
    assert.equal(code(await asked('other.lame.example. A', opt)), EDE.CACHED_ERROR)
  })

  it('our own zones come first, lead out by their aliases, and delegate (RFC 1034 4.3.2)', async () => {
    const [own, out] = [await asked('ns.home.example. A'), await asked('out.home.example. A')]
    assert.deepEqual([own.authoritative, own.recursionAvailable], [true, true])
    assert.deepEqual(out.answers.map(printRecord).map((text) => text.replace(/ \d+ /, ' ')), ['out.home.example. IN CNAME www.example.', 'www.example. IN A 192.0.2.1'])
    assert.equal(out.authoritative, true)
  })

  it('a hundred at once are all answered', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => asked(`n${i % 50}.wild.example. TXT`, opt)))
    assert.deepEqual([...new Set(answers.map((answer) => `${answer.rcode} ${answer.answers.length}${whyOf(answer)}`))], ['0 1'])
  })

  it('what has expired is given where its servers are down, with a TTL of 30, and says so (RFC 8767, RFC 8914 4.4)', async () => {
    assert.equal(gist(await asked('www.fleeting.example. A')), 'NOERROR\nwww.fleeting.example. 0 in a 192.0.2.12')
    isDown = true
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    const start = performance.now()
    const stale = await asked('www.fleeting.example. A', opt)
    assert.equal(gist(stale), 'NOERROR\nwww.fleeting.example. 0 in a 192.0.2.12')
    assert.deepEqual([stale.answers[0].ttl, whyOf(stale)], [30, ' 3 '])
    assert.ok(performance.now() - start < 2_500, 'nobody waited for all of it')
    assert.equal((await asked('other.fleeting.example. A')).rcode, RCODE.SERVFAIL, 'what was never known is not')
  })

  it('rules of the operator come before what the world says, whether it is known or not', async () => {
    const RULED: [question: string, wanted: string][] = [
      ['blocked.example. A', 'NXDOMAIN'], ['a.b.blocked.example. MX', 'NXDOMAIN'], ['forged.example. A', 'NOERROR\nforged.example. 0 in a 192.0.2.99'], ['forged.example. TXT', 'NOERROR'],
      ['led.example. A', 'NOERROR\nled.example. 0 in cname www.sub.net2.\nwww.sub.net2. 0 in a 192.0.2.2'], ['back.net2. A', 'NOERROR'], ['ok.blocked.example. A', 'NXDOMAIN'],
    ]
    for (const [question, wanted] of [...RULED, ...RULED]) assert.equal(gist(await asked(question)), wanted, question)
    folder.write('rules', 'www.example CNAME .\n')
    served.child.kill('SIGHUP')
    await served.line('reload done')
    assert.equal(gist(await asked('www.example. A')), 'NXDOMAIN', 'although it is known')
    assert.equal(gist(await asked('forth.net2. A')), 'NXDOMAIN\nforth.net2. 0 in cname www.example.')
    assert.equal(gist(await asked('back.net2. A')), 'NXDOMAIN\nback.net2. 0 in cname www.example.')
    folder.write('rules', '')
    served.child.kill('SIGHUP')
    await served.line('reload done', 2)
    assert.equal(gist(await asked('www.example. A')), 'NOERROR\nwww.example. 0 in a 192.0.2.1')
  })

  it('the cache is looked into and forgets by command', async () => {
    const command = async (...args: string[]): Promise<string> => (await waggle(['cache', ...args, '-c', join(folder.path, 'w.yaml')])).out
    await asked('www.example. A')
    assert.match(await command('dump'), /; www\.example\. A records, authoritative, \w+, \d+ s left\nwww\.example\. \d+ IN A 192\.0\.2\.1\n/)
    assert.match(await command('stats'), /^entries +\d+$/m)
    assert.match(await command('flush', 'www.example.', '--type', 'A'), /^www\.example\. 1 entries forgotten$/m)
    assert.doesNotMatch(await command('dump'), /^www\.example\. \d+ IN A /m)
    assert.match(await command('flush', '.', '--subtree'), /^\. \d+ entries forgotten$/m)
    assert.match(await command('stats'), /^entries +0$/m)
  })

  it('with `transport: dgram` other servers are asked through Node, and it says the same', async () => {
    const file = join(folder.path, 'node.yaml')
    writeFileSync(file, `listen: ["127.0.0.1:0"]\ntransport: dgram\ndata: node-data\nrecursion: { hints: ${net.hints}, validate: false, never-ask: [], ipv6: false }\n`)
    const throughNode = await Served.start(file)
    try {
      const answers = await Promise.all(SAME.map(([question]) => tell(question, '127.0.0.1', throughNode.endpoints[0].port, 3)))
      assert.deepEqual(answers.map(gist), SAME.map(([, wanted]) => wanted.join('\n')))
    } finally {
      await throughNode.stop()
    }
  })

  it('a reload takes other settings and keeps what is known', async () => {
    const [first] = (await asked('www.example. A')).answers
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    folder.write('w.yaml', `listen: ["127.0.0.1:0", "127.0.0.2:0"]\nworkers: 1\nrecursion: { hints: ${net.hints}, validate: false, never-ask: [], ipv6: false, minimise: false, forward: { silent.example.: ["${net.at(6)}"] } }\n`)
    served.child.kill('SIGHUP')
    await served.line('config keys taken')
    await served.line('reload done', 3)
    const [second] = (await asked('www.example. A')).answers
    assert.ok(second.ttl <= first.ttl && second.ttl < 3_600, 'it is the one from before')
    assert.equal((await asked('out.home.example. A')).rcode, RCODE.NXDOMAIN, 'the zone is ours no more')
  })

  it('turning it off refuses at once, as ever without it', async () => {
    folder.write('w.yaml', 'listen: ["127.0.0.1:0", "127.0.0.2:0"]\nworkers: 1\n')
    served.child.kill('SIGHUP')
    await served.line('reload done', 4)
    const refused = await asked('www.example. A')
    assert.deepEqual([refused.rcode, refused.recursionAvailable], [RCODE.REFUSED, false])
  })

  it('the config is checked by `waggle check` without a word', async () => {
    folder.write('w.yaml', `recursion: { hints: ${net.hints} }\n`)
    const { code, out } = await waggle(['check', join(folder.path, 'w.yaml')])
    assert.equal(code, 0, out)
  })
})

/**
 * What the machine says of signed and of broken zones, held against Unbound on the same zones at the same time (RFC 4035 5): each question is put
 * to both, and both must say secure, insecure, or SERVFAIL. One difference is set aside: Unbound bears with
 * clocks that are wrong, by a tenth of a signature's life up to a day, unless it is told not to; RFC 4035 5.3.1 knows no such leeway.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { parseAddress } from '../../src/dns/address.ts'
import { missing, run, toolEnvironment } from '../dnssec/tools.ts'
import { BROKEN, plans } from './broken-zones.ts'
import { signedInternet, verdict, type SignedInternet, type ZonePlan } from './signed-internet.ts'

const folder = mkdtempSync(`${tmpdir()}/waggle-unbound-`)
after(() => rmSync(folder, { recursive: true, force: true }))

/** Serves the hosts of a play on loopback, each at an address of its own: 192.0.2.1 at 127.0.2.1, 198.51.100.1 at 127.51.100.1. */
async function serve({ net }: SignedInternet): Promise<{ port: number; sockets: Socket[] }> {
  const port = 20_000 + Math.floor(Math.random() * 9_000)
  const sockets = await Promise.all([...net.hosts.keys()].map(async (text) => {
    const socket = createSocket('udp4')
    const address = parseAddress(text) ?? assert.fail(text)
    socket.on('message', (octets, from) => {
      const answer = net.answer({ address, port: 53 }, new Uint8Array(octets), 'udp')
      if (answer !== undefined) socket.send(answer.octets, from.port, from.address)
    })
    socket.bind(port, loopbackOf(text))
    await once(socket, 'listening')
    return socket
  }))
  return { port, sockets }
}

function loopbackOf(text: string): string {
  return `127.${text.split('.').slice(1).join('.')}`
}

/** An Unbound that trusts the root of the play, at the play's time, and knows where each zone is served. */
async function startUnbound(internet: SignedInternet, apexes: readonly string[], upstream: number): Promise<{ port: number; child: ChildProcess }> {
  const port = 20_000 + Math.floor(Math.random() * 9_000)
  const stubs = apexes.map((apex) => `stub-zone:\n name: "${apex}"\n stub-addr: ${loopbackOf(apex === '.' ? '198.51.100.1' : `192.0.2.${apexes.indexOf(apex)}`)}@${upstream}\n`)
  writeFileSync(`${folder}/unbound.conf`, `server:
 interface: 127.0.0.1@${port}
 do-daemonize: no
 chroot: ""
 username: ""
 directory: "${folder}"
 pidfile: ""
 logfile: ""
 use-syslog: no
 do-not-query-localhost: no
 do-ip6: no
 ede: yes
 val-sig-skew-min: 0
 val-sig-skew-max: 0
 qname-minimisation: no
 val-override-date: "20270115080000"
 trust-anchor: "${internet.zones.get('.')?.ds.replace('3600 IN ', '') ?? assert.fail()}"
remote-control:
 control-enable: no
${stubs.join('')}`)
  const child = spawn('unbound', ['-d', '-c', `${folder}/unbound.conf`], { env: toolEnvironment, stdio: 'ignore' })
  for (let tries = 0; tries < 50; tries++) {
    const { out } = await run('dig', ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=1', 'version.bind', 'CH', 'TXT'])
    if (/status: /.test(out)) return { port, child }
    await pause(100)
  }
  child.kill()
  return assert.fail('Unbound does not start')
}

/** `secure NOERROR`, `insecure NXDOMAIN`, `SERVFAIL` by Unbound, with EDE where it gives one. */
async function ask(port: number, question: string): Promise<{ word: string; ede: string }> {
  const { out } = await run('dig', ['@127.0.0.1', '-p', String(port), '+dnssec', '+tries=1', '+time=8', ...question.split(' ')])
  const status = /status: (\w+)/.exec(out)?.[1] ?? 'silence'
  const isSecure = /;; flags: [^;]* ad[ ;]/.test(out)
  return { word: status === 'SERVFAIL' ? status : `${isSecure ? 'secure' : 'insecure'} ${status}`, ede: /; EDE: (\d+)/.exec(out)?.[1] ?? '' }
}

/** What the machine says, in the same words. */
function ownWord(internet: SignedInternet, question: string): string {
  const [first, second] = verdict(internet.play, question).split(' ')
  if (first === 'bogus' || first === 'remembered') return 'SERVFAIL'
  return `${first} ${second === 'nxdomain' ? 'NXDOMAIN' : 'NOERROR'}`
}

/** Asks both all questions, and gives the questions on which they differ. */
async function differences(tree: Record<string, ZonePlan>, questions: readonly string[]): Promise<string[]> {
  const internet = signedInternet(tree)
  const { port: upstream, sockets } = await serve(internet)
  const { port, child } = await startUnbound(internet, Object.keys(tree), upstream)
  const found: string[] = []
  try {
    for (const question of questions) {
      const theirs = await ask(port, question)
      const ours = ownWord(internet, question)
      if (theirs.word !== ours) found.push(`${question}: Unbound ${theirs.word} ${theirs.ede}, we ${ours}`)
    }
  } finally {
    child.kill()
    for (const socket of sockets) socket.close()
  }
  return found
}

const skip = missing('unbound', 'dig')

test('good zones of all kinds: Unbound and we say the same of every answer and absence', { skip, timeout: 120_000 }, async () => {
  const text = 'www.example. A 192.0.2.80\n*.wild.example. TXT "any"\nalias.example. CNAME www.example.\ntoplain.example. CNAME www.plain.\ndown.example. DNAME other.example.\nx.other.example. A 192.0.2.81\na.b.example. A 192.0.2.82'
  const questions = ['www.example. A', 'example. DNSKEY', 'example. DS', 'alias.example. A', 'toplain.example. A', 'q.wild.example. TXT', 'x.down.example. A', 'www.example. AAAA', 'b.example. A', 'q.wild.example. A', 'nope.example. A', 'x.www.example. A', 'nope. A', 'www.plain. A', 'nope.plain. A', 'plain. DS', 'y.down.example. A']
  for (const signing of [{}, { denial: 'nsec3', iterations: 2, salt: 'ab' }, { denial: 'opt-out' }, { keys: [{ algorithm: 13, flags: 257, which: 0 }, { algorithm: 13, flags: 256, which: 1 }] }, { keys: [{ algorithm: 16, flags: 257, which: 0 }] }] as const) {
    assert.deepEqual(await differences({ '.': {}, 'example.': { text, signing }, 'plain.': { text: 'www.plain. A 192.0.2.83', signing: 'unsigned' } }, questions), [], JSON.stringify(signing))
  }
})

test('broken zones: where we fail the answer Unbound fails it too', { skip, timeout: 300_000 }, async () => {
  const found: string[] = []
  for (const [what, plan, question] of BROKEN) found.push(...(await differences(plans(plan), [question, 'nope. A'])).map((line) => `${what}: ${line}`))
  assert.deepEqual(found, [])
})

test('zones signed by what is not served: both pass them as unsigned (RFC 4035 5.2)', { skip, timeout: 60_000 }, async () => {
  const tree: Record<string, ZonePlan> = { '.': {}, 'old.': { text: 'www.old. A 192.0.2.80', ds: (own) => own.replace(/DS (\d+) 15/, 'DS $1 253') }, 'odd.': { text: 'www.odd. A 192.0.2.81', ds: (own) => own.replace(/15 2 /, '15 3 ') }, 'mixed.': { text: 'www.mixed. A 192.0.2.82', ds: (own) => `${own}\n${own.replace(/15 2 /, '15 250 ')}` } }
  assert.deepEqual(await differences(tree, ['www.old. A', 'www.odd. A', 'www.mixed. A']), [])
})

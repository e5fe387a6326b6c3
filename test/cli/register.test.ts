/**
 * register, withdraw and renew against a server over real sockets: what was granted, what was refused, and a daemon that renews
 * in time, goes on where the server is away, and ends as it is told.
 */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { renewCommand } from '../../src/cli/renew.ts'
import { selfCertifyingId } from '../../src/discovery/identifier/agent.ts'
import { RCODE } from '../../src/dns/codes.ts'
import { Name } from '../../src/dns/name.ts'
import { printBindKey } from '../../src/dnssec/tsig-text.ts'
import { startRegistrar, type Registrar } from '../client/registrar.ts'
import { pairIn, secretIn } from './keys.ts'
import { run, scratch, type Ran } from './running.ts'

const { folder, write } = scratch()
const { secret, file: tsig } = secretIn(write, 'agents-key')
const { pair } = pairIn(write, 'laptop.example', 13)
const NAME = `${selfCertifyingId(pair.record.rdata)}._sa.acme.example.`
const own = join(folder, 'Kown')
const BABEL = ['--provider', 'acme.example', '--id', 'babel', '--address', '192.0.2.10', '--capability', 'v2.translate.text.nlp latency=180ms']

let registrar: Registrar
before(async () => (registrar = await startRegistrar({ keys: [secret] })))
after(() => registrar.close())
beforeEach(() => {
  Object.assign(registrar, { grant: { lease: 60, keyLease: 600 }, refusal: undefined, rcode: RCODE.NOERROR, isSilent: false, isSilentOnUdp: false, lost: 0 })
  registrar.records.clear()
  registrar.seen.length = registrar.leases.length = 0
})

function told(command: string, ...args: string[]): Promise<Ran> {
  return run(command, '-s', registrar.server, '--timeout', '5000', '--tries', '1', ...args)
}

describe('register', () => {
  it('prints what was granted', async () => {
    const { code, out, err } = await told('register', '-k', tsig, ...BABEL)
    assert.deepEqual([code, err], [0, ''])
    assert.equal(out, `agent       babel._sa.acme.example.\nserver      ${registrar.server}\nlease       60 s, to be renewed before (waggle renew)\nkey lease   600 s\ncapability  v2.translate.text.nlp._cap.acme.example.\n`)
    assert.deepEqual(registrar.seen, ['proven tsig agents-key. NOERROR'])
    assert.deepEqual(registrar.leases, [{ lease: 7_200, keyLease: 1_209_600 }])
    assert.equal(registrar.records.size, 2)
  })

  it('prints it as JSON', async () => {
    const { out } = await told('register', '-k', own, '--provider', 'acme.example', '--capability', 'v1.x', '--lease', '20', '--key-lease', '30', '--json')
    assert.deepEqual(JSON.parse(out), { agent: NAME, server: registrar.server, lease: 20, keyLease: 30, capabilities: ['v1.x._cap.acme.example.'] })
    assert.deepEqual(registrar.seen, [`proven sig0 ${NAME} NOERROR`])
  })

  it('says where the server knows no leases', async () => {
    registrar.grant = undefined
    assert.match((await told('register', ...BABEL)).out, /\nlease {7}none: this server keeps it until it is withdrawn\ncapability/)
    assert.equal((JSON.parse((await told('register', ...BABEL, '--json')).out) as { lease: unknown }).lease, null)
  })

  it('fails with the server\'s reason where it is refused', async () => {
    registrar.refusal = 'no grant for this key'
    assert.deepEqual(await told('register', '-k', tsig, ...BABEL), { code: 1, out: '', err: `waggle: Cannot register babel._sa.acme.example. as ${registrar.server} refuses: REFUSED: no grant for this key\n` })
    Object.assign(registrar, { refusal: undefined, rcode: RCODE.YXDOMAIN })
    assert.match((await told('register', ...BABEL)).err, /refuses: YXDOMAIN\n$/)
  })

  it('fails where nobody answers, where the signature is not taken, and where the answer\'s is not good', async () => {
    registrar.isSilent = true
    assert.match((await told('register', '--timeout', '300', ...BABEL)).err, /as no good answer from .*: none came within 300 ms over TCP\n$/)
    registrar.isSilent = false
    const stranger = write('stranger.tsig', printBindKey({ ...secret, name: Name.parse('stranger') }))
    const { code, err } = await told('register', '-k', stranger, ...BABEL)
    assert.equal(code, 1)
    assert.match(err, /no good answer from .*: the server knows no key stranger\. of that algorithm \(BADKEY\)\n$/)
  })

  it('turns to TCP where UDP is silent, and starts there where it is told to', async () => {
    registrar.isSilentOnUdp = true
    assert.equal((await told('register', '--timeout', '300', ...BABEL)).code, 0)
    assert.equal((await told('register', '--tcp', ...BABEL)).code, 0)
  })
})

describe('a lost answer', () => {
  const patient = (...args: string[]): Promise<Ran> => run('register', '-s', registrar.server, '--timeout', '300', ...args)

  for (const [what, key] of [['TSIG', tsig], ['SIG(0)', own]] as const) {
    it(`to a registration signed by ${what} comes again: the same message from the same port is no replay (RFC 8945 5.2.3)`, async () => {
      registrar.lost = 1
      const flags = key === own ? ['--provider', 'acme.example', '--capability', 'v1.x'] : BABEL
      const { code, err } = await patient('-k', key, '--tries', '3', ...flags)
      assert.deepEqual([code, err], [0, ''])
      assert.equal(registrar.seen.length, 1, 'it is carried out once')
    })
  }

  it('over UDP for good is asked for by TCP, by a message that is no replay of the first', async () => {
    registrar.lost = 9
    const { code, err } = await patient('-k', tsig, '--tries', '2', ...BABEL)
    assert.deepEqual([code, err], [0, ''])
    assert.deepEqual(registrar.seen, ['proven tsig agents-key. NOERROR', 'proven tsig agents-key. NOERROR'])
    assert.equal(registrar.records.size, 2)
  })
})

describe('withdraw', () => {
  it('takes back what was registered', async () => {
    await told('register', '-k', own, '--provider', 'acme.example', '--capability', 'v1.x')
    assert.equal(registrar.records.size, 2)
    assert.deepEqual(await told('withdraw', '-k', own, '--provider', 'acme.example', '--capability', 'v1.x'), { code: 0, out: `${NAME} is withdrawn\n`, err: '' })
    assert.equal(registrar.records.size, 0)
    assert.deepEqual(registrar.leases.at(-1), { lease: 0, keyLease: 0 })
  })

  it('keeps the name where it is told to', async () => {
    await told('withdraw', '-k', own, '--provider', 'acme.example', '--capability', 'v1.x', '--keep-name', '--key-lease', '8000')
    assert.deepEqual(registrar.leases, [{ lease: 0, keyLease: 8_000 }])
    assert.deepEqual([...registrar.records].map((text) => text.split(' ')[3]), ['KEY'])
  })

  it('deletes from a server without leases', async () => {
    registrar.grant = undefined
    await told('register', '-k', tsig, ...BABEL)
    assert.equal((await told('withdraw', '-k', tsig, ...BABEL)).code, 0)
    assert.equal(registrar.records.size, 0)
  })

  it('fails where it is refused', async () => {
    registrar.refusal = 'not yours'
    assert.deepEqual(await told('withdraw', ...BABEL), { code: 1, out: '', err: `waggle: Cannot withdraw babel._sa.acme.example. as ${registrar.server} refuses: REFUSED: not yours\n` })
    assert.equal((await told('withdraw', ...BABEL.slice(0, 3), 'a b')).code, 2)
  })
})

/** A daemon at work: its lines as they come, and signals to send it. */
class Daemon {
  readonly lines: Record<string, unknown>[] = []
  readonly signals = new EventEmitter()
  readonly ended: Promise<number>
  err = ''

  constructor(more: object = {}) {
    const flags = { server: registrar.server, key: tsig, provider: 'acme.example', id: 'babel', capability: ['v1.x'], timeout: 200, tries: 1, soon: true, ...more }
    const out = (text: string) => {
      this.lines.push(JSON.parse(text) as Record<string, unknown>)
      this.signals.emit('line')
    }
    this.ended = renewCommand(flags, { out, err: (text) => void (this.err += text) }, this.signals)
  }

  /** Waits until so many lines have come; fails where the daemon ends before. */
  async until(count: number): Promise<void> {
    const early = this.ended.then((code) => assert.fail(`it ended with ${code} after ${JSON.stringify(this.lines)}`))
    early.catch(() => undefined)
    while (this.lines.length < count) await Promise.race([early, new Promise((resolve) => this.signals.once('line', resolve))])
  }

  get events(): unknown[] {
    return this.lines.map(({ event }) => event)
  }
}

describe('renew', () => {
  it('registers, renews at 80 % of what was granted (RFC 9664 5.2), and ends with a signal', async () => {
    registrar.grant = { lease: 1, keyLease: 600 }
    const daemon = new Daemon()
    await daemon.until(3)
    daemon.signals.emit('SIGTERM')
    assert.equal(await daemon.ended, 0)
    assert.deepEqual(daemon.events, ['registered', 'renewed', 'renewed'])
    const { time, nextMs, ...rest } = daemon.lines[0]
    assert.deepEqual(rest, { event: 'registered', agent: 'babel._sa.acme.example.', server: registrar.server, lease: 1, keyLease: 600 })
    assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    assert.ok(Number(nextMs) >= 800 && Number(nextMs) < 850, String(nextMs))
    assert.equal(registrar.records.size, 1, 'it is not withdrawn')
    assert.equal(daemon.signals.listenerCount('SIGTERM') + daemon.signals.listenerCount('SIGINT'), 0)
  })

  it('withdraws at its end where it is told to', async () => {
    const daemon = new Daemon({ withdrawAtEnd: true })
    await daemon.until(1)
    daemon.signals.emit('SIGINT')
    assert.equal(await daemon.ended, 0)
    assert.deepEqual(daemon.events, ['registered', 'withdrawn'])
    assert.equal(registrar.records.size, 0)
  })

  it('fails where it cannot withdraw at its end', async () => {
    const daemon = new Daemon({ withdrawAtEnd: true })
    await daemon.until(1)
    registrar.refusal = 'frozen'
    daemon.signals.emit('SIGTERM')
    assert.equal(await daemon.ended, 1)
    assert.match(daemon.err, /^waggle: Cannot withdraw: REFUSED: frozen\n$/)
  })

  it('fails where the server refuses, with one line that says why', async () => {
    registrar.refusal = 'no grant'
    const daemon = new Daemon()
    assert.equal(await daemon.ended, 1)
    assert.deepEqual(daemon.lines.map(({ event, reason }) => [event, reason]), [['refused', 'REFUSED: no grant']])
    assert.deepEqual(registrar.seen.length, 1)
  })

  it('fails where a later renewal is refused', async () => {
    registrar.grant = { lease: 1 }
    const daemon = new Daemon()
    await daemon.until(1)
    registrar.refusal = 'the key is withdrawn'
    assert.equal(await daemon.ended, 1)
    assert.deepEqual(daemon.events, ['registered', 'refused'])
  })

  it('goes on where the server is away, and is registered when it is back', async () => {
    registrar.isSilent = true
    const daemon = new Daemon()
    await daemon.until(1)
    registrar.isSilent = false
    await daemon.until(2)
    daemon.signals.emit('SIGTERM')
    assert.equal(await daemon.ended, 0)
    assert.deepEqual(daemon.events, ['failed', 'registered'])
    assert.deepEqual([daemon.lines[0].leaseEnded, daemon.lines[0].reason], [true, 'none came within 200 ms over TCP'])
  })

  it('ends with a signal before it is registered', async () => {
    registrar.isSilent = true
    for (const more of [{}, { soon: false }]) {
      const daemon = new Daemon(more)
      daemon.signals.emit('line')
      await new Promise((resolve) => setTimeout(resolve, 50))
      daemon.signals.emit('SIGTERM')
      assert.equal(await daemon.ended, 0)
      assert.ok(!daemon.events.includes('registered'))
    }
  })

  it('does not start where it was told wrongly', async () => {
    assert.equal(await new Daemon({ provider: undefined }).ended, 2)
    assert.equal(await new Daemon({ key: join(folder, 'none') }).ended, 1)
    assert.equal(registrar.seen.length, 0)
  })
})

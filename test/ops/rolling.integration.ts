/**
 * A root that rolls its key over (RFC 5011), served by NSD: the recursive service follows it by a calendar of the test's, in which days are
 * as long as the test wants, and proves answers by the new key when the old one is revoked and gone; over restarts too. And a real process
 * which takes its anchors up by itself.
 */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CLASS, TYPE } from '../../src/dns/codes.ts'
import { makeMessage } from '../../src/dns/message.ts'
import { Name } from '../../src/dns/name.ts'
import { parseConfig } from '../../src/ops/config.ts'
import { Recursing } from '../../src/ops/recursing.ts'
import { signZone } from '../dnssec/zone-signer.ts'
import { keyOf } from '../dnssec/key-sets.ts'
import { missing, PrivateInternet } from './private-internet.ts'
import { makeFolder, Served, waggle } from './process.ts'

const absent = missing('nsd')
const skip = absent.length > 0 ? `needs ${absent.join(', ')}` : false

const DAY = 86_400
const NOW = Math.floor(Date.now() / 1_000)

/** The calendar: days since the start, and timers that run when it is turned. */
class Calendar {
  day = 0
  private timers: { at: number; run: () => void }[] = []
  unixSeconds = (): number => NOW + Math.round(this.day * DAY)
  after = (delayMs: number, run: () => void): (() => void) => {
    const timer = { at: this.unixSeconds() + delayMs / 1_000, run }
    this.timers.push(timer)
    return () => void (this.timers = this.timers.filter((one) => one !== timer))
  }

  /** Turns it to `day` at once: all timers until then are due, as after a night in which the machine slept. */
  turn(day: number): void {
    this.day = day
    for (const { run } of this.timers.splice(0).filter(({ at }) => at <= this.unixSeconds())) run()
  }
}

describe('a root that rolls its key over', { skip }, () => {
  const calendar = new Calendar()
  const folder = makeFolder({})
  const told: [string, Record<string, unknown>][] = []
  let net: PrivateInternet
  let nsd: ChildProcess
  let recursing: Recursing
  let questions = 0

  /** Serves the root with these keys, all of which sign. */
  async function sign(words: string): Promise<string> {
    if (nsd?.kill('SIGKILL')) await once(nsd, 'exit')
    const root = signZone('.', `. NS a.root.\na.root. A ${net.at(1)}\n*.names. A 192.0.2.1`, { inception: NOW - DAY, expiration: NOW + 200 * DAY, keys: words.split(' ').map(keyOf) })
    nsd = net.nsd(1, { '.': root.text })
    await net.ready('.', net.at(1))
    return root.ds
  }

  function start(anchorFile = join(folder.path, 'trust-anchors')): Recursing {
    const made = new Recursing({ zones: { holds: () => false, answer: () => assert.fail('no zones') }, seed: 1, onFault: (fault) => assert.fail(String(fault)), cacheFile: join(folder.path, 'cache'), anchorFile, log: (event, fields) => void told.push([event, (typeof fields === 'function' ? fields() : fields ?? {}) as Record<string, unknown>]), calendar })
    const { config, findings } = parseConfig(`recursion: { hints: ${net.hints}, anchors: root.key, never-ask: [], ipv6: false, stale: 0 }\n`, join(folder.path, 'w.yaml'))
    assert.deepEqual(findings, [])
    made.configure(config?.recursion)
    return made
  }

  /** Goes on to `day`, asks as it is due, and tells the states of the root's keys and how an answer stands that nobody knew before. */
  async function on(day: number): Promise<string> {
    calendar.turn(day)
    for (let tries = 0; tries < 200 && recursing.anchorLines?.some(({ next }) => Date.parse(next) <= calendar.unixSeconds() * 1_000) === true; tries++) await new Promise((resolve) => setTimeout(resolve, 20))
    return `${states()}: ${await askNew()}`
  }

  const states = (): string => recursing.anchorLines?.map(({ state }) => state).join(' ') ?? ''

  async function restart(): Promise<void> {
    await recursing.stop()
    recursing = start()
  }

  async function askNew(asked = recursing): Promise<string> {
    const question = { name: Name.parse(`n${questions++}.names.`), type: TYPE.A, class: CLASS.IN }
    const reply = await asked.resolve(makeMessage({ recursionDesired: true, questions: [question] }), { address: Uint8Array.of(127, 0, 0, 1), port: 4_053, transport: 'udp' })
    return reply.rcode === 0 ? (reply.authentic === true ? 'proven' : 'not proven') : `fails, ${reply.ede?.infoCode}`
  }

  before(async () => {
    net = new PrivateInternet()
    folder.write('root.key', `${await sign('1')}\n`)
    recursing = start()
  })

  after(async () => {
    await recursing.stop()
    await net.stop()
    folder.remove()
  })

  const STEPS: [day: number, keys: string, found: RegExp, title: string][] = [
    [0.001, '1', /^valid: proven$/, 'the key that the DS of the config names is taken up'],
    [1, '1 2', /^valid waiting: proven$/, 'a new key beside it is waited for'],
    [30, '1 2', /^valid waiting: proven$/, 'and after twenty-nine days still'],
    [31.1, '1 2', /^valid valid: proven$/, 'and is an anchor after thirty'],
    [40, '1! 2', /^revoked valid: proven$/, 'the old one is revoked, and answers are proven by the new one at once'],
    [50, '2', /^revoked valid: proven$/, 'the old one is gone'],
    [71, '2', /^removed valid: proven$/, 'and is forgotten as an anchor for good'],
    [80, '1', /^removed valid: fails, \d+$/, 'whoever has it signs in vain'],
    [81, '2', /^removed valid: proven$/, 'which leaves no trace'],
  ]
  for (const [day, keys, found, title] of STEPS) {
    it(`day ${day}: ${title}`, async () => {
      await sign(keys)
      assert.match(await on(day), found)
      await restart() // each day begins with what the one before has left on the disk
      assert.match(`${states()}: ${await askNew()}`, found, 'after a restart')
      await restart() // without what it has found bogus, which counts for a minute of the machine's clock
    })
  }

  it('told each change', () => {
    const changes = told.filter(([event]) => event === 'anchor changed').map(([, { from = '', to }]) => `${String(from)} ${String(to)}`.trim())
    assert.deepEqual(changes, ['valid', 'waiting', 'waiting valid', 'valid revoked', 'revoked removed'])
  })

  it('is not proven to who has the config alone and not what was tracked', async () => {
    const stranger = start(join(folder.path, 'none'))
    assert.match(await askNew(stranger), /^fails/)
    await stranger.stop()
  })

  it('is taken up by a real server ten seconds after its start, which `waggle anchor list` and its log tell', async () => {
    await sign('1 2')
    folder.write('own.yaml', `listen: ["127.0.0.1:0"]\nworkers: 1\ndata: own\nrecursion: { hints: ${net.hints}, anchors: root.key, never-ask: [], ipv6: false }\n`)
    const file = join(folder.path, 'own.yaml')
    const served = await Served.start(file)
    const list = async (): Promise<string> => (await waggle(['anchor', 'list', '-c', file])).out
    assert.match(await list(), /^\. {2}key \d+ {2}algorithm 15 {2}unseen {2}next query \S+\n$/)
    await served.line('anchor changed', 2)
    assert.match(await list(), /^\. {2}key \d+ +algorithm 15 {2}valid .*\n\. {2}key \d+ +algorithm 15 {2}waiting until \S+ {2}next query \S+\n$/)
    await served.stop()
    const again = await Served.start(file)
    assert.match(await list(), /waiting until/, 'after a restart')
    await again.stop()
  })
})

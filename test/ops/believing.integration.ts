/**
 * Other trust anchors, or negative ones, than those by which the cache was judged (RFC 4033 5, RFC 7646): by a reload, or over a restart with a
 * cache that was kept. The root is served by NSD, which is away for most of it: what is known is judged anew and not fetched anew.
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
import { missing, PrivateInternet } from './private-internet.ts'
import { makeFolder } from './process.ts'

const absent = missing('nsd')
const skip = absent.length > 0 ? `needs ${absent.join(', ')}` : false
const NOW = Math.floor(Date.now() / 1_000)

describe('what the cache remembers, under other beliefs', { skip }, () => {
  const folder = makeFolder({})
  const told: [string, unknown][] = []
  let net: PrivateInternet
  let nsd: ChildProcess | undefined
  let recursing: Recursing
  let text: string

  async function serve(isThere: boolean): Promise<void> {
    if (nsd?.kill('SIGKILL')) await once(nsd, 'exit')
    nsd = isThere ? net.nsd(1, { '.': text }) : undefined
    if (isThere) await net.ready('.', net.at(1))
  }

  const make = (): Recursing => new Recursing({ zones: { holds: () => false, answer: () => assert.fail('no zones') }, seed: 1, cacheFile: join(folder.path, 'cache'), anchorFile: join(folder.path, 'trust-anchors'), log: (event, fields) => void told.push([event, fields]), onFault: (fault) => assert.fail(String(fault)) })

  function configure(more: string): void {
    const { config, findings } = parseConfig(`recursion: { hints: ${net.hints}, never-ask: [], ipv6: false, stale: 0, persist: true, ${more} }\n`, join(folder.path, 'w.yaml'))
    assert.deepEqual(findings, [])
    recursing.configure(config?.recursion)
  }

  /** How the answer stands. */
  async function ask(name = 'www.'): Promise<string> {
    const question = { name: Name.parse(name), type: TYPE.A, class: CLASS.IN }
    const { rcode, authentic, ede } = await recursing.resolve(makeMessage({ recursionDesired: true, questions: [question] }), { address: Uint8Array.of(127, 0, 0, 1), port: 4_053, transport: 'udp' })
    return rcode === 0 || rcode === 3 ? (authentic === true ? 'proven' : 'not proven') : `fails, ${ede?.infoCode}`
  }

  before(async () => {
    net = new PrivateInternet()
    const signing = { inception: NOW - 86_400, expiration: NOW + 86_400 }
    const root = signZone('.', `. NS a.root.\na.root. A ${net.at(1)}\nwww. A 192.0.2.1`, signing)
    text = root.text
    folder.write('root.key', `${root.ds}\n`)
    folder.write('other.key', `${signZone('.', '. NS a.root.', { ...signing, keys: [{ algorithm: 13, flags: 257, which: 0 }] }).ds}\n`)
    recursing = make()
    await serve(true)
    configure('anchors: root.key')
    assert.deepEqual([await ask(), await ask('none.')], ['proven', 'proven'])
    await serve(false)
  })

  after(async () => {
    await recursing.stop()
    await net.stop()
    folder.remove()
  })

  it('is not judged anew by a reload that changes something else', async () => {
    configure('anchors: root.key, minimise: false')
    assert.deepEqual([await ask(), await ask('none.'), told.filter(([event]) => event === 'cache judged anew')], ['proven', 'proven', []])
  })

  it('is unsigned once a negative anchor covers it, and proven when that is gone, without a word to the servers, which are away', async () => {
    configure('anchors: root.key, negative-anchors: ["."]')
    assert.deepEqual([await ask(), await ask('none.')], ['not proven', 'not proven'])
    configure('anchors: root.key')
    assert.deepEqual([await ask(), await ask('none.')], ['proven', 'proven'])
    assert.equal(told.filter(([event]) => event === 'cache judged anew').length, 2)
  })

  it('stays proven where validation was off meanwhile and the anchors are the same', async () => {
    configure('anchors: root.key, validate: false')
    configure('anchors: root.key')
    assert.deepEqual([await ask(), told.filter(([event]) => event === 'cache judged anew').length], ['proven', 2])
  })

  for (const [how, change] of [['a reload', () => Promise.resolve()], ['a restart over a cache that was kept', async () => {
    await recursing.stop()
    recursing = make()
  }]] as const) {
    it(`fails with ${how} to anchors that do not sign it, and is proven with those that do`, async () => {
      await serve(true)
      await change()
      configure('anchors: other.key, follow-anchors: false')
      assert.match(await ask(), /^fails, \d+$/)
      await change()
      configure('anchors: root.key, follow-anchors: false')
      assert.equal(await ask(), 'proven')
    })
  }
})

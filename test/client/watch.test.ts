/**
 * Who watches a capability (RFC 8765): is told what stands there, what comes, goes and changes, and finds back when his connection is lost. Time is
 * made here, and connections lead to a server of this process.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { watch, type WatchOptions } from '../../src/client/watch.ts'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { keepaliveTlv, readKeepalive, readSubscribe } from '../../src/dns/dso.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { CLIENT_WATCH_SETTLE_MS, SESSION_INACTIVITY_MS, SESSION_INTERVAL_MS } from '../../src/dns/limits-sessions.ts'
import { FakeWorld } from './push-server.ts'
import { BABEL, IRIS, V2, Watcher } from './watcher.ts'

function reading(agent: string, sequence: number, parameters: string): string {
  return `${V2} 0 IN SENSE ${sequence} ${agent}._sa.acme.example. ${parameters}`
}

describe('who watches', () => {
  it('asks for a session, then for the topic, and is told what stands there', async () => {
    const watcher = new Watcher(new FakeWorld({ records: [BABEL, IRIS] }))
    assert.deepEqual(await watcher.told(), [`added ${BABEL}`, `added ${IRIS}`])
    assert.deepEqual(watcher.kinds, ['connected', 'subscribed'])
    const [keepalive, subscribe] = watcher.world.peer.seen
    assert.deepEqual(readKeepalive(keepalive.tlvs[0]), { inactivityMs: SESSION_INACTIVITY_MS, intervalMs: SESSION_INTERVAL_MS })
    const topic = readSubscribe(subscribe.tlvs[0])
    assert.deepEqual([topic.name.toString(), topic.type, topic.class], [V2, TYPE.AGENT, CLASS.IN])
    assert.ok(keepalive.id !== 0 && subscribe.id !== 0 && keepalive.id !== subscribe.id)
    assert.deepEqual(watcher.records, [BABEL, IRIS])
  })

  it('is told who comes, who goes, and who has another TTL; of the same again nothing', async () => {
    const watcher = new Watcher(new FakeWorld({ records: [BABEL] }))
    await watcher.told()
    watcher.world.peer.push(`+ ${IRIS}`)
    assert.deepEqual(await watcher.told(), [`added ${IRIS}`])
    watcher.world.peer.push(`+ ${BABEL}`, `+ ${IRIS}`)
    assert.deepEqual(await watcher.told(), [])
    watcher.world.peer.push(`+ ${BABEL.replace(' 60 ', ' 5 ')}`)
    assert.deepEqual(await watcher.told(), [`changed ${BABEL.replace(' 60 ', ' 5 ')}`])
    watcher.world.peer.push(`- ${IRIS}`, `- ${IRIS}`)
    assert.deepEqual(await watcher.told(), [`removed ${IRIS}`])
    assert.deepEqual(watcher.records, [BABEL.replace(' 60 ', ' 5 ')])
  })

  it('takes other claims of an agent for another record, as its octets are others (RFC 8765 6.3.1)', async () => {
    const watcher = new Watcher(new FakeWorld({ records: [BABEL] }))
    await watcher.told()
    const faster = BABEL.replace('180ms', '90ms')
    watcher.world.peer.push(`- ${BABEL.replace('180ms', '181ms')}`, `- ${BABEL}`, `+ ${faster}`)
    assert.deepEqual(await watcher.told(), [`removed ${BABEL}`, `added ${faster}`])
  })

  it('of SENSE is told the newest reading of each agent in place of the one before', async () => {
    const first = reading('babel', 1, 'active=3')
    const watcher = new Watcher(new FakeWorld({ records: [first, reading('iris', 9, 'active=0')] }), { type: 'SENSE' })
    assert.equal((await watcher.told()).length, 2)
    const second = reading('BABEL', 2, 'active=4')
    watcher.world.peer.push(`+ ${second}`)
    assert.deepEqual(await watcher.told(), [`changed ${second}`])
    assert.deepEqual(watcher.records, [second, reading('iris', 9, 'active=0')])
    watcher.world.peer.push(`- ${first}`)
    assert.deepEqual(await watcher.told(), [`removed ${second}`], 'whatever reading the removal names')
  })

  it('is told that all of a type, or of every type, have gone (RFC 8765 6.3.1)', async () => {
    const text = `${V2} 60 IN TXT "x"`
    for (const [clear, left] of [[`x ${V2} ANY IN`, []], [`x ${V2} AGENT ANY`, [text]], [`x ${V2} TXT IN`, [BABEL, IRIS]], [`x ${V2} AGENT LOCAL`, [BABEL, IRIS, text]], ['x other.example. ANY ANY', [BABEL, IRIS, text]]] as const) {
      const watcher = new Watcher(new FakeWorld({ records: [BABEL, IRIS, text] }), { type: 'ANY' })
      await watcher.told()
      watcher.world.peer.push(clear)
      assert.equal((await watcher.told()).filter((line) => line.startsWith('removed ')).length, 3 - left.length, clear)
      assert.deepEqual(watcher.records, left)
    }
  })

  it('passes over what he did not ask for', async () => {
    const watcher = new Watcher(new FakeWorld())
    await watcher.told()
    watcher.world.peer.push(`+ ${BABEL.replace('v2', 'v3')}`, `+ ${V2} 60 IN TXT "x"`, `+ ${BABEL.replace(' IN ', ' LOCAL ')}`, `+ ${BABEL.replace(V2, V2.toUpperCase())}`)
    assert.deepEqual(await watcher.told(), [`added ${BABEL.replace(V2, V2.toUpperCase())}`])
  })

  it('asks in the type and class he wants, and by URL', async () => {
    const watcher = new Watcher(new FakeWorld(), { type: 'TYPE65442', class: 'LOCAL' }, 'agent://acme.example/nlp/text/translate/v2')
    await watcher.told()
    const topic = readSubscribe(watcher.world.peer.seen[1].tlvs[0])
    assert.deepEqual([topic.name.toString(), topic.type, topic.class], [V2, TYPE.TASK, CLASS.LOCAL])
  })

  it('is told at once what he called wrongly', () => {
    const world = new FakeWorld()
    const call = (name: string, options: Partial<WatchOptions>) => () => watch(name, { server: '127.0.0.1:5300', world, ...options })
    assert.throws(call(V2, { server: 'localhost' }), { name: 'TypeError', message: 'Cannot use server "localhost" as it must be address:port, such as 127.0.0.1:5300 or [::1]:5300' })
    assert.throws(call(V2, { type: 'AGENTS' }), { name: 'TypeError', message: 'Cannot use type "AGENTS" as it must be a mnemonic such as AGENT, or TYPE and a number' })
    assert.throws(call(V2, { class: 'OUT' }), { name: 'TypeError', message: 'Cannot use class "OUT" as it must be IN, LOCAL, CH, or CLASS and a number' })
    for (const name of ['a..b', 'agent://acme.example/v2']) assert.throws(call(name, {}), TextFault)
    assert.deepEqual([world.sockets.length, world.due], [0, []], 'and nothing was begun')
  })
})

describe('whose connection is lost', () => {
  it('comes back later and later, and is told what differs when the set is complete again', async () => {
    const world = new FakeWorld({ records: [BABEL, IRIS] })
    const watcher = new Watcher(world)
    await watcher.told(5_000)
    const other = BABEL.replace('babel', 'polyglot')
    world.behaviour.records = [BABEL.replace(' 60 ', ' 30 '), other]
    world.peer.socket.end()
    assert.deepEqual(await watcher.told(), [])
    assert.deepEqual(watcher.records, [BABEL, IRIS], 'meanwhile stands what stood')
    assert.deepEqual(await watcher.told(1_000), [`changed ${BABEL.replace(' 60 ', ' 30 ')}`, `added ${other}`])
    assert.deepEqual(await watcher.told(CLIENT_WATCH_SETTLE_MS - 1), [], 'more may come yet')
    assert.deepEqual(await watcher.told(1), [`removed ${IRIS}`])
    assert.deepEqual(watcher.kinds, ['connected', 'subscribed', 'lost 1000: the server closed the connection', 'connected', 'subscribed'])
    assert.deepEqual(watcher.records, [BABEL.replace(' 60 ', ' 30 '), other])
  })

  it('takes nothing for gone while the set still comes, nor for complete where it is lost before', async () => {
    const world = new FakeWorld({ records: [BABEL, IRIS] })
    const watcher = new Watcher(world)
    await watcher.told(5_000)
    world.behaviour.records = []
    world.peer.socket.end()
    await watcher.told(1_000)
    await watcher.told(999)
    world.peer.push(`+ ${BABEL}`)
    assert.deepEqual(await watcher.told(999), [])
    world.peer.socket.end()
    assert.deepEqual(await watcher.told(999), [])
    await watcher.told(1_001)
    world.peer.push(`+ ${IRIS}`)
    assert.deepEqual(await watcher.told(1_000), [`removed ${BABEL}`])
  })

  it('takes nothing for complete before the server has agreed to push, though it pushes already', async () => {
    const world = new FakeWorld({ records: [BABEL, IRIS] })
    const watcher = new Watcher(world, { timeoutMs: 5_000 })
    await watcher.told(5_000)
    world.behaviour.isSilent = true
    world.peer.socket.end()
    await world.pass(1_000)
    world.peer.send([keepaliveTlv({ inactivityMs: 0, intervalMs: 60_000 })], { id: 1, response: true })
    world.peer.push(`+ ${BABEL}`)
    assert.deepEqual(await watcher.told(3_000), [])
    world.peer.send([], { id: 2, response: true })
    assert.deepEqual(await watcher.told(999), [])
    assert.deepEqual(await watcher.told(1), [`removed ${IRIS}`])
  })

  it('finds another server there, which knows no sessions', async () => {
    const world = new FakeWorld({ records: [BABEL] })
    const watcher = new Watcher(world)
    await world.pass(5_000)
    world.behaviour.keepaliveRcode = RCODE.FORMERR
    world.peer.socket.end()
    await world.pass(1_000)
    assert.match(String(watcher.fault), /FORMERR: it knows no DNS Push/)
    assert.deepEqual(watcher.lines, [`added ${BABEL}`])
  })

  it('does not wait for an end of readings that never cease', async () => {
    const world = new FakeWorld({ records: [reading('babel', 1, 'active=1'), reading('iris', 1, 'active=1')] })
    const watcher = new Watcher(world, { type: 'SENSE' })
    await watcher.told(5_000)
    world.behaviour.records = [reading('babel', 2, 'active=1')]
    world.peer.socket.end()
    await watcher.told(1_000)
    for (let sequence = 3; sequence < 8; sequence++) {
      world.peer.push(`+ ${reading('babel', sequence, 'active=2')}`)
      await world.pass(250)
    }
    assert.deepEqual(watcher.lines.filter((line) => line.startsWith('removed')), [`removed ${reading('iris', 1, 'active=1')}`])
  })

  it('waits 1, 2, 4 … 60 s, and 1 s again once a session has told all', async () => {
    const world = new FakeWorld({ records: [BABEL] })
    world.failure = Object.assign(new Error('no'), { code: 'ECONNREFUSED' })
    const watcher = new Watcher(world)
    await watcher.told(250_000)
    const waits = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => `lost ${seconds * 1_000}: nothing listens there (connection refused)`)
    assert.deepEqual(watcher.kinds, waits)
    world.failure = undefined
    assert.deepEqual(await watcher.told(60_000), [`added ${BABEL}`])
    world.failure = Object.assign(new Error('no'), { code: 'EHOSTUNREACH' })
    world.peer.socket.end()
    await world.pass()
    assert.equal(watcher.kinds.at(-1), 'lost 1000: the server closed the connection')
    await world.pass(1_000)
    assert.equal(watcher.kinds.at(-1), 'lost 2000: no route leads there')
  })

  it('waits no shorter where every session ends before all is told', async () => {
    const world = new FakeWorld({ records: [BABEL] })
    const watcher = new Watcher(world)
    for (const seconds of [1, 2, 4]) {
      await world.pass(900)
      world.peer.socket.end()
      await world.pass(seconds * 1_000)
      assert.equal(watcher.kinds.filter((kind) => kind.startsWith('lost')).at(-1), `lost ${seconds * 1_000}: the server closed the connection`)
    }
  })

  const SILENT: [what: string, change: (world: FakeWorld) => void, reason: string][] = [
    ['no connection comes about', (world) => (world.isDeaf = true), 'no connection within 300 ms'],
    ['nothing answers', (world) => (world.behaviour.isSilent = true), 'no response within 300 ms'],
  ]
  for (const [what, change, reason] of SILENT) {
    it(`tries again where ${what}`, async () => {
      const world = new FakeWorld({ records: [BABEL] })
      change(world)
      const watcher = new Watcher(world, { timeoutMs: 300 })
      await world.pass(299)
      assert.deepEqual(watcher.kinds, [])
      await world.pass(1)
      assert.deepEqual(watcher.kinds, [`lost 1000: ${reason}`])
      Object.assign(world, { isDeaf: false })
      world.behaviour.isSilent = false
      assert.deepEqual(await watcher.told(1_000), [`added ${BABEL}`])
    })
  }
})

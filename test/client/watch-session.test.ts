/**
 * The sessions of who watches (RFC 8490): how they are kept, when they are begun again, with which words it is over where a server refuses for good, and that
 * nothing is left when he has enough.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { watch, WatchFault, type Watching } from '../../src/client/watch.ts'
import { RCODE } from '../../src/dns/codes.ts'
import { keepaliveTlv, retryDelayTlv } from '../../src/dns/dso.ts'
import { MAX_PUSH_RECORDS } from '../../src/dns/limits-sessions.ts'
import { FakeWorld } from './push-server.ts'
import { BABEL, IRIS, V2, Watcher } from './watcher.ts'

describe('a session', () => {
  it('is kept by a Keepalive at 80 % of the interval that the server gave, and lost where nothing answers it', async () => {
    const world = new FakeWorld({ intervalMs: 20_000, inactivityMs: 0 })
    const watcher = new Watcher(world)
    await world.pass(15_999)
    assert.deepEqual(world.peer.asked, ['keepalive', 'subscribe'])
    await world.pass(1)
    assert.deepEqual(world.peer.asked, ['keepalive', 'subscribe', 'keepalive'])
    await world.pass(160_000)
    assert.equal(world.peer.asked.length, 13, 'and so on')
    assert.deepEqual(watcher.kinds, ['connected', 'subscribed'], 'inactivity does not run while somebody watches (RFC 8490 6.4)')
    world.behaviour.isSilent = true
    await world.pass(18_000)
    assert.equal(watcher.kinds.at(-1), 'lost 1000: no response within 2000 ms')
  })

  it('needs no Keepalive where the interval means never, until the server gives another by itself', async () => {
    const world = new FakeWorld({ intervalMs: 0xffff_ffff })
    const watcher = new Watcher(world)
    await world.pass(1_000_000_000)
    assert.deepEqual(world.peer.asked, ['keepalive', 'subscribe'])
    world.peer.send([keepaliveTlv({ inactivityMs: 5, intervalMs: 30_000 })])
    await world.pass(24_000)
    assert.deepEqual(world.peer.asked, ['keepalive', 'subscribe', 'keepalive'])
    assert.deepEqual(watcher.kinds, ['connected', 'subscribed'])
  })

  it('that the server ends is begun again after the time that it wants, and not before (RFC 8490 6.6.3)', async () => {
    const world = new FakeWorld({ records: [BABEL] })
    const watcher = new Watcher(world)
    await world.pass(2_000)
    world.peer.send([retryDelayTlv(300_000)], { rcode: RCODE.SERVFAIL })
    await world.pass()
    assert.equal(watcher.kinds.at(-1), 'lost 300000: it ends the session (SERVFAIL)')
    assert.ok(world.sockets[0].destroyed)
    await world.pass(299_999)
    assert.equal(world.peers.length, 1)
    await world.pass(1)
    assert.equal(world.peers.length, 2)
    world.peer.send([retryDelayTlv(0)])
    await world.pass()
    assert.equal(watcher.kinds.at(-1), 'lost 2000: it ends the session (NOERROR)', 'a server that says "at once" is not asked without pause')
    await world.pass(3_000)
    world.peer.send([retryDelayTlv(0xffff_ffff)])
    await world.pass()
    assert.equal(watcher.kinds.at(-1), 'lost 2147483647: it ends the session (NOERROR)', 'longer than a timer runs')
  })

  it('that a busy server refuses is tried again after the time that goes along', async () => {
    for (const which of ['keepaliveRcode', 'subscribeRcode'] as const) {
      const world = new FakeWorld({ records: [BABEL], [which]: RCODE.SERVFAIL, retryMs: 5_000 })
      const watcher = new Watcher(world)
      await world.pass()
      assert.equal(watcher.kinds.at(-1), 'lost 5000: SERVFAIL')
      world.behaviour[which] = RCODE.NOERROR
      assert.deepEqual(await watcher.told(5_000), [`added ${BABEL}`])
    }
  })

  const NO_PUSH = 'it knows no DNS Push (RFC 8765); is it Waggle, and a version that does?'
  const REFUSED: [which: 'keepaliveRcode' | 'subscribeRcode', rcode: number, why: string][] = [
    ['keepaliveRcode', RCODE.NOTIMP, `NOTIMP: ${NO_PUSH}`], ['keepaliveRcode', RCODE.FORMERR, `FORMERR: ${NO_PUSH}`], ['keepaliveRcode', RCODE.DSOTYPENI, `DSOTYPENI: ${NO_PUSH}`],
    ['subscribeRcode', RCODE.NOTIMP, `NOTIMP: ${NO_PUSH}`], ['subscribeRcode', RCODE.DSOTYPENI, `DSOTYPENI: ${NO_PUSH}`],
    ['keepaliveRcode', RCODE.REFUSED, 'REFUSED: it does not push to this network; its config says who may watch'],
    ['subscribeRcode', RCODE.REFUSED, 'REFUSED: it does not push to this network; its config says who may watch'],
    ['subscribeRcode', RCODE.NOTAUTH, 'NOTAUTH: the name is in no zone of this server; watch it at one that serves its zone'],
  ]
  for (const [which, rcode, why] of REFUSED) {
    it(`that is refused for good ends the iteration with why: ${which === 'keepaliveRcode' ? 'before' : 'when'} it subscribes, ${why.split(':')[0]}`, async () => {
      const world = new FakeWorld({ [which]: rcode, retryMs: 5_000 })
      const watcher = new Watcher(world)
      await world.pass(60_000)
      assert.ok(watcher.fault instanceof WatchFault)
      assert.deepEqual([watcher.fault.message, watcher.fault.rcode], [`Cannot watch ${V2} AGENT at 127.0.0.1:5300: ${why}`, rcode])
      assert.equal(world.peers.length, 1, 'it is not tried again')
      assert.deepEqual(await watcher.watching.next(), { value: undefined, done: true })
    })
  }

  it('of which a SUBSCRIBE cannot be read is tried again, as the next may be', async () => {
    const world = new FakeWorld({ subscribeRcode: RCODE.FORMERR, retryMs: 300_000 })
    const watcher = new Watcher(world)
    await world.pass()
    assert.deepEqual(watcher.kinds, ['connected', 'lost 300000: FORMERR'])
  })

  it(`that tells of more than ${MAX_PUSH_RECORDS} records ends the iteration, as not all could be told`, async () => {
    const world = new FakeWorld()
    const watcher = new Watcher(world)
    await world.pass()
    const many = Array.from({ length: MAX_PUSH_RECORDS }, (_, i) => `+ ${V2} 60 IN AGENT 1 a${i}.example.`)
    world.peer.push(...many)
    await world.pass()
    assert.equal(watcher.records.length, MAX_PUSH_RECORDS)
    world.peer.push(many[0], `+ ${V2} 5 IN AGENT 1 a7.example.`)
    await world.pass()
    assert.equal(watcher.fault, undefined, 'the same again, or changed, is no further one')
    world.peer.push(`+ ${BABEL}`)
    await world.pass()
    assert.match(String(watcher.fault), /^WatchFault: Cannot watch v2.*: it has more than 16384 records/)
  })
})

describe('an end', () => {
  it('by close comes at once, whoever waits, and nothing is told afterwards', async () => {
    const world = new FakeWorld({ records: [BABEL] })
    const watching = watch(V2, { server: '127.0.0.1:5300', world })
    await world.pass()
    assert.equal((await watching.next()).done, false)
    const waiting = [watching.next(), watching.next()]
    watching.close()
    world.peer.push(`+ ${IRIS}`)
    assert.deepEqual(await Promise.all(waiting), [{ value: undefined, done: true }, { value: undefined, done: true }])
    assert.deepEqual([await watching.next(), world.due, world.sockets[0].destroyed], [{ value: undefined, done: true }, [], true])
    watching.close()
  })

  it('by leaving the loop is the same', async () => {
    const world = new FakeWorld({ records: [BABEL, IRIS] })
    const watching = watch(V2, { server: '127.0.0.1:5300', world })
    const passing = world.pass()
    for await (const { kind } of watching) {
      assert.equal(kind, 'added')
      break
    }
    await passing
    assert.deepEqual([world.due, world.sockets[0].destroyed, await watching.next()], [[], true, { value: undefined, done: true }])
  })

  it('may be made by whoever is told of anything, at every moment', async () => {
    for (const kind of ['connected', 'subscribed', 'lost']) {
      const world = new FakeWorld({ records: [BABEL] })
      const watching: Watching = watch(V2, { server: '127.0.0.1:5300', world, onEvent: (event) => void (event.kind === kind && watching.close()) })
      await world.pass()
      if (kind === 'lost') world.peer.socket.end()
      await world.pass(10_000)
      assert.deepEqual([world.due, world.peers.length, world.sockets[0].destroyed], [[], 1, true], kind)
    }
  })

  it('comes while it waits for the next try, too', async () => {
    const world = new FakeWorld()
    world.failure = new Error('no such luck')
    const watcher = new Watcher(world)
    await world.pass()
    assert.deepEqual([watcher.kinds, world.due], [['lost 1000: no such luck'], [1_000]])
    watcher.watching.close()
    await world.pass(10_000)
    assert.deepEqual([watcher.isDone, world.sockets.length], [true, 1])
  })
})

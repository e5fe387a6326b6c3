/** Sessions by RFC 8490: octets in, octets out, on a clock that the test moves. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DSO, encodeDso, keepaliveTlv, retryDelayTlv, subscribeTlv, unsubscribeTlv } from '../../src/dns/dso.ts'
import { MAX_DSO_TLVS, PUSH_BUSY_RETRY_MS, PUSH_LOOK_MS, PUSH_MALFORMED_RETRY_MS, SESSION_INACTIVITY_MS, SESSION_INTERVAL_MS } from '../../src/dns/limits-sessions.ts'
import { FakeConnection } from './pushed.ts'
import { Stage, subscribed, topicOf } from './session-stage.ts'

const keepalive = keepaliveTlv({ inactivityMs: 15_000, intervalMs: 15_000 })
const TIMES = `keepalive ${JSON.stringify({ inactivityMs: SESSION_INACTIVITY_MS, intervalMs: SESSION_INTERVAL_MS })}`


describe('a session', () => {
  test('begins by a request that is answered as it wanted, and tells its times', () => {
    const stage = new Stage()
    const client = new FakeConnection()
    client.request(stage.sessions.take, keepalive)
    assert.deepEqual(client.take(), [`re 1 NOERROR ${TIMES}`])
    assert.deepEqual([stage.sessions.size, stage.isTicking, stage.sessions.counts.opened], [1, true, 1])
    client.end()
    assert.deepEqual([stage.sessions.size, stage.isTicking], [0, false])
  })

  test('is refused as by a server that knows none, to who is not admitted', () => {
    const stage = new Stage()
    stage.admitted = false
    const client = new FakeConnection()
    client.request(stage.sessions.take, keepalive)
    assert.deepEqual([client.take(), stage.sessions.size, client.onEnd], [['re 1 NOTIMP'], 0, undefined])
  })

  test('is cut for what nobody may send: a note before it has begun, and of an unknown kind', () => {
    for (const tlv of [unsubscribeTlv(1), keepalive, { type: 0xf8ff, data: new Uint8Array(0) }]) {
      const early = new FakeConnection()
      const stage = new Stage()
      early.note(stage.sessions.take, tlv)
      assert.deepEqual([early.take(), stage.sessions.size], [['cut'], 0])
    }
    for (const tlv of [keepalive, retryDelayTlv(1), subscribeTlv(topicOf('a.')), { type: DSO.PUSH, data: new Uint8Array(20) }, { type: 0xf8ff, data: new Uint8Array(0) }, { type: DSO.UNSUBSCRIBE, data: new Uint8Array(3) }]) {
      const stage = new Stage()
      const client = subscribed(stage)
      client.note(stage.sessions.take, tlv)
      assert.deepEqual([client.take(), stage.sessions.size, stage.sessions.pushes.size], [['cut'], 0, 0], `type ${tlv.type}`)
    }
  })

  test('answers requests that it cannot read, or that are about what no request is about, by FORMERR; and of unknown kinds by DSOTYPENI', () => {
    const stage = new Stage()
    const client = new FakeConnection()
    client.request(stage.sessions.take)
    client.request(stage.sessions.take, { type: DSO.KEEPALIVE, data: new Uint8Array(7) })
    client.request(stage.sessions.take, { type: DSO.SUBSCRIBE, data: Uint8Array.of(0, 0, 16) })
    client.request(stage.sessions.take, unsubscribeTlv(1))
    client.request(stage.sessions.take, ...Array.from({ length: MAX_DSO_TLVS + 1 }, () => keepalive))
    client.request(stage.sessions.take, { type: 0xf8ff, data: new Uint8Array(0) })
    const formerr = (id: number): string => `re ${id} FORMERR retry ${PUSH_MALFORMED_RETRY_MS}`
    assert.deepEqual(client.take(), [...[1, 2, 3, 4, 5].map(formerr), 're 6 DSOTYPENI'])
    client.request(stage.sessions.take, keepalive, { type: DSO.ENCRYPTION_PADDING, data: new Uint8Array(100) })
    assert.deepEqual(client.take(), [`re 7 NOERROR ${TIMES}`], 'what is added to a request may be unknown')
    assert.equal(stage.sessions.counts.turned_away, 6)
  })

  test('answers a message whose counts are not zero by FORMERR (RFC 8490 5.4)', () => {
    const stage = new Stage()
    const client = new FakeConnection()
    const octets = encodeDso({ id: 9, response: false, rcode: 0, tlvs: [keepalive] })
    octets[5] = 1
    stage.sessions.take(client.message(octets))
    assert.deepEqual(client.take(), [`re 9 FORMERR retry ${PUSH_MALFORMED_RETRY_MS}`])
  })

  test('ends where nothing was exchanged for twice as long as may be: without subscriptions soon and as any other connection, with them later, and cut', () => {
    const stage = new Stage()
    const [idle, busy, alive] = [new FakeConnection(), new FakeConnection(), new FakeConnection()]
    idle.request(stage.sessions.take, keepalive)
    busy.request(stage.sessions.take, subscribeTlv(topicOf('a.')))
    alive.request(stage.sessions.take, subscribeTlv(topicOf('b.')))
    for (const client of [idle, busy, alive]) client.take()
    stage.pass(2 * SESSION_INACTIVITY_MS, 1_000)
    idle.request(stage.sessions.take, keepalive)
    assert.match(idle.take()[0], /^re 2/, 'in time')
    stage.pass(1_000, 1_000)
    assert.deepEqual([idle.take(), busy.take(), stage.sessions.size], [['released'], [], 2], 'a keepalive is no activity')
    idle.request(stage.sessions.take, keepalive)
    assert.deepEqual([idle.take().length, stage.sessions.size], [1, 3], 'and may begin anew')
    idle.end()
    stage.boards.get('b.')?.add('x')
    stage.pass(2 * SESSION_INTERVAL_MS - 2 * SESSION_INACTIVITY_MS - 1_000, 1_000)
    assert.deepEqual([busy.take(), alive.take()], [[], ['+ b. 60 IN TXT "x"']])
    stage.pass(1_000, 1_000)
    assert.deepEqual([busy.take(), alive.take(), stage.sessions.size], [['cut'], [], 1], 'what is pushed keeps it alive (RFC 8490 6.3)')
  })

  test('has its share: one network half of what is free, and never all', () => {
    const stage = new Stage({ sessions: 8 })
    const open = (address: number[]): string => {
      const client = new FakeConnection(Uint8Array.from(address))
      client.request(stage.sessions.take, keepalive)
      return client.take()[0].split(' ').slice(2).join(' ')
    }
    for (let i = 0; i < 4; i++) assert.equal(open([192, 0, 2, i]), `NOERROR ${TIMES}`)
    assert.equal(open([192, 0, 2, 9]), `SERVFAIL retry ${PUSH_BUSY_RETRY_MS}`)
    assert.equal(open([198, 51, 100, 1]), `NOERROR ${TIMES}`)
    assert.deepEqual([stage.sessions.size, stage.sessions.counts.refused], [5, 1])
  })

  test('ends with the server: its client is told when to come again, and what comes meanwhile is met with silence', () => {
    const stage = new Stage({ sessions: 2 })
    const client = subscribed(stage)
    stage.sessions.close()
    assert.deepEqual([client.take(), stage.sessions.size, stage.sessions.pushes.size, stage.isTicking], [[`un 0 NOERROR retry ${PUSH_BUSY_RETRY_MS}`, 'released'], 0, 0, false])
    assert.equal(subscribed(stage, 'a.', new FakeConnection()).take().length, 0)
    assert.equal(stage.sessions.size, 1, 'its place was given back')
  })

  test('survives whatever octets it is sent, answers at most once, and leaves nothing behind', () => {
    const kinds = [keepalive, subscribeTlv(topicOf('a.')), subscribeTlv(topicOf('b.')), unsubscribeTlv(1), unsubscribeTlv(2), { type: DSO.RECONFIRM, data: new Uint8Array(5) }]
    const message = fc.record({ id: fc.integer({ min: 0, max: 3 }), tlvs: fc.array(fc.constantFrom(...kinds), { maxLength: 3 }), flips: fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 3 }), cut: fc.nat(40) })
    fc.assert(fc.property(fc.array(message, { maxLength: 12 }), (messages) => {
      const stage = new Stage()
      const client = new FakeConnection()
      for (const { id, tlvs, flips, cut } of messages) {
        const octets = encodeDso({ id, response: false, rcode: 0, tlvs }).slice(0, -1 - (cut > 30 ? cut - 30 : 0) || undefined)
        const sent = octets.length < 12 ? encodeDso({ id, response: false, rcode: 0, tlvs: [] }) : octets
        for (const [at, value] of flips) if (at < sent.length) sent[at] ^= value
        const before = client.lines.filter((line) => line.startsWith('re ')).length
        const rcode = stage.sessions.take(client.message(sent))
        assert.equal(client.lines.filter((line) => line.startsWith('re ')).length - before, rcode === undefined ? 0 : 1)
        stage.pass(PUSH_LOOK_MS)
      }
      client.end()
      assert.deepEqual([stage.sessions.size, stage.sessions.subscriptions, stage.sessions.pushes.size, stage.isTicking], [0, 0, 0, false])
    }), { numRuns: 500 })
  })
})

/** Sessions and what is pushed in them, by RFC 8490 and RFC 8765: octets in, octets out, on a clock that the test moves. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { WatchedTopic } from '../../src/authority/watched.ts'
import { CLASS, RCODE, TYPE } from '../../src/dns/codes.ts'
import { DSO, encodeDso, keepaliveTlv, type PushChange, type PushTopic, retryDelayTlv, subscribeTlv, unsubscribeTlv } from '../../src/dns/dso.ts'
import {
  MAX_DSO_TLVS, MAX_PUSH_OCTETS, MAX_PUSH_WAITING_OCTETS, MAX_SUBSCRIPTIONS, PUSH_BUSY_RETRY_MS, PUSH_LOOK_MS, PUSH_MALFORMED_RETRY_MS, PUSH_OCTETS_PER_LOOK, PUSH_REFUSED_RETRY_MS,
  SESSION_INACTIVITY_MS, SESSION_INTERVAL_MS,
} from '../../src/dns/limits-sessions.ts'
import { Name } from '../../src/dns/name.ts'
import { Sessions } from '../../src/server/sessions.ts'
import { FakeConnection } from './pushed.ts'

/** A topic that a test changes: records are single octets of TXT. */
class Board implements WatchedTopic {
  everyMs = 0
  isCut = false
  looks = 0
  private readonly topic: PushTopic
  private readonly texts = new Set<string>()
  private changes: PushChange[] = []

  constructor(topic: PushTopic) {
    this.topic = topic
  }

  add(text: string): void {
    this.texts.add(text)
    this.changes.push(this.adding(text))
  }

  look(): PushChange[] {
    this.looks++
    return this.changes.splice(0)
  }

  all(): PushChange[] {
    return [...this.texts].map((text) => this.adding(text))
  }

  private adding(text: string): PushChange {
    const { name, type, class: rrClass } = this.topic
    return { kind: 'add', record: { name, type, class: rrClass, ttl: 60, rdata: Buffer.from(String.fromCharCode(text.length) + text, 'latin1') } }
  }
}

/** Sessions over boards by name, and hands on the clock. */
class Stage {
  nowMs = 1_000
  readonly boards = new Map<string, Board>()
  readonly cut: string[] = []
  readonly sessions: Sessions
  isTicking = false
  admitted = true
  private tick: () => void = () => undefined

  constructor(limits: { sessions?: number } = {}) {
    this.sessions = new Sessions({
      open: (topic) => {
        if (topic.name.toString() === 'elsewhere.') return { rcode: RCODE.NOTAUTH }
        if (topic.name.toString() === 'secret.') return { rcode: RCODE.REFUSED }
        return { key: `${topic.type} ${topic.name.key}`, watch: () => this.board(topic) }
      },
      admits: () => this.admitted,
      nowMs: () => this.nowMs,
      every: (delayMs, run) => {
        assert.equal(delayMs, PUSH_LOOK_MS)
        this.tick = run
        this.isTicking = true
        return () => (this.isTicking = false)
      },
      onCut: (key) => this.cut.push(key),
      ...limits,
    })
  }

  private board(topic: PushTopic): Board {
    const board = this.boards.get(topic.name.toString()) ?? new Board(topic)
    this.boards.set(topic.name.toString(), board)
    return board
  }

  /** Time goes by, with a look at each of its steps. */
  pass(ms: number, stepMs: number = PUSH_LOOK_MS): void {
    for (let gone = 0; gone < ms; gone += stepMs) {
      this.nowMs += stepMs
      if (this.isTicking) this.tick()
    }
  }
}

const keepalive = keepaliveTlv({ inactivityMs: 15_000, intervalMs: 15_000 })
const topicOf = (name: string, type: number = TYPE.TXT): PushTopic => ({ name: Name.parse(name), type, class: CLASS.IN })
const TIMES = `keepalive ${JSON.stringify({ inactivityMs: SESSION_INACTIVITY_MS, intervalMs: SESSION_INTERVAL_MS })}`

function subscribed(stage: Stage, name = 'a.', connection = new FakeConnection()): FakeConnection {
  connection.request(stage.sessions.take, subscribeTlv(topicOf(name)))
  connection.take()
  return connection
}

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

  test('is cut where its client is silent for twice as long as it may be: without subscriptions soon, with them later', () => {
    const stage = new Stage()
    const [idle, busy, alive] = [new FakeConnection(), new FakeConnection(), new FakeConnection()]
    idle.request(stage.sessions.take, keepalive)
    busy.request(stage.sessions.take, subscribeTlv(topicOf('a.')))
    alive.request(stage.sessions.take, subscribeTlv(topicOf('a.')))
    for (const client of [idle, busy, alive]) client.take()
    stage.pass(2 * SESSION_INACTIVITY_MS, 1_000)
    idle.request(stage.sessions.take, keepalive)
    assert.match(idle.take()[0], /^re 2/, 'in time')
    stage.pass(1_000, 1_000)
    assert.deepEqual([idle.take(), busy.take(), stage.sessions.size], [['cut'], [], 2], 'a keepalive is no activity')
    alive.request(stage.sessions.take, keepalive)
    stage.pass(2 * SESSION_INTERVAL_MS - 2 * SESSION_INACTIVITY_MS - 1_000, 1_000)
    assert.deepEqual(busy.take(), [])
    stage.pass(1_000, 1_000)
    assert.deepEqual([busy.take(), alive.take().length, stage.sessions.size], [['cut'], 1, 1])
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

describe('a subscription', () => {
  test('is answered, and then told what stands there; changes follow within a look', () => {
    const stage = new Stage()
    const other = subscribed(stage)
    stage.boards.get('a.')?.add('x')
    const client = new FakeConnection()
    client.request(stage.sessions.take, subscribeTlv(topicOf('a.')))
    assert.deepEqual(client.take(), ['re 1 NOERROR', '+ a. 60 IN TXT "x"'])
    stage.pass(PUSH_LOOK_MS)
    assert.deepEqual([other.take(), client.take()], [['+ a. 60 IN TXT "x"'], []], 'each is told once')
    stage.boards.get('a.')?.add('y')
    stage.pass(PUSH_LOOK_MS)
    assert.deepEqual([other.take(), client.take()], [['+ a. 60 IN TXT "y"'], ['+ a. 60 IN TXT "y"']])
    assert.deepEqual([stage.sessions.subscriptions, stage.sessions.pushes.size, stage.sessions.counts.subscribed], [2, 1, 2])
  })

  test('ends by its ID, or with its connection; an ID that is none is nothing', () => {
    const stage = new Stage()
    const client = new FakeConnection()
    const a = client.request(stage.sessions.take, subscribeTlv(topicOf('a.')))
    const b = client.request(stage.sessions.take, subscribeTlv(topicOf('b.')))
    client.take()
    client.note(stage.sessions.take, unsubscribeTlv(a))
    client.note(stage.sessions.take, unsubscribeTlv(77))
    const board = stage.boards.get('a.')
    board?.add('x')
    stage.boards.get('b.')?.add('y')
    stage.pass(PUSH_LOOK_MS)
    assert.deepEqual(client.take(), ['+ b. 60 IN TXT "y"'])
    assert.equal(board?.looks, 1, 'nobody wants it any more')
    client.note(stage.sessions.take, unsubscribeTlv(b))
    assert.deepEqual([stage.sessions.pushes.size, stage.sessions.size, client.take()], [0, 1, []])
    client.request(stage.sessions.take, subscribeTlv(topicOf('a.')))
    client.end()
    assert.deepEqual([stage.sessions.pushes.size, stage.sessions.size], [0, 0])
  })

  test('is cut where the client asks for what it has, or by an ID that is taken (RFC 8765 6.2.1)', () => {
    const stage = new Stage()
    const twice = subscribed(stage)
    twice.request(stage.sessions.take, subscribeTlv(topicOf('A.')))
    assert.deepEqual(twice.take(), ['cut'])
    const client = subscribed(stage)
    stage.sessions.take(client.message(encodeDso({ id: 1, response: false, rcode: 0, tlvs: [subscribeTlv(topicOf('b.'))] })))
    assert.deepEqual([client.take(), stage.sessions.size], [['cut'], 0])
  })

  test('says why there is none, and when to come again', () => {
    const stage = new Stage()
    const client = new FakeConnection()
    client.request(stage.sessions.take, subscribeTlv(topicOf('elsewhere.')))
    client.request(stage.sessions.take, subscribeTlv(topicOf('secret.')))
    assert.deepEqual(client.take(), [`re 1 NOTAUTH retry ${PUSH_REFUSED_RETRY_MS}`, `re 2 REFUSED retry ${PUSH_REFUSED_RETRY_MS}`])
    for (let i = 0; i < MAX_SUBSCRIPTIONS; i++) client.request(stage.sessions.take, subscribeTlv(topicOf(`n${i}.`)))
    client.take()
    client.request(stage.sessions.take, subscribeTlv(topicOf('more.')))
    assert.deepEqual([client.take(), stage.sessions.subscriptions], [[`re ${MAX_SUBSCRIPTIONS + 3} SERVFAIL retry ${PUSH_BUSY_RETRY_MS}`], MAX_SUBSCRIPTIONS])
  })

  test('of a large set is told in parts, each message within its bound and each look within its own', () => {
    const stage = new Stage()
    subscribed(stage)
    for (let i = 0; i < 2_000; i++) stage.boards.get('a.')?.add(`${String(i).padStart(200, '0')}`)
    const client = new FakeConnection()
    client.request(stage.sessions.take, subscribeTlv(topicOf('a.')))
    const first = client.take().length - 1
    assert.ok(first > 0 && first < 2_000, `${first} at once`)
    const looks: number[] = []
    for (let total = first; total < 2_000 && looks.length < 50; total += looks.at(-1) ?? 0) {
      stage.pass(PUSH_LOOK_MS)
      looks.push(client.take().length)
    }
    assert.equal(first + looks.reduce((sum, count) => sum + count, 0), 2_000)
    assert.ok(client.octets.every((octets) => octets.length <= MAX_PUSH_OCTETS))
    const most = (PUSH_OCTETS_PER_LOOK + MAX_PUSH_OCTETS) / 213
    assert.ok(looks.every((count) => count <= most), String(looks))
  })

  test('whose client lets more wait than may is cut', () => {
    const stage = new Stage()
    const client = subscribed(stage)
    const board = stage.boards.get('a.')
    const texts = Math.ceil((MAX_PUSH_WAITING_OCTETS + PUSH_OCTETS_PER_LOOK) / 213)
    for (let i = 0; i < texts; i++) board?.add(`${String(i).padStart(200, '0')}`)
    stage.pass(PUSH_LOOK_MS)
    assert.deepEqual([client.take(), stage.sessions.size], [['cut'], 0])
  })

  test('is looked at as seldom as its topic is worth it, and the less often the longer a look takes', () => {
    const stage = new Stage()
    subscribed(stage)
    const board = stage.boards.get('a.')
    assert.ok(board)
    board.everyMs = 250
    board.looks = 0
    stage.pass(1_000)
    assert.ok(board.looks >= 3 && board.looks <= 5, `${board.looks} looks a second`)
    board.everyMs = 0
    const { look } = board
    board.look = () => {
      stage.nowMs += 20
      return look.call(board)
    }
    board.looks = 0
    stage.pass(2_000)
    assert.ok(board.looks >= 17 && board.looks <= 22, `${board.looks} looks of 20 ms in more than two seconds`)
  })

  test('whose topic has more than is told of is told to the operator once', () => {
    const stage = new Stage()
    const board = stage.boards.get('a.')
    assert.equal(board, undefined)
    subscribed(stage)
    const now = stage.boards.get('a.')
    assert.ok(now)
    now.isCut = true
    stage.pass(1_000)
    assert.equal(stage.cut.length, 1)
    now.isCut = false
    stage.pass(100)
    now.isCut = true
    stage.pass(100)
    assert.equal(stage.cut.length, 2)
  })
})

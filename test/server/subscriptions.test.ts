/** What is pushed in sessions, by RFC 8765: octets in, octets out, on a clock that the test moves. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeDso, subscribeTlv, unsubscribeTlv } from '../../src/dns/dso.ts'
import {
  MAX_PUSH_OCTETS, MAX_PUSH_WAITING_OCTETS, MAX_SUBSCRIPTIONS,
  PUSH_BUSY_RETRY_MS, PUSH_LOOK_MS, PUSH_OCTETS_PER_LOOK, PUSH_REFUSED_RETRY_MS,
} from '../../src/dns/limits-sessions.ts'
import { FakeConnection } from './pushed.ts'
import { Stage, subscribed, topicOf } from './session-stage.ts'

describe('a subscription', () => {
  test('is answered, and then told what stands there; changes follow within a look', () => {
    const stage = new Stage()
    const other = subscribed(stage)
    stage.boards.get('a.')?.add('x')
    const client = new FakeConnection()
    client.request(stage.sessions.take, subscribeTlv(topicOf('a.')))
    assert.deepEqual(client.take(), ['re 1 NOERROR'])
    stage.pass(PUSH_LOOK_MS)
    assert.deepEqual([other.take(), client.take()], [['+ a. 60 IN TXT "x"'], ['+ a. 60 IN TXT "x"']], 'each is told once')
    stage.pass(PUSH_LOOK_MS)
    assert.deepEqual([other.take(), client.take()], [[], []])
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
    stage.pass(PUSH_LOOK_MS)
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
    stage.pass(PUSH_LOOK_MS)
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
    assert.deepEqual(client.take(), ['re 1 NOERROR'])
    stage.pass(PUSH_LOOK_MS)
    const first = client.take().length
    assert.ok(first > 0 && first < 2_000, `${first} at once`)
    const looks: number[] = [first]
    for (let total = first; total < 2_000 && looks.length < 50; total += looks.at(-1) ?? 0) {
      stage.pass(PUSH_LOOK_MS)
      looks.push(client.take().length)
    }
    assert.equal(looks.reduce((sum, count) => sum + count, 0), 2_000)
    assert.ok(client.octets.every((octets) => octets.length <= MAX_PUSH_OCTETS))
    const most = (PUSH_OCTETS_PER_LOOK + MAX_PUSH_OCTETS) / 213
    assert.ok(looks.every((count) => count <= most), String(looks))
  })

  test('whose client is told all the time, and never of all, keeps nothing that was sent', () => {
    const stage = new Stage()
    const client = subscribed(stage)
    const board = stage.boards.get('a.')
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < (i === 0 ? 1_000 : 300); j++) board?.add(`${i}-${j}`.padStart(200, '0'))
      stage.pass(PUSH_LOOK_MS)
    }
    assert.ok(stage.waitingIn(client) < 2_000, `${stage.waitingIn(client)} messages wait`)
  })

  test('to many large topics is told of one after the other, as there is room', () => {
    const stage = new Stage()
    for (const name of ['a.', 'b.', 'c.']) {
      subscribed(stage, name)
      for (let i = 0; i < 1_000; i++) stage.boards.get(name)?.add(`${i}`.padStart(200, '0'))
    }
    stage.pass(PUSH_LOOK_MS)
    const client = new FakeConnection()
    for (const name of ['a.', 'b.', 'c.']) client.request(stage.sessions.take, subscribeTlv(topicOf(name)))
    assert.equal(client.take().length, 3, 'answered, and nothing is read yet')
    let most = 0
    for (let i = 0; i < 20; i++) {
      stage.pass(PUSH_LOOK_MS)
      most = Math.max(most, stage.waitingIn(client))
    }
    assert.deepEqual([client.take().length, most < 30], [3_000, true], `${most} messages waited`)
  })

  test('that comes and goes has its topic read once for each look', () => {
    const stage = new Stage()
    subscribed(stage)
    const board = stage.boards.get('a.')
    assert.ok(board)
    board.looks = 0
    const client = new FakeConnection()
    for (let i = 0; i < 50; i++) client.note(stage.sessions.take, unsubscribeTlv(client.request(stage.sessions.take, subscribeTlv(topicOf('a.')))))
    assert.equal(board.looks, 0)
    stage.pass(PUSH_LOOK_MS)
    assert.equal(board.looks, 1)
  })

  test('of one among many waits for its turn where a look is long, and none is left out', () => {
    const stage = new Stage()
    const client = new FakeConnection()
    for (let i = 0; i < 12; i++) client.request(stage.sessions.take, subscribeTlv(topicOf(`n${i}.`)))
    stage.pass(PUSH_LOOK_MS)
    const boards = [...stage.boards.values()]
    for (const board of boards) {
      board.looks = 0
      board.everyMs = 10_000
      const { look } = board
      board.look = () => {
        stage.nowMs += 10
        return look.call(board)
      }
    }
    stage.pass(4_000)
    assert.deepEqual(boards.map(({ looks }) => looks), boards.map(() => 1))
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
    assert.ok(board.looks >= 12 && board.looks <= 24, `${board.looks} looks of 20 ms in more than two seconds`)
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

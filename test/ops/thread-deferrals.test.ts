/** The core's side of one socket thread: what it defers comes in order with its connections, answers and what is sent unasked go back in order, and its death ends what lasted. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ThreadDeferrals } from '../../src/ops/thread-deferrals.ts'
import type { ThreadTask } from '../../src/ops/thread-contract.ts'
import { COUNTER, type TransportCounter, transportCounters } from '../../src/transport/counters.ts'
import { CALL, type Call, Deferrals, unpackAnswers } from '../../src/transport/deferral-parcel.ts'
import type { Deferred } from '../../src/transport/handler.ts'
import type { UdpReturns } from '../../src/transport/udp-returns.ts'

const TCP: ThreadTask = { kind: 'tcp', sockets: [], wakeUp: -1, limits: {}, open: new Int32Array(1), deadlineMs: 0 }
const ADDRESS = Uint8Array.of(192, 0, 2, 1)

/** A thread's two sides: what it says is made by `Deferrals` as in the thread, what it hears is noted. */
class Sides {
  readonly deferred: Deferred[] = []
  readonly heard: [slot: number, life: number, call: Call, octets: number | undefined][] = []
  readonly counters = transportCounters()
  readonly core: ThreadDeferrals
  readonly thread: Deferrals
  parcels = 0
  readonly #due: (() => void)[] = []

  constructor(task: ThreadTask = TCP, onDeferred: (message: Deferred) => void = () => undefined) {
    const soon = (run: () => void): void => void this.#due.push(run)
    const take = (message: Deferred): void => {
      this.deferred.push(message)
      onDeferred(message)
    }
    this.core = new ThreadDeferrals(task, { onDeferred: take, counters: this.counters, udp: undefined as unknown as UdpReturns, nowMs: () => 0, soon }, (parcel) => {
      this.parcels++
      unpackAnswers(parcel, (slot, life, octets, call) => this.heard.push([slot, life, call, octets?.length]))
    })
    this.thread = new Deferrals({ budget: this.core.budget, post: (parcel) => this.core.receive(parcel) }, transportCounters())
  }

  /** The thread defers a query of that life in each slot, in one parcel. */
  defer(...from: [slot: number, life: number][]): Deferred[] {
    const before = this.deferred.length
    for (const [slot, life] of from) this.thread.add(new Uint8Array(12), 12, { transport: 'tcp', address: ADDRESS, port: 5 }, slot, life)
    this.thread.flush()
    return this.deferred.slice(before)
  }

  turn(): void {
    for (const run of this.#due.splice(0)) run()
  }

  count(name: TransportCounter): number {
    return this.counters[COUNTER[name]]
  }
}

describe('what a TCP thread defers', () => {
  test('has its connection, the same for all queries of it', () => {
    const sides = new Sides()
    const [a, b, c] = sides.defer([3, 1], [4, 1], [3, 1])
    assert.ok(a.connection !== undefined)
    assert.deepEqual([c.connection === a.connection, b.connection === a.connection], [true, false])
    const [d] = sides.defer([3, 1])
    assert.equal(d.connection, a.connection)
    const [e] = sides.defer([3, 2])
    assert.notEqual(e.connection, a.connection)
  })

  test('is answered, and sent to unasked, in the order of the calls, by one parcel for all that is said in one turn', () => {
    const sides = new Sides()
    const [a, b] = sides.defer([3, 1], [3, 1])
    a.connection!.send(new Uint8Array(20))
    b.reply(new Uint8Array(21))
    a.connection!.keep(() => undefined)
    a.reply(new Uint8Array(22), true)
    b.connection!.send(new Uint8Array(23))
    a.drop()
    a.connection!.release()
    a.connection!.cut()
    assert.equal(sides.heard.length, 0)
    sides.turn()
    assert.deepEqual(sides.heard.map(([, , call, octets]) => [call, octets]), [
      [CALL.unasked, 20], [CALL.last, 21], [CALL.keep, undefined], [CALL.more, 22], [CALL.unasked, 23], [CALL.last, undefined], [CALL.release, undefined], [CALL.cut, undefined],
    ])
    assert.ok(sides.heard.every(([slot, life]) => slot === 3 && life === 1))
    assert.equal(sides.parcels, 1)
  })

  test('costs no budget while a connection is kept', () => {
    const sides = new Sides()
    const [message] = sides.defer([3, 1])
    message.connection!.keep(() => undefined)
    message.reply(new Uint8Array(12))
    assert.ok(sides.core.budget.words.every((word) => word === 0))
  })

  test('ends by word of the thread, in order with the queries of the same parcel', () => {
    const order: string[] = []
    const sides = new Sides(TCP, ({ connection }) => {
      order.push('query')
      connection!.keep(() => order.push('end'))
    })
    sides.defer([3, 1])
    sides.thread.add(new Uint8Array(12), 12, { transport: 'tcp', address: ADDRESS, port: 5 }, 4, 1)
    sides.thread.end(3, 1)
    sides.thread.add(new Uint8Array(12), 12, { transport: 'tcp', address: ADDRESS, port: 5 }, 3, 2)
    sides.thread.end(3, 1)
    sides.thread.end(3, 2)
    sides.thread.flush()
    assert.deepEqual(order, ['query', 'query', 'end', 'query', 'end'])
  })

  test('ends all with the thread, each once; later answers and messages are counted and reach no thread', () => {
    const sides = new Sides()
    const ends: number[] = []
    const messages = sides.defer([0, 1], [1, 1], [2, 1], [3, 1])
    for (const [i, { connection }] of messages.slice(0, 3).entries()) connection!.keep(() => ends.push(i))
    messages[1].connection!.release()
    sides.thread.end(2, 1)
    sides.thread.flush()
    sides.turn()
    sides.heard.length = 0
    assert.deepEqual(ends, [2])
    sides.core.end()
    sides.core.end()
    assert.deepEqual(ends, [2, 0])
    for (const message of messages) {
      message.connection!.send(new Uint8Array(12))
      message.connection!.cut()
      message.reply(new Uint8Array(12))
    }
    messages[3].connection!.keep(() => ends.push(3))
    sides.turn()
    assert.deepEqual([ends, sides.heard, sides.count('deferLate')], [[2, 0, 3], [], 8])
  })

  test('leaves nothing behind in a slot that is used again and again', () => {
    const sides = new Sides()
    let [ends, kept] = [0, 0]
    for (let life = 0; life < 5_000; life++) {
      const [message] = sides.defer([3, life])
      message.reply(new Uint8Array(12))
      if (life % 3 === 0) continue
      kept++
      message.connection!.keep(() => ends++)
      if (life % 2 === 0) sides.thread.end(3, life)
    }
    sides.defer([3, 5_000])
    sides.core.end()
    assert.deepEqual([ends, kept], [kept, 3_333])
  })
})

describe('what a UDP thread defers', () => {
  test('has no connection', () => {
    const sides = new Sides({ kind: 'udp', sockets: [] })
    const [message] = sides.defer([0, 0])
    assert.deepEqual([message.connection, message.peer.transport], [undefined, 'udp'])
  })
})

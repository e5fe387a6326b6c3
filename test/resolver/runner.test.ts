/** The machine turned by a network and a clock: the internet of support.ts, whose time stands until a test moves it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CLASS, parseType } from '../../src/dns/codes.ts'
import { MAX_QUESTION_MS } from '../../src/dns/limits-resolver.ts'
import { Name } from '../../src/dns/name.ts'
import type { Endpoint, Outcome, Transport } from '../../src/resolver/contract.ts'
import { Resolver } from '../../src/resolver/resolver.ts'
import { Runner, type Network } from '../../src/resolver/runner.ts'
import { Chance } from '../battery/chance.ts'
import { address, Internet, MapCache, settingsOf } from './support.ts'

const ROOT = address('198.51.100.1')

function tree(): Internet {
  return new Internet()
    .serve('198.51.100.1', { '.': '@ NS a.root.\na.root. A 198.51.100.1\nexample. NS ns.example.\nns.example. A 198.51.100.2' })
    .serve('198.51.100.2', { 'example.': '@ NS ns\nns A 198.51.100.2\nwww A 192.0.2.1\nalias CNAME www' })
}

/** Milliseconds that servers took to answer, as the runner tells them. */
const times: number[] = []

interface Timer { at: number; run: () => void }

/** A runner in an internet whose clock goes only when told. */
class Stage {
  nowMs = 1_000_000
  readonly timers = new Set<Timer>()
  readonly open = new Map<number, Transport>()
  readonly outcomes: Outcome[] = []
  readonly runner: Runner
  /** What the network does instead of sending. */
  sends: ((send: number) => void) | undefined

  constructor(net: Internet = tree(), soon?: (run: () => void) => void) {
    const chance = new Chance(7)
    const resolver = new Resolver({ settings: settingsOf(), cache: new MapCache(), random: (bound) => chance.below(bound) })
    this.runner = new Runner({ resolver, nowMs: () => this.nowMs, after: (delayMs, run) => this.after(delayMs, run), soon: soon ?? ((run) => void this.after(0, run)), onAnswer: (ms) => void times.push(ms) })
    this.runner.network = this.network(net)
  }

  private network(net: Internet): Network {
    return {
      send: (send: number, to: Endpoint, transport: Transport, octets: Uint8Array) => {
        assert.ok(!this.open.has(send), 'sent twice')
        this.open.set(send, transport)
        if (this.sends !== undefined) return this.sends(send)
        const answer = net.answer(to, octets, transport)
        if (answer !== undefined) this.after(answer.delayMs, () => this.open.has(send) && this.runner.onMessage(send, answer.octets, to))
      },
      close: (send) => void assert.ok(this.open.delete(send), 'closed what was not open'),
      catchUp: () => undefined,
      closeAll: () => this.open.clear(),
    }
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { at: this.nowMs + delayMs, run }
    this.timers.add(timer)
    return () => void this.timers.delete(timer)
  }

  ask(question: string): this {
    const [name, type] = question.split(' ')
    this.runner.ask({ name: Name.parse(name), type: parseType(type) as number, class: CLASS.IN }, (outcome) => void this.outcomes.push(outcome))
    return this
  }

  /** Lets time go until nothing is left to happen. */
  run(): this {
    while (this.timers.size > 0) {
      const next = [...this.timers].reduce((first, timer) => (timer.at < first.at ? timer : first))
      this.timers.delete(next)
      this.nowMs = Math.max(this.nowMs, next.at)
      next.run()
    }
    return this
  }

  get kinds(): string[] {
    return this.outcomes.map((outcome) => (outcome.kind === 'failure' ? outcome.reason : outcome.kind))
  }
}

/** A question, how it ends, and messages that it takes. */
const ROWS: [question: string, kind: string, sends: number][] = [
  ['www.example. A', 'answer', 3],
  ['alias.example. A', 'answer', 3],
  ['www.example. MX', 'nodata', 3],
  ['none.example. A', 'nxdomain', 3],
  ['localhost. A', 'answer', 0],
  ['www.example. AXFR', 'unsupported', 0],
]

for (const [question, kind, sends] of ROWS) {
  test(`${question} ends in ${kind} after ${sends} messages, with nothing left open`, () => {
    const stage = new Stage().ask(question).run()
    assert.deepEqual(stage.kinds, [kind])
    assert.equal(stage.runner.resolver.counters.sends, sends)
    assert.deepEqual([stage.open.size, stage.timers.size, stage.runner.resolver.underWay], [0, 0, 0])
  })
}

test('the time of each answer is told, and none of silence', () => {
  times.length = 0
  new Stage().ask('www.example. A').run()
  assert.deepEqual(times, [10, 10, 10])
  const silent = new Stage()
  silent.sends = () => undefined
  silent.ask('www.example. A').run()
  assert.equal(times.length, 3)
})

test('what is known is answered before `ask` returns', () => {
  const stage = new Stage().ask('www.example. A').run().ask('www.example. A')
  assert.deepEqual(stage.kinds, ['answer', 'answer'])
})

test('many ask the same and each is told once', () => {
  const stage = new Stage()
  for (let i = 0; i < 20; i++) stage.ask('www.example. A')
  stage.run()
  assert.deepEqual(stage.kinds, new Array<string>(20).fill('answer'))
  assert.equal(stage.runner.resolver.counters.sends, 3)
})

test('a silent network is given up at the deadlines, within the time of a question', () => {
  const stage = new Stage()
  stage.sends = () => undefined
  const start = stage.nowMs
  stage.ask('www.example. A').run()
  assert.deepEqual(stage.kinds, ['unreachable'])
  assert.ok(stage.nowMs - start <= MAX_QUESTION_MS * 2, `${stage.nowMs - start} ms`)
  assert.ok(stage.nowMs - start > 100, 'it waited')
  assert.deepEqual([stage.open.size, stage.timers.size], [0, 0])
})

for (const [how, isAsked] of [['by the loop', false], ['where the network is asked', true]] as const) {
  test(`an answer that lies there when its time is over is read first, ${how}`, () => {
    const net = tree()
    const later: (() => void)[] = []
    const stage = new Stage(net, (run) => void later.push(run))
    const unread: (() => void)[] = []
    const readAll = (): void => {
      for (const act of unread.splice(0)) act()
    }
    // this thread is so busy that each timer is due before the socket is read
    stage.runner.network = {
      ...stage.runner.network,
      send: (send, to, transport, octets) => {
        stage.open.set(send, transport)
        const answer = net.answer(to, octets, transport)
        if (answer !== undefined) unread.push(() => stage.runner.onMessage(send, answer.octets, to))
      },
      catchUp: () => void (isAsked && readAll()),
    }
    stage.ask('www.example. A')
    for (let turns = 0; turns < 10; turns++) {
      stage.run()
      if (!isAsked) readAll()
      for (const act of later.splice(0)) act()
    }
    assert.deepEqual(stage.kinds, ['answer'])
    const { sends, timeouts } = stage.runner.resolver.counters
    assert.deepEqual([sends, timeouts], [3, 0])
  })
}

test('a network that fails while it sends is borne: one event after the other', () => {
  const stage = new Stage()
  stage.sends = (send) => stage.runner.onFailure(send)
  const start = stage.nowMs
  stage.ask('www.example. A')
  assert.deepEqual(stage.kinds, ['unreachable'])
  assert.equal(stage.nowMs, start, 'nobody waited')
  assert.deepEqual([stage.open.size, stage.timers.size], [0, 0])
})

test('a message for what is over, or for what never was, does nothing', () => {
  const stage = new Stage().ask('www.example. A').run()
  stage.runner.onMessage(1, new Uint8Array(12), { address: ROOT, port: 53 })
  stage.runner.onFailure(4711)
  assert.deepEqual(stage.kinds, ['answer'])
  assert.equal(stage.runner.resolver.counters.late, 2)
})

test('a clock that goes back is held, so that nothing is younger than it was', () => {
  const stage = new Stage().ask('www.example. A')
  stage.nowMs -= 5_000
  stage.run()
  assert.deepEqual(stage.kinds, ['answer'])
})

test('stopping tells all who wait, closes everything, and leaves no timer', () => {
  const stage = new Stage()
  stage.sends = () => undefined
  stage.ask('www.example. A').ask('none.example. A')
  assert.ok(stage.open.size > 0)
  stage.runner.stop()
  assert.deepEqual(stage.kinds, ['busy', 'busy'])
  assert.deepEqual([stage.open.size, stage.timers.size], [0, 0])
  stage.runner.stop()
  assert.equal(stage.outcomes.length, 2)
})

test('after stopping nothing is sent any more, whoever asks and whenever', () => {
  const stage = new Stage()
  stage.sends = () => undefined
  stage.ask('www.example. A')
  // who is told that it stops asks again at once, as a refresh would
  stage.runner.ask({ name: Name.parse('alias.example.'), type: 1, class: CLASS.IN }, () => stage.ask('again.example. A'))
  stage.runner.stop()
  assert.deepEqual(stage.kinds, ['busy', 'busy'])
  stage.ask('late.example. A')
  assert.deepEqual(stage.kinds, ['busy', 'busy', 'busy'])
  assert.deepEqual([stage.open.size, stage.timers.size], [0, 0])
})

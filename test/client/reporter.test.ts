/**
 * Reports that are worth their message: a reporter looks at its agent often, tells what has changed by the threshold or
 * is due, follows the server's advice, and goes on after failures. Time and network are made here.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Agent } from '../../src/client/agent.ts'
import type { ChangeOutcome } from '../../src/client/change.ts'
import type { Registration } from '../../src/client/registration.ts'
import { adviceFor, causeToTell, type LoadReading, Reporter, type ReporterEvent, type ReportingOptions, reportMessage, type ReportingMode } from '../../src/client/reporter.ts'
import { TextFault } from '../../src/dns/faults.ts'
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts'
import { printRecord } from '../../src/dns/record-text.ts'
import { OPCODE, printType } from '../../src/dns/codes.ts'

const BABEL: Registration = { provider: 'acme.example', id: 'babel', capabilities: [{ name: 'v2.translate' }, { name: 'v1.ocr', parameters: 'latency=1s' }] }
const WALL_MS = 1_800_000_000_000

/** A world where time passes when it is told to. */
class FakeWorld {
  now = 0
  load: LoadReading = { active: 0, concurrency: 8 }
  readonly sent: { atMs: number; records: string[] }[] = []
  readonly events: ReporterEvent[] = []
  answer: (count: number) => ChangeOutcome | Promise<ChangeOutcome> = () => ({ kind: 'done', lease: undefined })
  looks = 0
  private timers: { atMs: number; work: () => void }[] = []

  start(options: Partial<ReportingOptions> = {}): Reporter {
    const read = (): LoadReading => (this.looks++, this.load)
    return new Reporter({ read, onEvent: (event) => void this.events.push(event), ...options }, {
      request: async (message) => {
        const { authorities } = decodeMessage(encodeMessage(message))
        this.sent.push({ atMs: this.now, records: authorities.map(printRecord) })
        return this.answer(this.sent.length)
      },
      after: (delayMs, work) => {
        const timer = { atMs: this.now + delayMs, work }
        this.timers.push(timer)
        return () => (this.timers = this.timers.filter((other) => other !== timer))
      },
      chance: () => 0,
      nowMs: () => this.now,
      wallMs: () => WALL_MS + this.now,
      registration: () => BABEL,
    })
  }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms
    for (;;) {
      await settled()
      const next = this.timers.sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined || next.atMs > end) break
      this.timers.shift()
      this.now = next.atMs
      next.work()
    }
    this.now = end
    await settled()
  }

  get waiting(): number {
    return this.timers.length
  }

  get causes(): string[] {
    return this.events.map((event) => (event.kind === 'reported' ? event.cause : event.reason))
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('what is worth a message', () => {
  const ordinary = adviceFor('ordinary')
  const last: LoadReading = { active: 4, concurrency: 8, serviceMs: 100 }
  const CASES: [what: string, last: LoadReading | undefined, now: Partial<LoadReading>, sinceMs: number, mode: ReportingMode, cause: string | undefined][] = [
    ['the first', undefined, {}, 0, 'threshold', 'first'],
    ['nothing new', last, {}, 9_999, 'threshold', undefined],
    ['what is due', last, {}, 10_000, 'threshold', 'period'],
    ['less than half of the slots', last, { active: 7 }, 0, 'threshold', undefined],
    ['half of the slots', last, { active: 8 }, 0, 'threshold', 'load'],
    ['less by half', { ...last, active: 4 }, { active: 0 }, 0, 'threshold', 'load'],
    ['room for nobody more', { ...last, active: 9, queue: 2 }, { active: 10, queue: 2 }, 0, 'threshold', 'load'],
    ['room again', { ...last, active: 10, queue: 2 }, { active: 9, queue: 2 }, 0, 'threshold', 'load'],
    ['other slots', last, { concurrency: 4 }, 0, 'threshold', 'load'],
    ['another state', last, { state: 'draining' }, 0, 'threshold', 'state'],
    ['a session that takes half as long again', last, { serviceMs: 151 }, 0, 'threshold', 'service'],
    ['a session that takes a little longer', last, { serviceMs: 150 }, 0, 'threshold', undefined],
    ['load, where only periods count', last, { active: 100 }, 9_999, 'periodic', undefined],
    ['a state, where only periods count', last, { state: 'failed' }, 0, 'periodic', 'state'],
    ['load, where nobody has subscribed', last, { active: 100 }, 9_999, 'subscribed', undefined],
    ['a state, where nobody has subscribed', last, { state: 'failed' }, 0, 'subscribed', 'state'],
    ['what is due, where nobody has subscribed', last, {}, 10_000, 'subscribed', 'period'],
  ]
  for (const [what, before, now, sinceMs, mode, cause] of CASES) {
    it(`${what}: ${cause ?? 'is not'}`, () => {
      assert.equal(causeToTell(before, { ...last, ...now }, sinceMs, ordinary, mode), cause)
    })
  }

  it('load, where the server says that it is wanted: load', () => {
    assert.equal(causeToTell(last, { ...last, active: 8 }, 0, { ...ordinary, isWanted: true }, 'subscribed'), 'load')
    assert.equal(causeToTell(last, { ...last, active: 8 }, 0, { ...ordinary, isWanted: true }, 'periodic'), undefined)
  })

  it('the profiles differ by period and threshold, as those who are told fade by them', () => {
    assert.deepEqual(adviceFor('ordinary'), { periodMs: 10_000, threshold: 0.5 })
    assert.deepEqual(adviceFor('performance-sensitive'), { periodMs: 5_000, threshold: 0.25 })
    assert.deepEqual(adviceFor('short-lived'), { periodMs: 5_000, threshold: 0.5 })
  })

  it('a load that is not told is never further from what was told than the threshold', () => {
    fc.assert(fc.property(fc.nat(100), fc.nat(100), fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 1, noNaN: true }), (before, now, concurrency, threshold) => {
      const cause = causeToTell({ active: before, concurrency }, { active: now, concurrency }, 0, { periodMs: 1, threshold })
      assert.equal(cause === undefined, now === before || Math.abs(now - before) < threshold * concurrency)
    }))
  })
})

describe('the message of a report', () => {
  it('is an update of SENSE at each capability, or at those named', () => {
    const message = reportMessage(BABEL, { active: 3, concurrency: 8, queue: 2, serviceMs: 12.3456, state: 'transition', arrivals: 2 ** 32 + 5, parameters: 'accuracy=0.95' }, 77, 4711)
    assert.deepEqual([message.opcode, message.id, message.questions[0].name.toString()], [OPCODE.UPDATE, 4711, 'acme.example.'])
    assert.deepEqual(message.authorities.map(printRecord), ['v2.translate', 'v1.ocr'].map((name) =>
      `${name}._cap.acme.example. 0 IN SENSE 77 babel._sa.acme.example. accuracy=0.95 concurrency=8 active=3 state=transition arrivals=5 queue=2 service=12346us`))
    assert.deepEqual(reportMessage(BABEL, { active: 0 }, 1, 1, ['v1.ocr']).authorities.map(printRecord), ['v1.ocr._cap.acme.example. 0 IN SENSE 1 babel._sa.acme.example. active=0'])
  })

  it('that cannot be written says what is wrong', () => {
    assert.throws(() => reportMessage(BABEL, { active: 0, parameters: 'accuracy=7' }, 1, 1), (fault) => fault instanceof TextFault && /accuracy/.test(fault.message))
  })
})

describe('a reporter', () => {
  it('tells the first reading at once, then what is due, and spares the rest', async () => {
    const world = new FakeWorld()
    const reporter = world.start()
    await world.pass(30_000)
    assert.deepEqual(world.causes, ['first', 'period', 'period', 'period'])
    assert.ok(world.sent.every(({ atMs }, i) => i === 0 || atMs - world.sent[i - 1].atMs <= 10_000), 'each before the period is over')
    assert.deepEqual([reporter.counts.sent, reporter.counts.failed], [4, 0])
    assert.ok(reporter.counts.spared > 80, `${world.looks} looks`)
    reporter.stop()
    assert.equal(world.waiting, 0)
  })

  it('tells a change by the threshold within a look, and none below it', async () => {
    const world = new FakeWorld()
    const reporter = world.start()
    await world.pass(1_000)
    world.load = { active: 3, concurrency: 8 }
    await world.pass(1_000)
    assert.equal(world.sent.length, 1)
    world.load = { active: 4, concurrency: 8 }
    await world.pass(250)
    assert.deepEqual(world.causes, ['first', 'load'])
    reporter.stop()
  })

  it('of a load that goes to and fro tells no more than its server needs', async () => {
    const [eager, calm] = [new FakeWorld(), new FakeWorld()]
    const reporters = [eager.start({ profile: 'performance-sensitive' }), calm.start({ mode: 'periodic' })]
    for (let second = 0; second < 60; second++) {
      for (const world of [eager, calm]) {
        world.load = { active: second % 7, concurrency: 8 }
        await world.pass(1_000)
      }
    }
    assert.ok(calm.sent.length <= 8 && eager.sent.length >= 15 && eager.sent.length < 60, `${calm.sent.length} and ${eager.sent.length}`)
    for (const reporter of reporters) reporter.stop()
  })

  it('numbers its reports upwards, beyond those before a restart', async () => {
    const world = new FakeWorld()
    world.start().stop()
    for (let starts = 0; starts < 3; starts++) {
      const reporter = world.start()
      await world.pass(12_000)
      reporter.stop()
    }
    const numbers = world.sent.map(({ records }) => Number(/SENSE (\d+)/.exec(records[0])?.[1]))
    assert.ok(numbers.length >= 6)
    for (let i = 1; i < numbers.length; i++) assert.ok(((numbers[i] - numbers[i - 1]) & 0xffff) > 0 && ((numbers[i] - numbers[i - 1]) & 0xffff) < 0x8000, String(numbers))
  })

  it('follows what the server advises, within reason', async () => {
    const world = new FakeWorld()
    world.answer = () => ({ kind: 'done', lease: undefined, advice: { periodMs: 2_000, threshold: 0.1 } })
    const reporter = world.start()
    await world.pass(20_000)
    assert.deepEqual(reporter.advice, { periodMs: 2_000, threshold: 0.1 })
    assert.ok(world.sent.length >= 10 && world.sent.length <= 13, String(world.sent.length))
    const before = world.sent.length
    world.load = { active: 1, concurrency: 8 }
    await world.pass(250)
    assert.equal(world.sent.length, before + 1, 'a change of one in eight is above a tenth')
    world.answer = () => ({ kind: 'done', lease: undefined, advice: { periodMs: 0, threshold: 70 } })
    await world.pass(3_000)
    assert.deepEqual(reporter.advice, { periodMs: 100, threshold: 4 })
    reporter.stop()
  })

  it('by subscription tells changes from the word of the server on that they are wanted, until it says so no more', async () => {
    const world = new FakeWorld()
    const advice = { periodMs: 10_000, threshold: 0.5 }
    const change = async (active: number): Promise<string[]> => {
      const before = world.causes.length
      world.load = { active, concurrency: 8 }
      await world.pass(500)
      return world.causes.slice(before)
    }
    world.answer = () => ({ kind: 'done', lease: undefined, advice })
    const reporter = world.start({ mode: 'subscribed' })
    await world.pass(500)
    assert.deepEqual([await change(8), world.causes], [[], ['first']])
    world.answer = () => ({ kind: 'done', lease: undefined, advice: { ...advice, isWanted: true } })
    await world.pass(10_000)
    assert.deepEqual([world.causes, reporter.advice], [['first', 'period'], { ...advice, isWanted: true }])
    world.answer = () => ({ kind: 'done', lease: undefined, advice })
    assert.deepEqual([await change(0), await change(8)], [['load'], []])
    reporter.stop()
  })

  it('that gets no answer tries again, later and later, and tells what is so then', async () => {
    const world = new FakeWorld()
    world.answer = (count) => (count <= 3 ? { kind: 'unreachable', reason: 'none came' } : { kind: 'done', lease: undefined })
    const reporter = world.start()
    await world.pass(6_900)
    world.load = { active: 7, concurrency: 8 }
    await world.pass(200)
    assert.deepEqual(world.sent.map(({ atMs }) => atMs), [0, 1_000, 3_000, 7_000])
    assert.deepEqual(world.causes, ['none came', 'none came', 'none came', 'first'])
    assert.match(world.sent[3].records[0], /active=7/)
    assert.equal(reporter.counts.failed, 3)
    reporter.stop()
  })

  it('that is refused goes on, as its agent may be registered anew', async () => {
    const world = new FakeWorld()
    world.answer = (count) => (count === 1 ? { kind: 'refused', rcode: 5, reason: 'REFUSED: babel offers nothing' } : { kind: 'done', lease: undefined })
    const reporter = world.start()
    await world.pass(1_500)
    assert.deepEqual(world.causes, ['REFUSED: babel offers nothing', 'first'])
    reporter.stop()
  })

  it('whose load cannot be read says so and looks again', async () => {
    const world = new FakeWorld()
    let looks = 0
    const reporter = world.start({ read: () => {
      if (looks++ === 0) throw new Error('no such file')
      return { active: 1 }
    } })
    await world.pass(1_100)
    assert.deepEqual(world.causes, ['its load cannot be read: no such file', 'first'])
    reporter.stop()
  })

  it('looks when it is told to, not more often than messages may go', async () => {
    const world = new FakeWorld()
    const reporter = world.start({ lookMs: 0 })
    await world.pass(1_000)
    assert.equal(world.looks, 1, 'by itself it looks when the period is over')
    for (let i = 0; i < 50; i++) {
      world.load = { active: (i * 5) % 11, concurrency: 4 }
      reporter.changed()
      await world.pass(10)
    }
    assert.ok(world.sent.length >= 4 && world.sent.length <= 7, `${world.sent.length} messages in half a second`)
    const [at, sent] = [world.now, world.sent.length]
    await world.pass(9_000)
    assert.ok(world.sent.length > sent && world.now > at, 'and it keeps the period')
    reporter.stop()
  })

  it('never has two reports under way, and looks again for what changed meanwhile', async () => {
    const world = new FakeWorld()
    const replies: ((outcome: ChangeOutcome) => void)[] = []
    world.answer = () => new Promise((resolve) => replies.push(resolve))
    const reporter = world.start({ lookMs: 0 })
    await world.pass(10)
    world.load = { active: 8, concurrency: 8 }
    for (let i = 0; i < 5; i++) reporter.changed()
    await world.pass(500)
    assert.equal(world.sent.length, 1)
    replies[0]({ kind: 'done', lease: undefined })
    await world.pass(200)
    assert.equal(world.sent.length, 2)
    assert.match(world.sent[1].records[0], /active=8/)
    reporter.stop()
    replies[1]({ kind: 'done', lease: undefined })
    await world.pass(60_000)
    assert.deepEqual([world.sent.length, world.waiting], [2, 0], 'stopped is stopped')
  })
})

describe('an agent', () => {
  it('that reports does so as it is registered, and no more once it is stopped or has withdrawn', async () => {
    for (const end of ['stop', 'withdraw'] as const) {
      const sent: string[] = []
      const timers = new Set<() => void>()
      const agent = new Agent({
        server: '127.0.0.1:5300', ...BABEL,
        world: {
          request: (message, { tries }) => {
            sent.push(`${message.authorities.map(({ type }) => printType(type)).join(' ')} ${String(tries)}`)
            return Promise.resolve({ kind: 'done', lease: { lease: 100, keyLease: 100 } })
          },
          after: (_, work) => (timers.add(work), () => void timers.delete(work)),
        },
      })
      await agent.register()
      const reporter = agent.reporting({ read: () => ({ active: 1 }), capabilities: ['v1.ocr'] })
      for (const work of [...timers]) work()
      await settled()
      await settled()
      assert.ok(sent.includes('SENSE 1'), `one try each: ${sent.join(', ')}`)
      assert.equal(reporter.counts.sent, 1)
      await agent[end]()
      assert.equal(timers.size, 0, 'nothing is due any more')
    }
  })
})

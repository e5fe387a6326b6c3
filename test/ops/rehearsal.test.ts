/** When a rehearsal goes on, rests and ends, by a clock and on a stage that do what a test says. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { REHEARSAL_BUDGET_MS, REHEARSAL_ROUND, REHEARSAL_UPDATES } from '../../src/dns/limits.ts'
import { Rehearsal, type RehearsalEnd, type Stage } from '../../src/ops/rehearsal.ts'
import { FakeClock } from '../transport/support.ts'

/** What a test can turn. */
class World implements Stage {
  readonly clock = new FakeClock()
  readonly responses = new Map<number, number>()
  readonly ends: RehearsalEnd[] = []
  /** What the stage was told, in order: 0 is its opening. */
  readonly acts: number[] = []
  /** How long an act takes on the clock, and what it takes of the processor. */
  tookMs = 0
  cpuMs = 0
  actedMs = 0
  spentMs = 12_345
  isNeedless = false
  fault: Error | undefined
  rcode = 0
  readonly rehearsal: Rehearsal

  constructor() {
    this.rehearsal = new Rehearsal({
      makeStage: () => this, clock: { nowMs: () => this.clock.nowMs() + this.actedMs, after: (ms, run) => this.clock.after(ms, run) }, spentMs: () => this.spentMs, isNeedless: () => this.isNeedless, onEnd: (end) => void this.ends.push(end),
    })
  }

  open(): Promise<void> {
    return this.act(0)
  }

  play(count: number): Promise<void> {
    this.responses.set(this.rcode, count)
    return this.act(count)
  }

  private act(count: number): Promise<void> {
    this.acts.push(count)
    this.actedMs += this.tookMs
    this.spentMs += this.cpuMs
    return this.fault === undefined ? Promise.resolve() : Promise.reject(this.fault)
  }

  /** Lets so much time pass. */
  async pass(ms = 0): Promise<void> {
    this.clock.advance(ms)
    await new Promise(setImmediate)
  }

  async passUntilEnd(): Promise<void> {
    for (let i = 0; i < 10_000 && this.ends.length === 0; i++) await this.pass(1)
  }
}

describe('a rehearsal', () => {
  it('begins with the next turn, not at once, and opens its stage first', async () => {
    const world = new World()
    assert.deepEqual(world.acts, [])
    await world.pass()
    assert.deepEqual(world.acts, [0])
    await world.pass()
    assert.deepEqual(world.acts, [0, REHEARSAL_ROUND])
  })

  it('plays all there is in rounds, and is over once', async () => {
    const world = new World()
    await world.passUntilEnd()
    await world.pass(60_000)
    assert.deepEqual(world.ends, ['played'])
    assert.equal(world.acts.reduce((sum, count) => sum + count), REHEARSAL_UPDATES)
    assert.equal(Math.max(...world.acts), REHEARSAL_ROUND)
    assert.equal(world.rehearsal.played, REHEARSAL_UPDATES)
  })

  it('rests after each round as long as that took', async () => {
    const world = new World()
    world.tookMs = 7
    await world.pass()
    for (const [ms, acts] of [[6, 1], [1, 2], [6, 2], [1, 3]]) {
      await world.pass(ms)
      assert.equal(world.acts.length, acts, `after ${ms} more`)
    }
  })

  it('counts what the processor has done since it began, and nothing before', async () => {
    const world = new World()
    world.cpuMs = REHEARSAL_BUDGET_MS / 4
    await world.passUntilEnd()
    assert.deepEqual(world.ends, ['spent'])
    assert.equal(world.acts.length, 4, 'the opening and three rounds')
  })
})

describe('a rehearsal is over at once', () => {
  const cases: [end: RehearsalEnd, what: string, turn: (world: World) => void][] = [
    ['needless', 'where updates come in earnest', (world) => (world.isNeedless = true)],
    ['failed', 'where a response is not NOERROR', (world) => (world.rcode = 2)],
    ['failed', 'where a message has no response', (world) => (world.rcode = -1)],
    ['failed', 'where a round fails', (world) => (world.fault = new Error('ours'))],
    ['spent', 'where others take the processor', (world) => (world.spentMs += REHEARSAL_BUDGET_MS)],
  ]
  for (const [end, what, turn] of cases) {
    it(what, async () => {
      const world = new World()
      await world.pass()
      await world.pass()
      assert.equal(world.acts.length, 2)
      turn(world)
      await world.pass()
      const { length } = world.acts
      await world.pass(60_000)
      assert.deepEqual(world.ends, [end])
      assert.equal(length, 3)
      assert.equal(world.acts.length, length)
    })
  }

  it('where its stage does not open', async () => {
    const world = new World()
    world.fault = new Error('ours')
    await world.passUntilEnd()
    await world.pass(60_000)
    assert.deepEqual([world.ends, world.acts], [['failed'], [0]])
  })

  for (const [when, turns] of [['before it has begun', 0], ['while its stage opens', 1], ['between rounds', 3]] as const) {
    it(`where it is stopped ${when}, and tells nobody`, async () => {
      const world = new World()
      for (let i = 0; i < turns; i++) await world.pass()
      world.rehearsal.stop()
      await world.pass(60_000)
      assert.deepEqual(world.ends, [])
      assert.equal(world.acts.length, turns)
    })
  }

  it('where it is stopped in the midst of a round', async () => {
    const world = new World()
    world.clock.advance(0) // the stage opens, and nobody has heard of it yet
    world.rehearsal.stop()
    await world.pass(60_000)
    assert.deepEqual([world.ends, world.acts], [[], [0]])
  })
})

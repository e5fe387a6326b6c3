/**
 * An agent's life with a server that grants, refuses, is away and comes back; a day of it in a moment, as the clock
 * and the network are made here.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Agent, AgentFault, type AgentEvent, type AgentOptions } from '../../src/client/agent.ts'
import type { ChangeOutcome } from '../../src/client/change.ts'
import { OPTION, RCODE } from '../../src/dns/codes.ts'
import { findOption, readUpdateLease, type UpdateLease } from '../../src/dns/edns.ts'
import type { Message } from '../../src/dns/message.ts'
import { printRecord } from '../../src/dns/record-text.ts'

/** A world where time passes when it is told to, and each request is answered by `answer`. */
class FakeWorld {
  now = 0
  chance = () => 0
  readonly sent: { atMs: number; lease: UpdateLease; records: string[] }[] = []
  readonly events: AgentEvent[] = []
  answer: (count: number) => ChangeOutcome = () => ({ kind: 'done', lease: { lease: 100, keyLease: 1_000 } })
  private timers: { atMs: number; work: () => void }[] = []

  readonly parts: AgentOptions['world'] = {
    request: (message: Message) => {
      this.sent.push({ atMs: this.now, lease: readUpdateLease(findOption(message.edns, OPTION.UPDATE_LEASE) ?? assert.fail()), records: message.authorities.map(printRecord) })
      return Promise.resolve(this.answer(this.sent.length))
    },
    after: (delayMs, work) => {
      const timer = { atMs: this.now + delayMs, work }
      this.timers.push(timer)
      return () => (this.timers = this.timers.filter((other) => other !== timer))
    },
    chance: () => this.chance(),
    nowMs: () => this.now,
  }

  get waiting(): number {
    return this.timers.length
  }

  /** Lets time pass, timer after timer. */
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

  agent(more: Partial<AgentOptions> = {}): Agent {
    return new Agent({
      server: '127.0.0.1:5300', provider: 'acme.example', id: 'babel', addresses: ['192.0.2.10'], capabilities: [{ name: 'v2.translate', parameters: 'latency=180ms' }],
      onEvent: (event) => this.events.push(event), world: this.parts ?? {}, ...more,
    })
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind)
  }
}

/** Lets promises that are ready go on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve()
}

describe('an agent that registers', () => {
  it('gets a lease, asks for two hours and fourteen days unless told, and tells when it will renew', async () => {
    const world = new FakeWorld()
    const agent = world.agent()
    assert.equal(agent.lease, undefined)
    assert.deepEqual(await agent.register(), { lease: 100, keyLease: 1_000 })
    assert.deepEqual(world.sent[0].lease, { lease: 7_200, keyLease: 1_209_600 })
    assert.deepEqual(world.events, [{ kind: 'registered', lease: { lease: 100, keyLease: 1_000 }, nextMs: 80_000 }])
    assert.deepEqual(agent.lease, { lease: 100, keyLease: 1_000 })
  })

  it('renews at 80 % of what was granted, not of what was asked, the whole day long', async () => {
    const world = new FakeWorld()
    await world.agent().register()
    await world.pass(86_400_000)
    assert.equal(world.sent.length, 1 + 1_080)
    assert.deepEqual(world.sent.slice(0, 4).map(({ atMs }) => atMs), [0, 80_000, 160_000, 240_000])
    assert.deepEqual(world.sent[1_080].records, world.sent[0].records)
    assert.equal(world.waiting, 1)
  })

  it('waits up to three seconds first, where it is told that many start at once (RFC 9664 4.2)', async () => {
    const world = new FakeWorld()
    world.chance = () => 0.5
    const registering = world.agent().register({ soon: false })
    await world.pass(1_499)
    assert.equal(world.sent.length, 0)
    await world.pass(1)
    await registering
    assert.equal(world.sent.length, 1)
  })

  it('keeps what it wished for where a server grants without a word of leases', async () => {
    const world = new FakeWorld()
    world.answer = () => ({ kind: 'done', lease: undefined })
    assert.deepEqual(await world.agent({ lease: { lease: 60 } }).register(), { lease: 60 })
    await world.pass(48_000)
    assert.equal(world.sent.length, 2)
  })

  it('takes the lease as a number of seconds too, and keeps the name for fourteen days then', async () => {
    for (const [lease, wished] of [[60, { lease: 60, keyLease: 1_209_600 }], [2_000_000, { lease: 2_000_000, keyLease: 2_000_000 }], [{ lease: 60 }, { lease: 60 }]] as const) {
      const world = new FakeWorld()
      await world.agent({ lease }).register()
      assert.deepEqual(world.sent[0].lease, wished)
    }
  })

  it('never storms a server that grants no time at all', async () => {
    const world = new FakeWorld()
    world.answer = () => ({ kind: 'done', lease: { lease: 0, keyLease: 0 } })
    await world.agent().register()
    await world.pass(10_000)
    assert.equal(world.sent.length, 1 + 20, 'one each half second')
  })

  it('tells what it waits for before it is answered', async () => {
    const world = new FakeWorld()
    world.answer = (count) => ({ kind: 'done', lease: { lease: 100 }, ...(count === 1 && { waits: 'v2.translate waits for v1.ocr' }) })
    await world.agent().register()
    await world.pass(80_000)
    assert.deepEqual(world.events.map((event) => [event.kind, 'waits' in event ? event.waits : undefined]), [['registered', 'v2.translate waits for v1.ocr'], ['renewed', undefined]])
  })

  it('goes on where no answer comes, and is registered when the server is back', async () => {
    const world = new FakeWorld()
    world.answer = (count) => (count < 4 ? { kind: 'unreachable', reason: 'none came' } : { kind: 'done', lease: { lease: 100 } })
    const registering = world.agent().register()
    await world.pass(10_000)
    assert.deepEqual(await registering, { lease: 100 })
    assert.deepEqual(world.sent.map(({ atMs }) => atMs), [0, 1_000, 3_000, 7_000])
    assert.deepEqual(world.kinds(), ['failed', 'failed', 'failed', 'registered'])
  })

  it('fails for good where the server refuses, with its reason and rcode', async () => {
    const world = new FakeWorld()
    world.answer = () => ({ kind: 'refused', rcode: RCODE.YXDOMAIN, reason: 'YXDOMAIN: the name is another key\'s' })
    await assert.rejects(world.agent().register(), (fault) => fault instanceof AgentFault && fault.rcode === RCODE.YXDOMAIN && fault.message.includes('another key'))
    await world.pass(1_000_000)
    assert.equal(world.sent.length, 1)
    assert.deepEqual(world.kinds(), ['refused'])
  })

  it('can be stopped while no answer comes', async () => {
    const world = new FakeWorld()
    world.answer = () => ({ kind: 'unreachable', reason: 'none came' })
    const agent = world.agent()
    const registering = agent.register()
    await settled()
    agent.stop()
    await world.pass(1_000_000)
    assert.equal(world.sent.length, 1)
    assert.equal(world.waiting, 0)
    void registering.catch(() => undefined)
  })
})

describe('an agent that renews', () => {
  it('tries again and again while the server is away, and tells when its lease has ended', async () => {
    const world = new FakeWorld()
    await world.agent().register()
    world.answer = () => ({ kind: 'unreachable', reason: 'gone' })
    await world.pass(200_000)
    const failures = world.events.flatMap((event) => (event.kind === 'failed' ? [event] : []))
    assert.deepEqual(failures.map(({ nextMs }) => nextMs), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000])
    assert.deepEqual(failures.map(({ leaseEnded }) => leaseEnded), [false, false, false, false, false, true, true])
    world.answer = () => ({ kind: 'done', lease: { lease: 100 } })
    await world.pass(60_000)
    assert.equal(world.kinds().at(-1), 'renewed')
  })

  it('ends where the server refuses', async () => {
    const world = new FakeWorld()
    await world.agent().register()
    world.answer = () => ({ kind: 'refused', rcode: RCODE.REFUSED, reason: 'REFUSED' })
    await world.pass(1_000_000)
    assert.equal(world.sent.length, 2)
    assert.deepEqual(world.kinds(), ['registered', 'refused'])
    assert.equal(world.waiting, 0)
  })

  it('says nothing of an answer that comes after it was stopped', async () => {
    const world = new FakeWorld()
    const agent = world.agent()
    await agent.register()
    const passing = world.pass(80_000)
    agent.stop()
    await passing
    assert.deepEqual(world.kinds(), ['registered'])
  })
})

describe('an agent that changes what it offers', () => {
  it('deletes and adds in one message, and renews what is new from then on', async () => {
    const world = new FakeWorld()
    const agent = world.agent()
    await agent.register()
    await agent.change({ capabilities: [{ name: 'v2.translate', parameters: 'latency=90ms' }] })
    assert.deepEqual(world.sent[1].records, [
      'v2.translate._cap.acme.example. 0 NONE AGENT 1 babel._sa.acme.example. latency=180ms',
      'babel._sa.acme.example. 60 IN A 192.0.2.10',
      'v2.translate._cap.acme.example. 60 IN AGENT 1 babel._sa.acme.example. latency=90ms',
    ])
    await world.pass(80_000)
    assert.deepEqual(world.sent[2].records, world.sent[1].records.slice(1))
    assert.equal(world.waiting, 1, 'one timer, not two')
  })

  it('keeps what was registered where the server does not take it', async () => {
    for (const answer of [{ kind: 'refused', rcode: RCODE.REFUSED, reason: 'REFUSED' }, { kind: 'unreachable', reason: 'none came' }] as ChangeOutcome[]) {
      const world = new FakeWorld()
      const agent = world.agent()
      await agent.register()
      world.answer = () => answer
      await assert.rejects(agent.change({ addresses: [] }), (fault) => fault instanceof AgentFault && fault.rcode === (answer.kind === 'refused' ? RCODE.REFUSED : -1))
      world.answer = () => ({ kind: 'done', lease: { lease: 100 } })
      await world.pass(80_000)
      assert.deepEqual(world.sent[2].records, world.sent[0].records)
    }
  })
})

describe('an agent that withdraws', () => {
  it('sends a lease of 0 and renews no more', async () => {
    const world = new FakeWorld()
    const agent = world.agent()
    await agent.register()
    await agent.withdraw()
    assert.deepEqual(world.sent[1].lease, { lease: 0, keyLease: 0 })
    assert.equal(agent.lease, undefined)
    await world.pass(1_000_000)
    assert.deepEqual(world.kinds(), ['registered', 'withdrawn'])
    assert.equal(world.sent.length, 2)
  })

  it('keeps its name where it wishes so', async () => {
    const world = new FakeWorld()
    const agent = world.agent()
    await agent.register()
    await agent.withdraw({ keepName: true })
    assert.deepEqual(world.sent[1].lease, { lease: 0, keyLease: 1_000 })
  })

  it('is told where that could not be done', async () => {
    const world = new FakeWorld()
    const agent = world.agent()
    await agent.register()
    world.answer = () => ({ kind: 'unreachable', reason: 'none came' })
    await assert.rejects(agent.withdraw(), /Cannot withdraw: none came/)
    assert.deepEqual(world.kinds(), ['registered'])
  })
})

describe('an agent made wrongly', () => {
  it('is told which part, before anything is sent', () => {
    assert.throws(() => new FakeWorld().agent({ server: 'localhost' }), /Cannot use server "localhost" as it must be address:port/)
    for (const lease of [0, -1, 1.5, Number.NaN, '60', null, {}, { lease: 0 }, { lease: 60, keyLease: 'long' }, { lease: 2 ** 32 }]) {
      const made = () => new FakeWorld().agent({ lease: lease as number })
      assert.throws(made, (fault) => fault instanceof TypeError && /^Cannot use lease .* as it must be whole seconds from 1 to 4294967295, such as 60, or \{ lease: 60, keyLease: 86400 \}$/.test(fault.message), JSON.stringify(lease))
    }
  })

  it('reports in no mode and by no profile that there is not', async () => {
    const agent = new FakeWorld().agent()
    await agent.register()
    const read = () => ({ active: 0 })
    assert.throws(() => agent.reporting({ read, mode: 'bogus' as 'periodic' }), (fault) => fault instanceof TypeError && fault.message === 'Cannot use mode "bogus" as it must be one of threshold, periodic, subscribed')
    assert.throws(() => agent.reporting({ read, profile: 'bogus' as 'ordinary' }), (fault) => fault instanceof TypeError && fault.message.startsWith('Cannot use profile "bogus" as it must be one of ordinary, '))
    for (const lookMs of [Number.NaN, -1, Infinity]) assert.throws(() => agent.reporting({ read, lookMs }), /^TypeError: Cannot use lookMs .* as it must be milliseconds, 0 or more$/)
    agent.stop()
  })
})

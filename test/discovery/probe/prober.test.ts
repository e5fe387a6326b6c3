/** Whose turn it is to be probed, by a clock that the test moves: the period, the budget, one probe at a time for each address, and what becomes of who fails. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type HealthTurned, type ProbedZone, Prober } from '../../../src/discovery/probe/prober.ts'
import type { NotProbed, ProbeTarget } from '../../../src/discovery/probe/target.ts'
import { MAX_PROBES_UNDER_WAY, PROBE_ADDRESS_GAP_MS, PROBE_TICK_MS } from '../../../src/dns/limits-discovery.ts'
import type { Name } from '../../../src/dns/name.ts'
import { chance, Hive } from '../ranking/hive.ts'

/** Agents with a life of their own, and a prober that asks them. */
class Ward {
  readonly hive = new Hive()
  readonly prober: Prober
  readonly turned: HealthTurned[] = []
  /** Milliseconds of the probes of each agent. */
  readonly asked = new Map<string, number[]>()
  readonly dead = new Set<string>()
  /** Who is not asked, by why; all others stand at their own address, or at one that is named here. */
  readonly left = new Map<string, NotProbed>()
  readonly address = new Map<string, number>()
  rules = { rise: 2, fall: 3, periodMs: 1_000, budget: 1_000 }
  nowMs = 0
  isProbing = true
  /** Milliseconds that a probe takes. */
  tookMs = 0
  private pending: { endMs: number; end: () => void }[] = []

  constructor(random: () => number = () => 0) {
    this.prober = new Prober({ nowMs: () => this.nowMs, random, zones: () => (this.isProbing ? [this.zone] : []), onTurned: (turned) => this.turned.push(turned) })
  }

  get zone(): ProbedZone {
    return { id: 'acme', rules: this.rules, registrar: this.hive.registrar, targetOf: (agent) => this.target(agent), check: (target) => this.check(target) }
  }

  private target(agent: Name): ProbeTarget | NotProbed {
    const [label] = agent.toString().split('.')
    const number = this.address.get(label) ?? 1 + this.hive.slot(label)
    return this.left.get(label) ?? { kind: 'tcp', address: Uint8Array.of(9, 9, number >> 8, number & 255), port: 443, tls: true, host: label, path: undefined, card: '' }
  }

  private check({ host }: ProbeTarget): Promise<string | undefined> {
    this.asked.set(host, [...(this.asked.get(host) ?? []), this.nowMs])
    return new Promise((resolve) => this.pending.push({ endMs: this.nowMs + this.tookMs, end: () => resolve(this.dead.has(host) ? 'silent' : undefined) }))
  }

  /** Lets time pass in ticks. */
  async pass(ms: number): Promise<void> {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += PROBE_TICK_MS) {
      this.prober.tick()
      for (const one of this.pending.filter(({ endMs: at }) => at <= this.nowMs)) one.end()
      this.pending = this.pending.filter(({ endMs: at }) => at > this.nowMs)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  put(...labels: string[]): this {
    for (const label of labels) this.hive.put(label)
    return this
  }

  /** Probes of all agents so far. */
  get probes(): number {
    return [...this.asked.values()].reduce((sum, { length }) => sum + length, 0)
  }

  get answered(): string[] {
    return this.hive.ask('', undefined, 32).toSorted()
  }
}

describe('an agent', () => {
  test('is asked once in a period, however often it is looked', async () => {
    const ward = new Ward().put('babel')
    await ward.pass(10_000)
    assert.equal(ward.asked.get('babel')?.length, 10)
    assert.deepEqual(ward.prober.counts['probe.passed'], 10)
  })

  test('that dies is out of the answers within fall × period, and back after rise probes', async () => {
    const ward = new Ward().put('babel', 'pocket')
    await ward.pass(3_000)
    ward.dead.add('babel')
    await ward.pass(2_900)
    assert.deepEqual(ward.answered, ward.turned.length === 0 ? ['babel', 'pocket'] : ['pocket'])
    await ward.pass(200)
    assert.deepEqual(ward.answered, ['pocket'], 'fall × period after its death')
    assert.deepEqual(ward.turned, [{ zone: 'acme', agent: 'babel._sa.acme.example.', isOut: true, reason: 'silent' }])
    ward.dead.delete('babel')
    await ward.pass(900)
    assert.deepEqual(ward.answered, ['pocket'], 'one success is not enough')
    await ward.pass(1_200)
    assert.deepEqual(ward.answered, ['babel', 'pocket'])
    assert.deepEqual(ward.turned.map(({ isOut }) => isOut), [true, false])
    assert.deepEqual([ward.prober.counts['probe_turned.out'], ward.prober.counts['probe_turned.back']], [1, 1])
  })

  test('that is out stays out whatever it reports of itself', async () => {
    const ward = new Ward().put('babel', 'pocket')
    ward.dead.add('babel')
    await ward.pass(4_000)
    assert.equal(ward.hive.report('babel', { active: 0, state: 0 }), 'taken')
    assert.deepEqual(ward.answered, ['pocket'])
  })

  test('that is out is not answered at what it offers since either, from its next probe on', async () => {
    const ward = new Ward().put('babel')
    await ward.pass(1_000)
    ward.dead.add('babel')
    await ward.pass(4_000)
    ward.hive.put('babel', '', 'v3.translate.text.nlp._cap.acme.example.')
    await ward.pass(1_100)
    assert.deepEqual(ward.hive.ask('', 'v3.translate.text.nlp._cap.acme.example.'), [])
  })

  test('that was withdrawn while it was out is answered when somebody comes by its name', async () => {
    const ward = new Ward().put('babel')
    await ward.pass(1_000)
    ward.dead.add('babel')
    await ward.pass(4_000)
    ward.hive.remove('babel')
    await ward.pass(2_000)
    assert.equal(ward.prober.size, 0)
    ward.put('babel')
    assert.deepEqual(ward.answered, ['babel'])
  })

  test('that cannot be asked any more counts as alive: nothing is known of it', async () => {
    const ward = new Ward().put('babel')
    await ward.pass(1_000)
    ward.dead.add('babel')
    await ward.pass(4_000)
    ward.left.set('babel', 'addressless')
    await ward.pass(1_100)
    assert.deepEqual(ward.answered, ['babel'])
  })

  for (const why of ['keyless', 'addressless', 'address', 'port'] as const) {
    test(`that is ${why} is never asked, and counted once a period`, async () => {
      const ward = new Ward().put('babel')
      ward.left.set('babel', why)
      await ward.pass(5_000)
      assert.deepEqual([ward.probes, ward.prober.counts[`probe_left.${why}`]], [0, 5])
      assert.deepEqual(ward.answered, ['babel'])
    })
  }

  test('that never passed is asked less and less', async () => {
    const ward = new Ward().put('babel')
    ward.dead.add('babel')
    await ward.pass(63_000)
    assert.deepEqual(ward.asked.get('babel')?.map((ms) => Math.round(ms / 1_000)), [0, 1, 2, 3, 5, 9, 17, 33])
  })
})

describe('probes', () => {
  test('of a zone stay within its budget, and all have their turn', async () => {
    const ward = new Ward(chance(7))
    ward.rules.budget = 5
    ward.put(...Array.from({ length: 40 }, (_, i) => `a${i}`))
    await ward.pass(20_000)
    assert.ok(ward.probes >= 95 && ward.probes <= 105, `${ward.probes} probes in 20 s`)
    assert.ok([...ward.asked.values()].every(({ length }) => length >= 1) && ward.asked.size === 40, `${ward.asked.size} of 40`)
    assert.ok(ward.prober.counts['probe.late'] > 0)
  })

  test('at one address come one at a time and PROBE_ADDRESS_GAP_MS apart, whoever registered it', async () => {
    const ward = new Ward(chance(5))
    const labels = Array.from({ length: 20 }, (_, i) => `a${i}`)
    ward.put(...labels)
    for (const label of labels) ward.address.set(label, 77)
    ward.tookMs = 100
    await ward.pass(60_000)
    assert.equal(ward.asked.size, 20, 'all have their turn')
    const times = [...ward.asked.values()].flat().toSorted((a, b) => a - b)
    assert.ok(times.length > 100)
    for (let i = 1; i < times.length; i++) assert.ok(times[i] - times[i - 1] >= PROBE_ADDRESS_GAP_MS + 100, `${times[i - 1]} and ${times[i]}`)
  })

  test('of an agent do not overlap, though they take longer than a period', async () => {
    const ward = new Ward().put('babel')
    ward.tookMs = 2_500
    await ward.pass(10_000)
    const times = ward.asked.get('babel') ?? []
    assert.ok(times.length >= 3)
    for (let i = 1; i < times.length; i++) assert.ok(times[i] - times[i - 1] >= 2_500)
  })

  test('under way are bounded, however many agents are silent', async () => {
    const ward = new Ward()
    ward.put(...Array.from({ length: MAX_PROBES_UNDER_WAY + 60 }, (_, i) => `a${i}`))
    ward.tookMs = 1_000_000
    await ward.pass(5_000)
    assert.equal(ward.probes, MAX_PROBES_UNDER_WAY)
  })

  test('are spread over the first period', async () => {
    const ward = new Ward(chance(3))
    ward.put(...Array.from({ length: 100 }, (_, i) => `a${i}`))
    await ward.pass(1_000)
    const tenths = [...ward.asked.values()].map(([first]) => Math.floor(first / 100))
    for (let tenth = 1; tenth < 10; tenth++) assert.ok(tenths.filter((one) => one === tenth).length > 2, `tenth ${tenth}: ${tenths.join()}`)
  })

  test('that end bring back everybody, and begin anew', async () => {
    const ward = new Ward().put('babel')
    ward.dead.add('babel')
    await ward.pass(4_000)
    assert.deepEqual(ward.answered, [])
    ward.isProbing = false
    await ward.pass(100)
    assert.deepEqual([ward.answered, ward.prober.size], [['babel'], 0])
    const { probes } = ward
    await ward.pass(5_000)
    assert.equal(ward.probes, probes)
    ward.isProbing = true
    await ward.pass(4_000)
    assert.deepEqual(ward.answered, [])
  })
})

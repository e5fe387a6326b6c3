/** The policies that ours stands beside: each does what its paper says, or it would be no comparison. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamOf } from './chances.ts'
import { simulate } from './engine.ts'
import { c3, prequal } from './feedback.ts'
import { considerate, shortestDelay } from './oracles.ts'
import { orca } from './orca.ts'
import { ours } from './scenarios.ts'
import { SimAgent } from './agents.ts'
import type { Contestant, Policy, Probed, Scene } from './policy.ts'
import type { Report } from './reporting.ts'
import type { Request } from './request.ts'
import { PULL, PUSH } from './scenarios.ts'
import { cachedBest, powerOfTwo, random, roundRobin, staticWeights } from './simple.ts'
import { DEMANDS, MAIN, makeWorld, type WorldOptions } from './world.ts'

const WORLD: WorldOptions = { ...MAIN, agents: 6, regions: 2, isUniform: true, hasTroubles: false }

/** A scene that a test sets by hand: reports by agent, the clock, and probes that come back at once. */
class Stage implements Scene {
  readonly world = makeWorld(WORLD)
  readonly agents = this.world.agents.map((traits) => new SimAgent(traits))
  readonly views: Report[][]
  readonly even = streamOf(5, 0, 0)
  now = 0
  probes = 0
  readonly loads: number[] = this.world.agents.map(() => 0)

  constructor(reports: readonly Partial<Report>[] = []) {
    const report = (index: number): Report => ({
      atMs: 0, active: 0, slots: 4, serviceMs: 800, isAlive: true, arrivals: 0, servedRate: 0, refusedRate: 0, usage: 0, sequence: 0, ...reports[index],
    })
    this.views = this.world.regions.map(() => this.world.agents.map(({ index }) => report(index)))
  }

  nowMs = (): number => this.now

  probe = (_region: number, agent: number, then: (probed: Probed) => void): void => {
    this.probes++
    then({ agent, active: this.loads[agent], tookMs: 800 + this.loads[agent] })
  }
}

function request(changed: Partial<Request> = {}): Request {
  return {
    region: 0, bornMs: 0, kind: DEMANDS.latency[0], size: 0, rest: 0, luck: 0, tried: [], sentMs: 0, takenMs: 0, servedFromMs: 0, met: 0, workMs: 0, epoch: 0, told: undefined, failure: undefined, ...changed,
  }
}

/** How often each agent is picked. */
function picks(policy: Policy, count: number, changed: Partial<Request> = {}): number[] {
  const counts = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < count; i++) counts[policy.pick(request(changed))]++
  return counts
}

test('chance gives each the same, turns exactly so, and fixed weights what they claim', () => {
  for (const count of picks(random(new Stage()), 6_000)) assert.ok(Math.abs(count - 1_000) < 120)
  assert.deepEqual(picks(roundRobin(new Stage()), 60), [10, 10, 10, 10, 10, 10])
  const counts = picks(staticWeights(new Stage([{ slots: 12 }])), 8_000)
  assert.ok(Math.abs(counts[0] - 3_000) < 200, String(counts))
})

const EVERYBODY: readonly [name: string, make: Contestant['make']][] = [
  ['chance', random], ['turns', roundRobin], ['weights', staticWeights], ['two choices', powerOfTwo], ['ORCA', orca], ['C3', c3],
  ['Prequal', prequal({ probes: 3, hot: 0.5, ageMs: 1_000 })],
]
for (const [name, make] of EVERYBODY) {
  test(`${name}: who was tried is not tried again, nor who is known to be gone`, () => {
    const policy = make(new Stage([{}, { isAlive: false }]))
    const isProbing = name === 'Prequal' // probes go by what agents answer, not by what was reported
    for (let i = 0; i < 300; i++) {
      const chosen = policy.pick(request({ tried: [0, 2] }))
      policy.served?.(request({ tried: [0, 2, chosen] }), 800)
      assert.ok(![0, 2].includes(chosen), `took ${chosen}`)
      assert.ok(isProbing || chosen !== 1, 'took the one that is gone')
    }
  })
}

test('a cached answer stays until it is pulled again, whatever happens meanwhile', () => {
  const stage = new Stage([{ active: 9 }, { active: 9 }, {}, { active: 9 }, { active: 9 }, { active: 9 }])
  const policy = cachedBest(stage)
  assert.deepEqual(picks(policy, 10), [0, 0, 10, 0, 0, 0])
  stage.views[0][2] = { ...stage.views[0][2], active: 50 }
  stage.views[0][4] = { ...stage.views[0][4], active: 0 }
  assert.deepEqual(picks(policy, 10), [0, 0, 10, 0, 0, 0])
  policy.pulled?.(0)
  assert.deepEqual(picks(policy, 10), [0, 0, 0, 0, 10, 0])
})

test('of two choices the better is taken, so that the worst of six goes only beside itself', () => {
  const counts = picks(powerOfTwo(new Stage([{ active: 40 }])), 7_200)
  assert.ok(Math.abs(counts[0] - 200) < 70, String(counts)) // 1/36
})

test('ORCA: turns go by requests done in parts of the slots used, and errors count against it', () => {
  const stage = new Stage([{ servedRate: 4, usage: 0.5 }, { servedRate: 2, usage: 0.5 }, { servedRate: 2, usage: 0.5, refusedRate: 1 }, { isAlive: false }, { isAlive: false }, { isAlive: false }])
  const policy = orca(stage)
  for (let agent = 0; agent < 3; agent++) policy.reported?.(0, agent)
  const [first, second, third] = picks(policy, 1_400) // weights 8, 4 and 2
  assert.ok(Math.abs(first - 800) < 10 && Math.abs(second - 400) < 10 && Math.abs(third - 200) < 10, `${first} ${second} ${third}`)
})

test('C3: what is on its way counts by the cube, so that no agent gets all', () => {
  const counts = picks(c3(new Stage()), 60)
  assert.ok(Math.min(...counts) >= 8, String(counts))
})

test('C3: an agent that answers slowly, or fails, falls behind', () => {
  const policy = c3(new Stage())
  const counts = [0, 0, 0, 0, 0, 0]
  for (let i = 0; i < 300; i++) {
    const chosen = policy.pick(request())
    counts[chosen]++
    const asked = request({ tried: [chosen], workMs: chosen === 0 ? 4_000 : 800, told: { atMs: 0, active: chosen === 0 ? 6 : 0, slots: 4, serviceMs: 800 } })
    if (chosen === 1) policy.failed?.(asked)
    else policy.served?.(asked, chosen === 0 ? 4_000 : 800)
  }
  assert.ok(counts[0] < 10 && counts[1] < 10, String(counts))
})

test('Prequal: probes are sent as asked for, and the cold and fast of the pool is taken', () => {
  const stage = new Stage()
  stage.loads.splice(0, 6, 8, 8, 0, 8, 8, 8)
  const policy = prequal({ probes: 3, hot: 0.5, ageMs: 1_000 })(stage)
  const counts = picks(policy, 300)
  assert.equal(stage.probes, 900)
  assert.ok(counts[2] > 100, String(counts)) // six times its even share; the rest while its probes are used up
})

test('Prequal: a probe that is too old is not gone by', () => {
  const stage = new Stage()
  stage.loads.splice(0, 6, 8, 8, 0, 8, 8, 8)
  let isSilent = false
  const probe: Scene['probe'] = (region, agent, then) => (isSilent ? undefined : stage.probe(region, agent, then))
  const policy = prequal({ probes: 3, hot: 0.5, ageMs: 1_000 })({ ...stage, probe })
  picks(policy, 40)
  isSilent = true
  stage.now = 900
  assert.equal(picks(policy, 1)[2], 1, 'young enough: the cold one')
  stage.now = 5_000
  const counts = picks(policy, 600)
  for (const count of counts) assert.ok(Math.abs(count - 100) < 40, `as by chance, not ${String(counts)}`)
})

test('oracles go where a request is done first, and the considerate one where it costs the fewest others', () => {
  const stage = new Stage()
  stage.agents.forEach((agent) => (agent.present = 9))
  stage.agents[3].present = 5
  stage.agents[5].slowness = 0.9
  stage.agents[5].present = 5
  assert.equal(shortestDelay(stage).pick(request()), 5)
  stage.agents[5].isDown = true
  assert.equal(shortestDelay(stage).pick(request()), 3)
  const loads = [3, 3, 3, 3, 3, 0] // none has to wait; one leaves others room
  stage.agents.forEach((agent, i) => (agent.present = loads[i]))
  stage.agents[5].isDown = false
  stage.agents[5].slowness = 1.2
  assert.notEqual(shortestDelay(stage).pick(request()), 5)
  assert.equal(considerate(3)(stage).pick(request()), 5)
})

test('ours is ahead of those that send no more messages, in one short world', () => {
  const world: WorldOptions = { ...MAIN, agents: 24, regions: 4, seconds: 40, warmSeconds: 20, seed: 9 }
  const own = simulate(world, ours('ours', PUSH))
  for (const [name, make] of EVERYBODY.slice(0, 5)) {
    const other = simulate(world, { name, reach: PULL, make })
    assert.ok(own.mean < other.mean, `${name} ${other.mean} s, ours ${own.mean} s`)
  }
})

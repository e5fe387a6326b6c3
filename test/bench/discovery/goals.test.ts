/** Goals and tables: figures are those of the runs, a goal is met or missed by its own figure, and nothing is said of what was not run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GOALS, isMet, judge } from './goals.ts'
import type { Result } from './measured.ts'
import { printGoals, printPage, printScenario } from './report.ts'
import { intervalOf, medianOf, relative, runScenario, type Row, type ScenarioResult } from './runs.ts'
import { NAME, SCENARIOS, worldOf, type Scenario } from './scenarios.ts'
import { makeWorld } from './world.ts'

const SEEDS = [31, 32, 33]

function result(changed: Partial<Result> = {}): Result {
  return { requests: 1_000, mean: 1, p50: 1, p99: 4, p999: 8, errors: 0.01, failures: 0, utility: 0.8, messages: 1, shares: [], liars: [], ...changed }
}

/** A scenario as if it had been run, each contestant with the figures given for it. */
function ran(id: string, figures: Record<string, Partial<Result>>): ScenarioResult {
  const scenario = SCENARIOS.find((one) => one.id === id) as Scenario
  const rows = scenario.contestants.map(({ name }): Row => ({ name, results: SEEDS.map(() => result(figures[name])) }))
  return { scenario, seeds: SEEDS, rows }
}

test('each scenario has a name of its own, both oracles, and contestants with names of their own', () => {
  assert.equal(new Set(SCENARIOS.map(({ id }) => id)).size, SCENARIOS.length)
  for (const { id, contestants } of SCENARIOS) {
    const names = contestants.map(({ name }) => name)
    assert.deepEqual(names.slice(0, 2), [NAME.sed, NAME.star], id)
    assert.equal(new Set(names).size, names.length, id)
  }
})

test('each goal is of a scenario that has everybody whom it compares', () => {
  for (const goal of GOALS) {
    const [reached] = judge([ran(goal.scenario, sharesFor(goal.scenario))]).filter((one) => one.goal === goal)
    assert.ok(Number.isFinite(reached.figure), `${goal.scenario}: ${goal.what}`)
  }
})

/** Figures without which some goals have nothing to go by. */
function sharesFor(id: string): Record<string, Partial<Result>> {
  const liars = Array.from({ length: 18 }, () => 0.2)
  const { agents } = makeWorld(worldOf(SCENARIOS.find((one) => one.id === id) as Scenario, SEEDS[0]))
  const shares = agents.map(() => 1 / agents.length)
  return { [NAME.ours]: { liars, shares }, [NAME.star]: { liars, shares } }
}

const CASES: readonly [what: string, scenario: string, own: Partial<Result>, figure: number, isMet: boolean][] = [
  ['mean / oracle*', 'main', { mean: 1.2 }, 1.2, true],
  ['mean / oracle*', 'main', { mean: 1.3 }, 1.3, false],
  ['p99 / oracle*', 'main', { p99: 4.8 }, 1.2, true],
  ['p99 / oracle*', 'main', { p99: 5 }, 1.25, false],
  ['messages for each request', 'main', { messages: 0.4 }, 0.4, false],
  ['failed attempts above those of oracle SED, in a hundred requests', 'main', { errors: 0.013 }, 0.3, true],
  ['failed attempts above those of oracle SED, in a hundred requests', 'many', { errors: 0.04 }, 3, false],
  ['utility lost against oracle SED, in a hundred', 'mixed', { utility: 0.796 }, 0.5, true],
  ['mean / C3', 'uniform', { mean: 1.2 }, 1.2, false],
]
for (const [what, scenario, own, figure, met] of CASES) {
  test(`${scenario}: ${what} of ${figure} is ${met ? 'met' : 'missed'}`, () => {
    const found = judge([ran(scenario, { [NAME.ours]: own })]).find(({ goal }) => goal.what === what)
    assert.ok(found !== undefined && Math.abs(found.figure - figure) < 1e-9, String(found?.figure))
    assert.equal(isMet(found), met)
  })
}

test('shares are compared with weights by all agents of one weight together', () => {
  const { agents } = makeWorld(worldOf(SCENARIOS.find(({ id }) => id === 'weights') as Scenario, SEEDS[0]))
  const total = agents.reduce((sum, { weight }) => sum + weight, 0)
  const exact = agents.map(({ weight }) => weight / total)
  const figureOf = (shares: readonly number[]): number => judge([ran('weights', { [NAME.ours]: { shares } })])[0].figure
  assert.ok(figureOf(exact) < 1e-9)
  const heaviest = agents.findIndex(({ weight }) => weight === 40)
  const lightest = agents.findIndex(({ weight }) => weight === 10)
  assert.ok(Math.abs(figureOf(exact.map((share, i) => share + (i === heaviest ? 0.03 : i === lightest ? -0.03 : 0))) - 3) < 1e-9)
})

test('liars are judged by their second minute alone', () => {
  const early = (share: number): number[] => Array.from({ length: 18 }, (_, i) => (i < 6 ? 0.9 : share))
  const found = judge([ran('liars', { [NAME.ours]: { liars: early(0.1) }, [NAME.star]: { liars: early(0.2) } })]).find(({ goal }) => goal.what.startsWith('share of liars'))
  assert.ok(found !== undefined && Math.abs(found.figure - 0.5) < 1e-9)
})

test('ratios are taken seed by seed, and the interval holds the median', () => {
  const row: Row = { name: 'a', results: [1, 2, 9].map((mean) => result({ mean })) }
  const other: Row = { name: 'b', results: [1, 1, 3].map((mean) => result({ mean })) }
  assert.equal(relative(row, other, ({ mean }) => mean), 2)
  assert.equal(medianOf(row, ({ mean }) => mean), 2)
  const [low, high] = intervalOf(row, other, ({ mean }) => mean)
  assert.ok(low >= 1 && low <= 2 && high >= 2 && high <= 3)
})

test('a scenario that was run in part tells its figures and no goal', () => {
  const scenario = { ...(SCENARIOS.find(({ id }) => id === 'one') as Scenario), world: { agents: 8, regions: 1, seconds: 10, warmSeconds: 5 } }
  const said: string[] = []
  const run = runScenario(scenario, [1], NAME.ours, (line) => said.push(line))
  assert.deepEqual(run.rows.map(({ name }) => name), [NAME.sed, NAME.star, NAME.ours])
  assert.match(said[2], /^one 3\/3 Waggle: \d+ ms$/)
  assert.match(printScenario(run), /^Waggle .*\d$/m)
  assert.deepEqual(judge([run]), [])
})

test('a page has the words before it, every goal with its verdict, and a row for everybody', () => {
  const main = ran('main', { [NAME.ours]: { mean: 1.1, p99: 9 } })
  const page = printPage([main], '# Choosing\n\nBy hand.\n')
  assert.ok(page.startsWith('# Choosing\n\nBy hand.\n\n## Goals\n'))
  assert.match(page, /\| main \| mean \/ oracle\* \| 1\.10 \| 1\.25 \| 1\.15 \| met \|/)
  assert.match(page, /\| main \| p99 \/ oracle\* \| 2\.25 \| 1\.20 \| 1\.15 \| missed \|/)
  for (const { name } of main.rows) assert.ok(page.includes(`| ${name} |`), name)
  const verdicts = judge([main])
  assert.ok(page.includes(`${verdicts.filter(isMet).length} of ${verdicts.length} are met`))
  assert.match(printGoals([main]), /mean \/ oracle\* +1\.10 +1\.25 +1\.15 +met/)
})

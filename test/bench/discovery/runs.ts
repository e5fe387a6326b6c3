/** Runs a scenario over seeds, and compares each contestant with the oracles, seed by seed. */
import { median } from '../statistics.ts'
import { streamOf } from './chances.ts'
import { simulate } from './engine.ts'
import type { Result } from './measured.ts'
import { NAME, worldOf, type Scenario } from './scenarios.ts'

/** One contestant's results, a seed each. */
export interface Row {
  readonly name: string
  readonly results: readonly Result[]
}

/** The results of a scenario. */
export interface ScenarioResult {
  readonly scenario: Scenario
  readonly seeds: readonly number[]
  readonly rows: readonly Row[]
}

/** Runs the oracles and those whose name holds `only`; `say` is told of the progress. */
export function runScenario(scenario: Scenario, seeds: readonly number[], only: string, say: (line: string) => void): ScenarioResult {
  const chosen = scenario.contestants.filter(({ name }) => name === NAME.sed || name === NAME.star || name.includes(only))
  const rows = chosen.map((contestant, i) => {
    const begun = performance.now()
    const results = seeds.map((seed) => simulate(worldOf(scenario, seed), contestant))
    say(`${scenario.id} ${i + 1}/${chosen.length} ${contestant.name}: ${Math.round(performance.now() - begun)} ms`)
    return { name: contestant.name, results }
  })
  return { scenario, seeds, rows }
}

/** Median of a figure over the seeds. */
export function medianOf({ results }: Row, figure: (result: Result) => number): number {
  return median(results.map(figure))
}

/** Median over the seeds of a figure in parts of that of `other`. */
export function relative({ results }: Row, other: Row, figure: (result: Result) => number): number {
  return median(results.map((result, i) => figure(result) / figure(other.results[i])))
}

/** The row of that name; undefined where it was not run. */
export function rowOf({ rows }: ScenarioResult, name: string): Row | undefined {
  return rows.find((row) => row.name === name)
}

/** Draws of the bootstrap. */
const DRAWS = 1_000

/** 95 % interval of the median over the seeds of a figure in parts of that of `other` (bootstrap, always the same draws). */
export function intervalOf({ results }: Row, other: Row, figure: (result: Result) => number): [number, number] {
  const ratios = results.map((result, i) => figure(result) / figure(other.results[i]))
  const even = streamOf(1, 7, 0)
  const medians = Array.from({ length: DRAWS }, () => median(ratios.map(() => ratios[Math.floor(even() * ratios.length)]))).sort((a, b) => a - b)
  return [medians[Math.floor(DRAWS * 0.025)], medians[Math.floor(DRAWS * 0.975)]]
}

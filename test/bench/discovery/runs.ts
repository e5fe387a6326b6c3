/** Runs a scenario over seeds, and compares each contestant with the oracles, seed by seed. */
import { median } from '../statistics.ts'
import { simulate } from './engine.ts'
import type { Result } from './measured.ts'
import { SED, STAR, worldOf, type Scenario } from './scenarios.ts'

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
  const chosen = scenario.contestants.filter(({ name }) => name === SED || name === STAR || name.includes(only))
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

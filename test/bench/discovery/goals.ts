/**
 * What is to be reached: figures that this way of ranking had in research, in a simulation like this one, and what would be
 * better than anybody has shown. Each goal measures one figure of one scenario; less is better. A goal is met where the
 * figure, the median over the seeds, is not above what was reached.
 */
import { median } from '../statistics.ts'
import type { Result } from './measured.ts'
import { medianOf, relative, type Row, type ScenarioResult } from './runs.ts'
import { NAME, worldOf } from './scenarios.ts'
import { makeWorld } from './world.ts'

/** One goal. */
export interface Goal {
  readonly scenario: string
  readonly what: string
  /** As research had it, and the moonshot; NaN where there is none. */
  readonly reached: number
  readonly moonshot: number
  /** The figure; undefined where those who are compared were not run. */
  measure(rows: ReadonlyMap<string, Row>, result: ScenarioResult): number
}

const mean = ({ mean: value }: Result): number => value
const p99 = ({ p99: value }: Result): number => value
const errors = ({ errors: value }: Result): number => value

function ratio(what: string, scenario: string, of: string, to: string, figure: (result: Result) => number, reached: number, moonshot: number): Goal {
  return { scenario, what, reached, moonshot, measure: (rows) => relative(row(rows, of), row(rows, to), figure) }
}

function row(rows: ReadonlyMap<string, Row>, name: string): Row {
  const found = rows.get(name)
  if (found === undefined) throw new Error(`Cannot measure a goal as ${name} was not run`)
  return found
}

/** Median over the seeds of the errors in a hundred requests above those of the oracle. */
function moreErrors(scenario: string, reached: number, moonshot: number): Goal {
  return {
    scenario, what: 'failed attempts above those of oracle SED, in a hundred requests', reached, moonshot,
    measure: (rows) => 100 * median(row(rows, NAME.ours).results.map((result, i) => result.errors - row(rows, NAME.sed).results[i].errors)),
  }
}

/** Greatest distance of an agent's share from what its weight says, in a hundred requests. */
function awayFromWeights(results: readonly Result[], { scenario, seeds }: ScenarioResult): number {
  return 100 * median(results.map(({ shares }, i) => {
    const { agents } = makeWorld(worldOf(scenario, seeds[i]))
    const total = agents.reduce((sum, { weight }) => sum + weight, 0)
    const kinds = new Map<number, { share: number; due: number }>()
    for (const { index, weight } of agents) {
      const kind = kinds.get(weight) ?? { share: 0, due: 0 }
      kinds.set(weight, { share: kind.share + shares[index], due: kind.due + weight / total })
    }
    return Math.max(...Array.from(kinds.values(), ({ share, due }) => Math.abs(share - due)))
  }))
}

/** Share of the liars in the second minute, in parts of the share that an oracle gives them, who knows what they are worth. */
function liarsShare(rows: ReadonlyMap<string, Row>): number {
  const share = ({ liars }: Result): number => liars.slice(6, 12).reduce((sum, one) => sum + one, 0) / 6
  return relative(row(rows, NAME.ours), row(rows, NAME.star), share)
}

/** Every goal of the rank of agents, in the order of the scenarios. */
export const GOALS: readonly Goal[] = [
  ratio('mean / oracle*', 'main', NAME.ours, NAME.star, mean, 1.25, 1.15),
  ratio('p99 / oracle*', 'main', NAME.ours, NAME.star, p99, 1.2, 1.15),
  { scenario: 'main', what: 'messages for each request', reached: 0.35, moonshot: NaN, measure: (rows) => medianOf(row(rows, NAME.ours), ({ messages }) => messages) },
  moreErrors('main', 0.8, 0.3),
  { scenario: 'main', what: 'p99 / Prequal, of the medians', reached: 0.82, moonshot: 0.7, measure: (rows) => medianOf(row(rows, NAME.ours), p99) / medianOf(row(rows, NAME.prequal), p99) },
  ratio('p99 / Prequal, seed by seed', 'main', NAME.ours, NAME.prequal, p99, 0.66, 0.55),
  { scenario: 'main', what: 'messages / Prequal', reached: 1 / 15, moonshot: NaN, measure: (rows) => relative(row(rows, NAME.ours), row(rows, NAME.prequal), ({ messages }) => messages) },
  // 0.25 probes a request are 0.57 messages: research allowed 0.6
  ratio('p99 / Prequal with as few messages', 'main', NAME.ours, NAME.cheapPrequal, p99, 1.37 / 3.36, 0.5),
  ratio('p99 / oracle SED without any message but reports by 5 s', 'main', NAME.free, NAME.sed, p99, 1.89, 1.5),
  ratio('p99 / oracle SED', 'many', NAME.ours, NAME.sed, p99, 1.38, NaN),
  moreErrors('many', 1.2, 0.3),
  ratio('mean / C3', 'uniform', NAME.ours, NAME.c3, mean, 1.36 / 1.24, 1),
  { scenario: 'mixed', what: 'utility lost against oracle SED, in a hundred', reached: 1.1, moonshot: 0.5, measure: (rows) => 100 * (1 - relative(row(rows, NAME.ours), row(rows, NAME.sed), ({ utility }) => utility)) },
  { scenario: 'caches-5', what: 'requests that were given up, in a hundred', reached: 5, moonshot: 0.5, measure: (rows) => 100 * medianOf(row(rows, NAME.caches), ({ failures }) => failures) },
  { scenario: 'weights', what: 'shares away from weights, in a hundred requests', reached: 1, moonshot: NaN, measure: (rows, result) => awayFromWeights(row(rows, NAME.ours).results, result) },
  { scenario: 'liars', what: 'share of liars in the second minute / what oracle* gives them', reached: 1, moonshot: NaN, measure: liarsShare },
  ...['main', 'load-0.4', 'load-0.55', 'load-0.8', 'load-0.9', 'many', 'one', 'uniform', 'liars', 'flash'].flatMap((scenario) => [
    ratio('mean / Prequal', scenario, NAME.ours, NAME.prequal, mean, 1, NaN),
    ratio('mean / C3', scenario, NAME.ours, NAME.c3, mean, scenario === 'uniform' ? NaN : 1, NaN),
  ]).filter(({ reached }) => !Number.isNaN(reached)),
  ...[NAME.prequal, NAME.c3].map((rival) => ratio(`utility of ${rival} / ours`, 'mixed', rival, NAME.ours, ({ utility }) => utility, 1, NaN)),
  ...['main', 'many'].map((scenario) => ratio('errors / random', scenario, NAME.ours, NAME.random, errors, 0.1, NaN)),
]

/** A goal with what was measured. */
export interface Reached {
  readonly goal: Goal
  readonly title: string
  readonly figure: number
}

/** The goals of the scenarios that were run with all who take part. */
export function judge(results: readonly ScenarioResult[]): Reached[] {
  return GOALS.flatMap((goal) => {
    const result = results.find(({ scenario }) => scenario.id === goal.scenario)
    if (result === undefined || result.rows.length < result.scenario.contestants.length) return []
    const rows = new Map(result.rows.map((one) => [one.name, one]))
    return [{ goal, title: result.scenario.title, figure: goal.measure(rows, result) }]
  })
}

/** Whether a figure is what research had; better than the moonshot is that too. */
export function isMet({ goal, figure }: Reached): boolean {
  return figure <= goal.reached
}
